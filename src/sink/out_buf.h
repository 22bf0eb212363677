/*
 * The inside of a writer, for the files that format into its buffer: number.c and escape.c.
 */
#ifndef AW_SINK_OUT_BUF_H
#define AW_SINK_OUT_BUF_H

#include "sink/out.h"

struct aw_out {
    char *buf; /* owned */
    size_t used, size;
    int fd;    /* -1: memory */
    int error; /* errno of the first failure; sticks, and output is dropped from then on */
    bool close_fd;
    bool ascii; /* aw_out_printable writes ASCII only */
    char *path; /* owned; the name to take on commit, NULL where written directly */
    char *temp; /* owned; the name until then, NULL likewise */
};

/* Records a failure, unless there was one before; 0 stands for EIO. */
void aw_out_fail(struct aw_out *o, int why);

/* The slow path of aw_out_room: flushes or grows. NULL where there is no room to be had. */
char *aw_out_make_room(struct aw_out *o, size_t need);

/* Room for `need` bytes at the end of the buffer; the caller adds what it wrote to `used`. */
static inline char *aw_out_room(struct aw_out *o, size_t need)
{
    return o->size - o->used >= need ? o->buf + o->used : aw_out_make_room(o, need);
}

#endif
