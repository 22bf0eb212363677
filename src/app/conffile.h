/*
 * The configuration file: where it lies, how it is read with care, and what its lines are. Knows
 * nothing of options: names and values are handed on as text.
 *
 * A line is `name = value`, `name value` or `name`; a value may stand in double quotes. What
 * follows a # at the beginning of a line or behind a blank, outside quotes, is a comment.
 */
#ifndef AW_APP_CONFFILE_H
#define AW_APP_CONFFILE_H

#include "await100/types.h"

struct aw_conffile {
    char *path; /* owned; as shown in messages */
    char *text; /* owned: what the lines borrow; NULL: there is no file */
    char *next; /* into `text` */
    unsigned line;
};

struct aw_confline {
    unsigned no;       /* from 1 */
    const char *name;  /* borrowed until the file is freed, as is the value */
    const char *value; /* NULL: none */
    const char *wrong; /* static: what is wrong with the line; NULL: nothing */
};

enum aw_conf {
    AW_CONF_READ,
    AW_CONF_NONE, /* no file, and that is fine */
    AW_CONF_BAD,  /* there is one that could not be read: a line is in err */
};

/* $XDG_CONFIG_HOME/await100/config, else ~/.config/await100/config. Only a regular file of bounded
 * size is read, of ours or root's, that nobody else may write to: it decides where output goes. */
enum aw_conf aw_conffile_open(struct aw_conffile *f, char *err, size_t err_size);
/* The next line that says something; false: none is left. */
bool aw_conffile_next(struct aw_conffile *f, struct aw_confline *line);
void aw_conffile_free(struct aw_conffile *f);

#endif
