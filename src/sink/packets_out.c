/*
 * The headers of pcap and pcapng, in the byte order of this machine, as both formats allow.
 */
#include "sink/packets_out.h"

enum { SNAPLEN = 262144 };

static void put16(struct aw_out *o, uint16_t v)
{
    aw_out_write(o, &v, sizeof v);
}

static void put32(struct aw_out *o, uint32_t v)
{
    aw_out_write(o, &v, sizeof v);
}

void aw_packets_out_init(struct aw_packets_out *p, struct aw_out *out, bool ng)
{
    *p = (struct aw_packets_out){.out = out, .ng = ng};
    if (!ng) return; /* the header of pcap names the link type: it waits for the first packet */
    put32(out, 0x0a0d0d0a);
    put32(out, 28);
    put32(out, 0x1a2b3c4d);
    put16(out, 1);
    put16(out, 0);
    put32(out, UINT32_MAX); /* length of the section: not given */
    put32(out, UINT32_MAX);
    put32(out, 28);
}

static void put_interface(struct aw_out *o, uint16_t linktype)
{
    static const uint8_t nanoseconds[4] = {9};
    put32(o, 1);
    put32(o, 32);
    put16(o, linktype);
    put16(o, 0);
    put32(o, SNAPLEN);
    put16(o, 9); /* if_tsresol */
    put16(o, 1);
    aw_out_write(o, nanoseconds, sizeof nanoseconds);
    put32(o, 0); /* end of options */
    put32(o, 32);
}

static void put_pcap_header(struct aw_out *o, uint16_t linktype)
{
    put32(o, 0xa1b23c4d);
    put16(o, 2);
    put16(o, 4);
    put32(o, 0);
    put32(o, 0);
    put32(o, SNAPLEN);
    put32(o, linktype);
}

/* The number of the link type in this file; -1 where it has no place. */
static int link_of(struct aw_packets_out *p, uint16_t linktype)
{
    for (unsigned i = 0; i < p->links; i++)
        if (p->link[i] == linktype) return (int)i;
    if (p->links == (p->ng ? (unsigned)AW_PACKETS_LINKS : 1u)) return -1;
    if (p->ng)
        put_interface(p->out, linktype);
    else
        put_pcap_header(p->out, linktype);
    p->link[p->links] = linktype;
    return (int)p->links++;
}

bool aw_packets_out_put(struct aw_packets_out *p, const struct aw_packet *pkt)
{
    const int link = link_of(p, pkt->linktype);
    if (link < 0) {
        p->refused++;
        return false;
    }
    struct aw_out *o = p->out;
    const uint64_t ts = pkt->ts > 0 ? (uint64_t)pkt->ts : 0;
    if (p->ng) {
        static const uint8_t zero[4];
        const uint32_t pad = (4 - pkt->cap_len % 4) % 4, len = 32 + pkt->cap_len + pad;
        put32(o, 6);
        put32(o, len);
        put32(o, (uint32_t)link);
        put32(o, (uint32_t)(ts >> 32));
        put32(o, (uint32_t)ts);
        put32(o, pkt->cap_len);
        put32(o, pkt->wire_len);
        aw_out_write(o, pkt->data, pkt->cap_len);
        aw_out_write(o, zero, pad);
        put32(o, len);
        return true;
    }
    put32(o, (uint32_t)(ts / 1000000000));
    put32(o, (uint32_t)(ts % 1000000000));
    put32(o, pkt->cap_len);
    put32(o, pkt->wire_len);
    aw_out_write(o, pkt->data, pkt->cap_len);
    return true;
}
