/*
 * A record made from what a row keeps, for expressions over rows whose record is not at hand. What
 * a row does not keep is unknown in it.
 */
#ifndef AW_VIEW_ROW_RECORD_H
#define AW_VIEW_ROW_RECORD_H

#include "await100/rows.h"

struct aw_row_record {
    struct aw_record rec;
    struct aw_exchange ex;
    struct aw_verdict verdict; /* its text is not set */
};

/* Fills `to`; texts are borrowed from rows and row. Returns &to->rec. */
const struct aw_record *aw_row_record(struct aw_row_record *to, const struct aw_rows *rows,
                                      const struct aw_row *row);

#endif
