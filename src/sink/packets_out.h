/*
 * Packets to a capture file: pcap with nanoseconds, or pcapng, which may hold several link types.
 * Knows the two formats, nothing of why a packet is written.
 */
#ifndef AW_SINK_PACKETS_OUT_H
#define AW_SINK_PACKETS_OUT_H

#include "await100/packet.h"
#include "sink/out.h"

enum { AW_PACKETS_LINKS = 32 };
struct aw_packets_out {
    struct aw_out *out; /* borrowed */
    bool ng;
    uint16_t link[AW_PACKETS_LINKS]; /* link types so far: of pcapng, its interfaces */
    unsigned links;
    uint64_t refused; /* packets of a link type for which the file has no place */
};

void aw_packets_out_init(struct aw_packets_out *p, struct aw_out *out, bool ng);
/* False: refused. Whether it could be written tells the out. */
bool aw_packets_out_put(struct aw_packets_out *p, const struct aw_packet *pkt);

#endif
