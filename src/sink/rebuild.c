/* Packets made anew; see rebuild.h. */
#include "sink/rebuild.h"

#include <stdlib.h>
#include <string.h>

enum {
    LINKTYPE_ETHERNET = 1,
    ETHER = 14,
    ETHERTYPE_IP4 = 0x0800,
    ETHERTYPE_IP6 = 0x86dd,
    IP4 = 20,
    IP6 = 40,
    TCP_MIN = 20,
    TCP_MAX = 60,
    ROOM = ETHER + IP6 + TCP_MAX, /* before the payload */
    IP_TCP = 6,
    DONT_FRAGMENT = 0x40,
    FAST_OPEN = 34,
    EXPERIMENT = 254, /* as which Fast Open began */
};

struct known { /* an address and the number it has got */
    struct aw_addr addr;
    uint32_t number; /* 0 = free */
};

struct aw_rebuild {
    bool hide;
    struct known *known; /* owned; open addressing, never more than half full */
    size_t size, count;
    uint32_t next[2]; /* by family */
    uint8_t *buffer;  /* owned: ROOM, then the payload */
    size_t capacity;
};

struct aw_rebuild *aw_rebuild_new(bool hide_addresses)
{
    struct aw_rebuild *r = calloc(1, sizeof *r);
    if (r) r->hide = hide_addresses;
    return r;
}

void aw_rebuild_free(struct aw_rebuild *r)
{
    if (!r) return;
    free(r->known);
    free(r->buffer);
    free(r);
}

uint8_t *aw_rebuild_payload(struct aw_rebuild *r, uint32_t len)
{
    const size_t want = ROOM + (size_t)len;
    if (want > r->capacity) {
        uint8_t *grown = realloc(r->buffer, want + want / 2);
        if (!grown) return NULL;
        r->buffer = grown;
        r->capacity = want + want / 2;
    }
    return r->buffer + ROOM;
}

/* --- addresses --- */

static bool same_addr(const struct aw_addr *a, const struct aw_addr *b)
{
    return a->v6 == b->v6 && memcmp(a->b, b->b, sizeof a->b) == 0;
}

static size_t place(const struct known *known, size_t size, const struct aw_addr *a)
{
    uint64_t h = a->v6;
    for (size_t i = 0; i < sizeof a->b; i++)
        h = (h ^ a->b[i]) * UINT64_C(0x100000001b3);
    size_t at = (size_t)(h >> 16) & (size - 1);
    while (known[at].number != 0 && !same_addr(&known[at].addr, a))
        at = (at + 1) & (size - 1);
    return at;
}

static bool grow(struct aw_rebuild *r)
{
    const size_t size = r->size ? r->size * 2 : 256;
    struct known *known = calloc(size, sizeof *known);
    if (!known) return false;
    for (size_t i = 0; i < r->size; i++)
        if (r->known[i].number) known[place(known, size, &r->known[i].addr)] = r->known[i];
    free(r->known);
    r->known = known;
    r->size = size;
    return true;
}

/* The address to be written; false: no memory, and none may be. */
static bool shown_addr(struct aw_rebuild *r, const struct aw_addr *a, struct aw_addr *to)
{
    *to = *a;
    if (!r->hide) return true;
    if (2 * (r->count + 1) > r->size && !grow(r)) return false;
    struct known *k = &r->known[place(r->known, r->size, a)];
    if (k->number == 0) {
        *k = (struct known){*a, ++r->next[a->v6]};
        r->count++;
    }
    const uint32_t n = k->number;
    *to = (struct aw_addr){.v6 = a->v6};
    if (a->v6) memcpy(to->b, (const uint8_t[]){0x20, 0x01, 0x0d, 0xb8}, 4);
    uint8_t *low = a->v6 ? to->b + 12 : to->b;
    low[0] = a->v6 ? (uint8_t)(n >> 24) : 10;
    low[1] = (uint8_t)(n >> 16);
    low[2] = (uint8_t)(n >> 8);
    low[3] = (uint8_t)n;
    return true;
}

/* --- checksums: one's complement, as 16-bit words of the network's order --- */

static uint64_t add(uint64_t sum, const uint8_t *p, size_t len)
{
    for (size_t i = 0; i + 1 < len; i += 2)
        sum += (uint64_t)p[i] << 8 | p[i + 1];
    return len % 2 ? sum + ((uint64_t)p[len - 1] << 8) : sum;
}

static uint16_t fold(uint64_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}

static void put16(uint8_t *p, size_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

/* Sum of all that a TCP checksum covers and that may change. */
static uint16_t covered(const struct aw_addr *src, const struct aw_addr *dst, const uint8_t *tcp,
                        size_t len)
{
    return fold(add(add(add(0, src->b, sizeof src->b), dst->b, sizeof dst->b), tcp, len));
}

/* The header's checksum is part of both sums: what is left is what changed. */
static void adjust(uint8_t *tcp, uint16_t before, uint16_t after)
{
    const uint16_t was = (uint16_t)(tcp[16] << 8 | tcp[17]);
    put16(tcp + 16, fold((uint64_t)was + before + (uint16_t)~after));
}

/* --- headers --- */

static void clear_cookies(uint8_t *tcp, size_t len)
{
    for (size_t at = TCP_MIN; at + 1 < len;) {
        const uint8_t kind = tcp[at];
        if (kind == 0) return;
        if (kind == 1) {
            at++;
            continue;
        }
        const size_t bytes = tcp[at + 1], left = len - at;
        if (bytes < 2) return;
        if (kind == FAST_OPEN || kind == EXPERIMENT)
            memset(tcp + at + 2, 0, (bytes < left ? bytes : left) - 2);
        at += bytes;
    }
}

/* A length that the field cannot hold is 0, as offloading leaves it. */
static size_t length_field(size_t len)
{
    return len <= UINT16_MAX ? len : 0;
}

/* Without addresses. Not raw IP: libpcap up to 1.10 refuses a pcapng with two such interfaces. */
static uint8_t *put_ether(uint8_t *ip, uint16_t type)
{
    memset(ip - ETHER, 0, ETHER);
    put16(ip - 2, type);
    return ip - ETHER;
}

static void put_ip4(uint8_t *p, const struct aw_tap_segment *seg, const struct aw_addr *src,
                    const struct aw_addr *dst, size_t tcp_len)
{
    memset(p, 0, IP4);
    p[0] = 0x45;
    put16(p + 2, length_field(IP4 + tcp_len));
    if (seg->has_ip_id)
        put16(p + 4, seg->ip_id);
    else
        p[6] = DONT_FRAGMENT;
    p[8] = seg->ttl;
    p[9] = IP_TCP;
    memcpy(p + 12, src->b, 4);
    memcpy(p + 16, dst->b, 4);
    put16(p + 10, (uint16_t)~fold(add(0, p, IP4)));
}

static void put_ip6(uint8_t *p, const struct aw_tap_segment *seg, const struct aw_addr *src,
                    const struct aw_addr *dst, size_t tcp_len)
{
    memset(p, 0, IP6);
    p[0] = 0x60;
    put16(p + 4, length_field(tcp_len));
    p[6] = IP_TCP;
    p[7] = seg->ttl;
    memcpy(p + 8, src->b, 16);
    memcpy(p + 24, dst->b, 16);
}

bool aw_rebuild_packet(struct aw_rebuild *r, const struct aw_tap_segment *seg,
                       struct aw_packet *out)
{
    struct aw_addr src, dst;
    const size_t head = seg->head_len;
    if (head < TCP_MIN || head > TCP_MAX || !r->buffer) return false;
    if (!shown_addr(r, &seg->src, &src) || !shown_addr(r, &seg->dst, &dst)) return false;
    const size_t ip = src.v6 ? IP6 : IP4, whole_head = (seg->tcp[12] >> 4) * 4u;
    const size_t tcp_wire = whole_head + seg->payload_wire_len;
    uint8_t *tcp = r->buffer + ROOM - head;
    memcpy(tcp, seg->tcp, head);
    clear_cookies(tcp, head);
    const size_t captured = head + seg->payload_len;
    adjust(tcp, covered(&seg->src, &seg->dst, seg->tcp, captured),
           covered(&src, &dst, tcp, captured));
    uint8_t *p = tcp - ip;
    if (src.v6)
        put_ip6(p, seg, &src, &dst, tcp_wire);
    else
        put_ip4(p, seg, &src, &dst, tcp_wire);
    *out = (struct aw_packet){
        .ts = seg->pkt->ts,
        .data = put_ether(p, src.v6 ? ETHERTYPE_IP6 : ETHERTYPE_IP4),
        .cap_len = (uint32_t)(ETHER + ip + captured),
        .wire_len = (uint32_t)(ETHER + ip + tcp_wire),
        .linktype = LINKTYPE_ETHERNET,
        .iface = seg->iface,
    };
    return true;
}

bool aw_rebuild_mark(struct aw_rebuild *r, aw_ns when, struct aw_packet *out)
{
    enum { EXPERIMENTS = 253 };
    uint8_t *p = aw_rebuild_payload(r, 0);
    if (!p) return false;
    p -= IP4;
    memset(p, 0, IP4);
    p[0] = 0x45;
    put16(p + 2, IP4);
    p[8] = 1;
    p[9] = EXPERIMENTS;
    put16(p + 10, (uint16_t)~fold(add(0, p, IP4)));
    *out = (struct aw_packet){.ts = when,
                              .data = put_ether(p, ETHERTYPE_IP4),
                              .cap_len = ETHER + IP4,
                              .wire_len = ETHER + IP4,
                              .linktype = LINKTYPE_ETHERNET};
    return true;
}
