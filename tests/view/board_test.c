/* What the board makes of records, whatever order they come in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "view/board.h"

enum { STEP_MS = 50 }; /* the width of the first counters */

struct board {
    struct aw_config config;
    struct aw_board *board;
};

static int make_board(void **state)
{
    struct board *b = calloc(1, sizeof *b);
    assert_non_null(b);
    aw_config_init(&b->config);
    b->board = aw_board_new(
        &(struct aw_board_config){.memory = 8 << 20, .threshold = b->config.threshold});
    assert_non_null(b->board);
    *state = b;
    return 0;
}

static int free_board(void **state)
{
    struct board *b = *state;
    aw_board_free(b->board);
    free(b);
    return 0;
}

static void fail_at(struct board *b, aw_ns end)
{
    static struct aw_exchange x;
    static struct aw_verdict v;
    x.req = AW_REQ_EXPECT;
    x.at[AW_AT_END] = (struct aw_mark){.ts = end, .ord = 1, .ref = 1};
    v.cause = AW_CAUSE_IGNORED;
    v.severity = AW_SEV_WARNING;
    aw_board_record(b->board, &(struct aw_record){.ex = &x, .verdict = &v, .attempt = 1});
}

static uint32_t failures(const struct board *b, aw_ns from, aw_ns to)
{
    unsigned n;
    aw_ns begin, width;
    uint32_t sum = 0;
    const uint32_t *spark = aw_board_spark(b->board, &n, &begin, &width);
    for (unsigned i = 0; i < n; i++)
        if (begin + i * width >= from && begin + (i + 1) * width <= to) sum += spark[i];
    return sum;
}

static void test_what_ended_earlier_and_comes_later(void **state)
{
    struct board *b = *state;
    const aw_ns t = 1000 * AW_SEC;
    fail_at(b, t);
    fail_at(b, t - 120 * AW_MS);
    fail_at(b, t - 900 * AW_MS);
    fail_at(b, t + 10 * AW_MS);
    assert_int_equal(failures(b, t - 900 * AW_MS, t - 850 * AW_MS), 1);
    assert_int_equal(failures(b, t - 150 * AW_MS, t - 100 * AW_MS), 1);
    assert_int_equal(failures(b, t, t + STEP_MS * AW_MS), 2);
    assert_int_equal(failures(b, 0, INT64_MAX / 4), 4);
}

/* There is no counter left before the first: two become one. */
static void test_earlier_than_there_is_room_for(void **state)
{
    struct board *b = *state;
    const aw_ns t = 1000 * AW_SEC;
    unsigned n;
    aw_ns begin, width;
    fail_at(b, t);
    fail_at(b, t + (AW_SPARK - 1) * STEP_MS * AW_MS);
    fail_at(b, t - 1 * AW_SEC);
    (void)aw_board_spark(b->board, &n, &begin, &width);
    assert_int_equal(width, 2 * STEP_MS * AW_MS);
    assert_true(begin <= t - 1 * AW_SEC && begin > t - 1 * AW_SEC - width);
    assert_int_equal(failures(b, begin, begin + width), 1);
    assert_int_equal(failures(b, t - 2 * width, t + 2 * width), 1);
    assert_int_equal(failures(b, 0, INT64_MAX / 4), 3);
}

/* A clock that ran back does not stretch the line over years. */
static void test_times_that_run_back(void **state)
{
    struct board *b = *state;
    unsigned n;
    aw_ns begin, width;
    fail_at(b, 1000 * AW_SEC);
    fail_at(b, 1);
    (void)aw_board_spark(b->board, &n, &begin, &width);
    assert_int_equal(begin, 1000 * AW_SEC);
    assert_int_equal(width, STEP_MS * AW_MS);
    assert_int_equal(n, 1);
    assert_int_equal(failures(b, 0, INT64_MAX / 4), 2);
}

/* Cleared, it begins anew; what went wrong with the input stays said. */
static void test_cleared(void **state)
{
    struct board *b = *state;
    fail_at(b, 1000 * AW_SEC);
    aw_board_trouble(b->board, "the disk is on fire");
    aw_board_trouble(b->board, "and so is the roof");
    assert_int_equal(failures(b, 0, INT64_MAX / 4), 1);
    aw_board_lock(b->board);
    assert_int_equal(aw_rows_count(aw_board_rows(b->board)), 1);
    aw_board_clear(b->board);
    assert_int_equal(aw_rows_count(aw_board_rows(b->board)), 0);
    assert_string_equal(aw_board_info(b->board)->trouble, "the disk is on fire");
    aw_board_unlock(b->board);
    assert_int_equal(failures(b, 0, INT64_MAX / 4), 0);
    fail_at(b, 2000 * AW_SEC);
    assert_int_equal(failures(b, 0, INT64_MAX / 4), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_ended_earlier_and_comes_later, make_board,
                                        free_board),
        cmocka_unit_test_setup_teardown(test_earlier_than_there_is_room_for, make_board,
                                        free_board),
        cmocka_unit_test_setup_teardown(test_cleared, make_board, free_board),
        cmocka_unit_test_setup_teardown(test_times_that_run_back, make_board, free_board),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
