/*
 * Records that are final, on their way out: kept until no exchange that ended before can be told of
 * any more, then handed to the sink in the order of (event that ended it, packet, id). What is kept
 * is a copy of the exchange and of the used part of the verdict.
 */
#include "link/inside.h"

#include <string.h>

#include "exchange/exchange.h"

struct aw_ready {
    struct aw_ready *next; /* in an outbox */
    size_t size;
    bool waits;                 /* no record, but an exchange whose client waits */
    aw_ns waited;               /* ... so long */
    struct aw_record rec;       /* ex, verdict unset */
    struct aw_exchange *ex;     /* in this block */
    const char *verdict;        /* in this block: an aw_verdict up to text_used; NULL = none */
    const char *verdict_was_at; /* where its text lay, for the pointers in it */
    size_t verdict_size;
};

static bool before(const struct aw_ready_entry *a, const struct aw_ready_entry *b)
{
    if (a->when.ts != b->when.ts) return a->when.ts < b->when.ts;
    if (a->when.ord != b->when.ord) return a->when.ord < b->when.ord;
    return a->id < b->id;
}

static bool push(struct aw_link *l, struct aw_ready *r, struct aw_when when)
{
    struct aw_ready_heap *h = &l->ready;
    const struct aw_alloc *alloc = &l->config.alloc;
    if (h->count == h->room) {
        const size_t room = h->room ? h->room * 2 : 64;
        struct aw_ready_entry *grown = alloc->resize(alloc->ctx, h->at, room * sizeof *grown);
        if (grown == NULL) return false;
        h->at = grown;
        h->room = room;
    }
    /* What was written may have ended up to here; times that run back lie before that. */
    const aw_ns settle = l->config.threshold[AW_T_SETTLE];
    if (l->passed != AW_NS_NONE && when.ts < l->passed - settle) when.ts = l->passed - settle;
    const struct aw_ready_entry e = {.when = when, .id = r->ex->id, .record = r};
    size_t i = h->count++;
    for (; i > 0 && before(&e, &h->at[(i - 1) / 4]); i = (i - 1) / 4)
        h->at[i] = h->at[(i - 1) / 4];
    h->at[i] = e;
    h->bytes += r->size;
    return true;
}

static struct aw_ready *pop(struct aw_link *l)
{
    struct aw_ready_heap *h = &l->ready;
    struct aw_ready *top = h->at[0].record;
    const struct aw_ready_entry last = h->at[--h->count];
    size_t i = 0;
    for (size_t first = 1; first < h->count; first = 4 * i + 1) {
        const size_t end = first + 4 < h->count ? first + 4 : h->count;
        size_t least = first;
        for (size_t child = first + 1; child < end; child++)
            if (before(&h->at[child], &h->at[least])) least = child;
        if (!before(&h->at[least], &last)) break;
        h->at[i] = h->at[least];
        i = least;
    }
    h->at[i] = last;
    h->bytes -= top->size;
    return top;
}

/* The verdict's strings lie in its own text: after a move they are found at the same distance. */
static void rebase(struct aw_verdict *v, const char *was_at)
{
    for (unsigned i = 0; i < v->evidence_count; i++)
        v->evidence[i].text = v->text + (v->evidence[i].text - was_at);
    for (unsigned i = 0; i < v->fix_count; i++)
        v->fix[i] = v->text + (v->fix[i] - was_at);
}

static size_t aligned(size_t n)
{
    const size_t a = _Alignof(max_align_t);
    return (n + a - 1) / a * a;
}

/* A block with a copy of x in it, and room for `behind` bytes after that, at *end. NULL: no memory.
 */
static struct aw_ready *ready_new(struct aw_link *l, const struct aw_exchange *x, size_t behind,
                                  char **end)
{
    const size_t ex_at = aligned(sizeof(struct aw_ready)), ex_size = aw_exchange_size(x);
    const size_t end_at = aligned(ex_at + ex_size), size = end_at + behind;
    char *block = l->config.alloc.get(l->config.alloc.ctx, size);
    struct aw_ready *r = (struct aw_ready *)(void *)block;
    if (r == NULL) return NULL;
    *r = (struct aw_ready){.size = size, .ex = aw_exchange_copy(block + ex_at, ex_size, x)};
    *end = block + end_at;
    return r;
}

static void hand_out(const struct aw_sink *sink, struct aw_ready *r, struct aw_verdict *verdict)
{
    if (r->waits) {
        sink->waiting(sink->ctx, r->ex, r->waited);
        return;
    }
    r->rec.ex = r->ex;
    if (r->verdict) {
        memcpy(verdict, r->verdict, r->verdict_size);
        rebase(verdict, r->verdict_was_at);
        r->rec.verdict = verdict;
    }
    if (sink->record) sink->record(sink->ctx, &r->rec);
}

static void gather(struct aw_link *l, struct aw_ready *r)
{
    r->next = NULL;
    *(l->out.last ? &l->out.last->next : &l->out.first) = r;
    l->out.last = r;
    l->out.bytes += r->size;
}

void aw_outbox_deliver(struct aw_outbox *o, const struct aw_sink *sink, struct aw_verdict *verdict,
                       const struct aw_alloc *alloc)
{
    for (struct aw_ready *r = o->first; r; r = r->next)
        hand_out(sink, r, verdict);
    aw_outbox_free(o, alloc);
}

void aw_outbox_free(struct aw_outbox *o, const struct aw_alloc *alloc)
{
    for (struct aw_ready *r = o->first, *next; r; r = next) {
        next = r->next;
        alloc->put(alloc->ctx, r);
    }
    *o = (struct aw_outbox){.first = NULL};
}

void aw_ready_flush_one(struct aw_link *l)
{
    struct aw_ready *r = pop(l);
    if (l->gather) {
        gather(l, r);
        return;
    }
    hand_out(&l->sink, r, &l->verdict);
    l->config.alloc.put(l->config.alloc.ctx, r);
}

void aw_ready_waiting(struct aw_link *l, const struct aw_exchange *x, aw_ns waited)
{
    if (!l->gather) {
        l->sink.waiting(l->sink.ctx, x, waited);
        return;
    }
    char *end;
    struct aw_ready *r = ready_new(l, x, 0, &end);
    if (r == NULL) {
        l->stats.let_go++;
        return;
    }
    r->waits = true;
    r->waited = waited;
    gather(l, r);
}

void aw_ready_flush(struct aw_link *l, aw_ns limit)
{
    while (l->ready.count > 0 && l->ready.at[0].when.ts < limit)
        aw_ready_flush_one(l);
}

void aw_ready_fini(struct aw_link *l)
{
    const struct aw_alloc *alloc = &l->config.alloc;
    for (size_t i = 0; i < l->ready.count; i++)
        alloc->put(alloc->ctx, l->ready.at[i].record);
    alloc->put(alloc->ctx, l->ready.at);
}

static void lend(struct aw_link *l, struct aw_record *rec, const struct aw_exchange *x,
                 const struct aw_verdict *v)
{
    rec->ex = x;
    rec->verdict = v;
    if (l->sink.record) l->sink.record(l->sink.ctx, rec);
}

void aw_ready_add(struct aw_link *l, const struct aw_exchange *x, const struct aw_case *c,
                  const struct aw_member *m, uint32_t attempts, struct aw_when when)
{
    struct aw_record rec = {
        .chain_id = m ? m->chain_id : x->id,
        .attempt = m ? m->attempt : 1,
        .attempts = m ? attempts : 1,
        .inner_id = c->inner ? c->inner->id : 0,
        .outer_id = c->outer ? c->outer->id : 0,
    };
    struct aw_verdict *v = NULL;
    if (aw_is_expectation(x)) {
        v = &l->verdict;
        l->judge(c, l->config.threshold, &l->namer, v);
        if (aw_failing(v)) l->stats.failing++;
        for (unsigned i = c->place + 1; v->recovered && i < c->chain_len; i++) {
            const struct aw_attempt *a = &c->chain[i];
            if (a->expect || a->status < 200 || a->status >= 400) continue;
            rec.recovered_by = (struct aw_recovery){.id = a->id,
                                                    .conn_id = a->conn_id,
                                                    .time = a->begin,
                                                    .status = a->status,
                                                    .after = a->begin - c->chain[c->place].begin};
            break;
        }
    } else if (!l->config.all) {
        return;
    }
    if (l->config.prompt) {
        lend(l, &rec, x, v);
        return;
    }

    char *verdict_at;
    const size_t verdict_size = v ? offsetof(struct aw_verdict, text) + v->text_used : 0;
    struct aw_ready *r = ready_new(l, x, verdict_size, &verdict_at);
    if (r) {
        r->rec = rec;
        if (v) {
            memcpy(verdict_at, v, verdict_size);
            r->verdict = verdict_at;
            r->verdict_was_at = v->text;
            r->verdict_size = verdict_size;
        }
        if (push(l, r, when)) return;
        l->config.alloc.put(l->config.alloc.ctx, r);
    }
    /* Without memory to wait for its turn it goes out now, if it can. */
    l->stats.let_go++;
    if (!l->gather) lend(l, &rec, x, v);
}
