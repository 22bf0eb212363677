/*
 * Expressions: what holds for a record made by hand, what is refused and where, and that no text
 * brings the compiler down.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "await100.h"
#include "common/case.h"

static struct aw_span span_of(const char *text)
{
    return (struct aw_span){(const uint8_t *)text, strlen(text)};
}

/* A PUT that waited 1001.459 ms, was sent, answered 417 by a server that has no Via. */
static void make(struct case_maker *m, struct aw_verdict *v, struct aw_record *rec)
{
    case_begin(m);
    case_text(m, AW_TEXT_METHOD, "PUT");
    case_text(m, AW_TEXT_TARGET, "/up?name=\"x\"");
    case_text(m, AW_TEXT_HOST, "API.example");
    case_text(m, AW_TEXT_SERVER, "");
    m->x.req_version = 11;
    case_content(m, 1001.459, 1001.5, 0);
    case_final(m, 1002, 417);
    m->x.conn.addr[AW_C2S] = (struct aw_addr){.b = {10, 1, 2, 3}};
    m->x.conn.addr[AW_S2C] = (struct aw_addr){.b = {0x20, 0x01, 0x0d, 0xb8, [15] = 1}, .v6 = true};
    m->x.id = 7;
    *v = (struct aw_verdict){
        .severity = AW_SEV_WARNING,
        .cause = AW_CAUSE_IGNORED,
        .party = AW_PARTY_SERVER,
        .confidence = AW_CONF_MEDIUM,
        .also = UINT64_C(1) << AW_CAUSE_EXPECT_REFUSED | UINT64_C(1) << AW_CAUSE_DEADLOCK,
        .cost = {.stall = 1001 * AW_MS + 459 * AW_US, .wasted = 1048576, .saved = -1},
        .evidence_count = 2,
        .evidence = {{.text = "packet 6: first"}, {.text = "packet 8: second"}},
    };
    *rec = (struct aw_record){
        .ex = &m->x, .verdict = v, .chain_id = 7, .attempt = 1, .attempts = 2, .outer_id = 3};
}

static void what_holds(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool holds;
    } rows[] = {
        {"", true},
        {"  ", true},
        {"status == 417 and stall > 500ms and host ~ api", true},
        {"status==417&&stall>500ms&&host~api", true},
        {"status == 418", false},
        {"status != 418", true},
        {"response.status >= 417", true},
        {"status > 417", false},
        {"status > 416.5", true},
        {"status < 417.5", true},
        {"status == 417.5", false},
        {"status != 417.5", true},
        {"id == 7", true},
        {"chain.id == 7 and of == 2", true},
        /* times: ms, with units; exact */
        {"stall_ms == 1001.459", true},
        {"cost.stall_ms > 1001", true},
        {"stall > 1s", true},
        {"stall < 1.0014590001s", true},
        {"stall >= 1001459us", true},
        {"stall > 1001459us", false},
        {"stall > 1K", true},
        {"stall < 1M", true},
        {"stall > -5", true},
        /* counts */
        {"wasted == 1MiB", true},
        {"wasted > 1M", true},
        {"wasted_bytes == 1024KiB", true},
        {"wasted < 1048.577K", true},
        {"wasted < 99999999999999999", true},
        /* null */
        {"saved == null", true},
        {"saved != null", false},
        {"saved", false},
        {"saved < 5", false},
        {"not saved < 5", true},
        {"saved != 5", false},
        {"via == null", true},
        {"response.server != null", true},
        {"response.server == \"\"", true},
        {"inner == null and outer != null and outer == 3", true},
        {"request and response and verdict", true},
        {"recovered_by == null and not recovered_by", true},
        {"status in (null, 5)", false},
        {"saved in (null, 5)", true},
        {"saved not in (1, 2)", false},
        /* text */
        {"host == API.example", true},
        {"host == api.example", false},
        {"host ~ API", true},
        {"host ~ 'pi.ex'", true},
        {"host ~ nowhere", false},
        {"host ~ \"\"", true},
        {"host < B", true},
        {"target == '/up?name=\"x\"'", true},
        {"target == \"/up?name=\\\"x\\\"\"", true},
        {"request.version == 1.1", true},
        {"method in (GET, PUT)", true},
        {"method in {GET,POST}", false},
        {"method not in (GET, POST)", true},
        {"file == null", true},
        {"community_id == null", true},
        {"expect == 100-continue", true},
        /* words and their ranks */
        {"cause == ignored", true},
        {"cause ~ IGNO", true},
        {"cause != deadlock", true},
        {"severity >= warning", true},
        {"severity > warning", false},
        {"severity < error", true},
        {"confidence >= medium and confidence != high", true},
        {"vantage == middle or vantage != middle", true},
        /* addresses */
        {"client == 10.1.2.3", true},
        {"client == 10.1.2.4", false},
        {"client == 10.1.0.0/16", true},
        {"client == 10.1.2.2/31", true},
        {"client == 10.1.2.0/31", false},
        {"client == 0.0.0.0/0", true},
        {"client in (192.168.0.0/16, 10.0.0.0/8)", true},
        {"client ~ 10.1.", true},
        {"connection.server == 2001:db8::1", true},
        {"connection.server == 2001:db8::/32", true},
        {"connection.server == 10.0.0.0/8", false},
        {"connection.server ~ 2001:DB8:", true},
        /* flags */
        {"recovered", false},
        {"not recovered", true},
        {"recovered == false", true},
        {"chunked == true", false},
        /* lists: any element; none for != */
        {"also == deadlock", true},
        {"also == expect-refused and also == deadlock", true},
        {"also == no-response", false},
        {"also != no-response", true},
        {"also != deadlock", false},
        {"also not in (no-response, pending)", true},
        {"evidence ~ second", true},
        {"evidence ~ third", false},
        {"fix == null and checks == null and interim == null", true},
        {"evidence != null", true},
        {"checks.rule == C1", false},
        {"checks.rule != C1", false},
        {"rule == C1", false},
        {"interim.status == 100", false},
        /* moments */
        {"time >= 2023-11-14", true},
        {"time < 2023-11-14T22:13:21Z", true},
        {"time == 2023-11-14T22:13:20", true},
        {"time == '2023-11-14 23:13:20+01:00'", true},
        {"time > 2023-11-14T22:13:20.000000001Z", false},
        /* joined */
        {"status == 1 or status == 417", true},
        {"status == 1 or status == 2 or status == 417", true},
        {"status == 417 or status == 1 and status == 2", true},
        {"(status == 417 or status == 1) and status == 2", false},
        {"not status == 1 and status == 417", true},
        {"not (status == 1 and status == 417)", true},
        {"not not status == 417", true},
        {"!status == 417", false},
        {"!(status == 417 && !recovered)", false},
        {"status == 1 and status == 417 or host", true},
        {"((((status == 417))))", true},
    };
    struct case_maker m;
    struct aw_verdict v;
    struct aw_record rec;
    make(&m, &v, &rec);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct aw_expr_error err;
        struct aw_expr *x = aw_expr_compile(NULL, span_of(rows[i].text), &err);
        if (!x) {
            fail_msg("%s: %s at %zu", rows[i].text, err.text, err.at);
            return;
        }
        if (aw_expr_match(x, &rec, NULL) != rows[i].holds)
            fail_msg("%s: should be %s", rows[i].text, rows[i].holds ? "true" : "false");
        aw_expr_free(x);
    }
    assert_true(aw_expr_match(NULL, &rec, NULL));
}

static void without_verdict_or_request(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "verdict == null",      "not severity >= ok", "cause == null",  "also == null",
        "stall == null",        "request == null",    "method == null", "not chunked == false",
        "recovered_by == null", "not recovered",
    };
    struct case_maker m;
    struct aw_verdict v;
    struct aw_record rec;
    make(&m, &v, &rec);
    rec.verdict = NULL;
    m.x.flags |= AW_F_REQ_UNSEEN;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct aw_expr_error err;
        struct aw_expr *x = aw_expr_compile(NULL, span_of(rows[i]), &err);
        assert_non_null(x);
        if (!aw_expr_match(x, &rec, NULL)) fail_msg("%s: should be true", rows[i]);
        aw_expr_free(x);
    }
}

static void what_is_refused_and_where(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t at, len;
        bool incomplete;
        const char *says; /* part of the message */
    } rows[] = {
        {"statu == 1", 0, 5, false, "did you mean status?"},
        {"statu", 0, 5, true, "status"},
        {"xyzzyplugh == 1", 0, 10, false, "no field is named xyzzyplugh"},
        {"server == x", 0, 6, false, "connection.server, response.server"},
        {"version == 1.1", 0, 7, false, "request.version, response.version"},
        {"host ==", 7, 0, true, "a value is missing"},
        {"host = x", 5, 1, false, "=="},
        {"host =", 5, 1, true, "=="},
        {"host == == x", 8, 2, false, "a value was expected, not =="},
        {"host ~ \"abc", 7, 4, true, "does not end"},
        {"(status == 1", 12, 0, true, ") is missing"},
        {"status == 1)", 11, 1, false, "closes nothing"},
        {"status == 1 an", 12, 2, true, "expected"},
        {"status == 1 x", 12, 1, false, "expected, not x"},
        {"status == 1 and", 15, 0, true, "name of a field is missing"},
        {"status == 1 & x", 12, 1, false, "&&"},
        {"and status == 1", 0, 3, false, "name of a field was expected"},
        {"status == abc", 10, 3, false, "wants a number"},
        {"status == 5ms", 10, 3, false, "is a time and response.status is none"},
        {"final > 1s", 8, 2, false, "did you mean timing.final_ms?"},
        {"stall > 500m", 8, 4, true, "wants a time"},
        {"stall > 500x", 8, 4, false, "wants a time"},
        {"cause == ignord", 9, 6, false, "did you mean ignored?"},
        {"cause == ign", 9, 3, true, "never ign"},
        {"cause == ign or", 9, 3, false, "never ign"},
        {"cause < ignored", 6, 1, false, "no order"},
        {"client < 10.0.0.1", 7, 1, false, "no order"},
        {"client == 10.0.0.300", 10, 10, true, "wants an address"},
        {"client == 10.0.0.0/33 ", 10, 11, false, "wants an address"},
        {"recovered == maybe", 13, 5, false, "true or false"},
        {"status ~ 4", 7, 1, false, "looks into text"},
        {"status > null", 7, 1, false, "null has no order"},
        {"request == 5", 11, 1, false, "has parts"},
        {"status in 5", 10, 1, false, "a list of values was expected"},
        {"status in (5", 12, 0, true, ", or ) is missing"},
        {"status in (5 6)", 13, 1, false, ", or ) was expected"},
        {"status in (5}", 12, 1, false, ", or ) was expected"},
        {"status in ()", 11, 1, false, "a value was expected"},
        {"status not 5", 11, 1, false, "in, as in"},
        {"time > yesterday ", 7, 9, false, "wants a moment"},
        {"time > 2026-02-30 ", 7, 10, false, "wants a moment"},
        {"time > 2026-01", 7, 7, true, "wants a moment"},
        {"host \x01", 5, 1, false, "control byte"},
        {"h\xff\xfe == 1", 0, 3, false, "no field is named h??"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct aw_expr_error err;
        struct aw_expr *x = aw_expr_compile(NULL, span_of(rows[i].text), &err);
        if (x) {
            aw_expr_free(x);
            fail_msg("%s: should be refused", rows[i].text);
        }
        if (err.at != rows[i].at || err.len != rows[i].len || err.incomplete != rows[i].incomplete)
            fail_msg("%s: at %zu, %zu, incomplete %d: %s", rows[i].text, err.at, err.len,
                     err.incomplete, err.text);
        if (!strstr(err.text, rows[i].says)) fail_msg("%s: says %s", rows[i].text, err.text);
    }
}

/* What is typed from left to right is never called wrong on the way to something right. */
static void prefixes_are_incomplete_at_worst(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "status == 417 and stall > 500ms and host ~ api",
        "severity >= warning && not (cause in (ignored, deadlock) || recovered)",
        "time >= 2026-01-02T03:04:05Z or request.host == \"a b\"",
        "also not in {pending, continued}",
        "verdict.recovered_by.status != null",
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (size_t n = 0; n <= strlen(rows[i]); n++) {
            struct aw_expr_error err;
            const struct aw_span part = {(const uint8_t *)rows[i], n};
            struct aw_expr *x = aw_expr_compile(NULL, part, &err);
            if (!x && !err.incomplete)
                fail_msg("%.*s| is called wrong: %s", (int)n, rows[i], err.text);
            aw_expr_free(x);
        }
    }
}

static void caps(void **state)
{
    (void)state;
    char text[AW_EXPR_LONGEST + 8];
    struct aw_expr_error err;
    memset(text, '(', sizeof text);
    assert_null(aw_expr_compile(NULL, (struct aw_span){(uint8_t *)text, AW_EXPR_LONGEST}, &err));
    assert_int_equal(err.at, AW_EXPR_DEPTH);
    assert_null(
        aw_expr_compile(NULL, (struct aw_span){(uint8_t *)text, AW_EXPR_LONGEST + 1}, &err));
    assert_non_null(strstr(err.text, "too long"));
    memset(text, '!', sizeof text); /* nots take no depth */
    memcpy(text + AW_EXPR_LONGEST - 4, "host", 4);
    struct aw_expr *x =
        aw_expr_compile(NULL, (struct aw_span){(uint8_t *)text, AW_EXPR_LONGEST}, &err);
    assert_non_null(x);
    aw_expr_free(x);
    size_t len = 0;
    for (int i = 0; i < AW_EXPR_MOST; i++) {
        memcpy(text + len, "||id", 4);
        len += 4;
    }
    memcpy(text, "  ", 2); /* nothing is joined to the first */
    x = aw_expr_compile(NULL, (struct aw_span){(uint8_t *)text, len}, &err);
    assert_non_null(x);
    aw_expr_free(x);
    memcpy(text + len, "||id", 4);
    assert_null(aw_expr_compile(NULL, (struct aw_span){(uint8_t *)text, len + 4}, &err));
    assert_non_null(strstr(err.text, "comparisons at most"));
}

/* --- random texts --- */

static uint64_t dice(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

/* Texts of pieces that make sense together now and then; some bytes are changed at random. */
static void no_text_brings_it_down(void **state)
{
    (void)state;
    static const char *const signs[] = {"==", "!=", "<",  "<=", ">",  ">=", "~",   "in", "not in",
                                        "(",  ")",  "{",  "}",  ",",  "!",  "and", "or", "not",
                                        "&&", "||", "\"", "'",  "\\", " ",  "null"};
    static const char *const values[] = {"417",
                                         "1.5s",
                                         "-7",
                                         "10.0.0.0/8",
                                         "ignored",
                                         "warning",
                                         "true",
                                         "\"a b\"",
                                         "2026-01-02",
                                         "1e9",
                                         "9999999999999999",
                                         "::/0",
                                         "0.00000000000000001K"};
    uint64_t seed = 42;
    struct case_maker m;
    struct aw_verdict v;
    struct aw_record rec;
    make(&m, &v, &rec);
    unsigned good = 0, held = 0;
    for (int round = 0; round < 60000; round++) {
        char text[600];
        size_t len = 0;
        const unsigned pieces = (unsigned)(dice(&seed) % 12);
        for (unsigned i = 0; i < pieces; i++) {
            const char *piece;
            const unsigned place = round % 2 ? i % 4 : (unsigned)(dice(&seed) % 4);
            if (place == 0)
                piece = aw_field_name((unsigned)(dice(&seed) % aw_field_count()));
            else if (place == 1)
                piece = signs[dice(&seed) % 7];
            else if (place == 2)
                piece = values[dice(&seed) % (sizeof values / sizeof *values)];
            else
                piece = signs[dice(&seed) % (sizeof signs / sizeof *signs)];
            len += (size_t)snprintf(text + len, sizeof text - len, "%s ", piece);
        }
        if (dice(&seed) % 4 == 0 && len > 0) text[dice(&seed) % len] = (char)dice(&seed);
        /* In memory of just its size, so that a sanitizer sees a read beyond. */
        uint8_t *exact = malloc(len + (len == 0));
        assert_non_null(exact);
        memcpy(exact, text, len);
        struct aw_expr_error err;
        struct aw_expr *x = aw_expr_compile(NULL, (struct aw_span){exact, len}, &err);
        free(exact);
        if (x) {
            good++;
            held += aw_expr_match(x, &rec, NULL);
        } else {
            assert_true(err.at + err.len <= len);
            assert_true(err.text[0] != '\0' && strlen(err.text) < sizeof err.text);
        }
        aw_expr_free(x);
    }
    assert_true(good > 2000 && held > 200 && held < good);
}

struct meagre {
    int left;
    long live;
};

static void *meagre_resize(void *ctx, void *p, size_t size)
{
    struct meagre *a = ctx;
    if (a->left-- <= 0) return NULL;
    if (!p) a->live++;
    return realloc(p, size);
}

static void *meagre_get(void *ctx, size_t size)
{
    return meagre_resize(ctx, NULL, size);
}

static void meagre_put(void *ctx, void *p)
{
    struct meagre *a = ctx;
    if (p) a->live--;
    free(p);
}

static void memory_may_run_out_anywhere(void **state)
{
    (void)state;
    static const char text[] = "id in (1,2,3,4,5,6,7,8,9,10) or id or id or id or id or id or id "
                               "or id or id or not id and id";
    for (int left = 0;; left++) {
        struct meagre meagre = {.left = left};
        const struct aw_alloc alloc = {&meagre, meagre_get, meagre_resize, meagre_put};
        struct aw_expr_error err;
        struct aw_expr *x = aw_expr_compile(&alloc, span_of(text), &err);
        if (!x) assert_string_equal(err.text, "out of memory");
        const bool done = x != NULL;
        aw_expr_free(x);
        assert_int_equal(meagre.live, 0);
        if (done) {
            assert_true(left > 5);
            return;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_holds),
        cmocka_unit_test(without_verdict_or_request),
        cmocka_unit_test(what_is_refused_and_where),
        cmocka_unit_test(prefixes_are_incomplete_at_worst),
        cmocka_unit_test(caps),
        cmocka_unit_test(no_text_brings_it_down),
        cmocka_unit_test(memory_may_run_out_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
