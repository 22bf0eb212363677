/*
 * The exchanges of one connection: HTTP events and what TCP saw become facts (record.h). A state
 * machine over one request and its responses; no judgement, no other connection.
 *
 * An exchange begins with its request head (content withheld or not), or with a response that
 * answers no request seen. It ends when request and response are complete, or the next request
 * shows that owed content stays home, or the connection closes, idles or is let go. A complete
 * expectation exchange stays open for `settle` more, for a stray 100, unless a next request, the
 * close or a 100 already seen make that needless; so does one whose content outlasted its final
 * response, for the reset that may follow. Where a request came in place of owed content, the
 * exchange stays open until that request is answered or over: it may have been swallowed.
 *
 * Cost: one pool block an open exchange, text included; content costs a few stores a segment.
 */
#ifndef AW_EXCHANGE_EXCHANGE_H
#define AW_EXCHANGE_EXCHANGE_H

#include "await100/engine.h"
#include "base/pool.h"
#include "flow/flow.h"
#include "http/event.h"

struct aw_exchanges; /* of one connection */

enum aw_change {
    AW_EX_OPENED, /* just became known: identity, conn, request strings are set */
    AW_EX_ENDED,  /* is over, at at[AW_AT_END], and will be closed in a while */
    AW_EX_CLOSED, /* its facts are final. at[AW_AT_END] may lie before `at`: by `settle`, or where
                   * a packet made several ends known at once */
};
/* `at` is the packet on which it happened. ex is borrowed until the callback returns, but for a
 * closed one where it returns true: that is the callee's until aw_exchange_give_back. */
typedef bool aw_exchange_sink(void *ctx, enum aw_change change, struct aw_exchange *ex,
                              const struct aw_mark *at);
/* Frees what a sink kept; `pool` is the room's. */
void aw_exchange_give_back(struct aw_pool *pool, struct aw_exchange *ex);

struct aw_exchange_stats {
    uint64_t opened, expectation, no_memory, orphans;
};

/* Shared by the connections of a shard; all borrowed for the life of the exchanges. */
struct aw_exchange_room {
    struct aw_pool *pool;
    const int64_t *threshold; /* by enum aw_threshold */
    aw_exchange_sink *sink;
    void *ctx;
    bool letting_go; /* the connection is let go for want of memory: nothing new is opened for it */
    struct aw_exchange_stats stats;
};

AW_MUST_USE struct aw_exchanges *aw_exchanges_new(struct aw_exchange_room *room);
void aw_exchanges_free(struct aw_exchanges *xs); /* without callbacks */

/* What is known from one exchange of a connection to the next: all that is left while none is open.
 * Inside of the room but for being kept. */
struct aw_exchanges_rest {
    struct aw_mark final_end; /* end of the latest final response */
    aw_off answers_end;       /* where it ends in the server's stream */
    aw_off event_end[2];      /* how far events have named each stream */
    aw_off lost_end;          /* where the latest of `lost` ends in the client's stream */
    uint32_t nth;             /* exchanges so far */
    uint32_t asked_xid;       /* highest request that an event named */
    uint32_t answered_xid;    /* highest request whose final response was seen */
    uint8_t lost;             /* enum aw_lost_request, since a request was last answered */
    uint8_t fin;              /* bit a direction that ended */
    uint8_t window_closed;    /* bit a direction whose window is closed */
    bool unseen_before;       /* the request before the next one was not seen in full */
};
/* False: one is open, or more is known. Else all else of `xs` may go. */
bool aw_exchanges_rest(const struct aw_exchanges *xs, struct aw_exchanges_rest *out);
/* Goes on from there. NULL: no memory. */
AW_MUST_USE struct aw_exchanges *aw_exchanges_resume(struct aw_exchange_room *room,
                                                     const struct aw_exchanges_rest *rest);
/* What aw_exchanges_tcp would do with a FIN of this direction. An ACK, IDLE or CLOSE changes
 * nothing for connections at rest. */
void aw_exchanges_rest_end(struct aw_exchanges_rest *rest, enum aw_dir dir);

/* All of `xs` as bytes at `out`, of `room`, to go on from later in the same connection;
 * aw_exchanges_free follows. Returns how many; 0 where they do not suffice, or there is not just
 * one exchange open. *nth: of that one, once it is known to others; 0 before. */
size_t aw_exchanges_image(const struct aw_exchanges *xs, uint8_t *out, size_t room, uint32_t *nth);
/* Goes on from such bytes. NULL: no memory. */
AW_MUST_USE struct aw_exchanges *aw_exchanges_from_image(struct aw_exchange_room *room,
                                                         const struct aw_flow *flow,
                                                         const uint8_t *image);

/* Takes an event of aw_http_push of the same connection. `now`: the packet being worked on. */
void aw_exchanges_event(struct aw_exchanges *xs, struct aw_flow *flow,
                        const struct aw_http_event *ev, const struct aw_mark *now);

/* Takes a chunk that speaks of TCP: FIN, AGAIN, ACK, WINDOW, IDLE, CLOSE. FIN and CLOSE after
 * aw_http_push had them. A CLOSE ends every open exchange. */
void aw_exchanges_tcp(struct aw_exchanges *xs, struct aw_flow *flow, const struct aw_chunk *chunk,
                      const struct aw_mark *now);

/* A request is under way whose content is not over: what the client sends next is that. */
bool aw_exchanges_content_due(const struct aw_exchanges *xs);

/* When a complete exchange that only waits for a stray 100 may end: the time to call
 * aw_exchanges_settle at; AW_NS_NONE = no such. */
aw_ns aw_exchanges_deadline(const struct aw_exchanges *xs);
void aw_exchanges_settle(struct aw_exchanges *xs, struct aw_flow *flow, const struct aw_mark *now);

/* The exchange whose client holds its content back as of now: Expect: 100-continue, the whole head
 * seen, no answer and no content so far. NULL = none. */
const struct aw_exchange *aw_exchanges_waiting(const struct aw_exchanges *xs);

/* Copies an exchange with its strings into `size` bytes at `mem` (aligned for any type); size is
 * aw_exchange_size(ex). The copy's spans point into the copy. */
size_t aw_exchange_size(const struct aw_exchange *ex);
struct aw_exchange *aw_exchange_copy(void *mem, size_t size, const struct aw_exchange *ex);

#endif
