/*
 * The line that tells a person at a terminal how far a long file has got: on standard error, only
 * where that is a terminal, gone before anything else is printed.
 */
#ifndef AW_APP_PROGRESS_H
#define AW_APP_PROGRESS_H

#include <stdint.h>

#include "await100/types.h"

struct aw_progress {
    bool on, shown;
    int64_t started, next; /* monotonic ns */
};

void aw_progress_start(struct aw_progress *p, bool wanted);
/* Bytes read so far and in all (0 = unknown). Cheap to call often. */
void aw_progress_show(struct aw_progress *p, uint64_t bytes, uint64_t size);
void aw_progress_clear(struct aw_progress *p);

#endif
