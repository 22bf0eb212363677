/*
 * A compressed tar archive, by libarchive, to an output. Knows names, sizes and bytes; nothing of
 * what is in them. Entries carry the time they are given and no owner.
 */
#ifndef AW_SINK_ARCHIVE_H
#define AW_SINK_ARCHIVE_H

#include "sink/out.h"

struct aw_archive;

/* Whether a path's end names a kind of archive that can be made: .tar.zst, .tar.gz, .tgz. */
bool aw_archive_knows(const char *path);
/* `out` is borrowed. On failure NULL and a line in err. */
struct aw_archive *aw_archive_new(struct aw_out *out, const char *path, char *err, size_t err_size);
/* Add an entry, of bytes or of a descriptor's from its beginning to its end. False: it failed, and
 * aw_archive_close says how. */
bool aw_archive_bytes(struct aw_archive *a, const char *name, aw_ns time, struct aw_span bytes);
bool aw_archive_file(struct aw_archive *a, const char *name, aw_ns time, int fd);
/* Ends the archive and frees. False and a line in err: it is not whole. */
bool aw_archive_close(struct aw_archive *a, char *err, size_t err_size);

#endif
