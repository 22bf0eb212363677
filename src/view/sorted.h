/*
 * Which rows are shown, and in which order. The work is done in steps of a stated size, so that a
 * million rows never hold up a key: while a new order is being made the best rows found so far
 * stand in for the first page. Knows rows; nothing of screens.
 */
#ifndef AW_VIEW_SORTED_H
#define AW_VIEW_SORTED_H

#include "await100/rows.h"

enum aw_column { /* what can be shown and sorted by */
#define AW_COLUMN(id, name, title, least, best, rank, right, meaning) AW_COL_##id,
#include "view/columns.def"
#undef AW_COLUMN
                 AW_COL_COUNT
};

/* Whether a row is shown. */
typedef bool aw_sorted_test(void *ctx, const struct aw_rows *rows, uint64_t number,
                            const struct aw_row *row);

struct aw_sorted;

struct aw_sorted *aw_sorted_new(void); /* NULL: no memory */
void aw_sorted_free(struct aw_sorted *o);

/* Starts afresh, by `by`; `test` (NULL = all) has to stay valid, with its ctx, until the next
 * start. Equal rows stay in order of arrival, the newest last; `down` turns all but that round. */
void aw_sorted_start(struct aw_sorted *o, enum aw_column by, bool down, aw_sorted_test *test,
                     void *ctx);
/* Takes in new rows and goes on with what is to be done, about `rows_budget` rows of it. False:
 * nothing is left to do. */
bool aw_sorted_step(struct aw_sorted *o, const struct aw_rows *rows, size_t rows_budget);

/* While the order is not ready only the first rows can be had: those of `aw_sorted_count`. */
bool aw_sorted_ready(const struct aw_sorted *o);
unsigned aw_sorted_percent(const struct aw_sorted *o); /* of the work; 100 when ready */
size_t aw_sorted_count(const struct aw_sorted *o);
uint64_t aw_sorted_at(const struct aw_sorted *o, size_t i); /* number of the i-th row shown */
/* Place of a row; SIZE_MAX where it is not shown. */
size_t aw_sorted_find(const struct aw_sorted *o, uint64_t number);

#endif
