/*
 * The verdict on one exchange, seen with its neighbours. A pure function: equal cases give equal
 * verdicts, nothing is kept, nothing allocated, no input but the arguments. The rules are those of
 * the catalogue; causes.def names them in the order in which they win.
 */
#ifndef AW_DIAGNOSE_DIAGNOSE_H
#define AW_DIAGNOSE_DIAGNOSE_H

#include "await100/engine.h"

/* One attempt of a chain, as much of it as verdicts on the others need. */
struct aw_attempt {
    uint64_t id, conn_id;
    uint16_t status;      /* of its final response, 0 = none */
    bool expect;          /* carried Expect */
    bool same_connection; /* as the attempt before it */
    bool incomplete;      /* itself not seen in full */
    aw_ns begin, end;     /* first byte of the request; final response or close */
    int64_t sent;         /* content bytes */
    aw_ref packet;        /* of the request's first byte */
    aw_ref final_packet;  /* of the final response */
};

struct aw_case {
    const struct aw_exchange *self;
    /* The chain in order, self included at index `place`; NULL, 0 where alone. Long chains are
     * passed in full as long as memory allows; `attempts` counts all. */
    const struct aw_attempt *chain;
    unsigned chain_len, place;
    unsigned refused_run; /* 417s in a row that end with self, self included, all with Expect */
    unsigned
        failed_run; /* attempts of the same status >= 400 within loop-span that end with self */
    const struct aw_exchange *inner, *outer; /* linked legs, or NULL */
    aw_ns input_left;       /* capture time left after the exchange's end; AW_NS_NONE = unknown */
    bool brief;             /* no evidence, no fix */
    bool retry_window_open; /* the input ended before the retry window did */
};

/* Names a packet in evidence: writes text such as "packet 7", or "packet 7 of b.pcap" where it is
 * not in the exchange's own file. NULL: numbers alone. */
struct aw_namer {
    void *ctx;
    const char *(*source)(void *ctx,
                          uint16_t source); /* the input's name, valid UTF-8, printable */
};

void aw_diagnose(const struct aw_case *c, const int64_t threshold[], const struct aw_namer *names,
                 struct aw_verdict *out);

/* Round trip, W and vantage as the rules use them (diagnosis, section 1). */
aw_ns aw_case_rtt(const struct aw_conn_facts *conn); /* rtt_c + rtt_s, unknown = 0 */
aw_ns aw_case_w(const struct aw_conn_facts *conn, const int64_t threshold[]);
aw_ns aw_exchange_wait(const struct aw_exchange *x, const int64_t threshold[]); /* AW_NS_NONE */
aw_ns aw_exchange_think(const struct aw_exchange *x);                           /* AW_NS_NONE */
/* The content answers response head that ends at server offset `end`: true, false; `unsure` where
 * the ACK number was not captured and times decided. */
bool aw_content_answers(const struct aw_exchange *x, aw_off end, const struct aw_mark *head,
                        bool *unsure);

#endif
