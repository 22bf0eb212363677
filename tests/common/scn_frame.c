/*
 * Segments to frames and files: TCP, IP, the link layers, pcap. Knows how bytes lie on a wire, with
 * right checksums and lengths; nothing of why a segment was sent.
 */
#include "scn.h"

#include <stdio.h>
#include <string.h>

struct cur {
    uint8_t *p;
    uint32_t len;
};

static void u8(struct cur *c, unsigned v)
{
    c->p[c->len++] = (uint8_t)v;
}
static void u16(struct cur *c, unsigned v)
{
    u8(c, v >> 8 & 0xff);
    u8(c, v & 0xff);
}
static void u32(struct cur *c, uint32_t v)
{
    u16(c, v >> 16);
    u16(c, v & 0xffff);
}
static void put(struct cur *c, const void *p, uint32_t len)
{
    if (len) memcpy(c->p + c->len, p, len);
    c->len += len;
}
static void patch16(uint8_t *p, unsigned v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static uint32_t sum(uint32_t acc, const uint8_t *p, uint32_t len)
{
    for (uint32_t i = 0; i + 1 < len; i += 2)
        acc += (uint32_t)p[i] << 8 | p[i + 1];
    if (len & 1) acc += (uint32_t)p[len - 1] << 8;
    return acc;
}
static unsigned fold(uint32_t acc)
{
    while (acc >> 16)
        acc = (acc & 0xffff) + (acc >> 16);
    return ~acc & 0xffff;
}

static void mac(struct cur *c, const struct scn_conn *k, int side)
{
    const uint8_t *a = k->addr[side];
    const uint8_t m[6] = {2, 0, 0, 0, (uint8_t)side, k->v6 ? a[15] : a[3]};
    put(c, m, 6);
}

static void ip4(struct cur *c, unsigned proto, unsigned ttl, unsigned id, const uint8_t *src,
                const uint8_t *dst, uint32_t payload)
{
    const uint32_t at = c->len;
    u16(c, 0x4500);
    u16(c, 20 + payload);
    u16(c, id);
    u16(c, 0x4000);
    u8(c, ttl);
    u8(c, proto);
    u16(c, 0);
    put(c, src, 4);
    put(c, dst, 4);
    patch16(c->p + at + 10, fold(sum(0, c->p + at, 20)));
}

static void tcp(struct cur *c, const struct scn_conn *k, const struct scn_segment *g,
                unsigned options)
{
    const uint32_t at = c->len, len = 20 + options + g->len;
    u16(c, k->port[g->side]);
    u16(c, k->port[!g->side]);
    u32(c, g->seq);
    u32(c, g->ack);
    u16(c, (20 + options) / 4 << 12 | g->flags);
    u16(c, g->window);
    u32(c, 0);
    if (options) { /* MSS, window scale 7, SACK permitted */
        static const uint8_t syn[] = {2, 4, 5, 0xb4, 1, 3, 3, 7, 1, 1, 4, 2};
        put(c, syn, sizeof syn);
    }
    put(c, g->bytes, g->len);
    uint32_t acc = sum(0, k->addr[0], k->v6 ? 16 : 4);
    acc = sum(acc, k->addr[1], k->v6 ? 16 : 4) + 6 + len;
    patch16(c->p + at + 16, fold(sum(acc, c->p + at, len)));
}

static void ethertype(struct cur *c, const struct scn_conn *k, int side, unsigned type)
{
    mac(c, k, !side);
    mac(c, k, side);
    u16(c, type);
}

/* All before the IP header; `ip_len` is what follows. */
static void link_header(struct cur *c, const struct scn *s, const struct scn_conn *k,
                        const struct scn_segment *g, uint32_t ip_len)
{
    static const uint8_t outer_a[4] = {192, 0, 2, 11}, outer_b[4] = {192, 0, 2, 12};
    const unsigned type = k->v6 ? 0x86dd : 0x0800;
    const uint8_t *from = g->side ? outer_b : outer_a, *to = g->side ? outer_a : outer_b;
    static const uint8_t zero[8] = {0};
    switch (s->link) {
    case SCN_ETHERNET:
        ethertype(c, k, g->side, type);
        break;
    case SCN_VLAN:
        ethertype(c, k, g->side, 0x8100);
        u16(c, 100);
        u16(c, type);
        break;
    case SCN_QINQ:
        ethertype(c, k, g->side, 0x88a8);
        u16(c, 200);
        u16(c, 0x8100);
        u16(c, 100);
        u16(c, type);
        break;
    case SCN_MPLS:
        ethertype(c, k, g->side, 0x8847);
        u32(c, 1000u << 12 | 64);
        u32(c, 2000u << 12 | 1u << 8 | 64);
        break;
    case SCN_PPPOE:
        ethertype(c, k, g->side, 0x8864);
        u16(c, 0x1100);
        u16(c, 1);
        u16(c, ip_len + 2);
        u16(c, k->v6 ? 0x57 : 0x21);
        break;
    case SCN_VXLAN:
        ethertype(c, k, g->side, 0x0800);
        ip4(c, 17, 64, g->id, from, to, 8 + 8 + 14 + ip_len);
        u16(c, 49152);
        u16(c, 4789);
        u16(c, 8 + 8 + 14 + ip_len);
        u16(c, 0);
        u32(c, 0x08000000);
        u32(c, 42u << 8);
        ethertype(c, k, g->side, type);
        break;
    case SCN_GRE:
        ethertype(c, k, g->side, 0x0800);
        ip4(c, 47, 64, g->id, from, to, 4 + ip_len);
        u16(c, 0);
        u16(c, type);
        break;
    case SCN_RAW:
        break;
    case SCN_SLL:
        u16(c, g->side ? 0 : 4);
        u16(c, 1);
        u16(c, 6);
        mac(c, k, g->side);
        u16(c, 0);
        u16(c, type);
        break;
    case SCN_SLL2:
        u16(c, type);
        u16(c, 0);
        u32(c, 2);
        u16(c, 1);
        u8(c, g->side ? 0 : 4);
        u8(c, 6);
        mac(c, k, g->side);
        put(c, zero, 2);
        break;
    case SCN_NULL: /* host byte order of a little-endian machine */
        u8(c, k->v6 ? 30 : 2);
        put(c, zero, 3);
        break;
    }
}

uint16_t scn_linktype(const struct scn *s)
{
    switch (s->link) {
    case SCN_RAW:
        return 101;
    case SCN_SLL:
        return 113;
    case SCN_SLL2:
        return 276;
    case SCN_NULL:
        return 0;
    case SCN_ETHERNET:
    case SCN_VLAN:
    case SCN_QINQ:
    case SCN_MPLS:
    case SCN_PPPOE:
    case SCN_VXLAN:
    case SCN_GRE:
        break;
    }
    return 1;
}

uint32_t scn_frame(const struct scn *s, const struct scn_segment *g, uint8_t *out,
                   uint32_t *captured)
{
    struct cur c = {out, 0};
    const struct scn_conn *k = &s->conn[g->conn];
    const unsigned options = g->flags & SCN_SYN ? 12 : 0;
    const uint32_t tcp_len = 20 + options + g->len;
    link_header(&c, s, k, g, tcp_len + (k->v6 ? 40 : 20));
    if (k->v6) {
        u32(&c, 0x60000000);
        u16(&c, tcp_len);
        u8(&c, 6);
        u8(&c, g->ttl);
        put(&c, k->addr[g->side], 16);
        put(&c, k->addr[!g->side], 16);
    } else {
        ip4(&c, 6, g->ttl, g->id, k->addr[g->side], k->addr[!g->side], tcp_len);
    }
    tcp(&c, k, g, options);
    uint32_t keep = c.len;
    if (s->snaplen && keep > s->snaplen) keep = s->snaplen;
    if (g->cut && keep > g->cut) keep = g->cut;
    *captured = keep;
    return c.len;
}

bool scn_write(const struct scn *s, const char *path, char *err, size_t size)
{
    static uint8_t frame[SCN_FRAME_MAX];
    FILE *f = strcmp(path, "-") == 0 ? stdout : fopen(path, "wb");
    if (!f) {
        snprintf(err, size, "%s: cannot be written", path);
        return false;
    }
    const uint32_t head[6] = {0xa1b23c4d,     4u << 16 | 2u, 0, 0, s->snaplen ? s->snaplen : 262144,
                              scn_linktype(s)};
    fwrite(head, sizeof head, 1, f);
    for (unsigned i = 0; i < s->segments; i++) {
        const struct scn_segment *g = &s->segment[i];
        uint32_t keep;
        const uint32_t len = scn_frame(s, g, frame, &keep);
        const int64_t t = s->start + g->captured;
        const uint32_t rec[4] = {(uint32_t)(t / 1000000000), (uint32_t)(t % 1000000000), keep, len};
        fwrite(rec, sizeof rec, 1, f);
        fwrite(frame, keep, 1, f);
    }
    const bool bad = ferror(f) || fflush(f) != 0;
    if (f != stdout) fclose(f);
    if (bad) snprintf(err, size, "%s: write failed", path);
    return !bad;
}
