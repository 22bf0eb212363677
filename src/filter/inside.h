/*
 * What the files of this room share: the table of fields, the words of a text, and the program an
 * expression becomes. Knows records by their public face alone.
 */
#ifndef AW_FILTER_INSIDE_H
#define AW_FILTER_INSIDE_H

#include "await100/filter.h"

/* --- fields: field.c --- */

enum aw_words {
    AW_WORDS_NONE,
    AW_WORDS_SEVERITY,
    AW_WORDS_CAUSE,
    AW_WORDS_PARTY,
    AW_WORDS_CONFIDENCE,
    AW_WORDS_VANTAGE,
    AW_WORDS_CLOSE,
    AW_WORDS_SIDE,
};
enum aw_words aw_field_words(unsigned field);

static inline struct aw_span aw_words_span(const char *s, size_t len)
{
    return (struct aw_span){.p = (const uint8_t *)s, .len = len};
}

/* Whether `text` begins with `head`; both as they are. */
bool aw_text_begins(struct aw_span text, struct aw_span head);
bool aw_text_is(struct aw_span text, const char *word);

/* --- words of a text: lex.c --- */

enum aw_lexeme {
    AW_LEX_END,
    AW_LEX_WORD,
    AW_LEX_STRING,
    AW_LEX_EQ,
    AW_LEX_NE,
    AW_LEX_LT,
    AW_LEX_LE,
    AW_LEX_GT,
    AW_LEX_GE,
    AW_LEX_HAS,
    AW_LEX_NOT, /* ! */
    AW_LEX_AND, /* && */
    AW_LEX_OR,  /* || */
    AW_LEX_OPEN,
    AW_LEX_CLOSE,
    AW_LEX_OPEN_BRACE,
    AW_LEX_CLOSE_BRACE,
    AW_LEX_COMMA,
    AW_LEX_BAD, /* see `why` */
};
struct aw_token {
    enum aw_lexeme kind;
    size_t at, len;      /* where it stands */
    struct aw_span text; /* WORD, STRING: what it says, in the bytes given to the lexer */
    const char *why;     /* BAD: static */
    bool unfinished;     /* BAD: more text would mend it */
};
/* Takes the token at *at and steps over it. Strings are unescaped in place, which is why the bytes
 * are the lexer's to write. */
struct aw_token aw_lex(uint8_t *bytes, size_t len, size_t *at);

/* --- values: literal.c --- */

struct aw_literal {
    bool null;
    bool more;      /* a number: it is above `number` by less than 1 */
    int64_t number; /* as in aw_value */
    struct aw_span text;
    struct aw_addr address;
    uint8_t prefix; /* bits of the address that count */
};
/* A token as a value of the field's kind. False: err has what was expected. `end`: nothing follows
 * the token, so that it may be half typed. */
bool aw_literal_make(struct aw_literal *l, unsigned field, const struct aw_token *t, bool end,
                     struct aw_expr_error *err);

/* --- programs: parse.c, match.c --- */

enum aw_compare {
    AW_CMP_KNOWN, /* bare name */
    AW_CMP_EQ,
    AW_CMP_NE,
    AW_CMP_LT,
    AW_CMP_LE,
    AW_CMP_GT,
    AW_CMP_GE,
    AW_CMP_HAS,
    AW_CMP_IN,
    AW_CMP_NOT_IN,
};
struct aw_term {
    unsigned field;
    enum aw_compare compare;
    size_t from, count; /* its literals */
};

/* One register, true or false. AND and OR jump where it decides already. */
enum aw_op_kind { AW_OP_TERM, AW_OP_NOT, AW_OP_AND, AW_OP_OR };
struct aw_op {
    enum aw_op_kind kind;
    size_t arg; /* TERM: which; AND, OR: the operation to go on with */
};

struct aw_expr {
    struct aw_alloc alloc;
    uint8_t *bytes; /* owned: the text, where literals lie */
    struct aw_op *op;
    struct aw_term *term;
    struct aw_literal *literal; /* each owned */
    size_t ops, terms, literals;
};

/* Fills *err; a bare % s takes words of ours only: `word` may be any bytes, and is shown quoted and
 * cut. */
void aw_expr_fail(struct aw_expr_error *err, size_t at, size_t len, const char *fmt, ...)
    AW_PRINTF(4, 5);
enum { AW_SHOWN = 48 };
/* Bytes of the text, cut and made printable, for messages. */
const char *aw_shown(char to[AW_SHOWN], struct aw_span text);

#endif
