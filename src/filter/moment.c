/*
 * Moments as RFC 3339 writes them, to nanoseconds since the epoch. Knows the calendar; knows no
 * clock and no time zone but offsets.
 */
#include "filter/inside.h"

struct reading {
    const uint8_t *p, *end;
};

/* Exactly n digits, between low and high. */
static bool digits(struct reading *r, unsigned n, int64_t low, int64_t high, int64_t *out)
{
    int64_t v = 0;
    for (unsigned i = 0; i < n; i++) {
        if (r->p == r->end || *r->p < '0' || *r->p > '9') return false;
        v = v * 10 + (*r->p++ - '0');
    }
    *out = v;
    return v >= low && v <= high;
}

static bool take(struct reading *r, const char *any)
{
    if (r->p == r->end) return false;
    for (; *any; any++) {
        if (*r->p != (uint8_t)*any) continue;
        r->p++;
        return true;
    }
    return false;
}

/* Days since 1970-01-01 of the Gregorian calendar; the year begins in March, so that the leap day
 * comes last. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
    if (month <= 2) {
        year--;
        month += 12;
    }
    return 365 * year + year / 4 - year / 100 + year / 400 + (153 * (month - 3) + 2) / 5 + day -
           719469;
}

static bool day_exists(int64_t year, int64_t month, int64_t day)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return day <= days[month - 1] + (month == 2 && leap);
}

static bool fraction(struct reading *r, aw_ns *out)
{
    aw_ns unit = AW_SEC / 10;
    const uint8_t *from = r->p;
    for (; r->p < r->end && *r->p >= '0' && *r->p <= '9'; r->p++, unit /= 10)
        *out += (*r->p - '0') * unit;
    return r->p > from;
}

/* Z, +01:00, -0530; nothing is no offset. */
static bool offset(struct reading *r, aw_ns *out, bool *zoned)
{
    *out = 0;
    *zoned = r->p < r->end;
    if (!*zoned || take(r, "Zz")) return true;
    const bool west = *r->p == '-';
    int64_t hours, minutes;
    if (!take(r, "+-") || !digits(r, 2, 0, 23, &hours)) return false;
    (void)take(r, ":");
    if (!digits(r, 2, 0, 59, &minutes)) return false;
    *out = (hours * 60 + minutes) * 60 * AW_SEC * (west ? -1 : 1);
    return true;
}

bool aw_moment_parse(struct aw_span text, aw_ns *out, bool *zoned)
{
    struct reading r = {text.p, text.p + text.len};
    int64_t year, month, day, hour = 0, minute = 0, second = 0;
    aw_ns part = 0, shift = 0;
    *zoned = false;
    if (text.len == 0) return false;
    if (!digits(&r, 4, 1970, 2261, &year) || !take(&r, "-")) return false;
    if (!digits(&r, 2, 1, 12, &month) || !take(&r, "-")) return false;
    if (!digits(&r, 2, 1, 31, &day) || !day_exists(year, month, day)) return false;
    if (r.p < r.end) {
        if (!take(&r, "Tt ") || !digits(&r, 2, 0, 23, &hour) || !take(&r, ":")) return false;
        if (!digits(&r, 2, 0, 59, &minute)) return false;
        if (take(&r, ":") && !digits(&r, 2, 0, 60, &second)) return false;
        if (take(&r, ".") && !fraction(&r, &part)) return false;
        if (!offset(&r, &shift, zoned) || r.p < r.end) return false;
    }
    const int64_t seconds = ((days_of(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
    *out = seconds * AW_SEC + part - shift;
    return true;
}
