/*
 * The inside of a writer, for the files that format into its buffer: number.c and escape.c.
 */
#ifndef AW_SINK_OUT_BUF_H
#define AW_SINK_OUT_BUF_H

#include <string.h>

#include "sink/out.h"
#include "sink/place.h"

struct aw_out {
    char *buf; /* owned */
    size_t used, size;
    int fd;    /* -1: memory */
    int error; /* errno of the first failure; sticks, and output is dropped from then on */
    struct aw_behind *behind; /* owned; NULL: written at once */
    bool patient;
    bool colour;               /* aw_text_ink writes anything at all */
    bool ascii;                /* aw_out_printable writes ASCII only */
    struct aw_place *place;    /* borrowed; NULL: a descriptor or memory */
    struct aw_place *owned;    /* the same, where it goes with the out */
    char temp[AW_FOLDER_NAME]; /* the file's name until commit; "" where written directly */
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

/* aw_out_write in place, for what is short: a literal's bytes become a few stores. */
static inline void aw_out_put(struct aw_out *o, const void *bytes, size_t len)
{
    if (o->size - o->used < len) {
        aw_out_write(o, bytes, len);
        return;
    }
    memcpy(o->buf + o->used, bytes, len);
    o->used += len;
}

/* What a reader may see of some bytes: themselves where they are harmless, else \xNN or \u{N}. */
struct aw_glyph {
    char text[12];
    size_t len, used; /* bytes to write; bytes of input they stand for */
    unsigned columns;
};
enum { AW_GLYPH_MARKS = 2 }; /* combining marks on one character; more attack the next lines */

/* What stands for the bytes at p, len >= 1. `marks` counts combining marks since the last other
 * character; start with AW_GLYPH_MARKS. */
struct aw_glyph aw_glyph_at(const struct aw_out *o, const uint8_t *p, size_t len, unsigned *marks);

/* How many bytes at p are printable ASCII: glyphs of one byte and one column each, which are most,
 * and need not be looked at one by one. After any, `marks` is 0. */
static inline size_t aw_ascii_run(const uint8_t *p, size_t len)
{
    size_t n = 0;
    while (n < len && p[n] >= ' ' && p[n] < 0x7f)
        n++;
    return n;
}

#endif
