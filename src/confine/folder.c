/*
 * Folders and the keeper; see folder.h. A request and its answer are one datagram each, with the
 * descriptor beside the answer. The keeper believes nothing it is asked: names are checked on its
 * side of the line.
 */
#include "confine/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "confine/inside.h"

struct aw_folder {
    int dir; /* descriptor; -1 once the keeper has it */
    enum aw_names names;
    char stem[AW_FOLDER_NAME];
    struct aw_keeper *keeper;  /* borrowed; NULL: we work on `dir` ourselves */
    uint32_t slot;             /* the keeper's number for this folder */
    char left[AW_FOLDER_NAME]; /* a temporary file under way; "" = none */
};

struct aw_keeper {
    int line;
    pid_t pid;
    pthread_mutex_t lock; /* a request and its answer belong together */
};

enum op { OP_MAKE, OP_RENAME, OP_REMOVE, OP_LOOK };

struct request {
    uint32_t op, slot, how, mode;
    char name[AW_FOLDER_NAME], to[AW_FOLDER_NAME];
};

/* --- names --- */

static bool is_temporary_of(const char *name, const char *stem)
{
    const size_t len = strlen(stem);
    if (name[0] != '.' || strncmp(name + 1, stem, len) != 0 || name[1 + len] != '.') return false;
    const char *rest = name + len + 2;
    return *rest >= '0' && *rest <= '9' && strcmp(rest + strspn(rest, "0123456789-"), ".tmp") == 0;
}

/* ".NAME.DIGITS-DIGITS.tmp" of any name. */
static bool is_temporary(const char *name)
{
    const char *end = strrchr(name, '.');
    if (name[0] != '.' || !end || strcmp(end, ".tmp") != 0) return false;
    const char *at = end;
    while (at > name && strchr("0123456789-", at[-1]))
        at--;
    return at < end && at > name + 2 && at[-1] == '.';
}

static bool may_name(const struct aw_folder *f, const char *name)
{
    if (name[0] == '\0' || strchr(name, '/') || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return false;
    const size_t len = strlen(f->stem);
    switch (f->names) {
    case AW_NAMES_ONE:
        return strcmp(name, f->stem) == 0 || is_temporary_of(name, f->stem);
    case AW_NAMES_PREFIX:
        return strncmp(name, f->stem, len) == 0 ||
               (name[0] == '.' && strncmp(name + 1, f->stem, len) == 0);
    case AW_NAMES_ANY:
        return true;
    case AW_NAMES_NEW:
        return name[0] != '.' || is_temporary(name);
    }
    return false;
}

/* --- the work itself --- */

static void has_gone(struct aw_folder *f, const char *name)
{
    if (strcmp(f->left, name) == 0) f->left[0] = '\0';
}

static int make_here(struct aw_folder *f, const char *name, uint32_t how, unsigned mode)
{
    /* Not blocking, so that a pipe put in the file's place cannot hold us up. */
    static const int flags[] = {
        [AW_MAKE_NEW] = O_CREAT | O_EXCL,
        [AW_MAKE_APPEND] = O_CREAT | O_APPEND,
        [AW_MAKE_TRUNCATE] = O_CREAT | O_TRUNC,
    };
    const bool adding = f->names == AW_NAMES_NEW;
    if (how >= sizeof flags / sizeof *flags || !may_name(f, name) ||
        (adding && (how != AW_MAKE_NEW || name[0] != '.'))) {
        errno = EACCES;
        return -1;
    }
    if (adding && f->left[0]) {
        errno = EBUSY;
        return -1;
    }
    const int fd = openat(
        f->dir, name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | flags[how], 0666);
    struct stat st;
    if (fd < 0) return -1;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        (void)close(fd);
        if (how == AW_MAKE_NEW) (void)unlinkat(f->dir, name, 0); /* it is ours, and empty */
        errno = EACCES;
        return -1;
    }
    if (mode) (void)fchmod(fd, mode & 0777); /* no harm where it is refused */
    if (adding || (f->names == AW_NAMES_ONE && is_temporary_of(name, f->stem))) {
        (void)flock(fd, LOCK_EX | LOCK_NB); /* somebody writes it: see aw_folder_tidy */
        (void)snprintf(f->left, sizeof f->left, "%s", name);
    }
    return fd;
}

static bool has_here(const struct aw_folder *f, const char *name)
{
    struct stat st;
    return may_name(f, name) && fstatat(f->dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Some file systems (NFS) cannot tell by themselves: there, somebody else could be quicker. */
static int rename_new(const struct aw_folder *f, const char *from, const char *to)
{
    if (renameat2(f->dir, from, f->dir, to, RENAME_NOREPLACE) == 0) return 0;
    if (errno != EINVAL && errno != ENOSYS) return -1;
    if (!has_here(f, to)) return renameat(f->dir, from, f->dir, to);
    errno = EEXIST;
    return -1;
}

static int rename_here(struct aw_folder *f, const char *from, const char *to)
{
    const bool adding = f->names == AW_NAMES_NEW;
    if (!may_name(f, from) || !may_name(f, to) ||
        (adding && (strcmp(from, f->left) != 0 || to[0] == '.'))) {
        errno = EACCES;
        return -1;
    }
    if ((adding ? rename_new(f, from, to) : renameat(f->dir, from, f->dir, to)) != 0) return -1;
    has_gone(f, from);
    return 0;
}

static int remove_here(struct aw_folder *f, const char *name)
{
    if (!may_name(f, name) || (f->names == AW_NAMES_NEW && strcmp(name, f->left) != 0)) {
        errno = EACCES;
        return -1;
    }
    if (unlinkat(f->dir, name, 0) != 0) return -1;
    has_gone(f, name);
    return 0;
}

/* --- the keeper --- */

static int serve_one(struct aw_folder *f, const struct request *r)
{
    int done = -1;
    switch ((enum op)r->op) {
    case OP_MAKE:
        done = make_here(f, r->name, r->how, r->mode);
        break;
    case OP_RENAME:
        done = rename_here(f, r->name, r->to);
        break;
    case OP_REMOVE:
        done = remove_here(f, r->name);
        break;
    case OP_LOOK:
        done = has_here(f, r->name) ? 0 : -1;
        break;
    default:
        errno = EINVAL;
    }
    return done;
}

/* Datagrams of one size, whole; fd -1 = none to hand over. */
static bool tell(int line, const void *bytes, size_t len, int fd)
{
    union {
        char space[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control = {.space = {0}};
    struct iovec part;
    memcpy(&part.iov_base, &bytes, sizeof bytes); /* an iovec knows no const */
    part.iov_len = len;
    struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1};
    if (fd >= 0) {
        m.msg_control = control.space;
        m.msg_controllen = sizeof control.space;
        struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof fd);
        memcpy(CMSG_DATA(c), &fd, sizeof fd);
    }
    ssize_t n;
    do
        n = sendmsg(line, &m, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n == (ssize_t)len;
}

static bool hear(int line, void *bytes, size_t len, int *fd)
{
    union {
        char space[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control = {.space = {0}};
    struct iovec part = {.iov_base = bytes, .iov_len = len};
    struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1};
    if (fd) {
        *fd = -1;
        m.msg_control = control.space;
        m.msg_controllen = sizeof control.space;
    }
    ssize_t n;
    do
        n = recvmsg(line, &m, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    const struct cmsghdr *c = n > 0 ? CMSG_FIRSTHDR(&m) : NULL;
    if (fd && c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
        memcpy(fd, CMSG_DATA(c), sizeof *fd);
    return n == (ssize_t)len;
}

static void serve(int line, struct aw_folder *folders, uint32_t count)
{
    struct request r;
    while (hear(line, &r, sizeof r, NULL)) {
        r.name[sizeof r.name - 1] = r.to[sizeof r.to - 1] = '\0';
        int fd = -1, error = EINVAL;
        if (r.slot < count) {
            fd = serve_one(&folders[r.slot], &r);
            error = fd < 0 ? errno : 0;
        }
        const bool hand_over = error == 0 && r.op == OP_MAKE;
        const bool told = tell(line, &error, sizeof error, hand_over ? fd : -1);
        if (hand_over) (void)close(fd);
        if (!told) break;
    }
    for (uint32_t i = 0; i < count; i++)
        if (folders[i].left[0]) (void)remove_here(&folders[i], folders[i].left);
}

static void close_between(int first, int last)
{
    if (first > last) return;
    if (syscall(SYS_close_range, (unsigned)first, (unsigned)last, 0u) == 0) return;
    struct rlimit most; /* a kernel before 5.9 */
    if (getrlimit(RLIMIT_NOFILE, &most) != 0) most.rlim_cur = 1024;
    for (int fd = first; fd <= last && (rlim_t)fd < most.rlim_cur; fd++)
        (void)close(fd);
}

static int by_number(const void *a, const void *b)
{
    int x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return (x > y) - (x < y);
}

/* Captures, reports and terminals are no business of this process, and an open pipe would keep its
 * reader waiting. */
static void close_all_but(const int *keep, size_t count)
{
    int from = 0;
    for (size_t i = 0; i < count; i++) {
        close_between(from, keep[i] - 1);
        from = keep[i] + 1;
    }
    close_between(from, INT32_MAX);
}

static _Noreturn void be_keeper(int line, struct aw_folder *folders, uint32_t count, int *fds)
{
    static const int deaf[] = {SIGINT,  SIGTERM, SIGHUP,  SIGQUIT,
                               SIGPIPE, SIGUSR1, SIGUSR2, SIGTSTP};
    /* A Ctrl-C reaches us as well, but the report it asks for still has to get its name. */
    for (size_t i = 0; i < sizeof deaf / sizeof *deaf; i++)
        (void)signal(deaf[i], SIG_IGN);
    for (uint32_t i = 0; i < count; i++)
        fds[i] = folders[i].dir;
    /* Root keeps what lets it into anybody's folder, for these folders. */
    static const int needed[] = {CAP_DAC_OVERRIDE, CAP_FOWNER, -1};
    (void)prctl(PR_SET_NAME, "await100-files");
    (void)aw_capabilities_keep(needed);
    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    (void)aw_landlock(fds, count, NULL, 0);
    fds[count] = line;
    qsort(fds, count + 1u, sizeof *fds, by_number);
    close_all_but(fds, count + 1u);
    (void)aw_syscalls_of_keeper(); /* what the kernel lacks, the program says for both */
    serve(line, folders, count);
    _exit(0);
}

struct aw_keeper *aw_keeper_start(struct aw_folder *const *folders, size_t count)
{
    int ends[2] = {-1, -1};
    uint32_t used = 0;
    struct aw_keeper *k = malloc(sizeof *k);
    struct aw_folder *copy = calloc(count + 1, sizeof *copy);
    int *fds = calloc(count + 1, sizeof *fds);
    pid_t pid = -1;
    if (k && copy && fds && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0) {
        for (size_t i = 0; i < count; i++)
            if (folders[i]) copy[used++] = *folders[i];
        pid = fork();
        if (pid == 0) be_keeper(ends[1], copy, used, fds);
    }
    const int error = errno;
    if (ends[1] >= 0) (void)close(ends[1]);
    if (pid < 0 && ends[0] >= 0) (void)close(ends[0]);
    free(copy);
    free(fds);
    if (pid < 0) {
        free(k);
        errno = error;
        return NULL;
    }
    *k = (struct aw_keeper){.line = ends[0], .pid = pid};
    pthread_mutex_init(&k->lock, NULL);
    for (size_t i = 0, slot = 0; i < count; i++) {
        if (!folders[i]) continue;
        (void)close(folders[i]->dir);
        folders[i]->dir = -1;
        folders[i]->keeper = k;
        folders[i]->slot = (uint32_t)slot++;
    }
    return k;
}

void aw_keeper_stop(struct aw_keeper *k)
{
    if (!k) return;
    (void)close(k->line);
    while (waitpid(k->pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    pthread_mutex_destroy(&k->lock);
    free(k);
}

int aw_keeper_line(const struct aw_keeper *k)
{
    return k ? k->line : -1;
}

/* --- folders, from the program's side --- */

static bool set_name(char to[AW_FOLDER_NAME], const char *name)
{
    const size_t len = strlen(name);
    if (len >= AW_FOLDER_NAME) {
        errno = ENAMETOOLONG;
        return false;
    }
    memcpy(to, name, len + 1);
    return true;
}

/* 0 or, from OP_MAKE, a descriptor; -1 with errno set. */
static int ask(struct aw_folder *f, struct request *r)
{
    struct aw_keeper *k = f->keeper;
    int error = EIO, fd = -1; /* EIO: the keeper is gone */
    r->slot = f->slot;
    pthread_mutex_lock(&k->lock);
    if (!tell(k->line, r, sizeof *r, -1) || !hear(k->line, &error, sizeof error, &fd)) error = EIO;
    pthread_mutex_unlock(&k->lock);
    if (error == 0 && r->op == OP_MAKE && fd < 0) error = EMFILE; /* it found no place with us */
    if (error == 0) return r->op == OP_MAKE ? fd : 0;
    errno = error;
    return -1;
}

int aw_folder_make(struct aw_folder *f, const char *name, enum aw_make how, unsigned mode)
{
    if (!f->keeper) return make_here(f, name, how, mode);
    struct request r = {.op = OP_MAKE, .how = how, .mode = mode};
    return set_name(r.name, name) ? ask(f, &r) : -1;
}

int aw_folder_rename(struct aw_folder *f, const char *from, const char *to)
{
    if (!f->keeper) return rename_here(f, from, to);
    struct request r = {.op = OP_RENAME};
    return set_name(r.name, from) && set_name(r.to, to) ? ask(f, &r) : -1;
}

int aw_folder_remove(struct aw_folder *f, const char *name)
{
    if (!f->keeper) return remove_here(f, name);
    struct request r = {.op = OP_REMOVE};
    return set_name(r.name, name) ? ask(f, &r) : -1;
}

bool aw_folder_has(struct aw_folder *f, const char *name)
{
    if (!f->keeper) return has_here(f, name);
    struct request r = {.op = OP_LOOK};
    return set_name(r.name, name) && ask(f, &r) == 0;
}

struct aw_folder *aw_folder_open(const char *dir, const char *stem, enum aw_names names)
{
    struct aw_folder *f = calloc(1, sizeof *f);
    if (!f) return NULL;
    f->names = names;
    f->dir = -1;
    if (set_name(f->stem, stem)) f->dir = open(*dir ? dir : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (f->dir >= 0) return f;
    const int error = errno;
    free(f);
    errno = error;
    return NULL;
}

/* The lock, and not the process number in the name, tells whether one is still written: it holds in
 * other namespaces too, and goes with its process however that ends. */
void aw_folder_tidy(struct aw_folder *f)
{
    if (f->keeper || f->names != AW_NAMES_ONE) return;
    const int dir = openat(f->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *all = dir >= 0 ? fdopendir(dir) : NULL;
    if (!all) {
        if (dir >= 0) (void)close(dir);
        return;
    }
    for (const struct dirent *one; (one = readdir(all)) != NULL;) {
        if (!is_temporary_of(one->d_name, f->stem)) continue;
        struct stat st;
        const int fd =
            openat(f->dir, one->d_name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (fd < 0) continue;
        if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && flock(fd, LOCK_EX | LOCK_NB) == 0)
            (void)unlinkat(f->dir, one->d_name, 0);
        (void)close(fd);
    }
    (void)closedir(all);
}

void aw_folder_close(struct aw_folder *f)
{
    if (!f) return;
    if (f->dir >= 0) (void)close(f->dir);
    free(f);
}
