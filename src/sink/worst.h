/*
 * The worst failing exchanges of a run, as reports tell them: a bounded list, retry loops folded
 * into one. Knows what is told of an exchange; the formats lay it out.
 */
#ifndef AW_SINK_WORST_H
#define AW_SINK_WORST_H

#include "sink/heads.h"
#include "sink/ladder.h"
#include "sink/sink.h"

enum { AW_WORST_MAX = 50 };

/* One exchange of the list, or a chain of attempts. Strings may hold bytes of the wire, are
 * terminated, and owned by the list. */
struct aw_told {
    enum aw_severity severity;
    enum aw_cause cause;
    enum aw_party party;
    enum aw_confidence confidence;
    uint64_t stall, wasted; /* of all that are folded into it; ns, bytes */
    uint64_t id;            /* of the exchange that is told */
    uint64_t conn_id;
    uint64_t chain;  /* the attempts that are folded into it; 0 = a single one */
    uint64_t folded; /* failing exchanges it stands for */
    uint64_t also;   /* bits, as in the verdict */
    uint16_t status;
    bool recovered;
    aw_ns start; /* AW_NS_NONE */
    struct aw_times times;
    char *file; /* "" = unknown */
    char *what; /* "PUT h/x" */
    char *ends; /* "10.0.0.1:51234 -> 10.0.0.2:80" */
    char *why;  /* the first piece of evidence, or what the cause means */
    uint64_t conn_ord;
    char *head[2]; /* by direction: the head as far as it is kept, a line each; NULL = none */
    struct aw_raw_head raw[AW_HEADS]; /* see aw_worst_head */
    bool raw_done;
    char *evidence[AW_EVIDENCE_MAX];   /* NULL from the first one that is missing */
    char *fix[AW_FIX_MAX];             /* likewise: what to change */
    struct aw_step step[AW_STEPS_MAX]; /* `at`: since the first of them; AW_NS_NONE = unknown */
    unsigned step_count;
};

struct aw_worst;

struct aw_worst *aw_worst_new(const struct aw_run *run); /* NULL: no memory; run is borrowed */
void aw_worst_free(struct aw_worst *w);                  /* may be NULL */
/* Takes a failing record; keeps what it needs of it. */
void aw_worst_add(struct aw_worst *w, const struct aw_record *rec);
/* The list, worst first. */
unsigned aw_worst_count(const struct aw_worst *w);
/* Something that belongs to them found no memory. */
bool aw_worst_lost(const struct aw_worst *w);
const struct aw_told *aw_worst_at(const struct aw_worst *w, unsigned i);
/* Failing exchanges that the list stands for. */
uint64_t aw_worst_told(const struct aw_worst *w);

/* The heads of the list as they were on the wire: `stream` takes the pieces of a second reading, as
 * an engine's tap, until `heads_done`. */
void aw_worst_stream(void *worst, const struct aw_conn_facts *conn,
                     const struct aw_stream_piece *piece);
bool aw_worst_heads_done(const struct aw_worst *w);
/* One of them, without its secrets unless the run shows them: `which` as in heads.h. *cut: it went
 * on. p NULL: it was not read. Borrowed. */
struct aw_span aw_worst_head(struct aw_worst *w, unsigned i, int which, bool *cut);

/* Steps over the advice of the list, each once: start with all zero; false at the end. */
struct aw_advice {
    unsigned entry, fix; /* where to look next */
    const char *slug, *text;
};
bool aw_worst_advice(const struct aw_worst *w, struct aw_advice *a);

#endif
