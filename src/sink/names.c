/*
 * A bounded list of names; see names.h.
 */
#include "sink/names.h"

#include <stdlib.h>
#include <string.h>

#include "await100/summary.h"

static int by_hash(const char *a, const char *b)
{
    const uint64_t ha = aw_key_hash(a), hb = aw_key_hash(b);
    return ha < hb ? -1 : ha > hb ? 1 : strcmp(a, b);
}

/* The first place whose name is not before this one. */
static size_t place_of(const struct aw_names *n, const char *name)
{
    size_t low = 0, high = n->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (by_hash(n->name[middle], name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool aw_names_add(struct aw_names *n, const char *name, bool once)
{
    if (!n->name) n->name = calloc(AW_NAMES_MOST, sizeof *n->name);
    if (!n->name) return false;
    const size_t at = place_of(n, name);
    if (once && at < n->count && strcmp(n->name[at], name) == 0) return true;
    if (at == AW_NAMES_MOST) {
        n->left_out++;
        return true;
    }
    char *own = strdup(name);
    if (!own) return false;
    if (n->count == AW_NAMES_MOST) {
        free(n->name[--n->count]);
        n->left_out++;
    }
    memmove(&n->name[at + 1], &n->name[at], (n->count - at) * sizeof *n->name);
    n->name[at] = own;
    n->count++;
    return true;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void aw_names_sort(struct aw_names *n)
{
    if (n->count) qsort(n->name, n->count, sizeof *n->name, by_name);
}

void aw_names_free(struct aw_names *n)
{
    for (size_t i = 0; i < n->count; i++)
        free(n->name[i]);
    free(n->name);
    *n = (struct aw_names){.name = NULL};
}
