/*
 * The command line: values with units, the nearest word, what is taken and what is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "app/options.h"
#include "sink/sink.h"

static void times_with_units(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool good;
        aw_ns ns;
    } rows[] = {
        {"200", true, 200 * AW_MS},
        {"200ms", true, 200 * AW_MS},
        {"1.5s", true, 1500 * AW_MS},
        {"40us", true, 40 * AW_US},
        {"0", true, 0},
        {"1m", true, 60 * AW_SEC},
        {"7ns", true, 7},
        {"", false, 0},
        {"s", false, 0},
        {"-1", false, 0},
        {"1x", false, 0},
        {"1e99", false, 0},
        {"nan", false, 0},
        {"1 s", false, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        aw_ns ns = -1;
        if (aw_parse_time(rows[i].text, &ns) != rows[i].good) fail_msg("time '%s'", rows[i].text);
        if (rows[i].good && ns != rows[i].ns)
            fail_msg("time '%s' is %lld", rows[i].text, (long long)ns);
    }
}

static void sizes_with_units(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool good;
        uint64_t bytes;
    } rows[] = {
        {"1000", true, 1000},
        {"64K", true, 64 << 10},
        {"256M", true, 256 << 20},
        {"1g", true, UINT64_C(1) << 30},
        {"2MiB", true, 2 << 20},
        {"", false, 0},
        {"K", false, 0},
        {"1T", false, 0},
        {"-1", false, 0},
        {"1KB", false, 0},
        {"18446744073709551615", true, UINT64_MAX},
        {"18446744073709551616", false, 0},
        {"99999999999999999G", false, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint64_t bytes = 0;
        if (aw_parse_size(rows[i].text, &bytes) != rows[i].good)
            fail_msg("size '%s'", rows[i].text);
        if (rows[i].good) assert_int_equal(bytes, rows[i].bytes);
    }
}

static void the_nearest_word(void **state)
{
    (void)state;
    static const char *const words[] = {"ignored", "deadlock", "json", "ndjson"};
    assert_string_equal(aw_nearest("ignord", words, 4), "ignored");
    assert_string_equal(aw_nearest("dead-lock", words, 4), "deadlock");
    assert_string_equal(aw_nearest("jsn", words, 4), "json");
    assert_null(aw_nearest("xyzzyplugh", words, 4));
}

/* Parses; what it writes to standard error is not looked at here. */
static enum aw_parsed parse(struct aw_options *o, char **argv)
{
    int argc = 0;
    while (argv[argc])
        argc++;
    return aw_options_parse(o, argc, argv);
}

static void options_are_taken(void **state)
{
    (void)state;
    char *argv[] = {"await100",  "-r",
                    "a.pcap",    "-A",
                    "-o",        "json",
                    "-j",        "3",
                    "-c",        "7",
                    "--fail-on", "warning,ignored,empty",
                    "--set",     "idle-timeout=5s",
                    "--memory",  "64M",
                    "-r",        "-",
                    "tcp",       "port 80",
                    NULL};
    struct aw_options o;
    assert_int_equal(parse(&o, argv), AW_PARSED_RUN);
    assert_int_equal(o.read_count, 2);
    assert_string_equal(o.read[0], "a.pcap");
    assert_string_equal(o.read[1], "-");
    assert_string_equal(o.filter, "tcp port 80");
    assert_string_equal(o.format->name, "json");
    assert_true(o.config.all);
    assert_int_equal(o.jobs, 3);
    assert_int_equal(o.stop_after, 7);
    assert_int_equal(o.fail_on, AW_FAIL_WARNING | AW_FAIL_EMPTY);
    assert_true(o.fail_causes == UINT64_C(1) << AW_CAUSE_IGNORED);
    assert_true(o.config.threshold[AW_T_IDLE_TIMEOUT] == 5 * AW_SEC);
    assert_int_equal(o.config.memory, 64 << 20);
    aw_options_free(&o);
}

static void live_options_are_taken(void **state)
{
    (void)state;
    char *argv[] = {"await100", "-i", "eth0", "-i", "any",          "-B",  "4096",
                    "-s",       "96", "-plq", "-a", "duration:1.5", "tcp", NULL};
    struct aw_options o;
    assert_int_equal(parse(&o, argv), AW_PARSED_RUN);
    assert_int_equal(o.interface_count, 2);
    assert_string_equal(o.interfaces[1], "any");
    assert_int_equal(o.buffer_bytes, 4096 << 10);
    assert_int_equal(o.snaplen, 96);
    assert_true(o.not_promiscuous && o.quiet);
    assert_true(o.duration == 1500 * AW_MS);
    assert_string_equal(o.filter, "tcp");
    aw_options_free(&o);
}

static void wrong_use_is_refused(void **state)
{
    (void)state;
    static char *const rows[][6] = {
        {"await100"},
        {"await100", "--nonsense", "-r", "x"},
        {"await100", "-r"},
        {"await100", "-r", "x", "-o", "jsn"},
        {"await100", "-r", "x", "-j", "0"},
        {"await100", "-r", "x", "-j", "65"},
        {"await100", "-r", "x", "-c", "0"},
        {"await100", "-r", "x", "--memory", "5"},
        {"await100", "-r", "x", "--fail-on", "sometimes"},
        {"await100", "-r", "x", "--set", "idle-timeout"},
        {"await100", "-r", "x", "--set", "idle-timeout=soon"},
        {"await100", "-r", "x", "--set", "no-such=1"},
        {"await100", "-r", "-", "-r", "-"},
        {"await100", "tcp port 80"},
        {"await100", "-i", "lo", "-r", "x"},
        {"await100", "-i", "lo", "-a", "5"},
        {"await100", "-i", "lo", "-a", "duration:0"},
        {"await100", "-i", "lo", "-a", "duration:5m"},
        {"await100", "-r", "x", "-a", "duration:5"},
        {"await100", "-i", "lo", "-B", "0"},
        {"await100", "-i", "lo", "-B", "2G"},
        {"await100", "-i", "lo", "-s", "-1"},
        {"await100", "-i", "lo", "--streams", "d"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *argv[7] = {NULL};
        for (size_t k = 0; k < 6 && rows[i][k]; k++)
            argv[k] = rows[i][k];
        struct aw_options o;
        if (parse(&o, argv) != AW_PARSED_BAD) fail_msg("row %zu was taken", i);
    }
}

/* Help fits 80 columns and names every option of the table. */
static void help_fits(void **state)
{
    (void)state;
    char path[] = "/tmp/await100-help-XXXXXX";
    const int file = mkstemp(path), out = dup(STDOUT_FILENO);
    assert_true(file >= 0 && out >= 0);
    fflush(stdout);
    assert_true(dup2(file, STDOUT_FILENO) >= 0);
    char *argv[] = {"await100", "--help", NULL};
    struct aw_options o;
    const enum aw_parsed parsed = parse(&o, argv);
    fflush(stdout);
    dup2(out, STDOUT_FILENO);
    close(out);
    close(file);
    assert_int_equal(parsed, AW_PARSED_DONE);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    char line[256], all[16384] = "";
    while (fgets(line, sizeof line, f)) {
        const size_t len = strcspn(line, "\n");
        if (len > 80) fail_msg("%zu columns: %s", len, line);
        if (len > 0 && line[len - 1] == ' ') fail_msg("blank at the end: %s", line);
        assert_true(strlen(all) + strlen(line) < sizeof all);
        strcat(all, line);
    }
    fclose(f);
    remove(path);
#define AW_OPTION(id, letter, name, arg, help) assert_non_null(strstr(all, "--" name));
#include "app/options.def"
#undef AW_OPTION
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_with_units),
        cmocka_unit_test(sizes_with_units),
        cmocka_unit_test(the_nearest_word),
        cmocka_unit_test(options_are_taken),
        cmocka_unit_test(live_options_are_taken),
        cmocka_unit_test(wrong_use_is_refused),
        cmocka_unit_test(help_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
