/*
 * A screen in memory: cells of one character each, with a style. Views draw here and nowhere else;
 * a terminal, or a test, copies it out. Every text that is put in is made printable on the way:
 * control characters, bidirectional controls and bytes that are no UTF-8 show as \xNN or \u{N},
 * wide characters take two cells, combining ones join the cell before. Knows nothing of terminals.
 */
#ifndef AW_VIEW_GRID_H
#define AW_VIEW_GRID_H

#include <stdio.h>

#include "await100/types.h"

enum aw_style { /* what a cell means; a theme turns it into a colour */
                AW_STYLE_PLAIN,
                AW_STYLE_DIM,
                AW_STYLE_TITLE,
                AW_STYLE_HEADER, /* of columns */
                AW_STYLE_KEY,    /* keys to press */
                AW_STYLE_FRAME,
                AW_STYLE_OK,
                AW_STYLE_INFO,
                AW_STYLE_UNKNOWN,
                AW_STYLE_WARNING,
                AW_STYLE_ERROR,
                AW_STYLE_BAR,
                AW_STYLE_MATCH, /* found by the search */
                AW_STYLE_GOOD,  /* what is typed is valid */
                AW_STYLE_BAD,   /* ... is not */
                AW_STYLE_COUNT
};

enum { AW_CELL_MARKS = 2 };
struct aw_cell {
    uint32_t c;                   /* 0 = the right half of a wide character */
    uint32_t mark[AW_CELL_MARKS]; /* combining characters, 0 = none */
    uint8_t style;                /* enum aw_style */
    bool lit;                     /* the selected row, or the like: shown reversed */
};

struct aw_grid {
    struct aw_cell *cell; /* owned: rows * cols */
    int rows, cols;
    bool ascii;   /* the terminal speaks ASCII alone */
    int cursor_y; /* -1 = hidden */
    int cursor_x;
};

/* Sets the size and clears; keeps `ascii`. False: no memory (the grid is then empty). */
bool aw_grid_size(struct aw_grid *g, int rows, int cols);
void aw_grid_fini(struct aw_grid *g);
void aw_grid_clear(struct aw_grid *g);

/* Puts text at (y, x), at most `width` columns; an ellipsis where it was cut. Outside the grid
 * nothing is written. Returns the columns used. */
int aw_grid_put(struct aw_grid *g, int y, int x, int width, struct aw_span s, enum aw_style style);
int aw_grid_str(struct aw_grid *g, int y, int x, int width, const char *s, enum aw_style style);
int aw_grid_printf(struct aw_grid *g, int y, int x, int width, enum aw_style style, const char *fmt,
                   ...) AW_PRINTF(6, 7);
/* The same, at the right end of the width. */
void aw_grid_right(struct aw_grid *g, int y, int x, int width, const char *s, enum aw_style style);
/* The columns it would take, printable form and all. */
int aw_grid_width(const struct aw_grid *g, struct aw_span s);

/* A code point of our own n times over; its ASCII stand-in where need be. */
void aw_grid_fill(struct aw_grid *g, int y, int x, int n, uint32_t c, enum aw_style style);
void aw_grid_light(struct aw_grid *g, int y, int x, int n, bool lit);
/* Gives n cells another style, whatever is in them. */
void aw_grid_paint(struct aw_grid *g, int y, int x, int n, enum aw_style style);

/* Wraps `s` at words into lines of `width` columns from (y, x) down, at most `rows` of them, the
 * first `skip` lines left out; continuation lines go `indent` columns in. Returns how many lines
 * there are in all, seen or not. */
int aw_grid_wrap(struct aw_grid *g, int y, int x, int width, int rows, int skip, int indent,
                 struct aw_span s, enum aw_style style);

/* The grid as lines of UTF-8, trailing blanks left out. */
void aw_grid_write(const struct aw_grid *g, FILE *out);

static inline struct aw_span aw_str(const char *s)
{
    size_t n = 0;
    while (s && s[n])
        n++;
    return (struct aw_span){.p = (const uint8_t *)s, .len = n};
}

#endif
