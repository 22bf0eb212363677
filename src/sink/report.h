/*
 * What the formats have in common: questions about a record that more than one of them asks.
 */
#ifndef AW_SINK_REPORT_H
#define AW_SINK_REPORT_H

#include "sink/sink.h"

extern const struct aw_format aw_format_text, aw_format_json, aw_format_ndjson, aw_format_csv,
    aw_format_html, aw_format_md, aw_format_har;

enum { AW_ADDR_TEXT = 48 };
/* The address as text (RFC 5952 for IPv6), terminated; returns its length. */
size_t aw_addr_text(char to[AW_ADDR_TEXT], const struct aw_addr *a);

/* Name of an input as given on the command line; "" where the reference names none. */
const char *aw_run_file(const struct aw_run *run, aw_ref ref);

/* The spans of an exchange as records give them; AW_NS_NONE where there is nothing to tell. */
struct aw_times {
    aw_ns head, body, body_end, final, total; /* from the first byte of the request */
    aw_ns cont;                               /* from the head to the first 100 */
    aw_ns wait;                               /* of the client, before its content */
};
struct aw_times aw_times_of(const struct aw_run *run, const struct aw_exchange *x);

/* The header field a string of an exchange was taken from, and of whose message; NULL where it is
 * no single field. */
const char *aw_text_field(enum aw_text which, enum aw_dir *dir);

/* "[2001:db8::1]:80", "10.0.0.2:80". */
enum { AW_END_TEXT = AW_ADDR_TEXT + 10 };
const char *aw_end_text(char to[AW_END_TEXT], const struct aw_conn_facts *c, enum aw_dir side);

/* A buffer that grows and is kept from record to record. */
struct aw_scratch {
    char *p; /* owned: free() */
    size_t size;
    bool lost; /* there was no memory: something is not told */
};
/* The target as it may be shown: masked into `s` unless the run shows secrets. */
struct aw_span aw_shown_target(const struct aw_run *run, struct aw_span target,
                               struct aw_scratch *s);

static inline struct aw_span aw_span_of(const char *text, size_t len)
{
    return (struct aw_span){.p = (const uint8_t *)text, .len = len};
}

#endif
