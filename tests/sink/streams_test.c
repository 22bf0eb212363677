/* Reassembled directions as files: names, holes, many at once, traps in the folder, full disks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "sink/streams.h"

static char base[64], dir[80];

static int make_dir(void **state)
{
    (void)state;
    (void)snprintf(base, sizeof base, "/tmp/await100-streams.XXXXXX");
    if (!mkdtemp(base)) return -1;
    (void)snprintf(dir, sizeof dir, "%s/out", base);
    return 0;
}

static int remove_dir(void **state)
{
    (void)state;
    char command[128];
    (void)snprintf(command, sizeof command, "rm -r '%s'", base);
    return system(command);
}

static struct aw_streams *open_streams(void)
{
    char err[256] = "";
    struct aw_streams *s = aw_streams_open(dir, err, sizeof err);
    if (!s) fail_msg("%s", err);
    return s;
}

static struct aw_conn_facts facts(uint64_t ord)
{
    struct aw_conn_facts c;
    memset(&c, 0, sizeof c);
    c.ord = ord;
    c.addr[AW_C2S] = (struct aw_addr){.b = {10, 0, 0, 1}};
    c.addr[AW_S2C] = (struct aw_addr){.b = {10, 0, 0, 2}};
    c.port[AW_C2S] = (uint16_t)(1000 + ord);
    c.port[AW_S2C] = 80;
    return c;
}

static void piece(struct aw_streams *s, uint64_t ord, enum aw_dir d, aw_off off, const char *text)
{
    const struct aw_conn_facts c = facts(ord);
    const struct aw_stream_piece p = {
        .conn_ord = ord, .dir = d, .off = off, .data = (const uint8_t *)text, .len = strlen(text)};
    aw_streams_piece(s, &c, &p);
}

static void hole(struct aw_streams *s, uint64_t ord, enum aw_dir d, aw_off off, uint64_t len)
{
    const struct aw_conn_facts c = facts(ord);
    const struct aw_stream_piece p = {.conn_ord = ord, .dir = d, .off = off, .len = len};
    aw_streams_piece(s, &c, &p);
}

static void close_conn(struct aw_streams *s, uint64_t ord)
{
    const struct aw_conn_facts c = facts(ord);
    const struct aw_stream_piece p = {.conn_ord = ord, .close = true};
    aw_streams_piece(s, &c, &p);
}

static void finish(struct aw_streams *s)
{
    char err[256] = "";
    if (aw_streams_finish(s, err, sizeof err) != 0) fail_msg("%s", err);
}

static void assert_content(const char *name, const char *wanted)
{
    char path[128], got[1024];
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "rb");
    if (!f) fail_msg("no %s", name);
    const size_t n = fread(got, 1, sizeof got - 1, f);
    got[n] = '\0';
    (void)fclose(f);
    assert_string_equal(got, wanted);
}

static bool exists(const char *name)
{
    char path[128];
    struct stat st;
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    return lstat(path, &st) == 0;
}

#define INDEX "connection\tclient\tserver\tdirection\tfile\tbytes\tholes\n"

/* A number may come before the bytes, between them, after the end, or never. */
static void names_at_any_time(void **state)
{
    (void)state;
    struct aw_streams *s = open_streams();
    aw_streams_connection(s, 1, 10);
    piece(s, 10, AW_C2S, 0, "GET ");
    piece(s, 10, AW_S2C, 0, "HTTP/");
    piece(s, 10, AW_C2S, 4, "/");
    piece(s, 20, AW_C2S, 0, "abc");
    close_conn(s, 10);
    assert_content("1-c.bin", "GET /");
    aw_streams_connection(s, 2, 20);
    piece(s, 20, AW_C2S, 3, "def");
    close_conn(s, 20);
    piece(s, 30, AW_S2C, 0, "late");
    close_conn(s, 30);
    aw_streams_connection(s, 3, 30);
    aw_streams_connection(s, 4, 40); /* carries nothing */
    close_conn(s, 40);
    piece(s, 50, AW_C2S, 0, "?");
    finish(s);
    assert_content("1-s.bin", "HTTP/");
    assert_content("2-c.bin", "abcdef");
    assert_content("3-s.bin", "late");
    assert_content("packet-50-c.bin", "?");
    assert_false(exists("2-s.bin"));
    assert_false(exists("4-c.bin"));
    assert_content("index.tsv", INDEX "1\t10.0.0.1:1010\t10.0.0.2:80\tc\t1-c.bin\t5\t-\n"
                                      "1\t10.0.0.1:1010\t10.0.0.2:80\ts\t1-s.bin\t5\t-\n"
                                      "2\t10.0.0.1:1020\t10.0.0.2:80\tc\t2-c.bin\t6\t-\n"
                                      "3\t10.0.0.1:1030\t10.0.0.2:80\ts\t3-s.bin\t4\t-\n"
                                      "\t10.0.0.1:1050\t10.0.0.2:80\tc\tpacket-50-c.bin\t1\t-\n");
}

static void holes_are_left_out_and_listed(void **state)
{
    (void)state;
    struct aw_streams *s = open_streams();
    aw_streams_connection(s, 7, 1);
    hole(s, 1, AW_C2S, -20, 20);
    piece(s, 1, AW_C2S, 0, "ab");
    hole(s, 1, AW_C2S, 2, UINT64_C(5000000000));
    piece(s, 1, AW_C2S, INT64_C(5000000002), "yz");
    hole(s, 1, AW_S2C, 0, 9); /* nothing but a hole: no file */
    close_conn(s, 1);
    finish(s);
    assert_content("7-c.bin", "abyz");
    assert_false(exists("7-s.bin"));
    assert_content("index.tsv",
                   INDEX "7\t10.0.0.1:1001\t10.0.0.2:80\tc\t7-c.bin\t4\t-20+20,2+5000000000\n"
                         "7\t10.0.0.1:1001\t10.0.0.2:80\ts\t-\t0\t0+9\n");
}

static void more_streams_than_descriptors(void **state)
{
    (void)state;
    enum { MANY = 3000 };
    struct rlimit before, few;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    few = before;
    few.rlim_cur = 100;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    struct aw_streams *s = open_streams();
    for (int round = 0; round < 2; round++)
        for (uint64_t i = 1; i <= MANY; i++)
            piece(s, i, i % 2 ? AW_C2S : AW_S2C, round, round ? "b" : "a");
    for (uint64_t i = 1; i <= MANY; i++)
        aw_streams_connection(s, MANY + i, i);
    finish(s);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_content("3001-c.bin", "ab");
    assert_content("4500-s.bin", "ab");
    assert_content("6000-s.bin", "ab");
}

/* Files of an earlier run are replaced; links laid out as traps are not followed. */
static void traps_are_not_followed(void **state)
{
    (void)state;
    char victim[96], trap[96];
    (void)snprintf(victim, sizeof victim, "%s/victim", base);
    FILE *f = fopen(victim, "w");
    assert_non_null(f);
    (void)fputs("precious", f);
    (void)fclose(f);
    static const char *const names[] = {"9-c.bin", ".packet-1-c.part", "index.tsv"};
    finish(open_streams()); /* makes the folder */
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)snprintf(trap, sizeof trap, "%s/%s", dir, names[i]);
        (void)unlink(trap);
        assert_int_equal(symlink(victim, trap), 0);
    }
    struct aw_streams *s = open_streams();
    aw_streams_connection(s, 9, 1);
    piece(s, 1, AW_C2S, 0, "new");
    close_conn(s, 1);
    finish(s);
    assert_content("9-c.bin", "new");
    assert_content("../victim", "precious");
    s = open_streams();
    aw_streams_connection(s, 9, 1);
    piece(s, 1, AW_C2S, 0, "n2");
    close_conn(s, 1);
    finish(s);
    assert_content("9-c.bin", "n2"); /* no rest of the longer one */
}

static void failures_are_told_once(void **state)
{
    (void)state;
    char err[256] = "";
    char path[96];
    (void)snprintf(path, sizeof path, "%s/file", base);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    (void)fclose(f);
    assert_null(aw_streams_open(path, err, sizeof err));
    assert_non_null(strstr(err, "Not a directory"));
    assert_null(aw_streams_open("/nowhere/at/all", err, sizeof err));
    assert_string_equal(err, "/nowhere/at/all: No such file or directory");

    /* A limit on the size of files stands for a full disk. */
    struct rlimit before, small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 4;
    struct aw_streams *s = open_streams();
    aw_streams_connection(s, 1, 1);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    piece(s, 1, AW_C2S, 0, "abcd");
    piece(s, 1, AW_C2S, 4, "efgh");
    piece(s, 1, AW_C2S, 8, "ijkl");
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    err[0] = '\0';
    assert_int_equal(aw_streams_finish(s, err, sizeof err), EFBIG);
    assert_non_null(strstr(err, "File too large"));
}

int main(void)
{
    (void)signal(SIGXFSZ, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(names_at_any_time, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(holes_are_left_out_and_listed, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(more_streams_than_descriptors, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(traps_are_not_followed, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(failures_are_told_once, make_dir, remove_dir),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
