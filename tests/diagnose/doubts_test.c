/*
 * What was not captured lowers confidence, or leaves a verdict open: the same exchange with and
 * without the packet that would have decided.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/case.h"

static void expect(const struct case_maker *m, const struct aw_case *c, enum aw_cause cause,
                   enum aw_confidence confidence)
{
    struct aw_verdict v;
    case_judge(m, c, &v);
    assert_string_equal(aw_cause_slug(v.cause), aw_cause_slug(cause));
    assert_string_equal(aw_confidence_name(v.confidence), aw_confidence_name(confidence));
}

/* A hole between the 100 and the final response may have held a second one. */
static void test_hole_in_the_answers(void **state)
{
    (void)state;
    struct case_maker m;
    case_begin(&m);
    case_100(&m, 1);
    case_content(&m, 1.5, 2, CASE_100_END);
    case_final(&m, 3, 201);
    expect(&m, NULL, AW_CAUSE_CONTINUED, AW_CONF_HIGH);
    m.x.flags |= AW_F_HOLE_RESPONSE;
    expect(&m, NULL, AW_CAUSE_CONTINUED, AW_CONF_MEDIUM);
}

/* Two ends: the connection says which was first, the packets' order need not. */
static void test_first_to_close(void **state)
{
    (void)state;
    struct case_maker m;
    case_begin(&m);
    case_100(&m, 1);
    case_part(&m, 1.5, 2, CASE_100_END, 500);
    case_close(&m, 200, AW_S2C, false);
    case_close(&m, 200.01, AW_C2S, false);
    expect(&m, NULL, AW_CAUSE_CLOSED_UNANSWERED, AW_CONF_HIGH);
    m.x.conn.closed_by = AW_C2S; /* the server's FIN acknowledges the client's */
    expect(&m, NULL, AW_CAUSE_ABANDONED, AW_CONF_HIGH);
    m.x.conn.fin_unseen[AW_C2S] = true;
    expect(&m, NULL, AW_CAUSE_ABANDONED, AW_CONF_MEDIUM);
}

/* An answer that acknowledges more than was captured: content may have gone unseen, but for what
 * the client's own end adds. */
static void test_acknowledges_more(void **state)
{
    (void)state;
    struct case_maker m;
    case_begin(&m);
    m.x.final_ack = CASE_HEAD_END;
    case_final(&m, 1, 403);
    expect(&m, NULL, AW_CAUSE_REJECTED_EARLY, AW_CONF_HIGH);
    m.x.final_ack = CASE_HEAD_END + 1;
    expect(&m, NULL, AW_CAUSE_REJECTED_EARLY, AW_CONF_MEDIUM);
    case_begin(&m);
    m.x.final_ack = CASE_HEAD_END + 1;
    case_close(&m, 0.95, AW_C2S, false);
    case_final(&m, 1, 403);
    expect(&m, NULL, AW_CAUSE_REJECTED_EARLY, AW_CONF_HIGH);
}

/* A 417 is the first of its kind only if what came before it was seen. */
static void test_requests_before(void **state)
{
    (void)state;
    struct case_maker m;
    case_begin(&m);
    case_final(&m, 1, 417);
    expect(&m, NULL, AW_CAUSE_EXPECT_REFUSED, AW_CONF_HIGH);
    m.x.flags = AW_F_AFTER_UNSEEN;
    expect(&m, NULL, AW_CAUSE_EXPECT_REFUSED, AW_CONF_MEDIUM);
    m.x.flags = AW_F_MIDSTREAM;
    expect(&m, NULL, AW_CAUSE_EXPECT_REFUSED, AW_CONF_MEDIUM);
    m.x.flags = AW_F_HOLE_RESPONSE; /* a 100 before it would change nothing */
    expect(&m, NULL, AW_CAUSE_EXPECT_REFUSED, AW_CONF_HIGH);
    m.x.flags |= AW_F_WITHHELD; /* but it may be the answer to the next request */
    expect(&m, NULL, AW_CAUSE_EXPECT_REFUSED, AW_CONF_MEDIUM);
}

/* The first packet of the client that was captured holds the head: it may be one sent again. */
static void test_head_maybe_sent_before(void **state)
{
    (void)state;
    struct case_maker m;
    case_begin(&m);
    case_100(&m, 1);
    case_content(&m, 1.1, 1.5, CASE_100_END);
    case_final(&m, 2, 201);
    m.x.flags = AW_F_MIDSTREAM; /* a bare ACK came before it, which stands where the head begins */
    expect(&m, NULL, AW_CAUSE_CONTINUED, AW_CONF_HIGH);
    m.x.conn.joined[AW_C2S] = true;
    expect(&m, NULL, AW_CAUSE_CONTINUED, AW_CONF_MEDIUM);
    m.x.flags |= AW_F_KEPT;
    expect(&m, NULL, AW_CAUSE_CONTINUED, AW_CONF_HIGH);
    m.x.flags = AW_F_MIDSTREAM;
    m.x.req = 0; /* an expectation nobody had, no head that waits */
    expect(&m, NULL, AW_CAUSE_UNSOLICITED_CONTINUE, AW_CONF_HIGH);
}

/* A packet that came later than its sender's clock says: it counts up to the end of the waiting,
 * and since the handshake for the first request, whose round trips may be that of the handshake. */
static void test_time_leapt(void **state)
{
    (void)state;
    struct case_maker m;
    case_begin(&m);
    case_content(&m, 1001, 1002, 0);
    case_final(&m, 1003, 201);
    expect(&m, NULL, AW_CAUSE_IGNORED, AW_CONF_HIGH);
    m.x.conn.leapt[AW_C2S] = m.x.at[AW_AT_BODY].ord;
    expect(&m, NULL, AW_CAUSE_IGNORED, AW_CONF_MEDIUM);
    m.x.conn.leapt[AW_C2S]++; /* what came after it does not matter */
    expect(&m, NULL, AW_CAUSE_IGNORED, AW_CONF_HIGH);
    m.x.conn.leapt[AW_S2C] = m.x.at[AW_AT_REQ_FIRST].ord;
    expect(&m, NULL, AW_CAUSE_IGNORED, AW_CONF_MEDIUM);
    m.x.flags |= AW_F_KEPT;
    expect(&m, NULL, AW_CAUSE_IGNORED, AW_CONF_HIGH);
}

/* Likewise where the clock was set back. */
static void test_set_back(void **state)
{
    (void)state;
    struct case_maker m;
    case_begin(&m);
    case_content(&m, 30, 31, 0);
    case_final(&m, 35, 201);
    expect(&m, NULL, AW_CAUSE_NOT_AWAITED, AW_CONF_HIGH);
    m.x.conn.set_back[AW_S2C] = m.x.at[AW_AT_BODY].ord;
    expect(&m, NULL, AW_CAUSE_NOT_AWAITED, AW_CONF_MEDIUM);
    m.x.conn.set_back[AW_S2C] = m.x.at[AW_AT_BODY_END].ord; /* it may have paused */
    expect(&m, NULL, AW_CAUSE_NOT_AWAITED, AW_CONF_MEDIUM);
    m.x.conn.set_back[AW_S2C]++;
    expect(&m, NULL, AW_CAUSE_NOT_AWAITED, AW_CONF_HIGH);
}

/* What the origin answered was not captured: then its leg does not tell that it did not refuse. */
static void test_origin_not_seen(void **state)
{
    (void)state;
    struct case_maker m;
    struct aw_exchange inner;
    case_begin(&m);
    inner = m.x;
    struct aw_case c = {.inner = &inner, .input_left = AW_NS_NONE};
    case_final(&m, 1, 417);
    expect(&m, &c, AW_CAUSE_EXPECT_REFUSED_BY_PROXY, AW_CONF_HIGH); /* it never answered */
    inner.flags = AW_F_HOLE_RESPONSE;
    c.inner_unseen = true;
    expect(&m, &c, AW_CAUSE_EXPECT_REFUSED, AW_CONF_MEDIUM);
    inner.status = 417;
    inner.flags = 0;
    c.inner_unseen = false;
    expect(&m, &c, AW_CAUSE_EXPECT_REFUSED, AW_CONF_HIGH);
}

/* The silence of a proxy is its own only if the origin's was seen. */
static void test_silence_of_the_origin(void **state)
{
    (void)state;
    struct case_maker m;
    struct aw_case c = {.input_left = AW_NS_NONE};
    case_begin(&m);
    case_content(&m, 1000, 1001, 0);
    case_final(&m, 1002, 201);
    expect(&m, &c, AW_CAUSE_IGNORED, AW_CONF_HIGH);
    c.inner_unseen = true;
    expect(&m, &c, AW_CAUSE_IGNORED, AW_CONF_MEDIUM);
}

/* So is its hundred: that the origin's leg has one says little where it may be another request's.
 */
static void test_leg_known_loosely(void **state)
{
    (void)state;
    struct case_maker m;
    struct aw_exchange inner;
    case_begin(&m);
    case_100(&m, 1);
    inner = m.x;
    struct aw_case c = {.inner = &inner, .input_left = AW_NS_NONE};
    case_begin(&m);
    case_content(&m, 1000, 1001, 0);
    case_final(&m, 1002, 201);
    expect(&m, &c, AW_CAUSE_CONTINUE_NOT_RELAYED, AW_CONF_HIGH);
    c.inner_loose = true;
    expect(&m, &c, AW_CAUSE_CONTINUE_NOT_RELAYED, AW_CONF_MEDIUM);
}

/* One more attempt, which may not have been captured, and it is a loop. */
static void test_nearly_a_loop(void **state)
{
    (void)state;
    struct case_maker m;
    case_begin(&m);
    case_100(&m, 1);
    case_content(&m, 1.5, 2, CASE_100_END);
    case_final(&m, 3, 500);
    struct aw_case c = {.input_left = AW_NS_NONE};
    for (c.failed_run = 1; c.failed_run <= 6; c.failed_run++)
        expect(&m, &c, c.failed_run < 5 ? AW_CAUSE_SERVER_ERROR : AW_CAUSE_RETRY_LOOP,
               c.failed_run == 4 ? AW_CONF_MEDIUM : AW_CONF_HIGH);
}

/* A reset without an ACK number comes from a side that had closed before. */
static void test_reset_of_nothing(void **state)
{
    (void)state;
    struct case_maker m;
    case_begin(&m);
    case_close(&m, 1, AW_S2C, true);
    expect(&m, NULL, AW_CAUSE_RESET_UNANSWERED, AW_CONF_HIGH);
    m.x.conn.rst_bare[AW_S2C] = true;
    expect(&m, NULL, AW_CAUSE_RESET_UNANSWERED, AW_CONF_MEDIUM);
}

/* A head that was lost is sent again. */
static void test_never_acknowledged(void **state)
{
    (void)state;
    struct case_maker m;
    case_begin(&m);
    m.x.at[AW_AT_ACK_HEAD] = (struct aw_mark){.ts = 0};
    m.x.conn.rtt_c = 20 * AW_MS; /* seen at the server */
    case_close(&m, 5000, AW_C2S, false);
    expect(&m, NULL, AW_CAUSE_NETWORK_LOSS, AW_CONF_MEDIUM);
    m.x.loss[AW_PART_HEAD] =
        (struct aw_loss){.count = 2, .first = case_mark(&m, 300), .last = case_mark(&m, 900)};
    expect(&m, NULL, AW_CAUSE_NETWORK_LOSS, AW_CONF_HIGH);
}

/* A 100 captured well before the content that does not acknowledge it did not cross it. */
static void test_overdue(void **state)
{
    (void)state;
    struct case_maker m;
    for (int ms = 985; ms >= 955; ms -= 15) {
        case_begin(&m);
        m.x.conn.rtt_c = 20 * AW_MS;
        case_100(&m, ms);
        case_content(&m, 1000, 1001, 0);
        case_final(&m, 1002, 201);
        expect(&m, NULL, AW_CAUSE_LATE_CONTINUE, ms == 985 ? AW_CONF_HIGH : AW_CONF_MEDIUM);
    }
}

/* Away from the server a late 100 may be one that was lost and repeated, unless the server had
 * acknowledged content and sent none by then. */
static void test_proven_late(void **state)
{
    (void)state;
    static const struct {
        double acked; /* ms; 0 = never */
        enum aw_confidence confidence;
    } row[] = {
        {0, AW_CONF_MEDIUM},
        {1000.1, AW_CONF_HIGH},
        {1299.979, AW_CONF_HIGH},
        {1299.981, AW_CONF_MEDIUM}, /* it may as well have been after the 100 */
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct case_maker m;
        case_begin(&m);
        case_content(&m, 1000, 1001, 0);
        if (row[i].acked > 0) m.x.at[AW_AT_ACK_BODY] = case_mark(&m, row[i].acked);
        case_100(&m, 1300);
        case_final(&m, 1302, 201);
        expect(&m, NULL, AW_CAUSE_LATE_CONTINUE, row[i].confidence);
    }
}

/* Where both round trips are within what the order of neighbours moves them by, nobody knows where
 * the capture point stands. */
static void test_vantage(void **state)
{
    (void)state;
    static const struct {
        aw_ns rtt_c, rtt_s;
        enum aw_vantage vantage;
    } row[] = {
        {20 * AW_MS, 20 * AW_US, AW_VANTAGE_SERVER},  {20 * AW_US, 20 * AW_MS, AW_VANTAGE_CLIENT},
        {20 * AW_MS, 3 * AW_MS, AW_VANTAGE_MIDDLE},   {3 * AW_US, 40 * AW_US, AW_VANTAGE_UNKNOWN},
        {40 * AW_US, 3 * AW_US, AW_VANTAGE_UNKNOWN},  {3 * AW_US, 250 * AW_US, AW_VANTAGE_UNKNOWN},
        {3 * AW_US, 251 * AW_US, AW_VANTAGE_CLIENT},  {30 * AW_US, 40 * AW_US, AW_VANTAGE_MIDDLE},
        {AW_NS_NONE, 40 * AW_US, AW_VANTAGE_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        const struct aw_conn_facts conn = {.rtt_c = row[i].rtt_c, .rtt_s = row[i].rtt_s};
        assert_string_equal(aw_vantage_name(aw_conn_vantage(&conn)),
                            aw_vantage_name(row[i].vantage));
    }
}

/* What comes after a silence in which its sender sent something that was not captured may be a
 * repetition, and the delay that of a loss. */
static void test_maybe_again(void **state)
{
    (void)state;
    static const struct {
        enum aw_dir dir;
        uint64_t before; /* the packet that came after the silence; 0 = none */
        enum aw_cause cause;
        enum aw_confidence confidence;
    } row[] = {
        {AW_C2S, 0, AW_CAUSE_CONTINUED, AW_CONF_HIGH},
        {AW_C2S, 4, AW_CAUSE_CONTINUED, AW_CONF_MEDIUM}, /* the head */
        {AW_S2C, 4, AW_CAUSE_CONTINUED, AW_CONF_HIGH},
        {AW_C2S, 9, AW_CAUSE_CONTINUED, AW_CONF_HIGH},
        {AW_S2C, 0, AW_CAUSE_SLOW_CONTINUE, AW_CONF_HIGH},
        {AW_S2C, 6, AW_CAUSE_SLOW_CONTINUE, AW_CONF_MEDIUM}, /* the 100 */
        {AW_C2S, 6, AW_CAUSE_SLOW_CONTINUE, AW_CONF_HIGH},
        {AW_C2S, 0, AW_CAUSE_CONTINUE_UNHEEDED, AW_CONF_HIGH},
        {AW_C2S, 7, AW_CAUSE_CONTINUE_UNHEEDED, AW_CONF_MEDIUM}, /* the content */
        {AW_S2C, 5, AW_CAUSE_CONTINUE_UNHEEDED, AW_CONF_HIGH},
        {AW_S2C, 8, AW_CAUSE_CONTINUE_UNHEEDED, AW_CONF_MEDIUM}, /* after a closed window? */
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct case_maker m;
        case_begin(&m);
        const bool slow = row[i].cause == AW_CAUSE_SLOW_CONTINUE;
        const bool unheeded = row[i].cause == AW_CAUSE_CONTINUE_UNHEEDED;
        if (slow) m.x.conn.rtt_c = 20 * AW_MS; /* seen at the server */
        if (unheeded) m.x.conn.rtt_c = AW_MS / 200, m.x.conn.rtt_s = AW_MS;
        const double go_on = slow ? 600 : 1, content = go_on + (unheeded ? 899 : slow ? 21 : 0.5);
        case_100(&m, go_on);
        case_content(&m, content, content + 1, CASE_100_END);
        case_final(&m, content + 2, 201);
        m.x.conn.missed[row[i].dir][1] = row[i].before;
        expect(&m, NULL, row[i].cause, row[i].confidence);
    }
}

/* A round trip that was measured by the wait in question says nothing about it. */
static void test_measured_by_itself(void **state)
{
    (void)state;
    struct case_maker m;
    case_begin(&m);
    m.x.conn.rtt_c = AW_MS / 200; /* captured at the client */
    m.x.conn.rtt_s = AW_MS;
    case_100(&m, 1);
    case_content(&m, 901, 902, CASE_100_END);
    case_final(&m, 903, 201);
    expect(&m, NULL, AW_CAUSE_CONTINUE_UNHEEDED, AW_CONF_HIGH);
    m.x.conn.rtt_c = 900 * AW_MS;
    expect(&m, NULL, AW_CAUSE_CONTINUE_UNHEEDED, AW_CONF_MEDIUM);
}

/* An answer that acknowledges what nobody saw: the client may have left, sent on or asked again. */
static void test_answer_to_the_unseen(void **state)
{
    (void)state;
    struct case_maker m;
    case_begin(&m);
    case_100(&m, 1);
    case_final(&m, 1.5, 400);
    m.x.final_ack = CASE_HEAD_END;
    expect(&m, NULL, AW_CAUSE_REJECTED_EARLY, AW_CONF_HIGH);
    m.x.final_ack++; /* the client's FIN, or a byte of content */
    expect(&m, NULL, AW_CAUSE_REJECTED_EARLY, AW_CONF_MEDIUM);

    case_begin(&m); /* nor did the client know of the answer when it left */
    case_100(&m, 1);
    case_final(&m, 1.5, 400);
    case_close(&m, 1.6, AW_C2S, false);
    m.x.conn.fin_ack[AW_C2S] = CASE_100_END + 1;
    expect(&m, NULL, AW_CAUSE_REJECTED_EARLY, AW_CONF_HIGH);
    m.x.conn.fin_ack[AW_C2S] = CASE_100_END;
    expect(&m, NULL, AW_CAUSE_REJECTED_EARLY, AW_CONF_MEDIUM);

    case_begin(&m);
    case_100(&m, 1);
    case_content(&m, 1.5, 2, CASE_100_END);
    m.x.flags = AW_F_HOLE_RESPONSE;
    case_final(&m, 3, 417);
    m.x.final_ack = CASE_HEAD_END + 1000;
    expect(&m, NULL, AW_CAUSE_EXPECT_REFUSED, AW_CONF_HIGH);
    m.x.final_ack++; /* ... of a request after it */
    expect(&m, NULL, AW_CAUSE_EXPECT_REFUSED, AW_CONF_MEDIUM);

    case_begin(&m); /* a malformed 100 would be worse than the 500 */
    case_100(&m, 1);
    case_content(&m, 1.5, 2, CASE_100_END);
    case_final(&m, 3, 500);
    expect(&m, NULL, AW_CAUSE_SERVER_ERROR, AW_CONF_HIGH);
    m.x.flags = AW_F_HOLE_RESPONSE;
    expect(&m, NULL, AW_CAUSE_SERVER_ERROR, AW_CONF_MEDIUM);
}

/* The client left, and the answer to that came a round trip later, as round trips vary. */
static void test_answer_to_the_end(void **state)
{
    (void)state;
    for (unsigned sooner = 0; sooner < 2; sooner++) {
        struct case_maker m;
        case_begin(&m);
        m.x.conn.rtt_s = 50 * AW_MS;
        m.x.at[AW_AT_ACK_HEAD].ts += 50 * AW_MS;
        case_100(&m, 50);
        case_close(&m, 60, AW_C2S, false);
        case_final(&m, sooner ? 99.9 : 100, 400);
        m.x.final_ack = CASE_HEAD_END;
        expect(&m, NULL, sooner ? AW_CAUSE_REJECTED_EARLY : AW_CAUSE_ABANDONED,
               sooner ? AW_CONF_MEDIUM : AW_CONF_HIGH);
    }
}

/* A system resets a closed connection for what still comes. */
static void test_reset_by_the_unseen(void **state)
{
    (void)state;
    struct case_maker m;
    case_begin(&m);
    case_final(&m, 1, 413);
    case_close(&m, 1.1, AW_S2C, false);
    expect(&m, NULL, AW_CAUSE_REJECTED_EARLY, AW_CONF_HIGH);
    m.x.conn.rst[AW_S2C] = case_mark(&m, 5);
    expect(&m, NULL, AW_CAUSE_REJECTED_EARLY, AW_CONF_MEDIUM);
    m.x.conn.rst[AW_C2S] = case_mark(&m, 5); /* the client's own */
    expect(&m, NULL, AW_CAUSE_REJECTED_EARLY, AW_CONF_HIGH);
}

/* After a first piece with the head, the client may have waited where content is missing. */
static void test_wait_not_captured(void **state)
{
    (void)state;
    struct case_maker m;
    for (unsigned late = 0; late < 2; late++) {
        case_begin(&m);
        case_part(&m, 0, 0.1, 0, 500);
        m.x.flags = AW_F_HOLE_CONTENT;
        m.x.content_complete = true;
        case_final(&m, late ? 100 : 99, 201);
        expect(&m, NULL, AW_CAUSE_NOT_AWAITED, late ? AW_CONF_MEDIUM : AW_CONF_HIGH);
    }
}

/* Content that began after the answer had come was not being sent when it was. */
static void test_reset_after_content(void **state)
{
    (void)state;
    struct case_maker m;
    for (unsigned after = 0; after < 2; after++) {
        case_begin(&m);
        case_final(&m, 1, 413);
        case_part(&m, 1.1, 1.2, after ? CASE_FINAL_LEN : 0, 500);
        m.x.at[AW_AT_AFTER_FINAL] = m.x.at[AW_AT_BODY];
        m.x.at[AW_AT_AFTER_FINAL_LAST] = m.x.at[AW_AT_BODY_END];
        case_close(&m, 1.3, AW_S2C, true);
        expect(&m, NULL, after ? AW_CAUSE_IGNORED_REJECTION : AW_CAUSE_RESPONSE_LOST, AW_CONF_HIGH);
    }
}

/* A repeat that had come in full and got 408: only a part of it was taken for a request. */
static void test_leftover_408(void **state)
{
    (void)state;
    struct case_maker m;
    struct aw_attempt chain[2] = {{.id = 1, .status = 417, .expect = true},
                                  {.id = 2, .status = 408, .same_connection = true, .sent = 1000}};
    struct aw_case c = {.chain = chain, .chain_len = 2, .input_left = AW_NS_NONE};
    case_begin(&m);
    case_final(&m, 1, 417);
    m.x.flags = AW_F_WITHHELD;
    m.x.owed_bytes_next = 1000;
    m.x.next_request = case_mark(&m, 2);
    expect(&m, &c, AW_CAUSE_DESYNC_RISK, AW_CONF_MEDIUM);
    chain[1].sent = 999; /* the server has reason to say so, or a byte was not captured */
    expect(&m, &c, AW_CAUSE_EXPECT_REFUSED, AW_CONF_MEDIUM);
    chain[1].sent = 1000;
    chain[1].same_connection = false;
    expect(&m, &c, AW_CAUSE_EXPECT_REFUSED, AW_CONF_HIGH);
}

/* Another distance than the SYN-ACK's is a sign, but a single one; and none where a packet is
 * captured before and behind a router. */
static void test_distance(void **state)
{
    (void)state;
    static const uint16_t status[] = {417, 503};
    for (unsigned i = 0; i < 2; i++) {
        struct case_maker m;
        const bool refused = status[i] == 417;
        case_begin(&m);
        case_final(&m, 1, status[i]);
        m.x.conn.ttl_first[AW_S2C] = 64;
        m.x.final_ttl = 64;
        expect(&m, NULL, refused ? AW_CAUSE_EXPECT_REFUSED : AW_CAUSE_SERVER_ERROR, AW_CONF_HIGH);
        m.x.final_ttl = 63;
        expect(&m, NULL, refused ? AW_CAUSE_EXPECT_REFUSED_BY_PROXY : AW_CAUSE_GATEWAY_ERROR,
               AW_CONF_MEDIUM);
        m.x.conn.copies = 1;
        expect(&m, NULL, refused ? AW_CAUSE_EXPECT_REFUSED : AW_CAUSE_SERVER_ERROR, AW_CONF_HIGH);
    }
}

/* So with the server's: where its first acknowledgement of the head came with the answer, late. */
static void test_measured_by_the_answer(void **state)
{
    (void)state;
    struct case_maker m;
    case_begin(&m);
    case_final(&m, 3000, 408);
    expect(&m, NULL, AW_CAUSE_DEADLOCK, AW_CONF_HIGH);
    m.x.conn.rtt_s = 3000 * AW_MS;
    expect(&m, NULL, AW_CAUSE_REJECTED_EARLY, AW_CONF_HIGH); /* measured elsewhere: far away */
    m.x.at[AW_AT_ACK_HEAD] = m.x.at[AW_AT_FINAL];
    expect(&m, NULL, AW_CAUSE_DEADLOCK, AW_CONF_MEDIUM);
}

/* What lies beyond the capture's end, or in its holes, could have said something else. */
static void test_sequel(void **state)
{
    (void)state;
    struct case_maker m;
    case_begin(&m);
    case_final(&m, 1, 403);
    expect(&m, NULL, AW_CAUSE_REJECTED_EARLY, AW_CONF_HIGH);
    m.x.flags = AW_F_UNSETTLED;
    expect(&m, NULL, AW_CAUSE_REJECTED_EARLY, AW_CONF_MEDIUM);
    m.x.flags = AW_F_PAIR_UNSURE;
    expect(&m, NULL, AW_CAUSE_REJECTED_EARLY, AW_CONF_MEDIUM);
    case_begin(&m);
    case_final(&m, 1, 417);
    m.x.flags = AW_F_HOLE_CONTENT;
    expect(&m, NULL, AW_CAUSE_EXPECT_REFUSED, AW_CONF_MEDIUM);

    /* The connection's end would show whether the client could read the answer. */
    case_begin(&m);
    case_100(&m, 1);
    case_part(&m, 1.5, 2, CASE_100_END, 500);
    case_final(&m, 3, 413);
    expect(&m, NULL, AW_CAUSE_LATE_REJECTION, AW_CONF_MEDIUM);
    case_close(&m, 4, AW_C2S, false);
    expect(&m, NULL, AW_CAUSE_LATE_REJECTION, AW_CONF_HIGH);

    /* A client that leaves within W of its content has not waited for the answer. */
    for (double gone = 101; gone <= 103; gone += 2) {
        case_begin(&m);
        case_100(&m, 1);
        case_content(&m, 1.5, 2, CASE_100_END);
        case_close(&m, gone, AW_C2S, true);
        expect(&m, NULL, AW_CAUSE_NO_RESPONSE, gone < 102 ? AW_CONF_MEDIUM : AW_CONF_HIGH);
    }
    /* A 408 for content that was all there. */
    case_begin(&m);
    case_100(&m, 1);
    case_content(&m, 2, 3, CASE_100_END);
    m.x.content_off_end = CASE_HEAD_END + 1000;
    case_final(&m, 30000, 408);
    m.x.final_ack = m.x.content_off_end - 1;
    expect(&m, NULL, AW_CAUSE_REQUEST_TIMEOUT, AW_CONF_HIGH);
    m.x.final_ack++;
    expect(&m, NULL, AW_CAUSE_REQUEST_TIMEOUT, AW_CONF_MEDIUM);
    /* What stands behind a 100 may be a response that is no HTTP. */
    case_begin(&m);
    case_100(&m, 1);
    m.x.interim[0].has_content = true;
    case_content(&m, 1.5, 2, CASE_100_END);
    case_close(&m, 1000, AW_S2C, false);
    expect(&m, NULL, AW_CAUSE_MALFORMED_CONTINUE, AW_CONF_MEDIUM);
    m.x.interim[0].has_te = true;
    expect(&m, NULL, AW_CAUSE_MALFORMED_CONTINUE, AW_CONF_HIGH);
}

static enum aw_cause cause_of(const struct case_maker *m)
{
    struct aw_verdict v;
    case_judge(m, NULL, &v);
    return v.cause;
}

/* The head was sent once more, and whether it had come through before was not captured. */
static void head_again(struct case_maker *m, double ms)
{
    case_begin(m);
    m->x.loss[AW_PART_HEAD].count = 1;
    m->x.loss[AW_PART_HEAD].first = m->x.loss[AW_PART_HEAD].last = case_mark(m, ms);
    m->x.at[AW_AT_ACK_HEAD] = (struct aw_mark){.ord = 0};
}

/* Of a silence that the server ended, what the head may have taken to get through is the network's:
 * what is left is held against W (100 ms). */
static void test_loss_before_silence(void **state)
{
    (void)state;
    static const struct {
        double again;
        enum aw_cause cause;
    } rows[] = {{2960, AW_CAUSE_NETWORK_LOSS}, {2880, AW_CAUSE_DEADLOCK}};
    struct case_maker m;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        head_again(&m, rows[i].again);
        case_close(&m, 3000, AW_S2C, false);
        assert_string_equal(aw_cause_slug(cause_of(&m)), aw_cause_slug(rows[i].cause));
    }
}

/* A round trip that could not be measured decides how long was waited, and not that a 417 came. */
static void test_http10_without_a_round_trip(void **state)
{
    (void)state;
    struct case_maker m;
    for (unsigned refused = 0; refused < 2; refused++) {
        case_begin(&m);
        m.x.req_version = 10;
        m.x.conn.rtt_c = m.x.conn.rtt_s = AW_NS_NONE;
        if (!refused) case_content(&m, 1.5, 2, 0);
        case_final(&m, 3, refused ? 417 : 201);
        expect(&m, NULL, AW_CAUSE_EXPECT_HTTP10, refused ? AW_CONF_HIGH : AW_CONF_MEDIUM);
    }
}

/* The borders of success. */
static void test_accepted_statuses(void **state)
{
    (void)state;
    static const uint16_t accepted[] = {200, 299}, not [] = {300, 199};
    struct case_maker m;
    for (unsigned i = 0; i < 2; i++) {
        case_begin(&m);
        case_final(&m, 1, accepted[i]);
        assert_int_equal(cause_of(&m), AW_CAUSE_ACCEPTED_EARLY);
        case_begin(&m);
        case_final(&m, 1, not [i]);
        assert_int_not_equal(cause_of(&m), AW_CAUSE_ACCEPTED_EARLY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hole_in_the_answers),
        cmocka_unit_test(test_first_to_close),
        cmocka_unit_test(test_acknowledges_more),
        cmocka_unit_test(test_requests_before),
        cmocka_unit_test(test_head_maybe_sent_before),
        cmocka_unit_test(test_time_leapt),
        cmocka_unit_test(test_set_back),
        cmocka_unit_test(test_origin_not_seen),
        cmocka_unit_test(test_silence_of_the_origin),
        cmocka_unit_test(test_leg_known_loosely),
        cmocka_unit_test(test_nearly_a_loop),
        cmocka_unit_test(test_reset_of_nothing),
        cmocka_unit_test(test_never_acknowledged),
        cmocka_unit_test(test_overdue),
        cmocka_unit_test(test_proven_late),
        cmocka_unit_test(test_vantage),
        cmocka_unit_test(test_maybe_again),
        cmocka_unit_test(test_measured_by_itself),
        cmocka_unit_test(test_measured_by_the_answer),
        cmocka_unit_test(test_answer_to_the_unseen),
        cmocka_unit_test(test_answer_to_the_end),
        cmocka_unit_test(test_reset_by_the_unseen),
        cmocka_unit_test(test_wait_not_captured),
        cmocka_unit_test(test_reset_after_content),
        cmocka_unit_test(test_leftover_408),
        cmocka_unit_test(test_distance),
        cmocka_unit_test(test_sequel),
        cmocka_unit_test(test_loss_before_silence),
        cmocka_unit_test(test_http10_without_a_round_trip),
        cmocka_unit_test(test_accepted_statuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
