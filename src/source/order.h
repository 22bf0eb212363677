/*
 * Packets of several sockets in the order of time. Each hands over its own in order but late by up
 * to a block's age, so a packet waits until every other socket has shown a later one, or has been
 * looked at and had no more. Knows nothing of libpcap, threads, or who has the packets.
 */
#ifndef AW_SOURCE_ORDER_H
#define AW_SOURCE_ORDER_H

#include <stddef.h>

#include "await100/packet.h"

struct aw_lane {                        /* what one socket shows */
    const struct aw_packet *next, *end; /* borrowed; equal: nothing */
    aw_ns came;                         /* steady time at which those had been read */
    aw_ns looked;                       /* where it shows nothing: the last look that found none */
};

/* How many packets go next, all of lane *which; 0: none as yet. `late`: how much later than
 * captured a look may find a packet. Equal times keep the order of lanes. */
size_t aw_order_next(const struct aw_lane *lane, size_t count, aw_ns late, size_t *which);

#endif
