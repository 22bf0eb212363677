/*
 * Looking into JSON; see look.h.
 */
#include "sink/look.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "await100/record.h"

void aw_look_fail(struct aw_look *l, const char *fmt, ...)
{
    if (l->bad) return;
    l->bad = true;
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(l->err, l->err_size, fmt, args);
    va_end(args);
}

const json_t *aw_look_object(struct aw_look *l, const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);
    if (json_is_object(v)) return v;
    aw_look_fail(l, "'%s' is missing, or no object", key);
    return NULL;
}

const json_t *aw_look_array(struct aw_look *l, const json_t *o, const char *key, size_t most)
{
    const json_t *v = json_object_get(o, key);
    if (!json_is_array(v))
        aw_look_fail(l, "'%s' is missing, or no list", key);
    else if (json_array_size(v) > most)
        aw_look_fail(l, "'%s' has more than %zu entries", key, most);
    return l->bad ? NULL : v;
}

int64_t aw_look_number(struct aw_look *l, const json_t *o, const char *key, int64_t most,
                       int64_t none)
{
    const json_t *v = json_object_get(o, key);
    if (!v || json_is_null(v)) return none;
    const int64_t n = json_integer_value(v);
    if (json_is_integer(v) && n >= 0 && n <= most) return n;
    aw_look_fail(l, "'%s' is no whole number from 0 to %lld", key, (long long)most);
    return none;
}

uint64_t aw_look_count(struct aw_look *l, const json_t *o, const char *key)
{
    return (uint64_t)aw_look_number(l, o, key, INT64_MAX, 0);
}

aw_ns aw_look_ms(struct aw_look *l, const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);
    if (!v || json_is_null(v)) return AW_NS_NONE;
    const double ns = json_number_value(v) * (double)AW_MS;
    if (json_is_number(v) && ns > -9e18 && ns < 9e18) return (aw_ns)llround(ns);
    aw_look_fail(l, "'%s' is no time in milliseconds", key);
    return AW_NS_NONE;
}

/* Digits of a number, from `*p` on, which moves behind them. False: they are no digits. */
static bool digits(const char **p, unsigned n, int *out)
{
    *out = 0;
    for (; n > 0; n--, (*p)++) {
        if (**p < '0' || **p > '9') return false;
        *out = *out * 10 + (**p - '0');
    }
    return true;
}

static bool moment_of(const char *p, aw_ns *out)
{
    static const struct {
        unsigned digits;
        char after;
    } part[] = {{4, '-'}, {2, '-'}, {2, 'T'}, {2, ':'}, {2, ':'}, {2, '.'}, {9, 'Z'}};
    int v[sizeof part / sizeof part[0]];
    for (size_t i = 0; i < sizeof part / sizeof part[0]; i++)
        if (!digits(&p, part[i].digits, &v[i]) || *p++ != part[i].after) return false;
    if (*p != '\0') return false;
    struct tm t = {.tm_year = v[0] - 1900,
                   .tm_mon = v[1] - 1,
                   .tm_mday = v[2],
                   .tm_hour = v[3],
                   .tm_min = v[4],
                   .tm_sec = v[5]};
    const time_t seconds = timegm(&t); /* puts 30 February right, which is then not what was said */
    if (t.tm_mon != v[1] - 1 || t.tm_mday != v[2] || t.tm_hour != v[3] || t.tm_min != v[4] ||
        t.tm_sec != v[5])
        return false;
    return !__builtin_mul_overflow((aw_ns)seconds, AW_SEC, out) &&
           !__builtin_add_overflow(*out, (aw_ns)v[6], out);
}

aw_ns aw_look_moment(struct aw_look *l, const json_t *o, const char *key)
{
    aw_ns t;
    const json_t *v = json_object_get(o, key);
    if (!v || json_is_null(v)) return AW_NS_NONE;
    if (json_is_string(v) && moment_of(json_string_value(v), &t)) return t;
    aw_look_fail(l, "'%s' is no time such as 2026-01-02T03:04:05.123456789Z", key);
    return AW_NS_NONE;
}

struct aw_span aw_look_text(struct aw_look *l, const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);
    if (json_is_string(v))
        return (struct aw_span){(const uint8_t *)json_string_value(v), json_string_length(v)};
    if (v && !json_is_null(v)) aw_look_fail(l, "'%s' is no text", key);
    return (struct aw_span){NULL, 0};
}

const char *aw_look_name(struct aw_look *l, const json_t *o, const char *key)
{
    const struct aw_span s = aw_look_text(l, o, key);
    if (s.p && !memchr(s.p, '\0', s.len)) return (const char *)s.p;
    aw_look_fail(l, "'%s' is missing, or no name", key);
    return "";
}

unsigned aw_look_word(struct aw_look *l, const char *word, const char *(*name_of)(unsigned),
                      unsigned count, const char *what)
{
    for (unsigned i = 0; i < count; i++)
        if (strcmp(word, name_of(i)) == 0) return i;
    aw_look_fail(l, "'%.40s' is no %s that this version knows", word, what);
    return 0;
}

const char *aw_look_cause(unsigned i)
{
    return aw_cause_slug((enum aw_cause)i);
}

const char *aw_look_severity(unsigned i)
{
    return aw_severity_name((enum aw_severity)i);
}

const char *aw_look_party(unsigned i)
{
    return aw_party_name((enum aw_party)i);
}

const char *aw_look_confidence(unsigned i)
{
    return aw_confidence_name((enum aw_confidence)i);
}
