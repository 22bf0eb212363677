/*
 * Output behind a bounded queue, written by a thread of its own: whoever hands over records never
 * waits for a slow terminal or a full disk. What there is no room for is let go, a record whole,
 * and counted. Knows nothing of records beyond that one hand-over is one, or several whole ones.
 */
#ifndef AW_SINK_BEHIND_H
#define AW_SINK_BEHIND_H

#include "confine/folder.h"

struct aw_behind;

/* To a descriptor (not closed), or to a file at whose end is written, made where there is none: a
 * regular one is opened again by its name after aw_behind_reopen. NULL and a line in err on
 * failure.
 */
struct aw_behind *aw_behind_fd(int fd, char *err, size_t err_size);
struct aw_behind *aw_behind_file(const char *path, char *err, size_t err_size);
/* The folder of a regular file, for its keeper; borrowed. NULL: there is none. */
struct aw_folder *aw_behind_folder(const struct aw_behind *b);
/* Starts the thread: until then hand-overs wait, or are let go. 0, or errno. */
int aw_behind_start(struct aw_behind *b);

/* Hands over bytes, copied. Where the queue is full: waits if `patient`, else lets them go. Returns
 * 0, or the errno that ended the writing for good. */
int aw_behind_put(struct aw_behind *b, const char *bytes, size_t len, bool patient);
int aw_behind_failed(struct aw_behind *b); /* what ended the writing for good; 0 = nothing so far */
void aw_behind_reopen(struct aw_behind *b);
uint64_t aw_behind_let_go(struct aw_behind *b); /* hand-overs that were let go so far */

/* Waits until all is written, ends the thread, frees. Returns 0 or the errno of the first failure.
 */
int aw_behind_close(struct aw_behind *b);

#endif
