/*
 * Capture time held against the sender's own clock: a TSval (RFC 7323) counts milliseconds at most
 * hosts. Where much more time passed between two packets of a side as captured than as sent, the
 * capture's clock was set forward, or the network held the second one up: no peer took that time.
 * Knows nothing of what the packets carried.
 */
#include "flow/inside.h"

/* Whether a clock of one of the slower usual rates would have come that far. */
static bool ticks_slowly(uint32_t span_ms, uint32_t ticks)
{
    static const uint16_t rates_hz[] = {250, 100, 10};
    for (unsigned i = 0; i < sizeof rates_hz / sizeof *rates_hz; i++) {
        const uint32_t due = span_ms * rates_hz[i] / 1000, slack = 1 + due / 25;
        if (ticks + slack >= due && ticks <= due + slack) return true;
    }
    return false;
}

void aw_clock_pause(struct aw_flow *f, const struct aw_segment *seg, unsigned side, uint16_t units)
{
    const uint32_t span_ms = (uint32_t)(((uint64_t)units << 20) / AW_MS);
    const uint32_t ticks = seg->tsval - f->half[side].tick;
    if (ticks > span_ms - span_ms / 4 || span_ms - ticks < AW_CLOCK_PAUSE) return;
    if (ticks_slowly(span_ms, ticks)) return;
    struct aw_more *m = aw_flow_more(f);
    if (m) m->leapt[side] = seg->at.ord;
}
