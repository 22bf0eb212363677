/*
 * One exchange whole: a copy of its record that outlives the callback, and the heads of its
 * messages where they could be read. Plain data.
 */
#ifndef AW_VIEW_DETAIL_H
#define AW_VIEW_DETAIL_H

#include "await100/record.h"

enum { AW_DETAIL_HEADS = AW_INTERIM_MAX + 2, AW_DETAIL_HEAD_MAX = 16384 };

/* Which head: AW_HEAD_REQUEST, AW_HEAD_FINAL, AW_HEAD_INTERIM + i. */
enum { AW_HEAD_REQUEST, AW_HEAD_FINAL, AW_HEAD_INTERIM };

struct aw_detail {
    struct aw_record rec;       /* its pointers lead to the two below */
    struct aw_exchange *ex;     /* owned, in one block with its texts */
    struct aw_verdict *verdict; /* owned; NULL where there is none. As long as its text is used */
    struct aw_span head[AW_DETAIL_HEADS]; /* owned bytes; p NULL = not read (any more) */
};

/* A copy of rec; NULL: no memory. */
struct aw_detail *aw_detail_copy(const struct aw_record *rec);
void aw_detail_free(struct aw_detail *d); /* may be NULL */
size_t aw_detail_bytes(const struct aw_detail *d);

#endif
