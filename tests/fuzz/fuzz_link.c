/*
 * The link room: connections and exchanges come, go, repeat each other and cross proxies in any
 * order that its contract allows. Each exchange that is over becomes one record, with ids and a
 * place in its chain that fit; then again with a budget that holds next to nothing, which may only
 * cost what is known of neighbours. Input: four bytes a step.
 */
#include "fuzz/fuzz.h"
#include "base/alloc.h"
#include "common/case.h"
#include "link/link.h"

enum { STEPS = 400, CONNS = 24, OPEN = 64 };

struct open_one { /* an exchange that began */
    unsigned conn;
    uint32_t nth;
    double begin;
    uint8_t shape;
};
struct world {
    struct tape tape;
    struct aw_link *link;
    double now; /* ms */
    uint64_t ord, last_conn;
    struct {
        uint64_t ord; /* 0 = none */
        uint32_t nth;
        uint8_t way;
    } conn[CONNS];
    struct open_one open[OPEN];
    unsigned count;
    uint64_t closed, records, last_id;
};

static void on_record(void *ctx, const struct aw_record *r)
{
    struct world *w = ctx;
    w->records++;
    REQUIRE(r->ex->id != 0 && r->ex->conn_id != 0 && r->chain_id != 0, "a record without an id");
    REQUIRE(r->attempt >= 1 && r->attempt <= r->attempts, "attempt %u of %u", r->attempt,
            r->attempts);
    REQUIRE(r->attempts > 1 || r->chain_id == r->ex->id, "alone, in the chain of %llu",
            (unsigned long long)r->chain_id);
    REQUIRE(r->recovered_by.id != r->ex->id && r->inner_id != r->ex->id && r->outer_id != r->ex->id,
            "%llu joined to itself", (unsigned long long)r->ex->id);
    REQUIRE(r->recovered_by.id == 0 || r->recovered_by.status < 400, "recovered by a %u",
            r->recovered_by.status);
    REQUIRE(!r->verdict == !aw_is_expectation(r->ex), "a verdict where none belongs, or none");
    for (unsigned i = 0; i < AW_TEXT_COUNT; i++)
        if (r->ex->text[i].p) touch(r->ex->text[i].p, r->ex->text[i].len);
}

static void way_of(uint8_t way, struct aw_link_way *out)
{
    *out = (struct aw_link_way){.server_port = way & 4 ? 80 : 8080};
    out->client.b[3] = way & 1 ? 1 : 2;
    out->server.b[3] = way & 2 ? 2 : 3; /* the server of one may be the client of the other */
}

static struct aw_exchange make(const struct world *w, const struct open_one *o, bool over,
                               uint8_t ending)
{
    static const uint16_t statuses[] = {417, 417, 201, 200, 401, 500, 413, 0};
    struct case_maker m;
    struct aw_link_way way;
    way_of(w->conn[o->conn].way, &way);
    case_begin(&m);
    struct aw_exchange *x = &m.x;
    x->conn.ord = w->conn[o->conn].ord;
    x->conn.addr[AW_C2S] = way.client;
    x->conn.addr[AW_S2C] = way.server;
    x->conn.port[AW_C2S] = (uint16_t)(40000 + o->conn);
    x->conn.port[AW_S2C] = way.server_port;
    x->nth = o->nth;
    m.ord = (uint64_t)(o->begin * 1000) + 10;
    x->ord = m.ord;
    x->at[AW_AT_REQ_FIRST] = x->at[AW_AT_HEAD] = x->at[AW_AT_ACK_HEAD] = case_mark(&m, o->begin);
    if (o->shape & 1) case_text(&m, AW_TEXT_TARGET, "/else");
    if (o->shape & 2) case_text(&m, AW_TEXT_XFF, "0.0.0.1");
    if (o->shape & 4) {
        x->req = AW_REQ_HAS_LENGTH;
        x->text[AW_TEXT_EXPECT] = (struct aw_span){.p = NULL};
    }
    if (o->shape & 8) x->flags |= AW_F_KEPT;
    if (o->shape & 16) case_text(&m, AW_TEXT_REQ_VIA, "1.1 proxy");
    if (!over) return *x;
    m.ord = (uint64_t)(w->now * 1000) + 10;
    if (ending & 8) case_100(&m, w->now);
    if (ending & 16) case_content(&m, w->now, w->now, ending & 8 ? CASE_100_END : 0);
    if (statuses[ending & 7])
        case_final(&m, w->now, statuses[ending & 7]);
    else
        case_close(&m, w->now, AW_S2C, ending & 32);
    return *x;
}

static void tick(struct world *w, uint8_t how)
{
    static const double waits[8] = {0, 0.1, 1, 50, 900, 5000, 31000, 0.01};
    w->now += waits[how & 7];
    w->ord = (uint64_t)(w->now * 1000) + 10;
    aw_link_tick(w->link, CASE_EPOCH + (aw_ns)(w->now * 1e6), w->ord);
}

static void connect_one(struct world *w, unsigned slot, uint8_t how)
{
    for (unsigned i = 0; i < w->count; i++)
        if (w->open[i].conn == slot) return;
    if (w->conn[slot].ord) aw_link_gone(w->link, w->conn[slot].ord);
    w->conn[slot].ord = w->last_conn = w->ord > w->last_conn ? w->ord : w->last_conn + 1;
    w->conn[slot].nth = 0;
    w->conn[slot].way = how;
    struct aw_link_way way;
    way_of(how, &way);
    aw_link_connection(w->link, w->conn[slot].ord, how & 8 ? NULL : &way);
}

static void begin_one(struct world *w, unsigned slot, uint8_t how)
{
    if (!w->conn[slot].ord || w->count == OPEN) return;
    if (w->conn[slot].nth == 0) aw_link_heard(w->link, w->conn[slot].ord);
    struct open_one *o = &w->open[w->count++];
    *o = (struct open_one){.conn = slot, .nth = ++w->conn[slot].nth, .begin = w->now, .shape = how};
    const struct aw_exchange x = make(w, o, false, 0);
    struct aw_opening opening;
    aw_opening_of(&opening, &x);
    aw_link_opened(w->link, &opening);
}

static void end_one(struct world *w, unsigned which, uint8_t how)
{
    if (w->count == 0) return;
    struct open_one *o = &w->open[which % w->count];
    /* Exchanges of a connection end in their order. */
    for (unsigned i = 0; i < w->count; i++)
        if (w->open[i].conn == o->conn && w->open[i].nth < o->nth) o = &w->open[i];
    struct aw_exchange x = make(w, o, true, how);
    aw_link_closed(w->link, &x);
    REQUIRE(x.id != 0 && x.conn_id != 0, "no id");
    w->closed++;
    *o = w->open[--w->count];
}

static void step(struct world *w)
{
    const uint8_t op = tape_u8(&w->tape), slot = tape_u8(&w->tape) % CONNS, how = tape_u8(&w->tape),
                  time = tape_u8(&w->tape);
    struct aw_link_way way;
    tick(w, time);
    switch (op % 10) {
    case 0:
    case 1:
        connect_one(w, slot, how);
        break;
    case 2:
    case 3:
    case 4:
        begin_one(w, slot, how);
        break;
    case 5:
    case 6:
    case 7:
        end_one(w, slot, how);
        break;
    case 8:
        way_of(how, &way);
        aw_link_unheard(w->link, &way);
        break;
    case 9:
        if (w->count) {
            const struct aw_exchange x = make(w, &w->open[slot % w->count], false, 0);
            aw_link_waiting(w->link, &x, AW_SEC);
        }
        if (how & 1) {
            const aw_ns now = CASE_EPOCH + (aw_ns)(w->now * 1e6);
            aw_link_dropped(w->link, now, now + slot * AW_MS);
        }
        if (how & 2) aw_link_quiet(w->link, CASE_EPOCH + (aw_ns)(w->now * 1e6));
        break;
    }
}

static void play(const uint8_t *data, size_t size, size_t budget)
{
    static struct world w;
    struct aw_config config;
    aw_config_init(&config);
    memset(config.secret, 0x5a, sizeof config.secret);
    config.all = true;
    config.alloc = aw_alloc_or_default(NULL);
    w = (struct world){.tape = {data, data + size}, .ord = 10};
    const struct aw_sink sink = {.ctx = &w, .record = on_record};
    w.link = aw_link_new(&config, &sink, aw_diagnose, budget);
    REQUIRE(w.link, "memory");
    for (unsigned i = 0; i < STEPS && tape_left(&w.tape) > 0; i++)
        step(&w);
    while (w.count > 0)
        end_one(&w, 0, 7);
    for (unsigned i = 0; i < CONNS; i++)
        if (w.conn[i].ord) aw_link_gone(w.link, w.conn[i].ord);
    aw_link_finish(w.link, CASE_EPOCH + (aw_ns)(w.now * 1e6));
    REQUIRE(w.records == w.closed, "%llu records of %llu exchanges", (unsigned long long)w.records,
            (unsigned long long)w.closed);
    REQUIRE(aw_link_stats(w.link)->closed == w.closed, "%llu counted",
            (unsigned long long)aw_link_stats(w.link)->closed);
    REQUIRE(budget < 1 << 20 || aw_link_stats(w.link)->let_go == 0, "let go without need");
    aw_link_free(w.link);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    play(data, size, 1 << 24);
    play(data, size, 1 << 13);
    return 0;
}
