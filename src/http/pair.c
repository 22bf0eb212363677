/*
 * Which request a response answers: the oldest one without a final response that the response's
 * segment acknowledges (RFC 9112, 9.2, and a server cannot answer what it has not received). Keeps
 * the requests of a connection in order; two lie in the connection itself, more in a pool block.
 */
#include "http/http1.h"

#include <string.h>

static struct aw_asked *at(struct aw_http *h, unsigned i)
{
    return (h->cap > 2 ? h->asked.out : h->asked.in) + h->first + i;
}

static bool make_room(struct aw_http *h)
{
    if (h->count >= AW_OUTSTANDING_MAX) return false;
    if (h->first + h->count < h->cap) return true;
    if (h->first != 0) {
        memmove(at(h, 0) - h->first, at(h, 0), h->count * sizeof(struct aw_asked));
        h->first = 0;
        return true;
    }
    const unsigned cap = h->cap * 2u;
    struct aw_asked *more;
    if (h->cap > 2) {
        more = aw_pool_resize(h->pool, h->asked.out, h->cap * sizeof *more, cap * sizeof *more);
    } else {
        more = aw_pool_get(h->pool, cap * sizeof *more);
        if (more != NULL) memcpy(more, h->asked.in, sizeof h->asked.in);
    }
    if (more == NULL) return false;
    h->asked.out = more;
    h->cap = (uint16_t)cap;
    return true;
}

void aw_pair_ask(struct aw_http *h, const struct aw_asked *asked)
{
    if (!make_room(h)) {
        /* Not the oldest: without it every later response would be given to the wrong request. */
        h->stats->no_memory++;
        return;
    }
    h->count++;
    *at(h, h->count - 1u) = *asked;
}

struct aw_asked *aw_pair_find(struct aw_http *h, uint32_t xid)
{
    for (unsigned i = h->count; i-- > 0;)
        if (at(h, i)->xid == xid) return at(h, i);
    return NULL;
}

void aw_pair_pop(struct aw_http *h)
{
    h->first++;
    h->count--;
    if (h->count == 0) h->first = 0;
}

static bool reached(aw_off ack, aw_off off)
{
    return ack == AW_OFF_NONE || ack > off;
}

struct aw_asked *aw_pair_match(struct aw_run *r, aw_off ack)
{
    struct aw_http *h = r->h;
    /* After a hole: a client that had bytes of the hole when it sent its next request had the
     * answer to the one before, so that answer lay in the hole. */
    while (h->hole != AW_OFF_NONE && h->count > 1 && reached(ack, at(h, 1)->off) &&
           at(h, 1)->ack != AW_OFF_NONE && at(h, 1)->ack > h->hole) {
        struct aw_http_event ev = aw_run_event(r, AW_HTTP_BROKEN, at(h, 0)->xid, h->hole, h->hole);
        h->answered = at(h, 0)->xid;
        aw_pair_pop(h);
        ev.part = AW_IN_HEAD;
        aw_run_broken(r, &ev, AW_WHY_HEAD_HOLE, false);
    }
    h->hole = AW_OFF_NONE;
    return h->count != 0 && reached(ack, at(h, 0)->off) ? at(h, 0) : NULL;
}

void aw_pair_fini(struct aw_http *h)
{
    if (h->cap > 2) aw_pool_put(h->pool, h->asked.out, h->cap * sizeof(struct aw_asked));
}
