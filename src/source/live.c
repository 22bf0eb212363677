/*
 * Live capture; see live.h. Each interface is a libpcap handle in non-blocking mode, waited for
 * with poll. Packets are copied out of the kernel's ring at once, so that the ring is free for the
 * next ones whatever becomes of these.
 */
#include "source/live.h"

#include <arpa/inet.h>
#include <errno.h>
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
#include "source/order.h"

enum {
    WATCHED_MS = 10, /* age at which the kernel hands over a block that is not full */
    QUIET_MS = 100,  /* ... where nobody watches */
    SLACK_MS = 40,   /* what scheduling may add */
    LOOK_MS = 500,   /* between looks whether an interface is up, or back */
    WORDS = 320,
};

struct device {
    struct aw_live *live;
    const char *name; /* borrowed */
    pcap_t *pcap;     /* owned; NULL: went away */
    int fd;
    uint16_t index, linktype;
    bool nano;
    bool down;     /* told */
    aw_ns look_at; /* steady time of the next look whether it is up, or back; INT64_MAX = never */
    uint32_t seen_drop,
        seen_ifdrop; /* libpcap's counters as of the last look: 32 bits, they wrap */
};

struct aw_live {
    struct aw_live_options o;
    char *filter;            /* owned; "" = none */
    struct device *devices;  /* owned */
    struct pollfd *poll;     /* owned; one a device */
    struct aw_order *order;  /* owned; NULL where there is but one device */
    struct aw_lot_room *lot; /* being filled, for the callback */
    size_t next;             /* device to begin with, so that none starves */
    uint64_t packets;
    aw_ns until; /* capture time of the end, while draining; else INT64_MAX */
    aw_ns drain_by;
    bool over; /* nothing left, and no permission to open anything again */
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
    return l->o.watched ? WATCHED_MS : QUIET_MS;
}

aw_ns aw_live_latency(const struct aw_live *l)
{
    const aw_ns one = (block_ms(l) + SLACK_MS) * AW_MS;
    return l->order ? 2 * one : one;
}

size_t aw_live_snaplen(const struct aw_live *l)
{
    return (size_t)l->o.snaplen;
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

static bool open_device(struct device *d, enum aw_live_fault *fault, char *err, size_t err_size)
{
    char words[PCAP_ERRBUF_SIZE] = "";
    const struct aw_live *l = d->live;
    *fault = AW_LIVE_OTHER;
    pcap_t *p = pcap_create(d->name, words);
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
    } else if (pcap_setnonblock(p, 1, words) != 0 || (d->fd = pcap_get_selectable_fd(p)) < 0) {
        snprintf(err, err_size, "%s", *words ? words : "it cannot be waited for");
        good = false;
    }
    if (!good) {
        pcap_close(p);
        return false;
    }
    d->pcap = p;
    d->nano = pcap_get_tstamp_precision(p) == PCAP_TSTAMP_PRECISION_NANO;
    d->linktype = aw_linktype_from((uint32_t)pcap_datalink(p));
    d->seen_drop = d->seen_ifdrop = 0;
    return true;
}

struct aw_live *aw_live_open(const struct aw_live_options *o, enum aw_live_fault *fault,
                             size_t *which, char *err, size_t err_size)
{
    *fault = AW_LIVE_OTHER;
    *which = 0;
    snprintf(err, err_size, "out of memory");
    struct aw_live *l = calloc(1, sizeof *l);
    if (!l) return NULL;
    l->o = *o;
    l->filter = strdup(o->filter ? o->filter : "");
    l->until = INT64_MAX;
    l->told = true;
    if (l->o.snaplen <= 0 || l->o.snaplen > AW_LIVE_SNAPLEN) l->o.snaplen = AW_LIVE_SNAPLEN;
    if (l->o.buffer_bytes == 0) l->o.buffer_bytes = AW_LIVE_BUFFER;
    if (l->o.buffer_bytes > INT32_MAX) l->o.buffer_bytes = INT32_MAX;
    l->devices = calloc(o->count, sizeof *l->devices);
    l->poll = calloc(o->count, sizeof *l->poll);
    if (o->count > 1) l->order = aw_order_new(o->count);
    bool good = l->devices && l->poll && (o->count == 1 || l->order) && l->filter;
    for (size_t i = 0; good && i < o->count; i++) {
        l->devices[i] =
            (struct device){.live = l, .name = o->names[i], .fd = -1, .index = (uint16_t)i};
        *which = i;
        good = open_device(&l->devices[i], fault, err, err_size);
    }
    if (good) return l;
    if (!l->devices) l->o.count = 0;
    aw_live_close(l);
    return NULL;
}

void aw_live_close(struct aw_live *l)
{
    if (!l) return;
    for (size_t i = 0; i < l->o.count; i++)
        if (l->devices[i].pcap) pcap_close(l->devices[i].pcap);
    aw_order_free(l->order);
    free(l->devices);
    free(l->poll);
    free(l->filter);
    free(l);
}

bool aw_live_refilter(struct aw_live *l, const char *filter, char *err, size_t err_size)
{
    char *old = l->filter;
    l->filter = strdup(filter);
    bool good = l->filter != NULL;
    snprintf(err, err_size, "%s", good ? "" : "out of memory");
    size_t i = 0;
    for (; good && i < l->o.count; i++) {
        pcap_t *p = l->devices[i].pcap;
        good = !p || set_filter(l, p);
        if (!good) snprintf(err, err_size, "%s: %s", l->devices[i].name, pcap_geterr(p));
    }
    if (good) {
        free(old);
        return true;
    }
    free(l->filter);
    l->filter = old;
    while (i-- > 0) /* those that took it go back */
        if (l->devices[i].pcap) (void)set_filter(l, l->devices[i].pcap);
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

static void count_losses(struct device *d)
{
    struct pcap_stat s;
    if (!d->pcap || pcap_stats(d->pcap, &s) != 0) return;
    d->live->lost.kernel += rise(s.ps_drop, &d->seen_drop);
    d->live->lost.interface += rise(s.ps_ifdrop, &d->seen_ifdrop);
}

void aw_live_stats(struct aw_live *l, struct aw_live_stats *out)
{
    for (size_t i = 0; i < l->o.count; i++)
        count_losses(&l->devices[i]);
    *out = l->lost;
}

/* --- interfaces that go away --- */

static void AW_PRINTF(2, 3) notice(struct aw_live *l, const char *format, ...)
{
    va_list args;
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

static void lose(struct device *d)
{
    const bool hope = may_open();
    count_losses(d);
    notice(d->live, "%s: %.200s; %s", d->name, pcap_geterr(d->pcap),
           hope ? "waiting for it to come back"
                : "opening it again would take the privileges given up since the start");
    pcap_close(d->pcap);
    d->pcap = NULL;
    d->fd = -1;
    d->look_at = hope ? clock_now(CLOCK_MONOTONIC) + LOOK_MS * AW_MS : INT64_MAX;
}

static void try_again(struct device *d)
{
    enum aw_live_fault fault;
    char why[WORDS];
    if (!open_device(d, &fault, why, sizeof why)) return;
    notice(d->live, "%s: it is back", d->name);
    d->down = false;
}

/* An interface that is down keeps its place and goes on once it is up. libpcap does not tell. */
static void look_whether_up(struct device *d)
{
    struct ifreq r = {.ifr_flags = 0};
    snprintf(r.ifr_name, sizeof r.ifr_name, "%s", d->name);
    if (ioctl(d->fd, SIOCGIFFLAGS, &r) != 0) return; /* "any" has none */
    const bool down = (r.ifr_flags & IFF_UP) == 0;
    if (down != d->down)
        notice(d->live,
               down ? "%s: the interface is down; waiting for it to come back"
                    : "%s: it is up again",
               d->name);
    d->down = down;
}

static void look_after(struct aw_live *l)
{
    const aw_ns now = clock_now(CLOCK_MONOTONIC);
    bool over = true;
    for (size_t i = 0; i < l->o.count; i++) {
        struct device *d = &l->devices[i];
        if (now >= d->look_at) {
            d->look_at = now + LOOK_MS * AW_MS;
            if (d->pcap)
                look_whether_up(d);
            else
                try_again(d);
        }
        if (d->pcap || d->look_at != INT64_MAX) over = false;
    }
    l->over = over;
}

bool aw_live_over(const struct aw_live *l)
{
    return l->over;
}

/* --- reading --- */

static void on_packet(u_char *ctx, const struct pcap_pkthdr *h, const u_char *bytes)
{
    const struct device *d = (const struct device *)(const void *)ctx;
    struct aw_live *l = d->live;
    struct aw_lot_room *lot = l->lot;
    const aw_ns ts = (aw_ns)h->ts.tv_sec * AW_SEC + (aw_ns)h->ts.tv_usec * (d->nano ? 1 : AW_US);
    if (ts > l->until) { /* after the end: more of these may come for ever */
        pcap_breakloop(d->pcap);
        return;
    }
    const uint32_t len = h->caplen <= (uint32_t)l->o.snaplen ? h->caplen : (uint32_t)l->o.snaplen;
    uint8_t *to = lot->bytes + lot->used;
    memcpy(to, bytes, len);
    lot->pkts[lot->n++] = (struct aw_packet){
        .ts = ts,
        .data = to,
        .cap_len = len,
        .wire_len = h->len,
        .linktype = d->linktype,
        .iface = d->index,
    };
    lot->used += len;
    if (lot->n == lot->room || lot->size - lot->used < (size_t)l->o.snaplen)
        pcap_breakloop(d->pcap);
}

/* What one interface has, until the lot is full. */
static void take(struct device *d, struct aw_lot_room *lot)
{
    d->live->lot = lot;
    const int got = pcap_dispatch(d->pcap, -1, on_packet, (u_char *)(void *)d);
    if (got >= 0 || got == PCAP_ERROR_BREAK || got == PCAP_ERROR_IFACE_NOT_UP) return;
    lose(d);
}

static void number(struct aw_live *l, struct aw_lot_room *lot)
{
    for (size_t i = 0; i < lot->n; i++)
        lot->pkts[i].ref = aw_ref_make(0, ++l->packets);
}

static void empty(struct aw_lot_room *lot)
{
    lot->n = 0;
    lot->used = 0;
}

static bool full(const struct aw_live *l, const struct aw_lot_room *lot)
{
    return lot->n == lot->room || lot->size - lot->used < (size_t)l->o.snaplen;
}

static void take_all(struct aw_live *l, struct aw_lot_room *lot)
{
    if (!l->order) {
        if (l->devices[0].pcap) take(&l->devices[0], lot);
        return;
    }
    for (size_t i = 0; i < l->o.count; i++) {
        struct device *d = &l->devices[(l->next + i) % l->o.count];
        while (d->pcap) {
            struct aw_lot_room *own = aw_order_room(l->order, d->index, (size_t)l->o.snaplen);
            if (!own) break; /* as much as it keeps: the rest stays with the kernel */
            const size_t before = own->n;
            take(d, own);
            if (own->n == before || !full(l, own)) break;
        }
    }
    l->next = (l->next + 1) % l->o.count;
}

static void wait_for(struct aw_live *l, int wait_ms)
{
    for (size_t i = 0; i < l->o.count; i++)
        l->poll[i] =
            (struct pollfd){.fd = l->devices[i].pcap ? l->devices[i].fd : -1, .events = POLLIN};
    const int ready = poll(l->poll, (nfds_t)l->o.count, wait_ms);
    if (ready <= 0) return;
    /* An interface that is down can be ready for nothing but its error, again and again. */
    bool news = false;
    for (size_t i = 0; i < l->o.count; i++)
        news = news || (l->poll[i].revents & POLLIN) || !l->devices[i].down;
    if (!news) {
        const struct timespec pause = {.tv_nsec = QUIET_MS * AW_MS};
        (void)nanosleep(&pause, NULL);
    }
}

/* What the order lets go: with `all`, everything it holds. */
static bool hand_over(struct aw_live *l, struct aw_lot_room *lot, bool all)
{
    if (l->order)
        aw_order_take(l->order, lot, clock_now(CLOCK_MONOTONIC),
                      all ? 0 : (block_ms(l) + SLACK_MS) * AW_MS);
    number(l, lot);
    return lot->n > 0;
}

bool aw_live_read(struct aw_live *l, struct aw_lot_room *lot, int wait_ms)
{
    empty(lot);
    look_after(l);
    if (l->over) return hand_over(l, lot, true);
    take_all(l, lot);
    if (hand_over(l, lot, false)) return true;
    if (l->order && aw_order_holds(l->order) && wait_ms > block_ms(l)) wait_ms = block_ms(l);
    wait_for(l, wait_ms);
    take_all(l, lot);
    return hand_over(l, lot, false);
}

bool aw_live_drain(struct aw_live *l, struct aw_lot_room *lot)
{
    if (l->until == INT64_MAX) {
        l->until = clock_now(CLOCK_REALTIME);
        l->drain_by = clock_now(CLOCK_MONOTONIC) + (block_ms(l) + SLACK_MS) * AW_MS;
    }
    empty(lot);
    for (;;) {
        take_all(l, lot);
        if (!l->order && lot->n > 0) return hand_over(l, lot, true);
        const aw_ns left = l->drain_by - clock_now(CLOCK_MONOTONIC);
        if (left <= 0) return hand_over(l, lot, true);
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
