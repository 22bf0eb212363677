/*
 * The expression language over records: `status == 417 and stall > 500ms and host ~ api`. One
 * catalogue of fields, the keys of a record; expressions are compiled once and asked for each
 * record. Pure: what is not in a record (names of inputs, the flow hash) is asked of the caller.
 *
 * Language
 *   names      keys of a record: the full path (`verdict.cause`) or its end where one field alone
 *              ends so (`cause`, `packets.head`). Elements of lists and what tells of another
 *              exchange (interim, checks, recovered_by) are only meant where their parent is named.
 *              A unit at the end may be left out: `stall` is cost.stall_ms, `wasted`
 *              cost.wasted_bytes.
 *   values     numbers with us, ms, s (times; without a unit they are ms), K and M (1,000 and
 *              1,000,000), KiB, MiB; words, or strings in "" or '' (\" \' \\ inside); true, false;
 *              null; addresses, with a prefix length too (10.0.0.0/8); moments as RFC 3339 (UTC
 *              where no offset is given; a date alone will do)
 *   compare    ==  !=  <  <=  >  >=  ~ (contains, letter case aside)  in (a, b)  not in {a, b}
 *              severity and confidence are ordered by rank: severity >= warning
 *   join       not and or, also ! && ||, and parentheses; `not` binds closest, then `and`
 *   bare name  true: the flag is set (`recovered`), or the value is known (`response`)
 * A comparison with an unknown value is false, != too; only `x == null` and `x != null` ask whether
 * it is known. A list compares by its elements: == and ~ and < hold if they do for any, != if it is
 * not empty and no element is equal; an empty list is null.
 */
#ifndef AWAIT100_FILTER_H
#define AWAIT100_FILTER_H

#include "engine.h"

/* --- fields: the keys of a record, in its order --- */

enum aw_kind {
    AW_KIND_GROUP,   /* an object or a list of them: known or null */
    AW_KIND_NUMBER,  /* a whole number */
    AW_KIND_TIME,    /* a span: ms in records, ns here */
    AW_KIND_MOMENT,  /* a point in time */
    AW_KIND_TEXT,    /* bytes of the wire */
    AW_KIND_WORD,    /* one of a fixed set: aw_field_word */
    AW_KIND_ADDRESS, /* an IP address */
    AW_KIND_FLAG,    /* true or false */
    AW_KIND_PACKET,  /* the number of a packet within its input */
};

struct aw_value {
    enum aw_kind kind;
    bool known;          /* false: null, and the rest is unset */
    int64_t number;      /* NUMBER, PACKET; TIME and MOMENT in ns; FLAG 0 or 1; WORD its rank */
    struct aw_span text; /* TEXT, WORD: lent until the record goes, or until the next call */
    struct aw_addr address;
    uint16_t source; /* PACKET: the input it lies in */
};

/* What is not in a record. Any function may be NULL: the field is null then. */
struct aw_surround {
    void *ctx;
    const int64_t *threshold; /* AW_T_COUNT of them; NULL: the defaults */
    const char *(*source_name)(void *ctx, uint16_t source);
    /* The Community ID; lent until the next call. */
    const char *(*community_id)(void *ctx, const struct aw_conn_facts *conn);
};

AW_API unsigned aw_field_count(void);
AW_API const char *aw_field_name(unsigned field); /* the full path; static */
AW_API enum aw_kind aw_field_kind(unsigned field);
AW_API bool aw_field_is_list(unsigned field);
/* Words a field of kind WORD can hold, in order of rank: NULL beyond the last. */
AW_API const char *aw_field_word(unsigned field, unsigned rank);
/* Its value in a record. Lists: element `nth` from 0, false beyond the last; others have nth 0
 * only. */
AW_API bool aw_field_value(unsigned field, unsigned nth, const struct aw_record *rec,
                           const struct aw_surround *around, struct aw_value *out);
/* A name as in expressions to its field: -1 where none or several are meant, and then *err says so.
 */
struct aw_expr_error;
AW_API int aw_field_find(struct aw_span name, struct aw_expr_error *err);

/* The nearest of `count` words to `word`, NULL where none is near: for "did you mean". */
AW_API const char *aw_nearest(const char *word, const char *const *words, size_t count);

/* --- expressions --- */

enum { AW_EXPR_LONGEST = 4096, AW_EXPR_DEPTH = 64, AW_EXPR_MOST = 512 }; /* bytes, levels, terms */

struct aw_expr_error {
    size_t at, len;  /* the bytes it is about; len 0: something is missing at `at` */
    bool incomplete; /* the text is fine as far as it goes: what would be typed next may mend it */
    char text[240];  /* one line, printable, without the position: what was expected */
};

struct aw_expr;
/* NULL where the text is no expression, *err says why. An empty text (blanks) is one, and true for
 * every record. The text need not live on. `alloc` NULL: malloc and friends. */
AW_API AW_MUST_USE struct aw_expr *aw_expr_compile(const struct aw_alloc *alloc,
                                                   struct aw_span text, struct aw_expr_error *err);
AW_API void aw_expr_free(struct aw_expr *x); /* NULL is fine */
/* Whether the record matches; x NULL: it does. Changes nothing: one expression may be asked by
 * several threads at once. */
AW_API bool aw_expr_match(const struct aw_expr *x, const struct aw_record *rec,
                          const struct aw_surround *around);

/* A moment as RFC 3339 writes it, less at the end: 2026-01-02, 2026-01-02T03:04, ...:05.25 with Z,
 * +01:00 or nothing; T may be t or a blank. *zoned: an offset was given; without one the moment is
 * that of UTC. False where it is none. */
AW_API bool aw_moment_parse(struct aw_span text, aw_ns *out, bool *zoned);

#endif
