/*
 * The fields: what each key of a record is, and its value. Knows where facts lie in a record; knows
 * nothing of expressions. One table, fields.def, from which names, kinds and readers come.
 */
#include "filter/inside.h"

#include <string.h>

struct ask { /* one question */
    const struct aw_record *rec;
    const struct aw_exchange *x;
    const struct aw_surround *around; /* may be NULL */
    unsigned nth;
};
typedef void reader(const struct ask *q, unsigned which, struct aw_value *v);

enum list { LIST_ONE, LIST_INTERIM, LIST_ALSO, LIST_CHECKS, LIST_EVIDENCE, LIST_FIX };
enum within { WITHIN_ALWAYS, WITHIN_REQUEST, WITHIN_RESPONSE, WITHIN_VERDICT, WITHIN_RECOVERY };

enum { ID_SELF, ID_CONNECTION, ID_CHAIN, ID_INNER, ID_OUTER, ID_RECOVERY, ID_RECOVERY_CONNECTION };
enum { TCP_GAPS, TCP_AGAIN };
enum { CONTENT_DECLARED, CONTENT_SENT };
enum { PACKET_REQUEST, PACKET_RESPONSE, PACKET_HEAD, PACKET_BODY, PACKET_BODY_END, PACKET_FINAL };
enum {
    SPAN_HEAD,
    SPAN_CONTINUE,
    SPAN_THINK,
    SPAN_WAIT,
    SPAN_BODY,
    SPAN_BODY_END,
    SPAN_FINAL,
    SPAN_TOTAL
};
enum { COST_STALL, COST_WASTED, COST_SAVED, COST_TRIPS };
enum { JUDGED_SEVERITY, JUDGED_CAUSE, JUDGED_PARTY, JUDGED_CONFIDENCE };

/* --- how values are set: all begin as unknown --- */

static void set_number(struct aw_value *v, int64_t number)
{
    v->known = true;
    v->number = number;
}

static void set_count(struct aw_value *v, uint64_t count)
{
    set_number(v, count > INT64_MAX ? INT64_MAX : (int64_t)count);
}

static void set_ns(struct aw_value *v, aw_ns ns)
{
    if (ns != AW_NS_NONE) set_number(v, ns);
}

static void set_text(struct aw_value *v, const char *text)
{
    if (!text) return;
    v->known = true;
    v->text = aw_words_span(text, strlen(text));
}

static void set_packet(struct aw_value *v, aw_ref ref)
{
    if (aw_ref_no(ref) == 0) return;
    v->source = aw_ref_source(ref);
    set_count(v, aw_ref_no(ref));
}

static void set_mark(struct aw_value *v, const struct aw_mark *m)
{
    if (m && aw_seen(m)) set_packet(v, m->ref);
}

/* --- words --- */

static const char *const closes[] = {"fin", "rst"}, *const sides[] = {"client", "server"};

static const char *word_of(enum aw_words words, unsigned rank)
{
    switch (words) {
    case AW_WORDS_SEVERITY:
        return rank < AW_SEV_COUNT ? aw_severity_name((enum aw_severity)rank) : NULL;
    case AW_WORDS_CAUSE:
        return rank < AW_CAUSE_COUNT ? aw_cause_slug((enum aw_cause)rank) : NULL;
    case AW_WORDS_PARTY:
        return rank < AW_PARTY_COUNT ? aw_party_name((enum aw_party)rank) : NULL;
    case AW_WORDS_CONFIDENCE:
        return rank < AW_CONF_COUNT ? aw_confidence_name((enum aw_confidence)rank) : NULL;
    case AW_WORDS_VANTAGE:
        return rank <= AW_VANTAGE_MIDDLE ? aw_vantage_name((enum aw_vantage)rank) : NULL;
    case AW_WORDS_CLOSE:
        return rank < 2 ? closes[rank] : NULL;
    case AW_WORDS_SIDE:
        return rank < 2 ? sides[rank] : NULL;
    case AW_WORDS_NONE:
        break;
    }
    return NULL;
}

static void set_word(struct aw_value *v, enum aw_words words, unsigned rank)
{
    v->number = rank;
    set_text(v, word_of(words, rank));
}

/* --- readers --- */

static void read_there(const struct ask *q, unsigned which, struct aw_value *v)
{
    (void)q, (void)which;
    v->known = true;
}

static void read_schema(const struct ask *q, unsigned which, struct aw_value *v)
{
    (void)q, (void)which;
    set_text(v, "await100/1");
}

static void read_id(const struct ask *q, unsigned which, struct aw_value *v)
{
    const struct aw_record *r = q->rec;
    const uint64_t id[] = {
        [ID_SELF] = q->x->id,
        [ID_CONNECTION] = q->x->conn_id,
        [ID_CHAIN] = r->chain_id,
        [ID_INNER] = r->inner_id,
        [ID_OUTER] = r->outer_id,
        [ID_RECOVERY] = r->recovered_by.id,
        [ID_RECOVERY_CONNECTION] = r->recovered_by.conn_id,
    };
    if (id[which] != 0) set_count(v, id[which]);
}

static void read_file(const struct ask *q, unsigned which, struct aw_value *v)
{
    (void)which;
    const struct aw_mark *first = aw_exchange_first(q->x);
    if (!q->around || !q->around->source_name) return;
    set_text(v, q->around->source_name(q->around->ctx, aw_ref_source(first ? first->ref : 0)));
}

static void read_time(const struct ask *q, unsigned which, struct aw_value *v)
{
    (void)which;
    const struct aw_mark *first = aw_exchange_first(q->x);
    if (first) set_ns(v, first->ts);
}

static void read_community(const struct ask *q, unsigned which, struct aw_value *v)
{
    (void)which;
    if (!q->around || !q->around->community_id) return;
    set_text(v, q->around->community_id(q->around->ctx, &q->x->conn));
}

static void read_address(const struct ask *q, unsigned which, struct aw_value *v)
{
    v->known = true;
    v->address = q->x->conn.addr[which];
}

static void read_port(const struct ask *q, unsigned which, struct aw_value *v)
{
    set_number(v, q->x->conn.port[which]);
}

static void read_vantage(const struct ask *q, unsigned which, struct aw_value *v)
{
    (void)which;
    set_word(v, AW_WORDS_VANTAGE, (unsigned)aw_conn_vantage(&q->x->conn));
}

static void read_rtt(const struct ask *q, unsigned which, struct aw_value *v)
{
    set_ns(v, which == AW_C2S ? q->x->conn.rtt_c : q->x->conn.rtt_s);
}

static void read_close(const struct ask *q, unsigned which, struct aw_value *v)
{
    (void)which;
    const enum aw_conn_close c = q->x->conn.close;
    if (c != AW_CONN_OPEN) set_word(v, AW_WORDS_CLOSE, c == AW_CONN_FIN ? 0 : 1);
}

static void read_closed_by(const struct ask *q, unsigned which, struct aw_value *v)
{
    (void)which;
    const struct aw_conn_facts *c = &q->x->conn;
    if (c->close != AW_CONN_OPEN) set_word(v, AW_WORDS_SIDE, c->closed_by == AW_C2S ? 0 : 1);
}

static void read_tcp_count(const struct ask *q, unsigned which, struct aw_value *v)
{
    set_count(v, which == TCP_GAPS ? q->x->conn.hole_count : q->x->conn.retransmissions);
}

static void read_text(const struct ask *q, unsigned which, struct aw_value *v)
{
    v->text = q->x->text[which];
    v->known = v->text.p != NULL;
}

static void read_version(const struct ask *q, unsigned which, struct aw_value *v)
{
    const unsigned version = which == AW_C2S ? q->x->req_version : q->x->res_version;
    switch (version) { /* those that the parser of heads lets through */
    case 9:
        set_text(v, "0.9");
        break;
    case 10:
        set_text(v, "1.0");
        break;
    case 11:
        set_text(v, "1.1");
        break;
    default:
        break;
    }
}

static void read_content(const struct ask *q, unsigned which, struct aw_value *v)
{
    const int64_t bytes = which == CONTENT_DECLARED ? q->x->declared : q->x->sent;
    if (bytes >= 0) set_number(v, bytes);
}

static void read_chunked(const struct ask *q, unsigned which, struct aw_value *v)
{
    (void)which;
    set_number(v, (q->x->req & AW_REQ_CHUNKED) != 0);
}

static void read_status(const struct ask *q, unsigned which, struct aw_value *v)
{
    (void)which;
    set_number(v, q->x->status);
}

static void read_packet(const struct ask *q, unsigned which, struct aw_value *v)
{
    const struct aw_mark *at = q->x->at, *const mark[] = {
                                             [PACKET_REQUEST] = &at[AW_AT_REQ_FIRST],
                                             [PACKET_RESPONSE] = &at[AW_AT_FINAL_FIRST],
                                             [PACKET_HEAD] = &at[AW_AT_HEAD],
                                             [PACKET_BODY] = &at[AW_AT_BODY],
                                             [PACKET_BODY_END] = aw_exchange_content_end(q->x),
                                             [PACKET_FINAL] = &at[AW_AT_FINAL],
                                         };
    set_mark(v, mark[which]);
}

static void read_interim_status(const struct ask *q, unsigned which, struct aw_value *v)
{
    (void)which;
    set_number(v, q->x->interim[q->nth].status);
}

static void read_interim_at(const struct ask *q, unsigned which, struct aw_value *v)
{
    (void)which;
    set_ns(v, aw_between(&q->x->at[AW_AT_REQ_FIRST], &q->x->interim[q->nth].at));
}

static void read_interim_packet(const struct ask *q, unsigned which, struct aw_value *v)
{
    (void)which;
    const struct aw_interim *m = &q->x->interim[q->nth];
    set_mark(v, aw_seen(&m->at) ? &m->at : &m->first);
}

static aw_ns wait_of(const struct ask *q)
{
    if (q->around && q->around->threshold) return aw_exchange_wait(q->x, q->around->threshold);
    int64_t threshold[AW_T_COUNT];
    for (enum aw_threshold t = 0; t < AW_T_COUNT; t++)
        threshold[t] = aw_threshold_default(t);
    return aw_exchange_wait(q->x, threshold);
}

static void read_span(const struct ask *q, unsigned which, struct aw_value *v)
{
    const struct aw_exchange *x = q->x;
    const struct aw_mark *start = &x->at[AW_AT_REQ_FIRST], *head = &x->at[AW_AT_HEAD];
    switch (which) {
    case SPAN_HEAD:
        set_ns(v, aw_between(start, head));
        break;
    case SPAN_CONTINUE:
        set_ns(v, aw_between(head, aw_exchange_continued(x)));
        break;
    case SPAN_THINK:
        set_ns(v, aw_exchange_think(x));
        break;
    case SPAN_WAIT:
        set_ns(v, wait_of(q));
        break;
    case SPAN_BODY:
        set_ns(v, aw_between(start, &x->at[AW_AT_BODY]));
        break;
    case SPAN_BODY_END:
        set_ns(v, aw_between(start, aw_exchange_content_end(x)));
        break;
    case SPAN_FINAL:
        set_ns(v, aw_between(start, &x->at[AW_AT_FINAL]));
        break;
    case SPAN_TOTAL:
        set_ns(v, aw_between(start, aw_exchange_end(x)));
        break;
    default:
        break;
    }
}

static void read_cost(const struct ask *q, unsigned which, struct aw_value *v)
{
    const struct aw_cost *c = &q->rec->verdict->cost;
    switch (which) {
    case COST_STALL:
        set_ns(v, c->stall);
        break;
    case COST_WASTED:
        if (c->wasted >= 0) set_number(v, c->wasted);
        break;
    case COST_SAVED:
        if (c->saved >= 0) set_number(v, c->saved);
        break;
    case COST_TRIPS:
        set_number(v, c->extra_round_trips);
        break;
    default:
        break;
    }
}

static void read_attempt(const struct ask *q, unsigned which, struct aw_value *v)
{
    set_number(v, which == 0 ? q->rec->attempt : q->rec->attempts);
}

static void read_judged(const struct ask *q, unsigned which, struct aw_value *v)
{
    const struct aw_verdict *d = q->rec->verdict;
    switch (which) {
    case JUDGED_SEVERITY:
        set_word(v, AW_WORDS_SEVERITY, (unsigned)d->severity);
        break;
    case JUDGED_CAUSE:
        set_word(v, AW_WORDS_CAUSE, (unsigned)d->cause);
        break;
    case JUDGED_PARTY:
        set_word(v, AW_WORDS_PARTY, (unsigned)d->party);
        break;
    case JUDGED_CONFIDENCE:
        set_word(v, AW_WORDS_CONFIDENCE, (unsigned)d->confidence);
        break;
    default:
        break;
    }
}

static void read_also(const struct ask *q, unsigned which, struct aw_value *v)
{
    (void)which;
    unsigned before = 0;
    for (unsigned c = 0; c < AW_CAUSE_COUNT; c++) {
        if ((q->rec->verdict->also >> c & 1) == 0 || before++ != q->nth) continue;
        set_word(v, AW_WORDS_CAUSE, c);
        return;
    }
}

static void read_recovered(const struct ask *q, unsigned which, struct aw_value *v)
{
    (void)which;
    set_number(v, q->rec->verdict->recovered);
}

static void read_recovery_time(const struct ask *q, unsigned which, struct aw_value *v)
{
    (void)which;
    set_ns(v, q->rec->recovered_by.time);
}

static void read_recovery_status(const struct ask *q, unsigned which, struct aw_value *v)
{
    (void)which;
    set_number(v, q->rec->recovered_by.status);
}

static void read_recovery_after(const struct ask *q, unsigned which, struct aw_value *v)
{
    (void)which;
    set_ns(v, q->rec->recovered_by.after);
}

static void read_check_text(const struct ask *q, unsigned which, struct aw_value *v)
{
    const struct aw_check *c = &q->rec->verdict->check[q->nth];
    set_text(v, which == 0 ? c->rule : c->rfc);
}

static void read_check_packet(const struct ask *q, unsigned which, struct aw_value *v)
{
    (void)which;
    set_packet(v, q->rec->verdict->check[q->nth].packet);
}

static void read_evidence(const struct ask *q, unsigned which, struct aw_value *v)
{
    (void)which;
    set_text(v, q->rec->verdict->evidence[q->nth].text);
}

static void read_fix(const struct ask *q, unsigned which, struct aw_value *v)
{
    (void)which;
    set_text(v, q->rec->verdict->fix[q->nth]);
}

/* --- the table --- */

static const struct field {
    const char *path;
    enum aw_kind kind;
    enum list list;
    enum within within;
    enum aw_words words;
    reader *read;
    unsigned which;
} fields[] = {
#define AW_FIELD(path, kind, list, within, words, reader, which)                                   \
    {path, AW_KIND_##kind, LIST_##list, WITHIN_##within, AW_WORDS_##words, read_##reader, which},
#include "filter/fields.def"
#undef AW_FIELD
};
enum { FIELDS = sizeof fields / sizeof *fields };

unsigned aw_field_count(void)
{
    return FIELDS;
}

const char *aw_field_name(unsigned field)
{
    return field < FIELDS ? fields[field].path : "";
}

enum aw_kind aw_field_kind(unsigned field)
{
    return field < FIELDS ? fields[field].kind : AW_KIND_GROUP;
}

bool aw_field_is_list(unsigned field)
{
    return field < FIELDS && fields[field].list != LIST_ONE;
}

enum aw_words aw_field_words(unsigned field)
{
    return field < FIELDS ? fields[field].words : AW_WORDS_NONE;
}

const char *aw_field_word(unsigned field, unsigned rank)
{
    return word_of(aw_field_words(field), rank);
}

static bool is_there(enum within within, const struct ask *q)
{
    switch (within) {
    case WITHIN_ALWAYS:
        return true;
    case WITHIN_REQUEST:
        return aw_request_seen(q->x);
    case WITHIN_RESPONSE:
        return q->x->status != 0;
    case WITHIN_VERDICT:
        return q->rec->verdict != NULL;
    case WITHIN_RECOVERY:
        return q->rec->verdict != NULL && q->rec->recovered_by.id != 0;
    }
    return false;
}

/* Elements of the list; one for what is none. */
static unsigned elements(enum list list, const struct ask *q)
{
    const struct aw_verdict *v = q->rec->verdict;
    switch (list) {
    case LIST_ONE:
        return 1;
    case LIST_INTERIM:
        return aw_interims_kept(q->x);
    case LIST_ALSO: {
        unsigned count = 0;
        for (unsigned c = 0; v && c < AW_CAUSE_COUNT; c++)
            count += (unsigned)(v->also >> c & 1);
        return count;
    }
    case LIST_CHECKS:
        return v ? v->check_count : 0;
    case LIST_EVIDENCE:
        return v ? v->evidence_count : 0;
    case LIST_FIX:
        return v ? v->fix_count : 0;
    }
    return 0;
}

bool aw_field_value(unsigned field, unsigned nth, const struct aw_record *rec,
                    const struct aw_surround *around, struct aw_value *out)
{
    *out = (struct aw_value){.kind = aw_field_kind(field)};
    if (field >= FIELDS) return false;
    const struct field *f = &fields[field];
    const struct ask q = {.rec = rec, .x = rec->ex, .around = around, .nth = nth};
    if (nth >= elements(f->list, &q)) return false;
    if (is_there(f->within, &q)) f->read(&q, f->which, out);
    return true;
}
