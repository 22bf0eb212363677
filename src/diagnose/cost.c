/*
 * What an exchange cost (section 4 of the catalogue): time lost waiting, content sent for nothing,
 * content saved, round trips repeated.
 */
#include "diagnose/verdict.h"

static aw_ns stall(const struct aw_facts *f, enum aw_cause cause)
{
    /* What is missing may have ended the waiting. */
    if (!f->expect || cause == AW_CAUSE_INCOMPLETE) return 0;
    /* Whatever else became of it: before the 100, and after. */
    aw_ns beyond = 0;
    if (aw_rule(f, AW_CAUSE_SLOW_CONTINUE) != AW_HOLDS_NOT) beyond += f->think - aw_slow_limit(f);
    if (aw_rule(f, AW_CAUSE_CONTINUE_UNHEEDED) != AW_HOLDS_NOT)
        beyond += f->heed - aw_heed_limit(f);
    if (cause == AW_CAUSE_NETWORK_LOSS && f->loss_delay > beyond) beyond = 0;
    if (beyond > 0) return beyond;
    if (f->gave_up && f->wait >= f->w) return f->wait;
    /* Waiting without an end in time: nothing was sent, nothing answered, or only a 408 that was
     * about the waiting itself, whatever else it is called. */
    const bool answered =
        f->heard_100 || (f->final && aw_rule(f, AW_CAUSE_DEADLOCK) == AW_HOLDS_NOT);
    if (f->owes && !f->content && !answered && f->stuck >= f->w) return f->stuck;
    return cause == AW_CAUSE_NETWORK_LOSS ? f->loss_delay : 0;
}

static int64_t wasted(const struct aw_facts *f)
{
    const int64_t sent = f->x->sent > 0 ? f->x->sent : 0;
    if (f->status >= 300 && f->content && f->x->sent < 0) return -1;
    if (f->status >= 300) return sent;
    if (f->final || f->next == NULL) return 0;
    int64_t again = 0;
    for (unsigned i = f->c->place + 1; i < f->c->chain_len; i++)
        if (f->c->chain[i].sent > again) again = f->c->chain[i].sent;
    return again < sent ? again : sent;
}

/* Content that a final status kept at home; content that nobody could send saves nothing. What is
 * sent to a connection that is HTTP no more is not known. */
static int64_t saved(const struct aw_facts *f)
{
    const struct aw_exchange *x = f->x;
    const bool home = f->owes && f->final && !x->content_complete &&
                      (f->status >= 300 || (f->final_first && !f->content)) && f->status != 408;
    if (!home) return 0;
    if (x->declared < 0 || x->sent < 0 || (x->flags & AW_F_UPGRADED)) return -1;
    return x->declared > x->sent ? x->declared - x->sent : 0;
}

void aw_cost_of(const struct aw_facts *f, enum aw_cause cause, struct aw_cost *out)
{
    out->stall = stall(f, cause);
    out->wasted = wasted(f);
    out->saved = saved(f);
    out->extra_round_trips = 0;
    if (f->next) out->extra_round_trips = f->next->fresh ? 2 : 1;
}
