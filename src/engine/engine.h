/*
 * The inside of the engine: what its files share. engine.c joins decoder, shards and link; shard.c
 * joins TCP, HTTP and exchanges of one shard; batch.c keeps what passes between the phases.
 */
#ifndef AW_ENGINE_ENGINE_H
#define AW_ENGINE_ENGINE_H

#include "await100/engine.h"
#include "base/arena.h"
#include "diagnose/diagnose.h"
#include "exchange/exchange.h"
#include "flow/flow.h"
#include "http/http.h"
#include "link/link.h"
#include "wire/wire.h"

enum { AW_NO_SHARD = AW_SHARDS_MAX }; /* a packet that is no segment: it only moves the clock */

/* A packet on its way from phase 1 to phase 2. Every shard walks all of them, because every one
 * moves the clock, and works on its own. */
struct aw_item {
    const struct aw_packet *pkt; /* the caller's */
    struct aw_segment seg;
    uint64_t hash;
    aw_ns clock; /* the engine's clock as of this packet */
    unsigned shard;
};

/*
 * What a shard tells the link room, kept until phase 3 brings the shards' tellings into one order:
 * by packet (a tick's timers before the packet itself, in order of their deadline), then
 * connection, then the order in which the shard told.
 */
enum aw_telling_kind { AW_TELL_CONNECTION, AW_TELL_OPENED, AW_TELL_CLOSED, AW_TELL_GONE };
struct aw_telling {
    uint64_t ord; /* packet worked on; UINT64_MAX = the end of the input */
    aw_ns clock;
    aw_ns due; /* deadline of a timer; INT64_MAX = the packet itself */
    uint64_t conn_ord;
    uint64_t seq;
    enum aw_telling_kind kind;
    struct aw_exchange *ex; /* OPENED, CLOSED: a copy in the batch's arena */
};

struct aw_shard_stats {
    struct aw_flow_stats flow;
    struct aw_http_stats http;
    struct aw_exchange_stats exchange;
    uint64_t conn_http, conn_tls, conn_http2, conn_other, conn_empty;
    uint64_t no_memory;
};

struct aw_tellings {
    struct aw_telling *list; /* owned */
    size_t count, room;
    bool sorted;
    struct aw_arena arena;       /* holds the copies */
    struct aw_shard_stats stats; /* as of the end of the shard's work on the batch */
};

struct aw_batch {
    struct aw_engine *engine;
    struct aw_arena arena; /* datagrams put together from fragments */
    struct aw_item *item;  /* owned */
    size_t count, room;
    bool last;                /* the input ends with this batch */
    struct aw_link *link;     /* where all phases run in turn on one thread and there is one shard:
                               * the shard tells it at once, nothing is copied; else NULL */
    struct aw_tellings *tell; /* one a shard, owned */
    unsigned shards;
    struct aw_stats decoded; /* phase 1's totals as of this batch */
};

struct aw_shard;
struct aw_shard *aw_shard_new(const struct aw_config *config, const struct aw_tap *tap,
                              size_t memory);
void aw_shard_free(struct aw_shard *s);
void aw_shard_work(struct aw_shard *s, unsigned index, struct aw_batch *b);

/* Phase 3: hands each telling to the link room, in order. */
void aw_batch_tell(struct aw_batch *b, struct aw_link *link);
bool aw_batch_reserve(struct aw_batch *b, size_t items);
void aw_batch_reset(struct aw_batch *b);
/* Adds a telling to shard `k`'s list; false where there is no memory. */
bool aw_tellings_add(struct aw_tellings *t, const struct aw_alloc *alloc,
                     const struct aw_telling *telling, const struct aw_exchange *ex);

#endif
