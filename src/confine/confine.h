/*
 * Gives up what the analysis does not need: root, capabilities, the file system, most of the
 * kernel. To be called when everything is open (captures, inputs, outputs with their keeper, see
 * folder.h) and before any thread starts: of what it does, only the system call filter reaches
 * threads that are there already. There is no way back.
 *
 * What still works afterwards: reading and writing open descriptors (captures as well), memory,
 * threads, clocks, terminal settings, asking the keeper. No file can be opened, no program started,
 * no socket made.
 */
#ifndef AW_CONFINE_CONFINE_H
#define AW_CONFINE_CONFINE_H

#include "await100/types.h"

struct aw_confine {
    const char *user; /* whom root becomes (-Z); NULL: nobody. Without effect where we are not root
                         but for saying so */
    int keeper_line;  /* aw_keeper_line; -1 = none */
    /* Folders below which files may still be opened for reading, such as counters in /sys; links
     * are followed only to places below these. Only granted where the kernel has Landlock. */
    const char *const *read_below;
    size_t read_below_count;
    /* The filters of open sockets may be exchanged. Whoever else came to do that could hide packets
     * from himself, no more: the kernel runs only filters that it has checked. */
    bool refilter;
};

enum aw_confined {
    AW_CONFINED,         /* whole */
    AW_CONFINED_IN_PART, /* the kernel lacks something: words has a line on what; go on */
    AW_CONFINE_FAILED,   /* -Z names somebody we cannot become; words says why: do not go on */
};
enum aw_confined aw_confine(const struct aw_confine *c, char *words, size_t size);

#endif
