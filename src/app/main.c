/*
 * The program: options in, exit status out.
 */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/align.h"
#include "app/compare.h"
#include "app/merge.h"
#include "app/run.h"
#include "app/watch.h"
#include "sink/complain.h"

/* Large blocks, that is tables while they grow, go back to the system when they are freed. Left to
 * itself the C library soon keeps them, in a heap for each thread; and asks for the last pages of
 * its heap and gives them back again and again. */
enum { LARGE_BLOCK = 256 * 1024, SPARE = 8 * 1024 * 1024 };

/* A standard descriptor that is closed would be given to the next file opened, and our messages
 * would end up in there. What takes its place fails when it is used, as the closed one would. */
static bool fill_standard_descriptors(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) >= 0) continue;
        if (open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd) return false;
    }
    return true;
}

/* A text that was asked for and did not get out is no success; a closed pipe is the reader's right.
 */
static enum aw_exit close_text(void)
{
    errno = 0;
    if ((fflush(stdout) == 0 && !ferror(stdout)) || errno == EPIPE) return AW_EXIT_OK;
    aw_complain("standard output: cannot write: %s", strerror(errno ? errno : EIO));
    return AW_EXIT_OUTPUT;
}

int main(int argc, char **argv)
{
    if (!fill_standard_descriptors()) return AW_EXIT_OUTPUT;
    (void)mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK);
    (void)mallopt(M_TRIM_THRESHOLD, SPARE);
    (void)mallopt(M_ARENA_MAX, 1);
    (void)signal(SIGPIPE, SIG_IGN); /* who closes the pipe has read enough */
    setlocale(LC_CTYPE, "");        /* numbers stay as they are in C */
    struct aw_options options;
    switch (aw_options_parse(&options, argc, argv)) {
    case AW_PARSED_DONE:
        return (int)close_text();
    case AW_PARSED_LOST:
        return AW_EXIT_OUTPUT;
    case AW_PARSED_BAD:
        return AW_EXIT_USAGE;
    case AW_PARSED_RUN:
        break;
    }
    enum aw_exit status;
    if (options.compare[0])
        status = aw_run_compare(&options);
    else if (options.merge_count)
        status = aw_run_merge(&options);
    else if (options.align[0])
        status = aw_run_align(&options);
    else if (aw_watch_wanted(&options))
        status = aw_watch(&options);
    else
        status = aw_run(&options);
    aw_options_free(&options);
    return (int)status;
}
