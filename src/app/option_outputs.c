/*
 * That no output falls on an input, or on another output. A report takes the place of the file it
 * is named after: named after the capture, that would be gone for good.
 */
#include <string.h>
#include <sys/stat.h>

#include "app/option.h"
#include "sink/complain.h"

struct output {
    const char *option, *path; /* path: NULL = not asked for */
};

/* Whether both name one regular file that is there; what else there is, such as /dev/null, may be
 * read and written by several. */
static bool same_file(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && S_ISREG(x.st_mode) && stat(b, &y) == 0 && x.st_dev == y.st_dev &&
           x.st_ino == y.st_ino;
}

/* The same, also of a file that is yet to be made. */
static bool meet(const char *a, const char *b)
{
    struct stat x;
    if (strcmp(a, b) == 0) return stat(a, &x) != 0 || S_ISREG(x.st_mode);
    return same_file(a, b);
}

static bool is_stdio(const char *path)
{
    return strcmp(path, "-") == 0;
}

static bool spares(const struct output *out, const char *const *inputs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!inputs[i] || is_stdio(inputs[i]) || !same_file(out->path, inputs[i])) continue;
        aw_complain("%s %s: that is an input; give another name", out->option, out->path);
        return false;
    }
    return true;
}

enum aw_parsed option_outputs_apart(const struct aw_options *o)
{
    const struct output outputs[] = {{"-O", o->output},
                                     {"-w", o->write},
                                     {"--record", o->record},
                                     {"--metrics", o->metrics},
                                     {"--bundle", o->bundle}};
    const size_t count = sizeof outputs / sizeof *outputs;
    for (size_t i = 0; i < count; i++) {
        const struct output *out = &outputs[i];
        if (!out->path || is_stdio(out->path)) continue;
        /* Not those of --merge: its inputs are read before the report is there, and a total that
         * takes its own place is what one wants of it. */
        if (!spares(out, o->read, o->read_count) || !spares(out, o->align, 2) ||
            !spares(out, o->compare, 2))
            return AW_PARSED_LOST;
        for (size_t k = 0; k < i; k++) {
            if (!outputs[k].path || !meet(outputs[k].path, out->path)) continue;
            aw_complain("%s and %s: both to %s; give one another name", outputs[k].option,
                        out->option, out->path);
            return AW_PARSED_BAD;
        }
    }
    return AW_PARSED_RUN;
}
