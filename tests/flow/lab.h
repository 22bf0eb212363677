/*
 * A laboratory for the flow room: segments from short scripts, chunks into a log that reads like
 * the script. One connection unless a step says otherwise: client 10.0.0.1:40000, server
 * 10.0.0.2:80.
 *
 * A step: [+MS] SIDE FLAGS OFF ACK [TEXT] [name=value...], steps separated by "\n".
 *   SIDE c or s; FLAGS of S A F R P or "-"; OFF and ACK stream offsets (a SYN's are ignored; FIN
 *   takes one after the text, as a sequence number).
 *   ttl= id= ts= if= dir= win= scale= wire= (bytes on the wire) port= (client's) isn= (of the
 * sender)
 * "+MS tick" alone moves the clock.
 */
#ifndef AW_TESTS_FLOW_LAB_H
#define AW_TESTS_FLOW_LAB_H

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "flow/inside.h"

enum { LAB_LOG = 1 << 16 };

struct lab {
    struct aw_alloc alloc;
    struct aw_pool *pool;
    struct aw_flow_table *table;
    size_t calls;    /* of the allocator */
    size_t fail_at;  /* this call fails; 0 = none */
    bool fail_after; /* and all later ones */
    size_t blocks;   /* not given back */
    uint32_t isn[2];
    uint64_t ord;
    aw_ns now;
    uint16_t next_id;
    size_t cut;   /* longest piece of payload in a segment; 0 = whole */
    aw_off watch; /* set on the client's stream once all before it came; AW_OFF_NONE */
    bool marks;   /* log the packets, too */
    bool joined;  /* the last entry is data that more may be added to */
    enum aw_dir dir;
    aw_off *end;  /* of the connection last heard of: tiling is checked */
    bool ignored; /* FIN may come without the bytes before it */
    unsigned opened, gone, closed, ready_order;
    struct aw_conn_facts facts; /* at the last CLOSE */
    void (*hook)(struct lab *lab, struct aw_flow *flow, const struct aw_chunk *c);
    size_t used;
    char log[LAB_LOG];
};

static void *lab_get(void *ctx, size_t size)
{
    struct lab *lab = ctx;
    lab->calls++;
    if (lab->fail_at &&
        (lab->calls == lab->fail_at || (lab->fail_after && lab->calls > lab->fail_at)))
        return NULL;
    void *p = malloc(size);
    if (p) lab->blocks++;
    return p;
}

static void *lab_resize(void *ctx, void *p, size_t size)
{
    struct lab *lab = ctx;
    lab->calls++;
    void *q = realloc(p, size);
    if (q && !p) lab->blocks++;
    return q;
}

static void lab_put(void *ctx, void *p)
{
    struct lab *lab = ctx;
    if (p) lab->blocks--;
    free(p);
}

AW_PRINTF(2, 3) static void lab_say(struct lab *lab, const char *fmt, ...)
{
    if (lab->used > 0 && lab->used < LAB_LOG - 2) lab->log[lab->used++] = '\n';
    va_list args;
    va_start(args, fmt);
    const int n = vsnprintf(lab->log + lab->used, LAB_LOG - lab->used, fmt, args);
    va_end(args);
    lab->used += n > 0 && (size_t)n < LAB_LOG - lab->used ? (size_t)n : 0;
    lab->joined = false;
}

static void lab_open(void *ctx, struct aw_flow *flow)
{
    struct lab *lab = ctx;
    lab->opened++;
    aw_off *end = calloc(2, sizeof *end);
    assert_non_null(end);
    *aw_flow_app(flow) = end;
}

static void lab_chunk(void *ctx, struct aw_flow *flow, const struct aw_chunk *c)
{
    static const char *const close_name[] = {"none",    "fin",   "rst",    "reused",
                                             "evicted", "input", "expired"};
    struct lab *lab = ctx;
    const char side = c->dir == AW_C2S ? 'c' : 's';
    lab->end = *aw_flow_app(flow);
    assert_non_null(lab->end);
    assert_true(c->ready.ord >= c->seen.ord);
    switch (c->kind) {
    case AW_CHUNK_DATA:
        if (lab->watch != AW_OFF_NONE && c->dir == AW_C2S &&
            c->off + (aw_off)c->len >= lab->watch) {
            aw_flow_watch(flow, AW_C2S, lab->watch);
            lab->watch = AW_OFF_NONE;
        }
        assert_int_equal(c->off, lab->end[c->dir]);
        lab->end[c->dir] += (aw_off)c->len;
        assert_true(c->len > 0);
        if (lab->marks || !lab->joined || lab->dir != c->dir) {
            lab_say(lab, "%c %" PRId64 " ", side, c->off);
            if (lab->marks)
                lab->used += (size_t)snprintf(lab->log + lab->used, LAB_LOG - lab->used,
                                              "#%llu a%lld h%lld ",
                                              (unsigned long long)aw_ref_no(c->seen.ref),
                                              (long long)c->ack_off, (long long)c->peer_high);
        }
        if (c->conflict) lab->log[lab->used++] = '!';
        if (lab->used + c->len < LAB_LOG) {
            memcpy(lab->log + lab->used, c->data, c->len);
            lab->used += c->len;
            lab->log[lab->used] = 0;
        }
        lab->joined = true;
        lab->dir = c->dir;
        break;
    case AW_CHUNK_HOLE:
        assert_int_equal(c->off, lab->end[c->dir]);
        lab->end[c->dir] += (aw_off)c->len;
        assert_true(c->len > 0);
        lab_say(lab, "%c %s %" PRId64 "+%" PRIu64, side, c->cut ? "cut" : "hole", c->off, c->len);
        break;
    case AW_CHUNK_FIN:
        assert_true(lab->ignored || c->off == lab->end[c->dir]);
        lab_say(lab, "%c fin %" PRId64, side, c->off);
        break;
    case AW_CHUNK_AGAIN:
        if (!c->copy) lab_say(lab, "%c again %" PRId64 "+%" PRIu64, side, c->off, c->len);
        break;
    case AW_CHUNK_ACK:
        lab_say(lab, "%c ack %" PRId64 " of %" PRId64 " #%llu", side, c->ack_off, c->off,
                (unsigned long long)aw_ref_no(c->seen.ref));
        break;
    case AW_CHUNK_WINDOW:
        lab_say(lab, "%c window %s", side, c->len ? "opens" : "closes");
        break;
    case AW_CHUNK_IDLE:
        lab_say(lab, "idle since #%llu", (unsigned long long)aw_ref_no(c->seen.ref));
        break;
    case AW_CHUNK_CLOSE:
        lab_say(lab, "close %s %c", close_name[c->close], side);
        lab->closed++;
        aw_flow_facts(flow, &lab->facts);
        break;
    }
    if (lab->hook) lab->hook(lab, flow, c);
}

static void lab_gone(void *ctx, struct aw_flow *flow)
{
    struct lab *lab = ctx;
    assert_non_null(*aw_flow_app(flow));
    free(*aw_flow_app(flow));
    lab->gone++;
    assert_int_equal(lab->gone, lab->closed);
}

static const uint8_t lab_secret[192] = {1, 2, 3, 5, 8, 13, 21, 34, 55, 89};

static struct aw_flow_limits lab_limits(void)
{
    return (struct aw_flow_limits){
        .idle_timeout = 60 * AW_SEC,
        .forget = 600 * AW_SEC,
        .reorder_grace = 2 * AW_MS,
        .copy_window = 100 * AW_MS,
        .waiting_bytes = 1 << 16,
    };
}

/* false: no memory, which the caller asked for. */
static bool lab_start(struct lab *lab, size_t budget, const struct aw_flow_limits *limits)
{
    const size_t fail_at = lab->fail_at;
    const bool fail_after = lab->fail_after;
    *lab = (struct lab){.isn = {1000, 5000},
                        .now = 1000 * AW_SEC,
                        .next_id = 1,
                        .watch = AW_OFF_NONE,
                        .fail_at = fail_at,
                        .fail_after = fail_after};
    lab->alloc =
        (struct aw_alloc){.ctx = lab, .get = lab_get, .resize = lab_resize, .put = lab_put};
    const struct aw_flow_limits usual = lab_limits();
    const struct aw_flow_ops ops = {
        .ctx = lab, .open = lab_open, .chunk = lab_chunk, .gone = lab_gone};
    lab->pool = aw_pool_new(&lab->alloc, budget);
    if (!lab->pool) return false;
    lab->table =
        aw_flow_table_new(&lab->alloc, lab->pool, lab_secret, limits ? limits : &usual, &ops);
    return lab->table != NULL;
}

static void lab_stop(struct lab *lab)
{
    aw_flow_table_free(lab->table);
    if (lab->pool) assert_int_equal(aw_pool_used(lab->pool), 0);
    aw_pool_free(lab->pool);
    assert_int_equal(lab->blocks, 0);
}

static struct aw_segment lab_segment(const struct lab *lab, bool server, const char *flags,
                                     aw_off off, aw_off ack, const uint8_t *data, size_t len)
{
    struct aw_segment s = {
        .sport = server ? 80 : 40000,
        .dport = server ? 40000 : 80,
        .window = 8000,
        .wscale = 0xff,
        .ttl = 64,
        .payload = {.p = data, .len = len},
        .payload_wire = (uint32_t)len,
    };
    memcpy(s.src.b, server ? "\x0a\0\0\2" : "\x0a\0\0\1", 4);
    memcpy(s.dst.b, server ? "\x0a\0\0\1" : "\x0a\0\0\2", 4);
    for (; *flags; flags++) {
        if (*flags == 'S') s.flags |= AW_TCP_SYN;
        if (*flags == 'A') s.flags |= AW_TCP_ACK;
        if (*flags == 'F') s.flags |= AW_TCP_FIN;
        if (*flags == 'R') s.flags |= AW_TCP_RST;
        if (*flags == 'P') s.flags |= AW_TCP_PSH;
    }
    s.seq = lab->isn[server] + (s.flags & AW_TCP_SYN ? 0 : (uint32_t)off + 1);
    s.ack = s.flags & AW_TCP_ACK ? lab->isn[!server] + (uint32_t)ack + 1 : 0;
    return s;
}

static void lab_push(struct lab *lab, struct aw_segment *s)
{
    lab->ord++;
    s->at.ts = lab->now;
    s->at.ord = lab->ord;
    if (s->at.ref == 0) s->at.ref = aw_ref_make(0, lab->ord);
    aw_flow_tick(lab->table, &s->at);
    aw_flow_push(lab->table, s);
}

static void lab_tick(struct lab *lab)
{
    lab->ord++;
    const struct aw_mark at = {.ts = lab->now, .ord = lab->ord, .ref = aw_ref_make(0, lab->ord)};
    aw_flow_tick(lab->table, &at);
}

static void lab_step(struct lab *lab, char *step)
{
    char *save = NULL, *word = strtok_r(step, " ", &save);
    if (!word) return;
    if (*word == '+') {
        lab->now += (aw_ns)(strtod(word + 1, NULL) * (double)AW_MS);
        word = strtok_r(NULL, " ", &save);
    } else {
        lab->now += AW_US;
    }
    if (!word || strcmp(word, "tick") == 0) {
        lab_tick(lab);
        return;
    }
    const bool server = *word == 's';
    const char *flags = strtok_r(NULL, " ", &save);
    const char *off = strtok_r(NULL, " ", &save), *ack = strtok_r(NULL, " ", &save);
    assert_non_null(ack);
    const char *text = "";
    struct aw_segment s =
        lab_segment(lab, server, flags, strtoll(off, NULL, 10), strtoll(ack, NULL, 10), NULL, 0);
    s.has_ip_id = true;
    s.ip_id = lab->next_id++;
    uint32_t wire = 0;
    while ((word = strtok_r(NULL, " ", &save))) {
        char *eq = strchr(word, '=');
        if (!eq) {
            text = word;
            continue;
        }
        *eq = 0;
        const unsigned long v = strtoul(eq + 1, NULL, 10);
        if (strcmp(word, "ttl") == 0)
            s.ttl = (uint8_t)v;
        else if (strcmp(word, "id") == 0)
            s.ip_id = (uint16_t)v, s.has_ip_id = v != 0;
        else if (strcmp(word, "ts") == 0)
            s.tsval = (uint32_t)v, s.has_tsval = true;
        else if (strcmp(word, "if") == 0)
            s.iface = (uint16_t)v;
        else if (strcmp(word, "dir") == 0)
            s.link_dir = (uint8_t)v;
        else if (strcmp(word, "win") == 0)
            s.window = (uint16_t)v;
        else if (strcmp(word, "scale") == 0)
            s.wscale = (uint8_t)v;
        else if (strcmp(word, "wire") == 0)
            wire = (uint32_t)v;
        else if (strcmp(word, "ref") == 0)
            s.at.ref = aw_ref_make(0, v);
        else if (strcmp(word, "port") == 0)
            *(server ? &s.dport : &s.sport) = (uint16_t)v;
        else if (strcmp(word, "isn") == 0)
            s.seq += (uint32_t)v;
        else if (strcmp(word, "ackisn") == 0)
            s.ack += (uint32_t)v;
        else
            fail_msg("unknown option %s", word);
    }
    const size_t len = strlen(text);
    const size_t piece = lab->cut && wire == 0 ? lab->cut : len + 1;
    const uint8_t fin = s.flags & AW_TCP_FIN;
    for (size_t at = 0; at == 0 || at < len; at += piece) {
        struct aw_segment part = s;
        const size_t n = len - at < piece ? len - at : piece;
        /* bytes of its own, so that a sanitizer sees a read beyond them */
        uint8_t *copy = n > 0 ? malloc(n) : NULL;
        if (n > 0) memcpy(copy, text + at, n);
        part.payload = (struct aw_span){.p = copy, .len = n};
        part.payload_wire = wire ? wire : (uint32_t)n;
        if (!(s.flags & AW_TCP_SYN)) part.seq += (uint32_t)at;
        if (at + n < len) part.flags &= (uint8_t)~fin;
        if (at > 0) part.ip_id = lab->next_id++;
        lab_push(lab, &part);
        free(copy);
    }
}

static void lab_run(struct lab *lab, const char *script)
{
    char *copy = strdup(script), *save = NULL;
    for (char *step = strtok_r(copy, "\n", &save); step; step = strtok_r(NULL, "\n", &save))
        lab_step(lab, step);
    free(copy);
}

#endif
