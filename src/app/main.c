/*
 * The program: options in, exit status out.
 */
#include <locale.h>
#include <malloc.h>

#include "app/run.h"

/* Large blocks, that is tables while they grow, go back to the system when they are freed. Left to
 * itself the C library soon keeps them, in a heap for each thread. */
enum { LARGE_BLOCK = 256 * 1024 };

int main(int argc, char **argv)
{
    (void)mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK);
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
