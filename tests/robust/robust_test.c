/*
 * Never confidently wrong: every capture in pcaps/ and every scenario, put through all that
 * capturing can do to it (tests/common/ordeal.h). Prints what was kept, softened and changed, and
 * each offending case with the evidence before and after. Runs from the root of the tree.
 */
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "common/ordeal.h"

static struct ordeal captures = {.longer = true}, scenarios = {.longer = true};

static void put_through(struct ordeal *o, const char *what, const char *pattern)
{
    glob_t g;
    o->to = stderr;
    assert_int_equal(glob(pattern, 0, NULL, &g), 0);
    assert_true(g.gl_pathc > 0);
    for (size_t i = 0; i < g.gl_pathc; i++)
        assert_true(ordeal_run(o, g.gl_pathv[i]));
    globfree(&g);
    fprintf(stderr, "%s:\n", what);
    ordeal_print(o);
}

static int run_all(void **state)
{
    (void)state;
    put_through(&captures, "captures", "pcaps/*.pcap*");
    put_through(&scenarios, "scenarios", "tests/scenarios/*.scn");
    return 0;
}

/* A cause never becomes another cause at high confidence. */
static void test_never_wrong(void **state)
{
    (void)state;
    for (unsigned k = 0; k < ORDEAL_KINDS; k++) {
        assert_true(captures.tally[k].verdicts > 0);
        assert_int_equal(captures.tally[k].changed, 0);
        assert_int_equal(scenarios.tally[k].changed, 0);
        /* Of captures with one packet missing nothing needs an excuse. */
        if (k < ORDEAL_LONGER) assert_int_equal(captures.tally[k].excused, 0);
    }
}

/* What loses nothing changes nothing: cause and confidence stay. */
static void test_lossless(void **state)
{
    (void)state;
    for (unsigned k = 0; k < ORDEAL_KINDS; k++) {
        if (!ordeal_lossless((enum ordeal_kind)k)) continue;
        assert_int_equal(captures.tally[k].lost, 0);
        assert_int_equal(scenarios.tally[k].lost, 0);
    }
}

/* Evidence can be looked up: whatever is missing, it names packets that there are. */
static void test_packets_have_numbers(void **state)
{
    (void)state;
    assert_int_equal(captures.unnumbered, 0);
    assert_int_equal(scenarios.unnumbered, 0);
}

static unsigned long percent(unsigned long part, unsigned long of)
{
    return of ? part * 100 / of : 0;
}

/* Without a packet that decides nothing the verdict stays, and stays as sure. */
static void test_idle_packets(void **state)
{
    (void)state;
    const struct ordeal_tally *t = &captures.tally[ORDEAL_LEFT_OUT_IDLE];
    assert_in_range(percent(t->kept, t->verdicts), 98, 100);
    assert_in_range(percent(t->cause_kept, t->verdicts), 99, 100);
}

/* Answering low or incomplete always is no way out. */
static void test_sure_of_whole_captures(void **state)
{
    (void)state;
    const struct ordeal_tally *t = &captures.tally[ORDEAL_WHOLE];
    assert_in_range(percent(t->kept, t->verdicts), 92, 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_never_wrong),
        cmocka_unit_test(test_lossless),
        cmocka_unit_test(test_packets_have_numbers),
        cmocka_unit_test(test_idle_packets),
        cmocka_unit_test(test_sure_of_whole_captures),
    };
    return cmocka_run_group_tests(tests, run_all, NULL);
}
