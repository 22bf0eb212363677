/*
 * Values as they are written, turned into the kind of the field they are compared with: numbers
 * with units, moments, addresses, words of a set. Knows spellings; compares nothing.
 */
#include "filter/inside.h"

#include <arpa/inet.h>
#include <string.h>

__extension__ typedef unsigned __int128 wide;

struct unit {
    const char *name;
    int64_t times; /* in the field's own unit: 1, or ns */
    bool time;     /* of times alone */
};
/* Numbers without a unit are the first. */
static const struct unit counts[] = {{"", 1, false},       {"K", 1000, false},
                                     {"k", 1000, false},   {"M", 1000000, false},
                                     {"KiB", 1024, false}, {"MiB", 1048576, false}},
                         spans[] = {{"", AW_MS, true},         {"ms", AW_MS, true},
                                    {"s", AW_SEC, true},       {"us", AW_US, true},
                                    {"K", AW_SEC, true},       {"k", AW_SEC, true},
                                    {"M", 1000 * AW_SEC, true}};
enum { COUNTS = sizeof counts / sizeof *counts, SPANS = sizeof spans / sizeof *spans };

/* Digits, a point, digits, then a unit of the list. *half: it ends where a unit is half typed. */
static bool number(struct aw_literal *l, struct aw_span text, const struct unit *units,
                   size_t count, bool *half)
{
    const uint8_t *p = text.p, *end = text.p + text.len;
    const bool minus = p < end && *p == '-';
    uint64_t digits = 0, scale = 1;
    bool any = false, point = false;
    *half = false;
    if (minus) p++;
    for (; p < end; p++) {
        if (*p == '.' && !point) {
            point = true;
        } else if (*p >= '0' && *p <= '9') {
            any = true;
            if (digits > UINT64_MAX / 100) return false; /* more digits than any value has */
            digits = digits * 10 + (uint64_t)(*p - '0');
            if (point) scale *= 10; /* grows no faster than digits may */
            if (scale > UINT64_MAX / 100) return false;
        } else {
            break;
        }
    }
    if (!any) {
        *half = p == end;
        return false;
    }
    const struct aw_span rest = {p, (size_t)(end - p)};
    for (size_t i = 0; i < count; i++) {
        const struct aw_span name = aw_words_span(units[i].name, strlen(units[i].name));
        *half = *half || aw_text_begins(name, rest);
        if (!aw_text_is(rest, units[i].name)) continue;
        const wide product = (wide)digits * (uint64_t)units[i].times, whole = product / scale;
        l->more = product % scale != 0;
        l->number = whole > INT64_MAX ? INT64_MAX : (int64_t)whole;
        if (minus) l->number = -l->number - (l->more ? 1 : 0);
        return true;
    }
    return false;
}

static bool address(struct aw_literal *l, struct aw_span text)
{
    char copy[64];
    if (text.len >= sizeof copy) return false;
    memcpy(copy, text.p, text.len);
    copy[text.len] = '\0';
    char *slash = strchr(copy, '/');
    if (slash) *slash++ = '\0';
    l->address = (struct aw_addr){.v6 = strchr(copy, ':') != NULL};
    if (inet_pton(l->address.v6 ? AF_INET6 : AF_INET, copy, l->address.b) != 1) return false;
    const unsigned most = l->address.v6 ? 128 : 32;
    unsigned bits = most;
    if (slash) {
        bits = 0;
        const size_t len = strlen(slash);
        if (len == 0 || len > 3) return false;
        for (; *slash; slash++) {
            if (*slash < '0' || *slash > '9') return false;
            bits = bits * 10 + (unsigned)(*slash - '0');
        }
        if (bits > most) return false;
    }
    l->prefix = (uint8_t)bits;
    return true;
}

static bool word(struct aw_literal *l, unsigned field, const struct aw_token *t, bool end,
                 struct aw_expr_error *err)
{
    enum { MOST = 64 };
    const char *words[MOST];
    unsigned count = 0;
    bool half = false;
    for (const char *w; count < MOST && (w = aw_field_word(field, count)) != NULL; count++) {
        words[count] = w;
        if (aw_text_is(t->text, w)) {
            l->number = count;
            return true;
        }
        half = half || aw_text_begins(aw_words_span(w, strlen(w)), t->text);
    }
    _Static_assert((int)AW_CAUSE_COUNT < (int)MOST, "every set of words fits");
    char shown[AW_SHOWN];
    const char *near = aw_nearest(aw_shown(shown, t->text), words, count);
    if (near) {
        aw_expr_fail(err, t->at, t->len, "%s is never %s; did you mean %s?", aw_field_name(field),
                     shown, near);
    } else if (count <= 6) {
        char list[96] = "";
        for (unsigned i = 0; i < count; i++) {
            strncat(list, i ? ", " : "", sizeof list - strlen(list) - 1);
            strncat(list, words[i], sizeof list - strlen(list) - 1);
        }
        aw_expr_fail(err, t->at, t->len, "%s is never %s; it is one of %s", aw_field_name(field),
                     shown, list);
    } else {
        aw_expr_fail(err, t->at, t->len, "%s is never %s; --explain list names the words",
                     aw_field_name(field), shown);
    }
    err->incomplete = end && half;
    return false;
}

static bool flag(struct aw_literal *l, unsigned field, const struct aw_token *t, bool end,
                 struct aw_expr_error *err)
{
    if (aw_text_is(t->text, "true") || aw_text_is(t->text, "false")) {
        l->number = t->text.p[0] == 't';
        return true;
    }
    aw_expr_fail(err, t->at, t->len, "%s is true or false", aw_field_name(field));
    err->incomplete = end && (aw_text_begins(aw_words_span("true", 4), t->text) ||
                              aw_text_begins(aw_words_span("false", 5), t->text));
    return false;
}

/* A number where the field is none of times: say so if a unit of time is what is wrong. */
static void say_number(unsigned field, const struct aw_token *t, struct aw_expr_error *err)
{
    struct aw_literal l = {.null = false};
    bool half;
    const char *name = aw_field_name(field);
    if (!number(&l, t->text, spans, SPANS, &half)) {
        aw_expr_fail(err, t->at, t->len, "%s wants a number, as 417, 1.5M or 64KiB", name);
        return;
    }
    char shown[AW_SHOWN];
    const char *last = strrchr(name, '.');
    last = last ? last + 1 : name;
    for (unsigned f = 0; f < aw_field_count(); f++) { /* packets.final has a final_ms beside it */
        const char *other = aw_field_name(f), *end = strrchr(other, '.');
        const size_t len = strlen(last);
        end = end ? end + 1 : other;
        if (aw_field_kind(f) != AW_KIND_TIME || strncmp(end, last, len) != 0) continue;
        if (strcmp(end + len, "_ms") != 0) continue;
        aw_expr_fail(err, t->at, t->len, "%s is a time and %s is none; did you mean %s?",
                     aw_shown(shown, t->text), name, other);
        return;
    }
    aw_expr_fail(err, t->at, t->len, "%s is a time and %s is none", aw_shown(shown, t->text), name);
}

static bool of_kind(struct aw_literal *l, unsigned field, const struct aw_token *t, bool end,
                    struct aw_expr_error *err)
{
    const char *name = aw_field_name(field);
    bool half = false, zoned;
    switch (aw_field_kind(field)) {
    case AW_KIND_GROUP:
        aw_expr_fail(err, t->at, t->len, "%s has parts: compare one of them, or with null", name);
        return false;
    case AW_KIND_NUMBER:
    case AW_KIND_PACKET:
        if (number(l, t->text, counts, COUNTS, &half)) return true;
        say_number(field, t, err);
        err->incomplete = end && half;
        return false;
    case AW_KIND_TIME:
        if (number(l, t->text, spans, SPANS, &half)) return true;
        aw_expr_fail(err, t->at, t->len, "%s wants a time, as 500ms, 1.5s, 40us, or a number of ms",
                     name);
        err->incomplete = end && half;
        return false;
    case AW_KIND_MOMENT:
        if (aw_moment_parse(t->text, &l->number, &zoned)) return true;
        aw_expr_fail(err, t->at, t->len,
                     "%s wants a moment, as 2026-01-02 or 2026-01-02T03:04:05.5Z", name);
        err->incomplete = end && t->len < sizeof "2026-01-02T03:04:05.123456789+01:00";
        return false;
    case AW_KIND_ADDRESS:
        if (address(l, t->text)) return true;
        aw_expr_fail(err, t->at, t->len, "%s wants an address, as 10.0.0.1, 2001:db8::/32", name);
        err->incomplete = end;
        return false;
    case AW_KIND_WORD:
        return word(l, field, t, end, err);
    case AW_KIND_FLAG:
        return flag(l, field, t, end, err);
    case AW_KIND_TEXT:
        break;
    }
    return true;
}

bool aw_literal_make(struct aw_literal *l, unsigned field, const struct aw_token *t, bool end,
                     struct aw_expr_error *err)
{
    *l = (struct aw_literal){.text = t->text};
    l->null = t->kind == AW_LEX_WORD && aw_text_is(t->text, "null");
    if (l->null || of_kind(l, field, t, end, err)) return true;
    if (end && aw_text_begins(aw_words_span("null", 4), t->text)) err->incomplete = true;
    return false;
}
