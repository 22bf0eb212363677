/*
 * Questions to a finished exchange that every view asks: where it began and ended, and how long it
 * was from one moment to another. Knows marks; judges nothing.
 */
#include "await100/record.h"

static void earlier(const struct aw_mark **best, const struct aw_mark *m)
{
    if (aw_seen(m) && (!*best || m->ord < (*best)->ord)) *best = m;
}

const struct aw_mark *aw_exchange_first(const struct aw_exchange *x)
{
    if (aw_seen(&x->at[AW_AT_REQ_FIRST])) return &x->at[AW_AT_REQ_FIRST];
    const struct aw_mark *best = NULL;
    if (x->interim_count > 0) earlier(&best, &x->interim[0].first);
    earlier(&best, &x->at[AW_AT_FINAL_FIRST]);
    if (best) return best;
    for (int i = 0; i < AW_POINT_COUNT; i++)
        earlier(&best, &x->at[i]);
    return best;
}

const struct aw_mark *aw_exchange_continued(const struct aw_exchange *x)
{
    for (uint32_t i = 0; i < aw_interims_kept(x); i++)
        if (x->interim[i].status == 100 && aw_seen(&x->interim[i].at)) return &x->interim[i].at;
    return NULL;
}

const struct aw_mark *aw_exchange_content_end(const struct aw_exchange *x)
{
    /* The mark moves with every byte; it is the end only when the content is complete. */
    const struct aw_mark *end = &x->at[AW_AT_BODY_END];
    return x->content_complete && aw_seen(end) ? end : NULL;
}

const struct aw_mark *aw_exchange_end(const struct aw_exchange *x)
{
    const struct aw_mark *end = &x->at[AW_AT_FINAL_END];
    if (!x->final_complete || !aw_seen(end)) end = &x->at[AW_AT_END];
    return aw_seen(end) ? end : NULL;
}

aw_ns aw_between(const struct aw_mark *a, const struct aw_mark *b)
{
    int64_t d; /* times are the file's word: their difference may not fit */
    if (!a || !b || !aw_seen(a) || !aw_seen(b)) return AW_NS_NONE;
    return __builtin_sub_overflow(b->ts, a->ts, &d) ? AW_NS_NONE : d;
}
