/*
 * --explain: lays out the sections that the library hands over, at most 79 columns, and finds a
 * pager. Knows nothing of what the text says.
 */
#include "app/explain.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/options.h"
#include "await100/explain.h"
#include "sink/complain.h"

enum { COLUMNS = 79, INDENT = 2, WORD_MAX = 64, WORDS_MAX = 512 };

/* --- layout --- */

static void print_indent(FILE *out, size_t n)
{
    fprintf(out, "%*s", (int)n, "");
}

/* How much of a word fits `room`: all of it, else up to its last slash, for addresses. */
static size_t word_part(const char *word, size_t len, size_t room)
{
    if (len <= room) return len;
    size_t at = room;
    while (at > 1 && word[at - 1] != '/')
        at--;
    return at > 1 ? at : room;
}

/* One paragraph, its first line begun at column `first`, the others indented by `rest`. A word that
 * fits no line is broken. */
static void print_paragraph(FILE *out, const char *text, size_t len, size_t first, size_t rest)
{
    size_t column = first;
    bool begun = false;
    for (size_t at = 0; at < len;) {
        if (text[at] == ' ') {
            at++;
            continue;
        }
        size_t word = 0;
        while (at + word < len && text[at + word] != ' ')
            word++;
        if (begun && column + 1 + word > COLUMNS) {
            fputc('\n', out);
            print_indent(out, rest);
            column = rest;
            begun = false;
        }
        if (begun) {
            fputc(' ', out);
            column++;
        }
        const size_t part = word_part(text + at, word, COLUMNS - column);
        fwrite(text + at, 1, part, out);
        column = part < word ? COLUMNS : column + part;
        at += part;
        begun = true;
    }
    fputc('\n', out);
}

static void print_body(FILE *out, const char *body, size_t indent)
{
    while (*body) {
        const size_t len = strcspn(body, "\n");
        if (strncmp(body, "    ", 4) == 0) {
            fprintf(out, "%.*s\n", (int)len, body);
        } else if (strncmp(body, "- ", 2) == 0) {
            print_indent(out, indent);
            fputs("- ", out);
            print_paragraph(out, body + 2, len - 2, indent + 2, indent + 2);
        } else if (len != 0) {
            print_indent(out, indent);
            print_paragraph(out, body, len, indent, indent);
        }
        body += len + (body[len] == '\n');
    }
}

static void print_section(void *ctx, const char *heading, const char *body)
{
    FILE *out = ctx;
    if (heading) fprintf(out, "\n%s\n", heading);
    print_body(out, body, heading ? INDENT : 0);
}

bool aw_explain_write(FILE *out, const char *word)
{
    return aw_explain(word, print_section, out);
}

/* --- words --- */

static void complain(const char *word)
{
    static const char list[] = "list";
    const char *words[WORDS_MAX] = {list};
    size_t count = 1;
    for (const char *w; count < WORDS_MAX && (w = aw_explain_word(count - 1)); count++)
        words[count] = w;
    char lower[WORD_MAX];
    snprintf(lower, sizeof lower, "%s", word);
    for (char *c = lower; *c; c++)
        if (*c >= 'A' && *c <= 'Z') *c = (char)(*c | 0x20);
    const char *near = aw_nearest(lower, words, count);
    aw_complain("--explain: '%s' is not known%s%s%s; --explain list shows all words", word,
                near ? ": did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static void ignore_section(void *ctx, const char *heading, const char *body)
{
    (void)ctx;
    (void)heading;
    (void)body;
}

/* --- pager --- */

static bool in_path(const char *program)
{
    const char *path = getenv("PATH");
    while (path && *path) {
        const size_t len = strcspn(path, ":");
        char file[4096];
        const int n = snprintf(file, sizeof file, "%.*s/%s", (int)len, path, program);
        if (n > 0 && (size_t)n < sizeof file && access(file, X_OK) == 0) return true;
        path += len + (path[len] == ':');
    }
    return false;
}

/* The command of the pager; NULL where there is none to use. An empty $PAGER asks for none. */
static const char *pager(void)
{
    if (!isatty(STDOUT_FILENO)) return NULL;
    const char *set = getenv("PAGER");
    if (set) return *set ? set : NULL;
    return in_path("less") ? "less -FRX" : NULL;
}

enum aw_explained aw_explain_print(const char *word)
{
    if (!aw_explain(word, ignore_section, NULL)) {
        complain(word);
        return AW_EXPLAIN_UNKNOWN;
    }
    /* Who closes the pipe, or quits the pager, has read enough: no reason to die of it. */
    signal(SIGPIPE, SIG_IGN);
    const char *command = pager();
    FILE *out = command ? popen(command, "w") : NULL;
    if (out) {
        aw_explain_write(out, word);
        const int status = pclose(out);
        /* 126 and above: the shell could not run it; print plainly then. */
        if (status == -1 || !WIFEXITED(status) || WEXITSTATUS(status) < 126) return AW_EXPLAINED;
    }
    errno = 0;
    aw_explain_write(stdout, word);
    if (fflush(stdout) == 0 && !ferror(stdout)) return AW_EXPLAINED;
    if (errno != EPIPE) return AW_EXPLAIN_FAILED;
    clearerr(stdout); /* judged here: later the stream would no longer know why it failed */
    return AW_EXPLAINED;
}
