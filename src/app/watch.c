/*
 * Opens the input and the terminal, gives up all rights, analyses on a thread of its own, and shows
 * what that finds. A capture is read again for details, on the descriptor that is open anyway; what
 * is saved goes, by way of the keeper, to new files in one folder: ours, or that of --save-dir.
 */
#include "app/watch.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "app/choose.h"
#include "app/inputs.h"
#include "app/live.h"
#include "app/pipeline.h"
#include "app/sandbox.h"
#include "sink/complain.h"
#include "source/source.h"
#include "tui/dash.h"

enum { STATS_EVERY_MS = 100, MEMORY_DEFAULT_MIB = 256, THREADS_MOST = 4 };

struct watch {
    struct aw_options *o;
    struct aw_merge *merge;     /* owned; NULL where live */
    struct aw_capture *capture; /* owned; NULL where not live */
    struct aw_engine *engine;   /* owned */
    struct aw_board *board;     /* owned */
    struct aw_door *door;       /* owned */
    struct aw_ring *ring;       /* owned: the latest packets of input that comes once */
    struct aw_feed from;        /* the input, before the ring */
    struct aw_live_stats told;  /* losses, as of the last look */
    struct aw_choice choice;
    struct aw_sandbox sandbox;
    struct aw_folder *saves; /* owned; NULL: none can be made */
    char *saves_path;        /* owned; its absolute path */
    struct aw_place *stored; /* owned: of changed settings; NULL: */
    char not_stored[200];    /* ... for this reason */
    struct aw_settings settings;
    pthread_t thread;
    atomic_bool stop;
    bool stopping; /* the capture was told */
    aw_ns end;     /* live: steady time at which to stop */
    aw_ns next;    /* steady time of the next look at the figures */
    unsigned threads;
    enum aw_status status;
    uint64_t damaged;
};

bool aw_watch_wanted(const struct aw_options *o)
{
    return !o->no_ui && isatty(STDOUT_FILENO);
}

static aw_ns steady_now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (aw_ns)t.tv_sec * AW_SEC + t.tv_nsec;
}

/* --- the analysis --- */

static void on_record(void *ctx, const struct aw_record *rec)
{
    struct watch *w = ctx;
    if (aw_choose(&w->choice, rec)) aw_board_record(w->board, rec);
}

static void on_waiting(void *ctx, const struct aw_exchange *ex, aw_ns waited)
{
    struct watch *w = ctx;
    aw_board_waiting(w->board, ex, waited);
}

static bool on_reading(void *ctx)
{
    struct watch *w = ctx;
    if (!w->capture) {
        struct aw_source *const *sources;
        const size_t count = aw_merge_sources(w->merge, &sources);
        uint64_t bytes = 0, size = 0;
        bool known = true;
        for (size_t i = 0; i < count; i++) {
            bytes += aw_source_bytes(sources[i]);
            size += aw_source_size(sources[i]);
            known = known && aw_source_size(sources[i]) > 0;
        }
        aw_board_progress(w->board, bytes, known ? size : 0);
        return !atomic_load(&w->stop);
    }
    /* Live, what has been captured is still read. */
    if (!w->stopping && (atomic_load(&w->stop) || steady_now() >= w->end)) {
        aw_capture_stop(w->capture);
        w->stopping = true;
    }
    return true;
}

/* Once of each kind, when it begins; how many there are stands in the first line. */
static void tell_of_losses(struct watch *w, const struct aw_live_stats *lost)
{
    if (lost->kernel > 0 && w->told.kernel == 0)
        aw_board_note(w->board,
                      "The kernel drops packets: a larger -B, a smaller -s, a filter or -j N help");
    else if (lost->interface > 0 && w->told.interface == 0)
        aw_board_note(w->board,
                      "The interface or its driver drops packets, before they can be captured");
    w->told = *lost;
}

static void take_stats(struct watch *w)
{
    struct aw_stats stats;
    struct aw_live_stats lost = {0};
    aw_engine_stats(w->engine, &stats);
    if (w->capture) aw_capture_lost(w->capture, &lost);
    aw_board_stats(w->board, &stats);
    aw_board_dropped(w->board, lost.kernel + lost.interface, 0);
    tell_of_losses(w, &lost);
}

static bool on_collecting(void *ctx)
{
    struct watch *w = ctx;
    const aw_ns now = steady_now();
    if (now < w->next) return true;
    w->next = now + STATS_EVERY_MS * AW_MS;
    take_stats(w);
    return true;
}

static void say_ends(struct watch *w)
{
    struct aw_source *const *sources;
    const size_t count = w->merge ? aw_merge_sources(w->merge, &sources) : 0;
    for (size_t i = 0; i < count; i++) {
        const char *error = aw_source_error(sources[i]);
        if (!error || !*error) continue;
        aw_board_trouble(w->board, error);
        w->damaged++;
    }
    if (w->status == AW_ENOMEM) {
        aw_board_trouble(w->board, "out of memory: what was read before is shown");
        w->damaged++;
    }
    if (w->capture && aw_capture_over(w->capture)) {
        aw_board_trouble(w->board, "every interface went away: the capture is over");
        w->damaged++;
    }
    if (w->merge) {
        const struct aw_lost lost = aw_merge_lost(w->merge);
        aw_board_dropped(w->board, lost.by_interface + lost.by_system, aw_merge_filtered(w->merge));
    }
}

/* Of input that comes once, what goes to the engine is kept for a second reading. */
static enum aw_read next_kept(void *ctx, unsigned hold, const struct aw_packet **pkts, size_t *n)
{
    struct watch *w = ctx;
    const enum aw_read got = w->from.next(w->from.ctx, hold, pkts, n);
    if (got == AW_READ_OK && *n > 0) aw_ring_put(w->ring, *pkts, *n);
    return got;
}

static void before_kept(void *ctx, struct aw_engine *e)
{
    struct watch *w = ctx;
    if (w->from.before) w->from.before(w->from.ctx, e);
}

static struct aw_feed open_feed(struct watch *w)
{
    w->from = w->capture ? aw_feed_of_capture(w->capture) : aw_feed_of_merge(w->merge);
    if (!w->ring) return w->from;
    return (struct aw_feed){
        .ctx = w, .next = next_kept, .before = before_kept, .live = w->from.live};
}

static void *analyse(void *arg)
{
    struct watch *w = arg;
    const struct aw_pipeline_calls calls = {
        .ctx = w, .reading = on_reading, .collecting = on_collecting};
    const struct aw_feed feed = open_feed(w);
    w->status = aw_pipeline_run(&feed, w->engine, w->threads, &calls);
    take_stats(w);
    say_ends(w);
    aw_board_over(w->board);
    return NULL;
}

/* --- opening --- */

static enum aw_exit open_input(struct watch *w)
{
    if (w->o->interface_count == 0) return aw_inputs_open(w->o, &w->merge, &w->damaged);
    bool bad_use;
    w->capture = aw_capture_of_options(w->o, true, &bad_use);
    if (w->capture) return AW_EXIT_OK;
    return bad_use ? AW_EXIT_USAGE : AW_EXIT_INPUT;
}

static const char *source_name(void *ctx, uint16_t source)
{
    const struct watch *w = ctx;
    const struct aw_options *o = w->o;
    if (o->interface_count > 0) return o->interfaces[0];
    return source < o->read_count ? o->read[source] : "?";
}

/* Connections get a quarter of the memory, rows and details the rest. */
static bool open_engine(struct watch *w)
{
    struct aw_options *o = w->o;
    const bool live = o->interface_count > 0;
    const size_t memory = o->config.memory ? o->config.memory : (size_t)MEMORY_DEFAULT_MIB << 20;
    if (getrandom(o->config.secret, sizeof o->config.secret, 0) !=
        (ssize_t)sizeof o->config.secret) {
        aw_complain("random numbers for the hash of connections: %s", strerror(errno));
        return false;
    }
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    w->threads = o->jobs                ? o->jobs
                 : cores > THREADS_MOST ? THREADS_MOST
                 : cores > 1            ? (unsigned)cores
                                        : 1;
    o->config.shards = w->threads;
    o->config.memory = memory / 4;
    const bool all = o->config.all;
    o->config.all = true; /* the views choose */
    o->config.source_name = source_name;
    o->config.source_ctx = w;
    aw_choice_init(&w->choice, o);
    const bool again = w->merge && aw_merge_rereadable(w->merge);
    o->config.terse = again; /* what is looked at is read again, in full */
    o->config.patient = again;
    o->config.prompt = again; /* live, no screen shall keep the analysis waiting */
    aw_choice_engine(&w->choice, &o->config);
    uint64_t seed;
    memcpy(&seed, o->config.secret, sizeof seed);
    const struct aw_board_config board = {
        .source = live ? o->interfaces : o->read,
        .source_count = live ? o->interface_count : o->read_count,
        .filter = o->filter,
        .match = o->match_text,
        .all = all,
        .live = live,
        .again = again,
        .show_secrets = o->show_secrets,
        .memory = again ? memory - memory / 4 : memory / 2,
        .threshold = o->config.threshold,
        .seed = seed,
    };
    const struct aw_sink sink = {
        .ctx = w, .record = on_record, .waiting = live ? on_waiting : NULL};
    if (!again) w->ring = aw_ring_new(memory / 4);
    w->board = aw_board_new(&board);
    w->engine = aw_engine_open(&o->config, &sink, NULL);
    if (w->board && w->engine && (w->ring || again)) return true;
    aw_complain("out of memory");
    return false;
}

/* What an empty screen tells of how we come to capture. */
static void say_permission(struct watch *w)
{
    const struct aw_options *o = w->o;
    char text[200];
    if (geteuid() != 0)
        (void)snprintf(text, sizeof text, "Permission: granted to this program");
    else if (o->no_sandbox)
        (void)snprintf(text, sizeof text, "Permission: root, kept (--no-sandbox)");
    else
        (void)snprintf(text, sizeof text, "Permission: root, given up for %.60s",
                       o->user ? o->user : "nobody");
    aw_board_state(w->board, text);
}

/* --- another capture filter --- */

static void on_notice(void *ctx, const char *line)
{
    struct watch *w = ctx;
    aw_board_note(w->board, line);
}

static void on_filtered(void *ctx, const char *filter, const char *why)
{
    struct watch *w = ctx;
    char line[AW_BOARD_TEXT];
    if (why) {
        (void)snprintf(line, sizeof line, "The capture filter stays as it was: %.150s", why);
    } else {
        aw_board_filter(w->board, filter);
        (void)snprintf(line, sizeof line,
                       *filter ? "Captured from here on: %.150s"
                               : "Captured from here on: every packet",
                       filter);
    }
    aw_board_note(w->board, line);
}

static bool on_capture(void *ctx, const char *text, bool take, char *err, size_t size)
{
    struct watch *w = ctx;
    char why[256];
    struct aw_filter *f = aw_filter_new(text, why, sizeof why);
    if (!f) { /* names take files and the network */
        const bool name = strstr(why, "unknown") && w->sandbox.wanted;
        (void)snprintf(err, size, "%s%s", why, name ? " (the sandbox takes numbers only)" : "");
        return false;
    }
    aw_filter_free(f);
    if (!take || aw_capture_refilter(w->capture, text)) return true;
    (void)snprintf(err, size, "not now: another one is under way, or the capture is over");
    return false;
}

/* --- all of it --- */

static enum aw_exit show(struct watch *w)
{
    const struct aw_options *o = w->o;
    const bool live = w->capture != NULL;
    if (live) {
        w->end = o->duration ? steady_now() + o->duration : INT64_MAX;
        const struct aw_capture_calls calls = {.ctx = w, .say = on_notice, .filtered = on_filtered};
        if (!aw_capture_start(w->capture, o->stop_after, o->filter, &calls)) return AW_EXIT_INPUT;
    }
    if (pthread_create(&w->thread, NULL, analyse, w) != 0) return AW_EXIT_INPUT;
    const struct aw_again reread = {
        .file = o->read,
        .file_count = o->read_count,
        .first = w->merge,
        .ring = w->ring,
        .config = &o->config,
        .show_secrets = o->show_secrets,
        .folder = w->saves,
        .folder_path = w->saves_path,
    };
    const struct aw_dash_config dash = {
        .again = &reread,
        .settings = w->settings,
        .stored = w->stored,
        .not_stored = w->not_stored,
        .ctx = w,
        .capture = live ? on_capture : NULL,
        .saves = w->saves ? w->saves_path : NULL,
    };
    aw_dash_run(w->board, w->door, &dash);
    atomic_store(&w->stop, true);
    (void)pthread_join(w->thread, NULL);
    return w->damaged > 0 ? AW_EXIT_INPUT : AW_EXIT_OK;
}

static void let_go(struct watch *w)
{
    aw_door_close(w->door);
    aw_capture_free(w->capture);
    aw_engine_close(w->engine);
    aw_board_free(w->board);
    aw_ring_free(w->ring);
    aw_merge_free(w->merge);
    aw_folder_close(w->saves);
    free(w->saves_path);
    aw_place_close(w->stored);
    aw_sandbox_leave(&w->sandbox);
}

/* Before the input: a keeper forked later would hold a capture's ring. */
static bool open_folders(struct watch *w)
{
    const char *dir = w->o->save_dir ? w->o->save_dir : ".";
    w->stored = aw_stored_open(&w->settings, w->not_stored, sizeof w->not_stored);
    w->saves_path = realpath(dir, NULL);
    w->saves = w->saves_path ? aw_folder_open(w->saves_path, "", AW_NAMES_NEW) : NULL;
    if (!w->saves && w->o->save_dir) {
        aw_complain("--save-dir %s: %s", dir, strerror(errno));
        return false;
    }
    struct aw_folder *const folders[] = {w->saves, w->stored ? aw_place_folder(w->stored) : NULL};
    aw_sandbox_prepare(&w->sandbox, w->o, folders, sizeof folders / sizeof *folders);
    return true;
}

enum aw_exit aw_watch(struct aw_options *o)
{
    struct watch w = {.o = o};
    char err[512];
    aw_signals_watch(false);
    enum aw_exit status = open_folders(&w) ? open_input(&w) : AW_EXIT_OUTPUT;
    if (status == AW_EXIT_OK && !open_engine(&w)) status = AW_EXIT_INPUT;
    if (status == AW_EXIT_OK) {
        w.door = aw_door_open(err, sizeof err);
        if (!w.door) {
            aw_complain("%s; -N prints the report instead", err);
            status = AW_EXIT_USAGE;
        }
    }
    if (status == AW_EXIT_OK && w.capture) say_permission(&w);
    if (status == AW_EXIT_OK &&
        !aw_sandbox_enter(&w.sandbox, o, w.capture != NULL, w.capture != NULL))
        status = AW_EXIT_USAGE;
    if (status == AW_EXIT_OK) status = show(&w);
    let_go(&w);
    return status;
}
