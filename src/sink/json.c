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
#include "sink/utf8.h"

struct aw_report {
    struct aw_out *out;       /* borrowed */
    const struct aw_run *run; /* borrowed */
};

/* Building fails only for want of memory. jansson takes over the value even then, so that the whole
 * tree can be built without looking; `ok` is looked at once, at the end. */
static void set(bool *ok, json_t *object, const char *key, json_t *value)
{
    if (json_object_set_new_nocheck(object, key, value) != 0) *ok = false;
}

static void append(bool *ok, json_t *array, json_t *value)
{
    if (json_array_append_new(array, value) != 0) *ok = false;
}

static json_t *integer(uint64_t v)
{
    return json_integer(v > INT64_MAX ? INT64_MAX : (json_int_t)v);
}

static json_t *ms(aw_ns v)
{
    return v == AW_NS_NONE ? json_null() : json_real((double)v / (double)AW_MS);
}

static json_t *moment(aw_ns t)
{
    if (t == AW_NS_NONE) return json_null();
    struct aw_out *o = aw_out_memory();
    if (!o) return NULL;
    aw_out_time(o, t);
    const struct aw_span s = aw_out_bytes(o);
    json_t *v = json_stringn((const char *)s.p, s.len);
    (void)aw_out_close(o, false);
    return v;
}

/* jansson refuses what is not UTF-8: such bytes become the code points of the same number, which is
 * what records do with them. */
static json_t *string(const char *s)
{
    const size_t len = strlen(s);
    char *text = malloc(2 * len + 1), *to = text;
    if (!text) return NULL;
    for (size_t i = 0, used; i < len; i += used) {
        const uint8_t *p = (const uint8_t *)s + i;
        if (aw_utf8_next(p, len - i, &used) >= 0) {
            memcpy(to, p, used);
            to += used;
        } else {
            *to++ = (char)(0xc0 | *p >> 6);
            *to++ = (char)(0x80 | (*p & 0x3f));
        }
    }
    json_t *v = json_stringn(text, (size_t)(to - text));
    free(text);
    return v;
}

static json_t *counts(bool *ok, const struct aw_drop_count *c, unsigned n)
{
    json_t *object = json_object();
    for (unsigned i = 0; i < n; i++)
        if (c[i].count) set(ok, object, c[i].slug, integer(c[i].count));
    return object;
}

static json_t *input(bool *ok, const struct aw_run *run)
{
    const struct aw_stats *s = run->stats;
    json_t *o = json_object(), *files = json_array();
    for (size_t i = 0; i < run->file_count; i++)
        append(ok, files, string(run->files[i]));
    set(ok, o, "packets", integer(s->packets));
    set(ok, o, "bytes", integer(s->bytes));
    set(ok, o, "first", moment(s->packets ? s->first : AW_NS_NONE));
    set(ok, o, "last", moment(s->packets ? s->last : AW_NS_NONE));
    set(ok, o, "files", files);
    set(ok, o, "dropped", integer(run->dropped));
    set(ok, o, "filtered", integer(run->filtered));
    set(ok, o, "decode_errors", integer(s->decode_errors));
    set(ok, o, "truncated", integer(s->truncated));
    set(ok, o, "damaged_inputs", integer(run->damaged));
    set(ok, o, "segments", integer(s->segments));
    set(ok, o, "bad_checksums", integer(s->bad_checksums));
    set(ok, o, "time_jumps", integer(s->time_jumps));
    set(ok, o, "not_followed", counts(ok, s->drop, s->drop_kinds));
    return o;
}

static json_t *connections(bool *ok, const struct aw_stats *s)
{
    json_t *o = json_object();
    set(ok, o, "seen", integer(s->connections));
    set(ok, o, "http", integer(s->http));
    set(ok, o, "evicted", integer(s->evicted));
    set(ok, o, "gaps", integer(s->gaps));
    set(ok, o, "one_sided", integer(s->one_sided));
    set(ok, o, "tls_opaque", integer(s->tls_opaque));
    set(ok, o, "http2_opaque", integer(s->http2_opaque));
    set(ok, o, "not_http", integer(s->not_http));
    set(ok, o, "empty", integer(s->empty));
    set(ok, o, "midstream", integer(s->midstream));
    set(ok, o, "retransmissions", integer(s->retransmissions));
    set(ok, o, "copies", integer(s->copies));
    set(ok, o, "conflicts", integer(s->conflicts));
    set(ok, o, "cut_bytes", integer(s->cut_bytes));
    set(ok, o, "no_memory", integer(s->no_memory));
    return o;
}

static json_t *exchanges(bool *ok, const struct aw_stats *s, const struct aw_summary *sum)
{
    json_t *o = json_object();
    set(ok, o, "all", integer(s->exchanges));
    set(ok, o, "expectation", integer(aw_summary_expectation(sum)));
    set(ok, o, "failing", integer(aw_summary_failing(sum)));
    set(ok, o, "requests", integer(s->requests));
    set(ok, o, "responses", integer(s->responses));
    set(ok, o, "interims", integer(s->interims));
    set(ok, o, "without_request", integer(s->orphans));
    set(ok, o, "unparsed", integer(s->unparsed));
    set(ok, o, "unparsed_by_reason", counts(ok, s->broken, s->broken_kinds));
    return o;
}

static json_t *severities(bool *ok, const struct aw_summary *sum)
{
    static const enum aw_severity order[] = {AW_SEV_OK, AW_SEV_INFO, AW_SEV_WARNING, AW_SEV_ERROR,
                                             AW_SEV_UNKNOWN};
    json_t *o = json_object();
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
        set(ok, o, aw_severity_name(order[i]), integer(aw_summary_severity(sum, order[i])));
    return o;
}

static json_t *causes(bool *ok, const struct aw_summary *sum)
{
    struct aw_cause_total total[AW_CAUSE_COUNT * AW_SEV_COUNT];
    const size_t n = aw_summary_causes(sum, total, sizeof total / sizeof total[0]);
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        json_t *o = json_object();
        set(ok, o, "cause", json_string(aw_cause_slug(total[i].cause)));
        set(ok, o, "severity", json_string(aw_severity_name(total[i].severity)));
        set(ok, o, "count", integer(total[i].count));
        set(ok, o, "stall_ms", ms(total[i].stall));
        set(ok, o, "wasted_bytes", integer(total[i].wasted));
        append(ok, list, o);
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
        append(ok, pair, json_integer(b));
        append(ok, pair, integer(n));
        append(ok, buckets, pair);
    }
    set(ok, o, "p50", ms(h ? aw_hist_percentile(h, 50) : AW_NS_NONE));
    set(ok, o, "p90", ms(h ? aw_hist_percentile(h, 90) : AW_NS_NONE));
    set(ok, o, "p99", ms(h ? aw_hist_percentile(h, 99) : AW_NS_NONE));
    set(ok, o, "max", ms(h ? aw_hist_max(h) : AW_NS_NONE));
    set(ok, o, "histogram", buckets);
    return o;
}

static json_t *latencies(bool *ok, const struct aw_hist *cont, const struct aw_hist *wait,
                         const struct aw_hist *final)
{
    json_t *o = json_object();
    set(ok, o, "continue", latency(ok, cont));
    set(ok, o, "wait", latency(ok, wait));
    set(ok, o, "final", latency(ok, final));
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
                set(ok, by_cause, aw_cause_slug((enum aw_cause)c), integer(g->cause[c]));
        set(ok, o, "key", string(g->key));
        set(ok, o, "product", g->product[0] ? string(g->product) : json_null());
        set(ok, o, "exchanges", integer(g->exchanges));
        set(ok, o, "failing", integer(g->failing));
        set(ok, o, "causes", by_cause);
        set(ok, o, "stall_ms", ms(g->stall));
        set(ok, o, "wasted_bytes", integer(g->wasted));
        set(ok, o, "saved_bytes", integer(g->saved));
        set(ok, o, "latency_ms",
            latencies(ok, g->latency[AW_LAT_CONTINUE], g->latency[AW_LAT_WAIT],
                      g->latency[AW_LAT_FINAL]));
        append(ok, list, o);
    }
    return list;
}

static json_t *thresholds(bool *ok, const struct aw_config *config)
{
    json_t *o = json_object();
    for (int i = 0; i < AW_T_COUNT; i++) {
        const enum aw_threshold t = (enum aw_threshold)i;
        json_t *v = NULL;
        switch (aw_threshold_unit(t)) {
        case AW_UNIT_NS:
            v = ms(config->threshold[i]);
            break;
        case AW_UNIT_COUNT:
            v = json_integer(config->threshold[i]);
            break;
        }
        set(ok, o, aw_threshold_name(t), v);
    }
    return o;
}

/* How to read the bucket numbers, for programs that merge summaries. */
static json_t *bucket_rule(bool *ok)
{
    json_t *o = json_object();
    set(ok, o, "per_octave", json_integer(AW_HIST_SUB));
    set(ok, o, "unit", json_string("ns"));
    set(ok, o, "rule",
        json_string("bucket b = per_octave * e + s holds 2^e * (1 + s / per_octave) up to"
                    " 2^e * (1 + (s + 1) / per_octave)"));
    return o;
}

static int write_json(const char *bytes, size_t len, void *ctx)
{
    aw_out_write(ctx, bytes, len);
    return 0;
}

/* One top-level key a line: to be read by people as well, without a line for every number. */
static bool write_document(struct aw_out *out, json_t *doc)
{
    const size_t flags =
        JSON_COMPACT | JSON_ENCODE_ANY | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(15);
    const char *key, *before = "{\n";
    json_t *value;
    bool ok = true;
    json_object_foreach(doc, key, value)
    {
        aw_out_printf(out, "%s\"%s\":", before, key);
        ok = ok && json_dump_callback(value, write_json, out, flags) == 0;
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
    set(ok, doc, "schema", json_string("await100-summary/1"));
    set(ok, doc, "input", input(ok, run));
    set(ok, doc, "connections", connections(ok, run->stats));
    set(ok, doc, "exchanges", exchanges(ok, run->stats, sum));
    set(ok, doc, "by_severity", severities(ok, sum));
    set(ok, doc, "causes", causes(ok, sum));
    size_t n = aw_summary_servers(sum, &group);
    set(ok, doc, "servers", groups(ok, group, n));
    n = aw_summary_clients(sum, &group);
    set(ok, doc, "clients", groups(ok, group, n));
    set(ok, doc, "latency_ms",
        latencies(ok, aw_summary_latency(sum, AW_LAT_CONTINUE),
                  aw_summary_latency(sum, AW_LAT_WAIT), aw_summary_latency(sum, AW_LAT_FINAL)));
    set(ok, doc, "group_latencies_not_kept", integer(aw_summary_lost(sum)));
    set(ok, doc, "histogram_buckets", bucket_rule(ok));
    set(ok, doc, "thresholds", thresholds(ok, run->config));
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
    .help = "one JSON document with the figures of the run",
    .brief = true,
    .open = json_open,
    .record = json_record,
    .finish = json_finish,
    .close = json_close,
};
