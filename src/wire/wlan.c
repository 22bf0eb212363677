/*
 * IEEE 802.11 frames, bare or behind a radiotap, Prism or AVS header. Knows frame control and
 * header lengths; does not decrypt, and does not join fragments of frames: of a fragmented frame
 * the first piece is read, as a packet whose end was not captured.
 */
#include "wire/decode.h"

enum { FCS_BYTES = 4 };

/* `padded`: the header was padded to 4 bytes by the driver. */
static enum aw_drop frame(struct aw_decode *d, bool padded)
{
    enum { HEADER = 24, TO_DS = 1, FROM_DS = 2, PROTECTED = 0x40, ORDER = 0x80 };
    struct aw_cur *c = &d->c;
    if (aw_cur_left(c) < 2) return AW_DROP_LINK_SHORT;
    const unsigned type = c->p[0] >> 2 & 3, subtype = c->p[0] >> 4, flags = c->p[1];
    if (type != 2 || (subtype & 4)) return AW_DROP_LINK_CONTROL; /* no data, or data without any */
    const uint8_t *p = aw_cur_take(c, HEADER);
    if (!p) return AW_DROP_LINK_SHORT;
    size_t more = (flags & TO_DS) && (flags & FROM_DS) ? 6 : 0; /* the fourth address */
    const size_t qos = more;
    if (subtype & 8) more += (flags & ORDER) ? 2 + 4 : 2; /* QoS control, HT control */
    const uint8_t *rest = aw_cur_take(c, more);
    if (!rest) return AW_DROP_LINK_SHORT;
    if (padded && (HEADER + more) % 4 != 0) aw_cur_skip(c, 4 - (HEADER + more) % 4);
    if (flags & PROTECTED) return AW_DROP_ENCRYPTED;
    if (p[22] & 15) return AW_DROP_NOT_IP;     /* a later fragment of a frame */
    if ((subtype & 8) && (rest[qos] & 0x80)) { /* an aggregate: its first frame is read */
        const uint8_t *sub = aw_cur_take(c, 14);
        if (!sub) return AW_DROP_LINK_SHORT;
        aw_wire_narrow(d, aw_be16(sub + 12));
    }
    return c->bad ? AW_DROP_LINK_SHORT : aw_wire_llc(d);
}

enum aw_drop aw_wire_wlan(struct aw_decode *d)
{
    return frame(d, false);
}

/* The frame check sequence is no payload, even where no IP length says so. */
static void trim_fcs(struct aw_decode *d)
{
    const size_t sent = aw_cur_left(&d->c) + d->cut;
    aw_wire_narrow(d, sent > FCS_BYTES ? sent - FCS_BYTES : 0);
}

enum aw_drop aw_wire_radiotap(struct aw_decode *d)
{
    enum { HAS_TSFT = 1, HAS_FLAGS = 2, FLAG_FCS = 0x10, FLAG_PAD = 0x20 };
    struct aw_cur head = d->c;
    const uint8_t *begin = head.p;
    aw_cur_skip(&head, 2);
    const size_t len = aw_cur_u16le(&head);
    aw_cur_skip(&d->c, len);
    if (len < 8 || d->c.bad) return AW_DROP_LINK_SHORT;
    head.end = begin + len;
    const uint32_t present = aw_cur_u32le(&head);
    for (uint32_t word = present; word >> 31;)
        word = aw_cur_u32le(&head);
    unsigned flags = 0;
    if (present & HAS_FLAGS) {
        if (present & HAS_TSFT) { /* 8 bytes, aligned to 8 from the beginning of the header */
            const size_t at = (size_t)(head.p - begin);
            aw_cur_skip(&head, (8 - at % 8) % 8 + 8);
        }
        flags = aw_cur_u8(&head);
    }
    if (head.bad) return AW_DROP_LINK_SHORT;
    if (flags & FLAG_FCS) trim_fcs(d);
    return frame(d, (flags & FLAG_PAD) != 0);
}

/* Prism headers are in the byte order of the machine that captured; AVS ones are big-endian and
 * marked, and come under both link types. */
enum aw_drop aw_wire_prism(struct aw_decode *d)
{
    struct aw_cur head = d->c;
    const uint32_t magic = aw_cur_u32be(&head);
    struct aw_cur swapped = head;
    size_t len = aw_cur_u32be(&head);
    if ((magic & 0xfffff000) != 0x80211000 && len > 0xffff) len = aw_cur_u32le(&swapped);
    aw_cur_skip(&d->c, len);
    if (len < 8 || d->c.bad) return AW_DROP_LINK_SHORT;
    return frame(d, false);
}
