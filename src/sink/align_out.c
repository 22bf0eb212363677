/*
 * What two captures of one event told, for people and for programs. Times of both are told in the
 * client's clock. Whatever comes from the wire or a file name goes through the escapers.
 */
#include "sink/align.h"

#include <stdio.h>
#include <string.h>

#include "sink/align_inside.h"
#include "sink/report.h"
#include "sink/text_out.h"

enum { SHOWN_LOST = 20, SHOWN_EXCHANGES = 200 };

static const char *const way_name[2] = {
    [AW_C2S] = "client-to-server", [AW_S2C] = "server-to-client"};
static const char *const way_words[2] = {
    [AW_C2S] = "client to server", [AW_S2C] = "server to client"};

static aw_ns percentile(const struct aw_leg *leg, unsigned p)
{
    return leg->delays ? leg->delay[(leg->delays - 1) * p / 100] : AW_NS_NONE;
}

/* --- exchanges: both sides of one, and what became of its packets in between --- */

static bool differs(const struct aw_align_exchange *c, const struct aw_align_exchange *s)
{
    return c->cause != s->cause || c->party != s->party || c->severity != s->severity;
}

static const char *fate_name(enum aw_fate fate)
{
    switch (fate) {
    case AW_FATE_SHARED:
        return "arrived";
    case AW_FATE_RESEGMENTED:
        return "resegmented";
    case AW_FATE_LOST:
        return "lost";
    case AW_FATE_ALONE:
    case AW_FATE_OUTSIDE:
        break;
    }
    return NULL;
}

/* What became of the packet that a mark names, on its way from its sender's side; `way`: how long
 * that took by the estimated offset. */
static const char *fate_of(const struct aw_align *a, enum aw_side sender,
                           const struct aw_align_exchange *x, enum aw_align_point point, aw_ns *way,
                           uint64_t *arrived)
{
    *way = AW_NS_NONE;
    *arrived = 0;
    if (!x || !aw_seen(&x->at[point])) return NULL;
    const struct aw_align_packet *p = aw_align_find(&a->side[sender], aw_ref_no(x->at[point].ref));
    if (!p) return NULL;
    if (p->fate == AW_FATE_SHARED) {
        const enum aw_side other = sender == AW_AT_CLIENT ? AW_AT_SERVER : AW_AT_CLIENT;
        const struct aw_align_packet *q = &a->side[other].packet[p->mate];
        const aw_ns from = aw_client_time(a, sender, p->ts), to = aw_client_time(a, other, q->ts);
        if (__builtin_sub_overflow(to, from, way)) *way = AW_NS_NONE;
        *arrived = q->no;
    }
    return fate_name((enum aw_fate)p->fate);
}

static enum aw_side sender_of(enum aw_align_point point)
{
    return point == AW_ALIGN_REQUEST ? AW_AT_CLIENT : AW_AT_SERVER;
}

/* Calls for each exchange: those of the client's file, then those only the server's knows. */
struct pairing {
    const struct aw_align_exchange *x[AW_SIDES]; /* NULL: not seen there */
};
static bool next_pair(const struct aw_align *a, size_t *at, struct pairing *p)
{
    const struct aw_align_side *c = &a->side[AW_AT_CLIENT], *s = &a->side[AW_AT_SERVER];
    if (*at < c->exchanges) {
        const struct aw_align_exchange *x = &c->exchange[(*at)++];
        *p = (struct pairing){{x, x->mate != SIZE_MAX ? &s->exchange[x->mate] : NULL}};
        return true;
    }
    while (*at - c->exchanges < s->exchanges) {
        const struct aw_align_exchange *x = &s->exchange[(*at)++ - c->exchanges];
        if (x->mate != SIZE_MAX) continue;
        *p = (struct pairing){{NULL, x}};
        return true;
    }
    return false;
}

/* --- text --- */

static void put_name(struct aw_out *o, const char *text)
{
    (void)aw_out_printable(o, aw_span_of(text, strlen(text)), 0);
}

static void text_clock(const struct aw_align *a, struct aw_out *o)
{
    char apart[AW_FIGURE], half[AW_FIGURE], round[AW_FIGURE];
    aw_out_str(o, "Clocks       ");
    aw_out_printf(o, "the server's is %s %s the client's",
                  aw_text_span(apart, a->offset < 0 ? -a->offset : a->offset),
                  a->offset < 0 ? "behind" : "ahead of");
    if (!a->both_ways) {
        aw_out_str(o, ", or less: packets are\n             shared one way only, and how long they "
                      "took cannot be told from it\n");
    } else if (a->round < 0) {
        aw_out_str(o, "; they do not run\n             alike, or one was set meanwhile: times "
                      "across the two are not to be\n             trusted (a shorter part of "
                      "both may do: --from, --to)\n");
    } else {
        aw_out_printf(o, ", give or\n             take %s: half of the smallest round trip, %s\n",
                      aw_text_span(half, a->round / 2), aw_text_span(round, a->round));
    }
}

static void text_leg(const struct aw_align *a, struct aw_out *o, enum aw_dir d)
{
    const struct aw_leg *leg = &a->leg[d];
    char p50[AW_FIGURE], p99[AW_FIGURE], most[AW_FIGURE];
    aw_out_printf(o, "%-16s %7llu %7llu %6llu %5llu", way_words[d], (unsigned long long)leg->sent,
                  (unsigned long long)(leg->shared + leg->resegmented),
                  (unsigned long long)leg->lost, (unsigned long long)leg->lost_acks);
    if (leg->delays)
        aw_out_printf(o, " %10s %10s %10s", aw_text_span(p50, percentile(leg, 50)),
                      aw_text_span(p99, percentile(leg, 99)),
                      aw_text_span(most, percentile(leg, 100)));
    aw_out_str(o, "\n");
}

static void text_lost(const struct aw_align *a, struct aw_out *o, const char *const file[AW_SIDES])
{
    unsigned shown = 0;
    for (int s = 0; s < AW_SIDES; s++) {
        for (size_t i = 0; i < a->side[s].packets && shown < SHOWN_LOST; i++) {
            const struct aw_align_packet *p = &a->side[s].packet[i];
            if (p->fate != AW_FATE_LOST || aw_sender((enum aw_dir)p->dir) != (enum aw_side)s)
                continue;
            if (p->len == 0 && !(p->flags & 7)) continue; /* an ACK: the next one says the same */
            if (shown++ == 0) aw_out_str(o, "\nLOST ON THE WAY\n");
            aw_out_printf(o, "%-16s packet %llu of ", way_words[p->dir], (unsigned long long)p->no);
            put_name(o, file[s]);
            aw_out_printf(o, ", %u bytes of payload\n", (unsigned)p->len);
        }
    }
    const uint64_t all = a->leg[0].lost + a->leg[1].lost;
    if (all > shown) aw_out_printf(o, "and %llu more\n", (unsigned long long)(all - shown));
}

static void text_point(const struct aw_align *a, struct aw_out *o, const struct pairing *p,
                       enum aw_align_point point, const char *what)
{
    aw_ns way;
    uint64_t arrived;
    char span[AW_FIGURE];
    const enum aw_side sender = sender_of(point);
    const struct aw_align_exchange *x = p->x[sender];
    const char *fate = fate_of(a, sender, x, point, &way, &arrived);
    if (!fate) return;
    const bool client = sender == AW_AT_CLIENT;
    aw_out_printf(o, "    %s: packet %llu (%s) ", what,
                  (unsigned long long)aw_ref_no(x->at[point].ref), client ? "client" : "server");
    if (arrived && way != AW_NS_NONE)
        aw_out_printf(o, "is packet %llu (%s), %s later\n", (unsigned long long)arrived,
                      client ? "server" : "client", aw_text_span(span, way));
    else
        aw_out_printf(o, "%s\n",
                      strcmp(fate, "lost") == 0 ? "did not arrive" : "came in other segments");
}

static void text_exchange(const struct aw_align *a, struct aw_out *o, const struct pairing *p)
{
    static const char *const where[AW_SIDES] = {"client's side", "server's side"};
    const struct aw_align_exchange *any = p->x[0] ? p->x[0] : p->x[1];
    const bool both = p->x[0] && p->x[1];
    aw_text_ink(o, both && differs(p->x[0], p->x[1]) ? AW_INK_WARNING : AW_INK_PLAIN);
    aw_out_str(o, !both ? "ONE SIDE " : differs(p->x[0], p->x[1]) ? "DIFFERS  " : "SAME     ");
    aw_text_ink(o, AW_INK_PLAIN);
    (void)aw_out_printable(o, aw_span_of(any->name, strlen(any->name)), 60);
    aw_out_str(o, "\n");
    for (int s = 0; s < AW_SIDES; s++) {
        const struct aw_align_exchange *x = p->x[s];
        aw_out_printf(o, "    %s: ", where[s]);
        if (x)
            aw_out_printf(o, "%s %s %s, exchange %llu, status %u\n", aw_cause_slug(x->cause),
                          aw_severity_name(x->severity), aw_party_name(x->party),
                          (unsigned long long)x->id, (unsigned)x->status);
        else
            aw_out_str(o, "not seen\n");
    }
    text_point(a, o, p, AW_ALIGN_REQUEST, "request");
    text_point(a, o, p, AW_ALIGN_CONTINUE, "100");
    text_point(a, o, p, AW_ALIGN_FINAL, "final response");
}

void aw_align_text(struct aw_align *a, struct aw_out *o, const char *const file[AW_SIDES])
{
    struct pairing p;
    uint64_t same = 0, differ = 0, alone = 0;
    for (size_t at = 0; next_pair(a, &at, &p);) {
        if (!p.x[0] || !p.x[1])
            alone++;
        else if (differs(p.x[0], p.x[1]))
            differ++;
        else
            same++;
    }
    for (int s = 0; s < AW_SIDES; s++) {
        aw_out_str(o, s == AW_AT_CLIENT ? "Client       " : "Server       ");
        put_name(o, file[s]);
        aw_out_printf(o, "\n             %llu segments, %llu exchanges with an expectation\n",
                      (unsigned long long)a->side[s].packets,
                      (unsigned long long)a->side[s].exchanges);
    }
    aw_out_printf(o, "Shared       %llu segments\n", (unsigned long long)a->shared);
    text_clock(a, o);
    aw_out_printf(o,
                  "Verdicts     %llu the same on both sides, %llu differ, %llu on one side only\n",
                  (unsigned long long)same, (unsigned long long)differ, (unsigned long long)alone);
    if (a->left_out)
        aw_out_printf(o, "Left out     %llu for want of memory: --memory gives more\n",
                      (unsigned long long)a->left_out);
    aw_out_printf(o, "\n%78s\n%-16s %7s %7s %6s %5s %10s %10s %10s\n", "MORE THAN THE LEAST DELAY",
                  "WAY", "SENT", "CAME", "LOST", "ACKS", "P50", "P99", "MAX");
    text_leg(a, o, AW_C2S);
    text_leg(a, o, AW_S2C);
    text_lost(a, o, file);
    unsigned shown = 0;
    for (size_t at = 0; shown < SHOWN_EXCHANGES && next_pair(a, &at, &p);) {
        const struct aw_align_exchange *any = p.x[0] ? p.x[0] : p.x[1];
        const bool both = p.x[0] && p.x[1];
        if (both && !differs(p.x[0], p.x[1]) && any->severity < AW_SEV_UNKNOWN) continue;
        if (shown++ == 0) aw_out_str(o, "\nEXCHANGES THAT FAIL OR DIFFER\n");
        text_exchange(a, o, &p);
    }
}

/* --- json --- */

static void json_text(struct aw_out *o, const char *s)
{
    aw_out_json(o, s ? aw_span_of(s, strlen(s)) : (struct aw_span){.p = NULL});
}

static void json_side(const struct aw_align *a, struct aw_out *o, enum aw_side s, const char *file)
{
    aw_out_str(o, "{\"file\":");
    json_text(o, file);
    aw_out_printf(o, ",\"segments\":%llu,\"exchanges\":%llu}",
                  (unsigned long long)a->side[s].packets, (unsigned long long)a->side[s].exchanges);
}

static void json_leg(const struct aw_align *a, struct aw_out *o, enum aw_dir d)
{
    const struct aw_leg *leg = &a->leg[d];
    static const unsigned which[] = {50, 90, 99, 100};
    static const char *const name[] = {"p50", "p90", "p99", "max"};
    aw_out_printf(o,
                  "{\"direction\":\"%s\",\"sent\":%llu,\"arrived\":%llu,\"resegmented\":%llu,"
                  "\"lost\":%llu,\"lost_acks\":%llu,\"not_seen_sent\":%llu,\"delay_ms\":{",
                  way_name[d], (unsigned long long)leg->sent,
                  (unsigned long long)(leg->shared + leg->resegmented),
                  (unsigned long long)leg->resegmented, (unsigned long long)leg->lost,
                  (unsigned long long)leg->lost_acks, (unsigned long long)leg->unsent);
    for (unsigned i = 0; i < 4; i++) {
        aw_out_printf(o, "%s\"%s\":", i ? "," : "", name[i]);
        aw_out_ms(o, percentile(leg, which[i]));
    }
    aw_out_str(o, "}}");
}

static void json_point(const struct aw_align *a, struct aw_out *o, const struct pairing *p,
                       enum aw_align_point point, const char *name)
{
    aw_ns way;
    uint64_t arrived;
    const enum aw_side sender = sender_of(point);
    const char *fate = fate_of(a, sender, p->x[sender], point, &way, &arrived);
    aw_out_printf(o, ",\"%s\":{\"fate\":", name);
    json_text(o, fate);
    aw_out_str(o, ",\"way_ms\":");
    aw_out_ms(o, way);
    aw_out_str(o, "}");
}

static void json_exchange(const struct aw_align *a, struct aw_out *o, const struct pairing *p)
{
    static const char *const name[AW_SIDES] = {"client", "server"};
    const struct aw_align_exchange *any = p->x[0] ? p->x[0] : p->x[1];
    aw_out_str(o, "{\"name\":");
    json_text(o, any->name);
    for (int s = 0; s < AW_SIDES; s++) {
        const struct aw_align_exchange *x = p->x[s];
        aw_out_printf(o, ",\"%s\":", name[s]);
        if (!x) {
            aw_out_str(o, "null");
            continue;
        }
        aw_out_printf(o,
                      "{\"id\":%llu,\"packet\":%llu,\"status\":%u,\"cause\":\"%s\",\"severity\":"
                      "\"%s\",\"party\":\"%s\"}",
                      (unsigned long long)x->id,
                      (unsigned long long)aw_ref_no(x->at[AW_ALIGN_REQUEST].ref),
                      (unsigned)x->status, aw_cause_slug(x->cause), aw_severity_name(x->severity),
                      aw_party_name(x->party));
    }
    aw_out_printf(o, ",\"same\":%s",
                  p->x[0] && p->x[1] && !differs(p->x[0], p->x[1]) ? "true" : "false");
    json_point(a, o, p, AW_ALIGN_REQUEST, "request");
    json_point(a, o, p, AW_ALIGN_CONTINUE, "continue");
    json_point(a, o, p, AW_ALIGN_FINAL, "final");
    aw_out_str(o, "}");
}

void aw_align_json(struct aw_align *a, struct aw_out *o, const char *const file[AW_SIDES])
{
    struct pairing p;
    bool first = true;
    aw_out_str(o, "{\"schema\":\"await100-align/1\",\"client\":");
    json_side(a, o, AW_AT_CLIENT, file[AW_AT_CLIENT]);
    aw_out_str(o, ",\"server\":");
    json_side(a, o, AW_AT_SERVER, file[AW_AT_SERVER]);
    aw_out_printf(o, ",\"shared\":%llu,\"left_out\":%llu,\"clock\":{\"server_ahead_ms\":",
                  (unsigned long long)a->shared, (unsigned long long)a->left_out);
    aw_out_ms(o, a->offset);
    aw_out_str(o, ",\"uncertain_ms\":");
    aw_out_ms(o, a->both_ways && a->round >= 0 ? a->round / 2 : AW_NS_NONE);
    aw_out_str(o, ",\"round_trip_ms\":");
    aw_out_ms(o, a->both_ways ? a->round : AW_NS_NONE);
    aw_out_printf(o, ",\"steady\":%s},\"ways\":[", a->both_ways && a->round < 0 ? "false" : "true");
    json_leg(a, o, AW_C2S);
    aw_out_str(o, ",");
    json_leg(a, o, AW_S2C);
    aw_out_str(o, "],\"lost\":[");
    for (int s = 0; s < AW_SIDES; s++) {
        for (size_t i = 0; i < a->side[s].packets; i++) {
            const struct aw_align_packet *k = &a->side[s].packet[i];
            if (k->fate != AW_FATE_LOST || aw_sender((enum aw_dir)k->dir) != (enum aw_side)s)
                continue;
            aw_out_printf(o, "%s{\"direction\":\"%s\",\"packet\":%llu,\"bytes\":%u}",
                          first ? "" : ",", way_name[k->dir], (unsigned long long)k->no,
                          (unsigned)k->len);
            first = false;
        }
    }
    aw_out_str(o, "],\"exchanges\":[");
    first = true;
    for (size_t at = 0; next_pair(a, &at, &p); first = false) {
        if (!first) aw_out_str(o, ",");
        json_exchange(a, o, &p);
    }
    aw_out_str(o, "]}\n");
}
