/*
 * Where a capture file goes by its path: a regular file that is made by way of its folder, under
 * the path's name or one that begins so, or something that is written to directly.
 */
#ifndef AW_SINK_OUTFILE_H
#define AW_SINK_OUTFILE_H

#include "confine/folder.h"

struct aw_outfile {
    struct aw_folder *folder; /* owned; NULL: directly */
    int fd;                   /* directly: owned until it is taken; else -1 */
    char name[AW_FOLDER_NAME];
};

/* `names` as for a folder; with AW_NAMES_PREFIX the name's stem ends at `stem_end` (NULL: nowhere)
 * of it. On failure false and a line in err. */
bool aw_outfile_open(struct aw_outfile *f, const char *path, enum aw_names names, char stem_end,
                     char *err, size_t err_size);
/* A descriptor on the file of that name, emptied; the caller's. -1 with errno set. */
int aw_outfile_make(struct aw_outfile *f, const char *name);
/* The same, where the file of that name was moved away; else -1 with errno EEXIST. */
int aw_outfile_again(struct aw_outfile *f, const char *name);
void aw_outfile_close(struct aw_outfile *f);

#endif
