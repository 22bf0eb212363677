/*
 * A place that a report is written to, by its path: a file that appears whole or not at all, any
 * number of times, or something that cannot be replaced by renaming (a pipe, /dev/stdout) and is
 * written to directly. Knows names; the bytes are out.h's business.
 */
#ifndef AW_SINK_PLACE_H
#define AW_SINK_PLACE_H

#include "confine/folder.h"

struct aw_place;

/* Finds the folder, or opens what is written to directly. On failure NULL and a line in err. */
struct aw_place *aw_place_open(const char *path, char *err, size_t err_size);
/* A file of that name in a folder that is open already, which is borrowed. NULL: no memory. */
struct aw_place *aw_place_in(struct aw_folder *folder, const char *name);
void aw_place_close(struct aw_place *p); /* NULL is fine */
/* The folder in which files are made, for the keeper; borrowed. NULL: written to directly. */
struct aw_folder *aw_place_folder(const struct aw_place *p);

/* A descriptor to write to, -1 with errno set. `temp` gets the name of the hidden file behind it,
 * which the caller closes and then commits or discards; "" where it is written to directly: the
 * descriptor is the place's then. */
int aw_place_begin(struct aw_place *p, char temp[AW_FOLDER_NAME]);
int aw_place_commit(struct aw_place *p, const char *temp); /* 0, or -1 with errno set */
void aw_place_discard(struct aw_place *p, const char *temp);

#endif
