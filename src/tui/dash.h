/*
 * The dashboard on a terminal, over a board that somebody else fills.
 */
#ifndef AW_TUI_DASH_H
#define AW_TUI_DASH_H

#include "tui/door.h"
#include "view/again.h"

/* Shows the board until the user leaves or the terminal goes away. `again`: how to read
 * the input again; borrowed. */
void aw_dash_run(struct aw_board *board, struct aw_door *door, const struct aw_again *again);

#endif
