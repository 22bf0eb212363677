/*
 * The dashboard without a terminal: events in, a grid out. Everything a person sees and does is in
 * this room; a door (ncurses, or a test) brings keys and copies the grid to a screen. No I/O: what
 * has to be read or written is asked for through calls.
 */
#ifndef AW_VIEW_UI_H
#define AW_VIEW_UI_H

#include "view/board.h"
#include "view/grid.h"
#include "view/settings.h"

enum aw_key { /* beyond characters, which stand for themselves */
              AW_KEY_NONE = 0,
              AW_KEY_ENTER = 0x200000,
              AW_KEY_ESC,
              AW_KEY_TAB,
              AW_KEY_BACKTAB,
              AW_KEY_BACKSPACE,
              AW_KEY_DELETE,
              AW_KEY_INSERT,
              AW_KEY_UP,
              AW_KEY_DOWN,
              AW_KEY_LEFT,
              AW_KEY_RIGHT,
              AW_KEY_PGUP,
              AW_KEY_PGDN,
              AW_KEY_HOME,
              AW_KEY_END,
              AW_KEY_CLICK, /* with a place */
              AW_KEY_DOUBLE_CLICK,
              AW_KEY_WHEEL_UP,
              AW_KEY_WHEEL_DOWN,
              AW_KEY_F0,
};
#define AW_KEY_F(n) ((uint32_t)AW_KEY_F0 + (uint32_t)(n))
#define AW_CTRL(c)  ((uint32_t)(c)&0x1fu)

struct aw_event {
    uint32_t key;
    int y, x; /* of a click */
};

/* What to save. rows: owned by the callee's caller until the call returns. */
enum aw_save_as { AW_SAVE_RECORDS, AW_SAVE_PACKETS, AW_SAVE_HTML };
struct aw_save {
    enum aw_save_as as;
    const char *path;
    const struct aw_row *rows; /* copies, in the order of input */
    size_t count;
};

struct aw_ui_calls {
    void *ctx;
    /* The whole record of a row is wanted, with its heads: to be given later, or at once, by
     * aw_ui_give. `row` and `number` as in the store. */
    void (*detail)(void *ctx, uint64_t number, const struct aw_row *row);
    /* An expression was taken: rows are tested by what they keep at once; whole records are better,
     * and aw_ui_matched brings what they say. */
    void (*match)(void *ctx, const char *expression);
    /* Begins to save; the outcome comes by aw_ui_say. False, and a line in err: it can not. */
    bool (*save)(void *ctx, const struct aw_save *what, char *err, size_t err_size);
    const char *saves; /* borrowed: the folder that names are in, NULL = none */
    /* The settings changed. */
    void (*settings)(void *ctx, const struct aw_settings *s);
    /* Live: another capture filter is wanted, "" = none. The board tells when it is in force, or
     * why not. False and a line in err: it does not compile, or can not be taken now. Not `take`:
     * only whether it compiles, asked while it is typed. */
    bool (*capture)(void *ctx, const char *filter, bool take, char *err, size_t err_size);
};

struct aw_ui;

/* feed is borrowed. calls and their functions: any may be NULL. NULL: no memory. */
struct aw_ui *aw_ui_new(struct aw_board *board, const struct aw_settings *settings,
                        const struct aw_ui_calls *calls);
void aw_ui_free(struct aw_ui *ui);

/* Takes one event. False: the user wants to leave. */
bool aw_ui_event(struct aw_ui *ui, const struct aw_event *e);
/* Does a lot of what is to be done in the background; true while there is more. `rows`: about how
 * many rows' worth. */
bool aw_ui_step(struct aw_ui *ui, size_t rows);
/* Draws the whole screen, of the grid's size. */
void aw_ui_draw(struct aw_ui *ui, struct aw_grid *g);

/* The record that was asked for (given: freed by the ui); NULL: it could not be had, `why`. */
void aw_ui_give(struct aw_ui *ui, uint64_t number, struct aw_detail *d, const char *why);
/* What whole records say of an expression: a bit an exchange, by its id (given: malloc). NULL: it
 * could not be found out. */
void aw_ui_matched(struct aw_ui *ui, const char *expression, uint8_t *bit, uint64_t count);
/* A line for the user, until the next key. */
void aw_ui_say(struct aw_ui *ui, const char *text);
/* The wall clock, for what waits; without it nothing counts up. */
void aw_ui_now(struct aw_ui *ui, aw_ns now);
/* Whether the user asked for the screen to be drawn anew (once). */
bool aw_ui_redraw(struct aw_ui *ui);
const struct aw_settings *aw_ui_settings(const struct aw_ui *ui);

#endif
