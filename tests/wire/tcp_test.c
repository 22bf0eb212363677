/* The TCP header: offsets that lie, options in every state, flags. */
#include "build.h"

static struct frame f;

static void offsets(void **state)
{
    (void)state;
    struct decoder t;
    struct aw_segment s;
    decoder_open(&t, 1 << 20);
    for (unsigned words = 0; words < 16; words++) {
        tcp(&f, PAYLOAD); /* 31 bytes: data offsets 5, 6 and 7 fit */
        frame_bytes(&f)[12] = (uint8_t)(words << 4);
        ip4(&f, 6, 0);
        const enum aw_drop drop = decode_frame(&t, 101, &f, &s);
        assert_int_equal(drop, words < 5 || words > 7 ? AW_DROP_TCP_OFFSET : AW_DROP_NONE);
        if (drop == AW_DROP_NONE) assert_int_equal(s.payload.len, 31 - words * 4);
    }
    decoder_close(&t);
}

static void fields(void **state)
{
    (void)state;
    struct decoder t;
    struct aw_segment s;
    decoder_open(&t, 1 << 20);
    tcp(&f, 0);
    uint8_t *p = frame_bytes(&f);
    set16(p, 0xfedc);
    set16(p + 2, 0xba98);
    set32(p + 4, 0xfffffffe);
    set32(p + 8, 0x80000001);
    p[13] = 0xff; /* what has no name is left out */
    set16(p + 14, 0xffff);
    ip4(&f, 6, 0);
    assert_int_equal(decode_frame(&t, 101, &f, &s), AW_DROP_NONE);
    assert_true(s.sport == 0xfedc && s.dport == 0xba98 && s.window == 0xffff);
    assert_true(s.seq == 0xfffffffe && s.ack == 0x80000001);
    assert_int_equal(s.flags, AW_TCP_FIN | AW_TCP_SYN | AW_TCP_RST | AW_TCP_PSH | AW_TCP_ACK);
    assert_true(s.payload.len == 0 && s.payload_wire == 0 && !s.has_tsval);
    assert_true(s.mss == 0 && s.wscale == 0xff && s.tsval == 0 && s.tsecr == 0);
    decoder_close(&t);
}

static void options(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint8_t bytes[40];
        size_t len;
        bool syn;
        unsigned mss, wscale;
        bool has_tsval;
    } cases[] = {
        {"of a SYN",
         {2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 7, 0, 0, 0, 8, 1, 3, 3, 7},
         20,
         true,
         1460,
         7,
         true},
        {"of a SYN, elsewhere", {2, 4, 5, 0xb4, 1, 3, 3, 7}, 8, false, 0, 0xff, false},
        {"time stamps as usual", {1, 1, 8, 10, 0, 0, 0, 7, 0, 0, 0, 8}, 12, false, 0, 0xff, true},
        {"time stamps first", {8, 10, 0, 0, 0, 7, 0, 0, 0, 8, 1, 1}, 12, false, 0, 0xff, true},
        {"time stamps and more",
         {1, 1, 8, 10, 0, 0, 0, 7, 0, 0, 0, 8, 2, 4, 5, 0xb4},
         16,
         true,
         1460,
         0xff,
         true},
        {"selective acknowledgement",
         {1, 1, 5, 10, 0, 0, 0, 7, 0, 0, 0, 8},
         12,
         false,
         0,
         0xff,
         false},
        {"behind the end", {0, 1, 2, 4, 5, 0xb4, 0, 0}, 8, true, 0, 0xff, false},
        {"length 0", {4, 0, 2, 4, 5, 0xb4, 0, 0}, 8, true, 0, 0xff, false},
        {"length 1", {4, 1, 2, 4, 5, 0xb4, 0, 0}, 8, true, 0, 0xff, false},
        {"longer than the header", {2, 4, 5, 0xb4, 8, 10, 0, 0}, 8, true, 1460, 0xff, false},
        {"of another length", {2, 3, 5, 3, 4, 0, 0, 8, 4, 0, 0, 0}, 12, true, 0, 0xff, false},
        {"a lone kind at the end", {1, 1, 1, 2}, 4, true, 0, 0xff, false},
    };
    struct decoder t;
    struct aw_segment s;
    decoder_open(&t, 1 << 20);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tcp_with(&f, cases[i].bytes, cases[i].len, PAYLOAD);
        if (cases[i].syn) frame_bytes(&f)[13] = AW_TCP_SYN;
        ip4(&f, 6, 0);
        const char *name = cases[i].name;
        assert_int_equal(decode_frame(&t, 101, &f, &s), AW_DROP_NONE);
        if (s.mss != cases[i].mss || s.wscale != cases[i].wscale) fail_msg("%s: of the SYN", name);
        if (s.has_tsval != cases[i].has_tsval) fail_msg("%s: time stamps", name);
        if (s.tsval != (s.has_tsval ? 7 : 0) || s.tsecr != (s.has_tsval ? 8 : 0))
            fail_msg("%s", name);
        assert_true(s.payload.len == PAYLOAD && !s.bad_checksum);

        /* Cut by the snap length: what was captured counts, and the sent length is known. */
        const size_t n = frame_len(&f);
        for (size_t kept = 0; kept <= cases[i].len; kept++) {
            assert_int_equal(decode_at(&t, 101, frame_bytes(&f), 40 + kept, n, 0, &s),
                             AW_DROP_NONE);
            if (s.payload.len != 0 || s.payload_wire != PAYLOAD) fail_msg("%s at %zu", name, kept);
            if (s.has_tsval && !cases[i].has_tsval) fail_msg("%s at %zu", name, kept);
        }
    }
    decoder_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offsets),
        cmocka_unit_test(fields),
        cmocka_unit_test(options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
