/*
 * The inside of the engine: what its files share. engine.c joins decoder, shards and link; shard.c
 * joins TCP, HTTP and exchanges of one shard; batch.c keeps what passes between the phases.
 */
#ifndef AW_ENGINE_ENGINE_H
#define AW_ENGINE_ENGINE_H

#include <stdatomic.h>

#include "await100/engine.h"
#include "base/arena.h"
#include "base/squeeze.h"
#include "diagnose/agents.h"
#include "diagnose/diagnose.h"
#include "exchange/exchange.h"
#include "flow/flow.h"
#include "http/http.h"
#include "link/link.h"
#include "wire/wire.h"

/* A segment on its way from phase 1 to the shard that works on it. */
struct aw_item {
    struct aw_segment seg;
    const struct aw_packet *pkt; /* the caller's */
    uint64_t hash;
    size_t at; /* its packet's place in the batch */
};

/*
 * What a shard tells the link room, kept until phase 3 brings the shards' tellings into one order:
 * by packet (a tick's timers before the packet itself, in order of their deadline), then
 * connection, then the order in which the shard told.
 */
enum aw_telling_kind {
    AW_TELL_CONNECTION,
    AW_TELL_HEARD,   /* the connection's client */
    AW_TELL_UNHEARD, /* a request of its */
    AW_TELL_OPENED,
    AW_TELL_WAITING,
    AW_TELL_ENDED,
    AW_TELL_CLOSED,
    AW_TELL_LOST, /* an exchange is over, and there was no room for its facts */
    AW_TELL_GONE
};
struct aw_telling {
    uint64_t ord; /* packet worked on; UINT64_MAX = the end of the input */
    aw_ns clock;
    aw_ns before; /* ... as of the packet before */
    aw_ns due;    /* deadline of a timer; INT64_MAX = the packet itself */
    uint64_t conn_ord;
    uint64_t seq;
    enum aw_telling_kind kind;
    aw_ns waited; /* WAITING: how long, by the clock */
    union {
        const struct aw_opening *opening;  /* OPENED: a copy in the batch's arena */
        const struct aw_link_way *way;     /* CONNECTION (or NULL), UNHEARD: likewise */
        const struct aw_exchange *waiting; /* WAITING: likewise */
        struct aw_exchange *ex;            /* CLOSED: itself, until the shard takes it back */
        struct {
            uint32_t nth;
            aw_ns end; /* ENDED */
        } over;        /* ENDED, LOST */
    };
    bool lent; /* CLOSED: of the shard's pool; else a copy in the batch's arena */
};

struct aw_shard_stats {
    struct aw_flow_stats flow;
    struct aw_http_stats http;
    struct aw_exchange_stats exchange;
    uint64_t conn_http, conn_tls, conn_http2, conn_other, conn_empty;
    uint64_t no_memory;
    uint64_t waiting, waited; /* clients now; ns, of all together */
};

/* Closed exchanges stay where they are in the shard's pool until they were told of; beyond a share
 * of it they are copied, lest they take the place of what is under way. */
struct aw_tellings {
    struct aw_telling *list; /* owned */
    size_t count, room;
    size_t told; /* of them */
    bool sorted;
    size_t lent, copied;         /* bytes of exchanges: of the pool, in the arena */
    atomic_bool through;         /* phase 3 is: the shard may take back what it lent */
    struct aw_tellings *before;  /* the shard's, of an earlier batch, that it lent something to */
    struct aw_arena arena;       /* holds openings and copies */
    struct aw_shard_stats stats; /* as of the end of the shard's work on the batch */
};

struct aw_batch {
    struct aw_engine *engine;
    struct aw_arena arena; /* datagrams put together from fragments */
    /* Every packet of the batch: the engine's clock as of it, and its place. All shards read these,
     * because every packet moves the clock; each has the items of its own connections to itself. */
    struct aw_mark *moment;   /* owned */
    aw_ns before;             /* the clock as of the packet before the first */
    size_t count, room;       /* of moments, and room of each shard's items */
    struct aw_item **item;    /* by shard, owned */
    size_t *items;            /* how many, by shard; owned */
    bool last;                /* the input ends with this batch */
    struct aw_mark end;       /* last: the moment of the input's last packet */
    bool quiet;               /* no packet: its one moment is the time that went on */
    aw_ns drop_from, drop_to; /* the capture lost packets in between; AW_NS_NONE = none */
    struct aw_link *link;     /* where all phases run in turn on one thread and there is one shard:
                               * the shard tells it at once, nothing is copied; else NULL */
    struct aw_tellings *tell; /* one a shard, owned */
    unsigned shards;
    struct aw_stats decoded; /* phase 1's totals as of this batch */
    bool collecting;         /* phase 3 has begun */
    struct aw_outbox out;    /* for phase 4: owned */
    struct aw_stats stats;   /* everything as of this batch */
};

struct aw_shard;
/* `watch`: tells of clients that wait. */
struct aw_shard *aw_shard_new(const struct aw_config *config, const struct aw_tap *tap,
                              size_t memory, bool watch);
void aw_shard_free(struct aw_shard *s);
void aw_shard_work(struct aw_shard *s, unsigned index, struct aw_batch *b);
/* After the work on the last batch, on the thread of phase 3: the first packet's ordinal of the
 * connection whose turn it is to end, UINT64_MAX = there is none; ends it, and tells the link room;
 * there is none left. */
uint64_t aw_shard_next_to_finish(struct aw_shard *s);
uint64_t aw_shard_soon_to_finish(struct aw_shard *s); /* as aw_flow's */
void aw_shard_finish_one(struct aw_shard *s, const struct aw_batch *b, struct aw_link *link);
void aw_shard_finished(struct aw_shard *s, struct aw_tellings *t);

/* What a flow's `app` is, of the connections that have one: its first byte says it. */
enum aw_conn_state {
    AW_CONN_AWAKE,  /* the shard's own */
    AW_CONN_RESTS,  /* an aw_rest */
    AW_CONN_SLEEPS, /* an aw_sleeper */
};

/* What a connection becomes between two exchanges, or where no HTTP is to come: kept-alive ones are
 * many, and most of the time they say nothing. This stands in front of what rest.c knows. */
struct aw_rest {
    uint8_t state; /* AW_CONN_RESTS */
    bool over;     /* nothing that comes matters any more, and nothing else is known */
    bool counted;
    uint8_t size; /* of the block */
};
/* NULL: no memory. Freed by giving the block back. */
struct aw_rest *aw_rest_new(struct aw_pool *pool, bool counted, const struct aw_http_rest *http,
                            const struct aw_exchanges_rest *xs);
struct aw_rest *aw_rest_over(struct aw_pool *pool, bool counted);
/* It is not over: what it was made of; and it takes a FIN (aw_http_rest_end). */
void aw_rest_read(const struct aw_rest *r, struct aw_http_rest *http, struct aw_exchanges_rest *xs);
enum aw_http_result aw_rest_end(struct aw_rest *r, enum aw_dir dir);

/* What it becomes in the middle of an exchange of which nothing is heard for a while (sleep.c):
 * many clients that wait for a server, or servers for a client, are the same. */
struct aw_sleeper {
    uint8_t state;         /* AW_CONN_SLEEPS */
    bool lost;             /* there was no memory to wake it: nothing more is known of it */
    bool counted, unheard; /* the shard's, as is this: */
    uint8_t patience;
    uint16_t size;             /* of this block */
    uint16_t image, http_part; /* bytes that were packed, and how many of them are http's */
    uint32_t nth;              /* the exchange, once the link room knows of it; 0 before */
    aw_ns waits_since;         /* its client does, and that was told; AW_NS_NONE */
    uint8_t packed[];
};
/* NULL: it has to stay as it is. Else http and xs may go. */
struct aw_sleeper *aw_sleeper_new(struct aw_pool *pool, struct aw_squeezer *q,
                                  const struct aw_http *http, const struct aw_exchanges *xs);
/* Each NULL where there was no memory for it. */
void aw_sleeper_wake(const struct aw_sleeper *z, struct aw_squeezer *q,
                     struct aw_exchange_room *room, struct aw_http_stats *stats,
                     const struct aw_flow *flow, struct aw_http **http, struct aw_exchanges **xs);

/* Hands one telling to the link room. */
void aw_tell(struct aw_link *link, const struct aw_telling *t);
/* Phase 3: hands each telling to the link room, in order. False: not all, since what the link has
 * gathered takes much by now. */
bool aw_batch_tell(struct aw_batch *b, struct aw_link *link);
/* Whether the link has gathered so much. */
bool aw_batch_is_full(const struct aw_link *link);
bool aw_batch_reserve(struct aw_batch *b, size_t packets);
void aw_batch_reset(struct aw_batch *b);
/* Adds a telling to a shard's list, all but a lent exchange copied; false where there is no memory.
 */
bool aw_tellings_add(struct aw_tellings *t, const struct aw_alloc *alloc,
                     const struct aw_telling *telling);
/* Forgets them all; the exchanges go back to their pool. By the shard, or when it works no more. */
void aw_tellings_reset(struct aw_tellings *t, struct aw_pool *pool);
/* Whether what the shard told of and was not collected yet takes much. */
bool aw_shard_laden(const struct aw_shard *s);
/* Takes back what it lent to these tellings, which are forgotten. */
void aw_shard_take_back(struct aw_shard *s, struct aw_tellings *t);

#endif
