/*
 * How sure a verdict is (section 2 of the catalogue): every deciding byte captured, decided by ACK
 * numbers, no number near its threshold, no cause that excludes the chosen one. One of these
 * failing makes it medium, two make it low; some circumstances allow no more than medium whatever
 * else.
 */
#include "diagnose/verdict.h"

struct tally {
    unsigned fails;
    bool cap; /* medium at most */
    struct aw_doubts *doubts;
};

static void why(struct tally *t, const char *text)
{
    if (t->doubts->count < AW_DOUBTS_MAX) t->doubts->why[t->doubts->count++] = text;
}

static void fail(struct tally *t, bool is, const char *text)
{
    if (!is) return;
    t->fails++;
    why(t, text);
}

static void cap(struct tally *t, bool is, const char *text)
{
    if (!is) return;
    t->cap = true;
    why(t, text);
}

static uint64_t bit(enum aw_cause c)
{
    return UINT64_C(1) << c;
}

static bool in(enum aw_cause c, uint64_t set)
{
    return (set & bit(c)) != 0;
}

/* Causes in which a round trip, or W that is made of it, is held against a time. */
static bool uses_rtt(const struct aw_facts *f, enum aw_cause c)
{
    const uint64_t always = bit(AW_CAUSE_DEADLOCK) | bit(AW_CAUSE_RESPONSE_LOST) |
                            bit(AW_CAUSE_IGNORED) | bit(AW_CAUSE_LATE_CONTINUE) |
                            bit(AW_CAUSE_SLOW_CONTINUE) | bit(AW_CAUSE_CONTINUE_UNHEEDED) |
                            bit(AW_CAUSE_NOT_AWAITED);
    if (c == AW_CAUSE_IGNORED_REJECTION) return !f->answers_final;
    if (c == AW_CAUSE_ABANDONED) return !f->heard_100;
    if (c == AW_CAUSE_EXPECT_HTTP10) return f->status != 417;
    return in(c, always);
}

/* Causes that rest on which answer the content had seen. */
static bool uses_acks(enum aw_cause c)
{
    return in(c, bit(AW_CAUSE_IGNORED) | bit(AW_CAUSE_LATE_CONTINUE) | bit(AW_CAUSE_NOT_AWAITED) |
                     bit(AW_CAUSE_SLOW_CONTINUE) | bit(AW_CAUSE_CONTINUE_UNHEEDED) |
                     bit(AW_CAUSE_LATE_REJECTION) | bit(AW_CAUSE_IGNORED_REJECTION) |
                     bit(AW_CAUSE_ACCEPTED_EARLY) | bit(AW_CAUSE_CONTINUED) |
                     bit(AW_CAUSE_EXPECT_DROPPED) | bit(AW_CAUSE_CONTINUE_NOT_RELAYED));
}

/* Causes that rest on who closed the connection first. */
static bool by_close(const struct aw_facts *f, enum aw_cause c)
{
    return !f->final && in(c, bit(AW_CAUSE_DEADLOCK) | bit(AW_CAUSE_REQUEST_TIMEOUT) |
                                  bit(AW_CAUSE_RESET_UNANSWERED) | bit(AW_CAUSE_CLOSED_UNANSWERED) |
                                  bit(AW_CAUSE_ABANDONED) | bit(AW_CAUSE_NO_RESPONSE));
}

/* A refusal that carries a proxy's signs and an origin's product: either may have made it. */
static bool origin_named(const struct aw_facts *f)
{
    const bool sure = (f->hops & (AW_HOP_SQUID | AW_HOP_PRODUCT | AW_HOP_PROXY_FIELD)) != 0;
    return !sure && f->x->text[AW_TEXT_SERVER].len != 0;
}

/* The answer acknowledges more than was captured of the request and what followed it: more content,
 * the client's FIN, or a request of its own. */
static bool acks_unseen(const struct aw_facts *f)
{
    const struct aw_exchange *x = f->x;
    if (!f->final || x->final_ack == AW_OFF_NONE || x->head_end == AW_OFF_NONE) return false;
    if (f->client_end && f->client_end->ord < x->at[AW_AT_FINAL_FIRST].ord) return false;
    if (!f->content) return x->final_ack > x->head_end;
    return x->content_complete && x->declared >= 0 && x->final_ack > x->head_end + x->declared;
}

/* After a 100 the client left, and its FIN does not acknowledge the answer: without that it left of
 * itself, whichever of the two was captured first. */
static bool left_unaware(const struct aw_facts *f)
{
    const struct aw_exchange *x = f->x;
    const aw_off ack = x->conn.fin_ack[AW_C2S];
    return f->first_100 && f->owes && !f->content && f->client_closed &&
           f->client_end == &x->conn.fin[AW_C2S] && ack != AW_OFF_NONE && ack <= x->final_off;
}

/* The server had closed and then reset the connection: a system does that to bytes which come for a
 * connection that nobody reads any more, and none were captured. */
static bool reset_by_unseen(const struct aw_facts *f)
{
    const struct aw_conn_facts *conn = &f->x->conn;
    return f->owes && !f->content && aw_seen(&conn->fin[AW_S2C]) && aw_seen(&conn->rst[AW_S2C]) &&
           conn->rst[AW_S2C].ord > conn->fin[AW_S2C].ord && !aw_seen(&conn->rst[AW_C2S]);
}

/* What the origin's leg may have told: a 417 and where it began, or a 100 that was not passed on.
 */
static bool by_legs(const struct aw_facts *f, enum aw_cause c)
{
    return in(c, bit(AW_CAUSE_EXPECT_REFUSED) | bit(AW_CAUSE_EXPECT_REFUSED_BY_PROXY) |
                     bit(AW_CAUSE_EXPECT_DROPPED) | bit(AW_CAUSE_CONTINUE_NOT_RELAYED) |
                     bit(AW_CAUSE_LATE_CONTINUE) | bit(AW_CAUSE_SLOW_CONTINUE)) ||
           (f->expect && f->x->continue_count == 0 && f->status != 417);
}

/* Content is owed, and neither it nor the connection's end came. */
static bool sends_on(const struct aw_facts *f)
{
    return f->owes && !f->x->content_complete && f->x->conn.close == AW_CONN_OPEN &&
           !(f->x->flags & AW_F_WITHHELD);
}

/* The 100 passed the capture point so long before the content that does not acknowledge it that
 * they cannot have crossed. */
static bool overdue(const struct aw_facts *f)
{
    return f->first_100 && f->content &&
           f->body->ts - f->first_100->at.ts > f->rtt_c + f->rtt_c / 5 + AW_REACTION;
}

/* The packet came after others of its sender that were not captured: it may be a repetition. */
static bool maybe_again(const struct aw_facts *f, enum aw_dir dir, const struct aw_mark *m)
{
    for (unsigned i = 0; i < AW_MISSED_MAX && aw_seen(m); i++)
        if (f->x->conn.missed[dir][i] == m->ord) return true;
    return false;
}

/* It came where content of the request before it was owed, and what became of it would be the same
 * if the server had taken it for that. */
static bool maybe_swallowed(const struct aw_facts *f)
{
    return (f->x->flags & AW_F_AFTER_OWED) && f->x->interim_count == 0 &&
           (!f->final || f->status == 400 || f->status == 408);
}

/* The client left so soon after what it had to send that no answer can be missed yet. */
static bool left_soon(const struct aw_facts *f)
{
    const struct aw_mark *sent = f->content ? &f->x->at[AW_AT_BODY_END] : f->head;
    return f->client_closed && f->client_end->ts - sent->ts < f->w;
}

/* The client's FIN came along with the end of what it had to send, says no more than that, and the
 * input ended on it. */
static bool half_closed(const struct aw_facts *f)
{
    const struct aw_exchange *x = f->x;
    const struct aw_mark *sent = f->content ? &x->at[AW_AT_BODY_END] : f->head;
    return (x->flags & AW_F_INPUT_ENDED) && f->client_closed && f->server_end == NULL &&
           f->client_end == &x->conn.fin[AW_C2S] && (x->content_complete || !f->owes) &&
           f->client_end->ts - sent->ts < f->w && f->now - f->client_end->ts < f->w;
}

/* The shortest time after which the usual stacks send again, a little less. */
#define SENDS_AGAIN (180 * AW_MS)

/* Such a packet came before what ended the waiting, and since the head, or since the handshake,
 * which may be all that the round trips are known by. Content that was not awaited may have paused
 * after its first piece. */
static bool came_within(const struct aw_facts *f, enum aw_cause cause, const uint64_t ord[2])
{
    const uint64_t from = f->x->flags & AW_F_KEPT ? f->x->at[AW_AT_REQ_FIRST].ord : 0;
    const struct aw_mark *last =
        cause == AW_CAUSE_NOT_AWAITED ? &f->x->at[AW_AT_BODY_END] : f->body;
    const uint64_t to = f->final && f->content ? last->ord : UINT64_MAX;
    for (unsigned dir = 0; dir < 2; dir++)
        if (ord[dir] > from && ord[dir] <= to) return true;
    return false;
}

/* By IP IDs a packet of the server was not captured between its 100 and its next one. */
static bool window_unseen(const struct aw_facts *f)
{
    if (!f->first_100) return false;
    for (unsigned i = 0; i < AW_MISSED_MAX; i++)
        if (f->x->conn.missed[AW_S2C][i] > f->first_100->at.ord) return true;
    return false;
}

/* That it has content is all that is wrong with any 100. */
static bool odd_by_content(const struct aw_exchange *x)
{
    for (unsigned i = 0; i < aw_interims_kept(x); i++) {
        const struct aw_interim *in = &x->interim[i];
        if (in->status == 100 && (in->length_not_zero || in->has_te || in->unfinished))
            return false;
    }
    return (x->flags & AW_F_100_AFTER_FINAL) == 0;
}

static void circumstances(const struct aw_facts *f, enum aw_cause cause, struct tally *t)
{
    const struct aw_exchange *x = f->x;
    const bool stalls = in(cause, bit(AW_CAUSE_IGNORED) | bit(AW_CAUSE_LATE_CONTINUE) |
                                      bit(AW_CAUSE_SLOW_CONTINUE) | bit(AW_CAUSE_DEADLOCK));
    cap(t, uses_rtt(f, cause) && !f->rtt_known, "a round trip could not be measured");
    cap(t,
        cause == AW_CAUSE_DEADLOCK && f->idle && !f->client_closed && !f->server_closed &&
            !f->final,
        "known by idleness alone, no close was seen");
    cap(t,
        (in(cause, bit(AW_CAUSE_SLOW_CONTINUE) | bit(AW_CAUSE_LATE_CONTINUE) |
                       bit(AW_CAUSE_NETWORK_LOSS)) ||
         (cause == AW_CAUSE_DEADLOCK && f->first_100)) &&
            f->vantage != AW_VANTAGE_SERVER &&
            !(cause == AW_CAUSE_LATE_CONTINUE && aw_proven_late(f)),
        "seen away from the server, where a 100 lost before the capture point looks the same");
    cap(t,
        cause == AW_CAUSE_NETWORK_LOSS && x->loss[AW_PART_HEAD].count == 0 &&
            x->loss[AW_PART_100].count == 0 && x->loss[AW_PART_CONTENT].count == 0,
        "nothing was seen to be sent again");
    /* An attempt that was not captured makes the number smaller, never greater. */
    const int64_t loop = f->t[AW_T_LOOP_ATTEMPTS], run = f->c->failed_run;
    cap(t,
        cause != AW_CAUSE_RETRY_LOOP && f->status >= 400 && run < loop && (loop - run) * 5 <= loop,
        "with one more attempt it would be a loop");
    cap(t,
        in(cause, bit(AW_CAUSE_RESET_UNANSWERED) | bit(AW_CAUSE_CLOSED_UNANSWERED)) &&
            (x->flags & AW_F_HOLE_CONTENT) && !aw_seen(&x->conn.fin[AW_C2S]),
        "bytes of the client were not captured: it may have closed first");
    cap(t, cause == AW_CAUSE_NO_RESPONSE && half_closed(f),
        "the client closed its own side alone, and the capture ends before an answer could come");
    cap(t,
        cause == AW_CAUSE_REQUEST_TIMEOUT && f->final && x->content_complete &&
            x->content_off_end != AW_OFF_NONE && x->final_ack != AW_OFF_NONE &&
            x->final_ack >= x->content_off_end,
        "the 408 acknowledges all of the content: its sender was late to read it");
    cap(t, cause == AW_CAUSE_NO_RESPONSE && left_soon(f),
        "the client left before the server can be said to be late");
    cap(t, cause == AW_CAUSE_RESET_UNANSWERED && x->conn.rst_bare[AW_S2C],
        "the reset has no ACK number: what had ended the connection before was not captured");
    if (stalls) {
        const struct aw_mark *ack = &x->at[AW_AT_ACK_HEAD];
        cap(t, !aw_seen(ack) || ack->ts - f->head->ts > f->rtt_s + f->t[AW_T_ACK_PROMPT],
            "the server's side did not acknowledge the head at once");
        cap(t,
            maybe_again(f, AW_C2S, f->body) && aw_seen(ack) &&
                ack->ts - f->head->ts > f->rtt_s + SENDS_AGAIN,
            "by IP IDs a packet after the head was not captured: the head may have been sent "
            "again");
    }
    cap(t,
        in(cause, bit(AW_CAUSE_IGNORED) | bit(AW_CAUSE_LATE_CONTINUE) | bit(AW_CAUSE_DEADLOCK)) &&
            aw_facts_shut_out(f),
        "the server's window was closed meanwhile: the client may have waited for that");
    /* What the head waited for its repetition would then be the network's. */
    cap(t,
        cause > AW_CAUSE_NETWORK_LOSS && f->expect && x->conn.joined[AW_C2S] &&
            !(x->flags & AW_F_KEPT),
        "what the client sent before the head was not captured: the head may have been sent "
        "before");
    cap(t, f->prev != NULL && f->prev->incomplete, "the attempt before it was not seen in full");
    cap(t,
        in(cause, bit(AW_CAUSE_EXPECT_REFUSED) | bit(AW_CAUSE_EXPECT_REFUSED_BY_PROXY)) &&
            f->prev == NULL && (x->flags & (AW_F_AFTER_UNSEEN | AW_F_MIDSTREAM)),
        "what was asked before on the connection was not seen");
    cap(t,
        cause == AW_CAUSE_MALFORMED_CONTINUE && (x->flags & AW_F_100_AFTER_FINAL) &&
            (x->flags & AW_F_MIDSTREAM),
        "the connection was joined after its start: the answers may be those of earlier requests");
    cap(t, cause == AW_CAUSE_MALFORMED_CONTINUE && !f->final && odd_by_content(f->x),
        "without a response behind it, what follows the 100 may be one that is no HTTP");
    cap(t, by_legs(f, cause) && f->c->inner_unseen,
        "what the origin answered was not seen in full");
    cap(t, by_legs(f, cause) && f->c->inner_loose,
        "that it is the origin's leg is known by a single sign");
    const uint64_t stayed_home = bit(AW_CAUSE_REJECTED_EARLY) | bit(AW_CAUSE_ACCEPTED_EARLY);
    cap(t, in(cause, stayed_home) && acks_unseen(f),
        "the answer acknowledges bytes of the client that were not captured");
    cap(t, cause == AW_CAUSE_REJECTED_EARLY && left_unaware(f),
        "the client's FIN does not acknowledge the answer: it may have left without");
    cap(t, in(cause, stayed_home) && reset_by_unseen(f),
        "the server's reset answers bytes of the client that were not captured");
    cap(t, (x->flags & AW_F_HOLE_RESPONSE) && acks_unseen(f) && f->content,
        "the final response may be that to another request, which was not captured");
    cap(t,
        cause == AW_CAUSE_NOT_AWAITED && (x->flags & AW_F_HOLE_CONTENT) && f->final &&
            x->at[AW_AT_FINAL].ts - f->body->ts >= f->w,
        "content was not captured, and in its place the client may have waited");
    cap(t, cause == AW_CAUSE_CONTINUE_UNHEEDED && f->vantage != AW_VANTAGE_CLIENT,
        "seen away from the client, where content lost before the capture point looks the same");
    cap(t, (f->final || (x->flags & AW_F_REQ_UNSEEN)) && (x->flags & AW_F_UNSETTLED),
        "the capture does not show what came after");
    cap(t,
        (x->flags & AW_F_PAIR_UNSURE) ||
            ((x->flags & AW_F_REQ_UNSEEN) && (x->flags & AW_F_AFTER_UNSEEN)),
        "what was not captured may have held another request or its answer");
    cap(t, cause > AW_CAUSE_RESPONSE_LOST && f->final && f->content && sends_on(f),
        "how the client took the answer was not captured");
    cap(t,
        in(cause, bit(AW_CAUSE_EXPECT_REFUSED) | bit(AW_CAUSE_EXPECT_REFUSED_BY_PROXY)) &&
            f->next == NULL && (x->flags & AW_F_HOLE_CONTENT),
        "what was not captured may have held a repeat");
    cap(t,
        cause == AW_CAUSE_SERVER_ERROR && f->status == 503 && x->text[AW_TEXT_SERVER].len == 0 &&
            ((x->flags & AW_F_HOLE_FINAL) || !x->final_complete),
        "no server signed the 503, and its content, which may be a proxy's page, was not captured");
    cap(t,
        in(cause, bit(AW_CAUSE_EXPECT_REFUSED) | bit(AW_CAUSE_EXPECT_REFUSED_BY_PROXY)) &&
            (x->flags & AW_F_WITHHELD) && f->next && f->next->same_connection &&
            f->next->status == 408,
        "the 408 to the repeat may answer what was left over of it");
    /* A FIN in time would have made it another cause, and it may be the packet that is missing. */
    cap(t,
        in(cause, bit(AW_CAUSE_CONTINUED) | bit(AW_CAUSE_REJECTED_EARLY)) && f->first_100 &&
            f->final && f->owes && !x->content_complete &&
            x->at[AW_AT_FINAL].ts - f->first_100->at.ts >= f->w,
        "the content was not complete when the answer came");
    cap(t,
        cause == AW_CAUSE_NOT_AWAITED && f->final && x->declared > 0 && x->sent < x->declared &&
            x->conn.close == AW_CONN_RST && x->conn.closed_by == AW_S2C,
        "the server reset the connection under the content");
    cap(t,
        cause > AW_CAUSE_NETWORK_LOSS && f->expect &&
            (maybe_again(f, AW_C2S, f->head) || maybe_again(f, AW_C2S, &x->at[AW_AT_REQ_FIRST])),
        "by IP IDs a packet before the head was not captured: the head may have been sent before");
    cap(t,
        in(cause, bit(AW_CAUSE_SLOW_CONTINUE) | bit(AW_CAUSE_LATE_CONTINUE)) &&
            maybe_again(f, AW_S2C, &f->first_100->first),
        "by IP IDs a packet before the 100 was not captured: the 100 may have been sent before");
    cap(t, cause == AW_CAUSE_CONTINUE_UNHEEDED && window_unseen(f),
        "by IP IDs a packet of the server was not captured: it may have closed its window");
    cap(t, cause == AW_CAUSE_CONTINUE_UNHEEDED && maybe_again(f, AW_C2S, f->body),
        "by IP IDs a packet before the content was not captured: it may have been sent before");
    cap(t, (x->flags & AW_F_CONFLICT) != 0, "overlapping segments of a head disagree");
    cap(t, cause != AW_CAUSE_DESYNC_RISK && (x->flags & AW_F_AMBIGUOUS) != 0,
        "a head or the framing of content can be read in more than one way");
    cap(t, (x->flags & AW_F_TIME_STEPPED) != 0, "capture times ran backwards");
    cap(t, came_within(f, cause, x->conn.leapt),
        "by the TCP timestamps less time passed: the clock was set, or the network held a packet "
        "up");
    cap(t, came_within(f, cause, x->conn.set_back),
        "by its times or TCP timestamps the clock was set back, or the network held a packet up");
}

enum aw_confidence aw_confidence_of(const struct aw_facts *f, enum aw_cause cause,
                                    struct aw_doubts *doubts)
{
    struct tally t = {.fails = 0, .cap = false, .doubts = doubts};
    const struct aw_exchange *x = f->x;
    if (cause == AW_CAUSE_INCOMPLETE) {
        /* That something is missing is certain; that no rule fits is not. */
        return f->missing ? AW_CONF_HIGH : AW_CONF_LOW;
    }
    fail(&t, uses_acks(cause) && f->unsure,
         "the ACK number of the first content was not captured, times decided");
    cap(&t,
        cause == AW_CAUSE_ABANDONED && f->first_100 && !f->content &&
            aw_fin_short_of(x, AW_C2S, f->first_100->end),
        "the client's FIN does not acknowledge the 100: it may not have had it");
    /* A server resets where something came that nobody reads any more. */
    cap(&t,
        cause == AW_CAUSE_REJECTED_EARLY && aw_seen(&x->conn.rst[AW_S2C]) &&
            (x->conn.rtt_c == AW_NS_NONE || x->conn.rtt_c > f->t[AW_T_REORDER_GRACE]),
        "the server reset the connection, away from the client: content may have been on its way");
    cap(&t, f->final && !aw_seen(&x->at[AW_AT_FINAL]),
        "the head of the final response was not captured to its end");
    fail(&t, (x->flags & AW_F_FINAL_UNFINISHED) != 0 && !f->final,
         "a response head began and was not captured to its end");

    /* They may have held one more 100, which makes no difference to a 417 or 5xx unless it was
     * malformed; or, where content acknowledges them or nothing was expected, the answer to this
     * request, and what came later answers another. */
    fail(&t,
         (x->flags & AW_F_HOLE_RESPONSE) &&
             ((f->status != 417 && f->status < 500) || !f->expect || (x->flags & AW_F_WITHHELD)),
         "server bytes before the final response were not captured");
    cap(&t, (x->flags & AW_F_HOLE_RESPONSE) && f->status >= 500 && !(x->flags & AW_F_WITHHELD),
        "server bytes before the final response were not captured");
    fail(&t, (x->flags & AW_F_DROPPED) != 0, "the capture lost packets while it was under way");
    fail(&t, f->final && !f->content && (x->flags & AW_F_HOLE_CONTENT),
         "what the client sent after the answer was not captured");
    fail(&t, cause == AW_CAUSE_LATE_CONTINUE && overdue(f),
         "the 100 had the time to arrive before the content: it may have been lost");
    fail(&t, by_close(f, cause) && (x->conn.fin_unseen[AW_C2S] || x->conn.fin_unseen[AW_S2C]),
         "a FIN was not captured, only its acknowledgement");

    fail(&t, maybe_swallowed(f),
         "content of the request before it was owed: this one may have been taken for that");

    struct aw_border borders[AW_BORDERS_MAX];
    const unsigned n = aw_rule_borders(f, cause, borders);
    bool near = false;
    for (unsigned i = 0; i < n; i++)
        near |= aw_near(borders[i].value, borders[i].threshold);
    fail(&t, near, "a deciding time is within 20 % of its threshold");

    const bool stall = in(cause, bit(AW_CAUSE_IGNORED) | bit(AW_CAUSE_LATE_CONTINUE) |
                                     bit(AW_CAUSE_SLOW_CONTINUE) | bit(AW_CAUSE_DEADLOCK) |
                                     bit(AW_CAUSE_CONTINUE_UNHEEDED));
    fail(&t, stall && (x->loss[AW_PART_HEAD].count || x->loss[AW_PART_100].count),
         "the head or the 100 was retransmitted as well");
    fail(&t, cause == AW_CAUSE_EXPECT_REFUSED_BY_PROXY && !f->c->inner && origin_named(f),
         "signs of a proxy, but Server names no proxy");
    fail(&t,
         ((cause == AW_CAUSE_EXPECT_REFUSED_BY_PROXY && !f->c->inner) ||
          (cause == AW_CAUSE_GATEWAY_ERROR && f->status == 503)) &&
             f->hops == AW_HOP_TTL,
         "an IP TTL is the only sign of a proxy");
    fail(&t, cause == AW_CAUSE_GATEWAY_ERROR && f->status == 503 && f->hops == AW_HOP_PAGE,
         "an error page is the only sign of a proxy");
    fail(&t,
         in(cause, bit(AW_CAUSE_EXPECT_REFUSED) | bit(AW_CAUSE_EXPECT_REFUSED_BY_PROXY)) &&
             f->next && !f->next->expect && f->next->status == 417,
         "the repeat without Expect got 417 as well");
    fail(&t, cause == AW_CAUSE_NETWORK_LOSS && !f->loss_delay && !f->head_late_ack && f->head_acked,
         "what the server had received was not seen");
    const unsigned desync = cause == AW_CAUSE_DESYNC_RISK ? aw_rule_desync(f) : 0;
    if (!(desync & AW_DESYNC_SWALLOWED)) {
        fail(&t, desync & AW_DESYNC_UNMATCHED, "only an answer without a request shows it");
        fail(&t, desync & AW_DESYNC_LEFTOVER, "only the answer to the repeat shows it");
        fail(&t, desync & AW_DESYNC_STRAY, "only the second answer shows it");
    }
    circumstances(f, cause, &t);
    fail(&t, x->conn.untimed, "its capture has packets without a time");
    t.fails += x->conn.untimed && uses_rtt(f, cause);

    if (t.fails >= 2) return AW_CONF_LOW;
    return t.fails || t.cap ? AW_CONF_MEDIUM : AW_CONF_HIGH;
}
