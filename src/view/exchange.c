/*
 * One exchange: the ladder, the verdict beside it, the head of the message chosen below.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "view/inside.h"

/* --- opening and what is brought --- */

void look_free(struct look *l)
{
    aw_detail_free(l->own);
    aw_detail_free(l->leg);
    text_free(&l->verdict);
    *l = (struct look){.row = UINT64_MAX, .leg_row = UINT64_MAX};
}

/* The row of its other leg was found. */
void exchange_leg(struct aw_ui *ui, uint64_t number)
{
    ui->look.leg_row = number;
    ui->look.leg_waiting = ui->calls.detail != NULL;
    if (ui->calls.detail)
        ui->calls.detail(ui->calls.ctx, number, aw_rows_at(aw_board_rows(ui->board), number));
}

static void find_leg(struct aw_ui *ui, const struct look *l)
{
    const uint64_t id = l->own->rec.inner_id ? l->own->rec.inner_id : l->own->rec.outer_id;
    if (id != 0 && !l->leg && l->leg_row == UINT64_MAX) hunt_leg(ui, l->row, id);
}

static void build(struct aw_ui *ui, struct look *l)
{
    if (!l->own) return;
    ladder_make(&l->ladder, l->own, l->leg, l->own->rec.inner_id != 0,
                aw_board_threshold(ui->board));
    /* The first step shown is one of its own. */
    if (l->rungs.at == 0)
        while (l->rungs.at + 1 < l->ladder.count && l->ladder.rung[l->rungs.at].other)
            l->rungs.at++;
    text_clear(&l->verdict);
    verdict_text(&l->verdict, l->own);
}

void exchange_ask(struct aw_ui *ui, struct look *l, uint64_t number)
{
    const struct aw_rows *rows = aw_board_rows(ui->board);
    const struct aw_row *row = aw_rows_at(rows, number);
    if (!row) return;
    const bool hex = l->hex;
    look_free(l);
    l->hex = hex;
    l->row = number;
    l->copy = *row;
    /* What is kept is shown at once; what has to be read comes after it. */
    const struct aw_detail *kept = aw_board_kept(ui->board, number);
    if (kept) l->own = aw_detail_copy(&kept->rec);
    build(ui, l);
    l->waiting = ui->calls.detail != NULL;
    if (ui->calls.detail) ui->calls.detail(ui->calls.ctx, number, row);
}

void exchange_take(struct aw_ui *ui, struct look *l, uint64_t number, struct aw_detail *d,
                   const char *why)
{
    if (number == l->row) {
        l->waiting = false;
        if (d) {
            aw_detail_free(l->own);
            l->own = d;
        }
        if (l->own && l == &ui->look) find_leg(ui, l); /* a comparison has no ladder */
    } else if (number == l->leg_row) {
        l->leg_waiting = false;
        aw_detail_free(l->leg);
        l->leg = d;
    } else { /* the user has gone elsewhere */
        aw_detail_free(d);
        return;
    }
    if (!d) (void)snprintf(l->why, sizeof l->why, "%s", why ? why : "it could not be read");
    build(ui, l);
}

void exchange_open(struct aw_ui *ui, uint64_t number)
{
    ui_push(ui, SCREEN_EXCHANGE);
    if (ui->look.row == number && ui->look.own && !ui->look.waiting) return;
    exchange_ask(ui, &ui->look, number);
}

/* --- the verdict in lines --- */

static void say_cost(struct text *t, const struct aw_cost *c)
{
    char line[160] = "", a[FIGURE];
    size_t used = 0;
    if (c->stall > 0)
        used += (size_t)snprintf(line + used, sizeof line - used, "%s lost waiting",
                                 figure_span(a, c->stall));
    if (c->wasted > 0)
        used += (size_t)snprintf(line + used, sizeof line - used, "%s%s sent in vain",
                                 used ? ", " : "", figure_size(a, c->wasted));
    if (c->saved > 0)
        used += (size_t)snprintf(line + used, sizeof line - used, "%s%s stayed home",
                                 used ? ", " : "", figure_size(a, c->saved));
    if (c->extra_round_trips > 0)
        used += (size_t)snprintf(line + used, sizeof line - used, "%s%u extra round trip%s",
                                 used ? ", " : "", c->extra_round_trips,
                                 c->extra_round_trips == 1 ? "" : "s");
    if (used > 0) (void)text_addf(t, AW_STYLE_TITLE, 2, 0, "%s", line);
}

static void say_judged(struct text *t, const struct aw_verdict *v)
{
    (void)text_addf(t, severity_style(v->severity), 0, 2, "%c %s: %s", severity_mark(v->severity),
                    aw_severity_name(v->severity), aw_cause_title(v->cause));
    (void)text_addf(t, AW_STYLE_DIM, 2, 0, "%s; fault: %s; confidence: %s", aw_cause_slug(v->cause),
                    v->party == AW_PARTY_NONE ? "nobody's" : aw_party_name(v->party),
                    aw_confidence_name(v->confidence));
    say_cost(t, &v->cost);
    (void)text_addf(t, AW_STYLE_PLAIN, 0, 0, "%s", aw_cause_meaning(v->cause));

    /* What to do stands before what proves it: the ladder beside it is a proof already. */
    if (v->fix_count > 0) (void)text_addf(t, AW_STYLE_HEADER, 0, 0, "FIX");
    for (unsigned i = 0; i < v->fix_count; i++)
        (void)text_add(t, AW_STYLE_GOOD, 1, 1, aw_str(v->fix[i]));

    (void)text_addf(t, AW_STYLE_HEADER, 0, 0, "EVIDENCE");
    for (unsigned i = 0; i < v->evidence_count; i++) {
        struct line *l = text_add(t, AW_STYLE_PLAIN, 1, 1, aw_str(v->evidence[i].text));
        if (!l) continue;
        l->ref[0] = v->evidence[i].packet[0];
        l->ref[1] = v->evidence[i].packet[1];
    }
    if (v->evidence_count == 0) (void)text_addf(t, AW_STYLE_DIM, 1, 0, "none kept");
    for (unsigned i = 0; i < v->check_count; i++) {
        struct line *l =
            text_addf(t, AW_STYLE_DIM, 1, 1, "rule %s, RFC %s: packet %llu", v->check[i].rule,
                      v->check[i].rfc, (unsigned long long)aw_ref_no(v->check[i].packet));
        if (l) l->ref[0] = v->check[i].packet;
    }
    for (int c = 0; c < AW_CAUSE_COUNT; c++)
        if (v->also & UINT64_C(1) << c && c != (int)v->cause)
            (void)text_addf(t, AW_STYLE_DIM, 0, 2, "also: %s", aw_cause_title((enum aw_cause)c));
}

static void say_linked(struct text *t, const struct aw_record *r)
{
    char a[FIGURE];
    if (r->attempts > 1 || r->recovered_by.id || r->inner_id || r->outer_id)
        (void)text_addf(t, AW_STYLE_HEADER, 0, 0, "LINKED");
    if (r->attempts > 1)
        (void)text_addf(t, AW_STYLE_PLAIN, 1, 1, "attempt %u of %u: ] and [ go there", r->attempt,
                        r->attempts);
    if (r->recovered_by.id)
        (void)text_addf(t, AW_STYLE_PLAIN, 1, 1, "recovered after %s: status %u",
                        figure_span(a, r->recovered_by.after), r->recovered_by.status);
    if (r->inner_id || r->outer_id)
        (void)text_addf(t, AW_STYLE_PLAIN, 1, 1, "%s leg is exchange %llu: L goes there",
                        r->inner_id ? "the origin's" : "the client's",
                        (unsigned long long)(r->inner_id ? r->inner_id : r->outer_id));
}

void verdict_text(struct text *t, const struct aw_detail *d)
{
    const struct aw_exchange *x = d->ex;
    char a[FIGURE], b[FIGURE];
    if (d->verdict) {
        say_judged(t, d->verdict);
    } else {
        (void)text_addf(t, AW_STYLE_TITLE, 0, 0, "No expectation: no verdict");
        (void)text_addf(t, AW_STYLE_PLAIN, 0, 0,
                        "The request carries no Expect and no answer was 100 or 417.");
    }
    say_linked(t, &d->rec);
    (void)text_addf(t, AW_STYLE_HEADER, 0, 0, "CONNECTION");
    (void)text_addf(t, AW_STYLE_DIM, 1, 1,
                    "exchange %llu, number %u on connection %llu; captured near: %s",
                    (unsigned long long)x->id, x->nth, (unsigned long long)x->conn_id,
                    aw_vantage_name(aw_conn_vantage(&x->conn)));
    (void)text_addf(t, AW_STYLE_DIM, 1, 1, "round trip: client %s, server %s",
                    figure_span(a, x->conn.rtt_c), figure_span(b, x->conn.rtt_s));
    if (x->conn.retransmissions || x->conn.hole_count)
        (void)text_addf(
            t, AW_STYLE_WARNING, 1, 1, "%llu segments sent again, %llu holes in the capture",
            (unsigned long long)x->conn.retransmissions, (unsigned long long)x->conn.hole_count);
}

/* --- the ladder --- */

enum { LANES_AT = 17 }; /* times and packets stand before */

struct drawn { /* where the parts of the ladder stand */
    int x, time, packet, lane, lane_width, width;
};

static void draw_arrow(struct aw_grid *g, int y, const struct drawn *w, const struct ladder *l,
                       const struct rung *r)
{
    const int lanes = (int)l->lanes;
    for (int i = 0; i <= lanes; i++)
        aw_grid_fill(g, y, w->lane + i * w->lane_width, 1, 0x2502, AW_STYLE_FRAME);
    const int from = w->lane + (int)r->lane * w->lane_width + 1, n = w->lane_width - 1;
    const enum aw_style style = (enum aw_style)r->style;
    if (aw_ref_no(r->ref) == 0) { /* no packet: a moment */
        (void)aw_grid_str(g, y, from + 1, n - 2, r->label, style);
        return;
    }
    aw_grid_fill(g, y, from, n, r->thin ? 0x254c : 0x2500, style);
    aw_grid_fill(g, y, r->dir == AW_C2S ? from + n - 1 : from, 1,
                 r->dir == AW_C2S ? 0x25b6 : 0x25c0, style);
    char label[RUNG_LABEL + 2];
    (void)snprintf(label, sizeof label, " %s ", r->label);
    const int want = aw_grid_width(g, aw_str(label)), room = n - 2;
    const int at = r->dir == AW_C2S ? from + 1 : from + n - 1 - (want < room ? want : room);
    (void)aw_grid_str(g, y, at, room, label, style);
}

/* Screen lines of the ladder: a rung, with the line of its gap before it. */
static int lines_before(const struct ladder *l, size_t rung)
{
    int n = 0;
    for (size_t i = 0; i < rung && i < l->count; i++)
        n += 1 + (l->rung[i].gap > 0);
    return n + (rung < l->count && l->rung[rung].gap > 0);
}

static void draw_gap(struct aw_grid *g, int y, const struct drawn *w, const struct ladder *l,
                     const struct rung *r)
{
    char figure[FIGURE];
    for (int i = 0; i <= (int)l->lanes; i++)
        aw_grid_fill(g, y, w->lane + i * w->lane_width, 1, 0x250a, AW_STYLE_FRAME);
    char after[FIGURE + 1];
    (void)snprintf(after, sizeof after, "+%s", figure_span(figure, r->gap));
    aw_grid_right(g, y, w->x, 9, after, AW_STYLE_WARNING);
    (void)aw_grid_str(g, y, w->lane + 2, (int)l->lanes * w->lane_width - 3, r->waiting,
                      AW_STYLE_WARNING);
}

static void draw_ladder(struct aw_ui *ui, struct aw_grid *g, int y, int x, int width, int rows)
{
    struct look *k = &ui->look;
    const struct ladder *l = &k->ladder;
    struct drawn w = {.x = x, .width = width};
    w.lane = x + LANES_AT;
    w.lane_width = (width - LANES_AT - 1) / (int)(l->lanes ? l->lanes : 1);
    (void)aw_grid_str(g, y, x, LANES_AT, "  TIME ms PACKET", AW_STYLE_HEADER);
    (void)aw_grid_str(g, y, w.lane, width - LANES_AT, "client", AW_STYLE_HEADER);
    if (l->lanes == 2)
        (void)aw_grid_str(g, y, w.lane + w.lane_width - 2, 5, "proxy", AW_STYLE_HEADER);
    aw_grid_right(g, y, w.lane, (int)l->lanes * w.lane_width + 1,
                  l->lanes == 2 ? "origin" : "server", AW_STYLE_HEADER);
    list_settle(&k->rungs, l->count, l->count);
    const int body = rows - 1, total = lines_before(l, l->count), at = lines_before(l, k->rungs.at);
    int skip = at - body / 2;
    if (skip > total - body) skip = total - body;
    if (skip < 0) skip = 0;
    int line = -skip;
    for (unsigned i = 0; i < l->count; i++) {
        const struct rung *r = &l->rung[i];
        if (r->gap > 0) {
            if (line >= 0 && line < body) draw_gap(g, y + 1 + line, &w, l, r);
            line++;
        }
        if (line >= 0 && line < body) {
            const int on = y + 1 + line;
            (void)aw_grid_printf(g, on, x, 9, AW_STYLE_PLAIN, "%9.3f",
                                 (double)(r->at - l->start) / (double)AW_MS);
            if (aw_ref_no(r->ref))
                (void)aw_grid_printf(g, on, x + 9, 7, AW_STYLE_DIM, "%6llu",
                                     (unsigned long long)aw_ref_no(r->ref));
            draw_arrow(g, on, &w, l, r);
            if (i == k->rungs.at)
                aw_grid_light(g, on, x, k->focus == FOCUS_LADDER ? width : LANES_AT - 1, true);
        }
        line++;
    }
}

/* --- the head --- */

static void draw_hex(struct aw_grid *g, int y, int rows, int *skip, struct aw_span s)
{
    const int per = g->cols >= 140 ? 32 : 16, lines = ((int)s.len + per - 1) / per;
    if (*skip > lines - 1) *skip = lines > 0 ? lines - 1 : 0;
    for (int i = 0; i < rows && i + *skip < lines; i++) {
        const size_t at = (size_t)(i + *skip) * (size_t)per;
        (void)aw_grid_printf(g, y + i, 1, 6, AW_STYLE_DIM, "%04zx", at);
        for (int k = 0; k < per && at + (size_t)k < s.len; k++) {
            const uint8_t c = s.p[at + (size_t)k];
            (void)aw_grid_printf(g, y + i, 7 + 3 * k, 2, AW_STYLE_PLAIN, "%02x", c);
            (void)aw_grid_printf(g, y + i, 8 + 3 * per + k, 1, AW_STYLE_DIM, "%c",
                                 c >= 0x20 && c < 0x7f ? c : '.');
        }
    }
}

static void draw_plain_head(struct aw_grid *g, int y, int rows, int *skip, struct aw_span s)
{
    int line = 0, total = 0;
    for (size_t i = 0; i < s.len; i++)
        total += s.p[i] == '\n';
    if (*skip > total - 1) *skip = total > 0 ? total - 1 : 0;
    while (s.len > 0) {
        const uint8_t *nl = memchr(s.p, '\n', s.len);
        const size_t len = nl ? (size_t)(nl - s.p) : s.len, used = nl ? len + 1 : len;
        struct aw_span one = {s.p, len};
        if (one.len > 0 && one.p[one.len - 1] == '\r') one.len--;
        if (line >= *skip && line - *skip < rows)
            (void)aw_grid_put(g, y + line - *skip, 1, g->cols - 2, one,
                              line == 0 ? AW_STYLE_TITLE : AW_STYLE_PLAIN);
        s.p += used;
        s.len -= used;
        line++;
    }
}

static void draw_head(struct aw_ui *ui, struct aw_grid *g, int y, int rows)
{
    struct look *k = &ui->look;
    aw_grid_fill(g, y, 0, g->cols, 0x2500, AW_STYLE_FRAME);
    const struct rung *r = k->rungs.at < k->ladder.count ? &k->ladder.rung[k->rungs.at] : NULL;
    if (!r) return;
    (void)aw_grid_printf(g, y, 2, g->cols - 4,
                         k->focus == FOCUS_HEAD ? AW_STYLE_KEY : AW_STYLE_TITLE,
                         " packet %llu: %s ", (unsigned long long)aw_ref_no(r->ref), r->label);
    const struct aw_detail *of = r->other ? k->leg : k->own;
    const struct aw_span head =
        of && r->head >= 0 && r->head < AW_HEADS ? of->head[r->head] : (struct aw_span){0};
    if (head.p && k->hex)
        draw_hex(g, y + 1, rows - 1, &k->head_skip, head);
    else if (head.p)
        draw_plain_head(g, y + 1, rows - 1, &k->head_skip, head);
    else if (k->waiting)
        (void)aw_grid_str(g, y + 1, 1, g->cols - 2, "reading the packets again ...", AW_STYLE_DIM);
    else if (r->head >= 0)
        (void)aw_grid_printf(g, y + 1, 1, g->cols - 2, AW_STYLE_DIM,
                             "Its bytes are not at hand: %s.",
                             k->why[0] ? k->why : "the input cannot be read again");
    else
        (void)aw_grid_str(g, y + 1, 1, g->cols - 2, "No head of a message begins in this packet.",
                          AW_STYLE_DIM);
}

/* --- all of it --- */

static void draw_title(struct aw_ui *ui, struct aw_grid *g, int y)
{
    const struct look *k = &ui->look;
    const struct aw_rows *rows = aw_board_rows(ui->board);
    char from[ENDPOINT], to[ENDPOINT], text[CELL_TEXT], clock[FIGURE];
    endpoint_text(from, aw_rows_word(rows, k->copy.client), k->copy.client_port);
    endpoint_text(to, aw_rows_word(rows, k->copy.server), k->copy.server_port);
    int x = aw_grid_printf(g, y, 0, g->cols, AW_STYLE_DIM, "%s  %s \u2192 %s  ",
                           figure_clock(clock, k->copy.time, true), from, to);
    const struct aw_span request = column_text(text, rows, &k->copy, AW_COL_REQUEST, true);
    x += aw_grid_put(g, y, x, g->cols - x - 7, request, AW_STYLE_TITLE);
    if (k->copy.status)
        (void)aw_grid_printf(g, y, x, g->cols - x, AW_STYLE_TITLE, " \u2192 %u", k->copy.status);
}

void exchange_draw(struct aw_ui *ui, struct aw_grid *g, int y, int rows)
{
    struct look *k = &ui->look;
    ui->body_y = y;
    draw_title(ui, g, y);
    if (!k->own) {
        (void)aw_grid_wrap(g, y + 2, 2, g->cols - 4, rows - 2, 0, 0,
                           aw_str(k->waiting  ? "Reading the packets of this exchange again ..."
                                  : k->why[0] ? k->why
                                              : "The record of this exchange is not kept, and the "
                                                "input cannot be read again."),
                           AW_STYLE_PLAIN);
        return;
    }
    const int below = rows >= 16 ? rows / 4 + 1 : rows >= 12 ? 3 : 0;
    const int body = rows - 1 - below;
    const int left = g->cols >= 150        ? g->cols * 11 / 20
                     : k->ladder.lanes > 1 ? g->cols / 2 + 13
                                           : g->cols / 2 + 5;
    draw_ladder(ui, g, y + 1, 0, left - 1, body);
    for (int i = 0; i < body; i++)
        aw_grid_fill(g, y + 1 + i, left, 1, 0x2502, AW_STYLE_FRAME);

    const int x = left + 2, width = g->cols - x;
    list_settle(&k->lines, k->verdict.count, k->verdict.count);
    int first = 0, last = 0;
    const size_t lit = k->focus == FOCUS_VERDICT ? k->lines.at : SIZE_MAX;
    struct aw_grid none = {.ascii = g->ascii}; /* measures: nothing is drawn */
    const int total = text_draw(&k->verdict, &none, 0, 0, width, 0, 0, lit, &first, &last);
    int skip = last - body + 1 > 0 ? last - body + 1 : 0;
    if (first < skip) skip = first;
    (void)text_draw(&k->verdict, g, y + 1, x, width, body, skip, lit, NULL, NULL);
    if (total > skip + body)
        aw_grid_right(g, y + body, left + 1, g->cols - left - 1, " \u25bc Tab", AW_STYLE_KEY);
    if (below) draw_head(ui, g, y + rows - below, below);
}

/* --- acting --- */

static void jump(struct aw_ui *ui)
{
    struct look *k = &ui->look;
    if (k->lines.at >= k->verdict.count) return;
    const struct line *line = &k->verdict.line[k->lines.at];
    for (int which = 0; which < 2; which++) {
        if (aw_ref_no(line->ref[which]) == 0) continue;
        for (unsigned i = 0; i < k->ladder.count; i++) {
            if (k->ladder.rung[i].ref != line->ref[which]) continue;
            k->rungs.at = i;
            k->head_skip = 0;
            ui_say(ui, "Packet %llu.", (unsigned long long)aw_ref_no(line->ref[which]));
            return;
        }
    }
    if (aw_ref_no(line->ref[0]))
        ui_say(ui, "Packet %llu has no arrow of its own.",
               (unsigned long long)aw_ref_no(line->ref[0]));
}

/* Whoever turns to the verdict the first time wants its proof. */
static void to_evidence(struct aw_ui *ui)
{
    struct look *k = &ui->look;
    for (size_t i = 0; k->lines.at == 0 && i < k->verdict.count; i++)
        if (aw_ref_no(k->verdict.line[i].ref[0])) k->lines.at = i;
    if (k->lines.at > 0) jump(ui);
}

/* The next or previous attempt of the chain; without one, the other leg. */
static void go_linked(struct aw_ui *ui, int step)
{
    const struct look *k = &ui->look;
    if (hunt_attempt(ui, HUNT_ATTEMPT, k->row, &k->copy, step)) return;
    if (k->leg_row != UINT64_MAX)
        exchange_ask(ui, &ui->look, k->leg_row);
    else
        ui_say(ui, step > 0 ? "No later attempt is linked to this one."
                            : "No earlier attempt is linked to this one.");
}

static void go_leg(struct aw_ui *ui)
{
    if (ui->look.leg_row != UINT64_MAX)
        exchange_ask(ui, &ui->look, ui->look.leg_row);
    else
        ui_say(ui, "No other leg of a proxy is known of this one.");
}

static void go_row(struct aw_ui *ui, int step)
{
    const size_t count = aw_sorted_count(ui->order);
    const size_t at = ui->flows.at;
    if (step < 0 ? at == 0 : at + 1 >= count) {
        ui_say(ui, step < 0 ? "This is the first of the list." : "This is the last of the list.");
        return;
    }
    ui->flows.at = step < 0 ? at - 1 : at + 1;
    ui->selected = aw_sorted_at(ui->order, ui->flows.at);
    ui->follow = false;
    ui->moved = true;
    exchange_ask(ui, &ui->look, ui->selected);
}

bool exchange_act(struct aw_ui *ui, enum action a)
{
    struct look *k = &ui->look;
    const size_t page = 8;
    if (k->focus == FOCUS_LADDER && list_act(&k->rungs, a, k->ladder.count, page)) {
        k->head_skip = 0;
    } else if (k->focus == FOCUS_VERDICT && list_act(&k->lines, a, k->verdict.count, page)) {
        if (k->lines.at < k->verdict.count && aw_ref_no(k->verdict.line[k->lines.at].ref[0]))
            jump(ui);
    } else if (k->focus == FOCUS_HEAD && (a == ACTION_DOWN || a == ACTION_PAGE_DOWN)) {
        k->head_skip += a == ACTION_DOWN ? 1 : 8;
    } else if (k->focus == FOCUS_HEAD && (a == ACTION_UP || a == ACTION_PAGE_UP)) {
        k->head_skip -= a == ACTION_UP ? 1 : 8;
        if (k->head_skip < 0) k->head_skip = 0;
    } else if (a == ACTION_FOCUS) {
        k->focus = (enum focus)((k->focus + 1) % 3);
        if (k->focus == FOCUS_VERDICT) to_evidence(ui);
    } else if (a == ACTION_OPEN) {
        k->focus = FOCUS_VERDICT;
        if (k->lines.at == 0)
            to_evidence(ui);
        else
            jump(ui);
    } else if (a == ACTION_HEX) {
        k->hex = !k->hex;
        k->head_skip = 0;
    } else if (a == ACTION_NEXT_TRY || a == ACTION_PREV_TRY) {
        go_linked(ui, a == ACTION_NEXT_TRY ? 1 : -1);
    } else if (a == ACTION_OTHER_LEG) {
        go_leg(ui);
    } else if (a == ACTION_NEXT_ROW || a == ACTION_PREV_ROW) {
        go_row(ui, a == ACTION_NEXT_ROW ? 1 : -1);
    } else {
        return false;
    }
    return true;
}
