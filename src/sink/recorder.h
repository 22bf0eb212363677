/*
 * --record: every packet to a file, or to a row of files as tcpdump's -C, -G and -W make them.
 * Packet time takes the place of the wall clock, so that a capture read again is cut as it would
 * have been live.
 */
#ifndef AW_SINK_RECORDER_H
#define AW_SINK_RECORDER_H

#include "await100/packet.h"
#include "confine/folder.h"

struct aw_recorder_plan {
    const char *path; /* borrowed; "-": standard output. With `seconds` a strftime format, of which
                         only the last part of the path is one */
    uint64_t bytes;   /* a new file once one is larger; 0 = never: FILE, FILE1, FILE2, ... */
    uint64_t seconds; /* a new file after so much time; 0 = never */
    uint64_t files;   /* with bytes: begin again with the first after so many (the numbers then have
                         leading zeros); with seconds alone: stop after so many. 0 = no limit */
    bool endure;      /* a full disk costs packets and ends nothing */
};
struct aw_recorder_stats {
    uint64_t left_out; /* packets of a link type the file could not take */
    uint64_t let_go;   /* ... for which there was no room on the disk */
};

struct aw_recorder;

/* On failure NULL and a line in err. The plan is copied. */
struct aw_recorder *aw_recorder_open(const struct aw_recorder_plan *plan, char *err,
                                     size_t err_size);
/* The folder in which files are made, for the keeper; borrowed. NULL: none. */
struct aw_folder *aw_recorder_folder(const struct aw_recorder *r);
/* Writes n packets; with n == 0 only what is not yet out. `mixed`: packets of several link types or
 * interfaces may come; looked at when a file begins. False: nothing more will be written, since
 * `files` is reached or writing failed. */
bool aw_recorder_write(struct aw_recorder *r, const struct aw_packet *pkts, size_t n, bool mixed);
/* Where the file in hand was moved away, a new one of its name takes what follows. 0, or the errno
 * with which none could be made: the old one is written on. `mixed` as above. */
int aw_recorder_reopen(struct aw_recorder *r, bool mixed);
int aw_recorder_trouble(const struct aw_recorder *r); /* 0, or the first errno endured */
/* Closes all. 0, or the errno of the first failure. */
int aw_recorder_close(struct aw_recorder *r, struct aw_recorder_stats *stats);

#endif
