/* A compressed tar archive; see archive.h. */
#include "sink/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COPY = 64 * 1024 };

struct aw_archive {
    struct archive *a; /* owned */
    struct aw_out *out;
    bool failed;
    char why[256];
};

static bool ends_with(const char *path, const char *end)
{
    const size_t len = strlen(path), n = strlen(end);
    return len > n && strcmp(path + len - n, end) == 0;
}

static bool is_gzip(const char *path)
{
    return ends_with(path, ".tar.gz") || ends_with(path, ".tgz");
}

bool aw_archive_knows(const char *path)
{
    return is_gzip(path) || ends_with(path, ".tar.zst");
}

static la_ssize_t on_write(struct archive *a, void *ctx, const void *bytes, size_t len)
{
    struct aw_archive *self = ctx;
    aw_out_write(self->out, bytes, len);
    const int error = aw_out_error(self->out);
    if (error == 0) return (la_ssize_t)len;
    archive_set_error(a, error, "%s", strerror(error));
    return -1;
}

static bool check(struct aw_archive *self, int got)
{
    if (got == ARCHIVE_OK || got == ARCHIVE_WARN) return true;
    const char *why = archive_error_string(self->a);
    if (!self->failed) (void)snprintf(self->why, sizeof self->why, "%s", why ? why : "no memory");
    self->failed = true;
    return false;
}

struct aw_archive *aw_archive_new(struct aw_out *out, const char *path, char *err, size_t err_size)
{
    struct aw_archive *self = calloc(1, sizeof *self);
    if (self) {
        self->out = out;
        self->a = archive_write_new();
    }
    if (!self || !self->a) {
        (void)snprintf(err, err_size, "%s: out of memory", path);
        free(self);
        return NULL;
    }
    /* The kind with extensions only where a number or a name needs them: every tar reads it. */
    const bool good =
        check(self, archive_write_set_format_pax_restricted(self->a)) &&
        (is_gzip(path)
             ? check(self, archive_write_add_filter_gzip(self->a)) &&
                   check(self, archive_write_set_filter_option(self->a, "gzip", "timestamp", NULL))
             : check(self, archive_write_add_filter_zstd(self->a))) &&
        check(self, archive_write_set_bytes_in_last_block(self->a, 1)) &&
        check(self, archive_write_open(self->a, self, NULL, on_write, NULL));
    if (good) return self;
    (void)snprintf(err, err_size, "%s: %s", path, self->why);
    (void)archive_write_free(self->a);
    free(self);
    return NULL;
}

static bool begin(struct aw_archive *self, const char *name, aw_ns time, int64_t size)
{
    struct archive_entry *e = archive_entry_new();
    if (!e) {
        self->failed = true;
        (void)snprintf(self->why, sizeof self->why, "out of memory");
        return false;
    }
    archive_entry_set_pathname(e, name);
    archive_entry_set_size(e, size);
    archive_entry_set_filetype(e, AE_IFREG);
    archive_entry_set_perm(e, 0644);
    if (time != AW_NS_NONE) archive_entry_set_mtime(e, (time_t)(time / AW_SEC), 0);
    const bool good = check(self, archive_write_header(self->a, e));
    archive_entry_free(e);
    return good;
}

static bool put(struct aw_archive *self, const void *bytes, size_t len)
{
    if (len == 0) return true;
    const la_ssize_t n = archive_write_data(self->a, bytes, len);
    return check(self, n == (la_ssize_t)len ? ARCHIVE_OK : ARCHIVE_FATAL);
}

bool aw_archive_bytes(struct aw_archive *a, const char *name, aw_ns time, struct aw_span bytes)
{
    return !a->failed && begin(a, name, time, (int64_t)bytes.len) && put(a, bytes.p, bytes.len) &&
           check(a, archive_write_finish_entry(a->a));
}

static bool fail(struct aw_archive *self, const char *name)
{
    (void)snprintf(self->why, sizeof self->why, "%s: %s", name, strerror(errno ? errno : EIO));
    self->failed = true;
    return false;
}

bool aw_archive_file(struct aw_archive *a, const char *name, aw_ns time, int fd)
{
    struct stat st;
    if (a->failed) return false;
    if (fstat(fd, &st) != 0 || lseek(fd, 0, SEEK_SET) != 0) return fail(a, name);
    uint8_t *buffer = malloc(COPY);
    bool good = buffer && begin(a, name, time, st.st_size);
    for (off_t left = st.st_size; good && left > 0;) {
        const ssize_t n = read(fd, buffer, left < COPY ? (size_t)left : COPY);
        if (n < 0 && errno == EINTR) continue;
        good = n > 0 ? put(a, buffer, (size_t)n) : fail(a, name);
        left -= n > 0 ? n : 0;
    }
    free(buffer);
    return good && check(a, archive_write_finish_entry(a->a));
}

bool aw_archive_close(struct aw_archive *a, char *err, size_t err_size)
{
    if (!a->failed) (void)check(a, archive_write_close(a->a));
    const bool good = !a->failed;
    if (!good) (void)snprintf(err, err_size, "%s", a->why);
    (void)archive_write_free(a->a);
    free(a);
    return good;
}
