/*
 * What a reader is told about a cause, a status, the field Expect, or a product, beyond the verdict
 * on one exchange: the reference text. One table of causes, one of topics, the table of agents;
 * every view is made from these. Text only: how it is laid out is the business of the views.
 */
#ifndef AW_DIAGNOSE_EXPLAIN_H
#define AW_DIAGNOSE_EXPLAIN_H

#include "await100/record.h"

/*
 * Beside title and meaning (causes.def). Lists have one item a line. In `confirm` a line that
 * begins with four spaces is a command. fix[]: the general advice to each party, NULL where that
 * party has nothing to change. Static text, never NULL otherwise.
 */
struct aw_cause_text {
    const char *reasons, *confirm;
    const char *fix[AW_PARTY_COUNT];
    const char *mistakes, *references;
};
AW_API const struct aw_cause_text *aw_cause_text(enum aw_cause cause);

/*
 * Called once a section. heading: NULL for the opening line. body: lines; one that begins with "- "
 * is an item of a list, one that begins with four spaces is to be shown as it is, any other is a
 * paragraph. Lent until the call returns.
 */
typedef void aw_explain_emit(void *ctx, const char *heading, const char *body);

/* The reference text of a word, letter case aside: a cause, "100", "417", "Expect", a product, or
 * "list" for all words. False, and nothing emitted, where the word is not known. */
AW_API bool aw_explain(const char *word, aw_explain_emit *emit, void *ctx);

/* The words one after the other, for suggestions; NULL past the last. */
AW_API const char *aw_explain_word(size_t i);

#endif
