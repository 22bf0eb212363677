/*
 * Live capture from an interface, by libpcap: opening it, reading what it has, counting what it
 * lost. Knows nothing of threads, queues or signals; a reader of it is one thread. Several
 * interfaces, and several sockets that share one, are several of these; order.h puts their packets
 * in order again.
 *
 * Delivery is in blocks that the kernel hands over when they are full or of some age. That serves a
 * person who watches as well as libpcap's immediate mode does, and does not cost what that costs: a
 * ring of slots for packets of the largest size, of which a small buffer has a handful.
 */
#ifndef AW_SOURCE_LIVE_H
#define AW_SOURCE_LIVE_H

#include "await100/packet.h"

struct aw_live;

struct aw_live_options {
    const char *name;    /* of the interface; "any" is one, too. Borrowed until close */
    uint16_t index;      /* its number among interfaces */
    int snaplen;         /* bytes of a packet; 0 = all */
    size_t buffer_bytes; /* kernel's; 0 = AW_LIVE_BUFFER */
    bool promiscuous;
    bool prompt;        /* small blocks: somebody waits for every packet */
    const char *filter; /* NULL = none */
    /* Sockets that share the interface's packets: the kernel gives each the connections of some
     * hash, or of another where that one's buffer runs full. 0 = this one has it to itself. */
    unsigned member, members;
    int group; /* theirs: as aw_live_group gave it for member 0; for that one AW_LIVE_NO_GROUP */
};
enum { AW_LIVE_SNAPLEN = 262144, AW_LIVE_BUFFER = 32 << 20, AW_LIVE_NO_GROUP = -1 };

enum aw_live_fault {
    AW_LIVE_NO_DEVICE,     /* there is no interface of that name */
    AW_LIVE_NO_PERMISSION, /* the process may not capture */
    AW_LIVE_BAD_FILTER,
    AW_LIVE_NO_SHARING, /* it cannot have members */
    AW_LIVE_OTHER,
};
/* NULL where it cannot be opened: *fault says why, err holds libpcap's words without newline. */
struct aw_live *aw_live_open(const struct aw_live_options *o, enum aw_live_fault *fault, char *err,
                             size_t err_size);
void aw_live_close(struct aw_live *l);
int aw_live_group(const struct aw_live *l);
/* Leaves out packets captured before that time: until the last member has joined, those that have
 * not get all that there is. */
void aw_live_since(struct aw_live *l, aw_ns ts);
/* Takes another filter ("" = none), by whoever reads. For some microseconds, while the kernel
 * exchanges it, no packet passes; what it has queued is tested by the new one. False and a line in
 * err: the old one stays in force. */
bool aw_live_refilter(struct aw_live *l, const char *filter, char *err, size_t err_size);

/* Room for packets, the caller's: `size` bytes have to hold two packets of AW_LIVE_SNAPLEN. */
struct aw_lot_room {
    struct aw_packet *pkts;
    size_t room, n;
    uint8_t *bytes;
    size_t size, used;
};
/* How much later than captured a packet may be handed over, at most, by a reader that keeps up. */
aw_ns aw_live_latency(const struct aw_live *l);

/*
 * Fills the lot, which is emptied first, with what there is: `ts`, bytes, lengths, linktype and
 * iface are set; neither numbers nor ord. Waits at most wait_ms for the first packet. True where
 * there is one at least. *looked: the steady time before which all that the kernel had handed over
 * is in this lot or those before; unchanged where there may be more of that.
 */
bool aw_live_read(struct aw_live *l, struct aw_lot_room *lot, int wait_ms, aw_ns *looked);
/* After the last read before an end: what was captured up to `until` and not handed over yet. False
 * when there is nothing left. */
bool aw_live_drain(struct aw_live *l, struct aw_lot_room *lot, aw_ns until);

/* The interface is gone, and cannot be opened again. */
bool aw_live_over(const struct aw_live *l);
/* One line for the user about an interface that went away or came back, "" where there is none;
 * each is given once, by the first of several members. */
const char *aw_live_notice(struct aw_live *l);

struct aw_live_stats {
    uint64_t kernel;    /* lost for want of room in the buffer */
    uint64_t interface; /* lost by the interface or its driver; counted by the first member */
};
/* Cumulative, over a time in which it was away as well. */
void aw_live_stats(struct aw_live *l, struct aw_live_stats *out);

/* The names of the interfaces there are, for "did you mean", and what is known of each. `each`
 * returns false to stop. False and a line in err where they cannot be listed. */
struct aw_interface {
    const char *name, *description; /* borrowed; description "" where there is none */
    const char *addresses;          /* separated by ", " */
    bool up, running, loopback;
};
bool aw_live_list(bool (*each)(void *ctx, const struct aw_interface *i), void *ctx, char *err,
                  size_t err_size);

#endif
