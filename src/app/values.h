/*
 * JSON values out of a file, one after the other: a document, or records one a line. Bounded: a
 * value has a most of bytes, and all trees of the process together one of memory. Knows where one
 * value ends and the next begins; jansson reads what is in between.
 */
#ifndef AW_APP_VALUES_H
#define AW_APP_VALUES_H

#include <jansson.h>

#include "await100/types.h"

struct aw_values;

/* What all trees may take, to be told to aw_load_bound before the first. */
enum { AW_TREES_MOST = 1024 << 20 };

/* "-" is standard input. On failure NULL with errno set. */
struct aw_values *aw_values_open(const char *path);
void aw_values_close(struct aw_values *v);

enum aw_values_read { AW_VALUES_ONE, AW_VALUES_END, AW_VALUES_BAD };
/* The next object, which the caller gives back with json_decref; *line is where it begins. BAD:
 * err says why, *line where, and there is nothing more to be had of this file. */
enum aw_values_read aw_values_next(struct aw_values *v, json_t **value, unsigned long *line,
                                   char *err, size_t err_size);

#endif
