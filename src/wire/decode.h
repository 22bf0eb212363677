/*
 * Inside the decoder: what its files share. One packet is peeled layer by layer; each function
 * below finds the cursor at the start of its layer's header and ends with the verdict on the whole
 * packet, that of the layer it found inside. Nothing here is seen outside src/wire.
 */
#ifndef AW_WIRE_DECODE_H
#define AW_WIRE_DECODE_H

#include "base/cursor.h"
#include "wire/frag.h"
#include "wire/wire.h"

#include <string.h>

/* What the decoder follows in one packet at most: bounds recursion on hostile nesting. */
enum { AW_WIRE_TAGS_MAX = 32, AW_WIRE_TUNNELS_MAX = 16 };

enum { AW_IP_TCP = 6 };

struct aw_wire {
    struct aw_wire_stats stats;
    struct aw_frags frags;
    const struct aw_alloc *alloc; /* borrowed */
};

/* One packet on its way through the layers. */
struct aw_decode {
    struct aw_wire *w;
    const struct aw_packet *pkt;
    struct aw_arena *arena;
    struct aw_segment *out;
    struct aw_cur c;  /* what is left of the packet, from the header that is read next */
    size_t cut;       /* bytes that were on the wire behind the cursor's end, not captured */
    unsigned tags;    /* VLAN tags, labels and other shims so far */
    unsigned tunnels; /* tunnels entered so far */
    bool bad_sum;     /* an IPv4 header checksum on the way was wrong */
};

static inline uint16_t aw_be16(const uint8_t *p)
{
    return (uint16_t)((unsigned)p[0] << 8 | p[1]);
}
static inline uint32_t aw_be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Narrows the cursor to the n bytes that an inner length announces: what lies behind is padding or
 * a trailer. A length beyond the frame is left to the IP header, which knows better. */
static inline void aw_wire_narrow(struct aw_decode *d, size_t n)
{
    const size_t left = aw_cur_left(&d->c);
    if (n <= left) {
        d->c.end = d->c.p + n;
        d->cut = 0;
    } else if (n - left < d->cut) {
        d->cut = n - left;
    }
}

/* As above for the length of an IP datagram, which is believed: what is missing was cut away. */
static inline void aw_wire_cut_to(struct aw_decode *d, size_t n)
{
    const size_t left = aw_cur_left(&d->c);
    if (n <= left) {
        d->c.end = d->c.p + n;
        d->cut = 0;
    } else {
        d->cut = n - left;
    }
}

/* Counts one more tag or label; false where there are too many. */
static inline bool aw_wire_tag(struct aw_decode *d)
{
    return d->tags++ < AW_WIRE_TAGS_MAX;
}
static inline bool aw_wire_tunnel(struct aw_decode *d)
{
    return d->tunnels++ < AW_WIRE_TUNNELS_MAX;
}

/* link.c */
enum aw_drop aw_wire_link(struct aw_decode *d, uint32_t linktype);
enum aw_drop aw_wire_ethernet(struct aw_decode *d);
enum aw_drop aw_wire_ethertype(struct aw_decode *d, uint16_t type);
enum aw_drop aw_wire_llc(struct aw_decode *d);
/* Whichever IP the first four bits name. */
enum aw_drop aw_wire_ip(struct aw_decode *d);

/* mpls.c */
enum aw_drop aw_wire_mpls(struct aw_decode *d);

/* ppp.c */
enum aw_drop aw_wire_ppp(struct aw_decode *d); /* address and control optional */
enum aw_drop aw_wire_pppoe(struct aw_decode *d);
enum aw_drop aw_wire_hdlc(struct aw_decode *d);

/* wlan.c */
enum aw_drop aw_wire_wlan(struct aw_decode *d);
enum aw_drop aw_wire_radiotap(struct aw_decode *d);
enum aw_drop aw_wire_prism(struct aw_decode *d); /* AVS as well */

/* ip4.c, ip6.c */
/* As aw_wire_ip4 for the datagram at p of which `len` bytes follow, where nothing is out of the
 * ordinary: no options, no fragment, all of it captured, TCP in it. Otherwise AW_DROP_COUNT, with
 * nothing decided. */
enum aw_drop aw_wire_ip4_plain(const struct aw_packet *pkt, const uint8_t *p, size_t len,
                               struct aw_segment *out);
enum aw_drop aw_wire_ip4(struct aw_decode *d);
enum aw_drop aw_wire_ip6(struct aw_decode *d);

/* wire.c: NONE where the piece made its datagram whole. */
enum aw_drop aw_wire_fragment(struct aw_decode *d, const struct aw_frag_key *key,
                              const struct aw_frag *piece, struct aw_frag_whole *whole);

/* tunnel.c: what an IP header says follows, in both versions */
enum aw_drop aw_wire_ip_payload(struct aw_decode *d, uint8_t protocol);

/* tcp.c: `out` holds addresses, TTL and IP ID already. The header stands at p, of whose datagram
 * `len` bytes were captured and `cut` were not; `ord` is the packet's. */
enum aw_drop aw_wire_segment(struct aw_segment *out, const uint8_t *p, size_t len, size_t cut,
                             bool bad_sum, uint64_t ord);
enum aw_drop aw_wire_tcp(struct aw_decode *d);

/* One step of the sum below: eight bytes, and the carry. */
static inline uint64_t aw_wire_add(uint64_t sum, const uint8_t *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof word);
    sum += word;
    return sum + (sum < word);
}

/* Adds 16-bit words to a one's complement sum, an odd last byte as the first of its word; not
 * folded, and in the machine's own byte order, which the check below does not see (RFC 1071, 2). */
uint64_t aw_wire_sum(uint64_t sum, const uint8_t *p, size_t len);

/* Whether the sum, folded to 16 bits, is 0xffff, as it is where the checksum was included and is
 * right: folding keeps the remainder of 0xffff. */
static inline bool aw_wire_sum_right(uint64_t sum)
{
    return sum != 0 && sum % 0xffff == 0;
}

#endif
