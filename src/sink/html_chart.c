/*
 * The charts of the HTML report as inline SVG, drawn with attributes and classes alone, as the
 * page's policy forbids style attributes. Each has a title that says in words what it shows.
 */
#include <math.h>
#include <stdio.h>

#include "sink/html_out.h"
#include "sink/text_out.h"

typedef unsigned long long ull; /* for printf */

enum { WIDTH = 400 }; /* of every chart, in its own units: legible when scaled to a phone */

static void figure_begin(struct aw_out *o, const char *caption)
{
    aw_out_printf(o, "<div class=\"card\"><figure><figcaption>%s</figcaption>\n", caption);
}

static void svg_begin(struct aw_out *o, int height, const char *label)
{
    aw_out_printf(o, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">\n", WIDTH, height,
                  label);
}

static void rect(struct aw_out *o, const char *class, double x, double y, double w, double h)
{
    aw_out_printf(o, "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"",
                  class, x, y, w, h);
}

static void text(struct aw_out *o, const char *class, double x, double y, const char *s,
                 size_t most)
{
    aw_out_printf(o, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">", class, x, y);
    aw_html_text(o, s, most);
    aw_out_str(o, "</text>\n");
}

static void line(struct aw_out *o, const char *class, double x1, double y1, double x2, double y2)
{
    aw_out_printf(o, "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n",
                  class, x1, y1, x2, y2);
}

static void legend(struct aw_out *o, const char *const (*entry)[2], size_t n)
{
    aw_out_str(o, "<div class=\"legend\">");
    for (size_t i = 0; i < n; i++)
        aw_out_printf(o,
                      "<span><svg viewBox=\"0 0 10 10\" aria-hidden=\"true\"><rect class=\"%s\" "
                      "width=\"10\" height=\"10\" rx=\"2\"/></svg>%s</span>",
                      entry[i][0], entry[i][1]);
    aw_out_str(o, "</div>\n");
}

/* A round time: "1 ms", "100 us", "10 s". */
static const char *round_time(char to[AW_FIGURE], int decade)
{
    static const char *const unit[] = {"ns", "us", "ms", "s"};
    static const char *const digits[] = {"1", "10", "100"};
    const int u = decade / 3 < 3 ? decade / 3 : 3, zeros = decade - 3 * u;
    if (zeros < 3)
        (void)snprintf(to, AW_FIGURE, "%s %s", digits[zeros], unit[u]);
    else
        (void)snprintf(to, AW_FIGURE, "1e%d s", zeros);
    return to;
}

/* --- the continue latency, logarithmic --- */

void aw_html_histogram(struct aw_out *o, const struct aw_hist *h)
{
    enum { PER_DECADE = 5, DECADES = 15, BARS = PER_DECADE * DECADES };
    enum { LEFT = 8, BASE = 132, TOP = 18, HEIGHT = 150 };
    if (!h || aw_hist_count(h) == 0) return;
    uint64_t bar[BARS] = {0}, n, most = 0;
    int lo = BARS, hi = 0, b = -1;
    while (aw_hist_next(h, &b, &n)) {
        const double log_ns = (b + 0.5) / AW_HIST_SUB * log10(2);
        int i = (int)(log_ns * PER_DECADE);
        if (i >= BARS) i = BARS - 1;
        bar[i] += n;
        if (bar[i] > most) most = bar[i];
    }
    for (int i = 0; i < BARS; i++) {
        if (bar[i] == 0) continue;
        if (i < lo) lo = i;
        hi = i;
    }
    lo = lo / PER_DECADE * PER_DECADE; /* whole decades */
    hi = (hi / PER_DECADE + 1) * PER_DECADE;
    const double step = (double)(WIDTH - 2 * LEFT) / (hi - lo);
    figure_begin(o, "How long the server took to answer the head");
    svg_begin(o, HEIGHT, "Histogram of the time from the request head to the first answer");
    for (int i = lo; i < hi; i++) {
        if (bar[i] == 0) continue;
        const double x = LEFT + (i - lo) * step, tall = (double)bar[i] / (double)most;
        const double height = 2 + tall * (BASE - TOP - 2);
        char from[AW_FIGURE], to[AW_FIGURE], count[AW_FIGURE];
        rect(o, "b-info", x + 0.5, BASE - height, step > 2 ? step - 1 : step, height);
        aw_out_printf(o, "><title>%s to %s: %llu</title></rect>\n",
                      aw_text_span(from, (int64_t)pow(10, (double)i / PER_DECADE)),
                      aw_text_span(to, (int64_t)pow(10, (double)(i + 1) / PER_DECADE)),
                      (ull)bar[i]);
        (void)snprintf(count, sizeof count, "%llu", (ull)bar[i]);
        if (step > 16 || bar[i] == most)
            text(o, "mid soft", x + step / 2, BASE - height - 4, count, 0);
    }
    line(o, "axis", LEFT, BASE, WIDTH - LEFT, BASE);
    for (int i = lo; i <= hi; i += PER_DECADE) {
        char label[AW_FIGURE];
        const double x = LEFT + (i - lo) * step;
        line(o, "axis", x, BASE, x, BASE + 4);
        text(o,
             i == lo   ? "soft"
             : i == hi ? "end soft"
                       : "mid soft",
             i == lo   ? 1
             : i == hi ? WIDTH - 1
                       : x,
             HEIGHT - 3, round_time(label, i / PER_DECADE), 0);
    }
    aw_out_str(o, "</svg></figure></div>\n");
}

/* --- failures over time --- */

/* When bin `i` begins; captures may hold times at the ends of what 64 bits can tell. */
static aw_ns bin_time(const struct aw_series *s, unsigned i)
{
    int64_t t;
    return __builtin_mul_overflow(s->first + (int64_t)i, s->width, &t) ? AW_NS_NONE : t;
}

void aw_html_over_time(struct aw_out *o, const struct aw_series *s)
{
    static const char *const kind[AW_SERIES_KINDS][2] = {
        {"b-error", "error"}, {"b-warning", "warning"}, {"b-rest", "not failing"}};
    enum { LEFT = 8, BASE = 132, TOP = 18, HEIGHT = 150 };
    uint64_t most = 0;
    for (unsigned i = 0; i < s->bins; i++) {
        uint64_t sum = 0;
        for (unsigned k = 0; k < AW_SERIES_KINDS; k++)
            sum += s->bin[i][k];
        if (sum > most) most = sum;
    }
    if (s->width == 0 || most == 0) return;
    const unsigned columns = s->bins < 12 ? 12 : s->bins;
    const double step = (double)(WIDTH - 2 * LEFT) / columns;
    const double unit = (double)(BASE - TOP) / (double)most;
    figure_begin(o, "Failures over time");
    svg_begin(o, HEIGHT, "Exchanges over time, failing ones marked");
    for (unsigned i = 0; i < s->bins; i++) {
        double y = BASE;
        for (unsigned k = 0; k < AW_SERIES_KINDS; k++) {
            char when[AW_TIME_TEXT];
            const double height = s->bin[i][k] * unit;
            if (s->bin[i][k] == 0) continue;
            y -= height;
            rect(o, kind[k][0], LEFT + i * step, y, step > 2 ? step - 1 : step, height);
            aw_out_printf(o, "><title>%s: %llu %s</title></rect>\n",
                          aw_text_time(when, bin_time(s, i)), (ull)s->bin[i][k], kind[k][1]);
        }
    }
    line(o, "axis", LEFT, BASE, WIDTH - LEFT, BASE);
    char from[AW_TIME_TEXT], to[AW_TIME_TEXT], width[AW_FIGURE], label[64];
    (void)aw_text_time(from, bin_time(s, 0));
    (void)aw_text_time(to, bin_time(s, columns));
    from[23] = to[23] = '\0'; /* the date and time, without the offset */
    const bool same_day = from[0] != '(' && strncmp(from, to, 10) == 0;
    text(o, "soft", 1, HEIGHT - 3, from, 0);
    text(o, "end soft", WIDTH - 1, HEIGHT - 3, same_day ? to + 11 : to, 0);
    (void)snprintf(label, sizeof label, "most: %llu in %s", (ull)most,
                   aw_text_span(width, s->width));
    text(o, "end soft", WIDTH - 1, 10, label, 0);
    aw_out_str(o, "</svg>\n");
    legend(o, kind, AW_SERIES_KINDS);
    aw_out_str(o, "</figure></div>\n");
}

/* --- stall by server --- */

void aw_html_stall_by_server(struct aw_out *o, const struct aw_model *m)
{
    enum { ROW = 34, BAR = 12 };
    const struct aw_group *top[AW_GROUPS_SHOWN];
    size_t n = 0;
    for (size_t i = 0; i < m->server_count; i++) { /* the longest stalls, by insertion */
        const struct aw_group *g = m->server[i];
        if (g->stall <= 0) continue;
        size_t at = n < AW_GROUPS_SHOWN ? n++ : AW_GROUPS_SHOWN;
        for (; at > 0 && top[at - 1]->stall < g->stall; at--)
            if (at < AW_GROUPS_SHOWN) top[at] = top[at - 1];
        if (at < AW_GROUPS_SHOWN) top[at] = g;
    }
    if (n == 0) return;
    figure_begin(o, "Time lost waiting, by server");
    svg_begin(o, (int)n * ROW, "Time lost waiting for each server");
    for (size_t i = 0; i < n; i++) {
        char name[AW_GROUP_NAME], figure[AW_FIGURE];
        const double y = (double)i * ROW;
        const double width = (double)top[i]->stall / (double)top[0]->stall * WIDTH;
        text(o, "", 0, y + 12, aw_group_name(name, top[i]), 46);
        text(o, "end soft", WIDTH, y + 12, aw_text_span(figure, top[i]->stall), 0);
        rect(o, "b-wait", 0, y + 16, width < 2 ? 2 : width, BAR);
        aw_out_str(o, " rx=\"2\"/>\n");
    }
    aw_out_str(o, "</svg></figure></div>\n");
}

/* --- the waterfall of the worst --- */

/* The phases of an exchange, each from its beginning to the next one's. */
struct phase {
    const char *class;
    aw_ns from, to;
};

static unsigned phases_of(const struct aw_told *e, struct phase p[4])
{
    const struct aw_times *t = &e->times;
    const aw_ns end = t->total > 0 ? t->total : 0, head = t->head > 0 ? t->head : 0;
    const aw_ns body = t->body == AW_NS_NONE ? end : t->body;
    const aw_ns sent = t->body == AW_NS_NONE ? end : t->body_end == AW_NS_NONE ? end : t->body_end;
    p[0] = (struct phase){"b-head", 0, head};
    p[1] = (struct phase){"b-wait", head, body};
    p[2] = (struct phase){"b-send", body, sent};
    p[3] = (struct phase){"b-answer", sent, end};
    return 4;
}

void aw_html_waterfall(struct aw_out *o, const struct aw_worst *w)
{
    enum { ROWS = 12, ROW = 30, TOP = 4, BAR = 11 };
    static const char *const kind[][2] = {{"b-head", "request head"},
                                          {"b-wait", "content held back"},
                                          {"b-send", "content"},
                                          {"b-answer", "waiting for the answer"}};
    const unsigned all = aw_worst_count(w), n = all < ROWS ? all : ROWS;
    aw_ns longest = 0;
    for (unsigned i = 0; i < n; i++)
        if (aw_worst_at(w, i)->times.total > longest) longest = aw_worst_at(w, i)->times.total;
    if (n == 0 || longest == 0) return;
    const double scale = (double)WIDTH / (double)longest;
    figure_begin(o, "Waterfall of the worst");
    svg_begin(o, TOP + (int)n * ROW, "Where the time of the worst exchanges went");
    for (unsigned i = 0; i < n; i++) {
        const struct aw_told *e = aw_worst_at(w, i);
        struct phase p[4];
        char figure[AW_FIGURE] = "?", number[32];
        const double y = TOP + i * ROW;
        (void)snprintf(number, sizeof number, "%u. ", i + 1);
        aw_out_printf(o, "<text x=\"0\" y=\"%.1f\">%s", y + 10, number);
        aw_html_text(o, e->what, 42);
        aw_out_str(o, "</text>\n");
        if (e->times.total != AW_NS_NONE) (void)aw_text_span(figure, e->times.total);
        text(o, "end soft", WIDTH, y + 10, figure, 0);
        const unsigned count = phases_of(e, p);
        for (unsigned k = 0; k < count; k++) {
            const aw_ns span = p[k].to - p[k].from;
            if (span <= 0) continue;
            const double width = (double)span * scale;
            rect(o, p[k].class, (double)p[k].from * scale, y + 14, width < 0.8 ? 0.8 : width, BAR);
            aw_out_printf(o, "><title>%s</title></rect>\n", aw_text_span(figure, span));
        }
    }
    aw_out_str(o, "</svg>\n");
    legend(o, kind, sizeof kind / sizeof kind[0]);
    aw_out_str(o, "</figure></div>\n");
}

/* --- the ladder of one exchange --- */

enum { CLIENT_X = 78, SERVER_X = 336, STEP = 30, GAP = 26, LADDER_TOP = 26, SLOPE = 5 };

static void arrow(struct aw_out *o, const struct aw_step *s, double y)
{
    const bool out = s->dir == AW_C2S;
    const double x1 = out ? CLIENT_X : SERVER_X, x2 = out ? SERVER_X : CLIENT_X;
    const double back = out ? -7 : 7;
    line(o, s->kind == AW_STEP_LOSS ? "arrow lost" : "arrow", x1, y, x2, y + SLOPE);
    aw_out_printf(o, "<path class=\"tip\" d=\"M%.1f %.1fl%.1f -4v8z\"/>\n", x2, y + SLOPE, back);
}

/* A pause that deserves its own band: it dominates, or somebody held content back in it. */
static bool is_gap(const struct aw_told *e, unsigned i)
{
    const aw_ns whole = e->step[e->step_count - 1].at, span = e->step[i].at - e->step[i - 1].at;
    return span >= 50 * AW_MS || (span > 0 && whole > 0 && span > whole / 3 && span > AW_MS);
}

/* The step that ended the client's wait for an answer. */
static bool content_began(const struct aw_told *e, unsigned i)
{
    const enum aw_step_kind before = e->step[i - 1].kind;
    return e->step[i].kind == AW_STEP_CONTENT && (before == AW_STEP_HEAD || before == AW_STEP_ACK);
}

/* From the complete head to step i. */
static aw_ns held_back(const struct aw_told *e, unsigned i)
{
    unsigned head = i;
    while (head > 0 && e->step[head].kind != AW_STEP_HEAD)
        head--;
    return e->step[i].at - e->step[head].at;
}

static bool times_known(const struct aw_told *e)
{
    for (unsigned i = 0; i < e->step_count; i++)
        if (e->step[i].at == AW_NS_NONE) return false;
    return true;
}

/* Silence after the last step until the exchange was given up. */
static aw_ns tail_of(const struct aw_told *e)
{
    const struct aw_step *last = &e->step[e->step_count - 1];
    const bool over = last->kind == AW_STEP_FIN || last->kind == AW_STEP_RST ||
                      last->kind == AW_STEP_FINAL || last->kind == AW_STEP_FINAL_END;
    if (over || last->at == AW_NS_NONE || e->times.total == AW_NS_NONE) return 0;
    return e->times.total - last->at >= 50 * AW_MS ? e->times.total - last->at : 0;
}

static void band(struct aw_out *o, double y, const char *what, aw_ns span)
{
    char figure[AW_FIGURE], label[64];
    rect(o, "band", CLIENT_X, y - 4, SERVER_X - CLIENT_X, GAP - 4);
    aw_out_str(o, "/>\n");
    (void)snprintf(label, sizeof label, "%s%s", what, aw_text_span(figure, span));
    text(o, "mid soft", (CLIENT_X + SERVER_X) / 2.0, y + 11, label, 0);
}

void aw_html_ladder(struct aw_out *o, const struct aw_told *e)
{
    if (e->step_count == 0) return;
    const bool timed = times_known(e);
    const aw_ns tail = tail_of(e);
    int height = LADDER_TOP + 14 + (tail > 0 ? GAP : 0);
    for (unsigned i = 0; i < e->step_count; i++)
        height += STEP + (i > 0 && timed && is_gap(e, i) ? GAP : 0);
    aw_out_str(o, "<div class=\"ladder\">");
    svg_begin(o, height, "The packets of the exchange between client and server");
    text(o, "mid", CLIENT_X, 12, "client", 0);
    text(o, "mid", SERVER_X, 12, "server", 0);
    text(o, "end soft", WIDTH, 12, "packet", 0);
    double y = LADDER_TOP;
    for (unsigned i = 0; i < e->step_count; i++) {
        const struct aw_step *s = &e->step[i];
        char figure[AW_FIGURE], label[64];
        if (i > 0 && timed && is_gap(e, i)) {
            if (content_began(e, i))
                band(o, y, "content held back for ", held_back(e, i));
            else
                band(o, y, "then, after ", s->at - e->step[i - 1].at);
            y += GAP;
        }
        if (s->at != AW_NS_NONE)
            text(o, "end soft", CLIENT_X - 6, y + 18, aw_text_span(figure, s->at), 0);
        text(o, "mid", (CLIENT_X + SERVER_X) / 2.0, y + 12, s->label, 42);
        if (s->kind != AW_STEP_HOLE) arrow(o, s, y + 16);
        if (aw_ref_no(s->ref)) {
            (void)snprintf(label, sizeof label, "%llu", (ull)aw_ref_no(s->ref));
            text(o, "end soft", WIDTH, y + 18, label, 0);
        }
        y += STEP;
    }
    if (tail > 0) band(o, y, "nothing more for ", tail);
    line(o, "life", CLIENT_X, 18, CLIENT_X, height);
    line(o, "life", SERVER_X, 18, SERVER_X, height);
    aw_out_str(o, "</svg></div>\n");
}
