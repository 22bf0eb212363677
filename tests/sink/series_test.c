/* Counts over time: nothing is lost, the bins stay within bounds, and order does not matter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sink/series.h"

#define T0 INT64_C(1767323045123456789)

static const struct {
    const char *name;
    unsigned count;
    aw_ns at[8];
} rows[] = {
    {"one", 1, {T0}},
    {"at once", 3, {T0, T0, T0}},
    {"a second", 4, {T0, T0 + 300 * AW_MS, T0 + 700 * AW_MS, T0 + AW_SEC}},
    {"a week", 3, {T0, T0 + 3600 * AW_SEC, T0 + 7 * 86400 * AW_SEC}},
    {"around 1970", 4, {-AW_SEC, -1, 0, AW_SEC}},
    {"all of time", 4, {INT64_MIN + 1, -1, 1, INT64_MAX}},
    {"just one bin too many", 2, {0, AW_SERIES_BINS *AW_MS}},
    {"just not", 2, {0, AW_SERIES_BINS *AW_MS - 1}},
};

static void check(const char *name, const struct aw_series *s, unsigned count)
{
    uint64_t sum = 0;
    if (s->bins == 0 || s->bins > AW_SERIES_BINS) fail_msg("%s: %u bins", name, s->bins);
    for (unsigned i = 0; i < AW_SERIES_BINS; i++)
        for (unsigned k = 0; k < AW_SERIES_KINDS; k++) {
            if (i >= s->bins && s->bin[i][k]) fail_msg("%s: a count beyond the bins", name);
            sum += s->bin[i][k];
        }
    if (sum != count) fail_msg("%s: %u of %u counted", name, (unsigned)sum, count);
}

static void order_does_not_matter(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct aw_series up = {.width = 0}, down = {.width = 0};
        for (unsigned k = 0; k < rows[i].count; k++) {
            aw_series_add(&up, rows[i].at[k], k % AW_SERIES_KINDS);
            const unsigned back = rows[i].count - 1 - k;
            aw_series_add(&down, rows[i].at[back], back % AW_SERIES_KINDS);
        }
        check(rows[i].name, &up, rows[i].count);
        if (memcmp(&up, &down, sizeof up) != 0) fail_msg("%s: the order shows", rows[i].name);
    }
}

static void bins_are_as_narrow_as_they_can_be(void **state)
{
    (void)state;
    struct aw_series s = {.width = 0};
    aw_series_add(&s, 0, 0);
    aw_series_add(&s, AW_SERIES_BINS * AW_MS - 1, 1);
    assert_int_equal(s.width, AW_MS);
    assert_int_equal(s.bins, AW_SERIES_BINS);
    aw_series_add(&s, AW_SERIES_BINS * AW_MS, 2);
    assert_int_equal(s.width, 2 * AW_MS);
    assert_int_equal(s.bins, AW_SERIES_BINS / 2 + 1);
    assert_int_equal(s.bin[0][0], 1);
    assert_int_equal(s.bin[AW_SERIES_BINS / 2 - 1][1], 1);
    assert_int_equal(s.bin[AW_SERIES_BINS / 2][2], 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_does_not_matter),
        cmocka_unit_test(bins_are_as_narrow_as_they_can_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
