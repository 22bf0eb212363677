/*
 * Deadlines, earliest first, in heaps of four children a node (a node's children share a cache
 * line). A connection's activity does not move it: its entry holds a time at which to look again,
 * never later than the true deadline, so that a packet costs nothing here.
 */
#include "flow/inside.h"

#include <string.h>

static uint32_t *place(struct aw_flow *f, enum aw_heap_id id)
{
    return id == AW_HEAP_GRACE ? &f->grace_at : &f->heap_at;
}

/* Equal deadlines go by first packet, so that the order does not depend on the heap's history. */
static bool before(const struct aw_due *a, const struct aw_due *b)
{
    return a->key != b->key ? a->key < b->key : a->flow->ord < b->flow->ord;
}

static void put(struct aw_heap *h, enum aw_heap_id id, uint32_t i, struct aw_due e)
{
    h->at[i] = e;
    *place(e.flow, id) = i;
}

static void sift_up(struct aw_heap *h, enum aw_heap_id id, uint32_t i)
{
    const struct aw_due e = h->at[i];
    while (i > 0) {
        const uint32_t parent = (i - 1) / 4;
        if (!before(&e, &h->at[parent])) break;
        put(h, id, i, h->at[parent]);
        i = parent;
    }
    put(h, id, i, e);
}

static void sift_down(struct aw_heap *h, enum aw_heap_id id, uint32_t i)
{
    const struct aw_due e = h->at[i];
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
    put(h, id, i, e);
}

bool aw_heap_add(struct aw_flow_table *t, enum aw_heap_id id, struct aw_flow *f, aw_ns key)
{
    struct aw_heap *h = &t->heap[id];
    if (h->count == h->cap) {
        if (h->cap > UINT32_MAX / 4) return false;
        const uint32_t cap = h->cap ? h->cap * 2 : 16;
        struct aw_due *at = aw_pool_resize(t->pool, h->at, h->cap * sizeof *at, cap * sizeof *at);
        if (!at) return false;
        h->at = at;
        h->cap = cap;
    }
    h->at[h->count] = (struct aw_due){.key = key, .flow = f};
    sift_up(h, id, h->count++);
    if (key < t->next_due) t->next_due = key;
    return true;
}

void aw_heap_remove(struct aw_flow_table *t, enum aw_heap_id id, struct aw_flow *f)
{
    struct aw_heap *h = &t->heap[id];
    const uint32_t i = *place(f, id);
    if (i == AW_NOT_IN_HEAP) return;
    *place(f, id) = AW_NOT_IN_HEAP;
    if (i == --h->count) return;
    put(h, id, i, h->at[h->count]);
    sift_up(h, id, i);
    sift_down(h, id, *place(h->at[i].flow, id));
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

void aw_heap_sort(struct aw_flow_table *t, enum aw_heap_id id)
{
    struct aw_heap *h = &t->heap[id];
    for (uint32_t i = 0; i < h->count; i++)
        h->at[i].key = aw_flow_deadline(h->at[i].flow);
    for (uint32_t i = h->count; i-- > 0;)
        sift_down(h, id, i);
}

enum aw_heap_id aw_heap_earliest(const struct aw_flow_table *t)
{
    enum aw_heap_id best = AW_HEAPS;
    for (unsigned id = 0; id < AW_HEAPS; id++) {
        if (t->heap[id].count == 0) continue;
        if (best == AW_HEAPS || before(&t->heap[id].at[0], &t->heap[best].at[0]))
            best = (enum aw_heap_id)id;
    }
    return best;
}

void aw_heap_free(struct aw_flow_table *t, struct aw_heap *h)
{
    aw_pool_put(t->pool, h->at, h->cap * sizeof *h->at);
    *h = (struct aw_heap){0};
}
