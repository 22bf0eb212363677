/*
 * Which connections are to be written: those of failing exchanges, and those of the attempts and
 * legs that belong to one. Knows ordinals and ids; nothing of packets. Bounded: when it is full the
 * older half is forgotten, and counted.
 */
#ifndef AW_SINK_WANTED_H
#define AW_SINK_WANTED_H

#include "await100/record.h"

struct aw_wanted;

struct aw_wanted *aw_wanted_new(size_t memory); /* NULL: no memory */
void aw_wanted_free(struct aw_wanted *w);       /* NULL is fine */
/* Takes what a record says of attempts and legs; `failing`: its connection and all that belong to
 * it are wanted, those that are told of later, too. */
void aw_wanted_record(struct aw_wanted *w, const struct aw_record *rec, bool failing);
bool aw_wanted_has(const struct aw_wanted *w, uint64_t conn_ord);
bool aw_wanted_any(const struct aw_wanted *w);
uint64_t aw_wanted_forgotten(const struct aw_wanted *w);

#endif
