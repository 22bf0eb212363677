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

struct aw_block {
    struct aw_block **spare; /* borrowed: where an unused block waits for its next use */
    size_t cap;              /* size of bytes[] */
    unsigned users;
    uint8_t bytes[];
};

/* A block of at least `cap` bytes with one user, from *spare if that serves; NULL: no memory.
 * *spare has to outlive the block; its owner frees what is left in it. */
struct aw_block *aw_block_new(struct aw_block **spare, size_t cap);

static inline struct aw_block *aw_block_keep(struct aw_block *b)
{
    b->users++;
    return b;
}

/* Takes one user away, and frees the block or makes it the spare when that was the last. */
void aw_block_drop(struct aw_block *b); /* b may be NULL */

#endif
