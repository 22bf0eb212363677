/*
 * A record made again; see reread.h. Times are counted from the record's own, packets by their
 * numbers: a packet of another input than the record's keeps its number alone.
 */
#include "sink/reread.h"

#include <arpa/inet.h>
#include <string.h>

static struct aw_mark mark_at(struct aw_look *l, aw_ns base, aw_ns after, const json_t *packet)
{
    struct aw_mark m = {0};
    int64_t no = json_integer_value(packet);
    if (json_is_object(packet)) no = aw_look_number(l, packet, "packet", INT64_MAX, 0);
    if (base == AW_NS_NONE || after == AW_NS_NONE) return m;
    if (__builtin_add_overflow(base, after, &m.ts)) {
        aw_look_fail(l, "a time lies too far from the record's");
        return m;
    }
    /* Steps are told in the order of time. */
    m.ord = after < 0 ? 1 : (uint64_t)after + 1;
    m.ref = aw_ref_make(0, no > 0 ? (uint64_t)no : 0);
    return m;
}

static void read_address(struct aw_look *l, struct aw_addr *to, const json_t *o, const char *key)
{
    const char *text = aw_look_name(l, o, key);
    to->v6 = strchr(text, ':') != NULL;
    if (inet_pton(to->v6 ? AF_INET6 : AF_INET, text, to->b) != 1)
        aw_look_fail(l, "'%s' is no address", key);
}

static uint8_t version_of(struct aw_look *l, const json_t *o)
{
    const struct aw_span v = aw_look_text(l, o, "version");
    if (v.len != 3 || v.p[0] > '9' || v.p[0] < '0' || v.p[2] > '9' || v.p[2] < '0') return 0;
    return (uint8_t)((v.p[0] - '0') * 10 + (v.p[2] - '0'));
}

static void read_connection(struct aw_look *l, struct aw_exchange *x, const json_t *o)
{
    struct aw_conn_facts *c = &x->conn;
    x->conn_id = aw_look_count(l, o, "id");
    read_address(l, &c->addr[AW_C2S], o, "client");
    read_address(l, &c->addr[AW_S2C], o, "server");
    c->port[AW_C2S] = (uint16_t)aw_look_number(l, o, "client_port", UINT16_MAX, 0);
    c->port[AW_S2C] = (uint16_t)aw_look_number(l, o, "server_port", UINT16_MAX, 0);
    c->rtt_c = aw_look_ms(l, o, "rtt_client_ms");
    c->rtt_s = aw_look_ms(l, o, "rtt_server_ms");
}

static void read_request(struct aw_look *l, struct aw_exchange *x, const json_t *o, aw_ns time)
{
    if (!json_is_object(o)) {
        x->flags |= AW_F_REQ_UNSEEN;
        return;
    }
    x->text[AW_TEXT_METHOD] = aw_look_text(l, o, "method");
    x->text[AW_TEXT_TARGET] = aw_look_text(l, o, "target");
    x->text[AW_TEXT_HOST] = aw_look_text(l, o, "host");
    x->text[AW_TEXT_USER_AGENT] = aw_look_text(l, o, "user_agent");
    x->text[AW_TEXT_EXPECT] = aw_look_text(l, o, "expect");
    x->req_version = version_of(l, o);
    x->declared = aw_look_number(l, o, "content_length", INT64_MAX, -1);
    x->sent = aw_look_number(l, o, "body_bytes", INT64_MAX, -1);
    if (json_is_true(json_object_get(o, "chunked"))) x->req |= AW_REQ_CHUNKED;
    x->at[AW_AT_REQ_FIRST] = mark_at(l, time, 0, json_object_get(o, "packet"));
}

/* The first five and the last are what an exchange keeps; records have no more. */
static void read_interims(struct aw_look *l, struct aw_exchange *x, const json_t *list, aw_ns time)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *o = json_array_get(list, i);
        const json_t *packet = json_object_get(o, "packet");
        struct aw_interim *m = &x->interim[x->interim_count++];
        m->status = (uint16_t)aw_look_number(l, o, "status", 199, 0);
        m->at = mark_at(l, time, aw_look_ms(l, o, "at_ms"), packet);
        m->first = aw_seen(&m->at) ? m->at : mark_at(l, time, 0, packet);
        if (m->status == 100) x->continue_count++;
    }
}

static void read_response(struct aw_look *l, struct aw_exchange *x, const json_t *o, aw_ns time)
{
    if (!json_is_object(o)) return;
    x->status = (uint16_t)aw_look_number(l, o, "status", 999, 0);
    x->text[AW_TEXT_REASON] = aw_look_text(l, o, "reason");
    x->text[AW_TEXT_SERVER] = aw_look_text(l, o, "server");
    x->text[AW_TEXT_VIA] = aw_look_text(l, o, "via");
    x->res_version = version_of(l, o);
    /* Where no request was seen the record's time is that of the response. */
    struct aw_mark *first = &x->at[AW_AT_FINAL_FIRST], *final = &x->at[AW_AT_FINAL];
    if (x->flags & AW_F_REQ_UNSEEN)
        *final = *first = mark_at(l, time, 0, json_object_get(o, "packet"));
    else
        *first = *final;
}

static void read_timing(struct aw_look *l, struct aw_reread *r, const json_t *o, aw_ns time)
{
    struct aw_exchange *x = &r->ex;
    static const struct {
        const char *key, *packet;
        enum aw_point at;
    } part[] = {{"head_ms", "head", AW_AT_HEAD},
                {"body_ms", "body", AW_AT_BODY},
                {"body_end_ms", "body_end", AW_AT_BODY_END},
                {"final_ms", "final", AW_AT_FINAL},
                {"total_ms", "", AW_AT_END}};
    const json_t *packets = aw_look_object(l, o, "packets");
    for (size_t i = 0; i < sizeof part / sizeof part[0]; i++)
        x->at[part[i].at] = mark_at(l, time, aw_look_ms(l, o, part[i].key),
                                    json_object_get(packets, part[i].packet));
    x->content_complete = aw_seen(&x->at[AW_AT_BODY_END]);
    r->latency[AW_LAT_CONTINUE] = aw_look_ms(l, o, "think_ms");
    r->latency[AW_LAT_WAIT] = aw_look_ms(l, o, "wait_ms");
    r->latency[AW_LAT_FINAL] = aw_look_ms(l, o, "final_ms");
}

static uint64_t read_also(struct aw_look *l, const json_t *o)
{
    uint64_t bits = 0;
    size_t i;
    json_t *v;
    json_array_foreach(aw_look_array(l, o, "also", AW_CAUSE_COUNT), i, v)
    {
        const char *slug = json_is_string(v) ? json_string_value(v) : "";
        bits |= UINT64_C(1) << aw_look_word(l, slug, aw_look_cause, AW_CAUSE_COUNT, "cause");
    }
    return bits;
}

static const char *sentence_at(struct aw_look *l, const json_t *list, size_t i)
{
    const char *s = json_string_value(json_array_get(list, i));
    if (!s) aw_look_fail(l, "a piece of evidence or a fix is no text");
    return s ? s : "";
}

static void read_verdict(struct aw_look *l, struct aw_verdict *v, const json_t *o,
                         const json_t *cost)
{
    v->severity = (enum aw_severity)aw_look_word(l, aw_look_name(l, o, "severity"),
                                                 aw_look_severity, AW_SEV_COUNT, "severity");
    v->cause = (enum aw_cause)aw_look_word(l, aw_look_name(l, o, "cause"), aw_look_cause,
                                           AW_CAUSE_COUNT, "cause");
    v->party = (enum aw_party)aw_look_word(l, aw_look_name(l, o, "party"), aw_look_party,
                                           AW_PARTY_COUNT, "party");
    v->confidence = (enum aw_confidence)aw_look_word(
        l, aw_look_name(l, o, "confidence"), aw_look_confidence, AW_CONF_COUNT, "confidence");
    v->also = read_also(l, o);
    v->recovered = json_is_true(json_object_get(o, "recovered"));
    const aw_ns stall = aw_look_ms(l, cost, "stall_ms");
    v->cost.stall = stall == AW_NS_NONE ? 0 : stall;
    v->cost.wasted = aw_look_number(l, cost, "wasted_bytes", INT64_MAX, -1);
    v->cost.saved = aw_look_number(l, cost, "saved_bytes", INT64_MAX, -1);
    v->cost.extra_round_trips =
        (uint32_t)aw_look_number(l, cost, "extra_round_trips", UINT32_MAX, 0);
    const json_t *evidence = aw_look_array(l, o, "evidence", AW_EVIDENCE_MAX);
    v->evidence_count = (unsigned)json_array_size(evidence);
    for (unsigned i = 0; i < v->evidence_count; i++)
        v->evidence[i].text = sentence_at(l, evidence, i);
    const json_t *fix = aw_look_array(l, o, "fix", AW_FIX_MAX);
    v->fix_count = (unsigned)json_array_size(fix);
    for (unsigned i = 0; i < v->fix_count; i++)
        v->fix[i] = sentence_at(l, fix, i);
}

bool aw_reread(struct aw_reread *r, const json_t *record, struct aw_look *l)
{
    memset(r, 0, sizeof *r);
    struct aw_exchange *x = &r->ex;
    const aw_ns time = aw_look_moment(l, record, "time");
    x->declared = x->sent = -1;
    x->id = aw_look_count(l, record, "id");
    r->file = aw_look_name(l, record, "file");
    read_connection(l, x, aw_look_object(l, record, "connection"));
    read_request(l, x, json_object_get(record, "request"), time);
    read_timing(l, r, aw_look_object(l, record, "timing"), time);
    read_interims(l, x, aw_look_array(l, record, "interim", AW_INTERIM_MAX), time);
    read_response(l, x, json_object_get(record, "response"), time);
    r->rec = (struct aw_record){.ex = x, .chain_id = x->id, .attempt = 1, .attempts = 1};
    const json_t *verdict = json_object_get(record, "verdict");
    if (json_is_object(verdict)) {
        read_verdict(l, &r->verdict, verdict, aw_look_object(l, record, "cost"));
        r->rec.verdict = &r->verdict;
    } else if (!json_is_null(verdict)) {
        aw_look_fail(l, "'verdict' is missing, or no object");
    }
    return !l->bad;
}
