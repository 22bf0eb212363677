/*
 * The smallest pieces of HTTP/1.x text as spans of the caller's bytes: lines, field lines, lists,
 * numbers. No state, no allocation; knows no field by name and no message.
 */
#ifndef AW_HTTP_TOKEN_H
#define AW_HTTP_TOKEN_H

#include <string.h>

#include "await100/types.h"

/* RFC 9110, 5.6.2. */
static inline bool aw_tok_is_tchar(uint8_t c)
{
    /* One bit a character: "!" "#" to "'" "*" "+" "-" "." 0-9 A-Z "^" to "z" "|" "~". */
    static const uint32_t set[8] = {0, 0x03ff6cfau, 0xc7fffffeu, 0x57ffffffu, 0, 0, 0, 0};
    return (set[c >> 5] >> (c & 31) & 1u) != 0;
}

static inline bool aw_tok_is_space(uint8_t c)
{
    return c == ' ' || c == '\t';
}
static inline bool aw_tok_is_blank(uint8_t c)
{
    return c <= ' ' && (c == ' ' || c == '\t' || c == '\r' || c == '\n');
}
static inline bool aw_tok_is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}
static inline uint8_t aw_tok_lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

/* Value of a hexadecimal digit, -1 where c is none. */
int aw_tok_hex(uint8_t c);

/* Whether a span begins with a string of ASCII, letter case aside; text is in lower case. */
static inline bool aw_tok_begins(struct aw_span s, const char *lower)
{
    size_t i = 0;
    for (; lower[i] != '\0'; i++)
        if (i >= s.len || aw_tok_lower(s.p[i]) != (uint8_t)lower[i]) return false;
    return true;
}

/* Whether it equals it. */
static inline bool aw_tok_is(struct aw_span s, const char *lower)
{
    return s.len == strlen(lower) && aw_tok_begins(s, lower);
}

/* Without white space (CR and LF as well, for a value with folds or a bare CR) at both ends. */
static inline struct aw_span aw_tok_trim(struct aw_span s)
{
    const uint8_t *p = s.p, *end = s.p + s.len;
    while (p < end && aw_tok_is_blank(*p))
        p++;
    while (end > p && aw_tok_is_blank(end[-1]))
        end--;
    return (struct aw_span){p, (size_t)(end - p)};
}

/* Length of the first line with its LF; 0 where there is no LF in it. */
static inline size_t aw_tok_line(const uint8_t *p, size_t len)
{
    const uint8_t *lf = len == 0 ? NULL : memchr(p, '\n', len);
    return lf == NULL ? 0 : (size_t)(lf - p) + 1;
}

/*
 * Whether the line that begins at p and has its LF at p[len - 1] is the empty line that ends a
 * head: LF, or CR LF (RFC 9112, 2.2, lets a recipient take a bare LF for a line's end).
 */
static inline bool aw_tok_is_empty_line(const uint8_t *p, size_t len)
{
    return len == 1 || (len == 2 && p[0] == '\r');
}

/* One field line, continuation lines (obs-fold, RFC 9112, 5.2) included. */
struct aw_tok_field {
    struct aw_span name;  /* up to the colon, without white space after it */
    struct aw_span value; /* all after the colon, with white space around it and line ends */
    bool space;           /* white space stood between name and colon */
    bool folded;
    bool no_colon; /* no field line at all; name is the whole line */
};

/* Takes the next field line off *rest; false at the empty line or the end of the bytes. Inline, as
 * it is most of what reading a head costs. */
static inline bool aw_tok_next_field(struct aw_span *rest, struct aw_tok_field *out)
{
    if (rest->len == 0) return false;
    const uint8_t *line = rest->p, *const end = line + rest->len;
    const size_t n = aw_tok_line(line, rest->len);
    if (n != 0 && aw_tok_is_empty_line(line, n)) return false;
    /* In a head that broke off the last line goes as far as the bytes do. */
    const uint8_t *next = n == 0 ? end : line + n;
    const uint8_t *colon = memchr(line, ':', (size_t)(next - line));
    out->folded = false;
    while (next < end && aw_tok_is_space(*next)) {
        const size_t more = aw_tok_line(next, (size_t)(end - next));
        out->folded = true;
        next = more == 0 ? end : next + more;
    }
    *rest = (struct aw_span){next, (size_t)(end - next)};

    out->no_colon = colon == NULL;
    out->space = false;
    if (colon == NULL) {
        out->name = aw_tok_trim((struct aw_span){line, (size_t)(next - line)});
        out->value = (struct aw_span){NULL, 0};
        return true;
    }
    const uint8_t *name_end = colon;
    while (name_end > line && aw_tok_is_space(name_end[-1])) {
        name_end--;
        out->space = true;
    }
    out->name = (struct aw_span){line, (size_t)(name_end - line)};
    out->value = (struct aw_span){colon + 1, (size_t)(next - (colon + 1))};
    return true;
}

/* Takes the next member off a comma-separated list, empty ones passed over; quoted strings are not
 * looked into. False at the end. */
bool aw_tok_next_member(struct aw_span *rest, struct aw_span *member);

/* A whole span of decimal digits; false where it is something else or over INT64_MAX. */
bool aw_tok_number(struct aw_span s, int64_t *out);

#endif
