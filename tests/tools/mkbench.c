/*
 * mkbench uploads|flows|soak|idle|waiting|kept OUT.pcap [--size N] [--seed N]: captures to measure
 * speed and memory; OUT "-" is standard output.
 *
 *   uploads  large uploads with Expect over 64 connections at once, 1448-byte segments, an ACK for
 *            every two; --size is the file in MB (800)
 *   flows    short conversations of 8 packets; --size connections (400000), about a thousand open
 *            at any time; of 100: 60 GET, 20 POST, 14 continued uploads, 2 not awaited, 2 ignored,
 *            1 refused with 417, 1 answered 500
 *   soak     the same, but every tenth connection is never closed: more than any memory holds
 *   idle     --size connections (100000) that each made one exchange and stay open
 *   waiting  the same, but each sent the head of an upload with Expect and had no answer
 *   kept     two million exchanges by turns on --size connections (100000), all open at once
 *
 * Equal arguments give equal files. Checksums are left zero, as by offload.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MSS = 1448, HEADERS = 14 + 20 + 20, OPEN_FLOWS = 1024, UPLOADS = 64 };
enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16 };

struct conn {
    uint32_t client, server; /* IPv4 */
    uint16_t port;
    uint32_t seq[2]; /* next of each side: [0] the client */
    int64_t at;      /* time of its next packet, ns */
    unsigned kind, step;
    bool stays;    /* flows: it is never closed */
    uint64_t left; /* uploads: content still to send */
    uint32_t number;
};

struct writer {
    FILE *f;
    uint64_t bytes, packets;
};

static uint64_t seed = 1;
static uint8_t filler[MSS];

static uint32_t rnd(uint32_t below) /* xorshift64* */
{
    seed ^= seed >> 12;
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return (uint32_t)((seed * UINT64_C(0x2545F4914F6CDD1D)) >> 33) % below;
}

static void be16(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}
static void be32(uint8_t *p, uint32_t v)
{
    be16(p, v >> 16);
    be16(p + 2, v & 0xffff);
}

static void packet(struct writer *w, struct conn *c, int side, uint8_t flags, const void *payload,
                   uint32_t len)
{
    uint8_t b[16 + HEADERS] = {0}, *e = b + 16, *ip = e + 14, *t = ip + 20;
    const uint32_t total = HEADERS + len;
    const uint32_t rec[4] = {(uint32_t)(c->at / 1000000000), (uint32_t)(c->at % 1000000000), total,
                             total};
    memcpy(b, rec, 16);
    e[0] = e[6] = 2;
    e[5] = (uint8_t)!side;
    e[11] = (uint8_t)side;
    e[12] = 8;
    ip[0] = 0x45;
    be16(ip + 2, 40 + len);
    ip[6] = 0x40;
    ip[8] = 64;
    ip[9] = 6;
    be32(ip + 12, side ? c->server : c->client);
    be32(ip + 16, side ? c->client : c->server);
    be16(t, side ? 80u : c->port);
    be16(t + 2, side ? c->port : 80u);
    be32(t + 4, c->seq[side]);
    be32(t + 8, flags & ACK ? c->seq[!side] : 0);
    t[12] = 0x50;
    t[13] = flags;
    be16(t + 14, 64240);
    c->seq[side] += len + (flags & (SYN | FIN) ? 1 : 0);
    fwrite(b, sizeof b, 1, w->f);
    if (len) fwrite(payload, len, 1, w->f);
    w->bytes += sizeof b + len;
    w->packets++;
}

static void say(struct writer *w, struct conn *c, int side, const char *text, uint8_t more)
{
    packet(w, c, side, (uint8_t)(PSH | ACK | more), text, (uint32_t)strlen(text));
}

static struct conn new_conn(uint32_t n, int64_t at)
{
    return (struct conn){.client = 0x0a000000u + n / 50000 * 256 + 1 + n % 200,
                         .server = 0xc0000200u + 1 + n % 16,
                         .port = (uint16_t)(10000 + n % 50000),
                         .seq = {rnd(1u << 30), rnd(1u << 30)},
                         .at = at,
                         .number = n};
}

static const char *head(const struct conn *c, const char *method, uint64_t content, bool expect)
{
    static char buf[512];
    int n = snprintf(buf, sizeof buf,
                     "%s /files/%u/item HTTP/1.1\r\nHost: api%u.example\r\n"
                     "User-Agent: curl/8.5.0\r\nAccept: */*\r\n",
                     method, c->number, c->number % 16);
    if (content)
        n += snprintf(buf + n, sizeof buf - (size_t)n, "Content-Length: %llu\r\n",
                      (unsigned long long)content);
    if (expect) n += snprintf(buf + n, sizeof buf - (size_t)n, "Expect: 100-continue\r\n");
    snprintf(buf + n, sizeof buf - (size_t)n, "\r\n");
    return buf;
}

static const char *answer(const char *status, unsigned content)
{
    static char buf[1024];
    const int n = snprintf(buf, sizeof buf,
                           "HTTP/1.1 %s\r\nServer: nginx/1.22.1\r\nContent-Type: text/plain\r\n"
                           "Content-Length: %u\r\n\r\n",
                           status, content);
    memset(buf + n, 'r', content);
    buf[(unsigned)n + content] = 0;
    return buf;
}

static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";

/* --- flows: 8 packets each, one a call; the time to the next goes into c->at --- */

enum flow_kind { GET, POST, CONTINUED, NOT_AWAITED, IGNORED, REFUSED, FAILED };

static enum flow_kind flow_kind(uint32_t n)
{
    const uint32_t of = n % 100;
    return of < 60   ? GET
           : of < 80 ? POST
           : of < 94 ? CONTINUED
           : of < 96 ? NOT_AWAITED
           : of < 98 ? IGNORED
           : of < 99 ? REFUSED
                     : FAILED;
}

static const char *body(unsigned n)
{
    static char buf[512];
    memset(buf, 'b', n);
    buf[n] = 0;
    return buf;
}

static const char *with_body(const char *h, unsigned n)
{
    static char buf[1024];
    snprintf(buf, sizeof buf, "%s%s", h, body(n));
    return buf;
}

/* True: the connection has said all. */
static bool flow_step(struct writer *w, struct conn *c)
{
    const enum flow_kind kind = (enum flow_kind)c->kind;
    const bool expect =
        kind == CONTINUED || kind == NOT_AWAITED || kind == IGNORED || kind == REFUSED;
    int64_t pause = 100000 + rnd(400000);
    switch (c->step++) {
    case 0:
        packet(w, c, 0, SYN, NULL, 0);
        break;
    case 1:
        packet(w, c, 1, SYN | ACK, NULL, 0);
        pause = 20000;
        break;
    case 2: /* the handshake's ACK, or the head at once */
        if (kind == CONTINUED)
            say(w, c, 0, head(c, "PUT", 300, true), 0);
        else
            packet(w, c, 0, ACK, NULL, 0);
        break;
    case 3:
        if (kind == CONTINUED)
            say(w, c, 1, go_on, 0);
        else if (kind == GET)
            say(w, c, 0, head(c, "GET", 0, false), 0);
        else if (kind == POST || kind == FAILED)
            say(w, c, 0, with_body(head(c, "POST", 200, false), 200), 0);
        else
            say(w, c, 0, head(c, "PUT", 300, expect), 0);
        if (kind == IGNORED) pause = 1000000000;
        if (kind == NOT_AWAITED) pause = 20000;
        break;
    case 4:
        if (kind == GET || kind == POST)
            say(w, c, 1, answer("200 OK", kind == GET ? 120 : 10), 0);
        else if (kind == FAILED)
            say(w, c, 1, answer("500 Internal Server Error", 10), 0);
        else if (kind == REFUSED)
            say(w, c, 1, answer("417 Expectation Failed", 0), 0);
        else
            say(w, c, 0, body(300), 0);
        break;
    case 5:
        if (kind == CONTINUED || kind == NOT_AWAITED || kind == IGNORED)
            say(w, c, 1, answer("201 Created", 0), 0);
        else
            packet(w, c, 0, ACK, NULL, 0);
        break;
    case 6:
        if (c->stays) return true;
        packet(w, c, 0, FIN | ACK, NULL, 0);
        break;
    case 7:
        packet(w, c, 1, FIN | ACK, NULL, 0);
        return true;
    }
    c->at += pause;
    return false;
}

/* --- a heap of connections by the time of their next packet --- */

struct heap {
    struct conn *c;
    unsigned n;
};

static void sift(struct heap *h)
{
    unsigned i = 0;
    for (;;) {
        unsigned k = 2 * i + 1;
        if (k >= h->n) return;
        if (k + 1 < h->n && h->c[k + 1].at < h->c[k].at) k++;
        if (h->c[i].at <= h->c[k].at) return;
        const struct conn t = h->c[i];
        h->c[i] = h->c[k];
        h->c[k] = t;
        i = k;
    }
}

static void push(struct heap *h, struct conn c)
{
    unsigned i = h->n++;
    for (; i > 0 && h->c[(i - 1) / 2].at > c.at; i = (i - 1) / 2)
        h->c[i] = h->c[(i - 1) / 2];
    h->c[i] = c;
}

/* --- uploads: connections that send one upload after the other --- */

enum { UPLOAD_BYTES = 4 << 20 };

static void upload_step(struct writer *w, struct conn *c, uint32_t *next)
{
    int64_t pause = 20000 + rnd(20000);
    switch (c->step) {
    case 0:
        packet(w, c, 0, SYN, NULL, 0);
        c->step++;
        break;
    case 1:
        packet(w, c, 1, SYN | ACK, NULL, 0);
        c->at += 10000;
        packet(w, c, 0, ACK, NULL, 0);
        c->step++;
        break;
    case 2:
        c->number = (*next)++;
        c->left = UPLOAD_BYTES + rnd(UPLOAD_BYTES);
        say(w, c, 0, head(c, "PUT", c->left, true), 0);
        pause = 300000;
        c->step++;
        break;
    case 3:
        say(w, c, 1, go_on, 0);
        c->step++;
        break;
    case 4:
        for (int i = 0; i < 2 && c->left; i++) {
            const uint32_t n = c->left < MSS ? (uint32_t)c->left : MSS;
            packet(w, c, 0, n == c->left ? PSH | ACK : ACK, filler, n);
            c->left -= n;
            c->at += 1000;
        }
        packet(w, c, 1, ACK, NULL, 0);
        if (!c->left) c->step++;
        break;
    default:
        say(w, c, 1, answer("201 Created", 0), 0);
        c->step = 2;
    }
    c->at += pause;
}

/* --- connections that stay --- */

static void open_one(struct writer *w, struct conn *c)
{
    packet(w, c, 0, SYN, NULL, 0);
    packet(w, c, 1, SYN | ACK, NULL, 0);
}

static void one_exchange(struct writer *w, struct conn *c)
{
    say(w, c, 0, head(c, "GET", 0, false), 0);
    say(w, c, 1, answer("200 OK", 10), 0);
}

static void staying(struct writer *w, uint32_t size, bool waiting, int64_t start)
{
    enum { SPAN = 20 }; /* seconds, of all; less than the idle timeout */
    for (uint32_t i = 0; i < size; i++) {
        struct conn c = new_conn(i, start + (int64_t)i * SPAN * 1000000000 / size);
        open_one(w, &c);
        if (waiting)
            say(w, &c, 0, head(&c, "PUT", 300, true), 0);
        else
            one_exchange(w, &c);
    }
}

/* All within half the idle timeout, whatever their number. */
static bool by_turns(struct writer *w, uint32_t size, int64_t start)
{
    enum { EXCHANGES = 2000000, STEP = 10000 };
    struct conn *c = calloc(size, sizeof *c);
    if (!c) return false;
    int64_t at = start;
    for (uint32_t i = 0; i < size; i++, at += STEP / 2) {
        c[i] = new_conn(i, at);
        open_one(w, &c[i]);
    }
    for (uint32_t n = 0; n < EXCHANGES; n++, at += STEP) {
        struct conn *x = &c[n < size ? n : rnd(size)];
        x->at = at;
        one_exchange(w, x);
    }
    free(c);
    return true;
}

int main(int argc, char **argv)
{
    uint64_t size = 0;
    const char *what = argc > 2 ? argv[1] : "";
    const bool soak = strcmp(what, "soak") == 0;
    const bool uploads = strcmp(what, "uploads") == 0, flows = strcmp(what, "flows") == 0 || soak,
               idle = strcmp(what, "idle") == 0, waiting = strcmp(what, "waiting") == 0,
               kept = strcmp(what, "kept") == 0;
    for (int i = 3; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--size") == 0) size = strtoull(argv[i + 1], NULL, 10);
        if (strcmp(argv[i], "--seed") == 0) seed = strtoull(argv[i + 1], NULL, 10) | 1;
    }
    if (!uploads && !flows && !idle && !waiting && !kept) {
        fprintf(stderr, "usage: mkbench uploads|flows|soak|idle|waiting|kept OUT.pcap [--size N] "
                        "[--seed N]\n");
        return 2;
    }
    if (!size) size = uploads ? 800 : flows ? 400000 : 100000;
    const bool out = strcmp(argv[2], "-") == 0;
    struct writer w = {.f = out ? stdout : fopen(argv[2], "wb")};
    struct heap h = {.c = calloc(OPEN_FLOWS + 1, sizeof *h.c)};
    if (!w.f || !h.c) {
        fprintf(stderr, "mkbench: %s cannot be written\n", argv[2]);
        free(h.c);
        if (w.f) fclose(w.f);
        return 3;
    }
    const uint32_t file_head[6] = {0xa1b23c4d, 4u << 16 | 2u, 0, 0, 262144, 1};
    fwrite(file_head, sizeof file_head, 1, w.f);
    memset(filler, 'x', sizeof filler);
    const int64_t start = INT64_C(1767323045000000000);
    uint32_t next = 0;
    if (uploads) {
        for (unsigned i = 0; i < UPLOADS; i++)
            push(&h, new_conn(i, start + (int64_t)i * 100000));
        while (w.bytes < size * 1000000) {
            upload_step(&w, &h.c[0], &next);
            sift(&h);
        }
    } else if (flows) {
        for (; next < OPEN_FLOWS && next < size; next++) {
            struct conn c = new_conn(next, start + (int64_t)next * 3000);
            c.kind = flow_kind(next);
            c.stays = soak && next % 10 == 0;
            push(&h, c);
        }
        while (h.n) {
            if (!flow_step(&w, &h.c[0])) {
                sift(&h);
                continue;
            }
            if (next < size) {
                struct conn c = new_conn(next, h.c[0].at + 1000);
                c.kind = flow_kind(next);
                c.stays = soak && next % 10 == 0;
                next++;
                h.c[0] = c;
            } else {
                h.c[0] = h.c[--h.n];
            }
            sift(&h);
        }
    } else if (kept) {
        if (!by_turns(&w, (uint32_t)size, start)) fprintf(stderr, "mkbench: out of memory\n");
    } else {
        staying(&w, (uint32_t)size, waiting, start);
    }
    const bool bad = ferror(w.f) != 0;
    const bool bad_close = fclose(w.f) != 0;
    free(h.c);
    fprintf(out ? stderr : stdout, "%s: %llu packets, %llu bytes\n", argv[2],
            (unsigned long long)w.packets, (unsigned long long)w.bytes + 24);
    return bad || bad_close ? 3 : 0;
}
