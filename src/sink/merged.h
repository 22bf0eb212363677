/*
 * Runs that were written down, added up: summary documents (-o json) and records (-o ndjson), of
 * many captures or machines. The result does not depend on the order in which they come, nor on
 * whether some were added up before. Knows documents and figures; opens nothing.
 */
#ifndef AW_SINK_MERGED_H
#define AW_SINK_MERGED_H

#include <jansson.h>

#include "sink/sink.h"

struct aw_merged;

struct aw_merged *aw_merged_new(const char *version, bool show_secrets); /* NULL: no memory */
void aw_merged_free(struct aw_merged *g);

enum aw_merging { AW_MERGED_ADDED, AW_MERGED_BAD, AW_MERGED_NO_MEMORY };
/*
 * Adds one document or record. BAD: it is none of ours, nothing was added, and a line in err says
 * what is wrong with it. Records go to `format` as well, if it is not NULL: reports tell the worst.
 */
enum aw_merging aw_merged_add(struct aw_merged *g, const json_t *doc,
                              const struct aw_format *format, struct aw_report *report, char *err,
                              size_t err_size);
/* An input is over: the next record is one of another. */
void aw_merged_next(struct aw_merged *g, bool damaged);
/* What reports may ask, for their opening; the figures are there once aw_merged_finish was called.
 * Borrowed. */
const struct aw_run *aw_merged_run(const struct aw_merged *g);
void aw_merged_finish(struct aw_merged *g);
/* Neither a document nor a record was added. */
bool aw_merged_empty(const struct aw_merged *g);
/* The summary document of all, once it is finished; json_decref() it. NULL: no memory. */
json_t *aw_merged_document(const struct aw_merged *g);

#endif
