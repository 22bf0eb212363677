/*
 * Payloads without content; see scrub.h. Which of a connection's two halves a byte belongs to is
 * told by the addresses and not by who is the client, since that may first be guessed wrong.
 */
#include "sink/scrub.h"

#include <stdlib.h>
#include <string.h>

#include "sink/wanted.h"

enum {
    HEAD_MAX = 256 * 1024,
    UNFINISHED_MAX = 16 * 1024, /* of a head that never ended */
    CONTENT_CHUNKED = 1,        /* bits of a part: what follows the head */
    CONTENT_SWALLOWS = 2,       /* where content was owed a request line came */
    NOT_HEAD = 4,               /* chunk framing */
};
static const size_t NOWHERE = SIZE_MAX;

struct part { /* bytes that are kept, masked */
    uint64_t conn;
    uint8_t side, bits;
    aw_off from, to;
    size_t at; /* in the pool; NOWHERE: not there */
};

/* Where in a message with chunks a half is (RFC 9112, 7.1). */
enum chunk { NO_CHUNKS, SIZE, EXTENSION, DATA, DATA_END, TRAILER, TRAILER_VALUE };

struct half {
    uint64_t conn;
    uint8_t side;
    bool known;          /* base is */
    uint32_t base;       /* sequence number of offset 0 */
    aw_off near;         /* last offset looked for */
    size_t first, count; /* parts: heads first, after the masking all of them */
    size_t cursor;       /* head that is next or under way */
    enum chunk chunk;
    bool digits; /* SIZE: one was there */
    bool line;   /* TRAILER: the line is not empty */
    bool swallows;
    uint64_t left; /* of the chunk */
    size_t last;   /* part that framing is appended to; NOWHERE: none */
};

struct aw_scrub {
    const struct aw_masker *masker;
    struct aw_wanted *wanted; /* owned */
    struct part *part;        /* owned */
    size_t parts, parts_cap, parts_max;
    struct half *half; /* owned; by connection and side */
    size_t halves;
    uint8_t *pool; /* owned */
    size_t used, pool_cap, pool_max;
    uint64_t lost;
};

struct aw_scrub *aw_scrub_new(const struct aw_masker *m, size_t memory)
{
    struct aw_scrub *s = calloc(1, sizeof *s);
    if (!s) return NULL;
    *s = (struct aw_scrub){
        .masker = m,
        .parts_max = memory / 2 / sizeof(struct part),
        .pool_max = memory / 4,
        .wanted = aw_wanted_new(memory / 4),
    };
    if (s->wanted) return s;
    free(s);
    return NULL;
}

void aw_scrub_free(struct aw_scrub *s)
{
    if (!s) return;
    aw_wanted_free(s->wanted);
    free(s->part);
    free(s->half);
    free(s->pool);
    free(s);
}

/* --- room --- */

static struct part *add_part(struct aw_scrub *s, const struct part *p)
{
    if (s->parts == s->parts_cap) {
        size_t cap = s->parts_cap ? s->parts_cap * 2 : 1024;
        if (cap > s->parts_max) cap = s->parts_max;
        struct part *grown = cap > s->parts ? realloc(s->part, cap * sizeof *grown) : NULL;
        if (!grown) {
            s->lost++;
            return NULL;
        }
        s->part = grown;
        s->parts_cap = cap;
    }
    s->part[s->parts] = *p;
    return &s->part[s->parts++];
}

/* A place for `len` zero bytes; NOWHERE: no room. */
static size_t take_room(struct aw_scrub *s, size_t len)
{
    if (len > s->pool_cap - s->used) {
        size_t cap = s->pool_cap ? s->pool_cap * 2 : 64 * 1024;
        while (cap < s->used + len)
            cap *= 2;
        if (cap > s->pool_max) cap = s->pool_max;
        uint8_t *grown = cap >= s->used + len ? realloc(s->pool, cap) : NULL;
        if (!grown) {
            s->lost++;
            return NOWHERE;
        }
        s->pool = grown;
        s->pool_cap = cap;
    }
    const size_t at = s->used;
    memset(s->pool + at, 0, len);
    s->used += len;
    return at;
}

/* --- first reading: where heads lie --- */

static uint8_t side_of(const struct aw_addr *a, uint16_t port, const struct aw_addr *b,
                       uint16_t peer_port)
{
    if (a->v6 != b->v6) return a->v6;
    const int order = memcmp(a->b, b->b, sizeof a->b);
    return order != 0 ? order > 0 : port > peer_port;
}

static uint8_t side_of_conn(const struct aw_conn_facts *c, enum aw_dir d)
{
    const enum aw_dir o = aw_dir_other(d);
    return side_of(&c->addr[d], c->port[d], &c->addr[o], c->port[o]);
}

static void add_head(struct aw_scrub *s, const struct aw_exchange *x, enum aw_dir dir, aw_off from,
                     aw_off to, unsigned bits)
{
    if (from == AW_OFF_NONE) return;
    const struct part p = {
        .conn = x->conn.ord,
        .side = side_of_conn(&x->conn, dir),
        .bits = (uint8_t)bits,
        .from = from,
        .to = to,
        .at = NOWHERE,
    };
    (void)add_part(s, &p);
}

void aw_scrub_record(struct aw_scrub *s, const struct aw_record *rec, bool failing)
{
    const struct aw_exchange *x = rec->ex;
    aw_wanted_record(s->wanted, rec, failing);
    add_head(s, x, AW_C2S, x->req_off, x->head_end,
             (x->req & AW_REQ_CHUNKED ? CONTENT_CHUNKED : 0u) |
                 (x->flags & AW_F_SWALLOWED ? CONTENT_SWALLOWS : 0u));
    for (uint32_t i = 0; i < aw_interims_kept(x); i++)
        add_head(s, x, AW_S2C, x->interim[i].off, x->interim[i].end, 0);
    add_head(s, x, AW_S2C, x->final_off, x->final_head_end,
             x->res & AW_RES_CHUNKED ? CONTENT_CHUNKED : 0u);
}

static int by_place(const void *pa, const void *pb)
{
    const struct part *a = pa, *b = pb;
    if (a->conn != b->conn) return a->conn < b->conn ? -1 : 1;
    if (a->side != b->side) return a->side < b->side ? -1 : 1;
    return a->from != b->from ? (a->from < b->from ? -1 : 1) : (a->to > b->to) - (a->to < b->to);
}

static bool same_half(const struct part *a, const struct part *b)
{
    return a->conn == b->conn && a->side == b->side;
}

/* Heads get an end, and do not overlap. */
static void bound(struct aw_scrub *s)
{
    for (size_t i = 0; i < s->parts; i++) {
        struct part *p = &s->part[i];
        const bool followed = i + 1 < s->parts && same_half(p, p + 1);
        if (p->to == AW_OFF_NONE || p->to < p->from) p->to = p->from + UNFINISHED_MAX;
        if (p->to - p->from > HEAD_MAX) p->to = p->from + HEAD_MAX;
        if (followed && p->to > p[1].from) p->to = p[1].from;
    }
}

static bool make_halves(struct aw_scrub *s)
{
    size_t count = 0;
    for (size_t i = 0; i < s->parts; i++)
        count += i == 0 || !same_half(&s->part[i - 1], &s->part[i]);
    free(s->half);
    s->half = calloc(count + 1, sizeof *s->half);
    s->halves = 0;
    for (size_t i = 0; s->half && i < s->parts; i++) {
        if (i == 0 || !same_half(&s->part[i - 1], &s->part[i]))
            s->half[s->halves++] = (struct half){.conn = s->part[i].conn,
                                                 .side = s->part[i].side,
                                                 .first = i,
                                                 .cursor = i,
                                                 .last = NOWHERE};
        s->half[s->halves - 1].count++;
    }
    return s->half != NULL;
}

bool aw_scrub_begin(struct aw_scrub *s)
{
    size_t kept = 0;
    for (size_t i = 0; i < s->parts; i++)
        if (aw_wanted_has(s->wanted, s->part[i].conn)) s->part[kept++] = s->part[i];
    s->parts = kept;
    if (kept) qsort(s->part, kept, sizeof *s->part, by_place);
    bound(s);
    return aw_wanted_any(s->wanted) && make_halves(s);
}

/* --- second reading: their bytes --- */

static struct half *find_half(const struct aw_scrub *s, uint64_t conn, uint8_t side)
{
    size_t from = 0, to = s->halves;
    while (from < to) {
        const size_t mid = from + (to - from) / 2;
        struct half *h = &s->half[mid];
        if (h->conn == conn && h->side == side) return h;
        if (h->conn < conn || (h->conn == conn && h->side < side))
            from = mid + 1;
        else
            to = mid;
    }
    return NULL;
}

/* Keeps a byte of framing at this offset. */
static void keep_byte(struct aw_scrub *s, struct half *h, aw_off off, uint8_t byte)
{
    struct part *p = h->last != NOWHERE ? &s->part[h->last] : NULL;
    if (!p || p->to != off || p->at + (size_t)(p->to - p->from) != s->used) {
        const struct part fresh = {.conn = h->conn,
                                   .side = h->side,
                                   .bits = NOT_HEAD,
                                   .from = off,
                                   .to = off,
                                   .at = s->used};
        p = add_part(s, &fresh);
        h->last = p ? s->parts - 1 : NOWHERE;
        if (!p) return;
    }
    const size_t at = take_room(s, 1);
    if (at == NOWHERE) return;
    s->pool[at] = byte;
    p->to++;
}

static int hex(uint8_t c)
{
    if (c >= '0' && c <= '9') return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void begin_chunk(struct half *h)
{
    h->chunk = SIZE;
    h->digits = false;
    h->left = 0;
}

static int end_size_line(struct half *h)
{
    h->chunk = h->left ? DATA : TRAILER;
    h->line = false;
    return '\n';
}

/* One byte of a message with chunks, outside their data: what to keep in its place; -1: nothing. */
static int take_framing(struct half *h, uint8_t c)
{
    const int digit = hex(c);
    switch (h->chunk) {
    case SIZE:
        if (digit >= 0 && h->left >> 60 == 0) {
            h->left = h->left << 4 | (unsigned)digit;
            h->digits = true;
            return c;
        }
        if (!h->digits || (c != '\r' && c != '\n' && c != ';' && c != ' ' && c != '\t')) break;
        h->chunk = EXTENSION;
        return c == '\n' ? end_size_line(h) : c;
    case EXTENSION:
        if (c == '\n') return end_size_line(h);
        return c == '\r' ? c : 'x';
    case DATA_END:
        if (c == '\n') begin_chunk(h);
        if (c != '\n' && c != '\r') break;
        return c;
    case TRAILER:
    case TRAILER_VALUE:
        if (c == '\n') {
            h->chunk = h->line ? TRAILER : NO_CHUNKS;
            h->line = false;
            return c;
        }
        if (c == '\r') return c;
        h->line = true;
        if (c == ':' && h->chunk == TRAILER) {
            h->chunk = TRAILER_VALUE;
            return c;
        }
        return 'x';
    case NO_CHUNKS:
    case DATA:
        break;
    }
    h->chunk = NO_CHUNKS; /* no framing that we know: what follows is not shown */
    return -1;
}

static void take_chunks(struct aw_scrub *s, struct half *h, aw_off off, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n && h->chunk != NO_CHUNKS;) {
        if (h->chunk == DATA) {
            const size_t skip = h->left < n - i ? (size_t)h->left : n - i;
            h->left -= skip;
            i += skip;
            if (h->left == 0) h->chunk = DATA_END;
            continue;
        }
        const int keep = take_framing(h, p[i]);
        if (keep >= 0) keep_byte(s, h, off + (aw_off)i, (uint8_t)keep);
        i++;
    }
}

/* The length of a request head that begins here; 0: none does. */
static size_t request_here(const uint8_t *p, size_t n)
{
    const uint8_t *nl = memchr(p, '\n', n);
    const size_t line = nl ? (size_t)(nl - p) : 0;
    size_t method = 0;
    while (method < line && p[method] >= 'A' && p[method] <= 'Z')
        method++;
    if (method < 3 || method == line || p[method] != ' ') return 0;
    if (!memmem(p, line, " HTTP/1.", 8)) return 0;
    const uint8_t *end = memmem(p, n, "\r\n\r\n", 4);
    return end ? (size_t)(end - p) + 4 : 0;
}

/* A request where content was owed is the verdict's proof: its head is kept as one. */
static void take_swallowed(struct aw_scrub *s, struct half *h, aw_off off, const uint8_t *p,
                           size_t n)
{
    const size_t len = request_here(p, n);
    const size_t at = len ? take_room(s, len) : NOWHERE;
    const struct part head = {.conn = h->conn,
                              .side = h->side,
                              .bits = NOT_HEAD,
                              .from = off,
                              .to = off + (aw_off)len,
                              .at = at};
    if (at == NOWHERE) return;
    memcpy(s->pool + at, p, len);
    aw_mask_head(s->masker, s->pool + at, len);
    (void)add_part(s, &head);
}

/* Bytes between heads. */
static void take_content(struct aw_scrub *s, struct half *h, aw_off off, const uint8_t *p, size_t n)
{
    if (h->swallows && (h->chunk == NO_CHUNKS || (h->chunk == SIZE && !h->digits)))
        take_swallowed(s, h, off, p, n);
    take_chunks(s, h, off, p, n);
}

static void begin_content(struct half *h, const struct part *head)
{
    h->chunk = NO_CHUNKS;
    if (head->bits & CONTENT_CHUNKED) begin_chunk(h);
    h->swallows = (head->bits & CONTENT_SWALLOWS) != 0;
    h->last = NOWHERE;
}

static void take_bytes(struct aw_scrub *s, struct half *h, aw_off off, const uint8_t *p, size_t n)
{
    const size_t end = h->first + h->count;
    while (n > 0) {
        const struct part *head = h->cursor < end ? &s->part[h->cursor] : NULL;
        size_t now = n;
        if (!head || off < head->from) {
            if (head && (uint64_t)(head->from - off) < n) now = (size_t)(head->from - off);
            take_content(s, h, off, p, now);
        } else if (off < head->to) {
            if ((uint64_t)(head->to - off) < n) now = (size_t)(head->to - off);
            size_t at = head->at;
            if (at == NOWHERE && (at = take_room(s, (size_t)(head->to - head->from))) != NOWHERE)
                s->part[h->cursor].at = at;
            if (at != NOWHERE) memcpy(s->pool + at + (size_t)(off - head->from), p, now);
        } else {
            begin_content(h, head);
            h->cursor++;
            continue;
        }
        off += (aw_off)now;
        p += now;
        n -= now;
    }
}

void aw_scrub_stream(struct aw_scrub *s, const struct aw_conn_facts *conn,
                     const struct aw_stream_piece *piece)
{
    struct half *h = find_half(s, piece->conn_ord, side_of_conn(conn, piece->dir));
    if (!h || piece->close) return;
    h->known = true;
    h->base = piece->seq - (uint32_t)piece->off;
    if (piece->data) {
        take_bytes(s, h, piece->off, piece->data, (size_t)piece->len);
    } else if (h->chunk == DATA && piece->len <= h->left) {
        h->left -= piece->len;
        if (h->left == 0) h->chunk = DATA_END;
    } else {
        h->chunk = NO_CHUNKS; /* the place is lost */
    }
}

/* --- third reading: payloads --- */

void aw_scrub_mask(struct aw_scrub *s)
{
    struct half *old = s->half;
    const size_t count = s->halves;
    for (size_t i = 0; i < s->parts; i++) {
        const struct part *p = &s->part[i];
        if (p->at != NOWHERE && !(p->bits & NOT_HEAD))
            aw_mask_head(s->masker, s->pool + p->at, (size_t)(p->to - p->from));
    }
    if (s->parts) qsort(s->part, s->parts, sizeof *s->part, by_place);
    s->half = NULL;
    if (!make_halves(s)) s->halves = 0; /* all stays zero */
    for (size_t i = 0; i < count && i < s->halves; i++) {
        s->half[i].known = old[i].known;
        s->half[i].base = old[i].base;
    }
    free(old);
}

bool aw_scrub_wants(const struct aw_scrub *s, uint64_t conn_ord)
{
    return aw_wanted_has(s->wanted, conn_ord);
}

/* The first part that ends behind the offset. */
static size_t first_behind(const struct aw_scrub *s, const struct half *h, aw_off off)
{
    size_t from = h->first, to = h->first + h->count;
    while (from < to) {
        const size_t mid = from + (to - from) / 2;
        if (s->part[mid].to <= off)
            from = mid + 1;
        else
            to = mid;
    }
    return from;
}

void aw_scrub_payload(struct aw_scrub *s, const struct aw_tap_segment *seg, uint8_t *to)
{
    const size_t len = seg->payload_len;
    memset(to, 0, len);
    struct half *h =
        find_half(s, seg->conn_ord, side_of(&seg->src, seg->sport, &seg->dst, seg->dport));
    if (!h || !h->known || len == 0) return;
    const uint32_t seq = seg->seq + ((seg->flags & 2) != 0); /* a SYN takes a number */
    const aw_off off = h->near + (int32_t)(seq - (h->base + (uint32_t)h->near));
    const aw_off end = off + (aw_off)len;
    h->near = off;
    for (size_t i = first_behind(s, h, off); i < h->first + h->count; i++) {
        const struct part *p = &s->part[i];
        if (p->from >= end) break;
        if (p->at == NOWHERE) continue;
        const aw_off from = p->from > off ? p->from : off, until = p->to < end ? p->to : end;
        memcpy(to + (size_t)(from - off), s->pool + p->at + (size_t)(from - p->from),
               (size_t)(until - from));
    }
}

uint64_t aw_scrub_lost(const struct aw_scrub *s)
{
    return s->lost + aw_wanted_forgotten(s->wanted);
}
