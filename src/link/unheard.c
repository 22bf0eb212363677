/*
 * What may be the origin's leg of an open exchange and was not captured: requests whose heads are
 * missing, and connections whose clients were not heard yet. A verdict that rests on there being no
 * such leg must not be sure while one of these leads from elsewhere to elsewhere beside it. Knows
 * addresses and times; which verdicts rest on it, the diagnose room knows.
 *
 * Bounded: two rings of the latest. A client is mostly heard a moment after its connection began,
 * so that the look for it ends after a step or two.
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
    if (at->ord == 0) u->silent_now++;
    *at = (struct aw_unheard){.way = *way, .ts = l->now, .ord = ord};
}

/* The newest first; those that are left of a ring that has not come round. */
static unsigned held(unsigned added, unsigned room)
{
    return added < room ? added : room;
}

void aw_silent_remove(struct aw_link *l, uint64_t ord)
{
    struct aw_unheard_ring *u = &l->unheard;
    const unsigned n = u->silent_now ? held(u->silents, AW_SILENT) : 0;
    for (unsigned i = 1; i <= n; i++) {
        struct aw_unheard *at = &u->silent[(u->silents - i) % AW_SILENT];
        if (at->ord != 0 && at->ord < ord) return; /* they came in the order of ord */
        if (at->ord != ord) continue;
        at->ord = 0;
        u->silent_now--;
        return;
    }
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
    const unsigned silents = u->silent_now ? held(u->silents, AW_SILENT) : 0;
    for (unsigned i = 0; i < silents; i++)
        if (u->silent[i].ord != 0 && fits(&u->silent[i], m, until)) return true;
    return false;
}
