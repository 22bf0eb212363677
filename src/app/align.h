/*
 * --align CLIENT SERVER: two captures of one event, held against each other.
 */
#ifndef AW_APP_ALIGN_H
#define AW_APP_ALIGN_H

#include "app/options.h"
#include "app/run.h"

enum aw_exit aw_run_align(const struct aw_options *o);

#endif
