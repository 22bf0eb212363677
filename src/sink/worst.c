/*
 * The worst failing exchanges. A record is lent only for a moment, so what reports will say
 * about it is copied when it enters the list; what does not enter costs a comparison or, while
 * some loop is in the list, a walk over 50 numbers.
 */
#include "sink/worst.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sink/mask.h"
#include "sink/report.h"

struct aw_worst {
    const struct aw_run *run; /* borrowed */
    unsigned count;
    struct aw_told entry[AW_WORST_MAX]; /* sorted, worst first */
    struct aw_scratch target;
    bool lost;            /* for want of memory, a part of an entry or one */
    struct aw_out *lines; /* owned: a head under construction */
};

enum { WHAT_MAX = 160, SENTENCE_MAX = 512, FIELD_MAX = 256, HEAD_MAX = 4096 };

struct aw_worst *aw_worst_new(const struct aw_run *run)
{
    struct aw_worst *w = calloc(1, sizeof *w);
    if (!w) return NULL;
    w->run = run;
    w->lines = aw_out_memory();
    if (w->lines) return w;
    free(w);
    return NULL;
}

static void free_texts(struct aw_told *e)
{
    free(e->file);
    free(e->what);
    free(e->ends);
    free(e->why);
    free(e->head[AW_C2S]);
    free(e->head[AW_S2C]);
    aw_heads_free(e->raw);
    for (unsigned i = 0; i < AW_EVIDENCE_MAX; i++)
        free(e->evidence[i]);
    for (unsigned i = 0; i < AW_FIX_MAX; i++)
        free(e->fix[i]);
}

void aw_worst_free(struct aw_worst *w)
{
    if (!w) return;
    for (unsigned i = 0; i < w->count; i++)
        free_texts(&w->entry[i]);
    free(w->target.p);
    (void)aw_out_close(w->lines, false);
    free(w);
}

static int worse_first(const struct aw_told *a, const struct aw_told *b)
{
    if (a->severity != b->severity) return a->severity > b->severity ? -1 : 1;
    if (a->stall != b->stall) return a->stall > b->stall ? -1 : 1;
    if (a->wasted != b->wasted) return a->wasted > b->wasted ? -1 : 1;
    if (a->id != b->id) return a->id < b->id ? -1 : 1;
    /* Records of several runs may share a number: their order must not depend on whose came first.
     */
    if (!a->what || !b->what) return 0;
    if (a->start != b->start) return a->start < b->start ? -1 : 1;
    if (a->cause != b->cause) return a->cause < b->cause ? -1 : 1;
    int c = strcmp(a->file, b->file);
    if (c == 0) c = strcmp(a->ends, b->ends);
    if (c == 0) c = strcmp(a->what, b->what);
    for (unsigned i = 0; c == 0 && i < AW_EVIDENCE_MAX && a->evidence[i] && b->evidence[i]; i++)
        c = strcmp(a->evidence[i], b->evidence[i]);
    return c;
}

/* --- laying out --- */

/* Method, host and target; a proxy's absolute-form target names the host itself. */
static char *what_text(struct aw_worst *w, const struct aw_exchange *x)
{
    const struct aw_span method = x->text[AW_TEXT_METHOD], host = x->text[AW_TEXT_HOST];
    if (!aw_request_seen(x)) return strdup("(request not seen)");
    const struct aw_span target = aw_shown_target(w->run, x->text[AW_TEXT_TARGET], &w->target);
    char text[WHAT_MAX];
    size_t n = 0;
    const struct aw_span part[] = {
        {method.p, method.len < 16 ? method.len : 16},
        aw_span_of(" ", 1),
        {host.p, target.len && target.p[0] == '/' ? host.len : 0},
        target,
    };
    for (size_t i = 0; i < sizeof part / sizeof part[0]; i++) {
        for (size_t k = 0; k < part[i].len && n < sizeof text - 1; k++)
            text[n++] = part[i].p[k] ? (char)part[i].p[k] : ' ';
    }
    text[n] = '\0';
    return strdup(text);
}

static char *ends_text(const struct aw_exchange *x)
{
    char end[2][AW_END_TEXT], text[2 * AW_END_TEXT + 8];
    (void)snprintf(text, sizeof text, "%s -> %s", aw_end_text(end[0], &x->conn, AW_C2S),
                   aw_end_text(end[1], &x->conn, AW_S2C));
    return strdup(text);
}

static char *sentence(const char *text)
{
    char cut[SENTENCE_MAX];
    (void)snprintf(cut, sizeof cut, "%s", text);
    return strdup(cut);
}

/* The first piece of evidence; of several inputs it says in which the packets are. */
static char *why_text(const struct aw_worst *w, const struct aw_record *rec)
{
    const struct aw_verdict *v = rec->verdict;
    const struct aw_mark *first = aw_exchange_first(rec->ex);
    const size_t source = first ? aw_ref_source(first->ref) : SIZE_MAX;
    const char *evidence = v->evidence_count ? v->evidence[0].text : aw_cause_meaning(v->cause);
    if (w->run->file_count < 2 || source >= w->run->file_count) return sentence(evidence);
    const char *path = w->run->files[source], *slash = strrchr(path, '/');
    char text[SENTENCE_MAX];
    (void)snprintf(text, sizeof text, "%.120s, %s", slash ? slash + 1 : path, evidence);
    return strdup(text);
}

/* A line of a head, its bytes made printable so that no value begins a line of its own. */
static void put_line(struct aw_out *o, const char *name, struct aw_span value)
{
    if (!value.p) return;
    aw_out_str(o, name);
    aw_out_write(o, ": ", 2);
    if (value.len > FIELD_MAX) value.len = FIELD_MAX;
    (void)aw_out_printable(o, value, 0);
    aw_out_write(o, "\n", 1);
}

static void put_start_line(struct aw_worst *w, struct aw_out *o, const struct aw_exchange *x,
                           enum aw_dir dir)
{
    const uint8_t version = dir == AW_C2S ? x->req_version : x->res_version;
    char http[16] = "";
    if (version >= 10)
        (void)snprintf(http, sizeof http, "HTTP/%u.%u", version / 10u, version % 10u);
    if (dir == AW_C2S) {
        struct aw_span target = aw_shown_target(w->run, x->text[AW_TEXT_TARGET], &w->target);
        if (target.len > FIELD_MAX) target.len = FIELD_MAX;
        (void)aw_out_printable(o, x->text[AW_TEXT_METHOD], FIELD_MAX);
        aw_out_write(o, " ", 1);
        (void)aw_out_printable(o, target, 0);
        aw_out_printf(o, " %s\n", http);
        if (x->declared >= 0) aw_out_printf(o, "Content-Length: %lld\n", (long long)x->declared);
        if (x->req & AW_REQ_CHUNKED) aw_out_str(o, "Transfer-Encoding: chunked\n");
    } else {
        aw_out_printf(o, "%s %u ", http, (unsigned)x->status);
        (void)aw_out_printable(o, x->text[AW_TEXT_REASON], FIELD_MAX);
        aw_out_write(o, "\n", 1);
    }
}

/* The head as far as the exchange keeps it: finished, printable lines. NULL where it was not seen.
 */
static char *head_text(struct aw_worst *w, const struct aw_exchange *x, enum aw_dir dir)
{
    if (dir == AW_C2S ? !aw_request_seen(x) : x->status == 0) return NULL;
    struct aw_out *o = w->lines;
    aw_out_reset(o);
    put_start_line(w, o, x, dir);
    for (int i = 0; i < AW_TEXT_COUNT; i++) {
        enum aw_dir of;
        const char *name = aw_text_field((enum aw_text)i, &of);
        if (!name || of != dir) continue;
        const struct aw_span value = x->text[i];
        put_line(o, name,
                 i == AW_TEXT_LOCATION && value.p ? aw_shown_target(w->run, value, &w->target)
                                                  : value);
    }
    const struct aw_span all = aw_out_bytes(o);
    char *text = aw_out_error(o) ? NULL : strndup((const char *)all.p, all.len);
    if (!text) w->lost = true;
    return text;
}

/* False, with nothing left behind, where there is no memory. */
static bool lay_out(struct aw_worst *w, struct aw_told *e, const struct aw_record *rec)
{
    const struct aw_verdict *v = rec->verdict;
    const struct aw_exchange *x = rec->ex;
    const struct aw_mark *first = aw_exchange_first(x);
    e->party = v->party;
    e->confidence = v->confidence;
    e->also = v->also;
    e->conn_id = x->conn_id;
    e->conn_ord = x->conn.ord;
    e->file = strdup(first ? aw_run_file(w->run, first->ref) : "");
    e->start = first ? first->ts : AW_NS_NONE;
    e->times = aw_times_of(w->run, x);
    e->step_count = aw_ladder_of(e->step, x);
    for (unsigned i = e->step_count; i-- > 0;) { /* from the first on */
        int64_t d;
        e->step[i].at = __builtin_sub_overflow(e->step[i].at, e->step[0].at, &d) ? AW_NS_NONE : d;
    }
    e->what = what_text(w, x);
    e->ends = ends_text(x);
    e->why = why_text(w, rec);
    e->head[AW_C2S] = head_text(w, x, AW_C2S);
    e->head[AW_S2C] = head_text(w, x, AW_S2C);
    aw_heads_want(e->raw, x);
    for (unsigned i = 0; i < v->evidence_count && (i == 0 || e->evidence[i - 1]); i++) {
        e->evidence[i] = sentence(v->evidence[i].text);
        if (!e->evidence[i]) w->lost = true;
    }
    for (unsigned i = 0; i < v->fix_count && (i == 0 || e->fix[i - 1]); i++) {
        e->fix[i] = sentence(v->fix[i]);
        if (!e->fix[i]) w->lost = true;
    }
    if (e->file && e->what && e->ends && e->why) return true;
    w->lost = true;
    free_texts(e);
    return false;
}

/* --- the list --- */

static uint64_t positive(int64_t v)
{
    return v > 0 ? (uint64_t)v : 0;
}

static void insert(struct aw_worst *w, const struct aw_told *e)
{
    unsigned at = w->count;
    while (at > 0 && worse_first(e, &w->entry[at - 1]) < 0)
        at--;
    if (at == AW_WORST_MAX) { /* no worse than any */
        struct aw_told none = *e;
        free_texts(&none);
        return;
    }
    if (w->count == AW_WORST_MAX) free_texts(&w->entry[--w->count]);
    memmove(&w->entry[at + 1], &w->entry[at], (w->count - at) * sizeof w->entry[0]);
    w->entry[at] = *e;
    w->count++;
}

static void take_out(struct aw_worst *w, unsigned at)
{
    w->count--;
    memmove(&w->entry[at], &w->entry[at + 1], (w->count - at) * sizeof w->entry[0]);
}

/* Joins a further attempt to its chain's entry. What is told is the attempt whose cause wins. */
static void fold(struct aw_worst *w, unsigned at, struct aw_told *add, const struct aw_record *rec)
{
    struct aw_told e = w->entry[at];
    take_out(w, at);
    e.stall += add->stall;
    e.wasted += add->wasted;
    e.folded++;
    const bool wins =
        add->severity != e.severity ? add->severity > e.severity : add->cause < e.cause;
    if (wins && lay_out(w, add, rec)) {
        add->stall = e.stall;
        add->wasted = e.wasted;
        add->folded = e.folded;
        add->chain = e.chain;
        free_texts(&e);
        e = *add;
    }
    insert(w, &e);
}

void aw_worst_add(struct aw_worst *w, const struct aw_record *rec)
{
    const struct aw_verdict *v = rec->verdict;
    struct aw_told e = {
        .severity = v->severity,
        .cause = v->cause,
        .stall = positive(v->cost.stall),
        .wasted = positive(v->cost.wasted),
        .id = rec->ex->id,
        .chain = rec->attempts > 1 ? rec->chain_id : 0,
        .folded = 1,
        .status = rec->ex->status,
        .recovered = v->recovered,
    };
    for (unsigned i = 0; e.chain && i < w->count; i++) {
        /* The first attempt may have been told before anyone knew of a second. */
        if (w->entry[i].chain == e.chain || w->entry[i].id == e.chain) {
            w->entry[i].chain = e.chain;
            fold(w, i, &e, rec);
            return;
        }
    }
    if (w->count == AW_WORST_MAX && worse_first(&e, &w->entry[w->count - 1]) > 0) return;
    if (lay_out(w, &e, rec)) insert(w, &e);
}

/* --- heads, read again --- */

void aw_worst_stream(void *worst, const struct aw_conn_facts *conn,
                     const struct aw_stream_piece *piece)
{
    struct aw_worst *w = worst;
    (void)conn;
    for (unsigned i = 0; i < w->count; i++) {
        struct aw_told *e = &w->entry[i];
        if (e->conn_ord == piece->conn_ord && !e->raw_done)
            e->raw_done = aw_heads_take(e->raw, piece);
    }
}

bool aw_worst_heads_done(const struct aw_worst *w)
{
    for (unsigned i = 0; i < w->count; i++)
        if (!w->entry[i].raw_done) return false;
    return true;
}

struct aw_span aw_worst_head(struct aw_worst *w, unsigned i, int which, bool *cut)
{
    static const struct aw_masker masker = {.stars = true};
    const struct aw_raw_head *h = &w->entry[i].raw[which];
    *cut = h->have > 0 && h->from + (aw_off)h->have < h->to;
    if (h->have > 0 && !w->run->show_secrets) aw_mask_head(&masker, h->p, h->have);
    return (struct aw_span){h->p, h->have};
}

/* --- telling --- */

bool aw_worst_lost(const struct aw_worst *w)
{
    bool lost = w->lost || w->target.lost;
    for (unsigned i = 0; i < w->count; i++)
        for (int k = 0; k < AW_HEADS; k++)
            lost = lost || w->entry[i].raw[k].lost;
    return lost;
}

unsigned aw_worst_count(const struct aw_worst *w)
{
    return w->count;
}

const struct aw_told *aw_worst_at(const struct aw_worst *w, unsigned i)
{
    return &w->entry[i];
}

uint64_t aw_worst_told(const struct aw_worst *w)
{
    uint64_t told = 0;
    for (unsigned i = 0; i < w->count; i++)
        told += w->entry[i].folded;
    return told;
}

/* The fix was told before, for an entry further up or as an earlier one of the same entry. */
static bool was_told(const struct aw_worst *w, unsigned entry, unsigned fix)
{
    const struct aw_told *e = &w->entry[entry];
    for (unsigned i = 0; i <= entry; i++) {
        const struct aw_told *b = &w->entry[i];
        for (unsigned k = 0; k < AW_FIX_MAX && b->fix[k]; k++) {
            if (i == entry && k == fix) return false;
            if (b->cause == e->cause && strcmp(b->fix[k], e->fix[fix]) == 0) return true;
        }
    }
    return false;
}

bool aw_worst_advice(const struct aw_worst *w, struct aw_advice *a)
{
    for (; a->entry < w->count; a->entry++, a->fix = 0) {
        const struct aw_told *e = &w->entry[a->entry];
        for (; a->fix < AW_FIX_MAX && e->fix[a->fix]; a->fix++) {
            if (was_told(w, a->entry, a->fix)) continue;
            a->slug = aw_cause_slug(e->cause);
            a->text = e->fix[a->fix++];
            return true;
        }
    }
    return false;
}
