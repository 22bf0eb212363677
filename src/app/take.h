/*
 * Takes all values of a file into merged runs, and says what is wrong with it: --merge and
 * --compare read alike.
 */
#ifndef AW_APP_TAKE_H
#define AW_APP_TAKE_H

#include "app/values.h"
#include "sink/merged.h"

struct aw_taken {
    const char *option, *path;      /* for messages */
    const struct aw_format *format; /* gets the records; NULL: nobody does */
    struct aw_report *report;
};

/* `v` NULL: it could not be opened, which was said. False: not all of it was taken. */
bool aw_take(const struct aw_taken *t, struct aw_values *v, struct aw_merged *to);
/* A line on standard error; `line` 0: none. `why` may quote the file. */
void aw_take_complain(const char *option, const char *path, unsigned long line, const char *why);

#endif
