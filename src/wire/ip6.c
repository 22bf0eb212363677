/*
 * IPv6 (RFC 8200): the chain of extension headers, jumbograms (RFC 2675), fragments. Knows which
 * header follows which; knows nothing of what the last one introduces.
 */
#include "wire/decode.h"

#include <string.h>

enum { HEADER = 40, CHAIN_MAX = 32 };

static void set_address(struct aw_addr *to, const uint8_t *p)
{
    memcpy(to->b, p, 16);
    to->v6 = true;
}

/* The length a jumbo payload option gives, counted from behind the fixed header; 0 = no option. */
static uint32_t jumbo(struct aw_cur options)
{
    while (aw_cur_left(&options) > 0) {
        const uint8_t type = aw_cur_u8(&options);
        if (type == 0) continue; /* one byte of padding */
        struct aw_cur value = aw_cur_sub(&options, aw_cur_u8(&options));
        if (type == 0xc2 && aw_cur_left(&value) == 4) return aw_cur_u32be(&value);
    }
    return 0;
}

/* A routing header with stops left: the connection is with the last of them, and it is that address
 * that the TCP checksum covers (RFC 8200, 8.1). */
static void final_destination(struct aw_segment *out, const uint8_t *h, size_t len)
{
    const unsigned type = h[2], stops_left = h[3];
    if (stops_left == 0 || len < 8 + 16) return;
    if (type == 0 || type == 2) set_address(&out->dst, h + len - 16);
    if (type == 4) set_address(&out->dst, h + 8); /* RFC 8754: in reverse order */
}

static enum aw_drop fragment(struct aw_decode *d, const uint8_t *ip, const uint8_t *h,
                             struct aw_cur *c, uint8_t *next)
{
    const unsigned field = aw_be16(h + 2);
    struct aw_frag_key key = {.id = aw_be32(h + 4), .version = 6};
    memcpy(key.src, ip + 8, 16);
    memcpy(key.dst, ip + 24, 16);
    const size_t left = aw_cur_left(c);
    const size_t sent = left + d->cut;
    const struct aw_frag in = {
        .ts = d->pkt->ts,
        .off = field & 0xfff8,
        .len = sent > UINT32_MAX ? UINT32_MAX : (uint32_t)sent,
        .p = {c->p, left},
        .protocol = h[0],
        .more = (field & 1) != 0,
    };
    struct aw_frag_whole whole;
    const enum aw_drop drop = aw_wire_fragment(d, &key, &in, &whole);
    if (drop != AW_DROP_NONE) return drop;
    d->cut = whole.len - whole.p.len;
    *c = aw_cur_make(whole.p.p, whole.p.len);
    *next = whole.protocol;
    return AW_DROP_NONE;
}

/* Steps over one extension header of the common shape: next header, length in units, content. */
static const uint8_t *extension(struct aw_cur *c, unsigned unit, unsigned base, size_t *len)
{
    if (aw_cur_left(c) < 8) return NULL;
    *len = (size_t)(c->p[1] + base) * unit;
    return aw_cur_take(c, *len);
}

enum aw_drop aw_wire_ip6(struct aw_decode *d)
{
    struct aw_cur *c = &d->c;
    const uint8_t *ip = aw_cur_take(c, HEADER);
    if (!ip) return AW_DROP_IP_SHORT;
    if (ip[0] >> 4 != 6) return AW_DROP_IP_VERSION;
    const uint16_t payload = aw_be16(ip + 4);
    const uint8_t *begin = c->p;
    if (payload != 0) aw_wire_cut_to(d, payload); /* 0: a jumbogram, or segmentation offload */

    struct aw_segment *out = d->out;
    set_address(&out->src, ip + 8);
    set_address(&out->dst, ip + 24);
    out->ttl = ip[7];
    out->ip_id = 0;
    out->has_ip_id = false;

    uint8_t next = ip[6];
    for (unsigned count = 0; count < CHAIN_MAX; count++) {
        const uint8_t *h;
        size_t len = 0;
        switch (next) {
        case AW_IP_TCP:
            return aw_wire_tcp(d);
        case 0: /* hop by hop */
            h = extension(c, 8, 1, &len);
            if (!h) return AW_DROP_IP_EXT_BAD;
            if (payload == 0 && count == 0) {
                const size_t bytes = jumbo(aw_cur_make(h + 2, len - 2));
                if (bytes != 0 && bytes < len) return AW_DROP_IP_EXT_BAD;
                if (bytes != 0) aw_wire_cut_to(d, bytes - (size_t)(c->p - begin));
            }
            next = h[0];
            break;
        case 43: /* routing */
            h = extension(c, 8, 1, &len);
            if (!h) return AW_DROP_IP_EXT_BAD;
            final_destination(out, h, len);
            next = h[0];
            break;
        case 60:  /* destination options */
        case 135: /* mobility */
        case 139: /* host identity */
        case 140: /* shim6 */
            h = extension(c, 8, 1, &len);
            if (!h) return AW_DROP_IP_EXT_BAD;
            next = h[0];
            break;
        case 51: /* authentication: in words of 4 bytes */
            h = extension(c, 4, 2, &len);
            if (!h) return AW_DROP_IP_EXT_BAD;
            next = h[0];
            break;
        case 44:
            h = aw_cur_take(c, 8);
            if (!h) return AW_DROP_IP_EXT_BAD;
            next = h[0];
            if ((aw_be16(h + 2) & 0xfff9) != 0) { /* else atomic (RFC 6946): all in one */
                const enum aw_drop drop = fragment(d, ip, h, c, &next);
                if (drop != AW_DROP_NONE) return drop;
            }
            break;
        default:
            return aw_wire_ip_payload(d, next);
        }
    }
    return AW_DROP_IP_EXT_BAD;
}
