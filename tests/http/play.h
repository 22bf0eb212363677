/*
 * Plays a conversation into the http room and writes down its events as text, with stream offsets.
 * A script is a list of steps:
 *
 *   "C:bytes" "S:bytes"   data of client, server; acknowledges all the peer has sent so far
 *   "C<:bytes"            data that crossed the peer's last step: acknowledges what was before it
 *   "C?:bytes"            data whose acknowledgement was not captured
 *   "C#n" "S#n"           a hole of n bytes; "C%n" one due to the snap length
 *   "C$" "S$"             FIN
 *   "X" "R" "E"           the connection closes in order, by reset of the server, with the input
 *
 * Each data step may be cut into pieces; the log is the same for every way of cutting, because
 * adjacent BODY and JUNK events are written as one.
 */
#ifndef AW_TESTS_HTTP_PLAY_H
#define AW_TESTS_HTTP_PLAY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "http/http.h"

enum { PLAY_LOG = 16384, PLAY_STEPS = 24 };

struct play {
    /* how to play */
    const char *const *steps;
    bool midstream, client_unknown;
    size_t piece; /* bytes a piece; 0 = whole steps */
    size_t at;    /* if not 0: each step in two pieces, cut after this many bytes */
    int hole_dir; /* if not negative: bytes hole_from .. hole_to of that direction are a hole */
    aw_off hole_from, hole_to;
    size_t budget; /* of the pool; 0 = plenty */
    /* what came of it */
    char log[PLAY_LOG];
    size_t len;
    struct aw_http_stats stats;
    bool is_http, ignored, swapped;
    unsigned swaps;
    size_t peak; /* pool bytes in use beyond the connection itself, seen while an event was out */
    /* inside */
    struct aw_pool *pool;
    size_t base;
    aw_off sent[2], before[2];
    uint64_t ord;
    struct {
        bool any;
        enum aw_http_event_kind kind;
        enum aw_dir dir;
        uint32_t xid;
        enum aw_http_why why;
        aw_off off, end;
        uint64_t bytes;
        char data[64];
        size_t data_len;
    } run;
};

__attribute__((format(printf, 2, 3))) static inline void play_print(struct play *t, const char *fmt,
                                                                    ...)
{
    va_list ap;
    va_start(ap, fmt);
    const int n = vsnprintf(t->log + t->len, sizeof t->log - t->len, fmt, ap);
    va_end(ap);
    if (n > 0) t->len += (size_t)n;
    if (t->len >= sizeof t->log) t->len = sizeof t->log - 1;
}

static inline void play_flush(struct play *t)
{
    if (!t->run.any) return;
    t->run.any = false;
    const char d = t->run.dir == AW_C2S ? 'C' : 'S';
    if (t->run.kind == AW_HTTP_BODY) {
        play_print(t, "%c body %u %lld-%lld %llu", d, t->run.xid, (long long)t->run.off,
                   (long long)t->run.end, (unsigned long long)t->run.bytes);
        if (t->run.data_len != 0) play_print(t, " \"%.*s\"", (int)t->run.data_len, t->run.data);
        play_print(t, "\n");
    } else {
        play_print(t, "%c junk %lld-%lld %s\n", d, (long long)t->run.off, (long long)t->run.end,
                   aw_http_why_name(t->run.why));
    }
}

static inline void play_sink(void *ctx, const struct aw_http_event *ev)
{
    static const char *const part[] = {"between", "head", "content", "unknown"};
    struct play *t = ctx;
    const char d = ev->dir == AW_C2S ? 'C' : 'S';
    const size_t used = aw_pool_used(t->pool) - t->base;
    if (used > t->peak) t->peak = used;
    assert_true(ev->first.ord != 0 || ev->kind == AW_HTTP_BROKEN || ev->kind == AW_HTTP_END);
    assert_true(ev->last.ord >= ev->first.ord);

    if (ev->kind == AW_HTTP_BODY || ev->kind == AW_HTTP_JUNK) {
        const bool joins = t->run.any && t->run.kind == ev->kind && t->run.dir == ev->dir &&
                           t->run.xid == ev->xid && t->run.end == ev->off && t->run.why == ev->why;
        if (!joins) {
            play_flush(t);
            t->run.any = true;
            t->run.kind = ev->kind;
            t->run.dir = ev->dir;
            t->run.xid = ev->xid;
            t->run.why = ev->why;
            t->run.off = ev->off;
            t->run.bytes = 0;
            t->run.data_len = 0;
        }
        t->run.end = ev->end;
        t->run.bytes += ev->bytes;
        for (size_t i = 0; i < ev->data.len && t->run.data_len < sizeof t->run.data; i++)
            t->run.data[t->run.data_len++] = (char)ev->data.p[i];
        return;
    }
    play_flush(t);
    switch (ev->kind) {
    case AW_HTTP_REQUEST:
        play_print(t, "C request %u %.*s %.*s %lld-%lld\n", ev->xid, (int)ev->head->method.len,
                   (const char *)ev->head->method.p, (int)ev->head->target.len,
                   (const char *)ev->head->target.p, (long long)ev->off, (long long)ev->end);
        assert_int_equal(ev->end - ev->off, ev->head->raw.len);
        break;
    case AW_HTTP_RESPONSE:
        play_print(t, "S response %u %u %lld-%lld\n", ev->xid, ev->head->status, (long long)ev->off,
                   (long long)ev->end);
        assert_int_equal(ev->end - ev->off, ev->head->raw.len);
        break;
    case AW_HTTP_END:
        play_print(t, "%c end %u %lld\n", d, ev->xid, (long long)ev->end);
        break;
    case AW_HTTP_GAP:
        play_print(t, "%c gap %u %s %lld-%lld%s\n", d, ev->xid, part[ev->part], (long long)ev->off,
                   (long long)ev->end, ev->cut ? " cut" : "");
        break;
    case AW_HTTP_BROKEN:
        play_print(t, "%c broken %u %s", d, ev->xid, aw_http_why_name(ev->why));
        if (ev->off != AW_OFF_NONE)
            play_print(t, " %lld-%lld", (long long)ev->off, (long long)ev->end);
        if (ev->part == AW_IN_CONTENT && ev->bytes != 0)
            play_print(t, " owed %llu", (unsigned long long)ev->bytes);
        play_print(t, "\n");
        break;
    case AW_HTTP_WITHHELD:
        play_print(t, "C withheld %u %lld owed %llu\n", ev->xid, (long long)ev->off,
                   (unsigned long long)ev->bytes);
        break;
    case AW_HTTP_SWITCHED:
        play_print(t, "%c switched %u %lld\n", d, ev->xid, (long long)ev->off);
        break;
    case AW_HTTP_OPAQUE:
        play_print(t, "opaque %s\n", aw_http_why_name(ev->why));
        break;
    case AW_HTTP_BODY:
    case AW_HTTP_JUNK:
        break;
    }
}

static inline void play_chunk(struct play *t, struct aw_http *h, struct aw_chunk *c)
{
    c->seen = (struct aw_mark){(aw_ns)t->ord, t->ord, t->ord};
    c->ready = c->seen;
    t->ord++;
    if (t->swapped) c->dir = aw_dir_other(c->dir);
    enum aw_http_result got = aw_http_push(h, c, play_sink, t);
    if (got == AW_HTTP_SWAP) {
        assert_true(t->client_unknown);
        t->swapped = !t->swapped;
        t->swaps++;
        assert_int_equal(t->swaps, 1);
        c->dir = aw_dir_other(c->dir);
        got = aw_http_push(h, c, play_sink, t);
        assert_int_not_equal(got, AW_HTTP_SWAP);
    }
    if (got == AW_HTTP_IGNORE) t->ignored = true;
}

/* Data in a block of exactly its size, so that a sanitizer sees every read past it. */
static inline void play_data(struct play *t, struct aw_http *h, enum aw_dir dir, aw_off off,
                             const char *p, size_t n, aw_off ack)
{
    while (n != 0) {
        size_t k = n;
        bool hole = false;
        if (t->hole_dir == (int)dir) {
            if (off < t->hole_from) {
                if ((aw_off)k > t->hole_from - off) k = (size_t)(t->hole_from - off);
            } else if (off < t->hole_to) {
                hole = true;
                if ((aw_off)k > t->hole_to - off) k = (size_t)(t->hole_to - off);
            }
        }
        struct aw_chunk c = {.kind = hole ? AW_CHUNK_HOLE : AW_CHUNK_DATA,
                             .dir = dir,
                             .len = k,
                             .off = off,
                             .ttl = 64,
                             .ack_off = ack,
                             .peer_high = t->sent[aw_dir_other(dir)]};
        uint8_t *copy = NULL;
        if (!hole) {
            copy = malloc(k);
            assert_non_null(copy);
            memcpy(copy, p, k);
            c.data = copy;
        }
        play_chunk(t, h, &c);
        free(copy);
        p += k;
        n -= k;
        off += (aw_off)k;
    }
}

static inline void play_step(struct play *t, struct aw_http *h, const char *step)
{
    struct aw_chunk c = {.ttl = 64, .ack_off = AW_OFF_NONE};
    if (step[1] == '\0') {
        c.kind = AW_CHUNK_CLOSE;
        c.close = step[0] == 'X' ? AW_CLOSE_FIN : step[0] == 'R' ? AW_CLOSE_RST : AW_CLOSE_INPUT;
        c.dir = AW_S2C;
        c.off = t->sent[AW_S2C];
        play_chunk(t, h, &c);
        return;
    }
    const enum aw_dir dir = step[0] == 'C' ? AW_C2S : AW_S2C, peer = aw_dir_other(dir);
    c.dir = dir;
    c.off = t->sent[dir];
    c.ack_off = t->sent[peer];
    if (step[1] == '$') {
        c.kind = AW_CHUNK_FIN;
        play_chunk(t, h, &c);
        return;
    }
    if (step[1] == '#' || step[1] == '%') {
        c.kind = AW_CHUNK_HOLE;
        c.cut = step[1] == '%';
        c.len = (uint64_t)strtoul(step + 2, NULL, 10);
        t->before[dir] = t->sent[dir];
        t->sent[dir] += (aw_off)c.len;
        play_chunk(t, h, &c);
        return;
    }
    aw_off ack = t->sent[peer];
    if (step[1] == '<') ack = t->before[peer];
    if (step[1] == '?') ack = AW_OFF_NONE;
    const char *p = strchr(step, ':') + 1;
    const size_t n = strlen(p);
    t->before[dir] = t->sent[dir];
    for (size_t i = 0; i < n;) {
        size_t k = n - i;
        if (t->piece != 0 && k > t->piece) k = t->piece;
        if (t->at != 0 && i == 0 && t->at < n) k = t->at;
        play_data(t, h, dir, t->before[dir] + (aw_off)i, p + i, k, ack);
        i += k;
        t->sent[dir] = t->before[dir] + (aw_off)i;
    }
}

/* Plays all steps; what came of it is in t. */
static inline void play(struct play *t)
{
    const struct aw_alloc alloc = aw_alloc_or_default(NULL);
    t->pool = aw_pool_new(&alloc, t->budget != 0 ? t->budget : 8u << 20);
    assert_non_null(t->pool);
    t->len = 0;
    t->ord = 1;
    struct aw_http *h = aw_http_new(t->pool, &t->stats, t->midstream, !t->client_unknown);
    if (h != NULL) {
        t->base = aw_pool_used(t->pool);
        for (const char *const *s = t->steps; *s != NULL; s++)
            play_step(t, h, *s);
        play_flush(t);
        t->is_http = aw_http_is_http(h);
        aw_http_free(h);
    }
    assert_int_equal(aw_pool_used(t->pool), 0);
    aw_pool_free(t->pool);
}

static inline size_t play_longest(const char *const *steps)
{
    size_t longest = 1;
    for (; *steps != NULL; steps++)
        if (strlen(*steps) > longest) longest = strlen(*steps);
    return longest;
}

#endif
