/*
 * The program's own confinement; see sandbox.h.
 */
#include "app/sandbox.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "confine/confine.h"
#include "sink/complain.h"

void aw_sandbox_prepare(struct aw_sandbox *s, const struct aw_options *o,
                        struct aw_folder *const *folders, size_t count)
{
    *s = (struct aw_sandbox){.wanted = !o->no_sandbox};
    bool any = false;
    for (size_t i = 0; i < count; i++)
        any = any || folders[i];
    if (!s->wanted || !any) return;
    s->keeper = aw_keeper_start(folders, count);
    if (s->keeper) return;
    aw_complain("no sandbox: cannot start its keeper of files: %s", strerror(errno));
    s->wanted = false;
}

bool aw_sandbox_enter(struct aw_sandbox *s, const struct aw_options *o, bool live, bool refilter)
{
    /* Links lead from the one to the other. */
    static const char *const counters[] = {"/sys/class/net", "/sys/devices"};
    if (!s->wanted) return true;
    tzset(); /* reads the time zone's file */
    const struct aw_confine c = {
        .user = o->user,
        .keeper_line = aw_keeper_line(s->keeper),
        .read_below = counters,
        .refilter = refilter,
        .read_below_count = live ? sizeof counters / sizeof *counters : 0,
    };
    char words[512];
    switch (aw_confine(&c, words, sizeof words)) {
    case AW_CONFINED:
        return true;
    case AW_CONFINED_IN_PART:
        if (!o->quiet) aw_complain("sandbox: %s; going on without", words);
        return true;
    case AW_CONFINE_FAILED:
        break;
    }
    aw_complain("%s", words);
    return false;
}

void aw_sandbox_leave(struct aw_sandbox *s)
{
    aw_keeper_stop(s->keeper);
    s->keeper = NULL;
}
