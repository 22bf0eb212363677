/*
 * Output behind a queue: who hands over never waits, unless patient; what there is no room for goes
 * whole, and is counted; a file that was moved away is made again.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "sink/behind.h"
#include "sink/out.h"

enum { RECORD = 64 * 1024, RECORDS = 1000 };

static char *record(unsigned i)
{
    char *text = malloc(RECORD + 1);
    assert_non_null(text);
    memset(text, 'x', RECORD);
    (void)snprintf(text, 9, "%08u", i);
    text[8] = ':';
    text[RECORD - 1] = '\n';
    return text;
}

/* A reader that does not read: the queue fills, the rest is let go; then it reads, and what comes
 * is whole records in their order. */
static void a_reader_that_sleeps_costs_records_not_time(void **state)
{
    (void)state;
    char err[256];
    int fd[2];
    assert_int_equal(pipe(fd), 0);
    struct aw_behind *b = aw_behind_fd(fd[1], err, sizeof err);
    assert_non_null(b);
    assert_int_equal(aw_behind_start(b), 0);
    for (unsigned i = 0; i < RECORDS; i++) {
        char *text = record(i);
        assert_int_equal(aw_behind_put(b, text, RECORD, false), 0);
        free(text);
    }
    const uint64_t gone = aw_behind_let_go(b);
    assert_true(gone > 0 && gone < RECORDS);

    const pid_t child = fork(); /* closing waits until all is read: by somebody else */
    assert_true(child >= 0);
    if (child == 0) {
        close(fd[1]);
        char *got = malloc(RECORD);
        long last = -1;
        unsigned count = 0;
        for (;; count++) {
            size_t have = 0;
            while (got && have < RECORD) {
                const ssize_t n = read(fd[0], got + have, RECORD - have);
                if (n <= 0) break;
                have += (size_t)n;
            }
            if (have == 0) break;
            const long number = strtol(got, NULL, 10);
            if (have != RECORD || got[RECORD - 1] != '\n' || number <= last) _exit(1);
            last = number;
        }
        _exit(count == RECORDS - gone ? 0 : 2);
    }
    close(fd[0]);
    assert_int_equal(aw_behind_close(b), 0);
    close(fd[1]);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void *read_all(void *arg)
{
    const int fd = *(const int *)arg;
    static char bytes[RECORD];
    size_t all = 0;
    for (ssize_t n; (n = read(fd, bytes, sizeof bytes)) > 0;)
        all += (size_t)n;
    return (void *)(uintptr_t)all;
}

static void the_patient_wait(void **state)
{
    (void)state;
    char err[256];
    int fd[2];
    pthread_t reader;
    void *all;
    assert_int_equal(pipe(fd), 0);
    struct aw_behind *b = aw_behind_fd(fd[1], err, sizeof err);
    assert_non_null(b);
    assert_int_equal(aw_behind_start(b), 0);
    assert_int_equal(pthread_create(&reader, NULL, read_all, &fd[0]), 0);
    for (unsigned i = 0; i < RECORDS; i++) {
        char *text = record(i);
        assert_int_equal(aw_behind_put(b, text, RECORD, true), 0);
        free(text);
    }
    assert_int_equal(aw_behind_let_go(b), 0);
    assert_int_equal(aw_behind_close(b), 0);
    close(fd[1]);
    pthread_join(reader, &all);
    assert_int_equal((uintptr_t)all, (size_t)RECORD * RECORDS);
    close(fd[0]);
}

static void a_closed_reader_ends_it(void **state)
{
    (void)state;
    char err[256];
    int fd[2];
    assert_int_equal(pipe(fd), 0);
    signal(SIGPIPE, SIG_IGN);
    struct aw_behind *b = aw_behind_fd(fd[1], err, sizeof err);
    assert_non_null(b);
    struct aw_out *o = aw_out_behind(b);
    assert_non_null(o);
    assert_int_equal(aw_behind_start(b), 0);
    close(fd[0]);
    aw_out_str(o, "a record\n");
    aw_out_flush(o);
    while (aw_behind_failed(b) == 0)
        (void)usleep(1000);
    assert_int_equal(aw_behind_failed(b), EPIPE);
    aw_out_str(o, "one more\n");
    aw_out_flush(o);
    assert_int_equal(aw_out_error(o), EPIPE);
    assert_int_equal(aw_out_close(o, true), EPIPE);
    close(fd[1]);
}

static bool holds(const char *path, const char *want)
{
    char got[256] = "";
    FILE *f = fopen(path, "r");
    if (!f) return false;
    const size_t n = fread(got, 1, sizeof got - 1, f);
    got[n] = '\0';
    fclose(f);
    return strcmp(got, want) == 0;
}

static void put(struct aw_behind *b, const char *text)
{
    assert_int_equal(aw_behind_put(b, text, strlen(text), false), 0);
}

static void await(const char *path, const char *want)
{
    while (!holds(path, want))
        (void)usleep(1000);
}

static void a_file_grows_and_is_made_again(void **state)
{
    (void)state;
    char dir[] = "/tmp/behind-XXXXXX", path[64], old[64], err[256];
    assert_non_null(mkdtemp(dir));
    (void)snprintf(path, sizeof path, "%s/log", dir);
    (void)snprintf(old, sizeof old, "%s/log.1", dir);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs("before\n", f);
    fclose(f);
    struct aw_behind *b = aw_behind_file(path, err, sizeof err);
    assert_non_null(b);
    assert_non_null(aw_behind_folder(b));
    assert_int_equal(aw_behind_start(b), 0);
    put(b, "one\n");
    await(path, "before\none\n");
    assert_int_equal(rename(path, old), 0);
    put(b, "two\n"); /* nobody has said a word yet */
    await(old, "before\none\ntwo\n");
    aw_behind_reopen(b);
    while (access(path, F_OK) != 0)
        (void)usleep(1000);
    put(b, "three\n");
    aw_behind_reopen(b); /* a file that stands there is gone on with */
    put(b, "four\n");
    assert_int_equal(aw_behind_close(b), 0);
    assert_true(holds(path, "three\nfour\n"));
    assert_true(holds(old, "before\none\ntwo\n"));
    unlink(path);
    unlink(old);
    rmdir(dir);
    assert_null(aw_behind_file("/nonexistent/log", err, sizeof err));
    assert_non_null(strstr(err, "/nonexistent/log: "));
}

/* What a run that was killed may have left at a file's end. */
static void half_a_line_is_mended(void **state)
{
    (void)state;
    static const struct {
        const char *name, *before, *after;
    } rows[] = {
        {"empty", "", "new\n"},
        {"whole lines", "{\"a\":1}\n", "{\"a\":1}\nnew\n"},
        {"half a record", "{\"a\":1}\n{\"a\":", "{\"a\":1}\nnew\n"},
        {"nothing but half a record", "{\"a\":", "new\n"},
        {"a line of somebody else's", "note", "note\nnew\n"},
        {"the same behind a record", "{\"a\":1}\nnote", "{\"a\":1}\nnote\nnew\n"},
        {"a byte of a record", "{\"a\":1}\n{", "{\"a\":1}\n{\nnew\n"},
    };
    char dir[] = "/tmp/behind-XXXXXX", path[64], err[256];
    assert_non_null(mkdtemp(dir));
    (void)snprintf(path, sizeof path, "%s/log", dir);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        FILE *f = fopen(path, "w");
        assert_non_null(f);
        fputs(rows[i].before, f);
        fclose(f);
        struct aw_behind *b = aw_behind_file(path, err, sizeof err);
        assert_non_null(b);
        assert_int_equal(aw_behind_start(b), 0);
        put(b, "new\n");
        assert_int_equal(aw_behind_close(b), 0);
        if (!holds(path, rows[i].after)) fail_msg("%s", rows[i].name);
    }
    unlink(path);
    rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reader_that_sleeps_costs_records_not_time),
        cmocka_unit_test(the_patient_wait),
        cmocka_unit_test(a_closed_reader_ends_it),
        cmocka_unit_test(a_file_grows_and_is_made_again),
        cmocka_unit_test(half_a_line_is_mended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
