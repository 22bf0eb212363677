/*
 * The ids of open connections and exchanges: tables with open addressing, up to four fifths full.
 * The keys are ordinals that this program gave, so spreading them needs no secret.
 *
 * Cost: 20 to 40 bytes a connection, and 50 to 100 an exchange while it is open.
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

/*
 * What both tables have in common, in terms of the size of a slot, which tells its kind: a constant
 * wherever these are called, and so they cost as little as if they were written for each.
 */

enum { CONN = sizeof(struct aw_conn_id), OPEN = sizeof(struct aw_open_id) };

/* Both kinds begin with it. */
static inline uint64_t ord_of(const void *slot)
{
    return *(const uint64_t *)slot;
}

static inline uint32_t nth_of(const void *slot, size_t size)
{
    return size == OPEN ? ((const struct aw_open_id *)slot)->nth : 0;
}

static inline void *at(const struct aw_ids *t, size_t i, size_t size)
{
    return t->slot + i * size;
}

static inline size_t home(const struct aw_ids *t, uint64_t ord, uint32_t nth)
{
    const uint64_t odd = UINT64_C(0x9e3779b97f4a7c15);
    const uint64_t h = (ord ^ (uint64_t)nth << 40) * odd;
    return (size_t)((h ^ h >> 32) * odd >> t->shift);
}

static inline void *find(const struct aw_ids *t, uint64_t ord, uint32_t nth, size_t size)
{
    if (t->slot == NULL) return NULL;
    for (size_t i = home(t, ord, nth);; i = (i + 1) & t->mask) {
        void *s = at(t, i, size);
        if (ord_of(s) == 0) return NULL;
        if (ord_of(s) == ord && nth_of(s, size) == nth) return s;
    }
}

static inline void *place(const struct aw_ids *t, uint64_t ord, uint32_t nth, size_t size)
{
    size_t i = home(t, ord, nth);
    while (ord_of(at(t, i, size)) != 0)
        i = (i + 1) & t->mask;
    return at(t, i, size);
}

static inline bool grow(struct aw_ids *t, size_t size)
{
    const size_t count = t->slot ? (t->mask + 1) * 2 : (size_t)1 << FIRST_BITS;
    struct aw_ids next = {.alloc = t->alloc,
                          .slot = t->alloc->get(t->alloc->ctx, count * size),
                          .mask = count - 1,
                          .count = t->count,
                          .shift = t->slot ? t->shift - 1 : 64 - FIRST_BITS};
    if (next.slot == NULL) return false;
    memset(next.slot, 0, count * size);
    for (size_t i = 0; t->slot && i <= t->mask; i++) {
        const void *s = at(t, i, size);
        if (ord_of(s) != 0) memcpy(place(&next, ord_of(s), nth_of(s, size), size), s, size);
    }
    t->alloc->put(t->alloc->ctx, t->slot);
    *t = next;
    return true;
}

static inline void *add(struct aw_ids *t, uint64_t ord, uint32_t nth, size_t size)
{
    if ((t->slot == NULL || (t->count + 1) / 4 * 5 > t->mask + 1) && !grow(t, size)) return NULL;
    t->count++;
    return place(t, ord, nth, size);
}

static inline void take_out(struct aw_ids *t, const void *slot, size_t size)
{
    /* Move up those behind that would no longer be found. */
    size_t hole = (size_t)((const char *)slot - t->slot) / size;
    for (size_t i = (hole + 1) & t->mask; ord_of(at(t, i, size)) != 0; i = (i + 1) & t->mask) {
        const void *s = at(t, i, size);
        const size_t from = home(t, ord_of(s), nth_of(s, size));
        if (((i - from) & t->mask) < ((i - hole) & t->mask)) continue;
        memcpy(at(t, hole, size), s, size);
        hole = i;
    }
    memset(at(t, hole, size), 0, size);
    t->count--;
}

/* --- connections --- */

void aw_ids_fetch_conn(const struct aw_ids *t, uint64_t ord)
{
    if (t->slot) __builtin_prefetch(at(t, home(t, ord, 0), CONN));
}

struct aw_conn_id *aw_ids_conn(const struct aw_ids *t, uint64_t ord)
{
    return find(t, ord, 0, CONN);
}

struct aw_conn_id *aw_ids_add_conn(struct aw_ids *t, uint64_t ord)
{
    struct aw_conn_id *s = add(t, ord, 0, CONN);
    if (s) s->ord = ord;
    return s;
}

void aw_ids_remove_conn(struct aw_ids *t, struct aw_conn_id *slot)
{
    take_out(t, slot, CONN);
}

/* --- exchanges --- */

struct aw_open_id *aw_ids_open(const struct aw_ids *t, uint64_t ord, uint32_t nth)
{
    return find(t, ord, nth, OPEN);
}

struct aw_open_id *aw_ids_add_open(struct aw_ids *t, uint64_t ord, uint32_t nth)
{
    struct aw_open_id *s = add(t, ord, nth, OPEN);
    if (s) {
        s->ord = ord;
        s->nth = nth;
    }
    return s;
}

void aw_ids_remove_open(struct aw_ids *t, struct aw_open_id *slot)
{
    take_out(t, slot, OPEN);
}
