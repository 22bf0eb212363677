/* Reassembly against an oracle: conversations made at random, captured badly at random, compared
 * with what was sent; and neighbours swapped, which must not change what is told. */
#include <inttypes.h>
#include "lab.h"

enum { STREAM_MAX = 4096, PACKETS_MAX = 2048 };

struct packet {
    bool server;
    aw_off off, ack;
    size_t len;
    unsigned id;   /* order of sending, from 1 */
    unsigned copy; /* TTL is lowered by it */
    aw_ns after;   /* the packet before it */
};

struct talk {
    uint8_t stream[2][STREAM_MAX];
    aw_off sent[2];
    struct packet packet[PACKETS_MAX];
    size_t count;
};

static uint64_t rnd(uint64_t *s) /* xorshift64* */
{
    *s ^= *s >> 12;
    *s ^= *s << 25;
    *s ^= *s >> 27;
    return *s * UINT64_C(2685821657736338717);
}
static size_t below(uint64_t *s, size_t n)
{
    return (size_t)(rnd(s) % n);
}

/* A conversation in the order of its causes: who sends has received all that was sent before, or
 * acknowledges less than that. */
static void make_talk(struct talk *t, uint64_t *s, size_t packets, size_t most, bool lag)
{
    memset(t, 0, sizeof *t);
    for (size_t d = 0; d < 2; d++)
        for (size_t i = 0; i < STREAM_MAX; i++)
            t->stream[d][i] = (uint8_t)('a' + below(s, 26));
    aw_off acked[2] = {0, 0};
    for (size_t i = 0; i < packets; i++) {
        const bool server = rnd(s) & 1;
        struct packet *p = &t->packet[t->count];
        size_t len = below(s, 4) ? 1 + below(s, most) : 0;
        if (t->sent[server] + (aw_off)len > STREAM_MAX) len = 0;
        aw_off ack = t->sent[!server];
        if (lag && rnd(s) % 3 == 0)
            ack = acked[server]; /* what it acknowledged before: always the end of a segment */
        acked[server] = ack;
        *p = (struct packet){.server = server, .off = t->sent[server], .ack = ack, .len = len};
        p->after = AW_US * (aw_ns)(1 + below(s, 50));
        p->id = (unsigned)++t->count;
        t->sent[server] += (aw_off)len;
    }
}

static void send_packet(struct lab *lab, const struct talk *t, const struct packet *p)
{
    uint8_t *copy = p->len ? malloc(p->len) : NULL;
    if (copy) memcpy(copy, t->stream[p->server] + p->off, p->len);
    struct aw_segment s = lab_segment(lab, p->server, "A", p->off, p->ack, copy, p->len);
    s.at.ref = aw_ref_make(0, p->id);
    s.has_ip_id = true;
    s.ip_id = (uint16_t)p->id;
    s.ttl = (uint8_t)(64 - p->copy);
    lab->now += p->after;
    lab_push(lab, &s);
    free(copy);
}

static void shake(struct lab *lab)
{
    lab_run(lab, "c S 0 0\ns SA 0 0\nc A 0 0\n");
}

/* --- neighbours swapped --- */

/* Whether the order of the two follows from what they say, so that it can be restored. */
static bool ordered(const struct packet *a, const struct packet *b)
{
    if (a->server == b->server) return a->len > 0 && b->len > 0;
    return a->len > 0 && b->len > 0 && b->ack > a->off;
}

static void log_talk(struct lab *lab, const struct talk *t, size_t swap)
{
    assert_true(lab_start(lab, 1 << 22, NULL));
    lab->marks = true;
    lab->watch = 1 + t->sent[0] / 3;
    shake(lab);
    for (size_t i = 0; i < t->count; i++)
        send_packet(lab, t, &t->packet[i == swap ? i + 1 : i == swap + 1 ? i - 1 : i]);
    aw_flow_finish(lab->table);
    lab_stop(lab);
}

static void test_swapped(void **state)
{
    (void)state;
    struct lab *whole = calloc(1, sizeof *whole), *lab = calloc(1, sizeof *lab);
    struct talk *t = malloc(sizeof *t);
    uint64_t seed = 42;
    size_t swaps = 0;
    for (unsigned run = 0; run < 60; run++) {
        make_talk(t, &seed, 30, run % 3 ? 20 : 2, run & 1);
        log_talk(whole, t, SIZE_MAX - 1);
        for (size_t i = 0; i + 1 < t->count; i++) {
            if (!ordered(&t->packet[i], &t->packet[i + 1])) continue;
            log_talk(lab, t, i);
            if (strcmp(lab->log, whole->log) != 0)
                fail_msg("run %u, %zu swapped:\n%s\nwanted:\n%s", run, i + 1, lab->log, whole->log);
            swaps++;
        }
    }
    assert_true(swaps > 300);
    free(t);
    free(lab);
    free(whole);
}

/* --- the oracle --- */

static const struct talk *oracle;
static const char *fault;
static bool causal;
static uint8_t captured[2][STREAM_MAX];
static uint64_t data_bytes, hole_bytes;

static void judge(struct lab *lab, struct aw_flow *flow, const struct aw_chunk *c)
{
    (void)flow;
    if (c->kind == AW_CHUNK_DATA) {
        assert_memory_equal(c->data, oracle->stream[c->dir] + c->off, c->len);
        for (uint64_t i = 0; i < c->len; i++)
            assert_int_equal(captured[c->dir][c->off + (aw_off)i], 1);
        /* Causes first; but one number missing at the end may be a FIN's, and a repeat may
         * acknowledge what its first sending caused. */
        if (causal && c->ack_off > lab->end[!c->dir] + 1)
            fail_msg("%s: %" PRId64 " acknowledges %" PRId64 " of %" PRId64, fault, c->off,
                     c->ack_off, lab->end[!c->dir]);
        assert_false(c->conflict);
        data_bytes += c->len;
    }
    if (c->kind == AW_CHUNK_HOLE) hole_bytes += c->len;
    lab->used = 0;
}

struct faults {
    const char *name;
    unsigned lose, again, copy, swap; /* one in so many; 0 = never */
    bool slow;                        /* holes outlive the grace */
    size_t waiting;                   /* most bytes that wait */
};

static const struct faults faults[] = {
    {"clean", 0, 0, 0, 0, false, 1 << 16},
    {"reordered", 0, 0, 0, 2, false, 1 << 16},
    {"reordered, little room", 0, 0, 0, 2, false, 300},
    {"reordered, no room", 0, 0, 0, 2, false, 0},
    {"repeated", 0, 3, 0, 0, false, 1 << 16},
    {"copied", 0, 0, 2, 0, false, 1 << 16},
    {"lost", 5, 0, 0, 0, false, 1 << 16},
    {"lost, slow", 5, 0, 0, 0, true, 1 << 16},
    {"lost, little room", 5, 0, 0, 3, true, 400},
    {"all of it", 6, 4, 4, 3, false, 1 << 16},
    {"all of it, slow", 6, 4, 4, 3, true, 1 << 16},
};

static void spoil(const struct talk *in, struct talk *out, const struct faults *f, uint64_t *s)
{
    *out = *in;
    out->count = 0;
    for (size_t i = 0; i < in->count; i++) {
        struct packet p = in->packet[i];
        if (f->slow && below(s, 4) == 0) p.after += 5 * AW_MS;
        if (!f->lose || below(s, f->lose) != 0) {
            out->packet[out->count++] = p;
            if (f->copy && below(s, f->copy) == 0) {
                p.copy = 1;
                out->packet[out->count++] = p;
            }
        }
        if (f->again && below(s, f->again) == 0) {
            /* bytes sent before, cut otherwise */
            const aw_off end = in->packet[i].off + (aw_off)in->packet[i].len;
            if (end == 0) continue;
            const aw_off from = end - (aw_off)below(s, (size_t)(end < 50 ? end : 50)) - 1;
            p = (struct packet){.server = in->packet[i].server,
                                .off = from,
                                .ack = in->packet[i].ack,
                                .len = (size_t)(end - from),
                                .id = (unsigned)(10000 + i),
                                .after = 300 * AW_MS};
            out->packet[out->count++] = p;
        }
    }
    for (size_t i = 0; f->swap && i + 1 < out->count; i++) {
        if (below(s, f->swap) != 0) continue;
        const size_t other = i + 1 + below(s, out->count - i - 1 < 4 ? out->count - i - 1 : 4);
        const struct packet p = out->packet[i];
        out->packet[i] = out->packet[other];
        out->packet[other] = p;
    }
}

static void test_oracle(void **state)
{
    (void)state;
    struct lab *lab = calloc(1, sizeof *lab);
    struct talk *t = malloc(sizeof *t), *spoiled = malloc(sizeof *spoiled);
    for (size_t n = 0; n < sizeof faults / sizeof *faults; n++) {
        const struct faults *f = &faults[n];
        struct aw_flow_limits limits = lab_limits();
        limits.waiting_bytes = f->waiting;
        uint64_t seed = 7 + n;
        for (unsigned run = 0; run < 150; run++) {
            make_talk(t, &seed, 1 + below(&seed, 150), 1 + below(&seed, 60), true);
            spoil(t, spoiled, f, &seed);
            assert_true(lab_start(lab, 1 << 22, &limits));
            lab->isn[0] = (uint32_t)rnd(&seed) | 0xfffffc00u;
            lab->isn[1] = (uint32_t)rnd(&seed);
            lab->hook = judge;
            oracle = t;
            fault = f->name;
            causal = f->again == 0;
            memset(captured, 0, sizeof captured);
            data_bytes = hole_bytes = 0;
            uint64_t want = 0;
            shake(lab);
            for (size_t i = 0; i < spoiled->count; i++) {
                const struct packet *p = &spoiled->packet[i];
                memset(captured[p->server] + p->off, 1, p->len);
                send_packet(lab, spoiled, p);
            }
            aw_flow_finish(lab->table);
            for (size_t i = 0; i < STREAM_MAX; i++)
                want += captured[0][i] + (uint64_t)captured[1][i];
            const struct aw_flow_stats *st = aw_flow_stats(lab->table);
            assert_int_equal(st->conflicts, 0);
            assert_int_equal(st->hole_bytes, hole_bytes);
            assert_true(data_bytes <= want);
            /* With room and time enough, every captured byte was handed up, and nothing repeated.
             */
            const bool kind = !f->slow && !f->again && f->waiting == 1 << 16;
            if (kind) assert_int_equal(data_bytes, want);
            if (kind && !f->lose) assert_int_equal(hole_bytes, 0);
            if (kind && !f->lose) assert_int_equal(data_bytes, t->sent[0] + t->sent[1]);
            if (!f->again && !f->swap) assert_int_equal(st->retransmitted, 0);
            if (f->copy && !f->again && !f->swap)
                assert_true(run < 10 || st->copies > 0 || t->count < 20);
            lab_stop(lab);
        }
    }
    free(spoiled);
    free(t);
    free(lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_swapped),
                                       cmocka_unit_test(test_oracle)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
