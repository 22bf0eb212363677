/*
 * The report for people: the verdict in a sentence, what to mistrust, totals, causes, servers and
 * clients, then each failing exchange in a few lines, worst first. At most 80 columns, whatever the
 * traffic says.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sink/model.h"
#include "sink/out_buf.h"
#include "sink/report.h"
#include "sink/text_out.h"
#include "sink/worst.h"

enum {
    ROWS_MAX = 10000, /* of the table of all exchanges; it has to wait for the end of the run */
    FIXES_MAX = 12,
};

struct aw_report {
    struct aw_out *out;       /* borrowed */
    const struct aw_run *run; /* borrowed */
    struct aw_worst *worst;   /* owned */
    struct aw_out *rows;      /* owned; NULL unless all exchanges are wanted */
    uint64_t row_count;
    struct aw_scratch target;
};

typedef unsigned long long ull; /* for printf */

static void tell(struct aw_out *o, const struct aw_sentence *s, unsigned indent)
{
    (void)aw_text_wrap(o, aw_span_of(s->text, s->len), indent, indent, 0);
}

static void put_span(struct aw_out *o, const char *text, unsigned columns)
{
    aw_text_cell(o, aw_span_of(text, strlen(text)), columns);
}

static void write_title(struct aw_out *o, const char *fmt, ...) AW_PRINTF(2, 3);
static void write_title(struct aw_out *o, const char *fmt, ...)
{
    char line[AW_TEXT_COLUMNS + 1];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    aw_out_write(o, "\n", 1);
    aw_text_ink(o, AW_INK_TITLE);
    aw_out_str(o, line);
    aw_text_ink(o, AW_INK_PLAIN);
    aw_out_write(o, "\n", 1);
}

static void write_top(struct aw_out *o, const struct aw_model *m)
{
    aw_text_ink(o, AW_INK_TITLE);
    if (m->worst != AW_SEV_UNKNOWN && m->worst != AW_SEV_INFO)
        aw_text_ink(o, aw_severity_ink(m->worst));
    tell(o, &m->verdict, 0);
    aw_text_ink(o, AW_INK_PLAIN);
    if (m->next.len) tell(o, &m->next, 0);
    for (unsigned i = 0; i < m->warning_count; i++) {
        aw_text_ink(o, AW_INK_WARNING);
        aw_out_str(o, "Warning: ");
        aw_text_ink(o, AW_INK_PLAIN);
        tell(o, &m->warning[i], 9);
    }
    aw_out_str(o, "\n");
    for (unsigned i = 0; i < m->fact_count; i++) {
        put_span(o, m->fact[i].label, 13);
        tell(o, &m->fact[i].text, 13);
    }
}

/* --- tables --- */

static void write_causes(struct aw_report *r, const struct aw_model *m)
{
    if (m->cause_count == 0) return;
    write_title(r->out, "%-26s%-9s%10s%8s%14s%13s", "CAUSE", "SEVERITY", "COUNT", "SHARE",
                "LOST WAITING", "WASTED");
    for (size_t i = 0; i < m->cause_count; i++) {
        const struct aw_cause_total *c = &m->cause[i];
        char share[AW_FIGURE], stall[AW_FIGURE], wasted[AW_FIGURE];
        aw_out_printf(r->out, "%-26s", aw_cause_slug(c->cause));
        aw_text_ink(r->out, aw_severity_ink(c->severity));
        aw_out_printf(r->out, "%-9s", aw_severity_name(c->severity));
        aw_text_ink(r->out, AW_INK_PLAIN);
        aw_out_printf(r->out, "%10llu%8s%14s%13s\n", (ull)c->count,
                      aw_text_share(share, c->count, aw_summary_expectation(r->run->summary)),
                      c->stall ? aw_text_span(stall, c->stall) : "-",
                      c->wasted ? aw_text_size(wasted, c->wasted) : "-");
    }
}

static void write_groups(struct aw_report *r, const char *title,
                         const struct aw_group *const *group, size_t n)
{
    if (n == 0) return;
    write_title(r->out, "%-40s%10s%9s%7s%14s", title, "EXCHANGES", "FAILING", "SHARE",
                "LOST WAITING");
    for (size_t i = 0; i < n && i < AW_GROUPS_SHOWN; i++) {
        const struct aw_group *g = group[i];
        char name[AW_GROUP_NAME], share[AW_FIGURE], stall[AW_FIGURE];
        put_span(r->out, aw_group_name(name, g), 39);
        aw_out_printf(r->out, " %10llu%9llu%7s%14s\n", (ull)g->exchanges, (ull)g->failing,
                      aw_text_share(share, g->failing, g->exchanges),
                      g->stall ? aw_text_span(stall, g->stall) : "-");
    }
    if (n > AW_GROUPS_SHOWN) aw_out_printf(r->out, "... and %zu more\n", n - AW_GROUPS_SHOWN);
}

static void write_latencies(struct aw_report *r)
{
    bool titled = false;
    for (enum aw_latency l = AW_LAT_CONTINUE; l < AW_LAT_COUNT; l++) {
        const struct aw_hist *h = aw_summary_latency(r->run->summary, l);
        if (aw_hist_count(h) == 0) continue;
        char p50[AW_FIGURE], p90[AW_FIGURE], p99[AW_FIGURE], max[AW_FIGURE];
        if (!titled)
            write_title(r->out, "%-34s%11s%11s%11s%11s", "LATENCY", "P50", "P90", "P99", "MAX");
        titled = true;
        aw_out_printf(r->out, "%-34s%11s%11s%11s%11s\n", aw_latency_title(l),
                      aw_text_span(p50, aw_hist_percentile(h, 50)),
                      aw_text_span(p90, aw_hist_percentile(h, 90)),
                      aw_text_span(p99, aw_hist_percentile(h, 99)),
                      aw_text_span(max, aw_hist_max(h)));
    }
}

/* --- the worst --- */

static void write_told(struct aw_out *o, const struct aw_told *e)
{
    char head[64], tail[64], figure[AW_FIGURE], when[AW_TIME_TEXT];
    int head_len = snprintf(head, sizeof head, "%s", aw_cause_slug(e->cause));
    if (e->folded > 1)
        head_len +=
            snprintf(head + head_len, sizeof head - (size_t)head_len, " x%llu", (ull)e->folded);
    int tail_len = e->status ? snprintf(tail, sizeof tail, " -> %u", (unsigned)e->status)
                             : snprintf(tail, sizeof tail, " -> no answer");
    if (e->recovered)
        tail_len += snprintf(tail + tail_len, sizeof tail - (size_t)tail_len, ", recovered");
    if (e->stall)
        tail_len += snprintf(tail + tail_len, sizeof tail - (size_t)tail_len, ", %s lost",
                             aw_text_span(figure, (int64_t)e->stall));
    else if (e->wasted)
        tail_len += snprintf(tail + tail_len, sizeof tail - (size_t)tail_len, ", %s wasted",
                             aw_text_size(figure, e->wasted));
    aw_text_ink(o, aw_severity_ink(e->severity));
    aw_out_printf(o, "%-8s", e->severity == AW_SEV_ERROR ? "ERROR" : "WARNING");
    aw_text_ink(o, AW_INK_PLAIN);
    aw_out_str(o, head);
    aw_out_write(o, "  ", 2);
    (void)aw_out_printable(o, aw_span_of(e->what, strlen(e->what)),
                           (size_t)(AW_TEXT_COLUMNS - 10 - head_len - tail_len));
    aw_out_str(o, tail);
    aw_out_write(o, "\n", 1);

    enum { INDENT = 4, LINES = 4 };
    struct aw_sentence where = {.len = 0};
    aw_sentence_add(&where, "%s  %s", aw_text_time(when, e->start), e->ends);
    aw_text_ink(o, AW_INK_FAINT);
    const unsigned lines = 1 + aw_text_wrap(o, aw_span_of(where.text, where.len), 0, INDENT, 2);
    aw_text_ink(o, AW_INK_PLAIN);
    const struct aw_span why = aw_span_of(e->why, strlen(e->why));
    (void)aw_text_wrap(o, why, 0, INDENT, lines < 3 ? 2 : LINES - lines);
}

static void write_worst(struct aw_report *r)
{
    struct aw_out *o = r->out;
    const uint64_t failing = aw_summary_failing(r->run->summary), told = aw_worst_told(r->worst);
    if (failing == 0) return;
    write_title(o, "FAILING, WORST FIRST");
    for (unsigned i = 0; i < aw_worst_count(r->worst); i++)
        write_told(o, aw_worst_at(r->worst, i));
    if (failing > told)
        aw_out_printf(o, "... and %llu more (-o ndjson has them all)\n", (ull)(failing - told));
}

static void write_fixes(struct aw_report *r)
{
    struct aw_advice a = {.entry = 0};
    for (unsigned told = 0; told < FIXES_MAX && aw_worst_advice(r->worst, &a); told++) {
        if (told == 0) write_title(r->out, "HOW TO FIX");
        aw_out_printf(r->out, "%s: ", a.slug);
        (void)aw_text_wrap(r->out, aw_span_of(a.text, strlen(a.text)), (unsigned)strlen(a.slug) + 2,
                           4, 0);
    }
}

/* --- all exchanges --- */

/* One exchange a line: id, time of day, status, time to the final response, verdict, request. */
static void add_row(struct aw_report *r, const struct aw_record *rec)
{
    const struct aw_exchange *x = rec->ex;
    r->row_count++;
    if (r->row_count > ROWS_MAX) return;
    char when[AW_TIME_TEXT], status[8] = "-", took[AW_FIGURE] = "-";
    const struct aw_mark *first = aw_exchange_first(x);
    const aw_ns final = aw_between(&x->at[AW_AT_REQ_FIRST], &x->at[AW_AT_FINAL]);
    (void)aw_text_time(when, first ? first->ts : AW_NS_NONE);
    if (x->status) (void)snprintf(status, sizeof status, "%u", (unsigned)x->status);
    if (final != AW_NS_NONE) (void)aw_text_span(took, final);
    char start[64];
    int room = snprintf(start, sizeof start, "%7llu %.12s %-3.5s %11s ", (ull)x->id,
                        first ? when + 11 : "-           ", status, took);
    aw_out_str(r->rows, start);
    put_span(r->rows, rec->verdict ? aw_cause_slug(rec->verdict->cause) : "-", 23);
    aw_out_str(r->rows, " ");
    room = AW_TEXT_COLUMNS - room - 24;
    if (aw_request_seen(x)) {
        room -= (int)aw_out_printable(r->rows, x->text[AW_TEXT_METHOD], 8) + 1;
        aw_out_str(r->rows, " ");
        const struct aw_span target = aw_shown_target(r->run, x->text[AW_TEXT_TARGET], &r->target);
        (void)aw_out_printable(r->rows, target, room > 1 ? (size_t)room : 1);
    } else {
        aw_out_str(r->rows, "(not seen)");
    }
    aw_out_str(r->rows, "\n");
}

static void write_rows(struct aw_report *r)
{
    if (!r->rows || r->row_count == 0) return;
    write_title(r->out, "%7s %-12s %3s %11s %-23s %s", "ID", "TIME", "RES", "TO FINAL", "VERDICT",
                "REQUEST");
    const struct aw_span all = aw_out_bytes(r->rows);
    aw_out_write(r->out, all.p, all.len);
    if (r->row_count > ROWS_MAX)
        aw_out_printf(r->out, "... and %llu more (-o ndjson has them all)\n",
                      (ull)(r->row_count - ROWS_MAX));
}

/* --- the format --- */

static void text_close(struct aw_report *r)
{
    if (!r) return;
    if (r->rows) (void)aw_out_close(r->rows, false);
    aw_worst_free(r->worst);
    free(r->target.p);
    free(r);
}

static struct aw_report *text_open(struct aw_out *out, const struct aw_run *run)
{
    struct aw_report *r = calloc(1, sizeof *r);
    if (!r) return NULL;
    r->out = out;
    r->run = run;
    r->worst = aw_worst_new(run);
    if (run->config->all) r->rows = aw_out_memory();
    if (!r->worst || (run->config->all && !r->rows)) {
        text_close(r);
        return NULL;
    }
    if (r->rows) aw_out_ascii(r->rows, out->ascii);
    tzset(); /* localtime_r need not */
    return r;
}

static void text_record(struct aw_report *r, const struct aw_record *rec)
{
    if (rec->verdict && aw_failing(rec->verdict)) aw_worst_add(r->worst, rec);
    if (r->rows) add_row(r, rec);
}

static void text_finish(struct aw_report *r)
{
    struct aw_model *m = aw_model_new(r->run);
    if (!m) {
        aw_out_fail(r->out, ENOMEM);
        return;
    }
    write_top(r->out, m);
    write_causes(r, m);
    write_groups(r, "SERVER", m->server, m->server_count);
    write_groups(r, "CLIENT", m->client, m->client_count);
    write_latencies(r);
    write_worst(r);
    write_fixes(r);
    write_rows(r);
    if (aw_worst_lost(r->worst) || r->target.lost) aw_out_fail(r->out, ENOMEM);
    aw_model_free(m);
}

const struct aw_format aw_format_text = {
    .name = "text",
    .merges = true,
    .help = "a summary to read, and what failed, worst first",
    .open = text_open,
    .record = text_record,
    .finish = text_finish,
    .close = text_close,
};
