/*
 * Threads that capture, one a socket, and bounded queues behind them: the engine takes packets at
 * its own pace, in the order of time, and whatever it or the outputs do, the interfaces are read
 * on. While a queue is full packets stay in the kernel's buffer; those for which there is no room
 * are counted by the kernel.
 */
#ifndef AW_APP_CAPTURE_H
#define AW_APP_CAPTURE_H

#include "app/pipeline.h"
#include "source/live.h"

struct aw_capture;

struct aw_capture_calls { /* on a capturing thread, one at a time; any may be NULL */
    void *ctx;
    void (*say)(void *ctx, const char *line); /* a notice about an interface */
    /* A filter of aw_capture_refilter is in force; or it is not, `why`. */
    void (*filtered)(void *ctx, const char *filter, const char *why);
};

/* For so many sockets. NULL: no memory. */
struct aw_capture *aw_capture_new(size_t sockets);
/* Takes over `live`; before the start. */
void aw_capture_add(struct aw_capture *c, struct aw_live *live);
/* Starts capturing; once. False: no threads. `stop_after`: at most so many packets, 0 = no limit.
 * `filter` is the one in force, NULL: none. `calls` are copied; NULL: none. */
bool aw_capture_start(struct aw_capture *c, uint64_t stop_after, const char *filter,
                      const struct aw_capture_calls *calls);
/* Ends the threads where they still run, closes the sockets. */
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
