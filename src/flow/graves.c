/*
 * Graves: for a few seconds after the end of a connection its last acknowledgements and repeated
 * FINs must not look like a new one. They lie in a table of their own, which only segments without
 * a connection look into, so that the table of connections stays small enough for the cache however
 * many end in a second. Open addressing; a grave whose time is over lies where it is until the
 * table is made anew.
 */
#include "flow/inside.h"

#include <string.h>

#define LINGER (5 * AW_SEC)
/* A SYN is repeated after a second at the earliest. One that comes so late asks for a connection,
 * though with the same number: its client had answered a stray ACK with a reset meanwhile, and
 * still waits (RFC 9293, 3.10.7.3). */
#define SYN_AGAIN (900 * AW_MS)
enum {
    ROOM_MIN = 64,
    BUDGET_SHARE = 16,     /* of the pool, that graves may take at most */
    GRAVE_TIME_SHIFT = 26, /* its time is in units of 2^26 ns, 67 ms, wrapping after nine years */
};

static uint32_t time_of(aw_ns now)
{
    return (uint32_t)((uint64_t)now >> GRAVE_TIME_SHIFT);
}

static size_t home_of(const struct aw_graves *g, uint64_t hash)
{
    return (size_t)(hash >> 2) & g->mask;
}

static bool is_over(const struct aw_flow_table *t, const struct aw_grave *g, aw_ns linger)
{
    return time_of(t->now) - g->when >= time_of(linger);
}

static void put(struct aw_graves *to, const struct aw_grave *grave)
{
    size_t i = home_of(to, grave->hash);
    while (to->at[i].hash != 0)
        i = (i + 1) & to->mask;
    to->at[i] = *grave;
    to->used++;
}

static size_t count_left(const struct aw_flow_table *t, aw_ns linger)
{
    const struct aw_graves *g = &t->graves;
    size_t left = 0;
    for (size_t i = 0; g->at && i <= g->mask; i++)
        left += g->at[i].hash != 0 && !is_over(t, &g->at[i], linger);
    return left;
}

/* Memory for a table; half as much where there is no more. */
static struct aw_grave *get_room(const struct aw_flow_table *t, size_t *room)
{
    for (; *room >= ROOM_MIN; *room /= 2) {
        struct aw_grave *at = aw_pool_get(t->pool, *room * sizeof *at);
        if (at) return memset(at, 0, *room * sizeof *at);
    }
    return NULL;
}

/* Makes the table anew with what is not over yet, at most half full; where memory does not allow as
 * much, the oldest go before their time. */
static bool renew(struct aw_flow_table *t)
{
    struct aw_graves *old = &t->graves;
    const size_t most = aw_pool_budget(t->pool) / BUDGET_SHARE / sizeof *old->at;
    aw_ns linger = LINGER;
    size_t left = count_left(t, linger), room = ROOM_MIN;
    if (room > most) return false;
    while (room < left * 4 && room * 2 <= most)
        room *= 2;
    struct aw_grave *at = get_room(t, &room);
    if (!at) return false;
    while (left > room / 2) {
        linger /= 2;
        left = linger > 0 ? count_left(t, linger) : 0;
    }
    struct aw_graves next = {.at = at, .mask = room - 1};
    for (size_t i = 0; left > 0 && i <= old->mask; i++)
        if (old->at[i].hash != 0 && !is_over(t, &old->at[i], linger)) put(&next, &old->at[i]);
    aw_graves_free(t);
    *old = next;
    return true;
}

void aw_graves_free(struct aw_flow_table *t)
{
    struct aw_graves *g = &t->graves;
    if (g->at) aw_pool_put(t->pool, g->at, (g->mask + 1) * sizeof *g->at);
    *g = (struct aw_graves){.at = NULL};
}

void aw_grave_dig(struct aw_flow_table *t, const struct aw_flow *f, uint64_t hash)
{
    struct aw_graves *g = &t->graves;
    const struct aw_half *h = &f->half[f->client];
    if (hash == 0) return;
    if (!g->at || (g->used + 1) * 8 > (g->mask + 1) * 5) {
        if (!renew(t)) {
            aw_graves_free(t);
            return;
        }
    }
    put(g, &(struct aw_grave){
               .hash = hash,
               .client_base = h->flags & AW_HALF_KNOWN ? h->base_seq : 0,
               .when = time_of(t->now),
           });
}

bool aw_grave_stray(struct aw_flow_table *t, const struct aw_segment *seg, uint64_t hash)
{
    struct aw_graves *g = &t->graves;
    if (!g->at || hash == 0) return false;
    /* So many bits of a keyed hash are as good as the key. The latest of a pair of ports counts. */
    struct aw_grave *grave = NULL;
    for (size_t i = home_of(g, hash); g->at[i].hash != 0; i = (i + 1) & g->mask)
        if (g->at[i].hash == hash) grave = &g->at[i];
    if (!grave || is_over(t, grave, LINGER)) return false;
    if ((seg->flags & AW_TCP_SYN) && !(seg->flags & AW_TCP_RST)) {
        const uint32_t base = seg->flags & AW_TCP_ACK ? seg->ack : seg->seq + 1;
        const bool asks = !(seg->flags & AW_TCP_ACK) && is_over(t, grave, SYN_AGAIN);
        if (base != grave->client_base || asks) {
            grave->when = time_of(t->now) - time_of(LINGER); /* a new connection's */
            return false;
        }
    }
    grave->when = time_of(t->now);
    return true;
}

void aw_grave_prefetch(const struct aw_flow_table *t, uint64_t hash)
{
    if (t->graves.at) __builtin_prefetch(&t->graves.at[home_of(&t->graves, hash)]);
}
