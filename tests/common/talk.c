/*
 * Plays scenarios through flow, http and exchange. Knows how the engine joins them; nothing of
 * captures and packets, so that a test that fails here points at one of the three.
 */
#include "talk.h"

#include "base/alloc.h"
#include "http/http.h"
#include "scn.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct player {
    struct talk *talk;
    struct aw_pool *pool;
    struct aw_flow_table *flows;
    struct aw_exchange_room room;
    struct aw_http_stats http;
    struct aw_mark now;
    struct conn *conns;
};

struct conn {
    struct aw_http *http;
    struct aw_exchanges *xs;
    struct aw_flow *flow;
    struct player *player;
    struct conn *next;
};

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "talk: %s\n", what);
    exit(99);
}

static const int64_t defaults[AW_T_COUNT] = {
#define AW_THRESHOLD(id, name, value, unit, meaning) [AW_T_##id] = value,
#include "await100/thresholds.def"
#undef AW_THRESHOLD
};

/* --- the joints --- */

static bool on_exchange(void *ctx, enum aw_change change, struct aw_exchange *ex,
                        const struct aw_mark *at)
{
    struct player *p = ctx;
    struct talk *t = p->talk;
    if (change == AW_EX_ENDED) return false;
    if (change == AW_EX_OPENED) {
        t->opened++;
        return false;
    }
    for (size_t i = 0; i < t->count; i++)
        if (t->ex[i]->conn.ord == ex->conn.ord && t->ex[i]->nth == ex->nth) t->disorder++;
    t->ex = realloc(t->ex, (t->count + 1) * sizeof *t->ex);
    t->closed_on = realloc(t->closed_on, (t->count + 1) * sizeof *t->closed_on);
    const size_t size = aw_exchange_size(ex);
    void *mem = malloc(size);
    if (!t->ex || !t->closed_on || !mem) die("no memory");
    t->ex[t->count] = aw_exchange_copy(mem, size, ex);
    t->closed_on[t->count++] = at->ord;
    if (t->opened < t->count) t->disorder++;
    return false;
}

static void on_http(void *ctx, const struct aw_http_event *ev)
{
    struct conn *c = ctx;
    if (ev->kind != AW_HTTP_OPAQUE) aw_exchanges_event(c->xs, c->flow, ev, &c->player->now);
}

static struct conn *conn_new(struct player *p, struct aw_flow *flow)
{
    struct aw_conn_facts facts;
    aw_flow_facts(flow, &facts);
    struct conn *c = calloc(1, sizeof *c);
    if (!c) die("no memory");
    c->http = aw_http_new(p->pool, &p->http, !facts.syn_seen[AW_C2S] && !facts.syn_seen[AW_S2C],
                          aw_flow_client_known(flow));
    c->xs = aw_exchanges_new(&p->room);
    if (!c->http || !c->xs) { /* a test of small pools */
        aw_http_free(c->http);
        aw_exchanges_free(c->xs);
        free(c);
        return NULL;
    }
    c->flow = flow;
    c->player = p;
    c->next = p->conns;
    p->conns = c;
    return c;
}

static void push_http(struct conn *c, struct aw_chunk *chunk)
{
    if (!c->http) return;
    enum aw_http_result result = aw_http_push(c->http, chunk, on_http, c);
    if (result == AW_HTTP_SWAP) {
        aw_flow_swap(c->flow);
        chunk->dir = aw_dir_other(chunk->dir);
        result = aw_http_push(c->http, chunk, on_http, c);
    }
    if (result != AW_HTTP_IGNORE) return;
    aw_http_free(c->http);
    c->http = NULL;
    aw_flow_ignore(c->flow);
}

/* As the engine has it: what may rest is let go of, and goes on as if nothing had been. */
static void let_rest(struct conn *c)
{
    struct player *p = c->player;
    struct aw_http_rest http;
    struct aw_exchanges_rest xs;
    if (!c->http || !aw_http_rests(c->http, &http) || !aw_exchanges_rest(c->xs, &xs)) return;
    aw_http_free(c->http);
    aw_exchanges_free(c->xs);
    c->http = aw_http_resume(p->pool, &p->http, &http);
    c->xs = aw_exchanges_resume(&p->room, &xs);
    if (!c->http || !c->xs) die("no memory for what was there before");
}

static void on_open(void *ctx, struct aw_flow *flow)
{
    (void)ctx;
    (void)flow;
}

static void on_chunk(void *ctx, struct aw_flow *flow, const struct aw_chunk *given)
{
    struct player *p = ctx;
    struct aw_chunk chunk = *given;
    struct conn *c = *aw_flow_app(flow);
    if (!c && (chunk.kind == AW_CHUNK_DATA || chunk.kind == AW_CHUNK_HOLE)) {
        c = conn_new(p, flow);
        if (!c) aw_flow_ignore(flow);
        *aw_flow_app(flow) = c;
    }
    if (!c) return;
    switch (chunk.kind) {
    case AW_CHUNK_DATA:
    case AW_CHUNK_HOLE:
        push_http(c, &chunk);
        break;
    case AW_CHUNK_FIN:
    case AW_CHUNK_CLOSE:
        push_http(c, &chunk);
        aw_exchanges_tcp(c->xs, flow, &chunk, &p->now);
        break;
    case AW_CHUNK_AGAIN:
    case AW_CHUNK_ACK:
    case AW_CHUNK_WINDOW:
    case AW_CHUNK_IDLE:
        aw_exchanges_tcp(c->xs, flow, &chunk, &p->now);
        break;
    }
    let_rest(c);
}

static void on_gone(void *ctx, struct aw_flow *flow)
{
    struct player *p = ctx;
    struct conn *c = *aw_flow_app(flow);
    if (!c) return;
    struct conn **link = &p->conns;
    while (*link != c)
        link = &(*link)->next;
    *link = c->next;
    aw_http_free(c->http);
    aw_exchanges_free(c->xs);
    free(c);
    *aw_flow_app(flow) = NULL;
}

static void settle(struct player *p)
{
    for (struct conn *c = p->conns; c; c = c->next) {
        const aw_ns deadline = aw_exchanges_deadline(c->xs);
        if (deadline != AW_NS_NONE && deadline <= p->now.ts)
            aw_exchanges_settle(c->xs, c->flow, &p->now);
    }
}

/* --- segments --- */

static struct aw_addr address(const struct scn_conn *k, int side)
{
    struct aw_addr a = {.v6 = k->v6};
    memcpy(a.b, k->addr[side], k->v6 ? 16 : 4);
    return a;
}

static struct aw_segment segment(const struct scn *s, const struct scn_segment *g, uint64_t ord)
{
    const struct scn_conn *k = &s->conn[g->conn];
    const bool syn = g->flags & SCN_SYN;
    struct aw_segment seg = {
        .src = address(k, g->side),
        .dst = address(k, !g->side),
        .sport = k->port[g->side],
        .dport = k->port[!g->side],
        .seq = g->seq,
        .ack = g->ack,
        .window = g->window,
        .flags = g->flags,
        .wscale = syn ? 7 : 0xff,
        .mss = syn ? 1460 : 0,
        .ttl = g->ttl,
        .has_ip_id = !k->v6,
        .ip_id = g->id,
        .payload = {g->bytes, g->len},
        .payload_wire = g->len,
        .at = {.ts = g->captured, .ord = ord, .ref = aw_ref_make(0, ord)},
    };
    const uint32_t headers = 14u + (k->v6 ? 40u : 20u) + 20u + (syn ? 12u : 0u);
    uint32_t keep = headers + g->len;
    if (s->snaplen && keep > s->snaplen) keep = s->snaplen;
    if (g->cut && keep > g->cut) keep = g->cut;
    seg.payload.len = keep > headers ? keep - headers : 0;
    return seg;
}

static struct scn *load(const char *script)
{
    char path[] = "/tmp/talk-XXXXXX", err[512];
    const int fd = mkstemp(path);
    if (fd < 0) die("no temporary file");
    const size_t len = strlen(script);
    const bool written = write(fd, script, len) == (ssize_t)len;
    close(fd);
    struct scn *s = written ? scn_load(path, err, sizeof err) : NULL;
    unlink(path);
    if (!s) die(written ? err : "cannot write the script");
    return s;
}

/* --- door --- */

struct talk *talk_play(const char *script, const struct talk_options *opt)
{
    static const uint8_t secret[192] = {1, 2, 3};
    struct scn *s = load(script);
    struct talk *t = calloc(1, sizeof *t);
    if (!t) die("no memory");
    int64_t threshold[AW_T_COUNT];
    for (size_t i = 0; i < AW_T_COUNT; i++)
        threshold[i] = opt && opt->threshold[i] ? opt->threshold[i] : defaults[i];
    const size_t memory = opt && opt->memory ? opt->memory : (size_t)16 << 20;
    const struct aw_alloc alloc = aw_alloc_or_default(NULL);
    struct player p = {.talk = t, .pool = aw_pool_new(&alloc, memory)};
    if (!p.pool) die("no memory");
    p.room = (struct aw_exchange_room){
        .pool = p.pool, .threshold = threshold, .sink = on_exchange, .ctx = &p};
    const struct aw_flow_limits limits = {
        .idle_timeout = threshold[AW_T_IDLE_TIMEOUT],
        .forget = threshold[AW_T_IDLE_TIMEOUT] * 10,
        .reorder_grace = threshold[AW_T_REORDER_GRACE],
        .copy_window = threshold[AW_T_COPY_WINDOW],
        .waiting_bytes = memory / 4,
    };
    const struct aw_flow_ops ops = {.ctx = &p, .open = on_open, .chunk = on_chunk, .gone = on_gone};
    p.flows = aw_flow_table_new(&alloc, p.pool, secret, &limits, &ops);
    if (!p.flows) die("no memory");
    for (unsigned i = 0; i < s->segments; i++) {
        if (opt && (opt->without == i + 1 || (opt->until && i + 1 > opt->until))) continue;
        struct aw_segment seg = segment(s, &s->segment[i], i + 1);
        if (opt && opt->set_at && i + 1 >= opt->set_at) seg.at.ts -= opt->set_back;
        const aw_ns clock = seg.at.ts > p.now.ts ? seg.at.ts : p.now.ts;
        p.now = seg.at;
        p.now.ts = clock;
        aw_flow_tick(p.flows, &p.now);
        settle(&p);
        aw_flow_push(p.flows, &seg);
    }
    p.now.ord = UINT64_MAX;
    if (!opt || !opt->no_finish) aw_flow_finish(p.flows);
    while (p.conns) {
        struct conn *c = p.conns;
        *aw_flow_app(c->flow) = NULL;
        p.conns = c->next;
        aw_http_free(c->http);
        aw_exchanges_free(c->xs);
        free(c);
    }
    aw_flow_table_free(p.flows);
    t->pool_used = aw_pool_used(p.pool);
    t->stats = p.room.stats;
    t->packets = s->segments;
    aw_pool_free(p.pool);
    scn_free(s);
    return t;
}

void talk_free(struct talk *t)
{
    if (!t) return;
    for (size_t i = 0; i < t->count; i++)
        free(t->ex[i]);
    free(t->ex);
    free(t->closed_on);
    free(t);
}

/* --- facts as words --- */

struct words {
    char *buf;
    size_t size, len;
};

static void word(struct words *w, const char *fmt, ...) AW_PRINTF(2, 3);
static void word(struct words *w, const char *fmt, ...)
{
    if (w->len + 1 >= w->size) die("facts do not fit");
    va_list ap;
    va_start(ap, fmt);
    const int n = vsnprintf(w->buf + w->len, w->size - w->len, fmt, ap);
    va_end(ap);
    w->len += (size_t)n;
}

static void ms(struct words *w, const char *key, aw_ns ns)
{
    word(w, " %s=%.3f", key, (double)ns / 1e6);
}

static void moment(struct words *w, const char *key, const struct aw_exchange *x,
                   const struct aw_mark *m)
{
    const struct aw_mark *zero = &x->at[AW_AT_REQ_FIRST];
    if (!aw_seen(m))
        word(w, " %s=-", key);
    else
        ms(w, key, m->ts - (aw_seen(zero) ? zero->ts : 0));
}

static void text(struct words *w, const char *key, struct aw_span s)
{
    word(w, " %s=", key);
    if (!s.p) word(w, "-");
    for (size_t i = 0; i < s.len && i < 200; i++)
        word(w, "%c", s.p[i] > 0x20 && s.p[i] < 0x7f ? s.p[i] : '_');
}

static void flags(struct words *w, uint32_t bits)
{
    static const char *const name[] = {
        "midstream",    "unseen",        "hole-head",   "hole-content", "hole-response",
        "hole-final",   "cut",           "cut-size",    "no-server",    "no-client",
        "evicted",      "idle-ended",    "input-ended", "conflict",     "pipelined",
        "kept",         "withheld",      "swallowed",   "upgraded",     "100-after-final",
        "head-unended", "final-unended", "chunk-bad",   "time-stepped", "after-unseen"};
    for (size_t i = 0; i < sizeof name / sizeof *name; i++)
        word(w, " %c%s", bits >> i & 1 ? '+' : '-', name[i]);
}

static const char *answers(const struct aw_exchange *x, aw_off end)
{
    if (end == AW_OFF_NONE || !aw_seen(&x->at[AW_AT_BODY])) return "-";
    return x->ack_unknown ? "unknown" : x->body_ack >= end ? "yes" : "no";
}

const char *talk_facts(const struct aw_exchange *x, char *buf, size_t size)
{
    static const struct {
        const char *key;
        enum aw_point at;
    } point[] = {
        {"head", AW_AT_HEAD},
        {"body", AW_AT_BODY},
        {"body_end", AW_AT_BODY_END},
        {"pause", AW_AT_PAUSE},
        {"resume", AW_AT_RESUME},
        {"final_first", AW_AT_FINAL_FIRST},
        {"final", AW_AT_FINAL},
        {"final_end", AW_AT_FINAL_END},
        {"ack_head", AW_AT_ACK_HEAD},
        {"ack_body", AW_AT_ACK_BODY},
        {"after_final", AW_AT_AFTER_FINAL},
        {"after_final_last", AW_AT_AFTER_FINAL_LAST},
        {"end", AW_AT_END},
    };
    struct words w = {buf, size, 0};
    word(&w, "nth=%" PRIu32 " ord=%" PRIu64 " status=%u", x->nth, x->ord, x->status);
    for (size_t i = 0; i < sizeof point / sizeof *point; i++)
        moment(&w, point[i].key, x, &x->at[point[i].at]);
    if (x->end_ord == UINT64_MAX)
        word(&w, " end_ord=input");
    else
        word(&w, " end_ord=%" PRIu64, x->end_ord);
    word(&w,
         " declared=%" PRId64 " sent=%" PRId64 " before=%" PRId64 " after=%" PRId64
         " before_pause=%" PRId64,
         x->declared, x->sent, x->sent_before_answer, x->sent_after_final, x->sent_before_pause);
    ms(&w, "gap", x->content_gap);
    word(&w, " content=%s final_whole=%s", x->content_complete ? "whole" : "part",
         x->final_complete ? "yes" : "no");
    word(&w, " interims=%" PRIu32 " continues=%" PRIu32, x->interim_count, x->continue_count);
    for (uint32_t i = 0; i < x->interim_count && i < AW_INTERIM_MAX; i++) {
        const struct aw_interim *m = &x->interim[i];
        char key[32];
        snprintf(key, sizeof key, "i%" PRIu32, i);
        moment(&w, key, x, &m->at);
        word(&w, " %s_status=%u %s_acks_head=%s %s_odd=%s%s%s%s%s", key, m->status, key,
             m->ack_off == AW_OFF_NONE   ? "unknown"
             : m->ack_off >= x->head_end ? "yes"
                                         : "no",
             key, m->has_length ? "length," : "", m->length_not_zero ? "nonzero," : "",
             m->has_te ? "te," : "", m->unfinished ? "unfinished," : "",
             m->has_content ? "content," : "");
    }
    word(&w, " answers_100=%s answers_final=%s",
         answers(x, x->continue_count > 0 ? x->interim[0].end : AW_OFF_NONE),
         answers(x, x->final_head_end));
    word(&w, " ahead=%s",
         x->body_peer_high == AW_OFF_NONE     ? "-"
         : x->body_peer_high > x->answer_base ? "yes"
                                              : "no");
    word(&w, " lost_head=%u lost_content=%u lost_100=%u lost_final=%u unacked=%d",
         x->loss[AW_PART_HEAD].count, x->loss[AW_PART_CONTENT].count, x->loss[AW_PART_100].count,
         x->loss[AW_PART_FINAL].count, x->content_unacked);
    moment(&w, "zero_c", x, &x->zero_window[AW_C2S]);
    moment(&w, "zero_s", x, &x->zero_window[AW_S2C]);
    word(&w, " closed_c=%d closed_s=%d", x->window_closed[AW_C2S], x->window_closed[AW_S2C]);
    moment(&w, "prev_end", x, &x->prev_final_end);
    moment(&w, "next", x, &x->next_request);
    word(&w, " owed=%" PRIu64 " reason=%d close=%d by=%d", x->owed_bytes_next, (int)x->unseen,
         (int)x->conn.close, (int)x->conn.closed_by);
    for (unsigned dir = 0; dir < 2; dir++) {
        unsigned n = 0;
        for (unsigned i = 0; i < AW_MISSED_MAX; i++)
            n += x->conn.missed[dir][i] != 0;
        word(&w, " missed_%c=%u", dir == AW_C2S ? 'c' : 's', n);
    }
    flags(&w, x->flags);
    text(&w, "method", x->text[AW_TEXT_METHOD]);
    text(&w, "target", x->text[AW_TEXT_TARGET]);
    text(&w, "host", x->text[AW_TEXT_HOST]);
    text(&w, "agent", x->text[AW_TEXT_USER_AGENT]);
    text(&w, "expect", x->text[AW_TEXT_EXPECT]);
    text(&w, "req_via", x->text[AW_TEXT_REQ_VIA]);
    text(&w, "xff", x->text[AW_TEXT_XFF]);
    text(&w, "reason_phrase", x->text[AW_TEXT_REASON]);
    text(&w, "server", x->text[AW_TEXT_SERVER]);
    text(&w, "via", x->text[AW_TEXT_VIA]);
    text(&w, "error", x->text[AW_TEXT_ERROR_BODY]);
    return buf;
}

const char *talk_lacks(const char *facts, const char *want, char *buf, size_t size)
{
    while (*want) {
        while (*want == ' ')
            want++;
        const size_t len = strcspn(want, " ");
        if (len == 0) break;
        bool found = false;
        for (const char *f = facts; *f && !found;) {
            const size_t n = strcspn(f, " ");
            found = n == len && memcmp(f, want, len) == 0;
            f += n;
            while (*f == ' ')
                f++;
        }
        if (!found) {
            snprintf(buf, size, "%.*s", (int)len, want);
            return buf;
        }
        want += len;
    }
    return NULL;
}
