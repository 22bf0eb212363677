/*
 * Decompression of the five packings in which captures come: gzip, zstd, xz, bzip2 and lz4, each by
 * its own library, from bytes in memory to bytes in memory. Knows nothing of files or captures. All
 * that can be decoded before a cut or a damage is given out before that is told, which matters as
 * cut uploads are common; and nothing here waits, so whoever feeds it may be interrupted.
 */
#ifndef AW_SOURCE_UNPACK_H
#define AW_SOURCE_UNPACK_H

#include "await100/types.h"

enum { AW_PACKING_MAGIC = 6 }; /* bytes that tell the packing of a stream */

struct aw_unpack;
struct aw_packing;

enum aw_unpack_status {
    AW_UNPACK_OK,     /* *got bytes, 1 or more */
    AW_UNPACK_HUNGRY, /* wants more packed bytes; all those given are used */
    AW_UNPACK_BROKEN, /* aw_unpack_error says why; stays so */
};

/* NULL: a stream that begins so is in no packing known here. */
const struct aw_packing *aw_packing_of(const uint8_t *head, size_t len);

struct aw_unpack *aw_unpack_new(const struct aw_packing *packing); /* NULL: no memory */
void aw_unpack_free(struct aw_unpack *u);                          /* NULL is fine */

/* Takes packed bytes off the front of *in and writes what they give, at most `room` > 0 bytes. May
 * have more to write when *in is empty: only HUNGRY says that it has not. Frames (members, streams)
 * that follow one another are one; zeros between and after them, as tapes and disks leave, are
 * stepped over. */
enum aw_unpack_status aw_unpack_read(struct aw_unpack *u, struct aw_span *in, uint8_t *to,
                                     size_t room, size_t *got);

/* Whether the packed bytes may end here: not within a frame. */
bool aw_unpack_complete(const struct aw_unpack *u);

const char *aw_unpack_error(const struct aw_unpack *u);
const char *aw_packing_name(const struct aw_packing *p); /* static text */

#endif
