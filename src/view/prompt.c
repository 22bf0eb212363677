/*
 * The line at the bottom in which something is typed: a search, a filter, what to save and where.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "view/inside.h"

static void check(struct aw_ui *ui)
{
    struct prompt *p = &ui->prompt;
    p->valid = true;
    memset(&p->error, 0, sizeof p->error);
    if (p->kind == PROMPT_CAPTURE)
        p->valid =
            ui->calls.capture(ui->calls.ctx, p->text, false, p->error.text, sizeof p->error.text);
    if (p->kind != PROMPT_FILTER) return;
    struct aw_expr *x =
        aw_expr_compile(NULL, (struct aw_span){(const uint8_t *)p->text, p->len}, &p->error);
    p->valid = x != NULL;
    aw_expr_free(x);
}

void prompt_open(struct aw_ui *ui, enum prompt_kind kind)
{
    struct prompt *p = &ui->prompt;
    memset(p, 0, sizeof *p);
    p->kind = kind;
    const char *was = kind == PROMPT_FILTER    ? ui->filter
                      : kind == PROMPT_CAPTURE ? aw_board_info(ui->board)->filter
                                               : "";
    (void)snprintf(p->text, sizeof p->text, "%s", was);
    p->len = p->cursor = strlen(p->text);
    check(ui);
}

/* --- what is typed --- */

static size_t encode(uint32_t c, char out[4])
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xc0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xe0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3f));
        out[2] = (char)(0x80 | (c & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3f));
    out[2] = (char)(0x80 | (c >> 6 & 0x3f));
    out[3] = (char)(0x80 | (c & 0x3f));
    return 4;
}

static size_t before(const struct prompt *p, size_t at)
{
    if (at == 0) return 0;
    at--;
    /* cppcheck-suppress arrayIndexOutOfBoundsCond ; at was the length or less, and is one less */
    while (at > 0 && ((uint8_t)p->text[at] & 0xc0) == 0x80)
        at--;
    return at;
}

static size_t behind(const struct prompt *p, size_t at)
{
    if (at < p->len) at++;
    while (at < p->len && ((uint8_t)p->text[at] & 0xc0) == 0x80)
        at++;
    return at;
}

static void cut_out(struct prompt *p, size_t from, size_t to)
{
    memmove(p->text + from, p->text + to, p->len - to + 1);
    p->len -= to - from;
    p->cursor = from;
}

static bool edit(struct prompt *p, uint32_t key)
{
    if (key == AW_KEY_LEFT)
        p->cursor = before(p, p->cursor);
    else if (key == AW_KEY_RIGHT)
        p->cursor = behind(p, p->cursor);
    else if (key == AW_KEY_HOME || key == AW_CTRL('a'))
        p->cursor = 0;
    else if (key == AW_KEY_END || key == AW_CTRL('e'))
        p->cursor = p->len;
    else if (key == AW_KEY_BACKSPACE)
        cut_out(p, before(p, p->cursor), p->cursor);
    else if (key == AW_KEY_DELETE)
        cut_out(p, p->cursor, behind(p, p->cursor));
    else if (key == AW_CTRL('u'))
        cut_out(p, 0, p->cursor);
    else if (key == AW_CTRL('w')) {
        size_t from = p->cursor;
        while (from > 0 && p->text[from - 1] == ' ')
            from--;
        while (from > 0 && p->text[from - 1] != ' ')
            from--;
        cut_out(p, from, p->cursor);
    } else if (key >= 0x20 && key != 0x7f && key <= 0x10ffff) {
        char c[4];
        const size_t n = encode(key, c);
        if (p->len + n + 1 >= sizeof p->text) return false;
        memmove(p->text + p->cursor + n, p->text + p->cursor, p->len - p->cursor + 1);
        memcpy(p->text + p->cursor, c, n);
        p->len += n;
        p->cursor += n;
    } else {
        return false;
    }
    return true;
}

/* --- what comes of it --- */

static void take_filter(struct aw_ui *ui)
{
    struct prompt *p = &ui->prompt;
    struct aw_expr *x = NULL;
    const bool blank = strspn(p->text, " ") == p->len;
    if (!blank) {
        x = aw_expr_compile(NULL, (struct aw_span){(const uint8_t *)p->text, p->len}, &p->error);
        if (!x) return; /* the line stays, with its error */
    }
    p->kind = PROMPT_NONE;
    ui_filter(ui, x, blank ? "" : p->text);
    const struct aw_board_info *i = aw_board_info(ui->board);
    if (x && (i->live || !i->again))
        ui_say(ui, "Failing exchanges are matched whole, others by what the list keeps of them.");
}

/* The line stays where it is not taken, with what is wrong above it. */
static void take_capture(struct aw_ui *ui)
{
    struct prompt *p = &ui->prompt;
    p->valid = ui->calls.capture(ui->calls.ctx, p->text, true, p->error.text, sizeof p->error.text);
    if (!p->valid) return;
    p->kind = PROMPT_NONE;
    ui_say(ui, "Changing the capture filter ...");
}

/* The marked exchanges; else those shown. In the order of input. */
static int by_number(const void *pa, const void *pb)
{
    const uint64_t a = *(const uint64_t *)pa, b = *(const uint64_t *)pb;
    return a < b ? -1 : a > b;
}

static size_t to_save(struct aw_ui *ui, struct aw_row **out)
{
    const struct aw_rows *rows = aw_board_rows(ui->board);
    const bool one = ui_screen(ui) == SCREEN_EXCHANGE;
    const size_t count = one ? 1 : ui->marks ? ui->marks : aw_sorted_count(ui->order);
    uint64_t *number = malloc((count + 1) * sizeof *number);
    *out = malloc((count + 1) * sizeof **out);
    size_t n = 0;
    if (number && *out) {
        for (size_t i = 0; i < count; i++)
            number[i] = one ? ui->look.row : ui->marks ? ui->mark[i] : aw_sorted_at(ui->order, i);
        qsort(number, count, sizeof *number, by_number);
        for (size_t i = 0; i < count; i++) {
            const struct aw_row *row = aw_rows_at(rows, number[i]);
            if (row) (*out)[n++] = *row;
        }
    }
    free(number);
    return n;
}

static void take_save(struct aw_ui *ui)
{
    struct prompt *p = &ui->prompt;
    char err[256] = "nothing here can save";
    struct aw_row *rows = NULL;
    if (!aw_sorted_ready(ui->order) && ui->marks == 0) {
        ui_say(ui, "Still sorting: a moment, please.");
        return;
    }
    const size_t n = to_save(ui, &rows);
    const struct aw_save save = {.as = p->as, .path = p->text, .rows = rows, .count = n};
    if (n == 0)
        ui_say(ui, "There is nothing to save.");
    else if (!ui->calls.save || !ui->calls.save(ui->calls.ctx, &save, err, sizeof err))
        ui_say(ui, "Not saved: %s.", err);
    else
        ui_say(ui, "Saving %zu exchange%s to %s ...", n, n == 1 ? "" : "s", p->text);
    free(rows);
    p->kind = PROMPT_NONE;
}

static void searched(struct aw_ui *ui)
{
    (void)snprintf(ui->search, sizeof ui->search, "%s", ui->prompt.text);
    if (ui_screen(ui) == SCREEN_TEXT)
        reader_search(ui, 1, true);
    else
        flows_search(ui, 1, true);
}

static void choose_kind(struct aw_ui *ui, uint32_t key)
{
    struct prompt *p = &ui->prompt;
    enum aw_save_as as;
    if (key == 'r' || key == 'n')
        as = AW_SAVE_RECORDS;
    else if (key == 'h')
        as = AW_SAVE_HTML;
    else if (key == 'p')
        as = AW_SAVE_PACKETS;
    else {
        p->kind = PROMPT_NONE;
        return;
    }
    prompt_open(ui, PROMPT_SAVE_PATH);
    p->as = as;
    static const char *const kind[] = {
        [AW_SAVE_RECORDS] = "ndjson", [AW_SAVE_PACKETS] = "pcap", [AW_SAVE_HTML] = "html"};
    char stamp[32] = "";
    time_t now = (time_t)(ui->now / AW_SEC);
    struct tm tm;
    /* A name that is not there yet: nothing is overwritten, and most saves need no other. */
    if (ui->now != AW_NS_NONE && localtime_r(&now, &tm))
        (void)strftime(stamp, sizeof stamp, "-%Y%m%d-%H%M%S", &tm);
    (void)snprintf(p->text, sizeof p->text, "await100%s.%s", stamp, kind[as]);
    p->len = p->cursor = strlen(p->text);
}

void prompt_event(struct aw_ui *ui, const struct aw_event *e)
{
    struct prompt *p = &ui->prompt;
    if (e->key == AW_KEY_CLICK || e->key == AW_KEY_DOUBLE_CLICK || e->key == AW_KEY_WHEEL_UP ||
        e->key == AW_KEY_WHEEL_DOWN)
        return;
    if (p->kind == PROMPT_SAVE_AS) {
        choose_kind(ui, e->key);
    } else if (e->key == AW_KEY_ESC || e->key == AW_CTRL('c') || e->key == AW_CTRL('g')) {
        if (p->kind == PROMPT_SEARCH) ui->search[0] = '\0';
        p->kind = PROMPT_NONE;
    } else if (e->key == AW_KEY_ENTER) {
        if (p->kind == PROMPT_FILTER)
            take_filter(ui);
        else if (p->kind == PROMPT_CAPTURE)
            take_capture(ui);
        else if (p->kind == PROMPT_SAVE_PATH)
            take_save(ui);
        else
            p->kind = PROMPT_NONE;
    } else if (edit(p, e->key)) {
        check(ui);
        if (p->kind == PROMPT_SEARCH) searched(ui);
    }
}

/* --- drawing --- */

void prompt_draw(struct aw_ui *ui, struct aw_grid *g, int y)
{
    struct prompt *p = &ui->prompt;
    aw_grid_fill(g, y, 0, g->cols, ' ', AW_STYLE_PLAIN);
    if (p->kind == PROMPT_SAVE_AS) {
        const bool one = ui_screen(ui) == SCREEN_EXCHANGE;
        (void)aw_grid_printf(g, y, 0, g->cols, AW_STYLE_TITLE,
                             "Save %s: r records (NDJSON), p packets (pcap), h HTML report",
                             one         ? "this exchange"
                             : ui->marks ? "the marked exchanges"
                                         : "the exchanges shown");
        return;
    }
    const char *label = p->kind == PROMPT_SEARCH    ? "/"
                        : p->kind == PROMPT_FILTER  ? "filter: "
                        : p->kind == PROMPT_CAPTURE ? "capture filter (BPF): "
                                                    : "save as: ";
    int x = aw_grid_str(g, y, 0, g->cols, label, AW_STYLE_KEY);
    /* A line that is too long shows its end: the part up to the cursor. */
    const int room = g->cols - x - 1;
    size_t from = 0;
    while (from < p->cursor && aw_grid_width(g, (struct aw_span){(const uint8_t *)p->text + from,
                                                                 p->cursor - from}) > room)
        from = behind(p, from);
    const bool checked = p->kind == PROMPT_FILTER || p->kind == PROMPT_CAPTURE;
    const enum aw_style style = !checked              ? AW_STYLE_PLAIN
                                : p->valid            ? AW_STYLE_GOOD
                                : p->error.incomplete ? AW_STYLE_PLAIN
                                                      : AW_STYLE_BAD;
    const struct aw_span shown = {(const uint8_t *)p->text + from, p->len - from};
    const int w = aw_grid_put(g, y, x, room + 1, shown, style);
    g->cursor_y = y;
    g->cursor_x =
        x + aw_grid_width(g, (struct aw_span){(const uint8_t *)p->text + from, p->cursor - from});
    if (p->kind == PROMPT_SEARCH && ui->message[0])
        (void)aw_grid_str(g, y, x + w + 2, g->cols - x - w - 2, ui->message, AW_STYLE_BAD);
    if (p->kind == PROMPT_SEARCH) return;
    /* The line above says what is wrong, and points at it. */
    aw_grid_fill(g, y - 1, 0, g->cols, ' ', AW_STYLE_PLAIN);
    if (p->kind == PROMPT_SAVE_PATH) {
        const int w1 =
            aw_grid_str(g, y - 1, 0, g->cols, "Enter makes a new file in ", AW_STYLE_DIM);
        (void)aw_grid_str(g, y - 1, w1, g->cols - w1,
                          ui->calls.saves ? ui->calls.saves : "no folder: none can be made here",
                          AW_STYLE_KEY);
        return;
    }
    if (p->kind == PROMPT_CAPTURE) {
        (void)aw_grid_str(g, y - 1, 0, g->cols,
                          !p->valid ? p->error.text
                          : p->len  ? "valid: Enter takes it, Esc leaves it"
                                    : "Enter captures every packet, Esc leaves it",
                          p->valid ? AW_STYLE_GOOD : AW_STYLE_BAD);
        return;
    }
    if (p->valid) {
        (void)aw_grid_str(g, y - 1, 0, g->cols, "valid: Enter takes it, Esc leaves it",
                          AW_STYLE_GOOD);
        return;
    }
    const size_t at = p->error.at < p->len ? p->error.at : p->len;
    const int under =
        x + (at >= from
                 ? aw_grid_width(g, (struct aw_span){(const uint8_t *)p->text + from, at - from})
                 : 0);
    char text[300];
    (void)snprintf(text, sizeof text, "%s", p->error.text);
    const int width = aw_grid_width(g, aw_str(text));
    int left = under + 2;
    if (left + width > g->cols) left = under - width - 1;
    aw_grid_fill(g, y - 1, under < g->cols ? under : g->cols - 1, 1, 0x25bc, AW_STYLE_BAD);
    if (left >= 0)
        (void)aw_grid_str(g, y - 1, left, g->cols - left, text, AW_STYLE_BAD);
    else
        (void)aw_grid_str(g, y - 2, 0, g->cols, text, AW_STYLE_BAD);
    if (p->error.len > 0 && at >= from) {
        const size_t end = at + p->error.len < p->len ? at + p->error.len : p->len;
        aw_grid_paint(g, y, under,
                      aw_grid_width(g, (struct aw_span){(const uint8_t *)p->text + at, end - at}),
                      AW_STYLE_BAD);
    }
}
