/*
 * What the formats have in common: questions about a record that more than one of them asks.
 */
#ifndef AW_SINK_REPORT_H
#define AW_SINK_REPORT_H

#include "sink/sink.h"

extern const struct aw_format aw_format_text, aw_format_json, aw_format_ndjson;

enum { AW_ADDR_TEXT = 48 };
/* The address as text (RFC 5952 for IPv6), terminated; returns its length. */
size_t aw_addr_text(char to[AW_ADDR_TEXT], const struct aw_addr *a);

/* Name of an input as given on the command line; "" where the reference names none. */
const char *aw_run_file(const struct aw_run *run, aw_ref ref);

/* A buffer that grows and is kept from record to record. */
struct aw_scratch {
    char *p; /* owned: free() */
    size_t size;
};
/* The target as it may be shown: masked into `s` unless the run shows secrets. */
struct aw_span aw_shown_target(const struct aw_run *run, struct aw_span target,
                               struct aw_scratch *s);

static inline struct aw_span aw_span_of(const char *text, size_t len)
{
    return (struct aw_span){.p = (const uint8_t *)text, .len = len};
}

#endif
