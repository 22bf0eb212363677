/*
 * The rules of RFC 9110 and RFC 9112 that one exchange, or its two legs, can show to be broken.
 * Their names and sections are those of checks.def; which duties of RFC 9110 they cover, and which
 * nobody on the wire can test, stands in requirements.def.
 */
#include "diagnose/verdict.h"

enum check {
#define AW_CHECK(id, rule, rfc, meaning) CHECK_##id,
#include "diagnose/checks.def"
#undef AW_CHECK
    CHECK_COUNT
};
static const struct {
    const char *rule, *rfc;
} names[] = {
#define AW_CHECK(id, rule, rfc, meaning) [CHECK_##id] = {rule, rfc},
#include "diagnose/checks.def"
#undef AW_CHECK
};
_Static_assert(sizeof names / sizeof *names == CHECK_COUNT, "a name for each check");

static void broken(struct aw_verdict *v, bool is, enum check check, aw_ref packet)
{
    if (!is || v->check_count == AW_CHECKS_MAX) return;
    v->check[v->check_count++] =
        (struct aw_check){.rule = names[check].rule, .rfc = names[check].rfc, .packet = packet};
}

static bool holds(uint64_t set, enum aw_cause cause)
{
    return (set >> cause & 1) != 0;
}

/* A response came while no request was outstanding, and the client asked again on that connection
 * although it had read it. */
static bool unasked_and_used(const struct aw_facts *f)
{
    const struct aw_exchange *x = f->x;
    if (x->unseen != AW_UNSEEN_NO_REQUEST || !aw_seen(&x->next_request)) return false;
    const struct aw_mark *last = &x->at[AW_AT_FINAL];
    if (!f->final) last = x->interim_count ? &x->interim[0].at : NULL;
    return last && x->next_request.ts >= last->ts + aw_ns_max(f->rtt_c, AW_REACTION);
}

/* The server answered early, left content unread, and then took the next request from the same
 * connection instead of closing it. */
static bool unread_and_kept(const struct aw_facts *f)
{
    const struct aw_exchange *x = f->x;
    return f->final && (x->flags & AW_F_WITHHELD) && x->owed_bytes_next > 0 &&
           !(x->flags & (AW_F_SWALLOWED | AW_F_UNSETTLED)) && !(x->res & AW_RES_CLOSE) &&
           !(aw_rule_desync(f) & AW_DESYNC_LEFTOVER) && f->server_end == NULL;
}

/* For how long nothing but an answer can have kept the client from sending content. */
static aw_ns awaited(const struct aw_facts *f)
{
    if (!f->expect || !f->owes || aw_facts_shut_out(f)) return 0;
    if (f->content && f->answers_100) return aw_ns_since(f->from->ts, f->first_100->at.ts);
    if (f->content) return f->answers_final ? 0 : f->wait;
    return !f->heard_100 && (!f->final || f->status == 408) ? f->stuck : 0;
}

/* The client closed right after an interim response that it had received. */
static bool left_on_interim(const struct aw_facts *f)
{
    const struct aw_exchange *x = f->x;
    if (x->interim_count == 0 || x->interim_count > AW_INTERIM_MAX) return false;
    if (!f->client_closed || f->final) return false;
    const struct aw_interim *last = &x->interim[x->interim_count - 1];
    if (f->client_end == &x->conn.fin[AW_C2S] && aw_fin_short_of(x, AW_C2S, last->end))
        return false;
    return last->at.ord < f->client_end->ord &&
           f->client_end->ts - last->at.ts <= aw_lost_limit(f) &&
           (!f->content || f->body->ord < last->at.ord);
}

/* The answer tells by itself that the connection ends with it (RFC 9112, 9.3). */
static bool tells_close(const struct aw_exchange *x)
{
    if (x->res & (AW_RES_CLOSE | AW_RES_UNTIL_CLOSE)) return true;
    return x->res_version == 10 && !(x->res & AW_RES_KEEP);
}

static void client_rules(const struct aw_facts *f, uint64_t set, struct aw_verdict *v)
{
    const struct aw_exchange *x = f->x;
    const aw_ref head = f->head->ref;
    broken(v, f->expect_100 && holds(set, AW_CAUSE_NO_CONTENT), CHECK_C1, head);
    broken(v,
           !f->expect && f->answers_100 && f->wait >= f->w && !f->paused && !aw_facts_shut_out(f),
           CHECK_C2, f->body->ref);
    broken(v, awaited(f) > 10 * AW_SEC, CHECK_C4, head);
    /* A proxy that hands a 417 on has not to repeat anything. */
    broken(v,
           f->status == 417 && f->expect_100 && f->c->outer == NULL &&
               (f->next ? f->next->expect : !f->c->retry_window_open),
           CHECK_C5, f->next ? f->next->packet : x->at[AW_AT_FINAL].ref);
    broken(v, left_on_interim(f), CHECK_C6, f->client_end ? f->client_end->ref : 0);
    broken(v, holds(set, AW_CAUSE_IGNORED_REJECTION) && (x->res & AW_RES_CLOSE), CHECK_C8,
           x->at[AW_AT_AFTER_FINAL].ref);
    broken(v, unasked_and_used(f), CHECK_C9, x->next_request.ref);
    broken(v, (x->flags & (AW_F_WITHHELD | AW_F_SWALLOWED)) && x->owed_bytes_next > 0, CHECK_C10,
           x->next_request.ref);
    broken(v, (x->res & AW_RES_CLOSE) && f->final && aw_seen(&x->next_request), CHECK_C11,
           x->next_request.ref);
    broken(v, (x->flags & AW_F_BEHIND_UNSAFE) != 0, CHECK_C12, x->at[AW_AT_REQ_FIRST].ref);
    broken(v, (x->req & (AW_REQ_EXPECT_MALFORMED | AW_REQ_EXPECT_PARAMS)) != 0, CHECK_C13, head);
}

static void interim_rules(const struct aw_facts *f, struct aw_verdict *v)
{
    const struct aw_exchange *x = f->x;
    bool told_1_0 = false, told_length = false, told_te = false, told_content = false;
    for (unsigned i = 0; i < x->interim_count && i < AW_INTERIM_MAX; i++) {
        const struct aw_interim *in = &x->interim[i];
        broken(v, x->req_version == 10 && !told_1_0, CHECK_S7, in->at.ref);
        told_1_0 = true;
        broken(v, in->has_length && !told_length, CHECK_S9_LENGTH, in->at.ref);
        told_length |= in->has_length;
        broken(v, in->has_te && !told_te, CHECK_S9_CODING, in->at.ref);
        told_te |= in->has_te;
        const bool content = in->has_content && f->final && !in->has_te && !in->length_not_zero;
        broken(v, content && !told_content, CHECK_S9_CONTENT, in->at.ref);
        told_content |= content;
    }
}

static void server_rules(const struct aw_facts *f, uint64_t set, struct aw_verdict *v)
{
    const struct aw_exchange *x = f->x;
    const aw_ref final = x->at[AW_AT_FINAL].ref;
    const struct aw_exchange *inner = f->c->inner;
    const bool silent = holds(set, AW_CAUSE_IGNORED) || holds(set, AW_CAUSE_DEADLOCK);
    /* A forward proxy may wait for what the origin says (P1). What was lost on the way the server
     * had with the content at the earliest. */
    const bool its_own = !(inner && (x->req & AW_REQ_ABSOLUTE) && (inner->req & AW_REQ_EXPECT));
    const bool late = f->first_100 && f->first_100->at.ord > f->body->ord &&
                      (f->first_100->ack_off == AW_OFF_NONE || f->first_100->ack_off > x->head_end);
    const bool unread = f->server_end == &x->conn.fin[AW_S2C] && x->head_end != AW_OFF_NONE &&
                        aw_fin_short_of(x, AW_S2C, x->head_end + 1);
    broken(v,
           silent && its_own && !holds(set, AW_CAUSE_NETWORK_LOSS) && f->expect_100 &&
               x->req_version == 11,
           CHECK_S1, f->head->ref);
    broken(v, holds(set, AW_CAUSE_LATE_CONTINUE) && f->expect_100 && late && its_own, CHECK_S2,
           f->first_100 ? f->first_100->at.ref : 0);
    broken(v,
           f->first_100 && x->content_complete && !f->final && !unread &&
               (f->server_closed || f->idle),
           CHECK_S4,
           f->server_end  ? f->server_end->ref
           : f->first_100 ? f->first_100->at.ref
                          : 0);
    broken(v,
           f->final_first && !f->content && f->owes && !tells_close(x) && f->server_closed &&
               aw_ns_since(x->at[AW_AT_FINAL].ts, f->server_end->ts) < f->t[AW_T_SERVER_CLOSE],
           CHECK_S5, final);
    broken(v, x->req_version == 10 && f->status == 417 && f->expect_100, CHECK_S6, final);
    interim_rules(f, v);
    broken(v, unread_and_kept(f), CHECK_S10, final);
    broken(v, holds(set, AW_CAUSE_RESPONSE_LOST), CHECK_S11, x->conn.rst[AW_S2C].ref);
    broken(v, f->status == 101 && f->expect_100 && f->first_100 == NULL, CHECK_S12, final);
    broken(v,
           (x->req & AW_REQ_HAS_LENGTH) && (x->req & AW_REQ_HAS_TE) && x->final_complete &&
               aw_seen(&x->next_request) && f->server_end == NULL,
           CHECK_S14, final);
}

static void proxy_rules(const struct aw_facts *f, uint64_t set, struct aw_verdict *v)
{
    const struct aw_exchange *inner = f->c->inner;
    if (inner == NULL) return;
    const aw_ref head = inner->at[AW_AT_HEAD].ref;
    /* A gateway is the origin server to its clients (RFC 9110, 3.7): P1 and P2 bind forward ones.
     */
    broken(
        v,
        (f->x->req & AW_REQ_ABSOLUTE) && f->content && f->x->content_complete &&
            aw_seen(&f->x->at[AW_AT_BODY_END]) &&
            (f->answers_100 || aw_ns_since(f->head->ts, inner->at[AW_AT_REQ_FIRST].ts) >= f->w) &&
            inner->at[AW_AT_REQ_FIRST].ord > f->x->at[AW_AT_BODY_END].ord,
        CHECK_P1, head);
    broken(v,
           (f->x->req & AW_REQ_ABSOLUTE) && f->first_100 && inner->continue_count == 0 &&
               inner->res_version == 11 && !f->c->inner_unseen,
           CHECK_P2, f->first_100 ? f->first_100->at.ref : 0);
    broken(v, holds(set, AW_CAUSE_CONTINUE_NOT_RELAYED), CHECK_P3, head);
    broken(v, inner->text[AW_TEXT_REQ_VIA].p == NULL, CHECK_P6, head);
}

void aw_checks_of(const struct aw_facts *f, uint64_t set, struct aw_verdict *out)
{
    client_rules(f, set, out);
    server_rules(f, set, out);
    proxy_rules(f, set, out);
}
