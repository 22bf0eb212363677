/*
 * IPv4 (RFC 791): lengths, header checksum, fragments. Knows nothing of what it carries.
 */
#include "wire/decode.h"

#include <string.h>

enum { HEADER_MIN = 20, DONT_FRAGMENT = 0x4000, MORE_FRAGMENTS = 0x2000, OFFSET = 0x1fff };

/* Written in place: a copy of 17 bytes made of smaller stores stalls the processor. */
static void set_address(struct aw_addr *to, const uint8_t *p)
{
    memcpy(to->b, p, 4);
    memset(to->b + 4, 0, sizeof to->b - 4);
    to->v6 = false;
}

static bool checksum_wrong(const uint8_t *p, size_t header)
{
    uint32_t last;
    memcpy(&last, p + 16, sizeof last);
    uint64_t sum = aw_wire_add(aw_wire_add(last, p), p + 8);
    if (header > HEADER_MIN) sum = aw_wire_sum(sum, p + HEADER_MIN, header - HEADER_MIN);
    return !aw_wire_sum_right(sum);
}

static enum aw_drop fragment(struct aw_decode *d, const uint8_t *p)
{
    struct aw_cur *c = &d->c;
    const unsigned field = aw_be16(p + 6);
    struct aw_frag_key key = {.id = aw_be16(p + 4), .protocol = p[9], .version = 4};
    memcpy(key.src, p + 12, 4);
    memcpy(key.dst, p + 16, 4);
    const size_t left = aw_cur_left(c);
    const struct aw_frag in = {
        .ts = d->pkt->ts,
        .off = (field & OFFSET) * 8,
        .len = (uint32_t)(left + d->cut),
        .p = {c->p, left},
        .protocol = p[9],
        .more = (field & MORE_FRAGMENTS) != 0,
    };
    struct aw_frag_whole whole;
    const enum aw_drop drop = aw_wire_fragment(d, &key, &in, &whole);
    if (drop != AW_DROP_NONE) return drop;
    d->cut = whole.len - whole.p.len;
    d->c = aw_cur_make(whole.p.p, whole.p.len);
    return aw_wire_ip_payload(d, p[9]);
}

static void set_ends(struct aw_segment *out, const uint8_t *p, unsigned field)
{
    set_address(&out->src, p + 12);
    set_address(&out->dst, p + 16);
    out->ttl = p[8];
    out->ip_id = aw_be16(p + 4);
    out->has_ip_id = out->ip_id != 0 || !(field & DONT_FRAGMENT); /* RFC 6864: 0 where unused */
}

enum aw_drop aw_wire_ip4_plain(const struct aw_packet *pkt, const uint8_t *p, size_t len,
                               struct aw_segment *out)
{
    enum { VERSION_AND_LENGTH = 0x45 };
    if (len < HEADER_MIN || p[0] != VERSION_AND_LENGTH || p[9] != AW_IP_TCP) return AW_DROP_COUNT;
    const size_t total = aw_be16(p + 2);
    const unsigned field = aw_be16(p + 6);
    if (total < HEADER_MIN || total > len || (field & (MORE_FRAGMENTS | OFFSET)))
        return AW_DROP_COUNT;
    set_ends(out, p, field);
    return aw_wire_segment(out, p + HEADER_MIN, total - HEADER_MIN, 0,
                           checksum_wrong(p, HEADER_MIN), pkt->ord);
}

enum aw_drop aw_wire_ip4(struct aw_decode *d)
{
    struct aw_cur *c = &d->c;
    const uint8_t *p = aw_cur_take(c, HEADER_MIN);
    if (!p) return AW_DROP_IP_SHORT;
    if (p[0] >> 4 != 4) return AW_DROP_IP_VERSION;
    const size_t header = (p[0] & 15u) * 4u, total = aw_be16(p + 2);
    if (header < HEADER_MIN) return AW_DROP_IP_SHORT;
    if (header > HEADER_MIN) {
        aw_cur_skip(c, header - HEADER_MIN);
        if (c->bad) return AW_DROP_IP_SHORT;
    }
    /* Segmentation offload: the card would have filled in the length; all that is there counts. */
    if (total != 0) {
        if (total < header) return AW_DROP_IP_SHORT;
        /* Trim before TCP looks: Ethernet pads short frames, and padding taken for payload would
         * make a bare ACK look like the first byte of content. */
        aw_wire_cut_to(d, total - header);
    }
    if (checksum_wrong(p, header)) d->bad_sum = true;

    const unsigned field = aw_be16(p + 6);
    set_ends(d->out, p, field);
    if (field & (MORE_FRAGMENTS | OFFSET)) return fragment(d, p);
    return p[9] == AW_IP_TCP ? aw_wire_tcp(d) : aw_wire_ip_payload(d, p[9]);
}
