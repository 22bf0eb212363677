/*
 * Heads, the places between messages, holes and ends, for both directions alike; and the one
 * decision that bytes alone do not settle: whether what follows an early final response is the
 * content that the request announced, or the next request (decide_hold). Knows framing and pairing;
 * what Expect means is for the rooms above.
 */
#include "http/http1.h"

#include <string.h>

#include "http/sniff.h"
#include "http/token.h"

/* A line that may be a message's first is held back for so long where it may be content as well. */
enum { HOLD_MAX = 16 * 1024 };
/* A line without end is no start line after so many bytes, unless its method is a known one. */
enum { WORD_LINE_MAX = 8 * 1024 };

/* --- events --- */

struct aw_http_event aw_run_event(const struct aw_run *r, enum aw_http_event_kind kind,
                                  uint32_t xid, aw_off off, aw_off end)
{
    const struct aw_chunk *c = r->chunk;
    return (struct aw_http_event){
        .kind = kind,
        .dir = r->dir,
        .conflict = c->conflict,
        .xid = xid,
        .bytes = (uint64_t)(end - off),
        .off = off,
        .end = end,
        .first = c->seen,
        .last = c->seen,
        .ack_off = c->ack_off,
        .peer_high = c->peer_high,
        .ttl = c->ttl,
    };
}

void aw_run_emit(const struct aw_run *r, const struct aw_http_event *ev)
{
    r->sink(r->ctx, ev);
}

static struct aw_from chunk_from(const struct aw_chunk *c)
{
    return (struct aw_from){c->seen, c->seen, c->ack_off, c->peer_high, c->ttl, c->conflict};
}

static void set_from(struct aw_http_event *ev, const struct aw_from *from)
{
    ev->first = from->first;
    ev->last = from->last;
    ev->ack_off = from->ack_off;
    ev->peer_high = from->peer_high;
    ev->ttl = from->ttl;
    ev->conflict = from->conflict;
}

void aw_http1_broken(struct aw_run *r, struct aw_http_event *ev, enum aw_http_why why, bool cut)
{
    ev->why = why;
    ev->cut = cut;
    r->h->stats->broken[why]++;
    aw_run_emit(r, ev);
}

static void emit_junk(struct aw_run *r, const struct aw_side *s, aw_off off, uint64_t n,
                      const struct aw_from *from)
{
    struct aw_http_event ev = aw_run_event(r, AW_HTTP_JUNK, 0, off, off + (aw_off)n);
    if (from != NULL) set_from(&ev, from);
    ev.why = (enum aw_http_why)s->why;
    ev.part = AW_IN_BETWEEN;
    r->h->stats->junk_bytes += n;
    aw_run_emit(r, &ev);
}

/* Bytes passed over. Before HTTP was seen they are only counted: it may be no HTTP at all. */
static void junk(struct aw_run *r, struct aw_side *s, aw_off off, uint64_t n,
                 const struct aw_from *from)
{
    if (n == 0 || s->after_connect) return; /* early bytes of a tunnel are no junk */
    if (r->h->is_http) {
        emit_junk(r, s, off, n, from);
        return;
    }
    if (s->u.junk.bytes == 0) s->u.junk.off = off;
    s->u.junk.bytes += n;
}

static void drop_gather_as_junk(struct aw_run *r, struct aw_side *s)
{
    if (s->gather == NULL) return;
    junk(r, s, s->gather->off, s->gather->len, &s->gather->from);
    aw_gather_drop(r->h, s);
}

/* This is HTTP: what had been passed over in both directions was junk in between. */
static void note_http(struct aw_run *r)
{
    struct aw_http *h = r->h;
    if (h->is_http) return;
    h->is_http = true;
    const enum aw_dir dir = r->dir;
    for (unsigned d = 0; d < 2; d++) {
        struct aw_side *s = &h->side[d];
        const aw_off off = s->u.junk.off;
        const uint64_t bytes = s->u.junk.bytes;
        s->u.last = (struct aw_mark){0};
        r->dir = (enum aw_dir)d;
        if (bytes != 0) emit_junk(r, s, off, bytes, NULL);
    }
    r->dir = dir;
}

void aw_http1_lose(struct aw_run *r, struct aw_side *s, enum aw_http_why why, bool midline)
{
    aw_gather_drop(r->h, s);
    s->state = AW_SIDE_START;
    s->why = (uint8_t)why;
    s->lost = true;
    s->midline = midline;
    s->holding = false;
    s->begun = false;
    s->maybe_head = false;
    s->xid = 0;
    if (r->dir == AW_C2S) r->h->answered_end = AW_OFF_NONE;
}

/* --- heads --- */

static uint32_t reserve_xid(struct aw_http *h, struct aw_side *s, aw_off off, aw_off ack, bool head)
{
    s->xid = ++h->next_xid;
    h->answered_end = AW_OFF_NONE;
    aw_pair_ask(h, &(struct aw_asked){.off = off, .ack = ack, .xid = s->xid, .head = head});
    return s->xid;
}

/* The final response of request `xid` is there, its head ends at `end`. */
static void answer(struct aw_http *h, uint32_t xid, aw_off end)
{
    h->answered = xid;
    aw_pair_pop(h);
    if (h->side[AW_C2S].xid == xid) h->answered_end = end;
}

/* Whether the beginning of a line is surely that of a head: a known method and a space, "HTTP/". */
static bool is_begun(enum aw_dir dir, struct aw_span bytes)
{
    if (aw_guess_start(dir, bytes.p, bytes.len, false, true) == AW_GUESS_NO) return false;
    return dir == AW_C2S ? memchr(bytes.p, ' ', bytes.len) != NULL : bytes.len > 5;
}

/* Whether what is gathered is surely the beginning of a head. */
static bool looks_begun(const struct aw_side *s, enum aw_dir dir)
{
    const struct aw_gather *g = s->gather;
    if (g == NULL || s->holding) return false;
    return s->state == AW_SIDE_HEAD || is_begun(dir, (struct aw_span){g->bytes, g->len});
}

/* The request whose head is still on its way, where a response acknowledges its first byte: servers
 * answer 400, 408, 431 to half a head. It gets its xid now. */
static struct aw_asked *match_half_head(struct aw_http *h, aw_off ack)
{
    struct aw_side *s = &h->side[AW_C2S];
    if (s->xid != 0 || !looks_begun(s, AW_C2S)) return NULL;
    const struct aw_gather *g = s->gather;
    if (ack != AW_OFF_NONE && ack <= g->off) return NULL;
    const bool head = g->len > 5 && memcmp(g->bytes, "HEAD ", 5) == 0;
    return aw_pair_find(h, reserve_xid(h, s, g->off, g->from.ack_off, head));
}

static struct aw_asked *match_response(struct aw_run *r, aw_off ack)
{
    struct aw_asked *asked = aw_pair_match(r, ack);
    return asked != NULL ? asked : match_half_head(r->h, ack);
}

static void begin_content(struct aw_side *s, const struct aw_from *from)
{
    s->begun = false;
    s->left = 0;
    s->digits = false;
    s->u.last = from->last;
}

static void switch_protocol(struct aw_run *r, uint32_t xid, aw_off off)
{
    struct aw_http_event ev = aw_run_event(r, AW_HTTP_SWITCHED, xid, off, off);
    for (unsigned d = 0; d < 2; d++) {
        aw_gather_drop(r->h, &r->h->side[d]);
        r->h->side[d].state = AW_SIDE_OVER;
    }
    aw_run_emit(r, &ev);
}

/* Where the content of the head's message ends cannot be told. */
static void broken_length(struct aw_run *r, struct aw_side *s, aw_off end,
                          const struct aw_from *from)
{
    struct aw_http_event ev = aw_run_event(r, AW_HTTP_BROKEN, s->xid, end, end);
    set_from(&ev, from);
    ev.part = AW_IN_CONTENT;
    aw_http1_broken(r, &ev, AW_WHY_BAD_LENGTH, false);
    aw_http1_lose(r, s, AW_WHY_BAD_LENGTH, false);
}

static void frame(struct aw_run *r, struct aw_side *s, const struct aw_head *head,
                  enum aw_length_state lengths, aw_off end, const struct aw_from *from)
{
    begin_content(s, from);
    if (r->dir == AW_S2C && head->no_content) {
        aw_content_end(r, s, end, false);
    } else if (head->chunked) {
        s->state = AW_SIDE_SIZE;
    } else if (head->until_close) {
        s->state = AW_SIDE_CLOSE;
        s->left = (uint64_t)end;
    } else if (lengths != AW_LENGTH_OK || head->has_te) {
        broken_length(r, s, end, from);
    } else if (head->length > 0) {
        s->state = AW_SIDE_LENGTH;
        s->left = (uint64_t)head->length;
    } else {
        aw_content_end(r, s, end, false);
    }
}

static void request(struct aw_run *r, struct aw_side *s, const struct aw_head *head,
                    enum aw_length_state lengths, aw_off off, const struct aw_from *from)
{
    struct aw_http *h = r->h;
    const aw_off end = off + (aw_off)head->raw.len;
    if (s->xid == 0) (void)reserve_xid(h, s, off, from->ack_off, false);
    struct aw_asked *asked = aw_pair_find(h, s->xid);
    if (asked != NULL) {
        asked->head = (head->req & AW_REQ_HEAD) != 0;
        asked->connect = (head->req & AW_REQ_CONNECT) != 0;
        asked->upgrade = (head->req & AW_REQ_UPGRADE) != 0;
    }
    s->after_connect = (head->req & AW_REQ_CONNECT) != 0;
    h->stats->requests++;
    struct aw_http_event ev = aw_run_event(r, AW_HTTP_REQUEST, s->xid, off, end);
    set_from(&ev, from);
    ev.head = head;
    aw_run_emit(r, &ev);
    frame(r, s, head, lengths, end, from);
}

static void response(struct aw_run *r, struct aw_side *s, struct aw_head *head,
                     enum aw_length_state lengths, aw_off off, const struct aw_from *from)
{
    struct aw_http *h = r->h;
    const aw_off end = off + (aw_off)head->raw.len;
    const struct aw_asked *found = match_response(r, from->ack_off);
    const struct aw_asked asked = found != NULL ? *found : (struct aw_asked){0};
    const bool interim = head->status < 200;
    aw_head_frame_response(head, asked.head, asked.connect);
    /* An interim response that nothing waits for comes after a final one, and belongs to that. */
    s->xid = found == NULL && interim ? h->answered : asked.xid;
    if (found != NULL && !interim) answer(h, asked.xid, end);

    struct aw_http_event ev = aw_run_event(r, AW_HTTP_RESPONSE, s->xid, off, end);
    set_from(&ev, from);
    ev.head = head;
    if (interim)
        h->stats->interims++;
    else
        h->stats->responses++;
    aw_run_emit(r, &ev);

    const uint32_t xid = s->xid;
    if (interim) {
        /* It ends at its empty line whatever its fields say (RFC 9112, 6.3, 1). */
        s->state = AW_SIDE_START;
        s->xid = 0;
        if (head->status == 101 && (found == NULL || asked.upgrade)) switch_protocol(r, xid, end);
        return;
    }
    s->error_left = head->status >= 400 ? AW_ERROR_DATA : 0;
    s->maybe_head = found == NULL;
    frame(r, s, head, lengths, end, from);
    h->side[AW_C2S].after_connect &= !asked.connect;
    if (asked.connect && head->status < 300) switch_protocol(r, xid, end);
}

/* A start line that cannot be read, or a head that broke off, with what there is of it. */
static void broken_head(struct aw_run *r, struct aw_side *s, struct aw_span bytes, aw_off off,
                        const struct aw_from *from, enum aw_http_why why, bool cut)
{
    struct aw_head_scratch scratch;
    struct aw_head head;
    enum aw_length_state lengths;
    note_http(r);
    (void)aw_head_parse(r->dir, bytes.p, bytes.len, &scratch, &head, &lengths);
    uint32_t xid = s->xid;
    if (r->dir == AW_C2S) {
        if (xid == 0) xid = reserve_xid(r->h, s, off, from->ack_off, (head.req & AW_REQ_HEAD) != 0);
    } else {
        const struct aw_asked *asked = match_response(r, from->ack_off);
        xid = asked == NULL ? 0 : asked->xid;
        /* What cannot be read any further still was an answer; an interim one was not the last. */
        if (asked != NULL && (head.status >= 200 || why == AW_WHY_BAD_START_LINE))
            answer(r->h, xid, off + (aw_off)bytes.len);
    }
    struct aw_http_event ev = aw_run_event(r, AW_HTTP_BROKEN, xid, off, off + (aw_off)bytes.len);
    set_from(&ev, from);
    ev.part = AW_IN_HEAD;
    ev.head = &head;
    aw_http1_broken(r, &ev, why, cut);
}

static void complete(struct aw_run *r, struct aw_side *s, struct aw_span bytes, aw_off off,
                     const struct aw_from *from)
{
    struct aw_head_scratch scratch;
    struct aw_head head;
    enum aw_length_state lengths;
    if (!aw_head_parse(r->dir, bytes.p, bytes.len, &scratch, &head, &lengths)) {
        broken_head(r, s, bytes, off, from, AW_WHY_BAD_START_LINE, false);
        aw_http1_lose(r, s, AW_WHY_BAD_START_LINE, false);
        return;
    }
    if (s->lost && r->h->is_http) r->h->stats->resyncs++;
    note_http(r);
    s->lost = false;
    s->why = AW_WHY_NONE;
    if (r->dir == AW_C2S)
        request(r, s, &head, lengths, off, from);
    else
        response(r, s, &head, lengths, off, from);
}

static void complete_gathered(struct aw_run *r, struct aw_side *s)
{
    /* Taken off the side first: what the message starts may gather anew. */
    struct aw_gather *g = s->gather;
    s->gather = NULL;
    complete(r, s, (struct aw_span){g->bytes, g->len}, g->off, &g->from);
    aw_pool_put(r->h->pool, g, g->size);
}

/* Gathers bytes of a head; where that cannot be, the head is given up and the place lost. */
static bool gather_or_lose(struct aw_run *r, struct aw_side *s, const uint8_t *p, size_t n)
{
    const struct aw_gather *g = s->gather;
    const size_t have = g == NULL ? 0 : g->len;
    if (aw_gather_add(r, s, p, n)) return true;
    const enum aw_http_why why = have + n > AW_HEAD_MAX ? AW_WHY_HEAD_TOO_LONG : AW_WHY_NO_MEMORY;
    if (g != NULL && looks_begun(s, r->dir)) {
        broken_head(r, s, (struct aw_span){g->bytes, g->len}, g->off, &g->from, why, false);
    } else if (g == NULL && is_begun(r->dir, (struct aw_span){p, n})) {
        const struct aw_from from = chunk_from(r->chunk);
        broken_head(r, s, (struct aw_span){p, n}, aw_run_off(r, p), &from, why, false);
    }
    aw_http1_lose(r, s, why, true);
    return false;
}

/* In a head of which the beginning is gathered. Returns the bytes taken. */
static size_t take_head(struct aw_run *r, struct aw_side *s, const uint8_t *p, size_t n)
{
    struct aw_gather *g = s->gather;
    size_t at = 0;
    for (size_t line; (line = aw_tok_line(p + at, n - at)) != 0;) {
        const size_t len = g->len + at + line - g->line;
        const uint8_t first = g->line < g->len ? g->bytes[g->line] : p[g->line - g->len];
        at += line;
        if (len == 1 || (len == 2 && first == '\r')) {
            if (gather_or_lose(r, s, p, at)) complete_gathered(r, s);
            return at;
        }
        if (g->len + at > AW_HEAD_MAX) break;
        g->line = (uint32_t)(g->len + at);
    }
    (void)gather_or_lose(r, s, p, n);
    return n;
}

/* A sure start line of `line` bytes lies at p. Returns the bytes taken. */
static size_t take_head_in_place(struct aw_run *r, struct aw_side *s, const uint8_t *p, size_t n,
                                 size_t line)
{
    size_t at = line, last = line;
    while ((line = aw_tok_line(p + at, n - at)) != 0) {
        last = at;
        at += line;
        if (aw_tok_is_empty_line(p + last, line)) {
            const struct aw_from from = chunk_from(r->chunk);
            if (at <= AW_HEAD_MAX) {
                complete(r, s, (struct aw_span){p, at}, aw_run_off(r, p), &from);
                return at;
            }
            break;
        }
        last = at;
    }
    if (gather_or_lose(r, s, p, n)) {
        s->gather->line = (uint32_t)last;
        s->state = AW_SIDE_HEAD;
    }
    return n;
}

/* --- between messages --- */

/* Guesses what begins here; sets r->swap where it shows that the directions are mixed up. */
static enum aw_guess judge_start(struct aw_run *r, struct aw_side *s, const uint8_t *p, size_t n,
                                 bool whole)
{
    const struct aw_http *h = r->h;
    enum aw_guess guess = aw_guess_start(r->dir, p, n, whole, s->lost);
    if (h->is_http) return guess;
    bool more = false;
    const enum aw_http_why why = aw_guess_opaque(p, n, &more);
    if (why != AW_WHY_NONE) {
        s->why = (uint8_t)why;
        return AW_GUESS_NO;
    }
    if (more) return AW_GUESS_MORE;
    if (!h->client_known && guess != AW_GUESS_SURE) {
        const enum aw_guess other = aw_guess_start(aw_dir_other(r->dir), p, n, whole, true);
        if (other == AW_GUESS_SURE) r->swap = true;
        if (other == AW_GUESS_MORE && guess == AW_GUESS_NO) guess = AW_GUESS_MORE;
    }
    return guess;
}

static bool is_opaque(const struct aw_side *s)
{
    return s->why == AW_WHY_TLS || s->why == AW_WHY_HTTP2;
}

/* What was judged is no start line: from here on only a sure one counts. */
static void no_start(struct aw_run *r, struct aw_side *s, bool midline)
{
    if (!is_opaque(s) && !s->lost)
        s->why = !r->h->is_http                         ? AW_WHY_NOT_HTTP
                 : r->dir == AW_S2C && r->h->count != 0 ? AW_WHY_HTTP09
                                                        : AW_WHY_BAD_START_LINE;
    s->lost = true;
    s->midline = midline;
}

/* Takes bytes that begin where a message may begin. Returns how many. */
static size_t take_start(struct aw_run *r, struct aw_side *s, const uint8_t *p, size_t n)
{
    const size_t line = aw_tok_line(p, n), k = line != 0 ? line : n;
    if (s->midline) {
        s->midline = line == 0;
        junk(r, s, aw_run_off(r, p), k, NULL);
        return k;
    }
    if (s->gather == NULL && (*p == '\r' || *p == '\n')) { /* blank lines: RFC 9112, 2.2 */
        if (s->lost) junk(r, s, aw_run_off(r, p), 1, NULL);
        return 1;
    }

    const bool held = s->gather != NULL;
    enum aw_guess guess = AW_GUESS_MORE;
    if (held) {
        const uint32_t before = s->gather->len;
        if (!gather_or_lose(r, s, p, k)) return k;
        if (line != 0 || before < AW_GUESS_PREFIX)
            guess = judge_start(r, s, s->gather->bytes, s->gather->len, line != 0);
        else if (s->gather->len > WORD_LINE_MAX && !looks_begun(s, r->dir))
            guess = AW_GUESS_NO;
    } else {
        guess = judge_start(r, s, p, k, line != 0);
    }
    if (r->swap) return k;

    switch (guess) {
    case AW_GUESS_MORE:
        if (!held) (void)gather_or_lose(r, s, p, k);
        return k;
    case AW_GUESS_NO: {
        no_start(r, s, line == 0 || is_opaque(s));
        drop_gather_as_junk(r, s);
        const size_t over = is_opaque(s) ? n : k;
        junk(r, s, aw_run_off(r, p) + (held ? (aw_off)k : 0), held ? over - k : over, NULL);
        return over;
    }
    case AW_GUESS_BARE: {
        const struct aw_from from = held ? s->gather->from : chunk_from(r->chunk);
        const struct aw_span bytes =
            held ? (struct aw_span){s->gather->bytes, s->gather->len} : (struct aw_span){p, k};
        const enum aw_http_why why = r->dir == AW_C2S && memcmp(bytes.p, "GET ", 4) == 0
                                         ? AW_WHY_HTTP09
                                         : AW_WHY_BAD_START_LINE;
        broken_head(r, s, bytes, held ? s->gather->off : aw_run_off(r, p), &from, why, false);
        aw_http1_lose(r, s, why, false);
        return k;
    }
    case AW_GUESS_LOOSE:
    case AW_GUESS_SURE:
        if (!held) return take_head_in_place(r, s, p, n, line);
        s->gather->line = s->gather->len;
        s->state = AW_SIDE_HEAD;
        return k;
    }
    return k;
}

/* --- content, or the next message? --- */

/*
 * Whether the bytes at hand may be the next message although content is owed by framing:
 *  - a client that had received the final response when it sent them (the segment acknowledges the
 *    end of its head) need not send the content any more. A client that had not cannot begin a new
 *    request, so what looks like one is content: an upload of a file may begin with a request line.
 *    Where the acknowledgement was not captured, only content that has not begun is doubted.
 *  - a server's response until close is over if the client has sent its next request after it, and
 *    this segment acknowledges that; so is one to a request unseen, which may have been HEAD.
 */
static bool may_be_next(const struct aw_run *r, const struct aw_side *s, bool at_segment)
{
    struct aw_http *h = r->h;
    const aw_off ack = r->chunk->ack_off;
    if (r->no_hold) return false;
    if (r->dir == AW_S2C) {
        if (s->maybe_head && !s->begun) return true;
        if (s->state != AW_SIDE_CLOSE || !at_segment || h->count == 0) return false;
        const struct aw_asked *next = (h->cap > 2 ? h->asked.out : h->asked.in) + h->first;
        return next->ack != AW_OFF_NONE && next->ack >= (aw_off)s->left &&
               (ack == AW_OFF_NONE || ack > next->off);
    }
    if (h->answered_end == AW_OFF_NONE || !at_segment) return false;
    if (s->state == AW_SIDE_SIZE ? s->digits : s->state > AW_SIDE_SIZE && s->state != AW_SIDE_DATA)
        return false; /* in the middle of chunk framing: half a line is no place to begin */
    return ack == AW_OFF_NONE ? !s->begun : ack >= h->answered_end;
}

/* NO: content. SURE: the next message. MORE: not to be told yet. */
static enum aw_guess judge_next(enum aw_dir dir, const uint8_t *p, size_t n, bool whole)
{
    if (dir == AW_S2C) return aw_guess_status(p, n, whole, true);
    if (*p < 'A' || *p > 'Z') return AW_GUESS_NO; /* so that text is not held back line by line */
    const enum aw_guess guess = aw_guess_request(p, n, whole, false);
    if (guess != AW_GUESS_LOOSE) return guess == AW_GUESS_BARE ? AW_GUESS_NO : guess;
    struct aw_request_line l;
    return aw_split_request((struct aw_span){p, n}, &l) && l.exact && l.target.len != 0
               ? AW_GUESS_SURE
               : AW_GUESS_NO;
}

/* The message under way is over: what lies at `off` begins the next one. */
static void begin_next(struct aw_run *r, struct aw_side *s, aw_off off, const struct aw_from *from)
{
    if (r->dir == AW_S2C) {
        aw_content_end(r, s, off, false);
        return;
    }
    struct aw_http_event ev = aw_run_event(r, AW_HTTP_WITHHELD, s->xid, off, off);
    set_from(&ev, from);
    ev.part = AW_IN_CONTENT;
    ev.bytes = s->state == AW_SIDE_LENGTH ? s->left : 0; /* chunked: nobody knows */
    s->state = AW_SIDE_START;
    s->xid = 0;
    s->begun = false;
    r->h->answered_end = AW_OFF_NONE;
    aw_run_emit(r, &ev);
}

static void feed(struct aw_run *r, struct aw_side *s, const uint8_t *p, size_t n);

/* What was held back is content after all. */
static void replay(struct aw_run *r, struct aw_side *s)
{
    struct aw_gather *g = s->gather;
    s->gather = NULL;
    s->holding = false;
    const struct aw_chunk chunk = {
        .kind = AW_CHUNK_DATA,
        .dir = r->dir,
        .conflict = g->from.conflict,
        .ttl = g->from.ttl,
        .data = g->bytes,
        .len = g->len,
        .off = g->off,
        .seen = g->from.first,
        .ready = g->from.last,
        .ack_off = g->from.ack_off,
        .peer_high = g->from.peer_high,
    };
    struct aw_run again = *r;
    again.chunk = &chunk;
    again.no_hold = true;
    feed(&again, s, chunk.data, g->len);
    if (aw_side_in_content(s) && g->from.last.ord > s->u.last.ord) s->u.last = g->from.last;
    aw_pool_put(r->h->pool, g, g->size);
}

/*
 * THE decision. Takes bytes from where the next message may begin, until the line that decides is
 * whole. Returns how many were taken; 0: they are content, or a message, and `state` says which.
 */
static size_t decide_hold(struct aw_run *r, struct aw_side *s, const uint8_t *p, size_t n)
{
    const size_t line = aw_tok_line(p, n), k = line != 0 ? line : n;
    if (!s->holding) {
        const enum aw_guess guess = judge_next(r->dir, p, k, line != 0);
        if (guess == AW_GUESS_SURE) {
            const struct aw_from from = chunk_from(r->chunk);
            begin_next(r, s, aw_run_off(r, p), &from);
            return 0;
        }
        if (guess != AW_GUESS_MORE || k > HOLD_MAX || !aw_gather_add(r, s, p, k)) return 0;
        s->holding = true;
        return k;
    }
    const uint32_t before = s->gather->len;
    if (before + k > HOLD_MAX || !aw_gather_add(r, s, p, k)) {
        replay(r, s);
        return 0;
    }
    if (line == 0 && before >= AW_GUESS_PREFIX) return k;
    struct aw_gather *g = s->gather;
    const enum aw_guess guess = judge_next(r->dir, g->bytes, g->len, line != 0);
    if (guess == AW_GUESS_MORE) return k;
    if (guess == AW_GUESS_SURE) {
        begin_next(r, s, g->off, &g->from);
        s->holding = false;
        g->line = g->len;
        s->state = AW_SIDE_HEAD;
        return k;
    }
    replay(r, s);
    return k;
}

/* --- what comes in --- */

static void feed(struct aw_run *r, struct aw_side *s, const uint8_t *p, size_t n)
{
    bool at_segment = true;
    while (n != 0 && !r->swap && s->state != AW_SIDE_OVER) {
        size_t k = 0;
        if (s->holding) {
            k = decide_hold(r, s, p, n);
        } else if (aw_side_in_content(s)) {
            if (may_be_next(r, s, at_segment)) k = decide_hold(r, s, p, n);
            if (k == 0 && aw_side_in_content(s)) k = aw_content_take(r, s, p, n);
        } else if (s->state == AW_SIDE_HEAD) {
            k = take_head(r, s, p, n);
        } else {
            k = take_start(r, s, p, n);
        }
        p += k;
        n -= k;
        if (k != 0) at_segment = false;
    }
}

/* While the place is lost, a segment that begins with a start line counts, even in the middle of a
 * line: content before it need not end with a line. */
static void restart_line(struct aw_run *r, struct aw_side *s)
{
    s->midline = false;
    if (s->gather == NULL) return;
    const size_t n = (size_t)r->chunk->len, line = aw_tok_line(r->chunk->data, n);
    const size_t k = line != 0 ? line : n;
    if (aw_guess_start(r->dir, r->chunk->data, k, line != 0, true) == AW_GUESS_SURE)
        drop_gather_as_junk(r, s);
}

void aw_http1_data(struct aw_run *r)
{
    struct aw_side *s = &r->h->side[r->dir];
    if (s->state == AW_SIDE_START && s->lost) restart_line(r, s);
    feed(r, s, r->chunk->data, (size_t)r->chunk->len);
}

static void gap(struct aw_run *r, uint32_t xid, enum aw_http_part part, aw_off off, uint64_t n)
{
    struct aw_http_event ev = aw_run_event(r, AW_HTTP_GAP, xid, off, off + (aw_off)n);
    ev.part = part;
    ev.cut = r->chunk->cut;
    aw_run_emit(r, &ev);
}

void aw_http1_hole(struct aw_run *r)
{
    struct aw_http *h = r->h;
    struct aw_side *s = &h->side[r->dir];
    aw_off off = r->chunk->off;
    uint64_t n = r->chunk->len;
    const bool cut = r->chunk->cut;
    if (s->holding) replay(r, s);
    if (s->state == AW_SIDE_OVER || n == 0) return;
    if (aw_side_in_content(s)) {
        const uint64_t known = aw_content_skip(r, s, n);
        n -= known;
        off += (aw_off)known;
        if (n == 0) return;
    }
    /* Which message the rest belonged to is not known; whose place it took is: the oldest request's
     * that still waits for its answer. */
    const struct aw_asked *next = (h->cap > 2 ? h->asked.out : h->asked.in) + h->first;
    const uint32_t waiting = r->dir == AW_S2C && h->count != 0 ? next->xid : 0;
    enum aw_http_why why = cut ? AW_WHY_HEAD_CUT : AW_WHY_HEAD_HOLE;
    if (aw_side_in_content(s)) {
        gap(r, s->xid, AW_IN_CONTENT, off, n);
        struct aw_http_event ev = aw_run_event(r, AW_HTTP_BROKEN, s->xid, off, off);
        ev.part = AW_IN_CONTENT;
        why = AW_WHY_CONTENT_HOLE;
        aw_http1_broken(r, &ev, why, cut);
    } else if (looks_begun(s, r->dir)) {
        struct aw_gather *g = s->gather;
        gap(r, r->dir == AW_S2C ? waiting : s->xid, AW_IN_HEAD, off, n);
        broken_head(r, s, (struct aw_span){g->bytes, g->len}, g->off, &g->from, why, cut);
    } else {
        drop_gather_as_junk(r, s);
        gap(r, waiting, s->lost ? AW_IN_UNKNOWN : AW_IN_BETWEEN, off, n);
    }
    if (r->dir == AW_S2C && h->hole == AW_OFF_NONE) h->hole = off;
    aw_http1_lose(r, s, why, false);
}

void aw_http1_end(struct aw_run *r, bool orderly)
{
    struct aw_side *s = &r->h->side[r->dir];
    if (s->holding) replay(r, s);
    if (s->state == AW_SIDE_OVER) return;
    const aw_off off = r->chunk->dir == r->dir ? r->chunk->off : AW_OFF_NONE;
    if (s->state == AW_SIDE_CLOSE && orderly) {
        aw_content_end(r, s, off, false);
    } else if (aw_side_in_content(s)) {
        struct aw_http_event ev = aw_run_event(r, AW_HTTP_BROKEN, s->xid, off, off);
        ev.part = AW_IN_CONTENT;
        ev.bytes = s->state == AW_SIDE_LENGTH ? s->left : 0;
        ev.first = ev.last = s->u.last;
        aw_http1_broken(r, &ev, AW_WHY_CONTENT_ENDED, false);
    } else if (looks_begun(s, r->dir)) {
        struct aw_gather *g = s->gather;
        broken_head(r, s, (struct aw_span){g->bytes, g->len}, g->off, &g->from, AW_WHY_HEAD_ENDED,
                    false);
    } else {
        drop_gather_as_junk(r, s);
    }
    aw_gather_drop(r->h, s);
    s->state = AW_SIDE_OVER;
    s->xid = 0;
}
