/*
 * What a live source asks of the engine beyond packets: time that goes on without them, provisional
 * word of clients that wait, and less confidence where the capture lost packets.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "await100.h"
#include "common/scn.h"

enum { PACKETS = 64 };

struct seen {
    unsigned records, waits;
    uint64_t wait_id, record_id;
    aw_ns waited;
    enum aw_cause cause;
    enum aw_confidence confidence;
    aw_ns stall;
};

static void on_record(void *ctx, const struct aw_record *rec)
{
    struct seen *s = ctx;
    s->records++;
    s->record_id = rec->ex->id;
    s->cause = rec->verdict->cause;
    s->confidence = rec->verdict->confidence;
    s->stall = rec->verdict->cost.stall;
}

static void on_waiting(void *ctx, const struct aw_exchange *ex, aw_ns waited)
{
    struct seen *s = ctx;
    s->waits++;
    s->wait_id = ex->id;
    s->waited = waited;
}

struct run {
    struct scn *scn;
    struct aw_packet pkt[PACKETS];
    uint8_t *bytes;
    size_t count;
    struct aw_engine *engine;
    struct aw_batch *batch;
    struct seen seen;
};

static void begin(struct run *r, const char *path, unsigned shards)
{
    char err[256];
    memset(r, 0, sizeof *r);
    r->scn = scn_load(path, err, sizeof err);
    if (!r->scn) fail_msg("%s: %s", path, err);
    assert_true(r->scn->segments <= PACKETS);
    r->bytes = malloc((size_t)SCN_FRAME_MAX * r->scn->segments);
    assert_non_null(r->bytes);
    for (r->count = 0; r->count < r->scn->segments; r->count++) {
        const struct scn_segment *g = &r->scn->segment[r->count];
        uint8_t *to = r->bytes + (size_t)SCN_FRAME_MAX * r->count;
        struct aw_packet *p = &r->pkt[r->count];
        p->wire_len = scn_frame(r->scn, g, to, &p->cap_len);
        p->ts = r->scn->start + g->captured;
        p->ord = r->count + 1;
        p->ref = aw_ref_make(0, r->count + 1);
        p->data = to;
        p->linktype = scn_linktype(r->scn);
    }
    struct aw_config config;
    aw_config_init(&config);
    config.shards = shards;
    const struct aw_sink sink = {.ctx = &r->seen, .record = on_record, .waiting = on_waiting};
    r->engine = aw_engine_open(&config, &sink, NULL);
    assert_non_null(r->engine);
    r->batch = aw_batch_new(r->engine);
    assert_non_null(r->batch);
}

static void end(struct run *r)
{
    aw_batch_free(r->batch);
    aw_engine_close(r->engine);
    scn_free(r->scn);
    free(r->bytes);
}

static void work(struct run *r)
{
    for (unsigned k = 0; k < aw_engine_shards(r->engine); k++)
        aw_engine_work(r->engine, k, r->batch);
    aw_engine_collect(r->engine, r->batch);
}

static void packets(struct run *r, size_t from, size_t to, aw_ns steady)
{
    aw_engine_steady(r->engine, steady, 50 * AW_MS);
    assert_int_equal(aw_engine_decode(r->engine, r->batch, r->pkt + from, to - from, false), AW_OK);
    work(r);
}

static void quiet(struct run *r, aw_ns steady)
{
    aw_engine_steady(r->engine, steady, 50 * AW_MS);
    assert_int_equal(aw_engine_quiet(r->engine, r->batch), AW_OK);
    work(r);
}

static void finish(struct run *r)
{
    assert_int_equal(aw_engine_decode(r->engine, r->batch, NULL, 0, true), AW_OK);
    work(r);
}

/* What the figures say of those who wait now. */
static void waiting(const struct run *r, uint64_t clients, aw_ns waited)
{
    struct aw_stats s;
    aw_engine_stats(r->engine, &s);
    assert_int_equal(s.waiting, clients);
    assert_int_equal(s.waited, waited);
}

static const unsigned shards[] = {1, 3};
enum { SHARDS = sizeof shards / sizeof *shards };

/* A client that waits and a wire that says nothing more. */
static void silence_moves_time(void **state)
{
    (void)state;
    for (unsigned i = 0; i < SHARDS; i++) {
        struct run r;
        begin(&r, "tests/scenarios/deadlock_idle.scn", shards[i]);
        quiet(&r, 1 * AW_SEC); /* before any packet: nothing to move */
        packets(&r, 0, 5, 10 * AW_SEC);
        quiet(&r, 10 * AW_SEC + 90 * AW_MS);
        assert_int_equal(r.seen.waits, 0); /* 40 ms of it count: 50 may still be under way */
        quiet(&r, 11 * AW_SEC);
        assert_int_equal(r.seen.waits, 1);
        assert_true(r.seen.waited >= 900 * AW_MS && r.seen.waited <= 1000 * AW_MS);
        waiting(&r, 1, r.seen.waited);
        quiet(&r, 12 * AW_SEC);
        waiting(&r, 1, r.seen.waited + AW_SEC);
        quiet(&r, 30 * AW_SEC); /* asleep by now */
        waiting(&r, 1, r.seen.waited + 19 * AW_SEC);
        assert_int_equal(r.seen.waits, 1);
        assert_int_equal(r.seen.records, 0);
        quiet(&r, 90 * AW_SEC);
        quiet(&r, 130 * AW_SEC); /* what failed waits for its retry first */
        assert_int_equal(r.seen.records, 1);
        assert_int_equal(r.seen.cause, AW_CAUSE_DEADLOCK);
        assert_int_equal(r.seen.wait_id, r.seen.record_id);
        finish(&r);
        assert_int_equal(r.seen.records, 1);
        end(&r);
    }
}

/* A client that waits for so long that it is packed away in the meantime, and then sends; and one
 * that goes away instead. */
static void who_waits_may_sleep(void **state)
{
    (void)state;
    enum { HEAD = 4, ACK, CONTENT }; /* packets up to these */
    for (unsigned i = 0; i < 2 * SHARDS; i++) {
        struct run r;
        begin(&r, "tests/scenarios/ignored.scn", shards[i / 2]);
        const bool sends = i % 2;
        packets(&r, 0, HEAD, 10 * AW_SEC);
        quiet(&r, 11 * AW_SEC);
        assert_int_equal(r.seen.waits, 1);
        quiet(&r, 14 * AW_SEC);
        waiting(&r, 1, r.seen.waited + 3 * AW_SEC);
        packets(&r, HEAD, ACK, 14 * AW_SEC);
        quiet(&r, 20 * AW_SEC);
        waiting(&r, 1, r.seen.waited + 9 * AW_SEC);
        if (sends) packets(&r, ACK, CONTENT, 20 * AW_SEC);
        quiet(&r, 21 * AW_SEC);
        waiting(&r, !sends, sends ? 0 : r.seen.waited + 10 * AW_SEC);
        if (sends) packets(&r, CONTENT, r.count, 21 * AW_SEC);
        finish(&r);
        waiting(&r, 0, 0);
        assert_int_equal(r.seen.waits, 1);
        assert_int_equal(r.seen.records, 1);
        assert_int_equal(r.seen.cause, sends ? AW_CAUSE_IGNORED : AW_CAUSE_PENDING);
        end(&r);
    }
}

/* A packet of nothing but an Ethernet header, of that time. */
static void stamp(struct run *r, aw_ns ts, uint64_t ord, aw_ns steady)
{
    struct aw_packet p = r->pkt[0];
    p.ts = ts;
    p.ord = p.ref = ord;
    p.cap_len = p.wire_len = 14;
    aw_engine_steady(r->engine, steady, 50 * AW_MS);
    assert_int_equal(aw_engine_decode(r->engine, r->batch, &p, 1, false), AW_OK);
    work(r);
}

/* The system's clock is set back an hour: timeouts go by the steady one. */
static void a_clock_set_back_stops_nothing(void **state)
{
    (void)state;
    struct run r;
    begin(&r, "tests/scenarios/deadlock_idle.scn", 1);
    packets(&r, 0, 1, 10 * AW_SEC);
    for (size_t i = 1; i < 4; i++)
        r.pkt[i].ts -= 3600 * AW_SEC;
    packets(&r, 1, 4, 10 * AW_SEC);
    for (aw_ns at = 11; at < 90; at++) { /* other packets, of the old time, come and come */
        stamp(&r, r.pkt[3].ts + (at - 10) * AW_SEC, (uint64_t)at, at * AW_SEC);
    }
    quiet(&r, 130 * AW_SEC);
    assert_int_equal(r.seen.waits, 1);
    assert_true(r.seen.waited < 2 * AW_SEC);
    assert_int_equal(r.seen.records, 1);
    end(&r);
}

static uint64_t time_jumps(const struct run *r)
{
    struct aw_stats stats;
    aw_engine_stats(r->engine, &stats);
    return stats.time_jumps;
}

/* One wild time stamp ends nothing; a jump that the next packets agree with is one of the clock. */
static void one_wild_time_stamp_is_not_believed(void **state)
{
    (void)state;
    const aw_ns year = 365 * 24 * 3600 * AW_SEC;
    struct run r;
    begin(&r, "tests/scenarios/deadlock_idle.scn", 1);
    packets(&r, 0, 5, 10 * AW_SEC);
    const aw_ns last = r.pkt[4].ts;
    stamp(&r, last + year, 100, 10 * AW_SEC);
    assert_int_equal(time_jumps(&r), 1);
    stamp(&r, last + AW_SEC, 101, 11 * AW_SEC);
    stamp(&r, last + year, 102, 12 * AW_SEC);
    quiet(&r, 13 * AW_SEC);
    assert_int_equal(time_jumps(&r), 2);
    assert_int_equal(r.seen.records, 0);
    stamp(&r, last + year + AW_SEC, 103, 14 * AW_SEC);
    assert_int_equal(time_jumps(&r), 1); /* the second was right after all */
    quiet(&r, 130 * AW_SEC);
    assert_int_equal(r.seen.records, 1);
    assert_int_equal(r.seen.cause, AW_CAUSE_DEADLOCK);
    end(&r);
}

/* The end of the input is its last packet, however long it was silent before it was stopped. */
static void silence_before_the_end_does_not_count(void **state)
{
    (void)state;
    aw_ns stall[2];
    for (unsigned i = 0; i < 2; i++) {
        struct run r;
        begin(&r, "tests/scenarios/deadlock_idle.scn", 1);
        packets(&r, 0, 5, 10 * AW_SEC);
        if (i == 1) quiet(&r, 20 * AW_SEC);
        finish(&r);
        assert_int_equal(r.seen.records, 1);
        assert_int_equal(r.seen.cause, AW_CAUSE_PENDING);
        stall[i] = r.seen.stall;
        end(&r);
    }
    assert_int_equal(stall[0], stall[1]);
}

/* Packets that have no time of their own: how long anybody waited is not known. */
static void times_that_nobody_wrote_decide_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        enum aw_confidence confidence;
    } rows[] = {
        {"tests/scenarios/ignored.scn", AW_CONF_LOW},
        {"tests/scenarios/not_awaited.scn", AW_CONF_LOW},
        {"tests/scenarios/refused_no_retry.scn", AW_CONF_MEDIUM},
    };
    for (size_t i = 0; i < 3 * sizeof rows / sizeof *rows; i++) {
        struct run r;
        begin(&r, rows[i / 3].path, 1);
        const size_t which = i % 3; /* of no packet, of one, of all */
        /* (the first one's, too, which then stands before any time) */
        if (which == 1) {
            r.pkt[0].untimed = true;
            r.pkt[0].ts = 0;
        }
        for (size_t k = 0; k < r.count && which > 0; k++) {
            r.pkt[k].untimed |= which == 2 || k == r.count / 2;
            if (k > 0 && r.pkt[k].untimed) r.pkt[k].ts = r.pkt[which == 2 ? 0 : k - 1].ts;
        }
        packets(&r, 0, r.count, 10 * AW_SEC);
        finish(&r);
        assert_int_equal(r.seen.records, 1);
        assert_int_equal(r.seen.confidence, which ? rows[i / 3].confidence : AW_CONF_HIGH);
        end(&r);
    }
}

static void losses_lower_confidence(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        aw_ns from, to; /* from the head on */
        enum aw_confidence confidence;
    } rows[] = {
        {"none", AW_NS_NONE, 0, AW_CONF_HIGH},
        {"an hour before", -3600 * AW_SEC, -3599 * AW_SEC, AW_CONF_HIGH},
        {"while it ran", 0, 1 * AW_SEC, AW_CONF_MEDIUM},
        {"within it", 1 * AW_MS, 2 * AW_MS, AW_CONF_MEDIUM},
        {"an hour later", 3600 * AW_SEC, 3601 * AW_SEC, AW_CONF_HIGH},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (unsigned k = 0; k < SHARDS; k++) {
            struct run r;
            begin(&r, "tests/scenarios/continued.scn", shards[k]);
            const aw_ns first = r.pkt[3].ts;
            if (rows[i].from != AW_NS_NONE)
                aw_engine_dropped(r.engine, 7, first + rows[i].from, first + rows[i].to);
            packets(&r, 0, r.count, 10 * AW_SEC);
            finish(&r);
            struct aw_stats stats;
            aw_engine_stats(r.engine, &stats);
            assert_int_equal(stats.dropped, rows[i].from == AW_NS_NONE ? 0 : 7);
            assert_int_equal(r.seen.cause, AW_CAUSE_CONTINUED);
            if (r.seen.confidence != rows[i].confidence)
                fail_msg("%s: %s", rows[i].name, aw_confidence_name(r.seen.confidence));
            end(&r);
        }
    }
}

/* Time went on without a packet, and without being told so in between: an exchange that settled
 * meanwhile takes its place among the records by when it ended, as if it had been. */
static void what_settled_meanwhile_counts(void **state)
{
    (void)state;
    enum { FINS = 3 }; /* what ends the client's connection */
    for (unsigned i = 0; i < SHARDS; i++) {
        struct run r;
        begin(&r, "tests/scenarios/legs_not_relayed.scn", shards[i]);
        packets(&r, 0, r.count - FINS, 10 * AW_SEC);
        assert_int_equal(r.seen.records, 0);
        stamp(&r, r.pkt[0].ts + 9 * AW_SEC, r.count + 1, 20 * AW_SEC);
        stamp(&r, r.pkt[0].ts + 10 * AW_SEC, r.count + 2, 21 * AW_SEC);
        assert_int_equal(r.seen.records, 2);
        assert_int_equal(r.seen.cause, AW_CAUSE_CONTINUE_NOT_RELAYED);
        assert_int_equal(r.seen.confidence, AW_CONF_HIGH);
        end(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(silence_moves_time),
        cmocka_unit_test(who_waits_may_sleep),
        cmocka_unit_test(a_clock_set_back_stops_nothing),
        cmocka_unit_test(one_wild_time_stamp_is_not_believed),
        cmocka_unit_test(silence_before_the_end_does_not_count),
        cmocka_unit_test(times_that_nobody_wrote_decide_nothing),
        cmocka_unit_test(losses_lower_confidence),
        cmocka_unit_test(what_settled_meanwhile_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
