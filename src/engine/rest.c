/*
 * What is kept of a connection at rest, in as few bytes as hold it. Nearly all that rest had fewer
 * than 65536 requests and 4 GiB, and nothing of them was lost: 64 bytes. Others take 112.
 */
#include "engine/engine.h"

#include <string.h>

#define FAR_OFF UINT32_MAX /* AW_OFF_NONE in 32 bits */

struct small {
    struct aw_rest head;
    uint32_t answered_end, answers_end, event_end[2]; /* FAR_OFF = AW_OFF_NONE */
    uint16_t next_xid, answered, nth, asked_xid, answered_xid;
    uint8_t side[2][3];
    uint8_t lost, fin, window_closed;
    bool midstream : 1, client_known : 1, unseen_before : 1;
    struct aw_mark final_end;
};
struct large {
    struct aw_rest head;
    struct aw_http_rest http;
    struct aw_exchanges_rest xs;
};
_Static_assert(sizeof(struct small) == 64, "a class of the pool");
_Static_assert(sizeof(struct large) <= UINT8_MAX, "aw_rest.size can say it");
/* Who adds to these adds to `small`, too; neither has padding. */
_Static_assert(sizeof(struct aw_http_rest) == 32, "all of it is in `small`, but for `hole`");
_Static_assert(sizeof(struct aw_exchanges_rest) == 72, "likewise, but for `lost_end`");

static bool is_near(aw_off off)
{
    return off == AW_OFF_NONE || (off >= 0 && off < FAR_OFF);
}
static uint32_t near_off(aw_off off)
{
    return off == AW_OFF_NONE ? FAR_OFF : (uint32_t)off;
}
static aw_off wide_off(uint32_t off)
{
    return off == FAR_OFF ? AW_OFF_NONE : (aw_off)off;
}

static bool is_small(const struct aw_http_rest *h, const struct aw_exchanges_rest *x)
{
    const uint32_t numbers = h->next_xid | h->answered | x->nth | x->asked_xid | x->answered_xid;
    return numbers <= UINT16_MAX && h->hole == AW_OFF_NONE && x->lost_end == 0 &&
           is_near(h->answered_end) && is_near(x->answers_end) && is_near(x->event_end[0]) &&
           is_near(x->event_end[1]);
}

static void keep_small(struct small *s, const struct aw_http_rest *h,
                       const struct aw_exchanges_rest *x)
{
    s->answered_end = near_off(h->answered_end);
    s->answers_end = near_off(x->answers_end);
    s->event_end[0] = near_off(x->event_end[0]);
    s->event_end[1] = near_off(x->event_end[1]);
    s->next_xid = (uint16_t)h->next_xid;
    s->answered = (uint16_t)h->answered;
    s->nth = (uint16_t)x->nth;
    s->asked_xid = (uint16_t)x->asked_xid;
    s->answered_xid = (uint16_t)x->answered_xid;
    memcpy(s->side, h->side, sizeof s->side);
    s->lost = x->lost;
    s->fin = x->fin;
    s->window_closed = x->window_closed;
    s->midstream = h->midstream;
    s->client_known = h->client_known;
    s->unseen_before = x->unseen_before;
    s->final_end = x->final_end;
}

static void keep_large(struct large *l, const struct aw_http_rest *h,
                       const struct aw_exchanges_rest *x)
{
    l->http = *h;
    l->xs = *x;
}

struct aw_rest *aw_rest_over(struct aw_pool *pool, bool counted)
{
    struct aw_rest *r = aw_pool_get(pool, sizeof *r);
    if (r)
        *r = (struct aw_rest){
            .state = AW_CONN_RESTS, .over = true, .counted = counted, .size = sizeof *r};
    return r;
}

struct aw_rest *aw_rest_new(struct aw_pool *pool, bool counted, const struct aw_http_rest *http,
                            const struct aw_exchanges_rest *xs)
{
    const size_t size = is_small(http, xs) ? sizeof(struct small) : sizeof(struct large);
    struct aw_rest *r = aw_pool_get(pool, size);
    if (!r) return NULL;
    *r = (struct aw_rest){.state = AW_CONN_RESTS, .counted = counted, .size = (uint8_t)size};
    if (size == sizeof(struct small))
        keep_small((struct small *)r, http, xs);
    else
        keep_large((struct large *)r, http, xs);
    return r;
}

void aw_rest_read(const struct aw_rest *r, struct aw_http_rest *http, struct aw_exchanges_rest *xs)
{
    if (r->size != sizeof(struct small)) {
        *http = ((const struct large *)r)->http;
        *xs = ((const struct large *)r)->xs;
        return;
    }
    const struct small *s = (const struct small *)r;
    *http = (struct aw_http_rest){
        .answered_end = wide_off(s->answered_end),
        .hole = AW_OFF_NONE,
        .next_xid = s->next_xid,
        .answered = s->answered,
        .midstream = s->midstream,
        .client_known = s->client_known,
    };
    memcpy(http->side, s->side, sizeof http->side);
    *xs = (struct aw_exchanges_rest){
        .final_end = s->final_end,
        .answers_end = wide_off(s->answers_end),
        .event_end = {wide_off(s->event_end[0]), wide_off(s->event_end[1])},
        .nth = s->nth,
        .asked_xid = s->asked_xid,
        .answered_xid = s->answered_xid,
        .lost = s->lost,
        .fin = s->fin,
        .window_closed = s->window_closed,
        .unseen_before = s->unseen_before,
    };
}

enum aw_http_result aw_rest_end(struct aw_rest *r, enum aw_dir dir)
{
    if (r->size != sizeof(struct small)) {
        struct large *l = (struct large *)r;
        aw_exchanges_rest_end(&l->xs, dir);
        return aw_http_rest_end(&l->http, dir);
    }
    struct small *s = (struct small *)r;
    struct aw_exchanges_rest xs = {.fin = s->fin};
    struct aw_http_rest http = {.hole = AW_OFF_NONE};
    memcpy(http.side, s->side, sizeof http.side);
    aw_exchanges_rest_end(&xs, dir);
    const enum aw_http_result result = aw_http_rest_end(&http, dir);
    s->fin = xs.fin;
    memcpy(s->side, http.side, sizeof s->side);
    return result;
}
