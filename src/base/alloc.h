/*
 * The allocator where none is given: malloc and friends.
 */
#ifndef AW_BASE_ALLOC_H
#define AW_BASE_ALLOC_H

#include "await100/types.h"

/* A copy of `given`; malloc, realloc and free where it is NULL or its `get` is. */
struct aw_alloc aw_alloc_or_default(const struct aw_alloc *given);

#endif
