/* Fragments: every order, overlaps, lies, budgets, time, tunnels, and no memory. */
#include "build.h"

static struct frame f;

enum { WHOLE = 4020, CONTENT = WHOLE - 20 }; /* a segment of 4000 bytes with its header */

/* One piece of the segment's datagram. */
struct piece {
    size_t off, len;
    bool more;
    uint8_t flip; /* xored into its bytes */
};

/* Builds the piece as a packet in f: version 4 or 6. */
static void build(int version, uint32_t id, const struct piece *p)
{
    static struct frame whole;
    const uint8_t src[16] = {10, 0, 0, 1}, dst[16] = {10, 0, 0, 2};
    tcp(&whole, CONTENT);
    if (version == 4) {
        tcp_sum(&whole, src, dst, 4);
    } else {
        ip6(&whole, 6, 0);
        whole.at += 40;
    }
    empty(&f);
    uint8_t *b = front(&f, NULL, p->len);
    for (size_t i = 0; i < p->len; i++)
        b[i] = (uint8_t)((p->off + i < WHOLE ? frame_bytes(&whole)[p->off + i] : 0) ^ p->flip);
    if (version == 4) {
        uint8_t *ip = ip4(&f, 17, 0); /* not 6: what is there is no segment to sum */
        ip[9] = 6;
        set16(ip + 4, id);
        set16(ip + 6, (p->more ? 0x2000u : 0u) | p->off / 8);
        ip4_sum(ip);
    } else {
        uint8_t *h = FRONT(&f, 6, 0, 0, 0, 0, 0, 0, 0);
        set16(h + 2, (p->off & 0xfff8u) | p->more);
        set32(h + 4, id);
        ip6(&f, 44, 0);
    }
}

static enum aw_drop send_at(struct decoder *t, int version, uint32_t id, struct piece p, aw_ns ts,
                            struct aw_segment *s)
{
    build(version, id, &p);
    return decode_at(t, 101, frame_bytes(&f), frame_len(&f), frame_len(&f), ts, s);
}
static enum aw_drop send(struct decoder *t, int version, uint32_t id, struct piece p,
                         struct aw_segment *s)
{
    return send_at(t, version, id, p, 0, s);
}

static void check_whole(const struct aw_segment *s)
{
    assert_true(s->sport == TEST_SPORT && s->seq == TEST_SEQ && s->payload.len == CONTENT);
    assert_int_equal(s->payload_wire, CONTENT);
    for (size_t i = 0; i < CONTENT; i++)
        assert_int_equal(s->payload.p[i], (uint8_t)(i * 7 + i / 256));
}

/* Every packet stands in exactly one counter. */
static void check_counts(struct decoder *t)
{
    uint64_t sum = 0;
    for (int i = 0; i < AW_DROP_COUNT; i++)
        sum += aw_wire_stats(t->w)->drop[i];
    assert_int_equal(sum, t->ord);
}

static void orders(void **state)
{
    (void)state;
    static const struct piece pieces[4] = {
        {0, 16, true, 0}, {16, 1480, true, 0}, {1496, 2520, true, 0}, {4016, 4, false, 0}};
    struct aw_segment s;
    for (int version = 4; version <= 6; version += 2) {
        struct decoder t;
        decoder_open(&t, 1 << 20);
        uint64_t whole = 0;
        for (unsigned order = 0; order < 256; order++) {
            const unsigned pick[4] = {order & 3, order >> 2 & 3, order >> 4 & 3, order >> 6 & 3};
            unsigned seen = 0;
            for (int i = 0; i < 4; i++)
                seen |= 1u << pick[i];
            if (seen != 15) continue;
            for (int twice = 0; twice <= 1; twice++) {
                for (int i = 0; i < 4; i++) {
                    const enum aw_drop drop = send(&t, version, order, pieces[pick[i]], &s);
                    assert_int_equal(drop, i < 3 ? AW_DROP_FRAGMENT_HELD : AW_DROP_NONE);
                    if (twice && i < 3)
                        assert_int_equal(send(&t, version, order, pieces[pick[i]], &s),
                                         AW_DROP_FRAGMENT_HELD);
                }
                check_whole(&s);
                assert_false(s.bad_checksum);
                assert_int_equal(aw_wire_stats(t.w)->datagrams_joined, ++whole);
                assert_int_equal(aw_wire_held(t.w), 0);
            }
        }
        assert_int_equal(whole, 48);
        check_counts(&t);
        decoder_close(&t);
    }
}

static void many_pieces(void **state)
{
    (void)state;
    struct decoder t;
    struct aw_segment s;
    decoder_open(&t, 1 << 20);
    for (size_t i = 0; i < 251; i++) { /* backwards, 16 bytes each */
        const size_t off = (250 - i) * 16;
        const enum aw_drop drop = send(&t, 4, 1, (struct piece){off, 16, true, 0}, &s);
        assert_int_equal(drop, AW_DROP_FRAGMENT_HELD);
    }
    assert_int_equal(send(&t, 4, 1, (struct piece){4016, 4, false, 0}, &s), AW_DROP_NONE);
    check_whole(&s);
    for (size_t i = 0; i < 300; i++) /* 8 bytes each: more pieces than are kept */
        assert_int_equal(send(&t, 4, 2, (struct piece){i * 8, 8, true, 0}, &s),
                         i < 256 ? AW_DROP_FRAGMENT_HELD : AW_DROP_FRAGMENT_BAD);
    assert_int_equal(aw_wire_stats(t.w)->drop[AW_DROP_FRAGMENT_BAD], 300);
    check_counts(&t);
    decoder_close(&t);
}

/* Tables of what is sent under one ID and what each piece is to give. */
static void overlaps_and_lies(void **state)
{
    (void)state;
    enum { H = AW_DROP_FRAGMENT_HELD, B = AW_DROP_FRAGMENT_BAD, N = AW_DROP_NONE };
    static const struct {
        const char *name;
        struct piece piece[5];
        int drop[5];
        unsigned count, bad; /* bad: counted in the end, the earlier pieces included */
    } cases[] = {
        {"overlap that agrees",
         {{0, 2000, true, 0}, {1000, 2000, true, 0}, {2992, 1028, false, 0}},
         {H, H, N},
         3,
         0},
        {"over several gaps",
         {{800, 160, true, 0}, {1600, 160, true, 0}, {0, 4016, true, 0}, {4016, 4, false, 0}},
         {H, H, H, N},
         4,
         0},
        {"a whole datagram beside", {{4016, 4, false, 0}, {0, 4020, false, 0}}, {H, N}, 2, 0},
        {"overlap that disagrees",
         {{0, 2000, true, 0}, {1992, 2028, false, 1}, {0, 2000, true, 0}},
         {H, B, B},
         3,
         3},
        {"a copy that disagrees",
         {{0, 2000, true, 0}, {0, 2000, true, 1}, {2000, 2020, false, 0}},
         {H, B, B},
         3,
         3},
        {"disagrees in front", {{2000, 1000, true, 0}, {0, 2008, true, 1}}, {H, B}, 2, 2},
        {"two ends", {{2000, 1000, false, 0}, {2000, 1008, false, 0}}, {H, B}, 2, 2},
        {"an end before what is there", {{2000, 1000, true, 0}, {8, 1000, false, 0}}, {H, B}, 2, 2},
        {"beyond the end",
         {{2000, 1000, false, 0}, {2400, 1000, true, 0}, {0, 2000, true, 0}},
         {H, B, B},
         3,
         3},
        {"just beyond the end", {{2000, 1000, false, 0}, {2400, 608, true, 0}}, {H, B}, 2, 2},
        {"an end before what came first",
         {{2000, 1000, true, 0}, {0, 1000, true, 0}, {1000, 800, false, 0}},
         {H, H, B},
         3,
         3},
        {"no multiple of 8",
         {{0, 2004, true, 0}, {0, 2000, true, 0}, {2000, 2020, false, 0}},
         {B, H, N},
         3,
         1},
        {"nothing in it",
         {{8, 0, false, 0}, {0, 2000, true, 0}, {2000, 2020, false, 0}},
         {B, H, N},
         3,
         1},
        {"more than 64 KiB",
         {{65528, 16, false, 0}, {0, 2000, true, 0}, {2000, 2020, false, 0}},
         {B, H, N},
         3,
         1},
    };
    struct aw_segment s;
    for (int version = 4; version <= 6; version += 2) {
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            struct decoder t;
            decoder_open(&t, 1 << 20);
            for (unsigned k = 0; k < cases[i].count; k++) {
                const enum aw_drop drop = send(&t, version, 77, cases[i].piece[k], &s);
                if ((int)drop != cases[i].drop[k])
                    fail_msg("%s, IPv%d, piece %u: %s", cases[i].name, version, k,
                             aw_drop_slug(drop));
                if (drop == AW_DROP_NONE) check_whole(&s);
            }
            if (aw_wire_stats(t.w)->drop[AW_DROP_FRAGMENT_BAD] != cases[i].bad)
                fail_msg("%s: counts", cases[i].name);
            check_counts(&t);
            decoder_close(&t);
        }
    }
}

static void keys(void **state)
{
    (void)state;
    const struct piece first = {0, 2000, true, 0}, last = {2000, 2020, false, 0};
    struct decoder t;
    struct aw_segment s;
    decoder_open(&t, 1 << 20);
    assert_int_equal(send(&t, 4, 1, first, &s), AW_DROP_FRAGMENT_HELD);
    assert_int_equal(send(&t, 4, 2, last, &s), AW_DROP_FRAGMENT_HELD); /* another ID */
    assert_int_equal(send(&t, 6, 1, last, &s), AW_DROP_FRAGMENT_HELD); /* another version */
    for (size_t at = 9; at < 20; at += 5) {                            /* protocol and addresses */
        build(4, 1, &last);
        frame_bytes(&f)[at] ^= 1;
        assert_int_equal(decode_frame(&t, 101, &f, &s), AW_DROP_FRAGMENT_HELD);
    }
    build(6, 1, &first); /* not part of the key in IPv6; the first piece's counts */
    frame_bytes(&f)[40] = 6;
    assert_int_equal(decode_frame(&t, 101, &f, &s), AW_DROP_NONE);
    check_whole(&s);
    assert_int_equal(send(&t, 4, 1, last, &s), AW_DROP_NONE);
    check_whole(&s);
    decoder_close(&t);
}

static void time_runs_out(void **state)
{
    (void)state;
    const struct piece first = {0, 2000, true, 0}, last = {2000, 2020, false, 0};
    const struct piece other = {0, 2000, true, 1};
    struct decoder t;
    struct aw_segment s;
    decoder_open(&t, 1 << 20);
    const uint64_t *drop = aw_wire_stats(t.w)->drop;
    const aw_ns limit = 30 * AW_SEC;
    assert_int_equal(send_at(&t, 4, 1, first, 0, &s), AW_DROP_FRAGMENT_HELD);
    assert_int_equal(send_at(&t, 4, 1, last, limit, &s), AW_DROP_NONE);
    assert_int_equal(send_at(&t, 4, 1, first, 0, &s), AW_DROP_FRAGMENT_HELD);
    assert_int_equal(send_at(&t, 4, 1, last, limit + 1, &s), AW_DROP_FRAGMENT_HELD);
    assert_true(drop[AW_DROP_FRAGMENT_LOST] == 1 && drop[AW_DROP_FRAGMENT_HELD] == 2);
    /* The mark of a bad datagram goes, too. */
    assert_int_equal(send_at(&t, 4, 2, first, limit, &s), AW_DROP_FRAGMENT_HELD);
    assert_int_equal(send_at(&t, 4, 2, other, limit, &s), AW_DROP_FRAGMENT_BAD);
    assert_int_equal(send_at(&t, 4, 2, first, limit, &s), AW_DROP_FRAGMENT_BAD);
    assert_int_equal(send_at(&t, 4, 2, first, 3 * limit, &s), AW_DROP_FRAGMENT_HELD);
    assert_int_equal(send_at(&t, 4, 2, last, 3 * limit, &s), AW_DROP_NONE);
    /* A clock that steps back a little, far, and at the ends of time. */
    assert_int_equal(send_at(&t, 4, 3, first, limit, &s), AW_DROP_FRAGMENT_HELD);
    assert_int_equal(send_at(&t, 4, 3, last, 1, &s), AW_DROP_NONE);
    assert_int_equal(send_at(&t, 4, 3, first, limit, &s), AW_DROP_FRAGMENT_HELD);
    assert_int_equal(send_at(&t, 4, 3, last, -1, &s), AW_DROP_FRAGMENT_HELD);
    assert_int_equal(send_at(&t, 4, 4, first, INT64_MAX, &s), AW_DROP_FRAGMENT_HELD);
    assert_int_equal(send_at(&t, 4, 4, last, INT64_MIN, &s), AW_DROP_FRAGMENT_HELD);
    check_counts(&t);
    decoder_close(&t);
}

/* With the end of the input nothing more can come; what is whole stays counted as it was. */
static void the_input_ends(void **state)
{
    (void)state;
    const struct piece first = {0, 2000, true, 0}, last = {2000, 2020, false, 0};
    struct decoder t;
    struct aw_segment s;
    decoder_open(&t, 1 << 20);
    const uint64_t *drop = aw_wire_stats(t.w)->drop;
    assert_int_equal(send(&t, 4, 1, first, &s), AW_DROP_FRAGMENT_HELD);
    assert_int_equal(send(&t, 4, 1, last, &s), AW_DROP_NONE);
    assert_int_equal(send(&t, 4, 2, first, &s), AW_DROP_FRAGMENT_HELD);
    assert_int_equal(send(&t, 6, 3, last, &s), AW_DROP_FRAGMENT_HELD);
    assert_true(drop[AW_DROP_FRAGMENT_LOST] == 0 && drop[AW_DROP_FRAGMENT_HELD] == 3);
    aw_wire_end(t.w);
    assert_true(drop[AW_DROP_FRAGMENT_LOST] == 2 && drop[AW_DROP_FRAGMENT_HELD] == 1);
    assert_int_equal(aw_wire_held(t.w), 0);
    check_counts(&t);
    decoder_close(&t);
}

static void budget(void **state)
{
    (void)state;
    enum { BUDGET = 20000 };
    const struct piece first = {0, 2000, true, 0}, last = {2000, 2020, false, 0};
    struct decoder t;
    struct aw_segment s;
    decoder_open(&t, BUDGET);
    for (uint32_t id = 0; id < 100; id++) {
        assert_int_equal(send(&t, 4, id, first, &s), AW_DROP_FRAGMENT_HELD);
        assert_true(aw_wire_held(t.w) <= BUDGET);
    }
    const uint64_t *drop = aw_wire_stats(t.w)->drop;
    assert_true(drop[AW_DROP_FRAGMENT_HELD] >= 8 && drop[AW_DROP_FRAGMENT_LOST] >= 90);
    assert_int_equal(send(&t, 4, 99, last, &s), AW_DROP_NONE); /* the newest is there */
    check_whole(&s);
    assert_int_equal(send(&t, 4, 0, last, &s), AW_DROP_FRAGMENT_HELD); /* the oldest is not */
    check_counts(&t);
    decoder_close(&t);

    decoder_open(&t, 0); /* no room at all, and room for less than a piece */
    assert_int_equal(send(&t, 4, 1, first, &s), AW_DROP_FRAGMENT_LOST);
    decoder_close(&t);
    decoder_open(&t, 1500);
    assert_int_equal(send(&t, 4, 1, first, &s), AW_DROP_FRAGMENT_LOST);
    assert_int_equal(aw_wire_held(t.w), 0);
    check_counts(&t);
    decoder_close(&t);
}

/* The table does not grow with the number of datagrams, whatever the budget. */
static void flood(void **state)
{
    (void)state;
    enum { COUNT = 40000 };
    struct decoder t;
    struct aw_segment s;
    decoder_open(&t, (size_t)1 << 30);
    for (uint32_t id = 0; id < COUNT; id++)
        assert_int_equal(send(&t, 6, id, (struct piece){8, 8, true, 0}, &s), AW_DROP_FRAGMENT_HELD);
    const uint64_t *drop = aw_wire_stats(t.w)->drop;
    assert_true(drop[AW_DROP_FRAGMENT_HELD] <= 32 * 512);
    assert_int_equal(drop[AW_DROP_FRAGMENT_HELD] + drop[AW_DROP_FRAGMENT_LOST], COUNT);
    decoder_close(&t);
}

/* A piece cut by the snap length: the segment ends where bytes are missing, and says so. */
static void cut_pieces(void **state)
{
    (void)state;
    struct decoder t;
    struct aw_segment s;
    decoder_open(&t, 1 << 20);
    const struct piece first = {0, 2000, true, 0}, last = {2000, 2020, false, 0};
    build(4, 1, &first);
    assert_int_equal(decode_at(&t, 101, frame_bytes(&f), 520, frame_len(&f), 0, &s),
                     AW_DROP_FRAGMENT_HELD);
    assert_int_equal(send(&t, 4, 1, last, &s), AW_DROP_NONE);
    assert_true(s.payload.len == 480 && s.payload_wire == CONTENT && !s.bad_checksum);

    build(4, 2, &last); /* an uncut copy of a cut piece agrees with it, and does not mend it */
    assert_int_equal(decode_at(&t, 101, frame_bytes(&f), 120, frame_len(&f), 0, &s),
                     AW_DROP_FRAGMENT_HELD);
    assert_int_equal(send(&t, 4, 2, last, &s), AW_DROP_FRAGMENT_HELD);
    assert_int_equal(send(&t, 4, 2, first, &s), AW_DROP_NONE);
    assert_true(s.payload.len == 1980 + 100 && s.payload_wire == CONTENT);

    build(4, 3, &first); /* nothing but the IP header */
    assert_int_equal(decode_at(&t, 101, frame_bytes(&f), 20, frame_len(&f), 0, &s),
                     AW_DROP_FRAGMENT_HELD);
    assert_int_equal(send(&t, 4, 3, last, &s), AW_DROP_TCP_SHORT);
    check_counts(&t);
    decoder_close(&t);
}

/* Fragments inside a tunnel whose packets are fragments themselves. */
static void tunnels(void **state)
{
    (void)state;
    static struct frame outer;
    struct decoder t;
    struct aw_segment s;
    decoder_open(&t, 1 << 20);
    static const struct piece pieces[2] = {{0, 2000, true, 0}, {2000, 2020, false, 0}};
    enum aw_drop drop = AW_DROP_NONE;
    for (int i = 0; i < 2; i++) {
        build(6, 5, &pieces[i]);
        const size_t n = frame_len(&f), half = n / 2 / 8 * 8;
        for (int k = 0; k < 2; k++) {
            empty(&outer);
            front(&outer, frame_bytes(&f) + (k ? half : 0), k ? n - half : half);
            uint8_t *ip = ip4(&outer, 41, 9);
            set16(ip + 4, (size_t)i + 1);
            set16(ip + 6, k ? half / 8 : 0x2000);
            ip4_sum(ip);
            assert_true(i + k == 0 || drop == AW_DROP_FRAGMENT_HELD);
            drop = decode_frame(&t, 101, &outer, &s);
        }
    }
    assert_int_equal(drop, AW_DROP_NONE);
    check_whole(&s);
    assert_true(s.src.v6 && !s.bad_checksum);
    assert_int_equal(aw_wire_stats(t.w)->datagrams_joined, 3);
    assert_int_equal(aw_wire_stats(t.w)->tunnelled, 1);
    decoder_close(&t);
}

/* Memory that runs out at every place: the pieces are lost and counted, nothing else happens. */
struct scarce {
    size_t left, blocks;
};
static void *scarce_get(void *ctx, size_t n)
{
    struct scarce *m = ctx;
    if (m->left == 0) return NULL;
    m->left--;
    m->blocks++;
    return malloc(n);
}
static void *scarce_resize(void *ctx, void *p, size_t n)
{
    (void)ctx;
    (void)p;
    (void)n;
    return NULL;
}
static void scarce_put(void *ctx, void *p)
{
    struct scarce *m = ctx;
    if (p) m->blocks--;
    free(p);
}
static void no_memory(void **state)
{
    (void)state;
    static const struct piece pieces[3] = {
        {0, 1600, true, 0}, {1600, 1600, true, 0}, {3200, 820, false, 0}};
    bool done = false;
    for (size_t left = 0; !done; left++) {
        struct scarce m = {.left = left};
        const struct aw_alloc alloc = {&m, scarce_get, scarce_resize, scarce_put};
        struct aw_wire *w = aw_wire_new(&alloc, 1 << 20);
        assert_true((w != NULL) == (left > 0));
        if (!w) continue;
        struct aw_arena arena;
        aw_arena_init(&arena, &alloc);
        uint64_t sum = 0;
        for (uint64_t i = 0; i < 3; i++) {
            struct aw_segment s;
            build(4, 1, &pieces[i]);
            const struct aw_packet pkt = {.ord = i + 1,
                                          .data = frame_bytes(&f),
                                          .cap_len = (uint32_t)frame_len(&f),
                                          .wire_len = (uint32_t)frame_len(&f),
                                          .linktype = 101};
            done = aw_wire_decode(w, &pkt, &arena, &s) == AW_DROP_NONE;
        }
        for (int i = 0; i < AW_DROP_COUNT; i++)
            sum += aw_wire_stats(w)->drop[i];
        assert_int_equal(sum, 3);
        assert_true(done || aw_wire_stats(w)->drop[AW_DROP_FRAGMENT_LOST] > 0);
        aw_wire_free(w);
        aw_arena_fini(&arena);
        assert_int_equal(m.blocks, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orders),
        cmocka_unit_test(many_pieces),
        cmocka_unit_test(overlaps_and_lies),
        cmocka_unit_test(keys),
        cmocka_unit_test(time_runs_out),
        cmocka_unit_test(the_input_ends),
        cmocka_unit_test(budget),
        cmocka_unit_test(flood),
        cmocka_unit_test(cut_pieces),
        cmocka_unit_test(tunnels),
        cmocka_unit_test(no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
