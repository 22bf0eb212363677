/*
 * Packets made anew from segments: Ethernet, an IP header, the TCP header as it was, another
 * payload. What the segment was wrapped in (link layer, tags, tunnels, fragments, padding) is left
 * behind.
 *
 * Lengths, times, sequence numbers, windows, options, TTL and IPv4 IDs are kept. TCP checksums are
 * changed by just as much as the bytes they cover: right ones stay right, wrong ones wrong. Values
 * of TCP Fast Open cookies are zero. Link type: Ethernet, addresses zero.
 */
#ifndef AW_SINK_REBUILD_H
#define AW_SINK_REBUILD_H

#include "await100/engine.h"

struct aw_rebuild;

/* `hide_addresses`: hosts are numbered instead, as 10.0.0.1 or 2001:db8::1, in order of appearance.
 * NULL: no memory. */
struct aw_rebuild *aw_rebuild_new(bool hide_addresses);
void aw_rebuild_free(struct aw_rebuild *r); /* NULL is fine */

/* A place for the payload of a segment of that size, to be filled before aw_rebuild_packet; lent
 * until the next call. NULL: no memory. */
uint8_t *aw_rebuild_payload(struct aw_rebuild *r, uint32_t len);
/* The packet around it; its bytes are lent until the next call, and ord and ref are the caller's to
 * set. False: what was captured is not even a header. */
bool aw_rebuild_packet(struct aw_rebuild *r, const struct aw_tap_segment *seg,
                       struct aw_packet *out);
/* A packet that says nothing but when: IP protocol 253, which is for experiments (RFC 3692). */
bool aw_rebuild_mark(struct aw_rebuild *r, aw_ns when, struct aw_packet *out);

#endif
