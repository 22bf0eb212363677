/*
 * MPLS label stacks (RFC 3032). A label does not say what follows the last one, so that is guessed
 * the way routers hash it: by the first nibble, checked against what an IP header would say. Knows
 * labels; knows nothing of the IP inside.
 */
#include "wire/decode.h"

static bool ip4_fits(const struct aw_decode *d, const struct aw_cur *c)
{
    const size_t left = aw_cur_left(c);
    if (left < 20) return true; /* cut: IP will say so */
    const size_t header = (c->p[0] & 15u) * 4u, total = aw_be16(c->p + 2);
    return header >= 20 && (total == 0 || (total >= header && total <= left + d->cut));
}

static bool ip6_fits(const struct aw_decode *d, const struct aw_cur *c)
{
    const size_t left = aw_cur_left(c);
    return left < 40 || aw_be16(c->p + 4) + (size_t)40 <= left + d->cut;
}

/* Whether an Ethernet header that begins at `at` has an EtherType one expects behind labels. */
static bool ethernet_at(const struct aw_cur *c, size_t at)
{
    if (aw_cur_left(c) < at + 14) return false;
    switch (aw_be16(c->p + at + 12)) {
    case 0x0800:
    case 0x0806:
    case 0x86dd:
    case 0x8100:
    case 0x88a8:
    case 0x8847:
    case 0x8864:
        return true;
    default:
        return false;
    }
}

enum aw_drop aw_wire_mpls(struct aw_decode *d)
{
    struct aw_cur *c = &d->c;
    enum { CONTROL_WORD = 4 };
    const uint8_t *label;
    do {
        label = aw_cur_take(c, 4);
        if (!label) return AW_DROP_LINK_SHORT;
        if (!aw_wire_tag(d)) return AW_DROP_LINK_DEPTH;
    } while (!(label[2] & 1)); /* bottom of stack */

    if (aw_cur_left(c) == 0) return AW_DROP_LINK_SHORT;
    const unsigned nibble = c->p[0] >> 4;
    if (nibble == 4 && ip4_fits(d, c)) return aw_wire_ip4(d);
    if (nibble == 6 && ip6_fits(d, c)) return aw_wire_ip6(d);
    if (nibble == 1 && !ethernet_at(c, 0)) return AW_DROP_LINK_CONTROL; /* RFC 5586 */
    /* RFC 4385: a control word begins with a zero nibble, but so do the addresses of many vendors.
     */
    if (nibble == 0 && (ethernet_at(c, CONTROL_WORD) || !ethernet_at(c, 0)))
        aw_cur_skip(c, CONTROL_WORD);
    return c->bad ? AW_DROP_LINK_SHORT : aw_wire_ethernet(d);
}
