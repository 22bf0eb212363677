/*
 * An open exchange as bytes, while nothing comes of its connection: what stands in its parts, one
 * after another, without what they leave free and what the connection will tell again.
 */
#include "exchange/slot.h"

#include <string.h>

_Static_assert(AW_TEXT_COUNT <= 32, "a bit each");

/* In front. The strings follow the interim responses, and the heads the strings. */
struct image {
    struct aw_exchanges xs;
    uint32_t texts; /* which strings there are; bits of enum aw_text */
};
enum { SLOT_PART = offsetof(struct aw_open, ex) + offsetof(struct aw_exchange, conn) };

struct writer {
    uint8_t *to;
    size_t used, room;
    bool full;
};
static void put(struct writer *w, const void *bytes, size_t n)
{
    if (n > w->room - w->used) w->full = true;
    if (w->full || n == 0) return;
    memcpy(w->to + w->used, bytes, n);
    w->used += n;
}

/* `to` NULL: passed over. */
static void take(const uint8_t **from, void *to, size_t n)
{
    if (to && n > 0) memcpy(to, *from, n);
    *from += n;
}

size_t aw_exchanges_image(const struct aw_exchanges *xs, uint8_t *out, size_t room, uint32_t *nth)
{
    const struct aw_open *s = xs->first;
    if (!s || s->next || xs->over || xs->unplaced) return 0;
    if (s->ex.text[AW_TEXT_ERROR_BODY].p) return 0; /* it may grow where it lies */
    /* Pointers are found anew: without them there is less to pack. */
    struct image image = {.xs = *xs};
    image.xs.room = NULL;
    image.xs.first = image.xs.last = NULL;
    struct aw_open slot;
    memcpy(&slot, s, SLOT_PART);
    for (unsigned i = 0; i < AW_TEXT_COUNT; i++) {
        if (s->ex.text[i].p) image.texts |= UINT32_C(1) << i;
        slot.ex.text[i].p = NULL;
    }
    for (unsigned i = 0; i < AW_WHICH_HEADS; i++)
        slot.head[i].bytes = NULL;
    struct writer w = {.to = out, .room = room};
    put(&w, &image, sizeof image);
    put(&w, &slot, SLOT_PART);
    put(&w, s->ex.interim, aw_interims_kept(&s->ex) * sizeof s->ex.interim[0]);
    for (unsigned i = 0; i < AW_TEXT_COUNT; i++)
        put(&w, s->ex.text[i].p, s->ex.text[i].len);
    for (unsigned i = 0; i < AW_WHICH_HEADS; i++)
        put(&w, s->head[i].bytes, s->head[i].len);
    *nth = s->announced ? s->ex.nth : 0;
    return w.full ? 0 : w.used;
}

/* The kept heads, in blocks of their own again. */
static void take_heads(const uint8_t **from, struct aw_exchange_room *room, struct aw_open *s)
{
    for (unsigned i = 0; i < AW_WHICH_HEADS; i++) {
        struct aw_kept_head *k = &s->head[i];
        if (k->len == 0) continue;
        struct aw_kept_head kept = {.bytes = aw_pool_get(room->pool, k->len), k->len, k->off};
        take(from, kept.bytes, k->len);
        if (!kept.bytes) room->stats.no_memory++;
        *k = kept.bytes ? kept : (struct aw_kept_head){.bytes = NULL};
    }
}

static struct aw_open *take_slot(const uint8_t **from, struct aw_exchange_room *room,
                                 uint32_t texts)
{
    size_t size;
    memcpy(&size, *from + offsetof(struct aw_open, size), sizeof size);
    struct aw_open *s = aw_pool_get(room->pool, size);
    if (!s) return NULL;
    take(from, s, SLOT_PART);
    take(from, s->ex.interim, aw_interims_kept(&s->ex) * sizeof s->ex.interim[0]);
    uint8_t *const base = (uint8_t *)(s + 1);
    s->text_used = 0;
    for (unsigned i = 0; i < AW_TEXT_COUNT; i++) {
        struct aw_span *text = &s->ex.text[i];
        if (!(texts >> i & 1)) continue;
        text->p = base + s->text_used;
        take(from, base + s->text_used, text->len);
        s->text_used += text->len;
    }
    take_heads(from, room, s);
    return s;
}

struct aw_exchanges *aw_exchanges_from_image(struct aw_exchange_room *room,
                                             const struct aw_flow *flow, const uint8_t *bytes)
{
    struct image image;
    struct aw_exchanges *xs = aw_pool_get(room->pool, sizeof *xs);
    if (!xs) return NULL;
    take(&bytes, &image, sizeof image);
    struct aw_open *s = take_slot(&bytes, room, image.texts);
    if (!s) {
        aw_pool_put(room->pool, xs, sizeof *xs);
        return NULL;
    }
    *xs = image.xs;
    xs->room = room;
    xs->first = xs->last = s;
    if (s->announced) aw_flow_facts(flow, &s->ex.conn);
    return xs;
}
