/*
 * The sandbox, from inside: each row runs in a process of its own that takes the same steps as the
 * program (a folder, its keeper, confinement) and then tries one thing. What is allowed has to
 * work, what is forbidden has to fail as stated: refused, or the end of the process.
 *
 * As root the process becomes nobody, as the program does; the file it must not read is one that
 * nobody could read otherwise.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "confine/confine.h"
#include "confine/folder.h"

static char place[] = "/tmp/await100-confine-XXXXXX"; /* a folder of our own, closed to others */

enum end {
    END_WORKS = 0,   /* the exit status of a child in which it worked */
    END_REFUSED = 1, /* refused with EPERM, EACCES or ENOSYS */
    END_OTHER = 2,   /* failed otherwise: the row tests nothing */
    END_UNSANDBOXED = 3,
    END_KILLED = 128 + SIGSYS,
};

struct scene {
    struct aw_folder *one;   /* "report" in `place` */
    struct aw_folder *ring;  /* "ring..." there */
    struct aw_folder *saves; /* new files there */
    int open_file;           /* opened for reading before */
    int socket;              /* likewise */
};

struct row {
    const char *name;
    bool (*attempt)(struct scene *s); /* true: it worked */
    enum end end;
};

/* --- what stays possible --- */

static bool read_open_file(struct scene *s)
{
    char c;
    return read(s->open_file, &c, 1) == 1;
}

static bool report_appears(struct scene *s)
{
    const int fd = aw_folder_make(s->one, ".report.1-0.tmp", AW_MAKE_NEW, 0640);
    return fd >= 0 && write(fd, "done\n", 5) == 5 && close(fd) == 0 &&
           aw_folder_rename(s->one, ".report.1-0.tmp", "report") == 0;
}

static bool report_is_reopened(struct scene *s)
{
    const int a = aw_folder_make(s->one, "report", AW_MAKE_TRUNCATE, 0);
    if (a < 0 || write(a, "a", 1) != 1 || close(a) != 0) return false;
    const int b = aw_folder_make(s->one, "report", AW_MAKE_APPEND, 0);
    struct stat st;
    return b >= 0 && write(b, "b", 1) == 1 && fstat(b, &st) == 0 && st.st_size == 2 &&
           close(b) == 0 && aw_folder_remove(s->one, "report") == 0;
}

static bool ring_goes_round(struct scene *s)
{
    static const char *const name[] = {"ring0", "ring1", "ring0", "ring1"};
    for (size_t i = 0; i < sizeof name / sizeof *name; i++) {
        const int fd = aw_folder_make(s->ring, name[i], AW_MAKE_TRUNCATE, 0);
        struct stat st;
        if (fd < 0 || fstat(fd, &st) != 0 || st.st_size != 0) return false;
        if (write(fd, name[i], 5) != 5 || close(fd) != 0) return false;
    }
    return aw_folder_rename(s->ring, "ring0", "ring0.old") == 0 &&
           aw_folder_remove(s->ring, "ring0.old") == 0 && aw_folder_remove(s->ring, "ring1") == 0;
}

static void *touch(void *arg)
{
    *(int *)arg = 1;
    return NULL;
}

static bool start_thread(struct scene *s)
{
    (void)s;
    pthread_t t;
    int touched = 0;
    return pthread_create(&t, NULL, touch, &touched) == 0 && pthread_join(t, NULL) == 0 && touched;
}

static bool take_memory(struct scene *s)
{
    (void)s;
    char *p = malloc(64 << 20);
    if (!p) return false;
    memset(p, 1, 64 << 20);
    free(p);
    return true;
}

/* --- what does not --- */

static bool run_program(struct scene *s)
{
    (void)s;
    char *argv[] = {(char[]){"true"}, NULL}, *envp[] = {NULL};
    execve("/bin/true", argv, envp);
    return false;
}

static bool fork_process(struct scene *s)
{
    (void)s;
    const pid_t pid = fork();
    if (pid == 0) _exit(0);
    return pid > 0;
}

static bool make_socket(struct scene *s)
{
    (void)s;
    return socket(AF_INET, SOCK_STREAM, 0) >= 0;
}

static bool make_packet_socket(struct scene *s)
{
    (void)s;
    return socket(AF_PACKET, SOCK_RAW, 0) >= 0;
}

static bool open_passwd(struct scene *s)
{
    (void)s;
    return open("/etc/passwd", O_RDONLY) >= 0;
}

static bool write_elsewhere(struct scene *s)
{
    (void)s;
    return open("/tmp/await100-elsewhere", O_WRONLY | O_CREAT | O_EXCL, 0600) >= 0;
}

static bool write_beside_the_report(struct scene *s)
{
    return aw_folder_make(s->one, "reports", AW_MAKE_NEW, 0) >= 0;
}

static bool ask_for_another_folder(struct scene *s)
{
    return aw_folder_make(s->one, "../report", AW_MAKE_NEW, 0) >= 0;
}

static bool rename_to_another(struct scene *s)
{
    return aw_folder_rename(s->one, "report", "passwd") == 0;
}

static bool remove_by_name(struct scene *s)
{
    (void)s;
    return unlink("/etc/hostname.await100") == 0;
}

static bool trace_parent(struct scene *s)
{
    (void)s;
    return ptrace(PTRACE_ATTACH, getppid(), NULL, NULL) == 0;
}

static bool be_traced(struct scene *s)
{
    (void)s;
    return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0;
}

static bool read_parents_memory(struct scene *s)
{
    char c;
    struct iovec to = {&c, 1}, from = {s, 1};
    return process_vm_readv(getppid(), &to, 1, &from, 1, 0) == 1;
}

static bool become_root(struct scene *s)
{
    (void)s;
    return setuid(0) == 0;
}

static bool take_group(struct scene *s)
{
    (void)s;
    return setgid(0) == 0;
}

static bool new_namespace(struct scene *s)
{
    (void)s;
    return unshare(CLONE_NEWUSER) == 0;
}

static bool mount_something(struct scene *s)
{
    (void)s;
    return mount("none", "/mnt", "tmpfs", 0, NULL) == 0;
}

static bool memory_to_execute(struct scene *s)
{
    (void)s;
    return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                0) != MAP_FAILED;
}

static bool make_executable(struct scene *s)
{
    (void)s;
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p != MAP_FAILED && mprotect(p, 4096, PROT_READ | PROT_EXEC) == 0;
}

static bool signal_parent(struct scene *s)
{
    (void)s;
    return kill(getppid(), 0) == 0;
}

static bool send_to_others(struct scene *s)
{
    struct iovec part = {s, 1};
    struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1};
    return sendmsg(s->open_file, &m, 0) >= 0;
}

static bool push_input_to_terminal(struct scene *s)
{
    (void)s;
    return syscall(SYS_ioctl, 0, 0x5412 /* TIOCSTI */, "x") == 0;
}

/* As the dashboard does it: a hidden file takes its name, unless there is one. */
static bool save_is_added(struct scene *s)
{
    const int fd = aw_folder_make(s->saves, ".a b.7-0.tmp", AW_MAKE_NEW, 0);
    if (fd < 0 || write(fd, "x", 1) != 1 || aw_folder_has(s->saves, "a b")) return false;
    if (aw_folder_rename(s->saves, ".a b.7-0.tmp", "a b") != 0) return false;
    if (!aw_folder_has(s->saves, "a b") || aw_folder_has(s->saves, ".a b.7-0.tmp")) return false;
    if (aw_folder_make(s->saves, ".a b.7-1.tmp", AW_MAKE_NEW, 0) < 0) return false;
    const bool taken = aw_folder_rename(s->saves, ".a b.7-1.tmp", "a b") != 0 && errno == EEXIST;
    return taken && aw_folder_remove(s->saves, ".a b.7-1.tmp") == 0;
}

static bool one_save_at_a_time(struct scene *s)
{
    if (aw_folder_make(s->saves, ".one.7-0.tmp", AW_MAKE_NEW, 0) < 0) return false;
    const bool busy =
        aw_folder_make(s->saves, ".two.7-0.tmp", AW_MAKE_NEW, 0) < 0 && errno == EBUSY;
    return aw_folder_remove(s->saves, ".one.7-0.tmp") == 0 && busy;
}

static bool save_empties(struct scene *s)
{
    return aw_folder_make(s->saves, "there", AW_MAKE_TRUNCATE, 0) >= 0;
}

static bool save_renames_another(struct scene *s)
{
    return aw_folder_rename(s->saves, "there", "elsewhere") == 0;
}

static bool save_removes(struct scene *s)
{
    return aw_folder_remove(s->saves, "there") == 0;
}

static bool save_is_hidden(struct scene *s)
{
    if (aw_folder_make(s->saves, ".x.7-0.tmp", AW_MAKE_NEW, 0) < 0) return true;
    const bool hidden = aw_folder_rename(s->saves, ".x.7-0.tmp", ".profile") == 0;
    const int error = errno;
    (void)aw_folder_remove(s->saves, ".x.7-0.tmp");
    errno = error;
    return hidden;
}

static bool swap_filter(int fd, int option)
{
    struct sock_filter all = {.code = BPF_RET | BPF_K, .k = UINT32_MAX};
    const struct sock_fprog code = {.len = 1, .filter = &all};
    return setsockopt(fd, SOL_SOCKET, option, &code, sizeof code) == 0;
}

static bool exchange_filter(struct scene *s)
{
    return swap_filter(s->socket, SO_ATTACH_FILTER);
}

static const struct row rows[] = {
    {"reads what is open", read_open_file, END_WORKS},
    {"a report appears by its name", report_appears, END_WORKS},
    {"a report is emptied, reopened, removed", report_is_reopened, END_WORKS},
    {"a ring of files goes round", ring_goes_round, END_WORKS},
    {"a save is added", save_is_added, END_WORKS},
    {"one at a time", one_save_at_a_time, END_WORKS},
    {"a save empties nothing", save_empties, END_REFUSED},
    {"a save renames nothing else", save_renames_another, END_REFUSED},
    {"a save removes nothing", save_removes, END_REFUSED},
    {"a save is not hidden", save_is_hidden, END_REFUSED},
    {"starts threads", start_thread, END_WORKS},
    {"takes and gives back memory", take_memory, END_WORKS},
    {"no other program", run_program, END_KILLED},
    {"no process", fork_process, END_REFUSED},
    {"no socket", make_socket, END_REFUSED},
    {"no capture", make_packet_socket, END_REFUSED},
    {"no file is opened", open_passwd, END_REFUSED},
    {"no file is made", write_elsewhere, END_REFUSED},
    {"the keeper makes no other name", write_beside_the_report, END_REFUSED},
    {"the keeper leaves its folder not", ask_for_another_folder, END_REFUSED},
    {"the keeper renames to no other name", rename_to_another, END_REFUSED},
    {"no file is removed", remove_by_name, END_REFUSED},
    {"no process is traced", trace_parent, END_KILLED},
    {"no tracer is asked for", be_traced, END_KILLED},
    {"no other's memory is read", read_parents_memory, END_KILLED},
    {"root does not come back", become_root, END_KILLED},
    {"nor a group", take_group, END_KILLED},
    {"no namespace", new_namespace, END_KILLED},
    {"no mount", mount_something, END_KILLED},
    {"no memory to execute", memory_to_execute, END_REFUSED},
    {"no memory made executable", make_executable, END_REFUSED},
    {"no signal to others", signal_parent, END_REFUSED},
    {"nothing is sent but to the keeper", send_to_others, END_REFUSED},
    {"no filter of a socket is exchanged", exchange_filter, END_REFUSED},
    {"nothing is typed into the terminal", push_input_to_terminal, END_REFUSED},
};

static enum end attempt(const struct row *r)
{
    struct scene s = {.one = aw_folder_open(place, "report", AW_NAMES_ONE),
                      .ring = aw_folder_open(place, "ring", AW_NAMES_PREFIX),
                      .saves = aw_folder_open(place, "", AW_NAMES_NEW),
                      .open_file = open("/etc/passwd", O_RDONLY),
                      .socket = socket(AF_INET, SOCK_DGRAM, 0)};
    struct aw_folder *folders[] = {s.one, NULL, s.ring, s.saves};
    struct aw_keeper *k = aw_keeper_start(folders, 4);
    char words[512];
    if (!k || s.open_file < 0) return END_OTHER;
    const struct aw_confine c = {.keeper_line = aw_keeper_line(k)};
    if (aw_confine(&c, words, sizeof words) != AW_CONFINED) return END_UNSANDBOXED;
    errno = 0;
    if (r->attempt(&s)) return END_WORKS;
    return errno == EPERM || errno == EACCES || errno == ENOSYS ? END_REFUSED : END_OTHER;
}

static int end_of(pid_t pid)
{
    int status = 0;
    while (waitpid(pid, &status, 0) < 0)
        assert_int_equal(errno, EINTR);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void test_attempt(void **state)
{
    const struct row *r = *state;
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) _exit((int)attempt(r));
    const int end = end_of(pid);
    if (end == END_UNSANDBOXED) {
        print_message("this kernel has not all parts of the sandbox\n");
        skip();
    }
    assert_int_equal(end, r->end);
}

/* A file below `read_below` may still be read, and not be written; others not at all. */
static enum end read_below(void)
{
    static const char *const below[] = {"/sys/class/net", "/sys/devices"};
    const struct aw_confine c = {.keeper_line = -1, .read_below = below, .read_below_count = 2};
    char words[512];
    if (aw_confine(&c, words, sizeof words) != AW_CONFINED) return END_UNSANDBOXED;
    const int counter = open("/sys/class/net/lo/statistics/rx_dropped", O_RDONLY);
    char digits[32];
    if (counter < 0 || read(counter, digits, sizeof digits) < 1) return END_OTHER;
    if (open("/etc/passwd", O_RDONLY) >= 0) return END_OTHER;
    return open("/sys/class/net/lo/mtu", O_RDWR) < 0 ? END_WORKS : END_OTHER;
}

static void test_read_below(void **state)
{
    (void)state;
    if (access("/sys/class/net/lo/statistics/rx_dropped", R_OK) != 0) skip(); /* no sysfs here */
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) _exit((int)read_below());
    const int end = end_of(pid);
    if (end == END_UNSANDBOXED) skip();
    assert_int_equal(end, END_WORKS);
}

/* Where it is allowed a socket gets another filter, and nothing else is set. */
static enum end refilter(void)
{
    const struct aw_confine c = {.keeper_line = -1, .refilter = true};
    char words[512];
    const int fd = socket(AF_INET, SOCK_DGRAM, 0), room = 4096;
    if (aw_confine(&c, words, sizeof words) != AW_CONFINED) return END_UNSANDBOXED;
    if (!swap_filter(fd, SO_ATTACH_FILTER) || !swap_filter(fd, SO_DETACH_FILTER))
        return END_REFUSED;
    const bool other = setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room) == 0 ||
                       setsockopt(fd, IPPROTO_IP, SO_ATTACH_FILTER, &room, sizeof room) == 0 ||
                       errno != EPERM;
    return other ? END_OTHER : END_WORKS;
}

static void test_refilter(void **state)
{
    (void)state;
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) _exit((int)refilter());
    const int end = end_of(pid);
    if (end == END_UNSANDBOXED) skip();
    assert_int_equal(end, END_WORKS);
}

/* --- where something is missing --- */

struct lack {
    const char *name;
    int call[2];      /* that this kernel seems not to have; -1 = none */
    const char *user; /* as after -Z */
    bool as_root;     /* makes no sense otherwise */
    enum aw_confined result;
    const char *words; /* among those that are said */
};

static const struct lack lacks[] = {
    {"no Landlock",
     {SYS_landlock_create_ruleset, -1},
     NULL,
     false,
     AW_CONFINED_IN_PART,
     "Landlock"},
    {"no filter", {SYS_seccomp, SYS_prctl}, NULL, false, AW_CONFINED_IN_PART, "call filter"},
    {"no leave to become nobody", {SYS_setresuid, -1}, NULL, true, AW_CONFINED_IN_PART, "nobody"},
    {"no leave to become daemon", {SYS_setgroups, -1}, "daemon", true, AW_CONFINE_FAILED, "daemon"},
    {"no such user", {-1, -1}, "no-such-user", false, AW_CONFINE_FAILED, "no-such-user"},
    {"another user", {-1, -1}, "daemon", true, AW_CONFINED, ""},
};

/* The calls fail as in a kernel that does not know them; prctl alone where it is about filters. */
static bool take_away(const int call[2])
{
    scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);
    bool ok = f != NULL;
    for (int i = 0; ok && i < 2; i++) {
        if (call[i] == SYS_prctl) {
            const struct scmp_arg_cmp about_filters = {
                .arg = 0, .op = SCMP_CMP_EQ, .datum_a = PR_SET_SECCOMP};
            ok = seccomp_rule_add(f, SCMP_ACT_ERRNO(EINVAL), call[i], 1, about_filters) == 0;
        } else if (call[i] >= 0) {
            ok = seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), call[i], 0) == 0;
        }
    }
    if (ok) (void)seccomp_attr_set(f, SCMP_FLTATR_CTL_NNP, geteuid() != 0);
    ok = ok && seccomp_load(f) == 0;
    seccomp_release(f);
    return ok;
}

static enum end lacking(const struct lack *l)
{
    if (l->as_root && geteuid() != 0) return END_UNSANDBOXED;
    if (!take_away(l->call)) return END_UNSANDBOXED;
    const struct aw_confine c = {.user = l->user, .keeper_line = -1};
    char words[512];
    if (aw_confine(&c, words, sizeof words) != l->result || !strstr(words, l->words))
        return END_OTHER;
    if (l->result == AW_CONFINE_FAILED) return END_WORKS;
    /* What is left holds: without Landlock the filter, and the other way round. */
    return open("/etc/passwd", O_RDONLY) < 0 ? END_WORKS : END_REFUSED;
}

static void test_lack(void **state)
{
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) _exit((int)lacking(*state));
    const int end = end_of(pid);
    if (end == END_UNSANDBOXED) skip();
    assert_int_equal(end, END_WORKS);
}

/* --- the keeper --- */

static bool is_there(const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", place, name);
    return access(path, F_OK) == 0;
}

/* Whoever is killed leaves nothing half done behind. */
static void test_killed(void **state)
{
    (void)state;
    int ready[2];
    char c;
    assert_int_equal(pipe(ready), 0);
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0); /* the orphan becomes our child */
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct aw_folder *f = aw_folder_open(place, "kept", AW_NAMES_ONE);
        if (!aw_keeper_start(&f, 1)) _exit(1);
        if (aw_folder_make(f, ".kept.7-0.tmp", AW_MAKE_NEW, 0) < 0) _exit(1);
        if (write(ready[1], "x", 1) == 1) pause();
        _exit(1);
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &c, 1), 1);
    assert_true(is_there(".kept.7-0.tmp"));
    kill(pid, SIGKILL);
    assert_int_equal(end_of(pid), 128 + SIGKILL);
    assert_true(end_of(-1) < 128); /* a sanitizer cannot even say goodbye: no status is asked */
    assert_false(is_there(".kept.7-0.tmp"));
    close(ready[0]);
}

/* What a run left that was killed with its keeper goes; what is still written stays. */
static void test_tidy(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool stays;
    } files[] = {
        {".tidy.123-0.tmp", false}, {".tidy.9999999-12.tmp", false}, {".tidy.x.tmp", true},
        {".tidy..tmp", true},       {".other.123-0.tmp", true},      {"tidy.123-0.tmp", true},
    };
    enum { COUNT = sizeof files / sizeof *files };
    char path[256];
    for (size_t i = 0; i < COUNT; i++) {
        snprintf(path, sizeof path, "%s/%s", place, files[i].name);
        FILE *f = fopen(path, "w");
        assert_non_null(f);
        fclose(f);
    }
    for (int kept = 0; kept <= 1; kept++) {
        struct aw_folder *writer = aw_folder_open(place, "tidy", AW_NAMES_ONE);
        struct aw_keeper *k = kept ? aw_keeper_start(&writer, 1) : NULL;
        const int fd = aw_folder_make(writer, ".tidy.7-0.tmp", AW_MAKE_NEW, 0);
        assert_true(fd >= 0);
        struct aw_folder *next = aw_folder_open(place, "tidy", AW_NAMES_ONE);
        aw_folder_tidy(next);
        assert_true(is_there(".tidy.7-0.tmp"));
        close(fd);
        aw_folder_close(writer);
        aw_keeper_stop(k); /* removes it itself */
        aw_folder_tidy(next);
        assert_false(is_there(".tidy.7-0.tmp"));
        aw_folder_close(next);
    }
    for (size_t i = 0; i < COUNT; i++) {
        if (is_there(files[i].name) != files[i].stays) fail_msg("%s", files[i].name);
        snprintf(path, sizeof path, "%s/%s", place, files[i].name);
        (void)unlink(path);
    }
}

/* A keeper that died is an error of the output, told once asked. */
static void test_keeper_gone(void **state)
{
    (void)state;
    struct aw_folder *f = aw_folder_open(place, "late", AW_NAMES_ONE);
    struct aw_keeper *k = aw_keeper_start(&f, 1);
    assert_non_null(k);
    assert_int_equal(shutdown(aw_keeper_line(k), SHUT_RDWR), 0);
    assert_int_equal(aw_folder_make(f, "late", AW_MAKE_NEW, 0), -1);
    assert_int_equal(errno, EIO);
    assert_false(is_there("late"));
    aw_folder_close(f);
    aw_keeper_stop(k);
}

static const struct {
    const char *name;
    enum aw_names names;
    const char *stem, *file;
    bool good;
} names[] = {
    {"the name itself", AW_NAMES_ONE, "a.json", "a.json", true},
    {"its temporary file", AW_NAMES_ONE, "a.json", ".a.json.12-3.tmp", true},
    {"no longer name", AW_NAMES_ONE, "a.json", "a.jsons", false},
    {"no other temporary file", AW_NAMES_ONE, "a.json", ".a.json.x.tmp", false},
    {"no other hidden file", AW_NAMES_ONE, "a.json", ".a.json", false},
    {"a rotated name", AW_NAMES_PREFIX, "ring", "ring001", true},
    {"a hidden rotated name", AW_NAMES_PREFIX, "ring", ".ring001.tmp", true},
    {"another name", AW_NAMES_PREFIX, "ring", "rin", false},
    {"any name", AW_NAMES_ANY, "", "1-c.bin", true},
    {"a save's temporary file", AW_NAMES_NEW, "", ".a b.c.1-2.tmp", true},
    {"no save without one", AW_NAMES_NEW, "", "a.pcap", false},
    {"no other hidden save", AW_NAMES_NEW, "", ".1-2.tmp", false},
    {"nor one without a number", AW_NAMES_NEW, "", ".a.tmp", false},
    {"no way up", AW_NAMES_ANY, "", "..", false},
    {"no way down", AW_NAMES_ANY, "", "x/y", false},
    {"no name", AW_NAMES_ANY, "", "", false},
};

static void check_names(bool kept)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct aw_folder *f = aw_folder_open(place, names[i].stem, names[i].names);
        assert_non_null(f);
        struct aw_keeper *k = kept ? aw_keeper_start(&f, 1) : NULL;
        assert_true(!kept || k);
        const int fd = aw_folder_make(f, names[i].file, AW_MAKE_NEW, 0600);
        if ((fd >= 0) != names[i].good) fail_msg("%s: %s", names[i].name, strerror(errno));
        if (fd >= 0) {
            assert_true(is_there(names[i].file));
            assert_int_equal(aw_folder_make(f, names[i].file, AW_MAKE_NEW, 0), -1);
            assert_int_equal(errno, names[i].names == AW_NAMES_NEW ? EBUSY : EEXIST);
            assert_int_equal(aw_folder_remove(f, names[i].file), 0);
            close(fd);
        }
        aw_folder_close(f);
        aw_keeper_stop(k);
    }
}

static void test_names(void **state)
{
    (void)state;
    check_names(false);
}

static void test_names_kept(void **state)
{
    (void)state;
    check_names(true);
}

/* Links and pipes put in a file's place are not written to. */
static void test_traps(void **state)
{
    (void)state;
    char path[256], target[256];
    snprintf(path, sizeof path, "%s/trap", place);
    snprintf(target, sizeof target, "%s/target", place);
    struct aw_folder *f = aw_folder_open(place, "trap", AW_NAMES_ONE);
    assert_int_equal(symlink(target, path), 0);
    assert_int_equal(aw_folder_make(f, "trap", AW_MAKE_TRUNCATE, 0), -1);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(aw_folder_make(f, "trap", AW_MAKE_APPEND, 0), -1);
    const int reader = open(path, O_RDONLY | O_NONBLOCK);
    assert_int_equal(aw_folder_make(f, "trap", AW_MAKE_APPEND, 0), -1);
    close(reader);
    assert_int_equal(unlink(path), 0);
    assert_false(is_there("target"));
    aw_folder_close(f);
}

static int make_place(void **state)
{
    (void)state;
    return mkdtemp(place) ? 0 : -1;
}

static int remove_place(void **state)
{
    (void)state;
    static const char *const left[] = {"report", "a b"};
    char path[256];
    for (size_t i = 0; i < sizeof left / sizeof *left; i++) {
        snprintf(path, sizeof path, "%s/%s", place, left[i]);
        (void)unlink(path);
    }
    return rmdir(place);
}

/* A row as a test of its own; cmocka passes the state through as it is. */
static struct CMUnitTest row_test(const char *name, CMUnitTestFunction function, const void *row)
{
    struct CMUnitTest t = {.name = name, .test_func = function};
    memcpy(&t.initial_state, &row, sizeof row);
    return t;
}

int main(void)
{
    enum { ROWS = sizeof rows / sizeof *rows, LACKS = sizeof lacks / sizeof *lacks };
    const struct CMUnitTest others[] = {
        cmocka_unit_test(test_read_below), cmocka_unit_test(test_refilter),
        cmocka_unit_test(test_killed),     cmocka_unit_test(test_keeper_gone),
        cmocka_unit_test(test_names),      cmocka_unit_test(test_names_kept),
        cmocka_unit_test(test_traps),      cmocka_unit_test(test_tidy),
    };
    struct CMUnitTest tests[ROWS + LACKS + sizeof others / sizeof *others], *t = tests;
    for (size_t i = 0; i < ROWS; i++)
        *t++ = row_test(rows[i].name, test_attempt, &rows[i]);
    for (size_t i = 0; i < LACKS; i++)
        *t++ = row_test(lacks[i].name, test_lack, &lacks[i]);
    memcpy(t, others, sizeof others);
    return cmocka_run_group_tests(tests, make_place, remove_place);
}
