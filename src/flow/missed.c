/*
 * Packets of a side that were sent and not captured, as its IP IDs tell: a sender that counts them
 * up by connection leaves none out. Where IDs are passed over in a silence as long as TCP waits
 * before it sends again, what comes after it may have been sent before, and the capture lacks the
 * first. Knows nothing of what the packets carried.
 */
#include "flow/inside.h"

/* The shortest time after which the usual stacks send again: 200 ms, and the units are coarse. */
enum { SENDS_AGAIN = (200 * AW_MS - (1 << 20)) >> 20 };

void aw_missed_note(struct aw_flow *f, const struct aw_segment *seg, unsigned side)
{
    const struct aw_half *h = &f->half[side];
    const uint16_t at = (uint16_t)((uint64_t)seg->at.ts >> 20);
    if ((h->flags & AW_HALF_LARGE) || (uint16_t)(at - f->id_at[side]) < SENDS_AGAIN) return;
    struct aw_more *m = aw_flow_more(f);
    if (!m) return;
    m->missed[side][m->missed_next[side]] = seg->at.ord;
    m->missed_next[side] = (uint8_t)((m->missed_next[side] + 1) % AW_MISSED_MAX);
}

void aw_missed_facts(const struct aw_flow *f, struct aw_conn_facts *out)
{
    for (unsigned side = 0; side < 2; side++) {
        if (!(f->half[side].flags & AW_HALF_COUNTS)) continue;
        for (unsigned i = 0; i < AW_MISSED_MAX; i++)
            out->missed[aw_dir_of(f, side)][i] = f->more->missed[side][i];
    }
}
