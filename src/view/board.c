/*
 * The lock, and what it guards.
 */
#include "view/board.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sink/report.h"

struct kept {
    uint64_t row;
    struct aw_detail *detail; /* owned */
};

struct aw_board {
    pthread_mutex_t lock;
    struct aw_board_info info;
    char *filter;               /* owned: what info.filter shows; NULL = none */
    struct aw_rows *rows;       /* owned */
    struct aw_summary *summary; /* owned */
    int64_t threshold[AW_T_COUNT];
    struct aw_run run; /* for the masking of targets: it knows whether secrets are shown */
    struct aw_scratch target;
    struct kept *kept; /* owned: a ring in order of rows */
    size_t kept_first, kept_count, kept_cap;
    size_t kept_bytes, kept_limit;
    size_t memory; /* of the run */
    uint32_t spark[AW_SPARK];
    aw_ns spark_from, spark_width;
    unsigned spark_used;
    struct aw_hist *latency[AW_CAUSE_COUNT][AW_SEV_COUNT][AW_LAT_COUNT]; /* owned; NULL = none */
    struct aw_waiting waiting[AW_WAITERS];                               /* in order of time */
    size_t waiters;
};

enum { SPARK_FIRST_WIDTH_MS = 50 };

static void start_spark(struct aw_board *f)
{
    memset(f->spark, 0, sizeof f->spark);
    f->spark_from = AW_NS_NONE;
    f->spark_width = SPARK_FIRST_WIDTH_MS * AW_MS;
    f->spark_used = 0;
}

static struct aw_summary *new_summary(const struct aw_board *f)
{
    struct aw_summary *s = aw_summary_new(NULL);
    if (!s) return NULL;
    aw_summary_memory(s, f->memory);
    aw_summary_thresholds(s, f->threshold);
    return s;
}

struct aw_board *aw_board_new(const struct aw_board_config *c)
{
    struct aw_board *f = calloc(1, sizeof *f);
    if (!f) return NULL;
    /* A million rows fit into the default of --memory, of which views get three quarters. */
    f->rows = aw_rows_new(NULL, c->memory - c->memory / 8, c->seed);
    f->memory = c->memory;
    memcpy(f->threshold, c->threshold, sizeof f->threshold);
    f->summary = new_summary(f);
    if (!f->rows || !f->summary) {
        aw_rows_free(f->rows);
        aw_summary_free(f->summary);
        free(f);
        return NULL;
    }
    f->filter = c->filter ? strdup(c->filter) : NULL;
    f->kept_limit = c->memory / 8;
    f->info = (struct aw_board_info){
        .source = c->source,
        .source_count = c->source_count,
        .filter = f->filter ? f->filter : "",
        .match = c->match ? c->match : "",
        .all = c->all,
        .live = c->live,
        .again = c->again,
    };
    f->run.show_secrets = c->show_secrets;
    start_spark(f);
    pthread_mutex_init(&f->lock, NULL);
    return f;
}

/* --- details --- */

static struct kept *kept_at(const struct aw_board *f, size_t i)
{
    return &f->kept[(f->kept_first + i) % f->kept_cap];
}

static void drop_oldest(struct aw_board *f)
{
    struct kept *k = kept_at(f, 0);
    f->kept_bytes -= aw_detail_bytes(k->detail);
    aw_detail_free(k->detail);
    f->kept_first = (f->kept_first + 1) % f->kept_cap;
    f->kept_count--;
}

static bool grow_kept(struct aw_board *f)
{
    const size_t cap = f->kept_cap ? 2 * f->kept_cap : 64;
    struct kept *grown = malloc(cap * sizeof *grown);
    if (!grown) return false;
    for (size_t i = 0; i < f->kept_count; i++)
        grown[i] = *kept_at(f, i);
    free(f->kept);
    f->kept = grown;
    f->kept_cap = cap;
    f->kept_first = 0;
    return true;
}

static void keep(struct aw_board *f, uint64_t row, struct aw_detail *d)
{
    const size_t bytes = aw_detail_bytes(d);
    while (f->kept_count > 0 && f->kept_bytes + bytes > f->kept_limit)
        drop_oldest(f);
    if ((f->kept_count == f->kept_cap && !grow_kept(f)) || bytes > f->kept_limit) {
        aw_detail_free(d);
        return;
    }
    *kept_at(f, f->kept_count++) = (struct kept){.row = row, .detail = d};
    f->kept_bytes += bytes;
}

const struct aw_detail *aw_board_kept(const struct aw_board *f, uint64_t row)
{
    size_t lo = 0, hi = f->kept_count;
    while (lo < hi) {
        const size_t mid = (lo + hi) / 2;
        if (kept_at(f, mid)->row < row)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < f->kept_count && kept_at(f, lo)->row == row ? kept_at(f, lo)->detail : NULL;
}

/* --- time --- */

/* A run's length is not known before its end: where it outgrows the counters, two become one. */
static void widen_spark(struct aw_board *f)
{
    for (unsigned i = 0; i < AW_SPARK; i++)
        f->spark[i] = i < AW_SPARK / 2 ? f->spark[2 * i] + f->spark[2 * i + 1] : 0;
    f->spark_width *= 2;
    f->spark_used = (f->spark_used + 1) / 2;
}

/* What ended before the first that was told of, by `before` at most. */
static void begin_earlier(struct aw_board *f, aw_ns before)
{
    aw_ns more;
    while ((more = (before + f->spark_width - 1) / f->spark_width) > AW_SPARK - f->spark_used)
        widen_spark(f);
    memmove(f->spark + more, f->spark, f->spark_used * sizeof f->spark[0]);
    memset(f->spark, 0, (size_t)more * sizeof f->spark[0]);
    f->spark_from -= more * f->spark_width;
    f->spark_used += (unsigned)more;
}

static void count_failure(struct aw_board *f, aw_ns at)
{
    if (at == AW_NS_NONE) return;
    if (f->spark_from == AW_NS_NONE) f->spark_from = at - at % (SPARK_FIRST_WIDTH_MS * AW_MS);
    int64_t since;
    if (__builtin_sub_overflow(at, f->spark_from, &since)) return;
    /* Records come in the order of their ends or, promptly, up to so much after later ones. */
    if (since < 0 && -since <= f->threshold[AW_T_SETTLE]) {
        begin_earlier(f, -since);
        since = at - f->spark_from;
    }
    if (since < 0) since = 0; /* times that run back */
    while (since / f->spark_width >= AW_SPARK) {
        if (f->spark_width > INT64_MAX / 4) return;
        widen_spark(f);
    }
    const unsigned at_bucket = (unsigned)(since / f->spark_width);
    f->spark[at_bucket]++;
    if (at_bucket >= f->spark_used) f->spark_used = at_bucket + 1;
}

const uint32_t *aw_board_spark(const struct aw_board *f, unsigned *n, aw_ns *from, aw_ns *width)
{
    *n = f->spark_used;
    *from = f->spark_from;
    *width = f->spark_width;
    return f->spark;
}

/* --- latencies by cause --- */

static void count_latencies(struct aw_board *f, const struct aw_record *rec)
{
    aw_ns value[AW_LAT_COUNT];
    aw_summary_latencies(f->summary, rec->ex, value);
    struct aw_hist **of = f->latency[rec->verdict->cause][rec->verdict->severity];
    for (int i = 0; i < AW_LAT_COUNT; i++) {
        if (value[i] == AW_NS_NONE) continue;
        if (!of[i]) of[i] = aw_hist_new(NULL);
        if (of[i]) aw_hist_add(of[i], value[i]);
    }
}

static void free_latencies(struct aw_board *f)
{
    for (int c = 0; c < AW_CAUSE_COUNT; c++)
        for (int s = 0; s < AW_SEV_COUNT; s++)
            for (int i = 0; i < AW_LAT_COUNT; i++)
                aw_hist_free(f->latency[c][s][i]);
    memset(f->latency, 0, sizeof f->latency);
}

const struct aw_hist *aw_board_latency(const struct aw_board *f, enum aw_cause cause,
                                       enum aw_severity severity, enum aw_latency which)
{
    return f->latency[cause][severity][which];
}

/* --- who waits --- */

static void end_waiting(struct aw_board *f, const struct aw_exchange *x)
{
    for (size_t i = 0; i < f->waiters; i++) {
        if (f->waiting[i].conn != x->conn.ord || f->waiting[i].nth != x->nth) continue;
        memmove(f->waiting + i, f->waiting + i + 1, (f->waiters - i - 1) * sizeof *f->waiting);
        f->waiters--;
        return;
    }
}

void aw_board_waiting(struct aw_board *f, const struct aw_exchange *ex, aw_ns waited)
{
    (void)waited; /* it goes on: the views count from its head */
    const struct aw_mark *head = &ex->at[AW_AT_HEAD];
    aw_board_lock(f);
    if (f->waiters < AW_WAITERS && aw_seen(head)) {
        size_t at = f->waiters++;
        while (at > 0 && f->waiting[at - 1].since > head->ts)
            at--;
        memmove(f->waiting + at + 1, f->waiting + at, (f->waiters - 1 - at) * sizeof *f->waiting);
        struct aw_waiting *w = &f->waiting[at];
        const struct aw_span method = ex->text[AW_TEXT_METHOD], host = ex->text[AW_TEXT_HOST];
        const struct aw_span target =
            aw_shown_target(&f->run, ex->text[AW_TEXT_TARGET], &f->target);
        *w = (struct aw_waiting){.conn = ex->conn.ord,
                                 .nth = ex->nth,
                                 .port = ex->conn.port[AW_S2C],
                                 .server = ex->conn.addr[AW_S2C],
                                 .since = head->ts};
        (void)snprintf(w->what, sizeof w->what, "%.*s %.*s%.*s",
                       method.len < 15 ? (int)method.len : 15,
                       method.p ? (const char *)method.p : "", host.len < 40 ? (int)host.len : 40,
                       host.p ? (const char *)host.p : "", target.len < 60 ? (int)target.len : 60,
                       target.p ? (const char *)target.p : "");
    }
    aw_board_unlock(f);
}

const struct aw_waiting *aw_board_waiters(const struct aw_board *f, size_t *n)
{
    *n = f->waiters;
    return f->waiting;
}

/* --- from the analysis --- */

void aw_board_record(struct aw_board *f, const struct aw_record *rec)
{
    const bool failing = rec->verdict && aw_failing(rec->verdict);
    struct aw_detail *d =
        failing ? aw_detail_copy(rec) : NULL; /* outside the lock: it takes time */
    aw_board_lock(f);
    const struct aw_span target =
        aw_shown_target(&f->run, rec->ex->text[AW_TEXT_TARGET], &f->target);
    const aw_ns wait = rec->verdict ? aw_exchange_wait(rec->ex, f->threshold) : AW_NS_NONE;
    const uint64_t row = aw_rows_end(f->rows);
    const bool added = aw_rows_add(f->rows, rec, target, wait, d ? AW_ROW_KEPT : 0);
    aw_summary_add(f->summary, rec);
    if (rec->verdict) count_latencies(f, rec);
    end_waiting(f, rec->ex);
    if (failing && aw_seen(&rec->ex->at[AW_AT_END])) count_failure(f, rec->ex->at[AW_AT_END].ts);
    if (d && added)
        keep(f, row, d);
    else
        aw_detail_free(d);
    aw_board_unlock(f);
}

void aw_board_stats(struct aw_board *f, const struct aw_stats *stats)
{
    aw_board_lock(f);
    f->info.stats = *stats;
    aw_board_unlock(f);
}

void aw_board_progress(struct aw_board *f, uint64_t bytes, uint64_t size)
{
    aw_board_lock(f);
    f->info.bytes = bytes;
    f->info.size = size;
    aw_board_unlock(f);
}

void aw_board_dropped(struct aw_board *f, uint64_t dropped, uint64_t filtered)
{
    aw_board_lock(f);
    f->info.dropped = dropped;
    f->info.filtered = filtered;
    aw_board_unlock(f);
}

void aw_board_state(struct aw_board *f, const char *text)
{
    aw_board_lock(f);
    (void)snprintf(f->info.state, sizeof f->info.state, "%s", text);
    aw_board_unlock(f);
}

void aw_board_trouble(struct aw_board *f, const char *text)
{
    aw_board_lock(f);
    if (f->info.trouble[0] == '\0')
        (void)snprintf(f->info.trouble, sizeof f->info.trouble, "%s", text);
    aw_board_unlock(f);
}

void aw_board_filter(struct aw_board *f, const char *filter)
{
    char *taken = strdup(filter);
    aw_board_lock(f);
    free(f->filter);
    f->filter = taken;
    f->info.filter = taken ? taken : "";
    aw_board_unlock(f);
}

void aw_board_note(struct aw_board *f, const char *text)
{
    aw_board_lock(f);
    (void)snprintf(f->info.note, sizeof f->info.note, "%s", text);
    f->info.notes++;
    aw_board_unlock(f);
}

void aw_board_over(struct aw_board *f)
{
    aw_board_lock(f);
    f->info.over = true;
    aw_board_unlock(f);
}

/* --- for the views --- */

void aw_board_lock(struct aw_board *f)
{
    pthread_mutex_lock(&f->lock);
}

void aw_board_unlock(struct aw_board *f)
{
    pthread_mutex_unlock(&f->lock);
}

const struct aw_board_info *aw_board_info(const struct aw_board *f)
{
    return &f->info;
}

const struct aw_rows *aw_board_rows(const struct aw_board *f)
{
    return f->rows;
}

struct aw_summary *aw_board_summary(struct aw_board *f)
{
    return f->summary;
}

const int64_t *aw_board_threshold(const struct aw_board *f)
{
    return f->threshold;
}

void aw_board_clear(struct aw_board *f)
{
    while (f->kept_count > 0)
        drop_oldest(f);
    aw_rows_clear(f->rows);
    free_latencies(f);
    struct aw_summary *fresh = new_summary(f);
    if (fresh) {
        aw_summary_free(f->summary);
        f->summary = fresh;
    }
    start_spark(f);
}

void aw_board_free(struct aw_board *f)
{
    if (!f) return;
    while (f->kept_count > 0)
        drop_oldest(f);
    free(f->kept);
    free(f->target.p);
    free(f->filter);
    free_latencies(f);
    aw_rows_free(f->rows);
    aw_summary_free(f->summary);
    pthread_mutex_destroy(&f->lock);
    free(f);
}
