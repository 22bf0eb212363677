/* The escapers for HTML, Markdown and CSV: one table, hostile values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sink/markup.h"

static void html(struct aw_out *o, struct aw_span s)
{
    aw_out_html(o, s, 0);
}
static void html_of_six(struct aw_out *o, struct aw_span s)
{
    aw_out_html(o, s, 6);
}

static const struct {
    const char *name;
    void (*write)(struct aw_out *o, struct aw_span s);
    const char *in, *out;
} rows[] = {
    {"html: plain", html, "PUT /x", "PUT /x"},
    {"html: markup", html, "<a href=\"x\" title='y'>&amp;",
     "&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;amp;"},
    {"html: control bytes", html, "a\x1b[31m\r\n\x7f", "a\\x1b[31m\\x0d\\x0a\\x7f"},
    {"html: bad UTF-8", html, "\xff\xc3", "\\xff\\xc3"},
    {"html: text that turns round", html, "\xe2\x80\xae", "\\u{202e}"},
    {"html: UTF-8", html, "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"},
    {"html: cut by characters, not inside an entity", html_of_six, "<<<<<<<",
     "&lt;&lt;&lt;&lt;&lt;&lt;..."},
    {"html: just short enough", html_of_six, "<<<<<<", "&lt;&lt;&lt;&lt;&lt;&lt;"},

    {"md: plain, to be copied", aw_out_markdown, "curl -H 'Expect:' (libcurl: x.y)",
     "curl -H 'Expect:' (libcurl: x.y)"},
    {"md: emphasis and code", aw_out_markdown, "*a* _b_ `c` ~~d~~",
     "\\*a\\* \\_b\\_ \\`c\\` \\~\\~d\\~\\~"},
    {"md: HTML", aw_out_markdown, "<b>&lt;", "&lt;b\\>&amp;lt;"},
    {"md: link and image", aw_out_markdown, "![x](y)", "\\!\\[x\\](y)"},
    {"md: bare address", aw_out_markdown, "http://e www.e", "http:&#8288;//e www.&#8288;e"},
    {"md: mention and reference", aw_out_markdown, "@all #1", "\\@&#8288;all \\#&#8288;1"},
    {"md: the end of a cell", aw_out_markdown, "a|b\\|c", "a\\|b\\\\\\|c"},
    {"md: a line of its own", aw_out_markdown, "a\n# b", "a\\\\x0a\\#&#8288; b"},

    {"code: plain", aw_out_code, "<b>*x*", "`<b>*x*`"},
    {"code: backticks", aw_out_code, "a``b`", "``` a``b` ```"},
    {"code: the end of a cell", aw_out_code, "a|b",
     "`a\xc2\xa6"
     "b`"},
    {"code: nothing", aw_out_code, "", ""},

    {"csv: plain", aw_out_csv, "abc", "abc"},
    {"csv: comma, quote", aw_out_csv, "a,\"b\"", "\"a,\"\"b\"\"\""},
    {"csv: a line of its own", aw_out_csv, "a\r\nb", "a\\x0d\\x0ab"},
    {"csv: formula", aw_out_csv, "=1+1", "\"'=1+1\""},
    {"csv: plus", aw_out_csv, "+1", "\"'+1\""},
    {"csv: minus", aw_out_csv, "-1", "\"'-1\""},
    {"csv: at", aw_out_csv, "@SUM(1)", "\"'@SUM(1)\""},
    {"csv: behind blanks", aw_out_csv, " \t=1", "\"' \\x09=1\""},
    {"csv: tab", aw_out_csv, "\t", "\"'\\x09\""},
    {"csv: full-width equals", aw_out_csv,
     "\xef\xbc\x9d"
     "1",
     "\"'\xef\xbc\x9d"
     "1\""},
    {"csv: sign inside", aw_out_csv, "a=1", "a=1"},
};

static void escapes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct aw_out *o = aw_out_memory();
        rows[i].write(o, (struct aw_span){(const uint8_t *)rows[i].in, strlen(rows[i].in)});
        const struct aw_span got = aw_out_bytes(o);
        if (got.len != strlen(rows[i].out) || memcmp(got.p, rows[i].out, got.len) != 0)
            fail_msg("%s: '%.*s', not '%s'", rows[i].name, (int)got.len, (const char *)got.p,
                     rows[i].out);
        assert_int_equal(aw_out_close(o, true), 0);
    }
}

static void absent_is_empty_in_csv(void **state)
{
    (void)state;
    struct aw_out *o = aw_out_memory();
    aw_out_csv(o, (struct aw_span){NULL, 0});
    assert_int_equal(aw_out_bytes(o).len, 0);
    assert_int_equal(aw_out_close(o, true), 0);
}

/* Every byte in every place: no format lets one through that its reader takes for more than text.
 */
static void no_byte_acts(void **state)
{
    (void)state;
    for (unsigned b = 0; b < 256; b++) {
        const uint8_t text[3] = {(uint8_t)b, 'x', (uint8_t)b};
        const struct aw_span s = {text, sizeof text};
        struct aw_out *o = aw_out_memory();
        aw_out_html(o, s, 0);
        aw_out_markdown(o, s);
        aw_out_code(o, s);
        aw_out_csv(o, s);
        const struct aw_span got = aw_out_bytes(o);
        for (size_t i = 0; i < got.len; i++)
            if (got.p[i] < 0x20 || got.p[i] >= 0x7f)
                if (got.p[i] != 0xc2 && got.p[i] != 0xa6) fail_msg("byte %02x gets through", b);
        aw_out_reset(o);
        aw_out_html(o, s, 0);
        const struct aw_span page = aw_out_bytes(o);
        for (size_t i = 0; i < page.len; i++)
            if (strchr("<>\"'", (char)page.p[i])) fail_msg("byte %02x is markup", b);
        assert_int_equal(aw_out_close(o, true), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(escapes),
        cmocka_unit_test(absent_is_empty_in_csv),
        cmocka_unit_test(no_byte_acts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
