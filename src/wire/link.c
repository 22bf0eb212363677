/*
 * Link layers: from the link type of a capture file to the IP header, through Ethernet, its tags
 * and the small headers that captures put in front. Knows numbers of link types and EtherTypes;
 * knows nothing of IP beyond its version nibble.
 */
#include "wire/decode.h"

enum linktype { /* LINKTYPE_ numbers of capture files; DLT_RAW is 12 or 14 by the system */
                LINK_NULL = 0,
                LINK_ETHERNET = 1,
                LINK_PPP = 9,
                LINK_RAW_12 = 12,
                LINK_RAW_14 = 14,
                LINK_PPP_HDLC = 50,
                LINK_PPP_ETHER = 51,
                LINK_ATM_RFC1483 = 100,
                LINK_RAW = 101,
                LINK_C_HDLC = 104,
                LINK_IEEE802_11 = 105,
                LINK_LOOP = 108,
                LINK_SLL = 113,
                LINK_PRISM = 119,
                LINK_RADIOTAP = 127,
                LINK_AVS = 163,
                LINK_PPI = 192,
                LINK_PPP_WITH_DIR = 204,
                LINK_IPV4 = 228,
                LINK_IPV6 = 229,
                LINK_NFLOG = 239,
                LINK_SLL2 = 276,
};

enum { ETHERNET_BYTES = 14, LENGTH_MAX = 1500 };

enum aw_drop aw_wire_ip(struct aw_decode *d)
{
    struct aw_cur *c = &d->c;
    if (aw_cur_left(c) == 0) return AW_DROP_IP_SHORT;
    switch (c->p[0] >> 4) {
    case 4:
        return aw_wire_ip4(d);
    case 6:
        return aw_wire_ip6(d);
    default:
        return AW_DROP_IP_VERSION;
    }
}

enum aw_drop aw_wire_llc(struct aw_decode *d)
{
    struct aw_cur *c = &d->c;
    const uint8_t *p = aw_cur_take(c, 3);
    if (!p) return AW_DROP_LINK_SHORT;
    if (p[2] != 3) return AW_DROP_LINK_CONTROL;             /* not unnumbered information */
    if (p[0] == 0x06 && p[1] == 0x06) return aw_wire_ip(d); /* the SAP of IP */
    if (p[0] == 0x42) return AW_DROP_LINK_CONTROL;          /* spanning tree */
    if ((p[0] & 0xfe) != 0xaa || (p[1] & 0xfe) != 0xaa) return AW_DROP_NOT_IP;
    const uint8_t *snap = aw_cur_take(c, 5);
    if (!snap) return AW_DROP_LINK_SHORT;
    const uint32_t oui = aw_be32(snap) >> 8;
    if (oui != 0x000000 && oui != 0x0000f8) return AW_DROP_NOT_IP; /* EtherTypes; bridged ones */
    if (!aw_wire_tag(d)) return AW_DROP_LINK_DEPTH; /* SNAP may name a length, and so LLC again */
    return aw_wire_ethertype(d, aw_be16(snap + 3));
}

/* IEEE 802.1AE. Only what is authenticated but not encrypted can be read; the check value behind it
 * is trimmed by the IP length. */
static enum aw_drop macsec(struct aw_decode *d)
{
    struct aw_cur *c = &d->c;
    const uint8_t tci = aw_cur_u8(c);
    aw_cur_skip(c, (tci & 0x20) ? 5 + 8 : 5); /* short length, packet number, perhaps the SCI */
    const uint16_t type = aw_cur_u16be(c);
    if (c->bad) return AW_DROP_LINK_SHORT;
    if (tci & 0x0c) return AW_DROP_ENCRYPTED; /* encrypted, or changed text */
    return aw_wire_ethertype(d, type);
}

enum aw_drop aw_wire_ethertype(struct aw_decode *d, uint16_t type)
{
    struct aw_cur *c = &d->c;
    for (;;) {
        switch (type) {
        case 0x0800:
            return aw_wire_ip4(d);
        case 0x86dd:
            return aw_wire_ip6(d);
        case 0x8100: /* IEEE 802.1Q */
        case 0x88a8: /* IEEE 802.1ad */
        case 0x9100: /* and what came before it */
        case 0x9200:
        case 0x9300:
            aw_cur_skip(c, 2);
            break;
        case 0x8926: /* Cisco VN-Tag */
            aw_cur_skip(c, 4);
            break;
        case 0x8847:
        case 0x8848:
            return aw_wire_mpls(d);
        case 0x8863: /* PPPoE discovery */
        case 0x888e: /* EAPOL */
        case 0x88cc: /* LLDP */
            return AW_DROP_LINK_CONTROL;
        case 0x8864:
            return aw_wire_pppoe(d);
        case 0x880b:
            return aw_wire_ppp(d);
        case 0x88e5:
            return aw_wire_tag(d) ? macsec(d) : AW_DROP_LINK_DEPTH;
        case 0x88e7: /* IEEE 802.1ah: the I-TAG, then the customer's frame */
            aw_cur_skip(c, 4);
            if (c->bad) return AW_DROP_LINK_SHORT;
            return aw_wire_tag(d) ? aw_wire_ethernet(d) : AW_DROP_LINK_DEPTH;
        case 0x6558: /* transparent Ethernet bridging */
            return aw_wire_tag(d) ? aw_wire_ethernet(d) : AW_DROP_LINK_DEPTH;
        case 0x8870: /* LLC in frames too long for a length field */
            return aw_wire_llc(d);
        default:
            if (type > LENGTH_MAX) return AW_DROP_NOT_IP;
            aw_wire_narrow(d, type);
            return aw_wire_llc(d);
        }
        type = aw_cur_u16be(c);
        if (c->bad) return AW_DROP_LINK_SHORT;
        if (!aw_wire_tag(d)) return AW_DROP_LINK_DEPTH;
    }
}

enum aw_drop aw_wire_ethernet(struct aw_decode *d)
{
    struct aw_cur *c = &d->c;
    const uint8_t *p = aw_cur_take(c, ETHERNET_BYTES);
    if (!p) return AW_DROP_LINK_SHORT;
    const uint16_t type = aw_be16(p + 12);
    return type == 0x0800 ? aw_wire_ip4(d) : aw_wire_ethertype(d, type);
}

/* The address family is in the byte order of the machine that captured, and in its numbering. */
static enum aw_drop bsd_loopback(struct aw_decode *d)
{
    struct aw_cur *c = &d->c;
    uint32_t family = aw_cur_u32le(c);
    if (c->bad) return AW_DROP_LINK_SHORT;
    if (family > 0xffff) family = family >> 24 | (family >> 8 & 0xff00);
    switch (family) {
    case 2:
        return aw_wire_ip4(d);
    case 10: /* AF_INET6 of Linux, Windows, NetBSD and OpenBSD, FreeBSD, Darwin */
    case 23:
    case 24:
    case 28:
    case 30:
        return aw_wire_ip6(d);
    default:
        return AW_DROP_NOT_IP;
    }
}

/* ARPHRD_ value and protocol of a cooked header: mostly an EtherType, but some devices have their
 * own meaning for it. */
static enum aw_drop cooked(struct aw_decode *d, uint16_t hardware, uint16_t protocol)
{
    switch (hardware) {
    case 801: /* IEEE 802.11, plain, with Prism and with radiotap headers */
        return aw_wire_wlan(d);
    case 802:
        return aw_wire_prism(d);
    case 803:
        return aw_wire_radiotap(d);
    case 824: /* netlink */
        return AW_DROP_NOT_IP;
    default:
        break;
    }
    if (protocol == 0x0004) return aw_wire_llc(d);     /* 802.2 frames */
    if (protocol <= LENGTH_MAX) return AW_DROP_NOT_IP; /* CAN, Novell and others */
    return aw_wire_ethertype(d, protocol);
}

/* Packet types of a cooked header: to us, broadcast, multicast, to others, from us. */
static uint8_t cooked_dir(unsigned type)
{
    return type <= 2 ? 1 : type == 4 ? 2 : 0;
}

static enum aw_drop sll(struct aw_decode *d)
{
    struct aw_cur *c = &d->c;
    const uint8_t *p = aw_cur_take(c, 16);
    if (!p) return AW_DROP_LINK_SHORT;
    d->out->link_dir = cooked_dir(aw_be16(p));
    return cooked(d, aw_be16(p + 2), aw_be16(p + 14));
}

static enum aw_drop sll2(struct aw_decode *d)
{
    struct aw_cur *c = &d->c;
    const uint8_t *p = aw_cur_take(c, 20);
    if (!p) return AW_DROP_LINK_SHORT;
    d->out->link_dir = cooked_dir(p[10]);
    d->out->iface =
        (uint16_t)aw_be32(p + 4); /* a capture of "any": the device tells copies apart */
    return cooked(d, aw_be16(p + 8), aw_be16(p));
}

/* Attributes in the byte order of the machine that captured, each padded to 4 bytes; one of them is
 * the packet, from its IP header on. */
static enum aw_drop nflog(struct aw_decode *d)
{
    struct aw_cur *c = &d->c;
    enum { HEADER = 4, PAYLOAD = 9 };
    aw_cur_skip(c, 4); /* family, version, resource */
    if (c->bad || aw_cur_left(c) < HEADER) return AW_DROP_LINK_SHORT;
    const bool big = c->p[2] == 0; /* types are below 256 */
    while (aw_cur_left(c) >= HEADER) {
        size_t len = big ? aw_cur_u16be(c) : aw_cur_u16le(c);
        const unsigned type = (big ? aw_cur_u16be(c) : aw_cur_u16le(c)) & 0x7fff;
        if (len < HEADER) return AW_DROP_LINK_SHORT;
        len -= HEADER;
        if (type == PAYLOAD) {
            aw_wire_narrow(d, len);
            return aw_wire_ip(d);
        }
        aw_cur_skip(c, len);
        if (!c->bad && len % 4 != 0) aw_cur_skip(c, 4 - len % 4);
    }
    return c->bad ? AW_DROP_LINK_SHORT : AW_DROP_NOT_IP;
}

/* Per-packet information: fields of radio and others, then a packet of a link type of its own. */
static enum aw_drop ppi(struct aw_decode *d)
{
    struct aw_cur head = d->c;
    aw_cur_skip(&head, 2);
    const uint16_t len = aw_cur_u16le(&head);
    const uint32_t linktype = aw_cur_u32le(&head);
    aw_cur_skip(&d->c, len);
    if (len < 8 || d->c.bad) return AW_DROP_LINK_SHORT;
    if (!aw_wire_tag(d)) return AW_DROP_LINK_DEPTH;
    return aw_wire_link(d, linktype);
}

static enum aw_drop ppp_with_dir(struct aw_decode *d)
{
    struct aw_cur *c = &d->c;
    const uint8_t *p = aw_cur_take(c, 1);
    if (!p) return AW_DROP_LINK_SHORT;
    d->out->link_dir = p[0] ? 2 : 1;
    return aw_wire_ppp(d);
}

static enum aw_drop unknown(struct aw_decode *d)
{
    (void)d;
    return AW_DROP_LINK_UNKNOWN;
}

typedef enum aw_drop link_reader(struct aw_decode *d);

static link_reader *reader(uint32_t linktype)
{
    switch (linktype) {
    case LINK_ETHERNET:
        return aw_wire_ethernet;
    case LINK_NULL:
    case LINK_LOOP:
        return bsd_loopback;
    case LINK_RAW:
    case LINK_RAW_12:
    case LINK_RAW_14:
        return aw_wire_ip;
    case LINK_IPV4:
        return aw_wire_ip4;
    case LINK_IPV6:
        return aw_wire_ip6;
    case LINK_SLL:
        return sll;
    case LINK_SLL2:
        return sll2;
    case LINK_PPP:
        return aw_wire_ppp;
    case LINK_PPP_WITH_DIR:
        return ppp_with_dir;
    case LINK_PPP_HDLC:
    case LINK_C_HDLC:
        return aw_wire_hdlc;
    case LINK_PPP_ETHER:
        return aw_wire_pppoe;
    case LINK_ATM_RFC1483:
        return aw_wire_llc;
    case LINK_IEEE802_11:
        return aw_wire_wlan;
    case LINK_RADIOTAP:
        return aw_wire_radiotap;
    case LINK_PRISM:
    case LINK_AVS:
        return aw_wire_prism;
    case LINK_PPI:
        return ppi;
    case LINK_NFLOG:
        return nflog;
    default:
        return unknown;
    }
}

enum aw_drop aw_wire_link(struct aw_decode *d, uint32_t linktype)
{
    return linktype == LINK_ETHERNET ? aw_wire_ethernet(d) : reader(linktype)(d);
}

bool aw_wire_knows(uint16_t linktype)
{
    return reader(linktype) != unknown;
}
