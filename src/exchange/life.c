/*
 * The life of an exchange, as memory and in time: made, announced, ended, settling, closed. Knows
 * when an exchange is over and what is taken stock of then; nothing of what its events mean.
 */
#include "exchange/slot.h"

#include <string.h>

enum {
    OPEN_MAX = 128,  /* open exchanges of a connection: nobody pipelines deeper in earnest, and a
                      * request looks at all before it */
    OPEN_SHARE = 16, /* nor may those of one connection take more than this part of memory */
    TEXT_SPARE = 48, /* for the strings of a usual response, so that the block need not grow */
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

/* --- the list --- */

struct aw_open *aw_open_search(const struct aw_exchanges *xs, uint32_t xid)
{
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
    aw_open_tell(st);
    const size_t size = aw_pool_room(sizeof(struct aw_open) + text + TEXT_SPARE);
    const size_t share = aw_pool_budget(xs->room->pool) / OPEN_SHARE / size;
    if (xs->count >= OPEN_MAX || (xs->count > 0 && xs->count >= share)) {
        xs->first->ex.flags |= AW_F_EVICTED;
        xs->room->stats.no_memory++;
        aw_open_close(st, xs->first, st->now, st->now->ord);
    }
    struct aw_open *s = xs->room->letting_go ? NULL : aw_pool_get(xs->room->pool, size);
    xs->rest.nth++;
    if (!s) {
        xs->room->stats.no_memory++;
        return NULL;
    }
    /* What take_facts and interim responses fill in is more than half of it. */
    memset(s, 0, offsetof(struct aw_open, ex) + offsetof(struct aw_exchange, conn));
    s->size = size;
    s->xid = xid;
    s->settle_at = AW_NS_NONE;
    s->reopened = AW_NS_NONE;
    s->content_end = s->watched = s->proof = s->last_ack = AW_OFF_NONE;
    struct aw_exchange *x = &s->ex;
    x->nth = xs->rest.nth;
    x->ord = st->now->ord;
    x->declared = -1;
    x->content_off_end = AW_OFF_NONE;
    x->req_off = x->head_end = x->final_off = x->final_head_end = AW_OFF_NONE;
    x->body_ack = x->resume_ack = x->after_ack_max = x->body_peer_high = x->final_ack = AW_OFF_NONE;
    x->shut_ack = AW_OFF_NONE;
    x->answer_base = xs->rest.answers_end;
    if (xs->rest.nth > 1) x->flags |= AW_F_KEPT;
    if (xs->rest.unseen_before || xs->rest.lost) x->flags |= AW_F_AFTER_UNSEEN;
    if (xs->rest.lost & (AW_LOST_HOLE | AW_LOST_CUT)) x->flags |= AW_F_PAIR_UNSURE;
    xs->rest.unseen_before = false;
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
    (void)room->sink(room->ctx, AW_EX_OPENED, &s->ex, st->now);
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

/* No final response to it was captured, and its client may have read one where bytes are missing:
 * behind what it had read when it asked, and behind every answer that was. */
static bool may_lack_answer(const struct aw_exchanges *xs, const struct aw_open *s)
{
    const struct aw_exchange *x = &s->ex;
    const uint32_t kept = aw_interims_kept(x);
    if (s->orphan || x->status != 0 || aw_seen(&x->at[AW_AT_FINAL_FIRST])) return false;
    return xs->hole_end > x->answer_base && xs->hole_end > xs->rest.answers_end &&
           (kept == 0 || xs->hole_end > x->interim[kept - 1].end);
}

/* Its facts are final from here on, but for what contradicts its heads. */
static void finish(const struct aw_step *st, struct aw_open *s, const struct aw_mark *end,
                   uint64_t end_ord)
{
    struct aw_exchanges *xs = st->xs;
    struct aw_exchange_room *room = xs->room;
    struct aw_exchange *x = &s->ex;
    if (s->half) x->flags |= AW_F_HEAD_UNFINISHED;
    if (may_lack_answer(xs, s)) x->flags |= AW_F_HOLE_RESPONSE;
    if (!s->announced) aw_open_announce(st, s);
    if (!s->orphan && s->next) s->next->behind = false; /* nothing is left to wait for */
    unlink_slot(xs, s);
    take_facts(st, s);
    if (!s->ended) {
        x->at[AW_AT_END] = *end;
        x->end_ord = end_ord;
    }
    last_silence(s);
    for (int d = AW_C2S; d <= AW_S2C; d++)
        x->window_closed[d] = xs->rest.window_closed >> d & 1;
    if (!x->conn.any_seen[AW_C2S]) x->flags |= AW_F_NO_CLIENT_SIDE;
    if (!x->conn.any_seen[AW_S2C]) x->flags |= AW_F_NO_SERVER_SIDE;
    if (s->orphan) x->unseen = aw_why_unseen(xs, s);
    if (aw_is_expectation(x)) room->stats.expectation++;
}

static void tell(const struct aw_step *st, struct aw_open *s)
{
    struct aw_exchange_room *room = st->xs->room;
    aw_heads_forget(room->pool, s);
    if (!room->sink(room->ctx, AW_EX_CLOSED, &s->ex, st->now)) aw_pool_put(room->pool, s, s->size);
}

void aw_open_tell(const struct aw_step *st)
{
    struct aw_open *s = st->xs->over;
    if (!s) return;
    st->xs->over = NULL;
    tell(st, s);
}

void aw_open_close(const struct aw_step *st, struct aw_open *s, const struct aw_mark *end,
                   uint64_t end_ord)
{
    aw_open_tell(st);
    finish(st, s, end, end_ord);
    tell(st, s);
}

void aw_exchange_give_back(struct aw_pool *pool, struct aw_exchange *ex)
{
    struct aw_open *s = (struct aw_open *)(void *)((char *)ex - offsetof(struct aw_open, ex));
    aw_pool_put(pool, s, s->size);
}

bool aw_open_crossed(const struct aw_open *s)
{
    const struct aw_exchange *x = &s->ex;
    return x->at[AW_AT_BODY_END].ord > x->at[AW_AT_FINAL_FIRST].ord ||
           (aw_seen(&x->at[AW_AT_BODY]) && x->final_ack != AW_OFF_NONE &&
            x->final_ack < s->content_end);
}

/* Whether a complete exchange should wait for what may still come. */
static bool has_to_settle(const struct aw_step *st, const struct aw_open *s)
{
    const struct aw_exchanges *xs = st->xs;
    const bool fin = xs->rest.fin >> AW_S2C & 1;
    if (s->ex.flags & AW_F_UPGRADED || s != xs->last) return false;
    if (s->orphan) {
        /* A response may be the first packet of a capture: the client's side shows a little later.
         */
        struct aw_conn_facts facts;
        aw_flow_facts(st->flow, &facts);
        return !fin && !facts.any_seen[AW_C2S];
    }
    const struct aw_exchange *x = &s->ex;
    if (!aw_is_expectation(x)) return false;
    /* A stray 100; or the reset that a server sends to a client whose content crossed its answer,
     * be it after a FIN. */
    const uint32_t both = AW_REQ_HAS_LENGTH | AW_REQ_HAS_TE;
    /* And the request that must not come, where the connection has to be closed. */
    const bool last = (x->res & AW_RES_CLOSE) || (x->req & both) == both;
    return ((x->continue_count == 0 || last) && !fin) || aw_open_crossed(s);
}

void aw_open_put_by(const struct aw_step *st, struct aw_open *s)
{
    aw_open_tell(st);
    finish(st, s, &s->ex.at[AW_AT_END], s->ex.end_ord);
    s->settle_at = st->now->ts + st->xs->room->threshold[AW_T_SETTLE];
    st->xs->over = s;
    (void)st->xs->room->sink(st->xs->room->ctx, AW_EX_ENDED, &s->ex, st->now);
}

void aw_open_end(const struct aw_step *st, struct aw_open *s, const struct aw_mark *at)
{
    struct aw_exchange *x = &s->ex;
    x->at[AW_AT_END] = *at;
    x->end_ord = at->ord;
    s->ended = true;
    if (has_to_settle(st, s))
        s->settle_at = st->now->ts + st->xs->room->threshold[AW_T_SETTLE];
    else if (s->head[AW_FINAL_HEAD].bytes)
        aw_open_put_by(st, s);
    else
        aw_open_close(st, s, at, at->ord);
    aw_spare(st);
}

void aw_open_check(const struct aw_step *st, struct aw_open *s)
{
    if (s->ended || !aw_is_complete(s)) return;
    const struct aw_exchange *x = &s->ex;
    struct aw_mark at = *aw_mark_later(&x->at[AW_AT_FINAL_END], &x->at[AW_AT_BODY_END]);
    if (x->flags & AW_F_WITHHELD) at = *aw_mark_later(&at, &x->next_request);
    aw_open_end(st, s, &at);
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

void aw_settle_fin(const struct aw_step *st)
{
    for (struct aw_open *s = st->xs->first, *after; s; s = after) {
        after = s->next;
        if (s->settle_at == AW_NS_NONE || has_to_settle(st, s)) continue;
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
