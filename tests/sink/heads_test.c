/*
 * Heads from the pieces of a stream: at every split, beside holes, and no more than is kept.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sink/heads.h"

static const char request[] = "before PUT / HTTP/1.1\r\nExpect: 100-continue\r\n\r\ncontent";
enum { FROM = 7, TO = sizeof request - 1 - 7 };

static void want(struct aw_raw_head head[AW_HEADS], aw_off from, aw_off to)
{
    struct aw_exchange x = {.req_off = from, .head_end = to};
    x.at[AW_AT_REQ_FIRST].ord = 1;
    aw_heads_want(head, &x);
}

static bool give(struct aw_raw_head head[AW_HEADS], enum aw_dir dir, size_t from, size_t to,
                 bool hole)
{
    const struct aw_stream_piece piece = {
        .dir = dir,
        .off = (aw_off)from,
        .data = hole ? NULL : (const uint8_t *)request + from,
        .len = to - from,
    };
    return aw_heads_take(head, &piece);
}

static void at_every_split(void **state)
{
    (void)state;
    for (size_t cut = 1; cut < sizeof request; cut++) {
        struct aw_raw_head head[AW_HEADS];
        want(head, FROM, TO);
        bool done = false;
        for (size_t at = 0; at < sizeof request - 1; at += cut) {
            const size_t end = at + cut < sizeof request - 1 ? at + cut : sizeof request - 1;
            assert_false(give(head, AW_S2C, at, end, false) && !done); /* not of this stream */
            done = give(head, AW_C2S, at, end, false);
            assert_int_equal(done, end >= TO);
        }
        assert_int_equal(head[AW_HEAD_REQUEST].have, TO - FROM);
        assert_memory_equal(head[AW_HEAD_REQUEST].p, request + FROM, TO - FROM);
        assert_null(head[AW_HEAD_FINAL].p);
        aw_heads_free(head);
    }
}

static void a_hole_ends_it(void **state)
{
    (void)state;
    struct aw_raw_head head[AW_HEADS];
    want(head, FROM, TO);
    assert_false(give(head, AW_C2S, 0, 12, false));
    assert_false(give(head, AW_C2S, 12, 20, true));
    assert_true(give(head, AW_C2S, 20, TO, false));
    assert_int_equal(head[AW_HEAD_REQUEST].have, 5);
    aw_heads_free(head);
}

static void an_end_ends_it(void **state)
{
    (void)state;
    struct aw_raw_head head[AW_HEADS];
    want(head, FROM, TO);
    const struct aw_stream_piece end = {.dir = AW_S2C, .close = true};
    assert_true(aw_heads_take(head, &end));
    assert_null(head[AW_HEAD_REQUEST].p);
    aw_heads_free(head);
}

static void no_more_than_is_kept(void **state)
{
    (void)state;
    enum { LONG = AW_RAW_HEAD_MAX + 1000 };
    uint8_t *bytes = calloc(LONG, 1);
    assert_non_null(bytes);
    struct aw_raw_head head[AW_HEADS];
    want(head, 0, LONG);
    const struct aw_stream_piece piece = {.dir = AW_C2S, .data = bytes, .len = LONG};
    assert_true(aw_heads_take(head, &piece));
    assert_int_equal(head[AW_HEAD_REQUEST].have, AW_RAW_HEAD_MAX);
    aw_heads_free(head);
    free(bytes);
}

static void where_there_is_none(void **state)
{
    (void)state;
    struct aw_raw_head head[AW_HEADS];
    want(head, 0, 0);
    for (int i = 0; i < AW_HEADS; i++)
        assert_true(head[i].done);
    assert_true(give(head, AW_C2S, 0, 5, false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(at_every_split),      cmocka_unit_test(a_hole_ends_it),
        cmocka_unit_test(an_end_ends_it),      cmocka_unit_test(no_more_than_is_kept),
        cmocka_unit_test(where_there_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
