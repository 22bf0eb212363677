/*
 * The system calls that are left, by libseccomp.
 *
 * What is not listed fails with EPERM and no worse: a libc may look into /sys for the number of
 * cores or try a newer call before an older one on its own account, and does without when refused;
 * to die of that would cost the user his report, long after this list was written. Only what no
 * library does behind our back, and an intruder wants (another program, other memory, other rights,
 * other namespaces, more kernel), ends the process at once: he gets one try. The packets seen are
 * then lost, but whoever got there owns what we would say about them.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "confine/inside.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* For any arguments. Descriptors that are open may be used: their rights were checked when they
 * were opened. */
static const int plain[] = {
    /* bytes */
    SCMP_SYS(read),
    SCMP_SYS(readv),
    SCMP_SYS(pread64),
    SCMP_SYS(preadv),
    SCMP_SYS(write),
    SCMP_SYS(writev),
    SCMP_SYS(pwrite64),
    SCMP_SYS(pwritev),
    SCMP_SYS(lseek),
    SCMP_SYS(_llseek),
    SCMP_SYS(close),
    SCMP_SYS(fstat),
    SCMP_SYS(fstat64),
    SCMP_SYS(fsync),
    SCMP_SYS(fdatasync),
    SCMP_SYS(ftruncate),
    SCMP_SYS(ftruncate64),
    SCMP_SYS(fallocate),
    SCMP_SYS(fadvise64),
    SCMP_SYS(fadvise64_64),
    SCMP_SYS(sync_file_range),
    /* packets; answers of the keeper */
    SCMP_SYS(recvfrom),
    SCMP_SYS(recvmsg),
    SCMP_SYS(recvmmsg),
    SCMP_SYS(getsockopt),
    /* waiting */
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(ppoll_time64),
    SCMP_SYS(select),
    SCMP_SYS(_newselect),
    SCMP_SYS(pselect6),
    SCMP_SYS(pselect6_time64),
    SCMP_SYS(epoll_create1),
    SCMP_SYS(epoll_ctl),
    SCMP_SYS(epoll_wait),
    SCMP_SYS(epoll_pwait),
    SCMP_SYS(eventfd2),
    SCMP_SYS(pipe2),
    SCMP_SYS(timerfd_create),
    SCMP_SYS(timerfd_settime),
    SCMP_SYS(timerfd_settime64),
    SCMP_SYS(timerfd_gettime),
    SCMP_SYS(signalfd4),
    SCMP_SYS(nanosleep),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(clock_nanosleep_time64),
    SCMP_SYS(setitimer),
    SCMP_SYS(wait4),
    SCMP_SYS(waitid),
    /* time, and who we are */
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_gettime64),
    SCMP_SYS(clock_getres),
    SCMP_SYS(clock_getres_time64),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(getppid),
    SCMP_SYS(getuid),
    SCMP_SYS(geteuid),
    SCMP_SYS(getgid),
    SCMP_SYS(getegid),
    SCMP_SYS(getrusage),
    SCMP_SYS(sysinfo),
    SCMP_SYS(uname),
    SCMP_SYS(getrandom),
    /* memory */
    SCMP_SYS(brk),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(membarrier),
    /* threads; the flags of clone are looked at below */
    SCMP_SYS(futex),
    SCMP_SYS(futex_time64),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(rseq),
    SCMP_SYS(set_tid_address),
    SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(restart_syscall),
    /* signals to ourselves */
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigreturn),
    SCMP_SYS(rt_sigpending),
    SCMP_SYS(rt_sigtimedwait),
    SCMP_SYS(rt_sigsuspend),
    SCMP_SYS(sigaltstack),
};

static const int of_keeper[] = {
    SCMP_SYS(recvmsg),    SCMP_SYS(sendmsg),      SCMP_SYS(openat),          SCMP_SYS(renameat),
    SCMP_SYS(renameat2),  SCMP_SYS(unlinkat),     SCMP_SYS(fchmod),          SCMP_SYS(fstat),
    SCMP_SYS(fstat64),    SCMP_SYS(newfstatat),   SCMP_SYS(fstatat64),       SCMP_SYS(close),
    SCMP_SYS(exit_group), SCMP_SYS(rt_sigreturn), SCMP_SYS(restart_syscall), SCMP_SYS(flock),
};

static const int deadly[] = {
    SCMP_SYS(execve),
    SCMP_SYS(execveat),
    SCMP_SYS(fork),
    SCMP_SYS(vfork),
    SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(pidfd_getfd),
    SCMP_SYS(setuid),
    SCMP_SYS(setgid),
    SCMP_SYS(setreuid),
    SCMP_SYS(setregid),
    SCMP_SYS(setresuid),
    SCMP_SYS(setresgid),
    SCMP_SYS(setgroups),
    SCMP_SYS(setfsuid),
    SCMP_SYS(setfsgid),
    SCMP_SYS(capset),
    SCMP_SYS(unshare),
    SCMP_SYS(setns),
    SCMP_SYS(mount),
    SCMP_SYS(umount2),
    SCMP_SYS(pivot_root),
    SCMP_SYS(chroot),
    SCMP_SYS(open_by_handle_at),
    SCMP_SYS(init_module),
    SCMP_SYS(finit_module),
    SCMP_SYS(delete_module),
    SCMP_SYS(kexec_load),
    SCMP_SYS(kexec_file_load),
    SCMP_SYS(reboot),
    SCMP_SYS(bpf),
    SCMP_SYS(perf_event_open),
    SCMP_SYS(userfaultfd),
    SCMP_SYS(io_uring_setup),
    SCMP_SYS(keyctl),
    SCMP_SYS(add_key),
    SCMP_SYS(request_key),
};

/* Terminals; the name, number and state of the interface behind a capture socket. */
static const unsigned long controls[] = {
    TCGETS,    TCSETS,   TCSETSW,     TCSETSF,      TCFLSH,       TIOCGWINSZ,
    TIOCGPGRP, FIONREAD, SIOCGIFNAME, SIOCGIFINDEX, SIOCGIFFLAGS,
};

/* --- rules --- */

static struct scmp_arg_cmp equal(unsigned arg, scmp_datum_t value)
{
    return (struct scmp_arg_cmp){.arg = arg, .op = SCMP_CMP_EQ, .datum_a = value};
}

static struct scmp_arg_cmp masked(unsigned arg, scmp_datum_t mask, scmp_datum_t value)
{
    return (struct scmp_arg_cmp){
        .arg = arg, .op = SCMP_CMP_MASKED_EQ, .datum_a = mask, .datum_b = value};
}

static bool add_all(scmp_filter_ctx f, uint32_t action, const int *call, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (seccomp_rule_add(f, action, call[i], 0) != 0) return false;
    return true;
}

static bool add_if(scmp_filter_ctx f, int call, struct scmp_arg_cmp condition)
{
    return seccomp_rule_add(f, SCMP_ACT_ALLOW, call, 1, condition) == 0;
}

/* Memory that can be executed is never needed once all libraries are there. */
static bool add_memory(scmp_filter_ctx f)
{
    const struct scmp_arg_cmp no_code = masked(2, PROT_EXEC, 0);
    return add_if(f, SCMP_SYS(mmap), no_code) && add_if(f, SCMP_SYS(mmap2), no_code) &&
           add_if(f, SCMP_SYS(mprotect), no_code);
}

/* Threads, no processes and no namespaces. A filter cannot look into what clone3 is given: "there
 * is no such call" makes libc use clone. */
static bool add_threads(scmp_filter_ctx f)
{
    const scmp_datum_t needed = CLONE_VM | CLONE_THREAD,
                       looked_at = needed | CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID |
                                   CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;
#ifdef __s390__
    const struct scmp_arg_cmp thread = masked(1, looked_at, needed);
#else
    const struct scmp_arg_cmp thread = masked(0, looked_at, needed);
#endif
    return add_if(f, SCMP_SYS(clone), thread) &&
           seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0) == 0;
}

static bool add_signals(scmp_filter_ctx f)
{
    const struct scmp_arg_cmp to_us = equal(0, (scmp_datum_t)getpid());
    return add_if(f, SCMP_SYS(tgkill), to_us) && add_if(f, SCMP_SYS(kill), to_us);
}

static bool add_descriptors(scmp_filter_ctx f)
{
    static const int commands[] = {F_GETFD, F_SETFD, F_GETFL, F_SETFL};
    bool ok = true;
    for (size_t i = 0; i < COUNT(commands); i++) {
        const struct scmp_arg_cmp is = equal(1, (scmp_datum_t)commands[i]);
        ok = ok && add_if(f, SCMP_SYS(fcntl), is) && add_if(f, SCMP_SYS(fcntl64), is);
    }
    for (size_t i = 0; i < COUNT(controls); i++)
        ok = ok && add_if(f, SCMP_SYS(ioctl), equal(1, controls[i]));
    /* fstat, as newer libcs do it; stat by name is of no use to us. */
    const struct scmp_arg_cmp of_fd = masked(3, AT_EMPTY_PATH, AT_EMPTY_PATH);
    return ok && add_if(f, SCMP_SYS(newfstatat), of_fd) && add_if(f, SCMP_SYS(fstatat64), of_fd) &&
           add_if(f, SCMP_SYS(prctl), equal(0, PR_SET_NAME)) &&
           /* asking for limits, not setting them */
           add_if(f, SCMP_SYS(prlimit64), equal(2, 0));
}

/* Landlock decides where; this, that it is for reading. */
static bool add_reading(scmp_filter_ctx f)
{
    const scmp_datum_t writing = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC;
    return add_if(f, SCMP_SYS(openat), masked(2, writing, 0)) &&
           add_if(f, SCMP_SYS(open), masked(1, writing, 0)) &&
           seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(getdents64), 0) == 0;
}

static bool add_refiltering(scmp_filter_ctx f)
{
    static const int options[] = {SO_ATTACH_FILTER, SO_DETACH_FILTER};
    bool ok = true;
    for (size_t i = 0; i < COUNT(options); i++)
        ok = ok && seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(setsockopt), 2,
                                    equal(1, SOL_SOCKET), equal(2, (scmp_datum_t)options[i])) == 0;
    return ok;
}

/* --- filters --- */

static scmp_filter_ctx new_filter(void)
{
    scmp_filter_ctx f = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    if (!f) return NULL;
    const unsigned kernel = seccomp_api_get();
    /* Threads that are there already, too. And no slower branches for it, as old kernels would have
     * it: we run nobody else's code. Neither is worth failing for. */
    if (kernel >= 2) (void)seccomp_attr_set(f, SCMP_FLTATR_CTL_TSYNC, 1);
    if (kernel >= 4) (void)seccomp_attr_set(f, SCMP_FLTATR_CTL_SSB, 1);
    (void)seccomp_attr_set(f, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    const uint32_t kill = kernel >= 3 ? SCMP_ACT_KILL_PROCESS : SCMP_ACT_KILL;
    if (add_all(f, kill, deadly, COUNT(deadly))) return f;
    seccomp_release(f);
    return NULL;
}

static bool load(scmp_filter_ctx f, bool complete)
{
    const int error = complete ? seccomp_load(f) : -EINVAL;
    seccomp_release(f);
    if (error) errno = -error;
    return error == 0;
}

bool aw_syscalls_of_program(int line, bool reading, bool refilter)
{
    scmp_filter_ctx f = new_filter();
    if (!f) return false;
    bool ok = add_all(f, SCMP_ACT_ALLOW, plain, COUNT(plain)) && add_memory(f) && add_threads(f) &&
              add_signals(f) && add_descriptors(f);
    /* To the keeper and nobody else: a capture's socket could put packets on the wire. */
    if (line >= 0) ok = ok && add_if(f, SCMP_SYS(sendmsg), equal(0, (scmp_datum_t)line));
    if (reading) ok = ok && add_reading(f);
    if (refilter) ok = ok && add_refiltering(f);
    return load(f, ok);
}

bool aw_syscalls_of_keeper(void)
{
    scmp_filter_ctx f = new_filter();
    return f && load(f, add_all(f, SCMP_ACT_ALLOW, of_keeper, COUNT(of_keeper)));
}
