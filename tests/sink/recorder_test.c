/*
 * --record while files are moved away: after a word to open them again a new file of the same name
 * takes what follows, and no packet is lost or written twice. A file that nobody moved is not
 * touched.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "sink/recorder.h"
#include "source/source.h"

static char dir[64];

static int make_dir(void **state)
{
    (void)state;
    strcpy(dir, "/tmp/recorder-test-XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static const char *in_dir(const char *name)
{
    static char path[2][128];
    static unsigned k;
    char *to = path[k++ % 2];
    snprintf(to, sizeof *path, "%s/%s", dir, name);
    return to;
}

static void give(struct aw_recorder *r, uint64_t from, uint64_t to)
{
    uint8_t bytes[60] = {0};
    for (uint64_t ord = from; ord <= to; ord++) {
        const struct aw_packet p = {
            .ts = (aw_ns)ord * AW_SEC, .data = bytes, .cap_len = 60, .wire_len = 60, .linktype = 1};
        assert_true(aw_recorder_write(r, &p, 1, false));
    }
}

/* The file, which it removes, has the packets of the seconds first to last and no others. */
static void has(const char *name, aw_ns first, aw_ns last)
{
    char err[256];
    const struct aw_packet *p;
    size_t n;
    struct aw_source *s = aw_source_open(in_dir(name), 0, err, sizeof err);
    if (!s) fail_msg("%s", err);
    aw_ns at = first;
    enum aw_read got;
    while ((got = aw_source_next(s, 0, &p, &n)) == AW_READ_OK)
        for (size_t i = 0; i < n; i++)
            assert_int_equal(p[i].ts, at++ * AW_SEC);
    assert_int_equal(got, AW_READ_END);
    assert_int_equal(at, last + 1);
    aw_source_close(s);
    assert_int_equal(unlink(in_dir(name)), 0);
}

static struct aw_recorder *start(const char *name, uint64_t bytes, uint64_t seconds)
{
    char err[256];
    const struct aw_recorder_plan plan = {
        .path = in_dir(name), .bytes = bytes, .seconds = seconds, .endure = true};
    struct aw_recorder *r = aw_recorder_open(&plan, err, sizeof err);
    if (!r) fail_msg("%s", err);
    return r;
}

static void finish(struct aw_recorder *r)
{
    struct aw_recorder_stats stats;
    assert_int_equal(aw_recorder_close(r, &stats), 0);
    assert_int_equal(stats.let_go + stats.left_out, 0);
}

static void a_file_that_was_moved(void **state)
{
    (void)state;
    struct aw_recorder *r = start("x", 0, 0);
    give(r, 1, 5);
    assert_int_equal(aw_recorder_reopen(r, false), 0); /* nobody moved it */
    give(r, 6, 7);
    assert_int_equal(rename(in_dir("x"), in_dir("x.1")), 0);
    give(r, 8, 9); /* into the moved one, still */
    assert_int_equal(aw_recorder_reopen(r, false), 0);
    give(r, 10, 12);
    finish(r);
    has("x.1", 1, 9);
    has("x", 10, 12);
    assert_int_equal(rmdir(dir), 0);
}

/* Before the first packet, and with nothing after it: both are captures. */
static void empty_files(void **state)
{
    (void)state;
    struct aw_recorder *r = start("x", 0, 0);
    assert_int_equal(rename(in_dir("x"), in_dir("x.1")), 0);
    assert_int_equal(aw_recorder_reopen(r, false), 0);
    finish(r);
    has("x.1", 1, 0);
    has("x", 1, 0);
    assert_int_equal(rmdir(dir), 0);
}

/* The name by size or by time goes on where it was. */
static void rotated_files(void **state)
{
    (void)state;
    struct aw_recorder *r = start("x", 150, 0); /* 24 and twice 76 */
    give(r, 1, 3);
    assert_int_equal(rename(in_dir("x1"), in_dir("moved")), 0);
    assert_int_equal(aw_recorder_reopen(r, false), 0);
    give(r, 4, 6);
    finish(r);
    has("x", 1, 2);
    has("moved", 3, 3);
    has("x1", 4, 5);
    has("x2", 6, 6);
    r = start("t-%s", 0, 10);
    assert_int_equal(aw_recorder_reopen(r, false), 0); /* none is begun yet */
    give(r, 5, 6);
    assert_int_equal(rename(in_dir("t-5"), in_dir("moved")), 0);
    assert_int_equal(aw_recorder_reopen(r, false), 0);
    give(r, 7, 16);
    finish(r);
    has("moved", 5, 6);
    has("t-5", 7, 14);
    has("t-15", 15, 16);
    assert_int_equal(rmdir(dir), 0);
}

/* The folder went away: the old file, wherever it is, is written on. */
static void no_folder(void **state)
{
    (void)state;
    char inner[128], moved[128];
    snprintf(inner, sizeof inner, "%s/in", dir);
    snprintf(moved, sizeof moved, "%s/moved", dir);
    assert_int_equal(mkdir(inner, 0755), 0);
    struct aw_recorder *r = start("in/x", 0, 0);
    give(r, 1, 2);
    assert_int_equal(rename(in_dir("in/x"), moved), 0);
    assert_int_equal(rmdir(inner), 0);
    assert_int_not_equal(aw_recorder_reopen(r, false), 0);
    give(r, 3, 4);
    finish(r);
    has("moved", 1, 4);
    assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_file_that_was_moved, make_dir),
        cmocka_unit_test_setup(empty_files, make_dir),
        cmocka_unit_test_setup(rotated_files, make_dir),
        cmocka_unit_test_setup(no_folder, make_dir),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
