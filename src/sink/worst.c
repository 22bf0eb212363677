/*
 * The worst failing exchanges. A record is lent only for a moment, so what the report will say
 * about it is laid out when it enters the list; what does not enter costs a comparison or, while
 * some loop is in the list, a walk over 50 numbers.
 */
#include "sink/worst.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sink/report.h"
#include "sink/text_out.h"

struct entry {
    enum aw_severity severity;
    enum aw_cause cause;
    uint64_t stall, wasted; /* of all that are folded into it; ns, bytes */
    uint64_t id;            /* of the exchange that is told */
    uint64_t chain;         /* the attempts that are folded into it; 0 = a single one */
    uint64_t folded;        /* failing exchanges it stands for */
    uint16_t status;
    bool recovered;
    char *what;            /* owned, terminated: "PUT h/x" as bytes of the wire */
    char *where;           /* owned, finished text: when, from whom to whom */
    char *why;             /* owned: a sentence */
    char *fix[AW_FIX_MAX]; /* owned: what to change; NULL from the first one that is missing */
};

struct aw_worst {
    const struct aw_run *run; /* borrowed */
    unsigned count;
    struct entry entry[AW_WORST_MAX]; /* sorted, worst first */
    struct aw_scratch target;
};

enum { WHAT_MAX = 160, SENTENCE_MAX = 512, FIXES_MAX = 12 };

struct aw_worst *aw_worst_new(const struct aw_run *run)
{
    struct aw_worst *w = calloc(1, sizeof *w);
    if (!w) return NULL;
    w->run = run;
    return w;
}

static void free_texts(struct entry *e)
{
    free(e->what);
    free(e->where);
    free(e->why);
    for (unsigned i = 0; i < AW_FIX_MAX; i++)
        free(e->fix[i]);
}

void aw_worst_free(struct aw_worst *w)
{
    if (!w) return;
    for (unsigned i = 0; i < w->count; i++)
        free_texts(&w->entry[i]);
    free(w->target.p);
    free(w);
}

static int worse_first(const struct entry *a, const struct entry *b)
{
    if (a->severity != b->severity) return a->severity > b->severity ? -1 : 1;
    if (a->stall != b->stall) return a->stall > b->stall ? -1 : 1;
    if (a->wasted != b->wasted) return a->wasted > b->wasted ? -1 : 1;
    return a->id < b->id ? -1 : a->id > b->id;
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

static char *where_text(const struct aw_exchange *x)
{
    const struct aw_mark *first = aw_exchange_first(x);
    const struct aw_conn_facts *c = &x->conn;
    char when[AW_TIME_TEXT], end[2][AW_ADDR_TEXT], text[3 * AW_ADDR_TEXT + 48];
    (void)aw_addr_text(end[AW_C2S], &c->addr[AW_C2S]);
    (void)aw_addr_text(end[AW_S2C], &c->addr[AW_S2C]);
    (void)snprintf(text, sizeof text,
                   c->addr[0].v6 ? "%s  [%s]:%u -> [%s]:%u" : "%s  %s:%u -> %s:%u",
                   aw_text_time(when, first ? first->ts : AW_NS_NONE), end[AW_C2S],
                   (unsigned)c->port[AW_C2S], end[AW_S2C], (unsigned)c->port[AW_S2C]);
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

/* False, with nothing left behind, where there is no memory. */
static bool lay_out(struct aw_worst *w, struct entry *e, const struct aw_record *rec)
{
    const struct aw_verdict *v = rec->verdict;
    e->what = what_text(w, rec->ex);
    e->where = where_text(rec->ex);
    e->why = why_text(w, rec);
    for (unsigned i = 0; i < v->fix_count && (i == 0 || e->fix[i - 1]); i++)
        e->fix[i] = sentence(v->fix[i]);
    if (e->what && e->where && e->why) return true;
    free_texts(e);
    return false;
}

/* --- the list --- */

static uint64_t positive(int64_t v)
{
    return v > 0 ? (uint64_t)v : 0;
}

static void insert(struct aw_worst *w, const struct entry *e)
{
    unsigned at = w->count;
    while (at > 0 && worse_first(e, &w->entry[at - 1]) < 0)
        at--;
    if (at == AW_WORST_MAX) { /* no worse than any */
        struct entry none = *e;
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
static void fold(struct aw_worst *w, unsigned at, struct entry *add, const struct aw_record *rec)
{
    struct entry e = w->entry[at];
    take_out(w, at);
    e.stall += add->stall;
    e.wasted += add->wasted;
    e.folded++;
    const bool wins =
        add->severity != e.severity ? add->severity > e.severity : add->cause < e.cause;
    if (wins && lay_out(w, add, rec)) {
        free_texts(&e);
        e.severity = add->severity;
        e.cause = add->cause;
        e.id = add->id;
        e.status = add->status;
        e.recovered = add->recovered;
        e.what = add->what;
        e.where = add->where;
        e.why = add->why;
        memcpy(e.fix, add->fix, sizeof e.fix);
    }
    insert(w, &e);
}

void aw_worst_add(struct aw_worst *w, const struct aw_record *rec)
{
    const struct aw_verdict *v = rec->verdict;
    struct entry e = {
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

/* --- writing --- */

static void write_entry(const struct entry *e, struct aw_out *o)
{
    char head[64], tail[64], figure[AW_FIGURE];
    int head_len =
        snprintf(head, sizeof head, "%-8s%s", e->severity == AW_SEV_ERROR ? "ERROR" : "WARNING",
                 aw_cause_slug(e->cause));
    if (e->folded > 1)
        head_len += snprintf(head + head_len, sizeof head - (size_t)head_len, " x%llu",
                             (unsigned long long)e->folded);
    int tail_len = e->status ? snprintf(tail, sizeof tail, " -> %u", (unsigned)e->status)
                             : snprintf(tail, sizeof tail, " -> no answer");
    if (e->recovered)
        tail_len += snprintf(tail + tail_len, sizeof tail - (size_t)tail_len, ", recovered");
    if (e->stall)
        tail_len += snprintf(tail + tail_len, sizeof tail - (size_t)tail_len, ", %s lost",
                             aw_text_span(figure, (int64_t)e->stall));
    else if (e->wasted)
        tail_len += snprintf(tail + tail_len, sizeof tail - (size_t)tail_len, ", %s wasted",
                             aw_text_size(figure, e->wasted));
    aw_out_str(o, head);
    aw_out_write(o, "  ", 2);
    (void)aw_out_printable(o, aw_span_of(e->what, strlen(e->what)),
                           (size_t)(AW_TEXT_COLUMNS - 2 - head_len - tail_len));
    aw_out_str(o, tail);
    aw_out_write(o, "\n", 1);

    enum { INDENT = 4, LINES = 4 };
    const struct aw_span where = aw_span_of(e->where, strlen(e->where));
    const unsigned lines = 1 + aw_text_wrap(o, where, 0, INDENT, 2);
    const struct aw_span why = aw_span_of(e->why, strlen(e->why));
    (void)aw_text_wrap(o, why, 0, INDENT, lines < 3 ? 2 : LINES - lines);
}

/* The fix was told before, for an entry further up or as an earlier one of the same entry. */
static bool was_told(const struct aw_worst *w, unsigned entry, unsigned fix)
{
    const struct entry *e = &w->entry[entry];
    for (unsigned i = 0; i <= entry; i++) {
        const struct entry *b = &w->entry[i];
        for (unsigned k = 0; k < AW_FIX_MAX && b->fix[k]; k++) {
            if (i == entry && k == fix) return false;
            if (b->cause == e->cause && strcmp(b->fix[k], e->fix[fix]) == 0) return true;
        }
    }
    return false;
}

void aw_worst_write_fixes(const struct aw_worst *w, struct aw_out *o)
{
    unsigned told = 0;
    for (unsigned i = 0; i < w->count; i++) {
        for (unsigned k = 0; k < AW_FIX_MAX && w->entry[i].fix[k]; k++) {
            if (told == FIXES_MAX || was_told(w, i, k)) continue;
            const char *slug = aw_cause_slug(w->entry[i].cause), *fix = w->entry[i].fix[k];
            if (told++ == 0) aw_out_str(o, "\nHOW TO FIX\n");
            aw_out_printf(o, "%s: ", slug);
            (void)aw_text_wrap(o, aw_span_of(fix, strlen(fix)), (unsigned)strlen(slug) + 2, 4, 0);
        }
    }
}

void aw_worst_write(const struct aw_worst *w, struct aw_out *o, uint64_t failing)
{
    uint64_t told = 0;
    for (unsigned i = 0; i < w->count; i++) {
        write_entry(&w->entry[i], o);
        told += w->entry[i].folded;
    }
    if (failing > told)
        aw_out_printf(o, "... and %llu more (-o ndjson has them all)\n",
                      (unsigned long long)(failing - told));
}
