/* The figures of a run: sums, order, groups and their limits, and memory that runs out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../sink/fixture.h"

static const struct aw_group *group_named(const struct aw_group *const *g, size_t n,
                                          const char *key)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(g[i]->key, key) == 0) return g[i];
    return NULL;
}

static void sums_and_order(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    struct aw_summary *s = aw_summary_new(NULL);
    assert_non_null(s);

    aw_summary_add(s, &f.rec); /* warning, expect-refused */
    f.verdict.severity = AW_SEV_ERROR;
    f.verdict.cost = (struct aw_cost){.stall = 2 * AW_SEC, .wasted = 700, .saved = -1};
    f.ex.text[AW_TEXT_USER_AGENT] = (struct aw_span){.p = NULL};
    aw_summary_add(s, &f.rec); /* error of the same cause: an entry of its own */
    f.verdict.severity = AW_SEV_OK;
    f.verdict.cause = AW_CAUSE_CONTINUED;
    f.verdict.cost = (struct aw_cost){0};
    f.ex.text[AW_TEXT_HOST] = span("other.example");
    aw_summary_add(s, &f.rec);
    f.rec.verdict = NULL; /* no expectation: not counted here */
    aw_summary_add(s, &f.rec);

    assert_int_equal(aw_summary_expectation(s), 3);
    assert_int_equal(aw_summary_failing(s), 2);
    assert_int_equal(aw_summary_severity(s, AW_SEV_ERROR), 1);
    assert_int_equal(aw_summary_severity(s, AW_SEV_UNKNOWN), 0);

    struct aw_cause_total c[4];
    assert_int_equal(aw_summary_causes(s, c, 2), 3);
    assert_int_equal(c[0].severity, AW_SEV_ERROR);
    assert_int_equal(c[0].stall, 2 * AW_SEC);
    assert_int_equal(c[0].wasted, 700);
    assert_int_equal(c[1].severity, AW_SEV_WARNING);
    assert_int_equal(c[1].cause, AW_CAUSE_EXPECT_REFUSED);
    assert_int_equal(aw_summary_causes(s, NULL, 0), 3);

    const struct aw_group *const *g;
    assert_int_equal(aw_summary_servers(s, &g), 2);
    assert_string_equal(g[0]->key, "10.0.0.2:80 h");
    assert_string_equal(g[0]->product, "lighttpd/1.4.20");
    assert_int_equal(g[0]->exchanges, 2);
    assert_int_equal(g[0]->failing, 2);
    assert_int_equal(g[0]->saved, 1048576);
    assert_int_equal(g[0]->wasted, 700);
    assert_int_equal(g[0]->cause[AW_CAUSE_EXPECT_REFUSED], 2);
    assert_int_equal(aw_hist_count(g[0]->latency[AW_LAT_FINAL]), 2);
    assert_string_equal(g[1]->key, "10.0.0.2:80 other.example");

    const size_t n = aw_summary_clients(s, &g);
    assert_int_equal(n, 2);
    assert_non_null(group_named(g, n, "curl/8.5.0"));
    assert_int_equal(group_named(g, n, "(none)")->exchanges, 2);
    assert_int_equal(aw_hist_max(aw_summary_latency(s, AW_LAT_FINAL)), 10101000);
    aw_summary_free(s);
}

static void keys_are_printable(void **state)
{
    (void)state;
    static const struct {
        const char *name, *host, *agent, *server_key, *client_key;
        bool v6;
    } rows[] = {
        {"plain", "h:8080", "Go-http-client/1.1 (x)", "10.0.0.2:80 h:8080", "Go-http-client/1.1",
         false},
        {"IPv6", "h", "curl/7.88.1", "[a00:2::]:80 h", "curl/7.88.1", true},
        {"no host", "", " \t", "10.0.0.2:80", "(none)", false},
        {"escapes", "a\x1b]0;x\x07", "x\x7f/1", "10.0.0.2:80 a\\x1b]0;x\\x07", "x\\x7f/1", false},
        {"high bytes", "h\xc3\xa9", "\xff/2", "10.0.0.2:80 h\\xc3\\xa9", "\\xff/2", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fixture f;
        fixture_init(&f);
        f.ex.text[AW_TEXT_HOST] = span(rows[i].host);
        f.ex.text[AW_TEXT_USER_AGENT] = span(rows[i].agent);
        f.ex.conn.addr[AW_S2C].v6 = rows[i].v6;
        if (rows[i].v6) memcpy(f.ex.conn.addr[AW_S2C].b, (const uint8_t[16]){0x0a, 0, 0, 2}, 16);
        struct aw_summary *s = aw_summary_new(NULL);
        const struct aw_group *const *g;
        aw_summary_add(s, &f.rec);
        assert_int_equal(aw_summary_servers(s, &g), 1);
        assert_string_equal(g[0]->key, rows[i].server_key);
        assert_int_equal(aw_summary_clients(s, &g), 1);
        assert_string_equal(g[0]->key, rows[i].client_key);
        aw_summary_free(s);
    }
}

static void product_seen_later_is_kept(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    struct aw_summary *s = aw_summary_new(NULL);
    const struct aw_group *const *g;
    f.ex.text[AW_TEXT_SERVER] = (struct aw_span){.p = NULL};
    aw_summary_add(s, &f.rec);
    assert_int_equal(aw_summary_servers(s, &g), 1);
    assert_string_equal(g[0]->product, "");
    f.ex.text[AW_TEXT_SERVER] = span("Apache/2.4.57 (Debian)");
    aw_summary_add(s, &f.rec);
    assert_int_equal(aw_summary_servers(s, &g), 1);
    assert_string_equal(g[0]->product, "Apache/2.4.57");
    assert_int_equal(g[0]->exchanges, 2);
    assert_int_equal(aw_hist_count(g[0]->latency[AW_LAT_FINAL]), 2);
    aw_summary_free(s);
}

static void groups_are_bounded(void **state)
{
    (void)state;
    enum { MANY = AW_GROUPS_MAX + 500 };
    struct fixture f;
    fixture_init(&f);
    struct aw_summary *s = aw_summary_new(NULL);
    static char host[MANY][4096];
    for (int i = 0; i < MANY; i++) {
        const int n = snprintf(host[i], sizeof host[i], "host-%d.", i);
        memset(host[i] + n, 'x', sizeof host[i] - (size_t)n - 1); /* longer than any key may be */
        f.ex.text[AW_TEXT_HOST] = span(host[i]);
        aw_summary_add(s, &f.rec);
    }
    const struct aw_group *const *g;
    const size_t n = aw_summary_servers(s, &g);
    assert_int_equal(n, AW_GROUPS_MAX + 1);
    uint64_t all = 0;
    for (size_t i = 0; i < n; i++) {
        all += g[i]->exchanges;
        assert_true(strlen(g[i]->key) < 400);
    }
    assert_int_equal(all, MANY);
    assert_string_equal(g[0]->key, "other"); /* most failing exchanges of all */
    assert_int_equal(g[0]->exchanges, 500);
    aw_summary_free(s);
}

/* An allocator that gives out `left` blocks and then none. */
static void *scarce_get(void *ctx, size_t size)
{
    int *left = ctx;
    if (*left <= 0) return NULL;
    --*left;
    return malloc(size);
}

static void *scarce_resize(void *ctx, void *p, size_t size)
{
    (void)ctx;
    return realloc(p, size);
}

static void scarce_put(void *ctx, void *p)
{
    (void)ctx;
    free(p);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    for (int allowed = 0; allowed < 40; allowed++) {
        int left = allowed;
        const struct aw_alloc a = {
            .ctx = &left, .get = scarce_get, .resize = scarce_resize, .put = scarce_put};
        struct aw_summary *s = aw_summary_new(&a);
        if (!s) {
            assert_true(allowed < 4); /* itself and three histograms */
            continue;
        }
        struct fixture f;
        fixture_init(&f);
        aw_summary_add(s, &f.rec);
        f.ex.text[AW_TEXT_HOST] = span("second");
        aw_summary_add(s, &f.rec);
        const struct aw_group *const *g;
        uint64_t all = 0;
        const size_t n = aw_summary_servers(s, &g);
        for (size_t i = 0; i < n; i++)
            all += g[i]->exchanges;
        assert_int_equal(all, 2); /* counted, by name or as "other" */
        assert_int_equal(aw_summary_expectation(s), 2);
        aw_summary_free(s);
    }
}

/* Groups without number, each with latencies all over the scale: memory ends before the groups do,
 * and the figures of the whole run stay complete. */
static void group_memory_is_bounded(void **state)
{
    (void)state;
    enum { ROUNDS = 47 };
    struct fixture f;
    fixture_init(&f);
    struct aw_summary *s = aw_summary_new(NULL);
    char host[32];
    f.ex.text[AW_TEXT_HOST] = f.ex.text[AW_TEXT_USER_AGENT] = span("");
    for (int e = 0; e < ROUNDS; e++) {
        for (int i = 0; i < AW_GROUPS_MAX; i++) {
            (void)snprintf(host, sizeof host, "%d", i);
            f.ex.text[AW_TEXT_HOST] = f.ex.text[AW_TEXT_USER_AGENT] = span(host);
            f.ex.at[AW_AT_FINAL].ts = T0 + (INT64_C(1) << e);
            aw_summary_add(s, &f.rec);
        }
    }
    const uint64_t all = (uint64_t)ROUNDS * AW_GROUPS_MAX;
    assert_int_equal(aw_hist_count(aw_summary_latency(s, AW_LAT_FINAL)), all);
    assert_true(aw_summary_lost(s) > 0);
    const struct aw_group *const *g;
    uint64_t exchanges = 0, kept = 0;
    size_t n = aw_summary_servers(s, &g);
    for (size_t i = 0; i < n; i++) {
        exchanges += g[i]->exchanges;
        for (int k = 0; k < AW_LAT_COUNT; k++)
            kept += g[i]->latency[k] ? aw_hist_count(g[i]->latency[k]) : 0;
    }
    assert_int_equal(exchanges, all);
    n = aw_summary_clients(s, &g);
    for (size_t i = 0; i < n; i++)
        for (int k = 0; k < AW_LAT_COUNT; k++)
            kept += g[i]->latency[k] ? aw_hist_count(g[i]->latency[k]) : 0;
    /* The example has two latencies, the time to the 100 and that to the final response. */
    assert_int_equal(kept + aw_summary_lost(s), 2 * 2 * all);
    aw_summary_free(s);
}

static size_t held;
static void *count_get(void *ctx, size_t size)
{
    (void)ctx;
    held += size;
    return malloc(size);
}
static void *count_resize(void *ctx, void *p, size_t size)
{
    (void)ctx;
    return realloc(p, size);
}
static void count_put(void *ctx, void *p)
{
    (void)ctx;
    free(p);
}

/* Of what the run may take groups take an eighth, and not more than their own limit. */
static void groups_take_a_share(void **state)
{
    (void)state;
    static const struct {
        size_t memory, most;
    } row[] = {{0, AW_GROUPS_MEMORY},
               {(size_t)1 << 30, AW_GROUPS_MEMORY},
               {16 << 20, 2 << 20},
               {1 << 20, 1 << 20}};
    const struct aw_alloc alloc = {.get = count_get, .resize = count_resize, .put = count_put};
    struct fixture f;
    fixture_init(&f);
    char host[32];
    for (size_t r = 0; r < sizeof row / sizeof *row; r++) {
        struct aw_summary *s = aw_summary_new(&alloc);
        aw_summary_memory(s, row[r].memory);
        held = 0;
        for (int e = 0; e < 47; e++) {
            for (int i = 0; i < AW_GROUPS_MAX; i++) {
                (void)snprintf(host, sizeof host, "%d", i);
                f.ex.text[AW_TEXT_HOST] = f.ex.text[AW_TEXT_USER_AGENT] = span(host);
                f.ex.at[AW_AT_FINAL].ts = T0 + (INT64_C(1) << e);
                aw_summary_add(s, &f.rec);
            }
        }
        /* Those of the whole run, one of each octave, come on top. */
        assert_in_range(held, row[r].most - 8192, row[r].most + (48 << 10));
        assert_true(aw_summary_lost(s) > 0);
        aw_summary_free(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_and_order),
        cmocka_unit_test(keys_are_printable),
        cmocka_unit_test(product_seen_later_is_kept),
        cmocka_unit_test(groups_are_bounded),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(group_memory_is_bounded),
        cmocka_unit_test(groups_take_a_share),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
