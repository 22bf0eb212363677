/*
 * The smallest pieces of HTTP/1.x text as spans: lines, field lines, lists, numbers. Each function
 * takes bytes and gives bytes; what they mean is for head.c and http1.c to say.
 */
#include "http/token.h"

#include <string.h>

int aw_tok_hex(uint8_t c)
{
    if (aw_tok_is_digit(c)) return c - '0';
    const uint8_t l = aw_tok_lower(c);
    return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

bool aw_tok_next_field(struct aw_span *rest, struct aw_tok_field *out)
{
    if (rest->len == 0) return false;
    size_t n = aw_tok_line(rest->p, rest->len);
    if (n != 0 && aw_tok_is_empty_line(rest->p, n)) return false;
    if (n == 0) n = rest->len; /* a head that broke off: its last line as far as it goes */
    const uint8_t *line = rest->p, *colon = memchr(line, ':', n);
    size_t end = n;
    bool folded = false;
    while (end < rest->len && aw_tok_is_space(rest->p[end])) {
        const size_t more = aw_tok_line(rest->p + end, rest->len - end);
        folded = true;
        end = more == 0 ? rest->len : end + more;
    }
    rest->p += end;
    rest->len -= end;

    *out = (struct aw_tok_field){.folded = folded, .no_colon = colon == NULL};
    if (colon == NULL) {
        out->name = aw_tok_trim((struct aw_span){line, end});
        return true;
    }
    size_t name = (size_t)(colon - line);
    while (name != 0 && aw_tok_is_space(line[name - 1])) {
        name--;
        out->space = true;
    }
    out->name = (struct aw_span){line, name};
    out->value = aw_tok_trim((struct aw_span){colon + 1, (size_t)(line + end - (colon + 1))});
    return true;
}

bool aw_tok_next_member(struct aw_span *rest, struct aw_span *member)
{
    while (rest->len != 0) {
        size_t n = 0;
        bool quoted = false;
        for (; n < rest->len; n++) {
            const uint8_t c = rest->p[n];
            if (c == '"')
                quoted = !quoted;
            else if (quoted && c == '\\' && n + 1 < rest->len)
                n++;
            else if (c == ',' && !quoted)
                break;
        }
        *member = aw_tok_trim((struct aw_span){rest->p, n});
        const size_t step = n < rest->len ? n + 1 : n;
        rest->p += step;
        rest->len -= step;
        if (member->len != 0) return true;
    }
    return false;
}

bool aw_tok_number(struct aw_span s, int64_t *out)
{
    if (s.len == 0) return false;
    int64_t v = 0;
    for (size_t i = 0; i < s.len; i++) {
        if (!aw_tok_is_digit(s.p[i])) return false;
        const int64_t d = s.p[i] - '0';
        if (v > (INT64_MAX - d) / 10) return false;
        v = v * 10 + d;
    }
    *out = v;
    return true;
}
