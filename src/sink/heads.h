/*
 * Heads of an exchange's messages as they were on the wire. An exchange keeps where in their
 * streams they are; a second reading brings the bytes.
 */
#ifndef AW_SINK_HEADS_H
#define AW_SINK_HEADS_H

#include "await100/engine.h"
#include "await100/record.h"

/* Which head: AW_HEAD_INTERIM + i is that of the interim response i. */
enum {
    AW_HEAD_REQUEST,
    AW_HEAD_FINAL,
    AW_HEAD_INTERIM,
    AW_HEADS = AW_HEAD_INTERIM + AW_INTERIM_MAX
};
enum { AW_RAW_HEAD_MAX = 16384 }; /* bytes of a head that are kept */

struct aw_raw_head {
    enum aw_dir dir;
    aw_off from, to; /* equal: there is none */
    uint8_t *p;      /* owned: free(); NULL until the first byte came */
    size_t have;     /* bytes from the front, AW_RAW_HEAD_MAX at most */
    bool done;       /* nothing more will come */
    bool lost;       /* there was no memory for it */
};

/* Where the heads of x are. */
void aw_heads_want(struct aw_raw_head head[AW_HEADS], const struct aw_exchange *x);
/* A piece of its connection. True: there is nothing left to come. */
bool aw_heads_take(struct aw_raw_head head[AW_HEADS], const struct aw_stream_piece *piece);
void aw_heads_free(struct aw_raw_head head[AW_HEADS]);

#endif
