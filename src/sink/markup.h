/*
 * The escapers of the formats that other programs interpret: HTML, Markdown, CSV. What they write
 * is what aw_out_printable would write, made inert for that reader: text stays text.
 */
#ifndef AW_SINK_MARKUP_H
#define AW_SINK_MARKUP_H

#include "sink/out.h"

/* Text of HTML and of attribute values in double quotes. At most `most` characters (0 = no limit),
 * an ellipsis where it was cut. */
void aw_out_html(struct aw_out *o, struct aw_span s, size_t most);
/* Markdown text: no markup, no link, no mention, no HTML. */
void aw_out_markdown(struct aw_out *o, struct aw_span s);
/* A code span that may stand in a table cell. */
void aw_out_code(struct aw_out *o, struct aw_span s);
/* A CSV cell (RFC 4180), quoted where it has to be; a value that a spreadsheet would take for a
 * formula gets an apostrophe in front. Of an absent value (p NULL) nothing is written. */
void aw_out_csv(struct aw_out *o, struct aw_span s);

#endif
