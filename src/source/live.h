/*
 * Live capture from interfaces, by libpcap: opening them, reading what they have, counting what
 * they lost. Knows nothing of threads, queues or signals; a reader of it is one thread.
 *
 * Delivery is in blocks that the kernel hands over when they are full or `latency_ms` old. That
 * serves a person who watches as well as libpcap's immediate mode does, and does not cost what that
 * costs: a ring of slots for packets of the largest size, of which a small buffer has a handful.
 */
#ifndef AW_SOURCE_LIVE_H
#define AW_SOURCE_LIVE_H

#include "await100/packet.h"

struct aw_live;

struct aw_live_options {
    const char *const *names; /* interfaces; "any" is one, too */
    size_t count;
    int snaplen;         /* bytes of a packet; 0 = all */
    size_t buffer_bytes; /* kernel's, for each interface; 0 = AW_LIVE_BUFFER */
    bool promiscuous;
    bool watched;       /* somebody waits for every line */
    const char *filter; /* NULL = none */
};
enum { AW_LIVE_SNAPLEN = 262144, AW_LIVE_BUFFER = 32 << 20 };

enum aw_live_fault {
    AW_LIVE_NO_DEVICE,     /* there is no interface of that name */
    AW_LIVE_NO_PERMISSION, /* the process may not capture */
    AW_LIVE_BAD_FILTER,
    AW_LIVE_OTHER,
};
/* NULL where one of them cannot be opened: *fault says why, *which is its index, err holds
 * libpcap's words without newline. names are borrowed until close. */
struct aw_live *aw_live_open(const struct aw_live_options *o, enum aw_live_fault *fault,
                             size_t *which, char *err, size_t err_size);
void aw_live_close(struct aw_live *l);
/* Takes another filter ("" = none), by whoever reads. For some microseconds, while the kernel
 * exchanges it, no packet passes; what it has queued is tested by the new one. False and a line in
 * err: the old one stays in force. */
bool aw_live_refilter(struct aw_live *l, const char *filter, char *err, size_t err_size);

/* Room for packets, the caller's: `size` bytes have to hold two packets of aw_live_snaplen. */
struct aw_lot_room {
    struct aw_packet *pkts;
    size_t room, n;
    uint8_t *bytes;
    size_t size, used;
};
size_t aw_live_snaplen(const struct aw_live *l);
/* How much later than captured a packet may be handed over, at most, by a reader that keeps up. */
aw_ns aw_live_latency(const struct aw_live *l);

/*
 * Fills the lot, which is emptied first, with what there is: `ts`, bytes, lengths, linktype and
 * iface are set; ref numbers packets over all interfaces, source index 0; ord is not set. Waits at
 * most wait_ms for the first packet. Packets of several interfaces come in the order of time, as
 * far as aw_live_latency allows. True where there is one at least.
 */
bool aw_live_read(struct aw_live *l, struct aw_lot_room *lot, int wait_ms);
/* After the last read before an end: what was captured up to now and not handed over yet. False
 * when there is nothing left. */
bool aw_live_drain(struct aw_live *l, struct aw_lot_room *lot);

/* No interface is left to capture from, and none can come back. */
bool aw_live_over(const struct aw_live *l);
/* One line for the user about an interface that went away or came back, "" where there is none;
 * each is given once. */
const char *aw_live_notice(struct aw_live *l);

struct aw_live_stats {
    uint64_t kernel;    /* lost for want of room in the buffer */
    uint64_t interface; /* lost by the interface or its driver */
};
/* Cumulative, over interfaces that went away as well. */
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
