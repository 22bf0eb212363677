/*
 * Failing rows, set aside when the lot they came in is let go: by their numbers, which have gaps,
 * in lots that take as much memory as those of all rows. Says when it needs another lot; how many
 * there may be is for its owner to judge.
 */
#ifndef AW_STORE_ASIDE_H
#define AW_STORE_ASIDE_H

#include "await100/rows.h"
#include "base/alloc.h"

enum {
    AW_LOT = 1024, /* rows */
    AW_ASIDE_LOT = AW_LOT * sizeof(struct aw_row) / (sizeof(struct aw_row) + sizeof(uint64_t)),
};

struct aw_aside_lot {
    uint64_t number[AW_ASIDE_LOT];
    struct aw_row row[AW_ASIDE_LOT];
};
_Static_assert(sizeof(struct aw_aside_lot) <= AW_LOT * sizeof(struct aw_row), "no more than a lot");

struct aw_aside {
    struct aw_aside_lot **lot; /* owned: a ring, the oldest first */
    size_t cap, first, lots;
    size_t rows; /* in all; all lots but the last are full */
};

bool aw_aside_init(struct aw_aside *a, const struct aw_alloc *alloc, size_t most_lots);
void aw_aside_clear(struct aw_aside *a, const struct aw_alloc *alloc);
void aw_aside_fini(struct aw_aside *a, const struct aw_alloc *alloc);

/* Numbers have to ascend. False: no memory, or `most_lots` are full. */
bool aw_aside_add(struct aw_aside *a, const struct aw_alloc *alloc, uint64_t number,
                  const struct aw_row *row);
/* Lets the oldest lot go; returns its rows. There has to be one. */
size_t aw_aside_drop(struct aw_aside *a, const struct aw_alloc *alloc);

/* The place of the first row numbered `number` or higher; `rows` where there is none. */
size_t aw_aside_find(const struct aw_aside *a, uint64_t number);
uint64_t aw_aside_number(const struct aw_aside *a, size_t place);
const struct aw_row *aw_aside_row(const struct aw_aside *a, size_t place);

#endif
