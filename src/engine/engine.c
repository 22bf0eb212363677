/*
 * The engine's door: decodes, deals to shards, collects. Read this file first: it holds the joints
 * of phases 1 and 3; shard.c holds those of phase 2.
 */
#include "engine/engine.h"

#include <string.h>

#include "base/alloc.h"
#include "base/time.h"

enum {
    PUSH_LOT = 128, /* packets a round of aw_engine_push: small enough to stay in cache */
    MEMORY_DEFAULT_MIB = 256,
    MEMORY_LEAST = 1 << 20, /* below this nothing sensible can be tracked */
};

#define SLEEP_MOST (INT64_MAX >> 8) /* ns: it is doubled now and then */

struct aw_engine {
    struct aw_config config;
    struct aw_sink sink;
    struct aw_wire *wire;
    struct aw_link *link;
    struct aw_shard **shard; /* owned, `shards` of them */
    unsigned shards;
    struct aw_batch *own; /* of aw_engine_push */

    /* phase 1 */
    bool started;
    aw_ns clock, jump;     /* jump: a time stamp far ahead that nothing confirmed yet; AW_NS_NONE */
    struct aw_mark latest; /* the last packet, for moments without one */
    aw_ns steady, late;    /* as aw_engine_steady gave them; AW_NS_NONE = not live */
    aw_ns anchor, anchor_steady; /* where packets brought the clock last, and when that was */
    aw_ns drop_from, drop_to;    /* for the next batch; AW_NS_NONE = none */
    struct aw_stats decoded;     /* the totals phase 1 knows */

    bool apart;                /* there is a phase 4 */
    struct aw_verdict verdict; /* its scratch */
    struct aw_stats stats;     /* everything, as of the last phase of the latest batch */
    struct aw_agent_memo memo; /* phase 3 */
};

/* --- life --- */

void aw_engine_close(struct aw_engine *e)
{
    if (!e) return;
    const struct aw_alloc alloc = e->config.alloc;
    aw_batch_free(e->own);
    for (unsigned k = 0; k < e->shards; k++)
        aw_shard_free(e->shard[k]);
    alloc.put(alloc.ctx, e->shard);
    if (e->link) aw_link_free(e->link);
    aw_wire_free(e->wire);
    alloc.put(alloc.ctx, e);
}

static bool make_rooms(struct aw_engine *e, const struct aw_tap *tap)
{
    struct aw_config *config = &e->config;
    const struct aw_alloc *alloc = &config->alloc;
    /* An eighth each for fragments, for what the link room holds back, and for what it knows of
     * open connections; the rest for these. */
    const size_t eighth = config->memory / 8;
    e->wire = aw_wire_new(alloc, eighth);
    e->link = aw_link_new(config, &e->sink, aw_diagnose, eighth);
    if (!e->wire || !e->link) return false;
    aw_link_memo(e->link, &e->memo);
    e->shard = alloc->get(alloc->ctx, config->shards * sizeof(struct aw_shard *));
    if (!e->shard) return false;
    const size_t memory = (config->memory - 3 * eighth) / config->shards;
    for (unsigned k = 0; k < config->shards; k++) {
        e->shard[k] = aw_shard_new(config, tap, memory, e->sink.waiting != NULL);
        if (!e->shard[k]) return false;
        e->shards = k + 1;
    }
    e->own = aw_batch_new(e);
    if (!e->own) return false;
    return true;
}

struct aw_engine *aw_engine_open(const struct aw_config *config, const struct aw_sink *sink,
                                 const struct aw_tap *tap)
{
    const struct aw_alloc alloc = aw_alloc_or_default(&config->alloc);
    struct aw_engine *e = alloc.get(alloc.ctx, sizeof *e);
    if (!e) return NULL;
    *e = (struct aw_engine){.config = *config,
                            .clock = AW_NS_NONE,
                            .jump = AW_NS_NONE,
                            .steady = AW_NS_NONE,
                            .anchor = AW_NS_NONE,
                            .drop_from = AW_NS_NONE,
                            .drop_to = AW_NS_NONE};
    if (sink) e->sink = *sink;
    e->config.alloc = alloc;
    if (e->config.memory == 0) e->config.memory = (size_t)MEMORY_DEFAULT_MIB << 20;
    if (e->config.memory < MEMORY_LEAST) e->config.memory = MEMORY_LEAST;
    if (e->config.brief) e->config.prompt = true;
    if (e->config.sleep_after <= 0) e->config.sleep_after = AW_SEC;
    if (e->config.sleep_after > SLEEP_MOST) e->config.sleep_after = SLEEP_MOST;
    if (e->config.shards == 0) e->config.shards = 1;
    if (e->config.shards > AW_SHARDS_MAX) e->config.shards = AW_SHARDS_MAX;
    aw_stats_init(&e->decoded);
    e->stats = e->decoded;
    if (make_rooms(e, tap)) return e;
    aw_engine_close(e);
    return NULL;
}

unsigned aw_engine_shards(const struct aw_engine *e)
{
    return e->shards;
}

struct aw_batch *aw_batch_new(struct aw_engine *e)
{
    const struct aw_alloc *alloc = &e->config.alloc;
    struct aw_batch *b = alloc->get(alloc->ctx, sizeof *b);
    if (!b) return NULL;
    *b = (struct aw_batch){
        .engine = e, .shards = e->shards, .link = e->shards == 1 ? e->link : NULL};
    aw_arena_init(&b->arena, alloc);
    b->tell = alloc->get(alloc->ctx, e->shards * sizeof *b->tell);
    b->item = alloc->get(alloc->ctx, e->shards * sizeof *b->item);
    b->items = alloc->get(alloc->ctx, e->shards * sizeof *b->items);
    if (!b->tell || !b->item || !b->items) {
        alloc->put(alloc->ctx, b->tell);
        alloc->put(alloc->ctx, b->item);
        alloc->put(alloc->ctx, b->items);
        alloc->put(alloc->ctx, b);
        return NULL;
    }
    for (unsigned k = 0; k < e->shards; k++) {
        b->item[k] = NULL;
        b->items[k] = 0;
        b->tell[k] = (struct aw_tellings){.sorted = true};
        aw_arena_init(&b->tell[k].arena, alloc);
    }
    return b;
}

void aw_batch_free(struct aw_batch *b)
{
    if (!b) return;
    const struct aw_alloc *alloc = &b->engine->config.alloc;
    aw_outbox_free(&b->out, alloc);
    for (unsigned k = 0; k < b->shards; k++) {
        aw_shard_take_back(b->engine->shard[k], &b->tell[k]);
        alloc->put(alloc->ctx, b->item[k]);
        alloc->put(alloc->ctx, b->tell[k].list);
        aw_arena_fini(&b->tell[k].arena);
    }
    alloc->put(alloc->ctx, b->tell);
    alloc->put(alloc->ctx, b->item);
    alloc->put(alloc->ctx, b->items);
    alloc->put(alloc->ctx, b->moment);
    aw_arena_fini(&b->arena);
    alloc->put(alloc->ctx, b);
}

/* --- phase 1 --- */

/*
 * The engine's clock never goes back, and one wild time stamp does not move it: a jump ahead beyond
 * the idle timeout counts only when the next packet agrees with it. Packets keep their own times.
 */
static aw_ns clock_at(struct aw_engine *e, aw_ns ts)
{
    const aw_ns idle = e->config.threshold[AW_T_IDLE_TIMEOUT];
    const aw_ns far = aw_later(e->clock, idle);
    if (ts <= far) {
        e->jump = AW_NS_NONE;
        if (ts > e->clock) e->clock = ts;
    } else if (e->jump != AW_NS_NONE && ts >= e->jump - idle && ts <= e->jump + idle) {
        e->decoded.time_jumps--;
        e->jump = AW_NS_NONE;
        e->clock = ts;
    } else {
        e->decoded.time_jumps++;
        e->jump = ts;
    }
    return e->clock;
}

/* Time that went on by the steady clock since packets moved the engine's. Never beyond what is
 * still to be handed in. */
static void go_on(struct aw_engine *e)
{
    if (e->steady == AW_NS_NONE || e->anchor == AW_NS_NONE) return;
    const aw_ns since = e->steady - e->late - e->anchor_steady;
    if (since > 0 && e->anchor + since > e->clock) e->clock = e->anchor + since;
}

void aw_engine_steady(struct aw_engine *e, aw_ns now, aw_ns late)
{
    e->steady = now;
    e->late = late;
}

void aw_engine_dropped(struct aw_engine *e, uint64_t count, aw_ns from, aw_ns to)
{
    e->decoded.dropped += count;
    if (e->drop_from == AW_NS_NONE || from < e->drop_from) e->drop_from = from;
    if (e->drop_to == AW_NS_NONE || to > e->drop_to) e->drop_to = to;
}

/* What a batch takes along besides packets. */
static void hand_over_drops(struct aw_engine *e, struct aw_batch *b)
{
    b->drop_from = e->drop_from;
    b->drop_to = e->drop_to;
    e->drop_from = e->drop_to = AW_NS_NONE;
}

/* Capture times that leave room for sums of timeouts; a reader gives no others but by hostile
 * files. */
static aw_ns sane_time(aw_ns ts)
{
    const aw_ns most = INT64_MAX / 4;
    return ts < 0 ? 0 : ts > most ? most : ts;
}

static bool damaged(enum aw_drop drop)
{
    switch (drop) {
    case AW_DROP_LINK_SHORT:
    case AW_DROP_LINK_DEPTH:
    case AW_DROP_IP_SHORT:
    case AW_DROP_IP_VERSION:
    case AW_DROP_IP_EXT_BAD:
    case AW_DROP_FRAGMENT_BAD:
    case AW_DROP_FRAGMENT_LOST:
    case AW_DROP_TCP_SHORT:
    case AW_DROP_TCP_OFFSET:
        return true;
    case AW_DROP_NONE:
    case AW_DROP_LINK_UNKNOWN:
    case AW_DROP_NOT_IP:
    case AW_DROP_ENCRYPTED:
    case AW_DROP_LINK_CONTROL:
    case AW_DROP_FRAGMENT_HELD:
    case AW_DROP_NOT_TCP:
    case AW_DROP_COUNT:
        break;
    }
    return false;
}

_Static_assert(AW_DROP_COUNT - 1 <=
                   sizeof((struct aw_stats *)0)->drop / sizeof(struct aw_drop_count),
               "aw_stats.drop has room for every reason");
_Static_assert(AW_WHY_COUNT <= sizeof((struct aw_stats *)0)->broken / sizeof(struct aw_drop_count),
               "aw_stats.broken has room for every reason");

void aw_stats_init(struct aw_stats *s)
{
    *s = (struct aw_stats){
        .first = AW_NS_NONE, .last = AW_NS_NONE, .unknown_link = -1, .broken_kinds = AW_WHY_COUNT};
    for (enum aw_drop d = AW_DROP_NONE + 1; d < AW_DROP_COUNT; d++)
        s->drop[s->drop_kinds++] =
            (struct aw_drop_count){.slug = aw_drop_slug(d), .meaning = aw_drop_meaning(d)};
    for (unsigned i = 0; i < AW_WHY_COUNT; i++) {
        const char *name = aw_http_why_name((enum aw_http_why)i);
        s->broken[i] = (struct aw_drop_count){.slug = name, .meaning = name};
    }
}

static void count_decoded(struct aw_engine *e)
{
    const struct aw_wire_stats *w = aw_wire_stats(e->wire);
    struct aw_stats *s = &e->decoded;
    s->truncated = w->truncated;
    s->segments = w->drop[AW_DROP_NONE];
    s->bad_checksums = w->bad_checksum;
    s->unknown_link = w->unknown_link;
    s->decode_errors = 0;
    for (enum aw_drop d = AW_DROP_NONE + 1; d < AW_DROP_COUNT; d++) {
        if (damaged(d)) s->decode_errors += w->drop[d];
        s->drop[d - AW_DROP_NONE - 1].count = w->drop[d];
    }
}

/* The first time stamp may be the wild one: begins with the smaller of two. */
static void start_clock(struct aw_engine *e, const struct aw_packet *pkts, size_t n)
{
    size_t i = 0;
    while (i + 1 < n && pkts[i].untimed)
        i++;
    const bool two = i + 1 < n && !pkts[i + 1].untimed;
    e->started = true;
    e->clock = sane_time(two && pkts[i + 1].ts < pkts[i].ts ? pkts[i + 1].ts : pkts[i].ts);
}

enum { DECODE_AHEAD = 8 }; /* packets: another core may have read them */

enum aw_status aw_engine_decode(struct aw_engine *e, struct aw_batch *b,
                                const struct aw_packet *pkts, size_t n, bool last)
{
    aw_batch_reset(b);
    b->last = last;
    if (!aw_batch_reserve(b, n)) return AW_ENOMEM;
    if (!e->started && n > 0) start_clock(e, pkts, n);
    b->before = e->clock; /* what fell due while time went on is told of by this batch */
    go_on(e);
    const aw_ns before = e->clock;
    struct aw_stats *s = &e->decoded;
    struct aw_segment elsewhere;
    uint64_t bytes = 0;
    aw_ns first = s->first == AW_NS_NONE ? INT64_MAX : s->first, latest = s->last;
    const unsigned shards = e->shards;
    for (size_t i = 0; i < n; i++) {
        const struct aw_packet *pkt = &pkts[i];
        if (i + DECODE_AHEAD < n) __builtin_prefetch(pkts[i + DECODE_AHEAD].data);
        struct aw_packet mended;
        if (pkt->wire_len < pkt->cap_len || pkt->ts != sane_time(pkt->ts) || pkt->untimed) {
            mended = *pkt;
            if (mended.wire_len < mended.cap_len) mended.wire_len = mended.cap_len;
            mended.ts = pkt->untimed ? e->clock : sane_time(mended.ts);
            pkt = &mended;
        }
        /* Where there is one shard its next item is filled in place. */
        /* cppcheck-suppress uninitvar ; its address is taken, aw_wire_decode fills it in */
        struct aw_segment *seg = shards == 1 ? &b->item[0][b->items[0]].seg : &elsewhere;
        const enum aw_drop drop = aw_wire_decode(e->wire, pkt, &b->arena, seg);
        b->moment[i] =
            (struct aw_mark){.ts = clock_at(e, pkt->ts), .ord = pkt->ord, .ref = pkt->ref};
        if (drop == AW_DROP_NONE) {
            const uint64_t hash = aw_flow_hash(e->config.secret, seg);
            const unsigned k = shards == 1 ? 0 : (unsigned)(hash >> 32) % shards;
            struct aw_item *item = &b->item[k][b->items[k]++];
            if (shards > 1) item->seg = elsewhere;
            item->pkt = &pkts[i];
            item->hash = hash;
            item->at = i;
        }
        bytes += pkt->wire_len;
        if (pkt->untimed) continue;
        if (pkt->ts < first) first = pkt->ts;
        if (pkt->ts > latest) latest = pkt->ts;
    }
    s->packets += n;
    s->bytes += bytes;
    if (first != INT64_MAX) s->first = first;
    s->last = latest;
    if (n > 0) e->latest = b->moment[n - 1];
    if (e->steady != AW_NS_NONE && (e->clock > before || e->anchor == AW_NS_NONE) && n > 0) {
        e->anchor = e->clock;
        e->anchor_steady = e->steady;
    }
    b->count = n;
    b->end = e->latest;
    hand_over_drops(e, b);
    if (last) aw_wire_end(e->wire);
    count_decoded(e);
    b->decoded = e->decoded;
    return AW_OK;
}

enum aw_status aw_engine_quiet(struct aw_engine *e, struct aw_batch *b)
{
    aw_batch_reset(b);
    if (!aw_batch_reserve(b, 1)) return AW_ENOMEM;
    b->before = e->clock;
    go_on(e);
    if (e->started) {
        b->moment[0] = e->latest;
        b->moment[0].ts = e->clock;
        b->count = 1;
    }
    b->quiet = true;
    hand_over_drops(e, b);
    b->decoded = e->decoded;
    return AW_OK;
}

/* --- phase 2 --- */

void aw_engine_work(struct aw_engine *e, unsigned shard, struct aw_batch *b)
{
    if (b->link) aw_link_dropped(e->link, b->drop_from, b->drop_to);
    aw_shard_work(e->shard[shard], shard, b);
}

bool aw_engine_laden(const struct aw_engine *e, unsigned shard)
{
    return aw_shard_laden(e->shard[shard]);
}

/* --- phase 3 --- */

static void add_shard(struct aw_stats *s, const struct aw_shard_stats *k)
{
    s->connections += k->flow.connections;
    s->http += k->conn_http;
    s->evicted += k->flow.evicted;
    s->gaps += k->flow.holes;
    s->one_sided += k->flow.one_sided;
    s->tls_opaque += k->conn_tls;
    s->http2_opaque += k->conn_http2;
    s->not_http += k->conn_other;
    s->empty += k->conn_empty;
    s->midstream += k->flow.midstream;
    s->retransmissions += k->flow.retransmitted;
    s->copies += k->flow.copies;
    s->conflicts += k->flow.conflicts;
    s->not_believed += k->flow.bad_rst + k->flow.out_of_window + k->flow.claims - k->flow.reused;
    s->cut_bytes += k->flow.cut_bytes;
    s->waiting += k->waiting;
    s->waited += k->waited;
    s->exchanges += k->exchange.opened;
    s->orphans += k->exchange.orphans;
    s->requests += k->http.requests;
    s->responses += k->http.responses;
    s->interims += k->http.interims;
    s->no_memory += k->no_memory + k->flow.no_memory + k->http.no_memory + k->exchange.no_memory;
    for (unsigned i = 0; i < AW_WHY_COUNT; i++) {
        s->unparsed += k->http.broken[i];
        s->broken[i].count += k->http.broken[i];
    }
}

/* The input is over: all that is still open ends, by first packets, whichever shard's it is; told
 * at once, since no shard works any more. False: as aw_batch_tell. */
static bool finish_shards(struct aw_engine *e, struct aw_batch *b)
{
    for (;;) {
        uint64_t least = UINT64_MAX;
        unsigned turn = 0;
        for (unsigned k = 0; k < e->shards; k++) {
            const uint64_t ord = aw_shard_next_to_finish(e->shard[k]);
            if (ord >= least) continue;
            least = ord;
            turn = k;
        }
        if (least == UINT64_MAX) break;
        aw_link_prefetch(e->link, aw_shard_soon_to_finish(e->shard[turn]));
        aw_shard_finish_one(e->shard[turn], b, e->link);
        if (aw_batch_is_full(e->link)) return false;
    }
    for (unsigned k = 0; k < e->shards; k++)
        aw_shard_finished(e->shard[k], &b->tell[k]);
    return true;
}

bool aw_engine_collect(struct aw_engine *e, struct aw_batch *b)
{
    if (!b->link && !b->collecting) aw_link_dropped(e->link, b->drop_from, b->drop_to);
    b->collecting = true;
    if (!aw_batch_tell(b, e->link) || (b->last && !finish_shards(e, b))) {
        b->out = aw_link_take(e->link);
        return false;
    }
    if (b->count > 0 && b->quiet)
        aw_link_quiet(e->link, b->moment[0].ts);
    else if (b->count > 0)
        aw_link_tick(e->link, b->moment[b->count - 1].ts, b->moment[b->count - 1].ord);
    if (b->last) aw_link_finish(e->link, b->decoded.last);
    struct aw_stats s = b->decoded;
    for (unsigned k = 0; k < b->shards; k++) {
        add_shard(&s, &b->tell[k].stats);
        atomic_store_explicit(&b->tell[k].through, true, memory_order_release);
    }
    const struct aw_link_stats *l = aw_link_stats(e->link);
    s.exchanges -= l->twins;
    s.expectation = l->expectation;
    s.failing = l->failing;
    s.linked = l->linked;
    s.no_memory += l->let_go;
    *(e->apart ? &b->stats : &e->stats) = s;
    b->out = aw_link_take(e->link);
    return true;
}

/* --- phase 4 --- */

bool aw_engine_deliver_apart(struct aw_engine *e)
{
    if (e->config.prompt || e->shards == 1) return false;
    aw_link_gather(e->link);
    return e->apart = true;
}

void aw_engine_deliver(struct aw_engine *e, struct aw_batch *b)
{
    aw_outbox_deliver(&b->out, &e->sink, &e->verdict, &e->config.alloc);
    if (e->apart) e->stats = b->stats;
}

void aw_engine_stats(const struct aw_engine *e, struct aw_stats *out)
{
    *out = e->stats;
}

/* --- all phases at once --- */

static enum aw_status run_all(struct aw_engine *e, const struct aw_packet *pkts, size_t n,
                              bool last)
{
    const enum aw_status status = aw_engine_decode(e, e->own, pkts, n, last);
    if (status != AW_OK) return status;
    for (unsigned k = 0; k < e->shards; k++)
        aw_engine_work(e, k, e->own);
    while (!aw_engine_collect(e, e->own))
        aw_engine_deliver(e, e->own);
    aw_engine_deliver(e, e->own);
    return AW_OK;
}

enum aw_status aw_engine_push(struct aw_engine *e, const struct aw_packet *pkts, size_t n)
{
    while (n > 0) {
        const size_t lot = n < PUSH_LOT ? n : PUSH_LOT;
        const enum aw_status status = run_all(e, pkts, lot, false);
        if (status != AW_OK) return status;
        pkts += lot;
        n -= lot;
    }
    return AW_OK;
}

enum aw_status aw_engine_finish(struct aw_engine *e)
{
    return run_all(e, NULL, 0, true);
}
