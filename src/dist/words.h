/*
 * The options as the generators of manual and completions see them: the table of the command line,
 * and what kind of word each takes.
 */
#ifndef AW_DIST_WORDS_H
#define AW_DIST_WORDS_H

#include <stddef.h>

enum word_kind {
    WORD_NONE, /* the option takes no argument */
    WORD_ANY,  /* anything: nothing to suggest */
    WORD_FILE,
    WORD_FOLDER,
    WORD_FORMAT,
    WORD_FAIL,      /* of --fail-on, a list by commas */
    WORD_THRESHOLD, /* NAME=VALUE */
    WORD_EXPLAIN,
    WORD_USER,
    WORD_INTERFACE,
};

struct option_row {
    char letter; /* 0 = none */
    const char *name, *arg, *help;
};
extern const struct option_row option_rows[];
extern const size_t option_count;

enum word_kind word_kind_of(const struct option_row *o);

/* The words of a kind that has a list of its own, one after the other; NULL past the last. */
const char *word_at(enum word_kind kind, size_t i);

/* The generators: each writes to standard output. */
void write_manual(void);
void write_bash(void);
void write_zsh(void);
void write_fish(void);

#endif
