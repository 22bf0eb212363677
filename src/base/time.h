/*
 * Arithmetic on times that hostile captures may put anywhere.
 */
#ifndef AW_BASE_TIME_H
#define AW_BASE_TIME_H

#include "await100/types.h"

/* `span` after `at`, or the end of time where that is nearer. */
static inline aw_ns aw_later(aw_ns at, aw_ns span)
{
    return span > 0 && at > INT64_MAX - span ? INT64_MAX : at + span;
}

#endif
