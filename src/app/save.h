/*
 * Packets as an output: --record writes what is read, -w what failed. Joins the writers with the
 * run: opens them, stands between the input and the engine, reads an input a second time where -w
 * can do that, and says what came of it.
 */
#ifndef AW_APP_SAVE_H
#define AW_APP_SAVE_H

#include <stdatomic.h>

#include "app/options.h"
#include "app/pipeline.h"
#include "sink/keep.h"
#include "sink/recorder.h"

struct aw_save {
    const struct aw_options *o;   /* borrowed */
    struct aw_keep *keep;         /* owned; NULL without -w */
    struct aw_recorder *recorder; /* owned; NULL without --record */
    struct aw_merge *again; /* owned: the inputs, to be read a second time; NULL: they can't */
    struct aw_merge *merge; /* borrowed: the inputs; NULL where live */
    struct aw_feed from;    /* what the recorder listens to */
    bool full;              /* the recorder has its number of files: reading ends */
    atomic_bool reopen;     /* asked for; the recorder's thread does it */
    int record_trouble, keep_trouble; /* said */
};

enum { AW_SAVE_FOLDERS = 2 };

/* Opens what the options name; `merge` NULL: live. False: it is said on standard error. Options
 * and merge are borrowed, and the struct stays where it is. */
bool aw_save_open(struct aw_save *s, const struct aw_options *o, struct aw_merge *merge);
void aw_save_folders(const struct aw_save *s, struct aw_folder *to[AW_SAVE_FOLDERS]);
/* What -w asks of the engine: all records, and a part of its memory. */
void aw_save_engine(const struct aw_save *s, struct aw_config *config);
/* `from` with the recorder in between. */
struct aw_feed aw_save_feed(struct aw_save *s, struct aw_feed from);
/* Live, on any thread, but one at a time: asks for new files where the old ones were moved away;
 * says once that a file cannot be written. */
void aw_save_new_files(struct aw_save *s);
void aw_save_look(struct aw_save *s);
/* After the run: reads again for -w where that is the way, with an engine of the same config, as
 * far as the run came. False: it did not come that far, and it is said. */
bool aw_save_again(struct aw_save *s, const struct aw_config *config, uint64_t packets);
/* Closes the files. False: one could not be written, and it is said. */
bool aw_save_close(struct aw_save *s);

/* --- for other outputs that read their input more than once --- */

/* The memory there is in all. */
size_t aw_save_memory(const struct aw_config *c);
/* The inputs once more, with the same filter and bounds, so that the same packets get the same
 * ordinals; `first` stays open. NULL: they cannot be read twice, or, and then it is said, not now.
 */
struct aw_merge *aw_save_reopen(const struct aw_merge *first);
/* Reads them through an engine of that config, as far as `packets`, or until `enough` says so of
 * the tap's ctx (NULL: never). NULL, or why it did not come that far: borrowed from `again`. */
const char *aw_save_reread(struct aw_merge *again, const struct aw_config *config,
                           const struct aw_tap *tap, bool (*enough)(const void *ctx),
                           uint64_t packets);

#endif
