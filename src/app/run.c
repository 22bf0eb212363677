/*
 * Opens the sources, the engine and the report, joins them, and turns what happened into an exit
 * status. Everything that can go wrong outside the engine is said here, in one line each.
 */
#include "app/run.h"

#include <errno.h>
#include <langinfo.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "app/bundle.h"
#include "app/capture.h"
#include "app/choose.h"
#include "app/inputs.h"
#include "app/live.h"
#include "app/pipeline.h"
#include "app/progress.h"
#include "app/save.h"
#include "app/sandbox.h"
#include "app/version.h"
#include "sink/behind.h"
#include "sink/complain.h"
#include "sink/line.h"
#include "sink/metrics.h"
#include "sink/sink.h"
#include "sink/streams.h"
#include "sink/text_out.h"
#include "sink/worst.h"
#include "source/source.h"

struct run {
    struct aw_options *o;
    struct aw_merge *merge; /* captures; NULL where live */
    struct live {
        struct aw_capture *capture; /* owned */
        struct aw_behind *behind; /* borrowed from `out`; NULL where nothing is written meanwhile */
        struct aw_line *lines;    /* -q with the text format */
        char *name;               /* owned; of all interfaces */
        aw_ns end;                /* steady time at which to stop */
        bool over;                /* no interface is left */
        bool stopped;
    } live;
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
    struct aw_save save;
    struct aw_bundle *bundle; /* owned; NULL: none */
    struct aw_merge *again; /* owned: the input once more, for heads; NULL: not wanted, or not so */
    struct aw_config config; /* the engine's */
    unsigned threads;
    bool analysed;    /* the figures are those of the input */
    bool failed;      /* --fail-on matched */
    bool incomplete;  /* an output lacks something of what was read; it is said */
    uint64_t damaged; /* inputs that could not be opened, or not be read to the end */
    uint64_t expectation;
    atomic_bool short_of_memory; /* engine or figures were refused some */
};

/* --- memory: engine and figures go on without what is refused, and it has to be said --- */

static void *take_note(void *ctx, void *p)
{
    struct run *r = ctx;
    if (!p) atomic_store(&r->short_of_memory, true);
    return p;
}

static void *get_memory(void *ctx, size_t size)
{
    return take_note(ctx, malloc(size));
}

static void *resize_memory(void *ctx, void *p, size_t size)
{
    return take_note(ctx, realloc(p, size));
}

static void put_memory(void *ctx, void *p)
{
    (void)ctx;
    free(p);
}

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
    const bool chosen = aw_choose(&r->choice, rec);
    const bool failing = chosen && rec->verdict && aw_failing(rec->verdict);
    if (r->save.keep) aw_keep_record(r->save.keep, rec, failing);
    if (r->bundle) aw_bundle_record(r->bundle, rec, failing);
    if (!chosen) return;
    if (rec->verdict) {
        r->expectation++;
        if (matches_fail_on(r->o, rec->verdict)) r->failed = true;
        aw_summary_add(r->summary, rec);
    }
    r->o->format->record(r->report, rec);
    if (r->live.lines) aw_line_record(r->live.lines, rec);
    if (r->live.behind) aw_out_flush(r->out); /* one record, whole */
}

static void on_waiting(void *ctx, const struct aw_exchange *ex, aw_ns waited)
{
    struct run *r = ctx;
    if (!r->live.lines) return; /* asked for by the figures alone */
    aw_line_waiting(r->live.lines, ex, waited);
    aw_out_flush(r->out);
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

static void on_packet(void *ctx, uint64_t conn_ord, const struct aw_packet *pkt)
{
    const struct run *r = ctx;
    aw_keep_packet(r->save.keep, conn_ord, pkt);
}

static aw_ns steady_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (aw_ns)t.tv_sec * AW_SEC + t.tv_nsec;
}

/* Live, an end is asked of the capture: what it has got by then is still read. */
static bool on_reading_live(struct run *r)
{
    if (!r->live.stopped && (aw_signal_interrupted() || steady_now() >= r->live.end)) {
        aw_capture_stop(r->live.capture);
        r->live.stopped = true;
    }
    return true;
}

static bool on_reading(void *ctx)
{
    struct run *r = ctx;
    if (r->live.capture) return on_reading_live(r);
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
    return !aw_signal_interrupted();
}

/* The figures as they stand. */
static void take_stats(struct run *r)
{
    aw_engine_stats(r->engine, &r->stats);
    r->about.match = r->o->match_text;
    r->about.found = r->stats.exchanges;
    aw_choice_totals(&r->choice, &r->stats);
}

static void take_lost(struct run *r, struct aw_live_stats *lost)
{
    aw_capture_lost(r->live.capture, lost);
    r->about.dropped = lost->kernel + lost->interface;
    r->about.dropped_by_interface = lost->interface;
    r->about.unwritten = r->live.behind ? aw_behind_let_go(r->live.behind) : 0;
}

/* Live, on the thread that keeps them. */
static void take_stock(struct run *r, struct aw_live_stats *lost)
{
    take_stats(r);
    take_lost(r, lost);
}

/* Asked for by USR1; on the thread that keeps the figures. */
static void say_totals(struct run *r)
{
    struct aw_live_stats lost;
    struct aw_cause_total cause[AW_CAUSE_COUNT * AW_SEV_COUNT];
    take_stock(r, &lost);
    const struct aw_stats *s = &r->stats;
    aw_complain("so far %llu packets, %llu connections, %llu HTTP exchanges, %llu with an "
                "expectation, %llu of them failing",
                (unsigned long long)s->packets, (unsigned long long)s->connections,
                (unsigned long long)s->exchanges,
                (unsigned long long)aw_summary_expectation(r->summary),
                (unsigned long long)aw_summary_failing(r->summary));
    if (s->waiting > 0)
        aw_complain_more("%10llu  waiting now, with no answer so far: %.1f s together",
                         (unsigned long long)s->waiting, (double)s->waited / AW_SEC);
    const size_t n = aw_summary_causes(r->summary, cause, sizeof cause / sizeof *cause);
    for (size_t i = 0; i < n; i++)
        aw_complain_more("%10llu  %s %s", (unsigned long long)cause[i].count,
                         aw_severity_name(cause[i].severity), aw_cause_slug(cause[i].cause));
    aw_live_say_lost(&lost, r->about.unwritten);
}

static bool on_collecting_live(struct run *r)
{
    if (aw_signal_reopen()) {
        if (r->live.behind) aw_behind_reopen(r->live.behind);
        aw_save_new_files(&r->save);
    }
    aw_save_look(&r->save);
    if (aw_signal_totals()) say_totals(r);
    if (r->metrics && aw_metrics_due(r->metrics, steady_now())) {
        struct aw_live_stats lost;
        take_stock(r, &lost);
        (void)aw_metrics_write(r->metrics, &r->about); /* the next time may go better */
    }
    return !r->live.behind || aw_behind_failed(r->live.behind) == 0;
}

/* Where nobody takes the report any more there is nothing to read for. */
static bool on_collecting(void *ctx)
{
    struct run *r = ctx;
    if (r->live.capture && !on_collecting_live(r)) return false;
    return aw_out_error(r->out) == 0;
}

/* --- opening --- */

/* The name under which records have the packets of all interfaces. */
static char *joined(const char *const *names, size_t count)
{
    size_t size = 1;
    for (size_t i = 0; i < count; i++)
        size += strlen(names[i]) + 1;
    char *all = malloc(size), *to = all;
    for (size_t i = 0; all && i < count; i++)
        to += snprintf(to, size - (size_t)(to - all), "%s%s", i ? "," : "", names[i]);
    return all;
}

static bool is_live(const struct run *r)
{
    return r->o->interface_count > 0;
}

/* -q watches line by line. */
static bool wants_lines(const struct aw_options *o)
{
    return o->interface_count > 0 && o->quiet && !o->output && strcmp(o->format->name, "text") == 0;
}

static enum aw_exit open_live(struct run *r)
{
    bool bad_use;
    const struct aw_options *o = r->o;
    r->live.name = joined(o->interfaces, o->interface_count);
    if (!r->live.name) {
        aw_complain("out of memory");
        return AW_EXIT_INPUT;
    }
    const bool watched = wants_lines(o) || isatty(STDOUT_FILENO);
    r->live.capture = aw_capture_of_options(o, watched, &bad_use);
    if (r->live.capture) return AW_EXIT_OK;
    return bad_use ? AW_EXIT_USAGE : AW_EXIT_INPUT;
}

static const char *source_name(void *ctx, uint16_t source)
{
    const struct run *r = ctx;
    if (is_live(r)) return r->live.name;
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
        aw_complain("random numbers for the hash of connections: %s", strerror(errno));
        return false;
    }
    choose_threads(r);
    o->config.alloc =
        (struct aw_alloc){.ctx = r, .get = get_memory, .resize = resize_memory, .put = put_memory};
    o->config.source_name = source_name;
    o->config.source_ctx = r;
    o->config.brief = o->format->brief;
    o->config.patient = r->merge && aw_merge_rereadable(r->merge);
    const struct aw_sink sink = {.ctx = r,
                                 .connection = on_connection,
                                 .record = on_record,
                                 .waiting = is_live(r) ? on_waiting : NULL};
    const struct aw_tap tap = {.ctx = r,
                               .packet = r->save.keep ? on_packet : NULL,
                               .stream = r->streams ? on_stream : NULL};
    r->config = o->config;
    aw_choice_init(&r->choice, o);
    aw_choice_engine(&r->choice, &r->config);
    aw_save_engine(&r->save, &r->config);
    aw_bundle_engine(r->bundle, &r->config);
    r->engine = aw_engine_open(&r->config, &sink, &tap);
    r->summary = aw_summary_new(&o->config.alloc);
    if (r->engine && r->summary) {
        aw_summary_memory(r->summary, o->config.memory);
        aw_summary_thresholds(r->summary, o->config.threshold);
        return true;
    }
    aw_complain("out of memory");
    return false;
}

static struct aw_out *open_behind(struct run *r, char *err, size_t err_size)
{
    const struct aw_options *o = r->o;
    r->live.behind = o->output ? aw_behind_file(o->output, err, err_size)
                               : aw_behind_fd(STDOUT_FILENO, err, err_size);
    struct aw_out *out = r->live.behind ? aw_out_behind(r->live.behind) : NULL;
    if (!out && r->live.behind) {
        (void)aw_behind_close(r->live.behind);
        r->live.behind = NULL;
    }
    return out;
}

static bool open_report(struct run *r)
{
    const struct aw_options *o = r->o;
    char err[1024];
    const bool stream = o->output ? o->format->grows : o->format->stream;
    if (is_live(r) && (stream || wants_lines(o)))
        r->out = open_behind(r, err, sizeof err);
    else
        r->out = o->output ? aw_out_file(o->output, err, sizeof err) : aw_out_fd(STDOUT_FILENO);
    if (!r->out) {
        aw_complain("%s", o->output ? err : "out of memory");
        return false;
    }
    r->about = (struct aw_run){
        .files = is_live(r) ? (const char *const *)&r->live.name : o->read,
        .file_count = is_live(r) ? 1 : o->read_count,
        .config = &o->config,
        .stats = &r->stats,
        .summary = r->summary,
        .version = AW_VERSION,
        .show_secrets = o->show_secrets,
    };
    /* A terminal or a file of another encoding gets ASCII alone. */
    if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0) aw_out_ascii(r->out, true);
    if (!o->output) aw_out_colour(r->out, aw_wants_colour());
    r->report = o->format->open(r->out, &r->about);
    if (o->format->worst) {
        r->again = aw_save_reopen(r->merge);
        r->incomplete = !r->again && r->merge && aw_merge_rereadable(r->merge);
    }
    if (wants_lines(o)) r->live.lines = aw_line_new(r->out, &r->about);
    if (r->live.behind) aw_out_flush(r->out); /* the head of a table */
    if (r->report && (r->live.lines || !wants_lines(o))) return true;
    aw_complain("out of memory");
    return false;
}

static bool open_streams(struct run *r)
{
    char err[1024];
    if (!r->o->streams) return true;
    r->streams = aw_streams_open(r->o->streams, err, sizeof err);
    if (!r->streams) aw_complain("%s", err);
    return r->streams != NULL;
}

static bool open_bundle(struct run *r)
{
    if (r->o->bundle) r->bundle = aw_bundle_open(r->o, r->merge);
    return r->bundle || !r->o->bundle;
}

static bool open_metrics(struct run *r)
{
    char err[1024];
    if (!r->o->metrics) return true;
    r->metrics = aw_metrics_open(r->o->metrics, err, sizeof err);
    if (!r->metrics) aw_complain("%s", err);
    return r->metrics != NULL;
}

/* The last step before the first byte of the input is believed. */
static enum aw_exit confine(struct run *r)
{
    struct aw_folder *folders[5 + AW_SAVE_FOLDERS] = {
        aw_out_folder(r->out), r->metrics ? aw_metrics_folder(r->metrics) : NULL};
    if (r->streams) aw_streams_folders(r->streams, folders + 2);
    aw_save_folders(&r->save, folders + 4);
    folders[4 + AW_SAVE_FOLDERS] = aw_bundle_folder(r->bundle);
    if (r->live.behind) folders[0] = aw_behind_folder(r->live.behind);
    aw_sandbox_prepare(&r->sandbox, r->o, folders, sizeof folders / sizeof *folders);
    if (is_live(r)) {
        /* After the keeper, which would hold their buffers. */
        const enum aw_exit opened = open_live(r);
        if (opened != AW_EXIT_OK) return opened;
    }
    return aw_sandbox_enter(&r->sandbox, r->o, is_live(r), false) ? AW_EXIT_OK : AW_EXIT_USAGE;
}

/* --- the end --- */

static void say_damage(struct run *r)
{
    if (is_live(r)) {
        if (r->live.over) r->damaged++; /* said when it happened */
        return;
    }
    struct aw_source *const *sources;
    const size_t count = aw_merge_sources(r->merge, &sources);
    bool told = false;
    for (size_t i = 0; i < count; i++) {
        const char *error = aw_source_error(sources[i]);
        if (!error || !*error) continue;
        aw_complain("%s", error);
        r->damaged++;
        told = true;
    }
    const char *error = NULL; /* of what joins them */
    if (told || !aw_merge_damaged(r->merge, &error)) return;
    aw_complain("%s", error);
    r->damaged++;
}

static void say_verbose(const struct run *r)
{
    const struct aw_stats *s = &r->stats;
    aw_complain("%llu packets, %llu TCP segments; not analysed:", (unsigned long long)s->packets,
                (unsigned long long)s->segments);
    for (unsigned i = 0; i < s->drop_kinds; i++) {
        if (s->drop[i].count > 0)
            aw_complain_more("%10llu  %s: %s", (unsigned long long)s->drop[i].count,
                             s->drop[i].slug, s->drop[i].meaning);
    }
    const uint64_t filtered = r->about.filtered;
    if (filtered > 0)
        aw_complain_more("%10llu  filtered: did not match the capture filter",
                         (unsigned long long)filtered);
    for (unsigned i = 0; i < s->broken_kinds; i++) {
        if (s->broken[i].count > 0)
            aw_complain_more("%10llu  messages not read: %s",
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
    aw_complain("%s: cannot write the report: %s", r->o->output ? r->o->output : "standard output",
                strerror(error));
    return AW_EXIT_OUTPUT;
}

static enum aw_exit close_streams(struct run *r)
{
    if (!r->streams) return AW_EXIT_OK;
    char err[1024];
    const bool good = aw_streams_finish(r->streams, err, sizeof err) == 0;
    r->streams = NULL;
    if (good) return AW_EXIT_OK;
    aw_complain("%s", err);
    return AW_EXIT_OUTPUT;
}

static enum aw_exit close_metrics(struct run *r)
{
    if (!r->metrics) return AW_EXIT_OK;
    const int error = r->analysed ? aw_metrics_write(r->metrics, &r->about) : 0;
    aw_metrics_close(r->metrics);
    r->metrics = NULL;
    if (error == 0 || error == EPIPE) return AW_EXIT_OK;
    aw_complain("%s: cannot write the metrics: %s", r->o->metrics, strerror(error));
    return AW_EXIT_OUTPUT;
}

static void say_notice(void *ctx, const char *line)
{
    (void)ctx;
    aw_complain("%s", line);
}

/* Starts the threads beside the engine's. */
static bool start_live(struct run *r)
{
    const struct aw_options *o = r->o;
    if (r->live.behind && aw_behind_start(r->live.behind) != 0) return false;
    r->live.end = o->duration ? steady_now() + o->duration : INT64_MAX;
    const struct aw_capture_calls calls = {.say = say_notice};
    if (!aw_capture_start(r->live.capture, o->stop_after, o->filter, &calls)) return false;
    if (!o->quiet) aw_complain("capturing on %s; Ctrl-C ends with the report", r->live.name);
    return true;
}

/* Notes what was lost. The report may wait for a slow reader: nothing else does any more. */
static void end_live(struct run *r)
{
    struct aw_live_stats lost;
    take_lost(r, &lost);
    r->live.over = aw_capture_over(r->live.capture);
    aw_capture_free(r->live.capture);
    r->live.capture = NULL;
    if (!r->o->quiet) aw_live_say_lost(&lost, r->about.unwritten);
    if (r->live.behind) aw_out_patient(r->out, true);
    if (r->live.lines) aw_out_str(r->out, "\n");
}

static bool heads_enough(const void *worst)
{
    return aw_worst_heads_done(worst) || aw_signal_interrupted();
}

/* Heads are too large to be kept of every exchange: those that the report shows are read again.
 * Where that fails, it shows what it has. */
static void read_heads(struct run *r)
{
    if (!r->again || heads_enough(r->o->format->worst(r->report))) return;
    const struct aw_tap tap = {.ctx = r->o->format->worst(r->report), .stream = aw_worst_stream};
    aw_engine_close(r->engine); /* it has said all; two at once might take twice the memory */
    r->engine = NULL;
    const char *why = aw_save_reread(r->again, &r->config, &tap, heads_enough, r->stats.packets);
    if (!why) return;
    aw_complain("not all heads are in the report: %s", why);
    r->incomplete = true;
}

static enum aw_exit analyse(struct run *r)
{
    aw_progress_start(&r->progress, !r->o->quiet && !is_live(r));
    const struct aw_pipeline_calls calls = {
        .ctx = r, .reading = on_reading, .collecting = on_collecting};
    enum aw_status status = AW_ENOMEM;
    if (!is_live(r)) {
        const struct aw_feed feed = aw_save_feed(&r->save, aw_feed_of_merge(r->merge));
        status = aw_pipeline_run(&feed, r->engine, r->threads, &calls);
    } else if (start_live(r)) {
        const struct aw_feed feed = aw_save_feed(&r->save, aw_feed_of_capture(r->live.capture));
        status = aw_pipeline_run(&feed, r->engine, r->threads, &calls);
        end_live(r);
    }
    aw_progress_clear(&r->progress);
    say_damage(r);
    take_stats(r);
    if (!aw_save_again(&r->save, &r->config, r->stats.packets)) r->incomplete = true;
    if (r->bundle && !aw_bundle_make(r->bundle, &r->config, &r->stats)) r->incomplete = true;
    read_heads(r);
    if (r->merge) {
        const struct aw_lost lost = aw_merge_lost(r->merge);
        r->about.filtered = aw_merge_filtered(r->merge);
        r->about.dropped = lost.by_interface + lost.by_system;
        r->about.dropped_by_interface = lost.by_interface;
    }
    r->about.damaged = r->damaged;
    r->analysed = true;
    r->o->format->finish(r->report);
    if (r->o->verbose) say_verbose(r);
    if (status == AW_ENOMEM) {
        aw_complain("out of memory: the report covers what was read before");
        r->damaged++;
    } else if (atomic_load(&r->short_of_memory)) {
        aw_complain("out of memory: the report may lack what there was no room for");
        r->incomplete = true;
    }
    if ((r->o->fail_on & AW_FAIL_EMPTY) && r->expectation == 0) r->failed = true;
    return r->damaged > 0 || r->incomplete ? AW_EXIT_INPUT
           : r->failed                     ? AW_EXIT_FAILED
                                           : AW_EXIT_OK;
}

static void let_go(struct run *r)
{
    aw_engine_close(r->engine);
    aw_summary_free(r->summary);
    aw_merge_free(r->again);
    aw_merge_free(r->merge);
    aw_capture_free(r->live.capture);
    aw_line_free(r->live.lines);
    free(r->live.name);
}

enum aw_exit aw_run(struct aw_options *o)
{
    struct run r = {.o = o};
    enum aw_exit status = AW_EXIT_OK;
    aw_signals_watch(is_live(&r));
    if (!is_live(&r)) {
        status = aw_inputs_open(o, &r.merge, &r.damaged);
        if (status != AW_EXIT_OK) return status;
    }
    enum aw_exit written = AW_EXIT_OUTPUT;
    if (aw_save_open(&r.save, o, r.merge) && open_bundle(&r) && open_streams(&r) &&
        open_metrics(&r) && open_engine(&r) && open_report(&r)) {
        status = confine(&r);
        if (status == AW_EXIT_OK) {
            status = analyse(&r);
            written = close_report(&r, true);
        } else {
            (void)close_report(&r, false);
            written = AW_EXIT_OK;
        }
    } else if (r.out) {
        aw_out_close(r.out, false);
    }
    const enum aw_exit streamed = close_streams(&r), measured = close_metrics(&r);
    const bool saved = aw_save_close(&r.save), bundled = aw_bundle_close(r.bundle);
    aw_sandbox_leave(&r.sandbox);
    let_go(&r);
    if (written == AW_EXIT_OUTPUT || streamed == AW_EXIT_OUTPUT || measured == AW_EXIT_OUTPUT ||
        !saved || !bundled)
        return AW_EXIT_OUTPUT;
    return status;
}
