/*
 * Names: of causes, severities, parties and the like, as they stand in records. Knows the tables
 * and nothing else; what a cause means in a given case is the business of rules.c.
 */
#include "await100/record.h"

struct cause_name {
    const char *slug, *title, *meaning;
};

static const struct cause_name causes[] = {
#define AW_CAUSE(id, slug, sev, title, meaning) [AW_CAUSE_##id] = {slug, title, meaning},
#include "await100/causes.def"
#undef AW_CAUSE
};
_Static_assert(sizeof causes / sizeof *causes == AW_CAUSE_COUNT, "a name for each cause");
_Static_assert(AW_CAUSE_COUNT <= 64, "aw_verdict.also has a bit for each cause");

static const char *const severities[] = {
    [AW_SEV_OK] = "ok",           [AW_SEV_INFO] = "info",   [AW_SEV_UNKNOWN] = "unknown",
    [AW_SEV_WARNING] = "warning", [AW_SEV_ERROR] = "error",
};
_Static_assert(sizeof severities / sizeof *severities == AW_SEV_COUNT, "a name for each severity");

static const char *const parties[] = {
    [AW_PARTY_NONE] = "none",       [AW_PARTY_CLIENT] = "client",
    [AW_PARTY_SERVER] = "server",   [AW_PARTY_INTERMEDIARY] = "intermediary",
    [AW_PARTY_NETWORK] = "network", [AW_PARTY_CAPTURE] = "capture",
};
_Static_assert(sizeof parties / sizeof *parties == AW_PARTY_COUNT, "a name for each party");

static const char *const confidences[] = {
    [AW_CONF_LOW] = "low",
    [AW_CONF_MEDIUM] = "medium",
    [AW_CONF_HIGH] = "high",
};
_Static_assert(sizeof confidences / sizeof *confidences == AW_CONF_COUNT, "a name for each");

/* The enums come from callers, who may hold what a cast gave them: out of range is no crash. */
static const struct cause_name *cause_name(enum aw_cause cause)
{
    static const struct cause_name none = {"", "", ""};
    return (unsigned)cause < AW_CAUSE_COUNT ? &causes[cause] : &none;
}

const char *aw_cause_slug(enum aw_cause cause)
{
    return cause_name(cause)->slug;
}

const char *aw_cause_title(enum aw_cause cause)
{
    return cause_name(cause)->title;
}

const char *aw_cause_meaning(enum aw_cause cause)
{
    return cause_name(cause)->meaning;
}

const char *aw_severity_name(enum aw_severity s)
{
    return (unsigned)s < AW_SEV_COUNT ? severities[s] : "";
}

const char *aw_party_name(enum aw_party p)
{
    return (unsigned)p < AW_PARTY_COUNT ? parties[p] : "";
}

const char *aw_confidence_name(enum aw_confidence c)
{
    return (unsigned)c < AW_CONF_COUNT ? confidences[c] : "";
}

const char *aw_vantage_name(enum aw_vantage v)
{
    switch (v) {
    case AW_VANTAGE_UNKNOWN:
        return "unknown";
    case AW_VANTAGE_CLIENT:
        return "client";
    case AW_VANTAGE_SERVER:
        return "server";
    case AW_VANTAGE_MIDDLE:
        return "middle";
    }
    return "";
}

const char *aw_unseen_name(enum aw_unseen u)
{
    switch (u) {
    case AW_UNSEEN_NONE:
        return "none";
    case AW_UNSEEN_MIDSTREAM:
        return "the capture began after the request";
    case AW_UNSEEN_HOLE:
        return "the request lay in a hole";
    case AW_UNSEEN_ONE_SIDED:
        return "the client's direction was not captured";
    case AW_UNSEEN_NO_REQUEST:
        return "no request was outstanding";
    case AW_UNSEEN_UNPARSED:
        return "the client's bytes were no HTTP request";
    case AW_UNSEEN_CUT:
        return "the snap length cut the request";
    case AW_UNSEEN_LATE:
        return "its exchange had been let go before";
    }
    return "";
}

/* A packet's time is this much in doubt where it changes places with its neighbour; a round trip
 * has two of them. */
#define VANTAGE_DOUBT (20 * AW_US)

enum aw_vantage aw_conn_vantage(const struct aw_conn_facts *c)
{
    if (c->rtt_c == AW_NS_NONE || c->rtt_s == AW_NS_NONE) return AW_VANTAGE_UNKNOWN;
    const aw_ns near = c->rtt_c < c->rtt_s ? c->rtt_c : c->rtt_s;
    const aw_ns far = c->rtt_c < c->rtt_s ? c->rtt_s : c->rtt_c;
    if (near >= far / 10) return AW_VANTAGE_MIDDLE;
    /* Both sides are so close that the order of two neighbours in the capture would turn it. */
    if (near + VANTAGE_DOUBT >= (far - VANTAGE_DOUBT) / 10) return AW_VANTAGE_UNKNOWN;
    return near == c->rtt_c ? AW_VANTAGE_CLIENT : AW_VANTAGE_SERVER;
}
