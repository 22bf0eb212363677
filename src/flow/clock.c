/*
 * Capture time held against the sender's own clock: a TSval (RFC 7323) counts milliseconds at most
 * hosts. Where much more time passed between two packets of a side as captured than as sent, the
 * capture's clock was set forward, or the network held the second one up: no peer took that time.
 * Knows nothing of what the packets carried.
 */
#include "flow/inside.h"

/* Whether a clock of 250 Hz, as Linux before 4.13 often had, would have come that far. */
static bool ticks_slowly(uint32_t span_ms, uint32_t ticks)
{
    const uint32_t due = span_ms / 4, slack = 64 + due / 25;
    return ticks + slack >= due && ticks <= due + slack;
}

void aw_clock_pause(struct aw_flow *f, const struct aw_segment *seg, unsigned side, uint16_t units)
{
    const uint32_t span_ms = (uint32_t)(((uint64_t)units << 20) / AW_MS);
    const uint32_t ticks = 64u * (uint8_t)((uint8_t)(seg->tsval >> 6) - f->tick[side]);
    if (span_ms > AW_CLOCK_PAUSE_MAX || ticks > span_ms - span_ms / 4) return;
    if (span_ms - ticks < AW_CLOCK_PAUSE || ticks_slowly(span_ms, ticks)) return;
    struct aw_more *m = aw_flow_more(f);
    if (m) m->leapt[side] = seg->at.ord;
}
