/*
 * A stream of bytes: a file, a pipe or standard input, decompressed where its first bytes say that
 * it is compressed. Knows nothing of captures.
 */
#ifndef AW_SOURCE_INPUT_H
#define AW_SOURCE_INPUT_H

#include "await100/types.h"

struct aw_input;

enum aw_input_status {
    AW_INPUT_OK,     /* *got bytes, 1 or more */
    AW_INPUT_END,    /* no more bytes */
    AW_INPUT_AGAIN,  /* interrupted, or nothing for now */
    AW_INPUT_FAILED, /* aw_input_error says why; stays so */
};

/* path "-": standard input. On failure NULL, with the reason alone (no name) in err. Nothing is
 * read yet, so that a silent pipe does not block here. */
struct aw_input *aw_input_open(const char *path, char *err, size_t err_size);
/* The same bytes from their beginning, on the descriptor of `first`, which has to be a regular file
 * and to stay open; its own reading goes on undisturbed, in another thread too. Takes no right to
 * open anything. NULL as above. */
struct aw_input *aw_input_again(const struct aw_input *first, char *err, size_t err_size);
bool aw_input_rereadable(const struct aw_input *in); /* whether that can be: a regular file */
void aw_input_close(struct aw_input *in);            /* NULL is fine */

/* Reads once, at most `room` bytes: what a pipe has is handed on, not waited out. */
enum aw_input_status aw_input_read(struct aw_input *in, uint8_t *to, size_t room, size_t *got);

/* The descriptor, where what comes next is what stands in the file at aw_input_stored, so that
 * somebody else can read it by its place as well; -1 elsewhere. */
int aw_input_place(const struct aw_input *in);
/* Such bytes came that way: reading goes on behind them. */
void aw_input_skip(struct aw_input *in, size_t n);

const char *aw_input_error(const struct aw_input *in);
const char *
aw_input_packing(const struct aw_input *in);         /* "gzip"...; NULL: plain, or not read yet */
uint64_t aw_input_stored(const struct aw_input *in); /* bytes read so far, as stored */
uint64_t aw_input_size(const struct aw_input *in);   /* as stored; 0 = unknown */

#endif
