/*
 * What the analysis tells the dashboard, from another thread: rows, figures, progress, and whole
 * records of failing exchanges as far as memory goes. One lock. Whoever analyses (a file or an
 * interface) calls the functions of the first part; the views read between lock and unlock.
 */
#ifndef AW_VIEW_BOARD_H
#define AW_VIEW_BOARD_H

#include "await100.h"
#include "view/detail.h"

enum { AW_SPARK = 64, AW_BOARD_TEXT = 256 };

struct aw_board_info {
    const char *const
        *source; /* names of inputs (files, interfaces), borrowed for the feed's life */
    size_t source_count;
    const char *filter; /* the capture filter in force, the board's; "" = none */
    const char *match;  /* -Y, borrowed likewise; "" = none */
    bool all;           /* -A: every exchange is to be shown at first */
    bool live;
    bool again;           /* the input can be read again: details of any exchange can be had */
    bool over;            /* nothing more will come */
    uint64_t bytes, size; /* read so far and in all, as stored; size 0 = unknown */
    uint64_t dropped;     /* by kernel and interface: live, or told by the files */
    uint64_t filtered;    /* packets that did not match the capture filter */
    struct aw_stats stats;
    char trouble[AW_BOARD_TEXT]; /* what went wrong with an input, "" = nothing */
    char note[AW_BOARD_TEXT];    /* the latest line of news for the user, */
    uint64_t notes;              /* and how many there were */
    char state[AW_BOARD_TEXT];   /* in words: "dropped root to nobody"; "" = nothing to say */
};

struct aw_board_config {
    const char *const *source;
    size_t source_count;
    const char *filter;
    const char *match;
    bool all, live, again, show_secrets;
    size_t memory;            /* of rows and details */
    uint64_t seed;            /* random, of hashes */
    const int64_t *threshold; /* AW_T_COUNT, copied */
};

struct aw_waiting { /* an exchange under way */
    uint64_t conn;
    uint32_t nth;
    uint16_t port;
    struct aw_addr server;
    aw_ns since;    /* capture time of its head */
    char what[120]; /* method, Host and target, as on the wire, masked where that is asked for */
};
enum { AW_WAITERS = 64 };

struct aw_board;

struct aw_board *aw_board_new(const struct aw_board_config *c); /* NULL: no memory */
void aw_board_free(struct aw_board *f);                         /* may be NULL */

/* --- for whoever analyses; any thread, they lock --- */

void aw_board_record(struct aw_board *f, const struct aw_record *rec);
/* Live: a client holds its content back, and no answer has come so far. */
void aw_board_waiting(struct aw_board *f, const struct aw_exchange *ex, aw_ns waited);
void aw_board_stats(struct aw_board *f, const struct aw_stats *stats);
void aw_board_progress(struct aw_board *f, uint64_t bytes, uint64_t size);
void aw_board_dropped(struct aw_board *f, uint64_t dropped, uint64_t filtered);
void aw_board_state(struct aw_board *f, const char *text);
/* Adds a line of trouble; the first one stays. */
void aw_board_trouble(struct aw_board *f, const char *text);
/* Live: another capture filter is in force. */
void aw_board_filter(struct aw_board *f, const char *filter);
/* A line of news, shown until the next key. */
void aw_board_note(struct aw_board *f, const char *text);
void aw_board_over(struct aw_board *f);

/* --- for the views --- */

void aw_board_lock(struct aw_board *f);
void aw_board_unlock(struct aw_board *f);

/* With the lock held: */
const struct aw_board_info *aw_board_info(const struct aw_board *f);
const struct aw_rows *aw_board_rows(const struct aw_board *f);
struct aw_summary *aw_board_summary(struct aw_board *f);
const int64_t *aw_board_threshold(const struct aw_board *f);
/* The whole record of a row, kept since it came; NULL where it was not or was let go. Borrowed
 * until unlock. */
const struct aw_detail *aw_board_kept(const struct aw_board *f, uint64_t row);
/* Failing exchanges over time: *n counters of *width each, from *from on. */
const uint32_t *aw_board_spark(const struct aw_board *f, unsigned *n, aw_ns *from, aw_ns *width);
/* Latencies of the exchanges of a cause; NULL = none was measured. */
const struct aw_hist *aw_board_latency(const struct aw_board *f, enum aw_cause cause,
                                       enum aw_severity severity, enum aw_latency which);
/* Clients that wait now; *n of them, the longest first. */
const struct aw_waiting *aw_board_waiters(const struct aw_board *f, size_t *n);
/* Forgets rows, figures and details; totals of packets go on. */
void aw_board_clear(struct aw_board *f);

#endif
