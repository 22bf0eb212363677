/*
 * What HTTP bytes mean, one shape for both directions. Events of a connection come in causal order:
 * a response event comes after the request event it belongs to, where both were captured.
 *
 * What else can be relied on:
 *  - A message ends with one of END, BROKEN, WITHHELD, or SWITCHED. An interim response is complete
 *    with its head: it has no END. Its xid is that of the oldest request without a final response;
 *    where none can be meant, of the last one answered (a 100 after the final response).
 *  - An END carries the mark of the byte that was captured last, in first and last.
 *  - A response may come before the REQUEST, or the BROKEN, of half a head that it answers.
 *  - BROKEN of AW_S2C with AW_WHY_HEAD_HOLE, off == end and no head: the final response to `xid`
 * must have been in a hole, for the client went on.
 *  - off and end of a BROKEN are AW_OFF_NONE where it was not this direction that closed.
 */
#ifndef AW_HTTP_EVENT_H
#define AW_HTTP_EVENT_H

#include "await100/record.h"

enum aw_http_event_kind {
    AW_HTTP_REQUEST,  /* a request head is complete; starts exchange `xid` */
    AW_HTTP_RESPONSE, /* a response head is complete: interim below 200 (101 too), else final */
    AW_HTTP_BODY,     /* a piece of content; `bytes` decoded bytes (0: chunk framing alone) */
    AW_HTTP_END,      /* the message of `dir` and `xid` is complete */
    AW_HTTP_GAP,      /* `bytes` of the stream were not captured; `part` says what they were */
    AW_HTTP_BROKEN,   /* a message of `xid` (0: unknown) that ends or breaks early: `why` */
    AW_HTTP_JUNK,     /* `bytes` that are no HTTP where a message should begin: `why` */
    AW_HTTP_WITHHELD, /* the content, or the rest of it, of request `xid` will not come: the next
                       * client bytes (this event's marks) are a new request; `bytes` still owed */
    AW_HTTP_SWITCHED, /* from here the connection speaks something else (101, CONNECT) */
    AW_HTTP_OPAQUE,   /* the connection is TLS or HTTP/2 or no HTTP at all: `why`; the last event */
};

enum aw_http_part { AW_IN_BETWEEN, AW_IN_HEAD, AW_IN_CONTENT, AW_IN_UNKNOWN };

enum aw_http_why {
    AW_WHY_NONE = 0,
    AW_WHY_TLS,           /* OPAQUE */
    AW_WHY_HTTP2,         /* OPAQUE */
    AW_WHY_NOT_HTTP,      /* OPAQUE */
    AW_WHY_HEAD_TOO_LONG, /* over 256 KiB */
    AW_WHY_HEAD_HOLE,     /* a hole in a head */
    AW_WHY_HEAD_CUT,      /* the snap length cut a head */
    AW_WHY_HEAD_ENDED,    /* connection or input ended inside a head */
    AW_WHY_BAD_START_LINE,
    AW_WHY_BAD_CHUNK,
    AW_WHY_BAD_LENGTH,    /* Content-Length values that disagree or are no number */
    AW_WHY_HTTP09,        /* a request line without a version, or an answer without a head */
    AW_WHY_CONTENT_ENDED, /* the connection ended inside content */
    AW_WHY_CONTENT_HOLE,  /* a hole in chunk framing: where the content ends is unknown */
    AW_WHY_NO_MEMORY,     /* a head split over segments that there was no memory for */
    AW_WHY_COUNT
};

/* Fields of a head that something later needs; all others are passed over. */
enum aw_field {
    AW_FIELD_HOST,
    AW_FIELD_USER_AGENT,
    AW_FIELD_EXPECT,
    AW_FIELD_VIA,
    AW_FIELD_XFF,
    AW_FIELD_FORWARDED,
    AW_FIELD_REQUEST_ID,
    AW_FIELD_SERVER,
    AW_FIELD_LOCATION,
    AW_FIELD_RETRY_AFTER,
    AW_FIELD_X_SQUID_ERROR,
    AW_FIELD_X_CACHE,
    AW_FIELD_COUNT
};

/* A parsed head. Spans are borrowed until the callback returns. */
struct aw_head {
    struct aw_span raw;            /* all of it: start line to the empty line, as sent */
    bool whole;                    /* the empty line is there */
    struct aw_span method, target; /* request */
    struct aw_span reason;         /* response; may be empty */
    uint16_t status;               /* response */
    uint8_t version;               /* 9, 10 or 11 */
    bool odd;                      /* recipients may read it, or what it frames, otherwise */
    int64_t length;                /* Content-Length, -1 = none or unusable */
    bool has_length, chunked, has_te;
    bool no_content;  /* framing says there is none (HEAD, 1xx, 204, 304, CONNECT) */
    bool until_close; /* response content ends with the connection */
    uint32_t req;     /* request: enum aw_req_bit */
    uint32_t res;     /* response: enum aw_res_bit */
    unsigned fields;  /* number of field lines */
    uint32_t has;     /* bit 1 << enum aw_field: it is present */
    struct aw_span field[AW_FIELD_COUNT]; /* first value of each; p NULL = absent */
    bool repeated[AW_FIELD_COUNT];        /* there are more lines of it: join from `raw` */
    struct aw_span req_hint, res_hint;    /* other signs of the product (record.h), or empty */
};

struct aw_http_event {
    enum aw_http_event_kind kind;
    enum aw_dir dir;
    enum aw_http_part part;
    enum aw_http_why why;
    bool cut;      /* GAP, BROKEN: due to the snap length */
    bool conflict; /* overlapping segments disagreed inside */
    bool odd;      /* BODY: recipients may read the chunk framing so far otherwise */
    uint32_t xid;  /* ordinal of the request in its connection, from 1; 0 = none known */
    uint64_t bytes;
    aw_off off, end;      /* stream offsets: first byte, one past the last */
    struct aw_mark first; /* packet of the first byte */
    struct aw_mark last;  /* capture of the byte that came last in time, not in order (t_head) */
    aw_off ack_off;       /* peer bytes acknowledged by the first byte's segment; AW_OFF_NONE */
    aw_off peer_high;     /* likewise aw_chunk.peer_high */
    uint8_t ttl;
    const struct aw_head *head; /* REQUEST, RESPONSE; of a BROKEN head what there is; else NULL */
    struct aw_span
        data; /* BODY of a response with status >= 400, first KiB: the bytes; else empty */
};

#endif
