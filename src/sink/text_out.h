/*
 * Text of at most 80 columns: wrapping, columns, and figures as people write them.
 */
#ifndef AW_SINK_TEXT_OUT_H
#define AW_SINK_TEXT_OUT_H

#include "await100/record.h"
#include "sink/out.h"

enum { AW_TEXT_COLUMNS = 80 };

/* Writes `text` wrapped at words, `indent` columns in, with a newline at the end. The line already
 * has `used` columns (the indentation of the first line is then the caller's). At most `max_lines`
 * (0 = any number), an ellipsis where it was cut. Returns the lines written. */
unsigned aw_text_wrap(struct aw_out *o, struct aw_span text, unsigned used, unsigned indent,
                      unsigned max_lines);

/* The printable form of s in exactly `columns` columns: cut, or filled up with spaces. */
void aw_text_cell(struct aw_out *o, struct aw_span s, unsigned columns);

/* What follows is of this kind: a colour where the output has colours, else nothing. */
enum aw_ink { AW_INK_PLAIN, AW_INK_TITLE, AW_INK_FAINT, AW_INK_GOOD, AW_INK_WARNING, AW_INK_ERROR };
void aw_text_ink(struct aw_out *o, enum aw_ink ink);
/* Standard output is a terminal that can, and nobody said no (no-color.org). */
bool aw_wants_colour(void);
enum aw_ink aw_severity_ink(enum aw_severity s);

enum { AW_FIGURE = 24 };
const char *aw_text_span(char to[AW_FIGURE], int64_t ns);     /* "0.130 ms", "1.002 s", "3.5 h" */
const char *aw_text_size(char to[AW_FIGURE], uint64_t bytes); /* "512 B", "1.0 MB" */
const char *aw_text_share(char to[AW_FIGURE], uint64_t part, uint64_t whole); /* "25 %", "<1 %" */
/* Local time with its offset: "2026-01-02 04:04:05.123 +0100". */
enum { AW_TIME_TEXT = 48 };
const char *aw_text_time(char to[AW_TIME_TEXT], aw_ns t);

#endif
