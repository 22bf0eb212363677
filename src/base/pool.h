/*
 * Memory for connections: blocks in a few size classes, cut from slabs, recycled through free
 * lists, and counted against a budget. Nothing else in the library allocates while packets flow.
 * One pool belongs to one shard; no locking. Cost: a pop or push of a list; 0 bytes of header.
 * Blocks larger than AW_POOL_MAX go to the allocator directly and count as well.
 */
#ifndef AW_BASE_POOL_H
#define AW_BASE_POOL_H

#include "await100/types.h"

enum { AW_POOL_MAX = 16384 };

struct aw_pool;

/* `budget`: bytes that blocks in use may take at most. NULL where there is no memory. */
AW_MUST_USE struct aw_pool *aw_pool_new(const struct aw_alloc *alloc, size_t budget);
void aw_pool_free(struct aw_pool *p); /* frees every slab; p may be NULL */

/* A block of at least `size` bytes (1 or more), aligned for any type, uninitialised. NULL where the
 * budget or the allocator is exhausted: evict something and try again, or go without. */
void *aw_pool_get(struct aw_pool *p, size_t size);

/* How many bytes a block asked for with `size` has room for: that many may be asked for as well. */
size_t aw_pool_room(size_t size);

/* Gives a block back; `size` is what it was asked with. p may be NULL as in free(). */
void aw_pool_put(struct aw_pool *p, void *block, size_t size);

/* Moves a block to another size, keeping min(old, new) bytes; NULL leaves the old one untouched.
 * block may be NULL with old = 0. */
void *aw_pool_resize(struct aw_pool *p, void *block, size_t old_size, size_t new_size);

size_t
aw_pool_used(const struct aw_pool *p); /* bytes of blocks in use, size class rounding included */
size_t aw_pool_budget(const struct aw_pool *p); /* the limit */

#endif
