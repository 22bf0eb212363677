/* Classic pcap, in place: see records.h. Format: draft-ietf-opsawg-pcap. */
#include "source/records.h"

#include <endian.h>
#include <stdio.h>
#include <string.h>

#include "source/linktype.h"

enum { RECORD_HEADER = 16 };

enum aw_magic aw_magic_of(const uint8_t first[4])
{
    struct aw_cur be = aw_cur_make(first, 4), le = be;
    const uint32_t either[2] = {aw_cur_u32be(&be), aw_cur_u32le(&le)};
    for (unsigned i = 0; i < 2; i++) {
        switch (either[i]) {
        case 0xa1b2c3d4: /* microseconds */
        case 0xa1b23c4d: /* nanoseconds */
            return AW_MAGIC_PCAP;
        case 0x0a0d0d0a:
            return AW_MAGIC_PCAPNG;
        case 0xa1b2cd34: /* longer record headers */
        case 0xa1b234cd:
        case 0xa12b3c4d: /* Navtel */
            return AW_MAGIC_OTHER;
        }
    }
    return AW_MAGIC_NONE;
}

bool aw_pcap_start(struct aw_pcap *f, const uint8_t *header)
{
    struct aw_cur c = aw_cur_make(header, AW_PCAP_HEADER);
    f->big = header[0] == 0xa1;
    f->fraction = aw_order_u32(&c, f->big) == 0xa1b23c4d ? 1 : AW_US;
    const uint16_t major = aw_order_u16(&c, f->big), minor = aw_order_u16(&c, f->big);
    aw_cur_skip(&c, 8); /* zone and accuracy, which nobody ever wrote */
    const uint32_t snaplen = aw_order_u32(&c, f->big);
    f->linktype = aw_linktype_from(aw_order_u32(&c, f->big));
    f->longest = snaplen < AW_SNAPLEN_MAX  ? AW_SNAPLEN_MAX
                 : snaplen < AW_RECORD_MAX ? snaplen
                                           : AW_RECORD_MAX;
    return major == 2 && minor == 4;
}

size_t aw_pcap_walk(const struct aw_pcap *f, struct aw_span in, struct aw_lot *lot)
{
    struct aw_cur c = aw_cur_make(in.p, in.len);
    lot->need = 0;
    while (lot->n < AW_LOT_MAX) {
        const size_t left = aw_cur_left(&c);
        if (left < RECORD_HEADER) {
            lot->need = RECORD_HEADER;
            lot->part = "the packet's header";
            break;
        }
        struct aw_cur record = c;
        uint32_t header[4];
        memcpy(header, aw_cur_take(&record, RECORD_HEADER), RECORD_HEADER);
        if (f->big)
            for (unsigned i = 0; i < 4; i++)
                header[i] = be32toh(header[i]);
        else
            for (unsigned i = 0; i < 4; i++)
                header[i] = le32toh(header[i]);
        const aw_ns sec = header[0], fraction = header[1];
        const uint32_t cap_len = header[2], wire_len = header[3];
        if (cap_len > f->longest) {
            lot->damaged = true;
            snprintf(lot->why, sizeof lot->why,
                     "damaged: the packet claims %lu captured bytes, %lu is the most possible",
                     (unsigned long)cap_len, (unsigned long)f->longest);
            break;
        }
        if (left - RECORD_HEADER < cap_len) {
            lot->need = RECORD_HEADER + (size_t)cap_len;
            lot->part = "the packet";
            break;
        }
        lot->pkts[lot->n++] = (struct aw_packet){
            .ts = sec * AW_SEC + fraction * f->fraction, /* 2^32 s and 2^32 us fit */
            .ref = ++lot->last,
            .data = record.p,
            .cap_len = cap_len,
            .wire_len = wire_len > cap_len ? wire_len : cap_len,
            .linktype = f->linktype,
        };
        c.p = record.p + cap_len;
        aw_fetch_ahead(&c, RECORD_HEADER + (size_t)cap_len);
    }
    return (size_t)(c.p - in.p);
}
