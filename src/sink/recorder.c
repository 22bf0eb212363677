/* --record; see recorder.h. Names and moments of rotation are tcpdump's. */
#include "sink/recorder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sink/outfile.h"
#include "sink/savefile.h"

struct aw_recorder {
    struct aw_recorder_plan plan; /* path: NULL, the place has its name */
    struct aw_outfile place;
    struct aw_savefile *file; /* owned; NULL: none begun */
    int fd;                   /* made when opened, for the first file; -1 = none */
    uint64_t count;           /* of the file by size, within those of its time */
    uint64_t periods;         /* files by time so far */
    aw_ns since, flushed;     /* seconds in which the file began; when all was out; AW_NS_NONE */
    int digits;               /* of the number, with leading zeros */
    bool over;
    uint64_t left_out, let_go;
    int error;   /* nothing is written any more */
    int trouble; /* the first that was endured */
};

static bool fail(struct aw_recorder *r, int error)
{
    if (!r->error) r->error = error ? error : EIO;
    r->over = true;
    return false;
}

/* The name of file number `count` that begins at `ts`. */
static bool name_of(const struct aw_recorder *r, aw_ns ts, char to[AW_FOLDER_NAME])
{
    char stem[AW_FOLDER_NAME];
    memcpy(stem, r->place.name, sizeof stem);
    if (r->plan.seconds) {
        const time_t sec = (time_t)(ts / AW_SEC);
        struct tm tm;
        if (!localtime_r(&sec, &tm)) return false;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* -G: the format is the user's */
        const size_t len = strftime(stem, sizeof stem, r->place.name, &tm);
#pragma GCC diagnostic pop
        if (len == 0 || strchr(stem, '/')) return false;
    }
    int len;
    if (r->plan.bytes && (r->count > 0 || r->digits > 0))
        len =
            snprintf(to, AW_FOLDER_NAME, "%s%0*llu", stem, r->digits, (unsigned long long)r->count);
    else
        len = snprintf(to, AW_FOLDER_NAME, "%s", stem);
    return len > 0 && len < AW_FOLDER_NAME;
}

static bool end_file(struct aw_recorder *r)
{
    if (!r->file) return true;
    aw_savefile_flush(r->file);
    r->left_out += aw_savefile_left_out(r->file);
    r->let_go += aw_savefile_let_go(r->file);
    if (!r->trouble) r->trouble = aw_savefile_trouble(r->file);
    const int error = aw_savefile_close(r->file);
    r->file = NULL;
    return error == 0 || error == r->trouble || fail(r, error);
}

static bool make_fd(struct aw_recorder *r, aw_ns ts)
{
    char name[AW_FOLDER_NAME] = "";
    if (r->place.folder && !name_of(r, ts, name)) return fail(r, ENAMETOOLONG);
    r->fd = aw_outfile_make(&r->place, name);
    return r->fd >= 0 || fail(r, errno);
}

static bool begin_file(struct aw_recorder *r, aw_ns ts, bool mixed)
{
    if (!end_file(r)) return false;
    if (r->fd < 0 && !make_fd(r, ts)) return false;
    r->file = aw_savefile_new(r->fd, mixed);
    if (!r->file) return fail(r, ENOMEM);
    if (r->plan.endure) aw_savefile_endure(r->file);
    r->fd = -1;
    return true;
}

struct aw_recorder *aw_recorder_open(const struct aw_recorder_plan *plan, char *err,
                                     size_t err_size)
{
    struct aw_recorder *r = calloc(1, sizeof *r);
    if (!r) {
        (void)snprintf(err, err_size, "%s: out of memory", plan->path);
        return NULL;
    }
    *r = (struct aw_recorder){.plan = *plan, .fd = -1, .since = AW_NS_NONE, .flushed = AW_NS_NONE};
    r->plan.path = NULL;
    if (plan->bytes && plan->files) /* as many digits as the last number has */
        for (uint64_t last = plan->files - 1; last > 0; last /= 10)
            r->digits++;
    const bool rotated = plan->bytes || plan->seconds;
    if (aw_outfile_open(&r->place, plan->path, rotated ? AW_NAMES_PREFIX : AW_NAMES_ONE,
                        plan->seconds ? '%' : '\0', err, err_size)) {
        /* What cannot be made is best said now; a name made of the time has to wait for it. */
        if (plan->seconds || make_fd(r, 0)) return r;
        (void)snprintf(err, err_size, "%s: %s", plan->path, strerror(r->error));
        aw_outfile_close(&r->place);
    }
    free(r);
    return NULL;
}

struct aw_folder *aw_recorder_folder(const struct aw_recorder *r)
{
    return r->place.folder;
}

/* Whether the packet at `ts` begins a new file, which is then named; false with `over` set where
 * none may follow. */
static bool rotates(struct aw_recorder *r, aw_ns ts)
{
    const aw_ns sec = ts / AW_SEC;
    if (r->plan.seconds && r->since != AW_NS_NONE &&
        sec - r->since >= (aw_ns)r->plan.seconds) { /* a clock that steps back begins none */
        r->periods++;
        if (!r->plan.bytes && r->plan.files && r->periods >= r->plan.files) {
            r->over = true;
            return false;
        }
        r->since = sec;
        r->count = 0;
        return true;
    }
    if (r->plan.bytes && r->file && aw_savefile_size(r->file) > r->plan.bytes) {
        r->count++;
        if (r->plan.files && r->count >= r->plan.files) r->count = 0;
        return true;
    }
    return false;
}

/* A name by time stays that of the file's period. */
static aw_ns named_after(const struct aw_recorder *r)
{
    return r->since == AW_NS_NONE ? 0 : r->since * AW_SEC;
}

bool aw_recorder_write(struct aw_recorder *r, const struct aw_packet *pkts, size_t n, bool mixed)
{
    for (size_t i = 0; i < n && !r->over; i++) {
        const struct aw_packet *pkt = &pkts[i];
        if (r->since == AW_NS_NONE) r->since = pkt->ts / AW_SEC;
        const bool rotate = rotates(r, pkt->ts);
        if (r->over) break;
        if ((rotate || !r->file) && !begin_file(r, named_after(r), mixed)) break;
        if (!aw_savefile_packet(r->file, pkt) && aw_savefile_error(r->file) != 0)
            (void)fail(r, aw_savefile_error(r->file));
    }
    if (!r->file) return !r->over;
    const aw_ns now = n > 0 ? pkts[n - 1].ts : AW_NS_NONE;
    if (n == 0 || r->flushed == AW_NS_NONE || now < r->flushed || now - r->flushed >= AW_SEC) {
        aw_savefile_flush(r->file);
        r->flushed = now;
        if (aw_savefile_error(r->file) != 0) (void)fail(r, aw_savefile_error(r->file));
    }
    return !r->over;
}

int aw_recorder_reopen(struct aw_recorder *r, bool mixed)
{
    char name[AW_FOLDER_NAME];
    if (!r->place.folder || r->over || (!r->file && r->fd < 0)) return 0; /* none, or none yet */
    if (!name_of(r, named_after(r), name)) return ENAMETOOLONG;
    const int fd = aw_outfile_again(&r->place, name);
    if (fd < 0) return errno == EEXIST ? 0 : errno;
    if (!r->file) (void)begin_file(r, 0, mixed); /* empty, but a capture */
    (void)end_file(r);
    if (r->fd >= 0) (void)close(r->fd);
    r->fd = fd;
    return 0;
}

int aw_recorder_trouble(const struct aw_recorder *r)
{
    return r->trouble ? r->trouble : r->file ? aw_savefile_trouble(r->file) : 0;
}

int aw_recorder_close(struct aw_recorder *r, struct aw_recorder_stats *stats)
{
    if (!r->file && r->fd >= 0) (void)begin_file(r, 0, false); /* empty, but a capture */
    (void)end_file(r);
    if (r->fd >= 0) (void)close(r->fd);
    *stats = (struct aw_recorder_stats){.left_out = r->left_out, .let_go = r->let_go};
    const int error = r->error ? r->error : r->trouble;
    aw_outfile_close(&r->place);
    free(r);
    return error;
}
