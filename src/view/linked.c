/*
 * Finding the rows that belong to one: attempts of a request, the other leg of a proxy. They were
 * added about when it was, so they are looked for around it at once; where they are not, all rows
 * are gone through behind the screen, as a million of them take longer than a frame.
 */
#include "view/inside.h"

enum { NEAR = 20000 }; /* rows on either side that are looked at within a frame */

static bool is_it(const struct hunt *h, const struct aw_row *row)
{
    return h->attempt ? row->chain == h->key && row->attempt == h->attempt : row->id == h->key;
}

static uint64_t find_near(const struct hunt *h, const struct aw_rows *rows, uint64_t from)
{
    const uint64_t begin = aw_rows_begin(rows);
    for (uint64_t d = 1; d <= NEAR; d++) {
        const struct aw_row *row = aw_rows_at(rows, from + d);
        if (row && is_it(h, row)) return from + d;
        row = from >= begin + d ? aw_rows_at(rows, from - d) : NULL;
        if (row && is_it(h, row)) return from - d;
    }
    return UINT64_MAX;
}

static void found(struct aw_ui *ui, uint64_t number)
{
    const enum hunt_for what = ui->hunt.what;
    ui->hunt.what = HUNT_NONE;
    if (what != HUNT_LEG) ui->message[0] = '\0';
    if (what == HUNT_LEG)
        exchange_leg(ui, number);
    else if (what == HUNT_ATTEMPT)
        exchange_ask(ui, &ui->look, number);
    else
        compare_rows(ui, ui->hunt.from, number);
}

static void begin(struct aw_ui *ui, const struct hunt *h)
{
    const struct aw_rows *rows = aw_board_rows(ui->board);
    ui->hunt = *h;
    ui->hunt.next = aw_rows_begin(rows);
    const uint64_t near = find_near(h, rows, h->from);
    if (near != UINT64_MAX)
        found(ui, near);
    else if (h->what != HUNT_LEG)
        ui_say(ui, "Looking for it ...");
}

void hunt_leg(struct aw_ui *ui, uint64_t from, uint64_t id)
{
    begin(ui, &(struct hunt){.what = HUNT_LEG, .from = from, .key = id});
}

bool hunt_attempt(struct aw_ui *ui, enum hunt_for what, uint64_t from, const struct aw_row *row,
                  int step)
{
    const int attempt = row->attempt + step;
    if (row->attempts < 2 || attempt < 1 || attempt > row->attempts) return false;
    begin(ui, &(struct hunt){
                  .what = what, .from = from, .key = row->chain, .attempt = (uint8_t)attempt});
    return true;
}

bool hunt_step(struct aw_ui *ui, size_t budget)
{
    struct hunt *h = &ui->hunt;
    const struct aw_rows *rows = aw_board_rows(ui->board);
    const uint64_t end = aw_rows_end(rows);
    /* Whoever went on does not want to be called back. */
    const bool there = h->what == HUNT_COMPARE || ui->look.row == h->from;
    if (h->what == HUNT_NONE || !there) {
        h->what = HUNT_NONE;
        return false;
    }
    for (; (h->next = aw_rows_next(rows, h->next)) < end && budget > 0; h->next++, budget--) {
        if (h->next == h->from || !is_it(h, aw_rows_at(rows, h->next))) continue;
        found(ui, h->next);
        return false;
    }
    if (h->next < end) return true;
    if (h->what != HUNT_LEG) ui_say(ui, "It is not among the exchanges that are kept.");
    h->what = HUNT_NONE;
    return false;
}
