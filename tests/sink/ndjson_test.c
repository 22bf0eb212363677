/* Records: the interface's example byte for byte, what is null when, and hostile bytes, read back
 * by a library's parser. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

#include "fixture.h"
#include "sink/community.h"

/* The record as a string; free() it. */
static char *record_text(struct fixture *f)
{
    struct aw_out *o = aw_out_memory();
    const struct aw_format *format = aw_format_find("ndjson");
    struct aw_report *r = format->open(o, &f->run);
    format->record(r, &f->rec);
    format->finish(r);
    format->close(r);
    const struct aw_span s = aw_out_bytes(o);
    char *text = calloc(1, s.len + 1);
    memcpy(text, s.p, s.len);
    assert_int_equal(aw_out_close(o, true), 0);
    return text;
}

static json_t *record_json(struct fixture *f)
{
    char *text = record_text(f);
    json_error_t error;
    json_t *doc = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    if (!doc) fail_msg("%s in %s", error.text, text);
    const char *newline = strchr(text, '\n');
    assert_true(newline && newline[1] == '\0'); /* one line, and its end */
    free(text);
    return doc;
}

/* The member at a path such as "connection.id" or "interim.0.packet". */
static json_t *at(json_t *doc, const char *path)
{
    char name[64];
    while (*path) {
        size_t n = strcspn(path, ".");
        memcpy(name, path, n);
        name[n] = '\0';
        path += n + (path[n] == '.');
        doc = json_is_array(doc) ? json_array_get(doc, (size_t)atoi(name))
                                 : json_object_get(doc, name);
    }
    return doc;
}

static void example_byte_for_byte(void **state)
{
    (void)state;
    static const char wanted[] =
        "{\"schema\":\"await100/1\",\"id\":12,\"file\":\"x.pcap\","
        "\"time\":\"2026-01-02T03:04:05.123456789Z\","
        "\"connection\":{\"id\":3,\"community_id\":\"1:QLxQqYtupV5k5diZC6nSoE5E7bY=\","
        "\"client\":\"10.0.0.1\",\"client_port\":51234,\"server\":\"10.0.0.2\",\"server_port\":80,"
        "\"vantage\":\"client\",\"rtt_client_ms\":0.021,\"rtt_server_ms\":9.870,"
        "\"close\":null,\"closed_by\":null,\"gaps\":0,\"retransmissions\":0},"
        "\"request\":{\"method\":\"PUT\",\"target\":\"/x\",\"host\":\"h\",\"version\":\"1.1\","
        "\"user_agent\":\"curl/8.5.0\",\"expect\":\"100-continue\",\"content_length\":1048576,"
        "\"chunked\":false,\"body_bytes\":0,\"packet\":4},"
        "\"interim\":[],"
        "\"response\":{\"status\":417,\"reason\":\"Expectation Failed\",\"version\":\"1.1\","
        "\"server\":\"lighttpd/1.4.20\",\"via\":null,\"packet\":6},"
        "\"timing\":{\"head_ms\":0.000,\"continue_ms\":null,\"think_ms\":0.231,\"wait_ms\":null,"
        "\"body_ms\":null,"
        "\"body_end_ms\":null,\"final_ms\":10.101,\"total_ms\":10.101,"
        "\"packets\":{\"head\":4,\"body\":null,\"body_end\":null,\"final\":6}},"
        "\"cost\":{\"stall_ms\":0.000,\"wasted_bytes\":0,\"saved_bytes\":1048576,"
        "\"extra_round_trips\":1},"
        "\"chain\":{\"id\":12,\"attempt\":1,\"of\":2},"
        "\"legs\":{\"inner\":null,\"outer\":null},"
        "\"verdict\":{\"severity\":\"warning\",\"cause\":\"expect-refused\",\"party\":\"server\","
        "\"confidence\":\"high\",\"also\":[],\"recovered\":true,"
        "\"recovered_by\":{\"id\":13,\"connection\":3,\"time\":\"2026-01-02T03:04:05.133600000Z\","
        "\"status\":201,\"after_ms\":10.143},"
        "\"checks\":[],"
        "\"evidence\":[\"packet 6: 417 from lighttpd/1.4.20, 10.101 ms after the head (packet 4);"
        " one round trip is 9.891 ms\"],"
        "\"fix\":[\"curl: -H 'Expect:'\"]}}\n";
    struct fixture f;
    fixture_init(&f);
    char *got = record_text(&f);
    assert_string_equal(got, wanted);
    free(got);
}

static void community_ids(void **state)
{
    (void)state;
    /* The first is the specification's own example; the second was worked out apart, in Python. */
    static const struct {
        const char *name, *id;
        struct aw_addr a, b;
        uint16_t port_a, port_b;
    } rows[] = {
        {"IPv4",
         "1:LQU9qZlK+B5F3KDmev6m5PMibrg=",
         {.b = {128, 232, 110, 120}},
         {.b = {66, 35, 250, 204}},
         34855,
         80},
        {"IPv6",
         "1:auY6vGmZkDv5rgAZc4STs3zrSE4=",
         {.b = {0x20, 0x01, 0x0d, 0xb8, [15] = 1}, .v6 = true},
         {.b = {0x20, 0x01, 0x0d, 0xb8, [15] = 2}, .v6 = true},
         51234,
         80},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct aw_conn_facts c;
        memset(&c, 0, sizeof c);
        char got[AW_COMMUNITY_LEN + 1] = "", back[AW_COMMUNITY_LEN + 1] = "";
        c.addr[0] = rows[i].a;
        c.addr[1] = rows[i].b;
        c.port[0] = rows[i].port_a;
        c.port[1] = rows[i].port_b;
        aw_community_id(got, &c);
        c.addr[0] = rows[i].b;
        c.addr[1] = rows[i].a;
        c.port[0] = rows[i].port_b;
        c.port[1] = rows[i].port_a;
        aw_community_id(back, &c);
        assert_string_equal(got, rows[i].id);
        assert_string_equal(back, rows[i].id);
    }
}

static void orphan_has_no_request(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    struct aw_exchange *x = &f.ex;
    x->flags = AW_F_REQ_UNSEEN;
    x->at[AW_AT_REQ_FIRST] = x->at[AW_AT_HEAD] = (struct aw_mark){.ord = 0};
    x->declared = x->sent = -1;
    f.rec.verdict = NULL;
    json_t *doc = record_json(&f);
    assert_true(json_is_null(at(doc, "request")));
    assert_true(json_is_null(at(doc, "verdict")));
    assert_true(json_is_null(at(doc, "timing.head_ms")));
    assert_true(json_is_null(at(doc, "timing.final_ms")));
    assert_true(json_is_null(at(doc, "cost.stall_ms")));
    assert_true(json_is_null(at(doc, "cost.saved_bytes")));
    assert_int_equal(json_integer_value(at(doc, "response.status")), 417);
    assert_int_equal(json_integer_value(at(doc, "timing.packets.final")), 6);
    assert_string_equal(json_string_value(at(doc, "time")), "2026-01-02T03:04:05.133557789Z");
    json_decref(doc);
}

static void everything_present(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    struct aw_exchange *x = &f.ex;
    x->req |= AW_REQ_CHUNKED;
    x->req_version = 10;
    x->declared = -1;
    x->sent = 5000;
    x->content_complete = true;
    x->conn.close = AW_CONN_RST;
    x->conn.closed_by = AW_S2C;
    x->conn.hole_count = 2;
    x->conn.addr[AW_C2S] = (struct aw_addr){.b = {0x20, 0x01, 0x0d, 0xb8, [15] = 1}, .v6 = true};
    x->conn.addr[AW_S2C] = (struct aw_addr){.b = {0x20, 0x01, 0x0d, 0xb8, [15] = 2}, .v6 = true};
    x->at[AW_AT_HEAD] = mark(5, 2 * AW_MS);
    x->at[AW_AT_BODY] = mark(9, 25 * AW_MS);
    x->at[AW_AT_BODY_END] = mark(11, 30 * AW_MS);
    x->at[AW_AT_FINAL_FIRST] = mark(12, 39 * AW_MS);
    x->at[AW_AT_FINAL] = mark(13, 40 * AW_MS);
    x->at[AW_AT_FINAL].ref = aw_ref_make(1, 2); /* the capture goes on in the next file */
    x->at[AW_AT_FINAL_END] = mark(14, 41 * AW_MS);
    x->interim_count = 9; /* of which six are kept */
    x->continue_count = 8;
    for (unsigned i = 0; i < AW_INTERIM_MAX; i++) {
        x->interim[i].status = i == 0 ? 103 : 100;
        x->interim[i].first = x->interim[i].at = mark(6 + i, (3 + (int)i) * AW_MS);
    }
    f.verdict.also = UINT64_C(1) << AW_CAUSE_DUPLICATE_CONTINUE | UINT64_C(1)
                                                                      << AW_CAUSE_NO_CONTENT;
    f.verdict.check_count = 2;
    f.verdict.check[0] = (struct aw_check){"S9", "9110 8.6", aw_ref_make(0, 5)};
    f.verdict.check[1] = (struct aw_check){"C10", "9112 9.3", aw_ref_make(1, 7)};
    f.verdict.cost.stall = 1500 * AW_US;
    f.verdict.cost.saved = -1;
    f.rec.recovered_by.id = 0;
    f.rec.inner_id = 14;

    json_t *doc = record_json(&f);
    static const struct {
        const char *path, *json;
    } rows[] = {
        {"connection.client", "\"2001:db8::1\""},
        {"connection.close", "\"rst\""},
        {"connection.closed_by", "\"server\""},
        {"connection.gaps", "2"},
        {"request.version", "\"1.0\""},
        {"request.content_length", "null"},
        {"request.chunked", "true"},
        {"request.body_bytes", "5000"},
        {"request.packet", "4"},
        {"interim.0", "{\"status\":103,\"at_ms\":3.0,\"packet\":6}"},
        {"interim.5.status", "100"},
        {"response.packet", "12"},
        {"timing.head_ms", "2.0"},
        {"timing.continue_ms", "2.0"},
        {"timing.wait_ms", "23.0"},
        {"timing.body_ms", "25.0"},
        {"timing.body_end_ms", "30.0"},
        {"timing.final_ms", "40.0"},
        {"timing.total_ms", "41.0"},
        {"timing.packets", "{\"head\":5,\"body\":9,\"body_end\":11,"
                           "\"final\":{\"file\":\"y.pcap\",\"packet\":2}}"},
        {"cost.stall_ms", "1.5"},
        {"cost.saved_bytes", "null"},
        {"legs", "{\"inner\":14,\"outer\":null}"},
        {"verdict.also", "[\"no-content\",\"duplicate-continue\"]"},
        {"verdict.recovered_by", "null"},
        {"verdict.checks", "[{\"rule\":\"S9\",\"rfc\":\"9110 8.6\",\"packet\":5},"
                           "{\"rule\":\"C10\",\"rfc\":\"9112 9.3\","
                           "\"packet\":{\"file\":\"y.pcap\",\"packet\":7}}]"},
    };
    assert_int_equal(json_array_size(at(doc, "interim")), AW_INTERIM_MAX);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *got = json_dumps(at(doc, rows[i].path), JSON_COMPACT | JSON_ENCODE_ANY);
        if (!got || strcmp(got, rows[i].json) != 0)
            fail_msg("%s: %s instead of %s", rows[i].path, got ? got : "nothing", rows[i].json);
        free(got);
    }
    json_decref(doc);
}

static void unfinished_content_has_no_end(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    f.ex.at[AW_AT_BODY] = mark(7, AW_MS);
    f.ex.at[AW_AT_BODY_END] = mark(8, 2 * AW_MS); /* so far */
    f.ex.status = 0;
    f.ex.final_complete = false;
    f.ex.at[AW_AT_FINAL] = f.ex.at[AW_AT_FINAL_END] = (struct aw_mark){.ord = 0};
    f.ex.at[AW_AT_END] = mark(9, 3 * AW_MS);
    json_t *doc = record_json(&f);
    assert_true(json_is_null(at(doc, "response")));
    assert_true(json_is_null(at(doc, "timing.body_end_ms")));
    assert_true(json_is_null(at(doc, "timing.packets.body_end")));
    assert_true(json_is_null(at(doc, "timing.final_ms")));
    assert_int_equal((int)(json_real_value(at(doc, "timing.total_ms")) * 1000 + 0.5), 3000);
    json_decref(doc);
}

static void query_values_are_masked(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    f.ex.text[AW_TEXT_TARGET] = span("/x?token=geheim");
    json_t *doc = record_json(&f);
    assert_string_equal(json_string_value(at(doc, "request.target")), "/x?token=***");
    json_decref(doc);
    f.run.show_secrets = true;
    doc = record_json(&f);
    assert_string_equal(json_string_value(at(doc, "request.target")), "/x?token=geheim");
    json_decref(doc);
}

/* Every byte value in every string of the wire: the record stays one line of valid JSON without a
 * control byte, and each string reads back as its bytes, those that are no UTF-8 as code points. */
static void hostile_bytes_everywhere(void **state)
{
    (void)state;
    static const struct {
        enum aw_text text;
        const char *path;
    } strings[] = {
        {AW_TEXT_METHOD, "request.method"},  {AW_TEXT_TARGET, "request.target"},
        {AW_TEXT_HOST, "request.host"},      {AW_TEXT_USER_AGENT, "request.user_agent"},
        {AW_TEXT_EXPECT, "request.expect"},  {AW_TEXT_REASON, "response.reason"},
        {AW_TEXT_SERVER, "response.server"}, {AW_TEXT_VIA, "response.via"},
    };
    uint8_t all[256];
    for (unsigned i = 0; i < 256; i++)
        all[i] = (uint8_t)(255 - i); /* falling: no two bytes make a sequence */
    for (size_t i = 0; i < sizeof strings / sizeof strings[0]; i++) {
        struct fixture f;
        fixture_init(&f);
        f.run.show_secrets = true;
        f.ex.text[strings[i].text] = (struct aw_span){.p = all, .len = sizeof all};
        char *text = record_text(&f);
        for (const char *p = text; *p; p++)
            if (((uint8_t)*p < 0x20 && *p != '\n') || *p == 0x7f) fail_msg("control byte passes");
        json_t *doc = json_loads(text, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
        assert_non_null(doc);
        const json_t *v = at(doc, strings[i].path);
        const uint8_t *got = (const uint8_t *)json_string_value(v);
        size_t k = 0;
        for (unsigned b = 256; b-- > 0;) {
            if (b < 0x80) {
                assert_int_equal(got[k++], b);
            } else {
                assert_int_equal(got[k++], 0xc0 | b >> 6);
                assert_int_equal(got[k++], 0x80 | (b & 0x3f));
            }
        }
        assert_int_equal(json_string_length(v), k);
        json_decref(doc);
        free(text);
    }
}

static void file_names_are_hostile_too(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    static const char *const files[] = {"a\"\\\n\xff.pcap"};
    f.run.files = files;
    f.run.file_count = 1;
    json_t *doc = record_json(&f);
    assert_string_equal(json_string_value(at(doc, "file")), "a\"\\\n\xc3\xbf.pcap");
    json_decref(doc);
    f.ex.at[AW_AT_REQ_FIRST].ref = aw_ref_make(9, 1); /* no such input */
    doc = record_json(&f);
    assert_string_equal(json_string_value(at(doc, "file")), "");
    json_decref(doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(example_byte_for_byte),
        cmocka_unit_test(community_ids),
        cmocka_unit_test(orphan_has_no_request),
        cmocka_unit_test(everything_present),
        cmocka_unit_test(unfinished_content_has_no_end),
        cmocka_unit_test(query_values_are_masked),
        cmocka_unit_test(hostile_bytes_everywhere),
        cmocka_unit_test(file_names_are_hostile_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
