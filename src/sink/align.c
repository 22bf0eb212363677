/*
 * Two captures of one event; see align.h. A packet is the same on both sides if addresses, ports,
 * numbers, length, flags, IPv4 ID and time stamp option are. Where senders leave cutting into
 * segments to their hardware, or receivers join them, data is looked for by its bytes as well.
 */
#include "sink/align.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sink/align_inside.h"

enum { FIN = 1, SYN = 2, RST = 4, ACK = 16 };

struct aw_align *aw_align_new(size_t memory)
{
    struct aw_align *a = calloc(1, sizeof *a);
    if (!a) return NULL;
    a->packets_max = memory / 4 / sizeof(struct aw_align_packet);
    a->exchanges_max = memory / 8 / sizeof(struct aw_align_exchange);
    return a;
}

void aw_align_free(struct aw_align *a)
{
    if (!a) return;
    for (int s = 0; s < AW_SIDES; s++) {
        free(a->side[s].packet);
        free(a->side[s].exchange);
        free(a->leg[s].delay);
    }
    free(a);
}

/* Room for one more; false: there is none. */
static bool room(void **list, size_t count, size_t *cap, size_t most, size_t size)
{
    if (count < *cap) return true;
    size_t want = *cap ? *cap * 2 : 1024;
    if (want > most) want = most;
    void *grown = want > count ? realloc(*list, want * size) : NULL;
    if (!grown) return false;
    *list = grown;
    *cap = want;
    return true;
}

/* --- what is told --- */

static uint64_t mix(uint64_t h, uint64_t v)
{
    h = (h ^ v) * UINT64_C(0xbf58476d1ce4e5b9);
    h = (h ^ h >> 29) * UINT64_C(0x94d049bb133111eb);
    return h ^ h >> 32;
}

static uint64_t mix_end(const struct aw_addr *a, uint16_t port)
{
    uint64_t half[2];
    memcpy(half, a->b, sizeof half);
    return mix(mix(mix(port, half[0]), half[1]), a->v6);
}

static uint64_t mix_conn(const struct aw_addr *a, uint16_t a_port, const struct aw_addr *b,
                         uint16_t b_port)
{
    return mix_end(a, a_port) + mix_end(b, b_port);
}

/* The sender's time stamp of RFC 7323; 0: none. */
static uint32_t tsval(const uint8_t *tcp, size_t len)
{
    for (size_t at = 20; at + 1 < len && tcp[at] != 0;) {
        if (tcp[at] == 1) {
            at++;
            continue;
        }
        const size_t bytes = tcp[at + 1];
        if (bytes < 2) return 0;
        if (tcp[at] == 8 && bytes == 10 && at + 10 <= len)
            return (uint32_t)tcp[at + 2] << 24 | (uint32_t)tcp[at + 3] << 16 |
                   (uint32_t)tcp[at + 4] << 8 | tcp[at + 5];
        at += bytes;
    }
    return 0;
}

/* The lower port is the server's, unless a SYN says otherwise; all packets of a connection are
 * made to agree later. */
static enum aw_dir guess(const struct aw_tap_segment *seg)
{
    if (seg->flags & SYN) return seg->flags & ACK ? AW_S2C : AW_C2S;
    return seg->sport > seg->dport ? AW_C2S : AW_S2C;
}

void aw_align_segment(struct aw_align *a, enum aw_side side, const struct aw_tap_segment *seg)
{
    struct aw_align_side *s = &a->side[side];
    const aw_ns ts = seg->pkt->ts;
    if (s->packets == 0 || ts < s->first) s->first = ts;
    if (s->packets == 0 || ts > s->last) s->last = ts;
    if (!room((void **)&s->packet, s->packets, &s->packet_cap, a->packets_max, sizeof *s->packet)) {
        a->left_out++;
        return;
    }
    uint64_t key = mix(mix_end(&seg->src, seg->sport), mix_end(&seg->dst, seg->dport));
    key = mix(key, (uint64_t)seg->seq << 32 | seg->ack);
    key = mix(key, (uint64_t)seg->payload_wire_len << 32 | tsval(seg->tcp, seg->head_len));
    key = mix(key, (uint64_t)seg->flags << 32 | (seg->has_ip_id ? seg->ip_id : 0));
    s->packet[s->packets++] = (struct aw_align_packet){
        .key = key,
        .conn = mix_conn(&seg->src, seg->sport, &seg->dst, seg->dport),
        .ts = ts,
        .no = aw_ref_no(seg->pkt->ref),
        .seq = seg->seq,
        .len = seg->payload_wire_len,
        .flags = seg->flags,
        .dir = (uint8_t)guess(seg),
        .half = mix_end(&seg->src, seg->sport) > mix_end(&seg->dst, seg->dport),
    };
}

static int word(const struct aw_span *s)
{
    return s->p ? (int)(s->len < AW_ALIGN_NAME ? s->len : (size_t)AW_ALIGN_NAME) : 0;
}

static const char *bytes(const struct aw_span *s)
{
    return s->p ? (const char *)s->p : "";
}

void aw_align_record(struct aw_align *a, enum aw_side side, const struct aw_record *rec,
                     bool show_secrets)
{
    struct aw_align_side *s = &a->side[side];
    const struct aw_exchange *x = rec->ex;
    if (!rec->verdict) return;
    if (!room((void **)&s->exchange, s->exchanges, &s->exchange_cap, a->exchanges_max,
              sizeof *s->exchange)) {
        a->left_out++;
        return;
    }
    struct aw_align_exchange *e = &s->exchange[s->exchanges++];
    *e = (struct aw_align_exchange){
        .conn = mix_conn(&x->conn.addr[0], x->conn.port[0], &x->conn.addr[1], x->conn.port[1]),
        .id = x->id,
        .cause = rec->verdict->cause,
        .severity = rec->verdict->severity,
        .party = rec->verdict->party,
        .status = x->status,
        .mate = SIZE_MAX,
    };
    const struct aw_mark *first = aw_exchange_first(x), *cont = aw_exchange_continued(x);
    if (first) e->at[AW_ALIGN_REQUEST] = *first;
    if (cont) e->at[AW_ALIGN_CONTINUE] = *cont;
    e->at[AW_ALIGN_FINAL] = x->at[AW_AT_FINAL];
    struct aw_span target = x->text[AW_TEXT_TARGET];
    char *masked = target.p ? malloc(2 * target.len + 4) : NULL;
    if (target.p && !masked) a->starved = true;
    if (!show_secrets && target.p)
        target = masked ? aw_mask_target(target, masked, 2 * target.len + 4)
                        : (struct aw_span){.p = NULL};
    /* A NUL in a name ends it: names are for people. */
    (void)snprintf(e->name, sizeof e->name, "%.*s %.*s%.*s", word(&x->text[AW_TEXT_METHOD]),
                   bytes(&x->text[AW_TEXT_METHOD]), word(&x->text[AW_TEXT_HOST]),
                   bytes(&x->text[AW_TEXT_HOST]), word(&target), bytes(&target));
    free(masked);
}

/* --- order --- */

struct place {
    const struct aw_align_packet *p;
    size_t index;
};

static int by_key(const void *pa, const void *pb)
{
    const struct place *a = pa, *b = pb;
    if (a->p->key != b->p->key) return a->p->key < b->p->key ? -1 : 1;
    if (a->p->ts != b->p->ts) return a->p->ts < b->p->ts ? -1 : 1;
    return (a->index > b->index) - (a->index < b->index);
}

static int by_conn(const void *pa, const void *pb)
{
    const struct place *a = pa, *b = pb;
    if (a->p->conn != b->p->conn) return a->p->conn < b->p->conn ? -1 : 1;
    return (a->index > b->index) - (a->index < b->index);
}

static int by_bytes(const void *pa, const void *pb)
{
    const struct place *a = pa, *b = pb;
    if (a->p->conn != b->p->conn) return a->p->conn < b->p->conn ? -1 : 1;
    if (a->p->dir != b->p->dir) return a->p->dir < b->p->dir ? -1 : 1;
    if (a->p->seq != b->p->seq) return a->p->seq < b->p->seq ? -1 : 1;
    return (a->index > b->index) - (a->index < b->index);
}

static struct place *places(const struct aw_align_side *s, int (*order)(const void *, const void *))
{
    struct place *list = calloc(s->packets + 1, sizeof *list);
    for (size_t i = 0; list && i < s->packets; i++)
        list[i] = (struct place){&s->packet[i], i};
    if (list && s->packets) qsort(list, s->packets, sizeof *list, order);
    return list;
}

/* --- the same packets --- */

static aw_ns minus(aw_ns x, aw_ns y) /* times are the files' word: their difference may not fit */
{
    aw_ns d;
    return __builtin_sub_overflow(x, y, &d) ? 0 : d;
}

static void pair(struct aw_align *a, size_t client, size_t server)
{
    struct aw_align_packet *c = &a->side[AW_AT_CLIENT].packet[client];
    struct aw_align_packet *s = &a->side[AW_AT_SERVER].packet[server];
    c->fate = s->fate = AW_FATE_SHARED;
    c->mate = server;
    s->mate = client;
    a->shared++;
}

/* Whether a packet that left then can be the one that arrived so: none is much faster than the
 * fastest of its direction. Where no other went that way, the clocks' offset has to do. */
static bool can_be(const struct aw_align *a, const struct aw_align_packet *sent,
                   const struct aw_align_packet *arrived)
{
    const struct aw_leg *leg = &a->leg[sent->dir];
    if (leg->timed) return minus(arrived->ts, sent->ts) >= minus(leg->least, AW_MS);
    const enum aw_side here = aw_sender((enum aw_dir)sent->dir);
    const enum aw_side there = here == AW_AT_CLIENT ? AW_AT_SERVER : AW_AT_CLIENT;
    return minus(aw_client_time(a, there, arrived->ts), aw_client_time(a, here, sent->ts)) >=
           -AW_MS;
}

/* Of packets that look alike, as retransmissions may: what arrived is the last that had been sent
 * by then; so what was sent before it is what was lost. */
static void pair_alike(struct aw_align *a, const struct place *c, size_t cs, const struct place *s,
                       size_t ss)
{
    const bool to_server = c->p->dir == AW_C2S;
    const struct place *from = to_server ? c : s, *to = to_server ? s : c;
    size_t left = to_server ? cs : ss;
    for (size_t i = to_server ? ss : cs; i > 0 && left > 0; i--) {
        while (left > i && !can_be(a, from[left - 1].p, to[i - 1].p))
            left--;
        left--;
        const size_t sent = from[left].index, arrived = to[i - 1].index;
        pair(a, to_server ? sent : arrived, to_server ? arrived : sent);
    }
}

/* Pairs what has equals on both sides: those without a double at first, by which the offset is
 * found, and the others (`alike`) once it is. */
static void pair_all(struct aw_align *a, const struct place *c, const struct place *s, bool alike)
{
    const size_t cn = a->side[AW_AT_CLIENT].packets, sn = a->side[AW_AT_SERVER].packets;
    for (size_t i = 0, k = 0; i < cn && k < sn;) {
        const uint64_t key = c[i].p->key;
        if (key != s[k].p->key) {
            if (key < s[k].p->key)
                i++;
            else
                k++;
            continue;
        }
        size_t cs = 1, ss = 1;
        while (i + cs < cn && c[i + cs].p->key == key)
            cs++;
        while (k + ss < sn && s[k + ss].p->key == key)
            ss++;
        if (!alike && cs == 1 && ss == 1) pair(a, c[i].index, s[k].index);
        if (alike && (cs > 1 || ss > 1) && c[i].p->fate == AW_FATE_ALONE)
            pair_alike(a, c + i, cs, s + k, ss);
        i += cs;
        k += ss;
    }
}

/* Which end is the client's: what a SYN on either side says, else what the ports suggest. */
static void turn(const struct place *list, size_t count, uint8_t *client_half, bool *sure)
{
    for (size_t i = 0; i < count && !*sure; i++) {
        const struct aw_align_packet *p = list[i].p;
        *client_half = p->dir == AW_C2S ? p->half : !p->half;
        *sure = (p->flags & SYN) != 0;
    }
}

static void agree_on_directions(struct aw_align *a, struct place *const by[AW_SIDES])
{
    size_t at[AW_SIDES] = {0, 0};
    while (at[0] < a->side[0].packets || at[1] < a->side[1].packets) {
        uint64_t conn = UINT64_MAX;
        size_t count[AW_SIDES] = {0, 0};
        uint8_t client_half = 0;
        bool sure = false;
        for (int s = 0; s < AW_SIDES; s++)
            if (at[s] < a->side[s].packets && by[s][at[s]].p->conn < conn)
                conn = by[s][at[s]].p->conn;
        for (int s = 0; s < AW_SIDES; s++) {
            while (at[s] + count[s] < a->side[s].packets && by[s][at[s] + count[s]].p->conn == conn)
                count[s]++;
            turn(by[s] + at[s], count[s], &client_half, &sure);
        }
        for (int s = 0; s < AW_SIDES; s++) {
            for (size_t i = 0; i < count[s]; i++) {
                struct aw_align_packet *p = &a->side[s].packet[by[s][at[s] + i].index];
                p->dir = p->half == client_half ? AW_C2S : AW_S2C;
            }
            at[s] += count[s];
        }
    }
}

/* --- clocks --- */

/* Arrival minus departure of a shared packet, clocks as they are. */
static aw_ns on_its_way(const struct aw_align *a, const struct aw_align_packet *sent)
{
    const enum aw_side there = sent->dir == AW_C2S ? AW_AT_SERVER : AW_AT_CLIENT;
    return minus(a->side[there].packet[sent->mate].ts, sent->ts);
}

static void find_offset(struct aw_align *a)
{
    for (int d = 0; d < 2; d++) {
        const struct aw_align_side *from = &a->side[aw_sender((enum aw_dir)d)];
        struct aw_leg *leg = &a->leg[d];
        leg->timed = false;
        for (size_t i = 0; i < from->packets; i++) {
            const struct aw_align_packet *p = &from->packet[i];
            if (p->fate != AW_FATE_SHARED || p->dir != d) continue;
            const aw_ns way = on_its_way(a, p);
            if (!leg->timed || way < leg->least) leg->least = way;
            if (!leg->timed || way > leg->most) leg->most = way;
            leg->timed = true;
        }
    }
    a->both_ways = a->leg[AW_C2S].timed && a->leg[AW_S2C].timed;
    a->round = 0;
    if (a->both_ways) {
        a->offset = a->leg[AW_C2S].least / 2 - a->leg[AW_S2C].least / 2;
        a->round = minus(a->leg[AW_C2S].least, minus(0, a->leg[AW_S2C].least));
    } else {
        a->offset = a->leg[AW_C2S].timed ? a->leg[AW_C2S].least : minus(0, a->leg[AW_S2C].least);
    }
}

/* --- what became of the others --- */

static bool was_watched(const struct aw_align *a, const struct aw_align_packet *p,
                        enum aw_side here, enum aw_side there)
{
    const aw_ns t = aw_client_time(a, here, p->ts);
    return t >= aw_client_time(a, there, a->side[there].first) &&
           t <= aw_client_time(a, there, a->side[there].last);
}

/* Whether the bytes of a packet came in other segments, which have no equal either. `there`: those
 * by their bytes. */
static bool came_otherwise(const struct place *there, size_t count, const struct aw_align_packet *p)
{
    enum { LONGEST = 256 * 1024, LOOKED_AT = 4096 };
    const struct aw_align_packet low = {
        .conn = p->conn, .dir = p->dir, .seq = p->seq > LONGEST ? p->seq - LONGEST : 0};
    const struct place want = {&low, 0};
    size_t from = 0, to = count;
    while (from < to) {
        const size_t mid = from + (to - from) / 2;
        if (by_bytes(&there[mid], &want) < 0)
            from = mid + 1;
        else
            to = mid;
    }
    uint32_t covered = p->seq;
    const uint32_t end = p->seq + p->len;
    for (size_t n = 0; from < count && n < LOOKED_AT && covered < end; from++, n++) {
        const struct aw_align_packet *q = there[from].p;
        if (q->conn != p->conn || q->dir != p->dir || q->seq > covered) break;
        if (q->fate == AW_FATE_ALONE || q->fate == AW_FATE_RESEGMENTED)
            if (q->seq + q->len > covered) covered = q->seq + q->len;
    }
    return p->len > 0 && covered >= end;
}

/* The connection was seen on both sides: else it does not pass there. */
static bool is_shared(const struct place *by, size_t count, uint64_t conn)
{
    size_t from = 0, to = count;
    while (from < to) {
        const size_t mid = from + (to - from) / 2;
        if (by[mid].p->conn < conn)
            from = mid + 1;
        else
            to = mid;
    }
    return from < count && by[from].p->conn == conn;
}

/* `conns`, `data`: of the other side. */
static void judge_side(struct aw_align *a, enum aw_side here, const struct place *conns,
                       const struct place *data)
{
    const enum aw_side there = here == AW_AT_CLIENT ? AW_AT_SERVER : AW_AT_CLIENT;
    const size_t count = a->side[there].packets;
    for (size_t i = 0; i < a->side[here].packets; i++) {
        struct aw_align_packet *p = &a->side[here].packet[i];
        struct aw_leg *leg = &a->leg[p->dir];
        const bool sent = aw_sender((enum aw_dir)p->dir) == here;
        if (!is_shared(conns, count, p->conn) || !was_watched(a, p, here, there)) {
            if (p->fate == AW_FATE_ALONE) p->fate = AW_FATE_OUTSIDE;
        } else if (p->fate == AW_FATE_ALONE) {
            p->fate = came_otherwise(data, count, p) ? AW_FATE_RESEGMENTED : AW_FATE_LOST;
        }
        if (p->fate == AW_FATE_OUTSIDE) continue;
        if (!sent) {
            leg->unsent += p->fate == AW_FATE_LOST;
            continue;
        }
        leg->sent++;
        leg->shared += p->fate == AW_FATE_SHARED;
        leg->resegmented += p->fate == AW_FATE_RESEGMENTED;
        if (p->fate != AW_FATE_LOST) continue;
        if (p->len == 0 && !(p->flags & (SYN | FIN | RST)))
            leg->lost_acks++;
        else
            leg->lost++;
    }
}

static int by_value(const void *pa, const void *pb)
{
    const aw_ns *a = pa, *b = pb;
    return (*a > *b) - (*a < *b);
}

static bool take_delays(struct aw_align *a)
{
    for (int d = 0; d < 2; d++) {
        struct aw_leg *leg = &a->leg[d];
        const struct aw_align_side *from = &a->side[aw_sender((enum aw_dir)d)];
        leg->delay = calloc(leg->shared + 1, sizeof *leg->delay);
        if (!leg->delay) return false;
        for (size_t i = 0; i < from->packets; i++)
            if (from->packet[i].fate == AW_FATE_SHARED && from->packet[i].dir == d &&
                leg->delays < leg->shared)
                leg->delay[leg->delays++] = minus(on_its_way(a, &from->packet[i]), leg->least);
        if (leg->delays) qsort(leg->delay, leg->delays, sizeof *leg->delay, by_value);
    }
    return true;
}

/* --- exchanges --- */

static int by_time(const void *pa, const void *pb)
{
    const struct aw_align_exchange *a = pa, *b = pb;
    if (a->conn != b->conn) return a->conn < b->conn ? -1 : 1;
    const aw_ns ta = a->at[AW_ALIGN_REQUEST].ts, tb = b->at[AW_ALIGN_REQUEST].ts;
    return ta != tb ? (ta < tb ? -1 : 1) : (a->id > b->id) - (a->id < b->id);
}

static int by_id(const void *pa, const void *pb)
{
    const struct aw_align_exchange *a = pa, *b = pb;
    return (a->id > b->id) - (a->id < b->id);
}

/* In one connection the next of both sides, unless the one was over long before the other: then it
 * was not seen there. */
static bool pair_exchanges(struct aw_align *a)
{
    struct aw_align_side *c = &a->side[AW_AT_CLIENT], *s = &a->side[AW_AT_SERVER];
    const aw_ns apart = AW_SEC + (a->round > 0 ? a->round : 0);
    if (c->exchanges) qsort(c->exchange, c->exchanges, sizeof *c->exchange, by_id);
    if (s->exchanges) qsort(s->exchange, s->exchanges, sizeof *s->exchange, by_time);
    struct aw_align_exchange *other = calloc(c->exchanges + 1, sizeof *other);
    if (!other) return false;
    /* The client's stay in order of their ids; a sorted copy says by id who is whose. */
    for (size_t i = 0; i < c->exchanges; i++) {
        other[i] = c->exchange[i];
        other[i].mate = i;
    }
    if (c->exchanges) qsort(other, c->exchanges, sizeof *other, by_time);
    for (size_t i = 0, k = 0; i < c->exchanges && k < s->exchanges;) {
        const struct aw_align_exchange *x = &other[i], *y = &s->exchange[k];
        const aw_ns later = minus(aw_client_time(a, AW_AT_SERVER, y->at[AW_ALIGN_REQUEST].ts),
                                  x->at[AW_ALIGN_REQUEST].ts);
        if (x->conn < y->conn || (x->conn == y->conn && later > apart)) {
            i++;
        } else if (y->conn < x->conn || later < -apart) {
            k++;
        } else {
            c->exchange[x->mate].mate = k;
            s->exchange[k].mate = x->mate;
            i++;
            k++;
        }
    }
    free(other);
    return true;
}

/* --- all of it --- */

/* Even what took longest came before it was sent, there and back: no offset of clocks does that. */
static bool is_turned(const struct aw_align *a)
{
    return a->both_ways && minus(a->leg[AW_C2S].most, minus(0, a->leg[AW_S2C].most)) < 0;
}

enum aw_aligned aw_align_work(struct aw_align *a)
{
    struct place *key[AW_SIDES], *conn[AW_SIDES], *data[AW_SIDES] = {NULL, NULL};
    bool good = true;
    for (int s = 0; s < AW_SIDES; s++) {
        key[s] = places(&a->side[s], by_key);
        conn[s] = places(&a->side[s], by_conn);
        good = good && key[s] && conn[s];
    }
    if (good) {
        agree_on_directions(a, conn);
        pair_all(a, key[AW_AT_CLIENT], key[AW_AT_SERVER], false);
        if (a->shared == 0) pair_all(a, key[AW_AT_CLIENT], key[AW_AT_SERVER], true);
        find_offset(a);
        pair_all(a, key[AW_AT_CLIENT], key[AW_AT_SERVER], true);
        find_offset(a);
        for (int s = 0; s < AW_SIDES && good; s++) {
            data[s] = places(&a->side[s], by_bytes);
            good = data[s] != NULL;
        }
    }
    if (good) {
        judge_side(a, AW_AT_CLIENT, conn[AW_AT_SERVER], data[AW_AT_SERVER]);
        judge_side(a, AW_AT_SERVER, conn[AW_AT_CLIENT], data[AW_AT_CLIENT]);
        good = take_delays(a) && pair_exchanges(a) && !a->starved;
    }
    for (int s = 0; s < AW_SIDES; s++) {
        free(key[s]);
        free(conn[s]);
        free(data[s]);
    }
    if (!good) return AW_ALIGNED_NO_MEMORY;
    if (a->shared == 0) return AW_ALIGNED_STRANGERS;
    return is_turned(a) ? AW_ALIGNED_TURNED : AW_ALIGNED;
}

const struct aw_align_packet *aw_align_find(const struct aw_align_side *s, uint64_t no)
{
    size_t from = 0, to = s->packets;
    while (from < to) {
        const size_t mid = from + (to - from) / 2;
        if (s->packet[mid].no < no)
            from = mid + 1;
        else
            to = mid;
    }
    return from < s->packets && s->packet[from].no == no ? &s->packet[from] : NULL;
}
