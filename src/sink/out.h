/*
 * A buffered writer with a sticky error, and the escapers every report uses. Nothing from the wire
 * reaches a file or a terminal but through one of the aw_out_* text functions.
 */
#ifndef AW_SINK_OUT_H
#define AW_SINK_OUT_H

#include "await100/types.h"

struct aw_out;
struct aw_place;
struct aw_folder;

/* To a descriptor (not closed). NULL: no memory. */
struct aw_out *aw_out_fd(int fd);
/* To `path`, atomically: a temporary file beside it that takes its name on aw_out_close(commit), so
 * that a reader never sees half a report. A path that names something else than a regular file (a
 * pipe, /dev/stdout) is written to directly. On failure NULL and a line in err. */
struct aw_out *aw_out_file(const char *path, char *err, size_t err_size);
/* To a place that is written to more than once, and outlives the out. NULL with errno set. */
struct aw_out *aw_out_at(struct aw_place *p);
/* The folder in which the file is made, for the keeper; borrowed. NULL: none. */
struct aw_folder *aw_out_folder(const struct aw_out *o);
/* Behind a queue, with a thread that writes (see behind.h): given over. Once something is flushed
 * it is handed over as a whole; aw_out_patient says whether to wait where the queue is full. NULL:
 * no memory, and `b` is not taken. */
struct aw_behind;
struct aw_out *aw_out_behind(struct aw_behind *b);
void aw_out_patient(struct aw_out *o, bool patient);
/* To memory, for tests: the bytes stay owned by the out. */
struct aw_out *aw_out_memory(void);
struct aw_span aw_out_bytes(const struct aw_out *o);
void aw_out_reset(struct aw_out *o); /* throws away what memory holds */

void aw_out_write(struct aw_out *o, const void *bytes, size_t len); /* raw */
void aw_out_str(struct aw_out *o, const char *s);                   /* raw, NUL-terminated */
void aw_out_printf(struct aw_out *o, const char *fmt, ...) AW_PRINTF(2, 3); /* own text only */
void aw_out_u64(struct aw_out *o, uint64_t v);
void aw_out_i64(struct aw_out *o, int64_t v);
/* Milliseconds with 3 to 6 places: 1234567 ns is 1.234567, 1000 ns is 0.001; AW_NS_NONE is null. */
void aw_out_ms(struct aw_out *o, aw_ns v);
/* RFC 3339 UTC with nanoseconds and Z; AW_NS_NONE is null. */
void aw_out_time(struct aw_out *o, aw_ns t);
/* A JSON string with its quotes: UTF-8 as it is, control bytes and bytes that are not valid UTF-8
 * as \u00XX. p NULL: null. */
void aw_out_json(struct aw_out *o, struct aw_span s);
/* For terminals: printable UTF-8 as it is, all else (C0, C1, DEL, bidi controls, bad UTF-8) as \xNN
 * or \u{N}. At most `columns` columns (0 = no limit), an ellipsis where it was cut. Returns
 * columns. */
size_t aw_out_printable(struct aw_out *o, struct aw_span s, size_t columns);

/* aw_out_printable writes ASCII only from here on: for terminals that do not speak UTF-8, where the
 * bytes of a harmless character may be control codes. */
void aw_out_ascii(struct aw_out *o, bool only);

/* Reports for people may use colour from here on: for terminals. */
void aw_out_colour(struct aw_out *o, bool on);

/* Writes out what is buffered. */
void aw_out_flush(struct aw_out *o);
/* 0, or the errno of the first failure. */
int aw_out_error(const struct aw_out *o);
/* Flushes, commits (or throws away) a file, frees. Returns 0 or the errno of the first failure. */
int aw_out_close(struct aw_out *o, bool commit);

/* Target with the values of its query parameters and its userinfo masked, as in "h/x?token=***".
 * Writes at most size bytes to buf (2 * target.len + 4 hold any), returns the span (target itself
 * where there is nothing to mask). */
struct aw_span aw_mask_target(struct aw_span target, char *buf, size_t size);

#endif
