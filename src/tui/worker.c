/*
 * Jobs in, answers out, under one lock.
 */
#include "tui/worker.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { JOBS = 8, WHY = 256, PATH = 512 };

struct job {
    bool save, match;
    uint8_t *bit; /* owned; of an answer to match */
    uint64_t number;
    struct aw_again_want want;
    struct aw_detail *detail; /* given; of an answer: what was found */
    enum aw_save_as as;
    char path[PATH];
    struct aw_again_want *wants; /* given */
    size_t count;
    char why[WHY];
};

struct aw_worker {
    struct aw_again again;
    atomic_bool stop;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct job job[JOBS], done[JOBS];
    unsigned jobs, dones;
    bool end, saving;
    int pipe[2];
};

static void free_job(struct job *j)
{
    aw_detail_free(j->detail);
    free(j->wants);
    free(j->bit);
}

static void do_save(struct aw_worker *w, struct job *j)
{
    char why[WHY] = "";
    const bool packets = j->as == AW_SAVE_PACKETS;
    const int64_t n =
        packets
            ? aw_again_packets(&w->again, j->wants, j->count, j->path, why, sizeof why)
            : aw_again_records(&w->again, j->wants, j->count,
                               j->as == AW_SAVE_HTML ? "html" : "ndjson", j->path, why, sizeof why);
    if (n < 0)
        (void)snprintf(j->why, sizeof j->why, "Not saved: %.200s.", why[0] ? why : "out of memory");
    else
        (void)snprintf(j->why, sizeof j->why, "Saved %lld %s%s to %.200s.", (long long)n,
                       packets ? "packet" : "record", n == 1 ? "" : "s", j->path);
}

static void *work(void *arg)
{
    struct aw_worker *w = arg;
    for (;;) {
        pthread_mutex_lock(&w->lock);
        while (w->jobs == 0 && !w->end)
            pthread_cond_wait(&w->more, &w->lock);
        if (w->end) {
            pthread_mutex_unlock(&w->lock);
            return NULL;
        }
        struct job j = w->job[0];
        memmove(w->job, w->job + 1, --w->jobs * sizeof *w->job);
        pthread_mutex_unlock(&w->lock);
        if (j.match)
            j.bit = aw_again_match(&w->again, j.path, &j.number);
        else if (j.save)
            do_save(w, &j);
        else
            j.detail = aw_again_detail(&w->again, &j.want, j.detail, j.why, sizeof j.why);
        pthread_mutex_lock(&w->lock);
        if (j.save) w->saving = false;
        if (w->dones < JOBS) {
            w->done[w->dones++] = j;
        } else { /* nobody took the oldest: the user has long gone on */
            free_job(&w->done[0]);
            memmove(w->done, w->done + 1, (JOBS - 1) * sizeof *w->done);
            w->done[JOBS - 1] = j;
        }
        pthread_mutex_unlock(&w->lock);
        const ssize_t woken = write(w->pipe[1], "", 1);
        (void)woken;
    }
}

struct aw_worker *aw_worker_start(const struct aw_again *again)
{
    struct aw_worker *w = calloc(1, sizeof *w);
    if (!w) return NULL;
    w->again = *again;
    atomic_init(&w->stop, false);
    w->again.stop = &w->stop;
    if (pipe2(w->pipe, O_CLOEXEC | O_NONBLOCK) != 0) {
        free(w);
        return NULL;
    }
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->more, NULL);
    if (pthread_create(&w->thread, NULL, work, w) == 0) return w;
    (void)close(w->pipe[0]);
    (void)close(w->pipe[1]);
    free(w);
    return NULL;
}

void aw_worker_stop(struct aw_worker *w)
{
    if (!w) return;
    atomic_store(&w->stop, true);
    pthread_mutex_lock(&w->lock);
    w->end = true;
    pthread_cond_signal(&w->more);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    for (unsigned i = 0; i < w->jobs; i++)
        free_job(&w->job[i]);
    for (unsigned i = 0; i < w->dones; i++)
        free_job(&w->done[i]);
    pthread_mutex_destroy(&w->lock);
    pthread_cond_destroy(&w->more);
    (void)close(w->pipe[0]);
    (void)close(w->pipe[1]);
    free(w);
}

/* Where too many wait, the oldest that is no save is not wanted any more. */
static void push(struct aw_worker *w, const struct job *j)
{
    if (w->jobs == JOBS) {
        unsigned old = 0;
        while (old + 1 < JOBS && w->job[old].save)
            old++;
        free_job(&w->job[old]);
        memmove(w->job + old, w->job + old + 1, (JOBS - old - 1) * sizeof *w->job);
        w->jobs--;
    }
    w->job[w->jobs++] = *j;
    pthread_cond_signal(&w->more);
}

void aw_worker_detail(struct aw_worker *w, uint64_t number, const struct aw_again_want *want,
                      struct aw_detail *kept)
{
    const struct job j = {.number = number, .want = *want, .detail = kept};
    pthread_mutex_lock(&w->lock);
    push(w, &j);
    pthread_mutex_unlock(&w->lock);
}

void aw_worker_match(struct aw_worker *w, const char *expression)
{
    struct job j = {.match = true};
    (void)snprintf(j.path, sizeof j.path, "%s", expression);
    pthread_mutex_lock(&w->lock);
    push(w, &j);
    pthread_mutex_unlock(&w->lock);
}

bool aw_worker_save(struct aw_worker *w, enum aw_save_as as, const char *path,
                    struct aw_again_want *wants, size_t count)
{
    struct job j = {.save = true, .as = as, .wants = wants, .count = count};
    (void)snprintf(j.path, sizeof j.path, "%s", path);
    pthread_mutex_lock(&w->lock);
    const bool free_now = !w->saving;
    if (free_now) {
        w->saving = true;
        push(w, &j);
    }
    pthread_mutex_unlock(&w->lock);
    return free_now;
}

int aw_worker_fd(const struct aw_worker *w)
{
    return w->pipe[0];
}

void aw_worker_deliver(struct aw_worker *w, struct aw_ui *ui)
{
    char drain[16];
    while (read(w->pipe[0], drain, sizeof drain) > 0)
        ;
    for (;;) {
        pthread_mutex_lock(&w->lock);
        const bool have = w->dones > 0;
        struct job j = {0};
        if (have) {
            j = w->done[0];
            memmove(w->done, w->done + 1, --w->dones * sizeof *w->done);
        }
        pthread_mutex_unlock(&w->lock);
        if (!have) return;
        if (j.match)
            aw_ui_matched(ui, j.path, j.bit, j.number);
        else if (j.save)
            aw_ui_say(ui, j.why);
        else
            aw_ui_give(ui, j.number, j.detail, j.why);
        free(j.wants);
    }
}
