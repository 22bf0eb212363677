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

/* Called between batches; false stops reading (what was read is finished). */
struct aw_pipeline_calls {
    void *ctx;
    bool (*reading)(void *ctx);    /* on the caller's thread, before each batch is read */
    bool (*collecting)(void *ctx); /* on the thread on which the sink is called, after each batch */
};

/* Reads `from` to its end through `e`, finish included. AW_ENOMEM: memory ran out, what was found
 * until then has been handed out. */
AW_MUST_USE enum aw_status aw_pipeline_run(struct aw_merge *from, struct aw_engine *e,
                                           enum aw_pipeline_kind kind,
                                           const struct aw_pipeline_calls *calls);

#endif
