/*
 * The configuration file: what its lines mean, that the command line wins, what is refused and how
 * that is said, and which files are not read.
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

#include "app/options.h"
#include "sink/sink.h"

enum { ARGS = 8 };

static char home[] = "/tmp/await100-config-XXXXXX";
static char folder[64], file[80], said[4096];

static int make_home(void **state)
{
    (void)state;
    if (!mkdtemp(home)) return -1;
    (void)snprintf(folder, sizeof folder, "%s/await100", home);
    (void)snprintf(file, sizeof file, "%s/config", folder);
    return mkdir(folder, 0700) || setenv("XDG_CONFIG_HOME", home, 1);
}

static int remove_home(void **state)
{
    (void)state;
    (void)remove(file);
    return rmdir(folder) || rmdir(home);
}

static void put(const void *text, size_t len)
{
    FILE *f = fopen(file, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(file, 0600), 0);
}

/* Parses, with what is said on standard error in `said`. */
static enum aw_parsed parse(struct aw_options *o, char *const *args)
{
    char *argv[ARGS + 2] = {"await100"};
    int argc = 1;
    while (argc <= ARGS && args[argc - 1]) {
        argv[argc] = args[argc - 1];
        argc++;
    }
    char path[] = "/tmp/await100-said-XXXXXX";
    const int to = mkstemp(path), was = dup(STDERR_FILENO);
    assert_true(to >= 0 && was >= 0);
    fflush(stderr);
    assert_true(dup2(to, STDERR_FILENO) >= 0);
    const enum aw_parsed parsed = aw_options_parse(o, argc, argv);
    fflush(stderr);
    dup2(was, STDERR_FILENO);
    close(was);
    const ssize_t n = pread(to, said, sizeof said - 1, 0);
    assert_true(n >= 0);
    said[n] = '\0';
    close(to);
    remove(path);
    return parsed;
}

static const char *join(char *to, size_t size, const char *const *words, size_t count)
{
    size_t used = 0;
    to[0] = '\0';
    for (size_t i = 0; i < count; i++)
        used += (size_t)snprintf(to + used, size - used, "%s%s", i ? "," : "", words[i]);
    return to;
}

/* What the options came to, as one line. */
static void show(char *to, size_t size, const struct aw_options *o)
{
    char read[256], live[256];
    (void)snprintf(to, size, "%s -r %s -i %s -f %s -Y %s -O %s fail %x idle %lld%s%s%s",
                   o->format->name, join(read, sizeof read, o->read, o->read_count),
                   join(live, sizeof live, o->interfaces, o->interface_count),
                   o->filter ? o->filter : "", o->match_text ? o->match_text : "",
                   o->output ? o->output : "", o->fail_on,
                   (long long)(o->config.threshold[AW_T_IDLE_TIMEOUT] / AW_SEC),
                   o->config.all ? " all" : "", o->quiet ? " quiet" : "", o->no_ui ? " N" : "");
}

static void lines_and_command_line(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text;
        char *const args[ARGS];
        const char *want;
    } rows[] = {
        {"nothing in it", "", {"-r", "x"}, "text -r x -i  -f  -Y  -O  fail 0 idle 60"},
        {"comments and empty lines",
         "# json\n\n  \t\n   # all\n",
         {"-r", "x"},
         "text -r x -i  -f  -Y  -O  fail 0 idle 60"},
        {"equals, blank, nothing",
         "format = json\nset idle-timeout=5s\nall\n",
         {"-r", "x"},
         "json -r x -i  -f  -Y  -O  fail 0 idle 5 all"},
        {"no blanks, dashes, CRLF, no last newline",
         "--format=csv\r\nquiet",
         {"-r", "x"},
         "csv -r x -i  -f  -Y  -O  fail 0 idle 60 quiet N"},
        {"a comment behind",
         "format = json # for the pipeline\nall # every one\noutput = a#b\n",
         {"-r", "x"},
         "json -r x -i  -f  -Y  -O a#b fail 0 idle 60 all N"},
        {"quotes",
         "output = \"a #b\" # c\n",
         {"-r", "x"},
         "text -r x -i  -f  -Y  -O a #b fail 0 idle 60 N"},
        {"on and off",
         "all = yes\nquiet = no\n",
         {"-r", "x"},
         "text -r x -i  -f  -Y  -O  fail 0 idle 60 all"},
        {"the command line wins",
         "format = json\nset = idle-timeout=5s\nmatch = status == 417\noutput = a\n",
         {"-r", "x", "-o", "csv", "--set=idle-timeout=7s", "-Yrecovered", "-Ob"},
         "csv -r x -i  -f  -Y recovered -O b fail 0 idle 7 N"},
        {"lists are replaced",
         "fail-on = error,empty\nfilter = port 80\ninterface = lo\n",
         {"-r", "x", "--fail-on", "unknown", "port 81"},
         "text -r x -i  -f port 81 -Y  -O  fail 4 idle 60 N"},
        {"an interface to fall back on",
         "interface = lo\nfilter = port 80\n",
         {"-N"},
         "text -r  -i lo -f port 80 -Y  -O  fail 0 idle 60 N"},
        {"another interface",
         "interface = lo\n",
         {"-N", "-i", "a", "-i", "b"},
         "text -r  -i a,b -f  -Y  -O  fail 0 idle 60 N"},
        {"not read",
         "format = json\n",
         {"-r", "x", "--no-config"},
         "text -r x -i  -f  -Y  -O  fail 0 idle 60"},
        {"wrong and not read",
         "nonsense\n",
         {"--no-config", "-r", "x"},
         "text -r x -i  -f  -Y  -O  fail 0 idle 60"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct aw_options o;
        char got[1024];
        put(rows[i].text, strlen(rows[i].text));
        if (parse(&o, rows[i].args) != AW_PARSED_RUN)
            fail_msg("%s: refused: %s", rows[i].name, said);
        show(got, sizeof got, &o);
        aw_options_free(&o);
        if (strcmp(got, rows[i].want) != 0)
            fail_msg("%s:\n  %s\n  %s was wanted", rows[i].name, got, rows[i].want);
    }
}

static void mistakes_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text, *want[3];
    } rows[] = {
        {"unknown", "all\nformt = json\n", {"'formt'", "did you mean 'format'", "config:2;"}},
        {"a value that is none",
         "\n# x\nformat = jsn\n",
         {"-o", "did you mean 'json'", "config:3;"}},
        {"a threshold", "set = idle-tmeout=1s\n", {"did you mean 'idle-timeout'", "config:1;"}},
        {"a cause", "fail-on = ignord\n", {"did you mean 'ignored'", "config:1;"}},
        {"a field", "match = statsu == 1\n", {"did you mean", "status", "config:1;"}},
        {"no value", "format\n", {"'format' needs a value", "config:1;"}},
        {"half a line", "format =\n", {"value is missing", "config:1;"}},
        {"no name", "= json\n", {"name = value", "config:1;"}},
        {"a strange name", "for.mat json\n", {"name = value", "config:1;"}},
        {"an open quote", "output = \"a\n", {"quote does not end", "config:1;"}},
        {"behind a quote", "output = \"a\" b\n", {"follows the quoted value", "config:1;"}},
        {"a flag with a value", "all = maybe\n", {"'all' is on or off", "config:1;"}},
        {"an input", "read = x.pcap\n", {"'read' belongs on the command line", "config:1;"}},
        {"a command", "help\n", {"'help' belongs on the command line", "config:1;"}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct aw_options o;
        char *const args[ARGS] = {"-r", "x"};
        put(rows[i].text, strlen(rows[i].text));
        if (parse(&o, args) != AW_PARSED_BAD) fail_msg("%s: was taken", rows[i].name);
        for (size_t k = 0; k < 3 && rows[i].want[k]; k++)
            if (!strstr(said, rows[i].want[k]))
                fail_msg("%s: no '%s' in: %s", rows[i].name, rows[i].want[k], said);
        if (!strstr(said, file)) fail_msg("%s: the file is not named: %s", rows[i].name, said);
    }
}

static void files_that_are_not_read(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum { OPEN_TO_ALL, LONG, WITH_NUL, FOLDER, PIPE, GONE } what;
        enum aw_parsed want;
        const char *words;
    } rows[] = {
        {"everybody may write", OPEN_TO_ALL, AW_PARSED_BAD, "everybody"},
        {"too long", LONG, AW_PARSED_BAD, "64 KiB"},
        {"no text", WITH_NUL, AW_PARSED_BAD, "NUL"},
        {"a folder", FOLDER, AW_PARSED_BAD, "regular"},
        {"a pipe", PIPE, AW_PARSED_BAD, "regular"},
        {"none", GONE, AW_PARSED_RUN, ""},
    };
    static char text[64 * 1024 + 1];
    memset(text, '#', sizeof text);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        (void)remove(file);
        switch (rows[i].what) {
        case OPEN_TO_ALL:
            put("all\n", 4);
            assert_int_equal(chmod(file, 0666), 0);
            break;
        case LONG:
            put(text, sizeof text);
            break;
        case WITH_NUL:
            put("all\0\n", 5);
            break;
        case FOLDER:
            assert_int_equal(mkdir(file, 0700), 0);
            break;
        case PIPE:
            assert_int_equal(mkfifo(file, 0600), 0);
            break;
        case GONE:
            break;
        }
        struct aw_options o;
        char *const args[ARGS] = {"-r", "x"};
        const enum aw_parsed parsed = parse(&o, args);
        if (parsed == AW_PARSED_RUN) aw_options_free(&o);
        if (parsed != rows[i].want || !strstr(said, rows[i].words))
            fail_msg("%s: %d, %s", rows[i].name, (int)parsed, said);
        if (rows[i].want == AW_PARSED_BAD && !strstr(said, "--no-config"))
            fail_msg("%s: no way out is told: %s", rows[i].name, said);
    }
    (void)remove(file);
}

static void home_where_xdg_is_not_set(void **state)
{
    (void)state;
    char dot[64], below[80], path[96];
    (void)snprintf(dot, sizeof dot, "%s/.config", home);
    (void)snprintf(below, sizeof below, "%s/await100", dot);
    (void)snprintf(path, sizeof path, "%s/config", below);
    assert_int_equal(mkdir(dot, 0700), 0);
    assert_int_equal(mkdir(below, 0700), 0);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs("all\n", f);
    fclose(f);
    static const char *const xdg[] = {NULL, "", "relative"};
    setenv("HOME", home, 1);
    for (size_t i = 0; i < sizeof xdg / sizeof *xdg; i++) {
        struct aw_options o;
        char *const args[ARGS] = {"-r", "x"};
        if (xdg[i])
            setenv("XDG_CONFIG_HOME", xdg[i], 1);
        else
            unsetenv("XDG_CONFIG_HOME");
        assert_int_equal(parse(&o, args), AW_PARSED_RUN);
        assert_true(o.config.all);
        aw_options_free(&o);
    }
    setenv("XDG_CONFIG_HOME", home, 1);
    assert_int_equal(remove(path) || rmdir(below) || rmdir(dot), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_and_command_line),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(files_that_are_not_read),
        cmocka_unit_test(home_where_xdg_is_not_set),
    };
    return cmocka_run_group_tests(tests, make_home, remove_home);
}
