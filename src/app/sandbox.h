/*
 * How the program confines itself: what confine/ offers, by the options, and said in words. Two
 * steps, since a live capture is opened between them: a keeper forked later would hold its ring.
 */
#ifndef AW_APP_SANDBOX_H
#define AW_APP_SANDBOX_H

#include "app/options.h"
#include "confine/folder.h"

struct aw_sandbox {
    struct aw_keeper *keeper; /* owned */
    bool wanted;
};

/* Once all outputs are open: from here on the keeper makes their files. NULL entries are skipped.
 */
void aw_sandbox_prepare(struct aw_sandbox *s, const struct aw_options *o,
                        struct aw_folder *const *folders, size_t count);
/* Once all inputs are open, before any thread starts. `live`: the counters of interfaces in /sys
 * stay readable. `refilter`: the capture filter may be changed. False: -Z could not be done, a line
 * on standard error says why; do not go on. */
bool aw_sandbox_enter(struct aw_sandbox *s, const struct aw_options *o, bool live, bool refilter);
/* After the outputs were closed. */
void aw_sandbox_leave(struct aw_sandbox *s);

#endif
