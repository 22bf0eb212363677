/*
 * The inside of the link room: what its files share. link.c is the door and gives out ids; ids.c
 * remembers them; chain.c joins attempts, legs.c the two sides of a proxy; unheard.c knows what may
 * be such a side and was not captured, twins.c what was captured under two names; ready.c brings
 * finished records into their order.
 */
#ifndef AW_LINK_INSIDE_H
#define AW_LINK_INSIDE_H

#include "link/link.h"

/* --- ids.c: what is open: connections by their ordinal, exchanges by that and nth --- */

struct aw_member;
#define AW_NO_ID UINT64_MAX /* of one that is captured under another name as well */
struct aw_conn_id {         /* connections are many and mostly rest: as little as can be */
    uint64_t ord;           /* 0 = free slot */
    uint64_t id;
};
struct aw_open_id { /* an open exchange */
    uint64_t ord;   /* 0 = free slot */
    uint32_t nth; /* 0: of a connection, and `id` is the ordinal of what it is under another name */
    uint64_t id;
    struct aw_member *member; /* its place among attempts, NULL = none */
    struct aw_member *outer;  /* the one whose origin's leg it may be, NULL = none */
};
struct aw_ids {
    const struct aw_alloc *alloc; /* borrowed */
    char *slot;                   /* owned; open addressing, `mask` + 1 of them, all of one kind */
    size_t mask, count;
    unsigned shift; /* 64 - bits of mask */
};
void aw_ids_init(struct aw_ids *t, const struct aw_alloc *alloc);
void aw_ids_fini(struct aw_ids *t);
/* Fetches what aw_ids_conn will look at. */
void aw_ids_fetch_conn(const struct aw_ids *t, uint64_t ord);
/* What is found or added is valid until the next add or remove. NULL = unknown. */
struct aw_conn_id *aw_ids_conn(const struct aw_ids *t, uint64_t ord);
struct aw_open_id *aw_ids_open(const struct aw_ids *t, uint64_t ord, uint32_t nth);
/* NULL where there is no memory. The key is not in it yet. */
struct aw_conn_id *aw_ids_add_conn(struct aw_ids *t, uint64_t ord);
struct aw_open_id *aw_ids_add_open(struct aw_ids *t, uint64_t ord, uint32_t nth);
void aw_ids_remove_conn(struct aw_ids *t, struct aw_conn_id *slot);
void aw_ids_remove_open(struct aw_ids *t, struct aw_open_id *slot);

/* --- ready.c: records that are final, until none that ended earlier can come any more --- */

/* The event that made a record final. */
struct aw_when {
    aw_ns ts;
    uint64_t ord;
};
struct aw_ready;
struct aw_ready_entry { /* with its key, so that sorting does not touch the records */
    struct aw_when when;
    uint64_t id;
    struct aw_ready *record; /* owned */
};
struct aw_ready_heap {
    struct aw_ready_entry *at; /* owned; a heap of four children a node */
    size_t count, room;
    size_t bytes; /* of what is in it */
};

/* --- chain.c --- */

/* How a verdict may speak of a retry that was not seen. */
struct aw_outlook {
    aw_ns input_left;
    bool window_open;
};

/* A record put off until an origin's leg has been told of. */
struct aw_late {
    struct aw_member *m;
    struct aw_late *up, *down; /* in the list of those, by `due` */
    aw_ns due;                 /* when it no longer waits */
    struct aw_when when;
    struct aw_outlook outlook;
    size_t size;      /* of this block */
    max_align_t ex[]; /* the exchange, final but for that leg */
};

/* What an origin's leg knows of its client's. */
struct aw_outer {
    uint64_t id;
    struct aw_mark head;
    bool alike; /* ... by target and length alone */
};

/* An exchange that may be an attempt: exists from its opening until no chain needs it any more. */
struct aw_member {
    struct aw_group *group;
    struct aw_member *older, *newer;       /* in the group, by opening */
    struct aw_member *prev, *next;         /* attempts before and after */
    struct aw_member *wait_up, *wait_down; /* in the list of those that look for a retry */
    uint64_t id, conn_id, conn_ord, chain_id;
    uint32_t nth, attempt;
    uint32_t refused_run, failed_run;
    uint16_t status;
    bool closed : 1;
    bool ended : 1;      /* it was over at `over`, whatever becomes known of it */
    bool undecided : 1;  /* failed, and its retry is not known yet; in the waiting list */
    bool contested : 1;  /* could continue several: continues none */
    bool holds_back : 1; /* failed, and 417s before it wait for what comes after it */
    bool expect : 1, incomplete : 1, pipelined : 1;
    bool fresh : 1;        /* the first request of a connection that began with a handshake */
    bool continues : 1;    /* another, whatever became of that */
    bool asked_again : 1;  /* the next request on its connection ended it */
    bool inner_unseen : 1; /* what may be its origin's leg was not seen in full */
    bool inner_loose : 1;  /* its origin's leg is known by the client's address alone */
    bool inner_alike : 1;  /* ... by target and length alone */
    bool waited_for : 1;   /* its record was put off once */
    bool left : 1;         /* by its client, without a final response */
    aw_ns begin, end;
    aw_ns recheck; /* undecided: when to look whether the window is over; in order in the list */
    int64_t sent;
    aw_ref packet, final_packet;
    struct aw_mark head;
    struct aw_exchange *held; /* owned: a 417 that waits for its retry */
    size_t held_size;

    /* legs */
    struct aw_leg *leg;           /* owned: while it is open and may have an origin's leg */
    unsigned inners, inners_open; /* exchanges that may be it: all, and those still open */
    struct aw_exchange *inner;    /* owned: the one that is, without its strings */
    struct aw_outer *outer;       /* owned: this one is the origin's leg of that; NULL = of none */
    struct aw_late *late;         /* owned; NULL = its record was not put off */
    struct aw_addr client, server;
    uint16_t server_port;
    aw_ns over; /* when it ended */
};

/* Exchanges that could be attempts of one request: equal client address, method, Host, target,
 * User-Agent and declared length, by a keyed hash of 128 bits. */
enum { AW_CLIENT_COUNTS = 4096 };
struct aw_group {
    uint64_t key[2];
    uint32_t client; /* index into aw_link.client_groups */
    struct aw_group *in_bucket;
    struct aw_member *oldest, *newest;
    size_t count;
};

/* By what the other leg of an open exchange may be known. */
enum aw_leg_key { AW_LEG_BY_TAIL, AW_LEG_BY_LAST, AW_LEG_BY_ID, AW_LEG_BY_CLIENT, AW_LEG_KEYS };
enum { AW_LEG_BUCKETS = 1024 };

/* What may be the origin's leg of an open exchange, for all the capture shows: a request whose head
 * was not captured in full, and a connection whose client was not heard yet. */
struct aw_unheard {
    struct aw_link_way way;
    aw_ns ts;     /* of the request, or the connection's first packet */
    uint64_t ord; /* of the connection, in `silent` */
    bool now;     /* nothing of its client was heard yet */
};
enum { AW_UNHEARD = 32, AW_SILENT = 128 };
struct aw_unheard_ring {
    struct aw_unheard request[AW_UNHEARD], silent[AW_SILENT];
    unsigned requests, silents; /* taken down so far: the next place, modulo the size */
    unsigned silent_now;        /* of `silent`, those that still are */
};

/* A connection whose handshake was captured, by its first request. */
struct aw_twin {
    uint64_t hash; /* of its initial sequence numbers and the request */
    uint64_t ord;  /* 0 = none */
    aw_ns head;
    struct aw_addr addr[2];
    uint16_t port[2];
};
enum { AW_TWINS = 256 };

/* Times within which the capture lost packets, oldest first. */
enum { AW_DROP_SPANS = 32 };
struct aw_drop_spans {
    struct {
        aw_ns from, to;
    } span[AW_DROP_SPANS];
    unsigned count;
};

struct aw_link {
    struct aw_config config;
    struct aw_sink sink;
    struct aw_namer namer;
    aw_judge *judge;
    struct aw_agent_memo *memo; /* borrowed: for the judge; NULL = none */
    size_t budget, bytes;       /* bytes: members, groups and held copies */
    struct aw_link_stats stats;
    uint64_t next_conn, next_exchange;
    struct aw_ids conns, open; /* by ids.c */
    size_t twins;              /* of `open`: connections that are there under another name */

    aw_ns now;    /* AW_NS_NONE before the first tick */
    aw_ns passed; /* up to here all has been told, and what time decides was decided */
    uint64_t ord; /* packet of the last tick */

    struct aw_group **bucket; /* owned, bucket_mask + 1 */
    size_t bucket_mask, groups;
    uint32_t client_groups[AW_CLIENT_COUNTS];         /* groups by a hash of their client */
    struct aw_member *wait_first, *wait_last;         /* undecided, by `recheck` */
    struct aw_leg *legs[AW_LEG_KEYS][AW_LEG_BUCKETS]; /* open ones, newest first, by each key */
    size_t legs_open;
    struct aw_unheard_ring unheard;
    struct aw_twin twin[AW_TWINS];          /* by hash */
    struct aw_late *late_first, *late_last; /* by `due`; */
    struct aw_late *late_due;               /* ... the last that is not put off without limit */
    struct aw_exchange outer;               /* scratch: what a verdict may ask of an outer leg */
    struct aw_attempt *chain;               /* scratch, owned */
    size_t chain_room;

    struct aw_ready_heap ready;
    bool gather; /* into `out`: the sink gets it later, from there */
    struct aw_outbox out;
    struct aw_drop_spans drops;
    struct aw_verdict verdict; /* scratch */
};

void *aw_link_get(struct aw_link *l, size_t size);
void aw_link_put(struct aw_link *l, void *p, size_t size);

/* Makes the record of x (id and conn_id set) final: diagnoses it if it is an expectation exchange.
 * m may be NULL; c has chain and input facts filled. */
void aw_ready_add(struct aw_link *l, const struct aw_exchange *x, const struct aw_case *c,
                  const struct aw_member *m, uint32_t attempts, struct aw_when when);
/* Tells of one that waits. */
void aw_ready_waiting(struct aw_link *l, const struct aw_exchange *x, aw_ns waited);
/* Hands out what ended before `limit`. */
void aw_ready_flush(struct aw_link *l, aw_ns limit);
void aw_ready_flush_one(struct aw_link *l);
void aw_ready_fini(struct aw_link *l);

/* An exchange opened: NULL where it can be no attempt of anything. */
struct aw_member *aw_chain_opened(struct aw_link *l, const struct aw_opening *x, uint64_t id,
                                  uint64_t conn_id);
/* An exchange ended (id and conn_id set; m as aw_chain_opened gave it; outer: whose origin's leg it
 * is, or NULL): its record goes to ready, or it is copied and held. */
void aw_chain_closed(struct aw_link *l, struct aw_member *m, const struct aw_member *outer,
                     const struct aw_exchange *x, struct aw_when when);
/* m ended, and nothing else is known of that. */
void aw_chain_lost(struct aw_link *l, struct aw_member *m);
/* When the next one's retry window is over, INT64_MAX = no one waits; and that is now: it has no
 * retry, or is asked again beyond `clock`. */
aw_ns aw_chain_due(const struct aw_link *l);
void aw_chain_expire(struct aw_link *l, aw_ns clock);
/* The input is over. */
void aw_chain_finish(struct aw_link *l, aw_ns last);
/* Writes the oldest held as it stands; false where nothing is held. */
bool aw_chain_let_go(struct aw_link *l);
void aw_chain_fini(struct aw_link *l);
/* m is in no list any more: frees what its group no longer needs. */
void aw_chain_sweep(struct aw_link *l, struct aw_member *m);
/* Makes the record of m final; x is borrowed. */
void aw_chain_record(struct aw_link *l, struct aw_member *m, const struct aw_exchange *x,
                     struct aw_when when, struct aw_outlook outlook);

/* --- legs.c: the two sides of a proxy --- */

/* An exchange opened; m may be NULL. Returns the one whose origin's leg it may be, NULL = none. */
struct aw_member *aw_legs_opened(struct aw_link *l, struct aw_member *m,
                                 const struct aw_opening *x);
/* x, which may be the origin's leg of `outer`, has ended. Whether it is: it lies within it. */
bool aw_legs_within(const struct aw_member *outer, aw_ns end);
/* ... after its own record is made: the outer one may be final now. */
void aw_legs_inner_closed(struct aw_link *l, struct aw_member *outer, const struct aw_exchange *x,
                          bool within);
/* ... or nothing is known of it but that it has ended. */
void aw_legs_inner_lost(struct aw_link *l, struct aw_member *outer);
/* m ended at `end`, and is not told of yet. */
void aw_legs_ended(struct aw_link *l, struct aw_member *m, aw_ns end);
/* m ended: nothing that begins later can be its origin's leg. */
void aw_legs_closed(struct aw_link *l, struct aw_member *m);
/* What its origin's leg has to know of it. */
struct aw_outer aw_legs_outer(const struct aw_member *outer);
/* Fills in the legs of a case on m. */
void aw_legs_case(struct aw_link *l, const struct aw_member *m, struct aw_case *c);
/* Puts off m's record until its origin's leg has been told of; false where there is none to wait
 * for, or no memory. */
bool aw_legs_put_off(struct aw_link *l, struct aw_member *m, const struct aw_exchange *x,
                     struct aw_when when, struct aw_outlook outlook);
/* When the oldest put off no longer waits, INT64_MAX = there is none; and makes its record. */
aw_ns aw_legs_due(const struct aw_link *l);
bool aw_legs_let_go(struct aw_link *l);
void aw_legs_free(struct aw_link *l, struct aw_member *m);

/* --- twins.c: before and after address translation --- */

/* Whether x belongs to a connection that is there under another name; conn: its own, NULL = there
 * was no memory. */
bool aw_twin_opened(struct aw_link *l, const struct aw_conn_id *conn, const struct aw_opening *x);
void aw_twin_gone(struct aw_link *l, uint64_t ord);

/* --- unheard.c: what was not captured and may be an origin's leg --- */

void aw_unheard_add(struct aw_link *l, const struct aw_link_way *way, aw_ns ts);
/* A connection began whose client is yet to be heard of; and it was, or it had nothing to say. */
void aw_silent_add(struct aw_link *l, uint64_t ord, const struct aw_link_way *way);
void aw_silent_remove(struct aw_link *l, uint64_t ord);
/* One of them leads from elsewhere to elsewhere, and was there from m's head on up to `until`. */
bool aw_unheard_within(const struct aw_link *l, const struct aw_member *m, aw_ns until);
/* Likewise of connections that have not been heard yet. */
bool aw_silent_within(const struct aw_link *l, const struct aw_member *m, aw_ns until);

#endif
