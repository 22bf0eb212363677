/*
 * The figures of a run as Prometheus text (--metrics FILE), for node_exporter's textfile collector
 * or anything that scrapes files: always whole, however often it is written. Made from the same
 * totals as the JSON summary. Knows no clock: the caller says when.
 */
#ifndef AW_SINK_METRICS_H
#define AW_SINK_METRICS_H

#include "sink/sink.h"

struct aw_metrics;
struct aw_folder;

/* On failure NULL and a line in err. */
struct aw_metrics *aw_metrics_open(const char *path, char *err, size_t err_size);
/* The folder in which the file is made, for the keeper; borrowed. NULL: none. */
struct aw_folder *aw_metrics_folder(const struct aw_metrics *m);
/* Whether it is time to write again, `now` being of any steady clock: at once when first asked,
 * then every few seconds. Cheap to call often. */
bool aw_metrics_due(struct aw_metrics *m, aw_ns now);
/* Replaces the file by the figures as they stand in run->stats and run->summary; to be called where
 * these are written (the thread on which records are collected). Returns 0, or an errno; a later
 * call may do better. */
int aw_metrics_write(struct aw_metrics *m, const struct aw_run *run);
void aw_metrics_close(struct aw_metrics *m); /* NULL is fine; the file stays */

/* The text alone. */
void aw_metrics_text(struct aw_out *o, const struct aw_run *run);

#endif
