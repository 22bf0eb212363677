/*
 * The sentences and totals of a run. Knows what is worth saying; knows no format.
 */
#include "sink/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sink/text_out.h"

enum { CAUSES_IN_SENTENCE = 3 };

typedef unsigned long long ull; /* for printf */

/* --- the verdict in a sentence --- */

static void say_nothing_found(struct aw_model *m, const struct aw_run *run)
{
    const struct aw_stats *t = run->stats;
    struct aw_sentence *s = &m->verdict;
    if (t->packets == 0 && run->filtered > 0) {
        aw_sentence_add(
            s,
            "0 exchanges: none of %llu packet%s matched the capture filter or the time asked for.",
            (ull)run->filtered, aw_plural(run->filtered));
    } else if (t->packets == 0 && t->exchanges == 0) {
        aw_sentence_add(s, "0 exchanges: the input holds no packets.");
    } else if (t->connections == 0 && t->exchanges == 0) {
        aw_sentence_add(s, "0 exchanges: %llu packet%s, none of them of a TCP connection.",
                        (ull)t->packets, aw_plural(t->packets));
    } else if (run->match && run->found > 0) {
        aw_sentence_add(s, "0 expectation exchanges match -Y, out of %llu HTTP exchange%s.",
                        (ull)run->found, aw_plural(run->found));
    } else if (t->exchanges == 0) {
        aw_sentence_add(s, "0 exchanges: %llu connection%s", (ull)t->connections,
                        aw_plural(t->connections));
        if (t->tls_opaque) aw_sentence_add(s, ", %llu TLS (opaque)", (ull)t->tls_opaque);
        if (t->http2_opaque) aw_sentence_add(s, ", %llu HTTP/2 (opaque)", (ull)t->http2_opaque);
        if (t->http) aw_sentence_add(s, ", %llu HTTP", (ull)t->http);
        if (t->not_http) aw_sentence_add(s, ", %llu without HTTP", (ull)t->not_http);
        if (t->empty) aw_sentence_add(s, ", %llu without content", (ull)t->empty);
        aw_sentence_add(s, ".");
    } else {
        aw_sentence_add(
            s, "0 expectation exchanges among %llu HTTP exchange%s: no Expect, no 100, no 417.",
            (ull)t->exchanges, aw_plural(t->exchanges));
    }

    s = &m->next;
    if (t->packets && t->connections == 0)
        aw_sentence_add(
            s, "Next: check the capture filter and the interface; see \"not followed\" below.");
    else if (run->match && run->found > 0)
        aw_sentence_add(s,
                        "Next: run without -Y to see what is there; -Y help tells the language.");
    else if (t->exchanges == 0 && t->tls_opaque)
        aw_sentence_add(
            s, "Next: TLS hides HTTP; capture where it is plain, behind the end point of TLS.");
    else if (t->exchanges == 0 && t->http2_opaque)
        aw_sentence_add(s,
                        "Next: HTTP/2 is not read; make the client use HTTP/1.1 (curl --http1.1).");
    else if (t->exchanges == 0 && t->empty && t->empty == t->connections)
        aw_sentence_add(s,
                        "Next: no connection carried a byte; capture while the request is made.");
    else if (t->exchanges && !run->config->all)
        aw_sentence_add(s, "Next: -A shows every HTTP exchange.");
}

static void say_failures(struct aw_model *m, uint64_t failing, uint64_t all, uint64_t unknown)
{
    struct aw_sentence *s = &m->verdict;
    aw_ns stall = 0;
    uint64_t wasted = 0;
    size_t named = 0, others = 0;
    aw_sentence_add(s, "%llu of %llu expectation exchanges failed", (ull)failing, (ull)all);
    for (size_t i = 0; i < m->cause_count; i++) {
        const struct aw_cause_total *c = &m->cause[i];
        stall += c->stall;
        wasted += c->wasted;
        if (c->severity < AW_SEV_WARNING) continue;
        if (named == CAUSES_IN_SENTENCE) {
            others++;
            continue;
        }
        aw_sentence_add(s, "%s%s", named++ ? ", " : ": ", aw_cause_title(c->cause));
        if (c->count != failing) aw_sentence_add(s, " (%llu)", (ull)c->count);
    }
    if (others) aw_sentence_add(s, " and %llu more cause%s", (ull)others, aw_plural(others));
    char figure[AW_FIGURE];
    if (stall) aw_sentence_add(s, "; %s lost waiting", aw_text_span(figure, stall));
    if (wasted) aw_sentence_add(s, "; %s sent in vain", aw_text_size(figure, wasted));
    if (unknown) aw_sentence_add(s, "; %llu could not be judged", (ull)unknown);
    aw_sentence_add(s, ".");
}

static void say_verdict(struct aw_model *m, const struct aw_run *run)
{
    const struct aw_summary *sum = run->summary;
    const uint64_t all = aw_summary_expectation(sum), failing = aw_summary_failing(sum);
    const uint64_t unknown = aw_summary_severity(sum, AW_SEV_UNKNOWN);
    m->worst = AW_SEV_OK;
    for (enum aw_severity s = AW_SEV_OK; s < AW_SEV_COUNT; s++)
        if (aw_summary_severity(sum, s)) m->worst = s;
    if (all == 0) {
        m->worst = AW_SEV_UNKNOWN;
        say_nothing_found(m, run);
    } else if (failing == 0 && unknown == all) {
        aw_sentence_add(&m->verdict,
                        "%llu expectation exchange%s, and the capture does not show how %s ended.",
                        (ull)all, aw_plural(all), all == 1 ? "it" : "they");
    } else if (failing == 0) {
        aw_sentence_add(&m->verdict, "0 of %llu expectation exchanges failed", (ull)all);
        if (unknown) aw_sentence_add(&m->verdict, "; %llu could not be judged", (ull)unknown);
        aw_sentence_add(&m->verdict, ".");
    } else {
        say_failures(m, failing, all, unknown);
    }
}

/* --- what to mistrust --- */

/* The next free warning, or a place that is thrown away. */
static struct aw_sentence *warning_if(struct aw_model *m, bool holds)
{
    static const struct aw_sentence empty;
    struct aw_sentence *s = &m->warning[m->warning_count];
    *s = empty;
    if (holds) m->warning_count++;
    return s;
}

static uint64_t not_followed(const struct aw_stats *t, const char *slug)
{
    for (unsigned i = 0; i < t->drop_kinds; i++)
        if (strcmp(t->drop[i].slug, slug) == 0) return t->drop[i].count;
    return 0;
}

static void say_warnings(struct aw_model *m, const struct aw_run *run)
{
    const struct aw_stats *t = run->stats;
    const uint64_t torn = not_followed(t, "fragment-lost");
    const uint64_t unread = not_followed(t, "link-type-unknown");
    aw_sentence_add(
        warning_if(m, t->one_sided > 0 && t->one_sided > t->connections / 2),
        "%llu of %llu connections were captured in one direction only; capture where both"
        " directions pass.",
        (ull)t->one_sided, (ull)t->connections);
    aw_sentence_add(warning_if(m, t->truncated > 0),
                    "%llu packet%s cut by the snap length; capture whole packets (-s 0).",
                    (ull)t->truncated, t->truncated == 1 ? " was" : "s were");
    aw_sentence_add(warning_if(m, run->damaged > 0),
                    "%llu input%s damaged; this report covers what came before the damage.",
                    (ull)run->damaged, run->damaged == 1 ? " was" : "s were");
    aw_sentence_add(
        warning_if(m, run->dropped > 0),
        "%llu packet%s dropped while capturing; a larger buffer (-B) or a filter helps.",
        (ull)run->dropped, run->dropped == 1 ? " was" : "s were");
    aw_sentence_add(warning_if(m, unread > 0 && t->unknown_link >= 0),
                    "%llu packet%s link type %ld, which is not read.", (ull)unread,
                    unread == 1 ? " has" : "s have", (long)t->unknown_link);
    /* Only the first fragment of a datagram has the ports. */
    aw_sentence_add(warning_if(m, torn > 0),
                    "%llu IP fragment%s came without the rest; a capture filter that names a port"
                    " hides it: add \"or ip[6:2] & 0x1fff != 0 or ip6[6] == 44\".",
                    (ull)torn, aw_plural(torn));
    aw_sentence_add(warning_if(m, t->gaps > 0),
                    "%llu gap%s in the connections: bytes that were acknowledged and not captured.",
                    (ull)t->gaps, aw_plural(t->gaps));
    aw_sentence_add(warning_if(m, t->evicted > 0),
                    "%llu connection%s let go for want of memory; --memory raises the limit.",
                    (ull)t->evicted, t->evicted == 1 ? " was" : "s were");
    aw_sentence_add(warning_if(m, t->no_memory > 0),
                    "%llu time%s memory ran out and something was not followed.", (ull)t->no_memory,
                    aw_plural(t->no_memory));
}

/* --- totals --- */

static struct aw_sentence *fact(struct aw_model *m, const char *label)
{
    if (m->fact_count > 0 && m->fact[m->fact_count - 1].text.len == 0)
        m->fact_count--; /* the one before had nothing to say */
    struct aw_fact *f = &m->fact[m->fact_count++];
    *f = (struct aw_fact){.label = label};
    return &f->text;
}

static void say_counts(struct aw_sentence *s, const struct aw_drop_count *c, unsigned n)
{
    const char *comma = "";
    for (unsigned i = 0; i < n; i++) {
        if (c[i].count == 0) continue;
        aw_sentence_add(s, "%s%llu %s", comma, (ull)c[i].count, c[i].slug);
        comma = ", ";
    }
}

static void say_facts(struct aw_model *m, const struct aw_run *run)
{
    const struct aw_stats *t = run->stats;
    const struct aw_summary *sum = run->summary;
    char figure[AW_FIGURE], when[AW_TIME_TEXT];
    const uint64_t files = run->file_count + run->files_not_listed;
    struct aw_sentence *s = fact(m, "Merged");
    if (run->merged) aw_sentence_add(s, "%s", run->merged);
    s = fact(m, "Input");
    if (files == 1)
        aw_sentence_add(s, "%.200s", run->files[0]);
    else if (files > 1)
        aw_sentence_add(s, "%llu files", (ull)files);
    const bool of_packets = t->packets > 0 || !run->merged; /* records tell of none */
    if (of_packets)
        aw_sentence_add(s, "%s%llu packet%s, %s", s->len ? ", " : "", (ull)t->packets,
                        aw_plural(t->packets), aw_text_size(figure, t->bytes));
    s = fact(m, "Time");
    if (t->packets && t->first != AW_NS_NONE && t->last != AW_NS_NONE)
        aw_sentence_add(s, "%s, %s", aw_text_time(when, t->first),
                        aw_text_span(figure, t->last - t->first));
    s = fact(m, "Not followed");
    say_counts(s, t->drop, t->drop_kinds);

    s = fact(m, "Connections");
    if (of_packets) aw_sentence_add(s, "%llu: %llu HTTP", (ull)t->connections, (ull)t->http);
    if (t->tls_opaque) aw_sentence_add(s, ", %llu TLS (opaque)", (ull)t->tls_opaque);
    if (t->http2_opaque) aw_sentence_add(s, ", %llu HTTP/2 (opaque)", (ull)t->http2_opaque);
    if (t->not_http) aw_sentence_add(s, ", %llu without HTTP", (ull)t->not_http);
    if (t->empty) aw_sentence_add(s, ", %llu without content", (ull)t->empty);
    if (t->midstream) aw_sentence_add(s, "; %llu joined midstream", (ull)t->midstream);
    if (t->one_sided) aw_sentence_add(s, "; %llu seen from one side", (ull)t->one_sided);

    s = fact(m, "Exchanges");
    aw_sentence_add(s, "%llu HTTP, %llu with an expectation", (ull)t->exchanges,
                    (ull)aw_summary_expectation(sum));
    if (run->match) aw_sentence_add(s, " match -Y, of %llu", (ull)run->found);
    if (t->orphans) aw_sentence_add(s, "; %llu whose request was not seen", (ull)t->orphans);
    s = fact(m, "Unreadable");
    say_counts(s, t->broken, t->broken_kinds);

    static const enum aw_severity order[] = {AW_SEV_ERROR, AW_SEV_WARNING, AW_SEV_INFO, AW_SEV_OK,
                                             AW_SEV_UNKNOWN};
    s = fact(m, "Verdicts");
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        const uint64_t n = aw_summary_severity(sum, order[i]);
        if (n)
            aw_sentence_add(s, "%s%llu %s", s->len ? ", " : "", (ull)n, aw_severity_name(order[i]));
    }
    if (s->len == 0) m->fact_count--;
}

/* --- the model --- */

struct aw_model *aw_model_new(const struct aw_run *run)
{
    struct aw_model *m = calloc(1, sizeof *m);
    if (!m) return NULL;
    m->cause_count =
        aw_summary_causes(run->summary, m->cause, sizeof m->cause / sizeof m->cause[0]);
    m->server_count = aw_summary_servers(run->summary, &m->server);
    m->client_count = aw_summary_clients(run->summary, &m->client);
    say_verdict(m, run);
    say_warnings(m, run);
    say_facts(m, run);
    return m;
}

void aw_model_free(struct aw_model *m)
{
    free(m);
}

/* Length of a server's key without a Host that only repeats the address and port. */
static int shown_key(const char *key)
{
    const size_t len = strlen(key), half = len / 2;
    const bool twice = len % 2 == 1 && key[half] == ' ' && memcmp(key, key + half + 1, half) == 0;
    return (int)(twice ? half : len);
}

const char *aw_group_name(char to[AW_GROUP_NAME], const struct aw_group *g)
{
    const bool tell_product = g->product[0] != '\0' && strcmp(g->product, g->key) != 0;
    (void)snprintf(to, AW_GROUP_NAME, tell_product ? "%.*s (%s)" : "%.*s", shown_key(g->key),
                   g->key, g->product);
    return to;
}

const char *aw_latency_title(enum aw_latency which)
{
    switch (which) {
    case AW_LAT_CONTINUE:
        return "server's time to answer the head";
    case AW_LAT_WAIT:
        return "client's wait before the content";
    case AW_LAT_FINAL:
        return "request to final response";
    case AW_LAT_COUNT:
        break;
    }
    return "";
}
