/*
 * Runs a program on a record. Knows how values of each kind compare, and that what is unknown
 * equals nothing but null.
 */
#include "filter/inside.h"

#include <arpa/inet.h>
#include <string.h>

static int sign_of(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int compare_text(struct aw_span a, struct aw_span b)
{
    const size_t n = a.len < b.len ? a.len : b.len;
    const int c = n == 0 ? 0 : memcmp(a.p, b.p, n);
    return c != 0 ? c : (a.len > b.len) - (a.len < b.len);
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

static bool contains(struct aw_span text, struct aw_span part)
{
    for (size_t at = 0; at + part.len <= text.len; at++) {
        size_t n = 0;
        while (n < part.len && lower(text.p[at + n]) == lower(part.p[n]))
            n++;
        if (n == part.len) return true;
    }
    return false;
}

static bool in_network(const struct aw_addr *a, const struct aw_literal *l)
{
    if (a->v6 != l->address.v6) return false;
    const unsigned whole = l->prefix / 8, rest = l->prefix % 8;
    if (memcmp(a->b, l->address.b, whole) != 0) return false;
    return rest == 0 || (a->b[whole] ^ l->address.b[whole]) >> (8 - rest) == 0;
}

static bool has(const struct aw_value *v, struct aw_span part)
{
    if (v->kind != AW_KIND_ADDRESS) return contains(v->text, part);
    char text[INET6_ADDRSTRLEN];
    if (!inet_ntop(v->address.v6 ? AF_INET6 : AF_INET, v->address.b, text, sizeof text))
        return false;
    return contains(aw_words_span(text, strlen(text)), part);
}

/* Where a value stands to a literal: below, equal, above 0. Of what has no order, whether equal. */
static int against(const struct aw_value *v, const struct aw_literal *l)
{
    switch (v->kind) {
    case AW_KIND_NUMBER:
    case AW_KIND_TIME:
    case AW_KIND_MOMENT:
    case AW_KIND_PACKET:
    case AW_KIND_WORD:
    case AW_KIND_FLAG: {
        const int c = sign_of(v->number, l->number);
        return c == 0 && l->more ? -1 : c;
    }
    case AW_KIND_TEXT:
        return compare_text(v->text, l->text);
    case AW_KIND_ADDRESS:
        return !in_network(&v->address, l);
    case AW_KIND_GROUP:
        break;
    }
    return 1;
}

static bool equals_any(const struct aw_value *v, const struct aw_literal *l, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!l[i].null && against(v, &l[i]) == 0) return true;
    return false;
}

/* Whether one known value satisfies the comparison; of the negated ones, what they negate. */
static bool holds(const struct aw_value *v, enum aw_compare compare, const struct aw_literal *l,
                  size_t count)
{
    switch (compare) {
    case AW_CMP_KNOWN:
        return v->kind != AW_KIND_FLAG || v->number != 0;
    case AW_CMP_EQ:
    case AW_CMP_NE:
    case AW_CMP_IN:
    case AW_CMP_NOT_IN:
        return equals_any(v, l, count);
    case AW_CMP_LT:
        return against(v, l) < 0;
    case AW_CMP_LE:
        return against(v, l) <= 0;
    case AW_CMP_GT:
        return against(v, l) > 0;
    case AW_CMP_GE:
        return against(v, l) >= 0;
    case AW_CMP_HAS:
        return has(v, l->text);
    }
    return false;
}

static bool term_holds(const struct aw_expr *x, const struct aw_term *t,
                       const struct aw_record *rec, const struct aw_surround *around)
{
    const struct aw_literal *l = t->count > 0 ? &x->literal[t->from] : NULL;
    struct aw_value v;
    bool known = false, some = false, null = false;
    for (unsigned nth = 0; !some && aw_field_value(t->field, nth, rec, around, &v); nth++) {
        if (!v.known) continue;
        known = true;
        some = holds(&v, t->compare, l, t->count);
    }
    for (size_t i = 0; i < t->count; i++)
        null = null || l[i].null;
    switch (t->compare) {
    case AW_CMP_EQ:
    case AW_CMP_IN:
        return some || (null && !known);
    case AW_CMP_NE:
    case AW_CMP_NOT_IN:
        return known && !some;
    case AW_CMP_KNOWN:
    case AW_CMP_LT:
    case AW_CMP_LE:
    case AW_CMP_GT:
    case AW_CMP_GE:
    case AW_CMP_HAS:
        break;
    }
    return some;
}

bool aw_expr_match(const struct aw_expr *x, const struct aw_record *rec,
                   const struct aw_surround *around)
{
    bool truth = true;
    for (size_t i = 0; x && i < x->ops;) {
        const struct aw_op *op = &x->op[i++];
        switch (op->kind) {
        case AW_OP_TERM:
            truth = term_holds(x, &x->term[op->arg], rec, around);
            break;
        case AW_OP_NOT:
            truth = !truth;
            break;
        case AW_OP_AND:
            if (!truth) i = op->arg;
            break;
        case AW_OP_OR:
            if (truth) i = op->arg;
            break;
        }
    }
    return truth;
}
