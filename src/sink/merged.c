/*
 * Runs added up; see merged.h. A document is gone through twice by the same code: first to see that
 * all of it is right, then to add it, so that one with an error inside adds nothing.
 */
#include "sink/merged.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sink/load.h"
#include "sink/names.h"
#include "sink/reread.h"
#include "sink/say.h"

struct aw_merged {
    struct aw_run run;
    struct aw_config config;
    struct aw_stats stats;
    enum aw_agreed agreed[AW_T_COUNT];
    struct aw_names files, input; /* of all; of the records of this input */
    struct aw_sentence told;
    uint64_t documents, record_inputs, records;
    bool no_memory, in_records;
    struct aw_reread reread;
    const char *file[2]; /* of the record that is being told */
};

struct aw_merged *aw_merged_new(const char *version, bool show_secrets)
{
    struct aw_merged *g = calloc(1, sizeof *g);
    if (!g) return NULL;
    aw_config_init(&g->config);
    aw_stats_init(&g->stats);
    g->run = (struct aw_run){.files = g->file,
                             .file_count = 2, /* reports name a record's file */
                             .config = &g->config,
                             .stats = &g->stats,
                             .summary = aw_summary_new(NULL),
                             .version = version,
                             .show_secrets = show_secrets,
                             .agreed = g->agreed,
                             .merged = ""};
    if (g->run.summary) {
        aw_summary_merging(g->run.summary);
        return g;
    }
    free(g);
    return NULL;
}

void aw_merged_free(struct aw_merged *g)
{
    if (!g) return;
    aw_summary_free(g->run.summary);
    aw_names_free(&g->files);
    aw_names_free(&g->input);
    free(g);
}

/* --- the counters of a document --- */

#define IN(field) offsetof(struct aw_stats, field)
static const struct counter {
    const char *section, *key;
    size_t at;
} counters[] = {
    {"input", "packets", IN(packets)},
    {"input", "bytes", IN(bytes)},
    {"input", "decode_errors", IN(decode_errors)},
    {"input", "truncated", IN(truncated)},
    {"input", "segments", IN(segments)},
    {"input", "bad_checksums", IN(bad_checksums)},
    {"input", "time_jumps", IN(time_jumps)},
    {"connections", "seen", IN(connections)},
    {"connections", "http", IN(http)},
    {"connections", "evicted", IN(evicted)},
    {"connections", "gaps", IN(gaps)},
    {"connections", "one_sided", IN(one_sided)},
    {"connections", "tls_opaque", IN(tls_opaque)},
    {"connections", "http2_opaque", IN(http2_opaque)},
    {"connections", "not_http", IN(not_http)},
    {"connections", "empty", IN(empty)},
    {"connections", "midstream", IN(midstream)},
    {"connections", "retransmissions", IN(retransmissions)},
    {"connections", "copies", IN(copies)},
    {"connections", "conflicts", IN(conflicts)},
    {"connections", "not_believed", IN(not_believed)},
    {"connections", "cut_bytes", IN(cut_bytes)},
    {"connections", "no_memory", IN(no_memory)},
    {"exchanges", "all", IN(exchanges)},
    {"exchanges", "requests", IN(requests)},
    {"exchanges", "responses", IN(responses)},
    {"exchanges", "interims", IN(interims)},
    {"exchanges", "without_request", IN(orphans)},
    {"exchanges", "unparsed", IN(unparsed)},
};

/* One pass over a document: to look, or to add. */
struct pass {
    struct aw_merged *g;
    struct aw_look *look;
    bool add;
    uint64_t expectation, failing; /* as its causes have it */
};

static void put(const struct pass *p, uint64_t *to, uint64_t n)
{
    if (p->add) *to = aw_count_sum(*to, n);
}

static void read_counts(struct pass *p, const json_t *o, const char *key, struct aw_drop_count *to,
                        unsigned kinds)
{
    const char *slug;
    json_t *unused;
    const json_t *counts = json_object_get(o, key);
    json_object_foreach((json_t *)(uintptr_t)counts, slug, unused)
    {
        unsigned i = 0;
        while (i < kinds && strcmp(to[i].slug, slug) != 0)
            i++;
        const uint64_t n = aw_look_count(p->look, counts, slug);
        if (i < kinds)
            put(p, &to[i].count, n);
        else
            aw_look_fail(p->look, "'%.40s' in '%s' is nothing that this version counts", slug, key);
    }
}

static void read_counters(struct pass *p, const json_t *doc)
{
    struct aw_merged *g = p->g;
    for (size_t i = 0; i < sizeof counters / sizeof counters[0]; i++) {
        const struct counter *c = &counters[i];
        const json_t *section = aw_look_object(p->look, doc, c->section);
        const uint64_t n = aw_look_count(p->look, section, c->key);
        put(p, (uint64_t *)(void *)((char *)&g->stats + c->at), n);
    }
    const json_t *input = json_object_get(doc, "input");
    put(p, &g->run.dropped, aw_look_count(p->look, input, "dropped"));
    put(p, &g->run.filtered, aw_look_count(p->look, input, "filtered"));
    put(p, &g->run.damaged, aw_look_count(p->look, input, "damaged_inputs"));
    put(p, &g->files.left_out, aw_look_count(p->look, input, "files_not_listed"));
    read_counts(p, input, "not_followed", g->stats.drop, g->stats.drop_kinds);
    read_counts(p, json_object_get(doc, "exchanges"), "unparsed_by_reason", g->stats.broken,
                g->stats.broken_kinds);
    const aw_ns first = aw_look_moment(p->look, input, "first");
    const aw_ns last = aw_look_moment(p->look, input, "last");
    if (!p->add) return;
    if (first != AW_NS_NONE && (g->stats.first == AW_NS_NONE || first < g->stats.first))
        g->stats.first = first;
    if (last != AW_NS_NONE && last > g->stats.last) g->stats.last = last; /* NONE is the least */
}

static void read_files(struct pass *p, const json_t *doc)
{
    size_t i;
    json_t *v;
    json_array_foreach(aw_look_array(p->look, json_object_get(doc, "input"), "files", UINT16_MAX),
                       i, v)
    {
        const char *name = json_string_value(v);
        if (!name)
            aw_look_fail(p->look, "'files' holds what is no name");
        else if (p->add && !aw_names_add(&p->g->files, name, false))
            p->g->no_memory = true;
    }
}

/* --- figures --- */

static aw_ns read_stall(struct pass *p, const json_t *o)
{
    if (json_object_get(o, "stall_ns")) return (aw_ns)aw_look_count(p->look, o, "stall_ns");
    const aw_ns stall = aw_look_ms(p->look, o, "stall_ms");
    return stall > 0 ? stall : 0;
}

static void read_causes(struct pass *p, const json_t *doc)
{
    size_t i;
    json_t *o;
    json_array_foreach(aw_look_array(p->look, doc, "causes", AW_CAUSE_COUNT * AW_SEV_COUNT), i, o)
    {
        const struct aw_cause_total total = {
            .cause = (enum aw_cause)aw_look_word(p->look, aw_look_name(p->look, o, "cause"),
                                                 aw_look_cause, AW_CAUSE_COUNT, "cause"),
            .severity =
                (enum aw_severity)aw_look_word(p->look, aw_look_name(p->look, o, "severity"),
                                               aw_look_severity, AW_SEV_COUNT, "severity"),
            .count = aw_look_count(p->look, o, "count"),
            .stall = read_stall(p, o),
            .wasted = aw_look_count(p->look, o, "wasted_bytes"),
        };
        p->expectation = aw_count_sum(p->expectation, total.count);
        if (total.severity >= AW_SEV_WARNING) p->failing = aw_count_sum(p->failing, total.count);
        if (p->add) aw_summary_put_cause(p->g->run.summary, &total);
    }
    const json_t *exchanges = json_object_get(doc, "exchanges");
    if (aw_look_count(p->look, exchanges, "expectation") != p->expectation ||
        aw_look_count(p->look, exchanges, "failing") != p->failing)
        aw_look_fail(p->look, "its causes do not add up to its exchanges");
}

/* The caller frees it. NULL: no memory, or a failure. */
static struct aw_hist *read_hist(struct pass *p, const json_t *latency, const char *key)
{
    const json_t *o = aw_look_object(p->look, latency, key);
    struct aw_hist *h = aw_hist_new(NULL);
    int64_t last = -1;
    size_t i;
    json_t *pair;
    if (!h) p->g->no_memory = true;
    json_array_foreach(aw_look_array(p->look, o, "histogram", AW_HIST_BUCKETS), i, pair)
    {
        const json_t *bucket = json_array_get(pair, 0), *count = json_array_get(pair, 1);
        const int64_t b = json_is_integer(bucket) ? json_integer_value(bucket) : -1;
        const int64_t n = json_integer_value(count);
        if (b <= last || b >= AW_HIST_BUCKETS || n < 1)
            aw_look_fail(p->look, "the histogram of '%s' is none: entry %zu", key, i);
        if (p->look->bad) break;
        last = b;
        if (h && !aw_hist_put(h, (int)b, (uint64_t)n)) p->g->no_memory = true;
    }
    const aw_ns min = aw_look_ms(p->look, o, "min"), max = aw_look_ms(p->look, o, "max");
    if (h && !p->look->bad && !p->g->no_memory && !aw_hist_ends(h, min, max))
        aw_look_fail(p->look, "'min' and 'max' of '%s' do not lie in its histogram", key);
    return h;
}

static const char *const latency_key[AW_LAT_COUNT] = {
    [AW_LAT_CONTINUE] = "continue", [AW_LAT_WAIT] = "wait", [AW_LAT_FINAL] = "final"};

static void read_latencies(struct pass *p, const json_t *doc)
{
    const json_t *all = aw_look_object(p->look, doc, "latency_ms");
    for (enum aw_latency l = AW_LAT_CONTINUE; l < AW_LAT_COUNT; l++) {
        struct aw_hist *h = read_hist(p, all, latency_key[l]);
        if (h && p->add && !aw_summary_put_latency(p->g->run.summary, l, h)) p->g->no_memory = true;
        aw_hist_free(h);
    }
}

static void read_group_causes(struct pass *p, struct aw_group *to, const json_t *o)
{
    const json_t *causes = aw_look_object(p->look, o, "causes");
    const char *slug;
    json_t *unused;
    json_object_foreach((json_t *)(uintptr_t)causes, slug, unused)
    {
        const unsigned c = aw_look_word(p->look, slug, aw_look_cause, AW_CAUSE_COUNT, "cause");
        to->cause[c] = aw_look_count(p->look, causes, slug);
    }
}

static void read_groups(struct pass *p, const json_t *doc, const char *key, enum aw_dir side)
{
    size_t i;
    json_t *o;
    /* Two may be called "other": what had no place, and one of that name. */
    json_array_foreach(aw_look_array(p->look, doc, key, AW_GROUPS_MAX + 2), i, o)
    {
        struct aw_group g = {
            .key = aw_look_name(p->look, o, "key"),
            .product = json_is_string(json_object_get(o, "product"))
                           ? aw_look_name(p->look, o, "product")
                           : "",
            .exchanges = aw_look_count(p->look, o, "exchanges"),
            .failing = aw_look_count(p->look, o, "failing"),
            .stall = read_stall(p, o),
            .wasted = aw_look_count(p->look, o, "wasted_bytes"),
            .saved = aw_look_count(p->look, o, "saved_bytes"),
        };
        if (strlen(g.key) >= AW_GROUP_KEY || strlen(g.product) >= AW_GROUP_PRODUCT)
            aw_look_fail(p->look, "'%s' has a name that is too long", key);
        read_group_causes(p, &g, o);
        const json_t *latency = aw_look_object(p->look, o, "latency_ms");
        for (int l = 0; l < AW_LAT_COUNT; l++)
            g.latency[l] = read_hist(p, latency, latency_key[l]);
        if (p->add && !p->g->no_memory && !aw_summary_put_group(p->g->run.summary, side, &g))
            p->g->no_memory = true;
        for (int l = 0; l < AW_LAT_COUNT; l++)
            aw_hist_free(g.latency[l]);
        if (p->look->bad) break;
    }
}

static void read_thresholds(struct pass *p, const json_t *doc)
{
    const json_t *o = json_object_get(doc, "thresholds");
    for (int i = 0; i < AW_T_COUNT; i++) {
        const char *name = aw_threshold_name((enum aw_threshold)i);
        const json_t *told = json_object_get(o, name);
        if (!told) continue;
        const aw_ns value = aw_threshold_unit((enum aw_threshold)i) == AW_UNIT_NS
                                ? aw_look_ms(p->look, o, name)
                                : aw_look_number(p->look, o, name, INT64_MAX, AW_NS_NONE);
        if (!p->add) continue;
        enum aw_agreed *agreed = &p->g->agreed[i];
        if (value == AW_NS_NONE || (*agreed == AW_AGREED && p->g->config.threshold[i] != value))
            *agreed = AW_AGREED_NOT;
        if (*agreed != AW_AGREED_UNTOLD) continue;
        *agreed = AW_AGREED;
        p->g->config.threshold[i] = value;
    }
}

static void read_document(struct pass *p, const json_t *doc)
{
    read_counters(p, doc);
    read_files(p, doc);
    read_causes(p, doc);
    read_groups(p, doc, "servers", AW_S2C);
    read_groups(p, doc, "clients", AW_C2S);
    read_latencies(p, doc);
    const uint64_t lost = aw_look_count(p->look, doc, "group_latencies_not_kept");
    if (p->add) aw_summary_put_lost(p->g->run.summary, lost);
    read_thresholds(p, doc);
}

/* --- records --- */

static void add_record(struct aw_merged *g, const struct aw_format *format,
                       struct aw_report *report)
{
    const struct aw_reread *r = &g->reread;
    if (!g->in_records) g->record_inputs++;
    g->in_records = true;
    g->records++;
    g->stats.exchanges = aw_count_sum(g->stats.exchanges, 1);
    if (!aw_names_add(&g->input, r->file, true)) g->no_memory = true;
    if (!r->rec.verdict) return;
    if (!aw_summary_put_record(g->run.summary, &r->rec, r->latency)) g->no_memory = true;
    g->file[0] = r->file;
    if (format) format->record(report, &r->rec);
    g->file[0] = NULL;
}

/* --- the door --- */

enum aw_merging aw_merged_add(struct aw_merged *g, const json_t *doc,
                              const struct aw_format *format, struct aw_report *report, char *err,
                              size_t err_size)
{
    struct aw_look look = {.err = err, .err_size = err_size};
    const char *schema = aw_look_name(&look, doc, "schema");
    if (look.bad) {
        /* said already */
    } else if (strcmp(schema, "await100/1") == 0) {
        if (aw_reread(&g->reread, doc, &look)) add_record(g, format, report);
    } else if (strcmp(schema, "await100-summary/1") == 0) {
        struct pass pass = {.g = g, .look = &look};
        read_document(&pass, doc);
        if (!look.bad && !g->no_memory) {
            pass = (struct pass){.g = g, .look = &look, .add = true};
            read_document(&pass, doc);
            g->documents++;
        }
    } else {
        aw_look_fail(&look, "schema '%.40s' is neither await100-summary/1 nor await100/1", schema);
    }
    return g->no_memory ? AW_MERGED_NO_MEMORY : look.bad ? AW_MERGED_BAD : AW_MERGED_ADDED;
}

void aw_merged_next(struct aw_merged *g, bool damaged)
{
    g->in_records = false;
    if (damaged) g->run.damaged = aw_count_sum(g->run.damaged, 1);
    for (size_t i = 0; i < g->input.count; i++)
        if (!aw_names_add(&g->files, g->input.name[i], false)) g->no_memory = true;
    g->files.left_out = aw_count_sum(g->files.left_out, g->input.left_out);
    aw_names_free(&g->input);
}

const struct aw_run *aw_merged_run(const struct aw_merged *g)
{
    return &g->run;
}

static void tell(struct aw_merged *g)
{
    struct aw_sentence *s = &g->told;
    if (g->documents)
        aw_sentence_add(s, "%llu summar%s", (unsigned long long)g->documents,
                        g->documents == 1 ? "y" : "ies");
    if (g->records)
        aw_sentence_add(s,
                        "%s%llu record%s of %llu file%s, which tell nothing of packets and "
                        "connections",
                        s->len ? ", " : "", (unsigned long long)g->records, aw_plural(g->records),
                        (unsigned long long)g->record_inputs, aw_plural(g->record_inputs));
    for (int i = 0; i < AW_T_COUNT; i++) {
        if (g->agreed[i] != AW_AGREED_NOT) continue;
        aw_sentence_add(s, "; judged by different thresholds");
        break;
    }
}

void aw_merged_finish(struct aw_merged *g)
{
    aw_names_sort(&g->files);
    g->run.files = (const char *const *)g->files.name;
    g->run.file_count = g->files.count;
    g->run.files_not_listed = g->files.left_out;
    tell(g);
    g->run.merged = g->told.text;
}

bool aw_merged_empty(const struct aw_merged *g)
{
    return g->documents == 0 && g->records == 0;
}

json_t *aw_merged_document(const struct aw_merged *g)
{
    const struct aw_format *json = aw_format_find("json");
    struct aw_out *o = aw_out_memory();
    struct aw_report *r = o ? json->open(o, &g->run) : NULL;
    json_t *doc = NULL;
    if (r) {
        json->finish(r);
        const struct aw_span text = aw_out_bytes(o);
        if (aw_out_error(o) == 0) doc = aw_load((const char *)text.p, text.len, 0, NULL);
        json->close(r);
    }
    if (o) (void)aw_out_close(o, false);
    return doc;
}
