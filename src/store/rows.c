/*
 * Rows in lots of a fixed number. Where memory is used up the oldest lot goes, but for its failing
 * rows, which are set aside; those go when there is nothing else to let go. Words in a hash table
 * beside. Knows what a row keeps of a record, nothing of how it is shown.
 */
#include "await100/rows.h"

#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/alloc.h"
#include "diagnose/agents.h"
#include "store/aside.h"

enum {
    RECENT = 16,    /* the newest of so many parts stays whole, failing or not */
    WORD_MAX = 255, /* bytes of a word; longer ones are cut */
    WORD_BLOCK = 64 * 1024,
};

enum column { CLIENT, SERVER, HOST, AGENT, PRODUCT, METHOD, COLUMNS }; /* with words */

struct word {
    const uint8_t *p; /* into a block */
    uint32_t len;
    uint32_t hash;
};

struct block { /* where words lie; a list, the newest first */
    struct block *next;
    size_t used;
    uint8_t bytes[WORD_BLOCK];
};

struct aw_rows {
    struct aw_alloc alloc;
    struct aw_row **lot;   /* owned: lots by number modulo lot_cap */
    size_t lot_cap;        /* most lots there may be, those set aside included */
    uint64_t whole, end;   /* rows that lie in `lot`: none of them is missing */
    struct aw_aside aside; /* what is left of those before */
    uint64_t let_go, failing_let_go;
    struct word *word; /* owned; [0] unused */
    aw_word words, word_cap;
    aw_word *slot;        /* owned: hash table of words, 0 = empty */
    size_t slots;         /* a power of two, or 0 */
    struct block *blocks; /* owned */
    size_t word_memory, word_limit;
    uint64_t words_lost, seed;
    aw_word last[COLUMNS]; /* of each, the latest */
    struct aw_agent_memo memo;
};

/* --- words --- */

static bool take_budget(struct aw_rows *r, size_t bytes)
{
    if (r->word_limit - r->word_memory < bytes) return false;
    r->word_memory += bytes;
    return true;
}

static bool grow_words(struct aw_rows *r)
{
    const aw_word cap = r->word_cap ? 2 * r->word_cap : 256;
    const size_t slots = 2 * (size_t)cap;
    const size_t more = (cap - r->word_cap) * (sizeof *r->word + 2 * sizeof *r->slot);
    if (!take_budget(r, more)) return false;
    aw_word *slot = r->alloc.get(r->alloc.ctx, slots * sizeof *slot);
    struct word *word = slot ? r->alloc.resize(r->alloc.ctx, r->word, cap * sizeof *word) : NULL;
    if (!word) {
        r->alloc.put(r->alloc.ctx, slot);
        r->word_memory -= more;
        return false;
    }
    memset(slot, 0, slots * sizeof *slot);
    r->alloc.put(r->alloc.ctx, r->slot);
    r->word = word;
    r->word_cap = cap;
    r->slot = slot;
    r->slots = slots;
    for (aw_word w = 1; w <= r->words; w++) {
        size_t i = word[w].hash & (slots - 1);
        while (slot[i])
            i = (i + 1) & (slots - 1);
        slot[i] = w;
    }
    return true;
}

static uint8_t *word_room(struct aw_rows *r, size_t len)
{
    struct block *b = r->blocks;
    if (!b || WORD_BLOCK - b->used < len) {
        if (!take_budget(r, sizeof *b)) return NULL;
        b = r->alloc.get(r->alloc.ctx, sizeof *b);
        if (!b) {
            r->word_memory -= sizeof *b;
            return NULL;
        }
        b->next = r->blocks;
        b->used = 0;
        r->blocks = b;
    }
    uint8_t *p = b->bytes + b->used;
    b->used += len;
    return p;
}

/* `column`: most rows have the word of the row before there. */
static aw_word intern(struct aw_rows *r, enum column column, struct aw_span s)
{
    if (!s.p || s.len == 0) return 0;
    const size_t len = s.len < WORD_MAX ? s.len : WORD_MAX;
    aw_word *const last = &r->last[column];
    if (*last && r->word[*last].len == len && memcmp(r->word[*last].p, s.p, len) == 0) return *last;
    const uint32_t hash = (uint32_t)XXH3_64bits_withSeed(s.p, len, r->seed);
    if (r->slots > 0) {
        for (size_t i = hash & (r->slots - 1); r->slot[i]; i = (i + 1) & (r->slots - 1)) {
            const struct word *w = &r->word[r->slot[i]];
            if (w->hash == hash && w->len == len && memcmp(w->p, s.p, len) == 0)
                return *last = r->slot[i];
        }
    }
    uint8_t *p = NULL;
    if (r->words + 1 < r->word_cap || grow_words(r)) p = word_room(r, len);
    if (!p) {
        r->words_lost++;
        return 0;
    }
    memcpy(p, s.p, len);
    const aw_word made = ++r->words;
    r->word[made] = (struct word){.p = p, .len = (uint32_t)len, .hash = hash};
    size_t i = hash & (r->slots - 1);
    while (r->slot[i])
        i = (i + 1) & (r->slots - 1);
    r->slot[i] = made;
    return *last = made;
}

static aw_word intern_addr(struct aw_rows *r, enum column column, const struct aw_addr *a)
{
    return intern(r, column, (struct aw_span){.p = a->b, .len = a->v6 ? 16 : 4});
}

/* --- rows --- */

struct aw_rows *aw_rows_new(const struct aw_alloc *alloc, size_t memory, uint64_t seed)
{
    const struct aw_alloc a = aw_alloc_or_default(alloc);
    struct aw_rows *r = a.get(a.ctx, sizeof *r);
    if (!r) return NULL;
    *r = (struct aw_rows){.alloc = a, .word_limit = memory / 16, .seed = seed};
    r->lot_cap = (memory - memory / 16) / (AW_LOT * sizeof(struct aw_row));
    if (r->lot_cap < 2) r->lot_cap = 2;
    r->lot = a.get(a.ctx, r->lot_cap * sizeof *r->lot);
    if (!r->lot || !aw_aside_init(&r->aside, &a, r->lot_cap + 2)) {
        a.put(a.ctx, r->lot);
        a.put(a.ctx, r);
        return NULL;
    }
    memset(r->lot, 0, r->lot_cap * sizeof *r->lot);
    return r;
}

void aw_rows_clear(struct aw_rows *r)
{
    for (size_t i = 0; i < r->lot_cap; i++) {
        r->alloc.put(r->alloc.ctx, r->lot[i]);
        r->lot[i] = NULL;
    }
    aw_aside_clear(&r->aside, &r->alloc);
    while (r->blocks) {
        struct block *next = r->blocks->next;
        r->alloc.put(r->alloc.ctx, r->blocks);
        r->blocks = next;
    }
    r->alloc.put(r->alloc.ctx, r->word);
    r->alloc.put(r->alloc.ctx, r->slot);
    r->word = NULL;
    r->slot = NULL;
    r->words = r->word_cap = 0;
    memset(r->last, 0, sizeof r->last);
    r->slots = 0;
    r->word_memory = 0;
    /* A lot begins at a multiple of its size. */
    r->whole = r->end = (r->end + AW_LOT - 1) / AW_LOT * AW_LOT;
}

void aw_rows_free(struct aw_rows *r)
{
    if (!r) return;
    aw_rows_clear(r);
    aw_aside_fini(&r->aside, &r->alloc);
    r->alloc.put(r->alloc.ctx, r->lot);
    r->alloc.put(r->alloc.ctx, r);
}

static bool is_failing(const struct aw_row *row)
{
    return row->flags & AW_ROW_JUDGED && row->severity >= AW_SEV_WARNING;
}

/* Lets the oldest lot go, its failing rows aside. That takes less room than it gives, or as much,
 * but for what is left over in lots: those may be two too many for a moment. */
static void set_aside(struct aw_rows *r)
{
    struct aw_row **at = &r->lot[r->whole / AW_LOT % r->lot_cap];
    for (size_t i = 0; i < AW_LOT; i++) {
        const struct aw_row *row = &(*at)[i];
        if (is_failing(row) && aw_aside_add(&r->aside, &r->alloc, r->whole + i, row)) continue;
        r->let_go++;
        r->failing_let_go += is_failing(row);
    }
    r->alloc.put(r->alloc.ctx, *at);
    *at = NULL;
    r->whole += AW_LOT;
}

/* The lot of the next row. */
static struct aw_row *lot_for_next(struct aw_rows *r)
{
    struct aw_row **at = &r->lot[r->end / AW_LOT % r->lot_cap];
    if (r->end % AW_LOT != 0) return *at;
    const size_t recent = r->lot_cap / RECENT;
    for (;;) {
        const size_t lots = (size_t)((r->end - r->whole) / AW_LOT);
        if (lots + r->aside.lots < r->lot_cap) break;
        if (lots > recent || r->aside.lots == 0) {
            set_aside(r);
        } else {
            const size_t gone = aw_aside_drop(&r->aside, &r->alloc);
            r->let_go += gone;
            r->failing_let_go += gone;
        }
    }
    return *at = r->alloc.get(r->alloc.ctx, AW_LOT * sizeof **at);
}

static aw_ns span_between(const struct aw_mark *a, const struct aw_mark *b)
{
    int64_t d;
    if (!aw_seen(a) || !aw_seen(b) || __builtin_sub_overflow(b->ts, a->ts, &d)) return AW_NS_NONE;
    return d;
}

static const struct aw_mark *first_mark(const struct aw_exchange *x)
{
    if (aw_seen(&x->at[AW_AT_REQ_FIRST])) return &x->at[AW_AT_REQ_FIRST];
    const struct aw_mark *best = NULL;
    if (x->interim_count > 0 && aw_seen(&x->interim[0].first)) best = &x->interim[0].first;
    for (int i = 0; i < AW_POINT_COUNT; i++) {
        if (aw_seen(&x->at[i]) && (!best || x->at[i].ord < best->ord)) best = &x->at[i];
    }
    return best;
}

static uint8_t at_most_255(uint32_t v)
{
    return v < 255 ? (uint8_t)v : 255;
}

bool aw_rows_add(struct aw_rows *r, const struct aw_record *rec, struct aw_span target, aw_ns wait,
                 unsigned flags)
{
    struct aw_row *lot = lot_for_next(r);
    if (!lot) {
        r->let_go++;
        return false;
    }
    const struct aw_exchange *x = rec->ex;
    const struct aw_verdict *v = rec->verdict;
    const struct aw_mark *first = first_mark(x);
    struct aw_row *row = &lot[r->end % AW_LOT];
    *row = (struct aw_row){
        .time = first ? first->ts : AW_NS_NONE,
        .id = x->id,
        .conn = x->conn.ord,
        .chain = rec->chain_id,
        .first = first ? first->ref : 0,
        .wait = wait,
        .total = first ? span_between(first, &x->at[AW_AT_END]) : AW_NS_NONE,
        .sent = x->sent,
        .client = intern_addr(r, CLIENT, &x->conn.addr[AW_C2S]),
        .server = intern_addr(r, SERVER, &x->conn.addr[AW_S2C]),
        .host = intern(r, HOST, x->text[AW_TEXT_HOST]),
        .agent = intern(r, AGENT, aw_agent_product(&r->memo, x, AW_C2S)),
        .product = intern(r, PRODUCT, aw_agent_product(&r->memo, x, AW_S2C)),
        .method = intern(r, METHOD, x->text[AW_TEXT_METHOD]),
        .nth = x->nth,
        .client_port = x->conn.port[AW_C2S],
        .server_port = x->conn.port[AW_S2C],
        .status = x->status,
        .attempt = at_most_255(rec->attempt),
        .attempts = at_most_255(rec->attempts),
        .flags = (uint8_t)flags,
    };
    if ((x->flags & AW_F_REQ_UNSEEN) == 0 && aw_seen(&x->at[AW_AT_REQ_FIRST]))
        row->flags |= AW_ROW_REQUEST;
    if (x->req & AW_REQ_EXPECT) row->flags |= AW_ROW_EXPECT;
    if (v) {
        row->flags |= AW_ROW_JUDGED;
        if (v->recovered) row->flags |= AW_ROW_RECOVERED;
        row->cause = (uint8_t)v->cause;
        row->severity = (uint8_t)v->severity;
        row->party = (uint8_t)v->party;
        row->confidence = (uint8_t)v->confidence;
        row->stall = v->cost.stall;
    }
    const size_t len = target.len < AW_ROW_TARGET ? target.len : AW_ROW_TARGET;
    if (len > 0) memcpy(row->target, target.p, len);
    if (len < target.len) row->flags |= AW_ROW_TARGET_CUT;
    row->target_len = (uint8_t)len;
    r->end++;
    return true;
}

uint64_t aw_rows_begin(const struct aw_rows *r)
{
    return r->aside.rows > 0 ? aw_aside_number(&r->aside, 0) : r->whole;
}

uint64_t aw_rows_whole(const struct aw_rows *r)
{
    return r->whole;
}

uint64_t aw_rows_end(const struct aw_rows *r)
{
    return r->end;
}

uint64_t aw_rows_count(const struct aw_rows *r)
{
    return r->end - r->whole + r->aside.rows;
}

uint64_t aw_rows_next(const struct aw_rows *r, uint64_t number)
{
    if (number >= r->whole) return number < r->end ? number : r->end;
    const size_t place = aw_aside_find(&r->aside, number);
    return place < r->aside.rows ? aw_aside_number(&r->aside, place) : r->whole;
}

const struct aw_row *aw_rows_at(const struct aw_rows *r, uint64_t number)
{
    if (number >= r->end) return NULL;
    if (number >= r->whole) return &r->lot[number / AW_LOT % r->lot_cap][number % AW_LOT];
    const size_t place = aw_aside_find(&r->aside, number);
    if (place == r->aside.rows || aw_aside_number(&r->aside, place) != number) return NULL;
    return aw_aside_row(&r->aside, place);
}

uint64_t aw_rows_let_go(const struct aw_rows *r)
{
    return r->let_go;
}

uint64_t aw_rows_failing_let_go(const struct aw_rows *r)
{
    return r->failing_let_go;
}

uint64_t aw_rows_words_lost(const struct aw_rows *r)
{
    return r->words_lost;
}

struct aw_span aw_rows_word(const struct aw_rows *r, aw_word w)
{
    if (w == 0 || w > r->words) return (struct aw_span){0};
    return (struct aw_span){.p = r->word[w].p, .len = r->word[w].len};
}

aw_word aw_rows_words(const struct aw_rows *r)
{
    return r->words;
}
