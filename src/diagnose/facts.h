/*
 * The facts of section 1 of the catalogue that rules ask for, worked out once a case from what the
 * exchange room recorded. Numbers and yes or no; no judgement.
 */
#ifndef AW_DIAGNOSE_FACTS_H
#define AW_DIAGNOSE_FACTS_H

#include "diagnose/diagnose.h"
#include "diagnose/agents.h"

/* Signs of an intermediary on the answer's side: bits of aw_facts.hops. */
enum aw_hop {
    AW_HOP_VIA = 1 << 0,
    AW_HOP_PROXY_FIELD = 1 << 1,
    AW_HOP_CACHE = 1 << 2,   /* X-Cache or Age */
    AW_HOP_SQUID = 1 << 3,   /* X-Squid-Error */
    AW_HOP_TARGET = 1 << 4,  /* absolute-form or CONNECT: the client speaks to a proxy */
    AW_HOP_PRODUCT = 1 << 5, /* Server or reason phrase of a proxy-only product */
    AW_HOP_TTL = 1 << 6,     /* another distance than the SYN-ACK's */
    AW_HOP_FIELD = 1 << 7,   /* a field that only such a product adds */
    AW_HOP_PAGE = 1 << 8,    /* the error page of such a product, and no Server field */
};

/* What is missing from the capture and would decide: bits of aw_facts.missing. */
enum aw_missing {
    AW_MISS_REQUEST = 1 << 0, /* a response without its request */
    AW_MISS_HEAD = 1 << 1,    /* a hole or cut in the request head */
    AW_MISS_SERVER_SIDE = 1 << 2,
    AW_MISS_CLIENT_SIDE = 1 << 3,
    AW_MISS_CONTINUE = 1 << 4, /* a hole where a 100 would stand */
    AW_MISS_ACKED = 1 << 5,    /* server bytes acknowledged or followed, never captured */
    AW_MISS_FINAL = 1 << 6,    /* a hole where the final response would stand */
    AW_MISS_EVICTED = 1 << 7,
    AW_MISS_END = 1 << 8,     /* how the exchange ended was not captured */
    AW_MISS_CONTENT = 1 << 9, /* content was sent and none of it captured */
};

struct aw_facts {
    const struct aw_case *c;
    const struct aw_exchange *x;
    const int64_t *t; /* thresholds */

    aw_ns rtt_c, rtt_s, rtt, w; /* unknown counts as 0 */
    bool rtt_known;
    enum aw_vantage vantage;

    bool expect, expect_100; /* carried Expect; one that means 100-continue */
    bool owes;               /* framing says that content follows the head */
    bool content;            /* some of it was seen */
    bool paused;             /* a first piece came with the head, then the client waited */
    const struct aw_mark *head,
        *body;                  /* t_head; the content that ended the waiting (after the pause) */
    const struct aw_mark *from; /* of the waiting: the head, or the end of the answer before it */

    const struct aw_interim *first_100; /* NULL: none */
    bool final;                         /* the head of a final response is complete */
    uint16_t status;                    /* 0 = none */
    bool answers_100, answers_final, gave_up;
    bool unsure;      /* times decided what the content answers */
    bool final_first; /* the final came before any content */

    aw_ns wait;  /* AW_NS_NONE without content */
    aw_ns think; /* AW_NS_NONE without an answer before content */
    aw_ns heed;  /* content after the 100 that it answers; AW_NS_NONE */
    aw_ns stuck; /* no content: t_head to final, close or now; AW_NS_NONE */
    aw_ns now;

    const struct aw_mark *client_end, *server_end; /* first FIN or RST of each side, NULL */
    bool client_closed, server_closed;             /* who was first */
    bool server_reset;                             /* ... and it was a reset */
    bool heard_100;  /* the first 100 came, and not to a client that had left with nothing sent */
    bool idle, open; /* ended by idleness; still open at the input's end */

    aw_ns loss_delay;               /* what retransmission of head or 100 cost, 0 = nothing */
    bool head_acked, head_late_ack; /* acknowledged; only after a retransmission */

    uint32_t hops, missing;
    struct aw_agent_seen client, server, between; /* recognised products */
    const struct aw_attempt *prev, *next;         /* neighbours in the chain, or NULL */
    const struct aw_attempt *recovery;            /* the later attempt that went through */
};

/*
 * Clients and servers need this long to act on what they have received, whatever the round trip;
 * on a loopback two round trips are over before the process runs.
 */
#define AW_REACTION (2 * AW_MS)

/*
 * Packets this close may stand in a capture in either order, and their times are no better.
 */
#define AW_JITTER (20 * AW_US)

/* All but `client` and `server`. */
void aw_facts_make(struct aw_facts *f, const struct aw_case *c, const int64_t threshold[]);
/* The products on either side: only what is said about a verdict needs them. */
void aw_facts_name(struct aw_facts *f);

/* The first whole 100, but for one after the final response, which answers nothing any more. NULL:
 * none. */
const struct aw_interim *aw_facts_first_100(const struct aw_exchange *x);

/* Whether one of the stall causes would hold if what was lost had not been. */
bool aw_facts_stall(const struct aw_facts *f, aw_ns lost);

/* Whether the server's window closed while the client waited: content could not have been sent. */
bool aw_facts_shut_out(const struct aw_facts *f);

/* value lies within 20 % of the threshold that it is held against. */
static inline bool aw_near(aw_ns value, aw_ns threshold)
{
    const aw_ns apart = value > threshold ? value - threshold : threshold - value;
    return value != AW_NS_NONE && threshold > 0 && apart <= threshold / 5;
}

/* Spans are never negative here: where capture times run backwards, nothing has passed. */
static inline aw_ns aw_ns_since(aw_ns from, aw_ns to)
{
    return to > from ? to - from : 0;
}

/* That side's FIN was captured, and does not acknowledge the other's bytes up to `end`. */
static inline bool aw_fin_short_of(const struct aw_exchange *x, enum aw_dir dir, aw_off end)
{
    return aw_seen(&x->conn.fin[dir]) && x->conn.fin_ack[dir] != AW_OFF_NONE &&
           x->conn.fin_ack[dir] < end;
}

/* Its segment does not acknowledge the whole request head: nobody had asked for it. */
static inline bool aw_interim_early(const struct aw_exchange *x, const struct aw_interim *in)
{
    return in->ack_off != AW_OFF_NONE && x->head_end != AW_OFF_NONE && in->ack_off < x->head_end;
}

static inline aw_ns aw_ns_max(aw_ns a, aw_ns b)
{
    return a > b ? a : b;
}

/* The content had reached the server, and no 100 had been sent: one that came later was not lost
 * before. */
static inline bool aw_proven_late(const struct aw_facts *f)
{
    const struct aw_mark *ack = &f->x->at[AW_AT_ACK_BODY];
    return aw_seen(ack) && f->first_100 && f->first_100->first.ts - ack->ts > AW_JITTER;
}

/* The thresholds that are made of two numbers. */
static inline aw_ns aw_slow_limit(const struct aw_facts *f)
{
    return aw_ns_max(f->rtt, f->t[AW_T_SLOW_CONTINUE]);
}
static inline aw_ns aw_heed_limit(const struct aw_facts *f)
{
    return aw_ns_max(2 * f->rtt_c, f->t[AW_T_UNHEEDED]);
}
static inline aw_ns aw_server_close_limit(const struct aw_facts *f)
{
    return aw_ns_max(f->w, f->t[AW_T_SERVER_CLOSE]);
}
/* Two round trips, or what a process needs to run at all. */
static inline aw_ns aw_lost_limit(const struct aw_facts *f)
{
    return aw_ns_max(2 * f->rtt, AW_REACTION);
}

#endif
