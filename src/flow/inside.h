/*
 * What the files of this room share: the connection, its two halves, the segment being worked on.
 * Nothing outside src/flow (and its tests) includes this.
 *
 * Halves are indexed by side: side 0 sent the first segment captured. Which side is the client is
 * one number, so that a wrong guess is put right by one assignment; chunks and facts are turned to
 * directions at the door.
 *
 * The files, in the order a segment meets them: flow.c (door, life cycle), table.c (slots),
 * graves.c (connections that ended), copies.c (the same packet captured twice), handshake.c (where
 * a half's offsets begin, resets), reuse.c (whether the ports are used again), half.c (one
 * direction: offsets, acknowledgements, round trips), order.c (what may be handed up, what waits,
 * what is given up), timer.c (deadlines).
 */
#ifndef AW_FLOW_INSIDE_H
#define AW_FLOW_INSIDE_H

#include "base/seq.h"
#include "base/time.h"
#include "flow/flow.h"

/* Offsets farther than this from where a stream stands do not belong to it: no window is larger
 * (RFC 7323, 2.3), and beyond 2^31 the sign of a distance means nothing. */
#define AW_FAR (INT64_C(1) << 30)

/* Enough of a segment to know its copy by: twelve bytes. */
struct aw_trace {
    uint32_t what;  /* hash of side, SEQ, length, ACK, flags, window */
    uint16_t when;  /* in units of 2^20 ns, wrapping */
    uint16_t ip_id; /* 0 = none */
    uint16_t tsval; /* folded; 0 = none */
    uint8_t ttl;
    uint8_t via; /* interface and link direction, folded */
};
enum { AW_TRACES_NEAR = 1 << 2, AW_TRACES_FAR_MAX = 1024 };

enum {
    AW_HALF_KNOWN = 1 << 0,     /* base_seq is valid */
    AW_HALF_SEEN = 1 << 1,      /* a segment of this side was captured */
    AW_HALF_SYN = 1 << 2,       /* its SYN or SYN-ACK was */
    AW_HALF_PAYLOAD = 1 << 3,   /* payload of it was captured */
    AW_HALF_LOOSE = 1 << 4,     /* base_seq is a guess that the first payload may correct */
    AW_HALF_FIN_DONE = 1 << 5,  /* the FIN chunk was handed up */
    AW_HALF_ZERO = 1 << 6,      /* the window it offers is 0 */
    AW_HALF_TIMING = 1 << 7,    /* sample_seq and sample_ts wait for an acknowledgement */
    AW_HALF_IN_HOLE = 1 << 8,   /* the last thing handed up was a hole */
    AW_HALF_MAYBE_FIN = 1 << 9, /* the one acknowledged byte at `next` may be a FIN not captured */
    AW_HALF_REFUSED = 1 << 10,  /* the SYN's data was not accepted and comes again */
    AW_HALF_PROBED = 1 << 11,   /* the byte before `next` came as a window probe */
    AW_HALF_WAYS = 1 << 12,     /* something new came with another TTL than its first segment */
    AW_HALF_COUNTS = 1 << 13,   /* two of its packets had IP IDs that follow each other */
    AW_HALF_LARGE = 1 << 14,    /* the latest may have been several packets on the wire */
    AW_HALF_JOINED = 1 << 15,   /* its first segment captured was no SYN and carried payload, or the
                                   first payload did not follow it */
};

struct aw_half {
    aw_off next;       /* all before it was handed up */
    aw_off high;       /* end of the highest byte that segments of this side imply */
    aw_off acked;      /* highest acknowledged by the peer; AW_OFF_NONE */
    uint32_t base_seq; /* sequence number of offset 0 */
    uint32_t sample_seq;
    aw_ns sample_ts;
    uint16_t flags;  /* AW_HALF_ */
    uint16_t window; /* as last sent, unscaled */
    uint16_t id;     /* IP ID of the latest packet; 0 = none */
    uint8_t ttl;     /* of the first segment */
    uint8_t tick;    /* latest TSval, in 2^6 of its ticks, wrapping */
};

/* Where a segment's payload belongs, and what was seen with it. */
struct aw_bytes {
    aw_off off, end; /* end: as on the wire */
    uint32_t len;    /* bytes at hand; fewer than end - off where the capture was cut */
    uint8_t ttl;
    bool conflict;
    struct aw_mark seen;
    aw_off ack, peer_high;
};
/* Payload that waits: behind a hole, or for what it acknowledges. */
struct aw_piece {
    struct aw_piece *next;
    struct aw_bytes b;
    uint8_t data[];
};

/* A SYN or SYN-ACK that claims the ports of a connection that goes on: kept until the other end of
 * that connection agrees (reuse.c). */
struct aw_claim {
    struct aw_segment seg; /* its payload lies behind it */
    uint8_t side;
    bool again; /* it was sent more than once */
    uint8_t data[];
};

/* What a connection needs while something is under way or once a side has ended: there from its
 * first payload on, and let go while it rests. By side. */
struct aw_marks {
    aw_off watch[2];            /* tell when acknowledged; AW_OFF_NONE */
    struct aw_mark acked_by[2]; /* the first segment that acknowledged half[].acked, where that came
                                   while this was there */
    /* Set where there is AW_FLOW_FIN. */
    aw_off fin[2];            /* where the stream ends */
    struct aw_mark fin_by[2]; /* the FIN */
    aw_off fin_ack[2];        /* what it acknowledges */
};

/* What few connections need. */
struct aw_more {
    struct aw_mark rst[2];
    struct aw_piece *first[2], *last[2]; /* owned; sorted, without overlap */
    size_t waiting[2];                   /* bytes taken by them */
    uint32_t pieces[2];
    aw_ns due[2];       /* when the bytes acknowledged and missing are given up; AW_NS_NONE */
    uint32_t grace_at;  /* index in the heap of those */
    aw_off due_off[2];  /* up to here */
    aw_off due_next[2]; /* `next` when that was decided */
    aw_off rst_off;     /* a reset that waits for bytes before it; AW_OFF_NONE */
    aw_off rst_ack;
    uint8_t rst_side;
    aw_ns rst_due;    /* until then what its peer had sent before it came may be captured */
    bool rst_bare[2]; /* the reset carried no ACK number */
    struct aw_mark watch_by[2]; /* acknowledged the watched offset of that side, and bytes that */
    aw_off watch_ack[2];        /* are still to come; AW_OFF_NONE */
    aw_off watch_off[2];        /* where that segment stands in its own direction */
    aw_off hole_from[2], hole_to[2]; /* the last hole handed up */
    uint64_t hole_bytes[2], cut_bytes[2], zero_windows[2];
    uint64_t missed[2][AW_MISSED_MAX]; /* packets before which IDs were passed over; a ring */
    uint8_t missed_next[2];
    /* The latest packets (clock.c; 0 = none) that came later than they were sent, whose time lies
     * before that of the packet before, and that were sent later than they came. */
    uint64_t leapt[2], ran_back[2], outran[2];
    uint8_t outruns[2]; /* how often there was one of the last kind */
    uint64_t holes, retransmissions, copies, conflicts;
    uint16_t first_way[2], copy_way[2]; /* how the latest packet seen twice came (copies.c); 0, 0 */
    struct aw_trace *traces;            /* owned; aw_flow.near where NULL */
    uint32_t trace_next, trace_cap;     /* the cap is a power of two */
    struct aw_claim *claim;             /* owned; the latest one, NULL */
    uint32_t leap_seq, leap_ack;        /* of the latest segment that leapt: its end, its ACK */
    uint8_t leap_side;                  /* who sent it, and one more; 0 = none did */
};
enum {
    AW_MISSED_STEP = 4,     /* beyond, a counter serves other connections as well */
    AW_MISSED_PLAIN = 1460, /* payload of one Ethernet frame */
};
enum { AW_PIECES_MAX = 4096 }; /* of one direction: bounds the search for a place */

enum {
    AW_FLOW_CLIENT_KNOWN = 1 << 0,
    AW_FLOW_MIDSTREAM = 1 << 1,
    AW_FLOW_CLOSED = 1 << 2, /* over, and soon freed: leaves a grave (graves.c) */
    AW_FLOW_IGNORED = 1 << 3,
    AW_FLOW_PRECIOUS = 1 << 4,
    AW_FLOW_QUIET = 1 << 5,    /* idle for the idle timeout */
    AW_FLOW_BUSY = 1 << 6,     /* being worked on: not to be evicted */
    AW_FLOW_PAYLOAD = 1 << 7,  /* any was sent, captured or not */
    AW_FLOW_FIN_BY_1 = 1 << 8, /* side 1 sent the first FIN, by order of cause */
    AW_FLOW_TICKS = 1 << 9,    /* half[0].tick is a TSval's; of half[1]: the bit above */
    AW_FLOW_V6 = 1 << 11,      /* its addresses are IPv6 */
    AW_FLOW_FIN = 1 << 12,     /* side 0 has ended, at marks->fin[0]; side 1: the bit above */
    AW_FLOW_UNTIMED = 1 << 14, /* one of its packets was */
    AW_FLOW_FINS = AW_FLOW_FIN | AW_FLOW_FIN << 1,
};

/* Deadlines lie in heaps; the heap a connection stands in is also the order of eviction. */
enum aw_heap_id { AW_HEAP_SPARE, AW_HEAP_LIVE, AW_HEAP_PRECIOUS, AW_HEAP_GRACE, AW_HEAPS };
#define AW_NOT_IN_HEAP UINT32_MAX

struct aw_flow {      /* owned by its table */
    uint8_t v4[2][4]; /* addresses by side, where they are IPv4 */
    uint16_t port[2];
    uint16_t flags;        /* AW_FLOW_ */
    bool client : 1;       /* the side */
    uint8_t heap : 2;      /* enum aw_heap_id: which one `heap_at` speaks of */
    uint8_t near_next : 2; /* where the next of AW_TRACES_NEAR goes */
    uint8_t wscale;        /* four bits a side; 15 = not known, or more than is allowed */
    uint32_t heap_at;      /* index in its heap */
    uint16_t id_at[2];     /* times of the packets with half[].id and tick, in 2^20 ns, wrapping */
    struct aw_half half[2];
    struct aw_flow_table *table; /* callbacks get the flow alone */
    uint64_t ord;
    aw_ns packet_at, active_at; /* by the table's clock, which never goes back */
    struct aw_mark activity;
    struct aw_marks *marks; /* owned; NULL while nothing is under way */
    struct aw_more *more;   /* owned; NULL as long as nothing is out of the ordinary */
    void *app;              /* belongs to the room above */
    uint32_t rtt[2];        /* capture point to that side: smallest (half.c); AW_RTT_NONE */
    struct aw_trace near[AW_TRACES_NEAR];
    uint8_t v6[][16]; /* addresses by side, where they are IPv6; else there are none */
};
_Static_assert(sizeof(struct aw_flow) <= 256, "a connection takes four cache lines, if it is IPv4");
#define AW_RTT_NONE UINT32_MAX
static inline size_t aw_flow_size(const struct aw_flow *f)
{
    return sizeof *f + (f->flags & AW_FLOW_V6 ? 2 * sizeof *f->v6 : 0);
}

struct aw_due {
    aw_ns key;
    struct aw_flow *flow; /* NULL: was removed */
};
struct aw_heap {
    struct aw_due *at; /* owned */
    uint32_t count, cap;
    uint32_t removed; /* of `count` */
    uint32_t taken;   /* listed: so many of the first */
};

struct aw_slot {
    uint64_t hash;
    struct aw_flow *flow; /* NULL: free */
};

/* What is known of a connection that ended. */
struct aw_grave {
    uint64_t hash;        /* 0: free */
    uint32_t client_base; /* base_seq of its client: a SYN with another one is news */
    uint32_t when;        /* its last packet; graves.c knows the unit */
};
struct aw_graves {
    struct aw_grave *at; /* owned; open addressing, `mask` + 1 of them; NULL: none yet */
    size_t mask, used;   /* used: not free, over or not */
};

struct aw_flow_table {
    struct aw_alloc alloc;
    struct aw_pool *pool;
    const uint8_t *secret;
    struct aw_flow_limits limits;
    struct aw_flow_ops ops;
    struct aw_flow_stats stats;
    struct aw_slot *slots; /* owned */
    size_t mask, filled;
    struct aw_graves graves;
    size_t open; /* connections not closed */
    struct aw_heap heap[AW_HEAPS];
    aw_ns now, next_due; /* AW_NS_NONE before the first tick; earliest deadline */
    aw_ns due;           /* of the timer being worked on; 0 = none is */
    bool finishing;      /* the input is over: connections end by their first packets */
    struct aw_mark at;   /* the packet that moved the clock, or is being worked on */
};

/* A segment in terms of its connection. */
struct aw_view {
    const struct aw_segment *seg;
    unsigned side;
    aw_off off, end; /* payload, as on the wire */
    aw_off ack;      /* of the peer's bytes; AW_OFF_NONE */
};

static inline aw_off aw_off_max(aw_off a, aw_off b)
{
    return a > b ? a : b;
}
static inline aw_off aw_off_min(aw_off a, aw_off b)
{
    return a < b ? a : b;
}
/* Where a side's stream ends; AW_OFF_NONE. */
static inline aw_off aw_fin_of(const struct aw_flow *f, unsigned side)
{
    return f->flags & AW_FLOW_FIN << side ? f->marks->fin[side] : AW_OFF_NONE;
}
/* What of a side is watched; AW_OFF_NONE. */
static inline aw_off aw_watch_of(const struct aw_flow *f, unsigned side)
{
    return f->marks ? f->marks->watch[side] : AW_OFF_NONE;
}
static inline enum aw_dir aw_dir_of(const struct aw_flow *f, unsigned side)
{
    return side == f->client ? AW_C2S : AW_S2C;
}

/* --- flow.c --- */
/* A pool block, with others evicted for it if need be; NULL where that did not help. */
void *aw_flow_room(struct aw_flow_table *t, size_t size);
struct aw_more *aw_flow_more(struct aw_flow *f);   /* NULL: no memory */
struct aw_marks *aw_flow_marks(struct aw_flow *f); /* as well */
/* Hands up what waits, closes, frees. Afterwards f is gone unless `linger`: then it is only marked
 * as closed, and whoever is at work on it buries it. */
void aw_flow_end(struct aw_flow *f, enum aw_close why, unsigned side, const struct aw_mark *seen,
                 bool linger);
void aw_flow_give(struct aw_flow *f, struct aw_chunk *chunk); /* to the room above */
void aw_flow_active(struct aw_flow *f, const struct aw_mark *mark);
/* The deadline that f's heap should have it under. */
aw_ns aw_flow_deadline(const struct aw_flow *f);

/* --- table.c --- */
/* The segment's connection, and which side sent it; NULL: none. */
struct aw_flow *aw_slot_find(const struct aw_flow_table *t, const struct aw_segment *seg,
                             uint64_t hash, unsigned *side);
/* Room for one more; evicts if need be. False: there is none. */
bool aw_slot_reserve(struct aw_flow_table *t);
void aw_slot_put(struct aw_flow_table *t, struct aw_flow *f, uint64_t hash);
void aw_slot_remove(struct aw_flow_table *t, const struct aw_flow *f, uint64_t hash);
bool aw_slots_resize(struct aw_flow_table *t, size_t count); /* to a power of two */

/* --- graves.c --- */
/* Notes that f ended, if memory allows. */
void aw_grave_dig(struct aw_flow_table *t, const struct aw_flow *f, uint64_t hash);
/* Whether a segment of no connection is a late one of one that ended, and not a new one's first. */
bool aw_grave_stray(struct aw_flow_table *t, const struct aw_segment *seg, uint64_t hash);
void aw_grave_prefetch(const struct aw_flow_table *t, uint64_t hash);
void aw_graves_free(struct aw_flow_table *t);

/* --- copies.c --- */
/* Written in place: a trace returned in registers is put together from small stores, and the
 * processor waits for them. */
static inline void aw_trace_write(struct aw_trace *to, const struct aw_segment *s, unsigned side)
{
    const uint64_t numbers = (uint64_t)s->seq << 32 | s->ack;
    const uint64_t rest = (uint64_t)s->payload_wire << 32 | (uint64_t)s->window << 16 |
                          (uint64_t)s->flags << 8 | side;
    const uint64_t mixed =
        ((numbers * UINT64_C(0x9e3779b97f4a7c15)) ^ rest) * UINT64_C(0xd6e8feb86659fd93);
    to->what = (uint32_t)(mixed >> 32) | 1; /* 0 marks an unused place */
    to->when = (uint16_t)((uint64_t)s->at.ts >> 20);
    to->ip_id = s->has_ip_id ? s->ip_id : 0;
    to->tsval = s->has_tsval ? (uint16_t)((s->tsval ^ s->tsval >> 16) | 1) : 0; /* 0 is none */
    to->ttl = s->ttl;
    to->via = (uint8_t)(s->iface * 4u + (s->link_dir & 3u));
}
/* Keeps what only the first segment of a side tells. */
static inline void aw_half_meet(struct aw_half *h, const struct aw_segment *seg)
{
    if (h->flags & AW_HALF_SEEN) return;
    const bool joined = seg->payload_wire > 0 && !(seg->flags & AW_TCP_SYN);
    h->flags |= joined ? AW_HALF_SEEN | AW_HALF_JOINED : AW_HALF_SEEN;
    h->ttl = seg->ttl;
}
/* Notes a packet that came after a silence in which IDs were passed over (missed.c). */
void aw_missed_note(struct aw_flow *f, const struct aw_segment *seg, unsigned side);
/* Follows the IP IDs of a side. */
static inline void aw_missed_step(struct aw_flow *f, const struct aw_segment *seg, unsigned side)
{
    struct aw_half *h = &f->half[side];
    if (!seg->has_ip_id || seg->ip_id == 0) return;
    const uint16_t step = (uint16_t)(seg->ip_id - h->id);
    if (h->id && (step == 0 || step >> 15)) return; /* a copy, or one that was overtaken */
    if (step == 1)
        h->flags |= AW_HALF_COUNTS;
    else if (h->id && step <= AW_MISSED_STEP)
        aw_missed_note(f, seg, side);
    h->id = seg->ip_id;
    f->id_at[side] = (uint16_t)((uint64_t)seg->at.ts >> 20);
    h->flags = (uint16_t)(seg->payload_wire > AW_MISSED_PLAIN ? h->flags | AW_HALF_LARGE
                                                              : h->flags & ~AW_HALF_LARGE);
}
void aw_missed_facts(const struct aw_flow *f, struct aw_conn_facts *out);
/* Whether v is one; notes it if not. `repeat`: it brings nothing new. */
bool aw_copy_known(struct aw_flow *f, const struct aw_view *v, bool repeat);
void aw_copy_note(struct aw_flow *f, const struct aw_segment *seg, unsigned side);

/* --- clock.c --- */
enum {
    AW_CLOCK_PAUSE = 164,          /* ms: 100, less decides nothing, and the 64 of a tick kept */
    AW_CLOCK_PAUSE_MAX = 64 * 250, /* beyond, the ticks kept may have wrapped */
    AW_CLOCK_TICKS = AW_CLOCK_PAUSE / 64 + 1,
};
void aw_clock_facts(const struct aw_flow *f, struct aw_conn_facts *out); /* f->more is there */
/* A packet so many 2^20 ns after the one before it of its side, wrapping: notes it if that does not
 * agree with their TSvals, or is less than nothing. */
void aw_clock_compare(struct aw_flow *f, const struct aw_segment *seg, unsigned side,
                      uint16_t units);
static inline uint16_t aw_clock_at(const struct aw_segment *seg)
{
    return (uint16_t)((uint64_t)seg->at.ts >> 20);
}
static inline uint8_t aw_clock_ticks(const struct aw_flow *f, const struct aw_segment *seg,
                                     unsigned side)
{
    return (uint8_t)((uint8_t)(seg->tsval >> 6) - f->half[side].tick);
}
/* Holds a packet that is not the first of its side against the one before it. */
static inline void aw_clock_check(struct aw_flow *f, const struct aw_segment *seg, unsigned side)
{
    if (!(seg->has_tsval || f->half[side].id) || !(f->half[side].flags & AW_HALF_SEEN)) return;
    const uint16_t units = (uint16_t)(aw_clock_at(seg) - f->id_at[side]);
    if (units >= AW_CLOCK_PAUSE * AW_MS >> 20 ||
        (seg->has_tsval && aw_clock_ticks(f, seg, side) >= AW_CLOCK_TICKS))
        aw_clock_compare(f, seg, side, units);
}
static inline void aw_clock_note(struct aw_flow *f, const struct aw_segment *seg, unsigned side)
{
    if (!seg->has_tsval) return;
    f->flags |= (uint16_t)(AW_FLOW_TICKS << side);
    f->half[side].tick = (uint8_t)(seg->tsval >> 6);
    f->id_at[side] = aw_clock_at(seg);
}

/* --- handshake.c --- */
static inline aw_off aw_half_off(const struct aw_half *h, uint32_t seq)
{
    return aw_seq_widen(seq, h->base_seq + (uint32_t)h->next, h->next);
}
void aw_half_locate(struct aw_flow *f, const struct aw_segment *seg, unsigned side);
/* Whether a segment lies beyond what its sender may send, and nothing bears it out. */
bool aw_leaps(struct aw_flow *f, const struct aw_view *v);
/* A reset: believed or counted. */
void aw_reset(struct aw_flow *f, const struct aw_view *v);

/* --- reuse.c --- */
enum aw_use {
    AW_USE_SAME,    /* of this connection, or of none */
    AW_USE_OVER,    /* of another one: this has ended, or never was */
    AW_USE_CLAIMED, /* of a new connection, if the claim holds; its first is kept, no more */
    AW_USE_AGREED,  /* the claim holds, and this is of the new connection as well */
};
/* Which use of its pair of ports a segment belongs to; f is busy. */
enum aw_use aw_use_of(struct aw_flow *f, const struct aw_segment *seg, unsigned side);
void aw_claim_free(struct aw_flow_table *t, struct aw_claim *c); /* c may be NULL */

/* --- half.c --- */
/* What `side` acknowledged at `acked` had been sent at `sent`: a sample of its round trip. */
void aw_half_trip(struct aw_flow *f, unsigned side, aw_ns sent, aw_ns acked);
aw_ns aw_half_rtt(const struct aw_flow *f, unsigned side); /* the smallest; AW_NS_NONE */
/* Says that its bytes up to `end` were sent once more, and counts it. */
void aw_half_again(struct aw_flow *f, const struct aw_view *v, aw_off end);
/* Compares a copy of a packet with what came first: whoever has a packet look like one can make two
 * readers see two streams. */
void aw_half_copy(struct aw_flow *f, const struct aw_view *v);
/* Takes a segment with which nothing is out of the ordinary, at little cost; false: any may be, and
 * nothing was taken. */
bool aw_half_plain(struct aw_flow *f, const struct aw_segment *seg, unsigned side);
/* Takes a segment whose offsets are known; f may be closed afterwards. */
void aw_half_take(struct aw_flow *f, struct aw_view *v);
/* `by` was the first to acknowledge half[side].acked. Kept if it may be asked for. */
void aw_half_acked(struct aw_flow *f, unsigned side, const struct aw_mark *by);

/* --- order.c --- */
/* Whether everything before `ack` of this side has been handed up. */
static inline bool aw_covered(const struct aw_flow *f, unsigned side, aw_off ack)
{
    const struct aw_half *h = &f->half[side];
    if (ack <= h->next) return true; /* AW_OFF_NONE, too */
    if (f->flags & AW_FLOW_FIN << side)
        return h->next >= f->marks->fin[side] && (h->flags & AW_HALF_FIN_DONE);
    return (h->flags & AW_HALF_MAYBE_FIN) && ack == h->next + 1;
}
/* Something waits, for bytes or for its turn. */
static inline bool aw_order_busy(const struct aw_flow *f)
{
    return f->half[0].acked > f->half[0].next || f->half[1].acked > f->half[1].next || f->more;
}
/* Compares a segment with what waits at the same place, which came first and stays. Returns whether
 * all of it waits already. */
bool aw_order_compare(struct aw_flow *f, const struct aw_view *v);
void aw_order_payload(struct aw_flow *f, const struct aw_view *v);
void aw_order_settle(struct aw_flow *f); /* hands up what has become possible; sets the grace */
void aw_order_expire(struct aw_flow *f); /* the grace is over */
void aw_order_flush(struct aw_flow *f);  /* hands up all, with holes where bytes are missing */
void aw_order_idle(struct aw_flow *f);   /* nothing came for long: what is missing is given up */
void aw_order_drop(struct aw_flow *f);   /* lets go of what waits, without handing it up */
/* Takes a FIN for which nothing has to wait, its marks being set. */
void aw_order_fin(struct aw_flow *f, unsigned side);
/* The earliest that is due at `from` or later; INT64_MAX = nothing is. */
aw_ns aw_order_due(const struct aw_flow *f, aw_ns from);
void aw_order_watch_hit(struct aw_flow *f, unsigned side);
/* Tells of a watched offset, if it is time. */
static inline void aw_order_watch(struct aw_flow *f, unsigned side)
{
    const aw_off watch = aw_watch_of(f, side);
    if (watch != AW_OFF_NONE && f->half[side].acked >= watch) aw_order_watch_hit(f, side);
}

/* --- timer.c: heaps of deadlines, the earliest on top; equal ones by first packet --- */
bool aw_heap_add(struct aw_flow_table *t, enum aw_heap_id id, struct aw_flow *f, aw_ns key);
void aw_heap_remove(struct aw_flow_table *t, enum aw_heap_id id, struct aw_flow *f);
void aw_heap_rekey(struct aw_flow_table *t, enum aw_heap_id id, struct aw_flow *f, aw_ns key);
/* Its earliest entry; NULL where it is empty. */
const struct aw_due *aw_heap_top(struct aw_flow_table *t, enum aw_heap_id id);
/* The heap with the earliest deadline; AW_HEAPS where all are empty. */
enum aw_heap_id aw_heap_earliest(struct aw_flow_table *t);
/* The input is over: from now on it is a list by first packet, of which only the top is taken. */
void aw_heap_list(struct aw_flow_table *t, enum aw_heap_id id);
void aw_heap_free(struct aw_flow_table *t, struct aw_heap *h);

#endif
