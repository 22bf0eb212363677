/*
 * What IP carries besides TCP: tunnels, followed to the packet inside. Knows their headers and the
 * ports that announce them; a header that does not look right is no tunnel. Knows nothing of what
 * link or IP header comes next but its type.
 */
#include "wire/decode.h"

enum { ETHERTYPE_TEB = 0x6558 };

static enum aw_drop enter(struct aw_decode *d, uint16_t ethertype)
{
    if (!aw_wire_tunnel(d)) return AW_DROP_LINK_DEPTH;
    return ethertype == ETHERTYPE_TEB ? aw_wire_ethernet(d) : aw_wire_ethertype(d, ethertype);
}

static enum aw_drop enter_ip(struct aw_decode *d)
{
    return aw_wire_tunnel(d) ? aw_wire_ip(d) : AW_DROP_LINK_DEPTH;
}

/* Type II has a header of 8 bytes, III of 12 and perhaps 8 more; both come with a sequence number,
 * which type I, without any header, does not have. */
static enum aw_drop erspan(struct aw_decode *d, uint16_t type, bool has_sequence)
{
    struct aw_cur *c = &d->c;
    if (type == 0x22eb) {
        const uint8_t *p = aw_cur_take(c, 12);
        if (p && (p[11] & 1)) aw_cur_skip(c, 8);
    } else if (has_sequence) {
        aw_cur_skip(c, 8);
    }
    return c->bad ? AW_DROP_LINK_SHORT : enter(d, ETHERTYPE_TEB);
}

/* RFC 2637: PPP in GRE version 1. */
static enum aw_drop pptp(struct aw_decode *d, unsigned flags, uint16_t type)
{
    struct aw_cur *c = &d->c;
    const uint16_t len = aw_cur_u16be(c);
    aw_cur_skip(c, 2); /* call */
    if (flags & 0x1000) aw_cur_skip(c, 4);
    if (flags & 0x0080) aw_cur_skip(c, 4);
    if (c->bad) return AW_DROP_LINK_SHORT;
    if (type != 0x880b) return AW_DROP_NOT_TCP;
    if (!(flags & 0x1000)) return AW_DROP_LINK_CONTROL; /* an acknowledgement, no packet */
    aw_wire_narrow(d, len);
    return aw_wire_tunnel(d) ? aw_wire_ppp(d) : AW_DROP_LINK_DEPTH;
}

/* RFC 2784, 2890; RFC 7637 (NVGRE) is the same with a key. */
static enum aw_drop gre(struct aw_decode *d)
{
    struct aw_cur *c = &d->c;
    enum { CHECKSUM = 0x8000, ROUTING = 0x4000, KEY = 0x2000, SEQUENCE = 0x1000, VERSION = 7 };
    const unsigned flags = aw_cur_u16be(c);
    const uint16_t type = aw_cur_u16be(c);
    if (c->bad) return AW_DROP_LINK_SHORT;
    if ((flags & VERSION) == 1) return pptp(d, flags, type);
    if ((flags & VERSION) != 0 || (flags & ROUTING)) return AW_DROP_NOT_TCP;
    if (flags & CHECKSUM) aw_cur_skip(c, 4);
    if (flags & KEY) aw_cur_skip(c, 4);
    if (flags & SEQUENCE) aw_cur_skip(c, 4);
    if (c->bad) return AW_DROP_LINK_SHORT;
    switch (type) {
    case 0x88be:
    case 0x22eb:
        return erspan(d, type, (flags & SEQUENCE) != 0);
    case 0x883e: /* WCCP: version 2 puts a redirect header in front */
        if (aw_cur_left(c) > 0 && c->p[0] >> 4 != 4) aw_cur_skip(c, 4);
        return c->bad ? AW_DROP_LINK_SHORT : enter_ip(d);
    default:
        return enter(d, type);
    }
}

/* RFC 7348. Reserved bits are not looked at: extensions use them. */
static enum aw_drop vxlan(struct aw_decode *d)
{
    struct aw_cur *c = &d->c;
    const uint8_t *p = aw_cur_take(c, 8);
    if (!p || !(p[0] & 0x08)) return AW_DROP_NOT_TCP;
    return enter(d, ETHERTYPE_TEB);
}

/* draft-ietf-nvo3-vxlan-gpe: the next protocol is named. */
static enum aw_drop vxlan_gpe(struct aw_decode *d)
{
    struct aw_cur *c = &d->c;
    const uint8_t *p = aw_cur_take(c, 8);
    if (!p || (p[0] & 0x0c) != 0x0c) return AW_DROP_NOT_TCP;
    switch (p[3]) {
    case 1:
        return enter(d, 0x0800);
    case 2:
        return enter(d, 0x86dd);
    case 3:
        return enter(d, ETHERTYPE_TEB);
    default:
        return AW_DROP_NOT_TCP;
    }
}

/* RFC 8926. */
static enum aw_drop geneve(struct aw_decode *d)
{
    struct aw_cur *c = &d->c;
    const uint8_t *p = aw_cur_take(c, 8);
    if (!p || p[0] >> 6 != 0) return AW_DROP_NOT_TCP;
    aw_cur_skip(c, (p[0] & 63u) * 4u);
    if (c->bad) return AW_DROP_LINK_SHORT;
    if (p[1] & 0x80) return AW_DROP_LINK_CONTROL;
    return enter(d, aw_be16(p + 2));
}

/* 3GPP TS 29.281: user packets only, with any extension headers. */
static enum aw_drop gtp_u(struct aw_decode *d)
{
    struct aw_cur *c = &d->c;
    enum { EXTENSION = 4, ANY_OPTION = 7, G_PDU = 0xff };
    const uint8_t *p = aw_cur_take(c, 8);
    if (!p || p[0] >> 5 != 1 || !(p[0] & 0x10)) return AW_DROP_NOT_TCP;
    if (p[1] != G_PDU) return AW_DROP_LINK_CONTROL;
    aw_wire_narrow(d, aw_be16(p + 2));
    if (p[0] & ANY_OPTION) {
        aw_cur_skip(c, 3); /* sequence number, N-PDU number */
        uint8_t next = aw_cur_u8(c);
        while ((p[0] & EXTENSION) && next != 0 && !c->bad) {
            const uint8_t units = aw_cur_u8(c); /* of 4 bytes, this one included */
            if (units == 0) return AW_DROP_LINK_SHORT;
            aw_cur_skip(c, units * 4u - 2u);
            next = aw_cur_u8(c);
        }
    }
    return c->bad ? AW_DROP_LINK_SHORT : enter_ip(d);
}

/* RFC 4380, 5.1.1: an authentication and an origin indication may stand in front. */
static enum aw_drop teredo(struct aw_decode *d)
{
    struct aw_cur *c = &d->c;
    if (aw_cur_left(c) >= 4 && aw_be16(c->p) == 0x0001) {
        const size_t fields = (size_t)c->p[2] + c->p[3]; /* client identifier, authentication */
        aw_cur_skip(c, 4 + fields + 8 + 1);              /* nonce, confirmation */
    }
    if (aw_cur_left(c) >= 8 && aw_be16(c->p) == 0x0000) aw_cur_skip(c, 8);
    if (c->bad || aw_cur_left(c) < 40 || c->p[0] >> 4 != 6) return AW_DROP_NOT_TCP;
    return enter_ip(d);
}

/* RFC 2661: data messages, which carry PPP. */
static enum aw_drop l2tp(struct aw_decode *d)
{
    struct aw_cur *c = &d->c;
    enum { CONTROL = 0x8000, LENGTH = 0x4000, SEQUENCE = 0x0800, OFFSET = 0x0200, VERSION = 15 };
    const size_t whole = aw_cur_left(c);
    const unsigned flags = aw_cur_u16be(c);
    if (c->bad || (flags & VERSION) != 2) return AW_DROP_NOT_TCP;
    if (flags & CONTROL) return AW_DROP_LINK_CONTROL;
    if (flags & LENGTH) {
        const size_t len = aw_cur_u16be(c), read = whole - aw_cur_left(c);
        if (len < read) return AW_DROP_NOT_TCP;
        aw_wire_narrow(d, len - read);
    }
    aw_cur_skip(c, 4); /* tunnel, session */
    if (flags & SEQUENCE) aw_cur_skip(c, 4);
    if (flags & OFFSET) aw_cur_skip(c, aw_cur_u16be(c));
    if (c->bad) return AW_DROP_LINK_SHORT;
    return aw_wire_tunnel(d) ? aw_wire_ppp(d) : AW_DROP_LINK_DEPTH;
}

/* draft-massar-v6ops-ayiya: an identity and a signature, their lengths in the first two bytes. */
static enum aw_drop ayiya(struct aw_decode *d)
{
    enum { FORWARD = 1 };
    const uint8_t *p = aw_cur_take(&d->c, 8);
    if (!p || (p[2] & 15) != FORWARD || (p[3] != 41 && p[3] != 4)) return AW_DROP_NOT_TCP;
    aw_cur_skip(&d->c, ((size_t)1 << (p[0] >> 4)) + (p[1] >> 4) * 4u);
    return d->c.bad ? AW_DROP_LINK_SHORT : enter_ip(d);
}

static enum aw_drop udp(struct aw_decode *d)
{
    struct aw_cur *c = &d->c;
    enum { HEADER = 8 };
    const uint8_t *p = aw_cur_take(c, HEADER);
    if (!p) return AW_DROP_NOT_TCP;
    const unsigned src = aw_be16(p), dst = aw_be16(p + 2), len = aw_be16(p + 4);
    if (len >= HEADER) aw_wire_narrow(d, len - HEADER);
    switch (dst) {
    case 4789:
    case 8472: /* what Linux took before the port was assigned */
        return vxlan(d);
    case 4790:
        return vxlan_gpe(d);
    case 6081:
        return geneve(d);
    case 6635: /* RFC 7510 */
        return aw_wire_tunnel(d) ? aw_wire_mpls(d) : AW_DROP_LINK_DEPTH;
    case 4754: /* RFC 8086 */
        return aw_wire_tag(d) ? gre(d) : AW_DROP_LINK_DEPTH;
    default:
        break;
    }
    if (dst == 2152 || src == 2152) return gtp_u(d);
    if (dst == 3544 || src == 3544) return teredo(d);
    if (dst == 5072 || src == 5072) return ayiya(d);
    if (dst == 1701 || src == 1701) return l2tp(d);
    if (dst == 4500 || src == 4500) { /* RFC 3948: ESP, but for key exchange and keep-alives */
        const bool esp = aw_cur_left(c) >= 8 && aw_be32(c->p) != 0;
        return esp ? AW_DROP_ENCRYPTED : AW_DROP_NOT_TCP;
    }
    return AW_DROP_NOT_TCP;
}

enum aw_drop aw_wire_ip_payload(struct aw_decode *d, uint8_t protocol)
{
    struct aw_cur *c = &d->c;
    for (;;) {
        switch (protocol) {
        case AW_IP_TCP:
            return aw_wire_tcp(d);
        case 17:
            return udp(d);
        case 4:
        case 94: /* IP in IP as KA9Q had it */
            return enter(d, 0x0800);
        case 41:
            return enter(d, 0x86dd);
        case 47:
            return gre(d);
        case 50:
            return AW_DROP_ENCRYPTED;
        case 51: /* RFC 4302: authenticated, and readable */
            if (aw_cur_left(c) < 2) return AW_DROP_IP_SHORT;
            protocol = c->p[0];
            aw_cur_skip(c, (c->p[1] + 2u) * 4u);
            if (c->bad) return AW_DROP_IP_SHORT;
            if (!aw_wire_tag(d)) return AW_DROP_LINK_DEPTH;
            break;
        case 97: /* RFC 3378: EtherIP */
            aw_cur_skip(c, 2);
            return c->bad ? AW_DROP_LINK_SHORT : enter(d, ETHERTYPE_TEB);
        case 137:
            return aw_wire_tunnel(d) ? aw_wire_mpls(d) : AW_DROP_LINK_DEPTH;
        default:
            return AW_DROP_NOT_TCP;
        }
    }
}
