/*
 * Recognising products (agents.h). A string is read word by word, and at each word the table is
 * asked in its order: the first word that names a product wins, so that a program built on a
 * library is taken for the program.
 */
#include "diagnose/agents.h"

#include <stdio.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

static const struct aw_agent agents[] = {
#include "diagnose/agents.def"
};
enum {
    AGENTS = sizeof agents / sizeof *agents,
    SIGNS = sizeof agents[0].sign / sizeof agents[0].sign[0],
    WORDS_MAX =
        160, /* looked at in one string: products stand in front, an error page's title too */
};

enum role_set { CLIENTS = 1, SERVERS = 2, BETWEEN = 4 };

const struct aw_agent *aw_agent_row(size_t i)
{
    return i < AGENTS ? &agents[i] : NULL;
}

/* --- bytes --- */

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

static bool letter(uint8_t c)
{
    return lower(c) >= 'a' && lower(c) <= 'z';
}

static bool alnum(uint8_t c)
{
    return (c >= '0' && c <= '9') || letter(c);
}

static bool begins(struct aw_span v, const char *mark)
{
    for (size_t i = 0; mark[i] != '\0'; i++)
        if (i >= v.len || lower(v.p[i]) != lower((uint8_t)mark[i])) return false;
    return true;
}

/* The mark ends with its word, so that "Apache" is not found in "Apache-Coyote". */
static bool ends_there(struct aw_span v, const char *mark)
{
    const size_t len = strlen(mark);
    if (len >= v.len || !alnum((uint8_t)mark[len - 1])) return true;
    const uint8_t next = v.p[len];
    return !alnum(next) && next != '-' && next != '_';
}

static struct aw_span from(struct aw_span v, size_t at)
{
    return (struct aw_span){v.p + at, v.len - at};
}

/* --- versions --- */

/* The version that follows a mark of `len` bytes: "1.4.69" of "lighttpd/1.4.69", "9.4" of
 * "Jetty(9.4)", "1.60" of "rclone/v1.60". */
static bool version_of(struct aw_span v, size_t len, uint32_t *out, size_t *end)
{
    size_t i = len;
    if (i < v.len && (v.p[i] == '/' || v.p[i] == '(' || v.p[i] == '#' || v.p[i] == ' ')) i++;
    if (i < v.len && lower(v.p[i]) == 'v') i++;
    uint32_t part[3] = {0, 0, 0};
    unsigned n = 0;
    bool digit = false;
    for (; i < v.len && n < 3; i++) {
        if (v.p[i] >= '0' && v.p[i] <= '9') {
            part[n] = part[n] * 10 + (v.p[i] - '0');
            if (part[n] > 1023) part[n] = 1023;
            digit = true;
        } else if (v.p[i] == '.' && digit) {
            n++;
        } else {
            break;
        }
    }
    while (i < v.len && (alnum(v.p[i]) || v.p[i] == '.' || v.p[i] == '-' || v.p[i] == '_'))
        i++;
    if (i < v.len && v.p[len] == '(' && v.p[i] == ')') i++;
    *end = i;
    *out = AW_VERSION(part[0], part[1], part[2]);
    return digit;
}

const char *aw_version_text(char out[AW_VERSION_TEXT], uint32_t version)
{
    snprintf(out, AW_VERSION_TEXT, "%u.%u.%u", (unsigned)(version >> 20),
             (unsigned)(version >> 10 & 1023), (unsigned)(version & 1023));
    return out;
}

/* The row of a's product that the version belongs to; without a version, the newest. Rows whose
 * versions are open to both sides fit every version. NULL: none of them. */
static const struct aw_agent *row_of(const struct aw_agent *a, bool known, uint32_t version)
{
    const struct aw_agent *newest = a;
    for (; a < agents + AGENTS && strcmp(a->slug, newest->slug) == 0; a++) {
        if (known && version >= a->from && (a->below == 0 || version < a->below)) return a;
        if (!known && a->below == 0) return a;
        newest = a;
    }
    return known ? NULL : newest;
}

/* --- finding --- */

static bool has_role(const struct aw_agent *a, unsigned roles)
{
    switch (a->role) {
    case AW_AGENT_CLIENT:
        return (roles & CLIENTS) != 0;
    case AW_AGENT_SERVER:
        return (roles & SERVERS) != 0;
    case AW_AGENT_PROXY:
    case AW_AGENT_BALANCER:
    case AW_AGENT_ROLES:
        break;
    }
    return (roles & BETWEEN) != 0;
}

static bool sign_fits(const struct aw_sign *s, struct aw_span rest, bool start, bool line,
                      bool word)
{
    switch (s->place) {
    case AW_SIGN_WORD:
        return word && begins(rest, s->mark) && ends_there(rest, s->mark);
    case AW_SIGN_START:
        return start && begins(rest, s->mark) && ends_there(rest, s->mark);
    case AW_SIGN_LINE:
    case AW_SIGN_MUTE:
        return line && begins(rest, s->mark);
    case AW_SIGN_WITHIN:
        return word && begins(rest, s->mark);
    }
    return false;
}

/* The product at one word. */
static bool find_at(struct aw_span value, size_t at, enum aw_text text, unsigned roles, bool mute,
                    struct aw_agent_seen *out)
{
    const struct aw_span rest = from(value, at);
    if (!letter(rest.p[0])) return false; /* most words are parts of versions, and no sign is */
    const bool line = at == 0 || value.p[at - 1] == '\n';
    const bool word = at == 0 || !alnum(value.p[at - 1]);
    const char *tried = NULL;
    for (size_t i = 0; i < AGENTS; i++) {
        const struct aw_agent *a = &agents[i];
        if (!has_role(a, roles) || (tried && strcmp(tried, a->slug) == 0)) continue;
        for (unsigned k = 0; k < SIGNS && a->sign[k].mark; k++) {
            const struct aw_sign *s = &a->sign[k];
            if (s->text != text || lower((uint8_t)s->mark[0]) != lower(rest.p[0])) continue;
            if (s->place == AW_SIGN_MUTE && !mute) continue;
            if (!sign_fits(s, rest, at == 0, line, word)) continue;
            uint32_t version = 0;
            size_t end = 0;
            const bool known = version_of(rest, strlen(s->mark), &version, &end);
            const struct aw_agent *row = row_of(a, known, version);
            tried = a->slug;
            if (row == NULL) break;
            *out = (struct aw_agent_seen){
                .agent = row, .text = text, .token = {rest.p, end}, .versioned = known};
            return true;
        }
    }
    return false;
}

/*
 * The first word that names a product of these roles. A browser's name counts only where nothing
 * follows that says more, and a name without its version only where the same name does not follow
 * with it: "1.1 squid (squid/5.7)".
 */
static bool find(struct aw_span value, enum aw_text text, unsigned roles, bool mute,
                 struct aw_agent_seen *out)
{
    struct aw_agent_seen best = {.agent = NULL};
    unsigned words = 0;
    for (size_t at = 0; at < value.len && words < WORDS_MAX; at++) {
        if (at != 0 && (alnum(value.p[at - 1]) || !alnum(value.p[at]))) continue;
        words++;
        struct aw_agent_seen seen;
        if (!find_at(value, at, text, roles, mute, &seen)) continue;
        if (best.agent == NULL || strcmp(best.agent->slug, "browser") == 0 ||
            (seen.versioned && strcmp(best.agent->slug, seen.agent->slug) == 0))
            best = seen;
        if (best.versioned && strcmp(best.agent->slug, "browser") != 0) break;
    }
    *out = best;
    return best.agent != NULL;
}

/* As find, where it need not have been asked before. */
static bool recall(struct aw_agent_memo *memo, struct aw_span value, enum aw_text text,
                   unsigned roles, bool mute, struct aw_agent_seen *out)
{
    /* Colliding strings cost what all would without a memo. */
    const uint64_t hash = XXH3_64bits_withSeed(value.p, value.len, (uint64_t)text << 8 | roles);
    struct aw_agent_found *f = &memo->found[hash % AW_AGENT_MEMO];
    if (f->value_len != value.len || f->text != text || f->roles != roles || f->mute != mute ||
        memcmp(f->value, value.p, value.len) != 0) {
        struct aw_agent_seen seen;
        (void)find(value, text, roles, mute, &seen);
        *f = (struct aw_agent_found){.agent = seen.agent,
                                     .text = (uint8_t)text,
                                     .roles = (uint8_t)roles,
                                     .mute = mute,
                                     .versioned = seen.versioned,
                                     .value_len = (uint8_t)value.len};
        if (seen.agent) {
            f->at = (uint32_t)(seen.token.p - value.p);
            f->len = (uint32_t)seen.token.len;
        }
        memcpy(f->value, value.p, value.len);
    }
    if (!f->agent) return false;
    *out = (struct aw_agent_seen){.agent = f->agent,
                                  .text = text,
                                  .token = {value.p + f->at, f->len},
                                  .versioned = f->versioned};
    return true;
}

static struct aw_agent_seen find_in(struct aw_agent_memo *memo, const struct aw_exchange *x,
                                    const enum aw_text texts[], size_t count, unsigned roles)
{
    struct aw_agent_seen seen = {.agent = NULL};
    const bool mute = x->text[AW_TEXT_USER_AGENT].len == 0;
    for (size_t i = 0; i < count; i++) {
        const struct aw_span value = x->text[texts[i]];
        if (value.len == 0) continue;
        if (memo && value.len <= AW_AGENT_MEMO_TEXT
                ? recall(memo, value, texts[i], roles, mute, &seen)
                : find(value, texts[i], roles, mute, &seen))
            break;
    }
    return seen;
}

#define FIND_IN(memo, x, texts, roles)                                                             \
    find_in(memo, x, texts, sizeof(texts) / sizeof *(texts), roles)

struct aw_agent_seen aw_agent_client(struct aw_agent_memo *memo, const struct aw_exchange *x)
{
    static const enum aw_text texts[] = {AW_TEXT_USER_AGENT, AW_TEXT_REQ_HINT};
    return FIND_IN(memo, x, texts, CLIENTS);
}

struct aw_agent_seen aw_agent_server(struct aw_agent_memo *memo, const struct aw_exchange *x)
{
    static const enum aw_text texts[] = {AW_TEXT_SERVER, AW_TEXT_RES_HINT, AW_TEXT_REASON,
                                         AW_TEXT_ERROR_BODY};
    return FIND_IN(memo, x, texts, SERVERS);
}

/* What names one product comes before Via, which may list several, and says varnish of Fastly. */
struct aw_agent_seen aw_agent_between(struct aw_agent_memo *memo, const struct aw_exchange *x)
{
    static const enum aw_text texts[] = {AW_TEXT_SERVER,    AW_TEXT_REASON,        AW_TEXT_RES_HINT,
                                         AW_TEXT_VIA,       AW_TEXT_X_SQUID_ERROR, AW_TEXT_X_CACHE,
                                         AW_TEXT_ERROR_BODY};
    return FIND_IN(memo, x, texts, BETWEEN);
}

struct aw_agent_seen aw_agent_forwarder(struct aw_agent_memo *memo, const struct aw_exchange *x)
{
    static const enum aw_text texts[] = {AW_TEXT_REQ_VIA};
    return FIND_IN(memo, x, texts, BETWEEN);
}

/* --- names for groups --- */

/* The first product of a User-Agent or Server value: "x/1" of "x/1 (y)". */
static struct aw_span first_product(struct aw_span s)
{
    size_t begin = 0;
    while (begin < s.len && (s.p[begin] == ' ' || s.p[begin] == '\t' || s.p[begin] == ','))
        begin++;
    size_t end = begin;
    while (end < s.len && s.p[end] != ' ' && s.p[end] != '\t' && s.p[end] != ',')
        end++;
    return (struct aw_span){.p = s.p ? s.p + begin : NULL, .len = end - begin};
}

struct aw_span aw_agent_product(struct aw_agent_memo *memo, const struct aw_exchange *x,
                                enum aw_dir side)
{
    const enum aw_text text = side == AW_C2S ? AW_TEXT_USER_AGENT : AW_TEXT_SERVER;
    struct aw_agent_seen seen =
        side == AW_C2S ? aw_agent_client(memo, x) : aw_agent_server(memo, x);
    if (side == AW_S2C && seen.agent == NULL) seen = aw_agent_between(memo, x);
    if (seen.agent == NULL || (seen.text != text && x->text[text].len != 0))
        return first_product(x->text[text]);
    if (seen.text == text && seen.versioned) return seen.token;
    return (struct aw_span){(const uint8_t *)seen.agent->name, strlen(seen.agent->name)};
}

/* --- timers --- */

bool aw_agent_waits(const struct aw_agent *a, aw_ns wait)
{
    return a->timer > 0 && wait >= a->timer - a->timer / 20 && wait <= a->timer + a->timer / 20;
}

static bool timer_fits(const struct aw_agent *a, aw_ns wait)
{
    return (a->does & AW_DOES_TYPICAL) && aw_agent_waits(a, wait);
}

bool aw_agent_timer(aw_ns wait, char *out, size_t cap)
{
    size_t used = 0;
    unsigned left = 0, named = 0;
    for (size_t i = 0; i < AGENTS; i++)
        left += timer_fits(&agents[i], wait);
    out[0] = '\0';
    for (size_t i = 0; i < AGENTS && left; i++) {
        if (!timer_fits(&agents[i], wait)) continue;
        left--;
        const int n = snprintf(out + used, cap - used, "%s%s",
                               named == 0  ? ""
                               : left == 0 ? " and "
                                           : ", ",
                               agents[i].name);
        if (n < 0 || (size_t)n >= cap - used) {
            out[used] = '\0';
            break;
        }
        used += (size_t)n;
        named++;
    }
    return named != 0;
}

const struct aw_agent *aw_agent_by_timer(aw_ns wait)
{
    const struct aw_agent *only = NULL;
    for (size_t i = 0; i < AGENTS; i++) {
        if (!timer_fits(&agents[i], wait)) continue;
        if (only) return NULL;
        only = &agents[i];
    }
    return only;
}

/* --- words for what they do --- */

const char *aw_does_text(unsigned bit)
{
    static const char *const texts[] = {
        "adds Expect by itself",
        "adds Expect by itself above a size, or where the size is not known",
        "sends the content at once: it does not wait for the 100",
        "waits for the 100 without a limit of its own",
        "after a 417 repeats the request without Expect",
        "writes the value as 100-Continue",
        "", /* AW_DOES_TYPICAL is for lookups alone */
        "names itself in no User-Agent unless the program sets one",
        "sends the 100 before the application sees the request",
        "sends the 100 when the content is first read",
        "never sends a 100",
        "answers 417 to 100-continue",
        "answers 417 to any other expectation",
        "compares the value by letter case",
        "its 100 is not as the standard wants it",
        "passes Expect on to the server behind it, and its 100 back",
        "answers 100 itself",
        "can let two 100 reach the client",
        "gives the 100 on only after the content has come",
    };
    _Static_assert(1u << (sizeof texts / sizeof *texts - 1) == AW_DOES_HOLD, "a text for each bit");
    return bit < sizeof texts / sizeof *texts ? texts[bit] : NULL;
}
