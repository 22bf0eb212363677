/*
 * What every report for people says, once: the verdict on the run in a sentence, what to mistrust,
 * the totals, the names of rows. Text, Markdown and HTML only lay it out, so that they cannot
 * disagree; the figures are those of the run's summary, which the JSON document has as well.
 */
#ifndef AW_SINK_MODEL_H
#define AW_SINK_MODEL_H

#include "sink/say.h"
#include "sink/sink.h"

enum { AW_WARNINGS_MAX = 9, AW_FACTS_MAX = 8, AW_GROUPS_SHOWN = 10 };

struct aw_fact {
    const char *label; /* static */
    struct aw_sentence text;
};

struct aw_model {
    struct aw_sentence verdict; /* the run in a sentence */
    struct aw_sentence next;    /* what to do where there was nothing to judge; else empty */
    struct aw_sentence warning[AW_WARNINGS_MAX];
    unsigned warning_count;
    struct aw_fact fact[AW_FACTS_MAX]; /* totals, for people */
    unsigned fact_count;
    enum aw_severity
        worst; /* of the run: OK, INFO, WARNING, ERROR; UNKNOWN where nothing was seen */
    struct aw_cause_total cause[AW_CAUSE_COUNT * AW_SEV_COUNT]; /* worst first */
    size_t cause_count;
    const struct aw_group *const *server, *const *client; /* borrowed from the summary */
    size_t server_count, client_count;
};

/* The model of a finished run. NULL: no memory. */
struct aw_model *aw_model_new(const struct aw_run *run);
void aw_model_free(struct aw_model *m); /* may be NULL */

/* A group as people read it: its key, and its product where that says more. */
enum { AW_GROUP_NAME = 512 };
const char *aw_group_name(char to[AW_GROUP_NAME], const struct aw_group *g);

/* What a latency is called, by enum aw_latency. */
const char *aw_latency_title(enum aw_latency which);

#endif
