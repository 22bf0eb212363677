/*
 * Clients, servers and what stands between them, known by name: how each is recognised in the heads
 * of an exchange, what each does with Expect, and what to set. One table, agents.def, of which
 * every row names where its facts come from. Knows products, not cases.
 */
#ifndef AW_DIAGNOSE_AGENTS_H
#define AW_DIAGNOSE_AGENTS_H

#include "await100/record.h"

enum aw_agent_role {
    AW_AGENT_CLIENT,
    AW_AGENT_SERVER,   /* an origin, some of which can stand between as well */
    AW_AGENT_PROXY,    /* only ever stands between: it is no origin */
    AW_AGENT_BALANCER, /* likewise, in front of servers: load balancers, content networks */
    AW_AGENT_ROLES
};

/* How a sign is looked for in a string of the exchange. Letter case never matters. */
enum aw_sign_place {
    AW_SIGN_WORD,   /* as a word of its own */
    AW_SIGN_START,  /* at the very start */
    AW_SIGN_LINE,   /* at the start of a line of a hint */
    AW_SIGN_WITHIN, /* anywhere */
    AW_SIGN_MUTE,   /* at the start of a line of a hint, and only without User-Agent */
};
struct aw_sign {
    enum aw_text text;
    enum aw_sign_place place;
    const char *mark; /* NULL: no further sign */
};

enum aw_does { /* bits */
               /* clients */
               AW_DOES_SEND = 1 << 0,     /* adds Expect by itself */
               AW_DOES_SEND_BIG = 1 << 1, /* likewise, above a size */
               AW_DOES_AT_ONCE = 1 << 2,  /* sends the content without waiting for the 100 */
               AW_DOES_NO_LIMIT = 1 << 3, /* waits without a limit of its own */
               AW_DOES_RETRY = 1 << 4,    /* repeats without Expect after a 417 */
               AW_DOES_CAPITAL = 1 << 5,  /* writes 100-Continue */
               AW_DOES_TYPICAL = 1 << 6,  /* the one to name where only its timer was seen */
               AW_DOES_MUTE = 1 << 7,     /* sends no User-Agent of its own */
               /* servers */
               AW_DOES_100_FIRST = 1 << 8, /* sends the 100 before the application is asked */
               AW_DOES_100_READ = 1 << 9,  /* sends the 100 when the content is first read */
               AW_DOES_NO_100 = 1 << 10,
               AW_DOES_REFUSE = 1 << 11,       /* answers 417 to 100-continue */
               AW_DOES_REFUSE_OTHER = 1 << 12, /* answers 417 to other expectations */
               AW_DOES_CASE = 1 << 13,         /* compares the value by letter case */
               AW_DOES_ODD_100 = 1 << 14,      /* its 100 is malformed */
               /* between */
               AW_DOES_FORWARD = 1 << 15, /* passes Expect and the 100 on */
               AW_DOES_OWN_100 = 1 << 16, /* answers 100 itself */
               AW_DOES_TWICE = 1 << 17,   /* lets two 100 reach the client */
               AW_DOES_HOLD = 1 << 18,    /* holds the 100 back until the content has come */
};
/* What a bit means, one after the other: a sentence for each set bit, NULL after the last. */
const char *aw_does_text(unsigned bit);

/* What there is to change at one side; each row has a setting for some of these. */
enum aw_need {
    AW_NEED_OFF,    /* client: send no Expect */
    AW_NEED_WAIT,   /* client: set how long it waits */
    AW_NEED_AWAIT,  /* client: wait for the 100 at all */
    AW_NEED_RETRY,  /* client: after a 417, repeat without Expect */
    AW_NEED_STOP,   /* client: after any other refusal, do not repeat without end */
    AW_NEED_EMPTY,  /* client: no Expect where there is no content */
    AW_NEED_ANSWER, /* server, between: let the 100 come in time */
    AW_NEED_ACCEPT, /* server, between: no 417 */
    AW_NEED_EARLY,  /* server, between: refuse by the head, before the 100 */
    AW_NEED_FRAME,  /* all: keep the framing of messages whole */
    AW_NEED_ONCE,   /* server, between: one 100 for one request */
    AW_NEED_TIME,   /* server, between: allow more time for the content */
    AW_NEED_LINGER, /* server: read on for a while after an early answer */
    AW_NEEDS
};

/*
 * A product, or those of its versions that behave alike. Rows of one product stand together, older
 * versions first, and share the slug.
 */
struct aw_agent {
    const char *slug, *name; /* static text, as all of the strings */
    enum aw_agent_role role;
    struct aw_sign sign[4];
    uint32_t from, below; /* versions, as AW_VERSION makes them: from <= v < below; 0 = open */
    aw_ns timer;          /* a client's own limit to the wait; 0 = none, or not known */
    unsigned does;        /* enum aw_does */
    const char *about;
    const char *fix[AW_NEEDS]; /* NULL where it has nothing to say */
    const char *source;
};

/* Versions as numbers that compare: up to three parts of 0 to 1023. */
#define AW_VERSION(a, b, c) ((uint32_t)(a) << 20 | (uint32_t)(b) << 10 | (uint32_t)(c))
enum { AW_VERSION_TEXT = 20 };
const char *aw_version_text(char out[AW_VERSION_TEXT], uint32_t version); /* "7.69.0" */

/* A product found in an exchange. */
struct aw_agent_seen {
    const struct aw_agent *agent; /* NULL: none */
    enum aw_text text;            /* where */
    struct aw_span token;         /* product and version as they stand there: "curl/7.88.1" */
    bool versioned;               /* the version was seen, so the row is the right one */
};

/* What was found in strings lately, as most traffic is of few products: for whoever looks for one
 * after the other. All zero to begin with. */
enum { AW_AGENT_MEMO = 64, AW_AGENT_MEMO_TEXT = 92 };
struct aw_agent_memo {
    struct aw_agent_found {
        const struct aw_agent *agent; /* NULL: none was */
        uint32_t at, len;             /* of the token */
        uint8_t text, roles;
        bool mute, versioned;
        uint8_t value_len; /* 0: no string yet */
        uint8_t value[AW_AGENT_MEMO_TEXT];
    } found[AW_AGENT_MEMO];
};

/*
 * Who sent the request; who answered it as an origin; who stands between. Spans lie in the
 * exchange. The row is that of the version seen; where none is seen, the newest of the product.
 * `memo` may be NULL.
 */
struct aw_agent_seen aw_agent_client(struct aw_agent_memo *memo, const struct aw_exchange *x);
struct aw_agent_seen aw_agent_server(struct aw_agent_memo *memo, const struct aw_exchange *x);
struct aw_agent_seen aw_agent_between(struct aw_agent_memo *memo, const struct aw_exchange *x);
/* The proxy that sent this request, by the Via it added: on the origin's leg of a proxy. */
struct aw_agent_seen aw_agent_forwarder(struct aw_agent_memo *memo, const struct aw_exchange *x);

static inline bool aw_agent_only_between(const struct aw_agent *a)
{
    return a != NULL && (a->role == AW_AGENT_PROXY || a->role == AW_AGENT_BALANCER);
}

/* "curl/7.88.1" where that was seen, else the product's name; the first product of the field where
 * none is known; empty without field. For groups. `memo` may be NULL. */
struct aw_span aw_agent_product(struct aw_agent_memo *memo, const struct aw_exchange *x,
                                enum aw_dir side);

/* Whether the client's own timer explains a wait of this length, within 5 %. */
bool aw_agent_waits(const struct aw_agent *a, aw_ns wait);
/* The clients whose timer explains a wait of this length, within 5 %: their names, written to out;
 * false where there are none. */
bool aw_agent_timer(aw_ns wait, char *out, size_t cap);
/* The only one of these, NULL where there are none or several. */
const struct aw_agent *aw_agent_by_timer(aw_ns wait);

/* All rows, in the order of the table; NULL past the end. */
const struct aw_agent *aw_agent_row(size_t i);

#endif
