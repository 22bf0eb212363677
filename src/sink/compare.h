/*
 * Two summary documents (-o json) held against each other: what got better, what got worse, by
 * cause, server and latency. Knows documents and text; opens nothing.
 */
#ifndef AW_SINK_COMPARE_H
#define AW_SINK_COMPARE_H

#include <jansson.h>

#include "sink/out.h"

enum aw_compared {
    AW_COMPARED_SAME, /* or better */
    AW_COMPARED_WORSE,
    AW_COMPARED_NO_MEMORY,
};

/*
 * Writes the comparison, for people or as a JSON document. Worse is what would be noticed: a share
 * of failing exchanges, in all, of one cause or at one server, that rose by a percentage point or
 * more, or from none; a percentile of a latency that rose by a fifth and by 10 ms, where both have
 * ten values or more.
 */
enum aw_compared aw_compare(struct aw_out *o, const json_t *before, const json_t *after, bool json);

#endif
