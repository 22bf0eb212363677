/*
 * Capture time held against itself and against the sender's own clock: a TSval (RFC 7323) counts
 * milliseconds at most hosts. Where much more time passed between two packets of a side as captured
 * than as sent, the capture's clock was set forward, or the network held the second one up; where
 * much less did, it was set back, or the network held the first one up. No peer took, or saved,
 * that time. Knows nothing of what the packets carried.
 */
#include "flow/inside.h"

/* Whether a clock of 250 Hz, as Linux before 4.13 often had, would have come that far. */
static bool ticks_slowly(uint32_t span_ms, uint32_t ticks_ms)
{
    const uint32_t due = span_ms / 4, slack = 64 + due / 25;
    return ticks_ms + slack >= due && ticks_ms <= due + slack;
}

static bool came_late(uint32_t span_ms, uint32_t ticks_ms)
{
    if (ticks_ms > span_ms - span_ms / 4 || ticks_slowly(span_ms, ticks_ms)) return false;
    return span_ms - ticks_ms >= AW_CLOCK_PAUSE;
}

/* An older packet's ticks, taken for those of a pause, are more than this. */
enum { TICKS_MOST = 240 };

static bool was_sent_late(uint32_t span_ms, uint32_t ticks_ms)
{
    return ticks_ms < TICKS_MOST * 64u && ticks_ms >= span_ms + span_ms / 16 + AW_CLOCK_PAUSE;
}

/* Its time lies before that of the packet before, and so before the table's, which never goes back;
 * after a silence in which `units` wrapped it does not. Packets that change places do not count. */
static bool is_before(const struct aw_flow *f, const struct aw_segment *seg, uint16_t units)
{
    const aw_ns grace = f->table->limits.reorder_grace, unsure = 2 << 20;
    const aw_ns back = -((aw_ns)(int16_t)units * (1 << 20));
    return back - unsure > grace && f->table->now - seg->at.ts > grace;
}

void aw_clock_compare(struct aw_flow *f, const struct aw_segment *seg, unsigned side,
                      uint16_t units)
{
    const uint32_t span_ms = (uint32_t)(((uint64_t)units << 20) / AW_MS);
    const aw_ns now = f->table->now > seg->at.ts ? f->table->now : seg->at.ts;
    const bool wraps = now - f->packet_at > AW_CLOCK_PAUSE_MAX * AW_MS;
    const bool ticking = seg->has_tsval && (f->flags & AW_FLOW_TICKS << side);
    const uint32_t ticks_ms = 64u * aw_clock_ticks(f, seg, side);
    const bool back = is_before(f, seg, units);
    const bool spans = ticking && !back && span_ms <= AW_CLOCK_PAUSE_MAX;
    const bool late = spans && came_late(span_ms, ticks_ms);
    const bool early = spans && !wraps && was_sent_late(span_ms, ticks_ms);
    struct aw_more *m = back || late || early ? aw_flow_more(f) : NULL;
    if (!m) return;
    if (back) m->ran_back[side] = seg->at.ord;
    if (late) m->leapt[side] = seg->at.ord;
    if (!early) return;
    m->outran[side] = seg->at.ord;
    if (m->outruns[side] < UINT8_MAX) m->outruns[side]++;
}

void aw_clock_facts(const struct aw_flow *f, struct aw_conn_facts *out)
{
    enum { OUTRUNS = 2 }; /* oftener, its ticks are shorter than a millisecond */
    const struct aw_more *m = f->more;
    for (unsigned side = 0; side < 2; side++) {
        const enum aw_dir dir = aw_dir_of(f, side);
        const uint64_t outran = m->outruns[side] <= OUTRUNS ? m->outran[side] : 0;
        out->leapt[dir] = m->leapt[side];
        out->set_back[dir] = outran > m->ran_back[side] ? outran : m->ran_back[side];
    }
}
