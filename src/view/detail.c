/*
 * Copies a record: an exchange with its texts in one block, a verdict cut to the text it uses.
 */
#include "view/detail.h"

#include <stdlib.h>
#include <string.h>

static size_t texts_len(const struct aw_exchange *x)
{
    size_t n = 0;
    for (int i = 0; i < AW_TEXT_COUNT; i++)
        n += x->text[i].p ? x->text[i].len : 0;
    return n;
}

static struct aw_exchange *copy_exchange(const struct aw_exchange *x)
{
    struct aw_exchange *out = malloc(sizeof *out + texts_len(x) + 1);
    if (!out) return NULL;
    memcpy(out, x, sizeof *out);
    uint8_t *at = (uint8_t *)(out + 1);
    for (int i = 0; i < AW_TEXT_COUNT; i++) {
        if (!x->text[i].p) continue;
        memcpy(at, x->text[i].p, x->text[i].len);
        out->text[i].p = at;
        at += x->text[i].len;
    }
    return out;
}

static size_t verdict_len(const struct aw_verdict *v)
{
    const size_t used = v->text_used < sizeof v->text ? v->text_used : sizeof v->text;
    return offsetof(struct aw_verdict, text) + used + 1;
}

/* Evidence and fixes point into the verdict's own text. */
static const char *moved(const char *p, const struct aw_verdict *from, const struct aw_verdict *to)
{
    return p ? to->text + (p - from->text) : NULL;
}

static struct aw_verdict *copy_verdict(const struct aw_verdict *v)
{
    const size_t len = verdict_len(v);
    struct aw_verdict *out = malloc(len);
    if (!out) return NULL;
    memcpy(out, v, len < sizeof *v ? len : sizeof *v);
    for (unsigned i = 0; i < v->evidence_count; i++)
        out->evidence[i].text = moved(v->evidence[i].text, v, out);
    for (unsigned i = 0; i < v->fix_count; i++)
        out->fix[i] = moved(v->fix[i], v, out);
    return out;
}

struct aw_detail *aw_detail_copy(const struct aw_record *rec)
{
    struct aw_detail *d = calloc(1, sizeof *d);
    if (!d) return NULL;
    d->rec = *rec;
    d->ex = copy_exchange(rec->ex);
    if (rec->verdict) d->verdict = copy_verdict(rec->verdict);
    d->rec.ex = d->ex;
    d->rec.verdict = d->verdict;
    if (d->ex && (d->verdict || !rec->verdict)) return d;
    aw_detail_free(d);
    return NULL;
}

void aw_detail_free(struct aw_detail *d)
{
    if (!d) return;
    for (int i = 0; i < AW_HEADS; i++)
        free((void *)(uintptr_t)d->head[i].p);
    free(d->ex);
    free(d->verdict);
    free(d);
}

size_t aw_detail_bytes(const struct aw_detail *d)
{
    size_t n = sizeof *d + sizeof *d->ex + texts_len(d->ex) + 1;
    if (d->verdict) n += verdict_len(d->verdict);
    for (int i = 0; i < AW_HEADS; i++)
        n += d->head[i].len;
    return n;
}
