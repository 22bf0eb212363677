/*
 * Text into cells: hostile bytes, wide and combining characters, cuts, wraps. And what is kept of a
 * head, and of settings.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "view/again.h"
#include "view/grid.h"
#include "view/settings.h"

static char *written(const struct aw_grid *g)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    aw_grid_write(g, out);
    fclose(out);
    return text;
}

static void test_puts(void **state)
{
    static const struct {
        const char *name, *in;
        int width;
        const char *out;
        bool ascii;
    } table[] = {
        {"plain", "abc", 10, "abc\n", false},
        {"cut", "abcdef", 4, "abc\u2026\n", false},
        {"fits", "abcd", 4, "abcd\n", false},
        {"escape sequence", "a\033[2Jb", 20, "a\\x1b[2Jb\n", false},
        {"bell and newline", "\a\n", 20, "\\x07\\x0a\n", false},
        {"C1", "\302\233", 20, "\\u{9b}\n", false},
        {"no UTF-8", "\xff\xfe", 20, "\\xff\\xfe\n", false},
        {"right to left override", "a\u202eb", 20, "a\\u{202e}b\n", false},
        {"wide", "\u65e5\u672c", 10, "\u65e5\u672c\n", false},
        {"wide, cut in its middle", "a\u65e5\u672cx", 5, "a\u65e5 \u2026\n", false},
        {"combining", "e\u0301x", 10, "e\u0301x\n", false},
        {"combining with nothing before", "\u0301x", 10, "x\n", false},
        {"an escape is never cut in two", "ab\a", 5, "ab  \u2026\n", false},
        {"ASCII alone", "a\u65e5", 20, "a\\u{65e5}\n", true},
        {"ASCII, cut", "abcdef", 4, "abc~\n", true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct aw_grid g = {.ascii = table[i].ascii};
        assert_true(aw_grid_size(&g, 1, 30));
        (void)aw_grid_put(&g, 0, 0, table[i].width, aw_str(table[i].in), AW_STYLE_PLAIN);
        char *text = written(&g);
        if (strcmp(text, table[i].out) != 0)
            fail_msg("%s: '%s' and not '%s'", table[i].name, text, table[i].out);
        free(text);
        aw_grid_fini(&g);
    }
}

/* Whatever we draw with has a stand-in where there is only ASCII; what has none is no drawing. */
static void test_drawn_in_ascii(void **state)
{
    static const char drawn[] = "\u2500\u2502\u250a\u251c\u2524\u250c\u2510\u2514\u2518\u252c\u2534"
                                "\u253c\u25b6\u25c0\u25b2\u25bc\u2022\u00b7\u25cf\u2192\u2190\u2588"
                                "\u2026\u2581\u2583\u2587\u2600";
    struct aw_grid g = {.ascii = true};
    (void)state;
    assert_true(aw_grid_size(&g, 1, 40));
    (void)aw_grid_str(&g, 0, 0, 40, drawn, AW_STYLE_PLAIN);
    char *text = written(&g);
    assert_string_equal(text, "-|:+++++++++><^v--*><#~.-%?\n");
    free(text);
    aw_grid_fini(&g);
}

/* Whatever bytes come, no cell holds what acts on a terminal, and nothing is written outside. */
static void test_all_bytes(void **state)
{
    uint32_t seed = 1;
    uint8_t bytes[64];
    struct aw_grid g = {0};
    (void)state;
    assert_true(aw_grid_size(&g, 3, 20));
    for (int round = 0; round < 20000; round++) {
        for (size_t i = 0; i < sizeof bytes; i++)
            bytes[i] = (uint8_t)((seed = seed * 1664525u + 1013904223u) >> 24);
        aw_grid_clear(&g);
        const struct aw_span s = {bytes, 1 + seed % sizeof bytes};
        const int used = aw_grid_put(&g, 1, (int)(seed >> 8) % 20, 1 + (int)(seed >> 16) % 20, s,
                                     AW_STYLE_PLAIN);
        assert_in_range(used, 0, 20);
        (void)aw_grid_wrap(&g, 0, 0, 10, 3, 0, 2, s, AW_STYLE_PLAIN);
        for (int i = 0; i < 60; i++) {
            const uint32_t c = g.cell[i].c;
            assert_false((c > 0 && c < 0x20) || (c >= 0x7f && c < 0xa0));
            if (c == 0) assert_true(i % 20 > 0 && g.cell[i - 1].c >= 0x1100);
        }
    }
    aw_grid_fini(&g);
}

static void test_wraps(void **state)
{
    struct aw_grid g = {0};
    (void)state;
    assert_true(aw_grid_size(&g, 4, 12));
    const int lines = aw_grid_wrap(&g, 0, 0, 12, 4, 0, 2, aw_str("one two three averyverylongword"),
                                   AW_STYLE_PLAIN);
    assert_int_equal(lines, 4);
    char *text = written(&g);
    assert_string_equal(text, "one two\n  three\n  averyveryl\n  ongword\n");
    free(text);
    aw_grid_fini(&g);
}

static void test_masks(void **state)
{
    static const struct {
        const char *name, *in, *out;
    } table[] = {
        {"credentials", "GET / HTTP/1.1\r\nAuthorization: Basic abc=\r\nHost: h\r\n\r\n",
         "GET / HTTP/1.1\r\nAuthorization: ***** ****\r\nHost: h\r\n\r\n"},
        {"a folded one", "GET / HTTP/1.1\r\ncookie : a\r\n b=c\r\nX: y\r\n\r\n",
         "GET / HTTP/1.1\r\ncookie : *\r\n ***\r\nX: y\r\n\r\n"},
        {"query parameters", "PUT /x?token=abc&d=e HTTP/1.1\r\n\r\n",
         "PUT /x?token=***&d=* HTTP/1.1\r\n\r\n"},
        {"answers", "HTTP/1.1 200 OK\r\nSet-Cookie: sid=1\r\nServer: x\r\n\r\n",
         "HTTP/1.1 200 OK\r\nSet-Cookie: *****\r\nServer: x\r\n\r\n"},
        {"cut in the middle", "GET / HTTP/1.1\r\nCookie: abc", "GET / HTTP/1.1\r\nCookie: ***"},
        {"nothing", "", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char buf[128];
        (void)snprintf(buf, sizeof buf, "%s", table[i].in);
        aw_again_mask((uint8_t *)buf, strlen(buf));
        if (strcmp(buf, table[i].out) != 0) fail_msg("%s: '%s'", table[i].name, buf);
    }
}

static void test_settings_come_back(void **state)
{
    struct aw_settings a, b;
    char *text = NULL, *again = NULL;
    size_t size;
    (void)state;
    aw_settings_init(&a);
    a.theme = AW_THEME_LIGHT;
    a.ascii = true;
    a.mouse = false;
    a.show = AW_SHOW_ALL;
    a.sort = AW_COL_STALL;
    a.down = false;
    a.column[3].shown = false;
    a.column[5].width = 44;
    const struct aw_column_setting moved = a.column[1];
    a.column[1] = a.column[9];
    a.column[9] = moved;
    FILE *out = open_memstream(&text, &size);
    aw_settings_write(&a, out);
    fclose(out);
    aw_settings_init(&b);
    assert_int_equal(aw_settings_read(&b, text), 0);
    out = open_memstream(&again, &size);
    aw_settings_write(&b, out);
    fclose(out);
    assert_string_equal(text, again);
    free(text);
    free(again);
    aw_settings_init(&b);
    assert_int_equal(aw_settings_read(&b, "theme pink\nfoo\ncolumn nose shown 3\nshow all HTTP\n"
                                          "column time hidden 900\ncolumn time shown 1\n"),
                     4);
    assert_int_equal(b.show, AW_SHOW_ALL);
    assert_false(b.column[0].shown);
    assert_int_equal(b.column[0].width, 0);
    unsigned seen = 0;
    for (unsigned i = 0; i < AW_COL_COUNT; i++)
        seen |= 1u << b.column[i].column;
    assert_int_equal(seen, (1u << AW_COL_COUNT) - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_puts),      cmocka_unit_test(test_drawn_in_ascii),
        cmocka_unit_test(test_all_bytes), cmocka_unit_test(test_wraps),
        cmocka_unit_test(test_masks),     cmocka_unit_test(test_settings_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
