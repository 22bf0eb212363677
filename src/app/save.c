/* Packets as an output; see save.h. */
#include "app/save.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sink/complain.h"

enum { MEMORY_DEFAULT_MIB = 256 };

size_t aw_save_memory(const struct aw_config *c)
{
    return c->memory ? c->memory : (size_t)MEMORY_DEFAULT_MIB << 20;
}

/* --- opening --- */

struct aw_merge *aw_save_reopen(const struct aw_merge *first)
{
    char why[1024];
    struct aw_merge *m = first ? aw_merge_again(first, why, sizeof why) : NULL;
    /* A pipe is a pipe: those who ask do without. */
    if (first && !m && aw_merge_rereadable(first))
        aw_complain("to read the input a second time: %s", why);
    return m;
}

static bool open_keep(struct aw_save *s, char *err, size_t err_size)
{
    const struct aw_options *o = s->o;
    const int64_t *t = o->config.threshold;
    s->again = aw_save_reopen(s->merge);
    /* An exchange lives as long as it is active; a few times the longest silence is a fair guess,
     * and what is older makes way only for what is behind it. */
    int64_t patience;
    if (__builtin_add_overflow(t[AW_T_IDLE_TIMEOUT], t[AW_T_RETRY_WINDOW], &patience) ||
        __builtin_mul_overflow(patience, 4, &patience))
        patience = INT64_MAX;
    const struct aw_keep_plan plan = {
        .path = o->write,
        .again = s->again != NULL,
        .memory = aw_save_memory(&o->config) / 4,
        .patience = patience,
        .endure = !s->merge,
    };
    s->keep = aw_keep_open(&plan, err, err_size);
    return s->keep != NULL;
}

static bool open_recorder(struct aw_save *s, char *err, size_t err_size)
{
    const struct aw_options *o = s->o;
    const struct aw_recorder_plan plan = {
        .path = o->record,
        .bytes = o->record_bytes,
        .seconds = o->record_seconds,
        .files = o->record_files,
        .endure = !s->merge,
    };
    s->recorder = aw_recorder_open(&plan, err, err_size);
    return s->recorder != NULL;
}

bool aw_save_open(struct aw_save *s, const struct aw_options *o, struct aw_merge *merge)
{
    char err[4352];
    *s = (struct aw_save){.o = o, .merge = merge};
    if ((!o->write || open_keep(s, err, sizeof err)) &&
        (!o->record || open_recorder(s, err, sizeof err)))
        return true;
    if (err[0]) aw_complain("%s", err);
    return false;
}

void aw_save_folders(const struct aw_save *s, struct aw_folder *to[AW_SAVE_FOLDERS])
{
    to[0] = s->keep ? aw_keep_folder(s->keep) : NULL;
    to[1] = s->recorder ? aw_recorder_folder(s->recorder) : NULL;
}

void aw_save_engine(const struct aw_save *s, struct aw_config *config)
{
    if (!s->keep) return;
    /* A retry without Expect belongs to the failure that it mends; and packets have to come in
     * order. */
    config->all = true;
    config->shards = 1;
    config->memory = aw_save_memory(config) / 4 * 3;
}

/* --- while live --- */

static void say_not_reopened(const char *option, const char *path, int error)
{
    if (error) aw_complain("%s %s: cannot be opened again: %s", option, path, strerror(error));
}

static void say_trouble(const char *option, const char *path, int error)
{
    if (error)
        aw_complain("%s %s: %s; packets are let go until it can be written again", option, path,
                    strerror(error));
}

void aw_save_new_files(struct aw_save *s)
{
    if (s->keep) say_not_reopened("-w", s->o->write, aw_keep_reopen(s->keep));
    atomic_store(&s->reopen, true);
}

void aw_save_look(struct aw_save *s)
{
    if (!s->keep || s->keep_trouble) return;
    s->keep_trouble = aw_keep_trouble(s->keep);
    say_trouble("-w", s->o->write, s->keep_trouble);
}

/* --- the recorder's place --- */

/* Whether packets of more than one link type or interface may come. */
static bool is_mixed(const struct aw_save *s)
{
    if (!s->merge) return s->o->interface_count > 1;
    struct aw_source *const *sources;
    const size_t count = aw_merge_sources(s->merge, &sources);
    return count > 1 || aw_source_has_interfaces(sources[0]);
}

/* On the reading thread, whose the recorder is. */
static void look_after_recorder(struct aw_save *s)
{
    if (atomic_exchange(&s->reopen, false))
        say_not_reopened("--record", s->o->record, aw_recorder_reopen(s->recorder, is_mixed(s)));
    if (s->record_trouble) return;
    s->record_trouble = aw_recorder_trouble(s->recorder);
    say_trouble("--record", s->o->record, s->record_trouble);
}

static enum aw_read next(void *ctx, unsigned hold, const struct aw_packet **pkts, size_t *n)
{
    struct aw_save *s = ctx;
    if (s->full) return AW_READ_END;
    const enum aw_read got = s->from.next(s->from.ctx, hold, pkts, n);
    if (s->from.live) look_after_recorder(s);
    if (got == AW_READ_OK || got == AW_READ_AGAIN)
        s->full = !aw_recorder_write(s->recorder, *pkts, got == AW_READ_OK ? *n : 0, is_mixed(s));
    return got;
}

static void before(void *ctx, struct aw_engine *e)
{
    const struct aw_save *s = ctx;
    if (s->from.before) s->from.before(s->from.ctx, e);
}

struct aw_feed aw_save_feed(struct aw_save *s, struct aw_feed from)
{
    if (!s->recorder) return from;
    s->from = from;
    return (struct aw_feed){.ctx = s, .next = next, .before = before, .live = from.live};
}

/* --- reading again --- */

struct second {
    struct aw_engine *engine;
    const struct aw_tap *tap;
    bool (*enough)(const void *ctx);
    uint64_t packets; /* where the first reading ended */
    bool satisfied;   /* `enough` said so while there was more */
};

static bool more(void *ctx)
{
    struct second *second = ctx;
    struct aw_stats stats;
    if (second->enough && second->enough(second->tap->ctx)) {
        second->satisfied = true;
        return false;
    }
    aw_engine_stats(second->engine, &stats);
    return stats.packets < second->packets;
}

static bool yes(void *ctx)
{
    (void)ctx;
    return true;
}

const char *aw_save_reread(struct aw_merge *again, const struct aw_config *config,
                           const struct aw_tap *tap, bool (*enough)(const void *ctx),
                           uint64_t packets)
{
    struct aw_config same = *config;
    same.brief = true; /* nobody looks at the records */
    same.all = false;
    same.shards = 1; /* in order */
    struct second second = {.engine = aw_engine_open(&same, NULL, tap),
                            .tap = tap,
                            .enough = enough,
                            .packets = packets};
    const struct aw_pipeline_calls calls = {.ctx = &second, .reading = more, .collecting = yes};
    const struct aw_feed feed = aw_feed_of_merge(again);
    const bool good = second.engine && aw_pipeline_run(&feed, second.engine, 1, &calls) == AW_OK;
    struct aw_stats stats = {.packets = 0};
    if (good) aw_engine_stats(second.engine, &stats);
    aw_engine_close(second.engine);
    if (!good) return "out of memory";
    if (stats.packets >= packets || second.satisfied) return NULL;
    const char *error = NULL;
    return aw_merge_damaged(again, &error) ? error
                                           : "the input has become shorter since it was first read";
}

bool aw_save_again(struct aw_save *s, const struct aw_config *config, uint64_t packets)
{
    if (!s->keep || !s->again || !aw_keep_again(s->keep)) return true;
    const struct aw_tap tap = {.ctx = s->keep, .packet = aw_keep_packet};
    const char *why = aw_save_reread(s->again, config, &tap, NULL, packets);
    if (why) aw_complain("-w %s: not all packets are in it: %s", s->o->write, why);
    return why == NULL;
}

/* --- the end --- */

static bool say_error(const char *option, const char *path, int error)
{
    if (error == 0 || error == EPIPE) return true; /* a closed pipe is the reader's right */
    aw_complain("%s %s: cannot write: %s", option, path, strerror(error));
    return false;
}

static void say_unwritten(const char *option, const char *path, uint64_t count)
{
    if (count > 0)
        aw_complain("%s %s: %llu packets were let go for want of room", option, path,
                    (unsigned long long)count);
}

static void say_left_out(const char *option, const char *path, uint64_t count)
{
    if (count > 0)
        aw_complain("%s %s: %llu packets of another link type than the first are not in it", option,
                    path, (unsigned long long)count);
}

bool aw_save_close(struct aw_save *s)
{
    bool good = true;
    if (s->keep) {
        struct aw_keep_stats stats;
        good = say_error("-w", s->o->write, aw_keep_close(s->keep, &stats));
        say_unwritten("-w", s->o->write, stats.unwritten);
        say_left_out("-w", s->o->write, stats.left_out);
        if (stats.let_go > 0 && !s->o->quiet)
            aw_complain("-w %s: %llu packets left memory before the verdict on their "
                        "connections; --memory makes room for more",
                        s->o->write, (unsigned long long)stats.let_go);
    }
    if (s->recorder) {
        struct aw_recorder_stats stats;
        const int error = aw_recorder_close(s->recorder, &stats);
        good = say_error("--record", s->o->record, error) && good;
        say_unwritten("--record", s->o->record, stats.let_go);
        say_left_out("--record", s->o->record, stats.left_out);
    }
    aw_merge_free(s->again);
    s->keep = NULL;
    s->recorder = NULL;
    s->again = NULL;
    return good;
}
