/*
 * From a row back to a record.
 */
#include "view/row_record.h"

#include <string.h>

static void set_addr(struct aw_addr *a, struct aw_span s)
{
    a->v6 = s.len == 16;
    if (s.len == 4 || s.len == 16) memcpy(a->b, s.p, s.len);
}

static struct aw_mark mark_at(aw_ns ts, aw_ref ref)
{
    return (struct aw_mark){.ts = ts, .ord = 1, .ref = ref};
}

const struct aw_record *aw_row_record(struct aw_row_record *to, const struct aw_rows *rows,
                                      const struct aw_row *row)
{
    struct aw_exchange *x = &to->ex;
    memset(x, 0, sizeof *x);
    x->id = row->id;
    x->nth = row->nth;
    x->status = row->status;
    x->declared = -1;
    x->sent = row->sent;
    x->req = row->flags & AW_ROW_EXPECT ? AW_REQ_EXPECT : 0;
    x->flags = row->flags & AW_ROW_REQUEST ? 0 : AW_F_REQ_UNSEEN;
    x->conn.ord = row->conn;
    x->conn.rtt_c = x->conn.rtt_s = AW_NS_NONE;
    set_addr(&x->conn.addr[AW_C2S], aw_rows_word(rows, row->client));
    set_addr(&x->conn.addr[AW_S2C], aw_rows_word(rows, row->server));
    x->conn.port[AW_C2S] = row->client_port;
    x->conn.port[AW_S2C] = row->server_port;
    x->text[AW_TEXT_METHOD] = aw_rows_word(rows, row->method);
    x->text[AW_TEXT_HOST] = aw_rows_word(rows, row->host);
    x->text[AW_TEXT_USER_AGENT] = aw_rows_word(rows, row->agent);
    x->text[AW_TEXT_SERVER] = aw_rows_word(rows, row->product);
    if (row->target_len > 0)
        x->text[AW_TEXT_TARGET] = (struct aw_span){(const uint8_t *)row->target, row->target_len};
    if (row->time != AW_NS_NONE) {
        x->at[AW_AT_REQ_FIRST] = x->at[AW_AT_HEAD] = mark_at(row->time, row->first);
        if (row->wait != AW_NS_NONE) x->at[AW_AT_BODY] = mark_at(row->time + row->wait, row->first);
        if (row->total != AW_NS_NONE) {
            x->at[AW_AT_END] = mark_at(row->time + row->total, row->first);
            if (row->status)
                x->at[AW_AT_FINAL_FIRST] = x->at[AW_AT_FINAL] = x->at[AW_AT_FINAL_END] =
                    x->at[AW_AT_END];
        }
    }
    x->final_complete = row->status != 0;
    to->rec = (struct aw_record){
        .ex = x, .chain_id = row->chain, .attempt = row->attempt, .attempts = row->attempts};
    if (!(row->flags & AW_ROW_JUDGED)) return &to->rec;
    struct aw_verdict *v = &to->verdict;
    memset(v, 0, offsetof(struct aw_verdict, text) + 1);
    v->severity = (enum aw_severity)row->severity;
    v->cause = (enum aw_cause)row->cause;
    v->party = (enum aw_party)row->party;
    v->confidence = (enum aw_confidence)row->confidence;
    v->recovered = row->flags & AW_ROW_RECOVERED;
    v->cost.stall = row->stall;
    v->cost.saved = -1;
    to->rec.verdict = v;
    return &to->rec;
}
