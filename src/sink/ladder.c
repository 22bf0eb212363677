/*
 * The steps of an exchange, from its marks.
 */
#include "sink/ladder.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sink/text_out.h"

struct ladder {
    struct aw_step *step;
    unsigned count;
};

static void add(struct ladder *l, const struct aw_mark *m, enum aw_dir dir, enum aw_step_kind kind,
                const char *fmt, ...) AW_PRINTF(5, 6);
static void add(struct ladder *l, const struct aw_mark *m, enum aw_dir dir, enum aw_step_kind kind,
                const char *fmt, ...)
{
    if (!aw_seen(m) || l->count == AW_STEPS_MAX) return;
    struct aw_step *s = &l->step[l->count++];
    *s = (struct aw_step){.kind = kind, .dir = dir, .at = m->ts, .ord = m->ord, .ref = m->ref};
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(s->label, sizeof s->label, fmt, args);
    va_end(args);
}

/* For %.*s: a value of the wire ends at its first NUL there, which is harmless in a label. */
static int at_most(struct aw_span s, int most)
{
    return s.len < (size_t)most ? (int)s.len : most;
}
static const char *chars(struct aw_span s)
{
    return s.len ? (const char *)s.p : "";
}

static void add_head(struct ladder *l, const struct aw_exchange *x)
{
    const struct aw_span method = x->text[AW_TEXT_METHOD], expect = x->text[AW_TEXT_EXPECT];
    const struct aw_mark *first = &x->at[AW_AT_REQ_FIRST], *head = &x->at[AW_AT_HEAD];
    if (!aw_request_seen(x)) return;
    const bool whole = aw_seen(head) && head->ord == first->ord;
    add(l, first, AW_C2S, AW_STEP_HEAD, expect.p ? "%.*s%s, Expect: %.*s" : "%.*s%s",
        at_most(method, 16), chars(method), whole ? "" : " begins", at_most(expect, 20),
        chars(expect));
    if (!whole) add(l, head, AW_C2S, AW_STEP_HEAD, "the head is complete");
    const struct aw_mark *ack = &x->at[AW_AT_ACK_HEAD];
    bool bare = ack->ord != x->at[AW_AT_FINAL_FIRST].ord;
    for (uint32_t i = 0; i < aw_interims_kept(x); i++)
        if (x->interim[i].first.ord == ack->ord) bare = false;
    if (bare) add(l, ack, AW_S2C, AW_STEP_ACK, "ACK of the head");
}

static void add_content(struct ladder *l, const struct aw_exchange *x)
{
    const struct aw_mark *end = &x->at[AW_AT_BODY_END], *begin = &x->at[AW_AT_BODY];
    char size[AW_FIGURE] = "content";
    if (x->sent >= 0) (void)aw_text_size(size, (uint64_t)x->sent);
    const bool one = aw_seen(end) && end->ord == begin->ord;
    if (one)
        add(l, begin, AW_C2S, AW_STEP_CONTENT, "content, %s%s", size,
            x->content_complete ? "" : " (not all)");
    else
        add(l, begin, AW_C2S, AW_STEP_CONTENT, "content begins");
    add(l, &x->at[AW_AT_PAUSE], AW_C2S, AW_STEP_CONTENT, "content pauses");
    add(l, &x->at[AW_AT_RESUME], AW_C2S, AW_STEP_CONTENT, "content goes on");
    if (!one && aw_seen(begin))
        add(l, end, AW_C2S, AW_STEP_CONTENT, "%s %s", size,
            x->content_complete ? "sent: content complete" : "sent: last content seen");
}

static void add_responses(struct ladder *l, const struct aw_exchange *x)
{
    for (uint32_t i = 0; i < aw_interims_kept(x); i++) {
        const struct aw_interim *m = &x->interim[i];
        add(l, aw_seen(&m->at) ? &m->at : &m->first, AW_S2C, AW_STEP_INTERIM, "%u %s",
            (unsigned)m->status, m->status == 100 ? "Continue" : "(interim)");
    }
    const struct aw_span reason = x->text[AW_TEXT_REASON];
    const struct aw_mark *first = &x->at[AW_AT_FINAL_FIRST], *final = &x->at[AW_AT_FINAL];
    if (aw_seen(final))
        add(l, final, AW_S2C, AW_STEP_FINAL, "%u %.*s", (unsigned)x->status, at_most(reason, 32),
            chars(reason));
    else
        add(l, first, AW_S2C, AW_STEP_FINAL, "a response begins");
    if (x->final_complete && aw_seen(final) && x->at[AW_AT_FINAL_END].ord != final->ord)
        add(l, &x->at[AW_AT_FINAL_END], AW_S2C, AW_STEP_FINAL, "response complete");
}

static void add_losses(struct ladder *l, const struct aw_exchange *x)
{
    static const struct {
        const char *what;
        enum aw_dir dir;
    } part[AW_PART_COUNT] = {
        [AW_PART_HEAD] = {"head", AW_C2S},
        [AW_PART_CONTENT] = {"content", AW_C2S},
        [AW_PART_100] = {"100", AW_S2C},
        [AW_PART_FINAL] = {"response", AW_S2C},
    };
    for (int i = 0; i < AW_PART_COUNT; i++) {
        if (x->loss[i].count == 0) continue;
        add(l, &x->loss[i].first, part[i].dir, AW_STEP_LOSS, "%s sent again", part[i].what);
        if (x->loss[i].count > 1)
            add(l, &x->loss[i].last, part[i].dir, AW_STEP_LOSS, "%s sent again (%u in all)",
                part[i].what, (unsigned)x->loss[i].count);
    }
}

unsigned aw_ladder_of(struct aw_step step[AW_STEPS_MAX], const struct aw_exchange *x)
{
    struct ladder l = {.step = step};
    add_head(&l, x);
    add_responses(&l, x);
    add_content(&l, x);
    if (x->conn.close != AW_CONN_OPEN)
        add(&l, &x->conn.closed_at, x->conn.closed_by, AW_STEP_CLOSE, "%s",
            x->conn.close == AW_CONN_FIN ? "FIN: closed" : "RST: reset");
    add_losses(&l, x);
    for (unsigned i = 1; i < l.count; i++) { /* a packet's steps stay in the order above */
        const struct aw_step s = step[i];
        unsigned at = i;
        for (; at > 0 && step[at - 1].ord > s.ord; at--)
            step[at] = step[at - 1];
        step[at] = s;
    }
    for (unsigned i = l.count; i-- > 0;) {
        int64_t d;
        step[i].at = __builtin_sub_overflow(step[i].at, step[0].at, &d) ? AW_NS_NONE : d;
    }
    return l.count;
}
