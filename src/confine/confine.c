/*
 * The parts of confinement in their order; see confine.h. The bounds of capabilities and root
 * go before the capabilities that dropping them takes; Landlock and the filter come last, as they
 * would forbid the rest.
 */
#include "confine/confine.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "confine/inside.h"

enum { NOBODY = 65534, READ_BELOW_MAX = 16 };

struct words {
    char *at;
    size_t size;
};

static void AW_PRINTF(2, 3) add(struct words *w, const char *format, ...)
{
    const size_t used = strlen(w->at);
    va_list args;
    va_start(args, format);
    if (used > 0) (void)snprintf(w->at + used, w->size - used, "; ");
    const size_t now = strlen(w->at);
    (void)vsnprintf(w->at + now, w->size - now, format, args);
    va_end(args);
}

/* --- capabilities --- */

/* What executing could ever give us. Takes a capability that goes with root. */
static bool empty_bounds(void)
{
    capng_get_caps_process();
    if (!capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP)) return true; /* no_new_privs holds */
    capng_clear(CAPNG_SELECT_BOUNDS);
    return capng_apply(CAPNG_SELECT_BOUNDS) == 0;
}

bool aw_capabilities_keep(const int *keep)
{
    const bool bounded = empty_bounds();
    bool have[CAP_LAST_CAP + 1] = {false};
    for (; *keep >= 0; keep++)
        have[*keep] = capng_have_capability(CAPNG_PERMITTED, (unsigned)*keep);
    capng_clear(CAPNG_SELECT_CAPS | CAPNG_SELECT_AMBIENT);
    for (unsigned cap = 0; cap <= CAP_LAST_CAP; cap++)
        if (have[cap]) capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, cap);
    return capng_apply(CAPNG_SELECT_CAPS) == 0 && bounded;
}

/* --- the user --- */

struct user {
    uid_t uid;
    gid_t gid;
};

static bool find_user(const char *name, struct user *u)
{
    const struct passwd *p = getpwnam(name ? name : "nobody");
    if (p) {
        *u = (struct user){.uid = p->pw_uid, .gid = p->pw_gid};
        return true;
    }
    *u = (struct user){.uid = NOBODY, .gid = NOBODY};
    return name == NULL;
}

static bool become(const struct user *u)
{
    if (setgroups(0, NULL) != 0 || setresgid(u->gid, u->gid, u->gid) != 0 ||
        setresuid(u->uid, u->uid, u->uid) != 0)
        return false;
    if (u->uid == 0 || setuid(0) != 0) return true;
    errno = EPERM; /* it did not hold */
    return false;
}

/* False where a user was named that we cannot become. */
static bool drop_user(const struct aw_confine *c, struct words *w)
{
    struct user u;
    if (!find_user(c->user, &u)) {
        add(w, "-Z %s: there is no such user", c->user);
        return false;
    }
    if (geteuid() != 0) {
        if (c->user && geteuid() != u.uid) add(w, "-Z %s: only root can change the user", c->user);
        return true;
    }
    if (become(&u)) return true;
    add(w, "cannot become the user %s: %s", c->user ? c->user : "nobody", strerror(errno));
    return c->user == NULL;
}

/* --- the file system --- */

static bool close_files(const struct aw_confine *c)
{
    int dir[READ_BELOW_MAX];
    size_t count = 0;
    for (size_t i = 0; i < c->read_below_count && count < READ_BELOW_MAX; i++) {
        dir[count] = open(c->read_below[i], O_PATH | O_CLOEXEC);
        if (dir[count] >= 0) count++; /* what is not there needs no leave */
    }
    const bool closed = aw_landlock(NULL, 0, dir, count);
    const int error = errno;
    while (count > 0)
        (void)close(dir[--count]);
    errno = error;
    return closed;
}

enum aw_confined aw_confine(const struct aw_confine *c, char *words, size_t size)
{
    static const int none[] = {-1};
    struct words w = {.at = words, .size = size};
    *words = '\0';
    const bool bounded = empty_bounds();
    if (!drop_user(c, &w)) return AW_CONFINE_FAILED;
    if (!aw_capabilities_keep(none) || !bounded) add(&w, "capabilities could not be dropped");
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) add(&w, "no_new_privs: %s", strerror(errno));
    const bool closed = close_files(c);
    if (!closed) add(&w, "no Landlock here (%s)", strerror(errno));
    if (!aw_syscalls_of_program(c->keeper_line, closed && c->read_below_count > 0, c->refilter))
        add(&w, "no system call filter here (%s)", strerror(errno));
    return *words ? AW_CONFINED_IN_PART : AW_CONFINED;
}
