/*
 * What to change: the product that was recognised and its setting first, the general advice for the
 * side at fault where none was. One sentence a side.
 */
#include "diagnose/verdict.h"

struct advice {
    const char *client, *server; /* general fixes; NULL: that side need not change */
};

#define SEND_AT_ONCE "client: send the request without Expect, or shorten its wait for the 100"
#define ANSWER_100                                                                                 \
    "server: answer 100 Continue (or a final status) as soon as the head is read, before the "     \
    "content"

static const struct advice advices[AW_CAUSE_COUNT] = {
    [AW_CAUSE_DESYNC_RISK] = {"client: send one Expect line with the value 100-continue and one "
                              "framing; close the connection when content it owes stays unsent",
                              "server: close the connection after answering such a request"},
    [AW_CAUSE_MALFORMED_CONTINUE] = {NULL,
                                     "server: send the 100 without content, Content-Length and "
                                     "Transfer-Encoding, and only before the final response"},
    [AW_CAUSE_EXPECT_HTTP10] = {"client: use HTTP/1.1, or send no Expect", NULL},
    [AW_CAUSE_UNKNOWN_EXPECTATION] =
        {"client: send 100-continue, the only expectation defined, or no "
         "Expect",
         NULL},
    [AW_CAUSE_RETRY_LOOP] = {"client: after 417 repeat without Expect; after other failures wait "
                             "longer each time and stop",
                             "server: accept Expect: 100-continue (RFC 9110, 10.1.1)"},
    [AW_CAUSE_EXPECT_REFUSED_BY_PROXY] = {"client: send the request without Expect",
                                          "intermediary: let it pass Expect on, or strip it and "
                                          "answer 100 itself"},
    [AW_CAUSE_EXPECT_REFUSED] = {"client: send the request without Expect",
                                 "server: accept Expect: 100-continue (RFC 9110, 10.1.1)"},
    [AW_CAUSE_APPLICATION_417] = {NULL,
                                  "server: find where the application sets 417; it is not about "
                                  "Expect"},
    [AW_CAUSE_NETWORK_LOSS] =
        {"network: look for loss and for a path MTU black hole between the two "
         "(ping with the full packet size and no fragmentation)",
         NULL},
    [AW_CAUSE_CONTINUE_NOT_RELAYED] = {SEND_AT_ONCE, "intermediary: pass 1xx responses on"},
    [AW_CAUSE_EXPECT_DROPPED] = {SEND_AT_ONCE,
                                 "intermediary: where it strips Expect it has to answer "
                                 "100 itself"},
    [AW_CAUSE_DEADLOCK] = {"client: set a limit to its wait for the 100, or send no Expect",
                           ANSWER_100},
    [AW_CAUSE_REQUEST_TIMEOUT] = {"client: send the content at once when the 100 has come",
                                  "server: allow more time for the content"},
    [AW_CAUSE_RESET_UNANSWERED] = {NULL,
                                   "server: look in its log for a crash or a limit at this time"},
    [AW_CAUSE_CLOSED_UNANSWERED] = {NULL,
                                    "server: look in its log for a crash or a limit at this time"},
    [AW_CAUSE_RESPONSE_LOST] =
        {"client: wait for the 100, so that a refusal arrives before the content",
         "server: after an early answer go on reading for a while before it "
         "closes (RFC 9112, 9.6)"},
    [AW_CAUSE_ABANDONED] = {"client: look at its timeouts; it left with content still owed", NULL},
    [AW_CAUSE_NO_RESPONSE] = {NULL,
                              "server: look at what the handler waits for; the content had come"},
    [AW_CAUSE_GATEWAY_ERROR] = {NULL,
                                "intermediary: look at the server behind it, its address and its "
                                "timeouts"},
    [AW_CAUSE_SERVER_ERROR] = {NULL, "server: look in its error log at this time"},
    [AW_CAUSE_IGNORED] = {SEND_AT_ONCE, ANSWER_100},
    [AW_CAUSE_LATE_CONTINUE] = {SEND_AT_ONCE, ANSWER_100},
    [AW_CAUSE_SLOW_CONTINUE] = {SEND_AT_ONCE, ANSWER_100},
    [AW_CAUSE_CONTINUE_UNHEEDED] = {"client: act on the 100 when it comes and not on a timer",
                                    NULL},
    [AW_CAUSE_LATE_REJECTION] = {NULL, "server: decide by the head before it sends the 100"},
    [AW_CAUSE_IGNORED_REJECTION] =
        {"client: stop sending when a final status of 300 or more has come", NULL},
    [AW_CAUSE_NO_CONTENT] = {"client: send no Expect on a request without content", NULL},
    [AW_CAUSE_NOT_AWAITED] = {"client: wait for the 100, or send no Expect", NULL},
    [AW_CAUSE_DUPLICATE_CONTINUE] = {NULL, "server: let one hop send the 100"},
    [AW_CAUSE_UNSOLICITED_CONTINUE] = {NULL, "server: send 100 only to requests that expect it"},
};

/* Causes whose cure is to send no Expect or to set its wait: what the agents' rows speak of. */
static bool about_expect(enum aw_cause cause)
{
    const uint64_t set =
        UINT64_C(1) << AW_CAUSE_RETRY_LOOP | UINT64_C(1) << AW_CAUSE_EXPECT_REFUSED_BY_PROXY |
        UINT64_C(1) << AW_CAUSE_EXPECT_REFUSED | UINT64_C(1) << AW_CAUSE_CONTINUE_NOT_RELAYED |
        UINT64_C(1) << AW_CAUSE_EXPECT_DROPPED | UINT64_C(1) << AW_CAUSE_DEADLOCK |
        UINT64_C(1) << AW_CAUSE_IGNORED | UINT64_C(1) << AW_CAUSE_LATE_CONTINUE |
        UINT64_C(1) << AW_CAUSE_SLOW_CONTINUE | UINT64_C(1) << AW_CAUSE_NO_CONTENT |
        UINT64_C(1) << AW_CAUSE_NOT_AWAITED | UINT64_C(1) << AW_CAUSE_EXPECT_HTTP10 |
        UINT64_C(1) << AW_CAUSE_UNKNOWN_EXPECTATION | UINT64_C(1) << AW_CAUSE_DESYNC_RISK;
    return (set >> cause & 1) != 0;
}

void aw_fix_of(const struct aw_facts *f, struct aw_say *s)
{
    const struct aw_verdict *v = s->v;
    const struct aw_exchange *x = f->x;
    const struct advice *general = &advices[v->cause];
    if (v->cause == AW_CAUSE_INCOMPLETE) {
        if (f->missing)
            aw_say_fix(s,
                       "capture: record both directions in full (snap length 0), from before the "
                       "connection begins, and watch for packets dropped by the capture");
        return;
    }
    if (about_expect(v->cause)) {
        if (f->client_agent && general->client)
            aw_say_fix(s, "client %s: %s", aw_say_bytes(s, x->text[AW_TEXT_USER_AGENT], 80),
                       f->client_agent->fix);
        if (f->server_agent && general->server)
            aw_say_fix(s, "%s %s: %s",
                       f->server_agent->role == AW_AGENT_PROXY ? "intermediary" : "server",
                       x->text[AW_TEXT_SERVER].len ? aw_say_bytes(s, x->text[AW_TEXT_SERVER], 80)
                                                   : f->server_agent->name,
                       f->server_agent->fix);
    }
    if (general->client && !(about_expect(v->cause) && f->client_agent))
        aw_say_fix(s, "%s", general->client);
    if (general->server && !(about_expect(v->cause) && f->server_agent))
        aw_say_fix(s, "%s", general->server);
    if (aw_rule_lowercase(f))
        aw_say_fix(s, "client: write the value 100-continue in lower case; some servers compare it "
                      "by letter case");
}
