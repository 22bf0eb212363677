/*
 * The worst failing exchanges of a run, as the text report lists them: a bounded list of finished
 * paragraphs, retry loops folded into one.
 */
#ifndef AW_SINK_WORST_H
#define AW_SINK_WORST_H

#include "sink/sink.h"

enum { AW_WORST_MAX = 50 };

struct aw_worst;

struct aw_worst *aw_worst_new(const struct aw_run *run); /* NULL: no memory; run is borrowed */
void aw_worst_free(struct aw_worst *w);                  /* may be NULL */
/* Takes a failing record; keeps what it needs of it. */
void aw_worst_add(struct aw_worst *w, const struct aw_record *rec);
/* Writes the paragraphs, worst first, and how many of `failing` are not among them. */
void aw_worst_write(const struct aw_worst *w, struct aw_out *o, uint64_t failing);
/* Writes what to change, each advice once, with a heading where there is any. */
void aw_worst_write_fixes(const struct aw_worst *w, struct aw_out *o);

#endif
