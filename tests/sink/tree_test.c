/*
 * Documents that are built whole: how their fractions are spelled, and that texts stay as they are.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sink/tree.h"

static void assert_written(json_t *value, const char *want)
{
    struct aw_out *o = aw_out_memory();
    assert_non_null(o);
    assert_true(aw_tree_write(o, value));
    aw_out_write(o, "", 1);
    assert_string_equal((const char *)aw_out_bytes(o).p, want);
    assert_int_equal(aw_out_close(o, true), 0);
    json_decref(value);
}

static void milliseconds(void **state)
{
    (void)state;
    static const struct {
        aw_ns ns;
        const char *want;
    } rows[] = {
        {0, "0.000"},
        {1, "0.000001"},
        {-1, "-0.000001"},
        {25, "0.000025"},
        {AW_MS, "1.000"},
        {1500 * AW_US, "1.500"},
        {1001459135, "1001.459135"},
        {INT64_C(86400) * AW_SEC + 1, "86400000.000001"},
        {INT64_C(9000000000000000000), "9000000000000.0"}, /* 285 years: as the library has it */
        {AW_NS_NONE, "null"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_written(aw_tree_ms(rows[i].ns), rows[i].want);
}

static void texts_stay(void **state)
{
    (void)state;
    bool ok = true;
    json_t *o = json_object();
    aw_tree_set(&ok, o, "1.5", aw_tree_string("0.0 \"1e-6\" \\\" 2.5\x7f"));
    aw_tree_set(&ok, o, "n", aw_tree_integer(1000000));
    aw_tree_set(&ok, o, "t", json_true());
    aw_tree_set(&ok, o, "m", aw_tree_ms(-2500));
    json_t *list = json_array();
    aw_tree_append(&ok, list, aw_tree_ms(20));
    aw_tree_append(&ok, list, aw_tree_integer(7));
    aw_tree_set(&ok, o, "l", list);
    assert_true(ok);
    assert_written(o, "{\"1.5\":\"0.0 \\\"1e-6\\\" \\\\\\\" 2.5\\u007f\",\"n\":1000000,"
                      "\"t\":true,\"m\":-0.0025,\"l\":[0.00002,7]}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(milliseconds),
        cmocka_unit_test(texts_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
