/*
 * The door of the decoder: one captured packet in, at most one TCP segment out, or a named reason
 * why not. Knows link layers, tunnels, IP and fragments; knows nothing of connections or HTTP.
 *
 * Cost: no allocation and no copy but for fragments, which draw on a byte budget; a datagram put
 * together lives in the arena the caller passes and is valid as long as that.
 */
#ifndef AW_WIRE_WIRE_H
#define AW_WIRE_WIRE_H

#include "await100/packet.h"
#include "base/arena.h"

enum aw_drop {
#define AW_DROP(id, slug, meaning) AW_DROP_##id,
#include "await100/drops.def"
#undef AW_DROP
    AW_DROP_COUNT
};

enum { AW_TCP_FIN = 1, AW_TCP_SYN = 2, AW_TCP_RST = 4, AW_TCP_PSH = 8, AW_TCP_ACK = 16 };

/* A TCP segment in host byte order. Payload is borrowed from the packet or the arena. */
struct aw_segment {
    struct aw_addr src, dst;
    uint16_t sport, dport;
    uint32_t seq, ack; /* ack is meaningful only with AW_TCP_ACK */
    uint16_t window;   /* unscaled, as sent */
    uint8_t flags;     /* AW_TCP_ bits */
    uint8_t wscale;    /* window scale option of a SYN; 0xff = absent */
    uint16_t mss;      /* of a SYN; 0 = absent */
    uint8_t ttl;       /* TTL or hop limit of the innermost IP header */
    uint8_t head_len;  /* captured bytes of the TCP header; they stand right before the payload */
    /* TCP or IP checksum known to be wrong; never a reason to drop. IP headers are always verified,
     * TCP where the whole segment was captured: each of up to 1 KiB, one in 64 of the larger ones,
     * so that bulk content is not read for it. Checksums left to the hardware count as wrong. */
    bool bad_checksum;
    bool has_ip_id; /* false for IPv6, and for IPv4 with DF set and ID 0 */
    bool has_tsval;
    bool untimed; /* its packet is */
    uint16_t ip_id;
    uint16_t iface;         /* of the packet; of a cooked header that names the device, that */
    uint8_t link_dir;       /* 0 unknown, 1 incoming, 2 outgoing: from a cooked header */
    uint32_t tsval, tsecr;  /* RFC 7323, where has_tsval */
    struct aw_span payload; /* bytes captured */
    uint32_t payload_wire;  /* bytes sent: more than payload.len where the capture was cut */
    struct aw_mark at;
};

struct aw_wire; /* link-layer and fragment state of one input stream; not shared between threads */

struct aw_wire_stats {
    uint64_t drop[AW_DROP_COUNT]; /* [AW_DROP_NONE] counts segments handed on */
    uint64_t bad_checksum;        /* segments among those with a wrong checksum, accepted */
    uint64_t truncated;           /* packets whose captured length was below their wire length */
    uint64_t datagrams_joined;    /* put together from fragments */
    uint64_t tunnelled;           /* segments found inside a tunnel */
    int32_t unknown_link;         /* of the last packet counted as LINK_UNKNOWN; -1: none */
};

/* A fragment counts as held, also after its datagram became whole; when it is let go, or its
 * datagram turns out to be bad, the count moves. The last fragment of a datagram counts as what was
 * found.
 *
 * `fragment_budget` bytes at most are held in fragments; they are let go after 30 s of packet time,
 * and at aw_wire_end.
 * Returns NULL where the allocator has no memory. The allocator is borrowed until aw_wire_free. */
AW_MUST_USE struct aw_wire *aw_wire_new(const struct aw_alloc *alloc, size_t fragment_budget);
void aw_wire_free(struct aw_wire *w); /* w may be NULL */

/*
 * Decodes one packet. Returns AW_DROP_NONE with *out filled, or the reason; either is counted in
 * the stats. Packets come in the order they are to be analysed.
 */
enum aw_drop aw_wire_decode(struct aw_wire *w, const struct aw_packet *pkt, struct aw_arena *arena,
                            struct aw_segment *out);

/* The input is over: what still waits for the rest of its datagram waits in vain. */
void aw_wire_end(struct aw_wire *w);

const struct aw_wire_stats *aw_wire_stats(const struct aw_wire *w);

/* Bytes held in fragments at the moment. */
size_t aw_wire_held(const struct aw_wire *w);

/* Whether packets of this link type can be decoded; for a clear error before the first packet. */
bool aw_wire_knows(uint16_t linktype);
const char *aw_drop_slug(enum aw_drop drop);    /* static text, never NULL */
const char *aw_drop_meaning(enum aw_drop drop); /* static text, never NULL */

#endif
