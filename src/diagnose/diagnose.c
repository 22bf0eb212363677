/*
 * The door: facts of the case, the cause that wins (section 2 of the catalogue), then what is said
 * about it.
 */
#include "diagnose/diagnose.h"

#include <stdio.h>
#include <string.h>

#include "diagnose/verdict.h"

/* Causes that the request head or a 100 shows by itself, whatever else was not captured. */
#define SHOWN_BY_HEADS                                                                             \
    (UINT64_C(1) << AW_CAUSE_DESYNC_RISK | UINT64_C(1) << AW_CAUSE_MALFORMED_CONTINUE |            \
     UINT64_C(1) << AW_CAUSE_UNKNOWN_EXPECTATION | UINT64_C(1) << AW_CAUSE_NO_CONTENT)

/* What the rules say, and the first cause of each severity in the order of the list, incomplete and
 * pending aside; AW_CAUSE_COUNT where there is none. */
struct findings {
    enum aw_severity sev[AW_CAUSE_COUNT];
    enum aw_cause first[AW_SEV_COUNT + 1];
    uint64_t holds;
};

static void ask_rules(const struct aw_facts *f, struct findings *out)
{
    out->holds = 0;
    for (unsigned i = 0; i <= AW_SEV_COUNT; i++)
        out->first[i] = AW_CAUSE_COUNT;
    for (unsigned i = AW_CAUSE_COUNT; i-- > 0;) {
        const enum aw_severity sev = aw_rule(f, (enum aw_cause)i);
        out->sev[i] = sev;
        if (sev != AW_HOLDS_NOT && sev != AW_SEV_OK) out->holds |= UINT64_C(1) << i;
        if (i > AW_CAUSE_PENDING) out->first[sev] = (enum aw_cause)i;
    }
}

static enum aw_cause choose(const struct findings *is)
{
    const enum aw_cause *first = is->first;
    if (is->sev[AW_CAUSE_INCOMPLETE] != AW_HOLDS_NOT) return AW_CAUSE_INCOMPLETE;
    if (first[AW_SEV_ERROR] != AW_CAUSE_COUNT) return first[AW_SEV_ERROR];
    if (is->sev[AW_CAUSE_PENDING] != AW_HOLDS_NOT) return AW_CAUSE_PENDING;
    if (first[AW_SEV_WARNING] != AW_CAUSE_COUNT) return first[AW_SEV_WARNING];
    if (first[AW_SEV_INFO] != AW_CAUSE_COUNT) return first[AW_SEV_INFO];
    return first[AW_SEV_OK];
}

static void say_doubts(struct aw_say *s, const struct aw_doubts *d)
{
    char all[640] = "";
    size_t used = 0;
    for (unsigned i = 0; i < d->count; i++) {
        const int n = snprintf(all + used, sizeof all - used, "%s%s", i ? "; " : "", d->why[i]);
        if (n < 0 || (size_t)n >= sizeof all - used) {
            all[used] = '\0';
            break;
        }
        used += (size_t)n;
    }
    if (used) aw_say(s, 0, 0, "confidence %s: %s", aw_confidence_name(s->v->confidence), all);
}

void aw_diagnose(const struct aw_case *c, const int64_t threshold[], const struct aw_namer *names,
                 struct aw_verdict *out)
{
    struct aw_facts f;
    struct aw_say say;
    struct aw_doubts doubts = {.count = 0};
    struct findings is;

    memset(out, 0, offsetof(struct aw_verdict, text));
    out->text[0] = '\0';
    aw_facts_make(&f, c, threshold);
    ask_rules(&f, &is);
    uint64_t holds = is.holds;
    const enum aw_cause cause = choose(&is);
    /* What no rule decides is not judged. */
    out->cause = cause == AW_CAUSE_COUNT ? AW_CAUSE_INCOMPLETE : cause;
    out->severity = cause == AW_CAUSE_COUNT ? AW_SEV_UNKNOWN : is.sev[cause];
    out->party = aw_rule_party(&f, out->cause);
    if (out->cause == AW_CAUSE_INCOMPLETE) holds &= SHOWN_BY_HEADS;
    out->also = holds & ~(UINT64_C(1) << out->cause);
    out->recovered = f.recovery != NULL;
    out->confidence = aw_confidence_of(&f, out->cause, &doubts);
    aw_cost_of(&f, out->cause, &out->cost);
    aw_checks_of(&f, holds, out);

    if (c->brief || (c->terse && !aw_failing(out))) return;
    aw_facts_name(&f);
    aw_say_init(&say, out, names, c->self);
    aw_evidence_of(&f, &say);
    if (out->confidence != AW_CONF_HIGH) say_doubts(&say, &doubts);
    aw_fix_of(&f, &say);
}
