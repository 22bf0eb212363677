/*
 * What may be handed up, and in which order. Within a direction bytes go up by offset; across
 * directions only after what they acknowledge. What cannot go up yet waits in a sorted list. Bytes
 * that the peer acknowledged and nobody captured are given up after a grace, in one hole.
 *
 * At rest nothing that waits could be handed up. Every hand-up calls the room above, which may ask
 * that the connection be ignored: lists are looked at afresh after each.
 */
#include "flow/inside.h"

#include <string.h>

static struct aw_piece *waiting(const struct aw_flow *f, unsigned side)
{
    return f->more ? f->more->first[side] : NULL;
}

static size_t piece_size(const struct aw_piece *q)
{
    return sizeof *q + q->b.len;
}

/* As the room above is told: a FIN takes a sequence number and is no byte. */
static aw_off stream_ack(const struct aw_flow *f, unsigned peer, aw_off ack)
{
    const aw_off fin = aw_fin_of(f, peer);
    return fin != AW_OFF_NONE && ack > fin ? fin : ack;
}

void aw_order_watch_hit(struct aw_flow *f, unsigned side)
{
    struct aw_half *h = &f->half[side];
    struct aw_more *m = f->more;
    const bool kept = m && m->watch_ack[side] != AW_OFF_NONE;
    const aw_off ack = kept ? m->watch_ack[side] : h->acked;
    if (!aw_covered(f, side, ack) || (kept && m->watch_off[side] > f->half[!side].next)) return;
    const struct aw_mark by = kept ? m->watch_by[side] : f->marks->acked_by[side];
    const aw_off watch = f->marks->watch[side];
    f->marks->watch[side] = AW_OFF_NONE;
    if (kept) m->watch_ack[side] = AW_OFF_NONE;
    aw_flow_give(f, &(struct aw_chunk){.kind = AW_CHUNK_ACK,
                                       .dir = aw_dir_of(f, !side),
                                       .off = watch,
                                       .seen = by,
                                       .ack_off = stream_ack(f, side, ack),
                                       .peer_high = h->high});
}

/* Passes on bytes up to `to` as not captured. */
static void hole(struct aw_flow *f, unsigned side, aw_off to, bool cut, const struct aw_mark *seen)
{
    struct aw_half *h = &f->half[side];
    const aw_off from = h->next;
    const uint64_t len = (uint64_t)(to - from);
    struct aw_flow_stats *stats = &f->table->stats;
    struct aw_more *m = aw_flow_more(f);
    if (cut) {
        stats->cut_bytes += len;
        if (m) m->cut_bytes[side] += len;
    } else {
        /* Acknowledgement after acknowledgement of a direction never captured is one hole. */
        const bool first = !(h->flags & AW_HALF_IN_HOLE);
        stats->holes += first;
        stats->hole_bytes += len;
        if (m) {
            m->holes += first;
            m->hole_bytes[side] += len;
            if (first) m->hole_from[side] = from;
            m->hole_to[side] = to;
        }
        h->flags |= AW_HALF_IN_HOLE;
        f->flags |= AW_FLOW_PAYLOAD;
    }
    h->next = to;
    h->high = aw_off_max(h->high, to);
    h->flags &= (uint16_t)~AW_HALF_MAYBE_FIN;
    if (f->flags & AW_FLOW_IGNORED) return;
    aw_order_watch(f, !side);
    aw_flow_give(f, &(struct aw_chunk){.kind = AW_CHUNK_HOLE,
                                       .dir = aw_dir_of(f, side),
                                       .cut = cut,
                                       .len = len,
                                       .off = from,
                                       .seen = *seen,
                                       .ack_off = AW_OFF_NONE,
                                       .peer_high = f->half[!side].high});
}

/* Hands up the bytes of b from `next` to `to`; data: where b begins. */
static void hand_up(struct aw_flow *f, unsigned side, const struct aw_bytes *b, const uint8_t *data,
                    aw_off to, bool waited)
{
    struct aw_half *h = &f->half[side];
    const aw_off from = h->next, here = b->off + b->len;
    const aw_off end = aw_off_min(to, here);
    /* Before the bytes, that their segment acknowledges what is watched. */
    aw_order_watch(f, !side);
    if (end > from) {
        h->next = end;
        h->high = aw_off_max(h->high, end);
        h->flags &= (uint16_t) ~(AW_HALF_MAYBE_FIN | AW_HALF_IN_HOLE);
        if (!(f->flags & AW_FLOW_IGNORED))
            aw_flow_give(f, &(struct aw_chunk){.kind = AW_CHUNK_DATA,
                                               .dir = aw_dir_of(f, side),
                                               .waited = waited,
                                               .conflict = b->conflict,
                                               .ttl = b->ttl,
                                               .data = data + (from - b->off),
                                               .len = (uint64_t)(end - from),
                                               .off = from,
                                               .seen = b->seen,
                                               .ack_off = stream_ack(f, !side, b->ack),
                                               .peer_high = b->peer_high});
    }
    if (to > h->next && to > here) hole(f, side, to, true, &b->seen);
}

/* Takes the first piece of a side off its list and hands up what is not known yet. */
static void hand_up_first(struct aw_flow *f, unsigned side)
{
    struct aw_more *m = f->more;
    struct aw_piece *q = m->first[side];
    m->first[side] = q->next;
    if (!q->next) m->last[side] = NULL;
    m->waiting[side] -= piece_size(q);
    m->pieces[side]--;
    if (q->b.end > f->half[side].next) hand_up(f, side, &q->b, q->data, q->b.end, true);
    aw_pool_put(f->table->pool, q, piece_size(q));
}

/* What is ready on a side: 0 nothing, else the ordinal of its packet. A FIN comes after all bytes.
 */
static uint64_t ready(const struct aw_flow *f, unsigned side, bool *is_fin)
{
    const struct aw_half *h = &f->half[side];
    const struct aw_piece *q = waiting(f, side);
    *is_fin = false;
    if (q) return q->b.off <= h->next && aw_covered(f, !side, q->b.ack) ? q->b.seen.ord : 0;
    if (!(f->flags & AW_FLOW_FIN << side) || (h->flags & AW_HALF_FIN_DONE)) return 0;
    const struct aw_marks *m = f->marks;
    if (h->next < m->fin[side] || !aw_covered(f, !side, m->fin_ack[side])) return 0;
    *is_fin = true;
    return m->fin_by[side].ord;
}

static void hand_up_fin(struct aw_flow *f, unsigned side)
{
    struct aw_half *h = &f->half[side];
    aw_order_watch(f, !side);
    h->flags |= AW_HALF_FIN_DONE;
    if (side == 1 && !(f->half[0].flags & AW_HALF_FIN_DONE)) f->flags |= AW_FLOW_FIN_BY_1;
    const struct aw_marks *m = f->marks;
    aw_flow_give(f, &(struct aw_chunk){.kind = AW_CHUNK_FIN,
                                       .dir = aw_dir_of(f, side),
                                       .off = m->fin[side],
                                       .seen = m->fin_by[side],
                                       .ack_off = stream_ack(f, !side, m->fin_ack[side]),
                                       .peer_high = f->half[!side].high});
}

/* Hands up whatever has become possible, by order of capture where both sides have something. */
static void drain(struct aw_flow *f)
{
    for (;;) {
        bool is_fin[2];
        const uint64_t ord[2] = {ready(f, 0, &is_fin[0]), ready(f, 1, &is_fin[1])};
        if (ord[0] == 0 && ord[1] == 0) return;
        const unsigned side = ord[0] == 0 || (ord[1] != 0 && ord[1] < ord[0]);
        if (is_fin[side])
            hand_up_fin(f, side);
        else
            hand_up_first(f, side);
    }
}

/*
 * One step towards `to` on a side where bytes before it are missing: the next piece although what
 * it acknowledges is not there, else a hole up to the next piece. `seen` proves the hole.
 */
static void give_up(struct aw_flow *f, unsigned side, aw_off to, bool beyond,
                    const struct aw_mark *seen)
{
    struct aw_half *h = &f->half[side];
    const struct aw_piece *q = waiting(f, side);
    if (q && q->b.off <= h->next) {
        /* Nothing is missing here: it waits for what it acknowledges. Where each side waits for
         * the other (bytes not captured that were sent again later, with a later acknowledgement)
         * the one captured first goes first. */
        const struct aw_piece *other = waiting(f, !side);
        if (other && other->b.off <= f->half[!side].next)
            hand_up_first(f, other->b.seen.ord < q->b.seen.ord ? !side : side);
        else if (aw_covered(f, !side, q->b.ack))
            hand_up_first(f, side);
        else
            give_up(f, !side, q->b.ack, false, seen);
        return;
    }
    if (q && q->b.off < to) {
        to = q->b.off;
        beyond = true;
    }
    const aw_off fin = aw_fin_of(f, side);
    if (fin != AW_OFF_NONE) {
        if (to > fin && h->next >= fin && !(h->flags & AW_HALF_FIN_DONE)) {
            hand_up_fin(f, side);
            return;
        }
        to = aw_off_min(to, fin);
    }
    if (to <= h->next) return;
    /* One missing number at the very end is more likely a FIN that was not captured than a byte. */
    if (!q && !beyond && to == h->next + 1 && fin == AW_OFF_NONE)
        h->flags |= AW_HALF_MAYBE_FIN;
    else
        hole(f, side, to, false, seen);
}

static struct aw_mark proof(const struct aw_flow *f, unsigned side)
{
    const struct aw_half *h = &f->half[side];
    const struct aw_piece *q = waiting(f, side);
    if (h->acked > h->next && f->marks) return f->marks->acked_by[side];
    return q ? q->b.seen : f->table->at;
}

bool aw_order_compare(struct aw_flow *f, const struct aw_view *v)
{
    aw_off at = v->off;
    bool all = true;
    for (struct aw_piece *q = waiting(f, v->side); q && q->b.off < v->end; q = q->next) {
        if (q->b.end <= v->off) continue;
        if (q->b.off > at) all = false;
        at = q->b.end;
        const aw_off from = aw_off_max(q->b.off, v->off);
        const aw_off to = aw_off_min(q->b.off + q->b.len, v->off + (aw_off)v->seg->payload.len);
        const aw_off end = aw_off_min(to, v->end);
        if (from >= end || memcmp(q->data + (from - q->b.off), v->seg->payload.p + (from - v->off),
                                  (size_t)(end - from)) == 0)
            continue;
        q->b.conflict = true;
        f->table->stats.conflicts++;
        f->more->conflicts++;
    }
    return all && at >= v->end;
}

/* Copies the bytes from..to of b into a piece after `prev` (NULL: as the first). */
static struct aw_piece *insert(struct aw_flow *f, unsigned side, struct aw_piece *prev,
                               const struct aw_bytes *b, const uint8_t *data, aw_off from,
                               aw_off to)
{
    const aw_off here = aw_off_max(from, aw_off_min(to, b->off + b->len));
    const size_t len = (size_t)(here - from), size = sizeof(struct aw_piece) + len;
    const size_t limit = f->table->limits.waiting_bytes;
    struct aw_more *m = aw_flow_more(f);
    if (!m || m->pieces[side] >= AW_PIECES_MAX) return NULL;
    if (m->waiting[side] >= limit || size > limit - m->waiting[side]) return NULL;
    struct aw_piece *q = aw_flow_room(f->table, size);
    if (!q) return NULL;
    q->b = *b;
    q->b.off = from;
    q->b.end = to;
    q->b.len = (uint32_t)len;
    if (len > 0) memcpy(q->data, data + (from - b->off), len);
    q->next = prev ? prev->next : m->first[side];
    if (prev)
        prev->next = q;
    else
        m->first[side] = q;
    if (!q->next) m->last[side] = q;
    m->waiting[side] += size;
    m->pieces[side]++;
    return q;
}

/* Keeps what is new of b; false: not all of it could be kept. */
static bool keep(struct aw_flow *f, unsigned side, const struct aw_bytes *b, const uint8_t *data)
{
    aw_off at = aw_off_max(b->off, f->half[side].next);
    struct aw_piece *prev = NULL, *q = waiting(f, side);
    if (q && f->more->last[side]->b.end <= at) { /* the usual place is the end */
        prev = f->more->last[side];
        q = NULL;
    }
    for (; at < b->end; q = q->next) {
        const aw_off to = q ? aw_off_min(b->end, q->b.off) : b->end;
        if (to > at) {
            prev = insert(f, side, prev, b, data, at, to);
            if (!prev) return false;
        }
        if (!q) return true;
        at = aw_off_max(at, q->b.end);
        prev = q;
    }
    return true;
}

/* End of the highest peer byte known to be sent: what the segment itself acknowledges, and what
 * waits although it was sent before this (it does not acknowledge these bytes). */
static aw_off peer_high(const struct aw_flow *f, const struct aw_view *v)
{
    const struct aw_half *p = &f->half[!v->side];
    aw_off high = aw_off_max(p->high, stream_ack(f, !v->side, v->ack));
    for (const struct aw_piece *q = waiting(f, !v->side); q; q = q->next)
        if (q->b.ack <= v->off) high = aw_off_max(high, q->b.end);
    return high;
}

void aw_order_payload(struct aw_flow *f, const struct aw_view *v)
{
    const unsigned side = v->side;
    struct aw_half *h = &f->half[side];
    const struct aw_bytes b = {
        .off = v->off,
        .end = v->end,
        .len = (uint32_t)aw_off_min((aw_off)v->seg->payload.len, v->end - v->off),
        .ttl = v->seg->ttl,
        .seen = v->seg->at,
        .ack = v->ack,
        .peer_high = peer_high(f, v),
    };
    const uint8_t *data = v->seg->payload.p;
    if (waiting(f, side) && aw_order_compare(f, v)) {
        aw_half_again(f, v, v->end);
        return;
    }
    aw_flow_active(f, &v->seg->at);
    bool counted = false;
    while (b.end > h->next && !(f->flags & AW_FLOW_IGNORED)) {
        const struct aw_piece *q = waiting(f, side);
        if (b.off <= h->next && aw_covered(f, !side, b.ack)) {
            const aw_off to = q ? aw_off_min(b.end, q->b.off) : b.end;
            if (to > h->next) {
                hand_up(f, side, &b, data, to, false);
                if (f->more) drain(f);
                continue;
            }
        }
        if (keep(f, side, &b, data)) {
            f->table->stats.waited++;
            return;
        }
        /* No room to wait in: what it waits for is given up now. */
        if (!counted) f->table->stats.no_memory++;
        counted = true;
        if (b.off > h->next || aw_covered(f, !side, b.ack))
            give_up(f, side, b.off, true, &b.seen);
        else
            give_up(f, !side, b.ack, false, &b.seen);
        drain(f);
    }
    if (f->flags & AW_FLOW_IGNORED) h->next = aw_off_max(h->next, b.end);
}

/* Something is due by then. False: there is no room to note it. */
static bool arm(struct aw_flow *f, aw_ns due)
{
    struct aw_flow_table *t = f->table;
    const uint32_t at = f->more->grace_at;
    if (at == AW_NOT_IN_HEAP) return aw_heap_add(t, AW_HEAP_GRACE, f, due);
    if (due < t->heap[AW_HEAP_GRACE].at[at].key) aw_heap_rekey(t, AW_HEAP_GRACE, f, due);
    return true;
}

aw_ns aw_order_due(const struct aw_flow *f, aw_ns from)
{
    const struct aw_more *m = f->more;
    const aw_ns due[] = {m->due[0], m->due[1], m->rst_off != AW_OFF_NONE ? m->rst_due : AW_NS_NONE};
    aw_ns next = INT64_MAX;
    for (unsigned i = 0; i < 3; i++)
        if (due[i] >= from && due[i] < next) next = due[i]; /* NONE is less than any */
    return next;
}

/* Sets, moves or lifts the deadline for acknowledged bytes that are missing. */
static void mind(struct aw_flow *f, unsigned side)
{
    struct aw_flow_table *t = f->table;
    struct aw_half *h = &f->half[side];
    if (h->acked <= h->next || aw_covered(f, side, h->acked)) {
        if (f->more) f->more->due[side] = AW_NS_NONE;
        return;
    }
    if (f->flags & AW_FLOW_IGNORED) {
        h->next = h->acked;
        return;
    }
    struct aw_more *m = aw_flow_more(f);
    if (m && m->due[side] != AW_NS_NONE && m->due_next[side] == h->next) return;
    const aw_ns due = aw_later(t->now, t->limits.reorder_grace);
    if (m && arm(f, due)) {
        m->due[side] = due;
        m->due_off[side] = h->acked;
        m->due_next[side] = h->next;
        return;
    }
    /* Nowhere to note it: no grace. */
    const struct aw_mark seen = proof(f, side);
    while (!aw_covered(f, side, h->acked)) {
        give_up(f, side, h->acked, false, &seen);
        drain(f);
    }
}

/* Closes what both sides ended. */
static void close_ended(struct aw_flow *f)
{
    if (!(f->half[0].flags & f->half[1].flags & AW_HALF_FIN_DONE)) return;
    const unsigned first = (f->flags & AW_FLOW_FIN_BY_1) != 0;
    aw_flow_end(f, AW_CLOSE_FIN, first, &f->marks->fin_by[!first], true);
}

void aw_order_fin(struct aw_flow *f, unsigned side)
{
    hand_up_fin(f, side);
    aw_order_watch(f, 0);
    aw_order_watch(f, 1);
    close_ended(f);
}

void aw_order_settle(struct aw_flow *f)
{
    if (f->flags & AW_FLOW_CLOSED) return;
    drain(f);
    aw_order_watch(f, 0);
    aw_order_watch(f, 1);
    mind(f, 0);
    mind(f, 1);
    const struct aw_more *m = f->more;
    if (m && m->rst_off != AW_OFF_NONE && aw_covered(f, m->rst_side, m->rst_off) &&
        aw_covered(f, !m->rst_side, m->rst_ack)) {
        if (m->rst_due > f->table->now && arm(f, m->rst_due)) return;
        aw_flow_end(f, AW_CLOSE_RST, m->rst_side, &m->rst[m->rst_side], true);
        return;
    }
    close_ended(f);
}

void aw_order_expire(struct aw_flow *f)
{
    struct aw_more *m = f->more;
    for (unsigned side = 0; side < 2; side++) {
        if (m->due[side] == AW_NS_NONE || m->due[side] > f->table->now) continue;
        const aw_off to = m->due_off[side];
        m->due[side] = AW_NS_NONE;
        const struct aw_mark seen = proof(f, side);
        while (!aw_covered(f, side, to)) {
            give_up(f, side, to, false, &seen);
            drain(f);
        }
    }
    aw_order_settle(f);
}

/* What was acknowledged is missing; and what a later segment of its sender counted in, which will
 * not be sent again any more (one number may be a FIN, of which nothing else is known). Nothing
 * waits. */
static void give_up_rest(struct aw_flow *f)
{
    for (unsigned side = 0; side < 2; side++) {
        const struct aw_half *h = &f->half[side];
        const aw_off implied = f->flags & AW_FLOW_IGNORED || h->high == h->next + 1 ? 0 : h->high;
        const aw_off fin = aw_fin_of(f, side);
        const aw_off to = fin == AW_OFF_NONE ? aw_off_max(h->acked, implied) : fin;
        if (to <= h->next) continue;
        const struct aw_mark seen = proof(f, side);
        give_up(f, side, to, false, &seen);
    }
}

void aw_order_idle(struct aw_flow *f)
{
    if (!waiting(f, 0) && !waiting(f, 1)) give_up_rest(f);
}

/* Hands up all that waits and what is known to be missing. */
static void flush_bytes(struct aw_flow *f)
{
    for (;;) {
        drain(f);
        const struct aw_piece *a = waiting(f, 0), *b = waiting(f, 1);
        if (!a && !b) break;
        const unsigned side = !a || (b && b->b.seen.ord < a->b.seen.ord);
        const struct aw_piece *q = side ? b : a;
        const struct aw_half *h = &f->half[side], *p = &f->half[!side];
        if (q->b.off > h->next) {
            const struct aw_mark seen = proof(f, side);
            give_up(f, side, q->b.off, true, &seen);
        } else if (waiting(f, !side) || q->b.ack <= p->acked) {
            const struct aw_mark seen = proof(f, !side);
            give_up(f, !side, q->b.ack, false, &seen);
        } else {
            hand_up_first(f, side);
        }
    }
    give_up_rest(f);
    drain(f);
}

void aw_order_flush(struct aw_flow *f)
{
    const bool both_ended = (f->half[0].flags & f->half[1].flags & AW_HALF_FIN_DONE) != 0;
    if (f->more || !both_ended) flush_bytes(f);
    for (unsigned side = 0; side < 2; side++) {
        if (f->more) f->more->watch_off[side] = AW_OFF_NONE; /* nothing more will come before it */
        aw_order_watch(f, side);
    }
}

void aw_order_drop(struct aw_flow *f)
{
    struct aw_more *m = f->more;
    if (!m) return;
    for (unsigned side = 0; side < 2; side++) {
        for (struct aw_piece *q = m->first[side]; q;) {
            struct aw_piece *next = q->next;
            aw_pool_put(f->table->pool, q, piece_size(q));
            q = next;
        }
        m->first[side] = m->last[side] = NULL;
        m->waiting[side] = 0;
        m->pieces[side] = 0;
    }
}
