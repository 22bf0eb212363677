/*
 * -w: the packets of connections on which an exchange failed, from their first on. Which those are
 * is known only when the verdict is given, so there are two ways, and the caller says which:
 *
 * - read again: the first reading only finds out which connections are wanted; on the second one
 *   packets are written as they come. For files, of any size.
 * - from memory: the latest packets are kept in a ring; what leaves it is written if its connection
 *   is wanted by then. For input that comes once. What had to leave for want of room before
 *   anything was known is counted.
 *
 * Either way packets stand in the file in the order of input, which has to be that of one shard;
 * its packets and the records may come on two threads.
 */
#ifndef AW_SINK_KEEP_H
#define AW_SINK_KEEP_H

#include "await100/record.h"
#include "confine/folder.h"

struct aw_keep_plan {
    const char *path; /* borrowed until open returns; "-": standard output */
    bool again;       /* the input is read twice: aw_keep_again comes between */
    size_t memory;    /* bytes, of the ring most of all */
    aw_ns patience;   /* a packet older than this is not waited for: no verdict takes that long */
    bool endure;      /* a full disk costs packets and ends nothing */
};
struct aw_keep_stats {
    uint64_t written;   /* packets */
    uint64_t let_go;    /* left memory before anything was known of their connection */
    uint64_t left_out;  /* of a link type the file could not take */
    uint64_t unwritten; /* for which there was no room on the disk */
};

struct aw_keep;

/* On failure NULL and a line in err. */
struct aw_keep *aw_keep_open(const struct aw_keep_plan *plan, char *err, size_t err_size);
/* The folder in which the file is made, for the keeper; borrowed. NULL: none. */
struct aw_folder *aw_keep_folder(const struct aw_keep *k);
/* As the engine's tap: a packet of a connection. */
void aw_keep_packet(void *ctx, uint64_t conn_ord, const struct aw_packet *pkt);
/* A record, of whatever exchange; `failing`: its packets are wanted. */
void aw_keep_record(struct aw_keep *k, const struct aw_record *rec, bool failing);
/* From memory: where the file was moved away, a new one of its name takes what follows. 0, or the
 * errno with which none could be made: the old one is written on. */
int aw_keep_reopen(struct aw_keep *k);
int aw_keep_trouble(struct aw_keep *k); /* 0, or the first errno endured */
/* The first reading is over. False: there is nothing to read again for. */
bool aw_keep_again(struct aw_keep *k);
/* Writes what is left and closes. 0, or the errno of the first failure. */
int aw_keep_close(struct aw_keep *k, struct aw_keep_stats *stats);

#endif
