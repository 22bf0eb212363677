/*
 * JSON trees of jansson.
 */
#include "sink/tree.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sink/utf8.h"

void aw_tree_set(bool *ok, json_t *object, const char *key, json_t *value)
{
    if (json_object_set_new_nocheck(object, key, value) != 0) *ok = false;
}

void aw_tree_append(bool *ok, json_t *array, json_t *value)
{
    if (json_array_append_new(array, value) != 0) *ok = false;
}

json_t *aw_tree_integer(uint64_t v)
{
    return json_integer(v > INT64_MAX ? INT64_MAX : (json_int_t)v);
}

json_t *aw_tree_ms(aw_ns v)
{
    return v == AW_NS_NONE ? json_null() : json_real((double)v / (double)AW_MS);
}

json_t *aw_tree_moment(aw_ns t)
{
    if (t == AW_NS_NONE) return json_null();
    struct aw_out *o = aw_out_memory();
    if (!o) return NULL;
    aw_out_time(o, t);
    const struct aw_span s = aw_out_bytes(o);
    json_t *v = json_stringn((const char *)s.p, s.len);
    (void)aw_out_close(o, false);
    return v;
}

json_t *aw_tree_span(struct aw_span s)
{
    if (!s.p) return json_null();
    char *text = malloc(2 * s.len + 1), *to = text;
    if (!text) return NULL;
    for (size_t i = 0, used; i < s.len; i += used) {
        const uint8_t *p = s.p + i;
        if (aw_utf8_next(p, s.len - i, &used) >= 0) {
            memcpy(to, p, used);
            to += used;
        } else {
            *to++ = (char)(0xc0 | *p >> 6);
            *to++ = (char)(0x80 | (*p & 0x3f));
        }
    }
    json_t *v = json_stringn(text, (size_t)(to - text));
    free(text);
    return v;
}

json_t *aw_tree_string(const char *s)
{
    return aw_tree_span((struct aw_span){.p = (const uint8_t *)s, .len = strlen(s)});
}

json_t *aw_tree_counts(bool *ok, const struct aw_drop_count *c, unsigned n)
{
    json_t *object = json_object();
    for (unsigned i = 0; i < n; i++)
        if (c[i].count) aw_tree_set(ok, object, c[i].slug, aw_tree_integer(c[i].count));
    return object;
}

/* The writer of the library, corrected on its way: all fractions here are milliseconds, which it
 * would spell "1e-6" or "0.0", and it leaves one control byte as it is. */
struct writing {
    struct aw_out *out;
    bool string, escaped; /* where it is */
    char number[32];      /* as far as it has come */
    size_t digits;
};

static void end_number(struct writing *w)
{
    if (w->digits == 0) return;
    w->number[w->digits] = '\0';
    w->digits = 0;
    const bool fraction = strpbrk(w->number, ".eE") != NULL;
    const double ms = fraction ? strtod(w->number, NULL) : 0;
    if (fraction && fabs(ms) < 1e12)
        aw_out_ms(w->out, llround(ms * (double)AW_MS));
    else
        aw_out_str(w->out, w->number);
}

static bool is_number(const struct writing *w, char c)
{
    if (w->string || w->digits == sizeof w->number - 1) return false;
    return c == '-' || (c >= '0' && c <= '9') || (w->digits > 0 && strchr("+.eE", c));
}

static int write_piece(const char *bytes, size_t size, void *ctx)
{
    struct writing *w = ctx;
    size_t from = 0; /* what lies between goes as it is */
    for (size_t i = 0; i < size; i++) {
        const char c = bytes[i];
        const bool number = is_number(w, c);
        if (!number) end_number(w);
        if (number || c == 0x7f) {
            aw_out_write(w->out, bytes + from, i - from);
            from = i + 1;
        }
        if (number)
            w->number[w->digits++] = c;
        else if (c == 0x7f)
            aw_out_str(w->out, "\\u007f");
        if (c == '"' && !w->escaped) w->string = !w->string;
        w->escaped = w->string && c == '\\' && !w->escaped;
    }
    aw_out_write(w->out, bytes + from, size - from);
    return 0;
}

bool aw_tree_write(struct aw_out *out, const json_t *value)
{
    const size_t flags =
        JSON_COMPACT | JSON_ENCODE_ANY | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(15);
    struct writing w = {.out = out};
    const bool good = json_dump_callback(value, write_piece, &w, flags) == 0;
    end_number(&w);
    return good;
}
