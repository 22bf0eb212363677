/*
 * What the engine finds out, as plain data: a connection's facts, an exchange (one request and all
 * responses to it on one connection), the verdict on it, and the record that carries all of them to
 * the views. Times are capture times. Facts are those of the catalogue; nothing here judges.
 */
#ifndef AWAIT100_RECORD_H
#define AWAIT100_RECORD_H

#include "packet.h"

/* --- connection --- */

enum aw_vantage { AW_VANTAGE_UNKNOWN = 0, AW_VANTAGE_CLIENT, AW_VANTAGE_SERVER, AW_VANTAGE_MIDDLE };

enum aw_conn_close { /* how the connection ended, as far as the exchange lived to see it */
                     AW_CONN_OPEN = 0,
                     AW_CONN_FIN,
                     AW_CONN_RST,
};

enum { AW_MISSED_MAX = 4 };

/* What TCP knows of a connection at a moment. Arrays are by direction: [AW_C2S] is what the client
 * sends; addr[AW_C2S] is the client. */
struct aw_conn_facts {
    uint64_t ord; /* ordinal of its first packet: its name inside a run */
    struct aw_addr addr[2];
    uint16_t port[2];
    bool syn_seen[2];    /* [AW_C2S] the SYN, [AW_S2C] the SYN-ACK was captured */
    bool any_seen[2];    /* any segment of that side was captured */
    bool joined[2];      /* ... what came before its first payload was not: that may have been sent
                          * before */
    bool client_known;   /* by SYN, SYN-ACK or HTTP bytes; otherwise a guess */
    bool untimed;        /* of a packet of its it is not known when it was captured */
    uint32_t isn[2];     /* initial sequence numbers where syn_seen */
    aw_ns rtt_c, rtt_s;  /* capture point to client, to server: smallest sample; AW_NS_NONE */
    uint64_t hole_count; /* both directions, acknowledged and never captured */
    uint64_t hole_bytes[2];
    uint64_t cut_bytes[2];    /* lost to the snap length */
    uint64_t retransmissions; /* segments, both directions, copies not counted */
    uint64_t copies;
    uint64_t conflicts;       /* overlaps whose bytes disagreed */
    uint64_t zero_windows[2]; /* times that side's window closed */
    enum aw_conn_close close;
    enum aw_dir closed_by; /* where close is not OPEN: who sent the first FIN, or the RST */
    struct aw_mark closed_at;
    struct aw_mark fin[2]; /* first FIN of each side */
    bool fin_unseen[2];    /* ... was not captured: what acknowledged it stands in its place */
    aw_off fin_ack[2];     /* bytes of the other side that the FIN acknowledged; AW_OFF_NONE */
    struct aw_mark rst[2]; /* first believed RST of each side */
    bool rst_bare[2];     /* ... without an ACK number: of a side that had no connection any more */
    uint8_t ttl_first[2]; /* of each side's first segment; 0 = unknown */
    /* Ordinals of packets that came after a silence in which that side had sent others, by its IP
     * IDs, that were not captured; 0 = none. What they carry may have been sent before. */
    uint64_t missed[2][AW_MISSED_MAX];
    /* Ordinal of the latest packet of each side that was captured well later than its TSval says it
     * was sent, counted from the one before it; 0 = none. */
    uint64_t leapt[2];
    /* Likewise of one whose time lies before that, or by its TSval should lie well after it. */
    uint64_t set_back[2];
    struct aw_mark last_activity; /* last new payload, FIN or RST */
    aw_ns last_packet;            /* capture time of its last packet */
};

/* --- exchange --- */

/* Strings of an exchange, kept in its own bytes. Values as on the wire, several field lines of one
 * name joined by ", ". Absent: p is NULL; present and empty: len 0, p not NULL. */
enum aw_text {
    AW_TEXT_METHOD,
    AW_TEXT_TARGET,
    AW_TEXT_HOST,
    AW_TEXT_USER_AGENT,
    AW_TEXT_EXPECT, /* raw value, joined lines */
    AW_TEXT_REQ_VIA,
    AW_TEXT_XFF, /* X-Forwarded-For */
    AW_TEXT_FORWARDED,
    AW_TEXT_REQUEST_ID, /* X-Request-Id, X-Correlation-Id, traceparent, X-Amzn-Trace-Id: first found
                         */
    AW_TEXT_REQ_HINT,   /* other client signs: X-Amz-*, SOAPAction ..., "Name: value" by "\n" */
    AW_TEXT_REASON,     /* of the final response */
    AW_TEXT_SERVER,     /* of the final response, else of an interim one */
    AW_TEXT_VIA,        /* of the final response, else of an interim one */
    AW_TEXT_LOCATION,
    AW_TEXT_RETRY_AFTER,
    AW_TEXT_X_SQUID_ERROR,
    AW_TEXT_X_CACHE,
    AW_TEXT_RES_HINT,   /* other server signs: X-Powered-By, CF-Ray, X-Amz-* ..., likewise */
    AW_TEXT_ERROR_BODY, /* first KiB of the content of a final status >= 400 */
    AW_TEXT_COUNT
};

enum aw_point {                  /* moments of an exchange; marks of AW_POINT_COUNT */
                AW_AT_REQ_FIRST, /* first byte of the request line (t_req) */
                AW_AT_HEAD,      /* the last missing byte of the request head (t_head) */
                AW_AT_BODY,      /* first byte after the head, chunk framing included (t_body) */
                AW_AT_BODY_END,  /* last byte of the content so far (t_body_end where
                                    content_complete) */
                AW_AT_PAUSE,     /* last byte before the first pause of W or more in the content */
                AW_AT_RESUME,    /* first byte after that pause */
                AW_AT_FINAL_FIRST, /* first byte of the final response */
                AW_AT_FINAL,       /* its head complete (t_final) */
                AW_AT_FINAL_END,   /* all of it (t_final_end), where final_complete */
                AW_AT_ACK_HEAD, /* first server segment that acknowledges the head (t_ack_head) */
                AW_AT_ACK_BODY, /* first server segment that acknowledges the content that ended
                                   the waiting, where no byte of an answer had been sent by then:
                                   no 100 was lost before it */
                AW_AT_AFTER_FINAL, /* first content byte sent although the final head had been
                                      received */
                AW_AT_AFTER_FINAL_LAST,
                AW_AT_END, /* the event that ended the exchange */
                AW_POINT_COUNT
};

/* What an exchange could not see, or what is odd about it: bits of aw_exchange.flags. */
enum aw_flag {
    AW_F_MIDSTREAM = 1 << 0,  /* the connection was joined after its start, before this request */
    AW_F_REQ_UNSEEN = 1 << 1, /* responses without a request: see `unseen` */
    AW_F_HOLE_REQ_HEAD = 1 << 2, /* a hole or cut touches the request head */
    AW_F_HOLE_CONTENT = 1 << 3,  /* ... the content */
    AW_F_HOLE_RESPONSE =
        1 << 4, /* ... server bytes between head and final response, where a 100 would stand */
    AW_F_HOLE_FINAL = 1 << 5,       /* ... the final response */
    AW_F_CUT = 1 << 6,              /* one of these is due to the snap length */
    AW_F_CUT_CONTENT_SIZE = 1 << 7, /* chunk sizes lost: bytes of content unknown */
    AW_F_NO_SERVER_SIDE = 1 << 8,   /* no server segment of this connection was captured */
    AW_F_NO_CLIENT_SIDE = 1 << 9,
    AW_F_EVICTED = 1 << 10,     /* state let go for want of memory */
    AW_F_IDLE_ENDED = 1 << 11,  /* ended by the idle timeout */
    AW_F_INPUT_ENDED = 1 << 12, /* still open when the input ended */
    AW_F_CONFLICT = 1 << 13,    /* overlapping segments with different bytes in a head */
    AW_F_PIPELINED = 1 << 14,   /* the request began before the previous final response ended */
    AW_F_KEPT = 1 << 15,        /* not the first request of its connection */
    AW_F_WITHHELD = 1 << 16, /* the content, or the rest of it, never came and a next request did */
    AW_F_SWALLOWED = 1 << 17, /* where content was owed, a request line came (desync) */
    AW_F_UPGRADED = 1 << 18,  /* 101 or a 2xx to CONNECT: what follows is not HTTP */
    AW_F_100_AFTER_FINAL = 1 << 19,
    AW_F_HEAD_UNFINISHED = 1 << 20,  /* the request head never ended */
    AW_F_FINAL_UNFINISHED = 1 << 21, /* a response head began and never ended */
    AW_F_CHUNK_BAD = 1 << 22,        /* chunk framing of the request broke */
    AW_F_TIME_STEPPED = 1 << 23,     /* capture times inside ran backwards */
    AW_F_AFTER_UNSEEN = 1 << 24, /* a request before it on the connection was not seen in full */
    AW_F_UNSETTLED = 1 << 25, /* finished, but what would have shown its sequel was not captured */
    AW_F_PAIR_UNSURE = 1 << 26, /* what was lost may have held another request or response, so that
                                   the answers may be another's */
    AW_F_DROPPED = 1 << 27,     /* the capture lost packets while it was under way */
    AW_F_BEHIND_UNSAFE = 1 << 28, /* sent before the final status of a request that must not be
                                     repeated by itself (POST and the like) */
    AW_F_AFTER_OWED = 1 << 30, /* it came where content of the request before it was still owed */
    AW_F_AMBIGUOUS = 1 << 29,  /* a head, or the framing of content, that recipients read in more
                                  than one way */
};

/* Why a response has no request, or a message could not be read. */
enum aw_unseen {
    AW_UNSEEN_NONE = 0,
    AW_UNSEEN_MIDSTREAM,  /* the capture began after the request */
    AW_UNSEEN_HOLE,       /* the request lay in a hole */
    AW_UNSEEN_ONE_SIDED,  /* the client's direction was not captured */
    AW_UNSEEN_NO_REQUEST, /* nothing outstanding: the server spoke unasked */
    AW_UNSEEN_UNPARSED,   /* client bytes were there and were no HTTP request */
    AW_UNSEEN_CUT,        /* the snap length cut the request */
    AW_UNSEEN_LATE,       /* its exchange had been closed (idle timeout, eviction) before */
};

/* Shape of the request's framing and of Expect; facts, no judgement. Bits of aw_exchange.req. */
enum aw_req_bit {
    AW_REQ_CHUNKED = 1 << 0,
    AW_REQ_HAS_LENGTH = 1 << 1,
    AW_REQ_HAS_TE = 1 << 2,
    AW_REQ_EXPECT = 1 << 3,           /* an Expect field that is not empty */
    AW_REQ_EXPECT_100 = 1 << 4,       /* a member is 100-continue, letter case aside */
    AW_REQ_EXPECT_OTHER = 1 << 5,     /* a well-formed member is something else */
    AW_REQ_EXPECT_CASE = 1 << 6,      /* 100-continue spelled in other letter case */
    AW_REQ_EXPECT_MALFORMED = 1 << 7, /* not of the grammar of RFC 9110, 10.1.1 */
    AW_REQ_EXPECT_LINES = 1 << 8,     /* more than one Expect line */
    AW_REQ_EXPECT_MEMBERS = 1 << 9,   /* more than one member */
    AW_REQ_EXPECT_FOLDED = 1 << 10,   /* obs-fold in it */
    AW_REQ_EXPECT_CONTROL = 1 << 11,  /* control bytes in it */
    AW_REQ_EXPECT_SPACE = 1 << 12,    /* white space between "Expect" and the colon */
    AW_REQ_EXPECT_PARAMS = 1 << 13,   /* 100-continue with parameters or a value */
    AW_REQ_CLOSE = 1 << 14,           /* Connection: close */
    AW_REQ_KEEP = 1 << 15,            /* Connection: keep-alive */
    AW_REQ_UPGRADE = 1 << 16,
    AW_REQ_ABSOLUTE = 1 << 17,       /* absolute-form target */
    AW_REQ_LENGTHS_DIFFER = 1 << 18, /* several Content-Length values that disagree */
    AW_REQ_LENGTH_BAD = 1 << 19,     /* Content-Length that is no number */
    AW_REQ_CONNECT = 1 << 20,
    AW_REQ_HEAD = 1 << 21,
    AW_REQ_SOAP = 1 << 22,        /* SOAPAction field */
    AW_REQ_PROXY_FIELD = 1 << 23, /* Proxy-Connection or Proxy-Authorization */
    AW_REQ_SIGNED = 1 << 24,      /* Authorization: AWS4-HMAC-SHA256 */
};

/* Signs in the final response. Bits of aw_exchange.res. */
enum aw_res_bit {
    AW_RES_CLOSE = 1 << 0, /* Connection: close */
    AW_RES_KEEP = 1 << 1,
    AW_RES_CHUNKED = 1 << 2,
    AW_RES_HAS_LENGTH = 1 << 3,
    AW_RES_UNTIL_CLOSE = 1 << 4, /* content ends with the connection */
    AW_RES_PROXY_FIELD = 1 << 5, /* a Proxy-* field */
    AW_RES_AGE = 1 << 6,
    AW_RES_VIA = 1 << 7,
    AW_RES_X_CACHE = 1 << 8,
    AW_RES_SQUID = 1 << 9,      /* X-Squid-Error */
    AW_RES_NO_REASON = 1 << 10, /* empty reason phrase */
    AW_RES_HTTP10 = 1 << 11,
};

struct aw_interim {
    uint16_t status;          /* 100 to 199 */
    bool has_length;          /* Content-Length present */
    bool length_not_zero;     /* ... and above 0 */
    bool has_te;              /* Transfer-Encoding present */
    bool has_fields;          /* any field at all */
    bool has_server;          /* Server or Via among them */
    bool unfinished;          /* its head never ended */
    bool has_content;         /* bytes that begin no response followed it */
    struct aw_mark first, at; /* first byte; head complete */
    aw_off off, end;          /* in the server's stream */
    aw_off ack_off;           /* client bytes its segment acknowledged; AW_OFF_NONE */
    uint8_t ttl;
};
/* Kept: the first five and the last; a first 100 beyond them takes the place of the fifth. All are
 * counted. */
enum { AW_INTERIM_MAX = 6 };

/* What was lost on the way of one part, so that delay by loss is told from delay by a peer. */
struct aw_loss {
    uint32_t count; /* retransmissions seen */
    struct aw_mark first, last;
};
enum aw_part { AW_PART_HEAD, AW_PART_CONTENT, AW_PART_100, AW_PART_FINAL, AW_PART_COUNT };

struct aw_exchange {
    /* identity: ids are ordinals over the whole run, 0 until the link room gives them out */
    uint64_t id, conn_id;
    uint64_t ord;     /* ordinal of the packet on which it became known */
    uint64_t end_ord; /* ordinal of the packet that ended it; UINT64_MAX = the end of the input */
    uint32_t nth;     /* place in its connection, from 1 */
    uint32_t flags;   /* enum aw_flag */
    uint32_t req;     /* enum aw_req_bit */
    uint32_t res;     /* enum aw_res_bit */
    enum aw_unseen unseen;

    uint8_t req_version, res_version; /* 9, 10, 11; 0 = unseen */
    uint16_t status;                  /* of the final response, 0 = none */
    bool content_complete, final_complete;
    bool ack_unknown;           /* the ACK number of the first content was not captured */
    bool content_unacked;       /* content was retransmitted and not acknowledged until the end */
    int64_t declared;           /* Content-Length; -1 = none (chunked, or no framing) */
    int64_t sent;               /* content bytes seen, decoded; -1 = unknown */
    int64_t sent_before_answer; /* of these, in segments that acknowledge no byte of any answer */
    int64_t sent_after_final;   /* of these, in segments that acknowledge the final head */
    int64_t sent_before_pause;  /* of these, before AW_AT_PAUSE */
    aw_ns content_gap;          /* longest silence between two pieces of content */
    struct aw_mark content_gap_from;

    struct aw_mark at[AW_POINT_COUNT];
    aw_off req_off, head_end; /* in the client's stream */
    aw_off content_off_end;   /* of the content seen, with its framing; AW_OFF_NONE = none */
    aw_off final_off, final_head_end; /* in the server's */
    aw_off body_ack;                  /* server bytes that the first content segment acknowledged */
    aw_off resume_ack;                /* likewise of the first segment after the pause */
    aw_off after_ack_max;             /* highest server byte any content segment acknowledged */
    aw_off answer_base;               /* end of the server's bytes before this exchange */
    aw_off body_peer_high;            /* sent_before: highest server byte known sent at t_body */
    aw_off final_ack;                 /* client bytes that the final's first segment acknowledged */
    uint8_t final_ttl;

    uint32_t interim_count;  /* all of them */
    uint32_t continue_count; /* of status 100 */

    struct aw_loss loss[AW_PART_COUNT];
    struct aw_mark zero_window[2]; /* first time within the exchange that side's window closed */
    aw_off shut_ack;          /* client bytes that the packet of zero_window[AW_S2C] acknowledged */
    bool window_closed[2];    /* closed at its end */
    uint64_t owed_bytes_next; /* content still owed when the next request came */
    struct aw_mark prev_final_end; /* pipelined: end of the previous final response */
    struct aw_mark next_request;   /* first client bytes after the exchange, if they ended it */
    struct aw_mark stray_answer;   /* an error that answers no request, while the server was being
                                    * sent content that its final response had not waited for */

    struct aw_span text[AW_TEXT_COUNT]; /* owned with the exchange */

    /* Last, as most of their bytes are rarely needed. */
    struct aw_conn_facts conn;                 /* as of the end of the exchange */
    struct aw_interim interim[AW_INTERIM_MAX]; /* beyond interim_count: not set */
};

static inline bool aw_is_expectation(const struct aw_exchange *x)
{
    return (x->req & AW_REQ_EXPECT) != 0 || x->continue_count != 0 || x->status == 417;
}

/* The request's first byte was captured, so that there is something to say about a request. */
static inline bool aw_request_seen(const struct aw_exchange *x)
{
    return (x->flags & AW_F_REQ_UNSEEN) == 0 && aw_seen(&x->at[AW_AT_REQ_FIRST]);
}
/* The earliest mark of the exchange: its first byte, of the response where no request was seen.
 * NULL: nothing was seen. */
AW_API const struct aw_mark *aw_exchange_first(const struct aw_exchange *x);
/* Head of the first 100 complete; the content complete; the last of the final response, or of the
 * exchange where that is not whole. NULL: it never was. */
AW_API const struct aw_mark *aw_exchange_continued(const struct aw_exchange *x);
AW_API const struct aw_mark *aw_exchange_content_end(const struct aw_exchange *x);
AW_API const struct aw_mark *aw_exchange_end(const struct aw_exchange *x);
/* Interim responses that are kept: the first five and the last. */
static inline uint32_t aw_interims_kept(const struct aw_exchange *x)
{
    return x->interim_count < AW_INTERIM_MAX ? x->interim_count : (uint32_t)AW_INTERIM_MAX;
}

/* The end of the server's bytes that answer nothing of this request: interim responses that are no
 * 100 are no answers. */
static inline aw_off aw_unanswered_to(const struct aw_exchange *x)
{
    aw_off end = x->answer_base;
    for (uint32_t i = 0; i < aw_interims_kept(x); i++) {
        const struct aw_interim *in = &x->interim[i];
        if (in->status == 100 || in->unfinished) break;
        if (in->off <= end && in->end > end) end = in->end;
    }
    return end;
}
/* b - a where both were seen, else AW_NS_NONE; NULL is unseen. */
AW_API aw_ns aw_between(const struct aw_mark *a, const struct aw_mark *b);

/* --- verdict --- */

enum aw_severity {
    AW_SEV_OK,
    AW_SEV_INFO,
    AW_SEV_UNKNOWN,
    AW_SEV_WARNING,
    AW_SEV_ERROR,
    AW_SEV_COUNT
};
enum aw_cause {
#define AW_CAUSE(id, slug, sev, title, meaning) AW_CAUSE_##id,
#include "causes.def"
#undef AW_CAUSE
    AW_CAUSE_COUNT
};
enum aw_party {
    AW_PARTY_NONE,
    AW_PARTY_CLIENT,
    AW_PARTY_SERVER,
    AW_PARTY_INTERMEDIARY,
    AW_PARTY_NETWORK,
    AW_PARTY_CAPTURE,
    AW_PARTY_COUNT
};
enum aw_confidence { AW_CONF_LOW, AW_CONF_MEDIUM, AW_CONF_HIGH, AW_CONF_COUNT };

/* Rules of RFC 9110 and 9112 that a capture can test, by the names of the project's rule list. */
struct aw_check {
    const char *rule; /* static: "C1", "S9", ... */
    const char *rfc;  /* static: "9110 8.6" */
    aw_ref packet;
};

struct aw_evidence {
    const char *text; /* a sentence; borrowed from the verdict */
    aw_ref packet[2]; /* what it speaks of, for views that jump there; 0 = none */
};

struct aw_cost {
    aw_ns stall;    /* 0 = none */
    int64_t wasted; /* content bytes refused or sent again */
    int64_t saved;  /* content bytes that stayed home; -1 = undeclared */
    uint32_t extra_round_trips;
};

enum { AW_CHECKS_MAX = 12, AW_EVIDENCE_MAX = 12, AW_FIX_MAX = 4, AW_VERDICT_TEXT = 6144 };

struct aw_verdict {
    enum aw_severity severity;
    enum aw_cause cause;
    enum aw_party party;
    enum aw_confidence confidence;
    uint64_t also; /* bit 1 << cause for each further cause that holds */
    bool recovered;
    struct aw_cost cost;
    unsigned check_count, evidence_count, fix_count;
    struct aw_check check[AW_CHECKS_MAX];
    struct aw_evidence evidence[AW_EVIDENCE_MAX];
    const char *fix[AW_FIX_MAX];
    size_t text_used;
    char text[AW_VERDICT_TEXT]; /* where evidence and fix lie; valid UTF-8 without control bytes */
};

static inline bool aw_failing(const struct aw_verdict *v)
{
    return v->severity >= AW_SEV_WARNING;
}

/* --- record --- */

struct aw_recovery { /* the later attempt that got a final status under 400 */
    uint64_t id, conn_id;
    aw_ns time; /* when that attempt began */
    uint16_t status;
    aw_ns after; /* from the final response of this one to the beginning of that one */
};

struct aw_record { /* what a view gets; borrowed until it returns */
    const struct aw_exchange *ex;
    const struct aw_verdict *verdict; /* NULL: not an expectation exchange */
    uint64_t chain_id;                /* id of the chain's first exchange; its own where alone */
    uint32_t attempt, attempts;       /* from 1 */
    uint64_t inner_id, outer_id;      /* linked legs of a proxy; 0 = none */
    struct aw_recovery recovered_by;  /* id 0 = none */
};

/* Names as they stand in records: static text, never NULL. */
AW_API const char *aw_cause_slug(enum aw_cause cause);
AW_API const char *aw_cause_title(enum aw_cause cause);
AW_API const char *aw_cause_meaning(enum aw_cause cause);
AW_API const char *aw_severity_name(enum aw_severity s);
AW_API const char *aw_party_name(enum aw_party p);
AW_API const char *aw_confidence_name(enum aw_confidence c);
AW_API const char *aw_vantage_name(enum aw_vantage v);
AW_API const char *aw_unseen_name(enum aw_unseen u);
/* Where the capture point stands, by the two round trips: the client's side if rtt_c < rtt_s / 10;
 * unknown where the order of neighbouring packets would turn that. */
AW_API enum aw_vantage aw_conn_vantage(const struct aw_conn_facts *c);

#endif
