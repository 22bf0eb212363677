/*
 * Whether a pair of ports is used again. Anybody can send a SYN into a connection of others, with
 * any number, and its server answers with what it expects (a challenge: RFC 9293, 3.10.7.4; RFC
 * 5961, 4): the connection goes on. So where a connection has not ended, a SYN is kept as a claim,
 * one a connection, and holds once the other end agrees: with a SYN-ACK, or a refusal, of its
 * number. Where that end is not captured at all, what follows the SYN has to do. Likewise a SYN-ACK
 * whose SYN was not captured, which has to be acknowledged.
 *
 * Knows nothing of payload; who forges both ends is believed.
 */
#include "flow/inside.h"

#include <string.h>

enum {
    MIDSTREAM_SLACK = 65536,
    FIRST_FLIGHT = 65535, /* the first window is no larger: it is not scaled (RFC 7323, 2.2) */
    IN_FLIGHT = 1 << 24,  /* more than nearly all have under way */
};

static bool is_syn(const struct aw_segment *seg)
{
    return (seg->flags & (AW_TCP_SYN | AW_TCP_RST)) == AW_TCP_SYN;
}

/* Whether a SYN or SYN-ACK is not of this connection, by its numbers. */
static bool is_foreign(const struct aw_flow *f, const struct aw_segment *seg, unsigned side)
{
    const struct aw_half *h = &f->half[side], *p = &f->half[!side];
    const bool answers = (seg->flags & AW_TCP_ACK) != 0;
    if (!(h->flags & AW_HALF_KNOWN)) {
        /* The first of its side, unless it answers another SYN than the one that was captured. */
        if (!answers || !(p->flags & AW_HALF_SYN)) return false;
    } else {
        if (seg->seq + 1 == h->base_seq) return false;
        const aw_off off = aw_half_off(h, seg->seq + 1);
        /* Joined a moment too late, by packets captured out of order: the SYN of this same
         * connection. */
        if (!(h->flags & AW_HALF_SYN) && off <= 0 && off > -MIDSTREAM_SLACK) return false;
    }
    if (!answers) return true;
    if (!(p->flags & AW_HALF_KNOWN)) return false;
    const aw_off ack = aw_half_off(p, seg->ack);
    return ack < 0 || ack > p->high + 1;
}

/* Both sides have ended it, or one has for both; the rest waits for bytes not captured. */
static bool is_over(const struct aw_flow *f)
{
    const struct aw_more *m = f->more;
    const bool both = (f->flags & AW_FLOW_FINS) == AW_FLOW_FINS;
    return both || (m && m->rst_off != AW_OFF_NONE);
}

static bool is_near(uint32_t number, uint32_t base)
{
    return number - base <= FIRST_FLIGHT;
}

/* Whether a number is about where the half's stream stands. */
static bool fits(const struct aw_half *h, uint32_t number)
{
    if (!(h->flags & AW_HALF_KNOWN)) return false;
    const aw_off off = aw_half_off(h, number);
    return off >= h->next - IN_FLIGHT && off <= aw_off_max(h->next, h->high) + IN_FLIGHT;
}

/* A connection of which so far only a SYN or SYN-ACK was captured, where the other side's first
 * segment speaks of other numbers: that was a stranger's, and the connection is an older one. */
static bool is_denied(const struct aw_flow *f, const struct aw_segment *seg, unsigned side)
{
    const struct aw_half *h = &f->half[side], *p = &f->half[!side];
    if ((h->flags & AW_HALF_SEEN) || (p->flags & AW_HALF_PAYLOAD)) return false;
    if (!(p->flags & AW_HALF_SYN) || !(seg->flags & AW_TCP_ACK)) return false;
    if (seg->flags & (AW_TCP_SYN | AW_TCP_RST)) return false;
    return !fits(p, seg->ack) || ((h->flags & AW_HALF_KNOWN) && !fits(h, seg->seq));
}

static bool is_agreed(const struct aw_flow *f, const struct aw_claim *c,
                      const struct aw_segment *seg, unsigned side)
{
    const uint32_t base = c->seg.seq + 1;
    const bool answered = (c->seg.flags & AW_TCP_ACK) != 0;
    if (side == c->side) {
        /* From the claiming side alone: only if it is the only one captured, and nothing of the old
         * connection came since. */
        const bool alone = !(f->half[!side].flags & AW_HALF_SEEN);
        if (!alone || f->activity.ord > c->seg.at.ord || (seg->flags & AW_TCP_SYN)) return false;
        return seg->seq == base && (!answered || is_near(seg->ack, c->seg.ack));
    }
    if (!(seg->flags & AW_TCP_ACK)) return false;
    if (answered) return is_near(seg->ack, base) && is_near(seg->seq, c->seg.ack);
    if (seg->flags & (AW_TCP_SYN | AW_TCP_RST)) return seg->ack - base <= c->seg.payload_wire;
    /* Its SYN-ACK was not captured. */
    return is_near(seg->ack, base) && !fits(&f->half[c->side], seg->ack);
}

void aw_claim_free(struct aw_flow_table *t, struct aw_claim *c)
{
    if (c) aw_pool_put(t->pool, c, sizeof *c + c->seg.payload.len);
}

/* Keeps the latest: older ones were not agreed to, and whoever still means one sends it again. */
static bool claim(struct aw_flow *f, const struct aw_segment *seg, unsigned side)
{
    struct aw_more *m = aw_flow_more(f);
    if (!m) return false;
    struct aw_claim *old = m->claim;
    if (old && old->side == side && old->seg.seq == seg->seq && old->seg.flags == seg->flags &&
        old->seg.ack == seg->ack) {
        if (seg->at.ts - old->seg.at.ts > f->table->limits.copy_window) old->again = true;
        return true;
    }
    const size_t len = seg->payload.len;
    struct aw_claim *c = aw_flow_room(f->table, sizeof *c + len);
    if (!c) return false;
    c->seg = *seg;
    c->side = (uint8_t)side;
    c->again = false;
    if (len > 0) memcpy(c->data, seg->payload.p, len);
    c->seg.payload.p = c->data;
    c->seg.head_len = 0; /* the header was not kept */
    aw_claim_free(f->table, old);
    m->claim = c;
    return true;
}

static enum aw_use use_of(struct aw_flow *f, const struct aw_segment *seg, unsigned side)
{
    const struct aw_claim *c = f->more ? f->more->claim : NULL;
    if (c && is_agreed(f, c, seg, side)) return AW_USE_AGREED;
    if (c && side == c->side && is_near(seg->seq, c->seg.seq + 1) &&
        !fits(&f->half[side], seg->seq))
        return AW_USE_CLAIMED; /* let go: the other end has not agreed */
    if (is_denied(f, seg, side)) return AW_USE_OVER;
    if (!is_syn(seg) || !is_foreign(f, seg, side)) return AW_USE_SAME;
    if (is_over(f)) return AW_USE_OVER;
    return claim(f, seg, side) ? AW_USE_CLAIMED : AW_USE_SAME;
}

enum aw_use aw_use_of(struct aw_flow *f, const struct aw_segment *seg, unsigned side)
{
    const enum aw_use use = use_of(f, seg, side);
    f->table->stats.claims += use == AW_USE_CLAIMED;
    f->table->stats.reused += use == AW_USE_AGREED;
    return use;
}
