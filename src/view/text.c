/*
 * Lines of text made once and drawn at any width.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "view/inside.h"

void text_clear(struct text *t)
{
    t->used = t->count = 0;
}

void text_free(struct text *t)
{
    free(t->bytes);
    free(t->line);
    *t = (struct text){0};
}

struct line *text_add(struct text *t, enum aw_style style, unsigned indent, unsigned hang,
                      struct aw_span s)
{
    if (t->cap - t->used < s.len) {
        const size_t cap = 2 * (t->used + s.len) + 1024;
        char *grown = realloc(t->bytes, cap);
        if (!grown) return NULL;
        t->bytes = grown;
        t->cap = cap;
    }
    if (t->count == t->line_cap) {
        const size_t cap = t->line_cap ? 2 * t->line_cap : 64;
        struct line *grown = realloc(t->line, cap * sizeof *grown);
        if (!grown) return NULL;
        t->line = grown;
        t->line_cap = cap;
    }
    if (s.len > 0) memcpy(t->bytes + t->used, s.p, s.len);
    struct line *l = &t->line[t->count++];
    *l = (struct line){.from = t->used,
                       .len = s.len,
                       .style = (uint8_t)style,
                       .indent = (uint8_t)indent,
                       .hang = (uint8_t)hang};
    t->used += s.len;
    return l;
}

struct line *text_addf(struct text *t, enum aw_style style, unsigned indent, unsigned hang,
                       const char *fmt, ...)
{
    char buf[1024];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(buf, sizeof buf, fmt, args);
    va_end(args);
    return text_add(t, style, indent, hang, aw_str(buf));
}

int text_draw(const struct text *t, struct aw_grid *g, int y, int x, int width, int rows, int skip,
              size_t lit, int *first, int *last)
{
    int at = 0; /* screen line */
    for (size_t i = 0; i < t->count; i++) {
        const struct line *l = &t->line[i];
        const struct aw_span s = {(const uint8_t *)t->bytes + l->from, l->len};
        const int in = l->indent < width / 2 ? l->indent : 0;
        const int hidden = at < skip ? skip - at : 0, top = at < skip ? 0 : at - skip;
        const int room = rows - top > 0 ? rows - top : 0;
        int n = 1;
        if (l->verbatim) {
            if (hidden == 0 && room > 0)
                (void)aw_grid_put(g, y + top, x + in, width - in, s, (enum aw_style)l->style);
        } else {
            n = aw_grid_wrap(g, y + top, x + in, width - in, room, hidden, l->hang, s,
                             (enum aw_style)l->style);
        }
        if (i == lit) {
            if (first) *first = at;
            if (last) *last = at + n - 1;
            for (int k = hidden; k < n && k - hidden < room; k++)
                aw_grid_light(g, y + top + k - hidden, x, width, true);
        }
        at += n;
    }
    return at;
}

bool list_act(struct list *l, enum action a, size_t count, size_t page)
{
    const size_t step = page > 1 ? page - 1 : 1;
    if (a == ACTION_DOWN)
        l->at++;
    else if (a == ACTION_UP)
        l->at -= l->at > 0;
    else if (a == ACTION_PAGE_DOWN)
        l->at += step;
    else if (a == ACTION_PAGE_UP)
        l->at -= l->at < step ? l->at : step;
    else if (a == ACTION_FIRST)
        l->at = 0;
    else if (a == ACTION_LAST)
        l->at = count;
    else
        return false;
    list_settle(l, count, page);
    return true;
}

void list_settle(struct list *l, size_t count, size_t page)
{
    if (page == 0) page = 1;
    if (l->at >= count) l->at = count ? count - 1 : 0;
    if (l->at < l->top) l->top = l->at;
    if (l->at >= l->top + page) l->top = l->at - page + 1;
    if (l->top + page > count) l->top = count > page ? count - page : 0;
}
