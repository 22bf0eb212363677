/*
 * One shard: the connections whose hash falls to it. Joins TCP, HTTP and exchanges of a connection,
 * and tells the link room what opened and what ended. Touches nothing another shard touches.
 *
 * Cost beside TCP's: some 3 KiB for a connection with an exchange under way, a quarter of one once
 * nothing was heard of it for a while (sleep.c), 64 bytes between exchanges (rest.c).
 */
#include "base/time.h"
#include "engine/engine.h"

#include <string.h>

enum { LOOK_EVERY = 50 * 1000 * 1000 }; /* ns of the clock, between looks at who waits */

/* Who is woken sleeps after twice the time from then on, so that who speaks now and then is not
 * packed each time. */
enum { PATIENCE_MOST = 6 };

/* What a connection needs beyond TCP, made when its first payload byte comes; between exchanges it
 * becomes an aw_rest, amid one, if it is long, an aw_sleeper. */
struct conn {
    uint8_t state;        /* AW_CONN_AWAKE */
    uint8_t patience;     /* how often it was woken, up to PATIENCE_MOST */
    struct aw_http *http; /* NULL once the connection turned out not to be HTTP */
    struct aw_exchanges *xs;
    struct conn *prev, *next;           /* in the shard's list of settling connections */
    struct conn *wait_prev, *wait_next; /* in that of connections whose client may wait */
    struct conn *older, *newer;         /* in that of all, by `look_at` */
    struct aw_flow *flow;
    aw_ns heard;      /* clock of what came last */
    aw_ns look_at;    /* when to look whether that is long ago */
    aw_ns deadline;   /* AW_NS_NONE = not in the list */
    aw_ns wait_since; /* may_wait: clock of its latest request */
    bool counted;     /* in the stats, under what it is */
    bool unheard;     /* what its client asks for is not known yet */
    bool may_wait;    /* in the list of those */
    bool told;        /* ... and it was told that it does */
    uint32_t lot;     /* the latest in which exchanges of its were closed */
    size_t untold;    /* bytes of these */
};

/* For the packet tap: which connection last had a hash, so that what comes when it is over and
 * forgotten, as the last ACK nearly always does, is told as its own. Places are shared by hash. */
enum { LATE = 1 << 14 };
struct late {
    uint64_t hash, conn; /* 0 = none */
};

struct aw_shard {
    const struct aw_config *config; /* borrowed, as all pointers to other rooms' configuration */
    struct aw_tap tap;
    struct late *late;    /* owned, LATE of them; NULL without a packet tap */
    struct aw_link *link; /* of the batch worked on: told at once; NULL = through the batch */
    struct aw_pool *pool;
    struct aw_flow_table *flows;
    struct aw_exchange_room room;
    struct aw_shard_stats stats;
    struct conn *settle_first, *settle_last; /* by deadline */
    struct conn *oldest, *newest;            /* all that are awake */
    struct aw_squeezer *squeezer;            /* owned */
    bool watch;                              /* somebody wants to know of clients that wait */
    struct conn *wait_first;                 /* in no order */
    uint64_t asleep, asleep_since;           /* more such: how many, and since when, added up (mod
                                              * 2^64, as only differences are asked for) */
    aw_ns look_at;                           /* clock at which to look through them next */
    bool closed;                             /* an exchange was, by the chunk worked on */
    struct aw_mark now;                      /* packet worked on; its ts is the clock */
    aw_ns before;                            /* the clock as of the packet before it */
    aw_ns due;         /* deadline of the timer being worked on; INT64_MAX = the packet */
    struct conn *conn; /* worked on */
    uint32_t lot;      /* counts batches */
    struct aw_tellings *tell;
    struct aw_tellings *lent_to; /* the latest that hold something of the pool, or copies */
    size_t untold;               /* bytes they hold */
};

/* Returns whether what it tells of is kept until the batch is worked on again. */
static bool tell(struct aw_shard *s, struct aw_telling telling)
{
    telling.ord = s->now.ord;
    telling.clock = s->now.ts;
    telling.before = s->before;
    telling.due = s->due;
    if (s->link) {
        aw_tell(s->link, &telling);
        return false;
    }
    const bool kept = aw_tellings_add(s->tell, &s->config->alloc, &telling);
    s->stats.no_memory += !kept;
    return kept;
}

/* --- closed exchanges, until they were told of --- */

/* Parts of the pool's budget. */
enum {
    LADEN_SHARE = 16,   /* with as much to be told of, that comes first */
    LENT_SHARE = 8,     /* lent to one batch, before more is copied */
    SPARE_SHARE = 16,   /* not in use: nothing is lent of that */
    COPY_SHARE = 2,     /* copied; from half of that on ... */
    COPY_ONE_SHARE = 8, /* ... a connection that had as much in this batch gets no more */
};

bool aw_shard_laden(const struct aw_shard *s)
{
    return s->untold > aw_pool_budget(s->pool) / LADEN_SHARE;
}

void aw_shard_take_back(struct aw_shard *s, struct aw_tellings *t)
{
    for (struct aw_tellings **at = &s->lent_to; *at; at = &(*at)->before) {
        if (*at != t) continue;
        *at = t->before;
        s->untold -= t->lent + t->copied;
        break;
    }
    t->before = NULL;
    aw_tellings_reset(t, s->pool);
}

/* What phase 3 is through with, of any batch. */
static void take_back_all(struct aw_shard *s)
{
    for (struct aw_tellings *t = s->lent_to, *before; t; t = before) {
        before = t->before;
        if (atomic_load_explicit(&t->through, memory_order_acquire)) aw_shard_take_back(s, t);
    }
}

/* Whether there is room for a copy, so that one connection does not take that of all others. */
static bool may_copy(const struct aw_shard *s, size_t size)
{
    const size_t budget = aw_pool_budget(s->pool), copied = s->tell->copied + size;
    const bool much = s->conn->untold > budget / COPY_ONE_SHARE;
    return copied <= budget / COPY_SHARE / (much ? 2 : 1);
}

/* Not so much that what is under way lacks it; and what is let go has to make room at once. */
static bool may_lend(const struct aw_shard *s, size_t size)
{
    const size_t budget = aw_pool_budget(s->pool);
    return !s->room.letting_go && aw_pool_used(s->pool) <= budget - budget / SPARE_SHARE &&
           s->tell->lent + size <= budget / LENT_SHARE;
}

/* Returns whether it is lent. */
static bool tell_closed(struct aw_shard *s, struct aw_exchange *ex)
{
    struct aw_telling telling = {.conn_ord = ex->conn.ord, .kind = AW_TELL_CLOSED, .ex = ex};
    if (s->link) return tell(s, telling);
    const size_t size = aw_exchange_size(ex);
    s->conn->untold = size + (s->conn->lot == s->lot ? s->conn->untold : 0);
    s->conn->lot = s->lot;
    telling.lent = may_lend(s, size);
    if ((telling.lent || may_copy(s, size)) && tell(s, telling)) {
        *(telling.lent ? &s->tell->lent : &s->tell->copied) += size;
        return telling.lent;
    }
    s->stats.no_memory++;
    (void)tell(s, (struct aw_telling){
                      .conn_ord = ex->conn.ord, .kind = AW_TELL_LOST, .over.nth = ex->nth});
    return false;
}

static bool on_exchange(void *ctx, enum aw_change change, struct aw_exchange *ex,
                        const struct aw_mark *at)
{
    (void)at;
    struct aw_telling telling = {.conn_ord = ex->conn.ord, .kind = AW_TELL_OPENED};
    if (change == AW_EX_CLOSED) {
        ((struct aw_shard *)ctx)->closed = true;
        return tell_closed(ctx, ex);
    }
    if (change == AW_EX_ENDED) {
        telling.kind = AW_TELL_ENDED;
        telling.over.nth = ex->nth;
        telling.over.end = ex->at[AW_AT_END].ts;
        return tell(ctx, telling);
    }
    struct aw_opening opening;
    aw_opening_of(&opening, ex);
    telling.opening = &opening;
    return tell(ctx, telling);
}

/* --- settling: a list by deadline; all wait equally long, so the end is nearly always the place
 * --- */

static void settle_remove(struct aw_shard *s, struct conn *c)
{
    if (c->deadline == AW_NS_NONE) return;
    *(c->prev ? &c->prev->next : &s->settle_first) = c->next;
    *(c->next ? &c->next->prev : &s->settle_last) = c->prev;
    c->prev = c->next = NULL;
    c->deadline = AW_NS_NONE;
}

static bool settles_after(const struct conn *a, const struct conn *b)
{
    if (a->deadline != b->deadline) return a->deadline > b->deadline;
    return aw_flow_ord(a->flow) > aw_flow_ord(b->flow);
}

static void settle_move(struct aw_shard *s, struct conn *c, aw_ns deadline)
{
    settle_remove(s, c);
    if (deadline == AW_NS_NONE) return;
    c->deadline = deadline;
    struct conn *after = s->settle_last;
    while (after && settles_after(after, c))
        after = after->prev;
    c->prev = after;
    c->next = after ? after->next : s->settle_first;
    *(c->prev ? &c->prev->next : &s->settle_first) = c;
    *(c->next ? &c->next->prev : &s->settle_last) = c;
}

static void settle_update(struct aw_shard *s, struct conn *c)
{
    const aw_ns deadline = aw_exchanges_deadline(c->xs);
    if (deadline != c->deadline) settle_move(s, c, deadline);
}

static void let_rest(struct aw_shard *s, struct conn *c);

/* Timers of TCP and those of exchanges by deadline, as batch.c sorts what they tell. */
static void run_timers(struct aw_shard *s)
{
    while (s->settle_first && s->settle_first->deadline <= s->now.ts) {
        const aw_ns due = s->settle_first->deadline;
        aw_flow_tick_until(s->flows, &s->now, due);
        struct conn *c = s->settle_first; /* TCP's may have changed the list */
        if (!c || c->deadline != due) continue;
        s->due = due;
        settle_remove(s, c);
        s->conn = c;
        aw_exchanges_settle(c->xs, c->flow, &s->now);
        settle_update(s, c);
        let_rest(s, c);
    }
    aw_flow_tick(s->flows, &s->now);
    s->due = INT64_MAX;
}

/* --- clients that wait, where somebody watches --- */

static void wait_remove(struct aw_shard *s, struct conn *c)
{
    if (!c->may_wait) return;
    *(c->wait_prev ? &c->wait_prev->wait_next : &s->wait_first) = c->wait_next;
    if (c->wait_next) c->wait_next->wait_prev = c->wait_prev;
    c->wait_prev = c->wait_next = NULL;
    c->may_wait = false;
}

/* Whatever comes of it: most do not wait by the time they are looked at. */
static void wait_add(struct aw_shard *s, struct conn *c)
{
    c->wait_since = s->now.ts;
    c->told = false;
    if (c->may_wait) return;
    c->wait_next = s->wait_first;
    if (s->wait_first) s->wait_first->wait_prev = c;
    s->wait_first = c;
    c->may_wait = true;
}

/* Those that were told of may sleep: until they are heard of they just wait on, unless they did not
 * any more and nobody has looked since. */
static void wait_asleep(struct aw_shard *s, struct conn *c, struct aw_sleeper *z)
{
    if (!c->may_wait || !aw_exchanges_waiting(c->xs)) return;
    z->waits_since = c->wait_since;
    s->asleep++;
    s->asleep_since += (uint64_t)c->wait_since;
}

static void wait_awake(struct aw_shard *s, struct aw_sleeper *z)
{
    if (z->waits_since == AW_NS_NONE) return;
    s->asleep--;
    s->asleep_since -= (uint64_t)z->waits_since;
    z->waits_since = AW_NS_NONE;
}

/* Counts those that have waited W or longer by the time of `at`, and tells of each once. */
static void look_who_waits(struct aw_shard *s, const struct aw_mark *at)
{
    if (at->ts < s->look_at) return;
    s->look_at = at->ts + LOOK_EVERY;
    s->due = INT64_MAX;
    s->stats.waiting = s->asleep;
    s->stats.waited = s->asleep * (uint64_t)at->ts - s->asleep_since;
    for (struct conn *c = s->wait_first, *next; c; c = next) {
        next = c->wait_next;
        const struct aw_exchange *x = aw_exchanges_waiting(c->xs);
        if (!x) {
            wait_remove(s, c);
            continue;
        }
        const aw_ns waited = at->ts - c->wait_since;
        if (waited < aw_case_w(&x->conn, s->config->threshold)) continue;
        s->stats.waiting++;
        s->stats.waited += (uint64_t)waited;
        if (c->told) continue;
        c->told = true;
        (void)tell(s, (struct aw_telling){.kind = AW_TELL_WAITING,
                                          .conn_ord = x->conn.ord,
                                          .waited = waited,
                                          .waiting = x});
    }
}

/* --- those of which nothing is heard --- */

static void awake_remove(struct aw_shard *s, struct conn *c)
{
    *(c->older ? &c->older->newer : &s->oldest) = c->newer;
    *(c->newer ? &c->newer->older : &s->newest) = c->older;
}

/* Looked at again after a time that is the same for all, so that none stands behind another's. */
static void awake_add(struct aw_shard *s, struct conn *c)
{
    c->look_at = aw_later(s->now.ts, s->config->sleep_after);
    c->older = s->newest;
    c->newer = NULL;
    *(c->older ? &c->older->newer : &s->oldest) = c;
    s->newest = c;
}

static void conn_free(struct aw_shard *s, struct conn *c);

/* Packs it; where that does not go, or saves nothing, it stays as it is. Whoever is yet to be told
 * that its client waits is looked at all the time. */
static void fall_asleep(struct aw_shard *s, struct conn *c)
{
    if (!c->http || (c->may_wait && !c->told) || c->deadline != AW_NS_NONE) return;
    struct aw_sleeper *z = aw_sleeper_new(s->pool, s->squeezer, c->http, c->xs);
    if (!z) return;
    z->counted = c->counted;
    z->unheard = c->unheard;
    z->patience = c->patience;
    wait_asleep(s, c, z);
    *aw_flow_app(c->flow) = z;
    conn_free(s, c);
}

static void look_who_sleeps(struct aw_shard *s)
{
    const struct conn *const last = s->newest;
    for (bool more = last != NULL; more && s->oldest->look_at <= s->now.ts;) {
        struct conn *c = s->oldest;
        more = c != last;
        awake_remove(s, c);
        awake_add(s, c);
        if (aw_later(c->heard, s->config->sleep_after << c->patience) <= s->now.ts)
            fall_asleep(s, c);
    }
}

/* --- a connection's life --- */

static struct aw_link_way way_of(const struct aw_flow *flow)
{
    struct aw_link_way way;
    aw_flow_way(flow, &way.client, &way.server, &way.server_port);
    return way;
}

static void on_open(void *ctx, struct aw_flow *flow)
{
    const struct aw_link_way way = way_of(flow);
    (void)tell(ctx, (struct aw_telling){.kind = AW_TELL_CONNECTION,
                                        .conn_ord = aw_flow_ord(flow),
                                        .way = aw_flow_syn_seen(flow) ? &way : NULL});
}

/* What the link room has to know: that a client was heard of, or that there may have been a request
 * of its that was not captured. */
static void tell_heard(struct aw_shard *s, struct aw_flow *flow)
{
    (void)tell(s, (struct aw_telling){.kind = AW_TELL_HEARD, .conn_ord = aw_flow_ord(flow)});
}
static void tell_unheard(struct aw_shard *s, struct aw_flow *flow)
{
    const struct aw_link_way way = way_of(flow);
    (void)tell(s, (struct aw_telling){
                      .kind = AW_TELL_UNHEARD, .conn_ord = aw_flow_ord(flow), .way = &way});
}

/* The client ended the connection, or was refused one. */
static bool has_nothing_to_say(const struct aw_flow *flow, const struct aw_chunk *chunk)
{
    if (chunk->kind == AW_CHUNK_FIN) return chunk->dir == AW_C2S;
    if (chunk->kind != AW_CHUNK_CLOSE || chunk->close != AW_CLOSE_RST) return false;
    struct aw_conn_facts facts;
    aw_flow_facts(flow, &facts);
    return chunk->dir == AW_C2S || (facts.syn_seen[AW_C2S] && !facts.syn_seen[AW_S2C]);
}

/* A client that said nothing; bytes that are missing where a request was due. */
static void not_said(struct aw_shard *s, struct aw_flow *flow, const struct conn *c,
                     const struct aw_chunk *chunk)
{
    const bool hole = chunk->dir == AW_C2S && chunk->kind == AW_CHUNK_HOLE;
    if (!c && has_nothing_to_say(flow, chunk)) tell_heard(s, flow);
    if (c && c->http && hole && !aw_exchanges_content_due(c->xs)) tell_unheard(s, flow);
}

/* The client of a connection said something. */
static void said(struct aw_shard *s, struct conn *c)
{
    if (aw_http_amid_head(c->http)) return;
    c->unheard = false;
    tell_heard(s, c->flow);
    if (aw_http_amid_request(c->http)) tell_unheard(s, c->flow);
}

/* `begins`: with bytes that were captured. */
static struct conn *conn_new(struct aw_shard *s, struct aw_flow *flow, bool begins)
{
    struct conn *c = aw_pool_get(s->pool, sizeof *c);
    if (!c) return NULL;
    *c = (struct conn){
        .http = aw_http_new(s->pool, &s->stats.http, !aw_flow_syn_seen(flow),
                            aw_flow_client_known(flow)),
        .xs = aw_exchanges_new(&s->room),
        .flow = flow,
        .deadline = AW_NS_NONE,
        .unheard = begins,
    };
    if (c->http && c->xs) {
        awake_add(s, c);
        return c;
    }
    aw_http_free(c->http);
    if (c->xs) aw_exchanges_free(c->xs);
    aw_pool_put(s->pool, c, sizeof *c);
    return NULL;
}

/* Of what a flow's `app` points to. */
static enum aw_conn_state state_of(const void *app)
{
    return (enum aw_conn_state) * (const uint8_t *)app;
}

static void conn_free(struct aw_shard *s, struct conn *c)
{
    awake_remove(s, c);
    settle_remove(s, c);
    wait_remove(s, c);
    aw_http_free(c->http);
    aw_exchanges_free(c->xs);
    aw_pool_put(s->pool, c, sizeof *c);
}

/* Lets go of all that a connection does not need between two exchanges, if it is there. */
static void let_rest(struct aw_shard *s, struct conn *c)
{
    struct aw_http_rest http;
    struct aw_exchanges_rest xs;
    if (!aw_exchanges_rest(c->xs, &xs) || c->may_wait) return;
    if (c->http && !aw_http_rests(c->http, &http)) return;
    struct aw_rest *r =
        c->http ? aw_rest_new(s->pool, c->counted, &http, &xs) : aw_rest_over(s->pool, c->counted);
    if (!r) return;
    *aw_flow_app(c->flow) = r;
    aw_flow_rest(c->flow);
    conn_free(s, c);
}

/* A connection that goes on, with what there was memory for of http and xs. NULL: not enough. */
static struct conn *conn_again(struct aw_shard *s, struct aw_flow *flow, struct aw_http *http,
                               struct aw_exchanges *xs)
{
    struct conn *c = http && xs ? aw_pool_get(s->pool, sizeof *c) : NULL;
    if (!c) {
        aw_http_free(http);
        aw_exchanges_free(xs);
        s->stats.no_memory++;
        return NULL;
    }
    *c = (struct conn){.http = http, .xs = xs, .flow = flow, .deadline = AW_NS_NONE};
    awake_add(s, c);
    *aw_flow_app(flow) = c;
    return c;
}

/* NULL: no memory, and what was known of it is lost. */
static struct conn *conn_resume(struct aw_shard *s, struct aw_flow *flow, struct aw_rest *r)
{
    struct aw_http_rest http;
    struct aw_exchanges_rest xs;
    aw_rest_read(r, &http, &xs);
    struct conn *c = conn_again(s, flow, aw_http_resume(s->pool, &s->stats.http, &http),
                                aw_exchanges_resume(&s->room, &xs));
    if (!c) {
        r->over = true;
        return NULL;
    }
    c->counted = r->counted;
    aw_pool_put(s->pool, r, r->size);
    return c;
}

/* Likewise. */
static struct conn *conn_wake(struct aw_shard *s, struct aw_flow *flow, struct aw_sleeper *z)
{
    struct aw_http *http;
    struct aw_exchanges *xs;
    if (z->lost) return NULL;
    const aw_ns waits_since = z->waits_since;
    wait_awake(s, z);
    aw_sleeper_wake(z, s->squeezer, &s->room, &s->stats.http, flow, &http, &xs);
    struct conn *c = conn_again(s, flow, http, xs);
    if (!c) {
        z->lost = true;
        if (z->nth != 0)
            (void)tell(s, (struct aw_telling){.conn_ord = aw_flow_ord(flow),
                                              .kind = AW_TELL_LOST,
                                              .over.nth = z->nth});
        return NULL;
    }
    c->counted = z->counted;
    c->unheard = z->unheard;
    c->patience = (uint8_t)(z->patience < PATIENCE_MOST ? z->patience + 1 : PATIENCE_MOST);
    if (waits_since != AW_NS_NONE) {
        wait_add(s, c);
        c->wait_since = waits_since;
        c->told = true;
    }
    aw_pool_put(s->pool, z, z->size);
    return c;
}

/* What is left of a connection; returns whether it was counted. */
static bool app_free(struct aw_shard *s, void *app)
{
    bool counted = false;
    switch (state_of(app)) {
    case AW_CONN_AWAKE: {
        struct conn *c = app;
        counted = c->counted;
        conn_free(s, c);
        break;
    }
    case AW_CONN_RESTS: {
        struct aw_rest *r = app;
        counted = r->counted;
        aw_pool_put(s->pool, r, r->size);
        break;
    }
    case AW_CONN_SLEEPS: {
        struct aw_sleeper *z = app;
        counted = z->counted;
        aw_pool_put(s->pool, z, z->size);
        break;
    }
    }
    return counted;
}

static void on_gone(void *ctx, struct aw_flow *flow)
{
    struct aw_shard *s = ctx;
    void **app = aw_flow_app(flow);
    if (!*app)
        s->stats.conn_empty++;
    else if (!app_free(s, *app))
        s->stats.conn_other++;
    *app = NULL;
    (void)tell(s, (struct aw_telling){.kind = AW_TELL_GONE, .conn_ord = aw_flow_ord(flow)});
}

static void count_opaque(struct aw_shard *s, struct conn *c, enum aw_http_why why)
{
    if (c->counted) return;
    c->counted = true;
    if (why == AW_WHY_TLS)
        s->stats.conn_tls++;
    else if (why == AW_WHY_HTTP2)
        s->stats.conn_http2++;
    else
        s->stats.conn_other++;
}

struct delivery {
    struct aw_shard *shard;
    struct conn *conn;
};

static void on_http(void *ctx, const struct aw_http_event *ev)
{
    const struct delivery *d = ctx;
    if (ev->kind == AW_HTTP_OPAQUE) {
        count_opaque(d->shard, d->conn, ev->why);
        return;
    }
    if (!d->conn->counted && (ev->kind == AW_HTTP_REQUEST || ev->kind == AW_HTTP_RESPONSE)) {
        d->conn->counted = true;
        d->shard->stats.conn_http++;
    }
    aw_exchanges_event(d->conn->xs, d->conn->flow, ev, &d->shard->now);
    if (d->shard->watch && ev->kind == AW_HTTP_REQUEST) wait_add(d->shard, d->conn);
}

/* Returns the chunk as it is to be understood: turned around where the guess was wrong which side
 * is the client. */
static const struct aw_chunk *push_http(struct aw_shard *s, struct conn *c,
                                        const struct aw_chunk *chunk, struct aw_chunk *turned)
{
    if (!c->http) return chunk;
    struct delivery d = {.shard = s, .conn = c};
    enum aw_http_result result = aw_http_push(c->http, chunk, on_http, &d);
    if (result == AW_HTTP_SWAP) {
        aw_flow_swap(c->flow);
        *turned = *chunk;
        turned->dir = aw_dir_other(chunk->dir);
        chunk = turned;
        result = aw_http_push(c->http, chunk, on_http, &d);
    }
    if (c->unheard && chunk->kind == AW_CHUNK_DATA) said(s, c);
    if (result == AW_HTTP_IGNORE) {
        aw_http_free(c->http);
        c->http = NULL;
        if (!s->tap.stream) aw_flow_ignore(c->flow);
    }
    return chunk;
}

/* Out of line, so that without a tap nobody pays for the frame of its facts. */
__attribute__((noinline)) static void tap_stream(struct aw_shard *s, struct aw_flow *flow,
                                                 const struct aw_chunk *chunk)
{
    struct aw_conn_facts facts;
    aw_flow_facts(flow, &facts);
    const struct aw_stream_piece piece = {
        .conn_ord = facts.ord,
        .dir = chunk->dir,
        .off = chunk->off,
        .seq = aw_flow_seq(flow, chunk->dir, chunk->off),
        .data = chunk->kind == AW_CHUNK_DATA ? chunk->data : NULL,
        .len = chunk->kind == AW_CHUNK_CLOSE ? 0 : chunk->len,
        .close = chunk->kind == AW_CHUNK_CLOSE,
    };
    s->tap.stream(s->tap.ctx, &facts, &piece);
}

/* Whether a connection at rest takes the chunk as it is; else it has to go on. */
static bool rests_on(struct aw_shard *s, struct aw_flow *flow, struct aw_rest *r,
                     const struct aw_chunk *chunk)
{
    if (r->over) return true;
    switch (chunk->kind) {
    case AW_CHUNK_DATA:
    case AW_CHUNK_HOLE:
    case AW_CHUNK_WINDOW:
        break;
    case AW_CHUNK_AGAIN:
        return chunk->copy;
    case AW_CHUNK_FIN:
        if (aw_rest_end(r, chunk->dir) == AW_HTTP_IGNORE && !s->tap.stream) aw_flow_ignore(flow);
        return true;
    case AW_CHUNK_ACK:
    case AW_CHUNK_IDLE:
    case AW_CHUNK_CLOSE:
        return true;
    }
    return false;
}

/* What HTTP and exchanges make of it. Returns it as it is to be understood. */
static const struct aw_chunk *take_chunk(struct aw_shard *s, struct conn *c,
                                         const struct aw_chunk *chunk, struct aw_chunk *turned)
{
    s->closed = false;
    s->conn = c;
    c->heard = s->now.ts;
    switch (chunk->kind) {
    case AW_CHUNK_DATA:
    case AW_CHUNK_HOLE:
        chunk = push_http(s, c, chunk, turned);
        break;
    case AW_CHUNK_FIN:
    case AW_CHUNK_CLOSE:
        s->room.letting_go = chunk->close == AW_CLOSE_EVICTED;
        chunk = push_http(s, c, chunk, turned);
        s->room.letting_go = false;
        aw_exchanges_tcp(c->xs, c->flow, chunk, &s->now);
        break;
    case AW_CHUNK_AGAIN:
    case AW_CHUNK_ACK:
    case AW_CHUNK_WINDOW:
    case AW_CHUNK_IDLE:
        aw_exchanges_tcp(c->xs, c->flow, chunk, &s->now);
        break;
    }
    settle_update(s, c);
    /* Not asked at each segment of content. */
    const bool may = s->closed || !c->http || chunk->kind != AW_CHUNK_DATA;
    if (may && chunk->kind != AW_CHUNK_CLOSE) let_rest(s, c);
    return chunk;
}

/* The connection as it has to be for a chunk; NULL: that changes nothing more. */
static struct conn *conn_for(struct aw_shard *s, struct aw_flow *flow, void *app,
                             const struct aw_chunk *chunk)
{
    switch (state_of(app)) {
    case AW_CONN_AWAKE:
        return app;
    case AW_CONN_RESTS:
        return rests_on(s, flow, app, chunk) ? NULL : conn_resume(s, flow, app);
    case AW_CONN_SLEEPS:
        return conn_wake(s, flow, app);
    }
    return NULL;
}

static void on_chunk(void *ctx, struct aw_flow *flow, const struct aw_chunk *chunk)
{
    struct aw_shard *s = ctx;
    void *app = *aw_flow_app(flow);
    struct conn *c = app ? conn_for(s, flow, app, chunk) : NULL;
    struct aw_chunk turned;
    const bool first = !app;
    if (first && (chunk->kind == AW_CHUNK_DATA || chunk->kind == AW_CHUNK_HOLE)) {
        c = conn_new(s, flow, chunk->kind == AW_CHUNK_DATA);
        if (!c) {
            s->stats.no_memory++;
            if (!s->tap.stream) aw_flow_ignore(flow);
        }
        *aw_flow_app(flow) = c;
    }
    s->due = chunk->due ? chunk->due : INT64_MAX;
    if (first || (c && chunk->kind == AW_CHUNK_HOLE)) not_said(s, flow, c, chunk);
    if (c) chunk = take_chunk(s, c, chunk, &turned);
    if (s->tap.stream && (chunk->kind == AW_CHUNK_DATA || chunk->kind == AW_CHUNK_HOLE ||
                          chunk->kind == AW_CHUNK_CLOSE))
        tap_stream(s, flow, chunk);
}

static void tap_packet(struct aw_shard *s, uint64_t conn, const struct aw_item *item)
{
    struct late *l = &s->late[item->hash >> 8 & (LATE - 1)];
    if (conn != 0)
        *l = (struct late){.hash = item->hash, .conn = conn};
    else if (l->conn != 0 && l->hash == item->hash)
        conn = l->conn;
    if (conn != 0 && s->tap.packet) s->tap.packet(s->tap.ctx, conn, item->pkt);
    if (conn == 0 || !s->tap.segment) return;
    const struct aw_segment *seg = &item->seg;
    const struct aw_tap_segment told = {
        .conn_ord = conn,
        .pkt = item->pkt,
        .src = seg->src,
        .dst = seg->dst,
        .ttl = seg->ttl,
        .has_ip_id = seg->has_ip_id,
        .ip_id = seg->ip_id,
        .sport = seg->sport,
        .dport = seg->dport,
        .seq = seg->seq,
        .ack = seg->ack,
        .flags = seg->flags,
        .iface = seg->iface,
        .tcp = seg->payload.p - seg->head_len,
        .head_len = seg->head_len,
        .payload_len = (uint32_t)seg->payload.len,
        .payload_wire_len = seg->payload_wire,
    };
    s->tap.segment(s->tap.ctx, &told);
}

/* --- door --- */

struct aw_shard *aw_shard_new(const struct aw_config *config, const struct aw_tap *tap,
                              size_t memory, bool watch)
{
    const struct aw_alloc *alloc = &config->alloc;
    struct aw_shard *s = alloc->get(alloc->ctx, sizeof *s);
    if (!s) return NULL;
    *s = (struct aw_shard){.config = config, .due = INT64_MAX, .watch = watch};
    if (tap) s->tap = *tap;
    s->pool = aw_pool_new(alloc, memory);
    s->squeezer = aw_squeezer_new(alloc);
    const bool taps = s->tap.packet || s->tap.segment;
    if (taps) s->late = alloc->get(alloc->ctx, LATE * sizeof *s->late);
    if (!s->pool || !s->squeezer || (taps && !s->late)) {
        aw_shard_free(s);
        return NULL;
    }
    if (s->late) memset(s->late, 0, LATE * sizeof *s->late);
    s->room = (struct aw_exchange_room){
        .pool = s->pool,
        .threshold = config->threshold,
        .sink = on_exchange,
        .ctx = s,
    };
    const aw_ns idle = config->threshold[AW_T_IDLE_TIMEOUT];
    const struct aw_flow_limits limits = {
        .idle_timeout = idle,
        .patient = config->patient,
        .forget = idle > INT64_MAX / 10 ? INT64_MAX : idle * 10,
        .reorder_grace = config->threshold[AW_T_REORDER_GRACE],
        .copy_window = config->threshold[AW_T_COPY_WINDOW],
        .waiting_bytes = memory / 16 < (size_t)4 << 20 ? memory / 16 : (size_t)4 << 20,
    };
    const struct aw_flow_ops ops = {.ctx = s, .open = on_open, .chunk = on_chunk, .gone = on_gone};
    s->flows = aw_flow_table_new(alloc, s->pool, config->secret, &limits, &ops);
    if (!s->flows) {
        aw_shard_free(s);
        return NULL;
    }
    return s;
}

void aw_shard_free(struct aw_shard *s)
{
    if (!s) return;
    const struct aw_alloc *alloc = &s->config->alloc;
    aw_flow_table_free(s->flows);
    aw_pool_free(s->pool); /* and with it whatever connections still held */
    aw_squeezer_free(s->squeezer, alloc);
    alloc->put(alloc->ctx, s->late);
    alloc->put(alloc->ctx, s);
}

/* Segments between the two prefetches of a connection and its use. */
enum { AHEAD_FAR = 16, AHEAD_NEAR = 8 };
enum { SPARE_EVERY = 64 }; /* segments: so many may wake a connection without one that begins */

static aw_ns next_timer(const struct aw_shard *s)
{
    const aw_ns due = aw_flow_next_due(s->flows);
    return s->settle_first && s->settle_first->deadline < due ? s->settle_first->deadline : due;
}

/* The packet at that place of the batch is worked on. */
static void go_to(struct aw_shard *s, const struct aw_batch *b, size_t at)
{
    s->now = b->moment[at];
    s->before = at > 0 ? b->moment[at - 1].ts : b->before;
}

/* Runs the timers that fall due at packets *from to `last` of the batch, each at the first packet
 * whose time has come to it: as if every packet were looked at. Afterwards *from is the next. */
static void run_timers_to(struct aw_shard *s, const struct aw_batch *b, size_t *from, size_t last)
{
    aw_ns due;
    while (*from <= last && (due = next_timer(s)) <= b->moment[last].ts) {
        while (b->moment[*from].ts < due)
            ++*from;
        go_to(s, b, (*from)++);
        run_timers(s);
    }
    *from = last + 1;
}

static struct aw_shard_stats stats_of(const struct aw_shard *s)
{
    struct aw_shard_stats stats = s->stats;
    stats.flow = *aw_flow_stats(s->flows);
    stats.exchange = s->room.stats;
    return stats;
}

uint64_t aw_shard_next_to_finish(struct aw_shard *s)
{
    return aw_flow_next_to_finish(s->flows);
}

uint64_t aw_shard_soon_to_finish(struct aw_shard *s)
{
    return aw_flow_soon_to_finish(s->flows);
}

void aw_shard_finish_one(struct aw_shard *s, const struct aw_batch *b, struct aw_link *link)
{
    /* Time that went on without packets does not count here: a recording of the same packets ends
     * with the last of them, and has to be judged alike. */
    if (aw_seen(&b->end)) {
        s->now = b->end;
        aw_flow_last_packet(s->flows, &b->end);
    }
    s->before = s->now.ts;
    s->now.ord = UINT64_MAX;
    s->link = link;
    (void)aw_flow_finish_one(s->flows);
}

void aw_shard_finished(struct aw_shard *s, struct aw_tellings *t)
{
    s->stats.waiting = s->stats.waited = 0;
    t->stats = stats_of(s);
}

void aw_shard_work(struct aw_shard *s, unsigned index, struct aw_batch *b)
{
    const struct aw_item *items = b->item[index];
    const size_t count = b->items[index];
    size_t timed = 0;
    s->tell = &b->tell[index];
    aw_shard_take_back(s, s->tell);
    take_back_all(s);
    s->lot++;
    atomic_store_explicit(&s->tell->through, false, memory_order_relaxed);
    s->link = b->link;
    for (size_t i = 0; i < count; i++) {
        const struct aw_item *item = &items[i];
        if (i + AHEAD_FAR < count) {
            aw_flow_prefetch(s->flows, &item[AHEAD_FAR].seg, item[AHEAD_FAR].hash);
            aw_flow_prefetch_flow(s->flows, item[AHEAD_NEAR].hash);
        }
        if (next_timer(s) <= b->moment[item->at].ts) run_timers_to(s, b, &timed, item->at);
        timed = item->at + 1;
        go_to(s, b, item->at);
        aw_flow_tick(s->flows, &s->now);
        if (i % SPARE_EVERY == 0) aw_flow_spare(s->flows);
        const uint64_t conn = aw_flow_push_hashed(s->flows, &item->seg, item->hash);
        if (s->late) tap_packet(s, conn, item);
    }
    if (b->count > 0) {
        run_timers_to(s, b, &timed, b->count - 1);
        go_to(s, b, b->count - 1);
        if (s->watch) look_who_waits(s, &s->now);
        look_who_sleeps(s);
    }
    s->tell->stats = stats_of(s);
    if (s->tell->lent + s->tell->copied == 0) return;
    s->tell->before = s->lent_to;
    s->lent_to = s->tell;
    s->untold += s->tell->lent + s->tell->copied;
}
