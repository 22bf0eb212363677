/*
 * The report for people: the verdict in a sentence, what to mistrust, totals, causes, servers and
 * clients, then each failing exchange in a few lines, worst first. At most 80 columns, whatever the
 * traffic says.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sink/out_buf.h"
#include "sink/report.h"
#include "sink/text_out.h"
#include "sink/worst.h"

enum {
    ROWS_MAX = 10000, /* of the table of all exchanges; it has to wait for the end of the run */
    GROUPS_SHOWN = 10,
    CAUSES_IN_SENTENCE = 3,
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

/* A sentence of our own in a buffer; cut where hostile names make it long. */
struct sentence {
    char text[1024];
    size_t len;
};

static void say(struct sentence *s, const char *fmt, ...) AW_PRINTF(2, 3);
static void say(struct sentence *s, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    const int n = vsnprintf(s->text + s->len, sizeof s->text - s->len, fmt, args);
    va_end(args);
    if (n < 0) return;
    s->len += (size_t)n;
    if (s->len >= sizeof s->text) s->len = sizeof s->text - 1;
}

static void tell(struct aw_out *o, const struct sentence *s, unsigned indent)
{
    (void)aw_text_wrap(o, aw_span_of(s->text, s->len), indent ? indent : 0, indent, 0);
}

static void put_span(struct aw_out *o, const char *text, unsigned columns)
{
    aw_text_cell(o, aw_span_of(text, strlen(text)), columns);
}

static const char *plural(uint64_t n)
{
    return n == 1 ? "" : "s";
}

/* --- the verdict in a sentence --- */

static void say_nothing_found(struct aw_report *r)
{
    const struct aw_stats *t = r->run->stats;
    struct sentence s = {.len = 0};
    if (t->packets == 0 && r->run->filtered > 0) {
        say(&s, "0 exchanges: none of %llu packet%s matched the capture filter.",
            (ull)r->run->filtered, plural(r->run->filtered));
    } else if (t->packets == 0) {
        say(&s, "0 exchanges: the input holds no packets.");
    } else if (t->connections == 0) {
        say(&s, "0 exchanges: %llu packet%s, none of them of a TCP connection.", (ull)t->packets,
            plural(t->packets));
    } else if (r->run->match && r->run->found > 0) {
        say(&s, "0 expectation exchanges match -Y, out of %llu HTTP exchange%s.",
            (ull)r->run->found, plural(r->run->found));
    } else if (t->exchanges == 0) {
        say(&s, "0 exchanges: %llu connection%s", (ull)t->connections, plural(t->connections));
        if (t->tls_opaque) say(&s, ", %llu TLS (opaque)", (ull)t->tls_opaque);
        if (t->http2_opaque) say(&s, ", %llu HTTP/2 (opaque)", (ull)t->http2_opaque);
        if (t->http) say(&s, ", %llu HTTP", (ull)t->http);
        if (t->not_http) say(&s, ", %llu without HTTP", (ull)t->not_http);
        if (t->empty) say(&s, ", %llu without content", (ull)t->empty);
        say(&s, ".");
    } else {
        say(&s, "0 expectation exchanges among %llu HTTP exchange%s: no Expect, no 100, no 417.",
            (ull)t->exchanges, plural(t->exchanges));
    }
    tell(r->out, &s, 0);

    s.len = 0;
    if (t->packets && t->connections == 0)
        say(&s, "Next: check the capture filter and the interface; see \"not followed\" below.");
    else if (r->run->match && r->run->found > 0)
        say(&s, "Next: run without -Y to see what is there; -Y help tells the language.");
    else if (t->exchanges == 0 && t->tls_opaque)
        say(&s, "Next: TLS hides HTTP; capture where it is plain, behind the end point of TLS.");
    else if (t->exchanges == 0 && t->http2_opaque)
        say(&s, "Next: HTTP/2 is not read; make the client use HTTP/1.1 (curl --http1.1).");
    else if (t->exchanges == 0 && t->empty && t->empty == t->connections)
        say(&s, "Next: no connection carried a byte; capture while the request is made.");
    else if (t->exchanges && !r->run->config->all)
        say(&s, "Next: -A shows every HTTP exchange.");
    if (s.len) tell(r->out, &s, 0);
}

static void say_verdict(struct aw_report *r)
{
    const struct aw_summary *sum = r->run->summary;
    const uint64_t all = aw_summary_expectation(sum), failing = aw_summary_failing(sum);
    const uint64_t unknown = aw_summary_severity(sum, AW_SEV_UNKNOWN);
    if (all == 0) {
        say_nothing_found(r);
        return;
    }
    struct sentence s = {.len = 0};
    if (failing == 0 && unknown == all) {
        say(&s, "%llu expectation exchange%s, and the capture does not show how %s ended.",
            (ull)all, plural(all), all == 1 ? "it" : "they");
    } else if (failing == 0) {
        say(&s, "0 of %llu expectation exchanges failed", (ull)all);
        if (unknown) say(&s, "; %llu could not be judged", (ull)unknown);
        say(&s, ".");
    } else {
        struct aw_cause_total total[AW_CAUSE_COUNT * AW_SEV_COUNT];
        const size_t n = aw_summary_causes(sum, total, sizeof total / sizeof total[0]);
        aw_ns stall = 0;
        uint64_t wasted = 0;
        size_t named = 0, others = 0;
        say(&s, "%llu of %llu expectation exchanges failed", (ull)failing, (ull)all);
        for (size_t i = 0; i < n; i++) {
            stall += total[i].stall;
            wasted += total[i].wasted;
            if (total[i].severity < AW_SEV_WARNING) continue;
            if (named == CAUSES_IN_SENTENCE) {
                others++;
                continue;
            }
            say(&s, "%s%s", named++ ? ", " : ": ", aw_cause_title(total[i].cause));
            if (total[i].count != failing) say(&s, " (%llu)", (ull)total[i].count);
        }
        if (others) say(&s, " and %llu more cause%s", (ull)others, plural(others));
        char figure[AW_FIGURE];
        if (stall) say(&s, "; %s lost waiting", aw_text_span(figure, stall));
        if (wasted) say(&s, "; %s sent in vain", aw_text_size(figure, wasted));
        if (unknown) say(&s, "; %llu could not be judged", (ull)unknown);
        say(&s, ".");
    }
    tell(r->out, &s, 0);
}

/* --- what to mistrust --- */

static void warn_if(struct aw_report *r, bool holds, const struct sentence *s)
{
    if (!holds) return;
    aw_out_str(r->out, "Warning: ");
    (void)aw_text_wrap(r->out, aw_span_of(s->text, s->len), 9, 9, 0);
}

static void say_warnings(struct aw_report *r)
{
    const struct aw_run *run = r->run;
    const struct aw_stats *t = run->stats;
    struct sentence s = {.len = 0};
    say(&s,
        "%llu of %llu connections were captured in one direction only; capture where both"
        " directions pass.",
        (ull)t->one_sided, (ull)t->connections);
    warn_if(r, t->one_sided > 0 && t->one_sided > t->connections / 2, &s);
    s.len = 0;
    say(&s, "%llu packet%s cut by the snap length; capture whole packets (-s 0).",
        (ull)t->truncated, t->truncated == 1 ? " was" : "s were");
    warn_if(r, t->truncated > 0, &s);
    s.len = 0;
    say(&s, "%llu input%s damaged; this report covers what came before the damage.",
        (ull)run->damaged, run->damaged == 1 ? " was" : "s were");
    warn_if(r, run->damaged > 0, &s);
    s.len = 0;
    say(&s, "%llu packet%s dropped while capturing; a larger buffer (-B) or a filter helps.",
        (ull)run->dropped, run->dropped == 1 ? " was" : "s were");
    warn_if(r, run->dropped > 0, &s);
    s.len = 0;
    say(&s, "%llu gap%s in the connections: bytes that were acknowledged and not captured.",
        (ull)t->gaps, plural(t->gaps));
    warn_if(r, t->gaps > 0, &s);
    s.len = 0;
    say(&s, "%llu connection%s let go for want of memory; --memory raises the limit.",
        (ull)t->evicted, t->evicted == 1 ? " was" : "s were");
    warn_if(r, t->evicted > 0, &s);
    s.len = 0;
    say(&s, "%llu time%s memory ran out and something was not followed.", (ull)t->no_memory,
        plural(t->no_memory));
    warn_if(r, t->no_memory > 0, &s);
}

/* --- totals --- */

static void label(struct aw_out *o, const char *name)
{
    put_span(o, name, 13);
}

static void say_counts(struct sentence *s, const struct aw_drop_count *c, unsigned n)
{
    const char *comma = "";
    for (unsigned i = 0; i < n; i++) {
        if (c[i].count == 0) continue;
        say(s, "%s%llu %s", comma, (ull)c[i].count, c[i].slug);
        comma = ", ";
    }
}

static void line(struct aw_report *r, const char *name, const struct sentence *s)
{
    if (s->len == 0) return;
    label(r->out, name);
    tell(r->out, s, 13);
}

static void write_totals(struct aw_report *r)
{
    const struct aw_run *run = r->run;
    const struct aw_stats *t = run->stats;
    const struct aw_summary *sum = run->summary;
    char figure[AW_FIGURE], when[AW_TIME_TEXT];
    struct sentence s = {.len = 0};

    aw_out_str(r->out, "\n");
    if (run->file_count == 1)
        say(&s, "%.200s, ", run->files[0]);
    else if (run->file_count > 1)
        say(&s, "%zu files, ", run->file_count);
    say(&s, "%llu packet%s, %s", (ull)t->packets, plural(t->packets),
        aw_text_size(figure, t->bytes));
    line(r, "Input", &s);
    s.len = 0;
    if (t->packets && t->first != AW_NS_NONE && t->last != AW_NS_NONE)
        say(&s, "%s, %s", aw_text_time(when, t->first), aw_text_span(figure, t->last - t->first));
    line(r, "Time", &s);
    s.len = 0;
    say_counts(&s, t->drop, t->drop_kinds);
    line(r, "Not followed", &s);

    s.len = 0;
    say(&s, "%llu: %llu HTTP", (ull)t->connections, (ull)t->http);
    if (t->tls_opaque) say(&s, ", %llu TLS (opaque)", (ull)t->tls_opaque);
    if (t->http2_opaque) say(&s, ", %llu HTTP/2 (opaque)", (ull)t->http2_opaque);
    if (t->not_http) say(&s, ", %llu without HTTP", (ull)t->not_http);
    if (t->empty) say(&s, ", %llu without content", (ull)t->empty);
    if (t->midstream) say(&s, "; %llu joined midstream", (ull)t->midstream);
    if (t->one_sided) say(&s, "; %llu seen from one side", (ull)t->one_sided);
    line(r, "Connections", &s);

    s.len = 0;
    say(&s, "%llu HTTP, %llu with an expectation", (ull)t->exchanges,
        (ull)aw_summary_expectation(sum));
    if (r->run->match) say(&s, " match -Y, of %llu", (ull)r->run->found);
    if (t->orphans) say(&s, "; %llu whose request was not seen", (ull)t->orphans);
    line(r, "Exchanges", &s);
    s.len = 0;
    say_counts(&s, t->broken, t->broken_kinds);
    line(r, "Unreadable", &s);

    static const enum aw_severity order[] = {AW_SEV_ERROR, AW_SEV_WARNING, AW_SEV_INFO, AW_SEV_OK,
                                             AW_SEV_UNKNOWN};
    s.len = 0;
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        const uint64_t n = aw_summary_severity(sum, order[i]);
        if (n) say(&s, "%s%llu %s", s.len ? ", " : "", (ull)n, aw_severity_name(order[i]));
    }
    line(r, "Verdicts", &s);
}

/* --- tables --- */

static void write_causes(struct aw_report *r)
{
    const struct aw_summary *sum = r->run->summary;
    struct aw_cause_total total[AW_CAUSE_COUNT * AW_SEV_COUNT];
    const size_t n = aw_summary_causes(sum, total, sizeof total / sizeof total[0]);
    if (n == 0) return;
    aw_out_printf(r->out, "\n%-26s%-9s%10s%8s%14s%13s\n", "CAUSE", "SEVERITY", "COUNT", "SHARE",
                  "LOST WAITING", "WASTED");
    for (size_t i = 0; i < n; i++) {
        const struct aw_cause_total *c = &total[i];
        char share[AW_FIGURE], stall[AW_FIGURE], wasted[AW_FIGURE];
        aw_out_printf(r->out, "%-26s%-9s%10llu%8s%14s%13s\n", aw_cause_slug(c->cause),
                      aw_severity_name(c->severity), (ull)c->count,
                      aw_text_share(share, c->count, aw_summary_expectation(sum)),
                      c->stall ? aw_text_span(stall, c->stall) : "-",
                      c->wasted ? aw_text_size(wasted, c->wasted) : "-");
    }
}

/* Length of a server's key without a Host that only repeats the address and port. */
static int shown_key(const char *key)
{
    const size_t len = strlen(key), half = len / 2;
    const bool twice = len % 2 == 1 && key[half] == ' ' && memcmp(key, key + half + 1, half) == 0;
    return (int)(twice ? half : len);
}

static void write_groups(struct aw_report *r, const char *title,
                         const struct aw_group *const *group, size_t n)
{
    if (n == 0) return;
    aw_out_printf(r->out, "\n%-40s%10s%9s%7s%14s\n", title, "EXCHANGES", "FAILING", "SHARE",
                  "LOST WAITING");
    for (size_t i = 0; i < n && i < GROUPS_SHOWN; i++) {
        const struct aw_group *g = group[i];
        char name[512], share[AW_FIGURE], stall[AW_FIGURE];
        const bool tell_product = g->product[0] != '\0' && strcmp(g->product, g->key) != 0;
        (void)snprintf(name, sizeof name, tell_product ? "%.*s (%s)" : "%.*s", shown_key(g->key),
                       g->key, g->product);
        put_span(r->out, name, 39);
        aw_out_printf(r->out, " %10llu%9llu%7s%14s\n", (ull)g->exchanges, (ull)g->failing,
                      aw_text_share(share, g->failing, g->exchanges),
                      g->stall ? aw_text_span(stall, g->stall) : "-");
    }
    if (n > GROUPS_SHOWN) aw_out_printf(r->out, "... and %zu more\n", n - GROUPS_SHOWN);
}

static void write_latencies(struct aw_report *r)
{
    static const struct {
        enum aw_latency which;
        const char *name;
    } row[] = {
        {AW_LAT_CONTINUE, "server's time to answer the head"},
        {AW_LAT_WAIT, "client's wait before the content"},
        {AW_LAT_FINAL, "request to final response"},
    };
    bool titled = false;
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        const struct aw_hist *h = aw_summary_latency(r->run->summary, row[i].which);
        if (aw_hist_count(h) == 0) continue;
        char p50[AW_FIGURE], p90[AW_FIGURE], p99[AW_FIGURE], max[AW_FIGURE];
        if (!titled)
            aw_out_printf(r->out, "\n%-34s%11s%11s%11s%11s\n", "LATENCY", "P50", "P90", "P99",
                          "MAX");
        titled = true;
        aw_out_printf(r->out, "%-34s%11s%11s%11s%11s\n", row[i].name,
                      aw_text_span(p50, aw_hist_percentile(h, 50)),
                      aw_text_span(p90, aw_hist_percentile(h, 90)),
                      aw_text_span(p99, aw_hist_percentile(h, 99)),
                      aw_text_span(max, aw_hist_max(h)));
    }
}

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
    aw_out_printf(r->out, "\n%7s %-12s %3s %11s %-23s %s\n", "ID", "TIME", "RES", "TO FINAL",
                  "VERDICT", "REQUEST");
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
    struct aw_summary *sum = r->run->summary;
    const struct aw_group *const *group;
    say_verdict(r);
    say_warnings(r);
    write_totals(r);
    write_causes(r);
    size_t n = aw_summary_servers(sum, &group);
    write_groups(r, "SERVER", group, n);
    n = aw_summary_clients(sum, &group);
    write_groups(r, "CLIENT", group, n);
    write_latencies(r);
    if (aw_summary_failing(sum)) aw_out_str(r->out, "\nFAILING, WORST FIRST\n");
    aw_worst_write(r->worst, r->out, aw_summary_failing(sum));
    aw_worst_write_fixes(r->worst, r->out);
    write_rows(r);
}

const struct aw_format aw_format_text = {
    .name = "text",
    .help = "a summary to read, and what failed, worst first",
    .open = text_open,
    .record = text_record,
    .finish = text_finish,
    .close = text_close,
};
