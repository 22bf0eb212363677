/*
 * A stream of bytes; see input.h. Plain input never passes a decompressor. Compressed input passes
 * the one that its magic names, once: what is inside is a capture or nothing.
 */
#include "source/input.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "source/unpack.h"

enum { STORED_BYTES = 64 * 1024, IDLE_MS = 100 };

struct aw_input {
    int fd;
    bool borrowed;                  /* fd: not closed */
    bool by_place;                  /* what is read does not hang on where fd stands */
    uint64_t size;                  /* of a regular file; 0 = unknown */
    uint64_t stored;                /* bytes read from fd */
    uint8_t head[AW_PACKING_MAGIC]; /* the first bytes, read to look for a magic */
    size_t head_len, head_used;
    bool looked;                      /* head is complete and judged */
    enum aw_input_status final;       /* END or FAILED once reached; OK before */
    const struct aw_packing *packing; /* NULL = plain */
    struct aw_unpack *unpack;         /* owned; the decompressor */
    uint8_t *buffer;                  /* owned; stored bytes on their way into it */
    struct aw_span packed;            /* borrowed from it or from head: not yet taken */
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
        in->by_place = fd != STDIN_FILENO;
        in->size = (uint64_t)st.st_size;
        (void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL); /* advice only */
    }
    return in;
}

bool aw_input_rereadable(const struct aw_input *in)
{
    struct stat st;
    return in->fd != STDIN_FILENO && fstat(in->fd, &st) == 0 && S_ISREG(st.st_mode);
}

struct aw_input *aw_input_again(const struct aw_input *first, char *err, size_t err_size)
{
    struct stat st;
    if (!aw_input_rereadable(first) || fstat(first->fd, &st) != 0) {
        snprintf(err, err_size, "it can be read but once");
        return NULL;
    }
    struct aw_input *in = calloc(1, sizeof *in);
    if (!in) {
        snprintf(err, err_size, "out of memory");
        return NULL;
    }
    in->fd = first->fd;
    in->borrowed = in->by_place = true;
    in->size = (uint64_t)st.st_size;
    return in;
}

void aw_input_close(struct aw_input *in)
{
    if (!in) return;
    aw_unpack_free(in->unpack);
    if (in->fd != STDIN_FILENO && !in->borrowed) close(in->fd);
    free(in->buffer);
    free(in);
}

static enum aw_input_status AW_PRINTF(2, 3) fail(struct aw_input *in, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(in->error, sizeof in->error, format, args);
    va_end(args);
    return in->final = AW_INPUT_FAILED;
}

/* One read(2). A descriptor that somebody else made non-blocking is waited for, but not for long:
 * the caller has to see its own interrupts. */
static enum aw_input_status read_stored(struct aw_input *in, uint8_t *to, size_t room, size_t *got)
{
    ssize_t r = in->by_place ? pread(in->fd, to, room, (off_t)in->stored) : read(in->fd, to, room);
    if (r < 0 && errno == ESPIPE && in->by_place && !in->borrowed && in->stored == 0) {
        in->by_place = false; /* some file systems know files without places */
        r = read(in->fd, to, room);
    }
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
    return fail(in, "read error: %s", strerror(errno));
}

/* Reads the first bytes, however short the pieces in which a pipe brings them, and judges them. */
static enum aw_input_status look(struct aw_input *in)
{
    while (in->head_len < AW_PACKING_MAGIC) {
        size_t got = 0;
        const enum aw_input_status r =
            read_stored(in, in->head + in->head_len, AW_PACKING_MAGIC - in->head_len, &got);
        if (r == AW_INPUT_END) break;
        if (r != AW_INPUT_OK) return r;
        in->head_len += got;
    }
    in->looked = true;
    in->packing = aw_packing_of(in->head, in->head_len);
    if (!in->packing) return AW_INPUT_OK;
    in->buffer = malloc(STORED_BYTES);
    in->unpack = aw_unpack_new(in->packing);
    in->packed = (struct aw_span){in->head, in->head_len};
    return in->buffer && in->unpack ? AW_INPUT_OK : fail(in, "out of memory");
}

/* Reads stored bytes only when the decompressor has given all that those before them hold, so what
 * a pipe brought is handed on, and an interrupted read is simply taken up by the next call. */
static enum aw_input_status unpack(struct aw_input *in, uint8_t *to, size_t room, size_t *got)
{
    for (;;) {
        size_t n = 0;
        switch (aw_unpack_read(in->unpack, &in->packed, to, room, got)) {
        case AW_UNPACK_OK:
            return AW_INPUT_OK;
        case AW_UNPACK_BROKEN:
            return fail(in, "%s", aw_unpack_error(in->unpack));
        case AW_UNPACK_HUNGRY:
            break;
        }
        const enum aw_input_status r = read_stored(in, in->buffer, STORED_BYTES, &n);
        if (r == AW_INPUT_END && !aw_unpack_complete(in->unpack))
            return fail(in, "%s: the compressed data is cut short", aw_packing_name(in->packing));
        if (r == AW_INPUT_END) in->final = r;
        if (r != AW_INPUT_OK) return r;
        in->packed = (struct aw_span){in->buffer, n};
    }
}

enum aw_input_status aw_input_read(struct aw_input *in, uint8_t *to, size_t room, size_t *got)
{
    *got = 0;
    if (in->final != AW_INPUT_OK) return in->final;
    if (!in->looked) {
        const enum aw_input_status r = look(in);
        if (r != AW_INPUT_OK) return r;
    }
    if (in->packing) return unpack(in, to, room, got);
    if (in->head_used < in->head_len) {
        const size_t left = in->head_len - in->head_used, n = room < left ? room : left;
        memcpy(to, in->head + in->head_used, n);
        in->head_used += n;
        *got = n;
        return AW_INPUT_OK;
    }
    const enum aw_input_status r = read_stored(in, to, room, got);
    if (r == AW_INPUT_END) in->final = r;
    return r;
}

int aw_input_place(const struct aw_input *in)
{
    const bool bare = in->looked && !in->packing && in->head_used == in->head_len;
    return in->by_place && bare && in->final == AW_INPUT_OK ? in->fd : -1;
}

void aw_input_skip(struct aw_input *in, size_t n)
{
    in->stored += n;
}

const char *aw_input_error(const struct aw_input *in)
{
    return in->error;
}

const char *aw_input_packing(const struct aw_input *in)
{
    return in->packing ? aw_packing_name(in->packing) : NULL;
}

uint64_t aw_input_stored(const struct aw_input *in)
{
    return in->stored;
}

uint64_t aw_input_size(const struct aw_input *in)
{
    return in->size;
}
