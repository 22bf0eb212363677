/*
 * The table of formats, and what they have in common.
 */
#include "sink/report.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

const struct aw_format *const aw_formats[] = {
    &aw_format_text,
    &aw_format_json,
    &aw_format_ndjson,
    NULL,
};

const struct aw_format *aw_format_find(const char *name)
{
    for (size_t i = 0; aw_formats[i]; i++)
        if (strcmp(aw_formats[i]->name, name) == 0) return aw_formats[i];
    return NULL;
}

size_t aw_addr_text(char to[AW_ADDR_TEXT], const struct aw_addr *a)
{
    if (a->v6) return inet_ntop(AF_INET6, a->b, to, AW_ADDR_TEXT) ? strlen(to) : 0;
    char *p = to; /* by hand: every record has two */
    for (unsigned i = 0; i < 4; i++) {
        const unsigned v = a->b[i];
        if (i > 0) *p++ = '.';
        if (v >= 100) *p++ = (char)('0' + v / 100);
        if (v >= 10) *p++ = (char)('0' + v / 10 % 10);
        *p++ = (char)('0' + v % 10);
    }
    *p = '\0';
    return (size_t)(p - to);
}

const char *aw_run_file(const struct aw_run *run, aw_ref ref)
{
    const uint16_t source = aw_ref_source(ref);
    return source < run->file_count ? run->files[source] : "";
}

struct aw_span aw_shown_target(const struct aw_run *run, struct aw_span target,
                               struct aw_scratch *s)
{
    if (run->show_secrets || target.len == 0) return target;
    const size_t need = 2 * target.len + 4;
    if (need > s->size) {
        char *p = realloc(s->p, need);
        if (!p) return aw_span_of("", 0); /* never the bare secret */
        s->p = p;
        s->size = need;
    }
    return aw_mask_target(target, s->p, s->size);
}
