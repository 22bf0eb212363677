/*
 * The list of exchanges: columns that fit, the row under the bar told in full below.
 */
#include <stdio.h>
#include <string.h>

#include "sink/utf8.h"
#include "view/inside.h"
#include "view/row_record.h"

enum { DETAIL_ROWS = 2, SEEK_AT_ONCE = 2000 };

/* --- which rows --- */

bool flows_test(void *ctx, const struct aw_rows *rows, uint64_t number, const struct aw_row *row)
{
    struct aw_ui *ui = ctx;
    if (ui->paused && number >= ui->pause_end) return false;
    if (ui->settings.show != AW_SHOW_ALL && !(row->flags & AW_ROW_JUDGED)) return false;
    if (ui->settings.show == AW_SHOW_FAILING && row->severity < AW_SEV_WARNING) return false;
    if (ui->pick.of != SCREEN_FLOWS && !groups_match(&ui->pick, rows, row)) return false;
    if (!ui->expr) return true;
    if (ui->exact && row->id < ui->exact_count) return ui->exact[row->id / 8] >> row->id % 8 & 1;
    const struct aw_surround around = {.threshold = aw_board_threshold(ui->board)};
    const struct aw_detail *kept =
        row->flags & AW_ROW_KEPT ? aw_board_kept(ui->board, number) : NULL;
    if (kept) return aw_expr_match(ui->expr, &kept->rec, &around);
    struct aw_row_record made;
    return aw_expr_match(ui->expr, aw_row_record(&made, rows, row), &around);
}

/* --- columns --- */

struct place {
    enum aw_column column;
    int x, width;
};

/* Where there is room a request that can be read is worth more than another column. */
static int least_width(const struct aw_column_setting *c, int cols)
{
    if (c->width) return c->width;
    if (c->column == AW_COL_REQUEST && cols >= 100) return 20;
    return aw_column_about((enum aw_column)c->column)->least;
}

/* The columns that fit, in their order: by rank until the width is used, then widened. */
static int lay_out(const struct aw_ui *ui, int cols, struct place out[AW_COL_COUNT])
{
    const struct aw_column_setting *set = ui->settings.column;
    bool in[AW_COL_COUNT] = {false};
    int used = 1; /* the mark's column */
    for (int rank = 0; rank <= 9; rank++) {
        for (int i = 0; i < AW_COL_COUNT; i++) {
            const struct aw_column_about *about = aw_column_about(set[i].column);
            if (!set[i].shown || about->rank != rank) continue;
            const int least = least_width(&set[i], cols);
            if (used + least + 1 > cols) continue;
            in[i] = true;
            used += least + 1;
        }
    }
    int n = 0, width[AW_COL_COUNT];
    for (int i = 0; i < AW_COL_COUNT; i++) {
        if (!in[i]) continue;
        width[n] = least_width(&set[i], cols);
        out[n++].column = (enum aw_column)set[i].column;
    }
    /* The cause first, then the request, then the rest take what is left, up to their best. */
    for (int turn = 0; turn < 3; turn++) {
        for (int i = 0; i < n; i++) {
            const enum aw_column c = out[i].column;
            const int mine = c == AW_COL_CAUSE ? 0 : c == AW_COL_REQUEST ? 1 : 2;
            if (mine != turn) continue;
            const int enough = turn == 0 ? (cols >= 100 ? 36 : 31) : aw_column_about(c)->best;
            int more = enough - width[i];
            if (more > cols - used) more = cols - used;
            if (more <= 0) continue;
            if (c == AW_COL_TIME && width[i] + more < enough) continue; /* all of it, or less */
            width[i] += more;
            used += more;
        }
    }
    for (int i = 0; i < n && used < cols; i++) {
        if (out[i].column != AW_COL_CAUSE && out[i].column != AW_COL_REQUEST) continue;
        int more = aw_column_about(out[i].column)->best - width[i];
        if (more > cols - used) more = cols - used;
        if (more <= 0) continue;
        width[i] += more;
        used += more;
    }
    int x = 1;
    for (int i = 0; i < n; i++) {
        out[i].x = x;
        out[i].width = width[i];
        x += width[i] + 1;
    }
    return n;
}

bool flows_fits(const struct aw_ui *ui, int cols, enum aw_column c)
{
    struct place place[AW_COL_COUNT];
    const int n = lay_out(ui, cols, place);
    for (int i = 0; i < n; i++)
        if (place[i].column == c) return true;
    return false;
}

static void draw_header(struct aw_ui *ui, struct aw_grid *g, int y, const struct place *p, int n)
{
    ui->header_y = y;
    ui->headers = n;
    for (int i = 0; i < n; i++) {
        const struct aw_column_about *about = aw_column_about(p[i].column);
        const bool sorted = p[i].column == ui->settings.sort;
        char text[48];
        (void)snprintf(text, sizeof text, "%s%s", about->title,
                       !sorted || p[i].width < 4 ? ""
                       : ui->settings.down       ? "\u25bc"
                                                 : "\u25b2");
        const enum aw_style style = sorted ? AW_STYLE_KEY : AW_STYLE_HEADER;
        if (about->right)
            aw_grid_right(g, y, p[i].x, p[i].width, text, style);
        else
            (void)aw_grid_str(g, y, p[i].x, p[i].width, text, style);
        ui->header[i].x = p[i].x;
        ui->header[i].width = p[i].width;
        ui->header[i].column = p[i].column;
    }
}

/* --- search --- */

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

/* Where `needle` is in `s`, letter case of ASCII aside; SIZE_MAX = nowhere. */
static size_t find_in(struct aw_span s, const char *needle)
{
    const size_t n = strlen(needle);
    if (n == 0 || n > s.len) return SIZE_MAX;
    for (size_t i = 0; i + n <= s.len; i++) {
        size_t k = 0;
        while (k < n && lower(s.p[i + k]) == lower((uint8_t)needle[k]))
            k++;
        if (k == n) return i;
    }
    return SIZE_MAX;
}

static bool row_matches(const struct aw_rows *rows, const struct aw_row *row, const char *needle)
{
    static const enum aw_column look_in[] = {AW_COL_REQUEST, AW_COL_CAUSE, AW_COL_SERVER,
                                             AW_COL_CLIENT,  AW_COL_HOST,  AW_COL_AGENT,
                                             AW_COL_PRODUCT, AW_COL_STATUS};
    char text[CELL_TEXT];
    for (size_t i = 0; i < sizeof look_in / sizeof *look_in; i++) {
        const struct aw_span s = column_text(text, rows, row, look_in[i], true);
        if (find_in(s, needle) != SIZE_MAX) return true;
    }
    return row->flags & AW_ROW_JUDGED &&
           find_in(aw_str(aw_cause_slug((enum aw_cause)row->cause)), needle) != SIZE_MAX;
}

/* Goes on looking for the next match, through about `budget` rows; true where there is more. */
bool flows_seek(struct aw_ui *ui, size_t budget)
{
    const struct aw_rows *rows = aw_board_rows(ui->board);
    const size_t count = aw_sorted_count(ui->order);
    struct seek *k = &ui->seek;
    for (; k->left > 0 && budget > 0; k->left--, budget--) {
        if (k->at >= count) k->at = k->step > 0 ? 0 : count - 1;
        const uint64_t number = count ? aw_sorted_at(ui->order, k->at) : UINT64_MAX;
        const struct aw_row *row = aw_rows_at(rows, number);
        if (row && row_matches(rows, row, ui->search)) {
            ui->flows.at = k->at;
            ui->selected = number;
            ui->follow = false;
            ui->moved = true;
            k->left = 0;
            return false;
        }
        k->at = k->step > 0 ? k->at + 1 : k->at > 0 ? k->at - 1 : SIZE_MAX;
    }
    if (k->left > 0) return true;
    if (k->step != 0 && ui->search[0]) ui_say(ui, "Nothing shown matches '%s'.", ui->search);
    k->step = 0;
    return false;
}

/* Moves the bar to the next match, from the row under it on or behind it, round the end. A million
 * rows are gone through in the background. */
void flows_search(struct aw_ui *ui, int step, bool from_here)
{
    const size_t count = aw_sorted_count(ui->order), at = ui->flows.at;
    ui->seek = (struct seek){0};
    if (ui->search[0] == '\0' || count == 0) return;
    const size_t next = step > 0 ? at + 1 : at > 0 ? at - 1 : SIZE_MAX;
    ui->seek = (struct seek){.step = step, .at = from_here ? at : next, .left = count};
    (void)flows_seek(ui, SEEK_AT_ONCE);
}

/* --- drawing --- */

static void draw_cell(const struct aw_ui *ui, struct aw_grid *g, int y, const struct place *p,
                      const struct aw_rows *rows, const struct aw_row *row)
{
    char text[CELL_TEXT];
    const struct aw_column_about *about = aw_column_about(p->column);
    const struct aw_span s =
        column_text(text, rows, row, p->column, p->column != AW_COL_TIME || p->width >= 12);
    const bool judged = row->flags & AW_ROW_JUDGED;
    enum aw_style style = AW_STYLE_PLAIN;
    if (judged && (p->column == AW_COL_SEVERITY || p->column == AW_COL_CAUSE))
        style = severity_style((enum aw_severity)row->severity);
    else if (!judged && p->column == AW_COL_CAUSE)
        style = AW_STYLE_DIM;
    int x = p->x;
    if (about->right) {
        const int w = aw_grid_width(g, s);
        if (w < p->width) x += p->width - w;
    }
    const int w = aw_grid_put(g, y, x, p->width - (x - p->x), s, style);
    const size_t found = ui->search[0] ? find_in(s, ui->search) : SIZE_MAX;
    if (found == SIZE_MAX) return;
    const int before = aw_grid_width(g, (struct aw_span){s.p, found});
    const int len = aw_grid_width(g, (struct aw_span){s.p + found, strlen(ui->search)});
    if (before < w)
        aw_grid_paint(g, y, x + before, len < w - before ? len : w - before, AW_STYLE_MATCH);
}

/* The row under the bar, with what the columns had no room for. */
static void draw_selected(const struct aw_ui *ui, struct aw_grid *g, int y)
{
    const struct aw_rows *rows = aw_board_rows(ui->board);
    const struct aw_row *row = aw_rows_at(rows, ui->selected);
    aw_grid_fill(g, y, 0, g->cols, 0x2500, AW_STYLE_FRAME);
    if (!row) return;
    char a[CELL_TEXT], from[ENDPOINT], to[ENDPOINT];
    endpoint_text(from, aw_rows_word(rows, row->client), row->client_port);
    endpoint_text(to, aw_rows_word(rows, row->server), row->server_port);
    if (row->flags & AW_ROW_JUDGED) {
        const enum aw_severity sev = (enum aw_severity)row->severity;
        const enum aw_party party = (enum aw_party)row->party;
        (void)aw_grid_printf(g, y, 2, g->cols - 4, severity_style(sev), " %s: %s%s%s%s (%s) ",
                             aw_severity_name(sev), aw_cause_title((enum aw_cause)row->cause),
                             party == AW_PARTY_NONE ? "" : "; fault: ",
                             party == AW_PARTY_NONE ? "" : aw_party_name(party),
                             row->flags & AW_ROW_RECOVERED ? "; recovered" : "",
                             aw_cause_slug((enum aw_cause)row->cause));
    }
    int x = aw_grid_printf(g, y + 1, 0, g->cols, AW_STYLE_DIM, "%s \u2192 %s  ", from, to);
    const struct aw_span request = column_text(a, rows, row, AW_COL_REQUEST, true);
    x += aw_grid_put(g, y + 1, x, g->cols - x, request, AW_STYLE_PLAIN);
    const struct aw_span agent = aw_rows_word(rows, row->agent);
    const struct aw_span product = aw_rows_word(rows, row->product);
    if (agent.len > 0) {
        x += aw_grid_str(g, y + 1, x, g->cols - x, "  ", AW_STYLE_DIM);
        x += aw_grid_put(g, y + 1, x, g->cols - x, agent, AW_STYLE_DIM);
    }
    if (product.len > 0) {
        x += aw_grid_str(g, y + 1, x, g->cols - x, " \u2192 ", AW_STYLE_DIM);
        (void)aw_grid_put(g, y + 1, x, g->cols - x, product, AW_STYLE_DIM);
    }
}

/* Live: who waits now, the longest first, counting up. Returns the lines it took. */
static int draw_waiting(const struct aw_ui *ui, struct aw_grid *g, int y, int most)
{
    size_t n;
    const struct aw_waiting *w = aw_board_waiters(ui->board, &n);
    int lines = 0;
    for (size_t i = 0; i < n && lines < most; i++, lines++) {
        char end[ENDPOINT], figure[FIGURE] = "";
        endpoint_text(end, (struct aw_span){w[i].server.b, w[i].server.v6 ? 16u : 4u}, w[i].port);
        if (ui->now != AW_NS_NONE && ui->now > w[i].since)
            (void)figure_span(figure, ui->now - w[i].since);
        int x = aw_grid_printf(g, y + lines, 1, g->cols - 1, AW_STYLE_WARNING,
                               "%8s waiting, no 100 so far  ", figure);
        x += 1 + aw_grid_printf(g, y + lines, 1 + x, g->cols - 1 - x, AW_STYLE_PLAIN, "%s  ", end);
        (void)aw_grid_put(g, y + lines, x, g->cols - x, aw_str(w[i].what), AW_STYLE_PLAIN);
    }
    if (n > (size_t)lines && lines > 0) {
        char more[48];
        (void)snprintf(more, sizeof more, " and %zu more", n - (size_t)lines);
        aw_grid_right(g, y + lines - 1, 0, g->cols, more, AW_STYLE_KEY);
    }
    return lines;
}

void flows_draw(struct aw_ui *ui, struct aw_grid *g, int y, int rows)
{
    const int waiting = rows >= 8 ? draw_waiting(ui, g, y, rows / 5) : 0;
    y += waiting;
    rows -= waiting;
    const struct aw_rows *store = aw_board_rows(ui->board);
    const size_t count = aw_sorted_count(ui->order);
    const int below = rows >= 10 ? DETAIL_ROWS : 0;
    ui->body_y = y + 1;
    ui->body_rows = rows - 1 - below;
    if (count == 0) {
        ui->selected = UINT64_MAX;
        empty_draw(ui, g, y, rows);
        return;
    }
    struct place place[AW_COL_COUNT];
    const int n = lay_out(ui, g->cols, place);
    draw_header(ui, g, y, place, n);
    struct list *l = &ui->flows;
    const size_t page = (size_t)ui->body_rows;
    if (ui->follow && ui->settings.sort == AW_COL_TIME)
        l->at = ui->settings.down ? 0 : count - 1;
    else if (!ui->moved)
        *l = (struct list){0};
    else if (aw_sorted_at(ui->order, l->at) != ui->selected && ui->selected != UINT64_MAX &&
             aw_sorted_ready(ui->order)) {
        /* Rows came or went before it: the bar stays on its exchange. */
        const size_t at = aw_sorted_find(ui->order, ui->selected);
        if (at != SIZE_MAX) {
            l->top = at >= l->at - l->top ? at - (l->at - l->top) : 0;
            l->at = at;
        }
    }
    list_settle(l, count, page);
    ui->selected = aw_sorted_at(ui->order, l->at);
    for (size_t i = 0; i < page && l->top + i < count; i++) {
        const uint64_t number = aw_sorted_at(ui->order, l->top + i);
        const struct aw_row *row = aw_rows_at(store, number);
        if (!row) continue;
        const int line = y + 1 + (int)i;
        if (ui_marked(ui, number)) aw_grid_fill(g, line, 0, 1, 0x25cf, AW_STYLE_KEY);
        for (int k = 0; k < n; k++)
            draw_cell(ui, g, line, &place[k], store, row);
        if (l->top + i == l->at) aw_grid_light(g, line, 0, g->cols, true);
    }
    if (below) draw_selected(ui, g, y + rows - below);
}

/* --- acting --- */

static void sort_by(struct aw_ui *ui, enum aw_column c, bool down)
{
    ui->settings.sort = c;
    ui->settings.down = down;
    ui->follow = false;
    ui_restart(ui);
}

static void sort_step(struct aw_ui *ui, int by)
{
    int at = 0;
    for (int i = 0; i < AW_COL_COUNT; i++)
        if (ui->settings.column[i].column == ui->settings.sort) at = i;
    for (int n = 0; n < AW_COL_COUNT; n++) {
        at = (at + by + AW_COL_COUNT) % AW_COL_COUNT;
        if (ui->settings.column[at].shown) break;
    }
    const enum aw_column c = (enum aw_column)ui->settings.column[at].column;
    sort_by(ui, c, aw_column_about(c)->right || c == AW_COL_SEVERITY);
}

static void toggle_mark(struct aw_ui *ui)
{
    if (ui->selected == UINT64_MAX) return;
    ui->moved = true;
    for (size_t i = 0; i < ui->marks; i++) {
        if (ui->mark[i] != ui->selected) continue;
        memmove(ui->mark + i, ui->mark + i + 1, (ui->marks - i - 1) * sizeof *ui->mark);
        ui->marks--;
        return;
    }
    if (ui->marks == MARKS_MAX)
        ui_say(ui, "%d exchanges are marked: no more fit.", MARKS_MAX);
    else
        ui->mark[ui->marks++] = ui->selected;
}

bool flows_act(struct aw_ui *ui, enum action a)
{
    const size_t count = aw_sorted_count(ui->order);
    const size_t page = ui->body_rows > 0 ? (size_t)ui->body_rows : 1;
    if (a == ACTION_MARK) {
        toggle_mark(ui);
        a = ACTION_DOWN;
    }
    if (list_act(&ui->flows, a, count, page)) {
        ui->follow = a == ACTION_LAST && ui->settings.sort == AW_COL_TIME && !ui->settings.down;
        ui->selected = aw_sorted_at(ui->order, ui->flows.at);
        ui->moved = true;
        return true;
    }
    if (a == ACTION_OPEN && ui->selected != UINT64_MAX) {
        ui->moved = true;
        exchange_open(ui, ui->selected);
    } else if (a == ACTION_SHOW) {
        ui->settings.show = (enum aw_show)((ui->settings.show + 1) % AW_SHOW_COUNT);
        ui_restart(ui);
    } else if (a == ACTION_SORT_NEXT || a == ACTION_SORT_PREV) {
        sort_step(ui, a == ACTION_SORT_NEXT ? 1 : -1);
    } else if (a == ACTION_REVERSE) {
        sort_by(ui, ui->settings.sort, !ui->settings.down);
    } else if (a == ACTION_FOLLOW) {
        ui->follow = !ui->follow;
        ui->moved = true;
        if (ui->follow && (ui->settings.sort != AW_COL_TIME || ui->settings.down)) {
            sort_by(ui, AW_COL_TIME, false);
            ui->follow = true;
        }
    } else if (a == ACTION_NEXT_MATCH || a == ACTION_PREV_MATCH) {
        flows_search(ui, a == ACTION_NEXT_MATCH ? 1 : -1, false);
    } else {
        return false;
    }
    return true;
}

void flows_click(struct aw_ui *ui, int y, int x, bool twice)
{
    if (y == ui->header_y) {
        for (int i = 0; i < ui->headers; i++) {
            if (x < ui->header[i].x || x > ui->header[i].x + ui->header[i].width) continue;
            const enum aw_column c = ui->header[i].column;
            const bool again = c == ui->settings.sort;
            sort_by(ui, c, again ? !ui->settings.down : aw_column_about(c)->right);
            return;
        }
        return;
    }
    if (y < ui->body_y || y >= ui->body_y + ui->body_rows) return;
    const size_t at = ui->flows.top + (size_t)(y - ui->body_y);
    if (at >= aw_sorted_count(ui->order)) return;
    ui->flows.at = at;
    ui->follow = false;
    ui->moved = true;
    ui->selected = aw_sorted_at(ui->order, at);
    if (twice) exchange_open(ui, ui->selected);
}
