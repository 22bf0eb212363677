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
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "await100/filter.h"
#include "app/options.h"
#include "app/version.h"
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

/* A dash alone is standard input, and within a filter what it is there. */
static void a_dash_alone(void **state)
{
    (void)state;
    char *input[] = {"await100", "-", "tcp", NULL};
    struct aw_options o;
    assert_int_equal(parse(&o, input), AW_PARSED_RUN);
    assert_int_equal(o.read_count, 1);
    assert_string_equal(o.read[0], "-");
    assert_string_equal(o.filter, "tcp");
    aw_options_free(&o);
    char *minus[] = {"await100", "-r", "x", "tcp[0]", "-", "1", "=", "79", NULL};
    assert_int_equal(parse(&o, minus), AW_PARSED_RUN);
    assert_int_equal(o.read_count, 1);
    assert_string_equal(o.filter, "tcp[0] - 1 = 79");
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

/* --- what is said --- */

struct said {
    enum aw_parsed parsed;
    char out[32768], err[4096];
};

static void take_back(int file, int kept, FILE *stream, char *text, size_t size)
{
    fflush(stream);
    assert_true(dup2(kept, fileno(stream)) >= 0);
    const ssize_t n = pread(file, text, size - 1, 0);
    assert_true(n >= 0 && (size_t)n < size - 1);
    text[n] = '\0';
    close(kept);
    close(file);
}

static void listen_to(struct said *s, char *const *words)
{
    char *argv[16] = {"await100"};
    for (size_t i = 0; words[i]; i++)
        argv[i + 1] = words[i];
    const int out = memfd_create("out", 0), err = memfd_create("err", 0);
    const int kept_out = dup(STDOUT_FILENO), kept_err = dup(STDERR_FILENO);
    assert_true(out >= 0 && err >= 0 && kept_out >= 0 && kept_err >= 0);
    fflush(stdout);
    assert_true(dup2(out, STDOUT_FILENO) >= 0 && dup2(err, STDERR_FILENO) >= 0);
    struct aw_options o;
    s->parsed = parse(&o, argv);
    take_back(out, kept_out, stdout, s->out, sizeof s->out);
    take_back(err, kept_err, stderr, s->err, sizeof s->err);
    if (s->parsed == AW_PARSED_RUN) aw_options_free(&o);
}

/* Whoever wrote it wrong is told what was wrong with it, and nothing else is printed. */
static void wrong_use_is_explained(void **state)
{
    (void)state;
    static struct {
        char *words[8];
        const char *says;
    } rows[] = {
        {{"--me", "x"}, "--me may mean --metrics, --memory, --merge: write more of it"},
        {{"--al=x"}, "--al may mean --all, --align"},
        {{"--formt", "json"}, "--formt is not an option; did you mean --format?"},
        {{"--all=x"}, "--all takes no argument"},
        {{"-r", "x", "-9"}, "-9 is not an option"},
        {{"--read"}, "--read needs an argument"},
        {{"-r", "x", "-C", "0", "--record", "y"}, "-C 0: give a number of millions of bytes"},
        {{"-r", "x", "-C", "1M", "--record", "y"}, "-C 1M: give a number of millions of bytes"},
        {{"-r", "x", "-G", "0", "--record", "y"}, "-G 0: give a number of seconds"},
        {{"-r", "x", "-G", "1.5", "--record", "y"}, "-G 1.5: give a number of seconds"},
        {{"-r", "x", "-W", "0", "--record", "y"}, "-W 0: give a number of files"},
        {{"-r", "x", "-C", "1"}, "-C, -G and -W are about --record"},
        {{"-r", "x", "--record", "y", "-W", "3"}, "-W needs -C or -G"},
        {{"-r", "x", "-w", "-"}, "give the report a file with -O"},
        {{"-r", "x", "--record", "-"}, "give the report a file with -O"},
        {{"-r", "x", "-O", "y", "-w", "-", "--record", "-"}, "packets to standard output"},
        {{"-r", "x", "--hide-addresses"}, "--hide-addresses is about --bundle"},
        {{"-r", "-", "--bundle", "b.tar.gz"}, "--bundle reads its input more than once"},
        {{"-i", "lo", "--from", "12:00"}, "--from and --to are for captures"},
        {{"-r", "x", "-Y", "status =="}, "-Y: "},
        {{"-r", "x", "--set", "wait-rtts=many"}, "--set wait-rtts: 'many' is no number"},
        {{"--compare", "a"}, "--compare takes two summaries"},
        {{"--compare", "a", "b", "c"}, "--compare takes two summaries"},
        {{"--compare", "a", "b", "-r", "x"}, "--compare takes two summaries"},
        {{"--compare", "a", "b", "-o", "html"}, "--compare takes two summaries"},
        {{"--compare", "a", "b", "-w", "x"}, "--compare takes two summaries"},
        {{"--compare", "a", "b", "-A"}, "--compare takes two summaries"},
        {{"--compare", "a", "b", "--fail-on", "error"}, "--compare takes two summaries"},
        {{"--compare", "a", "b", "--merge", "c"}, "--compare takes two summaries"},
        {{"--compare", "-", "-"}, "--compare: - may be given once"},
        {{"--merge", "a", "-r", "x"}, "--merge takes summaries"},
        {{"--merge", "a", "-i", "lo"}, "--merge takes summaries"},
        {{"--merge", "a", "-Y", "failing"}, "-Y: "},
        {{"--merge", "a", "-Y", "recovered"}, "--merge takes summaries"},
        {{"--merge", "a", "-w", "x"}, "--merge takes summaries"},
        {{"--merge", "a", "--fail-on", "error"}, "--merge takes summaries"},
        {{"--merge", "a", "-o", "har"}, "--merge: -o har is of single exchanges"},
        {{"--merge", "-", "a", "-"}, "--merge: - may be given once"},
        {{"--align", "a"}, "--align takes the client's capture and the server's"},
        {{"--align", "a", "b", "-w", "x"}, "--align compares two captures"},
        {{"--align", "a", "b", "--record", "x"}, "--align compares two captures"},
        {{"--align", "a", "b", "--streams", "x"}, "--align compares two captures"},
        {{"--align", "a", "b", "--metrics", "x"}, "--align compares two captures"},
        {{"--align", "a", "b", "--bundle", "x.tar.gz"}, "--align compares two captures"},
        {{"--align", "a", "b", "-Y", "recovered"}, "--align compares two captures"},
        {{"--align", "a", "b", "--fail-on", "error"}, "--align compares two captures"},
        {{"--align", "a", "b", "--compare", "c"}, "--align compares two captures"},
        {{"--align", "a", "b", "-o", "csv"}, "--align writes text or json, not csv"},
        {{"--align", "-", "-"}, "--align: - may be given once"},
    };
    static struct said s;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        listen_to(&s, rows[i].words);
        if (s.parsed != AW_PARSED_BAD) fail_msg("row %zu (%s) was taken", i, rows[i].says);
        if (!strstr(s.err, rows[i].says) || strncmp(s.err, "await100: ", 10) != 0)
            fail_msg("not '%s': %s", rows[i].says, s.err);
        assert_string_equal(s.out, "");
    }
}

/* No output takes the place of an input, by whatever name, or of another output; devices may be
 * shared, and a total may replace itself. */
static void outputs_stand_apart(void **state)
{
    (void)state;
    char dir[] = "/tmp/await100-test-XXXXXX", in[64], other[64], fresh[64];
    assert_non_null(mkdtemp(dir));
    (void)snprintf(in, sizeof in, "%s/in", dir);
    (void)snprintf(other, sizeof other, "%s/link", dir);
    (void)snprintf(fresh, sizeof fresh, "%s/new", dir);
    FILE *made = fopen(in, "w");
    assert_non_null(made);
    assert_int_equal(fclose(made), 0);
    assert_int_equal(symlink(in, other), 0);
    const struct {
        char *words[8];
        const char *says; /* NULL: taken */
    } rows[] = {
        {{"-r", in, "-O", in}, "-O "},
        {{"-r", other, "-O", in}, "-O "},
        {{"-r", in, "-O", other}, "-O "},
        {{"-r", "x", "-r", in, "-w", in}, "-w "},
        {{"-r", in, "--record", in}, "--record "},
        {{"-r", in, "--metrics", in}, "--metrics "},
        {{"--align", "x", in, "-O", in}, "-O "},
        {{"--compare", in, "x", "-O", in}, "-O "},
        {{"--merge", in, "x", "-O", in}, NULL},
        {{"-r", "x", "-O", fresh, "-w", fresh}, "-O and -w: both to "},
        {{"-r", "x", "-w", in, "--record", other}, "-w and --record: both to "},
        {{"-r", "x", "--metrics", fresh, "-O", fresh}, "-O and --metrics: both to "},
        {{"-r", "x", "-O", "/dev/null", "-w", "/dev/null"}, NULL},
        {{"-r", "x", "-O", fresh, "-w", in}, NULL},
        {{"-r", "/dev/null", "-O", "/dev/null"}, NULL},
    };
    static struct said s;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        listen_to(&s, rows[i].words);
        const enum aw_parsed wanted = !rows[i].says                   ? AW_PARSED_RUN
                                      : strstr(rows[i].says, " and ") ? AW_PARSED_BAD
                                                                      : AW_PARSED_LOST;
        if (s.parsed != wanted) fail_msg("row %zu", i);
        if (rows[i].says && (strncmp(s.err, "await100: ", 10) != 0 ||
                             strncmp(s.err + 10, rows[i].says, strlen(rows[i].says)) != 0))
            fail_msg("not '%s': %s", rows[i].says, s.err);
    }
    assert_int_equal(unlink(in), 0);
    assert_int_equal(unlink(other), 0);
    assert_int_equal(rmdir(dir), 0);
}

/* The bytes of a line up to its character `n`. */
static size_t bytes_of(const char *line, size_t n)
{
    size_t at = 0;
    for (size_t chars = 0; line[at]; at++)
        if (((unsigned char)line[at] & 0xc0) != 0x80 && chars++ == n) break;
    return at;
}

/* An error in an expression is pointed at, below its very characters, however long the text; what
 * is shown of it is whole characters, and nothing that a terminal would obey. */
static void errors_are_pointed_at(void **state)
{
    (void)state;
#define LONG  "status == 100 and status == 100 and status == 100 and status == 100"
#define WIDE  "\xc3\xa4\xc3\xb6\xc3\xbc"
#define WIDER WIDE WIDE WIDE WIDE WIDE WIDE WIDE WIDE
    static const char *const rows[] = {
        "nosuch == 1",
        "host == '" WIDE "' and nosuch",
        "host == '\x1b]0;\x7f' and nosuch",
        LONG " and nosuch",
        "nosuch and " LONG,
        LONG " and nosuch and " LONG,
        "host == '" WIDER WIDER "' and nosuch and host == '" WIDER WIDER "'",
        "host == 'x" WIDER WIDER "' and nosuch and host == 'x" WIDER WIDER "'",
    };
    static struct said s;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[512];
        snprintf(text, sizeof text, "%s", rows[i]);
        listen_to(&s, (char *[]){"-r", "x", "-Y", text, NULL});
        assert_int_equal(s.parsed, AW_PARSED_BAD);
        const char *shown = strchr(s.err, '\n');
        assert_non_null(shown);
        const char *below = strchr(++shown, '\n');
        assert_non_null(below);
        below++;
        const size_t column = strspn(below, " ");
        assert_int_equal(strcspn(below + column, "\n"), strlen("nosuch"));
        if (strncmp(shown + bytes_of(shown, column), "nosuch", 6) != 0) fail_msg("%s", s.err);
        if (bytes_of(shown, 81) < (size_t)(below - shown)) fail_msg("long: %s", s.err);
        for (const char *c = shown; c + 1 < below; c++) {
            if ((unsigned char)*c < ' ' || *c == 0x7f) fail_msg("a control byte: %s", s.err);
            const bool inner = ((unsigned char)*c & 0xc0) == 0x80, lead = (unsigned char)*c >= 0xc0;
            assert_int_equal(inner, c > shown && (unsigned char)c[-1] >= 0xc0);
            assert_int_equal(lead, ((unsigned char)c[1] & 0xc0) == 0x80);
        }
    }
    listen_to(&s,
              (char *[]){"-r", "x", "-Y", "status ==", NULL}); /* what is missing has no width */
    assert_non_null(strstr(s.err, "\n  status ==\n           ^\n"));
}

/* Asked for, they are printed, and nothing is analysed. */
static void lists_are_printed(void **state)
{
    (void)state;
    static struct said s;
    listen_to(&s, (char *[]){"-V", NULL});
    assert_int_equal(s.parsed, AW_PARSED_DONE);
    assert_string_equal(s.out, "await100 " AW_VERSION "\n");
    listen_to(&s, (char *[]){"--set", "help", NULL});
    assert_int_equal(s.parsed, AW_PARSED_DONE);
    for (enum aw_threshold t = 0; t < AW_T_COUNT; t++)
        assert_non_null(strstr(s.out, aw_threshold_name(t)));
    listen_to(&s, (char *[]){"-Y", "help", NULL});
    assert_int_equal(s.parsed, AW_PARSED_DONE);
    for (unsigned f = 0; f < aw_field_count(); f++)
        assert_non_null(strstr(s.out, aw_field_name(f)));
    assert_non_null(strstr(s.out, "word: ok, info, unknown, warning, error\n"));
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
        cmocka_unit_test(times_with_units),       cmocka_unit_test(sizes_with_units),
        cmocka_unit_test(the_nearest_word),       cmocka_unit_test(options_are_taken),
        cmocka_unit_test(live_options_are_taken), cmocka_unit_test(wrong_use_is_refused),
        cmocka_unit_test(wrong_use_is_explained), cmocka_unit_test(errors_are_pointed_at),
        cmocka_unit_test(lists_are_printed),      cmocka_unit_test(help_fits),
        cmocka_unit_test(outputs_stand_apart),    cmocka_unit_test(a_dash_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
