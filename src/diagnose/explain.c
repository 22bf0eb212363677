/*
 * The reference text (explain.h), put together from the tables: sections of a cause, of a topic, of
 * a product with all its versions, and the list of words.
 */
#include "await100/explain.h"

#include <stdio.h>
#include <string.h>

#include "diagnose/agents.h"

static const struct aw_cause_text causes[] = {
#define AW_EXPLAIN(id, reasons, confirm, fixes, mistakes, references)                              \
    [AW_CAUSE_##id] = {reasons, confirm, fixes, mistakes, references},
#include "diagnose/explain.def"
#undef AW_EXPLAIN
};
_Static_assert(sizeof causes / sizeof *causes == AW_CAUSE_COUNT, "a text for each cause");

enum { TOPIC_SECTIONS = 12 };
static const struct topic {
    const char *word;
    struct {
        const char *heading, *body;
    } section[TOPIC_SECTIONS];
} topics[] = {
#include "diagnose/topics.def"
};
enum { TOPICS = sizeof topics / sizeof *topics };

const struct aw_cause_text *aw_cause_text(enum aw_cause cause)
{
    return &causes[(unsigned)cause < AW_CAUSE_COUNT ? cause : AW_CAUSE_INCOMPLETE];
}

/* --- text in a buffer of its own --- */

struct body {
    char text[6144];
    size_t len;
};

static void put(struct body *b, const char *text, size_t len)
{
    if (len > sizeof b->text - 1 - b->len) len = sizeof b->text - 1 - b->len;
    memcpy(b->text + b->len, text, len);
    b->len += len;
    b->text[b->len] = '\0';
}

static void add(struct body *b, const char *text)
{
    put(b, text, strlen(text));
}

static void reset(struct body *b)
{
    b->len = 0;
    b->text[0] = '\0';
}

static bool verbatim(const char *line)
{
    return strncmp(line, "    ", 4) == 0;
}

/* One item a line; commands stay as they are. */
static void add_list(struct body *b, const char *lines)
{
    while (*lines) {
        const size_t len = strcspn(lines, "\n");
        if (!verbatim(lines)) add(b, "- ");
        put(b, lines, len);
        add(b, "\n");
        lines += len + (lines[len] == '\n');
    }
}

static void emit_list(aw_explain_emit *emit, void *ctx, const char *heading, const char *lines)
{
    struct body b;
    reset(&b);
    add_list(&b, lines);
    emit(ctx, heading, b.text);
}

/* --- causes --- */

static void explain_cause(enum aw_cause cause, aw_explain_emit *emit, void *ctx)
{
    const struct aw_cause_text *t = aw_cause_text(cause);
    struct body b;
    reset(&b);
    add(&b, aw_cause_slug(cause));
    add(&b, ": ");
    add(&b, aw_cause_title(cause));
    emit(ctx, NULL, b.text);
    emit(ctx, "Meaning", aw_cause_meaning(cause));
    emit_list(emit, ctx, "Likely reasons", t->reasons);
    emit_list(emit, ctx, "How to confirm", t->confirm);
    reset(&b);
    for (unsigned p = 0; p < AW_PARTY_COUNT; p++) {
        if (t->fix[p] == NULL) continue;
        add(&b, "- ");
        add(&b, aw_party_name((enum aw_party)p));
        add(&b, ": ");
        add(&b, t->fix[p]);
        add(&b, "\n");
    }
    if (b.len == 0) add(&b, "Nothing has to change.");
    emit(ctx, "Fixes", b.text);
    emit_list(emit, ctx, "Common mistakes", t->mistakes);
    emit_list(emit, ctx, "References", t->references);
}

/* --- products --- */

static const char *role_text(enum aw_agent_role role)
{
    switch (role) {
    case AW_AGENT_CLIENT:
        return "client";
    case AW_AGENT_SERVER:
        return "server";
    case AW_AGENT_PROXY:
        return "proxy";
    case AW_AGENT_BALANCER:
        return "load balancer or content network";
    case AW_AGENT_ROLES:
        break;
    }
    return "";
}

static const char *field_text(enum aw_text text)
{
    if (text == AW_TEXT_USER_AGENT) return "User-Agent";
    if (text == AW_TEXT_SERVER) return "Server";
    if (text == AW_TEXT_VIA) return "Via";
    if (text == AW_TEXT_REQ_VIA) return "Via of requests";
    if (text == AW_TEXT_REASON) return "reason phrase";
    if (text == AW_TEXT_ERROR_BODY) return "error page";
    if (text == AW_TEXT_X_SQUID_ERROR) return "X-Squid-Error";
    if (text == AW_TEXT_X_CACHE) return "X-Cache";
    return text == AW_TEXT_REQ_HINT ? "request field" : "response field";
}

/* Where a text is shown to stand for the product, it is quoted as the table has it. */
static void add_signs(struct body *b, const struct aw_agent *a)
{
    const unsigned most = sizeof a->sign / sizeof a->sign[0];
    for (unsigned i = 0; i < most && a->sign[i].mark; i++) {
        add(b, i ? ", " : "Recognised by ");
        add(b, field_text(a->sign[i].text));
        add(b, " \"");
        add(b, a->sign[i].mark);
        add(b, "\"");
        if (a->sign[i].place == AW_SIGN_MUTE) add(b, " without User-Agent");
    }
    add(b,
        a->sign[0].mark ? ".\n" : "It does not name itself; a capture cannot tell it by name.\n");
}

static const char *versions_text(char out[80], const struct aw_agent *a)
{
    char from[AW_VERSION_TEXT], below[AW_VERSION_TEXT];
    aw_version_text(from, a->from);
    aw_version_text(below, a->below);
    if (a->from && a->below)
        snprintf(out, 80, "Versions %s up to, not including, %s", from, below);
    else if (a->from)
        snprintf(out, 80, "Versions %s and later", from);
    else if (a->below)
        snprintf(out, 80, "Versions before %s", below);
    else
        snprintf(out, 80, "What it does");
    return out;
}

static void add_timer(struct body *b, aw_ns timer)
{
    char line[80];
    if (timer == 0) return;
    snprintf(line, sizeof line, "- its wait for the 100 ends after %u ms\n",
             (unsigned)(timer / AW_MS));
    add(b, line);
}

static void explain_row(const struct aw_agent *a, aw_explain_emit *emit, void *ctx)
{
    static const char *const needs[] = {
        [AW_NEED_OFF] = "send no Expect",
        [AW_NEED_WAIT] = "set the wait",
        [AW_NEED_AWAIT] = "wait for the 100",
        [AW_NEED_RETRY] = "after a 417",
        [AW_NEED_STOP] = "after other refusals",
        [AW_NEED_EMPTY] = "without content",
        [AW_NEED_ANSWER] = "get the 100 in time",
        [AW_NEED_ACCEPT] = "get no 417",
        [AW_NEED_EARLY] = "refuse before the 100",
        [AW_NEED_FRAME] = "keep messages whole",
        [AW_NEED_ONCE] = "one 100 a request",
        [AW_NEED_TIME] = "more time for content",
        [AW_NEED_LINGER] = "answer early and safely",
    };
    _Static_assert(sizeof needs / sizeof *needs == AW_NEEDS, "a text for each need");
    char versions[80];
    struct body b;
    reset(&b);
    add(&b, a->about);
    add(&b, "\n");
    for (unsigned bit = 0; aw_does_text(bit); bit++) {
        if ((a->does >> bit & 1) == 0 || aw_does_text(bit)[0] == '\0') continue;
        add(&b, "- ");
        add(&b, aw_does_text(bit));
        add(&b, "\n");
    }
    add_timer(&b, a->timer);
    emit(ctx, versions_text(versions, a), b.text);
    reset(&b);
    for (unsigned i = 0; i < AW_NEEDS; i++) {
        if (a->fix[i] == NULL) continue;
        add(&b, "- ");
        add(&b, needs[i]);
        add(&b, ": ");
        add(&b, a->fix[i]);
        add(&b, "\n");
    }
    if (b.len) emit(ctx, "Settings", b.text);
    emit(ctx, "Source", a->source);
}

static void explain_agent(const struct aw_agent *first, size_t i, aw_explain_emit *emit, void *ctx)
{
    struct body b;
    reset(&b);
    add(&b, first->slug);
    add(&b, ": ");
    add(&b, first->name);
    add(&b, ", a ");
    add(&b, role_text(first->role));
    add(&b, "\n");
    add_signs(&b, first);
    emit(ctx, NULL, b.text);
    for (const struct aw_agent *a; (a = aw_agent_row(i)) && strcmp(a->slug, first->slug) == 0; i++)
        explain_row(a, emit, ctx);
}

/* --- words --- */

static bool same(const char *a, const char *b)
{
    for (; *a && *b; a++, b++) {
        const char x = *a >= 'A' && *a <= 'Z' ? (char)(*a | 0x20) : *a;
        const char y = *b >= 'A' && *b <= 'Z' ? (char)(*b | 0x20) : *b;
        if (x != y) return false;
    }
    return *a == *b;
}

/* The word is the mark by which the product names itself, its slash aside: "okhttp", "ATS". */
static bool is_mark(const char *word, const struct aw_agent *a)
{
    const char *mark = a->sign[0].mark;
    const size_t len = strlen(word);
    char bare[64];
    if (mark == NULL || len >= sizeof bare || strlen(mark) >= sizeof bare) return false;
    snprintf(bare, sizeof bare, "%s", mark);
    bare[strcspn(bare, "/:")] = '\0';
    return same(word, bare);
}

static bool new_product(size_t i)
{
    return i == 0 || strcmp(aw_agent_row(i)->slug, aw_agent_row(i - 1)->slug) != 0;
}

const char *aw_explain_word(size_t i)
{
    if (i < AW_CAUSE_COUNT) return aw_cause_slug((enum aw_cause)i);
    i -= AW_CAUSE_COUNT;
    if (i < TOPICS) return topics[i].word;
    i -= TOPICS;
    for (size_t row = 0; aw_agent_row(row); row++)
        if (new_product(row) && i-- == 0) return aw_agent_row(row)->slug;
    return NULL;
}

static void add_word(struct body *b, const char *word)
{
    if (b->len) add(b, ", ");
    add(b, word);
}

static void explain_list(aw_explain_emit *emit, void *ctx)
{
    static const char *const headings[AW_AGENT_ROLES] = {
        [AW_AGENT_CLIENT] = "Clients",
        [AW_AGENT_SERVER] = "Servers",
        [AW_AGENT_PROXY] = "Proxies",
        [AW_AGENT_BALANCER] = "Load balancers and content networks",
    };
    struct body b;
    emit(ctx, NULL, "list: the words that can be explained");
    reset(&b);
    for (unsigned i = 0; i < AW_CAUSE_COUNT; i++)
        add_word(&b, aw_cause_slug((enum aw_cause)i));
    emit(ctx, "Causes", b.text);
    reset(&b);
    for (unsigned i = 0; i < TOPICS; i++)
        add_word(&b, topics[i].word);
    emit(ctx, "Statuses and fields", b.text);
    for (unsigned role = 0; role < AW_AGENT_ROLES; role++) {
        reset(&b);
        for (size_t i = 0; aw_agent_row(i); i++)
            if (new_product(i) && aw_agent_row(i)->role == role)
                add_word(&b, aw_agent_row(i)->slug);
        emit(ctx, headings[role], b.text);
    }
}

bool aw_explain(const char *word, aw_explain_emit *emit, void *ctx)
{
    if (same(word, "list")) {
        explain_list(emit, ctx);
        return true;
    }
    for (unsigned i = 0; i < AW_CAUSE_COUNT; i++) {
        if (!same(word, aw_cause_slug((enum aw_cause)i))) continue;
        explain_cause((enum aw_cause)i, emit, ctx);
        return true;
    }
    for (unsigned i = 0; i < TOPICS; i++) {
        if (!same(word, topics[i].word)) continue;
        for (unsigned k = 0; k < TOPIC_SECTIONS && topics[i].section[k].body; k++)
            emit(ctx, topics[i].section[k].heading, topics[i].section[k].body);
        return true;
    }
    /* A slug or name is the better match than a mark, which two products may share. */
    for (unsigned pass = 0; pass < 2; pass++) {
        for (size_t i = 0; aw_agent_row(i); i++) {
            const struct aw_agent *a = aw_agent_row(i);
            const bool is =
                pass == 0 ? same(word, a->slug) || same(word, a->name) : is_mark(word, a);
            if (!new_product(i) || !is) continue;
            explain_agent(a, i, emit, ctx);
            return true;
        }
    }
    return false;
}
