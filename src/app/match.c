/*
 * Shows where an expression is wrong, and what names there are. The text comes from the command
 * line and goes to a terminal: what is not printable is shown as a question mark.
 */
#include "app/match.h"

#include <stdio.h>
#include <string.h>

#include "sink/complain.h"
#include "sink/utf8.h"

enum { SHOWN = 72 }; /* columns of the expression around the error */

static bool continues(unsigned char c) /* a byte of a character that began before */
{
    return (c & 0xc0) == 0x80;
}

/* The text, a window of it where it is long, and below it a caret at the error. Counts characters
 * as columns, which is right for all but wide ones. */
static void point_at(const char *text, const struct aw_expr_error *err)
{
    const size_t len = strlen(text);
    size_t from = err->at > SHOWN * 2 / 3 ? err->at - SHOWN * 2 / 3 : 0;
    if (len <= SHOWN) from = 0;
    while (from > 0 && continues((unsigned char)text[from]))
        from--;
    size_t to = len - from > SHOWN ? from + SHOWN : len, column = 0, width = 0;
    while (to < len && continues((unsigned char)text[to]))
        to++;
    fputs(from > 0 ? "  ..." : "  ", stderr);
    for (size_t i = from, used; i < to; i += used) {
        const uint8_t *p = (const uint8_t *)text + i;
        const int32_t c = aw_utf8_next(p, to - i, &used);
        if (c < 0 || aw_utf8_acts(c))
            fputc('?', stderr);
        else
            fwrite(p, 1, used, stderr);
        if (i < err->at) column++;
        if (i >= err->at && i < err->at + err->len) width++;
    }
    fprintf(stderr, "%s\n%*s^", to < len ? "..." : "", (int)(column + (from > 0 ? 5 : 2)), "");
    for (size_t i = 1; i < width; i++)
        fputc('~', stderr);
    fputc('\n', stderr);
}

struct aw_expr *aw_match_parse(const char *text)
{
    struct aw_expr_error err;
    const struct aw_span span = {(const uint8_t *)text, strlen(text)};
    struct aw_expr *x = aw_expr_compile(NULL, span, &err);
    if (x) return x;
    aw_complain("-Y: %s", err.text);
    if (err.at <= span.len) point_at(text, &err);
    return NULL;
}

void aw_match_help(void)
{
    static const char *const kinds[] = {
        [AW_KIND_GROUP] = "object",    [AW_KIND_NUMBER] = "number",   [AW_KIND_TIME] = "time",
        [AW_KIND_MOMENT] = "moment",   [AW_KIND_TEXT] = "text",       [AW_KIND_WORD] = "word",
        [AW_KIND_ADDRESS] = "address", [AW_KIND_FLAG] = "true/false", [AW_KIND_PACKET] = "packet",
    };
    puts("-Y EXPR: only exchanges whose record matches, in every output.\n"
         "  status == 417 and stall > 500ms and host ~ api\n"
         "  severity >= warning && not (cause in (ignored, slow-continue) or recovered)\n"
         "  client == 10.0.0.0/8 and time >= 2026-01-02T03:04:05Z and response == null\n\n"
         "Names    the keys below; the last part suffices where it is unique, and _ms and\n"
         "         _bytes at the end may be left out (stall, wait, wasted)\n"
         "Values   417, 1.5M, 64KiB; 500ms, 1.5s, 40us (times without a unit are ms); words,\n"
         "         \"quoted strings\"; true, false; null; addresses and networks; RFC 3339\n"
         "Compare  == != < <= > >=, ~ (contains, letter case aside), in (a, b), not in (a, b);\n"
         "         severity and confidence are ordered: severity >= warning\n"
         "Join     not and or (! && ||), parentheses\n"
         "A name alone is true if the flag is set, or the value known. A comparison with an\n"
         "unknown value is false; x == null and x != null ask for that. A list compares by\n"
         "its elements: any may hold, and with != and not in none may be equal.\n\n"
         "Keys:");
    for (unsigned f = 0; f < aw_field_count(); f++) {
        const enum aw_kind kind = aw_field_kind(f);
        const unsigned few = 6;
        printf("  %-34s%s%s", aw_field_name(f), aw_field_is_list(f) ? "list of " : "", kinds[kind]);
        if (kind == AW_KIND_WORD && !aw_field_word(f, few)) {
            for (unsigned i = 0; aw_field_word(f, i); i++)
                printf("%s%s", i ? ", " : ": ", aw_field_word(f, i));
        }
        putchar('\n');
    }
}
