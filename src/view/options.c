/*
 * The settings screen: theme, signs, mouse, and the columns of the flow list.
 */
#include <stdio.h>
#include <string.h>

#include "view/inside.h"

enum { SET_THEME, SET_SIGNS, SET_MOUSE, SET_SHOW, SET_FIXED };

void options_draw(struct aw_ui *ui, struct aw_grid *g, int y, int rows)
{
    const struct aw_settings *s = &ui->settings;
    const size_t count = SET_FIXED + AW_COL_COUNT;
    struct list *l = &ui->setting;
    list_settle(l, count, (size_t)rows - 2);
    (void)aw_grid_str(g, y, 0, g->cols, "Settings, kept for the next run", AW_STYLE_TITLE);
    aw_grid_fill(g, y + 1, 0, g->cols, 0x2500, AW_STYLE_FRAME);
    for (size_t i = l->top; i < count && i - l->top + 2 < (size_t)rows; i++) {
        const int line = y + 2 + (int)(i - l->top);
        if (i < SET_FIXED) {
            static const char *const name[SET_FIXED] = {"theme", "signs", "mouse", "show"};
            const char *value = i == SET_THEME   ? aw_theme_name(s->theme)
                                : i == SET_SIGNS ? (s->ascii ? "ASCII" : "UTF-8")
                                : i == SET_MOUSE ? (s->mouse ? "on" : "off")
                                                 : aw_show_name(s->show);
            (void)aw_grid_printf(g, line, 1, g->cols - 2, AW_STYLE_PLAIN, "%-10s %s", name[i],
                                 value);
        } else {
            const struct aw_column_setting *c = &s->column[i - SET_FIXED];
            const struct aw_column_about *about = aw_column_about((enum aw_column)c->column);
            const bool room = !c->shown || flows_fits(ui, g->cols, (enum aw_column)c->column);
            char width[16];
            if (!room)
                (void)snprintf(width, sizeof width, "no room");
            else if (c->width)
                (void)snprintf(width, sizeof width, "%u", c->width);
            else
                (void)snprintf(width, sizeof width, "by itself");
            (void)aw_grid_printf(g, line, 1, g->cols - 2, c->shown ? AW_STYLE_PLAIN : AW_STYLE_DIM,
                                 "column     [%c] %-15s width %-10s %s", c->shown ? 'x' : ' ',
                                 about->title, width, about->meaning);
        }
        if (i == l->at) aw_grid_light(g, line, 0, g->cols, true);
    }
}

static void change_fixed(struct aw_settings *s, size_t which)
{
    if (which == SET_THEME)
        s->theme = (enum aw_theme)((s->theme + 1) % AW_THEME_COUNT);
    else if (which == SET_SIGNS)
        s->ascii = !s->ascii;
    else if (which == SET_MOUSE)
        s->mouse = !s->mouse;
    else
        s->show = (enum aw_show)((s->show + 1) % AW_SHOW_COUNT);
}

static void swap(struct aw_column_setting *a, struct aw_column_setting *b)
{
    const struct aw_column_setting t = *a;
    *a = *b;
    *b = t;
}

bool options_act(struct aw_ui *ui, enum action a)
{
    struct aw_settings *s = &ui->settings;
    struct list *l = &ui->setting;
    const size_t count = SET_FIXED + AW_COL_COUNT;
    if (list_act(l, a, count, 10)) return true;
    struct aw_column_setting *c = l->at >= SET_FIXED ? &s->column[l->at - SET_FIXED] : NULL;
    const enum aw_show show = s->show;
    if (a == ACTION_TOGGLE || a == ACTION_OPEN) {
        if (c)
            c->shown = !c->shown;
        else
            change_fixed(s, l->at);
    } else if (a == ACTION_WIDER && c) {
        const int now = c->width ? c->width : aw_column_about((enum aw_column)c->column)->least;
        c->width = (uint8_t)(now < 120 ? now + 1 : 120);
    } else if (a == ACTION_NARROWER && c) {
        const int now = c->width ? c->width : aw_column_about((enum aw_column)c->column)->least;
        c->width = (uint8_t)(now > 1 ? now - 1 : 1);
    } else if (a == ACTION_MOVE_DOWN && c) {
        if (l->at + 1 < count) swap(c, c + 1), l->at++;
    } else if (a == ACTION_MOVE_UP && c) {
        if (l->at > SET_FIXED) swap(c, c - 1), l->at--;
    } else {
        return false;
    }
    if (show != s->show) ui_restart(ui);
    if (ui->calls.settings) ui->calls.settings(ui->calls.ctx, s);
    return true;
}
