/*
 * Sentences of a verdict (text.h).
 */
#include "diagnose/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void aw_say_init(struct aw_say *s, struct aw_verdict *v, const struct aw_namer *names,
                 const struct aw_exchange *x)
{
    s->v = v;
    s->names = names;
    s->slot = 0;
    s->source = 0;
    for (unsigned i = 0; i < AW_POINT_COUNT; i++) {
        if (!aw_seen(&x->at[i])) continue;
        s->source = aw_ref_source(x->at[i].ref);
        break;
    }
}

static char *next_slot(struct aw_say *s)
{
    char *slot = s->slots[s->slot];
    s->slot = (s->slot + 1) % AW_SAY_SLOTS;
    slot[0] = '\0';
    return slot;
}

/*
 * Length of the character at p that may be shown as it is, 0 = show its first byte escaped. Besides
 * malformed UTF-8, these are not shown: control characters (C1 too), and those that move or reverse
 * the text around them on a terminal or in a page.
 */
static size_t shown_as_is(const uint8_t *p, size_t left)
{
    if (p[0] < 0x80) return p[0] >= 0x20 && p[0] != 0x7f;
    size_t len = 0;
    uint32_t c = 0;
    if (p[0] >= 0xc2 && p[0] <= 0xdf) {
        len = 2;
        c = p[0] & 0x1fu;
    } else if (p[0] >= 0xe0 && p[0] <= 0xef) {
        len = 3;
        c = p[0] & 0x0fu;
    } else if (p[0] >= 0xf0 && p[0] <= 0xf4) {
        len = 4;
        c = p[0] & 0x07u;
    }
    if (len == 0 || left < len) return 0;
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80) return 0;
        c = c << 6 | (p[i] & 0x3fu);
    }
    if ((len == 3 && c < 0x800) || (len == 4 && (c < 0x10000 || c > 0x10ffff))) return 0;
    if (c >= 0xd800 && c <= 0xdfff) return 0;
    if (c < 0xa0) return 0;
    if (c == 0x061c || (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
        (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb) ||
        (c >= 0xe0000 && c <= 0xe007f))
        return 0;
    return len;
}

/* Appends bytes, made fit to print, to the string in `out` of `cap` bytes; whole characters only.
 */
static void append_shown(char *out, size_t cap, const uint8_t *p, size_t len)
{
    size_t at = strlen(out);
    size_t i = 0;
    while (i < len) {
        const size_t n = shown_as_is(p + i, len - i);
        if (at + (n ? n : 4) + 4 > cap) { /* room for "..." and the end */
            memcpy(out + at, "...", 4);
            return;
        }
        if (n) {
            memcpy(out + at, p + i, n);
            at += n;
            i += n;
        } else {
            static const char hex[] = "0123456789abcdef";
            const char esc[4] = {'\\', 'x', hex[p[i] >> 4], hex[p[i] & 15]};
            memcpy(out + at, esc, 4);
            at += 4;
            i++;
        }
    }
    out[at] = '\0';
}

/* Writes v, with zeros in front to make `least` digits; returns where it ends. By hand, as snprintf
 * would take half the time of a verdict. */
static char *put_digits(char *to, uint64_t v, unsigned least)
{
    char digit[20];
    unsigned n = 0;
    do {
        digit[n++] = (char)('0' + v % 10);
        v /= 10;
    } while (v > 0);
    for (; least > n; least--)
        *to++ = '0';
    while (n > 0)
        *to++ = digit[--n];
    return to;
}

const char *aw_say_ms(struct aw_say *s, aw_ns t)
{
    char *slot = next_slot(s);
    const bool minus = t < 0;
    const uint64_t ns = minus ? 0 - (uint64_t)t : (uint64_t)t;
    const uint64_t us = ns / 1000 + (ns % 1000 >= 500 ? 1 : 0);
    char *p = slot;
    if (minus && us) *p++ = '-';
    p = put_digits(p, us / 1000, 1);
    *p++ = '.';
    p = put_digits(p, us % 1000, 3);
    memcpy(p, " ms", sizeof " ms");
    return slot;
}

const char *aw_say_after(struct aw_say *s, aw_ns t, const char *what)
{
    const char *ms = aw_say_ms(s, t);
    char *slot = next_slot(s);
    (void)snprintf(slot, AW_SAY_SLOT, "%s after %s", ms, what);
    return slot;
}

const char *aw_say_ref(struct aw_say *s, aw_ref ref)
{
    static const char packet[] = "packet ";
    char *slot = next_slot(s);
    if (aw_ref_no(ref) == 0) return "a packet not captured"; /* packets count from 1 */
    memcpy(slot, packet, sizeof packet - 1);
    *put_digits(slot + sizeof packet - 1, aw_ref_no(ref), 1) = '\0';
    const uint16_t source = aw_ref_source(ref);
    if (source == s->source || s->names == NULL) return slot;
    const char *name = s->names->source(s->names->ctx, source);
    if (name == NULL) return slot;
    strcat(slot, " of ");
    append_shown(slot, AW_SAY_SLOT, (const uint8_t *)name, strlen(name));
    return slot;
}

const char *aw_say_packet(struct aw_say *s, const struct aw_mark *m)
{
    return aw_say_ref(s, m->ref);
}

const char *aw_say_bytes(struct aw_say *s, struct aw_span b, size_t max)
{
    char *slot = next_slot(s);
    if (b.p) append_shown(slot, max < AW_SAY_SLOT ? max : AW_SAY_SLOT, b.p, b.len);
    return slot;
}

/* Adds one string to the verdict's text; NULL, and nothing changed, where it does not fit. */
AW_PRINTF(2, 0)
static const char *add(struct aw_verdict *v, const char *fmt, va_list args)
{
    char *at = v->text + v->text_used;
    const size_t room = sizeof v->text - v->text_used;
    const int len = vsnprintf(at, room, fmt, args);
    if (len < 0 || (size_t)len >= room) {
        if (room) at[0] = '\0';
        return NULL;
    }
    v->text_used += (size_t)len + 1;
    return at;
}

void aw_say(struct aw_say *s, aw_ref a, aw_ref b, const char *fmt, ...)
{
    struct aw_verdict *v = s->v;
    if (v->evidence_count == AW_EVIDENCE_MAX) return;
    va_list args;
    va_start(args, fmt);
    const char *text = add(v, fmt, args);
    va_end(args);
    if (text == NULL) return;
    v->evidence[v->evidence_count++] = (struct aw_evidence){.text = text, .packet = {a, b}};
}

void aw_say_fix(struct aw_say *s, const char *fmt, ...)
{
    struct aw_verdict *v = s->v;
    if (v->fix_count == AW_FIX_MAX) return;
    va_list args;
    va_start(args, fmt);
    const char *text = add(v, fmt, args);
    va_end(args);
    if (text != NULL) v->fix[v->fix_count++] = text;
}
