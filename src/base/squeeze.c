#include "base/squeeze.h"

#include <limits.h>

#include <lz4.h>

struct aw_squeezer {
    union {
        max_align_t align;
        uint8_t bytes[AW_IMAGE_MAX];
    } image;
    uint8_t packed[AW_IMAGE_MAX];
    LZ4_stream_t state;
};

_Static_assert(AW_IMAGE_MAX <= INT_MAX, "LZ4 counts in int");

struct aw_squeezer *aw_squeezer_new(const struct aw_alloc *alloc)
{
    struct aw_squeezer *q = alloc->get(alloc->ctx, sizeof *q);
    if (q) (void)LZ4_initStream(&q->state, sizeof q->state);
    return q;
}

void aw_squeezer_free(struct aw_squeezer *q, const struct aw_alloc *alloc)
{
    alloc->put(alloc->ctx, q);
}

uint8_t *aw_squeezer_image(struct aw_squeezer *q)
{
    return q->image.bytes;
}

struct aw_span aw_squeeze(struct aw_squeezer *q, size_t len)
{
    if (len == 0 || len > AW_IMAGE_MAX) return (struct aw_span){.p = NULL};
    const int n = LZ4_compress_fast_extState(&q->state, (const char *)q->image.bytes,
                                             (char *)q->packed, (int)len, (int)len - 1, 1);
    if (n <= 0) return (struct aw_span){.p = NULL};
    return (struct aw_span){q->packed, (size_t)n};
}

bool aw_unsqueeze(struct aw_squeezer *q, struct aw_span packed, size_t len)
{
    if (len > AW_IMAGE_MAX || packed.len > AW_IMAGE_MAX) return false;
    return LZ4_decompress_safe((const char *)packed.p, (char *)q->image.bytes, (int)packed.len,
                               AW_IMAGE_MAX) == (int)len;
}
