/*
 * Text into cells.
 */
#include "view/grid.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "sink/utf8.h"

enum { ELLIPSIS = 0x2026, PIECE_MAX = 12 };

bool aw_grid_size(struct aw_grid *g, int rows, int cols)
{
    if (rows < 0 || cols < 0 || rows > 4096 || cols > 4096) rows = cols = 0;
    if (rows != g->rows || cols != g->cols) {
        free(g->cell);
        g->cell = calloc((size_t)rows * (size_t)cols + 1, sizeof *g->cell);
        if (!g->cell) rows = cols = 0;
        g->rows = rows;
        g->cols = cols;
    }
    aw_grid_clear(g);
    return g->cell != NULL;
}

void aw_grid_fini(struct aw_grid *g)
{
    free(g->cell);
    *g = (struct aw_grid){0};
}

void aw_grid_clear(struct aw_grid *g)
{
    for (int i = 0; i < g->rows * g->cols; i++)
        g->cell[i] = (struct aw_cell){.c = ' '};
    g->cursor_y = -1;
}

static struct aw_cell *cell_at(struct aw_grid *g, int y, int x)
{
    if (y < 0 || x < 0 || y >= g->rows || x >= g->cols) return NULL;
    return &g->cell[y * g->cols + x];
}

/* What of our own drawing has an ASCII stand-in. */
static uint32_t ascii_for(uint32_t c)
{
    switch (c) {
    case 0x2500: /* ─ */
    case 0x2501:
    case 0x254c:
        return '-';
    case 0x2502: /* │ */
    case 0x2503:
        return '|';
    case 0x250a: /* ┊ */
        return ':';
    case 0x251c: /* ├ ┤ ┌ ┐ └ ┘ ┬ ┴ ┼ */
    case 0x2524:
    case 0x250c:
    case 0x2510:
    case 0x2514:
    case 0x2518:
    case 0x252c:
    case 0x2534:
    case 0x253c:
        return '+';
    case 0x25b6: /* ▶ */
        return '>';
    case 0x25c0: /* ◀ */
        return '<';
    case 0x25b2: /* ▲ */
        return '^';
    case 0x25bc: /* ▼ */
        return 'v';
    case 0x2022: /* • */
    case 0x00b7: /* · */
        return '-';
    case 0x25cf: /* ● */
        return '*';
    case 0x2192: /* → */
        return '>';
    case 0x2190: /* ← */
        return '<';
    case 0x2588: /* █ */
        return '#';
    case ELLIPSIS:
        return '~';
    default:
        break;
    }
    if (c >= 0x2581 && c <= 0x2587) return (uint32_t) ".:-=+*%"[c - 0x2581]; /* ▁ to ▇ */
    return '?';
}

/* The next piece of `s`: one code point, or the escape that stands for what may not be shown. */
struct piece {
    uint32_t c[PIECE_MAX];
    int n, columns;
    size_t used; /* bytes of s */
};

static struct piece next_piece(const struct aw_grid *g, struct aw_span s)
{
    struct piece out = {.n = 1, .columns = 1};
    const int32_t c = aw_utf8_next(s.p, s.len, &out.used);
    if (c >= 0x20 && c < 0x7f) {
        out.c[0] = (uint32_t)c;
        return out;
    }
    const bool hidden = c < 0 || aw_utf8_acts(c);
    if (!hidden && !g->ascii) {
        out.c[0] = (uint32_t)c;
        out.columns = (int)aw_utf8_columns(c);
        return out;
    }
    char text[PIECE_MAX + 1];
    if (c < 0x80) /* no character among them */
        out.n = snprintf(text, sizeof text, "\\x%02x", s.p[0]);
    else
        out.n = snprintf(text, sizeof text, "\\u{%x}", (unsigned)c);
    out.columns = out.n;
    for (int i = 0; i < out.n; i++)
        out.c[i] = (uint32_t)text[i];
    return out;
}

int aw_grid_width(const struct aw_grid *g, struct aw_span s)
{
    int width = 0;
    while (s.len > 0) {
        const struct piece p = next_piece(g, s);
        width += p.columns;
        s.p += p.used;
        s.len -= p.used;
    }
    return width;
}

static void set_cell(struct aw_grid *g, int y, int x, uint32_t c, enum aw_style style)
{
    struct aw_cell *cell = cell_at(g, y, x);
    if (!cell) return;
    const bool lit = cell->lit;
    *cell = (struct aw_cell){.c = c, .style = (uint8_t)style, .lit = lit};
}

static void join_mark(struct aw_grid *g, int y, int x, uint32_t c)
{
    struct aw_cell *cell = cell_at(g, y, x - 1);
    if (cell && cell->c == 0) cell = cell_at(g, y, x - 2);
    if (!cell) return;
    for (int i = 0; i < AW_CELL_MARKS; i++) {
        if (cell->mark[i] != 0) continue;
        cell->mark[i] = c;
        return;
    }
}

static uint32_t own(const struct aw_grid *g, uint32_t c)
{
    return g->ascii && c >= 0x80 ? ascii_for(c) : c;
}

int aw_grid_put(struct aw_grid *g, int y, int x, int width, struct aw_span s, enum aw_style style)
{
    if (x + width > g->cols) width = g->cols - x;
    if (width <= 0 || y < 0 || y >= g->rows || x < 0) return 0;
    /* Where it is too long the last column is the ellipsis'. */
    int room = width, total = 0;
    for (struct aw_span rest = s; rest.len > 0 && total <= width;) {
        const struct piece p = next_piece(g, rest);
        total += p.columns;
        rest.p += p.used;
        rest.len -= p.used;
    }
    const bool cut = total > width;
    if (cut) room = width - 1;
    int at = 0;
    while (s.len > 0) {
        const struct piece p = next_piece(g, s);
        if (at + p.columns > room) break;
        if (p.columns == 0) {
            if (at > 0) join_mark(g, y, x + at, p.c[0]);
        } else {
            for (int i = 0; i < p.n; i++)
                set_cell(g, y, x + at + i, p.c[i], style);
            if (p.n == 1 && p.columns == 2) set_cell(g, y, x + at + 1, 0, style);
        }
        at += p.columns;
        s.p += p.used;
        s.len -= p.used;
    }
    if (!cut) return at;
    while (at < room)
        set_cell(g, y, x + at++, ' ', style); /* half a wide character's room */
    set_cell(g, y, x + at++, own(g, ELLIPSIS), style);
    return at;
}

int aw_grid_str(struct aw_grid *g, int y, int x, int width, const char *s, enum aw_style style)
{
    if (!g->ascii) return aw_grid_put(g, y, x, width, aw_str(s), style);
    /* Texts of our own: their few signs have stand-ins, and are no escapes. */
    char plain[1024];
    size_t used = 0, step;
    const struct aw_span whole = aw_str(s);
    for (size_t i = 0; i < whole.len && used + 1 < sizeof plain; i += step) {
        const int32_t c = aw_utf8_next(whole.p + i, whole.len - i, &step);
        plain[used++] = c >= 0x80 ? (char)ascii_for((uint32_t)c) : (char)whole.p[i];
    }
    return aw_grid_put(g, y, x, width, (struct aw_span){(const uint8_t *)plain, used}, style);
}

int aw_grid_printf(struct aw_grid *g, int y, int x, int width, enum aw_style style, const char *fmt,
                   ...)
{
    char text[1024];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    return aw_grid_str(g, y, x, width, text, style);
}

void aw_grid_right(struct aw_grid *g, int y, int x, int width, const char *s, enum aw_style style)
{
    const int w = aw_grid_width(g, aw_str(s));
    if (w < width)
        (void)aw_grid_str(g, y, x + width - w, w, s, style);
    else
        (void)aw_grid_str(g, y, x, width, s, style);
}

void aw_grid_fill(struct aw_grid *g, int y, int x, int n, uint32_t c, enum aw_style style)
{
    for (int i = 0; i < n; i++)
        set_cell(g, y, x + i, own(g, c), style);
}

void aw_grid_light(struct aw_grid *g, int y, int x, int n, bool lit)
{
    for (int i = 0; i < n; i++) {
        struct aw_cell *cell = cell_at(g, y, x + i);
        if (cell) cell->lit = lit;
    }
}

void aw_grid_paint(struct aw_grid *g, int y, int x, int n, enum aw_style style)
{
    for (int i = 0; i < n; i++) {
        struct aw_cell *cell = cell_at(g, y, x + i);
        if (cell) cell->style = (uint8_t)style;
    }
}

int aw_grid_wrap(struct aw_grid *g, int y, int x, int width, int rows, int skip, int indent,
                 struct aw_span s, enum aw_style style)
{
    int line = 0;
    if (width < 4) return 0;
    if (indent > width / 2) indent = 0;
    do {
        const int in = line > 0 ? indent : 0, room = width - in;
        /* As far as fits, back to the last space where there is one. */
        size_t take = 0, space = 0;
        int columns = 0;
        bool have_space = false, all = true;
        while (take < s.len) {
            const struct piece p = next_piece(g, (struct aw_span){s.p + take, s.len - take});
            if (s.p[take] == ' ') space = take, have_space = true;
            if (columns + p.columns > room) {
                all = false;
                break;
            }
            columns += p.columns;
            take += p.used;
        }
        if (!all && have_space && space > 0) take = space;
        if (!all && take == 0) take = 1; /* an escape wider than the line */
        if (line >= skip && line - skip < rows)
            (void)aw_grid_put(g, y + line - skip, x + in, room, (struct aw_span){s.p, take}, style);
        s.p += take;
        s.len -= take;
        while (s.len > 0 && s.p[0] == ' ')
            s.p++, s.len--;
        line++;
    } while (s.len > 0);
    return line;
}

static void write_utf8(uint32_t c, FILE *out)
{
    if (c < 0x80) {
        fputc((int)c, out);
    } else if (c < 0x800) {
        fputc((int)(0xc0 | c >> 6), out);
        fputc((int)(0x80 | (c & 0x3f)), out);
    } else if (c < 0x10000) {
        fputc((int)(0xe0 | c >> 12), out);
        fputc((int)(0x80 | (c >> 6 & 0x3f)), out);
        fputc((int)(0x80 | (c & 0x3f)), out);
    } else {
        fputc((int)(0xf0 | c >> 18), out);
        fputc((int)(0x80 | (c >> 12 & 0x3f)), out);
        fputc((int)(0x80 | (c >> 6 & 0x3f)), out);
        fputc((int)(0x80 | (c & 0x3f)), out);
    }
}

void aw_grid_write(const struct aw_grid *g, FILE *out)
{
    for (int y = 0; y < g->rows; y++) {
        const struct aw_cell *row = &g->cell[y * g->cols];
        int end = g->cols;
        while (end > 0 && row[end - 1].c == ' ')
            end--;
        for (int x = 0; x < end; x++) {
            if (row[x].c == 0) continue;
            write_utf8(row[x].c, out);
            for (int i = 0; i < AW_CELL_MARKS && row[x].mark[i]; i++)
                write_utf8(row[x].mark[i], out);
        }
        fputc('\n', out);
    }
}
