/* The pool against a model: blocks that do not overlap, a budget that holds, memory that one size
 * gives back and another takes. */
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/pool.h"

struct counted {
    size_t bytes, most, calls, fail_at;
};

static void *get(void *ctx, size_t size)
{
    struct counted *c = ctx;
    if (++c->calls == c->fail_at) return NULL;
    size_t *p = malloc(size + 16);
    if (!p) return NULL;
    *p = size;
    c->bytes += size;
    if (c->bytes > c->most) c->most = c->bytes;
    return (uint8_t *)p + 16;
}
static void *resize(void *ctx, void *p, size_t size)
{
    (void)ctx;
    (void)p;
    (void)size;
    return NULL;
}
static void put(void *ctx, void *p)
{
    struct counted *c = ctx;
    if (!p) return;
    size_t *at = (size_t *)(void *)((uint8_t *)p - 16);
    c->bytes -= *at;
    free(at);
}
static struct aw_alloc counting(struct counted *c)
{
    return (struct aw_alloc){.ctx = c, .get = get, .resize = resize, .put = put};
}

static void test_blocks(void **state)
{
    (void)state;
    enum { BLOCKS = 600, BUDGET = 4 << 20 };
    struct counted c = {0};
    const struct aw_alloc alloc = counting(&c);
    struct aw_pool *p = aw_pool_new(&alloc, BUDGET);
    assert_non_null(p);
    static struct {
        uint8_t *at, fill;
        size_t size;
    } b[BLOCKS];
    memset(b, 0, sizeof b);
    uint32_t seed = 1;
    for (unsigned i = 0; i < 60000; i++) {
        seed = seed * 1664525 + 1013904223;
        const unsigned n = (seed >> 8) % BLOCKS;
        const size_t size = 1 + (seed >> 4) % (i % 7 == 0 ? 40000 : i % 3 == 0 ? 3000 : 200);
        for (size_t k = 0; k < b[n].size; k += 13)
            assert_int_equal(b[n].at[k], b[n].fill);
        if (b[n].at && i % 5 == 0) {
            uint8_t *moved = aw_pool_resize(p, b[n].at, b[n].size, size);
            if (!moved) continue;
            const size_t kept = size < b[n].size ? size : b[n].size;
            for (size_t k = 0; k < kept; k++)
                assert_int_equal(moved[k], b[n].fill);
            b[n].at = moved;
        } else {
            aw_pool_put(p, b[n].at, b[n].size);
            b[n].at = aw_pool_get(p, size);
        }
        b[n].size = b[n].at ? size : 0;
        b[n].fill = (uint8_t)i;
        if (!b[n].at) continue;
        assert_int_equal((uintptr_t)b[n].at % 16, 0);
        memset(b[n].at, b[n].fill, size);
        assert_true(aw_pool_used(p) <= BUDGET);
    }
    for (unsigned n = 0; n < BLOCKS; n++)
        aw_pool_put(p, b[n].at, b[n].size);
    assert_int_equal(aw_pool_used(p), 0);
    assert_true(c.most <= BUDGET + BUDGET / 8 + (2 << 20));
    aw_pool_free(p);
    assert_int_equal(c.bytes, 0);
}

static void test_sizes(void **state)
{
    (void)state;
    struct counted c = {0};
    const struct aw_alloc alloc = counting(&c);
    struct aw_pool *p = aw_pool_new(&alloc, 1 << 20);
    for (size_t size = 1; size <= 40000; size++) {
        uint8_t *at = aw_pool_get(p, size);
        assert_non_null(at);
        at[0] = at[size - 1] = 1;
        const size_t used = aw_pool_used(p);
        assert_true(used >= size && used <= size + size / 4 + 16);
        const size_t room = aw_pool_room(size);
        assert_true(room >= size && room <= used && aw_pool_room(room) == room);
        aw_pool_put(p, at, size);
        assert_int_equal(aw_pool_used(p), 0);
    }
    aw_pool_free(p);
    assert_int_equal(c.bytes, 0);
}

static void test_budget(void **state)
{
    (void)state;
    struct counted c = {0};
    const struct aw_alloc alloc = counting(&c);
    struct aw_pool *p = aw_pool_new(&alloc, 1000);
    assert_int_equal(aw_pool_budget(p), 1000);
    void *a = aw_pool_get(p, 600);
    assert_non_null(a);
    assert_null(aw_pool_get(p, 600));
    assert_null(aw_pool_get(p, SIZE_MAX));
    assert_null(aw_pool_get(p, SIZE_MAX - 20));
    assert_null(aw_pool_get(p, AW_POOL_MAX + 1));
    void *b = aw_pool_get(p, 300);
    assert_non_null(b);
    assert_null(aw_pool_resize(p, b, 300, 500));
    assert_ptr_equal(aw_pool_resize(p, b, 300, 310), b);
    aw_pool_put(p, a, 600);
    aw_pool_put(p, b, 310);
    aw_pool_put(p, NULL, 10);
    aw_pool_free(p);
    aw_pool_free(NULL);
    assert_int_equal(c.bytes, 0);
}

/* What one size gave back, another can use: the whole budget, size after size. */
static void test_memory_moves_between_sizes(void **state)
{
    (void)state;
    enum { BUDGET = 8 << 20 };
    struct counted c = {0};
    const struct aw_alloc alloc = counting(&c);
    struct aw_pool *p = aw_pool_new(&alloc, BUDGET);
    void **at = malloc(sizeof *at * (BUDGET / 16 + 1));
    for (size_t size = 16; size <= AW_POOL_MAX; size *= 2) {
        size_t n = 0;
        while ((at[n] = aw_pool_get(p, size)))
            n++;
        assert_true(n * size >= BUDGET / 2);
        while (n > 0)
            aw_pool_put(p, at[--n], size);
    }
    assert_true(c.most <= BUDGET + BUDGET / 8 + (2 << 20));
    free(at);
    aw_pool_free(p);
    assert_int_equal(c.bytes, 0);
}

static void test_allocator_fails(void **state)
{
    (void)state;
    for (size_t fail = 1; fail <= 3; fail++) {
        struct counted c = {.fail_at = fail};
        const struct aw_alloc alloc = counting(&c);
        struct aw_pool *p = aw_pool_new(&alloc, 1 << 20);
        if (!p) {
            assert_int_equal(fail, 1);
            continue;
        }
        void *small = aw_pool_get(p, 100), *large = aw_pool_get(p, 20000);
        assert_int_equal(small == NULL, fail == 2);
        assert_int_equal(large == NULL, fail == 3);
        aw_pool_put(p, small, 100);
        aw_pool_put(p, large, 20000);
        assert_int_equal(aw_pool_used(p), 0);
        aw_pool_free(p);
        assert_int_equal(c.bytes, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks),          cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_budget),          cmocka_unit_test(test_memory_moves_between_sizes),
        cmocka_unit_test(test_allocator_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
