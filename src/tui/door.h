/*
 * The terminal, by ncurses: events in, a grid out. The only room that knows terminals. One door a
 * process. However the program ends, the terminal is given back as it was.
 */
#ifndef AW_TUI_DOOR_H
#define AW_TUI_DOOR_H

#include "view/ui.h"

struct aw_door;

/* Takes the terminal: standard input and output, or the controlling terminal where keys cannot come
 * from standard input. NULL where there is none that would do, with a line in err. */
struct aw_door *aw_door_open(char *err, size_t err_size);
/* Gives it back. May be NULL. */
void aw_door_close(struct aw_door *d);

void aw_door_settings(struct aw_door *d, const struct aw_settings *s);
/* The size of the window, and whether it shows UTF-8. */
void aw_door_size(const struct aw_door *d, int *rows, int *cols);
bool aw_door_utf8(const struct aw_door *d);
/* Copies the grid to the screen; `all`: as if nothing stood there. */
void aw_door_show(struct aw_door *d, const struct aw_grid *g, bool all);

/* Gives the terminal back to the shell, as ^Z does, and takes it again afterwards. */
void aw_door_suspend(struct aw_door *d);

enum aw_door_event {
    AW_DOOR_EVENT,   /* *e is filled */
    AW_DOOR_RESIZED, /* the window has another size */
    AW_DOOR_WOKEN,   /* `wake` has something to read */
    AW_DOOR_NOTHING, /* the time is over */
    AW_DOOR_GONE,    /* the terminal went away, or a signal asks to end */
};
/* Waits at most timeout_ms (-1 = for ever) for the terminal or the descriptor `wake` (-1 = none).
 */
enum aw_door_event aw_door_wait(struct aw_door *d, int timeout_ms, int wake, struct aw_event *e);

#endif
