/*
 * HTML, Markdown and CSV. Each walks the glyphs that a terminal would be shown, so that control
 * bytes, bidirectional controls and broken UTF-8 are harmless and visible everywhere alike.
 */
#include "sink/markup.h"

#include <string.h>
#include <strings.h>

#include "sink/out_buf.h"
#include "sink/utf8.h"

/* --- HTML --- */

static void put_html(struct aw_out *o, const struct aw_glyph *g)
{
    const char *entity = NULL;
    if (g->len == 1) {
        switch (g->text[0]) {
        case '&':
            entity = "&amp;";
            break;
        case '<':
            entity = "&lt;";
            break;
        case '>':
            entity = "&gt;";
            break;
        case '"':
            entity = "&quot;";
            break;
        case '\'':
            entity = "&#39;";
            break;
        default:
            break;
        }
    }
    if (entity)
        aw_out_str(o, entity);
    else
        aw_out_write(o, g->text, g->len);
}

void aw_out_html(struct aw_out *o, struct aw_span s, size_t most)
{
    unsigned marks = AW_GLYPH_MARKS;
    size_t count = 0;
    for (size_t at = 0; at < s.len; count++) {
        if (most && count == most) {
            aw_out_str(o, "...");
            return;
        }
        const struct aw_glyph g = aw_glyph_at(o, s.p + at, s.len - at, &marks);
        put_html(o, &g);
        at += g.used;
    }
}

/* --- Markdown --- */

/* Trackers look for addresses, mentions and references in the finished text, where no backslash
 * helps: a word joiner ends them without being seen. Plain text keeps none, so that commands can be
 * copied. */
static bool begins_link(struct aw_span s, size_t at)
{
    const size_t left = s.len - at;
    const uint8_t *p = s.p + at;
    return p[0] == '@' || p[0] == '#' || (p[0] == ':' && left > 2 && memcmp(p, "://", 3) == 0) ||
           (p[0] == '.' && at >= 3 && strncasecmp((const char *)p - 3, "www", 3) == 0);
}

void aw_out_markdown(struct aw_out *o, struct aw_span s)
{
    unsigned marks = AW_GLYPH_MARKS;
    for (size_t at = 0; at < s.len;) {
        const struct aw_glyph g = aw_glyph_at(o, s.p + at, s.len - at, &marks);
        for (size_t i = 0; i < g.len; i++) {
            const char c = g.text[i];
            if (c == '<')
                aw_out_str(o, "&lt;"); /* some strip tags before they look at backslashes */
            else if (c == '&')
                aw_out_str(o, "&amp;");
            else if (c != '\0' && strchr("\\`*_{}[]>#|~!$@", c))
                aw_out_write(o, (char[]){'\\', c}, 2);
            else
                aw_out_write(o, &c, 1);
        }
        if (begins_link(s, at)) aw_out_str(o, "&#8288;");
        at += g.used;
    }
}

void aw_out_code(struct aw_out *o, struct aw_span s)
{
    if (s.len == 0) return; /* there is no empty code span */
    size_t run = 0, longest = 0;
    for (size_t i = 0; i < s.len; i++) {
        run = s.p[i] == '`' ? run + 1 : 0;
        if (run > longest) longest = run;
    }
    for (size_t i = 0; i <= longest; i++)
        aw_out_write(o, "`", 1);
    if (longest) aw_out_write(o, " ", 1);
    unsigned marks = AW_GLYPH_MARKS;
    for (size_t at = 0; at < s.len;) {
        const struct aw_glyph g = aw_glyph_at(o, s.p + at, s.len - at, &marks);
        /* In a table a bar ends the cell even here, and a backslash before it is taken away; where
         * one stood before the bar already, the pair would not do: so a bar becomes its like. */
        if (g.len == 1 && g.text[0] == '|')
            aw_out_str(o, "\xc2\xa6");
        else
            aw_out_write(o, g.text, g.len);
        at += g.used;
    }
    if (longest) aw_out_write(o, " ", 1);
    for (size_t i = 0; i <= longest; i++)
        aw_out_write(o, "`", 1);
}

/* --- CSV --- */

/* The first character that is no blank makes spreadsheets calculate. Some take the full-width forms
 * as well. */
static bool is_formula(struct aw_span s)
{
    size_t at = 0, used;
    while (at < s.len && (s.p[at] == ' ' || (s.p[at] >= '\t' && s.p[at] <= '\r')))
        at++;
    if (at == s.len) return at > 0 && s.p[0] != ' ';
    switch (aw_utf8_next(s.p + at, s.len - at, &used)) {
    case '=':
    case '+':
    case '-':
    case '@':
    case '|':
    case '%':
    case 0x2212: /* minus sign */
    case 0xff0b: /* full-width plus, minus, equals, at */
    case 0xff0d:
    case 0xff1d:
    case 0xff20:
        return true;
    default:
        return s.p[0] == '\t' || s.p[0] == '\r';
    }
}

void aw_out_csv(struct aw_out *o, struct aw_span s)
{
    const bool formula = is_formula(s);
    bool quote = formula;
    for (size_t i = 0; i < s.len && !quote; i++)
        quote = s.p[i] == ',' || s.p[i] == '"' || s.p[i] == ';' || s.p[i] == ' ';
    if (quote) aw_out_write(o, "\"", 1);
    if (formula) aw_out_write(o, "'", 1);
    unsigned marks = AW_GLYPH_MARKS;
    for (size_t at = 0; at < s.len;) {
        const size_t run = aw_plain_run(s.p + at, s.len - at);
        if (run > 0) {
            aw_out_write(o, s.p + at, run);
            at += run;
            marks = 0;
            continue;
        }
        const struct aw_glyph g = aw_glyph_at(o, s.p + at, s.len - at, &marks);
        if (g.len == 1 && g.text[0] == '"') aw_out_write(o, "\"", 1);
        aw_out_write(o, g.text, g.len);
        at += g.used;
    }
    if (quote) aw_out_write(o, "\"", 1);
}
