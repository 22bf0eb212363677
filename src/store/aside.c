/*
 * A ring of full lots and a last one; a number is found by halving.
 */
#include "store/aside.h"

#include <string.h>

bool aw_aside_init(struct aw_aside *a, const struct aw_alloc *alloc, size_t most_lots)
{
    *a = (struct aw_aside){.cap = most_lots};
    a->lot = alloc->get(alloc->ctx, most_lots * sizeof *a->lot);
    if (!a->lot) return false;
    memset(a->lot, 0, most_lots * sizeof *a->lot);
    return true;
}

void aw_aside_clear(struct aw_aside *a, const struct aw_alloc *alloc)
{
    while (a->lots > 0)
        (void)aw_aside_drop(a, alloc);
}

void aw_aside_fini(struct aw_aside *a, const struct aw_alloc *alloc)
{
    aw_aside_clear(a, alloc);
    alloc->put(alloc->ctx, a->lot);
}

static struct aw_aside_lot *lot_of(const struct aw_aside *a, size_t place)
{
    return a->lot[(a->first + place / AW_ASIDE_LOT) % a->cap];
}

bool aw_aside_add(struct aw_aside *a, const struct aw_alloc *alloc, uint64_t number,
                  const struct aw_row *row)
{
    if (a->rows == a->lots * AW_ASIDE_LOT) {
        if (a->lots == a->cap) return false;
        struct aw_aside_lot *fresh = alloc->get(alloc->ctx, sizeof *fresh);
        if (!fresh) return false;
        a->lot[(a->first + a->lots++) % a->cap] = fresh;
    }
    struct aw_aside_lot *lot = lot_of(a, a->rows);
    const size_t at = a->rows++ % AW_ASIDE_LOT;
    lot->number[at] = number;
    lot->row[at] = *row;
    return true;
}

size_t aw_aside_drop(struct aw_aside *a, const struct aw_alloc *alloc)
{
    const size_t gone = a->rows < AW_ASIDE_LOT ? a->rows : AW_ASIDE_LOT;
    alloc->put(alloc->ctx, a->lot[a->first]);
    a->lot[a->first] = NULL;
    a->first = (a->first + 1) % a->cap;
    a->lots--;
    a->rows -= gone;
    return gone;
}

size_t aw_aside_find(const struct aw_aside *a, uint64_t number)
{
    size_t lo = 0, hi = a->rows;
    while (lo < hi) {
        const size_t mid = lo + (hi - lo) / 2;
        if (aw_aside_number(a, mid) < number)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

uint64_t aw_aside_number(const struct aw_aside *a, size_t place)
{
    return lot_of(a, place)->number[place % AW_ASIDE_LOT];
}

const struct aw_row *aw_aside_row(const struct aw_aside *a, size_t place)
{
    return &lot_of(a, place)->row[place % AW_ASIDE_LOT];
}
