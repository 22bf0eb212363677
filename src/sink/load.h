/*
 * JSON text to a tree of jansson, safe where memory runs out: jansson (2.14) does not look whether
 * the token it reads found room, and reads and writes beyond it where it did not. So its reading is
 * left at once where memory is refused, and what it had got until then is given back.
 */
#ifndef AW_SINK_LOAD_H
#define AW_SINK_LOAD_H

#include <jansson.h>

/* Bounds the memory of all trees to so many bytes, once, before the first is made; and seeds
 * jansson's tables, which reads a file that cannot be opened later on. Trees are made and freed on
 * one thread from then on. */
void aw_load_bound(size_t memory);

/* json_loadb; where memory runs out NULL, and why->text says so. Without aw_load_bound it is
 * jansson's own. */
json_t *aw_load(const char *text, size_t len, size_t flags, json_error_t *why);

#endif
