/*
 * The loop: wait for the terminal, the worker or the next frame; act; draw where something changed.
 */
#include "tui/dash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tui/worker.h"

enum {
    FRAME_MS = 100,     /* between looks at the board while it is being filled */
    SLICE_ROWS = 2000,  /* of background work between looks at the clock */
    SLICE_NS = 6000000, /* of background work between looks at the terminal */
};

struct dash {
    struct aw_board *board;
    struct aw_door *door;
    const struct aw_dash_config *c;
    struct aw_worker *worker; /* owned; NULL = nothing can be read again */
    struct aw_ui *ui;         /* owned */
    struct aw_grid grid;
    bool dirty, all;
    uint64_t seen; /* what the board's counters added up to when it was last drawn */
};

static int64_t now_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* --- settings --- */

static void keep_settings(void *ctx, const struct aw_settings *s)
{
    struct dash *d = ctx;
    char line[200];
    aw_door_settings(d->door, s);
    const int error = d->c->stored ? aw_stored_write(d->c->stored, s) : 0;
    if (!error && d->c->stored) return;
    (void)snprintf(line, sizeof line, "For this run only: %.160s",
                   error ? strerror(error) : d->c->not_stored);
    aw_ui_say(d->ui, line);
}

/* --- what the ui asks for --- */

static void set_want(struct aw_again_want *w, const struct aw_rows *rows, const struct aw_row *row)
{
    *w = (struct aw_again_want){.conn = row->conn, .nth = row->nth};
    const aw_word word[2] = {row->client, row->server};
    for (int i = 0; i < 2; i++) {
        const struct aw_span s = aw_rows_word(rows, word[i]);
        w->addr[i].v6 = s.len == 16;
        if (s.len == 4 || s.len == 16) memcpy(w->addr[i].b, s.p, s.len);
    }
}

static void on_detail(void *ctx, uint64_t number, const struct aw_row *row)
{
    struct dash *d = ctx;
    struct aw_again_want want;
    const struct aw_detail *kept = aw_board_kept(d->board, number);
    set_want(&want, aw_board_rows(d->board), row);
    aw_worker_detail(d->worker, number, &want, kept ? aw_detail_copy(&kept->rec) : NULL);
}

static void on_match(void *ctx, const char *expression)
{
    struct dash *d = ctx;
    aw_worker_match(d->worker, expression);
}

static int by_name(const void *pa, const void *pb)
{
    const struct aw_again_want *a = pa, *b = pb;
    if (a->conn != b->conn) return a->conn < b->conn ? -1 : 1;
    return a->nth < b->nth ? -1 : a->nth > b->nth;
}

static bool on_save(void *ctx, const struct aw_save *what, char *err, size_t err_size)
{
    struct dash *d = ctx;
    struct aw_again_want *want = malloc(what->count * sizeof *want);
    if (!want) {
        (void)snprintf(err, err_size, "out of memory");
        return false;
    }
    for (size_t i = 0; i < what->count; i++)
        set_want(&want[i], aw_board_rows(d->board), &what->rows[i]);
    qsort(want, what->count, sizeof *want, by_name);
    if (aw_worker_save(d->worker, what->as, what->path, want, what->count)) return true;
    (void)snprintf(err, err_size, "the last save is still under way");
    free(want);
    return false;
}

static bool on_capture(void *ctx, const char *filter, bool take, char *err, size_t err_size)
{
    struct dash *d = ctx;
    return d->c->capture(d->c->ctx, filter, take, err, err_size);
}

/* --- the loop --- */

/* Something that changes whenever the board does. */
static uint64_t board_state(struct aw_board *b, bool *over, bool *counting, bool *live)
{
    size_t waiting;
    aw_board_lock(b);
    const struct aw_board_info *i = aw_board_info(b);
    const uint64_t sum = i->stats.packets + i->bytes + i->dropped + aw_rows_end(aw_board_rows(b)) +
                         (i->over ? 1 : 0) + (uint64_t)i->trouble[0] + (uint64_t)i->state[0] +
                         i->notes;
    *over = i->over;
    (void)aw_board_waiters(b, &waiting);
    *counting = waiting > 0 && !i->over;
    *live = i->live && !i->over;
    aw_board_unlock(b);
    return sum;
}

static bool work_a_slice(struct dash *d)
{
    const int64_t until = now_ns() + SLICE_NS;
    bool more;
    do
        more = aw_ui_step(d->ui, SLICE_ROWS);
    while (more && now_ns() < until);
    return more;
}

static void draw(struct dash *d)
{
    int rows, cols;
    aw_door_size(d->door, &rows, &cols);
    d->grid.ascii = !aw_door_utf8(d->door) || aw_ui_settings(d->ui)->ascii;
    if (!aw_grid_size(&d->grid, rows, cols)) return;
    struct timespec wall;
    (void)clock_gettime(CLOCK_REALTIME, &wall);
    aw_ui_now(d->ui, (aw_ns)wall.tv_sec * AW_SEC + wall.tv_nsec);
    aw_ui_draw(d->ui, &d->grid);
    aw_door_show(d->door, &d->grid, d->all || aw_ui_redraw(d->ui));
    d->dirty = d->all = false;
}

static void loop(struct dash *d)
{
    bool more = true, over = false, counting = false, live = false;
    int64_t drawn = 0;
    for (;;) {
        const uint64_t state = board_state(d->board, &over, &counting, &live);
        /* Live, figures of time go on where nothing else does. */
        const int64_t now = now_ns();
        d->dirty = d->dirty || counting || (live && now - drawn > 1000000000);
        if (state != d->seen) {
            d->seen = state;
            d->dirty = more = true;
        }
        if (more) {
            more = work_a_slice(d);
            d->dirty = true;
        }
        if (d->dirty) {
            draw(d);
            drawn = now;
        }
        struct aw_event e;
        const int timeout = more ? 0 : over ? -1 : FRAME_MS;
        switch (aw_door_wait(d->door, timeout, d->worker ? aw_worker_fd(d->worker) : -1, &e)) {
        case AW_DOOR_EVENT:
            if (e.key == AW_CTRL('z')) {
                aw_door_suspend(d->door);
                d->dirty = d->all = true;
                break;
            }
            if (!aw_ui_event(d->ui, &e)) return;
            d->dirty = more = true;
            break;
        case AW_DOOR_RESIZED:
            d->dirty = d->all = true;
            break;
        case AW_DOOR_WOKEN:
            aw_worker_deliver(d->worker, d->ui);
            d->dirty = more = true;
            break;
        case AW_DOOR_NOTHING:
            break;
        case AW_DOOR_GONE:
            return;
        }
    }
}

void aw_dash_run(struct aw_board *board, struct aw_door *door, const struct aw_dash_config *c)
{
    struct dash d = {.board = board, .door = door, .c = c};
    d.worker = c->again ? aw_worker_start(c->again) : NULL;
    const struct aw_ui_calls calls = {.ctx = &d,
                                      .detail = d.worker ? on_detail : NULL,
                                      .match = d.worker ? on_match : NULL,
                                      .save = d.worker ? on_save : NULL,
                                      .saves = c->saves,
                                      .settings = keep_settings,
                                      .capture = c->capture ? on_capture : NULL};
    d.ui = aw_ui_new(board, &c->settings, &calls);
    if (d.ui) {
        aw_door_settings(door, &c->settings);
        loop(&d);
    }
    aw_worker_stop(d.worker);
    aw_ui_free(d.ui);
    aw_grid_fini(&d.grid);
}
