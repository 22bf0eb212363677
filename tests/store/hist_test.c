/* Histograms: against exact percentiles, at the edges of buckets, and added up over two runs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "await100.h"

enum { COUNT = 20000 };

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static int ascending(const void *a, const void *b)
{
    const aw_ns x = *(const aw_ns *)a, y = *(const aw_ns *)b;
    return x < y ? -1 : x > y;
}

static aw_ns uniform(uint64_t *state)
{
    return (aw_ns)(next_random(state) % (uint64_t)(5 * AW_SEC)) + 1;
}

/* As many values in each octave from 1 ns to 39 hours. */
static aw_ns over_octaves(uint64_t *state)
{
    const unsigned e = (unsigned)(next_random(state) % 47);
    return (aw_ns)((UINT64_C(1) << e) + (next_random(state) & ((UINT64_C(1) << e) - 1)));
}

static aw_ns two_modes(uint64_t *state)
{
    return next_random(state) % 10 ? 120 * AW_US : 1001 * AW_MS;
}

static const struct {
    const char *name;
    aw_ns (*value)(uint64_t *state);
} distributions[] = {
    {"uniform to 5 s", uniform}, {"every octave", over_octaves}, {"two modes", two_modes}};

static void percentiles_within_one_percent(void **state)
{
    (void)state;
    static const double percents[] = {0, 1, 10, 50, 90, 99, 99.9, 100};
    for (size_t d = 0; d < sizeof distributions / sizeof distributions[0]; d++) {
        uint64_t seed = 88172645463325252u;
        aw_ns *all = malloc(COUNT * sizeof *all);
        struct aw_hist *h = aw_hist_new(NULL);
        assert_non_null(all);
        assert_non_null(h);
        for (size_t i = 0; i < COUNT; i++) {
            all[i] = distributions[d].value(&seed);
            aw_hist_add(h, all[i]);
        }
        qsort(all, COUNT, sizeof *all, ascending);
        assert_int_equal(aw_hist_count(h), COUNT);
        assert_int_equal(aw_hist_max(h), all[COUNT - 1]);
        for (size_t p = 0; p < sizeof percents / sizeof percents[0]; p++) {
            double rank = percents[p] / 100 * COUNT;
            size_t at = (size_t)rank;
            if ((double)at < rank || at == 0) at++;
            const double exact = (double)all[at - 1];
            const double got = (double)aw_hist_percentile(h, percents[p]);
            if (got < exact * 0.99 - 1 || got > exact * 1.01 + 1)
                fail_msg("%s, p%g: %g instead of %g", distributions[d].name, percents[p], got,
                         exact);
        }
        aw_hist_free(h);
        free(all);
    }
}

static void bucket_borders(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        aw_ns value;
        int bucket;
    } rows[] = {
        {"negative counts as 1", -5, 0},
        {"no time", 0, 0},
        {"1 ns", 1, 0},
        {"2 ns", 2, 64},
        {"3 ns", 3, 64 + 32},
        {"last of an octave", 127, 6 * 64 + 63},
        {"first of the next", 128, 7 * 64},
        {"within the first step", 129, 7 * 64},
        {"second step", 130, 7 * 64 + 1},
        {"last bucket", (INT64_C(1) << 48) - 1, AW_HIST_BUCKETS - 1},
        {"beyond the table", INT64_MAX, AW_HIST_BUCKETS - 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct aw_hist *h = aw_hist_new(NULL);
        assert_non_null(h);
        aw_hist_add(h, rows[i].value);
        int b = -1;
        uint64_t n = 0;
        assert_true(aw_hist_next(h, &b, &n));
        if (b != rows[i].bucket) fail_msg("%s: bucket %d", rows[i].name, b);
        assert_int_equal(n, 1);
        assert_false(aw_hist_next(h, &b, &n));
        /* A single value is known exactly. */
        assert_int_equal(aw_hist_percentile(h, 50), rows[i].value < 1 ? 1 : rows[i].value);
        aw_hist_free(h);
    }
}

static void empty_has_no_percentile(void **state)
{
    (void)state;
    struct aw_hist *h = aw_hist_new(NULL);
    assert_non_null(h);
    int b = -1;
    uint64_t n;
    assert_true(aw_hist_percentile(h, 50) == AW_NS_NONE);
    assert_true(aw_hist_max(h) == AW_NS_NONE);
    assert_false(aw_hist_next(h, &b, &n));
    aw_hist_free(h);
    aw_hist_free(NULL);
}

static void sum_is_exact_until_it_is_full(void **state)
{
    (void)state;
    struct aw_hist *h = aw_hist_new(NULL);
    assert_non_null(h);
    assert_int_equal(aw_hist_sum(h), 0);
    aw_hist_add(h, 1001459135);
    aw_hist_add(h, 7);
    aw_hist_add(h, -3); /* counts as 1 */
    assert_int_equal(aw_hist_sum(h), 1001459143);
    aw_hist_add(h, INT64_MAX);
    aw_hist_add(h, INT64_MAX);
    assert_true(aw_hist_sum(h) == UINT64_MAX);
    aw_hist_free(h);
}

/* Buckets of two runs, added, are those of one run over both. */
static void buckets_add_up(void **state)
{
    (void)state;
    static uint64_t sum[AW_HIST_BUCKETS];
    uint64_t seed = 1234567;
    struct aw_hist *part[2] = {aw_hist_new(NULL), aw_hist_new(NULL)}, *whole = aw_hist_new(NULL);
    for (int i = 0; i < 5000; i++) {
        const aw_ns v = over_octaves(&seed);
        aw_hist_add(part[i % 3 == 0], v);
        aw_hist_add(whole, v);
    }
    uint64_t n;
    for (int k = 0; k < 2; k++)
        for (int b = -1; aw_hist_next(part[k], &b, &n);)
            sum[b] += n;
    for (int b = -1; aw_hist_next(whole, &b, &n);) {
        assert_int_equal(sum[b], n);
        sum[b] = 0;
    }
    for (int b = 0; b < AW_HIST_BUCKETS; b++)
        assert_int_equal(sum[b], 0);
    aw_hist_free(part[0]);
    aw_hist_free(part[1]);
    aw_hist_free(whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(percentiles_within_one_percent),
        cmocka_unit_test(bucket_borders),
        cmocka_unit_test(empty_has_no_percentile),
        cmocka_unit_test(sum_is_exact_until_it_is_full),
        cmocka_unit_test(buckets_add_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
