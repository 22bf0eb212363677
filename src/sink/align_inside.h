/*
 * What finding out (align.c) and telling (align_out.c) share.
 */
#ifndef AW_SINK_ALIGN_INSIDE_H
#define AW_SINK_ALIGN_INSIDE_H

#include "sink/align.h"

enum aw_fate { AW_FATE_ALONE, AW_FATE_SHARED, AW_FATE_RESEGMENTED, AW_FATE_LOST, AW_FATE_OUTSIDE };

struct aw_align_packet {
    uint64_t key;  /* what makes it the same packet on both sides */
    uint64_t conn; /* of addresses and ports, both ways alike */
    aw_ns ts;
    uint64_t no;
    uint64_t mate; /* SHARED: index on the other side */
    uint32_t seq, len;
    uint8_t flags;
    uint8_t dir;  /* enum aw_dir */
    uint8_t half; /* which end of the connection sent it */
    uint8_t fate; /* enum aw_fate */
};

enum { AW_ALIGN_NAME = 128 };
struct aw_align_exchange {
    uint64_t conn, id;
    struct aw_mark at[3]; /* request, first 100, final response; see enum aw_align_point */
    enum aw_cause cause;
    enum aw_severity severity;
    enum aw_party party;
    uint16_t status;
    size_t mate;              /* index on the other side; SIZE_MAX = none */
    char name[AW_ALIGN_NAME]; /* method, host and target: bytes of the wire, cut */
};
enum aw_align_point { AW_ALIGN_REQUEST, AW_ALIGN_CONTINUE, AW_ALIGN_FINAL };

struct aw_leg { /* by direction */
    uint64_t sent, shared, resegmented, lost, lost_acks;
    uint64_t unsent; /* came out without having gone in: the capture missed them */
    aw_ns *delay;    /* owned: above the smallest, sorted */
    size_t delays;
    bool timed;        /* one was shared, so there are: */
    aw_ns least, most; /* arrival minus departure, clocks as they are */
};

struct aw_align_side {
    struct aw_align_packet *packet; /* owned; by number */
    size_t packets, packet_cap;
    struct aw_align_exchange *exchange; /* owned; by connection and time */
    size_t exchanges, exchange_cap;
    aw_ns first, last; /* of all packets */
};

struct aw_align {
    struct aw_align_side side[AW_SIDES];
    struct aw_leg leg[2];
    size_t packets_max, exchanges_max;
    uint64_t left_out;
    bool starved; /* something found no memory */
    uint64_t shared;
    bool both_ways; /* shared packets both ways: the offset is known within half a round trip */
    aw_ns offset;   /* server's clock minus client's */
    aw_ns round;    /* smallest round trip; below 0: the clocks do not run alike */
};

/* Sender's side of a direction. */
static inline enum aw_side aw_sender(enum aw_dir d)
{
    return d == AW_C2S ? AW_AT_CLIENT : AW_AT_SERVER;
}
/* A time of that side in the client's clock. */
static inline aw_ns aw_client_time(const struct aw_align *a, enum aw_side side, aw_ns t)
{
    return side == AW_AT_CLIENT ? t : (aw_ns)((uint64_t)t - (uint64_t)a->offset);
}

/* The packet of that number; NULL: it carried no segment. */
const struct aw_align_packet *aw_align_find(const struct aw_align_side *s, uint64_t no);

#endif
