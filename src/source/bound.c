/* Moments as people name them; see bound.h. */
#include "source/bound.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "await100/filter.h"

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

/* "+10s" without its plus. */
static bool parse_span(const char *text, aw_ns *out)
{
    static const struct {
        const char *name;
        double ns;
    } units[] = {{"", 1e9}, {"s", 1e9},  {"ms", 1e6},  {"us", 1e3},
                 {"ns", 1}, {"m", 60e9}, {"h", 3600e9}};
    if (!digit(text[0]) && text[0] != '.') return false;
    char *end;
    const double value = strtod(text, &end);
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (strcmp(end, units[i].name) != 0) continue;
        const double ns = value * units[i].ns;
        if (!(ns >= 0) || ns > 1e18) return false; /* thirty years */
        *out = (aw_ns)(ns + 0.5);
        return true;
    }
    return false;
}

/* A moment that was read as if it were UTC, meant as local time. */
static bool local(aw_ns *ns)
{
    const time_t sec = (time_t)(*ns / AW_SEC);
    struct tm tm;
    if (!gmtime_r(&sec, &tm)) return false;
    tm.tm_isdst = -1;
    const time_t meant = mktime(&tm);
    if (meant == (time_t)-1) return false;
    *ns = (aw_ns)meant * AW_SEC + *ns % AW_SEC;
    return true;
}

static bool parse_moment(const char *text, aw_ns *out, bool *zoned)
{
    return aw_moment_parse((struct aw_span){(const uint8_t *)text, strlen(text)}, out, zoned);
}

bool aw_bound_parse(const char *text, struct aw_bound *out)
{
    bool zoned;
    if (text[0] == '+') {
        out->kind = AW_BOUND_AFTER;
        return parse_span(text + 1, &out->ns);
    }
    if (digit(text[0]) && digit(text[1]) && text[2] == ':') {
        /* As the time of a day that is known; an offset has no place here. */
        char full[64] = "1970-01-01T";
        if (strlen(text) >= sizeof full - strlen(full)) return false;
        strcat(full, text);
        out->kind = AW_BOUND_CLOCK;
        return parse_moment(full, &out->ns, &zoned) && !zoned;
    }
    out->kind = AW_BOUND_MOMENT;
    return parse_moment(text, &out->ns, &zoned) && (zoned || local(&out->ns));
}

/* The local clock at that many ns after midnight of the day of `first`; by the calendar, as a day
 * may have 23 or 25 hours. */
static aw_ns at_clock(aw_ns clock, aw_ns first)
{
    const time_t sec = (time_t)(first / AW_SEC);
    struct tm tm;
    if (!localtime_r(&sec, &tm)) return first;
    const int64_t seconds = clock / AW_SEC;
    tm.tm_hour = (int)(seconds / 3600);
    tm.tm_min = (int)(seconds / 60 % 60);
    tm.tm_sec = (int)(seconds % 60);
    tm.tm_isdst = -1;
    const time_t meant = mktime(&tm);
    return meant == (time_t)-1 ? first : (aw_ns)meant * AW_SEC + clock % AW_SEC;
}

aw_ns aw_bound_moment(const struct aw_bound *b, aw_ns first)
{
    int64_t sum;
    switch (b->kind) {
    case AW_BOUND_AFTER:
        return __builtin_add_overflow(first, b->ns, &sum) ? INT64_MAX : sum;
    case AW_BOUND_CLOCK:
        return at_clock(b->ns, first);
    case AW_BOUND_MOMENT:
    case AW_BOUND_NONE:
        break;
    }
    return b->ns;
}
