/*
 * The two legs of a proxy in one capture. An exchange with Expect that is open may be the client's
 * leg; one that begins meanwhile on another connection, to another server, and is the same request
 * by its fields, may be the origin's. More than one candidate on either side: no link. The outer
 * one's record is put off until the inner one, if it ended before, has been told of.
 *
 * Cost: the open ones stand in an index for each way in which a leg may be known (end of target and
 * length, request id, client named by a forwarding field), so that an opening looks at those that
 * share a key alone.
 */
#include "link/inside.h"

#include <string.h>

#include <arpa/inet.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "exchange/exchange.h"

enum {
    LEGS_LOOK = 256,  /* open ones looked at in one bucket, newest first */
    TEXT_MOST = 4096, /* of target and request id that are kept */
    LATE_LOOK = 64,   /* records put off that one may pass */
    NAMES_MOST = 8,   /* addresses taken from one forwarding field */
};

/* A proxy whose client has left gives up the origin's leg after that, and not at the same time. */
static const aw_ns LINGER = AW_SEC;
/* A new connection is heard, or nobody knows when. */
static const aw_ns HEARD_BY = AW_SEC;
/* A proxy sends on in less. */
static const aw_ns TOGETHER = 20 * AW_MS;

enum leg_text { LEG_METHOD, LEG_TARGET, LEG_REQUEST_ID, LEG_TEXTS };

struct aw_leg {
    struct aw_member *m;
    struct {
        struct aw_leg *prev, *next;
    } in[AW_LEG_KEYS];
    uint16_t bucket[AW_LEG_KEYS];
    uint16_t len[LEG_TEXTS];
    int64_t declared;
    uint8_t text[]; /* one after the other */
};
_Static_assert(AW_LEG_BUCKETS <= UINT16_MAX && (int)TEXT_MOST <= UINT16_MAX, "they fit");

static struct aw_span text_of(const struct aw_leg *leg, enum leg_text which)
{
    const uint8_t *p = leg->text;
    for (unsigned i = 0; i < which; i++)
        p += leg->len[i];
    return (struct aw_span){.p = p, .len = leg->len[which]};
}

static size_t size_of(const struct aw_leg *leg)
{
    return sizeof *leg + (size_t)leg->len[LEG_METHOD] + leg->len[LEG_TARGET] +
           leg->len[LEG_REQUEST_ID];
}

/* --- the same request? --- */

static bool equal(struct aw_span a, struct aw_span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

static bool same_addr(const struct aw_addr *a, const struct aw_addr *b)
{
    return a->v6 == b->v6 && memcmp(a->b, b->b, sizeof a->b) == 0;
}

/* Equal, or one is what remains of the other when a proxy strips a prefix or the authority. */
static bool same_target(struct aw_span a, struct aw_span b)
{
    if (equal(a, b)) return a.len > 0;
    const struct aw_span longer = a.len > b.len ? a : b, end = a.len > b.len ? b : a;
    if (end.len < 2 || longer.len <= end.len || end.p[0] != '/') return false;
    return memcmp(longer.p + (longer.len - end.len), end.p, end.len) == 0;
}

static bool address_byte(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == '.' ||
           c == ':';
}

/* Addresses that the forwarding fields of a request name. */
struct named {
    struct aw_addr addr[2 * NAMES_MOST];
    unsigned count;
};

/* An address as such fields have it: IPv4 may bring a port, or come mapped into IPv6. */
static bool address_of(const uint8_t *p, size_t len, struct aw_addr *a)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    char text[INET6_ADDRSTRLEN];
    *a = (struct aw_addr){0};
    if (len < 2 || len >= sizeof text) return false;
    memcpy(text, p, len);
    text[len] = '\0';
    if (inet_pton(AF_INET6, text, a->b) != 1) {
        char *port = strchr(text, ':');
        if (port) *port = '\0';
        return inet_pton(AF_INET, text, a->b) == 1;
    }
    a->v6 = memcmp(a->b, mapped, sizeof mapped) != 0;
    if (!a->v6) {
        memcpy(a->b, a->b + sizeof mapped, 4);
        memset(a->b + 4, 0, sizeof a->b - 4);
    }
    return true;
}

static void take_names(struct aw_span field, struct named *n)
{
    const unsigned most = n->count + NAMES_MOST;
    for (size_t i = 0; i < field.len && n->count < most;) {
        size_t end = i;
        while (end < field.len && address_byte(field.p[end]))
            end++;
        n->count += address_of(field.p + i, end - i, &n->addr[n->count]);
        i = end > i ? end : i + 1;
    }
}

static bool is_named(const struct named *n, const struct aw_addr *a)
{
    for (unsigned i = 0; i < n->count; i++)
        if (same_addr(&n->addr[i], a)) return true;
    return false;
}

/* How well two exchanges fit as legs of one request. */
enum fit {
    FIT_NOT,
    FIT_LOOSE, /* for the client's address alone, which another request of its would bear as well */
    FIT_ALIKE, /* for target and length alone, as what somebody else sends elsewhere may have them
                */
    FIT_CLOSE,
};

/* RFC 9112, 3.2.1; or unknown. */
static bool is_origin_form(struct aw_span target)
{
    return target.len == 0 || target.p[0] == '/';
}

/* Its client is a proxy, by what it says, or its server what the leg asked a proxy for. */
static bool is_of_a_proxy(const struct aw_leg *leg, const struct aw_opening *x)
{
    return x->text[AW_TEXT_REQ_VIA].p || x->text[AW_TEXT_XFF].p || x->text[AW_TEXT_FORWARDED].p ||
           !is_origin_form(text_of(leg, LEG_TARGET));
}

static enum fit fit(const struct aw_leg *leg, const struct aw_opening *x, const struct named *named)
{
    const struct aw_member *m = leg->m;
    if (m->conn_ord == x->conn.ord || !equal(text_of(leg, LEG_METHOD), x->text[AW_TEXT_METHOD]))
        return FIT_NOT;
    if (x->at[AW_AT_REQ_FIRST].ts < m->head.ts) return FIT_NOT;
    /* A request to the same server, or of the same client, is another request and no other leg;
     * but on one host all addresses may be equal. */
    if (same_addr(&m->server, &x->conn.addr[AW_S2C]) && m->server_port == x->conn.port[AW_S2C])
        return FIT_NOT;
    const bool from_proxy = same_addr(&m->server, &x->conn.addr[AW_C2S]);
    if (!from_proxy && same_addr(&m->client, &x->conn.addr[AW_C2S])) return FIT_NOT;
    /* Nor is one that goes to the leg's own client: that is the leg before it. */
    if (!from_proxy && same_addr(&m->client, &x->conn.addr[AW_S2C])) return FIT_NOT;

    const struct aw_span id = x->text[AW_TEXT_REQUEST_ID];
    if (id.len > 0 && equal(id, text_of(leg, LEG_REQUEST_ID))) return FIT_CLOSE;
    /* A proxy is asked in absolute form (RFC 9112, 3.2.2), and asks the origin in origin form. */
    const struct aw_span asked = text_of(leg, LEG_TARGET);
    if ((x->req & AW_REQ_ABSOLUTE) && asked.len > 0 && is_origin_form(asked)) return FIT_NOT;
    const bool target = same_target(asked, x->text[AW_TEXT_TARGET]);
    const bool length = leg->declared > 0 && leg->declared == x->declared;
    if (target && length) return from_proxy || is_of_a_proxy(leg, x) ? FIT_CLOSE : FIT_ALIKE;
    if (!target && !length) return FIT_NOT;
    if (!is_named(named, &m->client)) return FIT_NOT;
    return target ? FIT_CLOSE : FIT_LOOSE;
}

/* --- those that are open, by what may tell that they are the same --- */

static uint16_t bucket_of(const struct aw_link *l, struct aw_span s)
{
    const uint8_t *secret = l->config.secret;
    return (uint16_t)(XXH3_64bits_withSecret(s.p, s.len, secret, sizeof l->config.secret) &
                      (AW_LEG_BUCKETS - 1));
}

/* The end of a target, from its last slash on, or from its last but one. */
static struct aw_span tail(struct aw_span target, unsigned slashes)
{
    size_t from = target.len;
    while (from > 0 && slashes > 0)
        slashes -= target.p[--from] == '/';
    return (struct aw_span){.p = target.p ? target.p + from : NULL, .len = target.len - from};
}

static uint16_t bucket_of_tail(const struct aw_link *l, struct aw_span end, int64_t declared)
{
    enum { END_MOST = 64 };
    uint8_t key[sizeof declared + END_MOST];
    if (end.len > END_MOST)
        end = (struct aw_span){.p = end.p + (end.len - END_MOST), .len = END_MOST};
    memcpy(key, &declared, sizeof declared);
    if (end.len > 0) memcpy(key + sizeof declared, end.p, end.len);
    return bucket_of(l, (struct aw_span){key, sizeof declared + end.len});
}

/* The buckets of a target, by its end from the last slash and from the last but one. */
struct tails {
    uint16_t one, two;
    bool one_part; /* no slash but the first */
};

static struct tails tails_of(const struct aw_link *l, const struct aw_opening *x)
{
    const struct aw_span target = x->text[AW_TEXT_TARGET];
    const struct aw_span one = tail(target, 1), two = tail(target, 2);
    struct tails t = {.one = bucket_of_tail(l, one, x->declared),
                      .one_part = one.len == target.len};
    t.two = two.len == one.len ? t.one : bucket_of_tail(l, two, x->declared);
    return t;
}

static uint16_t bucket_of_addr(const struct aw_link *l, const struct aw_addr *addr)
{
    return bucket_of(l, (struct aw_span){addr->b, sizeof addr->b});
}

static void add(struct aw_link *l, struct aw_member *m, const struct aw_opening *x,
                const struct tails *tails)
{
    const struct aw_span from[LEG_TEXTS] = {x->text[AW_TEXT_METHOD], x->text[AW_TEXT_TARGET],
                                            x->text[AW_TEXT_REQUEST_ID]};
    size_t text = 0;
    for (unsigned i = 0; i < LEG_TEXTS; i++) {
        if (from[i].len > TEXT_MOST) return;
        text += from[i].len;
    }
    struct aw_leg *leg = aw_link_get(l, sizeof *leg + text);
    if (leg == NULL) return;
    *leg = (struct aw_leg){.m = m, .declared = x->declared};
    uint8_t *at = leg->text;
    for (unsigned i = 0; i < LEG_TEXTS; i++) {
        if (from[i].len) memcpy(at, from[i].p, from[i].len);
        leg->len[i] = (uint16_t)from[i].len;
        at += from[i].len;
    }
    leg->bucket[AW_LEG_BY_TAIL] = tails->two;
    leg->bucket[AW_LEG_BY_LAST] = tails->one;
    leg->bucket[AW_LEG_BY_ID] = bucket_of(l, text_of(leg, LEG_REQUEST_ID));
    leg->bucket[AW_LEG_BY_CLIENT] = bucket_of_addr(l, &m->client);
    for (unsigned k = 0; k < AW_LEG_KEYS; k++) {
        struct aw_leg **first = &l->legs[k][leg->bucket[k]];
        leg->in[k].next = *first;
        if (*first) (*first)->in[k].prev = leg;
        *first = leg;
    }
    m->leg = leg;
    l->legs_open++;
}

static void drop(struct aw_link *l, struct aw_member *m)
{
    struct aw_leg *leg = m->leg;
    if (leg == NULL) return;
    for (unsigned k = 0; k < AW_LEG_KEYS; k++) {
        struct aw_leg *prev = leg->in[k].prev, *next = leg->in[k].next;
        *(prev ? &prev->in[k].next : &l->legs[k][leg->bucket[k]]) = next;
        if (next) next->in[k].prev = prev;
    }
    m->leg = NULL;
    l->legs_open--;
    aw_link_put(l, leg, size_of(leg));
}

/* The one open exchange that x may be the other leg of, in this bucket and those before. */
struct candidate {
    const struct aw_leg *leg;
    enum fit fit;
    bool several; /* that fit as well */
};

static void look(const struct aw_link *l, enum aw_leg_key key, uint16_t at,
                 const struct aw_opening *x, const struct named *named, struct candidate *found)
{
    unsigned looked = 0;
    for (const struct aw_leg *leg = l->legs[key][at]; leg && looked < LEGS_LOOK;
         leg = leg->in[key].next, looked++) {
        if (leg == found->leg) continue;
        const enum fit how = fit(leg, x, named);
        if (how == FIT_NOT || how < found->fit) continue;
        /* Of several nobody knows whose leg it is: none may seem to have had no leg. */
        if (how == found->fit) leg->m->inner_unseen = found->leg->m->inner_unseen = true;
        *found = (struct candidate){.leg = leg, .fit = how, .several = how == found->fit};
    }
}

static aw_ns lingers(const struct aw_member *outer)
{
    return outer->left ? LINGER : 0;
}

/* A connection that may be m's origin's leg has not been heard yet. */
static bool may_be_silent(const struct aw_link *l, const struct aw_member *m)
{
    return m->expect && m->inners == 0 && aw_silent_within(l, m, m->over + lingers(m));
}

/* The head of what may be it was not captured in full. */
static bool has_unheard(const struct aw_link *l, const struct aw_member *m)
{
    return m->expect && m->inners == 0 && aw_unheard_within(l, m, m->over + lingers(m));
}

/* What may be m's origin's leg was not captured. */
static bool may_have_unseen(const struct aw_link *l, const struct aw_member *m)
{
    return has_unheard(l, m) || may_be_silent(l, m);
}

/* Its head was not captured in full: it may be the origin's leg of what is open. */
static void remember_unheard(struct aw_link *l, const struct aw_opening *x)
{
    const struct aw_mark *first = &x->at[AW_AT_REQ_FIRST];
    const struct aw_link_way way = {.client = x->conn.addr[AW_C2S],
                                    .server = x->conn.addr[AW_S2C],
                                    .server_port = x->conn.port[AW_S2C]};
    aw_unheard_add(l, &way, aw_seen(first) ? first->ts : l->now);
}

struct aw_member *aw_legs_opened(struct aw_link *l, struct aw_member *m, const struct aw_opening *x)
{
    const bool outer_too = m && m->expect;
    if (x->flags & (AW_F_REQ_UNSEEN | AW_F_HOLE_REQ_HEAD)) remember_unheard(l, x);
    if (l->legs_open == 0 && !outer_too) return NULL;
    struct candidate found = {0};
    struct tails tails = {0};
    if (x->declared > 0 || outer_too) tails = tails_of(l, x);
    if (l->legs_open > 0) {
        const struct aw_span id = x->text[AW_TEXT_REQUEST_ID];
        struct named named;
        named.count = 0;
        take_names(x->text[AW_TEXT_XFF], &named);
        take_names(x->text[AW_TEXT_FORWARDED], &named);
        if (x->declared > 0) {
            /* "/x" may be what remains of "/a/x", and the other way round. */
            look(l, AW_LEG_BY_TAIL, tails.two, x, &named, &found);
            look(l, tails.one_part ? AW_LEG_BY_LAST : AW_LEG_BY_TAIL, tails.one, x, &named, &found);
        }
        if (id.len > 0) look(l, AW_LEG_BY_ID, bucket_of(l, id), x, &named, &found);
        for (unsigned i = 0; i < named.count; i++)
            look(l, AW_LEG_BY_CLIENT, bucket_of_addr(l, &named.addr[i]), x, &named, &found);
    }
    if (outer_too) add(l, m, x, &tails);
    if (!found.leg || found.several) return NULL;
    struct aw_member *outer = found.leg->m;
    if (found.fit == FIT_LOOSE && outer->inners > 0) return NULL; /* it has one that fits better */
    outer->inner_loose = found.fit == FIT_LOOSE;
    outer->inner_alike = found.fit == FIT_ALIKE;
    if (outer->inners++ > 0) outer->inner_unseen = true; /* either may be its leg */
    outer->inners_open++;
    return outer;
}

bool aw_legs_within(const struct aw_member *outer, aw_ns end)
{
    return outer->inners == 1 && (!outer->ended || end - lingers(outer) <= outer->over);
}

void aw_legs_ended(struct aw_link *l, struct aw_member *m, aw_ns end)
{
    m->ended = true;
    m->over = end;
    drop(l, m);
}

void aw_legs_closed(struct aw_link *l, struct aw_member *m)
{
    /* Those that are not heard yet may be when the record is written. */
    if (l->config.patient ? has_unheard(l, m) : may_have_unseen(l, m)) m->inner_unseen = true;
    drop(l, m);
}

/* --- what verdicts get --- */

/* Content went to the origin that its client had not sent by then: no proxy can do that, and two
 * requests only look alike. */
static bool sent_before(const struct aw_link *l, const struct aw_exchange *inner,
                        const struct aw_exchange *outer)
{
    const uint32_t unseen = AW_F_HOLE_CONTENT | AW_F_HOLE_REQ_HEAD | AW_F_NO_CLIENT_SIDE;
    const struct aw_mark *sent = &inner->at[AW_AT_BODY], *received = &outer->at[AW_AT_BODY];
    if (!aw_seen(sent) || (outer->flags & unseen)) return false;
    return !aw_seen(received) || received->ts - sent->ts > l->config.threshold[AW_T_REORDER_GRACE];
}

/* When it was over for its peers: answered, or left, which its end may come after. */
static const struct aw_mark *over_at(const struct aw_exchange *x)
{
    if (x->status != 0) return &x->at[AW_AT_FINAL];
    return aw_seen(&x->conn.closed_at) ? &x->conn.closed_at : &x->at[AW_AT_END];
}

/* The proxy answered right after it was answered or left; or, where its client left without an
 * answer, it left right after that. */
static bool go_together(const struct aw_exchange *inner, const struct aw_exchange *outer)
{
    const struct aw_mark *in = over_at(inner), *out = over_at(outer);
    const aw_ns apart = outer->status != 0 ? aw_between(in, out) : aw_between(out, in);
    return apart != AW_NS_NONE && apart >= 0 && apart <= TOGETHER;
}

struct aw_outer aw_legs_outer(const struct aw_member *outer)
{
    return (struct aw_outer){.id = outer->id, .head = outer->head, .alike = outer->inner_alike};
}

void aw_legs_case(struct aw_link *l, const struct aw_member *m, struct aw_case *c)
{
    /* Its content may be open long after its answer; a leg had begun before that. */
    const bool before = m->inner && (!m->closed || m->inner->at[AW_AT_REQ_FIRST].ts <= m->end);
    if (m->inners == 1 && before && !sent_before(l, m->inner, c->self)) c->inner = m->inner;
    c->inner_loose =
        c->inner && (m->inner_loose || (m->inner_alike && !go_together(c->inner, c->self)));
    c->inner_unseen =
        m->inner_unseen || (m->inners > 0 && c->inner == NULL) || may_have_unseen(l, m);
    if (m->outer == NULL) return;
    memset(&l->outer, 0, sizeof l->outer);
    l->outer.id = m->outer->id;
    l->outer.at[AW_AT_HEAD] = m->outer->head;
    c->outer = &l->outer;
    c->outer_alike = m->outer->alike;
}

/* --- records put off --- */

/* By when they are due: those that are, then those that wait for a leg in a file. One that would
 * have to go far to the front is due with those before it. */
static void queue_late(struct aw_link *l, struct aw_late *late)
{
    const bool due = late->due < INT64_MAX;
    unsigned steps = 0;
    late->up = due ? l->late_due : l->late_last;
    if (due && (!late->up || late->up->due <= late->due)) l->late_due = late;
    while (late->up && late->up->due > late->due && steps++ < LATE_LOOK)
        late->up = late->up->up;
    if (late->up && late->up->due > late->due) late->due = late->up->due;
    late->down = late->up ? late->up->down : l->late_first;
    *(late->up ? &late->up->down : &l->late_first) = late;
    *(late->down ? &late->down->up : &l->late_last) = late;
}

/* Nothing is said about an origin where a 100 came in time. */
static bool rests_on_legs(const struct aw_link *l, const struct aw_exchange *x)
{
    const aw_ns floor = l->config.threshold[AW_T_WAIT_FLOOR];
    return x->continue_count == 0 || x->interim[0].at.ts - x->at[AW_AT_HEAD].ts >= floor;
}

bool aw_legs_put_off(struct aw_link *l, struct aw_member *m, const struct aw_exchange *x,
                     struct aw_when when, struct aw_outlook outlook)
{
    if (when.ord == UINT64_MAX || m->waited_for) return false;
    const bool leg = m->inners == 1 && m->inners_open > 0;
    if (!leg && !(l->config.patient && rests_on_legs(l, x) && may_be_silent(l, m))) return false;
    m->waited_for = true;
    const size_t size = aw_exchange_size(x);
    struct aw_late *late = aw_link_get(l, sizeof *late + size);
    if (late == NULL) return false;
    /* In a file the origin's leg is waited for: its connection may be kept, and what was owed on it
     * show its end only much later. */
    *late = (struct aw_late){.m = m,
                             .due = leg && l->config.patient ? INT64_MAX
                                    : leg                    ? when.ts + lingers(m)
                                                             : when.ts + HEARD_BY,
                             .when = when,
                             .outlook = outlook,
                             .size = sizeof *late + size};
    (void)aw_exchange_copy(late->ex, size, x);
    queue_late(l, late);
    m->late = late;
    return true;
}

static void write_late(struct aw_link *l, struct aw_late *late)
{
    struct aw_member *m = late->m;
    const unsigned open = m->inners_open;
    if (l->late_due == late) l->late_due = late->up;
    *(late->up ? &late->up->down : &l->late_first) = late->down;
    *(late->down ? &late->down->up : &l->late_last) = late->up;
    m->late = NULL;
    m->inners_open = 0; /* nothing to wait for any more */
    aw_chain_record(l, m, (const struct aw_exchange *)late->ex, late->when, late->outlook);
    m->inners_open = open;
    aw_link_put(l, late, late->size);
    aw_chain_sweep(l, m);
}

/* One that may be its origin's leg has ended. */
static void may_be_final(struct aw_link *l, struct aw_member *outer)
{
    if (outer->late && outer->inners_open == 0)
        write_late(l, outer->late);
    else
        aw_chain_sweep(l, outer);
}

void aw_legs_inner_closed(struct aw_link *l, struct aw_member *outer, const struct aw_exchange *x,
                          bool within)
{
    static const uint8_t there = 0;
    outer->inners_open--;
    const uint32_t unseen = AW_F_HOLE_REQ_HEAD | AW_F_HEAD_UNFINISHED | AW_F_HOLE_RESPONSE |
                            AW_F_HOLE_FINAL | AW_F_NO_SERVER_SIDE | AW_F_EVICTED;
    if (x->flags & unseen) outer->inner_unseen = true;
    if (within && outer->inner == NULL) {
        outer->inner = aw_link_get(l, sizeof *outer->inner);
        if (outer->inner) {
            *outer->inner = *x;
            /* Its strings go; of Via only whether there is one is asked. */
            const bool via = x->text[AW_TEXT_REQ_VIA].p != NULL;
            memset(outer->inner->text, 0, sizeof outer->inner->text);
            if (via) outer->inner->text[AW_TEXT_REQ_VIA].p = &there;
        }
    }
    may_be_final(l, outer);
}

void aw_legs_inner_lost(struct aw_link *l, struct aw_member *outer)
{
    outer->inners_open--;
    outer->inner_unseen = true;
    may_be_final(l, outer);
}

aw_ns aw_legs_due(const struct aw_link *l)
{
    return l->late_first ? l->late_first->due : INT64_MAX;
}

bool aw_legs_let_go(struct aw_link *l)
{
    if (l->late_first == NULL) return false;
    write_late(l, l->late_first);
    return true;
}

void aw_legs_free(struct aw_link *l, struct aw_member *m)
{
    drop(l, m);
    aw_link_put(l, m->inner, sizeof *m->inner);
    m->inner = NULL;
    if (m->late) aw_link_put(l, m->late, m->late->size);
    m->late = NULL;
    aw_link_put(l, m->outer, sizeof *m->outer);
    m->outer = NULL;
}
