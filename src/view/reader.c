/*
 * Text to read: what a cause is about, and the keys.
 */
#include <stdio.h>
#include <string.h>

#include "view/inside.h"

static void emit(void *ctx, const char *heading, const char *body)
{
    struct text *t = ctx;
    if (heading) {
        (void)text_addf(t, AW_STYLE_PLAIN, 0, 0, " ");
        (void)text_add(t, AW_STYLE_HEADER, 0, 0, aw_str(heading));
    }
    while (body && *body) {
        const size_t len = strcspn(body, "\n");
        struct aw_span s = {(const uint8_t *)body, len};
        if (strncmp(body, "    ", 4) == 0) {
            struct line *l = text_add(t, AW_STYLE_KEY, 2, 0, s);
            if (l) l->verbatim = true;
        } else if (strncmp(body, "- ", 2) == 0) {
            (void)text_add(t, AW_STYLE_PLAIN, 2, 2, s);
        } else {
            (void)text_add(t, heading ? AW_STYLE_PLAIN : AW_STYLE_TITLE, heading ? 2 : 0, 0, s);
        }
        body += len;
        if (*body) body++;
    }
}

void reader_explain(struct aw_ui *ui, const char *word)
{
    text_clear(&ui->text);
    (void)snprintf(ui->title, sizeof ui->title, "Explain: %s", word);
    if (!aw_explain(word, emit, &ui->text))
        (void)text_addf(&ui->text, AW_STYLE_PLAIN, 0, 0, "Nothing is known about this word.");
    ui->text_skip = 0;
    ui_push(ui, SCREEN_TEXT);
}

void reader_help(struct aw_ui *ui)
{
    struct text *t = &ui->text;
    static const struct {
        unsigned screens;
        const char *title;
    } part[] = {
        {1u << SCREEN_FLOWS | 1u << SCREEN_CAUSES, "LISTS"},
        {1u << SCREEN_EXCHANGE, "EXCHANGE"},
        {1u << SCREEN_SETTINGS, "SETTINGS"},
    };
    text_clear(t);
    (void)snprintf(ui->title, sizeof ui->title, "Help");
    (void)text_addf(t, AW_STYLE_PLAIN, 0, 0,
                    "Each row is one exchange: a request that carries Expect, or was answered by "
                    "100 or 417. Failing ones come first. Enter shows why: the ladder of messages, "
                    "the verdict, the packets that prove it, the cost, the fix.");
    (void)text_addf(t, AW_STYLE_PLAIN, 0, 0,
                    "Marks: ! error  * warning  ? not enough captured  i noteworthy  . fine");
    for (size_t p = 0; p < sizeof part / sizeof *part; p++) {
        (void)text_addf(t, AW_STYLE_PLAIN, 0, 0, " ");
        (void)text_addf(t, AW_STYLE_HEADER, 0, 0, "%s", part[p].title);
        for (unsigned i = 0; i < binding_count; i++) {
            const struct binding *b = &bindings[i];
            bool before = false; /* keys of several screens are told once */
            for (size_t q = 0; q < p; q++)
                before = before || (b->screens & part[q].screens);
            if (before || !(b->screens & part[p].screens)) continue;
            (void)text_addf(t, AW_STYLE_PLAIN, 2, 12, "%-10s  %s", b->shown, b->help);
        }
    }
    (void)text_addf(t, AW_STYLE_PLAIN, 0, 0, " ");
    (void)text_addf(t, AW_STYLE_HEADER, 0, 0, "COLUMNS");
    for (unsigned c = 0; c < AW_COL_COUNT; c++) {
        const struct aw_column_about *a = aw_column_about((enum aw_column)c);
        (void)text_addf(t, AW_STYLE_PLAIN, 2, 16, "%-14s  %s", a->title, a->meaning);
    }
    (void)text_addf(t, AW_STYLE_PLAIN, 0, 0, " ");
    (void)text_addf(t, AW_STYLE_HEADER, 0, 0, "FILTER");
    (void)text_addf(t, AW_STYLE_PLAIN, 2, 0,
                    "Names are the keys of a record: status == 417 and stall > 500ms and host ~ "
                    "api; not, and, or, parentheses, in (a, b); severity >= warning.");
    (void)text_addf(t, AW_STYLE_PLAIN, 2, 0,
                    "Mouse: a click chooses, a second one opens, on a heading it sorts; the wheel "
                    "scrolls.");
    ui->text_skip = 0;
    ui_push(ui, SCREEN_TEXT);
}

void reader_draw(struct aw_ui *ui, struct aw_grid *g, int y, int rows)
{
    (void)aw_grid_str(g, y, 0, g->cols, ui->title, AW_STYLE_TITLE);
    aw_grid_fill(g, y + 1, 0, g->cols, 0x2500, AW_STYLE_FRAME);
    const int width = g->cols - 2 > 100 ? 100 : g->cols - 2, body = rows - 2;
    struct aw_grid none = {.ascii = g->ascii};
    ui->text_rows = body;
    ui->text_lines = text_draw(&ui->text, &none, 0, 0, width, 0, 0, SIZE_MAX, NULL, NULL);
    if (ui->text_skip > ui->text_lines - body) ui->text_skip = ui->text_lines - body;
    if (ui->text_skip < 0) ui->text_skip = 0;
    (void)text_draw(&ui->text, g, y + 2, 1, width, body, ui->text_skip, SIZE_MAX, NULL, NULL);
    char at[48];
    (void)snprintf(at, sizeof at, "%d-%d of %d", ui->text_skip + 1,
                   ui->text_skip + body < ui->text_lines ? ui->text_skip + body : ui->text_lines,
                   ui->text_lines);
    aw_grid_right(g, y, 0, g->cols, at, AW_STYLE_DIM);
}

void reader_search(struct aw_ui *ui, int step, bool from_here)
{
    const size_t n = strlen(ui->search);
    struct aw_grid none = {0};
    const int width = ui->cols - 2 > 100 ? 100 : ui->cols - 2;
    if (n == 0) return;
    int best = -1, first;
    for (size_t i = 0; i < ui->text.count; i++) {
        const struct line *l = &ui->text.line[i];
        bool found = false;
        for (size_t k = 0; k + n <= l->len && !found; k++)
            found = strncasecmp(ui->text.bytes + l->from + k, ui->search, n) == 0;
        if (!found) continue;
        (void)text_draw(&ui->text, &none, 0, 0, width, 0, 0, i, &first, NULL);
        if (step > 0 && (from_here ? first >= ui->text_skip : first > ui->text_skip)) {
            best = first;
            break;
        }
        if (step < 0 && first < ui->text_skip) best = first;
    }
    if (best < 0)
        ui_say(ui, "No further '%s'.", ui->search);
    else
        ui->text_skip = best;
}

bool reader_act(struct aw_ui *ui, enum action a)
{
    const int page = ui->text_rows > 2 ? ui->text_rows - 1 : 1;
    if (a == ACTION_DOWN)
        ui->text_skip++;
    else if (a == ACTION_UP)
        ui->text_skip--;
    else if (a == ACTION_PAGE_DOWN)
        ui->text_skip += page;
    else if (a == ACTION_PAGE_UP)
        ui->text_skip -= page;
    else if (a == ACTION_FIRST)
        ui->text_skip = 0;
    else if (a == ACTION_LAST)
        ui->text_skip = ui->text_lines;
    else if (a == ACTION_NEXT_MATCH || a == ACTION_PREV_MATCH)
        reader_search(ui, a == ACTION_NEXT_MATCH ? 1 : -1, false);
    else
        return false;
    if (ui->text_skip > ui->text_lines - ui->text_rows)
        ui->text_skip = ui->text_lines - ui->text_rows;
    if (ui->text_skip < 0) ui->text_skip = 0;
    return true;
}
