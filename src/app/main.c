/*
 * The program: options in, exit status out.
 */
#include <locale.h>

#include "app/run.h"

int main(int argc, char **argv)
{
    setlocale(LC_CTYPE, ""); /* numbers stay as they are in C */
    struct aw_options options;
    switch (aw_options_parse(&options, argc, argv)) {
    case AW_PARSED_DONE:
        return AW_EXIT_OK;
    case AW_PARSED_LOST:
        return AW_EXIT_OUTPUT;
    case AW_PARSED_BAD:
        return AW_EXIT_USAGE;
    case AW_PARSED_RUN:
        break;
    }
    const enum aw_exit status = aw_run(&options);
    aw_options_free(&options);
    return (int)status;
}
