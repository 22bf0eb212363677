/*
 * One exchange whole: a copy of its record that outlives the callback, and the heads of its
 * messages where they could be read. Plain data.
 */
#ifndef AW_VIEW_DETAIL_H
#define AW_VIEW_DETAIL_H

#include "await100/record.h"
#include "sink/heads.h"

struct aw_detail {
    struct aw_record rec;       /* its pointers lead to the two below */
    struct aw_exchange *ex;     /* owned, in one block with its texts */
    struct aw_verdict *verdict; /* owned; NULL where there is none. As long as its text is used */
    /* By AW_HEAD_REQUEST and the like; owned bytes; p NULL = not read (any more). */
    struct aw_span head[AW_HEADS];
};

/* A copy of rec; NULL: no memory. */
struct aw_detail *aw_detail_copy(const struct aw_record *rec);
void aw_detail_free(struct aw_detail *d); /* may be NULL */
size_t aw_detail_bytes(const struct aw_detail *d);

#endif
