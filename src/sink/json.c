/*
 * The summary of a run as one JSON document, schema "await100-summary/1", built with jansson.
 * Figures only; a reader can add two of them up, as the histograms' buckets are those of summary.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "sink/out_buf.h"
#include "sink/report.h"
#include "sink/tree.h"

struct aw_report {
    struct aw_out *out;       /* borrowed */
    const struct aw_run *run; /* borrowed */
};

static json_t *input(bool *ok, const struct aw_run *run)
{
    const struct aw_stats *s = run->stats;
    json_t *o = json_object(), *files = json_array();
    for (size_t i = 0; i < run->file_count; i++)
        aw_tree_append(ok, files, aw_tree_string(run->files[i]));
    aw_tree_set(ok, o, "packets", aw_tree_integer(s->packets));
    aw_tree_set(ok, o, "bytes", aw_tree_integer(s->bytes));
    aw_tree_set(ok, o, "first", aw_tree_moment(s->packets ? s->first : AW_NS_NONE));
    aw_tree_set(ok, o, "last", aw_tree_moment(s->packets ? s->last : AW_NS_NONE));
    aw_tree_set(ok, o, "files", files);
    aw_tree_set(ok, o, "files_not_listed", aw_tree_integer(run->files_not_listed));
    aw_tree_set(ok, o, "dropped", aw_tree_integer(run->dropped));
    aw_tree_set(ok, o, "filtered", aw_tree_integer(run->filtered));
    aw_tree_set(ok, o, "decode_errors", aw_tree_integer(s->decode_errors));
    aw_tree_set(ok, o, "truncated", aw_tree_integer(s->truncated));
    aw_tree_set(ok, o, "damaged_inputs", aw_tree_integer(run->damaged));
    aw_tree_set(ok, o, "segments", aw_tree_integer(s->segments));
    aw_tree_set(ok, o, "bad_checksums", aw_tree_integer(s->bad_checksums));
    aw_tree_set(ok, o, "time_jumps", aw_tree_integer(s->time_jumps));
    aw_tree_set(ok, o, "not_followed", aw_tree_counts(ok, s->drop, s->drop_kinds));
    return o;
}

static json_t *connections(bool *ok, const struct aw_stats *s)
{
    json_t *o = json_object();
    aw_tree_set(ok, o, "seen", aw_tree_integer(s->connections));
    aw_tree_set(ok, o, "http", aw_tree_integer(s->http));
    aw_tree_set(ok, o, "evicted", aw_tree_integer(s->evicted));
    aw_tree_set(ok, o, "gaps", aw_tree_integer(s->gaps));
    aw_tree_set(ok, o, "one_sided", aw_tree_integer(s->one_sided));
    aw_tree_set(ok, o, "tls_opaque", aw_tree_integer(s->tls_opaque));
    aw_tree_set(ok, o, "http2_opaque", aw_tree_integer(s->http2_opaque));
    aw_tree_set(ok, o, "not_http", aw_tree_integer(s->not_http));
    aw_tree_set(ok, o, "empty", aw_tree_integer(s->empty));
    aw_tree_set(ok, o, "midstream", aw_tree_integer(s->midstream));
    aw_tree_set(ok, o, "retransmissions", aw_tree_integer(s->retransmissions));
    aw_tree_set(ok, o, "copies", aw_tree_integer(s->copies));
    aw_tree_set(ok, o, "conflicts", aw_tree_integer(s->conflicts));
    aw_tree_set(ok, o, "not_believed", aw_tree_integer(s->not_believed));
    aw_tree_set(ok, o, "cut_bytes", aw_tree_integer(s->cut_bytes));
    aw_tree_set(ok, o, "no_memory", aw_tree_integer(s->no_memory));
    return o;
}

static json_t *exchanges(bool *ok, const struct aw_stats *s, const struct aw_summary *sum)
{
    json_t *o = json_object();
    aw_tree_set(ok, o, "all", aw_tree_integer(s->exchanges));
    aw_tree_set(ok, o, "expectation", aw_tree_integer(aw_summary_expectation(sum)));
    aw_tree_set(ok, o, "failing", aw_tree_integer(aw_summary_failing(sum)));
    aw_tree_set(ok, o, "requests", aw_tree_integer(s->requests));
    aw_tree_set(ok, o, "responses", aw_tree_integer(s->responses));
    aw_tree_set(ok, o, "interims", aw_tree_integer(s->interims));
    aw_tree_set(ok, o, "without_request", aw_tree_integer(s->orphans));
    aw_tree_set(ok, o, "unparsed", aw_tree_integer(s->unparsed));
    aw_tree_set(ok, o, "unparsed_by_reason", aw_tree_counts(ok, s->broken, s->broken_kinds));
    return o;
}

static json_t *severities(bool *ok, const struct aw_summary *sum)
{
    static const enum aw_severity order[] = {AW_SEV_OK, AW_SEV_INFO, AW_SEV_WARNING, AW_SEV_ERROR,
                                             AW_SEV_UNKNOWN};
    json_t *o = json_object();
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
        aw_tree_set(ok, o, aw_severity_name(order[i]),
                    aw_tree_integer(aw_summary_severity(sum, order[i])));
    return o;
}

static json_t *causes(bool *ok, const struct aw_summary *sum)
{
    struct aw_cause_total total[AW_CAUSE_COUNT * AW_SEV_COUNT];
    const size_t n = aw_summary_causes(sum, total, sizeof total / sizeof total[0]);
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        json_t *o = json_object();
        aw_tree_set(ok, o, "cause", json_string(aw_cause_slug(total[i].cause)));
        aw_tree_set(ok, o, "severity", json_string(aw_severity_name(total[i].severity)));
        aw_tree_set(ok, o, "count", aw_tree_integer(total[i].count));
        aw_tree_set(ok, o, "stall_ms", aw_tree_ms(total[i].stall));
        aw_tree_set(ok, o, "stall_ns", json_integer(total[i].stall));
        aw_tree_set(ok, o, "wasted_bytes", aw_tree_integer(total[i].wasted));
        aw_tree_append(ok, list, o);
    }
    return list;
}

static json_t *latency(bool *ok, const struct aw_hist *h)
{
    json_t *o = json_object(), *buckets = json_array();
    int b = -1;
    uint64_t n;
    while (h && aw_hist_next(h, &b, &n)) {
        json_t *pair = json_array();
        aw_tree_append(ok, pair, json_integer(b));
        aw_tree_append(ok, pair, aw_tree_integer(n));
        aw_tree_append(ok, buckets, pair);
    }
    aw_tree_set(ok, o, "min", aw_tree_ms(h ? aw_hist_min(h) : AW_NS_NONE));
    aw_tree_set(ok, o, "p50", aw_tree_ms(h ? aw_hist_percentile(h, 50) : AW_NS_NONE));
    aw_tree_set(ok, o, "p90", aw_tree_ms(h ? aw_hist_percentile(h, 90) : AW_NS_NONE));
    aw_tree_set(ok, o, "p99", aw_tree_ms(h ? aw_hist_percentile(h, 99) : AW_NS_NONE));
    aw_tree_set(ok, o, "max", aw_tree_ms(h ? aw_hist_max(h) : AW_NS_NONE));
    aw_tree_set(ok, o, "histogram", buckets);
    return o;
}

static json_t *latencies(bool *ok, const struct aw_hist *cont, const struct aw_hist *wait,
                         const struct aw_hist *final)
{
    json_t *o = json_object();
    aw_tree_set(ok, o, "continue", latency(ok, cont));
    aw_tree_set(ok, o, "wait", latency(ok, wait));
    aw_tree_set(ok, o, "final", latency(ok, final));
    return o;
}

static json_t *groups(bool *ok, const struct aw_group *const *group, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        const struct aw_group *g = group[i];
        json_t *o = json_object(), *by_cause = json_object();
        for (int c = 0; c < AW_CAUSE_COUNT; c++)
            if (g->cause[c])
                aw_tree_set(ok, by_cause, aw_cause_slug((enum aw_cause)c),
                            aw_tree_integer(g->cause[c]));
        aw_tree_set(ok, o, "key", aw_tree_string(g->key));
        aw_tree_set(ok, o, "product", g->product[0] ? aw_tree_string(g->product) : json_null());
        aw_tree_set(ok, o, "exchanges", aw_tree_integer(g->exchanges));
        aw_tree_set(ok, o, "failing", aw_tree_integer(g->failing));
        aw_tree_set(ok, o, "causes", by_cause);
        aw_tree_set(ok, o, "stall_ms", aw_tree_ms(g->stall));
        aw_tree_set(ok, o, "stall_ns", json_integer(g->stall));
        aw_tree_set(ok, o, "wasted_bytes", aw_tree_integer(g->wasted));
        aw_tree_set(ok, o, "saved_bytes", aw_tree_integer(g->saved));
        aw_tree_set(ok, o, "latency_ms",
                    latencies(ok, g->latency[AW_LAT_CONTINUE], g->latency[AW_LAT_WAIT],
                              g->latency[AW_LAT_FINAL]));
        aw_tree_append(ok, list, o);
    }
    return list;
}

static json_t *thresholds(bool *ok, const struct aw_run *run)
{
    const struct aw_config *config = run->config;
    json_t *o = json_object();
    for (int i = 0; i < AW_T_COUNT; i++) {
        const enum aw_threshold t = (enum aw_threshold)i;
        const enum aw_agreed agreed = run->agreed ? run->agreed[i] : AW_AGREED;
        json_t *v = NULL;
        if (agreed == AW_AGREED_UNTOLD) continue;
        if (agreed == AW_AGREED_NOT) {
            aw_tree_set(ok, o, aw_threshold_name(t), json_null());
            continue;
        }
        switch (aw_threshold_unit(t)) {
        case AW_UNIT_NS:
            v = aw_tree_ms(config->threshold[i]);
            break;
        case AW_UNIT_COUNT:
            v = json_integer(config->threshold[i]);
            break;
        }
        aw_tree_set(ok, o, aw_threshold_name(t), v);
    }
    return o;
}

/* How to read the bucket numbers, for programs that merge summaries. */
static json_t *bucket_rule(bool *ok)
{
    json_t *o = json_object();
    aw_tree_set(ok, o, "per_octave", json_integer(AW_HIST_SUB));
    aw_tree_set(ok, o, "unit", json_string("ns"));
    aw_tree_set(ok, o, "rule",
                json_string("bucket b = per_octave * e + s holds 2^e * (1 + s / per_octave) up to"
                            " 2^e * (1 + (s + 1) / per_octave)"));
    return o;
}

/* One top-level key a line: to be read by people as well, without a line for every number. */
static bool write_document(struct aw_out *out, json_t *doc)
{
    const char *key, *before = "{\n";
    json_t *value;
    bool ok = true;
    json_object_foreach(doc, key, value)
    {
        aw_out_printf(out, "%s\"%s\":", before, key);
        ok = ok && aw_tree_write(out, value);
        before = ",\n";
    }
    aw_out_str(out, "\n}\n");
    return ok;
}

static json_t *document(const struct aw_run *run)
{
    struct aw_summary *sum = run->summary;
    const struct aw_group *const *group;
    bool built = true, *const ok = &built;
    json_t *doc = json_object();
    aw_tree_set(ok, doc, "schema", json_string("await100-summary/1"));
    aw_tree_set(ok, doc, "input", input(ok, run));
    aw_tree_set(ok, doc, "connections", connections(ok, run->stats));
    aw_tree_set(ok, doc, "exchanges", exchanges(ok, run->stats, sum));
    aw_tree_set(ok, doc, "by_severity", severities(ok, sum));
    aw_tree_set(ok, doc, "causes", causes(ok, sum));
    size_t n = aw_summary_servers(sum, &group);
    aw_tree_set(ok, doc, "servers", groups(ok, group, n));
    n = aw_summary_clients(sum, &group);
    aw_tree_set(ok, doc, "clients", groups(ok, group, n));
    aw_tree_set(ok, doc, "latency_ms",
                latencies(ok, aw_summary_latency(sum, AW_LAT_CONTINUE),
                          aw_summary_latency(sum, AW_LAT_WAIT),
                          aw_summary_latency(sum, AW_LAT_FINAL)));
    aw_tree_set(ok, doc, "group_latencies_not_kept", aw_tree_integer(aw_summary_lost(sum)));
    aw_tree_set(ok, doc, "histogram_buckets", bucket_rule(ok));
    aw_tree_set(ok, doc, "thresholds", thresholds(ok, run));
    if (built) return doc;
    json_decref(doc);
    return NULL;
}

static struct aw_report *json_open(struct aw_out *out, const struct aw_run *run)
{
    struct aw_report *r = calloc(1, sizeof *r);
    json_object_seed(0); /* reads /dev/urandom, which cannot be opened later on */
    if (r) *r = (struct aw_report){.out = out, .run = run};
    return r;
}

static void json_record(struct aw_report *r, const struct aw_record *rec)
{
    (void)r; /* the summary has it */
    (void)rec;
}

static void json_finish(struct aw_report *r)
{
    json_t *doc = document(r->run);
    if (!doc || !write_document(r->out, doc)) aw_out_fail(r->out, ENOMEM);
    json_decref(doc);
}

static void json_close(struct aw_report *r)
{
    free(r);
}

const struct aw_format aw_format_json = {
    .name = "json",
    .merges = true,
    .help = "one JSON document with the figures of the run",
    .brief = true,
    .open = json_open,
    .record = json_record,
    .finish = json_finish,
    .close = json_close,
};
