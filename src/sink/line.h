/*
 * One line an exchange, for a person or a pipe that watches live: as it ends, and provisionally
 * while its client waits. At most one line each whatever is in it; nothing of the wire goes out
 * unescaped.
 */
#ifndef AW_SINK_LINE_H
#define AW_SINK_LINE_H

#include "sink/sink.h"

struct aw_line;                                                            /* one stream of them */
struct aw_line *aw_line_new(struct aw_out *out, const struct aw_run *run); /* NULL: no memory */
void aw_line_free(struct aw_line *l);

void aw_line_record(struct aw_line *l, const struct aw_record *rec);
void aw_line_waiting(struct aw_line *l, const struct aw_exchange *ex, aw_ns waited);

#endif
