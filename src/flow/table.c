/*
 * Finds the connection of a segment: a table of slots, open addressing with linear probing, no
 * tombstones in the sense of that trade. A slot holds a connection or the grave of one: for a few
 * seconds after its end its last acknowledgements and repeated FINs must not look like a new
 * connection. Graves take no more than their slot and a place in the queue of those to clear.
 * Knows nothing of what a connection is made of but its key.
 */
#include "flow/inside.h"

#include <string.h>

#define LINGER (5 * AW_SEC)
enum {
    GRAVES_MIN = 64,
    GRAVES_SHARE = 512,   /* bytes of the budget for each: with its slot it takes up to 48 */
    GRAVE_TIME_SHIFT = 26 /* its time is in units of 2^26 ns, 67 ms, wrapping after nine years */
};

static uint64_t tag_of(uint64_t hash, enum aw_slot_kind kind)
{
    return (hash & ~(uint64_t)AW_SLOT_KIND) | (uint64_t)kind;
}

static enum aw_slot_kind kind_of(const struct aw_slot *s)
{
    return (enum aw_slot_kind)(s->tag & AW_SLOT_KIND);
}

static size_t home_of(const struct aw_flow_table *t, uint64_t hash)
{
    return (size_t)(hash >> AW_SLOT_KIND_BITS) & t->mask;
}

static uint64_t differ(const uint8_t *a, const uint8_t *b)
{
    uint64_t x[2], y[2];
    memcpy(x, a, sizeof x);
    memcpy(y, b, sizeof y);
    return (x[0] ^ y[0]) | (x[1] ^ y[1]);
}

/* Whether both ends' addresses are equal. Those of IPv4 lie in the first four bytes. */
static bool same_ends(const struct aw_segment *seg, const uint8_t *from, const uint8_t *to)
{
    if (seg->src.v6) return (differ(seg->src.b, from) | differ(seg->dst.b, to)) == 0;
    return memcmp(seg->src.b, from, 4) == 0 && memcmp(seg->dst.b, to, 4) == 0;
}

/* Whether the segment is of this pair of ends, and which of them sent it. */
static bool is_key(const struct aw_key *k, const struct aw_segment *seg, unsigned *side)
{
    if (k->v6 != seg->src.v6) return false;
    unsigned from = seg->sport != k->port[0];
    if (k->port[0] == k->port[1]) from = differ(seg->src.b, k->addr[0]) != 0;
    *side = from;
    return seg->sport == k->port[from] && seg->dport == k->port[!from] &&
           same_ends(seg, k->addr[from], k->addr[!from]);
}

struct aw_slot *aw_slot_find(const struct aw_flow_table *t, const struct aw_segment *seg,
                             uint64_t hash, unsigned *side)
{
    const uint64_t bare = tag_of(hash, AW_SLOT_FREE);
    struct aw_slot *buried = NULL;
    for (size_t i = home_of(t, hash);; i = (i + 1) & t->mask) {
        struct aw_slot *s = &t->slots[i];
        const uint64_t kind = s->tag ^ bare; /* where it is of this hash */
        if (kind == AW_SLOT_FLOW && is_key(&s->flow->key, seg, side)) return s;
        if (s->tag == AW_SLOT_FREE) return buried;
        if (kind == AW_SLOT_GRAVE) buried = s; /* so many bits of a keyed hash are as good as it */
    }
}

/* Where this tag is, or the free slot where it would be put. */
static struct aw_slot *seek(const struct aw_flow_table *t, uint64_t tag, const struct aw_flow *f)
{
    size_t i = home_of(t, tag);
    while (kind_of(&t->slots[i]) != AW_SLOT_FREE &&
           (t->slots[i].tag != tag || (f && t->slots[i].flow != f)))
        i = (i + 1) & t->mask;
    return &t->slots[i];
}

static void put_slot(struct aw_slot *slots, size_t mask, const struct aw_slot *slot)
{
    size_t i = (size_t)(slot->tag >> AW_SLOT_KIND_BITS) & mask;
    while (kind_of(&slots[i]) != AW_SLOT_FREE)
        i = (i + 1) & mask;
    slots[i] = *slot;
}

void aw_slot_put(struct aw_flow_table *t, struct aw_flow *f)
{
    put_slot(t->slots, t->mask, &(struct aw_slot){.tag = tag_of(f->hash, AW_SLOT_FLOW), .flow = f});
    t->filled++;
}

void aw_slot_clear(struct aw_flow_table *t, struct aw_slot *s)
{
    size_t hole = (size_t)(s - t->slots);
    /* Move back what a search would now miss. */
    for (size_t i = (hole + 1) & t->mask; kind_of(&t->slots[i]) != AW_SLOT_FREE;
         i = (i + 1) & t->mask) {
        const size_t home = home_of(t, t->slots[i].tag);
        if (((i - home) & t->mask) < ((i - hole) & t->mask)) continue;
        t->slots[hole] = t->slots[i];
        hole = i;
    }
    t->slots[hole].tag = AW_SLOT_FREE;
    t->filled--;
}

void aw_slot_remove(struct aw_flow_table *t, const struct aw_flow *f)
{
    aw_slot_clear(t, seek(t, tag_of(f->hash, AW_SLOT_FLOW), f));
}

bool aw_slots_resize(struct aw_flow_table *t, size_t count)
{
    struct aw_slot *slots = aw_pool_get(t->pool, count * sizeof *slots);
    if (!slots) return false;
    memset(slots, 0, count * sizeof *slots);
    for (size_t i = 0; t->slots && i <= t->mask; i++)
        if (kind_of(&t->slots[i]) != AW_SLOT_FREE) put_slot(slots, count - 1, &t->slots[i]);
    aw_pool_put(t->pool, t->slots, (t->mask + 1) * sizeof *slots);
    t->slots = slots;
    t->mask = count - 1;
    return true;
}

/* --- graves --- */

/* Clears the oldest, unless stray packets came since: then it waits once more. */
static void clear_oldest(struct aw_flow_table *t, bool strays_count)
{
    struct aw_graves *g = &t->graves;
    const struct aw_grave_due oldest = g->at[g->head & (g->cap - 1)];
    g->head++;
    g->count--;
    struct aw_slot *s = seek(t, tag_of(oldest.hash, AW_SLOT_GRAVE), NULL);
    if (kind_of(s) == AW_SLOT_FREE) return; /* a new connection took the slot */
    const uint32_t age = (uint32_t)(t->now >> GRAVE_TIME_SHIFT) - s->grave.when;
    if (strays_count && age < (uint32_t)(LINGER >> GRAVE_TIME_SHIFT)) {
        g->at[(g->head + g->count++) & (g->cap - 1)] =
            (struct aw_grave_due){.hash = oldest.hash, .when = t->now};
        return;
    }
    aw_slot_clear(t, s);
}

static bool graves_grow(struct aw_flow_table *t)
{
    struct aw_graves *g = &t->graves;
    const uint32_t cap = g->cap ? g->cap * 2 : GRAVES_MIN;
    if (cap > UINT32_MAX / 4 || cap > aw_pool_budget(t->pool) / GRAVES_SHARE) return false;
    struct aw_grave_due *at = aw_pool_get(t->pool, cap * sizeof *at);
    if (!at) return false;
    for (uint32_t i = 0; i < g->count; i++)
        at[i] = g->at[(g->head + i) & (g->cap - 1)];
    aw_pool_put(t->pool, g->at, g->cap * sizeof *at);
    *g = (struct aw_graves){.at = at, .count = g->count, .cap = cap};
    return true;
}

void aw_grave_dig(struct aw_flow_table *t, const struct aw_flow *f)
{
    struct aw_graves *g = &t->graves;
    if (g->count == g->cap && !graves_grow(t) && g->count > 0) clear_oldest(t, false);
    struct aw_slot *s = seek(t, tag_of(f->hash, AW_SLOT_FLOW), f);
    if (g->count == g->cap) { /* no room for a single one */
        aw_slot_clear(t, s);
        return;
    }
    const struct aw_half *h = &f->half[f->client];
    s->tag = tag_of(f->hash, AW_SLOT_GRAVE);
    s->grave = (struct aw_grave){
        .client_base = h->flags & AW_HALF_KNOWN ? h->base_seq : 0,
        .when = (uint32_t)(t->now >> GRAVE_TIME_SHIFT),
    };
    g->at[(g->head + g->count++) & (g->cap - 1)] =
        (struct aw_grave_due){.hash = f->hash, .when = t->now};
    const aw_ns due = aw_later(t->now, LINGER);
    if (due < t->next_due) t->next_due = due;
}

bool aw_grave_stray(struct aw_flow_table *t, struct aw_slot *s, const struct aw_segment *seg)
{
    if ((seg->flags & AW_TCP_SYN) && !(seg->flags & AW_TCP_RST)) {
        const uint32_t base = seg->flags & AW_TCP_ACK ? seg->ack : seg->seq + 1;
        if (base != s->grave.client_base) return false;
    }
    s->grave.when = (uint32_t)(t->now >> GRAVE_TIME_SHIFT);
    return true;
}

aw_ns aw_graves_clear(struct aw_flow_table *t)
{
    const struct aw_graves *g = &t->graves;
    while (g->count > 0) {
        const aw_ns due = aw_later(g->at[g->head & (g->cap - 1)].when, LINGER);
        if (due > t->now) return due;
        clear_oldest(t, true);
    }
    return INT64_MAX;
}

bool aw_slot_reserve(struct aw_flow_table *t)
{
    const size_t count = t->mask + 1;
    if (t->filled + 1 <= count / 4 * 3 || aw_slots_resize(t, count * 2)) return true;
    /* It cannot grow, and searches would become long. */
    while (t->filled + 1 > count / 8 * 7) {
        if (t->graves.count > 0)
            clear_oldest(t, false);
        else if (!aw_flow_evict_one(t))
            return false;
    }
    return true;
}

void aw_flow_prefetch(const struct aw_flow_table *t, uint64_t hash)
{
    __builtin_prefetch(&t->slots[home_of(t, hash)]);
}

void aw_flow_prefetch_flow(const struct aw_flow_table *t, uint64_t hash)
{
    const struct aw_slot *s = &t->slots[home_of(t, hash)];
    if (s->tag != tag_of(hash, AW_SLOT_FLOW)) return;
    const char *f = (const char *)s->flow;
    for (size_t at = 0; at < sizeof(struct aw_flow); at += 64)
        __builtin_prefetch(f + at, 1);
}
