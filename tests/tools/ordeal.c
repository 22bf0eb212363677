/*
 * ordeal [--longer] [--softer] CAPTURE...
 *
 * Puts captures, or scenarios, through every change of tests/common/ordeal.h and prints each
 * verdict that became another, then the figures. --longer adds pairs of packets left out, captures
 * begun late, other snap lengths; --softer shows what was softened as well. Fails where a verdict
 * became another with high confidence, or a change that loses nothing lost something.
 */
#include <string.h>

#include "../common/ordeal.h"

int main(int argc, char **argv)
{
    struct ordeal o = {.to = stdout};
    bool bad = false;
    int i = 1;
    for (; i < argc && argv[i][0] == '-'; i++) {
        if (strcmp(argv[i], "--longer") == 0)
            o.longer = true;
        else if (strcmp(argv[i], "--softer") == 0)
            o.show_softer = true;
        else
            break;
    }
    if (i >= argc) {
        fprintf(stderr, "usage: ordeal [--longer] [--softer] CAPTURE...\n");
        return 2;
    }
    for (; i < argc; i++)
        bad |= !ordeal_run(&o, argv[i]);
    ordeal_print(&o);
    bad |= o.unnumbered != 0;
    for (unsigned k = 0; k < ORDEAL_KINDS; k++)
        bad |= o.tally[k].changed != 0 || (ordeal_lossless((enum ordeal_kind)k) && o.tally[k].lost);
    return bad ? 1 : 0;
}
