/*
 * A stream of bytes; see input.h. Plain input never passes libarchive: it costs a copy, and might
 * take a capture for something else. Compressed input passes exactly the one filter its magic
 * names, and the "raw" format, so that nothing inside is taken for an archive.
 */
#include "source/input.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAGIC_MAX = 6, STORED_BYTES = 64 * 1024, IDLE_MS = 100 };

/* How compressed streams begin. A bit set in `any` is not compared. */
static const struct packing {
    const char *name;
    int filter; /* libarchive's number */
    size_t len;
    uint8_t magic[MAGIC_MAX], any[MAGIC_MAX];
} packings[] = {
    {"gzip", ARCHIVE_FILTER_GZIP, 3, {0x1f, 0x8b, 0x08}, {0}},
    {"zstd", ARCHIVE_FILTER_ZSTD, 4, {0x28, 0xb5, 0x2f, 0xfd}, {0}},
    {"zstd", ARCHIVE_FILTER_ZSTD, 4, {0x50, 0x2a, 0x4d, 0x18}, {0x0f}}, /* skippable frame first */
    {"lz4", ARCHIVE_FILTER_LZ4, 4, {0x04, 0x22, 0x4d, 0x18}, {0}},
    {"lz4", ARCHIVE_FILTER_LZ4, 4, {0x02, 0x21, 0x4c, 0x18}, {0}}, /* legacy frame */
    {"xz", ARCHIVE_FILTER_XZ, 6, {0xfd, '7', 'z', 'X', 'Z', 0}, {0}},
    {"bzip2", ARCHIVE_FILTER_BZIP2, 4, {'B', 'Z', 'h', '0'}, {0, 0, 0, 0x0f}},
};

struct aw_input {
    int fd;
    uint64_t size;           /* of a regular file; 0 = unknown */
    uint64_t stored;         /* bytes read from fd */
    uint8_t head[MAGIC_MAX]; /* the first bytes, read to look for a magic */
    size_t head_len, head_used;
    bool looked;                   /* head is complete and judged */
    bool drained;                  /* the decompressor has seen the end of the stored bytes */
    bool interrupted;              /* a signal came while the decompressor waited for bytes */
    int read_errno;                /* of the decompressor's last failed read; 0 = none */
    enum aw_input_status final;    /* END or FAILED once reached; OK before */
    const struct packing *packing; /* NULL = plain */
    struct archive *archive;       /* owned; the decompressor */
    uint8_t *buffer;               /* owned; stored bytes on their way into it */
    const uint8_t *unpacked;       /* borrowed from it: decompressed bytes not handed on yet */
    size_t unpacked_len;
    char error[256];
};

static int open_path(const char *path, struct stat *st, char *err, size_t err_size)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        snprintf(err, err_size, "%s", strerror(errno));
        return -1;
    }
    if (fstat(fd, st) == 0 && !S_ISDIR(st->st_mode)) return fd;
    snprintf(err, err_size, "%s", S_ISDIR(st->st_mode) ? "is a directory" : strerror(errno));
    close(fd);
    return -1;
}

struct aw_input *aw_input_open(const char *path, char *err, size_t err_size)
{
    struct stat st = {.st_size = 0};
    int fd = STDIN_FILENO;
    if (strcmp(path, "-") != 0) {
        fd = open_path(path, &st, err, err_size);
        if (fd < 0) return NULL;
    } else if (fstat(fd, &st) != 0) {
        snprintf(err, err_size, "%s", strerror(errno));
        return NULL;
    } else if (S_ISDIR(st.st_mode) || isatty(fd)) {
        snprintf(err, err_size, "is a %s, a capture is expected",
                 S_ISDIR(st.st_mode) ? "directory" : "terminal");
        return NULL;
    }
    struct aw_input *in = calloc(1, sizeof *in);
    if (!in) {
        snprintf(err, err_size, "out of memory");
        if (fd != STDIN_FILENO) close(fd);
        return NULL;
    }
    in->fd = fd;
    if (S_ISREG(st.st_mode)) {
        in->size = (uint64_t)st.st_size;
        (void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL); /* advice only */
    }
    return in;
}

void aw_input_close(struct aw_input *in)
{
    if (!in) return;
    if (in->archive) archive_read_free(in->archive);
    if (in->fd != STDIN_FILENO) close(in->fd);
    free(in->buffer);
    free(in);
}

static enum aw_input_status fail(struct aw_input *in, const char *what, const char *why)
{
    snprintf(in->error, sizeof in->error, "%s: %s", what, why ? why : "unknown error");
    return in->final = AW_INPUT_FAILED;
}

/* One read(2). A descriptor that somebody else made non-blocking is waited for, but not for long:
 * the caller has to see its own interrupts. */
static enum aw_input_status read_stored(struct aw_input *in, uint8_t *to, size_t room, size_t *got)
{
    const ssize_t r = read(in->fd, to, room);
    if (r > 0) {
        *got = (size_t)r;
        in->stored += (uint64_t)r;
        return AW_INPUT_OK;
    }
    if (r == 0) return AW_INPUT_END;
    if (errno == EINTR) return AW_INPUT_AGAIN;
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
        struct pollfd p = {.fd = in->fd, .events = POLLIN};
        (void)poll(&p, 1, IDLE_MS);
        return AW_INPUT_AGAIN;
    }
    in->read_errno = errno;
    return AW_INPUT_FAILED;
}

/* libarchive asks for stored bytes. It cannot be told "again", so a signal ends its input; the run
 * is being stopped then. Handlers that do not stop it are to be installed with SA_RESTART. */
static la_ssize_t feed(struct archive *a, void *ctx, const void **bytes)
{
    struct aw_input *in = ctx;
    *bytes = in->buffer;
    if (in->head_used < in->head_len) {
        *bytes = in->head + in->head_used;
        const size_t n = in->head_len - in->head_used;
        in->head_used = in->head_len;
        return (la_ssize_t)n;
    }
    for (;;) {
        size_t got = 0;
        switch (read_stored(in, in->buffer, STORED_BYTES, &got)) {
        case AW_INPUT_OK:
            return (la_ssize_t)got;
        case AW_INPUT_END:
            in->drained = true;
            return 0;
        case AW_INPUT_AGAIN:
            if (errno != EINTR) continue; /* non-blocking and idle */
            in->interrupted = true;
            return 0;
        case AW_INPUT_FAILED:
            archive_set_error(a, in->read_errno, "%s", strerror(in->read_errno));
            return -1;
        }
    }
}

static const struct packing *find_packing(const uint8_t *head, size_t len)
{
    for (size_t i = 0; i < sizeof packings / sizeof *packings; i++) {
        const struct packing *p = &packings[i];
        size_t k = 0;
        while (k < p->len && k < len && ((head[k] ^ p->magic[k]) & ~p->any[k] & 0xff) == 0)
            k++;
        if (k == p->len) return p;
    }
    return NULL;
}

/* Says why the decompressor gave up. Its own words for input that ends early differ from one to the
 * next, and some are no help. */
static enum aw_input_status archive_failed(struct aw_input *in)
{
    if (in->interrupted) {
        (void)fail(in, in->packing->name, "interrupted");
        return AW_INPUT_AGAIN;
    }
    if (in->read_errno) return fail(in, "read error", strerror(in->read_errno));
    if (in->drained) return fail(in, in->packing->name, "the compressed data is cut short");
    return fail(in, in->packing->name, archive_error_string(in->archive));
}

static enum aw_input_status start_unpacking(struct aw_input *in)
{
    struct archive_entry *entry;
    in->buffer = malloc(STORED_BYTES);
    in->archive = archive_read_new();
    if (!in->buffer || !in->archive) return fail(in, in->packing->name, "out of memory");
    /* "empty" beside "raw": a compressed nothing is no error of the decompressor. */
    if (archive_read_support_format_raw(in->archive) != ARCHIVE_OK ||
        archive_read_support_format_empty(in->archive) != ARCHIVE_OK ||
        archive_read_append_filter(in->archive, in->packing->filter) != ARCHIVE_OK)
        return archive_failed(in);
    /* Opening reads a first piece. The "empty" format also takes what a failing filter leaves, so
     * an error may stand there although all seems well. */
    if (archive_read_open(in->archive, in, NULL, feed, NULL) != ARCHIVE_OK || in->interrupted ||
        archive_errno(in->archive) != 0)
        return archive_failed(in);
    switch (archive_read_next_header(in->archive, &entry)) {
    case ARCHIVE_OK:
    case ARCHIVE_WARN:
        return AW_INPUT_OK;
    case ARCHIVE_EOF:
        return in->final = AW_INPUT_END;
    default:
        return archive_failed(in);
    }
}

/* Reads the first bytes, however short the pieces in which a pipe brings them, and judges them. */
static enum aw_input_status look(struct aw_input *in)
{
    while (in->head_len < MAGIC_MAX) {
        size_t got = 0;
        const enum aw_input_status r =
            read_stored(in, in->head + in->head_len, MAGIC_MAX - in->head_len, &got);
        if (r == AW_INPUT_END) break;
        if (r == AW_INPUT_FAILED) return fail(in, "read error", strerror(in->read_errno));
        if (r != AW_INPUT_OK) return r;
        in->head_len += got;
    }
    in->looked = true;
    in->packing = find_packing(in->head, in->head_len);
    return in->packing ? start_unpacking(in) : AW_INPUT_OK;
}

/* Makes sure that decompressed bytes are at hand. In libarchive's own pieces: asked for a certain
 * number of bytes it would wait for all of them, and throw away what it has when the input proves
 * damaged. */
static enum aw_input_status unpack(struct aw_input *in)
{
    while (in->unpacked_len == 0) {
        const void *bytes;
        la_int64_t offset;
        const int r = archive_read_data_block(in->archive, &bytes, &in->unpacked_len, &offset);
        if (r == ARCHIVE_EOF) return in->final = AW_INPUT_END;
        if (r < ARCHIVE_WARN) return archive_failed(in);
        in->unpacked = bytes;
    }
    return AW_INPUT_OK;
}

enum aw_input_status aw_input_read(struct aw_input *in, uint8_t *to, size_t room, size_t *got)
{
    *got = 0;
    if (in->final != AW_INPUT_OK) return in->final;
    if (!in->looked) {
        const enum aw_input_status r = look(in);
        if (r != AW_INPUT_OK) return r;
    }
    if (in->packing) {
        const enum aw_input_status r = unpack(in);
        if (r != AW_INPUT_OK) return r;
        *got = in->unpacked_len < room ? in->unpacked_len : room;
        memcpy(to, in->unpacked, *got);
        in->unpacked += *got;
        in->unpacked_len -= *got;
        return AW_INPUT_OK;
    }
    if (in->head_used < in->head_len) {
        const size_t left = in->head_len - in->head_used, n = room < left ? room : left;
        memcpy(to, in->head + in->head_used, n);
        in->head_used += n;
        *got = n;
        return AW_INPUT_OK;
    }
    const enum aw_input_status r = read_stored(in, to, room, got);
    if (r == AW_INPUT_FAILED) return fail(in, "read error", strerror(in->read_errno));
    if (r == AW_INPUT_END) in->final = r;
    return r;
}

const char *aw_input_error(const struct aw_input *in)
{
    return in->error;
}

const char *aw_input_packing(const struct aw_input *in)
{
    return in->packing ? in->packing->name : NULL;
}

uint64_t aw_input_stored(const struct aw_input *in)
{
    return in->stored;
}

uint64_t aw_input_size(const struct aw_input *in)
{
    return in->size;
}
