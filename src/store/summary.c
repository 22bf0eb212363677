/*
 * The figures of a run: totals, causes, groups of servers and clients, latencies. Sees records of
 * expectation exchanges, keeps sums; knows nothing of how they are shown.
 *
 * Bounded against hostile traffic: keys have a length limit, and when a table of groups is full,
 * every group not in it is counted in "other", which needs no memory of its own.
 */
#include "await100/summary.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "diagnose/agents.h"
#include "diagnose/diagnose.h"
#include "base/alloc.h"

enum {
    KEY_MAX = 320,    /* bytes of a group's key: an address, a port and the longest DNS name */
    PRODUCT_MAX = 96, /* bytes of a product */
    SLOTS = 2 * AW_GROUPS_MAX, /* of the hash table: at most half full */
};

struct group_table {
    struct aw_group other;        /* what had no place */
    struct aw_group *slot[SLOTS]; /* owned; open addressing */
    const struct aw_group *sorted[AW_GROUPS_MAX + 1];
    unsigned count; /* of slots in use */
};

struct aw_summary {
    struct aw_alloc alloc;
    struct aw_alloc limited; /* the same within the budget of the groups; ctx is the summary */
    size_t left;             /* of that budget */
    uint64_t lost;           /* latencies of groups that found no memory */
    int64_t threshold[AW_T_COUNT];
    uint64_t expectation, failing;
    uint64_t severity[AW_SEV_COUNT];
    struct aw_cause_total cause[AW_CAUSE_COUNT][AW_SEV_COUNT];
    struct aw_hist *latency[AW_LAT_COUNT]; /* owned */
    struct group_table servers, clients;
    uint8_t last_agent[256]; /* the User-Agent looked up last, and whose group that was */
    size_t last_agent_len;
    struct aw_group *last_client;
};

/* --- memory of groups --- */

static void *limited_get(void *ctx, size_t size)
{
    struct aw_summary *s = ctx;
    if (s->left < size) return NULL;
    void *p = s->alloc.get(s->alloc.ctx, size);
    if (p) s->left -= size;
    return p;
}

static void *limited_resize(void *ctx, void *p, size_t size)
{
    struct aw_summary *s = ctx;
    return s->alloc.resize(s->alloc.ctx, p, size);
}

/* What is given back does not count as free again: groups stay until the end, but for the few whose
 * product became known late. */
static void limited_put(void *ctx, void *p)
{
    struct aw_summary *s = ctx;
    s->alloc.put(s->alloc.ctx, p);
}

/* --- keys --- */

/* Appends wire bytes: printable ASCII as it is, all else as \xNN. Host and product names are ASCII
 * wherever they mean something, so no character set is needed here. */
static size_t put_printable(char *to, size_t used, size_t size, struct aw_span s)
{
    static const char hex[] = "0123456789abcdef";
    for (size_t i = 0; i < s.len; i++) {
        const uint8_t c = s.p[i];
        const bool plain = c >= 0x20 && c < 0x7f;
        if (used + (plain ? 1u : 4u) >= size) break;
        if (plain) {
            to[used++] = (char)c;
        } else {
            to[used++] = '\\';
            to[used++] = 'x';
            to[used++] = hex[c >> 4];
            to[used++] = hex[c & 15];
        }
    }
    to[used] = '\0';
    return used;
}

static size_t put_decimal(char *to, unsigned v)
{
    char digits[10];
    size_t n = 0, used = 0;
    do
        digits[n++] = (char)('0' + v % 10);
    while ((v /= 10) != 0);
    while (n > 0)
        to[used++] = digits[--n];
    return used;
}

/* "192.0.2.1:80", "[2001:db8::1]:80", and the Host behind it. By hand where it is IPv4: this is
 * done for every expectation exchange. */
static void server_key(char key[KEY_MAX], const struct aw_exchange *x)
{
    const struct aw_addr *a = &x->conn.addr[AW_S2C];
    size_t used = 0;
    if (a->v6) {
        key[used++] = '[';
        if (inet_ntop(AF_INET6, a->b, key + used, INET6_ADDRSTRLEN)) used += strlen(key + used);
        key[used++] = ']';
    } else {
        for (unsigned i = 0; i < 4; i++) {
            if (i > 0) key[used++] = '.';
            used += put_decimal(key + used, a->b[i]);
        }
    }
    key[used++] = ':';
    used += put_decimal(key + used, x->conn.port[AW_S2C]);
    const struct aw_span host = x->text[AW_TEXT_HOST];
    if (host.len == 0) {
        key[used] = '\0';
        return;
    }
    key[used++] = ' ';
    (void)put_printable(key, used, KEY_MAX, host);
}

/* --- groups --- */

static uint64_t hash_key(const char *key)
{
    uint64_t h =
        UINT64_C(0xcbf29ce484222325); /* FNV-1a; the table is small, so floods cost little */
    for (; *key; key++)
        h = (h ^ (uint8_t)*key) * UINT64_C(0x100000001b3);
    return h ^ h >> 29;
}

static struct aw_group *new_group(const struct aw_alloc *a, const char *key, struct aw_span product)
{
    char text[PRODUCT_MAX];
    const size_t product_len = put_printable(text, 0, sizeof text, product), key_len = strlen(key);
    struct aw_group *g = a->get(a->ctx, sizeof *g + key_len + 1 + product_len + 1);
    if (!g) return NULL;
    char *own = (char *)(g + 1);
    *g = (struct aw_group){.key = own, .product = own + key_len + 1};
    memcpy(own, key, key_len + 1);
    memcpy(own + key_len + 1, text, product_len + 1);
    return g;
}

static size_t slot_of(const struct group_table *t, const char *key)
{
    size_t i = hash_key(key) % SLOTS;
    while (t->slot[i] && strcmp(t->slot[i]->key, key) != 0)
        i = (i + 1) % SLOTS;
    return i;
}

/* The group of that key, made where there is none; x tells its product, looked up only where it is
 * not known yet. */
static struct aw_group *find_group(struct group_table *t, const struct aw_alloc *a, const char *key,
                                   const struct aw_exchange *x, enum aw_dir side)
{
    const size_t i = slot_of(t, key);
    struct aw_group *g = t->slot[i];
    if (g && g->product[0] != '\0') return g;
    if (!g && t->count == AW_GROUPS_MAX) return &t->other;
    const struct aw_span product = aw_agent_product(x, side);
    if (g && product.len == 0) return g;

    struct aw_group *made = new_group(a, key, product);
    if (!made) return g ? g : &t->other;
    if (g) { /* seen before without its product: a close or a 100 that names none */
        const char *own_key = made->key, *own_product = made->product;
        *made = *g;
        made->key = own_key;
        made->product = own_product;
        a->put(a->ctx, g);
    } else {
        t->count++;
    }
    return t->slot[i] = made;
}

/* A client's product follows from its User-Agent where it sends one: the last one is remembered. */
static struct aw_group *client_group(struct aw_summary *s, const struct aw_exchange *x)
{
    const struct aw_span agent = x->text[AW_TEXT_USER_AGENT];
    const bool keep = agent.len > 0 && agent.len <= sizeof s->last_agent;
    if (keep && s->last_client && agent.len == s->last_agent_len &&
        memcmp(agent.p, s->last_agent, agent.len) == 0)
        return s->last_client;
    char key[KEY_MAX] = "(none)";
    const struct aw_span product = aw_agent_product(x, AW_C2S);
    if (product.len > 0) (void)put_printable(key, 0, PRODUCT_MAX, product);
    struct aw_group *g = find_group(&s->clients, &s->limited, key, x, AW_C2S);
    if (keep) {
        memcpy(s->last_agent, agent.p, agent.len);
        s->last_agent_len = agent.len;
        s->last_client = g;
    }
    return g;
}

static void free_latencies(struct aw_hist *const h[AW_LAT_COUNT])
{
    for (int i = 0; i < AW_LAT_COUNT; i++)
        aw_hist_free(h[i]);
}

static void free_groups(struct group_table *t, const struct aw_alloc *a)
{
    for (size_t i = 0; i < SLOTS; i++) {
        if (!t->slot[i]) continue;
        free_latencies(t->slot[i]->latency);
        a->put(a->ctx, t->slot[i]);
    }
    free_latencies(t->other.latency);
}

static void add_latencies(struct aw_summary *s, struct aw_group *g, const aw_ns value[AW_LAT_COUNT])
{
    for (int i = 0; i < AW_LAT_COUNT; i++) {
        if (value[i] == AW_NS_NONE) continue;
        struct aw_hist **h = &g->latency[i];
        if (!*h) *h = aw_hist_new(&s->limited);
        const uint64_t before = *h ? aw_hist_count(*h) : 0;
        if (*h) aw_hist_add(*h, value[i]);
        if (!*h || aw_hist_count(*h) == before) s->lost++;
    }
}

/* --- adding --- */

static uint64_t positive(int64_t v)
{
    return v > 0 ? (uint64_t)v : 0;
}

static void add_to_group(struct aw_summary *s, struct aw_group *g, const struct aw_verdict *v,
                         const aw_ns latency[AW_LAT_COUNT])
{
    g->exchanges++;
    if (aw_failing(v)) g->failing++;
    g->cause[v->cause]++;
    if (v->cost.stall > 0) g->stall += v->cost.stall;
    g->wasted += positive(v->cost.wasted);
    g->saved += positive(v->cost.saved);
    add_latencies(s, g, latency);
}

struct aw_summary *aw_summary_new(const struct aw_alloc *alloc)
{
    const struct aw_alloc a = aw_alloc_or_default(alloc);
    struct aw_summary *s = a.get(a.ctx, sizeof *s);
    if (!s) return NULL;
    memset(s, 0, sizeof *s);
    s->alloc = a;
    s->limited = (struct aw_alloc){
        .ctx = s, .get = limited_get, .resize = limited_resize, .put = limited_put};
    s->left = AW_GROUPS_MEMORY;
    s->servers.other.key = s->clients.other.key = "other";
    s->servers.other.product = s->clients.other.product = "";
    for (int i = 0; i < AW_T_COUNT; i++)
        s->threshold[i] = aw_threshold_default((enum aw_threshold)i);
    for (int i = 0; i < AW_LAT_COUNT; i++) {
        s->latency[i] = aw_hist_new(&a);
        if (!s->latency[i]) {
            aw_summary_free(s);
            return NULL;
        }
    }
    return s;
}

void aw_summary_free(struct aw_summary *s)
{
    if (!s) return;
    const struct aw_alloc a = s->alloc;
    free_groups(&s->servers, &s->limited);
    free_groups(&s->clients, &s->limited);
    free_latencies(s->latency);
    a.put(a.ctx, s);
}

void aw_summary_thresholds(struct aw_summary *s, const int64_t threshold[AW_T_COUNT])
{
    memcpy(s->threshold, threshold, sizeof s->threshold);
}

void aw_summary_add(struct aw_summary *s, const struct aw_record *rec)
{
    const struct aw_exchange *x = rec->ex;
    const struct aw_verdict *v = rec->verdict;
    if (!v) return;

    s->expectation++;
    s->severity[v->severity]++;
    if (aw_failing(v)) s->failing++;
    struct aw_cause_total *total = &s->cause[v->cause][v->severity];
    total->count++;
    if (v->cost.stall > 0) total->stall += v->cost.stall;
    total->wasted += positive(v->cost.wasted);

    const struct aw_mark *first = &x->at[AW_AT_REQ_FIRST], *final = &x->at[AW_AT_FINAL];
    const aw_ns latency[AW_LAT_COUNT] = {
        [AW_LAT_CONTINUE] = aw_exchange_think(x),
        [AW_LAT_WAIT] = aw_exchange_wait(x, s->threshold),
        [AW_LAT_FINAL] = aw_seen(first) && aw_seen(final) ? final->ts - first->ts : AW_NS_NONE,
    };
    for (int i = 0; i < AW_LAT_COUNT; i++)
        if (latency[i] != AW_NS_NONE) aw_hist_add(s->latency[i], latency[i]);

    char key[KEY_MAX];
    server_key(key, x);
    add_to_group(s, find_group(&s->servers, &s->limited, key, x, AW_S2C), v, latency);
    add_to_group(s, client_group(s, x), v, latency);
}

/* --- reading --- */

uint64_t aw_summary_severity(const struct aw_summary *s, enum aw_severity sev)
{
    return s->severity[sev];
}

uint64_t aw_summary_expectation(const struct aw_summary *s)
{
    return s->expectation;
}

uint64_t aw_summary_failing(const struct aw_summary *s)
{
    return s->failing;
}

uint64_t aw_summary_lost(const struct aw_summary *s)
{
    return s->lost;
}

const struct aw_hist *aw_summary_latency(const struct aw_summary *s, enum aw_latency which)
{
    return s->latency[which];
}

/* Comparison for "worst first": negative where a is the larger. */
static int larger_first(uint64_t a, uint64_t b)
{
    return a > b ? -1 : a < b;
}

static int by_harm(const void *pa, const void *pb)
{
    const struct aw_cause_total *a = pa, *b = pb;
    int c = larger_first(a->severity, b->severity);
    if (c == 0) c = larger_first((uint64_t)a->stall, (uint64_t)b->stall);
    if (c == 0) c = larger_first(a->count, b->count);
    return c ? c : larger_first(b->cause, a->cause); /* the catalogue's order decides ties */
}

size_t aw_summary_causes(const struct aw_summary *s, struct aw_cause_total *out, size_t cap)
{
    struct aw_cause_total all[AW_CAUSE_COUNT * AW_SEV_COUNT];
    size_t n = 0;
    for (int c = 0; c < AW_CAUSE_COUNT; c++) {
        for (int sev = 0; sev < AW_SEV_COUNT; sev++) {
            if (s->cause[c][sev].count == 0) continue;
            all[n] = s->cause[c][sev];
            all[n].cause = (enum aw_cause)c;
            all[n++].severity = (enum aw_severity)sev;
        }
    }
    qsort(all, n, sizeof all[0], by_harm);
    if (cap > 0) memcpy(out, all, (n < cap ? n : cap) * sizeof all[0]);
    return n;
}

static int by_failing(const void *pa, const void *pb)
{
    const struct aw_group *a = *(const struct aw_group *const *)pa;
    const struct aw_group *b = *(const struct aw_group *const *)pb;
    int c = larger_first(a->failing, b->failing);
    if (c == 0) c = larger_first((uint64_t)a->stall, (uint64_t)b->stall);
    if (c == 0) c = larger_first(a->exchanges, b->exchanges);
    return c ? c : strcmp(a->key, b->key);
}

static size_t sort_groups(struct group_table *t, const struct aw_group *const **out)
{
    size_t n = 0;
    for (size_t i = 0; i < SLOTS; i++)
        if (t->slot[i]) t->sorted[n++] = t->slot[i];
    if (t->other.exchanges) t->sorted[n++] = &t->other;
    qsort(t->sorted, n, sizeof(const struct aw_group *), by_failing);
    *out = t->sorted;
    return n;
}

size_t aw_summary_servers(struct aw_summary *s, const struct aw_group *const **out)
{
    return sort_groups(&s->servers, out);
}

size_t aw_summary_clients(struct aw_summary *s, const struct aw_group *const **out)
{
    return sort_groups(&s->clients, out);
}
