/* The summary document: its shape, its figures, and names that are no UTF-8. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

#include "fixture.h"

static json_t *document(struct fixture *f)
{
    struct aw_out *o = aw_out_memory();
    const struct aw_format *format = aw_format_find("json");
    struct aw_report *r = format->open(o, &f->run);
    format->record(r, &f->rec);
    format->finish(r);
    format->close(r);
    const struct aw_span s = aw_out_bytes(o);
    for (size_t i = 0; i < s.len; i++)
        assert_true(s.p[i] == '\n' || (s.p[i] >= 0x20 && s.p[i] < 0x7f));
    assert_true(s.len > 0 && s.p[s.len - 1] == '\n');
    json_error_t error;
    json_t *doc = json_loadb((const char *)s.p, s.len, JSON_REJECT_DUPLICATES, &error);
    if (!doc) fail_msg("%s in %.*s", error.text, (int)s.len, (const char *)s.p);
    assert_int_equal(aw_out_close(o, true), 0);
    return doc;
}

static void assert_keys(json_t *object, const char *const *keys)
{
    for (; *keys; keys++)
        if (!json_object_get(object, *keys)) fail_msg("no %s", *keys);
}

#define KEYS(...) ((const char *const[]){__VA_ARGS__, NULL})

static int64_t number(json_t *object, const char *key)
{
    assert_true(json_is_integer(json_object_get(object, key)));
    return json_integer_value(json_object_get(object, key));
}

static void shape_and_figures(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    f.run.summary = aw_summary_new(NULL);
    f.run.dropped = 5;
    f.stats.packets = 9;
    f.stats.bytes = 1000;
    f.stats.first = T0;
    f.stats.last = T0 + AW_SEC;
    f.stats.truncated = 3;
    f.stats.decode_errors = 2;
    f.stats.connections = 4;
    f.stats.tls_opaque = 1;
    f.stats.exchanges = 7;
    f.stats.drop_kinds = 2;
    f.stats.drop[0] = (struct aw_drop_count){"not-tcp", "no TCP", 6};
    f.stats.drop[1] = (struct aw_drop_count){"ip-short", "cut", 0};
    f.verdict.cost.stall = 1001200 * AW_US;
    aw_summary_add(f.run.summary, &f.rec);
    json_t *doc = document(&f);

    assert_string_equal(json_string_value(json_object_get(doc, "schema")), "await100-summary/1");
    assert_keys(doc, KEYS("input", "connections", "exchanges", "by_severity", "causes", "servers",
                          "clients", "latency_ms", "thresholds", "histogram_buckets"));
    json_t *input = json_object_get(doc, "input");
    assert_int_equal(number(input, "packets"), 9);
    assert_int_equal(number(input, "bytes"), 1000);
    assert_int_equal(number(input, "dropped"), 5);
    assert_int_equal(number(input, "decode_errors"), 2);
    assert_int_equal(number(input, "truncated"), 3);
    assert_string_equal(json_string_value(json_object_get(input, "first")),
                        "2026-01-02T03:04:05.123456789Z");
    assert_int_equal(json_array_size(json_object_get(input, "files")), 2);
    json_t *dropped = json_object_get(input, "not_followed");
    assert_int_equal(number(dropped, "not-tcp"), 6);
    assert_null(json_object_get(dropped, "ip-short"));
    json_t *conns = json_object_get(doc, "connections");
    assert_keys(conns, KEYS("seen", "http", "evicted", "gaps", "one_sided", "http2_opaque"));
    assert_int_equal(number(conns, "tls_opaque"), 1);
    json_t *exchanges = json_object_get(doc, "exchanges");
    assert_int_equal(number(exchanges, "all"), 7);
    assert_int_equal(number(exchanges, "expectation"), 1);
    assert_int_equal(number(exchanges, "failing"), 1);
    json_t *severity = json_object_get(doc, "by_severity");
    assert_keys(severity, KEYS("ok", "info", "error", "unknown"));
    assert_int_equal(number(severity, "warning"), 1);

    json_t *cause = json_array_get(json_object_get(doc, "causes"), 0);
    assert_string_equal(json_string_value(json_object_get(cause, "cause")), "expect-refused");
    assert_string_equal(json_string_value(json_object_get(cause, "severity")), "warning");
    assert_int_equal(number(cause, "count"), 1);
    assert_int_equal(number(cause, "wasted_bytes"), 0);
    assert_true(json_real_value(json_object_get(cause, "stall_ms")) == 1001.2);

    json_t *server = json_array_get(json_object_get(doc, "servers"), 0);
    assert_string_equal(json_string_value(json_object_get(server, "key")), "10.0.0.2:80 h");
    assert_string_equal(json_string_value(json_object_get(server, "product")), "lighttpd/1.4.20");
    assert_keys(server, KEYS("exchanges", "failing", "stall_ms", "wasted_bytes", "saved_bytes"));
    assert_int_equal(number(json_object_get(server, "causes"), "expect-refused"), 1);
    json_t *final = json_object_get(json_object_get(server, "latency_ms"), "final");
    assert_true(json_real_value(json_object_get(final, "max")) == 10.101);
    assert_keys(final, KEYS("p50", "p90", "p99"));
    json_t *pair = json_array_get(json_object_get(final, "histogram"), 0);
    assert_int_equal(json_integer_value(json_array_get(pair, 0)), 23 * 64 + 13);
    assert_int_equal(json_integer_value(json_array_get(pair, 1)), 1);
    json_t *client = json_array_get(json_object_get(doc, "clients"), 0);
    assert_string_equal(json_string_value(json_object_get(client, "key")), "curl/8.5.0");

    json_t *wait = json_object_get(json_object_get(doc, "latency_ms"), "wait");
    assert_true(json_is_null(json_object_get(wait, "p50")));
    assert_int_equal(json_array_size(json_object_get(wait, "histogram")), 0);
    json_t *thresholds = json_object_get(doc, "thresholds");
    assert_int_equal(json_object_size(thresholds), AW_T_COUNT);
    assert_true(json_real_value(json_object_get(thresholds, "wait-floor")) == 100);
    assert_int_equal(number(thresholds, "loop-attempts"), 5);
    json_decref(doc);
    aw_summary_free(f.run.summary);
}

static void nothing_at_all(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    f.run.summary = aw_summary_new(NULL);
    f.run.file_count = 0;
    json_t *doc = document(&f);
    assert_true(json_is_null(json_object_get(json_object_get(doc, "input"), "first")));
    assert_int_equal(json_array_size(json_object_get(doc, "causes")), 0);
    assert_int_equal(json_array_size(json_object_get(doc, "servers")), 0);
    json_decref(doc);
    aw_summary_free(f.run.summary);
}

static void names_that_are_no_utf8(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    static const char *const files[] = {"\xff\x1b\xc3\xa9.pcap"};
    f.run.files = files;
    f.run.file_count = 1;
    f.run.summary = aw_summary_new(NULL);
    f.ex.text[AW_TEXT_HOST] = span("\xff\x1b[31m");
    aw_summary_add(f.run.summary, &f.rec);
    json_t *doc = document(&f);
    json_t *name = json_array_get(json_object_get(json_object_get(doc, "input"), "files"), 0);
    assert_string_equal(json_string_value(name), "\xc3\xbf\x1b\xc3\xa9.pcap");
    json_decref(doc);
    aw_summary_free(f.run.summary);
}

static void full_disk_is_reported(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    f.run.summary = aw_summary_new(NULL);
    char err[128];
    struct aw_out *o = aw_out_file("/dev/full", err, sizeof err);
    const struct aw_format *format = aw_format_find("json");
    struct aw_report *r = format->open(o, &f.run);
    format->finish(r);
    format->close(r);
    assert_int_not_equal(aw_out_close(o, true), 0);
    aw_summary_free(f.run.summary);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shape_and_figures),
        cmocka_unit_test(nothing_at_all),
        cmocka_unit_test(names_that_are_no_utf8),
        cmocka_unit_test(full_disk_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
