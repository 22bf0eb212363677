/*
 * Opens what --compare names, confines the program, and turns the result into an exit status.
 */
#include "app/compare.h"

#include <errno.h>
#include <langinfo.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/sandbox.h"
#include "app/take.h"
#include "app/values.h"
#include "app/version.h"
#include "sink/compare.h"
#include "sink/complain.h"
#include "sink/load.h"
#include "sink/text_out.h"

/* The summary of a file, which may hold one, or several, or records. NULL: it was said why. */
static json_t *summary_of(const char *path, struct aw_values *v)
{
    struct aw_merged *all = aw_merged_new(AW_VERSION, false);
    const struct aw_taken t = {.option = "--compare", .path = path};
    json_t *doc = NULL;
    if (!all) {
        aw_complain("out of memory");
    } else if (aw_take(&t, v, all)) {
        aw_merged_finish(all);
        if (aw_merged_empty(all))
            aw_take_complain(t.option, path, 0, "holds neither a summary nor a record");
        else if ((doc = aw_merged_document(all)) == NULL)
            aw_complain("out of memory");
    }
    aw_merged_free(all);
    return doc;
}

static enum aw_exit compare(const struct aw_options *o, struct aw_values *const input[2],
                            struct aw_out *out)
{
    enum aw_exit status = AW_EXIT_INPUT;
    json_t *const before = summary_of(o->compare[0], input[0]);
    json_t *const after = before ? summary_of(o->compare[1], input[1]) : NULL;
    if (before && after) {
        switch (aw_compare(out, before, after, strcmp(o->format->name, "json") == 0)) {
        case AW_COMPARED_SAME:
            status = AW_EXIT_OK;
            break;
        case AW_COMPARED_WORSE:
            status = AW_EXIT_FAILED;
            break;
        case AW_COMPARED_NO_MEMORY:
            aw_complain("out of memory");
            break;
        }
    }
    json_decref(before);
    json_decref(after);
    return status;
}

enum aw_exit aw_run_compare(const struct aw_options *o)
{
    struct aw_values *input[2] = {NULL, NULL};
    enum aw_exit status = AW_EXIT_INPUT;
    struct aw_out *out = NULL;
    char err[1024] = "out of memory";
    (void)signal(SIGPIPE, SIG_IGN);
    aw_load_bound(AW_TREES_MOST);
    for (int i = 0; i < 2; i++) {
        input[i] = aw_values_open(o->compare[i]);
        if (!input[i]) aw_take_complain("--compare", o->compare[i], 0, strerror(errno));
    }
    if (input[0] && input[1]) {
        out = o->output ? aw_out_file(o->output, err, sizeof err) : aw_out_fd(STDOUT_FILENO);
        if (!out) {
            aw_complain("%s", err);
            status = AW_EXIT_OUTPUT;
        }
    }
    if (out) {
        struct aw_sandbox sandbox;
        struct aw_folder *folders[] = {aw_out_folder(out)};
        aw_out_ascii(out, strcmp(nl_langinfo(CODESET), "UTF-8") != 0);
        if (!o->output) aw_out_colour(out, aw_wants_colour());
        aw_sandbox_prepare(&sandbox, o, folders, 1);
        status =
            aw_sandbox_enter(&sandbox, o, false, false) ? compare(o, input, out) : AW_EXIT_USAGE;
        const bool commit = status == AW_EXIT_OK || status == AW_EXIT_FAILED;
        const int error = aw_out_close(out, commit);
        if (error && error != EPIPE) {
            aw_complain("cannot write the comparison: %s", strerror(error));
            status = AW_EXIT_OUTPUT;
        }
        aw_sandbox_leave(&sandbox);
    }
    aw_values_close(input[0]);
    aw_values_close(input[1]);
    return status;
}
