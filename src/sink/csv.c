/*
 * One row an exchange (RFC 4180), for spreadsheets and databases. Columns are the record's keys by
 * their path, so that a filter, a record and a column speak of one thing. What is unknown is empty;
 * lists are joined by "; ".
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sink/community.h"
#include "sink/markup.h"
#include "sink/out_buf.h"
#include "sink/report.h"

struct aw_report {
    struct aw_out *out;       /* borrowed */
    const struct aw_run *run; /* borrowed */
    struct aw_out *cell;      /* owned: a list under construction */
    struct aw_scratch target;
};

/* What the columns of one row are made from. */
struct row {
    struct aw_report *r;
    struct aw_out *o;
    const struct aw_record *rec;
    const struct aw_exchange *x;
    const struct aw_verdict *v;  /* NULL: not an expectation exchange */
    const struct aw_mark *first; /* NULL: nothing was seen */
    struct aw_times t;
};

/* --- cells --- */

static void put_cstr(const struct row *w, const char *s)
{
    aw_out_csv(w->o, aw_span_of(s, strlen(s)));
}

static void put_text(const struct row *w, enum aw_text which)
{
    aw_out_csv(w->o, w->x->text[which]);
}

static void put_ms(const struct row *w, aw_ns v)
{
    if (v != AW_NS_NONE) aw_out_ms(w->o, v);
}

static void put_known(const struct row *w, int64_t v)
{
    if (v >= 0) aw_out_i64(w->o, v);
}

static void put_id(const struct row *w, uint64_t id)
{
    if (id) aw_out_u64(w->o, id);
}

static void put_bool(const struct row *w, bool v)
{
    aw_out_str(w->o, v ? "true" : "false");
}

static void put_addr(const struct row *w, enum aw_dir side)
{
    char text[AW_ADDR_TEXT];
    const size_t len = aw_addr_text(text, &w->x->conn.addr[side]);
    aw_out_write(w->o, text, len);
}

static void put_version(const struct row *w, uint8_t version)
{
    if (version) aw_out_printf(w->o, "%u.%u", version / 10u, version % 10u);
}

/* A packet of the row's own file; one of another file is told with that file's name. */
static void put_packet(const struct row *w, const struct aw_mark *m)
{
    if (!aw_seen(m) || aw_ref_no(m->ref) == 0) return;
    if (w->first && aw_ref_source(m->ref) != aw_ref_source(w->first->ref)) {
        char text[1024];
        (void)snprintf(text, sizeof text, "%.990s:%llu", aw_run_file(w->r->run, m->ref),
                       (unsigned long long)aw_ref_no(m->ref));
        put_cstr(w, text);
    } else {
        aw_out_u64(w->o, aw_ref_no(m->ref));
    }
}

/* Lists grow in r->cell, then become one cell. */
static void list_begin(const struct row *w)
{
    aw_out_reset(w->r->cell);
}

static void list_item(const struct row *w, const char *text)
{
    struct aw_out *c = w->r->cell;
    if (aw_out_bytes(c).len) aw_out_write(c, "; ", 2);
    aw_out_str(c, text);
}

static void list_end(const struct row *w)
{
    if (aw_out_error(w->r->cell)) aw_out_fail(w->o, aw_out_error(w->r->cell));
    aw_out_csv(w->o, aw_out_bytes(w->r->cell));
}

/* --- the columns --- */

#define COLUMN(name) static void name(const struct row *w)

COLUMN(id)
{
    aw_out_u64(w->o, w->x->id);
}
COLUMN(file)
{
    put_cstr(w, w->first ? aw_run_file(w->r->run, w->first->ref) : "");
}
COLUMN(time_)
{
    if (w->first) aw_out_time(w->o, w->first->ts);
}
COLUMN(conn_id)
{
    put_id(w, w->x->conn_id);
}
COLUMN(community)
{
    char text[AW_COMMUNITY_LEN];
    aw_community_id(text, &w->x->conn);
    aw_out_csv(w->o, aw_span_of(text, sizeof text));
}
COLUMN(client)
{
    put_addr(w, AW_C2S);
}
COLUMN(client_port)
{
    aw_out_u64(w->o, w->x->conn.port[AW_C2S]);
}
COLUMN(server)
{
    put_addr(w, AW_S2C);
}
COLUMN(server_port)
{
    aw_out_u64(w->o, w->x->conn.port[AW_S2C]);
}
COLUMN(vantage)
{
    put_cstr(w, aw_vantage_name(aw_conn_vantage(&w->x->conn)));
}
COLUMN(rtt_client)
{
    put_ms(w, w->x->conn.rtt_c);
}
COLUMN(rtt_server)
{
    put_ms(w, w->x->conn.rtt_s);
}
COLUMN(close_)
{
    if (w->x->conn.close != AW_CONN_OPEN)
        aw_out_str(w->o, w->x->conn.close == AW_CONN_FIN ? "fin" : "rst");
}
COLUMN(closed_by)
{
    if (w->x->conn.close != AW_CONN_OPEN)
        aw_out_str(w->o, w->x->conn.closed_by == AW_C2S ? "client" : "server");
}
COLUMN(gaps)
{
    aw_out_u64(w->o, w->x->conn.hole_count);
}
COLUMN(retransmissions)
{
    aw_out_u64(w->o, w->x->conn.retransmissions);
}
COLUMN(method)
{
    put_text(w, AW_TEXT_METHOD);
}
COLUMN(target)
{
    aw_out_csv(w->o, aw_shown_target(w->r->run, w->x->text[AW_TEXT_TARGET], &w->r->target));
}
COLUMN(host)
{
    put_text(w, AW_TEXT_HOST);
}
COLUMN(req_version)
{
    if (aw_request_seen(w->x)) put_version(w, w->x->req_version);
}
COLUMN(user_agent)
{
    put_text(w, AW_TEXT_USER_AGENT);
}
COLUMN(expect)
{
    put_text(w, AW_TEXT_EXPECT);
}
COLUMN(content_length)
{
    if (aw_request_seen(w->x)) put_known(w, w->x->declared);
}
COLUMN(chunked)
{
    if (aw_request_seen(w->x)) put_bool(w, (w->x->req & AW_REQ_CHUNKED) != 0);
}
COLUMN(body_bytes)
{
    if (aw_request_seen(w->x)) put_known(w, w->x->sent);
}
COLUMN(req_packet)
{
    if (aw_request_seen(w->x)) put_packet(w, &w->x->at[AW_AT_REQ_FIRST]);
}
COLUMN(interim)
{
    list_begin(w);
    for (uint32_t i = 0; i < aw_interims_kept(w->x); i++) {
        char status[8];
        (void)snprintf(status, sizeof status, "%u", (unsigned)w->x->interim[i].status);
        list_item(w, status);
    }
    list_end(w);
}
COLUMN(status)
{
    put_id(w, w->x->status);
}
COLUMN(reason)
{
    if (w->x->status) put_text(w, AW_TEXT_REASON);
}
COLUMN(res_version)
{
    if (w->x->status) put_version(w, w->x->res_version);
}
COLUMN(res_server)
{
    if (w->x->status) put_text(w, AW_TEXT_SERVER);
}
COLUMN(via)
{
    if (w->x->status) put_text(w, AW_TEXT_VIA);
}
COLUMN(res_packet)
{
    if (w->x->status) put_packet(w, &w->x->at[AW_AT_FINAL_FIRST]);
}
COLUMN(head_ms)
{
    put_ms(w, w->t.head);
}
COLUMN(continue_ms)
{
    put_ms(w, w->t.cont);
}
COLUMN(wait_ms)
{
    put_ms(w, w->t.wait);
}
COLUMN(body_ms)
{
    put_ms(w, w->t.body);
}
COLUMN(body_end_ms)
{
    put_ms(w, w->t.body_end);
}
COLUMN(final_ms)
{
    put_ms(w, w->t.final);
}
COLUMN(total_ms)
{
    put_ms(w, w->t.total);
}
COLUMN(stall)
{
    if (w->v) put_ms(w, w->v->cost.stall);
}
COLUMN(wasted)
{
    if (w->v) put_known(w, w->v->cost.wasted);
}
COLUMN(saved)
{
    if (w->v) put_known(w, w->v->cost.saved);
}
COLUMN(round_trips)
{
    if (w->v) aw_out_u64(w->o, w->v->cost.extra_round_trips);
}
COLUMN(chain_id)
{
    aw_out_u64(w->o, w->rec->chain_id);
}
COLUMN(attempt)
{
    aw_out_u64(w->o, w->rec->attempt);
}
COLUMN(attempts)
{
    aw_out_u64(w->o, w->rec->attempts);
}
COLUMN(inner)
{
    put_id(w, w->rec->inner_id);
}
COLUMN(outer)
{
    put_id(w, w->rec->outer_id);
}
COLUMN(severity)
{
    if (w->v) put_cstr(w, aw_severity_name(w->v->severity));
}
COLUMN(cause)
{
    if (w->v) put_cstr(w, aw_cause_slug(w->v->cause));
}
COLUMN(party)
{
    if (w->v) put_cstr(w, aw_party_name(w->v->party));
}
COLUMN(confidence)
{
    if (w->v) put_cstr(w, aw_confidence_name(w->v->confidence));
}
COLUMN(also)
{
    list_begin(w);
    for (int c = 0; w->v && c < AW_CAUSE_COUNT; c++)
        if (w->v->also >> c & 1) list_item(w, aw_cause_slug((enum aw_cause)c));
    list_end(w);
}
COLUMN(recovered)
{
    if (w->v) put_bool(w, w->v->recovered);
}
COLUMN(recovered_by)
{
    put_id(w, w->rec->recovered_by.id);
}
COLUMN(checks)
{
    list_begin(w);
    for (unsigned i = 0; w->v && i < w->v->check_count; i++)
        list_item(w, w->v->check[i].rule);
    list_end(w);
}
COLUMN(evidence)
{
    list_begin(w);
    for (unsigned i = 0; w->v && i < w->v->evidence_count; i++)
        list_item(w, w->v->evidence[i].text);
    list_end(w);
}
COLUMN(fix)
{
    list_begin(w);
    for (unsigned i = 0; w->v && i < w->v->fix_count; i++)
        list_item(w, w->v->fix[i]);
    list_end(w);
}

static const struct {
    const char *name;
    void (*put)(const struct row *w);
} columns[] = {
    {"id", id},
    {"file", file},
    {"time", time_},
    {"connection.id", conn_id},
    {"connection.community_id", community},
    {"connection.client", client},
    {"connection.client_port", client_port},
    {"connection.server", server},
    {"connection.server_port", server_port},
    {"connection.vantage", vantage},
    {"connection.rtt_client_ms", rtt_client},
    {"connection.rtt_server_ms", rtt_server},
    {"connection.close", close_},
    {"connection.closed_by", closed_by},
    {"connection.gaps", gaps},
    {"connection.retransmissions", retransmissions},
    {"request.method", method},
    {"request.target", target},
    {"request.host", host},
    {"request.version", req_version},
    {"request.user_agent", user_agent},
    {"request.expect", expect},
    {"request.content_length", content_length},
    {"request.chunked", chunked},
    {"request.body_bytes", body_bytes},
    {"request.packet", req_packet},
    {"interim.status", interim},
    {"response.status", status},
    {"response.reason", reason},
    {"response.version", res_version},
    {"response.server", res_server},
    {"response.via", via},
    {"response.packet", res_packet},
    {"timing.head_ms", head_ms},
    {"timing.continue_ms", continue_ms},
    {"timing.wait_ms", wait_ms},
    {"timing.body_ms", body_ms},
    {"timing.body_end_ms", body_end_ms},
    {"timing.final_ms", final_ms},
    {"timing.total_ms", total_ms},
    {"cost.stall_ms", stall},
    {"cost.wasted_bytes", wasted},
    {"cost.saved_bytes", saved},
    {"cost.extra_round_trips", round_trips},
    {"chain.id", chain_id},
    {"chain.attempt", attempt},
    {"chain.of", attempts},
    {"legs.inner", inner},
    {"legs.outer", outer},
    {"verdict.severity", severity},
    {"verdict.cause", cause},
    {"verdict.party", party},
    {"verdict.confidence", confidence},
    {"verdict.also", also},
    {"verdict.recovered", recovered},
    {"verdict.recovered_by.id", recovered_by},
    {"verdict.checks.rule", checks},
    {"verdict.evidence", evidence},
    {"verdict.fix", fix},
};
enum { COLUMNS = sizeof columns / sizeof columns[0] };

/* --- the format --- */

static void csv_record(struct aw_report *r, const struct aw_record *rec)
{
    const struct row w = {
        .r = r,
        .o = r->out,
        .rec = rec,
        .x = rec->ex,
        .v = rec->verdict,
        .first = aw_exchange_first(rec->ex),
        .t = aw_times_of(r->run, rec->ex),
    };
    for (size_t i = 0; i < COLUMNS; i++) {
        if (i > 0) aw_out_write(r->out, ",", 1);
        columns[i].put(&w);
    }
    aw_out_write(r->out, "\r\n", 2);
}

static void csv_close(struct aw_report *r)
{
    if (!r) return;
    if (r->cell) (void)aw_out_close(r->cell, false);
    free(r->target.p);
    free(r);
}

static struct aw_report *csv_open(struct aw_out *out, const struct aw_run *run)
{
    struct aw_report *r = calloc(1, sizeof *r);
    if (!r) return NULL;
    *r = (struct aw_report){.out = out, .run = run, .cell = aw_out_memory()};
    if (!r->cell) {
        csv_close(r);
        return NULL;
    }
    for (size_t i = 0; i < COLUMNS; i++)
        aw_out_printf(out, "%s%s", i ? "," : "", columns[i].name);
    aw_out_write(out, "\r\n", 2);
    return r;
}

static void csv_finish(struct aw_report *r)
{
    /* Every row is complete when it is written. */
    if (r->target.lost) aw_out_fail(r->out, ENOMEM);
}

const struct aw_format aw_format_csv = {
    .name = "csv",
    .stream = true, /* a file has one head, so it does not grow */
    .help = "one row an exchange, for spreadsheets; formulas defused",
    .open = csv_open,
    .record = csv_record,
    .finish = csv_finish,
    .close = csv_close,
};
