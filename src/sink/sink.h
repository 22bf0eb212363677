/*
 * Reports: records and totals in, text out. Each format is one file behind one function table; all
 * are made from the same records and the same summary, so that figures agree. Every byte that came
 * from the wire goes through the escapers of out.h.
 */
#ifndef AW_SINK_SINK_H
#define AW_SINK_SINK_H

#include "await100.h"
#include "sink/out.h"

/* What runs that were merged say of a threshold. */
enum aw_agreed { AW_AGREED_UNTOLD, AW_AGREED, AW_AGREED_NOT };

/* What a report may ask of the run besides records. */
struct aw_run {
    const char *const *files; /* inputs, as given on the command line */
    size_t file_count;
    const struct aw_config *config;
    const struct aw_stats *stats;  /* totals; final when `finish` is called */
    struct aw_summary *summary;    /* figures; final when `finish` is called */
    const char *version;           /* of the program */
    bool show_secrets;             /* do not mask */
    uint64_t dropped;              /* by kernel and interface: live, or told by the files */
    uint64_t dropped_by_interface; /* of these */
    uint64_t unwritten; /* hand-overs of output that were let go because it was too slow, live */
    uint64_t filtered;  /* packets that did not match the capture filter */
    uint64_t damaged;   /* damaged inputs */
    const char *match;  /* -Y: only exchanges that match are counted; NULL = all are */
    uint64_t found;     /* exchanges, matching or not */
    uint64_t files_not_listed;    /* of merged runs, beyond file_count */
    const enum aw_agreed *agreed; /* of merged runs, by threshold; NULL: those of config hold */
    const char *merged;           /* a sentence on what was merged; NULL: nothing was */
};

struct aw_report; /* one report under way */
struct aw_worst;

struct aw_format {
    const char *name; /* as after -o */
    const char *help;
    bool brief;  /* needs figures alone: see struct aw_config */
    bool merges; /* can be made of figures and records that were written down: see merged.h */
    bool stream; /* records stand for themselves: live, each is written at once */
    bool grows;  /* ... and at the end of a file that is there */
    struct aw_report *(*open)(struct aw_out *out, const struct aw_run *run); /* NULL: no memory */
    void (*record)(struct aw_report *r, const struct aw_record *rec);
    void (*finish)(struct aw_report *r); /* writes what is left */
    void (*close)(struct aw_report *r);  /* frees; r may be NULL */
    /* Before `finish`: the exchanges whose heads it shows, to be read again. NULL: none. */
    struct aw_worst *(*worst)(struct aw_report *r);
};

/* The table of formats, NULL-terminated; find by name gives NULL where there is none. */
extern const struct aw_format *const aw_formats[];
const struct aw_format *aw_format_find(const char *name);

#endif
