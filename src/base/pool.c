/*
 * The pool: size classes cut from slabs, slabs cut from regions that the allocator gives. A slab is
 * aligned to its size, so that a block finds its slab by masking its address and needs no header;
 * a slab whose last block came back serves any class again. Knows nothing of what blocks hold.
 */
#include "base/pool.h"

#include <string.h>

enum {
    SLAB = 65536,
    SLABS_MAX = 16,    /* of a region; small budgets get smaller regions */
    SLACK = 16 * SLAB, /* regions may take so much more than a sixteenth above the budget */
    CLASS_MIN = 16,    /* the alignment, too */
    LINEAR = 8,        /* classes of 16, 32, ... 128 bytes; then four to an octave */
    CLASSES = LINEAR + 4 * 7,
};

struct block {
    struct block *next;
};

struct slab {                 /* at the start of each slab; blocks follow */
    struct slab *prev, *next; /* in the list of its class, or `next` alone among the empty */
    struct block *free;       /* blocks that came back */
    uint32_t fresh;           /* offset of the first byte never handed out */
    uint32_t used;            /* blocks in use */
    uint32_t cls, size;
    bool listed; /* has room, so stands in its class's list */
};

struct region {
    struct region *next;
    size_t bytes;
};

struct aw_pool {
    struct aw_alloc alloc;
    size_t budget, used; /* bytes of blocks */
    size_t held;         /* bytes of regions */
    struct region *regions;
    struct slab *empty;
    struct slab *room[CLASSES]; /* slabs with a block to give, by class */
};

_Static_assert(sizeof(struct slab) <= 64, "a slab's header takes one cache line");
enum { SLAB_FIRST = 64 };

static unsigned class_of(size_t size)
{
    if (size <= 128) return (unsigned)((size + 15) / 16) - 1;
    /* size - 1 lies in [2^e, 2^(e+1)); the two bits below its top one choose the quarter */
    const unsigned e = 63u - (unsigned)__builtin_clzll((unsigned long long)(size - 1));
    const unsigned quarter = (unsigned)((size - 1) >> (e - 2)) & 3;
    return LINEAR + 4 * (e - 7) + quarter;
}

static size_t class_size(unsigned cls)
{
    if (cls < LINEAR) return 16 * ((size_t)cls + 1);
    const unsigned e = 7 + (cls - LINEAR) / 4, quarter = (cls - LINEAR) % 4;
    return ((size_t)1 << e) + ((size_t)1 << (e - 2)) * (quarter + 1);
}

/* What a block of more than AW_POOL_MAX counts. */
static size_t big_cost(size_t size)
{
    return (size + 15) & ~(size_t)15;
}

struct aw_pool *aw_pool_new(const struct aw_alloc *alloc, size_t budget)
{
    struct aw_pool *p = alloc->get(alloc->ctx, sizeof *p);
    if (p) *p = (struct aw_pool){.alloc = *alloc, .budget = budget};
    return p;
}

void aw_pool_free(struct aw_pool *p)
{
    if (!p) return;
    const struct aw_alloc alloc = p->alloc;
    for (struct region *r = p->regions; r;) {
        struct region *next = r->next;
        alloc.put(alloc.ctx, r);
        r = next;
    }
    alloc.put(alloc.ctx, p);
}

static void list_add(struct aw_pool *p, struct slab *s)
{
    s->prev = NULL;
    s->next = p->room[s->cls];
    if (s->next) s->next->prev = s;
    p->room[s->cls] = s;
    s->listed = true;
}

static void list_del(struct aw_pool *p, struct slab *s)
{
    if (s->prev)
        s->prev->next = s->next;
    else
        p->room[s->cls] = s->next;
    if (s->next) s->next->prev = s->prev;
    s->listed = false;
}

/* Asks the allocator for more slabs. What lies idle in slabs of other classes is not counted as in
 * use, so the regions have a limit of their own, a little above the budget. */
static bool grow(struct aw_pool *p)
{
    const size_t limit = p->budget + p->budget / 16 + SLACK;
    size_t slabs = p->budget / SLAB / 8 + 1;
    if (slabs > SLABS_MAX) slabs = SLABS_MAX;
    /* one slab's worth more, since the allocator aligns to 16 bytes only */
    const size_t bytes = (slabs + 1) * SLAB;
    if (p->held > limit || bytes - SLAB > limit - p->held) return false;
    struct region *r = p->alloc.get(p->alloc.ctx, bytes);
    if (!r) return false;
    r->next = p->regions;
    r->bytes = bytes;
    p->regions = r;
    const uintptr_t from = ((uintptr_t)(r + 1) + SLAB - 1) & ~(uintptr_t)(SLAB - 1);
    const uintptr_t end = (uintptr_t)r + bytes;
    for (uintptr_t at = from; at + SLAB <= end; at += SLAB) {
        struct slab *s = (struct slab *)((uint8_t *)r + (at - (uintptr_t)r));
        s->next = p->empty;
        p->empty = s;
        p->held += SLAB;
    }
    return p->empty != NULL;
}

/* Takes the slab that a class kept although no block of it is in use. */
static void reclaim(struct aw_pool *p)
{
    for (unsigned cls = 0; cls < CLASSES; cls++) {
        struct slab *s = p->room[cls];
        if (!s || s->used != 0) continue;
        list_del(p, s);
        s->next = p->empty;
        p->empty = s;
    }
}

static struct slab *new_slab(struct aw_pool *p, unsigned cls)
{
    if (!p->empty && !grow(p)) reclaim(p);
    if (!p->empty) return NULL;
    struct slab *s = p->empty;
    p->empty = s->next;
    *s = (struct slab){.fresh = SLAB_FIRST, .cls = cls, .size = (uint32_t)class_size(cls)};
    list_add(p, s);
    return s;
}

static void *get_big(struct aw_pool *p, size_t size)
{
    if (size > SIZE_MAX - 15) return NULL;
    const size_t cost = big_cost(size);
    if (cost > p->budget - p->used) return NULL;
    void *big = p->alloc.get(p->alloc.ctx, size);
    if (big) p->used += cost;
    return big;
}

/* The block is there: the slab has room. */
static void *take(struct aw_pool *p, struct slab *s)
{
    struct block *b = s->free;
    if (b) {
        s->free = b->next;
    } else {
        b = (struct block *)((uint8_t *)s + s->fresh);
        s->fresh += s->size;
    }
    s->used++;
    if (!s->free && s->fresh + s->size > SLAB) list_del(p, s);
    p->used += s->size;
    return b;
}

static void *get_first(struct aw_pool *p, unsigned cls)
{
    if (class_size(cls) > p->budget - p->used) return NULL;
    struct slab *s = new_slab(p, cls);
    return s ? take(p, s) : NULL;
}

size_t aw_pool_room(size_t size)
{
    return size > AW_POOL_MAX ? size : class_size(class_of(size));
}

void *aw_pool_get(struct aw_pool *p, size_t size)
{
    if (size > AW_POOL_MAX) return get_big(p, size);
    const unsigned cls = class_of(size);
    struct slab *s = p->room[cls];
    if (!s) return get_first(p, cls);
    return s->size <= p->budget - p->used ? take(p, s) : NULL;
}

void aw_pool_put(struct aw_pool *p, void *block, size_t size)
{
    if (!block) return;
    if (size > AW_POOL_MAX) {
        p->used -= big_cost(size);
        p->alloc.put(p->alloc.ctx, block);
        return;
    }
    struct slab *s = (struct slab *)((uint8_t *)block - ((uintptr_t)block & (SLAB - 1)));
    struct block *b = block;
    p->used -= s->size;
    b->next = s->free;
    s->free = b;
    s->used--;
    if (!s->listed) list_add(p, s);
    /* The last slab of a class stays with it, or a lone block that comes and goes would move it
     * between the lists each time. */
    if (s->used == 0 && (s->prev || s->next)) {
        list_del(p, s);
        s->next = p->empty;
        p->empty = s;
    }
}

void *aw_pool_resize(struct aw_pool *p, void *block, size_t old_size, size_t new_size)
{
    if (!block) return aw_pool_get(p, new_size);
    if (new_size <= AW_POOL_MAX && old_size <= AW_POOL_MAX &&
        class_of(new_size) == class_of(old_size))
        return block;
    void *moved = aw_pool_get(p, new_size);
    if (!moved) return NULL;
    memcpy(moved, block, old_size < new_size ? old_size : new_size);
    aw_pool_put(p, block, old_size);
    return moved;
}

size_t aw_pool_used(const struct aw_pool *p)
{
    return p->used;
}

size_t aw_pool_budget(const struct aw_pool *p)
{
    return p->budget;
}
