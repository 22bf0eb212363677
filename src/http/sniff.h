/*
 * What the first bytes of a message, or of a direction, look like. Looks at bytes alone: no state,
 * no direction remembered, and nothing depends on how they were cut into segments: where more bytes
 * could change the answer it says so.
 */
#ifndef AW_HTTP_SNIFF_H
#define AW_HTTP_SNIFF_H

#include "http/event.h"

enum aw_guess {
    AW_GUESS_NO,    /* no such start line, whatever follows */
    AW_GUESS_MORE,  /* may become one: decide when the line is whole */
    AW_GUESS_BARE,  /* the beginning of one that cannot be read: no version, or no status */
    AW_GUESS_LOOSE, /* one, where one is due: unknown method, odd version or spacing */
    AW_GUESS_SURE,  /* one wherever it stands at the beginning of a line */
};

/* Over this many bytes of prefix more bytes do not change the answer until the line's end comes. */
enum { AW_GUESS_PREFIX = 64, AW_METHOD_MAX = 32 };

/* `whole`: the bytes end with the LF of the line. strict: a method has to be a known one, and a
 * line that would only be LOOSE or BARE is NO. */
enum aw_guess aw_guess_request(const uint8_t *p, size_t len, bool whole, bool strict);
enum aw_guess aw_guess_status(const uint8_t *p, size_t len, bool whole, bool strict);
enum aw_guess aw_guess_start(enum aw_dir dir, const uint8_t *p, size_t len, bool whole,
                             bool strict);

/*
 * What a direction speaks whose first bytes are these: AW_WHY_TLS, AW_WHY_HTTP2 (preface, or the
 * server's SETTINGS), or AW_WHY_NONE where they show neither; *more is set where more bytes could.
 */
enum aw_http_why aw_guess_opaque(const uint8_t *p, size_t len, bool *more);

/* A request line's parts; false where it has no HTTP version. target may be empty. */
struct aw_request_line {
    struct aw_span method, target;
    uint8_t version; /* 9, 10, 11 */
    bool exact;      /* "HTTP/1." digit, and nothing after it */
};
bool aw_split_request(struct aw_span line, struct aw_request_line *out);

struct aw_status_line {
    uint16_t status; /* 100 to 999 */
    uint8_t version;
    struct aw_span reason;
    bool exact; /* "HTTP/1." digit, spaces, three digits and no further one */
};
bool aw_split_status(struct aw_span line, struct aw_status_line *out);

#endif
