/*
 * golden [--update] [--strict] [--program P] [--prefix "valgrind -q"] [--with OPTION] [--dir D]
 *        [NAME...]
 * golden --pcaps FOLDER ...: the verdicts alone, of every capture in FOLDER/MANIFEST (as the lab
 * records it)
 *
 * Runs the program on the captures of tests/golden/LIST and compares two things: the verdicts with
 * what the capture shows by construction (the `# expect:` lines of a scenario, the last column of
 * pcaps/MANIFEST), and the whole output with the expected file. The first can not be updated by
 * mistake; the second is written anew by --update. Each case runs with one engine and with three,
 * and both outputs have to be equal.
 *
 * LIST: name, capture, options, expected file, separated by tabs. The capture is a scenario or a
 * file below pcaps/; options "-" are none; "exit=N" among them says the exit status, 0 otherwise.
 * Where the options name no format, it is ndjson.
 *
 * An expectation reads CAUSE SEVERITY PARTY [recovered] [xN]. Run from the root of the tree.
 */
#include "../common/scn.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WANT_MAX = 64, ARG_MAX_COUNT = 48, RUN_SECONDS = 120, PATH_SIZE = PATH_MAX + 512 };

struct want {
    char cause[40], severity[12], party[16];
    bool recovered;
    unsigned count, found;
};

struct run {
    const char *dir, *prefix;
    const char *with;  /* an option given in every case */
    const char *pcaps; /* the folder of captures */
    char program[PATH_MAX];
    bool update, strict;
    unsigned passed, failed, undecided, updated;
};

struct test {
    char *name, *capture, *options, *expected;
};

/* --- files --- */

static char *slurp(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    if (!f) return NULL;
    char *buf = NULL;
    size_t room = 0;
    *len = 0;
    for (;;) {
        if (room - *len < 4096) {
            room = room ? room * 2 : 65536;
            char *q = realloc(buf, room);
            if (!q) break;
            buf = q;
        }
        const size_t n = fread(buf + *len, 1, room - *len - 1, f);
        if (n == 0) break;
        *len += n;
    }
    fclose(f);
    if (buf) buf[*len] = 0;
    return buf;
}

static bool spill(const char *path, const char *bytes, size_t len)
{
    FILE *f = fopen(path, "wb");
    if (!f) return false;
    const bool ok = fwrite(bytes, 1, len, f) == len;
    return fclose(f) == 0 && ok;
}

/* --- what is expected --- */

static bool parse_want(char *t, struct want *w)
{
    *w = (struct want){.count = 1};
    unsigned n = 0;
    for (char *save = NULL, *one = strtok_r(t, " \t\r\n", &save); one;
         one = strtok_r(NULL, " \t\r\n", &save), n++) {
        if (n == 0)
            snprintf(w->cause, sizeof w->cause, "%s", one);
        else if (n == 1)
            snprintf(w->severity, sizeof w->severity, "%s", one);
        else if (n == 2)
            snprintf(w->party, sizeof w->party, "%s", one);
        else if (strcmp(one, "recovered") == 0)
            w->recovered = true;
        else if (*one == 'x')
            w->count = (unsigned)strtoul(one + 1, NULL, 10);
        else
            return false;
    }
    return n >= 3 || (n == 1 && strcmp(w->cause, "none") == 0);
}

/* Reads expectations; *none says that it was stated that there are none. -1: unreadable. */
static int add_want(char *text, struct want *w, int n, bool *none)
{
    if (n == WANT_MAX || !parse_want(text, &w[n])) return -1;
    if (strcmp(w[n].cause, "none") != 0) return n + 1;
    *none = true;
    return n;
}

static int wants_of_scenario(const char *path, struct want *w, bool *none)
{
    static const char mark[] = "# expect:";
    FILE *f = fopen(path, "r");
    char line[1024];
    int n = 0;
    if (!f) return -1;
    while (n >= 0 && fgets(line, sizeof line, f))
        if (strncmp(line, mark, sizeof mark - 1) == 0)
            n = add_want(line + sizeof mark - 1, w, n, none);
    fclose(f);
    return n;
}

static int wants_of_manifest(const char *pcaps, const char *capture, struct want *w, bool *none)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/MANIFEST", pcaps);
    FILE *f = fopen(path, "r");
    char line[4096];
    int n = -1;
    if (!f) return -1;
    while (n < 0 && fgets(line, sizeof line, f)) {
        const size_t len = strcspn(line, "\t");
        if (line[len] == 0 || strncmp(line, capture, len) != 0 || capture[len]) continue;
        char *last = strrchr(line, '\t') + 1;
        n = 0;
        for (char *save = NULL, *one = strtok_r(last, ";", &save); one && n >= 0;
             one = strtok_r(NULL, ";", &save))
            n = add_want(one, w, n, none);
    }
    fclose(f);
    return n;
}

/* --- the program --- */

static bool names_format(const char *options)
{
    return strncmp(options, "-o ", 3) == 0 || strstr(options, " -o ") != NULL;
}

/* Runs it in `cwd`; its exit status, or -1 when it died of a signal. */
static int execute(const struct run *r, const char *cwd, const char *file, const char *options,
                   const char *engines, const char *out, const char *err)
{
    char words[3 * PATH_SIZE];
    char *argv[ARG_MAX_COUNT];
    unsigned n = 0;
    snprintf(words, sizeof words, "%s %s %s -r %s -j %s %s %s", r->prefix, r->program, r->with,
             file, engines, names_format(options) ? "" : "-o ndjson",
             strcmp(options, "-") == 0 ? "" : options);
    for (char *save = NULL, *one = strtok_r(words, " ", &save); one && n + 1 < ARG_MAX_COUNT;
         one = strtok_r(NULL, " ", &save))
        if (strncmp(one, "exit=", 5) != 0) argv[n++] = one;
    argv[n] = NULL;
    const pid_t pid = fork();
    if (pid < 0) return -1;
    if (pid == 0) {
        const int o = open(out, O_WRONLY | O_CREAT | O_TRUNC, 0644);
        const int e = open(err, O_WRONLY | O_CREAT | O_TRUNC, 0644);
        if (o < 0 || e < 0 || dup2(o, 1) < 0 || dup2(e, 2) < 0 || chdir(cwd) != 0) _exit(126);
        alarm(RUN_SECONDS); /* outlives exec: a hang is a failure, not a wait */
        execvp(argv[0], argv);
        _exit(127);
    }
    int status;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR) return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* --- comparison --- */

static bool undecided(const json_t *verdict)
{
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(verdict, "evidence"), i, one)
    {
        const char *s = json_string_value(one);
        if (s && strstr(s, "no rule")) return true;
    }
    return false;
}

static const char *text_of(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));
    return s ? s : "?";
}

/* Verdicts against expectations, in any order. Prints what differs. */
static bool check_verdicts(struct run *r, const struct test *c, const char *out, struct want *w,
                           int wants)
{
    unsigned open = 0, line_no = 0;
    bool ok = true;
    for (const char *line = out; *line;) {
        const size_t len = strcspn(line, "\n");
        line_no++;
        json_error_t e;
        json_t *rec = json_loadb(line, len, JSON_REJECT_DUPLICATES, &e);
        line += len + (line[len] == '\n');
        if (!rec) {
            printf("FAIL %s: line %u is no JSON: %s\n", c->name, line_no, e.text);
            return false;
        }
        const json_t *v = json_object_get(rec, "verdict");
        if (json_is_object(v)) {
            const char *cause = text_of(v, "cause"), *sev = text_of(v, "severity"),
                       *party = text_of(v, "party");
            const bool rec_ = json_is_true(json_object_get(v, "recovered"));
            int hit = -1;
            for (int i = 0; i < wants && hit < 0; i++)
                if (w[i].found < w[i].count && strcmp(w[i].cause, cause) == 0 &&
                    strcmp(w[i].severity, sev) == 0 && strcmp(w[i].party, party) == 0 &&
                    w[i].recovered == rec_)
                    hit = i;
            if (hit >= 0) {
                w[hit].found++;
            } else if (undecided(v)) {
                open++;
            } else {
                printf("FAIL %s: got %s %s %s%s\n", c->name, cause, sev, party,
                       rec_ ? " recovered" : "");
                ok = false;
            }
        }
        json_decref(rec);
    }
    for (int i = 0; i < wants; i++) {
        unsigned missing = w[i].count - w[i].found;
        const unsigned excused = missing < open && !r->strict ? missing : r->strict ? 0 : open;
        open -= excused;
        missing -= excused;
        r->undecided += excused;
        if (excused) printf("undecided %s: %s (x%u)\n", c->name, w[i].cause, excused);
        if (!missing) continue;
        printf("FAIL %s: wanted %s %s %s%s (x%u)\n", c->name, w[i].cause, w[i].severity, w[i].party,
               w[i].recovered ? " recovered" : "", missing);
        ok = false;
    }
    if (open) {
        printf("FAIL %s: %u verdicts too many, undecided\n", c->name, open);
        ok = false;
    }
    return ok;
}

/* The first line in which two texts differ, for a person to see. */
static void show_difference(const char *name, const char *what, const char *a, const char *b)
{
    unsigned line = 1;
    while (*a && *a == *b) {
        line += *a == '\n';
        a++;
        b++;
    }
    printf("FAIL %s: %s differ in line %u: \"%.60s\" against \"%.60s\"\n", name, what, line, a, b);
}

static bool check_expected(struct run *r, const struct test *c, const char *out, size_t len)
{
    char path[PATH_MAX];
    size_t old_len;
    snprintf(path, sizeof path, "tests/golden/%s", c->expected);
    char *old = slurp(path, &old_len);
    const bool same = old && old_len == len && memcmp(old, out, len) == 0;
    bool ok = same;
    if (!same && r->update) {
        ok = spill(path, out, len);
        if (ok)
            r->updated++;
        else
            printf("FAIL %s: %s cannot be written\n", c->name, path);
    } else if (!same && old) {
        show_difference(c->name, "expected and found output", old, out);
    } else if (!same) {
        printf("FAIL %s: no %s (golden --update writes it)\n", c->name, path);
    }
    free(old);
    return ok;
}

static bool run_test(struct run *r, const struct test *c)
{
    char cwd[PATH_MAX], file[512], out[PATH_SIZE], other[PATH_SIZE], err[PATH_SIZE], why[512];
    struct want want[WANT_MAX];
    bool none = false;
    int wants;
    const char *dot = strrchr(c->capture, '.');
    const bool scenario = dot && strcmp(dot, ".scn") == 0;
    snprintf(out, sizeof out, "%s/%s.out", r->dir, c->name);
    snprintf(other, sizeof other, "%s/%s.out3", r->dir, c->name);
    snprintf(err, sizeof err, "%s/%s.err", r->dir, c->name);
    if (scenario) {
        char script[PATH_SIZE], path[PATH_SIZE];
        snprintf(script, sizeof script, "tests/%s", c->capture);
        snprintf(cwd, sizeof cwd, "%s", r->dir);
        const char *base = strrchr(c->capture, '/');
        snprintf(file, sizeof file, "%s", base ? base + 1 : c->capture);
        strcpy(strrchr(file, '.'), ".pcap");
        snprintf(path, sizeof path, "%s/%s", r->dir, file);
        struct scn *s = scn_load(script, why, sizeof why);
        const bool made = s && scn_write(s, path, why, sizeof why);
        scn_free(s);
        if (!made) {
            printf("FAIL %s: %s\n", c->name, why);
            return false;
        }
        wants = wants_of_scenario(script, want, &none);
    } else {
        snprintf(cwd, sizeof cwd, "%s", r->pcaps);
        snprintf(file, sizeof file, "%s", strchr(c->capture, '/') + 1);
        wants = wants_of_manifest(r->pcaps, file, want, &none);
    }
    if (wants < 0 || (wants == 0 && !none)) {
        printf("FAIL %s: no readable expectation\n", c->name);
        return false;
    }
    const char *status = strstr(c->options, "exit=");
    const int want_status = status ? atoi(status + 5) : 0;
    const int got = execute(r, cwd, file, c->options, "1", out, err);
    const int got3 = execute(r, cwd, file, c->options, "3", other, err);
    size_t len = 0, len3 = 0;
    char *text = slurp(out, &len), *text3 = slurp(other, &len3);
    bool ok = true;
    if (!text || !text3) {
        printf("FAIL %s: no output\n", c->name);
        ok = false;
    } else if (got != want_status || got3 != want_status) {
        printf("FAIL %s: exit status %d and %d, wanted %d (see %s)\n", c->name, got, got3,
               want_status, err);
        ok = false;
    } else {
        if (len != len3 || memcmp(text, text3, len) != 0) {
            show_difference(c->name, "one engine and three", text, text3);
            ok = false;
        }
        if (!names_format(c->options) && !check_verdicts(r, c, text, want, wants)) ok = false;
        if (c->expected && !check_expected(r, c, text, len)) ok = false;
    }
    free(text);
    free(text3);
    return ok;
}

static bool chosen(const char *name, char **names, int count)
{
    for (int i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0) return true;
    return count == 0;
}

static bool run_list(struct run *r, char **names, int count)
{
    FILE *f = fopen("tests/golden/LIST", "r");
    char line[2048];
    unsigned at = 0;
    if (!f) {
        fprintf(stderr, "golden: tests/golden/LIST: %s (run me from the root)\n", strerror(errno));
        return false;
    }
    while (fgets(line, sizeof line, f)) {
        at++;
        line[strcspn(line, "\r\n")] = 0;
        if (*line == 0 || *line == '#') continue;
        char *save = NULL;
        struct test c = {.name = strtok_r(line, "\t", &save)};
        c.capture = strtok_r(NULL, "\t", &save);
        c.options = strtok_r(NULL, "\t", &save);
        c.expected = strtok_r(NULL, "\t", &save);
        if (!c.expected || !strchr(c.capture, '/')) {
            printf("FAIL LIST:%u: four columns wanted\n", at);
            r->failed++;
            continue;
        }
        if (!chosen(c.name, names, count)) continue;
        if (run_test(r, &c))
            r->passed++;
        else
            r->failed++;
    }
    fclose(f);
    return true;
}

static bool run_manifest(struct run *r)
{
    char path[PATH_SIZE], line[4096], capture[PATH_SIZE], options[] = "-";
    snprintf(path, sizeof path, "%s/MANIFEST", r->pcaps);
    FILE *f = fopen(path, "r");
    if (!f) {
        fprintf(stderr, "golden: %s: %s\n", path, strerror(errno));
        return false;
    }
    while (fgets(line, sizeof line, f)) {
        line[strcspn(line, "\t\r\n")] = 0;
        if (*line == 0 || *line == '#') continue;
        snprintf(capture, sizeof capture, "pcaps/%s", line);
        const struct test c = {.name = line, .capture = capture, .options = options};
        if (run_test(r, &c))
            r->passed++;
        else
            r->failed++;
    }
    fclose(f);
    return true;
}

int main(int argc, char **argv)
{
    struct run r = {.dir = "build/golden", .prefix = "", .with = "", .pcaps = "pcaps"};
    bool manifest = false;
    const char *program = "./await100";
    int i = 1;
    for (; i < argc && strncmp(argv[i], "--", 2) == 0; i++) {
        const char *next = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(argv[i], "--update") == 0)
            r.update = true;
        else if (strcmp(argv[i], "--strict") == 0)
            r.strict = true;
        else if (strcmp(argv[i], "--program") == 0 && next)
            program = argv[++i];
        else if (strcmp(argv[i], "--prefix") == 0 && next)
            r.prefix = argv[++i];
        else if (strcmp(argv[i], "--with") == 0 && next)
            r.with = argv[++i];
        else if (strcmp(argv[i], "--dir") == 0 && next)
            r.dir = argv[++i];
        else if (strcmp(argv[i], "--pcaps") == 0 && next) {
            r.pcaps = argv[++i];
            manifest = true;
        } else {
            fprintf(stderr, "golden: unknown option %s\n", argv[i]);
            return 2;
        }
    }
    if (!realpath(program, r.program)) {
        fprintf(stderr, "golden: %s: %s\n", program, strerror(errno));
        return 2;
    }
    if (strncmp(r.dir, "build/", 6) == 0) mkdir("build", 0755); /* the next one tells */
    if (mkdir(r.dir, 0755) != 0 && errno != EEXIST) {
        fprintf(stderr, "golden: %s: %s\n", r.dir, strerror(errno));
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (!(manifest ? run_manifest(&r) : run_list(&r, argv + i, argc - i))) return 2;
    printf("golden: %u passed, %u failed, %u verdicts without a rule yet, %u files updated\n",
           r.passed, r.failed, r.undecided, r.updated);
    return r.failed || r.passed == 0 ? 1 : 0;
}
