/*
 * A bounded list of names, in which one may stand several times. Of more than AW_NAMES_MOST those
 * stay whose hash is smallest (aw_key_hash), so that what stays does not depend on order; the
 * others are counted.
 */
#ifndef AW_SINK_NAMES_H
#define AW_SINK_NAMES_H

#include "await100/types.h"

enum { AW_NAMES_MOST = 4096 };

struct aw_names {
    char **name; /* owned, each as well; by hash, and then as strcmp has it */
    size_t count;
    uint64_t left_out;
};

/* `once`: only if it is not there. False: no memory. */
bool aw_names_add(struct aw_names *n, const char *name, bool once);
/* Puts them in the order of strcmp, for reports; nothing is added any more. */
void aw_names_sort(struct aw_names *n);
void aw_names_free(struct aw_names *n);

#endif
