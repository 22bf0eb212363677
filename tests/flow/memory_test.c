/* Memory: none allocated for segments in order, never more than the budget, and nothing but counts
 * changes for the worse when there is none. */
#include <inttypes.h>
#include "lab.h"

static size_t used_before, calls_before, data_seen;

static void watch_memory(struct lab *lab, struct aw_flow *flow, const struct aw_chunk *c)
{
    (void)flow;
    assert_int_equal(aw_pool_used(lab->pool), used_before);
    assert_int_equal(lab->calls, calls_before);
    data_seen += c->len;
    lab->used = 0;
}

static void test_in_order_allocates_nothing(void **state)
{
    (void)state;
    struct lab *lab = calloc(1, sizeof *lab);
    assert_true(lab_start(lab, 1 << 20, NULL));
    lab_run(lab, "c S 0 0\ns SA 0 0\nc A 0 0\nc A 0 0 GET\ns A 0 3 OK\n");
    used_before = aw_pool_used(lab->pool);
    calls_before = lab->calls;
    lab->hook = watch_memory;
    static const uint8_t bytes[1448] = "x";
    for (aw_off i = 0; i < 20000; i++) {
        struct aw_segment up =
            lab_segment(lab, false, "A", 3 + i * 1448, 2 + i, bytes, sizeof bytes);
        struct aw_segment down = lab_segment(lab, true, "A", 2 + i, 3 + (i + 1) * 1448, bytes, 1);
        lab->now += 10 * AW_US;
        lab_push(lab, &up);
        lab_push(lab, &down);
    }
    assert_int_equal(data_seen, 20000u * 1449u);
    assert_int_equal(aw_pool_used(lab->pool), used_before);
    assert_int_equal(lab->calls, calls_before);
    lab->hook = NULL;
    lab->used = 0;
    aw_flow_finish(lab->table);
    lab_stop(lab);
    free(lab);
}

static void test_idle_connection_is_small(void **state)
{
    (void)state;
    enum { CONNECTIONS = 20000 };
    struct lab *lab = calloc(1, sizeof *lab);
    assert_true(lab_start(lab, 64 << 20, NULL));
    for (unsigned i = 0; i < CONNECTIONS; i++) {
        struct aw_segment s = lab_segment(lab, false, "S", 0, 0, NULL, 0);
        s.src.b[2] = (uint8_t)(i >> 8);
        s.src.b[3] = (uint8_t)i;
        lab_push(lab, &s);
    }
    assert_int_equal(aw_flow_count(lab->table), CONNECTIONS);
    assert_true(aw_pool_used(lab->pool) / CONNECTIONS <= 512); /* slot and deadline included */
    aw_flow_finish(lab->table);
    assert_int_equal(lab->gone, CONNECTIONS);
    lab_stop(lab);
    free(lab);
}

/* A flood of connections, each with bytes that wait, against a small budget. */
static void test_budget(void **state)
{
    (void)state;
    struct lab *lab = calloc(1, sizeof *lab);
    assert_true(lab_start(lab, 300000, NULL));
    lab_run(lab, "c S 0 0\ns SA 0 0\nc A 0 0 GET\n");
    for (unsigned i = 1; i < 20000; i++) {
        static const uint8_t bytes[100] = "y";
        struct aw_segment s = lab_segment(lab, false, "S", 0, 0, NULL, 0);
        s.src.b[1] = (uint8_t)(i >> 16);
        s.src.b[2] = (uint8_t)(i >> 8);
        s.src.b[3] = (uint8_t)i;
        lab_push(lab, &s);
        if (i % 3 == 0) {
            s.flags = AW_TCP_ACK;
            s.seq += 500;
            s.payload = (struct aw_span){bytes, sizeof bytes};
            s.payload_wire = sizeof bytes;
            lab_push(lab, &s);
        }
        assert_true(aw_pool_used(lab->pool) <= 300000);
        lab->used = 0;
    }
    const struct aw_flow_stats *st = aw_flow_stats(lab->table);
    assert_true(st->evicted > 18000);
    assert_int_equal(st->evicted + aw_flow_count(lab->table), st->connections);
    lab->used = 0;
    aw_flow_finish(lab->table);
    assert_int_equal(lab->gone, st->connections);
    lab_stop(lab);
    free(lab);
}

/* SYNs of one client after the other until the table has grown beyond `slots`: how many there were,
 * and the allocator's calls before the one that made it grow. */
static unsigned fill(struct lab *lab, size_t slots, size_t *calls)
{
    unsigned n = 0;
    while (lab->table->mask < slots && n < slots) {
        struct aw_segment s = lab_segment(lab, false, "S", 0, 0, NULL, 0);
        s.src.b[2] = (uint8_t)(n >> 8);
        s.src.b[3] = (uint8_t)n++;
        *calls = lab->calls;
        lab_push(lab, &s);
        lab->used = 0;
    }
    return n;
}

/* A table that cannot grow takes more connections all the same. */
static void test_table_that_cannot_grow(void **state)
{
    (void)state;
    enum { SLOTS = 1024 }; /* the next larger table is a block of its own */
    struct lab *lab = calloc(1, sizeof *lab);
    assert_true(lab_start(lab, 1 << 24, NULL));
    size_t calls = 0;
    const unsigned count = fill(lab, SLOTS, &calls);
    assert_true(lab->table->mask >= SLOTS);
    aw_flow_finish(lab->table);
    lab_stop(lab);
    memset(lab, 0, sizeof *lab);
    assert_true(lab_start(lab, 1 << 24, NULL));
    lab->fail_at = calls + 1;
    const unsigned again = fill(lab, SLOTS, &calls);
    assert_int_equal(again, count + 1);
    assert_int_equal(aw_flow_stats(lab->table)->connections, again);
    assert_int_equal(aw_flow_stats(lab->table)->no_memory, 0);
    aw_flow_finish(lab->table);
    lab_stop(lab);
    free(lab);
}

static struct aw_flow *first_flow;
static bool first_gone;

static void hold_first(struct lab *lab, struct aw_flow *flow, const struct aw_chunk *c)
{
    if (!first_flow) {
        first_flow = flow;
        aw_flow_set_precious(flow, true);
    }
    if (flow == first_flow && c->kind == AW_CHUNK_CLOSE) first_gone = true;
    lab->used = 0;
}

static void test_order_of_eviction(void **state)
{
    (void)state;
    struct lab *lab = calloc(1, sizeof *lab);
    assert_true(lab_start(lab, 200000, NULL));
    first_flow = NULL;
    first_gone = false;
    lab->hook = hold_first;
    lab_run(lab, "c S 0 0\ns SA 0 0\nc A 0 0 GET\n");
    assert_non_null(first_flow);
    for (unsigned i = 1; i < 3000; i++) {
        struct aw_segment s = lab_segment(lab, false, "S", 0, 0, NULL, 0);
        s.src.b[2] = (uint8_t)(i >> 8);
        s.src.b[3] = (uint8_t)i;
        lab_push(lab, &s);
    }
    assert_true(aw_flow_stats(lab->table)->evicted > 2000);
    assert_false(first_gone);
    assert_int_equal(aw_flow_stats(lab->table)->no_memory, 0);
    /* When nothing else is left, even this one. */
    while (aw_flow_count(lab->table) > 1)
        assert_true(aw_flow_evict_one(lab->table));
    assert_false(first_gone);
    assert_true(aw_flow_evict_one(lab->table));
    assert_true(first_gone);
    assert_false(aw_flow_evict_one(lab->table));
    lab_stop(lab);
    free(lab);
}

/* One that is kept for patience alone goes before those that are alive, and tells of its silence;
 * one that was told of as silent and is precious still stays to the last. */
static void test_silent_ones_go_first(void **state)
{
    (void)state;
    for (int patient = 0; patient < 2; patient++) {
        struct lab *lab = calloc(1, sizeof *lab);
        struct aw_flow_limits limits = lab_limits();
        limits.patient = patient;
        assert_true(lab_start(lab, 1 << 20, &limits));
        first_flow = NULL;
        first_gone = false;
        lab->hook = hold_first;
        lab_run(lab, "c S 0 0\ns SA 0 0\nc A 0 0 GET\n+61000 tick\n"
                     "c S 0 0 port=1002\nc A 0 0 two port=1002\n");
        assert_true(aw_flow_evict_one(lab->table));
        assert_int_equal(first_gone, patient);
        aw_flow_finish(lab->table);
        lab_stop(lab);
        free(lab);
    }
}

static void test_oldest_goes_first(void **state)
{
    (void)state;
    struct lab *lab = calloc(1, sizeof *lab);
    assert_true(lab_start(lab, 1 << 20, NULL));
    lab_run(lab, "c S 0 0 port=1001\nc S 0 0 port=1002\nc S 0 0 port=1003\n"
                 "+10 c A 0 0 one port=1001\n+10 c A 0 0 three port=1003\n");
    assert_true(aw_flow_evict_one(lab->table)); /* 1002: only a SYN */
    lab_run(lab, "+10 c A 3 0 more port=1001\n+10 c A 5 0 less port=1003\n");
    assert_true(aw_flow_evict_one(lab->table)); /* 1001 */
    aw_flow_finish(lab->table);
    assert_string_equal(
        lab->log, "c 0 onethree\nclose evicted c\nc 3 moreless\nclose evicted c\nclose input c");
    lab_stop(lab);
    free(lab);
}

static const char trouble[] =
    "c S 0 0\ns SA 0 0\nc A 0 0\nc A 3 0 DEF\nc A 3 0 DEF ttl=9\nc A 9 0 JKL\n"
    "c A 0 0 ABC\n+300 c A 0 0 ABC\ns A 0 12 res win=0\n+3 tick\nc A 12 3 MN\n"
    "s FA 3 20\nc FA 14 4\n+3 tick\n"
    "c S 0 0 port=5\ns SA 0 0 port=5\nc A 7 0 XYZ port=5\ns R 9 0 port=5\n+3 tick\n"
    "c S 0 0 port=6\ns SA 0 0 port=6\nc A 0 0 OLD port=6\nc S 0 0 HELLO isn=70000000 port=6\n"
    "s SA 0 5 isn=90000 ackisn=70000000 port=6\nc A 5 0 isn=70000000 ackisn=90000 NEW port=6\n";

/* Tiling is checked by the lab; here that everything ends, whatever fails. */
static bool run_trouble(struct lab *lab, size_t budget)
{
    const bool started = lab_start(lab, budget, NULL);
    if (started) {
        lab_run(lab, trouble);
        aw_flow_finish(lab->table);
        assert_int_equal(lab->opened, lab->gone);
        assert_true(aw_pool_used(lab->pool) <= budget);
    }
    aw_flow_table_free(lab->table);
    aw_pool_free(lab->pool);
    assert_int_equal(lab->blocks, 0);
    return started;
}

static void test_every_allocation_fails(void **state)
{
    (void)state;
    struct lab *lab = calloc(1, sizeof *lab);
    for (unsigned after = 0; after < 2; after++) {
        size_t n = 1;
        do {
            lab->fail_at = n;
            lab->fail_after = after;
            run_trouble(lab, 1 << 20);
            assert_true(n++ < 100);
        } while (lab->calls >= lab->fail_at);
        assert_true(n > 3);
    }
    free(lab);
}

static void test_every_budget(void **state)
{
    (void)state;
    struct lab *lab = calloc(1, sizeof *lab);
    unsigned started = 0;
    for (size_t budget = 0; budget < 6000; budget += 16)
        started += run_trouble(lab, budget);
    assert_true(started > 100);
    free(lab);
}

static void test_ignored_keeps_nothing(void **state)
{
    (void)state;
    struct lab *lab = calloc(1, sizeof *lab);
    assert_true(lab_start(lab, 1 << 20, NULL));
    lab_run(lab, "c S 0 0\ns SA 0 0\nc A 0 0 GET\nc A 5 0 XX\n");
    struct aw_flow *flow = NULL;
    for (size_t i = 0; !flow; i++)
        flow = lab->table->slots[i].flow;
    const size_t before = aw_pool_used(lab->pool);
    aw_flow_ignore(flow);
    lab->ignored = true;
    assert_true(aw_pool_used(lab->pool) < before);
    const size_t kept = aw_pool_used(lab->pool);
    lab_run(lab, "c A 3 0 QQ\nc A 20 0 ABC\ns A 0 30 abc\n+3 tick\n");
    assert_int_equal(aw_pool_used(lab->pool), kept);
    lab_run(lab, "c FA 30 3\ns FA 3 31\n");
    aw_flow_finish(lab->table);
    assert_string_equal(lab->log, "c 0 GET\nc fin 30\ns fin 3\nclose fin c");
    lab_stop(lab);
    free(lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_order_allocates_nothing),
        cmocka_unit_test(test_idle_connection_is_small),
        cmocka_unit_test(test_budget),
        cmocka_unit_test(test_table_that_cannot_grow),
        cmocka_unit_test(test_order_of_eviction),
        cmocka_unit_test(test_silent_ones_go_first),
        cmocka_unit_test(test_oldest_goes_first),
        cmocka_unit_test(test_every_allocation_fails),
        cmocka_unit_test(test_every_budget),
        cmocka_unit_test(test_ignored_keeps_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
