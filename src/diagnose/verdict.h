/*
 * What is said about a cause once it is chosen: how sure, what it cost, which protocol rules were
 * broken, the sentences that prove it, and what to change. Each takes the facts and adds its part
 * to the verdict; none changes the choice.
 */
#ifndef AW_DIAGNOSE_VERDICT_H
#define AW_DIAGNOSE_VERDICT_H

#include "diagnose/rules.h"
#include "diagnose/text.h"

/* Reasons why a verdict is less than sure, for its last sentence. */
enum { AW_DOUBTS_MAX = 10 };
struct aw_doubts {
    unsigned count;
    const char *why[AW_DOUBTS_MAX]; /* static text */
};
enum aw_confidence aw_confidence_of(const struct aw_facts *f, enum aw_cause cause,
                                    struct aw_doubts *doubts);

void aw_cost_of(const struct aw_facts *f, enum aw_cause cause, struct aw_cost *out);
void aw_checks_of(const struct aw_facts *f, uint64_t holds, struct aw_verdict *out);
void aw_evidence_of(const struct aw_facts *f, struct aw_say *s);
void aw_fix_of(const struct aw_facts *f, struct aw_say *s);

#endif
