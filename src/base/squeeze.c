#include "base/squeeze.h"

#include <limits.h>
#include <string.h>

#include <lz4.h>

enum { FIRST_MOST = 4096 };

struct aw_squeezer {
    union {
        max_align_t align;
        uint8_t bytes[AW_IMAGE_MAX];
    } image;
    uint8_t packed[AW_IMAGE_MAX];
    uint8_t first[FIRST_MOST]; /* the first image, which others are likely to resemble */
    size_t first_len;
    LZ4_stream_t state;
};

_Static_assert(AW_IMAGE_MAX <= INT_MAX, "LZ4 counts in int");

struct aw_squeezer *aw_squeezer_new(const struct aw_alloc *alloc)
{
    struct aw_squeezer *q = alloc->get(alloc->ctx, sizeof *q);
    if (!q) return NULL;
    q->first_len = 0;
    (void)LZ4_initStream(&q->state, sizeof q->state);
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
    /* It resets the stream, whatever came of the block before. */
    (void)LZ4_loadDict(&q->state, (const char *)q->first, (int)q->first_len);
    const int n = LZ4_compress_fast_continue(&q->state, (const char *)q->image.bytes,
                                             (char *)q->packed, (int)len, (int)len - 1, 1);
    if (n <= 0) return (struct aw_span){.p = NULL};
    if (q->first_len == 0) {
        q->first_len = len < FIRST_MOST ? len : FIRST_MOST;
        memcpy(q->first, q->image.bytes, q->first_len);
    }
    return (struct aw_span){q->packed, (size_t)n};
}

bool aw_unsqueeze(struct aw_squeezer *q, struct aw_span packed, size_t len)
{
    if (len > AW_IMAGE_MAX || packed.len > AW_IMAGE_MAX) return false;
    /* The first one has nothing of itself in it. */
    return LZ4_decompress_safe_usingDict((const char *)packed.p, (char *)q->image.bytes,
                                         (int)packed.len, AW_IMAGE_MAX, (const char *)q->first,
                                         (int)q->first_len) == (int)len;
}
