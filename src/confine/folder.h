/*
 * Folders in which outputs are made, and the keeper: a small process that makes files in them for a
 * program that has given up the right to do so itself. Knows names and descriptors; nothing of what
 * is written, packets or reports.
 *
 * Why a process: once root is dropped, a folder that belongs to root takes no new file from us, and
 * a report that appears whole (made beside, then renamed), rotation and the reopening after a HUP
 * all need new files. So the folders are opened first, the keeper is forked with them and with
 * nothing else, and what is asked of it is a name it was told beforehand. It hands back
 * descriptors; all writing is done by the confined program. Where there is no keeper (--no-sandbox,
 * tests), the same calls work on the folder directly.
 */
#ifndef AW_CONFINE_FOLDER_H
#define AW_CONFINE_FOLDER_H

#include "await100/types.h"

enum aw_names {
    AW_NAMES_ONE,    /* the stem itself, and its temporary files: ".STEM.DIGITS-DIGITS.tmp" */
    AW_NAMES_PREFIX, /* what begins with the stem, or with a dot and the stem: rotated files */
    AW_NAMES_ANY,    /* the folder is ours: any name in it */
    AW_NAMES_NEW,    /* names that a user gives later on: files are added to the folder, one at a
                        time by way of a temporary one; none that is there is changed, hidden ones
                        are not made, and the stem means nothing */
};

enum aw_make {
    AW_MAKE_NEW,      /* a new file; EEXIST where there is one */
    AW_MAKE_APPEND,   /* the file as it is, or a new one, written at its end */
    AW_MAKE_TRUNCATE, /* the file emptied, or a new one */
};

enum { AW_FOLDER_NAME = 256 }; /* of a name with its end */

struct aw_folder;

/* `dir` "" is the working directory. On failure NULL, with errno set. */
struct aw_folder *aw_folder_open(const char *dir, const char *stem, enum aw_names names);
void aw_folder_close(struct aw_folder *f); /* NULL is fine */
/* With AW_NAMES_ONE, before there is a keeper: removes the temporary files that runs left which
 * were killed with their keeper. Those that are still written stay. */
void aw_folder_tidy(struct aw_folder *f);

/* Names have no slash and obey the folder's rule, else EACCES. Links are never followed, and only a
 * regular file is opened. `mode`: permissions the file gets, 0 = as the umask leaves them. Returns
 * a descriptor for writing, closed on exec, or -1 with errno set. Any thread may call. */
int aw_folder_make(struct aw_folder *f, const char *name, enum aw_make how, unsigned mode);
/* Return 0, or -1 with errno set. */
int aw_folder_rename(struct aw_folder *f, const char *from, const char *to);
int aw_folder_remove(struct aw_folder *f, const char *name);
/* Whether there is anything of that name. */
bool aw_folder_has(struct aw_folder *f, const char *name);

/*
 * Forks the keeper for `count` folders (NULL entries are skipped), which are served by it from then
 * on. Call once all outputs are open and before captures are (a child would hold their rings), and
 * before any thread starts; all other descriptors are closed in it. It ends when we end, in
 * whatever way, and then removes the temporary file that was left in each folder of AW_NAMES_ONE
 * or NEW. NULL
 * with errno set where it could not be made; the folders then work as before. aw_keeper_stop, after
 * the folders were closed, waits for its end.
 */
struct aw_keeper;
struct aw_keeper *aw_keeper_start(struct aw_folder *const *folders, size_t count);
void aw_keeper_stop(struct aw_keeper *k); /* NULL is fine */
/* Our end of the line to it, for aw_confine. -1 where k is NULL. */
int aw_keeper_line(const struct aw_keeper *k);

#endif
