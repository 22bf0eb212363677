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
    /* Some as long as addresses are. */
    static const int width[] = {1, 3, 15};
    (void)snprintf(host, sizeof host, "h%0*u", width[n % 3], n % 17);
    x.text[AW_TEXT_HOST] = (struct aw_span){(uint8_t *)host, strlen(host)};
    static const char *const agents[] = {"curl/8.0", "Wget/1.21", "none of these", "python/3"};
    const char *agent = agents[n / 7 % 4], *server = n % 2 ? "nginx/1.22" : "Apache/2.4";
    x.text[AW_TEXT_USER_AGENT] = (struct aw_span){(const uint8_t *)agent, strlen(agent)};
    x.text[AW_TEXT_SERVER] = (struct aw_span){(const uint8_t *)server, strlen(server)};
    x.conn.port[AW_C2S] = (uint16_t)(n % 7 + 40000);
    x.conn.port[AW_S2C] = (uint16_t)(n % 3 + 80);
    x.sent = n % 31;
    x.at[AW_AT_END] = (struct aw_mark){.ts = n % 1000 + n % 37, .ord = 2, .ref = 2};
    (void)snprintf(target, sizeof target, "/the/same/beginning/%u", n % 50);
    static struct aw_verdict v;
    v.severity = n % 19 == 0 ? AW_SEV_ERROR : AW_SEV_OK;
    v.cost.stall = n % 41;
    v.party = (enum aw_party)(n % AW_PARTY_COUNT);
    v.cause = (enum aw_cause)(n / 3 % AW_CAUSE_COUNT);
    const struct aw_record rec = {
        .ex = &x, .verdict = n % 23 ? &v : NULL, .attempt = n % 9, .attempts = 9};
    assert_true(aw_rows_add(r, &rec, (struct aw_span){(uint8_t *)target, strlen(target)},
                            n % 7 ? (aw_ns)(n % 100) : AW_NS_NONE, 0));
}

static aw_word word_of(enum aw_column by, const struct aw_row *row)
{
    return by == AW_COL_CLIENT    ? row->client
           : by == AW_COL_SERVER  ? row->server
           : by == AW_COL_HOST    ? row->host
           : by == AW_COL_AGENT   ? row->agent
           : by == AW_COL_PRODUCT ? row->product
                                  : 0;
}

static bool of_words(enum aw_column by)
{
    return by == AW_COL_CLIENT || by == AW_COL_SERVER || by == AW_COL_HOST || by == AW_COL_AGENT ||
           by == AW_COL_PRODUCT;
}

static int64_t number_of(enum aw_column by, const struct aw_row *row)
{
    const bool judged = row->flags & AW_ROW_JUDGED;
    return by == AW_COL_TIME       ? row->time
           : by == AW_COL_STATUS   ? row->status
           : by == AW_COL_WAIT     ? row->wait
           : by == AW_COL_STALL    ? row->stall
           : by == AW_COL_TOTAL    ? row->total
           : by == AW_COL_SENT     ? row->sent
           : by == AW_COL_ATTEMPT  ? row->attempt
           : by == AW_COL_PARTY    ? (judged ? row->party : -1)
           : by == AW_COL_CAUSE    ? (judged ? row->cause : -1)
           : by == AW_COL_SEVERITY ? (judged ? row->severity * 1000 + row->stall : -1)
           : by == AW_COL_CLIENT   ? row->client_port
           : by == AW_COL_SERVER   ? row->server_port
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
    if (of_words(by)) {
        char s[64] = "", t[64] = "";
        const struct aw_span v = aw_rows_word(r, word_of(by, p)),
                             w = aw_rows_word(r, word_of(by, q));
        memcpy(s, v.p, v.len);
        memcpy(t, w.p, w.len);
        const bool addresses = by == AW_COL_CLIENT || by == AW_COL_SERVER;
        if (addresses && v.len != w.len) return v.len < w.len ? -1 : 1; /* IPv4 first */
        const int c = addresses ? memcmp(s, t, v.len) : strcmp(s, t);
        if (c != 0) return c;
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
    static const size_t steps[] = {1, 7, 64, 100000};
    (void)state;
    for (enum aw_column by = 0; by < AW_COL_COUNT; by++) {
        for (size_t s = 0; s < sizeof steps / sizeof *steps; s++) {
            for (int down = 0; down < 2; down++) {
                uint32_t seed = 7;
                struct aw_rows *r = aw_rows_new(NULL, 4 << 20, 1);
                struct aw_sorted *o = aw_sorted_new();
                for (int i = 0; i < 700; i++)
                    add_row(r, &seed);
                aw_sorted_start(o, by, down, NULL, NULL);
                /* Some come while it is made, some when it is done; words among them that had no
                 * rank at the start. */
                for (int i = 0; aw_sorted_step(o, r, steps[s]); i++)
                    if (i < 20 && !of_words(by)) add_row(r, &seed);
                const size_t first = (size_t)aw_rows_end(r);
                expect_order(o, r, by, down, first);
                for (int i = 0; i < 33 && !of_words(by); i++)
                    add_row(r, &seed);
                while (aw_sorted_step(o, r, steps[s]))
                    ;
                expect_order(o, r, by, down, (size_t)aw_rows_end(r));
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
    struct aw_rows *r = aw_rows_new(NULL, 8 << 20, 1);
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
    struct aw_rows *r = aw_rows_new(NULL, 8 << 20, 1);
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
    struct aw_rows *r = aw_rows_new(NULL, 1 << 20, 1);
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
