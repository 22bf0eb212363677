/*
 * Attempts joined across connections: which are, which are not, when their records come and in
 * which order, within which memory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "common/case.h"
#include "link/link.h"

/* --- what came out, one line a record --- */

static char out[1 << 16];
static size_t out_len;
static unsigned records;

static void on_record(void *ctx, const struct aw_record *r)
{
    (void)ctx;
    records++;
    if (out_len + 200 > sizeof out) return;
    out_len +=
        (size_t)snprintf(out + out_len, sizeof out - out_len, "%u.%u %u %s %u/%u of %u by %u\n",
                         (unsigned)r->ex->id, (unsigned)r->ex->conn_id, r->ex->status,
                         r->verdict ? aw_cause_slug(r->verdict->cause) : "-", r->attempt,
                         r->attempts, (unsigned)r->chain_id, (unsigned)r->recovered_by.id);
}

static struct aw_link *open_link(bool all, size_t budget)
{
    struct aw_config config;
    aw_config_init(&config);
    for (size_t i = 0; i < sizeof config.secret; i++)
        config.secret[i] = (uint8_t)(i * 37 + 11);
    config.all = all;
    config.alloc = aw_alloc_or_default(NULL);
    const struct aw_sink sink = {.record = on_record};
    out[0] = '\0';
    out_len = 0;
    records = 0;
    struct aw_link *l = aw_link_new(&config, &sink, aw_diagnose, budget);
    assert_non_null(l);
    return l;
}

/* --- exchanges: `conn` and `nth`, from `begin` to its answer `status` at `end` ms --- */

struct ex {
    unsigned conn, nth;
    double begin, end;
    uint16_t status;
    bool expect;
    const char *target; /* NULL: the usual */
};

static struct aw_exchange make(const struct ex *e)
{
    struct case_maker m;
    case_begin(&m);
    struct aw_exchange *x = &m.x;
    x->conn.ord = e->conn;
    x->nth = e->nth;
    m.ord = (uint64_t)(e->begin * 1000) + 10;
    x->at[AW_AT_REQ_FIRST] = x->at[AW_AT_HEAD] = case_mark(&m, e->begin);
    x->at[AW_AT_ACK_HEAD] = case_mark(&m, e->begin);
    if (e->target) case_text(&m, AW_TEXT_TARGET, e->target);
    if (!e->expect) {
        x->req = AW_REQ_HAS_LENGTH;
        x->text[AW_TEXT_EXPECT] = (struct aw_span){.p = NULL};
        case_content(&m, e->begin, e->begin, 0);
    }
    m.ord = (uint64_t)(e->end * 1000) + 10;
    if (e->status)
        case_final(&m, e->end, e->status);
    else
        case_close(&m, e->end, AW_S2C, true);
    return *x;
}

static void tick(struct aw_link *l, double ms)
{
    aw_link_tick(l, CASE_EPOCH + (aw_ns)(ms * 1e6), (uint64_t)(ms * 1000) + 10);
}
static void tell_opened(struct aw_link *l, const struct aw_exchange *x)
{
    struct aw_opening opening;
    aw_opening_of(&opening, x);
    aw_link_opened(l, &opening);
}
static void opened(struct aw_link *l, const struct ex *e)
{
    const struct aw_exchange x = make(e);
    tick(l, e->begin);
    tell_opened(l, &x);
}
static void closed(struct aw_link *l, const struct ex *e)
{
    struct aw_exchange x = make(e);
    tick(l, e->end);
    aw_link_closed(l, &x);
}
static void both(struct aw_link *l, const struct ex *e)
{
    opened(l, e);
    closed(l, e);
}
static void finish(struct aw_link *l, double ms)
{
    aw_link_finish(l, CASE_EPOCH + (aw_ns)(ms * 1e6));
    aw_link_free(l);
}

#define BIG ((size_t)1 << 24)

static void retry_same_connection(void **state)
{
    (void)state;
    struct aw_link *l = open_link(false, BIG);
    both(l, &(struct ex){1, 1, 0, 1, 417, true, NULL});
    both(l, &(struct ex){1, 2, 2, 3, 201, false, NULL});
    finish(l, 5);
    assert_string_equal(out, "1.1 417 expect-refused 1/2 of 1 by 2\n");
}

static void retry_new_connection(void **state)
{
    (void)state;
    struct aw_link *l = open_link(true, BIG);
    both(l, &(struct ex){1, 1, 0, 1, 417, true, NULL});
    both(l, &(struct ex){5, 1, 2, 3, 201, false, NULL});
    finish(l, 5);
    assert_string_equal(out, "1.1 417 expect-refused 1/2 of 1 by 2\n2.2 201 - 2/2 of 1 by 0\n");
}

/* The 417 is told of only after its retry is over: it settled. */
static void told_late(void **state)
{
    (void)state;
    struct aw_link *l = open_link(false, BIG);
    const struct ex a = {1, 1, 0, 1, 417, true, NULL};
    opened(l, &a);
    both(l, &(struct ex){5, 1, 2, 3, 201, false, NULL});
    struct aw_exchange x = make(&a);
    tick(l, 1001);
    aw_link_closed(l, &x);
    finish(l, 1005);
    assert_string_equal(out, "1.1 417 expect-refused 1/2 of 1 by 2\n");
}

/* ... and after that one found a retry of its own: all three are one chain. */
static void told_late_of_a_chain(void **state)
{
    (void)state;
    struct aw_link *l = open_link(true, BIG);
    const struct ex a = {1, 1, 0, 1, 417, true, NULL}, b = {5, 1, 2, 3, 417, true, NULL},
                    c = {9, 1, 4, 5, 417, true, NULL};
    opened(l, &a);
    both(l, &b);
    both(l, &c);
    struct aw_exchange x = make(&a);
    tick(l, 1001);
    aw_link_closed(l, &x);
    finish(l, 1005);
    assert_string_equal(out, "1.1 417 expect-refused 1/3 of 1 by 0\n"
                             "2.2 417 retry-loop 2/3 of 1 by 0\n"
                             "3.3 417 retry-loop 3/3 of 1 by 0\n");
}

static void not_the_same(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct ex later;
        const char *want;
    } rows[] = {
        {"other target",
         {5, 1, 2, 3, 201, false, "/other"},
         "1.1 417 expect-refused 1/1 of 1 by 0\n"},
        {"began before the end",
         {5, 1, 0.5, 3, 201, false, NULL},
         "1.1 417 expect-refused 1/1 of 1 by 0\n"},
        {"just within the window",
         {5, 1, 30001, 30002, 201, false, NULL},
         "1.1 417 expect-refused 1/2 of 1 by 2\n"},
        {"after the window",
         {5, 1, 30001.001, 30002, 201, false, NULL},
         "1.1 417 expect-refused 1/1 of 1 by 0\n"},
        {"failed as well",
         {5, 1, 2, 3, 503, false, NULL},
         "1.1 417 expect-refused 1/2 of 1 by 0\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct aw_link *l = open_link(false, BIG);
        const struct ex first = {1, 1, 0, 1, 417, true, NULL};
        if (rows[i].later.begin < first.end) {
            opened(l, &first);
            opened(l, &rows[i].later);
            closed(l, &first);
            closed(l, &rows[i].later);
        } else {
            both(l, &first);
            both(l, &rows[i].later);
        }
        finish(l, 40000);
        if (strcmp(out, rows[i].want) != 0)
            fail_msg("%s:\n%snot\n%s", rows[i].name, out, rows[i].want);
    }
}

/* Targets longer than most: the same to their last byte, or not the same. */
static void long_targets(void **state)
{
    (void)state;
    static char one[3000], other[3000];
    memset(one, 'a', sizeof one - 1);
    memset(other, 'a', sizeof other - 1);
    one[0] = other[0] = '/';
    other[sizeof other - 2] = 'b';
    struct aw_link *l = open_link(false, BIG);
    both(l, &(struct ex){1, 1, 0, 1, 417, true, one});
    both(l, &(struct ex){5, 1, 2, 3, 201, false, other});
    both(l, &(struct ex){6, 1, 4, 5, 201, false, one});
    finish(l, 8);
    assert_string_equal(out, "1.1 417 expect-refused 1/2 of 1 by 3\n");
}

/* However many requests wait for a retry at a time, each finds its own. */
static void many_wait(void **state)
{
    (void)state;
    enum { MANY = 400 };
    static char target[MANY][16], want[MANY * 60];
    size_t len = 0;
    struct aw_link *l = open_link(false, BIG);
    for (unsigned i = 0; i < MANY; i++) {
        snprintf(target[i], sizeof target[i], "/%u", i);
        both(l, &(struct ex){i + 1, 1, i, i + 0.5, 417, true, target[i]});
        len += (size_t)snprintf(want + len, sizeof want - len,
                                "%u.%u 417 expect-refused 1/2 of %u by %u\n", i + 1, i + 1, i + 1,
                                MANY + i + 1);
    }
    for (unsigned i = 0; i < MANY; i++)
        both(l, &(struct ex){MANY + i + 1, 1, MANY + i, MANY + i + 0.5, 201, false, target[i]});
    finish(l, 3 * MANY);
    assert_int_equal(records, MANY);
    assert_string_equal(out, want);
}

static void loop_of_51(void **state)
{
    (void)state;
    struct aw_link *l = open_link(false, BIG);
    for (unsigned i = 0; i < 51; i++)
        both(l, &(struct ex){1, i + 1, i, i + 0.5, 417, true, NULL});
    assert_int_equal(records, 0); /* all wait for the last */
    finish(l, 100);
    assert_int_equal(records, 51);
    assert_memory_equal(out, "1.1 417 expect-refused 1/51 of 1 by 0\n2.1 417 retry-loop 2/51 of 1",
                        65);
    assert_non_null(strstr(out, "51.1 417 retry-loop 51/51 of 1 by 0\n"));
}

/* curl once more: the loop ends when the client drops Expect. */
static void loop_recovers(void **state)
{
    (void)state;
    struct aw_link *l = open_link(false, BIG);
    for (unsigned i = 0; i < 3; i++)
        both(l, &(struct ex){i + 1, 1, i, i + 0.5, 417, true, NULL});
    both(l, &(struct ex){9, 1, 5, 6, 200, false, NULL});
    finish(l, 100);
    assert_string_equal(out, "1.1 417 expect-refused 1/4 of 1 by 4\n"
                             "2.2 417 retry-loop 2/4 of 1 by 4\n"
                             "3.3 417 retry-loop 3/4 of 1 by 4\n");
}

static void two_candidates(void **state)
{
    (void)state;
    struct aw_link *l = open_link(true, BIG);
    const struct ex b = {5, 1, 2, 10, 201, false, NULL}, c = {6, 1, 3, 9, 201, false, NULL};
    both(l, &(struct ex){1, 1, 0, 1, 417, true, NULL});
    opened(l, &b);
    opened(l, &c);
    closed(l, &c);
    closed(l, &b);
    finish(l, 20);
    assert_non_null(strstr(out, "1.1 417 expect-refused 1/1 of 1 by 0\n"));
    assert_null(strstr(out, "2/2"));
}

/* Two uploads of the same, both refused, one retry on a third connection: whose is it? */
static void two_wait_for_one(void **state)
{
    (void)state;
    struct aw_link *l = open_link(false, BIG);
    const struct ex a = {1, 1, 0, 1, 417, true, NULL}, b = {2, 1, 0.1, 1.1, 417, true, NULL};
    opened(l, &a);
    opened(l, &b);
    closed(l, &a);
    closed(l, &b);
    both(l, &(struct ex){5, 1, 2, 3, 201, false, NULL});
    finish(l, 20);
    assert_string_equal(out, "1.1 417 expect-refused 1/1 of 1 by 0\n"
                             "2.2 417 expect-refused 1/1 of 2 by 0\n");
}

/* ... on their own connections there is no doubt. */
static void two_wait_for_two(void **state)
{
    (void)state;
    struct aw_link *l = open_link(false, BIG);
    const struct ex a = {1, 1, 0, 1, 417, true, NULL}, b = {2, 1, 0.1, 1.1, 417, true, NULL};
    const struct ex c = {1, 2, 2, 5, 201, false, NULL}, d = {2, 2, 2.1, 5.1, 201, false, NULL};
    opened(l, &a);
    opened(l, &b);
    closed(l, &a);
    closed(l, &b);
    opened(l, &c);
    opened(l, &d);
    closed(l, &c);
    closed(l, &d);
    finish(l, 20);
    assert_string_equal(out, "1.1 417 expect-refused 1/2 of 1 by 3\n"
                             "2.2 417 expect-refused 1/2 of 2 by 4\n");
}

static void window_expires(void **state)
{
    (void)state;
    struct aw_link *l = open_link(false, BIG);
    both(l, &(struct ex){1, 1, 0, 1, 417, true, NULL});
    tick(l, 30001);
    tick(l, 32000);
    assert_int_equal(records, 0);
    tick(l, 32010); /* the event was at 30001, and nothing that ended before it can come any more */
    assert_int_equal(records, 1);
    finish(l, 33000);
    assert_int_equal(records, 1);
}

/* Failures other than 417 are written at once; the later attempt knows its number. */
static void other_failures(void **state)
{
    (void)state;
    struct aw_link *l = open_link(false, BIG);
    for (unsigned i = 0; i < 6; i++)
        both(l, &(struct ex){i + 1, 1, i * 2000.0, i * 2000.0 + 10, 503, true, NULL});
    both(l, &(struct ex){9, 1, 12000, 12001, 0, true, NULL});
    finish(l, 20000);
    assert_string_equal(out, "1.1 503 server-error 1/1 of 1 by 0\n"
                             "2.2 503 server-error 2/2 of 1 by 0\n"
                             "3.3 503 server-error 3/3 of 1 by 0\n"
                             "4.4 503 server-error 4/4 of 1 by 0\n"
                             "5.5 503 retry-loop 5/5 of 1 by 0\n"
                             "6.6 503 retry-loop 6/6 of 1 by 0\n"
                             "7.7 0 reset-unanswered 7/7 of 1 by 0\n");
}

/* Records come by the event that ended them, whenever they are told of. */
static void order(void **state)
{
    (void)state;
    struct aw_link *l = open_link(false, BIG);
    const struct ex a = {1, 1, 0, 5, 403, true, "/a"}, b = {2, 1, 1, 4, 403, true, "/b"};
    const struct ex c = {3, 1, 2, 500, 403, true, "/c"};
    opened(l, &a);
    opened(l, &b);
    opened(l, &c);
    closed(l, &a);
    closed(l, &c);
    struct aw_exchange x = make(&b); /* settled: told of a second after its end */
    tick(l, 1004);
    aw_link_closed(l, &x);
    finish(l, 5000);
    assert_string_equal(out, "2.2 403 rejected-early 1/1 of 2 by 0\n"
                             "1.1 403 rejected-early 1/1 of 1 by 0\n"
                             "3.3 403 rejected-early 1/1 of 3 by 0\n");
}

/* Equal events, told with and without clock ticks between them, give equal records. */
static void ticks_do_not_matter(void **state)
{
    (void)state;
    static char first[sizeof out];
    for (unsigned round = 0; round < 2; round++) {
        struct aw_link *l = open_link(true, BIG);
        for (unsigned i = 0; i < 200; i++) {
            const struct ex e = {i + 1,
                                 1,
                                 i * 700.0,
                                 i * 700.0 + 3,
                                 i % 3 ? 503 : 417,
                                 i % 2 == 0,
                                 i % 5 ? NULL : "/other"};
            both(l, &e);
            for (unsigned k = 1; round && k < 7; k++)
                tick(l, i * 700.0 + k * 100);
        }
        finish(l, 200 * 700);
        if (round == 0) memcpy(first, out, sizeof out);
    }
    assert_string_equal(out, first);
}

static void plain_exchanges_pass(void **state)
{
    (void)state;
    struct aw_link *l = open_link(false, BIG);
    for (unsigned i = 0; i < 5000; i++) {
        const struct ex e = {i / 10 + 1, i % 10 + 1, i, i + 0.5, 200, false, NULL};
        aw_link_connection(l, e.conn, NULL);
        both(l, &e);
        if (e.nth == 10) aw_link_gone(l, e.conn);
    }
    assert_int_equal(aw_link_stats(l)->opened, 5000);
    assert_int_equal(aw_link_stats(l)->closed, 5000);
    finish(l, 6000);
    assert_int_equal(records, 0);
}

/* The client's leg is conn 1, the origin's conn 2: begun and ended within it, told of late. */
static struct aw_exchange leg_of(const struct ex *e, uint8_t client, uint8_t server)
{
    struct aw_exchange x = make(e);
    x.conn.addr[AW_C2S].b[3] = client;
    x.conn.addr[AW_S2C].b[3] = server;
    return x;
}

static uint64_t inner_of_1, outer_of_2;
static void on_legs(void *ctx, const struct aw_record *r)
{
    on_record(ctx, r);
    if (r->ex->id == 1) inner_of_1 = r->inner_id;
    if (r->ex->id == 2) outer_of_2 = r->outer_id;
}

static void legs(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct ex inner;
        uint8_t client, server;
        double told;
        bool linked;
        bool left; /* the outer one's client leaves without an answer */
    } rows[] = {
        {"within", {2, 1, 1, 8, 403, true, NULL}, 2, 3, 8, true, false},
        {"told of after the outer", {2, 1, 1, 8, 403, true, NULL}, 2, 3, 900, true, false},
        {"other address of the proxy", {2, 1, 1, 8, 403, true, NULL}, 7, 3, 8, true, false},
        {"prefix stripped", {2, 1, 1, 8, 403, true, "p"}, 2, 3, 8, false, false},
        {"ends after the outer", {2, 1, 1, 12, 403, true, NULL}, 2, 3, 12, false, false},
        {"same server", {2, 1, 1, 8, 403, true, NULL}, 7, 2, 8, false, false},
        {"same client, elsewhere", {2, 1, 1, 8, 403, true, NULL}, 1, 3, 8, false, false},
        {"ends after the client left", {2, 1, 1, 12, 403, true, NULL}, 2, 3, 12, true, true},
        {"ends long after that", {2, 1, 1, 1100, 403, true, NULL}, 2, 3, 1100, false, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct aw_config config;
        aw_config_init(&config);
        memset(config.secret, 7, sizeof config.secret);
        config.alloc = aw_alloc_or_default(NULL);
        const struct aw_sink sink = {.record = on_legs};
        struct aw_link *l = aw_link_new(&config, &sink, aw_diagnose, BIG);
        assert_non_null(l);
        inner_of_1 = outer_of_2 = 0;
        records = 0;
        out_len = 0;
        const struct ex o = {1, 1, 0, 10, rows[i].left ? 0 : 403, true, NULL};
        struct aw_exchange outer = leg_of(&o, 1, 2);
        outer.conn.closed_by = AW_C2S; /* where it is closed at all */
        struct aw_exchange inner = leg_of(&rows[i].inner, rows[i].client, rows[i].server);
        tick(l, 0);
        tell_opened(l, &outer);
        tick(l, 1);
        tell_opened(l, &inner);
        if (rows[i].told < 10) {
            tick(l, rows[i].told);
            aw_link_closed(l, &inner);
        }
        tick(l, 10);
        aw_link_closed(l, &outer);
        if (rows[i].told > 10) {
            tick(l, rows[i].told);
            aw_link_closed(l, &inner);
        }
        finish(l, 2000);
        assert_int_equal(records, 2);
        if (inner_of_1 != (rows[i].linked ? 2u : 0u) || outer_of_2 != (rows[i].linked ? 1u : 0u))
            fail_msg("%s: inner %u outer %u", rows[i].name, (unsigned)inner_of_1,
                     (unsigned)outer_of_2);
    }
}

/* The leg behind a proxy that tells no length is known by the client that it names. */
static void legs_by_name(void **state)
{
    (void)state;
    static const struct aw_addr four = {.b = {10, 1, 0, 1}},
                                six = {.v6 = true, .b = {0x20, 1, 0xd, 0xb8, [15] = 1}};
    static const struct {
        const char *name;
        const struct aw_addr *client;
        enum aw_text field;
        const char *value;
        bool linked;
    } rows[] = {
        {"an address", &four, AW_TEXT_XFF, "10.1.0.1", true},
        {"the last of several", &four, AW_TEXT_XFF, "192.0.2.7, 10.1.0.1", true},
        {"with a port", &four, AW_TEXT_XFF, "10.1.0.1:4711", true},
        {"mapped into IPv6", &four, AW_TEXT_XFF, "::ffff:10.1.0.1", true},
        {"begins another one", &four, AW_TEXT_XFF, "10.1.0.10", false},
        {"ends another one", &four, AW_TEXT_XFF, "110.1.0.1", false},
        {"no address", &four, AW_TEXT_XFF, "unknown", false},
        {"nothing", &four, AW_TEXT_XFF, "", false},
        {"Forwarded", &four, AW_TEXT_FORWARDED, "for=10.1.0.1;proto=http;by=10.0.0.9", true},
        {"Forwarded, hidden", &four, AW_TEXT_FORWARDED, "for=_hidden;by=10.0.0.9", false},
        {"IPv6", &six, AW_TEXT_XFF, "2001:db8::1", true},
        {"IPv6, spelled otherwise", &six, AW_TEXT_XFF, "2001:DB8:0:0::0001", true},
        {"IPv6 with a port", &six, AW_TEXT_FORWARDED, "for=\"[2001:db8::1]:4711\"", true},
        {"begins another IPv6 one", &six, AW_TEXT_XFF, "2001:db8::10", false},
        {"longer than any", &six, AW_TEXT_XFF,
         "2001:db8::1:2001:db8::1:2001:db8::1:2001:db8::1:2001:db8::1", false},
        {"the eighth", &four, AW_TEXT_XFF,
         "1.0.0.1,1.0.0.2,1.0.0.3,1.0.0.4,1.0.0.5,1.0.0.6,1.0.0.7,10.1.0.1", true},
        {"further down than is looked", &four, AW_TEXT_XFF,
         "1.0.0.1,1.0.0.2,1.0.0.3,1.0.0.4,1.0.0.5,1.0.0.6,1.0.0.7,1.0.0.8,10.1.0.1", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct aw_config config;
        aw_config_init(&config);
        memset(config.secret, 7, sizeof config.secret);
        config.alloc = aw_alloc_or_default(NULL);
        const struct aw_sink sink = {.record = on_legs};
        struct aw_link *l = aw_link_new(&config, &sink, aw_diagnose, BIG);
        assert_non_null(l);
        inner_of_1 = outer_of_2 = 0;
        struct aw_exchange outer = leg_of(&(struct ex){1, 1, 0, 10, 403, true, NULL}, 1, 2);
        struct aw_exchange inner = leg_of(&(struct ex){2, 1, 1, 8, 403, true, NULL}, 2, 3);
        outer.declared = inner.declared = -1;
        outer.conn.addr[AW_C2S] = *rows[i].client;
        inner.text[rows[i].field] =
            (struct aw_span){(const uint8_t *)rows[i].value, strlen(rows[i].value)};
        tick(l, 0);
        tell_opened(l, &outer);
        tick(l, 1);
        tell_opened(l, &inner);
        tick(l, 8);
        aw_link_closed(l, &inner);
        tick(l, 10);
        aw_link_closed(l, &outer);
        finish(l, 2000);
        if ((inner_of_1 == 2) != rows[i].linked || (outer_of_2 == 1) != rows[i].linked)
            fail_msg("%s: inner %u outer %u", rows[i].name, (unsigned)inner_of_1,
                     (unsigned)outer_of_2);
    }
}

/* An attempt whose answer was not captured does not end a loop, nor does it count. */
static void loop_with_a_hole(void **state)
{
    (void)state;
    for (unsigned lost = 0; lost < 7; lost++) {
        struct aw_link *l = open_link(false, BIG);
        for (unsigned i = 1; i <= 6; i++) {
            const struct ex e = {i, 1, i * 10, i * 10 + 1, i == lost ? 0 : 500, true, NULL};
            struct aw_exchange x = make(&e);
            opened(l, &e);
            if (i == lost) x.flags |= AW_F_HOLE_FINAL;
            tick(l, e.end);
            aw_link_closed(l, &x);
        }
        finish(l, 2000);
        assert_int_equal(records, 6);
        const char *last = strstr(out, "6.6 ");
        assert_non_null(last);
        if (lost < 6) assert_non_null(strstr(last, "500 retry-loop 6/6"));
    }
}

/* Past the budget the oldest go out as they stand; every one goes out once. */
static void budget(void **state)
{
    (void)state;
    struct aw_link *l = open_link(false, 64 << 10);
    char target[1000][12];
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(target[i], sizeof target[i], "/t%u", i);
        both(l, &(struct ex){i + 1, 1, i, i + 0.5, 417, true, target[i]});
    }
    assert_true(records > 900);
    assert_true(aw_link_stats(l)->let_go > 900);
    finish(l, 2000);
    assert_int_equal(records, 1000);
}

/* Each allocation fails in turn: nothing crashes, no record comes twice. */
static size_t failing_at, failing_count;
static void *get_or_fail(void *ctx, size_t size)
{
    (void)ctx;
    return ++failing_count == failing_at ? NULL : malloc(size);
}
static void *resize_or_fail(void *ctx, void *p, size_t size)
{
    (void)ctx;
    return ++failing_count == failing_at ? NULL : realloc(p, size);
}
static void put(void *ctx, void *p)
{
    (void)ctx;
    free(p);
}
static void allocations_fail(void **state)
{
    (void)state;
    struct aw_config config;
    aw_config_init(&config);
    for (size_t i = 0; i < sizeof config.secret; i++)
        config.secret[i] = (uint8_t)(i * 31 + 7);
    config.alloc = (struct aw_alloc){.get = get_or_fail, .resize = resize_or_fail, .put = put};
    const struct aw_sink sink = {.record = on_record};
    for (failing_at = 1; failing_at < 60; failing_at++) {
        failing_count = 0;
        records = 0;
        out_len = 0;
        struct aw_link *l = aw_link_new(&config, &sink, aw_diagnose, BIG);
        if (l == NULL) continue;
        for (unsigned i = 0; i < 8; i++)
            both(l, &(struct ex){1, i + 1, i, i + 0.5, 417, true, NULL});
        finish(l, 100);
        assert_int_equal(records, 8);
    }
}

/* Of one that was lost for want of memory there is no record; what waits for it waits no longer. */
static void lost(void **state)
{
    (void)state;
    struct aw_link *l = open_link(true, BIG);
    struct aw_exchange outer = leg_of(&(struct ex){1, 1, 0, 10, 403, true, NULL}, 1, 2);
    const struct aw_exchange inner = leg_of(&(struct ex){2, 1, 1, 8, 403, true, NULL}, 2, 3);
    tick(l, 0);
    tell_opened(l, &outer);
    tick(l, 1);
    tell_opened(l, &inner);
    tick(l, 10);
    aw_link_closed(l, &outer);
    aw_link_lost(l, 2, 1);
    aw_link_lost(l, 2, 1); /* nothing is known of it any more */
    tick(l, 1011);
    tick(l, 1012);
    assert_string_equal(out, "1.1 403 rejected-early 1/1 of 1 by 0\n");
    /* A retry of which nothing is known is one that did not get through. */
    both(l, &(struct ex){3, 1, 2000, 2001, 417, true, "/e"});
    opened(l, &(struct ex){4, 1, 2002, 2003, 201, false, "/e"});
    tick(l, 2004);
    aw_link_lost(l, 4, 1);
    finish(l, 3000);
    assert_string_equal(out, "1.1 403 rejected-early 1/1 of 1 by 0\n"
                             "3.3 417 expect-refused 1/2 of 3 by 0\n");
}

/* --- packets that the capture lost --- */

static bool dropped[200];

static void note_dropped(void *ctx, const struct aw_record *r)
{
    (void)ctx;
    if (r->ex->id < sizeof dropped) dropped[r->ex->id] = r->ex->flags & AW_F_DROPPED;
}

/* Marked are those under way at a time when packets were lost; where too many such times are told
 * of, the two oldest and what lies between them become one. */
static void drops(void **state)
{
    (void)state;
    enum { TIMES = 40, KEPT = 32, EVERY = 10000 }; /* ms */
    struct aw_config config;
    aw_config_init(&config);
    config.all = true;
    config.alloc = aw_alloc_or_default(NULL);
    const struct aw_sink sink = {.record = note_dropped};
    struct aw_link *l = aw_link_new(&config, &sink, aw_diagnose, BIG);
    assert_non_null(l);
    memset(dropped, 0, sizeof dropped);
    aw_link_dropped(l, AW_NS_NONE, AW_NS_NONE);
    aw_link_dropped(l, CASE_EPOCH + 5 * AW_MS, CASE_EPOCH); /* ends before it begins: nothing */
    /* Of each time one exchange was under way (2n + 1), one in the quiet after it (2n + 2). All are
     * closed at the end, so that all times are known. */
    for (unsigned i = 0; i < TIMES; i++) {
        const double at = i * (double)EVERY;
        const aw_ns when = CASE_EPOCH + (aw_ns)(at * 1e6);
        opened(l, &(struct ex){2 * i + 1, 1, at, at + 10, 201, true, NULL});
        opened(l, &(struct ex){2 * i + 2, 1, at + 5000, at + 5010, 201, true, NULL});
        aw_link_dropped(l, when + 2 * AW_MS, when + 3 * AW_MS);
        /* Less than a second later, and before it: the same time. */
        aw_link_dropped(l, when + AW_MS, when + 900 * AW_MS);
    }
    for (unsigned i = 0; i < TIMES; i++) {
        const double at = i * (double)EVERY;
        struct aw_exchange x = make(&(struct ex){2 * i + 1, 1, at, at + 10, 201, true, NULL});
        tick(l, TIMES * (double)EVERY);
        aw_link_closed(l, &x);
        x = make(&(struct ex){2 * i + 2, 1, at + 5000, at + 5010, 201, true, NULL});
        aw_link_closed(l, &x);
    }
    finish(l, TIMES * (double)EVERY + 1);
    for (unsigned i = 0; i < TIMES; i++) {
        const bool between = i < TIMES - KEPT; /* it lies within the oldest */
        if (!dropped[2 * i + 1]) fail_msg("time %u: not marked", i);
        if (dropped[2 * i + 2] != between) fail_msg("after time %u: %d", i, dropped[2 * i + 2]);
    }
}

/* --- address translation --- */

static struct aw_exchange numbered(const struct ex *e, uint32_t client_isn)
{
    struct aw_exchange x = make(e);
    x.conn.syn_seen[AW_C2S] = x.conn.syn_seen[AW_S2C] = true;
    x.conn.isn[AW_C2S] = client_isn;
    x.conn.isn[AW_S2C] = 2900000000;
    return x;
}

/* The same connection under a second name is told of once; what only looks like it, twice. */
static void translated(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        double later; /* ms */
        uint32_t isn[2];
        bool client, port, server, no_handshake, gone;
        unsigned records;
    } rows[] = {
        {"another server", 1, {310000000, 310000000}, .server = true, .records = 1},
        {"another client", 1, {310000000, 310000000}, .client = true, .records = 1},
        {"both others",
         1,
         {310000000, 310000000},
         .client = true,
         .port = true,
         .server = true,
         .records = 1},
        {"another port of the client", 1, {310000000, 310000000}, .port = true, .records = 2},
        {"other numbers", 1, {310000000, 310000001}, .server = true, .records = 2},
        {"numbers that were made up", 1, {1000, 1000}, .server = true, .records = 2},
        {"much later", 101, {310000000, 310000000}, .server = true, .records = 2},
        {"no handshake",
         1,
         {310000000, 310000000},
         .server = true,
         .no_handshake = true,
         .records = 2},
        {"the first is gone",
         1,
         {310000000, 310000000},
         .server = true,
         .gone = true,
         .records = 2},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct aw_link *l = open_link(true, BIG);
        const double later = rows[i].later;
        struct aw_exchange a =
            numbered(&(struct ex){1, 1, 0, 500, 201, true, NULL}, rows[i].isn[0]);
        struct aw_exchange b =
            numbered(&(struct ex){2, 1, later, 500, 201, true, NULL}, rows[i].isn[1]);
        b.conn.addr[AW_C2S].b[3] ^= rows[i].client;
        b.conn.port[AW_C2S] ^= rows[i].port;
        b.conn.addr[AW_S2C].b[3] ^= rows[i].server;
        if (rows[i].no_handshake) b.conn.syn_seen[AW_S2C] = false;
        tick(l, 0);
        tell_opened(l, &a);
        if (rows[i].gone) {
            aw_link_closed(l, &a);
            aw_link_gone(l, 1);
        }
        tick(l, later);
        tell_opened(l, &b);
        tick(l, 500);
        if (!rows[i].gone) aw_link_closed(l, &a);
        aw_link_closed(l, &b);
        assert_int_equal(aw_link_stats(l)->twins, 2 - rows[i].records);
        finish(l, 600);
        if (records != rows[i].records) fail_msg("%s: %u records", rows[i].what, records);
    }
}

/* Its later requests are left out as well, and do not stand beside a repeat as a second one. */
static void translated_repeat(void **state)
{
    (void)state;
    const struct ex first = {1, 1, 0, 1, 417, true, NULL}, again = {1, 2, 2, 3, 201, false, NULL};
    const struct ex twin = {2, 1, 0.1, 0.9, 417, true, NULL},
                    too = {2, 2, 2.1, 2.9, 201, false, NULL};
    struct aw_link *l = open_link(true, BIG);
    struct aw_exchange a = numbered(&first, 310000000), b = numbered(&twin, 310000000);
    b.conn.addr[AW_S2C].b[3] ^= 1;
    tick(l, 0);
    tell_opened(l, &a);
    tick(l, 0.1);
    tell_opened(l, &b);
    tick(l, 1);
    aw_link_closed(l, &b);
    aw_link_closed(l, &a);
    opened(l, &again);
    opened(l, &too);
    closed(l, &too);
    closed(l, &again);
    finish(l, 5);
    assert_string_equal(out, "1.1 417 expect-refused 1/2 of 1 by 2\n2.1 201 - 2/2 of 1 by 0\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(retry_same_connection),
        cmocka_unit_test(retry_new_connection),
        cmocka_unit_test(told_late),
        cmocka_unit_test(told_late_of_a_chain),
        cmocka_unit_test(not_the_same),
        cmocka_unit_test(long_targets),
        cmocka_unit_test(many_wait),
        cmocka_unit_test(loop_of_51),
        cmocka_unit_test(loop_recovers),
        cmocka_unit_test(loop_with_a_hole),
        cmocka_unit_test(two_candidates),
        cmocka_unit_test(two_wait_for_one),
        cmocka_unit_test(two_wait_for_two),
        cmocka_unit_test(window_expires),
        cmocka_unit_test(other_failures),
        cmocka_unit_test(order),
        cmocka_unit_test(ticks_do_not_matter),
        cmocka_unit_test(plain_exchanges_pass),
        cmocka_unit_test(legs),
        cmocka_unit_test(legs_by_name),
        cmocka_unit_test(lost),
        cmocka_unit_test(drops),
        cmocka_unit_test(translated),
        cmocka_unit_test(translated_repeat),
        cmocka_unit_test(budget),
        cmocka_unit_test(allocations_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
