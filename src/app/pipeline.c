/*
 * The pipeline: a ring of batches and a team of threads that share what there is to do with them.
 * To read the next lot of packets, to fill a batch with it (decode), to let one shard work on its
 * next batch, to collect the next that all shards are through with, to deliver what was found in
 * it: each of these goes on once at a time, in the order of batches, on whichever thread is free.
 * So no core waits for another's part to be done, and none has a part of its own to wait with. Only
 * the caller's thread reads, since a signal interrupts its reading alone, though one that has
 * nothing else to do may read ahead for it; and where packets do not wait it does that and decodes,
 * and nothing else, so that no slow output keeps it from them. A slot's number is also the source's
 * `hold`: its packets stay put until it is delivered.
 *
 * Cost: a lock taken and left twice a task, and a task is part of the work on half a MiB of
 * packets.
 */
#include "app/pipeline.h"

#include <pthread.h>

enum {
    SLOTS = 4,
    READ_AHEAD = 2,  /* batches that wait for a shard: with fewer, reading comes first */
    FOUND_AHEAD = 2, /* batches that wait to be delivered: each holds some MiB of records */
};
_Static_assert((int)SLOTS <= (int)AW_SOURCE_HOLDS, "every slot needs a hold of its own");

/* What was read for a batch. */
struct lot {
    const struct aw_packet *pkts;
    size_t n;
    bool last;
};

struct pipeline {
    struct aw_engine *engine;
    const struct aw_feed *from;
    const struct aw_pipeline_calls *calls;
    unsigned shards;
    struct aw_batch *batch[SLOTS]; /* owned */
    struct lot lot[SLOTS];

    pthread_mutex_t lock; /* for all below */
    pthread_cond_t news;  /* a task was done */
    bool apart;           /* records are delivered in a phase of their own */
    /* Batches, of all there have been; batch n is in slot n % SLOTS. */
    uint64_t read, filled, collected;
    uint64_t delivered;             /* and through with */
    uint64_t worked[AW_SHARDS_MAX]; /* by each shard */
    bool working[AW_SHARDS_MAX];
    bool laden[AW_SHARDS_MAX]; /* ... and has to wait until that is collected */
    bool filling, collecting, delivering, ahead;
    uint64_t not_ahead; /* as many batches were read when there was nothing to read ahead */
    bool ended;         /* nothing more will be read */
    bool over;          /* ... and filled */
    bool stop;          /* no more is wanted */
    enum aw_status status;
};

struct member {
    struct pipeline *p;
    unsigned shard; /* looked at first: its connections are in this core's cache */
    pthread_t thread;
};

static bool ahead_of_merge(void *ctx)
{
    return aw_merge_ahead(ctx);
}

static enum aw_read next_of_merge(void *ctx, unsigned hold, const struct aw_packet **pkts,
                                  size_t *n)
{
    return aw_merge_next(ctx, hold, pkts, n);
}

struct aw_feed aw_feed_of_merge(struct aw_merge *m)
{
    return (struct aw_feed){.ctx = m, .next = next_of_merge, .ahead = ahead_of_merge};
}

enum task { TASK_NONE, TASK_READ, TASK_AHEAD, TASK_FILL, TASK_WORK, TASK_COLLECT, TASK_DELIVER };

/* --- choosing, under the lock --- */

static uint64_t worked_by_all(const struct pipeline *p)
{
    uint64_t least = p->worked[0];
    for (unsigned k = 1; k < p->shards; k++)
        if (p->worked[k] < least) least = p->worked[k];
    return least;
}

static bool may_read(const struct pipeline *p, bool caller)
{
    return caller && !p->ended && !p->over && p->read - p->delivered < SLOTS;
}

/* Takes the most urgent task there is, for a work task with its shard. */
static enum task choose(struct pipeline *p, unsigned first, bool caller, unsigned *shard)
{
    const uint64_t ready = worked_by_all(p);
    if (caller && p->from->live) return may_read(p, caller) ? TASK_READ : TASK_NONE;
    if (may_read(p, caller) && p->read - ready < READ_AHEAD) return TASK_READ;
    if (!p->collecting && p->collected < ready && p->collected - p->delivered < FOUND_AHEAD) {
        p->collecting = true;
        return TASK_COLLECT;
    }
    if (!p->delivering && p->delivered < p->collected) {
        p->delivering = true;
        return TASK_DELIVER;
    }
    if (!p->filling && p->filled < p->read && !p->over) {
        p->filling = true;
        return TASK_FILL;
    }
    for (unsigned i = 0; i < p->shards; i++) {
        const unsigned k = (first + i) % p->shards;
        if (p->working[k] || p->worked[k] == p->filled) continue;
        if (p->laden[k] && p->worked[k] > p->collected) continue;
        p->working[k] = true;
        *shard = k;
        return TASK_WORK;
    }
    if (may_read(p, caller)) return TASK_READ;
    if (!caller && p->from->ahead && !p->ended && !p->ahead && p->not_ahead != p->read) {
        p->ahead = true;
        return TASK_AHEAD;
    }
    return TASK_NONE;
}

/* --- doing, without it --- */

/* Reads what the next batch is filled with. False: nothing was there, as yet. */
static bool read_next(struct pipeline *p, uint64_t number, bool stop)
{
    struct lot *lot = &p->lot[number % SLOTS];
    enum aw_read got = AW_READ_END;
    *lot = (struct lot){.pkts = NULL};
    if (!stop && p->calls->reading(p->calls->ctx))
        got = p->from->next(p->from->ctx, (unsigned)(number % SLOTS), &lot->pkts, &lot->n);
    lot->last = got != AW_READ_OK && got != AW_READ_AGAIN;
    if (lot->last) lot->n = 0;
    return got != AW_READ_AGAIN;
}

/* Fills a batch with what was read for it. False: there is no batch. */
static bool fill(struct pipeline *p, uint64_t number, bool *over, enum aw_status *status)
{
    const struct lot *lot = &p->lot[number % SLOTS];
    struct aw_batch *batch = p->batch[number % SLOTS];
    *over = lot->last;
    if (p->from->before) p->from->before(p->from->ctx, p->engine);
    const enum aw_status filled =
        lot->n > 0 || lot->last ? aw_engine_decode(p->engine, batch, lot->pkts, lot->n, lot->last)
                                : aw_engine_quiet(p->engine, batch);
    if (filled == AW_OK) return true;
    /* Nothing of this lot was taken: end with what was filled before it. */
    *status = AW_ENOMEM;
    *over = true;
    return aw_engine_decode(p->engine, batch, NULL, 0, true) == AW_OK;
}

static void deliver(struct pipeline *p, uint64_t number)
{
    aw_engine_deliver(p->engine, p->batch[number % SLOTS]);
    const bool enough = !p->calls->collecting(p->calls->ctx);
    pthread_mutex_lock(&p->lock);
    p->delivered++;
    p->delivering = false;
    if (enough) p->stop = true;
    pthread_cond_broadcast(&p->news);
    pthread_mutex_unlock(&p->lock);
}

/* Has all before that batch delivered, by this thread where nobody else does. */
static void deliver_up_to(struct pipeline *p, uint64_t number)
{
    pthread_mutex_lock(&p->lock);
    while (p->delivered < number) {
        if (p->delivering) {
            pthread_cond_wait(&p->news, &p->lock);
            continue;
        }
        p->delivering = true;
        const uint64_t next = p->delivered;
        pthread_mutex_unlock(&p->lock);
        deliver(p, next);
        pthread_mutex_lock(&p->lock);
    }
    pthread_mutex_unlock(&p->lock);
}

/* Where much was found in it, a part of that is delivered on the way, after what came before. */
static void collect(struct pipeline *p, uint64_t number)
{
    struct aw_batch *b = p->batch[number % SLOTS];
    while (!aw_engine_collect(p->engine, b)) {
        deliver_up_to(p, number);
        aw_engine_deliver(p->engine, b);
    }
}

/* One member's life: tasks until all is delivered. */
static void take_part(struct pipeline *p, unsigned first, bool caller)
{
    pthread_mutex_lock(&p->lock);
    while (!p->over || p->delivered < p->filled) {
        unsigned shard = 0;
        const enum task task = choose(p, first, caller, &shard);
        if (task == TASK_NONE) {
            pthread_cond_wait(&p->news, &p->lock);
            continue;
        }
        const uint64_t read = p->read, filled = p->filled, collected = p->collected;
        const uint64_t worked = p->worked[shard];
        const uint64_t delivered = p->delivered;
        const bool stop = p->stop;
        pthread_mutex_unlock(&p->lock);
        bool got = false, full = false, over = false, enough = false;
        enum aw_status status = AW_OK;
        switch (task) {
        case TASK_READ:
            got = read_next(p, read, stop);
            if (got && p->from->live) full = fill(p, read, &over, &status);
            break;
        case TASK_AHEAD:
            got = p->from->ahead(p->from->ctx);
            break;
        case TASK_FILL:
            full = fill(p, filled, &over, &status);
            break;
        case TASK_WORK:
            aw_engine_work(p->engine, shard, p->batch[worked % SLOTS]);
            break;
        case TASK_COLLECT:
            collect(p, collected);
            if (!p->apart) enough = !p->calls->collecting(p->calls->ctx);
            break;
        case TASK_DELIVER:
            deliver(p, delivered);
            break;
        case TASK_NONE:
            break;
        }
        pthread_mutex_lock(&p->lock);
        switch (task) {
        case TASK_READ:
            if (got && p->lot[read % SLOTS].last) p->ended = true;
            p->read += got;
            break;
        case TASK_AHEAD:
            p->ahead = false;
            if (!got) p->not_ahead = read;
            break;
        case TASK_FILL:
            p->filling = false;
            break;
        case TASK_WORK:
            p->worked[shard]++;
            p->working[shard] = false;
            p->laden[shard] = aw_engine_laden(p->engine, shard);
            break;
        case TASK_COLLECT:
            p->collected++;
            if (!p->apart) p->delivered++;
            p->collecting = false;
            if (enough) p->stop = true;
            break;
        case TASK_DELIVER:
        case TASK_NONE:
            break;
        }
        if (task == TASK_FILL || (task == TASK_READ && p->from->live)) {
            p->filled += full;
            p->over = over;
            if (status != AW_OK) p->status = status;
        }
        pthread_cond_broadcast(&p->news);
    }
    pthread_mutex_unlock(&p->lock);
}

static void *join_in(void *arg)
{
    const struct member *m = arg;
    take_part(m->p, m->shard, false);
    return NULL;
}

static void run_team(struct pipeline *p, unsigned threads)
{
    struct member member[AW_SHARDS_MAX];
    unsigned started = 0;
    const unsigned others = p->from->live ? threads : threads - 1;
    while (started < others) {
        struct member *m = &member[started];
        *m = (struct member){.p = p, .shard = (started + 1) % p->shards};
        if (pthread_create(&m->thread, NULL, join_in, m) != 0)
            break; /* those there are do it all */
        started++;
    }
    if (p->from->live && started == 0)
        p->status = AW_ENOMEM; /* nobody to do the rest */
    else
        take_part(p, 0, true);
    for (unsigned i = 0; i < started; i++)
        pthread_join(member[i].thread, NULL);
}

static enum aw_status run_shared(const struct aw_feed *from, struct aw_engine *e, unsigned threads,
                                 const struct aw_pipeline_calls *calls)
{
    struct pipeline p = {.engine = e, .from = from, .calls = calls, .shards = aw_engine_shards(e)};
    p.not_ahead = UINT64_MAX;
    p.apart = aw_engine_deliver_apart(e);
    for (unsigned i = 0; i < SLOTS; i++) {
        p.batch[i] = aw_batch_new(e);
        if (!p.batch[i]) p.status = AW_ENOMEM;
    }
    pthread_mutex_init(&p.lock, NULL);
    pthread_cond_init(&p.news, NULL);
    if (p.status == AW_OK) run_team(&p, threads < AW_SHARDS_MAX ? threads : AW_SHARDS_MAX);
    pthread_cond_destroy(&p.news);
    pthread_mutex_destroy(&p.lock);
    for (unsigned i = 0; i < SLOTS; i++)
        aw_batch_free(p.batch[i]);
    return p.status;
}

static enum aw_status run_in_turn(const struct aw_feed *from, struct aw_engine *e,
                                  const struct aw_pipeline_calls *calls)
{
    enum aw_status status = AW_OK;
    while (status == AW_OK && calls->reading(calls->ctx) && calls->collecting(calls->ctx)) {
        const struct aw_packet *pkts;
        size_t n;
        const enum aw_read got = from->next(from->ctx, 0, &pkts, &n);
        if (got == AW_READ_AGAIN) continue;
        if (got != AW_READ_OK) break;
        status = aw_engine_push(e, pkts, n);
    }
    const enum aw_status finished = aw_engine_finish(e);
    return status == AW_OK ? finished : status;
}

enum aw_status aw_pipeline_run(const struct aw_feed *from, struct aw_engine *e, unsigned threads,
                               const struct aw_pipeline_calls *calls)
{
    return threads > 1 || from->live ? run_shared(from, e, threads, calls)
                                     : run_in_turn(from, e, calls);
}
