/*
 * The door of the room: the table of connections and their life. Finds or makes the connection of a
 * segment, turns sequence numbers into offsets, ends connections, lets go of them when memory or
 * time runs out. What happens inside a connection is told in half.c and order.c.
 *
 * A connection that closed stays in the table for a few seconds, without anything the room above
 * could see: its last acknowledgements and repeated FINs must not look like a new connection.
 */
#include "flow/inside.h"

#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#define LINGER (5 * AW_SEC)
enum {
    SECRET_BYTES = 192,
    SLOTS_MIN = 64,
    EVICTIONS_MAX = 256, /* for one request: beyond, memory is not what they would free */
    BUSY_MAX = 8,
};

/* --- key --- */

/* Fills the key, the same for both directions, and tells which side sent the segment. */
static unsigned make_key(struct aw_key *k, const struct aw_segment *seg)
{
    int order = memcmp(seg->src.b, seg->dst.b, sizeof seg->src.b);
    if (order == 0) order = (int)seg->sport - (int)seg->dport;
    const unsigned side = order > 0;
    *k = (struct aw_key){.v6 = seg->src.v6};
    memcpy(k->addr[side], seg->src.b, sizeof k->addr[0]);
    memcpy(k->addr[!side], seg->dst.b, sizeof k->addr[0]);
    k->port[side] = seg->sport;
    k->port[!side] = seg->dport;
    return side;
}

static uint64_t hash_key(const uint8_t *secret, const struct aw_key *k)
{
    return XXH3_64bits_withSecret(k, sizeof *k, secret, SECRET_BYTES);
}

uint64_t aw_flow_hash(const uint8_t *secret, const struct aw_segment *seg)
{
    struct aw_key k;
    (void)make_key(&k, seg);
    return hash_key(secret, &k);
}

/* --- slots: open addressing, linear probing, no tombstones --- */

static struct aw_flow *find(const struct aw_flow_table *t, const struct aw_key *k, uint64_t hash)
{
    for (size_t i = hash & t->mask;; i = (i + 1) & t->mask) {
        const struct aw_slot *s = &t->slots[i];
        if (!s->flow) return NULL;
        if (s->hash == hash && memcmp(&s->flow->key, k, sizeof *k) == 0) return s->flow;
    }
}

static void put_slot(struct aw_slot *slots, size_t mask, struct aw_flow *f)
{
    size_t i = f->hash & mask;
    while (slots[i].flow)
        i = (i + 1) & mask;
    slots[i] = (struct aw_slot){.hash = f->hash, .flow = f};
}

static void remove_slot(struct aw_flow_table *t, const struct aw_flow *f)
{
    size_t hole = f->hash & t->mask;
    while (t->slots[hole].flow != f)
        hole = (hole + 1) & t->mask;
    /* Move back what a search would now miss. */
    for (size_t i = (hole + 1) & t->mask; t->slots[i].flow; i = (i + 1) & t->mask) {
        const size_t home = t->slots[i].hash & t->mask;
        if (((i - home) & t->mask) < ((i - hole) & t->mask)) continue;
        t->slots[hole] = t->slots[i];
        hole = i;
    }
    t->slots[hole].flow = NULL;
    t->filled--;
}

static bool resize_slots(struct aw_flow_table *t, size_t count)
{
    struct aw_slot *slots = aw_pool_get(t->pool, count * sizeof *slots);
    if (!slots) return false;
    memset(slots, 0, count * sizeof *slots);
    for (size_t i = 0; t->slots && i <= t->mask; i++)
        if (t->slots[i].flow) put_slot(slots, count - 1, t->slots[i].flow);
    aw_pool_put(t->pool, t->slots, (t->mask + 1) * sizeof *slots);
    t->slots = slots;
    t->mask = count - 1;
    return true;
}

/* Room for one more; evicts where the table cannot grow and searches would become long. */
static bool reserve_slot(struct aw_flow_table *t)
{
    const size_t count = t->mask + 1;
    if (t->filled + 1 <= count / 4 * 3 || resize_slots(t, count * 2)) return true;
    while (t->filled + 1 > count / 8 * 7)
        if (!aw_flow_evict_one(t)) return false;
    return true;
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
        .fin_ack = {AW_OFF_NONE, AW_OFF_NONE},
        .due = {AW_NS_NONE, AW_NS_NONE},
        .rst_off = AW_OFF_NONE,
        .watch_ack = {AW_OFF_NONE, AW_OFF_NONE},
    };
    f->more = m;
    return m;
}

static void free_more(struct aw_flow *f)
{
    if (!f->more) return;
    aw_order_drop(f);
    aw_pool_put(f->table->pool, f->more->traces, f->more->trace_cap * sizeof *f->more->traces);
    aw_pool_put(f->table->pool, f->more, sizeof *f->more);
    f->more = NULL;
}

/* Takes it out of everything and frees it, without a word. */
static void release(struct aw_flow *f)
{
    struct aw_flow_table *t = f->table;
    if (!(f->flags & AW_FLOW_CLOSED)) t->open--;
    aw_heap_remove(t, AW_HEAP_GRACE, f);
    aw_heap_remove(t, (enum aw_heap_id)f->heap, f);
    remove_slot(t, f);
    free_more(f);
    aw_pool_put(t->pool, f, sizeof *f);
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
    if (!resize_slots(t, SLOTS_MIN)) {
        alloc->put(alloc->ctx, t);
        return NULL;
    }
    return t;
}

void aw_flow_table_free(struct aw_flow_table *t)
{
    if (!t) return;
    for (size_t i = 0; i <= t->mask; i++) {
        struct aw_flow *f = t->slots[i].flow;
        if (!f) continue;
        free_more(f);
        aw_pool_put(t->pool, f, sizeof *f);
    }
    for (unsigned id = 0; id < AW_HEAPS; id++)
        aw_heap_free(t, &t->heap[id]);
    aw_pool_put(t->pool, t->slots, (t->mask + 1) * sizeof *t->slots);
    const struct aw_alloc alloc = t->alloc;
    alloc.put(alloc.ctx, t);
}

/* --- life cycle --- */

aw_ns aw_flow_deadline(const struct aw_flow *f)
{
    const struct aw_flow_limits *l = &f->table->limits;
    if (f->table->finishing) return f->ord < INT64_MAX ? (aw_ns)f->ord : INT64_MAX;
    if (f->flags & AW_FLOW_CLOSED) return aw_later(f->packet_at, LINGER);
    const aw_ns forget = aw_later(f->packet_at, l->forget);
    if (f->flags & AW_FLOW_QUIET) return forget;
    const aw_ns idle = aw_later(f->active_at, l->idle_timeout);
    return idle < forget ? idle : forget;
}

/* Puts it into the heap that its state asks for. Where that cannot grow it stays: only the order of
 * eviction suffers. */
static void place(struct aw_flow *f)
{
    struct aw_flow_table *t = f->table;
    enum aw_heap_id id = AW_HEAP_LIVE;
    if (f->flags & AW_FLOW_CLOSED)
        id = AW_HEAP_SPARE;
    else if (f->flags & AW_FLOW_PRECIOUS)
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
    f->heap = (uint8_t)id;
    if (aw_heap_add(t, id, f, key)) return;
    f->heap = (uint8_t)old;
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
    f->table->ops.chunk(f->table->ops.ctx, f, chunk);
}

void aw_flow_end(struct aw_flow *f, enum aw_close why, unsigned side, const struct aw_mark *seen,
                 bool linger)
{
    struct aw_flow_table *t = f->table;
    const uint16_t busy = f->flags & AW_FLOW_BUSY;
    struct aw_mark at = *seen;
    f->flags |= AW_FLOW_BUSY;
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
            if (m) at = m->fin[!side];
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
    if (!linger) {
        release(f);
        return;
    }
    t->open--;
    f->flags |= AW_FLOW_CLOSED;
    aw_heap_remove(t, AW_HEAP_GRACE, f);
    free_more(f);
    place(f);
}

bool aw_flow_evict_one(struct aw_flow_table *t)
{
    struct aw_flow *aside[BUSY_MAX], *victim = NULL;
    unsigned count = 0;
    for (unsigned id = AW_HEAP_SPARE; id <= AW_HEAP_PRECIOUS && !victim; id++) {
        const struct aw_heap *h = &t->heap[id];
        count = 0;
        while (h->count > 0 && !victim) {
            struct aw_flow *f = h->at[0].flow;
            const aw_ns key = aw_flow_deadline(f);
            if (key > h->at[0].key) {
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
    if (victim->flags & AW_FLOW_CLOSED) {
        release(victim);
        return true;
    }
    t->stats.evicted++;
    const struct aw_mark at = t->at;
    aw_flow_end(victim, AW_CLOSE_EVICTED, victim->client, &at, false);
    return true;
}

/* Who is the client of a connection joined in the middle: the port tells, or who speaks. */
static unsigned guess_client(const struct aw_key *k, unsigned sender)
{
    const unsigned low = k->port[1] < k->port[0], high = !low;
    const bool telling = k->port[low] != k->port[high] &&
                         (k->port[low] < 1024 || (k->port[low] < 32768 && k->port[high] >= 32768));
    return telling ? high : sender;
}

static struct aw_flow *create(struct aw_flow_table *t, const struct aw_key *k, uint64_t hash,
                              const struct aw_segment *seg, unsigned side)
{
    if (!reserve_slot(t)) return NULL;
    struct aw_flow *f = aw_flow_room(t, sizeof *f);
    if (!f) return NULL;
    const bool syn = (seg->flags & AW_TCP_SYN) != 0;
    *f = (struct aw_flow){
        .key = *k,
        .hash = hash,
        .flags = syn ? 0 : AW_FLOW_MIDSTREAM,
        .client = (uint8_t)(syn ? side : guess_client(k, side)),
        .heap = AW_HEAP_LIVE,
        .grace_at = AW_NOT_IN_HEAP,
        .heap_at = AW_NOT_IN_HEAP,
        .table = t,
        .ord = seg->at.ord,
        .packet_at = t->now,
        .active_at = t->now,
        .activity = seg->at,
        .rtt = {AW_NS_NONE, AW_NS_NONE},
    };
    for (unsigned s = 0; s < 2; s++)
        f->half[s] = (struct aw_half){
            .acked = AW_OFF_NONE, .watch = AW_OFF_NONE, .fin = AW_OFF_NONE, .wscale = 0xff};
    for (unsigned i = 0; !aw_heap_add(t, AW_HEAP_LIVE, f, aw_flow_deadline(f)); i++) {
        if (i < EVICTIONS_MAX && aw_flow_evict_one(t)) continue;
        aw_pool_put(t->pool, f, sizeof *f);
        return NULL;
    }
    put_slot(t->slots, t->mask, f);
    t->filled++;
    t->open++;
    t->stats.connections++;
    t->stats.midstream += !syn;
    f->flags |= AW_FLOW_BUSY;
    aw_half_locate(f, seg, side);
    f->half[side].flags |= AW_HALF_SEEN;
    f->half[side].ttl = seg->ttl;
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
        const bool beyond = p->fin != AW_OFF_NONE && ack > p->fin + 1;
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
    if (seg->flags & AW_TCP_SYN) {
        if (!fresh && aw_copy_known(f, &v, false)) {
            count_copy(f);
            return;
        }
        if (fresh) aw_copy_note(f, &v);
    }
    if (!fresh) aw_half_locate(f, seg, side);
    if (!widen(f, &v) || ((seg->flags & AW_TCP_SYN) && v.off != 0)) {
        t->stats.out_of_window++;
        return;
    }
    if (!(seg->flags & AW_TCP_SYN)) {
        /* A segment that brings something new is no copy; what waits is not in `high` yet. */
        const bool fin = (seg->flags & AW_TCP_FIN) && h->fin == AW_OFF_NONE;
        const bool news = v.end > h->high || v.ack > f->half[!side].acked || fin;
        const bool waits = f->more && f->more->first[side];
        if (news && !waits) {
            aw_copy_note(f, &v);
        } else if (aw_copy_known(f, &v, !news)) {
            count_copy(f);
            return;
        }
    }
    f->packet_at = t->now;
    aw_half_take(f, &v);
}

void aw_flow_push(struct aw_flow_table *t, const struct aw_segment *seg)
{
    aw_flow_push_hashed(t, seg, aw_flow_hash(t->secret, seg));
}

void aw_flow_push_hashed(struct aw_flow_table *t, const struct aw_segment *seg, uint64_t hash)
{
    struct aw_key k;
    const unsigned side = make_key(&k, seg);
    t->stats.segments++;
    t->at = seg->at;
    if (t->now == AW_NS_NONE) t->now = seg->at.ts;
    struct aw_flow *f = find(t, &k, hash);
    bool fresh = false;
    if (f && (seg->flags & AW_TCP_SYN) && !(seg->flags & AW_TCP_RST) &&
        aw_syn_is_new(f, seg, side)) {
        if (f->flags & AW_FLOW_CLOSED)
            release(f);
        else
            aw_flow_end(f, AW_CLOSE_REUSED, side, &seg->at, false);
        f = NULL;
    }
    if (!f) {
        if (seg->flags & AW_TCP_RST) return; /* nothing to end; not worth a connection */
        f = create(t, &k, hash, seg, side);
        if (!f) {
            t->stats.no_memory++;
            return;
        }
        fresh = true;
    }
    if (f->flags & AW_FLOW_CLOSED) {
        f->packet_at = t->now;
        return;
    }
    f->flags |= AW_FLOW_BUSY;
    take(f, seg, side, fresh);
    f->flags &= (uint16_t)~AW_FLOW_BUSY;
}

void aw_flow_prefetch(const struct aw_flow_table *t, uint64_t hash)
{
    const struct aw_slot *s = &t->slots[hash & t->mask];
    if (s->hash != hash || !s->flow) return; /* reading the slot has fetched its line */
    const char *f = (const char *)s->flow;
    for (size_t at = 0; at < sizeof(struct aw_flow); at += 64)
        __builtin_prefetch(f + at, 1);
}

/* --- time --- */

static void expire(struct aw_flow_table *t, struct aw_flow *f)
{
    const struct aw_mark at = t->at;
    if (f->flags & AW_FLOW_CLOSED) {
        release(f);
        return;
    }
    if (t->now >= aw_later(f->packet_at, t->limits.forget)) {
        aw_flow_end(f, AW_CLOSE_EXPIRED, f->client, &at, false);
        return;
    }
    f->flags |= AW_FLOW_QUIET;
    place(f);
    if (!(f->flags & AW_FLOW_PAYLOAD)) return;
    f->flags |= AW_FLOW_BUSY;
    aw_flow_give(f, &(struct aw_chunk){.kind = AW_CHUNK_IDLE,
                                       .dir = AW_C2S,
                                       .seen = f->activity,
                                       .ack_off = AW_OFF_NONE,
                                       .peer_high = f->half[!f->client].high});
    f->flags &= (uint16_t)~AW_FLOW_BUSY;
}

void aw_flow_tick(struct aw_flow_table *t, const struct aw_mark *at)
{
    if (t->now != AW_NS_NONE && at->ts < t->now) return;
    t->now = at->ts;
    t->at = *at;
    if (t->now < t->next_due) return;
    for (;;) {
        const enum aw_heap_id id = aw_heap_earliest(t);
        if (id == AW_HEAPS) {
            t->next_due = INT64_MAX;
            return;
        }
        const aw_ns key = t->heap[id].at[0].key;
        struct aw_flow *f = t->heap[id].at[0].flow;
        if (key > t->now) {
            t->next_due = key;
            return;
        }
        if (id == AW_HEAP_GRACE) {
            const aw_ns *due = f->more->due;
            aw_ns next = due[0] == AW_NS_NONE ? INT64_MAX : due[0];
            if (due[1] != AW_NS_NONE && due[1] < next) next = due[1];
            if (next <= t->now) {
                aw_heap_remove(t, id, f);
                f->flags |= AW_FLOW_BUSY;
                aw_order_expire(f);
                f->flags &= (uint16_t)~AW_FLOW_BUSY;
            } else if (next == INT64_MAX) {
                aw_heap_remove(t, id, f);
            } else {
                aw_heap_rekey(t, id, f, next);
            }
            continue;
        }
        const aw_ns deadline = aw_flow_deadline(f);
        if (deadline > key)
            aw_heap_rekey(t, id, f, deadline);
        else
            expire(t, f);
    }
}

void aw_flow_finish(struct aw_flow_table *t)
{
    /* The heaps serve to sort what is left by first packet. */
    t->finishing = true;
    for (unsigned id = 0; id < AW_HEAP_GRACE; id++)
        aw_heap_sort(t, (enum aw_heap_id)id);
    const struct aw_mark at = t->at;
    for (;;) {
        struct aw_flow *f = NULL;
        for (unsigned id = 0; id < AW_HEAP_GRACE; id++) {
            const struct aw_heap *h = &t->heap[id];
            if (h->count > 0 && (!f || h->at[0].flow->ord < f->ord)) f = h->at[0].flow;
        }
        if (!f) return;
        if (f->flags & AW_FLOW_CLOSED)
            release(f);
        else
            aw_flow_end(f, AW_CLOSE_INPUT, f->client, &at, false);
    }
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
static unsigned first_fin(const struct aw_flow *f, const struct aw_more *m)
{
    for (unsigned side = 0; side < 2; side++) {
        const struct aw_half *h = &f->half[side];
        if ((h->flags & AW_HALF_MAYBE_FIN) && aw_seen(&m->fin[!side]) &&
            m->fin_ack[!side] > h->next)
            return side;
    }
    return (f->flags & AW_FLOW_FIN_BY_1) != 0;
}

static void facts_end(const struct aw_flow *f, const struct aw_more *m, struct aw_conn_facts *out)
{
    for (unsigned side = 0; side < 2; side++) {
        const enum aw_dir dir = aw_dir_of(f, side);
        const struct aw_half *h = &f->half[side];
        out->fin_unseen[dir] = h->fin == AW_OFF_NONE && (h->flags & AW_HALF_MAYBE_FIN) != 0;
        out->fin[dir] = out->fin_unseen[dir] ? h->acked_by : m->fin[side];
        out->rst[dir] = m->rst[side];
        out->hole_bytes[dir] = m->hole_bytes[side];
        out->cut_bytes[dir] = m->cut_bytes[side];
        out->zero_windows[dir] = m->zero_windows[side];
    }
    /* Who ended it: the first FIN, or a reset before any. */
    const unsigned first = first_fin(f, m);
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

void aw_flow_facts(const struct aw_flow *f, struct aw_conn_facts *out)
{
    *out = (struct aw_conn_facts){
        .ord = f->ord,
        .client_known = (f->flags & AW_FLOW_CLIENT_KNOWN) != 0,
        .rtt_c = f->rtt[f->client],
        .rtt_s = f->rtt[!f->client],
        .last_activity = f->activity,
        .last_packet = f->packet_at,
    };
    for (unsigned side = 0; side < 2; side++) {
        const struct aw_half *h = &f->half[side];
        const enum aw_dir dir = aw_dir_of(f, side);
        memcpy(out->addr[dir].b, f->key.addr[side], sizeof out->addr[dir].b);
        out->addr[dir].v6 = f->key.v6 != 0;
        out->port[dir] = f->key.port[side];
        out->syn_seen[dir] = (h->flags & AW_HALF_SYN) != 0;
        out->any_seen[dir] = (h->flags & AW_HALF_SEEN) != 0;
        if (out->syn_seen[dir]) out->isn[dir] = h->base_seq - 1;
        out->ttl_first[dir] = h->ttl;
    }
    if (f->more) facts_end(f, f->more, out);
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
    flow->half[side].watch = off;
    if (flow->more) flow->more->watch_ack[side] = AW_OFF_NONE;
}

void aw_flow_set_precious(struct aw_flow *flow, bool precious)
{
    if (precious == ((flow->flags & AW_FLOW_PRECIOUS) != 0)) return;
    flow->flags ^= AW_FLOW_PRECIOUS;
    if (!(flow->flags & AW_FLOW_CLOSED)) place(flow);
}

uint64_t aw_flow_ord(const struct aw_flow *flow)
{
    return flow->ord;
}
