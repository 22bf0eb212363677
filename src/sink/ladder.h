/*
 * The steps of one exchange in the order of their packets, as a ladder between client and server is
 * drawn from them: in a page, in Markdown, in the dashboard. Knows what happened, not how it is
 * drawn.
 */
#ifndef AW_SINK_LADDER_H
#define AW_SINK_LADDER_H

#include "sink/report.h"

enum aw_step_kind {
    AW_STEP_HEAD,
    AW_STEP_ACK,
    AW_STEP_INTERIM,
    AW_STEP_CONTENT,
    AW_STEP_AFTER, /* content after the answer */
    AW_STEP_FINAL,
    AW_STEP_FINAL_END,
    AW_STEP_LOSS,   /* sent again */
    AW_STEP_WINDOW, /* closed */
    AW_STEP_HOLE,   /* bytes that the capture has not: no packet */
    AW_STEP_FIN,
    AW_STEP_RST
};

struct aw_step {
    enum aw_step_kind kind;
    enum aw_dir dir; /* who sent it */
    aw_ns at;        /* of its packet */
    uint64_t ord;
    aw_ref ref;     /* number 0: no packet of its own */
    int8_t head;    /* the head that begins there, AW_HEAD_REQUEST and the like; -1 = none */
    char label[72]; /* terminated; may hold bytes of the wire */
};
enum { AW_STEPS_MAX = 32 };

/* Fills `step`, earliest first; returns how many. Cost: some 30 marks looked at, and sorted. */
unsigned aw_ladder_of(struct aw_step step[AW_STEPS_MAX], const struct aw_exchange *x);

#endif
