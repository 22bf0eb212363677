/*
 * Plays a script: two TCP endpoints a connection, one-way delays, delayed ACKs. Knows sequence
 * numbers and times, nothing of HTTP or of frames. What an endpoint acknowledges is what had
 * arrived when it sent: that is the property the verdicts rest on.
 */
#include "scn.h"

#include <stdlib.h>
#include <string.h>

enum { OOO_MAX = 64 };

struct end {
    uint32_t snd, rcv; /* next to send, next expected */
    uint16_t window, id;
    bool open, dead; /* may acknowledge; has sent or got a RST */
    bool ack_due;
    unsigned ack_gen;
    struct {
        uint32_t seq, len;
    } ooo[OOO_MAX];
    unsigned ooos;
};

enum kind { EV_ACT, EV_ARRIVE, EV_ACK };

struct event {
    int64_t at;
    unsigned order;
    enum kind kind;
    unsigned conn;
    int side;       /* who acts or receives */
    unsigned index; /* act, or generation of the timer */
    uint32_t seq, len;
    uint8_t flags;
    bool noack;
};

struct player {
    struct scn *s;
    struct end (*end)[2];
    struct event *event;
    unsigned events, event_room, order, segment_room;
    bool oom;
};

static void *grow(void *p, unsigned *room, unsigned need, size_t size)
{
    if (need <= *room) return p;
    const unsigned n = *room ? *room * 2 : 64;
    void *q = realloc(p, n * size);
    if (q) *room = n;
    return q;
}

static void add_event(struct player *p, struct event ev)
{
    void *q = grow(p->event, &p->event_room, p->events + 1, sizeof *p->event);
    if (!q) {
        p->oom = true;
        return;
    }
    p->event = q;
    ev.order = p->order++;
    p->event[p->events++] = ev;
}

static struct event take_event(struct player *p)
{
    unsigned best = 0;
    for (unsigned i = 1; i < p->events; i++) {
        const struct event *a = &p->event[i], *b = &p->event[best];
        if (a->at < b->at || (a->at == b->at && a->order < b->order)) best = i;
    }
    const struct event ev = p->event[best];
    p->event[best] = p->event[--p->events];
    return ev;
}

static void capture(struct player *p, struct scn_segment g)
{
    struct scn *s = p->s;
    if (s->only >= 0 && s->only != g.side) return;
    if (g.captured < s->from || g.captured > s->until) return;
    void *q = grow(s->segment, &p->segment_room, s->segments + 1, sizeof *s->segment);
    if (!q) {
        p->oom = true;
        return;
    }
    s->segment = q;
    g.order = s->segments;
    s->segment[s->segments++] = g;
}

/* One segment leaves `side` at `at`: captured on its way, delivered at its end. */
static void transmit(struct player *p, const struct scn_act *a, unsigned conn, int side, int64_t at,
                     uint32_t seq, uint8_t flags, const uint8_t *bytes, uint32_t len,
                     enum scn_fate fate)
{
    const struct scn_conn *c = &p->s->conn[conn];
    struct end *e = &p->end[conn][side];
    struct scn_segment g = {.conn = conn,
                            .side = side,
                            .captured = at + c->delay[side] + (a ? a->late : 0),
                            .seq = seq,
                            .ack = flags & SCN_ACK ? e->rcv : 0,
                            .flags = flags,
                            .ttl = c->ttl[side],
                            .window = flags & SCN_SYN ? 64240 : e->window,
                            .id = e->id++,
                            .bytes = bytes,
                            .len = len,
                            .cut = a ? a->cut : 0};
    if (fate == SCN_NORMAL || fate == SCN_LOST) {
        capture(p, g);
        if (a && a->dup) { /* the same packet seen one hop further on */
            g.captured += 20000;
            g.ttl--;
            capture(p, g);
        }
    }
    if (flags & SCN_ACK) e->ack_due = false;
    if (flags & SCN_RST) e->dead = true;
    if (fate == SCN_NORMAL || fate == SCN_UNCAPTURED)
        add_event(p, (struct event){.at = at + c->delay[0] + c->delay[1],
                                    .kind = EV_ARRIVE,
                                    .conn = conn,
                                    .side = !side,
                                    .seq = seq,
                                    .len = len,
                                    .flags = flags,
                                    .noack = a && a->noack});
}

static void send_data(struct player *p, struct scn_act *a)
{
    struct end *e = &p->end[a->conn][a->side];
    const bool again = a->verb == SCN_RETRANSMIT;
    const struct scn_act *what = a;
    if (again) {
        unsigned nth = 0;
        for (unsigned i = 0; i < p->s->acts; i++) {
            const struct scn_act *b = &p->s->act[i];
            if (b->conn != a->conn || b->side != a->side || !b->played || b->verb != SCN_DATA)
                continue;
            nth++;
            if (a->arg == 0 || nth == a->arg) what = b;
        }
        if (what == a) return;
    }
    const uint32_t first = again ? what->seq : e->snd;
    a->seq = first;
    const unsigned from = p->s->segments;
    uint32_t off = 0;
    unsigned n = 0;
    enum { TENTH = 9 }; /* of a status, or in a target */
    const uint8_t *bytes = what->bytes;
    if (again && a->other && what->len > TENTH) {
        void **own = realloc(p->s->own, (p->s->owned + 1) * sizeof *own);
        if (own) p->s->own = own;
        uint8_t *changed = own ? malloc(what->len) : NULL;
        if (!changed) {
            p->oom = true;
            return;
        }
        memcpy(changed, what->bytes, what->len);
        changed[TENTH] ^= 1;
        p->s->own[p->s->owned++] = changed;
        bytes = changed;
    }
    do {
        const uint32_t left = what->len - off, len = left < a->seg ? left : a->seg;
        const bool last = off + len == what->len;
        const uint8_t flags =
            (uint8_t)(SCN_ACK | (last ? (what->len ? SCN_PSH : 0) | what->flags : 0));
        n++;
        const enum scn_fate fate = a->fate_seg == 0 || a->fate_seg == n ? a->fate : SCN_NORMAL;
        transmit(p, a, a->conn, a->side, a->at + (int64_t)(n - 1) * p->s->spacing, first + off,
                 flags, len ? bytes + off : NULL, len, fate);
        off += len;
    } while (off < what->len);
    if (!again) e->snd = first + off + (what->flags & SCN_FIN ? 1 : 0);
    if (a->swap && p->s->segments >= from + 2) {
        struct scn_segment *g = &p->s->segment[from];
        const int64_t t = g[0].captured;
        g[0].captured = g[1].captured;
        g[1].captured = t;
    }
}

static void act(struct player *p, struct scn_act *a)
{
    struct end *e = &p->end[a->conn][a->side], *peer = &p->end[a->conn][!a->side];
    a->played = true;
    switch (a->verb) {
    case SCN_DATA:
    case SCN_RETRANSMIT:
        send_data(p, a);
        break;
    case SCN_CONTROL: {
        const bool syn = a->flags & SCN_SYN;
        if (syn) e->open = true;
        transmit(p, a, a->conn, a->side, a->at, e->snd, a->flags, NULL, 0, a->fate);
        e->snd += (syn ? 1u : 0u) + (a->flags & SCN_FIN ? 1u : 0u);
        break;
    }
    case SCN_WINDOW:
        e->window = (uint16_t)(a->arg > 65535 ? 65535 : a->arg);
        transmit(p, a, a->conn, a->side, a->at, e->snd, SCN_ACK, NULL, 0, a->fate);
        break;
    case SCN_KEEPALIVE:
        transmit(p, a, a->conn, a->side, a->at, e->snd - 1, SCN_ACK, NULL, 0, a->fate);
        break;
    case SCN_JOIN: /* established long ago, nothing of it captured */
        e->snd = p->s->conn[a->conn].isn[a->side] + 1;
        peer->snd = p->s->conn[a->conn].isn[!a->side] + 1;
        e->rcv = peer->snd;
        peer->rcv = e->snd;
        e->open = peer->open = true;
        break;
    }
}

/* Takes in what is next, and what waited behind it. */
static void receive(struct end *e, uint32_t seq, uint32_t len)
{
    if ((int32_t)(seq - e->rcv) > 0) {
        if (e->ooos < OOO_MAX) {
            e->ooo[e->ooos].seq = seq;
            e->ooo[e->ooos++].len = len;
        }
        return;
    }
    if ((int32_t)(seq + len - e->rcv) > 0) e->rcv = seq + len;
    for (unsigned i = 0; i < e->ooos; i++) {
        if ((int32_t)(e->ooo[i].seq - e->rcv) > 0) continue;
        if ((int32_t)(e->ooo[i].seq + e->ooo[i].len - e->rcv) > 0)
            e->rcv = e->ooo[i].seq + e->ooo[i].len;
        e->ooo[i] = e->ooo[--e->ooos];
        i = (unsigned)-1;
    }
}

static void arrive(struct player *p, const struct event *ev)
{
    struct end *e = &p->end[ev->conn][ev->side];
    if (ev->flags & SCN_SYN) {
        e->rcv = ev->seq + 1;
        e->open = true;
        return;
    }
    if (ev->flags & SCN_RST) {
        e->dead = true;
        return;
    }
    const uint32_t len = ev->len + (ev->flags & SCN_FIN ? 1u : 0u);
    const bool probe = len == 0 && ev->seq == e->rcv - 1; /* keep-alive */
    const bool in_order = ev->seq == e->rcv;
    if (len) receive(e, ev->seq, len);
    if (ev->noack || e->dead || !e->open || (len == 0 && !probe)) return;
    if (in_order && e->ack_due) return; /* a timer is running: one ACK for the burst */
    e->ack_due = true;
    add_event(p, (struct event){.at = ev->at + (in_order ? p->s->ack_delay : 1000),
                                .kind = EV_ACK,
                                .conn = ev->conn,
                                .side = ev->side,
                                .index = ++e->ack_gen});
}

static int by_capture(const void *va, const void *vb)
{
    const struct scn_segment *a = va, *b = vb;
    if (a->captured != b->captured) return a->captured < b->captured ? -1 : 1;
    return a->order < b->order ? -1 : a->order > b->order;
}

bool scn_play(struct scn *s)
{
    struct player p = {.s = s};
    p.end = calloc(s->conns ? s->conns : 1, sizeof *p.end);
    if (!p.end) return false;
    for (unsigned i = 0; i < s->conns; i++) {
        for (int d = 0; d < 2; d++) {
            p.end[i][d].snd = s->conn[i].isn[d];
            p.end[i][d].window = 502;
            p.end[i][d].id = (uint16_t)(s->conn[i].isn[d] >> 8);
        }
    }
    for (unsigned i = 0; i < s->acts; i++)
        add_event(&p, (struct event){
                          .at = s->act[i].at, .kind = EV_ACT, .conn = s->act[i].conn, .index = i});
    while (p.events && !p.oom) {
        const struct event ev = take_event(&p);
        switch (ev.kind) {
        case EV_ACT:
            act(&p, &s->act[ev.index]);
            break;
        case EV_ARRIVE:
            arrive(&p, &ev);
            break;
        case EV_ACK: {
            struct end *e = &p.end[ev.conn][ev.side];
            if (!e->ack_due || e->ack_gen != ev.index || e->dead) break;
            transmit(&p, NULL, ev.conn, ev.side, ev.at, e->snd, SCN_ACK, NULL, 0, SCN_NORMAL);
            break;
        }
        }
    }
    free(p.event);
    free(p.end);
    if (s->segments) qsort(s->segment, s->segments, sizeof *s->segment, by_capture);
    return !p.oom;
}
