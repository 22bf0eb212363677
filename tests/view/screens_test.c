/*
 * Screens as text: a capture is analysed, keys are sent, and the grid is compared with a file in
 * tests/screens. SCREENS_UPDATE=1 writes the files anew: look at what changed before committing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "source/source.h"
#include "view/again.h"
#include "view/ui.h"

enum { ASKED = 8, SCREEN_MAX = 200000 };

struct show {
    const char *file;
    struct aw_config config;
    struct aw_board *board;
    struct aw_engine *engine;
    struct aw_merge *merge; /* stays open: details are read again from its descriptors */
    struct aw_ui *ui;
    struct aw_grid grid;
    atomic_bool stop;
    struct asked {
        uint64_t number;
        struct aw_again_want want;
    } asked[ASKED];
    unsigned count;
    char saved[256];
    const char *refused; /* not NULL: nothing can be saved, and this is why */
};

static void on_record(void *ctx, const struct aw_record *rec)
{
    struct show *s = ctx;
    aw_board_record(s->board, rec);
}

static void on_detail(void *ctx, uint64_t number, const struct aw_row *row)
{
    struct show *s = ctx;
    const struct aw_rows *rows = aw_board_rows(s->board);
    assert_true(s->count < ASKED);
    struct asked *a = &s->asked[s->count++];
    *a = (struct asked){.number = number, .want = {.conn = row->conn, .nth = row->nth}};
    const aw_word word[2] = {row->client, row->server};
    for (int i = 0; i < 2; i++) {
        const struct aw_span addr = aw_rows_word(rows, word[i]);
        a->want.addr[i].v6 = addr.len == 16;
        memcpy(a->want.addr[i].b, addr.p, addr.len);
    }
}

static bool on_save(void *ctx, const struct aw_save *what, char *err, size_t err_size)
{
    struct show *s = ctx;
    if (s->refused) {
        (void)snprintf(err, err_size, "%s", s->refused);
        return false;
    }
    (void)snprintf(s->saved, sizeof s->saved, "%d %zu %s", what->as, what->count, what->path);
    return true;
}

static void settle(struct show *s)
{
    while (aw_ui_step(s->ui, 1000))
        ;
    const struct aw_again again = {.first = s->merge, .config = &s->config, .stop = &s->stop};
    while (s->count > 0) {
        const struct asked a = s->asked[0];
        memmove(s->asked, s->asked + 1, --s->count * sizeof s->asked[0]);
        char why[256];
        struct aw_detail *d = aw_again_detail(&again, &a.want, NULL, why, sizeof why);
        assert_non_null(d);
        aw_ui_give(s->ui, a.number, d, why);
    }
    aw_ui_draw(s->ui, &s->grid);
}

static void open_show(struct show *s, const char *file, int cols, int rows)
{
    *s = (struct show){.file = file};
    aw_config_init(&s->config);
    s->config.all = true;
    s->config.prompt = true;
    const struct aw_board_config board = {.source = &s->file,
                                          .source_count = 1,
                                          .again = true,
                                          .memory = 64 << 20,
                                          .threshold = s->config.threshold};
    const struct aw_sink sink = {.ctx = s, .record = on_record};
    const struct aw_ui_calls calls = {
        .ctx = s, .detail = on_detail, .save = on_save, .saves = "/var/tmp"};
    char err[256];
    s->board = aw_board_new(&board);
    s->engine = aw_engine_open(&s->config, &sink, NULL);
    struct aw_source *source = aw_source_open(file, 0, err, sizeof err);
    assert_non_null(source);
    s->merge = aw_merge_new(&source, 1, NULL, 0);
    const struct aw_packet *pkts;
    size_t n;
    while (aw_merge_next(s->merge, 0, &pkts, &n) == AW_READ_OK)
        assert_int_equal(aw_engine_push(s->engine, pkts, n), AW_OK);
    assert_int_equal(aw_engine_finish(s->engine), AW_OK);
    struct aw_stats stats;
    aw_engine_stats(s->engine, &stats);
    aw_board_stats(s->board, &stats);
    aw_board_over(s->board);
    s->ui = aw_ui_new(s->board, NULL, &calls);
    assert_non_null(s->ui);
    assert_true(aw_grid_size(&s->grid, rows, cols));
    settle(s);
}

static void close_show(struct show *s)
{
    aw_ui_free(s->ui);
    aw_engine_close(s->engine);
    aw_merge_free(s->merge);
    aw_board_free(s->board);
    aw_grid_fini(&s->grid);
}

/* Keys as text: characters stand for themselves; <Enter>, <Tab>, <Esc>, <Down>, <Up>, <PgDn>,
 * <click:Y,X>. */
static void send_keys(struct show *s, const char *keys)
{
    static const struct {
        const char *name;
        uint32_t key;
    } names[] = {{"<Enter>", AW_KEY_ENTER}, {"<Tab>", AW_KEY_TAB},       {"<Esc>", AW_KEY_ESC},
                 {"<Down>", AW_KEY_DOWN},   {"<Up>", AW_KEY_UP},         {"<PgDn>", AW_KEY_PGDN},
                 {"<End>", AW_KEY_END},     {"<Back>", AW_KEY_BACKSPACE}};
    while (*keys) {
        struct aw_event e = {.key = (uint8_t)*keys};
        size_t used = 1;
        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
            if (strncmp(keys, names[i].name, strlen(names[i].name)) != 0) continue;
            e.key = names[i].key;
            used = strlen(names[i].name);
        }
        int n = 0;
        if (sscanf(keys, "<click:%d,%d>%n", &e.y, &e.x, &n) == 2 && n > 0) {
            e.key = AW_KEY_CLICK;
            used = (size_t)n;
        }
        assert_true(aw_ui_event(s->ui, &e));
        settle(s);
        keys += used;
    }
}

static char *screen_text(const struct show *s)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    aw_grid_write(&s->grid, out);
    assert_int_equal(fclose(out), 0);
    return text;
}

static void compare(const char *name, int cols, int rows, const char *text)
{
    char path[256];
    static char want[SCREEN_MAX];
    (void)snprintf(path, sizeof path, "tests/screens/%s-%dx%d.txt", name, cols, rows);
    if (getenv("SCREENS_UPDATE")) {
        FILE *out = fopen(path, "w");
        assert_non_null(out);
        fputs(text, out);
        assert_int_equal(fclose(out), 0);
        return;
    }
    FILE *in = fopen(path, "r");
    if (!in) fail_msg("%s is missing", path);
    want[fread(want, 1, sizeof want - 1, in)] = '\0';
    fclose(in);
    if (strcmp(text, want) != 0) fail_msg("%s differs; the screen is now:\n%s", path, text);
}

/* --- the screens, at three sizes --- */

static const struct {
    const char *name, *capture, *keys;
} screens[] = {
    {"flows", "busy-mixed.pcap", ""},
    {"flows-failures", "busy-failures.pcap", ""},
    {"flows-by-time", "busy-failures.pcap", ">r"},
    {"flows-search", "busy-mixed.pcap", "/b4<Enter>n"},
    {"flows-filter", "busy-mixed.pcap", "fstatus == 413<Enter>"},
    {"filter-wrong", "busy-mixed.pcap", "fstatus = = 413"},
    {"flows-all", "nginx-no-expect.pcap", "t"},
    {"flows-marked", "busy-mixed.pcap", "   "},
    {"causes", "busy-mixed.pcap", "<Tab>"},
    {"servers", "busy-mixed.pcap", "<Tab><Tab><Down>"},
    {"clients", "busy-mixed.pcap", "<Tab><Tab><Tab>"},
    {"group-chosen", "busy-mixed.pcap", "<Tab><Down><Enter>"},
    {"exchange-ignored", "ignored.pcap", "<Enter>"},
    {"exchange-continued", "nginx-continued.pcap", "<Enter>"},
    {"exchange-refused", "refused-retry.pcap", "<Enter>"},
    {"exchange-by-proxy", "squid-refuses-expect-legs.pcap", "<Enter>"},
    {"exchange-legs", "tinyproxy-deadlock.pcap", "<Enter>"},
    {"exchange-other-leg", "haproxy-strips-expect.pcap", "<Enter>L"},
    {"exchange-lost", "far-lost-100.pcap", "<Enter>"},
    {"exchange-hex", "ignored.pcap", "<Enter>x"},
    {"exchange-verdict", "ignored.pcap", "<Enter><Tab>"},
    {"explain", "ignored.pcap", "?"},
    {"help", "ignored.pcap", "h"},
    {"settings", "ignored.pcap", "o"},
    {"compare", "refused-retry.pcap", "="},
    {"save", "ignored.pcap", "s"},
    {"save-as", "ignored.pcap", "sp"},
    {"empty-no-expect", "nginx-no-expect.pcap", ""},
    {"empty-filtered", "ignored.pcap", "fstatus == 999<Enter>"},
};

static void test_screens(void **state)
{
    static const struct {
        int cols, rows;
    } size[] = {{80, 24}, {120, 40}, {200, 50}};
    (void)state;
    for (size_t i = 0; i < sizeof screens / sizeof *screens; i++) {
        for (size_t k = 0; k < sizeof size / sizeof *size; k++) {
            char path[128];
            struct show s;
            (void)snprintf(path, sizeof path, "pcaps/%s", screens[i].capture);
            open_show(&s, path, size[k].cols, size[k].rows);
            send_keys(&s, screens[i].keys);
            char *text = screen_text(&s);
            compare(screens[i].name, size[k].cols, size[k].rows, text);
            free(text);
            close_show(&s);
        }
    }
}

/* --- what keys do --- */

static void expect_screen(struct show *s, const char *keys, const char *part)
{
    send_keys(s, keys);
    char *text = screen_text(s);
    if (!strstr(text, part)) fail_msg("after '%s' there is no '%s' in\n%s", keys, part, text);
    free(text);
}

static void test_evidence_leads_to_its_arrow(void **state)
{
    struct show s;
    (void)state;
    open_show(&s, "pcaps/ignored.pcap", 80, 24);
    expect_screen(&s, "<Enter>", "packet 4: PUT");
    /* The verdict's first line with a packet is its first evidence: content that begins late. */
    expect_screen(&s, "<Tab>", "packet 6: content");
    expect_screen(&s, "<Down><Down>", "packet 10: 201");
    expect_screen(&s, "<Up><Up>", "packet 6: content");
    close_show(&s);
}

static void test_sorts(void **state)
{
    struct show s;
    (void)state;
    open_show(&s, "pcaps/busy-mixed.pcap", 80, 24);
    expect_screen(&s, "<click:3,30>", "sort: request");
    expect_screen(&s, "<click:3,30>", "sort: request \u25bc");
    expect_screen(&s, "r", "sort: request \u25b2");
    expect_screen(&s, "<End>", "PUT /up/c6");
    close_show(&s);
}

/* Between a step and the drawing the analysis may add a row: what the header counts can be opened.
 */
static void test_what_is_counted_can_be_opened(void **state)
{
    struct show s;
    (void)state;
    open_show(&s, "pcaps/ignored.pcap", 80, 24);
    aw_ui_free(s.ui);
    const struct aw_ui_calls calls = {.ctx = &s, .detail = on_detail, .saves = "/var/tmp"};
    s.ui = aw_ui_new(s.board, NULL, &calls);
    aw_ui_draw(s.ui, &s.grid);
    char *text = screen_text(&s);
    assert_non_null(strstr(text, "1 exchange"));
    free(text);
    const struct aw_event enter = {.key = AW_KEY_ENTER};
    assert_true(aw_ui_event(s.ui, &enter));
    assert_int_equal(s.count, 1);
    close_show(&s);
}

static void test_click_chooses_and_opens(void **state)
{
    struct show s;
    (void)state;
    open_show(&s, "pcaps/busy-mixed.pcap", 80, 24);
    expect_screen(&s, "<click:6,10>", "PUT /up/b1  curl");
    const struct aw_event twice = {.key = AW_KEY_DOUBLE_CLICK, .y = 6, .x = 10};
    assert_true(aw_ui_event(s.ui, &twice));
    settle(&s);
    expect_screen(&s, "", "TIME ms PACKET");
    close_show(&s);
}

static void test_saves_what_is_marked(void **state)
{
    struct show s;
    (void)state;
    open_show(&s, "pcaps/busy-mixed.pcap", 80, 24);
    send_keys(&s, "srx<Enter>");
    assert_string_equal(s.saved, "0 30 await100.ndjsonx");
    send_keys(&s, "  sr<Enter>");
    assert_string_equal(s.saved, "0 2 await100.ndjson");
    send_keys(&s, "<Enter>sr<Enter>");
    assert_string_equal(s.saved, "0 1 await100.ndjson");
    close_show(&s);
}

static void test_what_cannot_be_saved_is_said(void **state)
{
    struct show s;
    (void)state;
    open_show(&s, "pcaps/busy-mixed.pcap", 80, 24);
    s.refused = "the disk is full";
    expect_screen(&s, "sh<Enter>", "Not saved: the disk is full.");
    s.refused = NULL;
    send_keys(&s, "sh<Enter>");
    assert_string_equal(s.saved, "2 30 await100.html");
    expect_screen(&s, "fstatus == 999<Enter>srx<Enter>", "There is nothing to save.");
    assert_string_equal(s.saved, "2 30 await100.html");
    close_show(&s);
}

/* Characters are typed, passed over and taken away whole, however many bytes they have. */
static void test_typing_beyond_ascii(void **state)
{
    static const uint32_t wide[] = {0xe4, 0x20ac, 0x1f600, 'x'};
    struct show s;
    (void)state;
    open_show(&s, "pcaps/busy-mixed.pcap", 80, 24);
    send_keys(&s, "/");
    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++) {
        const struct aw_event e = {.key = wide[i]};
        assert_true(aw_ui_event(s.ui, &e));
    }
    settle(&s);
    expect_screen(&s, "", "\u00e4\u20ac\U0001f600x");
    const struct aw_event left = {.key = AW_KEY_LEFT}, right = {.key = AW_KEY_RIGHT};
    assert_true(aw_ui_event(s.ui, &left) && aw_ui_event(s.ui, &left));
    expect_screen(&s, "y", "\u00e4\u20acy\U0001f600x");
    assert_true(aw_ui_event(s.ui, &right));
    expect_screen(&s, "<Back>", "\u00e4\u20acyx");
    expect_screen(&s, "<Back><Back>", "\u00e4x");
    expect_screen(&s, "<Back>z", "zx");
    close_show(&s);
}

/* A word at a time, from the cursor back, with the blanks behind it. */
static void test_words_are_taken_away(void **state)
{
    struct show s;
    (void)state;
    open_show(&s, "pcaps/busy-mixed.pcap", 80, 24);
    const struct aw_event word = {.key = AW_CTRL('w')}, home = {.key = AW_CTRL('a')},
                          end = {.key = AW_CTRL('e')};
    send_keys(&s, "fstatus == 413  ");
    assert_true(aw_ui_event(s.ui, &word));
    settle(&s);
    expect_screen(&s, "417", "status == 417");
    assert_true(aw_ui_event(s.ui, &home) && aw_ui_event(s.ui, &word)); /* nothing is before it */
    settle(&s);
    expect_screen(&s, "not ", "not status == 417");
    assert_true(aw_ui_event(s.ui, &end) && aw_ui_event(s.ui, &word) && aw_ui_event(s.ui, &word) &&
                aw_ui_event(s.ui, &word));
    settle(&s);
    expect_screen(&s, "recovered", "not recovered");
    close_show(&s);
}

/* Where a column's title begins in the list's third line; -1: nowhere. */
static int title_at(const struct show *s, const char *title)
{
    char *text = screen_text(s), *line = text;
    for (int i = 0; i < 3; i++)
        line = strchr(line, '\n') + 1;
    *strchr(line, '\n') = '\0';
    const char *found = strstr(line, title);
    const int at = found ? (int)(found - line) : -1;
    free(text);
    return at;
}

/* Columns are hidden, shown, moved, made wider and narrower, and the list follows. */
static void test_columns(void **state)
{
    struct show s;
    (void)state;
    open_show(&s, "pcaps/busy-mixed.pcap", 80, 24);
    assert_true(title_at(&s, "REQUEST") > 0 && title_at(&s, "REQUEST") < title_at(&s, " ST "));
    send_keys(&s, "o<Down><Down><Down><Down><Down><Down><Down><Down><Down><Down>K<Esc>");
    assert_true(title_at(&s, " ST ") > 0 && title_at(&s, " ST ") < title_at(&s, "REQUEST"));
    send_keys(&s, "oJ<Esc>");
    assert_true(title_at(&s, "REQUEST") > 0 && title_at(&s, "REQUEST") < title_at(&s, " ST "));
    send_keys(&s, "o <Esc>");
    assert_int_equal(title_at(&s, " ST "), -1);
    send_keys(&s, "o <Esc>");
    const int narrow = title_at(&s, "STALL") - title_at(&s, " ST ");
    send_keys(&s, "o++++<Esc>");
    assert_true(title_at(&s, "STALL") - title_at(&s, " ST ") >= narrow + 4);
    send_keys(&s, "o----<Esc>");
    assert_int_equal(title_at(&s, "STALL") - title_at(&s, " ST "), narrow);
    close_show(&s);
}

/* What comes later and is worse. */
static void add_worst(struct show *s, uint64_t id, const char *target)
{
    static struct aw_exchange x;
    static struct aw_verdict v;
    memset(&x, 0, sizeof x);
    x.id = x.conn.ord = id;
    x.nth = 1;
    x.req = AW_REQ_EXPECT;
    x.at[AW_AT_REQ_FIRST] = (struct aw_mark){.ts = AW_SEC, .ord = 1, .ref = 1};
    x.text[AW_TEXT_METHOD] = (struct aw_span){(const uint8_t *)"PUT", 3};
    x.text[AW_TEXT_TARGET] = (struct aw_span){(const uint8_t *)target, strlen(target)};
    v.cause = AW_CAUSE_DEADLOCK;
    v.severity = AW_SEV_ERROR;
    v.cost.stall = (aw_ns)id * AW_SEC;
    const struct aw_record rec = {.ex = &x, .verdict = &v, .chain_id = id, .attempt = 1};
    aw_board_record(s->board, &rec);
    settle(s);
}

/* While a file is read the worst so far is on top, until somebody chooses a row. */
static void test_the_worst_stays_in_view(void **state)
{
    struct show s;
    (void)state;
    open_show(&s, "pcaps/busy-mixed.pcap", 80, 24);
    add_worst(&s, 1000, "/worse");
    expect_screen(&s, "", ":0 \u2192 0.0.0.0:0  PUT /worse");
    expect_screen(&s, "<Down>", "PUT /up/b6");
    add_worst(&s, 2000, "/worst");
    expect_screen(&s, "", "  PUT /up/b6  curl");
    expect_screen(&s, "g", ":0 \u2192 0.0.0.0:0  PUT /worst");
    close_show(&s);
}

/* Whatever is pressed, and clicked, on whatever screen. */
static void test_any_keys(void **state)
{
    static const char *const captures[] = {"pcaps/busy-proxies.pcap", "pcaps/refused-retry.pcap",
                                           "pcaps/retry-loop.pcap"};
    static const uint32_t special[] = {
        AW_KEY_ENTER,        AW_KEY_ENTER,    AW_KEY_ESC,       AW_KEY_ESC,   AW_KEY_TAB,
        AW_KEY_BACKTAB,      AW_KEY_UP,       AW_KEY_DOWN,      AW_KEY_LEFT,  AW_KEY_HOME,
        AW_KEY_END,          AW_KEY_PGUP,     AW_KEY_PGDN,      AW_KEY_RIGHT, AW_KEY_CLICK,
        AW_KEY_F(3),         AW_KEY_DELETE,   AW_KEY_BACKSPACE, AW_KEY_CLICK, AW_KEY_CLICK,
        AW_KEY_DOUBLE_CLICK, AW_KEY_WHEEL_UP, AW_KEY_WHEEL_DOWN};
    enum { SPECIAL = sizeof special / sizeof *special };
    uint32_t seed = 11;
    (void)state;
    for (size_t i = 0; i < sizeof captures / sizeof *captures; i++) {
        struct show s;
        open_show(&s, captures[i], 80, 24);
        for (int n = 0; n < 3000; n++) {
            seed = seed * 1664525u + 1013904223u;
            const uint32_t r = seed >> 8;
            struct aw_event e = {.y = (int)(r >> 4) % 24, .x = (int)(r >> 9) % 80};
            e.key = r % 3 ? special[(r >> 3) % SPECIAL] : 0x20 + (r >> 3) % 0x5f;
            if (!aw_ui_event(s.ui, &e)) { /* it wants to leave: begin anew */
                close_show(&s);
                open_show(&s, captures[i], 80 + (int)(r % 50), 24 + (int)(r % 20));
            }
            settle(&s);
        }
        close_show(&s);
    }
}

/* A retry that came long after, or is not there (any more): looked for behind the screen. */
static void test_far_attempts(void **state)
{
    enum { BETWEEN = 50000 };
    static struct aw_exchange x;
    static struct aw_verdict v = {.cause = AW_CAUSE_CONTINUED, .severity = AW_SEV_OK};
    struct aw_config config;
    (void)state;
    aw_config_init(&config);
    const char *const source = "many.pcap";
    const struct aw_board_config c = {
        .source = &source, .source_count = 1, .memory = 64 << 20, .threshold = config.threshold};
    struct aw_board *board = aw_board_new(&c);
    for (uint64_t i = 1; i <= BETWEEN; i++) {
        char target[40];
        const bool linked = i == 1 || i == BETWEEN;
        (void)snprintf(target, sizeof target, "/number/%llu", (unsigned long long)i);
        x.id = x.conn.ord = i;
        x.at[AW_AT_REQ_FIRST] = (struct aw_mark){.ts = (aw_ns)i * AW_MS, .ord = i, .ref = i};
        x.text[AW_TEXT_TARGET] = (struct aw_span){(uint8_t *)target, strlen(target)};
        const struct aw_record rec = {.ex = &x,
                                      .verdict = &v,
                                      .chain_id = linked ? 1 : i,
                                      .attempt = i == BETWEEN ? 2 : 1,
                                      .attempts = linked ? 3 : 1};
        aw_board_record(board, &rec);
    }
    struct show s = {.board = board, .ui = aw_ui_new(board, NULL, NULL)};
    assert_true(aw_grid_size(&s.grid, 24, 80));
    static const struct {
        uint32_t key;
        const char *part;
    } table[] = {
        {'>', "sort: time"},    {AW_KEY_ENTER, "/number/1\n"}, {']', "/number/50000\n"},
        {'[', "/number/1\n"},   {'[', "No earlier attempt"},   {']', "/number/50000\n"},
        {']', "not among the"}, {AW_KEY_ESC, "Enter open"},    {'=', "not at hand any more"}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const struct aw_event e = {.key = table[i].key};
        assert_true(aw_ui_event(s.ui, &e));
        while (aw_ui_step(s.ui, 1000))
            ;
        aw_ui_draw(s.ui, &s.grid);
        char *text = screen_text(&s);
        if (!strstr(text, table[i].part)) fail_msg("%zu: no '%s' in\n%s", i, table[i].part, text);
        free(text);
    }
    aw_ui_free(s.ui);
    aw_board_free(board);
    aw_grid_fini(&s.grid);
}

static void test_small_windows(void **state)
{
    (void)state;
    for (int cols = 1; cols < 90; cols += 7) {
        for (int rows = 1; rows < 26; rows += 3) {
            struct show s;
            open_show(&s, "pcaps/refused-retry.pcap", cols, rows);
            send_keys(
                &s, "<Enter><Tab><Down>x<Esc><Tab><Tab><Tab><Tab>h<Esc>o<Esc>=<Esc>fa == <Esc>/b");
            close_show(&s);
        }
    }
}

/* An empty list says why, and what to do next. */
static void test_empty_screens(void **state)
{
    static const struct {
        const char *name;
        bool live, over;
        struct aw_stats stats;
        const char *why, *next;
    } table[] = {
        {"reading", false, false, {0}, "no exchange is over so far", ""},
        {"an empty file", false, true, {0}, "no packet in this capture", "capture again"},
        {"live, before the first packet", true, false, {0}, "No packet so far", "-D lists"},
        {"no TCP",
         false,
         true,
         {.packets = 7,
          .drop_kinds = 2,
          .drop = {{"none", "handed on", 0}, {"not-tcp", "neither TCP nor a tunnel", 7}}},
         "no TCP among them",
         "7 of them: neither TCP"},
        {"TLS alone",
         false,
         true,
         {.packets = 90, .segments = 80, .connections = 4, .tls_opaque = 3, .http2_opaque = 1},
         "no HTTP/1 in them",
         "where TLS ends"},
        {"without data",
         false,
         true,
         {.packets = 9, .segments = 9, .connections = 3, .empty = 3},
         "None of them carries any data",
         ""},
        {"another protocol",
         false,
         true,
         {.packets = 9, .segments = 9, .connections = 3},
         "another protocol",
         "no port has to be given"},
        {"HTTP under way",
         true,
         false,
         {.packets = 9, .segments = 9, .connections = 1, .http = 1},
         "no exchange of it is over",
         "Interface: eth0"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct aw_config config;
        aw_config_init(&config);
        const char *const source = "eth0";
        const struct aw_board_config c = {.source = &source,
                                          .source_count = 1,
                                          .live = table[i].live,
                                          .memory = 8 << 20,
                                          .threshold = config.threshold};
        struct show s = {.board = aw_board_new(&c)};
        s.ui = aw_ui_new(s.board, NULL, NULL);
        aw_board_stats(s.board, &table[i].stats);
        if (table[i].over) aw_board_over(s.board);
        assert_true(aw_grid_size(&s.grid, 24, 80));
        aw_ui_draw(s.ui, &s.grid);
        char *text = screen_text(&s);
        if (!strstr(text, table[i].why) || !strstr(text, table[i].next))
            fail_msg("%s:\n%s", table[i].name, text);
        free(text);
        aw_ui_free(s.ui);
        aw_board_free(s.board);
        aw_grid_fini(&s.grid);
    }
}

static void test_ascii(void **state)
{
    struct show s;
    (void)state;
    open_show(&s, "pcaps/busy-mixed.pcap", 120, 40);
    s.grid.ascii = true;
    settle(&s);
    static const char *const keys[] = {"", "<Enter>", "<Esc><Tab>", "h", "<Esc><Esc>fstatus <> 1"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        send_keys(&s, keys[i]);
        char *text = screen_text(&s);
        for (const char *p = text; *p; p++)
            if ((uint8_t)*p >= 0x80) fail_msg("a byte %02x in\n%s", (uint8_t)*p, text);
        free(text);
    }
    close_show(&s);
}

int main(void)
{
    setenv("TZ", "UTC", 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_screens),
        cmocka_unit_test(test_evidence_leads_to_its_arrow),
        cmocka_unit_test(test_sorts),
        cmocka_unit_test(test_what_is_counted_can_be_opened),
        cmocka_unit_test(test_click_chooses_and_opens),
        cmocka_unit_test(test_saves_what_is_marked),
        cmocka_unit_test(test_what_cannot_be_saved_is_said),
        cmocka_unit_test(test_typing_beyond_ascii),
        cmocka_unit_test(test_words_are_taken_away),
        cmocka_unit_test(test_columns),
        cmocka_unit_test(test_the_worst_stays_in_view),
        cmocka_unit_test(test_any_keys),
        cmocka_unit_test(test_far_attempts),
        cmocka_unit_test(test_small_windows),
        cmocka_unit_test(test_empty_screens),
        cmocka_unit_test(test_ascii),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
