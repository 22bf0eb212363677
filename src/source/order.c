/* See order.h. A feed is a list of lots, each with the time at which it was first taken notice of.
 */
#include "source/order.h"

#include <stdlib.h>
#include <string.h>

enum { LOT_PACKETS = 1024, LOT_BYTES = 1 << 20, LOTS_MOST = 64 };

struct lot {
    struct lot *next;
    struct aw_lot_room room; /* its arrays are owned */
    size_t at;               /* packets taken */
    aw_ns came;              /* INT64_MAX: not looked at since it was filled */
};

struct feed {
    struct lot *first, *last; /* owned */
    size_t lots;
};

struct aw_order {
    size_t count;
    struct lot *spare; /* owned */
    struct feed feed[];
};

struct aw_order *aw_order_new(size_t feeds)
{
    struct aw_order *o = calloc(1, sizeof *o + feeds * sizeof o->feed[0]);
    if (o) o->count = feeds;
    return o;
}

static void lot_free(struct lot *lot)
{
    if (!lot) return;
    free(lot->room.pkts);
    free(lot->room.bytes);
    free(lot);
}

static struct lot *lot_new(struct aw_order *o)
{
    struct lot *lot = o->spare;
    if (lot) {
        o->spare = lot->next;
    } else {
        lot = calloc(1, sizeof *lot);
        if (!lot) return NULL;
        lot->room.pkts = malloc(LOT_PACKETS * sizeof *lot->room.pkts);
        lot->room.bytes = malloc(LOT_BYTES);
        if (!lot->room.pkts || !lot->room.bytes) {
            lot_free(lot);
            return NULL;
        }
        lot->room.room = LOT_PACKETS;
        lot->room.size = LOT_BYTES;
    }
    lot->next = NULL;
    lot->at = lot->room.n = lot->room.used = 0;
    lot->came = INT64_MAX;
    return lot;
}

static void list_free(struct lot *lot)
{
    for (struct lot *next; lot; lot = next) {
        next = lot->next;
        lot_free(lot);
    }
}

void aw_order_free(struct aw_order *o)
{
    if (!o) return;
    for (size_t i = 0; i < o->count; i++)
        list_free(o->feed[i].first);
    list_free(o->spare);
    free(o);
}

struct aw_lot_room *aw_order_room(struct aw_order *o, size_t feed, size_t largest)
{
    struct feed *f = &o->feed[feed];
    struct lot *last = f->last;
    /* One that was looked at is closed: what comes now is younger. */
    if (last && last->came == INT64_MAX && last->room.n < last->room.room &&
        last->room.size - last->room.used >= largest)
        return &last->room;
    if (f->lots == LOTS_MOST) return NULL;
    struct lot *lot = lot_new(o);
    if (!lot) return NULL;
    *(last ? &last->next : &f->first) = lot;
    f->last = lot;
    f->lots++;
    return &lot->room;
}

/* Takes back lots that are used up, but for one that may still be filled. */
static void tidy(struct aw_order *o, struct feed *f)
{
    while (f->first && f->first->at == f->first->room.n) {
        struct lot *lot = f->first;
        f->first = lot->next;
        if (!f->first) f->last = NULL;
        f->lots--;
        lot->next = o->spare;
        o->spare = lot;
    }
}

static const struct aw_packet *head(const struct feed *f)
{
    return f->first && f->first->at < f->first->room.n ? &f->first->room.pkts[f->first->at] : NULL;
}

/* The feed with the earliest packet, NULL = none; *all: every feed shows one. */
static struct feed *earliest(struct aw_order *o, bool *all)
{
    struct feed *best = NULL;
    *all = true;
    for (size_t i = 0; i < o->count; i++) {
        const struct aw_packet *p = head(&o->feed[i]);
        if (!p) *all = false;
        if (p && (!best || p->ts < head(best)->ts)) best = &o->feed[i];
    }
    return best;
}

void aw_order_take(struct aw_order *o, struct aw_lot_room *to, aw_ns now, aw_ns patience)
{
    for (size_t i = 0; i < o->count; i++) {
        tidy(o, &o->feed[i]);
        for (struct lot *lot = o->feed[i].first; lot; lot = lot->next)
            if (lot->came == INT64_MAX) lot->came = now;
    }
    for (;;) {
        bool all;
        struct feed *f = earliest(o, &all);
        if (!f || (!all && f->first->came > now - patience)) return;
        const struct aw_packet *p = head(f);
        if (to->n == to->room || to->size - to->used < p->cap_len) return;
        uint8_t *bytes = to->bytes + to->used;
        if (p->cap_len > 0) memcpy(bytes, p->data, p->cap_len);
        to->pkts[to->n] = *p;
        to->pkts[to->n++].data = bytes;
        to->used += p->cap_len;
        f->first->at++;
        tidy(o, f);
    }
}

bool aw_order_holds(const struct aw_order *o)
{
    for (size_t i = 0; i < o->count; i++)
        if (head(&o->feed[i])) return true;
    return false;
}
