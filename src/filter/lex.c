/*
 * A text's words: names, values, signs. Knows bytes; what a word means is for others to say.
 */
#include "filter/inside.h"

#include <string.h>

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Whatever is no sign: names, numbers, paths, addresses and product names are words as they are. */
static bool in_word(uint8_t c)
{
    return c > ' ' && c != 0x7f && !strchr("()'\"{},=<>~!&|", c);
}

static struct aw_token sign(enum aw_lexeme kind, size_t at, size_t len)
{
    return (struct aw_token){.kind = kind, .at = at, .len = len};
}

static struct aw_token bad(size_t at, size_t len, bool unfinished, const char *why)
{
    return (struct aw_token){
        .kind = AW_LEX_BAD, .at = at, .len = len, .why = why, .unfinished = unfinished};
}

static struct aw_token string(uint8_t *bytes, size_t len, size_t at)
{
    const uint8_t quote = bytes[at];
    uint8_t *const from = bytes + at + 1, *to = from;
    for (size_t i = at + 1; i < len; i++) {
        if (bytes[i] == quote)
            return (struct aw_token){.kind = AW_LEX_STRING,
                                     .at = at,
                                     .len = i + 1 - at,
                                     .text = {from, (size_t)(to - from)}};
        if (bytes[i] == '\\' && i + 1 < len) i++;
        *to++ = bytes[i];
    }
    return bad(at, len - at, true, "the string does not end");
}

struct aw_token aw_lex(uint8_t *bytes, size_t len, size_t *at)
{
    static const struct {
        char text[3];
        enum aw_lexeme kind;
    } signs[] = {/* the longer first */
                 {"==", AW_LEX_EQ},        {"!=", AW_LEX_NE},         {"<=", AW_LEX_LE},
                 {">=", AW_LEX_GE},        {"&&", AW_LEX_AND},        {"||", AW_LEX_OR},
                 {"<", AW_LEX_LT},         {">", AW_LEX_GT},          {"~", AW_LEX_HAS},
                 {"!", AW_LEX_NOT},        {"(", AW_LEX_OPEN},        {")", AW_LEX_CLOSE},
                 {"{", AW_LEX_OPEN_BRACE}, {"}", AW_LEX_CLOSE_BRACE}, {",", AW_LEX_COMMA}};
    while (*at < len && is_blank(bytes[*at]))
        ++*at;
    const size_t from = *at, left = len - from;
    struct aw_token t = sign(AW_LEX_END, from, 0);
    if (left == 0) return t;
    const uint8_t c = bytes[from];
    for (size_t i = 0; i < sizeof signs / sizeof *signs && t.kind == AW_LEX_END; i++) {
        const size_t n = strlen(signs[i].text);
        if (n <= left && memcmp(bytes + from, signs[i].text, n) == 0)
            t = sign(signs[i].kind, from, n);
    }
    if (t.kind == AW_LEX_END && (c == '"' || c == '\'')) t = string(bytes, len, from);
    if (t.kind == AW_LEX_END && in_word(c)) {
        size_t n = 1;
        while (n < left && in_word(bytes[from + n]))
            n++;
        t = (struct aw_token){.kind = AW_LEX_WORD, .at = from, .len = n, .text = {bytes + from, n}};
    }
    if (t.kind == AW_LEX_END) {
        if (c == '=')
            t = bad(from, 1, left == 1, "equal is ==");
        else if (c == '&')
            t = bad(from, 1, left == 1, "and is && or the word");
        else if (c == '|')
            t = bad(from, 1, left == 1, "or is || or the word");
        else
            t = bad(from, 1, false, "a control byte means nothing here");
    }
    *at = from + t.len;
    return t;
}
