/*
 * The two formats of capture files that are parsed in place: pcap and pcapng. Both take whole
 * records off the front of bytes in memory and know nothing of where those come from.
 */
#ifndef AW_SOURCE_RECORDS_H
#define AW_SOURCE_RECORDS_H

#include "await100/packet.h"
#include "base/cursor.h"
#include "source/lost.h"

/* Numbers in the byte order of the machine that wrote the file. */
static inline uint32_t aw_order_u32(struct aw_cur *c, bool big)
{
    return big ? aw_cur_u32be(c) : aw_cur_u32le(c);
}
static inline uint16_t aw_order_u16(struct aw_cur *c, bool big)
{
    return big ? aw_cur_u16be(c) : aw_cur_u16le(c);
}

enum {
    AW_RECORD_MAX = 16 * 1024 * 1024, /* bytes; a record or block that claims more is damaged */
    AW_SNAPLEN_MAX = 262144, /* what capture programs write at most, unless the file says so */
    AW_PCAP_HEADER = 24,
    AW_LOT_MAX = 2048, /* packets a call: their structs stay in the cache, too */
};

/* Where the next record stands only the length of this one tells, and another core may have read
 * all of them (ahead.h): guesses that those to come are as long, and fetches one of them. */
static inline void aw_fetch_ahead(const struct aw_cur *c, size_t record)
{
    enum { RECORDS = 6 };
    if (record < aw_cur_left(c) / RECORDS) __builtin_prefetch(c->p + RECORDS * record);
}

/* Packets found, and why no more were. */
struct aw_lot {
    struct aw_packet *pkts; /* borrowed: room for AW_LOT_MAX */
    size_t n;
    aw_ref last;      /* of the last packet found so far, over all calls */
    size_t need;      /* bytes wanted from the first byte not taken; 0: the lot is full */
    const char *part; /* what that is, should it be cut: static text */
    bool damaged;     /* what stands there makes no sense; `why` tells */
    char why[160];
};

/* --- pcap --- */

struct aw_pcap {
    bool big;         /* byte order of the file */
    aw_ns fraction;   /* unit of the second half of a time stamp */
    uint32_t longest; /* captured bytes of a packet, at most */
    uint16_t linktype;
};

enum aw_magic { AW_MAGIC_NONE, AW_MAGIC_PCAP, AW_MAGIC_PCAPNG, AW_MAGIC_OTHER };

/* What a file beginning with these 4 bytes is. OTHER: a variant of pcap that is left to libpcap. */
enum aw_magic aw_magic_of(const uint8_t first[4]);

/* Takes the AW_PCAP_HEADER bytes of a file header with magic PCAP. False: an unusual version, which
 * is left to libpcap. */
bool aw_pcap_start(struct aw_pcap *f, const uint8_t *header);

/* Both return the bytes taken off the front of `in` and append to lot, whose packets borrow from
 * `in`. */
size_t aw_pcap_walk(const struct aw_pcap *f, struct aw_span in, struct aw_lot *lot);

/* --- pcapng --- */

struct aw_pcapng_iface {
    uint16_t linktype;
    uint32_t snaplen; /* 0 = no limit */
    uint8_t tsresol;  /* as in the if_tsresol option */
    int64_t tsoffset; /* seconds */
    struct aw_lost lost;
};

struct aw_pcapng {
    bool big, in_section;
    struct aw_pcapng_iface *ifaces; /* owned; of the section */
    size_t count, cap;
    size_t before;              /* interfaces of earlier sections */
    aw_ns last;                 /* latest time stamp, for packets that have none */
    struct aw_lost lost_before; /* told of those interfaces */
};

void aw_pcapng_fini(struct aw_pcapng *f);
/* As far as it was read; statistics usually stand at the end. */
struct aw_lost aw_pcapng_lost(const struct aw_pcapng *f);
size_t aw_pcapng_walk(struct aw_pcapng *f, struct aw_span in, struct aw_lot *lot);

/* A time in units of an if_tsresol value plus an offset in seconds, in ns; clamped where a hostile
 * file leaves the range, never AW_NS_NONE. */
aw_ns aw_pcapng_time(uint64_t units, uint8_t tsresol, int64_t tsoffset);

#endif
