/*
 * The decision table: each cause on both sides of its predicate, the borders of its thresholds, who
 * wins, how sure, whose doing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/case.h"
#include "diagnose/rules.h"

#define ALSO(c) (UINT64_C(1) << AW_CAUSE_##c)

struct row {
    const char *name;
    void (*make)(struct case_maker *m);
    enum aw_cause cause;
    enum aw_severity severity;
    enum aw_confidence confidence;
    enum aw_party party;
    uint64_t also;
};

static void at_server(struct case_maker *m)
{
    m->x.conn.rtt_c = 20 * AW_MS;
    m->x.conn.rtt_s = AW_MS / 10;
}

/* --- healthy --- */
static void continued(struct case_maker *m)
{
    case_100(m, 1);
    case_content(m, 1.5, 2, CASE_100_END);
    case_final(m, 3, 201);
}
static void continued_404(struct case_maker *m)
{
    case_100(m, 1);
    case_content(m, 1.5, 2, CASE_100_END);
    case_final(m, 3, 400);
}
static void continued_near_slow(struct case_maker *m)
{
    case_100(m, 190);
    case_content(m, 190.5, 191, CASE_100_END);
    case_final(m, 192, 201);
}
static void rejected(struct case_maker *m)
{
    case_final(m, 1, 403);
}
static void rejected_after_100(struct case_maker *m)
{
    case_100(m, 1);
    case_final(m, 1.1, 413);
}
static void accepted(struct case_maker *m)
{
    case_final(m, 1, 200);
}
static void accepted_then_sent(struct case_maker *m)
{
    case_final(m, 1, 200);
    case_content(m, 2, 3, CASE_FINAL_LEN);
}
static void not_awaited(struct case_maker *m)
{
    case_content(m, 0.1, 1, 0);
    case_100(m, 2);
    case_final(m, 3, 201);
}
static void not_awaited_near_w(struct case_maker *m)
{
    case_content(m, 99, 99, 0);
    case_final(m, 101, 201);
}

/* --- stalls --- */
static void ignored(struct case_maker *m)
{
    case_content(m, 1001.2, 1002, 0);
    case_final(m, 1003, 201);
}
static void ignored_at_w(struct case_maker *m)
{
    case_content(m, 100, 100, 0);
    case_final(m, 101, 201);
}
static void ignored_far_w(struct case_maker *m)
{
    m->x.conn.rtt_s = 200 * AW_MS; /* W = 400.2 ms */
    m->x.at[AW_AT_ACK_HEAD].ts = m->x.at[AW_AT_HEAD].ts + 200 * AW_MS;
    case_content(m, 300, 300, 0);
    case_final(m, 500, 201);
}
static void ignored_ack_late(struct case_maker *m)
{
    m->x.at[AW_AT_ACK_HEAD].ts = m->x.at[AW_AT_HEAD].ts + 251 * AW_MS;
    ignored(m);
}
static void ignored_no_rtt(struct case_maker *m)
{
    m->x.conn.rtt_c = AW_NS_NONE;
    ignored(m);
}
static void ignored_no_ack_number(struct case_maker *m)
{
    m->x.conn.rtt_c = AW_NS_NONE;
    m->x.ack_unknown = true;
    case_100(m, 1001);
    case_content(m, 1000, 1002, AW_OFF_NONE);
    case_final(m, 1003, 201);
}
static void crossed(struct case_maker *m)
{
    at_server(m);
    case_100(m, 995);
    case_content(m, 1000, 1002, 0); /* captured after the 100, but did not have it */
    case_final(m, 1003, 201);
}
static void answered_by_ack(struct case_maker *m)
{
    case_100(m, 5);
    case_content(m, 5.01, 6, CASE_100_END);
    case_final(m, 7, 201);
}
static void late_client(struct case_maker *m)
{
    case_content(m, 1000, 1002, 0);
    case_100(m, 1300);
    case_final(m, 1303, 201);
}
static void slow(struct case_maker *m)
{
    at_server(m);
    case_100(m, 600);
    case_content(m, 640, 641, CASE_100_END);
    case_final(m, 642, 201);
}
static void slow_below(struct case_maker *m)
{
    at_server(m);
    case_100(m, 100);
    case_content(m, 140, 141, CASE_100_END);
    case_final(m, 142, 201);
}
static void unheeded_in_the_middle(struct case_maker *m)
{
    case_100(m, 1);
    case_content(m, 900, 901, CASE_100_END);
    case_final(m, 902, 201);
}
static void unheeded(struct case_maker *m)
{
    m->x.conn.rtt_c = AW_MS / 200; /* captured at the client */
    m->x.conn.rtt_s = AW_MS;
    case_100(m, 1);
    case_content(m, 900, 901, CASE_100_END);
    case_final(m, 902, 201);
}
static void unheeded_zero_window(struct case_maker *m)
{
    unheeded(m);
    m->x.zero_window[AW_S2C] = m->x.at[AW_AT_HEAD];
}
/* What ended the pause acknowledges so many bytes of the server, none of them captured. */
static void paused_till(struct case_maker *m, aw_off ack)
{
    case_part(m, 0.1, 1001, 0, 1000);
    m->x.at[AW_AT_PAUSE] = m->x.at[AW_AT_BODY];
    m->x.at[AW_AT_RESUME] = m->x.at[AW_AT_BODY_END];
    m->x.resume_ack = m->answers = ack;
    case_final(m, 1003, 201);
}
static void paused(struct case_maker *m)
{
    paused_till(m, 0);
}
static void paused_till_unseen(struct case_maker *m)
{
    paused_till(m, CASE_100_END);
}
static void paused_later(struct case_maker *m)
{
    case_part(m, 0.1, 5000, 0, 1000);
    m->x.at[AW_AT_PAUSE] = case_mark(m, 2000);
    m->x.at[AW_AT_RESUME] = case_mark(m, 4000);
    m->x.resume_ack = 0;
    case_final(m, 5003, 201);
}

/* --- refusals --- */
static void refused(struct case_maker *m)
{
    case_final(m, 1, 417);
}
static void refused_via(struct case_maker *m)
{
    refused(m);
    m->x.res |= AW_RES_VIA;
    case_text(m, AW_TEXT_VIA, "1.1 cache");
}
static void refused_via_origin(struct case_maker *m)
{
    refused_via(m);
    case_text(m, AW_TEXT_SERVER, "Apache/2.4.57");
}
static void refused_squid(struct case_maker *m)
{
    refused_via(m);
    m->x.res |= AW_RES_SQUID;
    case_text(m, AW_TEXT_SERVER, "squid/3.1.20");
}
static void refused_no_expect(struct case_maker *m)
{
    m->x.req = AW_REQ_HAS_LENGTH;
    case_content(m, 0.1, 1, 0);
    case_final(m, 2, 417);
}
static void unknown_417(struct case_maker *m)
{
    m->x.req = AW_REQ_EXPECT | AW_REQ_EXPECT_OTHER | AW_REQ_HAS_LENGTH;
    case_text(m, AW_TEXT_EXPECT, "200-ok");
    case_final(m, 1, 417);
}
static void unknown_ignored(struct case_maker *m)
{
    m->x.req = AW_REQ_EXPECT | AW_REQ_EXPECT_OTHER | AW_REQ_HAS_LENGTH;
    case_content(m, 0.1, 1, 0);
    case_final(m, 2, 200);
}
static void http10_417(struct case_maker *m)
{
    m->x.req_version = 10;
    case_final(m, 1, 417);
}
static void http10_waited(struct case_maker *m)
{
    m->x.req_version = 10;
    ignored(m);
}
static void http10_at_once(struct case_maker *m)
{
    m->x.req_version = 10;
    case_content(m, 0.1, 1, 0);
    case_final(m, 2, 200);
}

/* --- broken off --- */
static void deadlock_client(struct case_maker *m)
{
    case_close(m, 5000, AW_C2S, false);
}
static void deadlock_server(struct case_maker *m)
{
    case_close(m, 30000, AW_S2C, false);
}
static void deadlock_server_soon(struct case_maker *m)
{
    case_close(m, 1000, AW_S2C, false);
}
static void deadlock_408(struct case_maker *m)
{
    case_final(m, 20000, 408);
}
static void deadlock_idle(struct case_maker *m)
{
    case_idle(m, 61000);
}
static void left_at_once(struct case_maker *m)
{
    case_close(m, 20, AW_C2S, false);
}
static void left_after_100(struct case_maker *m)
{
    case_100(m, 1);
    case_part(m, 2, 2, CASE_100_END, 300);
    case_close(m, 50, AW_C2S, false);
}
static void left_after_slow_100(struct case_maker *m)
{
    case_100(m, 8000);
    case_close(m, 8500, AW_C2S, false);
}
static void left_before_100(struct case_maker *m)
{
    case_close(m, 7000, AW_C2S, false);
    case_100(m, 8000);
}
static void rejected_after_slow_100(struct case_maker *m)
{
    case_100(m, 3000);
    case_final(m, 3001, 413);
}
static void left_window_0(struct case_maker *m)
{
    left_after_100(m);
    m->x.window_closed[AW_S2C] = true;
}
static void owed_closed(struct case_maker *m)
{
    case_100(m, 1);
    case_close(m, 30000, AW_S2C, false);
}
static void owed_closed_loss(struct case_maker *m)
{
    owed_closed(m);
    m->x.loss[AW_PART_CONTENT] =
        (struct aw_loss){.count = 1, .first = case_mark(m, 3), .last = case_mark(m, 3)};
}
/* Full packets were lost for a while, and came through in the end. */
static void content_lost_and_answered(struct case_maker *m)
{
    case_100(m, 1);
    case_content(m, 2, 3, CASE_100_END);
    m->x.loss[AW_PART_CONTENT] =
        (struct aw_loss){.count = 3, .first = case_mark(m, 203), .last = case_mark(m, 900)};
    case_final(m, 950, 201);
}
static void owed_shut_out(struct case_maker *m)
{
    case_100(m, 1);
    case_part(m, 2, 3, CASE_100_END, 300);
    case_close(m, 30000, AW_S2C, false);
    m->x.window_closed[AW_S2C] = true;
}
static void stray_answer(struct case_maker *m)
{
    case_final(m, 2, 403);
    case_content(m, 3, 4, CASE_FINAL_LEN);
    m->x.stray_answer = case_mark(m, 5);
}
static void timeout_408(struct case_maker *m)
{
    case_100(m, 1);
    case_part(m, 2, 3, CASE_100_END, 300);
    case_final(m, 30000, 408);
}
static void reset_at_once(struct case_maker *m)
{
    case_close(m, 1, AW_S2C, true);
}
static void closed_at_once(struct case_maker *m)
{
    case_close(m, 1, AW_S2C, false);
}
static void closed_unserved(struct case_maker *m)
{
    m->x.flags |= AW_F_KEPT;
    m->x.conn.fin[AW_S2C] = (struct aw_mark){.ts = m->x.at[AW_AT_HEAD].ts, .ord = 3, .ref = 3};
    m->x.conn.close = AW_CONN_FIN;
    m->x.conn.closed_by = AW_S2C;
    m->x.conn.closed_at = m->x.conn.fin[AW_S2C];
}
static void closed_race(struct case_maker *m)
{
    closed_unserved(m);
    m->x.answer_base = 40; /* of the answer before */
}
static void reset_on_its_way(struct case_maker *m)
{
    m->x.flags |= AW_F_KEPT;
    m->x.answer_base = 40;
    m->x.conn.rtt_s = 40 * AW_MS;
    m->x.at[AW_AT_ACK_HEAD] = (struct aw_mark){.ord = 0};
    case_close(m, 21, AW_S2C, true);
}
static void reset_as_answer(struct case_maker *m)
{
    reset_on_its_way(m);
    m->x.conn.rst[AW_S2C].ts += 20 * AW_MS;
}
static void response_lost(struct case_maker *m)
{
    case_100(m, 1);
    case_part(m, 2, 5, CASE_100_END, 600);
    case_final(m, 6, 413);
    case_close(m, 6.1, AW_S2C, true);
}
static void response_read(struct case_maker *m)
{
    case_100(m, 1);
    case_part(m, 2, 5, CASE_100_END, 600);
    case_final(m, 6, 413);
    case_close(m, 300, AW_S2C, true);
}
static void no_response(struct case_maker *m)
{
    case_100(m, 1);
    case_content(m, 2, 3, CASE_100_END);
    case_close(m, 10000, AW_C2S, false);
}
static void pending_wait(struct case_maker *m)
{
    case_input(m, 500);
}
static void pending_after_417(struct case_maker *m)
{
    case_final(m, 1, 417);
    case_input(m, 500);
}
static void gateway(struct case_maker *m)
{
    continued(m);
    m->x.status = 502;
}
static void unavailable(struct case_maker *m)
{
    continued(m);
    m->x.status = 503;
}
static void unavailable_via(struct case_maker *m)
{
    unavailable(m);
    m->x.res |= AW_RES_VIA;
}

/* --- the rest --- */
static void late_rejection(struct case_maker *m)
{
    case_100(m, 1);
    case_content(m, 1.5, 2, CASE_100_END);
    case_final(m, 3, 413);
}
static void late_304(struct case_maker *m)
{
    case_100(m, 1);
    case_content(m, 1.5, 2, CASE_100_END);
    case_final(m, 3, 304);
}
static void sent_after_reject(struct case_maker *m)
{
    case_final(m, 1, 403);
    case_content(m, 2, 3, CASE_FINAL_LEN);
}
static void sent_after_reject_close(struct case_maker *m)
{
    sent_after_reject(m);
    m->x.res |= AW_RES_CLOSE;
}
static void no_content(struct case_maker *m)
{
    m->x.declared = 0;
    m->x.content_complete = true;
    case_final(m, 1, 200);
}
static void two_100(struct case_maker *m)
{
    case_100(m, 1);
    case_content(m, 1.5, 2, CASE_100_END);
    case_100(m, 2.5);
    case_final(m, 3, 200);
}
static void unasked_100(struct case_maker *m)
{
    m->x.req = AW_REQ_HAS_LENGTH;
    case_content(m, 0.1, 1, 0);
    case_100(m, 2);
    case_final(m, 3, 200);
}
static void early_100(struct case_maker *m)
{
    continued(m);
    m->x.interim[0].ack_off = CASE_HEAD_END - 1;
}
static void long_100(struct case_maker *m)
{
    continued(m);
    m->x.interim[0].has_length = m->x.interim[0].length_not_zero = true;
}
static void zero_length_100(struct case_maker *m)
{
    continued(m);
    m->x.interim[0].has_length = true;
}
static void after_final_100(struct case_maker *m)
{
    continued(m);
    m->x.flags |= AW_F_100_AFTER_FINAL;
}
static void odd_expect(struct case_maker *m)
{
    m->x.req |= AW_REQ_EXPECT_MALFORMED;
    continued(m);
}
static void two_framings(struct case_maker *m)
{
    m->x.req |= AW_REQ_HAS_TE;
    continued(m);
}
static void swallowed(struct case_maker *m)
{
    rejected(m);
    m->x.flags |= AW_F_SWALLOWED;
    m->x.owed_bytes_next = 1000;
    m->x.next_request = case_mark(m, 5);
}
static void withheld(struct case_maker *m)
{
    rejected(m);
    m->x.flags |= AW_F_WITHHELD;
    m->x.owed_bytes_next = 1000;
    m->x.next_request = case_mark(m, 5);
}
static void head_lost_wait(struct case_maker *m)
{
    at_server(m);
    m->x.loss[AW_PART_HEAD] =
        (struct aw_loss){.count = 1, .first = case_mark(m, 250), .last = case_mark(m, 250)};
    m->x.at[AW_AT_ACK_HEAD] = case_mark(m, 250.1);
    case_100(m, 251);
    case_content(m, 280, 281, CASE_100_END);
    case_final(m, 282, 201);
}
static void head_never_acked(struct case_maker *m)
{
    at_server(m);
    m->x.at[AW_AT_ACK_HEAD] = (struct aw_mark){.ord = 0};
    m->x.loss[AW_PART_HEAD] =
        (struct aw_loss){.count = 3, .first = case_mark(m, 250), .last = case_mark(m, 2000)};
    case_close(m, 5000, AW_C2S, false);
}
static void send_100_at_server(struct case_maker *m)
{
    at_server(m);
    case_100(m, 1);
}
static void heed_the_second(struct case_maker *m)
{
    m->x.loss[AW_PART_100] =
        (struct aw_loss){.count = 1, .first = case_mark(m, 300), .last = case_mark(m, 300)};
    case_content(m, 320, 321, CASE_100_END);
    case_final(m, 322, 201);
}
static void lost_100(struct case_maker *m)
{
    send_100_at_server(m);
    heed_the_second(m);
}

/* The client had no room for it: the content did not wait for the 100 that was sent again. */
static void lost_100_no_room(struct case_maker *m)
{
    send_100_at_server(m);
    m->x.zero_window[AW_S2C] = case_mark(m, 2);
    heed_the_second(m);
}
/* It had none later, with the content on its way: that explains no wait. */
static void unheeded_then_no_room(struct case_maker *m)
{
    unheeded(m);
    m->x.zero_window[AW_S2C] = case_mark(m, 903);
}
/* The 100 came before the head was complete: what was left of that had to be sent first. */
static void early_100_slow_head(struct case_maker *m)
{
    case_100(m, -500);
    m->x.interim[0].ack_off = 10;
    case_content(m, 1, 2, CASE_100_END);
    case_final(m, 3, 201);
}
/* Sent again and again, and the client left without it. */
static void lost_100_left(struct case_maker *m)
{
    at_server(m);
    case_100(m, 1);
    m->x.loss[AW_PART_100] =
        (struct aw_loss){.count = 3, .first = case_mark(m, 200), .last = case_mark(m, 1400)};
    case_close(m, 5000, AW_C2S, false);
    m->x.conn.fin_ack[AW_C2S] = m->x.interim[0].end - 1;
}
/* It had it, in the end. */
static void late_100_left(struct case_maker *m)
{
    lost_100_left(m);
    m->x.conn.fin_ack[AW_C2S] = m->x.interim[0].end;
}
/* What would tell whether a proxy sent it may stand in what was cut off. */
static void refused_cut(struct case_maker *m)
{
    case_final(m, 2, 417);
    m->x.at[AW_AT_FINAL] = (struct aw_mark){.ord = 0};
}
/* It left before the server owed an answer; the connection idled on. */
static void left_early_then_idle(struct case_maker *m)
{
    at_server(m);
    m->x.at[AW_AT_ACK_HEAD] = (struct aw_mark){.ord = 0};
    case_close(m, 500, AW_C2S, false);
    case_idle(m, 61000);
}
static void left_after_a_second(struct case_maker *m)
{
    at_server(m);
    m->x.at[AW_AT_ACK_HEAD] = (struct aw_mark){.ord = 0};
    case_close(m, 1000, AW_C2S, false);
}
static void late_at_w(struct case_maker *m)
{
    at_server(m);
    case_content(m, 100, 101, 0);
    case_100(m, 150);
    case_final(m, 160, 201);
}
static void reset_near_deadlock(struct case_maker *m)
{
    case_close(m, 1990, AW_S2C, true);
}
static void deadlock_client_at_w(struct case_maker *m)
{
    case_close(m, 100, AW_C2S, false);
}

/* --- not in the capture --- */
static void one_direction(struct case_maker *m)
{
    m->x.flags |= AW_F_NO_SERVER_SIDE;
    case_content(m, 1000, 1001, CASE_100_END);
    case_close(m, 1002, AW_C2S, false);
}
static void cut_head(struct case_maker *m)
{
    m->x.flags |= AW_F_HOLE_REQ_HEAD | AW_F_CUT;
    case_final(m, 1, 200);
}
static void hole_100(struct case_maker *m)
{
    m->x.flags |= AW_F_HOLE_RESPONSE;
    case_content(m, 1000, 1001, CASE_100_END);
    m->answers = CASE_100_END;
    case_final(m, 1002, 201);
}
static void acked_100(struct case_maker *m) /* no hole reported, but the ACK number tells */
{
    case_content(m, 3, 4, CASE_100_END);
    m->answers = CASE_100_END;
    case_final(m, 5, 201);
}
static void sent_unseen(struct case_maker *m)
{
    case_content(m, 1000, 1001, 0);
    m->x.body_peer_high = CASE_100_END;
    m->answers = CASE_100_END;
    case_final(m, 1002, 201);
}
static void hole_but_417(struct case_maker *m)
{
    m->x.flags |= AW_F_HOLE_RESPONSE;
    refused(m);
}
static void hole_but_answered(struct case_maker *m)
{
    continued(m);
    m->x.flags |= AW_F_HOLE_RESPONSE;
}
static void hole_no_final(struct case_maker *m)
{
    case_100(m, 1);
    case_content(m, 2, 3, CASE_100_END);
    m->x.flags |= AW_F_HOLE_FINAL;
    case_close(m, 10, AW_C2S, false);
}
static void evicted(struct case_maker *m)
{
    m->x.flags |= AW_F_EVICTED;
}
static void orphan_100(struct case_maker *m)
{
    m->x.req = 0;
    m->x.flags |= AW_F_REQ_UNSEEN;
    m->x.unseen = AW_UNSEEN_MIDSTREAM;
    case_100(m, 1);
    case_final(m, 2, 200);
}
static void vanished(struct case_maker *m)
{
    (void)m; /* neither an end nor the end of the input */
}

/* "100-continue;q=1" is no expectation at all, "100-continue=1" is another one. */
static void parameters_417(struct case_maker *m)
{
    m->x.req |= AW_REQ_EXPECT_PARAMS | AW_REQ_EXPECT_MALFORMED;
    case_final(m, 1, 417);
}
static void value_417(struct case_maker *m)
{
    m->x.req |= AW_REQ_EXPECT_PARAMS;
    case_final(m, 1, 417);
}
static void value_continued(struct case_maker *m)
{
    m->x.req |= AW_REQ_EXPECT_PARAMS;
    continued(m);
}
static void page(struct case_maker *m, uint16_t status)
{
    case_text(m, AW_TEXT_ERROR_BODY, "<h1>503</h1>No server is available to handle this request.");
    case_final(m, 1, status);
}
static void page_503(struct case_maker *m)
{
    page(m, 503);
}
static void page_500(struct case_maker *m)
{
    page(m, 500);
}
static void page_signed(struct case_maker *m)
{
    case_text(m, AW_TEXT_SERVER, "nginx/1.22.1");
    page(m, 503);
}
static void page_of_nobody(struct case_maker *m)
{
    case_text(m, AW_TEXT_ERROR_BODY, "Come back later.");
    case_final(m, 1, 503);
}
static void page_not_captured(struct case_maker *m)
{
    case_final(m, 1, 503);
    m->x.flags |= AW_F_HOLE_FINAL;
}
static void page_not_captured_signed(struct case_maker *m)
{
    case_text(m, AW_TEXT_SERVER, "nginx/1.22.1");
    page_not_captured(m);
}
static void unanswered_408(struct case_maker *m, double ms)
{
    case_final(m, ms, 408);
}
static void at_2_s_408(struct case_maker *m)
{
    unanswered_408(m, 2000);
}
static void below_2_s_408(struct case_maker *m)
{
    unanswered_408(m, 1999);
}
static void far_below_2_s_408(struct case_maker *m)
{
    unanswered_408(m, 1599);
}
static void left_at_once_joined(struct case_maker *m)
{
    m->x.flags |= AW_F_MIDSTREAM;
    m->x.conn.joined[AW_C2S] = true;
    left_at_once(m);
}
static void left_before_100_joined(struct case_maker *m)
{
    left_at_once_joined(m);
    case_100(m, 21);
}
static void left_at_once_later(struct case_maker *m)
{
    m->x.flags |= AW_F_KEPT;
    left_at_once_joined(m);
}

static const struct row rows[] = {
    {"417 to 100-continue with parameters", parameters_417, AW_CAUSE_DESYNC_RISK, AW_SEV_WARNING,
     AW_CONF_HIGH, AW_PARTY_CLIENT, 0},
    {"417 to 100-continue with a value", value_417, AW_CAUSE_UNKNOWN_EXPECTATION, AW_SEV_ERROR,
     AW_CONF_HIGH, AW_PARTY_CLIENT, 0},
    {"100-continue with a value, continued", value_continued, AW_CAUSE_UNKNOWN_EXPECTATION,
     AW_SEV_INFO, AW_CONF_HIGH, AW_PARTY_CLIENT, 0},
    {"503 with a balancer's page", page_503, AW_CAUSE_GATEWAY_ERROR, AW_SEV_ERROR, AW_CONF_MEDIUM,
     AW_PARTY_INTERMEDIARY, ALSO(REJECTED_EARLY)},
    {"500 with a balancer's page", page_500, AW_CAUSE_SERVER_ERROR, AW_SEV_ERROR, AW_CONF_HIGH,
     AW_PARTY_SERVER, ALSO(REJECTED_EARLY)},
    {"503 with such a page and a server's name", page_signed, AW_CAUSE_SERVER_ERROR, AW_SEV_ERROR,
     AW_CONF_HIGH, AW_PARTY_SERVER, ALSO(REJECTED_EARLY)},
    {"503 with another page", page_of_nobody, AW_CAUSE_SERVER_ERROR, AW_SEV_ERROR, AW_CONF_HIGH,
     AW_PARTY_SERVER, ALSO(REJECTED_EARLY)},
    {"503 whose page was not captured", page_not_captured, AW_CAUSE_SERVER_ERROR, AW_SEV_ERROR,
     AW_CONF_MEDIUM, AW_PARTY_SERVER, ALSO(REJECTED_EARLY)},
    {"503 with a server's name, likewise", page_not_captured_signed, AW_CAUSE_SERVER_ERROR,
     AW_SEV_ERROR, AW_CONF_HIGH, AW_PARTY_SERVER, ALSO(REJECTED_EARLY)},
    {"408 at 2 s", at_2_s_408, AW_CAUSE_DEADLOCK, AW_SEV_ERROR, AW_CONF_MEDIUM, AW_PARTY_SERVER,
     ALSO(REJECTED_EARLY)},
    {"408 just below 2 s", below_2_s_408, AW_CAUSE_REJECTED_EARLY, AW_SEV_INFO, AW_CONF_MEDIUM,
     AW_PARTY_NONE, 0},
    {"408 well below 2 s", far_below_2_s_408, AW_CAUSE_REJECTED_EARLY, AW_SEV_INFO, AW_CONF_HIGH,
     AW_PARTY_NONE, 0},
    {"left at once, joined before the head", left_at_once_joined, AW_CAUSE_ABANDONED, AW_SEV_ERROR,
     AW_CONF_MEDIUM, AW_PARTY_CLIENT, 0},
    {"left before the 100, joined before the head", left_before_100_joined, AW_CAUSE_ABANDONED,
     AW_SEV_ERROR, AW_CONF_MEDIUM, AW_PARTY_CLIENT, 0},
    {"left at once, joined a request before", left_at_once_later, AW_CAUSE_ABANDONED, AW_SEV_ERROR,
     AW_CONF_HIGH, AW_PARTY_CLIENT, 0},
    {"continued", continued, AW_CAUSE_CONTINUED, AW_SEV_OK, AW_CONF_HIGH, AW_PARTY_NONE, 0},
    {"continued whatever the status", continued_404, AW_CAUSE_CONTINUED, AW_SEV_OK, AW_CONF_HIGH,
     AW_PARTY_NONE, 0},
    {"continued, nearly slow", continued_near_slow, AW_CAUSE_CONTINUED, AW_SEV_OK, AW_CONF_MEDIUM,
     AW_PARTY_NONE, 0},
    {"answers by ACK, whatever the time", answered_by_ack, AW_CAUSE_CONTINUED, AW_SEV_OK,
     AW_CONF_HIGH, AW_PARTY_NONE, 0},
    {"rejected", rejected, AW_CAUSE_REJECTED_EARLY, AW_SEV_INFO, AW_CONF_HIGH, AW_PARTY_NONE, 0},
    {"rejected after the 100", rejected_after_100, AW_CAUSE_REJECTED_EARLY, AW_SEV_INFO,
     AW_CONF_HIGH, AW_PARTY_NONE, 0},
    {"accepted", accepted, AW_CAUSE_ACCEPTED_EARLY, AW_SEV_INFO, AW_CONF_HIGH, AW_PARTY_NONE, 0},
    {"accepted, then sent", accepted_then_sent, AW_CAUSE_ACCEPTED_EARLY, AW_SEV_INFO, AW_CONF_HIGH,
     AW_PARTY_NONE, 0},
    {"not awaited", not_awaited, AW_CAUSE_NOT_AWAITED, AW_SEV_INFO, AW_CONF_HIGH, AW_PARTY_CLIENT,
     0},
    {"not awaited, just below W", not_awaited_near_w, AW_CAUSE_NOT_AWAITED, AW_SEV_INFO,
     AW_CONF_MEDIUM, AW_PARTY_CLIENT, 0},
    {"ignored", ignored, AW_CAUSE_IGNORED, AW_SEV_WARNING, AW_CONF_HIGH, AW_PARTY_SERVER, 0},
    {"ignored, at W", ignored_at_w, AW_CAUSE_IGNORED, AW_SEV_WARNING, AW_CONF_MEDIUM,
     AW_PARTY_SERVER, 0},
    {"far away 300 ms are no wait", ignored_far_w, AW_CAUSE_NOT_AWAITED, AW_SEV_INFO, AW_CONF_HIGH,
     AW_PARTY_CLIENT, 0},
    {"ignored, head acknowledged late", ignored_ack_late, AW_CAUSE_IGNORED, AW_SEV_WARNING,
     AW_CONF_MEDIUM, AW_PARTY_SERVER, 0},
    {"ignored, round trip unknown", ignored_no_rtt, AW_CAUSE_IGNORED, AW_SEV_WARNING,
     AW_CONF_MEDIUM, AW_PARTY_SERVER, 0},
    {"late, decided by time", ignored_no_ack_number, AW_CAUSE_LATE_CONTINUE, AW_SEV_WARNING,
     AW_CONF_MEDIUM, AW_PARTY_SERVER, 0},
    {"crossed, at the server", crossed, AW_CAUSE_LATE_CONTINUE, AW_SEV_WARNING, AW_CONF_HIGH,
     AW_PARTY_SERVER, 0},
    {"late, at the client", late_client, AW_CAUSE_LATE_CONTINUE, AW_SEV_WARNING, AW_CONF_MEDIUM,
     AW_PARTY_SERVER, 0},
    {"slow, at the server", slow, AW_CAUSE_SLOW_CONTINUE, AW_SEV_WARNING, AW_CONF_HIGH,
     AW_PARTY_SERVER, 0},
    {"not slow enough", slow_below, AW_CAUSE_CONTINUED, AW_SEV_OK, AW_CONF_HIGH, AW_PARTY_NONE, 0},
    {"unheeded, seen away from the client", unheeded_in_the_middle, AW_CAUSE_CONTINUE_UNHEEDED,
     AW_SEV_WARNING, AW_CONF_MEDIUM, AW_PARTY_CLIENT, 0},
    {"unheeded", unheeded, AW_CAUSE_CONTINUE_UNHEEDED, AW_SEV_WARNING, AW_CONF_HIGH,
     AW_PARTY_CLIENT, 0},
    {"window shut, not unheeded", unheeded_zero_window, AW_CAUSE_CONTINUED, AW_SEV_OK, AW_CONF_HIGH,
     AW_PARTY_NONE, 0},
    {"first piece with the head, then a wait", paused, AW_CAUSE_IGNORED, AW_SEV_WARNING,
     AW_CONF_HIGH, AW_PARTY_SERVER, 0},
    {"a pause later is no wait", paused_later, AW_CAUSE_NOT_AWAITED, AW_SEV_INFO, AW_CONF_HIGH,
     AW_PARTY_CLIENT, 0},
    {"refused", refused, AW_CAUSE_EXPECT_REFUSED, AW_SEV_ERROR, AW_CONF_HIGH, AW_PARTY_SERVER, 0},
    {"refused, Via", refused_via, AW_CAUSE_EXPECT_REFUSED_BY_PROXY, AW_SEV_ERROR, AW_CONF_HIGH,
     AW_PARTY_INTERMEDIARY, 0},
    {"refused, Via and an origin's Server", refused_via_origin, AW_CAUSE_EXPECT_REFUSED_BY_PROXY,
     AW_SEV_ERROR, AW_CONF_MEDIUM, AW_PARTY_INTERMEDIARY, 0},
    {"refused by Squid", refused_squid, AW_CAUSE_EXPECT_REFUSED_BY_PROXY, AW_SEV_ERROR,
     AW_CONF_HIGH, AW_PARTY_INTERMEDIARY, 0},
    {"417 without Expect", refused_no_expect, AW_CAUSE_APPLICATION_417, AW_SEV_WARNING,
     AW_CONF_HIGH, AW_PARTY_SERVER, 0},
    {"unknown expectation refused", unknown_417, AW_CAUSE_UNKNOWN_EXPECTATION, AW_SEV_ERROR,
     AW_CONF_HIGH, AW_PARTY_CLIENT, 0},
    {"unknown expectation ignored", unknown_ignored, AW_CAUSE_UNKNOWN_EXPECTATION, AW_SEV_INFO,
     AW_CONF_HIGH, AW_PARTY_CLIENT, ALSO(NOT_AWAITED)},
    {"HTTP/1.0 refused", http10_417, AW_CAUSE_EXPECT_HTTP10, AW_SEV_ERROR, AW_CONF_HIGH,
     AW_PARTY_SERVER, ALSO(EXPECT_REFUSED)},
    {"HTTP/1.0 waited", http10_waited, AW_CAUSE_EXPECT_HTTP10, AW_SEV_WARNING, AW_CONF_HIGH,
     AW_PARTY_CLIENT, ALSO(IGNORED)},
    {"HTTP/1.0 at once", http10_at_once, AW_CAUSE_EXPECT_HTTP10, AW_SEV_INFO, AW_CONF_HIGH,
     AW_PARTY_CLIENT, ALSO(NOT_AWAITED)},
    {"deadlock, client left", deadlock_client, AW_CAUSE_DEADLOCK, AW_SEV_ERROR, AW_CONF_HIGH,
     AW_PARTY_SERVER, 0},
    {"deadlock, server left", deadlock_server, AW_CAUSE_DEADLOCK, AW_SEV_ERROR, AW_CONF_HIGH,
     AW_PARTY_SERVER, 0},
    {"server left within 2 s", deadlock_server_soon, AW_CAUSE_CLOSED_UNANSWERED, AW_SEV_ERROR,
     AW_CONF_HIGH, AW_PARTY_SERVER, 0},
    {"deadlock, 408", deadlock_408, AW_CAUSE_DEADLOCK, AW_SEV_ERROR, AW_CONF_HIGH, AW_PARTY_SERVER,
     ALSO(REJECTED_EARLY)},
    {"deadlock, idle", deadlock_idle, AW_CAUSE_DEADLOCK, AW_SEV_ERROR, AW_CONF_MEDIUM,
     AW_PARTY_SERVER, 0},
    {"left within W", left_at_once, AW_CAUSE_ABANDONED, AW_SEV_ERROR, AW_CONF_HIGH, AW_PARTY_CLIENT,
     0},
    {"left after the 100", left_after_100, AW_CAUSE_ABANDONED, AW_SEV_ERROR, AW_CONF_HIGH,
     AW_PARTY_CLIENT, ALSO(NO_RESPONSE)},
    {"left after a 100 that was slow", left_after_slow_100, AW_CAUSE_ABANDONED, AW_SEV_ERROR,
     AW_CONF_HIGH, AW_PARTY_CLIENT, ALSO(SLOW_CONTINUE)},
    {"left before the 100", left_before_100, AW_CAUSE_DEADLOCK, AW_SEV_ERROR, AW_CONF_MEDIUM,
     AW_PARTY_SERVER, 0},
    {"rejected after a 100 that was slow", rejected_after_slow_100, AW_CAUSE_SLOW_CONTINUE,
     AW_SEV_WARNING, AW_CONF_MEDIUM, AW_PARTY_SERVER, ALSO(REJECTED_EARLY)},
    {"left with the window shut", left_window_0, AW_CAUSE_ABANDONED, AW_SEV_ERROR, AW_CONF_HIGH,
     AW_PARTY_SERVER, ALSO(NO_RESPONSE)},
    {"owed content, server left", owed_closed, AW_CAUSE_REQUEST_TIMEOUT, AW_SEV_ERROR, AW_CONF_HIGH,
     AW_PARTY_CLIENT, 0},
    {"owed content and lost some", owed_closed_loss, AW_CAUSE_REQUEST_TIMEOUT, AW_SEV_ERROR,
     AW_CONF_HIGH, AW_PARTY_NETWORK, 0},
    {"content sent again until it came through", content_lost_and_answered, AW_CAUSE_CONTINUED,
     AW_SEV_OK, AW_CONF_HIGH, AW_PARTY_NONE, 0},
    {"the server shut its window and left", owed_shut_out, AW_CAUSE_REQUEST_TIMEOUT, AW_SEV_ERROR,
     AW_CONF_HIGH, AW_PARTY_SERVER, 0},
    {"content taken for a request", stray_answer, AW_CAUSE_DESYNC_RISK, AW_SEV_ERROR,
     AW_CONF_MEDIUM, AW_PARTY_SERVER, ALSO(IGNORED_REJECTION)},
    {"408 after the 100", timeout_408, AW_CAUSE_REQUEST_TIMEOUT, AW_SEV_ERROR, AW_CONF_HIGH,
     AW_PARTY_CLIENT, 0},
    {"reset", reset_at_once, AW_CAUSE_RESET_UNANSWERED, AW_SEV_ERROR, AW_CONF_HIGH, AW_PARTY_SERVER,
     0},
    {"closed", closed_at_once, AW_CAUSE_CLOSED_UNANSWERED, AW_SEV_ERROR, AW_CONF_HIGH,
     AW_PARTY_SERVER, 0},
    {"keep-alive race", closed_race, AW_CAUSE_CLOSED_UNANSWERED, AW_SEV_WARNING, AW_CONF_HIGH,
     AW_PARTY_NONE, 0},
    {"closed with no request served", closed_unserved, AW_CAUSE_CLOSED_UNANSWERED, AW_SEV_ERROR,
     AW_CONF_HIGH, AW_PARTY_SERVER, 0},
    {"reset before the head can have come", reset_on_its_way, AW_CAUSE_RESET_UNANSWERED,
     AW_SEV_WARNING, AW_CONF_HIGH, AW_PARTY_NONE, 0},
    {"reset by the head", reset_as_answer, AW_CAUSE_RESET_UNANSWERED, AW_SEV_ERROR, AW_CONF_HIGH,
     AW_PARTY_SERVER, 0},
    {"response lost", response_lost, AW_CAUSE_RESPONSE_LOST, AW_SEV_ERROR, AW_CONF_HIGH,
     AW_PARTY_SERVER, ALSO(LATE_REJECTION)},
    {"reset too late to hurt", response_read, AW_CAUSE_LATE_REJECTION, AW_SEV_WARNING, AW_CONF_HIGH,
     AW_PARTY_SERVER, 0},
    {"no response", no_response, AW_CAUSE_NO_RESPONSE, AW_SEV_ERROR, AW_CONF_HIGH, AW_PARTY_SERVER,
     0},
    {"pending", pending_wait, AW_CAUSE_PENDING, AW_SEV_UNKNOWN, AW_CONF_HIGH, AW_PARTY_NONE, 0},
    {"a 417 is never pending", pending_after_417, AW_CAUSE_EXPECT_REFUSED, AW_SEV_ERROR,
     AW_CONF_HIGH, AW_PARTY_SERVER, 0},
    {"502", gateway, AW_CAUSE_GATEWAY_ERROR, AW_SEV_ERROR, AW_CONF_HIGH, AW_PARTY_INTERMEDIARY, 0},
    {"503", unavailable, AW_CAUSE_SERVER_ERROR, AW_SEV_ERROR, AW_CONF_HIGH, AW_PARTY_SERVER, 0},
    {"503 by a proxy", unavailable_via, AW_CAUSE_GATEWAY_ERROR, AW_SEV_ERROR, AW_CONF_HIGH,
     AW_PARTY_INTERMEDIARY, 0},
    {"late rejection", late_rejection, AW_CAUSE_LATE_REJECTION, AW_SEV_WARNING, AW_CONF_HIGH,
     AW_PARTY_SERVER, 0},
    {"304 is no rejection", late_304, AW_CAUSE_CONTINUED, AW_SEV_OK, AW_CONF_HIGH, AW_PARTY_NONE,
     0},
    {"sent what was refused", sent_after_reject, AW_CAUSE_IGNORED_REJECTION, AW_SEV_INFO,
     AW_CONF_HIGH, AW_PARTY_CLIENT, 0},
    {"sent what was refused, closing", sent_after_reject_close, AW_CAUSE_IGNORED_REJECTION,
     AW_SEV_WARNING, AW_CONF_HIGH, AW_PARTY_CLIENT, 0},
    {"no content", no_content, AW_CAUSE_NO_CONTENT, AW_SEV_WARNING, AW_CONF_HIGH, AW_PARTY_CLIENT,
     0},
    {"two 100s", two_100, AW_CAUSE_DUPLICATE_CONTINUE, AW_SEV_INFO, AW_CONF_HIGH, AW_PARTY_SERVER,
     0},
    {"a 100 unasked", unasked_100, AW_CAUSE_UNSOLICITED_CONTINUE, AW_SEV_INFO, AW_CONF_HIGH,
     AW_PARTY_SERVER, 0},
    {"a 100 before the head's end", early_100, AW_CAUSE_UNSOLICITED_CONTINUE, AW_SEV_INFO,
     AW_CONF_HIGH, AW_PARTY_SERVER, 0},
    {"a 100 with content", long_100, AW_CAUSE_MALFORMED_CONTINUE, AW_SEV_ERROR, AW_CONF_HIGH,
     AW_PARTY_SERVER, 0},
    {"a 100 with length 0 is harmless", zero_length_100, AW_CAUSE_CONTINUED, AW_SEV_OK,
     AW_CONF_HIGH, AW_PARTY_NONE, 0},
    {"a 100 after the final response", after_final_100, AW_CAUSE_MALFORMED_CONTINUE, AW_SEV_ERROR,
     AW_CONF_HIGH, AW_PARTY_SERVER, 0},
    {"odd Expect", odd_expect, AW_CAUSE_DESYNC_RISK, AW_SEV_WARNING, AW_CONF_HIGH, AW_PARTY_CLIENT,
     0},
    {"two framings", two_framings, AW_CAUSE_DESYNC_RISK, AW_SEV_WARNING, AW_CONF_HIGH,
     AW_PARTY_CLIENT, 0},
    {"request swallowed", swallowed, AW_CAUSE_DESYNC_RISK, AW_SEV_ERROR, AW_CONF_HIGH,
     AW_PARTY_CLIENT, ALSO(REJECTED_EARLY)},
    {"next request answered", withheld, AW_CAUSE_REJECTED_EARLY, AW_SEV_INFO, AW_CONF_HIGH,
     AW_PARTY_NONE, 0},
    {"head lost once", head_lost_wait, AW_CAUSE_NETWORK_LOSS, AW_SEV_WARNING, AW_CONF_HIGH,
     AW_PARTY_NETWORK, ALSO(SLOW_CONTINUE)},
    {"head never acknowledged", head_never_acked, AW_CAUSE_NETWORK_LOSS, AW_SEV_ERROR, AW_CONF_HIGH,
     AW_PARTY_NETWORK, ALSO(DEADLOCK)},
    {"the 100 lost", lost_100, AW_CAUSE_NETWORK_LOSS, AW_SEV_WARNING, AW_CONF_HIGH,
     AW_PARTY_NETWORK, ALSO(CONTINUE_UNHEEDED)},
    {"the 100 lost, and no room", lost_100_no_room, AW_CAUSE_CONTINUED, AW_SEV_OK, AW_CONF_HIGH,
     AW_PARTY_NONE, 0},
    {"unheeded, and no room later", unheeded_then_no_room, AW_CAUSE_CONTINUE_UNHEEDED,
     AW_SEV_WARNING, AW_CONF_HIGH, AW_PARTY_CLIENT, 0},
    {"a 100 before the end of the head", early_100_slow_head, AW_CAUSE_UNSOLICITED_CONTINUE,
     AW_SEV_INFO, AW_CONF_HIGH, AW_PARTY_SERVER, 0},
    {"the 100 lost for good", lost_100_left, AW_CAUSE_NETWORK_LOSS, AW_SEV_ERROR, AW_CONF_HIGH,
     AW_PARTY_NETWORK, ALSO(ABANDONED)},
    {"the 100 not lost for good", late_100_left, AW_CAUSE_ABANDONED, AW_SEV_ERROR, AW_CONF_HIGH,
     AW_PARTY_CLIENT, 0},
    {"a 417 cut short", refused_cut, AW_CAUSE_EXPECT_REFUSED, AW_SEV_ERROR, AW_CONF_MEDIUM,
     AW_PARTY_SERVER, 0},
    {"left after a second", left_after_a_second, AW_CAUSE_NETWORK_LOSS, AW_SEV_ERROR,
     AW_CONF_MEDIUM, AW_PARTY_NETWORK, ALSO(DEADLOCK)},
    {"late, after a wait of W", late_at_w, AW_CAUSE_LATE_CONTINUE, AW_SEV_WARNING, AW_CONF_MEDIUM,
     AW_PARTY_SERVER, 0},
    {"left soon, and idle", left_early_then_idle, AW_CAUSE_DEADLOCK, AW_SEV_ERROR, AW_CONF_MEDIUM,
     AW_PARTY_SERVER, 0},
    {"reset before it were a deadlock", reset_near_deadlock, AW_CAUSE_RESET_UNANSWERED,
     AW_SEV_ERROR, AW_CONF_MEDIUM, AW_PARTY_SERVER, 0},
    {"left at W", deadlock_client_at_w, AW_CAUSE_DEADLOCK, AW_SEV_ERROR, AW_CONF_MEDIUM,
     AW_PARTY_SERVER, 0},
    {"one direction", one_direction, AW_CAUSE_INCOMPLETE, AW_SEV_UNKNOWN, AW_CONF_HIGH,
     AW_PARTY_CAPTURE, 0},
    {"head cut", cut_head, AW_CAUSE_INCOMPLETE, AW_SEV_UNKNOWN, AW_CONF_HIGH, AW_PARTY_CAPTURE, 0},
    {"hole over the 100", hole_100, AW_CAUSE_INCOMPLETE, AW_SEV_UNKNOWN, AW_CONF_HIGH,
     AW_PARTY_CAPTURE, 0},
    {"acknowledged and never captured", acked_100, AW_CAUSE_INCOMPLETE, AW_SEV_UNKNOWN,
     AW_CONF_HIGH, AW_PARTY_CAPTURE, 0},
    {"a pause ended by what was never captured", paused_till_unseen, AW_CAUSE_INCOMPLETE,
     AW_SEV_UNKNOWN, AW_CONF_HIGH, AW_PARTY_CAPTURE, 0},
    {"sent and never captured", sent_unseen, AW_CAUSE_INCOMPLETE, AW_SEV_UNKNOWN, AW_CONF_HIGH,
     AW_PARTY_CAPTURE, 0},
    {"a hole does not change a 417", hole_but_417, AW_CAUSE_EXPECT_REFUSED, AW_SEV_ERROR,
     AW_CONF_HIGH, AW_PARTY_SERVER, 0},
    {"a hole after what decided", hole_but_answered, AW_CAUSE_CONTINUED, AW_SEV_OK, AW_CONF_MEDIUM,
     AW_PARTY_NONE, 0},
    {"hole over the final response", hole_no_final, AW_CAUSE_INCOMPLETE, AW_SEV_UNKNOWN,
     AW_CONF_HIGH, AW_PARTY_CAPTURE, 0},
    {"evicted", evicted, AW_CAUSE_INCOMPLETE, AW_SEV_UNKNOWN, AW_CONF_HIGH, AW_PARTY_CAPTURE, 0},
    {"no request", orphan_100, AW_CAUSE_INCOMPLETE, AW_SEV_UNKNOWN, AW_CONF_HIGH, AW_PARTY_CAPTURE,
     0},
    {"no end", vanished, AW_CAUSE_INCOMPLETE, AW_SEV_UNKNOWN, AW_CONF_HIGH, AW_PARTY_CAPTURE, 0},
};

static void table(void **state)
{
    (void)state;
    unsigned bad = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *r = &rows[i];
        struct case_maker m;
        struct aw_verdict v;
        case_begin(&m);
        r->make(&m);
        case_judge(&m, NULL, &v);
        if (v.cause == r->cause && v.severity == r->severity && v.confidence == r->confidence &&
            v.party == r->party && v.also == r->also && v.evidence_count > 0)
            continue;
        bad++;
        print_error("%s: %s %s %s %s also %llx, not %s %s %s %s also %llx\n", r->name,
                    aw_cause_slug(v.cause), aw_severity_name(v.severity),
                    aw_confidence_name(v.confidence), aw_party_name(v.party),
                    (unsigned long long)v.also, aw_cause_slug(r->cause),
                    aw_severity_name(r->severity), aw_confidence_name(r->confidence),
                    aw_party_name(r->party), (unsigned long long)r->also);
        for (unsigned e = 0; e < v.evidence_count; e++)
            print_error("    %s\n", v.evidence[e].text);
    }
    assert_int_equal(bad, 0);
}

/* Whoever wants fewer words gets the same verdict. */
static void fewer_words(void **state)
{
    (void)state;
    unsigned failing = 0, fine = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct case_maker m;
        static struct aw_verdict full, brief, terse;
        case_begin(&m);
        rows[i].make(&m);
        struct aw_case c = {.input_left = AW_NS_NONE, .retry_window_open = true};
        case_judge(&m, &c, &full);
        c.brief = true;
        case_judge(&m, &c, &brief);
        c.brief = false;
        c.terse = true;
        case_judge(&m, &c, &terse);
        /* What stands before the sentences. */
        assert_memory_equal(&brief, &full, offsetof(struct aw_verdict, evidence_count));
        assert_memory_equal(&terse, &full, offsetof(struct aw_verdict, evidence_count));
        assert_int_equal(brief.evidence_count + brief.fix_count, 0);
        if (aw_failing(&full)) {
            failing++;
            assert_int_equal(terse.text_used, full.text_used);
            assert_memory_equal(terse.text, full.text, full.text_used);
        } else {
            fine++;
            assert_int_equal(terse.evidence_count + terse.fix_count, 0);
        }
    }
    assert_true(failing > 10 && fine > 5);
}

/* Each cause of the catalogue stands in the table above or is tested below. */
static void every_cause(void **state)
{
    (void)state;
    uint64_t seen = ALSO(RETRY_LOOP) | ALSO(CONTINUE_NOT_RELAYED) | ALSO(EXPECT_DROPPED);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        seen |= UINT64_C(1) << rows[i].cause;
    for (unsigned c = 0; c < AW_CAUSE_COUNT; c++)
        if (!(seen >> c & 1)) fail_msg("no case for %s", aw_cause_slug((enum aw_cause)c));
}

static struct aw_attempt attempt(uint16_t status, bool expect)
{
    return (struct aw_attempt){
        .id = 1, .status = status, .expect = expect, .same_connection = true};
}

static void chains(void **state)
{
    (void)state;
    struct case_maker m;
    struct aw_verdict v;
    case_begin(&m);
    refused(&m);
    struct aw_attempt chain[2] = {attempt(417, true), attempt(201, false)};
    struct aw_case c = {.chain = chain, .chain_len = 2, .refused_run = 1, .input_left = AW_NS_NONE};

    case_judge(&m, &c, &v);
    assert_int_equal(v.cause, AW_CAUSE_EXPECT_REFUSED);
    assert_int_equal(v.severity, AW_SEV_WARNING);
    assert_true(v.recovered);
    assert_int_equal(v.cost.extra_round_trips, 1);
    assert_int_equal(v.cost.saved, 1000);
    assert_int_equal(v.check_count, 0);

    chain[1].same_connection = false;
    case_judge(&m, &c, &v);
    assert_int_equal(v.cost.extra_round_trips, 1); /* on a connection that was there */
    chain[1].fresh = true;
    case_judge(&m, &c, &v);
    assert_int_equal(v.cost.extra_round_trips, 2);

    chain[1] = attempt(417, false); /* the refusal was not about Expect */
    case_judge(&m, &c, &v);
    assert_int_equal(v.cause, AW_CAUSE_EXPECT_REFUSED);
    assert_int_equal(v.severity, AW_SEV_ERROR);
    assert_int_equal(v.confidence, AW_CONF_MEDIUM);
    assert_true(v.also & ALSO(APPLICATION_417));

    chain[1] = attempt(201, true); /* repeated with Expect: a check, and no recovery */
    case_judge(&m, &c, &v);
    assert_false(v.recovered);
    assert_int_equal(v.check_count, 1);
    assert_string_equal(v.check[0].rule, "C5");

    c.refused_run = 2;
    case_judge(&m, &c, &v);
    assert_int_equal(v.cause, AW_CAUSE_RETRY_LOOP);
    assert_true(v.also & ALSO(EXPECT_REFUSED));

    /* The repeat went as content that was owed, and what was left of it got 400. */
    c.refused_run = 1;
    m.x.flags |= AW_F_WITHHELD;
    m.x.owed_bytes_next = 1000;
    m.x.next_request = case_mark(&m, 5);
    chain[1] = attempt(400, false);
    case_judge(&m, &c, &v);
    assert_int_equal(v.cause, AW_CAUSE_DESYNC_RISK);
    assert_int_equal(v.severity, AW_SEV_ERROR);
    assert_int_equal(v.confidence, AW_CONF_MEDIUM);
    chain[1].status = 403;
    case_judge(&m, &c, &v);
    assert_int_equal(v.cause, AW_CAUSE_EXPECT_REFUSED);
    chain[1] = attempt(400, false);
    chain[1].same_connection = false;
    case_judge(&m, &c, &v);
    assert_int_equal(v.cause, AW_CAUSE_EXPECT_REFUSED);

    c = (struct aw_case){.failed_run = 4, .input_left = AW_NS_NONE};
    case_begin(&m);
    unavailable(&m);
    case_judge(&m, &c, &v);
    assert_int_equal(v.cause, AW_CAUSE_SERVER_ERROR);
    c.failed_run = 5;
    case_judge(&m, &c, &v);
    assert_int_equal(v.cause, AW_CAUSE_RETRY_LOOP);
}

static void legs(void **state)
{
    (void)state;
    struct case_maker m, inner;
    struct aw_verdict v;
    struct aw_case c = {.inner = &inner.x, .input_left = AW_NS_NONE};

    case_begin(&m);
    ignored(&m);
    case_begin(&inner);
    continued(&inner);
    case_judge(&m, &c, &v);
    assert_int_equal(v.cause, AW_CAUSE_CONTINUE_NOT_RELAYED);
    assert_int_equal(v.severity, AW_SEV_WARNING);

    case_begin(&inner);
    inner.x.req = AW_REQ_HAS_LENGTH;
    case_judge(&m, &c, &v);
    assert_int_equal(v.cause, AW_CAUSE_EXPECT_DROPPED);

    case_begin(&m);
    refused_via(&m);
    case_begin(&inner);
    refused(&inner);
    case_judge(&m, &c, &v);
    assert_int_equal(v.cause, AW_CAUSE_EXPECT_REFUSED); /* it began on the origin's leg */
    case_begin(&inner);
    continued(&inner);
    case_judge(&m, &c, &v);
    assert_int_equal(v.cause, AW_CAUSE_EXPECT_REFUSED_BY_PROXY);
}

/* The origin refused at once, and what stands between kept that to itself. */
static void kept_answers(void **state)
{
    (void)state;
    struct case_maker m, inner;
    struct aw_verdict v;
    struct aw_case c = {.inner = &inner.x, .input_left = AW_NS_NONE};
    case_begin(&m);
    case_content(&m, 1000, 1001, 0);
    case_final(&m, 1002, 413);
    for (double at = 890; at <= 910; at += 20) { /* W, 100 ms, before the content and less */
        case_begin(&inner);
        case_final(&inner, at, 413);
        case_judge(&m, &c, &v);
        assert_int_equal(v.cause, AW_CAUSE_IGNORED);
        assert_int_equal(v.party, at < 900 ? AW_PARTY_INTERMEDIARY : AW_PARTY_SERVER);
    }
    case_begin(&m); /* and here the client never sends */
    case_close(&m, 3000, AW_C2S, false);
    case_begin(&inner);
    case_final(&inner, 5, 413);
    case_judge(&m, &c, &v);
    assert_int_equal(v.cause, AW_CAUSE_DEADLOCK);
    assert_int_equal(v.party, AW_PARTY_INTERMEDIARY);
    case_begin(&inner);
    case_judge(&m, &c, &v);
    assert_int_equal(v.party, AW_PARTY_SERVER);
}

/* The 100 is late on the client's leg: by the origin, or because it was kept, or made, in between.
 */
static void late_legs(void **state)
{
    (void)state;
    struct case_maker m, inner;
    struct aw_verdict v;
    struct aw_case c = {.inner = &inner.x, .input_left = AW_NS_NONE};
    for (int late = 0; late < 2; late++) {
        const enum aw_cause cause = late ? AW_CAUSE_LATE_CONTINUE : AW_CAUSE_SLOW_CONTINUE;
        const double limit = late ? 900 : 600; /* W before the content; half of the delay */
        case_begin(&m);
        if (late) case_content(&m, 1000, 1001, 0);
        case_100(&m, 1200);
        if (!late) case_content(&m, 1201, 1202, CASE_100_END);
        case_final(&m, 1205, 201);
        for (double at = limit - 10; at <= limit + 10; at += 20) {
            case_begin(&inner);
            case_100(&inner, at);
            case_content(&inner, 1202, 1203, CASE_100_END);
            case_final(&inner, 1204, 201);
            case_judge(&m, &c, &v);
            assert_int_equal(v.cause, cause);
            assert_int_equal(v.party, at < limit ? AW_PARTY_INTERMEDIARY : AW_PARTY_SERVER);
            assert_int_equal(v.confidence, AW_CONF_MEDIUM); /* so near */
        }
        case_begin(&inner); /* the origin is as silent */
        case_content(&inner, 1202, 1203, 0);
        case_final(&inner, 1204, 201);
        case_judge(&m, &c, &v);
        assert_int_equal(v.cause, cause);
        assert_int_equal(v.party, AW_PARTY_SERVER);
        inner.x.at[AW_AT_HEAD].ts += 1200 * AW_MS; /* it was asked only then */
        case_judge(&m, &c, &v);
        assert_int_equal(v.party, AW_PARTY_INTERMEDIARY);
        inner.x.at[AW_AT_HEAD].ts -= 1200 * AW_MS;
        inner.x.req &= ~(uint32_t)AW_REQ_EXPECT; /* it was not asked for one */
        case_judge(&m, &c, &v);
        assert_int_equal(v.party, AW_PARTY_INTERMEDIARY);
        const struct aw_mark head = inner.x.at[AW_AT_HEAD];
        inner.x.at[AW_AT_HEAD].ord = 0; /* nobody saw what it was asked for */
        case_judge(&m, &c, &v);
        assert_int_equal(v.party, AW_PARTY_SERVER);
        inner.x.at[AW_AT_HEAD] = head;
        c.inner_unseen = true; /* the origin's may not have been captured */
        case_judge(&m, &c, &v);
        assert_int_equal(v.party, AW_PARTY_SERVER);
        assert_int_equal(v.confidence, AW_CONF_MEDIUM);
        c.inner_unseen = false;
    }
}

/* A failure is blamed on the leg on which it began. */
static void failing_legs(void **state)
{
    (void)state;
    static const struct {
        uint16_t outer, inner; /* status; 0: the leg ended without */
        enum aw_dir closed_by;
        double closed; /* ms after the leg's head */
        uint32_t flags;
        enum aw_cause cause;
        enum aw_party party;
    } rows_of_legs[] = {
        {502, 502, AW_S2C, 9, 0, AW_CAUSE_GATEWAY_ERROR, AW_PARTY_SERVER},
        {502, 200, AW_S2C, 9, 0, AW_CAUSE_GATEWAY_ERROR, AW_PARTY_INTERMEDIARY},
        {502, 0, AW_S2C, 9, 0, AW_CAUSE_GATEWAY_ERROR, AW_PARTY_SERVER},
        {502, 0, AW_S2C, 9, AW_F_HOLE_FINAL, AW_CAUSE_GATEWAY_ERROR, AW_PARTY_INTERMEDIARY},
        {504, 0, AW_C2S, 100, 0, AW_CAUSE_GATEWAY_ERROR, AW_PARTY_SERVER},
        {504, 0, AW_C2S, 99, 0, AW_CAUSE_GATEWAY_ERROR, AW_PARTY_INTERMEDIARY},
        {500, 500, AW_S2C, 9, 0, AW_CAUSE_SERVER_ERROR, AW_PARTY_SERVER},
        {500, 200, AW_S2C, 9, 0, AW_CAUSE_SERVER_ERROR, AW_PARTY_INTERMEDIARY},
        {500, 0, AW_S2C, 9, 0, AW_CAUSE_SERVER_ERROR, AW_PARTY_SERVER},
        {500, 0, AW_S2C, 9, AW_F_HOLE_FINAL, AW_CAUSE_SERVER_ERROR, AW_PARTY_SERVER},
    };
    for (size_t i = 0; i < sizeof rows_of_legs / sizeof *rows_of_legs; i++) {
        struct case_maker m, inner;
        struct aw_verdict v;
        struct aw_case c = {.inner = &inner.x, .input_left = AW_NS_NONE};
        case_begin(&m);
        case_final(&m, 200, rows_of_legs[i].outer);
        case_begin(&inner);
        if (rows_of_legs[i].inner) case_final(&inner, 8, rows_of_legs[i].inner);
        case_close(&inner, rows_of_legs[i].closed, rows_of_legs[i].closed_by, false);
        inner.x.flags |= rows_of_legs[i].flags;
        case_judge(&m, &c, &v);
        if (v.cause != rows_of_legs[i].cause || v.party != rows_of_legs[i].party)
            fail_msg("row %zu: %s %s", i, aw_cause_slug(v.cause), aw_party_name(v.party));
    }
}

static void costs(void **state)
{
    (void)state;
    struct case_maker m;
    struct aw_verdict v;

    case_begin(&m);
    ignored(&m);
    case_judge(&m, NULL, &v);
    assert_int_equal(v.cost.stall, 1001200 * AW_US);
    assert_int_equal(v.cost.wasted, 0);
    assert_int_equal(v.cost.saved, 0);

    case_begin(&m);
    slow(&m);
    case_judge(&m, NULL, &v);
    assert_int_equal(v.cost.stall, (600 - 200) * AW_MS - AW_MS / 10);

    case_begin(&m);
    unheeded(&m);
    case_judge(&m, NULL, &v);
    assert_int_equal(v.cost.stall, (899 - 200) * AW_MS);

    case_begin(&m);
    late_rejection(&m);
    case_judge(&m, NULL, &v);
    assert_int_equal(v.cost.stall, 0);
    assert_int_equal(v.cost.wasted, 1000);
    assert_int_equal(v.cost.saved, 0);

    case_begin(&m);
    m.x.declared = -1;
    m.x.req |= AW_REQ_CHUNKED;
    rejected(&m);
    case_judge(&m, NULL, &v);
    assert_int_equal(v.cost.saved, -1);

    case_begin(&m);
    deadlock_client(&m);
    case_judge(&m, NULL, &v);
    assert_int_equal(v.cost.stall, 5 * AW_SEC);
    assert_int_equal(v.cost.saved, 0);

    /* Content that a later attempt sent again. */
    struct aw_attempt chain[2] = {attempt(0, true), attempt(201, false)};
    const struct aw_case c = {.chain = chain, .chain_len = 2, .input_left = AW_NS_NONE};
    case_begin(&m);
    case_content(&m, 1, 2, 0);
    case_close(&m, 30000, AW_S2C, true);
    chain[1].sent = 700;
    case_judge(&m, &c, &v);
    assert_int_equal(v.cost.wasted, 700);
    chain[1].sent = 2000;
    case_judge(&m, &c, &v);
    assert_int_equal(v.cost.wasted, 1000);
}

/* Both sides of a threshold that --set moved. */
static void thresholds(void **state)
{
    (void)state;
    int64_t t[AW_T_COUNT];
    for (unsigned i = 0; i < AW_T_COUNT; i++)
        t[i] = aw_threshold_default((enum aw_threshold)i);
    struct case_maker m;
    struct aw_verdict v;
    case_begin(&m);
    slow(&m);
    struct aw_case c = {.self = &m.x, .input_left = AW_NS_NONE};
    t[AW_T_SLOW_CONTINUE] = 600 * AW_MS;
    aw_diagnose(&c, t, NULL, &v);
    assert_int_equal(v.cause, AW_CAUSE_CONTINUED);
    t[AW_T_SLOW_CONTINUE] = 599 * AW_MS;
    aw_diagnose(&c, t, NULL, &v);
    assert_int_equal(v.cause, AW_CAUSE_SLOW_CONTINUE);

    case_begin(&m);
    ignored(&m);
    c.self = &m.x;
    t[AW_T_WAIT_FLOOR] = 1001200 * AW_US;
    aw_diagnose(&c, t, NULL, &v);
    assert_int_equal(v.cause, AW_CAUSE_IGNORED);
    t[AW_T_WAIT_FLOOR]++;
    aw_diagnose(&c, t, NULL, &v);
    assert_int_equal(v.cause, AW_CAUSE_NOT_AWAITED);
}

static void sentences(void **state)
{
    (void)state;
    struct case_maker m;
    struct aw_verdict v;
    case_begin(&m);
    ignored(&m);
    case_judge(&m, NULL, &v);
    assert_string_equal(v.evidence[0].text,
                        "packet 6: content begins 1001.200 ms after the head (packet 4); no 100 in "
                        "between; one round trip is 0.200 ms");
    assert_int_equal(v.evidence[0].packet[0], 6);
    assert_int_equal(v.evidence[0].packet[1], 4);

    case_begin(&m);
    case_text(&m, AW_TEXT_USER_AGENT, "curl/7.88.1");
    ignored(&m);
    case_judge(&m, NULL, &v);
    assert_non_null(strstr(v.fix[0], "curl/7.88.1"));
    assert_non_null(strstr(v.fix[0], "-H 'Expect:'"));
}

/* Whatever the wire held, a verdict's text is valid UTF-8 without control bytes, and bounded. */
static void hostile_text(void **state)
{
    (void)state;
    static char evil[70000];
    struct case_maker m;
    struct aw_verdict v;
    for (unsigned round = 0; round < 3; round++) {
        for (size_t i = 0; i + 1 < sizeof evil; i++)
            evil[i] = round == 0   ? (char)(1 + i % 255)
                      : round == 1 ? '\x1b'
                                   : (char)"\xc2\x9b"[i % 2];
        case_begin(&m);
        m.x.req |= AW_REQ_EXPECT_MALFORMED;
        refused(&m);
        for (unsigned t = 0; t < AW_TEXT_COUNT; t++)
            case_text(&m, (enum aw_text)t, evil);
        case_judge(&m, NULL, &v);
        assert_true(v.evidence_count > 0);
        assert_true(v.text_used <= sizeof v.text);
        for (size_t i = 0; i < v.text_used; i++) {
            const unsigned char c = (unsigned char)v.text[i];
            assert_true(c == 0 || c >= 0x20);
            assert_true(c != 0x7f);
            assert_false(c == 0xc2 && (unsigned char)v.text[i + 1] < 0xa0);
        }
    }
}

/* Each status of which the head is enough to tell, and those beside them. */
static void statuses_of_the_head(void **state)
{
    (void)state;
    static const uint16_t yes[] = {300, 301, 302, 303, 305, 307, 308, 399, 401, 402,
                                   403, 404, 405, 406, 407, 410, 411, 412, 413, 414,
                                   415, 421, 426, 428, 429, 431, 451, 505};
    for (uint16_t status = 100; status < 1000; status++) {
        bool listed = status >= 300 && status <= 399 && status != 304;
        for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
            listed = listed || yes[i] == status;
        assert_int_equal(aw_rule_head_decides(status), listed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statuses_of_the_head),
        cmocka_unit_test(table),
        cmocka_unit_test(fewer_words),
        cmocka_unit_test(every_cause),
        cmocka_unit_test(chains),
        cmocka_unit_test(legs),
        cmocka_unit_test(kept_answers),
        cmocka_unit_test(late_legs),
        cmocka_unit_test(failing_legs),
        cmocka_unit_test(costs),
        cmocka_unit_test(thresholds),
        cmocka_unit_test(sentences),
        cmocka_unit_test(hostile_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
