/*
 * Rows: what they keep of a record, words kept once, the oldest let go first and failing ones last.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "await100/rows.h"
#include "common/case.h"

static struct aw_span text(const char *s)
{
    return (struct aw_span){(const uint8_t *)s, strlen(s)};
}

static struct aw_record record(struct case_maker *m)
{
    case_begin(m);
    case_text(m, AW_TEXT_HOST, "example.com");
    case_text(m, AW_TEXT_USER_AGENT, "curl/8.5.0");
    case_100(m, 5);
    case_content(m, 6, 7, CASE_100_END);
    case_final(m, 8, 201);
    return (struct aw_record){.ex = &m->x, .chain_id = 1, .attempt = 1, .attempts = 300};
}

static void test_keeps_what_lists_need(void **state)
{
    static struct case_maker m;
    struct aw_rows *r = aw_rows_new(NULL, 8 << 20, 1);
    (void)state;
    assert_non_null(r);
    const struct aw_record rec = record(&m);
    assert_true(aw_rows_add(r, &rec, text("/up/load"), 6 * AW_MS, AW_ROW_KEPT));
    const struct aw_row *row = aw_rows_at(r, 0);
    assert_non_null(row);
    assert_int_equal(row->status, 201);
    assert_int_equal(row->wait, 6 * AW_MS);
    assert_int_equal(row->attempts, 255);
    assert_int_equal(row->flags &
                         (AW_ROW_KEPT | AW_ROW_REQUEST | AW_ROW_JUDGED | AW_ROW_TARGET_CUT),
                     AW_ROW_KEPT | AW_ROW_REQUEST);
    assert_memory_equal(row->target, "/up/load", row->target_len);
    const struct aw_span host = aw_rows_word(r, row->host);
    assert_int_equal(host.len, 11);
    assert_memory_equal(host.p, "example.com", host.len);
    assert_null(aw_rows_word(r, 0).p);
    aw_rows_free(r);
}

static void test_words_are_kept_once(void **state)
{
    static struct case_maker m;
    struct aw_rows *r = aw_rows_new(NULL, 8 << 20, 1);
    (void)state;
    for (int i = 0; i < 2000; i++) {
        const struct aw_record rec = record(&m);
        assert_true(aw_rows_add(r, &rec, text("/"), 0, 0));
    }
    const aw_word few = aw_rows_words(r);
    assert_in_range(few, 1, 8);
    assert_int_equal(aw_rows_at(r, 0)->host, aw_rows_at(r, 1999)->host);
    aw_rows_clear(r);
    assert_int_equal(aw_rows_words(r), 0);
    assert_null(aw_rows_at(r, 0));
    aw_rows_free(r);
}

static void test_long_targets_are_cut(void **state)
{
    static struct case_maker m;
    char target[200];
    struct aw_rows *r = aw_rows_new(NULL, 8 << 20, 1);
    (void)state;
    memset(target, 'x', sizeof target);
    const struct aw_record rec = record(&m);
    assert_true(aw_rows_add(r, &rec, (struct aw_span){(uint8_t *)target, sizeof target}, 0, 0));
    assert_int_equal(aw_rows_at(r, 0)->target_len, AW_ROW_TARGET);
    assert_true(aw_rows_at(r, 0)->flags & AW_ROW_TARGET_CUT);
    aw_rows_free(r);
}

/* Hostile traffic: each row with words of its own, more rows than memory. */
static void test_bounded(void **state)
{
    enum { MEMORY = 2 << 20, ROWS = 50000 };
    static struct case_maker m;
    char host[300];
    struct aw_rows *r = aw_rows_new(NULL, MEMORY, 1);
    (void)state;
    for (int i = 0; i < ROWS; i++) {
        struct aw_record rec = record(&m);
        memset(host, 'a' + i % 26, sizeof host);
        (void)snprintf(host, sizeof host, "%0250d", i);
        case_text(&m, AW_TEXT_HOST, host);
        m.x.id = (uint64_t)i;
        assert_true(aw_rows_add(r, &rec, text("/"), 0, 0));
    }
    assert_int_equal(aw_rows_end(r), ROWS);
    const uint64_t kept = aw_rows_end(r) - aw_rows_begin(r);
    assert_true(kept * sizeof(struct aw_row) < MEMORY && kept > 1000);
    assert_int_equal(aw_rows_let_go(r), aw_rows_begin(r));
    assert_true(aw_rows_words_lost(r) > 0);
    assert_null(aw_rows_at(r, aw_rows_begin(r) - 1));
    for (uint64_t i = aw_rows_begin(r); i < aw_rows_end(r); i++)
        assert_int_equal(aw_rows_at(r, i)->id, i);
    aw_rows_clear(r);
    const struct aw_record rec = record(&m);
    const uint64_t next = aw_rows_end(r);
    assert_true(next >= ROWS);
    assert_true(aw_rows_add(r, &rec, text("/"), 0, 0));
    assert_non_null(aw_rows_at(r, next));
    aw_rows_free(r);
}

static void add_judged(struct aw_rows *r, struct case_maker *m, uint64_t id, bool failing)
{
    static struct aw_verdict v;
    struct aw_record rec = record(m);
    m->x.id = id;
    v.cause = failing ? AW_CAUSE_IGNORED : AW_CAUSE_CONTINUED;
    v.severity = failing ? AW_SEV_WARNING : AW_SEV_OK;
    rec.verdict = &v;
    assert_true(aw_rows_add(r, &rec, text("/"), 0, 0));
}

/* Every row that there is said to be, found by going through them and by its number. */
static size_t expect_whole(const struct aw_rows *r, size_t *failing)
{
    size_t n = 0;
    *failing = 0;
    uint64_t next = aw_rows_begin(r);
    for (uint64_t i = aw_rows_begin(r); i < aw_rows_end(r); i++) {
        const struct aw_row *row = aw_rows_at(r, i);
        if (!row) {
            assert_true(i < aw_rows_whole(r));
            continue;
        }
        assert_int_equal(row->id, i);
        assert_int_equal(next, i);
        next = aw_rows_next(r, i + 1);
        *failing += row->severity >= AW_SEV_WARNING;
        n++;
    }
    assert_int_equal(next, aw_rows_end(r));
    assert_int_equal(n, aw_rows_count(r));
    assert_int_equal(n + aw_rows_let_go(r), aw_rows_end(r));
    return n;
}

/* A flood of what went well behind what failed: only the former goes, whatever its age. */
static void test_failing_rows_go_last(void **state)
{
    enum { MEMORY = 8 << 20, ROWS = 300000, EVERY = 20 };
    static struct case_maker m;
    size_t failing;
    struct aw_rows *r = aw_rows_new(NULL, MEMORY, 1);
    (void)state;
    for (uint64_t i = 0; i < ROWS; i++)
        add_judged(r, &m, i, i % EVERY == 3);
    const size_t n = expect_whole(r, &failing);
    assert_int_equal(failing, ROWS / EVERY);
    assert_int_equal(aw_rows_failing_let_go(r), 0);
    assert_int_equal(aw_rows_begin(r), 3);
    assert_null(aw_rows_at(r, 4));
    assert_true(n * sizeof(struct aw_row) < MEMORY);
    /* Nothing but failures: then the oldest of them go, and what is newest stays whole. */
    for (uint64_t i = ROWS; i < (uint64_t)2 * ROWS; i++)
        add_judged(r, &m, i, true);
    const size_t later = expect_whole(r, &failing);
    assert_int_equal(failing, later);
    assert_true(later * sizeof(struct aw_row) < MEMORY && later > MEMORY / 2 / 160);
    assert_int_equal(aw_rows_failing_let_go(r), ROWS / EVERY + ROWS - later);
    /* And what goes well is shown when it has just come. */
    for (uint64_t i = (uint64_t)2 * ROWS; i < (uint64_t)2 * ROWS + 5000; i++)
        add_judged(r, &m, i, false);
    const size_t last = expect_whole(r, &failing);
    assert_true(last - failing >= 1024);
    aw_rows_clear(r);
    assert_int_equal(aw_rows_count(r), 0);
    assert_int_equal(aw_rows_begin(r), aw_rows_end(r));
    aw_rows_free(r);
}

/* The least memory there may be. */
static void test_little_memory(void **state)
{
    static struct case_maker m;
    size_t failing;
    (void)state;
    for (size_t memory = 0; memory < 1 << 20; memory += 200000) {
        struct aw_rows *r = aw_rows_new(NULL, memory, 1);
        for (uint64_t i = 0; i < 20000; i++)
            add_judged(r, &m, i, i % 3 != 0);
        (void)expect_whole(r, &failing);
        aw_rows_free(r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keeps_what_lists_need), cmocka_unit_test(test_words_are_kept_once),
        cmocka_unit_test(test_long_targets_are_cut),  cmocka_unit_test(test_bounded),
        cmocka_unit_test(test_failing_rows_go_last),  cmocka_unit_test(test_little_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
