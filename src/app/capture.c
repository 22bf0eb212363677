/* See capture.h. */
#include "app/capture.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    QUEUE = 56, /* lots waiting for the engine; beyond that the kernel keeps the packets */
    LOT_PACKETS = 2048,
    LOT_BYTES = 1 << 20,
    WAIT_MS = 50,   /* for packets, or for the queue: as long as a stop may go unseen */
    QUIET_MS = 100, /* of silence, and the engine's clock is moved on */
};
enum { LOTS = QUEUE + AW_SOURCE_HOLDS + 1 };
_Static_assert(LOT_BYTES >= 2 * AW_LIVE_SNAPLEN, "a lot holds two packets of any size");

struct lot {
    struct aw_lot_room room; /* its arrays are owned, made when first needed */
    aw_ns came;              /* steady time */
    uint64_t lost;           /* packets the capture lost meanwhile */
    aw_ns lost_from, lost_to;
};

struct aw_capture {
    struct aw_live *live; /* owned; the thread's while that runs */
    struct aw_capture_calls calls;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t filled, emptied;
    struct lot lot[LOTS];
    struct lot *spare[LOTS]; /* the last one put back is the first taken: it is in the cache */
    unsigned spares;
    struct lot *ready[QUEUE];
    uint64_t put, taken; /* of ready, a ring */
    bool stop, over, gone;
    bool abandoned; /* nobody takes any more */
    struct aw_live_stats lost;
    char *wanted; /* owned: a filter to be taken; NULL = none */

    /* the taking side's own */
    struct lot *held[AW_SOURCE_HOLDS];
    struct lot *latest; /* what `next` gave last */
    uint64_t ord, left;

    /* the thread's own */
    struct aw_live_stats counted;
    aw_ns looked_wall; /* capture time as of the last look at the counters */
    aw_ns last_put;
};

static aw_ns clock_now(clockid_t which)
{
    struct timespec t;
    clock_gettime(which, &t);
    return (aw_ns)t.tv_sec * AW_SEC + t.tv_nsec;
}

/* With the lock held. */
static void wait_a_moment(struct aw_capture *c, pthread_cond_t *what)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += WAIT_MS * AW_MS;
    if (until.tv_nsec >= AW_SEC) {
        until.tv_nsec -= AW_SEC;
        until.tv_sec++;
    }
    pthread_cond_timedwait(what, &c->lock, &until);
}

/* --- the thread --- */

/* A lot to fill; NULL where the queue is full, after a moment in which it did not empty. */
static struct lot *take_spare(struct aw_capture *c)
{
    pthread_mutex_lock(&c->lock);
    if (c->put - c->taken == QUEUE || c->spares == 0) {
        wait_a_moment(c, &c->emptied);
    }
    struct lot *lot = NULL;
    if (c->put - c->taken < QUEUE && c->spares > 0) lot = c->spare[--c->spares];
    pthread_mutex_unlock(&c->lock);
    if (!lot || lot->room.bytes) return lot;
    lot->room.pkts = malloc(LOT_PACKETS * sizeof *lot->room.pkts);
    lot->room.bytes = malloc(LOT_BYTES);
    lot->room.room = LOT_PACKETS;
    lot->room.size = LOT_BYTES;
    if (lot->room.pkts && lot->room.bytes) return lot;
    free(lot->room.pkts);
    free(lot->room.bytes);
    lot->room = (struct aw_lot_room){.pkts = NULL};
    pthread_mutex_lock(&c->lock);
    c->spare[c->spares++] = lot;
    pthread_mutex_unlock(&c->lock);
    return NULL;
}

/* Asks for the counters before the packets go on, so that a loss is known by the time the verdict
 * on what suffered from it is made. */
static void note_losses(struct aw_capture *c, struct lot *lot)
{
    struct aw_live_stats now;
    aw_live_stats(c->live, &now);
    const aw_ns wall = clock_now(CLOCK_REALTIME);
    const uint64_t before = c->counted.kernel + c->counted.interface;
    lot->lost = now.kernel + now.interface - before;
    lot->lost_from = c->looked_wall;
    lot->lost_to = wall;
    c->looked_wall = wall;
    c->counted = now;
}

static void put(struct aw_capture *c, struct lot *lot)
{
    lot->came = c->last_put = clock_now(CLOCK_MONOTONIC);
    note_losses(c, lot);
    pthread_mutex_lock(&c->lock);
    c->ready[c->put++ % QUEUE] = lot;
    c->lost = c->counted;
    pthread_cond_signal(&c->filled);
    pthread_mutex_unlock(&c->lock);
}

static void put_back(struct aw_capture *c, struct lot *lot)
{
    pthread_mutex_lock(&c->lock);
    c->spare[c->spares++] = lot;
    pthread_mutex_unlock(&c->lock);
}

static bool stopping(struct aw_capture *c)
{
    pthread_mutex_lock(&c->lock);
    const bool stop = c->stop;
    pthread_mutex_unlock(&c->lock);
    return stop;
}

static bool abandoned(struct aw_capture *c)
{
    pthread_mutex_lock(&c->lock);
    const bool is = c->abandoned;
    pthread_mutex_unlock(&c->lock);
    return is;
}

static void take_filter(struct aw_capture *c)
{
    char err[256];
    pthread_mutex_lock(&c->lock);
    char *wanted = c->wanted;
    c->wanted = NULL;
    pthread_mutex_unlock(&c->lock);
    if (!wanted) return;
    const bool good = aw_live_refilter(c->live, wanted, err, sizeof err);
    if (c->calls.filtered) c->calls.filtered(c->calls.ctx, wanted, good ? NULL : err);
    free(wanted);
}

static void read_on(struct aw_capture *c)
{
    while (!stopping(c)) {
        take_filter(c);
        struct lot *lot = take_spare(c);
        if (!lot) continue;
        const bool some = aw_live_read(c->live, &lot->room, WAIT_MS);
        const char *line = aw_live_notice(c->live);
        if (*line && c->calls.say) c->calls.say(c->calls.ctx, line);
        if (some || clock_now(CLOCK_MONOTONIC) - c->last_put >= QUIET_MS * AW_MS)
            put(c, lot);
        else
            put_back(c, lot);
        if (!some && aw_live_over(c->live)) return;
    }
}

static void *run(void *arg)
{
    struct aw_capture *c = arg;
    read_on(c);
    for (bool more = !aw_live_over(c->live); more && !abandoned(c);) {
        struct lot *lot = take_spare(c);
        if (!lot) continue;
        more = aw_live_drain(c->live, &lot->room);
        if (more)
            put(c, lot);
        else
            put_back(c, lot);
    }
    pthread_mutex_lock(&c->lock);
    c->gone = aw_live_over(c->live);
    c->over = true;
    pthread_cond_signal(&c->filled);
    pthread_mutex_unlock(&c->lock);
    return NULL;
}

/* --- the taking side --- */

static enum aw_read next(void *ctx, unsigned hold, const struct aw_packet **pkts, size_t *n)
{
    struct aw_capture *c = ctx;
    struct lot **held = &c->held[hold % AW_SOURCE_HOLDS];
    *pkts = NULL;
    *n = 0;
    c->latest = NULL;
    if (c->left == 0) return AW_READ_END;
    pthread_mutex_lock(&c->lock);
    if (*held) {
        c->spare[c->spares++] = *held;
        *held = NULL;
        pthread_cond_signal(&c->emptied);
    }
    if (c->taken == c->put && !c->over) {
        wait_a_moment(c, &c->filled);
    }
    const bool some = c->taken < c->put, over = c->over;
    if (some) {
        *held = c->ready[c->taken++ % QUEUE];
        pthread_cond_signal(&c->emptied);
    }
    pthread_mutex_unlock(&c->lock);
    if (!some) return over ? AW_READ_END : AW_READ_AGAIN;
    c->latest = *held;
    const struct aw_lot_room *room = &c->latest->room;
    *n = room->n < c->left ? room->n : (size_t)c->left;
    *pkts = room->pkts;
    for (size_t i = 0; i < *n; i++)
        room->pkts[i].ord = ++c->ord;
    c->left -= *n;
    return AW_READ_OK;
}

static void before(void *ctx, struct aw_engine *e)
{
    const struct aw_capture *c = ctx;
    if (!c->latest) return;
    aw_engine_steady(e, c->latest->came, aw_live_latency(c->live));
    if (c->latest->lost > 0)
        aw_engine_dropped(e, c->latest->lost, c->latest->lost_from, c->latest->lost_to);
}

struct aw_feed aw_feed_of_capture(struct aw_capture *c)
{
    return (struct aw_feed){.ctx = c, .next = next, .before = before, .live = true};
}

bool aw_capture_refilter(struct aw_capture *c, const char *filter)
{
    char *wanted = strdup(filter);
    pthread_mutex_lock(&c->lock);
    const bool take = wanted && !c->wanted && !c->stop;
    if (take) c->wanted = wanted;
    pthread_mutex_unlock(&c->lock);
    if (!take) free(wanted);
    return take;
}

void aw_capture_stop(struct aw_capture *c)
{
    pthread_mutex_lock(&c->lock);
    c->stop = true;
    pthread_cond_signal(&c->emptied);
    pthread_mutex_unlock(&c->lock);
}

void aw_capture_lost(struct aw_capture *c, struct aw_live_stats *out)
{
    pthread_mutex_lock(&c->lock);
    *out = c->lost;
    pthread_mutex_unlock(&c->lock);
}

bool aw_capture_over(struct aw_capture *c)
{
    pthread_mutex_lock(&c->lock);
    const bool gone = c->gone;
    pthread_mutex_unlock(&c->lock);
    return gone;
}

/* --- life --- */

/* Signals are for the main thread: this one must not have its reads disturbed by them. */
static bool start_thread(struct aw_capture *c)
{
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    const bool good = pthread_create(&c->thread, NULL, run, c) == 0;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return good;
}

static void init_sync(struct aw_capture *c)
{
    pthread_condattr_t steady;
    pthread_condattr_init(&steady);
    pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->filled, &steady);
    pthread_cond_init(&c->emptied, &steady);
    pthread_condattr_destroy(&steady);
}

static void release(struct aw_capture *c)
{
    pthread_cond_destroy(&c->emptied);
    pthread_cond_destroy(&c->filled);
    pthread_mutex_destroy(&c->lock);
    for (unsigned i = 0; i < LOTS; i++) {
        free(c->lot[i].room.pkts);
        free(c->lot[i].room.bytes);
    }
    free(c->wanted);
    free(c);
}

struct aw_capture *aw_capture_start(struct aw_live *live, uint64_t stop_after,
                                    const struct aw_capture_calls *calls)
{
    struct aw_capture *c = calloc(1, sizeof *c);
    if (!c) return NULL;
    init_sync(c);
    c->live = live;
    if (calls) c->calls = *calls;
    c->left = stop_after ? stop_after : UINT64_MAX;
    c->looked_wall = clock_now(CLOCK_REALTIME);
    c->last_put = clock_now(CLOCK_MONOTONIC);
    for (unsigned i = 0; i < LOTS; i++)
        c->spare[c->spares++] = &c->lot[i];
    if (start_thread(c)) return c;
    release(c);
    return NULL;
}

void aw_capture_free(struct aw_capture *c)
{
    if (!c) return;
    pthread_mutex_lock(&c->lock);
    c->stop = c->abandoned = true;
    pthread_cond_signal(&c->emptied);
    pthread_mutex_unlock(&c->lock);
    pthread_join(c->thread, NULL);
    aw_live_close(c->live);
    release(c);
}
