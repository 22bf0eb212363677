/*
 * A scenario (scn.h) played through the real rooms from TCP to exchange, as the engine joins them,
 * in one shard: what tests of the rooms behind TCP start from. Keeps a copy of every exchange that
 * closed, in that order.
 */
#ifndef AW_TESTS_TALK_H
#define AW_TESTS_TALK_H

#include "await100/engine.h"
#include "exchange/exchange.h"

struct talk_options {
    size_t memory;                 /* of the pool; 0 = 16 MiB */
    int64_t threshold[AW_T_COUNT]; /* 0 = the default */
    bool no_finish;                /* leave out the end of the input: what is open is dropped */
    uint64_t without;              /* ordinal of a packet that is left out; 0 = none */
    uint64_t until;                /* ordinal of the last packet; 0 = all */
    uint64_t set_at;               /* before that packet the clock is set back, 0 = never, */
    aw_ns set_back;                /* by so much */
};

struct talk {
    struct aw_exchange **ex; /* closed, in order; owned */
    uint64_t *closed_on;     /* for each, the ordinal of the packet on which it was told */
    size_t count, opened;
    size_t packets;   /* of the scenario */
    size_t disorder;  /* closed without having been opened, or twice */
    size_t pool_used; /* bytes of the pool in use when all was over */
    struct aw_exchange_stats stats;
};

/* `script` is the text of a scenario, which has to be right: a mistake in it ends the test program
 * with a message. opt may be NULL. */
struct talk *talk_play(const char *script, const struct talk_options *opt);
void talk_free(struct talk *t);

/* The exchange's facts as words "key=value", separated by blanks; times in ms since t_req with
 * three places, "-" where unseen. For tests that compare a few of them: see talk_lacks. */
const char *talk_facts(const struct aw_exchange *x, char *buf, size_t size);
/* The first word of `want` that is not a word of `facts`; NULL = all are. */
const char *talk_lacks(const char *facts, const char *want, char *buf, size_t size);

#endif
