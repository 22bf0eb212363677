/*
 * Moves batches from the merged sources through the engine, on one thread or on several. The
 * engine's answers are the same either way.
 *
 * In turn: everything on the caller's thread. Ahead: the caller's thread reads and decodes, a
 * second one does the rest; needs one shard. Shared: the caller's thread reads, decodes and
 * collects, one worker a shard works.
 */
#ifndef AW_APP_PIPELINE_H
#define AW_APP_PIPELINE_H

#include "await100.h"
#include "source/source.h"

enum aw_pipeline_kind { AW_PIPELINE_IN_TURN, AW_PIPELINE_AHEAD, AW_PIPELINE_SHARED };

/* Where packets come from. */
struct aw_feed {
    void *ctx;
    /* As aw_merge_next. AW_READ_OK with *n == 0: no packet came, but time went on; from live input
     * only, which AW_PIPELINE_IN_TURN does not serve. */
    enum aw_read (*next)(void *ctx, unsigned hold, const struct aw_packet **pkts, size_t *n);
    /* Before what `next` gave goes to the engine, on the same thread. May be NULL. */
    void (*before)(void *ctx, struct aw_engine *e);
};
/* `m` as a feed. */
struct aw_feed aw_feed_of_merge(struct aw_merge *m);

/* Called between batches; false stops reading (what was read is finished). */
struct aw_pipeline_calls {
    void *ctx;
    bool (*reading)(void *ctx);    /* on the caller's thread, before each batch is read */
    bool (*collecting)(void *ctx); /* on the thread on which the sink is called, after each batch */
};

/* Reads `from` to its end through `e`, finish included. AW_ENOMEM: memory ran out, what was found
 * until then has been handed out. */
AW_MUST_USE enum aw_status aw_pipeline_run(const struct aw_feed *from, struct aw_engine *e,
                                           enum aw_pipeline_kind kind,
                                           const struct aw_pipeline_calls *calls);

#endif
