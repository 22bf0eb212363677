/*
 * The steps of one exchange in the order of their packets, as a ladder between client and server is
 * drawn from them. Knows what happened, not how it is drawn.
 */
#ifndef AW_SINK_LADDER_H
#define AW_SINK_LADDER_H

#include "sink/report.h"

enum aw_step_kind {
    AW_STEP_HEAD,
    AW_STEP_ACK,
    AW_STEP_INTERIM,
    AW_STEP_CONTENT,
    AW_STEP_FINAL,
    AW_STEP_LOSS,
    AW_STEP_CLOSE
};

struct aw_step {
    enum aw_step_kind kind;
    enum aw_dir dir; /* who sent it */
    aw_ns at;        /* from the first step */
    uint64_t ord;
    aw_ref ref;
    char label[56]; /* terminated; may hold bytes of the wire */
};
enum { AW_STEPS_MAX = 20 };

/* Fills `step`, earliest first; returns how many. */
unsigned aw_ladder_of(struct aw_step step[AW_STEPS_MAX], const struct aw_exchange *x);

#endif
