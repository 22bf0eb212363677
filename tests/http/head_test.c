/* Heads: fields, the shape of Expect, framing; and what first bytes look like. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "http/head.h"
#include "http/sniff.h"
#include "http/token.h"

/* Parses from a block of exactly the bytes' size, so that a sanitizer sees every read past it. */
struct parsed {
    uint8_t *bytes;
    struct aw_head_scratch scratch;
    struct aw_head head;
    enum aw_length_state lengths;
    bool good;
};
static void parse(struct parsed *p, enum aw_dir dir, const char *text, size_t len)
{
    p->bytes = malloc(len == 0 ? 1 : len);
    assert_non_null(p->bytes);
    memcpy(p->bytes, text, len);
    p->good = aw_head_parse(dir, NULL, p->bytes, len, &p->scratch, &p->head, &p->lengths);
}
static void drop(struct parsed *p)
{
    free(p->bytes);
}
static void expect_text(struct aw_span s, const char *text)
{
    if (s.len != strlen(text) || (s.len > 0 && memcmp(s.p, text, s.len) != 0))
        fail_msg("\"%.*s\" is not \"%s\"", (int)s.len, (const char *)s.p, text);
}

/* E: an Expect that is not empty. 1: 100-continue. */
#define E   AW_REQ_EXPECT
#define C   AW_REQ_EXPECT_100
#define MAL AW_REQ_EXPECT_MALFORMED
enum {
    EXPECT_BITS = AW_REQ_EXPECT | AW_REQ_EXPECT_100 | AW_REQ_EXPECT_OTHER | AW_REQ_EXPECT_CASE |
                  AW_REQ_EXPECT_MALFORMED | AW_REQ_EXPECT_LINES | AW_REQ_EXPECT_MEMBERS |
                  AW_REQ_EXPECT_FOLDED | AW_REQ_EXPECT_CONTROL | AW_REQ_EXPECT_SPACE |
                  AW_REQ_EXPECT_PARAMS
};

static const struct {
    const char *name, *lines;
    size_t len; /* 0: as a string; else with NUL bytes inside */
    uint32_t bits;
} expects[] = {
    {.name = "none", .lines = "Host: h\r\n", .bits = 0},
    {.name = "empty", .lines = "Expect:\r\n", .bits = 0},
    {.name = "empty, white space", .lines = "Expect: \t \r\n", .bits = 0},
    {.name = "plain", .lines = "Expect: 100-continue\r\n", .bits = E | C},
    {.name = "name in capitals", .lines = "EXPECT:100-continue\n", .bits = E | C},
    {.name = "other case", .lines = "Expect: 100-Continue\r\n", .bits = E | C | AW_REQ_EXPECT_CASE},
    {.name = "another one", .lines = "Expect: 200-ok\r\n", .bits = E | AW_REQ_EXPECT_OTHER},
    {.name = "another one with value and parameters",
     .lines = "Expect: a=\"b,\\\"c\" ; d=e;; f=g\r\n",
     .bits = E | AW_REQ_EXPECT_OTHER},
    {.name = "both",
     .lines = "Expect: 100-continue, x\r\n",
     .bits = E | C | AW_REQ_EXPECT_OTHER | AW_REQ_EXPECT_MEMBERS},
    {.name = "twice in a line",
     .lines = "Expect: 100-continue, 100-continue\r\n",
     .bits = E | C | AW_REQ_EXPECT_MEMBERS},
    {.name = "empty members are none", .lines = "Expect: ,100-continue,,\r\n", .bits = E | C},
    {.name = "nothing but commas", .lines = "Expect: , ,\r\n", .bits = E | MAL},
    {.name = "two lines",
     .lines = "Expect: 100-continue\r\nexpect: x\r\n",
     .bits = E | C | AW_REQ_EXPECT_OTHER | AW_REQ_EXPECT_LINES | AW_REQ_EXPECT_MEMBERS},
    {.name = "two lines, one empty",
     .lines = "Expect: 100-continue\r\nExpect:\r\n",
     .bits = E | C | AW_REQ_EXPECT_LINES},
    {.name = "something before it", .lines = "Expect: y 100-continue\r\n", .bits = E | MAL},
    {.name = "something after it", .lines = "Expect: 100-continue y\r\n", .bits = E | MAL},
    {.name = "longer token", .lines = "Expect: 100-continued\r\n", .bits = E | AW_REQ_EXPECT_OTHER},
    {.name = "with a value",
     .lines = "Expect: 100-continue=yes\r\n",
     .bits = E | C | AW_REQ_EXPECT_PARAMS},
    {.name = "with a value and parameter",
     .lines = "Expect: 100-continue=yes; q=1\r\n",
     .bits = E | C | AW_REQ_EXPECT_PARAMS},
    {.name = "with a parameter: grammar has them only after a value",
     .lines = "Expect: 100-continue;q=1\r\n",
     .bits = E | C | AW_REQ_EXPECT_PARAMS | MAL},
    {.name = "no token", .lines = "Expect: {}\r\n", .bits = E | MAL},
    {.name = "quoted", .lines = "Expect: \"100-continue\"\r\n", .bits = E | MAL},
    {.name = "value that is missing", .lines = "Expect: a=\r\n", .bits = E | MAL},
    {.name = "quotes that do not close", .lines = "Expect: a=\"b\r\n", .bits = E | MAL},
    {.name = "white space before the colon",
     .lines = "Expect : 100-continue\r\n",
     .bits = E | C | AW_REQ_EXPECT_SPACE},
    {.name = "folded",
     .lines = "Expect:\r\n 100-continue\r\n",
     .bits = E | C | AW_REQ_EXPECT_FOLDED},
    {.name = "folded in two",
     .lines = "Expect: 100-\r\n\tcontinue\r\n",
     .bits = E | MAL | AW_REQ_EXPECT_FOLDED},
    {.name = "bare CR",
     .lines = "Expect: 100-\rcontinue\r\n",
     .bits = E | MAL | AW_REQ_EXPECT_CONTROL},
    {.name = "control byte",
     .lines = "Expect: \x01"
              "100-continue\r\n",
     .bits = E | MAL | AW_REQ_EXPECT_CONTROL},
    {.name = "NUL",
     .lines = "Expect: 100-continue\0\r\n",
     .len = 23,
     .bits = E | MAL | AW_REQ_EXPECT_CONTROL},
    {.name = "another field's name", .lines = "X-Expect: 100-continue\r\n", .bits = 0},
};

static void test_expect(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof expects / sizeof *expects; i++) {
        static const char start[] = "PUT / HTTP/1.1\r\n", end[] = "Via: x\r\n\r\n";
        char text[256];
        size_t n = sizeof start - 1;
        memcpy(text, start, n);
        const size_t len = expects[i].len != 0 ? expects[i].len : strlen(expects[i].lines);
        memcpy(text + n, expects[i].lines, len);
        memcpy(text + n + len, end, sizeof end - 1);
        struct parsed p;
        parse(&p, AW_C2S, text, n + len + sizeof end - 1);
        assert_true(p.good);
        if ((p.head.req & EXPECT_BITS) != expects[i].bits)
            fail_msg("%s: %#x is not %#x", expects[i].name, p.head.req & EXPECT_BITS,
                     expects[i].bits);
        expect_text(p.head.field[AW_FIELD_VIA], "x"); /* the fields after it are read as ever */
        drop(&p);
    }
}

static const struct {
    const char *name, *lines;
    uint32_t bits;
    int64_t length;
    enum aw_length_state lengths;
    bool chunked, no_content;
} framings[] = {
    {.name = "none", .lines = "", .length = -1, .no_content = true},
    {.name = "zero",
     .lines = "Content-Length: 0\r\n",
     .bits = AW_REQ_HAS_LENGTH,
     .no_content = true},
    {.name = "a length",
     .lines = "content-LENGTH:\t7 \r\n",
     .bits = AW_REQ_HAS_LENGTH,
     .length = 7},
    {.name = "list of equals",
     .lines = "Content-Length: 7, 7\r\n",
     .bits = AW_REQ_HAS_LENGTH,
     .length = 7},
    {.name = "two equal lines",
     .lines = "Content-Length: 7\r\nContent-Length: 07\r\n",
     .bits = AW_REQ_HAS_LENGTH,
     .length = 7},
    {.name = "two that differ",
     .lines = "Content-Length: 7\r\nContent-Length: 8\r\n",
     .bits = AW_REQ_HAS_LENGTH | AW_REQ_LENGTHS_DIFFER,
     .length = -1,
     .lengths = AW_LENGTHS_DIFFER},
    {.name = "signed",
     .lines = "Content-Length: +7\r\n",
     .bits = AW_REQ_HAS_LENGTH | AW_REQ_LENGTH_BAD,
     .length = -1,
     .lengths = AW_LENGTH_BAD},
    {.name = "negative",
     .lines = "Content-Length: -1\r\n",
     .bits = AW_REQ_HAS_LENGTH | AW_REQ_LENGTH_BAD,
     .length = -1,
     .lengths = AW_LENGTH_BAD},
    {.name = "empty",
     .lines = "Content-Length:\r\n",
     .bits = AW_REQ_HAS_LENGTH | AW_REQ_LENGTH_BAD,
     .length = -1,
     .lengths = AW_LENGTH_BAD},
    {.name = "the largest",
     .lines = "Content-Length: 9223372036854775807\r\n",
     .bits = AW_REQ_HAS_LENGTH,
     .length = INT64_MAX},
    {.name = "one more",
     .lines = "Content-Length: 9223372036854775808\r\n",
     .bits = AW_REQ_HAS_LENGTH | AW_REQ_LENGTH_BAD,
     .length = -1,
     .lengths = AW_LENGTH_BAD},
    {.name = "chunked",
     .lines = "Transfer-Encoding: ChunKed\r\n",
     .bits = AW_REQ_HAS_TE | AW_REQ_CHUNKED,
     .length = -1,
     .chunked = true},
    {.name = "chunked is the last of two lines",
     .lines = "Transfer-Encoding: gzip\r\nTransfer-Encoding: ,chunked\r\n",
     .bits = AW_REQ_HAS_TE | AW_REQ_CHUNKED,
     .length = -1,
     .chunked = true},
    {.name = "chunked is not the last",
     .lines = "Transfer-Encoding: chunked, gzip\r\n",
     .bits = AW_REQ_HAS_TE,
     .length = -1},
    {.name = "identity is none",
     .lines = "Transfer-Encoding: identity\r\nContent-Length: 3\r\n",
     .bits = AW_REQ_HAS_LENGTH,
     .length = 3},
    {.name = "both",
     .lines = "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
     .bits = AW_REQ_HAS_LENGTH | AW_REQ_HAS_TE | AW_REQ_CHUNKED,
     .length = 3,
     .chunked = true},
};

static void test_framing(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof framings / sizeof *framings; i++) {
        char text[256];
        const int n = snprintf(text, sizeof text, "POST / HTTP/1.1\r\n%s\r\n", framings[i].lines);
        struct parsed p;
        parse(&p, AW_C2S, text, (size_t)n);
        if (p.head.req != framings[i].bits || p.head.length != framings[i].length ||
            p.lengths != framings[i].lengths || p.head.chunked != framings[i].chunked ||
            p.head.no_content != framings[i].no_content)
            fail_msg("%s: bits %#x length %lld", framings[i].name, p.head.req,
                     (long long)p.head.length);
        drop(&p);
    }
}

static void test_fields(void **state)
{
    (void)state;
    static const char text[] =
        "post http://h/a?b HTTP/1.0\r\n"
        "Host: h \r\nUser-Agent: a\r\n b/1\r\nVia: 1.1 one\r\nVIA: 1.1 two\r\nno field line\r\n"
        "x-correlation-id: c1\r\nX-Request-Id: r1\r\nForwarded: for=1\r\nX-Forwarded-For: 2\r\n"
        "Connection: Keep-Alive, upgrade\r\nconnection: close\r\nUpgrade: h2c\r\n"
        "Proxy-Connection: keep-alive\r\nSOAPAction: \"urn:x\"\r\nX-Amz-Content-Sha256: "
        "UNSIGNED\r\n"
        "X-Amz-Security-Token: secret\r\nAuthorization: AWS4-HMAC-SHA256 Credential=x\r\n\r\n";
    struct parsed p;
    parse(&p, AW_C2S, text, sizeof text - 1);
    const struct aw_head *h = &p.head;
    assert_true(p.good);
    assert_int_equal(h->version, 10);
    assert_int_equal(h->fields, 17);
    expect_text(h->method, "post");
    expect_text(h->target, "http://h/a?b");
    expect_text(h->field[AW_FIELD_HOST], "h");
    expect_text(h->field[AW_FIELD_USER_AGENT], "a b/1");
    expect_text(h->field[AW_FIELD_VIA], "1.1 one");
    assert_true(h->repeated[AW_FIELD_VIA]);
    assert_false(h->repeated[AW_FIELD_HOST]);
    expect_text(h->field[AW_FIELD_REQUEST_ID], "c1");
    assert_false(h->repeated[AW_FIELD_REQUEST_ID]);
    expect_text(h->field[AW_FIELD_FORWARDED], "for=1");
    expect_text(h->field[AW_FIELD_XFF], "2");
    assert_null(h->field[AW_FIELD_EXPECT].p);
    expect_text(h->req_hint, "SOAPAction: \"urn:x\"\nX-Amz-Content-Sha256: UNSIGNED");
    assert_int_equal(h->req, AW_REQ_CLOSE | AW_REQ_KEEP | AW_REQ_UPGRADE | AW_REQ_ABSOLUTE |
                                 AW_REQ_SOAP | AW_REQ_PROXY_FIELD | AW_REQ_SIGNED);
    drop(&p);

    static const char answer[] =
        "HTTP/1.0 503\r\nServer: s\r\nAge: 1\r\nVia: v\r\nX-Cache: MISS\r\nX-Squid-Error: E 0\r\n"
        "Retry-After: 5\r\nLocation:\r\nProxy-Agent: p\r\nX-Powered-By: PHP\r\nCF-Ray: 1-AMS\r\n"
        "X-Vcap-Request-Id: v\r\nConnection: close\r\n\r\n";
    parse(&p, AW_S2C, answer, sizeof answer - 1);
    aw_head_frame_response(&p.head, false, false);
    assert_true(p.good);
    assert_int_equal(h->status, 503);
    assert_int_equal(h->reason.len, 0);
    expect_text(h->field[AW_FIELD_SERVER], "s");
    expect_text(h->field[AW_FIELD_X_CACHE], "MISS");
    expect_text(h->field[AW_FIELD_X_SQUID_ERROR], "E 0");
    expect_text(h->field[AW_FIELD_RETRY_AFTER], "5");
    assert_non_null(h->field[AW_FIELD_LOCATION].p); /* present and empty */
    assert_int_equal(h->field[AW_FIELD_LOCATION].len, 0);
    expect_text(h->res_hint, "X-Powered-By: PHP\nCF-Ray: 1-AMS\nX-Vcap-Request-Id: v");
    assert_int_equal(h->res, AW_RES_CLOSE | AW_RES_UNTIL_CLOSE | AW_RES_PROXY_FIELD | AW_RES_AGE |
                                 AW_RES_VIA | AW_RES_X_CACHE | AW_RES_SQUID | AW_RES_NO_REASON |
                                 AW_RES_HTTP10);
    drop(&p);
}

/* Every field the tables know is found by name, whatever its length and letter case. */
static void test_every_kept_field_is_found(void **state)
{
    (void)state;
    static const char *const names[AW_FIELD_COUNT] = {
        [AW_FIELD_HOST] = "hOst",
        [AW_FIELD_USER_AGENT] = "USER-agent",
        [AW_FIELD_EXPECT] = "expect",
        [AW_FIELD_VIA] = "via",
        [AW_FIELD_XFF] = "x-forwarded-FOR",
        [AW_FIELD_FORWARDED] = "Forwarded",
        [AW_FIELD_REQUEST_ID] = "TraceParent",
        [AW_FIELD_SERVER] = "server",
        [AW_FIELD_LOCATION] = "LOCATION",
        [AW_FIELD_RETRY_AFTER] = "retry-after",
        [AW_FIELD_X_SQUID_ERROR] = "x-squid-error",
        [AW_FIELD_X_CACHE] = "X-CACHE",
    };
    for (unsigned i = 0; i < AW_FIELD_COUNT; i++) {
        char text[128];
        const int n = snprintf(text, sizeof text, "GET / HTTP/1.1\r\n%s: v\r\n\r\n", names[i]);
        struct parsed p;
        parse(&p, AW_C2S, text, (size_t)n);
        for (unsigned k = 0; k < AW_FIELD_COUNT; k++)
            assert_int_equal(p.head.field[k].p != NULL, k == i);
        assert_int_equal(p.head.has, 1u << i);
        drop(&p);
    }
    static const char *const ids[] = {"X-Request-ID", "X-Correlation-ID", "traceparent",
                                      "X-Amzn-Trace-Id"};
    for (unsigned i = 0; i < 4; i++) {
        char text[128];
        const int n = snprintf(text, sizeof text, "GET / HTTP/1.1\r\n%s: v\r\n\r\n", ids[i]);
        struct parsed p;
        parse(&p, AW_C2S, text, (size_t)n);
        expect_text(p.head.field[AW_FIELD_REQUEST_ID], "v");
        drop(&p);
    }
}

/* Hints and unfolded values are cut, never written past their room. */
static void test_scratch_is_bounded(void **state)
{
    (void)state;
    enum { SIZE = 20000 };
    char *text = malloc(SIZE);
    assert_non_null(text);
    size_t n = (size_t)sprintf(text, "HTTP/1.1 200 OK\r\nServer: a\r\n ");
    memset(text + n, 's', 5000);
    n += 5000;
    n += (size_t)sprintf(text + n, "\r\nVia: b\r\n c\r\n");
    for (unsigned i = 0; i < 90; i++)
        n +=
            (size_t)sprintf(text + n, "X-Powered-By: 0123456789012345678901234567890123456789\r\n");
    n += (size_t)sprintf(text + n, "\r\n");
    struct parsed p;
    parse(&p, AW_S2C, text, n);
    assert_int_equal(p.head.field[AW_FIELD_SERVER].len, sizeof p.scratch.bytes);
    assert_int_equal(p.head.field[AW_FIELD_VIA].len, 0);
    assert_true(p.head.res_hint.len > 400 && p.head.res_hint.len <= sizeof p.scratch.hint);
    drop(&p);
    free(text);
}

/* A head that breaks off is read as far as it goes, at every length, without reading past it; but
 * no part of a value is taken for the value. */
static void test_cut_heads(void **state)
{
    (void)state;
    static const char text[] =
        "PUT /x HTTP/1.1\r\nContent-Length: 57\r\nHost: h.example\r\nExpect: 100-continue\r\n\r\n";
    const size_t length = (size_t)(strstr(text, "\r\nHost") + 2 - text);
    const size_t host = (size_t)(strstr(text, "\r\nExpect") + 2 - text);
    const size_t expect = (size_t)(strstr(text, "00-continue") - text);
    for (size_t n = 0; n < sizeof text; n++) {
        struct parsed p;
        parse(&p, AW_C2S, text, n);
        assert_int_equal(p.good, n >= 13); /* "PUT /x HTTP/1" can be read */
        assert_int_equal(p.head.length, n >= length ? 57 : -1);
        assert_int_equal(p.head.has_length, n >= length);
        expect_text(p.head.field[AW_FIELD_HOST], n >= host ? "h.example" : "");
        assert_int_equal((p.head.req & AW_REQ_EXPECT) != 0, n >= expect);
        drop(&p);
        parse(&p, AW_S2C, text + 7, n < 7 ? 0 : n - 7);
        drop(&p);
    }
}

static const struct {
    const char *line;
    enum aw_guess loose, strict; /* of the whole line */
} requests[] = {
    {"GET / HTTP/1.1\r\n", AW_GUESS_SURE, AW_GUESS_SURE},
    {"GET / HTTP/1.1\n", AW_GUESS_SURE, AW_GUESS_SURE},
    {"GET /a b HTTP/1.0 \r\n", AW_GUESS_SURE, AW_GUESS_SURE},
    {"OPTIONS * HTTP/1.1\r\n", AW_GUESS_SURE, AW_GUESS_SURE},
    {"GET / HTTP/1.2\r\n", AW_GUESS_SURE, AW_GUESS_SURE},
    {"GET / HTTP/2.0\r\n", AW_GUESS_LOOSE, AW_GUESS_NO},
    {"get / HTTP/1.1\r\n", AW_GUESS_LOOSE, AW_GUESS_NO},
    {"FROB / HTTP/1.1\r\n", AW_GUESS_LOOSE, AW_GUESS_NO},
    {"GET / http/1.1\r\n", AW_GUESS_LOOSE, AW_GUESS_NO},
    {"GET / HTTP/1.1 x\r\n", AW_GUESS_LOOSE, AW_GUESS_NO},
    {"GET HTTP/1.1\r\n", AW_GUESS_LOOSE, AW_GUESS_NO},
    {"GET /\r\n", AW_GUESS_BARE, AW_GUESS_NO},
    {"GET x\r\n", AW_GUESS_NO, AW_GUESS_NO},
    {"USER x\r\n", AW_GUESS_NO, AW_GUESS_NO},
    {"INVITE sip:x SIP/2.0\r\n", AW_GUESS_NO, AW_GUESS_NO},
    {" GET / HTTP/1.1\r\n", AW_GUESS_NO, AW_GUESS_NO},
    {"GET\r\n", AW_GUESS_NO, AW_GUESS_NO},
    {"HTTP/1.1 200 OK\r\n", AW_GUESS_NO, AW_GUESS_NO},
};
static const struct {
    const char *line;
    enum aw_guess loose, strict;
    uint16_t status;
} statuses[] = {
    {"HTTP/1.1 200 OK\r\n", AW_GUESS_SURE, AW_GUESS_SURE, 200},
    {"HTTP/1.1 100\r\n", AW_GUESS_SURE, AW_GUESS_SURE, 100},
    {"HTTP/1.1   417 \r\n", AW_GUESS_SURE, AW_GUESS_SURE, 417},
    {"HTTP/1.0\t404\tx\n", AW_GUESS_SURE, AW_GUESS_SURE, 404},
    {"HTTP/2.0 200 OK\r\n", AW_GUESS_LOOSE, AW_GUESS_NO, 200},
    {"HTTP/1.1 200OK\r\n", AW_GUESS_LOOSE, AW_GUESS_NO, 200},
    {"HTTP/1.1 2000\r\n", AW_GUESS_LOOSE, AW_GUESS_NO, 200},
    {"HTTP/1.1 099\r\n", AW_GUESS_BARE, AW_GUESS_NO, 0},
    {"HTTP/1.1 OK\r\n", AW_GUESS_BARE, AW_GUESS_NO, 0},
    {"HTTP/1.1200 OK\r\n", AW_GUESS_BARE, AW_GUESS_NO, 0},
    {"HTTQ/1.1 200 OK\r\n", AW_GUESS_NO, AW_GUESS_NO, 0},
};

/* Every prefix may still become what the whole is: nothing is decided too early. */
static void check_prefixes(enum aw_dir dir, const char *line, enum aw_guess loose,
                           enum aw_guess strict)
{
    const size_t n = strlen(line);
    if (aw_guess_start(dir, (const uint8_t *)line, n, true, false) != loose)
        fail_msg("%s: not %d", line, (int)loose);
    if (aw_guess_start(dir, (const uint8_t *)line, n, true, true) != strict)
        fail_msg("%s: strictly not %d", line, (int)strict);
    for (size_t k = 1; k < n; k++) {
        uint8_t *copy = malloc(k);
        assert_non_null(copy);
        memcpy(copy, line, k);
        if (loose != AW_GUESS_NO)
            assert_int_equal(aw_guess_start(dir, copy, k, false, false), AW_GUESS_MORE);
        if (strict != AW_GUESS_NO)
            assert_int_equal(aw_guess_start(dir, copy, k, false, true), AW_GUESS_MORE);
        free(copy);
    }
}

static void test_start_lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++)
        check_prefixes(AW_C2S, requests[i].line, requests[i].loose, requests[i].strict);
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        check_prefixes(AW_S2C, statuses[i].line, statuses[i].loose, statuses[i].strict);
        struct aw_start_line s = {0};
        const struct aw_span line = {(const uint8_t *)statuses[i].line, strlen(statuses[i].line)};
        if (aw_split_start(AW_S2C, line, &s)) assert_int_equal(s.status, statuses[i].status);
    }
}

static void test_opaque(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
        enum aw_http_why why;
        bool more;
    } cases[] = {
        {"\x16\x03\x01", 3, AW_WHY_TLS, false},
        {"\x17\x03\x03\x40", 4, AW_WHY_TLS, false},
        {"\x16", 1, AW_WHY_NONE, true},
        {"\x16\x03", 2, AW_WHY_NONE, true},
        {"\x16\x04", 2, AW_WHY_NONE, false},
        {"\x16\x03\x09", 3, AW_WHY_NONE, false},
        {"PRI * HTTP/2.0\r\n", 16, AW_WHY_HTTP2, false},
        {"PRI * HTTP", 10, AW_WHY_NONE, true},
        {"PRI * HTTP/1.1\r\n", 16, AW_WHY_NONE, false},
        {"\0\0\x12\x04\0\0\0\0\0", 9, AW_WHY_HTTP2, false},
        {"\0\0\x12\x04\0\0\0\0", 8, AW_WHY_NONE, true},
        {"\0\0\x13\x04\0\0\0\0\0", 9, AW_WHY_NONE, false},
        {"\0\0\x12\x05", 4, AW_WHY_NONE, false},
        {"GET", 3, AW_WHY_NONE, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool more = false;
        assert_int_equal(aw_guess_opaque((const uint8_t *)cases[i].bytes, cases[i].len, &more),
                         cases[i].why);
        assert_int_equal(more, cases[i].more);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_expect),
        cmocka_unit_test(test_framing),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_every_kept_field_is_found),
        cmocka_unit_test(test_scratch_is_bounded),
        cmocka_unit_test(test_cut_heads),
        cmocka_unit_test(test_start_lines),
        cmocka_unit_test(test_opaque),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
