/*
 * Reassembled directions into files. A connection gets its number only when a batch is collected,
 * which is after its first bytes may have come: so files begin under the ordinal of the
 * connection's first packet and take their name once the number is known.
 *
 * Open descriptors are bounded: the file that rested longest is closed and opened again to append.
 */
#include "sink/streams.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "confine/folder.h"
#include "sink/report.h"

enum {
    OPEN_MAX_FILES = 64,
    NAME_SIZE = 40,
    WRITE_MAX = 1 << 30,   /* bytes at once; more is not portable */
    HOLES_MAX = 64 * 1024, /* bytes of text about the holes of one direction */
};

struct half {
    int fd;        /* -1: not open */
    bool made;     /* its file exists */
    uint64_t used; /* when it was last written to */
    uint64_t bytes;
    struct aw_out *holes; /* owned; NULL: none */
    bool more_holes;      /* the list was cut */
};

struct conn {
    struct conn *next; /* in its bucket */
    uint64_t ord, id;  /* id 0: not known yet */
    bool closed;
    struct aw_addr addr[2];
    uint16_t port[2];
    struct half half[2];
};

struct aw_streams {
    struct aw_folder *folder;          /* owned */
    char *name;                        /* owned: as given, for messages */
    struct aw_out *index;              /* owned */
    struct conn **bucket;              /* owned */
    size_t buckets, conns;             /* a power of two; entries */
    struct half *open[OPEN_MAX_FILES]; /* borrowed; the halves whose fd is open, NULL = free */
    uint64_t clock;                    /* counts writes */
    int error;                         /* errno of the first failure; nothing is written after it */
    char what[NAME_SIZE];              /* the file it happened to */
};

static const char side[2] = {[AW_C2S] = 'c', [AW_S2C] = 's'};

static void fail(struct aw_streams *s, const char *file)
{
    if (s->error) return;
    s->error = errno ? errno : EIO;
    (void)snprintf(s->what, sizeof s->what, "%s", file);
}

/* Only digits, letters and dashes: nothing of the wire is in a file's name. */
static void temp_name(char to[NAME_SIZE], const struct conn *c, enum aw_dir d)
{
    (void)snprintf(to, NAME_SIZE, ".packet-%llu-%c.part", (unsigned long long)c->ord, side[d]);
}

static void final_name(char to[NAME_SIZE], const struct conn *c, enum aw_dir d)
{
    if (c->id)
        (void)snprintf(to, NAME_SIZE, "%llu-%c.bin", (unsigned long long)c->id, side[d]);
    else /* never numbered: the run broke off before */
        (void)snprintf(to, NAME_SIZE, "packet-%llu-%c.bin", (unsigned long long)c->ord, side[d]);
}

/* --- open files --- */

static void close_half(struct aw_streams *s, struct half *h, const char *name)
{
    if (h->fd < 0) return;
    for (unsigned i = 0; i < OPEN_MAX_FILES; i++)
        if (s->open[i] == h) s->open[i] = NULL;
    if (close(h->fd) != 0 && errno != EINTR) fail(s, name);
    h->fd = -1;
}

/* A place among the open files: a free one, or that of the file that rested longest. */
static unsigned free_place(struct aw_streams *s)
{
    unsigned oldest = 0;
    for (unsigned i = 0; i < OPEN_MAX_FILES; i++) {
        if (!s->open[i]) return i;
        if (s->open[i]->used < s->open[oldest]->used) oldest = i;
    }
    close_half(s, s->open[oldest], "a file");
    return oldest;
}

static bool open_half(struct aw_streams *s, struct half *h, const char *name)
{
    if (h->fd >= 0) return true;
    const unsigned place = free_place(s);
    if (h->made) {
        h->fd = aw_folder_make(s->folder, name, AW_MAKE_APPEND, 0);
    } else {
        (void)aw_folder_remove(s->folder, name); /* of a run that was killed; or a trap */
        h->fd = aw_folder_make(s->folder, name, AW_MAKE_NEW, 0);
    }
    if (h->fd < 0) {
        fail(s, name);
        return false;
    }
    h->made = true;
    s->open[place] = h;
    return true;
}

static void append(struct aw_streams *s, struct conn *c, enum aw_dir d, const uint8_t *p,
                   uint64_t len)
{
    char name[NAME_SIZE];
    temp_name(name, c, d);
    struct half *h = &c->half[d];
    if (!open_half(s, h, name)) return;
    h->used = ++s->clock;
    while (len > 0) {
        const ssize_t n = write(h->fd, p, len < WRITE_MAX ? (size_t)len : WRITE_MAX);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) {
            if (n == 0) errno = EIO;
            fail(s, name);
            return;
        }
        p += n;
        len -= (uint64_t)n;
        h->bytes += (uint64_t)n;
    }
}

/* --- connections --- */

static size_t bucket_of(const struct aw_streams *s, uint64_t ord)
{
    return (size_t)(ord * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (s->buckets - 1);
}

static bool grow_table(struct aw_streams *s)
{
    const size_t old = s->buckets, size = old ? 2 * old : 1024;
    struct conn **from = s->bucket, **bucket = calloc(size, sizeof *bucket);
    if (!bucket) return false;
    s->bucket = bucket;
    s->buckets = size;
    for (size_t i = 0; i < old; i++) {
        for (struct conn *c = from[i], *next; c; c = next) {
            next = c->next;
            struct conn **at = &bucket[bucket_of(s, c->ord)];
            c->next = *at;
            *at = c;
        }
    }
    free(from);
    return true;
}

static struct conn **find(struct aw_streams *s, uint64_t ord)
{
    struct conn **at = &s->bucket[bucket_of(s, ord)];
    while (*at && (*at)->ord != ord)
        at = &(*at)->next;
    return at;
}

/* The connection's entry, made where there is none. NULL, with the error set, without memory. */
static struct conn *get(struct aw_streams *s, uint64_t ord)
{
    struct conn **at = find(s, ord);
    /* cppcheck-suppress identicalInnerCondition ; the entry, where there is one */
    if (*at) return *at;
    if (s->conns >= s->buckets) {
        if (!grow_table(s)) {
            errno = ENOMEM;
            fail(s, "index.tsv");
            return NULL;
        }
        at = find(s, ord);
    }
    struct conn *c = calloc(1, sizeof *c);
    if (!c) {
        errno = ENOMEM;
        fail(s, "index.tsv");
        return NULL;
    }
    c->ord = ord;
    c->half[0].fd = c->half[1].fd = -1;
    s->conns++;
    /* cppcheck-suppress memleak ; it is in the table */
    return *at = c;
}

static void put_end(struct aw_out *o, const struct conn *c, enum aw_dir d)
{
    char text[AW_ADDR_TEXT];
    (void)aw_addr_text(text, &c->addr[d]);
    aw_out_printf(o, c->addr[d].v6 ? "[%s]:%u\t" : "%s:%u\t", text, (unsigned)c->port[d]);
}

/* Gives one direction its name and its line in the index. */
static void complete_half(struct aw_streams *s, struct conn *c, enum aw_dir d)
{
    struct half *h = &c->half[d];
    char temp[NAME_SIZE], name[NAME_SIZE];
    temp_name(temp, c, d);
    final_name(name, c, d);
    close_half(s, h, temp);
    if (h->made && aw_folder_rename(s->folder, temp, name) != 0) fail(s, name);
    if (!h->made && !h->holes) return; /* nothing was sent */

    struct aw_out *o = s->index;
    if (c->id) aw_out_u64(o, c->id);
    aw_out_str(o, "\t");
    put_end(o, c, AW_C2S);
    put_end(o, c, AW_S2C);
    aw_out_printf(o, "%c\t%s\t", side[d], h->made ? name : "-");
    aw_out_u64(o, h->bytes);
    aw_out_str(o, "\t");
    if (h->holes) {
        const struct aw_span list = aw_out_bytes(h->holes);
        aw_out_write(o, list.p, list.len);
        if (h->more_holes) aw_out_str(o, ",...");
        (void)aw_out_close(h->holes, false);
    } else {
        aw_out_str(o, "-");
    }
    aw_out_str(o, "\n");
}

/* Completes a connection and forgets it. */
static void complete(struct aw_streams *s, struct conn **at)
{
    struct conn *c = *at;
    *at = c->next;
    s->conns--;
    complete_half(s, c, AW_C2S);
    complete_half(s, c, AW_S2C);
    free(c);
}

static void add_hole(struct aw_streams *s, struct half *h, aw_off off, uint64_t len)
{
    if (!h->holes) h->holes = aw_out_memory();
    if (!h->holes) {
        errno = ENOMEM;
        fail(s, "index.tsv");
        return;
    }
    const size_t used = aw_out_bytes(h->holes).len;
    if (used > HOLES_MAX) {
        h->more_holes = true;
        return;
    }
    if (used > 0) aw_out_str(h->holes, ",");
    aw_out_i64(h->holes, off);
    aw_out_str(h->holes, "+");
    aw_out_u64(h->holes, len);
}

void aw_streams_piece(void *ctx, const struct aw_conn_facts *conn,
                      const struct aw_stream_piece *piece)
{
    struct aw_streams *s = ctx;
    if (s->error) return;
    struct conn *c = get(s, piece->conn_ord);
    if (!c) return;
    memcpy(c->addr, conn->addr, sizeof c->addr);
    memcpy(c->port, conn->port, sizeof c->port);
    if (piece->len > 0) {
        if (piece->data)
            append(s, c, piece->dir, piece->data, piece->len);
        else
            add_hole(s, &c->half[piece->dir], piece->off, piece->len);
    }
    if (piece->close) c->closed = true;
    if (c->closed && c->id) complete(s, find(s, c->ord));
}

void aw_streams_connection(void *ctx, uint64_t id, uint64_t ord)
{
    struct aw_streams *s = ctx;
    if (s->error) return;
    struct conn *c = get(s, ord);
    if (!c) return;
    c->id = id;
    if (c->closed) complete(s, find(s, ord));
}

/* --- life --- */

static struct aw_streams *fail_open(struct aw_streams *s, const char *dir, char *err, size_t size)
{
    (void)snprintf(err, size, "%s: %s", dir, strerror(errno));
    if (s) {
        aw_folder_close(s->folder);
        free(s->bucket);
        free(s->name);
        free(s);
    }
    return NULL;
}

/* The index goes through the same door as a report, so that it appears whole. */
static struct aw_out *open_index(const char *dir, char *err, size_t err_size)
{
    const size_t size = strlen(dir) + sizeof "/index.tsv";
    char *path = malloc(size);
    if (!path) {
        (void)snprintf(err, err_size, "%s: %s", dir, strerror(ENOMEM));
        return NULL;
    }
    (void)snprintf(path, size, "%s/index.tsv", dir);
    struct stat st;
    if (lstat(path, &st) == 0 && !S_ISREG(st.st_mode))
        (void)unlink(path); /* links are not followed */
    struct aw_out *o = aw_out_file(path, err, err_size);
    free(path);
    return o;
}

struct aw_streams *aw_streams_open(const char *dir, char *err, size_t err_size)
{
    struct aw_streams *s = calloc(1, sizeof *s);
    if (!s) return fail_open(NULL, dir, err, err_size);
    s->name = strdup(dir);
    if (!s->name || !grow_table(s)) return fail_open(s, dir, err, err_size);
    if (mkdir(dir, 0777) != 0 && errno != EEXIST) return fail_open(s, dir, err, err_size);
    s->folder = aw_folder_open(dir, "", AW_NAMES_ANY);
    if (!s->folder) return fail_open(s, dir, err, err_size);
    s->index = open_index(dir, err, err_size);
    if (!s->index) {
        aw_folder_close(s->folder);
        free(s->bucket);
        free(s->name);
        free(s);
        return NULL;
    }
    aw_out_str(s->index, "connection\tclient\tserver\tdirection\tfile\tbytes\tholes\n");
    return s;
}

void aw_streams_folders(const struct aw_streams *s, struct aw_folder *to[2])
{
    to[0] = s->folder;
    to[1] = aw_out_folder(s->index);
}

int aw_streams_finish(struct aw_streams *s, char *err, size_t err_size)
{
    for (size_t i = 0; i < s->buckets; i++)
        while (s->bucket[i])
            complete(s, &s->bucket[i]);
    const int index_error = aw_out_close(s->index, true);
    if (index_error && !s->error) {
        errno = index_error;
        fail(s, "index.tsv");
    }
    if (s->error) (void)snprintf(err, err_size, "%s/%s: %s", s->name, s->what, strerror(s->error));
    const int error = s->error;
    aw_folder_close(s->folder);
    free(s->bucket);
    free(s->name);
    free(s);
    return error;
}
