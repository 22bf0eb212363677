/*
 * What a source hands in: one captured packet, its bytes lent.
 */
#ifndef AWAIT100_PACKET_H
#define AWAIT100_PACKET_H

#include "types.h"

struct aw_packet {
    aw_ns ts;            /* capture time */
    uint64_t ord;        /* ordinal over all inputs, from 1, strictly rising */
    aw_ref ref;          /* input and number within it */
    const uint8_t *data; /* borrowed: valid until the source is asked for more */
    uint32_t cap_len;    /* bytes at `data` */
    uint32_t wire_len;   /* bytes that were on the wire, >= cap_len (less is corrected to it) */
    uint16_t linktype;   /* LINKTYPE_ value, as in capture files */
    uint16_t iface;      /* interface within the input, 0 where it has but one */
    bool untimed;        /* the input does not say when it was captured: `ts` is that of another */
};

#endif
