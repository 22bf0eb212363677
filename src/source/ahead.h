/*
 * Reading ahead: while one thread reads a piece of a file, another reads the piece after it, since
 * to copy bytes from the page cache is most of the work on a capture of uploads. A piece is read
 * into a block of its own, beyond a gap at its front where what is left of the piece before fits,
 * so that records that straddle the two are whole. Nothing is read that was not wanted, and what
 * was not begun is simply not there: who wants it reads it himself. Errors are not told: who reads
 * the same place himself meets them again. Knows nothing of captures.
 *
 * Cost: a lock taken a few times a piece by either side.
 */
#ifndef AW_SOURCE_AHEAD_H
#define AW_SOURCE_AHEAD_H

#include <pthread.h>

#include "source/block.h"

enum {
    AW_AHEAD_GAP = 64 * 1024, /* bytes of a block in front of what is read ahead */
    AW_AHEAD_BYTES = AW_BLOCK_BYTES - AW_AHEAD_GAP,
};

enum aw_ahead_state { AW_AHEAD_NONE, AW_AHEAD_WANTED, AW_AHEAD_READING, AW_AHEAD_READ };
struct aw_ahead_piece {
    enum aw_ahead_state state;
    uint64_t at;            /* its place in the file */
    size_t got;             /* bytes of it */
    struct aw_block *block; /* owned; NULL: there is none for it */
};

enum { AW_AHEAD_PIECES = 3, AW_AHEAD_BLOCKS = 2 * AW_AHEAD_PIECES };
struct aw_ahead {
    pthread_mutex_t lock;                         /* for all below */
    pthread_cond_t done;                          /* a piece is read */
    bool helped;                                  /* there is a thread that reads ahead */
    int fd;                                       /* borrowed */
    struct aw_ahead_piece piece[AW_AHEAD_PIECES]; /* in no order */
};

void aw_ahead_init(struct aw_ahead *a);
/* Ends it, too; nobody may be reading. */
void aw_ahead_fini(struct aw_ahead *a);

/* On any threads but the source's: reads a piece that is wanted. False: none is. */
bool aw_ahead_read(struct aw_ahead *a);

/* All others on the source's. */

/* What follows in `fd` from `at` on will be wanted, as many pieces as there may be: where many
 * files are read by turns they have AW_AHEAD_BLOCKS together. Without memory there are fewer. */
void aw_ahead_want(struct aw_ahead *a, int fd, uint64_t at, struct aw_blocks *blocks);
/* The piece that begins at `at`, once it is read: a block that is the caller's from now on, *got
 * bytes in it from AW_AHEAD_GAP on. NULL: it is not there; the caller has to read it. */
struct aw_block *aw_ahead_take(struct aw_ahead *a, uint64_t at, size_t *got);
/* How many bytes from `at` on are to be read by the caller, at most `room`: the rest is read ahead.
 */
size_t aw_ahead_before(struct aw_ahead *a, uint64_t at, size_t room);
/* Nothing more is wanted: gives all blocks back. */
void aw_ahead_end(struct aw_ahead *a);
bool aw_ahead_helped(struct aw_ahead *a); /* whether anybody reads ahead at all */

#endif
