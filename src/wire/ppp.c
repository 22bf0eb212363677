/*
 * PPP (RFC 1661, 1662), PPPoE (RFC 2516) and Cisco HDLC. Knows protocol numbers and framing; knows
 * nothing of negotiation: whether a field is compressed is seen from its bytes.
 */
#include "wire/decode.h"

enum aw_drop aw_wire_ppp(struct aw_decode *d)
{
    struct aw_cur *c = &d->c;
    if (aw_cur_left(c) >= 2 && c->p[0] == 0xff && c->p[1] == 0x03) c->p += 2;
    unsigned protocol = aw_cur_u8(c);
    if (!(protocol & 1))
        protocol = protocol << 8 | aw_cur_u8(c); /* else its first byte is left out */
    if (c->bad) return AW_DROP_LINK_SHORT;
    switch (protocol) {
    case 0x0021:
        return aw_wire_ip4(d);
    case 0x0057:
        return aw_wire_ip6(d);
    case 0x0281:
    case 0x0283:
        return aw_wire_mpls(d);
    case 0x0053: /* ECP, and the compressed datagram that MPPE (RFC 3078) hides in */
    case 0x0055:
    case 0x00fd:
        return AW_DROP_ENCRYPTED;
    default:
        return protocol >= 0x8000 ? AW_DROP_LINK_CONTROL : AW_DROP_NOT_IP;
    }
}

enum aw_drop aw_wire_pppoe(struct aw_decode *d)
{
    struct aw_cur *c = &d->c;
    const uint8_t *p = aw_cur_take(c, 6);
    if (!p) return AW_DROP_LINK_SHORT;
    if (p[0] != 0x11) return AW_DROP_NOT_IP;
    if (p[1] != 0) return AW_DROP_LINK_CONTROL;
    aw_wire_narrow(d, aw_be16(p + 4));
    return aw_wire_ppp(d);
}

enum aw_drop aw_wire_hdlc(struct aw_decode *d)
{
    struct aw_cur *c = &d->c;
    if (aw_cur_left(c) < 4) return AW_DROP_LINK_SHORT;
    if (c->p[0] != 0x0f && c->p[0] != 0x8f) return aw_wire_ppp(d);
    const uint16_t type = aw_be16(c->p + 2); /* behind address and control */
    c->p += 4;
    return type == 0x8035 ? AW_DROP_LINK_CONTROL : aw_wire_ethertype(d, type); /* SLARP */
}
