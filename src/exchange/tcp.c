/*
 * What segments tell beside their bytes: retransmissions mapped onto the parts of an exchange, the
 * first acknowledgement of a head, closed windows. Knows offsets; nothing of HTTP.
 */
#include "exchange/slot.h"

#include <string.h>

/* --- retransmissions --- */

static void count_loss(struct aw_loss *loss, const struct aw_mark *at)
{
    loss->count++;
    if (!aw_seen(&loss->first)) loss->first = *at;
    loss->last = *at;
}

static bool overlap(aw_off a, aw_off a_end, aw_off b, aw_off b_end)
{
    return a < b_end && b < a_end;
}

static aw_off content_end(const struct aw_open *s)
{
    if (s->content_end != AW_OFF_NONE) return s->content_end;
    const struct aw_exchange *x = &s->ex;
    if (x->declared >= 0 && x->declared < INT64_MAX / 2) return x->head_end + x->declared;
    return INT64_MAX;
}

static bool again_from_client(const struct aw_step *st, struct aw_open *s, const struct aw_chunk *c,
                              aw_off end)
{
    struct aw_exchange *x = &s->ex;
    if (x->head_end == AW_OFF_NONE) return false;
    bool placed = false;
    if (overlap(c->off, end, x->req_off, x->head_end)) {
        count_loss(&x->loss[AW_PART_HEAD], &c->seen);
        placed = true;
    }
    if (overlap(c->off, end, x->head_end, content_end(s))) {
        count_loss(&x->loss[AW_PART_CONTENT], &c->seen);
        placed = true;
        if (aw_is_expectation(x) && end > s->watched) {
            s->watched = end;
            x->content_unacked = true;
            /* While the head itself is not acknowledged, that is what has to be waited for. */
            if (aw_seen(&x->at[AW_AT_ACK_HEAD])) aw_flow_watch(st->flow, AW_C2S, end);
        }
    }
    return placed;
}

static bool again_from_server(struct aw_open *s, const struct aw_chunk *c, aw_off end)
{
    struct aw_exchange *x = &s->ex;
    bool placed = false;
    const uint32_t kept = x->interim_count < AW_INTERIM_MAX ? x->interim_count : AW_INTERIM_MAX;
    for (uint32_t i = 0; i < kept; i++) {
        if (x->interim[i].status != 100 ||
            !overlap(c->off, end, x->interim[i].off, x->interim[i].end))
            continue;
        count_loss(&x->loss[AW_PART_100], &c->seen);
        placed = true;
        break;
    }
    if (x->final_head_end != AW_OFF_NONE && overlap(c->off, end, x->final_off, x->final_head_end)) {
        count_loss(&x->loss[AW_PART_FINAL], &c->seen);
        placed = true;
    }
    return placed;
}

/* A head that is still being gathered is not named by any event yet: keep the loss for its event.
 */
static void keep_unplaced(struct aw_exchanges *xs, const struct aw_chunk *c, aw_off end)
{
    if (!xs->unplaced) {
        xs->unplaced = aw_pool_get(xs->room->pool, sizeof *xs->unplaced);
        if (!xs->unplaced) {
            xs->room->stats.no_memory++;
            return;
        }
        memset(xs->unplaced, 0, sizeof *xs->unplaced);
    }
    struct aw_again_list *l = &xs->unplaced->dir[c->dir];
    struct aw_again *a = NULL;
    for (unsigned i = 0; i < l->count && !a; i++)
        if (overlap(c->off, end, l->entry[i].off, l->entry[i].end)) a = &l->entry[i];
    if (!a) {
        if (l->count == AW_AGAIN_MAX) {
            memmove(&l->entry[0], &l->entry[1], (AW_AGAIN_MAX - 1) * sizeof l->entry[0]);
            l->count--;
        }
        a = &l->entry[l->count++];
        *a = (struct aw_again){.off = c->off, .end = end};
    }
    if (c->off < a->off) a->off = c->off;
    if (end > a->end) a->end = end;
    count_loss(&a->loss, &c->seen);
}

void aw_place_again(const struct aw_step *st, enum aw_dir dir, aw_off off, aw_off end,
                    struct aw_loss *loss)
{
    struct aw_exchanges *xs = st->xs;
    if (!xs->unplaced) return;
    struct aw_again_list *l = &xs->unplaced->dir[dir];
    unsigned kept = 0;
    for (unsigned i = 0; i < l->count; i++) {
        const struct aw_again *a = &l->entry[i];
        if (overlap(a->off, a->end, off, end) && loss) {
            loss->count += a->loss.count;
            if (!aw_seen(&loss->first)) loss->first = a->loss.first;
            loss->last = a->loss.last;
        }
        if (a->end > end) l->entry[kept++] = *a;
    }
    l->count = kept;
    if (xs->unplaced->dir[AW_C2S].count + xs->unplaced->dir[AW_S2C].count == 0) {
        aw_pool_put(xs->room->pool, xs->unplaced, sizeof *xs->unplaced);
        xs->unplaced = NULL;
    }
}

void aw_on_again(const struct aw_step *st, const struct aw_chunk *c)
{
    if (c->len == 0 || c->len > INT64_MAX / 2) return;
    const aw_off end = c->off + (aw_off)c->len;
    bool placed = c->copy;
    for (struct aw_open *s = st->xs->first; s; s = s->next) {
        placed |= !c->copy && (c->dir == AW_C2S ? again_from_client(st, s, c, end)
                                                : again_from_server(s, c, end));
        aw_heads_compare(st, s, c, end);
    }
    if (st->xs->over) aw_heads_compare(st, st->xs->over, c, end);
    if (!placed && end > st->xs->rest.event_end[c->dir]) keep_unplaced(st->xs, c, end);
}

/* --- acknowledgements --- */

static bool awaits_ack(const struct aw_open *s)
{
    return s->ex.head_end != AW_OFF_NONE && !aw_seen(&s->ex.at[AW_AT_ACK_HEAD]);
}

/* The flow watches one offset: the first head that is not acknowledged. */
void aw_watch_head(const struct aw_step *st, const struct aw_open *s)
{
    for (const struct aw_open *i = st->xs->first; i != s; i = i->next)
        if (awaits_ack(i)) return;
    aw_flow_watch(st->flow, AW_C2S, s->ex.head_end);
}

/* A segment of the server that acknowledges content and carries no byte of an answer, nor stands
 * behind one: when it was sent, no 100 had been. */
void aw_watch_content(const struct aw_step *st, struct aw_open *s, aw_off end)
{
    if (!(s->ex.req & AW_REQ_EXPECT) || s->ex.interim_count || s->ex.status != 0) return;
    s->ex.at[AW_AT_ACK_BODY] = (struct aw_mark){.ord = 0};
    s->proof = end;
    if (aw_seen(&s->ex.at[AW_AT_ACK_HEAD])) aw_flow_watch(st->flow, AW_C2S, end);
}

void aw_note_ack(struct aw_open *s, aw_off ack_off, const struct aw_mark *at)
{
    if (ack_off == AW_OFF_NONE) return;
    if (awaits_ack(s) && ack_off >= s->ex.head_end) s->ex.at[AW_AT_ACK_HEAD] = *at;
    if (s->proof != AW_OFF_NONE && ack_off >= s->proof) {
        s->proof = AW_OFF_NONE;
        if (s->ex.interim_count == 0 && s->ex.status == 0) s->ex.at[AW_AT_ACK_BODY] = *at;
    }
    if (s->watched != AW_OFF_NONE && ack_off >= s->watched) {
        s->watched = AW_OFF_NONE;
        s->ex.content_unacked = false;
    }
}

void aw_on_ack(const struct aw_step *st, const struct aw_chunk *c)
{
    if (c->dir != AW_S2C) return;
    aw_off next = AW_OFF_NONE;
    for (struct aw_open *s = st->xs->first; s; s = s->next) {
        aw_note_ack(s, c->ack_off, &c->seen);
        if (next != AW_OFF_NONE) continue;
        if (awaits_ack(s))
            next = s->ex.head_end;
        else if (s->proof != AW_OFF_NONE)
            next = s->proof;
        else if (s->watched != AW_OFF_NONE)
            next = s->watched;
    }
    if (next != AW_OFF_NONE) aw_flow_watch(st->flow, AW_C2S, next);
}

/* --- windows --- */

void aw_on_window(const struct aw_step *st, const struct aw_chunk *c)
{
    struct aw_exchanges *xs = st->xs;
    const uint8_t bit = (uint8_t)(1u << c->dir);
    if (c->len > 0)
        xs->rest.window_closed &= (uint8_t)~bit;
    else
        xs->rest.window_closed |= bit;
    for (struct aw_open *s = xs->first; s; s = s->next) {
        if (c->len == 0 && !aw_seen(&s->ex.zero_window[c->dir])) {
            s->ex.zero_window[c->dir] = c->seen;
            if (c->dir == AW_S2C) s->ex.shut_ack = c->ack_off;
        }
        if (c->len > 0 && c->dir == AW_S2C) s->reopened = c->seen.ts;
    }
}
