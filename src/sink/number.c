/*
 * Numbers and times as text: no locale, no printf, straight into the writer's buffer. A report has
 * some thirty numbers a record, so this is where its time would go.
 */
#include "sink/out.h"

#include <string.h>

#include "sink/out_buf.h"

static const char two_digits[] = "00010203040506070809101112131415161718192021222324"
                                 "25262728293031323334353637383940414243444546474849"
                                 "50515253545556575859606162636465666768697071727374"
                                 "75767778798081828384858687888990919293949596979899";

static void put_two(char *to, unsigned v)
{
    memcpy(to, two_digits + (size_t)v * 2, 2);
}

static size_t digits_of(uint64_t v)
{
    size_t n = 1;
    for (; v >= 10000; v /= 10000)
        n += 4;
    return n + (v >= 10) + (v >= 100) + (v >= 1000);
}

/* Writes v to `to`; returns where it ends. At most 20 bytes. */
static char *digits(char *to, uint64_t v)
{
    char *const end = to + digits_of(v), *at = end;
    for (; v >= 100; v /= 100)
        put_two(at -= 2, (unsigned)(v % 100));
    if (v >= 10)
        put_two(to, (unsigned)v);
    else
        *to = (char)('0' + v);
    return end;
}

/* Exactly six digits of v < 1000000, zeros in front. */
static char *six(char *to, uint32_t v)
{
    put_two(to, v / 10000);
    put_two(to + 2, v / 100 % 100);
    put_two(to + 4, v % 100);
    return to + 6;
}

/* Exactly two digits of v < 100, and what follows them. */
static char *two_and(char *to, uint64_t v, char next)
{
    put_two(to, (unsigned)v);
    to[2] = next;
    return to + 3;
}

static uint64_t magnitude(int64_t v)
{
    return v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
}

void aw_out_u64(struct aw_out *o, uint64_t v)
{
    char *const p = aw_out_room(o, 20);
    if (p) o->used += (size_t)(digits(p, v) - p);
}

void aw_out_i64(struct aw_out *o, int64_t v)
{
    if (v < 0) aw_out_put(o, "-", 1);
    aw_out_u64(o, magnitude(v));
}

void aw_out_ms(struct aw_out *o, aw_ns v)
{
    if (v == AW_NS_NONE) {
        aw_out_put(o, "null", 4);
        return;
    }
    char *const p = aw_out_room(o, 32); /* sign, 13 digits, point, 6 digits */
    if (!p) return;
    const uint64_t ns = magnitude(v);
    *p = '-';
    char *const point = digits(p + (v < 0), ns / (uint64_t)AW_MS);
    *point = '.';
    char *end = six(point + 1, (uint32_t)(ns % (uint64_t)AW_MS));
    while (end - point > 4 && end[-1] == '0')
        end--;
    o->used += (size_t)(end - p);
}

struct civil { /* a date of the proleptic Gregorian calendar */
    int64_t year;
    unsigned month, day;
};

/* Days since 1970-01-01 to a date. Years are counted from March, so that a leap day comes last and
 * the months' lengths follow one line: (153 m + 2) / 5. */
static struct civil civil_of(int64_t days)
{
    const int64_t z = days + 719468; /* days since 0000-03-01 */
    const int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    const unsigned day_of_era = (unsigned)(z - era * 146097);
    const unsigned year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    const unsigned day_of_year =
        day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const unsigned m = (5 * day_of_year + 2) / 153;
    const unsigned month = m < 10 ? m + 3 : m - 9;
    return (struct civil){
        .year = era * 400 + year_of_era + (month <= 2),
        .month = month,
        .day = day_of_year - (153 * m + 2) / 5 + 1,
    };
}

void aw_out_time(struct aw_out *o, aw_ns t)
{
    if (t == AW_NS_NONE) {
        aw_out_put(o, "null", 4);
        return;
    }
    uint32_t ns;
    const int64_t sec = aw_ns_seconds(t, &ns);
    int64_t day = sec / 86400, in_day = sec % 86400;
    if (in_day < 0) in_day += 86400, day--;
    const struct civil c = civil_of(day); /* 64 bits of nanoseconds reach from 1677 to 2262 */
    const uint64_t s = (uint64_t)in_day;
    char *const text = aw_out_room(o, 30);
    if (!text) return;
    put_two(text, (unsigned)c.year / 100);
    char *p = two_and(text + 2, (unsigned)c.year % 100, '-');
    p = two_and(p, c.month, '-');
    p = two_and(p, c.day, 'T');
    p = two_and(p, s / 3600, ':');
    p = two_and(p, s / 60 % 60, ':');
    p = two_and(p, s % 60, '.');
    p = six(p, ns / 1000);
    *p++ = (char)('0' + ns / 100 % 10);
    p = two_and(p, ns % 100, 'Z');
    o->used += (size_t)(p - text);
}
