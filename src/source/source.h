/*
 * Where packets come from: capture files in any of their shapes, plain or compressed, standard
 * input, several of them merged by time. The only room that includes libpcap and the
 * libraries that decompress.
 *
 * Cost: plain files are read in 512 KiB blocks and parsed in place, no copy a packet; compressed
 * and piped input is read the same way from the decompressor. Only records that straddle a block's
 * end are moved.
 */
#ifndef AW_SOURCE_SOURCE_H
#define AW_SOURCE_SOURCE_H

#include "await100/packet.h"
#include "source/bound.h"
#include "source/lost.h"

struct aw_source;

enum aw_read {
    AW_READ_OK,      /* *n packets at *pkts, n >= 1 */
    AW_READ_END,     /* no more */
    AW_READ_DAMAGED, /* no more: the input is damaged from here on; see aw_source_error */
    AW_READ_AGAIN,   /* interrupted by a signal, or nothing for now: ask again */
};

/*
 * Opens one input: a path, or "-" for standard input, which may be given once. `index` numbers it
 * for aw_ref. On failure returns NULL and writes one line without newline, naming file and reason,
 * to err. Nothing is read yet: an empty file, or what is no capture, shows as DAMAGED.
 *
 * A read that a signal interrupts gives AGAIN, and nothing is lost. Only the rare formats that are
 * left to libpcap read on regardless.
 */
struct aw_source *aw_source_open(const char *path, uint16_t index, char *err, size_t err_size);
/* The same input once more, from its beginning: on the descriptor of `first`, which stays open and
 * whose own reading goes on. Only of a regular file; NULL and a line in err otherwise. */
struct aw_source *aw_source_again(const struct aw_source *first, char *err, size_t err_size);
bool aw_source_rereadable(const struct aw_source *s);
void aw_source_close(struct aw_source *s);

/*
 * Lends the next packets in file order, `ord` unset. They, and the array, are valid until the next
 * call for this source with the same `hold`: each hold keeps the block that its bytes lie in. So a
 * caller with several batches under way passes 0, 1, ... in turn and gets the promise for each.
 * After DAMAGED or END every further call gives the same.
 */
enum { AW_SOURCE_HOLDS = 8 };
enum aw_read aw_source_next(struct aw_source *s, unsigned hold, const struct aw_packet **pkts,
                            size_t *n);

/* On another thread, also while the source's own is in aw_source_next: reads some of what comes
 * after what that reads. False: nothing is to be read as yet, or ever: only plain files are read
 * so, and only once this was called. */
bool aw_source_ahead(struct aw_source *s);

/* Whether a command-line argument names a capture: a regular file that begins as one, decompressed
 * where need be, or a pipe, which cannot be looked into. */
bool aw_source_is_capture(const char *path);

/* One line: file, packet, byte, reason; "" where nothing is wrong. */
const char *aw_source_error(const struct aw_source *s);
/* Whether packets of several interfaces or link types may come; known with the first packet. */
bool aw_source_has_interfaces(const struct aw_source *s);
/* Packets that the file says its capture lost; whole once it was read to its end. */
struct aw_lost aw_source_lost(const struct aw_source *s);
uint64_t aw_source_bytes(const struct aw_source *s); /* read so far, as stored */
uint64_t aw_source_size(const struct aw_source *s);  /* in all, as stored; 0 = unknown */

/* Whether any packet's link type can be filtered, and the filter itself: a BPF program a link type.
 * NULL and a message where the expression does not compile (err holds libpcap's words). */
struct aw_filter;
struct aw_filter *aw_filter_new(const char *expression, char *err, size_t err_size);
/* One that matches the same, made without compiling: in a sandbox names can not be looked up. May
 * be called while `first` is in use in another thread. NULL: no memory. */
struct aw_filter *aw_filter_copy(const struct aw_filter *first);
void aw_filter_free(struct aw_filter *f);
bool aw_filter_match(struct aw_filter *f, const struct aw_packet *pkt);
/* How many packets did not match because the expression makes no sense for their link type; *why is
 * libpcap's reason, borrowed, or NULL where there were none. */
uint64_t aw_filter_unfit(const struct aw_filter *f, const char **why);

/*
 * Several sources as one, merged by packet time; ties in the order given. Sets `ord`, applies the
 * filter (NULL = none). `stop_after`: at most so many packets in all, 0 = no limit.
 */
struct aw_merge;
/* Takes over the sources and the filter, not the array. NULL: no memory, and nothing taken. */
struct aw_merge *aw_merge_new(struct aw_source **sources, size_t count, struct aw_filter *filter,
                              uint64_t stop_after);
/* Only packets from one moment to another, both included; AW_BOUND_NONE is open. "First packet" is
 * the first of all, matching or not. Before the first aw_merge_next. */
void aw_merge_between(struct aw_merge *m, struct aw_bound from, struct aw_bound to);
/* The same once more, from the beginning, with the filter, limit and bounds of `first`: all
 * sources, or NULL and a line in err. On their descriptors, so that `first` has to stay; it may be
 * in use in another thread, past aw_merge_between. */
struct aw_merge *aw_merge_again(const struct aw_merge *first, char *err, size_t err_size);
void aw_merge_free(struct aw_merge *m); /* closes the sources, frees the filter */
/* As aw_source_next, `hold` included. A damaged source ends alone: the others go on, and END is
 * given at last; aw_merge_damaged tells. */
enum aw_read aw_merge_next(struct aw_merge *m, unsigned hold, const struct aw_packet **pkts,
                           size_t *n);
bool aw_merge_ahead(struct aw_merge *m); /* as aw_source_ahead, of the source read last */
/* *error: what ended the first such source, NULL = none; aw_source_error tells for each. */
bool aw_merge_damaged(const struct aw_merge *m, const char **error);
uint64_t aw_merge_filtered(const struct aw_merge *m);   /* did not match, or were not of the time */
struct aw_lost aw_merge_lost(const struct aw_merge *m); /* by all sources: aw_source_lost */
/* Whether all its sources can be read again: aw_source_rereadable. */
bool aw_merge_rereadable(const struct aw_merge *m);
size_t aw_merge_sources(const struct aw_merge *m, struct aw_source *const **sources);

#endif
