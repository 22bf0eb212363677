/*
 * The dashboard as a run: from options to the exit status.
 */
#ifndef AW_APP_WATCH_H
#define AW_APP_WATCH_H

#include "app/run.h"

/* Whether the options and the standard streams ask for the dashboard. */
bool aw_watch_wanted(const struct aw_options *o);
enum aw_exit aw_watch(struct aw_options *o);

#endif
