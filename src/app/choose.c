/*
 * Lets records through or not. Under -Y the engine hands out every exchange, so that those that
 * match can be counted, with an expectation or without; those without go on only under -A.
 */
#include "app/choose.h"

static const char *source_name(void *ctx, uint16_t source)
{
    const struct aw_choice *c = ctx;
    return c->o->config.source_name ? c->o->config.source_name(c->o->config.source_ctx, source)
                                    : NULL;
}

static const char *community_id(void *ctx, const struct aw_conn_facts *conn)
{
    struct aw_choice *c = ctx;
    aw_community_id(c->community, conn);
    c->community[AW_COMMUNITY_LEN] = '\0';
    return c->community;
}

void aw_choice_init(struct aw_choice *c, const struct aw_options *o)
{
    *c = (struct aw_choice){.o = o};
    c->around = (struct aw_surround){
        .ctx = c,
        .threshold = o->config.threshold,
        .source_name = source_name,
        .community_id = community_id,
    };
}

void aw_choice_engine(const struct aw_choice *c, struct aw_config *config)
{
    if (!c->o->match) return;
    config->all = true;
    config->brief = false; /* evidence may be asked for */
    config->terse = false;
}

bool aw_choose(struct aw_choice *c, const struct aw_record *rec)
{
    if (!aw_expr_match(c->o->match, rec, &c->around)) return false;
    c->exchanges++;
    if (rec->verdict) {
        c->expectation++;
        c->failing += aw_failing(rec->verdict);
    }
    return rec->verdict || c->o->config.all;
}

void aw_choice_totals(const struct aw_choice *c, struct aw_stats *s)
{
    if (!c->o->match) return;
    s->exchanges = c->exchanges;
    s->expectation = c->expectation;
    s->failing = c->failing;
}
