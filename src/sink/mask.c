/* Heads without their secrets; see mask.h. */
#include "sink/mask.h"

#include <sha2.h>
#include <string.h>
#include <strings.h>

/* --- masks --- */

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

/* Overwrites with stars, or letters and digits that depend on the key and the bytes. */
static void mask(const struct aw_masker *m, uint8_t *p, size_t len)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    uint8_t digest[SHA256_DIGEST_LENGTH];
    SHA2_CTX ctx;
    if (len == 0) return;
    if (m->stars) {
        memset(p, '*', len);
        return;
    }
    SHA256Init(&ctx);
    SHA256Update(&ctx, m->key, sizeof m->key);
    SHA256Update(&ctx, p, len);
    SHA256Final(digest, &ctx);
    for (size_t i = 0; i < len; i++)
        p[i] = (uint8_t)letters[digest[i % sizeof digest] % (sizeof letters - 1)];
}

/* --- targets --- */

static size_t find(const uint8_t *p, size_t from, size_t to, char c)
{
    const uint8_t *at = from < to ? memchr(p + from, c, to - from) : NULL;
    return at ? (size_t)(at - p) : to;
}

/* "a=b&c": the values; what has no "=" is one. */
static void mask_query(const struct aw_masker *m, uint8_t *p, size_t at, size_t end)
{
    while (at < end) {
        size_t stop = at;
        while (stop < end && p[stop] != '&' && p[stop] != ';')
            stop++;
        const size_t equals = find(p, at, stop, '=');
        const size_t value = equals < stop ? equals + 1 : at;
        mask(m, p + value, stop - value);
        at = stop + 1;
    }
}

static void mask_authority(const struct aw_masker *m, uint8_t *p, size_t at, size_t end)
{
    const uint8_t *sign = at < end ? memrchr(p + at, '@', end - at) : NULL;
    if (sign) {
        mask(m, p + at, (size_t)(sign - p) - at);
        at = (size_t)(sign - p) + 1;
    }
    if (!m->hosts) return;
    const uint8_t *colon = at < end ? memrchr(p + at, ':', end - at) : NULL;
    if (colon && p[end - 1] != ']') end = (size_t)(colon - p); /* the port stays */
    mask(m, p + at, end - at);
}

/* `authority`: of a CONNECT, the target is nothing else. */
static void mask_target(const struct aw_masker *m, uint8_t *p, size_t len, bool authority)
{
    size_t at = 0;
    const uint8_t *scheme = len ? memmem(p, find(p, 0, len, '?'), "://", 3) : NULL;
    if (scheme) at = (size_t)(scheme - p) + 3;
    if (scheme || authority) {
        size_t end = at;
        while (end < len && p[end] != '/' && p[end] != '?' && p[end] != '#')
            end++;
        mask_authority(m, p, at, end);
        at = end;
    }
    const size_t fragment = find(p, at, len, '#');
    const size_t query = find(p, at, fragment, '?');
    if (query < fragment) mask_query(m, p, query + 1, fragment);
    if (fragment < len) mask(m, p + fragment + 1, len - fragment - 1);
}

/* --- fields --- */

enum keep {
    KEEP_NOTHING,
    KEEP_ALL,
    KEEP_URL,    /* but its query and userinfo */
    KEEP_SCHEME, /* the first word, where another follows */
    KEEP_HOST,   /* unless hosts are masked */
};

/* By name, letter case aside. What an analyzer reads, and what tells nothing of anybody. */
static enum keep keep_of(const uint8_t *name, size_t len)
{
    static const struct {
        const char *name;
        enum keep keep;
    } fields[] = {
        {"expect", KEEP_ALL},
        {"content-length", KEEP_ALL},
        {"transfer-encoding", KEEP_ALL},
        {"connection", KEEP_ALL},
        {"proxy-connection", KEEP_ALL},
        {"keep-alive", KEEP_ALL},
        {"te", KEEP_ALL},
        {"trailer", KEEP_ALL},
        {"upgrade", KEEP_ALL},
        {"user-agent", KEEP_ALL},
        {"server", KEEP_ALL},
        {"via", KEEP_HOST},
        {"host", KEEP_HOST},
        {"x-forwarded-for", KEEP_HOST},
        {"forwarded", KEEP_HOST},
        {"x-forwarded-host", KEEP_HOST},
        {"x-real-ip", KEEP_HOST},
        {"x-cache", KEEP_HOST},
        {"x-cache-lookup", KEEP_HOST},
        {"x-forwarded-proto", KEEP_ALL},
        {"x-squid-error", KEEP_ALL},
        {"x-powered-by", KEEP_ALL},
        {"x-aspnet-version", KEEP_ALL},
        {"age", KEEP_ALL},
        {"date", KEEP_ALL},
        {"retry-after", KEEP_ALL},
        {"location", KEEP_URL},
        {"content-location", KEEP_URL},
        {"accept", KEEP_ALL},
        {"accept-encoding", KEEP_ALL},
        {"accept-ranges", KEEP_ALL},
        {"allow", KEEP_ALL},
        {"cache-control", KEEP_ALL},
        {"content-encoding", KEEP_ALL},
        {"content-type", KEEP_ALL},
        {"vary", KEEP_ALL},
        {"max-forwards", KEEP_ALL},
        {"authorization", KEEP_SCHEME},
        {"proxy-authorization", KEEP_SCHEME},
        {"www-authenticate", KEEP_SCHEME},
        {"proxy-authenticate", KEEP_SCHEME},
    };
    /* Odd spellings, as "Expect " or "Expect\v", are what some verdicts are about. */
    while (len > 0 && (name[len - 1] <= ' ' || name[len - 1] >= 0x7f))
        len--;
    while (len > 0 && (*name <= ' ' || *name >= 0x7f)) {
        name++;
        len--;
    }
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (strlen(fields[i].name) == len &&
            strncasecmp((const char *)name, fields[i].name, len) == 0)
            return fields[i].keep;
    return KEEP_NOTHING;
}

static void mask_value(const struct aw_masker *m, uint8_t *p, size_t len, enum keep keep)
{
    while (len > 0 && is_blank(*p)) {
        p++;
        len--;
    }
    while (len > 0 && (is_blank(p[len - 1]) || p[len - 1] == '\r'))
        len--;
    size_t word = 0;
    switch (keep) {
    case KEEP_ALL:
        return;
    case KEEP_URL:
        mask_target(m, p, len, false);
        return;
    case KEEP_SCHEME:
        while (word < len && !is_blank(p[word]))
            word++;
        if (word < len) word++; /* else one word: it may be the secret itself */
        mask(m, p + (word < len ? word : 0), len - (word < len ? word : 0));
        return;
    case KEEP_HOST:
        if (m->hosts) mask(m, p, len);
        return;
    case KEEP_NOTHING:
        break;
    }
    mask(m, p, len);
}

/* A line of fields without its LF; `keep`: of the field before, for a folded line. */
static enum keep mask_line(const struct aw_masker *m, uint8_t *p, size_t len, enum keep keep)
{
    const size_t colon = find(p, 0, len, ':');
    if (len > 0 && is_blank(p[0])) {
        if (keep != KEEP_ALL) keep = KEEP_NOTHING;
        mask_value(m, p, len, keep);
        return keep;
    }
    if (colon == len) { /* no field */
        mask_value(m, p, len, KEEP_NOTHING);
        return KEEP_NOTHING;
    }
    keep = keep_of(p, colon);
    mask_value(m, p + colon + 1, len - colon - 1, keep);
    return keep;
}

/* A request's first line; a response's has nothing to hide. */
static void mask_first(const struct aw_masker *m, uint8_t *p, size_t len)
{
    if (len >= 5 && memcmp(p, "HTTP/", 5) == 0) return;
    size_t from = find(p, 0, len, ' '), to = len;
    const bool connect = from == 7 && memcmp(p, "CONNECT", 7) == 0;
    while (from < len && p[from] == ' ')
        from++;
    const uint8_t *last = from < len ? memrchr(p + from, ' ', len - from) : NULL;
    if (last) to = (size_t)(last - p); /* blanks in the middle are part of a bad target */
    if (from < to) mask_target(m, p + from, to - from, connect);
}

void aw_mask_head(const struct aw_masker *m, uint8_t *head, size_t len)
{
    bool first = true;
    enum keep keep = KEEP_NOTHING;
    for (size_t at = 0; at < len;) {
        const size_t end = find(head, at, len, '\n');
        const size_t text = end > at && head[end - 1] == '\r' ? end - 1 : end;
        if (first && text == at) { /* empty lines before a request */
        } else if (first) {
            mask_first(m, head + at, text - at);
            first = false;
        } else {
            keep = mask_line(m, head + at, text - at, keep);
        }
        at = end + 1;
    }
}
