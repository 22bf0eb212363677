/*
 * Conversations put together at random out of pieces that matter to the parser, cut, holed, closed
 * and acknowledged at random (a fixed seed): whatever comes, events keep their promises, and all
 * memory comes back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "http/http.h"

static uint32_t seed;
static uint32_t roll(uint32_t n)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % n;
}

static const char *const pieces[] = {
    "GET / HTTP/1.1\r\n",
    "POST /x HTTP/1.1\r\n",
    "CONNECT h:1 HTTP/1.1\r\n",
    "HEAD / HTTP/1.0\r\n",
    "HTTP/1.1 100 C\r\n",
    "HTTP/1.1 200 OK\r\n",
    "HTTP/1.1 417 No\r\n",
    "HTTP/1.1 101 S\r\n",
    "HTTP/1.1 2x\r\n",
    "GET /\r\n",
    "\r\n",
    "\n",
    "\r\n\r\n",
    "Content-Length: 5\r\n",
    "Content-Length: 5, 6\r\n",
    "hello",
    "Expect: 100-continue\r\n",
    "Expect: y\r\n 100-continue\r\n",
    "Transfer-Encoding: chunked\r\n",
    "5\r\nhello\r\n",
    "0\r\n\r\n",
    "ffffffffffffffffff\r\n",
    ";x=y",
    "Upgrade: h2c\r\n",
    "\x16\x03\x01",
    "PRI * HTTP/2.0\r\n",
    "a: b\r\n",
    ": \r\n",
    " ",
    "\r",
    "G",
    "Content-Length: 99999999999999\r\n",
};

struct check {
    aw_off sent[2];
    uint64_t events;
    bool over;
};

static void sink(void *ctx, const struct aw_http_event *ev)
{
    struct check *c = ctx;
    c->events++;
    assert_false(c->over); /* OPAQUE is the last one */
    assert_true(ev->end >= ev->off);
    assert_true(ev->end <= c->sent[ev->dir]);
    if (ev->kind == AW_HTTP_BODY || ev->kind == AW_HTTP_JUNK)
        assert_true(ev->bytes <= (uint64_t)(ev->end - ev->off));
    if (ev->kind == AW_HTTP_REQUEST || ev->kind == AW_HTTP_RESPONSE)
        assert_true(ev->head != NULL && ev->head->raw.len == (size_t)(ev->end - ev->off));
    if (ev->kind == AW_HTTP_REQUEST) assert_int_not_equal(ev->xid, 0);
    /* What was lent can be read to its last byte. */
    volatile uint8_t sum = 0;
    for (size_t i = 0; i < ev->data.len; i++)
        sum = (uint8_t)(sum + ev->data.p[i]);
    for (unsigned f = 0; ev->head != NULL && f < AW_FIELD_COUNT; f++)
        for (size_t i = 0; i < ev->head->field[f].len; i++)
            sum = (uint8_t)(sum + ev->head->field[f].p[i]);
    c->over = ev->kind == AW_HTTP_OPAQUE;
}

static void push(struct aw_http *h, struct check *c, struct aw_chunk *chunk, bool *swapped)
{
    if (*swapped) chunk->dir = aw_dir_other(chunk->dir);
    enum aw_http_result got = aw_http_push(h, chunk, sink, c);
    if (got != AW_HTTP_SWAP) return;
    assert_false(*swapped);
    *swapped = true;
    const aw_off sent = c->sent[0];
    c->sent[0] = c->sent[1];
    c->sent[1] = sent;
    chunk->dir = aw_dir_other(chunk->dir);
    got = aw_http_push(h, chunk, sink, c);
    assert_int_not_equal(got, AW_HTTP_SWAP);
}

static uint64_t converse(struct aw_pool *pool, struct aw_http_stats *stats)
{
    const bool midstream = roll(4) == 0;
    struct aw_http *h = aw_http_new(pool, stats, midstream, !midstream || roll(2) != 0);
    assert_non_null(h);
    struct check c = {{0, 0}, 0, false};
    bool swapped = false;
    const unsigned steps = 1 + roll(40);
    for (unsigned i = 0; i < steps; i++) {
        struct aw_chunk chunk = {.seen = {i + 1, i + 1, i + 1}, .ready = {i + 1, i + 1, i + 1}};
        chunk.dir = (enum aw_dir)roll(2);
        const unsigned side = swapped ? !chunk.dir : chunk.dir;
        chunk.off = c.sent[side];
        const aw_off peer = c.sent[!side];
        chunk.ack_off = roll(8) == 0 ? AW_OFF_NONE : roll(4) == 0 ? peer / 2 : peer;
        uint8_t *bytes = NULL;
        const uint32_t what = roll(20);
        if (what == 0) {
            chunk.kind = AW_CHUNK_HOLE;
            chunk.len = 1 + roll(roll(2) == 0 ? 6 : 600);
            chunk.cut = roll(2) == 0;
        } else {
            chunk.kind = AW_CHUNK_DATA;
            char text[512] = "";
            size_t n = 0;
            for (unsigned k = 1 + roll(5); k > 0; k--) {
                const char *piece = pieces[roll(sizeof pieces / sizeof *pieces)];
                memcpy(text + n, piece, strlen(piece));
                n += strlen(piece);
            }
            if (roll(3) == 0) n = 1 + roll((uint32_t)n);
            bytes = malloc(n);
            assert_non_null(bytes);
            memcpy(bytes, text, n);
            if (roll(10) == 0) bytes[roll((uint32_t)n)] = (uint8_t)roll(256);
            chunk.data = bytes;
            chunk.len = n;
        }
        c.sent[side] += (aw_off)chunk.len;
        push(h, &c, &chunk, &swapped);
        free(bytes);
        if (roll(60) == 0) break; /* let go without a CLOSE */
        if (i + 1 == steps) {
            struct aw_chunk end = {.kind = AW_CHUNK_CLOSE, .seen = chunk.seen};
            end.close = roll(2) == 0 ? AW_CLOSE_FIN : AW_CLOSE_RST;
            end.dir = (enum aw_dir)roll(2);
            end.off = c.sent[swapped ? !end.dir : end.dir];
            push(h, &c, &end, &swapped);
        }
    }
    aw_http_free(h);
    return c.events;
}

static void test_random_conversations(void **state)
{
    (void)state;
    seed = 100417;
    struct aw_http_stats stats = {0};
    uint64_t events = 0;
    for (unsigned i = 0; i < 40; i++) {
        /* every fourth pool is so small that heads have to be given up */
        const struct aw_alloc alloc = aw_alloc_or_default(NULL);
        struct aw_pool *pool = aw_pool_new(&alloc, i % 4 == 0 ? 1500 : 1u << 20);
        assert_non_null(pool);
        for (unsigned k = 0; k < 500; k++) {
            events += converse(pool, &stats);
            assert_int_equal(aw_pool_used(pool), 0);
        }
        aw_pool_free(pool);
    }
    /* It was not all junk: every kind of message and of trouble came up. */
    assert_true(events > 20000 && stats.requests > 1000 && stats.responses > 1000);
    assert_true(stats.interims > 500 && stats.junk_bytes != 0 && stats.resyncs != 0);
    assert_true(stats.broken[AW_WHY_BAD_CHUNK] != 0 && stats.broken[AW_WHY_HEAD_HOLE] != 0);
    assert_true(stats.broken[AW_WHY_BAD_LENGTH] != 0 && stats.broken[AW_WHY_HTTP09] != 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_conversations)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
