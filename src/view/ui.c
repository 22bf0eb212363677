/*
 * The dashboard as a whole: which screen is shown, who gets an event, and what goes on behind.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "view/inside.h"

struct aw_ui *aw_ui_new(struct aw_board *board, const struct aw_settings *settings,
                        const struct aw_ui_calls *calls)
{
    struct aw_ui *ui = calloc(1, sizeof *ui);
    if (!ui) return NULL;
    ui->board = board;
    if (calls) ui->calls = *calls;
    if (settings)
        ui->settings = *settings;
    else
        aw_settings_init(&ui->settings);
    ui->order = aw_sorted_new();
    ui->mark = calloc(MARKS_MAX, sizeof *ui->mark);
    if (!ui->order || !ui->mark) {
        aw_ui_free(ui);
        return NULL;
    }
    ui->stack[0] = SCREEN_FLOWS;
    ui->depth = 1;
    ui->selected = UINT64_MAX;
    ui->now = AW_NS_NONE;
    ui->look.row = ui->look.leg_row = ui->other.row = ui->other.leg_row = UINT64_MAX;
    aw_board_lock(board);
    if (aw_board_info(board)->all) ui->settings.show = AW_SHOW_ALL;
    ui->follow = aw_board_info(board)->live;
    if (ui->follow) { /* of what comes in, the newest is what counts */
        ui->settings.sort = AW_COL_TIME;
        ui->settings.down = false;
    }
    aw_board_unlock(board);
    ui_restart(ui);
    return ui;
}

void aw_ui_free(struct aw_ui *ui)
{
    if (!ui) return;
    aw_sorted_free(ui->order);
    aw_expr_free(ui->expr);
    free(ui->exact);
    look_free(&ui->look);
    look_free(&ui->other);
    text_free(&ui->text);
    free(ui->mark);
    free(ui);
}

enum screen ui_screen(const struct aw_ui *ui)
{
    return ui->stack[ui->depth - 1];
}

void ui_push(struct aw_ui *ui, enum screen s)
{
    if (ui_screen(ui) == s) return;
    if (ui->depth == DEPTH) memmove(ui->stack + 1, ui->stack + 2, (DEPTH - 2) * sizeof *ui->stack);
    if (ui->depth < DEPTH) ui->depth++;
    ui->stack[ui->depth - 1] = s;
}

void ui_pop(struct aw_ui *ui)
{
    if (ui->depth > 1)
        ui->depth--;
    else
        ui->stack[0] = SCREEN_FLOWS;
}

void ui_say(struct aw_ui *ui, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(ui->message, sizeof ui->message, fmt, args);
    va_end(args);
}

void aw_ui_say(struct aw_ui *ui, const char *text)
{
    ui_say(ui, "%s", text);
}

void ui_restart(struct aw_ui *ui)
{
    ui->pick.have_last = false;
    aw_sorted_start(ui->order, ui->settings.sort, ui->settings.down, flows_test, ui);
    ui->flows = (struct list){0};
    ui->seek = (struct seek){0};
    ui->selected = UINT64_MAX;
    ui->moved = false;
}

/* The same, with the bar on the same row if it is still shown. */
void ui_renew(struct aw_ui *ui)
{
    const uint64_t selected = ui->selected;
    const bool moved = ui->moved;
    ui_restart(ui);
    ui->selected = selected;
    ui->moved = moved;
}

void ui_filter(struct aw_ui *ui, struct aw_expr *x, const char *text)
{
    aw_expr_free(ui->expr);
    free(ui->exact);
    ui->expr = x;
    ui->exact = NULL;
    ui->exact_under_way = false;
    ui->exact_wanted = x != NULL;
    (void)snprintf(ui->filter, sizeof ui->filter, "%s", text);
    ui_restart(ui);
}

/* Once all is read, and once a filter: reading again costs what the first reading did. */
static void ask_exact(struct aw_ui *ui)
{
    const struct aw_board_info *i = aw_board_info(ui->board);
    if (!ui->exact_wanted || !ui->calls.match || !i->over || i->live || !i->again) return;
    ui->exact_wanted = false;
    ui->exact_under_way = true;
    ui->calls.match(ui->calls.ctx, ui->filter);
}

void aw_ui_matched(struct aw_ui *ui, const char *expression, uint8_t *bit, uint64_t count)
{
    aw_board_lock(ui->board);
    if (ui->expr && strcmp(expression, ui->filter) == 0) {
        ui->exact_under_way = false;
        if (bit) {
            free(ui->exact);
            ui->exact = bit;
            ui->exact_count = count;
            ui_renew(ui);
        }
    } else {
        free(bit);
    }
    aw_board_unlock(ui->board);
}

bool ui_marked(const struct aw_ui *ui, uint64_t number)
{
    for (size_t i = 0; i < ui->marks; i++)
        if (ui->mark[i] == number) return true;
    return false;
}

void aw_ui_now(struct aw_ui *ui, aw_ns now)
{
    ui->now = now;
}

bool aw_ui_redraw(struct aw_ui *ui)
{
    const bool asked = ui->redraw;
    ui->redraw = false;
    return asked;
}

const struct aw_settings *aw_ui_settings(const struct aw_ui *ui)
{
    return &ui->settings;
}

/* --- events --- */

static bool is_group(enum screen s)
{
    return s == SCREEN_CAUSES || s == SCREEN_SERVERS || s == SCREEN_CLIENTS;
}

static void turn_view(struct aw_ui *ui, int by)
{
    const int now = (int)ui_screen(ui), count = SCREEN_CLIENTS + 1;
    ui->stack[ui->depth - 1] = (enum screen)((now + by + count) % count);
}

static bool explain_here(struct aw_ui *ui)
{
    const enum screen s = ui_screen(ui);
    const struct aw_rows *rows = aw_board_rows(ui->board);
    const struct aw_row *row =
        s == SCREEN_EXCHANGE ? &ui->look.copy : aw_rows_at(rows, ui->selected);
    if (row && (row->flags & AW_ROW_JUDGED))
        reader_explain(ui, aw_cause_slug((enum aw_cause)row->cause));
    else
        reader_explain(ui, "Expect");
    return true;
}

/* What is the same on more than one screen. */
static bool act_anywhere(struct aw_ui *ui, enum action a)
{
    const enum screen s = ui_screen(ui);
    if (a == ACTION_QUIT)
        ui->leave = true;
    else if (a == ACTION_BACK && is_group(s))
        ui->stack[ui->depth - 1] = SCREEN_FLOWS;
    else if (a == ACTION_BACK)
        ui_pop(ui);
    else if (a == ACTION_NEXT_VIEW || a == ACTION_PREV_VIEW)
        turn_view(ui, a == ACTION_NEXT_VIEW ? 1 : -1);
    else if (a == ACTION_HELP)
        reader_help(ui);
    else if (a == ACTION_REDRAW)
        ui->redraw = true;
    else if (a == ACTION_SETTINGS)
        ui_push(ui, SCREEN_SETTINGS);
    else if (a == ACTION_FILTER)
        prompt_open(ui, PROMPT_FILTER);
    else if (a == ACTION_SEARCH)
        prompt_open(ui, PROMPT_SEARCH);
    else if (a == ACTION_SAVE)
        prompt_open(ui, PROMPT_SAVE_AS);
    else if (a == ACTION_COMPARE)
        compare_open(ui);
    else if (a == ACTION_EXPLAIN)
        return explain_here(ui);
    else
        return false;
    return true;
}

static void clear_all(struct aw_ui *ui)
{
    if (!aw_board_info(ui->board)->live) {
        ui_say(ui, "Clearing is for live capture: here it would leave nothing to see.");
        return;
    }
    aw_board_clear(ui->board);
    ui->marks = 0;
    ui_restart(ui);
    ui_say(ui, "Cleared: what comes from here on is shown.");
}

static bool act_on_lists(struct aw_ui *ui, enum action a)
{
    if (a == ACTION_UNFILTER) {
        ui->pick.of = SCREEN_FLOWS;
        ui_filter(ui, NULL, "");
    } else if (a == ACTION_PAUSE) {
        ui->paused = !ui->paused;
        ui->pause_end = aw_rows_end(aw_board_rows(ui->board));
        if (!ui->paused) ui_renew(ui); /* what came meanwhile was passed over */
        ui_say(ui, ui->paused ? "Held: packets are still taken; p goes on." : "Going on.");
    } else if (a == ACTION_CLEAR) {
        clear_all(ui);
    } else if (a == ACTION_CAPTURE) {
        const struct aw_board_info *i = aw_board_info(ui->board);
        if (!i->live || i->over || !ui->calls.capture)
            ui_say(ui,
                   "The capture filter can be changed while capturing: f filters what is here.");
        else
            prompt_open(ui, PROMPT_CAPTURE);
    } else {
        return false;
    }
    return true;
}

static void act(struct aw_ui *ui, enum action a)
{
    const enum screen s = ui_screen(ui);
    bool done = false;
    switch (s) {
    case SCREEN_FLOWS:
        done = flows_act(ui, a) || act_on_lists(ui, a);
        break;
    case SCREEN_CAUSES:
    case SCREEN_SERVERS:
    case SCREEN_CLIENTS:
        done = groups_act(ui, a) || act_on_lists(ui, a);
        break;
    case SCREEN_EXCHANGE:
        done = exchange_act(ui, a);
        break;
    case SCREEN_TEXT:
        done = reader_act(ui, a);
        break;
    case SCREEN_COMPARE:
        break;
    case SCREEN_SETTINGS:
        done = options_act(ui, a);
        break;
    }
    if (!done) (void)act_anywhere(ui, a);
}

static void click(struct aw_ui *ui, const struct aw_event *e)
{
    const enum screen s = ui_screen(ui);
    if (e->y == 2 && (s == SCREEN_FLOWS || is_group(s))) {
        for (int i = 3; i >= 0; i--) {
            if (e->x < ui->tab_x[i]) continue;
            if (e->x < ui->tab_x[4]) ui->stack[ui->depth - 1] = (enum screen)i;
            return;
        }
    }
    if (s == SCREEN_FLOWS) {
        flows_click(ui, e->y, e->x, e->key == AW_KEY_DOUBLE_CLICK);
    } else if (is_group(s)) {
        struct list *l = &ui->groups[s - SCREEN_CAUSES];
        const size_t at = l->top + (size_t)(e->y > ui->body_y ? e->y - ui->body_y : 0);
        if (e->y < ui->body_y || at >= ui->group_count) return;
        l->at = at;
        if (e->key == AW_KEY_DOUBLE_CLICK) act(ui, ACTION_OPEN);
    } else if (s == SCREEN_EXCHANGE && e->y > 0 && e->y < ui->rows - 1) {
        ui->look.focus = e->x >= ui->cols / 2 + 5 ? FOCUS_VERDICT : FOCUS_LADDER;
    }
}

bool aw_ui_event(struct aw_ui *ui, const struct aw_event *e)
{
    aw_board_lock(ui->board);
    ui->message[0] = '\0';
    if (ui->hunt.what != HUNT_LEG) ui->hunt.what = HUNT_NONE; /* the next key calls it off */
    if (ui->prompt.kind != PROMPT_NONE) {
        prompt_event(ui, e);
    } else if (e->key == AW_KEY_CLICK || e->key == AW_KEY_DOUBLE_CLICK) {
        click(ui, e);
    } else if (e->key == AW_KEY_WHEEL_DOWN || e->key == AW_KEY_WHEEL_UP) {
        for (int i = 0; i < 3; i++)
            act(ui, e->key == AW_KEY_WHEEL_DOWN ? ACTION_DOWN : ACTION_UP);
    } else {
        act(ui, key_action(ui_screen(ui), e->key));
    }
    aw_board_unlock(ui->board);
    return !ui->leave;
}

bool aw_ui_step(struct aw_ui *ui, size_t rows)
{
    aw_board_lock(ui->board);
    ask_exact(ui);
    bool more = aw_sorted_step(ui->order, aw_board_rows(ui->board), rows);
    /* Comparing a row's texts costs some ten times as much as its key. */
    if (!more && ui->seek.left > 0) more = flows_seek(ui, rows / 8 + 1);
    if (!more && ui->hunt.what != HUNT_NONE) more = hunt_step(ui, 2 * rows);
    aw_board_unlock(ui->board);
    return more;
}

void aw_ui_give(struct aw_ui *ui, uint64_t number, struct aw_detail *d, const char *why)
{
    aw_board_lock(ui->board);
    struct look *l = number == ui->look.row || number == ui->look.leg_row ? &ui->look : &ui->other;
    exchange_take(ui, l, number, d, why);
    aw_board_unlock(ui->board);
}

/* --- drawing --- */

enum { DRAW_STEP = 500 }; /* rows: some 50 us */

static void draw_small(struct aw_ui *ui, struct aw_grid *g)
{
    struct aw_summary *s = aw_board_summary(ui->board);
    char text[120];
    (void)snprintf(text, sizeof text, "%llu of %llu failing",
                   (unsigned long long)aw_summary_failing(s),
                   (unsigned long long)aw_summary_expectation(s));
    int y = aw_grid_wrap(g, 0, 0, g->cols, g->rows, 0, 0, aw_str(text), AW_STYLE_TITLE);
    y += aw_grid_wrap(g, y, 0, g->cols, g->rows - y, 0, 0,
                      aw_str("Window too small: 40x8 is needed."), AW_STYLE_PLAIN);
    (void)aw_grid_wrap(g, y, 0, g->cols, g->rows - y, 0, 0, aw_str("Q leaves."), AW_STYLE_DIM);
}

static void draw_screen(struct aw_ui *ui, struct aw_grid *g)
{
    const enum screen s = ui_screen(ui);
    const bool lists = s == SCREEN_FLOWS || is_group(s);
    const int y = lists ? 3 : 0, rows = g->rows - y - 1;
    if (lists) header_draw(ui, g);
    switch (s) {
    case SCREEN_FLOWS:
        flows_draw(ui, g, y, rows);
        break;
    case SCREEN_CAUSES:
    case SCREEN_SERVERS:
    case SCREEN_CLIENTS:
        groups_draw(ui, g, y, rows);
        break;
    case SCREEN_EXCHANGE:
        exchange_draw(ui, g, y, rows);
        break;
    case SCREEN_TEXT:
        reader_draw(ui, g, y, rows);
        break;
    case SCREEN_COMPARE:
        compare_draw(ui, g, y, rows);
        break;
    case SCREEN_SETTINGS:
        options_draw(ui, g, y, rows);
        break;
    }
    if (ui->prompt.kind != PROMPT_NONE)
        prompt_draw(ui, g, g->rows - 1);
    else if (ui->message[0])
        (void)aw_grid_str(g, g->rows - 1, 0, g->cols, ui->message, AW_STYLE_TITLE);
    else
        hints_draw(ui, g, g->rows - 1);
}

void aw_ui_draw(struct aw_ui *ui, struct aw_grid *g)
{
    aw_grid_clear(g);
    ui->rows = g->rows;
    ui->cols = g->cols;
    aw_board_lock(ui->board);
    /* What the header counts the list shows, and the bar can open: what came since the last step is
     * put in order under the same lock. */
    (void)aw_sorted_step(ui->order, aw_board_rows(ui->board), DRAW_STEP);
    const struct aw_board_info *i = aw_board_info(ui->board);
    if (i->notes != ui->notes) ui_say(ui, "%s", i->note);
    ui->notes = i->notes;
    if (g->rows < 8 || g->cols < 40)
        draw_small(ui, g);
    else
        draw_screen(ui, g);
    aw_board_unlock(ui->board);
}
