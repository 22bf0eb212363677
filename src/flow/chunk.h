/*
 * All that the rooms above TCP see of it: bytes in order, holes, ends, and the few facts about
 * segments that verdicts rest on. Order promises:
 *
 *  - Within one direction offsets rise without overlap: DATA and HOLE chunks tile the stream, FIN
 *    comes after its last byte, CLOSE comes once, last.
 *  - Across directions the order is causal: a DATA chunk comes only after everything that its
 *    segment acknowledges has come as DATA or HOLE. So a response never comes before the request it
 *    answers, whatever the order in which packets were captured.
 */
#ifndef AW_FLOW_CHUNK_H
#define AW_FLOW_CHUNK_H

#include "await100/types.h"

enum aw_chunk_kind {
    AW_CHUNK_DATA,  /* `len` bytes at `data` */
    AW_CHUNK_HOLE,  /* `len` bytes that were sent and not captured (`cut`: lost to the snap length)
                     */
    AW_CHUNK_FIN,   /* this direction ended at `off`; the other may go on */
    AW_CHUNK_AGAIN, /* bytes `off`, `len` were sent once more (`copy`: only captured once more); at
                     * `data`, NULL where not all were captured */
    AW_CHUNK_ACK, /* first segment of `dir` that acknowledges the peer's watched offset: ack_off */
    AW_CHUNK_WINDOW, /* the receive window that `dir` offers became 0 (len = 0) or opened (len = 1)
                      */
    AW_CHUNK_IDLE,   /* nothing but keep-alives for the idle timeout; `seen` is the last activity.
                      * The connection stays: more chunks may follow, and a further IDLE */
    AW_CHUNK_CLOSE,  /* the connection is over or let go: `close` says why; nothing follows */
};

enum aw_close {
    AW_CLOSE_NONE = 0, /* open */
    AW_CLOSE_FIN,      /* both sides ended in order; `dir` is the side whose FIN came first */
    AW_CLOSE_RST,      /* `dir` sent a reset that its peer will have accepted */
    AW_CLOSE_REUSED,   /* a new connection on the same addresses and ports began */
    AW_CLOSE_EVICTED,  /* let go for want of memory */
    AW_CLOSE_INPUT,    /* the input ended */
    AW_CLOSE_EXPIRED,  /* no packet at all for long enough to forget the connection */
};

struct aw_chunk {
    enum aw_chunk_kind kind;
    enum aw_dir dir;      /* whose bytes, or who did it */
    enum aw_close close;  /* of a CLOSE */
    bool cut;             /* HOLE: the packet was captured, its end was not */
    bool waited;          /* DATA: stood in the reassembly queue; `data` is lent from there */
    bool copy;            /* AGAIN: the same packet seen twice, to compare what it carries */
    bool conflict;        /* DATA: a later segment, or an earlier one, had other bytes here */
    uint8_t ttl;          /* of the segment that carried it; 0 = unknown */
    const uint8_t *data;  /* borrowed until the callback returns */
    uint64_t len;         /* bytes */
    aw_off off;           /* of the first byte */
    struct aw_mark seen;  /* the packet that carried it first; of a HOLE: the one that proved it */
    struct aw_mark ready; /* the packet on which it was handed up: later than `seen` if it waited */
    aw_ns due;        /* deadline of the timer that handed it up; 0 = a packet did. Within a tick
                       * timers come in order of (due, first packet of the connection) */
    aw_off ack_off;   /* peer bytes its segment acknowledged; AW_OFF_NONE = not captured */
    aw_off peer_high; /* end of the highest peer byte any peer segment captured up to `seen`
                       * implies: payload ends and the sequence numbers of bare segments */
};

#endif
