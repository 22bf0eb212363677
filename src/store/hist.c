/*
 * Latencies in logarithmic buckets, 64 to an octave (summary.h gives the rule). Knows numbers only.
 *
 * A full table of buckets takes 24 KiB, and a run has thousands of groups with a few latencies each
 * that lie close together: so an octave's 64 counters are allocated when its first value comes.
 */
#include "await100/summary.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

enum { OCTAVES = AW_HIST_BUCKETS / AW_HIST_SUB };
#define SUB_BITS 6
_Static_assert(AW_HIST_SUB == 1 << SUB_BITS, "the bucket of a value is made of its leading bits");
_Static_assert(AW_HIST_BUCKETS % AW_HIST_SUB == 0, "whole octaves");

struct aw_hist {
    struct aw_alloc alloc;
    uint64_t count;
    uint64_t sum;              /* exact, or UINT64_MAX */
    uint64_t min, max;         /* exact, so that the ends do not suffer from the buckets' width */
    uint64_t *octave[OCTAVES]; /* owned; NULL where no value came; AW_HIST_SUB counters each */
};

struct aw_hist *aw_hist_new(const struct aw_alloc *alloc)
{
    const struct aw_alloc a = aw_alloc_or_default(alloc);
    struct aw_hist *h = a.get(a.ctx, sizeof *h);
    if (!h) return NULL;
    *h = (struct aw_hist){.alloc = a, .min = UINT64_MAX};
    return h;
}

void aw_hist_free(struct aw_hist *h)
{
    if (!h) return;
    const struct aw_alloc a = h->alloc;
    for (int i = 0; i < OCTAVES; i++)
        a.put(a.ctx, h->octave[i]);
    a.put(a.ctx, h);
}

static unsigned bucket_of(uint64_t v)
{
    const unsigned e = 63u - (unsigned)__builtin_clzll(v);
    if (e >= OCTAVES) return AW_HIST_BUCKETS - 1;
    const uint64_t lead = e >= SUB_BITS ? v >> (e - SUB_BITS) : v << (SUB_BITS - e);
    return e * AW_HIST_SUB + (unsigned)(lead & (AW_HIST_SUB - 1));
}

static uint64_t middle_of(unsigned bucket)
{
    const unsigned e = bucket / AW_HIST_SUB, s = bucket % AW_HIST_SUB;
    /* 2^e * (1 + (s + 1/2) / SUB), in halves of a step so that it stays an integer. */
    const uint64_t twice = 2u * (AW_HIST_SUB + s) + 1;
    return e > SUB_BITS ? twice << (e - SUB_BITS - 1) : twice >> (SUB_BITS + 1 - e);
}

/* The counter of a bucket; NULL: no memory. */
static uint64_t *counter(struct aw_hist *h, unsigned b)
{
    uint64_t **octave = &h->octave[b / AW_HIST_SUB];
    if (!*octave) {
        const size_t size = AW_HIST_SUB * sizeof **octave;
        *octave = h->alloc.get(h->alloc.ctx, size);
        if (!*octave) return NULL;
        memset(*octave, 0, size);
    }
    return *octave + b % AW_HIST_SUB;
}

void aw_hist_add(struct aw_hist *h, aw_ns value)
{
    const uint64_t v = value < 1 ? 1 : (uint64_t)value;
    uint64_t *in_bucket = counter(h, bucket_of(v));
    if (!in_bucket) return; /* the value is let go: count and buckets stay in step */
    (*in_bucket)++;
    h->count++;
    h->sum = v > UINT64_MAX - h->sum ? UINT64_MAX : h->sum + v;
    if (v < h->min) h->min = v;
    if (v > h->max) h->max = v;
}

uint64_t aw_hist_count(const struct aw_hist *h)
{
    return h->count;
}

aw_ns aw_hist_max(const struct aw_hist *h)
{
    return h->count ? (aw_ns)h->max : AW_NS_NONE;
}

aw_ns aw_hist_min(const struct aw_hist *h)
{
    return h->count ? (aw_ns)h->min : AW_NS_NONE;
}

/* --- of what was written down --- */

bool aw_hist_put(struct aw_hist *h, int bucket, uint64_t count)
{
    if (bucket < 0 || bucket >= AW_HIST_BUCKETS || count == 0) return true;
    uint64_t *in_bucket = counter(h, (unsigned)bucket);
    if (!in_bucket) return false;
    *in_bucket = aw_count_sum(*in_bucket, count);
    h->count = aw_count_sum(h->count, count);
    const uint64_t middle = middle_of((unsigned)bucket); /* the sum itself was not written down */
    uint64_t sum;
    if (__builtin_mul_overflow(middle, count, &sum) || __builtin_add_overflow(h->sum, sum, &h->sum))
        h->sum = UINT64_MAX;
    return true;
}

bool aw_hist_ends(struct aw_hist *h, aw_ns min, aw_ns max)
{
    int first = -1, last = -1, b = -1;
    for (uint64_t n; aw_hist_next(h, &b, &n); last = b)
        if (first < 0) first = b;
    if (first < 0) return true;
    const unsigned e = (unsigned)first / AW_HIST_SUB, s = (unsigned)first % AW_HIST_SUB;
    const uint64_t lead = AW_HIST_SUB + s;
    if (min == AW_NS_NONE) /* rounded up: the least whole number that lies in the bucket */
        min = (aw_ns)(e >= SUB_BITS ? lead << (e - SUB_BITS)
                                    : (lead + (1u << (SUB_BITS - e)) - 1) >> (SUB_BITS - e));
    if (min < 1 || max < min || bucket_of((uint64_t)min) != (unsigned)first ||
        bucket_of((uint64_t)max) != (unsigned)last)
        return false;
    h->min = (uint64_t)min;
    h->max = (uint64_t)max;
    return true;
}

bool aw_hist_merge(struct aw_hist *h, const struct aw_hist *from)
{
    const uint64_t sum = from->sum > UINT64_MAX - h->sum ? UINT64_MAX : h->sum + from->sum;
    int b = -1;
    bool all = true;
    for (uint64_t n; aw_hist_next(from, &b, &n);)
        all = aw_hist_put(h, b, n) && all;
    h->sum = sum;
    if (from->count && from->min < h->min) h->min = from->min;
    if (from->count && from->max > h->max) h->max = from->max;
    return all;
}

uint64_t aw_hist_sum(const struct aw_hist *h)
{
    return h->sum;
}

bool aw_hist_next(const struct aw_hist *h, int *bucket, uint64_t *count)
{
    int b = *bucket < 0 ? 0 : *bucket + 1;
    while (b < AW_HIST_BUCKETS) {
        const uint64_t *octave = h->octave[b / AW_HIST_SUB];
        if (!octave) {
            b = (b / AW_HIST_SUB + 1) * AW_HIST_SUB;
            continue;
        }
        if (octave[b % AW_HIST_SUB]) {
            *bucket = b;
            *count = octave[b % AW_HIST_SUB];
            return true;
        }
        b++;
    }
    return false;
}

aw_ns aw_hist_percentile(const struct aw_hist *h, double percent)
{
    if (h->count == 0) return AW_NS_NONE;
    if (percent >= 100) return (aw_ns)h->max;
    /* Nearest rank: the smallest value that has at least `percent` of all at or below it. */
    const double exact = (percent > 0 ? percent : 0) / 100 * (double)h->count;
    uint64_t rank = (uint64_t)exact;
    if ((double)rank < exact || rank == 0) rank++;
    uint64_t below = 0, n;
    int b = -1;
    while (aw_hist_next(h, &b, &n)) {
        below = aw_count_sum(below, n);
        if (below >= rank) break;
    }
    const uint64_t v = middle_of((unsigned)b);
    return (aw_ns)(v < h->min ? h->min : v > h->max ? h->max : v);
}
