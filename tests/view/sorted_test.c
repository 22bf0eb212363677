/*
 * The order of rows: equal to a plain sort, whatever the size of the steps, with rows that come
 * while it is made and after, and with rows that are let go.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "view/sorted.h"

static uint32_t next_random(uint32_t *seed)
{
    return *seed = *seed * 1664525u + 1013904223u;
}

static void add_row(struct aw_rows *r, uint32_t *seed)
{
    static struct aw_exchange x;
    char target[40], host[40];
    memset(&x, 0, sizeof x);
    const uint32_t n = next_random(seed) >> 8;
    x.status = (uint16_t)(n % 5);
    x.conn.addr[AW_C2S].b[3] = (uint8_t)(n % 11);
    x.conn.addr[AW_S2C].v6 = n % 3 == 0;
    x.conn.addr[AW_S2C].b[0] = (uint8_t)(n % 13);
    x.at[AW_AT_REQ_FIRST] = (struct aw_mark){.ts = n % 1000, .ord = 1, .ref = 1};
    (void)snprintf(host, sizeof host, "h%u", n % 17);
    x.text[AW_TEXT_HOST] = (struct aw_span){(uint8_t *)host, strlen(host)};
    (void)snprintf(target, sizeof target, "/the/same/beginning/%u", n % 50);
    static struct aw_verdict v;
    v.severity = n % 19 == 0 ? AW_SEV_ERROR : AW_SEV_OK;
    const struct aw_record rec = {.ex = &x, .verdict = &v};
    assert_true(aw_rows_add(r, &rec, (struct aw_span){(uint8_t *)target, strlen(target)},
                            n % 7 ? (aw_ns)(n % 100) : AW_NS_NONE, 0));
}

static int64_t number_of(enum aw_column by, const struct aw_row *row)
{
    return by == AW_COL_TIME     ? row->time
           : by == AW_COL_STATUS ? row->status
           : by == AW_COL_WAIT   ? row->wait
                                 : 0;
}

/* Negative where a comes before b, going up; arrival does not count. */
static int compare(const struct aw_rows *r, enum aw_column by, uint64_t a, uint64_t b)
{
    const struct aw_row *p = aw_rows_at(r, a), *q = aw_rows_at(r, b);
    if (by == AW_COL_REQUEST) {
        char s[64] = "", t[64] = "";
        memcpy(s, p->target, p->target_len);
        memcpy(t, q->target, q->target_len);
        return strcmp(s, t);
    }
    if (by == AW_COL_HOST) {
        char s[64] = "", t[64] = "";
        memcpy(s, aw_rows_word(r, p->host).p, aw_rows_word(r, p->host).len);
        memcpy(t, aw_rows_word(r, q->host).p, aw_rows_word(r, q->host).len);
        return strcmp(s, t);
    }
    const int64_t m = number_of(by, p), n = number_of(by, q);
    return m < n ? -1 : m > n;
}

static void expect_order(const struct aw_sorted *o, const struct aw_rows *r, enum aw_column by,
                         bool down, size_t count)
{
    assert_int_equal(aw_sorted_count(o), count);
    for (size_t i = 1; i < count; i++) {
        const uint64_t a = aw_sorted_at(o, i - 1), b = aw_sorted_at(o, i);
        const int c = compare(r, by, a, b);
        if (down ? c < 0 : c > 0) fail_msg("column %d: row %zu is out of order", (int)by, i);
        if (c == 0) assert_true(a < b);
    }
}

static void test_any_step(void **state)
{
    static const enum aw_column columns[] = {AW_COL_TIME, AW_COL_STATUS, AW_COL_WAIT,
                                             AW_COL_REQUEST, AW_COL_HOST};
    static const size_t steps[] = {1, 7, 64, 100000};
    (void)state;
    for (size_t c = 0; c < sizeof columns / sizeof *columns; c++) {
        for (size_t s = 0; s < sizeof steps / sizeof *steps; s++) {
            for (int down = 0; down < 2; down++) {
                uint32_t seed = 7;
                struct aw_rows *r = aw_rows_new(NULL, 4 << 20);
                struct aw_sorted *o = aw_sorted_new();
                for (int i = 0; i < 700; i++)
                    add_row(r, &seed);
                aw_sorted_start(o, columns[c], down, NULL, NULL);
                /* Some come while it is made, some when it is done; words among them that had no
                 * rank at the start. */
                for (int i = 0; aw_sorted_step(o, r, steps[s]); i++)
                    if (i < 20 && columns[c] != AW_COL_HOST) add_row(r, &seed);
                const size_t first = (size_t)aw_rows_end(r);
                expect_order(o, r, columns[c], down, first);
                for (int i = 0; i < 33 && columns[c] != AW_COL_HOST; i++)
                    add_row(r, &seed);
                while (aw_sorted_step(o, r, steps[s]))
                    ;
                expect_order(o, r, columns[c], down, (size_t)aw_rows_end(r));
                aw_sorted_free(o);
                aw_rows_free(r);
            }
        }
    }
}

/* The first page is right as soon as all rows were looked at, before they are sorted. */
static void test_first_page_at_once(void **state)
{
    uint32_t seed = 3;
    struct aw_rows *r = aw_rows_new(NULL, 8 << 20);
    struct aw_sorted *o = aw_sorted_new();
    (void)state;
    for (int i = 0; i < 20000; i++)
        add_row(r, &seed);
    aw_sorted_start(o, AW_COL_TIME, true, NULL, NULL);
    assert_true(aw_sorted_step(o, r, 20000));
    assert_false(aw_sorted_ready(o));
    uint64_t page[50];
    for (size_t i = 0; i < 50; i++)
        page[i] = aw_sorted_at(o, i);
    while (aw_sorted_step(o, r, 1000))
        ;
    for (size_t i = 0; i < 50; i++)
        assert_int_equal(page[i], aw_sorted_at(o, i));
    assert_int_equal(aw_sorted_find(o, page[9]), 9);
    assert_int_equal(aw_sorted_percent(o), 100);
    aw_sorted_free(o);
    aw_rows_free(r);
}

static bool only_some(void *ctx, const struct aw_rows *rows, uint64_t number,
                      const struct aw_row *row)
{
    (void)rows;
    (void)number;
    return row->status == *(const uint16_t *)ctx;
}

static void test_filters(void **state)
{
    uint32_t seed = 5;
    uint16_t want = 3;
    size_t count = 0;
    struct aw_rows *r = aw_rows_new(NULL, 8 << 20);
    struct aw_sorted *o = aw_sorted_new();
    (void)state;
    for (int i = 0; i < 5000; i++)
        add_row(r, &seed);
    for (uint64_t i = 0; i < 5000; i++)
        count += aw_rows_at(r, i)->status == want;
    aw_sorted_start(o, AW_COL_TIME, false, only_some, &want);
    while (aw_sorted_step(o, r, 100))
        ;
    expect_order(o, r, AW_COL_TIME, false, count);
    aw_sorted_free(o);
    aw_rows_free(r);
}

/* A store that lets go of rows under a finished order. */
static void test_rows_that_go(void **state)
{
    uint32_t seed = 9;
    struct aw_rows *r = aw_rows_new(NULL, 1 << 20);
    struct aw_sorted *o = aw_sorted_new();
    (void)state;
    aw_sorted_start(o, AW_COL_STATUS, true, NULL, NULL);
    for (int i = 0; i < 30000; i++) {
        add_row(r, &seed);
        if (i % 100 == 0)
            while (aw_sorted_step(o, r, 500))
                ;
    }
    while (aw_sorted_step(o, r, 500))
        ;
    assert_true(aw_rows_let_go(r) > 0 && aw_rows_begin(r) < aw_rows_whole(r));
    expect_order(o, r, AW_COL_STATUS, true, (size_t)aw_rows_count(r));
    /* More failing ones than there is room for, under the order and in a fresh one. */
    for (int i = 0; i < 200000; i++) {
        add_row(r, &seed);
        if (i % 1000 == 0)
            while (aw_sorted_step(o, r, 500))
                ;
    }
    while (aw_sorted_step(o, r, 500))
        ;
    assert_true(aw_rows_failing_let_go(r) > 0);
    expect_order(o, r, AW_COL_STATUS, true, (size_t)aw_rows_count(r));
    aw_sorted_start(o, AW_COL_REQUEST, false, NULL, NULL);
    while (aw_sorted_step(o, r, 500))
        ;
    expect_order(o, r, AW_COL_REQUEST, false, (size_t)aw_rows_count(r));
    aw_sorted_free(o);
    aw_rows_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_step),
        cmocka_unit_test(test_first_page_at_once),
        cmocka_unit_test(test_filters),
        cmocka_unit_test(test_rows_that_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
