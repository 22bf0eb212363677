/* What stands in headers: magics, link types, the units of pcapng time stamps. */
#include "capture_file.h"

#include "source/linktype.h"
#include "source/records.h"

static void times_of_pcapng(void **state)
{
    (void)state;
    static const int64_t far = INT64_C(9223372035) * AW_SEC;
    static const struct {
        const char *name;
        uint64_t units;
        unsigned tsresol;
        int64_t offset;
        aw_ns ns;
    } rows[] = {
        {"seconds", 7, 0, 0, 7 * AW_SEC},
        {"milliseconds", 1500, 3, 0, 1500 * AW_MS},
        {"microseconds", UINT64_C(1767323045123456), 6, 0, INT64_C(1767323045123456000)},
        {"nanoseconds", UINT64_C(1767323045123456789), 9, 0, INT64_C(1767323045123456789)},
        {"picoseconds are cut", UINT64_C(1500000000999), 12, 0, INT64_C(1500000000)},
        {"10^-19", UINT64_C(10000000000000000000), 19, 0, AW_SEC},
        {"10^-20: less than a second in all", UINT64_MAX, 20, 0, 184467440},
        {"10^-28", UINT64_MAX, 28, 0, 1},
        {"10^-29", UINT64_MAX, 29, 0, 0},
        {"10^-127", UINT64_MAX, 127, 0, 0},
        {"2^-1", 3, 0x81, 0, 1500 * AW_MS},
        {"2^-0", 3, 0x80, 0, 3 * AW_SEC},
        {"2^-20", UINT64_C(1) << 19, 0x80 | 20, 0, 500 * AW_MS},
        {"2^-31", UINT64_C(0x7fffffff), 0x80 | 31, 0, 999999999},
        {"2^-32", UINT64_C(0xffffffff), 0x80 | 32, 0, 999999999},
        {"2^-33", UINT64_C(3) << 32, 0x80 | 33, 0, 1500 * AW_MS},
        {"2^-63", (UINT64_C(1) << 63) + (UINT64_C(1) << 62), 0x80 | 63, 0, 1500 * AW_MS},
        {"2^-64", UINT64_C(1) << 63, 0x80 | 64, 0, 500 * AW_MS},
        {"2^-65", UINT64_C(1) << 63, 0x80 | 65, 0, 250 * AW_MS},
        {"2^-127", UINT64_MAX, 0xff, 0, 0},
        {"offset", 1500000, 6, 100, 101 * AW_SEC + 500 * AW_MS},
        {"offset below 0", 1500000, 6, -2, -AW_SEC / 2},
        {"far future", UINT64_MAX, 0, 0, far},
        {"far future by offset", 0, 6, INT64_MAX, far},
        {"far past by offset", 0, 6, INT64_MIN, -far},
        {"both far: they do not overflow", UINT64_MAX, 0, INT64_MAX, far},
        {"opposed", UINT64_MAX, 0, INT64_MIN, -far},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const aw_ns ns = aw_pcapng_time(rows[i].units, (uint8_t)rows[i].tsresol, rows[i].offset);
        if (ns != rows[i].ns)
            fail_msg("%s: %" PRId64 ", expected %" PRId64, rows[i].name, ns, rows[i].ns);
    }
}

static void link_types(void **state)
{
    (void)state;
    static const struct {
        uint32_t written;
        uint16_t linktype;
        int dlt;
    } rows[] = {
        {1, 1, 1},
        {101, 101, 12},
        {12, 101, 12},
        {14, 101, 12},
        {11, 100, 11},
        {113, 113, 113},
        {0x50000001, 1, 1},     /* frame check sequence of 4 bytes */
        {0xfc000071, 113, 113}, /* all of the upper bits */
        {0x03000001, 0xffff, 0xffff},
        {0x0001ffff, 0xffff, 0xffff},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(aw_linktype_from(rows[i].written), rows[i].linktype);
        assert_int_equal(aw_linktype_dlt(rows[i].linktype), rows[i].dlt);
    }
}

static void magics(void **state)
{
    (void)state;
    static const struct {
        uint8_t bytes[4];
        enum aw_magic magic;
    } rows[] = {
        {{0xa1, 0xb2, 0xc3, 0xd4}, AW_MAGIC_PCAP},
        {{0xd4, 0xc3, 0xb2, 0xa1}, AW_MAGIC_PCAP},
        {{0xa1, 0xb2, 0x3c, 0x4d}, AW_MAGIC_PCAP},
        {{0x4d, 0x3c, 0xb2, 0xa1}, AW_MAGIC_PCAP},
        {{0x0a, 0x0d, 0x0d, 0x0a}, AW_MAGIC_PCAPNG},
        {{0xa1, 0xb2, 0xcd, 0x34}, AW_MAGIC_OTHER},
        {{0x34, 0xcd, 0xb2, 0xa1}, AW_MAGIC_OTHER},
        {{0x7f, 'E', 'L', 'F'}, AW_MAGIC_NONE},
        {{0, 0, 0, 0}, AW_MAGIC_NONE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(aw_magic_of(rows[i].bytes), rows[i].magic);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_of_pcapng),
        cmocka_unit_test(link_types),
        cmocka_unit_test(magics),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
