/*
 * What the link room hands on to be judged: an exchange with its neighbours.
 */
#ifndef AW_LINK_CASE_H
#define AW_LINK_CASE_H

#include "await100/engine.h"

/* One attempt of a chain, as much of it as verdicts on the others need. */
struct aw_attempt {
    uint64_t id, conn_id;
    uint16_t status;      /* of its final response, 0 = none */
    bool expect;          /* carried Expect */
    bool same_connection; /* as the attempt before it */
    bool fresh;           /* the first request of its connection, whose handshake was seen */
    bool incomplete;      /* itself not seen in full */
    aw_ns begin, end;     /* first byte of the request; final response or close */
    int64_t sent;         /* content bytes */
    aw_ref packet;        /* of the request's first byte */
    aw_ref final_packet;  /* of the final response */
};

struct aw_agent_memo; /* what the judge knows of names; not the link's business */

struct aw_case {
    const struct aw_exchange *self;
    /* The chain in order, self included at index `place`; NULL, 0 where alone. Of a long chain only
     * the attempts around self, as memory allows. */
    const struct aw_attempt *chain;
    unsigned chain_len, place;
    unsigned refused_run; /* 417s in a row that end with self, self included, all with Expect */
    unsigned failed_run;  /* attempts of one status >= 400 within loop-span that end with self */
    const struct aw_exchange *inner, *outer; /* linked legs, or NULL */
    bool inner_loose;                        /* inner is known by a single sign */
    bool outer_alike;                        /* outer is, for its target and length, no more */
    bool inner_unseen; /* what is, or may be, the origin's leg was not seen in full */
    aw_ns input_left;  /* capture time left after the exchange's end; AW_NS_NONE = unknown */
    bool brief;        /* no evidence, no fix */
    bool terse;        /* ... but for a failing verdict */
    struct aw_agent_memo *memo; /* or NULL */
    bool retry_window_open;     /* the input ended before the retry window did */
};

/* Names inputs in evidence: a packet that is not in the exchange's own file is "packet 7 of
 * b.pcap". `source` NULL: packets are named by number alone. */
struct aw_namer {
    void *ctx;
    /* The input's name, valid UTF-8, printable. */
    const char *(*source)(void *ctx, uint16_t source);
};

/* The judge of a case: pure, fills *out. The next room is one; tests have others. */
typedef void aw_judge(const struct aw_case *c, const int64_t threshold[],
                      const struct aw_namer *names, struct aw_verdict *out);

#endif
