/*
 * Moves batches from the merged sources through the engine, on one thread or on several: reading,
 * decoding and collecting on the caller's thread, one worker a shard. The engine's answers are the
 * same either way.
 */
#ifndef AW_APP_PIPELINE_H
#define AW_APP_PIPELINE_H

#include "await100.h"
#include "source/source.h"

/* Called between batches on the caller's thread; false stops reading (what was read is finished).
 */
typedef bool aw_pipeline_tick(void *ctx);

/* Reads `from` to its end through `e`, finish included. With one shard all is done in turn on this
 * thread. AW_ENOMEM: memory ran out, what was found until then has been handed out. */
AW_MUST_USE enum aw_status aw_pipeline_run(struct aw_merge *from, struct aw_engine *e,
                                           aw_pipeline_tick *tick, void *ctx);

#endif
