/*
 * The client's side of an exchange: its head, its content with the pauses in it, and what the ACK
 * numbers of content say about which answers the client had read. Knows nothing of responses beyond
 * where they lie in the server's stream.
 */
#include "exchange/slot.h"

#include <string.h>

/* --- head --- */

/* The client had not read it when it asked. */
static bool crosses(const struct aw_interim *in, const struct aw_http_event *ev)
{
    return ev->ack_off != AW_OFF_NONE && in->end > ev->ack_off && !in->unfinished;
}

/*
 * A response may come before the request head is complete, and then before its event. The http room
 * mostly knows which request it is for; where not, an interim one that came after the first byte of
 * the head belongs to it; and so does one that nobody had asked for, if it crossed the request: to
 * its client it looks like an answer.
 */
static struct aw_open *adopt(const struct aw_step *st, const struct aw_http_event *ev)
{
    struct aw_open *s = st->xs->last;
    if (!s || s->announced) return NULL;
    if (!s->half || s->xid != ev->xid) {
        const struct aw_interim *i = &s->ex.interim[0];
        if (!s->orphan || s->ex.status != 0 || s->ex.interim_count == 0) return NULL;
        const bool to_it =
            i->ack_off != AW_OFF_NONE ? i->ack_off > ev->off : i->first.ord >= ev->first.ord;
        const bool stray = s->unseen == AW_UNSEEN_NONE || s->unseen == AW_UNSEEN_NO_REQUEST;
        if (!(s->xid == 0 && to_it) && !(stray && crosses(i, ev))) return NULL;
        st->xs->rest.unseen_before = false;
    }
    if (ev->head) s = aw_open_reserve(st, s, aw_request_text_size(ev->head));
    s->orphan = s->half = s->request_over = s->ended = false;
    s->settle_at = AW_NS_NONE;
    s->xid = ev->xid;
    s->ex.sent = 0;
    s->ex.flags &= ~(uint32_t)(AW_F_REQ_UNSEEN | AW_F_100_AFTER_FINAL);
    return s;
}

/* The end of that final response is not in the capture, and the client had read what is missing. */
static bool answer_missed(const struct aw_open *s, aw_off ack_off)
{
    const uint32_t missing = AW_F_HOLE_RESPONSE | AW_F_HOLE_FINAL | AW_F_FINAL_UNFINISHED;
    return s->ex.flags & missing && (ack_off == AW_OFF_NONE || ack_off > s->ex.answer_base);
}

/* The methods that are idempotent by RFC 9110, 9.2.2; of others nothing is known. */
static bool is_idempotent(struct aw_span method)
{
    static const char *const names[] = {"GET", "PUT", "HEAD", "DELETE", "OPTIONS", "TRACE"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (method.len == strlen(names[i]) && memcmp(method.p, names[i], method.len) == 0)
            return true;
    return method.len == 0;
}

/* One of the requests before s had no final status yet, and a second sending of it would not do the
 * same as the first. */
static bool behind_unsafe(const struct aw_step *st, const struct aw_open *s)
{
    for (const struct aw_open *i = st->xs->first; i != s; i = i->next)
        if (!i->orphan && i->ex.status == 0 && i->ex.head_end != AW_OFF_NONE &&
            !is_idempotent(i->ex.text[AW_TEXT_METHOD]))
            return true;
    return false;
}

/*
 * The request was sent before the previous final response had been received: by the ACK number of
 * its first segment, where that is known.
 */
static void place(const struct aw_step *st, struct aw_open *s, const struct aw_http_event *ev)
{
    struct aw_exchanges *xs = st->xs;
    struct aw_exchange *x = &s->ex;
    const struct aw_open *before = NULL;
    for (const struct aw_open *i = xs->first; i != s; i = i->next)
        if (!i->orphan) before = i;
    x->answer_base = xs->rest.answers_end;
    if (before && !before->ex.final_complete && !answer_missed(before, ev->ack_off)) {
        s->behind = true;
        x->flags |= AW_F_PIPELINED;
        if (behind_unsafe(st, s)) x->flags |= AW_F_BEHIND_UNSAFE;
    } else if (aw_seen(&xs->rest.final_end)) {
        const bool early = ev->ack_off != AW_OFF_NONE ? ev->ack_off < xs->rest.answers_end
                                                      : ev->first.ord < xs->rest.final_end.ord;
        if (early) {
            x->flags |= AW_F_PIPELINED;
            x->prev_final_end = xs->rest.final_end;
        }
    }
    /* All that the client had read when it asked cannot be an answer to this. */
    if (ev->ack_off != AW_OFF_NONE && ev->ack_off > x->answer_base) x->answer_base = ev->ack_off;
    /* What was lost beyond that came while the head was on its way, and may be one. */
    if (xs->first == s && x->interim_count == 0 && x->status == 0 &&
        xs->rest.event_end[AW_S2C] > x->answer_base)
        x->flags |= AW_F_HOLE_RESPONSE;
}

/* Interim responses that the server sent after all it had to answer, and that the client had not
 * read when it asked: to the client they look like answers to this request, whose they are then.
 * Takes them from the exchange that they were put to; returns how many. */
static uint32_t take_crossing(const struct aw_exchanges *xs, const struct aw_http_event *ev,
                              struct aw_interim out[AW_INTERIM_MAX])
{
    struct aw_open *before = xs->over ? xs->over : xs->last;
    struct aw_exchange *x = before && !before->orphan ? &before->ex : NULL;
    if (!x || x->status == 0 || x->interim_count > AW_INTERIM_MAX) return 0;
    uint32_t keep = x->interim_count, n = 0;
    while (keep > 0 && x->interim[keep - 1].off >= x->final_head_end &&
           crosses(&x->interim[keep - 1], ev)) {
        keep--;
        x->continue_count -= x->interim[keep].status == 100;
    }
    for (uint32_t i = keep; i < x->interim_count; i++)
        out[n++] = x->interim[i];
    x->interim_count = keep;
    x->flags &= ~(uint32_t)AW_F_100_AFTER_FINAL;
    for (uint32_t i = 0; i < keep; i++)
        if (x->interim[i].status == 100 && x->interim[i].off >= x->final_head_end)
            x->flags |= AW_F_100_AFTER_FINAL;
    return n;
}

static void put_crossing(struct aw_open *s, const struct aw_interim *in, uint32_t n)
{
    struct aw_exchange *x = &s->ex;
    for (uint32_t i = 0; i < n; i++) {
        x->interim[x->interim_count++] = in[i];
        if (in[i].status == 100 && x->continue_count++ == 0) s->asked_for = in[i].at;
    }
}

/* Makes the slot of a request; the ones that only waited for it close first. */
static struct aw_open *begin(const struct aw_step *st, const struct aw_http_event *ev)
{
    struct aw_exchanges *xs = st->xs;
    struct aw_open *s = adopt(st, ev);
    bool owed = false;
    struct aw_interim crossing[AW_INTERIM_MAX];
    const uint32_t crossed = s ? 0 : take_crossing(xs, ev, crossing);
    aw_close_settling(st, &ev->first);
    for (struct aw_open *i = xs->first, *after; i && i != s; i = after) {
        after = i->next;
        owed |= (i->ex.flags & AW_F_WITHHELD) != 0;
        if (i->held) continue;
        i->request_over = true;
        if (i->orphan || i->ex.final_complete) {
            i->ex.next_request = ev->first;
            aw_open_close(st, i, &ev->first, ev->first.ord);
        }
    }
    /* Not sooner: what was answered before it was not asked by it. */
    if (ev->xid > xs->rest.asked_xid) xs->rest.asked_xid = ev->xid;
    if (!s) s = aw_open_new(st, ev->xid, ev->head ? aw_request_text_size(ev->head) : 0);
    if (!s) return NULL;
    struct aw_exchange *x = &s->ex;
    if (ev->head) aw_add_request_text(s, ev->head);
    x->req_off = ev->off;
    x->at[AW_AT_REQ_FIRST] = ev->first;
    if (ev->conflict) x->flags |= AW_F_CONFLICT;
    if (owed) x->flags |= AW_F_AFTER_OWED;
    put_crossing(s, crossing, crossed);
    place(st, s, ev);
    aw_place_again(st, AW_C2S, ev->off, ev->end, &x->loss[AW_PART_HEAD]);
    return s;
}

static void take_head(struct aw_exchange *x, const struct aw_head *h)
{
    x->req = h->req;
    x->req_version = h->version;
    if (h->odd) x->flags |= AW_F_AMBIGUOUS;
    if (!h->chunked && h->has_length && h->length >= 0) x->declared = h->length;
}

void aw_on_request(const struct aw_step *st, const struct aw_http_event *ev)
{
    struct aw_open *s = begin(st, ev);
    if (!s) return;
    struct aw_exchange *x = &s->ex;
    take_head(x, ev->head);
    aw_heads_keep(st, s, AW_REQUEST_HEAD, ev);
    x->head_end = ev->end;
    x->at[AW_AT_HEAD] = ev->last;
    const struct aw_open *first = st->xs->first;
    if (x->req & AW_REQ_EXPECT || first != s) aw_watch_head(st, s);
    aw_open_announce(st, s);
    aw_spare(st);
}

/* Content of which the end cannot be told: what is seen of it is all that will be known. */
static void content_broken(const struct aw_step *st, struct aw_open *s,
                           const struct aw_http_event *ev)
{
    struct aw_exchange *x = &s->ex;
    if (ev->why == AW_WHY_CONTENT_ENDED) return; /* with the connection, which tells itself */
    if (ev->why == AW_WHY_BAD_CHUNK) {
        x->flags |= AW_F_CHUNK_BAD | AW_F_AMBIGUOUS;
    } else {
        if (ev->why == AW_WHY_CONTENT_HOLE) x->flags |= AW_F_HOLE_CONTENT | AW_F_CUT_CONTENT_SIZE;
        x->sent = -1;
    }
    if (ev->cut) x->flags |= AW_F_CUT;
    s->framing_lost = s->request_over = true;
    aw_open_check(st, s);
}

/* A request that began and cannot be read to its end; or content that breaks off. */
void aw_on_request_broken(const struct aw_step *st, const struct aw_http_event *ev)
{
    struct aw_open *s = aw_open_find(st->xs, ev->xid);
    if (ev->part != AW_IN_HEAD) {
        if (s) content_broken(st, s, ev);
        return;
    }
    s = begin(st, ev);
    if (!s) return;
    if (ev->head) take_head(&s->ex, ev->head);
    /* Where its content begins and ends is unknown: nothing is owed that could be waited for. */
    s->request_over = true;
    s->ex.sent = -1;
    st->xs->rest.unseen_before = true;
    s->ex.flags |= ev->why == AW_WHY_HEAD_HOLE || ev->why == AW_WHY_HEAD_CUT ? AW_F_HOLE_REQ_HEAD
                                                                             : AW_F_HEAD_UNFINISHED;
    if (ev->cut) s->ex.flags |= AW_F_CUT;
    aw_open_announce(st, s);
    aw_open_check(st, s);
    aw_spare(st);
}

/* Bytes that begin no request: the rest of content whose framing was lost, or not HTTP. */
void aw_on_client_junk(const struct aw_step *st, const struct aw_http_event *ev)
{
    struct aw_open *s = st->xs->last;
    if (!s || !s->framing_lost) {
        aw_note_lost(st->xs, AW_LOST_UNPARSED, ev->end);
        return;
    }
    struct aw_http_event content = *ev;
    content.bytes = 0; /* how many of them are content is not known */
    aw_on_content(st, s, &content);
}

void aw_on_withheld(const struct aw_step *st, const struct aw_http_event *ev)
{
    struct aw_open *s = aw_open_find(st->xs, ev->xid);
    if (!s || s->request_over) return;
    struct aw_exchange *x = &s->ex;
    x->flags |= AW_F_WITHHELD;
    x->owed_bytes_next = ev->bytes;
    x->next_request = ev->first;
    s->request_over = true;
    s->content_end = ev->off;
    if (!x->final_complete) return;
    x->at[AW_AT_END] = ev->first;
    x->end_ord = ev->first.ord;
    s->ended = s->held = true;
    const struct aw_exchange_room *room = st->xs->room;
    (void)room->sink(room->ctx, AW_EX_ENDED, x, st->now);
}

/* --- content --- */

/* The clock of waiting: the end of the head, or of the previous final response where that is later.
 */
static aw_ns wait_from(const struct aw_exchange *x)
{
    const aw_ns head = x->at[AW_AT_HEAD].ts;
    return aw_seen(&x->prev_final_end) && x->prev_final_end.ts > head ? x->prev_final_end.ts : head;
}

/* A span under the floor is under W as well; W itself is only worked out for the rest. */
static bool is_wait(const struct aw_step *st, aw_ns span)
{
    return span >= st->xs->room->threshold[AW_T_WAIT_FLOOR] && span >= aw_open_w(st);
}

static void first_content(const struct aw_step *st, struct aw_open *s,
                          const struct aw_http_event *ev, aw_off ack_off)
{
    struct aw_exchange *x = &s->ex;
    x->at[AW_AT_BODY] = ev->first;
    x->body_ack = s->first_lost ? AW_OFF_NONE : ack_off;
    x->ack_unknown = x->body_ack == AW_OFF_NONE;
    x->body_peer_high = ev->peer_high;
    s->early_piece = !is_wait(st, ev->first.ts - wait_from(x));
}

/* Later bytes were captured well before the first ones: those came again, and their first sending
 * was not captured. */
static bool sent_earlier(const struct aw_step *st, const struct aw_open *s,
                         const struct aw_http_event *ev)
{
    const struct aw_mark *body = &s->ex.at[AW_AT_BODY];
    return ev->first.ord < body->ord &&
           body->ts - ev->first.ts > st->xs->room->threshold[AW_T_REORDER_GRACE];
}

/* The content began by then, and had acknowledged no more than this; whether it had as much, nobody
 * knows. */
static void move_start(struct aw_open *s, const struct aw_http_event *ev, aw_off ack_off)
{
    struct aw_exchange *x = &s->ex;
    const bool none = ack_off != AW_OFF_NONE && ack_off <= x->answer_base;
    x->at[AW_AT_BODY] = ev->first;
    x->body_ack = none ? ack_off : AW_OFF_NONE;
    x->ack_unknown = !none;
    x->body_peer_high = ev->peer_high;
}

/*
 * A first piece came with the head or right after it, and then a pause while the server's window
 * was open: the client waited there. Once content has acknowledged an answer, it no longer waits
 * for one.
 */
static bool look_for_pause(const struct aw_step *st, struct aw_open *s,
                           const struct aw_http_event *ev, aw_off ack_off)
{
    struct aw_exchange *x = &s->ex;
    if (!s->early_piece || aw_seen(&x->at[AW_AT_PAUSE])) return false;
    if (s->answered_by_piece && !s->behind) return false;
    if (st->xs->rest.window_closed >> AW_S2C & 1) return false;
    aw_ns from = x->at[AW_AT_BODY_END].ts;
    if (s->reopened != AW_NS_NONE && s->reopened > from) from = s->reopened;
    if (!is_wait(st, ev->first.ts - from)) return false;
    x->at[AW_AT_PAUSE] = x->at[AW_AT_BODY_END];
    x->at[AW_AT_RESUME] = ev->first;
    x->resume_ack = ack_off;
    x->sent_before_pause = x->sent;
    return true;
}

/* Which answers the client had read when it sent this piece. */
static void count_answered(struct aw_open *s, const struct aw_http_event *ev, aw_off ack_off,
                           int64_t bytes)
{
    struct aw_exchange *x = &s->ex;
    const bool known = ack_off != AW_OFF_NONE;
    const bool answered = known ? !s->behind && ack_off > x->answer_base
                                : x->interim_count > 0 || aw_seen(&x->at[AW_AT_FINAL_FIRST]);
    if (!answered) x->sent_before_answer += bytes;
    if (!known) return;
    if (ack_off > x->after_ack_max) x->after_ack_max = ack_off;
    if (ack_off > aw_unanswered_to(x)) s->answered_by_piece = true;
    if (x->status == 0 || ack_off < x->final_head_end) return;
    if (!aw_seen(&x->at[AW_AT_AFTER_FINAL])) x->at[AW_AT_AFTER_FINAL] = ev->first;
    x->at[AW_AT_AFTER_FINAL_LAST] = ev->last;
    x->sent_after_final += bytes;
}

void aw_on_content(const struct aw_step *st, struct aw_open *s, const struct aw_http_event *ev)
{
    struct aw_exchange *x = &s->ex;
    if (ev->odd) x->flags |= AW_F_AMBIGUOUS;
    const int64_t bytes = ev->bytes < INT64_MAX / 4 ? (int64_t)ev->bytes : INT64_MAX / 4;
    const bool first = !aw_seen(&x->at[AW_AT_BODY]);
    /* What the snap length cut off a segment has that segment's ACK number. */
    const bool same = ev->kind == AW_HTTP_GAP && ev->first.ord == x->at[AW_AT_BODY_END].ord;
    const aw_off ack_off = same ? s->last_ack : ev->ack_off;
    s->last_ack = ack_off;
    if (first) {
        first_content(st, s, ev, ack_off);
        aw_watch_content(st, s, ev->off + 1);
    } else if (sent_earlier(st, s, ev)) {
        move_start(s, ev, ack_off);
    } else if (look_for_pause(st, s, ev, ack_off)) {
        aw_watch_content(st, s, ev->off + 1);
    }
    if (!aw_seen(&x->at[AW_AT_FINAL_FIRST])) aw_open_silence(s, &ev->first);
    count_answered(s, ev, ack_off, bytes);
    if (x->sent >= 0 && x->sent < INT64_MAX / 2) x->sent += bytes;
    if (x->content_off_end == AW_OFF_NONE || ev->end > x->content_off_end)
        x->content_off_end = ev->end;
    if (ev->last.ord >= x->at[AW_AT_BODY_END].ord) x->at[AW_AT_BODY_END] = ev->last;
    if (first) aw_spare(st);
}

/*
 * Content that was sent and is not in the capture. Where the snap length cut it, its packet is: its
 * time, its ACK number and its size are known.
 */
void aw_on_content_gap(const struct aw_step *st, struct aw_open *s, const struct aw_http_event *ev)
{
    struct aw_exchange *x = &s->ex;
    x->flags |= AW_F_HOLE_CONTENT;
    if (ev->cut) {
        x->flags |= AW_F_CUT;
        aw_on_content(st, s, ev);
    } else if (!aw_seen(&x->at[AW_AT_BODY])) {
        s->first_lost = true;
    }
}
