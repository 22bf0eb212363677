/*
 * Recognising products (agents.h).
 */
#include "diagnose/agents.h"

#include <string.h>

static const struct aw_agent agents[] = {
#define AW_AGENT(role, name, mark, anywhere, from, below, timer, fix, source)                      \
    {AW_AGENT_##role, name, mark, anywhere, from, below, timer, fix},
#include "diagnose/agents.def"
#undef AW_AGENT
};
enum { AGENTS = sizeof agents / sizeof *agents };

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

static bool begins(struct aw_span v, const char *mark, size_t len)
{
    if (v.len < len) return false;
    for (size_t i = 0; i < len; i++)
        if (lower(v.p[i]) != lower((uint8_t)mark[i])) return false;
    return true;
}

/* Where in v the mark begins; v.len where it does not occur. */
static size_t find(struct aw_span v, const char *mark, bool anywhere)
{
    const size_t len = strlen(mark);
    const size_t last = anywhere && v.len > len ? v.len - len : 0;
    for (size_t i = 0; i <= last; i++)
        if (begins((struct aw_span){v.p + i, v.len - i}, mark, len)) return i;
    return v.len;
}

/* The version in the product token that begins v: what stands behind its first slash. */
static bool version_of(struct aw_span v, uint32_t *out)
{
    size_t i = 0;
    while (i < v.len && v.p[i] != '/' && v.p[i] != ' ')
        i++;
    if (i == v.len || v.p[i] != '/') return false;
    uint32_t part[3] = {0, 0, 0};
    unsigned n = 0;
    bool digit = false;
    for (i++; i < v.len && n < 3; i++) {
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
    *out = AW_VERSION(part[0], part[1], part[2]);
    return digit;
}

const struct aw_agent *aw_agent_find(enum aw_agent_role role, struct aw_span value)
{
    if (value.p == NULL || value.len == 0) return NULL;
    for (unsigned i = 0; i < AGENTS; i++) {
        const struct aw_agent *a = &agents[i];
        if ((role == AW_AGENT_CLIENT) != (a->role == AW_AGENT_CLIENT)) continue;
        if (role == AW_AGENT_PROXY && a->role != AW_AGENT_PROXY) continue;
        const size_t at = find(value, a->mark, a->anywhere);
        if (at == value.len) continue;
        if (a->from == 0 && a->below == 0) return a;
        uint32_t version;
        if (!version_of((struct aw_span){value.p + at, value.len - at}, &version)) continue;
        if (version >= a->from && (a->below == 0 || version < a->below)) return a;
    }
    return NULL;
}

const char *aw_agent_timer(aw_ns wait)
{
    static const struct {
        aw_ns timer;
        const char *who;
    } timers[] = {
        {350 * AW_MS, ".NET Framework"},
        {1000 * AW_MS, "curl, .NET, Go and botocore"},
        {2000 * AW_MS, "LWP"},
        {3000 * AW_MS, "Apache HttpClient"},
        {5000 * AW_MS, "HttpURLConnection"},
        {6000 * AW_MS, "the AWS SDK for JavaScript"},
        {10000 * AW_MS, "OkHttp"},
    };
    for (unsigned i = 0; i < sizeof timers / sizeof *timers; i++)
        if (wait >= timers[i].timer - timers[i].timer / 20 &&
            wait <= timers[i].timer + timers[i].timer / 20)
            return timers[i].who;
    return NULL;
}
