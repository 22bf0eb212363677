/*
 * A list without rows explains itself: what was seen, why nothing of it is here, what to do next.
 */
#include <stdio.h>
#include <string.h>

#include "view/inside.h"

struct say {
    struct aw_grid *g;
    int y, x, width, end;
};

static void say(struct say *s, enum aw_style style, const char *text)
{
    if (s->y >= s->end) return;
    s->y += aw_grid_wrap(s->g, s->y, s->x, s->width, s->end - s->y, 0, 0, aw_str(text), style);
}

static void blank(struct say *s)
{
    s->y++;
}

static void say_hidden(const struct aw_ui *ui, struct say *s, uint64_t rows)
{
    char text[PROMPT_MAX + 200], n[FIGURE];
    (void)snprintf(text, sizeof text, "%s exchange%s, and none is shown.", figure_count(n, rows),
                   rows == 1 ? "" : "s");
    say(s, AW_STYLE_TITLE, text);
    blank(s);
    if (ui->expr) {
        (void)snprintf(text, sizeof text, "The filter matches none: %s", ui->filter);
        say(s, AW_STYLE_PLAIN, text);
        say(s, AW_STYLE_KEY, "u takes the filter away, f changes it.");
    } else if (ui->pick.of != SCREEN_FLOWS) {
        say(s, AW_STYLE_PLAIN, "None belongs to the group that was chosen.");
        say(s, AW_STYLE_KEY, "u takes it away.");
    } else if (ui->settings.show == AW_SHOW_FAILING) {
        say(s, AW_STYLE_OK, "No handshake failed.");
        say(s, AW_STYLE_KEY, "t shows those that did not fail.");
    } else if (ui->settings.show == AW_SHOW_EXPECTATION) {
        say(s, AW_STYLE_PLAIN,
            "They are HTTP without an expectation: no request carried Expect, no answer was 100 or "
            "417.");
        say(s, AW_STYLE_KEY,
            "t shows all HTTP. Should there be Expect? A proxy may have removed it: capture on its "
            "client's side.");
    }
    if (ui->paused) say(s, AW_STYLE_KEY, "The view is held: p goes on.");
}

static void say_nothing_captured(const struct aw_board_info *i, struct say *s)
{
    if (!i->over && !i->live) {
        say(s, AW_STYLE_TITLE, "Reading: no exchange is over so far.");
        return;
    }
    if (i->live)
        say(s, AW_STYLE_TITLE, "No packet so far.");
    else
        say(s, AW_STYLE_TITLE, "There is no packet in this capture.");
    blank(s);
    if (i->filter[0] && i->filtered > 0)
        say(s, AW_STYLE_PLAIN,
            "Packets were there, and the capture filter took none of them: is it right?");
    else if (i->live)
        say(s, AW_STYLE_PLAIN,
            "Is this the interface the traffic passes? -D lists interfaces, -i any takes all.");
    else
        say(s, AW_STYLE_PLAIN, "The file ends right after its header: capture again.");
}

static void say_no_http(const struct aw_stats *t, struct say *s)
{
    char text[256], n[FIGURE], m[FIGURE];
    if (t->segments == 0) {
        (void)snprintf(text, sizeof text, "%s packets, and no TCP among them.",
                       figure_count(n, t->packets));
        say(s, AW_STYLE_TITLE, text);
        blank(s);
        unsigned most = 0;
        for (unsigned i = 1; i < t->drop_kinds; i++)
            if (t->drop[i].count > t->drop[most].count || most == 0) most = i;
        if (most && t->drop[most].count > 0) {
            (void)snprintf(text, sizeof text, "%s of them: %s.",
                           figure_count(n, t->drop[most].count), t->drop[most].meaning);
            say(s, AW_STYLE_PLAIN, text);
        }
        say(s, AW_STYLE_KEY, "Capture where the HTTP traffic passes.");
        return;
    }
    const uint64_t opaque = t->tls_opaque + t->http2_opaque;
    (void)snprintf(text, sizeof text, "%s TCP connections, and no HTTP/1 in them.",
                   figure_count(n, t->connections));
    say(s, AW_STYLE_TITLE, text);
    blank(s);
    if (opaque > 0) {
        (void)snprintf(text, sizeof text,
                       "%s are TLS and %s HTTP/2: what they carry can not be read from here.",
                       figure_count(n, t->tls_opaque), figure_count(m, t->http2_opaque));
        say(s, AW_STYLE_PLAIN, text);
        say(s, AW_STYLE_KEY,
            "Capture behind the point where TLS ends: between proxy and application, or on "
            "loopback.");
    } else if (t->empty == t->connections) {
        say(s, AW_STYLE_PLAIN, "None of them carries any data.");
        say(s, AW_STYLE_KEY, "Was the snap length 0, or did nothing answer?");
    } else {
        say(s, AW_STYLE_PLAIN, "Their data is of another protocol.");
        say(s, AW_STYLE_KEY,
            "Any port is looked at: no port has to be given. Capture where HTTP passes in the "
            "clear.");
    }
}

void empty_draw(const struct aw_ui *ui, struct aw_grid *g, int y, int rows)
{
    const struct aw_board_info *i = aw_board_info(ui->board);
    const struct aw_rows *store = aw_board_rows(ui->board);
    const uint64_t have = aw_rows_count(store);
    const int width = g->cols > 84 ? 80 : g->cols - 4;
    struct say s = {.g = g, .y = y + (rows > 14 ? 2 : 1), .x = 2, .width = width, .end = y + rows};
    if (i->trouble[0]) {
        say(&s, AW_STYLE_ERROR, i->trouble);
        blank(&s);
    }
    if (have > 0 && aw_sorted_ready(ui->order))
        say_hidden(ui, &s, have);
    else if (have > 0)
        say(&s, AW_STYLE_TITLE, "Looking ...");
    else if (i->stats.packets == 0)
        say_nothing_captured(i, &s);
    else if (!i->over && !i->live)
        say(&s, AW_STYLE_TITLE, "Reading: no exchange is over so far.");
    else if (i->stats.http == 0)
        say_no_http(&i->stats, &s);
    else if (i->stats.exchanges == 0)
        say(&s, AW_STYLE_TITLE, "HTTP was seen, and no exchange of it is over so far.");
    else
        say(&s, AW_STYLE_TITLE, "What was seen was cleared, or let go for want of memory.");
    if (!i->live) return;
    char line[AW_BOARD_TEXT + 200];
    blank(&s);
    (void)snprintf(line, sizeof line, "Interface: %s", i->source_count ? i->source[0] : "?");
    say(&s, AW_STYLE_PLAIN, line);
    (void)snprintf(line, sizeof line, "Filter: %.150s", i->filter[0] ? i->filter : "(none)");
    say(&s, AW_STYLE_PLAIN, line);
    if (i->state[0]) say(&s, AW_STYLE_PLAIN, i->state);
}
