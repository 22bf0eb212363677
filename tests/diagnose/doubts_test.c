/*
 * What was not captured lowers confidence, or leaves a verdict open: the same exchange with and
 * without the packet that would have decided.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/case.h"

static void expect(const struct case_maker *m, const struct aw_case *c, enum aw_cause cause,
                   enum aw_confidence confidence)
{
    struct aw_verdict v;
    case_judge(m, c, &v);
    assert_string_equal(aw_cause_slug(v.cause), aw_cause_slug(cause));
    assert_string_equal(aw_confidence_name(v.confidence), aw_confidence_name(confidence));
}

/* A hole between the 100 and the final response may have held a second one. */
static void test_hole_in_the_answers(void **state)
{
    (void)state;
    struct case_maker m;
    case_begin(&m);
    case_100(&m, 1);
    case_content(&m, 1.5, 2, CASE_100_END);
    case_final(&m, 3, 201);
    expect(&m, NULL, AW_CAUSE_CONTINUED, AW_CONF_HIGH);
    m.x.flags |= AW_F_HOLE_RESPONSE;
    expect(&m, NULL, AW_CAUSE_CONTINUED, AW_CONF_MEDIUM);
}

/* Two ends: the connection says which was first, the packets' order need not. */
static void test_first_to_close(void **state)
{
    (void)state;
    struct case_maker m;
    case_begin(&m);
    case_100(&m, 1);
    case_part(&m, 1.5, 2, CASE_100_END, 500);
    case_close(&m, 200, AW_S2C, false);
    case_close(&m, 200.01, AW_C2S, false);
    expect(&m, NULL, AW_CAUSE_CLOSED_UNANSWERED, AW_CONF_HIGH);
    m.x.conn.closed_by = AW_C2S; /* the server's FIN acknowledges the client's */
    expect(&m, NULL, AW_CAUSE_ABANDONED, AW_CONF_HIGH);
    m.x.conn.fin_unseen[AW_C2S] = true;
    expect(&m, NULL, AW_CAUSE_ABANDONED, AW_CONF_MEDIUM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hole_in_the_answers),
        cmocka_unit_test(test_first_to_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
