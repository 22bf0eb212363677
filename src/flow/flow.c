/*
 * The door of the room: connections and their life. Makes the connection of a segment, turns
 * sequence numbers into offsets, ends connections, lets go of them when memory or time runs out.
 * What happens inside a connection is told in half.c and order.c.
 */
#include "flow/inside.h"

#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

enum {
    SECRET_BYTES = 192,
    SLOTS_MIN = 64,
    EVICTIONS_MAX = 256, /* for one request: beyond, memory is not what they would free */
    SPARE_SHARE = 16,    /* of the budget, kept for the rooms above, which cannot evict */
    BUSY_MAX = 8,
};

/* --- key --- */

/* What IPv6 is hashed by: no padding. */
struct ends_v6 {
    uint8_t addr[2][16];
    uint16_t port[2];
};
_Static_assert(sizeof(struct ends_v6) == 36, "it is hashed as bytes");

/* The same for both directions: the ends in some order of their own, no matter which. Out of line,
 * so that IPv4 does not pay for its stack frame. */
__attribute__((noinline)) static uint64_t hash_v6(const uint8_t *secret, const uint8_t *addr0,
                                                  uint16_t port0, const uint8_t *addr1,
                                                  uint16_t port1)
{
    struct ends_v6 e = {.port = {0, 0}};
    int order = memcmp(addr0, addr1, sizeof e.addr[0]);
    if (order == 0) order = (int)port0 - (int)port1;
    memcpy(e.addr[order > 0], addr0, sizeof e.addr[0]);
    memcpy(e.addr[order <= 0], addr1, sizeof e.addr[0]);
    e.port[order > 0] = port0;
    e.port[order <= 0] = port1;
    return XXH3_64bits_withSecret(&e, sizeof e, secret, SECRET_BYTES);
}

static inline uint64_t hash_v4(const uint8_t *secret, const uint8_t *addr0, uint16_t port0,
                               const uint8_t *addr1, uint16_t port1)
{
    uint32_t ip0, ip1;
    memcpy(&ip0, addr0, sizeof ip0);
    memcpy(&ip1, addr1, sizeof ip1);
    const uint64_t a = (uint64_t)ip0 << 16 | port0, b = (uint64_t)ip1 << 16 | port1;
    const uint64_t ends[2] = {a < b ? a : b, a < b ? b : a};
    return XXH3_64bits_withSecret(ends, sizeof ends, secret, SECRET_BYTES);
}

uint64_t aw_flow_hash(const uint8_t *secret, const struct aw_segment *seg)
{
    if (seg->src.v6) return hash_v6(secret, seg->src.b, seg->sport, seg->dst.b, seg->dport);
    return hash_v4(secret, seg->src.b, seg->sport, seg->dst.b, seg->dport);
}

/* As the segments of f hash: it is not kept, for it is needed no more until f ends. */
static uint64_t hash_of(const struct aw_flow *f)
{
    const uint8_t *secret = f->table->secret;
    if (f->flags & AW_FLOW_V6) return hash_v6(secret, f->v6[0], f->port[0], f->v6[1], f->port[1]);
    return hash_v4(secret, f->v4[0], f->port[0], f->v4[1], f->port[1]);
}

/* --- memory --- */

void *aw_flow_room(struct aw_flow_table *t, size_t size)
{
    void *p = aw_pool_get(t->pool, size);
    for (unsigned i = 0; !p && i < EVICTIONS_MAX && aw_flow_evict_one(t); i++)
        p = aw_pool_get(t->pool, size);
    return p;
}

struct aw_more *aw_flow_more(struct aw_flow *f)
{
    if (f->more) return f->more;
    struct aw_more *m = aw_flow_room(f->table, sizeof *m);
    if (!m) return NULL;
    *m = (struct aw_more){
        .due = {AW_NS_NONE, AW_NS_NONE},
        .grace_at = AW_NOT_IN_HEAP,
        .rst_off = AW_OFF_NONE,
        .watch_ack = {AW_OFF_NONE, AW_OFF_NONE},
    };
    f->more = m;
    return m;
}

struct aw_marks *aw_flow_marks(struct aw_flow *f)
{
    if (f->marks) return f->marks;
    struct aw_marks *m = aw_flow_room(f->table, sizeof *m);
    if (!m) return NULL;
    m->watch[0] = m->watch[1] = AW_OFF_NONE;
    m->acked_by[0] = m->acked_by[1] = (struct aw_mark){.ord = 0};
    f->marks = m;
    return m;
}

static void free_more(struct aw_flow *f)
{
    aw_pool_put(f->table->pool, f->marks, sizeof *f->marks);
    f->marks = NULL;
    f->flags &= (uint16_t)~AW_FLOW_FINS;
    if (!f->more) return;
    aw_order_drop(f);
    aw_claim_free(f->table, f->more->claim);
    aw_pool_put(f->table->pool, f->more->traces, f->more->trace_cap * sizeof *f->more->traces);
    aw_pool_put(f->table->pool, f->more, sizeof *f->more);
    f->more = NULL;
}

static void drop(struct aw_flow *f)
{
    if (!f) return;
    free_more(f);
    aw_pool_put(f->table->pool, f, aw_flow_size(f));
}

/* Takes it out of everything but its slot and frees it. */
static void release(struct aw_flow *f)
{
    struct aw_flow_table *t = f->table;
    t->open--;
    aw_heap_remove(t, AW_HEAP_GRACE, f);
    aw_heap_remove(t, (enum aw_heap_id)f->heap, f);
    drop(f);
}

/* The end of work on a connection, which may have been its last. */
static void leave(struct aw_flow *f)
{
    f->flags &= (uint16_t)~AW_FLOW_BUSY;
    if (!(f->flags & AW_FLOW_CLOSED)) return;
    const uint64_t hash = hash_of(f);
    aw_grave_dig(f->table, f, hash);
    aw_slot_remove(f->table, f, hash);
    release(f);
}

struct aw_flow_table *aw_flow_table_new(const struct aw_alloc *alloc, struct aw_pool *pool,
                                        const uint8_t *secret, const struct aw_flow_limits *limits,
                                        const struct aw_flow_ops *ops)
{
    struct aw_flow_table *t = alloc->get(alloc->ctx, sizeof *t);
    if (!t) return NULL;
    *t = (struct aw_flow_table){
        .alloc = *alloc,
        .pool = pool,
        .secret = secret,
        .limits = *limits,
        .ops = *ops,
        .now = AW_NS_NONE,
        .next_due = INT64_MAX,
    };
    if (!aw_slots_resize(t, SLOTS_MIN)) {
        alloc->put(alloc->ctx, t);
        return NULL;
    }
    return t;
}

void aw_flow_table_free(struct aw_flow_table *t)
{
    if (!t) return;
    for (size_t i = 0; !t->finishing && i <= t->mask; i++)
        drop(t->slots[i].flow);
    for (unsigned id = 0; t->finishing && id < AW_HEAP_GRACE; id++)
        for (uint32_t i = t->heap[id].taken; i < t->heap[id].count; i++)
            drop(t->heap[id].at[i].flow);
    for (unsigned id = 0; id < AW_HEAPS; id++)
        aw_heap_free(t, &t->heap[id]);
    aw_graves_free(t);
    aw_pool_put(t->pool, t->slots, (t->mask + 1) * sizeof *t->slots);
    const struct aw_alloc alloc = t->alloc;
    alloc.put(alloc.ctx, t);
}

/* --- life cycle --- */

/* By the clock at `at`; or by the latest activity's own time, where the clock was behind it and has
 * followed: the packet that ends a long silence is taken while nothing confirms its time yet, and
 * must not count as part of that silence. */
static aw_ns alive_at(const struct aw_flow *f, aw_ns at)
{
    const aw_ns own = f->activity.ts;
    const bool confirmed = own <= aw_later(f->table->now, f->table->limits.idle_timeout);
    return aw_seen(&f->activity) && own > at && confirmed ? own : at;
}

aw_ns aw_flow_deadline(const struct aw_flow *f)
{
    const struct aw_flow_limits *l = &f->table->limits;
    if (f->table->finishing) return f->ord < INT64_MAX ? (aw_ns)f->ord : INT64_MAX;
    const aw_ns forget = aw_later(alive_at(f, f->packet_at), l->forget);
    if (f->flags & AW_FLOW_QUIET) return forget;
    const aw_ns idle = aw_later(alive_at(f, f->active_at), l->idle_timeout);
    return idle < forget ? idle : forget;
}

/* Puts it into the heap that its state asks for. Where that cannot grow it stays: only the order of
 * eviction suffers. */
static void place(struct aw_flow *f)
{
    struct aw_flow_table *t = f->table;
    if (t->finishing) return; /* it has its turn */
    enum aw_heap_id id = AW_HEAP_LIVE;
    /* Where patience alone keeps it, it is judged by its silence whenever it goes. */
    const bool judged = t->limits.patient && (f->flags & AW_FLOW_QUIET);
    if ((f->flags & AW_FLOW_PRECIOUS) && !judged)
        id = AW_HEAP_PRECIOUS;
    else if (f->flags & AW_FLOW_QUIET)
        id = AW_HEAP_SPARE;
    const enum aw_heap_id old = (enum aw_heap_id)f->heap;
    const aw_ns key = aw_flow_deadline(f);
    if (old == id) {
        aw_heap_rekey(t, id, f, key);
        return;
    }
    aw_heap_remove(t, old, f);
    f->heap = id & 3;
    if (aw_heap_add(t, id, f, key)) return;
    f->heap = old & 3;
    (void)aw_heap_add(t, old, f, key); /* it has the room it just gave up */
}

void aw_flow_active(struct aw_flow *f, const struct aw_mark *mark)
{
    f->activity = *mark;
    f->active_at = f->table->now;
    if (!(f->flags & AW_FLOW_QUIET)) return;
    f->flags &= (uint16_t)~AW_FLOW_QUIET;
    place(f);
}

void aw_flow_give(struct aw_flow *f, struct aw_chunk *chunk)
{
    chunk->ready = f->table->at;
    chunk->due = f->table->due;
    f->table->ops.chunk(f->table->ops.ctx, f, chunk);
}

static void tell_idle(struct aw_flow *f)
{
    aw_order_idle(f);
    aw_flow_give(f, &(struct aw_chunk){.kind = AW_CHUNK_IDLE,
                                       .dir = AW_C2S,
                                       .seen = f->activity,
                                       .ack_off = AW_OFF_NONE,
                                       .peer_high = f->half[!f->client].high});
}

void aw_flow_end(struct aw_flow *f, enum aw_close why, unsigned side, const struct aw_mark *seen,
                 bool linger)
{
    struct aw_flow_table *t = f->table;
    const uint16_t busy = f->flags & AW_FLOW_BUSY;
    struct aw_mark at = *seen;
    const uint16_t silent = AW_FLOW_QUIET | AW_FLOW_PAYLOAD;
    f->flags |= AW_FLOW_BUSY;
    if (t->limits.patient && (f->flags & silent) == silent && why != AW_CLOSE_FIN &&
        why != AW_CLOSE_RST)
        tell_idle(f);
    aw_order_flush(f);
    if (why != AW_CLOSE_FIN && why != AW_CLOSE_RST) {
        /* What ended it may have waited for bytes that nobody captured. */
        const struct aw_more *m = f->more;
        if (m && m->rst_off != AW_OFF_NONE) {
            why = AW_CLOSE_RST;
            side = m->rst_side;
            at = m->rst[side];
        } else if (f->half[0].flags & f->half[1].flags & AW_HALF_FIN_DONE) {
            why = AW_CLOSE_FIN;
            side = (f->flags & AW_FLOW_FIN_BY_1) != 0;
            at = f->marks->fin_by[!side];
        }
    }
    aw_flow_give(f, &(struct aw_chunk){.kind = AW_CHUNK_CLOSE,
                                       .dir = aw_dir_of(f, side),
                                       .close = why,
                                       .off = f->half[side].next,
                                       .seen = at,
                                       .ack_off = AW_OFF_NONE,
                                       .peer_high = f->half[!side].high});
    if (t->ops.gone) t->ops.gone(t->ops.ctx, f);
    f->app = NULL;
    const bool seen0 = f->half[0].flags & AW_HALF_SEEN, seen1 = f->half[1].flags & AW_HALF_SEEN;
    t->stats.one_sided += seen0 != seen1 && (f->flags & AW_FLOW_PAYLOAD) != 0;
    f->flags = (uint16_t)((f->flags & ~AW_FLOW_BUSY) | busy);
    if (linger) {
        f->flags |= AW_FLOW_CLOSED;
        return;
    }
    if (!t->finishing) aw_slot_remove(t, f, hash_of(f)); /* else nobody looks for it any more */
    release(f);
}

bool aw_flow_evict_one(struct aw_flow_table *t)
{
    struct aw_flow *aside[BUSY_MAX], *victim = NULL;
    unsigned count = 0;
    if (t->finishing) return false; /* all of them end as it is */
    for (unsigned id = AW_HEAP_SPARE; id <= AW_HEAP_PRECIOUS && !victim; id++) {
        const struct aw_due *top;
        count = 0;
        while (!victim && (top = aw_heap_top(t, (enum aw_heap_id)id)) != NULL) {
            struct aw_flow *f = top->flow;
            const aw_ns key = aw_flow_deadline(f);
            if (key > top->key) {
                aw_heap_rekey(t, (enum aw_heap_id)id, f, key);
            } else if (!(f->flags & AW_FLOW_BUSY)) {
                victim = f;
            } else {
                if (count == BUSY_MAX) break;
                aw_heap_remove(t, (enum aw_heap_id)id, f);
                aside[count++] = f;
            }
        }
        while (count > 0) {
            struct aw_flow *f = aside[--count];
            (void)aw_heap_add(t, (enum aw_heap_id)id, f,
                              aw_flow_deadline(f)); /* its place is free */
        }
    }
    if (!victim) return false;
    t->stats.evicted++;
    const struct aw_mark at = t->at;
    aw_flow_end(victim, AW_CLOSE_EVICTED, victim->client, &at, false);
    return true;
}

/* Who is the client of a connection joined in the middle: the port tells, or who speaks. */
static unsigned guess_client(const uint16_t *port, unsigned sender)
{
    const unsigned low = port[1] < port[0], high = !low;
    const bool telling =
        port[low] != port[high] && (port[low] < 1024 || (port[low] < 32768 && port[high] >= 32768));
    return telling ? high : sender;
}

void aw_flow_spare(struct aw_flow_table *t)
{
    const size_t budget = aw_pool_budget(t->pool), most = budget - budget / SPARE_SHARE;
    for (unsigned i = 0; aw_pool_used(t->pool) > most && i < EVICTIONS_MAX; i++)
        if (!aw_flow_evict_one(t)) return;
}

static struct aw_flow *create(struct aw_flow_table *t, const struct aw_segment *seg, uint64_t hash)
{
    const unsigned side = 0;
    aw_flow_spare(t);
    if (!aw_slot_reserve(t)) return NULL;
    const bool v6 = seg->src.v6, syn = (seg->flags & AW_TCP_SYN) != 0;
    struct aw_flow *f = aw_flow_room(t, sizeof *f + (v6 ? 2 * sizeof *f->v6 : 0));
    if (!f) return NULL;
    const struct aw_half blank = {.acked = AW_OFF_NONE};
    *f = (struct aw_flow){
        .port = {seg->sport, seg->dport},
        .flags = (uint16_t)((syn ? 0 : AW_FLOW_MIDSTREAM) | (v6 ? AW_FLOW_V6 : 0) |
                            (seg->untimed ? AW_FLOW_UNTIMED : 0)),
        .heap = AW_HEAP_LIVE,
        .heap_at = AW_NOT_IN_HEAP,
        .table = t,
        .ord = seg->at.ord,
        .packet_at = t->now,
        .active_at = t->now,
        .activity = seg->at,
        .rtt = {AW_RTT_NONE, AW_RTT_NONE},
        .wscale = 0xff,
        .half = {blank, blank},
    };
    const size_t len = v6 ? sizeof f->v6[0] : sizeof f->v4[0];
    memcpy(v6 ? f->v6[side] : f->v4[side], seg->src.b, len);
    memcpy(v6 ? f->v6[!side] : f->v4[!side], seg->dst.b, len);
    f->client = syn ? side : guess_client(f->port, side);
    for (unsigned i = 0; !aw_heap_add(t, AW_HEAP_LIVE, f, aw_flow_deadline(f)); i++) {
        if (i < EVICTIONS_MAX && aw_flow_evict_one(t)) continue;
        aw_pool_put(t->pool, f, aw_flow_size(f));
        return NULL;
    }
    aw_slot_put(t, f, hash);
    t->open++;
    t->stats.connections++;
    t->stats.midstream += !syn;
    f->flags |= AW_FLOW_BUSY;
    aw_half_locate(f, seg, side);
    aw_half_meet(&f->half[side], seg);
    if (t->ops.open) t->ops.open(t->ops.ctx, f);
    return f;
}

/* --- a segment --- */

static void count_copy(struct aw_flow *f)
{
    f->table->stats.copies++;
    struct aw_more *m = aw_flow_more(f);
    if (m) m->copies++;
}

/* Turns numbers into offsets; false: they are too far from the stream to belong to it. */
static bool widen(const struct aw_flow *f, struct aw_view *v)
{
    const struct aw_half *h = &f->half[v->side], *p = &f->half[!v->side];
    const struct aw_segment *seg = v->seg;
    if (h->flags & AW_HALF_KNOWN) {
        const uint32_t seq = seg->seq + ((seg->flags & AW_TCP_SYN) != 0);
        v->off = aw_seq_widen(seq, h->base_seq + (uint32_t)h->next, h->next);
        v->end = v->off + (aw_off)seg->payload_wire;
        if (v->off > h->next + AW_FAR || v->off < h->next - AW_FAR) return false;
    }
    if ((seg->flags & AW_TCP_ACK) && (p->flags & AW_HALF_KNOWN)) {
        const aw_off ack = aw_seq_widen(seg->ack, p->base_seq + (uint32_t)p->next, p->next);
        const aw_off high = aw_off_max(p->next, aw_off_max(p->high, p->acked));
        const aw_off fin = aw_fin_of(f, !v->side);
        const bool beyond = fin != AW_OFF_NONE && ack > fin + 1;
        /* Nobody acknowledges so far beyond what was sent, or beyond its end: no ACK at all. */
        if (ack <= high + AW_FAR && ack >= p->next - AW_FAR && !beyond) v->ack = ack;
    }
    return true;
}

static void take(struct aw_flow *f, const struct aw_segment *seg, unsigned side, bool fresh)
{
    struct aw_flow_table *t = f->table;
    struct aw_half *h = &f->half[side];
    struct aw_view v = {.seg = seg, .side = side, .ack = AW_OFF_NONE};
    if (seg->flags & AW_TCP_RST) {
        if (aw_copy_known(f, &v, false)) {
            count_copy(f);
            return;
        }
        f->packet_at = t->now;
        (void)widen(f, &v);
        aw_reset(f, &v);
        return;
    }
    if (fresh && seg->flags == AW_TCP_SYN && seg->payload_wire == 0) { /* the usual first one */
        aw_copy_note(f, seg, side);
        h->window = seg->window;
        return;
    }
    if (seg->flags & AW_TCP_SYN) {
        /* The first of its side is no copy. */
        if (fresh || !(h->flags & AW_HALF_SEEN)) {
            aw_copy_note(f, seg, side);
        } else if (aw_copy_known(f, &v, false)) {
            count_copy(f);
            return;
        }
    }
    if (!fresh) aw_half_locate(f, seg, side);
    const bool syn = (seg->flags & AW_TCP_SYN) != 0;
    if (!widen(f, &v) || (syn ? v.off != 0 : aw_leaps(f, &v))) {
        t->stats.out_of_window++;
        return;
    }
    if (!(seg->flags & AW_TCP_SYN)) {
        /* A segment that brings something new is no copy; what waits is not in `high` yet. */
        const bool fin = (seg->flags & AW_TCP_FIN) && !(f->flags & AW_FLOW_FIN << side);
        const bool news = v.end > h->high || v.ack > f->half[!side].acked || fin;
        const bool waits = f->more && f->more->first[side];
        if (news && seg->ttl != h->ttl && h->ttl) h->flags |= AW_HALF_WAYS;
        if (news && !waits) {
            aw_copy_note(f, seg, side);
        } else if (aw_copy_known(f, &v, !news)) {
            count_copy(f);
            if (v.end > v.off) aw_half_copy(f, &v);
            return;
        }
    }
    f->packet_at = t->now;
    aw_half_take(f, &v);
}

/* Ends f and begins the connection that claimed its ports, which `by` belongs to as well. NULL: no
 * memory. */
static struct aw_flow *use_again(struct aw_flow *f, const struct aw_segment *by, unsigned *side)
{
    struct aw_flow_table *t = f->table;
    const uint64_t hash = hash_of(f);
    const bool same_side = f->more->claim->side == *side;
    struct aw_claim *c = f->more->claim;
    f->more->claim = NULL;
    aw_flow_end(f, AW_CLOSE_REUSED, c->side, &by->at, false);
    f = create(t, &c->seg, hash);
    if (f) {
        aw_missed_step(f, &c->seg, 0);
        aw_clock_note(f, &c->seg, 0);
        take(f, &c->seg, 0, true);
        if (c->again) f->half[0].flags &= (uint16_t)~AW_HALF_TIMING; /* Karn */
    } else {
        t->stats.no_memory++;
    }
    aw_claim_free(t, c);
    *side = same_side ? 0 : 1;
    return f;
}

uint64_t aw_flow_push(struct aw_flow_table *t, const struct aw_segment *seg)
{
    return aw_flow_push_hashed(t, seg, aw_flow_hash(t->secret, seg));
}

uint64_t aw_flow_push_hashed(struct aw_flow_table *t, const struct aw_segment *seg, uint64_t hash)
{
    t->stats.segments++;
    t->at = seg->at;
    if (t->now == AW_NS_NONE) t->now = seg->at.ts;
    unsigned side = 0;
    struct aw_flow *f = aw_slot_find(t, seg, hash, &side);
    if (!f && aw_grave_stray(t, seg, hash)) {
        t->stats.strays++;
        return 0;
    }
    if (f && (f->more || (seg->flags & AW_TCP_SYN) || !(f->half[side].flags & AW_HALF_SEEN))) {
        f->flags |= AW_FLOW_BUSY; /* so it is still there when there is room for a claim */
        switch (aw_use_of(f, seg, side)) {
        case AW_USE_SAME:
            break;
        case AW_USE_OVER:
            aw_flow_end(f, AW_CLOSE_REUSED, side, &seg->at, false);
            f = NULL;
            break;
        case AW_USE_CLAIMED:
            f->flags &= (uint16_t)~AW_FLOW_BUSY;
            return f->more->claim->seg.at.ord;
        case AW_USE_AGREED:
            f = use_again(f, seg, &side);
            if (!f) return 0;
            break;
        }
    }
    bool fresh = false;
    if (!f) {
        if (seg->flags & AW_TCP_RST) return 0; /* nothing to end; not worth a connection */
        f = create(t, seg, hash);
        if (!f) {
            t->stats.no_memory++;
            return 0;
        }
        side = 0;
        fresh = true;
    }
    f->flags |= AW_FLOW_BUSY; /* so it is still there after its own end */
    if (seg->untimed) f->flags |= AW_FLOW_UNTIMED;
    if (!fresh) aw_clock_check(f, seg, side);
    aw_missed_step(f, seg, side);
    aw_clock_note(f, seg, side);
    if (fresh || !aw_half_plain(f, seg, side)) take(f, seg, side, fresh);
    const uint64_t ord = f->ord;
    leave(f);
    return ord;
}

/* --- time --- */

static void expire(struct aw_flow_table *t, struct aw_flow *f)
{
    const struct aw_mark at = t->at;
    if (t->now >= aw_later(alive_at(f, f->packet_at), t->limits.forget)) {
        aw_flow_end(f, AW_CLOSE_EXPIRED, f->client, &at, false);
        return;
    }
    f->flags |= AW_FLOW_QUIET;
    place(f);
    if (t->limits.patient || !(f->flags & AW_FLOW_PAYLOAD)) return;
    f->flags |= AW_FLOW_BUSY;
    tell_idle(f);
    f->flags &= (uint16_t)~AW_FLOW_BUSY;
}

static void run_due(struct aw_flow_table *t, aw_ns until)
{
    for (;;) {
        const enum aw_heap_id id = aw_heap_earliest(t);
        const aw_ns key = id == AW_HEAPS ? INT64_MAX : t->heap[id].at[0].key;
        if (id == AW_HEAPS || key > until) {
            t->next_due = key;
            t->due = 0;
            return;
        }
        struct aw_flow *f = t->heap[id].at[0].flow;
        t->due = key;
        if (id == AW_HEAP_GRACE) {
            const aw_ns due = aw_order_due(f, AW_NS_NONE + 1);
            const aw_ns next = due > key ? due : aw_order_due(f, key + 1);
            if (next != INT64_MAX)
                aw_heap_rekey(t, id, f, next);
            else
                aw_heap_remove(t, id, f);
            if (due > key) continue;
            f->flags |= AW_FLOW_BUSY;
            aw_order_expire(f);
            leave(f);
            continue;
        }
        const aw_ns deadline = aw_flow_deadline(f);
        if (deadline > key)
            aw_heap_rekey(t, id, f, deadline);
        else
            expire(t, f);
    }
}

void aw_flow_tick_until(struct aw_flow_table *t, const struct aw_mark *at, aw_ns until)
{
    if (at->ts < t->now) return; /* AW_NS_NONE is less than any */
    t->now = at->ts;
    t->at = *at;
    if (until > t->now) until = t->now;
    if (until >= t->next_due) run_due(t, until);
}

void aw_flow_tick(struct aw_flow_table *t, const struct aw_mark *at)
{
    aw_flow_tick_until(t, at, at->ts);
}

aw_ns aw_flow_next_due(const struct aw_flow_table *t)
{
    return t->next_due;
}

static struct aw_flow *next_to_finish(struct aw_flow_table *t)
{
    if (!t->finishing) {
        t->finishing = true; /* what aw_flow_deadline goes by */
        for (unsigned id = 0; id < AW_HEAP_GRACE; id++)
            aw_heap_list(t, (enum aw_heap_id)id);
    }
    struct aw_flow *f = NULL;
    for (unsigned id = 0; id < AW_HEAP_GRACE; id++) {
        const struct aw_due *top = aw_heap_top(t, (enum aw_heap_id)id);
        if (top && (!f || top->flow->ord < f->ord)) f = top->flow;
    }
    return f;
}

uint64_t aw_flow_next_to_finish(struct aw_flow_table *t)
{
    const struct aw_flow *f = next_to_finish(t);
    return f ? f->ord : UINT64_MAX;
}

void aw_flow_last_packet(struct aw_flow_table *t, const struct aw_mark *at)
{
    t->at = *at;
}

uint64_t aw_flow_soon_to_finish(struct aw_flow_table *t)
{
    enum { FAR = 8, NEAR = 4 };
    const struct aw_flow *f = next_to_finish(t);
    if (!f) return UINT64_MAX;
    const struct aw_heap *h = &t->heap[f->heap];
    if (h->count - f->heap_at <= FAR) return UINT64_MAX;
    const struct aw_due *top = &h->at[f->heap_at];
    const struct aw_flow *near = top[NEAR].flow;
    const char *far = (const char *)top[FAR].flow;
    if (near) __builtin_prefetch(near->app, 1);
    for (size_t at = 0; far && at < sizeof(struct aw_flow); at += 64)
        __builtin_prefetch(far + at, 1);
    return far ? (uint64_t)top[FAR].key : UINT64_MAX;
}

bool aw_flow_finish_one(struct aw_flow_table *t)
{
    struct aw_flow *f = next_to_finish(t);
    const struct aw_mark at = t->at;
    if (f) aw_flow_end(f, AW_CLOSE_INPUT, f->client, &at, false);
    return f != NULL;
}

/* --- what rooms above may ask --- */

const struct aw_flow_stats *aw_flow_stats(const struct aw_flow_table *t)
{
    return &t->stats;
}

size_t aw_flow_count(const struct aw_flow_table *t)
{
    return t->open;
}

void **aw_flow_app(struct aw_flow *flow)
{
    return &flow->app;
}

/* Whose FIN was first, by order of cause: of two that were captured the one that was handed up
 * first, for the other may acknowledge it though it was captured before; one that was not captured,
 * if the other acknowledges it. */
static unsigned first_fin(const struct aw_flow *f)
{
    for (unsigned side = 0; side < 2; side++) {
        const struct aw_half *h = &f->half[side];
        if ((h->flags & AW_HALF_MAYBE_FIN) && (f->flags & AW_FLOW_FIN << !side) &&
            f->marks->fin_ack[!side] > h->next)
            return side;
    }
    return (f->flags & AW_FLOW_FIN_BY_1) != 0;
}

static void facts_end(const struct aw_flow *f, struct aw_conn_facts *out)
{
    static const struct aw_more no_more;
    static const struct aw_marks no_marks;
    const struct aw_more *m = f->more ? f->more : &no_more;
    const struct aw_marks *k = f->marks ? f->marks : &no_marks;
    for (unsigned side = 0; side < 2; side++) {
        const enum aw_dir dir = aw_dir_of(f, side);
        const struct aw_half *h = &f->half[side];
        const bool ended = (f->flags & AW_FLOW_FIN << side) != 0;
        out->fin_unseen[dir] = !ended && (h->flags & AW_HALF_MAYBE_FIN) != 0;
        if (out->fin_unseen[dir]) out->fin[dir] = k->acked_by[side];
        if (ended) {
            out->fin[dir] = k->fin_by[side];
            out->fin_ack[dir] = k->fin_ack[side];
        }
        out->rst[dir] = m->rst[side];
        out->rst_bare[dir] = m->rst_bare[side];
        out->hole_bytes[dir] = m->hole_bytes[side];
        out->cut_bytes[dir] = m->cut_bytes[side];
        out->zero_windows[dir] = m->zero_windows[side];
    }
    /* Who ended it: the first FIN, or a reset before any. */
    const unsigned first = first_fin(f);
    const enum aw_dir dir = aw_dir_of(f, first), other = aw_dir_other(dir);
    const struct aw_mark *const ends[] = {&out->fin[dir], &out->fin[other], &m->rst[0], &m->rst[1]};
    const unsigned sides[] = {first, !first, 0, 1};
    for (unsigned i = 0; i < 4; i++) {
        if (!aw_seen(ends[i])) continue;
        if (out->close != AW_CONN_OPEN && (i == 1 || ends[i]->ord >= out->closed_at.ord)) continue;
        out->close = i < 2 ? AW_CONN_FIN : AW_CONN_RST;
        out->closed_by = aw_dir_of(f, sides[i]);
        out->closed_at = *ends[i];
    }
    out->hole_count = m->holes;
    out->retransmissions = m->retransmissions;
    out->copies = m->copies;
    out->conflicts = m->conflicts;
}

static void address(const struct aw_flow *f, unsigned side, struct aw_addr *out)
{
    out->v6 = (f->flags & AW_FLOW_V6) != 0;
    if (out->v6) {
        memcpy(out->b, f->v6[side], sizeof out->b);
        return;
    }
    memset(out->b, 0, sizeof out->b);
    memcpy(out->b, f->v4[side], sizeof f->v4[side]);
}

void aw_flow_way(const struct aw_flow *f, struct aw_addr *client, struct aw_addr *server,
                 uint16_t *server_port)
{
    address(f, f->client, client);
    address(f, !f->client, server);
    *server_port = f->port[!f->client];
}

void aw_flow_facts(const struct aw_flow *f, struct aw_conn_facts *out)
{
    *out = (struct aw_conn_facts){
        .ord = f->ord,
        .client_known = (f->flags & AW_FLOW_CLIENT_KNOWN) != 0,
        .untimed = (f->flags & AW_FLOW_UNTIMED) != 0,
        .rtt_c = aw_half_rtt(f, f->client),
        .rtt_s = aw_half_rtt(f, !f->client),
        .last_activity = f->activity,
        .last_packet = f->packet_at,
        .fin_ack = {AW_OFF_NONE, AW_OFF_NONE},
    };
    for (unsigned side = 0; side < 2; side++) {
        const struct aw_half *h = &f->half[side];
        const enum aw_dir dir = aw_dir_of(f, side);
        address(f, side, &out->addr[dir]);
        out->port[dir] = f->port[side];
        out->syn_seen[dir] = (h->flags & AW_HALF_SYN) != 0;
        out->any_seen[dir] = (h->flags & AW_HALF_SEEN) != 0;
        out->joined[dir] = (h->flags & AW_HALF_JOINED) != 0;
        if (out->syn_seen[dir]) out->isn[dir] = h->base_seq - 1;
        out->ttl_first[dir] = h->ttl;
    }
    if (f->more || f->flags & AW_FLOW_FINS) facts_end(f, out);
    if (!f->more) return;
    aw_missed_facts(f, out);
    aw_clock_facts(f, out);
}

bool aw_flow_syn_seen(const struct aw_flow *flow)
{
    return ((flow->half[0].flags | flow->half[1].flags) & AW_HALF_SYN) != 0;
}

bool aw_flow_client_known(const struct aw_flow *flow)
{
    return (flow->flags & AW_FLOW_CLIENT_KNOWN) != 0;
}

void aw_flow_swap(struct aw_flow *flow)
{
    flow->client = !flow->client;
    flow->flags |= AW_FLOW_CLIENT_KNOWN;
}

void aw_flow_ignore(struct aw_flow *flow)
{
    flow->flags |= AW_FLOW_IGNORED;
    aw_order_drop(flow);
}

void aw_flow_watch(struct aw_flow *flow, enum aw_dir dir, aw_off off)
{
    const unsigned side = dir == AW_C2S ? flow->client : !flow->client;
    struct aw_marks *m = aw_flow_marks(flow);
    if (!m) return;
    m->watch[side] = off;
    if (flow->more) flow->more->watch_ack[side] = AW_OFF_NONE;
}

void aw_flow_rest(struct aw_flow *f)
{
    if (!f->marks || f->flags & AW_FLOW_FINS) return;
    for (unsigned side = 0; side < 2; side++) {
        const struct aw_half *h = &f->half[side];
        if (h->next == 0 || h->acked > h->next || f->marks->watch[side] != AW_OFF_NONE) return;
    }
    aw_pool_put(f->table->pool, f->marks, sizeof *f->marks);
    f->marks = NULL;
}

void aw_flow_conflict(struct aw_flow *flow)
{
    flow->table->stats.conflicts++;
    if (flow->more) flow->more->conflicts++;
}

void aw_flow_set_precious(struct aw_flow *flow, bool precious)
{
    if (precious == ((flow->flags & AW_FLOW_PRECIOUS) != 0)) return;
    flow->flags ^= AW_FLOW_PRECIOUS;
    place(flow);
}

uint64_t aw_flow_ord(const struct aw_flow *flow)
{
    return flow->ord;
}

uint32_t aw_flow_seq(const struct aw_flow *flow, enum aw_dir dir, aw_off off)
{
    const unsigned side = dir == AW_C2S ? flow->client : !flow->client;
    return flow->half[side].base_seq + (uint32_t)off;
}
