/*
 * The strings of an exchange: which fields of a head are kept, cut to their caps, several lines of
 * one name joined, in the bytes behind the slot. Knows heads; nothing of time or TCP.
 */
#include "exchange/slot.h"

#include <string.h>

enum {
    TARGET_MAX = 8192,
    STRING_MAX = 1024,
    TEXT_MAX = 32768, /* all strings of an exchange */
    ERROR_BODY_MAX = 1024,
};

/* The strings that fields become. */
struct kept {
    enum aw_text text;
    const char *name; /* lower case, to find further lines; NULL = the first line is all */
};
static const struct kept request_kept[AW_FIELD_COUNT] = {
    [AW_FIELD_HOST] = {AW_TEXT_HOST, "host"},
    [AW_FIELD_USER_AGENT] = {AW_TEXT_USER_AGENT, "user-agent"},
    [AW_FIELD_EXPECT] = {AW_TEXT_EXPECT, "expect"},
    [AW_FIELD_VIA] = {AW_TEXT_REQ_VIA, "via"},
    [AW_FIELD_XFF] = {AW_TEXT_XFF, "x-forwarded-for"},
    [AW_FIELD_FORWARDED] = {AW_TEXT_FORWARDED, "forwarded"},
    [AW_FIELD_REQUEST_ID] = {AW_TEXT_REQUEST_ID, NULL},
};
static const struct kept response_kept[AW_FIELD_COUNT] = {
    [AW_FIELD_SERVER] = {AW_TEXT_SERVER, "server"},
    [AW_FIELD_VIA] = {AW_TEXT_VIA, "via"},
    [AW_FIELD_LOCATION] = {AW_TEXT_LOCATION, NULL},
    [AW_FIELD_RETRY_AFTER] = {AW_TEXT_RETRY_AFTER, NULL},
    [AW_FIELD_X_SQUID_ERROR] = {AW_TEXT_X_SQUID_ERROR, "x-squid-error"},
    [AW_FIELD_X_CACHE] = {AW_TEXT_X_CACHE, "x-cache"},
};
/* Which of them are named there, as bits of aw_head.has. */
enum {
    REQUEST_KEPT = 1 << AW_FIELD_HOST | 1 << AW_FIELD_USER_AGENT | 1 << AW_FIELD_EXPECT |
                   1 << AW_FIELD_VIA | 1 << AW_FIELD_XFF | 1 << AW_FIELD_FORWARDED |
                   1 << AW_FIELD_REQUEST_ID,
    RESPONSE_KEPT = 1 << AW_FIELD_SERVER | 1 << AW_FIELD_VIA | 1 << AW_FIELD_LOCATION |
                    1 << AW_FIELD_RETRY_AFTER | 1 << AW_FIELD_X_SQUID_ERROR | 1 << AW_FIELD_X_CACHE,
    INTERIM_KEPT = 1 << AW_FIELD_SERVER | 1 << AW_FIELD_VIA,
};

/* Takes the next field off a set of bits. */
static enum aw_field next_field(uint32_t *set)
{
    const unsigned at = (unsigned)__builtin_ctz(*set);
    *set &= *set - 1;
    return (enum aw_field)at;
}

/* --- field lines of one name --- */

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

static bool name_is(struct aw_span line, const char *name)
{
    size_t i = 0;
    for (; name[i]; i++) {
        if (i >= line.len) return false;
        const uint8_t c = line.p[i];
        if ((c >= 'A' && c <= 'Z' ? c | 0x20 : c) != (uint8_t)name[i]) return false;
    }
    while (i < line.len && is_blank(line.p[i]))
        i++;
    return i < line.len && line.p[i] == ':';
}

/* The next line of `rest` with the continuation lines that obs-fold hangs on it, without its end.
 */
static struct aw_span next_line(struct aw_span *rest)
{
    const uint8_t *const p = rest->p;
    size_t end = 0, next = 0;
    do {
        const uint8_t *nl = memchr(p + next, '\n', rest->len - next);
        end = nl ? (size_t)(nl - p) : rest->len;
        next = nl ? end + 1 : rest->len;
    } while (next < rest->len && is_blank(p[next]));
    *rest = (struct aw_span){p + next, rest->len - next};
    if (end > 0 && p[end - 1] == '\r') end--;
    return (struct aw_span){p, end};
}

static struct aw_span value_of(struct aw_span line)
{
    const uint8_t *colon = memchr(line.p, ':', line.len);
    if (!colon) return (struct aw_span){line.p, 0};
    const uint8_t *p = colon + 1, *end = line.p + line.len;
    while (p < end && is_blank(*p))
        p++;
    while (end > p && is_blank(end[-1]))
        end--;
    return (struct aw_span){p, (size_t)(end - p)};
}

static size_t put(uint8_t *out, size_t used, size_t cap, struct aw_span s)
{
    const size_t n = s.len < cap - used ? s.len : cap - used;
    if (out && n > 0) memcpy(out + used, s.p, n);
    return used + n;
}

/* Every value of a name, joined by ", ", in at most `cap` bytes; out NULL: only the length. */
static size_t join(const struct aw_head *h, const char *name, uint8_t *out, size_t cap)
{
    struct aw_span rest = h->raw;
    size_t used = 0;
    bool any = false;
    (void)next_line(&rest); /* start line */
    while (rest.len > 0) {
        const struct aw_span line = next_line(&rest);
        if (line.len == 0) break;
        if (!name_is(line, name)) continue;
        if (any) used = put(out, used, cap, (struct aw_span){(const uint8_t *)", ", 2});
        used = put(out, used, cap, value_of(line));
        any = true;
    }
    return used;
}

/* --- strings behind a slot --- */

static uint8_t *base_of(struct aw_open *s)
{
    return (uint8_t *)(s + 1);
}

static size_t room_left(const struct aw_open *s)
{
    return s->size - sizeof *s - s->text_used;
}

static size_t cut_to(size_t len, size_t cap)
{
    return len < cap ? len : cap;
}

/* A string that does not fit is cut: that happens only at TEXT_MAX or without memory. */
static void add(struct aw_open *s, enum aw_text which, struct aw_span value, size_t cap)
{
    if (!value.p) return;
    uint8_t *at = base_of(s) + s->text_used;
    const size_t len = cut_to(value.len, cut_to(cap, room_left(s)));
    memcpy(at, value.p, len);
    s->ex.text[which] = (struct aw_span){at, len};
    s->text_used += len;
}

static void add_field(struct aw_open *s, const struct aw_head *h, enum aw_field field,
                      const struct kept *k)
{
    if (!k->name || !h->repeated[field]) {
        add(s, k->text, h->field[field], STRING_MAX);
        return;
    }
    uint8_t *at = base_of(s) + s->text_used;
    const size_t len = join(h, k->name, at, cut_to(STRING_MAX, room_left(s)));
    s->ex.text[k->text] = (struct aw_span){at, len};
    s->text_used += len;
}

static size_t fields_size(const struct aw_head *h, const struct kept *kept, uint32_t set)
{
    size_t sum = 0;
    for (set &= h->has; set != 0;) {
        const enum aw_field field = next_field(&set);
        const struct kept *k = &kept[field];
        if (k->name && h->repeated[field])
            sum += join(h, k->name, NULL, STRING_MAX);
        else
            sum += cut_to(h->field[field].len, STRING_MAX);
    }
    return sum;
}

size_t aw_request_text_size(const struct aw_head *h)
{
    return fields_size(h, request_kept, REQUEST_KEPT) + cut_to(h->method.len, STRING_MAX) +
           cut_to(h->target.len, TARGET_MAX) + cut_to(h->req_hint.len, STRING_MAX);
}

size_t aw_response_text_size(const struct aw_head *h)
{
    return fields_size(h, response_kept, RESPONSE_KEPT) + cut_to(h->reason.len, STRING_MAX) +
           cut_to(h->res_hint.len, STRING_MAX);
}

struct aw_open *aw_open_reserve(const struct aw_step *st, struct aw_open *s, size_t bytes)
{
    if (bytes <= room_left(s)) return s;
    const size_t text = cut_to(s->text_used + bytes, TEXT_MAX);
    if (sizeof *s + text <= s->size) return s;

    size_t at[AW_TEXT_COUNT];
    for (size_t i = 0; i < AW_TEXT_COUNT; i++)
        at[i] = s->ex.text[i].p ? (size_t)(s->ex.text[i].p - base_of(s)) : 0;
    struct aw_exchanges *xs = st->xs;
    struct aw_open *before = NULL;
    for (struct aw_open *i = xs->first; i != s; i = i->next)
        before = i;
    const size_t size = aw_pool_room(sizeof *s + text);
    struct aw_open *moved = aw_pool_resize(xs->room->pool, s, s->size, size);
    if (!moved) {
        xs->room->stats.no_memory++;
        return s;
    }
    moved->size = size;
    for (size_t i = 0; i < AW_TEXT_COUNT; i++)
        if (moved->ex.text[i].p) moved->ex.text[i].p = base_of(moved) + at[i];
    *(before ? &before->next : &xs->first) = moved;
    if (!moved->next) xs->last = moved;
    return moved;
}

void aw_add_request_text(struct aw_open *s, const struct aw_head *h)
{
    add(s, AW_TEXT_METHOD, h->method, STRING_MAX);
    add(s, AW_TEXT_TARGET, h->target, TARGET_MAX);
    for (uint32_t set = h->has & REQUEST_KEPT; set != 0;) {
        const enum aw_field field = next_field(&set);
        add_field(s, h, field, &request_kept[field]);
    }
    if (h->req_hint.len > 0) add(s, AW_TEXT_REQ_HINT, h->req_hint, STRING_MAX);
}

void aw_add_response_text(struct aw_open *s, const struct aw_head *h, bool interim)
{
    for (uint32_t set = h->has & (interim ? INTERIM_KEPT : RESPONSE_KEPT); set != 0;) {
        const enum aw_field field = next_field(&set);
        const struct kept *k = &response_kept[field];
        if (interim && s->ex.text[k->text].p) continue;
        add_field(s, h, field, k);
    }
    if (interim) return;
    add(s, AW_TEXT_REASON, h->reason, STRING_MAX);
    if (h->res_hint.len > 0) add(s, AW_TEXT_RES_HINT, h->res_hint, STRING_MAX);
}

struct aw_open *aw_add_error_body(const struct aw_step *st, struct aw_open *s, struct aw_span data)
{
    if (data.len == 0) return s;
    if (!s->ex.text[AW_TEXT_ERROR_BODY].p) {
        /* All of its room at once: it grows piece by piece and has to stay in one piece. */
        s = aw_open_reserve(st, s, ERROR_BODY_MAX);
        if (room_left(s) < ERROR_BODY_MAX) return s;
        s->ex.text[AW_TEXT_ERROR_BODY] = (struct aw_span){base_of(s) + s->text_used, 0};
        s->text_used += ERROR_BODY_MAX;
    }
    struct aw_span *body = &s->ex.text[AW_TEXT_ERROR_BODY];
    const size_t at = (size_t)(body->p - base_of(s));
    body->len = put(base_of(s) + at, body->len, ERROR_BODY_MAX, data);
    return s;
}

/* --- copies --- */

size_t aw_exchange_size(const struct aw_exchange *ex)
{
    size_t sum = sizeof *ex;
    for (size_t i = 0; i < AW_TEXT_COUNT; i++)
        sum += ex->text[i].len;
    return sum;
}

struct aw_exchange *aw_exchange_copy(void *mem, size_t size, const struct aw_exchange *ex)
{
    struct aw_exchange *copy = mem;
    if (size < aw_exchange_size(ex)) return NULL;
    const size_t kept = ex->interim_count < AW_INTERIM_MAX ? ex->interim_count : AW_INTERIM_MAX;
    memcpy(copy, ex, offsetof(struct aw_exchange, interim) + kept * sizeof ex->interim[0]);
    uint8_t *at = (uint8_t *)(copy + 1);
    for (size_t i = 0; i < AW_TEXT_COUNT; i++) {
        if (!ex->text[i].p) continue;
        if (ex->text[i].len > 0) memcpy(at, ex->text[i].p, ex->text[i].len);
        copy->text[i].p = at;
        at += ex->text[i].len;
    }
    return copy;
}
