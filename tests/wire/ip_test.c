/* IPv4 and IPv6 headers: lengths that lie, padding, offload, extension headers, checksums. */
#include "build.h"

static struct frame f;

static enum aw_drop run(struct decoder *t, struct aw_segment *s)
{
    return decode_frame(t, 101, &f, s);
}

static void ip4_lengths(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t payload, total, trailer, captured, wire; /* of the frame; 0 = all */
        enum aw_drop drop;
        size_t len, sent;
    } cases[] = {
        {"as it should be", 100, 140, 0, 0, 0, AW_DROP_NONE, 100, 100},
        {"padding behind a bare ACK", 0, 40, 6, 0, 0, AW_DROP_NONE, 0, 0},
        {"trailer behind content", 100, 140, 4, 0, 0, AW_DROP_NONE, 100, 100},
        {"zero: segmentation offload", 3000, 0, 0, 0, 0, AW_DROP_NONE, 3000, 3000},
        {"zero, more than 64 KiB", 70000, 0, 0, 0, 0, AW_DROP_NONE, 70000, 70000},
        {"zero, cut", 3000, 0, 0, 96, 3040, AW_DROP_NONE, 56, 3000},
        {"cut by the snap length", 1000, 1040, 0, 96, 1040, AW_DROP_NONE, 56, 1000},
        {"cut, padding not captured", 10, 50, 10, 45, 60, AW_DROP_NONE, 5, 10},
        {"cut behind the headers", 1000, 1040, 0, 40, 1040, AW_DROP_NONE, 0, 1000},
        {"longer than the frame was", 100, 500, 0, 0, 0, AW_DROP_NONE, 100, 460},
        {"shorter than the header", 100, 19, 0, 0, 0, AW_DROP_IP_SHORT, 0, 0},
        {"ends in the TCP header", 100, 39, 0, 0, 0, AW_DROP_TCP_SHORT, 0, 0},
        {"no TCP header", 100, 20, 0, 0, 0, AW_DROP_TCP_SHORT, 0, 0},
        {"cut in the TCP header", 100, 140, 0, 39, 140, AW_DROP_TCP_SHORT, 0, 0},
    };
    struct decoder t;
    struct aw_segment s;
    decoder_open(&t, 1 << 20);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tcp(&f, cases[i].payload);
        uint8_t *p = ip4(&f, 6, 0);
        set16(p + 2, cases[i].total);
        ip4_sum(p);
        const size_t whole = frame_len(&f) + cases[i].trailer;
        memmove(p - cases[i].trailer, p, frame_len(&f));
        f.at -= cases[i].trailer;
        const size_t n = cases[i].captured ? cases[i].captured : whole;
        const size_t wire = cases[i].wire ? cases[i].wire : whole;
        const enum aw_drop drop = decode_at(&t, 101, frame_bytes(&f), n, wire, 0, &s);
        if (drop != cases[i].drop) fail_msg("%s: %s", cases[i].name, aw_drop_slug(drop));
        if (drop != AW_DROP_NONE) continue;
        if (s.payload.len != cases[i].len || s.payload_wire != cases[i].sent)
            fail_msg("%s: %zu of %u", cases[i].name, s.payload.len, s.payload_wire);
    }
    decoder_close(&t);
}

static void ip4_headers(void **state)
{
    (void)state;
    struct decoder t;
    struct aw_segment s;
    decoder_open(&t, 1 << 20);

    tcp(&f, PAYLOAD); /* options */
    ip4(&f, 6, 0);
    memmove(frame_bytes(&f) - 8, frame_bytes(&f), 20);
    f.at -= 8;
    memset(frame_bytes(&f) + 20, 1, 8);
    frame_bytes(&f)[0] = 0x47;
    set16(frame_bytes(&f) + 2, frame_len(&f));
    ip4_sum(frame_bytes(&f));
    assert_int_equal(run(&t, &s), AW_DROP_NONE);
    check_segment("options", &s);
    assert_false(s.bad_checksum);
    frame_bytes(&f)[25] = 2; /* the checksum covers them */
    assert_int_equal(run(&t, &s), AW_DROP_NONE);
    assert_true(s.bad_checksum);
    for (size_t n = 20; n < 28; n++) /* cut in them */
        assert_int_equal(decode_at(&t, 101, frame_bytes(&f), n, 100, 0, &s), AW_DROP_IP_SHORT);

    tcp(&f, PAYLOAD);
    ip4(&f, 6, 0)[0] = 0x44;
    assert_int_equal(run(&t, &s), AW_DROP_IP_SHORT);

    static const struct {
        unsigned flags, id;
        bool has;
    } ids[] = {{0x4000, 0, false}, {0x4000, 7, true}, {0, 0, true}, {0, 7, true}};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        tcp(&f, PAYLOAD);
        uint8_t *p = ip4(&f, 6, 0);
        set16(p + 4, ids[i].id);
        set16(p + 6, ids[i].flags);
        assert_int_equal(run(&t, &s), AW_DROP_NONE);
        assert_true(s.has_ip_id == ids[i].has && s.ip_id == ids[i].id);
    }
    decoder_close(&t);
}

static void hop_by_hop_jumbo(size_t sent)
{
    uint8_t *p = FRONT(&f, 6, 0, 0xc2, 4, 0, 0, 0, 0);
    set32(p + 4, (uint32_t)sent);
}

static void ip6_lengths(void **state)
{
    (void)state;
    struct decoder t;
    struct aw_segment s;
    decoder_open(&t, 1 << 20);

    tcp(&f, 3000); /* segmentation offload */
    set16(ip6(&f, 6, 0) + 4, 0);
    assert_int_equal(run(&t, &s), AW_DROP_NONE);
    assert_true(s.payload.len == 3000 && s.payload_wire == 3000);

    tcp(&f, 100); /* padding */
    set16(ip6(&f, 6, 0) + 4, 20 + 60);
    assert_int_equal(run(&t, &s), AW_DROP_NONE);
    assert_true(s.payload.len == 60 && s.payload_wire == 60);

    tcp(&f, 100); /* longer than the frame */
    set16(ip6(&f, 6, 0) + 4, 20 + 600);
    assert_int_equal(run(&t, &s), AW_DROP_NONE);
    assert_true(s.payload.len == 100 && s.payload_wire == 600);

    tcp(&f, 70000); /* a jumbogram, and a trailer behind it */
    hop_by_hop_jumbo(8 + 20 + 69990);
    set16(ip6(&f, 0, 0) + 4, 0);
    assert_int_equal(run(&t, &s), AW_DROP_NONE);
    assert_true(s.payload.len == 69990 && s.payload_wire == 69990);
    assert_int_equal(decode_at(&t, 101, frame_bytes(&f), 128, 70068, 0, &s), AW_DROP_NONE);
    assert_true(s.payload.len == 60 && s.payload_wire == 69990);

    tcp(&f, 100); /* shorter than its own option */
    hop_by_hop_jumbo(7);
    set16(ip6(&f, 0, 0) + 4, 0);
    assert_int_equal(run(&t, &s), AW_DROP_IP_EXT_BAD);

    tcp(&f, 100); /* the option is not believed beside a length */
    hop_by_hop_jumbo(100000);
    ip6(&f, 0, 0);
    assert_int_equal(run(&t, &s), AW_DROP_NONE);
    assert_true(s.payload_wire == 100);

    tcp(&f, 100); /* as large as can be said */
    hop_by_hop_jumbo(UINT32_MAX);
    set16(ip6(&f, 0, 0) + 4, 0);
    assert_int_equal(run(&t, &s), AW_DROP_NONE);
    assert_true(s.payload.len == 100 && s.payload_wire == UINT32_MAX - 8 - 20);
    decoder_close(&t);
}

static void ip6_extensions(void **state)
{
    (void)state;
    static const uint8_t src[16] = {0x20, 1, 0xd, 0xb8, [15] = 1};
    static const uint8_t dst[16] = {0x20, 1, 0xd, 0xb8, [15] = 2};
    struct decoder t;
    struct aw_segment s;
    decoder_open(&t, 1 << 20);

    tcp(&f, PAYLOAD);
    tcp_sum(&f, src, dst, 16);
    FRONT(&f, 6, 4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12); /* AH */
    FRONT(&f, 51, 0, 0, 0, 0, 0, 0, 0);                          /* shim6 */
    FRONT(&f, 140, 0, 0, 0, 0, 0, 0, 0);                         /* host identity */
    FRONT(&f, 139, 0, 0, 0, 0, 0, 0, 0);                         /* mobility */
    FRONT(&f, 135, 0, 0, 0, 0, 0, 0, 9);                         /* atomic fragment */
    FRONT(&f, 44, 1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0); /* destination options */
    FRONT(&f, 60, 0, 0, 0, 0, 0, 0, 0);                          /* routing, no stop left */
    FRONT(&f, 43, 0, 1, 4, 0, 0, 0, 0);                          /* hop by hop */
    ip6(&f, 0, 0);
    assert_int_equal(run(&t, &s), AW_DROP_NONE);
    check_segment("all extension headers", &s);
    assert_false(s.bad_checksum);
    const size_t n = frame_len(&f);
    for (size_t cut = 40; cut < n - PAYLOAD - 20; cut++)
        if (decode_at(&t, 101, frame_bytes(&f), cut, n, 0, &s) == AW_DROP_NONE)
            fail_msg("a segment at %zu", cut);

    tcp(&f, PAYLOAD); /* longer than the packet */
    FRONT(&f, 6, 30, 0, 0, 0, 0, 0, 0);
    ip6(&f, 60, 0);
    assert_int_equal(run(&t, &s), AW_DROP_IP_EXT_BAD);

    static const struct {
        unsigned count;
        enum aw_drop drop;
    } chains[] = {{31, AW_DROP_NONE}, {32, AW_DROP_IP_EXT_BAD}, {1000, AW_DROP_IP_EXT_BAD}};
    for (size_t i = 0; i < sizeof chains / sizeof *chains; i++) {
        tcp(&f, PAYLOAD);
        for (unsigned k = 0; k < chains[i].count; k++)
            FRONT(&f, k ? 60 : 6, 0, 0, 0, 0, 0, 0, 0);
        ip6(&f, 60, 0);
        assert_int_equal(run(&t, &s), chains[i].drop);
    }

    tcp(&f, PAYLOAD);
    ip6(&f, 59, 0); /* no next header */
    assert_int_equal(run(&t, &s), AW_DROP_NOT_TCP);
    tcp(&f, PAYLOAD);
    ip6(&f, 50, 0);
    assert_int_equal(run(&t, &s), AW_DROP_ENCRYPTED);
    decoder_close(&t);
}

/* With stops left the connection, and the checksum, are with the last stop. */
static void ip6_routing(void **state)
{
    (void)state;
    static const struct {
        uint8_t type, left, stops;
        bool last_is_first; /* the list is in reverse */
        bool changes;
    } cases[] = {{0, 1, 2, false, true},
                 {2, 1, 1, false, true},
                 {4, 1, 2, true, true},
                 {4, 0, 2, true, false},
                 {9, 1, 2, false, false}};
    struct decoder t;
    struct aw_segment s;
    decoder_open(&t, 1 << 20);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const uint8_t src[16] = {0x20, 1, 0xd, 0xb8, [15] = 1};
        const uint8_t header[16] = {0x20, 1, 0xd, 0xb8, [15] = 2};
        const uint8_t end[16] = {0x20, 2, [15] = 7}, middle[16] = {0x20, 3};
        tcp(&f, PAYLOAD);
        tcp_sum(&f, src, cases[i].changes ? end : header, 16);
        if (cases[i].stops > 1) front(&f, cases[i].last_is_first ? middle : end, 16);
        front(&f, cases[i].stops == 1 || cases[i].last_is_first ? end : middle, 16);
        FRONT(&f, 6, (uint8_t)(cases[i].stops * 2), cases[i].type, cases[i].left, 0, 0, 0, 0);
        ip6(&f, 43, 0);
        assert_int_equal(run(&t, &s), AW_DROP_NONE);
        assert_memory_equal(s.dst.b, cases[i].changes ? end : header, 16);
        assert_false(s.bad_checksum);
    }
    decoder_close(&t);
}

/* Wrong checksums are seen, counted, and no reason to drop. Lengths around each step of the sum. */
static void checksums(void **state)
{
    (void)state;
    struct decoder t;
    struct aw_segment s;
    decoder_open(&t, 1 << 20);
    uint64_t wrong = 0;
    for (int v6 = 0; v6 <= 1; v6++) {
        for (size_t n = 0; n <= 1004; n = n < 70 ? n + 1 : n + 117) {
            tcp(&f, n);
            if (v6)
                ip6(&f, 6, 0);
            else
                ip4(&f, 6, 0);
            assert_int_equal(run(&t, &s), AW_DROP_NONE);
            if (s.bad_checksum) fail_msg("%zu bytes, right", n);
            const size_t at[] = {v6 ? 23 : 15, v6 ? 46 : 26, frame_len(&f) - 1};
            for (size_t k = 0; k < 3; k++) { /* an address, the sequence number, the last byte */
                frame_bytes(&f)[at[k]] ^= 0x40;
                assert_int_equal(run(&t, &s), AW_DROP_NONE);
                if (!s.bad_checksum) fail_msg("%zu bytes, wrong at %zu", n, at[k]);
                frame_bytes(&f)[at[k]] ^= 0x40;
                assert_int_equal(aw_wire_stats(t.w)->bad_checksum, ++wrong);
            }
            if (n > 0) { /* not all captured: not known to be wrong */
                frame_bytes(&f)[v6 ? 46 : 26] ^= 0x40;
                const size_t len = frame_len(&f);
                assert_int_equal(decode_at(&t, 101, frame_bytes(&f), len - 1, len, 0, &s),
                                 AW_DROP_NONE);
                assert_false(s.bad_checksum);
            }
        }
    }
    /* Of large segments some are looked at: where all are wrong it shows. */
    tcp(&f, 1448);
    ip4(&f, 6, 0);
    for (int i = 0; i < 640; i++)
        assert_true(run(&t, &s) == AW_DROP_NONE && !s.bad_checksum);
    frame_bytes(&f)[50] ^= 1;
    for (int i = 0; i < 640; i++)
        assert_int_equal(run(&t, &s), AW_DROP_NONE);
    assert_int_equal(aw_wire_stats(t.w)->bad_checksum, wrong + 10);
    frame_bytes(&f)[8]--; /* IP headers always */
    assert_true(run(&t, &s) == AW_DROP_NONE && s.bad_checksum);
    decoder_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ip4_lengths), cmocka_unit_test(ip4_headers),
        cmocka_unit_test(ip6_lengths), cmocka_unit_test(ip6_extensions),
        cmocka_unit_test(ip6_routing), cmocka_unit_test(checksums),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
