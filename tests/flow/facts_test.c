/* What TCP knows of a connection at its end, and what the table counts. */
#include <inttypes.h>
#include "lab.h"

#define SHAKE "c S 0 0 ttl=60\n+10 s SA 0 0 ttl=50\n+3 c A 0 0\n"

/* Runs a script and closes what is open; the facts are those of the last CLOSE. */
static struct aw_flow_stats run(struct lab *lab, const char *script)
{
    assert_true(lab_start(lab, 1 << 22, NULL));
    lab_run(lab, script);
    aw_flow_finish(lab->table);
    const struct aw_flow_stats stats = *aw_flow_stats(lab->table);
    lab_stop(lab);
    return stats;
}

static struct lab *lab;
static const struct aw_conn_facts *facts;

static int make_lab(void **state)
{
    (void)state;
    lab = calloc(1, sizeof *lab);
    facts = lab ? &lab->facts : NULL;
    return lab ? 0 : -1;
}
static int free_lab(void **state)
{
    (void)state;
    free(lab);
    return 0;
}

static void test_who_and_where(void **state)
{
    (void)state;
    run(lab, SHAKE "c A 0 0 ABC ref=9\n");
    assert_int_equal(facts->ord, 1);
    assert_memory_equal(facts->addr[AW_C2S].b, "\x0a\0\0\1", 4);
    assert_int_equal(facts->port[AW_C2S], 40000);
    assert_int_equal(facts->port[AW_S2C], 80);
    assert_true(facts->client_known && facts->syn_seen[0] && facts->syn_seen[1]);
    assert_int_equal(facts->isn[AW_C2S], 1000);
    assert_int_equal(facts->isn[AW_S2C], 5000);
    assert_int_equal(facts->ttl_first[AW_C2S], 60);
    assert_int_equal(facts->ttl_first[AW_S2C], 50);
    assert_int_equal(aw_ref_no(facts->last_activity.ref), 9);
    assert_int_equal(facts->close, AW_CONN_OPEN);
    assert_true(facts->fin_ack[AW_C2S] == AW_OFF_NONE && facts->fin_ack[AW_S2C] == AW_OFF_NONE);
    run(lab, SHAKE "c A 0 0 ABC\ns A 0 3 xy\nc FA 3 2\n");
    assert_int_equal(facts->fin_ack[AW_C2S], 2);
    assert_true(facts->fin_ack[AW_S2C] == AW_OFF_NONE);
}

static void test_round_trips(void **state)
{
    (void)state;
    run(lab, SHAKE);
    assert_int_equal(facts->rtt_s, 10 * AW_MS);
    assert_int_equal(facts->rtt_c, 3 * AW_MS);
    run(lab, SHAKE "c A 0 0 ABC\n+7 s A 0 3 abc\n+5 c A 3 3\n");
    assert_int_equal(facts->rtt_s, 7 * AW_MS); /* the smallest */
    assert_int_equal(facts->rtt_c, 3 * AW_MS);
    /* What was sent twice tells nothing. */
    run(lab, "c S 0 0\n+1000 c S 0 0\n+1 s SA 0 0\n+1000 s SA 0 0\n+1 c A 0 0\n");
    assert_int_equal(facts->rtt_s, AW_NS_NONE);
    assert_int_equal(facts->rtt_c, AW_NS_NONE);
    run(lab, "c A 0 0 ABC\n+300 c A 0 0 ABC\n+1 s A 0 3\n");
    assert_int_equal(facts->rtt_s, AW_NS_NONE);
    /* The SYN-ACK was not captured: what acknowledges the data does not answer the SYN. */
    run(lab, "c S 0 0\n+10 c A 0 0\n+500 c A 0 0 ABC\n+4 s A 0 3\n");
    assert_int_equal(facts->rtt_s, 4 * AW_MS);
    /* Captured in the wrong order, the acknowledgement first, with their dates and without. */
    run(lab, "c S 0 0\n+10 c A 0 0\n+0.005 s SA 0 0\n");
    assert_int_equal(facts->rtt_c, 5 * AW_US);
    run(lab, "c S 0 0\n+10 c A 0 0\n+-0.005 s SA 0 0\n");
    assert_int_equal(facts->rtt_c, 5 * AW_US);
    run(lab, SHAKE "+1 s A 0 3\n+0.004 c A 0 0 ABC\n");
    assert_int_equal(facts->rtt_s, 4 * AW_US);
    run(lab, SHAKE "+1 s A 0 3\n+-0.004 c A 0 0 ABC\n");
    assert_int_equal(facts->rtt_s, 4 * AW_US);
    run(lab, SHAKE "+1 s A 0 3\n+5 c A 0 0 ABC\n"); /* too far apart for that */
    assert_int_equal(facts->rtt_s, 10 * AW_MS);
    /* Long ones. */
    run(lab, "c S 0 0\n+1999.999999 s SA 0 0\n+2000.000001 c A 0 0\n");
    assert_int_equal(facts->rtt_s, 2 * AW_SEC - 1);
    assert_int_equal(facts->rtt_c, 2 * AW_SEC + AW_US);
    run(lab, "c S 0 0\n+12345.678901 s SA 0 0\n+599000 c A 0 0\n");
    assert_int_equal(facts->rtt_s, 12345679 * AW_US);
    assert_int_equal(facts->rtt_c, 599000 * AW_MS);
    run(lab, "c S 0 0\n+5000 s SA 0 0\n+9000 c A 0 0 ABC\n+4500 s A 0 3 abc\n+1 c A 3 3\n");
    assert_int_equal(facts->rtt_s, 4500 * AW_MS); /* the smallest */
    assert_int_equal(facts->rtt_c, 1 * AW_MS);
}

/* What a side's first packet captured carries may have been sent before; what follows a SYN or a
 * bare ACK was not. */
static void test_joined_at_payload(void **state)
{
    (void)state;
    run(lab, "c A 0 0 ABC\ns A 0 3\n");
    assert_true(facts->joined[AW_C2S]);
    assert_false(facts->joined[AW_S2C]);
    run(lab, "c A 0 0\nc A 0 0 ABC\ns A 0 3 xy\n");
    assert_false(facts->joined[AW_C2S]);
    assert_true(facts->joined[AW_S2C]);
    run(lab, SHAKE "c A 0 0 ABC\ns A 0 3 xy\n");
    assert_false(facts->joined[AW_C2S] || facts->joined[AW_S2C]);
    run(lab, "s SA 0 0\nc A 0 0 ABC\n");
    assert_true(facts->joined[AW_C2S]);
}

/* Captured late, the SYN-ACK does not say that data was not taken with the SYN. */
static void test_sent_again_after_a_late_syn_ack(void **state)
{
    (void)state;
    run(lab, "c S 0 0\n+1 c A 0 0\n+1 c A 0 0 ABC\n+1 s SA 0 0\n+300 c A 0 0 ABC\n");
    assert_int_equal(facts->retransmissions, 1);
    run(lab, "c S 0 0 ABC\n+1 s SA 0 0\n+1 c A 0 0 ABC\n");
    assert_int_equal(facts->retransmissions, 0);
}

/* Three seconds as captured, of which the sender's clock knows nothing. */
static void test_time_against_tsvals(void **state)
{
    (void)state;
    static const struct {
        const char *steps;
        bool leapt;
    } rows[] = {
        {"c A 0 0 A ts=5000\n+3000 c A 1 0 B ts=8000\n", false},
        {"c A 0 0 A ts=5000\n+3000 c A 1 0 B ts=5000\n", true},
        {"c A 0 0 A ts=5000\n+3000 c A 1 0 B ts=5040\n", true},
        {"c A 0 0 A ts=5000\n+3000 c A 1 0 B ts=7300\n", false}, /* three quarters and more */
        {"c A 0 0 A ts=5000\n+3000 c A 1 0 B ts=7100\n", true},
        {"c A 0 0 A ts=5000\n+3000 c A 1 0 B ts=5750\n", false}, /* 250 Hz */
        {"c A 0 0 A ts=5000\n+3000 c A 1 0 B ts=5300\n", true},
        {"c A 0 0 A ts=5000\n+3000 c A 1 0 B ts=5030\n", true},
        {"c A 0 0 A ts=5000\n+3000 c A 1 0 B ts=4990\n", false}, /* sent before the other */
        {"c A 0 0 A ts=5000\n+90 c A 1 0 B ts=5000\n", false},   /* decides nothing */
        {"c A 0 0 A ts=4294967295\n+3000 c A 1 0 B ts=2\n", true},
        {"c A 0 0 A ts=5000\n+70000 c A 1 0 B ts=75000\n", false},
        {"c A 0 0 A\n+3000 c A 1 0 B ts=5000\n", false},
        {"c A 0 0 A ts=5000\n+3000 c A 1 0 B\n", false},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        char steps[256];
        snprintf(steps, sizeof steps, "%s%s", SHAKE, rows[i].steps);
        run(lab, steps);
        if ((facts->leapt[AW_C2S] != 0) != rows[i].leapt) fail_msg("row %u: %s", i, rows[i].steps);
        assert_int_equal(facts->leapt[AW_S2C], 0);
    }
}

/* The clock of the capture was set back: by its own times, or by the sender's. */
static void test_clock_set_back(void **state)
{
    (void)state;
    static const struct {
        const char *steps;
        bool set_back;
    } rows[] = {
        {"c A 0 0 A ts=5000\n+30 c A 1 0 B ts=6000\n", true},
        {"c A 0 0 A ts=5000\n+900 c A 1 0 B ts=6000\n", false},
        {"c A 0 0 A ts=5000\n+30 c A 1 0 B ts=5100\n", false}, /* decides nothing */
        {"c A 0 0 A ts=5000\n+-500 c A 1 0 B ts=5001\n", true},
        {"c A 0 0 A ts=5000\n+-1 c A 1 0 B ts=5000\n", false}, /* changed places */
        {"c A 0 0 A ts=5000\n+3 c A 1 0 B ts=4000\n", false},  /* sent before the other */
        {"c A 0 0 A ts=5000\n+9000 c A 1 0 B ts=14200\n", false},
        {"c A 0 0 A ts=5000\n+9000 c A 1 0 B ts=14800\n", true},
        {"c A 0 0 A ts=5000\n+40000 c A 1 0 B ts=45000\n", false}, /* ticks and times wrap */
        {"c A 0 0 A ts=5000\n+61000 c A 1 0 B ts=66000\n", false},
        {"c A 0 0 A id=7\n+39990 s A 0 1\n+10 c A 1 0 B id=8\n", false},
        {"c A 0 0 A ts=4294967000\n+30 c A 1 0 B ts=704\n", true},
        {"c A 0 0 A\n+30 c A 1 0 B ts=5000\n", false},
        {"c A 0 0 A id=7\n+-500 c A 1 0 B id=8\n", true},
        {"c A 0 0 A id=7\n+40000 c A 1 0 B id=8\n", false},
        /* Its ticks are no milliseconds. */
        {"c A 0 0 A ts=5000\n+1 c A 1 0 B ts=6000\n+1 c A 2 0 C ts=7000\n", true},
        {"c A 0 0 A ts=5000\n+1 c A 1 0 B ts=6000\n+1 c A 2 0 C ts=7000\n"
         "+1 c A 3 0 D ts=8000\n",
         false},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        char steps[256];
        snprintf(steps, sizeof steps, "%s%s", SHAKE, rows[i].steps);
        run(lab, steps);
        if ((facts->set_back[AW_C2S] != 0) != rows[i].set_back)
            fail_msg("row %u: %s", i, rows[i].steps);
        assert_int_equal(facts->set_back[AW_S2C], 0);
    }
}

static void test_client_of_a_connection_joined_late(void **state)
{
    (void)state;
    struct aw_flow_stats st = run(lab, "s A 0 0 response\n");
    assert_false(facts->client_known);
    assert_int_equal(facts->port[AW_S2C], 80); /* the port tells */
    assert_int_equal(st.midstream, 1);
    st = run(lab, "s SA 0 0\n");
    assert_true(facts->client_known);
    assert_int_equal(facts->port[AW_C2S], 40000);
    assert_int_equal(st.midstream, 0);
    assert_false(facts->any_seen[AW_C2S]);
    /* Ports of which none tells: who is heard first. */
    assert_true(lab_start(lab, 1 << 22, NULL));
    struct aw_segment s = lab_segment(lab, false, "A", 0, 0, (const uint8_t *)"x", 1);
    s.dport = (uint16_t)(s.sport + 1000);
    s.payload_wire = 1;
    lab_push(lab, &s);
    aw_flow_finish(lab->table);
    lab_stop(lab);
    assert_int_equal(facts->port[AW_C2S], s.sport);
}

static void swap_once(struct lab *l, struct aw_flow *flow, const struct aw_chunk *c)
{
    if (c->kind == AW_CHUNK_DATA && !aw_flow_client_known(flow)) {
        aw_flow_swap(flow);
        const aw_off end = l->end[0];
        l->end[0] = l->end[1];
        l->end[1] = end;
    }
}

static void test_swap(void **state)
{
    (void)state;
    assert_true(lab_start(lab, 1 << 22, NULL));
    lab->hook = swap_once;
    lab_run(lab, "c A 0 0 ABC\nc A 3 0 DEF\ns A 0 6 abc\n");
    aw_flow_finish(lab->table);
    assert_string_equal(lab->log, "c 0 ABC\ns 3 DEF\nc 0 abc\nclose input c");
    assert_int_equal(facts->port[AW_C2S], 80);
    assert_true(facts->client_known);
    lab_stop(lab);
}

static void test_losses(void **state)
{
    (void)state;
    struct aw_flow_stats st = run(
        lab, SHAKE "c A 5 0 ABC wire=10\ns A 0 15\n+3 tick\ns A 20 15 abc\nc A 15 23\n+3 tick\n"
                   "+300 s A 20 15 abc\nc A 16 23 Q id=5\nc A 16 23 Q id=5 ttl=9\n"
                   "c A 30 23 xyz\nc A 30 23 xYz\ns A 23 16 win=0\ns A 23 16\ns A 23 16 win=0\n");
    assert_int_equal(facts->hole_bytes[AW_C2S], 5 + 1 + 13);
    assert_int_equal(facts->hole_bytes[AW_S2C], 20);
    assert_int_equal(facts->hole_count, 4);
    assert_int_equal(facts->cut_bytes[AW_C2S], 7);
    assert_int_equal(facts->retransmissions, 2);
    assert_int_equal(facts->copies, 1);
    assert_int_equal(facts->conflicts, 1);
    assert_int_equal(facts->zero_windows[AW_S2C], 2);
    assert_int_equal(facts->zero_windows[AW_C2S], 0);
    assert_int_equal(st.holes, 4);
    assert_int_equal(st.hole_bytes, 39);
    assert_int_equal(st.cut_bytes, 7);
    assert_int_equal(st.retransmitted, 2);
    assert_int_equal(st.copies, 1);
    assert_int_equal(st.conflicts, 1);
    assert_int_equal(st.one_sided, 0);
}

static void test_one_hole_of_many_acknowledgements(void **state)
{
    (void)state;
    const struct aw_flow_stats st =
        run(lab, SHAKE "s A 0 1000\n+3 s A 0 2000\n+3 s A 0 3000\n+3 tick\n");
    assert_int_equal(facts->hole_count, 1);
    assert_int_equal(facts->hole_bytes[AW_C2S], 3000);
    assert_int_equal(st.holes, 1);
}

static void test_ends(void **state)
{
    (void)state;
    struct aw_flow_stats st =
        run(lab, SHAKE "c A 0 0 ABC\ns FA 0 3 ref=70\nc A 3 1 DEF\ns R 1 0 ref=71\n");
    assert_int_equal(facts->close, AW_CONN_FIN); /* who ended it: the first */
    assert_int_equal(facts->closed_by, AW_S2C);
    assert_int_equal(aw_ref_no(facts->closed_at.ref), 70);
    assert_int_equal(aw_ref_no(facts->fin[AW_S2C].ref), 70);
    assert_int_equal(aw_ref_no(facts->rst[AW_S2C].ref), 71);
    assert_false(aw_seen(&facts->fin[AW_C2S]));
    run(lab, SHAKE "c A 0 0 ABC ref=69\n+100 s FA 0 3 ref=70\n");
    assert_int_equal(aw_ref_no(facts->last_activity.ref), 70);
    run(lab, SHAKE "c A 0 0 ABC\nc A 6 0 GHI\n+100 c FA 9 0 ref=70\n");
    assert_int_equal(aw_ref_no(facts->last_activity.ref), 70);
    run(lab, SHAKE "c R 0 0 ref=72\n");
    assert_int_equal(facts->close, AW_CONN_RST);
    assert_int_equal(facts->closed_by, AW_C2S);
    assert_int_equal(aw_ref_no(facts->last_activity.ref), 72);
    st = run(lab, SHAKE "s R 900000 0\ns A 2000000000 0 x\n");
    assert_int_equal(facts->close, AW_CONN_OPEN);
    assert_int_equal(st.bad_rst, 1);
    assert_int_equal(st.out_of_window, 1);
}

static unsigned copies_given;

static void count_copies(struct lab *l, struct aw_flow *flow, const struct aw_chunk *c)
{
    (void)l;
    (void)flow;
    if (c->kind == AW_CHUNK_AGAIN && c->copy) copies_given++;
}

/* What a copy holds is told only where all of it was captured. */
static void test_copies_are_whole(void **state)
{
    (void)state;
    static const struct {
        const char *script;
        unsigned given;
    } rows[] = {
        {SHAKE "c A 0 0 id=77 ABC\nc A 0 0 id=77 ABC ttl=9\n", 1},
        {SHAKE "c A 0 0 id=77 ABC wire=10\nc A 0 0 id=77 ABC ttl=9 wire=10\n", 0},
        {SHAKE "c A 0 0 id=77\nc A 0 0 id=77 ttl=9\n", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        copies_given = 0;
        assert_true(lab_start(lab, 1 << 22, NULL));
        lab->hook = count_copies;
        lab_run(lab, rows[i].script);
        aw_flow_finish(lab->table);
        assert_int_equal(facts->copies, 1);
        assert_int_equal(copies_given, rows[i].given);
        lab_stop(lab);
    }
}

/* Joined between the request and a SYN-ACK that was captured late: it is this connection's. */
static void test_syn_ack_late(void **state)
{
    (void)state;
    const struct aw_flow_stats st = run(lab, "c A 0 0 REQ\ns SA 0 0\ns A 0 3 res\n");
    assert_true(facts->syn_seen[AW_S2C]);
    assert_int_equal(st.claims, 0);
    assert_int_equal(st.reused, 0);
    assert_int_equal(st.connections, 1);
}

/* Numbers far off: both sides were heard, so that it is a gap and no older connection. */
static void test_far_off_and_the_same(void **state)
{
    (void)state;
    const struct aw_flow_stats st = run(lab, SHAKE "s A 0 50000000 XYZ\n+3 tick\n");
    assert_int_equal(st.connections, 1);
    assert_int_equal(facts->hole_bytes[AW_C2S], 50000000);
}

static unsigned again_given, again_wrong;

/* The stream's byte at an offset is that letter of the alphabet. */
static void check_again(struct lab *l, struct aw_flow *flow, const struct aw_chunk *c)
{
    (void)l;
    (void)flow;
    if (c->kind != AW_CHUNK_AGAIN || !c->data) return;
    for (uint64_t i = 0; i < c->len; i++)
        again_wrong += c->data[i] != 'A' + (c->off + (aw_off)i);
    again_given++;
}

/* What was sent again comes with its bytes, those that had come before alone. */
static void test_sent_again_with_its_bytes(void **state)
{
    (void)state;
    again_given = again_wrong = 0;
    assert_true(lab_start(lab, 1 << 22, NULL));
    lab->hook = check_again;
    lab_run(lab, SHAKE "c A 0 0 ABCDEF\n+300 c A 2 0 CDEFGH\n+300 c A 4 0 EF\nc A 20 0 UVW\n"
                       "+300 c A 20 0 UVW\n+300 c A 0 0 ABC wire=8\n");
    aw_flow_finish(lab->table);
    assert_int_equal(again_given, 3);
    assert_int_equal(again_wrong, 0);
    assert_int_equal(facts->retransmissions, 4);
    lab_stop(lab);
}

/* A reset that waits, seen twice. */
static void test_copy_of_a_reset(void **state)
{
    (void)state;
    const struct aw_flow_stats st = run(lab, SHAKE "s R 30 0 id=7\ns R 30 0 id=7 ttl=9\n+3 tick\n");
    assert_int_equal(st.copies, 1);
    assert_int_equal(facts->copies, 1);
    assert_int_equal(st.bad_rst, 0);
}

/* The limit of pieces is one of those that wait, not of all that ever did. */
static void test_pieces_over_time(void **state)
{
    (void)state;
    assert_true(lab_start(lab, 1 << 22, NULL));
    lab_run(lab, SHAKE);
    char step[64];
    for (unsigned i = 0; i < 2 * AW_PIECES_MAX; i += 2) {
        snprintf(step, sizeof step, "c A %u 0 B", i + 1);
        lab_step(lab, step);
        snprintf(step, sizeof step, "c A %u 0 A", i);
        lab_step(lab, step);
    }
    snprintf(step, sizeof step, "c A %u 0 B", 2 * AW_PIECES_MAX + 1);
    lab_step(lab, step);
    assert_int_equal(aw_flow_stats(lab->table)->waited, AW_PIECES_MAX + 1);
    assert_int_equal(aw_flow_stats(lab->table)->no_memory, 0);
    assert_int_equal(aw_flow_stats(lab->table)->holes, 0);
    aw_flow_finish(lab->table);
    lab_stop(lab);
}

/* What is known of a connection from a SYN that had to be agreed to. */
static void test_used_again(void **state)
{
    (void)state;
    const struct aw_flow_stats st =
        run(lab, SHAKE "c A 0 0 OLD\n+5 c S 0 0 isn=70000000 ttl=61 ref=70\n"
                       "+20 s SA 0 0 isn=90000 ackisn=70000000 ttl=51\n"
                       "+7 c A 0 0 isn=70000000 ackisn=90000\n");
    assert_int_equal(st.connections, 2);
    assert_int_equal(st.claims, 1);
    assert_int_equal(st.reused, 1);
    assert_int_equal(facts->ord, 5);
    assert_true(facts->syn_seen[AW_C2S]);
    assert_int_equal(facts->isn[AW_C2S], 70001000);
    assert_int_equal(facts->isn[AW_S2C], 95000);
    assert_int_equal(facts->rtt_s, 20 * AW_MS);
    assert_int_equal(facts->rtt_c, 7 * AW_MS);
    assert_int_equal(facts->ttl_first[AW_C2S], 61);
    assert_int_equal(facts->retransmissions, 0);
    /* Sent again: which one was answered is not known. Seen twice is not sent twice. */
    run(lab, SHAKE "c A 0 0 OLD\n+5 c S 0 0 isn=70000000\n+1000 c S 0 0 isn=70000000\n"
                   "+20 s SA 0 0 isn=90000 ackisn=70000000\n");
    assert_int_equal(facts->ord, 5);
    assert_int_equal(facts->rtt_s, AW_NS_NONE);
    run(lab, SHAKE "c A 0 0 OLD\n+5 c S 0 0 isn=70000000 id=9\nc S 0 0 isn=70000000 id=9 ttl=9\n"
                   "+20 s SA 0 0 isn=90000 ackisn=70000000\n");
    assert_true(facts->rtt_s != AW_NS_NONE);
}

/* Strangers' SYNs: one is kept, whatever their number, and what nobody agreed to is counted. */
static void test_claims(void **state)
{
    (void)state;
    assert_true(lab_start(lab, 1 << 22, NULL));
    lab_run(lab, SHAKE "c A 0 0 OLD\nc S 0 0 isn=70000000\n");
    const size_t one = aw_pool_used(lab->pool);
    char step[64];
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(step, sizeof step, "%c %s 0 0 isn=%u ackisn=%u", i % 3 ? 'c' : 's',
                 i % 3 ? "S" : "SA", 80000000 + i * 1000003, 1500000000 + i * 7);
        lab_step(lab, step);
    }
    assert_int_equal(aw_pool_used(lab->pool), one);
    assert_int_equal(lab->closed, 0);
    lab_run(lab, "c A 3 0 MORE\n");
    aw_flow_finish(lab->table);
    assert_int_equal(aw_flow_stats(lab->table)->claims, 1001);
    assert_int_equal(aw_flow_stats(lab->table)->connections, 1);
    assert_int_equal(lab->facts.retransmissions, 0);
    lab_stop(lab);
}

/* A FIN that nobody captured shows in what the peer acknowledges. */
static void test_ends_not_captured(void **state)
{
    (void)state;
    run(lab, SHAKE "c A 0 0 ABC\n+3 s FA 0 4 ref=70\n+3 c A 4 1\n+3 tick\n");
    assert_int_equal(facts->closed_by, AW_C2S); /* the server's FIN acknowledges it */
    assert_true(facts->fin_unseen[AW_C2S]);
    assert_false(facts->fin_unseen[AW_S2C]);
    assert_int_equal(aw_ref_no(facts->fin[AW_C2S].ref), 70);
    run(lab, SHAKE "c A 0 0 ABC\n+3 s FA 0 3 ref=70\n+3 s A 1 4 ref=71\n+3 tick\n");
    assert_int_equal(facts->closed_by, AW_S2C); /* acknowledged only later */
    assert_true(facts->fin_unseen[AW_C2S]);
    assert_int_equal(aw_ref_no(facts->fin[AW_C2S].ref), 71);
    run(lab, SHAKE "c A 0 0 ABC\n+3 s A 0 5 ref=70\n+3 s FA 0 5\n+3 tick\n");
    assert_false(facts->fin_unseen[AW_C2S]); /* two bytes: no FIN alone */
}

/* The end of the handshake tells where the server's bytes begin, so that a hole there shows. */
static void test_syn_ack_not_captured(void **state)
{
    (void)state;
    run(lab, "c S 0 0\nc A 0 0\nc A 0 0 ABC\n+3 s A 25 3 xyz\n+3 c A 3 28\n+3 tick\n");
    assert_int_equal(facts->hole_bytes[AW_S2C], 25);
}

/* An acknowledgement captured before its data leaves the round trip to later ones, which may have
 * waited for something else. */
static void test_acknowledged_before_captured(void **state)
{
    (void)state;
    run(lab, "c S 0 0\ns SA 0 0\nc A 0 0\nc A 0 3\ns A 0 0 abc\n+900 c A 0 3 ABC\n");
    assert_true(facts->rtt_c < AW_MS);
    run(lab, "s A 0 0 a\nc A 0 4\ns A 1 0 bcd\n+900 c A 0 4 ABC\n");
    assert_true(facts->rtt_c < AW_MS);
}

static void test_one_sided(void **state)
{
    (void)state;
    assert_int_equal(run(lab, "c S 0 0\nc A 0 0 GET\nc A 3 200\n").one_sided, 1);
    assert_true(facts->any_seen[AW_C2S] && !facts->any_seen[AW_S2C]);
    assert_int_equal(facts->hole_bytes[AW_S2C], 200); /* seen by what the client acknowledged */
    assert_int_equal(run(lab, SHAKE "c A 0 0 GET\n").one_sided, 0);
    assert_int_equal(run(lab, "c S 0 0\n").one_sided, 0);
}

/* A capture on both sides of a slow router: every copy comes a hundred packets after its first. */
static void test_copies_far_apart(void **state)
{
    (void)state;
    enum { PACKETS = 3000, LAG_MAX = 100 };
    assert_true(lab_start(lab, 1 << 22, NULL));
    lab_run(lab, "c S 0 0 id=1\nc S 0 0 id=1 ttl=63\ns SA 0 0\nc A 0 0\n");
    for (int i = 0, copied = 0; i < PACKETS; i++) {
        /* the queue in the router grows slowly */
        const int lag = 1 + i / 10 < LAG_MAX ? 1 + i / 10 : LAG_MAX;
        for (int k = 0; k < 2; k++) {
            if (k == 1 && i - copied < lag) break;
            const int n = k == 0 ? i : copied++;
            struct aw_segment s = lab_segment(lab, false, "A", n * 3, 0, (const uint8_t *)"abc", 3);
            s.has_ip_id = true;
            s.ip_id = (uint16_t)(100 + n);
            s.ttl = k == 0 ? 64 : 63;
            lab->now += 10 * AW_US;
            lab_push(lab, &s);
            lab->used = 0;
        }
    }
    const struct aw_flow_stats *st = aw_flow_stats(lab->table);
    assert_int_equal(st->retransmitted, 0);
    assert_true(st->copies > PACKETS - LAG_MAX - 1);
    aw_flow_finish(lab->table);
    lab_stop(lab);
}

/* The same connections alone and among others tell the same story. */
static void test_neighbours_change_nothing(void **state)
{
    (void)state;
    static const char alone[] =
        SHAKE "c A 3 0 DEF\ns A 0 6 abc\n+1 c A 0 0 ABC\n+100 s A 9 6 jkl\n+70000 tick\n";
    run(lab, alone);
    char *want = strdup(lab->log);
    assert_true(lab_start(lab, 1 << 22, NULL));
    struct lab *other = calloc(1, sizeof *other);
    /* strangers first, so that slots and deadlines differ */
    for (unsigned i = 0; i < 500; i++) {
        struct aw_segment s = lab_segment(lab, false, "S", 0, 0, NULL, 0);
        s.src.b[3] = (uint8_t)(i + 9);
        s.src.b[2] = (uint8_t)(i >> 8);
        lab_push(lab, &s);
    }
    lab_run(lab, alone);
    /* its idle chunk names a packet by number, which the strangers moved */
    char *since = strstr(want, "#"), *since_here = strstr(lab->log, "#");
    assert_non_null(since);
    assert_non_null(since_here);
    *since = *since_here = 0;
    assert_string_equal(lab->log, want);
    aw_flow_finish(lab->table);
    lab_stop(lab);
    free(other);
    free(want);
}

/* Connections come and go at random; a model counts them. */
static void test_table(void **state)
{
    (void)state;
    enum { PAIRS = 3000 };
    static bool open[PAIRS];
    memset(open, 0, sizeof open);
    assert_true(lab_start(lab, 16 << 20, NULL));
    size_t count = 0, made = 0;
    uint32_t seed = 3;
    for (unsigned i = 0; i < 40000; i++) {
        seed = seed * 1664525 + 1013904223;
        const unsigned n = (seed >> 8) % PAIRS;
        const bool reset = open[n] && (seed >> 30) != 0;
        struct aw_segment s = lab_segment(lab, false, reset ? "R" : "S", 0, 0, NULL, 0);
        s.src.b[1] = (uint8_t)(n >> 8);
        s.src.b[2] = (uint8_t)n;
        s.src.v6 = s.dst.v6 = n & 1;
        if (!reset && !open[n]) s.seq += i * 100000; /* else the SYN once more */
        if (reset || open[n]) s.seq = (uint32_t)0 + s.seq;
        static uint32_t isn[PAIRS];
        if (!open[n]) isn[n] = s.seq;
        if (open[n]) s.seq = isn[n] + (reset ? 1 : 0);
        made += !open[n];
        count += !open[n];
        count -= reset;
        open[n] = !reset;
        lab->now += 2 * AW_MS;
        lab_push(lab, &s);
        lab->used = 0;
        assert_int_equal(aw_flow_count(lab->table), count);
        if (i % 7 == 0) aw_flow_prefetch(lab->table, &s, aw_flow_hash(lab_secret, &s));
    }
    assert_int_equal(aw_flow_stats(lab->table)->connections, made);
    aw_flow_finish(lab->table);
    assert_int_equal(lab->gone, made);
    lab_stop(lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_and_where),
        cmocka_unit_test(test_round_trips),
        cmocka_unit_test(test_joined_at_payload),
        cmocka_unit_test(test_sent_again_after_a_late_syn_ack),
        cmocka_unit_test(test_time_against_tsvals),
        cmocka_unit_test(test_clock_set_back),
        cmocka_unit_test(test_client_of_a_connection_joined_late),
        cmocka_unit_test(test_swap),
        cmocka_unit_test(test_losses),
        cmocka_unit_test(test_one_hole_of_many_acknowledgements),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_copies_are_whole),
        cmocka_unit_test(test_syn_ack_late),
        cmocka_unit_test(test_far_off_and_the_same),
        cmocka_unit_test(test_sent_again_with_its_bytes),
        cmocka_unit_test(test_copy_of_a_reset),
        cmocka_unit_test(test_pieces_over_time),
        cmocka_unit_test(test_used_again),
        cmocka_unit_test(test_claims),
        cmocka_unit_test(test_ends_not_captured),
        cmocka_unit_test(test_syn_ack_not_captured),
        cmocka_unit_test(test_acknowledged_before_captured),
        cmocka_unit_test(test_one_sided),
        cmocka_unit_test(test_copies_far_apart),
        cmocka_unit_test(test_neighbours_change_nothing),
        cmocka_unit_test(test_table),
    };
    return cmocka_run_group_tests(tests, make_lab, free_lab);
}
