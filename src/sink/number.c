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

/* Writes v so that it ends before `end`; returns where it begins. At most 20 bytes. */
static char *digits_before(char *end, uint64_t v)
{
    while (v >= 100) {
        end -= 2;
        memcpy(end, two_digits + v % 100 * 2, 2);
        v /= 100;
    }
    if (v >= 10) {
        end -= 2;
        memcpy(end, two_digits + v * 2, 2);
    } else {
        *--end = (char)('0' + v);
    }
    return end;
}

/* Exactly `n` digits of v at `to`, zeros in front. */
static char *fixed(char *to, uint64_t v, unsigned n)
{
    for (unsigned i = n; i-- > 0; v /= 10)
        to[i] = (char)('0' + v % 10);
    return to + n;
}

static uint64_t magnitude(int64_t v)
{
    return v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
}

void aw_out_u64(struct aw_out *o, uint64_t v)
{
    char text[20];
    const char *from = digits_before(text + sizeof text, v);
    aw_out_write(o, from, (size_t)(text + sizeof text - from));
}

void aw_out_i64(struct aw_out *o, int64_t v)
{
    char text[21];
    char *from = digits_before(text + sizeof text, magnitude(v));
    if (v < 0) *--from = '-';
    aw_out_write(o, from, (size_t)(text + sizeof text - from));
}

void aw_out_ms(struct aw_out *o, aw_ns v)
{
    if (v == AW_NS_NONE) {
        aw_out_write(o, "null", 4);
        return;
    }
    const uint64_t ns = magnitude(v);
    char text[32]; /* sign, 13 digits, point, 6 digits */
    char *const point = text + sizeof text - 7;
    (void)fixed(point + 1, ns % (uint64_t)AW_MS, 6);
    *point = '.';
    const char *end = text + sizeof text;
    while (end - point > 4 && end[-1] == '0')
        end--;
    char *from = digits_before(point, ns / (uint64_t)AW_MS);
    if (v < 0) *--from = '-';
    aw_out_write(o, from, (size_t)(end - from));
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
        aw_out_write(o, "null", 4);
        return;
    }
    uint32_t ns;
    const int64_t sec = aw_ns_seconds(t, &ns);
    int64_t day = sec / 86400, in_day = sec % 86400;
    if (in_day < 0) in_day += 86400, day--;
    const struct civil c = civil_of(day); /* 64 bits of nanoseconds reach from 1677 to 2262 */
    const uint64_t s = (uint64_t)in_day;
    char text[32], *p = fixed(text, (uint64_t)c.year, 4);
    *p++ = '-';
    p = fixed(p, c.month, 2);
    *p++ = '-';
    p = fixed(p, c.day, 2);
    *p++ = 'T';
    p = fixed(p, s / 3600, 2);
    *p++ = ':';
    p = fixed(p, s / 60 % 60, 2);
    *p++ = ':';
    p = fixed(p, s % 60, 2);
    *p++ = '.';
    p = fixed(p, ns, 9);
    *p++ = 'Z';
    aw_out_write(o, text, (size_t)(p - text));
}
