/*
 * What the files of this room share: the parts of confinement, each for the calling process alone.
 */
#ifndef AW_CONFINE_INSIDE_H
#define AW_CONFINE_INSIDE_H

#include "await100/types.h"

/* Landlock: from now on files may be made, written, renamed and removed below `write_dir`
 * (descriptors), read below `read_dir`, and nothing else be opened. False where the kernel has none
 * of it, errno set. */
bool aw_landlock(const int *write_dir, size_t writes, const int *read_dir, size_t reads);

/* The system calls that are left: to the program (`line`: as in struct aw_confine; `reading`:
 * files may be opened for reading; `refilter`: sockets may get other filters), to the keeper. False
 * where the kernel has no such filter. */
bool aw_syscalls_of_program(int line, bool reading, bool refilter);
bool aw_syscalls_of_keeper(void);

/* Keeps the given capabilities of those we have (CAP_*; -1 ends the list), drops all others for
 * good, and never takes new ones by executing. False where the kernel refused. */
bool aw_capabilities_keep(const int *keep);

#endif
