/*
 * The table of claims (tests/lab/claims.tsv) beside the table of products: each row is tried by the
 * lab, all that it says of itself by bits and timers, or the table says why it cannot be.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "diagnose/agents.h"

enum { COLUMNS = 6, LINES = 1024, LINE_MAX_BYTES = 1024 };
enum column { AGENT, FROM, CLAIM, NEEDS, HOW, SEEN };

static struct line {
    char text[LINE_MAX_BYTES];
    const char *column[COLUMNS];
} lines[LINES];
static size_t line_count;

static const struct {
    const char *tag;
    unsigned bit;
} tags[] = {
    {"send", AW_DOES_SEND},
    {"send-big", AW_DOES_SEND_BIG},
    {"at-once", AW_DOES_AT_ONCE},
    {"no-limit", AW_DOES_NO_LIMIT},
    {"retry", AW_DOES_RETRY},
    {"capital", AW_DOES_CAPITAL},
    {"mute", AW_DOES_MUTE},
    {"100-first", AW_DOES_100_FIRST},
    {"100-read", AW_DOES_100_READ},
    {"no-100", AW_DOES_NO_100},
    {"refuse", AW_DOES_REFUSE},
    {"refuse-other", AW_DOES_REFUSE_OTHER},
    {"case", AW_DOES_CASE},
    {"odd-100", AW_DOES_ODD_100},
    {"forward", AW_DOES_FORWARD},
    {"own-100", AW_DOES_OWN_100},
    {"twice", AW_DOES_TWICE},
    {"hold", AW_DOES_HOLD},
    {"timer", 0},
    {"fix", 0},
    {"about", 0},
};

static int read_table(void **state)
{
    (void)state;
    FILE *in = fopen("tests/lab/claims.tsv", "r");
    if (in == NULL) return -1;
    char text[LINE_MAX_BYTES];
    while (fgets(text, sizeof text, in) && line_count < LINES) {
        if (text[0] == '#') continue;
        struct line *l = &lines[line_count++];
        strcpy(l->text, text);
        char *at = l->text;
        for (unsigned c = 0; c < COLUMNS; c++) {
            l->column[c] = at;
            at += strcspn(at, "\t\n");
            const char end = *at;
            *at = '\0';
            at += end != '\0';
        }
    }
    return fclose(in);
}

static bool is(const struct line *l, enum column c, const char *text)
{
    return strcmp(l->column[c], text) == 0;
}

static bool of_row(const struct line *l, const struct aw_agent *a)
{
    char from[AW_VERSION_TEXT] = "-";
    if (a->from) aw_version_text(from, a->from);
    return is(l, AGENT, a->slug) && is(l, FROM, from);
}

static bool tagged(const struct line *l, const char *tag)
{
    const size_t len = strcspn(l->column[CLAIM], ":");
    return len == strlen(tag) && memcmp(l->column[CLAIM], tag, len) == 0;
}

static void lines_are_whole(void **state)
{
    (void)state;
    assert_in_range(line_count, 150, LINES - 1);
    for (size_t i = 0; i < line_count; i++) {
        const struct line *l = &lines[i];
        bool known = is(l, CLAIM, "*");
        for (size_t t = 0; t < sizeof tags / sizeof *tags; t++)
            known |= tagged(l, tags[t].tag);
        bool row = false;
        const struct aw_agent *a;
        for (size_t k = 0; (a = aw_agent_row(k)) != NULL; k++)
            row |= of_row(l, a);
        const bool whole = l->column[SEEN][0] && l->column[NEEDS][0] && l->column[HOW][0];
        const bool reason = !is(l, HOW, "-") || (is(l, NEEDS, "-") && strlen(l->column[SEEN]) > 10);
        if (!known || !row || !whole || !reason)
            print_error("claims.tsv: %s %s: %s\n", l->column[AGENT], l->column[FROM],
                        l->column[CLAIM]);
        assert_true(known && row && whole && reason);
        if (is(l, CLAIM, "*")) assert_true(is(l, HOW, "-"));
    }
}

static void every_row(void **state)
{
    (void)state;
    const struct aw_agent *a;
    unsigned missing = 0;
    for (size_t k = 0; (a = aw_agent_row(k)) != NULL; k++) {
        unsigned bits = 0, tried = 0, excused = 0;
        bool timer = a->timer == 0;
        for (size_t i = 0; i < line_count; i++) {
            const struct line *l = &lines[i];
            if (!of_row(l, a)) continue;
            if (is(l, CLAIM, "*")) {
                excused++;
                continue;
            }
            tried += !is(l, HOW, "-");
            timer |= tagged(l, "timer");
            for (size_t t = 0; t < sizeof tags / sizeof *tags; t++)
                if (tagged(l, tags[t].tag)) bits |= tags[t].bit;
        }
        /* Which of several to name first is a choice, no claim. */
        const unsigned owed = a->does & ~(unsigned)AW_DOES_TYPICAL & ~bits;
        if (excused == 1 && tried == 0) continue;
        if (excused == 0 && tried != 0 && owed == 0 && timer) continue;
        missing++;
        print_error("%s from %x: %u tried, %u excused, bits %x%s without a claim\n", a->slug,
                    (unsigned)a->from, tried, excused, owed, timer ? "" : " and the timer");
    }
    assert_int_equal(missing, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(lines_are_whole),
                                       cmocka_unit_test(every_row)};
    return cmocka_run_group_tests(tests, read_table, NULL);
}
