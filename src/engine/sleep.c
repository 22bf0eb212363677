/*
 * What is kept of a connection in the middle of an exchange of which nothing is heard: everything,
 * packed into one block.
 */
#include "engine/engine.h"

#include <string.h>

struct aw_sleeper *aw_sleeper_new(struct aw_pool *pool, struct aw_squeezer *q,
                                  const struct aw_http *http, const struct aw_exchanges *xs)
{
    uint8_t *image = aw_squeezer_image(q);
    uint32_t nth = 0;
    const size_t first = aw_http_image(http, image, AW_IMAGE_MAX);
    if (first == 0) return NULL;
    const size_t second = aw_exchanges_image(xs, image + first, AW_IMAGE_MAX - first, &nth);
    if (second == 0) return NULL;
    const struct aw_span packed = aw_squeeze(q, first + second);
    if (!packed.p) return NULL;
    const size_t size = sizeof(struct aw_sleeper) + packed.len;
    struct aw_sleeper *z = aw_pool_get(pool, size);
    if (!z) return NULL;
    *z = (struct aw_sleeper){
        .state = AW_CONN_SLEEPS,
        .size = (uint16_t)size,
        .image = (uint16_t)(first + second),
        .http_part = (uint16_t)first,
        .nth = nth,
        .waits_since = AW_NS_NONE,
    };
    memcpy(z->packed, packed.p, packed.len);
    return z;
}

void aw_sleeper_wake(const struct aw_sleeper *z, struct aw_squeezer *q,
                     struct aw_exchange_room *room, struct aw_http_stats *stats,
                     const struct aw_flow *flow, struct aw_http **http, struct aw_exchanges **xs)
{
    const struct aw_span packed = {z->packed, z->size - sizeof *z};
    *http = NULL;
    *xs = NULL;
    if (!aw_unsqueeze(q, packed, z->image)) return;
    const uint8_t *image = aw_squeezer_image(q);
    *http = aw_http_from_image(room->pool, stats, image);
    *xs = aw_exchanges_from_image(room, flow, image + z->http_part);
}
