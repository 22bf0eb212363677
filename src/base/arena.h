/*
 * Bytes that live and die together: a bump allocator that is emptied at once. Used for what one
 * batch of packets produces. Memory stays with the arena between uses.
 */
#ifndef AW_BASE_ARENA_H
#define AW_BASE_ARENA_H

#include "await100/types.h"

struct aw_arena_block;
struct aw_arena {
    const struct aw_alloc *alloc;         /* borrowed until aw_arena_fini */
    struct aw_arena_block *first, *block; /* owned; block = the one in use */
    size_t used;                          /* of `block` */
};

void aw_arena_init(struct aw_arena *a, const struct aw_alloc *alloc);
void aw_arena_fini(struct aw_arena *a);

/* size bytes aligned for any type, uninitialised, valid until aw_arena_reset or _fini; NULL where
 * there is no memory. */
void *aw_arena_get(struct aw_arena *a, size_t size);

/* Makes all bytes handed out invalid; keeps at most `keep` bytes of blocks for the next use. */
void aw_arena_reset(struct aw_arena *a, size_t keep);

#endif
