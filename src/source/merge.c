/*
 * Several sources as one, by packet time. Copies packet structs into the batch and keeps the blocks
 * their bytes lie in, so that a source can be read on while earlier batches are under way. One
 * source alone passes through: its own array gets the ordinals in place.
 */
#include "source/source.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "source/lend.h"
#include "source/records.h"

/* Ends a merged batch: it keeps whole blocks alive, so not too many packets' bytes in one. */
enum { BATCH_BYTES = AW_BLOCK_BYTES };
enum { SPARES = 16 }; /* blocks that no batch has: 8 MiB at most */

struct feed { /* one source and what it has lent and was not handed on yet */
    const struct aw_packet *next, *end;
    bool over;
    bool kept; /* the batch being made keeps the block already */
};

struct batch {
    struct aw_packet *pkts;   /* owned; AW_LOT_MAX, on demand */
    struct aw_block **blocks; /* owned; each brought a packet or more, so AW_LOT_MAX do */
    size_t block_count;
};

struct aw_merge {
    struct aw_source **sources; /* owned, as is each */
    struct feed *feeds;
    size_t count;
    struct aw_blocks blocks; /* of all sources */
    atomic_size_t current;   /* the source read last: what it will want next can be read ahead */
    struct batch batch[AW_SOURCE_HOLDS];
    struct aw_filter *filter;
    uint64_t stop_after; /* 0 = no limit */
    uint64_t ord, left;  /* left: of stop_after */
    uint64_t filtered;
    struct aw_bound from, to;
    bool bounded, fixed;    /* any of the two is set; the moments below are known */
    aw_ns earliest, latest; /* both wanted */
    const char *error;      /* the first */
};

struct aw_merge *aw_merge_new(struct aw_source **sources, size_t count, struct aw_filter *filter,
                              uint64_t stop_after)
{
    struct aw_merge *m = calloc(1, sizeof *m);
    if (!m) return NULL;
    m->sources = calloc(count + 1, sizeof(struct aw_source *)); /* + 1: count may be 0 */
    m->feeds = calloc(count + 1, sizeof *m->feeds);
    if (!m->sources || !m->feeds) {
        free(m->sources);
        free(m->feeds);
        free(m);
        return NULL;
    }
    m->blocks.most = SPARES;
    for (size_t i = 0; i < count; i++) {
        m->sources[i] = sources[i];
        if (count > 1) aw_source_share(sources[i], &m->blocks);
    }
    m->count = count;
    m->filter = filter;
    m->stop_after = stop_after;
    m->left = stop_after ? stop_after : UINT64_MAX;
    return m;
}

struct aw_merge *aw_merge_again(const struct aw_merge *first, char *err, size_t err_size)
{
    (void)snprintf(err, err_size, "out of memory");
    struct aw_filter *f = NULL;
    if (first->filter && !(f = aw_filter_copy(first->filter))) return NULL;
    const size_t count = first->count;
    struct aw_source **sources = calloc(count + 1, sizeof *sources);
    struct aw_merge *m = NULL;
    size_t n = 0;
    while (sources && n < count && (sources[n] = aw_source_again(first->sources[n], err, err_size)))
        n++;
    if (n > 0 && n == count) m = aw_merge_new(sources, n, f, first->stop_after);
    if (m) {
        aw_merge_between(m, first->from, first->to);
    } else {
        for (size_t i = 0; i < n; i++)
            aw_source_close(sources[i]);
        aw_filter_free(f);
    }
    free(sources);
    return m;
}

static void release(struct batch *b)
{
    for (size_t i = 0; i < b->block_count; i++)
        aw_block_drop(b->blocks[i]);
    b->block_count = 0;
}

void aw_merge_free(struct aw_merge *m)
{
    if (!m) return;
    for (unsigned i = 0; i < AW_SOURCE_HOLDS; i++) {
        release(&m->batch[i]);
        free(m->batch[i].pkts);
        free(m->batch[i].blocks);
    }
    for (size_t i = 0; i < m->count; i++)
        aw_source_close(m->sources[i]);
    aw_blocks_free(&m->blocks);
    aw_filter_free(m->filter);
    free(m->sources);
    free(m->feeds);
    free(m);
}

static void damaged(struct aw_merge *m, const char *error)
{
    if (!m->error) m->error = error;
}

void aw_merge_between(struct aw_merge *m, struct aw_bound from, struct aw_bound to)
{
    m->from = from;
    m->to = to;
    m->bounded = from.kind != AW_BOUND_NONE || to.kind != AW_BOUND_NONE;
}

/* Bounds may hang on the first packet's time. */
static void fix_bounds(struct aw_merge *m, aw_ns first)
{
    m->fixed = true;
    m->earliest = m->from.kind == AW_BOUND_NONE ? INT64_MIN : aw_bound_moment(&m->from, first);
    m->latest = m->to.kind == AW_BOUND_NONE ? INT64_MAX : aw_bound_moment(&m->to, first);
}

static bool wanted(struct aw_merge *m, const struct aw_packet *pkt)
{
    if (m->bounded && (pkt->ts < m->earliest || pkt->ts > m->latest)) return false;
    return !m->filter || aw_filter_match(m->filter, pkt);
}

/* Numbers the packets that are wanted and moves them to the front; how many those are. */
static size_t pick(struct aw_merge *m, struct aw_packet *pkts, size_t n)
{
    const bool choosy = m->filter || m->bounded;
    size_t picked = 0;
    if (m->bounded && !m->fixed && n > 0) fix_bounds(m, pkts[0].ts);
    if (!choosy) {
        picked = n < m->left ? n : (size_t)m->left;
        for (size_t i = 0; i < picked; i++)
            pkts[i].ord = m->ord + 1 + i;
        m->ord += picked;
    }
    for (size_t i = 0; choosy && i < n && picked < m->left; i++) {
        if (!wanted(m, &pkts[i])) {
            m->filtered++;
            continue;
        }
        if (picked != i) pkts[picked] = pkts[i];
        pkts[picked++].ord = ++m->ord;
    }
    m->left -= picked;
    return picked;
}

static enum aw_read next_of_one(struct aw_merge *m, unsigned hold, const struct aw_packet **pkts,
                                size_t *n)
{
    for (;;) {
        const enum aw_read r = aw_source_next(m->sources[0], hold, pkts, n);
        if (r == AW_READ_DAMAGED) damaged(m, aw_source_error(m->sources[0]));
        if (r != AW_READ_OK) return r == AW_READ_DAMAGED ? AW_READ_END : r;
        *n = pick(m, aw_source_lent_packets(m->sources[0], hold), *n);
        if (*n > 0) return AW_READ_OK;
        if (m->left == 0) return AW_READ_END;
    }
}

/* Asks for more wherever nothing is left. Which source comes next can only be told when each has a
 * packet to show, or is over. */
static enum aw_read refill(struct aw_merge *m)
{
    for (size_t i = 0; i < m->count; i++) {
        struct feed *f = &m->feeds[i];
        while (!f->over && f->next == f->end) {
            size_t n = 0;
            atomic_store_explicit(&m->current, i, memory_order_relaxed);
            const enum aw_read r = aw_source_next(m->sources[i], 0, &f->next, &n);
            if (r == AW_READ_AGAIN) {
                f->next = f->end = NULL;
                return r;
            }
            f->end = n > 0 ? f->next + n : f->next;
            f->over = r != AW_READ_OK;
            f->kept = false;
            if (r == AW_READ_DAMAGED) damaged(m, aw_source_error(m->sources[i]));
        }
    }
    return AW_READ_OK;
}

/* The source whose packet is next; *until: its packets of times below that, and of that time if
 * *tie, come before any other's. `count` where all are over. */
static size_t first_source(const struct aw_merge *m, aw_ns *until, bool *tie)
{
    size_t first = m->count, second = m->count;
    for (size_t i = 0; i < m->count; i++) {
        if (m->feeds[i].over) continue;
        if (first == m->count || m->feeds[i].next->ts < m->feeds[first].next->ts) {
            second = first;
            first = i;
        } else if (second == m->count || m->feeds[i].next->ts < m->feeds[second].next->ts) {
            second = i;
        }
    }
    *until = second < m->count ? m->feeds[second].next->ts : INT64_MAX;
    *tie = first < second;
    return first;
}

static enum aw_read next_of_many(struct aw_merge *m, struct batch *b, const struct aw_packet **pkts,
                                 size_t *n)
{
    size_t used = 0, bytes = 0;
    for (size_t i = 0; i < m->count; i++)
        m->feeds[i].kept = false;
    while (used < AW_LOT_MAX && bytes < BATCH_BYTES && m->left > 0) {
        const enum aw_read r = refill(m);
        if (r != AW_READ_OK) {
            if (used > 0) break;
            return r;
        }
        aw_ns until;
        bool tie;
        const size_t i = first_source(m, &until, &tie);
        if (i == m->count) break;
        struct feed *f = &m->feeds[i];
        const size_t from = used;
        size_t run = 0; /* bytes, matching or not */
        while (f->next < f->end && used < AW_LOT_MAX && run < BATCH_BYTES &&
               (f->next->ts < until || (tie && f->next->ts == until))) {
            run += f->next->cap_len;
            b->pkts[used++] = *f->next++;
        }
        used = from + pick(m, b->pkts + from, used - from);
        for (size_t k = from; k < used; k++)
            bytes += b->pkts[k].cap_len;
        if (used > from && !f->kept) {
            b->blocks[b->block_count++] = aw_block_keep(aw_source_lent(m->sources[i], 0));
            f->kept = true;
        }
    }
    *pkts = b->pkts;
    *n = used;
    return used > 0 ? AW_READ_OK : AW_READ_END;
}

enum aw_read aw_merge_next(struct aw_merge *m, unsigned hold, const struct aw_packet **pkts,
                           size_t *n)
{
    struct batch *b = &m->batch[hold % AW_SOURCE_HOLDS];
    *pkts = NULL;
    *n = 0;
    if (m->left == 0 || m->count == 0) return AW_READ_END;
    if (m->count == 1) return next_of_one(m, hold, pkts, n);
    release(b);
    if (!b->pkts) b->pkts = malloc(AW_LOT_MAX * sizeof *b->pkts);
    if (!b->blocks) b->blocks = malloc(AW_LOT_MAX * sizeof(struct aw_block *));
    if (!b->pkts || !b->blocks) {
        damaged(m, "out of memory");
        return AW_READ_END;
    }
    return next_of_many(m, b, pkts, n);
}

bool aw_merge_ahead(struct aw_merge *m)
{
    const size_t i = atomic_load_explicit(&m->current, memory_order_relaxed);
    return m->count > 0 && aw_source_ahead(m->sources[i]);
}

bool aw_merge_damaged(const struct aw_merge *m, const char **error)
{
    if (error) *error = m->error;
    return m->error != NULL;
}

struct aw_lost aw_merge_lost(const struct aw_merge *m)
{
    struct aw_lost sum = {0, 0};
    for (size_t i = 0; i < m->count; i++) {
        const struct aw_lost lost = aw_source_lost(m->sources[i]);
        aw_lost_add(&sum, &lost);
    }
    return sum;
}

uint64_t aw_merge_filtered(const struct aw_merge *m)
{
    return m->filtered;
}

size_t aw_merge_sources(const struct aw_merge *m, struct aw_source *const **sources)
{
    *sources = m->sources;
    return m->count;
}

bool aw_merge_rereadable(const struct aw_merge *m)
{
    for (size_t i = 0; i < m->count; i++)
        if (!aw_source_rereadable(m->sources[i])) return false;
    return true;
}
