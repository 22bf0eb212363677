/*
 * The file system, closed by Landlock. By raw system calls: libc has no wrappers, and the kernel
 * that runs us may know more, or less, than the headers we were built with.
 */
#include <errno.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "confine/inside.h"

/* Rights that came with later versions of the interface than the first. */
#define RIGHT_REFER         (UINT64_C(1) << 13) /* 2 */
#define RIGHT_TRUNCATE      (UINT64_C(1) << 14) /* 3 */
#define RIGHT_IOCTL_DEV     (UINT64_C(1) << 15) /* 5 */
#define RIGHTS_FIRST        ((UINT64_C(1) << 13) - 1)
#define NET_BIND_CONNECT    UINT64_C(3) /* 4: TCP */
#define SCOPE_SOCKET_SIGNAL UINT64_C(3) /* 6: abstract sockets, signals to others */

/* struct landlock_ruleset_attr as of version 6; an older kernel is told a smaller size. */
struct ruleset {
    uint64_t fs, net, scoped;
};

static struct ruleset everything(long version, size_t *size)
{
    struct ruleset r = {.fs = RIGHTS_FIRST};
    if (version >= 2) r.fs |= RIGHT_REFER;
    if (version >= 3) r.fs |= RIGHT_TRUNCATE;
    if (version >= 5) r.fs |= RIGHT_IOCTL_DEV;
    if (version >= 4) r.net = NET_BIND_CONNECT;
    if (version >= 6) r.scoped = SCOPE_SOCKET_SIGNAL;
    *size = version >= 6 ? sizeof r : version >= 4 ? 2 * sizeof r.fs : sizeof r.fs;
    return r;
}

static bool allow_below(int rules, const int *dir, size_t count, uint64_t rights)
{
    for (size_t i = 0; i < count; i++) {
        const struct landlock_path_beneath_attr below = {.allowed_access = rights,
                                                         .parent_fd = dir[i]};
        if (syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &below, 0) != 0)
            return false;
    }
    return true;
}

bool aw_landlock(const int *write_dir, size_t writes, const int *read_dir, size_t reads)
{
    const long version =
        syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (version < 1) return false;
    size_t size;
    const struct ruleset all = everything(version, &size);
    const int rules = (int)syscall(SYS_landlock_create_ruleset, &all, size, 0);
    if (rules < 0) return false;
    const uint64_t writing = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG |
                             LANDLOCK_ACCESS_FS_REMOVE_FILE | RIGHT_TRUNCATE;
    const uint64_t reading = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
    const bool closed = allow_below(rules, write_dir, writes, writing & all.fs) &&
                        allow_below(rules, read_dir, reads, reading) &&
                        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
                        syscall(SYS_landlock_restrict_self, rules, 0) == 0;
    const int error = errno;
    (void)close(rules);
    errno = error;
    return closed;
}
