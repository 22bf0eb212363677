/*
 * BPF filters. A filter is compiled for the common link types at once, for others when the first
 * packet of that type shows up; an expression that makes sense for one link type need not for
 * another, and then its packets do not match.
 */
#include "source/source.h"

#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "source/linktype.h"

enum { SNAPLEN = 262144, WORDS = 256 };

struct program {
    uint16_t linktype;
    bool usable;
    struct bpf_program code; /* owned where usable */
};

struct aw_filter {
    char *expression; /* owned */
    struct program *programs;
    size_t count, last; /* last: the one used last; captures rarely have two */
    uint64_t unfit;
    char why[WORDS]; /* why the expression did not compile for some link type */
};

/* Link types for which an expression is compiled before any packet has been seen. */
static const uint16_t common[] = {1, 113, 276, 101, 0, 108, 127, 105, 9, 104, 228, 229};

static bool compile(const char *expression, uint16_t linktype, struct bpf_program *code, char *why,
                    size_t why_size)
{
    pcap_t *dead = pcap_open_dead(aw_linktype_dlt(linktype), SNAPLEN);
    if (!dead) {
        snprintf(why, why_size, "out of memory");
        return false;
    }
    const bool good = pcap_compile(dead, code, expression, 1, PCAP_NETMASK_UNKNOWN) == 0;
    if (!good) snprintf(why, why_size, "%s", pcap_geterr(dead));
    pcap_close(dead);
    return good;
}

/* The program for a link type, compiled if it is new; NULL: no memory. */
static struct program *program_for(struct aw_filter *f, uint16_t linktype)
{
    for (size_t i = 0; i < f->count; i++)
        if (f->programs[i].linktype == linktype) {
            f->last = i;
            return &f->programs[i];
        }
    struct program *grown = realloc(f->programs, (f->count + 1) * sizeof *grown);
    if (!grown) return NULL;
    f->programs = grown;
    f->last = f->count++;
    struct program *p = &f->programs[f->last];
    *p = (struct program){.linktype = linktype};
    p->usable = compile(f->expression, linktype, &p->code, f->why, sizeof f->why);
    return p;
}

struct aw_filter *aw_filter_new(const char *expression, char *err, size_t err_size)
{
    struct aw_filter *f = calloc(1, sizeof *f);
    if (f) f->expression = strdup(expression);
    if (!f || !f->expression) {
        aw_filter_free(f);
        snprintf(err, err_size, "out of memory");
        return NULL;
    }
    /* All of them now: names of ports and hosts are looked up in files that the sandbox closes. */
    bool usable = false;
    for (size_t i = 0; i < sizeof common / sizeof *common; i++) {
        const struct program *p = program_for(f, common[i]);
        usable = usable || (p && p->usable);
        if (i == 0) snprintf(err, err_size, "%s", p ? f->why : "out of memory");
    }
    if (usable) return f;
    aw_filter_free(f);
    return NULL;
}

void aw_filter_free(struct aw_filter *f)
{
    if (!f) return;
    for (size_t i = 0; i < f->count; i++)
        if (f->programs[i].usable) pcap_freecode(&f->programs[i].code);
    free(f->programs);
    free(f->expression);
    free(f);
}

bool aw_filter_match(struct aw_filter *f, const struct aw_packet *pkt)
{
    struct program *p = f->count > 0 ? &f->programs[f->last] : NULL;
    if (!p || p->linktype != pkt->linktype) p = program_for(f, pkt->linktype);
    if (!p || !p->usable) {
        f->unfit++;
        return false;
    }
    const struct pcap_pkthdr h = {.caplen = pkt->cap_len, .len = pkt->wire_len};
    return pcap_offline_filter(&p->code, &h, pkt->data) != 0;
}

uint64_t aw_filter_unfit(const struct aw_filter *f, const char **why)
{
    if (why) *why = f->unfit > 0 ? f->why : NULL;
    return f->unfit;
}
