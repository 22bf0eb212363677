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

/* Exchanges that differ in all by which they can be sorted. */
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
        const struct aw_record rec = {
            .ex = &x, .verdict = &v, .chain_id = x.id, .attempt = 1, .attempts = 1};
        aw_board_record(b, &rec);
    }
}

static void send_key(struct aw_ui *ui, uint32_t key)
{
    const struct aw_event e = {.key = key};
    (void)aw_ui_event(ui, &e);
}

/* As the terminal's loop does it: the key, a slice of work, the screen; then the rest. */
static void measure(struct aw_ui *ui, struct aw_grid *g, const char *name, const char *keys)
{
    enum { SLICE_ROWS = 2000 };
    for (const char *k = keys; k[0] && k[1]; k++)
        send_key(ui, (uint8_t)*k);
    const double begin = now_ms();
    send_key(ui, keys[strlen(keys) - 1] == '\n' ? AW_KEY_ENTER : (uint8_t)keys[strlen(keys) - 1]);
    bool more;
    do
        more = aw_ui_step(ui, SLICE_ROWS);
    while (more && now_ms() - begin < 6);
    aw_ui_draw(ui, g);
    const double shown = now_ms() - begin;
    double longest = 0;
    while (more) {
        const double at = now_ms();
        more = aw_ui_step(ui, SLICE_ROWS);
        if (now_ms() - at > longest) longest = now_ms() - at;
    }
    aw_ui_draw(ui, g);
    printf("%-28s %8.1f %8.0f %9.1f   %s\n", name, shown, now_ms() - begin, longest,
           shown <= 16 ? "within a frame" : "LATE");
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
    struct aw_ui *ui = board ? aw_ui_new(board, NULL, NULL) : NULL;
    struct aw_grid grid = {0};
    if (!ui || !aw_grid_size(&grid, 50, 200)) return 1;
    fill(board, rows);
    aw_board_over(board);
    while (aw_ui_step(ui, 100000))
        ;
    aw_ui_draw(ui, &grid);
    printf("%zu exchanges, %zu bytes a row, a screen of 200x50\n", rows, sizeof(struct aw_row));
    printf("%-28s %8s %8s %9s\n", "key", "shown ms", "done ms", "slice ms");
    measure(ui, &grid, "down", "j");
    measure(ui, &grid, "to the end", "G");
    measure(ui, &grid, "a page up", "\x02");
    measure(ui, &grid, "sort by time", ">");
    measure(ui, &grid, "sort by client", ">");
    measure(ui, &grid, "sort by server", ">");
    measure(ui, &grid, "sort by request", ">");
    measure(ui, &grid, "sort by status", ">");
    measure(ui, &grid, "the other way", "r");
    measure(ui, &grid, "filter status == 417", "fstatus == 417\n");
    measure(ui, &grid, "no filter", "u");
    measure(ui, &grid, "search, found late", "/77777");
    send_key(ui, AW_KEY_ESC);
    measure(ui, &grid, "search, found nowhere", "/nosuchthing");
    aw_ui_free(ui);
    aw_grid_fini(&grid);
    aw_board_free(board);
    return 0;
}
