/*
 * Two captures of one event, at the client's and at the server's side: which packets they share,
 * how far apart their clocks are, what was lost or held up on the way, and where the two verdicts
 * on an exchange differ. Knows packets and verdicts as values; opens nothing.
 *
 * The offset is found as in NTP: the smallest difference of times each way holds the smallest
 * delay, and half of the sum of both is what cannot be known: how it is shared out between the
 * ways.
 */
#ifndef AW_SINK_ALIGN_H
#define AW_SINK_ALIGN_H

#include "await100/engine.h"
#include "sink/out.h"

enum aw_side { AW_AT_CLIENT, AW_AT_SERVER, AW_SIDES };

struct aw_align;

/* `memory`: bytes that packets and exchanges may take; what is beyond is counted. NULL: none. */
struct aw_align *aw_align_new(size_t memory);
void aw_align_free(struct aw_align *a); /* NULL is fine */

void aw_align_segment(struct aw_align *a, enum aw_side side, const struct aw_tap_segment *seg);
/* Of an expectation exchange. The target is shown unless its secrets are to be masked. */
void aw_align_record(struct aw_align *a, enum aw_side side, const struct aw_record *rec,
                     bool show_secrets);

/* Once, after both captures. Of any but ALIGNED nothing can be told. */
enum aw_aligned {
    AW_ALIGNED,
    AW_ALIGNED_NO_MEMORY,
    AW_ALIGNED_STRANGERS, /* they share no packet */
    AW_ALIGNED_TURNED, /* the first is the server's side: no clock lets packets arrive so early */
};
enum aw_aligned aw_align_work(struct aw_align *a);
/* `file`: by side, as given. */
void aw_align_text(struct aw_align *a, struct aw_out *o, const char *const file[AW_SIDES]);
void aw_align_json(struct aw_align *a, struct aw_out *o, const char *const file[AW_SIDES]);

#endif
