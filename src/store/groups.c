/*
 * The table of groups; see groups.h. A hash decides a key's slot, and its place among merged keys.
 */
#include "store/groups.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

uint64_t aw_key_hash(const char *key)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
    for (; *key; key++)
        h = (h ^ (uint8_t)*key) * UINT64_C(0x100000001b3);
    return h;
}

/* The low bits of FNV-1a follow the last bytes alone; the table is small, so floods cost little. */
static size_t home_of(const char *key)
{
    const uint64_t h = aw_key_hash(key);
    return (h ^ h >> 29) % AW_GROUP_SLOTS;
}

static size_t slot_of(const struct aw_groups *t, const char *key)
{
    size_t i = home_of(key);
    while (t->slot[i] && strcmp(t->slot[i]->key, key) != 0)
        i = (i + 1) % AW_GROUP_SLOTS;
    return i;
}

/* --- the order of hashes: a heap, the largest on top --- */

static int by_hash(const char *a, const char *b)
{
    const uint64_t ha = aw_key_hash(a), hb = aw_key_hash(b);
    return ha < hb ? -1 : ha > hb ? 1 : strcmp(a, b);
}

static void swap(struct aw_group **a, struct aw_group **b)
{
    struct aw_group *keep = *a;
    *a = *b;
    *b = keep;
}

static void heap_push(struct aw_groups *t, struct aw_group *g)
{
    unsigned i = t->count - 1;
    t->heap[i] = g;
    for (; i > 0 && by_hash(t->heap[i]->key, t->heap[(i - 1) / 2]->key) > 0; i = (i - 1) / 2)
        swap(&t->heap[i], &t->heap[(i - 1) / 2]);
}

/* The last of `n` takes the place of the top and sinks. */
static void heap_pop(struct aw_groups *t, unsigned n)
{
    t->heap[0] = t->heap[n - 1];
    for (unsigned i = 0, child; (child = 2 * i + 1) < n - 1; i = child) {
        if (child + 1 < n - 1 && by_hash(t->heap[child + 1]->key, t->heap[child]->key) > 0) child++;
        if (by_hash(t->heap[child]->key, t->heap[i]->key) <= 0) break;
        swap(&t->heap[i], &t->heap[child]);
    }
}

/* --- the table --- */

void aw_groups_init(struct aw_groups *t)
{
    t->other.key = "other";
    t->other.product = "";
}

static void free_group(struct aw_group *g, const struct aw_alloc *a)
{
    for (int i = 0; i < AW_LAT_COUNT; i++)
        aw_hist_free(g->latency[i]);
    a->put(a->ctx, g);
}

void aw_groups_free(struct aw_groups *t, const struct aw_alloc *a)
{
    for (size_t i = 0; i < AW_GROUP_SLOTS; i++)
        if (t->slot[i]) free_group(t->slot[i], a);
    for (int i = 0; i < AW_LAT_COUNT; i++)
        aw_hist_free(t->other.latency[i]);
}

struct aw_group *aw_groups_find(const struct aw_groups *t, const char *key)
{
    return t->slot[slot_of(t, key)];
}

bool aw_groups_admit(const struct aw_groups *t, const char *key)
{
    return t->count < AW_GROUPS_MAX || (t->by_hash && by_hash(key, t->heap[0]->key) < 0);
}

static struct aw_group *new_group(const struct aw_alloc *a, const char *key, const char *product)
{
    const size_t key_size = strlen(key) + 1, product_size = strlen(product) + 1;
    struct aw_group *g = a->get(a->ctx, sizeof *g + key_size + product_size);
    if (!g) return NULL;
    char *own = (char *)(g + 1);
    *g = (struct aw_group){.key = own, .product = own + key_size};
    memcpy(own, key, key_size);
    memcpy(own + key_size, product, product_size);
    return g;
}

/* Empties a slot; those behind it that a search would no longer reach move up. */
static void take_out(struct aw_groups *t, const char *key)
{
    size_t hole = slot_of(t, key);
    for (size_t i = (hole + 1) % AW_GROUP_SLOTS; t->slot[i]; i = (i + 1) % AW_GROUP_SLOTS) {
        const size_t from_home = (i + AW_GROUP_SLOTS - home_of(t->slot[i]->key)) % AW_GROUP_SLOTS;
        if (from_home < (i + AW_GROUP_SLOTS - hole) % AW_GROUP_SLOTS) continue;
        t->slot[hole] = t->slot[i];
        hole = i;
    }
    t->slot[hole] = NULL;
}

static bool evict(struct aw_groups *t, const struct aw_alloc *a)
{
    struct aw_group *g = t->heap[0];
    if (!aw_group_add(&t->other, a, g)) return false;
    take_out(t, g->key);
    heap_pop(t, t->count);
    t->count--;
    free_group(g, a);
    return true;
}

struct aw_group *aw_groups_make(struct aw_groups *t, const struct aw_alloc *a, const char *key,
                                const char *product)
{
    struct aw_group *g = new_group(a, key, product);
    if (!g) return NULL;
    if (t->count == AW_GROUPS_MAX && !evict(t, a)) {
        a->put(a->ctx, g);
        return NULL;
    }
    t->slot[slot_of(t, key)] = g;
    t->count++;
    if (t->by_hash) heap_push(t, g);
    return g;
}

struct aw_group *aw_groups_rename(struct aw_groups *t, const struct aw_alloc *a, struct aw_group *g,
                                  const char *product)
{
    struct aw_group *made = new_group(a, g->key, product);
    if (!made) return NULL;
    const char *own_key = made->key, *own_product = made->product;
    *made = *g;
    made->key = own_key;
    made->product = own_product;
    t->slot[slot_of(t, g->key)] = made;
    for (unsigned i = 0; t->by_hash && i < t->count; i++)
        if (t->heap[i] == g) t->heap[i] = made;
    a->put(a->ctx, g);
    return made;
}

bool aw_group_add(struct aw_group *g, const struct aw_alloc *a, const struct aw_group *from)
{
    bool all = true;
    g->exchanges = aw_count_sum(g->exchanges, from->exchanges);
    g->failing = aw_count_sum(g->failing, from->failing);
    for (int i = 0; i < AW_CAUSE_COUNT; i++)
        g->cause[i] = aw_count_sum(g->cause[i], from->cause[i]);
    g->stall = (aw_ns)aw_count_sum((uint64_t)g->stall, (uint64_t)from->stall);
    g->wasted = aw_count_sum(g->wasted, from->wasted);
    g->saved = aw_count_sum(g->saved, from->saved);
    for (int i = 0; i < AW_LAT_COUNT; i++) {
        if (!from->latency[i] || aw_hist_count(from->latency[i]) == 0) continue;
        if (!g->latency[i]) g->latency[i] = aw_hist_new(a);
        all = g->latency[i] && aw_hist_merge(g->latency[i], from->latency[i]) && all;
    }
    return all;
}

/* --- sorted --- */

/* Comparison for "worst first": negative where a is the larger. */
static int larger_first(uint64_t a, uint64_t b)
{
    return a > b ? -1 : a < b;
}

static int by_failing(const void *pa, const void *pb)
{
    const struct aw_group *a = *(const struct aw_group *const *)pa;
    const struct aw_group *b = *(const struct aw_group *const *)pb;
    int c = larger_first(a->failing, b->failing);
    if (c == 0) c = larger_first((uint64_t)a->stall, (uint64_t)b->stall);
    if (c == 0) c = larger_first(a->exchanges, b->exchanges);
    if (c == 0) c = strcmp(a->key, b->key);
    return c ? c : strcmp(a->product, b->product); /* of two "other" one is what had no place */
}

size_t aw_groups_sort(struct aw_groups *t, const struct aw_group *const **out)
{
    size_t n = 0;
    for (size_t i = 0; i < AW_GROUP_SLOTS; i++)
        if (t->slot[i]) t->sorted[n++] = t->slot[i];
    if (t->other.exchanges) t->sorted[n++] = &t->other;
    qsort(t->sorted, n, sizeof(const struct aw_group *), by_failing);
    *out = t->sorted;
    return n;
}
