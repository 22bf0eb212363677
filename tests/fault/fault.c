/*
 * A library to be preloaded: lets one call of the C library fail, or come back short, and counts
 * the calls there are, so that a run can be repeated with each of them failing in turn.
 *
 *   FAULT=KIND:N:ERROR[:on]   the Nth call of a kind fails with the error (a number; 0: it does a
 *                             part of its work, and says so); "on": and all that follow.
 *                             -1: the file read is cut to nothing before, -2: it grows; -3: the
 *                             thread that calls sleeps for a while first, and the call succeeds
 *   FAULT_COUNTS=FILE         counts go here, kept in memory that parent and child share
 *   FAULT_TRACE=1             says where it was made, as addresses for addr2line
 *   FAULT_FROM=program        only calls that the program makes itself, not those of its libraries
 *
 * Calls that these libraries make themselves are left alone: libseccomp, which asks for ever where
 * it has no memory; libpcap, whose filter compiler ends the process or reads through NULL;
 * libarchive, which ends the process; the dynamic linker and the sanitizers. Standard error is
 * written by the C library itself and never passes here: what the program has to say gets out.
 */
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define API    __attribute__((visibility("default")))
#define CALLER ((uintptr_t)__builtin_return_address(0))

enum kind { ALLOC, READ, WRITE, STDIO, OPEN, CLOSE, RENAME, STAT, SEEK, SOCKET, THREAD, KINDS };
static const char *const kind_name[KINDS] = {
    [ALLOC] = "alloc", [READ] = "read",     [WRITE] = "write",   [STDIO] = "stdio",
    [OPEN] = "open",   [CLOSE] = "close",   [RENAME] = "rename", [STAT] = "stat",
    [SEEK] = "seek",   [SOCKET] = "socket", [THREAD] = "thread",
};

struct range {
    uintptr_t from, to;
};

enum { SPARED_MAX = 16 };
enum { SHRINKS = -1, GROWS = -2, SLEEPS = -3 };

static struct {
    struct range program, spared[SPARED_MAX];
    unsigned spared_count;
    enum kind kind; /* KINDS: none is to fail */
    uint64_t at;
    int error;
    bool on, own, trace;
} plan = {.kind = KINDS};

/* Of each kind, then how often a fault was made. */
static _Atomic uint64_t own_counts[KINDS + 1];
static _Atomic uint64_t *counts = own_counts;
static atomic_bool ready;

/* The program is over: what is written from here on (gcc's counts of what was covered) is whole. */
static void end(void)
{
    atomic_store(&ready, false);
}

/* Asked for by the first call that is counted, and so done before the ends of libraries. */
static void end_with_the_program(void)
{
    static atomic_bool asked;
    if (atomic_exchange(&asked, true)) return;
    atomic_store(&ready, false); /* it takes memory */
    (void)atexit(end);
    atomic_store(&ready, true);
}

static bool within(const struct range *r, uintptr_t at)
{
    return at >= r->from && at < r->to;
}

/* Whether this call is to fail. */
static bool fails(enum kind kind, uintptr_t caller)
{
    if (!atomic_load(&ready)) return false;
    if (plan.own && !within(&plan.program, caller)) return false;
    for (unsigned i = 0; i < plan.spared_count; i++)
        if (within(&plan.spared[i], caller)) return false;
    end_with_the_program();
    const uint64_t n = atomic_fetch_add(&counts[kind], 1) + 1;
    if (kind != plan.kind || (plan.on ? n < plan.at : n != plan.at)) return false;
    atomic_fetch_add(&counts[KINDS], 1);
    if (plan.trace) {
        void *at[32];
        plan.trace = false;
        backtrace_symbols_fd(at, backtrace(at, 32), STDERR_FILENO);
    }
    if (plan.error == SLEEPS) {
        const struct timespec t = {.tv_nsec = 30000000};
        (void)nanosleep(&t, NULL);
        return false;
    }
    errno = plan.error;
    return true;
}

static int look_at(struct dl_phdr_info *info, size_t size, void *ctx)
{
    (void)size;
    (void)ctx;
    struct range r = {UINTPTR_MAX, 0};
    for (unsigned i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        const uintptr_t from = info->dlpi_addr + p->p_vaddr;
        if (p->p_type != PT_LOAD) continue;
        if (from < r.from) r.from = from;
        if (from + p->p_memsz > r.to) r.to = from + p->p_memsz;
    }
    const char *name = info->dlpi_name;
    if (name[0] == '\0') {
        if (!plan.program.to) plan.program = r;
    }
    static const char *const spared[] = {"libseccomp", "libpcap", "libarchive", "ld-linux",
                                         "san.so"};
    for (unsigned i = 0; i < sizeof spared / sizeof *spared; i++)
        if (strstr(name, spared[i]) && plan.spared_count < SPARED_MAX)
            plan.spared[plan.spared_count++] = r;
    return 0;
}

/* KIND:N:ERROR[:on] */
static void take(const char *fault)
{
    for (int k = 0; k < KINDS; k++) {
        const size_t len = strlen(kind_name[k]);
        char *end;
        if (strncmp(fault, kind_name[k], len) != 0 || fault[len] != ':') continue;
        plan.at = strtoull(fault + len + 1, &end, 10);
        if (*end == ':') plan.error = (int)strtol(end + 1, &end, 10);
        plan.on = strcmp(end, ":on") == 0;
        plan.kind = (enum kind)k;
    }
}

__attribute__((constructor)) static void begin(void)
{
    const char *fault = getenv("FAULT"), *file = getenv("FAULT_COUNTS"),
               *from = getenv("FAULT_FROM");
    (void)dl_iterate_phdr(look_at, NULL);
    plan.trace = getenv("FAULT_TRACE") != NULL;
    plan.own = from && strcmp(from, "program") == 0;
    const int fd = file ? open(file, O_RDWR | O_CLOEXEC) : -1;
    if (fd >= 0) {
        void *shared = mmap(NULL, sizeof own_counts, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (shared != MAP_FAILED) counts = shared;
        (void)close(fd);
    }
    if (fault) take(fault);
    atomic_store(&ready, true);
}

/* --- memory --- */

/* What is asked for while the real functions are looked up. Never given back. */
static _Alignas(16) char early[1 << 16];
static atomic_size_t early_used;

static bool is_early(const void *p)
{
    return (uintptr_t)p >= (uintptr_t)early && (uintptr_t)p < (uintptr_t)early + sizeof early;
}

static void *early_block(size_t size)
{
    const size_t at = atomic_fetch_add(&early_used, (size + 15) / 16 * 16);
    return at + size <= sizeof early ? early + at : NULL;
}

/* The function behind ours, looked up once. No memcpy: a sanitizer puts its own in its place, which
 * does not work yet where the first memory is asked for. */
#define NEXT(result, name, ...)                                                                    \
    static result (*next)(__VA_ARGS__);                                                            \
    if (!next) {                                                                                   \
        *(void **)&next = dlsym(RTLD_NEXT, name);                                                  \
    }

static _Thread_local bool looking;

API void *malloc(size_t size)
{
    if (looking) return early_block(size);
    if (fails(ALLOC, CALLER)) return errno = ENOMEM, NULL;
    looking = true;
    NEXT(void *, "malloc", size_t)
    looking = false;
    return next ? next(size) : early_block(size); /* a sanitizer is not there yet */
}

API void *calloc(size_t n, size_t size)
{
    if (looking) return early_block(n * size); /* never used before: zero */
    if (fails(ALLOC, CALLER)) return errno = ENOMEM, NULL;
    looking = true;
    NEXT(void *, "calloc", size_t, size_t)
    looking = false;
    return next ? next(n, size) : early_block(n * size);
}

API void free(void *p)
{
    if (!p || is_early(p) || looking) return; /* while looking up: a message, left lying */
    looking = true;
    NEXT(void, "free", void *)
    looking = false;
    if (next) next(p);
}

API void *realloc(void *p, size_t size)
{
    if (is_early(p)) {
        void *q = malloc(size);
        const size_t rest = (size_t)(early + sizeof early - (char *)p);
        if (q) memcpy(q, p, size < rest ? size : rest);
        return q;
    }
    if (fails(ALLOC, CALLER)) return errno = ENOMEM, NULL;
    looking = true;
    NEXT(void *, "realloc", void *, size_t)
    looking = false;
    return next(p, size);
}

API int posix_memalign(void **p, size_t align, size_t size)
{
    if (fails(ALLOC, CALLER)) return ENOMEM;
    NEXT(int, "posix_memalign", void **, size_t, size_t)
    return next(p, align, size);
}

API void *aligned_alloc(size_t align, size_t size)
{
    if (fails(ALLOC, CALLER)) return errno = ENOMEM, NULL;
    NEXT(void *, "aligned_alloc", size_t, size_t)
    return next(align, size);
}

/* --- bytes --- */

/* A part of `len`: half of it, and never nothing. */
static size_t part(size_t len)
{
    return len > 1 ? len / 2 : len;
}

/* What somebody else does to a file that is being read. */
static void change(int fd)
{
    static const char more[100] = "what was written behind its end";
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    const int other = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (other < 0) return;
    if (plan.error == SHRINKS)
        (void)!syscall(SYS_ftruncate, other, 0);
    else
        (void)!syscall(SYS_write, other, more, sizeof more);
    (void)syscall(SYS_close, other);
}

API ssize_t read(int fd, void *to, size_t len)
{
    NEXT(ssize_t, "read", int, void *, size_t)
    if (!fails(READ, CALLER)) return next(fd, to, len);
    if (plan.error < 0) return change(fd), next(fd, to, len);
    return plan.error ? -1 : next(fd, to, part(len));
}

API ssize_t pread(int fd, void *to, size_t len, off_t at)
{
    NEXT(ssize_t, "pread", int, void *, size_t, off_t)
    if (!fails(READ, CALLER)) return next(fd, to, len, at);
    if (plan.error < 0) return change(fd), next(fd, to, len, at);
    return plan.error ? -1 : next(fd, to, part(len), at);
}

API ssize_t write(int fd, const void *from, size_t len)
{
    NEXT(ssize_t, "write", int, const void *, size_t)
    if (!fails(WRITE, CALLER)) return next(fd, from, len);
    return plan.error ? -1 : next(fd, from, part(len));
}

API ssize_t pwrite(int fd, const void *from, size_t len, off_t at)
{
    NEXT(ssize_t, "pwrite", int, const void *, size_t, off_t)
    if (!fails(WRITE, CALLER)) return next(fd, from, len, at);
    return plan.error ? -1 : next(fd, from, part(len), at);
}

/* Datagrams are whole: where they would be short they are not there. */
API ssize_t sendmsg(int fd, const struct msghdr *m, int flags)
{
    NEXT(ssize_t, "sendmsg", int, const struct msghdr *, int)
    if (!fails(SOCKET, CALLER)) return next(fd, m, flags);
    return plan.error ? -1 : 0;
}

API ssize_t recvmsg(int fd, struct msghdr *m, int flags)
{
    NEXT(ssize_t, "recvmsg", int, struct msghdr *, int)
    if (!fails(SOCKET, CALLER)) return next(fd, m, flags);
    return plan.error ? -1 : 0;
}

/* --- the C library's buffered files --- */

/* As the C library notes it in a file whose bytes could not be written: ferror() sees it. */
static void note(FILE *f)
{
    f->_flags |= 0x20;
    errno = plan.error;
}

API size_t fwrite(const void *from, size_t size, size_t n, FILE *f)
{
    NEXT(size_t, "fwrite", const void *, size_t, size_t, FILE *)
    if (f == stderr || !fails(STDIO, CALLER)) return next(from, size, n, f);
    note(f);
    return 0;
}

API int fflush(FILE *f)
{
    NEXT(int, "fflush", FILE *)
    if (f == stderr || !fails(STDIO, CALLER)) return next(f);
    if (f) note(f);
    return EOF;
}

API int fclose(FILE *f)
{
    NEXT(int, "fclose", FILE *)
    const bool bad = fails(STDIO, CALLER) && plan.error;
    const int r = next(f);
    if (bad) errno = plan.error;
    return bad ? EOF : r;
}

API FILE *fopen(const char *path, const char *mode)
{
    NEXT(FILE *, "fopen", const char *, const char *)
    return fails(OPEN, CALLER) && plan.error ? NULL : next(path, mode);
}

API FILE *fdopen(int fd, const char *mode)
{
    NEXT(FILE *, "fdopen", int, const char *)
    return fails(OPEN, CALLER) && plan.error ? NULL : next(fd, mode);
}

API FILE *tmpfile(void)
{
    NEXT(FILE *, "tmpfile", void)
    return fails(OPEN, CALLER) && plan.error ? NULL : next();
}

/* --- descriptors and names --- */

static mode_t mode_of(int flags, va_list args)
{
    return flags & (O_CREAT | __O_TMPFILE) ? va_arg(args, mode_t) : 0;
}

API int open(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    const mode_t mode = mode_of(flags, args);
    va_end(args);
    NEXT(int, "open", const char *, int, ...)
    return fails(OPEN, CALLER) && plan.error ? -1 : next(path, flags, mode);
}

API int openat(int dir, const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    const mode_t mode = mode_of(flags, args);
    va_end(args);
    NEXT(int, "openat", int, const char *, int, ...)
    return fails(OPEN, CALLER) && plan.error ? -1 : next(dir, path, flags, mode);
}

API int __open_2(const char *path, int flags);
API int __open_2(const char *path, int flags)
{
    NEXT(int, "open", const char *, int, ...)
    return fails(OPEN, CALLER) && plan.error ? -1 : next(path, flags);
}

/* As the kernel: the descriptor is gone whatever it says. */
API int close(int fd)
{
    NEXT(int, "close", int)
    const bool bad = fails(CLOSE, CALLER) && plan.error;
    const int r = next(fd);
    if (bad) errno = plan.error;
    return bad ? -1 : r;
}

API int dup(int fd)
{
    NEXT(int, "dup", int)
    return fails(OPEN, CALLER) && plan.error ? -1 : next(fd);
}

API int renameat(int from_dir, const char *from, int to_dir, const char *to)
{
    NEXT(int, "renameat", int, const char *, int, const char *)
    return fails(RENAME, CALLER) && plan.error ? -1 : next(from_dir, from, to_dir, to);
}

API int renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags)
{
    NEXT(int, "renameat2", int, const char *, int, const char *, unsigned)
    return fails(RENAME, CALLER) && plan.error ? -1 : next(from_dir, from, to_dir, to, flags);
}

API int unlinkat(int dir, const char *name, int flags)
{
    NEXT(int, "unlinkat", int, const char *, int)
    return fails(RENAME, CALLER) && plan.error ? -1 : next(dir, name, flags);
}

API int mkdir(const char *path, mode_t mode)
{
    NEXT(int, "mkdir", const char *, mode_t)
    return fails(OPEN, CALLER) && plan.error ? -1 : next(path, mode);
}

API int fstat(int fd, struct stat *st)
{
    NEXT(int, "fstat", int, struct stat *)
    return fails(STAT, CALLER) && plan.error ? -1 : next(fd, st);
}

API int ftruncate(int fd, off_t len)
{
    NEXT(int, "ftruncate", int, off_t)
    return fails(SEEK, CALLER) && plan.error ? -1 : next(fd, len);
}

API off_t lseek(int fd, off_t to, int whence)
{
    NEXT(off_t, "lseek", int, off_t, int)
    return fails(SEEK, CALLER) && plan.error ? (off_t)-1 : next(fd, to, whence);
}

/* --- processes, threads --- */

API int socketpair(int domain, int type, int protocol, int ends[2])
{
    NEXT(int, "socketpair", int, int, int, int *)
    return fails(SOCKET, CALLER) && plan.error ? -1 : next(domain, type, protocol, ends);
}

API pid_t fork(void)
{
    NEXT(pid_t, "fork", void)
    return fails(THREAD, CALLER) && plan.error ? -1 : next();
}

API int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *),
                       void *arg)
{
    NEXT(int, "pthread_create", pthread_t *, const pthread_attr_t *, void *(*)(void *), void *)
    return fails(THREAD, CALLER) && plan.error ? plan.error : next(thread, attr, start, arg);
}
