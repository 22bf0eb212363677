/*
 * The pipeline: a ring of batches. The caller's thread fills a slot (read, decode), each worker
 * works on every slot in order, and a slot is collected once all workers are through with it: by
 * the caller's thread, or where there is but one worker by that. A slot number is also the source's
 * `hold`, so a slot's packets stay put until it is collected.
 */
#include "app/pipeline.h"

#include <pthread.h>
#include <stdlib.h>

enum { SLOTS = 6 };
_Static_assert((int)SLOTS <= (int)AW_SOURCE_HOLDS, "every slot needs a hold of its own");

struct slot {
    struct aw_batch *batch; /* owned */
    unsigned working;       /* workers that have not finished with it; under the lock */
};

struct pipeline {
    struct aw_engine *engine;
    const struct aw_pipeline_calls *calls;
    bool ahead; /* the one worker collects as well */
    struct slot slot[SLOTS];
    pthread_mutex_t lock;
    pthread_cond_t filled;   /* `ready` rose, or `over` was set */
    pthread_cond_t finished; /* a slot's `working` fell to 0 */
    uint64_t ready;          /* slots filled so far; the next to fill is ready % SLOTS */
    bool over;
    bool stop; /* the collecting thread wants no more */
};

struct worker {
    struct pipeline *p;
    unsigned shard;
    pthread_t thread;
};

static void *work(void *arg)
{
    const struct worker *w = arg;
    struct pipeline *p = w->p;
    for (uint64_t next = 0;; next++) {
        pthread_mutex_lock(&p->lock);
        while (p->ready <= next && !p->over)
            pthread_cond_wait(&p->filled, &p->lock);
        const bool none = p->ready <= next;
        pthread_mutex_unlock(&p->lock);
        if (none) return NULL;
        struct slot *slot = &p->slot[next % SLOTS];
        aw_engine_work(p->engine, w->shard, slot->batch);
        bool stop = false;
        if (p->ahead) {
            aw_engine_collect(p->engine, slot->batch);
            stop = !p->calls->collecting(p->calls->ctx);
        }
        pthread_mutex_lock(&p->lock);
        if (stop) p->stop = true;
        if (--slot->working == 0) pthread_cond_signal(&p->finished);
        pthread_mutex_unlock(&p->lock);
    }
}

static enum aw_read next_of_merge(void *ctx, unsigned hold, const struct aw_packet **pkts,
                                  size_t *n)
{
    return aw_merge_next(ctx, hold, pkts, n);
}

struct aw_feed aw_feed_of_merge(struct aw_merge *m)
{
    return (struct aw_feed){.ctx = m, .next = next_of_merge};
}

/* Takes back filled slots in order from *done on: those that are finished, and at least up to
 * `least`. False where reading is to stop. */
static bool take_back(struct pipeline *p, uint64_t *done, uint64_t least)
{
    bool stop = false;
    while (*done < p->ready) {
        struct slot *slot = &p->slot[*done % SLOTS];
        pthread_mutex_lock(&p->lock);
        while (slot->working > 0 && *done < least)
            pthread_cond_wait(&p->finished, &p->lock);
        const bool finished = slot->working == 0;
        stop = p->stop;
        pthread_mutex_unlock(&p->lock);
        if (!finished) break;
        if (!p->ahead) {
            aw_engine_collect(p->engine, slot->batch);
            if (!p->calls->collecting(p->calls->ctx)) p->stop = stop = true;
        }
        ++*done;
    }
    return !stop;
}

static void publish(struct pipeline *p, unsigned shards)
{
    pthread_mutex_lock(&p->lock);
    p->slot[p->ready % SLOTS].working = shards;
    p->ready++;
    pthread_cond_broadcast(&p->filled);
    pthread_mutex_unlock(&p->lock);
}

static void end_input(struct pipeline *p)
{
    pthread_mutex_lock(&p->lock);
    p->over = true;
    pthread_cond_broadcast(&p->filled);
    pthread_mutex_unlock(&p->lock);
}

/* Fills slots until the input ends. */
static enum aw_status feed(struct pipeline *p, const struct aw_feed *from)
{
    const unsigned shards = aw_engine_shards(p->engine);
    enum aw_status status = AW_OK;
    uint64_t done = 0;
    for (bool last = false; !last;) {
        const bool go_on = take_back(p, &done, p->ready < SLOTS ? 0 : p->ready - SLOTS + 1);
        const struct aw_packet *pkts = NULL;
        size_t n = 0;
        const unsigned at = (unsigned)(p->ready % SLOTS);
        enum aw_read got = AW_READ_END;
        if (go_on && p->calls->reading(p->calls->ctx)) got = from->next(from->ctx, at, &pkts, &n);
        if (got == AW_READ_AGAIN) continue;
        last = got != AW_READ_OK;
        if (last) n = 0;
        struct aw_batch *batch = p->slot[at].batch;
        if (from->before) from->before(from->ctx, p->engine);
        const enum aw_status decoded = n > 0 || last
                                           ? aw_engine_decode(p->engine, batch, pkts, n, last)
                                           : aw_engine_quiet(p->engine, batch);
        if (decoded != AW_OK) {
            /* Nothing of this lot was taken: end with what was read before it. */
            status = AW_ENOMEM;
            last = true;
            if (aw_engine_decode(p->engine, batch, NULL, 0, true) != AW_OK) break;
        }
        publish(p, shards);
    }
    end_input(p);
    (void)take_back(p, &done, p->ready);
    return status;
}

static enum aw_status run_workers(struct pipeline *p, const struct aw_feed *from)
{
    const unsigned shards = aw_engine_shards(p->engine);
    struct worker worker[AW_SHARDS_MAX];
    unsigned started = 0;
    while (started < shards) {
        struct worker *w = &worker[started];
        *w = (struct worker){.p = p, .shard = started};
        if (pthread_create(&w->thread, NULL, work, w) != 0) break;
        started++;
    }
    enum aw_status status = AW_ENOMEM;
    if (started == shards)
        status = feed(p, from);
    else
        end_input(p);
    for (unsigned k = 0; k < started; k++)
        pthread_join(worker[k].thread, NULL);
    return status;
}

static enum aw_status run_threads(const struct aw_feed *from, struct aw_engine *e, bool ahead,
                                  const struct aw_pipeline_calls *calls)
{
    struct pipeline p = {.engine = e, .calls = calls, .ahead = ahead};
    enum aw_status status = AW_OK;
    for (unsigned i = 0; i < SLOTS; i++) {
        p.slot[i].batch = aw_batch_new(e);
        if (!p.slot[i].batch) status = AW_ENOMEM;
    }
    pthread_mutex_init(&p.lock, NULL);
    pthread_cond_init(&p.filled, NULL);
    pthread_cond_init(&p.finished, NULL);
    if (status == AW_OK) status = run_workers(&p, from);
    pthread_cond_destroy(&p.finished);
    pthread_cond_destroy(&p.filled);
    pthread_mutex_destroy(&p.lock);
    for (unsigned i = 0; i < SLOTS; i++)
        aw_batch_free(p.slot[i].batch);
    return status;
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

enum aw_status aw_pipeline_run(const struct aw_feed *from, struct aw_engine *e,
                               enum aw_pipeline_kind kind, const struct aw_pipeline_calls *calls)
{
    switch (kind) {
    case AW_PIPELINE_IN_TURN:
        break;
    case AW_PIPELINE_AHEAD:
        return run_threads(from, e, aw_engine_shards(e) == 1, calls);
    case AW_PIPELINE_SHARED:
        return run_threads(from, e, false, calls);
    }
    return run_in_turn(from, e, calls);
}
