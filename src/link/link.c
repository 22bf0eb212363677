/*
 * The door of the link room: ids, the clock, and what goes where.
 */
#include "link/link.h"

#include <string.h>

#include "link/inside.h"

void *aw_link_get(struct aw_link *l, size_t size)
{
    void *p = l->config.alloc.get(l->config.alloc.ctx, size);
    if (p) l->bytes += size;
    return p;
}

void aw_link_put(struct aw_link *l, void *p, size_t size)
{
    if (p == NULL) return;
    l->bytes -= size;
    l->config.alloc.put(l->config.alloc.ctx, p);
}

struct aw_link *aw_link_new(const struct aw_config *config, const struct aw_sink *sink,
                            aw_judge *judge, size_t budget)
{
    struct aw_link *l = config->alloc.get(config->alloc.ctx, sizeof *l);
    if (l == NULL) return NULL;
    memset(l, 0, sizeof *l);
    l->config = *config;
    if (sink) l->sink = *sink;
    if (config->source_name)
        l->namer = (struct aw_namer){.ctx = config->source_ctx, .source = config->source_name};
    l->judge = judge;
    l->budget = budget;
    l->now = l->passed = AW_NS_NONE;
    aw_ids_init(&l->conns, &l->config.alloc);
    aw_ids_init(&l->open, &l->config.alloc);
    return l;
}

void aw_link_memo(struct aw_link *l, struct aw_agent_memo *memo)
{
    l->memo = memo;
}

void aw_link_free(struct aw_link *l)
{
    if (l == NULL) return;
    const struct aw_alloc alloc = l->config.alloc;
    aw_chain_fini(l);
    aw_ready_fini(l);
    aw_outbox_free(&l->out, &alloc);
    aw_ids_fini(&l->conns);
    aw_ids_fini(&l->open);
    alloc.put(alloc.ctx, l);
}

static const struct aw_conn_id *connection(struct aw_link *l, uint64_t ord)
{
    const struct aw_conn_id *known = aw_ids_conn(&l->conns, ord);
    if (known) return known;
    struct aw_conn_id *s = aw_ids_add_conn(&l->conns, ord);
    const uint64_t id = ++l->next_conn;
    if (s)
        s->id = id;
    else
        l->stats.let_go++;
    if (l->sink.connection) l->sink.connection(l->sink.ctx, id, ord);
    return s;
}

void aw_link_prefetch(const struct aw_link *l, uint64_t ord)
{
    aw_ids_fetch_conn(&l->conns, ord);
}

void aw_link_connection(struct aw_link *l, uint64_t ord, const struct aw_link_way *way)
{
    (void)connection(l, ord);
    if (way) aw_silent_add(l, ord, way);
}

void aw_link_heard(struct aw_link *l, uint64_t ord)
{
    aw_silent_remove(l, ord);
}

void aw_link_unheard(struct aw_link *l, const struct aw_link_way *way)
{
    aw_unheard_add(l, way, l->now);
}

void aw_opening_of(struct aw_opening *out, const struct aw_exchange *ex)
{
    out->conn.ord = ex->conn.ord;
    memcpy(out->conn.addr, ex->conn.addr, sizeof out->conn.addr);
    memcpy(out->conn.port, ex->conn.port, sizeof out->conn.port);
    out->conn.handshake = ex->conn.syn_seen[AW_C2S] && ex->conn.syn_seen[AW_S2C];
    memcpy(out->conn.isn, ex->conn.isn, sizeof out->conn.isn);
    out->nth = ex->nth;
    out->flags = ex->flags;
    out->req = ex->req;
    out->declared = ex->declared;
    memcpy(out->at, ex->at, sizeof out->at);
    memcpy(out->text, ex->text, sizeof out->text);
}

void aw_link_opened(struct aw_link *l, const struct aw_opening *ex)
{
    const struct aw_conn_id *conn = connection(l, ex->conn.ord);
    const uint64_t conn_id = conn ? conn->id : l->next_conn;
    l->stats.opened++;
    const bool twin = aw_twin_opened(l, conn, ex);
    const uint64_t id = twin ? AW_NO_ID : ++l->next_exchange;
    struct aw_member *m = twin ? NULL : aw_chain_opened(l, ex, id, conn_id);
    struct aw_member *outer = twin ? NULL : aw_legs_opened(l, m, ex);
    struct aw_open_id *s = aw_ids_add_open(&l->open, ex->conn.ord, ex->nth);
    if (s == NULL) {
        /* Its end will find no id and take a new one. */
        l->stats.let_go++;
        if (outer) outer->inners_open--;
        return;
    }
    s->id = id;
    s->member = m;
    s->outer = outer;
}

/* Keeps within the budget: first what only waits for its turn, then what waits for a retry. */
static void keep_budget(struct aw_link *l)
{
    while (l->bytes + l->ready.bytes > l->budget) {
        if (l->ready.count > 0)
            aw_ready_flush_one(l);
        else if (aw_legs_let_go(l))
            l->stats.let_go++;
        else if (!aw_chain_let_go(l))
            break;
    }
}

/* What is known of an exchange that is open no more; false where nothing is. */
static bool take_open(struct aw_link *l, uint64_t ord, uint32_t nth, struct aw_open_id *out)
{
    struct aw_open_id *s = aw_ids_open(&l->open, ord, nth);
    if (s == NULL) return false;
    *out = *s;
    aw_ids_remove_open(&l->open, s);
    return true;
}

void aw_link_waiting(struct aw_link *l, const struct aw_exchange *ex, aw_ns waited)
{
    if (!l->sink.waiting) return;
    const struct aw_conn_id *conn = aw_ids_conn(&l->conns, ex->conn.ord);
    const struct aw_open_id *open = aw_ids_open(&l->open, ex->conn.ord, ex->nth);
    if (conn == NULL || open == NULL || open->id == AW_NO_ID) return;
    struct aw_exchange x = *ex; /* its strings stay where they are */
    x.id = open->id;
    x.conn_id = conn->id;
    aw_ready_waiting(l, &x, waited);
}

/* --- for another thread --- */

void aw_link_gather(struct aw_link *l)
{
    l->gather = !l->config.prompt;
}

size_t aw_link_gathered(const struct aw_link *l)
{
    return l->out.bytes;
}

struct aw_outbox aw_link_take(struct aw_link *l)
{
    const struct aw_outbox out = l->out;
    l->out = (struct aw_outbox){.first = NULL};
    return out;
}

/* --- packets that the capture lost --- */

/* Spans that touch, or are a second apart at most, become one; where there is no room for another,
 * the two oldest do: it is better to doubt too much than too little. */
void aw_link_dropped(struct aw_link *l, aw_ns from, aw_ns to)
{
    struct aw_drop_spans *d = &l->drops;
    if (from == AW_NS_NONE || to < from) return;
    if (d->count > 0 && from <= d->span[d->count - 1].to + AW_SEC) {
        if (from < d->span[d->count - 1].from) d->span[d->count - 1].from = from;
        if (to > d->span[d->count - 1].to) d->span[d->count - 1].to = to;
        return;
    }
    if (d->count == AW_DROP_SPANS) {
        d->span[1].from = d->span[0].from;
        memmove(&d->span[0], &d->span[1], (AW_DROP_SPANS - 1) * sizeof d->span[0]);
        d->count--;
    }
    d->span[d->count].from = from;
    d->span[d->count++].to = to;
}

static bool suffered(const struct aw_link *l, const struct aw_exchange *x)
{
    aw_ns from = AW_NS_NONE;
    for (unsigned i = 0; i < AW_POINT_COUNT && from == AW_NS_NONE; i++)
        if (aw_seen(&x->at[i])) from = x->at[i].ts;
    const aw_ns to = aw_seen(&x->at[AW_AT_END]) ? x->at[AW_AT_END].ts : l->now;
    for (unsigned i = 0; i < l->drops.count && from != AW_NS_NONE; i++)
        if (l->drops.span[i].from <= to && l->drops.span[i].to >= from) return true;
    return false;
}

/* When a leg that ended at `end` was over for its proxy: with the end of its answer, whatever came
 * of its connection later, or, without an answer, with the first FIN or RST. */
static aw_ns over_for_proxy(const struct aw_exchange *x, aw_ns end)
{
    const struct aw_mark *over = x->final_complete ? &x->at[AW_AT_FINAL_END] : &x->conn.closed_at;
    if (!x->final_complete && x->status != 0) return end;
    return aw_seen(over) && over->ts < end ? over->ts : end;
}

void aw_link_closed(struct aw_link *l, struct aw_exchange *ex)
{
    l->stats.closed++;
    struct aw_open_id open = {.id = 0};
    if (!take_open(l, ex->conn.ord, ex->nth, &open)) open.id = ++l->next_exchange;
    if (open.id == AW_NO_ID) {
        l->stats.twins++;
        return;
    }
    struct aw_member *m = open.member, *outer = open.outer;
    const bool expectation = aw_is_expectation(ex);
    if (expectation) l->stats.expectation++;
    if (m == NULL && outer == NULL && !expectation && !l->config.all) return;

    const struct aw_conn_id *conn = connection(l, ex->conn.ord);
    ex->id = open.id;
    ex->conn_id = conn ? conn->id : l->next_conn;
    if (l->drops.count > 0 && suffered(l, ex)) ex->flags |= AW_F_DROPPED;
    const struct aw_mark *end = &ex->at[AW_AT_END];
    /* A packet's own time may lie ahead of the engine's clock; what ended is over by now. */
    const struct aw_when when = {.ts = aw_seen(end) && end->ts < l->now ? end->ts : l->now,
                                 .ord = ex->end_ord};
    const bool within = outer && aw_legs_within(outer, over_for_proxy(ex, when.ts));
    aw_chain_closed(l, m, within ? outer : NULL, ex, when);
    if (outer) aw_legs_inner_closed(l, outer, ex, within);
    keep_budget(l);
}

void aw_link_ended(struct aw_link *l, uint64_t ord, uint32_t nth, aw_ns end)
{
    const struct aw_open_id *s = aw_ids_open(&l->open, ord, nth);
    if (s && s->member) aw_legs_ended(l, s->member, end < l->now ? end : l->now);
}

void aw_link_lost(struct aw_link *l, uint64_t ord, uint32_t nth)
{
    struct aw_open_id open;
    if (!take_open(l, ord, nth, &open)) return;
    if (open.member) aw_chain_lost(l, open.member);
    if (open.outer) aw_legs_inner_lost(l, open.outer);
}

void aw_link_gone(struct aw_link *l, uint64_t ord)
{
    struct aw_conn_id *conn = aw_ids_conn(&l->conns, ord);
    if (conn) aw_ids_remove_conn(&l->conns, conn);
    aw_twin_gone(l, ord);
}

/*
 * What time alone decides, in the order of time and never with a clock that has yet to be told of:
 * so it does not matter how often this is called on the way to a telling, which depends on the lots
 * in which packets come. Records that settled ended up to `settle` before they are told of.
 */
void aw_link_passed(struct aw_link *l, aw_ns clock)
{
    const aw_ns settle = l->config.threshold[AW_T_SETTLE];
    if (clock <= l->passed) return;
    for (;;) {
        const aw_ns retry = aw_chain_due(l), leg = aw_legs_due(l);
        const aw_ns next = leg < retry - settle ? leg + settle : retry;
        if (next >= clock) break;
        if (next > l->passed) l->passed = next;
        if (next == retry)
            aw_chain_expire(l, clock);
        else
            aw_legs_let_go(l);
    }
    l->passed = clock;
    aw_ready_flush(l, clock - settle);
}

void aw_link_tick(struct aw_link *l, aw_ns now, uint64_t ord)
{
    /* Everything that ended up to the clock of the packet before has been told of by now. */
    if (ord != l->ord) aw_link_passed(l, l->now);
    l->ord = ord;
    if (now > l->now) l->now = now;
}

void aw_link_quiet(struct aw_link *l, aw_ns now)
{
    aw_link_tick(l, now, l->ord);
    aw_link_passed(l, l->now);
}

void aw_link_finish(struct aw_link *l, aw_ns last)
{
    aw_link_passed(l, l->now);
    aw_chain_finish(l, last);
    while (aw_legs_let_go(l))
        ;
    while (l->ready.count > 0)
        aw_ready_flush_one(l);
}

const struct aw_link_stats *aw_link_stats(const struct aw_link *l)
{
    return &l->stats;
}
