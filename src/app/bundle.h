/*
 * --bundle: what one may send to somebody else about the exchanges that failed: their packets
 * without content and secrets, a report made from just these packets, and what was done to them.
 * Joins the readings of the input with scrub, rebuild and archive.
 */
#ifndef AW_APP_BUNDLE_H
#define AW_APP_BUNDLE_H

#include "app/options.h"
#include "confine/folder.h"
#include "source/source.h"

struct aw_bundle;

/* Before the sandbox: opens the output, a temporary file, and the inputs twice more, for which
 * `first` has to stay open. The options are borrowed. NULL: it is said on standard error why. */
struct aw_bundle *aw_bundle_open(const struct aw_options *o, const struct aw_merge *first);
struct aw_folder *aw_bundle_folder(const struct aw_bundle *b); /* NULL where b is */
/* What a bundle asks of the engine: all records, in order. */
void aw_bundle_engine(const struct aw_bundle *b, struct aw_config *config);
/* Of the first reading; `failing`: it goes into the bundle. */
void aw_bundle_record(struct aw_bundle *b, const struct aw_record *rec, bool failing);
/* After it: reads again, with engines of the same config, as far as the first came. False: not all
 * that belongs in it will be; aw_bundle_close says why. */
bool aw_bundle_make(struct aw_bundle *b, const struct aw_config *config,
                    const struct aw_stats *first);
/* Frees. False: the bundle could not be written, and it is said. NULL is fine. */
bool aw_bundle_close(struct aw_bundle *b);

#endif
