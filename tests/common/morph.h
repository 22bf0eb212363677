/*
 * Captures changed as capturing, drivers and tunnels change them: packets left out, cut, doubled,
 * swapped, split, joined, wrapped, dated a little wrong. Works on frames alone; knows nothing of
 * HTTP or of the library's decoder, on purpose: a shared mistake would hide itself. A packet that
 * is no TCP over IP passes every change as it is. Each packet keeps the number that it, or the
 * first packet that it was made of, has in the original.
 */
#ifndef TESTS_COMMON_MORPH_H
#define TESTS_COMMON_MORPH_H

#include "await100/packet.h"

struct morph_packet {
    aw_ns ts;
    uint64_t no; /* in the original, from 1 */
    const uint8_t *data;
    uint32_t cap, wire;
    uint16_t linktype, iface;
};
struct morph {
    struct morph_packet *p;
    size_t n, room;
    void **block; /* what packets lie in */
    size_t blocks, blocks_room;
};

/* A capture file, or a scenario (.scn). False and a line in err where it can not be read to its
 * end. */
bool morph_load(struct morph *m, const char *path, char *err, size_t size);
void morph_free(struct morph *m);

/* TCP as the frame shows it; false where it is no TCP over IP, or its headers were cut. */
struct morph_tcp {
    bool v6;
    uint8_t src[4], dst[4]; /* the last four bytes of IPv6 addresses */
    uint16_t sport, dport;
    uint32_t seq, ack, payload; /* payload: on the wire */
    uint8_t flags;
};
bool morph_tcp(const struct morph_packet *p, struct morph_tcp *out);
enum { MORPH_FIN = 1, MORPH_SYN = 2, MORPH_RST = 4, MORPH_ACK = 16 };

/* All of these begin with an empty `out` (zeroed) and borrow bytes from `in`. */
void morph_without(const struct morph *in, struct morph *out, const bool leave_out[]);
void morph_snap(const struct morph *in, struct morph *out, uint32_t bytes);
enum morph_copy { MORPH_COPY_SAME, MORPH_COPY_ROUTED, MORPH_COPY_IFACE };
/* Each packet once more `after` ns later: as it was, one hop further, or on another interface. */
void morph_double(const struct morph *in, struct morph *out, enum morph_copy how, aw_ns after);
/* Packets at and at+1 trade places; with `dates` their times stay where they were. */
void morph_swap(const struct morph *in, struct morph *out, size_t at, bool dates);
/* Every disjoint pair of neighbours not more than `within` apart. */
void morph_swap_all(const struct morph *in, struct morph *out, aw_ns within, bool dates);
/* Payload in segments of at most `bytes`, as if the sender had sent it so. */
void morph_split(const struct morph *in, struct morph *out, uint32_t bytes);
/* Segments back to back (at most `gap` apart, equal ACK numbers) in one, as offload does. */
void morph_join(const struct morph *in, struct morph *out, aw_ns gap);
enum morph_wrap { MORPH_VLAN, MORPH_VXLAN, MORPH_V6 };
void morph_wrap(const struct morph *in, struct morph *out, enum morph_wrap how);
/* By time; stable, as merging files of several interfaces does it. */
void morph_sort(struct morph *m);
/* The conversations of `noise` (IPv4, hosts 10.x.y.z) in between, as hosts 10.200.y.z and from the
 * same time on, again and again until `in` ends, `most` times. Their packets have no number. */
void morph_mix(const struct morph *in, const struct morph *noise, struct morph *out, unsigned most);
/* Each time moved by up to `most` either way; with `sorted` the packets follow their new times. */
void morph_jitter(const struct morph *in, struct morph *out, aw_ns most, uint64_t seed,
                  bool sorted);

#endif
