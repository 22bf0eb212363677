/*
 * Joins exchanges across connections: attempts of one request (a 417 and its retry, loops), and the
 * two legs of a proxy in one capture. One instance after all shards; it is told of openings and
 * ends in one order that does not depend on their number, gives out the ids, holds back an exchange
 * whose verdict a later one can still change, has each case diagnosed, and hands out records.
 *
 * An attempt continues an earlier one if client address, method, Host, target, User-Agent and
 * declared length are equal and it begins after the earlier one's final response or close, within
 * the retry window. Each exchange is continued by at most one; several candidates: none.
 *
 * Cost: an exchange without failure passes through with one hash look-up; held ones are copied.
 * Bounded: at most `budget` bytes are held, beyond which the oldest is written as it stands
 * (counted).
 */
#ifndef AW_LINK_LINK_H
#define AW_LINK_LINK_H

#include "link/case.h"

struct aw_link;

/* Where a connection leads from and to. */
struct aw_link_way {
    struct aw_addr client, server;
    uint16_t server_port;
};

struct aw_link_stats {
    uint64_t opened, closed, expectation, failing;
    uint64_t linked; /* exchanges joined to an earlier attempt */
    uint64_t let_go; /* written before their verdict could not change any more: budget */
    uint64_t twins;  /* exchanges captured under a second name, by address translation: no record */
};

/* `judge` is called on each expectation exchange when nothing can change its case any more. NULL
 * where there is no memory. config and sink are copied. */
AW_MUST_USE struct aw_link *aw_link_new(const struct aw_config *config, const struct aw_sink *sink,
                                        aw_judge *judge, size_t budget);
void aw_link_free(struct aw_link *l);

/* Hands the judge what it may remember names in, from case to case; borrowed. */
void aw_link_memo(struct aw_link *l, struct aw_agent_memo *memo);

/* A connection became known: with its first packet, but for one that uses ports again. Gives it the
 * next id. `way`: its client is yet to be heard of; NULL where the capture joined it later. */
void aw_link_connection(struct aw_link *l, uint64_t ord, const struct aw_link_way *way);

/* That client's first bytes were captured, or it ended the connection and had sent none. */
void aw_link_heard(struct aw_link *l, uint64_t ord);

/* Client bytes were not captured where a request was due. */
void aw_link_unheard(struct aw_link *l, const struct aw_link_way *way);

/*
 * What an exchange's beginning tells, by the names these facts have in the exchange: a small part
 * of it, since between threads it is copied, while the exchange goes on.
 */
struct aw_opening {
    struct {
        uint64_t ord;
        struct aw_addr addr[2];
        uint16_t port[2];
        bool handshake;  /* both SYNs were captured, */
        uint32_t isn[2]; /* and these are their numbers */
    } conn;
    uint32_t nth, flags, req;
    int64_t declared;
    struct aw_mark at[AW_AT_HEAD + 1];
    struct aw_span text[AW_TEXT_REASON]; /* the request's strings; borrowed */
};
void aw_opening_of(struct aw_opening *out, const struct aw_exchange *ex);

/* An exchange began (its head is complete, or an answer without request came). Gives it the next
 * id. Borrowed. */
void aw_link_opened(struct aw_link *l, const struct aw_opening *ex);

/* An open exchange's client has waited so long: told on, provisionally. Borrowed. */
void aw_link_waiting(struct aw_link *l, const struct aw_exchange *ex, aw_ns waited);

/* The capture lost packets between these times (AW_NS_NONE = it did not): exchanges that were under
 * way then are marked as they close. */
void aw_link_dropped(struct aw_link *l, aw_ns from, aw_ns to);

/* An exchange's facts are final: writes its record, or copies and holds it. Sets its id and
 * conn_id, which the link knows by conn.ord and nth. Borrowed. */
void aw_link_closed(struct aw_link *l, struct aw_exchange *ex);

/* It is over, and will be closed in a while: what begins after that is no leg of it. */
void aw_link_ended(struct aw_link *l, uint64_t ord, uint32_t nth, aw_ns end);

/* It is over, and no more is known of it: there is no record, and nothing waits for it. */
void aw_link_lost(struct aw_link *l, uint64_t ord, uint32_t nth);

/* A connection is gone: its id may be forgotten. Called after its exchanges' ends. */
void aw_link_gone(struct aw_link *l, uint64_t ord);

/* That connection will be told of soon: fetches what is known of it. */
void aw_link_prefetch(const struct aw_link *l, uint64_t ord);

/* All packets up to this clock have told what they had to tell: writes what no longer waits. */
void aw_link_passed(struct aw_link *l, aw_ns clock);

/* Moves the clock to that of packet `ord`; those before it have passed. */
void aw_link_tick(struct aw_link *l, aw_ns now, uint64_t ord);

/* Moves the clock where no packet came: everything that ended by then has been told. */
void aw_link_quiet(struct aw_link *l, aw_ns now);

/* The input is over at `last` (capture time of the last packet, AW_NS_NONE = none): writes all that
 * is held. */
void aw_link_finish(struct aw_link *l, aw_ns last);

const struct aw_link_stats *aw_link_stats(const struct aw_link *l);

/* What the sink is to get, in its order, for another thread to hand over. */
struct aw_outbox {
    struct aw_ready *first, *last; /* owned */
    size_t bytes;
};
/* From here on records and those that wait are put into an outbox, not handed to the sink at once.
 * Not with config.prompt. What there is no memory to keep is let go, and counted. */
void aw_link_gather(struct aw_link *l);
/* What the outbox takes, and the outbox: the caller's, a new one begins. */
size_t aw_link_gathered(const struct aw_link *l);
struct aw_outbox aw_link_take(struct aw_link *l);
/* Hands all of it to the sink, and frees it. `verdict` is scratch. */
void aw_outbox_deliver(struct aw_outbox *o, const struct aw_sink *sink, struct aw_verdict *verdict,
                       const struct aw_alloc *alloc);
void aw_outbox_free(struct aw_outbox *o, const struct aw_alloc *alloc);

#endif
