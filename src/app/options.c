/*
 * Parses the command line from the table in options.def, by getopt_long.
 */
#include "app/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/explain.h"
#include "app/live.h"
#include "app/match.h"
#include "app/option.h"
#include "app/version.h"
#include "sink/complain.h"
#include "sink/say.h"
#include "sink/sink.h"
#include "source/source.h"

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

/* What an argument without an option is about. No filter begins with a dash alone. */
static enum option_id bare_id(const struct aw_options *o, const char *arg)
{
    if (strcmp(arg, "-") == 0 && !o->filter) return OPT_READ;
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
    aw_complain("--explain: cannot write: %s", strerror(errno));
    return AW_PARSED_LOST;
}

static bool live_fits(const struct aw_options *o)
{
    if (o->read_count > 0) {
        aw_complain("-i and -r together: %s is a capture; either, not both", o->read[0]);
        return false;
    }
    if (o->streams) {
        aw_complain("--streams is for captures: record with --record and read that");
        return false;
    }
    return true;
}

/* The command line asks for more than these modes have: they read no capture as others do, or none
 * at all. What the configuration asks for is for other runs. */
static bool asks_for_more(const struct aw_options *o, const struct option_configured *c)
{
    return o->write != c->o.write || o->record != c->o.record || o->streams != c->o.streams ||
           o->metrics != c->o.metrics || o->bundle != c->o.bundle ||
           o->match_text != c->o.match_text || o->config.all != c->o.config.all ||
           ((o->fail_on || o->fail_causes) && !c->fail_on) ||
           (o->align[0] != NULL) + (o->compare[0] != NULL) + (o->merge_count > 0) > 1;
}

/* The second file of --compare stands where captures stand otherwise. */
static enum aw_parsed take_compare(struct aw_options *o, const struct option_configured *c,
                                   int count, char *const *words)
{
    const bool alone =
        o->read_count == 0 && o->interface_count == 0 && !o->filter && !asks_for_more(o, c) &&
        (strcmp(o->format->name, "text") == 0 || strcmp(o->format->name, "json") == 0);
    if (count != 1 || !alone) {
        aw_complain("--compare takes two summaries, and of the options -O, -q and -o text or json: "
                    "--compare before.json after.json");
        return AW_PARSED_BAD;
    }
    o->compare[1] = words[0];
    if (strcmp(o->compare[0], "-") == 0 && strcmp(o->compare[1], "-") == 0) {
        aw_complain("--compare: - may be given once: there is one standard input");
        return AW_PARSED_BAD;
    }
    return AW_PARSED_RUN;
}

/* All further words are files as well. What a record or a summary no longer tells cannot be asked.
 */
static enum aw_parsed take_merge(struct aw_options *o, const struct option_configured *c, int count,
                                 char *const *words)
{
    size_t from_stdin = 0;
    if (o->read_count || o->interface_count || o->filter || asks_for_more(o, c)) {
        aw_complain(
            "--merge takes summaries (-o json) and records (-o ndjson), and of the options -o, "
            "-O and -q: no captures, and nothing that asks for packets");
        return AW_PARSED_BAD;
    }
    if (!o->format->merges) {
        aw_complain("--merge: -o %s is of single exchanges: text, json, html and md can be merged",
                    o->format->name);
        return AW_PARSED_BAD;
    }
    for (int i = 0; i < count; i++)
        if (!option_add_word(&o->merge, &o->merge_count, words[i])) return AW_PARSED_BAD;
    for (size_t i = 0; i < o->merge_count; i++)
        from_stdin += strcmp(o->merge[i], "-") == 0;
    if (from_stdin > 1) {
        aw_complain("--merge: - may be given once: there is one standard input");
        return AW_PARSED_BAD;
    }
    return AW_PARSED_RUN;
}

/* The server's capture is the first word behind --align; what follows is the filter. */
static enum aw_parsed take_align(struct aw_options *o, const struct option_configured *c, int count,
                                 char *const *words)
{
    if (count < 1 || o->read_count > 0 || o->interface_count > 0) {
        aw_complain("--align takes the client's capture and the server's: --align client.pcap "
                    "server.pcap");
        return AW_PARSED_BAD;
    }
    if (asks_for_more(o, c)) {
        aw_complain("--align compares two captures and writes that alone: no packets, no metrics, "
                    "no other mode, no -Y, -A and --fail-on");
        return AW_PARSED_BAD;
    }
    const bool known = strcmp(o->format->name, "text") == 0 || strcmp(o->format->name, "json") == 0;
    if (!known && o->format == c->o.format) { /* the configuration's is for other runs */
        o->format = aw_format_find("text");
    } else if (!known) {
        aw_complain("--align writes text or json, not %s", o->format->name);
        return AW_PARSED_BAD;
    }
    o->align[1] = words[0];
    if (strcmp(o->align[0], "-") == 0 && strcmp(o->align[1], "-") == 0) {
        aw_complain("--align: - may be given once: there is one standard input");
        return AW_PARSED_BAD;
    }
    for (int i = 1; i < count; i++)
        if (!option_add_filter(o, words[i])) return AW_PARSED_BAD;
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
            .name = option_table[i].name,
            .has_arg = option_table[i].arg ? required_argument : no_argument,
            .val = LONG_BASE + i,
        };
        if (!option_table[i].letter) continue;
        g->letters[at++] = option_table[i].letter;
        if (option_table[i].arg) g->letters[at++] = ':';
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
        if (option_table[i].letter == got) return i;
    return GOT_UNKNOWN;
}

static void complain_long(const char *word)
{
    char name[64];
    size_t could = 0;
    snprintf(name, sizeof name, "%.*s", (int)strcspn(word + 2, "="), word + 2);
    for (size_t i = 0; i < OPT_COUNT; i++)
        could += strncmp(option_table[i].name, name, strlen(name)) == 0;
    if (could > 1) {
        struct aw_sentence many = {.len = 0};
        for (size_t i = 0; i < OPT_COUNT; i++)
            if (strncmp(option_table[i].name, name, strlen(name)) == 0)
                aw_sentence_add(&many, "%s --%s", many.len > 0 ? "," : "", option_table[i].name);
        aw_complain("--%s may mean%s: write more of it", name, many.text);
        return;
    }
    const char *near = option_nearest(name);
    aw_complain("--%s is not an option%s%s%s; -h lists them", name, near ? "; did you mean --" : "",
                near ? near : "", near ? "?" : "");
}

static void complain_got(int got, const char *word)
{
    if (got == GOT_NO_ARGUMENT)
        aw_complain("%s needs an argument", word);
    else if (optopt != 0 && optopt < LONG_BASE)
        aw_complain("-%c is not an option; -h lists them", optopt);
    else if (optopt >= LONG_BASE)
        aw_complain("--%s takes no argument", option_table[optopt - LONG_BASE].name);
    else
        complain_long(word);
}

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

/* --- all of it --- */

static enum aw_parsed parse(struct aw_options *o, int argc, char **argv)
{
    struct option_configured c = {0};
    c.o = *o;
    if (wants_config(argc, argv) && !option_read_config(o, &c)) return AW_PARSED_BAD;
    struct getter g;
    getter_init(&g);
    for (int id; (id = getter_next(&g, argc, argv)) != GOT_END;) {
        if (id == GOT_UNKNOWN || id == GOT_NO_ARGUMENT) {
            complain_got(id, argv[optind - 1]);
            return AW_PARSED_BAD;
        }
        if (id == OPT_HELP) {
            option_print_help();
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
            option_print_thresholds();
            return AW_PARSED_DONE;
        }
        if (id == OPT_LIST) return aw_interfaces_print() ? AW_PARSED_DONE : AW_PARSED_LOST;
        if (id == OPT_EXPLAIN) return explain(optarg);
        option_replace_configured(o, &c, (enum option_id)id);
        if (!option_take(o, (enum option_id)id, optarg)) return AW_PARSED_BAD;
    }
    if (o->align[0]) {
        if (c.interfaces > 0) o->interface_count = 0; /* of the configuration */
        return take_align(o, &c, argc - optind, argv + optind);
    }
    if (o->compare[0]) return take_compare(o, &c, argc - optind, argv + optind);
    if (o->merge_count) return take_merge(o, &c, argc - optind, argv + optind);
    for (int i = optind; i < argc; i++) {
        const enum option_id id = bare_id(o, argv[i]);
        option_replace_configured(o, &c, id);
        if (!option_take(o, id, argv[i])) return AW_PARSED_BAD;
    }
    /* What asks for a report asks for no dashboard. */
    if (!o->no_ui)
        o->no_ui = o->output || o->bundle || o->write || o->record || o->streams || o->metrics ||
                   o->quiet || o->verbose || o->fail_on != 0 || o->fail_causes != 0;
    if (o->read_count == 0 && o->interface_count == 0 && !o->no_ui && isatty(STDOUT_FILENO)) {
        if (!option_add_word(&o->interfaces, &o->interface_count, "any")) return AW_PARSED_BAD;
    }
    if (o->read_count == 0 && o->interface_count == 0) {
        aw_complain("no input given: await100 -r FILE, or -i IF for live capture (-h for help)");
        return AW_PARSED_BAD;
    }
    if (o->interface_count > 0 && !live_fits(o)) return AW_PARSED_BAD;
    if (o->interface_count == 0 && o->duration > 0) {
        aw_complain("-a is for live capture, with -i");
        return AW_PARSED_BAD;
    }
    if (o->interface_count > 0 && (o->from.kind != AW_BOUND_NONE || o->to.kind != AW_BOUND_NONE)) {
        aw_complain("--from and --to are for captures (-r); live, -a duration:S ends a run");
        return AW_PARSED_BAD;
    }
    if ((o->record_bytes || o->record_seconds || o->record_files) && !o->record) {
        aw_complain("-C, -G and -W are about --record FILE");
        return AW_PARSED_BAD;
    }
    if (o->record_files && !o->record_bytes && !o->record_seconds) {
        aw_complain("-W needs -C or -G: it counts the files that these begin");
        return AW_PARSED_BAD;
    }
    const bool record_out = o->record && strcmp(o->record, "-") == 0;
    const bool write_out = o->write && strcmp(o->write, "-") == 0;
    if (record_out + write_out + (o->output == NULL) > 1 && (record_out || write_out)) {
        aw_complain("%s - writes packets to standard output: give the report a file with -O",
                    write_out ? "-w" : "--record");
        return AW_PARSED_BAD;
    }
    if (o->hide_addresses && !o->bundle) {
        aw_complain("--hide-addresses is about --bundle FILE");
        return AW_PARSED_BAD;
    }
    size_t from_stdin = 0;
    for (size_t i = 0; i < o->read_count; i++)
        from_stdin += strcmp(o->read[i], "-") == 0;
    if (o->bundle && (from_stdin > 0 || o->interface_count > 0)) {
        aw_complain(
            "--bundle reads its input more than once: --record it to a file, and read that");
        return AW_PARSED_BAD;
    }
    if (from_stdin > 1) {
        aw_complain("-r - may be given once: there is one standard input");
        return AW_PARSED_BAD;
    }
    return AW_PARSED_RUN;
}

enum aw_parsed aw_options_parse(struct aw_options *o, int argc, char **argv)
{
    *o = (struct aw_options){.format = aw_format_find("text")};
    aw_config_init(&o->config);
    enum aw_parsed parsed = parse(o, argc, argv);
    if (parsed == AW_PARSED_RUN) parsed = option_outputs_apart(o);
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
