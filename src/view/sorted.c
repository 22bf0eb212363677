/*
 * Scan, then sort: a scan tests rows and takes their keys; a merge sort from the bottom up, which
 * can stop anywhere, orders them. New rows of a finished order are sorted alone and merged in.
 *
 * Keys are 64-bit numbers. Words (hosts, addresses) get theirs from a table of ranks, made once a
 * start from the words there are; targets have none that would do, and are compared as text where
 * eight bytes of them are equal.
 */
#include "view/sorted.h"

#include <stdlib.h>
#include <string.h>

enum { RUN = 32, BEST = 512, REFRESH = 50000 };

struct pair {
    int64_t key;
    uint64_t row;
};

enum phase { SCAN, RUNS, MERGE, READY };

struct aw_sorted {
    enum aw_column by;
    bool down;
    aw_sorted_test *test;
    void *ctx;
    enum phase phase;
    uint64_t next; /* row to scan */
    bool started;
    struct pair *pair, *spare; /* owned; spare has the same room while merging */
    size_t count, cap, spare_cap;
    size_t width, at;        /* of the merge under way */
    size_t left, right, out; /* inside one merge: places in both runs, and of the output */
    struct pair best[BEST];  /* a heap, the worst on top */
    struct pair shown[BEST]; /* the same in order, as of the last step */
    size_t best_count, shown_count;
    uint64_t shown_at;          /* rows scanned when `shown` was made */
    uint64_t whole, gone;       /* aw_rows_whole and _let_go when rows were last looked at */
    uint32_t *rank;             /* owned: of words, by number */
    aw_word ranked;             /* words that have a rank */
    char prefix[AW_ROW_TARGET]; /* of targets */
    size_t prefix_len;
    const struct aw_rows *rows; /* borrowed for the length of a step: for comparisons */
};

struct aw_sorted *aw_sorted_new(void)
{
    struct aw_sorted *o = calloc(1, sizeof *o);
    if (o) o->phase = READY;
    return o;
}

void aw_sorted_free(struct aw_sorted *o)
{
    if (!o) return;
    free(o->pair);
    free(o->spare);
    free(o->rank);
    free(o);
}

void aw_sorted_start(struct aw_sorted *o, enum aw_column by, bool down, aw_sorted_test *test,
                     void *ctx)
{
    o->by = by;
    o->down = down;
    o->test = test;
    o->ctx = ctx;
    o->phase = SCAN;
    o->next = 0;
    o->count = 0;
    o->best_count = o->shown_count = 0;
    o->started = false;
    free(o->rank);
    o->rank = NULL;
    o->ranked = 0;
}

/* --- keys --- */

static aw_word column_word(enum aw_column by, const struct aw_row *row)
{
    switch (by) {
    case AW_COL_CLIENT:
        return row->client;
    case AW_COL_SERVER:
        return row->server;
    case AW_COL_HOST:
        return row->host;
    case AW_COL_AGENT:
        return row->agent;
    case AW_COL_PRODUCT:
        return row->product;
    case AW_COL_SEVERITY:
    case AW_COL_TIME:
    case AW_COL_REQUEST:
    case AW_COL_STATUS:
    case AW_COL_WAIT:
    case AW_COL_STALL:
    case AW_COL_TOTAL:
    case AW_COL_SENT:
    case AW_COL_ATTEMPT:
    case AW_COL_PARTY:
    case AW_COL_CAUSE:
    case AW_COL_COUNT:
        break;
    }
    return 0;
}

static bool has_words(enum aw_column by)
{
    return by == AW_COL_CLIENT || by == AW_COL_SERVER || by == AW_COL_HOST || by == AW_COL_AGENT ||
           by == AW_COL_PRODUCT;
}

/* Targets often begin alike: what the first ones have in common is left out of the keys. */
static void find_prefix(struct aw_sorted *o, const struct aw_rows *rows)
{
    enum { SAMPLE = 256 };
    const uint64_t end = aw_rows_end(rows);
    uint64_t number = aw_rows_begin(rows);
    o->prefix_len = 0;
    for (int i = 0; i < SAMPLE && number < end; i++, number = aw_rows_next(rows, number + 1)) {
        const struct aw_row *row = aw_rows_at(rows, number);
        if (i == 0) {
            memcpy(o->prefix, row->target, row->target_len);
            o->prefix_len = row->target_len;
        }
        size_t same = 0;
        while (same < o->prefix_len && same < row->target_len &&
               row->target[same] == o->prefix[same])
            same++;
        o->prefix_len = same;
    }
}

/* The eight bytes behind the common beginning, as a number; rows without it come all before or all
 * after, and are told apart by their texts. */
static int64_t text_key(const struct aw_sorted *o, const struct aw_row *row)
{
    const size_t n = row->target_len < o->prefix_len ? row->target_len : o->prefix_len;
    const int c = memcmp(row->target, o->prefix, n);
    if (c != 0 || n < o->prefix_len) return c > 0 ? INT64_MAX : -1;
    uint64_t k = 0;
    for (size_t i = n; i < n + 8; i++)
        k = k << 8 | (i < row->target_len ? (uint8_t)row->target[i] : 0u);
    return (int64_t)(k >> 2); /* keeps the order, and away from the two above */
}

static int64_t key_of(const struct aw_sorted *o, const struct aw_row *row)
{
    switch (o->by) {
    case AW_COL_SEVERITY: { /* within a severity by what was lost */
        if (!(row->flags & AW_ROW_JUDGED)) return 0;
        const int64_t most = (INT64_C(1) << 56) - 1;
        const int64_t stall = row->stall < 0 ? 0 : row->stall < most ? row->stall : most;
        return (int64_t)(row->severity + 1) << 56 | stall;
    }
    case AW_COL_TIME:
        return row->time;
    case AW_COL_REQUEST:
        return text_key(o, row);
    case AW_COL_STATUS:
        return row->status;
    case AW_COL_WAIT:
        return row->wait;
    case AW_COL_STALL:
        return row->stall;
    case AW_COL_TOTAL:
        return row->total;
    case AW_COL_SENT:
        return row->sent;
    case AW_COL_ATTEMPT:
        return row->attempt;
    case AW_COL_PARTY:
        return row->flags & AW_ROW_JUDGED ? row->party : -1;
    case AW_COL_CAUSE:
        return row->flags & AW_ROW_JUDGED ? row->cause : -1;
    case AW_COL_CLIENT:
    case AW_COL_SERVER:
    case AW_COL_HOST:
    case AW_COL_AGENT:
    case AW_COL_PRODUCT: {
        const aw_word w = column_word(o->by, row);
        const int64_t rank = w <= o->ranked && o->rank ? o->rank[w] : INT32_MAX;
        const int64_t port = o->by == AW_COL_CLIENT   ? row->client_port
                             : o->by == AW_COL_SERVER ? row->server_port
                                                      : 0;
        return rank << 16 | port;
    }
    case AW_COL_COUNT:
        break;
    }
    return 0;
}

/* Negative where a comes first. */
static int compare(const struct aw_sorted *o, const struct pair *a, const struct pair *b)
{
    int c = a->key < b->key ? -1 : a->key > b->key;
    if (c == 0 && o->by == AW_COL_REQUEST) {
        const struct aw_row *ra = aw_rows_at(o->rows, a->row), *rb = aw_rows_at(o->rows, b->row);
        if (ra && rb) {
            const size_t n = ra->target_len < rb->target_len ? ra->target_len : rb->target_len;
            c = memcmp(ra->target, rb->target, n);
            if (c == 0) c = (int)ra->target_len - (int)rb->target_len;
        }
    }
    if (o->down) c = -c;
    return c ? c : a->row < b->row ? -1 : a->row > b->row;
}

struct ranked_word {
    struct aw_span s;
    aw_word w;
};

static int by_bytes(const void *pa, const void *pb)
{
    const struct ranked_word *a = pa, *b = pb;
    const size_t n = a->s.len < b->s.len ? a->s.len : b->s.len;
    const int c = n ? memcmp(a->s.p, b->s.p, n) : 0;
    return c ? c : (a->s.len > b->s.len) - (a->s.len < b->s.len);
}

/* For addresses: those of IPv4 first. */
static int by_length(const void *pa, const void *pb)
{
    const struct ranked_word *a = pa, *b = pb;
    if (a->s.len != b->s.len) return a->s.len < b->s.len ? -1 : 1;
    return a->s.len ? memcmp(a->s.p, b->s.p, a->s.len) : 0;
}

/* Ranks for the words there are now; those that come later sort behind them until the next start.
 */
static void rank_words(struct aw_sorted *o)
{
    const aw_word n = aw_rows_words(o->rows);
    struct ranked_word *list = malloc(((size_t)n + 1) * sizeof *list);
    o->rank = malloc(((size_t)n + 1) * sizeof *o->rank);
    if (!list || !o->rank) {
        free(list);
        free(o->rank);
        o->rank = NULL;
        return;
    }
    for (aw_word w = 0; w <= n; w++)
        list[w] = (struct ranked_word){.s = aw_rows_word(o->rows, w), .w = w};
    const bool addresses = o->by == AW_COL_CLIENT || o->by == AW_COL_SERVER;
    qsort(list, (size_t)n + 1, sizeof *list, addresses ? by_length : by_bytes);
    for (aw_word i = 0; i <= n; i++)
        o->rank[list[i].w] = i;
    o->ranked = n;
    free(list);
}

/* --- the best so far --- */

static void sink_down(struct aw_sorted *o, size_t i)
{
    for (;;) {
        size_t worst = i;
        for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < o->best_count; child++)
            if (compare(o, &o->best[child], &o->best[worst]) > 0) worst = child;
        if (worst == i) return;
        const struct pair t = o->best[i];
        o->best[i] = o->best[worst];
        o->best[worst] = t;
        i = worst;
    }
}

static void offer_best(struct aw_sorted *o, struct pair p)
{
    if (o->best_count < BEST) {
        size_t i = o->best_count++;
        o->best[i] = p;
        while (i > 0 && compare(o, &o->best[i], &o->best[(i - 1) / 2]) > 0) {
            const struct pair t = o->best[i];
            o->best[i] = o->best[(i - 1) / 2];
            o->best[(i - 1) / 2] = t;
            i = (i - 1) / 2;
        }
    } else if (compare(o, &p, &o->best[0]) < 0) {
        o->best[0] = p;
        sink_down(o, 0);
    }
}

/* --- steps --- */

static bool make_room(struct pair **p, size_t *cap, size_t need)
{
    if (need <= *cap) return true;
    size_t more = *cap ? 2 * *cap : 4096;
    while (more < need)
        more *= 2;
    struct pair *grown = realloc(*p, more * sizeof *grown);
    if (!grown) return false;
    *p = grown;
    *cap = more;
    return true;
}

static void insertion_sort(const struct aw_sorted *o, struct pair *p, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        const struct pair t = p[i];
        size_t j = i;
        for (; j > 0 && compare(o, &t, &p[j - 1]) < 0; j--)
            p[j] = p[j - 1];
        p[j] = t;
    }
}

/* Scans up to `budget` rows onto the end of the pairs; returns how many it looked at. */
static size_t scan(struct aw_sorted *o, const struct aw_rows *rows, size_t budget, bool best)
{
    const uint64_t end = aw_rows_end(rows);
    size_t n = 0;
    for (; (o->next = aw_rows_next(rows, o->next)) < end && n < budget; o->next++, n++) {
        const struct aw_row *row = aw_rows_at(rows, o->next);
        if (o->test && !o->test(o->ctx, rows, o->next, row)) continue;
        if (!make_room(&o->pair, &o->cap, o->count + 1)) return n;
        const struct pair p = {.key = key_of(o, row), .row = o->next};
        o->pair[o->count++] = p;
        if (best) offer_best(o, p);
    }
    return n;
}

/* Rows that were let go leave the order, too: the oldest, and some of those that lay in whole lots
 * when they were looked at last. */
static void forget_gone(struct aw_sorted *o)
{
    const uint64_t begin = aw_rows_begin(o->rows), whole = aw_rows_whole(o->rows);
    size_t kept = 0;
    for (size_t i = 0; i < o->count; i++) {
        const uint64_t row = o->pair[i].row;
        if (row < begin) continue;
        if (row >= o->whole && row < whole && !aw_rows_at(o->rows, row)) continue;
        o->pair[kept++] = o->pair[i];
    }
    o->count = kept;
    o->whole = whole;
    o->gone = aw_rows_let_go(o->rows);
}

/* New rows behind a finished order: sorted alone, then merged in from the end. */
static bool take_new(struct aw_sorted *o, size_t budget)
{
    const size_t old = o->count;
    (void)scan(o, o->rows, budget, false);
    const size_t fresh = o->count - old;
    if (fresh == 0) return o->next < aw_rows_end(o->rows);
    const bool in_place = old == 0 || compare(o, &o->pair[old - 1], &o->pair[old]) < 0;
    if (in_place && fresh == 1) return o->next < aw_rows_end(o->rows);
    if (!make_room(&o->spare, &o->spare_cap, fresh)) return false;
    memcpy(o->spare, o->pair + old, fresh * sizeof *o->spare);
    for (size_t run = 1; run < fresh; run *= 2) { /* few: in the pairs' own tail */
        for (size_t lo = 0; lo < fresh; lo += 2 * run) {
            const size_t mid = lo + run < fresh ? lo + run : fresh;
            const size_t hi = mid + run < fresh ? mid + run : fresh;
            size_t i = lo, j = mid, k = old + lo;
            while (i < mid || j < hi)
                o->pair[k++] = j == hi || (i < mid && compare(o, &o->spare[i], &o->spare[j]) < 0)
                                   ? o->spare[i++]
                                   : o->spare[j++];
        }
        memcpy(o->spare, o->pair + old, fresh * sizeof *o->spare);
    }
    size_t i = old, j = fresh, k = o->count;
    while (j > 0)
        o->pair[--k] = i > 0 && compare(o, &o->pair[i - 1], &o->spare[j - 1]) > 0 ? o->pair[--i]
                                                                                  : o->spare[--j];
    return o->next < aw_rows_end(o->rows);
}

static void begin_merge(struct aw_sorted *o)
{
    o->at = o->left = o->out = 0;
    o->right = o->width < o->count ? o->width : o->count;
}

static size_t run_end(const struct aw_sorted *o, size_t from, size_t runs)
{
    const size_t end = from + runs * o->width;
    return end < o->count ? end : o->count;
}

/* One lot of the merge sort. */
static void merge_step(struct aw_sorted *o, size_t budget)
{
    while (budget > 0 && o->phase == MERGE) {
        if (o->width >= o->count) {
            o->phase = READY;
            return;
        }
        const size_t mid = run_end(o, o->at, 1), hi = run_end(o, o->at, 2);
        while (o->out < hi && budget > 0) {
            const bool left = o->left < mid && (o->right >= hi || compare(o, &o->pair[o->left],
                                                                          &o->pair[o->right]) < 0);
            o->spare[o->out++] = o->pair[left ? o->left++ : o->right++];
            budget--;
        }
        if (o->out < hi) return;
        o->at = o->left = hi;
        o->right = run_end(o, hi, 1);
        if (o->at < o->count) continue;
        struct pair *t = o->pair;
        o->pair = o->spare;
        o->spare = t;
        const size_t cap = o->cap;
        o->cap = o->spare_cap;
        o->spare_cap = cap;
        o->width *= 2;
        begin_merge(o);
    }
}

static bool step(struct aw_sorted *o, const struct aw_rows *rows, size_t rows_budget)
{
    switch (o->phase) {
    case SCAN:
        if (!o->started) {
            o->started = true;
            o->whole = aw_rows_whole(rows);
            o->gone = aw_rows_let_go(rows);
            o->next = aw_rows_begin(rows);
            if (has_words(o->by)) rank_words(o);
            if (o->by == AW_COL_REQUEST) find_prefix(o, rows);
            /* At once, as growing would copy all that is there. Without it growing is tried. */
            (void)make_room(&o->pair, &o->cap, (size_t)aw_rows_count(rows));
        }
        (void)scan(o, rows, rows_budget, true);
        if (o->next < aw_rows_end(rows)) return true;
        o->phase = RUNS;
        o->at = 0;
        return true;
    case RUNS:
        for (size_t left = rows_budget / 2 + RUN; o->at < o->count && left >= RUN; left -= RUN) {
            const size_t n = o->count - o->at < RUN ? o->count - o->at : RUN;
            insertion_sort(o, o->pair + o->at, n);
            o->at += n;
        }
        if (o->at < o->count) return true;
        /* Without room for a copy the order stays by arrival. */
        if (!make_room(&o->spare, &o->spare_cap, o->count)) {
            o->phase = READY;
            return false;
        }
        o->width = RUN;
        o->phase = MERGE;
        begin_merge(o);
        return true;
    case MERGE:
        merge_step(o, rows_budget);
        return true;
    case READY:
        break;
    }
    if (aw_rows_let_go(rows) != o->gone) forget_gone(o);
    return take_new(o, rows_budget);
}

bool aw_sorted_step(struct aw_sorted *o, const struct aw_rows *rows, size_t rows_budget)
{
    o->rows = rows;
    const bool scanning = o->phase == SCAN;
    const bool more = step(o, rows, rows_budget);
    /* The stand-in is put in order now and then: each time would cost as much as the scan. */
    if (scanning && (o->shown_count == 0 || o->phase != SCAN || o->next - o->shown_at >= REFRESH)) {
        memcpy(o->shown, o->best, o->best_count * sizeof *o->shown);
        insertion_sort(o, o->shown, o->best_count);
        o->shown_count = o->best_count;
        o->shown_at = o->next;
    }
    return more;
}

bool aw_sorted_ready(const struct aw_sorted *o)
{
    return o->phase == READY;
}

unsigned aw_sorted_percent(const struct aw_sorted *o)
{
    if (o->phase == READY) return 100;
    if (o->phase == SCAN) {
        const uint64_t end = o->rows ? aw_rows_end(o->rows) : 0;
        return end ? (unsigned)(30 * o->next / end) : 0;
    }
    if (o->phase == RUNS) return 30 + (unsigned)(20 * o->at / (o->count + 1));
    unsigned passes = 0, done = 0;
    for (size_t w = RUN; w < o->count; w *= 2) {
        passes++;
        if (w < o->width) done++;
    }
    return 50 + (unsigned)(49 * done / (passes + 1));
}

size_t aw_sorted_count(const struct aw_sorted *o)
{
    return o->phase == READY ? o->count : o->shown_count;
}

uint64_t aw_sorted_at(const struct aw_sorted *o, size_t i)
{
    if (o->phase == READY) return i < o->count ? o->pair[i].row : UINT64_MAX;
    return i < o->shown_count ? o->shown[i].row : UINT64_MAX;
}

size_t aw_sorted_find(const struct aw_sorted *o, uint64_t number)
{
    if (o->phase != READY) return SIZE_MAX;
    for (size_t i = 0; i < o->count; i++)
        if (o->pair[i].row == number) return i;
    return SIZE_MAX;
}
