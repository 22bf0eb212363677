/*
 * Decompression; see unpack.h. A table of packings, each with three functions that put its library
 * behind one shape: begin a frame, take a step, release. The loop over frames is common to all.
 */
#include "source/unpack.h"

#include <bzlib.h>
#include <limits.h>
#include <lz4frame.h>
#include <lzma.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define ZLIB_CONST
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

/* What a step works on, and what it has done. */
struct work {
    const uint8_t *in;
    size_t in_len, used;
    uint8_t *out;
    size_t room, got;
};

enum step { STEP_ON, STEP_FRAME_END, STEP_BROKEN };

struct aw_packing {
    const char *name;
    size_t magic_len;
    uint8_t magic[AW_PACKING_MAGIC], any[AW_PACKING_MAGIC]; /* a bit set in `any` is not compared */
    bool (*begin)(struct aw_unpack *u);                     /* false: no memory */
    enum step (*step)(struct aw_unpack *u, struct work *w);
    void (*release)(struct aw_unpack *u); /* also what was never begun */
};

struct aw_unpack {
    const struct aw_packing *packing;
    union { /* owned; zero = not begun */
        z_stream gzip;
        ZSTD_DStream *zstd;
        lzma_stream xz;
        bz_stream bzip2;
        LZ4F_dctx *lz4;
    } lib;
    size_t hint;     /* zstd and lz4: packed bytes that make the next step */
    uint64_t frames; /* complete ones */
    bool inside;     /* a frame */
    bool fruitful;   /* it has given bytes */
    bool full;       /* the last step filled its room: the library may hold more */
    bool broken;
    const char *why; /* the library's words, static; NULL = no memory */
    char error[160];
};

static enum step broken(struct aw_unpack *u, const char *why)
{
    u->why = why;
    return STEP_BROKEN;
}

/* For libraries that count in unsigned int. */
static unsigned clamp(size_t n)
{
    return n < UINT_MAX ? (unsigned)n : UINT_MAX;
}

/* --- gzip --- */

static bool gzip_begin(struct aw_unpack *u)
{
    if (u->frames > 0) return inflateReset(&u->lib.gzip) == Z_OK;
    return inflateInit2(&u->lib.gzip, 16 + MAX_WBITS) == Z_OK; /* 16: a gzip header is wanted */
}

static enum step gzip_step(struct aw_unpack *u, struct work *w)
{
    z_stream *z = &u->lib.gzip;
    z->next_in = w->in;
    z->avail_in = clamp(w->in_len);
    z->next_out = w->out;
    z->avail_out = clamp(w->room);
    const int r = inflate(z, Z_NO_FLUSH);
    w->used = (size_t)(z->next_in - w->in);
    w->got = (size_t)(z->next_out - w->out);
    if (r == Z_STREAM_END) return STEP_FRAME_END;
    return r == Z_OK || r == Z_BUF_ERROR ? STEP_ON : broken(u, z->msg);
}

static void gzip_release(struct aw_unpack *u)
{
    (void)inflateEnd(&u->lib.gzip);
}

/* --- zstd and lz4 --- */

/* Both libraries keep quiet about what a call has written when that call fails. So each is given no
 * more than what completes one block, never the header of the next (that is what the hint counts
 * beyond it), and nothing while it still has bytes to give. As a block's bytes then come out of a
 * call of their own, a failure costs none. Short of a whole frame, it also keeps zstd from decoding
 * that in one go. */
static size_t portion(const struct aw_unpack *u, const struct work *w, size_t header)
{
    if (u->full) return 0;
    const size_t n = u->hint > header ? u->hint - header : u->hint;
    return n < w->in_len ? n : w->in_len;
}

enum { ZSTD_BLOCK_HEADER = 3, LZ4_BLOCK_HEADER = 4 };

static bool zstd_begin(struct aw_unpack *u)
{
    if (!u->lib.zstd) u->lib.zstd = ZSTD_createDStream();
    if (!u->lib.zstd) return false;
    u->hint = ZSTD_initDStream(u->lib.zstd);
    return !ZSTD_isError(u->hint);
}

static enum step zstd_step(struct aw_unpack *u, struct work *w)
{
    ZSTD_inBuffer in = {.src = w->in, .size = portion(u, w, ZSTD_BLOCK_HEADER)};
    ZSTD_outBuffer out = {.dst = w->out, .size = w->room};
    u->hint = ZSTD_decompressStream(u->lib.zstd, &out, &in);
    if (ZSTD_getErrorCode(u->hint) == ZSTD_error_memory_allocation) return broken(u, NULL);
    if (ZSTD_isError(u->hint)) return broken(u, ZSTD_getErrorName(u->hint));
    w->used = in.pos;
    w->got = out.pos;
    return u->hint > 0 ? STEP_ON : STEP_FRAME_END;
}

static void zstd_release(struct aw_unpack *u)
{
    ZSTD_freeDStream(u->lib.zstd);
}

static bool lz4_begin(struct aw_unpack *u)
{
    u->hint = LZ4F_MIN_SIZE_TO_KNOW_HEADER_LENGTH;
    if (u->lib.lz4) LZ4F_resetDecompressionContext(u->lib.lz4);
    return u->lib.lz4 || !LZ4F_isError(LZ4F_createDecompressionContext(&u->lib.lz4, LZ4F_VERSION));
}

static enum step lz4_step(struct aw_unpack *u, struct work *w)
{
    size_t used = portion(u, w, LZ4_BLOCK_HEADER), got = w->room;
    u->hint = LZ4F_decompress(u->lib.lz4, w->out, &got, w->in, &used, NULL);
    if (LZ4F_isError(u->hint)) return broken(u, LZ4F_getErrorName(u->hint));
    w->used = used;
    w->got = got;
    return u->hint > 0 ? STEP_ON : STEP_FRAME_END;
}

static void lz4_release(struct aw_unpack *u)
{
    (void)LZ4F_freeDecompressionContext(u->lib.lz4);
}

/* What `lz4 -l` writes for boot loaders; the library has no reader for it. */
static bool old_lz4_begin(struct aw_unpack *u)
{
    (void)u;
    return true;
}

static enum step old_lz4_step(struct aw_unpack *u, struct work *w)
{
    (void)w;
    return broken(u, "the legacy format is not read here: pipe the output of \"lz4 -dc\" in");
}

static void old_lz4_release(struct aw_unpack *u)
{
    (void)u;
}

/* --- xz --- */

enum { XZ_MEMORY_MAX = 1 << 30 }; /* bytes; xz -9 asks for 65 MiB, a hostile file for 4 GiB */

static bool xz_begin(struct aw_unpack *u)
{
    return lzma_stream_decoder(&u->lib.xz, XZ_MEMORY_MAX, 0) == LZMA_OK;
}

static enum step xz_step(struct aw_unpack *u, struct work *w)
{
    lzma_stream *x = &u->lib.xz;
    x->next_in = w->in;
    x->avail_in = w->in_len;
    x->next_out = w->out;
    x->avail_out = w->room;
    const lzma_ret r = lzma_code(x, LZMA_RUN);
    w->used = w->in_len - x->avail_in;
    w->got = w->room - x->avail_out;
    if (r == LZMA_STREAM_END) return STEP_FRAME_END;
    if (r == LZMA_OK || r == LZMA_BUF_ERROR) return STEP_ON;
    if (r == LZMA_MEM_ERROR) return broken(u, NULL);
    if (r == LZMA_MEMLIMIT_ERROR) return broken(u, "it asks for more than 1 GiB of memory");
    return broken(u, r == LZMA_FORMAT_ERROR ? "incorrect header" : "incorrect data");
}

static void xz_release(struct aw_unpack *u)
{
    lzma_end(&u->lib.xz);
}

/* --- bzip2 --- */

static bool bzip2_begin(struct aw_unpack *u)
{
    (void)BZ2_bzDecompressEnd(&u->lib.bzip2); /* the frame before: there is no reset */
    return BZ2_bzDecompressInit(&u->lib.bzip2, 0, 0) == BZ_OK;
}

static enum step bzip2_step(struct aw_unpack *u, struct work *w)
{
    bz_stream *b = &u->lib.bzip2;
    b->next_in = (char *)(uintptr_t)w->in; /* takes no const, but does not write */
    b->avail_in = clamp(w->in_len);
    b->next_out = (char *)w->out;
    b->avail_out = clamp(w->room);
    const int r = BZ2_bzDecompress(b);
    w->used = clamp(w->in_len) - b->avail_in;
    w->got = clamp(w->room) - b->avail_out;
    if (r == BZ_STREAM_END) return STEP_FRAME_END;
    if (r == BZ_OK) return STEP_ON;
    if (r == BZ_MEM_ERROR) return broken(u, NULL);
    return broken(u, r == BZ_DATA_ERROR_MAGIC ? "incorrect header" : "incorrect data");
}

static void bzip2_release(struct aw_unpack *u)
{
    (void)BZ2_bzDecompressEnd(&u->lib.bzip2);
}

/* --- all --- */

#define FUNCTIONS(packing) packing##_begin, packing##_step, packing##_release
static const struct aw_packing packings[] = {
    {"gzip", 3, {0x1f, 0x8b, 0x08}, {0}, FUNCTIONS(gzip)},
    {"zstd", 4, {0x28, 0xb5, 0x2f, 0xfd}, {0}, FUNCTIONS(zstd)},
    {"zstd", 4, {0x50, 0x2a, 0x4d, 0x18}, {0x0f}, FUNCTIONS(zstd)}, /* skippable frame first */
    {"lz4", 4, {0x04, 0x22, 0x4d, 0x18}, {0}, FUNCTIONS(lz4)},
    {"lz4", 4, {0x02, 0x21, 0x4c, 0x18}, {0}, FUNCTIONS(old_lz4)},
    {"xz", 6, {0xfd, '7', 'z', 'X', 'Z', 0}, {0}, FUNCTIONS(xz)},
    {"bzip2", 4, {'B', 'Z', 'h', '0'}, {0, 0, 0, 0x0f}, FUNCTIONS(bzip2)},
};
#undef FUNCTIONS

const struct aw_packing *aw_packing_of(const uint8_t *head, size_t len)
{
    for (size_t i = 0; i < sizeof packings / sizeof *packings; i++) {
        const struct aw_packing *p = &packings[i];
        size_t k = 0;
        while (k < p->magic_len && k < len && ((head[k] ^ p->magic[k]) & ~p->any[k] & 0xff) == 0)
            k++;
        if (k == p->magic_len) return p;
    }
    return NULL;
}

const char *aw_packing_name(const struct aw_packing *p)
{
    return p->name;
}

struct aw_unpack *aw_unpack_new(const struct aw_packing *packing)
{
    struct aw_unpack *u = calloc(1, sizeof *u);
    if (u) u->packing = packing;
    return u;
}

void aw_unpack_free(struct aw_unpack *u)
{
    if (!u) return;
    u->packing->release(u);
    free(u);
}

/* Between frames: steps over zeros, and begins the next frame where there is one. */
static bool next_frame(struct aw_unpack *u, struct aw_span *in)
{
    while (u->frames > 0 && in->len > 0 && *in->p == 0) {
        in->p++;
        in->len--;
    }
    if (in->len == 0) return false;
    u->inside = true;
    u->fruitful = u->full = false;
    u->broken = !u->packing->begin(u); /* `why` is NULL, as it should be */
    return true;
}

static enum aw_unpack_status tell(struct aw_unpack *u)
{
    const char *name = u->packing->name;
    if (!u->why)
        snprintf(u->error, sizeof u->error, "%s: out of memory", name);
    else if (u->frames > 0 && !u->fruitful)
        snprintf(u->error, sizeof u->error, "%s: what follows the compressed data is broken: %s",
                 name, u->why);
    else
        snprintf(u->error, sizeof u->error, "%s: the compressed data is broken: %s", name, u->why);
    return AW_UNPACK_BROKEN;
}

enum aw_unpack_status aw_unpack_read(struct aw_unpack *u, struct aw_span *in, uint8_t *to,
                                     size_t room, size_t *got)
{
    *got = 0;
    for (;;) {
        if (!u->inside && !next_frame(u, in)) return AW_UNPACK_HUNGRY;
        if (u->broken) return tell(u);
        if (in->len == 0 && !u->full) return AW_UNPACK_HUNGRY;
        struct work w = {.in = in->p, .in_len = in->len, .out = to, .room = room};
        const enum step step = u->packing->step(u, &w);
        in->p += w.used;
        in->len -= w.used;
        u->full = w.got == room;
        u->fruitful |= w.got > 0;
        switch (step) {
        case STEP_ON:
            break;
        case STEP_FRAME_END:
            u->frames++;
            u->inside = false;
            break;
        case STEP_BROKEN:
            u->broken = true; /* told once the bytes before it are out */
            break;
        }
        *got = w.got;
        if (w.got > 0) return AW_UNPACK_OK;
    }
}

bool aw_unpack_complete(const struct aw_unpack *u)
{
    return !u->inside;
}

const char *aw_unpack_error(const struct aw_unpack *u)
{
    return u->error;
}
