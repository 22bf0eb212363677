/*
 * Finding the rows that belong to one: attempts of a request, the other leg of a proxy. They were
 * added about when it was, so that a million rows are hardly ever gone through.
 */
#include "view/inside.h"

enum { NEAR = 50000 }; /* rows on either side that are looked at within a frame */

typedef bool is_it(const struct aw_row *row, const void *ctx);

static uint64_t find(const struct aw_rows *rows, uint64_t from, is_it *is, const void *ctx)
{
    const uint64_t begin = aw_rows_begin(rows), end = aw_rows_end(rows);
    for (uint64_t d = 1; d <= NEAR; d++) {
        const struct aw_row *row = aw_rows_at(rows, from + d);
        if (row && is(row, ctx)) return from + d;
        row = from >= begin + d ? aw_rows_at(rows, from - d) : NULL;
        if (row && is(row, ctx)) return from - d;
    }
    for (uint64_t n = begin; n < end; n = aw_rows_next(rows, n + 1))
        if (n != from && is(aw_rows_at(rows, n), ctx)) return n;
    return UINT64_MAX;
}

static bool has_id(const struct aw_row *row, const void *id)
{
    return row->id == *(const uint64_t *)id;
}

uint64_t linked_id(const struct aw_rows *rows, uint64_t near, uint64_t id)
{
    return find(rows, near, has_id, &id);
}

struct attempt {
    uint64_t chain;
    int number;
};

static bool is_attempt(const struct aw_row *row, const void *ctx)
{
    const struct attempt *a = ctx;
    return row->chain == a->chain && row->attempt == a->number;
}

uint64_t linked_attempt(const struct aw_rows *rows, uint64_t number, const struct aw_row *of,
                        int step)
{
    const struct attempt a = {.chain = of->chain, .number = of->attempt + step};
    if (of->attempts < 2 || a.number < 1 || a.number > of->attempts) return UINT64_MAX;
    return find(rows, number, is_attempt, &a);
}
