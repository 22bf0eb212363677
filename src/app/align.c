/*
 * Opens the two captures that --align names, confines the program, reads each through an engine of
 * its own, and hands on what they told.
 */
#include "app/align.h"

#include <errno.h>
#include <langinfo.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "app/inputs.h"
#include "app/pipeline.h"
#include "app/sandbox.h"
#include "app/save.h"
#include "sink/align.h"
#include "sink/complain.h"
#include "sink/sink.h"
#include "sink/text_out.h"

struct reading { /* of one side */
    const struct aw_options *o;
    struct aw_align *align;
    enum aw_side side;
    struct aw_merge *merge; /* owned */
};

static void on_record(void *ctx, const struct aw_record *rec)
{
    const struct reading *r = ctx;
    aw_align_record(r->align, r->side, rec, r->o->show_secrets);
}

static void on_segment(void *ctx, const struct aw_tap_segment *seg)
{
    const struct reading *r = ctx;
    aw_align_segment(r->align, r->side, seg);
}

static bool go_on(void *ctx)
{
    (void)ctx;
    return true;
}

/* NULL: it was said why; *status is set where it is not the input's fault. */
static struct aw_merge *open_capture(const struct aw_options *o, const char *path,
                                     enum aw_exit *status)
{
    char err[1024];
    struct aw_filter *filter = o->filter ? aw_filter_new(o->filter, err, sizeof err) : NULL;
    struct aw_source *source = NULL;
    if (o->filter && !filter) {
        aw_inputs_bad_filter(o, err);
        *status = AW_EXIT_USAGE;
    } else if (!(source = aw_source_open(path, 0, err, sizeof err))) {
        aw_complain("--align: %s", err);
    }
    struct aw_merge *m = source ? aw_merge_new(&source, 1, filter, o->stop_after) : NULL;
    if (source && !m) aw_complain("out of memory");
    if (m) {
        aw_merge_between(m, o->from, o->to);
    } else {
        if (source) aw_source_close(source);
        aw_filter_free(filter);
    }
    return m;
}

/* False: memory ran out. */
static bool read_side(struct reading *r, bool *damaged)
{
    struct aw_config config = r->o->config;
    config.brief = true; /* verdicts alone */
    config.all = false;
    config.shards = 1;
    config.memory = aw_save_memory(&r->o->config) / 2;
    if (getrandom(config.secret, sizeof config.secret, 0) != (ssize_t)sizeof config.secret)
        return false;
    const struct aw_sink sink = {.ctx = r, .record = on_record};
    const struct aw_tap tap = {.ctx = r, .segment = on_segment};
    struct aw_engine *engine = aw_engine_open(&config, &sink, &tap);
    const struct aw_pipeline_calls calls = {.ctx = r, .reading = go_on, .collecting = go_on};
    const struct aw_feed feed = aw_feed_of_merge(r->merge);
    const bool good = engine && aw_pipeline_run(&feed, engine, 1, &calls) == AW_OK;
    struct aw_stats stats = {0};
    if (good) aw_engine_stats(engine, &stats);
    if (stats.no_memory > 0)
        aw_complain("--align: %s: memory ran out and something was not followed; --memory raises "
                    "the limit",
                    r->o->align[r->side]);
    aw_engine_close(engine);
    const char *error = NULL;
    if (aw_merge_damaged(r->merge, &error)) {
        aw_complain("--align: %s", error ? error : r->o->align[r->side]);
        *damaged = true;
    }
    return good;
}

static enum aw_exit work(struct reading side[AW_SIDES], struct aw_out *out, bool *told)
{
    const struct aw_options *o = side[0].o;
    bool damaged = false;
    for (int s = 0; s < AW_SIDES; s++) {
        if (read_side(&side[s], &damaged)) continue;
        aw_complain("out of memory");
        return AW_EXIT_INPUT;
    }
    switch (aw_align_work(side[0].align)) {
    case AW_ALIGNED:
        break;
    case AW_ALIGNED_NO_MEMORY:
        aw_complain("out of memory");
        return AW_EXIT_INPUT;
    case AW_ALIGNED_STRANGERS:
        aw_complain("--align: the two captures share no TCP segment: were they taken at the same "
                    "time, of the same connections, with no address translation in between?");
        return AW_EXIT_INPUT;
    case AW_ALIGNED_TURNED:
        aw_complain("--align: what the client sent is in %s first: that is its side's "
                    "capture, and comes first",
                    o->align[AW_AT_SERVER]);
        return AW_EXIT_USAGE;
    }
    *told = true;
    if (strcmp(o->format->name, "json") == 0)
        aw_align_json(side[0].align, out, o->align);
    else
        aw_align_text(side[0].align, out, o->align);
    return damaged ? AW_EXIT_INPUT : AW_EXIT_OK;
}

static struct aw_out *open_out(const struct aw_options *o)
{
    char err[1024] = "out of memory";
    struct aw_out *out =
        o->output ? aw_out_file(o->output, err, sizeof err) : aw_out_fd(STDOUT_FILENO);
    if (!out) {
        aw_complain("%s", err);
        return NULL;
    }
    aw_out_ascii(out, strcmp(nl_langinfo(CODESET), "UTF-8") != 0);
    if (!o->output) aw_out_colour(out, aw_wants_colour());
    return out;
}

enum aw_exit aw_run_align(const struct aw_options *o)
{
    struct reading side[AW_SIDES];
    enum aw_exit status = AW_EXIT_INPUT;
    struct aw_align *align = aw_align_new(aw_save_memory(&o->config) / 2);
    bool open = align != NULL;
    if (!open) aw_complain("out of memory");
    for (int s = 0; s < AW_SIDES; s++) {
        side[s] = (struct reading){.o = o, .align = align, .side = (enum aw_side)s};
        if (open) side[s].merge = open_capture(o, o->align[s], &status);
        open = open && side[s].merge;
    }
    struct aw_out *out = open ? open_out(o) : NULL;
    if (open && !out) status = AW_EXIT_OUTPUT;
    if (out) {
        struct aw_sandbox sandbox;
        bool told = false;
        struct aw_folder *folders[] = {aw_out_folder(out)};
        aw_sandbox_prepare(&sandbox, o, folders, 1);
        status =
            aw_sandbox_enter(&sandbox, o, false, false) ? work(side, out, &told) : AW_EXIT_USAGE;
        const int error = aw_out_close(out, told);
        if (error && error != EPIPE) {
            aw_complain("--align: cannot write: %s", strerror(error));
            status = AW_EXIT_OUTPUT;
        }
        aw_sandbox_leave(&sandbox);
    }
    for (int s = 0; s < AW_SIDES; s++)
        aw_merge_free(side[s].merge);
    aw_align_free(align);
    return status;
}
