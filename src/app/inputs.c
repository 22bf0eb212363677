/* See inputs.h. */
#include "app/inputs.h"

#include <stdio.h>
#include <stdlib.h>

#include "sink/complain.h"

void aw_inputs_bad_filter(const struct aw_options *o, const char *why)
{
    aw_complain("filter '%s': %s; man pcap-filter has its language", o->filter, why);
}

static struct aw_filter *open_filter(const struct aw_options *o, enum aw_exit *status)
{
    if (!o->filter) return NULL;
    char err[512];
    struct aw_filter *filter = aw_filter_new(o->filter, err, sizeof err);
    if (filter) return filter;
    aw_inputs_bad_filter(o, err);
    *status = AW_EXIT_USAGE;
    return NULL;
}

static struct aw_merge *open_sources(const struct aw_options *o, struct aw_filter *filter,
                                     uint64_t *damaged)
{
    struct aw_source **sources = calloc(o->read_count, sizeof *sources);
    size_t count = 0;
    for (size_t i = 0; sources && i < o->read_count; i++) {
        char err[1024];
        sources[count] = aw_source_open(o->read[i], (uint16_t)i, err, sizeof err);
        if (sources[count]) {
            count++;
            continue;
        }
        aw_complain("%s", err);
        ++*damaged;
    }
    struct aw_merge *merge = count > 0 ? aw_merge_new(sources, count, filter, o->stop_after) : NULL;
    if (!merge && (!sources || count > 0)) aw_complain("out of memory");
    if (!merge) {
        for (size_t i = 0; i < count; i++)
            aw_source_close(sources[i]);
        aw_filter_free(filter);
    }
    free(sources);
    return merge;
}

enum aw_exit aw_inputs_open(const struct aw_options *o, struct aw_merge **out, uint64_t *damaged)
{
    enum aw_exit status = AW_EXIT_OK;
    struct aw_filter *filter = open_filter(o, &status);
    if (status != AW_EXIT_OK) return status;
    *out = open_sources(o, filter, damaged);
    if (!*out) return AW_EXIT_INPUT;
    aw_merge_between(*out, o->from, o->to);
    return AW_EXIT_OK;
}
