/*
 * Payloads without content: heads and chunk framing are seen, masked; whatever else a payload held
 * is zero, in whatever pieces it came, and so is all of which the place is not sure.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sink/fixture.h"
#include "sink/scrub.h"

enum { SIZE = 4096, MEMORY = 1 << 20, BASE = -20 /* sequence numbers go past 2^32 early */ };

static const struct aw_masker stars = {.stars = true};

#define HEAD "PUT /a HTTP/1.1\r\nHost: h\r\n\r\n"

struct scene {
    struct fixture f;
    struct aw_scrub *scrub;
};

/* A client's message whose head is HEAD, of a failing exchange. */
static void begin(struct scene *s, size_t memory, uint32_t req, uint32_t flags)
{
    fixture_init(&s->f);
    s->f.ex.req |= req;
    s->f.ex.flags |= flags;
    s->f.ex.req_off = 0;
    s->f.ex.head_end = sizeof HEAD - 1;
    s->f.ex.final_off = AW_OFF_NONE;
    s->scrub = aw_scrub_new(&stars, memory);
    assert_non_null(s->scrub);
    aw_scrub_record(s->scrub, &s->f.rec, true);
    assert_true(aw_scrub_begin(s->scrub));
}

/* Bytes of the client's stream; `data` NULL: a hole. */
static void stream(struct scene *s, size_t off, const char *data, size_t len)
{
    const struct aw_stream_piece piece = {.conn_ord = s->f.ex.conn.ord,
                                          .dir = AW_C2S,
                                          .off = (aw_off)off,
                                          .seq = (uint32_t)BASE + (uint32_t)off,
                                          .data = (const uint8_t *)data,
                                          .len = len};
    aw_scrub_stream(s->scrub, &s->f.ex.conn, &piece);
}

/* What is made of the stream from `off` on, in segments of up to `most` bytes; '.' stands for 0. */
static void payloads(struct scene *s, size_t off, size_t len, size_t most, char *to)
{
    struct aw_tap_segment seg = {.conn_ord = s->f.ex.conn.ord,
                                 .src = s->f.ex.conn.addr[AW_C2S],
                                 .dst = s->f.ex.conn.addr[AW_S2C],
                                 .sport = s->f.ex.conn.port[AW_C2S],
                                 .dport = s->f.ex.conn.port[AW_S2C]};
    for (size_t at = 0; at < len;) {
        const size_t n = len - at < most ? len - at : most;
        seg.seq = (uint32_t)BASE + (uint32_t)(off + at);
        seg.payload_len = seg.payload_wire_len = (uint32_t)n;
        memset(to + at, '#', n); /* what was there must not stay */
        aw_scrub_payload(s->scrub, &seg, (uint8_t *)to + at);
        at += n;
    }
    for (size_t i = 0; i < len; i++)
        if (to[i] == '\0') to[i] = '.';
    to[len] = '\0';
}

/* `want`, and '.' from there on. */
static bool shows(const char *got, const char *want)
{
    const size_t len = strlen(want);
    return strncmp(got, want, len) == 0 && strspn(got + len, ".") == strlen(got + len);
}

static void end(struct scene *s)
{
    aw_scrub_free(s->scrub);
}

static void framing_stays_and_content_does_not(void **state)
{
    (void)state;
    static const struct {
        const char *name, *content, *want;
    } rows[] = {
        {"chunks", "4\r\nabcd\r\n1\r\ne\r\n0\r\n\r\n", "4\r\n....\r\n1\r\n.\r\n0\r\n\r\n"},
        {"digits of either case", "a\r\n0123456789\r\n0A\r\n0123456789\r\n0\r\n\r\n",
         "a\r\n..........\r\n0A\r\n..........\r\n0\r\n\r\n"},
        {"line feeds alone", "4\nabcd\n0\n\n", "4\n....\n0\n\n"},
        {"an extension", "4;key=v\r\nabcd\r\n0\r\n\r\n", "4;xxxxx\r\n....\r\n0\r\n\r\n"},
        {"blanks behind the size", "4 \t\r\nabcd\r\n0\r\n\r\n", "4 x\r\n....\r\n0\r\n\r\n"},
        {"a trailer", "0\r\nX-Key: v\r\nB:c:d\r\n\r\n", "0\r\nxxxxx:xx\r\nx:xxx\r\n\r\n"},
        {"data that looks like framing", "8\r\n4\r\nabcd\r\r\n0\r\n\r\n",
         "8\r\n........\r\n0\r\n\r\n"},
        {"what follows the message", "0\r\n\r\nsecret", "0\r\n\r\n"},
        {"no size", "secret\r\n4\r\nabcd\r\n", ""},
        {"an extension without a size", ";secret\r\n4\r\nabcd\r\n", ""},
        {"no size behind a chunk", "1\r\ne\r\nsecret\r\n", "1\r\n.\r\n"},
        {"a size that ends in junk", "1secret\r\n", "1"},
        {"data that goes on", "1\r\nsecret\r\n0\r\n\r\n", "1\r\n"},
        {"a size beyond all bounds", "12345678901234567\r\nabc", "1234567890123456"},
    };
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        static char bytes[SIZE], got[SIZE];
        const size_t len = strlen(rows[r].content), head = sizeof HEAD - 1, all = head + len;
        memcpy(bytes, HEAD, head);
        memcpy(bytes + head, rows[r].content, len);
        for (size_t piece = 1; piece <= all; piece++) {
            struct scene s;
            begin(&s, MEMORY, AW_REQ_CHUNKED, 0);
            for (size_t at = 0; at < all; at += piece)
                stream(&s, at, bytes + at, all - at < piece ? all - at : piece);
            aw_scrub_mask(s.scrub);
            payloads(&s, 0, all, piece, got);
            if (strncmp(got, HEAD, head) != 0) fail_msg("%s: the head is '%s'", rows[r].name, got);
            if (!shows(got + head, rows[r].want))
                fail_msg("%s, in pieces of %zu: '%s'", rows[r].name, piece, got + head);
            assert_int_equal(aw_scrub_lost(s.scrub), 0);
            end(&s);
        }
    }
}

static void content_without_chunks_has_no_framing(void **state)
{
    (void)state;
    struct scene s;
    char got[SIZE];
    begin(&s, MEMORY, AW_REQ_HAS_LENGTH, 0);
    stream(&s, 0, HEAD "4\r\nabcd", sizeof HEAD - 1 + 7);
    aw_scrub_mask(s.scrub);
    payloads(&s, 0, sizeof HEAD - 1 + 7, SIZE, got);
    assert_string_equal(got, HEAD ".......");
    end(&s);
}

/* Chunks can be counted across a hole that lies within the data of one. */
static void holes(void **state)
{
    (void)state;
    static const char rest[] = "\r\n5\r\nabcde\r\n";
    static const struct {
        const char *name, *size;
        size_t hole;
        const char *want;
    } rows[] = {
        {"all data of a chunk", "8\r\n", 8, "8\r\n........\r\n5\r\n.....\r\n"},
        {"more than the chunk", "6\r\n", 8, "6\r\n"},
        {"in a size", "8", 8, "8"},
    };
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        struct scene s;
        char got[SIZE];
        size_t at = sizeof HEAD - 1;
        begin(&s, MEMORY, AW_REQ_CHUNKED, 0);
        stream(&s, 0, HEAD, at);
        stream(&s, at, rows[r].size, strlen(rows[r].size));
        at += strlen(rows[r].size);
        stream(&s, at, NULL, rows[r].hole);
        at += rows[r].hole;
        stream(&s, at, rest, sizeof rest - 1);
        at += sizeof rest - 1;
        aw_scrub_mask(s.scrub);
        payloads(&s, sizeof HEAD - 1, at - (sizeof HEAD - 1), SIZE, got);
        if (!shows(got, rows[r].want)) fail_msg("%s: '%s'", rows[r].name, got);
        end(&s);
    }
}

/* A request where content was owed is what proves a desync: its head is shown, masked as any. */
static void a_swallowed_request(void **state)
{
    (void)state;
    static const struct {
        const char *name, *content, *want;
    } rows[] = {
        {"a request", "GET /b?key=secret HTTP/1.1\r\nCookie: secret\r\n\r\nmore",
         "GET /b?key=****** HTTP/1.1\r\nCookie: ******\r\n\r\n"},
        {"no method", "get /b HTTP/1.1\r\n\r\n", ""},
        {"a short word", "AB /b HTTP/1.1\r\n\r\n", ""},
        {"no blank behind the method", "GET\t/b HTTP/1.1\r\n\r\n", ""},
        {"no version", "GET /secret\r\n\r\n", ""},
        {"no end of the line", "GET /secret HTTP/1.1", ""},
        {"no end of the head", "GET /secret HTTP/1.1\r\nHost: h\r\n", ""},
    };
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        struct scene s;
        char got[SIZE];
        const size_t head = sizeof HEAD - 1, len = strlen(rows[r].content);
        begin(&s, MEMORY, AW_REQ_HAS_LENGTH, AW_F_SWALLOWED);
        stream(&s, 0, HEAD, head);
        stream(&s, head, rows[r].content, len);
        aw_scrub_mask(s.scrub);
        payloads(&s, head, len, SIZE, got);
        if (!shows(got, rows[r].want)) fail_msg("%s: '%s'", rows[r].name, got);
        end(&s);
    }
}

/* A head that never ended is shown as far as one may reach, and no further than where the next one
 * begins. */
static void a_head_without_an_end(void **state)
{
    (void)state;
    struct scene s;
    char got[SIZE];
    fixture_init(&s.f);
    s.f.ex.req_off = 0;
    s.f.ex.head_end = AW_OFF_NONE;
    s.f.ex.final_off = AW_OFF_NONE;
    s.scrub = aw_scrub_new(&stars, MEMORY);
    aw_scrub_record(s.scrub, &s.f.rec, true);
    s.f.ex.req_off = 20;
    aw_scrub_record(s.scrub, &s.f.rec, true);
    assert_true(aw_scrub_begin(s.scrub));
    stream(&s, 0, "GET /a HTTP/1.1\r\nA: GET /b HTTP/1.1\r\n", 37);
    aw_scrub_mask(s.scrub);
    payloads(&s, 0, 37, SIZE, got);
    assert_string_equal(got, "GET /a HTTP/1.1\r\nA: GET /b HTTP/1.1\r\n");
    end(&s);
}

static void only_what_belongs_to_a_failure(void **state)
{
    (void)state;
    struct scene s;
    char got[SIZE];
    fixture_init(&s.f);
    s.f.ex.head_end = sizeof HEAD - 1;
    s.scrub = aw_scrub_new(&stars, MEMORY);
    aw_scrub_record(s.scrub, &s.f.rec, false);
    assert_false(aw_scrub_begin(s.scrub));
    assert_false(aw_scrub_wants(s.scrub, s.f.ex.conn.ord));
    end(&s);

    begin(&s, MEMORY, 0, 0);
    assert_true(aw_scrub_wants(s.scrub, s.f.ex.conn.ord));
    s.f.ex.conn.ord++; /* another connection between the same ends */
    stream(&s, 0, HEAD, sizeof HEAD - 1);
    aw_scrub_mask(s.scrub);
    payloads(&s, 0, 8, SIZE, got);
    assert_string_equal(got, "........");
    s.f.ex.conn.ord--; /* one that is wanted, of which no byte was seen */
    payloads(&s, 0, 8, SIZE, got);
    assert_string_equal(got, "........");
    end(&s);
}

/* What there is no room for is zero, and counted. */
static void little_memory(void **state)
{
    (void)state;
    enum { LITTLE = 4096, LONG = LITTLE / 4 + 1 };
    struct scene s;
    static char bytes[SIZE], got[SIZE];
    memset(bytes, 'a', sizeof bytes);
    begin(&s, LITTLE, 0, 0);
    end(&s);
    fixture_init(&s.f);
    s.f.ex.head_end = LONG;
    s.f.ex.final_off = AW_OFF_NONE;
    s.scrub = aw_scrub_new(&stars, LITTLE);
    aw_scrub_record(s.scrub, &s.f.rec, true);
    assert_true(aw_scrub_begin(s.scrub));
    stream(&s, 0, bytes, LONG);
    aw_scrub_mask(s.scrub);
    payloads(&s, 0, LONG, SIZE, got);
    assert_int_equal(strspn(got, "."), LONG);
    assert_true(aw_scrub_lost(s.scrub) > 0);
    end(&s);

    begin(&s, LITTLE, AW_REQ_CHUNKED, 0);
    size_t len = 0;
    for (size_t i = 0; i < 200; i++, len += 6)
        memcpy(bytes + len, "1\r\na\r\n", 6);
    stream(&s, 0, HEAD, sizeof HEAD - 1);
    stream(&s, sizeof HEAD - 1, bytes, len);
    aw_scrub_mask(s.scrub);
    payloads(&s, sizeof HEAD - 1, len, SIZE, got);
    assert_memory_equal(got, "1\r\n.\r\n1\r\n.\r\n", 12);
    assert_memory_equal(got + len - 6, "......", 6);
    assert_null(memchr(got, 'a', len));
    assert_true(aw_scrub_lost(s.scrub) > 0);
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(framing_stays_and_content_does_not),
        cmocka_unit_test(content_without_chunks_has_no_framing),
        cmocka_unit_test(holes),
        cmocka_unit_test(a_swallowed_request),
        cmocka_unit_test(a_head_without_an_end),
        cmocka_unit_test(only_what_belongs_to_a_failure),
        cmocka_unit_test(little_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
