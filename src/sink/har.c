/*
 * HTTP Archive 1.2, one entry an exchange, for the tools that draw waterfalls. What HAR has no word
 * for stands in fields that begin with "_", as its section 2.1.1 provides: the interim responses,
 * the wait for them, and the verdict. Entries are written as they come; the figures of the run
 * close the document.
 *
 * Heads are there as far as an exchange keeps them, contents are not. A time that was not captured
 * is null in a "_" field, and 0 where HAR demands a number.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sink/model.h"
#include "sink/out_buf.h"
#include "sink/report.h"
#include "sink/tree.h"

struct aw_report {
    struct aw_out *out;       /* borrowed */
    const struct aw_run *run; /* borrowed */
    uint64_t entries;
    struct aw_scratch target;
};

/* HAR has "" where we have null. */
static json_t *text_or_empty(struct aw_span s)
{
    return s.p ? aw_tree_span(s) : json_string("");
}

static json_t *version(uint8_t v)
{
    char text[16] = "";
    if (v) (void)snprintf(text, sizeof text, "HTTP/%u.%u", v / 10u, v % 10u);
    return json_string(text);
}

static json_t *name_value(bool *ok, json_t *name, json_t *value)
{
    json_t *o = json_object();
    aw_tree_set(ok, o, "name", name);
    aw_tree_set(ok, o, "value", value);
    return o;
}

/* --- requests --- */

static bool is_absolute(struct aw_span t)
{
    return (t.len > 7 && memcmp(t.p, "http://", 7) == 0) ||
           (t.len > 8 && memcmp(t.p, "https://", 8) == 0);
}

/* The URL the request asks for: put together of Host, or else of the server's address, and the
 * target as it may be shown. */
static json_t *url(const struct aw_exchange *x, struct aw_span target)
{
    if (!aw_request_seen(x)) return json_string("");
    if (is_absolute(target)) return aw_tree_span(target);
    char end[AW_END_TEXT];
    (void)aw_end_text(end, &x->conn, AW_S2C);
    const struct aw_span host = x->text[AW_TEXT_HOST];
    struct aw_out *o = aw_out_memory();
    if (!o) return NULL;
    aw_out_str(o, "http://");
    if (x->req & AW_REQ_CONNECT)
        aw_out_write(o, target.p, target.len);
    else if (host.len)
        aw_out_write(o, host.p, host.len);
    else
        aw_out_str(o, end);
    if (target.len == 0 || target.p[0] != '/') aw_out_str(o, "/");
    if (!(x->req & AW_REQ_CONNECT)) aw_out_write(o, target.p, target.len);
    json_t *v = aw_out_error(o) ? NULL : aw_tree_span(aw_out_bytes(o));
    (void)aw_out_close(o, false);
    return v;
}

static json_t *query(bool *ok, struct aw_span target)
{
    json_t *list = json_array();
    if (target.len == 0) return list;
    const uint8_t *p = memchr(target.p, '?', target.len);
    const uint8_t *const end = target.p + target.len;
    for (p = p ? p + 1 : end; p < end;) {
        const uint8_t *stop = memchr(p, '&', (size_t)(end - p));
        if (!stop) stop = end;
        const uint8_t *equals = memchr(p, '=', (size_t)(stop - p));
        const uint8_t *name_end = equals ? equals : stop;
        const uint8_t *value = equals ? equals + 1 : stop;
        if (stop > p)
            aw_tree_append(
                ok, list,
                name_value(ok, aw_tree_span((struct aw_span){p, (size_t)(name_end - p)}),
                           aw_tree_span((struct aw_span){value, (size_t)(stop - value)})));
        p = stop < end ? stop + 1 : end;
    }
    return list;
}

static json_t *headers(bool *ok, struct aw_report *r, const struct aw_exchange *x, enum aw_dir dir)
{
    json_t *list = json_array();
    for (int i = 0; i < AW_TEXT_COUNT; i++) {
        enum aw_dir of;
        const char *name = aw_text_field((enum aw_text)i, &of);
        struct aw_span value = x->text[i];
        if (!name || of != dir || !value.p) continue;
        if (i == AW_TEXT_LOCATION) value = aw_shown_target(r->run, value, &r->target);
        aw_tree_append(ok, list, name_value(ok, json_string(name), aw_tree_span(value)));
    }
    if (dir == AW_C2S && x->declared >= 0) {
        char length[24];
        (void)snprintf(length, sizeof length, "%lld", (long long)x->declared);
        aw_tree_append(ok, list,
                       name_value(ok, json_string("Content-Length"), json_string(length)));
    }
    if (dir == AW_C2S ? (x->req & AW_REQ_CHUNKED) != 0 : (x->res & AW_RES_CHUNKED) != 0)
        aw_tree_append(ok, list,
                       name_value(ok, json_string("Transfer-Encoding"), json_string("chunked")));
    return list;
}

/* Bytes from `from` to `to`; -1, HAR's "unknown", where one of them was not seen. */
static json_t *bytes_between(aw_off from, aw_off to)
{
    return json_integer(from == AW_OFF_NONE || to == AW_OFF_NONE || to <= from ? -1 : to - from);
}

static json_t *request(bool *ok, struct aw_report *r, const struct aw_exchange *x)
{
    const bool seen = aw_request_seen(x);
    json_t *o = json_object();
    /* One scratch: the target is used up before the headers want it. */
    const struct aw_span target = aw_shown_target(r->run, x->text[AW_TEXT_TARGET], &r->target);
    aw_tree_set(ok, o, "method", text_or_empty(x->text[AW_TEXT_METHOD]));
    aw_tree_set(ok, o, "url", url(x, target));
    aw_tree_set(ok, o, "httpVersion", version(x->req_version));
    aw_tree_set(ok, o, "cookies", json_array());
    aw_tree_set(ok, o, "queryString", query(ok, target));
    aw_tree_set(ok, o, "headers", headers(ok, r, x, AW_C2S));
    aw_tree_set(ok, o, "headersSize",
                seen ? bytes_between(x->req_off, x->head_end) : json_integer(-1));
    aw_tree_set(ok, o, "bodySize", json_integer(seen ? x->sent : -1));
    aw_tree_set(ok, o, "_seen", json_boolean(seen));
    return o;
}

/* --- responses --- */

static json_t *response(bool *ok, struct aw_report *r, const struct aw_exchange *x)
{
    json_t *o = json_object(), *content = json_object();
    aw_tree_set(ok, content, "size", json_integer(-1)); /* not kept */
    aw_tree_set(ok, content, "mimeType", json_string("x-unknown"));
    aw_tree_set(ok, o, "status", json_integer(x->status)); /* 0: none, as browsers write it */
    aw_tree_set(ok, o, "statusText", text_or_empty(x->text[AW_TEXT_REASON]));
    aw_tree_set(ok, o, "httpVersion", version(x->res_version));
    aw_tree_set(ok, o, "cookies", json_array());
    aw_tree_set(ok, o, "headers", headers(ok, r, x, AW_S2C));
    aw_tree_set(ok, o, "content", content);
    aw_tree_set(ok, o, "redirectURL",
                text_or_empty(aw_shown_target(r->run, x->text[AW_TEXT_LOCATION], &r->target)));
    aw_tree_set(ok, o, "headersSize",
                x->status ? bytes_between(x->final_off, x->final_head_end) : json_integer(-1));
    aw_tree_set(ok, o, "bodySize", json_integer(-1));
    return o;
}

static json_t *interims(bool *ok, const struct aw_exchange *x)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < aw_interims_kept(x); i++) {
        const struct aw_interim *m = &x->interim[i];
        json_t *o = json_object();
        aw_tree_set(ok, o, "status", json_integer(m->status));
        aw_tree_set(ok, o, "at_ms", aw_tree_ms(aw_between(&x->at[AW_AT_REQ_FIRST], &m->at)));
        aw_tree_set(ok, o, "packet",
                    aw_tree_integer(aw_ref_no(aw_seen(&m->at) ? m->at.ref : m->first.ref)));
        aw_tree_append(ok, list, o);
    }
    return list;
}

/* --- times --- */

static aw_ns within(aw_ns v, aw_ns most)
{
    return v == AW_NS_NONE || v < 0 ? 0 : v > most ? most : v;
}

/* HAR's phases, which add up to the whole: sending until the content (or the head) was out, waiting
 * until the final response began, receiving it. */
static void set_times(bool *ok, json_t *entry, const struct aw_exchange *x,
                      const struct aw_times *t)
{
    static const char *const absent[] = {"blocked", "dns", "connect", "ssl"};
    const aw_ns whole = within(t->total, INT64_MAX);
    const aw_ns first = aw_between(&x->at[AW_AT_REQ_FIRST], &x->at[AW_AT_FINAL_FIRST]);
    const aw_ns answered = first == AW_NS_NONE ? whole : within(first, whole);
    const aw_ns sent = within(t->body_end != AW_NS_NONE ? t->body_end
                              : t->body != AW_NS_NONE   ? t->body
                                                        : t->head,
                              answered);
    json_t *o = json_object();
    for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++)
        aw_tree_set(ok, o, absent[i], json_integer(-1));
    aw_tree_set(ok, o, "send", aw_tree_ms(sent));
    aw_tree_set(ok, o, "wait", aw_tree_ms(answered - sent));
    aw_tree_set(ok, o, "receive", aw_tree_ms(whole - answered));
    aw_tree_set(ok, entry, "time", aw_tree_ms(whole));
    aw_tree_set(ok, entry, "timings", o);
}

/* --- what HAR has no word for --- */

static json_t *verdict(bool *ok, const struct aw_verdict *v)
{
    if (!v) return json_null();
    json_t *o = json_object(), *also = json_array(), *evidence = json_array(), *fix = json_array();
    for (int c = 0; c < AW_CAUSE_COUNT; c++)
        if (v->also >> c & 1)
            aw_tree_append(ok, also, json_string(aw_cause_slug((enum aw_cause)c)));
    for (unsigned i = 0; i < v->evidence_count; i++)
        aw_tree_append(ok, evidence, aw_tree_string(v->evidence[i].text));
    for (unsigned i = 0; i < v->fix_count; i++)
        aw_tree_append(ok, fix, aw_tree_string(v->fix[i]));
    aw_tree_set(ok, o, "severity", json_string(aw_severity_name(v->severity)));
    aw_tree_set(ok, o, "cause", json_string(aw_cause_slug(v->cause)));
    aw_tree_set(ok, o, "party", json_string(aw_party_name(v->party)));
    aw_tree_set(ok, o, "confidence", json_string(aw_confidence_name(v->confidence)));
    aw_tree_set(ok, o, "also", also);
    aw_tree_set(ok, o, "recovered", json_boolean(v->recovered));
    aw_tree_set(ok, o, "stall_ms", aw_tree_ms(v->cost.stall));
    aw_tree_set(ok, o, "wasted_bytes",
                v->cost.wasted < 0 ? json_null() : json_integer(v->cost.wasted));
    aw_tree_set(ok, o, "evidence", evidence);
    aw_tree_set(ok, o, "fix", fix);
    return o;
}

static json_t *entry(bool *ok, struct aw_report *r, const struct aw_record *rec)
{
    const struct aw_exchange *x = rec->ex;
    const struct aw_mark *first = aw_exchange_first(x);
    const struct aw_times t = aw_times_of(r->run, x);
    char addr[AW_ADDR_TEXT], conn[24];
    const size_t addr_len = aw_addr_text(addr, &x->conn.addr[AW_S2C]);
    (void)snprintf(conn, sizeof conn, "%llu", (unsigned long long)x->conn_id);
    json_t *o = json_object();
    aw_tree_set(ok, o, "startedDateTime", aw_tree_moment(first ? first->ts : 0));
    set_times(ok, o, x, &t);
    aw_tree_set(ok, o, "request", request(ok, r, x));
    aw_tree_set(ok, o, "response", response(ok, r, x));
    aw_tree_set(ok, o, "cache", json_object());
    aw_tree_set(ok, o, "serverIPAddress", json_stringn(addr, addr_len));
    aw_tree_set(ok, o, "connection", json_string(conn));
    aw_tree_set(ok, o, "_id", aw_tree_integer(x->id));
    aw_tree_set(ok, o, "_file", aw_tree_string(first ? aw_run_file(r->run, first->ref) : ""));
    aw_tree_set(ok, o, "_packet", aw_tree_integer(first ? aw_ref_no(first->ref) : 0));
    aw_tree_set(ok, o, "_interim", interims(ok, x));
    aw_tree_set(ok, o, "_head_ms", aw_tree_ms(t.head));
    aw_tree_set(ok, o, "_continue_ms", aw_tree_ms(t.cont));
    aw_tree_set(ok, o, "_wait_ms", aw_tree_ms(t.wait));
    aw_tree_set(ok, o, "_body_ms", aw_tree_ms(t.body));
    aw_tree_set(ok, o, "_verdict", verdict(ok, rec->verdict));
    return o;
}

/* --- the format --- */

static struct aw_report *har_open(struct aw_out *out, const struct aw_run *run)
{
    struct aw_report *r = calloc(1, sizeof *r);
    if (!r) return NULL;
    json_object_seed(0); /* reads /dev/urandom, which cannot be opened later on */
    *r = (struct aw_report){.out = out, .run = run};
    aw_out_printf(out,
                  "{\"log\":{\"version\":\"1.2\",\"creator\":{\"name\":\"await100\",\"version\":"
                  "\"%s\"},\"entries\":[",
                  run->version);
    return r;
}

static void har_record(struct aw_report *r, const struct aw_record *rec)
{
    bool ok = true;
    json_t *o = entry(&ok, r, rec);
    aw_out_str(r->out, r->entries++ ? ",\n" : "\n");
    if (!ok || !aw_tree_write(r->out, o)) aw_out_fail(r->out, ENOMEM);
    json_decref(o);
}

static void har_finish(struct aw_report *r)
{
    struct aw_model *m = aw_model_new(r->run);
    if (!m) {
        aw_out_fail(r->out, ENOMEM);
        return;
    }
    const struct aw_summary *sum = r->run->summary;
    bool ok = !r->target.lost;
    json_t *o = json_object(), *causes = json_array();
    for (size_t i = 0; i < m->cause_count; i++) {
        const struct aw_cause_total *c = &m->cause[i];
        json_t *one = json_object();
        aw_tree_set(&ok, one, "cause", json_string(aw_cause_slug(c->cause)));
        aw_tree_set(&ok, one, "severity", json_string(aw_severity_name(c->severity)));
        aw_tree_set(&ok, one, "count", aw_tree_integer(c->count));
        aw_tree_set(&ok, one, "stall_ms", aw_tree_ms(c->stall));
        aw_tree_set(&ok, one, "wasted_bytes", aw_tree_integer(c->wasted));
        aw_tree_append(&ok, causes, one);
    }
    aw_tree_set(&ok, o, "expectation", aw_tree_integer(aw_summary_expectation(sum)));
    aw_tree_set(&ok, o, "failing", aw_tree_integer(aw_summary_failing(sum)));
    aw_tree_set(&ok, o, "causes", causes);
    aw_out_str(r->out, "\n],\"comment\":");
    json_t *comment = aw_tree_string(m->verdict.text);
    if (!aw_tree_write(r->out, comment)) ok = false;
    aw_out_str(r->out, ",\n\"_summary\":");
    if (!ok || !aw_tree_write(r->out, o)) aw_out_fail(r->out, ENOMEM);
    aw_out_str(r->out, "}}\n");
    json_decref(comment);
    json_decref(o);
    aw_model_free(m);
}

static void har_close(struct aw_report *r)
{
    if (!r) return;
    free(r->target.p);
    free(r);
}

const struct aw_format aw_format_har = {
    .name = "har",
    .help = "HTTP Archive 1.2, interim responses and waits in fields of our own",
    .open = har_open,
    .record = har_record,
    .finish = har_finish,
    .close = har_close,
};
