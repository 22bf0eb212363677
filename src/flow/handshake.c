/*
 * Where the offsets of a half begin: at its SYN, else at what the peer acknowledged in its SYN-ACK,
 * else at the first segment captured. Which segments, and which resets, their receiver will have
 * believed. Knows nothing of payload.
 */
#include "flow/inside.h"

/* The scale of a side's window, its SYN and the other's SYN-ACK being known: 0 where one of them
 * had none. */
static unsigned scale_of(const struct aw_flow *f, unsigned side)
{
    const unsigned own = f->wscale >> 4 * side & 15, other = f->wscale >> 4 * !side & 15;
    return own <= 14 && other <= 14 ? own : 0;
}

/* A side's window in bytes; the largest it can mean where its scale was not captured. */
static aw_off window_bytes(const struct aw_flow *f, unsigned side)
{
    const struct aw_half *h = &f->half[!side], *peer = &f->half[side];
    const bool both = (h->flags & AW_HALF_SYN) && (peer->flags & AW_HALF_SYN);
    const unsigned shift = both ? scale_of(f, side) : 14;
    const aw_off window = (aw_off)peer->window << shift;
    return window > 65535 ? window : 65535; /* what is on its way may rest on an older, wider one */
}

static void set_base(struct aw_half *h, uint32_t seq, unsigned flags)
{
    h->base_seq = seq;
    h->flags = (uint16_t)(h->flags | AW_HALF_KNOWN | flags);
}

static void take_syn(struct aw_flow *f, const struct aw_segment *seg, unsigned side)
{
    struct aw_half *h = &f->half[side], *p = &f->half[!side];
    if (!(h->flags & AW_HALF_KNOWN)) set_base(h, seg->seq + 1, 0);
    if (seg->seq + 1 != h->base_seq) return; /* not of this connection */
    if (h->flags & AW_HALF_SYN) {
        /* Sent again: an answer may be to either (Karn). */
        h->flags &= (uint16_t)~AW_HALF_TIMING;
        f->table->stats.retransmitted++;
        struct aw_more *m = aw_flow_more(f);
        if (m) m->retransmissions++;
    } else {
        h->flags |= AW_HALF_SYN;
        h->flags &= (uint16_t)~AW_HALF_LOOSE;
        const unsigned scale = seg->wscale <= 14 ? seg->wscale : 15;
        f->wscale = (uint8_t)((f->wscale & ~(15u << 4 * side)) | scale << 4 * side);
        if (h->acked == AW_OFF_NONE && h->next == 0) {
            h->flags |= AW_HALF_TIMING;
            h->sample_seq = seg->seq + 1;
            h->sample_ts = seg->at.ts;
        } else if (h->acked == 0 && h->next == 0 && f->marks) {
            aw_half_trip(f, !side, seg->at.ts, f->marks->acked_by[side].ts);
        }
    }
    if (seg->flags & AW_TCP_ACK) {
        if (!(p->flags & AW_HALF_KNOWN)) set_base(p, seg->ack, 0);
        /* TCP Fast Open (RFC 7413, 4.2.2): the server took the SYN and not its data. Unless the
         * SYN-ACK was captured late, after what the client sent in answer to it. */
        if (seg->ack == p->base_seq && (p->next > 0 || p->high > 0) && h->acked == AW_OFF_NONE)
            p->flags |= AW_HALF_REFUSED;
    }
    if (!(f->flags & AW_FLOW_CLIENT_KNOWN)) {
        f->flags |= AW_FLOW_CLIENT_KNOWN;
        f->client = seg->flags & AW_TCP_ACK ? !side : side;
    }
}

/* The first payload of a half whose start was guessed from a bare segment or from the peer's
 * acknowledgement: what lies before it was under way, or was a keep-alive's missing byte, when the
 * capture began. */
static void correct(struct aw_flow *f, const struct aw_segment *seg, unsigned side)
{
    struct aw_half *h = &f->half[side];
    h->flags &= (uint16_t)~AW_HALF_LOOSE;
    if (f->more && (f->more->first[0] || f->more->first[1])) return;
    const aw_off off = aw_half_off(h, seg->seq);
    const bool before_capture = h->acked <= 0 || (off == 1 && h->acked == 1);
    if (h->next != 0 || off <= 0 || off > AW_FAR || !before_capture) return;
    h->base_seq = seg->seq;
    h->high = aw_off_max(0, h->high - off);
    if (h->acked != AW_OFF_NONE) h->acked -= off;
    h->flags &= (uint16_t)~AW_HALF_MAYBE_FIN;
    if (off > 1) h->flags |= AW_HALF_JOINED;
}

void aw_half_locate(struct aw_flow *f, const struct aw_segment *seg, unsigned side)
{
    struct aw_half *h = &f->half[side], *p = &f->half[!side];
    if (seg->flags & AW_TCP_SYN) {
        take_syn(f, seg, side);
        return;
    }
    if (!(h->flags & AW_HALF_KNOWN))
        set_base(h, seg->seq, seg->payload_wire == 0 ? AW_HALF_LOOSE : 0);
    /* The end of a handshake whose SYN-ACK was not captured: what it acknowledges is the SYN alone,
     * for a server that waits for a request has not spoken. */
    const bool begins = (h->flags & AW_HALF_SYN) && seg->seq == h->base_seq;
    if ((seg->flags & AW_TCP_ACK) && !(p->flags & AW_HALF_KNOWN))
        set_base(p, seg->ack, begins ? 0 : AW_HALF_LOOSE);
    if ((h->flags & AW_HALF_LOOSE) && seg->payload_wire > 0) correct(f, seg, side);
}

/* RFC 9293, 3.10.7.4 and 3.10.7.3: in the window; or, where the sender has sent nothing else, an
 * acknowledgement of what the peer sent. */
static bool believed(const struct aw_flow *f, const struct aw_view *v)
{
    const struct aw_half *h = &f->half[v->side], *p = &f->half[!v->side];
    if (!(h->flags & AW_HALF_KNOWN)) {
        if (!(v->seg->flags & AW_TCP_ACK) || !(p->flags & AW_HALF_KNOWN)) return true;
        const aw_off ack = aw_half_off(p, v->seg->ack);
        return ack >= 0 && ack <= p->high + 1;
    }
    const aw_off off = aw_half_off(h, v->seg->seq);
    const aw_off low = h->acked == AW_OFF_NONE ? 0 : aw_off_min(h->acked, h->next);
    const aw_off high = aw_off_max(h->next, h->acked) + window_bytes(f, !v->side);
    return off >= low && off <= high;
}

/*
 * Where both scales are known, no window is wider than the scale allows, and its receiver takes
 * nothing beyond (RFC 9293, 3.10.7.4); what claims to lie there is a stranger's, or the capture
 * lacks what came before. Where that was one direction, the acknowledgements of the other tell. A
 * segment that leaps is let go, and borne out by the next one of its sender that follows it, or by
 * one of the other side that goes with it.
 */
bool aw_leaps(struct aw_flow *f, const struct aw_view *v)
{
    const struct aw_half *h = &f->half[v->side], *p = &f->half[!v->side];
    if (!(h->flags & p->flags & AW_HALF_SYN)) return false;
    const aw_off widest = (aw_off)65535 << scale_of(f, !v->side);
    const aw_off low = h->acked == AW_OFF_NONE ? 0 : aw_off_min(h->acked, h->next);
    const aw_off high = aw_off_max(h->high, aw_off_max(h->next, h->acked));
    if (v->end >= low - widest && v->off <= high + widest) return false;
    struct aw_more *m = aw_flow_more(f);
    if (!m) return true;
    const struct aw_segment *seg = v->seg;
    const bool acks = (seg->flags & AW_TCP_ACK) != 0;
    const bool follows = m->leap_side == v->side + 1 && seg->seq == m->leap_seq;
    const bool goes_with =
        m->leap_side == !v->side + 1 && acks && seg->seq == m->leap_ack && seg->ack == m->leap_seq;
    m->leap_side = (uint8_t)(follows || goes_with ? 0 : v->side + 1);
    m->leap_seq = seg->seq + seg->payload_wire;
    m->leap_ack = seg->ack;
    return !follows && !goes_with;
}

#define LINGER_MOST AW_SEC /* and no longer */

/* How long after one side's reset the other's packets may go on, since they were sent before it
 * came there: as far as it is from here to that one and back. */
static aw_ns lingers(const struct aw_flow *f, unsigned side)
{
    const aw_ns trip = aw_half_rtt(f, !side);
    if (trip <= f->table->limits.reorder_grace) return 0; /* NONE is less than any */
    return (trip < LINGER_MOST ? trip : LINGER_MOST) / 4 * 5;
}

void aw_reset(struct aw_flow *f, const struct aw_view *v)
{
    struct aw_half *h = &f->half[v->side];
    if (!believed(f, v)) {
        f->table->stats.bad_rst++;
        return;
    }
    if (!(h->flags & AW_HALF_KNOWN)) set_base(h, v->seg->seq, 0);
    aw_half_meet(h, v->seg);
    const struct aw_mark *at = &v->seg->at;
    aw_flow_active(f, at);
    struct aw_more *m = aw_flow_more(f);
    if (!m) {
        aw_flow_end(f, AW_CLOSE_RST, v->side, at, true);
        return;
    }
    if (aw_seen(&m->rst[v->side])) return; /* one waits already */
    m->rst[v->side] = *at;
    m->rst_bare[v->side] = (v->seg->flags & AW_TCP_ACK) == 0;
    if (m->rst_off != AW_OFF_NONE) return;
    /* Its sequence number proves that everything before was sent: give it the same grace as bytes
     * that the peer acknowledged, for they may just have been captured later. */
    aw_off off = aw_half_off(h, v->seg->seq);
    const aw_off fin = aw_fin_of(f, v->side);
    if (fin != AW_OFF_NONE) off = aw_off_min(off, fin);
    m->rst_off = off;
    m->rst_ack = v->ack;
    m->rst_side = (uint8_t)v->side;
    m->rst_due = aw_later(f->table->now, lingers(f, v->side));
    if (off > h->acked) {
        h->acked = off;
        aw_half_acked(f, v->side, at);
    }
    struct aw_half *p = &f->half[!v->side];
    if (v->ack > p->acked) {
        p->acked = v->ack;
        aw_half_acked(f, !v->side, at);
    }
    aw_order_settle(f);
}
