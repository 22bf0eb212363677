/*
 * A headless run: from options to the exit status.
 */
#ifndef AW_APP_RUN_H
#define AW_APP_RUN_H

#include "app/options.h"

enum aw_exit { /* as documented; a larger one wins, but for wrong use, which never meets the others
                */
               AW_EXIT_OK = 0,
               AW_EXIT_FAILED = 1, /* --fail-on matched */
               AW_EXIT_USAGE = 2,
               AW_EXIT_INPUT = 3,
               AW_EXIT_OUTPUT = 4,
};

enum aw_exit aw_run(struct aw_options *o);

#endif
