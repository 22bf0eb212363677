/*
 * Deadlines, earliest first, in heaps of four children a node (a node's children share a cache
 * line). A connection's activity does not move it: its entry holds a time at which to look again,
 * never later than the true deadline, so that a packet costs nothing here. Nor does a connection
 * that ends before its deadline move others: its entry is struck out, and swept away when the heap
 * is full or it comes to the top. When the input is over those of connections become lists by first
 * packet.
 */
#include "flow/inside.h"

#include <string.h>

static uint32_t *place(struct aw_flow *f, enum aw_heap_id id)
{
    return id == AW_HEAP_GRACE ? &f->more->grace_at : &f->heap_at;
}

static uint64_t ord_of(const struct aw_due *e)
{
    return e->flow ? e->flow->ord : 0;
}

/* Equal deadlines go by first packet, so that the order does not depend on the heap's history. */
static bool before(const struct aw_due *a, const struct aw_due *b)
{
    return a->key != b->key ? a->key < b->key : ord_of(a) < ord_of(b);
}

static void put(struct aw_heap *h, enum aw_heap_id id, uint32_t i, struct aw_due e)
{
    h->at[i] = e;
    if (e.flow) *place(e.flow, id) = i;
}

static void sift_up(struct aw_heap *h, enum aw_heap_id id, uint32_t from)
{
    const struct aw_due e = h->at[from];
    uint32_t i = from;
    while (i > 0) {
        const uint32_t parent = (i - 1) / 4;
        if (!before(&e, &h->at[parent])) break;
        put(h, id, i, h->at[parent]);
        i = parent;
    }
    if (i != from) put(h, id, i, e);
}

static void sift_down(struct aw_heap *h, enum aw_heap_id id, uint32_t from)
{
    const struct aw_due e = h->at[from];
    uint32_t i = from;
    for (;;) {
        const size_t child = (size_t)i * 4 + 1;
        if (child >= h->count) break;
        const size_t end = child + 4 < h->count ? child + 4 : h->count;
        size_t least = child;
        for (size_t c = child + 1; c < end; c++)
            if (before(&h->at[c], &h->at[least])) least = c;
        if (!before(&h->at[least], &e)) break;
        put(h, id, i, h->at[least]);
        i = (uint32_t)least;
    }
    if (i != from) put(h, id, i, e);
}

/* Makes a heap of entries in any order. */
static void order(struct aw_heap *h, enum aw_heap_id id)
{
    for (uint32_t i = h->count / 4 + 1; i-- > 0;)
        if (i < h->count) sift_down(h, id, i);
}

/* Drops what was struck out; what is left may be in any order. */
static void sweep(struct aw_heap *h, enum aw_heap_id id)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < h->count; i++) {
        if (!h->at[i].flow) continue;
        if (kept != i) put(h, id, kept, h->at[i]);
        kept++;
    }
    h->count = kept;
    h->removed = 0;
}

static bool grow(struct aw_flow_table *t, struct aw_heap *h)
{
    if (h->cap > UINT32_MAX / 4) return false;
    const uint32_t cap = h->cap ? h->cap * 2 : 16;
    struct aw_due *at = aw_pool_resize(t->pool, h->at, h->cap * sizeof *at, cap * sizeof *at);
    if (!at) return false;
    h->at = at;
    h->cap = cap;
    return true;
}

bool aw_heap_add(struct aw_flow_table *t, enum aw_heap_id id, struct aw_flow *f, aw_ns key)
{
    struct aw_heap *h = &t->heap[id];
    if (h->count == h->cap && (h->removed >= h->cap / 2 || !grow(t, h))) {
        sweep(h, id);
        order(h, id);
    }
    if (h->count == h->cap && !grow(t, h)) return false;
    put(h, id, h->count, (struct aw_due){.key = key, .flow = f});
    sift_up(h, id, h->count++);
    if (key < t->next_due) t->next_due = key;
    return true;
}

void aw_heap_remove(struct aw_flow_table *t, enum aw_heap_id id, struct aw_flow *f)
{
    struct aw_heap *h = &t->heap[id];
    if (id == AW_HEAP_GRACE && !f->more) return; /* it never waited for anything */
    uint32_t *at = place(f, id);
    if (*at == AW_NOT_IN_HEAP) return;
    h->at[*at].flow = NULL;
    *at = AW_NOT_IN_HEAP;
    h->removed++;
}

void aw_heap_rekey(struct aw_flow_table *t, enum aw_heap_id id, struct aw_flow *f, aw_ns key)
{
    struct aw_heap *h = &t->heap[id];
    const uint32_t i = *place(f, id);
    const bool up = key < h->at[i].key;
    h->at[i].key = key;
    if (up)
        sift_up(h, id, i);
    else
        sift_down(h, id, i);
    if (key < t->next_due) t->next_due = key;
}

/* --- the end: a list --- */

/* As sift_down, of the first `count`, by key alone and without the connections. */
static void sink(struct aw_due *at, size_t count, size_t from)
{
    const struct aw_due e = at[from];
    size_t i = from, child;
    while ((child = i * 4 + 1) < count) {
        const size_t end = child + 4 < count ? child + 4 : count;
        size_t least = child;
        for (size_t c = child + 1; c < end; c++)
            if (at[c].key < at[least].key) least = c;
        if (at[least].key >= e.key) break;
        at[i] = at[least];
        i = least;
    }
    at[i] = e;
}

/* In place: there may be no memory left. Most often they are in order. */
static void sort(struct aw_due *at, size_t count)
{
    size_t sorted = 1;
    while (sorted < count && at[sorted - 1].key <= at[sorted].key)
        sorted++;
    if (sorted >= count) return;
    for (size_t i = count / 4 + 1; i-- > 0;)
        if (i < count) sink(at, count, i);
    for (size_t n = count - 1; n > 0; n--) { /* the least of what is left to the end */
        const struct aw_due least = at[0];
        at[0] = at[n];
        at[n] = least;
        sink(at, n, 0);
    }
    for (size_t i = 0, k = count - 1; i < k; i++, k--) {
        const struct aw_due e = at[i];
        at[i] = at[k];
        at[k] = e;
    }
}

void aw_heap_list(struct aw_flow_table *t, enum aw_heap_id id)
{
    struct aw_heap *h = &t->heap[id];
    sweep(h, id);
    for (uint32_t i = 0; i < h->count; i++)
        h->at[i].key = aw_flow_deadline(h->at[i].flow);
    sort(h->at, h->count);
    for (uint32_t i = 0; i < h->count; i++)
        put(h, id, i, h->at[i]);
}

static const struct aw_due *top_of_list(struct aw_heap *h)
{
    while (h->taken < h->count && !h->at[h->taken].flow)
        h->taken++;
    return h->taken < h->count ? &h->at[h->taken] : NULL;
}

const struct aw_due *aw_heap_top(struct aw_flow_table *t, enum aw_heap_id id)
{
    struct aw_heap *h = &t->heap[id];
    if (t->finishing && id != AW_HEAP_GRACE) return top_of_list(h);
    while (h->count > 0 && !h->at[0].flow) {
        h->removed--;
        if (--h->count == 0) break;
        put(h, id, 0, h->at[h->count]);
        sift_down(h, id, 0);
    }
    return h->count > 0 ? &h->at[0] : NULL;
}

enum aw_heap_id aw_heap_earliest(struct aw_flow_table *t)
{
    enum aw_heap_id best = AW_HEAPS;
    const struct aw_due *first = NULL;
    for (unsigned id = 0; id < AW_HEAPS; id++) {
        const struct aw_due *top = aw_heap_top(t, (enum aw_heap_id)id);
        if (!top || (first && !before(top, first))) continue;
        best = (enum aw_heap_id)id;
        first = top;
    }
    return best;
}

void aw_heap_free(struct aw_flow_table *t, struct aw_heap *h)
{
    aw_pool_put(t->pool, h->at, h->cap * sizeof *h->at);
    *h = (struct aw_heap){0};
}
