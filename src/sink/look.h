/*
 * Looking into JSON that anyone may have written: values by their key, checked for type and range.
 * The first that is not as it has to be is put into words, and from then on everything is nothing,
 * so that a reader may look at all of it and ask once, at the end.
 */
#ifndef AW_SINK_LOOK_H
#define AW_SINK_LOOK_H

#include <jansson.h>

#include "await100/types.h"

struct aw_look {
    char *err; /* borrowed: gets a line */
    size_t err_size;
    bool bad;
};

void aw_look_fail(struct aw_look *l, const char *fmt, ...) AW_PRINTF(2, 3);

/* NULL, and a failure, where it is not there. */
const json_t *aw_look_object(struct aw_look *l, const json_t *o, const char *key);
/* At most `most` entries; likewise. */
const json_t *aw_look_array(struct aw_look *l, const json_t *o, const char *key, size_t most);
/* A whole number from 0 on; 0 where it is not there. */
uint64_t aw_look_count(struct aw_look *l, const json_t *o, const char *key);
/* Likewise, up to `most`, or `none` where it is null or not there. */
int64_t aw_look_number(struct aw_look *l, const json_t *o, const char *key, int64_t most,
                       int64_t none);
/* Milliseconds as ns; AW_NS_NONE where it is null or not there. */
aw_ns aw_look_ms(struct aw_look *l, const json_t *o, const char *key);
/* A moment as records have it; likewise. */
aw_ns aw_look_moment(struct aw_look *l, const json_t *o, const char *key);
/* p NULL where it is null or not there. Borrowed from the tree. */
struct aw_span aw_look_text(struct aw_look *l, const json_t *o, const char *key);
/* A text that is there, without NUL; "" and a failure otherwise. */
const char *aw_look_name(struct aw_look *l, const json_t *o, const char *key);
/* The place of a name in a list of `count`, by `name_of`; 0 and a failure where it is not there. */
unsigned aw_look_word(struct aw_look *l, const char *word, const char *(*name_of)(unsigned),
                      unsigned count, const char *what);

/* The words that record.h lists, as aw_look_word wants them. */
const char *aw_look_cause(unsigned i);
const char *aw_look_severity(unsigned i);
const char *aw_look_party(unsigned i);
const char *aw_look_confidence(unsigned i);

#endif
