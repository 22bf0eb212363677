/*
 * --from and --to: moments of a capture as people name them, and the span between two of them.
 * Knows the calendar and the local time zone.
 */
#ifndef AW_SOURCE_BOUND_H
#define AW_SOURCE_BOUND_H

#include "await100/types.h"

enum aw_bound_kind {
    AW_BOUND_NONE,
    AW_BOUND_MOMENT, /* ns since the epoch */
    AW_BOUND_AFTER,  /* ns after the first packet */
    AW_BOUND_CLOCK,  /* ns after local midnight of the first packet's day */
};
struct aw_bound {
    enum aw_bound_kind kind;
    aw_ns ns;
};

/* "2026-01-02T03:04:05.5Z", with another offset, or local time without one; "2026-01-02"; "14:30",
 * "14:30:05.5"; "+10s", "+250ms", "+2m" ("+10": seconds). False where it is none of these. */
bool aw_bound_parse(const char *text, struct aw_bound *out);
/* The moment itself, once the first packet's time is known. Not of AW_BOUND_NONE. */
aw_ns aw_bound_moment(const struct aw_bound *b, aw_ns first);

#endif
