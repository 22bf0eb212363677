/*
 * Figures of the dashboard: what they say, and that they fit the eight columns they are given.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "view/inside.h"

enum { COLUMNS = 8 };

static void expect(const char *got, const char *wanted)
{
    if (strcmp(got, wanted) != 0) fail_msg("'%s' and not '%s'", got, wanted);
}

static void test_spans(void **state)
{
    static const struct {
        aw_ns ns;
        const char *text;
    } table[] = {
        {AW_NS_NONE, "-"},
        {0, "0 ms"},
        {130 * AW_MS / 1000, "0.13 ms"},
        {AW_MS * 9996 / 1000, "10 ms"},
        {999 * AW_MS, "999 ms"},
        {AW_MS * 9996 / 10, "1.000 s"},
        {1001 * AW_MS, "1.001 s"},
        {9999600000, "10.00 s"},
        {60 * AW_SEC, "60.00 s"},
        {99996 * AW_MS, "100 s"},
        {5999 * AW_SEC, "5999 s"},
        {7200 * AW_SEC, "2.0 h"},
        {864000 * AW_SEC, "10 d"},
        {-AW_MS / 4, "-0.2 ms"},
        {-10 * AW_MS, "-10 ms"},
        {-1001 * AW_MS, "-1 s"},
        {-7200 * AW_SEC, "-2 h"},
        {-864000 * AW_SEC, "-10 d"},
    };
    char to[FIGURE];
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        expect(figure_span(to, table[i].ns), table[i].text);
    /* Through all magnitudes, up to ten years. */
    for (aw_ns ns = 1; ns < 3650 * 86400 * AW_SEC; ns += ns / 1000 + 1)
        for (int sign = -1; sign <= 1; sign += 2)
            if (strlen(figure_span(to, sign * ns)) > COLUMNS)
                fail_msg("%lld: '%s'", (long long)ns, to);
}

static void test_counts_and_sizes(void **state)
{
    static const struct {
        uint64_t n;
        const char *count, *size;
    } table[] = {
        {0, "0", "0 B"},
        {999, "999", "999 B"},
        {999999, "999999", "1.0 MB"},
        {1000000, "1.00 M", "1.0 MB"},
        {999994999, "999.99 M", "1.0 GB"},
        {999995000, "1.00 G", "1.0 GB"},
        {12345678901, "12.35 G", "12.3 GB"},
    };
    char to[FIGURE];
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        expect(figure_count(to, table[i].n), table[i].count);
        expect(figure_size(to, (int64_t)table[i].n), table[i].size);
    }
    expect(figure_size(to, -1), "-");
    for (uint64_t n = 1; n < UINT64_C(999990000000); n += n / 1000 + 1) {
        if (strlen(figure_count(to, n)) > COLUMNS)
            fail_msg("%llu: '%s'", (unsigned long long)n, to);
        if (strlen(figure_size(to, (int64_t)n)) > COLUMNS)
            fail_msg("%llu B: '%s'", (unsigned long long)n, to);
    }
}

static void test_clock(void **state)
{
    char to[FIGURE];
    (void)state;
    assert_int_equal(setenv("TZ", "UTC", 1), 0);
    tzset();
    expect(figure_clock(to, 3723 * AW_SEC + 4 * AW_MS, true), "01:02:03.004");
    expect(figure_clock(to, 3723 * AW_SEC, false), "01:02:03");
    expect(figure_clock(to, -AW_MS, true), "23:59:59.999");
    expect(figure_clock(to, AW_NS_NONE, true), "-");
}

static void test_severities(void **state)
{
    (void)state;
    char marks[AW_SEV_COUNT + 1] = "";
    for (int s = 0; s < AW_SEV_COUNT; s++) {
        marks[s] = severity_mark((enum aw_severity)s);
        /* Each has a mark and a style of its own: colour is never all that tells. */
        for (int other = 0; other < s; other++) {
            assert_int_not_equal(marks[s], marks[other]);
            assert_int_not_equal(severity_style((enum aw_severity)s),
                                 severity_style((enum aw_severity)other));
        }
    }
    assert_int_equal(severity_mark(AW_SEV_COUNT), ' ');
    assert_int_equal(severity_style(AW_SEV_COUNT), AW_STYLE_PLAIN);
}

static void test_endpoints(void **state)
{
    static const uint8_t v6[16] = {0x20, 1, 0xd, 0xb8, [15] = 1};
    char to[ENDPOINT];
    (void)state;
    endpoint_text(to, (struct aw_span){v6, 16}, 8080);
    assert_string_equal(to, "[2001:db8::1]:8080");
    endpoint_text(to, (struct aw_span){v6 + 12, 4}, 80);
    assert_string_equal(to, "0.0.0.1:80");
    endpoint_text(to, (struct aw_span){NULL, 0}, 80);
    assert_string_equal(to, "?:80");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spans),     cmocka_unit_test(test_counts_and_sizes),
        cmocka_unit_test(test_clock),     cmocka_unit_test(test_severities),
        cmocka_unit_test(test_endpoints),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
