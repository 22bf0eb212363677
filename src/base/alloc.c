/*
 * See alloc.h.
 */
#include "base/alloc.h"

#include <stdlib.h>

static void *default_get(void *ctx, size_t size)
{
    (void)ctx;
    return malloc(size);
}

static void *default_resize(void *ctx, void *p, size_t size)
{
    (void)ctx;
    return realloc(p, size);
}

static void default_put(void *ctx, void *p)
{
    (void)ctx;
    free(p);
}

struct aw_alloc aw_alloc_or_default(const struct aw_alloc *given)
{
    if (given && given->get) return *given;
    return (struct aw_alloc){.get = default_get, .resize = default_resize, .put = default_put};
}
