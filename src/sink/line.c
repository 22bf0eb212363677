/* See line.h. */
#include "sink/line.h"

#include <stdlib.h>

#include "sink/report.h"
#include "sink/text_out.h"

enum { TARGET_COLUMNS = 60 };

struct aw_line {
    struct aw_out *out;
    const struct aw_run *run;
    struct aw_scratch target;
};

struct aw_line *aw_line_new(struct aw_out *out, const struct aw_run *run)
{
    struct aw_line *l = calloc(1, sizeof *l);
    if (!l) return NULL;
    l->out = out;
    l->run = run;
    return l;
}

void aw_line_free(struct aw_line *l)
{
    if (!l) return;
    free(l->target.p);
    free(l);
}

static void put_time(struct aw_line *l, aw_ns at)
{
    char when[AW_TIME_TEXT];
    aw_out_printf(l->out, "%s ", aw_text_time(when, at));
}

static void put_end(struct aw_line *l, const struct aw_conn_facts *c, enum aw_dir side)
{
    char address[AW_ADDR_TEXT];
    (void)aw_addr_text(address, &c->addr[side]);
    aw_out_printf(l->out, c->addr[side].v6 ? "[%s]:%u" : "%s:%u", address, (unsigned)c->port[side]);
}

static void put_request(struct aw_line *l, const struct aw_exchange *x)
{
    aw_out_str(l->out, "  ");
    put_end(l, &x->conn, AW_C2S);
    aw_out_str(l->out, " -> ");
    put_end(l, &x->conn, AW_S2C);
    aw_out_str(l->out, "  ");
    if (!aw_request_seen(x)) {
        aw_out_str(l->out, "(request not seen)");
        return;
    }
    (void)aw_out_printable(l->out, x->text[AW_TEXT_METHOD], 12);
    aw_out_str(l->out, " ");
    const struct aw_span target = aw_shown_target(l->run, x->text[AW_TEXT_TARGET], &l->target);
    (void)aw_out_printable(l->out, target, TARGET_COLUMNS);
}

void aw_line_record(struct aw_line *l, const struct aw_record *rec)
{
    const struct aw_exchange *x = rec->ex;
    const struct aw_verdict *v = rec->verdict;
    const struct aw_mark *first = aw_exchange_first(x);
    char figure[AW_FIGURE];
    put_time(l, first ? first->ts : AW_NS_NONE);
    aw_out_printf(l->out, "%-7s %-23s ", v ? aw_severity_name(v->severity) : "-",
                  v ? aw_cause_slug(v->cause) : "-");
    if (x->status)
        aw_out_printf(l->out, "%3u", (unsigned)x->status);
    else
        aw_out_str(l->out, "  -");
    put_request(l, x);
    if (v && v->cost.stall > 0)
        aw_out_printf(l->out, "  %s lost waiting", aw_text_span(figure, v->cost.stall));
    if (v && v->recovered) aw_out_str(l->out, "  (recovered)");
    aw_out_str(l->out, "\n");
}

void aw_line_waiting(struct aw_line *l, const struct aw_exchange *ex, aw_ns waited)
{
    const struct aw_mark *first = aw_exchange_first(ex);
    char figure[AW_FIGURE];
    put_time(l, first ? first->ts : AW_NS_NONE);
    aw_out_printf(l->out, "waiting %s, so far no answer", aw_text_span(figure, waited));
    put_request(l, ex);
    aw_out_str(l->out, "\n");
}
