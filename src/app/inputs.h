/*
 * The captures named on the command line, opened and joined; with words on standard error for those
 * that cannot be.
 */
#ifndef AW_APP_INPUTS_H
#define AW_APP_INPUTS_H

#include "app/run.h"
#include "source/source.h"

/* What can be opened is, and the run goes on with that: `damaged` grows by each of the others. *out
 * is the caller's where this returns AW_EXIT_OK: AW_EXIT_USAGE is a filter that is none,
 * AW_EXIT_INPUT that nothing could be opened. */
AW_MUST_USE enum aw_exit aw_inputs_open(const struct aw_options *o, struct aw_merge **out,
                                        uint64_t *damaged);
/* Says that the filter is none; `why`: libpcap's words. */
void aw_inputs_bad_filter(const struct aw_options *o, const char *why);

#endif
