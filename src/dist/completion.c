/*
 * Completions for bash, zsh and fish. Words and descriptions come from our own tables, but are
 * quoted as if they did not.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "dist/words.h"

/* Inside single quotes of a POSIX shell. */
static void put_quoted(const char *s, const char *also_escape)
{
    for (; *s; s++) {
        if (*s == '\'')
            fputs("'\\''", stdout);
        else if (strchr(also_escape, *s))
            printf("\\%c", *s);
        else
            putchar(*s);
    }
}

static void put_words(enum word_kind kind, const char *after)
{
    const char *word;
    for (size_t i = 0; (word = word_at(kind, i)); i++)
        printf("%s%s%s", i ? " " : "", word, after);
}

/* What of a help text a list has room for: up to the first colon, semicolon or bracket. */
static void put_summary(const char *help, const char *also_escape)
{
    char text[80];
    size_t len = strcspn(help, ";:(");
    if (len >= sizeof text) len = sizeof text - 1;
    while (len > 0 && help[len - 1] == ' ')
        len--;
    (void)snprintf(text, sizeof text, "%.*s", (int)len, help);
    put_quoted(text, also_escape);
}

/* --- bash --- */

static void bash_case(enum word_kind kind, const char *action)
{
    bool any = false;
    for (size_t i = 0; i < option_count; i++) {
        const struct option_row *o = &option_rows[i];
        if (word_kind_of(o) != kind) continue;
        printf("%s", any ? "|" : "    ");
        if (o->letter) printf("-%c|", o->letter);
        printf("--%s", o->name);
        any = true;
    }
    if (any) printf(")\n        %s\n        return ;;\n", action);
}

static void bash_words(enum word_kind kind, const char *name, const char *after)
{
    printf("    local %s='", name);
    put_words(kind, after);
    puts("'");
}

void write_bash(void)
{
    puts("# bash completion of await100; made from its table of options\n"
         "_await100()\n{\n"
         "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
         "    COMPREPLY=()");
    bash_words(WORD_FORMAT, "formats", "");
    bash_words(WORD_FAIL, "fail", "");
    bash_words(WORD_THRESHOLD, "thresholds", "=");
    bash_words(WORD_EXPLAIN, "explain", "");
    puts("    case $prev in");
    bash_case(WORD_FILE, "compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")");
    bash_case(WORD_FOLDER,
              "compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- \"$cur\")");
    bash_case(WORD_FORMAT, "mapfile -t COMPREPLY < <(compgen -W \"$formats\" -- \"$cur\")");
    bash_case(
        WORD_FAIL,
        "local before=; [[ $cur == *,* ]] && before=${cur%,*},\n"
        "        mapfile -t COMPREPLY < <(compgen -P \"$before\" -W \"$fail\" -- \"${cur##*,}\")");
    bash_case(WORD_THRESHOLD, "compopt -o nospace; mapfile -t COMPREPLY < <(compgen -W "
                              "\"$thresholds help\" -- \"$cur\")");
    bash_case(WORD_EXPLAIN, "mapfile -t COMPREPLY < <(compgen -W \"$explain list\" -- \"$cur\")");
    bash_case(WORD_USER, "mapfile -t COMPREPLY < <(compgen -u -- \"$cur\")");
    bash_case(WORD_INTERFACE, "mapfile -t COMPREPLY < <(compgen -W \"any $(ls /sys/class/net "
                              "2>/dev/null)\" -- \"$cur\")");
    bash_case(WORD_ANY, ":");
    puts("    esac\n    if [[ $cur == -* ]]; then");
    printf("        mapfile -t COMPREPLY < <(compgen -W '");
    for (size_t i = 0; i < option_count; i++) {
        if (option_rows[i].letter) printf("-%c ", option_rows[i].letter);
        printf("--%s%s", option_rows[i].name, i + 1 < option_count ? " " : "");
    }
    puts("' -- \"$cur\")\n    else\n        compopt -o filenames\n"
         "        mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n    fi\n}\n"
         "complete -F _await100 await100");
}

/* --- zsh --- */

static void zsh_action(enum word_kind kind)
{
    switch (kind) {
    case WORD_NONE:
    case WORD_ANY:
        break;
    case WORD_FILE:
        fputs("_files", stdout);
        break;
    case WORD_FOLDER:
        fputs("_files -/", stdout);
        break;
    case WORD_FORMAT:
        fputs("(", stdout);
        put_words(kind, "");
        fputs(")", stdout);
        break;
    case WORD_EXPLAIN:
        fputs("(list ", stdout);
        put_words(kind, "");
        fputs(")", stdout);
        break;
    case WORD_FAIL:
        fputs("_values -s , word ", stdout);
        put_words(kind, "");
        break;
    case WORD_THRESHOLD:
        fputs("_values threshold help ", stdout);
        for (size_t i = 0; word_at(kind, i); i++)
            printf("%s\\:value\\: ", word_at(kind, i));
        break;
    case WORD_USER:
        fputs("_users", stdout);
        break;
    case WORD_INTERFACE:
        fputs("_net_interfaces", stdout);
        break;
    }
}

static void zsh_tail(const struct option_row *o)
{
    static const char special[] = "[]:\\";
    fputs("[", stdout);
    put_summary(o->help, special);
    fputs("]", stdout);
    if (o->arg) {
        fputs(":", stdout);
        put_quoted(o->arg, special);
        fputs(":", stdout);
        zsh_action(word_kind_of(o));
    }
    fputs("' \\\n", stdout);
}

void write_zsh(void)
{
    puts("#compdef await100\n# zsh completion of await100; made from its table of options\n"
         "_arguments -s -S \\");
    for (size_t i = 0; i < option_count; i++) {
        const struct option_row *o = &option_rows[i];
        const bool again = strstr(o->help, "may be repeated") != NULL;
        if (o->letter) {
            printf("    '%s-%c", again ? "*" : "", o->letter);
            if (o->arg) fputs("+", stdout);
            zsh_tail(o);
        }
        printf("    '%s--%s%s", again ? "*" : "", o->name, o->arg ? "=" : "");
        zsh_tail(o);
    }
    puts("    '*:capture or filter:_files'");
}

/* --- fish --- */

void write_fish(void)
{
    puts("# fish completion of await100; made from its table of options");
    for (size_t i = 0; i < option_count; i++) {
        const struct option_row *o = &option_rows[i];
        const enum word_kind kind = word_kind_of(o);
        fputs("complete -c await100", stdout);
        if (o->letter) printf(" -s %c", o->letter);
        printf(" -l %s -d '", o->name);
        for (const char *p = o->help; *p && !strchr(";:(", *p);
             p++) { /* fish quotes by backslash */
            if (*p == '\'' || *p == '\\') putchar('\\');
            putchar(*p);
        }
        fputs("'", stdout);
        switch (kind) {
        case WORD_NONE:
            break;
        case WORD_ANY:
            fputs(" -x", stdout);
            break;
        case WORD_FILE:
            fputs(" -r -F", stdout);
            break;
        case WORD_FOLDER:
            fputs(" -x -a '(__fish_complete_directories)'", stdout);
            break;
        case WORD_USER:
            fputs(" -x -a '(__fish_complete_users)'", stdout);
            break;
        case WORD_INTERFACE:
            fputs(" -x -a 'any (__fish_print_interfaces)'", stdout);
            break;
        case WORD_FORMAT:
        case WORD_FAIL:
        case WORD_EXPLAIN:
            fputs(" -x -a '", stdout);
            put_words(kind, "");
            fputs("'", stdout);
            break;
        case WORD_THRESHOLD:
            fputs(" -x -a 'help ", stdout);
            put_words(kind, "=");
            fputs("'", stdout);
            break;
        }
        putchar('\n');
    }
}
