/*
 * See progress.h. The clock is looked at on every call, the line redrawn four times a second.
 */
#include "app/progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * AW_SEC + t.tv_nsec;
}

void aw_progress_start(struct aw_progress *p, bool wanted)
{
    *p = (struct aw_progress){.on = wanted && isatty(STDERR_FILENO)};
    if (!p->on) return;
    p->started = now_ns();
    p->next = p->started + AW_SEC / 2; /* a run shorter than this shows none */
}

void aw_progress_show(struct aw_progress *p, uint64_t bytes, uint64_t size)
{
    if (!p->on) return;
    const int64_t now = now_ns();
    if (now < p->next) return;
    p->next = now + AW_SEC / 4;
    p->shown = true;
    const double seconds = (double)(now - p->started) / 1e9;
    const double rate = (double)bytes / seconds;
    fprintf(stderr, "\r\033[K%.1f MB", (double)bytes / 1e6);
    if (size > 0 && size >= bytes)
        fprintf(stderr, " of %.1f MB (%.0f %%)", (double)size / 1e6,
                100.0 * (double)bytes / (double)size);
    fprintf(stderr, ", %.0f MB/s", rate / 1e6);
    if (size > bytes && rate > 0) fprintf(stderr, ", %.0f s left", (double)(size - bytes) / rate);
    fflush(stderr);
}

void aw_progress_clear(struct aw_progress *p)
{
    if (!p->shown) return;
    fputs("\r\033[K", stderr);
    fflush(stderr);
    p->shown = false;
}
