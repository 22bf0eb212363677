/*
 * Packets of several interfaces in the order of time: what is let go when, and that bytes, order
 * and number are kept whatever room there is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "source/order.h"

enum { PATIENCE = 50, LARGEST = 64 };

struct out {
    struct aw_packet pkts[64];
    uint8_t bytes[4096];
    struct aw_lot_room room;
};

static void empty(struct out *o, size_t packets)
{
    o->room = (struct aw_lot_room){
        .pkts = o->pkts, .room = packets, .bytes = o->bytes, .size = sizeof o->bytes};
}

static void add(struct aw_order *o, size_t feed, aw_ns ts)
{
    struct aw_lot_room *room = aw_order_room(o, feed, LARGEST);
    assert_non_null(room);
    uint8_t *to = room->bytes + room->used;
    const int len = snprintf((char *)to, LARGEST, "%zu at %lld", feed, (long long)ts);
    room->pkts[room->n++] = (struct aw_packet){
        .ts = ts, .data = to, .cap_len = (uint32_t)len, .wire_len = (uint32_t)len};
    room->used += (size_t)len;
}

/* The times in the lot, and whether each packet's bytes are its own. */
static const char *times(const struct out *o)
{
    static char text[512];
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < o->room.n; i++) {
        const struct aw_packet *p = &o->room.pkts[i];
        char at[32];
        const int len = snprintf(at, sizeof at, " at %lld", (long long)p->ts);
        assert_true(p->cap_len > (uint32_t)len);
        assert_memory_equal(p->data + p->cap_len - len, at, (size_t)len);
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%lld", i ? " " : "",
                                 (long long)p->ts);
    }
    return text;
}

static void take(struct aw_order *o, struct out *out, aw_ns now, aw_ns patience, const char *want)
{
    empty(out, 64);
    aw_order_take(o, &out->room, now, patience);
    assert_string_equal(times(out), want);
}

static void a_packet_waits_for_what_may_come_before_it(void **state)
{
    (void)state;
    struct out out;
    struct aw_order *o = aw_order_new(2);
    assert_non_null(o);
    add(o, 0, 10);
    add(o, 0, 30);
    take(o, &out, 1000, PATIENCE, ""); /* the other interface may still bring an earlier one */
    assert_true(aw_order_holds(o));
    add(o, 1, 20);
    take(o, &out, 1010, PATIENCE, "10 20"); /* 30: until the other shows a later one */
    add(o, 1, 40);
    take(o, &out, 1020, PATIENCE, "30");
    take(o, &out, 1069, PATIENCE, "");
    take(o, &out, 1070, PATIENCE, "40"); /* 50 after it came */
    assert_false(aw_order_holds(o));
    aw_order_free(o);
}

static void what_came_late_is_put_before_what_waits(void **state)
{
    (void)state;
    struct out out;
    struct aw_order *o = aw_order_new(3);
    assert_non_null(o);
    add(o, 0, 50);
    take(o, &out, 1000, PATIENCE, "");
    add(o, 2, 20);
    add(o, 2, 70);
    take(o, &out, 1049, PATIENCE, "");
    take(o, &out, 1050, PATIENCE, ""); /* 20 came but a moment ago, and 50 may not pass it */
    take(o, &out, 1099, PATIENCE, "20 50 70");
    add(o, 1, 5);
    take(o, &out, 1100, 0, "5"); /* the end: no patience */
    aw_order_free(o);
}

static void equal_times_keep_the_order_of_interfaces(void **state)
{
    (void)state;
    struct out out;
    struct aw_order *o = aw_order_new(2);
    assert_non_null(o);
    add(o, 1, 10);
    add(o, 1, 10);
    add(o, 0, 10);
    empty(&out, 64);
    aw_order_take(o, &out.room, 1000, 0);
    assert_int_equal(out.room.n, 3);
    assert_memory_equal(out.room.pkts[0].data, "0", 1);
    assert_memory_equal(out.room.pkts[1].data, "1", 1);
    aw_order_free(o);
}

/* Rooms run full on either side; nothing is lost, nothing changes places. */
static void little_room_loses_nothing(void **state)
{
    (void)state;
    enum { PACKETS = 40000 };
    static aw_ns next[3] = {0, 1, 2};
    struct out out;
    struct aw_order *o = aw_order_new(3);
    assert_non_null(o);
    aw_ns taken = 0;
    for (aw_ns now = 0; taken < PACKETS; now++) {
        for (size_t f = 0; f < 3; f++) {
            for (unsigned i = 0; i < 40 && next[f] < PACKETS; i++) {
                if (!aw_order_room(o, f, LARGEST)) break; /* it holds as much as it may */
                add(o, f, next[f]);
                next[f] += 3;
            }
        }
        empty(&out, 64);
        aw_order_take(o, &out.room, now, next[0] < PACKETS ? INT64_MAX / 2 : 0);
        for (size_t i = 0; i < out.room.n; i++)
            assert_int_equal(out.room.pkts[i].ts, taken++);
    }
    assert_false(aw_order_holds(o));
    aw_order_free(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_packet_waits_for_what_may_come_before_it),
        cmocka_unit_test(what_came_late_is_put_before_what_waits),
        cmocka_unit_test(equal_times_keep_the_order_of_interfaces),
        cmocka_unit_test(little_room_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
