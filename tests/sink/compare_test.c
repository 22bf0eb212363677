/* Two summaries held against each other: what counts as worse, and documents that are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sink/compare.h"
#include "sink/text_out.h"
#include "sink/utf8.h"

/* A run against one server: so many exchanges, failing ones of `cause`, others continued; so many
 * latencies with this p90. */
struct half {
    unsigned all, failing;
    const char *cause, *server;
    unsigned values;
    double p90;
};

static json_t *document(const struct half *h)
{
    char text[2048];
    const int n = snprintf(
        text, sizeof text,
        "{\"schema\":\"await100-summary/1\",\"exchanges\":{\"expectation\":%u,\"failing\":%u},"
        "\"causes\":[{\"cause\":\"%s\",\"severity\":\"warning\",\"count\":%u},"
        "{\"cause\":\"continued\",\"severity\":\"ok\",\"count\":%u}],"
        "\"servers\":[{\"key\":\"%s\",\"exchanges\":%u,\"failing\":%u}],"
        "\"latency_ms\":{\"continue\":{\"p50\":1.0,\"p90\":%f,\"p99\":%f,"
        "\"histogram\":[[700,%u]]}}}",
        h->all, h->failing, h->cause, h->failing, h->all - h->failing, h->server, h->all,
        h->failing, h->p90, h->p90, h->values);
    assert_in_range(n, 1, sizeof text - 1);
    json_t *doc = json_loads(text, 0, NULL);
    assert_non_null(doc);
    return doc;
}

static const struct {
    const char *name;
    struct half before, after;
    enum aw_compared result;
    const char *says; /* NULL: that nothing changed */
} rows[] = {
    {"the same",
     {100, 20, "ignored", "s", 50, 10},
     {100, 20, "ignored", "s", 50, 10},
     AW_COMPARED_SAME,
     NULL},
    {"twice as long, the same shares",
     {100, 20, "ignored", "s", 50, 10},
     {200, 40, "ignored", "s", 100, 10},
     AW_COMPARED_SAME,
     NULL},
    {"less than a point",
     {1000, 20, "ignored", "s", 50, 10},
     {1000, 29, "ignored", "s", 50, 10},
     AW_COMPARED_SAME,
     NULL},
    {"a point",
     {1000, 20, "ignored", "s", 50, 10},
     {1000, 30, "ignored", "s", 50, 10},
     AW_COMPARED_WORSE,
     "Worse: the share of failing exchanges, 1 cause, 1 server\n"},
    {"from none",
     {100000, 0, "ignored", "s", 50, 10},
     {100000, 1, "ignored", "s", 50, 10},
     AW_COMPARED_WORSE,
     "Worse: the share of failing exchanges, 1 cause, 1 server\n"},
    {"to none",
     {100000, 1, "ignored", "s", 50, 10},
     {100000, 0, "ignored", "s", 50, 10},
     AW_COMPARED_SAME,
     "Better: the share of failing exchanges, 1 cause, 1 server\n"},
    {"better",
     {100, 20, "ignored", "s", 50, 10},
     {100, 10, "ignored", "s", 50, 10},
     AW_COMPARED_SAME,
     "Better: the share of failing exchanges, 1 cause, 1 server\n"},
    {"another cause, the same share",
     {100, 20, "ignored", "s", 50, 10},
     {100, 20, "late-continue", "s", 50, 10},
     AW_COMPARED_WORSE,
     "Worse: 1 cause\nBetter: 1 cause\n"},
    {"a new server",
     {100, 20, "ignored", "s", 50, 10},
     {100, 20, "ignored", "t", 50, 10},
     AW_COMPARED_SAME,
     " new\n"},
    {"slower by a fifth",
     {100, 0, "ignored", "s", 50, 100},
     {100, 0, "ignored", "s", 50, 121},
     AW_COMPARED_WORSE,
     "Worse: 2 percentiles\n"},
    {"slower by less",
     {100, 0, "ignored", "s", 50, 100},
     {100, 0, "ignored", "s", 50, 119},
     AW_COMPARED_SAME,
     NULL},
    {"three times as slow, and nobody would notice",
     {100, 0, "ignored", "s", 50, 4},
     {100, 0, "ignored", "s", 50, 12},
     AW_COMPARED_SAME,
     NULL},
    {"slower, of too few values",
     {100, 0, "ignored", "s", 9, 100},
     {100, 0, "ignored", "s", 50, 1000},
     AW_COMPARED_SAME,
     NULL},
    {"faster",
     {100, 0, "ignored", "s", 50, 1000},
     {100, 0, "ignored", "s", 50, 100},
     AW_COMPARED_SAME,
     "Better: 2 percentiles\n"},
    {"nothing before",
     {0, 0, "ignored", "s", 0, 0},
     {10, 1, "ignored", "s", 0, 0},
     AW_COMPARED_WORSE,
     "Worse: the share of failing exchanges, 1 cause\n"},
    {"nothing after",
     {10, 1, "ignored", "s", 0, 0},
     {0, 0, "ignored", "s", 0, 0},
     AW_COMPARED_SAME,
     "Nothing to judge by: the second has no expectation exchange.\n"},
    {"hostile names",
     {100, 1, "ignored", "\\u001b[2J\\u202e<script>", 50, 10},
     {100, 1, "ignored", "\\u001b[2J\\u202e<script>", 50, 10},
     AW_COMPARED_SAME,
     "\\x1b[2J\\u{202e}<script>"},
};

/* The same comparison as a document: its rows say together what its head and the status say. */
static void as_document(const char *name, const json_t *before, const json_t *after,
                        enum aw_compared result)
{
    static const char *const lists[] = {"causes", "servers", "latency_ms"};
    struct aw_out *o = aw_out_memory();
    if (aw_compare(o, before, after, true) != result) fail_msg("%s: another result", name);
    const struct aw_span got = aw_out_bytes(o);
    json_t *doc = json_loadb((const char *)got.p, got.len, JSON_REJECT_DUPLICATES, NULL);
    if (!doc) fail_msg("%s: no document", name);
    bool worse = strcmp(json_string_value(json_object_get(doc, "change")), "worse") == 0;
    for (size_t l = 0; l < sizeof lists / sizeof lists[0]; l++) {
        size_t i;
        json_t *row;
        json_array_foreach(json_object_get(doc, lists[l]), i, row)
        {
            const char *change = json_string_value(json_object_get(row, "change"));
            if (!change) fail_msg("%s: a row without its change", name);
            worse = worse || strcmp(change, "worse") == 0;
        }
    }
    if (worse != json_is_true(json_object_get(doc, "worse"))) fail_msg("%s: worse?", name);
    if (worse != (result == AW_COMPARED_WORSE)) fail_msg("%s: the rows differ", name);
    json_decref(doc);
    assert_int_equal(aw_out_close(o, true), 0);
}

static void compares(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_t *before = document(&rows[i].before), *after = document(&rows[i].after);
        struct aw_out *o = aw_out_memory();
        const enum aw_compared result = aw_compare(o, before, after, false);
        aw_out_write(o, "", 1);
        const struct aw_span got = aw_out_bytes(o);
        const char *text = (const char *)got.p;
        if (result != rows[i].result) fail_msg("%s: %d:\n%s", rows[i].name, (int)result, text);
        const char *says = rows[i].says ? rows[i].says : "No change worth telling.\n";
        if (!strstr(text, says)) fail_msg("%s: no '%s' in:\n%s", rows[i].name, says, text);
        size_t columns = 0;
        for (size_t at = 0, used; at + 1 < got.len; at += used) {
            const int32_t c = aw_utf8_next(got.p + at, got.len - at, &used);
            columns = c == '\n' ? 0 : columns + 1;
            if (columns > AW_TEXT_COLUMNS) fail_msg("%s: a line is too long", rows[i].name);
            if (c != '\n' && (c < 0 || aw_utf8_acts(c))) fail_msg("%s: acts", rows[i].name);
        }
        assert_int_equal(aw_out_close(o, true), 0);
        as_document(rows[i].name, before, after, result);
        json_decref(before);
        json_decref(after);
    }
}

/* Right in outline, wrong in every value: nothing is counted, nothing breaks. */
static void odd_values(void **state)
{
    (void)state;
    static const char text[] =
        "{\"schema\":\"await100-summary/1\",\"exchanges\":{\"expectation\":-5,\"failing\":\"x\"},"
        "\"causes\":[1,{\"cause\":7},{\"cause\":\"ignored\",\"severity\":\"loud\",\"count\":1},"
        "{\"cause\":\"\",\"severity\":\"error\",\"count\":-1}],\"servers\":[null,{\"key\":[]},"
        "{\"key\":\"\",\"exchanges\":1e300,\"failing\":9223372036854775807}],\"latency_ms\":"
        "{\"continue\":{\"p50\":1e300,\"p90\":-1,\"p99\":\"\",\"histogram\":[[1],[1,-1],{},[1,5]]},"
        "\"wait\":[]}}";
    json_t *doc = json_loads(text, 0, NULL);
    assert_non_null(doc);
    struct aw_out *o = aw_out_memory();
    assert_int_equal(aw_compare(o, doc, doc, false), AW_COMPARED_SAME);
    assert_int_equal(aw_out_close(o, true), 0);
    json_decref(doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compares),
        cmocka_unit_test(odd_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
