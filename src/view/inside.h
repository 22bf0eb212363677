/*
 * The inside of the dashboard, for the files of this room: its state, and what screens need of each
 * other.
 */
#ifndef AW_VIEW_INSIDE_H
#define AW_VIEW_INSIDE_H

#include "await100/filter.h"
#include "sink/text_out.h"
#include "view/ui.h"

enum screen {
    SCREEN_FLOWS,
    SCREEN_CAUSES,
    SCREEN_SERVERS,
    SCREEN_CLIENTS,
    SCREEN_EXCHANGE,
    SCREEN_TEXT,
    SCREEN_COMPARE,
    SCREEN_SETTINGS,
};

enum action {
    ACTION_NONE,
#define AW_BIND(action, screens, k1, k2, k3, shown, help) ACTION_##action,
#include "view/keys.def"
#undef AW_BIND
    ACTION_COUNT
};

/* A place in a list of any kind. */
struct list {
    size_t at, top;
};
/* Moves by an action; true where it was one of moving. */
bool list_act(struct list *l, enum action a, size_t count, size_t page);
/* Brings `at` into view, both into range. */
void list_settle(struct list *l, size_t count, size_t page);

enum prompt_kind {
    PROMPT_NONE,
    PROMPT_SEARCH,
    PROMPT_FILTER,
    PROMPT_CAPTURE, /* the capture filter */
    PROMPT_SAVE_AS, /* which kind: a key */
    PROMPT_SAVE_PATH,
};
enum { PROMPT_MAX = 512, NAME_MAX_SHOWN = 330, MARKS_MAX = 4096, DEPTH = 8, MESSAGE_MAX = 320 };

struct prompt {
    enum prompt_kind kind;
    char text[PROMPT_MAX];
    size_t len, cursor; /* bytes */
    bool valid;
    struct aw_expr_error error;
    enum aw_save_as as;
};

/* The group that flows are filtered by. */
struct pick {
    enum screen of; /* SCREEN_FLOWS = none */
    enum aw_cause cause;
    enum aw_severity severity;
    char key[NAME_MAX_SHOWN];
    aw_word server, host, agent; /* what the last row looked at had, and whether it matched */
    uint16_t port;
    bool have_last, matched;
};

/* Lines of text made beforehand: explain, help, the verdict. */
struct line {
    size_t from, len; /* in `bytes` */
    uint8_t style;    /* enum aw_style */
    uint8_t indent;   /* of all lines */
    uint8_t hang;     /* of continuation lines, beyond */
    bool verbatim;    /* not to be wrapped */
    aw_ref ref[2];    /* packets it speaks of */
};
struct text {
    char *bytes;       /* owned */
    struct line *line; /* owned */
    size_t used, cap, count, line_cap;
};
void text_clear(struct text *t);
void text_free(struct text *t);
/* Returns the line, for more to be set; NULL: no memory. */
struct line *text_add(struct text *t, enum aw_style style, unsigned indent, unsigned hang,
                      struct aw_span s);
struct line *text_addf(struct text *t, enum aw_style style, unsigned indent, unsigned hang,
                       const char *fmt, ...) AW_PRINTF(5, 6);
/* Draws lines into a box, the first `skip` screen lines left out; lights the lines of line number
 * `lit` (SIZE_MAX = none). Returns the screen lines there are in all; *first, *last (may be NULL):
 * screen lines of `lit`. */
int text_draw(const struct text *t, struct aw_grid *g, int y, int x, int width, int rows, int skip,
              size_t lit, int *first, int *last);

/* --- one exchange --- */

enum { RUNGS_MAX = 64, RUNG_LABEL = 200 };
struct rung { /* a step of the ladder */
    aw_ns at;
    uint64_t ord;
    aw_ref ref;
    enum aw_dir dir;
    uint8_t lane;     /* 0 client to server; with two legs 0 client to proxy, 1 proxy to origin */
    uint8_t style;    /* enum aw_style */
    bool thin;        /* a segment that is no message */
    bool other;       /* of the other leg */
    int8_t head;      /* index into the heads of its leg, -1 = none */
    aw_ns gap;        /* silence before it that is worth a line, 0 = none */
    char waiting[64]; /* who waited, for the line of the gap */
    char label[RUNG_LABEL];
};
struct ladder {
    struct rung rung[RUNGS_MAX];
    unsigned count, lanes;
    aw_ns start;
};
/* leg: the other leg of a proxy, or NULL; outer tells whether `d` is the client's side of it. */
void ladder_make(struct ladder *l, const struct aw_detail *d, const struct aw_detail *leg,
                 bool outer, const int64_t *threshold);

enum focus { FOCUS_LADDER, FOCUS_VERDICT, FOCUS_HEAD };
struct look {              /* the exchange screen */
    uint64_t row;          /* number */
    struct aw_row copy;    /* of the row */
    struct aw_detail *own; /* owned */
    struct aw_detail *leg; /* owned */
    uint64_t leg_row;      /* UINT64_MAX = none */
    bool waiting, leg_waiting;
    char why[AW_BOARD_TEXT]; /* why it could not be had */
    struct ladder ladder;
    struct text verdict;
    enum focus focus;
    struct list rungs, lines;
    int head_skip;
    bool hex;
};

enum hunt_for { HUNT_NONE, HUNT_LEG, HUNT_ATTEMPT, HUNT_COMPARE };
struct hunt { /* for a row that is linked to another one */
    enum hunt_for what;
    uint64_t from, next; /* the other one; the next to look at */
    uint64_t key;        /* chain, of an attempt; else an id */
    uint8_t attempt;     /* 0 = by id */
};

struct aw_ui {
    struct aw_board *board;
    struct aw_ui_calls calls;
    struct aw_settings settings;
    struct aw_sorted *order; /* owned */
    enum screen stack[DEPTH];
    unsigned depth; /* the screen shown is stack[depth - 1] */
    bool leave, redraw;
    aw_ns rate_at; /* live: when packets were counted last, and what that gave */
    uint64_t rate_packets, rate;
    bool rate_known;
    aw_ns now; /* wall clock; AW_NS_NONE = not known */
    char message[MESSAGE_MAX];
    uint64_t notes; /* of the board, that were shown */

    /* flows */
    struct list flows;
    bool follow, paused;
    uint64_t pause_end; /* rows from here on are not shown while paused */
    uint64_t selected;  /* number of the row under the bar; UINT64_MAX = none */
    bool moved;         /* the user chose that row: before, the bar stays on the first one */
    struct pick pick;
    char filter[PROMPT_MAX];
    struct aw_expr *expr; /* owned; NULL = all */
    uint8_t *exact;       /* owned: what whole records say of it, a bit an id; NULL = not known */
    uint64_t exact_count;
    bool exact_wanted, exact_under_way;
    char search[PROMPT_MAX];
    uint64_t *mark; /* owned: MARKS_MAX, in order of marking */
    size_t marks;
    struct seek { /* a search under way: rows left to look at */
        int step;
        size_t at, left;
    } seek;
    struct hunt hunt;
    struct prompt prompt;

    struct list groups[3];
    size_t group_count;
    struct look look, other; /* `other`: the second of a comparison */
    struct text text;
    char title[96];
    int text_skip, text_lines, text_rows;
    struct list setting;

    /* of the last drawing, for clicks and pages */
    int rows, cols, body_y, body_rows;
    struct {
        int x, width;
        enum aw_column column;
    } header[AW_COL_COUNT];
    int headers, header_y;
    int tab_x[5];
};

enum screen ui_screen(const struct aw_ui *ui);
void ui_push(struct aw_ui *ui, enum screen s);
/* Takes an expression (given; NULL = none) as the filter. */
void ui_filter(struct aw_ui *ui, struct aw_expr *x, const char *text);
void ui_pop(struct aw_ui *ui);
void ui_say(struct aw_ui *ui, const char *fmt, ...) AW_PRINTF(2, 3);
/* The flows have to be gone through anew. */
void ui_restart(struct aw_ui *ui);
void ui_renew(struct aw_ui *ui);
bool ui_marked(const struct aw_ui *ui, uint64_t number);

/* --- screens: draw into the rows from y on, act on an action; all with the feed locked --- */

void header_draw(struct aw_ui *ui, struct aw_grid *g);
void hints_draw(const struct aw_ui *ui, struct aw_grid *g, int y);
void flows_draw(struct aw_ui *ui, struct aw_grid *g, int y, int rows);
/* Whether a column is among those there is room for. */
bool flows_fits(const struct aw_ui *ui, int cols, enum aw_column c);
bool flows_act(struct aw_ui *ui, enum action a);
void flows_click(struct aw_ui *ui, int y, int x, bool twice);
bool flows_seek(struct aw_ui *ui, size_t budget);
void flows_search(struct aw_ui *ui, int step, bool from_here);
bool flows_test(void *ctx, const struct aw_rows *rows, uint64_t number, const struct aw_row *row);
void empty_draw(const struct aw_ui *ui, struct aw_grid *g, int y, int rows);

void groups_draw(struct aw_ui *ui, struct aw_grid *g, int y, int rows);
bool groups_act(struct aw_ui *ui, enum action a);
bool groups_match(struct pick *p, const struct aw_rows *rows, const struct aw_row *row);

void exchange_open(struct aw_ui *ui, uint64_t number);
void exchange_ask(struct aw_ui *ui, struct look *l, uint64_t number);
void exchange_leg(struct aw_ui *ui, uint64_t number);
void exchange_take(struct aw_ui *ui, struct look *l, uint64_t number, struct aw_detail *d,
                   const char *why);
void exchange_draw(struct aw_ui *ui, struct aw_grid *g, int y, int rows);
bool exchange_act(struct aw_ui *ui, enum action a);
void look_free(struct look *l);
void verdict_text(struct text *t, const struct aw_detail *d);

/* Looks for the row that belongs to row `from`, at once or behind the screen: its other leg, by id;
 * the attempt `step` after it, if there is to be one (else false). What was found is opened. */
void hunt_leg(struct aw_ui *ui, uint64_t from, uint64_t id);
bool hunt_attempt(struct aw_ui *ui, enum hunt_for what, uint64_t from, const struct aw_row *row,
                  int step);
bool hunt_step(struct aw_ui *ui, size_t budget);

void compare_open(struct aw_ui *ui);
void compare_rows(struct aw_ui *ui, uint64_t a, uint64_t b);
void compare_draw(struct aw_ui *ui, struct aw_grid *g, int y, int rows);

void reader_explain(struct aw_ui *ui, const char *word);
void reader_help(struct aw_ui *ui);
void reader_draw(struct aw_ui *ui, struct aw_grid *g, int y, int rows);
bool reader_act(struct aw_ui *ui, enum action a);
void reader_search(struct aw_ui *ui, int step, bool from_here);

void options_draw(struct aw_ui *ui, struct aw_grid *g, int y, int rows);
bool options_act(struct aw_ui *ui, enum action a);

void prompt_open(struct aw_ui *ui, enum prompt_kind kind);
void prompt_event(struct aw_ui *ui, const struct aw_event *e);
void prompt_draw(struct aw_ui *ui, struct aw_grid *g, int y);

/* --- keys --- */

struct binding {
    enum action action;
    unsigned screens; /* bit 1 << enum screen */
    uint32_t key[3];
    const char *shown, *help;
};
extern const struct binding bindings[];
extern const unsigned binding_count;
enum action key_action(enum screen s, uint32_t key);

/* --- figures and words --- */

enum { FIGURE = AW_FIGURE };
const char *figure_span(char to[FIGURE], aw_ns ns);        /* "1.001 s", "0.13 ms"; "-" for none */
const char *figure_size(char to[FIGURE], int64_t bytes);   /* "8.0 kB" */
const char *figure_count(char to[FIGURE], uint64_t count); /* "12345", "1.2 M" */
const char *figure_clock(char to[FIGURE], aw_ns t, bool ms); /* local "18:23:39.940" */
enum aw_style severity_style(enum aw_severity s);
char severity_mark(enum aw_severity s);
/* "10.0.0.1:80", "[2001:db8::1]:80" of a row. */
enum { ENDPOINT = 64 };
void endpoint_text(char to[ENDPOINT], struct aw_span addr, uint16_t port);
void exchange_endpoint(char to[ENDPOINT], const struct aw_exchange *x, enum aw_dir side);
/* The text of a column; returns it in `to` or as the wire's bytes. */
enum { CELL_TEXT = 400 };
struct aw_span column_text(char to[CELL_TEXT], const struct aw_rows *rows, const struct aw_row *row,
                           enum aw_column c, bool wide);

#endif
