/*
 * A start line or head that is split over segments, put together in one pool block that grows by
 * doubling, so that all copying stays linear in the head's length. Knows bytes and marks, no HTTP.
 */
#include "http/http1.h"

#include <string.h>

enum { FIRST_SIZE = 1024 };

static uint32_t room(const struct aw_gather *g)
{
    return g->size - (uint32_t)sizeof *g;
}

static bool make_room(struct aw_run *r, struct aw_side *s, size_t n)
{
    struct aw_gather *g = s->gather;
    const size_t have = g == NULL ? 0 : g->len;
    if (n > AW_HEAD_MAX - have) return false;
    if (g != NULL && room(g) - g->len >= n) return true;
    size_t size = g == NULL ? FIRST_SIZE : g->size;
    while (size - sizeof *g < have + n)
        size *= 2;
    struct aw_gather *bigger = aw_pool_resize(r->h->pool, g, g == NULL ? 0 : g->size, size);
    if (bigger == NULL) {
        r->h->stats->no_memory++;
        return false;
    }
    if (g == NULL) {
        bigger->len = 0;
        bigger->line = 0;
    }
    bigger->size = (uint32_t)size;
    s->gather = bigger;
    return true;
}

bool aw_gather_add(struct aw_run *r, struct aw_side *s, const uint8_t *p, size_t n)
{
    if (!make_room(r, s, n)) return false;
    struct aw_gather *g = s->gather;
    const struct aw_chunk *c = r->chunk;
    if (g->len == 0) {
        g->off = aw_run_off(r, p);
        g->from = aw_run_from(c);
    }
    /* A lost piece that came late is what the head waited for, wherever in it the piece lies. */
    if (c->seen.ord > g->from.last.ord) g->from.last = c->seen;
    g->from.conflict |= c->conflict;
    memcpy(g->bytes + g->len, p, n);
    g->len += (uint32_t)n;
    return true;
}

void aw_gather_drop(struct aw_http *h, struct aw_side *s)
{
    if (s->gather == NULL) return;
    aw_pool_put(h->pool, s->gather, s->gather->size);
    s->gather = NULL;
}
