/*
 * The report as Markdown (CommonMark with the tables of GitHub and GitLab), to be pasted into a
 * ticket: verdict, causes, servers, clients, latencies, then the worst failing exchanges with their
 * steps, evidence and fix. Values of the wire stand in code spans and fenced blocks, where nothing
 * is markup, a link or a mention.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sink/markup.h"
#include "sink/model.h"
#include "sink/out_buf.h"
#include "sink/report.h"
#include "sink/text_out.h"
#include "sink/worst.h"

enum { TOLD_MAX = 20 }; /* exchanges: more than that nobody reads in a ticket */

struct aw_report {
    struct aw_out *out;       /* borrowed */
    const struct aw_run *run; /* borrowed */
    struct aw_worst *worst;   /* owned */
};

typedef unsigned long long ull; /* for printf */

static void put_md(struct aw_out *o, const char *s)
{
    aw_out_markdown(o, aw_span_of(s, strlen(s)));
}

static void put_code(struct aw_out *o, const char *s)
{
    aw_out_code(o, aw_span_of(s, strlen(s)));
}

/* Inside a fenced block; the caller has begun the line, so that it cannot end the block. */
static void put_plain(struct aw_out *o, const char *s)
{
    (void)aw_out_printable(o, aw_span_of(s, strlen(s)), 0);
}

/* --- the run --- */

static void write_top(struct aw_out *o, const struct aw_model *m)
{
    aw_out_str(o, "## Expect: 100-continue\n\n**");
    put_md(o, m->verdict.text);
    aw_out_str(o, "**\n");
    if (m->next.len) {
        aw_out_str(o, "\n");
        put_md(o, m->next.text);
        aw_out_str(o, "\n");
    }
    for (unsigned i = 0; i < m->warning_count; i++) {
        aw_out_str(o, "\n> Warning: ");
        put_md(o, m->warning[i].text);
        aw_out_str(o, "\n");
    }
    aw_out_str(o, "\n| Run | |\n|---|---|\n");
    for (unsigned i = 0; i < m->fact_count; i++) {
        aw_out_printf(o, "| %s | ", m->fact[i].label);
        put_md(o, m->fact[i].text.text);
        aw_out_str(o, " |\n");
    }
}

static void write_causes(struct aw_report *r, const struct aw_model *m)
{
    struct aw_out *o = r->out;
    if (m->cause_count == 0) return;
    aw_out_str(o, "\n### Causes\n\n| Cause | Severity | Count | Share | Lost waiting | Wasted |\n"
                  "|---|---|---:|---:|---:|---:|\n");
    for (size_t i = 0; i < m->cause_count; i++) {
        const struct aw_cause_total *c = &m->cause[i];
        char share[AW_FIGURE], stall[AW_FIGURE], wasted[AW_FIGURE];
        (void)aw_text_share(share, c->count, aw_summary_expectation(r->run->summary));
        aw_out_printf(o, "| `%s` %s | %s | %llu | %s | %s | %s |\n", aw_cause_slug(c->cause),
                      aw_cause_title(c->cause), aw_severity_name(c->severity), (ull)c->count,
                      share[0] == '<' ? "&lt;1 %" : share,
                      c->stall ? aw_text_span(stall, c->stall) : "-",
                      c->wasted ? aw_text_size(wasted, c->wasted) : "-");
    }
}

static void write_groups(struct aw_out *o, const char *title, const struct aw_group *const *group,
                         size_t n)
{
    if (n == 0) return;
    aw_out_printf(o,
                  "\n### %ss\n\n| %s | Exchanges | Failing | Lost waiting | Wasted |\n"
                  "|---|---:|---:|---:|---:|\n",
                  title, title);
    for (size_t i = 0; i < n && i < AW_GROUPS_SHOWN; i++) {
        const struct aw_group *g = group[i];
        char name[AW_GROUP_NAME], stall[AW_FIGURE], wasted[AW_FIGURE];
        aw_out_str(o, "| ");
        put_code(o, aw_group_name(name, g));
        aw_out_printf(o, " | %llu | %llu | %s | %s |\n", (ull)g->exchanges, (ull)g->failing,
                      g->stall ? aw_text_span(stall, g->stall) : "-",
                      g->wasted ? aw_text_size(wasted, g->wasted) : "-");
    }
    if (n > AW_GROUPS_SHOWN) aw_out_printf(o, "\n... and %zu more\n", n - AW_GROUPS_SHOWN);
}

static void write_latencies(struct aw_report *r)
{
    struct aw_out *o = r->out;
    bool titled = false;
    for (enum aw_latency l = AW_LAT_CONTINUE; l < AW_LAT_COUNT; l++) {
        const struct aw_hist *h = aw_summary_latency(r->run->summary, l);
        if (aw_hist_count(h) == 0) continue;
        char p50[AW_FIGURE], p90[AW_FIGURE], p99[AW_FIGURE], max[AW_FIGURE];
        if (!titled)
            aw_out_str(o, "\n### Latency\n\n| Latency | p50 | p90 | p99 | max |\n"
                          "|---|---:|---:|---:|---:|\n");
        titled = true;
        aw_out_printf(o, "| %s | %s | %s | %s | %s |\n", aw_latency_title(l),
                      aw_text_span(p50, aw_hist_percentile(h, 50)),
                      aw_text_span(p90, aw_hist_percentile(h, 90)),
                      aw_text_span(p99, aw_hist_percentile(h, 99)),
                      aw_text_span(max, aw_hist_max(h)));
    }
}

/* --- the worst --- */

static void write_steps(struct aw_out *o, const struct aw_told *e)
{
    for (unsigned i = 0; i < e->step_count; i++) {
        const struct aw_step *s = &e->step[i];
        char at[AW_FIGURE] = "?", packet[32] = "";
        if (s->at != AW_NS_NONE) (void)aw_text_span(at, s->at);
        if (aw_ref_no(s->ref))
            (void)snprintf(packet, sizeof packet, "%llu", (ull)aw_ref_no(s->ref));
        aw_out_printf(o, "%7s %12s  %s  ", packet, at,
                      s->dir == AW_C2S ? "client -> server" : "client <- server");
        put_plain(o, s->label);
        aw_out_write(o, "\n", 1);
    }
}

static void write_told(struct aw_out *o, unsigned number, const struct aw_told *e)
{
    char figure[AW_FIGURE], when[AW_TIME_TEXT];
    aw_out_printf(o, "\n#### %u. ", number);
    put_code(o, e->what);
    if (e->status)
        aw_out_printf(o, " answered %u: ", (unsigned)e->status);
    else
        aw_out_str(o, " not answered: ");
    aw_out_printf(o, "%s\n\n", aw_cause_title(e->cause));
    aw_out_printf(o, "`%s` (%s), party: %s, confidence: %s", aw_cause_slug(e->cause),
                  aw_severity_name(e->severity), aw_party_name(e->party),
                  aw_confidence_name(e->confidence));
    if (e->folded > 1) aw_out_printf(o, ", %llu attempts", (ull)e->folded);
    if (e->recovered) aw_out_str(o, ", recovered");
    if (e->stall) aw_out_printf(o, ", %s lost waiting", aw_text_span(figure, (int64_t)e->stall));
    if (e->wasted) aw_out_printf(o, ", %s sent in vain", aw_text_size(figure, e->wasted));
    aw_out_str(o, "  \n");
    aw_out_printf(o, "%s, ", aw_text_time(when, e->start));
    put_code(o, e->ends);
    if (e->file[0]) {
        aw_out_str(o, ", ");
        put_code(o, e->file);
    }
    aw_out_str(o, "\n\n```text\n packet         time\n");
    write_steps(o, e);
    aw_out_str(o, "\nevidence\n");
    for (unsigned i = 0; i < AW_EVIDENCE_MAX && e->evidence[i]; i++) {
        aw_out_str(o, "    ");
        put_plain(o, e->evidence[i]);
        aw_out_write(o, "\n", 1);
    }
    aw_out_str(o, "```\n");
    for (unsigned i = 0; i < AW_FIX_MAX && e->fix[i]; i++) {
        aw_out_str(o, i ? "- " : "\nFix:\n\n- ");
        put_md(o, e->fix[i]);
        aw_out_write(o, "\n", 1);
    }
}

static void write_worst(struct aw_report *r)
{
    struct aw_out *o = r->out;
    const unsigned n = aw_worst_count(r->worst);
    uint64_t told = 0;
    if (n > 0) aw_out_str(o, "\n### Failing, worst first\n");
    for (unsigned i = 0; i < n && i < TOLD_MAX; i++) {
        const struct aw_told *e = aw_worst_at(r->worst, i);
        told += e->folded;
        write_told(o, i + 1, e);
    }
    const uint64_t failing = aw_summary_failing(r->run->summary);
    if (failing > told)
        aw_out_printf(o, "\n... and %llu more failing exchanges (`-o ndjson` has them all)\n",
                      (ull)(failing - told));
}

/* --- the format --- */

static void md_close(struct aw_report *r)
{
    if (!r) return;
    aw_worst_free(r->worst);
    free(r);
}

static struct aw_report *md_open(struct aw_out *out, const struct aw_run *run)
{
    struct aw_report *r = calloc(1, sizeof *r);
    if (!r) return NULL;
    *r = (struct aw_report){.out = out, .run = run, .worst = aw_worst_new(run)};
    tzset(); /* localtime_r need not */
    if (r->worst) return r;
    md_close(r);
    return NULL;
}

static void md_record(struct aw_report *r, const struct aw_record *rec)
{
    if (rec->verdict && aw_failing(rec->verdict)) aw_worst_add(r->worst, rec);
}

static void md_finish(struct aw_report *r)
{
    struct aw_model *m = aw_model_new(r->run);
    if (!m) {
        aw_out_fail(r->out, ENOMEM);
        return;
    }
    write_top(r->out, m);
    write_causes(r, m);
    write_groups(r->out, "Server", m->server, m->server_count);
    write_groups(r->out, "Client", m->client, m->client_count);
    write_latencies(r);
    write_worst(r);
    aw_out_printf(r->out, "\nawait100 %s\n", r->run->version);
    if (aw_worst_lost(r->worst)) aw_out_fail(r->out, ENOMEM);
    aw_model_free(m);
}

const struct aw_format aw_format_md = {
    .name = "md",
    .merges = true,
    .help = "Markdown, for a ticket",
    .open = md_open,
    .record = md_record,
    .finish = md_finish,
    .close = md_close,
};
