/*
 * Complaints; see complain.h. No memory is asked for, as its want is one of them.
 */
#include "sink/complain.h"

#include <langinfo.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sink/out_buf.h"

AW_PRINTF(2, 0) static void say(const char *before, const char *fmt, va_list args)
{
    char said[8192];
    const int n = vsnprintf(said, sizeof said, fmt, args);
    if (n < 0) return;
    const bool cut = (size_t)n >= sizeof said;
    const size_t len = cut ? sizeof said - 1 : (size_t)n;
    const struct aw_out terminal = {.ascii = strcmp(nl_langinfo(CODESET), "UTF-8") != 0};
    unsigned marks = 0;
    flockfile(stderr); /* one line, whoever else complains */
    fputs(before, stderr);
    for (size_t i = 0; i < len;) {
        const struct aw_glyph g =
            aw_glyph_at(&terminal, (const uint8_t *)said + i, len - i, &marks);
        fwrite(g.text, 1, g.len, stderr);
        i += g.used;
    }
    fputs(cut ? "...\n" : "\n", stderr);
    funlockfile(stderr);
}

void aw_complain(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    say("await100: ", fmt, args);
    va_end(args);
}

void aw_complain_more(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    say("  ", fmt, args);
    va_end(args);
}
