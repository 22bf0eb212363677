/*
 * A complete head, or what there is of one, into struct aw_head. No state; knows fields and framing
 * by name, not which request a response answers (that is added with aw_head_frame_response).
 */
#ifndef AW_HTTP_HEAD_H
#define AW_HTTP_HEAD_H

#include "http/event.h"

/* Where values that had to be put together lie: unfolded ones, and the hints. A value that does not
 * fit is cut. Lives as long as the head that was parsed with it. */
struct aw_head_scratch {
    size_t used;
    uint8_t bytes[1536];
    uint8_t hint[512];
};

enum aw_length_state { AW_LENGTH_OK, AW_LENGTH_BAD, AW_LENGTHS_DIFFER };

struct aw_start_line;

/*
 * start: the parts of the start line at p where they are known, else NULL. p, len: from it on; read
 * are the bytes down to the empty line, or all of them where there is none (out->raw, out->whole).
 * Returns false where the start line cannot be read; the fields are filled in all the same. Spans
 * of out lie in the bytes and in *scratch.
 *
 * Framing after RFC 9112, 6.3: `chunked` wins over Content-Length; `length` is -1 where there is
 * none, or none that can be used (`*lengths` says which). `no_content` and `until_close` of a
 * response are set by aw_head_frame_response.
 */
bool aw_head_parse(enum aw_dir dir, const struct aw_start_line *start, const uint8_t *p, size_t len,
                   struct aw_head_scratch *scratch, struct aw_head *out,
                   enum aw_length_state *lengths);

/* What the request decides of a response's framing: no content for HEAD, 1xx, 204, 304, and a 2xx
 * to CONNECT (RFC 9112, 6.3). */
void aw_head_frame_response(struct aw_head *head, bool to_head, bool to_connect);

/* A NUL, which ends the text for some, or a CR without LF, which ends the line for some. Looked for
 * in requests with content or Expect, and in responses to Expect. */
bool aw_head_odd_bytes(struct aw_span raw);

/* The Expect bits (enum aw_req_bit) of one field line, its value trimmed, and how many members it
 * holds. */
struct aw_tok_field;
uint32_t aw_head_expect_bits(const struct aw_tok_field *field, unsigned *members);

#endif
