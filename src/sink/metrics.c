/*
 * Prometheus text; see metrics.h. Series that can come to be are there from the start, with 0: a
 * rate over a series that appears with its first event would miss that event. Labels come from our
 * own tables, but for the names of inputs, of which there are as many as the user gave.
 */
#include "sink/metrics.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sink/place.h"
#include "sink/utf8.h"

#define EVERY (5 * AW_SEC)

struct aw_metrics {
    struct aw_place *place; /* owned */
    bool begun;
    aw_ns next;
};

/* --- pieces --- */

static void family(struct aw_out *o, const char *name, const char *type, const char *help)
{
    aw_out_printf(o, "# HELP await100_%s %s\n# TYPE await100_%s %s\n", name, help, name, type);
}

/* Backslash, quote and line feed are escaped as the format has it; bytes that are no UTF-8 become
 * the code points of the same number. What would act on a terminal, for which the format has no
 * escape, is spelled out. */
static void label_value(struct aw_out *o, const char *s)
{
    const size_t len = strlen(s);
    for (size_t i = 0, used; i < len; i += used) {
        const uint8_t *p = (const uint8_t *)s + i;
        const int32_t c = aw_utf8_next(p, len - i, &used);
        if (*p != '\n' && aw_utf8_acts(c < 0 ? *p : c)) {
            aw_out_printf(o, "\\\\u{%x}", (unsigned)(c < 0 ? *p : c));
        } else if (c < 0) {
            const char two[] = {(char)(0xc0 | *p >> 6), (char)(0x80 | (*p & 0x3f))};
            aw_out_write(o, two, sizeof two);
        } else if (*p == '\n') {
            aw_out_str(o, "\\n");
        } else if (*p == '\\' || *p == '"') {
            aw_out_printf(o, "\\%c", *p);
        } else {
            aw_out_write(o, p, used);
        }
    }
}

static void count(struct aw_out *o, uint64_t v)
{
    aw_out_u64(o, v);
    aw_out_str(o, "\n");
}

static void seconds(struct aw_out *o, uint64_t ns)
{
    aw_out_printf(o, "%llu.%09llu\n", (unsigned long long)(ns / (uint64_t)AW_SEC),
                  (unsigned long long)(ns % (uint64_t)AW_SEC));
}

static void counter(struct aw_out *o, const char *name, const char *help, uint64_t v)
{
    family(o, name, "counter", help);
    aw_out_printf(o, "await100_%s ", name);
    count(o, v);
}

static void labelled(struct aw_out *o, const char *name, const char *label, const char *value,
                     uint64_t v)
{
    aw_out_printf(o, "await100_%s{%s=\"", name, label);
    label_value(o, value);
    aw_out_str(o, "\"} ");
    count(o, v);
}

/* --- the capture --- */

static void capture(struct aw_out *o, const struct aw_run *run)
{
    const struct aw_stats *s = run->stats;
    family(o, "build_info", "gauge", "The program's version.");
    labelled(o, "build_info", "version", run->version ? run->version : "", 1);
    family(o, "input_info", "gauge", "Files and interfaces that are read.");
    for (size_t i = 0; i < run->file_count; i++) { /* numbered: one may be given twice */
        aw_out_printf(o, "await100_input_info{input=\"%zu\",name=\"", i + 1);
        label_value(o, run->files[i]);
        aw_out_str(o, "\"} 1\n");
    }
    counter(o, "packets_total", "Packets analysed.", s->packets);
    counter(o, "bytes_total", "Bytes of those packets, as on the wire.", s->bytes);
    counter(o, "segments_total", "TCP segments among them.", s->segments);
    family(o, "packets_dropped_total", "counter", "Packets that were lost before we saw them.");
    labelled(o, "packets_dropped_total", "by", "kernel", run->dropped - run->dropped_by_interface);
    labelled(o, "packets_dropped_total", "by", "interface", run->dropped_by_interface);
    counter(o, "output_let_go_total", "Pieces of output let go because nobody took them in time.",
            run->unwritten);
    counter(o, "packets_filtered_total", "Packets that did not match the capture filter.",
            run->filtered);
    counter(o, "packets_truncated_total", "Packets cut by the snap length.", s->truncated);
    family(o, "packets_not_followed_total", "counter",
           "Packets that went no further than the decoder, by reason.");
    for (unsigned i = 0; i < s->drop_kinds; i++)
        if (strcmp(s->drop[i].slug, "none") != 0)
            labelled(o, "packets_not_followed_total", "reason", s->drop[i].slug, s->drop[i].count);
    family(o, "last_packet_timestamp_seconds", "gauge",
           "Capture time of the latest packet, 0 before the first.");
    aw_out_str(o, "await100_last_packet_timestamp_seconds ");
    seconds(o, s->packets && s->last > 0 ? (uint64_t)s->last : 0);
}

static void connections(struct aw_out *o, const struct aw_stats *s)
{
    const struct {
        const char *kind;
        uint64_t n;
    } kinds[] = {{"http", s->http},
                 {"tls", s->tls_opaque},
                 {"http2", s->http2_opaque},
                 {"other", s->not_http},
                 {"empty", s->empty}};
    counter(o, "connections_total", "TCP connections seen.", s->connections);
    family(o, "connections_by_kind_total", "counter",
           "Connections, by what they turned out to be.");
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        labelled(o, "connections_by_kind_total", "kind", kinds[i].kind, kinds[i].n);
    counter(o, "connections_evicted_total",
            "Connections let go before their end because memory ran out.", s->evicted);
    counter(o, "gaps_total", "Stretches of connections that were not captured.", s->gaps);
    counter(o, "retransmissions_total", "Segments with payload that was sent again.",
            s->retransmissions);
    counter(o, "no_memory_total", "Things let go for want of memory, connections aside.",
            s->no_memory);
}

/* --- verdicts --- */

static const enum aw_severity worst[AW_CAUSE_COUNT] = {
#define AW_CAUSE(id, slug, severity, title, meaning) [AW_CAUSE_##id] = AW_SEV_##severity,
#include "await100/causes.def"
#undef AW_CAUSE
};

enum { TOTALS_MAX = AW_CAUSE_COUNT * (AW_SEV_COUNT + 1) };

/* Every cause that occurred, by severity, and all others with nothing. */
static size_t all_causes(const struct aw_summary *sum, struct aw_cause_total total[TOTALS_MAX])
{
    size_t n = aw_summary_causes(sum, total, TOTALS_MAX);
    const size_t occurred = n;
    for (int c = 0; c < AW_CAUSE_COUNT; c++) {
        bool there = false;
        for (size_t i = 0; i < occurred; i++)
            there = there || ((int)total[i].cause == c && total[i].severity == worst[c]);
        if (!there)
            total[n++] = (struct aw_cause_total){.cause = (enum aw_cause)c, .severity = worst[c]};
    }
    return n;
}

static void by_cause(struct aw_out *o, const char *name, const struct aw_cause_total *t)
{
    aw_out_printf(o, "await100_%s{cause=\"%s\",severity=\"%s\"} ", name, aw_cause_slug(t->cause),
                  aw_severity_name(t->severity));
}

static void verdicts(struct aw_out *o, const struct aw_run *run)
{
    struct aw_cause_total total[TOTALS_MAX];
    const size_t n = all_causes(run->summary, total);
    counter(o, "exchanges_total", "HTTP exchanges seen.", run->stats->exchanges);
    counter(o, "expectation_exchanges_total",
            "Exchanges with Expect, or answered by a 100 or a 417, that were judged.",
            aw_summary_expectation(run->summary));
    counter(o, "failing_exchanges_total", "Expectation exchanges judged warning or error.",
            aw_summary_failing(run->summary));
    family(o, "verdicts_total", "counter", "Verdicts, by cause and severity.");
    for (size_t i = 0; i < n; i++) {
        by_cause(o, "verdicts_total", &total[i]);
        count(o, total[i].count);
    }
    family(o, "stall_seconds_total", "counter", "Time lost in waiting, by cause and severity.");
    for (size_t i = 0; i < n; i++) {
        by_cause(o, "stall_seconds_total", &total[i]);
        seconds(o, total[i].stall > 0 ? (uint64_t)total[i].stall : 0);
    }
    family(o, "waiting_clients", "gauge",
           "Provisional: clients that hold their content back now, with no answer so far.");
    aw_out_str(o, "await100_waiting_clients ");
    count(o, run->stats->waiting);
    family(o, "waiting_seconds", "gauge", "How long these have waited so far, together.");
    aw_out_str(o, "await100_waiting_seconds ");
    seconds(o, run->stats->waited);
    family(o, "wasted_bytes_total", "counter",
           "Content that was refused or sent again, by cause and severity.");
    for (size_t i = 0; i < n; i++) {
        by_cause(o, "wasted_bytes_total", &total[i]);
        count(o, total[i].wasted);
    }
}

/* --- latencies --- */

/* From a local answer within a millisecond to the longest timers of clients and servers. */
static const struct {
    const char *le;
    aw_ns upto;
} bounds[] = {
    {"0.001", AW_MS},     {"0.0025", 2500 * AW_US}, {"0.005", 5 * AW_MS},
    {"0.01", 10 * AW_MS}, {"0.025", 25 * AW_MS},    {"0.05", 50 * AW_MS},
    {"0.1", 100 * AW_MS}, {"0.25", 250 * AW_MS},    {"0.5", 500 * AW_MS},
    {"1", AW_SEC},        {"2.5", 2500 * AW_MS},    {"5", 5 * AW_SEC},
    {"10", 10 * AW_SEC},  {"30", 30 * AW_SEC},      {"60", 60 * AW_SEC},
};

/* The upper end of a bucket of the summary, in ns. */
static double end_of_bucket(int b)
{
    const int e = b / AW_HIST_SUB, s = b % AW_HIST_SUB;
    return (double)(UINT64_C(1) << e) * (1 + (double)(s + 1) / AW_HIST_SUB);
}

static void latency(struct aw_out *o, const char *name, const char *help, const struct aw_hist *h)
{
    const size_t kinds = sizeof bounds / sizeof *bounds;
    uint64_t below = 0, n = 0;
    int b = -1;
    bool more = h && aw_hist_next(h, &b, &n);
    family(o, name, "histogram", help);
    for (size_t i = 0; i < kinds; i++) {
        /* A bucket that reaches over a bound counts above it: what is called fast, was. */
        while (more && end_of_bucket(b) <= (double)bounds[i].upto) {
            below += n;
            more = aw_hist_next(h, &b, &n);
        }
        aw_out_printf(o, "await100_%s_bucket{le=\"%s\"} ", name, bounds[i].le);
        count(o, below);
    }
    aw_out_printf(o, "await100_%s_bucket{le=\"+Inf\"} ", name);
    count(o, h ? aw_hist_count(h) : 0);
    aw_out_printf(o, "await100_%s_sum ", name);
    seconds(o, h ? aw_hist_sum(h) : 0);
    aw_out_printf(o, "await100_%s_count ", name);
    count(o, h ? aw_hist_count(h) : 0);
}

void aw_metrics_text(struct aw_out *o, const struct aw_run *run)
{
    capture(o, run);
    connections(o, run->stats);
    verdicts(o, run);
    latency(o, "continue_seconds",
            "Time from the request head to the first 100; bounds are kept to 1.6 percent.",
            aw_summary_latency(run->summary, AW_LAT_CONTINUE));
    latency(o, "wait_seconds",
            "Time the client waited before its content; bounds are kept to 1.6 percent.",
            aw_summary_latency(run->summary, AW_LAT_WAIT));
    latency(o, "final_seconds",
            "Time from the request to its final response; bounds are kept to 1.6 percent.",
            aw_summary_latency(run->summary, AW_LAT_FINAL));
}

/* --- the file --- */

struct aw_metrics *aw_metrics_open(const char *path, char *err, size_t err_size)
{
    struct aw_place *place = aw_place_open(path, err, err_size);
    struct aw_metrics *m = place ? calloc(1, sizeof *m) : NULL;
    if (m) {
        m->place = place;
    } else if (place) {
        (void)snprintf(err, err_size, "%s: %s", path, strerror(ENOMEM));
        aw_place_close(place);
    }
    return m;
}

struct aw_folder *aw_metrics_folder(const struct aw_metrics *m)
{
    return aw_place_folder(m->place);
}

bool aw_metrics_due(struct aw_metrics *m, aw_ns now)
{
    if (m->begun && now < m->next) return false;
    m->begun = true;
    m->next = now + EVERY;
    return true;
}

int aw_metrics_write(struct aw_metrics *m, const struct aw_run *run)
{
    struct aw_out *o = aw_out_at(m->place);
    if (!o) return errno ? errno : EIO;
    aw_metrics_text(o, run);
    return aw_out_close(o, true);
}

void aw_metrics_close(struct aw_metrics *m)
{
    if (!m) return;
    aw_place_close(m->place);
    free(m);
}
