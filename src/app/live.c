/* See live.h. */
#include "app/live.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/inputs.h"
#include "sink/complain.h"

/* --- signals --- */

/* The only globals: a signal handler has no other place. Set on whichever thread gets the signal.
 */
static atomic_bool interrupted, reopen, totals;

static void on_end(int number)
{
    /* Whoever asks twice does not want to wait for the report. */
    const int was = errno;
    if (atomic_exchange(&interrupted, true)) {
        signal(number, SIG_DFL);
        raise(number);
    }
    errno = was;
}

static void on_other(int number)
{
    const int was = errno;
    if (number == SIGHUP) atomic_store(&reopen, true);
    if (number == SIGUSR1) atomic_store(&totals, true);
    errno = was;
}

void aw_signals_watch(bool live)
{
    struct sigaction action = {.sa_handler = on_end};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, NULL);
    sigaction(SIGXFSZ, &action, NULL); /* a file as large as one may be is told as a full disk is */
    if (!live) return;
    action.sa_handler = on_other;
    action.sa_flags = SA_RESTART;
    sigaction(SIGHUP, &action, NULL);
    sigaction(SIGUSR1, &action, NULL);
}

bool aw_signal_interrupted(void)
{
    return atomic_load(&interrupted);
}

bool aw_signal_reopen(void)
{
    return atomic_exchange(&reopen, false);
}

bool aw_signal_totals(void)
{
    return atomic_exchange(&totals, false);
}

/* --- interfaces --- */

static bool print_one(void *ctx, const struct aw_interface *i)
{
    unsigned *count = ctx;
    ++*count;
    printf("%-16s %-8s", i->name, i->running ? "running" : i->up ? "up" : "down");
    if (i->addresses[0]) printf(" %s", i->addresses);
    if (i->description[0]) printf("%s(%s)", i->addresses[0] ? "  " : " ", i->description);
    putchar('\n');
    return true;
}

bool aw_interfaces_print(void)
{
    char err[512];
    unsigned count = 0;
    if (!aw_live_list(print_one, &count, err, sizeof err)) {
        aw_complain("-D: %s", err);
        return false;
    }
    if (count == 0) puts("no interface that this user may capture on");
    return true;
}

enum { NAMES = 256, NAME = 64 };
struct names {
    char name[NAMES][NAME];
    size_t count;
};

static bool collect(void *ctx, const struct aw_interface *i)
{
    struct names *n = ctx;
    snprintf(n->name[n->count++], NAME, "%s", i->name);
    return n->count < NAMES;
}

static void say_unknown(const char *name)
{
    char err[512];
    const char *names[NAMES];
    struct names *all = calloc(1, sizeof *all);
    const char *near = NULL;
    if (all && aw_live_list(collect, all, err, sizeof err)) {
        for (size_t i = 0; i < all->count; i++)
            names[i] = all->name[i];
        near = aw_nearest(name, names, all->count);
    }
    aw_complain("-i %s: there is no such interface%s%s%s (-D lists them)", name,
                near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
    free(all);
}

static void say_forbidden(const char *name)
{
    char path[512];
    const ssize_t len = readlink("/proc/self/exe", path, sizeof path - 1);
    path[len > 0 ? len : 0] = '\0';
    aw_complain(
        "-i %s: capturing needs the capability CAP_NET_RAW (and CAP_NET_ADMIN for promiscuous "
        "mode): run it as root, or grant it once:",
        name);
    aw_complain_more("sudo setcap cap_net_raw,cap_net_admin=eip %s", len > 0 ? path : "await100");
    aw_complain_more("or read what somebody else captures: await100 -r FILE");
}

static void say_why_not(const struct aw_options *o, const char *name, enum aw_live_fault fault,
                        const char *err)
{
    switch (fault) {
    case AW_LIVE_NO_DEVICE:
        say_unknown(name);
        break;
    case AW_LIVE_NO_PERMISSION:
        say_forbidden(name);
        break;
    case AW_LIVE_BAD_FILTER:
        aw_inputs_bad_filter(o, err);
        break;
    case AW_LIVE_NO_SHARING:
        aw_complain("-i %s: cannot be captured by several sockets: %s; -j 1 does "
                    "with one",
                    name, err);
        break;
    case AW_LIVE_OTHER:
        aw_complain("-i %s: %s", name, err);
        break;
    }
}

struct aw_capture *aw_capture_of_options(const struct aw_options *o, bool watched, bool *bad_use)
{
    /* Several interfaces have a thread each already. */
    const unsigned members = o->interface_count == 1 && o->jobs > 1 ? o->jobs : 1;
    const size_t sockets = o->interface_count * members;
    struct aw_live_options options = {
        .snaplen = o->snaplen > AW_LIVE_SNAPLEN ? AW_LIVE_SNAPLEN : (int)o->snaplen,
        .buffer_bytes = (size_t)o->buffer_bytes,
        .promiscuous = !o->not_promiscuous,
        .prompt = watched || sockets > 1,
        .filter = o->filter,
        .members = members,
        .group = AW_LIVE_NO_GROUP,
    };
    *bad_use = false;
    struct aw_capture *c = aw_capture_new(sockets);
    if (!c) aw_complain("out of memory");
    for (size_t i = 0; c && i < sockets; i++) {
        char err[512];
        enum aw_live_fault fault;
        options.name = o->interfaces[i / members];
        options.index = (uint16_t)(i / members);
        options.member = (unsigned)(i % members);
        struct aw_live *live = aw_live_open(&options, &fault, err, sizeof err);
        if (!live) {
            say_why_not(o, options.name, fault, err);
            *bad_use = fault == AW_LIVE_BAD_FILTER;
            aw_capture_free(c);
            return NULL;
        }
        aw_capture_add(c, live);
        options.group = aw_live_group(live);
    }
    return c;
}

void aw_live_say_lost(const struct aw_live_stats *lost, uint64_t unwritten)
{
    const struct {
        uint64_t count;
        const char *what;
    } row[] = {
        {lost->kernel, "lost by the kernel for want of room: a larger buffer (-B), a smaller "
                       "snap length (-s), a filter, or several sockets and engines (-j) help"},
        {lost->interface, "lost by the interface or its driver, before they could be captured"},
        {unwritten, "let go by await100 because the output was too slow or full"},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        if (row[i].count > 0)
            aw_complain("%llu %s %s", (unsigned long long)row[i].count,
                        i < 2 ? "packets" : "records", row[i].what);
}
