/*
 * The whole engine: the input is a plain pcap or pcapng file. Its packets go through one engine at
 * once, and in small lots through one with three shards: the records have to be the same, byte for
 * byte. And through one with hardly any memory, which only has to survive.
 */
#include "fuzz/fuzz.h"
#include "base/alloc.h"
#include "sink/sink.h"
#include "source/records.h"

enum { PACKETS_MAX = 600 };

struct capture {
    struct aw_packet list[AW_LOT_MAX];
    size_t count;
};

/* Whole records at the front of the input, each in memory of its own; what is damaged ends it. */
static void load(struct capture *c, const uint8_t *data, size_t size)
{
    struct aw_lot lot = {.pkts = c->list};
    c->count = 0;
    if (size < 4) return;
    const enum aw_magic magic = aw_magic_of(data);
    const struct aw_span all = {data, size};
    if (magic == AW_MAGIC_PCAP && size >= AW_PCAP_HEADER) {
        struct aw_pcap f;
        if (!aw_pcap_start(&f, data)) return;
        aw_pcap_walk(&f, (struct aw_span){all.p + AW_PCAP_HEADER, size - AW_PCAP_HEADER}, &lot);
    } else if (magic == AW_MAGIC_PCAPNG) {
        struct aw_pcapng f = {0};
        aw_pcapng_walk(&f, all, &lot);
        aw_pcapng_fini(&f);
    }
    c->count = lot.n < PACKETS_MAX ? lot.n : PACKETS_MAX;
    for (size_t i = 0; i < c->count; i++) {
        c->list[i].data = exact_copy(c->list[i].data, c->list[i].cap_len);
        c->list[i].ord = i + 1;
    }
}

static void unload(struct capture *c)
{
    for (size_t i = 0; i < c->count; i++)
        free((void *)(uintptr_t)c->list[i].data);
}

struct sink {
    struct aw_report *report;
    uint64_t records, last_id, connections;
};

static void on_record(void *ctx, const struct aw_record *rec)
{
    struct sink *s = ctx;
    REQUIRE(rec->ex->id != 0 && rec->ex->conn_id != 0, "a record without an id");
    REQUIRE(rec->attempt >= 1 && rec->attempt <= rec->attempts, "attempt %u of %u", rec->attempt,
            rec->attempts);
    s->records++;
    aw_format_find("ndjson")->record(s->report, rec);
}

static void on_stream(void *ctx, const struct aw_conn_facts *conn,
                      const struct aw_stream_piece *piece)
{
    (void)ctx;
    (void)conn;
    if (piece->data) touch(piece->data, piece->len);
}

/* What one engine says of the capture; lots of up to `most` packets, 0: all at once. */
static struct aw_out *analyse(const struct capture *c, unsigned shards, size_t memory, size_t most,
                              bool tapped, struct aw_stats *stats)
{
    static const char *const files[] = {"x.pcap"};
    struct aw_config config;
    aw_config_init(&config);
    config.shards = shards;
    config.memory = memory;
    config.all = true;
    config.patient = c->count & 1;
    config.sleep_after = shards > 1; /* ns: what one packs all the time another holds */
    memset(config.secret, 0x5a, sizeof config.secret);
    memset(stats, 0, sizeof *stats);
    const struct aw_run run = {.files = files,
                               .file_count = 1,
                               .config = &config,
                               .stats = stats,
                               .version = "1",
                               .show_secrets = true};
    struct aw_out *out = aw_out_memory();
    struct sink s = {.report = aw_format_find("ndjson")->open(out, &run)};
    REQUIRE(out && s.report, "memory");
    const struct aw_sink sink = {.ctx = &s, .record = on_record};
    const struct aw_tap tap = {.stream = on_stream};
    struct aw_engine *e = aw_engine_open(&config, &sink, tapped ? &tap : NULL);
    REQUIRE(e || memory, "memory");
    uint64_t rnd = 88172645463325252u;
    for (size_t at = 0; e && at < c->count;) {
        size_t n = most ? 1 + fuzz_roll(&rnd, (uint32_t)most) : c->count;
        if (n > c->count - at) n = c->count - at;
        REQUIRE(aw_engine_push(e, c->list + at, n) == AW_OK, "push");
        at += n;
    }
    if (e) {
        REQUIRE(aw_engine_finish(e) == AW_OK, "finish");
        aw_engine_stats(e, stats);
        REQUIRE(stats->packets == c->count, "%llu of %zu packets",
                (unsigned long long)stats->packets, c->count);
        uint64_t dropped = 0;
        for (unsigned i = 0; i < stats->drop_kinds; i++)
            dropped += stats->drop[i].count;
        REQUIRE(stats->segments + dropped == stats->packets, "%llu segments, %llu dropped",
                (unsigned long long)stats->segments, (unsigned long long)dropped);
    }
    aw_engine_close(e);
    aw_format_find("ndjson")->finish(s.report);
    aw_format_find("ndjson")->close(s.report);
    return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct capture c;
    load(&c, data, size);
    if (c.count == 0) return 0;
    struct aw_stats one, three, little;
    struct aw_out *a = analyse(&c, 1, 0, 0, false, &one);
    struct aw_out *b = analyse(&c, 3, 0, 5, false, &three);
    const struct aw_span x = aw_out_bytes(a), y = aw_out_bytes(b);
    REQUIRE(one.evicted == 0 && three.evicted == 0, "evicted without need");
    REQUIRE(x.len == y.len && memcmp(x.p, y.p, x.len) == 0, "\n--- one\n%.*s--- three\n%.*s",
            (int)x.len, (const char *)x.p, (int)y.len, (const char *)y.p);
    REQUIRE(one.connections == three.connections && one.exchanges == three.exchanges &&
                one.gaps == three.gaps && one.http == three.http,
            "totals differ");
    REQUIRE(aw_out_close(analyse(&c, 1, 1 << 16, 0, true, &little), true) == 0, "close");
    REQUIRE(aw_out_close(a, true) == 0 && aw_out_close(b, true) == 0, "close");
    unload(&c);
    return 0;
}
