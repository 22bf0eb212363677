/*
 * --merge FILE...: reads summaries and records of other runs, and reports on all of them as one.
 */
#ifndef AW_APP_MERGE_H
#define AW_APP_MERGE_H

#include "app/options.h"
#include "app/run.h"

/* What is wrong with a file is said, what came before the damage counts, and the status is
 * AW_EXIT_INPUT. */
enum aw_exit aw_run_merge(const struct aw_options *o);

#endif
