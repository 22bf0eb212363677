/*
 * HTTP/1.0 and 1.1 of one connection, both directions (RFC 9112): chunks in, events out. Sniffs
 * whether it is HTTP at all, splits messages by their framing, pairs responses with requests, and
 * finds its place again after a hole. Knows nothing of Expect beyond parsing it.
 *
 * Cost: a head inside one segment is parsed in place; a head split over segments is gathered in a
 * pool block of at most 256 KiB. Content is skipped by count and never touched.
 */
#ifndef AW_HTTP_HTTP_H
#define AW_HTTP_HTTP_H

#include "base/pool.h"
#include "flow/chunk.h"
#include "http/event.h"

struct aw_http; /* one connection */

enum aw_http_result {
    AW_HTTP_OK,
    AW_HTTP_SWAP,   /* nothing was taken: client and server are the other way round. Swap (flip the
                     * chunk's dir, aw_flow_swap) and push the same chunk again */
    AW_HTTP_IGNORE, /* no further chunk is needed: opaque or not HTTP (an OPAQUE event says so), or
                     * it was HTTP and is over: switched to something else, or both sides ended */
};

typedef void aw_http_sink(void *ctx, const struct aw_http_event *ev);

struct aw_http_stats {
    uint64_t requests, responses, interims;
    uint64_t broken[AW_WHY_COUNT]; /* messages that could not be read, by reason; content that the
                                    * client kept to itself is no such */
    uint64_t junk_bytes;           /* passed over where a message should begin */
    uint64_t resyncs;              /* found the next message after a hole or junk */
    uint64_t no_memory;            /* heads given up for want of memory */
};

/* midstream: the connection's start was not captured, so bytes may begin anywhere. client_known: as
 * aw_flow_client_known. NULL where the pool has no more. Pool and stats are borrowed. */
AW_MUST_USE struct aw_http *aw_http_new(struct aw_pool *pool, struct aw_http_stats *stats,
                                        bool midstream, bool client_known);
void aw_http_free(struct aw_http *h);

/* Feeds a DATA, HOLE, FIN or CLOSE chunk (others are not HTTP's business: AW_HTTP_OK, no event).
 * Calls sink zero or more times before it returns; spans in events are lent until the sink returns.
 */
enum aw_http_result aw_http_push(struct aw_http *h, const struct aw_chunk *chunk,
                                 aw_http_sink *sink, void *ctx);

/*
 * What is left of a connection between two messages, where no request awaits its answer: most
 * connections are like that most of the time.
 */
struct aw_http_rest {
    aw_off answered_end, hole;
    uint32_t next_xid, answered;
    uint8_t side[2][3];
    bool midstream, client_known;
};
/* False: it is not between messages. Else all else of `h` may go. */
bool aw_http_rests(const struct aw_http *h, struct aw_http_rest *out);
/* Goes on from there. NULL: no memory. */
AW_MUST_USE struct aw_http *aw_http_resume(struct aw_pool *pool, struct aw_http_stats *stats,
                                           const struct aw_http_rest *rest);
/* What aw_http_push would do with a FIN of this direction; it has no event. */
enum aw_http_result aw_http_rest_end(struct aw_http_rest *rest, enum aw_dir dir);

/* All of `h` as bytes at `out`, of `room`, to go on from later in the same connection; aw_http_free
 * follows. Returns how many; 0 where they do not suffice, or `h` holds bytes of its own. */
size_t aw_http_image(const struct aw_http *h, uint8_t *out, size_t room);
/* Goes on from such bytes. NULL: no memory. */
AW_MUST_USE struct aw_http *aw_http_from_image(struct aw_pool *pool, struct aw_http_stats *stats,
                                               const uint8_t *image);

/* Whether a message was ever read here: whether the connection counts as HTTP. */
bool aw_http_is_http(const struct aw_http *h);
/* The client began a head, and has not ended it yet. */
bool aw_http_amid_head(const struct aw_http *h);
/* Joined later, and what the client said so far may be what is left of a request. */
bool aw_http_amid_request(const struct aw_http *h);
const char *aw_http_why_name(enum aw_http_why why); /* static text, never NULL */

#endif
