/*
 * From a name as people write it to a field: the full path, its end where that is unique, the unit
 * left out; and what to say where it is none of these. Knows the table's paths.
 */
#include "filter/inside.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void aw_expr_fail(struct aw_expr_error *err, size_t at, size_t len, const char *fmt, ...)
{
    va_list args;
    err->at = at;
    err->len = len;
    err->incomplete = false;
    va_start(args, fmt);
    (void)vsnprintf(err->text, sizeof err->text, fmt, args);
    va_end(args);
}

const char *aw_shown(char to[AW_SHOWN], struct aw_span text)
{
    size_t n = 0;
    for (; n < text.len && n + 4 < AW_SHOWN; n++)
        to[n] = text.p[n] >= ' ' && text.p[n] < 0x7f ? (char)text.p[n] : '?';
    if (n < text.len) {
        memcpy(to + n, "...", 3);
        n += 3;
    }
    to[n] = '\0';
    return to;
}

bool aw_text_begins(struct aw_span text, struct aw_span head)
{
    return head.len <= text.len && (head.len == 0 || memcmp(text.p, head.p, head.len) == 0);
}

bool aw_text_is(struct aw_span text, const char *word)
{
    return text.len == strlen(word) && memcmp(text.p, word, text.len) == 0;
}

/* --- nearest: edit distance, for words of at most 40 characters --- */

static size_t distance(const char *a, const char *b)
{
    enum { MOST = 40 };
    const size_t n = strnlen(a, MOST), m = strnlen(b, MOST);
    size_t row[MOST + 1];
    for (size_t j = 0; j <= m; j++)
        row[j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            const size_t change = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            row[j] = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;
            if (change < row[j]) row[j] = change;
        }
    }
    return row[m];
}

const char *aw_nearest(const char *word, const char *const *words, size_t count)
{
    const char *best = NULL;
    size_t least = strlen(word) / 3 + 2;
    for (size_t i = 0; i < count; i++) {
        const size_t d = distance(word, words[i]);
        if (d >= least) continue;
        least = d;
        best = words[i];
    }
    return best;
}

/* --- names --- */

enum { FIELDS_MAX = 128 };

/* Length of the path without the unit that it ends with. */
static size_t without_unit(const char *path, size_t len)
{
    static const char *const units[] = {"_ms", "_bytes"};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        const size_t n = strlen(units[i]);
        if (len > n && memcmp(path + len - n, units[i], n) == 0) return len - n;
    }
    return len;
}

/* Where in the path what tells of one of several, or of another exchange, begins; its end if there
 * is no such part. A name that begins behind that place is about this exchange first. */
static size_t elsewhere(const char *path)
{
    static const char *const parts[] = {"interim.", "checks.", "recovered_by."};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        const char *at = strstr(path, parts[i]);
        if (at) return (size_t)(at - path);
    }
    return strlen(path);
}

enum how { HOW_END, HOW_END_ELSEWHERE, HOW_UNIT, HOW_UNIT_ELSEWHERE, HOW_COUNT };

/* Whether the name means the field in this way. */
static bool means(struct aw_span name, unsigned field, enum how how)
{
    const char *path = aw_field_name(field);
    const size_t whole = strlen(path);
    const bool drop = how == HOW_UNIT || how == HOW_UNIT_ELSEWHERE;
    const size_t len = drop ? without_unit(path, whole) : whole;
    if ((drop && len == whole) || name.len > len) return false;
    const size_t from = len - name.len;
    if (memcmp(path + from, name.p, name.len) != 0) return false;
    if (from > 0 && path[from - 1] != '.') return false;
    return how == HOW_END_ELSEWHERE || how == HOW_UNIT_ELSEWHERE || from <= elsewhere(path);
}

static void say_ambiguous(struct aw_expr_error *err, struct aw_span name, enum how how)
{
    char shown[AW_SHOWN], list[160];
    size_t used = 0;
    list[0] = '\0';
    for (unsigned f = 0; f < aw_field_count(); f++) {
        if (!means(name, f, how)) continue;
        const int n =
            snprintf(list + used, sizeof list - used, "%s%s", used ? ", " : "", aw_field_name(f));
        if (n < 0 || (size_t)n >= sizeof list - used) break;
        used += (size_t)n;
    }
    aw_expr_fail(err, 0, name.len, "%s is ambiguous: %s", aw_shown(shown, name), list);
}

/* Whether more letters could make it a name, or the word that may stand before one. */
static bool begins_one(struct aw_span name)
{
    if (aw_text_begins(aw_words_span("not", 3), name)) return true;
    for (unsigned f = 0; f < aw_field_count(); f++) {
        const char *path = aw_field_name(f);
        for (const char *part = path; part; part = strchr(part, '.')) {
            if (*part == '.') part++;
            if (aw_text_begins(aw_words_span(part, strlen(part)), name)) return true;
        }
    }
    return false;
}

static void say_unknown(struct aw_expr_error *err, struct aw_span name)
{
    const char *word[2 * FIELDS_MAX];
    char shown[AW_SHOWN];
    size_t count = 0;
    for (unsigned f = 0; f < aw_field_count() && count + 2 <= 2 * FIELDS_MAX; f++) {
        const char *path = aw_field_name(f), *last = strrchr(path, '.');
        if (last) word[count++] = last + 1;
        word[count++] = path;
    }
    aw_shown(shown, name);
    const char *near = aw_nearest(shown, word, count);
    if (near)
        aw_expr_fail(err, 0, name.len, "no field is named %s; did you mean %s?", shown, near);
    else
        aw_expr_fail(err, 0, name.len, "no field is named %s: names are the keys of a record",
                     shown);
    err->incomplete = begins_one(name);
}

int aw_field_find(struct aw_span name, struct aw_expr_error *err)
{
    for (unsigned f = 0; name.len > 0 && f < aw_field_count(); f++)
        if (aw_text_is(name, aw_field_name(f))) return (int)f;
    for (enum how how = HOW_END; name.len > 0 && how < HOW_COUNT; how++) {
        int found = -1;
        unsigned count = 0;
        for (unsigned f = 0; f < aw_field_count(); f++) {
            if (!means(name, f, how)) continue;
            if (count++ == 0) found = (int)f;
        }
        if (count == 1) return found;
        if (count == 0) continue;
        say_ambiguous(err, name, how);
        err->incomplete = begins_one(name);
        return -1;
    }
    say_unknown(err, name);
    return -1;
}
