/*
 * Blocks of input bytes, counted by who still needs them. A batch of packets keeps the one block
 * its bytes lie in, so bytes are never copied to keep a promise and a block is reused as soon as
 * nobody looks at it. Knows nothing of captures. One thread.
 */
#ifndef AW_SOURCE_BLOCK_H
#define AW_SOURCE_BLOCK_H

#include "await100/types.h"

/* Fits the second-level cache with room for what reads it, and is large enough that threads seldom
 * wait for each other. */
enum { AW_BLOCK_BYTES = 512 * 1024 };

struct aw_block;
/* Where blocks come from and wait for their next use: to make one anew costs more than to fill it,
 * page by page. Outlives them. */
struct aw_blocks {
    struct aw_block *spare; /* owned; the last one dropped is the first taken */
    unsigned spares, most;  /* how many are kept at most */
    unsigned ahead;         /* of those in use, by pieces read ahead */
};
void aw_blocks_free(struct aw_blocks *all); /* the spare ones */

struct aw_block {
    struct aw_blocks *all; /* borrowed */
    struct aw_block *next; /* a spare one's */
    size_t cap;            /* size of bytes[] */
    unsigned users;
    uint8_t bytes[];
};

/* A block of at least `cap` bytes with one user; NULL: no memory. */
struct aw_block *aw_block_new(struct aw_blocks *all, size_t cap);

static inline struct aw_block *aw_block_keep(struct aw_block *b)
{
    b->users++;
    return b;
}

/* Takes one user away, and frees the block or makes it a spare one when that was the last. */
void aw_block_drop(struct aw_block *b); /* b may be NULL */

#endif
