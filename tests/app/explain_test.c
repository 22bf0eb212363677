/*
 * --explain as it is printed: 80 columns for every word, no line lost, verbatim lines untouched.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pty.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/explain.h"
#include "app/options.h"
#include "await100/explain.h"

static char *printed(const char *word)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    assert_non_null(out);
    const bool known = aw_explain_write(out, word);
    assert_int_equal(fclose(out), 0);
    if (known) return text;
    assert_int_equal(len, 0);
    free(text);
    return NULL;
}

/* The text without white space: wrapping may move words, never drop or break them off. */
static void squeeze(char *s)
{
    char *to = s;
    for (; *s; s++)
        if (*s != ' ' && *s != '\n') *to++ = *s;
    *to = '\0';
}

static void collect(void *ctx, const char *heading, const char *body)
{
    char *all = ctx;
    if (heading) strcat(all, heading);
    strcat(all, body);
}

static void check_page(const char *word)
{
    char *text = printed(word);
    assert_non_null(text);
    for (const char *line = text; *line;) {
        const size_t len = strcspn(line, "\n");
        if (len > 80) print_error("%s: %.*s\n", word, (int)len, line);
        assert_true(len <= 80);
        assert_true(len == 0 || line[len - 1] != ' ');
        assert_int_equal(line[len], '\n');
        line += len + 1;
    }
    static char whole[65536];
    whole[0] = '\0';
    assert_true(aw_explain(word, collect, whole));
    squeeze(whole);
    squeeze(text);
    assert_string_equal(text, whole);
    free(text);
}

static void every_word(void **state)
{
    (void)state;
    const char *word;
    size_t count = 0;
    for (; (word = aw_explain_word(count)) != NULL; count++)
        check_page(word);
    check_page("list");
    assert_true(count > 100);
    assert_null(printed("no such word"));
}

static void layout(void **state)
{
    (void)state;
    char *text = printed("417");
    assert_non_null(strstr(text, "\nMeaning\n  The final response"));
    assert_non_null(strstr(text, "\n    < HTTP/1.1 417 Expectation Failed\n"));
    assert_non_null(strstr(text, "\n  - Via: "));
    free(text);
}

/* What a terminal shows of a page with this $PAGER; NULL: unset, and no pager in $PATH. */
static const char *on_terminal(const char *pager)
{
    static char shown[65536];
    int terminal;
    const pid_t child = forkpty(&terminal, NULL, NULL, NULL);
    if (child < 0 && access("/dev/pts/ptmx", F_OK) != 0) skip(); /* a system without terminals */
    assert_true(child >= 0);
    if (child == 0) {
        if (pager) setenv("PAGER", pager, 1);
        if (!pager) unsetenv("PAGER");
        if (!pager) setenv("PATH", "/nowhere", 1);
        _exit(aw_explain_print("ignored") == AW_EXPLAINED ? 0 : 1);
    }
    size_t len = 0;
    ssize_t n;
    while ((n = read(terminal, shown + len, sizeof shown - 1 - len)) > 0)
        len += (size_t)n;
    shown[len] = '\0';
    close(terminal);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    return shown;
}

static void paged_on_a_terminal(void **state)
{
    (void)state;
    assert_non_null(strstr(on_terminal("sed 's/^/paged: /'"), "paged: ignored: "));
    /* No pager wanted, none there, one that cannot be run: the page itself. */
    static const char *const none[] = {"", NULL, "/nowhere/pager"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        const char *shown = on_terminal(none[i]);
        assert_non_null(strstr(shown, "ignored: "));
        assert_null(strstr(shown, "paged: "));
    }
}

/* The command line: an unknown word is wrong use, a missing one too. */
static void wrong_use(void **state)
{
    (void)state;
    char program[] = "await100", option[] = "--explain", word[] = "ignord";
    char *unknown[] = {program, option, word, NULL}, *missing[] = {program, option, NULL};
    struct aw_options o;
    assert_int_equal(aw_options_parse(&o, 3, unknown), AW_PARSED_BAD);
    assert_int_equal(aw_options_parse(&o, 2, missing), AW_PARSED_BAD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_word), cmocka_unit_test(layout),
                                       cmocka_unit_test(paged_on_a_terminal),
                                       cmocka_unit_test(wrong_use)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
