/*
 * Tells a packet captured twice (on two interfaces, before and after a router, by a mirror port)
 * from a retransmission. Keeps traces of the last segments of a connection, both directions in one
 * ring: four at first, more once copies turn up at a distance. Knows nothing of offsets.
 */
#include "flow/inside.h"

#include <string.h>

static uint32_t mix(uint64_t h, uint64_t v)
{
    h = (h ^ v) * UINT64_C(0x9e3779b97f4a7c15);
    return (uint32_t)(h >> 32);
}

static uint16_t fold(uint32_t v) /* never 0, which means none */
{
    const uint16_t folded = (uint16_t)(v ^ v >> 16);
    return folded ? folded : 1;
}

static struct aw_trace trace_of(const struct aw_view *v)
{
    const struct aw_segment *s = v->seg;
    uint32_t what = mix(s->seq, (uint64_t)s->payload_wire << 32 | s->ack);
    what = mix(what, (uint64_t)s->window << 16 | (uint64_t)s->flags << 8 | v->side);
    return (struct aw_trace){
        .what = what | 1, /* 0 marks an unused place */
        .when = (uint16_t)((uint64_t)s->at.ts >> 20),
        .ip_id = s->has_ip_id ? s->ip_id : 0,
        .tsval = s->has_tsval ? fold(s->tsval) : 0,
        .ttl = s->ttl,
        .via = (uint8_t)(s->iface * 4u + (s->link_dir & 3u)),
    };
}

static struct aw_trace *ring(struct aw_flow *f, uint32_t *mask)
{
    if (f->more && f->more->traces) {
        *mask = f->more->trace_cap - 1;
        return f->more->traces;
    }
    *mask = AW_TRACES_NEAR - 1;
    return f->near;
}

/* Doubles the ring. Without memory it stays: copies farther apart then count as retransmissions. */
static void widen(struct aw_flow *f)
{
    uint32_t mask;
    const struct aw_trace *old = ring(f, &mask);
    const uint32_t cap = (mask + 1) * 2;
    struct aw_more *m = aw_flow_more(f);
    if (!m || cap > AW_TRACES_FAR_MAX) return;
    struct aw_trace *wide = aw_pool_get(f->table->pool, cap * sizeof *wide);
    if (!wide) return;
    memset(wide, 0, cap * sizeof *wide);
    for (uint32_t i = 0; i <= mask; i++) {
        const uint32_t n = f->trace_next - 1 - i;
        wide[n & (cap - 1)] = old[n & mask];
    }
    aw_pool_put(f->table->pool, m->traces, m->trace_cap * sizeof *m->traces);
    m->traces = wide;
    m->trace_cap = cap;
}

void aw_copy_note(struct aw_flow *f, const struct aw_view *v)
{
    uint32_t mask;
    struct aw_trace *at = ring(f, &mask);
    at[f->trace_next++ & mask] = trace_of(v);
}

/*
 * The same segment is a copy if the sender numbered both alike: an equal IPv4 ID, which a sender
 * changes even when it repeats; or an equal time stamp and another way here. Where packets carry
 * neither, another way here alone has to do.
 */
static bool is_copy(const struct aw_trace *a, const struct aw_trace *b)
{
    const bool other_way = a->ttl != b->ttl || a->via != b->via;
    if (a->ip_id && a->ip_id == b->ip_id) return true;
    if (!other_way) return false;
    if (a->tsval && a->tsval == b->tsval) return true;
    return !(a->ip_id && b->ip_id) && !(a->tsval && b->tsval);
}

bool aw_copy_known(struct aw_flow *f, const struct aw_view *v)
{
    uint32_t mask;
    const struct aw_trace *at = ring(f, &mask);
    const struct aw_trace now = trace_of(v);
    const aw_ns window = f->table->limits.copy_window >> 20;
    bool other_way = false;
    for (uint32_t i = 0; i <= mask; i++) {
        const struct aw_trace *old = &at[(f->trace_next - 1 - i) & mask];
        int32_t age = (int16_t)(uint16_t)(now.when - old->when);
        if (age < 0) age = -age;
        if (age > window) {
            if (mask >= AW_TRACES_NEAR) break; /* older ones are farther still */
            continue;
        }
        if (old->what == now.what && is_copy(old, &now)) {
            if (i > mask / 2) widen(f);
            return true;
        }
        if (old->what != 0 && old->via != now.via) other_way = true;
    }
    /* A repeat that came another way: its first may have left the ring already. */
    if (other_way && v->seg->payload_wire > 0 && mask + 1 < AW_TRACES_FAR_MAX / 4) widen(f);
    aw_copy_note(f, v);
    return false;
}
