/*
 * The ring of packets: what is read again is the latest of what was put, whole and in order.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "view/ring.h"

enum { MOST = 64, BYTES = 8192 };

/* A packet whose length and bytes follow from its number. */
static void make(struct aw_packet *p, uint8_t *bytes, uint64_t ord)
{
    const uint32_t len = (uint32_t)(ord * 2654435761u >> 7) % 700;
    memset(bytes, (int)(ord & 255), len);
    *p = (struct aw_packet){.ts = (aw_ns)ord, .ord = ord, .data = bytes, .cap_len = len};
}

static uint64_t read_all(struct aw_ring *r, uint64_t newest)
{
    struct aw_packet got[MOST];
    uint8_t bytes[BYTES], want[1024];
    struct aw_ring_walk w;
    uint64_t last = 0, first = 0;
    size_t n;
    aw_ring_start(r, &w);
    while ((n = aw_ring_next(r, &w, got, MOST, bytes, sizeof bytes)) > 0) {
        for (size_t i = 0; i < n; i++) {
            struct aw_packet p;
            if (first == 0) first = got[i].ord;
            assert_true(last == 0 || got[i].ord == last + 1);
            last = got[i].ord;
            make(&p, want, last);
            assert_int_equal(got[i].cap_len, p.cap_len);
            assert_memory_equal(got[i].data, want, p.cap_len);
        }
    }
    assert_int_equal(last, newest);
    return first;
}

static void test_latest(void **state)
{
    (void)state;
    for (size_t size = 10000; size < 20000; size += 1234) {
        struct aw_ring *r = aw_ring_new(size);
        uint64_t first = 0;
        assert_non_null(r);
        for (uint64_t ord = 1; ord < 600; ord++) {
            struct aw_packet p;
            uint8_t bytes[1024];
            make(&p, bytes, ord);
            aw_ring_put(r, &p, 1);
            const uint64_t now = read_all(r, ord);
            assert_true(now >= first);
            first = now;
        }
        assert_in_range(600 - first, 8, 60);
        aw_ring_free(r);
    }
}

/* What leaves while a reader is under way is passed over. */
static void test_overtaken(void **state)
{
    struct aw_ring *r = aw_ring_new(16384);
    struct aw_ring_walk w;
    struct aw_packet p, got[2];
    uint8_t bytes[BYTES], one[1024];
    (void)state;
    for (uint64_t ord = 1; ord < 20; ord++) {
        make(&p, one, ord);
        aw_ring_put(r, &p, 1);
    }
    aw_ring_start(r, &w);
    assert_int_equal(aw_ring_next(r, &w, got, 2, bytes, sizeof bytes), 2);
    for (uint64_t ord = 20; ord < 400; ord++) {
        make(&p, one, ord);
        aw_ring_put(r, &p, 1);
    }
    assert_int_equal(aw_ring_next(r, &w, got, 2, bytes, sizeof bytes), 0);
    aw_ring_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_latest),
        cmocka_unit_test(test_overtaken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
