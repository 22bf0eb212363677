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

/* Bytes that need no look in a JSON string: printable ASCII but for the quote and the backslash. */
static inline bool aw_is_plain(uint8_t c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* Whether eight bytes are all plain: each term has the high bit of some byte set where a byte is
 * not, by the borrow of a subtraction. */
static inline bool aw_is_plain_word(const uint8_t *p)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), high = ones << 7;
    uint64_t w;
    memcpy(&w, p, sizeof w);
    const uint64_t quote = w ^ ones * '"', slash = w ^ ones * '\\', del = w ^ ones * 0x7f;
    const uint64_t odd = ((w - ones * 0x20) & ~w) | ((quote - ones) & ~quote) |
                         ((slash - ones) & ~slash) | ((del - ones) & ~del) | w;
    return (odd & high) == 0;
}

/* How many bytes at p need no look, whatever the format: glyphs of one byte and one column each.
 * After any, `marks` is 0. */
static inline size_t aw_plain_run(const uint8_t *p, size_t len)
{
    size_t i = 0;
    while (len - i >= 8 && aw_is_plain_word(p + i))
        i += 8;
    if (i > 0 && len - i < 8 && aw_is_plain_word(p + len - 8)) return len;
    while (i < len && aw_is_plain(p[i]))
        i++;
    return i;
}

#endif
