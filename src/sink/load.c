/* JSON trees; see load.h. */
#include "sink/load.h"

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Before each block: its size, and its place in the list of all, the newest first. */
union block {
    struct {
        size_t size;
        union block *newer, *older;
    } is;
    max_align_t align;
};
static size_t left;
static union block *newest;
static bool loading;
static jmp_buf no_memory; /* where to go while loading */

static void *refuse(void)
{
    if (loading) longjmp(no_memory, 1);
    return NULL;
}

static void *get(size_t size)
{
    if (size > SIZE_MAX - sizeof(union block) || size + sizeof(union block) > left) return refuse();
    size += sizeof(union block);
    union block *b = malloc(size);
    if (!b) return refuse();
    left -= size;
    b->is.size = size;
    b->is.newer = NULL;
    b->is.older = newest;
    if (newest) newest->is.newer = b;
    newest = b;
    return b + 1;
}

static void put(void *p)
{
    if (!p) return;
    union block *b = (union block *)p - 1;
    if (b->is.newer)
        b->is.newer->is.older = b->is.older;
    else
        newest = b->is.older;
    if (b->is.older) b->is.older->is.newer = b->is.newer;
    left += b->is.size;
    free(b);
}

void aw_load_bound(size_t memory)
{
    left = memory;
    json_set_alloc_funcs(get, put);
    json_object_seed(0);
}

json_t *aw_load(const char *text, size_t len, size_t flags, json_error_t *why)
{
    /* Reading frees nothing that was there before it. */
    union block *const before = newest;
    if (setjmp(no_memory) == 0) {
        loading = true;
        json_t *value = json_loadb(text, len, flags, why);
        loading = false;
        return value;
    }
    loading = false;
    while (newest != before)
        put(newest + 1);
    if (why) {
        *why = (json_error_t){.line = -1};
        (void)snprintf(why->text, sizeof why->text, "out of memory");
    }
    return NULL;
}
