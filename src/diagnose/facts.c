/*
 * The facts of a case (facts.h), each by its definition.
 */
#include "diagnose/facts.h"

#include <string.h>

static aw_ns known(aw_ns rtt)
{
    return rtt == AW_NS_NONE || rtt < 0 ? 0 : rtt;
}

static bool known_off(aw_off off)
{
    return off != AW_OFF_NONE;
}

aw_ns aw_case_rtt(const struct aw_conn_facts *conn)
{
    return known(conn->rtt_c) + known(conn->rtt_s);
}

aw_ns aw_case_w(const struct aw_conn_facts *conn, const int64_t threshold[])
{
    return aw_ns_max(threshold[AW_T_WAIT_RTTS] * aw_case_rtt(conn), threshold[AW_T_WAIT_FLOOR]);
}

/* From when the client can have waited: of a pipelined request, only once the answer before it is
 * over. */
static const struct aw_mark *wait_from(const struct aw_exchange *x)
{
    const struct aw_mark *head = &x->at[AW_AT_HEAD], *before = &x->prev_final_end;
    const bool later = (x->flags & AW_F_PIPELINED) && aw_seen(before) && before->ts > head->ts;
    return later ? before : head;
}

static aw_ns clock_start(const struct aw_exchange *x)
{
    return wait_from(x)->ts;
}

/* A final response that does not refuse came in the pause, and no 100: what the client paused for
 * is not known, but it was no answer. */
static bool answered_meanwhile(const struct aw_exchange *x)
{
    return x->status != 0 && x->status < 300 && x->continue_count == 0 &&
           known_off(x->resume_ack) && known_off(x->final_head_end) &&
           x->resume_ack >= x->final_head_end;
}

/*
 * Whether the client sent a first piece along with the head and only then waited: the piece came
 * within W of the head and the pause began within W of it, the window was open, and no answer had
 * been there for the first piece to answer. A pause later in an upload is no wait for the 100.
 */
static bool paused(const struct aw_exchange *x, aw_ns w)
{
    const struct aw_mark *body = &x->at[AW_AT_BODY], *pause = &x->at[AW_AT_PAUSE];
    const struct aw_mark *resume = &x->at[AW_AT_RESUME];
    if (!aw_seen(body) || !aw_seen(pause) || !aw_seen(resume)) return false;
    const aw_ns start = clock_start(x);
    if (aw_ns_since(start, body->ts) >= w || aw_ns_since(start, pause->ts) >= w) return false;
    if (aw_ns_since(pause->ts, resume->ts) < w) return false;
    const struct aw_mark *zero = &x->zero_window[AW_S2C];
    if (aw_seen(zero) && zero->ord <= resume->ord) return false;
    /* The first piece was sent without an answer; other interim responses are none. */
    const bool unasked =
        !known_off(x->body_ack) || !known_off(x->answer_base) || x->body_ack <= aw_unanswered_to(x);
    return unasked && !answered_meanwhile(x);
}

aw_ns aw_exchange_wait(const struct aw_exchange *x, const int64_t threshold[])
{
    if (!aw_seen(&x->at[AW_AT_HEAD]) || !aw_seen(&x->at[AW_AT_BODY])) return AW_NS_NONE;
    const bool p = paused(x, aw_case_w(&x->conn, threshold));
    return aw_ns_since(clock_start(x), x->at[p ? AW_AT_RESUME : AW_AT_BODY].ts);
}

const struct aw_interim *aw_facts_first_100(const struct aw_exchange *x)
{
    const struct aw_interim *early = NULL;
    for (unsigned i = 0; i < aw_interims_kept(x); i++) {
        const struct aw_interim *in = &x->interim[i];
        if (in->status != 100 || in->unfinished || !aw_seen(&in->at)) continue;
        if (x->status != 0 && known_off(x->final_off) && in->off > x->final_off) continue;
        if (aw_interim_early(x, in)) {
            if (!early) early = in;
            continue;
        }
        /* One that had not been asked for yet counts where the content did not wait for its own. */
        const bool by_early = early && aw_seen(&x->at[AW_AT_BODY]) && known_off(x->body_ack) &&
                              x->body_ack >= early->end && x->body_ack < in->end;
        return by_early ? early : in;
    }
    return early;
}

aw_ns aw_exchange_think(const struct aw_exchange *x)
{
    const struct aw_mark *head = &x->at[AW_AT_HEAD], *final = &x->at[AW_AT_FINAL];
    const struct aw_interim *in = aw_facts_first_100(x);
    aw_ns answer;
    if (!aw_seen(head)) return AW_NS_NONE;
    if (in && aw_seen(&in->at)) {
        answer = in->at.ts;
    } else if (in == NULL && aw_seen(final) &&
               (!aw_seen(&x->at[AW_AT_BODY]) || final->ord < x->at[AW_AT_BODY].ord)) {
        answer = final->ts;
    } else {
        return AW_NS_NONE;
    }
    return aw_ns_since(clock_start(x) + known(x->conn.rtt_s), answer);
}

/* What the content answers, by the ACK number of the segment at `at`. */
static bool answers(const struct aw_exchange *x, const struct aw_mark *at, aw_off ack, aw_off end,
                    const struct aw_mark *head, bool *unsure)
{
    if (known_off(ack) && known_off(end)) return ack >= end;
    *unsure = true;
    return at->ts >= head->ts + known(x->conn.rtt_c);
}

/* The only sample of the server's round trip is the head's own. Where its acknowledgement came with
 * the answer or late, that is the server's time, by which nothing of its can be judged. */
static void server_trip(struct aw_facts *f)
{
    const struct aw_exchange *x = f->x;
    const struct aw_mark *ack = &x->at[AW_AT_ACK_HEAD];
    if (!aw_seen(ack) || !aw_seen(f->head) || f->rtt_s == 0) return;
    const aw_ns own = aw_ns_since(f->head->ts, ack->ts);
    const bool answer = (x->interim_count && ack->ord == x->interim[0].first.ord) ||
                        ack->ord == x->at[AW_AT_FINAL_FIRST].ord;
    if (f->rtt_s < own || (!answer && own <= f->t[AW_T_ACK_PROMPT])) return;
    f->rtt_s = 0;
    f->rtt_known = false;
    f->rtt = f->rtt_c;
    f->w = aw_ns_max(f->t[AW_T_WAIT_RTTS] * f->rtt, f->t[AW_T_WAIT_FLOOR]);
}

/* The only sample of the client's round trip is the time that is to be judged by it. */
static void measured_by_itself(struct aw_facts *f)
{
    f->rtt_c = 0;
    f->rtt_known = false;
    f->rtt = f->rtt_s;
    f->w = aw_ns_max(f->t[AW_T_WAIT_RTTS] * f->rtt, f->t[AW_T_WAIT_FLOOR]);
}

static void content_facts(struct aw_facts *f)
{
    const struct aw_exchange *x = f->x;
    const struct aw_mark *final = &x->at[AW_AT_FINAL];
    f->content = aw_seen(&x->at[AW_AT_BODY]);
    f->paused = f->content && paused(x, f->w);
    f->body = &x->at[f->paused ? AW_AT_RESUME : AW_AT_BODY];
    f->first_100 = aw_facts_first_100(x);
    f->status = x->status;
    f->final = x->status != 0;
    f->heed = AW_NS_NONE;
    if (f->content) {
        const aw_off ack = f->paused ? x->resume_ack : x->ack_unknown ? AW_OFF_NONE : x->body_ack;
        const struct aw_interim *in = f->first_100;
        if (in) f->answers_100 = answers(x, f->body, ack, in->end, &in->at, &f->unsure);
        if (f->final && aw_seen(final))
            f->answers_final = answers(x, f->body, ack, x->final_head_end, final, &f->unsure);
        f->gave_up = !f->answers_100 && !f->answers_final;
        /* A 100 before the end of the head is not what is heeded: the head is to be sent first. */
        if (f->answers_100) f->heed = aw_ns_since(aw_ns_max(in->at.ts, f->head->ts), f->body->ts);
        if (f->answers_100 && f->rtt_c > 0 && f->rtt_c >= f->heed) measured_by_itself(f);
    }
    f->final_first = f->final && (!f->content || (f->answers_final && !f->paused));
    f->wait = aw_exchange_wait(x, f->t);
    /* The content was the first to acknowledge the answer from whose end its wait counts. */
    if (f->gave_up && f->from != f->head && f->wait >= f->t[AW_T_WAIT_FLOOR] &&
        f->rtt_c >= f->wait && f->rtt_c - f->wait <= AW_REACTION)
        measured_by_itself(f);
    f->think = aw_exchange_think(x);
}

static const struct aw_mark *earlier(const struct aw_mark *a, const struct aw_mark *b)
{
    if (!aw_seen(a)) return aw_seen(b) ? b : NULL;
    return aw_seen(b) && b->ord < a->ord ? b : a;
}

/* By what its FIN acknowledges, and by their order where they cannot have crossed. */
static bool left_before_100(const struct aw_facts *f)
{
    const struct aw_interim *in = f->first_100;
    const struct aw_conn_facts *conn = &f->x->conn;
    if (f->content || !f->owes || !f->client_closed) return false;
    const bool before = f->client_end->ord < in->at.ord;
    if (f->client_end != &conn->fin[AW_C2S] || !known_off(conn->fin_ack[AW_C2S])) return before;
    if (conn->fin_ack[AW_C2S] >= in->end) return false;
    return before || f->client_end->ts < in->at.ts + f->rtt_c;
}

static void close_facts(struct aw_facts *f)
{
    const struct aw_exchange *x = f->x;
    const struct aw_conn_facts *conn = &x->conn;
    f->client_end = earlier(&conn->fin[AW_C2S], &conn->rst[AW_C2S]);
    f->server_end = earlier(&conn->fin[AW_S2C], &conn->rst[AW_S2C]);
    /* Of two ends the connection tells which was first: it knows what each acknowledged. */
    if (f->client_end && (!f->server_end || conn->closed_by == AW_C2S))
        f->client_closed = true;
    else if (f->server_end)
        f->server_closed = true;
    f->server_reset = f->server_closed && f->server_end == &conn->rst[AW_S2C];
    f->heard_100 = f->first_100 && !left_before_100(f);
    f->idle = (x->flags & AW_F_IDLE_ENDED) != 0;
    f->open = (x->flags & AW_F_INPUT_ENDED) && !f->idle && !f->client_closed && !f->server_closed &&
              conn->close == AW_CONN_OPEN;

    f->now = aw_seen(&x->at[AW_AT_END]) ? x->at[AW_AT_END].ts : conn->last_packet;
    f->stuck = AW_NS_NONE;
    if (!f->content && aw_seen(f->head)) {
        aw_ns end = f->now;
        if (f->final && aw_seen(&x->at[AW_AT_FINAL]))
            end = x->at[AW_AT_FINAL].ts;
        else if (f->client_closed)
            end = f->client_end->ts;
        else if (f->server_closed)
            end = f->server_end->ts;
        f->stuck = aw_ns_since(clock_start(x), end);
    }
}

static void loss_facts(struct aw_facts *f)
{
    const struct aw_exchange *x = f->x;
    const struct aw_loss *head = &x->loss[AW_PART_HEAD], *in = &x->loss[AW_PART_100];
    const struct aw_mark *ack = &x->at[AW_AT_ACK_HEAD];
    /* An answer acknowledges the head as well as any bare segment does. */
    f->head_acked = aw_seen(ack) || f->first_100 || f->final;
    aw_ns acked = aw_seen(ack)   ? ack->ts
                  : f->first_100 ? f->first_100->at.ts
                                 : x->at[AW_AT_FINAL].ts;
    if (head->count && f->head_acked && aw_seen(f->head)) {
        const uint64_t ord = aw_seen(ack)   ? ack->ord
                             : f->first_100 ? f->first_100->at.ord
                                            : x->at[AW_AT_FINAL].ord;
        f->head_late_ack = ord > head->first.ord;
        if (f->head_late_ack)
            f->loss_delay = aw_ns_since(f->head->ts, head->last.ts < acked ? head->last.ts : acked);
    } else if (head->count && aw_seen(f->head)) {
        f->loss_delay = aw_ns_since(f->head->ts, head->last.ts);
    }
    if (in->count && f->first_100)
        f->loss_delay = aw_ns_max(f->loss_delay, aw_ns_since(f->first_100->at.ts, in->last.ts));
}

bool aw_facts_shut_out(const struct aw_facts *f)
{
    const struct aw_exchange *x = f->x;
    const struct aw_mark *zero = &x->zero_window[AW_S2C];
    if (!aw_seen(zero)) return false;
    if (!f->content) return true;
    /* What acknowledges content came after it, whatever the order in the capture. */
    const bool after =
        known_off(x->shut_ack) && known_off(x->head_end) && !f->paused && x->shut_ack > x->head_end;
    return zero->ord < f->body->ord && !after;
}

bool aw_facts_stall(const struct aw_facts *f, aw_ns lost)
{
    const struct aw_exchange *x = f->x;
    if (!f->expect) return false;
    if (!f->content && f->owes && !f->heard_100 && (!f->final || f->status == 408))
        return f->stuck != AW_NS_NONE && f->stuck - lost >= f->w;
    if (f->gave_up && f->wait >= f->w) {
        if (!f->first_100) return true;
        if (lost == 0) return true;
        /* The 100 was on its way early enough, had nothing been lost. */
        const aw_ns there =
            f->first_100->at.ts + f->rtt_c - (x->loss[AW_PART_100].count ? 0 : lost);
        return there > f->body->ts || f->think - lost > aw_slow_limit(f);
    }
    if (f->answers_100 && f->think - (x->loss[AW_PART_HEAD].count ? lost : 0) > aw_slow_limit(f))
        return true;
    return f->answers_100 && f->heed - (x->loss[AW_PART_100].count ? lost : 0) > aw_heed_limit(f) &&
           !aw_facts_shut_out(f);
}

/* What stands between; by the names in the answer where `named`, else by its own Via alone. */
static void between_facts(struct aw_facts *f, bool named)
{
    const struct aw_exchange *x = f->x;
    if (named) f->between = aw_agent_between(f->c->memo, x);
    if (f->between.agent) {
        /* An error page can be anyone's text, and often quotes: it names a product for the fix.
         * Only of a failure that no server signed does it tell who answered. */
        if (f->between.text == AW_TEXT_SERVER || f->between.text == AW_TEXT_REASON)
            f->hops |= AW_HOP_PRODUCT;
        else if (f->between.text == AW_TEXT_RES_HINT)
            f->hops |= AW_HOP_FIELD;
        else if (f->between.text == AW_TEXT_ERROR_BODY && x->status >= 500 &&
                 x->text[AW_TEXT_SERVER].len == 0)
            f->hops |= AW_HOP_PAGE;
    } else if (f->c->inner) {
        f->between = aw_agent_forwarder(f->c->memo, f->c->inner);
    }
}

static void hop_facts(struct aw_facts *f)
{
    const struct aw_exchange *x = f->x;
    /* It decides the blame for a status of 300 and above alone; otherwise it is only spoken of. */
    between_facts(f, x->status >= 300);
    if ((x->res & AW_RES_VIA) || x->text[AW_TEXT_VIA].p) f->hops |= AW_HOP_VIA;
    if (x->res & AW_RES_PROXY_FIELD) f->hops |= AW_HOP_PROXY_FIELD;
    if (x->res & (AW_RES_X_CACHE | AW_RES_AGE)) f->hops |= AW_HOP_CACHE;
    if (x->res & AW_RES_SQUID) f->hops |= AW_HOP_SQUID;
    if (x->req & (AW_REQ_ABSOLUTE | AW_REQ_CONNECT)) f->hops |= AW_HOP_TARGET;
    /* Where each packet is captured on both sides of a router, which of its two TTLs is the first
     * is chance. */
    if (x->conn.copies == 0 && x->conn.syn_seen[AW_S2C] && x->conn.ttl_first[AW_S2C] &&
        x->final_ttl && x->final_ttl != x->conn.ttl_first[AW_S2C])
        f->hops |= AW_HOP_TTL;
}

/* Server bytes before the content that nobody captured: acknowledged by the client, or passed over
 * by the server's own sequence numbers. */
static bool unseen_answer(const struct aw_exchange *x)
{
    if (!known_off(x->answer_base)) return false;
    aw_off high = x->answer_base;
    if (aw_seen(&x->at[AW_AT_BODY])) {
        if (known_off(x->body_ack) && x->body_ack > high) high = x->body_ack;
        if (known_off(x->body_peer_high) && x->body_peer_high > high) high = x->body_peer_high;
    }
    if (aw_seen(&x->at[AW_AT_RESUME]) && known_off(x->resume_ack) && x->resume_ack > high)
        high = x->resume_ack;
    if (high == x->answer_base) return false;
    /* Of one that a hole cut it is not known whether it was all that came. */
    const bool cut = (x->flags & AW_F_HOLE_RESPONSE) != 0;
    for (unsigned i = 0; i < aw_interims_kept(x); i++)
        if (x->interim[i].off < high && !(cut && x->interim[i].unfinished)) return false;
    return !(x->status != 0 && known_off(x->final_off) && x->final_off < high) &&
           !(x->flags & AW_F_FINAL_UNFINISHED);
}

static bool malformed_100(const struct aw_exchange *x)
{
    for (unsigned i = 0; i < aw_interims_kept(x); i++)
        if (x->interim[i].status == 100 && (x->interim[i].length_not_zero || x->interim[i].has_te))
            return true;
    return (x->flags & AW_F_100_AFTER_FINAL) != 0;
}

static void missing_facts(struct aw_facts *f)
{
    const struct aw_exchange *x = f->x;
    const uint32_t fl = x->flags;
    if ((fl & AW_F_REQ_UNSEEN) && x->unseen != AW_UNSEEN_NO_REQUEST) f->missing |= AW_MISS_REQUEST;
    if (fl & (AW_F_HOLE_REQ_HEAD | AW_F_HEAD_UNFINISHED)) f->missing |= AW_MISS_HEAD;
    if (fl & AW_F_NO_SERVER_SIDE) f->missing |= AW_MISS_SERVER_SIDE;
    if (fl & AW_F_NO_CLIENT_SIDE) f->missing |= AW_MISS_CLIENT_SIDE;
    if ((fl & AW_F_EVICTED) && !x->final_complete) f->missing |= AW_MISS_EVICTED;

    /*
     * A hole over the place of the 100 does not matter where what was seen settles the case: the
     * status alone, a 100 that the content answers, a final status that took its place, or content
     * that was sent at once and had acknowledged no byte of an answer.
     */
    const bool by_status = f->status == 417 || f->status >= 500;
    const bool at_once =
        f->gave_up && !f->unsure && f->wait < f->w && f->final && !unseen_answer(x);
    const bool settled = by_status || malformed_100(x) || (fl & AW_F_SWALLOWED) ||
                         (f->answers_100 && f->final) || f->final_first || at_once || !f->expect;
    if ((fl & AW_F_HOLE_RESPONSE) && !settled) f->missing |= AW_MISS_CONTINUE;
    if ((fl & AW_F_HOLE_CONTENT) && !f->content && !by_status) f->missing |= AW_MISS_CONTENT;
    if (unseen_answer(x) && !settled) f->missing |= AW_MISS_ACKED;
    if (!f->final && (fl & (AW_F_HOLE_FINAL | AW_F_HOLE_RESPONSE))) f->missing |= AW_MISS_FINAL;
    /* What comes after an answer, unasked, has no end to wait for. */
    const bool unasked = x->unseen == AW_UNSEEN_NO_REQUEST && (fl & AW_F_100_AFTER_FINAL);
    if (!f->final && !f->client_closed && !f->server_closed && !f->idle && !f->open &&
        !(fl & AW_F_EVICTED) && !unasked)
        f->missing |= AW_MISS_END;
}

static void chain_facts(struct aw_facts *f)
{
    const struct aw_case *c = f->c;
    if (c->chain == NULL || c->place >= c->chain_len) return;
    if (c->place > 0) f->prev = &c->chain[c->place - 1];
    if (c->place + 1 < c->chain_len) f->next = &c->chain[c->place + 1];
    for (unsigned i = c->place + 1; i < c->chain_len; i++) {
        const struct aw_attempt *a = &c->chain[i];
        if (a->expect || a->status < 200 || a->status >= 400) continue;
        f->recovery = a;
        break;
    }
}

void aw_facts_make(struct aw_facts *f, const struct aw_case *c, const int64_t threshold[])
{
    const struct aw_exchange *x = c->self;
    memset(f, 0, sizeof *f);
    f->c = c;
    f->x = x;
    f->t = threshold;
    f->rtt_c = known(x->conn.rtt_c);
    f->rtt_s = known(x->conn.rtt_s);
    f->rtt = aw_case_rtt(&x->conn);
    f->rtt_known = x->conn.rtt_c != AW_NS_NONE && x->conn.rtt_s != AW_NS_NONE;
    f->w = aw_case_w(&x->conn, threshold);
    f->vantage = aw_conn_vantage(&x->conn);
    f->expect = (x->req & AW_REQ_EXPECT) != 0;
    /* With a value or parameters it is another expectation, or none at all. */
    f->expect_100 = (x->req & (AW_REQ_EXPECT_100 | AW_REQ_EXPECT_PARAMS)) == AW_REQ_EXPECT_100;
    /* A length that cannot be read does not say that there is no content. */
    f->owes = x->declared > 0 || (x->req & (AW_REQ_CHUNKED | AW_REQ_HAS_TE | AW_REQ_LENGTH_BAD |
                                            AW_REQ_LENGTHS_DIFFER)) != 0;
    f->head = &x->at[AW_AT_HEAD];
    f->from = wait_from(x);
    server_trip(f);
    content_facts(f);
    close_facts(f);
    loss_facts(f);
    hop_facts(f);
    chain_facts(f);
    missing_facts(f);
}

void aw_facts_name(struct aw_facts *f)
{
    if (f->x->status < 300) between_facts(f, true);
    f->client = aw_agent_client(f->c->memo, f->x);
    f->server = aw_agent_server(f->c->memo, f->x);
}
