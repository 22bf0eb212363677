/*
 * See behind.h. The queue keeps hand-overs as they came, each with its length,
 * so that the writer knows where records begin: a file never keeps a part of one.
 */
#include "sink/behind.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sink/complain.h"

enum { QUEUE_BYTES = 16 << 20 };

struct piece { /* one hand-over */
    size_t len;
    char bytes[];
};

struct aw_behind {
    int fd;
    bool close_fd;
    struct aw_folder *folder; /* owned; of a regular file that was named, else NULL */
    char *path;               /* owned; NULL for a descriptor */
    const char *name;         /* its part behind the folder */
    bool regular;             /* parts can be taken back */
    pthread_t thread;
    bool started;
    pthread_mutex_t lock;
    pthread_cond_t filled, emptied;
    struct piece **ring; /* owned; pieces are owned */
    size_t room, first, count, bytes;
    bool closing, reopen;
    int fatal, error; /* errno: nothing is written any more; the first of all */
    uint64_t let_go;
};

/* --- the writing thread --- */

/* All of a piece or nothing. 0, or errno. */
static int write_piece(struct aw_behind *b, const struct piece *p)
{
    size_t done = 0;
    while (done < p->len) {
        const ssize_t n = write(b->fd, p->bytes + done, p->len - done);
        if (n > 0) {
            done += (size_t)n;
        } else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            struct pollfd wait = {.fd = b->fd, .events = POLLOUT};
            (void)poll(&wait, 1, -1);
        } else if (n == 0 || errno != EINTR) {
            const int why = n < 0 ? errno : EIO;
            struct stat st;
            if (done > 0 && b->regular && fstat(b->fd, &st) == 0 && st.st_size >= (off_t)done)
                if (ftruncate(b->fd, st.st_size - (off_t)done) == 0)
                    (void)lseek(b->fd, 0, SEEK_END);
            return why;
        }
    }
    return 0;
}

/* A new file under the old name, as a program that rotates logs wants it. The old one is kept where
 * that fails: better there than nowhere. */
static void open_again(struct aw_behind *b)
{
    const int fd = aw_folder_make(b->folder, b->name, AW_MAKE_APPEND, 0);
    if (fd < 0) {
        aw_complain("%s: cannot be opened again: %s", b->path, strerror(errno));
        return;
    }
    close(b->fd);
    b->fd = fd;
}

/* Whether a later write may go through: the disk is full today. */
static bool passing(const struct aw_behind *b, int why)
{
    return b->regular && (why == ENOSPC || why == EDQUOT || why == EFBIG || why == EIO);
}

static void judge(struct aw_behind *b, int why)
{
    if (b->error == 0 && passing(b, why))
        aw_complain("%s: %s; records are let go until it can be written again",
                    b->path ? b->path : "standard output", strerror(why));
    pthread_mutex_lock(&b->lock);
    if (b->error == 0) b->error = why;
    if (!passing(b, why)) b->fatal = why;
    b->let_go++;
    pthread_cond_signal(&b->emptied);
    pthread_mutex_unlock(&b->lock);
}

static void *run(void *arg)
{
    struct aw_behind *b = arg;
    for (;;) {
        pthread_mutex_lock(&b->lock);
        while (b->count == 0 && !b->closing && !b->reopen)
            pthread_cond_wait(&b->filled, &b->lock);
        const bool reopen = b->reopen;
        b->reopen = false;
        struct piece *p = NULL;
        if (!reopen && b->count > 0) {
            p = b->ring[b->first];
            b->first = (b->first + 1) % b->room;
            b->count--;
        }
        pthread_mutex_unlock(&b->lock);
        if (reopen) {
            if (b->folder) open_again(b);
            continue;
        }
        if (!p) return NULL;
        const int why = b->fatal ? 0 : write_piece(b, p);
        if (why) judge(b, why);
        pthread_mutex_lock(&b->lock);
        b->bytes -= p->len;
        pthread_cond_signal(&b->emptied);
        pthread_mutex_unlock(&b->lock);
        free(p);
    }
}

/* --- the other side --- */

static bool grow(struct aw_behind *b)
{
    const size_t room = b->room ? b->room * 2 : 256;
    struct piece **ring = malloc(room * sizeof *ring);
    if (!ring) return false;
    for (size_t i = 0; i < b->count; i++)
        ring[i] = b->ring[(b->first + i) % b->room];
    free(b->ring);
    b->ring = ring;
    b->room = room;
    b->first = 0;
    return true;
}

int aw_behind_put(struct aw_behind *b, const char *bytes, size_t len, bool patient)
{
    if (len == 0) return 0;
    struct piece *p = malloc(sizeof *p + len);
    if (p) {
        p->len = len;
        memcpy(p->bytes, bytes, len);
    }
    pthread_mutex_lock(&b->lock);
    while (patient && b->started && !b->fatal && b->bytes > 0 && b->bytes + len > QUEUE_BYTES)
        pthread_cond_wait(&b->emptied, &b->lock);
    const bool fits = b->bytes == 0 || b->bytes + len <= QUEUE_BYTES;
    const int fatal = b->fatal;
    if (p && fits && !fatal && (b->count < b->room || grow(b))) {
        b->ring[(b->first + b->count++) % b->room] = p;
        b->bytes += len;
        p = NULL;
        pthread_cond_signal(&b->filled);
    } else if (!fatal) {
        b->let_go++;
    }
    pthread_mutex_unlock(&b->lock);
    free(p);
    return fatal;
}

int aw_behind_failed(struct aw_behind *b)
{
    pthread_mutex_lock(&b->lock);
    const int fatal = b->fatal;
    pthread_mutex_unlock(&b->lock);
    return fatal;
}

void aw_behind_reopen(struct aw_behind *b)
{
    pthread_mutex_lock(&b->lock);
    b->reopen = true;
    pthread_cond_signal(&b->filled);
    pthread_mutex_unlock(&b->lock);
}

uint64_t aw_behind_let_go(struct aw_behind *b)
{
    pthread_mutex_lock(&b->lock);
    const uint64_t n = b->let_go;
    pthread_mutex_unlock(&b->lock);
    return n;
}

/* --- life --- */

static struct aw_behind *make(const char *path, char *err, size_t err_size)
{
    struct aw_behind *b = calloc(1, sizeof *b);
    if (b && path) b->path = strdup(path);
    if (!b || (path && !b->path)) {
        free(b);
        snprintf(err, err_size, "out of memory");
        return NULL;
    }
    b->fd = -1;
    pthread_mutex_init(&b->lock, NULL);
    pthread_cond_init(&b->filled, NULL);
    pthread_cond_init(&b->emptied, NULL);
    return b;
}

static void release(struct aw_behind *b)
{
    pthread_cond_destroy(&b->emptied);
    pthread_cond_destroy(&b->filled);
    pthread_mutex_destroy(&b->lock);
    for (size_t i = 0; i < b->count; i++)
        free(b->ring[(b->first + i) % b->room]);
    if (b->close_fd && b->fd >= 0) close(b->fd);
    aw_folder_close(b->folder);
    free(b->ring);
    free(b->path);
    free(b);
}

static void look_at(struct aw_behind *b)
{
    struct stat st;
    b->regular = fstat(b->fd, &st) == 0 && S_ISREG(st.st_mode);
}

struct aw_behind *aw_behind_fd(int fd, char *err, size_t err_size)
{
    struct aw_behind *b = make(NULL, err, err_size);
    if (!b) return NULL;
    b->fd = fd;
    look_at(b);
    return b;
}

/* A run that was killed may have left half a line. Half a JSON object goes, any other line gets its
 * end: else the first record would be lost with it. */
static void mend_end(const char *path)
{
    enum { LOOK = 1 << 20 };
    struct stat st;
    const int fd = open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    char *tail = malloc(LOOK);
    if (fd >= 0 && tail && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0) {
        const size_t want = st.st_size < LOOK ? (size_t)st.st_size : LOOK;
        const off_t from = st.st_size - (off_t)want;
        const ssize_t got = pread(fd, tail, want, from);
        const size_t len = got > 0 ? (size_t)got : 0;
        const char *feed = memrchr(tail, '\n', len);
        const size_t keep = feed ? (size_t)(feed - tail) + 1 : 0;
        const bool ours =
            (feed || from == 0) && len - keep >= 2 && memcmp(tail + keep, "{\"", 2) == 0;
        if (len == want && keep < len) {
            if (ours)
                (void)!ftruncate(fd, from + (off_t)keep);
            else
                (void)!pwrite(fd, "\n", 1, st.st_size);
        }
    }
    free(tail);
    if (fd >= 0) close(fd);
}

/* A regular file, or none yet, is made in its folder; a pipe or a device is just opened. */
static int open_path(struct aw_behind *b)
{
    struct stat st;
    if ((stat(b->path, &st) == 0 && !S_ISREG(st.st_mode)) || strncmp(b->path, "/dev/", 5) == 0 ||
        strncmp(b->path, "/proc/", 6) == 0)
        return open(b->path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY);
    mend_end(b->path);
    char *slash = strrchr(b->path, '/');
    const size_t dir_len = slash ? (size_t)(slash - b->path) + 1 : 0;
    char *dir = strndup(b->path, dir_len);
    if (!dir) return -1;
    b->name = b->path + dir_len;
    b->folder = aw_folder_open(dir, b->name, AW_NAMES_ONE);
    free(dir);
    return b->folder ? aw_folder_make(b->folder, b->name, AW_MAKE_APPEND, 0) : -1;
}

struct aw_behind *aw_behind_file(const char *path, char *err, size_t err_size)
{
    struct aw_behind *b = make(path, err, err_size);
    if (!b) return NULL;
    b->close_fd = true;
    b->fd = open_path(b);
    if (b->fd < 0) {
        snprintf(err, err_size, "%s: %s", path, strerror(errno));
        release(b);
        return NULL;
    }
    look_at(b);
    return b;
}

struct aw_folder *aw_behind_folder(const struct aw_behind *b)
{
    return b->folder;
}

int aw_behind_start(struct aw_behind *b)
{
    /* Signals are for the main thread. */
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    const int failed = pthread_create(&b->thread, NULL, run, b);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    b->started = failed == 0;
    return failed;
}

int aw_behind_close(struct aw_behind *b)
{
    if (!b) return 0;
    pthread_mutex_lock(&b->lock);
    b->closing = true;
    pthread_cond_signal(&b->filled);
    pthread_mutex_unlock(&b->lock);
    if (b->started) pthread_join(b->thread, NULL);
    const int error = b->fatal ? b->fatal : b->error;
    release(b);
    return error;
}
