/*
 * Opens what --compare names, confines the program, and turns the result into an exit status.
 */
#include "app/compare.h"

#include <errno.h>
#include <langinfo.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/sandbox.h"
#include "sink/compare.h"
#include "sink/report.h"
#include "sink/text_out.h"

enum { SIZE_MOST = 256 << 20 }; /* of a summary: the largest that are made take some 30 MiB */

struct text {
    char *p; /* owned */
    size_t len;
};

/* The whole of a file; "-" is standard input. */
static bool read_file(const char *path, struct text *t)
{
    FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
    size_t size = 0;
    bool good = f != NULL;
    while (good && !feof(f) && !ferror(f)) {
        if (t->len == size) {
            size = size ? 2 * size : 1 << 16;
            char *p = size <= SIZE_MOST ? realloc(t->p, size) : NULL;
            if (!p) {
                errno = size <= SIZE_MOST ? ENOMEM : EFBIG;
                good = false;
                break;
            }
            t->p = p;
        }
        t->len += fread(t->p + t->len, 1, size - t->len, f);
    }
    if (good && ferror(f)) good = false;
    if (!good) fprintf(stderr, "await100: --compare: %s: %s\n", path, strerror(errno));
    if (f && f != stdin) fclose(f);
    return good;
}

static enum aw_exit compare(const struct aw_options *o, const struct text text[2],
                            struct aw_out *out)
{
    json_t *doc[2] = {NULL, NULL};
    enum aw_exit status = AW_EXIT_INPUT;
    for (int i = 0; i < 2; i++) {
        char err[256];
        doc[i] = aw_summary_read(aw_span_of(text[i].p, text[i].len), err, sizeof err);
        if (!doc[i]) {
            struct aw_out *words = aw_out_fd(STDERR_FILENO);
            if (!words) break;
            aw_out_printf(words, "await100: --compare: %s: ", o->compare[i]);
            (void)aw_out_printable(words, aw_span_of(err, strlen(err)), 0); /* quotes the file */
            aw_out_str(words, "\n");
            (void)aw_out_close(words, true);
        }
    }
    if (doc[0] && doc[1]) {
        switch (aw_compare(out, doc[0], doc[1])) {
        case AW_COMPARED_SAME:
            status = AW_EXIT_OK;
            break;
        case AW_COMPARED_WORSE:
            status = AW_EXIT_FAILED;
            break;
        case AW_COMPARED_NO_MEMORY:
            fputs("await100: out of memory\n", stderr);
            break;
        }
    }
    json_decref(doc[0]);
    json_decref(doc[1]);
    return status;
}

enum aw_exit aw_run_compare(const struct aw_options *o)
{
    struct text text[2] = {{NULL, 0}, {NULL, 0}};
    enum aw_exit status = AW_EXIT_INPUT;
    struct aw_out *out = NULL;
    if (signal(SIGPIPE, SIG_IGN) != SIG_ERR && read_file(o->compare[0], &text[0]) &&
        read_file(o->compare[1], &text[1])) {
        char err[1024] = "out of memory";
        out = o->output ? aw_out_file(o->output, err, sizeof err) : aw_out_fd(STDOUT_FILENO);
        if (!out) {
            fprintf(stderr, "await100: %s\n", err);
            status = AW_EXIT_OUTPUT;
        }
    }
    if (out) {
        struct aw_sandbox sandbox;
        struct aw_folder *folders[] = {aw_out_folder(out)};
        aw_out_ascii(out, strcmp(nl_langinfo(CODESET), "UTF-8") != 0);
        if (!o->output) aw_out_colour(out, aw_wants_colour());
        json_object_seed(0); /* reads /dev/urandom, which cannot be opened later on */
        aw_sandbox_prepare(&sandbox, o, folders, 1);
        status = aw_sandbox_enter(&sandbox, o, false) ? compare(o, text, out) : AW_EXIT_USAGE;
        const bool commit = status == AW_EXIT_OK || status == AW_EXIT_FAILED;
        const int error = aw_out_close(out, commit);
        if (error && error != EPIPE) {
            fprintf(stderr, "await100: cannot write the comparison: %s\n", strerror(error));
            status = AW_EXIT_OUTPUT;
        }
        aw_sandbox_leave(&sandbox);
    }
    free(text[0].p);
    free(text[1].p);
    return status;
}
