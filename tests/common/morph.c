/*
 * Captures changed (morph.h). Tests only: out of memory ends the program.
 */
#include "common/morph.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/scn.h"
#include "source/source.h"

/* --- keeping packets --- */

static void *must(void *p)
{
    if (!p) abort();
    return p;
}

static uint8_t *room_for(struct morph *m, size_t bytes)
{
    if (m->blocks == m->blocks_room) {
        m->blocks_room = m->blocks_room ? 2 * m->blocks_room : 64;
        m->block = must(realloc(m->block, m->blocks_room * sizeof *m->block));
    }
    return m->block[m->blocks++] = must(malloc(bytes ? bytes : 1));
}

static struct morph_packet *add(struct morph *m, const struct morph_packet *like)
{
    if (m->n == m->room) {
        m->room = m->room ? 2 * m->room : 64;
        m->p = must(realloc(m->p, m->room * sizeof *m->p));
    }
    m->p[m->n] = *like;
    return &m->p[m->n++];
}

void morph_free(struct morph *m)
{
    for (size_t i = 0; i < m->blocks; i++)
        free(m->block[i]);
    free(m->block);
    free(m->p);
    *m = (struct morph){.p = NULL};
}

static void keep(struct morph *m, const struct morph_packet *p)
{
    uint8_t *bytes = room_for(m, p->cap);
    memcpy(bytes, p->data, p->cap);
    add(m, p)->data = bytes;
}

static bool load_scenario(struct morph *m, const char *path, char *err, size_t size)
{
    struct scn *s = scn_load(path, err, size);
    if (!s) return false;
    uint8_t *frame = must(malloc(SCN_FRAME_MAX));
    for (unsigned i = 0; i < s->segments; i++) {
        uint32_t captured;
        const uint32_t wire = scn_frame(s, &s->segment[i], frame, &captured);
        keep(m, &(struct morph_packet){.ts = s->start + s->segment[i].captured,
                                       .no = i + 1,
                                       .data = frame,
                                       .cap = captured,
                                       .wire = wire,
                                       .linktype = scn_linktype(s)});
    }
    free(frame);
    scn_free(s);
    return true;
}

bool morph_load(struct morph *m, const char *path, char *err, size_t size)
{
    const size_t len = strlen(path);
    if (len > 4 && strcmp(path + len - 4, ".scn") == 0) return load_scenario(m, path, err, size);
    struct aw_source *s = aw_source_open(path, 0, err, size);
    if (!s) return false;
    for (;;) {
        const struct aw_packet *p;
        size_t n;
        const enum aw_read got = aw_source_next(s, 0, &p, &n);
        if (got == AW_READ_AGAIN) continue;
        if (got != AW_READ_OK) {
            snprintf(err, size, "%s", aw_source_error(s));
            aw_source_close(s);
            return got == AW_READ_END;
        }
        for (size_t i = 0; i < n; i++)
            keep(m, &(struct morph_packet){.ts = p[i].ts,
                                           .no = m->n + 1,
                                           .data = p[i].data,
                                           .cap = p[i].cap_len,
                                           .wire = p[i].wire_len,
                                           .linktype = p[i].linktype,
                                           .iface = p[i].iface});
    }
}

/* --- headers --- */

enum { ETHERNET = 1, RAW = 101, SLL = 113, SLL2 = 276 };

static unsigned get16(const uint8_t *p)
{
    return (unsigned)p[0] << 8 | p[1];
}
static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)get16(p) << 16 | get16(p + 2);
}
static void put16(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}
static void put32(uint8_t *p, uint32_t v)
{
    put16(p, v >> 16);
    put16(p + 2, v);
}

static uint32_t sum16(const uint8_t *p, size_t n, uint32_t sum)
{
    for (size_t i = 0; i < n; i++)
        sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

/* Where the headers of a frame lie. */
struct lay {
    uint32_t ip, tcp, data; /* offsets */
    uint32_t end;           /* of the IP datagram on the wire */
    bool v6;
};

static uint32_t ip_at(const struct morph_packet *p)
{
    switch (p->linktype) {
    case ETHERNET:
        if (p->cap < 14) return UINT32_MAX;
        return get16(p->data + 12) == 0x0800 || get16(p->data + 12) == 0x86dd ? 14 : UINT32_MAX;
    case SLL:
        return 16;
    case SLL2:
        return 20;
    case RAW:
        return 0;
    default:
        return UINT32_MAX;
    }
}

static bool lay_of(const struct morph_packet *p, struct lay *l)
{
    l->ip = ip_at(p);
    if (l->ip == UINT32_MAX || p->cap < l->ip + 20) return false;
    const uint8_t *ip = p->data + l->ip;
    l->v6 = ip[0] >> 4 == 6;
    if (l->v6) {
        if (p->cap < l->ip + 40 || ip[6] != 6) return false;
        l->tcp = l->ip + 40;
        l->end = l->tcp + get16(ip + 4);
    } else {
        if (ip[0] >> 4 != 4 || ip[9] != 6 || (get16(ip + 6) & 0x3fff)) return false;
        l->tcp = l->ip + (ip[0] & 15u) * 4;
        l->end = l->ip + get16(ip + 2);
        if (get16(ip + 2) == 0) l->end = p->wire;
    }
    if (p->cap < l->tcp + 20) return false;
    l->data = l->tcp + (uint32_t)(p->data[l->tcp + 12] >> 4) * 4;
    return l->data >= l->tcp + 20 && l->data <= p->cap && l->data <= l->end;
}

bool morph_tcp(const struct morph_packet *p, struct morph_tcp *out)
{
    struct lay l;
    if (!lay_of(p, &l)) return false;
    const uint8_t *ip = p->data + l.ip, *tcp = p->data + l.tcp;
    *out = (struct morph_tcp){.v6 = l.v6,
                              .sport = (uint16_t)get16(tcp),
                              .dport = (uint16_t)get16(tcp + 2),
                              .seq = get32(tcp + 4),
                              .ack = get32(tcp + 8),
                              .payload = l.end - l.data,
                              .flags = tcp[13]};
    memcpy(out->src, ip + (l.v6 ? 20 : 12), 4);
    memcpy(out->dst, ip + (l.v6 ? 36 : 16), 4);
    return true;
}

/* Lengths and checksums of the headers at l made right for a datagram that ends at l->end; the TCP
 * checksum only where all of it was captured. */
static void seal(uint8_t *frame, const struct lay *l, bool whole)
{
    uint8_t *ip = frame + l->ip, *tcp = frame + l->tcp;
    const uint32_t n = l->end - l->tcp;
    uint32_t sum;
    if (l->v6) {
        put16(ip + 4, n);
        sum = sum16(ip + 8, 32, 6 + n);
    } else {
        put16(ip + 2, l->end - l->ip);
        put16(ip + 10, 0);
        put16(ip + 10, ~sum16(ip, l->tcp - l->ip, 0));
        sum = sum16(ip + 12, 8, 6 + n);
    }
    if (!whole) return;
    put16(tcp + 16, 0);
    put16(tcp + 16, ~sum16(tcp, n, sum));
}

/* --- left out, cut, doubled --- */

void morph_without(const struct morph *in, struct morph *out, const bool leave_out[])
{
    for (size_t i = 0; i < in->n; i++)
        if (!leave_out[i]) add(out, &in->p[i]);
}

void morph_snap(const struct morph *in, struct morph *out, uint32_t bytes)
{
    for (size_t i = 0; i < in->n; i++) {
        struct morph_packet *p = add(out, &in->p[i]);
        if (p->cap > bytes) p->cap = bytes;
    }
}

static int by_time(const void *a, const void *b)
{
    const struct morph_packet *x = a, *y = b;
    return x->ts < y->ts ? -1 : x->ts > y->ts;
}

/* Stable: as merging files of several interfaces does it. */
void morph_sort(struct morph *m)
{
    for (size_t i = 1; i < m->n; i++) {
        const struct morph_packet p = m->p[i];
        size_t k = i;
        for (; k > 0 && by_time(&m->p[k - 1], &p) > 0; k--)
            m->p[k] = m->p[k - 1];
        m->p[k] = p;
    }
}

void morph_double(const struct morph *in, struct morph *out, enum morph_copy how, aw_ns after)
{
    for (size_t i = 0; i < in->n; i++) {
        add(out, &in->p[i]);
        struct morph_packet *p = add(out, &in->p[i]);
        p->ts += after;
        if (how == MORPH_COPY_IFACE) p->iface++;
        struct lay l;
        if (how != MORPH_COPY_ROUTED || !lay_of(p, &l)) continue;
        uint8_t *bytes = room_for(out, p->cap);
        memcpy(bytes, p->data, p->cap);
        p->data = bytes;
        uint8_t *ip = bytes + l.ip;
        if (l.v6) {
            ip[7]--;
        } else {
            ip[8]--;
            put16(ip + 10, 0);
            put16(ip + 10, ~sum16(ip, l.tcp - l.ip, 0));
        }
    }
    morph_sort(out);
}

/* --- order --- */

static void trade(struct morph *m, size_t at, bool dates)
{
    const struct morph_packet a = m->p[at], b = m->p[at + 1];
    m->p[at] = b;
    m->p[at + 1] = a;
    if (!dates) return;
    m->p[at].ts = a.ts;
    m->p[at + 1].ts = b.ts;
}

void morph_swap(const struct morph *in, struct morph *out, size_t at, bool dates)
{
    for (size_t i = 0; i < in->n; i++)
        add(out, &in->p[i]);
    if (at + 1 < out->n) trade(out, at, dates);
}

void morph_swap_all(const struct morph *in, struct morph *out, aw_ns within, bool dates)
{
    for (size_t i = 0; i < in->n; i++)
        add(out, &in->p[i]);
    for (size_t i = 0; i + 1 < out->n; i++) {
        if (in->p[i + 1].ts - in->p[i].ts > within) continue;
        trade(out, i, dates);
        i++;
    }
}

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

void morph_jitter(const struct morph *in, struct morph *out, aw_ns most, uint64_t seed, bool sorted)
{
    uint64_t state = seed * 2 + 1;
    for (size_t i = 0; i < in->n; i++)
        add(out, &in->p[i])->ts += (aw_ns)(next_random(&state) >> 20) % (2 * most + 1) - most;
    if (sorted) morph_sort(out);
}

/* --- segments --- */

static bool whole(const struct morph_packet *p, const struct lay *l)
{
    return p->cap >= l->end;
}

void morph_split(const struct morph *in, struct morph *out, uint32_t bytes)
{
    for (size_t i = 0; i < in->n; i++) {
        const struct morph_packet *p = &in->p[i];
        struct lay l;
        if (!lay_of(p, &l) || !whole(p, &l) || l.end - l.data <= bytes) {
            add(out, p);
            continue;
        }
        const uint32_t total = l.end - l.data;
        const uint8_t flags = p->data[l.tcp + 13];
        for (uint32_t at = 0, k = 0; at < total; at += bytes, k++) {
            const uint32_t n = total - at < bytes ? total - at : bytes;
            uint8_t *f = room_for(out, l.data + n);
            memcpy(f, p->data, l.data);
            memcpy(f + l.data, p->data + l.data + at, n);
            put32(f + l.tcp + 4, get32(p->data + l.tcp + 4) + at);
            if (!l.v6) put16(f + l.ip + 4, get16(f + l.ip + 4) + k);
            /* What ends the segment belongs to its last piece. */
            if (at + n < total) f[l.tcp + 13] = flags & (uint8_t) ~(MORPH_FIN | 8);
            const struct lay part = {
                .ip = l.ip, .tcp = l.tcp, .data = l.data, .end = l.data + n, .v6 = l.v6};
            seal(f, &part, true);
            struct morph_packet *q = add(out, p);
            q->data = f;
            q->cap = q->wire = l.data + n;
        }
    }
}

static bool joins(const struct morph_packet *a, const struct morph_packet *b, uint32_t len)
{
    struct morph_tcp x, y;
    struct lay k, l;
    if (!morph_tcp(a, &x) || !morph_tcp(b, &y) || !lay_of(a, &k) || !lay_of(b, &l)) return false;
    const bool same = memcmp(x.src, y.src, 4) == 0 && memcmp(x.dst, y.dst, 4) == 0 &&
                      x.sport == y.sport && x.dport == y.dport && x.v6 == y.v6 &&
                      a->linktype == b->linktype && a->iface == b->iface;
    return same && x.payload && y.payload && y.seq == x.seq + len && x.ack == y.ack &&
           !((x.flags | y.flags) & (MORPH_SYN | MORPH_RST)) && !(x.flags & MORPH_FIN) &&
           whole(a, &k) && whole(b, &l) && k.data - k.tcp == l.data - l.tcp &&
           len + y.payload + (k.data - k.ip) <= 65535;
}

void morph_join(const struct morph *in, struct morph *out, aw_ns gap)
{
    for (size_t i = 0; i < in->n; i++) {
        struct morph_packet *p = add(out, &in->p[i]);
        struct lay l;
        if (!lay_of(p, &l)) continue;
        size_t last = i;
        uint32_t len = l.end - l.data;
        while (last + 1 < in->n && in->p[last + 1].ts - in->p[last].ts <= gap &&
               joins(&in->p[i], &in->p[last + 1], len)) {
            struct morph_tcp t;
            morph_tcp(&in->p[++last], &t);
            len += t.payload;
        }
        if (last == i) continue;
        uint8_t *f = room_for(out, l.data + len);
        memcpy(f, p->data, l.data);
        uint32_t at = l.data;
        for (size_t k = i; k <= last; k++) {
            struct lay part;
            if (!lay_of(&in->p[k], &part)) continue;
            memcpy(f + at, in->p[k].data + part.data, part.end - part.data);
            at += part.end - part.data;
            f[l.tcp + 13] |= in->p[k].data[part.tcp + 13];
        }
        l.end = at;
        seal(f, &l, true);
        p->data = f;
        p->cap = p->wire = at;
        i = last;
    }
}

/* --- wraps --- */

static void v6_header(const uint8_t *ip4, uint8_t *ip6, uint32_t payload)
{
    static const uint8_t prefix[12] = {0, 0x64, 0xff, 0x9b};
    put32(ip6, UINT32_C(6) << 28 | (uint32_t)ip4[1] << 20);
    put16(ip6 + 4, payload);
    ip6[6] = ip4[9];
    ip6[7] = ip4[8];
    memcpy(ip6 + 8, prefix, 12);
    memcpy(ip6 + 20, ip4 + 12, 4);
    memcpy(ip6 + 24, prefix, 12);
    memcpy(ip6 + 36, ip4 + 16, 4);
}

static const uint8_t macs[12] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2};

static uint32_t ethernet(uint8_t *f, unsigned type)
{
    memcpy(f, macs, 12);
    put16(f + 12, type);
    return 14;
}

void morph_wrap(const struct morph *in, struct morph *out, enum morph_wrap how)
{
    enum { BEFORE = 128 };
    for (size_t i = 0; i < in->n; i++) {
        struct morph_packet *p = add(out, &in->p[i]);
        struct lay l;
        if (!lay_of(p, &l) || (how == MORPH_V6 && l.v6)) continue;
        uint8_t *f = room_for(out, p->cap + BEFORE);
        const unsigned type = l.v6 ? 0x86dd : 0x0800;
        const uint32_t wire = p->wire - l.ip;
        uint32_t at = 0, skip = l.ip;
        switch (how) {
        case MORPH_VLAN:
            at = ethernet(f, 0x8100);
            put16(f + at, 0x2064);
            put16(f + at + 2, type);
            at += 4;
            break;
        case MORPH_VXLAN: {
            static const uint8_t outer[] = {0x45, 0, 0,   0, 0, 0, 0,   0, 64, 17,
                                            0,    0, 192, 0, 2, 1, 192, 0, 2,  2};
            at = ethernet(f, 0x0800);
            memcpy(f + at, outer, sizeof outer);
            put16(f + at + 2, 20 + 8 + 8 + 14 + wire);
            put16(f + at + 4, (uint32_t)i);
            put16(f + at + 10, ~sum16(f + at, 20, 0));
            at += 20;
            put16(f + at, 49152);
            put16(f + at + 2, 4789);
            put16(f + at + 4, 8 + 8 + 14 + wire);
            put16(f + at + 6, 0);
            put32(f + at + 8, UINT32_C(0x08000000));
            put32(f + at + 12, 7 << 8);
            at += 16;
            at += ethernet(f + at, type);
            break;
        }
        case MORPH_V6:
            at = ethernet(f, 0x86dd);
            v6_header(p->data + l.ip, f + at, l.end - l.tcp);
            at += 40;
            skip = l.tcp;
            break;
        }
        memcpy(f + at, p->data + skip, p->cap - skip);
        if (how == MORPH_V6) {
            const struct lay six = {.ip = 14,
                                    .tcp = at,
                                    .data = at + l.data - l.tcp,
                                    .end = at + l.end - l.tcp,
                                    .v6 = true};
            seal(f, &six, whole(p, &l));
        }
        p->data = f;
        p->cap = at + p->cap - skip;
        p->wire = at + p->wire - skip;
        p->linktype = ETHERNET;
    }
}

static void renumber(struct morph *out, struct morph_packet *p)
{
    struct lay l;
    if (!lay_of(p, &l) || l.v6) return;
    uint8_t *bytes = room_for(out, p->cap);
    memcpy(bytes, p->data, p->cap);
    p->data = bytes;
    bytes[l.ip + 13] = bytes[l.ip + 17] = 200;
    seal(bytes, &l, p->cap >= l.end);
}

void morph_mix(const struct morph *in, const struct morph *noise, struct morph *out, unsigned most)
{
    for (size_t i = 0; i < in->n; i++)
        add(out, &in->p[i]);
    if (in->n == 0 || noise->n == 0) return;
    const aw_ns span = noise->p[noise->n - 1].ts - noise->p[0].ts + AW_MS;
    const aw_ns from = in->p[0].ts, to = in->p[in->n - 1].ts;
    for (unsigned k = 0; k < most; k++)
        for (size_t i = 0; i < noise->n; i++) {
            const aw_ns ts = from + noise->p[i].ts - noise->p[0].ts + (aw_ns)k * span;
            if (ts > to) break;
            struct morph_packet *p = add(out, &noise->p[i]);
            p->ts = ts;
            p->no = 0;
            renumber(out, p);
        }
    qsort(out->p, out->n, sizeof *out->p, by_time);
}
