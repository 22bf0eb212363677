/*
 * What each option means: its argument read, checked and put where the run looks for it.
 */
#include "app/option.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/match.h"
#include "sink/archive.h"
#include "sink/complain.h"
#include "sink/sink.h"
#include "source/source.h"

const struct option_row option_table[OPT_COUNT] = {
#define AW_OPTION(id, letter, name, arg, help) [OPT_##id] = {letter, name, arg, help},
#include "app/options.def"
#undef AW_OPTION
};

const char *option_nearest(const char *word)
{
    const char *names[OPT_COUNT];
    for (size_t i = 0; i < OPT_COUNT; i++)
        names[i] = option_table[i].name;
    return aw_nearest(word, names, OPT_COUNT);
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
        aw_complain("%s: '%s' is not known; did you mean '%s'?", what, word, near);
    else
        aw_complain("%s: '%s' is not known; %s", what, word, hint);
}

/* --- options that take lists and names --- */

static bool set_threshold(struct aw_options *o, const char *text)
{
    const char *equals = strchr(text, '=');
    if (!equals) {
        aw_complain("--set %s: give NAME=VALUE; --set help lists the names", text);
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
            aw_complain("--set %s: '%s' is no %s", name, equals + 1,
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
    while (count < sizeof names / sizeof *names && aw_formats[count]) {
        names[count] = aw_formats[count]->name;
        count++;
    }
    complain_word("-o", name, names, count, "-h lists the formats");
    return false;
}

bool option_add_word(const char ***list, size_t *count, const char *word)
{
    if (*count >= UINT16_MAX) {
        aw_complain("too many inputs: %d at most", UINT16_MAX);
        return false;
    }
    const char **grown = realloc(*list, (*count + 1) * sizeof *grown);
    if (!grown) {
        aw_complain("out of memory");
        return false;
    }
    *list = grown;
    grown[(*count)++] = word;
    return true;
}

static bool add_input(struct aw_options *o, const char *path)
{
    return option_add_word(&o->read, &o->read_count, path);
}

static bool set_duration(struct aw_options *o, const char *text)
{
    static const char what[] = "duration:";
    char *end;
    if (strncmp(text, what, sizeof what - 1) != 0) {
        aw_complain("-a %s: give duration:SECONDS", text);
        return false;
    }
    const char *number = text + sizeof what - 1;
    const double seconds = strtod(number, &end);
    if (!isdigit((unsigned char)number[0]) || *end != '\0' || !(seconds > 0) || seconds > 1e8) {
        aw_complain("-a %s: '%s' is no number of seconds above 0", text, number);
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
    aw_complain("-B %s: give a size in KiB, or one such as 64M; less than 2G", text);
    return false;
}

bool option_add_filter(struct aw_options *o, const char *words)
{
    const size_t old = o->filter ? strlen(o->filter) + 1 : 0;
    char *grown = realloc(o->filter, old + strlen(words) + 1);
    if (!grown) {
        aw_complain("out of memory");
        return false;
    }
    if (old) grown[old - 1] = ' ';
    memcpy(grown + old, words, strlen(words) + 1);
    o->filter = grown;
    return true;
}

/* --- all of them --- */

bool option_take(struct aw_options *o, enum option_id id, const char *arg)
{
    uint64_t number;
    switch (id) {
    case OPT_INTERFACE:
        return option_add_word(&o->interfaces, &o->interface_count, arg);
    case OPT_READ:
        return add_input(o, arg);
    case OPT_FILTER:
        return option_add_filter(o, arg);
    case OPT_FORMAT:
        o->no_ui = true;
        return set_format(o, arg);
    case OPT_OUTPUT:
        o->output = strcmp(arg, "-") == 0 ? NULL : arg;
        o->no_ui |= o->output == NULL;
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
        aw_complain("--%s %s: give a moment as 2026-01-02T03:04:05 or 14:30:05, or +10s from the "
                    "first packet",
                    option_table[id].name, arg);
        return false;
    case OPT_WRITE:
        o->write = arg;
        return true;
    case OPT_BUNDLE:
        o->bundle = arg;
        if (aw_archive_knows(arg)) return true;
        aw_complain("--bundle %s: give a name that ends in .tar.zst or .tar.gz", arg);
        return false;
    case OPT_HIDE_ADDRESSES:
        o->hide_addresses = true;
        return true;
    case OPT_RECORD:
        o->record = arg;
        return true;
    case OPT_FILE_SIZE:
        if (!parse_count(arg, UINT64_MAX / 1000000, &o->record_bytes) || !o->record_bytes) {
            aw_complain("-C %s: give a number of millions of bytes, 1 or more", arg);
            return false;
        }
        o->record_bytes *= 1000000;
        return true;
    case OPT_FILE_SECONDS:
        if (parse_count(arg, INT32_MAX, &o->record_seconds) && o->record_seconds) return true;
        aw_complain("-G %s: give a number of seconds, 1 or more", arg);
        return false;
    case OPT_FILE_COUNT:
        if (parse_count(arg, INT32_MAX, &o->record_files) && o->record_files) return true;
        aw_complain("-W %s: give a number of files, 1 or more", arg);
        return false;
    case OPT_FAIL_ON:
        return set_fail_on(o, arg);
    case OPT_JOBS:
        if (!parse_count(arg, AW_SHARDS_MAX, &number) || number == 0) {
            aw_complain("-j %s: give a number from 1 to %d", arg, AW_SHARDS_MAX);
            return false;
        }
        o->jobs = (unsigned)number;
        return true;
    case OPT_STREAMS:
        o->streams = arg;
        return true;
    case OPT_SAVE_DIR:
        o->save_dir = arg;
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
            aw_complain("-c %s: give a number of packets, 1 or more", arg);
            return false;
        }
        return true;
    case OPT_MEMORY:
        if (!aw_parse_size(arg, &number) || number < 1 << 20 || number > SIZE_MAX) {
            aw_complain("--memory %s: give a size of at least 1M, such as 256M or 1G", arg);
            return false;
        }
        o->config.memory = (size_t)number;
        return true;
    case OPT_AUTOSTOP:
        return set_duration(o, arg);
    case OPT_SNAPLEN:
        if (!parse_count(arg, INT32_MAX, &o->snaplen)) {
            aw_complain("-s %s: give a number of bytes, 0 for all", arg);
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
        return option_add_word(&o->merge, &o->merge_count, arg);
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
