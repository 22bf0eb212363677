/*
 * Exchanges made by hand (case.h).
 */
#include "common/case.h"

#include <string.h>

static aw_ns at(double ms)
{
    return CASE_EPOCH + (aw_ns)(ms * 1e6);
}

struct aw_mark case_mark(struct case_maker *m, double ms)
{
    const uint64_t n = m->ord++;
    return (struct aw_mark){.ts = at(ms), .ord = n, .ref = aw_ref_make(0, n)};
}

void case_text(struct case_maker *m, enum aw_text which, const char *value)
{
    m->x.text[which] = (struct aw_span){.p = (const uint8_t *)value, .len = strlen(value)};
}

void case_begin(struct case_maker *m)
{
    memset(m, 0, sizeof *m);
    struct aw_exchange *x = &m->x;
    m->ord = 4; /* after the handshake */
    x->nth = 1;
    x->req_version = 11;
    x->req = AW_REQ_EXPECT | AW_REQ_EXPECT_100 | AW_REQ_HAS_LENGTH;
    x->declared = 1000;
    x->conn.ord = 1;
    x->conn.addr[AW_C2S].b[3] = 1;
    x->conn.addr[AW_S2C].b[3] = 2;
    x->conn.rtt_c = x->conn.rtt_s = AW_MS / 10;
    x->conn.syn_seen[AW_C2S] = x->conn.syn_seen[AW_S2C] = true;
    x->conn.any_seen[AW_C2S] = x->conn.any_seen[AW_S2C] = true;
    x->body_ack = x->resume_ack = x->after_ack_max = x->body_peer_high = AW_OFF_NONE;
    x->final_off = x->final_head_end = x->final_ack = AW_OFF_NONE;
    x->conn.fin_ack[AW_C2S] = x->conn.fin_ack[AW_S2C] = AW_OFF_NONE;
    x->head_end = CASE_HEAD_END;
    x->at[AW_AT_REQ_FIRST] = x->at[AW_AT_HEAD] = case_mark(m, 0);
    x->at[AW_AT_ACK_HEAD] = case_mark(m, 0.1);
    x->at[AW_AT_END] = x->at[AW_AT_HEAD];
    case_text(m, AW_TEXT_METHOD, "PUT");
    case_text(m, AW_TEXT_TARGET, "/up");
    case_text(m, AW_TEXT_HOST, "files.example");
    case_text(m, AW_TEXT_USER_AGENT, "probe/1.0");
    case_text(m, AW_TEXT_EXPECT, "100-continue");
}

static void ended(struct case_maker *m, struct aw_mark mark)
{
    m->x.at[AW_AT_END] = mark;
    m->x.end_ord = mark.ord;
    m->x.conn.last_packet = mark.ts;
}

void case_100(struct case_maker *m, double ms)
{
    struct aw_exchange *x = &m->x;
    struct aw_interim *in = &x->interim[x->interim_count++];
    x->continue_count++;
    *in = (struct aw_interim){.status = 100,
                              .off = m->answers,
                              .end = m->answers + CASE_100_END,
                              .ack_off = CASE_HEAD_END};
    in->first = in->at = case_mark(m, ms);
    m->answers = in->end;
    ended(m, in->at);
}

void case_part(struct case_maker *m, double ms, double end, aw_off ack, int64_t sent)
{
    struct aw_exchange *x = &m->x;
    x->at[AW_AT_BODY] = case_mark(m, ms);
    x->at[AW_AT_BODY_END] = end > ms ? case_mark(m, end) : x->at[AW_AT_BODY];
    x->body_ack = ack;
    x->body_peer_high = m->answers;
    x->sent = sent;
    x->content_complete = sent == x->declared;
    ended(m, x->at[AW_AT_BODY_END]);
}

void case_content(struct case_maker *m, double ms, double end, aw_off ack)
{
    case_part(m, ms, end, ack, m->x.declared);
}

void case_final(struct case_maker *m, double ms, uint16_t status)
{
    struct aw_exchange *x = &m->x;
    x->status = status;
    x->res_version = 11;
    x->at[AW_AT_FINAL] = x->at[AW_AT_FINAL_FIRST] = x->at[AW_AT_FINAL_END] = case_mark(m, ms);
    x->final_complete = true;
    x->final_off = m->answers;
    x->final_head_end = m->answers += CASE_FINAL_LEN;
    ended(m, x->at[AW_AT_FINAL]);
}

void case_close(struct case_maker *m, double ms, enum aw_dir who, bool reset)
{
    struct aw_conn_facts *conn = &m->x.conn;
    const struct aw_mark mark = case_mark(m, ms);
    *(reset ? &conn->rst[who] : &conn->fin[who]) = mark;
    if (!reset && who == AW_C2S) conn->fin_ack[who] = m->answers;
    if (conn->close == AW_CONN_OPEN) {
        conn->close = reset ? AW_CONN_RST : AW_CONN_FIN;
        conn->closed_by = who;
        conn->closed_at = mark;
    }
    ended(m, mark);
}

void case_idle(struct case_maker *m, double ms)
{
    m->x.flags |= AW_F_IDLE_ENDED;
    m->x.conn.last_activity = m->x.at[AW_AT_END];
    ended(m, case_mark(m, ms));
}

void case_input(struct case_maker *m, double ms)
{
    m->x.flags |= AW_F_INPUT_ENDED;
    ended(m, case_mark(m, ms));
    m->x.end_ord = UINT64_MAX;
}

void case_judge(const struct case_maker *m, const struct aw_case *c, struct aw_verdict *out)
{
    int64_t threshold[AW_T_COUNT];
    for (unsigned i = 0; i < AW_T_COUNT; i++)
        threshold[i] = aw_threshold_default((enum aw_threshold)i);
    struct aw_case alone = {.input_left = AW_NS_NONE, .retry_window_open = true};
    if (c) alone = *c;
    alone.self = &m->x;
    aw_diagnose(&alone, threshold, NULL, out);
}
