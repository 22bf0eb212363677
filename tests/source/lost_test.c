/*
 * What pcapng says its capture lost (interface statistics): the last count of each interface, over
 * sections and files; and blocks that lie, which cost nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "source/capture_file.h"

enum { BY_INTERFACE = 5, BY_SYSTEM = 7, RECEIVED = 4 };

static void statistics(struct file *f, uint32_t iface, uint16_t option, uint16_t len, uint64_t v)
{
    struct file b = {.big = f->big};
    put32(&b, iface);
    put32(&b, 0);
    put32(&b, 0); /* time */
    put16(&b, RECEIVED);
    put16(&b, 8);
    put_number(&b, 1000, 8);
    put16(&b, option);
    put16(&b, len);
    put_number(&b, v, 8);
    ng_block(f, 5, &b);
    file_free(&b);
}

static void expect_lost(const char *what, const struct file *f, uint64_t by_interface,
                        uint64_t by_system)
{
    struct aw_source *s = open_source(save("x", f->p, f->len));
    char *log = read_log(s);
    const struct aw_lost lost = aw_source_lost(s);
    assert_non_null(strstr(log, "end"));
    if (lost.by_interface != by_interface || lost.by_system != by_system)
        fail_msg("%s: %" PRIu64 " and %" PRIu64, what, lost.by_interface, lost.by_system);
    free(log);
    aw_source_close(s);
}

static void the_last_count_of_each(void **state)
{
    (void)state;
    struct file f = {.big = false};
    ng_section(&f, false);
    ng_interface(&f, 1, 0, -1, 0);
    ng_interface(&f, 1, 0, -1, 0);
    expect_lost("none yet", &f, 0, 0);
    statistics(&f, 0, BY_INTERFACE, 8, 3);
    ng_packet(&f, 0, 1000000, "one");
    statistics(&f, 0, BY_INTERFACE, 8, 7);
    expect_lost("counted on", &f, 7, 0);
    statistics(&f, 1, BY_SYSTEM, 8, UINT64_C(5) << 32);
    expect_lost("another interface", &f, 7, UINT64_C(5) << 32);
    ng_section(&f, true);
    ng_interface(&f, 1, 0, -1, 0);
    statistics(&f, 0, BY_SYSTEM, 8, 2);
    ng_packet(&f, 0, 2000000, "two");
    expect_lost("another section", &f, 7, (UINT64_C(5) << 32) + 2);

    struct aw_source *sources[] = {open_source(path_of("x")), open_source(path_of("x"))};
    struct aw_merge *m = aw_merge_new(sources, 2, NULL, 0);
    assert_non_null(m);
    const struct aw_packet *p;
    size_t n;
    while (aw_merge_next(m, 0, &p, &n) != AW_READ_END)
        ;
    assert_true(aw_merge_lost(m).by_interface == 14);
    assert_true(aw_merge_lost(m).by_system == (UINT64_C(10) << 32) + 4);
    aw_merge_free(m);
    file_free(&f);
}

/* Numbers nobody counted, an interface nobody described, options that run out of their block. */
static void lies_are_stepped_over(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        uint32_t iface;
        uint16_t option, len;
        uint64_t v;
    } rows[] = {
        {"too many", 0, BY_INTERFACE, 8, UINT64_MAX},
        {"too many as a signed number", 0, BY_SYSTEM, 8, INT64_MAX},
        {"no such interface", 1, BY_INTERFACE, 8, 7},
        {"too short", 0, BY_INTERFACE, 4, 7},
        {"out of its block", 0, BY_INTERFACE, 400, 7},
        {"another option", 0, 6, 8, 7},
        {"after the end of options", 0, 0, 0, 7},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct file f = {.big = false};
        ng_section(&f, false);
        ng_interface(&f, 1, 0, -1, 0);
        statistics(&f, rows[i].iface, rows[i].option, rows[i].len, rows[i].v);
        ng_packet(&f, 0, 1000000, "one");
        expect_lost(rows[i].what, &f, 0, 0);
        file_free(&f);
    }
    struct file f = {.big = false}, nothing = {.p = NULL};
    ng_section(&f, false);
    ng_interface(&f, 1, 0, -1, 0);
    ng_block(&f, 5, &nothing);
    expect_lost("an empty block", &f, 0, 0);
    file_free(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_last_count_of_each),
                                       cmocka_unit_test(lies_are_stepped_over)};
    return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
