/*
 * Tells a packet captured twice (on two interfaces, before and after a router, by a mirror port)
 * from a retransmission. Keeps traces of the last segments of a connection, both directions in one
 * ring: four at first, more once copies turn up at a distance. Knows nothing of offsets.
 */
#include "flow/inside.h"

#include <string.h>

static uint16_t way_of(const struct aw_trace *t)
{
    return (uint16_t)(t->ttl << 8 | t->via);
}

static bool has_far(const struct aw_flow *f)
{
    return f->more && f->more->traces;
}

/* `next`: modulo the size of the ring. */
static struct aw_trace *ring(struct aw_flow *f, uint32_t *mask, uint32_t *next)
{
    const bool far = has_far(f);
    *mask = far ? f->more->trace_cap - 1 : AW_TRACES_NEAR - 1;
    *next = far ? f->more->trace_next : f->near_next;
    return far ? f->more->traces : f->near;
}

/* The place of the oldest, for a new one. */
static struct aw_trace *oldest(struct aw_flow *f)
{
    if (!has_far(f)) return &f->near[f->near_next++];
    return &f->more->traces[f->more->trace_next++ & (f->more->trace_cap - 1)];
}

/* Doubles the ring. Without memory it stays: copies farther apart then count as retransmissions. */
static void widen(struct aw_flow *f)
{
    uint32_t mask, next;
    const struct aw_trace *old = ring(f, &mask, &next);
    const uint32_t cap = (mask + 1) * 2;
    struct aw_more *m = aw_flow_more(f);
    if (!m || cap > AW_TRACES_FAR_MAX) return;
    struct aw_trace *wide = aw_pool_get(f->table->pool, cap * sizeof *wide);
    if (!wide) return;
    memset(wide, 0, cap * sizeof *wide);
    for (uint32_t i = 0; i <= mask; i++) {
        const uint32_t n = next - 1 - i;
        wide[n & (cap - 1)] = old[n & mask];
    }
    aw_pool_put(f->table->pool, m->traces, m->trace_cap * sizeof *m->traces);
    m->traces = wide;
    m->trace_next = next;
    m->trace_cap = cap;
}

void aw_copy_note(struct aw_flow *f, const struct aw_segment *seg, unsigned side)
{
    aw_trace_write(oldest(f), seg, side);
}

/*
 * The same segment is a copy if the sender numbered both alike: an equal IPv4 ID, which a sender
 * changes even when it repeats. Without IDs, if they came another way here; or carry equal time
 * stamps, or were captured within a tick or two, which is sooner than a sender repeats; or are
 * SYNs, repeated after a second at the earliest.
 */
static bool is_copy(const struct aw_trace *a, const struct aw_trace *b, bool syn, int32_t age)
{
    if (a->ip_id && b->ip_id && a->ip_id != b->ip_id) {
        /* Numbered anew on the way (by a translator, a proxy of packets): the time stamps tell. */
        return a->tsval && a->tsval == b->tsval && way_of(a) != way_of(b);
    }
    if (a->ip_id && a->ip_id == b->ip_id) return true;
    if (a->tsval && b->tsval) return a->tsval == b->tsval;
    return syn || way_of(a) != way_of(b) || age <= 1;
}

/* Copies come the way in which earlier ones came: taken down for those whose first has left the
 * ring. */
static void learn(struct aw_flow *f, unsigned side, const struct aw_trace *first,
                  const struct aw_trace *copy)
{
    struct aw_more *m = aw_flow_more(f);
    if (!m || way_of(first) == way_of(copy)) return;
    m->copy_way[side] = way_of(copy);
    m->first_way[side] = way_of(first);
}

bool aw_copy_known(struct aw_flow *f, const struct aw_view *v, bool repeat)
{
    uint32_t mask, next;
    const struct aw_trace *at = ring(f, &mask, &next);
    struct aw_trace now;
    aw_trace_write(&now, v->seg, v->side);
    const aw_ns window = f->table->limits.copy_window >> 20;
    const bool syn = (v->seg->flags & AW_TCP_SYN) != 0;
    bool other_way = false;
    for (uint32_t i = 0; i <= mask; i++) {
        const struct aw_trace *old = &at[(next - 1 - i) & mask];
        int32_t age = (int16_t)(uint16_t)(now.when - old->when);
        if (age < 0) age = -age;
        if (age > window) {
            if (mask >= AW_TRACES_NEAR) break; /* older ones are farther still */
            continue;
        }
        if (old->what == now.what && is_copy(old, &now, syn, age)) {
            learn(f, v->side, old, &now);
            if (i > mask / 2) widen(f);
            return true;
        }
        if (old->what == now.what)
            repeat = false; /* its first is at hand, and numbered otherwise */
        if (old->what != 0 && old->via != now.via) other_way = true;
    }
    /* Nothing new, and it came where so far only copies came. */
    const struct aw_more *m = f->more;
    if (repeat && m && m->copy_way[v->side] == way_of(&now) &&
        m->first_way[v->side] != m->copy_way[v->side])
        return true;
    /* Nor has anything new of this side come with that TTL. */
    const struct aw_half *h = &f->half[v->side];
    if (repeat && !(h->flags & AW_HALF_WAYS) && h->ttl && now.ttl && now.ttl != h->ttl &&
        v->seg->at.ts - f->activity.ts <= f->table->limits.copy_window)
        return true;
    /* A repeat that came another way: its first may have left the ring already. */
    if (other_way && v->seg->payload_wire > 0 && mask + 1 < AW_TRACES_FAR_MAX / 4) widen(f);
    *oldest(f) = now;
    return false;
}
