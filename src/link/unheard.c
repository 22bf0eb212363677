/*
 * What may be the origin's leg of an open exchange and was not captured: requests whose heads are
 * missing, and connections whose clients were not heard yet. A verdict that rests on there being no
 * such leg must not be sure while one of these leads from elsewhere to elsewhere beside it. Knows
 * addresses and times; which verdicts rest on it, the diagnose room knows.
 *
 * Bounded: two rings of the latest. Cost: a search by halves for a client that is heard.
 */
#include "link/inside.h"

#include <string.h>

void aw_unheard_add(struct aw_link *l, const struct aw_link_way *way, aw_ns ts)
{
    struct aw_unheard_ring *u = &l->unheard;
    u->request[u->requests++ % AW_UNHEARD] = (struct aw_unheard){.way = *way, .ts = ts};
}

void aw_silent_add(struct aw_link *l, uint64_t ord, const struct aw_link_way *way)
{
    struct aw_unheard_ring *u = &l->unheard;
    struct aw_unheard *at = &u->silent[u->silents++ % AW_SILENT];
    u->silent_now += !at->now;
    *at = (struct aw_unheard){.way = *way, .ts = l->now, .ord = ord, .now = true};
}

/* How many there are of a ring that may not have come round yet. */
static unsigned held(unsigned added, unsigned room)
{
    return added < room ? added : room;
}

void aw_silent_remove(struct aw_link *l, uint64_t ord)
{
    struct aw_unheard_ring *u = &l->unheard;
    if (u->silent_now == 0) return;
    /* They came in the order of ord: `after` is the first that is not before it. */
    unsigned from = u->silents - held(u->silents, AW_SILENT), after = u->silents;
    while (after - from > 0) {
        const unsigned middle = from + (after - from) / 2;
        if (u->silent[middle % AW_SILENT].ord < ord)
            from = middle + 1;
        else
            after = middle;
    }
    struct aw_unheard *at = &u->silent[after % AW_SILENT];
    if (after == u->silents || at->ord != ord || !at->now) return;
    at->now = false;
    u->silent_now--;
}

static bool same(const struct aw_addr *a, const struct aw_addr *b)
{
    return a->v6 == b->v6 && memcmp(a->b, b->b, sizeof a->b) == 0;
}

/* A request to the same server, or of the same client, is another request and no other leg. */
static bool elsewhere(const struct aw_link_way *way, const struct aw_member *m)
{
    if (same(&way->client, &m->client)) return false;
    return !same(&way->server, &m->server) || way->server_port != m->server_port;
}

static bool fits(const struct aw_unheard *u, const struct aw_member *m, aw_ns until)
{
    return u->ts >= m->head.ts && u->ts <= until && elsewhere(&u->way, m);
}

bool aw_unheard_within(const struct aw_link *l, const struct aw_member *m, aw_ns until)
{
    const struct aw_unheard_ring *u = &l->unheard;
    const unsigned requests = held(u->requests, AW_UNHEARD);
    for (unsigned i = 0; i < requests; i++)
        if (fits(&u->request[i], m, until)) return true;
    return false;
}

bool aw_silent_within(const struct aw_link *l, const struct aw_member *m, aw_ns until)
{
    const struct aw_unheard_ring *u = &l->unheard;
    const unsigned silents = u->silent_now ? held(u->silents, AW_SILENT) : 0;
    for (unsigned i = 0; i < silents; i++)
        if (u->silent[i].now && fits(&u->silent[i], m, until)) return true;
    return false;
}
