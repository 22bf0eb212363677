/*
 * Values of a file into merged runs; see take.h.
 */
#include "app/take.h"

#include <stdio.h>
#include <string.h>

#include "sink/complain.h"

void aw_take_complain(const char *option, const char *path, unsigned long line, const char *why)
{
    if (line)
        aw_complain("%s: %s: line %lu: %s", option, path, line, why);
    else
        aw_complain("%s: %s: %s", option, path, why);
}

static enum aw_values_read take_one(const struct aw_taken *t, struct aw_values *v,
                                    struct aw_merged *to)
{
    json_t *value;
    unsigned long line;
    char err[512];
    enum aw_values_read read = aw_values_next(v, &value, &line, err, sizeof err);
    if (read == AW_VALUES_ONE) {
        switch (aw_merged_add(to, value, t->format, t->report, err, sizeof err)) {
        case AW_MERGED_ADDED:
            break;
        case AW_MERGED_NO_MEMORY:
            (void)snprintf(err, sizeof err, "out of memory");
            read = AW_VALUES_BAD;
            break;
        case AW_MERGED_BAD:
            read = AW_VALUES_BAD;
            break;
        }
        json_decref(value);
    }
    if (read == AW_VALUES_BAD) aw_take_complain(t->option, t->path, line, err);
    return read;
}

bool aw_take(const struct aw_taken *t, struct aw_values *v, struct aw_merged *to)
{
    enum aw_values_read read = v ? AW_VALUES_ONE : AW_VALUES_BAD;
    while (read == AW_VALUES_ONE)
        read = take_one(t, v, to);
    aw_merged_next(to, read == AW_VALUES_BAD);
    return read == AW_VALUES_END;
}
