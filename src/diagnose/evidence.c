/*
 * The sentences that prove a verdict. Each names packets, times and the values that decided, so
 * that it can be checked in Wireshark; the one that carries the verdict comes first.
 */
#include "diagnose/verdict.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static aw_ns from_head(const struct aw_facts *f, const struct aw_mark *m)
{
    return m->ts > f->head->ts ? m->ts - f->head->ts : 0;
}

static const char *round_trip(const struct aw_facts *f, struct aw_say *s)
{
    return f->rtt_known ? aw_say_ms(s, f->rtt) : "not known";
}

static const char *server_name(const struct aw_facts *f, struct aw_say *s)
{
    const struct aw_span server = f->x->text[AW_TEXT_SERVER];
    return server.len ? aw_say_bytes(s, server, 80) : NULL;
}

/* "12.300 ms after the head", for an answer at m whose segment acknowledges `ack`: by that it is
 * told from one that only was captured before what it answers. */
static const char *after_head(const struct aw_facts *f, struct aw_say *s, const struct aw_mark *m,
                              aw_off ack)
{
    const bool early = ack != AW_OFF_NONE && f->x->head_end != AW_OFF_NONE && ack < f->x->head_end;
    if (early && m->ord < f->head->ord) return "before the end of the head";
    return aw_say_after(s, from_head(f, m), "the head");
}

/* From what the waiting counts; content that came sooner than the answer before it ended did not
 * wait for that. */
static const struct aw_mark *wait_from(const struct aw_facts *f)
{
    return f->content && f->body->ts < f->from->ts ? f->head : f->from;
}

static const char *after_start(const struct aw_facts *f, struct aw_say *s,
                               const struct aw_mark *from, aw_ns t)
{
    return aw_say_after(s, t, from == f->head ? "the head" : "the end of the answer before it");
}

static const char *content_starts(const struct aw_facts *f)
{
    return f->paused ? "content goes on" : "content begins";
}

static void say_final(const struct aw_facts *f, struct aw_say *s)
{
    const struct aw_mark *end = &f->x->at[AW_AT_FINAL];
    const struct aw_mark *m = aw_seen(end) ? end : &f->x->at[AW_AT_FINAL_FIRST];
    if (!f->final) return;
    const char *who = server_name(f, s);
    const char *by = who ? " from " : "";
    if (who == NULL) who = "";
    if (!aw_seen(f->head))
        aw_say(s, m->ref, 0, "%s: %u%s%s", aw_say_packet(s, m), (unsigned)f->status, by, who);
    else
        aw_say(s, m->ref, f->head->ref, "%s: %u%s%s, %s (%s); one round trip is %s",
               aw_say_packet(s, m), (unsigned)f->status, by, who,
               after_head(f, s, m, f->x->final_ack), aw_say_packet(s, f->head), round_trip(f, s));
}

static void say_100(const struct aw_facts *f, struct aw_say *s)
{
    const struct aw_interim *in = f->first_100;
    if (in == NULL) return;
    if (!aw_seen(f->head))
        aw_say(s, in->at.ref, 0, "%s: 100", aw_say_packet(s, &in->at));
    else
        aw_say(s, in->at.ref, f->head->ref, "%s: 100, %s (%s)", aw_say_packet(s, &in->at),
               after_head(f, s, &in->at, in->ack_off), aw_say_packet(s, f->head));
}

/* The wait as a fingerprint: it confirms the client that names itself, or hints at one that does
 * not. A known client with another wait was set to it, and is no other client for that. */
static void say_timer(const struct aw_facts *f, struct aw_say *s)
{
    const struct aw_agent *a = f->client.agent;
    char names[160];
    if (a == NULL) {
        if (aw_agent_timer(f->wait, names, sizeof names))
            aw_say(s, f->body->ref, 0, "a wait of %s fits the timer of %s", aw_say_ms(s, f->wait),
                   names);
    } else if (aw_agent_waits(a, f->wait)) {
        aw_say(s, f->body->ref, 0, "a wait of %s fits the timer of %s, which the request names",
               aw_say_ms(s, f->wait), a->name);
    }
}

static void say_gave_up(const struct aw_facts *f, struct aw_say *s)
{
    const struct aw_exchange *x = f->x;
    const struct aw_interim *in = f->first_100;
    const struct aw_mark *from = wait_from(f);
    const char *what = content_starts(f);
    const char *after = after_start(f, s, from, from == f->from ? f->wait : from_head(f, f->body));
    if (in == NULL) {
        aw_say(s, f->body->ref, from->ref,
               "%s: %s %s (%s); no 100 in between; one round trip is %s", aw_say_packet(s, f->body),
               what, after, aw_say_packet(s, from), round_trip(f, s));
    } else if (in->at.ord < f->body->ord) {
        aw_say(s, f->body->ref, in->at.ref,
               "%s: %s %s (%s) and does not acknowledge the 100 (%s): the two crossed",
               aw_say_packet(s, f->body), what, after, aw_say_packet(s, from),
               aw_say_packet(s, &in->at));
    } else {
        aw_say(s, f->body->ref, in->at.ref, "%s: %s %s (%s), before the 100 (%s, %s)",
               aw_say_packet(s, f->body), what, after, aw_say_packet(s, from),
               aw_say_packet(s, &in->at), after_head(f, s, &in->at, in->ack_off));
    }
    if (f->wait >= f->w && aw_proven_late(f))
        aw_say(s, x->at[AW_AT_ACK_BODY].ref, in->at.ref,
               "%s: the server acknowledges content, and by its sequence number had sent no 100",
               aw_say_packet(s, &x->at[AW_AT_ACK_BODY]));
    if (f->wait >= f->w) say_timer(f, s);
}

static void say_answered(const struct aw_facts *f, struct aw_say *s)
{
    if (!f->answers_100) return;
    aw_say(s, f->body->ref, f->first_100->at.ref,
           "%s: %s %s after the 100 (%s) and acknowledges it", aw_say_packet(s, f->body),
           content_starts(f), aw_say_ms(s, f->heed), aw_say_packet(s, &f->first_100->at));
}

static void say_no_content(const struct aw_facts *f, struct aw_say *s)
{
    aw_say(s, f->from->ref, 0, "no content and no 100%s in the %s (%s)",
           f->first_100 && !f->heard_100 ? " that reached the client" : "",
           after_start(f, s, f->from, f->stuck), aw_say_packet(s, f->from));
}

static void say_close(const struct aw_facts *f, struct aw_say *s)
{
    const struct aw_mark *m = f->client_closed ? f->client_end : f->server_end;
    if (f->client_closed || f->server_closed) {
        const enum aw_dir dir = f->client_closed ? AW_C2S : AW_S2C;
        const bool reset = m == &f->x->conn.rst[dir];
        /* The head may have been on its way to a server that had gone. */
        const bool first = m->ord < f->head->ord && m->ts < f->head->ts;
        aw_say(s, m->ref, f->head->ref, "%s: the %s %s the connection, %s %s the head (%s)",
               aw_say_packet(s, m), dir == AW_C2S ? "client" : "server", reset ? "reset" : "closed",
               aw_say_ms(s, first ? f->head->ts - m->ts : from_head(f, m)),
               first ? "before" : "after", aw_say_packet(s, f->head));
    } else if (f->idle) {
        aw_say(s, f->x->conn.last_activity.ref, 0,
               "nothing but keep-alives followed %s for %s and more",
               aw_say_packet(s, &f->x->conn.last_activity), aw_say_ms(s, f->t[AW_T_IDLE_TIMEOUT]));
    }
}

static void say_window(const struct aw_facts *f, struct aw_say *s)
{
    const struct aw_mark *zero = &f->x->zero_window[AW_S2C];
    if (!f->x->window_closed[AW_S2C] || !aw_seen(zero)) return;
    aw_say(s, zero->ref, 0, "the server's window was closed at the end (first closed by %s)",
           aw_say_packet(s, zero));
}

static void say_loss(const struct aw_facts *f, struct aw_say *s)
{
    static const char *const names[AW_PART_COUNT] = {
        [AW_PART_HEAD] = "the head",
        [AW_PART_CONTENT] = "content",
        [AW_PART_100] = "the 100",
        [AW_PART_FINAL] = "the final response",
    };
    for (unsigned i = 0; i < AW_PART_COUNT; i++) {
        const struct aw_loss *l = &f->x->loss[i];
        if (l->count == 0) continue;
        aw_say(s, l->first.ref, l->last.ref, "%s: %s was sent again (%" PRIu32 " in all, last %s)",
               aw_say_packet(s, &l->first), names[i], l->count, aw_say_packet(s, &l->last));
    }
}

static void say_sent(const struct aw_facts *f, struct aw_say *s)
{
    const struct aw_exchange *x = f->x;
    if (!f->content || x->sent < 0) return;
    const struct aw_mark *end = &x->at[AW_AT_BODY_END];
    if (x->declared >= 0)
        aw_say(s, end->ref, 0, "%s: %" PRId64 " of %" PRId64 " content bytes %s",
               aw_say_packet(s, end), x->sent, x->declared,
               x->flags & AW_F_HOLE_CONTENT ? "captured" : "sent");
    else
        aw_say(s, end->ref, 0, "%s: %" PRId64 " content bytes sent%s", aw_say_packet(s, end),
               x->sent, x->content_complete ? "" : ", the last chunk not among them");
}

static void say_missing(const struct aw_facts *f, struct aw_say *s)
{
    const struct aw_exchange *x = f->x;
    const char *cut = x->flags & AW_F_CUT ? " (the snap length cut it)" : "";
    const aw_ref at = f->head->ref;
    if (f->missing == 0 && f->status == 101)
        aw_say(s, x->at[AW_AT_FINAL].ref, at,
               "%s: 101 %s after the head (%s): what followed is no HTTP, and whether the content "
               "was part of it is not known",
               aw_say_packet(s, &x->at[AW_AT_FINAL]),
               aw_say_ms(s, from_head(f, &x->at[AW_AT_FINAL])), aw_say_packet(s, f->head));
    else if (f->missing == 0)
        aw_say(s, at, 0, "no rule decides this exchange");
    if (f->missing & AW_MISS_REQUEST) {
        const struct aw_mark *m = &x->at[f->final ? AW_AT_FINAL : AW_AT_FINAL_FIRST];
        if (!aw_seen(m) && x->interim_count) m = &x->interim[0].at;
        aw_say(s, m->ref, 0, "%s: a response whose request is not in the capture: %s",
               aw_say_packet(s, m), aw_unseen_name(x->unseen));
    }
    if (f->missing & AW_MISS_HEAD)
        aw_say(s, at, 0, "the request head is not in the capture in full%s", cut);
    if (f->missing & AW_MISS_SERVER_SIDE)
        aw_say(s, at, 0, "no packet of the server was captured: one direction only");
    if (f->missing & AW_MISS_CLIENT_SIDE)
        aw_say(s, at, 0, "no packet of the client was captured: one direction only");
    if (f->missing & AW_MISS_CONTINUE)
        aw_say(s, at, 0, "server bytes are missing where a 100 would stand%s", cut);
    if (f->missing & AW_MISS_ACKED) {
        const bool later = x->body_ack == AW_OFF_NONE || x->body_ack <= x->answer_base;
        const aw_off high = later ? x->body_peer_high : x->body_ack;
        const bool begun = x->interim_count && x->interim[0].off < high;
        aw_say(s, f->body->ref, at,
               "%s: by then the server had sent %" PRId64 " bytes that were %s captured%s",
               aw_say_packet(s, f->body), high > x->answer_base ? high - x->answer_base : 0,
               begun ? "not all" : "never",
               later ? " (by its sequence numbers)" : ", and the client had acknowledged them");
    }
    if (f->missing & AW_MISS_FINAL)
        aw_say(s, at, 0, "server bytes are missing where the final response would stand%s", cut);
    if (f->missing & AW_MISS_CONTENT)
        aw_say(s, at, 0, "content was sent and none of it captured%s", cut);
    if (f->missing & AW_MISS_EVICTED)
        aw_say(s, at, 0, "the exchange was let go for want of memory before it ended");
    if (f->missing & AW_MISS_END) aw_say(s, at, 0, "how the exchange ended is not in the capture");
}

/* What is publicly known of the kind of fault that was seen. */
static void say_advisories(unsigned why, const struct aw_facts *f, struct aw_say *s)
{
    const aw_ref head = f->head->ref;
    if (why & (AW_DESYNC_SWALLOWED | AW_DESYNC_LEFTOVER))
        aw_say(s, f->x->next_request.ref, 0,
               "known faults of this kind, a connection used again with content owed: "
               "CVE-2024-24791 (Go clients), CVE-2025-31699 (Traffic Server)");
    if ((why & AW_DESYNC_VALUE) && (f->x->req & AW_REQ_EXPECT_FOLDED))
        aw_say(s, head, 0,
               "known fault of this kind, a folded Expect that two hops read differently: "
               "CVE-2025-32094 (Akamai)");
}

static void say_desync(const struct aw_facts *f, struct aw_say *s)
{
    const struct aw_exchange *x = f->x;
    const unsigned why = aw_rule_desync(f);
    if (why & AW_DESYNC_SWALLOWED)
        aw_say(s, x->next_request.ref, x->at[AW_AT_FINAL].ref,
               "%s: a request line while %" PRIu64
               " content bytes were owed after the final response (%s), and no response of its own",
               aw_say_packet(s, &x->next_request), x->owed_bytes_next,
               aw_say_packet(s, &x->at[AW_AT_FINAL]));
    if (why & AW_DESYNC_LEFTOVER)
        aw_say(
            s, x->next_request.ref, f->next->final_packet,
            "%s: a request line while %" PRIu64
            " content bytes were owed after the final response (%s); the %u that came (%s) answers "
            "what was left over of it",
            aw_say_packet(s, &x->next_request), x->owed_bytes_next,
            aw_say_packet(s, &x->at[AW_AT_FINAL]), (unsigned)f->next->status,
            aw_say_ref(s, f->next->final_packet));
    if (why & AW_DESYNC_STRAY)
        aw_say(s, x->stray_answer.ref, x->at[AW_AT_FINAL].ref,
               "%s: an error that answers no request, but acknowledges content which was owed when "
               "the final response came (%s): the server took it for a request",
               aw_say_packet(s, &x->stray_answer), aw_say_packet(s, &x->at[AW_AT_FINAL]));
    if (why & AW_DESYNC_UNMATCHED)
        aw_say(s, x->at[AW_AT_FINAL].ref, 0, "%s: %u although no request was outstanding",
               aw_say_packet(s, &x->at[AW_AT_FINAL]), (unsigned)x->status);
    if (why & AW_DESYNC_VALUE)
        aw_say(s, f->head->ref, 0, "%s: Expect reads \"%s\"%s%s%s%s%s", aw_say_packet(s, f->head),
               aw_say_bytes(s, x->text[AW_TEXT_EXPECT], 100),
               x->req & AW_REQ_EXPECT_LINES ? ", in several lines" : "",
               x->req & AW_REQ_EXPECT_MEMBERS ? ", of several members" : "",
               x->req & AW_REQ_EXPECT_FOLDED ? ", folded over lines" : "",
               x->req & AW_REQ_EXPECT_CONTROL ? ", with control bytes" : "",
               x->req & AW_REQ_EXPECT_SPACE ? ", with white space before the colon" : "");
    if (why & AW_DESYNC_FRAMING)
        aw_say(s, f->head->ref, 0, "%s: Expect with both Content-Length and Transfer-Encoding",
               aw_say_packet(s, f->head));
    say_advisories(why, f, s);
}

static void say_interims(const struct aw_facts *f, struct aw_say *s)
{
    const struct aw_exchange *x = f->x;
    for (unsigned i = 0; i < x->interim_count && i < AW_INTERIM_MAX; i++) {
        const struct aw_interim *in = &x->interim[i];
        const bool content = in->has_content;
        const bool odd = in->has_length || in->has_te || in->unfinished || content;
        const bool late = f->final ? x->final_off != AW_OFF_NONE && in->off > x->final_off
                                   : (x->flags & AW_F_100_AFTER_FINAL) != 0;
        const bool early = aw_interim_early(x, in);
        if (in->status != 100 || !(odd || late || early)) continue;
        const struct aw_mark *m = aw_seen(&in->at) ? &in->at : &in->first;
        aw_say(s, m->ref, 0, "%s: a 100%s%s%s%s%s%s", aw_say_packet(s, m),
               in->length_not_zero ? " with a Content-Length above 0"
               : in->has_length    ? " with Content-Length: 0, harmless but not allowed"
                                   : "",
               in->has_te ? " with Transfer-Encoding" : "",
               content ? " followed by bytes that begin no response" : "",
               !in->unfinished                 ? ""
               : x->flags & AW_F_HOLE_RESPONSE ? " whose head was not captured to its end"
                                               : " whose head never ends",
               late ? " after the final response" : "",
               early ? " that does not acknowledge the whole request head" : "");
    }
}

/* The first or the last 100 that is kept; there is one. */
static const struct aw_interim *a_100(const struct aw_exchange *x, bool last)
{
    const struct aw_interim *found = &x->interim[0];
    bool any = false;
    for (unsigned i = 0; i < x->interim_count && i < AW_INTERIM_MAX; i++) {
        if (x->interim[i].status != 100 || (any && !last)) continue;
        found = &x->interim[i];
        any = true;
    }
    return found;
}

static void say_several(const struct aw_facts *f, struct aw_say *s)
{
    const struct aw_exchange *x = f->x;
    const struct aw_interim *first = a_100(x, false), *last = a_100(x, true);
    aw_say(s, first->at.ref, last->at.ref,
           "%" PRIu32 " responses 100 to one request, from %s to %s", x->continue_count,
           aw_say_packet(s, &first->at), aw_say_packet(s, &last->at));
}

static void say_hops(const struct aw_facts *f, struct aw_say *s)
{
    const struct aw_span via = f->x->text[AW_TEXT_VIA];
    char signs[400] = "";
    if (f->hops == 0) return;
    if (f->hops & AW_HOP_VIA)
        (void)snprintf(signs, sizeof signs, "Via%s%s", via.len ? " " : "",
                       aw_say_bytes(s, via, 80));
    const struct {
        enum aw_hop hop;
        const char *sign;
    } others[] = {
        {AW_HOP_PROXY_FIELD, "Proxy-*"},
        {AW_HOP_CACHE, "X-Cache or Age"},
        {AW_HOP_SQUID, "X-Squid-Error"},
        {AW_HOP_TARGET, "a target in absolute or authority form"},
        {AW_HOP_PRODUCT, "the name of a product that only stands between"},
        {AW_HOP_FIELD, "a field that only such a product adds"},
        {AW_HOP_PAGE, "the error page of a product that only stands between"},
        {AW_HOP_TTL, "an IP TTL unlike that of the SYN-ACK"},
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        const size_t used = strlen(signs);
        if (f->hops & (uint32_t)others[i].hop)
            (void)snprintf(signs + used, sizeof signs - used, "%s%s", used ? ", " : "",
                           others[i].sign);
    }
    aw_say(s, f->x->at[AW_AT_FINAL].ref, 0, "signs of an intermediary: %s", signs);
}

static void say_retries(const struct aw_facts *f, struct aw_say *s)
{
    const struct aw_case *c = f->c;
    if (c->refused_run >= 2)
        aw_say(s, f->head->ref, 0, "%u attempts in a row carried Expect and were refused with 417",
               c->refused_run);
    else if (f->status >= 400 && c->failed_run >= f->t[AW_T_LOOP_ATTEMPTS])
        aw_say(s, f->head->ref, 0, "%u attempts within %s got status %u", c->failed_run,
               aw_say_ms(s, f->t[AW_T_LOOP_SPAN]), (unsigned)f->status);
    if (f->next) {
        const struct aw_attempt *n = f->next;
        char got[24] = "no final response";
        if (n->status) (void)snprintf(got, sizeof got, "status %u", n->status);
        aw_say(s, n->packet, n->final_packet, "%s: repeated %s Expect on %s connection: %s",
               aw_say_ref(s, n->packet), n->expect ? "with" : "without",
               n->same_connection ? "the same" : "another", got);
        if (f->recovery && f->recovery != n)
            aw_say(s, f->recovery->packet, f->recovery->final_packet,
                   "%s: a later attempt without Expect got status %u",
                   aw_say_ref(s, f->recovery->packet), (unsigned)f->recovery->status);
    } else if (f->status == 417 && c->input_left != AW_NS_NONE) {
        const aw_ns window = f->t[AW_T_RETRY_WINDOW];
        if (c->retry_window_open)
            aw_say(s, f->x->at[AW_AT_FINAL].ref, 0,
                   "no retry seen in the %" PRId64 ".%03" PRId64 " s of capture left",
                   c->input_left / AW_SEC, c->input_left % AW_SEC / AW_MS);
        else
            aw_say(s, f->x->at[AW_AT_FINAL].ref, 0, "no retry seen within %s",
                   aw_say_ms(s, window));
    }
}

static void say_legs(const struct aw_facts *f, struct aw_say *s)
{
    const struct aw_exchange *in = f->c->inner, *out = f->c->outer;
    if (in) {
        char final[24] = "no final response";
        const struct aw_interim *hundred = aw_facts_first_100(in);
        char after[48] = "";
        if (in->status) (void)snprintf(final, sizeof final, "final status %u", in->status);
        if (hundred && aw_seen(&in->at[AW_AT_HEAD]))
            (void)snprintf(after, sizeof after, " after %s",
                           aw_say_ms(s, hundred->at.ts - in->at[AW_AT_HEAD].ts));
        aw_say(s, in->at[AW_AT_HEAD].ref, in->at[AW_AT_FINAL].ref,
               "the origin's leg is exchange %" PRIu64 " (%s): %s Expect, %s%s, %s", in->id,
               aw_say_packet(s, &in->at[AW_AT_HEAD]), in->req & AW_REQ_EXPECT ? "with" : "without",
               in->continue_count ? "a 100" : "no 100", after, final);
    }
    if (out)
        aw_say(s, out->at[AW_AT_HEAD].ref, 0, "the client's leg %s exchange %" PRIu64 " (%s)",
               f->c->outer_alike ? "may be" : "is", out->id,
               aw_say_packet(s, &out->at[AW_AT_HEAD]));
}

/* What proves the cause itself. */
static void say_cause(const struct aw_facts *f, struct aw_say *s)
{
    const struct aw_exchange *x = f->x;
    switch (s->v->cause) {
    case AW_CAUSE_INCOMPLETE:
        say_missing(f, s);
        break;
    case AW_CAUSE_PENDING:
        aw_say(s, f->head->ref, 0, "%s: the capture ends %s after the head, the connection is open",
               aw_say_packet(s, f->head),
               aw_say_ms(s, f->now > f->head->ts ? f->now - f->head->ts : 0));
        say_100(f, s);
        say_sent(f, s);
        break;
    case AW_CAUSE_DESYNC_RISK:
        say_desync(f, s);
        say_final(f, s);
        break;
    case AW_CAUSE_MALFORMED_CONTINUE:
        say_interims(f, s);
        if (s->v->evidence_count == 0)
            aw_say(s, x->at[AW_AT_FINAL].ref, 0, "a 100 came after the final response (%s)",
                   aw_say_packet(s, &x->at[AW_AT_FINAL]));
        break;
    case AW_CAUSE_EXPECT_HTTP10:
        aw_say(s, f->head->ref, 0, "%s: HTTP/1.0 with Expect \"%s\"", aw_say_packet(s, f->head),
               aw_say_bytes(s, x->text[AW_TEXT_EXPECT], 80));
        if (f->gave_up) {
            say_gave_up(f, s);
        } else {
            say_100(f, s);
            say_answered(f, s);
        }
        say_final(f, s);
        break;
    case AW_CAUSE_UNKNOWN_EXPECTATION:
        aw_say(s, f->head->ref, 0, "%s: Expect asks for \"%s\"", aw_say_packet(s, f->head),
               aw_say_bytes(s, x->text[AW_TEXT_EXPECT], 80));
        say_final(f, s);
        break;
    case AW_CAUSE_EXPECT_REFUSED_BY_PROXY:
        say_final(f, s);
        say_hops(f, s);
        break;
    case AW_CAUSE_RETRY_LOOP:
    case AW_CAUSE_EXPECT_REFUSED:
    case AW_CAUSE_APPLICATION_417:
    case AW_CAUSE_SERVER_ERROR:
        say_final(f, s);
        break;
    case AW_CAUSE_GATEWAY_ERROR:
        say_final(f, s);
        say_hops(f, s);
        break;
    case AW_CAUSE_NETWORK_LOSS:
        say_loss(f, s);
        if (!f->head_acked)
            aw_say(s, f->head->ref, 0, "the head (%s) was never acknowledged",
                   aw_say_packet(s, f->head));
        else if (f->head_late_ack && aw_seen(&x->at[AW_AT_ACK_HEAD]))
            aw_say(s, x->at[AW_AT_ACK_HEAD].ref, f->head->ref,
                   "%s: the head (%s) is acknowledged %s later, after it was sent again",
                   aw_say_packet(s, &x->at[AW_AT_ACK_HEAD]), aw_say_packet(s, f->head),
                   aw_say_ms(s, from_head(f, &x->at[AW_AT_ACK_HEAD])));
        say_100(f, s);
        if (f->gave_up) say_gave_up(f, s);
        break;
    case AW_CAUSE_CONTINUE_NOT_RELAYED:
    case AW_CAUSE_EXPECT_DROPPED:
        say_legs(f, s);
        if (f->gave_up) {
            say_gave_up(f, s);
        } else if (f->stuck != AW_NS_NONE) {
            say_no_content(f, s);
            say_final(f, s);
            if (!f->final) say_close(f, s);
        }
        break;
    case AW_CAUSE_DEADLOCK:
        say_no_content(f, s);
        say_100(f, s);
        say_final(f, s);
        if (!f->final) say_close(f, s);
        break;
    case AW_CAUSE_REQUEST_TIMEOUT:
    case AW_CAUSE_ABANDONED:
    case AW_CAUSE_NO_RESPONSE:
        if (f->status == 408) say_final(f, s); /* it carries the verdict */
        say_close(f, s);
        if (s->v->cause == AW_CAUSE_ABANDONED || s->v->cause == AW_CAUSE_REQUEST_TIMEOUT)
            say_window(f, s);
        say_100(f, s);
        say_sent(f, s);
        if (f->status != 408) say_final(f, s);
        break;
    case AW_CAUSE_RESET_UNANSWERED:
    case AW_CAUSE_CLOSED_UNANSWERED:
        say_close(f, s);
        if (aw_rule_race(f)) {
            const bool fin = aw_seen(&x->conn.fin[AW_S2C]);
            const struct aw_mark *m = fin ? &x->conn.fin[AW_S2C] : &x->conn.rst[AW_S2C];
            aw_say(s, m->ref, f->head->ref,
                   "%s: the server's %s the head (%s) on a connection that had served a request: a "
                   "keep-alive race",
                   aw_say_packet(s, m),
                   fin ? "FIN is within one round trip of" : "reset was under way before",
                   aw_say_packet(s, f->head));
        }
        say_100(f, s);
        say_sent(f, s);
        break;
    case AW_CAUSE_RESPONSE_LOST:
        aw_say(s, x->conn.rst[AW_S2C].ref, x->at[AW_AT_FINAL].ref,
               "%s: the server reset the connection %s after its final response %u (%s), with the "
               "client still sending",
               aw_say_packet(s, &x->conn.rst[AW_S2C]),
               aw_say_ms(s, x->conn.rst[AW_S2C].ts - x->at[AW_AT_FINAL].ts), (unsigned)x->status,
               aw_say_packet(s, &x->at[AW_AT_FINAL]));
        say_sent(f, s);
        break;
    case AW_CAUSE_IGNORED:
    case AW_CAUSE_LATE_CONTINUE:
    case AW_CAUSE_NOT_AWAITED:
        say_gave_up(f, s);
        say_final(f, s);
        break;
    case AW_CAUSE_SLOW_CONTINUE:
        aw_say(s, f->first_100->at.ref, f->head->ref,
               "%s: 100, %s after the head (%s), of which the server took %s; one round trip is %s",
               aw_say_packet(s, &f->first_100->at), aw_say_ms(s, from_head(f, &f->first_100->at)),
               aw_say_packet(s, f->head), aw_say_ms(s, f->think), round_trip(f, s));
        say_answered(f, s);
        break;
    case AW_CAUSE_CONTINUE_UNHEEDED:
        say_100(f, s);
        say_answered(f, s);
        say_timer(f, s);
        break;
    case AW_CAUSE_LATE_REJECTION:
        say_100(f, s);
        say_answered(f, s);
        say_final(f, s);
        say_sent(f, s);
        break;
    case AW_CAUSE_IGNORED_REJECTION:
        say_final(f, s);
        if (aw_seen(&x->at[AW_AT_AFTER_FINAL]))
            aw_say(s, x->at[AW_AT_AFTER_FINAL].ref, x->at[AW_AT_AFTER_FINAL_LAST].ref,
                   "%s: content that acknowledges the final response, going on until %s",
                   aw_say_packet(s, &x->at[AW_AT_AFTER_FINAL]),
                   aw_say_packet(s, &x->at[AW_AT_AFTER_FINAL_LAST]));
        break;
    case AW_CAUSE_NO_CONTENT:
        aw_say(s, f->head->ref, 0,
               "%s: Expect \"%s\" without Content-Length above 0 and without Transfer-Encoding",
               aw_say_packet(s, f->head), aw_say_bytes(s, x->text[AW_TEXT_EXPECT], 80));
        say_final(f, s);
        break;
    case AW_CAUSE_DUPLICATE_CONTINUE:
        say_several(f, s);
        say_answered(f, s);
        break;
    case AW_CAUSE_UNSOLICITED_CONTINUE:
        if (f->expect) {
            say_interims(f, s);
        } else {
            const struct aw_mark *m = &a_100(x, false)->at;
            aw_say(s, m->ref, f->head->ref, "%s: a 100 %s", aw_say_packet(s, m),
                   x->flags & AW_F_REQ_UNSEEN ? "although no request was outstanding"
                                              : "to a request without Expect");
        }
        break;
    case AW_CAUSE_REJECTED_EARLY:
    case AW_CAUSE_ACCEPTED_EARLY:
        say_final(f, s);
        say_100(f, s);
        if (f->content)
            aw_say(s, f->body->ref, 0, "%s: content begins after the final response",
                   aw_say_packet(s, f->body));
        else
            aw_say(s, f->head->ref, 0, "the content stayed with the client");
        break;
    case AW_CAUSE_CONTINUED:
        say_100(f, s);
        say_answered(f, s);
        say_final(f, s);
        break;
    case AW_CAUSE_COUNT:
        break;
    }
}

void aw_evidence_of(const struct aw_facts *f, struct aw_say *s)
{
    const struct aw_verdict *v = s->v;
    const struct aw_exchange *x = f->x;
    say_cause(f, s);
    say_retries(f, s);
    if (v->cause != AW_CAUSE_CONTINUE_NOT_RELAYED && v->cause != AW_CAUSE_EXPECT_DROPPED)
        say_legs(f, s);
    if (v->cause != AW_CAUSE_NETWORK_LOSS) say_loss(f, s);
    if (v->cause != AW_CAUSE_MALFORMED_CONTINUE && v->cause != AW_CAUSE_UNSOLICITED_CONTINUE)
        say_interims(f, s);
    if (v->cause != AW_CAUSE_DESYNC_RISK && (x->flags & AW_F_WITHHELD) && x->owed_bytes_next)
        aw_say(s, x->next_request.ref, 0,
               "%s: the next request on the connection, with %" PRIu64
               " content bytes still owed (rule C10)",
               aw_say_packet(s, &x->next_request), x->owed_bytes_next);
    if (aw_rule_lowercase(f))
        aw_say(s, f->head->ref, 0,
               "%s: the value is spelled \"%s\"; some servers compare by letter case",
               aw_say_packet(s, f->head), aw_say_bytes(s, x->text[AW_TEXT_EXPECT], 60));
}
