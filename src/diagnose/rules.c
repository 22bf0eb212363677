/*
 * The predicates (rules.h): one small function a cause, over facts alone. The order in which they
 * win is that of the table, which is that of causes.def.
 */
#include "diagnose/rules.h"

#define NOT AW_HOLDS_NOT

static bool has_flag(const struct aw_facts *f, enum aw_flag flag)
{
    return (f->x->flags & (uint32_t)flag) != 0;
}

static bool to_417(const struct aw_facts *f)
{
    return f->status == 417;
}

static bool waited(const struct aw_facts *f)
{
    if (f->content) return f->wait >= f->w;
    return f->owes && f->stuck != AW_NS_NONE && f->stuck >= f->w;
}

/* Silence of the server's side about an expectation: nothing sent by the client, nothing answered.
 */
static bool both_silent(const struct aw_facts *f)
{
    return f->expect && f->owes && !f->content && !f->heard_100;
}

static bool sends_more(const struct aw_facts *f)
{
    return f->owes && !f->x->content_complete;
}

static aw_ns after(const struct aw_mark *from, const struct aw_mark *to)
{
    return aw_ns_since(from->ts, to->ts);
}

/* --- errors and what may become one --- */

static enum aw_severity incomplete(const struct aw_facts *f)
{
    return f->missing ? AW_SEV_UNKNOWN : NOT;
}

static enum aw_severity pending(const struct aw_facts *f)
{
    return f->open && !f->x->final_complete ? AW_SEV_UNKNOWN : NOT;
}

/* The repeat on the kept connection got 400 where the content was still owed: its head went as
 * content, and what was left over of it is no request. A server that tells the two apart has no
 * cause for a 400 to what it would have taken with Expect; nor for a 408 to a repeat of which it
 * had all. */
static bool leftover_answered(const struct aw_facts *f)
{
    const struct aw_attempt *next = f->next;
    if (!has_flag(f, AW_F_WITHHELD) || f->x->owed_bytes_next == 0) return false;
    if (next == NULL || !next->same_connection || f->status == next->status) return false;
    return next->status == 400 ||
           (next->status == 408 && f->x->declared > 0 && next->sent == f->x->declared);
}

unsigned aw_rule_desync(const struct aw_facts *f)
{
    const uint32_t req = f->x->req;
    const uint32_t odd = AW_REQ_EXPECT_MALFORMED | AW_REQ_EXPECT_LINES | AW_REQ_EXPECT_MEMBERS |
                         AW_REQ_EXPECT_FOLDED | AW_REQ_EXPECT_CONTROL | AW_REQ_EXPECT_SPACE;
    unsigned why = 0;
    if (has_flag(f, AW_F_SWALLOWED)) why |= AW_DESYNC_SWALLOWED;
    if (f->x->unseen == AW_UNSEEN_NO_REQUEST && to_417(f)) why |= AW_DESYNC_UNMATCHED;
    if (leftover_answered(f)) why |= AW_DESYNC_LEFTOVER;
    if (aw_seen(&f->x->stray_answer)) why |= AW_DESYNC_STRAY;
    if (req & odd) why |= AW_DESYNC_VALUE;
    if ((req & AW_REQ_EXPECT) && (req & AW_REQ_HAS_LENGTH) && (req & AW_REQ_HAS_TE))
        why |= AW_DESYNC_FRAMING;
    return why;
}

static enum aw_severity desync_risk(const struct aw_facts *f)
{
    const unsigned why = aw_rule_desync(f);
    const unsigned happened =
        AW_DESYNC_SWALLOWED | AW_DESYNC_UNMATCHED | AW_DESYNC_LEFTOVER | AW_DESYNC_STRAY;
    if (why & happened) return AW_SEV_ERROR;
    return why ? AW_SEV_WARNING : NOT;
}

static enum aw_severity malformed_continue(const struct aw_facts *f)
{
    const struct aw_exchange *x = f->x;
    if (has_flag(f, AW_F_100_AFTER_FINAL)) return AW_SEV_ERROR;
    for (unsigned i = 0; i < x->interim_count && i < AW_INTERIM_MAX; i++) {
        const struct aw_interim *in = &x->interim[i];
        if (in->status != 100) continue;
        if (in->length_not_zero || in->has_te) return AW_SEV_ERROR;
        if (in->has_content) return AW_SEV_ERROR;
        /* Without an end: by its sender, not by the capture's end or a hole. */
        if (in->unfinished && !f->open && !has_flag(f, AW_F_HOLE_RESPONSE)) return AW_SEV_ERROR;
    }
    return NOT;
}

static enum aw_severity expect_http10(const struct aw_facts *f)
{
    if (f->x->req_version != 10 || !f->expect) return NOT;
    if (to_417(f)) return AW_SEV_ERROR;
    return waited(f) ? AW_SEV_WARNING : AW_SEV_INFO;
}

static enum aw_severity unknown_expectation(const struct aw_facts *f)
{
    const uint32_t req = f->x->req;
    if (!(req & (AW_REQ_EXPECT_OTHER | AW_REQ_EXPECT_PARAMS))) return NOT;
    if (req & AW_REQ_EXPECT_MALFORMED) return NOT;
    return to_417(f) ? AW_SEV_ERROR : AW_SEV_INFO;
}

static enum aw_severity retry_loop(const struct aw_facts *f)
{
    if (to_417(f) && f->expect && f->c->refused_run >= 2) return AW_SEV_ERROR;
    return f->status >= 400 && f->c->failed_run >= f->t[AW_T_LOOP_ATTEMPTS] ? AW_SEV_ERROR : NOT;
}

/* A 417 to 100-continue that nothing else explains. */
static bool refused(const struct aw_facts *f)
{
    return to_417(f) && f->expect_100 && unknown_expectation(f) == NOT;
}

bool aw_rule_inner_unseen(const struct aw_facts *f)
{
    const uint32_t unseen = AW_F_HOLE_RESPONSE | AW_F_HOLE_FINAL | AW_F_FINAL_UNFINISHED |
                            AW_F_NO_SERVER_SIDE | AW_F_EVICTED;
    return f->c->inner && f->c->inner->status == 0 && (f->c->inner->flags & unseen) != 0;
}

/* The origin's leg tells who refused; signs in the answer only where it was not captured. */
static bool refused_by_proxy(const struct aw_facts *f)
{
    if (!refused(f) || f->c->outer) return false;
    if (f->c->inner && !aw_rule_inner_unseen(f)) return f->c->inner->status != 417;
    return f->hops != 0;
}

static enum aw_severity expect_refused_by_proxy(const struct aw_facts *f)
{
    if (!refused_by_proxy(f)) return NOT;
    return f->recovery ? AW_SEV_WARNING : AW_SEV_ERROR;
}

static enum aw_severity expect_refused(const struct aw_facts *f)
{
    if (!refused(f) || refused_by_proxy(f)) return NOT;
    return f->recovery ? AW_SEV_WARNING : AW_SEV_ERROR;
}

static enum aw_severity application_417(const struct aw_facts *f)
{
    if (!to_417(f)) return NOT;
    if (!f->expect) return has_flag(f, AW_F_REQ_UNSEEN) ? NOT : AW_SEV_WARNING;
    /* The retry shows what the first refusal was about. */
    return f->next && !f->next->expect && f->next->status == 417 ? AW_SEV_WARNING : NOT;
}

/* Nothing of the server acknowledged the head, although it had the time and the line. */
static bool head_lost(const struct aw_facts *f)
{
    if (f->head_acked || f->server_end || f->x->interim_count) return false;
    if (f->x->loss[AW_PART_HEAD].count) return true;
    const aw_ns end = f->client_closed ? f->client_end->ts : f->now;
    return end - f->head->ts >= f->t[AW_T_OWED_SILENCE];
}

/* After the 100 the same content again and again and nothing new, to the end: small packets pass,
 * full ones do not. */
static bool content_lost(const struct aw_facts *f)
{
    const struct aw_loss *loss = &f->x->loss[AW_PART_CONTENT];
    return f->first_100 && f->content && !f->final && loss->count >= 2 &&
           aw_seen(&f->x->at[AW_AT_BODY_END]) && loss->last.ord > f->x->at[AW_AT_BODY_END].ord &&
           loss->last.ts - loss->first.ts >= f->w;
}

/* A 100 that was sent again and never came: by what the client acknowledged at its end, or, where
 * that is not known, because it was sent oftener than one loss takes. */
static bool continue_lost(const struct aw_facts *f)
{
    const struct aw_exchange *x = f->x;
    const struct aw_loss *loss = &x->loss[AW_PART_100];
    if (!f->first_100 || f->content || !f->owes || loss->count == 0) return false;
    if (aw_seen(&x->conn.fin[AW_C2S]) && x->conn.fin_ack[AW_C2S] != AW_OFF_NONE)
        return x->conn.fin_ack[AW_C2S] < f->first_100->end;
    return loss->count >= 2 && loss->last.ts - f->first_100->at.ts >= f->w;
}

static enum aw_severity network_loss(const struct aw_facts *f)
{
    if (!f->expect) return NOT;
    const bool delayed =
        f->loss_delay > 0 && aw_facts_stall(f, 0) && !aw_facts_stall(f, f->loss_delay);
    if (!delayed && !f->head_late_ack && !head_lost(f) && !content_lost(f) && !continue_lost(f))
        return NOT;
    return f->final ? AW_SEV_WARNING : AW_SEV_ERROR;
}

static bool has_100(const struct aw_exchange *x)
{
    return x->continue_count != 0;
}

static enum aw_severity by_sent(const struct aw_facts *f)
{
    return f->content ? AW_SEV_WARNING : AW_SEV_ERROR;
}

/* The capture ends before the client has waited for anything. */
static bool too_early(const struct aw_facts *f)
{
    return f->open && !f->content && !f->final && f->stuck < f->w;
}

static enum aw_severity continue_not_relayed(const struct aw_facts *f)
{
    if (!f->expect || f->c->inner == NULL || too_early(f)) return NOT;
    return has_100(f->c->inner) && !has_100(f->x) ? by_sent(f) : NOT;
}

static enum aw_severity expect_dropped(const struct aw_facts *f)
{
    const struct aw_exchange *inner = f->c->inner;
    const uint32_t head_unseen = AW_F_HOLE_REQ_HEAD | AW_F_HEAD_UNFINISHED | AW_F_REQ_UNSEEN;
    if (!f->expect || inner == NULL || (inner->req & AW_REQ_EXPECT)) return NOT;
    if (too_early(f)) return NOT;
    if (inner->flags & head_unseen) return NOT; /* Expect may stand in what was not captured */
    /* A final status that came instead of the 100 answered the expectation. */
    if (has_100(inner) || has_100(f->x) || f->final_first) return NOT;
    return by_sent(f);
}

static enum aw_severity deadlock(const struct aw_facts *f)
{
    if (!both_silent(f)) return NOT;
    if (f->status == 408) return f->stuck >= aw_server_close_limit(f) ? AW_SEV_ERROR : NOT;
    if (f->final) return NOT;
    if (f->client_closed) return f->stuck >= f->w ? AW_SEV_ERROR : NOT;
    if (f->server_closed) return f->stuck >= aw_server_close_limit(f) ? AW_SEV_ERROR : NOT;
    return f->idle && f->stuck >= f->t[AW_T_IDLE_TIMEOUT] ? AW_SEV_ERROR : NOT;
}

/* How long the client owed content and sent none when the server closed; AW_NS_NONE where it did
 * not owe any, or had been told nothing. */
static aw_ns owed_silence(const struct aw_facts *f)
{
    if (!f->server_closed || !sends_more(f)) return AW_NS_NONE;
    const struct aw_mark *last = f->first_100 ? &f->first_100->at : NULL;
    const struct aw_mark *end = &f->x->at[AW_AT_BODY_END];
    if (f->content && aw_seen(end) && (last == NULL || end->ts > last->ts)) last = end;
    return last ? after(last, f->server_end) : AW_NS_NONE;
}

static enum aw_severity request_timeout(const struct aw_facts *f)
{
    if (f->status == 408) return f->first_100 ? AW_SEV_ERROR : NOT;
    if (f->final) return NOT;
    return owed_silence(f) >= f->t[AW_T_OWED_SILENCE] ? AW_SEV_ERROR : NOT;
}

bool aw_rule_race(const struct aw_facts *f)
{
    const struct aw_mark *fin = &f->x->conn.fin[AW_S2C], *rst = &f->x->conn.rst[AW_S2C];
    /* It had served a request, or what it had done was not captured. */
    const aw_off served = f->x->answer_base;
    if (!has_flag(f, AW_F_KEPT) || (served == 0 && !has_flag(f, AW_F_MIDSTREAM))) return false;
    if (aw_seen(fin) && fin->ts <= f->head->ts + f->rtt) return true;
    if (!aw_seen(rst)) return false;
    /* A reset may answer the head, unless it was captured before it, or too soon after it. */
    return (rst->ord < f->head->ord && rst->ts < f->head->ts) ||
           rst->ts < f->head->ts + f->rtt_s - f->rtt_s / 5;
}

static enum aw_severity unanswered(const struct aw_facts *f, bool reset)
{
    if (!f->server_closed || f->server_reset != reset || f->final) return NOT;
    if (has_flag(f, AW_F_REQ_UNSEEN)) return NOT; /* nobody asked */
    if (network_loss(f) != NOT || deadlock(f) != NOT || request_timeout(f) != NOT) return NOT;
    return aw_rule_race(f) ? AW_SEV_WARNING : AW_SEV_ERROR;
}

static enum aw_severity reset_unanswered(const struct aw_facts *f)
{
    return unanswered(f, true);
}

static enum aw_severity closed_unanswered(const struct aw_facts *f)
{
    return unanswered(f, false);
}

static bool still_sending(const struct aw_facts *f)
{
    const struct aw_mark *first = &f->x->at[AW_AT_FINAL_FIRST];
    if (!f->content || f->answers_final) return false; /* it began after the answer */
    const struct aw_exchange *x = f->x;
    /* Not all of it had come when the server answered. */
    if (x->final_ack != AW_OFF_NONE && x->content_off_end != AW_OFF_NONE &&
        x->final_ack < x->content_off_end)
        return true;
    return sends_more(f) || x->at[AW_AT_BODY_END].ord > first->ord;
}

/* From the final response to the server's reset; AW_NS_NONE where there was none after it. */
static aw_ns reset_after_final(const struct aw_facts *f)
{
    const struct aw_mark *rst = &f->x->conn.rst[AW_S2C], *final = &f->x->at[AW_AT_FINAL];
    if (!f->final || !aw_seen(rst) || !aw_seen(final)) return AW_NS_NONE;
    /* The two may have changed places. */
    if (rst->ord < final->ord && rst->ts < final->ts - f->t[AW_T_REORDER_GRACE]) return AW_NS_NONE;
    return after(final, rst);
}

static enum aw_severity response_lost(const struct aw_facts *f)
{
    const aw_ns gap = reset_after_final(f);
    return gap != AW_NS_NONE && gap <= aw_lost_limit(f) && still_sending(f) ? AW_SEV_ERROR : NOT;
}

/* The client's FIN cut its content short, and an answer came a round trip after it and not much
 * sooner, acknowledging all that was sent: it answers the cut, and nobody reads it. Unless the FIN
 * acknowledges it, whenever it was captured. */
static bool left_before_answer(const struct aw_facts *f)
{
    const struct aw_exchange *x = f->x;
    const aw_off ack = x->conn.fin_ack[AW_C2S];
    if (ack != AW_OFF_NONE && ack > x->final_off) return false;
    return f->client_closed && f->client_end == &x->conn.fin[AW_C2S] && x->declared > 0 &&
           x->sent >= 0 && x->sent < x->declared &&
           f->client_end->ord < x->at[AW_AT_FINAL_FIRST].ord &&
           after(f->client_end, &x->at[AW_AT_FINAL_FIRST]) >= f->rtt_s - f->rtt_s / 5 &&
           x->final_ack != AW_OFF_NONE && x->final_ack >= x->head_end + (aw_off)x->sent;
}

static enum aw_severity abandoned(const struct aw_facts *f)
{
    if ((f->final && !left_before_answer(f)) || !sends_more(f)) return NOT;
    if (f->heard_100) return f->client_closed || f->idle ? AW_SEV_ERROR : NOT;
    return f->client_closed && !f->content && f->stuck < f->w ? AW_SEV_ERROR : NOT;
}

static enum aw_severity no_response(const struct aw_facts *f)
{
    if (f->final || !(f->content || !f->owes) || has_flag(f, AW_F_REQ_UNSEEN)) return NOT;
    return f->client_closed || f->idle ? AW_SEV_ERROR : NOT;
}

static bool gateway_status(const struct aw_facts *f)
{
    return f->status == 502 || f->status == 504 || (f->status == 503 && f->hops != 0);
}

static enum aw_severity gateway_error(const struct aw_facts *f)
{
    return gateway_status(f) ? AW_SEV_ERROR : NOT;
}

static enum aw_severity server_error(const struct aw_facts *f)
{
    return f->status >= 500 && f->status <= 599 && !gateway_status(f) ? AW_SEV_ERROR : NOT;
}

/* --- warnings --- */

static enum aw_severity ignored(const struct aw_facts *f)
{
    return f->expect && f->gave_up && f->wait >= f->w && !has_100(f->x) && f->final ? AW_SEV_WARNING
                                                                                    : NOT;
}

static enum aw_severity late_continue(const struct aw_facts *f)
{
    return f->expect && f->gave_up && f->wait >= f->w && has_100(f->x) ? AW_SEV_WARNING : NOT;
}

static enum aw_severity slow_continue(const struct aw_facts *f)
{
    if (!f->expect || !f->first_100 || f->think <= aw_slow_limit(f)) return NOT;
    /* It waited, too, where it then sent nothing all the same. */
    return f->answers_100 || (f->owes && !f->content && f->heard_100) ? AW_SEV_WARNING : NOT;
}

static enum aw_severity continue_unheeded(const struct aw_facts *f)
{
    if (!f->expect || !f->answers_100 || aw_facts_shut_out(f)) return NOT;
    return f->heed > aw_heed_limit(f) ? AW_SEV_WARNING : NOT;
}

bool aw_rule_head_decides(uint16_t status)
{
    static const uint16_t by_head[] = {401, 402, 403, 404, 405, 406, 407, 410, 411, 412,
                                       413, 414, 415, 421, 426, 428, 429, 431, 451, 505};
    for (unsigned i = 0; i < sizeof by_head / sizeof *by_head; i++)
        if (by_head[i] == status) return true;
    return status >= 300 && status <= 399 && status != 304;
}

static enum aw_severity late_rejection(const struct aw_facts *f)
{
    return f->answers_100 && f->final && !f->answers_final && aw_rule_head_decides(f->status)
               ? AW_SEV_WARNING
               : NOT;
}

/* How long content went on after a final status that the client had; AW_NS_NONE = it did not. */
static aw_ns went_on(const struct aw_facts *f)
{
    const struct aw_mark *last = &f->x->at[AW_AT_AFTER_FINAL_LAST];
    return aw_seen(last) ? after(&f->x->at[AW_AT_FINAL], last) : AW_NS_NONE;
}

static enum aw_severity ignored_rejection(const struct aw_facts *f)
{
    if (f->status < 300) return NOT;
    if (!f->answers_final && went_on(f) <= aw_ns_max(f->rtt, AW_REACTION)) return NOT;
    return f->x->res & AW_RES_CLOSE ? AW_SEV_WARNING : AW_SEV_INFO;
}

static enum aw_severity no_content(const struct aw_facts *f)
{
    return f->expect && !f->owes ? AW_SEV_WARNING : NOT;
}

/* --- information --- */

static enum aw_severity not_awaited(const struct aw_facts *f)
{
    return f->expect && f->gave_up && f->wait < f->w ? AW_SEV_INFO : NOT;
}

static enum aw_severity duplicate_continue(const struct aw_facts *f)
{
    return f->x->continue_count > 1 ? AW_SEV_INFO : NOT;
}

static enum aw_severity unsolicited_continue(const struct aw_facts *f)
{
    const struct aw_exchange *x = f->x;
    if (!has_100(x)) return NOT;
    if (!f->expect) return AW_SEV_INFO;
    for (unsigned i = 0; i < x->interim_count && i < AW_INTERIM_MAX; i++) {
        const struct aw_interim *in = &x->interim[i];
        if (in->status == 100 && aw_interim_early(x, in)) return AW_SEV_INFO;
    }
    return NOT;
}

static enum aw_severity rejected_early(const struct aw_facts *f)
{
    return f->expect && f->owes && f->status >= 300 && f->status != 417 && !f->content ? AW_SEV_INFO
                                                                                       : NOT;
}

static enum aw_severity accepted_early(const struct aw_facts *f)
{
    return f->expect && f->owes && f->final_first && f->status >= 200 && f->status <= 299
               ? AW_SEV_INFO
               : NOT;
}

static enum aw_severity continued(const struct aw_facts *f)
{
    return f->answers_100 && f->final ? AW_SEV_OK : NOT;
}

/* --- the table --- */

static const struct {
    enum aw_severity (*holds)(const struct aw_facts *f);
    enum aw_party party; /* as a rule; aw_rule_party knows the exceptions */
} rules[] = {
    [AW_CAUSE_INCOMPLETE] = {incomplete, AW_PARTY_CAPTURE},
    [AW_CAUSE_PENDING] = {pending, AW_PARTY_NONE},
    [AW_CAUSE_DESYNC_RISK] = {desync_risk, AW_PARTY_CLIENT},
    [AW_CAUSE_MALFORMED_CONTINUE] = {malformed_continue, AW_PARTY_SERVER},
    [AW_CAUSE_EXPECT_HTTP10] = {expect_http10, AW_PARTY_CLIENT},
    [AW_CAUSE_UNKNOWN_EXPECTATION] = {unknown_expectation, AW_PARTY_CLIENT},
    [AW_CAUSE_RETRY_LOOP] = {retry_loop, AW_PARTY_CLIENT},
    [AW_CAUSE_EXPECT_REFUSED_BY_PROXY] = {expect_refused_by_proxy, AW_PARTY_INTERMEDIARY},
    [AW_CAUSE_EXPECT_REFUSED] = {expect_refused, AW_PARTY_SERVER},
    [AW_CAUSE_APPLICATION_417] = {application_417, AW_PARTY_SERVER},
    [AW_CAUSE_NETWORK_LOSS] = {network_loss, AW_PARTY_NETWORK},
    [AW_CAUSE_CONTINUE_NOT_RELAYED] = {continue_not_relayed, AW_PARTY_INTERMEDIARY},
    [AW_CAUSE_EXPECT_DROPPED] = {expect_dropped, AW_PARTY_INTERMEDIARY},
    [AW_CAUSE_DEADLOCK] = {deadlock, AW_PARTY_SERVER},
    [AW_CAUSE_REQUEST_TIMEOUT] = {request_timeout, AW_PARTY_CLIENT},
    [AW_CAUSE_RESET_UNANSWERED] = {reset_unanswered, AW_PARTY_SERVER},
    [AW_CAUSE_CLOSED_UNANSWERED] = {closed_unanswered, AW_PARTY_SERVER},
    [AW_CAUSE_RESPONSE_LOST] = {response_lost, AW_PARTY_SERVER},
    [AW_CAUSE_ABANDONED] = {abandoned, AW_PARTY_CLIENT},
    [AW_CAUSE_NO_RESPONSE] = {no_response, AW_PARTY_SERVER},
    [AW_CAUSE_GATEWAY_ERROR] = {gateway_error, AW_PARTY_INTERMEDIARY},
    [AW_CAUSE_SERVER_ERROR] = {server_error, AW_PARTY_SERVER},
    [AW_CAUSE_IGNORED] = {ignored, AW_PARTY_SERVER},
    [AW_CAUSE_LATE_CONTINUE] = {late_continue, AW_PARTY_SERVER},
    [AW_CAUSE_SLOW_CONTINUE] = {slow_continue, AW_PARTY_SERVER},
    [AW_CAUSE_CONTINUE_UNHEEDED] = {continue_unheeded, AW_PARTY_CLIENT},
    [AW_CAUSE_LATE_REJECTION] = {late_rejection, AW_PARTY_SERVER},
    [AW_CAUSE_IGNORED_REJECTION] = {ignored_rejection, AW_PARTY_CLIENT},
    [AW_CAUSE_NO_CONTENT] = {no_content, AW_PARTY_CLIENT},
    [AW_CAUSE_NOT_AWAITED] = {not_awaited, AW_PARTY_CLIENT},
    [AW_CAUSE_DUPLICATE_CONTINUE] = {duplicate_continue, AW_PARTY_SERVER},
    [AW_CAUSE_UNSOLICITED_CONTINUE] = {unsolicited_continue, AW_PARTY_SERVER},
    [AW_CAUSE_REJECTED_EARLY] = {rejected_early, AW_PARTY_NONE},
    [AW_CAUSE_ACCEPTED_EARLY] = {accepted_early, AW_PARTY_NONE},
    [AW_CAUSE_CONTINUED] = {continued, AW_PARTY_NONE},
};
_Static_assert(sizeof rules / sizeof *rules == AW_CAUSE_COUNT, "a rule for each cause");

enum aw_severity aw_rule(const struct aw_facts *f, enum aw_cause cause)
{
    return rules[cause].holds(f);
}

/* The origin failed itself: with a 5xx, or it owed an answer when its leg ended. A proxy that ends
 * that leg had waited for it, unless it did so within the time in which nobody is late. */
static bool began_at_origin(const struct aw_facts *f)
{
    const struct aw_exchange *inner = f->c->inner;
    if (inner->status != 0) return inner->status >= 500;
    if (aw_rule_inner_unseen(f) || inner->conn.close == AW_CONN_OPEN) return false;
    if (inner->conn.closed_by == AW_S2C) return true;
    const struct aw_mark *last = &inner->at[AW_AT_BODY_END];
    if (!aw_seen(last)) last = &inner->at[AW_AT_HEAD];
    return after(last, &inner->conn.closed_at) >= aw_case_w(&inner->conn, f->t);
}

/* The origin's final answer was there for W before the client's waiting ended: the silence is that
 * of what stands between. */
static bool kept_between(const struct aw_facts *f)
{
    const struct aw_mark *answer = &f->c->inner->at[AW_AT_FINAL];
    const aw_ns end = f->content ? f->body->ts : f->head->ts + f->stuck;
    return f->c->inner->status != 0 && aw_seen(answer) && end - answer->ts >= f->w;
}

/*
 * Whose delay a late 100 on the client's leg is, by the origin's 100: how long that was there
 * before the client's waiting ended, against W or, of a slow 100, against the origin's own share.
 * False where other signs decide; *between tells.
 */
static bool late_by_share(const struct aw_facts *f, enum aw_cause cause, bool *between,
                          struct aw_border *out)
{
    const struct aw_exchange *inner = f->c->inner;
    const struct aw_mark *asked = &inner->at[AW_AT_HEAD];
    const struct aw_interim *in = aw_facts_first_100(inner);
    const bool late = cause == AW_CAUSE_LATE_CONTINUE;
    *between = false;
    if (!aw_seen(asked) || !f->first_100) return false;
    const struct aw_mark *end = late ? f->body : &f->first_100->at;
    if (asked->ts >= end->ts) { /* asked only then: the 100 is not the origin's */
        *between = true;
        return false;
    }
    if (in == NULL || in->at.ts > f->first_100->at.ts) {
        *between = !(inner->req & AW_REQ_EXPECT) && !aw_rule_inner_unseen(f) && !f->c->inner_unseen;
        return false;
    }
    out->value = after(&in->at, end);
    out->threshold = late ? f->w : after(f->head, &in->at);
    *between = late ? out->value >= out->threshold : out->value > out->threshold;
    return true;
}

static bool late_between(const struct aw_facts *f, enum aw_cause cause)
{
    bool between;
    struct aw_border share;
    (void)late_by_share(f, cause, &between, &share);
    return between;
}

enum aw_party aw_rule_party(const struct aw_facts *f, enum aw_cause cause)
{
    const struct aw_exchange *inner = f->c->inner;
    if (cause == AW_CAUSE_EXPECT_HTTP10 && to_417(f)) return AW_PARTY_SERVER;
    /* The client may send what it owes; the server has to read it, or to close. */
    if (cause == AW_CAUSE_DESYNC_RISK && aw_rule_desync(f) == AW_DESYNC_STRAY)
        return AW_PARTY_SERVER;
    if (cause == AW_CAUSE_REQUEST_TIMEOUT && f->x->loss[AW_PART_CONTENT].count)
        return AW_PARTY_NETWORK;
    if ((cause == AW_CAUSE_RESET_UNANSWERED || cause == AW_CAUSE_CLOSED_UNANSWERED) &&
        aw_rule_race(f))
        return AW_PARTY_NONE;
    /* Through a closed window nobody can send what is owed. */
    if ((cause == AW_CAUSE_ABANDONED || cause == AW_CAUSE_REQUEST_TIMEOUT) &&
        f->x->window_closed[AW_S2C])
        return AW_PARTY_SERVER;
    if (cause == AW_CAUSE_LATE_REJECTION && f->hops) return AW_PARTY_INTERMEDIARY;
    /* Where both legs are known, silence and a 5xx belong to the leg on which they began. */
    if ((cause == AW_CAUSE_IGNORED || cause == AW_CAUSE_DEADLOCK) && inner && kept_between(f))
        return AW_PARTY_INTERMEDIARY;
    if ((cause == AW_CAUSE_LATE_CONTINUE || cause == AW_CAUSE_SLOW_CONTINUE) && inner &&
        late_between(f, cause))
        return AW_PARTY_INTERMEDIARY;
    if (cause == AW_CAUSE_GATEWAY_ERROR && inner && began_at_origin(f)) return AW_PARTY_SERVER;
    if (cause == AW_CAUSE_SERVER_ERROR && inner && !began_at_origin(f) && !aw_rule_inner_unseen(f))
        return AW_PARTY_INTERMEDIARY;
    return rules[cause].party;
}

static unsigned border(struct aw_border *out, unsigned n, aw_ns value, aw_ns threshold)
{
    if (n < AW_BORDERS_MAX && value != AW_NS_NONE)
        out[n++] = (struct aw_border){.value = value, .threshold = threshold};
    return n;
}

unsigned aw_rule_borders(const struct aw_facts *f, enum aw_cause cause, struct aw_border *out)
{
    unsigned n = 0;
    bool between;
    if ((cause == AW_CAUSE_LATE_CONTINUE || cause == AW_CAUSE_SLOW_CONTINUE) && f->c->inner)
        n += late_by_share(f, cause, &between, out);
    if (cause == AW_CAUSE_IGNORED || cause == AW_CAUSE_LATE_CONTINUE ||
        cause == AW_CAUSE_NOT_AWAITED)
        return border(out, n, f->wait, f->w);
    if (cause == AW_CAUSE_EXPECT_HTTP10 && !to_417(f))
        return border(out, n, f->content ? f->wait : f->stuck, f->w);
    if (cause == AW_CAUSE_REJECTED_EARLY && f->status == 408)
        return border(out, n, f->stuck, aw_server_close_limit(f));
    if (cause == AW_CAUSE_DEADLOCK) {
        const bool server = f->status == 408 || f->server_closed;
        return border(out, n, f->stuck, server ? aw_server_close_limit(f) : f->w);
    }
    if (cause == AW_CAUSE_REQUEST_TIMEOUT && f->status != 408)
        return border(out, n, owed_silence(f), f->t[AW_T_OWED_SILENCE]);
    if (cause == AW_CAUSE_RESET_UNANSWERED || cause == AW_CAUSE_CLOSED_UNANSWERED) {
        if (both_silent(f)) n = border(out, n, f->stuck, aw_server_close_limit(f));
        return border(out, n, owed_silence(f), f->t[AW_T_OWED_SILENCE]);
    }
    if (cause == AW_CAUSE_RESPONSE_LOST)
        return border(out, n, reset_after_final(f), aw_lost_limit(f));
    if (cause == AW_CAUSE_ABANDONED && !f->heard_100) return border(out, n, f->stuck, f->w);
    if (cause == AW_CAUSE_IGNORED_REJECTION && !f->answers_final)
        return border(out, n, went_on(f), aw_ns_max(f->rtt, AW_REACTION));
    if (cause == AW_CAUSE_SLOW_CONTINUE) return border(out, n, f->think, aw_slow_limit(f));
    if (cause == AW_CAUSE_CONTINUE_UNHEEDED) return border(out, n, f->heed, aw_heed_limit(f));
    if (cause == AW_CAUSE_CONTINUED) {
        /* It also says that neither side was slow. */
        n = border(out, n, f->think, aw_slow_limit(f));
        return border(out, n, f->heed, aw_heed_limit(f));
    }
    return n;
}

bool aw_rule_lowercase(const struct aw_facts *f)
{
    if ((f->x->req & AW_REQ_EXPECT_CASE) == 0 || has_100(f->x)) return false;
    const struct aw_agent *server = aw_agent_server(f->c->memo, f->x).agent;
    return server == NULL || (server->does & AW_DOES_CASE) != 0;
}
