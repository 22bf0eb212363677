/*
 * Payloads without content: of the connections of failing exchanges, which bytes are heads or chunk
 * framing, and how those read once masked. All else is zero, so what was not understood is not
 * shown. No byte of a payload is passed on: it is made anew from what is known of its place.
 *
 * The input is read three times, each time with the same engine config and ordinals: records tell
 * where heads lie; streams bring their bytes; then payloads are asked for. Memory is bounded: what
 * there is no room for stays zero, and is counted.
 */
#ifndef AW_SINK_SCRUB_H
#define AW_SINK_SCRUB_H

#include "await100/engine.h"
#include "sink/mask.h"

struct aw_scrub;

/* The masker is borrowed. NULL: no memory. */
struct aw_scrub *aw_scrub_new(const struct aw_masker *m, size_t memory);
void aw_scrub_free(struct aw_scrub *s); /* NULL is fine */

/* First reading: every record; `failing`: its connection, and those of its attempts and legs. */
void aw_scrub_record(struct aw_scrub *s, const struct aw_record *rec, bool failing);
/* False: nothing failed. */
bool aw_scrub_begin(struct aw_scrub *s);
/* Second reading. */
void aw_scrub_stream(struct aw_scrub *s, const struct aw_conn_facts *conn,
                     const struct aw_stream_piece *piece);
void aw_scrub_mask(struct aw_scrub *s);
/* Third reading: fills `to` with the segment's payload, all of what was captured. */
bool aw_scrub_wants(const struct aw_scrub *s, uint64_t conn_ord);
void aw_scrub_payload(struct aw_scrub *s, const struct aw_tap_segment *seg, uint8_t *to);

/* Heads and framing there was no room for, and connections forgotten for want of it. */
uint64_t aw_scrub_lost(const struct aw_scrub *s);

#endif
