/*
 * Writes the manual and the completions from the tables of options, causes, thresholds and formats,
 * so that they cannot fall behind the program.
 *   generate man|bash|zsh|fish|causes
 */
#include <stdio.h>
#include <string.h>

#include "await100.h"
#include "await100/explain.h"
#include "dist/words.h"
#include "sink/sink.h"

const struct option_row option_rows[] = {
#define AW_OPTION(id, letter, name, arg, help) {letter, name, arg, help},
#include "app/options.def"
#undef AW_OPTION
};
const size_t option_count = sizeof option_rows / sizeof option_rows[0];

enum word_kind word_kind_of(const struct option_row *o)
{
    static const struct {
        const char *arg;
        enum word_kind kind;
    } kinds[] = {
        {"FILE", WORD_FILE},     {"FILE...", WORD_FILE},      {"DIR", WORD_FOLDER},
        {"FORMAT", WORD_FORMAT}, {"LIST", WORD_FAIL},         {"NAME=VALUE", WORD_THRESHOLD},
        {"WORD", WORD_EXPLAIN},  {"BEFORE AFTER", WORD_FILE}, {"CLIENT SERVER", WORD_FILE},
        {"USER", WORD_USER},     {"IF", WORD_INTERFACE},
    };
    if (!o->arg) return WORD_NONE;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(o->arg, kinds[i].arg) == 0) return kinds[i].kind;
    return WORD_ANY;
}

static const char *fail_word(size_t i)
{
    static const char *const severities[] = {"warning", "error", "unknown", "empty"};
    enum { SEVERITIES = sizeof severities / sizeof severities[0] };
    if (i < SEVERITIES) return severities[i];
    i -= SEVERITIES;
    return i < AW_CAUSE_COUNT ? aw_cause_slug((enum aw_cause)i) : NULL;
}

const char *word_at(enum word_kind kind, size_t i)
{
    switch (kind) {
    case WORD_FORMAT:
        return aw_formats[i] ? aw_formats[i]->name : NULL;
    case WORD_FAIL:
        return fail_word(i);
    case WORD_THRESHOLD:
        return i < AW_T_COUNT ? aw_threshold_name((enum aw_threshold)i) : NULL;
    case WORD_EXPLAIN:
        return aw_explain_word(i);
    case WORD_NONE:
    case WORD_ANY:
    case WORD_FILE:
    case WORD_FOLDER:
    case WORD_USER:
    case WORD_INTERFACE:
        break;
    }
    return NULL;
}

/* The table of causes as README.md has it, between its marks. */
static void write_causes(void)
{
    puts("| cause | worst | in short | what happened |\n|---|---|---|---|");
#define AW_CAUSE(id, slug, sev, title, meaning)                                                    \
    printf("| `%s` | %s | %s | %s |\n", slug, aw_severity_name(AW_SEV_##sev), title, meaning);
#include "await100/causes.def"
#undef AW_CAUSE
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*write)(void);
    } outputs[] = {{"man", write_manual},
                   {"bash", write_bash},
                   {"zsh", write_zsh},
                   {"fish", write_fish},
                   {"causes", write_causes}};
    for (size_t i = 0; argc == 2 && i < sizeof outputs / sizeof outputs[0]; i++) {
        if (strcmp(argv[1], outputs[i].name) != 0) continue;
        outputs[i].write();
        return fflush(stdout) == 0 ? 0 : 1;
    }
    fputs("usage: generate man|bash|zsh|fish|causes\n", stderr);
    return 2;
}
