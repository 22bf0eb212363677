/*
 * What a live run needs beyond an offline one: words for what can go wrong with interfaces, and the
 * signals of a program that runs for weeks.
 */
#ifndef AW_APP_LIVE_H
#define AW_APP_LIVE_H

#include "app/capture.h"
#include "app/options.h"

/* Lists the interfaces on standard output; false, and it is said, where that fails. */
bool aw_interfaces_print(void);

/* Opens the interfaces of the command line: with -j N one by N sockets. NULL, and it is said why
 * and what to do, where one cannot be opened; *bad_use: the command line is to blame. */
struct aw_capture *aw_capture_of_options(const struct aw_options *o, bool watched, bool *bad_use);

/* Says "12 packets lost by the kernel (a larger buffer, -B, or a filter helps), ..."; nothing where
 * nothing was lost. `unwritten`: records that an output was too slow for. */
void aw_live_say_lost(const struct aw_live_stats *lost, uint64_t unwritten);

/*
 * Signals: the first INT or TERM asks for an end with a report, one more ends at once. Live, HUP
 * asks for the outputs to be opened again and USR1 for the totals so far; else those stay as they
 * are. The flags are taken: asking resets them.
 */
void aw_signals_watch(bool live);
bool aw_signal_interrupted(void);
bool aw_signal_reopen(void);
bool aw_signal_totals(void);

#endif
