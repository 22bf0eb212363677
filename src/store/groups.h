/*
 * A table of groups by key, bounded: a run keeps the first AW_GROUPS_MAX keys that come, merged
 * runs keep those with the smallest hashes, so that what is kept does not depend on order. What has
 * no place is counted in `other`. Knows keys and sums; knows nothing of exchanges.
 */
#ifndef AW_STORE_GROUPS_H
#define AW_STORE_GROUPS_H

#include "await100/summary.h"

enum { AW_GROUP_SLOTS = 2 * AW_GROUPS_MAX }; /* of the hash table: at most half full */

struct aw_groups {
    struct aw_group other;                 /* what had no place */
    struct aw_group *slot[AW_GROUP_SLOTS]; /* owned; open addressing */
    const struct aw_group *sorted[AW_GROUPS_MAX + 1];
    unsigned count;                       /* of slots in use */
    bool by_hash;                         /* merging */
    struct aw_group *heap[AW_GROUPS_MAX]; /* by_hash: those in slots, the largest hash first */
};

void aw_groups_init(struct aw_groups *t);
void aw_groups_free(struct aw_groups *t, const struct aw_alloc *a);

/* The group of that key, NULL where there is none. */
struct aw_group *aw_groups_find(const struct aw_groups *t, const char *key);
/* There is, or can be made, a place for a key that is not there. */
bool aw_groups_admit(const struct aw_groups *t, const char *key);
/* Makes the group of a key that was admitted. One that has to leave for it is added to `other`.
 * NULL: no memory. */
struct aw_group *aw_groups_make(struct aw_groups *t, const struct aw_alloc *a, const char *key,
                                const char *product);
/* Gives a group its product, in a new place. NULL: no memory, and it stays as it is. */
struct aw_group *aw_groups_rename(struct aw_groups *t, const struct aw_alloc *a, struct aw_group *g,
                                  const char *product);
/* Adds figures and latencies; counts stop at AW_COUNT_MAX. False: no memory for a latency. */
bool aw_group_add(struct aw_group *g, const struct aw_alloc *a, const struct aw_group *from);
/* Worst first: failing, stall, exchanges, key. Valid until the table changes. */
size_t aw_groups_sort(struct aw_groups *t, const struct aw_group *const **out);

#endif
