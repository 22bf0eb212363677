/*
 * A thread that captures, and a bounded queue behind it: the engine takes packets at its own pace,
 * and whatever it or the outputs do, the interfaces are read on. While the queue is full packets
 * stay in the kernel's buffer; those for which there is no room are counted by the kernel.
 */
#ifndef AW_APP_CAPTURE_H
#define AW_APP_CAPTURE_H

#include "app/pipeline.h"
#include "source/live.h"

struct aw_capture;

/* Starts capturing. Takes over `live`, unless NULL is returned: no memory or no thread.
 * `stop_after`: at most so many packets, 0 = no limit. Notices about interfaces go to `say` unless
 * it is NULL, on the capturing thread. */
struct aw_capture *aw_capture_start(struct aw_live *live, uint64_t stop_after,
                                    void (*say)(const char *line));
/* Ends the thread where it still runs, closes the interfaces. */
void aw_capture_free(struct aw_capture *c);

/* Packets out: `next` waits a moment and gives AGAIN where there are none; END after
 * aw_capture_stop, when all that had been captured by then is handed out. */
struct aw_feed aw_feed_of_capture(struct aw_capture *c);
void aw_capture_stop(struct aw_capture *c);

/* What was lost so far: any thread. */
void aw_capture_lost(struct aw_capture *c, struct aw_live_stats *out);
/* Every interface went away for good. */
bool aw_capture_over(struct aw_capture *c);

#endif
