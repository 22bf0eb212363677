/* What the merge needs of a source beyond the door: the block behind a lot of packets. */
#ifndef AW_SOURCE_LEND_H
#define AW_SOURCE_LEND_H

#include "source/block.h"
#include "source/source.h"

/* The block in which the packets lent last under `hold` lie; NULL: none are lent. Who keeps it
 * keeps their bytes, but not the array; it has to be dropped before the source is closed. */
struct aw_block *aw_source_lent(const struct aw_source *s, unsigned hold);

/* The same packets as aw_source_next lent, for their ordinals to be set in place. */
struct aw_packet *aw_source_lent_packets(const struct aw_source *s, unsigned hold);

/* Before its first packet: its blocks come from there, which has to outlive it. */
void aw_source_share(struct aw_source *s, struct aw_blocks *blocks);

const char *aw_source_title(const struct aw_source *s); /* for messages: "standard input" for "-" */

#endif
