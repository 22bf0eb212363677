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
AW_API aw_ns aw_hist_min(const struct aw_hist *h);    /* likewise */
AW_API uint64_t aw_hist_sum(const struct aw_hist *h); /* of all values, ns; exact below 2^64 */
/* Steps over non-empty buckets: start with *bucket = -1; false at the end. */
AW_API bool aw_hist_next(const struct aw_hist *h, int *bucket, uint64_t *count);
/* A histogram that was written down, made again: bucket after bucket, then its ends. Counts stop at
 * AW_COUNT_MAX, so that adding up is the same in any order. False: no memory, and nothing changed.
 */
#define AW_COUNT_MAX ((uint64_t)INT64_MAX)
AW_API bool aw_hist_put(struct aw_hist *h, int bucket, uint64_t count);
/* False, and nothing changed: they do not lie in its first and last bucket. `min` AW_NS_NONE: not
 * known, the least that the first bucket holds. */
AW_API bool aw_hist_ends(struct aw_hist *h, aw_ns min, aw_ns max);
/* Adds all of `from`. False: no memory, and some of it is missing. */
AW_API bool aw_hist_merge(struct aw_hist *h, const struct aw_hist *from);

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
enum { AW_GROUP_KEY = 320, AW_GROUP_PRODUCT = 96 }; /* most bytes, with the end */

struct aw_summary;
AW_API struct aw_summary *aw_summary_new(const struct aw_alloc *alloc); /* NULL: no memory */
AW_API void aw_summary_free(struct aw_summary *s);
/* The memory that the run may take (0: the default): groups then have an eighth of it in place of
 * AW_GROUPS_MEMORY, where that is less, but a megabyte at least. Before anything is added. */
AW_API void aw_summary_memory(struct aw_summary *s, size_t memory);
/* The thresholds by which waiting is told from sending at once; the defaults until called. */
AW_API void aw_summary_thresholds(struct aw_summary *s, const int64_t threshold[AW_T_COUNT]);
/* Takes a record of an expectation exchange; others only count in the engine's stats. */
AW_API void aw_summary_add(struct aw_summary *s, const struct aw_record *rec);

/*
 * Summaries of other runs, added up: call aw_summary_merging once, before anything else is added.
 * From then on the result does not depend on order or grouping. Of more than AW_GROUPS_MAX keys
 * those stay whose hash is smallest (FNV-1a of 64 bits over the key, see aw_key_hash), the others
 * are counted in "other"; of several products of a key the first in strcmp's order stays.
 */
AW_API void aw_summary_merging(struct aw_summary *s);
AW_API void aw_summary_put_cause(struct aw_summary *s, const struct aw_cause_total *total);
/* A server (side AW_S2C) or a client; key "other" is what had no place. False: no memory. */
AW_API AW_MUST_USE bool aw_summary_put_group(struct aw_summary *s, enum aw_dir side,
                                             const struct aw_group *g);
AW_API AW_MUST_USE bool aw_summary_put_latency(struct aw_summary *s, enum aw_latency which,
                                               const struct aw_hist *from);
AW_API void aw_summary_put_lost(struct aw_summary *s, uint64_t lost);
/* Takes a record that was written down: as aw_summary_add, but its latencies are known. False: no
 * memory. */
AW_API AW_MUST_USE bool aw_summary_put_record(struct aw_summary *s, const struct aw_record *rec,
                                              const aw_ns latency[AW_LAT_COUNT]);
AW_API uint64_t aw_key_hash(const char *key);
/* a + b, or AW_COUNT_MAX where that is less. */
static inline uint64_t aw_count_sum(uint64_t a, uint64_t b)
{
    return a > AW_COUNT_MAX || b > AW_COUNT_MAX - a ? AW_COUNT_MAX : a + b;
}

AW_API uint64_t aw_summary_severity(const struct aw_summary *s, enum aw_severity sev);
AW_API uint64_t aw_summary_expectation(const struct aw_summary *s);
AW_API uint64_t aw_summary_failing(const struct aw_summary *s);
/* Sorted worst first: severity, then stall, then count. Returns how many there are; copies at most
 * `cap` to out. */
AW_API size_t aw_summary_causes(const struct aw_summary *s, struct aw_cause_total *out, size_t cap);
/* Sorted worst first (failing, stall, exchanges, key); the array is valid until the next add. */
AW_API size_t aw_summary_servers(struct aw_summary *s, const struct aw_group *const **out);
AW_API size_t aw_summary_clients(struct aw_summary *s, const struct aw_group *const **out);
/* Latencies of groups that were not kept: groups have a budget of AW_GROUPS_MEMORY bytes in all
 * (see aw_summary_memory), and hostile traffic can spread over many groups and all buckets. Those
 * of the whole run are kept.
 */
AW_API uint64_t aw_summary_lost(const struct aw_summary *s);
/* What an exchange adds to them; AW_NS_NONE where it adds nothing. */
AW_API void aw_summary_latencies(const struct aw_summary *s, const struct aw_exchange *x,
                                 aw_ns to[AW_LAT_COUNT]);
AW_API const struct aw_hist *aw_summary_latency(const struct aw_summary *s, enum aw_latency which);

#endif
