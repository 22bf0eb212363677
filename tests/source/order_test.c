/*
 * Packets of several sockets in the order of time: how many of which go next, and when none may.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "source/order.h"

enum { LATE = 50, MOST = 8 };

struct socket { /* what it shows, and when that was so */
    aw_ns ts[MOST];
    size_t n;
    aw_ns came, looked;
};

/* Takes all that may go; "socket:time ..." */
static void goes(const struct socket *s, size_t count, const char *want)
{
    struct aw_packet pkts[4][MOST];
    struct aw_lane lane[4];
    char text[256] = "";
    size_t k, n, used = 0;
    assert_true(count <= 4);
    for (size_t i = 0; i < count; i++) {
        for (size_t p = 0; p < s[i].n; p++)
            pkts[i][p] = (struct aw_packet){.ts = s[i].ts[p]};
        lane[i] = (struct aw_lane){
            .next = pkts[i], .end = pkts[i] + s[i].n, .came = s[i].came, .looked = s[i].looked};
    }
    while ((n = aw_order_next(lane, count, LATE, &k)) > 0) {
        assert_true(k < count);
        assert_true(n <= (size_t)(lane[k].end - lane[k].next));
        for (size_t p = 0; p < n; p++)
            used += (size_t)snprintf(text + used, sizeof text - used, "%s%zu:%lld", used ? " " : "",
                                     k, (long long)lane[k].next[p].ts);
        lane[k].next += n;
    }
    assert_string_equal(text, want);
}

static void one_alone_waits_for_nobody(void **state)
{
    (void)state;
    goes((struct socket[]){{.ts = {10, 30, 20}, .n = 3, .came = 1000}}, 1, "0:10 0:30 0:20");
    goes((struct socket[]){{.n = 0}}, 1, "");
}

static void a_packet_waits_for_what_may_come_before_it(void **state)
{
    (void)state;
    struct socket s[2] = {{.ts = {10, 30}, .n = 2, .came = 1000}, {.looked = 1049}};
    goes(s, 2, ""); /* the other may still bring an earlier one */
    s[1].looked = 1050;
    goes(s, 2, "0:10 0:30");
    s[1] = (struct socket){.ts = {20, 40}, .n = 2, .came = 1001};
    goes(s, 2, "0:10 1:20 0:30"); /* 40: until the first shows a later one */
    s[0].looked = 1051;
    goes(s, 2, "0:10 1:20 0:30 1:40");
}

static void every_silent_one_counts(void **state)
{
    (void)state;
    struct socket s[3] = {{.looked = 2000}, {.ts = {5}, .n = 1, .came = 1000}, {.looked = 1000}};
    goes(s, 3, "");
    s[2].looked = INT64_MAX; /* over */
    goes(s, 3, "1:5");
}

static void equal_times_keep_the_order_of_sockets(void **state)
{
    (void)state;
    const struct socket s[3] = {{.ts = {10, 11}, .n = 2, .looked = 9999},
                                {.ts = {10, 10, 11}, .n = 3, .looked = 9999},
                                {.ts = {9, 10}, .n = 2, .looked = 9999}};
    goes(s, 3, "2:9 0:10 1:10 1:10 2:10 0:11 1:11");
}

/* As of a clock set back: what a socket brings keeps its order. */
static void a_socket_keeps_its_order(void **state)
{
    (void)state;
    const struct socket s[2] = {{.ts = {10, 5, 12}, .n = 3, .looked = 9999},
                                {.ts = {11}, .n = 1, .looked = 9999}};
    goes(s, 2, "0:10 0:5 1:11 0:12");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_alone_waits_for_nobody),
        cmocka_unit_test(a_packet_waits_for_what_may_come_before_it),
        cmocka_unit_test(every_silent_one_counts),
        cmocka_unit_test(equal_times_keep_the_order_of_sockets),
        cmocka_unit_test(a_socket_keeps_its_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
