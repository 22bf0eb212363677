/*
 * The language of -Y: the input is an expression. What compiles is asked about a few records; its
 * negation has to say the opposite, parentheses must change nothing, and an error has to point into
 * the text and be printable.
 */
#include "fuzz/fuzz.h"
#include "sink/fixture.h"

static struct fixture records[3];

static void make_records(void)
{
    for (size_t i = 0; i < 3; i++)
        fixture_init(&records[i]);
    memset(&records[1].ex, 0, sizeof records[1].ex); /* nothing is known */
    records[1].rec.recovered_by.id = 0;
    records[2].rec.verdict = NULL;
    records[2].ex.interim_count = 9;
    records[2].ex.conn.addr[AW_C2S] = (struct aw_addr){.v6 = true, .b = {0x20, 1, 0xd, 0xb8}};
    records[2].ex.text[AW_TEXT_HOST] = (struct aw_span){(const uint8_t *)"\0\xff\r\n", 4};
}

static struct aw_expr *compile(const char *before, const uint8_t *text, size_t len,
                               const char *after)
{
    const size_t b = strlen(before), a = strlen(after), all = b + len + a;
    uint8_t *copy = malloc(all ? all : 1);
    REQUIRE(copy, "memory");
    memcpy(copy, before, b);
    if (len) memcpy(copy + b, text, len);
    memcpy(copy + b + len, after, a);
    struct aw_expr_error err = {0};
    struct aw_expr *x = aw_expr_compile(NULL, (struct aw_span){copy, all}, &err);
    if (!x) {
        REQUIRE(err.at <= all && err.len <= all - err.at, "%zu+%zu of %zu", err.at, err.len, all);
        REQUIRE(err.text[0], "no reason given");
        REQUIRE(memchr(err.text, 0, sizeof err.text), "not terminated");
        for (const char *c = err.text; *c; c++)
            REQUIRE((unsigned char)*c >= ' ' && *c != 0x7f, "a control byte in \"%s\"", err.text);
    }
    free(copy);
    return x;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!records[0].rec.ex) make_records();
    struct aw_expr *x = compile("", data, size, "");
    if (!x) return 0;
    struct aw_expr *same = compile("(", data, size, ")"), *not = compile("not (", data, size, ")");
    static const struct aw_surround around; /* nothing that is not in a record */
    for (size_t i = 0; i < 3; i++) {
        const bool is = aw_expr_match(x, &records[i].rec, &around);
        REQUIRE(is == aw_expr_match(x, &records[i].rec, &around), "not twice the same");
        if (same) REQUIRE(is == aw_expr_match(same, &records[i].rec, &around), "in parentheses");
        if (not ) REQUIRE(is != aw_expr_match(not, &records[i].rec, &around), "negated");
    }
    aw_expr_free(x);
    aw_expr_free(same);
    aw_expr_free(not );
    return 0;
}
