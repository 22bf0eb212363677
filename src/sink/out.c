/*
 * The buffered writer: bytes to a descriptor, to a file that appears whole or not at all, or to
 * memory. Knows nothing of reports. After the first failure all output is dropped, so that callers
 * look once, at the end. A closed pipe gives EPIPE where SIGPIPE is ignored, as the program has it.
 */
#include "sink/out.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sink/behind.h"
#include "sink/out_buf.h"

enum { BUFFER = 256 * 1024 };

static struct aw_out *new_out(int fd)
{
    struct aw_out *o = calloc(1, sizeof *o);
    if (!o) return NULL;
    o->fd = fd;
    o->size = BUFFER;
    o->buf = malloc(o->size);
    if (!o->buf) {
        free(o);
        return NULL;
    }
    return o;
}

static void free_out(struct aw_out *o)
{
    free(o->buf);
    aw_place_close(o->owned);
    free(o);
}

struct aw_out *aw_out_fd(int fd)
{
    return new_out(fd);
}

struct aw_out *aw_out_memory(void)
{
    return new_out(-1);
}

struct aw_out *aw_out_behind(struct aw_behind *b)
{
    struct aw_out *o = new_out(-1);
    if (o) o->behind = b;
    return o;
}

void aw_out_patient(struct aw_out *o, bool patient)
{
    o->patient = patient;
}

struct aw_span aw_out_bytes(const struct aw_out *o)
{
    return (struct aw_span){.p = (const uint8_t *)o->buf, .len = o->used};
}

void aw_out_reset(struct aw_out *o)
{
    o->used = 0;
}

void aw_out_ascii(struct aw_out *o, bool only)
{
    o->ascii = only;
}

void aw_out_colour(struct aw_out *o, bool on)
{
    o->colour = on;
}

/* --- files --- */

struct aw_out *aw_out_at(struct aw_place *p)
{
    struct aw_out *o = new_out(-1);
    if (!o) {
        errno = ENOMEM;
        return NULL;
    }
    o->place = p;
    o->fd = aw_place_begin(p, o->temp);
    if (o->fd >= 0) return o;
    const int error = errno;
    free_out(o);
    errno = error;
    return NULL;
}

struct aw_out *aw_out_file(const char *path, char *err, size_t err_size)
{
    struct aw_place *p = aw_place_open(path, err, err_size);
    if (!p) return NULL;
    struct aw_out *o = aw_out_at(p);
    if (o) {
        o->owned = p;
        return o;
    }
    (void)snprintf(err, err_size, "%s: %s", path, strerror(errno));
    aw_place_close(p);
    return NULL;
}

struct aw_folder *aw_out_folder(const struct aw_out *o)
{
    return o->place ? aw_place_folder(o->place) : NULL;
}

/* --- writing --- */

void aw_out_fail(struct aw_out *o, int why)
{
    if (o->error == 0) o->error = why ? why : EIO;
}

static void write_all(struct aw_out *o, const char *p, size_t len)
{
    if (o->behind) {
        const int error = aw_behind_put(o->behind, p, len, o->patient);
        if (error) aw_out_fail(o, error);
        return;
    }
    while (len > 0 && o->error == 0) {
        const ssize_t n = write(o->fd, p, len);
        if (n > 0) {
            p += n;
            len -= (size_t)n;
        } else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            /* Somebody made our standard output non-blocking: wait as a blocking write would. */
            struct pollfd wait = {.fd = o->fd, .events = POLLOUT};
            if (poll(&wait, 1, -1) < 0 && errno != EINTR) aw_out_fail(o, errno);
        } else if (n == 0 || errno != EINTR) {
            aw_out_fail(o, errno);
        }
    }
}

static bool to_somewhere(const struct aw_out *o)
{
    return o->fd >= 0 || o->behind;
}

void aw_out_flush(struct aw_out *o)
{
    if (!to_somewhere(o)) return; /* memory: the buffer is the destination */
    write_all(o, o->buf, o->used);
    o->used = 0;
}

static bool grow(struct aw_out *o, size_t need)
{
    size_t size = o->size;
    while (size - o->used < need) {
        if (size > SIZE_MAX / 2) return false;
        size *= 2;
    }
    char *buf = realloc(o->buf, size);
    if (!buf) return false;
    o->buf = buf;
    o->size = size;
    return true;
}

char *aw_out_make_room(struct aw_out *o, size_t need)
{
    if (to_somewhere(o)) aw_out_flush(o);
    if (o->size - o->used < need && !grow(o, need)) aw_out_fail(o, ENOMEM);
    if (o->error) o->used = 0; /* dropped from here on; the buffer stays a place to write to */
    return o->size - o->used < need ? NULL : o->buf + o->used;
}

void aw_out_write(struct aw_out *o, const void *bytes, size_t len)
{
    if (len == 0) return;
    if (o->size - o->used < len && to_somewhere(o) && len > o->size) {
        aw_out_flush(o);
        write_all(o, bytes, len);
        return;
    }
    char *p = aw_out_room(o, len);
    if (!p) return;
    memcpy(p, bytes, len);
    o->used += len;
}

void aw_out_str(struct aw_out *o, const char *s)
{
    aw_out_write(o, s, strlen(s));
}

void aw_out_printf(struct aw_out *o, const char *fmt, ...)
{
    char line[512];
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    const int n = vsnprintf(line, sizeof line, fmt, args);
    if (n >= 0 && (size_t)n < sizeof line) {
        aw_out_write(o, line, (size_t)n);
    } else if (n >= 0) {
        char *p = aw_out_room(o, (size_t)n + 1);
        if (p) {
            (void)vsnprintf(p, (size_t)n + 1, fmt, again);
            o->used += (size_t)n;
        }
    }
    va_end(again);
    va_end(args);
}

int aw_out_error(const struct aw_out *o)
{
    return o->error;
}

int aw_out_close(struct aw_out *o, bool commit)
{
    o->patient = true;
    aw_out_flush(o);
    if (o->behind) {
        const int error = aw_behind_close(o->behind);
        if (error) aw_out_fail(o, error);
    }
    if (o->place && o->temp[0]) {
        if (close(o->fd) != 0 && errno != EINTR) aw_out_fail(o, errno);
        if (commit && o->error == 0 && aw_place_commit(o->place, o->temp) != 0)
            aw_out_fail(o, errno);
        if (!commit || o->error) aw_place_discard(o->place, o->temp);
    }
    const int error = o->error;
    free_out(o);
    return error;
}
