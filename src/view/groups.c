/*
 * Causes, servers, clients: what failed, grouped, worst first, with bars; Enter shows the flows of
 * a group.
 */
#include <stdio.h>
#include <string.h>

#include "view/inside.h"

enum { HIST_ROWS = 5 };

static void bar(struct aw_grid *g, int y, int x, int width, uint64_t part, uint64_t whole,
                enum aw_style style)
{
    const int full = whole ? (int)((double)part / (double)whole * width + 0.5) : 0;
    aw_grid_fill(g, y, x, part > 0 && full == 0 ? 1 : full, 0x2588, style);
}

/* --- a histogram of latencies, an octave of the log buckets a column --- */

static void draw_histogram(struct aw_grid *g, int y, int x, int width, const char *title,
                           const struct aw_hist *h)
{
    enum { OCTAVES = AW_HIST_BUCKETS / AW_HIST_SUB, FINE = 4 };
    uint64_t sum[OCTAVES * FINE] = {0}, most = 0, n;
    int first = -1, last = 0, bucket = -1;
    while (aw_hist_next(h, &bucket, &n)) {
        const int at = bucket / (AW_HIST_SUB / FINE);
        if (first < 0) first = at;
        last = at;
        sum[at] += n;
        if (sum[at] > most) most = sum[at];
    }
    char a[FIGURE], b[FIGURE], c[FIGURE], d[FIGURE];
    (void)aw_grid_printf(g, y, x, width, AW_STYLE_HEADER, "%s: p50 %s  p90 %s  p99 %s  max %s",
                         title, figure_span(a, aw_hist_percentile(h, 50)),
                         figure_span(b, aw_hist_percentile(h, 90)),
                         figure_span(c, aw_hist_percentile(h, 99)), figure_span(d, aw_hist_max(h)));
    if (first < 0 || width < 10) return;
    const int cells = last - first + 1, each = width / cells > 4   ? 4
                                               : width / cells > 0 ? width / cells
                                                                   : 1;
    for (int i = 0; i < cells && (i + 1) * each <= width; i++) {
        const uint64_t v = sum[first + i];
        const int eighths = v ? (int)(v * (HIST_ROWS - 2) * 8 / most) + 1 : 0;
        for (int k = 0; k < HIST_ROWS - 2; k++) {
            const int left = eighths - 8 * k;
            if (left <= 0) break;
            aw_grid_fill(g, y + HIST_ROWS - 2 - k, x + i * each, each > 1 ? each - 1 : 1,
                         left >= 8 ? 0x2588u : 0x2580u + (uint32_t)left, AW_STYLE_BAR);
        }
    }
    (void)aw_grid_str(g, y + HIST_ROWS - 1, x, width,
                      figure_span(a, (aw_ns)(UINT64_C(1) << (first / FINE))), AW_STYLE_DIM);
    const char *end =
        figure_span(b, (aw_ns)(UINT64_C(1) << (last / FINE + 1 < 62 ? last / FINE + 1 : 62)));
    const int span = cells * each < width ? cells * each : width;
    if (span > 20) aw_grid_right(g, y + HIST_ROWS - 1, x, span, end, AW_STYLE_DIM);
}

/* --- tables --- */

static void draw_causes(struct aw_ui *ui, struct aw_grid *g, int y, int rows)
{
    struct aw_cause_total total[AW_CAUSE_COUNT * AW_SEV_COUNT];
    struct aw_summary *s = aw_board_summary(ui->board);
    const size_t n = aw_summary_causes(s, total, sizeof total / sizeof *total);
    const uint64_t all = aw_summary_expectation(s);
    struct list *l = &ui->groups[0];
    const bool wide = g->cols >= 110;
    const int bar_at = wide ? 89 : 70, room = g->cols - bar_at - 1, width = room < 40 ? room : 40;
    uint64_t most = 0;
    for (size_t i = 0; i < n; i++)
        if (total[i].count > most) most = total[i].count;
    ui->group_count = n;
    list_settle(l, n, (size_t)rows - 1);
    (void)aw_grid_str(g, y, 1, g->cols, "! CAUSE", AW_STYLE_HEADER);
    (void)aw_grid_str(g, y, 37, g->cols,
                      wide ? "  COUNT SHARE     LOST   WASTED       p50      p99"
                           : "  COUNT SHARE     LOST   WASTED",
                      AW_STYLE_HEADER);
    for (size_t i = 0; i < (size_t)rows - 1 && l->top + i < n; i++) {
        const struct aw_cause_total *t = &total[l->top + i];
        const int line = y + 1 + (int)i;
        const enum aw_style style = severity_style(t->severity);
        char a[FIGURE], b[FIGURE], c[FIGURE];
        (void)aw_grid_printf(g, line, 1, 36, style, "%c %s", severity_mark(t->severity),
                             aw_cause_title(t->cause));
        (void)aw_grid_printf(g, line, 37, 33, AW_STYLE_PLAIN, "%7s %3.0f %% %8s %8s",
                             figure_count(a, t->count),
                             all ? 100 * (double)t->count / (double)all : 0,
                             figure_span(b, t->stall > 0 ? t->stall : AW_NS_NONE),
                             t->wasted ? figure_size(c, (int64_t)t->wasted) : "-");
        const struct aw_hist *h = aw_board_latency(ui->board, t->cause, t->severity, AW_LAT_FINAL);
        if (wide)
            (void)aw_grid_printf(g, line, 70, 19, AW_STYLE_PLAIN, "%8s %8s",
                                 figure_span(a, h ? aw_hist_percentile(h, 50) : AW_NS_NONE),
                                 figure_span(b, h ? aw_hist_percentile(h, 99) : AW_NS_NONE));
        if (width > 4) bar(g, line, bar_at, width, t->count, most, style);
        if (l->top + i == l->at) aw_grid_light(g, line, 0, g->cols, true);
    }
}

static size_t group_list(struct aw_ui *ui, enum screen s, const struct aw_group *const **out)
{
    struct aw_summary *summary = aw_board_summary(ui->board);
    return s == SCREEN_SERVERS ? aw_summary_servers(summary, out)
                               : aw_summary_clients(summary, out);
}

static enum aw_cause main_cause(const struct aw_group *gr)
{
    enum aw_cause best = AW_CAUSE_CONTINUED;
    uint64_t most = 0;
    for (int c = 0; c < AW_CAUSE_CONTINUED; c++) {
        if (gr->cause[c] <= most) continue;
        most = gr->cause[c];
        best = (enum aw_cause)c;
    }
    return best;
}

static void draw_group_table(struct aw_ui *ui, struct aw_grid *g, int y, int rows, enum screen s)
{
    const struct aw_group *const *group;
    const size_t n = group_list(ui, s, &group);
    struct list *l = &ui->groups[s - SCREEN_CAUSES];
    const bool wide = g->cols >= 110;
    const int key = wide ? 42 : 34, at = key + 2;
    ui->group_count = n;
    list_settle(l, n, (size_t)rows - 1);
    (void)aw_grid_str(g, y, 1, g->cols, s == SCREEN_SERVERS ? "SERVER" : "CLIENT", AW_STYLE_HEADER);
    (void)aw_grid_str(g, y, at, g->cols - at,
                      wide ? "   FAILING     OF     LOST   WASTED      p50      p99  MOSTLY"
                           : "   FAILING     OF     LOST  MOSTLY",
                      AW_STYLE_HEADER);
    for (size_t i = 0; i < (size_t)rows - 1 && l->top + i < n; i++) {
        const struct aw_group *gr = group[l->top + i];
        const int line = y + 1 + (int)i;
        char a[FIGURE], b[FIGURE], c[FIGURE], d[FIGURE], e[FIGURE], f[FIGURE], name[512];
        /* A Host that repeats the address says nothing. */
        const size_t address = strcspn(gr->key, " ");
        const bool twice = gr->key[address] &&
                           strncmp(gr->key, gr->key + address + 1, address) == 0 &&
                           gr->key[2 * address + 1] == '\0';
        (void)snprintf(name, sizeof name, "%s%s%s", twice ? gr->key + address + 1 : gr->key,
                       s == SCREEN_SERVERS && gr->product[0] ? "  " : "",
                       s == SCREEN_SERVERS ? gr->product : "");
        (void)aw_grid_str(g, line, 1, key, name, AW_STYLE_PLAIN);
        bar(g, line, at, 3, gr->failing, gr->exchanges, AW_STYLE_ERROR);
        int x = at + 3;
        x += aw_grid_printf(g, line, x, 24, gr->failing ? AW_STYLE_ERROR : AW_STYLE_OK, "%7s",
                            figure_count(a, gr->failing));
        x += aw_grid_printf(g, line, x, 24, AW_STYLE_PLAIN, " %6s %8s",
                            figure_count(b, gr->exchanges),
                            figure_span(c, gr->stall > 0 ? gr->stall : AW_NS_NONE));
        if (wide) {
            const struct aw_hist *h = gr->latency[AW_LAT_FINAL];
            x += aw_grid_printf(g, line, x, 40, AW_STYLE_PLAIN, " %8s %8s %8s",
                                gr->wasted ? figure_size(d, (int64_t)gr->wasted) : "-",
                                figure_span(e, h ? aw_hist_percentile(h, 50) : AW_NS_NONE),
                                figure_span(f, h ? aw_hist_percentile(h, 99) : AW_NS_NONE));
        }
        (void)aw_grid_printf(g, line, x + 2, g->cols - x - 2, AW_STYLE_PLAIN, "%s",
                             aw_cause_title(main_cause(gr)));
        if (l->top + i == l->at) aw_grid_light(g, line, 0, g->cols, true);
    }
}

/* The latencies of what the bar is on. */
static void draw_latency(struct aw_ui *ui, struct aw_grid *g, int y, enum screen s)
{
    const struct aw_hist *h[AW_LAT_COUNT] = {NULL};
    if (s == SCREEN_CAUSES) {
        struct aw_cause_total total[AW_CAUSE_COUNT * AW_SEV_COUNT];
        const size_t n = aw_summary_causes(aw_board_summary(ui->board), total,
                                           sizeof total / sizeof *total),
                     at = ui->groups[0].at;
        for (int i = 0; at < n && i < AW_LAT_COUNT; i++)
            h[i] = aw_board_latency(ui->board, total[at].cause, total[at].severity,
                                    (enum aw_latency)i);
    } else {
        const struct aw_group *const *group;
        const size_t n = group_list(ui, s, &group), at = ui->groups[s - SCREEN_CAUSES].at;
        for (int i = 0; at < n && i < AW_LAT_COUNT; i++)
            h[i] = group[at]->latency[i];
    }
    static const char *const title[AW_LAT_COUNT] = {"server's answer to the head", "client's wait",
                                                    "request to final response"};
    aw_grid_fill(g, y, 0, g->cols, 0x2500, AW_STYLE_FRAME);
    const int shown = g->cols >= 150 ? 2 : 1, width = g->cols / shown - 2;
    static const enum aw_latency first[] = {AW_LAT_FINAL, AW_LAT_CONTINUE};
    for (int i = 0; i < shown; i++) {
        const struct aw_hist *one = h[first[i]];
        if (one && aw_hist_count(one) > 0)
            draw_histogram(g, y + 1, 1 + i * (width + 2), width, title[first[i]], one);
        else
            (void)aw_grid_printf(g, y + 1, 1 + i * (width + 2), width, AW_STYLE_DIM,
                                 "%s: none measured", title[first[i]]);
    }
}

void groups_draw(struct aw_ui *ui, struct aw_grid *g, int y, int rows)
{
    const enum screen s = ui_screen(ui);
    const int below = rows >= 14 ? HIST_ROWS + 1 : 0;
    ui->body_y = y + 1;
    ui->body_rows = rows - 1 - below;
    if (aw_summary_expectation(aw_board_summary(ui->board)) == 0) {
        ui->group_count = 0;
        empty_draw(ui, g, y, rows);
        return;
    }
    if (s == SCREEN_CAUSES)
        draw_causes(ui, g, y, rows - below);
    else
        draw_group_table(ui, g, y, rows - below, s);
    if (below) draw_latency(ui, g, y + rows - below, s);
}

/* --- choosing --- */

static void choose(struct aw_ui *ui)
{
    const enum screen s = ui_screen(ui);
    const size_t at = ui->groups[s - SCREEN_CAUSES].at;
    if (at >= ui->group_count) return;
    ui->pick = (struct pick){.of = s};
    if (s == SCREEN_CAUSES) {
        struct aw_cause_total total[AW_CAUSE_COUNT * AW_SEV_COUNT];
        (void)aw_summary_causes(aw_board_summary(ui->board), total, sizeof total / sizeof *total);
        ui->pick.cause = total[at].cause;
        ui->pick.severity = total[at].severity;
    } else {
        const struct aw_group *const *group;
        (void)group_list(ui, s, &group);
        (void)snprintf(ui->pick.key, sizeof ui->pick.key, "%s", group[at]->key);
    }
    if (ui->settings.show == AW_SHOW_FAILING) ui->settings.show = AW_SHOW_EXPECTATION;
    ui->stack[ui->depth - 1] = SCREEN_FLOWS;
    ui_restart(ui);
}

bool groups_act(struct aw_ui *ui, enum action a)
{
    const enum screen s = ui_screen(ui);
    struct list *l = &ui->groups[s - SCREEN_CAUSES];
    const size_t page = ui->body_rows > 0 ? (size_t)ui->body_rows : 1;
    if (list_act(l, a, ui->group_count, page)) return true;
    if (a == ACTION_OPEN) {
        choose(ui);
        return true;
    }
    if (a == ACTION_EXPLAIN && s == SCREEN_CAUSES && l->at < ui->group_count) {
        struct aw_cause_total total[AW_CAUSE_COUNT * AW_SEV_COUNT];
        (void)aw_summary_causes(aw_board_summary(ui->board), total, sizeof total / sizeof *total);
        reader_explain(ui, aw_cause_slug(total[l->at].cause));
        return true;
    }
    return false;
}

/* As the keys of groups are written: printable ASCII, all else as \xNN. */
static size_t put_key(char *to, size_t used, size_t size, struct aw_span s)
{
    for (size_t i = 0; i < s.len && used + 5 < size; i++) {
        if (s.p[i] >= 0x20 && s.p[i] < 0x7f)
            to[used++] = (char)s.p[i];
        else
            used += (size_t)snprintf(to + used, size - used, "\\x%02x", s.p[i]);
    }
    to[used] = '\0';
    return used;
}

bool groups_match(struct pick *p, const struct aw_rows *rows, const struct aw_row *row)
{
    if (!(row->flags & AW_ROW_JUDGED)) return false;
    if (p->of == SCREEN_CAUSES) return row->cause == p->cause && row->severity == p->severity;
    const bool server = p->of == SCREEN_SERVERS;
    if (p->have_last &&
        (server ? row->server == p->server && row->host == p->host && row->server_port == p->port
                : row->agent == p->agent))
        return p->matched;
    char key[NAME_MAX_SHOWN + ENDPOINT];
    if (server) {
        endpoint_text(key, aw_rows_word(rows, row->server), row->server_port);
        size_t used = strlen(key);
        const struct aw_span host = aw_rows_word(rows, row->host);
        if (host.len > 0) {
            key[used++] = ' ';
            (void)put_key(key, used, sizeof key, host);
        }
    } else {
        const struct aw_span agent = aw_rows_word(rows, row->agent);
        if (put_key(key, 0, 96, agent) == 0) (void)snprintf(key, sizeof key, "(none)");
    }
    p->server = row->server;
    p->host = row->host;
    p->agent = row->agent;
    p->port = row->server_port;
    p->have_last = true;
    return p->matched = strncmp(key, p->key, NAME_MAX_SHOWN - 1) == 0;
}
