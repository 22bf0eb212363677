/*
 * The door of the http room: makes and frees the state of a connection, decides when it is no HTTP
 * or has its directions mixed up, and passes chunks on to http1.c.
 */
#include "http/http.h"

#include <stddef.h>
#include <string.h>

#include "http/http1.h"

struct aw_http *aw_http_new(struct aw_pool *pool, struct aw_http_stats *stats, bool midstream,
                            bool client_known)
{
    struct aw_http *h = aw_pool_get(pool, sizeof *h);
    if (h == NULL) return NULL;
    *h = (struct aw_http){
        .pool = pool,
        .stats = stats,
        .cap = 2,
        .midstream = midstream,
        .client_known = client_known,
        .answered_end = AW_OFF_NONE,
        .hole = AW_OFF_NONE,
    };
    /* The first bytes captured may be the middle of anything. */
    h->side[AW_C2S].lost = h->side[AW_S2C].lost = midstream;
    return h;
}

void aw_http_free(struct aw_http *h)
{
    if (h == NULL) return;
    aw_gather_drop(h, &h->side[AW_C2S]);
    aw_gather_drop(h, &h->side[AW_S2C]);
    aw_pair_fini(h);
    aw_pool_put(h->pool, h, sizeof *h);
}

/* --- at rest --- */

/* What of a side stays is what stands in front of it: its state, why, and its bits. */
_Static_assert(offsetof(struct aw_side, chunks) == sizeof((struct aw_http_rest *)0)->side[0] + 1,
               "state, why, bits");

bool aw_http_rests(const struct aw_http *h, struct aw_http_rest *out)
{
    if (h->count != 0 || !h->is_http || h->opaque) return false;
    for (unsigned d = 0; d < 2; d++) {
        const struct aw_side *s = &h->side[d];
        if ((s->state != AW_SIDE_START && s->state != AW_SIDE_OVER) || s->gather || s->xid != 0)
            return false;
        memcpy(out->side[d], s, sizeof out->side[d]);
    }
    out->answered_end = h->answered_end;
    out->hole = h->hole;
    out->next_xid = h->next_xid;
    out->answered = h->answered;
    out->midstream = h->midstream;
    out->client_known = h->client_known;
    return true;
}

struct aw_http *aw_http_resume(struct aw_pool *pool, struct aw_http_stats *stats,
                               const struct aw_http_rest *rest)
{
    struct aw_http *h = aw_http_new(pool, stats, rest->midstream, rest->client_known);
    if (h == NULL) return NULL;
    for (unsigned d = 0; d < 2; d++)
        memcpy(&h->side[d], rest->side[d], sizeof rest->side[d]);
    h->answered_end = rest->answered_end;
    h->hole = rest->hole;
    h->next_xid = rest->next_xid;
    h->answered = rest->answered;
    h->is_http = true;
    return h;
}

enum aw_http_result aw_http_rest_end(struct aw_http_rest *rest, enum aw_dir dir)
{
    _Static_assert(offsetof(struct aw_side, state) == 0, "the first of its bytes");
    rest->side[dir][0] = AW_SIDE_OVER;
    return rest->side[aw_dir_other(dir)][0] == AW_SIDE_OVER ? AW_HTTP_IGNORE : AW_HTTP_OK;
}

/* --- asleep --- */

size_t aw_http_image(const struct aw_http *h, uint8_t *out, size_t room)
{
    if (room < sizeof *h || h->cap > 2 || h->side[0].gather || h->side[1].gather) return 0;
    struct aw_http image = *h;
    image.pool = NULL;
    image.stats = NULL;
    memcpy(out, &image, sizeof image);
    return sizeof image;
}

struct aw_http *aw_http_from_image(struct aw_pool *pool, struct aw_http_stats *stats,
                                   const uint8_t *image)
{
    struct aw_http *h = aw_pool_get(pool, sizeof *h);
    if (!h) return NULL;
    memcpy(h, image, sizeof *h);
    h->pool = pool;
    h->stats = stats;
    return h;
}

bool aw_http_is_http(const struct aw_http *h)
{
    return h->is_http;
}

bool aw_http_amid_head(const struct aw_http *h)
{
    return h->side[AW_C2S].gather != NULL;
}

bool aw_http_amid_request(const struct aw_http *h)
{
    const struct aw_side *s = &h->side[AW_C2S];
    return h->midstream && !h->is_http && s->chunks > 0 && s->why != AW_WHY_TLS;
}

/* --- HTTP or not --- */

static bool is_spent(const struct aw_http *h, const struct aw_side *s)
{
    const uint64_t most = h->midstream ? AW_SNIFF_BYTES_MIDSTREAM : AW_SNIFF_BYTES;
    if (s->gather != NULL)
        return false; /* what may be a head is read on, in however small pieces */
    return s->chunks >= AW_SNIFF_CHUNKS || s->u.junk.bytes > most;
}

static bool is_judged(const struct aw_http *h, const struct aw_side *s)
{
    return s->why == AW_WHY_TLS || s->why == AW_WHY_HTTP2 || is_spent(h, s);
}

/*
 * Both directions that spoke have to be judged: a server answers a TLS hello on its plain port with
 * an HTTP 400. Where only one speaks, the other may yet: a connection joined in the middle of a
 * long download is waited for, as what it downloads says nothing; any other is given up.
 */
static bool is_hopeless(const struct aw_http *h)
{
    const struct aw_side *a = &h->side[0], *b = &h->side[1];
    if (a->chunks != 0 && b->chunks != 0) return is_judged(h, a) && is_judged(h, b);
    return !h->midstream && is_spent(h, a->chunks != 0 ? a : b);
}

static void give_up(struct aw_run *r)
{
    struct aw_http *h = r->h;
    h->opaque = true;
    enum aw_http_why why = AW_WHY_NOT_HTTP;
    for (unsigned d = 0; d < 2; d++) {
        struct aw_side *s = &h->side[d];
        if (s->why == AW_WHY_TLS || (s->why == AW_WHY_HTTP2 && why == AW_WHY_NOT_HTTP))
            why = (enum aw_http_why)s->why;
        aw_gather_drop(h, s);
        s->state = AW_SIDE_OVER;
    }
    struct aw_http_event ev = aw_run_event(r, AW_HTTP_OPAQUE, 0, r->chunk->off, r->chunk->off);
    ev.why = why;
    aw_run_emit(r, &ev);
}

/* Puts back what this chunk did, and exchanges the sides: it will come again the other way round.
 */
static void swap_sides(struct aw_run *r, const struct aw_side *before, uint32_t gathered)
{
    struct aw_http *h = r->h;
    struct aw_side *s = &h->side[r->dir];
    struct aw_gather *g = s->gather;
    if (g != NULL && (before->gather == NULL || g->off >= r->chunk->off))
        aw_gather_drop(h, s);
    else if (g != NULL)
        g->len = gathered;
    g = s->gather;
    *s = *before;
    s->gather = g;
    const struct aw_side other = h->side[0];
    h->side[0] = h->side[1];
    h->side[1] = other;
    h->client_known = true;
}

static void sniff(struct aw_run *r)
{
    struct aw_http *h = r->h;
    struct aw_side *s = &h->side[r->dir];
    const struct aw_side before = *s;
    const uint32_t gathered = s->gather == NULL ? 0 : s->gather->len;
    if (s->chunks < AW_SNIFF_CHUNKS) s->chunks++;
    aw_http1_data(r);
    if (r->swap)
        swap_sides(r, &before, gathered);
    else if (!h->is_http && is_hopeless(h))
        give_up(r);
}

/* --- the door --- */

static void close_connection(struct aw_run *r)
{
    struct aw_http *h = r->h;
    for (unsigned d = 0; d < 2; d++) {
        r->dir = (enum aw_dir)d;
        aw_http1_end(r, r->chunk->close == AW_CLOSE_FIN);
    }
    r->dir = r->chunk->dir;
    const bool spoke = h->side[0].chunks != 0 || h->side[1].chunks != 0;
    if (!h->is_http && spoke) give_up(r);
}

/* Out of line, so that a piece of content does not pay for its stack frame. */
__attribute__((noinline)) static enum aw_http_result
push(struct aw_http *h, const struct aw_chunk *chunk, aw_http_sink *sink, void *ctx)
{
    struct aw_run r = {.h = h, .sink = sink, .ctx = ctx, .chunk = chunk, .dir = chunk->dir};
    if (h->opaque) return AW_HTTP_IGNORE;
    switch (chunk->kind) {
    case AW_CHUNK_DATA:
        if (h->is_http)
            aw_http1_data(&r);
        else
            sniff(&r);
        break;
    case AW_CHUNK_HOLE:
        aw_http1_hole(&r);
        break;
    case AW_CHUNK_FIN:
        aw_http1_end(&r, true);
        break;
    case AW_CHUNK_CLOSE:
        close_connection(&r);
        break;
    case AW_CHUNK_AGAIN:
    case AW_CHUNK_ACK:
    case AW_CHUNK_WINDOW:
    case AW_CHUNK_IDLE:
        break;
    }
    if (r.swap) return AW_HTTP_SWAP;
    const bool over = h->side[0].state == AW_SIDE_OVER && h->side[1].state == AW_SIDE_OVER;
    return over ? AW_HTTP_IGNORE : AW_HTTP_OK;
}

/* Nothing but further bytes of counted content that end before it does: nearly all segments of an
 * upload. What is left out here is what aw_http1_data would find needless. */
static bool is_amid_content(const struct aw_http *h, const struct aw_side *s,
                            const struct aw_chunk *c)
{
    return c->kind == AW_CHUNK_DATA && s->state == AW_SIDE_LENGTH && s->begun && c->len < s->left &&
           !s->holding && s->error_left == 0 &&
           (c->dir == AW_S2C || h->answered_end == AW_OFF_NONE);
}

enum aw_http_result aw_http_push(struct aw_http *h, const struct aw_chunk *chunk,
                                 aw_http_sink *sink, void *ctx)
{
    struct aw_side *s = &h->side[chunk->dir];
    if (is_amid_content(h, s, chunk)) {
        s->left -= chunk->len;
        if (chunk->seen.ord > s->u.last.ord) s->u.last = chunk->seen;
        const struct aw_run r = {.chunk = chunk, .dir = chunk->dir};
        struct aw_http_event ev =
            aw_run_event(&r, AW_HTTP_BODY, s->xid, chunk->off, chunk->off + (aw_off)chunk->len);
        ev.part = AW_IN_CONTENT;
        sink(ctx, &ev);
        return AW_HTTP_OK;
    }
    return push(h, chunk, sink, ctx);
}
const char *aw_http_why_name(enum aw_http_why why)
{
    switch (why) {
    case AW_WHY_NONE:
        return "none";
    case AW_WHY_TLS:
        return "TLS";
    case AW_WHY_HTTP2:
        return "HTTP/2";
    case AW_WHY_NOT_HTTP:
        return "not HTTP";
    case AW_WHY_HEAD_TOO_LONG:
        return "head over 256 KiB";
    case AW_WHY_HEAD_HOLE:
        return "hole in the head";
    case AW_WHY_HEAD_CUT:
        return "head cut by the snap length";
    case AW_WHY_HEAD_ENDED:
        return "ended inside the head";
    case AW_WHY_BAD_START_LINE:
        return "unreadable start line";
    case AW_WHY_BAD_CHUNK:
        return "broken chunk framing";
    case AW_WHY_BAD_LENGTH:
        return "unusable Content-Length";
    case AW_WHY_HTTP09:
        return "no HTTP version or no head";
    case AW_WHY_CONTENT_ENDED:
        return "ended inside the content";
    case AW_WHY_CONTENT_HOLE:
        return "hole in chunk framing";
    case AW_WHY_NO_MEMORY:
        return "no memory for the head";
    case AW_WHY_COUNT:
        break;
    }
    return "unknown";
}
