/*
 * What is left of a connection after its end, and the order in which timers speak.
 */
#include <inttypes.h>
#include "lab.h"

#define SHAKE "c S 0 0\ns SA 0 0\nc A 0 0\n"
#define FINS  "c FA 0 0\ns FA 0 1\n"

/* After the end a stray packet is no new connection, and the first of a new one is not a stray. */
static void test_strays(void **state)
{
    (void)state;
    static const struct {
        const char *name, *after;
        unsigned opened, strays;
    } rows[] = {
        {"the last acknowledgement", "c A 1 1\n", 1, 1},
        {"a FIN sent again", "+200 s FA 0 1\n+400 s FA 0 1\n", 1, 2},
        {"content under way, a reset", "s A 1 1 abc\nc R 1 0\n", 1, 2},
        {"its own SYN once more", "c S 0 0\n", 1, 1},
        {"its own SYN, as a client asks again", "+3000 c S 0 0\n", 2, 0},
        {"its own SYN-ACK once more", "s SA 0 0\n", 1, 1},
        {"another SYN", "c S 0 0 isn=100000\n", 2, 0},
        {"another SYN at once, twice",
         "c S 0 0 isn=100000\n+10 c R 1 0 isn=100000\n"
         "+10 c S 0 0 isn=300000\n",
         3, 0},
        {"a SYN-ACK to another SYN", "s SA 0 0 isn=70000 ackisn=100000\n", 2, 0},
        {"4 s later", "+4000 c A 1 1\n", 1, 1},
        {"never more than 5 s apart", "+4000 c A 1 1\n+4000 c A 1 1\n+4000 c A 1 1\n", 1, 3},
        {"a minute later", "+60000 c A 1 1\n", 2, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (unsigned reset = 0; reset < 2; reset++) {
            print_message("%s\n", rows[i].name);
            struct lab *lab = calloc(1, sizeof *lab);
            assert_true(lab_start(lab, 1 << 20, NULL));
            lab_run(lab, reset ? SHAKE "c RA 0 0\n" : SHAKE FINS);
            assert_int_equal(lab->gone, 1);
            assert_int_equal(aw_flow_count(lab->table), 0);
            lab_run(lab, rows[i].after);
            assert_int_equal(lab->opened, rows[i].opened);
            assert_int_equal(aw_flow_stats(lab->table)->strays, rows[i].strays);
            aw_flow_finish(lab->table);
            assert_int_equal(lab->gone, lab->opened);
            lab_stop(lab);
            free(lab);
        }
    }
}

static void come_and_go(struct lab *lab, unsigned n)
{
    static const char *const flags[] = {"S", "RA"};
    for (unsigned k = 0; k < 2; k++) {
        struct aw_segment s = lab_segment(lab, false, flags[k], 0, 0, NULL, 0);
        memcpy(s.src.b, &n, sizeof n);
        lab_push(lab, &s);
    }
}

/* Those who ended take little, and no more than a share of the budget however many they are. */
static void test_ended_take_little(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t budget, most;
        unsigned count, known, known_most;
    } rows[] = {
        {"all of them known", 64 << 20, 20000 * 64, 20000, 20000, 20000},
        {"more than the budget is for", 1 << 20, (1 << 20) / 8, 100000, 1, 2560},
        {"hardly any budget", 8192, 8192, 3000, 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        print_message("%s\n", rows[i].name);
        struct lab *lab = calloc(1, sizeof *lab);
        assert_true(lab_start(lab, rows[i].budget, NULL));
        for (unsigned n = 0; n < rows[i].count; n++) {
            lab->used = 0;
            come_and_go(lab, n);
        }
        assert_int_equal(lab->opened, rows[i].count);
        assert_int_equal(lab->gone, rows[i].count);
        assert_int_equal(aw_flow_stats(lab->table)->evicted, 0);
        assert_int_equal(lab->table->filled, 0);
        assert_in_range(lab->table->graves.used, rows[i].known, rows[i].known_most);
        assert_true(aw_pool_used(lab->pool) <= rows[i].most);
        /* Once their time is over they make room. */
        lab->now += 20 * AW_SEC;
        lab_tick(lab);
        const size_t held = aw_pool_used(lab->pool);
        for (unsigned n = 0; n < rows[i].known; n++) {
            lab->used = 0;
            come_and_go(lab, n);
        }
        assert_true(aw_pool_used(lab->pool) <= held);
        lab_stop(lab);
        free(lab);
    }
}

struct told {
    aw_ns due[64];
    uint64_t ord[64];
    unsigned count, of_packets;
};
static struct told told;

static void note(struct lab *lab, struct aw_flow *flow, const struct aw_chunk *c)
{
    (void)lab;
    if (c->due == 0) {
        told.of_packets++;
        return;
    }
    assert_true(told.count < 64);
    told.due[told.count] = c->due;
    told.ord[told.count++] = aw_flow_ord(flow);
}

/* A server's reset, and what its client had sent before it came there: captured up to a round trip
 * to the client later, it belongs to the connection; after that it is a stray. */
static void test_crossing_a_reset(void **state)
{
    (void)state;
    static const struct {
        const char *name, *more;
        uint64_t connections, strays;
        const char *last; /* of what was handed up */
    } rows[] = {
        {"nothing crosses", "+20 c A 0 0\n", 1, 1, ""},
        {"content does", "+2 c A 0 0 ABC\n+1 c A 3 0 DEF\n+20 c A 6 0\n", 1, 1, "DEF"},
        {"content too late", "+2 c A 0 0 ABC\n+20 c A 3 0 DEF\n", 1, 1, "ABC"},
        {"a connection on the same ports",
         "+1 c S 0 0 isn=100000\n+10 s SA 0 0 isn=900000 ackisn=100000\n", 2, 0, ""},
        {"the end of the input", "+1 c A 0 0 ABC\n", 1, 0, "ABC"},
        {"both reset", "+1 c R 0 0\n+20 c A 0 0\n", 1, 1, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        print_message("%s\n", rows[i].name);
        struct lab *lab = calloc(1, sizeof *lab);
        assert_true(lab_start(lab, 1 << 20, NULL));
        /* 3 ms to the client and back */
        lab_run(lab, "c S 0 0\ns SA 0 0\n+3 c A 0 0\ns RA 0 0\n");
        assert_int_equal(lab->gone, 0);
        lab_run(lab, rows[i].more);
        const struct aw_flow_stats *s = aw_flow_stats(lab->table);
        assert_int_equal(s->connections, rows[i].connections);
        assert_int_equal(s->strays, rows[i].strays);
        aw_flow_finish(lab->table);
        assert_int_equal(lab->gone, rows[i].connections);
        assert_non_null(strstr(lab->log, rows[i].last));
        lab_stop(lab);
        free(lab);
    }
}

/* All timers that one packet sets off come by deadline, then by first packet, and say so. */
static void test_timers_in_order(void **state)
{
    (void)state;
    struct lab *lab = calloc(1, sizeof *lab);
    assert_true(lab_start(lab, 1 << 20, NULL));
    told = (struct told){0};
    lab->hook = note;
    const aw_ns start = lab->now;
    enum { CONNECTIONS = 9 };
    for (unsigned i = 0; i < CONNECTIONS; i++) {
        struct aw_segment s = lab_segment(lab, false, "A", 0, 0, (const uint8_t *)"x", 1);
        s.src.b[3] = (uint8_t)(200 - i);
        s.payload_wire = 1;
        lab->now = start + i / 3 * AW_MS; /* three of a kind */
        lab_push(lab, &s);
    }
    /* The last one has a hole as well, and its grace ends before all idle timeouts. */
    struct aw_segment ack = lab_segment(lab, true, "A", 0, 9, NULL, 0);
    ack.dst.b[3] = 200 - (CONNECTIONS - 1);
    lab_push(lab, &ack);
    assert_int_equal(told.of_packets, CONNECTIONS);
    assert_int_equal(told.count, 0);
    const struct aw_flow_limits limits = lab_limits();
    lab->now = start + 2 * limits.idle_timeout;
    lab_tick(lab);
    assert_int_equal(told.count, 1 + CONNECTIONS);
    assert_int_equal(told.due[0], start + 2 * AW_MS + limits.reorder_grace);
    assert_int_equal(told.ord[0], CONNECTIONS);
    for (unsigned i = 0; i < CONNECTIONS; i++) {
        assert_int_equal(told.due[1 + i], start + i / 3 * AW_MS + limits.idle_timeout);
        assert_int_equal(told.ord[1 + i], i + 1);
    }
    aw_flow_finish(lab->table);
    assert_int_equal(told.count, 1 + CONNECTIONS); /* the end of the input is no timer */
    lab_stop(lab);
    free(lab);
}

static void note_close(struct lab *lab, struct aw_flow *flow, const struct aw_chunk *c)
{
    (void)lab;
    if (c->kind == AW_CHUNK_CLOSE) told.ord[told.count++] = aw_flow_ord(flow);
}

/* What is left at the end of the input ends by first packet, whoever was active last. */
static void test_the_end_by_first_packet(void **state)
{
    (void)state;
    struct lab *lab = calloc(1, sizeof *lab);
    assert_true(lab_start(lab, 1 << 20, NULL));
    told = (struct told){0};
    lab->hook = note_close;
    const aw_ns start = lab->now, idle = lab_limits().idle_timeout;
    static const struct {
        uint8_t client;
        int eighths; /* of the idle timeout */
        uint32_t off;
    } bytes[] = {{1, 0, 0}, {2, 4, 0}, {1, 6, 1}};
    for (unsigned i = 0; i < 3; i++) {
        struct aw_segment s =
            lab_segment(lab, false, "A", bytes[i].off, 0, (const uint8_t *)"x", 1);
        s.src.b[3] = bytes[i].client;
        s.payload_wire = 1;
        lab->now = start + idle / 8 * bytes[i].eighths;
        lab_push(lab, &s);
    }
    lab->now = start + idle + 1; /* the first one's place is looked at again, and it moves back */
    lab_tick(lab);
    assert_int_equal(told.count, 0);
    aw_flow_finish(lab->table);
    assert_int_equal(told.count, 2);
    assert_int_equal(told.ord[0], 1);
    assert_int_equal(told.ord[1], 2);
    lab_stop(lab);
    free(lab);
}

/* What a table still knows when it is freed goes back to the pool. */
static void test_freed_before_the_end(void **state)
{
    (void)state;
    struct lab *lab = calloc(1, sizeof *lab);
    assert_true(lab_start(lab, 1 << 20, NULL));
    lab_run(lab, SHAKE "c A 5 1 later\n");
    assert_int_equal(lab->gone, 0);
    struct aw_flow *flow = NULL;
    for (size_t i = 0; !flow; i++)
        flow = lab->table->slots[i].flow;
    void *of_the_lab = *aw_flow_app(flow);
    lab_stop(lab); /* which looks */
    free(of_the_lab);
    free(lab);
}

/* What waits for bytes before it stays within its limit. */
static void test_waiting_is_bounded(void **state)
{
    (void)state;
    enum { PIECE = 1000, PIECES = 4 };
    struct lab *lab = calloc(1, sizeof *lab);
    struct aw_flow_limits limits = lab_limits();
    limits.waiting_bytes = 2 * PIECE; /* a piece has a head as well */
    assert_true(lab_start(lab, 1 << 20, &limits));
    lab_run(lab, SHAKE);
    uint8_t bytes[PIECE] = {0};
    size_t used[PIECES];
    for (unsigned i = 0; i < PIECES; i++) {
        struct aw_segment s =
            lab_segment(lab, false, "A", 10 + i * 2 * PIECE, 0, bytes, sizeof bytes);
        s.payload_wire = sizeof bytes;
        lab_push(lab, &s);
        used[i] = aw_pool_used(lab->pool);
    }
    assert_true(used[1] <= used[0]);
    assert_true(used[PIECES - 1] <= used[0]);
    assert_int_equal(aw_flow_stats(lab->table)->no_memory, PIECES - 1); /* and each is counted */
    aw_flow_finish(lab->table);
    lab_stop(lab);
    free(lab);
}

/* A SYN that comes again is counted. */
static void test_syn_again(void **state)
{
    (void)state;
    struct lab *lab = calloc(1, sizeof *lab);
    assert_true(lab_start(lab, 1 << 20, NULL));
    lab_run(lab, "c S 0 0\n+1000 c S 0 0\ns SA 0 0\n+500 s SA 0 0\nc A 0 0\n");
    assert_int_equal(aw_flow_stats(lab->table)->retransmitted, 2);
    aw_flow_finish(lab->table);
    lab_stop(lab);
    free(lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strays),
        cmocka_unit_test(test_ended_take_little),
        cmocka_unit_test(test_timers_in_order),
        cmocka_unit_test(test_crossing_a_reset),
        cmocka_unit_test(test_the_end_by_first_packet),
        cmocka_unit_test(test_freed_before_the_end),
        cmocka_unit_test(test_waiting_is_bounded),
        cmocka_unit_test(test_syn_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
