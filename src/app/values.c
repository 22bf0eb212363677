/*
 * JSON values out of a file; see values.h.
 */
#include "app/values.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sink/load.h"

enum { VALUE_MOST = 64 << 20 }; /* bytes: the largest summaries that are made take half of it */

struct aw_values {
    FILE *file; /* owned, but for standard input */
    unsigned long line;
    char *text; /* owned: the value under way */
    size_t len, size;
};

struct aw_values *aw_values_open(const char *path)
{
    struct aw_values *v = calloc(1, sizeof *v);
    if (!v) return NULL;
    v->line = 1;
    v->file = strcmp(path, "-") == 0 ? stdin : fopen(path, "rbe");
    if (v->file) return v;
    const int error = errno;
    free(v);
    errno = error;
    return NULL;
}

void aw_values_close(struct aw_values *v)
{
    if (!v) return;
    if (v->file != stdin) (void)fclose(v->file);
    free(v->text);
    free(v);
}

static bool keep(struct aw_values *v, int c, char *err, size_t err_size)
{
    if (v->len == v->size) {
        const size_t size = v->size ? 2 * v->size : 1 << 14;
        char *p = size <= VALUE_MOST ? realloc(v->text, size) : NULL;
        if (!p) {
            (void)snprintf(err, err_size,
                           size <= VALUE_MOST ? "out of memory" : "larger than %d MiB",
                           VALUE_MOST >> 20);
            return false;
        }
        v->text = p;
        v->size = size;
    }
    v->text[v->len++] = (char)c;
    return true;
}

static int next_byte(struct aw_values *v)
{
    const int c = getc_unlocked(v->file);
    if (c == '\n') v->line++;
    return c;
}

/* Takes bytes up to the brace that closes the first, whatever lies in between. */
static bool take_object(struct aw_values *v, char *err, size_t err_size)
{
    unsigned long depth = 1;
    bool in_string = false, escaped = false;
    while (depth > 0) {
        const int c = next_byte(v);
        if (c == EOF) {
            (void)snprintf(err, err_size, "ends inside a value%s%s", ferror(v->file) ? ": " : "",
                           ferror(v->file) ? strerror(errno) : "");
            return false;
        }
        if (!keep(v, c, err, err_size)) return false;
        if (in_string) {
            if (!escaped && c == '"') in_string = false;
            escaped = !escaped && c == '\\';
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            depth++;
        } else if (c == '}' || c == ']') {
            depth--;
        }
    }
    return true;
}

enum aw_values_read aw_values_next(struct aw_values *v, json_t **value, unsigned long *line,
                                   char *err, size_t err_size)
{
    int c;
    do
        c = next_byte(v);
    while (c == ' ' || c == '\t' || c == '\r' || c == '\n');
    *line = v->line;
    if (c == EOF && !ferror(v->file)) return AW_VALUES_END;
    v->len = 0;
    if (c != '{') {
        if (c == EOF)
            (void)snprintf(err, err_size, "%s", strerror(errno));
        else
            (void)snprintf(err, err_size, "no JSON object: -o json and -o ndjson make them");
        return AW_VALUES_BAD;
    }
    if (!keep(v, c, err, err_size) || !take_object(v, err, err_size)) return AW_VALUES_BAD;
    json_error_t why;
    *value = aw_load(v->text, v->len, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, &why);
    if (*value) return AW_VALUES_ONE;
    *line += why.line > 0 ? (unsigned long)why.line - 1 : 0;
    (void)snprintf(err, err_size, "%s", why.text);
    return AW_VALUES_BAD;
}
