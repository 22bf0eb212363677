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
        if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, s.p[i] - '0', &v))
            return false;
    }
    *out = v;
    return true;
}
