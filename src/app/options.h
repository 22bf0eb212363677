/*
 * The command line as the program uses it. Knows words and their meaning; opens nothing.
 */
#ifndef AW_APP_OPTIONS_H
#define AW_APP_OPTIONS_H

#include "app/conffile.h"
#include "await100.h"
#include "source/bound.h"

struct aw_format;

enum aw_fail_bit { /* beyond single causes */
                   AW_FAIL_WARNING = 1 << 0,
                   AW_FAIL_ERROR = 1 << 1,
                   AW_FAIL_UNKNOWN = 1 << 2,
                   AW_FAIL_EMPTY = 1 << 3,
};

struct aw_options {
    const char **read; /* owned array of borrowed arguments */
    size_t read_count;
    const char **interfaces; /* likewise */
    size_t interface_count;
    uint64_t snaplen, buffer_bytes; /* live; 0 = the default */
    bool not_promiscuous;
    aw_ns duration;         /* live: stop after; 0 = no limit */
    char *filter;           /* owned; NULL = none */
    struct aw_expr *match;  /* owned: -Y; NULL = every record */
    const char *match_text; /* borrowed */
    const struct aw_format *format;
    const char *output;     /* borrowed; NULL = standard output */
    const char *streams;    /* borrowed; NULL = none */
    const char *save_dir;   /* borrowed; NULL = the working directory */
    const char *bundle;     /* borrowed; NULL = none */
    const char *metrics;    /* borrowed; NULL = none */
    const char *user;       /* borrowed; -Z; NULL = none named */
    const char *align[2];   /* borrowed: client's, server's; NULL = not asked for */
    const char *compare[2]; /* borrowed; NULL = not asked for */
    const char **merge;     /* owned array of borrowed arguments; --merge */
    size_t merge_count;
    unsigned fail_on;     /* enum aw_fail_bit */
    uint64_t fail_causes; /* bit 1 << cause */
    struct aw_bound from, to;
    const char *write;       /* borrowed: -w; NULL = none */
    const char *record;      /* borrowed: --record; NULL = none */
    uint64_t record_bytes;   /* -C; 0 = no limit */
    uint64_t record_seconds; /* -G; likewise */
    uint64_t record_files;   /* -W; likewise */
    uint64_t stop_after;     /* packets; 0 = all */
    unsigned jobs;           /* 0 = as many as help */
    bool hide_addresses;     /* in the bundle */
    bool show_secrets, quiet, verbose, no_sandbox;
    bool no_ui; /* asked for, or implied by what else was */
    struct aw_config config;
    struct aw_conffile conffile; /* owned: what it set is borrowed from it */
};

enum aw_parsed {
    AW_PARSED_RUN,  /* go on */
    AW_PARSED_DONE, /* help, version or the like was printed */
    AW_PARSED_LOST, /* it could not be written, or would have gone over an input */
    AW_PARSED_BAD,  /* wrong use: a line on standard error says what and what to do */
};

/* argv is borrowed until aw_options_free. */
enum aw_parsed aw_options_parse(struct aw_options *o, int argc, char **argv);
void aw_options_free(struct aw_options *o);

/* "200", "200ms", "1.5s", "40us" to ns; "256M", "1G", "64K", "1000" to bytes; false where it is
 * neither, negative or too large. */
bool aw_parse_time(const char *text, aw_ns *out);
bool aw_parse_size(const char *text, uint64_t *out);

#endif
