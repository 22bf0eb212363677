/*
 * The predicates of the catalogue, one a cause, in the order of causes.def.
 */
#ifndef AW_DIAGNOSE_RULES_H
#define AW_DIAGNOSE_RULES_H

#include "diagnose/facts.h"

#define AW_HOLDS_NOT AW_SEV_COUNT

/* The severity with which `cause` holds, or AW_HOLDS_NOT. */
enum aw_severity aw_rule(const struct aw_facts *f, enum aw_cause cause);
/* Whose doing it is, where the cause holds. */
enum aw_party aw_rule_party(const struct aw_facts *f, enum aw_cause cause);

/* Why a request can make two parsers disagree: bits for the evidence of desync-risk. */
enum aw_desync {
    AW_DESYNC_SWALLOWED = 1 << 0,
    AW_DESYNC_UNMATCHED = 1 << 1,
    AW_DESYNC_VALUE = 1 << 2,
    AW_DESYNC_FRAMING = 1 << 3,
    AW_DESYNC_LEFTOVER = 1 << 4,
    AW_DESYNC_STRAY = 1 << 5, /* content got an answer of its own */
};
unsigned aw_rule_desync(const struct aw_facts *f);

/* The number that decided `cause` and what it was held against, for confidence: up to `cap` pairs,
 * returns how many. */
struct aw_border {
    aw_ns value, threshold;
};
unsigned aw_rule_borders(const struct aw_facts *f, enum aw_cause cause, struct aw_border *out);
enum { AW_BORDERS_MAX = 3 };

/* The origin's leg is known, and its answer lay in what was not captured. */
bool aw_rule_inner_unseen(const struct aw_facts *f);
bool aw_rule_race(const struct aw_facts *f);      /* a keep-alive race */
bool aw_rule_head_decides(uint16_t status);       /* a status that the head alone decides */
bool aw_rule_lowercase(const struct aw_facts *f); /* the letter case of 100-continue may matter */

#endif
