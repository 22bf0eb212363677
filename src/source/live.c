/*
 * Live capture; see live.h. A libpcap handle in non-blocking mode, waited for with poll. Packets
 * are copied out of the kernel's ring at once, so that the ring is free for the next ones whatever
 * becomes of these.
 */
#include "source/live.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <pcap/pcap.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "source/linktype.h"

enum {
    PROMPT_MS = 10, /* age at which the kernel hands over a block that is not full */
    QUIET_MS = 100, /* ... where nobody waits for it */
    SLACK_MS = 40,  /* what scheduling may add */
    LOOK_MS = 500,  /* between looks whether an interface is up, or back */
    WORDS = 320,
};

struct aw_live {
    struct aw_live_options o;
    char *filter; /* owned; "" = none */
    pcap_t *pcap; /* owned; NULL: went away */
    int fd;
    int group; /* as the kernel numbers it, the first on a machine 0; or AW_LIVE_NO_GROUP */
    uint16_t linktype;
    bool nano;
    bool down;     /* told */
    aw_ns gone_by; /* steady time: what it had before it went away is read until then; 0: it is
                      there */
    aw_ns look_at; /* steady time of the next look whether it is up, or back; INT64_MAX = never */
    uint32_t seen_drop,
        seen_ifdrop;         /* libpcap's counters as of the last look: 32 bits, they wrap */
    struct aw_lot_room *lot; /* being filled, for the callback */
    aw_ns since, until;      /* capture times of the first and last packet wanted */
    aw_ns drain_by;          /* steady time; 0: not draining */
    struct aw_live_stats lost;
    char notice[WORDS];
    bool told;
};

static aw_ns clock_now(clockid_t which)
{
    struct timespec t;
    clock_gettime(which, &t);
    return (aw_ns)t.tv_sec * AW_SEC + t.tv_nsec;
}

static int block_ms(const struct aw_live *l)
{
    return l->o.prompt ? PROMPT_MS : QUIET_MS;
}

aw_ns aw_live_latency(const struct aw_live *l)
{
    return (block_ms(l) + SLACK_MS) * AW_MS;
}

int aw_live_group(const struct aw_live *l)
{
    return l->group;
}

void aw_live_since(struct aw_live *l, aw_ns ts)
{
    l->since = ts;
}

/* --- opening --- */

static enum aw_live_fault fault_of(int status)
{
    switch (status) {
    case PCAP_ERROR_NO_SUCH_DEVICE:
        return AW_LIVE_NO_DEVICE;
    case PCAP_ERROR_PERM_DENIED:
    case PCAP_ERROR_PROMISC_PERM_DENIED:
        return AW_LIVE_NO_PERMISSION;
    default:
        return AW_LIVE_OTHER;
    }
}

static int activate(const struct aw_live *l, pcap_t *p)
{
    (void)pcap_set_snaplen(p, l->o.snaplen);
    (void)pcap_set_promisc(p, l->o.promiscuous);
    (void)pcap_set_timeout(p, block_ms(l));
    (void)pcap_set_buffer_size(p, (int)l->o.buffer_bytes);
    /* Where it is not offered stamps are in microseconds. */
    (void)pcap_set_tstamp_precision(p, PCAP_TSTAMP_PRECISION_NANO);
    return pcap_activate(p);
}

static bool set_filter(const struct aw_live *l, pcap_t *p)
{
    struct bpf_program code;
    if (pcap_compile(p, &code, l->filter, 1, PCAP_NETMASK_UNKNOWN) != 0) return false;
    const bool good = pcap_setfilter(p, &code) == 0;
    pcap_freecode(&code);
    return good;
}

/* By the flow, which both directions have in common. Where a member's buffer runs full others take
 * its packets: their order is that of time anyway. For the same reason fragments need not be put
 * together first, as the kernel could: what is captured stays what was on the wire. */
static bool join(struct aw_live *l)
{
    const int how = PACKET_FANOUT_HASH | PACKET_FANOUT_FLAG_ROLLOVER;
    if (l->group != AW_LIVE_NO_GROUP) {
        const int arg = l->group | how << 16;
        return setsockopt(l->fd, SOL_PACKET, PACKET_FANOUT, &arg, sizeof arg) == 0;
    }
    /* The kernel gives a number that is free: with another's we would take its packets. */
    const int arg = (how | PACKET_FANOUT_FLAG_UNIQUEID) << 16;
    int got = 0;
    socklen_t size = sizeof got;
    if (setsockopt(l->fd, SOL_PACKET, PACKET_FANOUT, &arg, sizeof arg) != 0 ||
        getsockopt(l->fd, SOL_PACKET, PACKET_FANOUT, &got, &size) != 0)
        return false;
    l->group = got & 0xffff;
    return true;
}

static bool open_interface(struct aw_live *l, enum aw_live_fault *fault, char *err, size_t err_size)
{
    char words[PCAP_ERRBUF_SIZE] = "";
    *fault = AW_LIVE_OTHER;
    pcap_t *p = pcap_create(l->o.name, words);
    if (!p) {
        snprintf(err, err_size, "%s", words);
        return false;
    }
    const int status = activate(l, p);
    bool good = status >= 0;
    if (!good) {
        *fault = fault_of(status);
        const char *why = pcap_geterr(p);
        snprintf(err, err_size, "%s", *why ? why : pcap_statustostr(status));
    } else if (*l->filter && !set_filter(l, p)) {
        *fault = AW_LIVE_BAD_FILTER;
        snprintf(err, err_size, "%s", pcap_geterr(p));
        good = false;
    } else if (pcap_setnonblock(p, 1, words) != 0 || (l->fd = pcap_get_selectable_fd(p)) < 0) {
        snprintf(err, err_size, "%s", *words ? words : "it cannot be waited for");
        good = false;
    } else if (l->o.members > 1 && !join(l)) {
        *fault = AW_LIVE_NO_SHARING;
        snprintf(err, err_size, "%s", strerror(errno));
        good = false;
    }
    if (!good) {
        pcap_close(p);
        return false;
    }
    l->pcap = p;
    l->nano = pcap_get_tstamp_precision(p) == PCAP_TSTAMP_PRECISION_NANO;
    l->linktype = aw_linktype_from((uint32_t)pcap_datalink(p));
    l->seen_drop = l->seen_ifdrop = 0;
    return true;
}

struct aw_live *aw_live_open(const struct aw_live_options *o, enum aw_live_fault *fault, char *err,
                             size_t err_size)
{
    *fault = AW_LIVE_OTHER;
    snprintf(err, err_size, "out of memory");
    struct aw_live *l = calloc(1, sizeof *l);
    if (!l) return NULL;
    l->o = *o;
    l->fd = -1;
    l->group = o->group;
    l->filter = strdup(o->filter ? o->filter : "");
    l->since = INT64_MIN;
    l->until = INT64_MAX;
    l->told = true;
    if (l->o.snaplen <= 0 || l->o.snaplen > AW_LIVE_SNAPLEN) l->o.snaplen = AW_LIVE_SNAPLEN;
    if (l->o.buffer_bytes == 0) l->o.buffer_bytes = AW_LIVE_BUFFER;
    if (l->o.buffer_bytes > INT32_MAX) l->o.buffer_bytes = INT32_MAX;
    if (l->filter && open_interface(l, fault, err, err_size)) return l;
    aw_live_close(l);
    return NULL;
}

void aw_live_close(struct aw_live *l)
{
    if (!l) return;
    if (l->pcap) pcap_close(l->pcap);
    free(l->filter);
    free(l);
}

bool aw_live_refilter(struct aw_live *l, const char *filter, char *err, size_t err_size)
{
    char *old = l->filter;
    l->filter = strdup(filter);
    if (l->filter && (!l->pcap || set_filter(l, l->pcap))) {
        free(old);
        return true;
    }
    snprintf(err, err_size, "%s: %s", l->o.name,
             l->filter ? pcap_geterr(l->pcap) : "out of memory");
    free(l->filter);
    l->filter = old;
    return false;
}

/* --- counting --- */

/* What a 32-bit counter rose by. A fall is no wrap where it is a small one: libpcap reads the
 * interface's own counters anew each time, and gives nonsense where it may not any more. */
static uint32_t rise(uint32_t now, uint32_t *before)
{
    const uint32_t by = now - *before;
    *before = now;
    return by > INT32_MAX ? 0 : by;
}

static void count_losses(struct aw_live *l)
{
    struct pcap_stat s;
    if (!l->pcap || pcap_stats(l->pcap, &s) != 0) return;
    l->lost.kernel += rise(s.ps_drop, &l->seen_drop);
    if (l->o.member == 0) l->lost.interface += rise(s.ps_ifdrop, &l->seen_ifdrop);
}

void aw_live_stats(struct aw_live *l, struct aw_live_stats *out)
{
    count_losses(l);
    *out = l->lost;
}

/* --- interfaces that go away --- */

static void AW_PRINTF(2, 3) notice(struct aw_live *l, const char *format, ...)
{
    va_list args;
    if (l->o.member > 0) return;
    va_start(args, format);
    vsnprintf(l->notice, sizeof l->notice, format, args);
    va_end(args);
    l->told = false;
}

const char *aw_live_notice(struct aw_live *l)
{
    if (l->told) return "";
    l->told = true;
    return l->notice;
}

/* Opening takes a permission that a careful process has given up by now. */
static bool may_open(void)
{
    const int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    const bool may = fd >= 0 || (errno != EPERM && errno != EACCES);
    if (fd >= 0) close(fd);
    return may;
}

static void lose(struct aw_live *l)
{
    const bool hope = may_open();
    count_losses(l);
    notice(l, "%s: %.200s; %s", l->o.name, pcap_geterr(l->pcap),
           hope ? "waiting for it to come back"
                : "opening it again would take the privileges given up since the start");
    pcap_close(l->pcap);
    l->pcap = NULL;
    l->fd = -1;
    l->gone_by = 0;
    l->look_at = hope ? clock_now(CLOCK_MONOTONIC) + LOOK_MS * AW_MS : INT64_MAX;
}

static void try_again(struct aw_live *l)
{
    enum aw_live_fault fault;
    char why[WORDS];
    if (!open_interface(l, &fault, why, sizeof why)) return;
    /* Before it had joined the others it got what was theirs. */
    if (l->o.members > 1) l->since = clock_now(CLOCK_REALTIME);
    notice(l, "%s: it is back", l->o.name);
    l->down = false;
}

/* An interface that is down keeps its place and goes on once it is up. libpcap does not tell. */
static void look_whether_up(struct aw_live *l)
{
    struct ifreq r = {.ifr_flags = 0};
    snprintf(r.ifr_name, sizeof r.ifr_name, "%s", l->o.name);
    if (ioctl(l->fd, SIOCGIFFLAGS, &r) != 0) return; /* "any" has none */
    const bool down = (r.ifr_flags & IFF_UP) == 0;
    if (down != l->down)
        notice(l,
               down ? "%s: the interface is down; waiting for it to come back"
                    : "%s: it is up again",
               l->o.name);
    l->down = down;
}

static void look_after(struct aw_live *l)
{
    const aw_ns now = clock_now(CLOCK_MONOTONIC);
    if (l->gone_by > 0) {
        if (now >= l->gone_by) lose(l);
        return;
    }
    if (now < l->look_at) return;
    l->look_at = now + LOOK_MS * AW_MS;
    if (l->pcap)
        look_whether_up(l);
    else
        try_again(l);
}

bool aw_live_over(const struct aw_live *l)
{
    return !l->pcap && l->look_at == INT64_MAX;
}

/* --- reading --- */

static bool full(const struct aw_live *l, const struct aw_lot_room *lot)
{
    return lot->n == lot->room || lot->size - lot->used < (size_t)l->o.snaplen;
}

static void on_packet(u_char *ctx, const struct pcap_pkthdr *h, const u_char *bytes)
{
    struct aw_live *l = (struct aw_live *)(void *)ctx;
    struct aw_lot_room *lot = l->lot;
    const aw_ns ts = (aw_ns)h->ts.tv_sec * AW_SEC + (aw_ns)h->ts.tv_usec * (l->nano ? 1 : AW_US);
    if (ts < l->since) return;
    if (ts > l->until) { /* after the end: more of these may come for ever */
        pcap_breakloop(l->pcap);
        return;
    }
    l->since = INT64_MIN; /* begun; a clock set back is no beginning */
    const uint32_t len = h->caplen <= (uint32_t)l->o.snaplen ? h->caplen : (uint32_t)l->o.snaplen;
    uint8_t *to = lot->bytes + lot->used;
    memcpy(to, bytes, len);
    lot->pkts[lot->n++] = (struct aw_packet){
        .ts = ts,
        .data = to,
        .cap_len = len,
        .wire_len = h->len,
        .linktype = l->linktype,
        .iface = l->o.index,
    };
    lot->used += len;
    if (full(l, lot)) pcap_breakloop(l->pcap);
}

/* What the interface has, until the lot is full. */
static void take(struct aw_live *l, struct aw_lot_room *lot)
{
    if (!l->pcap) return;
    l->lot = lot;
    const int got = pcap_dispatch(l->pcap, -1, on_packet, (u_char *)(void *)l);
    if (got >= 0 || got == PCAP_ERROR_BREAK || got == PCAP_ERROR_IFACE_NOT_UP) return;
    /* The kernel still hands over the last block, once it is of age. */
    if (l->gone_by == 0) l->gone_by = clock_now(CLOCK_MONOTONIC) + aw_live_latency(l);
}

static void empty(struct aw_lot_room *lot)
{
    lot->n = 0;
    lot->used = 0;
}

static void wait_for(const struct aw_live *l, int wait_ms)
{
    struct pollfd one = {.fd = l->pcap ? l->fd : -1, .events = POLLIN};
    if (poll(&one, 1, wait_ms) <= 0) return;
    /* An interface that is down, or gone, can be ready for nothing but its error, again and again.
     */
    if ((one.revents & POLLIN) || !(l->down || l->gone_by > 0)) return;
    const struct timespec pause = {.tv_nsec = (l->gone_by > 0 ? PROMPT_MS : QUIET_MS) * AW_MS};
    (void)nanosleep(&pause, NULL);
}

bool aw_live_read(struct aw_live *l, struct aw_lot_room *lot, int wait_ms, aw_ns *looked)
{
    empty(lot);
    look_after(l);
    aw_ns now = clock_now(CLOCK_MONOTONIC);
    take(l, lot);
    if (lot->n == 0 && !aw_live_over(l)) {
        wait_for(l, wait_ms);
        now = clock_now(CLOCK_MONOTONIC);
        take(l, lot);
    }
    if (!full(l, lot)) *looked = now;
    return lot->n > 0;
}

bool aw_live_drain(struct aw_live *l, struct aw_lot_room *lot, aw_ns until)
{
    l->until = until;
    if (l->drain_by == 0) l->drain_by = clock_now(CLOCK_MONOTONIC) + aw_live_latency(l);
    empty(lot);
    for (;;) {
        take(l, lot);
        if (lot->n > 0) return true;
        const aw_ns left = l->drain_by - clock_now(CLOCK_MONOTONIC);
        if (left <= 0 || !l->pcap) return false;
        wait_for(l, (int)(left / AW_MS) + 1);
    }
}

/* --- what interfaces there are --- */

static void add_address(char *text, size_t size, const struct sockaddr *a)
{
    char one[INET6_ADDRSTRLEN];
    const void *from = NULL;
    if (!a) return;
    if (a->sa_family == AF_INET) from = &((const struct sockaddr_in *)(const void *)a)->sin_addr;
    if (a->sa_family == AF_INET6) from = &((const struct sockaddr_in6 *)(const void *)a)->sin6_addr;
    if (!from || !inet_ntop(a->sa_family, from, one, sizeof one)) return;
    const size_t used = strlen(text);
    snprintf(text + used, size - used, "%s%s", used ? ", " : "", one);
}

bool aw_live_list(bool (*each)(void *ctx, const struct aw_interface *i), void *ctx, char *err,
                  size_t err_size)
{
    char words[PCAP_ERRBUF_SIZE] = "";
    pcap_if_t *all;
    if (pcap_findalldevs(&all, words) != 0) {
        snprintf(err, err_size, "%s", words);
        return false;
    }
    for (const pcap_if_t *i = all; i; i = i->next) {
        char addresses[512] = "";
        for (const pcap_addr_t *a = i->addresses; a; a = a->next)
            add_address(addresses, sizeof addresses, a->addr);
        const struct aw_interface one = {
            .name = i->name,
            .description = i->description ? i->description : "",
            .addresses = addresses,
            .up = (i->flags & PCAP_IF_UP) != 0,
            .running = (i->flags & PCAP_IF_RUNNING) != 0,
            .loopback = (i->flags & PCAP_IF_LOOPBACK) != 0,
        };
        if (!each(ctx, &one)) break;
    }
    pcap_freealldevs(all);
    return true;
}
