/*
 * The figures of a run, kept while records go by: totals, causes, servers, clients, latencies. One
 * model from which every report is made, so that their figures agree. Bounded: groups beyond
 * AW_GROUPS_MAX are folded into one named "other", counted.
 */
#ifndef AWAIT100_SUMMARY_H
#define AWAIT100_SUMMARY_H

#include "engine.h"

/*
 * Latencies in logarithmic buckets: bucket b holds values v (ns) with b = AW_HIST_SUB * e + s,
 * where v lies in [2^e * (1 + s / AW_HIST_SUB), 2^e * (1 + (s + 1) / AW_HIST_SUB)). With 64 to an
 * octave a bucket's middle is at most 0.8 % from any value in it. Buckets of two runs add up.
 */
enum { AW_HIST_SUB = 64, AW_HIST_BUCKETS = 48 * AW_HIST_SUB };
struct aw_hist;
AW_API struct aw_hist *aw_hist_new(const struct aw_alloc *alloc); /* NULL: no memory */
AW_API void aw_hist_free(struct aw_hist *h);
AW_API void aw_hist_add(struct aw_hist *h, aw_ns value); /* below 1 counts as 1 */
AW_API uint64_t aw_hist_count(const struct aw_hist *h);
/* The value below which `percent` (0 to 100) of all lie; AW_NS_NONE where empty. max is exact. */
AW_API aw_ns aw_hist_percentile(const struct aw_hist *h, double percent);
AW_API aw_ns aw_hist_max(const struct aw_hist *h);
AW_API uint64_t aw_hist_sum(const struct aw_hist *h); /* of all values, ns; exact below 2^64 */
/* Steps over non-empty buckets: start with *bucket = -1; false at the end. */
AW_API bool aw_hist_next(const struct aw_hist *h, int *bucket, uint64_t *count);

enum aw_latency { AW_LAT_CONTINUE, AW_LAT_WAIT, AW_LAT_FINAL, AW_LAT_COUNT };

struct aw_cause_total { /* one for each cause and severity that occurred */
    enum aw_cause cause;
    enum aw_severity severity;
    uint64_t count;
    aw_ns stall;
    uint64_t wasted;
};

struct aw_group {        /* a server (address:port and Host) or a client product */
    const char *key;     /* printable, owned by the summary */
    const char *product; /* "" where unknown */
    uint64_t exchanges, failing;
    uint64_t cause[AW_CAUSE_COUNT];
    aw_ns stall;
    uint64_t wasted, saved;
    struct aw_hist *latency[AW_LAT_COUNT]; /* may be NULL where nothing was added */
};
enum { AW_GROUPS_MAX = 1024, AW_GROUPS_MEMORY = 32 << 20 };

struct aw_summary;
AW_API struct aw_summary *aw_summary_new(const struct aw_alloc *alloc); /* NULL: no memory */
AW_API void aw_summary_free(struct aw_summary *s);
/* The thresholds by which waiting is told from sending at once; the defaults until called. */
AW_API void aw_summary_thresholds(struct aw_summary *s, const int64_t threshold[AW_T_COUNT]);
/* Takes a record of an expectation exchange; others only count in the engine's stats. */
AW_API void aw_summary_add(struct aw_summary *s, const struct aw_record *rec);

AW_API uint64_t aw_summary_severity(const struct aw_summary *s, enum aw_severity sev);
AW_API uint64_t aw_summary_expectation(const struct aw_summary *s);
AW_API uint64_t aw_summary_failing(const struct aw_summary *s);
/* Sorted worst first: severity, then stall, then count. Returns how many there are; copies at most
 * `cap` to out. */
AW_API size_t aw_summary_causes(const struct aw_summary *s, struct aw_cause_total *out, size_t cap);
/* Sorted worst first (failing, stall, exchanges, key); the array is valid until the next add. */
AW_API size_t aw_summary_servers(struct aw_summary *s, const struct aw_group *const **out);
AW_API size_t aw_summary_clients(struct aw_summary *s, const struct aw_group *const **out);
/* Latencies of groups that were not kept: groups have a budget of AW_GROUPS_MEMORY bytes in all,
 * and hostile traffic can spread over many groups and all buckets. Those of the whole run are kept.
 */
AW_API uint64_t aw_summary_lost(const struct aw_summary *s);
AW_API const struct aw_hist *aw_summary_latency(const struct aw_summary *s, enum aw_latency which);

#endif
