/*
 * HTTP, differential: the same conversation in whole steps, in single bytes and in random pieces
 * has to give the same events, as long as every message can be read. (Where the place is lost, the
 * beginning of a segment tells where to go on; there it only has to survive.) Input: a byte of
 * options, then what is said; 0x1e lets the other side speak (the client begins), 0x1d is a hole of
 * ten bytes, 0x1c the end of this direction, 0x1b a step that crosses the last one of the peer.
 */
#include <stdarg.h>

#include "fuzz/fuzz.h"
#include "base/alloc.h"
#include "http/http.h"

enum { LOG_MAX = 1 << 18 };

struct log {
    size_t len;
    bool lost, withheld;
    struct { /* adjacent pieces of content are one, in however many pieces they came */
        bool any;
        struct aw_http_event ev;
        uint64_t data_hash;
    } run;
    char text[LOG_MAX];
};

AW_PRINTF(2, 3) static void say(struct log *l, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    const int n = vsnprintf(l->text + l->len, LOG_MAX - l->len, fmt, ap);
    va_end(ap);
    if (n > 0) l->len += (size_t)n;
    if (l->len >= LOG_MAX) l->len = LOG_MAX - 1;
}

static uint64_t hash_on(uint64_t h, const void *bytes, size_t len)
{
    const uint8_t *p = bytes;
    for (size_t i = 0; i < len; i++)
        h = (h ^ p[i]) * UINT64_C(0x100000001b3);
    return h;
}

static uint64_t hash_head(const struct aw_head *h)
{
    uint64_t sum = hash_on(7, h->raw.p, h->raw.len);
    sum = hash_on(sum, h->method.p, h->method.len);
    sum = hash_on(sum, h->target.p, h->target.len);
    sum = hash_on(sum, h->reason.p, h->reason.len);
    for (unsigned i = 0; i < AW_FIELD_COUNT; i++)
        sum = hash_on(sum + h->field[i].len, h->field[i].p, h->field[i].len);
    const int64_t n[] = {h->status, h->version,    h->length,     h->has_length, h->chunked,
                         h->has_te, h->whole,      h->req,        h->res,        h->fields,
                         h->has,    h->no_content, h->until_close};
    return hash_on(sum, n, sizeof n);
}

static void say_event(struct log *l, const struct aw_http_event *e, uint64_t data)
{
    if (e->kind == AW_HTTP_OPAQUE) { /* where that shows depends on what was at hand */
        say(l, "opaque %d\n", (int)e->why);
        return;
    }
    say(l, "%c %d xid %u part %d why %d cut %d %lld-%lld bytes %llu ack %lld high %lld #%llu-%llu",
        e->dir ? 'S' : 'C', (int)e->kind, e->xid, (int)e->part, (int)e->why, e->cut,
        (long long)e->off, (long long)e->end, (unsigned long long)e->bytes, (long long)e->ack_off,
        (long long)e->peer_high, (unsigned long long)e->first.ord, (unsigned long long)e->last.ord);
    if (e->head)
        say(l, " head %llx status %u", (unsigned long long)hash_head(e->head), e->head->status);
    if (data) say(l, " data %llx", (unsigned long long)data);
    say(l, "\n");
}

static void flush_run(struct log *l)
{
    if (!l->run.any) return;
    l->run.any = false;
    say_event(l, &l->run.ev, l->run.data_hash);
}

static void on_event(void *ctx, const struct aw_http_event *e)
{
    struct log *l = ctx;
    if (e->kind == AW_HTTP_WITHHELD) l->withheld = true;
    if (e->kind == AW_HTTP_JUNK || e->kind == AW_HTTP_GAP || e->kind == AW_HTTP_BROKEN)
        l->lost = true;
    if (e->kind == AW_HTTP_JUNK) return; /* counted; when it is told depends on what was at hand */
    if (e->kind != AW_HTTP_BODY) {
        flush_run(l);
        say_event(l, e, 0);
        return;
    }
    const struct aw_http_event *r = &l->run.ev;
    if (!l->run.any || r->kind != e->kind || r->dir != e->dir || r->xid != e->xid ||
        r->why != e->why || r->end != e->off) {
        flush_run(l);
        l->run.any = true;
        l->run.ev = *e;
        l->run.ev.bytes = 0;
        l->run.data_hash = 0;
    }
    l->run.ev.bytes += e->bytes;
    l->run.ev.end = e->end;
    l->run.ev.last = e->last;
    for (size_t i = 0; i < e->data.len; i++)
        l->run.data_hash = (l->run.data_hash + e->data.p[i] + 1) * UINT64_C(0x100000001b3);
}

struct player {
    struct aw_pool *pool;
    struct aw_http_stats *stats;
    struct aw_http *h;
    struct log *log;
    bool over, swapped;
    aw_off sent[2], before[2];
    bool ended[2];
    uint64_t ord;
};

static void push(struct player *p, struct aw_chunk c)
{
    if (p->over) return;
    if (p->swapped) c.dir = aw_dir_other(c.dir);
    enum aw_http_result r = aw_http_push(p->h, &c, on_event, p->log);
    if (r == AW_HTTP_SWAP) {
        flush_run(p->log);
        say(p->log, "swap at #%llu\n", (unsigned long long)p->ord);
        REQUIRE(!p->swapped, "swapped twice");
        p->swapped = true;
        c.dir = aw_dir_other(c.dir);
        r = aw_http_push(p->h, &c, on_event, p->log);
        REQUIRE(r != AW_HTTP_SWAP, "swapped back");
    }
    p->over = r == AW_HTTP_IGNORE;
    struct aw_http_rest rest;
    if (p->over || !aw_http_rests(p->h, &rest)) return;
    aw_http_free(p->h);
    p->h = aw_http_resume(p->pool, p->stats, &rest);
    REQUIRE(p->h != NULL, "no memory for what was there before");
}

/* One step of `dir`: all of it is one packet as far as marks go, so that they do not differ. */
static void step(struct player *p, enum aw_dir dir, const uint8_t *bytes, size_t len, bool crossed,
                 uint32_t piece, uint64_t *rnd)
{
    const enum aw_dir other = aw_dir_other(dir);
    const aw_off ack = crossed ? p->before[other] : p->sent[other];
    p->before[dir] = p->sent[dir];
    p->ord++;
    for (size_t at = 0; at < len && !p->ended[dir];) {
        size_t n = piece == 0 ? len : piece == 1 ? 1 : 1 + fuzz_roll(rnd, piece);
        if (n > len - at) n = len - at;
        uint8_t *copy = exact_copy(bytes + at, n);
        const struct aw_mark m = {.ts = (aw_ns)p->ord * AW_MS, .ord = p->ord, .ref = p->ord};
        push(p, (struct aw_chunk){.kind = AW_CHUNK_DATA,
                                  .dir = dir,
                                  .ttl = 64,
                                  .data = copy,
                                  .len = n,
                                  .off = p->sent[dir],
                                  .seen = m,
                                  .ready = m,
                                  .ack_off = ack,
                                  .peer_high = p->sent[other]});
        free(copy);
        p->sent[dir] += (aw_off)n;
        at += n;
    }
}

static void control(struct player *p, enum aw_dir dir, enum aw_chunk_kind kind, uint64_t len,
                    bool cut)
{
    if (p->ended[dir] && kind != AW_CHUNK_CLOSE) return;
    p->ord++;
    const struct aw_mark m = {.ts = (aw_ns)p->ord * AW_MS, .ord = p->ord, .ref = p->ord};
    push(p, (struct aw_chunk){.kind = kind,
                              .dir = dir,
                              .close = kind == AW_CHUNK_CLOSE ? AW_CLOSE_INPUT : AW_CLOSE_NONE,
                              .cut = cut,
                              .len = len,
                              .off = p->sent[dir],
                              .seen = m,
                              .ready = m,
                              .ack_off = AW_OFF_NONE,
                              .peer_high = p->sent[!dir]});
    p->sent[dir] += (aw_off)len;
    if (kind == AW_CHUNK_FIN) p->ended[dir] = true;
}

struct told {
    bool http;
    bool lost, withheld; /* the place was lost, content withheld: segments' beginnings count */
};

/* `piece` 0: whole steps; 1: single bytes; more: random pieces of up to so many. */
static struct told play(const uint8_t *data, size_t size, uint32_t piece, struct log *log)
{
    uint64_t rnd = fuzz_seed(data, size);
    const struct aw_alloc alloc = aw_alloc_or_default(NULL);
    struct aw_http_stats stats;
    memset(&stats, 0, sizeof stats);
    struct aw_pool *pool = aw_pool_new(&alloc, 1 << 22);
    REQUIRE(pool, "memory");
    const uint8_t options = data[0];
    struct player p = {.pool = pool,
                       .stats = &stats,
                       .log = log,
                       .h = aw_http_new(pool, &stats, options & 1, !(options & 2))};
    REQUIRE(p.h, "memory");
    log->len = 0;
    log->lost = options & 1;
    log->withheld = false;
    log->run.any = false;
    enum aw_dir dir = AW_C2S;
    bool crossed = false;
    for (size_t from = 1; from < size;) {
        size_t to = from;
        while (to < size && (data[to] < 0x1b || data[to] > 0x1e))
            to++;
        if (to > from) step(&p, dir, data + from, to - from, crossed, piece, &rnd);
        if (to > from) crossed = false;
        if (to < size && data[to] == 0x1e) dir = aw_dir_other(dir);
        if (to < size && data[to] == 0x1d) control(&p, dir, AW_CHUNK_HOLE, 10, options & 4);
        if (to < size && data[to] == 0x1c) control(&p, dir, AW_CHUNK_FIN, 0, false);
        if (to < size && data[to] == 0x1b) crossed = true;
        from = to + 1;
    }
    control(&p, AW_C2S, AW_CHUNK_CLOSE, 0, false);
    flush_run(log);
    say(log, "%llu requests, %llu responses, %llu interims, %llu junk, %llu resyncs, HTTP %d\n",
        (unsigned long long)stats.requests, (unsigned long long)stats.responses,
        (unsigned long long)stats.interims, (unsigned long long)stats.junk_bytes,
        (unsigned long long)stats.resyncs, aw_http_is_http(p.h));
    const struct told told = {.http = aw_http_is_http(p.h),
                              .lost = log->lost || stats.junk_bytes != 0,
                              .withheld = log->withheld};
    aw_http_free(p.h);
    REQUIRE(aw_pool_used(pool) == 0, "%zu bytes not given back", aw_pool_used(pool));
    aw_pool_free(pool);
    return told;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct log whole, cut;
    if (size < 2) return 0;
    const struct told a = play(data, size, 0, &whole);
    static const uint32_t pieces[] = {1, 7, 100};
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        const struct told b = play(data, size, pieces[i], &cut);
        if (!a.http || a.lost || a.withheld || b.withheld) continue;
        REQUIRE(cut.len == whole.len && memcmp(cut.text, whole.text, cut.len) == 0,
                "pieces of %u\n--- whole\n%.*s--- in pieces\n%.*s", pieces[i], (int)whole.len,
                whole.text, (int)cut.len, cut.text);
    }
    return 0;
}
