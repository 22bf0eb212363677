/*
 * TCP (RFC 9293): header, options, checksum. The last layer: fills the segment. Knows nothing of
 * connections.
 */
#include "wire/decode.h"

#include <string.h>

enum {
    HEADER_MIN = 20,
    /* Every checksum of up to this length is verified, of longer segments one in SAMPLE: enough to
     * tell that an interface leaves checksums to its hardware, at no cost for bulk content. */
    VERIFY_MAX = 1024,
    SAMPLE = 64,
};

uint64_t aw_wire_sum(uint64_t sum, const uint8_t *p, size_t len)
{
    for (; len >= 32; p += 32, len -= 32) {
        sum = aw_wire_add(sum, p);
        sum = aw_wire_add(sum, p + 8);
        sum = aw_wire_add(sum, p + 16);
        sum = aw_wire_add(sum, p + 24);
    }
    for (; len >= 8; p += 8, len -= 8)
        sum = aw_wire_add(sum, p);
    uint64_t rest = 0; /* three words of at most 32 bits */
    if (len & 4) {
        uint32_t half;
        memcpy(&half, p, 4);
        rest = half;
        p += 4;
    }
    if (len & 2) {
        uint16_t quarter;
        memcpy(&quarter, p, 2);
        rest += quarter;
        p += 2;
    }
    if (len & 1) {
        uint16_t quarter = 0;
        memcpy(&quarter, p, 1);
        rest += quarter;
    }
    sum += rest;
    return sum + (sum < rest);
}

/* The pseudo header of both IP versions has the same sum: addresses, protocol, length. */
static bool checksum_wrong(const struct aw_segment *out, const uint8_t *p, size_t len)
{
    const uint32_t number = AW_IP_TCP + (uint32_t)len;
    const uint8_t network[4] = {(uint8_t)(number >> 24), (uint8_t)(number >> 16),
                                (uint8_t)(number >> 8), (uint8_t)number};
    uint32_t native;
    memcpy(&native, network, 4);
    uint64_t sum = native;
    if (out->src.v6) {
        sum = aw_wire_sum(sum, out->src.b, 16);
        sum = aw_wire_sum(sum, out->dst.b, 16);
    } else {
        uint32_t src, dst;
        memcpy(&src, out->src.b, 4);
        memcpy(&dst, out->dst.b, 4);
        sum += (uint64_t)src + dst;
    }
    return !aw_wire_sum_right(aw_wire_sum(sum, p, len));
}

/* Options end at the first one that does not fit: what came before it stands. */
static void options(struct aw_segment *out, const uint8_t *p, size_t len)
{
    enum { END = 0, NOP = 1, MSS = 2, WINDOW_SCALE = 3, TIMESTAMPS = 8 };
    if (len == 12 && aw_be32(p) == 0x0101080a) { /* the layout of nearly all (RFC 7323, app. A) */
        out->has_tsval = true;
        out->tsval = aw_be32(p + 4);
        out->tsecr = aw_be32(p + 8);
        return;
    }
    struct aw_cur c = aw_cur_make(p, len);
    while (aw_cur_left(&c) > 0) {
        const uint8_t kind = aw_cur_u8(&c);
        if (kind == END) return;
        if (kind == NOP) continue;
        const uint8_t bytes = aw_cur_u8(&c);
        if (bytes < 2) return;
        struct aw_cur value = aw_cur_sub(&c, bytes - 2u);
        if (value.bad) return;
        if (kind == TIMESTAMPS && bytes == 10) {
            out->has_tsval = true;
            out->tsval = aw_cur_u32be(&value);
            out->tsecr = aw_cur_u32be(&value);
        }
        if (!(out->flags & AW_TCP_SYN)) continue; /* the others mean nothing elsewhere */
        if (kind == MSS && bytes == 4) out->mss = aw_cur_u16be(&value);
        if (kind == WINDOW_SCALE && bytes == 3) out->wscale = aw_cur_u8(&value);
    }
}

enum aw_drop aw_wire_segment(struct aw_segment *out, const uint8_t *p, size_t len, size_t cut,
                             bool bad_sum, uint64_t ord)
{
    if (len < HEADER_MIN) return AW_DROP_TCP_SHORT;
    const size_t left = len - HEADER_MIN, header = (p[12] >> 4) * 4u;
    if (header < HEADER_MIN) return AW_DROP_TCP_OFFSET;
    const size_t option_bytes = header - HEADER_MIN;
    if (option_bytes > left + cut) return AW_DROP_TCP_OFFSET;

    out->sport = aw_be16(p);
    out->dport = aw_be16(p + 2);
    out->seq = aw_be32(p + 4);
    out->ack = aw_be32(p + 8);
    out->flags = p[13] & 0x1f;
    out->window = aw_be16(p + 14);
    out->wscale = 0xff;
    out->mss = 0;
    out->has_tsval = false;
    out->tsval = 0;
    out->tsecr = 0;
    /* Where the snap length cut the options the rest is known all the same. */
    const size_t n = option_bytes < left ? option_bytes : left;
    options(out, p + HEADER_MIN, n);
    out->head_len = (uint8_t)(HEADER_MIN + n);
    out->payload = (struct aw_span){p + HEADER_MIN + n, left - n};
    const size_t sent = left + cut - option_bytes;
    out->payload_wire = sent > UINT32_MAX ? UINT32_MAX : (uint32_t)sent;

    out->bad_checksum = bad_sum;
    if (cut == 0 && (len <= VERIFY_MAX || ord % SAMPLE == 0) && checksum_wrong(out, p, len))
        out->bad_checksum = true;
    return AW_DROP_NONE;
}

enum aw_drop aw_wire_tcp(struct aw_decode *d)
{
    return aw_wire_segment(d->out, d->c.p, aw_cur_left(&d->c), d->cut, d->bad_sum, d->pkt->ord);
}
