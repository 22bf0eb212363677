/*
 * Opens what --merge names and the report, confines the program, adds up, and reports.
 */
#include "app/merge.h"

#include <errno.h>
#include <langinfo.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "app/sandbox.h"
#include "app/take.h"
#include "app/values.h"
#include "app/version.h"
#include "sink/complain.h"
#include "sink/load.h"
#include "sink/merged.h"
#include "sink/report.h"
#include "sink/text_out.h"

struct merge {
    const struct aw_options *o;
    struct aw_values **input; /* owned; NULL where it could not be opened */
    struct aw_merged *merged;
    struct aw_out *out;
    struct aw_report *report;
    bool damaged;
};

/* All inputs are open before the first is believed: as many descriptors, where that is allowed. */
static void allow_files(size_t count)
{
    enum { OTHERS = 64 };
    struct rlimit most;
    if (getrlimit(RLIMIT_NOFILE, &most) != 0 || most.rlim_cur >= count + OTHERS) return;
    most.rlim_cur = most.rlim_max < count + OTHERS ? most.rlim_max : count + OTHERS;
    (void)setrlimit(RLIMIT_NOFILE, &most);
}

static bool open_inputs(struct merge *m)
{
    bool any = false;
    allow_files(m->o->merge_count);
    m->input = calloc(m->o->merge_count, sizeof *m->input);
    if (!m->input) aw_complain("out of memory");
    for (size_t i = 0; m->input && i < m->o->merge_count; i++) {
        m->input[i] = aw_values_open(m->o->merge[i]);
        any = any || m->input[i];
        if (m->input[i]) continue;
        aw_take_complain("--merge", m->o->merge[i], 0, strerror(errno));
        m->damaged = true;
    }
    return any;
}

static bool open_report(struct merge *m)
{
    const struct aw_options *o = m->o;
    char err[1024] = "out of memory";
    m->out = o->output ? aw_out_file(o->output, err, sizeof err) : aw_out_fd(STDOUT_FILENO);
    m->merged = aw_merged_new(AW_VERSION, o->show_secrets);
    if (m->out && m->merged) {
        aw_out_ascii(m->out, strcmp(nl_langinfo(CODESET), "UTF-8") != 0);
        if (!o->output) aw_out_colour(m->out, aw_wants_colour());
        m->report = o->format->open(m->out, aw_merged_run(m->merged));
        if (m->report) return true;
        (void)snprintf(err, sizeof err, "out of memory");
    }
    aw_complain("%s", err);
    return false;
}

static enum aw_exit merge(struct merge *m)
{
    for (size_t i = 0; i < m->o->merge_count; i++) {
        const struct aw_taken t = {.option = "--merge",
                                   .path = m->o->merge[i],
                                   .format = m->o->format,
                                   .report = m->report};
        if (!aw_take(&t, m->input[i], m->merged)) m->damaged = true;
    }
    aw_merged_finish(m->merged);
    m->o->format->finish(m->report);
    return m->damaged ? AW_EXIT_INPUT : AW_EXIT_OK;
}

/* Closes the report; it is thrown away where nothing was read for it. */
static enum aw_exit close_report(struct merge *m, bool commit, enum aw_exit status)
{
    if (m->report) m->o->format->close(m->report);
    if (!m->out) return status;
    const int error = aw_out_close(m->out, commit);
    if (error == 0 || error == EPIPE || !commit) return status;
    aw_complain("%s: cannot write the report: %s", m->o->output ? m->o->output : "standard output",
                strerror(error));
    return AW_EXIT_OUTPUT;
}

enum aw_exit aw_run_merge(const struct aw_options *o)
{
    struct merge m = {.o = o};
    enum aw_exit status = AW_EXIT_INPUT;
    (void)signal(SIGPIPE, SIG_IGN);
    aw_load_bound(AW_TREES_MOST);
    if (open_inputs(&m)) {
        status = AW_EXIT_OUTPUT;
        if (open_report(&m)) {
            struct aw_sandbox sandbox;
            struct aw_folder *folders[] = {aw_out_folder(m.out)};
            aw_sandbox_prepare(&sandbox, o, folders, 1);
            const bool confined = aw_sandbox_enter(&sandbox, o, false, false);
            status = confined ? merge(&m) : AW_EXIT_USAGE;
            status = close_report(&m, confined, status);
            aw_sandbox_leave(&sandbox);
        } else {
            (void)close_report(&m, false, status);
        }
    }
    for (size_t i = 0; m.input && i < o->merge_count; i++)
        aw_values_close(m.input[i]);
    free(m.input);
    aw_merged_free(m.merged);
    return status;
}
