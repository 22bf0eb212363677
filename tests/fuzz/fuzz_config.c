/*
 * The configuration file: the input is one. Its lines are what a slow reading of the rules in
 * conffile.h makes of them, and the options that come of it can be asked for and freed, whatever
 * it says; a file that is refused is refused with a line that names it.
 */
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz/fuzz.h"
#include "app/options.h"

static char home[] = "/tmp/await100-fuzz-XXXXXX";
static char folder[64], file[80];

static void remove_home(void)
{
    (void)remove(file);
    (void)rmdir(folder);
    (void)rmdir(home);
}

static void make_home(void)
{
    if (folder[0]) return;
    REQUIRE(mkdtemp(home), "mkdtemp");
    snprintf(folder, sizeof folder, "%s/await100", home);
    snprintf(file, sizeof file, "%s/config", folder);
    REQUIRE(mkdir(folder, 0700) == 0 && setenv("XDG_CONFIG_HOME", home, 1) == 0, "%s", folder);
    REQUIRE(atexit(remove_home) == 0, "atexit");
}

static void put(const uint8_t *data, size_t size)
{
    FILE *f = fopen(file, "w");
    REQUIRE(f && fwrite(data, 1, size, f) == size && fclose(f) == 0 && chmod(file, 0600) == 0, "%s",
            file);
}

/* --- the rules once more, the slow way: a line into its name and value --- */

struct want {
    char name[9000], value[9000];
    bool has_value;
    bool wrong;
};

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}
static bool word(char c)
{
    return strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_", c) && c;
}

/* False: the line says nothing. */
static bool read_line(const char *p, size_t n, struct want *out)
{
    size_t i = 0, from;
    *out = (struct want){.wrong = false};
    while (i < n && blank(p[i]))
        i++;
    if (i == n || p[i] == '#') return false;
    if (n - i >= 2 && p[i] == '-' && p[i + 1] == '-') i += 2;
    for (from = i; i < n && word(p[i]);)
        i++;
    memcpy(out->name, p + from, i - from);
    out->wrong = i == from;
    const size_t end = i;
    while (i < n && blank(p[i]))
        i++;
    const bool equals = i < n && p[i] == '=';
    if (i < n && !equals && i == end && p[i] != '#') out->wrong = true;
    if (out->wrong) return true;
    if (equals)
        for (i++; i < n && blank(p[i]);)
            i++;
    if (i < n && p[i] == '"') {
        const char *close = memchr(p + i + 1, '"', n - i - 1);
        out->wrong = !close;
        if (!close) return true;
        out->has_value = true;
        memcpy(out->value, p + i + 1, (size_t)(close - p) - i - 1);
        for (i = (size_t)(close - p) + 1; i < n && blank(p[i]);)
            i++;
        /* A comment right behind the quote counts: a value ended there. */
        out->wrong = i < n && p[i] != '#';
        return true;
    }
    from = i;
    size_t to = from;
    while (to < n && !(p[to] == '#' && (to == from || blank(p[to - 1]))))
        to++;
    while (to > from && blank(p[to - 1]))
        to--;
    out->has_value = to > from;
    memcpy(out->value, p + from, to - from);
    out->wrong = equals && !out->has_value;
    return true;
}

static void compare_lines(const char *text, size_t size)
{
    static struct want w;
    char err[512] = "";
    struct aw_conffile f;
    struct aw_confline line;
    const enum aw_conf got = aw_conffile_open(&f, err, sizeof err);
    if (memchr(text, '\0', size)) {
        REQUIRE(got == AW_CONF_BAD && strstr(err, file), "%d: %s", got, err);
        return;
    }
    REQUIRE(got == AW_CONF_READ, "%d: %s", got, err);
    unsigned no = 0;
    for (size_t from = 0; from < size;) {
        const char *end = memchr(text + from, '\n', size - from);
        const size_t n = end ? (size_t)(end - text) - from : size - from;
        no++;
        if (read_line(text + from, n, &w)) {
            REQUIRE(aw_conffile_next(&f, &line), "line %u is missing", no);
            REQUIRE(line.no == no, "line %u, not %u", line.no, no);
            REQUIRE(!line.wrong == !w.wrong, "line %u: %s", no, line.wrong ? line.wrong : "fine");
            if (!w.wrong)
                REQUIRE(strcmp(line.name, w.name) == 0 && !line.value == !w.has_value &&
                            (!w.has_value || strcmp(line.value, w.value) == 0),
                        "line %u: '%s' = '%s', not '%s' = '%s'", no, line.name,
                        line.value ? line.value : "(none)", w.name, w.value);
        }
        from += n + 1;
    }
    REQUIRE(!aw_conffile_next(&f, &line), "a line too many");
    aw_conffile_free(&f);
}

/* What options make of it; what they complain of goes nowhere. */
static void parse(void)
{
    static FILE *nowhere;
    if (!nowhere) nowhere = fopen("/dev/null", "w");
    REQUIRE(nowhere, "/dev/null");
    char *argv[] = {(char[]){"await100"}, (char[]){"-N"}, (char[]){"-r"}, (char[]){"x"}, NULL};
    struct aw_options o;
    FILE *was = stderr;
    stderr = nowhere;
    const enum aw_parsed parsed = aw_options_parse(&o, 4, argv);
    stderr = was;
    REQUIRE(parsed == AW_PARSED_RUN || parsed == AW_PARSED_BAD, "%d", parsed);
    if (parsed != AW_PARSED_RUN) return;
    REQUIRE(o.format && o.read_count >= 1, "a run without a format or an input");
    aw_options_free(&o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 8000) return 0;
    make_home();
    put(data, size);
    compare_lines((const char *)data, size);
    parse();
    return 0;
}
