/*
 * The reference text: whole for every cause, found for every word, plain ASCII.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "diagnose/agents.h"
#include "await100/explain.h"

struct page {
    char text[32768];
    unsigned sections;
};

static void collect(void *ctx, const char *heading, const char *body)
{
    struct page *p = ctx;
    p->sections++;
    if (heading) {
        assert_true(strlen(heading) > 0 && strlen(heading) < 60);
        strcat(strcat(p->text, heading), "\n");
    } else {
        assert_int_equal(p->sections, 1);
    }
    assert_true(strlen(body) > 0);
    strcat(strcat(p->text, body), "\n");
    assert_true(strlen(p->text) < sizeof p->text / 2);
    for (const char *c = p->text; *c; c++)
        assert_true(*c == '\n' || (*c >= 0x20 && *c <= 0x7e));
}

static const char *page_of(const char *word)
{
    static struct page p;
    memset(&p, 0, sizeof p);
    assert_true(aw_explain(word, collect, &p));
    return p.text;
}

static void has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) print_error("no '%s' in:\n%s", part, text);
    assert_non_null(strstr(text, part));
}

static bool clean_lines(const char *lines)
{
    while (*lines) {
        const size_t len = strcspn(lines, "\n");
        if (len == 0 || lines[len - 1] == ' ' || lines[0] == '-') return false;
        if (lines[0] == ' ' && strncmp(lines, "    ", 4) != 0) return false;
        lines += len + (lines[len] == '\n');
    }
    return true;
}

static void every_cause(void **state)
{
    (void)state;
    for (unsigned c = 0; c < AW_CAUSE_COUNT; c++) {
        const enum aw_cause cause = (enum aw_cause)c;
        const struct aw_cause_text *t = aw_cause_text(cause);
        const char *const lists[] = {t->reasons, t->confirm, t->mistakes, t->references};
        for (unsigned i = 0; i < 4; i++) {
            assert_true(strlen(lists[i]) > 10);
            assert_true(clean_lines(lists[i]));
        }
        has(t->confirm, "\n    "); /* a command */
        has(t->references, "RFC ");
        assert_in_range(strlen(aw_cause_title(cause)), 5, 40);
        const char *meaning = aw_cause_meaning(cause);
        assert_int_equal(meaning[strlen(meaning) - 1], '.');
        const char *page = page_of(aw_cause_slug(cause));
        static const char *const headings[] = {"Meaning\n", "Likely reasons\n",  "How to confirm\n",
                                               "Fixes\n",   "Common mistakes\n", "References\n"};
        for (unsigned i = 0; i < sizeof headings / sizeof *headings; i++)
            has(page, headings[i]);
        for (unsigned p = 0; p < AW_PARTY_COUNT; p++)
            if (t->fix[p]) has(page, t->fix[p]);
    }
    /* Only what is no fault needs no fix. */
    for (unsigned c = 0; c < AW_CAUSE_COUNT; c++) {
        bool any = false;
        for (unsigned p = 0; p < AW_PARTY_COUNT; p++)
            any |= aw_cause_text((enum aw_cause)c)->fix[p] != NULL;
        const bool none =
            c == AW_CAUSE_REJECTED_EARLY || c == AW_CAUSE_ACCEPTED_EARLY || c == AW_CAUSE_CONTINUED;
        assert_int_equal(any, !none);
    }
}

static void every_product(void **state)
{
    (void)state;
    const struct aw_agent *a;
    for (size_t i = 0; (a = aw_agent_row(i)) != NULL; i++) {
        const char *page = page_of(a->slug);
        has(page, a->name);
        has(page, a->about);
        has(page, a->source);
        for (unsigned n = 0; n < AW_NEEDS; n++)
            if (a->fix[n]) has(page, a->fix[n]);
    }
}

static void words(void **state)
{
    (void)state;
    static const struct {
        const char *word, *part;
    } rows[] = {
        {"EXPECT-REFUSED", "expect-refused: "},
        {"expect", "Expect: the request field"},
        {"100", "100 Continue: "},
        {"nginx", "nginx: nginx, a server"},
        {"Apache httpd", "apache: "},
        {"APACHE", "apache: "},
        {"ats", "trafficserver: "},
        {"Go-http-client", "go: "},
        {"python-requests", "requests: "},
        {"curl", "Versions 7.69.0 up to, not including, 8.0.0"},
        {"curl", "Versions before 7.16.0"},
        {"curl", "Versions 8.0.0 and later"},
        {"mono", "It does not name itself"},
        {"list", "Load balancers"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        has(page_of(rows[i].word), rows[i].part);
    static const char *const unknown[] = {"",      "curll",       "418", "expect-",
                                          "list-", "curl/7.88.1", "-"};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        struct page p = {.sections = 0};
        assert_false(aw_explain(unknown[i], collect, &p));
        assert_int_equal(p.sections, 0);
    }
    /* Each word is known and in the list, none twice. */
    const char *w;
    for (size_t i = 0; (w = aw_explain_word(i)) != NULL; i++) {
        has(page_of("list"), w);
        (void)page_of(w);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(aw_explain_word(k), w);
    }
}

static void what_417_covers(void **state)
{
    (void)state;
    const char *page = page_of("417");
    static const char *const parts[] = {
        "Meaning",
        "Response example",
        "HTTP/1.1 417 Expectation Failed",
        "Expect",
        "Via",
        "Server",
        "Connection",
        "Retry-After",
        "does not support 100-continue",
        "cannot be met",
        "does not understand Expect",
        "drop Expect",
        "check that it supports 100-continue",
        "whole story",
        "Ignoring the related header fields",
        "passing failure",
        "Retrying hard",
        "front end",
        "Browsers",
        "curl:",
        "C#:",
        "Java:",
        "Go:",
        "Node.js:",
        "Python:",
        "Ruby:",
        "PHP:",
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        has(page, parts[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cause),
        cmocka_unit_test(every_product),
        cmocka_unit_test(words),
        cmocka_unit_test(what_417_covers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
