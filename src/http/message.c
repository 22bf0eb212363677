/*
 * Heads: gathered or in place, parsed, given their xid, framed; and what becomes of one that breaks
 * off. Knows what a request and a response start; not where in the stream they were found.
 */
#include "http/http1.h"

#include <string.h>

#include "http/sniff.h"
#include "http/token.h"

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
bool aw_message_is_begun(const struct aw_side *s, enum aw_dir dir)
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
    if (s->xid != 0 || !aw_message_is_begun(s, AW_C2S)) return NULL;
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
    s->digits = s->odd = s->cr = false;
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
    aw_run_set_from(&ev, from);
    ev.part = AW_IN_CONTENT;
    aw_run_broken(r, &ev, AW_WHY_BAD_LENGTH, false);
    aw_run_lose(r, s, AW_WHY_BAD_LENGTH, false);
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
    aw_run_set_from(&ev, from);
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
    aw_run_set_from(&ev, from);
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
void aw_message_broken(struct aw_run *r, struct aw_side *s, struct aw_span bytes, aw_off off,
                       const struct aw_from *from, enum aw_http_why why, bool cut)
{
    struct aw_head_scratch scratch;
    struct aw_head head;
    enum aw_length_state lengths;
    aw_run_note_http(r);
    (void)aw_head_parse(r->dir, NULL, bytes.p, bytes.len, &scratch, &head, &lengths);
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
    aw_run_set_from(&ev, from);
    ev.part = AW_IN_HEAD;
    ev.head = &head;
    aw_run_broken(r, &ev, why, cut);
}

/* A head as aw_head_parse has read it. */
struct reading {
    struct aw_head head;
    enum aw_length_state lengths;
    bool good;
    struct aw_head_scratch scratch;
};

static void complete(struct aw_run *r, struct aw_side *s, struct reading *read, aw_off off,
                     const struct aw_from *from)
{
    if (!read->good) {
        aw_message_broken(r, s, read->head.raw, off, from, AW_WHY_BAD_START_LINE, false);
        aw_run_lose(r, s, AW_WHY_BAD_START_LINE, false);
        return;
    }
    if (s->lost && s->why != AW_WHY_NONE && r->h->is_http) r->h->stats->resyncs++;
    aw_run_note_http(r);
    s->lost = false;
    s->why = AW_WHY_NONE;
    if (r->dir == AW_C2S)
        request(r, s, &read->head, read->lengths, off, from);
    else
        response(r, s, &read->head, read->lengths, off, from);
}

static void parse(const struct aw_run *r, const struct aw_start_line *start, const uint8_t *p,
                  size_t n, struct reading *read)
{
    read->good = aw_head_parse(r->dir, start, p, n, &read->scratch, &read->head, &read->lengths);
}

static void complete_gathered(struct aw_run *r, struct aw_side *s)
{
    /* Taken off the side first: what the message starts may gather anew. */
    struct aw_gather *g = s->gather;
    s->gather = NULL;
    struct reading read;
    parse(r, NULL, g->bytes, g->len, &read);
    complete(r, s, &read, g->off, &g->from);
    aw_pool_put(r->h->pool, g, g->size);
}

/* Gathers bytes of a head; where that cannot be, the head is given up and the place lost. */
bool aw_message_gather(struct aw_run *r, struct aw_side *s, const uint8_t *p, size_t n)
{
    const struct aw_gather *g = s->gather;
    const size_t have = g == NULL ? 0 : g->len;
    if (aw_gather_add(r, s, p, n)) return true;
    const enum aw_http_why why = have + n > AW_HEAD_MAX ? AW_WHY_HEAD_TOO_LONG : AW_WHY_NO_MEMORY;
    if (g != NULL && aw_message_is_begun(s, r->dir)) {
        aw_message_broken(r, s, (struct aw_span){g->bytes, g->len}, g->off, &g->from, why, false);
    } else if (g == NULL && is_begun(r->dir, (struct aw_span){p, n})) {
        const struct aw_from from = aw_run_from(r->chunk);
        aw_message_broken(r, s, (struct aw_span){p, n}, aw_run_off(r, p), &from, why, false);
    }
    aw_run_lose(r, s, why, true);
    return false;
}

/* In a head of which the beginning is gathered. Returns the bytes taken. */
size_t aw_message_take(struct aw_run *r, struct aw_side *s, const uint8_t *p, size_t n)
{
    struct aw_gather *g = s->gather;
    size_t at = 0;
    for (size_t line; (line = aw_tok_line(p + at, n - at)) != 0;) {
        const size_t len = g->len + at + line - g->line;
        const uint8_t first = g->line < g->len ? g->bytes[g->line] : p[g->line - g->len];
        at += line;
        if (len == 1 || (len == 2 && first == '\r')) {
            if (aw_message_gather(r, s, p, at)) complete_gathered(r, s);
            return at;
        }
        if (g->len + at > AW_HEAD_MAX) break;
        g->line = (uint32_t)(g->len + at);
    }
    (void)aw_message_gather(r, s, p, n);
    return n;
}

/* A start line of these parts lies at p. Returns the bytes taken. */
size_t aw_message_take_in_place(struct aw_run *r, struct aw_side *s,
                                const struct aw_start_line *start, const uint8_t *p, size_t n)
{
    struct reading read;
    parse(r, start, p, n, &read);
    if (read.head.whole && read.head.raw.len <= AW_HEAD_MAX) {
        const struct aw_from from = aw_run_from(r->chunk);
        complete(r, s, &read, aw_run_off(r, p), &from);
        return read.head.raw.len;
    }
    if (aw_message_gather(r, s, p, n)) {
        const uint8_t *last = memrchr(p, '\n', n);
        s->gather->line = last == NULL ? 0 : (uint32_t)(last - p) + 1;
        s->state = AW_SIDE_HEAD;
    }
    return n;
}
