/*
 * The rules of RFC 9110 and RFC 9112 that one exchange, or its two legs, can show to be broken. By
 * the names of the project's rule list: C for clients, S for servers, P for proxies.
 */
#include "diagnose/verdict.h"

static void broken(struct aw_verdict *v, bool is, const char *rule, const char *rfc, aw_ref packet)
{
    if (!is || v->check_count == AW_CHECKS_MAX) return;
    v->check[v->check_count++] = (struct aw_check){.rule = rule, .rfc = rfc, .packet = packet};
}

static bool holds(uint64_t set, enum aw_cause cause)
{
    return (set >> cause & 1) != 0;
}

static void client_rules(const struct aw_facts *f, uint64_t set, struct aw_verdict *v)
{
    const struct aw_exchange *x = f->x;
    const aw_ref head = f->head->ref;
    const bool waited_long =
        f->expect && f->owes && !f->answers_100 && !f->answers_final &&
        ((f->content && f->wait > 10 * AW_SEC) ||
         (!f->content && !f->first_100 && !f->final && f->stuck > 10 * AW_SEC));
    broken(v, holds(set, AW_CAUSE_NO_CONTENT), "C1", "9110 10.1.1", head);
    broken(v, !f->expect && f->answers_100 && f->wait >= f->w, "C2", "9110 10.1.1", f->body->ref);
    broken(v, waited_long, "C4", "9110 10.1.1", head);
    broken(v,
           f->status == 417 && f->expect_100 &&
               (f->next ? f->next->expect : !f->c->retry_window_open),
           "C5", "9110 10.1.1", f->next ? f->next->packet : x->at[AW_AT_FINAL].ref);
    if (x->interim_count && x->interim_count <= AW_INTERIM_MAX && f->client_closed && !f->final) {
        const struct aw_interim *last = &x->interim[x->interim_count - 1];
        broken(v,
               last->at.ord < f->client_end->ord &&
                   f->client_end->ts - last->at.ts <= aw_lost_limit(f) &&
                   (!f->content || f->body->ord < last->at.ord),
               "C6", "9110 15.2", f->client_end->ref);
    }
    broken(v, holds(set, AW_CAUSE_IGNORED_REJECTION) && (x->res & AW_RES_CLOSE), "C8", "9112 9.5",
           x->at[AW_AT_AFTER_FINAL].ref);
    broken(v, (x->flags & (AW_F_WITHHELD | AW_F_SWALLOWED)) && x->owed_bytes_next > 0, "C10",
           "9112 9.3", x->next_request.ref);
    broken(v, (x->res & AW_RES_CLOSE) && f->final && aw_seen(&x->next_request), "C11", "9112 9.6",
           x->next_request.ref);
    broken(v, (x->req & (AW_REQ_EXPECT_MALFORMED | AW_REQ_EXPECT_PARAMS)) != 0, "C13",
           "9110 10.1.1", head);
}

static void interim_rules(const struct aw_facts *f, struct aw_verdict *v)
{
    const struct aw_exchange *x = f->x;
    bool told_1_0 = false, told_length = false, told_te = false;
    for (unsigned i = 0; i < x->interim_count && i < AW_INTERIM_MAX; i++) {
        const struct aw_interim *in = &x->interim[i];
        broken(v, x->req_version == 10 && !told_1_0, "S7", "9110 15.2", in->at.ref);
        told_1_0 = true;
        broken(v, in->has_length && !told_length, "S9", "9110 8.6", in->at.ref);
        told_length |= in->has_length;
        broken(v, in->has_te && !told_te, "S9", "9112 6.1", in->at.ref);
        told_te |= in->has_te;
    }
}

static void server_rules(const struct aw_facts *f, uint64_t set, struct aw_verdict *v)
{
    const struct aw_exchange *x = f->x;
    const aw_ref final = x->at[AW_AT_FINAL].ref;
    const bool silent = holds(set, AW_CAUSE_IGNORED) || holds(set, AW_CAUSE_DEADLOCK);
    broken(v, silent && f->expect_100 && x->req_version == 11, "S1", "9110 10.1.1", f->head->ref);
    broken(v,
           holds(set, AW_CAUSE_LATE_CONTINUE) && f->expect_100 && f->first_100 &&
               f->first_100->at.ord > f->body->ord,
           "S2", "9110 10.1.1", f->first_100 ? f->first_100->at.ref : 0);
    broken(v, f->first_100 && x->content_complete && !f->final && (f->server_closed || f->idle),
           "S4", "9110 10.1.1",
           f->server_end  ? f->server_end->ref
           : f->first_100 ? f->first_100->at.ref
                          : 0);
    broken(v,
           f->final_first && !f->content && f->owes && !(x->res & AW_RES_CLOSE) && f->server_closed,
           "S5", "9110 10.1.1", final);
    broken(v, x->req_version == 10 && f->status == 417 && f->expect_100, "S6", "9110 10.1.1",
           final);
    interim_rules(f, v);
    broken(v, holds(set, AW_CAUSE_RESPONSE_LOST), "S11", "9112 9.6", x->conn.rst[AW_S2C].ref);
    broken(v, f->status == 101 && f->expect_100 && f->first_100 == NULL, "S12", "9110 7.8", final);
    broken(v,
           (x->req & AW_REQ_HAS_LENGTH) && (x->req & AW_REQ_HAS_TE) && x->final_complete &&
               aw_seen(&x->next_request),
           "S14", "9112 6.1", final);
}

static void proxy_rules(const struct aw_facts *f, uint64_t set, struct aw_verdict *v)
{
    const struct aw_exchange *inner = f->c->inner;
    if (inner == NULL) return;
    const aw_ref head = inner->at[AW_AT_HEAD].ref;
    broken(v,
           f->content && aw_seen(&f->x->at[AW_AT_BODY_END]) && f->x->content_complete &&
               inner->at[AW_AT_REQ_FIRST].ord > f->x->at[AW_AT_BODY_END].ord,
           "P1", "9110 10.1.1", head);
    broken(v,
           (f->x->req & AW_REQ_ABSOLUTE) && f->first_100 && inner->continue_count == 0 &&
               inner->res_version == 11,
           "P2", "9110 10.1.1", f->first_100 ? f->first_100->at.ref : 0);
    broken(v, holds(set, AW_CAUSE_CONTINUE_NOT_RELAYED), "P3", "9110 15.2", head);
    broken(v, inner->text[AW_TEXT_REQ_VIA].p == NULL, "P6", "9110 7.6.3", head);
}

void aw_checks_of(const struct aw_facts *f, uint64_t set, struct aw_verdict *out)
{
    client_rules(f, set, out);
    server_rules(f, set, out);
    proxy_rules(f, set, out);
}
