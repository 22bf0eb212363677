/*
 * Content by its framing (RFC 9112, 6 and 7): counted, until close, chunked. Works on counts; of
 * the bytes themselves only chunk framing is looked at. One BODY event a segment, unless the bytes
 * of an error's content are lent with it: then one for each run of them.
 */
#include "http/http1.h"

#include <string.h>

#include "http/token.h"

static void body(struct aw_run *r, struct aw_side *s, const uint8_t *from, const uint8_t *to,
                 uint64_t bytes, struct aw_span data)
{
    struct aw_http_event ev =
        aw_run_event(r, AW_HTTP_BODY, s->xid, aw_run_off(r, from), aw_run_off(r, to));
    ev.part = AW_IN_CONTENT;
    ev.bytes = bytes;
    ev.odd = s->odd;
    if (s->error_left != 0 && data.len != 0) {
        if (data.len > s->error_left) data.len = s->error_left;
        s->error_left = (uint16_t)(s->error_left - data.len);
        ev.data = data;
    }
    s->begun = true;
    if (ev.last.ord > s->u.last.ord) s->u.last = ev.last;
    aw_run_emit(r, &ev);
}

void aw_content_end(struct aw_run *r, struct aw_side *s, aw_off end, bool cut)
{
    struct aw_http_event ev = aw_run_event(r, AW_HTTP_END, s->xid, end, end);
    ev.first = ev.last = s->u.last;
    ev.cut = cut;
    s->state = AW_SIDE_START;
    s->xid = 0;
    s->begun = false;
    s->maybe_head = false;
    if (r->dir == AW_C2S) r->h->answered_end = AW_OFF_NONE;
    aw_run_emit(r, &ev);
}

/* The size line is complete: `left` bytes of data follow, or the trailer section. */
static void size_done(struct aw_side *s)
{
    s->cr = false;
    s->state = s->left == 0 ? AW_SIDE_TRAILER : AW_SIDE_DATA;
}

/* Takes one byte of a size line (RFC 9112, 7.1); false where it cannot stand there. */
static bool take_size(struct aw_side *s, uint8_t c)
{
    const int v = aw_tok_hex(c);
    if (v >= 0) {
        if (s->left > (uint64_t)INT64_MAX >> 4) return false;
        s->left = s->left << 4 | (unsigned)v;
        s->digits = true;
        return true;
    }
    if (!s->digits) {
        s->odd = true;
        return aw_tok_is_space(c); /* leading space is sent and accepted */
    }
    if (c == '\n')
        size_done(s);
    else if (c == '\r')
        s->state = AW_SIDE_SIZE_LF;
    else if (c == ';' || aw_tok_is_space(c))
        s->state = AW_SIDE_EXTENSION;
    else
        return false;
    if (c == ';') s->digits = false;
    s->odd |= c == '\n'; /* no CR before it */
    return true;
}

/* Recipients go on at the next CR, or LF, or CR LF: a CR alone or a control byte in what they pass
 * over makes a difference. So does a word after a blank (RFC 9112, 7.1.1), which some take for more
 * of the size. `digits`: so far a blank alone stood behind it. */
static void look_at_extension(struct aw_side *s, struct aw_span e)
{
    bool odd = s->odd, cr = s->cr, digits = s->digits; /* no bit-fields while it runs */
    for (size_t i = 0; i < e.len; i++) {
        const uint8_t c = e.p[i];
        const bool ends = c == '\n' || c == '\r', space = aw_tok_is_space(c);
        odd |= (cr && c != '\n') | (c < ' ' && c != '\t' && !ends) |
               (digits && !space && !ends && c != ';');
        cr = c == '\r';
        digits &= space;
    }
    s->odd = odd;
    s->cr = cr;
    s->digits = digits;
}

/*
 * Takes one step of chunk framing or data at p: returns its bytes; 0 where the framing is broken.
 * *data is set to the content bytes among them. state START: the message is complete.
 */
static size_t chunked_step(struct aw_side *s, const uint8_t *p, size_t n, struct aw_span *data)
{
    size_t line;
    switch ((enum aw_side_state)s->state) {
    case AW_SIDE_SIZE:
        return take_size(s, *p);
    case AW_SIDE_EXTENSION:
        line = aw_tok_line(p, n);
        look_at_extension(s, (struct aw_span){p, line == 0 ? n : line});
        if (line == 0) return n;
        size_done(s);
        return line;
    case AW_SIDE_SIZE_LF:
        if (*p != '\n') return 0;
        size_done(s);
        return 1;
    case AW_SIDE_DATA:
        *data = (struct aw_span){p, n < s->left ? n : (size_t)s->left};
        s->left -= data->len;
        if (s->left == 0) s->state = AW_SIDE_DATA_CR;
        return data->len;
    case AW_SIDE_DATA_CR:
    case AW_SIDE_DATA_LF:
        if (*p == '\r' && s->state == AW_SIDE_DATA_CR) {
            s->state = AW_SIDE_DATA_LF;
            return 1;
        }
        if (*p != '\n') return 0; /* a bare LF will do */
        s->odd |= s->state == AW_SIDE_DATA_CR;
        s->state = AW_SIDE_SIZE;
        s->left = 0;
        s->digits = false;
        return 1;
    case AW_SIDE_TRAILER:
        s->state = *p == '\n'   ? AW_SIDE_START
                   : *p == '\r' ? AW_SIDE_TRAILER_LF
                                : AW_SIDE_TRAILER_LINE;
        return 1;
    case AW_SIDE_TRAILER_LF:
        s->state = *p == '\n' ? AW_SIDE_START : AW_SIDE_TRAILER_LINE;
        return 1;
    case AW_SIDE_TRAILER_LINE:
        line = aw_tok_line(p, n);
        if (line == 0) return n;
        s->state = AW_SIDE_TRAILER;
        return line;
    case AW_SIDE_START:
    case AW_SIDE_HEAD:
    case AW_SIDE_LENGTH:
    case AW_SIDE_CLOSE:
    case AW_SIDE_OVER:
        break;
    }
    return 0;
}

static size_t take_chunked(struct aw_run *r, struct aw_side *s, const uint8_t *p, size_t n)
{
    const uint8_t *const end = p + n, *at = p, *from = p;
    uint64_t bytes = 0;
    s->odd |= r->chunk->conflict;
    while (at < end) {
        struct aw_span data = {NULL, 0};
        const size_t step = chunked_step(s, at, (size_t)(end - at), &data);
        if (step == 0) break;
        at += step;
        bytes += data.len;
        if (s->error_left != 0 && data.len != 0) {
            body(r, s, from, at, bytes, data);
            from = at;
            bytes = 0;
        }
        if (s->state == AW_SIDE_START) break;
    }
    if (at > from) body(r, s, from, at, bytes, (struct aw_span){NULL, 0});
    if (s->state == AW_SIDE_START) {
        aw_content_end(r, s, aw_run_off(r, at), false);
    } else if (at < end) {
        struct aw_http_event ev =
            aw_run_event(r, AW_HTTP_BROKEN, s->xid, aw_run_off(r, at), aw_run_off(r, at));
        ev.part = AW_IN_CONTENT;
        aw_run_broken(r, &ev, AW_WHY_BAD_CHUNK, false);
        aw_run_lose(r, s, AW_WHY_BAD_CHUNK, false);
    }
    return (size_t)(at - p);
}

size_t aw_content_take(struct aw_run *r, struct aw_side *s, const uint8_t *p, size_t n)
{
    if (s->state == AW_SIDE_CLOSE) {
        body(r, s, p, p + n, n, (struct aw_span){p, n});
        return n;
    }
    if (s->state != AW_SIDE_LENGTH) return take_chunked(r, s, p, n);
    if (n > s->left) n = (size_t)s->left;
    s->left -= n;
    body(r, s, p, p + n, n, (struct aw_span){p, n});
    if (s->left == 0) aw_content_end(r, s, aw_run_off(r, p + n), false);
    return n;
}

uint64_t aw_content_skip(struct aw_run *r, struct aw_side *s, uint64_t len)
{
    const bool counted = s->state == AW_SIDE_LENGTH || s->state == AW_SIDE_DATA;
    const uint64_t known = s->state == AW_SIDE_CLOSE ? len
                           : !counted                ? 0
                           : len < s->left           ? len
                                                     : s->left;
    if (known == 0) return 0;
    const aw_off off = r->chunk->off, end = off + (aw_off)known;
    struct aw_http_event ev = aw_run_event(r, AW_HTTP_GAP, s->xid, off, end);
    ev.part = AW_IN_CONTENT;
    ev.cut = r->chunk->cut;
    s->begun = true;
    /* The lent bytes of an error are the first ones without a hole, or they would read as if
     * joined. */
    s->error_left = 0;
    aw_run_emit(r, &ev);
    if (!counted) return known;
    s->left -= known;
    if (s->left != 0) return known;
    if (s->state == AW_SIDE_DATA)
        s->state = AW_SIDE_DATA_CR;
    else
        aw_content_end(r, s, end, r->chunk->cut);
    return known;
}
