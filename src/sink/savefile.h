/*
 * Writes capture files: pcap with nanoseconds, or pcapng where packets of several link types or
 * interfaces meet, or the first has no time. What stands in the file is whole records at any
 * moment: they are written out at their borders, and a record that did not fit on the disk is taken
 * back. Knows the formats; which packets are written is for others to say.
 */
#ifndef AW_SINK_SAVEFILE_H
#define AW_SINK_SAVEFILE_H

#include "await100/packet.h"

struct aw_savefile;

/* To a descriptor, which it takes over: closed by aw_savefile_close. `mixed`: pcapng. NULL: no
 * memory, and fd is as it was. */
struct aw_savefile *aw_savefile_new(int fd, bool mixed);
/* From now on a disk that is full today ends nothing: packets that cannot be written are let go and
 * counted, and it is tried again with later ones. Only where what was written in part can be taken
 * back, in a regular file. */
void aw_savefile_endure(struct aw_savefile *s);
uint64_t aw_savefile_let_go(const struct aw_savefile *s);
int aw_savefile_trouble(const struct aw_savefile *s); /* 0, or the first errno endured */
/* False where it is not in the file: pcap has but one link type, see aw_savefile_left_out; or
 * writing failed. */
bool aw_savefile_packet(struct aw_savefile *s, const struct aw_packet *pkt);
void aw_savefile_flush(struct aw_savefile *s);
uint64_t aw_savefile_size(const struct aw_savefile *s); /* bytes, with what is not flushed yet */
uint64_t aw_savefile_left_out(const struct aw_savefile *s); /* packets of another link type */
int aw_savefile_error(const struct aw_savefile *s);         /* 0, or what ended the writing */
/* Writes what is left (of an empty file the header), closes, frees. 0, or the first errno, endured
 * ones included. */
int aw_savefile_close(struct aw_savefile *s);

#endif
