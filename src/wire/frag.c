/*
 * Fragments, put together (RFC 791, 3.2; RFC 815; RFC 8200, 4.5; RFC 5722). A datagram whose pieces
 * overlap and disagree is dropped as a whole, its later pieces too: there is no telling which bytes
 * the receiver took. Pieces that overlap and agree are retransmissions or copies and do no harm.
 * Knows byte ranges and keys; must not know what a datagram carries.
 */
#include "wire/frag.h"

#include <string.h>

enum {
    PIECES_MAX = 256, /* a datagram of 64 KiB over links of 296 bytes MTU still fits */
    CHAIN_MAX = 32,   /* datagrams a bucket: chosen collisions lose their own, and cost little */
    DATAGRAM_MAX = 65535,
};
static const uint64_t TIME_MAX = 30 * (uint64_t)AW_SEC;

struct piece {
    struct piece *next;
    uint32_t off, len, cap; /* cap: bytes kept, the first of len */
    uint8_t bytes[];
};

struct aw_frag_group {
    struct aw_frag_group *chain;         /* of the bucket */
    struct aw_frag_group *older, *newer; /* by first piece */
    struct aw_frag_key key;
    aw_ns first;                 /* time of the first piece */
    struct piece *pieces, *tail; /* owned; by offset, without overlap */
    uint32_t total;              /* bytes in all; 0 = the last piece is still to come */
    uint32_t have;               /* bytes present, cut ones counted */
    uint32_t packets;            /* that are counted as held for this datagram */
    unsigned count;              /* of pieces */
    uint8_t protocol;            /* from the piece at offset 0 */
    bool bad;                    /* stays as a mark, so that later pieces are dropped */
};

static unsigned bucket_of(const struct aw_frag_key *key)
{
    uint64_t word[sizeof *key / 8], h = 0;
    _Static_assert(sizeof *key % 8 == 0, "the key is hashed in words of 8 bytes");
    memcpy(word, key, sizeof word);
    for (size_t i = 0; i < sizeof word / sizeof *word; i++) {
        h = (h ^ word[i]) * UINT64_C(0x9e3779b97f4a7c15);
        h ^= h >> 32;
    }
    return (unsigned)(h % AW_FRAG_BUCKETS);
}

static void free_pieces(struct aw_frags *f, struct aw_frag_group *g)
{
    while (g->pieces) {
        struct piece *next = g->pieces->next;
        f->used -= sizeof *g->pieces + g->pieces->cap;
        f->alloc->put(f->alloc->ctx, g->pieces);
        g->pieces = next;
    }
    g->tail = NULL;
    g->count = 0;
}

static void free_group(struct aw_frags *f, struct aw_frag_group *g)
{
    free_pieces(f, g);
    struct aw_frag_group **link = &f->bucket[bucket_of(&g->key)];
    while (*link != g)
        link = &(*link)->chain;
    *link = g->chain;
    *(g->older ? &g->older->newer : &f->oldest) = g->newer;
    *(g->newer ? &g->newer->older : &f->newest) = g->older;
    f->used -= sizeof *g;
    f->alloc->put(f->alloc->ctx, g);
}

static void let_go(struct aw_frags *f, struct aw_frag_group *g)
{
    *f->held -= g->packets;
    *f->lost += g->packets;
    free_group(f, g);
}

/* Drops what the datagram holds and keeps the mark. */
static enum aw_frag_result spoil(struct aw_frags *f, struct aw_frag_group *g)
{
    free_pieces(f, g);
    *f->held -= g->packets;
    *f->bad += g->packets;
    g->packets = 0;
    g->bad = true;
    return AW_FRAG_BAD;
}

/* A clock that steps back by more than the limit is another time as well. */
static bool expired(const struct aw_frag_group *g, aw_ns now)
{
    const uint64_t a = (uint64_t)now, b = (uint64_t)g->first;
    return (now > g->first ? a - b : b - a) > TIME_MAX;
}

static struct aw_frag_group *find(struct aw_frags *f, const struct aw_frag_key *key, aw_ns now)
{
    unsigned length = 0;
    struct aw_frag_group *last = NULL;
    for (struct aw_frag_group *g = f->bucket[bucket_of(key)]; g; g = g->chain) {
        if (memcmp(&g->key, key, sizeof *key) == 0) {
            if (!expired(g, now)) return g;
            let_go(f, g);
            return NULL;
        }
        last = g;
        length++;
    }
    if (length >= CHAIN_MAX) let_go(f, last); /* new ones go in front: the last is the oldest */
    return NULL;
}

/* Takes `size` bytes out of the budget, letting the oldest go. `keep` is the datagram that asks;
 * when its turn has come the answer is false, and it is for the caller to let it go. */
static bool make_room(struct aw_frags *f, size_t size, const struct aw_frag_group *keep)
{
    if (size > f->budget) return false;
    while (f->used > f->budget - size) {
        if (f->oldest == keep) return false;
        let_go(f, f->oldest);
    }
    return true;
}

static struct aw_frag_group *new_group(struct aw_frags *f, const struct aw_frag_key *key, aw_ns now)
{
    struct aw_frag_group *g = NULL;
    if (make_room(f, sizeof *g, NULL)) g = f->alloc->get(f->alloc->ctx, sizeof *g);
    if (!g) return NULL;
    struct aw_frag_group **bucket = &f->bucket[bucket_of(key)];
    *g = (struct aw_frag_group){.chain = *bucket, .older = f->newest, .key = *key, .first = now};
    *bucket = g;
    *(f->newest ? &f->newest->newer : &f->oldest) = g;
    f->newest = g;
    f->used += sizeof *g;
    return g;
}

/* Bytes [at, end) of `in` become a piece of its own behind `*link`. */
static enum aw_frag_result add_piece(struct aw_frags *f, struct aw_frag_group *g,
                                     struct piece **link, const struct aw_frag *in, uint32_t at,
                                     uint32_t end)
{
    if (g->count >= PIECES_MAX) return AW_FRAG_BAD;
    const uint32_t skip = at - in->off, len = end - at;
    size_t cap = in->p.len > skip ? in->p.len - skip : 0;
    if (cap > len) cap = len;
    struct piece *p = NULL;
    if (make_room(f, sizeof *p + cap, g)) p = f->alloc->get(f->alloc->ctx, sizeof *p + cap);
    if (!p) return AW_FRAG_LOST;
    *p = (struct piece){.next = *link, .off = at, .len = len, .cap = (uint32_t)cap};
    if (cap) memcpy(p->bytes, in->p.p + skip, cap);
    if (!p->next) g->tail = p;
    *link = p;
    f->used += sizeof *p + cap;
    g->have += len;
    g->count++;
    return AW_FRAG_HELD;
}

/* Whether the bytes both have in [at, end) are the same, as far as they were captured. */
static bool agrees(const struct piece *p, const struct aw_frag *in, uint32_t at, uint32_t end)
{
    const size_t a = at - p->off, b = at - in->off;
    size_t n = end - at;
    if (p->cap < a + n) n = p->cap > a ? p->cap - a : 0;
    if (in->p.len < b + n) n = in->p.len > b ? in->p.len - b : 0;
    return n == 0 || memcmp(p->bytes + a, in->p.p + b, n) == 0;
}

/* Puts in what is not there yet; compares what is. */
static enum aw_frag_result insert(struct aw_frags *f, struct aw_frag_group *g,
                                  const struct aw_frag *in)
{
    const uint32_t end = in->off + in->len;
    uint32_t at = in->off;
    struct piece **link = &g->pieces;
    if (g->tail && g->tail->off + g->tail->len <= at) link = &g->tail->next; /* in order */
    while (at < end) {
        while (*link && (*link)->off + (*link)->len <= at)
            link = &(*link)->next;
        const struct piece *p = *link;
        uint32_t stop = end;
        if (p && p->off <= at) {
            if (p->off + p->len < stop) stop = p->off + p->len;
            if (!agrees(p, in, at, stop)) return AW_FRAG_BAD;
        } else {
            if (p && p->off < stop) stop = p->off;
            const enum aw_frag_result r = add_piece(f, g, link, in, at, stop);
            if (r != AW_FRAG_HELD) return r;
        }
        at = stop;
    }
    return AW_FRAG_HELD;
}

static bool join(const struct aw_frag_group *g, struct aw_arena *arena, struct aw_frag_whole *whole)
{
    uint8_t *to = aw_arena_get(arena, g->total);
    if (!to) return false;
    size_t len = 0;
    for (const struct piece *p = g->pieces; p; p = p->next) {
        memcpy(to + len, p->bytes, p->cap);
        len += p->cap;
        if (p->cap < p->len) break; /* what comes behind the missing bytes has no place */
    }
    *whole = (struct aw_frag_whole){{to, len}, g->total, g->protocol};
    return true;
}

enum aw_frag_result aw_frags_push(struct aw_frags *f, const struct aw_frag_key *key,
                                  const struct aw_frag *in, struct aw_arena *arena,
                                  struct aw_frag_whole *whole)
{
    while (f->oldest && expired(f->oldest, in->ts))
        let_go(f, f->oldest);
    /* A piece that cannot be true in itself says nothing about the datagram it claims. */
    if (in->len == 0 || (in->more && in->len % 8 != 0) || in->len > DATAGRAM_MAX ||
        in->off > DATAGRAM_MAX - in->len)
        return AW_FRAG_BAD;

    struct aw_frag_group *g = find(f, key, in->ts);
    if (!g) g = new_group(f, key, in->ts);
    if (!g) return AW_FRAG_LOST;
    if (g->bad) return AW_FRAG_BAD;

    const uint32_t end = in->off + in->len;
    const uint32_t high = g->tail ? g->tail->off + g->tail->len : 0;
    if (g->total != 0 && (end > g->total || (!in->more && end != g->total))) return spoil(f, g);
    if (!in->more) {
        if (high > end) return spoil(f, g);
        g->total = end;
    }
    if (in->off == 0) g->protocol = in->protocol;

    const enum aw_frag_result r = insert(f, g, in);
    if (r == AW_FRAG_BAD) return spoil(f, g);
    if (r == AW_FRAG_LOST || (g->have == g->total && !join(g, arena, whole))) {
        let_go(f, g);
        return AW_FRAG_LOST;
    }
    if (g->have == g->total) {
        free_group(f, g);
        return AW_FRAG_WHOLE;
    }
    g->packets++;
    return AW_FRAG_HELD;
}

void aw_frags_end(struct aw_frags *f)
{
    while (f->oldest)
        let_go(f, f->oldest);
}

void aw_frags_fini(struct aw_frags *f)
{
    while (f->oldest)
        free_group(f, f->oldest);
}
