/*
 * The exchange machine, fed events and TCP chunks of one connection in any order that their
 * contracts allow (http/event.h, flow/chunk.h): each exchange opens once and closes once, its facts
 * agree with each other, a copy of it is the same, and the verdict on it is well formed. Then once
 * more with hardly any memory, where it only has to survive. Input: three bytes a step and more
 * where the step asks for them; what a head says is picked from a list or taken from the input.
 */
#include "fuzz/fuzz.h"
#include "base/alloc.h"
#include "diagnose/diagnose.h"
#include "exchange/exchange.h"
#include "http/head.h"
#include "http/token.h"

enum { STEPS = 300, NTHS = 400, HEAD = 4000 };

static const int64_t defaults[AW_T_COUNT] = {
#define AW_THRESHOLD(id, name, value, unit, meaning) [AW_T_##id] = value,
#include "await100/thresholds.def"
#undef AW_THRESHOLD
};

struct world {
    struct tape tape;
    struct aw_pool *pool;
    struct aw_flow_table *flows;
    struct aw_flow *flow;
    struct aw_exchange_room room;
    struct aw_exchanges *xs;
    struct aw_mark now, before; /* a packet that had to wait its turn */
    aw_off sent[2];
    uint32_t asked; /* requests so far */
    bool ended[2];
    bool starved;
    uint8_t opened[NTHS], closed[NTHS];
};

/* --- what has to hold of an exchange that is over --- */

static void good_mark(const struct world *w, const struct aw_mark *m, const char *name)
{
    if (!aw_seen(m)) return;
    REQUIRE(m->ord <= w->now.ord, "%s is of packet %llu of %llu", name, (unsigned long long)m->ord,
            (unsigned long long)w->now.ord);
}

static bool utf8_line(const char *s)
{
    for (; *s; s++)
        if ((uint8_t)*s < ' ' || *s == 0x7f) return false;
    return true;
}

static void judge(const struct aw_exchange *x)
{
    static struct aw_verdict v;
    const struct aw_case c = {.self = x, .input_left = AW_NS_NONE};
    aw_diagnose(&c, defaults, NULL, &v);
    REQUIRE(v.cause < AW_CAUSE_COUNT && v.severity < AW_SEV_COUNT && v.party < AW_PARTY_COUNT &&
                v.confidence < AW_CONF_COUNT,
            "a verdict out of range");
    REQUIRE((v.also >> v.cause & 1) == 0 && v.also >> AW_CAUSE_COUNT == 0, "also %llx",
            (unsigned long long)v.also);
    REQUIRE(v.check_count <= AW_CHECKS_MAX && v.evidence_count <= AW_EVIDENCE_MAX &&
                v.fix_count <= AW_FIX_MAX && v.text_used <= AW_VERDICT_TEXT,
            "a verdict out of bounds");
    REQUIRE(v.cost.stall >= 0 && v.cost.wasted >= -1 && v.cost.saved >= -1, "a cost below nothing");
    for (unsigned i = 0; i < v.evidence_count; i++)
        REQUIRE(utf8_line(v.evidence[i].text), "%s", v.evidence[i].text);
    for (unsigned i = 0; i < v.fix_count; i++)
        REQUIRE(utf8_line(v.fix[i]), "%s", v.fix[i]);
    if (x->flags & (AW_F_EVICTED | AW_F_DROPPED) && v.severity != AW_SEV_UNKNOWN)
        REQUIRE(v.confidence != AW_CONF_HIGH, "%s, sure, of what was let go",
                aw_cause_slug(v.cause));
}

static void check_facts(const struct world *w, const struct aw_exchange *x)
{
    for (unsigned i = 0; i < AW_POINT_COUNT; i++)
        good_mark(w, &x->at[i], "a point");
    REQUIRE(aw_seen(&x->at[AW_AT_END]), "no end");
    REQUIRE(x->continue_count <= x->interim_count, "%u of %u", x->continue_count, x->interim_count);
    for (uint32_t i = 0; i < aw_interims_kept(x); i++)
        REQUIRE(x->interim[i].status >= 100 && x->interim[i].status < 200, "interim %u",
                x->interim[i].status);
    REQUIRE(x->status == 0 || x->status >= 200 || x->status == 101, "final %u", x->status);
    REQUIRE(!x->final_complete || x->status != 0, "a final response without a status");
    REQUIRE(x->sent >= -1, "sent %lld", (long long)x->sent);
    if (x->sent >= 0)
        REQUIRE(x->sent_before_answer <= x->sent && x->sent_after_final <= x->sent &&
                    x->sent_before_pause <= x->sent,
                "%lld sent; %lld before the answer, %lld after the final, %lld before the pause",
                (long long)x->sent, (long long)x->sent_before_answer,
                (long long)x->sent_after_final, (long long)x->sent_before_pause);
    for (unsigned i = 0; i < AW_TEXT_COUNT; i++)
        if (x->text[i].p) touch(x->text[i].p, x->text[i].len);
    REQUIRE(!aw_seen(&x->at[AW_AT_PAUSE]) == !aw_seen(&x->at[AW_AT_RESUME]), "half a pause");
}

static void check_copy(const struct aw_exchange *x)
{
    const size_t size = aw_exchange_size(x);
    void *mem = malloc(size);
    REQUIRE(mem, "memory");
    const struct aw_exchange *y = aw_exchange_copy(mem, size, x);
    REQUIRE(y->nth == x->nth && y->flags == x->flags && aw_exchange_size(y) == size, "a copy");
    for (unsigned i = 0; i < AW_TEXT_COUNT; i++) {
        REQUIRE(!y->text[i].p == !x->text[i].p && y->text[i].len == x->text[i].len, "text %u", i);
        if (x->text[i].len)
            REQUIRE(memcmp(y->text[i].p, x->text[i].p, x->text[i].len) == 0, "text %u", i);
    }
    judge(y);
    free(mem);
}

static bool on_exchange(void *ctx, enum aw_change change, struct aw_exchange *ex,
                        const struct aw_mark *at)
{
    struct world *w = ctx;
    (void)at;
    REQUIRE(ex->nth >= 1 && ex->nth < NTHS, "number %u", ex->nth);
    if (change == AW_EX_ENDED) return false;
    if (change == AW_EX_OPENED) {
        REQUIRE(w->opened[ex->nth]++ == 0, "%u opened twice", ex->nth);
        return false;
    }
    REQUIRE(w->opened[ex->nth], "%u closed and never opened", ex->nth);
    REQUIRE(w->closed[ex->nth]++ == 0, "%u closed twice", ex->nth);
    check_facts(w, ex);
    check_copy(ex);
    if (ex->nth % 3 != 0) return false;
    aw_exchange_give_back(w->pool, ex); /* kept, and done with */
    return true;
}

/* --- heads --- */

static const char *const start_lines[2][8] = {
    {"PUT /up HTTP/1.1", "POST /up HTTP/1.1", "GET / HTTP/1.1", "HEAD /x HTTP/1.1",
     "PUT /up HTTP/1.0", "CONNECT h:443 HTTP/1.1", "PUT http://h/up HTTP/1.1", "M"},
    {"HTTP/1.1 100 Continue", "HTTP/1.1 200 OK", "HTTP/1.1 417 Expectation Failed",
     "HTTP/1.1 401 No", "HTTP/1.1 101 Switching", "HTTP/1.0 413 ", "HTTP/1.1 103 Early Hints",
     "HTTP/1.1 502 Bad Gateway"},
};
static const char *const lines[] = {
    "Host: h",
    "Expect: 100-continue",
    "Expect: 100-Continue, x=y",
    "Content-Length: 5000",
    "Content-Length: 0",
    "Content-Length: 99999999999999999999",
    "Transfer-Encoding: chunked",
    "Connection: close",
    "User-Agent: curl/8.0",
    "Server: s/1",
    "Via: 1.1 a\r\nVia: 1.0 b",
    "X-Forwarded-For: 10.0.0.1",
    "Location: /else",
    "Expect:",
    "Retry-After: 1",
};
enum { LINES = sizeof lines / sizeof *lines };

/* A head as the http room would have it; half of one where `whole` is false. */
static void make_head(struct world *w, enum aw_dir dir, unsigned start, bool whole, char *text,
                      struct aw_head_scratch *scratch, struct aw_head *head)
{
    size_t n = (size_t)snprintf(text, HEAD, "%s\r\n", start_lines[dir][start & 7]);
    const unsigned count = tape_u8(&w->tape) & 7;
    for (unsigned i = 0; i < count && n + 300 < HEAD; i++) {
        const uint8_t which = tape_u8(&w->tape);
        if (which % 16 < LINES) {
            n += (size_t)snprintf(text + n, HEAD - n, "%s\r\n", lines[which % 16]);
            continue;
        }
        n += (size_t)snprintf(text + n, HEAD - n, "%s", which & 16 ? "Expect: " : "Server:");
        for (unsigned k = tape_u8(&w->tape); k > 0 && tape_left(&w->tape) > 0; k--)
            text[n++] = (char)tape_u8(&w->tape);
        n += (size_t)snprintf(text + n, HEAD - n, "\r\n");
    }
    if (whole) n += (size_t)snprintf(text + n, HEAD - n, "\r\n");
    enum aw_length_state lengths;
    memset(head, 0, sizeof *head);
    (void)aw_head_parse(dir, NULL, (const uint8_t *)text, n, scratch, head, &lengths);
    if (dir == AW_S2C) aw_head_frame_response(head, start & 8, start & 16);
    head->whole = whole && head->whole;
}

/* --- steps --- */

static void wait_a_bit(struct world *w, uint8_t how)
{
    static const aw_ns waits[8] = {0,           AW_US,      AW_MS,      150 * AW_MS, 1100 * AW_MS,
                                   61 * AW_SEC, -5 * AW_MS, -3 * AW_SEC};
    if (how & 8) w->before = w->now;
    w->now.ts += waits[how & 7];
    w->now.ord++;
    w->now.ref = w->now.ord;
}

static void event(struct world *w, uint8_t op, uint8_t how)
{
    static const enum aw_http_event_kind kinds[16] = {
        AW_HTTP_REQUEST, AW_HTTP_REQUEST, AW_HTTP_RESPONSE, AW_HTTP_RESPONSE,
        AW_HTTP_BODY,    AW_HTTP_BODY,    AW_HTTP_END,      AW_HTTP_END,
        AW_HTTP_GAP,     AW_HTTP_BROKEN,  AW_HTTP_JUNK,     AW_HTTP_WITHHELD,
        AW_HTTP_BODY,    AW_HTTP_BODY,    AW_HTTP_RESPONSE, AW_HTTP_REQUEST,
    };
    const enum aw_http_event_kind kind = kinds[op & 15];
    enum aw_dir dir = op & 16 ? AW_S2C : AW_C2S;
    if (kind == AW_HTTP_REQUEST || kind == AW_HTTP_WITHHELD) dir = AW_C2S;
    if (kind == AW_HTTP_RESPONSE) dir = AW_S2C;
    if (w->ended[dir] && kind != AW_HTTP_END && kind != AW_HTTP_BROKEN) return;

    static char text[HEAD];
    static struct aw_head_scratch scratch;
    struct aw_head head;
    uint8_t data[64];
    struct aw_http_event e = {.kind = kind, .dir = dir, .ttl = 64};
    const bool late = how & 0x80;
    e.first = late && aw_seen(&w->before) ? w->before : w->now;
    e.last = w->now;
    e.off = w->sent[dir];
    e.bytes = (uint64_t)tape_u16(&w->tape) % 3000;
    e.cut = how & 1;
    e.conflict = how & 2;
    e.ack_off = how & 4 ? AW_OFF_NONE : how & 8 ? w->sent[!dir] / 2 : w->sent[!dir];
    e.peer_high = w->sent[!dir];
    /* Of this request, of one before it, or of none that is known. */
    e.xid = how & 0x40 && w->asked > 1 ? w->asked - 1 : w->asked;
    if (kind == AW_HTTP_REQUEST) e.xid = ++w->asked;
    if (kind == AW_HTTP_REQUEST || kind == AW_HTTP_RESPONSE) {
        make_head(w, dir, tape_u8(&w->tape), true, text, &scratch, &head);
        if (kind == AW_HTTP_RESPONSE && head.status < 100) return; /* no response */
        e.head = &head;
        e.bytes = head.raw.len;
        e.part = AW_IN_HEAD;
    } else if (kind == AW_HTTP_BROKEN) {
        e.why =
            (enum aw_http_why)(AW_WHY_HEAD_TOO_LONG + how % (AW_WHY_COUNT - AW_WHY_HEAD_TOO_LONG));
        const bool of_head = e.why <= AW_WHY_BAD_START_LINE;
        if (of_head && how & 0x20) {
            make_head(w, dir, tape_u8(&w->tape), false, text, &scratch, &head);
            e.head = &head;
            e.bytes = head.raw.len;
        }
        if (of_head && dir == AW_C2S) e.xid = ++w->asked;
        e.part = of_head ? AW_IN_HEAD : AW_IN_CONTENT;
    } else if (kind == AW_HTTP_GAP) {
        e.part = (enum aw_http_part)(how % 4);
    } else if (kind == AW_HTTP_JUNK) {
        e.why = AW_WHY_BAD_START_LINE;
    } else if (kind == AW_HTTP_BODY && dir == AW_S2C && how & 0x20) {
        memset(data, how, sizeof data);
        e.data = (struct aw_span){data, sizeof data};
    }
    const bool moves = kind != AW_HTTP_END && kind != AW_HTTP_WITHHELD;
    if (moves) w->sent[dir] += (aw_off)e.bytes;
    e.end = w->sent[dir];
    aw_exchanges_event(w->xs, w->flow, &e, &w->now);
    if (kind != AW_HTTP_RESPONSE || head.status != 101) return;
    struct aw_http_event after = {.kind = AW_HTTP_SWITCHED, .dir = dir, .xid = e.xid, .ttl = 64};
    after.first = after.last = e.last;
    after.off = after.end = e.end;
    after.ack_off = after.peer_high = e.ack_off;
    aw_exchanges_event(w->xs, w->flow, &after, &w->now);
}

static void chunk(struct world *w, uint8_t op, uint8_t how)
{
    static const enum aw_chunk_kind kinds[8] = {AW_CHUNK_ACK,   AW_CHUNK_AGAIN, AW_CHUNK_WINDOW,
                                                AW_CHUNK_IDLE,  AW_CHUNK_FIN,   AW_CHUNK_ACK,
                                                AW_CHUNK_AGAIN, AW_CHUNK_WINDOW};
    struct aw_chunk c = {.kind = kinds[op & 7], .dir = op & 16 ? AW_S2C : AW_C2S};
    if (w->ended[c.dir] && c.kind == AW_CHUNK_FIN) return;
    c.seen = how & 1 && aw_seen(&w->before) ? w->before : w->now;
    c.ready = w->now;
    c.len = c.kind == AW_CHUNK_WINDOW ? how & 1 : tape_u8(&w->tape);
    c.off = c.kind == AW_CHUNK_FIN ? w->sent[c.dir] : w->sent[c.dir] * (how >> 4) / 16;
    if (c.kind == AW_CHUNK_AGAIN && c.len > (uint64_t)(w->sent[c.dir] - c.off))
        c.len = (uint64_t)(w->sent[c.dir] - c.off);
    c.ack_off = w->sent[!c.dir] * (how & 15) / 15;
    if (c.kind == AW_CHUNK_FIN) w->ended[c.dir] = true;
    aw_exchanges_tcp(w->xs, w->flow, &c, &w->now);
}

static void step(struct world *w)
{
    const uint8_t op = tape_u8(&w->tape), time = tape_u8(&w->tape), how = tape_u8(&w->tape);
    wait_a_bit(w, time);
    const aw_ns due = aw_exchanges_deadline(w->xs);
    if (due != AW_NS_NONE && due <= w->now.ts) aw_exchanges_settle(w->xs, w->flow, &w->now);
    if (op & 0x80)
        chunk(w, op, how);
    else
        event(w, op, how);
    const struct aw_exchange *waiting = aw_exchanges_waiting(w->xs);
    if (waiting) REQUIRE(waiting->status == 0 && waiting->interim_count == 0, "waits, answered");
    (void)aw_exchanges_content_due(w->xs);
}

/* --- the connection it is all about --- */

static void on_open(void *ctx, struct aw_flow *flow)
{
    ((struct world *)ctx)->flow = flow;
}
static void on_chunk(void *ctx, struct aw_flow *flow, const struct aw_chunk *c)
{
    (void)ctx;
    (void)flow;
    (void)c;
}
static void on_gone(void *ctx, struct aw_flow *flow)
{
    (void)flow;
    ((struct world *)ctx)->flow = NULL;
}

static void play(const uint8_t *data, size_t size, bool starved)
{
    static const uint8_t secret[192] = {1, 2, 3};
    static const enum aw_close closes[] = {AW_CLOSE_FIN,     AW_CLOSE_RST,   AW_CLOSE_REUSED,
                                           AW_CLOSE_EVICTED, AW_CLOSE_INPUT, AW_CLOSE_EXPIRED};
    static struct world w;
    const struct aw_alloc alloc = aw_alloc_or_default(NULL);
    w = (struct world){.tape = {data, data + size}, .starved = starved};
    struct aw_pool *flow_pool = aw_pool_new(&alloc, 1 << 20);
    /* Of what there is one connection gets a part only: enough for all steps to open one. */
    w.pool = aw_pool_new(&alloc, starved ? 6000 : 1 << 26);
    REQUIRE(flow_pool && w.pool, "memory");
    const struct aw_flow_limits limits = {.idle_timeout = 60 * AW_SEC,
                                          .forget = 600 * AW_SEC,
                                          .reorder_grace = 2 * AW_MS,
                                          .copy_window = 100 * AW_MS,
                                          .waiting_bytes = 1 << 16};
    const struct aw_flow_ops ops = {.ctx = &w, .open = on_open, .chunk = on_chunk, .gone = on_gone};
    w.flows = aw_flow_table_new(&alloc, flow_pool, secret, &limits, &ops);
    REQUIRE(w.flows, "memory");
    w.now = (struct aw_mark){.ts = INT64_C(1700000000) * AW_SEC, .ord = 1, .ref = 1};
    aw_flow_push(w.flows, &(struct aw_segment){.src = {.b = {10, 0, 0, 1}},
                                               .dst = {.b = {10, 0, 0, 2}},
                                               .sport = 4000,
                                               .dport = 80,
                                               .seq = 99,
                                               .flags = AW_TCP_SYN,
                                               .window = 64240,
                                               .wscale = 7,
                                               .ttl = 64,
                                               .at = w.now});
    REQUIRE(w.flow, "no connection");
    w.room = (struct aw_exchange_room){
        .pool = w.pool, .threshold = defaults, .sink = on_exchange, .ctx = &w};
    w.xs = aw_exchanges_new(&w.room);
    REQUIRE(w.xs, "memory");

    const uint8_t ending = tape_u8(&w.tape);
    for (unsigned i = 0; i < STEPS && tape_left(&w.tape) > 0; i++)
        step(&w);
    wait_a_bit(&w, ending >> 4);
    const enum aw_close close = closes[ending % 6];
    w.room.letting_go = close == AW_CLOSE_EVICTED;
    aw_exchanges_tcp(w.xs, w.flow,
                     &(struct aw_chunk){.kind = AW_CHUNK_CLOSE,
                                        .dir = ending & 8 ? AW_S2C : AW_C2S,
                                        .close = close,
                                        .seen = w.now,
                                        .ready = w.now},
                     &w.now);
    for (unsigned i = 0; i < NTHS; i++)
        REQUIRE(w.opened[i] == w.closed[i], "%u was never closed", i);
    aw_exchanges_free(w.xs);
    REQUIRE(aw_pool_used(w.pool) == 0, "%zu bytes not given back", aw_pool_used(w.pool));
    const bool many = w.room.stats.opened > 128; /* no connection may have more open */
    REQUIRE(starved || many || w.room.stats.no_memory == 0, "no memory, without need");
    aw_flow_finish(w.flows);
    aw_flow_table_free(w.flows);
    aw_pool_free(w.pool);
    aw_pool_free(flow_pool);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    play(data, size, false);
    play(data, size, true);
    return 0;
}
