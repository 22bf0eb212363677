/* Blocks of input bytes; see block.h. */
#include "source/block.h"

#include <stdlib.h>

struct aw_block *aw_block_new(struct aw_block **spare, size_t cap)
{
    struct aw_block *b = *spare;
    if (b && b->cap >= cap) {
        *spare = NULL;
    } else {
        if (cap < AW_BLOCK_BYTES) cap = AW_BLOCK_BYTES;
        b = malloc(sizeof *b + cap);
        if (!b) return NULL;
        b->spare = spare;
        b->cap = cap;
    }
    b->users = 1;
    return b;
}

void aw_block_drop(struct aw_block *b)
{
    if (!b || --b->users > 0) return;
    /* A block made larger for one huge record is not worth keeping. */
    if (*b->spare == NULL && b->cap == AW_BLOCK_BYTES)
        *b->spare = b;
    else
        free(b);
}
