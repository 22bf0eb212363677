/*
 * Clients, servers and proxies known by name: how they are recognised and what to set. One table,
 * agents.def; every row names its source there. Knows products, not cases.
 */
#ifndef AW_DIAGNOSE_AGENTS_H
#define AW_DIAGNOSE_AGENTS_H

#include "await100/types.h"

enum aw_agent_role {
    AW_AGENT_CLIENT,
    AW_AGENT_SERVER,
    AW_AGENT_PROXY, /* a product that only ever stands between: it is no origin */
};

struct aw_agent {
    enum aw_agent_role role;
    const char *name;
    const char *mark;     /* what the field's value holds, without regard to letter case */
    bool anywhere;        /* anywhere in the value, else at its start */
    uint32_t from, below; /* versions, as aw_version makes them: from <= v < below; 0 = open */
    aw_ns timer;          /* how long such a client waits for a 100, 0 = unknown or for ever */
    const char *fix;      /* the setting that helps */
};

/* Versions as numbers that compare: up to three parts of 0 to 1023. */
#define AW_VERSION(a, b, c) ((uint32_t)(a) << 20 | (uint32_t)(b) << 10 | (uint32_t)(c))

/* The row of `role` (SERVER finds proxies as well) whose mark and version fit the value of
 * User-Agent, Server or Via; NULL where there is none, or the value is absent. */
const struct aw_agent *aw_agent_find(enum aw_agent_role role, struct aw_span value);

/* A client whose timer explains a wait of this length, within 5 %; NULL where none does. */
const char *aw_agent_timer(aw_ns wait);

#endif
