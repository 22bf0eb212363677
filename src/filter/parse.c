/*
 * From a text to a program. Grammar, `not` binding closest:
 *   any  = all { ("or" | "||") all }
 *   all  = one { ("and" | "&&") one }
 *   one  = { "not" | "!" } ( "(" any ")" | term )
 *   term = name [ sign value | ["not"] "in" "(" value { "," value } ")" ]
 * Knows the grammar; what names and values mean is asked of name.c and literal.c. Nesting and the
 * number of terms are capped, so that no text costs more than its length.
 */
#include "filter/inside.h"

#include <string.h>

#include "base/alloc.h"

struct parser {
    struct aw_expr *x;
    struct aw_expr_error *err;
    size_t len, next;      /* of the text; where the token after `token` begins */
    struct aw_token token; /* the one looked at */
    unsigned depth;
    size_t op_room, term_room, literal_room;
};

/* --- errors: the first one stays --- */

/* Nothing follows the token, so that it may be half typed. */
static bool at_end(const struct parser *p)
{
    return p->token.at + p->token.len == p->len;
}

static bool want(struct parser *p, const char *what)
{
    const struct aw_token *t = &p->token;
    char shown[AW_SHOWN];
    if (t->kind == AW_LEX_BAD) {
        aw_expr_fail(p->err, t->at, t->len, "%s", t->why);
        p->err->incomplete = t->unfinished;
    } else if (t->kind == AW_LEX_END) {
        aw_expr_fail(p->err, t->at, 0, "%s is missing", what);
        p->err->incomplete = true;
    } else {
        const struct aw_span text = {p->x->bytes + t->at, t->len};
        aw_expr_fail(p->err, t->at, t->len, "%s was expected, not %s", what,
                     t->kind == AW_LEX_STRING ? "a string" : aw_shown(shown, text));
    }
    return false;
}

static bool no_memory(struct parser *p)
{
    aw_expr_fail(p->err, p->token.at, 0, "out of memory");
    return false;
}

/* --- tokens --- */

static void step(struct parser *p)
{
    p->token = aw_lex(p->x->bytes, p->len, &p->next);
}

static bool is_word(const struct parser *p, const char *word)
{
    return p->token.kind == AW_LEX_WORD && aw_text_is(p->token.text, word);
}

static bool take_sign(struct parser *p, enum aw_lexeme kind, const char *word)
{
    if (p->token.kind != kind && !is_word(p, word)) return false;
    step(p);
    return true;
}

/* As want, where one of the joining words would do: what stands there may be half of one. */
static bool want_join(struct parser *p, const char *what)
{
    static const char *const joins[] = {"and", "or", "in", "not"};
    const bool word = p->token.kind == AW_LEX_WORD;
    (void)want(p, what);
    if (p->token.kind == AW_LEX_NOT && at_end(p)) p->err->incomplete = true; /* half of != */
    for (size_t i = 0; word && at_end(p) && i < sizeof joins / sizeof *joins; i++)
        if (aw_text_begins(aw_words_span(joins[i], strlen(joins[i])), p->token.text))
            p->err->incomplete = true;
    return false;
}

/* --- the program --- */

static bool grow(struct parser *p, void *list, size_t size, size_t count, size_t *room)
{
    if (count < *room) return true;
    const size_t more = *room ? *room * 2 : 8;
    void **at = list, *grown = p->x->alloc.resize(p->x->alloc.ctx, *at, more * size);
    if (!grown) return no_memory(p);
    *at = grown;
    *room = more;
    return true;
}

static bool add_op(struct parser *p, enum aw_op_kind kind, size_t arg)
{
    struct aw_expr *x = p->x;
    void *list = x->op;
    if (!grow(p, &list, sizeof *x->op, x->ops, &p->op_room)) return false;
    x->op = list;
    x->op[x->ops++] = (struct aw_op){.kind = kind, .arg = arg};
    return true;
}

static bool add_literal(struct parser *p, unsigned field, enum aw_compare compare)
{
    struct aw_expr *x = p->x;
    if (p->token.kind != AW_LEX_WORD && p->token.kind != AW_LEX_STRING) return want(p, "a value");
    void *list = x->literal;
    if (!grow(p, &list, sizeof *x->literal, x->literals, &p->literal_room)) return false;
    x->literal = list;
    struct aw_literal *l = &x->literal[x->literals];
    if (compare == AW_CMP_HAS)
        *l = (struct aw_literal){.text = p->token.text}; /* any text may be part of another */
    else if (!aw_literal_make(l, field, &p->token, at_end(p), p->err))
        return false;
    x->literals++;
    step(p);
    return true;
}

/* --- terms --- */

/* Whether the sign makes sense for the kind; what follows is typed in vain otherwise. */
static bool suits(struct parser *p, unsigned field, enum aw_compare compare,
                  const struct aw_token *sign)
{
    const char *name = aw_field_name(field);
    const enum aw_kind kind = aw_field_kind(field);
    const bool text = kind == AW_KIND_TEXT || kind == AW_KIND_WORD || kind == AW_KIND_ADDRESS;
    if (compare == AW_CMP_HAS && !text) {
        aw_expr_fail(p->err, sign->at, sign->len, "~ looks into text, and %s is none", name);
        return false;
    }
    if (compare < AW_CMP_LT || compare > AW_CMP_GE) return true;
    const enum aw_words words = aw_field_words(field);
    const bool ranked = words == AW_WORDS_SEVERITY || words == AW_WORDS_CONFIDENCE;
    if (kind == AW_KIND_GROUP || kind == AW_KIND_FLAG || kind == AW_KIND_ADDRESS ||
        (kind == AW_KIND_WORD && !ranked)) {
        aw_expr_fail(p->err, sign->at, sign->len, "%s has no order: == != in%s are for it", name,
                     text ? " ~" : "");
        return false;
    }
    return true;
}

static bool list(struct parser *p, struct aw_term *term)
{
    const enum aw_lexeme open = p->token.kind;
    const enum aw_lexeme close = open == AW_LEX_OPEN ? AW_LEX_CLOSE : AW_LEX_CLOSE_BRACE;
    if (open != AW_LEX_OPEN && open != AW_LEX_OPEN_BRACE) return want(p, "( and a list of values");
    do {
        step(p);
        if (!add_literal(p, term->field, term->compare)) return false;
    } while (p->token.kind == AW_LEX_COMMA);
    if (p->token.kind != close) return want(p, open == AW_LEX_OPEN ? ", or )" : ", or }");
    step(p);
    return true;
}

/* What follows a name; none of these is fine, too. */
static bool compare_of(const struct parser *p, enum aw_compare *out)
{
    switch (p->token.kind) {
    case AW_LEX_EQ:
        *out = AW_CMP_EQ;
        return true;
    case AW_LEX_NE:
        *out = AW_CMP_NE;
        return true;
    case AW_LEX_LT:
        *out = AW_CMP_LT;
        return true;
    case AW_LEX_LE:
        *out = AW_CMP_LE;
        return true;
    case AW_LEX_GT:
        *out = AW_CMP_GT;
        return true;
    case AW_LEX_GE:
        *out = AW_CMP_GE;
        return true;
    case AW_LEX_HAS:
        *out = AW_CMP_HAS;
        return true;
    case AW_LEX_WORD:
        if (is_word(p, "in")) *out = AW_CMP_IN;
        if (is_word(p, "not")) *out = AW_CMP_NOT_IN;
        return is_word(p, "in") || is_word(p, "not");
    case AW_LEX_END:
    case AW_LEX_STRING:
    case AW_LEX_NOT:
    case AW_LEX_AND:
    case AW_LEX_OR:
    case AW_LEX_OPEN:
    case AW_LEX_CLOSE:
    case AW_LEX_OPEN_BRACE:
    case AW_LEX_CLOSE_BRACE:
    case AW_LEX_COMMA:
    case AW_LEX_BAD:
        break;
    }
    return false;
}

static bool term(struct parser *p)
{
    struct aw_expr *x = p->x;
    const struct aw_token name = p->token;
    if (name.kind != AW_LEX_WORD || is_word(p, "and") || is_word(p, "or") || is_word(p, "in"))
        return want(p, "the name of a field");
    const int field = aw_field_find(name.text, p->err);
    if (field < 0) {
        p->err->at += name.at;
        p->err->incomplete = p->err->incomplete && at_end(p);
        return false;
    }
    struct aw_term t = {.field = (unsigned)field, .compare = AW_CMP_KNOWN, .from = x->literals};
    step(p);
    const struct aw_token sign = p->token;
    if (compare_of(p, &t.compare)) {
        if (!suits(p, t.field, t.compare, &sign)) return false;
        step(p);
        if (t.compare == AW_CMP_NOT_IN) {
            if (!is_word(p, "in")) return want_join(p, "in, as in `not in (a, b)`,");
            step(p);
        }
        const bool listed = t.compare == AW_CMP_IN || t.compare == AW_CMP_NOT_IN;
        if (!(listed ? list(p, &t) : add_literal(p, t.field, t.compare))) return false;
        const bool equal = listed || t.compare == AW_CMP_EQ || t.compare == AW_CMP_NE;
        if (!equal && t.compare != AW_CMP_HAS && x->literal[t.from].null) {
            aw_expr_fail(p->err, sign.at, sign.len, "null has no order: == and != are for it");
            return false;
        }
    }
    t.count = x->literals - t.from;
    if (x->terms >= AW_EXPR_MOST) {
        aw_expr_fail(p->err, name.at, name.len, "too long: %d comparisons at most", AW_EXPR_MOST);
        return false;
    }
    void *terms = x->term;
    if (!grow(p, &terms, sizeof *x->term, x->terms, &p->term_room)) return false;
    x->term = terms;
    x->term[x->terms] = t;
    return add_op(p, AW_OP_TERM, x->terms++);
}

/* --- joined --- */

static bool any(struct parser *p);

static bool one(struct parser *p)
{
    bool not = false;
    while (take_sign(p, AW_LEX_NOT, "not"))
        not = !not ;
    if (p->token.kind != AW_LEX_OPEN) {
        if (!term(p)) return false;
    } else {
        if (p->depth >= AW_EXPR_DEPTH) {
            aw_expr_fail(p->err, p->token.at, 1, "too deep: %d parentheses at most", AW_EXPR_DEPTH);
            return false;
        }
        p->depth++;
        step(p);
        if (!any(p)) return false;
        if (p->token.kind != AW_LEX_CLOSE) return want_join(p, "and, or, or )");
        p->depth--;
        step(p);
    }
    return !not || add_op(p, AW_OP_NOT, 0);
}

/* Jumps of a run of joined parts lead to each other until the end of the run is known: each holds
 * the one before it, 0 = none; an operation always comes before the first. */
static void land(struct aw_expr *x, size_t jump)
{
    while (jump != 0) {
        const size_t before = x->op[jump].arg;
        x->op[jump].arg = x->ops;
        jump = before;
    }
}

static bool all(struct parser *p)
{
    size_t jump = 0;
    if (!one(p)) return false;
    while (take_sign(p, AW_LEX_AND, "and")) {
        if (!add_op(p, AW_OP_AND, jump)) return false;
        jump = p->x->ops - 1;
        if (!one(p)) return false;
    }
    land(p->x, jump);
    return true;
}

static bool any(struct parser *p)
{
    size_t jump = 0;
    if (!all(p)) return false;
    while (take_sign(p, AW_LEX_OR, "or")) {
        if (!add_op(p, AW_OP_OR, jump)) return false;
        jump = p->x->ops - 1;
        if (!all(p)) return false;
    }
    land(p->x, jump);
    return true;
}

static bool parse(struct parser *p)
{
    step(p);
    if (p->token.kind == AW_LEX_END) return true;
    if (!any(p)) return false;
    if (p->token.kind == AW_LEX_END) return true;
    if (p->token.kind != AW_LEX_CLOSE) return want_join(p, "and, or, a comparison, or the end");
    aw_expr_fail(p->err, p->token.at, 1, "this ) closes nothing");
    return false;
}

struct aw_expr *aw_expr_compile(const struct aw_alloc *given, struct aw_span text,
                                struct aw_expr_error *err)
{
    const struct aw_alloc none = {.get = NULL};
    const struct aw_alloc alloc = aw_alloc_or_default(given ? given : &none);
    *err = (struct aw_expr_error){.at = 0};
    if (text.len > AW_EXPR_LONGEST) {
        aw_expr_fail(err, AW_EXPR_LONGEST, 0, "too long: %d bytes at most", AW_EXPR_LONGEST);
        return NULL;
    }
    struct aw_expr *x = alloc.get(alloc.ctx, sizeof *x);
    if (x) *x = (struct aw_expr){.alloc = alloc, .bytes = alloc.get(alloc.ctx, text.len + 1)};
    if (!x || !x->bytes) {
        aw_expr_fail(err, 0, 0, "out of memory");
        aw_expr_free(x);
        return NULL;
    }
    if (text.len > 0) memcpy(x->bytes, text.p, text.len);
    struct parser p = {.x = x, .err = err, .len = text.len};
    if (parse(&p)) return x;
    aw_expr_free(x);
    return NULL;
}

void aw_expr_free(struct aw_expr *x)
{
    if (!x) return;
    const struct aw_alloc alloc = x->alloc;
    alloc.put(alloc.ctx, x->bytes);
    alloc.put(alloc.ctx, x->op);
    alloc.put(alloc.ctx, x->term);
    alloc.put(alloc.ctx, x->literal);
    alloc.put(alloc.ctx, x);
}
