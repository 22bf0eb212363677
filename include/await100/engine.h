/*
 * The engine: packets in, records out. No I/O, no clock, no threads, no globals; memory bounded by
 * the limits given. Time is packet time.
 *
 * Simple use, one thread: aw_engine_open, aw_engine_push for each lot of packets, aw_engine_finish,
 * aw_engine_close; the sink's `record` is called from push and finish.
 *
 * With threads, the same work in phases on batches that the caller owns. For each batch, in
 * the order of input:
 *   1. aw_engine_decode, on one thread: link layers, tunnels, fragments; deals segments to shards.
 *   2. aw_engine_work(e, k, b) once for each shard k: TCP, HTTP, exchanges. Different shards may
 * run at the same time on different threads; one shard takes its batches in order.
 *   3. aw_engine_collect, on one thread, after all shards have worked on the batch: joins attempts
 *      and legs, diagnoses, calls the sink. In order.
 *   4. aw_engine_deliver, where aw_engine_deliver_apart was called: the sink gets here, on one
 *      thread and in order, what phase 3 found. To write a record costs as much as to find it.
 * The packets, and their bytes, have to stay valid until phase 2 of the batch is over. A batch may
 * be used again after its last phase. Phases may run at the same time on different batches. The
 * records do not depend on the number of shards, as long as nothing was evicted.
 */
#ifndef AWAIT100_ENGINE_H
#define AWAIT100_ENGINE_H

#include "packet.h"
#include "record.h"

enum aw_unit { AW_UNIT_NS, AW_UNIT_COUNT };
enum aw_threshold {
#define AW_THRESHOLD(id, name, value, unit, meaning) AW_T_##id,
#include "thresholds.def"
#undef AW_THRESHOLD
    AW_T_COUNT
};
AW_API const char *aw_threshold_name(enum aw_threshold t);    /* static text */
AW_API const char *aw_threshold_meaning(enum aw_threshold t); /* static text */
AW_API int64_t aw_threshold_default(enum aw_threshold t);
AW_API enum aw_unit aw_threshold_unit(enum aw_threshold t);

/* The client's wait before its content, and the server's own time until its first answer, as the
 * catalogue defines them (thresholds as in aw_config); AW_NS_NONE where there was none. */
AW_API aw_ns aw_exchange_wait(const struct aw_exchange *x, const int64_t threshold[]);
AW_API aw_ns aw_exchange_think(const struct aw_exchange *x);

struct aw_config {
    size_t memory;                 /* bytes that connection state may take in all; 0 = 256 MiB */
    unsigned shards;               /* 1 to AW_SHARDS_MAX; 0 = 1 */
    bool all;                      /* records of exchanges without expectation, too */
    int64_t threshold[AW_T_COUNT]; /* fill with aw_config_init, then change */
    uint8_t secret[192];           /* random: keys the hash of connections */
    struct aw_alloc alloc;         /* get == NULL: malloc and friends */
    /* Only figures are wanted: verdicts come without evidence and fix, records as
     * with `prompt`. Takes a third off the cost of an expectation exchange. */
    bool brief;
    /* Verdicts that are not failing come without evidence and fix. */
    bool terse;
    /* Records come as soon as they are final, not in the order in which exchanges ended (from which
     * they are up to `settle` away, or as long as a retry, or with `patient` a leg, is waited for):
     * nothing is copied. */
    bool prompt;
    /* A silent connection is judged when nothing more can be heard of it: at the end of the input,
     * when memory or its addresses are needed, or ten times idle-timeout later. For saved captures:
     * what goes on after a silence of idle-timeout is then one exchange still. Otherwise it is
     * judged at once, as whoever watches live expects. */
    bool patient;
    /* A connection in the middle of an exchange of which nothing was heard for so long is packed,
     * until it is: memory for time, and nothing else depends on it. 0 = a second. */
    aw_ns sleep_after;
    /* The printable name of an input, for evidence that points into another file than the
     * exchange's own; valid while the engine lives. NULL: packets are named by number alone. */
    const char *(*source_name)(void *ctx, uint16_t source);
    void *source_ctx;
};
enum { AW_SHARDS_MAX = 64 };

/* Sets the defaults; the secret is left for the caller, who fills it with random bytes. */
AW_API void aw_config_init(struct aw_config *c);

/* One reassembled piece of a connection, as aw_tap gets it. */
struct aw_stream_piece {
    uint64_t conn_ord; /* the connection, by the ordinal of its first packet */
    enum aw_dir dir;
    aw_off off;          /* stream offset */
    uint32_t seq;        /* its sequence number */
    const uint8_t *data; /* NULL: a hole */
    uint64_t len;
    bool close; /* the connection ended; nothing follows */
};

/* One TCP segment as decoded, whatever it was wrapped in, as aw_tap gets it. */
struct aw_tap_segment {
    uint64_t conn_ord;           /* as above */
    const struct aw_packet *pkt; /* which it came in; of fragments the last */
    struct aw_addr src, dst;     /* of the innermost IP header, as are these: */
    uint8_t ttl;
    bool has_ip_id;
    uint16_t ip_id;
    uint16_t sport, dport;
    uint32_t seq, ack;
    uint8_t flags;             /* byte 13 of the header */
    uint16_t iface;            /* of the packet, or what its cooked header names */
    const uint8_t *tcp;        /* the TCP header, of which head_len bytes were captured; right */
    uint32_t head_len;         /* behind it, what was captured of the payload */
    uint32_t payload_len;      /* captured */
    uint32_t payload_wire_len; /* sent */
};

/*
 * Ways out for what is not a record; any may be NULL. Called in phase 2, on the shard's thread; one
 * connection is always the same shard's. What is still open when the input ends does so in phase 3,
 * when no shard works any more. `packet`: every packet that carried a segment of a known
 * connection (conn_ord: its first packet's ordinal), after the segment was worked on; as far as can
 * be told, also what came when that was over. `segment`: the same, decoded. `stream`: every
 * connection's bytes in order while it is followed; it forces connections that are no HTTP to be
 * reassembled as well.
 */
struct aw_tap {
    void *ctx;
    void (*packet)(void *ctx, uint64_t conn_ord, const struct aw_packet *pkt);
    void (*segment)(void *ctx, const struct aw_tap_segment *seg);
    void (*stream)(void *ctx, const struct aw_conn_facts *conn,
                   const struct aw_stream_piece *piece);
};

/* Receives what was found, in phase 3 (record and waiting: or in phase 4). Everything is lent until
 * the callback returns. */
struct aw_sink {
    void *ctx;
    /* A connection became known: `id` is the ordinal it has in records, `ord` that of its first
     * packet. May be NULL. */
    void (*connection)(void *ctx, uint64_t id, uint64_t ord);
    /* A record is final. May be NULL. */
    void (*record)(void *ctx, const struct aw_record *rec);
    /* Provisional, for those who watch: a client has held its content back for `waited` (at least
     * W, see wait-floor), and no answer has come so far. Once an exchange, while it waits; its
     * record follows when it is final. ex: facts so far, id and conn_id as in records. May be NULL.
     */
    void (*waiting)(void *ctx, const struct aw_exchange *ex, aw_ns waited);
};

struct aw_drop_count {
    const char *slug, *meaning; /* static */
    uint64_t count;
};
struct aw_stats {
    uint64_t packets, bytes; /* handed in; bytes as on the wire */
    aw_ns first, last;       /* capture times; AW_NS_NONE */
    uint64_t truncated;      /* packets cut by the snap length */
    uint64_t segments;       /* TCP */
    uint64_t bad_checksums;
    uint64_t decode_errors; /* packets that were damaged, out of those dropped by the decoder */
    uint64_t time_jumps;    /* time stamps not believed for timeouts */
    uint64_t dropped;       /* packets that never came this far, as aw_engine_dropped told */
    uint64_t connections, http, evicted, gaps, one_sided, tls_opaque, http2_opaque, not_http,
        midstream;
    uint64_t empty; /* connections without any payload */
    uint64_t retransmissions, copies, conflicts, cut_bytes;
    uint64_t not_believed; /* segments whose numbers do not fit their connection: of strangers */
    uint64_t exchanges, expectation, failing;
    uint64_t requests, responses, interims, orphans;
    uint64_t unparsed;  /* messages that could not be read */
    uint64_t no_memory; /* things let go for want of memory, evicted connections aside */
    uint64_t linked;    /* exchanges joined to an earlier attempt */
    /* Where the sink has `waiting`: clients that hold their content back now, for W or longer, with
     * no answer so far; and how long they have, ns of all together. Nothing at the end. */
    uint64_t waiting, waited;
    int32_t unknown_link; /* LINKTYPE_ value of packets that were not read for it; -1: none */
    unsigned drop_kinds;
    struct aw_drop_count drop[32]; /* why packets went no further, in table order */
    unsigned broken_kinds;
    struct aw_drop_count broken[32]; /* why messages could not be read */
};

struct aw_engine;
struct aw_batch;

/* sink and tap (may be NULL) are copied; what their ctx points to is borrowed until close. NULL
 * where there is no memory. */
AW_API AW_MUST_USE struct aw_engine *aw_engine_open(const struct aw_config *config,
                                                    const struct aw_sink *sink,
                                                    const struct aw_tap *tap);
AW_API void aw_engine_close(struct aw_engine *e); /* NULL is fine; no callbacks */

/* All phases at once, any number of packets. AW_ENOMEM: those packets were not analysed. */
AW_API AW_MUST_USE enum aw_status aw_engine_push(struct aw_engine *e, const struct aw_packet *pkts,
                                                 size_t n);
/* The input is over: ends what is open, hands out the last records. Once, after the last push. */
AW_API AW_MUST_USE enum aw_status aw_engine_finish(struct aw_engine *e);

/* The phases, each as described above. A batch belongs to its engine and has to be freed
 * before it. */
AW_API AW_MUST_USE struct aw_batch *aw_batch_new(struct aw_engine *e);
AW_API void aw_batch_free(struct aw_batch *b);
/* `last`: the input ends with this batch (n may be 0). */
AW_API AW_MUST_USE enum aw_status aw_engine_decode(struct aw_engine *e, struct aw_batch *b,
                                                   const struct aw_packet *pkts, size_t n,
                                                   bool last);
/*
 * Live input, on the thread of phase 1. `now` is a steady (monotonic) clock, and every packet
 * captured before `now - late` has been handed in, or is in the batch to come. Call it before each
 * decode; then a silent wire moves time as well, and so does one whose time stamps stepped back.
 */
AW_API void aw_engine_steady(struct aw_engine *e, aw_ns now, aw_ns late);
/* In place of aw_engine_decode: no packet came, but time went on (aw_engine_steady). */
AW_API AW_MUST_USE enum aw_status aw_engine_quiet(struct aw_engine *e, struct aw_batch *b);
/* Before aw_engine_decode or aw_engine_quiet: `count` packets were lost by the capture between
 * these two capture times. Verdicts on exchanges under way then are less sure. */
AW_API void aw_engine_dropped(struct aw_engine *e, uint64_t count, aw_ns from, aw_ns to);
AW_API void aw_engine_work(struct aw_engine *e, unsigned shard, struct aw_batch *b);
/* After phase 2 of a batch, on a thread that may call it: what this shard found and phase 3 did not
 * collect yet takes much of its memory, so that to collect it comes before more work. */
AW_API bool aw_engine_laden(const struct aw_engine *e, unsigned shard);
/* False: it stopped on the way, since much is to be delivered: deliver it, and call again. Only
 * after aw_engine_deliver_apart. */
AW_API bool aw_engine_collect(struct aw_engine *e, struct aw_batch *b);
/* Once, before the first batch, to have a phase 4. False: there is none, as with
 * config.prompt. */
AW_API bool aw_engine_deliver_apart(struct aw_engine *e);
AW_API void aw_engine_deliver(struct aw_engine *e, struct aw_batch *b);
AW_API unsigned aw_engine_shards(const struct aw_engine *e);

/* All totals at nothing, with the names of what they count: to add up runs that were written down.
 */
AW_API void aw_stats_init(struct aw_stats *s);
/* Totals as of the last phase of the latest batch (or push, or finish); a copy. On its thread. */
AW_API void aw_engine_stats(const struct aw_engine *e, struct aw_stats *out);

#endif
