/*
 * Counts over time in a bounded number of bins: the bins widen, by doubling, as the times spread,
 * so that neither the length of the run nor the order of its records matters.
 */
#ifndef AW_SINK_SERIES_H
#define AW_SINK_SERIES_H

#include "await100/types.h"

enum { AW_SERIES_BINS = 64, AW_SERIES_KINDS = 3 };

struct aw_series {
    aw_ns width;   /* of a bin; 0 = nothing was added */
    int64_t first; /* bin[0] holds the times from first * width on */
    unsigned bins; /* in use */
    uint32_t bin[AW_SERIES_BINS][AW_SERIES_KINDS];
};

/* Counts one of `kind` at `t`. */
void aw_series_add(struct aw_series *s, aw_ns t, unsigned kind);

#endif
