/*
 * The steps of an exchange, from its marks.
 */
#include "sink/ladder.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sink/heads.h"
#include "sink/text_out.h"

struct ladder {
    const struct aw_exchange *x;
    struct aw_step *step;
    unsigned count;
};

static void add(struct ladder *l, const struct aw_mark *m, enum aw_dir dir, enum aw_step_kind kind,
                int head, const char *fmt, ...) AW_PRINTF(6, 7);
static void add(struct ladder *l, const struct aw_mark *m, enum aw_dir dir, enum aw_step_kind kind,
                int head, const char *fmt, ...)
{
    if (!aw_seen(m) || l->count == AW_STEPS_MAX) return;
    struct aw_step *s = &l->step[l->count++];
    *s = (struct aw_step){
        .kind = kind, .dir = dir, .at = m->ts, .ord = m->ord, .ref = m->ref, .head = (int8_t)head};
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

static bool same_packet(const struct aw_mark *a, const struct aw_mark *b)
{
    return aw_seen(a) && aw_seen(b) && a->ord == b->ord;
}

static void add_request(struct ladder *l)
{
    const struct aw_exchange *x = l->x;
    const struct aw_mark *first = &x->at[AW_AT_REQ_FIRST], *head = &x->at[AW_AT_HEAD];
    const struct aw_span method = x->text[AW_TEXT_METHOD], expect = x->text[AW_TEXT_EXPECT];
    const bool whole = !aw_seen(head) || same_packet(first, head);
    char tail[48] = "";
    if (expect.len == 12 && memcmp(expect.p, "100-continue", 12) == 0)
        (void)snprintf(tail, sizeof tail, ", Expect");
    else if (expect.len > 0)
        (void)snprintf(tail, sizeof tail, ", Expect: %.*s", at_most(expect, 36), chars(expect));
    add(l, first, AW_C2S, AW_STEP_HEAD, AW_HEAD_REQUEST, "%.*s%s%s", at_most(method, 20),
        chars(method), method.len ? "" : "request", whole ? tail : ", first part of the head");
    if (!whole) add(l, head, AW_C2S, AW_STEP_HEAD, AW_HEAD_REQUEST, "rest of the head%s", tail);
}

static void add_content(struct ladder *l)
{
    const struct aw_exchange *x = l->x;
    const struct aw_mark *body = &x->at[AW_AT_BODY], *end = &x->at[AW_AT_BODY_END];
    char size[AW_FIGURE] = "?";
    if (x->sent >= 0) (void)aw_text_size(size, (uint64_t)x->sent);
    if (same_packet(body, end) || !aw_seen(end)) {
        add(l, body, AW_C2S, AW_STEP_CONTENT, -1, "content, %s%s", size,
            x->content_complete ? "" : ", not all of it");
    } else {
        add(l, body, AW_C2S, AW_STEP_CONTENT, -1, "content begins");
        if (aw_seen(&x->at[AW_AT_RESUME])) {
            if (!same_packet(&x->at[AW_AT_PAUSE], body))
                add(l, &x->at[AW_AT_PAUSE], AW_C2S, AW_STEP_CONTENT, -1, "content pauses");
            if (!same_packet(&x->at[AW_AT_RESUME], end))
                add(l, &x->at[AW_AT_RESUME], AW_C2S, AW_STEP_CONTENT, -1, "content goes on");
        }
        add(l, end, AW_C2S, AW_STEP_CONTENT, -1,
            x->content_complete ? "content ends, %s" : "content so far, %s", size);
    }
    const struct aw_mark *after = &x->at[AW_AT_AFTER_FINAL];
    if (!same_packet(after, body) && !same_packet(after, end))
        add(l, after, AW_C2S, AW_STEP_AFTER, -1, "content after the answer");
}

static void add_answers(struct ladder *l)
{
    const struct aw_exchange *x = l->x;
    for (uint32_t i = 0; i < aw_interims_kept(x); i++) {
        const struct aw_interim *in = &x->interim[i];
        add(l, aw_seen(&in->at) ? &in->at : &in->first, AW_S2C, AW_STEP_INTERIM,
            AW_HEAD_INTERIM + (int)i, "%u %s", (unsigned)in->status,
            in->status == 100   ? "Continue"
            : in->status == 102 ? "Processing"
            : in->status == 103 ? "Early Hints"
                                : "(interim)");
    }
    const struct aw_mark *first = &x->at[AW_AT_FINAL_FIRST], *head = &x->at[AW_AT_FINAL],
                         *end = &x->at[AW_AT_FINAL_END];
    const struct aw_span reason = x->text[AW_TEXT_REASON];
    if (aw_seen(head))
        add(l, head, AW_S2C, AW_STEP_FINAL, AW_HEAD_FINAL, "%u%s%.*s", (unsigned)x->status,
            reason.len ? " " : "", at_most(reason, 60), chars(reason));
    else
        add(l, first, AW_S2C, AW_STEP_FINAL, AW_HEAD_FINAL, "final response, head unfinished");
    if (x->final_complete && !same_packet(end, head))
        add(l, end, AW_S2C, AW_STEP_FINAL_END, -1, "response ends");
}

static void add_losses(struct ladder *l)
{
    static const struct {
        const char *what;
        enum aw_dir dir;
    } part[AW_PART_COUNT] = {
        [AW_PART_HEAD] = {"head", AW_C2S},
        [AW_PART_CONTENT] = {"content", AW_C2S},
        [AW_PART_100] = {"100", AW_S2C},
        [AW_PART_FINAL] = {"final response", AW_S2C},
    };
    for (int i = 0; i < AW_PART_COUNT; i++) {
        const struct aw_loss *loss = &l->x->loss[i];
        if (loss->count == 0) continue;
        add(l, &loss->first, part[i].dir, AW_STEP_LOSS, -1, "%s sent again%s", part[i].what,
            loss->count > 1 ? ", 1st" : "");
        if (loss->count > 1)
            add(l, &loss->last, part[i].dir, AW_STEP_LOSS, -1, "%s sent again, %u in all",
                part[i].what, (unsigned)loss->count);
    }
    for (int d = 0; d < 2; d++)
        add(l, &l->x->zero_window[d], (enum aw_dir)d, AW_STEP_WINDOW, -1,
            "window closed: take no more");
}

/* Where bytes are missing, as far as it is known: beside the message in which they are. */
static void add_holes(struct ladder *l)
{
    const struct aw_mark *at = l->x->at;
    const struct {
        uint32_t flag;
        enum aw_dir dir;
        const struct aw_mark *near[2]; /* the first of these that was seen */
        const char *what;
    } holes[] = {
        {AW_F_HOLE_REQ_HEAD, AW_C2S, {&at[AW_AT_REQ_FIRST], &at[AW_AT_HEAD]}, "part of head"},
        {AW_F_HOLE_CONTENT, AW_C2S, {&at[AW_AT_BODY], &at[AW_AT_HEAD]}, "part of content"},
        {AW_F_HOLE_RESPONSE, AW_S2C, {&at[AW_AT_FINAL_FIRST], &at[AW_AT_HEAD]}, "server's bytes"},
        {AW_F_HOLE_FINAL, AW_S2C, {&at[AW_AT_FINAL], &at[AW_AT_FINAL_FIRST]}, "part of answer"},
    };
    for (size_t i = 0; i < sizeof holes / sizeof *holes; i++) {
        if (!(l->x->flags & holes[i].flag)) continue;
        struct aw_mark near = *holes[i].near[!aw_seen(holes[i].near[0])];
        near.ref = 0; /* the packet is one that is not there */
        add(l, &near, holes[i].dir, AW_STEP_HOLE, -1, "%s unseen", holes[i].what);
    }
}

static bool is_among(const struct ladder *l, const struct aw_mark *mark)
{
    for (unsigned i = 0; i < l->count; i++)
        if (l->step[i].ord == mark->ord) return true;
    return false;
}

static void add_end(struct ladder *l)
{
    const struct aw_exchange *x = l->x;
    const struct aw_mark *ack = &x->at[AW_AT_ACK_HEAD], *end = &x->at[AW_AT_END];
    if (aw_seen(ack) && !is_among(l, ack)) add(l, ack, AW_S2C, AW_STEP_ACK, -1, "ACK of head");
    /* The close, where it belongs to this exchange: before its end, or what ended it. */
    for (int d = 0; d < 2; d++) {
        const struct aw_mark *fin = &x->conn.fin[d], *rst = &x->conn.rst[d];
        if (!(aw_seen(end) && aw_seen(fin) && fin->ord > end->ord))
            add(l, fin, (enum aw_dir)d, AW_STEP_FIN, -1, "FIN");
        if (!(aw_seen(end) && aw_seen(rst) && rst->ord > end->ord))
            add(l, rst, (enum aw_dir)d, AW_STEP_RST, -1, "RST");
    }
}

/* Within a packet: the client's first, messages before the rest. */
static int by_packet(const void *pa, const void *pb)
{
    const struct aw_step *a = pa, *b = pb;
    if (a->ord != b->ord) return a->ord < b->ord ? -1 : 1;
    if (a->dir != b->dir) return a->dir < b->dir ? -1 : 1;
    return (a->head < 0) - (b->head < 0);
}

unsigned aw_ladder_of(struct aw_step step[AW_STEPS_MAX], const struct aw_exchange *x)
{
    struct ladder l = {.x = x, .step = step};
    add_request(&l);
    add_content(&l);
    add_answers(&l);
    add_losses(&l);
    add_holes(&l);
    add_end(&l);
    qsort(step, l.count, sizeof *step, by_packet);
    return l.count;
}
