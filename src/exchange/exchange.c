/*
 * The door of the exchange room: hands events to the side they concern, and brings exchanges to
 * their end when the connection ends, idles or is let go. What the sides mean lies in request.c,
 * response.c and tcp.c, an exchange's life in life.c.
 */
#include "exchange/slot.h"

#include <string.h>

/* --- the end of the connection, or of our patience --- */

static bool answered(const struct aw_open *s)
{
    return s && (s->ex.interim_count > 0 || aw_seen(&s->ex.at[AW_AT_FINAL_FIRST]));
}

/*
 * Owed content was withheld and a request came in its place: if the server took that request for
 * content, nothing answers it. Only an open connection that stayed silent for W shows that.
 */
static bool was_swallowed(const struct aw_step *st, const struct aw_open *s,
                          const struct aw_mark *end)
{
    const struct aw_open *next = s->next;
    if (s->ex.res & AW_RES_CLOSE) return false; /* it was told not to ask again */
    if (!next || next->orphan || !aw_seen(&next->ex.at[AW_AT_ACK_HEAD]) || answered(next))
        return false;
    /* Something of the server's was lost: it may have been the answer. */
    if (next->ex.flags & (AW_F_HOLE_RESPONSE | AW_F_HOLE_FINAL)) return false;
    const struct aw_mark *asked =
        aw_mark_later(&next->ex.at[AW_AT_HEAD], &next->ex.at[AW_AT_BODY_END]);
    asked = aw_mark_later(asked, &next->ex.at[AW_AT_ACK_HEAD]); /* not before it was received */
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

/* It was answered before its content was over, or its client left with content owed, and the input
 * ended before that could show what the two made of it. */
static bool has_sequel(const struct aw_step *st, const struct aw_open *s, const struct aw_mark *end)
{
    const struct aw_exchange *x = &s->ex;
    if (!x->final_complete) return x->status != 0;
    if (s->ended) return s->settle_at != AW_NS_NONE && (aw_open_crossed(s) || !aw_is_complete(s));
    return end->ts - x->at[AW_AT_FINAL_END].ts < st->xs->room->threshold[AW_T_SETTLE];
}

/* A 100 after the last answer is that of the next request if it crossed it (take_crossing), and
 * the capture does not show whether one came. */
static void stray_unsure(struct aw_exchanges *xs, enum aw_flag why)
{
    struct aw_open *const after[] = {xs->last, xs->over};
    for (unsigned i = 0; i < 2; i++)
        if (after[i] && after[i]->ended && (after[i]->ex.flags & AW_F_100_AFTER_FINAL))
            after[i]->ex.flags |= (uint32_t)why;
}

static void close_all(const struct aw_step *st, const struct aw_mark *end, uint64_t end_ord,
                      enum aw_flag why, bool observed)
{
    struct aw_exchanges *xs = st->xs;
    if (why == AW_F_INPUT_ENDED) stray_unsure(xs, AW_F_UNSETTLED);
    aw_open_tell(st);
    while (xs->first) {
        struct aw_open *s = xs->first;
        if (s->held) {
            if (observed && was_swallowed(st, s, end))
                s->ex.flags |= AW_F_SWALLOWED;
            else if (!answered(s->next))
                s->ex.flags |= AW_F_UNSETTLED;
            release(st, s, observed ? end : &s->ex.at[AW_AT_END]);
            continue;
        }
        if (!s->ended) s->ex.flags |= (uint32_t)why;
        if (why == AW_F_INPUT_ENDED && has_sequel(st, s, end)) s->ex.flags |= AW_F_UNSETTLED;
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
    xs->rest.fin |= (uint8_t)(1u << c->dir);
    if (c->dir == AW_S2C) aw_settle_fin(st);
    if (c->dir == AW_C2S) {
        /* What it owes it will not send. Where the answer is over, so is the exchange but for what
         * the server may still say to it; else the server may still answer a client that has only
         * closed its own side. */
        for (struct aw_open *s = xs->first, *after; s; s = after) {
            after = s->next;
            if (s->ex.final_complete && !s->ended) aw_open_end(st, s, at);
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
    xs->rest.event_end[AW_C2S] = xs->rest.event_end[AW_S2C] = AW_OFF_NONE;
    return xs;
}

static void free_slot(struct aw_pool *pool, struct aw_open *s)
{
    aw_heads_forget(pool, s);
    aw_pool_put(pool, s, s->size);
}

void aw_exchanges_free(struct aw_exchanges *xs)
{
    if (!xs) return;
    struct aw_pool *pool = xs->room->pool;
    while (xs->first) {
        struct aw_open *s = xs->first;
        xs->first = s->next;
        free_slot(pool, s);
    }
    if (xs->over) free_slot(pool, xs->over);
    aw_pool_put(pool, xs->unplaced, sizeof *xs->unplaced);
    aw_pool_put(pool, xs, sizeof *xs);
}

/* --- at rest --- */

bool aw_exchanges_rest(const struct aw_exchanges *xs, struct aw_exchanges_rest *out)
{
    if (xs->first || xs->over || xs->unplaced || xs->precious) return false;
    *out = xs->rest;
    return true;
}

struct aw_exchanges *aw_exchanges_resume(struct aw_exchange_room *room,
                                         const struct aw_exchanges_rest *rest)
{
    struct aw_exchanges *xs = aw_exchanges_new(room);
    if (xs) xs->rest = *rest;
    return xs;
}

void aw_exchanges_rest_end(struct aw_exchanges_rest *rest, enum aw_dir dir)
{
    rest->fin |= (uint8_t)(1u << dir);
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
    stray_unsure(st->xs, AW_F_PAIR_UNSURE); /* it may have crossed the request that was lost */
    if (s && ev->part == AW_IN_CONTENT)
        aw_on_content_gap(st, s, ev);
    else
        aw_note_lost(st->xs, ev->cut ? AW_LOST_CUT : AW_LOST_HOLE, ev->end);
}

/* Capture times that run back by more than packets change places on a busy interface. */
static void watch_clock(struct aw_exchanges *xs, const struct aw_mark *at)
{
    if (at->ord <= xs->clock_ord) return; /* an earlier packet that had to wait its turn */
    if (at->ts < xs->clock - xs->room->threshold[AW_T_REORDER_GRACE])
        for (struct aw_open *s = xs->first; s; s = s->next)
            s->ex.flags |= AW_F_TIME_STEPPED;
    xs->clock = at->ts;
    xs->clock_ord = at->ord;
}

void aw_exchanges_event(struct aw_exchanges *xs, struct aw_flow *flow,
                        const struct aw_http_event *ev, const struct aw_mark *now)
{
    const struct aw_step st = {.xs = xs, .flow = flow, .now = now};
    watch_clock(xs, &ev->last);
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
    if (ev->end > xs->rest.event_end[ev->dir]) xs->rest.event_end[ev->dir] = ev->end;
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

bool aw_exchanges_content_due(const struct aw_exchanges *xs)
{
    for (const struct aw_open *s = xs->first; s; s = s->next)
        if (!s->orphan && !s->request_over && !s->ex.content_complete) return true;
    return false;
}

aw_ns aw_exchanges_deadline(const struct aw_exchanges *xs)
{
    aw_ns least = xs->over ? xs->over->settle_at : AW_NS_NONE;
    for (const struct aw_open *s = xs->first; s; s = s->next)
        if (s->settle_at != AW_NS_NONE && (least == AW_NS_NONE || s->settle_at < least))
            least = s->settle_at;
    return least;
}

const struct aw_exchange *aw_exchanges_waiting(const struct aw_exchanges *xs)
{
    for (const struct aw_open *s = xs->first; s; s = s->next) {
        const struct aw_exchange *x = &s->ex;
        if (s->ended || s->request_over || x->content_complete) continue;
        if ((x->req & AW_REQ_EXPECT_100) && aw_seen(&x->at[AW_AT_HEAD]) &&
            !aw_seen(&x->at[AW_AT_BODY]) && x->interim_count == 0 &&
            !aw_seen(&x->at[AW_AT_FINAL_FIRST]))
            return x;
    }
    return NULL;
}

void aw_exchanges_settle(struct aw_exchanges *xs, struct aw_flow *flow, const struct aw_mark *now)
{
    const struct aw_step st = {.xs = xs, .flow = flow, .now = now};
    if (xs->over && xs->over->settle_at <= now->ts) aw_open_tell(&st);
    for (struct aw_open *s = xs->first, *after; s; s = after) {
        after = s->next;
        if (s->settle_at != AW_NS_NONE && s->settle_at <= now->ts)
            aw_open_close(&st, s, &s->ex.at[AW_AT_END], s->ex.end_ord);
    }
    aw_spare(&st);
}
