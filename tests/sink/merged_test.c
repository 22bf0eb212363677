/*
 * Runs added up: the same bytes in any order and grouping, what a run over all would have said, and
 * nothing of a document with an error inside.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fixture.h"
#include "sink/merged.h"

enum { RUNS = 30, TRIALS = 6 };

static uint64_t rnd(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

/* --- documents and what comes of them --- */

static char *text_of(const struct aw_format *format, const struct aw_run *run)
{
    struct aw_out *o = aw_out_memory();
    struct aw_report *r = format->open(o, run);
    format->finish(r);
    format->close(r);
    aw_out_write(o, "", 1);
    char *text = strdup((const char *)aw_out_bytes(o).p);
    assert_int_equal(aw_out_close(o, true), 0);
    return text;
}

static json_t *parsed(const char *text)
{
    json_error_t why;
    json_t *doc = json_loads(text, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &why);
    if (!doc) fail_msg("%s in %s", why.text, text);
    return doc;
}

static void add(struct aw_merged *m, const char *text)
{
    char err[256] = "";
    json_t *doc = parsed(text);
    if (aw_merged_add(m, doc, NULL, NULL, err, sizeof err) != AW_MERGED_ADDED)
        fail_msg("%s: %.200s", err, text);
    json_decref(doc);
}

/* The document that comes of these. */
static char *merged(char *const *text, size_t n)
{
    struct aw_merged *m = aw_merged_new("0", false);
    for (size_t i = 0; i < n; i++) {
        add(m, text[i]);
        aw_merged_next(m, false);
    }
    aw_merged_finish(m);
    char *all = text_of(aw_format_find("json"), aw_merged_run(m));
    aw_merged_free(m);
    return all;
}

/* An exchange that may be any: one of `hosts` servers, of a few clients and causes. */
static void roll(struct fixture *f, uint64_t *seed, unsigned hosts)
{
    static char host[32], agent[32];
    fixture_init(f);
    snprintf(host, sizeof host, "h%u", (unsigned)(rnd(seed) % hosts));
    snprintf(agent, sizeof agent, "client%u/1", (unsigned)(rnd(seed) % (hosts > 50 ? 1500 : 3)));
    f->ex.text[AW_TEXT_HOST] = span(host);
    f->ex.text[AW_TEXT_USER_AGENT] = span(agent);
    f->ex.conn.addr[AW_S2C].b[3] = (uint8_t)(rnd(seed) % 3);
    f->verdict.cause = (enum aw_cause)(rnd(seed) % AW_CAUSE_COUNT);
    f->verdict.severity = (enum aw_severity)(rnd(seed) % AW_SEV_COUNT);
    f->verdict.cost.stall = (aw_ns)(rnd(seed) >> (rnd(seed) % 40 + 2));
    f->verdict.cost.wasted = (int64_t)(rnd(seed) % 100000);
    f->ex.at[AW_AT_FINAL].ts = T0 + (aw_ns)(rnd(seed) >> (rnd(seed) % 40 + 16));
}

static char *document_of(struct fixture *f, struct aw_summary *s, uint64_t packets, aw_ns first)
{
    aw_stats_init(&f->stats);
    f->stats.packets = packets;
    f->stats.bytes = packets * 100;
    f->stats.first = first;
    f->stats.last = first + AW_SEC;
    f->stats.exchanges = aw_summary_expectation(s);
    f->stats.drop[2].count = packets / 2;
    f->run.summary = s;
    return text_of(aw_format_find("json"), &f->run);
}

/* One run with so many exchanges. */
static char *some_run(uint64_t *seed, unsigned hosts, unsigned exchanges)
{
    struct fixture f;
    struct aw_summary *s = aw_summary_new(NULL);
    fixture_init(&f);
    for (unsigned i = 0; i < exchanges; i++) {
        roll(&f, seed, hosts);
        aw_summary_add(s, &f.rec);
    }
    if (rnd(seed) % 4 == 0) f.config.threshold[AW_T_WAIT_FLOOR] = 7 * AW_MS;
    char *text = document_of(&f, s, rnd(seed) % 1000, T0 + (aw_ns)(rnd(seed) % 1000));
    aw_summary_free(s);
    return text;
}

/* --- the same in any order and grouping --- */

static void shuffle(char **text, size_t n, uint64_t *seed)
{
    for (size_t i = n; i > 1; i--) {
        const size_t k = rnd(seed) % i;
        char *keep = text[i - 1];
        text[i - 1] = text[k];
        text[k] = keep;
    }
}

/* Merged by lots: each lot becomes a document, which takes its place. */
static char *in_lots(char *const *text, uint64_t *seed)
{
    char *pile[RUNS];
    size_t n = RUNS;
    for (size_t i = 0; i < n; i++)
        pile[i] = strdup(text[i]);
    while (n > 1) {
        shuffle(pile, n, seed);
        const size_t lot = 2 + rnd(seed) % (n < 9 ? n - 1 : 8);
        char *one = merged(pile + n - lot, lot);
        for (size_t i = n - lot; i < n; i++)
            free(pile[i]);
        n -= lot;
        pile[n++] = one;
    }
    char *all = merged(pile, n);
    for (size_t i = 0; i < n; i++)
        free(pile[i]);
    return all;
}

static void any_order_and_grouping(void **state)
{
    (void)state;
    /* Few keys, and so many that a third of them has no place. */
    static const unsigned hosts[] = {5, 1500};
    for (size_t h = 0; h < sizeof hosts / sizeof hosts[0]; h++) {
        uint64_t seed = 88172645463325252 + h;
        char *text[RUNS];
        for (size_t i = 0; i < RUNS; i++)
            text[i] = some_run(&seed, hosts[h], hosts[h] > 50 ? 80 : 12);
        char *want = merged(text, RUNS);
        for (unsigned t = 0; t < TRIALS; t++) {
            char *got;
            if (t % 2) {
                shuffle(text, RUNS, &seed);
                got = merged(text, RUNS);
            } else {
                got = in_lots(text, &seed);
            }
            if (strcmp(got, want) != 0)
                fail_msg("%u hosts, trial %u:\n%.2000s\n%.2000s", hosts[h], t, want, got);
            free(got);
        }
        json_t *doc = parsed(want), *servers = json_object_get(doc, "servers");
        bool other = false;
        uint64_t in_groups = 0;
        size_t i;
        json_t *group;
        json_array_foreach(servers, i, group)
        {
            const char *key = json_string_value(json_object_get(group, "key"));
            other = other || strcmp(key, "other") == 0;
            in_groups += (uint64_t)json_integer_value(json_object_get(group, "exchanges"));
        }
        json_t *exchanges = json_object_get(doc, "exchanges");
        assert_int_equal(in_groups, json_integer_value(json_object_get(exchanges, "expectation")));
        assert_int_equal(other, hosts[h] > 50);
        if (other) assert_int_equal(json_array_size(servers), AW_GROUPS_MAX + 1);
        json_decref(doc);
        free(want);
        for (size_t k = 0; k < RUNS; k++)
            free(text[k]);
    }
}

/* --- what one run over all says --- */

static void parts_are_the_whole(void **state)
{
    (void)state;
    uint64_t seed = 424242;
    struct fixture f;
    struct aw_summary *part[4], *whole = aw_summary_new(NULL);
    for (int i = 0; i < 4; i++)
        part[i] = aw_summary_new(NULL);
    for (int i = 0; i < 600; i++) {
        roll(&f, &seed, 20);
        aw_summary_add(whole, &f.rec);
        aw_summary_add(part[rnd(&seed) % 4], &f.rec);
    }
    char *text[4];
    fixture_init(&f);
    f.run.file_count = 0;
    for (int i = 0; i < 4; i++)
        text[i] = document_of(&f, part[i], 10, T0);
    char *want = document_of(&f, whole, 40, T0), *got = merged(text, 4);
    json_t *a = parsed(want), *b = parsed(got);
    static const char *const same[] = {"by_severity", "causes", "servers", "clients", "latency_ms"};
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++)
        if (!json_equal(json_object_get(a, same[i]), json_object_get(b, same[i])))
            fail_msg("%s:\n%s\n%s", same[i], want, got);
    char *again = merged(&want, 1);
    assert_string_equal(again, want); /* one alone is itself */
    json_decref(a);
    json_decref(b);
    free(again);
    free(want);
    free(got);
    for (int i = 0; i < 4; i++) {
        aw_summary_free(part[i]);
        free(text[i]);
    }
    aw_summary_free(whole);
}

/* --- records --- */

static char *record_of(struct fixture *f)
{
    struct aw_out *o = aw_out_memory();
    const struct aw_format *format = aw_format_find("ndjson");
    struct aw_report *r = format->open(o, &f->run);
    format->record(r, &f->rec);
    format->close(r);
    const struct aw_span s = aw_out_bytes(o);
    char *text = strndup((const char *)s.p, s.len);
    assert_int_equal(aw_out_close(o, true), 0);
    return text;
}

static void records_are_the_run(void **state)
{
    (void)state;
    uint64_t seed = 99;
    struct fixture f;
    struct aw_summary *whole = aw_summary_new(NULL);
    struct aw_merged *m = aw_merged_new("0", false);
    for (int i = 0; i < 300; i++) {
        roll(&f, &seed, 20);
        f.verdict.cost.stall >>= 12; /* a record has it in ms, to 53 bits */
        aw_summary_add(whole, &f.rec);
        char *text = record_of(&f);
        add(m, text);
        free(text);
    }
    aw_merged_next(m, false);
    aw_merged_finish(m);
    fixture_init(&f);
    char *want = document_of(&f, whole, 0, AW_NS_NONE);
    char *got = text_of(aw_format_find("json"), aw_merged_run(m));
    json_t *a = parsed(want), *b = parsed(got);
    static const char *const same[] = {"by_severity", "causes", "servers", "clients", "latency_ms"};
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++)
        if (!json_equal(json_object_get(a, same[i]), json_object_get(b, same[i])))
            fail_msg("%s:\n%s\n%s", same[i], want, got);
    assert_int_equal(json_object_size(json_object_get(b, "thresholds")), 0);
    json_t *files = json_object_get(json_object_get(b, "input"), "files");
    assert_int_equal(json_array_size(files), 1);
    assert_string_equal(json_string_value(json_array_get(files, 0)), "x.pcap");
    json_decref(a);
    json_decref(b);
    free(want);
    free(got);
    aw_merged_free(m);
    aw_summary_free(whole);
}

/* The report on files of records, in the order of `order`. */
static char *told(const char *name, char *file[3][40], const int order[3])
{
    const struct aw_format *format = aw_format_find(name);
    struct aw_merged *m = aw_merged_new("0", false);
    struct aw_out *o = aw_out_memory();
    struct aw_report *r = format->open(o, aw_merged_run(m));
    for (int i = 0; i < 3; i++) {
        for (int k = 0; k < 40; k++) {
            char err[256];
            json_t *doc = parsed(file[order[i]][k]);
            assert_int_equal(aw_merged_add(m, doc, format, r, err, sizeof err), AW_MERGED_ADDED);
            json_decref(doc);
        }
        aw_merged_next(m, false);
    }
    aw_merged_finish(m);
    format->finish(r);
    format->close(r);
    aw_out_write(o, "", 1);
    char *text = strdup((const char *)aw_out_bytes(o).p);
    assert_int_equal(aw_out_close(o, true), 0);
    aw_merged_free(m);
    return text;
}

static void reports_in_any_order(void **state)
{
    (void)state;
    static const int orders[][3] = {{0, 1, 2}, {2, 1, 0}, {1, 2, 0}};
    static const char *const formats[] = {"text", "md", "html"};
    uint64_t seed = 5;
    char *file[3][40];
    for (int i = 0; i < 3; i++) {
        for (int k = 0; k < 40; k++) {
            struct fixture f;
            roll(&f, &seed, 3);
            f.ex.id = (uint64_t)k + 1;             /* in each file anew */
            f.verdict.cost.stall = k % 3 * AW_SEC; /* many are as bad as others */
            f.verdict.cost.wasted = 0;
            f.verdict.severity = AW_SEV_ERROR;
            file[i][k] = record_of(&f);
        }
    }
    for (size_t n = 0; n < sizeof formats / sizeof formats[0]; n++) {
        char *want = told(formats[n], file, orders[0]);
        assert_non_null(strstr(want, "120 records of 3 files"));
        assert_non_null(strstr(want, "417"));
        for (size_t i = 1; i < 3; i++) {
            char *got = told(formats[n], file, orders[i]);
            if (strcmp(got, want) != 0) fail_msg("%s:\n%s\n%s", formats[n], want, got);
            free(got);
        }
        free(want);
    }
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 40; k++)
            free(file[i][k]);
}

/* --- what is wrong --- */

#define LATENCY "{\"p50\":1,\"p90\":1,\"p99\":1,\"max\":1,\"histogram\":[[1274,1]]}"
#define NONE    "{\"p50\":null,\"p90\":null,\"p99\":null,\"max\":null,\"histogram\":[]}"
#define THREE   "{\"continue\":" NONE ",\"wait\":" NONE ",\"final\":" LATENCY "}"
/* The least that the interface's page asks for; members that come later take the earlier's place.
 */
#define LEAST                                                                                      \
    "{\"schema\":\"await100-summary/1\",\"input\":{\"files\":[\"a\"]},\"connections\":{},"         \
    "\"exchanges\":{\"all\":1,\"expectation\":1,\"failing\":1},\"causes\":[{\"cause\":"            \
    "\"ignored\",\"severity\":\"warning\",\"count\":1,\"stall_ms\":1.5,\"wasted_bytes\":0}],"      \
    "\"servers\":[{\"key\":\"k\",\"product\":null,\"exchanges\":1,\"failing\":1,\"causes\":"       \
    "{\"ignored\":1},\"stall_ms\":1.5,\"wasted_bytes\":0,\"saved_bytes\":0,\"latency_ms\":" THREE  \
    "}],\"clients\":[],\"latency_ms\":" THREE ",\"thresholds\":{}"

static const struct {
    const char *name, *with; /* members that take the place of those of LEAST */
    const char *says;
} wrong[] = {
    {"no list", "\"causes\":{}", "'causes' is missing, or no list"},
    {"a foreign cause", "\"causes\":[{\"cause\":\"x\\u001b[2J\",\"severity\":\"ok\",\"count\":1}]",
     "is no cause that this version knows"},
    {"a foreign severity", "\"causes\":[{\"cause\":\"ignored\",\"severity\":\"loud\",\"count\":1}]",
     "'loud' is no severity"},
    {"below none", "\"connections\":{\"seen\":-1}", "'seen' is no whole number"},
    {"a fraction", "\"connections\":{\"seen\":1.5}", "'seen' is no whole number"},
    {"does not add up", "\"exchanges\":{\"expectation\":2,\"failing\":1}", "do not add up"},
    {"a foreign count", "\"input\":{\"files\":[],\"not_followed\":{\"x\":1}}",
     "'x' in 'not_followed'"},
    {"no name", "\"input\":{\"files\":[7]}", "'files' holds what is no name"},
    {"no time", "\"input\":{\"files\":[],\"first\":\"2026-02-30T00:00:00.000000000Z\"}",
     "'first' is no time"},
    {"a group of no kind", "\"servers\":[7]", "'key' is missing"},
    {"no latencies", "\"latency_ms\":{}", "'continue' is missing"},
    {"buckets out of order",
     "\"latency_ms\":{\"continue\":" NONE ",\"wait\":" NONE
     ",\"final\":{\"max\":1,\"histogram\":[[1274,1],[1273,1]]}}",
     "histogram of 'final'"},
    {"a bucket beyond all",
     "\"latency_ms\":{\"continue\":" NONE ",\"wait\":" NONE
     ",\"final\":{\"max\":1,\"histogram\":[[3072,1]]}}",
     "histogram of 'final'"},
    {"an empty bucket",
     "\"latency_ms\":{\"continue\":" NONE ",\"wait\":" NONE
     ",\"final\":{\"max\":1,\"histogram\":[[1274,0]]}}",
     "histogram of 'final'"},
    {"a largest elsewhere",
     "\"latency_ms\":{\"continue\":" NONE ",\"wait\":" NONE
     ",\"final\":{\"max\":5000,\"histogram\":[[1274,1]]}}",
     "do not lie in its histogram"},
    {"a time beyond all",
     "\"latency_ms\":{\"continue\":" NONE ",\"wait\":" NONE
     ",\"final\":{\"max\":1e300,\"histogram\":[[1274,1]]}}",
     "'max' is no time"},
    {"a threshold that is none", "\"thresholds\":{\"wait-floor\":[]}", "'wait-floor' is no time"},
    {"an unknown schema", "\"schema\":\"await100-summary/2\"", "is neither"},
    {"a record without anything", "\"schema\":\"await100/1\"", "is missing"},
};

static void nothing_of_what_is_wrong(void **state)
{
    (void)state;
    char *least = strdup(LEAST "}"), *want = merged(&least, 1);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char text[8192], err[256] = "";
        struct aw_merged *m = aw_merged_new("0", false);
        add(m, least);
        snprintf(text, sizeof text, LEAST ",%s}", wrong[i].with);
        json_t *doc = json_loads(text, 0, NULL);
        assert_non_null(doc);
        if (aw_merged_add(m, doc, NULL, NULL, err, sizeof err) != AW_MERGED_BAD)
            fail_msg("%s: was taken", wrong[i].name);
        if (!strstr(err, wrong[i].says)) fail_msg("%s: says '%s'", wrong[i].name, err);
        json_decref(doc);
        aw_merged_next(m, false);
        aw_merged_finish(m);
        char *got = text_of(aw_format_find("json"), aw_merged_run(m));
        if (strcmp(got, want) != 0) fail_msg("%s: something was added:\n%s", wrong[i].name, got);
        free(got);
        aw_merged_free(m);
    }
    free(least);
    free(want);
}

/* Counts as large as JSON has them: sums stop there, in any order, and can be read again. */
static void counts_stop(void **state)
{
    (void)state;
    char *huge = strdup(
        LEAST ",\"input\":{\"files\":[],\"packets\":9223372036854775807},\"causes\":[{\"cause\":"
              "\"ignored\",\"severity\":\"warning\",\"count\":9223372036854775807,\"stall_ns\":"
              "9223372036854775807}],\"exchanges\":{\"expectation\":9223372036854775807,"
              "\"failing\":9223372036854775807},\"latency_ms\":{\"continue\":" NONE
              ",\"wait\":" NONE
              ",\"final\":{\"max\":1,\"histogram\":[[1200,9223372036854775807],[1274,"
              "9223372036854775807]]}}}");
    /* Duplicates are for this test alone: parsed() refuses them. */
    json_t *doc = json_loads(huge, 0, NULL);
    assert_non_null(doc);
    free(huge);
    char *once = json_dumps(doc, 0);
    json_decref(doc);
    char *three[] = {once, once, once}, *pair = merged(three, 2);
    char *grouped[] = {once, pair}, *a = merged(three, 3), *b = merged(grouped, 2);
    assert_string_equal(a, b);
    assert_non_null(strstr(a, "9223372036854775807"));
    free(once);
    free(pair);
    free(a);
    free(b);
}

/* What has no place is called so as well, and has no product. */
static void a_client_named_other(void **state)
{
    (void)state;
    struct fixture f;
    struct aw_summary *s = aw_summary_new(NULL);
    fixture_init(&f);
    f.ex.text[AW_TEXT_USER_AGENT] = span("other");
    aw_summary_add(s, &f.rec);
    struct aw_group rest = {.key = "other", .product = "", .exchanges = 3};
    assert_true(aw_summary_put_group(s, AW_C2S, &rest));
    char *one = document_of(&f, s, 1, T0), *two = merged(&one, 1), *three = merged(&two, 1);
    json_t *doc = parsed(three);
    const json_t *clients = json_object_get(doc, "clients");
    assert_int_equal(json_array_size(clients), 2);
    const json_t *named = json_array_get(clients, 0), *other = json_array_get(clients, 1);
    assert_string_equal(json_string_value(json_object_get(named, "product")), "other");
    assert_int_equal(json_integer_value(json_object_get(named, "exchanges")), 1);
    assert_true(json_is_null(json_object_get(other, "product")));
    assert_int_equal(json_integer_value(json_object_get(other, "exchanges")), 3);
    json_decref(doc);
    free(one);
    free(two);
    free(three);
    aw_summary_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_order_and_grouping),   cmocka_unit_test(parts_are_the_whole),
        cmocka_unit_test(records_are_the_run),      cmocka_unit_test(reports_in_any_order),
        cmocka_unit_test(nothing_of_what_is_wrong), cmocka_unit_test(counts_stop),
        cmocka_unit_test(a_client_named_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
