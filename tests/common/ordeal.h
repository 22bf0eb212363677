/*
 * A capture put through every change that capturing can do to it (morph.h), and the verdicts
 * counted: kept, softened, changed.
 */
#ifndef TESTS_COMMON_ORDEAL_H
#define TESTS_COMMON_ORDEAL_H

#include <stdio.h>

#include "common/trial.h"

enum ordeal_kind {
    ORDEAL_WHOLE, /* as captured */
    ORDEAL_LEFT_OUT,
    ORDEAL_LEFT_OUT_IDLE, /* of these, packets that carry no deciding byte */
    ORDEAL_CUT_AFTER,
    ORDEAL_ONE_DIRECTION,
    ORDEAL_SNAP_96,
    ORDEAL_DOUBLED,
    ORDEAL_SWAPPED_NEAR, /* within 10 us */
    ORDEAL_SWAPPED_ANY,  /* dates kept */
    ORDEAL_SEGMENT_1,
    ORDEAL_SEGMENT_64K,
    ORDEAL_WRAPPED,
    ORDEAL_JITTER,
    ORDEAL_LONGER, /* from here on, only where more is asked for */
    ORDEAL_BEGUN_AFTER = ORDEAL_LONGER,
    ORDEAL_CLOCK_SET,
    ORDEAL_CLOCK_BACK,
    ORDEAL_SIDE_OFF, /* each direction captured with a clock of its own */
    ORDEAL_FILTERED,
    ORDEAL_MIXED, /* with other people's traffic */
    ORDEAL_LEFT_OUT_TWO,
    ORDEAL_LEFT_OUT_TENTH,
    ORDEAL_BURST,
    ORDEAL_SNAP_OTHER,
    ORDEAL_KINDS
};

struct ordeal {
    bool longer;      /* the further kinds, too */
    bool show_softer; /* print what was softened, not only what was changed or lost */
    FILE *to;
    struct ordeal_tally {
        unsigned long runs, verdicts, kept, softened, changed;
        unsigned long cause_kept; /* the same cause, surer or not */
        unsigned long lost;       /* cause or confidence differ at all */
        unsigned long excused;    /* changed as the list of what nobody can know allows */
    } tally[ORDEAL_KINDS];
    unsigned long shown;
    unsigned long unnumbered; /* verdicts whose evidence names a packet 0 */
};

const char *ordeal_name(enum ordeal_kind k);
/* These lose nothing: cause and confidence have to stay. */
bool ordeal_lossless(enum ordeal_kind k);
/* False where the capture can not be read, with a line to `to`. */
bool ordeal_run(struct ordeal *o, const char *path);
void ordeal_print(const struct ordeal *o);

#endif
