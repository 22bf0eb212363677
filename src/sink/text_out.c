/*
 * Text of at most 80 columns: wrapping, columns, and figures as people write them. What is given
 * may come from the wire; it is made printable before its columns are counted.
 */
#include "sink/text_out.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sink/out_buf.h"
#include "sink/utf8.h"

/* The part of a line that fits: bytes to write, bytes to step over, and whether that is all. */
struct fit {
    size_t write, step;
    bool all;
};

/* `s` is printable already. Breaks at the last space, or inside a word that is too long for a line.
 */
static struct fit fit_line(struct aw_span s, unsigned columns)
{
    size_t at = 0, space = 0, used;
    unsigned width = 0;
    bool have_space = false;
    while (at < s.len) {
        const int32_t c = aw_utf8_next(s.p + at, s.len - at, &used);
        if (c == ' ' && width <= columns) space = at, have_space = true;
        width += aw_utf8_columns(c < 0 ? ' ' : c);
        if (width > columns) break;
        at += used;
    }
    if (at == s.len) return (struct fit){.write = at, .step = at, .all = true};
    if (have_space && space > 0) return (struct fit){.write = space, .step = space + 1};
    return (struct fit){.write = at, .step = at};
}

static void put_spaces(struct aw_out *o, size_t n)
{
    static const char spaces[] = "                                        ";
    while (n > 0) {
        const size_t some = n < sizeof spaces - 1 ? n : sizeof spaces - 1;
        aw_out_write(o, spaces, some);
        n -= some;
    }
}

unsigned aw_text_wrap(struct aw_out *o, struct aw_span text, unsigned used, unsigned indent,
                      unsigned max_lines)
{
    struct aw_out *clean = aw_out_memory();
    if (!clean) {
        aw_out_fail(o, ENOMEM);
        return 1;
    }
    aw_out_ascii(clean, o->ascii);
    (void)aw_out_printable(clean, text, 0);
    struct aw_span s = aw_out_bytes(clean);
    if (used == 0) put_spaces(o, used = indent);
    for (unsigned line = 1;; line++, used = indent) {
        const unsigned room = AW_TEXT_COLUMNS - used;
        struct fit f = fit_line(s, room);
        const bool cut = !f.all && line == max_lines;
        if (cut) f = fit_line(s, room - 4);
        aw_out_write(o, s.p, f.write);
        if (cut) aw_out_write(o, " ...", 4);
        aw_out_write(o, "\n", 1);
        if (f.all || cut) {
            (void)aw_out_close(clean, false);
            return line;
        }
        s.p += f.step;
        s.len -= f.step;
        put_spaces(o, indent);
    }
}

void aw_text_cell(struct aw_out *o, struct aw_span s, unsigned columns)
{
    put_spaces(o, columns - aw_out_printable(o, s, columns));
}

bool aw_wants_colour(void)
{
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
    if ((no && *no) || !term || strcmp(term, "dumb") == 0) return false;
    return isatty(STDOUT_FILENO) == 1;
}

void aw_text_ink(struct aw_out *o, enum aw_ink ink)
{
    /* The 16 colours of the terminal's own theme, so that they suit light and dark ones. */
    static const char *const code[] = {
        [AW_INK_PLAIN] = "\033[0m", [AW_INK_TITLE] = "\033[1m",    [AW_INK_FAINT] = "\033[2m",
        [AW_INK_GOOD] = "\033[32m", [AW_INK_WARNING] = "\033[33m", [AW_INK_ERROR] = "\033[1;31m",
    };
    if (o->colour) aw_out_str(o, code[ink]);
}

enum aw_ink aw_severity_ink(enum aw_severity s)
{
    switch (s) {
    case AW_SEV_ERROR:
        return AW_INK_ERROR;
    case AW_SEV_WARNING:
        return AW_INK_WARNING;
    case AW_SEV_OK:
        return AW_INK_GOOD;
    case AW_SEV_INFO:
    case AW_SEV_UNKNOWN:
    case AW_SEV_COUNT:
        break;
    }
    return AW_INK_FAINT;
}

const char *aw_text_span(char to[AW_FIGURE], int64_t ns)
{
    const double ms = (double)ns / (double)AW_MS, s = ms / 1000;
    if (ns < AW_SEC)
        (void)snprintf(to, AW_FIGURE, "%.3f ms", ms);
    else if (s < 100)
        (void)snprintf(to, AW_FIGURE, "%.3f s", s);
    else if (s < 3600)
        (void)snprintf(to, AW_FIGURE, "%.1f s", s);
    else if (s < 100 * 3600)
        (void)snprintf(to, AW_FIGURE, "%.1f h", s / 3600);
    else
        (void)snprintf(to, AW_FIGURE, "%.0f days", s / 86400);
    return to;
}

const char *aw_text_size(char to[AW_FIGURE], uint64_t bytes)
{
    static const char *const unit[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
    double v = (double)bytes;
    unsigned i = 0;
    while (v >= 999.95 && i + 1 < sizeof unit / sizeof unit[0])
        v /= 1000, i++;
    (void)snprintf(to, AW_FIGURE, i ? "%.1f %s" : "%.0f %s", v, unit[i]);
    return to;
}

const char *aw_text_share(char to[AW_FIGURE], uint64_t part, uint64_t whole)
{
    const double pct = whole ? 100 * (double)part / (double)whole : 0;
    if (part > 0 && pct < 1)
        (void)snprintf(to, AW_FIGURE, "<1 %%");
    else if (part < whole && pct > 99)
        (void)snprintf(to, AW_FIGURE, ">99 %%");
    else
        (void)snprintf(to, AW_FIGURE, "%.0f %%", pct);
    return to;
}

const char *aw_text_time(char to[AW_TIME_TEXT], aw_ns t)
{
    uint32_t ns;
    const time_t sec = (time_t)aw_ns_seconds(t, &ns);
    struct tm tm;
    char day[24] = "", zone[8] = "";
    if (t != AW_NS_NONE && localtime_r(&sec, &tm)) {
        (void)strftime(day, sizeof day, "%Y-%m-%d %H:%M:%S", &tm);
        (void)strftime(zone, sizeof zone, "%z", &tm);
        (void)snprintf(to, AW_TIME_TEXT, "%s.%03u %s", day, (unsigned)(ns / AW_MS), zone);
    } else {
        (void)snprintf(to, AW_TIME_TEXT, "(time unknown)");
    }
    return to;
}
