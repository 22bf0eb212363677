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

/* The parts of a start line. */
struct aw_start_line {
    size_t len;                    /* of all of it, line end included */
    struct aw_span method, target; /* request; target may be empty */
    struct aw_span reason;         /* response */
    uint16_t status;               /* response: 100 to 999 */
    uint8_t version;               /* 9, 10, 11 */
    bool exact; /* "HTTP/1." digit; a request: nothing after it; a response: spaces, three digits
                 * and no further one */
};
/* False, and *out untouched, where there is no version, or no status. */
bool aw_split_start(enum aw_dir dir, struct aw_span line, struct aw_start_line *out);

/* `whole`: the bytes end with the LF of the line. strict: a method has to be a known one, and a
 * line that would only be LOOSE or BARE is NO. *out is set where the answer is LOOSE or SURE. */
enum aw_guess aw_guess_line(enum aw_dir dir, const uint8_t *p, size_t len, bool whole, bool strict,
                            struct aw_start_line *out);
/* The same where the parts are not needed. */
enum aw_guess aw_guess_start(enum aw_dir dir, const uint8_t *p, size_t len, bool whole,
                             bool strict);

/*
 * What a direction speaks whose first bytes are these: AW_WHY_TLS, AW_WHY_HTTP2 (preface, or the
 * server's SETTINGS), or AW_WHY_NONE where they show neither; *more is set where more bytes could.
 */
enum aw_http_why aw_guess_opaque(const uint8_t *p, size_t len, bool *more);

#endif
