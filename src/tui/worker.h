/*
 * A thread that reads the input again for the dashboard: details and saves, one after the other.
 * What it found is taken by the thread of the screen, which it wakes through a descriptor.
 */
#ifndef AW_TUI_WORKER_H
#define AW_TUI_WORKER_H

#include "view/again.h"
#include "view/ui.h"

struct aw_worker;

/* `again` is copied, its `stop` set by the worker. NULL: no memory or no thread. */
struct aw_worker *aw_worker_start(const struct aw_again *again);
/* Gives up what is under way and ends. May be NULL. */
void aw_worker_stop(struct aw_worker *w);

/* kept: given; NULL = to be read. */
void aw_worker_detail(struct aw_worker *w, uint64_t number, const struct aw_again_want *want,
                      struct aw_detail *kept);
/* The expression over all records, see aw_again_match. */
void aw_worker_match(struct aw_worker *w, const char *expression);
/* wants: given (malloc). False: a save is under way already. */
bool aw_worker_save(struct aw_worker *w, enum aw_save_as as, const char *path,
                    struct aw_again_want *wants, size_t count);

int aw_worker_fd(const struct aw_worker *w); /* readable when there is something to take */
/* Hands what is finished to the ui. */
void aw_worker_deliver(struct aw_worker *w, struct aw_ui *ui);

#endif
