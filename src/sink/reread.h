/*
 * A record that was written down (-o ndjson), made a record again: what reports and figures ask of
 * it. What a record does not tell, such as the acknowledgement of a head, is not there. Knows the
 * record's keys; adds nothing up.
 */
#ifndef AW_SINK_REREAD_H
#define AW_SINK_REREAD_H

#include "await100.h"
#include "sink/look.h"

struct aw_reread {
    struct aw_record rec; /* points into this; texts are borrowed from the tree */
    struct aw_exchange ex;
    struct aw_verdict verdict;
    aw_ns latency[AW_LAT_COUNT];
    const char *file; /* borrowed from the tree */
};

/* False, and the failure is in `l`: no record of ours. */
bool aw_reread(struct aw_reread *r, const json_t *record, struct aw_look *l);

#endif
