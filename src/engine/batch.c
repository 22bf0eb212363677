/*
 * What passes between the phases: segments from the decoder to the shards, tellings from the shards
 * to the link room. Brings the tellings of all shards into the one order that does not depend on
 * how many shards there are.
 */
#include "engine/engine.h"

#include <stdlib.h>
#include <string.h>

enum {
    KEEP_BYTES = 1 << 20,    /* arena bytes a batch keeps from one use to the next */
    GATHERED_MOST = 2 << 20, /* bytes of records found and not delivered */
    TELL_AHEAD = 6,          /* tellings between the prefetch of a connection and its use */
};

bool aw_batch_reserve(struct aw_batch *b, size_t packets)
{
    if (packets <= b->room) return true;
    const struct aw_alloc *alloc = b->arena.alloc;
    if (packets > SIZE_MAX / sizeof(struct aw_item)) return false;
    struct aw_mark *moment = alloc->resize(alloc->ctx, b->moment, packets * sizeof *moment);
    if (!moment) return false;
    b->moment = moment;
    for (unsigned k = 0; k < b->shards; k++) {
        struct aw_item *item = alloc->resize(alloc->ctx, b->item[k], packets * sizeof *item);
        if (!item) return false;
        b->item[k] = item;
    }
    b->room = packets;
    return true;
}

void aw_batch_reset(struct aw_batch *b)
{
    b->count = 0;
    b->last = b->quiet = b->collecting = false;
    b->drop_from = b->drop_to = AW_NS_NONE;
    aw_arena_reset(&b->arena, KEEP_BYTES);
    for (unsigned k = 0; k < b->shards; k++) {
        b->items[k] = 0;
    }
}

static int compare(const struct aw_telling *a, const struct aw_telling *b)
{
    if (a->ord != b->ord) return a->ord < b->ord ? -1 : 1;
    if (a->due != b->due) return a->due < b->due ? -1 : 1;
    if (a->conn_ord != b->conn_ord) return a->conn_ord < b->conn_ord ? -1 : 1;
    if (a->seq != b->seq) return a->seq < b->seq ? -1 : 1;
    return 0;
}

static int compare_any(const void *a, const void *b)
{
    return compare(a, b);
}

void aw_tellings_reset(struct aw_tellings *t, struct aw_pool *pool)
{
    for (size_t i = 0; i < t->count; i++)
        if (t->list[i].lent) aw_exchange_give_back(pool, t->list[i].ex);
    t->count = t->told = 0;
    t->lent = t->copied = 0;
    t->sorted = true;
    aw_arena_reset(&t->arena, KEEP_BYTES);
}

static struct aw_exchange *copy_exchange(struct aw_arena *arena, const struct aw_exchange *from)
{
    const size_t size = aw_exchange_size(from);
    void *mem = aw_arena_get(arena, size);
    return mem ? aw_exchange_copy(mem, size, from) : NULL;
}

static struct aw_opening *copy_opening(struct aw_arena *arena, const struct aw_opening *from)
{
    enum { TEXTS = sizeof from->text / sizeof from->text[0] };
    size_t size = sizeof *from;
    for (unsigned i = 0; i < TEXTS; i++)
        size += from->text[i].len;
    struct aw_opening *to = aw_arena_get(arena, size);
    if (!to) return NULL;
    *to = *from;
    uint8_t *at = (uint8_t *)(to + 1);
    for (unsigned i = 0; i < TEXTS; i++) {
        if (!from->text[i].p) continue;
        if (from->text[i].len > 0) memcpy(at, from->text[i].p, from->text[i].len);
        to->text[i].p = at;
        at += from->text[i].len;
    }
    return to;
}

bool aw_tellings_add(struct aw_tellings *t, const struct aw_alloc *alloc,
                     const struct aw_telling *telling)
{
    if (t->count == t->room) {
        const size_t room = t->room ? t->room * 2 : 256;
        struct aw_telling *grown = alloc->resize(alloc->ctx, t->list, room * sizeof *grown);
        if (!grown) return false;
        t->list = grown;
        t->room = room;
    }
    struct aw_telling *slot = &t->list[t->count];
    *slot = *telling;
    slot->seq = t->count;
    if (telling->kind == AW_TELL_OPENED) {
        slot->opening = copy_opening(&t->arena, telling->opening);
        if (!slot->opening) return false;
    }
    if (telling->kind == AW_TELL_WAITING) {
        slot->waiting = copy_exchange(&t->arena, telling->waiting);
        if (!slot->waiting) return false;
    }
    if (telling->kind == AW_TELL_CLOSED && !telling->lent) {
        slot->ex = copy_exchange(&t->arena, telling->ex);
        if (!slot->ex) return false;
    }
    const bool has_way = telling->kind == AW_TELL_CONNECTION || telling->kind == AW_TELL_UNHEARD;
    if (has_way && telling->way) {
        struct aw_link_way *way = aw_arena_get(&t->arena, sizeof *way);
        if (!way) return false;
        *way = *telling->way;
        slot->way = way;
    }
    if (t->count > 0 && compare(&t->list[t->count - 1], slot) > 0) t->sorted = false;
    t->count++;
    return true;
}

void aw_tell(struct aw_link *link, const struct aw_telling *t)
{
    aw_link_passed(link, t->before);
    aw_link_tick(link, t->clock, t->ord);
    switch (t->kind) {
    case AW_TELL_CONNECTION:
        aw_link_connection(link, t->conn_ord, t->way);
        break;
    case AW_TELL_HEARD:
        aw_link_heard(link, t->conn_ord);
        break;
    case AW_TELL_UNHEARD:
        aw_link_unheard(link, t->way);
        break;
    case AW_TELL_OPENED:
        aw_link_opened(link, t->opening);
        break;
    case AW_TELL_WAITING:
        aw_link_waiting(link, t->waiting, t->waited);
        break;
    case AW_TELL_ENDED:
        aw_link_ended(link, t->conn_ord, t->over.nth, t->over.end);
        break;
    case AW_TELL_CLOSED:
        aw_link_closed(link, t->ex);
        break;
    case AW_TELL_LOST:
        aw_link_lost(link, t->conn_ord, t->over.nth);
        break;
    case AW_TELL_GONE:
        aw_link_gone(link, t->conn_ord);
        break;
    }
}

bool aw_batch_is_full(const struct aw_link *link)
{
    return aw_link_gathered(link) > GATHERED_MOST;
}

bool aw_batch_tell(struct aw_batch *b, struct aw_link *link)
{
    for (unsigned k = 0; k < b->shards; k++) {
        struct aw_tellings *t = &b->tell[k];
        if (!t->sorted) qsort(t->list, t->count, sizeof *t->list, compare_any);
        t->sorted = true;
    }
    for (;;) {
        struct aw_tellings *from = NULL;
        for (unsigned k = 0; k < b->shards; k++) {
            struct aw_tellings *t = &b->tell[k];
            if (t->told == t->count) continue;
            if (!from || compare(&t->list[t->told], &from->list[from->told]) < 0) from = t;
        }
        if (!from) return true;
        if (from->count - from->told > TELL_AHEAD)
            aw_link_prefetch(link, from->list[from->told + TELL_AHEAD].conn_ord);
        aw_tell(link, &from->list[from->told++]);
        if (aw_batch_is_full(link)) return false;
    }
}
