/*
 * The inside of the exchange room: an open exchange (a slot) and what its files share. exchange.c
 * is the door, life.c holds its life, request.c the client's side, response.c the server's, tcp.c
 * what segments tell, heads.c what was sent again, text.c the strings.
 */
#ifndef AW_EXCHANGE_SLOT_H
#define AW_EXCHANGE_SLOT_H

#include "exchange/exchange.h"

/* One open exchange: the record, what its machine remembers beside it, and its strings behind. */
enum aw_which_head { AW_REQUEST_HEAD, AW_INTERIM_HEAD, AW_FINAL_HEAD, AW_WHICH_HEADS };

struct aw_kept_head {
    uint8_t *bytes; /* owned; NULL = none */
    uint32_t len;
    aw_off off; /* of its first byte */
};

struct aw_open {
    struct aw_open *next;   /* by nth */
    size_t size;            /* of this block, as asked from the pool */
    size_t text_used;       /* bytes of strings behind the struct */
    uint32_t xid;           /* as the http room counts; 0 = none known */
    bool orphan;            /* opened by a response */
    enum aw_unseen unseen;  /* orphan: why, where that was plain when it came */
    bool half;              /* answered before its request head was complete */
    bool framing_lost;      /* where the content ends cannot be told any more */
    bool announced;         /* the sink knows of it */
    bool request_over;      /* no more content will come, complete or not */
    bool behind;            /* pipelined, and the previous final response has not ended */
    bool ended;             /* at[AW_AT_END] stands; what is left is to wait */
    bool held;              /* ended by the next request: it shows whether that one was swallowed */
    bool early_piece;       /* the first content came within W of the head */
    bool answered_by_piece; /* content has acknowledged an answer */
    bool first_lost;        /* the first content byte lay in a hole */
    aw_ns settle_at;        /* ended: when to close; AW_NS_NONE = no such */
    aw_ns reopened;         /* when the server's window opened last; AW_NS_NONE = never */
    aw_off content_end;     /* of the client's stream, where content_complete or withheld */
    aw_off last_ack;        /* of the latest content segment; AW_OFF_NONE */
    aw_off watched;         /* retransmitted content up to here awaits its ACK; AW_OFF_NONE */
    aw_off proof; /* content up to here, sent before any answer, awaits its ACK; likewise */
    struct aw_kept_head head[AW_WHICH_HEADS]; /* of an exchange with Expect; the latest interim */
    struct aw_mark asked_for; /* the first 100: from here on the absence of content is a silence */
    struct aw_exchange ex;
};

enum { AW_AGAIN_MAX = 4 };

/* Retransmissions of bytes that no event has named yet: heads that are still being gathered. */
struct aw_again {
    aw_off off, end;
    struct aw_loss loss;
};
struct aw_again_list {
    struct aw_again entry[AW_AGAIN_MAX];
    unsigned count;
};
struct aw_unplaced {
    struct aw_again_list dir[2];
};

enum aw_lost_request { /* bits: what may have hidden a request from us */
                       AW_LOST_HOLE = 1 << 0,
                       AW_LOST_CUT = 1 << 1,
                       AW_LOST_UNPARSED = 1 << 2,
};

struct aw_exchanges {
    struct aw_exchange_room *room;
    struct aw_open *first, *last; /* owned, open exchanges by nth */
    struct aw_open *over; /* owned: the latest, in no list; told of at `settle_at`, or before what
                           * comes next, and marked by what contradicts it until then */
    struct aw_unplaced *unplaced; /* owned; NULL mostly */
    aw_ns clock;                  /* time of the latest packet that an event named, */
    uint64_t clock_ord;           /* and its place in the input */
    aw_off hole_end;              /* where the server's latest missing bytes end */
    uint32_t count;               /* open exchanges */
    bool precious;                /* the flow was told so */
    struct aw_exchanges_rest rest;
};

/* What every step works on. */
struct aw_step {
    struct aw_exchanges *xs;
    struct aw_flow *flow;
    const struct aw_mark *now;
};

static inline const struct aw_mark *aw_mark_later(const struct aw_mark *a, const struct aw_mark *b)
{
    return b->ord > a->ord ? b : a;
}

static inline bool aw_is_complete(const struct aw_open *s)
{
    return s->ex.final_complete && (s->request_over || s->ex.content_complete);
}

static inline void aw_note_lost(struct aw_exchanges *xs, enum aw_lost_request what, aw_off end)
{
    xs->rest.lost |= (uint8_t)what;
    if (end > xs->rest.lost_end) xs->rest.lost_end = end;
}

/* --- life.c, exchange.c --- */

/* A new slot at the end of the list with room for `text` bytes; NULL, counted, without memory. */
struct aw_open *aw_open_new(const struct aw_step *st, uint32_t xid, size_t text);
void aw_open_announce(const struct aw_step *st, struct aw_open *s);
/* Ends it at `end`, unless it ended before, and closes it. */
void aw_open_close(const struct aw_step *st, struct aw_open *s, const struct aw_mark *end,
                   uint64_t end_ord);
/* Tells of the one that was over and waited for what may contradict it, if there is one. */
void aw_open_tell(const struct aw_step *st);
/* Its facts stand, but for what may still contradict them a little later: the heads of the server
 * itself, where another answered in its place, as what was sent again; or the next request, which a
 * 100 that was taken for this one's crossed. */
void aw_open_put_by(const struct aw_step *st, struct aw_open *s);
/* Request and response are over, at `at`: closes it, or sets it to settle. */
void aw_open_end(const struct aw_step *st, struct aw_open *s, const struct aw_mark *at);
/* Closes it if request and response are over, or sets it to settle. */
void aw_open_check(const struct aw_step *st, struct aw_open *s);
/* `s` is being answered: closes those before it, which can no longer be. */
void aw_open_answered(const struct aw_step *st, struct aw_open *s, const struct aw_mark *at);
struct aw_open *aw_open_search(const struct aw_exchanges *xs, uint32_t xid);
/* The exchange of that request: nearly always the last one. NULL where it is none, or 0. */
static inline struct aw_open *aw_open_find(const struct aw_exchanges *xs, uint32_t xid)
{
    if (xid == 0) return NULL;
    return xs->last && xs->last->xid == xid ? xs->last : aw_open_search(xs, xid);
}
/* Closes what only waited for a stray 100. `next`: the request that came instead, or NULL. */
void aw_close_settling(const struct aw_step *st, const struct aw_mark *next);
/* The server ended its side: closes what need not settle any more. */
void aw_settle_fin(const struct aw_step *st);
/* The client went on after the answer, or the server had not all of the content when it answered.
 */
bool aw_open_crossed(const struct aw_open *s);
/* W of the catalogue by what is known now. */
aw_ns aw_open_w(const struct aw_step *st);
/* Asks the flow to spare connections whose expectation is unanswered or failing. */
void aw_spare(const struct aw_step *st);
/* The client owed content and was silent up to `until`. */
static inline void aw_open_silence(struct aw_open *s, const struct aw_mark *until)
{
    const struct aw_mark *from = aw_mark_later(&s->asked_for, &s->ex.at[AW_AT_BODY_END]);
    if (!aw_seen(from) || !aw_seen(until)) return;
    const aw_ns gap = until->ts - from->ts;
    if (gap <= s->ex.content_gap) return;
    s->ex.content_gap = gap;
    s->ex.content_gap_from = *from;
}

/* --- request.c --- */
void aw_on_request(const struct aw_step *st, const struct aw_http_event *ev);
void aw_on_request_broken(const struct aw_step *st, const struct aw_http_event *ev);
void aw_on_content(const struct aw_step *st, struct aw_open *s, const struct aw_http_event *ev);
void aw_on_content_gap(const struct aw_step *st, struct aw_open *s, const struct aw_http_event *ev);
void aw_on_client_junk(const struct aw_step *st, const struct aw_http_event *ev);
void aw_on_withheld(const struct aw_step *st, const struct aw_http_event *ev);

/* --- response.c --- */
void aw_on_response(const struct aw_step *st, const struct aw_http_event *ev);
void aw_on_response_broken(const struct aw_step *st, const struct aw_http_event *ev);
void aw_on_response_end(const struct aw_step *st, const struct aw_http_event *ev);
void aw_on_response_body(const struct aw_step *st, const struct aw_http_event *ev);
void aw_on_response_gap(const struct aw_step *st, const struct aw_http_event *ev);
void aw_on_response_junk(const struct aw_step *st, const struct aw_http_event *ev);
void aw_on_switched(const struct aw_step *st, const struct aw_http_event *ev);
/* Why a response had no request, by what is known at the end of its exchange. */
enum aw_unseen aw_why_unseen(const struct aw_exchanges *xs, const struct aw_open *s);

/* --- tcp.c --- */
void aw_on_again(const struct aw_step *st, const struct aw_chunk *c);
void aw_on_ack(const struct aw_step *st, const struct aw_chunk *c);
void aw_on_window(const struct aw_step *st, const struct aw_chunk *c);
void aw_watch_head(const struct aw_step *st, const struct aw_open *s);
/* Asks for the first acknowledgement of content up to `end`, while nothing was answered. */
void aw_watch_content(const struct aw_step *st, struct aw_open *s, aw_off end);
/* A server segment that acknowledges `ack_off` was seen. */
void aw_note_ack(struct aw_open *s, aw_off ack_off, const struct aw_mark *at);
/* Moves retransmissions of [off, end) that were seen before its event to `loss`. */
void aw_place_again(const struct aw_step *st, enum aw_dir dir, aw_off off, aw_off end,
                    struct aw_loss *loss);

/* --- heads.c --- */
/* Keeps the head of an event, where the exchange has an Expect. */
void aw_heads_keep(const struct aw_step *st, struct aw_open *s, enum aw_which_head which,
                   const struct aw_http_event *ev);
/* Bytes were sent again: marks the exchange if they are not those of its heads. */
void aw_heads_compare(const struct aw_step *st, struct aw_open *s, const struct aw_chunk *c,
                      aw_off end);
void aw_heads_forget(struct aw_pool *pool, struct aw_open *s);

/* --- text.c --- */
size_t aw_request_text_size(const struct aw_head *h);
size_t aw_response_text_size(const struct aw_head *h);
/* Makes room for `bytes` more of strings. The slot may move: the new one, or, counted, the old one
 * with less room than asked. */
struct aw_open *aw_open_reserve(const struct aw_step *st, struct aw_open *s, size_t bytes);
void aw_add_request_text(struct aw_open *s, const struct aw_head *h);
/* An interim response names its server only where nothing else has. */
void aw_add_response_text(struct aw_open *s, const struct aw_head *h, bool interim);
/* Appends to the kept part of an error's content. The slot may move. */
struct aw_open *aw_add_error_body(const struct aw_step *st, struct aw_open *s, struct aw_span data);

#endif
