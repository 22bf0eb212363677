/*
 * Opens the sources, the engine and the report, joins them, and turns what happened into an exit
 * status. Everything that can go wrong outside the engine is said here, in one line each.
 */
#include "app/run.h"

#include <errno.h>
#include <langinfo.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "app/choose.h"
#include "app/pipeline.h"
#include "app/progress.h"
#include "app/sandbox.h"
#include "sink/metrics.h"
#include "sink/sink.h"
#include "sink/streams.h"
#include "source/source.h"

static volatile sig_atomic_t interrupted; /* the only global: a signal handler has no other place */

static void on_signal(int number)
{
    (void)number;
    interrupted = 1;
}

struct run {
    struct aw_options *o;
    struct aw_merge *merge;
    struct aw_engine *engine;
    struct aw_summary *summary;
    struct aw_streams *streams;
    struct aw_metrics *metrics;
    struct aw_sandbox sandbox;
    struct aw_out *out;
    struct aw_report *report;
    struct aw_stats stats;
    struct aw_run about; /* what reports may ask */
    struct aw_progress progress;
    struct aw_choice choice;
    unsigned threads;
    bool analysed;    /* the figures are those of the input */
    bool failed;      /* --fail-on matched */
    uint64_t damaged; /* inputs that could not be opened, or not be read to the end */
    uint64_t expectation;
};

/* --- what the engine calls --- */

static bool matches_fail_on(const struct aw_options *o, const struct aw_verdict *v)
{
    if ((o->fail_on & AW_FAIL_WARNING) && v->severity >= AW_SEV_WARNING) return true;
    if ((o->fail_on & AW_FAIL_ERROR) && v->severity >= AW_SEV_ERROR) return true;
    if ((o->fail_on & AW_FAIL_UNKNOWN) && v->severity == AW_SEV_UNKNOWN) return true;
    return (o->fail_causes & (v->also | UINT64_C(1) << v->cause)) != 0;
}

static void on_record(void *ctx, const struct aw_record *rec)
{
    struct run *r = ctx;
    if (!aw_choose(&r->choice, rec)) return;
    if (rec->verdict) {
        r->expectation++;
        if (matches_fail_on(r->o, rec->verdict)) r->failed = true;
        aw_summary_add(r->summary, rec);
    }
    r->o->format->record(r->report, rec);
}

static void on_connection(void *ctx, uint64_t id, uint64_t ord)
{
    struct run *r = ctx;
    if (r->streams) aw_streams_connection(r->streams, id, ord);
}

static void on_stream(void *ctx, const struct aw_conn_facts *conn,
                      const struct aw_stream_piece *piece)
{
    struct run *r = ctx;
    aw_streams_piece(r->streams, conn, piece);
}

static bool on_reading(void *ctx)
{
    struct run *r = ctx;
    struct aw_source *const *sources;
    const size_t count = aw_merge_sources(r->merge, &sources);
    if (r->progress.on) {
        uint64_t bytes = 0, size = 0;
        bool known = true;
        for (size_t i = 0; i < count; i++) {
            bytes += aw_source_bytes(sources[i]);
            size += aw_source_size(sources[i]);
            known = known && aw_source_size(sources[i]) > 0;
        }
        aw_progress_show(&r->progress, bytes, known ? size : 0);
    }
    return !interrupted;
}

/* Where nobody takes the report any more there is nothing to read for. */
static bool on_collecting(void *ctx)
{
    const struct run *r = ctx;
    return aw_out_error(r->out) == 0;
}

/* --- opening --- */

static struct aw_filter *open_filter(const struct aw_options *o, enum aw_exit *status)
{
    if (!o->filter) return NULL;
    char err[512];
    struct aw_filter *filter = aw_filter_new(o->filter, err, sizeof err);
    if (filter) return filter;
    fprintf(stderr, "await100: filter '%s': %s\n", o->filter, err);
    *status = AW_EXIT_USAGE;
    return NULL;
}

/* Opens what can be opened; what can not is said, and the run goes on with the rest. */
static struct aw_merge *open_sources(struct run *r, struct aw_filter *filter)
{
    const struct aw_options *o = r->o;
    struct aw_source **sources = calloc(o->read_count, sizeof *sources);
    if (!sources) {
        aw_filter_free(filter);
        return NULL;
    }
    size_t count = 0;
    for (size_t i = 0; i < o->read_count; i++) {
        char err[1024];
        sources[count] = aw_source_open(o->read[i], (uint16_t)i, err, sizeof err);
        if (sources[count]) {
            count++;
            continue;
        }
        fprintf(stderr, "await100: %s\n", err);
        r->damaged++;
    }
    struct aw_merge *merge = count > 0 ? aw_merge_new(sources, count, filter, o->stop_after) : NULL;
    if (!merge) {
        for (size_t i = 0; i < count; i++)
            aw_source_close(sources[i]);
        aw_filter_free(filter);
    }
    free(sources);
    return merge;
}

static const char *source_name(void *ctx, uint16_t source)
{
    const struct run *r = ctx;
    return source < r->o->read_count ? r->o->read[source] : "?";
}

/* Beyond a few threads the one that reads is what limits. */
enum { JOBS_HELPFUL = 4 };

static void choose_threads(struct run *r)
{
    struct aw_options *o = r->o;
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    const unsigned helpful = cores < 1 ? 1 : cores > JOBS_HELPFUL ? JOBS_HELPFUL : (unsigned)cores;
    r->threads = r->streams ? 1 : o->jobs ? o->jobs : helpful;
    o->config.shards = r->threads;
}

static bool open_engine(struct run *r)
{
    struct aw_options *o = r->o;
    if (getrandom(o->config.secret, sizeof o->config.secret, 0) !=
        (ssize_t)sizeof o->config.secret) {
        perror("await100: random numbers for the hash of connections");
        return false;
    }
    choose_threads(r);
    o->config.source_name = source_name;
    o->config.source_ctx = r;
    o->config.brief = o->format->brief;
    const struct aw_sink sink = {.ctx = r, .connection = on_connection, .record = on_record};
    const struct aw_tap tap = {.ctx = r, .stream = r->streams ? on_stream : NULL};
    struct aw_config config = o->config;
    aw_choice_init(&r->choice, o);
    aw_choice_engine(&r->choice, &config);
    r->engine = aw_engine_open(&config, &sink, &tap);
    r->summary = aw_summary_new(NULL);
    if (r->engine && r->summary) {
        aw_summary_thresholds(r->summary, o->config.threshold);
        return true;
    }
    fputs("await100: out of memory\n", stderr);
    return false;
}

static bool open_report(struct run *r)
{
    const struct aw_options *o = r->o;
    char err[1024];
    r->out = o->output ? aw_out_file(o->output, err, sizeof err) : aw_out_fd(STDOUT_FILENO);
    if (!r->out) {
        fprintf(stderr, "await100: %s\n", o->output ? err : "out of memory");
        return false;
    }
    r->about = (struct aw_run){
        .files = o->read,
        .file_count = o->read_count,
        .config = &o->config,
        .stats = &r->stats,
        .summary = r->summary,
        .show_secrets = o->show_secrets,
    };
    /* A terminal or a file of another encoding gets ASCII alone. */
    if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0) aw_out_ascii(r->out, true);
    r->report = o->format->open(r->out, &r->about);
    if (r->report) return true;
    fputs("await100: out of memory\n", stderr);
    return false;
}

static bool open_streams(struct run *r)
{
    char err[1024];
    if (!r->o->streams) return true;
    r->streams = aw_streams_open(r->o->streams, err, sizeof err);
    if (!r->streams) fprintf(stderr, "await100: %s\n", err);
    return r->streams != NULL;
}

static bool open_metrics(struct run *r)
{
    char err[1024];
    if (!r->o->metrics) return true;
    r->metrics = aw_metrics_open(r->o->metrics, err, sizeof err);
    if (!r->metrics) fprintf(stderr, "await100: %s\n", err);
    return r->metrics != NULL;
}

/* The last step before the first byte of the input is believed. */
static bool confine(struct run *r)
{
    struct aw_folder *folders[4] = {aw_out_folder(r->out),
                                    r->metrics ? aw_metrics_folder(r->metrics) : NULL};
    if (r->streams) aw_streams_folders(r->streams, folders + 2);
    aw_sandbox_prepare(&r->sandbox, r->o, folders, sizeof folders / sizeof *folders);
    return aw_sandbox_enter(&r->sandbox, r->o, false);
}

/* --- the end --- */

static void say_damage(struct run *r)
{
    struct aw_source *const *sources;
    const size_t count = aw_merge_sources(r->merge, &sources);
    for (size_t i = 0; i < count; i++) {
        const char *error = aw_source_error(sources[i]);
        if (!error || !*error) continue;
        fprintf(stderr, "await100: %s\n", error);
        r->damaged++;
    }
}

static void say_verbose(const struct run *r)
{
    const struct aw_stats *s = &r->stats;
    fprintf(stderr, "await100: %llu packets, %llu TCP segments; not analysed:\n",
            (unsigned long long)s->packets, (unsigned long long)s->segments);
    for (unsigned i = 0; i < s->drop_kinds; i++) {
        if (s->drop[i].count > 0)
            fprintf(stderr, "  %10llu  %s: %s\n", (unsigned long long)s->drop[i].count,
                    s->drop[i].slug, s->drop[i].meaning);
    }
    const uint64_t filtered = aw_merge_filtered(r->merge);
    if (filtered > 0)
        fprintf(stderr, "  %10llu  filtered: did not match the capture filter\n",
                (unsigned long long)filtered);
    for (unsigned i = 0; i < s->broken_kinds; i++) {
        if (s->broken[i].count > 0)
            fprintf(stderr, "  %10llu  messages not read: %s\n",
                    (unsigned long long)s->broken[i].count, s->broken[i].meaning);
    }
}

/* Closes the report; tells how writing it ended. A closed pipe is the reader's right. */
static enum aw_exit close_report(struct run *r, bool commit)
{
    r->o->format->close(r->report);
    const int error = aw_out_close(r->out, commit);
    r->report = NULL;
    r->out = NULL;
    if (error == 0 || error == EPIPE) return AW_EXIT_OK;
    fprintf(stderr, "await100: %s: cannot write the report: %s\n",
            r->o->output ? r->o->output : "standard output", strerror(error));
    return AW_EXIT_OUTPUT;
}

static enum aw_exit close_streams(struct run *r)
{
    if (!r->streams) return AW_EXIT_OK;
    char err[1024];
    const bool good = aw_streams_finish(r->streams, err, sizeof err) == 0;
    r->streams = NULL;
    if (good) return AW_EXIT_OK;
    fprintf(stderr, "await100: %s\n", err);
    return AW_EXIT_OUTPUT;
}

static enum aw_exit close_metrics(struct run *r)
{
    if (!r->metrics) return AW_EXIT_OK;
    const int error = r->analysed ? aw_metrics_write(r->metrics, &r->about) : 0;
    aw_metrics_close(r->metrics);
    r->metrics = NULL;
    if (error == 0 || error == EPIPE) return AW_EXIT_OK;
    fprintf(stderr, "await100: %s: cannot write the metrics: %s\n", r->o->metrics, strerror(error));
    return AW_EXIT_OUTPUT;
}

static enum aw_exit analyse(struct run *r)
{
    aw_progress_start(&r->progress, !r->o->quiet);
    const struct aw_pipeline_calls calls = {
        .ctx = r, .reading = on_reading, .collecting = on_collecting};
    const struct aw_feed feed = aw_feed_of_merge(r->merge);
    const enum aw_status status = aw_pipeline_run(&feed, r->engine, r->threads, &calls);
    aw_progress_clear(&r->progress);
    say_damage(r);
    aw_engine_stats(r->engine, &r->stats);
    r->about.match = r->o->match_text;
    r->about.found = r->stats.exchanges;
    aw_choice_totals(&r->choice, &r->stats);
    r->about.filtered = aw_merge_filtered(r->merge);
    r->about.damaged = r->damaged;
    r->analysed = true;
    r->o->format->finish(r->report);
    if (r->o->verbose) say_verbose(r);
    if (status == AW_ENOMEM) {
        fputs("await100: out of memory: the report covers what was read before\n", stderr);
        r->damaged++;
    }
    if ((r->o->fail_on & AW_FAIL_EMPTY) && r->expectation == 0) r->failed = true;
    return r->damaged > 0 ? AW_EXIT_INPUT : r->failed ? AW_EXIT_FAILED : AW_EXIT_OK;
}

static void watch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, NULL);
}

static void let_go(struct run *r)
{
    aw_engine_close(r->engine);
    aw_summary_free(r->summary);
    aw_merge_free(r->merge);
}

enum aw_exit aw_run(struct aw_options *o)
{
    struct run r = {.o = o};
    enum aw_exit status = AW_EXIT_OK;
    watch_signals();
    struct aw_filter *filter = open_filter(o, &status);
    if (status != AW_EXIT_OK) return status;
    r.merge = open_sources(&r, filter);
    if (!r.merge) return AW_EXIT_INPUT;
    enum aw_exit written = AW_EXIT_OUTPUT;
    if (open_streams(&r) && open_metrics(&r) && open_engine(&r) && open_report(&r)) {
        if (confine(&r)) {
            status = analyse(&r);
            written = close_report(&r, true);
        } else {
            status = AW_EXIT_USAGE;
            (void)close_report(&r, false);
            written = AW_EXIT_OK;
        }
    } else if (r.out) {
        aw_out_close(r.out, false);
    }
    const enum aw_exit streamed = close_streams(&r), measured = close_metrics(&r);
    aw_sandbox_leave(&r.sandbox);
    let_go(&r);
    if (written == AW_EXIT_OUTPUT || streamed == AW_EXIT_OUTPUT || measured == AW_EXIT_OUTPUT)
        return AW_EXIT_OUTPUT;
    return status;
}
