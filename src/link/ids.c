/*
 * The ids of open connections and exchanges: a table with open addressing, up to four fifths full.
 * The keys are ordinals that this program gave, so spreading them needs no secret.
 */
#include "link/inside.h"

#include <string.h>

enum { FIRST_BITS = 6 };

void aw_ids_init(struct aw_ids *t, const struct aw_alloc *alloc)
{
    *t = (struct aw_ids){.alloc = alloc};
}

void aw_ids_fini(struct aw_ids *t)
{
    t->alloc->put(t->alloc->ctx, t->slot);
}

static size_t home(const struct aw_ids *t, uint64_t ord, uint32_t nth)
{
    const uint64_t odd = UINT64_C(0x9e3779b97f4a7c15);
    const uint64_t h = (ord ^ (uint64_t)nth << 40) * odd;
    return (size_t)((h ^ h >> 32) * odd >> t->shift);
}

struct aw_id *aw_ids_find(struct aw_ids *t, uint64_t ord, uint32_t nth)
{
    if (t->slot == NULL) return NULL;
    for (size_t i = home(t, ord, nth);; i = (i + 1) & t->mask) {
        struct aw_id *s = &t->slot[i];
        if (s->ord == 0) return NULL;
        if (s->ord == ord && s->nth == nth) return s;
    }
}

static struct aw_id *place(struct aw_ids *t, uint64_t ord, uint32_t nth)
{
    size_t i = home(t, ord, nth);
    while (t->slot[i].ord != 0)
        i = (i + 1) & t->mask;
    t->slot[i].ord = ord;
    t->slot[i].nth = nth;
    return &t->slot[i];
}

static bool grow(struct aw_ids *t)
{
    const size_t size = t->slot ? (t->mask + 1) * 2 : (size_t)1 << FIRST_BITS;
    struct aw_id *grown = t->alloc->get(t->alloc->ctx, size * sizeof *grown);
    if (grown == NULL) return false;
    memset(grown, 0, size * sizeof *grown);
    struct aw_ids next = {.alloc = t->alloc,
                          .slot = grown,
                          .mask = size - 1,
                          .count = t->count,
                          .shift = t->slot ? t->shift - 1 : 64 - FIRST_BITS};
    for (size_t i = 0; t->slot && i <= t->mask; i++)
        if (t->slot[i].ord != 0) *place(&next, t->slot[i].ord, t->slot[i].nth) = t->slot[i];
    t->alloc->put(t->alloc->ctx, t->slot);
    *t = next;
    return true;
}

struct aw_id *aw_ids_add(struct aw_ids *t, uint64_t ord, uint32_t nth)
{
    if ((t->slot == NULL || (t->count + 1) / 4 * 5 > t->mask + 1) && !grow(t)) return NULL;
    t->count++;
    struct aw_id *s = place(t, ord, nth);
    s->open = 0;
    s->same = 0;
    return s;
}

void aw_ids_remove(struct aw_ids *t, struct aw_id *slot)
{
    /* Move up those behind that would no longer be found. */
    size_t hole = (size_t)(slot - t->slot);
    for (size_t i = (hole + 1) & t->mask; t->slot[i].ord != 0; i = (i + 1) & t->mask) {
        const size_t from = home(t, t->slot[i].ord, t->slot[i].nth);
        if (((i - from) & t->mask) < ((i - hole) & t->mask)) continue;
        t->slot[hole] = t->slot[i];
        hole = i;
    }
    t->slot[hole] = (struct aw_id){.ord = 0};
    t->count--;
}
