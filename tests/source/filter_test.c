/* BPF filters: a program a link type, and expressions that suit some link types only. */
#include "capture_file.h"

/* UDP from 10.0.0.1 port 1000 to 10.0.0.2 port 53, as raw IPv4. */
static const uint8_t ip[] = {0x45, 0, 0,  28, 0, 0, 0, 0,   64, 17, 0, 0, 10, 0,
                             0,    1, 10, 0,  0, 2, 3, 232, 0,  53, 0, 8, 0,  0};

static size_t frame(uint8_t *to, uint16_t linktype)
{
    static const uint8_t ethernet[14] = {2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0};
    const size_t n = linktype == 1 ? sizeof ethernet : 0;
    memcpy(to, ethernet, n);
    memcpy(to + n, ip, sizeof ip);
    return n + sizeof ip;
}

static void filters_match(void **state)
{
    (void)state;
    static const struct {
        const char *expression;
        uint16_t linktype;
        bool match, fit;
    } rows[] = {
        {"udp port 53", 1, true, true},
        {"udp port 53", 101, true, true},
        {"tcp", 1, false, true},
        {"tcp", 101, false, true},
        {"", 101, true, true},
        {"len > 27", 101, true, true},
        {"len > 28", 101, false, true},
        {"len > 28", 1, true, true},
        {"host 10.0.0.2 and not port 80", 101, true, true},
        {"ether host 02:00:00:00:00:01", 1, true, true},
        {"ether host 02:00:00:00:00:01", 101, false, false},
        {"wlan type data", 105, false, true}, /* for no other link type */
        {"wlan type data", 1, false, false},
        {"udp port 53", 60000, false, false}, /* no such link type */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char err[256] = "";
        uint8_t bytes[64];
        struct aw_filter *first = aw_filter_new(rows[i].expression, err, sizeof err);
        if (!first) fail_msg("%s: %s", rows[i].expression, err);
        struct aw_filter *copy = aw_filter_copy(first);
        assert_non_null(copy);
        const uint32_t n = (uint32_t)frame(bytes, rows[i].linktype);
        const struct aw_packet p = {
            .data = bytes, .cap_len = n, .wire_len = n, .linktype = rows[i].linktype};
        for (unsigned of = 0; of < 2; of++) {
            struct aw_filter *f = of == 0 ? first : copy;
            for (unsigned again = 0; again < 2; again++)
                if (aw_filter_match(f, &p) != rows[i].match)
                    fail_msg("\"%s\" on link type %u", rows[i].expression, rows[i].linktype);
            const char *why;
            assert_int_equal(aw_filter_unfit(f, &why), rows[i].fit ? 0 : 2);
            assert_int_equal(why == NULL, rows[i].fit);
            aw_filter_free(f);
        }
    }
}

/* Packets of several link types in turn, cut ones among them. */
static void link_types_in_turn(void **state)
{
    (void)state;
    char err[256];
    static const uint16_t types[] = {1, 101, 60000, 1, 60001, 101, 105, 101};
    unsigned matched = 0;
    struct aw_filter *f = aw_filter_new("ip and udp", err, sizeof err);
    assert_non_null(f);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        uint8_t bytes[64];
        const uint32_t n = (uint32_t)frame(bytes, types[i]);
        struct aw_packet p = {.data = bytes, .cap_len = n, .wire_len = n, .linktype = types[i]};
        matched += aw_filter_match(f, &p);
        p.cap_len = 3;
        assert_false(aw_filter_match(f, &p));
        p.cap_len = 0;
        assert_false(aw_filter_match(f, &p));
    }
    assert_int_equal(matched, 5);
    assert_int_equal(aw_filter_unfit(f, NULL), 6);
    aw_filter_free(f);
}

static void what_does_not_compile(void **state)
{
    (void)state;
    static const char *const rows[] = {"tcp prt 80", "((", "port 99999999", "host 1.2.3.4.5.6"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char err[256] = "";
        assert_null(aw_filter_new(rows[i], err, sizeof err));
        assert_true(strlen(err) > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(filters_match),
        cmocka_unit_test(link_types_in_turn),
        cmocka_unit_test(what_does_not_compile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
