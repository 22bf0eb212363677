/*
 * Inside the decoder: fragments of IPv4 and IPv6 datagrams, kept until the rest comes. Knows byte
 * ranges and keys; knows nothing of what the datagrams hold. Bounded by a byte budget, a time in
 * packet time, a number of pieces a datagram and of datagrams a hash bucket, so that hostile
 * fragments cost a bounded time each and push out the oldest.
 */
#ifndef AW_WIRE_FRAG_H
#define AW_WIRE_FRAG_H

#include "base/arena.h"
#include "base/cursor.h"

enum { AW_FRAG_BUCKETS = 512 };

/* What tells the datagrams apart (RFC 791, 3.2; RFC 8200, 4.5). Compared as bytes: no padding. */
struct aw_frag_key {
    uint8_t src[16], dst[16];
    uint32_t id;
    uint8_t protocol; /* 0 for IPv6, where it does not belong to the key */
    uint8_t version;  /* 4 or 6 */
    uint16_t zero;
};

struct aw_frag {
    aw_ns ts;
    uint32_t off;     /* of this piece in the datagram's payload */
    uint32_t len;     /* bytes sent; p.len of them were captured */
    struct aw_span p; /* borrowed: copied if it is kept */
    uint8_t protocol; /* what follows; the first piece's counts */
    bool more;        /* not the last piece */
};

struct aw_frag_group;
struct aw_frags {
    const struct aw_alloc *alloc; /* borrowed */
    size_t budget, used;          /* bytes */
    struct aw_frag_group *bucket[AW_FRAG_BUCKETS];
    struct aw_frag_group *oldest, *newest;
    uint64_t *held, *lost, *bad; /* borrowed counters: a piece that is let go moves from held */
};

enum aw_frag_result {
    AW_FRAG_HELD,
    AW_FRAG_WHOLE, /* *whole and *protocol are set */
    AW_FRAG_BAD,
    AW_FRAG_LOST,
};

struct aw_frag_whole {
    struct aw_span p; /* lives in the arena; ends where the first byte is missing */
    uint32_t len;     /* bytes sent: more than p.len where a piece was cut by the snap length */
    uint8_t protocol;
};

/* Does not count the piece itself: its result says under what it is to be counted. */
enum aw_frag_result aw_frags_push(struct aw_frags *f, const struct aw_frag_key *key,
                                  const struct aw_frag *piece, struct aw_arena *arena,
                                  struct aw_frag_whole *whole);
void aw_frags_end(struct aw_frags *f);  /* no more will come: lets all go */
void aw_frags_fini(struct aw_frags *f); /* frees all; counts nothing */

#endif
