/*
 * Counts over time.
 */
#include "sink/series.h"

#include <string.h>

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* Doubles the width: bins 2k and 2k + 1 become bin k. */
static void widen(struct aw_series *s)
{
    uint32_t bin[AW_SERIES_BINS][AW_SERIES_KINDS] = {{0}};
    const int64_t first = floor_div(s->first, 2);
    for (unsigned i = 0; i < s->bins; i++) {
        const int64_t to = floor_div(s->first + (int64_t)i, 2) - first;
        for (unsigned k = 0; k < AW_SERIES_KINDS; k++)
            bin[to][k] += s->bin[i][k];
    }
    memcpy(s->bin, bin, sizeof bin);
    s->bins = (unsigned)(floor_div(s->first + (int64_t)s->bins - 1, 2) - first) + 1;
    s->first = first;
    s->width *= 2;
}

void aw_series_add(struct aw_series *s, aw_ns t, unsigned kind)
{
    if (s->width == 0) {
        s->width = AW_MS;
        s->first = floor_div(t, s->width);
        s->bins = 1;
    }
    int64_t at = floor_div(t, s->width);
    /* 64 bits of time end long before the width does: at 2^58 all fit. */
    while (at - s->first >= AW_SERIES_BINS || s->first + (int64_t)s->bins - at > AW_SERIES_BINS) {
        widen(s);
        at = floor_div(t, s->width);
    }
    if (at < s->first) {
        const unsigned by = (unsigned)(s->first - at);
        memmove(&s->bin[by], &s->bin[0], s->bins * sizeof s->bin[0]);
        memset(&s->bin[0], 0, by * sizeof s->bin[0]);
        s->first = at;
        s->bins += by;
    } else if (at - s->first >= (int64_t)s->bins) {
        s->bins = (unsigned)(at - s->first) + 1;
    }
    s->bin[at - s->first][kind]++;
}
