/*
 * What the files of this room do to the world: events with their marks, bytes passed over, a place
 * in the stream that is lost, and the moment from which a connection counts as HTTP.
 */
#include "http/http1.h"

void aw_run_set_from(struct aw_http_event *ev, const struct aw_from *from)
{
    ev->first = from->first;
    ev->last = from->last;
    ev->ack_off = from->ack_off;
    ev->peer_high = from->peer_high;
    ev->ttl = from->ttl;
    ev->conflict = from->conflict;
}

void aw_run_broken(struct aw_run *r, struct aw_http_event *ev, enum aw_http_why why, bool cut)
{
    ev->why = why;
    ev->cut = cut;
    r->h->stats->broken[why]++;
    aw_run_emit(r, ev);
}

static void emit_junk(struct aw_run *r, enum aw_http_why why, aw_off off, uint64_t n,
                      const struct aw_from *from)
{
    struct aw_http_event ev = aw_run_event(r, AW_HTTP_JUNK, 0, off, off + (aw_off)n);
    if (from != NULL) aw_run_set_from(&ev, from);
    ev.why = why;
    ev.part = AW_IN_BETWEEN;
    r->h->stats->junk_bytes += n;
    r->sink(r->ctx, &ev);
}

void aw_run_emit_junk(struct aw_run *r)
{
    const uint64_t n = r->junk.bytes;
    r->junk.bytes = 0;
    emit_junk(r, r->junk.why, r->junk.off, n, NULL);
}

void aw_run_junk(struct aw_run *r, struct aw_side *s, aw_off off, uint64_t n)
{
    if (n == 0 || s->after_connect) return; /* early bytes of a tunnel are no junk */
    if (!r->h->is_http) {
        if (s->u.junk.bytes == 0) s->u.junk.off = off;
        s->u.junk.bytes += n;
        return;
    }
    const enum aw_http_why why = (enum aw_http_why)s->why;
    if (r->junk.bytes != 0 && r->junk.why != why) aw_run_flush(r);
    if (r->junk.bytes == 0) {
        r->junk.off = off;
        r->junk.why = why;
    }
    r->junk.bytes += n;
}

void aw_run_drop_gather(struct aw_run *r, struct aw_side *s)
{
    const struct aw_gather *g = s->gather;
    if (g == NULL) return;
    /* What came in this chunk is junk of this chunk; what came before has marks of its own. */
    const aw_off here = r->chunk->kind == AW_CHUNK_DATA ? r->chunk->off : g->off + (aw_off)g->len;
    const uint64_t before = here <= g->off                   ? 0
                            : here - g->off < (aw_off)g->len ? (uint64_t)(here - g->off)
                                                             : g->len;
    if (before != 0 && r->h->is_http && !s->after_connect) {
        aw_run_flush(r);
        emit_junk(r, (enum aw_http_why)s->why, g->off, before, &g->from);
    } else {
        aw_run_junk(r, s, g->off, before);
    }
    aw_run_junk(r, s, g->off + (aw_off)before, g->len - before);
    aw_gather_drop(r->h, s);
}

void aw_run_note_http(struct aw_run *r)
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
        if (bytes != 0) emit_junk(r, (enum aw_http_why)s->why, off, bytes, NULL);
    }
    r->dir = dir;
}

void aw_run_lose(struct aw_run *r, struct aw_side *s, enum aw_http_why why, bool midline)
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
