/*
 * The door of the exchange room and the life of an exchange: opened, ended, settling, closed. Hands
 * events to the side they concern. What the sides mean lies in request.c, response.c and tcp.c.
 */
#include "exchange/slot.h"

#include <string.h>

enum {
    OPEN_MAX = 1000,  /* open exchanges of a connection: nobody pipelines deeper in earnest */
    TEXT_SPARE = 192, /* for the strings of a usual response, so that the block need not grow */
};

/* --- times --- */

aw_ns aw_open_w(const struct aw_step *st)
{
    struct aw_conn_facts facts;
    aw_flow_facts(st->flow, &facts);
    const aw_ns rtt = (facts.rtt_c > 0 ? facts.rtt_c : 0) + (facts.rtt_s > 0 ? facts.rtt_s : 0);
    const int64_t *threshold = st->xs->room->threshold;
    const int64_t rtts = threshold[AW_T_WAIT_RTTS];
    const aw_ns trips = rtts > 0 && rtt > INT64_MAX / rtts ? INT64_MAX : rtt * rtts;
    return trips > threshold[AW_T_WAIT_FLOOR] ? trips : threshold[AW_T_WAIT_FLOOR];
}

void aw_open_silence(struct aw_open *s, const struct aw_mark *until)
{
    if (!aw_seen(&s->owed_from) || !aw_seen(until)) return;
    const aw_ns gap = until->ts - s->owed_from.ts;
    if (gap <= s->ex.content_gap) return;
    s->ex.content_gap = gap;
    s->ex.content_gap_from = s->owed_from;
}

/* --- the list --- */

struct aw_open *aw_open_find(const struct aw_exchanges *xs, uint32_t xid)
{
    if (xid == 0) return NULL;
    if (xs->last && xs->last->xid == xid) return xs->last;
    for (struct aw_open *s = xs->first; s; s = s->next)
        if (s->xid == xid) return s;
    return NULL;
}

static void unlink_slot(struct aw_exchanges *xs, struct aw_open *s)
{
    struct aw_open *before = NULL;
    for (struct aw_open *i = xs->first; i != s; i = i->next)
        before = i;
    *(before ? &before->next : &xs->first) = s->next;
    if (xs->last == s) xs->last = before;
    xs->count--;
}

/* --- life --- */

struct aw_open *aw_open_new(const struct aw_step *st, uint32_t xid, size_t text)
{
    struct aw_exchanges *xs = st->xs;
    if (xs->count >= OPEN_MAX) {
        xs->first->ex.flags |= AW_F_EVICTED;
        xs->room->stats.no_memory++;
        aw_open_close(st, xs->first, st->now, st->now->ord);
    }
    const size_t size = sizeof(struct aw_open) + text + TEXT_SPARE;
    struct aw_open *s = aw_pool_get(xs->room->pool, size);
    xs->nth++;
    if (!s) {
        xs->room->stats.no_memory++;
        return NULL;
    }
    memset(s, 0, sizeof *s);
    s->size = size;
    s->xid = xid;
    s->settle_at = AW_NS_NONE;
    s->reopened = AW_NS_NONE;
    s->content_end = s->watched = s->last_ack = AW_OFF_NONE;
    struct aw_exchange *x = &s->ex;
    x->nth = xs->nth;
    x->ord = st->now->ord;
    x->declared = -1;
    x->req_off = x->head_end = x->final_off = x->final_head_end = AW_OFF_NONE;
    x->body_ack = x->resume_ack = x->after_ack_max = x->body_peer_high = x->final_ack = AW_OFF_NONE;
    x->answer_base = xs->answers_end;
    if (xs->nth > 1) x->flags |= AW_F_KEPT;
    *(xs->last ? &xs->last->next : &xs->first) = s;
    xs->last = s;
    xs->count++;
    return s;
}

/* What the connection tells, as of now. */
static void take_facts(const struct aw_step *st, struct aw_open *s)
{
    struct aw_exchange *x = &s->ex;
    aw_flow_facts(st->flow, &x->conn);
    if (!x->conn.syn_seen[AW_C2S] && !x->conn.syn_seen[AW_S2C]) x->flags |= AW_F_MIDSTREAM;
}

void aw_open_announce(const struct aw_step *st, struct aw_open *s)
{
    struct aw_exchange_room *room = st->xs->room;
    take_facts(st, s);
    s->announced = true;
    s->ex.ord = st->now->ord;
    room->stats.opened++;
    if (s->orphan) {
        room->stats.orphans++;
        s->ex.unseen = aw_why_unseen(st->xs, s);
    }
    room->sink(room->ctx, AW_EX_OPENED, &s->ex, st->now);
}

/* The silence of a client that owed content lasts until the server's side answers or ends it. */
static void last_silence(struct aw_open *s)
{
    const struct aw_exchange *x = &s->ex;
    if (x->content_complete || s->request_over || aw_seen(&x->at[AW_AT_FINAL_FIRST])) return;
    struct aw_mark until = x->at[AW_AT_END];
    const struct aw_mark *const over[] = {&x->conn.fin[AW_S2C], &x->conn.rst[AW_S2C],
                                          &x->conn.fin[AW_C2S], &x->conn.rst[AW_C2S]};
    for (size_t i = 0; i < sizeof over / sizeof *over; i++)
        if (aw_seen(over[i]) && over[i]->ts < until.ts) until = *over[i];
    aw_open_silence(s, &until);
}

void aw_open_close(const struct aw_step *st, struct aw_open *s, const struct aw_mark *end,
                   uint64_t end_ord)
{
    struct aw_exchanges *xs = st->xs;
    struct aw_exchange_room *room = xs->room;
    struct aw_exchange *x = &s->ex;
    if (s->half) x->flags |= AW_F_HEAD_UNFINISHED;
    if (!s->announced) aw_open_announce(st, s);
    unlink_slot(xs, s);
    take_facts(st, s);
    if (!s->ended) {
        x->at[AW_AT_END] = *end;
        x->end_ord = end_ord;
    }
    last_silence(s);
    for (int d = AW_C2S; d <= AW_S2C; d++)
        x->window_closed[d] = xs->window_closed >> d & 1;
    if (!x->conn.any_seen[AW_C2S]) x->flags |= AW_F_NO_CLIENT_SIDE;
    if (!x->conn.any_seen[AW_S2C]) x->flags |= AW_F_NO_SERVER_SIDE;
    if (s->orphan) x->unseen = aw_why_unseen(xs, s);
    if (aw_is_expectation(x)) room->stats.expectation++;
    room->sink(room->ctx, AW_EX_CLOSED, x, st->now);
    aw_pool_put(room->pool, s, s->size);
}

/* Whether a complete exchange should wait for what may still come. */
static bool has_to_settle(const struct aw_step *st, const struct aw_open *s)
{
    const struct aw_exchanges *xs = st->xs;
    if (xs->fin >> AW_S2C & 1 || s->ex.flags & AW_F_UPGRADED || s != xs->last) return false;
    if (s->orphan) {
        /* A response may be the first packet of a capture: the client's side shows a little later.
         */
        struct aw_conn_facts facts;
        aw_flow_facts(st->flow, &facts);
        return !facts.any_seen[AW_C2S];
    }
    const struct aw_exchange *x = &s->ex;
    if (!aw_is_expectation(x)) return false;
    /* A stray 100; or the reset that a server sends to a client that went on after its answer. */
    return x->continue_count == 0 || x->at[AW_AT_BODY_END].ord > x->at[AW_AT_FINAL_FIRST].ord;
}

void aw_open_check(const struct aw_step *st, struct aw_open *s)
{
    if (s->ended || !aw_is_complete(s)) return;
    struct aw_exchange *x = &s->ex;
    x->at[AW_AT_END] = *aw_mark_later(&x->at[AW_AT_FINAL_END], &x->at[AW_AT_BODY_END]);
    if (x->flags & AW_F_WITHHELD)
        x->at[AW_AT_END] = *aw_mark_later(&x->at[AW_AT_END], &x->next_request);
    x->end_ord = x->at[AW_AT_END].ord;
    s->ended = true;
    if (has_to_settle(st, s))
        s->settle_at = st->now->ts + st->xs->room->threshold[AW_T_SETTLE];
    else
        aw_open_close(st, s, &x->at[AW_AT_END], x->end_ord);
    aw_spare(st);
}

void aw_close_settling(const struct aw_step *st, const struct aw_mark *next)
{
    for (struct aw_open *s = st->xs->first, *after; s; s = after) {
        after = s->next;
        if (s->settle_at == AW_NS_NONE) continue;
        if (next) s->ex.next_request = *next;
        aw_open_close(st, s, &s->ex.at[AW_AT_END], s->ex.end_ord);
    }
}

void aw_spare(const struct aw_step *st)
{
    bool precious = false;
    for (const struct aw_open *s = st->xs->first; s && !precious; s = s->next) {
        const struct aw_exchange *x = &s->ex;
        if (!aw_is_expectation(x)) continue;
        precious = x->status >= 400 || !aw_seen(&x->at[AW_AT_BODY]) || x->continue_count == 0;
    }
    if (precious == st->xs->precious) return;
    st->xs->precious = precious;
    aw_flow_set_precious(st->flow, precious);
}

/* --- the end of the connection, or of our patience --- */

/*
 * Owed content was withheld and a request came in its place: if the server took that request for
 * content, nothing answers it. Only an open connection that stayed silent for W shows that.
 */
static bool was_swallowed(const struct aw_step *st, const struct aw_open *s,
                          const struct aw_mark *end)
{
    const struct aw_open *next = s->next;
    if (s->ex.res & AW_RES_CLOSE) return false; /* it was told not to ask again */
    if (!next || next->orphan || !aw_seen(&next->ex.at[AW_AT_ACK_HEAD]) ||
        next->ex.interim_count > 0 || aw_seen(&next->ex.at[AW_AT_FINAL_FIRST]))
        return false;
    const struct aw_mark *asked =
        aw_mark_later(&next->ex.at[AW_AT_HEAD], &next->ex.at[AW_AT_BODY_END]);
    return aw_seen(asked) && end->ts - asked->ts >= aw_open_w(st);
}

/* The next request showed what it can. Up to `settle` later the exchange still counts as ended by
 * its first byte; after that by what ended the doubt, so that ends are told about when they are. */
static void release(const struct aw_step *st, struct aw_open *s, const struct aw_mark *at)
{
    if (at->ts - s->ex.at[AW_AT_END].ts > st->xs->room->threshold[AW_T_SETTLE]) {
        s->ex.at[AW_AT_END] = *at;
        s->ex.end_ord = at->ord;
    }
    aw_open_close(st, s, at, at->ord);
}

/* A later request was answered first: the capture lacks the answer to this one. */
static void pass_over(const struct aw_step *st, struct aw_open *s, const struct aw_mark *at)
{
    if (!s->ended && !s->ex.final_complete)
        s->ex.flags |= s->ex.status == 0 ? AW_F_HOLE_RESPONSE : AW_F_HOLE_FINAL;
    aw_open_close(st, s, at, at->ord);
}

void aw_open_answered(const struct aw_step *st, struct aw_open *s, const struct aw_mark *at)
{
    while (st->xs->first != s) {
        struct aw_open *e = st->xs->first;
        if (e->held)
            release(st, e, at);
        else
            pass_over(st, e, at);
    }
}

static void close_all(const struct aw_step *st, const struct aw_mark *end, uint64_t end_ord,
                      enum aw_flag why, bool observed)
{
    struct aw_exchanges *xs = st->xs;
    while (xs->first) {
        struct aw_open *s = xs->first;
        if (s->held) {
            if (observed && was_swallowed(st, s, end)) s->ex.flags |= AW_F_SWALLOWED;
            release(st, s, observed ? end : &s->ex.at[AW_AT_END]);
            continue;
        }
        if (!s->ended) s->ex.flags |= (uint32_t)why;
        aw_open_close(st, s, end, end_ord);
    }
    aw_spare(st);
}

static void on_close(const struct aw_step *st, const struct aw_chunk *c)
{
    const struct aw_mark *at = aw_seen(&c->seen) ? &c->seen : st->now;
    switch (c->close) {
    case AW_CLOSE_NONE:
    case AW_CLOSE_FIN:
    case AW_CLOSE_RST:
    case AW_CLOSE_REUSED:
        close_all(st, at, at->ord, 0, true);
        break;
    case AW_CLOSE_EXPIRED:
        close_all(st, at, at->ord, AW_F_IDLE_ENDED, true);
        break;
    case AW_CLOSE_EVICTED:
        close_all(st, st->now, st->now->ord, AW_F_EVICTED, false);
        break;
    case AW_CLOSE_INPUT:
        close_all(st, st->now, UINT64_MAX, AW_F_INPUT_ENDED, false);
        break;
    }
}

/*
 * The idle timeout is over. That happens between packets, and which packet shows it depends on what
 * other connections do: so the moment is reckoned, and its packet is that of the last activity.
 */
static void on_idle(const struct aw_step *st, const struct aw_chunk *c)
{
    const aw_ns idle = st->xs->room->threshold[AW_T_IDLE_TIMEOUT];
    struct aw_mark at = *st->now;
    if (aw_seen(&c->seen) && c->seen.ts <= INT64_MAX - idle) {
        at = c->seen;
        at.ts += idle;
    }
    close_all(st, &at, st->now->ord, AW_F_IDLE_ENDED, true);
}

static void on_fin(const struct aw_step *st, const struct aw_chunk *c)
{
    struct aw_exchanges *xs = st->xs;
    const struct aw_mark *at = aw_seen(&c->seen) ? &c->seen : st->now;
    xs->fin |= (uint8_t)(1u << c->dir);
    if (c->dir == AW_S2C) aw_close_settling(st, NULL);
    if (c->dir == AW_C2S) {
        /* What it owes it will not send. Where the answer is over, so is the exchange; else the
         * server may still answer a client that has only closed its own side. */
        for (struct aw_open *s = xs->first, *after; s; s = after) {
            after = s->next;
            if (s->ex.final_complete && !s->ended) aw_open_close(st, s, at, at->ord);
        }
        aw_spare(st);
    }
}

/* --- door --- */

struct aw_exchanges *aw_exchanges_new(struct aw_exchange_room *room)
{
    struct aw_exchanges *xs = aw_pool_get(room->pool, sizeof *xs);
    if (!xs) return NULL;
    memset(xs, 0, sizeof *xs);
    xs->room = room;
    xs->event_end[AW_C2S] = xs->event_end[AW_S2C] = AW_OFF_NONE;
    return xs;
}

void aw_exchanges_free(struct aw_exchanges *xs)
{
    if (!xs) return;
    struct aw_pool *pool = xs->room->pool;
    while (xs->first) {
        struct aw_open *s = xs->first;
        xs->first = s->next;
        aw_pool_put(pool, s, s->size);
    }
    aw_pool_put(pool, xs->unplaced, sizeof *xs->unplaced);
    aw_pool_put(pool, xs, sizeof *xs);
}

static void on_body(const struct aw_step *st, const struct aw_http_event *ev)
{
    if (ev->dir == AW_S2C) {
        aw_on_response_body(st, ev);
        return;
    }
    struct aw_open *s = aw_open_find(st->xs, ev->xid);
    if (s) aw_on_content(st, s, ev);
}

static void on_end(const struct aw_step *st, const struct aw_http_event *ev)
{
    if (ev->dir == AW_S2C) {
        aw_on_response_end(st, ev);
        return;
    }
    struct aw_open *s = aw_open_find(st->xs, ev->xid);
    if (!s || s->ex.content_complete) return;
    s->ex.content_complete = true;
    s->content_end = ev->end;
    aw_open_check(st, s);
}

static void on_gap(const struct aw_step *st, const struct aw_http_event *ev)
{
    if (ev->dir == AW_S2C) {
        aw_on_response_gap(st, ev);
        return;
    }
    struct aw_open *s = aw_open_find(st->xs, ev->xid);
    if (s && ev->part == AW_IN_CONTENT)
        aw_on_content_gap(st, s, ev);
    else
        st->xs->lost |= ev->cut ? AW_LOST_CUT : AW_LOST_HOLE;
}

/* Capture times that run back by more than packets change places on a busy interface. */
static void watch_clock(const struct aw_step *st, const struct aw_mark *at)
{
    const aw_ns grace = st->xs->room->threshold[AW_T_REORDER_GRACE];
    for (struct aw_open *s = st->xs->first; s; s = s->next) {
        if (at->ord <= s->clock.ord) continue; /* an earlier packet that had to wait its turn */
        if (at->ts < s->clock.ts - grace) s->ex.flags |= AW_F_TIME_STEPPED;
        s->clock = *at;
    }
}

void aw_exchanges_event(struct aw_exchanges *xs, struct aw_flow *flow,
                        const struct aw_http_event *ev, const struct aw_mark *now)
{
    const struct aw_step st = {.xs = xs, .flow = flow, .now = now};
    if (xs->first) watch_clock(&st, &ev->last);
    switch (ev->kind) {
    case AW_HTTP_REQUEST:
        aw_on_request(&st, ev);
        break;
    case AW_HTTP_RESPONSE:
        aw_on_response(&st, ev);
        break;
    case AW_HTTP_BODY:
        on_body(&st, ev);
        break;
    case AW_HTTP_END:
        on_end(&st, ev);
        break;
    case AW_HTTP_GAP:
        on_gap(&st, ev);
        break;
    case AW_HTTP_BROKEN:
        if (ev->dir == AW_C2S)
            aw_on_request_broken(&st, ev);
        else
            aw_on_response_broken(&st, ev);
        break;
    case AW_HTTP_JUNK:
        if (ev->dir == AW_C2S)
            aw_on_client_junk(&st, ev);
        else
            aw_on_response_junk(&st, ev);
        break;
    case AW_HTTP_WITHHELD:
        aw_on_withheld(&st, ev);
        break;
    case AW_HTTP_SWITCHED:
        aw_on_switched(&st, ev);
        break;
    case AW_HTTP_OPAQUE:
        break;
    }
    if (ev->end > xs->event_end[ev->dir]) xs->event_end[ev->dir] = ev->end;
}

void aw_exchanges_tcp(struct aw_exchanges *xs, struct aw_flow *flow, const struct aw_chunk *chunk,
                      const struct aw_mark *now)
{
    const struct aw_step st = {.xs = xs, .flow = flow, .now = now};
    switch (chunk->kind) {
    case AW_CHUNK_DATA:
    case AW_CHUNK_HOLE:
        break;
    case AW_CHUNK_FIN:
        on_fin(&st, chunk);
        break;
    case AW_CHUNK_AGAIN:
        aw_on_again(&st, chunk);
        break;
    case AW_CHUNK_ACK:
        aw_on_ack(&st, chunk);
        break;
    case AW_CHUNK_WINDOW:
        aw_on_window(&st, chunk);
        break;
    case AW_CHUNK_IDLE:
        on_idle(&st, chunk);
        break;
    case AW_CHUNK_CLOSE:
        on_close(&st, chunk);
        break;
    }
}

aw_ns aw_exchanges_deadline(const struct aw_exchanges *xs)
{
    aw_ns least = AW_NS_NONE;
    for (const struct aw_open *s = xs->first; s; s = s->next)
        if (s->settle_at != AW_NS_NONE && (least == AW_NS_NONE || s->settle_at < least))
            least = s->settle_at;
    return least;
}

void aw_exchanges_settle(struct aw_exchanges *xs, struct aw_flow *flow, const struct aw_mark *now)
{
    const struct aw_step st = {.xs = xs, .flow = flow, .now = now};
    for (struct aw_open *s = xs->first, *after; s; s = after) {
        after = s->next;
        if (s->settle_at != AW_NS_NONE && s->settle_at <= now->ts)
            aw_open_close(&st, s, &s->ex.at[AW_AT_END], s->ex.end_ord);
    }
    aw_spare(&st);
}

bool aw_exchanges_open(const struct aw_exchanges *xs)
{
    return xs->first != NULL;
}
