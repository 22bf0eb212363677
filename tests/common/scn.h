/*
 * Scenarios: text scripts of HTTP conversations (tests/scenarios, format in
 * tests/tools/scn2pcap.c), played through a small model of two TCP endpoints and a capture point
 * between them, so that times and ACK numbers come out as they would on a wire. Used by tests and
 * tools; knows nothing of the library under test, on purpose: a shared mistake would hide itself.
 */
#ifndef AW_TESTS_SCN_H
#define AW_TESTS_SCN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SCN_C = 0, SCN_S = 1 };
enum { SCN_FIN = 0x01, SCN_SYN = 0x02, SCN_RST = 0x04, SCN_PSH = 0x08, SCN_ACK = 0x10 };

enum scn_link {
    SCN_ETHERNET,
    SCN_VLAN,
    SCN_QINQ,
    SCN_MPLS,
    SCN_PPPOE,
    SCN_VXLAN,
    SCN_GRE,
    SCN_RAW,
    SCN_SLL,
    SCN_SLL2,
    SCN_NULL,
};

struct scn_conn {
    char name[16];
    bool v6;
    uint8_t addr[2][16]; /* by side; IPv4 in the first four bytes */
    uint16_t port[2];
    uint32_t isn[2];
    uint8_t ttl[2];   /* as seen at the capture point */
    int64_t delay[2]; /* one way, capture point to that side, ns */
    int64_t spoke[2]; /* parser: when that side last acted */
    int64_t heard[2]; /* parser: when the peer's last line has arrived at that side */
};

enum scn_fate { SCN_NORMAL, SCN_LOST, SCN_UNCAPTURED, SCN_GONE };

enum scn_verb { SCN_DATA, SCN_CONTROL, SCN_WINDOW, SCN_RETRANSMIT, SCN_KEEPALIVE, SCN_JOIN };

/* One line of the script, with the time at which its side acts. */
struct scn_act {
    enum scn_verb verb;
    unsigned conn;
    int side;
    int64_t at;
    uint8_t *bytes;
    uint32_t len;
    uint8_t flags; /* TCP flags of its (last) segment */
    uint32_t arg;  /* window, or which line to retransmit (0 = the last) */
    uint32_t seg;  /* bytes a segment */
    enum scn_fate fate;
    uint32_t fate_seg; /* the segment it befalls, from 1; 0 = all */
    bool dup, swap, noack;
    bool other;   /* sent again, but with another byte in its start line */
    int64_t late; /* captured this much later than it passed */
    uint32_t cut; /* captured bytes a packet, 0 = as the file */
    uint32_t seq; /* player: first sequence number, for retransmissions */
    bool played;
    unsigned line; /* in the script */
};

struct scn_segment {
    unsigned conn;
    int side;
    int64_t captured;
    uint32_t seq, ack, order;
    uint8_t flags, ttl;
    uint16_t window, id;
    const uint8_t *bytes;
    uint32_t len, cut;
};

struct scn {
    enum scn_link link;
    uint32_t snaplen, mss;
    int64_t start;       /* epoch of time 0, ns */
    int64_t from, until; /* what of it is captured */
    int only;            /* side whose packets are captured, -1 = both */
    int64_t ack_delay, spacing;
    struct scn_conn *conn;
    unsigned conns;
    struct scn_act *act;
    unsigned acts;
    struct scn_segment *segment; /* captured, in the order of capture */
    unsigned segments;
    void **own; /* every block the script's bytes lie in */
    unsigned owned;
};

/* Reads and plays a script. NULL and a line in err if it cannot be read. scn_free takes NULL. */
struct scn *scn_load(const char *path, char *err, size_t size);
void scn_free(struct scn *s);

/* Called by scn_load: sorts acts by time, fills `segment`. False: out of memory. */
bool scn_play(struct scn *s);

/* LINKTYPE_ of the capture. */
uint16_t scn_linktype(const struct scn *s);

enum { SCN_FRAME_MAX = 65535 + 128 };
/* The frame of a segment, at most SCN_FRAME_MAX bytes; returns its length on the wire, and in
 * `captured` how much of it the capture keeps. */
uint32_t scn_frame(const struct scn *s, const struct scn_segment *g, uint8_t *out,
                   uint32_t *captured);

/* Writes the capture (pcap, nanoseconds). False with a line in err. */
bool scn_write(const struct scn *s, const char *path, char *err, size_t size);

#endif
