/*
 * What the files of the HTML report share: escaped text, the page's style and script, the charts.
 */
#ifndef AW_SINK_HTML_OUT_H
#define AW_SINK_HTML_OUT_H

#include <string.h>

#include "sink/markup.h"
#include "sink/model.h"
#include "sink/report.h"
#include "sink/series.h"
#include "sink/worst.h"

/* A terminated string as text; at most `most` characters, 0 = no limit. */
static inline void aw_html_text(struct aw_out *o, const char *s, size_t most)
{
    aw_out_html(o, aw_span_of(s, strlen(s)), most);
}

/* Pieces, up to a NULL. */
extern const char *const aw_html_style[], *const aw_html_script[];

/* Each writes one figure, or nothing where there is nothing to show. */
void aw_html_histogram(struct aw_out *o, const struct aw_hist *h);
void aw_html_over_time(struct aw_out *o, const struct aw_series *s);
void aw_html_stall_by_server(struct aw_out *o, const struct aw_model *m);
void aw_html_waterfall(struct aw_out *o, const struct aw_worst *w);
/* The ladder of one exchange. */
void aw_html_ladder(struct aw_out *o, const struct aw_told *e);

#endif
