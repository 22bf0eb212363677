/*
 * The server's side of an exchange: interim and final responses, what of them is missing, and
 * responses that answer no request seen. Knows of content only what ACK numbers need.
 */
#include "exchange/slot.h"

/* The exchange that a piece of the server's stream concerns: the oldest one under way. */
static struct aw_open *concerned(const struct aw_exchanges *xs, uint32_t xid)
{
    struct aw_open *s = aw_open_find(xs, xid);
    if (s) return s;
    for (s = xs->first; s && (s->ended || s->ex.final_complete); s = s->next)
        ;
    return s;
}

/* --- responses without a request --- */

enum aw_unseen aw_why_unseen(const struct aw_exchanges *xs, const struct aw_open *s)
{
    const struct aw_exchange *x = &s->ex;
    if (!x->conn.any_seen[AW_C2S]) return AW_UNSEEN_ONE_SIDED;
    if (s->unseen != AW_UNSEEN_NONE && s->unseen != AW_UNSEEN_UNPARSED) return s->unseen;
    /* Bytes that begin no request are the rest of one, where the connection was joined later. */
    if (x->flags & AW_F_MIDSTREAM && xs->rest.asked_xid == 0) return AW_UNSEEN_MIDSTREAM;
    if (s->unseen != AW_UNSEEN_NONE) return s->unseen;
    if (xs->rest.lost & AW_LOST_CUT) return AW_UNSEEN_CUT;
    return xs->rest.lost & AW_LOST_HOLE ? AW_UNSEEN_HOLE : AW_UNSEEN_NO_REQUEST;
}

/* Its segment acknowledges more than all of this exchange's request: it answers a later one, which
 * was not captured. */
static bool answers_later(const struct aw_open *s, const struct aw_http_event *ev)
{
    const struct aw_exchange *x = &s->ex;
    if (!x->final_complete || ev->ack_off == AW_OFF_NONE) return false;
    /* Where content was still owed, what was lost after the answer may be that request. */
    if (s->content_end == AW_OFF_NONE) return (x->flags & AW_F_HOLE_CONTENT) != 0;
    return ev->ack_off > s->content_end;
}

/* The server answered early, had more of the content meanwhile, and answers that as well, with an
 * error: it has read it as a request. A 408 may be about any silence. */
static void note_stray(const struct aw_exchanges *xs, struct aw_open *before,
                       const struct aw_http_event *ev)
{
    if (before == NULL || before->orphan || before->half) return;
    struct aw_exchange *x = &before->ex;
    if (ev->head == NULL || ev->head->status < 400 || ev->head->status == 408) return;
    if (!x->final_complete || x->final_ack == AW_OFF_NONE || ev->ack_off == AW_OFF_NONE) return;
    if ((x->flags & AW_F_UPGRADED) || !aw_open_crossed(before) || ev->ack_off <= x->final_ack)
        return;
    if (xs->rest.lost == 0 && !(x->flags & (AW_F_HOLE_CONTENT | AW_F_CUT_CONTENT_SIZE)))
        x->stray_answer = ev->first;
    else
        x->flags |= AW_F_PAIR_UNSURE; /* or it answers what was lost */
}

static struct aw_open *open_orphan(const struct aw_step *st, const struct aw_http_event *ev,
                                   size_t text)
{
    struct aw_exchanges *xs = st->xs;
    const bool hole_before = xs->last && answers_later(xs->last, ev);
    const struct aw_open *before = xs->last ? xs->last : xs->over;
    const uint32_t unsure = before ? before->ex.flags & AW_F_PAIR_UNSURE : 0;
    if (ev->xid <= xs->rest.answered_xid) note_stray(xs, xs->last ? xs->last : xs->over, ev);
    aw_close_settling(st, NULL);
    struct aw_open *s = aw_open_new(st, ev->xid, text);
    if (!s) return NULL;
    s->orphan = s->request_over = true;
    xs->rest.unseen_before = true;
    s->ex.sent = -1;
    s->ex.flags |= AW_F_REQ_UNSEEN | unsure; /* what it answers may have had that answer */
    /* A request may lie in what was lost, even where an earlier one is at hand to be named. */
    if (xs->rest.lost & AW_LOST_CUT)
        s->unseen = AW_UNSEEN_CUT;
    else if ((xs->rest.lost & AW_LOST_HOLE) || hole_before)
        s->unseen = AW_UNSEEN_HOLE;
    else if (ev->xid != 0)
        s->unseen = ev->xid <= xs->rest.answered_xid ? AW_UNSEEN_NO_REQUEST : AW_UNSEEN_LATE;
    else if (xs->rest.lost & AW_LOST_UNPARSED)
        s->unseen = AW_UNSEEN_UNPARSED;
    return s;
}

/* An answer to a request whose head is not complete: the request's event will fill it in. */
static struct aw_open *open_half(const struct aw_step *st, const struct aw_http_event *ev,
                                 size_t text)
{
    aw_close_settling(st, NULL);
    struct aw_open *s = aw_open_new(st, ev->xid, text);
    if (s) s->half = true;
    return s;
}

static struct aw_open *open_unasked(const struct aw_step *st, const struct aw_http_event *ev)
{
    const size_t text = ev->head ? aw_response_text_size(ev->head) : 0;
    return ev->xid > st->xs->rest.asked_xid ? open_half(st, ev, text) : open_orphan(st, ev, text);
}

/* Where a response belongs that the http room could pair with no open exchange. */
static struct aw_open *place(const struct aw_step *st, const struct aw_http_event *ev, bool interim)
{
    struct aw_exchanges *xs = st->xs;
    const bool too_many = interim && ev->xid <= xs->rest.answered_xid;
    if (ev->xid == 0 || too_many) {
        struct aw_open *s = xs->last;
        if (s && s->orphan && s->ex.status == 0) return s;
        /* It came before its request could be answered, or after its final response: the exchange
         * under way is the one that it disturbs. */
        s = concerned(xs, 0) ? concerned(xs, 0) : xs->last;
        if (interim && s && !s->orphan && !s->held && !answers_later(s, ev)) return s;
    }
    return open_unasked(st, ev);
}

/* --- interim --- */

static void add_interim(struct aw_open *s, const struct aw_http_event *ev, bool unfinished)
{
    struct aw_exchange *x = &s->ex;
    const struct aw_head *h = ev->head;
    const uint32_t i = x->interim_count < AW_INTERIM_MAX ? x->interim_count : AW_INTERIM_MAX - 1;
    /* The first 100 decides, and stays whatever follows it. */
    if (x->interim_count >= AW_INTERIM_MAX && x->continue_count == 1 && x->interim[i].status == 100)
        x->interim[i - 1] = x->interim[i];
    x->interim_count++;
    if (h->odd) x->flags |= AW_F_AMBIGUOUS;
    x->interim[i] = (struct aw_interim){
        .status = h->status,
        .has_length = h->has_length,
        .length_not_zero = h->has_length && h->length != 0,
        .has_te = h->has_te,
        .has_fields = h->fields > 0,
        .has_server = h->field[AW_FIELD_SERVER].p || h->field[AW_FIELD_VIA].p,
        .unfinished = unfinished,
        .first = ev->first,
        .at = ev->last,
        .off = ev->off,
        .end = ev->end,
        .ack_off = ev->ack_off,
        .ttl = ev->ttl,
    };
    if (h->status != 100) return;
    x->continue_count++;
    if (x->status != 0) x->flags |= AW_F_100_AFTER_FINAL;
    if (x->continue_count == 1) s->asked_for = ev->last;
}

static void on_interim(const struct aw_step *st, struct aw_open *s, const struct aw_http_event *ev)
{
    s = aw_open_reserve(st, s, aw_response_text_size(ev->head));
    aw_add_response_text(s, ev->head, ev->head->status != 101);
    add_interim(s, ev, false);
    if (ev->conflict) s->ex.flags |= AW_F_CONFLICT;
    aw_heads_keep(st, s, AW_INTERIM_HEAD, ev);
    aw_place_again(st, AW_S2C, ev->off, ev->end,
                   ev->head->status == 100 ? &s->ex.loss[AW_PART_100] : NULL);
    if (s->settle_at != AW_NS_NONE && s->ex.continue_count > 0 && !s->orphan) {
        aw_open_put_by(st, s);
        return;
    }
    if (s->orphan && (s->unseen == AW_UNSEEN_NO_REQUEST ||
                      (s->unseen == AW_UNSEEN_NONE && st->xs->rest.asked_xid != 0))) {
        /* Nobody asked, unless a request follows whose head had begun before it. */
        s->ex.at[AW_AT_END] = ev->last;
        s->ex.end_ord = ev->last.ord;
        s->ended = true;
        s->settle_at = st->now->ts + st->xs->room->threshold[AW_T_SETTLE];
        if (ev->head->status == 100 && aw_seen(&st->xs->rest.final_end))
            s->ex.flags |= AW_F_100_AFTER_FINAL;
    }
}

/* --- final --- */

static void final_begins(struct aw_open *s, const struct aw_http_event *ev)
{
    struct aw_exchange *x = &s->ex;
    if (!x->content_complete && !s->request_over) aw_open_silence(s, &ev->first);
    x->at[AW_AT_FINAL_FIRST] = ev->first;
    x->final_off = ev->off;
    x->final_ack = ev->ack_off;
    x->final_ttl = ev->ttl;
}

static struct aw_open *take_final_head(const struct aw_step *st, struct aw_open *s,
                                       const struct aw_head *h)
{
    s = aw_open_reserve(st, s, aw_response_text_size(h));
    aw_add_response_text(s, h, false);
    s->ex.status = h->status;
    s->ex.res = h->res;
    s->ex.res_version = h->version;
    if (!s->orphan && s->xid > st->xs->rest.answered_xid) st->xs->rest.answered_xid = s->xid;
    if (s->orphan && (st->xs->rest.lost & (AW_LOST_HOLE | AW_LOST_CUT)) &&
        s->unseen == AW_UNSEEN_NONE)
        s->unseen = st->xs->rest.lost & AW_LOST_CUT ? AW_UNSEEN_CUT : AW_UNSEEN_HOLE;
    /* What lay before this request, or in its place, has its answer. */
    if (s->orphan || s->ex.req_off >= st->xs->rest.lost_end) st->xs->rest.lost = 0;
    return s;
}

static void on_final(const struct aw_step *st, struct aw_open *s, const struct aw_http_event *ev)
{
    s->ended = false;
    s->settle_at = AW_NS_NONE;
    s->ex.flags &= ~(uint32_t)AW_F_FINAL_UNFINISHED;
    final_begins(s, ev);
    s = take_final_head(st, s, ev->head);
    struct aw_exchange *x = &s->ex;
    x->at[AW_AT_FINAL] = ev->last;
    x->final_head_end = ev->end;
    aw_heads_keep(st, s, AW_FINAL_HEAD, ev);
    if (ev->conflict) x->flags |= AW_F_CONFLICT;
    if (ev->head->odd) x->flags |= AW_F_AMBIGUOUS;
    aw_place_again(st, AW_S2C, ev->off, ev->end, &x->loss[AW_PART_FINAL]);
    if (x->req & AW_REQ_CONNECT && x->status / 100 == 2) { /* a tunnel from here on */
        x->flags |= AW_F_UPGRADED;
        s->request_over = true;
    }
    if (s->orphan && !s->announced) aw_open_announce(st, s);
}

/* One more interim response after the answer to a request which had one already. */
static bool after_over(const struct aw_exchanges *xs, const struct aw_http_event *ev)
{
    const struct aw_open *over = xs->over;
    return over && xs->first == NULL && (over->ex.flags & AW_F_100_AFTER_FINAL) &&
           ev->xid <= xs->rest.answered_xid && ev->head->status != 101 && !answers_later(over, ev);
}

void aw_on_response(const struct aw_step *st, const struct aw_http_event *ev)
{
    const bool interim = ev->head->status < 200;
    struct aw_open *s = aw_open_find(st->xs, ev->xid);
    if (s && (interim ? answers_later(s, ev) : s->ex.status != 0)) s = NULL;
    if (!s && interim && after_over(st->xs, ev)) {
        add_interim(st->xs->over, ev, false);
        return;
    }
    if (!s) s = place(st, ev, interim);
    if (!s) return;
    if (ev->xid != 0 && !s->orphan && s->ex.status == 0) aw_open_answered(st, s, &ev->first);
    aw_note_ack(s, ev->ack_off, &ev->first);
    /* What the answer itself acknowledges does not tell that no answer had been sent. */
    struct aw_mark *proof = &s->ex.at[AW_AT_ACK_BODY];
    if (s->ex.interim_count == 0 && aw_seen(proof) && proof->ord >= ev->first.ord)
        *proof = (struct aw_mark){.ord = 0};
    if (interim)
        on_interim(st, s, ev);
    else
        on_final(st, s, ev);
    aw_spare(st);
}

void aw_on_response_body(const struct aw_step *st, const struct aw_http_event *ev)
{
    if (ev->data.len == 0 && !ev->odd) return;
    struct aw_open *s = ev->xid != 0 ? aw_open_find(st->xs, ev->xid) : st->xs->last;
    if (s && ev->odd) s->ex.flags |= AW_F_AMBIGUOUS;
    if (ev->data.len == 0) return;
    if (s && s->ex.status >= 400 && !s->ex.final_complete) (void)aw_add_error_body(st, s, ev->data);
}

/* The open exchange whose final response has its head and not its end: of that request, or the one
 * without. */
static struct aw_open *being_answered(const struct aw_exchanges *xs, uint32_t xid)
{
    struct aw_open *s = xid != 0 ? aw_open_find(xs, xid) : xs->last;
    if (!s || s->ex.status == 0 || s->ex.final_complete || (xid == 0 && !s->orphan)) return NULL;
    return s;
}

static void final_ends(const struct aw_step *st, struct aw_open *s, const struct aw_mark *at,
                       aw_off end)
{
    struct aw_exchanges *xs = st->xs;
    s->ex.at[AW_AT_FINAL_END] = *at;
    s->ex.final_complete = true;
    xs->rest.final_end = *at;
    if (end > xs->rest.answers_end) xs->rest.answers_end = end;
    struct aw_open *next = s->next;
    if (next && next->behind) {
        next->behind = false;
        next->ex.prev_final_end = *at;
        if (end > next->ex.answer_base) next->ex.answer_base = end;
    }
    aw_open_check(st, s);
}

void aw_on_response_end(const struct aw_step *st, const struct aw_http_event *ev)
{
    struct aw_open *s = being_answered(st->xs, ev->xid);
    if (s) final_ends(st, s, &ev->last, ev->end);
}

/* After a 101 nothing more comes: it is the answer, although its number says interim. */
static void promote(struct aw_exchange *x)
{
    if (x->interim_count == 0 || x->interim_count > AW_INTERIM_MAX) return;
    const struct aw_interim *i = &x->interim[x->interim_count - 1];
    if (i->status != 101) return;
    x->interim_count--;
    x->status = i->status;
    x->res_version = 11;
    x->at[AW_AT_FINAL_FIRST] = i->first;
    x->at[AW_AT_FINAL] = i->at;
    x->final_off = i->off;
    x->final_head_end = i->end;
    x->final_ack = i->ack_off;
    x->final_ttl = i->ttl;
}

void aw_on_switched(const struct aw_step *st, const struct aw_http_event *ev)
{
    struct aw_open *s = ev->xid != 0 ? aw_open_find(st->xs, ev->xid) : st->xs->last;
    if (!s) return;
    if (s->ex.status == 0) promote(&s->ex);
    if (s->ex.status == 0) return;
    s->ex.flags |= AW_F_UPGRADED;
    s->request_over = true;
    /* The head of an answer that broke before it was whole has no end of its own. */
    const bool whole = aw_seen(&s->ex.at[AW_AT_FINAL]);
    if (s->ex.final_complete)
        aw_open_check(st, s);
    else
        final_ends(st, s, whole ? &s->ex.at[AW_AT_FINAL] : &ev->last,
                   whole ? s->ex.final_head_end : ev->end);
}

/* --- what is missing --- */

void aw_on_response_gap(const struct aw_step *st, const struct aw_http_event *ev)
{
    struct aw_open *s = concerned(st->xs, ev->xid);
    struct aw_open *last = st->xs->last;
    if (ev->end > st->xs->hole_end) st->xs->hole_end = ev->end;
    /* What came after its answer, if not that of a request that was lost. */
    if (!s && last && last->settle_at != AW_NS_NONE) last->ex.flags |= AW_F_UNSETTLED;
    if (!s || (!s->behind && ev->end <= s->ex.answer_base)) return;
    s->ex.flags |= s->ex.status == 0 ? AW_F_HOLE_RESPONSE : AW_F_HOLE_FINAL;
    /* Of several that wait, any may have been answered there. */
    for (struct aw_open *i = s->next ? s : NULL; i; i = i->next)
        i->ex.flags |= AW_F_PAIR_UNSURE;
    if (ev->cut) s->ex.flags |= AW_F_CUT;
}

void aw_on_response_broken(const struct aw_step *st, const struct aw_http_event *ev)
{
    struct aw_open *s = concerned(st->xs, ev->xid);
    const struct aw_head *h = ev->head;
    const bool in_head = ev->part == AW_IN_HEAD;
    if (!s && in_head && h && h->status != 0) s = open_unasked(st, ev);
    if (!s) return;
    const bool lost = ev->why == AW_WHY_HEAD_HOLE || ev->why == AW_WHY_HEAD_CUT;
    if (ev->cut) s->ex.flags |= AW_F_CUT;
    if ((h && h->odd) || ev->why == AW_WHY_BAD_CHUNK) s->ex.flags |= AW_F_AMBIGUOUS;
    if (s->ex.status != 0) {
        if (lost) s->ex.flags |= AW_F_HOLE_FINAL;
        return;
    }
    if (h && h->status >= 100 && h->status < 200) {
        if (lost) s->ex.flags |= AW_F_HOLE_RESPONSE;
        add_interim(s, ev, true);
        return;
    }
    s->ex.flags |= lost ? AW_F_HOLE_RESPONSE | AW_F_HOLE_FINAL : AW_F_FINAL_UNFINISHED;
    if (ev->end <= ev->off) {
        /* None of it was captured. Where content had it, or that is missing as well, it may have
         * been a 100, and then the next response is still this request's. */
        const bool content_missing =
            (s->ex.req & AW_REQ_EXPECT_100) && !aw_seen(&s->ex.at[AW_AT_BODY]);
        if (s->next && (content_missing || s->ex.after_ack_max > s->ex.answer_base))
            s->next->ex.flags |= AW_F_PAIR_UNSURE;
        return;
    }
    final_begins(s, ev);
    if (h && h->status != 0) s = take_final_head(st, s, h);
    if (h) aw_heads_keep(st, s, AW_FINAL_HEAD, ev);
    if (s->orphan && !s->announced) aw_open_announce(st, s);
}

/* Bytes that begin no response where one was due. After an interim response they are its content,
 * which it must not have (RFC 9110, 15.2), as long as nothing before them is missing. */
void aw_on_response_junk(const struct aw_step *st, const struct aw_http_event *ev)
{
    struct aw_open *s = concerned(st->xs, 0);
    if (!s || s->ex.status != 0 || s->ex.flags & AW_F_HOLE_RESPONSE) return;
    const uint32_t n = s->ex.interim_count;
    if (n > 0) {
        s->ex.interim[n < AW_INTERIM_MAX ? n - 1 : AW_INTERIM_MAX - 1].has_content = true;
    } else if (!s->orphan && !aw_seen(&s->ex.at[AW_AT_FINAL_FIRST])) {
        final_begins(s, ev);
        s->ex.flags |= AW_F_FINAL_UNFINISHED;
    }
}
