/*
 * What stands between the wire and a reader: JSON strings, text for terminals, masks for secrets.
 * The bytes are hostile: any value, any length, any broken encoding.
 */
#include "sink/out.h"

#include <string.h>

#include "sink/out_buf.h"
#include "sink/utf8.h"

static const char hex[] = "0123456789abcdef";

/* --- JSON --- */

static void put_u16(struct aw_out *o, unsigned c)
{
    const char text[6] = {'\\',       'u', hex[c >> 12 & 15], hex[c >> 8 & 15], hex[c >> 4 & 15],
                          hex[c & 15]};
    aw_out_write(o, text, sizeof text);
}

/* Code points that act on a display are written as \u escapes as well: the same string to every
 * parser, and harmless where the JSON itself is shown on a terminal. */
static void put_escaped(struct aw_out *o, int32_t c)
{
    if (c == '"' || c == '\\') {
        const char text[2] = {'\\', (char)c};
        aw_out_write(o, text, sizeof text);
    } else if (c < 0x10000) {
        put_u16(o, (unsigned)c);
    } else {
        put_u16(o, 0xd7c0u + ((unsigned)c >> 10)); /* 0xd800 - (0x10000 >> 10) */
        put_u16(o, 0xdc00u | ((unsigned)c & 0x3ff));
    }
}

void aw_out_json(struct aw_out *o, struct aw_span s)
{
    if (!s.p) {
        aw_out_put(o, "null", 4);
        return;
    }
    aw_out_put(o, "\"", 1);
    size_t from = 0, i = 0;
    while ((i += aw_plain_run(s.p + i, s.len - i)) < s.len) {
        size_t used;
        const int32_t c = aw_utf8_next(s.p + i, s.len - i, &used);
        if (c >= 0x80 && !aw_utf8_acts(c)) {
            i += used;
            continue;
        }
        aw_out_write(o, s.p + from, i - from);
        put_escaped(o, c < 0 ? s.p[i] : c);
        from = i += used;
    }
    if (s.len > from) aw_out_put(o, s.p + from, s.len - from);
    aw_out_put(o, "\"", 1);
}

/* --- terminals --- */

enum { MARKS_MAX = AW_GLYPH_MARKS };

struct aw_glyph aw_glyph_at(const struct aw_out *o, const uint8_t *p, size_t len, unsigned *marks)
{
    struct aw_glyph g = {.used = 1};
    const int32_t c = aw_utf8_next(p, len, &g.used);
    if (c < 0 || (c < 0x80 && aw_utf8_acts(c))) {
        *marks = MARKS_MAX;
        memcpy(g.text, (char[]){'\\', 'x', hex[p[0] >> 4], hex[p[0] & 15]}, 4);
        g.len = g.columns = 4;
        return g;
    }
    const unsigned columns = aw_utf8_columns(c);
    *marks = columns == 0 ? *marks + 1 : 0;
    if (aw_utf8_acts(c) || *marks > MARKS_MAX || (o->ascii && c >= 0x80)) {
        unsigned digits = 1;
        while (digits < 6 && c >> 4 * digits)
            digits++;
        g.text[g.len++] = '\\';
        g.text[g.len++] = 'u';
        g.text[g.len++] = '{';
        while (digits-- > 0)
            g.text[g.len++] = hex[c >> 4 * digits & 15];
        g.text[g.len++] = '}';
        g.columns = (unsigned)g.len;
        *marks = MARKS_MAX;
        return g;
    }
    memcpy(g.text, p, g.used);
    g.len = g.used;
    g.columns = columns;
    return g;
}

/* Bytes of s that fit `columns`; *fits tells whether that is all of them. */
static size_t fitting(const struct aw_out *o, struct aw_span s, size_t columns, bool *fits)
{
    size_t at = 0, width = 0;
    unsigned marks = MARKS_MAX; /* nothing to stand on yet */
    while (at < s.len) {
        const size_t run = aw_plain_run(s.p + at, s.len - at);
        if (run > columns - width) {
            at += columns - width;
            break;
        }
        if (run > 0) {
            at += run;
            width += run;
            marks = 0;
            continue;
        }
        const struct aw_glyph g = aw_glyph_at(o, s.p + at, s.len - at, &marks);
        if (width + g.columns > columns) break;
        width += g.columns;
        at += g.used;
    }
    *fits = at == s.len;
    return at;
}

size_t aw_out_printable(struct aw_out *o, struct aw_span s, size_t columns)
{
    bool fits = true;
    size_t len = s.len, dots = 0, width = 0;
    if (columns > 0) (void)fitting(o, s, columns, &fits);
    if (!fits) {
        dots = columns < 3 ? columns : 3;
        len = fitting(o, s, columns - dots, &fits);
    }
    unsigned marks = MARKS_MAX;
    for (size_t at = 0; at < len;) {
        const size_t run = aw_plain_run(s.p + at, len - at);
        if (run > 0) {
            aw_out_write(o, s.p + at, run);
            width += run;
            at += run;
            marks = 0;
            continue;
        }
        const struct aw_glyph g = aw_glyph_at(o, s.p + at, s.len - at, &marks);
        aw_out_write(o, g.text, g.len);
        width += g.columns;
        at += g.used;
    }
    aw_out_write(o, "...", dots);
    return width + dots;
}

/* --- secrets --- */

struct text { /* appends within a limit */
    char *p;
    size_t used, size;
};

static const uint8_t stars[] = "***";

static void put(struct text *t, const uint8_t *p, size_t len)
{
    const size_t room = t->size - t->used;
    if (len > room) len = room; /* cutting never shows more */
    if (len > 0) memcpy(t->p + t->used, p, len);
    t->used += len;
}

/* Where the userinfo of an absolute-form target lies (RFC 3986, 3.2.1); empty where there is none.
 */
static struct aw_span userinfo_of(struct aw_span target)
{
    static const uint8_t sign[] = "://";
    const struct aw_span none = {target.p, 0};
    const uint8_t *p = target.p, *const end = target.p + target.len;
    while (p < end && *p != ':' && *p != '/' && *p != '?')
        p++;
    if (end - p < 3 || memcmp(p, sign, 3) != 0) return none;
    const uint8_t *const first = p + 3, *at = NULL;
    for (p = first; p < end && *p != '/' && *p != '?' && *p != '#'; p++)
        if (*p == '@') at = p;
    return at ? (struct aw_span){first, (size_t)(at - first)} : none;
}

/* The values of the query that begins at p, as stars; true if there were any. */
static bool mask_query(struct text *t, const uint8_t *p, const uint8_t *end)
{
    bool masked = false;
    while (p < end) {
        const uint8_t *stop = p, *equals = NULL;
        for (; stop < end && *stop != '&' && *stop != ';'; stop++)
            if (*stop == '=' && !equals) equals = stop;
        if (equals && equals + 1 < stop) {
            put(t, p, (size_t)(equals + 1 - p));
            put(t, stars, 3);
            masked = true;
        } else {
            put(t, p, (size_t)(stop - p));
        }
        if (stop < end) put(t, stop++, 1);
        p = stop;
    }
    return masked;
}

struct aw_span aw_mask_target(struct aw_span target, char *buf, size_t size)
{
    if (target.len == 0) return target;
    struct text t = {.p = buf, .size = size};
    const uint8_t *const end = target.p + target.len, *from = target.p;
    const struct aw_span user = userinfo_of(target);
    bool masked = user.len > 0;
    if (masked) {
        put(&t, from, (size_t)(user.p - from));
        put(&t, stars, 3);
        from = user.p + user.len;
    }
    const uint8_t *const mark = memchr(from, '?', (size_t)(end - from));
    if (!masked && !mark) return target;
    const uint8_t *const query = mark ? mark + 1 : end;
    put(&t, from, (size_t)(query - from));
    masked |= mask_query(&t, query, end);
    return masked ? (struct aw_span){.p = (const uint8_t *)buf, .len = t.used} : target;
}
