/*
 * One direction and one segment of it: what the segment acknowledges, which window it offers,
 * whether it was sent before, where the stream ends. Payload goes on to order.c. Knows nothing of
 * tables and timers.
 */
#include "flow/inside.h"

static void tell_window(struct aw_flow *f, const struct aw_view *v)
{
    struct aw_half *h = &f->half[v->side];
    h->window = v->seg->window;
    const bool zero = v->seg->window == 0;
    if (zero == ((h->flags & AW_HALF_ZERO) != 0)) return;
    h->flags ^= AW_HALF_ZERO;
    if (zero) {
        struct aw_more *m = aw_flow_more(f);
        if (m) m->zero_windows[v->side]++;
    }
    aw_flow_give(f, &(struct aw_chunk){.kind = AW_CHUNK_WINDOW,
                                       .dir = aw_dir_of(f, v->side),
                                       .ttl = v->seg->ttl,
                                       .len = zero ? 0 : 1,
                                       .off = f->half[v->side].high,
                                       .seen = v->seg->at,
                                       .ack_off = v->ack,
                                       .peer_high = f->half[!v->side].high});
}

/* Round trips fit 32 bits: up to two seconds by the ns, beyond that by the us; of more than half an
 * hour none is kept.
 */
enum { TRIP_UNIT = 1000, TRIP_FINE = 2000000000 };

static uint32_t trip_pack(uint64_t ns)
{
    if (ns < TRIP_FINE) return (uint32_t)ns;
    const uint64_t units = (ns - TRIP_FINE + TRIP_UNIT - 1) / TRIP_UNIT;
    return units < AW_RTT_NONE - (uint32_t)TRIP_FINE ? TRIP_FINE + (uint32_t)units : AW_RTT_NONE;
}

static aw_ns trip_unpack(uint32_t trip)
{
    if (trip < TRIP_FINE) return trip;
    return TRIP_FINE + (aw_ns)(trip - TRIP_FINE) * TRIP_UNIT;
}

void aw_half_trip(struct aw_flow *f, unsigned side, aw_ns sent, aw_ns acked)
{
    /* An acknowledgement captured first: the two changed places, and are no further apart. */
    const bool swapped = acked < sent;
    const uint64_t trip =
        swapped ? (uint64_t)sent - (uint64_t)acked : (uint64_t)acked - (uint64_t)sent;
    if (trip > INT64_MAX || (swapped && (aw_ns)trip > f->table->limits.reorder_grace)) return;
    const uint32_t packed = trip_pack(trip);
    if (packed < f->rtt[side]) f->rtt[side] = packed;
}

aw_ns aw_half_rtt(const struct aw_flow *f, unsigned side)
{
    return f->rtt[side] != AW_RTT_NONE ? trip_unpack(f->rtt[side]) : AW_NS_NONE;
}

/* A round trip between the capture point and the side that acknowledges. */
static void sample(struct aw_flow *f, unsigned side, struct aw_half *timed,
                   const struct aw_segment *seg)
{
    if (aw_seq_diff(seg->ack, timed->sample_seq) < 0) return;
    timed->flags &= (uint16_t)~AW_HALF_TIMING;
    aw_half_trip(f, side, timed->sample_ts, seg->at.ts);
}

/* Asked for where bytes turn out to be missing, where the room above watches for it, and by a SYN
 * that comes late. */
void aw_half_acked(struct aw_flow *f, unsigned side, const struct aw_mark *by)
{
    const struct aw_half *h = &f->half[side];
    const bool odd = h->acked > h->next || !(h->flags & AW_HALF_SYN);
    struct aw_marks *m = odd ? aw_flow_marks(f) : f->marks;
    if (m) m->acked_by[side] = *by;
}

static void acknowledge(struct aw_flow *f, const struct aw_view *v)
{
    const struct aw_half *h = &f->half[v->side];
    struct aw_half *p = &f->half[!v->side];
    if (p->flags & AW_HALF_TIMING) sample(f, v->side, p, v->seg);
    const aw_off watch = aw_watch_of(f, !v->side);
    const bool hit = watch != AW_OFF_NONE && v->ack >= watch;
    const bool first = p->acked < watch;
    if (v->ack > p->acked) {
        p->acked = v->ack;
        aw_half_acked(f, !v->side, &v->seg->at);
    }
    if (!hit) return;
    if (first && v->off <= h->next && aw_covered(f, !v->side, v->ack)) {
        aw_order_watch(f, !v->side);
        return;
    }
    /* The chunk has to wait for bytes before this segment, of either direction; meanwhile another
     * takes its place only if it was sent before, though captured later. */
    struct aw_more *m = aw_flow_more(f);
    if (!m ||
        (!first && (m->watch_ack[!v->side] == AW_OFF_NONE || v->off >= m->watch_off[!v->side])))
        return;
    m->watch_by[!v->side] = v->seg->at;
    m->watch_ack[!v->side] = v->ack;
    m->watch_off[!v->side] = v->off;
    aw_order_watch(f, !v->side);
}

void aw_half_again(struct aw_flow *f, const struct aw_view *v, aw_off end)
{
    struct aw_half *h = &f->half[v->side];
    h->flags &= (uint16_t)~AW_HALF_TIMING; /* Karn: which one will be acknowledged is not known */
    f->table->stats.retransmitted++;
    struct aw_more *m = aw_flow_more(f);
    if (m) m->retransmissions++;
    const bool whole = (size_t)(end - v->off) <= v->seg->payload.len;
    aw_flow_give(f, &(struct aw_chunk){.kind = AW_CHUNK_AGAIN,
                                       .dir = aw_dir_of(f, v->side),
                                       .ttl = v->seg->ttl,
                                       .data = whole ? v->seg->payload.p : NULL,
                                       .len = (uint64_t)(end - v->off),
                                       .off = v->off,
                                       .seen = v->seg->at,
                                       .ack_off = v->ack,
                                       .peer_high = f->half[!v->side].high});
}

/* Bytes before `next` came: sent again, or one of the things that look like it. */
static void repeated(struct aw_flow *f, const struct aw_view *v)
{
    struct aw_half *h = &f->half[v->side];
    const aw_off end = aw_off_min(v->end, h->next);
    if (end - v->off == 1 && end == h->next) {
        /* A keep-alive repeats the last byte once all is acknowledged (RFC 9293, 3.8.4); a window
         * probe's byte comes again with the rest when the window opens (3.8.6.1). */
        if (v->end == h->next && h->acked >= h->next) return;
        if (h->flags & AW_HALF_PROBED) {
            h->flags &= (uint16_t)~AW_HALF_PROBED;
            return;
        }
    }
    if ((h->flags & AW_HALF_REFUSED) && h->acked <= 0) return;
    const struct aw_more *m = f->more;
    if (m && v->off >= m->hole_from[v->side] && end <= m->hole_to[v->side])
        return; /* late: first seen */
    aw_half_again(f, v, end);
}

void aw_half_copy(struct aw_flow *f, const struct aw_view *v)
{
    const struct aw_half *h = &f->half[v->side];
    const aw_off end = aw_off_min(v->end, h->next);
    const bool whole = end > v->off && (size_t)(end - v->off) <= v->seg->payload.len;
    if (whole && !(f->flags & AW_FLOW_IGNORED))
        aw_flow_give(f, &(struct aw_chunk){.kind = AW_CHUNK_AGAIN,
                                           .dir = aw_dir_of(f, v->side),
                                           .copy = true,
                                           .ttl = v->seg->ttl,
                                           .data = v->seg->payload.p,
                                           .len = (uint64_t)(end - v->off),
                                           .off = v->off,
                                           .seen = v->seg->at,
                                           .ack_off = v->ack,
                                           .peer_high = f->half[!v->side].high});
    (void)aw_order_compare(f, v);
}

/* Data of this side is being timed. Its SYN no longer is when it sends some: it has had the answer,
 * captured or not, and what acknowledges the data tells nothing about the SYN. */
static bool is_timing(const struct aw_half *h)
{
    return (h->flags & AW_HALF_TIMING) && h->sample_seq != h->base_seq;
}

static void payload(struct aw_flow *f, const struct aw_view *v)
{
    struct aw_half *h = &f->half[v->side];
    f->flags |= AW_FLOW_PAYLOAD;
    h->flags |= AW_HALF_PAYLOAD;
    if (v->off < h->next) repeated(f, v);
    if (v->end <= h->next) return;
    if (v->end - v->off == 1 && (f->half[!v->side].flags & AW_HALF_ZERO))
        h->flags |= AW_HALF_PROBED;
    /* Where its acknowledgement was captured first, the next one would tell nothing. */
    if (!is_timing(h) && v->off >= h->high && h->acked >= v->end) {
        if (f->marks) aw_half_trip(f, !v->side, v->seg->at.ts, f->marks->acked_by[v->side].ts);
    } else if (!is_timing(h) && v->off >= h->high) {
        h->flags |= AW_HALF_TIMING;
        h->sample_seq = h->base_seq + (uint32_t)v->end;
        h->sample_ts = v->seg->at.ts;
    }
    if (f->flags & AW_FLOW_IGNORED) {
        aw_flow_active(f, &v->seg->at);
        h->next = v->end;
    } else {
        (void)aw_flow_marks(f);
        aw_order_payload(f, v);
    }
}

/* Notes a FIN; false: no memory, and it is as if it had not been captured. */
static bool end(struct aw_flow *f, unsigned side, aw_off off, const struct aw_segment *seg,
                aw_off ack)
{
    struct aw_marks *m = aw_flow_marks(f);
    if (!m) {
        f->table->stats.no_memory++;
        return false;
    }
    m->fin[side] = off;
    m->fin_by[side] = seg->at;
    m->fin_ack[side] = ack;
    f->flags |= (uint16_t)(AW_FLOW_FIN << side);
    return true;
}

static void fin(struct aw_flow *f, const struct aw_view *v)
{
    struct aw_half *h = &f->half[v->side];
    if (f->flags & AW_FLOW_FIN << v->side) {
        if (v->off == v->end) { /* with payload it was counted as such */
            f->table->stats.retransmitted++;
            if (f->more) f->more->retransmissions++;
        }
        return;
    }
    const struct aw_piece *last = f->more ? f->more->last[v->side] : NULL;
    const aw_off high = last ? aw_off_max(h->high, last->b.end) : h->high;
    if (v->end < high) { /* bytes beyond its end were captured: not of this stream */
        f->table->stats.out_of_window++;
        return;
    }
    aw_flow_active(f, &v->seg->at);
    (void)end(f, v->side, v->end, v->seg, v->ack);
}

void aw_half_take(struct aw_flow *f, struct aw_view *v)
{
    struct aw_half *h = &f->half[v->side], *p = &f->half[!v->side];
    const struct aw_segment *seg = v->seg;
    const bool ends = (seg->flags & AW_TCP_FIN) != 0;
    aw_half_meet(h, seg);
    if (v->ack >= p->acked && !(seg->flags & AW_TCP_SYN)) /* else older than what is known */
        tell_window(f, v);
    else if (seg->flags & AW_TCP_SYN)
        h->window = seg->window;
    acknowledge(f, v);

    if (ends) fin(f, v);
    if (f->flags & AW_FLOW_FIN << v->side) { /* nothing follows a FIN */
        v->end = aw_off_min(v->end, f->marks->fin[v->side]);
        v->off = aw_off_min(v->off, v->end);
    }
    const aw_off high = h->high;
    if (v->end > v->off) payload(f, v);
    /* What waits for bytes captured after it was sent after them, and must not seem to be before:
     * it counts once it is handed up. */
    if (v->end > high && (v->end == v->off || aw_covered(f, !v->side, v->ack)))
        h->high = aw_off_max(h->high, v->end);
    if (aw_order_busy(f) || f->flags & AW_FLOW_FIN << v->side) aw_order_settle(f);
}

/* A FIN in its turn, without payload. */
static void plain_fin(struct aw_flow *f, const struct aw_segment *seg, unsigned side, aw_off ack)
{
    aw_flow_active(f, &seg->at);
    if (end(f, side, f->half[side].next, seg, ack)) aw_order_fin(f, side);
}

/*
 * The common case of everything above and of order.c in one: nothing waits or is missing, no window
 * is shut, this side has not ended; the segment comes in its turn and acknowledges what was handed
 * up, and brings bytes, an acknowledgement or the end.
 */
bool aw_half_plain(struct aw_flow *f, const struct aw_segment *seg, unsigned side)
{
    enum { ODD = AW_HALF_LOOSE | AW_HALF_ZERO | AW_HALF_MAYBE_FIN | AW_HALF_PROBED };
    /* Chosen, not indexed: else compilers compute both addresses anew at each use. */
    struct aw_half *h = side ? &f->half[1] : &f->half[0], *p = side ? &f->half[0] : &f->half[1];
    const bool ends = (seg->flags & AW_TCP_FIN) != 0;
    if ((seg->flags & ~(AW_TCP_PSH | AW_TCP_FIN)) != AW_TCP_ACK || seg->window == 0) return false;
    if (f->more) return false;
    const bool peer_ended = (p->flags & AW_HALF_FIN_DONE) != 0;
    if (f->flags & AW_FLOW_FINS && (f->flags & AW_FLOW_FIN << side || !peer_ended)) return false;
    if (!(h->flags & p->flags & AW_HALF_KNOWN) || ((h->flags | p->flags) & ODD)) return false;
    const aw_off off = h->next,
                 ack = aw_seq_widen(seg->ack, p->base_seq + (uint32_t)p->next, p->next);
    const uint32_t len = seg->payload_wire;
    if (seg->seq != h->base_seq + (uint32_t)off || h->acked > off) return false;
    if (ack > p->next + peer_ended || ack < p->acked) return false;
    if (ends ? len > 0 || seg->ttl != h->ttl : len == 0 && ack == p->acked) return false;
    const aw_off watch = aw_watch_of(f, !side);
    if (ack >= watch && watch != AW_OFF_NONE) return false;
    if (seg->payload.len != len || off < h->high) return false;

    aw_trace_write(&f->near[f->near_next++], seg, side);
    f->packet_at = f->table->now;
    aw_half_meet(h, seg);
    h->window = seg->window;
    if (p->flags & AW_HALF_TIMING) sample(f, side, p, seg);
    if (ack > p->acked) {
        p->acked = ack;
        if (f->marks) f->marks->acked_by[!side] = seg->at;
    }
    if (ends) plain_fin(f, seg, side, ack);
    if (len == 0) return true;

    f->flags |= AW_FLOW_PAYLOAD;
    h->flags |= AW_HALF_PAYLOAD;
    h->next = h->high = off + len;
    if (!is_timing(h)) {
        h->flags |= AW_HALF_TIMING;
        h->sample_seq = h->base_seq + (uint32_t)h->next;
        h->sample_ts = seg->at.ts;
    }
    aw_flow_active(f, &seg->at);
    if (f->flags & AW_FLOW_IGNORED) return true;
    h->flags &= (uint16_t)~AW_HALF_IN_HOLE;
    if (!f->marks) (void)aw_flow_marks(f);
    const aw_off peer_bytes = aw_off_min(ack, p->next); /* a FIN is none */
    /* Every member by name, or compilers clear the whole of it first. */
    const struct aw_chunk chunk = {
        .kind = AW_CHUNK_DATA,
        .dir = aw_dir_of(f, side),
        .close = AW_CLOSE_NONE,
        .cut = false,
        .waited = false,
        .conflict = false,
        .ttl = seg->ttl,
        .data = seg->payload.p,
        .len = len,
        .off = off,
        .seen = seg->at,
        .ready = seg->at,
        .due = 0,
        .ack_off = peer_bytes,
        .peer_high = aw_off_max(p->high, peer_bytes),
    };
    f->table->ops.chunk(f->table->ops.ctx, f, &chunk);
    return true;
}
