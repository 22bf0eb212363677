/*
 * The one decision that framing does not settle: whether what follows an early final response is
 * the content that the request announced, or the next request. It is taken when the bytes arrive,
 * with the length still owed at hand. The same for a response whose end only the client knew.
 */
#include "http/http1.h"

#include "http/sniff.h"
#include "http/token.h"

/* A line that may be a message's first is held back for so long where it may be content as well. */
enum { HOLD_MAX = 16 * 1024 };

/*
 * Whether the bytes at hand may be the next message although content is owed by framing:
 *  - a client that had received the final response when it sent them (the segment acknowledges the
 *    end of its head) need not send the content any more. A client that had not cannot begin a new
 *    request, so what looks like one is content: an upload of a file may begin with a request line.
 *    Where the acknowledgement was not captured, only content that has not begun is doubted; so it
 *    is where the segment acknowledges server bytes that nobody captured, for they may have been
 *    that response.
 *  - a server's response until close is over if the client has sent its next request after it, and
 *    this segment acknowledges that; so is one to a request unseen, which may have been HEAD.
 */
bool aw_hold_may_begin(const struct aw_run *r, const struct aw_side *s, bool at_segment)
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
    const bool lost = h->hole != AW_OFF_NONE && ack != AW_OFF_NONE && ack > h->hole;
    if ((h->answered_end == AW_OFF_NONE && !lost) || !at_segment) return false;
    if (s->state == AW_SIDE_SIZE ? s->digits : s->state > AW_SIDE_SIZE && s->state != AW_SIDE_DATA)
        return false; /* in the middle of chunk framing: half a line is no place to begin */
    if (ack == AW_OFF_NONE || h->answered_end == AW_OFF_NONE) return !s->begun;
    return ack >= h->answered_end;
}

/* NO: content. SURE: the next message. MORE: not to be told yet. */
static enum aw_guess judge_next(enum aw_dir dir, const uint8_t *p, size_t n, bool whole)
{
    if (dir == AW_S2C) return aw_guess_start(dir, p, n, whole, true);
    if (*p < 'A' || *p > 'Z') return AW_GUESS_NO; /* so that text is not held back line by line */
    struct aw_start_line line;
    const enum aw_guess guess = aw_guess_line(dir, p, n, whole, false, &line);
    if (guess == AW_GUESS_LOOSE)
        return line.exact && line.target.len != 0 ? AW_GUESS_SURE : AW_GUESS_NO;
    return guess == AW_GUESS_BARE ? AW_GUESS_NO : guess;
}

/* The message under way is over: what lies at `off` begins the next one. */
static void begin_next(struct aw_run *r, struct aw_side *s, aw_off off, const struct aw_from *from)
{
    if (r->dir == AW_S2C) {
        aw_content_end(r, s, off, false);
        return;
    }
    struct aw_http_event ev = aw_run_event(r, AW_HTTP_WITHHELD, s->xid, off, off);
    aw_run_set_from(&ev, from);
    ev.part = AW_IN_CONTENT;
    ev.bytes = s->state == AW_SIDE_LENGTH ? s->left : 0; /* chunked: nobody knows */
    s->state = AW_SIDE_START;
    s->xid = 0;
    s->begun = false;
    r->h->answered_end = AW_OFF_NONE;
    aw_run_emit(r, &ev);
}

/* What was held back is content after all. */
void aw_hold_replay(struct aw_run *r, struct aw_side *s)
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
    aw_run_flush(r);
    struct aw_run again = *r;
    again.chunk = &chunk;
    again.no_hold = true;
    aw_http1_feed(&again, s, chunk.data, g->len);
    aw_run_flush(&again);
    if (aw_side_in_content(s) && g->from.last.ord > s->u.last.ord) s->u.last = g->from.last;
    aw_pool_put(r->h->pool, g, g->size);
}

/*
 * THE decision. Takes bytes from where the next message may begin, until the line that decides is
 * whole. Returns how many were taken; 0: they are content, or a message, and `state` says which.
 */
size_t aw_hold_decide(struct aw_run *r, struct aw_side *s, const uint8_t *p, size_t n)
{
    const size_t line = aw_tok_line(p, n), k = line != 0 ? line : n;
    if (!s->holding) {
        const enum aw_guess guess = judge_next(r->dir, p, k, line != 0);
        if (guess == AW_GUESS_SURE) {
            const struct aw_from from = aw_run_from(r->chunk);
            begin_next(r, s, aw_run_off(r, p), &from);
            return 0;
        }
        if (guess != AW_GUESS_MORE || k > HOLD_MAX || !aw_gather_add(r, s, p, k)) return 0;
        s->holding = true;
        return k;
    }
    const uint32_t before = s->gather->len;
    if (before + k > HOLD_MAX || !aw_gather_add(r, s, p, k)) {
        aw_hold_replay(r, s);
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
    aw_hold_replay(r, s);
    return k;
}
