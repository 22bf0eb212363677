/*
 * UTF-8 (RFC 3629) read strictly, and what of Unicode may reach a terminal.
 */
#ifndef AW_SINK_UTF8_H
#define AW_SINK_UTF8_H

#include "await100/types.h"

/* The code point at p (len >= 1) and its length in *used. -1, with *used = 1, where the bytes are
 * no shortest-form encoding of a Unicode scalar value. */
static inline int32_t aw_utf8_next(const uint8_t *p, size_t len, size_t *used)
{
    *used = 1;
    const uint8_t lead = p[0];
    if (lead < 0x80) return lead;
    const size_t n = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || len < n) return -1;
    int32_t c = lead & (0x7f >> n);
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80) return -1;
        c = c << 6 | (p[i] & 0x3f);
    }
    if (n == 3 && (c < 0x800 || (c >= 0xd800 && c <= 0xdfff))) return -1;
    if (n == 4 && (c < 0x10000 || c > 0x10ffff)) return -1;
    *used = n;
    return c;
}

/* Code points that act on a display and do not show on it: C0, DEL, C1, bidirectional controls,
 * other format characters, line and paragraph separators, private use, noncharacters. */
bool aw_utf8_acts(int32_t c);

/* Columns on a terminal: 0 for combining marks, 2 for wide characters, else 1. Of code points that
 * do not act. */
unsigned aw_utf8_columns(int32_t c);

#endif
