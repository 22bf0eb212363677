/*
 * The rows of a run: one of fixed size an exchange, for views that list, sort and search a million
 * of them. What repeats from row to row (addresses, hosts, products) is kept once, as a word. Heads
 * and packets are not kept: they are read again from the input at need.
 *
 * Rows are numbered from 0 in the order in which they were added. Bounded: past the limit the
 * oldest rows are let go, in lots, and counted: those of failing exchanges last, so that numbers
 * have gaps then. Words past their limit are not kept, and counted.
 */
#ifndef AWAIT100_ROWS_H
#define AWAIT100_ROWS_H

#include "record.h"

enum aw_row_flag {
    AW_ROW_JUDGED = 1 << 0, /* an expectation exchange: it has a verdict */
    AW_ROW_RECOVERED = 1 << 1,
    AW_ROW_TARGET_CUT = 1 << 2,
    AW_ROW_REQUEST = 1 << 3, /* the request was seen */
    AW_ROW_EXPECT = 1 << 4,  /* it carried Expect */
    AW_ROW_KEPT = 1 << 5,    /* whoever added it keeps the whole record, too */
};

typedef uint32_t aw_word; /* 0 = none */

enum { AW_ROW_TARGET = 46 };
struct aw_row {
    aw_ns time;    /* its first byte */
    uint64_t id;   /* as in records */
    uint64_t conn; /* its connection, by the ordinal of its first packet */
    uint64_t chain;
    aw_ref first; /* packet of its first byte */
    aw_ns wait;   /* from the head to the content, AW_NS_NONE where there was none */
    aw_ns stall;
    aw_ns total;  /* to the end of what was seen of it; AW_NS_NONE */
    int64_t sent; /* content bytes; -1 = unknown */
    aw_word client, server, host, agent, product, method;
    uint32_t nth; /* place in its connection */
    uint16_t client_port, server_port;
    uint16_t status;            /* 0 = none */
    uint8_t cause;              /* enum aw_cause; these four where AW_ROW_JUDGED */
    uint8_t severity;           /* enum aw_severity */
    uint8_t party;              /* enum aw_party */
    uint8_t confidence;         /* enum aw_confidence */
    uint8_t flags;              /* enum aw_row_flag */
    uint8_t attempt;            /* in its chain, 255 = that or more */
    uint8_t attempts;           /* likewise */
    uint8_t target_len;         /* bytes of `target` */
    char target[AW_ROW_TARGET]; /* its beginning, as on the wire, masked where that was asked for */
};
_Static_assert(sizeof(struct aw_row) <= 160, "a million exchanges fit into 160 MB");

struct aw_rows;

/* `memory`: bytes that rows and words may take in all. `seed`: random, so that nobody can choose
 * words whose hashes collide. NULL: no memory. */
AW_API struct aw_rows *aw_rows_new(const struct aw_alloc *alloc, size_t memory, uint64_t seed);
AW_API void aw_rows_free(struct aw_rows *r); /* may be NULL */
/* Forgets all rows and words. Numbering goes on, so that no number means two rows. */
AW_API void aw_rows_clear(struct aw_rows *r);

/* Takes a record; `target` as it may be shown. `wait` is the client's, see aw_exchange_wait. False:
 * no memory, and the row counts as let go. */
AW_API bool aw_rows_add(struct aw_rows *r, const struct aw_record *rec, struct aw_span target,
                        aw_ns wait, unsigned flags);

/* The rows there are: begin <= number < end, not all of them before `whole`. */
AW_API uint64_t aw_rows_begin(const struct aw_rows *r);
AW_API uint64_t aw_rows_whole(const struct aw_rows *r);
AW_API uint64_t aw_rows_end(const struct aw_rows *r);
AW_API uint64_t aw_rows_count(const struct aw_rows *r);
/* The first row that is there of those from `number` on; the end where none is. */
AW_API uint64_t aw_rows_next(const struct aw_rows *r, uint64_t number);
/* Borrowed until the next add or clear; NULL where it is not there (any more). */
AW_API const struct aw_row *aw_rows_at(const struct aw_rows *r, uint64_t number);
/* What was let go for want of memory: rows; failing ones among them; words. */
AW_API uint64_t aw_rows_let_go(const struct aw_rows *r);
AW_API uint64_t aw_rows_failing_let_go(const struct aw_rows *r);
AW_API uint64_t aw_rows_words_lost(const struct aw_rows *r);

/* The bytes of a word, as on the wire (an address: its 4 or 16 bytes); p NULL for 0. Borrowed until
 * the next clear. */
AW_API struct aw_span aw_rows_word(const struct aw_rows *r, aw_word w);
/* Words are numbered from 1 to this. */
AW_API aw_word aw_rows_words(const struct aw_rows *r);

#endif
