/*
 * What to change. For each cause the table says which needs a setting of the products at hand can
 * meet; where the products are unknown, or have nothing to say to that, the general advice to the
 * party stands in its place (explain.h). At most one sentence a product and party.
 */
#include "await100/explain.h"
#include "diagnose/verdict.h"

#include <string.h>

enum { NEEDS_MAX = 2 };
#define NEED(need) (1 + AW_NEED_##need) /* so that 0 is none */

/* The needs of a side. Settings of both are named, or, with `instead`, of the second only where the
 * first has none. */
struct needs {
    uint8_t client[NEEDS_MAX], far[NEEDS_MAX]; /* far: servers, and what stands between */
    bool instead;
};

static const struct needs needs_of[AW_CAUSE_COUNT] = {
    [AW_CAUSE_DESYNC_RISK] = {.client = {NEED(FRAME)}, .far = {NEED(FRAME)}},
    [AW_CAUSE_MALFORMED_CONTINUE] = {.client = {NEED(OFF)}, .far = {NEED(FRAME)}},
    [AW_CAUSE_EXPECT_HTTP10] = {.client = {NEED(OFF)}},
    [AW_CAUSE_RETRY_LOOP] = {.client = {NEED(RETRY), NEED(OFF)},
                             .far = {NEED(ACCEPT)},
                             .instead = true},
    [AW_CAUSE_EXPECT_REFUSED_BY_PROXY] = {.client = {NEED(OFF)}, .far = {NEED(ACCEPT)}},
    [AW_CAUSE_EXPECT_REFUSED] = {.client = {NEED(OFF)}, .far = {NEED(ACCEPT)}},
    [AW_CAUSE_CONTINUE_NOT_RELAYED] = {.client = {NEED(OFF), NEED(WAIT)}, .far = {NEED(ANSWER)}},
    [AW_CAUSE_EXPECT_DROPPED] = {.client = {NEED(OFF), NEED(WAIT)}, .far = {NEED(ANSWER)}},
    [AW_CAUSE_DEADLOCK] = {.client = {NEED(OFF), NEED(WAIT)}, .far = {NEED(ANSWER)}},
    [AW_CAUSE_REQUEST_TIMEOUT] = {.far = {NEED(TIME)}},
    [AW_CAUSE_RESPONSE_LOST] = {.client = {NEED(AWAIT)}, .far = {NEED(LINGER)}},
    [AW_CAUSE_IGNORED] = {.client = {NEED(OFF), NEED(WAIT)}, .far = {NEED(ANSWER)}},
    [AW_CAUSE_LATE_CONTINUE] = {.client = {NEED(OFF), NEED(WAIT)}, .far = {NEED(ANSWER)}},
    [AW_CAUSE_SLOW_CONTINUE] = {.client = {NEED(OFF), NEED(WAIT)}, .far = {NEED(ANSWER)}},
    [AW_CAUSE_LATE_REJECTION] = {.far = {NEED(EARLY)}},
    [AW_CAUSE_IGNORED_REJECTION] = {.client = {NEED(AWAIT)}},
    [AW_CAUSE_NO_CONTENT] = {.client = {NEED(EMPTY), NEED(OFF)}, .instead = true},
    [AW_CAUSE_NOT_AWAITED] = {.client = {NEED(AWAIT), NEED(OFF)}},
    [AW_CAUSE_DUPLICATE_CONTINUE] = {.far = {NEED(ONCE)}},
    [AW_CAUSE_UNSOLICITED_CONTINUE] = {.client = {NEED(ONCE)}, .far = {NEED(ONCE)}},
};

static bool is_word(uint8_t c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

/* Whether the token is the product's name and version and needs no further name. */
static bool names_itself(const struct aw_agent_seen *seen)
{
    const char *name = seen->agent->name;
    const size_t len = strlen(name);
    if (seen->token.len < len) return false;
    for (size_t i = 0; i < len; i++)
        if ((seen->token.p[i] | 0x20) != ((uint8_t)name[i] | 0x20)) return false;
    return seen->token.len == len || !is_word(seen->token.p[len]);
}

/* "curl/7.88.1", "Apache httpd (Apache/2.4.57)", "Squid". */
static void say_product(struct aw_say *s, const char *party, const struct aw_agent_seen *seen,
                        const char *first, const char *second)
{
    const char *token = aw_say_bytes(s, seen->token, 80);
    const char *join = second ? "; or " : "";
    if (second == NULL) second = "";
    if (seen->versioned && names_itself(seen))
        aw_say_fix(s, "%s %s: %s%s%s", party, token, first, join, second);
    else if (seen->versioned)
        aw_say_fix(s, "%s %s (%s): %s%s%s", party, seen->agent->name, token, first, join, second);
    else
        aw_say_fix(s, "%s %s: %s%s%s", party, seen->agent->name, first, join, second);
}

/* The settings of a product that meet these needs; false where it has none. */
static bool say_settings(struct aw_say *s, const char *party, const struct aw_agent_seen *seen,
                         const uint8_t needs[NEEDS_MAX], bool instead)
{
    const char *setting[NEEDS_MAX] = {NULL, NULL};
    unsigned n = 0;
    if (seen->agent == NULL) return false;
    for (unsigned i = 0; i < NEEDS_MAX && !(instead && n); i++)
        if (needs[i] && seen->agent->fix[needs[i] - 1])
            setting[n++] = seen->agent->fix[needs[i] - 1];
    if (n == 0) return false;
    say_product(s, party, seen, setting[0], setting[1]);
    return true;
}

/* Advice that fits only where that party is to blame. */
static bool only_to_blame(enum aw_cause cause, enum aw_party party)
{
    return party == AW_PARTY_NETWORK || (cause == AW_CAUSE_ABANDONED && party == AW_PARTY_SERVER);
}

static void say_general(struct aw_say *s, const struct aw_cause_text *t, enum aw_party party)
{
    if (only_to_blame(s->v->cause, party) && s->v->party != party) return;
    if (t->fix[party]) aw_say_fix(s, "%s: %s", aw_party_name(party), t->fix[party]);
}

/* A client that does not name itself may be known by how long it waited. */
static void say_guess(const struct aw_facts *f, struct aw_say *s, const struct needs *n)
{
    if (f->client.agent || !f->gave_up || f->wait < f->w || n->client[0] != NEED(OFF)) return;
    const struct aw_agent *a = aw_agent_by_timer(f->wait);
    if (a && a->fix[AW_NEED_OFF])
        aw_say_fix(s, "client, if it is %s (its timer fits the wait of %s): %s", a->name,
                   aw_say_ms(s, f->wait), a->fix[AW_NEED_OFF]);
}

static void client_side(const struct aw_facts *f, struct aw_say *s, const struct aw_cause_text *t,
                        const struct needs *n)
{
    if (say_settings(s, "client", &f->client, n->client, n->instead)) return;
    say_guess(f, s, n);
    if (s->v->cause == AW_CAUSE_DESYNC_RISK &&
        !(aw_rule_desync(f) & (AW_DESYNC_VALUE | AW_DESYNC_FRAMING))) {
        aw_say_fix(s, "client: close the connection when a final response comes before content "
                      "that is owed");
        return;
    }
    say_general(s, t, AW_PARTY_CLIENT);
}

/*
 * What stands between comes first: it is nearer to the client. A product that can be both, such as
 * nginx, is called by its field's name, server. Where the cause lies with the intermediary alone,
 * the server behind a known one has nothing to change.
 */
static void far_side(const struct aw_facts *f, struct aw_say *s, const struct aw_cause_text *t,
                     const struct needs *n)
{
    const bool late =
        s->v->cause == AW_CAUSE_LATE_CONTINUE || s->v->cause == AW_CAUSE_SLOW_CONTINUE;
    const bool between_only =
        f->between.agent != NULL &&
        (t->fix[AW_PARTY_SERVER] == NULL || (late && s->v->party == AW_PARTY_INTERMEDIARY));
    const bool between = say_settings(s, "intermediary", &f->between, n->far, false);
    const bool server = !between_only && say_settings(s, "server", &f->server, n->far, false);
    const bool hop = f->hops != 0 || f->c->inner || s->v->party == AW_PARTY_INTERMEDIARY;
    if (!between && !server && (hop || t->fix[AW_PARTY_SERVER] == NULL))
        say_general(s, t, AW_PARTY_INTERMEDIARY);
    if (!server && !(between && s->v->party == AW_PARTY_INTERMEDIARY))
        say_general(s, t, AW_PARTY_SERVER);
}

/* Advice that hangs on which of the reasons for the cause holds; false: none of its own. */
static bool by_reason(const struct aw_facts *f, struct aw_say *s)
{
    const enum aw_cause cause = s->v->cause;
    if ((cause == AW_CAUSE_RESET_UNANSWERED || cause == AW_CAUSE_CLOSED_UNANSWERED) &&
        aw_rule_race(f)) {
        aw_say_fix(s, "client: repeat the request on a new connection, and close idle ones earlier "
                      "than the server does");
        aw_say_fix(s, "server: keep idle connections open for longer than its clients use them");
        return true;
    }
    if (cause == AW_CAUSE_REQUEST_TIMEOUT && s->v->party == AW_PARTY_SERVER) {
        const struct aw_cause_text *t = aw_cause_text(AW_CAUSE_ABANDONED);
        aw_say_fix(s, "server: %s", t->fix[AW_PARTY_SERVER]);
        return true;
    }
    return false;
}

void aw_fix_of(const struct aw_facts *f, struct aw_say *s)
{
    const struct aw_verdict *v = s->v;
    /* A server must not send a 100 to HTTP/1.0, however long its client waits for one. */
    const bool old = v->cause == AW_CAUSE_DEADLOCK && f->x->req_version == 10;
    const enum aw_cause cause = old ? AW_CAUSE_EXPECT_HTTP10 : v->cause;
    const struct aw_cause_text *t = aw_cause_text(cause);
    const struct needs *n = &needs_of[cause];
    if (v->cause == AW_CAUSE_INCOMPLETE && f->missing == 0) return;
    if (by_reason(f, s)) return;
    if (v->cause == AW_CAUSE_RETRY_LOOP && f->status != 417) {
        /* Settings about Expect do not mend what was refused for another reason. */
        client_side(f, s, t, &(struct needs){.client = {NEED(STOP)}});
        return;
    }
    client_side(f, s, t, n);
    far_side(f, s, t, n);
    say_general(s, t, AW_PARTY_NETWORK);
    say_general(s, t, AW_PARTY_CAPTURE);
    if (aw_rule_lowercase(f) && f->server.agent == NULL)
        aw_say_fix(s, "client: write the value 100-continue in lower case; some servers compare it "
                      "by letter case");
}
