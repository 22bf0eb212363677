/*
 * What the program says on standard error. Names of files and words of the command line may come
 * from anybody, too: a capture somebody sent, a folder's listing. So all of it is escaped as for a
 * terminal, line ends among it, and what is too long is cut.
 */
#ifndef AW_SINK_COMPLAIN_H
#define AW_SINK_COMPLAIN_H

#include "await100/types.h"

/* "await100: ", the text and a line end. */
void aw_complain(const char *fmt, ...) AW_PRINTF(1, 2);
/* A line that belongs below it. */
void aw_complain_more(const char *fmt, ...) AW_PRINTF(1, 2);

#endif
