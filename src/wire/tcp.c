/*
 * TCP (RFC 9293): header, options, checksum. The last layer: fills the segment. Knows nothing of
 * connections.
 */
#include <string.h>

#include "wire/decode.h"

enum {
    HEADER_MIN = 20,
    /* Every checksum of up to this length is verified, of longer segments one in SAMPLE: enough to
     * tell that an interface leaves checksums to its hardware, at no cost for bulk content. */
    VERIFY_MAX = 1024,
    SAMPLE = 16,
};

uint64_t aw_wire_sum(const uint8_t *p, size_t len)
{
    /* RFC 1071, 2: the sum is the same in either byte order, once swapped, and in words of any
     * multiple of 16 bits, once folded. 64 bits take 2^32 words of 32 without overflow. */
    uint64_t sum = 0;
    uint32_t word[4];
    for (; len >= sizeof word; p += sizeof word, len -= sizeof word) {
        memcpy(word, p, sizeof word);
        sum += (uint64_t)word[0] + word[1] + word[2] + word[3];
    }
    for (; len >= 4; p += 4, len -= 4) {
        memcpy(word, p, 4);
        sum += word[0];
    }
    if (len > 0) {
        word[0] = 0;
        memcpy(word, p, len);
        sum += word[0];
    }
    return sum;
}

static bool checksum_wrong(const struct aw_segment *out, const uint8_t *p, size_t len)
{
    const size_t address = out->src.v6 ? 16 : 4;
    const uint8_t tail[8] = {(uint8_t)(len >> 24),
                             (uint8_t)(len >> 16),
                             (uint8_t)(len >> 8),
                             (uint8_t)len,
                             0,
                             0,
                             0,
                             AW_IP_TCP};
    uint64_t sum = aw_wire_sum(p, len) + aw_wire_sum(tail, sizeof tail);
    sum += aw_wire_sum(out->src.b, address) + aw_wire_sum(out->dst.b, address);
    return aw_wire_fold(sum) != 0xffff;
}

/* Options end at the first one that does not fit: what came before it stands. */
static void options(struct aw_segment *out, struct aw_cur c)
{
    enum { END = 0, NOP = 1, MSS = 2, WINDOW_SCALE = 3, TIMESTAMPS = 8 };
    while (aw_cur_left(&c) > 0) {
        const uint8_t kind = aw_cur_u8(&c);
        if (kind == END) return;
        if (kind == NOP) continue;
        const uint8_t len = aw_cur_u8(&c);
        if (len < 2) return;
        struct aw_cur value = aw_cur_sub(&c, len - 2u);
        if (value.bad) return;
        if (kind == TIMESTAMPS && len == 10) {
            out->has_tsval = true;
            out->tsval = aw_cur_u32be(&value);
            out->tsecr = aw_cur_u32be(&value);
        }
        if (!(out->flags & AW_TCP_SYN)) continue; /* the others mean nothing elsewhere */
        if (kind == MSS && len == 4) out->mss = aw_cur_u16be(&value);
        if (kind == WINDOW_SCALE && len == 3) out->wscale = aw_cur_u8(&value);
    }
}

enum aw_drop aw_wire_tcp(struct aw_decode *d, struct aw_cur c)
{
    const uint8_t *p = aw_cur_take(&c, HEADER_MIN);
    if (!p) return AW_DROP_TCP_SHORT;
    const size_t left = aw_cur_left(&c), header = (p[12] >> 4) * 4u;
    if (header < HEADER_MIN) return AW_DROP_TCP_OFFSET;
    const size_t option_bytes = header - HEADER_MIN;
    if (option_bytes > left + d->cut) return AW_DROP_TCP_OFFSET;

    struct aw_segment *out = d->out;
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
    if (option_bytes > 0) {
        /* Where the snap length cut the options the rest is known all the same. */
        struct aw_cur o = c;
        aw_cur_limit(&o, option_bytes);
        options(out, o);
        c.p += option_bytes < left ? option_bytes : left;
    }
    out->payload = (struct aw_span){c.p, aw_cur_left(&c)};
    const size_t sent = left + d->cut - option_bytes;
    out->payload_wire = sent > UINT32_MAX ? UINT32_MAX : (uint32_t)sent;

    out->bad_checksum = d->bad_sum;
    const size_t len = HEADER_MIN + left;
    if (d->cut == 0 && (len <= VERIFY_MAX || d->pkt->ord % SAMPLE == 0) &&
        checksum_wrong(out, p, len))
        out->bad_checksum = true;
    return AW_DROP_NONE;
}
