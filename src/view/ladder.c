/*
 * An exchange as the rungs of a ladder: its steps, those of its other leg, and the silences between
 * them with who was waiting.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sink/heads.h"
#include "sink/ladder.h"
#include "view/inside.h"

static enum aw_style style_of(const struct aw_step *s, const struct aw_exchange *x)
{
    switch (s->kind) {
    case AW_STEP_HEAD:
        return AW_STYLE_TITLE;
    case AW_STEP_INTERIM:
        return x->interim[s->head - AW_HEAD_INTERIM].status == 100 ? AW_STYLE_OK : AW_STYLE_INFO;
    case AW_STEP_FINAL:
        return x->status >= 500   ? AW_STYLE_ERROR
               : x->status >= 400 ? AW_STYLE_WARNING
                                  : AW_STYLE_OK;
    case AW_STEP_AFTER:
    case AW_STEP_LOSS:
    case AW_STEP_WINDOW:
    case AW_STEP_HOLE:
        return AW_STYLE_WARNING;
    case AW_STEP_RST:
        return AW_STYLE_ERROR;
    case AW_STEP_ACK:
    case AW_STEP_FIN:
    case AW_STEP_FINAL_END:
        return AW_STYLE_DIM;
    case AW_STEP_CONTENT:
        break;
    }
    return AW_STYLE_PLAIN;
}

static int by_time(const void *pa, const void *pb)
{
    const struct rung *a = pa, *b = pb;
    if (a->ord != b->ord) return a->ord < b->ord ? -1 : 1;
    if (a->dir != b->dir) return a->dir < b->dir ? -1 : 1;
    return a->thin - b->thin;
}

/* Who waited in a silence that begins behind rung `i`. */
static void say_waiting(const struct ladder *l, const struct aw_exchange *x, unsigned i, char *to,
                        size_t size)
{
    const aw_ns now = l->rung[i].at;
    const struct aw_mark *body = &x->at[AW_AT_BODY], *end = &x->at[AW_AT_BODY_END],
                         *final = &x->at[AW_AT_FINAL_FIRST];
    bool continued = false;
    const unsigned kept = x->interim_count < AW_INTERIM_MAX ? x->interim_count : AW_INTERIM_MAX;
    for (unsigned k = 0; k < kept; k++)
        if (x->interim[k].status == 100 && aw_seen(&x->interim[k].at) && x->interim[k].at.ts <= now)
            continued = true;
    const bool head = aw_seen(&x->at[AW_AT_HEAD]) && x->at[AW_AT_HEAD].ts <= now;
    const bool begun = aw_seen(body) && body->ts <= now;
    const bool complete = x->content_complete && aw_seen(end) && end->ts <= now;
    const char *who;
    if (aw_seen(final) && final->ts <= now)
        who = "silence";
    else if (!head)
        who = "server awaits the head";
    else if (complete || (x->req & (AW_REQ_CHUNKED | AW_REQ_HAS_LENGTH)) == 0)
        who = "client awaits answer";
    else if (continued || begun)
        who = "server awaits content";
    else if (x->req & AW_REQ_EXPECT)
        who = "client awaits the 100";
    else
        who = "server awaits content";
    (void)snprintf(to, size, "%s", who);
}

static void find_gaps(struct ladder *l, const struct aw_exchange *x, aw_ns floor)
{
    if (l->count < 2) return;
    const aw_ns whole = l->rung[l->count - 1].at - l->rung[0].at;
    /* Worth a line: long enough to be felt, and not dwarfed by the rest. */
    const aw_ns least = whole / 20 > floor ? whole / 20 : floor;
    for (unsigned i = 1; i < l->count; i++) {
        struct rung *r = &l->rung[i];
        const aw_ns gap = r->at - l->rung[i - 1].at;
        if (gap < least) continue;
        r->gap = gap;
        say_waiting(l, x, i - 1, r->waiting, sizeof r->waiting);
    }
}

static void add_side(struct ladder *l, const struct aw_exchange *x, uint8_t lane, bool other)
{
    struct aw_step step[AW_STEPS_MAX];
    const unsigned n = aw_ladder_of(step, x);
    for (unsigned i = 0; i < n && l->count < RUNGS_MAX; i++) {
        struct rung *r = &l->rung[l->count++];
        *r = (struct rung){.at = step[i].at,
                           .ord = step[i].ord,
                           .ref = step[i].ref,
                           .dir = step[i].dir,
                           .lane = lane,
                           .style = (uint8_t)style_of(&step[i], x),
                           .thin = step[i].head < 0,
                           .other = other,
                           .head = step[i].head};
        _Static_assert(sizeof r->label >= sizeof step->label, "a label fits");
        memcpy(r->label, step[i].label, sizeof step[i].label);
    }
}

void ladder_make(struct ladder *l, const struct aw_detail *d, const struct aw_detail *leg,
                 bool outer, const int64_t *threshold)
{
    *l = (struct ladder){.lanes = leg ? 2 : 1};
    const uint8_t lane = leg && !outer ? 1 : 0;
    add_side(l, d->ex, lane, false);
    /* An exchange ended by silence: that is its last step. */
    aw_ns end;
    if (d->ex->flags & AW_F_IDLE_ENDED && l->count < RUNGS_MAX &&
        !__builtin_add_overflow(d->ex->conn.last_activity.ts, threshold[AW_T_IDLE_TIMEOUT], &end))
        l->rung[l->count++] = (struct rung){.at = end,
                                            .ord = UINT64_MAX,
                                            .lane = lane,
                                            .style = AW_STYLE_DIM,
                                            .thin = true,
                                            .head = -1,
                                            .label = "nothing more"};
    if (leg) add_side(l, leg->ex, (uint8_t)(1 - lane), true);
    qsort(l->rung, l->count, sizeof l->rung[0], by_time);
    l->start = l->count > 0 ? l->rung[0].at : 0;
    find_gaps(l, d->ex, threshold[AW_T_WAIT_FLOOR]);
}
