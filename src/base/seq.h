/*
 * Sequence-number arithmetic of TCP (RFC 9293, 3.4): 32 bits that wrap, compared by distance, and
 * widened to 64-bit offsets at the door so that nothing above has to think of it.
 */
#ifndef AW_BASE_SEQ_H
#define AW_BASE_SEQ_H

#include "await100/types.h"

/* Signed distance from b to a; right as long as the two lie within 2^31 of each other. */
static inline int32_t aw_seq_diff(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b);
}

/* The offset of `seq`, given that `near_off` is the offset of `near_seq` and the two are close. */
static inline aw_off aw_seq_widen(uint32_t seq, uint32_t near_seq, aw_off near_off)
{
    return near_off + aw_seq_diff(seq, near_seq);
}

#endif
