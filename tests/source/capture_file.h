/*
 * For the tests of this room: builds capture files byte by byte, writes them plain or packed into a
 * folder of their own, and reads a source into a text log that a table can hold.
 */
#ifndef TESTS_SOURCE_CAPTURE_FILE_H
#define TESTS_SOURCE_CAPTURE_FILE_H

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bzlib.h>
#include <cmocka.h>
#include <lz4frame.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include "source/source.h"

struct file { /* a file in the making */
    uint8_t *p;
    size_t len, cap;
    bool big; /* byte order of what is put next */
};

static inline void put(struct file *f, const void *bytes, size_t n)
{
    if (n == 0) return;
    if (f->cap - f->len < n) {
        f->cap = (f->len + n) * 2;
        f->p = realloc(f->p, f->cap);
        assert_non_null(f->p);
    }
    memcpy(f->p + f->len, bytes, n);
    f->len += n;
}

static inline void put_number(struct file *f, uint64_t v, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        const unsigned shift = 8 * (f->big ? bytes - 1 - i : i);
        const uint8_t b = (uint8_t)(v >> shift);
        put(f, &b, 1);
    }
}
static inline void put16(struct file *f, uint64_t v)
{
    put_number(f, v, 2);
}
static inline void put32(struct file *f, uint64_t v)
{
    put_number(f, v, 4);
}

static inline void file_free(struct file *f)
{
    free(f->p);
    *f = (struct file){.p = NULL};
}

/* Bytes that tell where they are from: of packet `seed`, n of them. */
static inline uint8_t pattern(uint64_t seed, size_t i)
{
    return (uint8_t)(seed * 131 + i * 7 + (i >> 8));
}
static inline void put_pattern(struct file *f, uint64_t seed, size_t n)
{
    uint8_t piece[4096];
    for (size_t at = 0; at < n;) {
        const size_t k = n - at < sizeof piece ? n - at : sizeof piece;
        for (size_t i = 0; i < k; i++)
            piece[i] = pattern(seed, at + i);
        put(f, piece, k);
        at += k;
    }
}

/* --- pcap --- */

static inline void pcap_head(struct file *f, uint32_t magic, uint32_t snaplen, uint32_t linktype)
{
    put32(f, magic);
    put16(f, 2);
    put16(f, 4);
    put32(f, 0);
    put32(f, 0);
    put32(f, snaplen);
    put32(f, linktype);
}

static inline void pcap_record(struct file *f, uint32_t sec, uint32_t fraction, uint32_t cap_len,
                               uint32_t wire_len)
{
    put32(f, sec);
    put32(f, fraction);
    put32(f, cap_len);
    put32(f, wire_len);
}

static inline void pcap_packet(struct file *f, uint32_t sec, uint32_t fraction, const char *bytes)
{
    const uint32_t n = (uint32_t)strlen(bytes);
    pcap_record(f, sec, fraction, n, n);
    put(f, bytes, n);
}

/* --- pcapng --- */

static inline void ng_block(struct file *f, uint32_t type, const struct file *body)
{
    static const uint8_t zero[4] = {0};
    const size_t pad = (4 - body->len % 4) % 4;
    put32(f, type);
    put32(f, 12 + body->len + pad);
    put(f, body->p, body->len);
    put(f, zero, pad);
    put32(f, 12 + body->len + pad);
}

static inline void ng_section(struct file *f, bool big)
{
    struct file b = {.big = big};
    f->big = big;
    put32(&b, 0x1a2b3c4d);
    put16(&b, 1);
    put16(&b, 0);
    put_number(&b, UINT64_MAX, 8);
    ng_block(f, 0x0a0d0d0a, &b);
    file_free(&b);
}

/* tsresol < 0, tsoffset 0: without that option */
static inline void ng_interface(struct file *f, uint16_t linktype, uint32_t snaplen, int tsresol,
                                int64_t tsoffset)
{
    struct file b = {.big = f->big};
    put16(&b, linktype);
    put16(&b, 0);
    put32(&b, snaplen);
    if (tsresol >= 0 || tsoffset != 0) {
        put16(&b, 2); /* if_name, to be stepped over, with padding */
        put16(&b, 3);
        put(&b, "if0", 4);
    }
    if (tsresol >= 0) {
        put16(&b, 9);
        put16(&b, 1);
        put_number(&b, (uint64_t)tsresol, 1);
        put(&b, "\0\0", 3);
    }
    if (tsoffset != 0) {
        put16(&b, 14);
        put16(&b, 8);
        put_number(&b, (uint64_t)tsoffset, 8);
    }
    if (tsresol >= 0 || tsoffset != 0) put32(&b, 0);
    ng_block(f, 1, &b);
    file_free(&b);
}

static inline void ng_packet_claiming(struct file *f, uint32_t iface, uint64_t units,
                                      const char *bytes, uint32_t cap_len, uint32_t wire_len)
{
    struct file b = {.big = f->big};
    put32(&b, iface);
    put32(&b, units >> 32);
    put32(&b, units);
    put32(&b, cap_len);
    put32(&b, wire_len);
    put(&b, bytes, strlen(bytes));
    ng_block(f, 6, &b);
    file_free(&b);
}

static inline void ng_packet(struct file *f, uint32_t iface, uint64_t units, const char *bytes)
{
    const uint32_t n = (uint32_t)strlen(bytes);
    ng_packet_claiming(f, iface, units, bytes, n, n);
}

static inline void ng_packet_old(struct file *f, uint16_t iface, uint64_t units, const char *bytes)
{
    struct file b = {.big = f->big};
    put16(&b, iface);
    put16(&b, 7); /* drops */
    put32(&b, units >> 32);
    put32(&b, units);
    put32(&b, strlen(bytes));
    put32(&b, strlen(bytes));
    put(&b, bytes, strlen(bytes));
    ng_block(f, 2, &b);
    file_free(&b);
}

static inline void ng_packet_simple(struct file *f, const char *bytes, uint32_t wire_len)
{
    struct file b = {.big = f->big};
    put32(&b, wire_len);
    put(&b, bytes, strlen(bytes));
    ng_block(f, 3, &b);
    file_free(&b);
}

/* --- files --- */

static char folder[64]; /* this test program's own, made by folder_make */

static inline int folder_make(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/await100-source-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static inline int folder_remove(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

/* The path of a file in the folder; good for the next four calls. */
static inline const char *path_of(const char *name)
{
    static char path[4][256];
    static unsigned turn;
    char *p = path[turn++ % 4];
    snprintf(p, sizeof path[0], "%s/%s", folder, name);
    return p;
}

static inline const char *save(const char *name, const uint8_t *bytes, size_t n)
{
    const char *path = path_of(name);
    FILE *out = fopen(path, "wb");
    assert_non_null(out);
    if (n > 0) assert_int_equal(fwrite(bytes, 1, n, out), n);
    assert_int_equal(fclose(out), 0);
    return path;
}

enum packing { GZIP, ZSTD, LZ4, XZ, BZIP2, PACKINGS };
static const char *const packing_name[] = {"gzip", "zstd", "lz4", "xz", "bzip2"};

/* A compressor's work so far; for GZIP and ZSTD, which can be told to bring out all they have. */
struct packer {
    enum packing packing;
    z_stream gzip;
    ZSTD_CStream *zstd;
};

static inline void packer_init(struct packer *p, enum packing packing)
{
    *p = (struct packer){.packing = packing};
    if (packing == GZIP) {
        assert_int_equal(deflateInit2(&p->gzip, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
    } else {
        p->zstd = ZSTD_createCStream();
        assert_non_null(p->zstd);
        ZSTD_CCtx_setParameter(p->zstd, ZSTD_c_checksumFlag, 1);
    }
}

/* Appends `bytes` packed to `out`, and all that belongs before them; `last`: the end, too. */
static inline void packer_put(struct packer *p, struct file *out, uint8_t *bytes, size_t n,
                              bool last)
{
    const size_t room = n + n / 2 + 65536;
    uint8_t *packed = malloc(room);
    assert_non_null(packed);
    if (p->packing == GZIP) {
        p->gzip.next_in = bytes;
        p->gzip.avail_in = (uInt)n;
        p->gzip.next_out = packed;
        p->gzip.avail_out = (uInt)room;
        assert_int_equal(deflate(&p->gzip, last ? Z_FINISH : Z_SYNC_FLUSH),
                         last ? Z_STREAM_END : Z_OK);
        put(out, packed, room - p->gzip.avail_out);
        if (last) deflateEnd(&p->gzip);
    } else {
        ZSTD_inBuffer from = {.src = bytes, .size = n};
        ZSTD_outBuffer to = {.dst = packed, .size = room};
        assert_int_equal(
            ZSTD_compressStream2(p->zstd, &to, &from, last ? ZSTD_e_end : ZSTD_e_flush), 0);
        put(out, packed, to.pos);
        if (last) ZSTD_freeCStream(p->zstd);
    }
    free(packed);
}

/* Appends `bytes` to `out` as one frame of that packing. */
static inline void pack(struct file *out, enum packing packing, uint8_t *bytes, size_t n)
{
    const size_t room = n + n / 2 + 65536;
    uint8_t *packed = malloc(room);
    size_t used = 0;
    unsigned used_int = (unsigned)room;
    assert_non_null(packed);
    switch (packing) {
    case GZIP:
    case ZSTD: {
        struct packer p;
        packer_init(&p, packing);
        packer_put(&p, out, bytes, n, true);
        break;
    }
    case LZ4: {
        const LZ4F_preferences_t checked = {
            .frameInfo = {.contentChecksumFlag = LZ4F_contentChecksumEnabled}};
        used = LZ4F_compressFrame(packed, room, bytes, n, &checked);
        assert_false(LZ4F_isError(used));
        break;
    }
    case XZ:
        assert_int_equal(
            lzma_easy_buffer_encode(1, LZMA_CHECK_CRC64, NULL, bytes, n, packed, &used, room),
            LZMA_OK);
        break;
    case BZIP2:
        assert_int_equal(BZ2_bzBuffToBuffCompress((char *)packed, &used_int, (char *)bytes,
                                                  (unsigned)n, 9, 0, 0),
                         BZ_OK);
        used = used_int;
        break;
    case PACKINGS:
        break;
    }
    put(out, packed, used);
    free(packed);
}

/* --- reading --- */

static inline struct aw_source *open_source(const char *path)
{
    char err[300] = "";
    struct aw_source *s = aw_source_open(path, 3, err, sizeof err);
    if (!s) fail_msg("%s", err);
    return s;
}

/* Everything a source gives, one line a packet, "end" or the error (without the folder) at last. */
static inline char *read_log(struct aw_source *s)
{
    struct file log = {.p = NULL};
    char line[256];
    unsigned hold = 0;
    for (;;) {
        const struct aw_packet *p;
        size_t n;
        const enum aw_read r = aw_source_next(s, hold++, &p, &n);
        if (r == AW_READ_AGAIN) continue;
        if (r == AW_READ_OK) assert_true(n >= 1);
        for (size_t i = 0; r == AW_READ_OK && i < n; i++) {
            assert_int_equal(aw_ref_source(p[i].ref), 3);
            snprintf(line, sizeof line,
                     "%" PRIu64 " %" PRId64 ".%09" PRId64 " %u/%u l%u i%u %.*s\n",
                     aw_ref_no(p[i].ref), p[i].ts / AW_SEC, p[i].ts % AW_SEC, p[i].cap_len,
                     p[i].wire_len, p[i].linktype, p[i].iface,
                     (int)(p[i].cap_len < 40 ? p[i].cap_len : 40), (const char *)p[i].data);
            put(&log, line, strlen(line));
        }
        if (r == AW_READ_OK) continue;
        const char *error = r == AW_READ_END ? "end" : aw_source_error(s);
        if (strncmp(error, folder, strlen(folder)) == 0) error += strlen(folder) + 1;
        put(&log, error, strlen(error) + 1);
        for (unsigned again = 0; again < 3; again++) /* it stays so */
            assert_int_equal(aw_source_next(s, again, &p, &n), r);
        return (char *)log.p;
    }
}

static inline char *read_path(const char *path)
{
    struct aw_source *s = open_source(path);
    char *log = read_log(s);
    aw_source_close(s);
    return log;
}

static inline void expect_log(const char *name, const char *path, const char *expected)
{
    char *log = read_path(path);
    if (strcmp(log, expected) != 0)
        fail_msg("%s:\n--- got\n%s\n--- expected\n%s", name, log, expected);
    free(log);
}

#endif
