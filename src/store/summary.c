/*
 * The figures of a run: totals, causes, groups of servers and clients, latencies. Sees records of
 * expectation exchanges, keeps sums; knows nothing of how they are shown.
 *
 * Bounded against hostile traffic: keys have a length limit, groups and their latencies a budget.
 */
#include "await100/summary.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "diagnose/agents.h"
#include "diagnose/diagnose.h"
#include "base/alloc.h"
#include "store/groups.h"

enum {
    KEY_MAX = AW_GROUP_KEY, /* an address, a port and the longest DNS name */
    PRODUCT_MAX = AW_GROUP_PRODUCT,
};

struct aw_summary {
    struct aw_alloc alloc;
    struct aw_alloc limited; /* the same within the budget of the groups; ctx is the summary */
    size_t left;             /* of that budget */
    uint64_t lost;           /* latencies of groups that found no memory */
    bool starved;            /* a group, or a latency of all, found none */
    int64_t threshold[AW_T_COUNT];
    uint64_t expectation, failing;
    uint64_t severity[AW_SEV_COUNT];
    struct aw_cause_total cause[AW_CAUSE_COUNT][AW_SEV_COUNT];
    struct aw_hist *latency[AW_LAT_COUNT]; /* owned */
    struct aw_groups servers, clients;
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

/* The group of that key and at least that product; `other` where there is no place, or no memory.
 * One seen before without its product (a close, or a 100 that names none) gets it now. */
static struct aw_group *put_group(struct aw_summary *s, struct aw_groups *t, const char *key,
                                  const char *product)
{
    struct aw_group *g = aw_groups_find(t, key), *made = g;
    if (!g) {
        if (!aw_groups_admit(t, key)) return &t->other;
        made = aw_groups_make(t, &s->limited, key, product);
    } else if (product[0] != '\0' &&
               (g->product[0] == '\0' || (t->by_hash && strcmp(product, g->product) < 0))) {
        made = aw_groups_rename(t, &s->limited, g, product);
    }
    if (made != g) s->last_client = NULL; /* it may have moved, or left */
    if (!made) s->starved = true;
    return made ? made : g ? g : &t->other;
}

/* The group of that key, made where there is none; x tells its product, looked up only where it is
 * not known yet, or where of several the first in order is wanted. */
static struct aw_group *find_group(struct aw_summary *s, struct aw_groups *t, const char *key,
                                   const struct aw_exchange *x, enum aw_dir side)
{
    struct aw_group *g = aw_groups_find(t, key);
    if (g && g->product[0] != '\0' && !t->by_hash) return g;
    if (!g && !aw_groups_admit(t, key)) return &t->other;
    char product[PRODUCT_MAX];
    const struct aw_span seen = aw_agent_product(NULL, x, side);
    if (put_printable(product, 0, sizeof product, seen) == 0 && g) return g;
    return put_group(s, t, key, product);
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
    const struct aw_span product = aw_agent_product(NULL, x, AW_C2S);
    if (product.len > 0) (void)put_printable(key, 0, PRODUCT_MAX, product);
    struct aw_group *g = find_group(s, &s->clients, key, x, AW_C2S);
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
    g->exchanges = aw_count_sum(g->exchanges, 1);
    if (aw_failing(v)) g->failing = aw_count_sum(g->failing, 1);
    g->cause[v->cause] = aw_count_sum(g->cause[v->cause], 1);
    g->stall = (aw_ns)aw_count_sum((uint64_t)g->stall, positive(v->cost.stall));
    g->wasted = aw_count_sum(g->wasted, positive(v->cost.wasted));
    g->saved = aw_count_sum(g->saved, positive(v->cost.saved));
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
    aw_groups_init(&s->servers);
    aw_groups_init(&s->clients);
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

void aw_summary_memory(struct aw_summary *s, size_t memory)
{
    enum { SHARE = 8, LEAST = 1 << 20 };
    const size_t share = memory / SHARE > LEAST ? memory / SHARE : LEAST;
    if (memory > 0 && share < s->left) s->left = share;
}

void aw_summary_free(struct aw_summary *s)
{
    if (!s) return;
    const struct aw_alloc a = s->alloc;
    aw_groups_free(&s->servers, &s->limited);
    aw_groups_free(&s->clients, &s->limited);
    free_latencies(s->latency);
    a.put(a.ctx, s);
}

void aw_summary_thresholds(struct aw_summary *s, const int64_t threshold[AW_T_COUNT])
{
    memcpy(s->threshold, threshold, sizeof s->threshold);
}

static void add_total(struct aw_summary *s, const struct aw_cause_total *add)
{
    struct aw_cause_total *total = &s->cause[add->cause][add->severity];
    total->count = aw_count_sum(total->count, add->count);
    total->stall = (aw_ns)aw_count_sum((uint64_t)total->stall, (uint64_t)add->stall);
    total->wasted = aw_count_sum(total->wasted, add->wasted);
    s->expectation = aw_count_sum(s->expectation, add->count);
    s->severity[add->severity] = aw_count_sum(s->severity[add->severity], add->count);
    if (add->severity >= AW_SEV_WARNING) s->failing = aw_count_sum(s->failing, add->count);
}

static void add_known(struct aw_summary *s, const struct aw_record *rec,
                      const aw_ns latency[AW_LAT_COUNT])
{
    const struct aw_exchange *x = rec->ex;
    const struct aw_verdict *v = rec->verdict;
    add_total(s, &(struct aw_cause_total){.cause = v->cause,
                                          .severity = v->severity,
                                          .count = 1,
                                          .stall = (aw_ns)positive(v->cost.stall),
                                          .wasted = positive(v->cost.wasted)});
    for (int i = 0; i < AW_LAT_COUNT; i++) {
        if (latency[i] == AW_NS_NONE) continue;
        const uint64_t before = aw_hist_count(s->latency[i]);
        aw_hist_add(s->latency[i], latency[i]);
        if (aw_hist_count(s->latency[i]) == before) s->starved = true;
    }

    char key[KEY_MAX];
    server_key(key, x);
    add_to_group(s, find_group(s, &s->servers, key, x, AW_S2C), v, latency);
    add_to_group(s, client_group(s, x), v, latency);
}

void aw_summary_latencies(const struct aw_summary *s, const struct aw_exchange *x,
                          aw_ns to[AW_LAT_COUNT])
{
    const struct aw_mark *first = &x->at[AW_AT_REQ_FIRST], *final = &x->at[AW_AT_FINAL];
    to[AW_LAT_CONTINUE] = aw_exchange_think(x);
    to[AW_LAT_WAIT] = aw_exchange_wait(x, s->threshold);
    to[AW_LAT_FINAL] = aw_seen(first) && aw_seen(final) ? final->ts - first->ts : AW_NS_NONE;
}

void aw_summary_add(struct aw_summary *s, const struct aw_record *rec)
{
    aw_ns latency[AW_LAT_COUNT];
    if (!rec->verdict) return;
    aw_summary_latencies(s, rec->ex, latency);
    add_known(s, rec, latency);
}

/* --- adding other runs --- */

void aw_summary_merging(struct aw_summary *s)
{
    s->servers.by_hash = s->clients.by_hash = true;
    s->left = SIZE_MAX; /* a budget would be spent in the order in which runs come */
}

void aw_summary_put_cause(struct aw_summary *s, const struct aw_cause_total *total)
{
    add_total(s, total);
}

bool aw_summary_put_group(struct aw_summary *s, enum aw_dir side, const struct aw_group *g)
{
    struct aw_groups *t = side == AW_S2C ? &s->servers : &s->clients;
    const struct aw_span key = {(const uint8_t *)g->key, strlen(g->key)};
    const struct aw_span product = {(const uint8_t *)g->product, strlen(g->product)};
    char own_key[KEY_MAX], own_product[PRODUCT_MAX];
    (void)put_printable(own_key, 0, sizeof own_key, key);
    (void)put_printable(own_product, 0, sizeof own_product, product);
    /* A client may call itself "other": it has a product then, and what had no place has none. */
    const bool rest = own_product[0] == '\0' && strcmp(own_key, t->other.key) == 0;
    struct aw_group *to = rest ? &t->other : put_group(s, t, own_key, own_product);
    return aw_group_add(to, &s->limited, g) && !s->starved;
}

bool aw_summary_put_latency(struct aw_summary *s, enum aw_latency which, const struct aw_hist *from)
{
    return aw_hist_merge(s->latency[which], from);
}

void aw_summary_put_lost(struct aw_summary *s, uint64_t lost)
{
    s->lost = aw_count_sum(s->lost, lost);
}

bool aw_summary_put_record(struct aw_summary *s, const struct aw_record *rec,
                           const aw_ns latency[AW_LAT_COUNT])
{
    const uint64_t lost = s->lost;
    add_known(s, rec, latency);
    return s->lost == lost && !s->starved;
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

size_t aw_summary_servers(struct aw_summary *s, const struct aw_group *const **out)
{
    return aw_groups_sort(&s->servers, out);
}

size_t aw_summary_clients(struct aw_summary *s, const struct aw_group *const **out)
{
    return aw_groups_sort(&s->clients, out);
}
