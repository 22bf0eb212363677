/*
 * Two exchanges side by side, what differs lit: a first try and its retry, or any two that are
 * marked.
 */
#include <stdio.h>
#include <string.h>

#include "view/inside.h"

void compare_rows(struct aw_ui *ui, uint64_t a, uint64_t b)
{
    ui_push(ui, SCREEN_COMPARE);
    exchange_ask(ui, &ui->look, a);
    exchange_ask(ui, &ui->other, b);
}

/* The two marked last; else the one marked and this one; else this one and the next attempt of its
 * chain, or the one before. */
void compare_open(struct aw_ui *ui)
{
    const struct aw_rows *rows = aw_board_rows(ui->board);
    uint64_t a = ui_screen(ui) == SCREEN_EXCHANGE ? ui->look.row : ui->selected, b = UINT64_MAX;
    if (ui->marks >= 2) {
        a = ui->mark[ui->marks - 2];
        b = ui->mark[ui->marks - 1];
    } else if (ui->marks == 1 && ui->mark[0] != a) {
        b = a;
        a = ui->mark[0];
    } else {
        const struct aw_row *row = aw_rows_at(rows, a);
        if (row && (hunt_attempt(ui, HUNT_COMPARE, a, row, 1) ||
                    hunt_attempt(ui, HUNT_COMPARE, a, row, -1)))
            return;
    }
    if (aw_rows_at(rows, a) && aw_rows_at(rows, b))
        compare_rows(ui, a, b);
    else
        ui_say(ui, "Mark two exchanges with Space, or choose one that was tried again.");
}

struct table {
    struct aw_grid *g;
    int y, end, width;
    bool ready;
};

static void line(struct table *t, const char *name, const char *a, const char *b, bool same)
{
    if (t->y >= t->end) return;
    const int half = (t->width - 14) / 2;
    (void)aw_grid_str(t->g, t->y, 1, 12, name, AW_STYLE_DIM);
    const enum aw_style style = same ? AW_STYLE_PLAIN : AW_STYLE_MATCH;
    if (!same) aw_grid_fill(t->g, t->y, 0, 1, 0x25cf, AW_STYLE_MATCH);
    (void)aw_grid_str(t->g, t->y, 14, half - 1, a, style);
    (void)aw_grid_str(t->g, t->y, 14 + half, half, b, style);
    t->y++;
}

static void pair(struct table *t, const char *name, const char *a, const char *b)
{
    line(t, name, a, b, strcmp(a, b) == 0);
}

static void texts(struct table *t, const char *name, const struct look *a, const struct look *b,
                  enum aw_text which)
{
    char one[300], two[300];
    const struct aw_span p = a->own->ex->text[which], q = b->own->ex->text[which];
    (void)snprintf(one, sizeof one, "%.*s", (int)(p.len < 256 ? p.len : 256),
                   p.p ? (const char *)p.p : "");
    (void)snprintf(two, sizeof two, "%.*s", (int)(q.len < 256 ? q.len : 256),
                   q.p ? (const char *)q.p : "");
    pair(t, name, p.p ? one : "-", q.p ? two : "-");
}

static void verdicts(struct table *t, const struct look *a, const struct look *b)
{
    const struct aw_verdict *v = a->own->verdict, *w = b->own->verdict;
    char p[FIGURE], q[FIGURE];
    pair(t, "severity", v ? aw_severity_name(v->severity) : "-",
         w ? aw_severity_name(w->severity) : "-");
    pair(t, "cause", v ? aw_cause_title(v->cause) : "-", w ? aw_cause_title(w->cause) : "-");
    pair(t, "fault", v ? aw_party_name(v->party) : "-", w ? aw_party_name(w->party) : "-");
    pair(t, "time lost", figure_span(p, v && v->cost.stall > 0 ? v->cost.stall : AW_NS_NONE),
         figure_span(q, w && w->cost.stall > 0 ? w->cost.stall : AW_NS_NONE));
}

static void header(struct table *t, const char *title)
{
    if (t->y < t->end) (void)aw_grid_str(t->g, t->y++, 1, t->width, title, AW_STYLE_HEADER);
}

static aw_ns time_of(const struct aw_exchange *x, enum aw_point point)
{
    const struct aw_mark *first = &x->at[AW_AT_REQ_FIRST];
    const struct aw_mark *m = point < AW_POINT_COUNT ? &x->at[point] : &x->interim[0].first;
    aw_ns after;
    if (point == AW_POINT_COUNT && x->interim_count == 0) return AW_NS_NONE;
    if (!aw_seen(first) || !aw_seen(m) || __builtin_sub_overflow(m->ts, first->ts, &after))
        return AW_NS_NONE;
    return after;
}

static void times(struct table *t, const struct look *a, const struct look *b)
{
    static const struct {
        const char *name;
        enum aw_point point; /* AW_POINT_COUNT: the first interim response */
    } point[] = {{"head sent", AW_AT_HEAD}, {"100 or 1xx", AW_POINT_COUNT},
                 {"content", AW_AT_BODY},   {"content ends", AW_AT_BODY_END},
                 {"answer", AW_AT_FINAL},   {"answer ends", AW_AT_FINAL_END}};
    char p[FIGURE], q[FIGURE];
    header(t, "WHEN, AFTER THE FIRST BYTE");
    for (size_t i = 0; i < sizeof point / sizeof *point; i++) {
        const aw_ns one = time_of(a->own->ex, point[i].point);
        const aw_ns two = time_of(b->own->ex, point[i].point);
        /* Times always differ: worth lighting where one is missing or twice the other. */
        const bool both = one != AW_NS_NONE && two != AW_NS_NONE;
        const aw_ns far = 10 * AW_MS;
        const bool same = both ? !(one > 2 * two + far || two > 2 * one + far) : one == two;
        line(t, point[i].name, figure_span(p, one), figure_span(q, two), same);
    }
}

/* The fields of both heads, name by name. */
static struct aw_span next_line(struct aw_span *rest)
{
    const uint8_t *nl = rest->len ? memchr(rest->p, '\n', rest->len) : NULL;
    const size_t len = nl ? (size_t)(nl - rest->p) : rest->len;
    struct aw_span one = {rest->p, len};
    rest->p += nl ? len + 1 : len;
    rest->len -= nl ? len + 1 : len;
    if (one.len > 0 && one.p[one.len - 1] == '\r') one.len--;
    return one;
}

static size_t name_len(struct aw_span s)
{
    const uint8_t *colon = s.len ? memchr(s.p, ':', s.len) : NULL;
    return colon ? (size_t)(colon - s.p) : 0;
}

static bool find_field(struct aw_span head, struct aw_span like, struct aw_span *out)
{
    const size_t n = name_len(like);
    (void)next_line(&head);
    while (head.len > 0) {
        const struct aw_span s = next_line(&head);
        if (name_len(s) != n || strncasecmp((const char *)s.p, (const char *)like.p, n) != 0)
            continue;
        *out = s;
        return true;
    }
    return false;
}

static void field_line(struct table *t, struct aw_span s, const struct aw_span *a,
                       const struct aw_span *b)
{
    char name[32], p[300] = "-", q[300] = "-";
    const size_t n = name_len(s);
    (void)snprintf(name, sizeof name, "%.*s", (int)(n < 31 ? n : 31), (const char *)s.p);
    if (a)
        (void)snprintf(p, sizeof p, "%.*s", (int)(a->len - n - 1 < 256 ? a->len - n - 1 : 256),
                       (const char *)a->p + n + 1);
    if (b)
        (void)snprintf(q, sizeof q, "%.*s", (int)(b->len - n - 1 < 256 ? b->len - n - 1 : 256),
                       (const char *)b->p + n + 1);
    pair(t, name, p + (p[0] == ' '), q + (q[0] == ' '));
}

static void fields(struct table *t, const char *title, struct aw_span a, struct aw_span b)
{
    if (!a.p || !b.p) return;
    header(t, title);
    struct aw_span rest = a, found;
    (void)next_line(&rest);
    while (rest.len > 0) {
        const struct aw_span s = next_line(&rest);
        if (name_len(s) == 0) continue;
        const bool has = find_field(b, s, &found);
        field_line(t, s, &s, has ? &found : NULL);
    }
    rest = b;
    (void)next_line(&rest);
    while (rest.len > 0) {
        const struct aw_span s = next_line(&rest);
        if (name_len(s) > 0 && !find_field(a, s, &found)) field_line(t, s, NULL, &s);
    }
}

void compare_draw(struct aw_ui *ui, struct aw_grid *g, int y, int rows)
{
    const struct look *a = &ui->look, *b = &ui->other;
    struct table t = {.g = g, .y = y + 2, .end = y + rows, .width = g->cols};
    char p[FIGURE], q[FIGURE], from[ENDPOINT], to[ENDPOINT];
    (void)aw_grid_str(g, y, 0, g->cols, "Compare: what differs is marked", AW_STYLE_TITLE);
    aw_grid_fill(g, y + 1, 0, g->cols, 0x2500, AW_STYLE_FRAME);
    if (!a->own || !b->own) {
        (void)aw_grid_str(g, y + 2, 1, g->cols - 2,
                          a->waiting || b->waiting ? "Reading the packets again ..."
                                                   : "Their records are not at hand any more.",
                          AW_STYLE_DIM);
        return;
    }
    pair(&t, "time", figure_clock(p, a->copy.time, true), figure_clock(q, b->copy.time, true));
    exchange_endpoint(from, a->own->ex, AW_C2S);
    exchange_endpoint(to, b->own->ex, AW_C2S);
    pair(&t, "client", from, to);
    exchange_endpoint(from, a->own->ex, AW_S2C);
    exchange_endpoint(to, b->own->ex, AW_S2C);
    pair(&t, "server", from, to);
    (void)snprintf(p, sizeof p, a->copy.attempts > 1 ? "%u of %u" : "-", a->copy.attempt,
                   a->copy.attempts);
    (void)snprintf(q, sizeof q, b->copy.attempts > 1 ? "%u of %u" : "-", b->copy.attempt,
                   b->copy.attempts);
    pair(&t, "attempt", p, q);
    verdicts(&t, a, b);
    (void)snprintf(p, sizeof p, a->copy.status ? "%u" : "none", a->copy.status);
    (void)snprintf(q, sizeof q, b->copy.status ? "%u" : "none", b->copy.status);
    pair(&t, "status", p, q);
    texts(&t, "method", a, b, AW_TEXT_METHOD);
    texts(&t, "Expect", a, b, AW_TEXT_EXPECT);
    pair(&t, "content sent", figure_size(p, a->own->ex->sent), figure_size(q, b->own->ex->sent));
    times(&t, a, b);
    fields(&t, "REQUEST FIELDS", a->own->head[AW_HEAD_REQUEST], b->own->head[AW_HEAD_REQUEST]);
    fields(&t, "RESPONSE FIELDS", a->own->head[AW_HEAD_FINAL], b->own->head[AW_HEAD_FINAL]);
}
