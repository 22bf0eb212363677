/*
 * Prints the table of options, and that of thresholds, as help.
 */
#include "app/option.h"

#include <stdio.h>
#include <string.h>

#include "app/version.h"
#include "sink/sink.h"

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

void option_print_help(void)
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
        if (option_table[i].letter)
            snprintf(left, sizeof left, "  -%c, --%s%s%s", option_table[i].letter,
                     option_table[i].name, option_table[i].arg ? " " : "",
                     option_table[i].arg ? option_table[i].arg : "");
        else
            snprintf(left, sizeof left, "      --%s%s%s", option_table[i].name,
                     option_table[i].arg ? " " : "",
                     option_table[i].arg ? option_table[i].arg : "");
        printf("%-*s", INDENT, left);
        if (strlen(left) >= INDENT) printf("\n%*s", INDENT, "");
        print_wrapped(INDENT, INDENT, option_table[i].help);
    }
    puts("\nA bare argument that names a readable capture is taken as -r. Unlike tcpdump, -A\n"
         "means every exchange (not ASCII) and -O the output file (not: no optimiser).\n\n"
         "exit status: 0 analysed; 1 --fail-on matched, or --compare found worse;\n"
         "2 wrong use; 3 an input could not be opened or was damaged; 4 the output could\n"
         "not be written");
}

void option_print_thresholds(void)
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
