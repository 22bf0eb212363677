/*
 * The table of formats, and what they have in common.
 */
#include "sink/report.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct aw_format *const aw_formats[] = {
    &aw_format_text, &aw_format_json, &aw_format_ndjson, &aw_format_csv,
    &aw_format_html, &aw_format_md,   &aw_format_har,    NULL,
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
        if (!p) {
            s->lost = true;
            return aw_span_of("", 0); /* never the bare secret */
        }
        s->p = p;
        s->size = need;
    }
    return aw_mask_target(target, s->p, s->size);
}

struct aw_times aw_times_of(const struct aw_run *run, const struct aw_exchange *x)
{
    const struct aw_mark *begin = &x->at[AW_AT_REQ_FIRST], *head = &x->at[AW_AT_HEAD];
    return (struct aw_times){
        .head = aw_between(begin, head),
        .body = aw_between(begin, &x->at[AW_AT_BODY]),
        .body_end = aw_between(begin, aw_exchange_content_end(x)),
        .final = aw_between(begin, &x->at[AW_AT_FINAL]),
        .total = aw_between(begin, aw_exchange_end(x)),
        .cont = aw_between(head, aw_exchange_continued(x)),
        .wait = aw_exchange_wait(x, run->config->threshold),
    };
}

const char *aw_text_field(enum aw_text which, enum aw_dir *dir)
{
    static const struct {
        const char *name;
        enum aw_dir dir;
    } field[AW_TEXT_COUNT] = {
        [AW_TEXT_HOST] = {"Host", AW_C2S},
        [AW_TEXT_USER_AGENT] = {"User-Agent", AW_C2S},
        [AW_TEXT_EXPECT] = {"Expect", AW_C2S},
        [AW_TEXT_REQ_VIA] = {"Via", AW_C2S},
        [AW_TEXT_XFF] = {"X-Forwarded-For", AW_C2S},
        [AW_TEXT_FORWARDED] = {"Forwarded", AW_C2S},
        [AW_TEXT_SERVER] = {"Server", AW_S2C},
        [AW_TEXT_VIA] = {"Via", AW_S2C},
        [AW_TEXT_LOCATION] = {"Location", AW_S2C},
        [AW_TEXT_RETRY_AFTER] = {"Retry-After", AW_S2C},
        [AW_TEXT_X_SQUID_ERROR] = {"X-Squid-Error", AW_S2C},
        [AW_TEXT_X_CACHE] = {"X-Cache", AW_S2C},
    };
    *dir = field[which].dir;
    return field[which].name;
}

const char *aw_end_text(char to[AW_END_TEXT], const struct aw_conn_facts *c, enum aw_dir side)
{
    char addr[AW_ADDR_TEXT];
    (void)aw_addr_text(addr, &c->addr[side]);
    (void)snprintf(to, AW_END_TEXT, c->addr[side].v6 ? "[%s]:%u" : "%s:%u", addr,
                   (unsigned)c->port[side]);
    return to;
}
