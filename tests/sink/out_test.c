/* The writer and its escapers: borders of numbers and times, hostile strings, files, failures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "sink/out.h"

static struct aw_span span(const char *s)
{
    return (struct aw_span){.p = (const uint8_t *)s, .len = strlen(s)};
}

static void expect(struct aw_out *o, const char *name, const char *wanted)
{
    const struct aw_span got = aw_out_bytes(o);
    if (got.len != strlen(wanted) || memcmp(got.p, wanted, got.len) != 0)
        fail_msg("%s: '%.*s' instead of '%s'", name, (int)got.len, (const char *)got.p, wanted);
    assert_int_equal(aw_out_close(o, true), 0);
}

static void numbers(void **state)
{
    (void)state;
    static const struct {
        int64_t v;
        const char *i64, *ms;
    } rows[] = {
        {0, "0", "0.000"},
        {1, "1", "0.000001"},
        {999, "999", "0.000999"},
        {1000, "1000", "0.001"},
        {21000, "21000", "0.021"},
        {1234567, "1234567", "1.234567"},
        {10143000, "10143000", "10.143"},
        {10143100, "10143100", "10.1431"},
        {1001200000, "1001200000", "1001.200"},
        {99, "99", "0.000099"},
        {100, "100", "0.0001"},
        {-1, "-1", "-0.000001"},
        {-1500000, "-1500000", "-1.500"},
        {2 * 86400 * AW_SEC + 1, "172800000000001", "172800000.000001"},
        {INT64_MAX, "9223372036854775807", "9223372036854.775807"},
        {INT64_MIN + 1, "-9223372036854775807", "-9223372036854.775807"},
        {AW_NS_NONE, "-9223372036854775808", "null"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct aw_out *o = aw_out_memory();
        aw_out_i64(o, rows[i].v);
        expect(o, rows[i].i64, rows[i].i64);
        o = aw_out_memory();
        aw_out_ms(o, rows[i].v);
        expect(o, rows[i].i64, rows[i].ms);
    }
    struct aw_out *o = aw_out_memory();
    aw_out_u64(o, UINT64_MAX);
    aw_out_str(o, " ");
    aw_out_u64(o, 0);
    expect(o, "u64", "18446744073709551615 0");
}

static void times(void **state)
{
    (void)state;
    static const struct {
        aw_ns t;
        const char *text;
    } rows[] = {
        {0, "1970-01-01T00:00:00.000000000Z"},
        {-1, "1969-12-31T23:59:59.999999999Z"},
        {INT64_C(1767323045123456789), "2026-01-02T03:04:05.123456789Z"},
        {INT64_C(951782400) * AW_SEC, "2000-02-29T00:00:00.000000000Z"},
        {INT64_C(951868799) * AW_SEC + 1, "2000-02-29T23:59:59.000000001Z"},
        {INT64_C(4107542400) * AW_SEC, "2100-03-01T00:00:00.000000000Z"},
        {INT64_C(-2203891200) * AW_SEC, "1900-03-01T00:00:00.000000000Z"},
        {INT64_MAX, "2262-04-11T23:47:16.854775807Z"},
        {INT64_MIN + 1, "1677-09-21T00:12:43.145224193Z"},
        {AW_NS_NONE, "null"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct aw_out *o = aw_out_memory();
        aw_out_time(o, rows[i].t);
        expect(o, rows[i].text, rows[i].text);
    }
}

/* What each hostile string becomes in JSON and on a terminal. */
static const struct {
    const char *name, *in, *json, *terminal, *ascii;
    size_t columns; /* of `terminal` */
} strings[] = {
    {"empty", "", "", "", "", 0},
    {"plain", "a b~", "a b~", "a b~", "a b~", 4},
    {"quotes", "a\"b\\c", "a\\\"b\\\\c", "a\"b\\c", "a\"b\\c", 5},
    {"C0", "a\x01\n\t\x1f", "a\\u0001\\u000a\\u0009\\u001f", "a\\x01\\x0a\\x09\\x1f",
     "a\\x01\\x0a\\x09\\x1f", 17},
    {"DEL", "\x7f", "\\u007f", "\\x7f", "\\x7f", 4},
    {"OSC", "\x1b]52;c;x\x07", "\\u001b]52;c;x\\u0007", "\\x1b]52;c;x\\x07", "\\x1b]52;c;x\\x07",
     15},
    {"C1 as a byte",
     "\x9b"
     "31m",
     "\\u009b31m", "\\x9b31m", "\\x9b31m", 7},
    {"C1 as UTF-8",
     "\xc2\x9b"
     "31m",
     "\\u009b31m", "\\u{9b}31m", "\\u{9b}31m", 9},
    {"UTF-8", "\xc3\xa9\xe2\x82\xac", "\xc3\xa9\xe2\x82\xac", "\xc3\xa9\xe2\x82\xac",
     "\\u{e9}\\u{20ac}", 2},
    {"beyond 16 bits", "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80", "\\u{1f600}", 2},
    {"wide", "\xe4\xb8\xad", "\xe4\xb8\xad", "\xe4\xb8\xad", "\\u{4e2d}", 2},
    {"bidi override",
     "a\xe2\x80\xae"
     "b",
     "a\\u202eb", "a\\u{202e}b", "a\\u{202e}b", 10},
    {"bidi isolate", "\xe2\x81\xa6", "\\u2066", "\\u{2066}", "\\u{2066}", 8},
    {"zero width", "\xe2\x80\x8b", "\\u200b", "\\u{200b}", "\\u{200b}", 8},
    {"line separator", "\xe2\x80\xa8", "\\u2028", "\\u{2028}", "\\u{2028}", 8},
    {"byte order mark", "\xef\xbb\xbf", "\\ufeff", "\\u{feff}", "\\u{feff}", 8},
    {"tag character", "\xf3\xa0\x81\x81", "\\udb40\\udc41", "\\u{e0041}", "\\u{e0041}", 9},
    {"private use", "\xee\x80\x80", "\\ue000", "\\u{e000}", "\\u{e000}", 8},
    {"overlong slash", "\xc0\xaf", "\\u00c0\\u00af", "\\xc0\\xaf", "\\xc0\\xaf", 8},
    {"overlong NUL", "\xe0\x80\x80", "\\u00e0\\u0080\\u0080", "\\xe0\\x80\\x80", "\\xe0\\x80\\x80",
     12},
    {"overlong, 4 bytes", "\xf0\x8f\xbf\xbf", "\\u00f0\\u008f\\u00bf\\u00bf",
     "\\xf0\\x8f\\xbf\\xbf", "\\xf0\\x8f\\xbf\\xbf", 16},
    {"surrogate", "\xed\xa0\x80", "\\u00ed\\u00a0\\u0080", "\\xed\\xa0\\x80", "\\xed\\xa0\\x80",
     12},
    {"above U+10FFFF", "\xf4\x90\x80\x80", "\\u00f4\\u0090\\u0080\\u0080", "\\xf4\\x90\\x80\\x80",
     "\\xf4\\x90\\x80\\x80", 16},
    {"cut sequence", "a\xe2\x82", "a\\u00e2\\u0082", "a\\xe2\\x82", "a\\xe2\\x82", 9},
    {"lone continuation",
     "\x80"
     "a",
     "\\u0080a", "\\x80a", "\\x80a", 5},
    {"Latin-1", "caf\xe9", "caf\\u00e9", "caf\\xe9", "caf\\xe9", 7},
    {"accent on a letter", "e\xcc\x81", "e\xcc\x81", "e\xcc\x81", "e\\u{301}", 1},
    {"accent on nothing", "\xcc\x81", "\xcc\x81", "\\u{301}", "\\u{301}", 7},
    {"a tower of accents", "e\xcc\x81\xcc\x81\xcc\x81", "e\xcc\x81\xcc\x81\xcc\x81",
     "e\xcc\x81\xcc\x81\\u{301}", "e\\u{301}\\u{301}\\u{301}", 8},
};

static void escapers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof strings / sizeof strings[0]; i++) {
        char json[256];
        (void)snprintf(json, sizeof json, "\"%s\"", strings[i].json);
        struct aw_out *o = aw_out_memory();
        aw_out_json(o, span(strings[i].in));
        expect(o, strings[i].name, json);
        o = aw_out_memory();
        assert_int_equal(aw_out_printable(o, span(strings[i].in), 0), strings[i].columns);
        expect(o, strings[i].name, strings[i].terminal);
        o = aw_out_memory();
        aw_out_ascii(o, true);
        (void)aw_out_printable(o, span(strings[i].in), 0);
        expect(o, strings[i].name, strings[i].ascii);
    }
    struct aw_out *o = aw_out_memory();
    aw_out_json(o, (struct aw_span){.p = NULL});
    aw_out_json(o, (struct aw_span){.p = (const uint8_t *)"a\0b", .len = 3});
    expect(o, "absent, and a NUL", "null\"a\\u0000b\"");
}

static void printable_within_columns(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        size_t columns;
        const char *out;
    } rows[] = {
        {"abcdef", 6, "abcdef"},
        {"abcdefg", 6, "abc..."},
        {"abcdefg", 3, "..."},
        {"abcdefg", 2, ".."},
        {"abc\x01", 6, "abc..."}, /* an escape is not cut in two */
        {"\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad", 5, "\xe4\xb8\xad..."}, /* nor a wide character */
        {"\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad", 6, "\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct aw_out *o = aw_out_memory();
        assert_true(aw_out_printable(o, span(rows[i].in), rows[i].columns) <= rows[i].columns);
        expect(o, rows[i].in, rows[i].out);
    }
}

static void masks(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"/x", "/x"},
        {"/x?", "/x?"},
        {"/x?flag", "/x?flag"},
        {"/x?token=secret", "/x?token=***"},
        {"/x?a=1&b=2;c=3", "/x?a=***&b=***;c=***"},
        {"/x?a=&b", "/x?a=&b"},
        {"/x?a=b=c", "/x?a=***"},
        {"/x?=v&&", "/x?=***&&"},
        {"http://h/x?k=v?w=1", "http://h/x?k=***"},
        {"http://user:pass@h/x", "http://***@h/x"},
        {"http://u@h:80?k=v", "http://***@h:80?k=***"},
        {"http://a@b@h/", "http://***@h/"},
        {"http://@h/", "http://@h/"},
        {"http://u", "http://u"},
        {"/x://u@h/", "/x://u@h/"},
        {"/p?to=http://u:p@h", "/p?to=***"},
        {"http://h/a@b", "http://h/a@b"},
        {"*", "*"},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char buf[128];
        struct aw_out *o = aw_out_memory();
        const struct aw_span s = aw_mask_target(span(rows[i].in), buf, 2 * strlen(rows[i].in) + 4);
        aw_out_write(o, s.p, s.len);
        expect(o, rows[i].in, rows[i].out);
        /* A buffer that is too small cuts, and shows no more than before. */
        for (size_t size = 0; size < strlen(rows[i].in); size++) {
            char *small = malloc(size + 1);
            const struct aw_span cut = aw_mask_target(span(rows[i].in), small, size);
            if (cut.p == (const uint8_t *)small) assert_memory_equal(cut.p, rows[i].out, cut.len);
            free(small);
        }
    }
}

/* --- files --- */

static char dir[64];

static int make_dir(void **state)
{
    (void)state;
    (void)snprintf(dir, sizeof dir, "/tmp/await100-out.XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static const char *in_dir(const char *name)
{
    static char path[2][128];
    static unsigned turn;
    char *p = path[turn++ % 2];
    (void)snprintf(p, sizeof path[0], "%s/%s", dir, name);
    return p;
}

static void assert_content(const char *path, const char *wanted)
{
    char got[128] = "";
    const int fd = open(path, O_RDONLY);
    assert_true(fd >= 0);
    const ssize_t n = read(fd, got, sizeof got - 1);
    assert_true(n >= 0);
    (void)close(fd);
    assert_string_equal(got, wanted);
}

static void assert_empty_dir_and_remove(void)
{
    assert_int_equal(rmdir(dir), 0); /* fails where a temporary file was left */
    assert_int_equal(make_dir(NULL), 0);
}

static void file_appears_whole(void **state)
{
    (void)state;
    char err[256];
    const char *path = in_dir("report");
    (void)umask(027);
    struct aw_out *o = aw_out_file(path, err, sizeof err);
    assert_non_null(o);
    aw_out_str(o, "half");
    aw_out_flush(o);
    assert_int_equal(access(path, F_OK), -1);
    aw_out_str(o, " done");
    assert_int_equal(aw_out_close(o, true), 0);
    assert_content(path, "half done");
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);

    assert_int_equal(chmod(path, 0604), 0); /* a file that is replaced keeps its mode */
    o = aw_out_file(path, err, sizeof err);
    aw_out_str(o, "new");
    assert_content(path, "half done");
    assert_int_equal(aw_out_close(o, true), 0);
    assert_content(path, "new");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0604);

    o = aw_out_file(path, err, sizeof err); /* thrown away */
    aw_out_str(o, "never");
    assert_int_equal(aw_out_close(o, false), 0);
    assert_content(path, "new");
    assert_int_equal(unlink(path), 0);
    assert_empty_dir_and_remove();
}

static void link_stays_a_link(void **state)
{
    (void)state;
    char err[256];
    struct aw_out *o = aw_out_file(in_dir("real"), err, sizeof err);
    assert_int_equal(aw_out_close(o, true), 0);
    assert_int_equal(symlink("real", in_dir("link")), 0);
    o = aw_out_file(in_dir("link"), err, sizeof err);
    aw_out_str(o, "text");
    assert_int_equal(aw_out_close(o, true), 0);
    struct stat st;
    assert_int_equal(lstat(in_dir("link"), &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    assert_content(in_dir("real"), "text");
    assert_int_equal(unlink(in_dir("link")), 0);
    assert_int_equal(unlink(in_dir("real")), 0);
    assert_empty_dir_and_remove();
}

static void unwritable_path_says_so(void **state)
{
    (void)state;
    char err[256] = "";
    assert_null(aw_out_file("/nowhere/at/all", err, sizeof err));
    assert_string_equal(err, "/nowhere/at/all: No such file or directory");
    assert_null(aw_out_file(dir, err, sizeof err));
    assert_non_null(strstr(err, "Is a directory"));
    assert_empty_dir_and_remove();
}

static void full_disk_is_reported(void **state)
{
    (void)state;
    char err[256];
    struct aw_out *o = aw_out_file("/dev/full", err, sizeof err);
    assert_non_null(o);
    aw_out_str(o, "x");
    assert_int_equal(aw_out_error(o), 0);
    aw_out_flush(o);
    assert_int_equal(aw_out_error(o), ENOSPC);
    aw_out_str(o, "y"); /* dropped, not tried again */
    assert_int_equal(aw_out_close(o, true), ENOSPC);

    o = aw_out_file("/dev/full", err, sizeof err); /* the first write is that of close */
    aw_out_str(o, "x");
    assert_int_equal(aw_out_close(o, true), ENOSPC);
}

static void closed_pipe_is_reported(void **state)
{
    (void)state;
    int ends[2];
    (void)signal(SIGPIPE, SIG_IGN);
    assert_int_equal(pipe(ends), 0);
    (void)close(ends[0]);
    struct aw_out *o = aw_out_fd(ends[1]);
    static char much[1000000];
    for (int i = 0; i < 3; i++)
        aw_out_write(o, much, sizeof much);
    assert_int_equal(aw_out_error(o), EPIPE);
    assert_int_equal(aw_out_close(o, true), EPIPE);
    (void)close(ends[1]);
}

static void pieces_of_every_size_come_out_in_order(void **state)
{
    (void)state;
    char err[256];
    const char *path = in_dir("many");
    struct aw_out *o = aw_out_file(path, err, sizeof err);
    static char block[700000];
    uint64_t total = 0;
    for (size_t i = 0; i < sizeof block; i++)
        block[i] = (char)(i % 251);
    static const size_t sizes[] = {1, 0, 65536, 700000, 3, 262144, 262143, 262145, 7};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        aw_out_write(o, block, sizes[i]);
        total += sizes[i];
    }
    assert_int_equal(aw_out_close(o, true), 0);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        for (size_t k = 0; k < sizes[i]; k++, total--)
            if (getc(f) != (int)(k % 251)) fail_msg("piece %zu differs at %zu", i, k);
    }
    assert_int_equal(total, 0);
    assert_int_equal(getc(f), EOF);
    (void)fclose(f);
    assert_int_equal(unlink(path), 0);
    assert_empty_dir_and_remove();
}

static int remove_dir(void **state)
{
    (void)state;
    return rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers),
        cmocka_unit_test(times),
        cmocka_unit_test(escapers),
        cmocka_unit_test(printable_within_columns),
        cmocka_unit_test(masks),
        cmocka_unit_test(file_appears_whole),
        cmocka_unit_test(link_stays_a_link),
        cmocka_unit_test(unwritable_path_says_so),
        cmocka_unit_test(full_disk_is_reported),
        cmocka_unit_test(closed_pipe_is_reported),
        cmocka_unit_test(pieces_of_every_size_come_out_in_order),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
