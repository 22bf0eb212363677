/*
 * Every text of a record (by the list of record.h, so that none is forgotten) with every bad
 * string, through every view and every screen of the dashboard: what comes out is looked at as its
 * reader would (terminal, spreadsheet, JSON parser, browser, Markdown), never compared with what an
 * escaper should have made of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

#include "fixture.h"
#include "diagnose/diagnose.h"
#include "sink/line.h"
#include "sink/metrics.h"
#include "sink/streams.h"
#include "view/ui.h"

enum { LONG = 1 << 20 };

/* What they would do has "zz" in it, by which it is found again. */
static const struct {
    const char *name, *bytes;
    size_t len; /* 0: as a string */
} bad[] = {
    {"colours and title", "\x1b[31mzz\x1b]0;zz\x07", 0},
    {"C1 as UTF-8",
     "\xc2\x9b"
     "31mzz\xc2\x85",
     0},
    {"C1 as a byte",
     "\x9b"
     "31mzz",
     0},
    {"backspaces", "zz\b\b\x7f\x0b\x0c", 0},
    {"formula", "=zz|' /C calc'!A0", 0},
    {"formula, plus", "+zz", 0},
    {"formula, minus", "-zz+1", 0},
    {"formula, at", "@zz", 0},
    {"formula behind a tab", "\t=zz", 0},
    {"formula behind a carriage return", "\r=zz", 0},
    {"formula in a cell of its own", "a\",=zz,\"b", 0},
    {"element", "<zz src=x onerror=zz()>", 0},
    {"end of a script", "</zz></script><zz>", 0},
    {"attribute", "\"zz=\" 'zz='", 0},
    {"comment", "--><zz>]]><zz>", 0},
    {"entity", "&lt;zz&gt;&#60;zz", 0},
    {"link", "[zz](zz:zz) ![zz](zz:zz) <zz:zz>", 0},
    {"end of a cell and of code", "|zz`|``<zz>` [a](zz:zz)", 0},
    {"heading", "a\n# zz\n- zz\n> zz\n|zz|\n", 0},
    {"forged line", "ok\r\n{\"schema\":\"zz\"}\nzz,zz\n", 0},
    {"end of a string", "\",\"zz\":\"\\", 0},
    {"line separators", "a\xe2\x80\xa8zz\xe2\x80\xa9zz", 0},
    {"turned round", "\xe2\x80\xaezz\xe2\x81\xa6zz\xe2\x80\x8f", 0},
    {"no UTF-8", "\xff\xfe\xc3(zz\xe2\x82", 0},
    {"overlong", "\xc0\xbczz\xe0\x80\xbc\xf0\x80\x80\xbc", 0},
    {"surrogate", "\xed\xa0\x80zz\xf4\x90\x80\x80", 0},
    {"NUL", "a\0<zz>\0\n", 8},
};
enum { BAD = sizeof bad / sizeof *bad };

/* --- looking at what came out --- */

static const char *where; /* view, field and string, for messages */

/* The next character, or a failure where it is no valid UTF-8. */
static uint32_t next_char(const uint8_t **p, const uint8_t *end)
{
    const uint8_t *s = *p;
    const unsigned more = s[0] < 0x80 ? 0 : s[0] < 0xe0 ? 1 : s[0] < 0xf0 ? 2 : 3;
    uint32_t c = more == 0 ? s[0] : s[0] & (0x3fu >> more);
    if ((s[0] >= 0x80 && s[0] < 0xc2) || s[0] > 0xf4 || (size_t)(end - s) <= more)
        fail_msg("%s: no UTF-8", where);
    for (unsigned i = 1; i <= more; i++) {
        if ((s[i] & 0xc0) != 0x80) fail_msg("%s: no UTF-8", where);
        c = c << 6 | (s[i] & 0x3f);
    }
    *p = s + more + 1;
    return c;
}

/* ends: lines end with CR LF. */
static void no_control(struct aw_span out, bool ends)
{
    for (const uint8_t *p = out.p, *end = p + out.len; p < end;) {
        const uint32_t c = next_char(&p, end);
        if (c == '\r' && ends && p < end && *p == '\n') continue;
        if ((c < ' ' && c != '\n') || c == 0x7f) fail_msg("%s: control byte %02x", where, c);
        if ((c >= 0x80 && c < 0xa0) || c == 0x2028 || c == 0x2029)
            fail_msg("%s: control character %04x", where, c);
        if (c == 0x200e || c == 0x200f || c == 0x61c || (c >= 0x202a && c <= 0x202e) ||
            (c >= 0x2066 && c <= 0x2069))
            fail_msg("%s: turned round by %04x", where, c);
    }
}

static size_t lines(struct aw_span out)
{
    size_t n = 0;
    for (size_t i = 0; i < out.len; i++)
        n += out.p[i] == '\n';
    return n;
}

static bool at(struct aw_span out, size_t i, const char *word)
{
    const size_t n = strlen(word);
    return n <= out.len - i && memcmp(out.p + i, word, n) == 0;
}

static void judge_json(struct aw_span out, bool one_line)
{
    no_control(out, false);
    json_error_t error;
    json_t *doc =
        json_loadb((const char *)out.p, out.len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
    if (!doc) fail_msg("%s: %s", where, error.text);
    if (json_object_get(doc, "zz")) fail_msg("%s: a member of its own", where);
    json_decref(doc);
    if (one_line) assert_int_equal(lines(out), 1);
}

static void judge_csv(struct aw_span out)
{
    no_control(out, true);
    size_t cells[3] = {0}, row = 0;
    for (size_t i = 0; i < out.len; row++) {
        if (row == 2) fail_msg("%s: a row of its own", where);
        for (bool more = true; more;) {
            cells[row]++;
            const bool quoted = out.p[i] == '"';
            const size_t from = i += quoted;
            const bool number =
                from + 1 < out.len && out.p[from + 1] >= '0' && out.p[from + 1] <= '9';
            if (strchr("=+@\t\r", out.p[from]) || (out.p[from] == '-' && !number))
                fail_msg("%s: a cell begins with %c", where, out.p[from]);
            while (quoted && !(out.p[i] == '"' && out.p[i + 1] != '"'))
                i += out.p[i] == '"' ? 2 : 1;
            i += quoted;
            while (out.p[i] != ',' && out.p[i] != '\r') {
                if (quoted || out.p[i] == '"') fail_msg("%s: quotes out of place", where);
                i++;
            }
            more = out.p[i] == ',';
            i += more ? 1 : 2; /* CR LF */
        }
    }
    assert_int_equal(row, 2);
    assert_int_equal(cells[0], cells[1]);
}

static void judge_html(struct aw_span out)
{
    no_control(out, false);
    for (size_t i = 0; i < out.len; i++)
        if (at(out, i, "<zz") || at(out, i, "</zz") || at(out, i, "\"zz=") || at(out, i, "'zz="))
            fail_msg("%s: markup: %.40s", where, (const char *)out.p + i);
}

/* Length of the code span that begins at i, 0 where none does. */
static size_t code_at(struct aw_span out, size_t i)
{
    size_t ticks = 0;
    while (i + ticks < out.len && out.p[i + ticks] == '`')
        ticks++;
    for (size_t k = i + ticks, run = 0; ticks && k < out.len && out.p[k] != '\n'; k++) {
        run = out.p[k] == '`' ? run + 1 : 0;
        if (run == ticks && (k + 1 == out.len || out.p[k + 1] != '`')) return k + 1 - i;
        if (run > ticks) /* another length: passed over as a whole */
            while (k + 1 < out.len && out.p[k + 1] == '`')
                k++;
    }
    return 0;
}

static void judge_md(struct aw_span out)
{
    no_control(out, false);
    bool fenced = false;
    for (size_t i = 0; i < out.len; i++) {
        const bool begins = i == 0 || out.p[i - 1] == '\n';
        if (begins && at(out, i, "```")) fenced = !fenced;
        if (begins &&
            (at(out, i, "# zz") || at(out, i, "- zz") || at(out, i, "> zz") || at(out, i, "|zz|")))
            fail_msg("%s: a block of its own", where);
        if (fenced) continue;
        const size_t code = out.p[i] == '`' ? code_at(out, i) : 0;
        if (code) {
            i += code - 1;
        } else if (out.p[i] == '\\') {
            i++;
        } else if (at(out, i, "<zz") || at(out, i, "</zz") || at(out, i, "](zz")) {
            fail_msg("%s: markup: %.40s", where, (const char *)out.p + i);
        }
    }
}

/* --- all views --- */

static void judge(const char *view, struct aw_span out)
{
    assert_true(out.len > 0);
    if (strcmp(view, "json") == 0 || strcmp(view, "har") == 0)
        judge_json(out, false);
    else if (strcmp(view, "ndjson") == 0)
        judge_json(out, true);
    else if (strcmp(view, "csv") == 0)
        judge_csv(out);
    else if (strcmp(view, "html") == 0)
        judge_html(out);
    else if (strcmp(view, "md") == 0)
        judge_md(out);
    else
        no_control(out, false);
    if (strcmp(view, "line") == 0) assert_int_equal(lines(out), 2);
}

static void write_view(const char *view, struct aw_out *o, struct fixture *f)
{
    if (strcmp(view, "line") == 0) {
        struct aw_line *l = aw_line_new(o, &f->run);
        assert_non_null(l);
        aw_line_record(l, &f->rec);
        aw_line_waiting(l, &f->ex, AW_SEC);
        aw_line_free(l);
    } else if (strcmp(view, "metrics") == 0) {
        aw_metrics_text(o, &f->run);
    } else {
        const struct aw_format *format = aw_format_find(view);
        assert_non_null(format);
        struct aw_report *r = format->open(o, &f->run);
        assert_non_null(r);
        format->record(r, &f->rec);
        format->finish(r);
        format->close(r);
    }
}

static void all_views(struct fixture *f, const char *what)
{
    static const char *const views[] = {"text", "json", "ndjson", "csv",    "html",
                                        "md",   "har",  "line",   "metrics"};
    f->run.summary = aw_summary_new(NULL);
    assert_non_null(f->run.summary);
    aw_summary_add(f->run.summary, &f->rec);
    for (size_t i = 0; i < sizeof views / sizeof *views; i++) {
        char name[200];
        snprintf(name, sizeof name, "%s: %s", views[i], what);
        where = name;
        struct aw_out *o = aw_out_memory();
        assert_non_null(o);
        write_view(views[i], o, f);
        judge(views[i], aw_out_bytes(o));
        assert_int_equal(aw_out_close(o, true), 0);
    }
    aw_summary_free(f->run.summary);
}

/* The dashboard, with the record's heads as well: made of the same bytes as the target. */
static struct aw_detail *detail_of(const struct fixture *f)
{
    struct aw_detail *d = aw_detail_copy(&f->rec);
    assert_non_null(d);
    const struct aw_span s = f->ex.text[AW_TEXT_TARGET];
    for (unsigned i = 0; i < AW_HEADS; i++) {
        uint8_t *copy = malloc(s.len + 1);
        assert_non_null(copy);
        memcpy(copy, s.p, s.len);
        d->head[i] = (struct aw_span){copy, s.len};
    }
    return d;
}

struct watched {
    const struct fixture *f;
    struct aw_ui *ui;
    uint64_t number;
    bool wanted;
};
static void on_wanted(void *ctx, uint64_t number, const struct aw_row *row)
{
    struct watched *w = ctx;
    (void)row;
    w->number = number;
    w->wanted = true;
}

static unsigned shown; /* screens that have any of it on them */

static void judge_screen(struct watched *w, struct aw_grid *g)
{
    while (aw_ui_step(w->ui, 1000))
        ;
    if (w->wanted) aw_ui_give(w->ui, w->number, detail_of(w->f), "");
    w->wanted = false;
    aw_ui_draw(w->ui, g);
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    aw_grid_write(g, out);
    assert_int_equal(fclose(out), 0);
    no_control((struct aw_span){(const uint8_t *)text, size}, false);
    shown += strstr(text, "zz") != NULL;
    free(text);
}

static void all_screens(const struct fixture *f, const char *what)
{
    enum { TABS = 8 };
    char name[200];
    snprintf(name, sizeof name, "dashboard: %s", what);
    where = name;
    const struct aw_board_config config = {.source = f->run.files,
                                           .source_count = (unsigned)f->run.file_count,
                                           .again = true,
                                           .memory = 8 << 20,
                                           .threshold = f->config.threshold};
    struct aw_board *board = aw_board_new(&config);
    assert_non_null(board);
    aw_board_record(board, &f->rec);
    aw_board_stats(board, &f->stats);
    aw_board_over(board);
    struct watched w = {.f = f};
    const struct aw_ui_calls calls = {.ctx = &w, .detail = on_wanted};
    w.ui = aw_ui_new(board, NULL, &calls);
    assert_non_null(w.ui);
    struct aw_grid g = {.rows = 0};
    assert_true(aw_grid_size(&g, 60, 200));
    judge_screen(&w, &g);
    for (unsigned tab = 0; tab < TABS; tab++) { /* each screen, and what Enter leads to from it */
        (void)aw_ui_event(w.ui, &(struct aw_event){.key = AW_KEY_ENTER});
        judge_screen(&w, &g);
        judge_screen(&w, &g); /* with what was asked for */
        (void)aw_ui_event(w.ui, &(struct aw_event){.key = AW_KEY_ESC});
        (void)aw_ui_event(w.ui, &(struct aw_event){.key = AW_KEY_TAB});
        judge_screen(&w, &g);
    }
    aw_ui_free(w.ui);
    aw_board_free(board);
    aw_grid_fini(&g);
}

static struct aw_span bad_span(size_t i)
{
    const size_t len = bad[i].len ? bad[i].len : strlen(bad[i].bytes);
    return (struct aw_span){(const uint8_t *)bad[i].bytes, len};
}

static void prepare(struct fixture *f, bool secrets)
{
    fixture_init(f);
    f->run.show_secrets = secrets;
    f->stats.packets = 6;
    f->stats.exchanges = f->stats.expectation = f->stats.failing = 1;
}

static void each_text(void **state)
{
    (void)state;
    static struct fixture f;
    for (size_t i = 0; i < BAD; i++) {
        for (unsigned field = 0; field <= AW_TEXT_COUNT; field++) {
            prepare(&f, field % 2);
            for (unsigned k = 0; k < AW_TEXT_COUNT; k++) /* the last round: all at once */
                if (k == field || field == AW_TEXT_COUNT) f.ex.text[k] = bad_span(i);
            char what[100];
            snprintf(what, sizeof what, "text %u: %s", field, bad[i].name);
            all_views(&f, what);
        }
    }
}

static void each_text_on_screen(void **state)
{
    (void)state;
    static struct fixture f;
    for (size_t i = 0; i < BAD; i++) {
        prepare(&f, i % 2);
        for (unsigned k = 0; k < AW_TEXT_COUNT; k++)
            f.ex.text[k] = bad_span(i);
        shown = 0;
        all_screens(&f, bad[i].name);
        if (shown == 0) fail_msg("%s: not on any screen", bad[i].name);
    }
}

/* What the rules make of such texts: sentences and fixes that quote them. */
static void judged(void **state)
{
    (void)state;
    static struct fixture f;
    int64_t threshold[AW_T_COUNT];
    for (unsigned i = 0; i < AW_T_COUNT; i++)
        threshold[i] = aw_threshold_default((enum aw_threshold)i);
    unsigned quoted = 0;
    for (size_t i = 0; i < BAD; i++) {
        for (unsigned round = 0; round < 4; round++) {
            prepare(&f, round % 2);
            for (unsigned k = 0; k < AW_TEXT_COUNT; k++)
                f.ex.text[k] = bad_span(i);
            if (round >= 2) f.ex.req |= AW_REQ_EXPECT_OTHER | AW_REQ_EXPECT_MALFORMED;
            const struct aw_case c = {
                .self = &f.ex, .input_left = AW_NS_NONE, .retry_window_open = true};
            aw_diagnose(&c, threshold, NULL, &f.verdict);
            assert_true(f.verdict.evidence_count > 0);
            for (unsigned e = 0; e < f.verdict.evidence_count; e++)
                quoted += strstr(f.verdict.evidence[e].text, "zz") != NULL;
            char what[100];
            snprintf(what, sizeof what, "judged: %s", bad[i].name);
            all_views(&f, what);
            all_screens(&f, what);
        }
    }
    assert_true(quoted > 0);
}

/* A verdict's sentences quote the wire: control bytes are not in them, all else may be. */
static void evidence(void **state)
{
    (void)state;
    static struct fixture f;
    for (size_t i = 0; i < BAD; i++) {
        if (bad[i].len) continue;
        bool clean = true;
        for (const char *c = bad[i].bytes; *c; c++)
            clean = clean && (unsigned char)*c >= ' ' && (unsigned char)*c < 0x7f;
        if (!clean) continue;
        prepare(&f, false);
        f.verdict.evidence[0].text = bad[i].bytes;
        all_views(&f, bad[i].name);
    }
}

static void input_names(void **state)
{
    (void)state;
    static struct fixture f;
    for (size_t i = 0; i < BAD; i++) {
        if (bad[i].len) continue;
        prepare(&f, false);
        const char *const files[] = {bad[i].bytes, bad[i].bytes};
        f.run.files = files;
        all_views(&f, bad[i].name);
    }
}

static void a_mebibyte(void **state)
{
    (void)state;
    static const unsigned fields[] = {AW_TEXT_TARGET, AW_TEXT_HOST, AW_TEXT_USER_AGENT,
                                      AW_TEXT_SERVER};
    static const char *const units[] = {"<zz>", "\x1b", "`", "\"", "\xe2\x80\xae", "a?b=c&"};
    static struct fixture f;
    char *bytes = malloc(LONG);
    assert_non_null(bytes);
    for (size_t u = 0; u < sizeof units / sizeof *units; u++) {
        const size_t n = strlen(units[u]), len = LONG / n * n;
        for (size_t i = 0; i < len; i += n)
            memcpy(bytes + i, units[u], n);
        for (size_t k = 0; k < sizeof fields / sizeof *fields; k++) {
            prepare(&f, k % 2);
            f.ex.text[fields[k]] = (struct aw_span){(const uint8_t *)bytes, len};
            all_views(&f, "a mebibyte");
        }
    }
    free(bytes);
}

/* The index of --streams: nothing that a connection carried is in it. */
static void streams_index(void **state)
{
    (void)state;
    char base[] = "/tmp/await100-hostile.XXXXXX", path[80], err[256] = "", text[8192];
    assert_non_null(mkdtemp(base));
    struct aw_streams *s = aw_streams_open(base, err, sizeof err);
    assert_non_null(s);
    static struct fixture f;
    fixture_init(&f);
    aw_off off = 0;
    for (size_t i = 0; i < BAD; i++) {
        const struct aw_span b = bad_span(i);
        const struct aw_stream_piece piece = {
            .conn_ord = 1, .dir = AW_C2S, .off = off, .data = b.p, .len = b.len};
        aw_streams_piece(s, &f.ex.conn, &piece);
        off += (aw_off)b.len;
    }
    aw_streams_connection(s, 3, 1);
    assert_int_equal(aw_streams_finish(s, err, sizeof err), 0);
    (void)snprintf(path, sizeof path, "%s/index.tsv", base);
    FILE *index = fopen(path, "rb");
    assert_non_null(index);
    const size_t n = fread(text, 1, sizeof text, index);
    assert_int_equal(fclose(index), 0);
    assert_true(n > 0);
    assert_int_equal(lines((struct aw_span){(const uint8_t *)text, n}), 2);
    for (size_t i = 0; i < n; i++)
        assert_true((text[i] >= ' ' && text[i] < 0x7f) || text[i] == '\n' || text[i] == '\t');
    assert_null(memmem(text, n, "zz", 2));
    (void)snprintf(path, sizeof path, "rm -r '%s'", base);
    assert_int_equal(system(path), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_text),  cmocka_unit_test(each_text_on_screen),
        cmocka_unit_test(judged),     cmocka_unit_test(streams_index),
        cmocka_unit_test(evidence),   cmocka_unit_test(input_names),
        cmocka_unit_test(a_mebibyte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
