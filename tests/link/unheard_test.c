/*
 * What may be an origin's leg and was not captured: the silence of a proxy is judged less surely
 * where a connection of nobody heard, or a request in a hole, leads from elsewhere to elsewhere.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "common/case.h"
#include "link/link.h"

static enum aw_cause cause;
static enum aw_confidence confidence;
static void on_record(void *ctx, const struct aw_record *r)
{
    (void)ctx;
    if (r->ex->conn.ord != 1 || !r->verdict) return;
    cause = r->verdict->cause;
    confidence = r->verdict->confidence;
}

static struct aw_link *open_link(void)
{
    struct aw_config config;
    aw_config_init(&config);
    memset(config.secret, 7, sizeof config.secret);
    config.alloc = aw_alloc_or_default(NULL);
    const struct aw_sink sink = {.record = on_record};
    struct aw_link *l = aw_link_new(&config, &sink, aw_diagnose, (size_t)1 << 24);
    assert_non_null(l);
    return l;
}

static struct aw_link_way way(uint8_t client, uint8_t server, uint16_t port)
{
    struct aw_link_way w = {.server_port = port};
    w.client.b[3] = client;
    w.server.b[3] = server;
    return w;
}

static void tick(struct aw_link *l, double ms)
{
    aw_link_tick(l, CASE_EPOCH + (aw_ns)(ms * 1e6), (uint64_t)(ms * 1000) + 10);
}

static void open_exchange(struct aw_link *l, const struct aw_exchange *x)
{
    struct aw_opening opening;
    aw_opening_of(&opening, x);
    aw_link_opened(l, &opening);
}

/* Connection 1 leads from host 1 to host 2, port 0; its exchange is open from 0 to 2000 ms, until
 * its client leaves without an answer. Connection 2 is there at `at` ms. */
static const struct row {
    const char *name;
    double at;
    uint8_t client, server;
    uint16_t port;
    enum { SILENT, HEARD, IN_HOLE, JOINED_LATER } what;
    bool doubt;
} rows[] = {
    {"nobody else", 10, 3, 4, 80, JOINED_LATER, false},
    {"a connection nobody was heard on", 10, 3, 4, 80, SILENT, true},
    {"a client that was heard", 10, 3, 4, 80, HEARD, false},
    {"a request in a hole", 10, 3, 4, 80, IN_HOLE, true},
    {"from the proxy's own address", 10, 2, 4, 80, SILENT, true},
    {"to another port of the same host", 10, 3, 2, 80, SILENT, true},
    {"of the same client", 10, 1, 4, 80, SILENT, false},
    {"of the same client, in a hole", 10, 1, 4, 80, IN_HOLE, false},
    {"to the same server", 10, 3, 2, 0, SILENT, false},
    {"to the same server, in a hole", 10, 3, 2, 0, IN_HOLE, false},
    {"before the head", -10, 3, 4, 80, SILENT, false},
    {"before the head, in a hole", -10, 3, 4, 80, IN_HOLE, false},
    {"as the client leaves", 1999, 3, 4, 80, SILENT, true},
};

static void run(const struct row *r, unsigned others)
{
    struct aw_link *l = open_link();
    cause = AW_CAUSE_INCOMPLETE;

    struct case_maker m;
    case_begin(&m);
    if (r->at >= 0) {
        tick(l, 0);
        open_exchange(l, &m.x);
    }
    tick(l, r->at);
    const struct aw_link_way w = way(r->client, r->server, r->port);
    aw_link_connection(l, 2, r->what == JOINED_LATER ? NULL : &w);
    for (unsigned i = 0; i < others; i++) { /* heard a little later each, in any order */
        const struct aw_link_way o = way((uint8_t)(50 + i % 100), 4, 80);
        aw_link_connection(l, 3 + i, &o);
        if (i % 2) aw_link_heard(l, 3 + i - 1), aw_link_heard(l, 3 + i);
    }
    if (r->what == HEARD || r->what == IN_HOLE) aw_link_heard(l, 2);
    if (r->what == IN_HOLE) aw_link_unheard(l, &w);
    if (r->at < 0) {
        tick(l, 0);
        open_exchange(l, &m.x);
    }
    case_close(&m, 2000, AW_C2S, false);
    tick(l, 2000);
    aw_link_closed(l, &m.x);
    aw_link_finish(l, CASE_EPOCH + 10 * AW_SEC);
    aw_link_free(l);

    if (cause != AW_CAUSE_DEADLOCK || (confidence != AW_CONF_HIGH) != r->doubt)
        fail_msg("%s, %u others: %s, %s", r->name, others, aw_cause_slug(cause),
                 aw_confidence_name(confidence));
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        run(&rows[i], 0);
        run(&rows[i], 40);
    }
}

/* The ring has come round: what was overwritten is forgotten, what is heard later does no harm. */
static void test_many(void **state)
{
    (void)state;
    const struct row heard = {"heard after many", 10, 3, 4, 80, HEARD, false};
    const struct row silent = {"forgotten after many", 10, 3, 4, 80, SILENT, false};
    run(&heard, 1000);
    run(&silent, 1000);
}

/* A request that may be the origin's leg of two open exchanges is linked with neither; and neither
 * seems to have had none. */
static void test_leg_of_either(void **state)
{
    (void)state;
    for (unsigned outers = 1; outers <= 2; outers++) {
        struct aw_link *l = open_link();
        struct case_maker m, other, inner;
        case_begin(&m);
        case_begin(&other);
        case_begin(&inner);
        other.x.conn.ord = 2;
        other.x.conn.addr[AW_C2S].b[3] = 11;
        other.x.conn.addr[AW_S2C].b[3] = 12;
        inner.x.conn.ord = 3;
        inner.x.conn.addr[AW_C2S].b[3] = 20;
        inner.x.conn.addr[AW_S2C].b[3] = 30;
        case_text(&inner, AW_TEXT_REQ_VIA, "1.1 proxy");
        inner.x.at[AW_AT_REQ_FIRST] = inner.x.at[AW_AT_HEAD] = case_mark(&inner, 5);
        tick(l, 0);
        open_exchange(l, &m.x);
        if (outers == 2) open_exchange(l, &other.x);
        tick(l, 5);
        open_exchange(l, &inner.x);
        case_final(&inner, 9, 200);
        tick(l, 9);
        aw_link_closed(l, &inner.x);
        case_close(&m, 2000, AW_C2S, false);
        tick(l, 2000);
        aw_link_closed(l, &m.x);
        aw_link_finish(l, CASE_EPOCH + 10 * AW_SEC);
        aw_link_free(l);
        assert_int_equal(cause, AW_CAUSE_DEADLOCK);
        assert_int_equal(confidence, outers == 1 ? AW_CONF_HIGH : AW_CONF_MEDIUM);
    }
}

/* Target and length are those of an open exchange, and no proxy shows: whether it is its origin's
 * leg is told by the two ending together, and is not where it has content that the client kept. */
static void test_leg_that_looks_alike(void **state)
{
    (void)state;
    static const struct {
        double left; /* the inner one's client leaves at so many ms */
        bool content;
        enum aw_cause cause;
        enum aw_confidence confidence;
    } alike[] = {
        {2001, false, AW_CAUSE_CONTINUE_NOT_RELAYED, AW_CONF_HIGH},
        {1000, false, AW_CAUSE_CONTINUE_NOT_RELAYED, AW_CONF_MEDIUM},
        {2001, true, AW_CAUSE_DEADLOCK, AW_CONF_MEDIUM},
    };
    for (size_t i = 0; i < sizeof alike / sizeof *alike; i++) {
        struct aw_link *l = open_link();
        struct case_maker m, inner;
        case_begin(&m);
        case_begin(&inner);
        inner.x.conn.ord = 2;
        inner.x.conn.addr[AW_C2S].b[3] = 20;
        inner.x.conn.addr[AW_S2C].b[3] = 30;
        inner.x.at[AW_AT_REQ_FIRST] = inner.x.at[AW_AT_HEAD] = case_mark(&inner, 5);
        case_100(&inner, 6);
        tick(l, 0);
        open_exchange(l, &m.x);
        tick(l, 5);
        open_exchange(l, &inner.x);
        if (alike[i].content) case_content(&inner, 7, 8, 0);
        case_close(&inner, alike[i].left, AW_C2S, false);
        case_close(&m, 2000, AW_C2S, false);
        const bool first = alike[i].left < 2000;
        tick(l, first ? alike[i].left : 2000);
        aw_link_closed(l, first ? &inner.x : &m.x);
        tick(l, first ? 2000 : alike[i].left);
        aw_link_closed(l, first ? &m.x : &inner.x);
        aw_link_finish(l, CASE_EPOCH + 10 * AW_SEC);
        aw_link_free(l);
        assert_string_equal(aw_cause_slug(cause), aw_cause_slug(alike[i].cause));
        assert_int_equal(confidence, alike[i].confidence);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_leg_of_either),
        cmocka_unit_test(test_leg_that_looks_alike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
