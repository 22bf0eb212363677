/*
 * What the engine says about a capture, and whether it still says so after the capture was changed
 * (morph.h): a verdict is kept, softened (less sure, or not given any more) or changed (another
 * cause with high confidence: what must never be).
 */
#ifndef TESTS_COMMON_TRIAL_H
#define TESTS_COMMON_TRIAL_H

#include "await100.h"
#include "common/morph.h"

enum { TRIAL_MARKS = 8, TRIAL_TEXT = 1200 };
struct trial_verdict {
    uint8_t end[2][6]; /* address (its last four bytes) and port, the smaller first */
    uint32_t nth;
    uint64_t mark[TRIAL_MARKS]; /* packets of the moments by which exchanges are recognised */
    uint64_t point[AW_POINT_COUNT + AW_INTERIM_MAX * 2 + 8]; /* every packet that bore a fact */
    bool judged;                                             /* an expectation exchange */
    enum aw_cause cause;
    enum aw_severity severity;
    enum aw_confidence confidence;
    bool unnumbered;       /* its evidence names a packet 0; they count from 1 */
    char text[TRIAL_TEXT]; /* the evidence, a sentence a line */
};
struct trial {
    struct trial_verdict *v;
    size_t n, room;
    uint64_t dropped; /* packets the decoder passed over */
    aw_ns rtt;        /* smallest round trip measured on any connection, 0 = none */
};

/* Runs the engine; `t` is zeroed by the caller. False: no memory. */
bool trial_run(struct trial *t, const struct morph *m);
void trial_free(struct trial *t);

/* The verdict of `in` on the exchange that base->v[which] speaks of; NULL = none. */
const struct trial_verdict *trial_match(const struct trial *in, const struct trial *base,
                                        size_t which);

enum trial_fate { TRIAL_KEPT, TRIAL_SOFTENED, TRIAL_CHANGED };
/* `after` may be NULL: the exchange is not there any more. */
enum trial_fate trial_compare(const struct trial_verdict *before,
                              const struct trial_verdict *after);
/* Says nothing that could be wrong: no verdict, incomplete, pending, or less than sure. */
bool trial_harmless(const struct trial_verdict *v);
/* Whether a packet bore a fact of this exchange or of another one on its connection, or belongs to
 * the connection's start or end. */
bool trial_decides(const struct trial *t, const struct trial_verdict *v,
                   const struct morph_packet *p);

#endif
