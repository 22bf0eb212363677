/*
 * One JSON record a line for each exchange, schema "await100/1". Keys come in a fixed order and are
 * never left out; what is unknown is null. Written by hand into the buffer: a general library takes
 * several times as long as the whole analysis.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sink/community.h"
#include "sink/out_buf.h"
#include "sink/report.h"

struct aw_report {
    struct aw_out *out;       /* borrowed */
    const struct aw_run *run; /* borrowed */
    struct aw_scratch target;
    uint64_t community_conn; /* the connection whose id is kept below; 0 = none */
    char community[AW_COMMUNITY_LEN];
};

#define LIT(o, text) aw_out_put(o, text, sizeof text - 1)

static void put_name(struct aw_out *o, const char *name)
{
    LIT(o, "\"");
    aw_out_str(o, name); /* of our own tables: nothing to escape */
    LIT(o, "\"");
}

static void put_bool(struct aw_out *o, bool v)
{
    if (v)
        LIT(o, "true");
    else
        LIT(o, "false");
}

/* A number that is known where it is not below 0. */
static void put_known(struct aw_out *o, int64_t v)
{
    if (v < 0)
        LIT(o, "null");
    else
        aw_out_i64(o, v);
}

static void put_id(struct aw_out *o, uint64_t id)
{
    if (id == 0)
        LIT(o, "null");
    else
        aw_out_u64(o, id);
}

static void put_text(struct aw_out *o, const struct aw_exchange *x, enum aw_text which)
{
    aw_out_json(o, x->text[which]);
}

static void put_cstr(struct aw_out *o, const char *s)
{
    aw_out_json(o, aw_span_of(s, strlen(s)));
}

static void put_version(struct aw_out *o, uint8_t version)
{
    if (version == 0) {
        LIT(o, "null");
        return;
    }
    const char text[] = {'"', (char)('0' + version / 10 % 10), '.', (char)('0' + version % 10),
                         '"'};
    aw_out_put(o, text, sizeof text);
}

/* A packet by its number in the record's file, or with its own file's name. */
static void put_ref(struct aw_report *r, aw_ref home, aw_ref ref)
{
    struct aw_out *o = r->out;
    if (aw_ref_no(ref) == 0) {
        LIT(o, "null");
    } else if (aw_ref_source(ref) == aw_ref_source(home)) {
        aw_out_u64(o, aw_ref_no(ref));
    } else {
        LIT(o, "{\"file\":");
        put_cstr(o, aw_run_file(r->run, ref));
        LIT(o, ",\"packet\":");
        aw_out_u64(o, aw_ref_no(ref));
        LIT(o, "}");
    }
}

static void put_packet(struct aw_report *r, aw_ref home, const struct aw_mark *m)
{
    put_ref(r, home, m && aw_seen(m) ? m->ref : 0);
}

static void put_addr(struct aw_out *o, const struct aw_addr *a)
{
    char text[AW_ADDR_TEXT];
    const size_t len = aw_addr_text(text, a);
    LIT(o, "\"");
    aw_out_put(o, text, len);
    LIT(o, "\"");
}

static void put_connection(struct aw_report *r, const struct aw_exchange *x)
{
    struct aw_out *o = r->out;
    const struct aw_conn_facts *c = &x->conn;
    if (x->conn_id == 0 || r->community_conn != x->conn_id) {
        aw_community_id(r->community, c);
        r->community_conn = x->conn_id;
    }
    LIT(o, ",\"connection\":{\"id\":");
    put_id(o, x->conn_id);
    LIT(o, ",\"community_id\":\"");
    aw_out_put(o, r->community, sizeof r->community);
    LIT(o, "\",\"client\":");
    put_addr(o, &c->addr[AW_C2S]);
    LIT(o, ",\"client_port\":");
    aw_out_u64(o, c->port[AW_C2S]);
    LIT(o, ",\"server\":");
    put_addr(o, &c->addr[AW_S2C]);
    LIT(o, ",\"server_port\":");
    aw_out_u64(o, c->port[AW_S2C]);
    LIT(o, ",\"vantage\":");
    put_name(o, aw_vantage_name(aw_conn_vantage(c)));
    LIT(o, ",\"rtt_client_ms\":");
    aw_out_ms(o, c->rtt_c);
    LIT(o, ",\"rtt_server_ms\":");
    aw_out_ms(o, c->rtt_s);
    switch (c->close) {
    case AW_CONN_OPEN:
        LIT(o, ",\"close\":null,\"closed_by\":null");
        break;
    case AW_CONN_FIN:
    case AW_CONN_RST:
        LIT(o, ",\"close\":");
        put_name(o, c->close == AW_CONN_FIN ? "fin" : "rst");
        LIT(o, ",\"closed_by\":");
        put_name(o, c->closed_by == AW_C2S ? "client" : "server");
        break;
    }
    LIT(o, ",\"gaps\":");
    aw_out_u64(o, c->hole_count);
    LIT(o, ",\"retransmissions\":");
    aw_out_u64(o, c->retransmissions);
    LIT(o, "}");
}

static void put_request(struct aw_report *r, const struct aw_exchange *x, aw_ref home)
{
    struct aw_out *o = r->out;
    LIT(o, ",\"request\":");
    if (!aw_request_seen(x)) {
        LIT(o, "null");
        return;
    }
    LIT(o, "{\"method\":");
    put_text(o, x, AW_TEXT_METHOD);
    LIT(o, ",\"target\":");
    aw_out_json(o, aw_shown_target(r->run, x->text[AW_TEXT_TARGET], &r->target));
    LIT(o, ",\"host\":");
    put_text(o, x, AW_TEXT_HOST);
    LIT(o, ",\"version\":");
    put_version(o, x->req_version);
    LIT(o, ",\"user_agent\":");
    put_text(o, x, AW_TEXT_USER_AGENT);
    LIT(o, ",\"expect\":");
    put_text(o, x, AW_TEXT_EXPECT);
    LIT(o, ",\"content_length\":");
    put_known(o, x->declared);
    LIT(o, ",\"chunked\":");
    put_bool(o, (x->req & AW_REQ_CHUNKED) != 0);
    LIT(o, ",\"body_bytes\":");
    put_known(o, x->sent);
    LIT(o, ",\"packet\":");
    put_packet(r, home, &x->at[AW_AT_REQ_FIRST]);
    LIT(o, "}");
}

/* t - t_req. */
static void put_at(struct aw_out *o, const struct aw_exchange *x, const struct aw_mark *t)
{
    aw_out_ms(o, aw_between(&x->at[AW_AT_REQ_FIRST], t));
}

static void put_interims(struct aw_report *r, const struct aw_exchange *x, aw_ref home)
{
    struct aw_out *o = r->out;
    LIT(o, ",\"interim\":[");
    for (uint32_t i = 0; i < aw_interims_kept(x); i++) {
        const struct aw_interim *m = &x->interim[i];
        if (i > 0) LIT(o, ",");
        LIT(o, "{\"status\":");
        aw_out_u64(o, m->status);
        LIT(o, ",\"at_ms\":");
        put_at(o, x, &m->at);
        LIT(o, ",\"packet\":");
        put_packet(r, home, aw_seen(&m->at) ? &m->at : &m->first);
        LIT(o, "}");
    }
    LIT(o, "]");
}

static void put_response(struct aw_report *r, const struct aw_exchange *x, aw_ref home)
{
    struct aw_out *o = r->out;
    LIT(o, ",\"response\":");
    if (x->status == 0) {
        LIT(o, "null");
        return;
    }
    LIT(o, "{\"status\":");
    aw_out_u64(o, x->status);
    LIT(o, ",\"reason\":");
    put_text(o, x, AW_TEXT_REASON);
    LIT(o, ",\"version\":");
    put_version(o, x->res_version);
    LIT(o, ",\"server\":");
    put_text(o, x, AW_TEXT_SERVER);
    LIT(o, ",\"via\":");
    put_text(o, x, AW_TEXT_VIA);
    LIT(o, ",\"packet\":");
    put_packet(r, home, &x->at[AW_AT_FINAL_FIRST]);
    LIT(o, "}");
}

static void put_timing(struct aw_report *r, const struct aw_exchange *x, aw_ref home)
{
    struct aw_out *o = r->out;
    const struct aw_mark *head = &x->at[AW_AT_HEAD], *body = &x->at[AW_AT_BODY];
    const struct aw_mark *final = &x->at[AW_AT_FINAL];
    const struct aw_mark *body_end = aw_exchange_content_end(x);

    LIT(o, ",\"timing\":{\"head_ms\":");
    put_at(o, x, head);
    LIT(o, ",\"continue_ms\":");
    aw_out_ms(o, aw_between(head, aw_exchange_continued(x)));
    LIT(o, ",\"think_ms\":");
    aw_out_ms(o, aw_exchange_think(x));
    LIT(o, ",\"wait_ms\":");
    aw_out_ms(o, aw_exchange_wait(x, r->run->config->threshold));
    LIT(o, ",\"body_ms\":");
    put_at(o, x, body);
    LIT(o, ",\"body_end_ms\":");
    put_at(o, x, body_end);
    LIT(o, ",\"final_ms\":");
    put_at(o, x, final);
    LIT(o, ",\"total_ms\":");
    put_at(o, x, aw_exchange_end(x));
    LIT(o, ",\"packets\":{\"head\":");
    put_packet(r, home, head);
    LIT(o, ",\"body\":");
    put_packet(r, home, body);
    LIT(o, ",\"body_end\":");
    put_packet(r, home, body_end);
    LIT(o, ",\"final\":");
    put_packet(r, home, final);
    LIT(o, "}}");
}

static void put_neighbours(struct aw_out *o, const struct aw_record *rec)
{
    LIT(o, ",\"cost\":{\"stall_ms\":");
    if (rec->verdict) {
        const struct aw_cost *c = &rec->verdict->cost;
        aw_out_ms(o, c->stall);
        LIT(o, ",\"wasted_bytes\":");
        put_known(o, c->wasted);
        LIT(o, ",\"saved_bytes\":");
        put_known(o, c->saved);
        LIT(o, ",\"extra_round_trips\":");
        aw_out_u64(o, c->extra_round_trips);
    } else { /* nobody worked it out */
        LIT(o, "null,\"wasted_bytes\":null,\"saved_bytes\":null,\"extra_round_trips\":null");
    }
    LIT(o, "},\"chain\":{\"id\":");
    aw_out_u64(o, rec->chain_id);
    LIT(o, ",\"attempt\":");
    aw_out_u64(o, rec->attempt);
    LIT(o, ",\"of\":");
    aw_out_u64(o, rec->attempts);
    LIT(o, "},\"legs\":{\"inner\":");
    put_id(o, rec->inner_id);
    LIT(o, ",\"outer\":");
    put_id(o, rec->outer_id);
    LIT(o, "}");
}

static void put_recovery(struct aw_out *o, const struct aw_recovery *by)
{
    LIT(o, ",\"recovered_by\":");
    if (by->id == 0) {
        LIT(o, "null");
        return;
    }
    LIT(o, "{\"id\":");
    aw_out_u64(o, by->id);
    LIT(o, ",\"connection\":");
    put_id(o, by->conn_id);
    LIT(o, ",\"time\":\"");
    aw_out_time(o, by->time);
    LIT(o, "\",\"status\":");
    aw_out_u64(o, by->status);
    LIT(o, ",\"after_ms\":");
    aw_out_ms(o, by->after);
    LIT(o, "}");
}

static void put_verdict(struct aw_report *r, const struct aw_record *rec, aw_ref home)
{
    struct aw_out *o = r->out;
    const struct aw_verdict *v = rec->verdict;
    LIT(o, ",\"verdict\":");
    if (!v) {
        LIT(o, "null");
        return;
    }
    LIT(o, "{\"severity\":");
    put_name(o, aw_severity_name(v->severity));
    LIT(o, ",\"cause\":");
    put_name(o, aw_cause_slug(v->cause));
    LIT(o, ",\"party\":");
    put_name(o, aw_party_name(v->party));
    LIT(o, ",\"confidence\":");
    put_name(o, aw_confidence_name(v->confidence));
    LIT(o, ",\"also\":[");
    const char *comma = "";
    for (int c = 0; c < AW_CAUSE_COUNT; c++) {
        if (!(v->also >> c & 1)) continue;
        aw_out_str(o, comma);
        put_name(o, aw_cause_slug((enum aw_cause)c));
        comma = ",";
    }
    LIT(o, "],\"recovered\":");
    put_bool(o, v->recovered);
    put_recovery(o, &rec->recovered_by);
    LIT(o, ",\"checks\":[");
    for (unsigned i = 0; i < v->check_count; i++) {
        if (i > 0) LIT(o, ",");
        LIT(o, "{\"rule\":");
        put_name(o, v->check[i].rule);
        LIT(o, ",\"rfc\":");
        put_name(o, v->check[i].rfc);
        LIT(o, ",\"packet\":");
        put_ref(r, home, v->check[i].packet);
        LIT(o, "}");
    }
    LIT(o, "],\"evidence\":[");
    for (unsigned i = 0; i < v->evidence_count; i++) {
        if (i > 0) LIT(o, ",");
        put_cstr(o, v->evidence[i].text);
    }
    LIT(o, "],\"fix\":[");
    for (unsigned i = 0; i < v->fix_count; i++) {
        if (i > 0) LIT(o, ",");
        put_cstr(o, v->fix[i]);
    }
    LIT(o, "]}");
}

static void ndjson_record(struct aw_report *r, const struct aw_record *rec)
{
    struct aw_out *o = r->out;
    const struct aw_exchange *x = rec->ex;
    const struct aw_mark *first = aw_exchange_first(x);
    const aw_ref home = first ? first->ref : 0;

    LIT(o, "{\"schema\":\"await100/1\",\"id\":");
    aw_out_u64(o, x->id);
    LIT(o, ",\"file\":");
    put_cstr(o, aw_run_file(r->run, home));
    LIT(o, ",\"time\":");
    if (first) {
        LIT(o, "\"");
        aw_out_time(o, first->ts);
        LIT(o, "\"");
    } else {
        LIT(o, "null");
    }
    put_connection(r, x);
    put_request(r, x, home);
    put_interims(r, x, home);
    put_response(r, x, home);
    put_timing(r, x, home);
    put_neighbours(o, rec);
    put_verdict(r, rec, home);
    LIT(o, "}\n");
}

static struct aw_report *ndjson_open(struct aw_out *out, const struct aw_run *run)
{
    struct aw_report *r = calloc(1, sizeof *r);
    if (r) *r = (struct aw_report){.out = out, .run = run};
    return r;
}

static void ndjson_finish(struct aw_report *r)
{
    /* Every record is complete when it is written. */
    if (r->target.lost) aw_out_fail(r->out, ENOMEM);
}

static void ndjson_close(struct aw_report *r)
{
    if (!r) return;
    free(r->target.p);
    free(r);
}

const struct aw_format aw_format_ndjson = {
    .name = "ndjson",
    .stream = true,
    .grows = true,
    .help = "one JSON record an exchange, one a line",
    .open = ndjson_open,
    .record = ndjson_record,
    .finish = ndjson_finish,
    .close = ndjson_close,
};
