/*
 * The three lines on top of the lists, and the line of hints below.
 */
#include <stdio.h>
#include <string.h>

#include "view/inside.h"

static void source_text(char *to, size_t size, const struct aw_board_info *i)
{
    const char *name = i->source_count > 0 ? i->source[0] : "";
    const char *slash = strrchr(name, '/');
    if (strcmp(name, "-") == 0) name = "standard input";
    if (slash && slash[1]) name = slash + 1;
    if (i->source_count > 1)
        (void)snprintf(to, size, "%s and %zu more", name, i->source_count - 1);
    else
        (void)snprintf(to, size, "%s", name);
}

/* Failures over time as eighths of a cell, scaled to the most there was. */
static void spark_draw(const struct aw_ui *ui, struct aw_grid *g, int y, int x, int width)
{
    unsigned n;
    aw_ns from, step;
    const uint32_t *count = aw_board_spark(ui->board, &n, &from, &step);
    if (n == 0 || width < 4) return;
    const unsigned cells = (unsigned)width < n ? (unsigned)width : n;
    uint64_t sum[AW_SPARK] = {0}, most = 0;
    for (unsigned i = 0; i < n; i++) {
        uint64_t *s = &sum[i * cells / n];
        *s += count[i];
        if (*s > most) most = *s;
    }
    for (unsigned i = 0; i < cells; i++) {
        if (sum[i] == 0)
            aw_grid_fill(g, y, x + (int)i, 1, 0x2581, AW_STYLE_DIM);
        else
            aw_grid_fill(g, y, x + (int)i, 1, 0x2581 + (uint32_t)(sum[i] * 7 / (most ? most : 1)),
                         AW_STYLE_ERROR);
    }
}

static void tabs_draw(struct aw_ui *ui, struct aw_grid *g, int y)
{
    static const char *const tab[] = {"Flows", "Causes", "Servers", "Clients"};
    int x = 1;
    for (int i = 0; i < 4; i++) {
        ui->tab_x[i] = x - 1;
        const int w =
            aw_grid_printf(g, y, x, g->cols - x,
                           (int)ui_screen(ui) == i ? AW_STYLE_TITLE : AW_STYLE_DIM, "%s", tab[i]);
        if ((int)ui_screen(ui) == i) aw_grid_light(g, y, x - 1, w + 2, true);
        x += w + 2;
    }
    ui->tab_x[4] = x - 1;
    /* What narrows the list comes first: it is what a reader must not miss. */
    char right[PROMPT_MAX + NAME_MAX_SHOWN + 200], group[NAME_MAX_SHOWN + 16] = "";
    if (ui->pick.of == SCREEN_CAUSES)
        (void)snprintf(group, sizeof group, "cause: %s  ", aw_cause_slug(ui->pick.cause));
    else if (ui->pick.of == SCREEN_SERVERS || ui->pick.of == SCREEN_CLIENTS)
        (void)snprintf(group, sizeof group, "%s: %s  ",
                       ui->pick.of == SCREEN_SERVERS ? "server" : "client", ui->pick.key);
    const struct aw_settings *s = &ui->settings;
    (void)snprintf(
        right, sizeof right, "%s%s%s%s%s%ssort: %s %s  show: %s", ui->paused ? "held  " : "",
        ui->filter[0] ? "filter: " : "", ui->filter, ui->filter[0] ? "  " : "", group,
        ui->follow && s->sort == AW_COL_TIME ? "following  " : "", aw_column_about(s->sort)->name,
        s->down ? "\u25bc" : "\u25b2", aw_show_name(s->show));
    (void)aw_grid_str(g, y, x + 1, g->cols - x - 1, right,
                      ui->filter[0] || group[0] ? AW_STYLE_KEY : AW_STYLE_DIM);
    if (!aw_sorted_ready(ui->order) || ui->exact_under_way) {
        char busy[40];
        if (aw_sorted_ready(ui->order))
            (void)snprintf(busy, sizeof busy, "  checking whole records");
        else
            (void)snprintf(busy, sizeof busy, "  sorting %u %%", aw_sorted_percent(ui->order));
        aw_grid_right(g, y, 0, g->cols, busy, AW_STYLE_KEY);
    }
}

/* Packets a second, over the last second or more. */
static void measure_rate(struct aw_ui *ui, uint64_t packets)
{
    if (ui->now == AW_NS_NONE) return;
    const aw_ns since = ui->now - ui->rate_at;
    if (ui->rate_at != 0 && since < AW_SEC) return;
    if (ui->rate_at != 0 && packets >= ui->rate_packets) {
        ui->rate = (uint64_t)((double)(packets - ui->rate_packets) * 1e9 / (double)since + 0.5);
        ui->rate_known = true;
    }
    ui->rate_at = ui->now;
    ui->rate_packets = packets;
}

void header_draw(struct aw_ui *ui, struct aw_grid *g)
{
    measure_rate(ui, aw_board_info(ui->board)->stats.packets);
    const struct aw_board_info *i = aw_board_info(ui->board);
    struct aw_summary *s = aw_board_summary(ui->board);
    char name[160], a[FIGURE], b[FIGURE], c[FIGURE], line[400];

    source_text(name, sizeof name, i);
    int x = aw_grid_str(g, 0, 0, 9, "await100 ", AW_STYLE_TITLE);
    x += aw_grid_str(g, 0, x, g->cols / 2, name, AW_STYLE_PLAIN);
    char state[64] = "";
    if (i->live)
        (void)snprintf(state, sizeof state, "%s", i->over ? "ended" : "live");
    else if (!i->over && i->size > 0)
        (void)snprintf(state, sizeof state, "reading %.0f %%",
                       100 * (double)i->bytes / (double)i->size);
    else if (!i->over)
        (void)snprintf(state, sizeof state, "reading");
    char rate[FIGURE + 8] = "";
    if (i->live && ui->rate_known)
        (void)snprintf(rate, sizeof rate, "%s/s  ", figure_count(a, ui->rate));
    (void)snprintf(line, sizeof line, "  %s packets  %s%s%s%s%s", figure_count(a, i->stats.packets),
                   rate, figure_size(b, (int64_t)i->stats.bytes), i->dropped ? "  dropped " : "",
                   i->dropped ? figure_count(c, i->dropped) : "", i->filter[0] ? "  BPF " : "");
    x += aw_grid_str(g, 0, x, g->cols - x, line, AW_STYLE_DIM);
    if (i->filter[0]) x += aw_grid_put(g, 0, x, g->cols - x, aw_str(i->filter), AW_STYLE_KEY);
    if (i->match[0]) {
        x += aw_grid_str(g, 0, x, g->cols - x, "  -Y ", AW_STYLE_DIM);
        x += aw_grid_put(g, 0, x, g->cols - x, aw_str(i->match), AW_STYLE_KEY);
    }
    aw_grid_right(g, 0, x + 1, g->cols - x - 1, state, AW_STYLE_KEY);

    const uint64_t all = aw_summary_expectation(s), failing = aw_summary_failing(s);
    struct aw_cause_total total[AW_CAUSE_COUNT * AW_SEV_COUNT];
    const size_t n = aw_summary_causes(s, total, sizeof total / sizeof *total);
    aw_ns stall = 0;
    for (size_t k = 0; k < n; k++)
        if (__builtin_add_overflow(stall, total[k].stall, &stall)) stall = INT64_MAX;
    if (all == 0 && i->stats.exchanges > 0) {
        (void)aw_grid_printf(g, 1, 0, g->cols, AW_STYLE_PLAIN,
                             "%s exchange%s%s, none with an expectation",
                             figure_count(a, i->stats.exchanges),
                             i->stats.exchanges == 1 ? "" : "s", i->over ? "" : " so far");
        tabs_draw(ui, g, 2);
        return;
    }
    x = aw_grid_printf(g, 1, 0, g->cols, AW_STYLE_PLAIN, "%s exchange%s  ", figure_count(a, all),
                       all == 1 ? "" : "s");
    x += aw_grid_printf(g, 1, x, g->cols - x, failing ? AW_STYLE_ERROR : AW_STYLE_OK,
                        "%s failing (%.0f %%)", figure_count(a, failing),
                        all ? 100 * (double)failing / (double)all : 0.0);
    x += aw_grid_printf(g, 1, x, g->cols - x, AW_STYLE_PLAIN, "  %s lost", figure_span(a, stall));
    const struct aw_hist *h = aw_summary_latency(s, AW_LAT_CONTINUE);
    if (aw_hist_count(h) > 0)
        x += aw_grid_printf(g, 1, x, g->cols - x, AW_STYLE_DIM, "  answer p50 %s p99 %s",
                            figure_span(a, aw_hist_percentile(h, 50)),
                            figure_span(b, aw_hist_percentile(h, 99)));
    const struct aw_rows *rows = aw_board_rows(ui->board);
    if (aw_rows_let_go(rows) > 0) {
        x += aw_grid_printf(g, 1, x, g->cols - x, AW_STYLE_WARNING, "  %s let go",
                            figure_count(a, aw_rows_let_go(rows)));
        if (aw_rows_failing_let_go(rows) > 0)
            x += aw_grid_printf(g, 1, x, g->cols - x, AW_STYLE_WARNING, ", %s failing",
                                figure_count(a, aw_rows_failing_let_go(rows)));
        x += aw_grid_str(g, 1, x, g->cols - x, " (--memory)", AW_STYLE_DIM);
    }
    spark_draw(ui, g, 1, x + 2, g->cols - x - 2);
    tabs_draw(ui, g, 2);
}

void hints_draw(const struct aw_ui *ui, struct aw_grid *g, int y)
{
    static const struct {
        enum screen s;
        const char *text; /* key, word, key, word */
    } hint[] = {
        {SCREEN_FLOWS, "Enter open|Tab views|/ search|f filter|t show|> sort|? explain|h help|s "
                       "save|r reverse|Space mark|= compare|o settings|q quit"},
        {SCREEN_CAUSES, "Enter its flows|? explain|Tab next view|f filter|h help|Esc flows"},
        {SCREEN_SERVERS, "Enter its flows|Tab next view|f filter|h help|Esc flows"},
        {SCREEN_CLIENTS, "Enter its flows|Tab next view|f filter|h help|Esc flows"},
        {SCREEN_EXCHANGE, "Tab evidence|] [ attempts|x hex|? explain|s save|h help|Esc back|n N "
                          "next|= compare"},
        {SCREEN_TEXT, "Up Down scroll|/ search|n next|Esc back"},
        {SCREEN_COMPARE, "h help|Esc back"},
        {SCREEN_SETTINGS, "Space change|+ - width|J K move|Esc done"},
    };
    for (size_t i = 0; i < sizeof hint / sizeof *hint; i++) {
        if (hint[i].s != ui_screen(ui)) continue;
        int x = 0;
        for (const char *p = hint[i].text; *p;) {
            const size_t len = strcspn(p, "|");
            const size_t word = (size_t)((const char *)memchr(p, ' ', len) - p);
            size_t key = word; /* "] [ attempts": the word is behind the last blank but one key */
            while (key + 2 < len && p[key + 2] == ' ')
                key += 2;
            if (x + (int)len > g->cols) break;
            (void)aw_grid_put(g, y, x, g->cols - x, (struct aw_span){(const uint8_t *)p, key},
                              AW_STYLE_KEY);
            (void)aw_grid_put(g, y, x + (int)key, g->cols - x - (int)key,
                              (struct aw_span){(const uint8_t *)p + key, len - key}, AW_STYLE_DIM);
            x += (int)len + 2;
            p += len;
            if (*p) p++;
        }
    }
}
