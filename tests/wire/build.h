/*
 * Packets for tests, built from the inside out: a TCP segment first, then each header in front of
 * what is there, with lengths and checksums made right. And a decoder to feed them to, at exact
 * length in memory that ends where the packet does, so that a read past its end is caught.
 */
#ifndef TESTS_WIRE_BUILD_H
#define TESTS_WIRE_BUILD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wire/wire.h"

enum { FRAME_MAX = 200000, TEST_SPORT = 40000, TEST_DPORT = 80, TEST_SEQ = 0x01020304 };

/* `at` bytes are free in front of the packet. */
struct frame {
    size_t at;
    uint8_t b[FRAME_MAX];
};

static inline size_t frame_len(const struct frame *f)
{
    return FRAME_MAX - f->at;
}
static inline uint8_t *frame_bytes(struct frame *f)
{
    return f->b + f->at;
}
static inline uint8_t *front(struct frame *f, const void *bytes, size_t n)
{
    assert_true(n <= f->at);
    f->at -= n;
    if (bytes) memcpy(f->b + f->at, bytes, n);
    return f->b + f->at;
}
#define FRONT(f, ...)                                                                              \
    front(f, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static inline void set16(uint8_t *p, size_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}
static inline void set32(uint8_t *p, uint32_t v)
{
    set16(p, v >> 16);
    set16(p + 2, v & 0xffff);
}

/* The plain way to sum, one word at a time, against which the decoder's is checked. */
static inline uint32_t sum16(const uint8_t *p, size_t n, uint32_t sum)
{
    for (size_t i = 0; i < n; i++)
        sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

static inline void empty(struct frame *f)
{
    f->at = FRAME_MAX;
}

/* A segment with `options` (padded by the caller to 4 bytes) and n bytes of a running pattern. */
static inline void tcp_with(struct frame *f, const uint8_t *options, size_t option_len, size_t n)
{
    empty(f);
    uint8_t *p = front(f, NULL, n);
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)(i * 7 + i / 256);
    if (option_len) front(f, options, option_len);
    p = FRONT(f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0x50, 0x18, 1, 2, 0, 0, 0, 0);
    set16(p, TEST_SPORT);
    set16(p + 2, TEST_DPORT);
    set32(p + 4, TEST_SEQ);
    p[12] = (uint8_t)((20 + option_len) / 4 << 4);
}
static inline void tcp(struct frame *f, size_t n)
{
    tcp_with(f, NULL, 0, n);
}

/* Fills in the TCP checksum of the frame's payload, given its pseudo header's addresses. */
static inline void tcp_sum(struct frame *f, const uint8_t *src, const uint8_t *dst, size_t address)
{
    uint8_t *p = frame_bytes(f);
    const size_t n = frame_len(f);
    set16(p + 16, 0);
    uint32_t sum = sum16(src, address, 6 + (uint32_t)(n >> 16) + (uint32_t)(n & 0xffff));
    sum = sum16(p, n, sum16(dst, address, sum));
    set16(p + 16, ~sum & 0xffff);
}

static inline void ip4_sum(uint8_t *p)
{
    const size_t header = (p[0] & 15u) * 4u;
    set16(p + 10, 0);
    set16(p + 10, ~sum16(p, header, 0) & 0xffff);
}

/* `tail`: 0, or a number that makes the addresses of a tunnel differ from those inside. */
static inline uint8_t *ip4(struct frame *f, uint8_t protocol, uint8_t tail)
{
    const uint8_t src[] = {10, 0, tail, 1}, dst[] = {10, 0, tail, 2};
    if (protocol == 6) tcp_sum(f, src, dst, 4);
    const size_t total = frame_len(f) + 20;
    front(f, dst, 4);
    front(f, src, 4);
    uint8_t *p = FRONT(f, 0x45, 0, 0, 0, 0x12, 0x34, 0x40, 0, 61, protocol, 0, 0);
    set16(p + 2, total);
    ip4_sum(p);
    return p;
}

static inline uint8_t *ip6(struct frame *f, uint8_t next, uint8_t tail)
{
    uint8_t src[16] = {0x20, 1, 0xd, 0xb8, [14] = tail, [15] = 1};
    uint8_t dst[16] = {0x20, 1, 0xd, 0xb8, [14] = tail, [15] = 2};
    if (next == 6) tcp_sum(f, src, dst, 16);
    const size_t n = frame_len(f);
    front(f, dst, 16);
    front(f, src, 16);
    uint8_t *p = FRONT(f, 0x60, 0, 0, 0, 0, 0, next, 59);
    set16(p + 4, n);
    return p;
}

static inline void udp(struct frame *f, unsigned sport, unsigned dport)
{
    const size_t n = frame_len(f) + 8;
    uint8_t *p = FRONT(f, 0, 0, 0, 0, 0, 0, 0, 0);
    set16(p, sport);
    set16(p + 2, dport);
    set16(p + 4, n);
}

static inline void type(struct frame *f, unsigned ethertype)
{
    uint8_t *p = FRONT(f, 0, 0);
    set16(p, ethertype);
}
static inline void ethernet(struct frame *f, unsigned ethertype)
{
    type(f, ethertype);
    FRONT(f, 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1);
}

enum { PAYLOAD = 11 }; /* bytes in the segment of most tests */

/* Sets the length of the innermost IPv4 header to 0, as offload leaves it, and puts 4 bytes behind
 * the packet that do not belong to it. */
static inline void zero_length_and_trailer(struct frame *f)
{
    uint8_t *ip = f->b + FRAME_MAX - PAYLOAD - 20 - 20;
    set16(ip + 2, 0);
    ip4_sum(ip);
    f->at -= 4;
    memmove(f->b + f->at, f->b + f->at + 4, frame_len(f) - 4);
}

/* --- the decoder --- */

struct decoder {
    struct aw_alloc alloc;
    struct aw_arena arena;
    struct aw_wire *w;
    uint64_t ord;
    uint8_t *bytes; /* of the last packet */
    size_t blocks;  /* that the decoder has from the allocator */
};

static inline void *test_get(void *ctx, size_t n)
{
    void *p = malloc(n);
    if (p) ++*(size_t *)ctx;
    return p;
}
static inline void *test_resize(void *ctx, void *p, size_t n)
{
    if (!p) return test_get(ctx, n);
    return realloc(p, n);
}
static inline void test_put(void *ctx, void *p)
{
    if (p) --*(size_t *)ctx;
    free(p);
}

static inline void decoder_open(struct decoder *t, size_t budget)
{
    *t = (struct decoder){.alloc = {NULL, test_get, test_resize, test_put}};
    t->alloc.ctx = &t->blocks;
    aw_arena_init(&t->arena, &t->alloc);
    t->w = aw_wire_new(&t->alloc, budget);
    assert_non_null(t->w);
}
static inline void decoder_close(struct decoder *t)
{
    aw_wire_free(t->w);
    aw_arena_fini(&t->arena);
    free(t->bytes);
    assert_int_equal(t->blocks, 0);
}

/* Decodes n bytes as a packet that had `wire` on the wire. The segment is valid until the next. */
static inline enum aw_drop decode_at(struct decoder *t, unsigned linktype, const uint8_t *p,
                                     size_t n, size_t wire, aw_ns ts, struct aw_segment *out)
{
    aw_arena_reset(&t->arena, 1 << 20);
    free(t->bytes);
    t->bytes = malloc(n ? n : 1);
    assert_non_null(t->bytes);
    if (n) memcpy(t->bytes, p, n);
    memset(out, 0xa5, sizeof *out); /* what the decoder leaves unset shows */
    t->ord++;
    const struct aw_packet pkt = {.ts = ts,
                                  .ord = t->ord,
                                  .ref = aw_ref_make(3, t->ord),
                                  .data = t->bytes,
                                  .cap_len = (uint32_t)n,
                                  .wire_len = (uint32_t)wire,
                                  .linktype = (uint16_t)linktype,
                                  .iface = 5};
    return aw_wire_decode(t->w, &pkt, &t->arena, out);
}
static inline enum aw_drop decode(struct decoder *t, unsigned linktype, const uint8_t *p, size_t n,
                                  struct aw_segment *out)
{
    return decode_at(t, linktype, p, n, n, 0, out);
}
static inline enum aw_drop decode_frame(struct decoder *t, unsigned linktype, struct frame *f,
                                        struct aw_segment *out)
{
    return decode(t, linktype, frame_bytes(f), frame_len(f), out);
}

/* --- rows: a way to build a packet, and what is to be found in it --- */

struct row {
    const char *name;
    void (*build)(struct frame *f); /* around a segment of PAYLOAD bytes that is there already */
    unsigned linktype;
    enum aw_drop drop;
    uint64_t tunnelled;
};

static inline void check_segment(const char *name, const struct aw_segment *s)
{
    if (s->sport != TEST_SPORT || s->dport != TEST_DPORT || s->seq != TEST_SEQ || s->ack != 9 ||
        s->payload_wire != PAYLOAD || s->flags != (AW_TCP_PSH | AW_TCP_ACK) || s->window != 0x0102)
        fail_msg("%s: another segment: %u > %u seq %u payload %u", name, s->sport, s->dport, s->seq,
                 s->payload_wire);
}

/* The whole packet gives the segment; cut at every byte, by the capture or by whoever built it, it
 * gives a reason, or the segment with what is left of its payload. */
static inline void run_row(const struct row *r)
{
    static struct frame f;
    struct decoder t;
    struct aw_segment s;
    decoder_open(&t, 1 << 20);
    tcp(&f, PAYLOAD);
    r->build(&f);
    const size_t n = frame_len(&f);
    const enum aw_drop drop = decode_frame(&t, r->linktype, &f, &s);
    if (drop != r->drop) fail_msg("%s: %s", r->name, aw_drop_slug(drop));
    assert_int_equal(aw_wire_stats(t.w)->drop[drop], 1);
    assert_int_equal(aw_wire_stats(t.w)->tunnelled, r->tunnelled);
    assert_int_equal(aw_wire_stats(t.w)->truncated, 0);
    assert_true(aw_wire_knows((uint16_t)r->linktype));
    if (drop == AW_DROP_NONE) {
        check_segment(r->name, &s);
        assert_int_equal(s.payload.len, PAYLOAD);
        if (s.bad_checksum) fail_msg("%s: checksum", r->name);
        assert_true(s.at.ord == 1 && s.at.ref == aw_ref_make(3, 1));
    }
    for (size_t cut = 0; cut < n; cut++) {
        const enum aw_drop lied = decode_at(&t, r->linktype, frame_bytes(&f), cut, cut, 0, &s);
        if (lied == AW_DROP_NONE && s.payload.len > PAYLOAD) fail_msg("%s: %zu", r->name, cut);
        const enum aw_drop got = decode_at(&t, r->linktype, frame_bytes(&f), cut, n, 0, &s);
        if (got != AW_DROP_NONE) continue;
        if (r->drop != AW_DROP_NONE) fail_msg("%s: a segment at %zu of %zu", r->name, cut, n);
        check_segment(r->name, &s);
        assert_true(s.payload.len <= PAYLOAD && s.payload.len <= cut);
    }
    assert_int_equal(aw_wire_stats(t.w)->truncated, n);
    decoder_close(&t);
}

#endif
