/*
 * Attempts. Exchanges that could be attempts of one request stand in a group in the order in which
 * they began. One that failed looks for the next in its group that began after its end; when that
 * one has ended, and no other ran beside it, the two are joined. A 417 is held until the chain that
 * it began is over or nothing continues it within the retry window.
 *
 * On the same connection the next request is the continuation, whatever runs elsewhere. Otherwise
 * two that run side by side, or one that could continue two, are joined to nothing.
 */
#include "link/inside.h"

#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "exchange/exchange.h"

enum {
    GROUP_MOST = 1 << 16, /* members of a group; more are not joined */
    HISTORY = 64,         /* attempts kept before the one under way, for runs and evidence */
    RIVALS_MOST = 64,     /* members looked at for one that the same retry fits as well */
    NEWER_MOST = 256,     /* members looked at for a retry */
};

/* --- groups --- */

/* Bytes of a key, hashed at once where they are few, as they nearly always are. */
struct key_bytes {
    XXH3_state_t state; /* set up once `buf` has overflowed */
    bool spilt;
    size_t used;
    uint8_t buf[512];
};

static void add_bytes(const struct aw_link *l, struct key_bytes *k, const void *bytes, size_t len)
{
    /* cppcheck-suppress ctuuninitvar ; key_of sets `spilt` and `used`, all that is read */
    if (!k->spilt && len <= sizeof k->buf - k->used) {
        if (len > 0) memcpy(k->buf + k->used, bytes, len);
        k->used += len;
        return;
    }
    if (!k->spilt) {
        XXH3_128bits_reset_withSecret(&k->state, l->config.secret, sizeof l->config.secret);
        XXH3_128bits_update(&k->state, k->buf, k->used);
        k->spilt = true;
    }
    XXH3_128bits_update(&k->state, bytes, len);
}

static void key_of(const struct aw_link *l, const struct aw_opening *x, uint64_t key[2])
{
    static const enum aw_text same[] = {AW_TEXT_METHOD, AW_TEXT_HOST, AW_TEXT_TARGET,
                                        AW_TEXT_USER_AGENT};
    struct key_bytes k;
    k.spilt = false;
    k.used = 0;
    const struct aw_addr *client = &x->conn.addr[AW_C2S];
    const uint8_t v6 = client->v6;
    add_bytes(l, &k, client->b, sizeof client->b);
    add_bytes(l, &k, &v6, 1);
    add_bytes(l, &k, &x->declared, sizeof x->declared);
    for (unsigned i = 0; i < sizeof same / sizeof *same; i++) {
        const struct aw_span s = x->text[same[i]];
        const uint64_t len = s.p ? (uint64_t)s.len : UINT64_MAX;
        add_bytes(l, &k, &len, sizeof len);
        if (s.p) add_bytes(l, &k, s.p, s.len);
    }
    const XXH128_hash_t hash =
        k.spilt ? XXH3_128bits_digest(&k.state)
                : XXH3_128bits_withSecret(k.buf, k.used, l->config.secret, sizeof l->config.secret);
    key[0] = hash.low64;
    key[1] = hash.high64;
}

static struct aw_group **bucket_of(struct aw_link *l, const uint64_t key[2])
{
    return &l->bucket[(size_t)key[0] & l->bucket_mask];
}

static bool more_buckets(struct aw_link *l)
{
    const size_t had = l->bucket ? l->bucket_mask + 1 : 0, size = had ? had * 2 : 64;
    struct aw_group **old = l->bucket;
    struct aw_group **grown = aw_link_get(l, size * sizeof(*grown));
    if (grown == NULL) return had != 0;
    memset(grown, 0, size * sizeof(*grown));
    l->bucket = grown;
    l->bucket_mask = size - 1;
    for (size_t i = 0; i < had; i++) {
        for (struct aw_group *g = old[i], *next; g; g = next) {
            next = g->in_bucket;
            struct aw_group **b = bucket_of(l, g->key);
            g->in_bucket = *b;
            *b = g;
        }
    }
    aw_link_put(l, old, had * sizeof(*old));
    return true;
}

/* Which count of groups x's client falls to: 0 there says that x belongs to none, without a look at
 * the rest of its key. */
static uint32_t client_of(const struct aw_link *l, const struct aw_opening *x)
{
    const struct aw_addr *client = &x->conn.addr[AW_C2S];
    return (uint32_t)XXH3_64bits_withSecret(client->b, sizeof client->b, l->config.secret,
                                            sizeof l->config.secret) %
           AW_CLIENT_COUNTS;
}

static struct aw_group *group_of(struct aw_link *l, const struct aw_opening *x, bool make)
{
    uint64_t key[2];
    const uint32_t client = client_of(l, x);
    if (l->client_groups[client] == 0 && !make) return NULL;
    key_of(l, x, key);
    if (l->bucket)
        for (struct aw_group *g = *bucket_of(l, key); g; g = g->in_bucket)
            if (g->key[0] == key[0] && g->key[1] == key[1]) return g;
    if (!make) return NULL;
    if ((l->bucket == NULL || l->groups > l->bucket_mask) && !more_buckets(l)) return NULL;
    struct aw_group *g = aw_link_get(l, sizeof *g);
    if (g == NULL) return NULL;
    struct aw_group **b = bucket_of(l, key);
    *g = (struct aw_group){.key = {key[0], key[1]}, .client = client, .in_bucket = *b};
    *b = g;
    l->groups++;
    l->client_groups[client]++;
    return g;
}

static void drop_group(struct aw_link *l, struct aw_group *g)
{
    struct aw_group **at = bucket_of(l, g->key);
    while (*at != g)
        at = &(*at)->in_bucket;
    *at = g->in_bucket;
    l->groups--;
    l->client_groups[g->client]--;
    aw_link_put(l, g, sizeof *g);
}

/* --- members --- */

static struct aw_member *join_group(struct aw_link *l, struct aw_group *g,
                                    const struct aw_opening *x, uint64_t id, uint64_t conn_id)
{
    if (g->count >= GROUP_MOST) return NULL;
    struct aw_member *m = aw_link_get(l, sizeof *m);
    if (m == NULL) return NULL;
    const struct aw_mark *first = &x->at[AW_AT_REQ_FIRST];
    *m = (struct aw_member){.group = g,
                            .older = g->newest,
                            .id = id,
                            .conn_id = conn_id,
                            .conn_ord = x->conn.ord,
                            .chain_id = id,
                            .nth = x->nth,
                            .attempt = 1,
                            .expect = (x->req & AW_REQ_EXPECT) != 0,
                            .pipelined = (x->flags & AW_F_PIPELINED) != 0,
                            .fresh = x->nth == 1 && x->conn.handshake,
                            .begin = aw_seen(first) ? first->ts : l->now,
                            .packet = first->ref,
                            .head = x->at[AW_AT_HEAD],
                            .client = x->conn.addr[AW_C2S],
                            .server = x->conn.addr[AW_S2C],
                            .server_port = x->conn.port[AW_S2C]};
    *(g->newest ? &g->newest->newer : &g->oldest) = m;
    g->newest = m;
    g->count++;
    return m;
}

static bool is_busy(const struct aw_member *m)
{
    return !m->closed || m->held || m->undecided || m->late || m->inners_open > 0;
}

/* One of the next attempts is not over: it may ask for this one. */
static bool is_history(const struct aw_member *m)
{
    unsigned steps = 0;
    for (const struct aw_member *i = m->next; i && steps < HISTORY; i = i->next, steps++)
        if (is_busy(i)) return true;
    return false;
}

/* Frees the oldest members of a group that nothing asks for any more. */
static void sweep(struct aw_link *l, struct aw_group *g)
{
    while (g->oldest && !is_busy(g->oldest) && !is_history(g->oldest)) {
        struct aw_member *m = g->oldest;
        g->oldest = m->newer;
        *(m->newer ? &m->newer->older : &g->newest) = NULL;
        if (m->next) m->next->prev = NULL;
        if (m->prev) m->prev->next = NULL;
        g->count--;
        aw_legs_free(l, m);
        aw_link_put(l, m, sizeof *m);
    }
    if (g->oldest == NULL) drop_group(l, g);
}

void aw_chain_sweep(struct aw_link *l, struct aw_member *m)
{
    sweep(l, m->group);
}

/* --- the list of those that look for a retry --- */

static aw_ns deadline(const struct aw_link *l, const struct aw_member *m)
{
    return m->end + l->config.threshold[AW_T_RETRY_WINDOW];
}

/* `recheck` moves behind that of the last: they are looked at in the order of the list. */
static void wait_add(struct aw_link *l, struct aw_member *m, aw_ns recheck)
{
    m->undecided = true;
    m->recheck = l->wait_last && l->wait_last->recheck > recheck ? l->wait_last->recheck : recheck;
    m->wait_up = l->wait_last;
    m->wait_down = NULL;
    *(l->wait_last ? &l->wait_last->wait_down : &l->wait_first) = m;
    l->wait_last = m;
}

/* By the engine's clock: one wild time stamp must not hold back all that wait behind it. */
static aw_ns wait_until(const struct aw_link *l, const struct aw_member *m)
{
    return (m->end < l->now ? m->end : l->now) + l->config.threshold[AW_T_RETRY_WINDOW];
}

static void wait_remove(struct aw_link *l, struct aw_member *m)
{
    if (!m->undecided) return;
    m->undecided = false;
    *(m->wait_up ? &m->wait_up->wait_down : &l->wait_first) = m->wait_down;
    *(m->wait_down ? &m->wait_down->wait_up : &l->wait_last) = m->wait_up;
    m->wait_up = m->wait_down = NULL;
}

/* --- records --- */

static struct aw_attempt attempt_of(const struct aw_member *m)
{
    return (struct aw_attempt){
        .id = m->id,
        .conn_id = m->conn_id,
        .status = m->status,
        .expect = m->expect,
        .same_connection = m->prev && m->prev->conn_ord == m->conn_ord,
        .fresh = m->fresh,
        .incomplete = m->incomplete,
        .begin = m->begin,
        .end = m->end,
        .sent = m->sent,
        .packet = m->packet,
        .final_packet = m->final_packet,
    };
}

/* Lays out the chain around m in l->chain; 0 where m is alone, or there is no memory. */
static unsigned lay_out(struct aw_link *l, const struct aw_member *m, unsigned *place)
{
    const struct aw_member *root = m;
    size_t count = 1;
    *place = 0;
    for (; root->prev; root = root->prev)
        (*place)++;
    for (const struct aw_member *i = root; i->next; i = i->next)
        count++;
    if (count == 1) return 0;
    if (count > l->chain_room) {
        const struct aw_alloc *alloc = &l->config.alloc;
        const size_t room = count * 2;
        struct aw_attempt *grown = alloc->resize(alloc->ctx, l->chain, room * sizeof *grown);
        if (grown == NULL) return 0;
        l->chain = grown;
        l->chain_room = room;
    }
    size_t i = 0;
    for (const struct aw_member *at = root; at; at = at->next)
        l->chain[i++] = attempt_of(at);
    return (unsigned)count;
}

static uint32_t attempts_of(const struct aw_member *m)
{
    while (m->next)
        m = m->next;
    return m->attempt;
}

static const struct aw_outlook unknown_outlook = {.input_left = AW_NS_NONE, .window_open = true};

/* m NULL: of no attempt. */
static struct aw_case case_of(const struct aw_link *l, const struct aw_member *m, unsigned len,
                              unsigned place, struct aw_outlook out)
{
    return (struct aw_case){
        .brief = l->config.brief,
        .terse = l->config.terse,
        .memo = l->memo,
        .chain = len ? l->chain : NULL,
        .chain_len = len,
        .place = len ? place : 0,
        .refused_run = m ? m->refused_run : 0,
        .failed_run = m ? m->failed_run : 0,
        .input_left = out.input_left,
        .retry_window_open = out.window_open,
    };
}

void aw_chain_record(struct aw_link *l, struct aw_member *m, const struct aw_exchange *x,
                     struct aw_when when, struct aw_outlook outlook)
{
    if (aw_legs_put_off(l, m, x, when, outlook)) return;
    unsigned place;
    const unsigned len = lay_out(l, m, &place);
    struct aw_case c = case_of(l, m, len, place, outlook);
    c.self = x;
    aw_legs_case(l, m, &c);
    aw_ready_add(l, x, &c, m, attempts_of(m), when);
}

static void unhold(struct aw_link *l, struct aw_member *m)
{
    aw_link_put(l, m->held, m->held_size);
    m->held = NULL;
}

/* The chain that ends with `tail` is over: everything held in it is final. */
static void release(struct aw_link *l, struct aw_member *tail, struct aw_when when,
                    struct aw_outlook out)
{
    unsigned place;
    const unsigned len = lay_out(l, tail, &place);
    const uint32_t attempts = attempts_of(tail);
    for (struct aw_member *m = tail; m && (m->held || m == tail || m->holds_back);
         m = m->prev, place--) {
        m->holds_back = false;
        if (m->held == NULL) continue;
        const struct aw_outlook seen = m == tail ? out : unknown_outlook;
        if (aw_legs_put_off(l, m, m->held, when, seen)) {
            unhold(l, m);
            continue;
        }
        struct aw_case c = case_of(l, m, len, place, seen);
        c.self = m->held;
        aw_legs_case(l, m, &c);
        aw_ready_add(l, m->held, &c, m, attempts, when);
        unhold(l, m);
    }
}

/* --- joining --- */

static bool next_on_connection(const struct aw_member *a, const struct aw_member *b)
{
    return a->conn_ord == b->conn_ord && b->nth == a->nth + 1;
}

static bool could_continue(const struct aw_link *l, const struct aw_member *a,
                           const struct aw_member *b)
{
    if (b->continues || b == a || b->begin > deadline(l, a)) return false;
    /* On one connection order tells more than times do; and a client that asks again has its
     * answer, captured or not. */
    if (next_on_connection(a, b) && (!b->pipelined || a->incomplete)) return true;
    return b->begin >= a->end;
}

/* What continues a: NULL = nothing so far. Sets *rival where another ran beside it. */
static struct aw_member *candidate(const struct aw_link *l, const struct aw_member *a, bool *rival)
{
    struct aw_member *first = NULL;
    unsigned looked = 0;
    *rival = false;
    for (struct aw_member *m = a->newer; m && looked < NEWER_MOST; m = m->newer, looked++) {
        const bool own = next_on_connection(a, m);
        if (m->begin > deadline(l, a)) break;
        if (!own && first && first->closed && m->begin >= first->end) {
            if (!a->asked_again) break;
            continue;
        }
        if (!could_continue(l, a, m)) continue;
        if (own) {
            *rival = false;
            return m;
        }
        if (first)
            *rival = true;
        else
            first = m;
    }
    return first;
}

/* Another that waits could be continued by f as well, and has no better candidate. */
static bool wanted_elsewhere(const struct aw_link *l, const struct aw_member *a,
                             const struct aw_member *f)
{
    unsigned looked = 0;
    for (const struct aw_member *m = f->older; m && looked < RIVALS_MOST; m = m->older, looked++) {
        if (m == a || !m->undecided || !could_continue(l, m, f)) continue;
        bool rival;
        if (candidate(l, m, &rival) == f) return true;
    }
    return false;
}

static void count_runs(const struct aw_link *l, struct aw_member *m)
{
    m->refused_run = m->status == 417 && m->expect ? 1 : 0;
    if (m->refused_run && m->prev) m->refused_run += m->prev->refused_run;
    m->failed_run = m->status >= 400 ? 1 : 0;
    if (m->failed_run == 0) return;
    unsigned steps = 0;
    for (const struct aw_member *i = m->prev; i && steps < HISTORY; i = i->prev, steps++) {
        if (m->begin - i->begin > l->config.threshold[AW_T_LOOP_SPAN]) break;
        if (i->status == m->status)
            m->failed_run++;
        else if (i->status != 0 || !i->incomplete) /* else what it got was not captured */
            break;
    }
}

static void join(struct aw_link *l, struct aw_member *a, struct aw_member *f)
{
    a->next = f;
    f->prev = a;
    f->continues = true;
    /* a may be told of after f found its own retry: that one's place moves as well. */
    for (; f; f = f->next) {
        f->chain_id = f->prev->chain_id;
        f->attempt = f->prev->attempt + 1;
        count_runs(l, f);
    }
    l->stats.linked++;
}

/* Decides what continues a, as soon as that can be told. True where it can. */
static bool decide(struct aw_link *l, struct aw_member *a)
{
    bool rival;
    struct aw_member *f = candidate(l, a, &rival);
    if (f == NULL || !f->closed) return false;
    wait_remove(l, a);
    if (rival || f->contested) return true;
    if (!next_on_connection(a, f) && wanted_elsewhere(l, a, f)) {
        f->contested = true;
        return true;
    }
    join(l, a, f);
    return true;
}

/* After `closed` has ended: those of its group that looked for a retry may know now. The ones that
 * turn out to be alone are final. */
static void decide_group(struct aw_link *l, struct aw_member *closed, struct aw_when when)
{
    unsigned looked = 0;
    struct aw_member *up = NULL;
    for (struct aw_member *m = closed->older; m && looked < RIVALS_MOST; m = up, looked++) {
        up = m->older;
        if (!m->undecided || !decide(l, m)) continue;
        /* A retry that was written already, as memory asked for, does not bring this one along. */
        const struct aw_member *f = m->next;
        if (f == NULL || (f != closed && !f->held && !f->holds_back))
            release(l, m, when, unknown_outlook);
    }
}

/* --- door --- */

struct aw_member *aw_chain_opened(struct aw_link *l, const struct aw_opening *x, uint64_t id,
                                  uint64_t conn_id)
{
    const bool expect = (x->req & AW_REQ_EXPECT) != 0;
    if (x->flags & AW_F_REQ_UNSEEN) return NULL;
    struct aw_group *g = group_of(l, x, expect);
    if (g == NULL) return NULL;
    struct aw_member *m = join_group(l, g, x, id, conn_id);
    if (m == NULL && g->oldest == NULL) drop_group(l, g);
    return m;
}

static void take_end(struct aw_member *m, const struct aw_exchange *x, struct aw_when when)
{
    const struct aw_mark *final = &x->at[AW_AT_FINAL];
    const uint32_t unseen = AW_F_HOLE_REQ_HEAD | AW_F_HOLE_RESPONSE | AW_F_HOLE_FINAL |
                            AW_F_NO_SERVER_SIDE | AW_F_NO_CLIENT_SIDE | AW_F_EVICTED;
    m->closed = m->ended = true;
    m->asked_again = aw_seen(&x->next_request);
    m->client = x->conn.addr[AW_C2S];
    m->server = x->conn.addr[AW_S2C];
    m->server_port = x->conn.port[AW_S2C];
    m->over = when.ts;
    m->left = !x->final_complete && x->conn.close != AW_CONN_OPEN && x->conn.closed_by == AW_C2S;
    m->status = x->status;
    m->sent = x->sent;
    m->incomplete = (x->flags & unseen) != 0;
    m->final_packet = final->ref;
    m->end = when.ts;
    if (x->status != 0 && aw_seen(final))
        m->end = final->ts;
    else if (x->conn.close != AW_CONN_OPEN && aw_seen(&x->conn.closed_at))
        m->end = x->conn.closed_at.ts;
}

/* A 417 waits; so does nothing else, but others that failed may be continued as well. */
static bool failed(const struct aw_exchange *x)
{
    return x->status == 0 || x->status >= 400;
}

void aw_chain_closed(struct aw_link *l, struct aw_member *m, const struct aw_member *outer,
                     const struct aw_exchange *x, struct aw_when when)
{
    if (m == NULL && x->status == 417 && !(x->flags & AW_F_REQ_UNSEEN)) {
        /* Only its answer makes it one whose retry is of interest. */
        struct aw_opening o;
        aw_opening_of(&o, x);
        struct aw_group *g = group_of(l, &o, true);
        if (g) m = join_group(l, g, &o, x->id, x->conn_id);
        if (g && m == NULL && g->oldest == NULL) drop_group(l, g);
    }
    if (m == NULL) {
        struct aw_case c = case_of(l, NULL, 0, 0, unknown_outlook);
        c.self = x;
        if (outer) {
            struct aw_outer known = aw_legs_outer(outer);
            const struct aw_member leg = {.outer = &known};
            aw_legs_case(l, &leg, &c);
        }
        aw_ready_add(l, x, &c, NULL, 1, when);
        return;
    }
    take_end(m, x, when);
    if (outer) {
        m->outer = aw_link_get(l, sizeof *m->outer);
        if (m->outer)
            *m->outer = aw_legs_outer(outer);
        else
            l->stats.let_go++;
    }
    aw_legs_closed(l, m);
    count_runs(l, m);
    decide_group(l, m, when);
    if (failed(x) && (aw_is_expectation(x) || m->prev)) wait_add(l, m, wait_until(l, m));

    if (x->status == 417) {
        m->held_size = aw_exchange_size(x);
        void *mem = aw_link_get(l, m->held_size);
        if (mem) m->held = aw_exchange_copy(mem, m->held_size, x);
    }
    const bool held = m->held != NULL;
    /* The request that ended it becomes known next, and goes before all others. */
    if (m->undecided && !m->asked_again) decide(l, m);
    if (!held) {
        /* Final at once; and with it the 417s before it, unless it failed as well and one more
         * attempt may still go through. */
        m->holds_back =
            m->undecided && failed(x) && m->prev && (m->prev->held || m->prev->holds_back);
        if (!m->holds_back) release(l, m, when, unknown_outlook);
        aw_chain_record(l, m, x, when, unknown_outlook);
    } else if (!m->undecided && (m->next == NULL || !m->next->held)) {
        release(l, m, when, unknown_outlook);
    }
    sweep(l, m->group);
}

void aw_chain_lost(struct aw_link *l, struct aw_member *m)
{
    m->closed = m->ended = m->incomplete = true;
    m->over = m->end = l->now;
    aw_legs_closed(l, m);
    sweep(l, m->group);
}

/* m has no retry, or none that can be told. */
static void settle_alone(struct aw_link *l, struct aw_member *m, struct aw_when when,
                         struct aw_outlook out)
{
    struct aw_group *g = m->group;
    wait_remove(l, m);
    release(l, m, when, out);
    sweep(l, g);
}

/* m looked for a retry long enough, or the input is over: joined to the one that has ended by now,
 * else alone. */
static void decide_late(struct aw_link *l, struct aw_member *m, struct aw_when when,
                        struct aw_outlook alone)
{
    if (!decide(l, m))
        settle_alone(l, m, when, alone);
    else if (m->next == NULL || !m->next->held)
        settle_alone(l, m, when, unknown_outlook);
    /* else the chain goes on: its end releases all of it */
}

aw_ns aw_chain_due(const struct aw_link *l)
{
    return l->wait_first ? l->wait_first->recheck : INT64_MAX;
}

void aw_chain_expire(struct aw_link *l, aw_ns clock)
{
    const aw_ns window = l->config.threshold[AW_T_RETRY_WINDOW];
    struct aw_member *m = l->wait_first;
    bool rival;
    const struct aw_member *f = candidate(l, m, &rival);
    if (f && !f->closed) {
        /* A retry is under way, and its end will decide: look again later, lest it is lost. */
        const aw_ns step = window > AW_SEC ? window : AW_SEC;
        wait_remove(l, m);
        wait_add(l, m, clock + (step - (clock - m->recheck) % step) % step);
        return;
    }
    const struct aw_when when = {.ts = m->recheck}; /* of no packet */
    decide_late(l, m, when, (struct aw_outlook){.input_left = window, .window_open = false});
}

bool aw_chain_let_go(struct aw_link *l)
{
    const struct aw_when when = {.ts = l->now, .ord = l->ord};
    struct aw_member *m = l->wait_first;
    if (m == NULL) return false;
    if (m->held || m->prev) l->stats.let_go++;
    settle_alone(l, m, when, unknown_outlook);
    return true;
}

void aw_chain_finish(struct aw_link *l, aw_ns last)
{
    if (last == AW_NS_NONE) last = l->now;
    const struct aw_when when = {.ts = last, .ord = UINT64_MAX};
    while (l->wait_first) {
        struct aw_member *m = l->wait_first;
        const struct aw_outlook out = {.input_left = last > m->end ? last - m->end : 0,
                                       .window_open = deadline(l, m) > last};
        decide_late(l, m, when, out);
    }
}

void aw_chain_fini(struct aw_link *l)
{
    for (size_t i = 0; l->bucket && i <= l->bucket_mask; i++) {
        for (struct aw_group *g = l->bucket[i], *next; g; g = next) {
            next = g->in_bucket;
            for (struct aw_member *m = g->oldest, *newer; m; m = newer) {
                newer = m->newer;
                if (m->held) unhold(l, m);
                aw_legs_free(l, m);
                aw_link_put(l, m, sizeof *m);
            }
            aw_link_put(l, g, sizeof *g);
        }
    }
    if (l->bucket) aw_link_put(l, l->bucket, (l->bucket_mask + 1) * sizeof(*l->bucket));
    l->config.alloc.put(l->config.alloc.ctx, l->chain);
}
