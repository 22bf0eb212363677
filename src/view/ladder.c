/*
 * An exchange as the steps of a ladder: messages, segments that tell something, losses, and the
 * silences between them with who was waiting.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "view/inside.h"

struct making {
    struct ladder *l;
    const struct aw_exchange *x;
    uint8_t lane;
};

static struct rung *add(struct making *m, const struct aw_mark *at, enum aw_dir dir,
                        enum aw_style style, int head, const char *fmt, ...) AW_PRINTF(6, 7);
static struct rung *add(struct making *m, const struct aw_mark *at, enum aw_dir dir,
                        enum aw_style style, int head, const char *fmt, ...)
{
    if (!aw_seen(at) || m->l->count == RUNGS_MAX) return NULL;
    struct rung *r = &m->l->rung[m->l->count++];
    *r = (struct rung){.at = at->ts,
                       .ord = at->ord,
                       .ref = at->ref,
                       .dir = dir,
                       .lane = m->lane,
                       .style = (uint8_t)style,
                       .thin = head < 0,
                       .head = (int8_t)head};
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(r->label, sizeof r->label, fmt, args);
    va_end(args);
    return r;
}

static bool same_packet(const struct aw_mark *a, const struct aw_mark *b)
{
    return aw_seen(a) && aw_seen(b) && a->ord == b->ord;
}

static void add_request(struct making *m)
{
    const struct aw_exchange *x = m->x;
    const struct aw_mark *first = &x->at[AW_AT_REQ_FIRST], *head = &x->at[AW_AT_HEAD];
    const struct aw_span method = x->text[AW_TEXT_METHOD], expect = x->text[AW_TEXT_EXPECT];
    const bool whole = !aw_seen(head) || same_packet(first, head);
    char tail[80] = "";
    if (expect.len == 12 && memcmp(expect.p, "100-continue", 12) == 0)
        (void)snprintf(tail, sizeof tail, ", Expect");
    else if (expect.len > 0)
        (void)snprintf(tail, sizeof tail, ", Expect: %.*s",
                       (int)(expect.len < 40 ? expect.len : 40), (const char *)expect.p);
    (void)add(m, first, AW_C2S, AW_STYLE_TITLE, AW_HEAD_REQUEST, "%.*s%s%s",
              (int)(method.len < 24 ? method.len : 24), (const char *)method.p,
              method.len ? "" : "request", whole ? tail : ", first part of the head");
    if (!whole)
        (void)add(m, head, AW_C2S, AW_STYLE_TITLE, AW_HEAD_REQUEST, "rest of the head%s", tail);
}

static void add_content(struct making *m)
{
    const struct aw_exchange *x = m->x;
    const struct aw_mark *body = &x->at[AW_AT_BODY], *end = &x->at[AW_AT_BODY_END];
    char size[FIGURE];
    (void)figure_size(size, x->sent);
    if (same_packet(body, end) || !aw_seen(end)) {
        (void)add(m, body, AW_C2S, AW_STYLE_PLAIN, -1, "content, %s%s", size,
                  x->content_complete ? "" : ", not all of it");
    } else {
        (void)add(m, body, AW_C2S, AW_STYLE_PLAIN, -1, "content begins");
        if (aw_seen(&x->at[AW_AT_RESUME])) {
            if (!same_packet(&x->at[AW_AT_PAUSE], body))
                (void)add(m, &x->at[AW_AT_PAUSE], AW_C2S, AW_STYLE_PLAIN, -1, "content pauses");
            if (!same_packet(&x->at[AW_AT_RESUME], end))
                (void)add(m, &x->at[AW_AT_RESUME], AW_C2S, AW_STYLE_PLAIN, -1, "content goes on");
        }
        (void)add(m, end, AW_C2S, AW_STYLE_PLAIN, -1,
                  x->content_complete ? "content ends, %s" : "content so far, %s", size);
    }
    const struct aw_mark *after = &x->at[AW_AT_AFTER_FINAL];
    if (!same_packet(after, body) && !same_packet(after, end))
        (void)add(m, after, AW_C2S, AW_STYLE_WARNING, -1, "content after the answer");
}

static void add_answers(struct making *m)
{
    const struct aw_exchange *x = m->x;
    const unsigned kept = x->interim_count < AW_INTERIM_MAX ? x->interim_count : AW_INTERIM_MAX;
    for (unsigned i = 0; i < kept; i++) {
        const struct aw_interim *in = &x->interim[i];
        (void)add(m, aw_seen(&in->at) ? &in->at : &in->first, AW_S2C,
                  in->status == 100 ? AW_STYLE_OK : AW_STYLE_INFO, AW_HEAD_INTERIM + (int)i,
                  "%u %s", in->status,
                  in->status == 100   ? "Continue"
                  : in->status == 102 ? "Processing"
                  : in->status == 103 ? "Early Hints"
                                      : "(interim)");
    }
    const struct aw_mark *first = &x->at[AW_AT_FINAL_FIRST], *head = &x->at[AW_AT_FINAL],
                         *end = &x->at[AW_AT_FINAL_END];
    const struct aw_span reason = x->text[AW_TEXT_REASON];
    const enum aw_style style = x->status >= 500   ? AW_STYLE_ERROR
                                : x->status >= 400 ? AW_STYLE_WARNING
                                                   : AW_STYLE_OK;
    if (aw_seen(head))
        (void)add(m, head, AW_S2C, style, AW_HEAD_FINAL, "%u%s%.*s", x->status,
                  reason.len ? " " : "", (int)(reason.len < 60 ? reason.len : 60),
                  reason.p ? (const char *)reason.p : "");
    else
        (void)add(m, first, AW_S2C, AW_STYLE_WARNING, AW_HEAD_FINAL,
                  "final response, head unfinished");
    if (x->final_complete && !same_packet(end, head))
        (void)add(m, end, AW_S2C, AW_STYLE_DIM, -1, "response ends");
}

static void add_loss(struct making *m)
{
    static const char *const part[AW_PART_COUNT] = {"head", "content", "100", "final response"};
    const struct aw_exchange *x = m->x;
    for (int i = 0; i < AW_PART_COUNT; i++) {
        const struct aw_loss *loss = &x->loss[i];
        const enum aw_dir dir = i == AW_PART_HEAD || i == AW_PART_CONTENT ? AW_C2S : AW_S2C;
        if (loss->count == 0) continue;
        (void)add(m, &loss->first, dir, AW_STYLE_WARNING, -1, "%s sent again%s", part[i],
                  loss->count > 1 ? ", 1st" : "");
        if (loss->count > 1)
            (void)add(m, &loss->last, dir, AW_STYLE_WARNING, -1, "%s sent again, %u in all",
                      part[i], loss->count);
    }
    for (int d = 0; d < 2; d++)
        (void)add(m, &x->zero_window[d], (enum aw_dir)d, AW_STYLE_WARNING, -1,
                  "window closed: take no more");
}

/* Where bytes are missing, as far as it is known: beside the message in which they are. */
static void add_holes(struct making *m)
{
    const struct aw_exchange *x = m->x;
    const struct aw_mark *at = x->at;
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
        if (!(x->flags & holes[i].flag)) continue;
        struct aw_mark near = *holes[i].near[!aw_seen(holes[i].near[0])];
        near.ref = 0; /* the packet is one that is not there */
        (void)add(m, &near, holes[i].dir, AW_STYLE_WARNING, -1, "%s unseen", holes[i].what);
    }
}

static bool is_among(const struct making *m, const struct aw_mark *mark)
{
    for (unsigned i = 0; i < m->l->count; i++)
        if (m->l->rung[i].ord == mark->ord && m->l->rung[i].lane == m->lane) return true;
    return false;
}

static void add_end(struct making *m)
{
    const struct aw_exchange *x = m->x;
    const struct aw_mark *ack = &x->at[AW_AT_ACK_HEAD], *end = &x->at[AW_AT_END];
    if (aw_seen(ack) && !is_among(m, ack))
        (void)add(m, ack, AW_S2C, AW_STYLE_DIM, -1, "ACK of head");
    /* The close, where it belongs to this exchange: before its end, or what ended it. */
    for (int d = 0; d < 2; d++) {
        const struct aw_mark *fin = &x->conn.fin[d], *rst = &x->conn.rst[d];
        const bool late = aw_seen(end) && aw_seen(fin) && fin->ord > end->ord;
        if (aw_seen(fin) && !late) (void)add(m, fin, (enum aw_dir)d, AW_STYLE_DIM, -1, "FIN");
        if (aw_seen(rst) && !(aw_seen(end) && rst->ord > end->ord))
            (void)add(m, rst, (enum aw_dir)d, AW_STYLE_ERROR, -1, "RST");
    }
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

static void add_side(struct making *m)
{
    add_request(m);
    add_content(m);
    add_answers(m);
    add_loss(m);
    add_holes(m);
    add_end(m);
}

void ladder_make(struct ladder *l, const struct aw_detail *d, const struct aw_detail *leg,
                 bool outer, const int64_t *threshold)
{
    *l = (struct ladder){.lanes = leg ? 2 : 1};
    struct making m = {.l = l, .x = d->ex, .lane = leg && !outer ? 1 : 0};
    add_side(&m);
    /* An exchange ended by silence: that is its last step. */
    const struct aw_mark *end = &d->ex->at[AW_AT_END];
    if (d->ex->flags & AW_F_IDLE_ENDED && l->count < RUNGS_MAX) {
        struct aw_mark idle = *end;
        if (!aw_seen(&idle)) idle = d->ex->conn.last_activity;
        idle.ts = d->ex->conn.last_activity.ts + threshold[AW_T_IDLE_TIMEOUT];
        idle.ord = UINT64_MAX;
        idle.ref = 0;
        (void)add(&m, &idle, AW_C2S, AW_STYLE_DIM, -1, "nothing more");
    }
    if (leg) {
        struct making other = {.l = l, .x = leg->ex, .lane = m.lane ? 0 : 1};
        add_side(&other);
        for (unsigned i = 0; i < l->count; i++)
            l->rung[i].other = l->rung[i].lane == other.lane;
    }
    qsort(l->rung, l->count, sizeof l->rung[0], by_time);
    l->start = l->count > 0 ? l->rung[0].at : 0;
    find_gaps(l, d->ex, threshold[AW_T_WAIT_FLOOR]);
}
