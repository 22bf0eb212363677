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

struct aw_capture_calls { /* on the capturing thread; any may be NULL */
    void *ctx;
    void (*say)(void *ctx, const char *line); /* a notice about an interface */
    /* A filter of aw_capture_refilter is in force; or it is not, `why`. */
    void (*filtered)(void *ctx, const char *filter, const char *why);
};

/* Starts capturing. Takes over `live`, unless NULL is returned: no memory or no thread.
 * `stop_after`: at most so many packets, 0 = no limit. `calls` are copied; NULL: none. */
struct aw_capture *aw_capture_start(struct aw_live *live, uint64_t stop_after,
                                    const struct aw_capture_calls *calls);
/* Ends the thread where it still runs, closes the interfaces. */
void aw_capture_free(struct aw_capture *c);

/* Packets out: `next` waits a moment and gives AGAIN where there are none; END after
 * aw_capture_stop, when all that had been captured by then is handed out. */
struct aw_feed aw_feed_of_capture(struct aw_capture *c);
void aw_capture_stop(struct aw_capture *c);
/* Another filter, to be taken within moments; any thread. False: one is under way, or the end. */
bool aw_capture_refilter(struct aw_capture *c, const char *filter);

/* What was lost so far: any thread. */
void aw_capture_lost(struct aw_capture *c, struct aw_live_stats *out);
/* Every interface went away for good. */
bool aw_capture_over(struct aw_capture *c);

#endif
