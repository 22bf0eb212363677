/*
 * A record made by hand: the example of the interface's page, for tests to change.
 */
#ifndef AW_TEST_SINK_FIXTURE_H
#define AW_TEST_SINK_FIXTURE_H

#include <string.h>

#include "await100.h"
#include "sink/sink.h"

struct fixture {
    struct aw_exchange ex;
    struct aw_verdict verdict;
    struct aw_record rec;
    struct aw_config config;
    struct aw_stats stats;
    struct aw_run run;
};

#define T0 INT64_C(1767323045123456789) /* 2026-01-02T03:04:05.123456789Z */

static inline struct aw_span span(const char *s)
{
    return (struct aw_span){.p = (const uint8_t *)s, .len = strlen(s)};
}

static inline struct aw_mark mark(uint64_t packet, aw_ns after)
{
    return (struct aw_mark){.ts = T0 + after, .ord = packet, .ref = aw_ref_make(0, packet)};
}

static inline void fixture_init(struct fixture *f)
{
    static const char *const files[] = {"x.pcap", "y.pcap"};
    memset(f, 0, sizeof *f);
    struct aw_exchange *x = &f->ex;
    x->id = 12;
    x->conn_id = 3;
    x->ord = 4;
    x->nth = 1;
    x->req = AW_REQ_EXPECT | AW_REQ_EXPECT_100 | AW_REQ_HAS_LENGTH;
    x->req_version = x->res_version = 11;
    x->status = 417;
    x->declared = 1048576;
    x->final_complete = true;
    x->conn.ord = 1;
    x->conn.addr[AW_C2S] = (struct aw_addr){.b = {10, 0, 0, 1}};
    x->conn.addr[AW_S2C] = (struct aw_addr){.b = {10, 0, 0, 2}};
    x->conn.port[AW_C2S] = 51234;
    x->conn.port[AW_S2C] = 80;
    x->conn.client_known = true;
    x->conn.rtt_c = 21000;
    x->conn.rtt_s = 9870000;
    x->at[AW_AT_REQ_FIRST] = x->at[AW_AT_HEAD] = mark(4, 0);
    x->at[AW_AT_FINAL_FIRST] = x->at[AW_AT_FINAL] = x->at[AW_AT_FINAL_END] = mark(6, 10101000);
    x->at[AW_AT_END] = mark(6, 10101000);
    x->body_ack = x->resume_ack = x->after_ack_max = x->final_ack = AW_OFF_NONE;
    x->content_gap = AW_NS_NONE;
    x->text[AW_TEXT_METHOD] = span("PUT");
    x->text[AW_TEXT_TARGET] = span("/x");
    x->text[AW_TEXT_HOST] = span("h");
    x->text[AW_TEXT_USER_AGENT] = span("curl/8.5.0");
    x->text[AW_TEXT_EXPECT] = span("100-continue");
    x->text[AW_TEXT_REASON] = span("Expectation Failed");
    x->text[AW_TEXT_SERVER] = span("lighttpd/1.4.20");

    struct aw_verdict *v = &f->verdict;
    v->severity = AW_SEV_WARNING;
    v->cause = AW_CAUSE_EXPECT_REFUSED;
    v->party = AW_PARTY_SERVER;
    v->confidence = AW_CONF_HIGH;
    v->recovered = true;
    v->cost = (struct aw_cost){.saved = 1048576, .extra_round_trips = 1};
    v->evidence_count = 1;
    /* As the rules leave them: the sentences lie in the verdict, which is copied with them. */
    static const char sentences[] =
        "packet 6: 417 from lighttpd/1.4.20, 10.101 ms after the head (packet 4);"
        " one round trip is 9.891 ms\0curl: -H 'Expect:'";
    memcpy(v->text, sentences, sizeof sentences);
    v->text_used = sizeof sentences;
    v->evidence[0].text = v->text;
    v->fix_count = 1;
    v->fix[0] = v->text + strlen(v->text) + 1;

    f->rec = (struct aw_record){
        .ex = x,
        .verdict = v,
        .chain_id = 12,
        .attempt = 1,
        .attempts = 2,
        .recovered_by = {.id = 13,
                         .conn_id = 3,
                         .time = INT64_C(1767323045133600000),
                         .status = 201,
                         .after = 10143000},
    };
    aw_config_init(&f->config);
    f->run = (struct aw_run){.files = files,
                             .file_count = 2,
                             .config = &f->config,
                             .stats = &f->stats,
                             .version = "1.0"};
    f->stats.first = f->stats.last = AW_NS_NONE;
}

#endif
