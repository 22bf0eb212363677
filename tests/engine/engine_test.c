/*
 * The engine as a whole: scenarios go in as packets, records come out. What holds for every
 * scenario is tested here: the answer does not depend on how many shards there are or in what lots
 * packets come; memory stays in bounds; any allocation may fail; bulk content costs no allocation.
 */
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "await100.h"
#include "common/morph.h"
#include "common/scn.h"
#include "sink/sink.h"

/* --- scenarios as packets --- */

struct packets {
    struct aw_packet *list;
    uint8_t *bytes;
    size_t count;
};

static void packets_free(struct packets *p)
{
    free(p->list);
    free(p->bytes);
}

static struct packets packets_of(const struct scn *s)
{
    struct packets p = {.list = calloc(s->segments + 1, sizeof *p.list)};
    uint8_t *frame = malloc(SCN_FRAME_MAX);
    size_t total = 0, used = 0;
    assert_non_null(p.list);
    assert_non_null(frame);
    for (unsigned i = 0; i < s->segments; i++)
        total += s->segment[i].len + 256;
    p.bytes = malloc(total + 1);
    assert_non_null(p.bytes);
    for (unsigned i = 0; i < s->segments; i++) {
        uint32_t captured;
        const uint32_t wire = scn_frame(s, &s->segment[i], frame, &captured);
        assert_true(used + captured <= total);
        memcpy(p.bytes + used, frame, captured);
        p.list[i] = (struct aw_packet){
            .ts = s->start + s->segment[i].captured,
            .ord = i + 1,
            .ref = aw_ref_make(0, i + 1),
            .data = p.bytes + used,
            .cap_len = captured,
            .wire_len = wire,
            .linktype = scn_linktype(s),
        };
        used += captured;
    }
    p.count = s->segments;
    free(frame);
    return p;
}

static struct scn *load(const char *path)
{
    char err[256];
    struct scn *s = scn_load(path, err, sizeof err);
    if (!s) fail_msg("%s: %s", path, err);
    return s;
}

/* --- an allocator that counts, and fails when told --- */

struct counting {
    size_t calls, fail_at; /* fail_at: the call that fails, and all after it; 0 = none */
    size_t used, most;     /* bytes */
};

struct counted {
    size_t size;
    max_align_t bytes[];
};

static void *counting_resize(void *ctx, void *p, size_t size)
{
    struct counting *c = ctx;
    c->calls++;
    if (c->fail_at != 0 && c->calls >= c->fail_at) return NULL;
    struct counted *old =
        p ? (struct counted *)((char *)p - offsetof(struct counted, bytes)) : NULL;
    const size_t before = old ? old->size : 0;
    struct counted *new = realloc(old, offsetof(struct counted, bytes) + size);
    if (!new) return NULL;
    new->size = size;
    c->used = c->used - before + size;
    if (c->used > c->most) c->most = c->used;
    return new->bytes;
}

static void *counting_get(void *ctx, size_t size)
{
    return counting_resize(ctx, NULL, size);
}

static void counting_put(void *ctx, void *p)
{
    struct counting *c = ctx;
    if (!p) return;
    struct counted *old = (struct counted *)((char *)p - offsetof(struct counted, bytes));
    c->used -= old->size;
    free(old);
}

static struct aw_alloc counting_alloc(struct counting *c)
{
    return (struct aw_alloc){
        .ctx = c, .get = counting_get, .resize = counting_resize, .put = counting_put};
}

/* --- a run whose records end up as NDJSON in memory --- */

struct sinking {
    struct aw_report *report;
    size_t records;
};

static const struct aw_format *ndjson(void)
{
    const struct aw_format *f = aw_format_find("ndjson");
    assert_non_null(f);
    return f;
}

static void take_record(void *ctx, const struct aw_record *rec)
{
    struct sinking *s = ctx;
    ndjson()->record(s->report, rec);
    s->records++;
}

enum way {
    AT_ONCE,
    BY_PHASE,
    APART, /* ... of which one delivers */
};

/* One batch through its phases; how often there was too much to deliver at the end alone. */
static unsigned through(struct aw_engine *e, struct aw_batch *b, const struct aw_packet *pkts,
                        size_t n, bool apart)
{
    unsigned stops = 0;
    assert_int_equal(aw_engine_decode(e, b, pkts, n, false), AW_OK);
    for (unsigned k = 0; k < aw_engine_shards(e); k++)
        aw_engine_work(e, k, b);
    while (!aw_engine_collect(e, b)) {
        assert_true(apart);
        aw_engine_deliver(e, b);
        stops++;
    }
    if (apart) aw_engine_deliver(e, b);
    return stops;
}

/* Returns the NDJSON, to be freed; packets in lots of `lot`. */
static char *answer_within(size_t memory, const struct packets *p, unsigned shards, size_t lot,
                           enum way way, struct aw_stats *stats, unsigned *stops)
{
    struct aw_config config;
    aw_config_init(&config);
    config.memory = memory;
    config.all = true;
    config.patient = p->count % 2; /* as with live traffic, or with files */
    config.shards = shards;
    config.sleep_after = lot == 1; /* ns: what one packs after each packet another holds */
    memset(config.secret, 7, sizeof config.secret);
    struct aw_out *out = aw_out_memory();
    assert_non_null(out);
    const char *files[] = {"x.pcap"};
    struct aw_stats totals = {0};
    struct aw_summary *summary = aw_summary_new(NULL);
    const struct aw_run about = {
        .files = files, .file_count = 1, .config = &config, .stats = &totals, .summary = summary};
    struct sinking sinking = {.report = ndjson()->open(out, &about)};
    const struct aw_sink sink = {.ctx = &sinking, .record = take_record};
    struct aw_engine *e = aw_engine_open(&config, &sink, NULL);
    assert_non_null(e);
    struct aw_batch *b = way != AT_ONCE ? aw_batch_new(e) : NULL;
    if (way == APART) assert_true(aw_engine_deliver_apart(e));
    for (size_t at = 0; at < p->count; at += lot) {
        const size_t n = p->count - at < lot ? p->count - at : lot;
        if (way == AT_ONCE)
            assert_int_equal(aw_engine_push(e, p->list + at, n), AW_OK);
        else
            *stops += through(e, b, p->list + at, n, way == APART);
    }
    aw_batch_free(b);
    assert_int_equal(aw_engine_finish(e), AW_OK);
    aw_engine_stats(e, stats);
    ndjson()->finish(sinking.report);
    aw_out_flush(out);
    const struct aw_span bytes = aw_out_bytes(out);
    char *text = calloc(1, bytes.len + 1);
    assert_non_null(text);
    if (bytes.len > 0) memcpy(text, bytes.p, bytes.len);
    ndjson()->close(sinking.report);
    aw_out_close(out, false);
    aw_engine_close(e);
    aw_summary_free(summary);
    return text;
}

static char *answer(const struct packets *p, unsigned shards, size_t lot, enum way way,
                    struct aw_stats *stats, unsigned *stops)
{
    return answer_within(0, p, shards, lot, way, stats, stops);
}

static glob_t scenarios(void)
{
    glob_t found;
    assert_int_equal(glob("tests/scenarios/*.scn", 0, NULL, &found), 0);
    assert_true(found.gl_pathc > 20);
    return found;
}

/* --- tests --- */

/* Of a capture or scenario, whose bytes are the morph's. */
static struct packets packets_in(struct morph *m, const char *path)
{
    char err[256];
    if (!morph_load(m, path, err, sizeof err)) fail_msg("%s: %s", path, err);
    struct packets p = {.list = calloc(m->n + 1, sizeof *p.list), .count = m->n};
    assert_non_null(p.list);
    for (size_t i = 0; i < m->n; i++)
        p.list[i] = (struct aw_packet){.ts = m->p[i].ts,
                                       .ord = i + 1,
                                       .ref = aw_ref_make(0, i + 1),
                                       .data = m->p[i].data,
                                       .cap_len = m->p[i].cap,
                                       .wire_len = m->p[i].wire,
                                       .linktype = m->p[i].linktype,
                                       .iface = m->p[i].iface};
    return p;
}

static void shards_and_lots_change_nothing(void **state)
{
    (void)state;
    glob_t found = scenarios();
    assert_int_equal(glob("pcaps/*.pcap", GLOB_APPEND, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        struct morph m = {0};
        struct packets p = packets_in(&m, found.gl_pathv[i]);
        struct aw_stats first_stats, stats;
        unsigned stops = 0;
        char *first = answer(&p, 1, 512, AT_ONCE, &first_stats, &stops);
        static const struct {
            unsigned shards;
            size_t lot;
            enum way way;
        } ways[] = {{1, 1, AT_ONCE},  {1, 3, BY_PHASE}, {2, 512, AT_ONCE}, {3, 1, BY_PHASE},
                    {5, 7, BY_PHASE}, {2, 512, APART},  {3, 1, APART}};
        for (size_t w = 0; w < sizeof ways / sizeof *ways; w++) {
            char *other = answer(&p, ways[w].shards, ways[w].lot, ways[w].way, &stats, &stops);
            if (strcmp(first, other) != 0)
                fail_msg("%s: %u shards, lots of %zu:\n%s\nbut one shard:\n%s", found.gl_pathv[i],
                         ways[w].shards, ways[w].lot, other, first);
            assert_int_equal(stats.connections, first_stats.connections);
            assert_int_equal(stats.exchanges, first_stats.exchanges);
            assert_int_equal(stats.failing, first_stats.failing);
            free(other);
        }
        free(first);
        packets_free(&p);
        morph_free(&m);
    }
    globfree(&found);
}

/* Conversations one after the other, each from ports of its own: those from 40000 on are clients'.
 */
static struct packets copies_of(const struct packets *p, unsigned copies)
{
    size_t size = 0;
    for (size_t i = 0; i < p->count; i++)
        size += p->list[i].cap_len;
    struct packets many = {.list = calloc(p->count * copies, sizeof *many.list),
                           .bytes = malloc(size * copies)};
    assert_non_null(many.list);
    assert_non_null(many.bytes);
    uint8_t *at = many.bytes;
    for (unsigned c = 0; c < copies; c++) {
        for (size_t i = 0; i < p->count; i++) {
            struct aw_packet *pkt = &many.list[many.count++];
            *pkt = p->list[i];
            memcpy(at, p->list[i].data, p->list[i].cap_len);
            uint8_t *ports = at + 14 + 20;
            if (((unsigned)ports[0] << 8 | ports[1]) < 40000) ports += 2;
            const unsigned port = ((unsigned)ports[0] << 8 | ports[1]) + 16 * c;
            ports[0] = (uint8_t)(port >> 8);
            ports[1] = (uint8_t)port;
            pkt->data = at;
            pkt->ts += (aw_ns)c * 60 * AW_SEC;
            pkt->ord = many.count;
            pkt->ref = aw_ref_make(0, many.count);
            at += pkt->cap_len;
        }
    }
    return many;
}

/* Clocks of captures are set, and captures are joined: a fifth of the packets are up to forty
 * seconds early, and as many late. */
static void jumble_times(struct packets *p, uint32_t seed)
{
    for (size_t i = 0; i < p->count; i++) {
        p->list[i].ts = p->list[0].ts + (aw_ns)i * 50 * AW_MS;
        seed = seed * 1664525u + 1013904223u;
        const uint32_t die = seed >> 16;
        if (die % 5 == 0) p->list[i].ts -= (aw_ns)(die % 40) * AW_SEC;
        if (die % 5 == 1) p->list[i].ts += (aw_ns)(die % 40) * AW_SEC;
    }
}

static void times_that_run_back_change_nothing(void **state)
{
    (void)state;
    static const char *const of[] = {"tests/scenarios/refused_retry_new.scn",
                                     "tests/scenarios/legs_not_relayed.scn",
                                     "tests/scenarios/retry_loop.scn"};
    for (unsigned i = 0; i < 3 * sizeof of / sizeof *of; i++) {
        struct scn *s = load(of[i / 3]);
        struct packets p = packets_of(s), many = copies_of(&p, 40);
        struct aw_stats stats;
        unsigned stops = 0;
        jumble_times(&many, i);
        char *first = answer(&many, 1, many.count, AT_ONCE, &stats, &stops);
        for (unsigned way = 0; way < 4; way++) {
            static const size_t lots[] = {1, 5, 64, SIZE_MAX};
            const size_t lot = lots[way] < many.count ? lots[way] : many.count;
            char *other = answer(&many, 1 + way, lot, BY_PHASE, &stats, &stops);
            assert_string_equal(other, first);
            free(other);
        }
        free(first);
        packets_free(&many);
        packets_free(&p);
        scn_free(s);
    }
}

static void much_is_delivered_on_the_way(void **state)
{
    (void)state;
    enum { COPIES = 1500 };
    struct scn *s = load("tests/scenarios/refused_retry_new.scn");
    struct packets p = packets_of(s), many = copies_of(&p, COPIES);
    struct aw_stats at_once_stats, stats;
    unsigned stops = 0;
    char *at_once = answer(&many, 1, many.count, AT_ONCE, &at_once_stats, &stops);
    assert_int_equal(stops, 0);
    char *apart = answer(&many, 2, many.count, APART, &stats, &stops);
    assert_true(stops > 0);
    assert_true(stats.exchanges >= 2 * COPIES);
    assert_int_equal(stats.exchanges, at_once_stats.exchanges);
    assert_string_equal(apart, at_once);
    free(at_once);
    free(apart);
    packets_free(&many);
    packets_free(&p);
    scn_free(s);
}

static unsigned lines_of(const char *text)
{
    unsigned n = 0;
    for (; *text; text++)
        n += *text == '\n';
    return n;
}

/* Exchanges that were over wait in memory for the end of their batch: beyond a share of it as
 * copies, and where these are too many as well they are let go, and counted. Nothing of what is
 * under way makes room for them. */
static void what_was_over_takes_no_room(void **state)
{
    (void)state;
    enum { COPIES = 200, ENOUGH = 8 << 20, LITTLE = 1 << 20 };
    struct scn *s = load("tests/scenarios/ignored.scn");
    struct packets p = packets_of(s), many = copies_of(&p, COPIES);
    struct aw_stats stats;
    unsigned stops = 0;
    char *first = answer(&many, 1, many.count, AT_ONCE, &stats, &stops);
    char *copied = answer_within(ENOUGH, &many, 4, many.count, BY_PHASE, &stats, &stops);
    assert_string_equal(copied, first);
    assert_int_equal(stats.no_memory, 0);
    char *little = answer_within(LITTLE, &many, 2, many.count, BY_PHASE, &stats, &stops);
    assert_int_equal(stats.evicted, 0);
    assert_int_equal(stats.exchanges, COPIES);
    assert_true(stats.no_memory > 0);
    assert_int_equal(lines_of(little) + stats.no_memory, COPIES);
    free(first);
    free(copied);
    free(little);
    packets_free(&many);
    packets_free(&p);
    scn_free(s);
}

static void any_allocation_may_fail(void **state)
{
    (void)state;
    static const char *const some[] = {
        "tests/scenarios/refused_retry_new.scn", "tests/scenarios/reordered.scn",
        "tests/scenarios/interleaved.scn", "tests/scenarios/head_split.scn"};
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
        struct scn *s = load(some[i]);
        struct packets p = packets_of(s);
        for (unsigned shards = 1; shards <= 3; shards++) { /* with three, delivered apart */
            for (size_t fail_at = 1;; fail_at++) {
                struct counting counting = {.fail_at = fail_at};
                struct aw_config config;
                aw_config_init(&config);
                config.shards = shards;
                config.memory = 8 << 20;
                memset(config.secret, 3, sizeof config.secret);
                config.alloc = counting_alloc(&counting);
                const struct aw_sink sink = {0};
                struct aw_engine *e = aw_engine_open(&config, &sink, NULL);
                if (e) {
                    if (shards == 3) assert_true(aw_engine_deliver_apart(e));
                    (void)!aw_engine_push(e, p.list, p.count);
                    (void)!aw_engine_finish(e);
                    aw_engine_close(e);
                }
                assert_int_equal(counting.used, 0);
                if (counting.calls < fail_at) break;
            }
        }
        packets_free(&p);
        scn_free(s);
    }
}

struct tapped {
    uint64_t packets[8], bytes[8]; /* by connection, in the order of their first packets */
    uint64_t ord[8];
    unsigned connections;
};

static unsigned tapped_connection(struct tapped *t, uint64_t ord)
{
    unsigned i = 0;
    while (i < t->connections && t->ord[i] != ord)
        i++;
    assert_true(i < 8);
    if (i == t->connections) t->ord[t->connections++] = ord;
    return i;
}

static void tap_packet(void *ctx, uint64_t conn_ord, const struct aw_packet *pkt)
{
    struct tapped *t = ctx;
    assert_true(pkt->ord >= conn_ord);
    t->packets[tapped_connection(t, conn_ord)]++;
}

static void tap_stream(void *ctx, const struct aw_conn_facts *conn,
                       const struct aw_stream_piece *piece)
{
    struct tapped *t = ctx;
    assert_int_equal(conn->ord, piece->conn_ord);
    t->bytes[tapped_connection(t, piece->conn_ord)] += piece->data ? piece->len : 0;
}

/* Taps see every packet of a connection, and its bytes, whatever the number of shards. */
static void taps_see_packets_and_streams(void **state)
{
    (void)state;
    struct scn *s = load("tests/scenarios/refused_retry_new.scn");
    struct packets p = packets_of(s);
    for (unsigned shards = 1; shards <= 3; shards += 2) {
        struct tapped tapped = {.connections = 0};
        struct aw_config config;
        aw_config_init(&config);
        config.shards = shards;
        memset(config.secret, 3, sizeof config.secret);
        const struct aw_sink sink = {0};
        const struct aw_tap tap = {.ctx = &tapped, .packet = tap_packet, .stream = tap_stream};
        struct aw_engine *e = aw_engine_open(&config, &sink, &tap);
        assert_non_null(e);
        assert_int_equal(aw_engine_push(e, p.list, p.count), AW_OK);
        assert_int_equal(aw_engine_finish(e), AW_OK);
        aw_engine_close(e);
        assert_int_equal(tapped.connections, 2);
        /* What comes after both FINs belongs to no connection any more. */
        const uint64_t all = tapped.packets[0] + tapped.packets[1];
        assert_true(all >= p.count - 2 && all <= p.count);
        const unsigned retry = tapped.ord[0] > tapped.ord[1] ? 0 : 1;
        assert_true(tapped.bytes[retry] > 5000);
        assert_true(tapped.bytes[!retry] > 100 && tapped.bytes[!retry] < 1000);
    }
    packets_free(&p);
    scn_free(s);
}

/* A long upload as one connection: head, 100, then `segments` of content with an ACK every second.
 */
static struct packets upload(unsigned segments)
{
    static const char head[] =
        "conn a\nopen\nC: PUT /up HTTP/1.1\n | Host: h\n | Content-Length: 100000000\n"
        " | Expect: 100-continue\n |\n+1ms S: HTTP/1.1 100 Continue\n |\n";
    char path[] = "/tmp/await100-upload-XXXXXX";
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    FILE *f = fdopen(fd, "w");
    assert_non_null(f);
    fputs(head, f);
    for (unsigned i = 0; i < segments; i++)
        fputs(i % 1000 == 0 ? "+1ms C: content\n > bytes 1448\n" : " > bytes 1448\n", f);
    fclose(f);
    struct scn *s = load(path);
    remove(path);
    struct packets p = packets_of(s);
    scn_free(s);
    return p;
}

static void content_costs_no_allocation(void **state)
{
    (void)state;
    enum { SEGMENTS = 3000, WARM = 400 };
    struct packets p = upload(SEGMENTS);
    assert_true(p.count > SEGMENTS);
    struct counting counting = {0};
    struct aw_config config;
    aw_config_init(&config);
    memset(config.secret, 5, sizeof config.secret);
    config.alloc = counting_alloc(&counting);
    const struct aw_sink sink = {0};
    struct aw_engine *e = aw_engine_open(&config, &sink, NULL);
    assert_non_null(e);
    assert_int_equal(aw_engine_push(e, p.list, WARM), AW_OK);
    /* Warm: the batch has its size, the connection its blocks. From here on: nothing. */
    const size_t calls = counting.calls, used = counting.used;
    for (size_t at = WARM; at < p.count; at += WARM) {
        const size_t n = p.count - at < WARM ? p.count - at : WARM;
        assert_int_equal(aw_engine_push(e, p.list + at, n), AW_OK);
    }
    assert_int_equal(counting.calls, calls);
    assert_int_equal(counting.used, used);
    assert_int_equal(aw_engine_finish(e), AW_OK);
    struct aw_stats stats;
    aw_engine_stats(e, &stats);
    assert_int_equal(stats.exchanges, 1);
    aw_engine_close(e);
    packets_free(&p);
}

/* Many connections, each with a request under way, against a small limit. Beside it stand slabs
 * that are not full and the table of ids, twice while it grows. */
static void memory_stays_in_bounds(void **state)
{
    (void)state;
    enum { CONNECTIONS = 60000, LIMIT = 4 << 20, SLACK = 5 << 19 };
    struct scn *s = load("tests/scenarios/pending_waiting.scn");
    struct packets p = packets_of(s);
    assert_int_equal(s->link, SCN_ETHERNET);
    struct counting counting = {0};
    struct aw_config config;
    aw_config_init(&config);
    config.memory = LIMIT;
    memset(config.secret, 9, sizeof config.secret);
    config.alloc = counting_alloc(&counting);
    const struct aw_sink sink = {0};
    struct aw_engine *e = aw_engine_open(&config, &sink, NULL);
    assert_non_null(e);
    uint64_t ord = 0;
    const unsigned server = s->conn[0].port[SCN_S];
    for (unsigned c = 0; c < CONNECTIONS; c++) {
        for (size_t i = 0; i < p.count; i++) {
            p.list[i].ord = ++ord;
            p.list[i].ts += 10 * AW_US;
            /* Another client port each round. Ethernet, then an IPv4 header without options. */
            uint8_t *ports = p.bytes + (p.list[i].data - p.bytes) + 14 + 20;
            const unsigned source = (unsigned)ports[0] << 8 | ports[1];
            if (source == server) ports += 2;
            ports[0] = (uint8_t)((2000 + c) >> 8);
            ports[1] = (uint8_t)(2000 + c);
        }
        assert_int_equal(aw_engine_push(e, p.list, p.count), AW_OK);
        assert_true(counting.most <= LIMIT + SLACK);
    }
    struct aw_stats stats;
    aw_engine_stats(e, &stats);
    assert_true(stats.evicted > CONNECTIONS / 2);
    assert_int_equal(aw_engine_finish(e), AW_OK);
    aw_engine_close(e);
    assert_int_equal(counting.used, 0);
    packets_free(&p);
    scn_free(s);
}

static void count_waiting(void *ctx, const struct aw_exchange *ex, aw_ns waited)
{
    (void)ex;
    assert_true(waited > 0);
    ++*(unsigned *)ctx;
}

/* `waits`: how often somebody was told of a client that waits; NULL: nobody wants to know. */
static uint64_t evicted_of(const struct packets *p, size_t memory, aw_ns sleep_after,
                           unsigned *waits)
{
    const struct aw_sink sink = {.ctx = waits, .waiting = waits ? count_waiting : NULL};
    enum { LOT = 100 };
    struct aw_config config;
    aw_config_init(&config);
    config.memory = memory;
    config.sleep_after = sleep_after;
    memset(config.secret, 7, sizeof config.secret);
    struct aw_engine *e = aw_engine_open(&config, &sink, NULL);
    assert_non_null(e);
    for (size_t i = 0; i < p->count; i += LOT)
        assert_int_equal(aw_engine_push(e, p->list + i, p->count - i < LOT ? p->count - i : LOT),
                         AW_OK);
    struct aw_stats stats;
    aw_engine_stats(e, &stats);
    /* All but the latest were told of, and all of these go on waiting. */
    if (waits && stats.evicted == 0) assert_int_equal(stats.waiting, *waits);
    assert_int_equal(aw_engine_finish(e), AW_OK);
    aw_engine_stats(e, &stats);
    assert_int_equal(stats.waiting, 0);
    assert_int_equal(stats.no_memory, 0);
    assert_int_equal(stats.exchanges, stats.connections / 2);
    aw_engine_close(e);
    return stats.evicted;
}

/* All of them wait at once, in less memory than they take awake. */
static void those_that_sleep_take_little(void **state)
{
    (void)state;
    enum { CONNECTIONS = 1500, LIMIT = 4 << 20 };
    struct scn *s = load("tests/scenarios/pending_waiting.scn");
    struct packets p = packets_of(s), many = copies_of(&p, CONNECTIONS);
    for (size_t i = 0; i < many.count; i++)
        many.list[i].ts = many.list[0].ts + (aw_ns)i * 10 * AW_US;
    assert_true(evicted_of(&many, LIMIT, AW_SEC, NULL) > CONNECTIONS / 2);
    assert_int_equal(evicted_of(&many, LIMIT, AW_US, NULL), 0);
    /* Likewise where somebody watches them, once that they wait was told. */
    for (size_t i = 0; i < many.count; i++)
        many.list[i].ts = many.list[0].ts + (aw_ns)i * AW_MS;
    unsigned waits = 0;
    assert_true(evicted_of(&many, LIMIT, 100 * AW_SEC, &waits) > CONNECTIONS / 2);
    waits = 0;
    assert_int_equal(evicted_of(&many, LIMIT, AW_US, &waits), 0);
    assert_true(waits > CONNECTIONS / 2 - 100);
    packets_free(&many);
    packets_free(&p);
    scn_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shards_and_lots_change_nothing),
        cmocka_unit_test(times_that_run_back_change_nothing),
        cmocka_unit_test(much_is_delivered_on_the_way),
        cmocka_unit_test(what_was_over_takes_no_room),
        cmocka_unit_test(any_allocation_may_fail),
        cmocka_unit_test(taps_see_packets_and_streams),
        cmocka_unit_test(content_costs_no_allocation),
        cmocka_unit_test(memory_stays_in_bounds),
        cmocka_unit_test(those_that_sleep_take_little),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
