/*
 * --explain: the reference text of a word, laid out for 80 columns and paged on a terminal.
 */
#ifndef AW_APP_EXPLAIN_H
#define AW_APP_EXPLAIN_H

#include <stdbool.h>
#include <stdio.h>

enum aw_explained {
    AW_EXPLAINED,
    AW_EXPLAIN_UNKNOWN, /* a line on standard error says so, and what was meant perhaps */
    AW_EXPLAIN_FAILED,  /* the text could not be written */
};

/* Prints to standard output; through $PAGER, or less where that is found, on a terminal. */
enum aw_explained aw_explain_print(const char *word);

/* The text alone, to any stream; false where the word is not known. */
bool aw_explain_write(FILE *out, const char *word);

#endif
