/* See capture.h. */
#include "app/capture.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "source/order.h"

enum {
    QUEUE = 56,       /* lots waiting for the engine; beyond that the kernel keeps the packets */
    QUEUE_SHARE = 28, /* ... of each socket, where there are several */
    LOT_PACKETS = 2048,
    LOT_BYTES = 1 << 20,
    WAIT_MS = 50,       /* for packets, or for the queue: as long as a stop may go unseen */
    WAIT_SHARE_MS = 20, /* ... where other sockets' packets wait for this one's */
    QUIET_MS = 100,     /* of silence, and the engine's clock is moved on */
};
enum { LOTS = QUEUE + AW_SOURCE_HOLDS + 2 };
_Static_assert(LOT_BYTES >= 2 * AW_LIVE_SNAPLEN, "a lot holds two packets of any size");

struct lot {
    struct aw_lot_room room; /* its arrays are owned, made when first needed */
    struct reader *of;
    aw_ns came;    /* steady time */
    uint64_t lost; /* packets the capture lost meanwhile */
    aw_ns lost_from, lost_to;
};

struct reader { /* a socket and its thread */
    struct aw_capture *c;
    struct aw_live *live; /* owned; the thread's while that runs */
    pthread_t thread;
    bool started;

    /* under the lock */
    struct lot lot[LOTS];
    struct lot *spare[LOTS]; /* the last one put back is the first taken: it is in the cache */
    unsigned spares;
    struct lot *ready[QUEUE];
    uint64_t put, taken; /* of ready, a ring */
    bool over, gone;
    aw_ns looked; /* steady: what the kernel had handed over by then is in `ready` or taken */
    struct aw_live_stats lost;

    /* the thread's own */
    struct aw_live_stats counted;
    aw_ns looked_wall; /* capture time as of the last look at the counters */
    unsigned filters;  /* taken */

    struct lot *at; /* the taking side's: being handed on */
};

struct batch {              /* what `next` gave, and the lot that was used up by it */
    struct aw_packet *pkts; /* owned; LOT_PACKETS */
    struct lot *used;
};

struct aw_capture {
    struct aw_capture_calls calls;
    size_t count;            /* of readers */
    unsigned queue;          /* lots of each in `ready`, at most */
    pthread_mutex_t calling; /* taken for each call */

    pthread_mutex_t lock;
    pthread_cond_t filled, emptied;
    bool stop;
    aw_ns until;    /* capture time of the end */
    bool abandoned; /* nobody takes any more */
    struct {
        char *text;      /* owned: the one in force, or to be taken */
        char *before;    /* owned: the one to go back to */
        unsigned number; /* of changes */
        size_t left;     /* readers that have not taken it yet */
        bool busy;       /* a change is under way */
        bool back;       /* ... to one that was in force before */
        char why[256];   /* one of them could not */
    } filter;

    /* the taking side's own */
    struct batch batch[AW_SOURCE_HOLDS];
    struct aw_lane *lane; /* owned; one a reader */
    uint64_t ord, left;
    aw_ns steady, told; /* of what `next` gave last; of the last news for the engine's clock */
    uint64_t lost;      /* since the engine heard of it */
    aw_ns lost_from, lost_to;

    struct reader reader[];
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

/* --- a capturing thread --- */

/* A lot to fill; NULL where the queue is full, after a moment in which it did not empty. */
static struct lot *take_spare(struct reader *r)
{
    struct aw_capture *c = r->c;
    pthread_mutex_lock(&c->lock);
    if (r->put - r->taken == c->queue || r->spares == 0) {
        wait_a_moment(c, &c->emptied);
    }
    struct lot *lot = NULL;
    if (r->put - r->taken < c->queue && r->spares > 0) lot = r->spare[--r->spares];
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
    r->spare[r->spares++] = lot;
    pthread_mutex_unlock(&c->lock);
    return NULL;
}

/* Asks for the counters before the packets go on, so that a loss is known by the time the verdict
 * on what suffered from it is made. */
static void note_losses(struct reader *r, struct lot *lot)
{
    struct aw_live_stats now;
    aw_live_stats(r->live, &now);
    const aw_ns wall = clock_now(CLOCK_REALTIME);
    const uint64_t before = r->counted.kernel + r->counted.interface;
    lot->lost = now.kernel + now.interface - before;
    lot->lost_from = r->looked_wall;
    lot->lost_to = wall;
    r->looked_wall = wall;
    r->counted = now;
}

/* A lot without packets or news is a spare one again: what counts is that there was a look. */
static void put(struct reader *r, struct lot *lot, aw_ns looked)
{
    struct aw_capture *c = r->c;
    lot->came = clock_now(CLOCK_MONOTONIC);
    note_losses(r, lot);
    pthread_mutex_lock(&c->lock);
    if (lot->room.n > 0 || lot->lost > 0)
        r->ready[r->put++ % QUEUE] = lot;
    else
        r->spare[r->spares++] = lot;
    r->looked = looked;
    r->lost = r->counted;
    pthread_cond_signal(&c->filled);
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

/* With the lock held: `text` is given; every reader is to take it. */
static void change_filter(struct aw_capture *c, char *text, bool back)
{
    c->filter.before = c->filter.text;
    c->filter.text = text;
    c->filter.back = back;
    c->filter.number++;
    c->filter.left = 0;
    for (size_t i = 0; i < c->count; i++)
        c->filter.left += !c->reader[i].over;
    c->filter.busy = c->filter.left > 0;
    c->filter.why[0] = '\0';
}

/* All have tried. Where one could not, those that could go back to the one before. */
static void end_change(struct aw_capture *c)
{
    pthread_mutex_lock(&c->lock);
    const bool back = c->filter.back, good = !c->filter.why[0];
    char why[sizeof c->filter.why];
    memcpy(why, c->filter.why, sizeof why);
    char *text = strdup(c->filter.text), *before = c->filter.before;
    c->filter.before = NULL;
    c->filter.busy = false;
    if (good || back)
        free(before);
    else
        change_filter(c, before, true);
    pthread_mutex_unlock(&c->lock);
    if (text && !back && c->calls.filtered) {
        pthread_mutex_lock(&c->calling);
        c->calls.filtered(c->calls.ctx, text, good ? NULL : why);
        pthread_mutex_unlock(&c->calling);
    }
    free(text);
}

static void take_filter(struct reader *r)
{
    struct aw_capture *c = r->c;
    char err[sizeof c->filter.why] = "";
    pthread_mutex_lock(&c->lock);
    const bool news = r->filters != c->filter.number;
    char *text = news ? strdup(c->filter.text) : NULL;
    r->filters = c->filter.number;
    pthread_mutex_unlock(&c->lock);
    if (!news) return;
    if (!text)
        snprintf(err, sizeof err, "out of memory");
    else
        (void)aw_live_refilter(r->live, text, err, sizeof err);
    free(text);
    pthread_mutex_lock(&c->lock);
    if (*err) memcpy(c->filter.why, err, sizeof err);
    const bool last = --c->filter.left == 0;
    pthread_mutex_unlock(&c->lock);
    if (last) end_change(c);
}

static void read_on(struct reader *r)
{
    struct aw_capture *c = r->c;
    aw_ns looked = clock_now(CLOCK_MONOTONIC);
    while (!stopping(c)) {
        take_filter(r);
        struct lot *lot = take_spare(r);
        if (!lot) continue;
        const bool some =
            aw_live_read(r->live, &lot->room, c->count > 1 ? WAIT_SHARE_MS : WAIT_MS, &looked);
        const char *line = aw_live_notice(r->live);
        if (*line && c->calls.say) {
            pthread_mutex_lock(&c->calling);
            c->calls.say(c->calls.ctx, line);
            pthread_mutex_unlock(&c->calling);
        }
        put(r, lot, looked);
        if (!some && aw_live_over(r->live)) return;
    }
}

static void *run(void *arg)
{
    struct reader *r = arg;
    struct aw_capture *c = r->c;
    read_on(r);
    for (bool more = !aw_live_over(r->live); more && !abandoned(c);) {
        struct lot *lot = take_spare(r);
        if (!lot) continue;
        more = aw_live_drain(r->live, &lot->room, c->until);
        put(r, lot, r->looked);
    }
    pthread_mutex_lock(&c->lock);
    r->gone = aw_live_over(r->live);
    r->over = true;
    const bool waited_for = r->filters != c->filter.number && --c->filter.left == 0;
    pthread_cond_signal(&c->filled);
    pthread_mutex_unlock(&c->lock);
    if (waited_for) end_change(c);
    return NULL;
}

/* --- the taking side --- */

static void give_back(struct aw_capture *c, struct lot *lot)
{
    struct reader *r = lot->of;
    pthread_mutex_lock(&c->lock);
    r->spare[r->spares++] = lot;
    pthread_cond_broadcast(&c->emptied);
    pthread_mutex_unlock(&c->lock);
}

/* What the lot tells of losses, for the engine. */
static void hear_of_losses(struct aw_capture *c, const struct lot *lot)
{
    if (lot->lost == 0) return;
    if (c->lost == 0 || lot->lost_from < c->lost_from) c->lost_from = lot->lost_from;
    if (c->lost == 0 || lot->lost_to > c->lost_to) c->lost_to = lot->lost_to;
    c->lost += lot->lost;
}

/* With the lock held: the next lot of every socket that shows none. */
static void refresh(struct aw_capture *c)
{
    for (size_t i = 0; i < c->count; i++) {
        struct reader *r = &c->reader[i];
        struct aw_lane *lane = &c->lane[i];
        while (!r->at && r->taken < r->put) {
            struct lot *lot = r->ready[r->taken++ % QUEUE];
            pthread_cond_broadcast(&c->emptied);
            hear_of_losses(c, lot);
            lane->next = lot->room.pkts;
            lane->end = lane->next + lot->room.n;
            lane->came = lot->came;
            if (lot->room.n > 0)
                r->at = lot;
            else
                r->spare[r->spares++] = lot; /* it brought no more than that */
        }
        lane->looked = r->over ? INT64_MAX : r->looked;
    }
}

/* Moves what may go next into the batch, no further than to the end of a lot: so a batch keeps but
 * one from being filled again. */
static size_t fill(struct aw_capture *c, struct batch *b)
{
    const size_t room = c->left < LOT_PACKETS ? (size_t)c->left : LOT_PACKETS;
    size_t n = 0;
    while (n < room && !b->used) {
        size_t k = 0;
        size_t run = aw_order_next(c->lane, c->count, aw_live_latency(c->reader[0].live), &k);
        if (run == 0) break;
        struct aw_lane *lane = &c->lane[k];
        if (run > room - n) run = room - n;
        memcpy(b->pkts + n, lane->next, run * sizeof *b->pkts);
        n += run;
        lane->next += run;
        if (lane->came > c->steady) c->steady = lane->came;
        if (lane->next < lane->end) continue;
        b->used = c->reader[k].at;
        c->reader[k].at = NULL;
        lane->next = lane->end = NULL;
    }
    for (size_t i = 0; i < n; i++) {
        b->pkts[i].ord = ++c->ord;
        b->pkts[i].ref = aw_ref_make(0, c->ord);
    }
    c->left -= n;
    return n;
}

/* Nothing is under way: the steady time at which that was so. */
static bool quiet(const struct aw_capture *c, aw_ns *since)
{
    *since = INT64_MAX;
    for (size_t i = 0; i < c->count; i++) {
        if (c->lane[i].next < c->lane[i].end) return false;
        if (c->lane[i].looked < *since) *since = c->lane[i].looked;
    }
    return *since < INT64_MAX;
}

static bool all_over(const struct aw_capture *c)
{
    for (size_t i = 0; i < c->count; i++)
        if (!c->reader[i].over || c->reader[i].put != c->reader[i].taken || c->reader[i].at)
            return false;
    return true;
}

static enum aw_read next(void *ctx, unsigned hold, const struct aw_packet **pkts, size_t *n)
{
    struct aw_capture *c = ctx;
    struct batch *b = &c->batch[hold % AW_SOURCE_HOLDS];
    *pkts = b->pkts;
    *n = 0;
    if (b->used) give_back(c, b->used);
    b->used = NULL;
    if (c->left == 0) return AW_READ_END;
    bool over = false;
    for (unsigned tries = 0; tries < 2 && *n == 0 && !over; tries++) {
        pthread_mutex_lock(&c->lock);
        if (tries > 0) wait_a_moment(c, &c->filled);
        refresh(c);
        over = all_over(c);
        pthread_mutex_unlock(&c->lock);
        *n = fill(c, b);
    }
    aw_ns since;
    if (*n > 0) {
        c->told = c->steady;
        return AW_READ_OK;
    }
    if (over) return AW_READ_END;
    if (c->lost == 0 && (!quiet(c, &since) || since - c->told < QUIET_MS * AW_MS))
        return AW_READ_AGAIN;
    if (quiet(c, &since) && since > c->steady) c->steady = since;
    c->told = c->steady;
    return AW_READ_OK;
}

static void before(void *ctx, struct aw_engine *e)
{
    struct aw_capture *c = ctx;
    if (c->steady > 0) aw_engine_steady(e, c->steady, aw_live_latency(c->reader[0].live));
    if (c->lost > 0) aw_engine_dropped(e, c->lost, c->lost_from, c->lost_to);
    c->lost = 0;
}

struct aw_feed aw_feed_of_capture(struct aw_capture *c)
{
    return (struct aw_feed){.ctx = c, .next = next, .before = before, .live = true};
}

bool aw_capture_refilter(struct aw_capture *c, const char *filter)
{
    char *text = strdup(filter);
    pthread_mutex_lock(&c->lock);
    const bool take = text && !c->filter.busy && !c->stop;
    if (take) change_filter(c, text, false);
    pthread_mutex_unlock(&c->lock);
    if (!take) free(text);
    return take;
}

void aw_capture_stop(struct aw_capture *c)
{
    pthread_mutex_lock(&c->lock);
    c->stop = true;
    c->until = clock_now(CLOCK_REALTIME);
    pthread_cond_broadcast(&c->emptied);
    pthread_mutex_unlock(&c->lock);
}

void aw_capture_lost(struct aw_capture *c, struct aw_live_stats *out)
{
    *out = (struct aw_live_stats){0};
    pthread_mutex_lock(&c->lock);
    for (size_t i = 0; i < c->count; i++) {
        out->kernel += c->reader[i].lost.kernel;
        out->interface += c->reader[i].lost.interface;
    }
    pthread_mutex_unlock(&c->lock);
}

bool aw_capture_over(struct aw_capture *c)
{
    pthread_mutex_lock(&c->lock);
    bool gone = true;
    for (size_t i = 0; i < c->count; i++)
        gone = gone && c->reader[i].gone;
    pthread_mutex_unlock(&c->lock);
    return gone;
}

/* --- life --- */

struct aw_capture *aw_capture_new(size_t sockets)
{
    struct aw_capture *c = calloc(1, sizeof *c + sockets * sizeof c->reader[0]);
    if (!c) return NULL;
    pthread_condattr_t steady;
    pthread_condattr_init(&steady);
    pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
    pthread_mutex_init(&c->calling, NULL);
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->filled, &steady);
    pthread_cond_init(&c->emptied, &steady);
    pthread_condattr_destroy(&steady);
    c->lane = calloc(sockets, sizeof *c->lane);
    bool good = c->lane != NULL;
    for (size_t i = 0; i < AW_SOURCE_HOLDS; i++) {
        c->batch[i].pkts = malloc(LOT_PACKETS * sizeof *c->batch[i].pkts);
        good = good && c->batch[i].pkts;
    }
    if (good) return c;
    aw_capture_free(c);
    return NULL;
}

void aw_capture_add(struct aw_capture *c, struct aw_live *live)
{
    struct reader *r = &c->reader[c->count++];
    r->c = c;
    r->live = live;
    for (unsigned i = 0; i < LOTS; i++) {
        r->lot[i].of = r;
        r->spare[r->spares++] = &r->lot[i];
    }
}

/* Signals are for the main thread: these must not have their reads disturbed by them. */
static bool start_threads(struct aw_capture *c)
{
    sigset_t all, old;
    bool good = true;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    for (size_t i = 0; good && i < c->count; i++) {
        struct reader *r = &c->reader[i];
        good = r->started = pthread_create(&r->thread, NULL, run, r) == 0;
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return good;
}

bool aw_capture_start(struct aw_capture *c, uint64_t stop_after, const char *filter,
                      const struct aw_capture_calls *calls)
{
    if (calls) c->calls = *calls;
    c->left = stop_after ? stop_after : UINT64_MAX;
    c->queue = c->count > 1 ? QUEUE_SHARE : QUEUE;
    c->filter.text = strdup(filter ? filter : "");
    c->told = clock_now(CLOCK_MONOTONIC);
    const aw_ns wall = clock_now(CLOCK_REALTIME);
    for (size_t i = 0; i < c->count; i++) {
        struct reader *r = &c->reader[i];
        r->looked_wall = wall;
        r->looked = c->told;
        /* Of several the first began when the last was not there yet. */
        if (c->count > 1) aw_live_since(r->live, wall);
    }
    return c->filter.text && start_threads(c);
}

void aw_capture_free(struct aw_capture *c)
{
    if (!c) return;
    pthread_mutex_lock(&c->lock);
    c->stop = c->abandoned = true;
    pthread_cond_broadcast(&c->emptied);
    pthread_mutex_unlock(&c->lock);
    for (size_t i = 0; i < c->count; i++) {
        struct reader *r = &c->reader[i];
        if (r->started) pthread_join(r->thread, NULL);
        aw_live_close(r->live);
        for (unsigned k = 0; k < LOTS; k++) {
            free(r->lot[k].room.pkts);
            free(r->lot[k].room.bytes);
        }
    }
    for (size_t i = 0; i < AW_SOURCE_HOLDS; i++)
        free(c->batch[i].pkts);
    pthread_cond_destroy(&c->emptied);
    pthread_cond_destroy(&c->filled);
    pthread_mutex_destroy(&c->lock);
    pthread_mutex_destroy(&c->calling);
    free(c->filter.text);
    free(c->filter.before);
    free(c->lane);
    free(c);
}
