/*
 * A sentence of our own under construction: bounded, and cut where hostile names make it long. What
 * it holds may contain bytes of the wire; it goes through an escaper when it is written.
 */
#ifndef AW_SINK_SAY_H
#define AW_SINK_SAY_H

#include "await100/types.h"

struct aw_sentence {
    char text[1024]; /* terminated */
    size_t len;
};

void aw_sentence_add(struct aw_sentence *s, const char *fmt, ...) AW_PRINTF(2, 3);

/* "s" where a noun counted by n takes one. */
static inline const char *aw_plural(uint64_t n)
{
    return n == 1 ? "" : "s";
}

#endif
