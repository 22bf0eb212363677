/*
 * The report as one HTML page that needs nothing else: no outside resource, no script to be read.
 * Its policy allows the one style and the one script it carries, by their hashes, and no other;
 * every value of the wire is written as text.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sha2.h>

#include "await100/explain.h"
#include "sink/html_out.h"
#include "sink/out_buf.h"
#include "sink/text_out.h"

struct aw_report {
    struct aw_out *out;       /* borrowed */
    const struct aw_run *run; /* borrowed */
    struct aw_worst *worst;   /* owned */
    struct aw_series series;  /* exchanges over time: errors, warnings, others */
};

typedef unsigned long long ull; /* for printf */

/* --- the policy --- */

/* "sha256-..." of a text, as policies name a style or a script. */
enum { HASH_TEXT = 52 };
static const char *hash_of(char to[HASH_TEXT], const char *const *piece)
{
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint8_t sum[SHA256_DIGEST_LENGTH + 1] = {0}; /* a multiple of three */
    SHA2_CTX context;
    SHA256Init(&context);
    for (; *piece; piece++)
        SHA256Update(&context, (const uint8_t *)*piece, strlen(*piece));
    SHA256Final(sum, &context);
    char *p = to + sprintf(to, "sha256-");
    for (size_t i = 0; i < sizeof sum; i += 3) {
        const uint32_t bits = (uint32_t)sum[i] << 16 | (uint32_t)sum[i + 1] << 8 | sum[i + 2];
        for (int shift = 18; shift >= 0; shift -= 6)
            *p++ = digit[bits >> shift & 63];
    }
    p[-1] = '='; /* the byte that was added */
    *p = '\0';
    return to;
}

static void put_pieces(struct aw_out *o, const char *const *piece)
{
    for (; *piece; piece++)
        aw_out_str(o, *piece);
}

static void write_head(struct aw_out *o, const struct aw_model *m)
{
    char style[HASH_TEXT], script[HASH_TEXT];
    aw_out_printf(o,
                  "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                  "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                  "style-src '%s'; script-src '%s'; img-src data:; base-uri 'none'; "
                  "form-action 'none'\">\n"
                  "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                  "<meta name=\"referrer\" content=\"no-referrer\">\n"
                  "<link rel=\"icon\" href=\"data:,\">\n<title>await100: ",
                  hash_of(style, aw_html_style), hash_of(script, aw_html_script));
    aw_html_text(o, m->verdict.text, 120);
    aw_out_str(o, "</title>\n<style>");
    put_pieces(o, aw_html_style);
    aw_out_str(o, "</style>\n</head>\n<body>\n<main>\n");
}

/* --- the top --- */

static void write_headline(struct aw_report *r, const struct aw_model *m)
{
    struct aw_out *o = r->out;
    const struct aw_summary *sum = r->run->summary;
    const uint64_t all = aw_summary_expectation(sum), failing = aw_summary_failing(sum);
    const uint64_t unknown = aw_summary_severity(sum, AW_SEV_UNKNOWN);
    aw_out_printf(o,
                  "<header class=\"card top s-%s\">\n"
                  "<div class=\"over\">await100 &middot; Expect: 100-continue</div>\n<h1>",
                  aw_severity_name(m->worst));
    if (all == 0)
        aw_out_str(o, "No request asked before it sent");
    else if (failing == 1 && all == 1)
        aw_out_str(o, "The one request that asked before sending went wrong");
    else if (failing)
        aw_out_printf(o, "%llu of %llu request%s that asked before sending went wrong",
                      (ull)failing, (ull)all, aw_plural(all));
    else if (unknown)
        aw_out_printf(o, "%llu request%s asked before sending; none was seen to go wrong", (ull)all,
                      aw_plural(all));
    else
        aw_out_printf(o, "%s%llu request%s that asked before sending went well",
                      all == 1 ? "The " : "All ", (ull)all, aw_plural(all));
    aw_out_str(o, "</h1>\n<p class=\"lead\">");
    aw_html_text(o, m->verdict.text, 0);
    aw_out_str(o, "</p>\n");
    if (m->next.len) {
        aw_out_str(o, "<p>");
        aw_html_text(o, m->next.text, 0);
        aw_out_str(o, "</p>\n");
    }
    aw_out_str(o, "<p class=\"soft\">A client that sends <code>Expect: 100-continue</code> holds "
                  "its content back until the server says <code>100 Continue</code>. This report "
                  "tells where that went wrong, whose doing it was, and what to change.</p>\n"
                  "</header>\n");
}

static void tile(struct aw_out *o, const char *class, const char *figure, const char *name)
{
    aw_out_printf(o, "<div class=\"tile\"><b class=\"%s\">%s</b><span>%s</span></div>\n", class,
                  figure, name);
}

static void write_tiles(struct aw_report *r, const struct aw_model *m)
{
    struct aw_out *o = r->out;
    const struct aw_summary *sum = r->run->summary;
    aw_ns stall = 0;
    uint64_t wasted = 0;
    char figure[AW_FIGURE];
    for (size_t i = 0; i < m->cause_count; i++) {
        stall += m->cause[i].stall;
        wasted += m->cause[i].wasted;
    }
    const uint64_t failing = aw_summary_failing(sum);
    aw_out_str(o, "<div class=\"tiles\">\n");
    (void)snprintf(figure, sizeof figure, "%llu", (ull)aw_summary_expectation(sum));
    tile(o, "", figure, "asked before sending");
    (void)snprintf(figure, sizeof figure, "%llu", (ull)failing);
    tile(o,
         !failing                   ? "t-ok"
         : m->worst == AW_SEV_ERROR ? "t-error"
                                    : "t-warning",
         figure, "failing");
    tile(o, "", stall ? aw_text_span(figure, stall) : "none", "lost waiting");
    tile(o, "", wasted ? aw_text_size(figure, wasted) : "none", "sent in vain");
    const struct aw_hist *cont = aw_summary_latency(sum, AW_LAT_CONTINUE);
    if (aw_hist_count(cont))
        tile(o, "", aw_text_span(figure, aw_hist_percentile(cont, 50)),
             "to answer the head (median)");
    aw_out_str(o, "</div>\n");
}

static void write_warnings(struct aw_out *o, const struct aw_model *m)
{
    for (unsigned i = 0; i < m->warning_count; i++) {
        aw_out_str(o, "<p class=\"warn\">");
        aw_html_text(o, m->warning[i].text, 0);
        aw_out_str(o, "</p>\n");
    }
}

/* --- tables --- */

/* A cell of a number: what people read, and what the script sorts by. */
static void cell(struct aw_out *o, uint64_t value, const char *text)
{
    aw_out_printf(o, "<td class=\"n\" data-v=\"%llu\">", (ull)value);
    aw_html_text(o, text, 0);
    aw_out_str(o, "</td>");
}

static void count_cell(struct aw_out *o, uint64_t value)
{
    char text[AW_FIGURE];
    (void)snprintf(text, sizeof text, "%llu", (ull)value);
    cell(o, value, text);
}

static uint64_t positive(aw_ns v)
{
    return v > 0 ? (uint64_t)v : 0;
}

static void cost_cells(struct aw_out *o, aw_ns stall, uint64_t wasted)
{
    char text[AW_FIGURE];
    cell(o, positive(stall), stall ? aw_text_span(text, stall) : "-");
    cell(o, wasted, wasted ? aw_text_size(text, wasted) : "-");
}

static void badge(struct aw_out *o, enum aw_severity s)
{
    aw_out_printf(o, "<span class=\"badge t-%s\">%s</span>", aw_severity_name(s),
                  aw_severity_name(s));
}

static void write_causes(struct aw_report *r, const struct aw_model *m)
{
    struct aw_out *o = r->out;
    const uint64_t all = aw_summary_expectation(r->run->summary);
    if (m->cause_count == 0) return;
    aw_out_str(o, "<h2>Causes</h2>\n<div class=\"card scroll\"><table class=\"sort\" id=\"causes\">"
                  "<thead><tr><th>Cause</th><th>Severity</th><th class=\"n\">Count</th>"
                  "<th class=\"n\">Share</th><th class=\"n\">Lost waiting</th>"
                  "<th class=\"n\">Wasted</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < m->cause_count; i++) {
        const struct aw_cause_total *c = &m->cause[i];
        char share[AW_FIGURE];
        const char *slug = aw_cause_slug(c->cause);
        aw_out_printf(o,
                      "<tr><td class=\"name\" data-v=\"%s\"><a href=\"#cause-%s\">%s</a><br>"
                      "<span class=\"soft\">%s</span></td><td>",
                      slug, slug, slug, aw_cause_title(c->cause));
        badge(o, c->severity);
        aw_out_str(o, "</td>");
        count_cell(o, c->count);
        cell(o, c->count, aw_text_share(share, c->count, all));
        cost_cells(o, c->stall, c->wasted);
        aw_out_str(o, "</tr>\n");
    }
    aw_out_str(o, "</tbody></table></div>\n");
}

static void write_groups(struct aw_out *o, const char *title, const char *id,
                         const struct aw_group *const *group, size_t n)
{
    enum { ROWS_MAX = 200 };
    if (n == 0) return;
    aw_out_printf(o,
                  "<h2>%ss</h2>\n<div class=\"card scroll\"><table class=\"sort\" id=\"%s\"><thead>"
                  "<tr><th>%s</th><th class=\"n\">Exchanges</th><th class=\"n\">Failing</th>"
                  "<th class=\"n\">Lost waiting</th><th class=\"n\">Wasted</th></tr></thead>\n"
                  "<tbody>\n",
                  title, id, title);
    for (size_t i = 0; i < n && i < ROWS_MAX; i++) {
        const struct aw_group *g = group[i];
        char name[AW_GROUP_NAME];
        aw_out_str(o, "<tr><td class=\"name\">");
        aw_html_text(o, aw_group_name(name, g), 160);
        aw_out_str(o, "</td>");
        count_cell(o, g->exchanges);
        count_cell(o, g->failing);
        cost_cells(o, g->stall, g->wasted);
        aw_out_str(o, "</tr>\n");
    }
    aw_out_str(o, "</tbody></table>");
    if (n > ROWS_MAX) aw_out_printf(o, "<p class=\"soft\">... and %zu more</p>", n - ROWS_MAX);
    aw_out_str(o, "</div>\n");
}

static void write_latencies(struct aw_report *r)
{
    static const double percent[] = {50, 90, 99, 100};
    struct aw_out *o = r->out;
    bool titled = false;
    for (enum aw_latency l = AW_LAT_CONTINUE; l < AW_LAT_COUNT; l++) {
        const struct aw_hist *h = aw_summary_latency(r->run->summary, l);
        if (aw_hist_count(h) == 0) continue;
        if (!titled)
            aw_out_str(o, "<h2>Latency</h2>\n<div class=\"card scroll\"><table class=\"sort\">"
                          "<thead><tr><th>Latency</th><th class=\"n\">p50</th><th class=\"n\">p90"
                          "</th><th class=\"n\">p99</th><th class=\"n\">max</th></tr></thead>\n"
                          "<tbody>\n");
        titled = true;
        aw_out_printf(o, "<tr><td class=\"name\">%s</td>", aw_latency_title(l));
        for (size_t i = 0; i < sizeof percent / sizeof percent[0]; i++) {
            char text[AW_FIGURE];
            const aw_ns v = aw_hist_percentile(h, percent[i]);
            cell(o, positive(v), aw_text_span(text, v));
        }
        aw_out_str(o, "</tr>\n");
    }
    if (titled) aw_out_str(o, "</tbody></table></div>\n");
}

/* --- the worst --- */

/* Line by line, so that no byte but an end of line begins one. */
static void write_head_text(struct aw_out *o, struct aw_span text, bool cut)
{
    aw_out_str(o, "<pre>");
    while (text.len > 0) {
        const uint8_t *nl = memchr(text.p, '\n', text.len);
        const size_t step = nl ? (size_t)(nl - text.p) + 1 : text.len;
        size_t len = nl ? step - 1 : step;
        if (len > 0 && text.p[len - 1] == '\r') len--;
        if (len > 0) { /* the empty line that ends a head is not shown */
            aw_out_html(o, (struct aw_span){text.p, len}, 0);
            aw_out_str(o, "\n");
        }
        text.p += step;
        text.len -= step;
    }
    aw_out_str(o, cut ? "...</pre>\n" : "</pre>\n");
}

/* In the order in which they went out: request, interim responses, final response. Of one that was
 * not read again stands what is kept of it. */
static void write_heads(struct aw_report *r, unsigned number, const struct aw_told *e)
{
    struct aw_out *o = r->out;
    bool whole = true, titled = false;
    for (int i = 0; i < AW_HEADS; i++) {
        const int which = i == 0              ? AW_HEAD_REQUEST
                          : i == AW_HEADS - 1 ? AW_HEAD_FINAL
                                              : AW_HEAD_INTERIM + i - 1;
        const char *kept = which == AW_HEAD_REQUEST ? e->head[AW_C2S]
                           : which == AW_HEAD_FINAL ? e->head[AW_S2C]
                                                    : NULL;
        bool cut = false;
        struct aw_span text = aw_worst_head(r->worst, number, which, &cut);
        if (!text.p) {
            if (!kept) continue;
            text = aw_span_of(kept, strlen(kept));
            whole = false;
        }
        if (!titled) aw_out_str(o, "<details><summary>Heads</summary>\n");
        titled = true;
        write_head_text(o, text, cut);
    }
    if (!titled) return;
    aw_out_str(o, "<p class=\"soft\">");
    if (!whole)
        aw_out_str(o, "Where the input could not be read again: the fields that are kept. ");
    aw_out_str(o, r->run->show_secrets ? "Secrets are shown." : "What may be a secret is masked.");
    aw_out_str(o, "</p>\n</details>\n");
}

static void write_list(struct aw_out *o, const char *const *item, size_t most)
{
    aw_out_str(o, "<ul>");
    for (size_t i = 0; i < most && item[i]; i++) {
        aw_out_str(o, "<li>");
        aw_html_text(o, item[i], 0);
        aw_out_str(o, "</li>");
    }
    aw_out_str(o, "</ul>\n");
}

static void write_told(struct aw_report *r, unsigned at)
{
    struct aw_out *o = r->out;
    const struct aw_told *e = aw_worst_at(r->worst, at);
    const char *slug = aw_cause_slug(e->cause);
    char figure[AW_FIGURE], when[AW_TIME_TEXT];
    aw_out_printf(o, "<article class=\"card s-%s\">\n<h3>%u. <span class=\"mono\">",
                  aw_severity_name(e->severity), at + 1);
    aw_html_text(o, e->what, 0);
    aw_out_str(o, "</span></h3>\n<div class=\"meta\">");
    badge(o, e->severity);
    aw_out_printf(o, "<a href=\"#cause-%s\">%s</a><b>", slug, aw_cause_title(e->cause));
    if (e->status)
        aw_out_printf(o, "answered %u", (unsigned)e->status);
    else
        aw_out_str(o, "not answered");
    aw_out_str(o, "</b>");
    if (e->folded > 1) aw_out_printf(o, "<span>%llu attempts</span>", (ull)e->folded);
    if (e->recovered) aw_out_str(o, "<span class=\"t-ok\">recovered</span>");
    if (e->stall)
        aw_out_printf(o, "<span>%s lost waiting</span>",
                      aw_text_span(figure, (int64_t)positive((aw_ns)e->stall)));
    if (e->wasted)
        aw_out_printf(o, "<span>%s sent in vain</span>", aw_text_size(figure, e->wasted));
    aw_out_printf(o, "<span>party: %s</span><span>confidence: %s</span></div>\n",
                  aw_party_name(e->party), aw_confidence_name(e->confidence));
    aw_out_printf(o, "<p class=\"soft\">%s &middot; ", aw_text_time(when, e->start));
    aw_html_text(o, e->ends, 0);
    if (e->file[0]) {
        aw_out_str(o, " &middot; ");
        aw_html_text(o, e->file, 200);
    }
    aw_out_str(o, "</p>\n<div class=\"case\"><div>\n");
    aw_html_ladder(o, e);
    aw_out_str(o, "</div><div>\n<h4>Evidence</h4>\n");
    if (e->evidence[0])
        write_list(o, (const char *const *)e->evidence, AW_EVIDENCE_MAX);
    else
        aw_out_printf(o, "<p>%s</p>\n", aw_cause_meaning(e->cause));
    if (e->fix[0]) {
        aw_out_str(o, "<div class=\"fix\"><h4>What to change</h4>\n");
        write_list(o, (const char *const *)e->fix, AW_FIX_MAX);
        aw_out_str(o, "</div>\n");
    }
    write_heads(r, at, e);
    aw_out_str(o, "</div></div>\n</article>\n");
}

static void write_worst(struct aw_report *r)
{
    struct aw_out *o = r->out;
    const unsigned n = aw_worst_count(r->worst);
    const uint64_t failing = aw_summary_failing(r->run->summary), told = aw_worst_told(r->worst);
    if (n > 0) aw_out_str(o, "<h2>Failing exchanges, worst first</h2>\n");
    for (unsigned i = 0; i < n; i++)
        write_told(r, i);
    if (failing > told)
        aw_out_printf(o,
                      "<p class=\"soft\">... and %llu more failing exchanges that are not drawn "
                      "here; <code>-o ndjson</code> has them all.</p>\n",
                      (ull)(failing - told));
}

/* --- the reference --- */

/* One section of a cause's text; see aw_explain_emit for its lines. */
static void write_section(void *ctx, const char *heading, const char *body)
{
    struct aw_out *o = ctx;
    enum { TEXT, LIST, CODE } now = TEXT;
    static const char *const begin[] = {"", "<ul>", "<pre>"};
    static const char *const end[] = {"", "</ul>\n", "</pre>\n"};
    if (!heading) return; /* the name, which stands above */
    aw_out_str(o, "<h4>");
    aw_html_text(o, heading, 0);
    aw_out_str(o, "</h4>\n");
    while (*body) {
        const size_t len = strcspn(body, "\n");
        const bool item = strncmp(body, "- ", 2) == 0, code = strncmp(body, "    ", 4) == 0;
        const int want = item ? LIST : code ? CODE : TEXT;
        if (want != (int)now) {
            aw_out_str(o, end[now]);
            aw_out_str(o, begin[want]);
            now = item ? LIST : code ? CODE : TEXT;
        }
        const size_t skip = item ? 2 : code ? 4 : 0;
        aw_out_str(o, item ? "<li>" : code || len == 0 ? "" : "<p>");
        aw_out_html(o, aw_span_of(body + skip, len - skip), 0);
        aw_out_str(o, item ? "</li>\n" : code ? "\n" : len ? "</p>\n" : "");
        body += len + (body[len] == '\n');
    }
    aw_out_str(o, end[now]);
}

static void write_reference(struct aw_out *o, const struct aw_model *m)
{
    bool titled = false, done[AW_CAUSE_COUNT] = {false};
    for (size_t i = 0; i < m->cause_count; i++) {
        const enum aw_cause c = m->cause[i].cause;
        if (done[c]) continue;
        done[c] = true;
        if (!titled) aw_out_str(o, "<h2>What the causes mean</h2>\n<div class=\"card\">\n");
        titled = true;
        aw_out_printf(o, "<details id=\"cause-%s\"><summary>%s: %s</summary>\n", aw_cause_slug(c),
                      aw_cause_slug(c), aw_cause_title(c));
        (void)aw_explain(aw_cause_slug(c), write_section, o);
        aw_out_str(o, "</details>\n");
    }
    if (titled) aw_out_str(o, "</div>\n");
}

static void write_facts(struct aw_out *o, const struct aw_model *m)
{
    aw_out_str(o, "<h2>The capture</h2>\n<div class=\"card\"><dl>\n");
    for (unsigned i = 0; i < m->fact_count; i++) {
        aw_out_printf(o, "<dt>%s</dt><dd>", m->fact[i].label);
        aw_html_text(o, m->fact[i].text.text, 0);
        aw_out_str(o, "</dd>\n");
    }
    aw_out_str(o, "</dl></div>\n");
}

/* --- the format --- */

static void html_close(struct aw_report *r)
{
    if (!r) return;
    aw_worst_free(r->worst);
    free(r);
}

static struct aw_report *html_open(struct aw_out *out, const struct aw_run *run)
{
    struct aw_report *r = calloc(1, sizeof *r);
    if (!r) return NULL;
    *r = (struct aw_report){.out = out, .run = run, .worst = aw_worst_new(run)};
    aw_out_ascii(out, false); /* the page says that it is UTF-8, wherever it is opened */
    tzset();                  /* localtime_r need not */
    if (r->worst) return r;
    html_close(r);
    return NULL;
}

static void html_record(struct aw_report *r, const struct aw_record *rec)
{
    if (!rec->verdict) return;
    const struct aw_mark *first = aw_exchange_first(rec->ex);
    const enum aw_severity s = rec->verdict->severity;
    if (first)
        aw_series_add(&r->series, first->ts, s == AW_SEV_ERROR ? 0 : s == AW_SEV_WARNING ? 1 : 2);
    if (aw_failing(rec->verdict)) aw_worst_add(r->worst, rec);
}

static struct aw_worst *html_worst(struct aw_report *r)
{
    return r->worst;
}

static void html_finish(struct aw_report *r)
{
    struct aw_out *o = r->out;
    struct aw_model *m = aw_model_new(r->run);
    if (!m) {
        aw_out_fail(o, ENOMEM);
        return;
    }
    write_head(o, m);
    write_headline(r, m);
    write_warnings(o, m);
    write_tiles(r, m);
    write_causes(r, m);
    if (aw_summary_expectation(r->run->summary)) {
        aw_out_str(o, "<h2>Charts</h2>\n<div class=\"grid\">\n");
        aw_html_over_time(o, &r->series);
        aw_html_histogram(o, aw_summary_latency(r->run->summary, AW_LAT_CONTINUE));
        aw_html_stall_by_server(o, m);
        aw_html_waterfall(o, r->worst);
        aw_out_str(o, "</div>\n");
    }
    write_worst(r);
    write_groups(o, "Server", "servers", m->server, m->server_count);
    write_groups(o, "Client", "clients", m->client, m->client_count);
    write_latencies(r);
    write_facts(o, m);
    write_reference(o, m);
    aw_out_printf(o,
                  "<footer>await100 %s. Times are those of the capture, shown in local "
                  "time.</footer>\n</main>\n<script>",
                  r->run->version);
    put_pieces(o, aw_html_script);
    aw_out_str(o, "</script>\n</body>\n</html>\n");
    if (aw_worst_lost(r->worst)) aw_out_fail(o, ENOMEM);
    aw_model_free(m);
}

const struct aw_format aw_format_html = {
    .name = "html",
    .merges = true,
    .help = "one self-contained page with charts and ladders",
    .open = html_open,
    .record = html_record,
    .finish = html_finish,
    .close = html_close,
    .worst = html_worst,
};
