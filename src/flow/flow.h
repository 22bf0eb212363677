/*
 * TCP: from segments to chunks (chunk.h). Finds or makes the connection of a segment, follows its
 * life, puts both directions in order, tells retransmissions from copies of a packet, measures
 * round trips, and lets go of what memory does not allow. Knows nothing of HTTP.
 *
 * Overlap policy: the bytes that arrived first win; a later segment that disagrees is counted and
 * marks the chunk. A hole is passed on once the other side has acknowledged past it and the reorder
 * grace is over, or the connection ends, or the budget is spent.
 *
 * Cost: an in-order segment takes one table look-up, no allocation and no copy, but that the first
 * payload after a rest takes a block of 160 bytes, until the next. A connection takes 256 bytes, or
 * 320 with IPv6; 20 to 40 in the table, 16 to 32 among the deadlines.
 */
#ifndef AW_FLOW_FLOW_H
#define AW_FLOW_FLOW_H

#include "await100/record.h"
#include "base/pool.h"
#include "flow/chunk.h"
#include "wire/wire.h"

struct aw_flow;
struct aw_flow_table;

/* What a table calls. Callbacks must not push, tick or finish the same table. */
struct aw_flow_ops {
    void *ctx;
    void (*open)(void *ctx,
                 struct aw_flow *flow); /* a connection's first packet, before any chunk */
    void (*chunk)(void *ctx, struct aw_flow *flow, const struct aw_chunk *chunk);
    /* After the CLOSE chunk: the flow's memory goes away on return. Free what `app` points to. */
    void (*gone)(void *ctx, struct aw_flow *flow);
};

struct aw_flow_limits {
    aw_ns idle_timeout;  /* without new payload, FIN or RST: IDLE */
    bool patient;        /* ... given only before a CLOSE that no packet of the connection caused */
    aw_ns forget;        /* without any packet: CLOSE with AW_CLOSE_EXPIRED */
    aw_ns reorder_grace; /* an acknowledged hole may be filled for so long */
    aw_ns copy_window;   /* the same segment within it is a copy */
    size_t waiting_bytes; /* per direction, most bytes kept out of order */
};

struct aw_flow_stats {
    uint64_t segments;
    uint64_t connections;   /* made */
    uint64_t midstream;     /* of these, joined after their handshake */
    uint64_t one_sided;     /* closed with payload or acknowledgements of it from one side only */
    uint64_t evicted;       /* let go for want of memory */
    uint64_t retransmitted; /* segments */
    uint64_t copies;        /* segments seen again with another TTL or interface */
    uint64_t conflicts;     /* overlaps whose bytes disagree */
    uint64_t holes, hole_bytes; /* acknowledged, never captured */
    uint64_t cut_bytes;         /* lost to the snap length */
    uint64_t bad_rst;           /* resets outside the window, not believed */
    uint64_t out_of_window;     /* segments too far from the window to belong to the stream */
    uint64_t claims; /* segments of another use of the ports of a connection that had not ended */
    uint64_t reused; /* times that the other end agreed to it */
    uint64_t no_memory; /* segments whose bytes could not be kept out of order */
    uint64_t waited;    /* segments that stood in the reassembly queue */
    uint64_t strays;    /* segments of a connection already closed */
};

/* The pool and the hash secret (at least 192 random bytes) are borrowed until aw_flow_table_free.
 */
AW_MUST_USE struct aw_flow_table *aw_flow_table_new(const struct aw_alloc *alloc,
                                                    struct aw_pool *pool, const uint8_t *secret,
                                                    const struct aw_flow_limits *limits,
                                                    const struct aw_flow_ops *ops);
void aw_flow_table_free(struct aw_flow_table *t); /* without callbacks; finish first */

/*
 * Feeds one segment, after aw_flow_tick for its time. Calls ops zero or more times. Segments of a
 * connection come in the order of capture. Returns the ordinal of its connection's first packet, 0
 * where it belongs to none: a reset of nothing, a stray of one that ended, no memory. A SYN into a
 * connection that goes on has its own: it is the first of a connection that opens once the other
 * end agrees (reuse.c), or of none.
 */
uint64_t aw_flow_push(struct aw_flow_table *t, const struct aw_segment *seg);

/* Hashes a segment's connection, the same for both directions. For prefetch and sharding. */
uint64_t aw_flow_hash(const uint8_t *secret, const struct aw_segment *seg);
/* As aw_flow_push, with the hash at hand; and hints that a segment of that hash comes soon: the
 * first fetches where its connection is noted, the second, some segments later, the connection. */
uint64_t aw_flow_push_hashed(struct aw_flow_table *t, const struct aw_segment *seg, uint64_t hash);
void aw_flow_prefetch(const struct aw_flow_table *t, const struct aw_segment *seg, uint64_t hash);
void aw_flow_prefetch_flow(const struct aw_flow_table *t, uint64_t hash);

/* Moves the clock: hands up holes whose grace is over, idle connections, forgotten ones. `at` is
 * the packet that moved it. Time never goes back: an earlier `at->ts` changes nothing. */
void aw_flow_tick(struct aw_flow_table *t, const struct aw_mark *at);
/* As aw_flow_tick, but timers beyond `until` have to wait for the next call: so that the caller may
 * put its own in between. */
void aw_flow_tick_until(struct aw_flow_table *t, const struct aw_mark *at, aw_ns until);
/* The earliest time at which a tick may have something to do; INT64_MAX = never, as it stands. */
aw_ns aw_flow_next_due(const struct aw_flow_table *t);

/* The input is over: connections end one by one, in the order of their first packets, and hand up
 * all that waits. The ordinal of the one whose turn it is, UINT64_MAX = there is none; and its end,
 * false where there is none. Nothing else may come in between. */
uint64_t aw_flow_next_to_finish(struct aw_flow_table *t);
/* Before either: the input's last packet, where another table may have had it; it is what ends
 * connections. Else the last that this one had. */
void aw_flow_last_packet(struct aw_flow_table *t, const struct aw_mark *at);
/* Of one that has its turn soon, which is fetched; UINT64_MAX = of none. */
uint64_t aw_flow_soon_to_finish(struct aw_flow_table *t);
bool aw_flow_finish_one(struct aw_flow_table *t);
/* All of them. */
static inline void aw_flow_finish(struct aw_flow_table *t)
{
    while (aw_flow_finish_one(t))
        continue;
}

/* Rooms above take from the same pool, and cannot evict: so that connections which say nothing
 * never take it all, this keeps some of it free. Done where one begins; between segments now and
 * then, too.
 */
void aw_flow_spare(struct aw_flow_table *t);
/* Lets go of the connection that is best spared (oldest activity, not precious); false if none is.
 */
bool aw_flow_evict_one(struct aw_flow_table *t);

const struct aw_flow_stats *aw_flow_stats(const struct aw_flow_table *t);
size_t aw_flow_count(const struct aw_flow_table *t); /* connections open at the moment */

/* --- what rooms above may do with a flow; valid inside the callbacks --- */

/* The slot of the room above: set it in open, free it in gone. */
void **aw_flow_app(struct aw_flow *flow);
/* What TCP knows of the connection so far; a copy. */
void aw_flow_facts(const struct aw_flow *flow, struct aw_conn_facts *out);
/* Whether the connection was joined at its handshake: a SYN or SYN-ACK was captured. */
bool aw_flow_syn_seen(const struct aw_flow *flow);
/* Which side is the client is a guess as long as neither SYN nor SYN-ACK was captured. */
bool aw_flow_client_known(const struct aw_flow *flow);
/* The guess was wrong: swaps the directions from the next chunk on (of the current chunk too, if
 * the callee flips its own copy). Only while nothing but HOLE and DATA that meant nothing was
 * taken. */
void aw_flow_swap(struct aw_flow *flow);
/* No more DATA and HOLE chunks for this connection (it is not HTTP): nothing is buffered any more.
 */
void aw_flow_ignore(struct aw_flow *flow);
/* Ask for one ACK chunk when the peer of `dir` acknowledges byte `off` of `dir` (all before `off`);
 * there is none where memory is short. */
void aw_flow_watch(struct aw_flow *flow, enum aw_dir dir, aw_off off);
/* What was sent so far is done with: until there is new payload, nothing will be watched before it.
 */
void aw_flow_rest(struct aw_flow *flow);
/* Bytes that were sent again were not those that had been handed up: counted. */
void aw_flow_conflict(struct aw_flow *flow);
/* Evict this one last: a failing exchange is under way. */
void aw_flow_set_precious(struct aw_flow *flow, bool precious);
/* Where it leads from and to. */
void aw_flow_way(const struct aw_flow *flow, struct aw_addr *client, struct aw_addr *server,
                 uint16_t *server_port);
/* The sequence number of a stream offset. */
uint32_t aw_flow_seq(const struct aw_flow *flow, enum aw_dir dir, aw_off off);
/* Ordinal of the connection's first packet: its name inside a run. */
uint64_t aw_flow_ord(const struct aw_flow *flow);

#endif
