/*
 * Verdicts compared (trial.h).
 */
#include "common/trial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void endpoint(uint8_t out[6], const struct aw_addr *a, uint16_t port)
{
    memcpy(out, a->b + (a->v6 ? 12 : 0), 4);
    out[4] = (uint8_t)(port >> 8);
    out[5] = (uint8_t)port;
}

static void points(struct trial_verdict *v, const struct aw_exchange *x)
{
    size_t n = 0;
    for (unsigned i = 0; i < AW_POINT_COUNT; i++) {
        /* The end of the waiting for stray answers, and a bare ACK, decide nothing by themselves.
         */
        if (i == AW_AT_END || i == AW_AT_ACK_HEAD || i == AW_AT_ACK_BODY) continue;
        v->point[n++] = aw_ref_no(x->at[i].ref);
    }
    for (unsigned i = 0; i < x->interim_count && i < AW_INTERIM_MAX; i++) {
        v->point[n++] = aw_ref_no(x->interim[i].first.ref);
        v->point[n++] = aw_ref_no(x->interim[i].at.ref);
    }
    const uint64_t mark[TRIAL_MARKS] = {aw_ref_no(x->at[AW_AT_REQ_FIRST].ref),
                                        aw_ref_no(x->at[AW_AT_HEAD].ref),
                                        aw_ref_no(x->at[AW_AT_FINAL_FIRST].ref),
                                        aw_ref_no(x->at[AW_AT_FINAL].ref),
                                        aw_ref_no(x->at[AW_AT_BODY].ref),
                                        aw_ref_no(x->at[AW_AT_BODY_END].ref),
                                        x->interim_count ? aw_ref_no(x->interim[0].first.ref) : 0,
                                        aw_ref_no(x->at[AW_AT_FINAL_END].ref)};
    memcpy(v->mark, mark, sizeof mark);
}

static void take(void *ctx, const struct aw_record *rec)
{
    struct trial *t = ctx;
    const struct aw_exchange *x = rec->ex;
    if (t->n == t->room) {
        t->room = t->room ? 2 * t->room : 8;
        t->v = realloc(t->v, t->room * sizeof *t->v);
        if (!t->v) abort();
    }
    struct trial_verdict *v = &t->v[t->n++];
    memset(v, 0, sizeof *v);
    endpoint(v->end[0], &x->conn.addr[AW_C2S], x->conn.port[AW_C2S]);
    endpoint(v->end[1], &x->conn.addr[AW_S2C], x->conn.port[AW_S2C]);
    if (memcmp(v->end[0], v->end[1], 6) > 0) {
        uint8_t tmp[6];
        memcpy(tmp, v->end[0], 6);
        memcpy(v->end[0], v->end[1], 6);
        memcpy(v->end[1], tmp, 6);
    }
    v->nth = x->nth;
    points(v, x);
    if (x->conn.rtt_c != AW_NS_NONE && x->conn.rtt_s != AW_NS_NONE) {
        const aw_ns rtt = x->conn.rtt_c + x->conn.rtt_s;
        if (t->rtt == 0 || rtt < t->rtt) t->rtt = rtt;
    }
    if (!rec->verdict) return;
    v->judged = true;
    v->cause = rec->verdict->cause;
    v->severity = rec->verdict->severity;
    v->confidence = rec->verdict->confidence;
    size_t used = 0;
    for (unsigned i = 0; i < rec->verdict->evidence_count; i++) {
        v->unnumbered |= strstr(rec->verdict->evidence[i].text, "packet 0") != NULL;
        const int n = snprintf(v->text + used, TRIAL_TEXT - used, "        %s\n",
                               rec->verdict->evidence[i].text);
        if (n < 0 || (size_t)n >= TRIAL_TEXT - used) break;
        used += (size_t)n;
    }
}

bool trial_run(struct trial *t, const struct morph *m)
{
    struct aw_config config;
    aw_config_init(&config);
    config.all = config.patient = true;
    const struct aw_sink sink = {.ctx = t, .record = take};
    struct aw_engine *e = aw_engine_open(&config, &sink, NULL);
    struct aw_packet *p = malloc((m->n + 1) * sizeof *p);
    if (!e || !p) abort();
    for (size_t i = 0; i < m->n; i++)
        p[i] = (struct aw_packet){.ts = m->p[i].ts,
                                  .ord = i + 1,
                                  .ref = aw_ref_make(0, m->p[i].no),
                                  .data = m->p[i].data,
                                  .cap_len = m->p[i].cap,
                                  .wire_len = m->p[i].wire,
                                  .linktype = m->p[i].linktype,
                                  .iface = m->p[i].iface};
    bool ok = aw_engine_push(e, p, m->n) == AW_OK;
    ok &= aw_engine_finish(e) == AW_OK;
    struct aw_stats stats;
    aw_engine_stats(e, &stats);
    for (unsigned i = 0; i < stats.drop_kinds; i++)
        t->dropped += stats.drop[i].count;
    aw_engine_close(e);
    free(p);
    return ok;
}

void trial_free(struct trial *t)
{
    free(t->v);
    *t = (struct trial){.v = NULL};
}

static bool same_connection(const struct trial_verdict *a, const struct trial_verdict *b)
{
    return memcmp(a->end, b->end, sizeof a->end) == 0;
}

/* By the most telling mark that both have; of several in one packet the one in the same place. */
static const struct trial_verdict *by_mark(const struct trial *in, const struct trial_verdict *of)
{
    for (unsigned k = 0; k < TRIAL_MARKS; k++) {
        const struct trial_verdict *found = NULL;
        for (size_t i = 0; i < in->n && of->mark[k]; i++) {
            if (in->v[i].mark[k] != of->mark[k] || !same_connection(&in->v[i], of)) continue;
            if (!found || in->v[i].nth == of->nth) found = &in->v[i];
        }
        if (found) return found;
    }
    return NULL;
}

const struct trial_verdict *trial_match(const struct trial *in, const struct trial *base,
                                        size_t which)
{
    const struct trial_verdict *of = &base->v[which], *found = by_mark(in, of);
    if (found && found->nth != of->nth && by_mark(base, found) != of)
        found = NULL; /* more like another one */
    /* By its place in the connection, unless what stands there is known to be another one. */
    for (size_t i = 0; !found && i < in->n; i++)
        if (in->v[i].nth == of->nth && same_connection(&in->v[i], of) &&
            by_mark(base, &in->v[i]) == NULL)
            found = &in->v[i];
    return found;
}

bool trial_harmless(const struct trial_verdict *v)
{
    return !v->judged || v->confidence != AW_CONF_HIGH || v->cause == AW_CAUSE_INCOMPLETE ||
           v->cause == AW_CAUSE_PENDING;
}

enum trial_fate trial_compare(const struct trial_verdict *before, const struct trial_verdict *after)
{
    if (after == NULL) return before->judged ? TRIAL_SOFTENED : TRIAL_KEPT;
    if (!before->judged && !after->judged) return TRIAL_KEPT;
    if (before->judged && after->judged && before->cause == after->cause)
        return after->confidence >= before->confidence ? TRIAL_KEPT : TRIAL_SOFTENED;
    return trial_harmless(after) ? TRIAL_SOFTENED : TRIAL_CHANGED;
}

static bool bore_a_fact(const struct trial_verdict *v, uint64_t no)
{
    for (size_t i = 0; i < sizeof v->point / sizeof *v->point; i++)
        if (v->point[i] == no) return true;
    return false;
}

bool trial_decides(const struct trial *all, const struct trial_verdict *v,
                   const struct morph_packet *p)
{
    struct morph_tcp t;
    if (!morph_tcp(p, &t)) return false;
    for (size_t i = 0; i < all->n; i++)
        if (t.payload && same_connection(&all->v[i], v) && bore_a_fact(&all->v[i], p->no))
            return true;
    uint8_t src[6], dst[6];
    memcpy(src, t.src, 4);
    memcpy(dst, t.dst, 4);
    src[4] = (uint8_t)(t.sport >> 8);
    src[5] = (uint8_t)t.sport;
    dst[4] = (uint8_t)(t.dport >> 8);
    dst[5] = (uint8_t)t.dport;
    const bool mine = (memcmp(src, v->end[0], 6) == 0 && memcmp(dst, v->end[1], 6) == 0) ||
                      (memcmp(src, v->end[1], 6) == 0 && memcmp(dst, v->end[0], 6) == 0);
    return mine && (t.flags & (MORPH_SYN | MORPH_FIN | MORPH_RST));
}
