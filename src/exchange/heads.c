/*
 * Heads of exchanges with Expect, kept as they came while the exchange is open, and held against
 * what is sent again: the bytes that came first are those that were read here, but the other side
 * may have read the others.
 *
 * Cost: a copy of up to HEAD_MOST bytes a head, of such exchanges alone.
 */
#include "exchange/slot.h"
#include "http/head.h"

#include <string.h>

enum { HEAD_MOST = 4096 };

static void forget(struct aw_pool *pool, struct aw_kept_head *k)
{
    aw_pool_put(pool, k->bytes, k->len);
    *k = (struct aw_kept_head){.bytes = NULL};
}

void aw_heads_keep(const struct aw_step *st, struct aw_open *s, enum aw_which_head which,
                   const struct aw_http_event *ev)
{
    const struct aw_span raw = ev->head->raw;
    struct aw_pool *pool = st->xs->room->pool;
    struct aw_kept_head *k = &s->head[which];
    if (!(s->ex.req & AW_REQ_EXPECT) || raw.len == 0) return;
    if (which != AW_REQUEST_HEAD && aw_head_odd_bytes(raw)) s->ex.flags |= AW_F_AMBIGUOUS;
    forget(pool, k);
    const uint32_t len = raw.len < HEAD_MOST ? (uint32_t)raw.len : HEAD_MOST;
    uint8_t *bytes = aw_pool_get(pool, len);
    if (!bytes) {
        st->xs->room->stats.no_memory++;
        return;
    }
    memcpy(bytes, raw.p, len);
    *k = (struct aw_kept_head){.bytes = bytes, .len = len, .off = ev->off};
}

void aw_heads_compare(const struct aw_step *st, struct aw_open *s, const struct aw_chunk *c,
                      aw_off end)
{
    const unsigned first = c->dir == AW_C2S ? AW_REQUEST_HEAD : AW_INTERIM_HEAD;
    const unsigned last = c->dir == AW_C2S ? AW_REQUEST_HEAD : AW_FINAL_HEAD;
    for (unsigned i = first; i <= last && c->data; i++) {
        const struct aw_kept_head *k = &s->head[i];
        const aw_off from = c->off > k->off ? c->off : k->off;
        const aw_off to = end < k->off + k->len ? end : k->off + k->len;
        if (!k->bytes || from >= to ||
            memcmp(c->data + (from - c->off), k->bytes + (from - k->off), (size_t)(to - from)) == 0)
            continue;
        s->ex.flags |= AW_F_CONFLICT;
        aw_flow_conflict(st->flow);
    }
}

void aw_heads_forget(struct aw_pool *pool, struct aw_open *s)
{
    for (unsigned i = 0; i < AW_WHICH_HEADS; i++)
        forget(pool, &s->head[i]);
}
