/*
 * One connection captured before and after address translation: the same handshake and the same
 * request under two names. It is told of under the first, as long as that is open; exchanges under
 * the other get no record. Told by both initial sequence numbers and the first request; never where
 * a client asks again, whose port is another then.
 *
 * Bounded: the latest of each place in a table. Cost: a hash of a connection's first request line.
 */
#include "link/inside.h"

#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

/* Numbers that a program made up for a capture are small, and alike in many connections. */
enum { MADE_UP = 1 << 20 };

static uint64_t hash_of(const struct aw_link *l, const struct aw_opening *x)
{
    static const enum aw_text same[] = {AW_TEXT_METHOD, AW_TEXT_TARGET, AW_TEXT_HOST,
                                        AW_TEXT_EXPECT};
    const int64_t numbers[] = {x->declared, x->conn.isn[AW_C2S], x->conn.isn[AW_S2C]};
    uint64_t h =
        XXH3_64bits_withSecret(numbers, sizeof numbers, l->config.secret, sizeof l->config.secret);
    for (unsigned i = 0; i < sizeof same / sizeof *same; i++) {
        const struct aw_span s = x->text[same[i]];
        if (s.len > 0)
            h ^= XXH3_64bits_withSeed(s.p, s.len, h + i);
        else
            h += i + 1;
    }
    return h;
}

static bool same_host(const struct aw_addr *a, const struct aw_addr *b)
{
    return a->v6 == b->v6 && memcmp(a->b, b->b, sizeof a->b) == 0;
}

/* What a connection is under another name. */
static struct aw_open_id *known(struct aw_link *l, uint64_t ord)
{
    return l->twins > 0 ? aw_ids_open(&l->open, ord, 0) : NULL;
}

void aw_twin_gone(struct aw_link *l, uint64_t ord)
{
    struct aw_open_id *same = known(l, ord);
    if (same == NULL) return;
    aw_ids_remove_open(&l->open, same);
    l->twins--;
}

bool aw_twin_opened(struct aw_link *l, const struct aw_conn_id *conn, const struct aw_opening *x)
{
    const struct aw_mark *head = &x->at[AW_AT_HEAD];
    if (conn == NULL) return false;
    const struct aw_open_id *same = known(l, conn->ord);
    if (same) return aw_ids_conn(&l->conns, same->id) != NULL;
    if (x->nth != 1 || !x->conn.handshake || !aw_seen(head)) return false;
    if (x->conn.isn[AW_C2S] < MADE_UP || x->conn.isn[AW_S2C] < MADE_UP) return false;
    const uint64_t hash = hash_of(l, x);
    struct aw_twin *t = &l->twin[hash % AW_TWINS];
    const aw_ns apart = head->ts > t->head ? head->ts - t->head : t->head - head->ts;
    const bool again = same_host(&t->addr[AW_C2S], &x->conn.addr[AW_C2S]) &&
                       t->port[AW_C2S] != x->conn.port[AW_C2S];
    if (t->ord != 0 && t->hash == hash && !again &&
        apart <= l->config.threshold[AW_T_COPY_WINDOW] && aw_ids_conn(&l->conns, t->ord)) {
        struct aw_open_id *s = aw_ids_add_open(&l->open, conn->ord, 0);
        if (s == NULL) return false;
        s->id = t->ord;
        l->twins++;
        return true;
    }
    *t = (struct aw_twin){.hash = hash, .ord = x->conn.ord, .head = head->ts};
    memcpy(t->addr, x->conn.addr, sizeof t->addr);
    memcpy(t->port, x->conn.port, sizeof t->port);
    return false;
}
