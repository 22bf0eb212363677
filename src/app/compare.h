/*
 * --compare BEFORE AFTER: reads two summaries and says what got better or worse.
 */
#ifndef AW_APP_COMPARE_H
#define AW_APP_COMPARE_H

#include "app/options.h"
#include "app/run.h"

/* AW_EXIT_FAILED where something got worse. */
enum aw_exit aw_run_compare(const struct aw_options *o);

#endif
