/*
 * Moves batches from the merged sources through the engine, on one thread or on several. The
 * engine's answers are the same either way.
 *
 * With several threads, of which the caller's is one, `collecting` and the sink are called on
 * any of them, one at a time; `reading` and the sources on the caller's.
 */
#ifndef AW_APP_PIPELINE_H
#define AW_APP_PIPELINE_H

#include "await100.h"
#include "source/source.h"

/* Where packets come from. */
struct aw_feed {
    void *ctx;
    /* As aw_merge_next. AW_READ_OK with *n == 0: no packet came, but time went on (live only). */
    enum aw_read (*next)(void *ctx, unsigned hold, const struct aw_packet **pkts, size_t *n);
    /* Before what `next` gave goes to the engine, on the same thread. May be NULL. */
    void (*before)(void *ctx, struct aw_engine *e);
    /* As aw_merge_ahead: on another thread, also while `next` goes on. May be NULL. */
    bool (*ahead)(void *ctx);
    bool live; /* packets do not wait: the caller's thread reads and does nothing else */
};
/* `m` as a feed. */
struct aw_feed aw_feed_of_merge(struct aw_merge *m);

/* Called between batches; false stops reading (what was read is finished). */
struct aw_pipeline_calls {
    void *ctx;
    bool (*reading)(void *ctx);    /* before each batch is read */
    bool (*collecting)(void *ctx); /* after each batch was collected */
};

/* Reads `from` to its end through `e`, finish included. AW_ENOMEM: memory ran out, what was found
 * until then has been handed out. */
AW_MUST_USE enum aw_status aw_pipeline_run(const struct aw_feed *from, struct aw_engine *e,
                                           unsigned threads, const struct aw_pipeline_calls *calls);

#endif
