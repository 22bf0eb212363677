/* Blocks of input bytes; see block.h. */
#include "source/block.h"

#include <stdlib.h>

void aw_blocks_free(struct aw_blocks *all)
{
    while (all->spare) {
        struct aw_block *b = all->spare;
        all->spare = b->next;
        free(b);
    }
    all->spares = 0;
}

struct aw_block *aw_block_new(struct aw_blocks *all, size_t cap)
{
    struct aw_block *b = all->spare;
    if (b && b->cap >= cap) {
        all->spare = b->next;
        all->spares--;
    } else {
        if (cap < AW_BLOCK_BYTES) cap = AW_BLOCK_BYTES;
        b = malloc(sizeof *b + cap);
        if (!b) return NULL;
        b->all = all;
        b->cap = cap;
    }
    b->next = NULL;
    b->users = 1;
    return b;
}

void aw_block_drop(struct aw_block *b)
{
    if (!b || --b->users > 0) return;
    struct aw_blocks *all = b->all;
    /* A block made larger for one huge record is not worth keeping. */
    if (all->spares == all->most || b->cap != AW_BLOCK_BYTES) {
        free(b);
        return;
    }
    b->next = all->spare;
    all->spare = b;
    all->spares++;
}
