/*
 * Finds the connection of a segment: a table of slots, open addressing with linear probing, no
 * tombstones. Knows nothing of what a connection is made of but its key.
 *
 * Cost: 20 to 40 bytes a connection. A slot has the hash, so that only the right connection is
 * touched; what is found lies one or two slots on from its home in the mean, four to a cache line.
 */
#include "flow/inside.h"

#include <string.h>

static size_t home_of(const struct aw_flow_table *t, uint64_t hash)
{
    return (size_t)(hash >> 2) & t->mask;
}

static uint64_t differ(const uint8_t *a, const uint8_t *b)
{
    uint64_t x[2], y[2];
    memcpy(x, a, sizeof x);
    memcpy(y, b, sizeof y);
    return (x[0] ^ y[0]) | (x[1] ^ y[1]);
}

__attribute__((noinline)) static bool is_of_v6(const struct aw_flow *f,
                                               const struct aw_segment *seg, unsigned *side)
{
    unsigned from = seg->sport != f->port[0];
    if (f->port[0] == f->port[1]) from = differ(seg->src.b, f->v6[0]) != 0;
    *side = from;
    return seg->sport == f->port[from] && seg->dport == f->port[!from] &&
           (differ(seg->src.b, f->v6[from]) | differ(seg->dst.b, f->v6[!from])) == 0;
}

static uint64_t end_v4(const uint8_t *addr, uint16_t port)
{
    uint32_t a;
    memcpy(&a, addr, sizeof a);
    return (uint64_t)a << 16 | port;
}

/* Whether the segment is of this pair of ends, and which of them sent it. Addresses of IPv4 lie in
 * the first four bytes. */
static bool is_of(const struct aw_flow *f, const struct aw_segment *seg, unsigned *side)
{
    const bool v6 = (f->flags & AW_FLOW_V6) != 0;
    if (v6 != seg->src.v6) return false;
    if (v6) return is_of_v6(f, seg, side);
    const uint64_t src = end_v4(seg->src.b, seg->sport), dst = end_v4(seg->dst.b, seg->dport);
    const uint64_t end0 = end_v4(f->v4[0], f->port[0]), end1 = end_v4(f->v4[1], f->port[1]);
    *side = src != end0;
    return *side ? src == end1 && dst == end0 : dst == end1;
}

struct aw_flow *aw_slot_find(const struct aw_flow_table *t, const struct aw_segment *seg,
                             uint64_t hash, unsigned *side)
{
    for (size_t i = home_of(t, hash);; i = (i + 1) & t->mask) {
        const struct aw_slot *s = &t->slots[i];
        if (!s->flow) return NULL;
        if (s->hash == hash && is_of(s->flow, seg, side)) return s->flow;
    }
}

static void put_slot(struct aw_slot *slots, size_t mask, const struct aw_slot *slot)
{
    size_t i = (size_t)(slot->hash >> 2) & mask;
    while (slots[i].flow)
        i = (i + 1) & mask;
    slots[i] = *slot;
}

void aw_slot_put(struct aw_flow_table *t, struct aw_flow *f, uint64_t hash)
{
    put_slot(t->slots, t->mask, &(struct aw_slot){.hash = hash, .flow = f});
    t->filled++;
}

void aw_slot_remove(struct aw_flow_table *t, const struct aw_flow *f, uint64_t hash)
{
    size_t hole = home_of(t, hash);
    while (t->slots[hole].flow != f)
        hole = (hole + 1) & t->mask;
    /* Move back what a search would now miss. */
    for (size_t i = (hole + 1) & t->mask; t->slots[i].flow; i = (i + 1) & t->mask) {
        const size_t home = home_of(t, t->slots[i].hash);
        if (((i - home) & t->mask) < ((i - hole) & t->mask)) continue;
        t->slots[hole] = t->slots[i];
        hole = i;
    }
    t->slots[hole].flow = NULL;
    t->filled--;
}

bool aw_slots_resize(struct aw_flow_table *t, size_t count)
{
    struct aw_slot *slots = aw_pool_get(t->pool, count * sizeof *slots);
    if (!slots) return false;
    memset(slots, 0, count * sizeof *slots);
    for (size_t i = 0; t->slots && i <= t->mask; i++)
        if (t->slots[i].flow) put_slot(slots, count - 1, &t->slots[i]);
    aw_pool_put(t->pool, t->slots, (t->mask + 1) * sizeof *slots);
    t->slots = slots;
    t->mask = count - 1;
    return true;
}

bool aw_slot_reserve(struct aw_flow_table *t)
{
    const size_t count = t->mask + 1;
    if (t->filled + 1 <= count / 5 * 4 || aw_slots_resize(t, count * 2)) return true;
    /* It cannot grow, and searches would become long. */
    while (t->filled + 1 > count / 8 * 7)
        if (!aw_flow_evict_one(t)) return false;
    return true;
}

void aw_flow_prefetch(const struct aw_flow_table *t, const struct aw_segment *seg, uint64_t hash)
{
    __builtin_prefetch(&t->slots[home_of(t, hash)]);
    if (seg->flags & AW_TCP_SYN) aw_grave_prefetch(t, hash);
}

void aw_flow_prefetch_flow(const struct aw_flow_table *t, uint64_t hash)
{
    const struct aw_slot *s = &t->slots[home_of(t, hash)];
    if (!s->flow || s->hash != hash) return;
    const char *f = (const char *)s->flow;
    for (size_t at = 0; at < sizeof(struct aw_flow); at += 64)
        __builtin_prefetch(f + at, 1);
}
