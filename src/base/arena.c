/*
 * The bump allocator behind arena.h: a list of blocks, used front to back. It knows nothing of what
 * is put in them. Blocks stay in the list after a reset, so that a steady caller allocates nothing.
 */
#include "base/arena.h"

#include <stdalign.h>

enum { BLOCK_BYTES = 64 * 1024, ALIGN = alignof(max_align_t) };

struct aw_arena_block {
    struct aw_arena_block *next;
    size_t size; /* bytes at `bytes` */
    alignas(max_align_t) unsigned char bytes[];
};

void aw_arena_init(struct aw_arena *a, const struct aw_alloc *alloc)
{
    *a = (struct aw_arena){.alloc = alloc};
}

void aw_arena_fini(struct aw_arena *a)
{
    while (a->first) {
        struct aw_arena_block *next = a->first->next;
        a->alloc->put(a->alloc->ctx, a->first);
        a->first = next;
    }
    a->block = NULL;
    a->used = 0;
}

/* Makes `a->block` one with room for `size` bytes: the next in the list if it will do, else a new
 * one put before it, so that smaller blocks stay for smaller requests. */
static bool next_block(struct aw_arena *a, size_t size)
{
    struct aw_arena_block **link = a->block ? &a->block->next : &a->first;
    if (!*link || (*link)->size < size) {
        const size_t room = size > BLOCK_BYTES ? size : BLOCK_BYTES;
        struct aw_arena_block *b = a->alloc->get(a->alloc->ctx, sizeof *b + room);
        if (!b) return false;
        b->next = *link;
        b->size = room;
        *link = b;
    }
    a->block = *link;
    a->used = 0;
    return true;
}

void *aw_arena_get(struct aw_arena *a, size_t size)
{
    if (size > SIZE_MAX / 2) return NULL; /* so that no sum below can wrap */
    size = (size + ALIGN - 1) / ALIGN * ALIGN;
    if ((!a->block || a->block->size - a->used < size) && !next_block(a, size)) return NULL;
    void *at = a->block->bytes + a->used;
    a->used += size;
    return at;
}

void aw_arena_reset(struct aw_arena *a, size_t keep)
{
    struct aw_arena_block **link = &a->first;
    while (*link) {
        struct aw_arena_block *b = *link;
        if (b->size <= keep) {
            keep -= b->size;
            link = &b->next;
        } else {
            *link = b->next;
            a->alloc->put(a->alloc->ctx, b);
        }
    }
    a->block = NULL; /* the next request begins with the first block again */
    a->used = 0;
}
