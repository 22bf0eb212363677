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

/* Link types for which an expression is compiled before any packet has been seen. */
static const uint16_t common[] = {1, 113, 276, 101, 0, 108, 127, 105, 9, 104, 228, 229};
enum { COMMON = sizeof common / sizeof *common };

struct aw_filter {
    char *expression;              /* owned */
    struct program common[COMMON]; /* never changed, so that copies can be made meanwhile */
    struct program *more;          /* owned: of rarer types, as they show up */
    size_t more_count;
    struct program *last; /* used last; captures rarely have two types */
    uint64_t unfit;
    char why[WORDS]; /* why the expression did not compile for some link type */
};

/* False: no memory. Whether the expression makes sense for the link type is p->usable. */
static bool compile(struct aw_filter *f, struct program *p, uint16_t linktype)
{
    *p = (struct program){.linktype = linktype};
    pcap_t *dead = pcap_open_dead(aw_linktype_dlt(linktype), SNAPLEN);
    if (!dead) return false;
    p->usable = pcap_compile(dead, &p->code, f->expression, 1, PCAP_NETMASK_UNKNOWN) == 0;
    if (!p->usable) snprintf(f->why, sizeof f->why, "%s", pcap_geterr(dead));
    pcap_close(dead);
    return true;
}

/* The program for a link type, compiled if it is new; NULL: no memory. */
static struct program *program_for(struct aw_filter *f, uint16_t linktype)
{
    for (size_t i = 0; i < COMMON; i++)
        if (common[i] == linktype) return &f->common[i];
    for (size_t i = 0; i < f->more_count; i++)
        if (f->more[i].linktype == linktype) return &f->more[i];
    struct program *grown = realloc(f->more, (f->more_count + 1) * sizeof *grown);
    if (!grown) return NULL;
    f->more = grown;
    struct program *p = &f->more[f->more_count];
    if (!compile(f, p, linktype)) return NULL;
    f->more_count++;
    return p;
}

static struct aw_filter *make(const char *expression)
{
    struct aw_filter *f = calloc(1, sizeof *f);
    if (f) f->expression = strdup(expression);
    if (f && f->expression) return f;
    free(f);
    return NULL;
}

struct aw_filter *aw_filter_new(const char *expression, char *err, size_t err_size)
{
    struct aw_filter *f = make(expression);
    if (!f) {
        snprintf(err, err_size, "out of memory");
        return NULL;
    }
    /* All of them now: names of ports and hosts are looked up in files that the sandbox closes. */
    bool usable = false;
    for (size_t i = 0; i < COMMON; i++) {
        struct program *p = &f->common[i];
        if (!compile(f, p, common[i])) {
            /* Else packets of that link type would be left out without a word. */
            snprintf(err, err_size, "out of memory");
            usable = false;
            break;
        }
        usable = usable || p->usable;
        if (i == 0) snprintf(err, err_size, "%s", f->why);
    }
    if (usable) return f;
    aw_filter_free(f);
    return NULL;
}

struct aw_filter *aw_filter_copy(const struct aw_filter *first)
{
    struct aw_filter *f = make(first->expression);
    for (size_t i = 0; f && i < COMMON; i++) {
        const struct program *from = &first->common[i];
        struct program *p = &f->common[i];
        *p = (struct program){.linktype = from->linktype};
        if (!from->usable) continue;
        const size_t n = from->code.bf_len;
        p->code.bf_insns = calloc(n, sizeof *p->code.bf_insns); /* pcap_freecode frees it */
        if (!p->code.bf_insns) {
            aw_filter_free(f);
            return NULL;
        }
        memcpy(p->code.bf_insns, from->code.bf_insns, n * sizeof *p->code.bf_insns);
        p->code.bf_len = from->code.bf_len;
        p->usable = true;
    }
    return f;
}

void aw_filter_free(struct aw_filter *f)
{
    if (!f) return;
    for (size_t i = 0; i < COMMON; i++)
        if (f->common[i].usable) pcap_freecode(&f->common[i].code);
    for (size_t i = 0; i < f->more_count; i++)
        if (f->more[i].usable) pcap_freecode(&f->more[i].code);
    free(f->more);
    free(f->expression);
    free(f);
}

bool aw_filter_match(struct aw_filter *f, const struct aw_packet *pkt)
{
    struct program *p = f->last;
    if (!p || p->linktype != pkt->linktype) p = f->last = program_for(f, pkt->linktype);
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
