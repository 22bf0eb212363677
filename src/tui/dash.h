/*
 * The dashboard on a terminal, over a board that somebody else fills.
 */
#ifndef AW_TUI_DASH_H
#define AW_TUI_DASH_H

#include "tui/door.h"
#include "tui/stored.h"
#include "view/again.h"

struct aw_dash_config {           /* all borrowed */
    const struct aw_again *again; /* how to read the input again; NULL: it can not be */
    struct aw_settings settings;
    struct aw_place *stored; /* where changed settings are kept; NULL: nowhere, for this reason: */
    const char *not_stored;
    /* Live: takes another capture filter; what became of it the board tells. False and a line in
     * err: it does not compile, or not now. Not `take`: only says whether it compiles. NULL: there
     * is nothing to capture. */
    void *ctx;
    bool (*capture)(void *ctx, const char *filter, bool take, char *err, size_t err_size);
    const char *saves; /* the folder into which is saved; NULL: none */
};

/* Shows the board until the user leaves or the terminal goes away. */
void aw_dash_run(struct aw_board *board, struct aw_door *door, const struct aw_dash_config *c);

#endif
