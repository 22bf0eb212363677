/*
 * The latest packets of an input that comes once, so that it can be read again as far as memory
 * goes. Bytes in a ring; the oldest packets make room. One thread puts, any may read.
 */
#ifndef AW_VIEW_RING_H
#define AW_VIEW_RING_H

#include "await100/packet.h"

struct aw_ring;

struct aw_ring *aw_ring_new(size_t bytes); /* NULL: no memory */
void aw_ring_free(struct aw_ring *r);      /* may be NULL */
void aw_ring_put(struct aw_ring *r, const struct aw_packet *pkts, size_t n);

/* A place in the ring: from the oldest packet on, up to the newest there was at the start. */
struct aw_ring_walk {
    uint64_t at, end;
};
void aw_ring_start(struct aw_ring *r, struct aw_ring_walk *w);
/* Copies packets to pkts (at most n) and their bytes to `bytes`; returns how many. 0: no more. What
 * made room meanwhile is passed over. */
size_t aw_ring_next(struct aw_ring *r, struct aw_ring_walk *w, struct aw_packet *pkts, size_t n,
                    uint8_t *bytes, size_t size);

#endif
