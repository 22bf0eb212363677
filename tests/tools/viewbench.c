/*
 * How fast the dashboard answers with a million exchanges: viewbench [ROWS]. Prints, for each key,
 * the time until the screen shows its answer (limit: a frame of 16 ms) and until all of its work is
 * done behind it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "view/ui.h"

static double now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static struct aw_span text(const char *s)
{
    return (struct aw_span){(const uint8_t *)s, strlen(s)};
}

/* Exchanges that differ in all by which they can be sorted; each second one is the retry of the one
 * before, and the last that of the first, as far away as can be. */
static void fill(struct aw_board *b, size_t rows)
{
    static struct aw_exchange x;
    static struct aw_verdict v;
    char target[64], host[64];
    uint32_t seed = 1;
    for (size_t i = 0; i < rows; i++) {
        seed = seed * 1664525u + 1013904223u;
        memset(&x, 0, sizeof x);
        x.id = i + 1;
        x.conn.ord = i + 1;
        x.nth = 1;
        x.req = AW_REQ_EXPECT;
        x.status = (uint16_t)(seed % 7 == 0 ? 417 : 200 + seed % 5);
        x.conn.addr[AW_C2S].b[0] = 10;
        x.conn.addr[AW_C2S].b[3] = (uint8_t)(seed >> 8);
        x.conn.addr[AW_S2C].b[0] = 192;
        x.conn.port[AW_C2S] = (uint16_t)(seed >> 12);
        x.conn.port[AW_S2C] = 80;
        x.at[AW_AT_REQ_FIRST] =
            (struct aw_mark){.ts = (aw_ns)i * AW_MS, .ord = i + 1, .ref = i + 1};
        x.at[AW_AT_END] =
            (struct aw_mark){.ts = (aw_ns)i * AW_MS + seed % 1000000, .ord = i + 2, .ref = i + 2};
        (void)snprintf(target, sizeof target, "/upload/of/some/depth/%u", seed);
        (void)snprintf(host, sizeof host, "host-%u.example.com", seed % 500);
        x.text[AW_TEXT_METHOD] = text("PUT");
        x.text[AW_TEXT_TARGET] = text(target);
        x.text[AW_TEXT_HOST] = text(host);
        x.text[AW_TEXT_USER_AGENT] = text("curl/8.5.0");
        memset(&v, 0, offsetof(struct aw_verdict, text) + 1);
        v.cause = seed % 7 == 0 ? AW_CAUSE_EXPECT_REFUSED : AW_CAUSE_CONTINUED;
        v.severity = AW_SEV_OK; /* so that no whole record is kept: rows are what is measured */
        v.cost.stall = seed % 5000000;
        const bool ends = i == 0 || i == rows - 1;
        const struct aw_record rec = {.ex = &x,
                                      .verdict = &v,
                                      .chain_id = ends ? rows + 1 : i / 2,
                                      .attempt = i == 0 ? 1
                                                 : ends ? 2
                                                        : 1 + i % 2,
                                      .attempts = 2};
        aw_board_record(b, &rec);
    }
}

static void send_key(struct aw_ui *ui, uint32_t key)
{
    const struct aw_event e = {.key = key};
    (void)aw_ui_event(ui, &e);
}

static uint32_t key_of(char c)
{
    return c == '\n' ? AW_KEY_ENTER : c == '\t' ? AW_KEY_TAB : (uint8_t)c;
}

enum { PASSES = 5, KEYS = 40, SLICE_ROWS = 2000 };
struct times {
    const char *name;
    double shown[PASSES], done[PASSES], slice[PASSES];
};
struct bench {
    struct aw_ui *ui;
    struct aw_grid grid;
    struct times times[KEYS];
    int pass, at;
};

/* As the terminal's loop does it: the key, a slice of work, the screen; then the rest. The last of
 * `keys` is what is measured. */
static void measure(struct bench *b, const char *name, const char *keys)
{
    const char *k = keys;
    for (; k[0] && k[1]; k++) {
        send_key(b->ui, key_of(*k));
        while (aw_ui_step(b->ui, SLICE_ROWS))
            ;
    }
    const double begin = now_ms();
    send_key(b->ui, key_of(*k));
    bool more;
    do
        more = aw_ui_step(b->ui, SLICE_ROWS);
    while (more && now_ms() - begin < 6);
    aw_ui_draw(b->ui, &b->grid);
    const double shown = now_ms() - begin;
    double longest = 0;
    while (more) {
        const double at = now_ms();
        more = aw_ui_step(b->ui, SLICE_ROWS);
        if (now_ms() - at > longest) longest = now_ms() - at;
    }
    aw_ui_draw(b->ui, &b->grid);
    struct times *t = &b->times[b->at++];
    t->name = name;
    t->shown[b->pass] = shown;
    t->done[b->pass] = now_ms() - begin;
    t->slice[b->pass] = longest;
}

static void one_pass(struct bench *b)
{
    b->at = 0;
    measure(b, "down", "j");
    measure(b, "to the end", "G");
    measure(b, "a page up", "\x02");
    measure(b, "sort by time", ">");
    measure(b, "first to last attempt", "g\n]");
    send_key(b->ui, AW_KEY_ESC);
    measure(b, "open an exchange", "gjj\n");
    measure(b, "its retry", "]");
    send_key(b->ui, AW_KEY_ESC);
    measure(b, "compare with its retry", "=");
    send_key(b->ui, AW_KEY_ESC);
    measure(b, "causes", "\t");
    measure(b, "servers", "\t");
    send_key(b->ui, AW_KEY_ESC);
    measure(b, "sort by client", ">");
    measure(b, "sort by server", ">");
    measure(b, "sort by request", ">");
    measure(b, "sort by status", ">");
    measure(b, "the other way", "r");
    measure(b, "filter status == 417", "fstatus == 417\n");
    measure(b, "no filter", "u");
    measure(b, "search, found late", "/77777");
    send_key(b->ui, AW_KEY_ESC);
    measure(b, "search, found nowhere", "/nosuchthing");
    send_key(b->ui, AW_KEY_ESC);
    measure(b, "what to save", "s");
}

static int by_value(const void *pa, const void *pb)
{
    const double a = *(const double *)pa, b = *(const double *)pb;
    return a < b ? -1 : a > b;
}

static double median(double v[PASSES])
{
    qsort(v, PASSES, sizeof *v, by_value);
    return v[PASSES / 2];
}

int main(int argc, char **argv)
{
    const size_t rows = argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : 1000000;
    struct aw_config config;
    aw_config_init(&config);
    const char *const source = "bench";
    const struct aw_board_config c = {.source = &source,
                                      .source_count = 1,
                                      .memory = (size_t)256 << 20,
                                      .threshold = config.threshold};
    struct aw_board *board = aw_board_new(&c);
    static struct bench b;
    if (!board || !aw_grid_size(&b.grid, 50, 200)) return 1;
    fill(board, rows);
    aw_board_over(board);
    for (b.pass = 0; b.pass < PASSES; b.pass++) {
        b.ui = aw_ui_new(board, NULL, NULL);
        if (!b.ui) return 1;
        while (aw_ui_step(b.ui, 100000))
            ;
        aw_ui_draw(b.ui, &b.grid);
        one_pass(&b);
        aw_ui_free(b.ui);
    }
    printf("%zu exchanges, %zu bytes a row, a screen of 200x50, medians of %d\n", rows,
           sizeof(struct aw_row), PASSES);
    printf("%-28s %8s %8s %9s\n", "key", "shown ms", "done ms", "slice ms");
    for (int i = 0; i < b.at; i++) {
        struct times *t = &b.times[i];
        const double shown = median(t->shown);
        printf("%-28s %8.1f %8.0f %9.1f   %s\n", t->name, shown, median(t->done), median(t->slice),
               shown <= 16 ? "within a frame" : "LATE");
    }
    aw_grid_fini(&b.grid);
    aw_board_free(board);
    return 0;
}
