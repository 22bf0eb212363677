/*
 * One direction as it comes in, both alike: bytes where a message may begin, in a head, in content;
 * holes and ends. Finds its place again where it was lost.
 */
#include "http/http1.h"

#include <string.h>

#include "http/sniff.h"
#include "http/token.h"

/* A line without end is no start line after so many bytes, unless its method is a known one. */
enum { WORD_LINE_MAX = 8 * 1024 };

/* --- between messages --- */

/* Guesses what begins here; sets r->swap where it shows that the directions are mixed up. */
static enum aw_guess judge_start(struct aw_run *r, struct aw_side *s, const uint8_t *p, size_t n,
                                 bool whole, struct aw_start_line *parts)
{
    const struct aw_http *h = r->h;
    enum aw_guess guess = aw_guess_line(r->dir, p, n, whole, s->lost, parts);
    if (h->is_http) return guess;
    bool more = false;
    const enum aw_http_why why = aw_guess_opaque(p, n, &more);
    if (why != AW_WHY_NONE) {
        s->why = (uint8_t)why;
        return AW_GUESS_NO;
    }
    if (more) return AW_GUESS_MORE;
    if (!h->client_known && guess != AW_GUESS_SURE) {
        /* Who begins with a version and a status is a server, however badly it goes on. */
        const bool to_server = r->dir == AW_C2S;
        const enum aw_guess other = aw_guess_start(aw_dir_other(r->dir), p, n, whole, !to_server);
        if (other == AW_GUESS_SURE || (to_server && other == AW_GUESS_LOOSE)) r->swap = true;
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
        aw_run_junk(r, s, aw_run_off(r, p), k);
        return k;
    }
    if (s->gather == NULL && (*p == '\r' || *p == '\n')) { /* blank lines: RFC 9112, 2.2 */
        if (s->lost) aw_run_junk(r, s, aw_run_off(r, p), 1);
        return 1;
    }

    const bool held = s->gather != NULL;
    struct aw_start_line parts;
    enum aw_guess guess = AW_GUESS_MORE;
    if (held) {
        const uint32_t before = s->gather->len;
        if (!aw_message_gather(r, s, p, k)) return k;
        if (line != 0 || before < AW_GUESS_PREFIX)
            guess = judge_start(r, s, s->gather->bytes, s->gather->len, line != 0, &parts);
        else if (s->gather->len > WORD_LINE_MAX && !aw_message_is_begun(s, r->dir))
            guess = AW_GUESS_NO;
    } else {
        guess = judge_start(r, s, p, k, line != 0, &parts);
    }
    if (r->swap) return k;

    switch (guess) {
    case AW_GUESS_MORE:
        if (!held) (void)aw_message_gather(r, s, p, k);
        return k;
    case AW_GUESS_NO: {
        no_start(r, s, line == 0 || is_opaque(s));
        aw_run_drop_gather(r, s);
        const size_t over = is_opaque(s) ? n : k;
        aw_run_junk(r, s, aw_run_off(r, p) + (held ? (aw_off)k : 0), held ? over - k : over);
        return over;
    }
    case AW_GUESS_BARE: {
        const struct aw_from from = held ? s->gather->from : aw_run_from(r->chunk);
        const struct aw_span bytes =
            held ? (struct aw_span){s->gather->bytes, s->gather->len} : (struct aw_span){p, k};
        const enum aw_http_why why = r->dir == AW_C2S && memcmp(bytes.p, "GET ", 4) == 0
                                         ? AW_WHY_HTTP09
                                         : AW_WHY_BAD_START_LINE;
        aw_message_broken(r, s, bytes, held ? s->gather->off : aw_run_off(r, p), &from, why, false);
        aw_run_lose(r, s, why, false);
        return k;
    }
    case AW_GUESS_LOOSE:
    case AW_GUESS_SURE:
        if (!held) return aw_message_take_in_place(r, s, &parts, p, n);
        s->gather->line = s->gather->len;
        s->state = AW_SIDE_HEAD;
        return k;
    }
    return k;
}

/* --- what comes in --- */

void aw_http1_feed(struct aw_run *r, struct aw_side *s, const uint8_t *p, size_t n)
{
    bool at_segment = true;
    while (n != 0 && !r->swap && s->state != AW_SIDE_OVER) {
        size_t k = 0;
        if (s->holding) {
            k = aw_hold_decide(r, s, p, n);
        } else if (aw_side_in_content(s)) {
            if (aw_hold_may_begin(r, s, at_segment)) k = aw_hold_decide(r, s, p, n);
            if (k == 0 && aw_side_in_content(s)) k = aw_content_take(r, s, p, n);
        } else if (s->state == AW_SIDE_HEAD) {
            k = aw_message_take(r, s, p, n);
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
        aw_run_drop_gather(r, s);
}

void aw_http1_data(struct aw_run *r)
{
    struct aw_side *s = &r->h->side[r->dir];
    if (s->state == AW_SIDE_START && s->lost) restart_line(r, s);
    aw_http1_feed(r, s, r->chunk->data, (size_t)r->chunk->len);
    aw_run_flush(r);
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
    if (s->holding) aw_hold_replay(r, s);
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
        aw_run_broken(r, &ev, why, cut);
    } else if (aw_message_is_begun(s, r->dir)) {
        struct aw_gather *g = s->gather;
        gap(r, r->dir == AW_S2C ? waiting : s->xid, AW_IN_HEAD, off, n);
        aw_message_broken(r, s, (struct aw_span){g->bytes, g->len}, g->off, &g->from, why, cut);
    } else {
        aw_run_drop_gather(r, s);
        gap(r, waiting, s->lost ? AW_IN_UNKNOWN : AW_IN_BETWEEN, off, n);
    }
    if (r->dir == AW_S2C && h->hole == AW_OFF_NONE) h->hole = off;
    aw_run_lose(r, s, why, false);
}

/* Content that the client kept to itself, all of it or the rest after an answer, is nothing that
 * could have been read: it does not count as unreadable. */
static bool is_kept_back(const struct aw_run *r, const struct aw_side *s)
{
    return r->dir == AW_C2S && (!s->begun || r->h->answered_end != AW_OFF_NONE);
}

void aw_http1_end(struct aw_run *r, bool orderly)
{
    struct aw_side *s = &r->h->side[r->dir];
    if (s->holding) aw_hold_replay(r, s);
    if (s->state == AW_SIDE_OVER) return;
    const aw_off off = r->chunk->dir == r->dir ? r->chunk->off : AW_OFF_NONE;
    if (s->state == AW_SIDE_CLOSE && orderly) {
        aw_content_end(r, s, off, false);
    } else if (aw_side_in_content(s)) {
        struct aw_http_event ev = aw_run_event(r, AW_HTTP_BROKEN, s->xid, off, off);
        ev.part = AW_IN_CONTENT;
        ev.bytes = s->state == AW_SIDE_LENGTH ? s->left : 0;
        ev.first = ev.last = s->u.last;
        ev.why = AW_WHY_CONTENT_ENDED;
        if (!is_kept_back(r, s)) r->h->stats->broken[ev.why]++;
        aw_run_emit(r, &ev);
    } else if (aw_message_is_begun(s, r->dir)) {
        struct aw_gather *g = s->gather;
        aw_message_broken(r, s, (struct aw_span){g->bytes, g->len}, g->off, &g->from,
                          AW_WHY_HEAD_ENDED, false);
    } else if (s->gather != NULL) {
        aw_run_drop_gather(r, s);
    }
    aw_run_flush(r);
    if (s->gather != NULL) aw_gather_drop(r->h, s);
    s->state = AW_SIDE_OVER;
    s->xid = 0;
}
