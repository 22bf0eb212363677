/* Heads read again; see heads.h. */
#include "sink/heads.h"

#include <stdlib.h>
#include <string.h>

static void want(struct aw_raw_head *h, enum aw_dir dir, aw_off from, aw_off to)
{
    const bool known = from != AW_OFF_NONE && to != AW_OFF_NONE && to > from;
    *h = (struct aw_raw_head){.dir = dir, .done = !known};
    if (!known) return;
    h->from = from;
    h->to = to;
}

void aw_heads_want(struct aw_raw_head head[AW_HEADS], const struct aw_exchange *x)
{
    const bool asked = aw_request_seen(x), answered = aw_seen(&x->at[AW_AT_FINAL_FIRST]);
    const unsigned interims = aw_interims_kept(x);
    want(&head[AW_HEAD_REQUEST], AW_C2S, asked ? x->req_off : AW_OFF_NONE, x->head_end);
    want(&head[AW_HEAD_FINAL], AW_S2C, answered ? x->final_off : AW_OFF_NONE, x->final_head_end);
    for (unsigned i = 0; i < AW_INTERIM_MAX; i++)
        want(&head[AW_HEAD_INTERIM + i], AW_S2C, i < interims ? x->interim[i].off : AW_OFF_NONE,
             i < interims ? x->interim[i].end : AW_OFF_NONE);
}

/* `end`: of the piece. Pieces come in order: what begins behind the next byte leaves a hole. */
static void take(struct aw_raw_head *h, const struct aw_stream_piece *piece, aw_off end)
{
    const aw_off next = h->from + (aw_off)h->have;
    if (piece->off > next) {
        h->done = true;
        return;
    }
    if (!piece->data || end <= next) return;
    const size_t whole = (size_t)(h->to - h->from);
    const size_t most = whole < AW_RAW_HEAD_MAX ? whole : AW_RAW_HEAD_MAX;
    if (!h->p) h->p = malloc(most);
    h->lost = !h->p;
    if (h->p) {
        size_t n = (size_t)(end - next);
        if (n > most - h->have) n = most - h->have;
        memcpy(h->p + h->have, piece->data + (next - piece->off), n);
        h->have += n;
    }
    h->done = !h->p || h->have == most;
}

bool aw_heads_take(struct aw_raw_head head[AW_HEADS], const struct aw_stream_piece *piece)
{
    const aw_off end = piece->off + (aw_off)(piece->len < INT32_MAX ? piece->len : INT32_MAX);
    bool all = true;
    for (int i = 0; i < AW_HEADS; i++) {
        struct aw_raw_head *h = &head[i];
        if (!h->done && h->dir == piece->dir) take(h, piece, end);
        h->done = h->done || piece->close;
        all = all && h->done;
    }
    return all;
}

void aw_heads_free(struct aw_raw_head head[AW_HEADS])
{
    for (int i = 0; i < AW_HEADS; i++) {
        free(head[i].p);
        head[i].p = NULL;
    }
}
