/* Packets that never reached a capture file, as the file itself tells. */
#ifndef AW_SOURCE_LOST_H
#define AW_SOURCE_LOST_H

#include "await100/types.h"

struct aw_lost {
    uint64_t by_interface, by_system;
};

/* Adds what another told, unless that makes more than a JSON reader takes: nobody counted that. */
static inline void aw_lost_add(struct aw_lost *to, const struct aw_lost *more)
{
    const uint64_t most = INT64_MAX / 2; /* of each, so that their sum fits as well */
    if (more->by_interface > most - to->by_interface || more->by_system > most - to->by_system)
        return;
    to->by_interface += more->by_interface;
    to->by_system += more->by_system;
}

#endif
