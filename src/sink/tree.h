/*
 * JSON trees of jansson, for the documents that are built whole: the summary and HAR. Building
 * fails only for want of memory; jansson takes over a value even then, so that a whole tree can be
 * built without looking, and `ok` is looked at once, at the end.
 */
#ifndef AW_SINK_TREE_H
#define AW_SINK_TREE_H

#include <jansson.h>

#include "await100/engine.h"
#include "sink/out.h"

void aw_tree_set(bool *ok, json_t *object, const char *key, json_t *value);
void aw_tree_append(bool *ok, json_t *array, json_t *value);

json_t *aw_tree_integer(uint64_t v);
json_t *aw_tree_ms(aw_ns v);     /* with 3 to 6 places; AW_NS_NONE: null */
json_t *aw_tree_moment(aw_ns t); /* RFC 3339; AW_NS_NONE: null */
/* jansson refuses what is not UTF-8: such bytes become the code points of the same number, which is
 * what records do with them. p NULL: null. */
json_t *aw_tree_span(struct aw_span s);
json_t *aw_tree_string(const char *s);
json_t *aw_tree_counts(bool *ok, const struct aw_drop_count *c, unsigned n);

/* Writes one value on one line, ASCII alone. False: no memory. */
bool aw_tree_write(struct aw_out *out, const json_t *value);

#endif
