/* The arena: alignment, room of its own for each request, reuse, no memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"

struct counted {
    size_t gets, blocks, bytes_left;
};
static void *counted_get(void *ctx, size_t n)
{
    struct counted *c = ctx;
    if (n > c->bytes_left) return NULL;
    c->bytes_left -= n;
    c->gets++;
    c->blocks++;
    return malloc(n);
}
static void *counted_resize(void *ctx, void *p, size_t n)
{
    (void)ctx;
    (void)p;
    (void)n;
    return NULL;
}
static void counted_put(void *ctx, void *p)
{
    struct counted *c = ctx;
    if (p) c->blocks--;
    free(p);
}

static void pieces_do_not_touch(void **state)
{
    (void)state;
    static const size_t sizes[] = {1,     15,    16,     17, 0,     1000, 65535,
                                   65536, 65537, 300000, 3,  64000, 2000};
    enum { COUNT = sizeof sizes / sizeof *sizes };
    struct counted c = {.bytes_left = SIZE_MAX};
    const struct aw_alloc alloc = {&c, counted_get, counted_resize, counted_put};
    struct aw_arena a;
    aw_arena_init(&a, &alloc);
    size_t gets = 0;
    for (int round = 0; round < 3; round++) {
        unsigned char *p[COUNT];
        for (size_t i = 0; i < COUNT; i++) {
            p[i] = aw_arena_get(&a, sizes[i]);
            assert_non_null(p[i]);
            assert_int_equal((uintptr_t)p[i] % alignof(max_align_t), 0);
            memset(p[i], (int)i + 1, sizes[i]);
        }
        for (size_t i = 0; i < COUNT; i++)
            for (size_t k = 0; k < sizes[i]; k++)
                assert_int_equal(p[i][k], i + 1);
        if (round == 0) gets = c.gets;
        assert_int_equal(c.gets, gets); /* later rounds find all their blocks */
        aw_arena_reset(&a, SIZE_MAX);
    }
    assert_true(gets < COUNT);
    aw_arena_fini(&a);
    assert_int_equal(c.blocks, 0);
    aw_arena_fini(&a);
}

static void reset_keeps_so_much(void **state)
{
    (void)state;
    struct counted c = {.bytes_left = SIZE_MAX};
    const struct aw_alloc alloc = {&c, counted_get, counted_resize, counted_put};
    struct aw_arena a;
    aw_arena_init(&a, &alloc);
    for (int i = 0; i < 100; i++)
        assert_non_null(aw_arena_get(&a, 60000));
    assert_int_equal(c.blocks, 100);
    aw_arena_reset(&a, 5 * 65536 + 1);
    assert_int_equal(c.blocks, 5);
    assert_non_null(aw_arena_get(&a, 60000));
    assert_int_equal(c.gets, 100);
    aw_arena_reset(&a, 0);
    assert_int_equal(c.blocks, 0);
    assert_non_null(aw_arena_get(&a, 1)); /* and goes on from nothing */
    aw_arena_fini(&a);
    assert_int_equal(c.blocks, 0);
}

static void no_memory(void **state)
{
    (void)state;
    struct counted c = {.bytes_left = 100000};
    const struct aw_alloc alloc = {&c, counted_get, counted_resize, counted_put};
    struct aw_arena a;
    aw_arena_init(&a, &alloc);
    assert_null(aw_arena_get(&a, SIZE_MAX));
    assert_null(aw_arena_get(&a, SIZE_MAX - 100));
    assert_null(aw_arena_get(&a, 200000));
    unsigned char *p = aw_arena_get(&a, 1000);
    assert_non_null(p);
    assert_null(aw_arena_get(&a, 65000));
    assert_ptr_equal(aw_arena_get(&a, 16), p + 1008); /* the block in use still serves */
    aw_arena_fini(&a);
    assert_int_equal(c.blocks, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_do_not_touch),
        cmocka_unit_test(reset_keeps_so_much),
        cmocka_unit_test(no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
