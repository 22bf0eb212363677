/*
 * What the files that read options share: the table, and the way from an option to what it sets.
 * options.c parses the command line, option_config.c the configuration file, option_take.c knows
 * what each option means, option_outputs.c whether they go together as files, option_help.c prints
 * the table.
 */
#ifndef AW_APP_OPTION_H
#define AW_APP_OPTION_H

#include "app/options.h"

enum option_id {
#define AW_OPTION(id, letter, name, arg, help) OPT_##id,
#include "app/options.def"
#undef AW_OPTION
    OPT_COUNT
};

struct option_row {
    char letter; /* 0: none */
    const char *name, *arg, *help;
};
extern const struct option_row option_table[OPT_COUNT];

/* Sets what the option says; false, after a complaint, where `arg` is not what it takes. */
AW_MUST_USE bool option_take(struct aw_options *o, enum option_id id, const char *arg);
/* Adds words to the capture filter; a word to a list of borrowed ones. */
AW_MUST_USE bool option_add_filter(struct aw_options *o, const char *words);
AW_MUST_USE bool option_add_word(const char ***list, size_t *count, const char *word);
/* After a complaint BAD where an output is another output as well, LOST where it is an input. */
AW_MUST_USE enum aw_parsed option_outputs_apart(const struct aw_options *o);
/* The option's name that is nearest to the word; NULL: none is near. */
const char *option_nearest(const char *word);

void option_print_help(void);
void option_print_thresholds(void);

/* What the configuration file sets and the command line replaces instead of adding to it. */
struct option_configured {
    size_t interfaces;
    bool filter, fail_on;
    bool no_ui;          /* asked for by its own name */
    struct aw_options o; /* as the file left them */
};
AW_MUST_USE bool option_read_config(struct aw_options *o, struct option_configured *c);
/* Before the command line adds to it: what it replaces goes. */
void option_replace_configured(struct aw_options *o, struct option_configured *c,
                               enum option_id id);

#endif
