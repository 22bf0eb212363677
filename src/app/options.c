/*
 * Parses the command line from the table in options.def, by getopt_long.
 */
#include "app/options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/conffile.h"
#include "app/explain.h"
#include "app/live.h"
#include "app/match.h"
#include "app/version.h"
#include "sink/archive.h"
#include "sink/sink.h"
#include "source/source.h"

enum option_id {
#define AW_OPTION(id, letter, name, arg, help) OPT_##id,
#include "app/options.def"
#undef AW_OPTION
    OPT_COUNT
};

static const struct {
    char letter;
    const char *name, *arg, *help;
} table[OPT_COUNT] = {
#define AW_OPTION(id, letter, name, arg, help) [OPT_##id] = {letter, name, arg, help},
#include "app/options.def"
#undef AW_OPTION
};

static void complain(const char *fmt, ...) AW_PRINTF(1, 2);
static void complain(const char *fmt, ...)
{
    va_list args;
    fputs("await100: ", stderr);
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fputs("\n", stderr);
}

/* --- values --- */

bool aw_parse_time(const char *text, aw_ns *out)
{
    static const struct {
        const char *name;
        double ns;
    } units[] = {{"", 1e6}, {"ms", 1e6}, {"s", 1e9}, {"us", 1e3}, {"ns", 1}, {"m", 60e9}};
    char *end;
    if (!isdigit((unsigned char)text[0]) && text[0] != '.') return false;
    const double value = strtod(text, &end);
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (strcmp(end, units[i].name) != 0) continue;
        const double ns = value * units[i].ns;
        if (!(ns >= 0) || ns > 1e17) return false; /* three years */
        *out = (aw_ns)(ns + 0.5);
        return true;
    }
    return false;
}

bool aw_parse_size(const char *text, uint64_t *out)
{
    if (!isdigit((unsigned char)text[0])) return false;
    char *end;
    errno = 0;
    const unsigned long long value = strtoull(text, &end, 10);
    if (errno != 0) return false;
    unsigned shift = 0;
    switch (toupper((unsigned char)*end)) {
    case 'K':
        shift = 10;
        break;
    case 'M':
        shift = 20;
        break;
    case 'G':
        shift = 30;
        break;
    case '\0':
        break;
    default:
        return false;
    }
    if (shift) end++;
    if (shift && strcmp(end, "iB") == 0) end += 2;
    if (*end != '\0' || value > UINT64_MAX >> shift) return false;
    *out = (uint64_t)value << shift;
    return true;
}

static bool parse_count(const char *text, uint64_t most, uint64_t *out)
{
    if (!isdigit((unsigned char)text[0])) return false;
    char *end;
    errno = 0;
    const unsigned long long value = strtoull(text, &end, 10);
    if (errno != 0 || *end != '\0' || value > most) return false;
    *out = value;
    return true;
}

/* `hint`: where to look for those that are known. */
static void complain_word(const char *what, const char *word, const char *const *words,
                          size_t count, const char *hint)
{
    const char *near = aw_nearest(word, words, count);
    if (near)
        complain("%s: '%s' is not known; did you mean '%s'?", what, word, near);
    else
        complain("%s: '%s' is not known; %s", what, word, hint);
}

/* --- help --- */

/* Prints text wrapped at 79 columns, continuation lines indented; `column`: where it begins. */
static void print_wrapped(size_t column, size_t indent, const char *text)
{
    bool first = true;
    while (*text) {
        const size_t word = strcspn(text, " ");
        if (!first && column + 1 + word > 79) {
            printf("\n%*s", (int)indent, "");
            column = indent;
        } else if (!first) {
            putchar(' ');
            column++;
        }
        printf("%.*s", (int)word, text);
        column += word;
        text += word;
        text += strspn(text, " ");
        first = false;
    }
    putchar('\n');
}

static void print_help(void)
{
    enum { INDENT = 26 };
    puts("await100 " AW_VERSION ": why \"Expect: 100-continue\" handshakes fail, from packets\n\n"
         "usage: await100 -r FILE [-r FILE...] [options] [BPF filter expression]\n"
         "       await100 -i IF [-i IF...] [options] [BPF filter expression]\n"
         "       await100 --compare BEFORE AFTER\n"
         "       await100 --merge FILE...\n"
         "       await100 --align CLIENT SERVER [BPF filter expression]\n\n"
         "options:");
    for (size_t i = 0; i < OPT_COUNT; i++) {
        char left[64];
        if (table[i].letter)
            snprintf(left, sizeof left, "  -%c, --%s%s%s", table[i].letter, table[i].name,
                     table[i].arg ? " " : "", table[i].arg ? table[i].arg : "");
        else
            snprintf(left, sizeof left, "      --%s%s%s", table[i].name, table[i].arg ? " " : "",
                     table[i].arg ? table[i].arg : "");
        printf("%-*s", INDENT, left);
        if (strlen(left) >= INDENT) printf("\n%*s", INDENT, "");
        print_wrapped(INDENT, INDENT, table[i].help);
    }
    puts("\nA bare argument that names a readable capture is taken as -r. Unlike tcpdump, -A\n"
         "means every exchange (not ASCII) and -O the output file (not: no optimiser).\n\n"
         "exit status: 0 analysed; 1 --fail-on matched, or --compare found worse;\n"
         "2 wrong use; 3 an input could not be opened or was damaged; 4 the output could\n"
         "not be written");
}

static void print_thresholds(void)
{
    for (enum aw_threshold t = 0; t < AW_T_COUNT; t++) {
        char value[32];
        if (aw_threshold_unit(t) == AW_UNIT_NS)
            snprintf(value, sizeof value, "%.6gms", (double)aw_threshold_default(t) / 1e6);
        else
            snprintf(value, sizeof value, "%lld", (long long)aw_threshold_default(t));
        printf("%-20s%10s  ", aw_threshold_name(t), value);
        print_wrapped(32, 32, aw_threshold_meaning(t));
    }
}

/* --- options that take lists and names --- */

static bool set_threshold(struct aw_options *o, const char *text)
{
    const char *equals = strchr(text, '=');
    if (!equals) {
        complain("--set %s: give NAME=VALUE; --set help lists the names", text);
        return false;
    }
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)(equals - text), text);
    const char *names[AW_T_COUNT];
    for (enum aw_threshold t = 0; t < AW_T_COUNT; t++) {
        names[t] = aw_threshold_name(t);
        if (strcmp(name, names[t]) != 0) continue;
        uint64_t count = 0;
        const bool good = aw_threshold_unit(t) == AW_UNIT_NS
                              ? aw_parse_time(equals + 1, &o->config.threshold[t])
                              : parse_count(equals + 1, 1000000, &count);
        if (!good) {
            complain("--set %s: '%s' is no %s", name, equals + 1,
                     aw_threshold_unit(t) == AW_UNIT_NS ? "time (as 200ms, 1.5s)" : "number");
            return false;
        }
        if (aw_threshold_unit(t) == AW_UNIT_COUNT) o->config.threshold[t] = (int64_t)count;
        return true;
    }
    for (enum aw_threshold t = 0; t < AW_T_COUNT; t++)
        names[t] = aw_threshold_name(t);
    complain_word("--set", name, names, AW_T_COUNT, "--set help lists the names");
    return false;
}

static bool add_fail_word(struct aw_options *o, const char *word)
{
    static const struct {
        const char *name;
        unsigned bit;
    } words[] = {{"warning", AW_FAIL_WARNING},
                 {"error", AW_FAIL_ERROR},
                 {"unknown", AW_FAIL_UNKNOWN},
                 {"empty", AW_FAIL_EMPTY}};
    enum { WORDS = sizeof words / sizeof *words };
    const char *names[WORDS + AW_CAUSE_COUNT];
    for (size_t i = 0; i < WORDS; i++) {
        names[i] = words[i].name;
        if (strcmp(word, words[i].name) == 0) {
            o->fail_on |= words[i].bit;
            return true;
        }
    }
    for (enum aw_cause c = 0; c < AW_CAUSE_COUNT; c++) {
        names[WORDS + c] = aw_cause_slug(c);
        if (strcmp(word, names[WORDS + c]) == 0) {
            o->fail_causes |= UINT64_C(1) << c;
            return true;
        }
    }
    complain_word("--fail-on", word, names, WORDS + AW_CAUSE_COUNT,
                  "give warning, error, unknown, empty or a cause (--explain list names them)");
    return false;
}

static bool set_fail_on(struct aw_options *o, const char *list)
{
    char word[64];
    do {
        const size_t len = strcspn(list, ",");
        snprintf(word, sizeof word, "%.*s", (int)len, list);
        if (!add_fail_word(o, word)) return false;
        list += len;
    } while (*list++ == ',');
    return true;
}

static bool set_format(struct aw_options *o, const char *name)
{
    o->format = aw_format_find(name);
    if (o->format) return true;
    const char *names[16];
    size_t count = 0;
    while (aw_formats[count] && count < sizeof names / sizeof *names) {
        names[count] = aw_formats[count]->name;
        count++;
    }
    complain_word("-o", name, names, count, "-h lists the formats");
    return false;
}

static bool add_word(const char ***list, size_t *count, const char *word)
{
    if (*count >= UINT16_MAX) {
        complain("too many inputs: %d at most", UINT16_MAX);
        return false;
    }
    const char **grown = realloc(*list, (*count + 1) * sizeof *grown);
    if (!grown) {
        complain("out of memory");
        return false;
    }
    *list = grown;
    grown[(*count)++] = word;
    return true;
}

static bool add_input(struct aw_options *o, const char *path)
{
    return add_word(&o->read, &o->read_count, path);
}

static bool set_duration(struct aw_options *o, const char *text)
{
    static const char what[] = "duration:";
    char *end;
    if (strncmp(text, what, sizeof what - 1) != 0) {
        complain("-a %s: give duration:SECONDS", text);
        return false;
    }
    const char *number = text + sizeof what - 1;
    const double seconds = strtod(number, &end);
    if (!isdigit((unsigned char)number[0]) || *end != '\0' || !(seconds > 0) || seconds > 1e8) {
        complain("-a %s: '%s' is no number of seconds above 0", text, number);
        return false;
    }
    o->duration = (aw_ns)(seconds * 1e9);
    return true;
}

static bool set_buffer(struct aw_options *o, const char *text)
{
    uint64_t kib;
    if (parse_count(text, UINT32_MAX, &kib))
        o->buffer_bytes = kib << 10;
    else if (!aw_parse_size(text, &o->buffer_bytes))
        o->buffer_bytes = 0;
    if (o->buffer_bytes > 0 && o->buffer_bytes <= INT32_MAX) return true;
    complain("-B %s: give a size in KiB, or one such as 64M; less than 2G", text);
    return false;
}

static bool add_filter(struct aw_options *o, const char *words)
{
    const size_t old = o->filter ? strlen(o->filter) + 1 : 0;
    char *grown = realloc(o->filter, old + strlen(words) + 1);
    if (!grown) {
        complain("out of memory");
        return false;
    }
    if (old) grown[old - 1] = ' ';
    memcpy(grown + old, words, strlen(words) + 1);
    o->filter = grown;
    return true;
}

/* --- the parser --- */

static bool take(struct aw_options *o, enum option_id id, const char *arg)
{
    uint64_t number;
    switch (id) {
    case OPT_INTERFACE:
        return add_word(&o->interfaces, &o->interface_count, arg);
    case OPT_READ:
        return add_input(o, arg);
    case OPT_FILTER:
        return add_filter(o, arg);
    case OPT_FORMAT:
        o->no_ui = true;
        return set_format(o, arg);
    case OPT_OUTPUT:
        o->output = arg;
        return true;
    case OPT_ALL:
        o->config.all = true;
        return true;
    case OPT_MATCH:
        aw_expr_free(o->match);
        o->match_text = arg;
        o->match = aw_match_parse(arg);
        return o->match != NULL;
    case OPT_FROM:
    case OPT_TO:
        if (aw_bound_parse(arg, id == OPT_FROM ? &o->from : &o->to)) return true;
        complain("--%s %s: give a moment as 2026-01-02T03:04:05 or 14:30:05, or +10s from the "
                 "first packet",
                 table[id].name, arg);
        return false;
    case OPT_WRITE:
        o->write = arg;
        return true;
    case OPT_BUNDLE:
        o->bundle = arg;
        if (aw_archive_knows(arg)) return true;
        complain("--bundle %s: give a name that ends in .tar.zst or .tar.gz", arg);
        return false;
    case OPT_HIDE_ADDRESSES:
        o->hide_addresses = true;
        return true;
    case OPT_RECORD:
        o->record = arg;
        return true;
    case OPT_FILE_SIZE:
        if (!parse_count(arg, UINT64_MAX / 1000000, &o->record_bytes) || !o->record_bytes) {
            complain("-C %s: give a number of millions of bytes, 1 or more", arg);
            return false;
        }
        o->record_bytes *= 1000000;
        return true;
    case OPT_FILE_SECONDS:
        if (parse_count(arg, INT32_MAX, &o->record_seconds) && o->record_seconds) return true;
        complain("-G %s: give a number of seconds, 1 or more", arg);
        return false;
    case OPT_FILE_COUNT:
        if (parse_count(arg, INT32_MAX, &o->record_files) && o->record_files) return true;
        complain("-W %s: give a number of files, 1 or more", arg);
        return false;
    case OPT_FAIL_ON:
        return set_fail_on(o, arg);
    case OPT_JOBS:
        if (!parse_count(arg, AW_SHARDS_MAX, &number) || number == 0) {
            complain("-j %s: give a number from 1 to %d", arg, AW_SHARDS_MAX);
            return false;
        }
        o->jobs = (unsigned)number;
        return true;
    case OPT_STREAMS:
        o->streams = arg;
        return true;
    case OPT_METRICS:
        o->metrics = arg;
        return true;
    case OPT_USER:
        o->user = arg;
        return true;
    case OPT_NO_SANDBOX:
        o->no_sandbox = true;
        return true;
    case OPT_SET:
        return set_threshold(o, arg);
    case OPT_SHOW_SECRETS:
        o->show_secrets = true;
        return true;
    case OPT_PACKETS:
        if (!parse_count(arg, UINT64_MAX, &o->stop_after) || o->stop_after == 0) {
            complain("-c %s: give a number of packets, 1 or more", arg);
            return false;
        }
        return true;
    case OPT_MEMORY:
        if (!aw_parse_size(arg, &number) || number < 1 << 20 || number > SIZE_MAX) {
            complain("--memory %s: give a size of at least 1M, such as 256M or 1G", arg);
            return false;
        }
        o->config.memory = (size_t)number;
        return true;
    case OPT_AUTOSTOP:
        return set_duration(o, arg);
    case OPT_SNAPLEN:
        if (!parse_count(arg, INT32_MAX, &o->snaplen)) {
            complain("-s %s: give a number of bytes, 0 for all", arg);
            return false;
        }
        return true;
    case OPT_BUFFER:
        return set_buffer(o, arg);
    case OPT_NO_PROMISCUOUS:
        o->not_promiscuous = true;
        return true;
    case OPT_ALIGN:
        o->align[0] = arg;
        return true;
    case OPT_COMPARE:
        o->compare[0] = arg;
        return true;
    case OPT_MERGE:
        return add_word(&o->merge, &o->merge_count, arg);
    case OPT_QUIET:
        o->quiet = true;
        return true;
    case OPT_NO_UI:
        o->no_ui = true;
        return true;
    case OPT_VERBOSE:
        o->verbose = true;
        return true;
    case OPT_EXPLAIN:
    case OPT_NUMERIC:
    case OPT_LIST:
    case OPT_LINE_BUFFERED:
    case OPT_HELP:
    case OPT_VERSION:
    case OPT_NO_CONFIG:
    case OPT_COUNT:
        return true;
    }
    return true;
}

/* A bare argument that looks like the path of a capture, for a clear word where it cannot be read.
 */
static bool looks_like_path(const char *arg)
{
    static const char *const endings[] = {".pcap", ".pcapng", ".cap", ".gz",
                                          ".zst",  ".xz",     ".lz4", ".bz2"};
    if (strchr(arg, ' ')) return false;
    const size_t len = strlen(arg);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        const size_t end = strlen(endings[i]);
        if (len > end && strcmp(arg + len - end, endings[i]) == 0) return true;
    }
    return false;
}

/* What an argument without an option is about. */
static enum option_id bare_id(const char *arg)
{
    return aw_source_is_capture(arg) || looks_like_path(arg) ? OPT_READ : OPT_FILTER;
}

static enum aw_parsed explain(const char *word)
{
    switch (aw_explain_print(word)) {
    case AW_EXPLAINED:
        return AW_PARSED_DONE;
    case AW_EXPLAIN_UNKNOWN:
        return AW_PARSED_BAD;
    case AW_EXPLAIN_FAILED:
        break;
    }
    complain("--explain: cannot write: %s", strerror(errno));
    return AW_PARSED_LOST;
}

static bool live_fits(const struct aw_options *o)
{
    if (o->read_count > 0) {
        complain("-i and -r together: %s is a capture; either, not both", o->read[0]);
        return false;
    }
    if (o->streams) {
        complain("--streams is for captures: record with --record and read that");
        return false;
    }
    return true;
}

/* The second file of --compare stands where captures stand otherwise. */
static enum aw_parsed take_compare(struct aw_options *o, int count, char *const *words)
{
    const bool alone =
        o->read_count == 0 && o->interface_count == 0 && !o->filter &&
        (strcmp(o->format->name, "text") == 0 || strcmp(o->format->name, "json") == 0);
    if (count != 1 || !alone) {
        complain("--compare takes two summaries and no captures, and -o text or json: "
                 "--compare before.json after.json");
        return AW_PARSED_BAD;
    }
    o->compare[1] = words[0];
    if (strcmp(o->compare[0], "-") == 0 && strcmp(o->compare[1], "-") == 0) {
        complain("--compare: - may be given once: there is one standard input");
        return AW_PARSED_BAD;
    }
    return AW_PARSED_RUN;
}

/* All further words are files as well. What a record or a summary no longer tells cannot be asked.
 */
static enum aw_parsed take_merge(struct aw_options *o, int count, char *const *words)
{
    size_t from_stdin = 0;
    if (o->read_count || o->interface_count || o->filter || o->match || o->write || o->record ||
        o->streams || o->metrics || o->fail_on || o->fail_causes) {
        complain(
            "--merge takes summaries (-o json) and records (-o ndjson), and of the options -o, "
            "-O and -q: no captures, and nothing that asks for packets");
        return AW_PARSED_BAD;
    }
    if (!o->format->merges) {
        complain("--merge: -o %s is of single exchanges: text, json, html and md can be merged",
                 o->format->name);
        return AW_PARSED_BAD;
    }
    for (int i = 0; i < count; i++)
        if (!add_word(&o->merge, &o->merge_count, words[i])) return AW_PARSED_BAD;
    for (size_t i = 0; i < o->merge_count; i++)
        from_stdin += strcmp(o->merge[i], "-") == 0;
    if (from_stdin > 1) {
        complain("--merge: - may be given once: there is one standard input");
        return AW_PARSED_BAD;
    }
    return AW_PARSED_RUN;
}

/* The server's capture is the first word behind --align; what follows is the filter. */
static enum aw_parsed take_align(struct aw_options *o, int count, char *const *words)
{
    const char *format = o->format->name;
    if (count < 1 || o->read_count > 0 || o->interface_count > 0) {
        complain("--align takes the client's capture and the server's: --align client.pcap "
                 "server.pcap");
        return AW_PARSED_BAD;
    }
    if (strcmp(format, "text") != 0 && strcmp(format, "json") != 0) {
        complain("--align writes text or json, not %s", format);
        return AW_PARSED_BAD;
    }
    o->align[1] = words[0];
    if (strcmp(o->align[0], "-") == 0 && strcmp(o->align[1], "-") == 0) {
        complain("--align: - may be given once: there is one standard input");
        return AW_PARSED_BAD;
    }
    for (int i = 1; i < count; i++)
        if (!add_filter(o, words[i])) return AW_PARSED_BAD;
    return AW_PARSED_RUN;
}

/* --- getopt --- */

enum { LONG_BASE = 256 }; /* getopt's value of option i is LONG_BASE + i */

struct getter {
    struct option longs[OPT_COUNT + 1];
    char letters[2 * OPT_COUNT + 2];
};

static void getter_init(struct getter *g)
{
    size_t at = 0;
    *g = (struct getter){.letters = ""};
    g->letters[at++] = ':';
    for (int i = 0; i < OPT_COUNT; i++) {
        g->longs[i] = (struct option){
            .name = table[i].name,
            .has_arg = table[i].arg ? required_argument : no_argument,
            .val = LONG_BASE + i,
        };
        if (!table[i].letter) continue;
        g->letters[at++] = table[i].letter;
        if (table[i].arg) g->letters[at++] = ':';
    }
    opterr = 0;
    optind = 0; /* start afresh, GNU's way: words are parsed more than once */
}

/* The next option's id, -1 at the end, or '?' or ':' beyond all ids, as getopt says it. */
enum { GOT_END = -1, GOT_UNKNOWN = OPT_COUNT, GOT_NO_ARGUMENT };
static int getter_next(const struct getter *g, int argc, char **argv)
{
    const int got = getopt_long(argc, argv, g->letters, g->longs, NULL);
    if (got == -1) return GOT_END;
    if (got == '?') return GOT_UNKNOWN;
    if (got == ':') return GOT_NO_ARGUMENT;
    if (got >= LONG_BASE) return got - LONG_BASE;
    for (int i = 0; i < OPT_COUNT; i++)
        if (table[i].letter == got) return i;
    return GOT_UNKNOWN;
}

static const char *nearest_option(const char *word)
{
    const char *names[OPT_COUNT];
    for (size_t i = 0; i < OPT_COUNT; i++)
        names[i] = table[i].name;
    return aw_nearest(word, names, OPT_COUNT);
}

static void complain_long(const char *word)
{
    char name[64];
    size_t could = 0;
    snprintf(name, sizeof name, "%.*s", (int)strcspn(word + 2, "="), word + 2);
    for (size_t i = 0; i < OPT_COUNT; i++)
        could += strncmp(table[i].name, name, strlen(name)) == 0;
    if (could > 1) {
        fprintf(stderr, "await100: --%s may mean", name);
        for (size_t i = 0, shown = 0; i < OPT_COUNT; i++)
            if (strncmp(table[i].name, name, strlen(name)) == 0)
                fprintf(stderr, "%s --%s", shown++ ? "," : "", table[i].name);
        fputs(": write more of it\n", stderr);
        return;
    }
    const char *near = nearest_option(name);
    complain("--%s is not an option%s%s%s; -h lists them", name, near ? "; did you mean --" : "",
             near ? near : "", near ? "?" : "");
}

static void complain_got(int got, const char *word)
{
    if (got == GOT_NO_ARGUMENT)
        complain("%s needs an argument", word);
    else if (optopt != 0 && optopt < LONG_BASE)
        complain("-%c is not an option; -h lists them", optopt);
    else if (optopt >= LONG_BASE)
        complain("--%s takes no argument", table[optopt - LONG_BASE].name);
    else
        complain_long(word);
}

/* --- the configuration file --- */

/* What the file sets and the command line replaces instead of adding to it. */
struct configured {
    size_t interfaces;
    bool filter, fail_on;
    bool no_ui; /* asked for by its own name */
};

/* Whether the file is to be read: not with --no-config, and not where no capture is read: a text
 * has to be there when the file is wrong. */
static bool wants_config(int argc, char **argv)
{
    struct getter g;
    getter_init(&g);
    for (int got; (got = getter_next(&g, argc, argv)) != GOT_END;) {
        if (got == OPT_NO_CONFIG || got == OPT_HELP || got == OPT_VERSION || got == OPT_EXPLAIN ||
            got == OPT_COMPARE || got == OPT_MERGE || got == GOT_UNKNOWN || got == GOT_NO_ARGUMENT)
            return false;
    }
    return true;
}

static bool is_command(enum option_id id)
{
    return id == OPT_HELP || id == OPT_VERSION || id == OPT_EXPLAIN || id == OPT_LIST ||
           id == OPT_NO_CONFIG || id == OPT_READ || id == OPT_COMPARE || id == OPT_MERGE ||
           id == OPT_ALIGN;
}

/* 1: yes, 0: no, -1: neither. */
static int yes_or_no(const char *value)
{
    static const char *const words[] = {"no", "yes", "false", "true", "off", "on", "0", "1"};
    for (int i = 0; i < (int)(sizeof words / sizeof *words); i++)
        if (strcmp(value, words[i]) == 0) return i & 1;
    return -1;
}

static bool take_configured(struct aw_options *o, const struct aw_confline *line)
{
    int id = 0;
    while (id < OPT_COUNT && strcmp(table[id].name, line->name) != 0)
        id++;
    if (id == OPT_COUNT) {
        const char *near = nearest_option(line->name);
        complain("'%s' is not an option%s%s%s; -h lists them", line->name,
                 near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
        return false;
    }
    if (is_command((enum option_id)id)) {
        complain("'%s' belongs on the command line", line->name);
        return false;
    }
    if (table[id].arg) {
        if (line->value) return take(o, (enum option_id)id, line->value);
        complain("'%s' needs a value: %s = %s", line->name, line->name, table[id].arg);
        return false;
    }
    const int yes = line->value ? yes_or_no(line->value) : 1;
    if (yes < 0) complain("'%s' is on or off: yes or no", line->name);
    return yes == 0 || (yes == 1 && take(o, (enum option_id)id, NULL));
}

static bool read_config(struct aw_options *o, struct configured *c)
{
    char err[4608];
    struct aw_confline line;
    enum aw_conf got = aw_conffile_open(&o->conffile, err, sizeof err);
    if (got == AW_CONF_BAD) complain("%s", err);
    while (got == AW_CONF_READ && aw_conffile_next(&o->conffile, &line)) {
        if (line.wrong) complain("%s", line.wrong);
        if (!line.wrong && take_configured(o, &line)) {
            if (strcmp(line.name, table[OPT_NO_UI].name) == 0) c->no_ui = o->no_ui;
            continue;
        }
        fprintf(stderr, "await100: this is %s:%u; --no-config goes without that file\n",
                o->conffile.path, line.no);
        got = AW_CONF_BAD;
    }
    o->no_ui = c->no_ui; /* a format to have reports in is no wish for one */
    c->interfaces = o->interface_count;
    c->filter = o->filter != NULL;
    c->fail_on = o->fail_on != 0 || o->fail_causes != 0;
    return got != AW_CONF_BAD;
}

/* Before the command line adds to it: what it replaces goes. */
static void replace_configured(struct aw_options *o, struct configured *c, enum option_id id)
{
    if (id == OPT_FAIL_ON && c->fail_on) {
        o->fail_on = 0;
        o->fail_causes = 0;
        c->fail_on = false;
    }
    if (id == OPT_FILTER && c->filter) {
        free(o->filter);
        o->filter = NULL;
        c->filter = false;
    }
    if ((id == OPT_INTERFACE || id == OPT_READ) && c->interfaces > 0) {
        o->interface_count = 0; /* those of the file are all there are */
        c->interfaces = 0;
    }
}

/* --- all of it --- */

static enum aw_parsed parse(struct aw_options *o, int argc, char **argv)
{
    struct configured c = {0};
    if (wants_config(argc, argv) && !read_config(o, &c)) return AW_PARSED_BAD;
    struct getter g;
    getter_init(&g);
    for (int id; (id = getter_next(&g, argc, argv)) != GOT_END;) {
        if (id == GOT_UNKNOWN || id == GOT_NO_ARGUMENT) {
            complain_got(id, argv[optind - 1]);
            return AW_PARSED_BAD;
        }
        if (id == OPT_HELP) {
            print_help();
            return AW_PARSED_DONE;
        }
        if (id == OPT_VERSION) {
            puts("await100 " AW_VERSION);
            return AW_PARSED_DONE;
        }
        if (id == OPT_MATCH && strcmp(optarg, "help") == 0) {
            aw_match_help();
            return AW_PARSED_DONE;
        }
        if (id == OPT_SET && strcmp(optarg, "help") == 0) {
            print_thresholds();
            return AW_PARSED_DONE;
        }
        if (id == OPT_LIST) return aw_interfaces_print() ? AW_PARSED_DONE : AW_PARSED_LOST;
        if (id == OPT_EXPLAIN) return explain(optarg);
        replace_configured(o, &c, (enum option_id)id);
        if (!take(o, (enum option_id)id, optarg)) return AW_PARSED_BAD;
    }
    if (o->align[0]) {
        if (c.interfaces > 0) o->interface_count = 0; /* of the configuration */
        return take_align(o, argc - optind, argv + optind);
    }
    if (o->compare[0]) return take_compare(o, argc - optind, argv + optind);
    if (o->merge_count) return take_merge(o, argc - optind, argv + optind);
    for (int i = optind; i < argc; i++) {
        const enum option_id id = bare_id(argv[i]);
        replace_configured(o, &c, id);
        if (!take(o, id, argv[i])) return AW_PARSED_BAD;
    }
    /* What asks for a report asks for no dashboard. */
    if (!o->no_ui)
        o->no_ui = o->output || o->bundle || o->write || o->record || o->streams || o->metrics ||
                   o->quiet || o->verbose || o->fail_on != 0 || o->fail_causes != 0;
    if (o->read_count == 0 && o->interface_count == 0 && !o->no_ui && isatty(STDOUT_FILENO)) {
        if (!add_word(&o->interfaces, &o->interface_count, "any")) return AW_PARSED_BAD;
    }
    if (o->read_count == 0 && o->interface_count == 0) {
        complain("no input given: await100 -r FILE, or -i IF for live capture (-h for help)");
        return AW_PARSED_BAD;
    }
    if (o->interface_count > 0 && !live_fits(o)) return AW_PARSED_BAD;
    if (o->interface_count == 0 && o->duration > 0) {
        complain("-a is for live capture, with -i");
        return AW_PARSED_BAD;
    }
    if (o->interface_count > 0 && (o->from.kind != AW_BOUND_NONE || o->to.kind != AW_BOUND_NONE)) {
        complain("--from and --to are for captures (-r); live, -a duration:S ends a run");
        return AW_PARSED_BAD;
    }
    if ((o->record_bytes || o->record_seconds || o->record_files) && !o->record) {
        complain("-C, -G and -W are about --record FILE");
        return AW_PARSED_BAD;
    }
    if (o->record_files && !o->record_bytes && !o->record_seconds) {
        complain("-W needs -C or -G: it counts the files that these begin");
        return AW_PARSED_BAD;
    }
    const bool record_out = o->record && strcmp(o->record, "-") == 0;
    const bool write_out = o->write && strcmp(o->write, "-") == 0;
    if (record_out + write_out + (o->output == NULL) > 1 && (record_out || write_out)) {
        complain("%s - writes packets to standard output: give the report a file with -O",
                 write_out ? "-w" : "--record");
        return AW_PARSED_BAD;
    }
    if (o->hide_addresses && !o->bundle) {
        complain("--hide-addresses is about --bundle FILE");
        return AW_PARSED_BAD;
    }
    size_t from_stdin = 0;
    for (size_t i = 0; i < o->read_count; i++)
        from_stdin += strcmp(o->read[i], "-") == 0;
    if (o->bundle && (from_stdin > 0 || o->interface_count > 0)) {
        complain("--bundle reads its input more than once: --record it to a file, and read that");
        return AW_PARSED_BAD;
    }
    if (from_stdin > 1) {
        complain("-r - may be given once: there is one standard input");
        return AW_PARSED_BAD;
    }
    return AW_PARSED_RUN;
}

enum aw_parsed aw_options_parse(struct aw_options *o, int argc, char **argv)
{
    *o = (struct aw_options){.format = aw_format_find("text")};
    aw_config_init(&o->config);
    const enum aw_parsed parsed = parse(o, argc, argv);
    if (parsed != AW_PARSED_RUN) aw_options_free(o);
    return parsed;
}

void aw_options_free(struct aw_options *o)
{
    free(o->read);
    free(o->interfaces);
    free(o->merge);
    free(o->filter);
    aw_expr_free(o->match);
    aw_conffile_free(&o->conffile);
    o->read = o->interfaces = o->merge = NULL;
    o->interface_count = o->merge_count = 0;
    o->filter = NULL;
    o->match = NULL;
    o->read_count = 0;
}
