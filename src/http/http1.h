/*
 * Inside of the http room: the state of a connection, and the calls between its files.
 *   gather.c   a head that is split over segments
 *   pair.c     which request a response answers
 *   content.c  content by its framing
 *   message.c  heads: what a request and a response start
 *   hold.c     whether bytes are the content owed or the next message
 *   http1.c    the places between messages, holes and ends
 *   run.c      events
 */
#ifndef AW_HTTP_HTTP1_H
#define AW_HTTP_HTTP1_H

#include "http/head.h"
#include "http/http.h"

enum {
    AW_HEAD_MAX = 256 * 1024,  /* a head longer than this is cut off */
    AW_OUTSTANDING_MAX = 1000, /* requests without a final response that are remembered */
    AW_ERROR_DATA = 1024,      /* bytes of an error's content that are lent with BODY events */
    /* How long a direction may show no HTTP before it is given up, while none was ever seen. */
    AW_SNIFF_CHUNKS = 64,
    AW_SNIFF_BYTES = 8 * 1024,
    AW_SNIFF_BYTES_MIDSTREAM = 256 * 1024,
};

enum aw_side_state {
    AW_SIDE_START,  /* between messages, or in a start line of which `gather` holds the beginning */
    AW_SIDE_HEAD,   /* start line complete, empty line not yet; all of it in `gather` */
    AW_SIDE_LENGTH, /* content of which `left` bytes are to come */
    AW_SIDE_CLOSE,  /* content until the connection ends; `left` = offset of the head's end */
    /* chunked: `left` is the size being read, or the bytes of the chunk still to come */
    AW_SIDE_SIZE,
    AW_SIDE_EXTENSION,
    AW_SIDE_SIZE_LF,
    AW_SIDE_DATA,
    AW_SIDE_DATA_CR,
    AW_SIDE_DATA_LF,
    AW_SIDE_TRAILER,
    AW_SIDE_TRAILER_LINE,
    AW_SIDE_TRAILER_LF,
    AW_SIDE_OVER, /* ended, or no HTTP from here on */
};

/* What an event tells of the packets that carried its bytes. */
struct aw_from {
    struct aw_mark first, last;
    aw_off ack_off, peer_high;
    uint8_t ttl;
    bool conflict;
};

/* A start line or head that is not complete yet. One pool block, with its bytes behind it. */
struct aw_gather {
    struct aw_from from;
    aw_off off;    /* of the first byte */
    uint32_t size; /* of the block */
    uint32_t len;  /* bytes held */
    uint32_t line; /* where its last line begins */
    uint8_t bytes[];
};

/* One direction. Small: it is most of what an idle connection costs. */
struct aw_side {
    uint8_t state;       /* enum aw_side_state */
    uint8_t why;         /* enum aw_http_why: why the place is lost; what was sniffed */
    uint8_t digits : 1;  /* SIZE: a digit has been read */
    bool lost : 1;       /* no message is due here: only a sure start line is believed */
    bool midline : 1;    /* lost: what comes first is the rest of a line that was passed over */
    bool holding : 1;    /* gather holds what is either content or the next message: see hold.c */
    bool begun : 1;      /* content: some of it has come */
    bool maybe_head : 1; /* a response whose request is unknown: it may have been HEAD */
    bool odd : 1;        /* chunk framing: recipients may read what came of it otherwise */
    bool cr : 1;         /* EXTENSION: a CR was the last byte */
    bool after_connect : 1; /* bytes of a tunnel may come before the answer to CONNECT */
    uint16_t chunks;        /* DATA chunks before HTTP was seen, up to AW_SNIFF_CHUNKS */
    uint16_t error_left;    /* bytes of an error's content still to be lent */
    uint32_t xid;           /* of the message under way; 0 = unknown, or none */
    uint64_t left;
    struct aw_gather *gather; /* owned */
    union {
        struct aw_mark last; /* content: capture of the byte that came last in time */
        struct {             /* passed over before HTTP was seen on the connection */
            aw_off off;
            uint64_t bytes;
        } junk;
    } u;
};

/* A request without a final response. */
struct aw_asked {
    aw_off off; /* its first byte */
    aw_off ack; /* server bytes that the segment of it acknowledged */
    uint32_t xid;
    bool head, connect, upgrade;
};

struct aw_http {
    struct aw_pool *pool;
    struct aw_http_stats *stats;
    struct aw_side side[2];
    union {
        struct aw_asked in[2];
        struct aw_asked *out; /* owned, `cap` of them */
    } asked;
    uint16_t first, count, cap; /* cap 2: the ones inside */
    bool midstream, client_known, is_http, opaque;
    uint32_t next_xid;
    uint32_t answered;   /* xid of the last request that got its final response */
    aw_off answered_end; /* end of the final head that answers the request under way, or NONE */
    aw_off hole;         /* server bytes were lost from here on since the last response, or NONE */
};

/* One call of aw_http_push, or the replay of bytes that were held back. */
struct aw_run {
    struct aw_http *h;
    aw_http_sink *sink;
    void *ctx;
    const struct aw_chunk *chunk;
    enum aw_dir dir;
    bool no_hold; /* replay: the bytes have been judged to be content */
    bool swap;    /* found out that client and server are the other way round */
    struct {      /* passed over, not emitted yet */
        aw_off off;
        uint64_t bytes;
        enum aw_http_why why;
    } junk;
};

static inline aw_off aw_run_off(const struct aw_run *r, const uint8_t *p)
{
    return r->chunk->off + (p - r->chunk->data);
}

/* --- gather.c --- */
/* Adds bytes of the chunk under way, making the gather where there is none; false where there is no
 * memory, or more than AW_HEAD_MAX: nothing was added then. */
bool aw_gather_add(struct aw_run *r, struct aw_side *s, const uint8_t *p, size_t n);
void aw_gather_drop(struct aw_http *h, struct aw_side *s);

/* --- pair.c --- */
/* Remembers a request. Where there is no room, its response will have no xid. */
void aw_pair_ask(struct aw_http *h, const struct aw_asked *asked);
/* The request with that xid, as long as it has no final response. */
struct aw_asked *aw_pair_find(struct aw_http *h, uint32_t xid);
/* The request that a response answers whose first segment acknowledges `ack`; NULL = none can be.
 * Requests whose responses must have been lost in a hole are given up, with an event each. */
struct aw_asked *aw_pair_match(struct aw_run *r, aw_off ack);
void aw_pair_pop(struct aw_http *h);
void aw_pair_fini(struct aw_http *h);

/* --- content.c --- */
static inline bool aw_side_in_content(const struct aw_side *s)
{
    return s->state >= AW_SIDE_LENGTH && s->state < AW_SIDE_OVER;
}
/* Takes content of the message under way; returns how many bytes. The message may end in them. */
size_t aw_content_take(struct aw_run *r, struct aw_side *s, const uint8_t *p, size_t n);
/* The message under way is complete at `end`. */
void aw_content_end(struct aw_run *r, struct aw_side *s, aw_off end, bool cut);
/* A hole of `len` bytes in content. Returns how many of them are known to belong to it. */
uint64_t aw_content_skip(struct aw_run *r, struct aw_side *s, uint64_t len);

/* --- run.c --- */
static inline struct aw_http_event aw_run_event(const struct aw_run *r,
                                                enum aw_http_event_kind kind, uint32_t xid,
                                                aw_off off, aw_off end)
{
    const struct aw_chunk *c = r->chunk;
    return (struct aw_http_event){
        .kind = kind,
        .dir = r->dir,
        .conflict = c->conflict,
        .xid = xid,
        .bytes = (uint64_t)(end - off),
        .off = off,
        .end = end,
        .first = c->seen,
        .last = c->seen,
        .ack_off = c->ack_off,
        .peer_high = c->peer_high,
        .ttl = c->ttl,
    };
}
static inline struct aw_from aw_run_from(const struct aw_chunk *c)
{
    return (struct aw_from){c->seen, c->seen, c->ack_off, c->peer_high, c->ttl, c->conflict};
}
void aw_run_set_from(struct aw_http_event *ev, const struct aw_from *from);
void aw_run_emit_junk(struct aw_run *r);
static inline void aw_run_flush(struct aw_run *r)
{
    if (r->junk.bytes != 0) aw_run_emit_junk(r);
}
static inline void aw_run_emit(struct aw_run *r, const struct aw_http_event *ev)
{
    aw_run_flush(r);
    r->sink(r->ctx, ev);
}
/* Emits a BROKEN event and counts it. */
void aw_run_broken(struct aw_run *r, struct aw_http_event *ev, enum aw_http_why why, bool cut);
/* Bytes passed over. Before HTTP was seen they are only counted: it may be no HTTP at all. Emitted
 * as one event with what adjoins them, by aw_run_flush or before the next event. */
void aw_run_junk(struct aw_run *r, struct aw_side *s, aw_off off, uint64_t n);
void aw_run_drop_gather(struct aw_run *r, struct aw_side *s); /* as bytes passed over */
/* This is HTTP: what had been passed over in both directions was junk in between. */
void aw_run_note_http(struct aw_run *r);
/* The place in the stream is lost: only a sure start line is believed from here on. */
void aw_run_lose(struct aw_run *r, struct aw_side *s, enum aw_http_why why, bool midline);

/* --- message.c --- */
/* Whether what is gathered is surely the beginning of a head. */
bool aw_message_is_begun(const struct aw_side *s, enum aw_dir dir);
/* Gathers bytes of a head; where that cannot be, the head is given up and the place lost. */
bool aw_message_gather(struct aw_run *r, struct aw_side *s, const uint8_t *p, size_t n);
/* In a head of which the beginning is gathered. Returns the bytes taken. */
size_t aw_message_take(struct aw_run *r, struct aw_side *s, const uint8_t *p, size_t n);
/* A start line of these parts lies at p. Returns the bytes taken. */
struct aw_start_line;
size_t aw_message_take_in_place(struct aw_run *r, struct aw_side *s,
                                const struct aw_start_line *start, const uint8_t *p, size_t n);
/* A start line that cannot be read, or a head that broke off, with what there is of it. */
void aw_message_broken(struct aw_run *r, struct aw_side *s, struct aw_span bytes, aw_off off,
                       const struct aw_from *from, enum aw_http_why why, bool cut);

/* --- hold.c --- */
/* Whether the bytes at hand may be the next message although content is owed by framing. */
bool aw_hold_may_begin(const struct aw_run *r, const struct aw_side *s, bool at_segment);
/* THE decision. Takes bytes from where the next message may begin, until the line that decides is
 * whole. Returns how many were taken; 0: they are content, or a message, and `state` says which. */
size_t aw_hold_decide(struct aw_run *r, struct aw_side *s, const uint8_t *p, size_t n);
/* What was held back is content after all. */
void aw_hold_replay(struct aw_run *r, struct aw_side *s);

/* --- http1.c --- */
void aw_http1_data(struct aw_run *r);
void aw_http1_hole(struct aw_run *r);
void aw_http1_end(struct aw_run *r, bool orderly); /* FIN, or CLOSE, of r->dir */
/* Bytes of the chunk under way, n of them at p. */
void aw_http1_feed(struct aw_run *r, struct aw_side *s, const uint8_t *p, size_t n);

#endif
