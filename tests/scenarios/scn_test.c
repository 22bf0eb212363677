/*
 * The scenario player, on which the golden captures rest: ACK numbers follow from what had arrived,
 * times from the delays, flags do what their names say, frames are sound, scripts in error are
 * refused with their line.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../common/scn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct scn *load(const char *script, char *err, size_t size)
{
    char path[] = "/tmp/scn_test.XXXXXX";
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, script, strlen(script)), strlen(script));
    close(fd);
    struct scn *s = scn_load(path, err, size);
    unlink(path);
    return s;
}

static struct scn *play(const char *script)
{
    char err[512] = "";
    struct scn *s = load(script, err, sizeof err);
    if (!s) fail_msg("%s", err);
    return s;
}

/* The n-th captured segment with content of a side, from 0. */
static const struct scn_segment *data(const struct scn *s, int side, unsigned n)
{
    for (unsigned i = 0; i < s->segments; i++)
        if (s->segment[i].side == side && s->segment[i].len && n-- == 0) return &s->segment[i];
    fail_msg("no such segment");
    return NULL;
}

#define HEAD  "open\nC: PUT / HTTP/1.1\\r\\n\\r\\n\n"
#define GO_ON "S: HTTP/1.1 100 Continue\\r\\n\\r\\n\n"

/* What the first content acknowledges of the 25 bytes of the 100, and where the 100 is captured. */
static void acknowledges_what_had_arrived(void **state)
{
    (void)state;
    static const struct {
        const char *name, *script;
        uint32_t acked;
        bool after; /* the content is captured after the 100 */
    } row[] = {
        {"answered", HEAD "+1ms " GO_ON "C bytes 10\n", 25, true},
        {"answered on an own timer", HEAD "+1ms " GO_ON "=1s C bytes 10\n", 25, true},
        {"given up", HEAD "=1s C bytes 10\n+1ms " GO_ON, 0, false},
        {"crossed, seen at the client", "rtt 0s 20ms\n" HEAD "@1s " GO_ON "@1.005s C bytes 10\n", 0,
         false},
        {"crossed, seen at the server", "rtt 20ms 0s\n" HEAD "@1s " GO_ON "@1.005s C bytes 10\n", 0,
         true},
        {"just in time", "rtt 0s 20ms\n" HEAD "@1s " GO_ON "@1.011s C bytes 10\n", 25, true},
        {"the 100 lost", HEAD "+1ms S[lost]: HTTP/1.1 100 Continue\\r\\n\\r\\n\n=1s C bytes 10\n",
         0, true},
        {"over the wrap", "isn 5 4294967290\n" HEAD "+1ms " GO_ON "C bytes 10\n", 25, true},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct scn *s = play(row[i].script);
        const struct scn_segment *content = data(s, SCN_C, 1), *go_on = data(s, SCN_S, 0);
        if (content->ack - (s->conn[0].isn[SCN_S] + 1) != row[i].acked ||
            (content->captured > go_on->captured) != row[i].after)
            fail_msg("%s: acknowledges %u", row[i].name,
                     content->ack - (s->conn[0].isn[SCN_S] + 1));
        scn_free(s);
    }
}

static void flags_do_what_they_say(void **state)
{
    (void)state;
    static const struct {
        const char *name, *line;
        unsigned captured; /* segments with content of the client */
        uint32_t last_ack; /* of its 300 bytes, by the server's last segment */
    } row[] = {
        {"plain", "C[seg 100] bytes 300", 3, 300},
        {"uncaptured", "C[seg 100,uncaptured 2] bytes 300", 2, 300},
        {"lost", "C[seg 100,lost 2] bytes 300", 3, 100},
        {"gone", "C[seg 100,gone] bytes 300", 0, 0},
        {"repeated", "C[seg 100,lost 2] bytes 300\n=1s C retransmit", 4, 300},
        {"dup", "C[seg 100,dup] bytes 300", 6, 300},
        {"noack", "C[noack] bytes 300", 1, 0},
        {"repeat", "repeat 3\nC bytes 100\nend", 3, 300},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        char script[256];
        snprintf(script, sizeof script, "open\n%s\n", row[i].line);
        struct scn *s = play(script);
        unsigned captured = 0;
        uint32_t ack = 0;
        for (unsigned k = 0; k < s->segments; k++) {
            const struct scn_segment *g = &s->segment[k];
            if (g->side == SCN_C && g->len) captured++;
            if (g->side == SCN_S) ack = g->ack - (s->conn[0].isn[SCN_C] + 1);
        }
        if (captured != row[i].captured || ack != row[i].last_ack)
            fail_msg("%s: %u segments, %u acknowledged", row[i].name, captured, ack);
        scn_free(s);
    }
}

static void swap_changes_the_order_of_capture(void **state)
{
    (void)state;
    struct scn *s = play("open\nC[seg 10,swap] bytes 20\n");
    assert_true(data(s, SCN_C, 0)->seq == data(s, SCN_C, 1)->seq + 10);
    scn_free(s);
}

static void one_side_or_a_part_is_captured(void **state)
{
    (void)state;
    struct scn *s = play("only server\n" HEAD "+1ms " GO_ON);
    for (unsigned i = 0; i < s->segments; i++)
        assert_int_equal(s->segment[i].side, SCN_S);
    assert_true(s->segments > 0);
    scn_free(s);
    s = play("from 500ms\n" HEAD "+1s " GO_ON);
    assert_int_equal(s->segment[0].len, 25);
    scn_free(s);
}

/* The sum over a packet whose checksum is right folds to all ones. */
static unsigned ones(const uint8_t *p, uint32_t len, uint32_t acc)
{
    for (uint32_t i = 0; i < len; i++)
        acc += i & 1 ? p[i] : (uint32_t)p[i] << 8;
    while (acc >> 16)
        acc = (acc & 0xffff) + (acc >> 16);
    return acc;
}

static void frames_are_sound(void **state)
{
    (void)state;
    static const struct {
        const char *link;
        uint32_t header;
    } row[] = {{"ethernet", 14}, {"vlan", 18},  {"qinq", 22}, {"mpls", 22},
               {"pppoe", 22},    {"vxlan", 64}, {"gre", 38},  {"raw", 0},
               {"sll", 16},      {"sll2", 20},  {"null", 4}};
    static uint8_t frame[SCN_FRAME_MAX];
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        char script[256];
        snprintf(script, sizeof script, "link %s\nsnaplen 100\nopen\nC bytes 77\n", row[i].link);
        struct scn *s = play(script);
        uint32_t kept;
        const uint32_t len = scn_frame(s, data(s, SCN_C, 0), frame, &kept);
        const uint8_t *ip = frame + row[i].header;
        assert_int_equal(len, row[i].header + 40 + 77);
        assert_int_equal(kept, len < 100 ? len : 100);
        assert_int_equal(ip[2] << 8 | ip[3], 40 + 77);
        assert_int_equal(ones(ip, 20, 0), 0xffff);
        assert_int_equal(ones(ip + 20, 20 + 77, ones(ip + 12, 8, 0) + 6 + 20 + 77), 0xffff);
        scn_free(s);
    }
}

static void scripts_in_error_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *script, *message;
    } row[] = {
        {"open\nnonsense\n", ":2: neither setting nor action"},
        {"link token-ring\n", ":1: bad setting"},
        {"open\n\nC[fragile] bytes 5\n", ":3: bad flag"},
        {"open\n+5parsec C bytes 5\n", ":2: bad time"},
        {"repeat 2\nopen\n", ":1: bad repeat"},
        {"open\nC bytes many\n", ":2: cannot read"},
        {"| Host: x\n", ":1: nothing to continue"},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        char err[512] = "";
        struct scn *s = load(row[i].script, err, sizeof err);
        if (s || !strstr(err, row[i].message)) fail_msg("row %zu: \"%s\"", i, err);
        scn_free(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(acknowledges_what_had_arrived),
        cmocka_unit_test(flags_do_what_they_say),
        cmocka_unit_test(swap_changes_the_order_of_capture),
        cmocka_unit_test(one_side_or_a_part_is_captured),
        cmocka_unit_test(frames_are_sound),
        cmocka_unit_test(scripts_in_error_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
