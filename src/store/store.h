/*
 * What the files of the store share: an allocator that is always complete.
 */
#ifndef AW_STORE_STORE_H
#define AW_STORE_STORE_H

#include "await100/types.h"

/* A copy of `given`; malloc and friends where it is NULL or its `get` is. */
struct aw_alloc aw_store_alloc(const struct aw_alloc *given);

#endif
