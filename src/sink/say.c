/*
 * Sentences of our own.
 */
#include "sink/say.h"

#include <stdarg.h>
#include <stdio.h>

void aw_sentence_add(struct aw_sentence *s, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    const int n = vsnprintf(s->text + s->len, sizeof s->text - s->len, fmt, args);
    va_end(args);
    if (n < 0) return;
    s->len += (size_t)n;
    if (s->len >= sizeof s->text) s->len = sizeof s->text - 1;
}
