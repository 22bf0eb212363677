/*
 * The one place where records are let through: -Y, and -A or not. Every output is behind it.
 */
#ifndef AW_APP_CHOOSE_H
#define AW_APP_CHOOSE_H

#include "app/options.h"
#include "sink/community.h"

struct aw_choice {
    const struct aw_options *o; /* borrowed */
    struct aw_surround around;
    uint64_t exchanges, expectation, failing; /* that matched */
    char community[AW_COMMUNITY_LEN + 1];     /* lent to the expression */
};

/* The options are borrowed, and names of inputs are asked of their config. The choice stays where
 * it is. */
void aw_choice_init(struct aw_choice *c, const struct aw_options *o);
/* Sets what the engine has to hand out so that there is something to choose from. */
void aw_choice_engine(const struct aw_choice *c, struct aw_config *config);
/* Whether the record is for the outputs; counts it. */
bool aw_choose(struct aw_choice *c, const struct aw_record *rec);
/* Under -Y puts the exchanges that matched in place of those that were found. Figures of packets
 * and connections stay those of the input. */
void aw_choice_totals(const struct aw_choice *c, struct aw_stats *s);

#endif
