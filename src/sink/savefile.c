/* Capture files; see savefile.h. Numbers are in this machine's byte order, as both formats allow.
 */
#include "sink/savefile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    CAPTURED_MAX = 262144, /* bytes of a packet: libpcap takes no longer ones */
    AROUND_MAX = 128,      /* bytes that may come with it: headers of file, interface and record */
    BUFFER = CAPTURED_MAX + 4096,
    VERSION_MAJOR = 2,
    VERSION_MINOR = 4,
    ETHERNET = 1, /* of a file without packets */
    NG_SECTION = 0x0a0d0d0a,
    NG_ORDER = 0x1a2b3c4d,
    NG_INTERFACE = 1,
    NG_SIMPLE = 3,
    NG_PACKET = 6,
    NG_TSRESOL = 9,
    IFACES_MAX = 4096,
};

static const uint32_t PCAP_MAGIC = 0xa1b23c4d; /* nanoseconds */

struct iface {
    uint16_t linktype, iface;
};

struct aw_savefile {
    int fd;
    bool mixed, begun; /* begun: the header is written */
    bool regular;      /* what was written in part can be taken back */
    bool endures;
    uint16_t linktype;    /* pcap */
    struct iface *ifaces; /* owned; pcapng: by number in the file */
    size_t iface_count, iface_flushed;
    uint64_t flushed; /* bytes, whole records */
    uint64_t left_out, let_go;
    size_t used, packets; /* in the buffer */
    int error;            /* nothing is written any more */
    int trouble;          /* the first that passed */
    uint8_t *buffer;      /* owned */
};

struct aw_savefile *aw_savefile_new(int fd, bool mixed)
{
    struct stat st;
    struct aw_savefile *s = calloc(1, sizeof *s);
    if (!s) return NULL;
    *s = (struct aw_savefile){.fd = fd, .mixed = mixed, .buffer = malloc(BUFFER)};
    if (!s->buffer) {
        free(s);
        return NULL;
    }
    s->regular = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
    return s;
}

/* --- bytes out --- */

static int write_whole(const struct aw_savefile *s)
{
    size_t done = 0;
    while (done < s->used) {
        const ssize_t n = write(s->fd, s->buffer + done, s->used - done);
        if (n > 0)
            done += (size_t)n;
        else if (n == 0 || errno != EINTR)
            return n == 0 ? EIO : errno;
    }
    return 0;
}

/* The file as it was before the buffer was to be written: with a header or interface that did not
 * get out, these are told again with the next packet. */
static void take_back(struct aw_savefile *s, int error)
{
    const bool back = s->regular && ftruncate(s->fd, (off_t)s->flushed) == 0 &&
                      lseek(s->fd, (off_t)s->flushed, SEEK_SET) >= 0;
    const bool passes =
        error == ENOSPC || error == EDQUOT || error == EFBIG || error == EIO; /* full today */
    if (!s->endures || !back || !passes) {
        s->error = error;
        return;
    }
    if (!s->trouble) s->trouble = error;
    s->let_go += s->packets;
    s->iface_count = s->iface_flushed;
    s->begun = s->flushed > 0;
}

void aw_savefile_flush(struct aw_savefile *s)
{
    if (s->error || s->used == 0) return;
    const int error = write_whole(s);
    if (error) {
        take_back(s, error);
    } else {
        s->flushed += s->used;
        s->iface_flushed = s->iface_count;
    }
    s->used = s->packets = 0;
}

static uint8_t *room(struct aw_savefile *s, size_t len)
{
    uint8_t *at = s->buffer + s->used;
    s->used += len;
    return at;
}

static void put32(uint8_t **p, uint32_t v)
{
    memcpy(*p, &v, sizeof v);
    *p += sizeof v;
}

static void put16(uint8_t **p, uint16_t v)
{
    memcpy(*p, &v, sizeof v);
    *p += sizeof v;
}

/* --- headers --- */

static void begin(struct aw_savefile *s, uint16_t linktype)
{
    s->begun = true;
    s->linktype = linktype;
    uint8_t *p = room(s, s->mixed ? 28 : 24);
    if (s->mixed) {
        put32(&p, NG_SECTION);
        put32(&p, 28);
        put32(&p, NG_ORDER);
        put16(&p, 1);
        put16(&p, 0);
        put32(&p, UINT32_MAX); /* length of the section: not told */
        put32(&p, UINT32_MAX);
        put32(&p, 28);
    } else {
        put32(&p, PCAP_MAGIC);
        put16(&p, VERSION_MAJOR);
        put16(&p, VERSION_MINOR);
        put32(&p, 0);
        put32(&p, 0);
        put32(&p, CAPTURED_MAX);
        put32(&p, linktype);
    }
}

/* The number of the packet's interface in the file, told first where it is new; -1: none more. */
static int64_t iface_of(struct aw_savefile *s, const struct aw_packet *pkt)
{
    for (size_t i = 0; i < s->iface_count; i++)
        if (s->ifaces[i].linktype == pkt->linktype && s->ifaces[i].iface == pkt->iface)
            return (int64_t)i;
    if (s->iface_count >= IFACES_MAX) return -1;
    struct iface *grown = realloc(s->ifaces, (s->iface_count + 1) * sizeof *grown);
    if (!grown) {
        s->error = ENOMEM;
        return -1;
    }
    s->ifaces = grown;
    s->ifaces[s->iface_count] = (struct iface){pkt->linktype, pkt->iface};
    uint8_t *p = room(s, 32);
    put32(&p, NG_INTERFACE);
    put32(&p, 32);
    put16(&p, pkt->linktype);
    put16(&p, 0);
    put32(&p, 0); /* no limit */
    put16(&p, NG_TSRESOL);
    put16(&p, 1);
    put32(&p, 0);
    p[-4] = 9; /* nanoseconds */
    put32(&p, 0);
    put32(&p, 32);
    return (int64_t)s->iface_count++;
}

/* --- packets --- */

static void record(struct aw_savefile *s, const uint8_t *head, size_t head_len,
                   const struct aw_packet *pkt, uint32_t cap, const uint8_t *tail, size_t tail_len)
{
    uint8_t *to = room(s, head_len + cap + tail_len);
    memcpy(to, head, head_len);
    if (cap) memcpy(to + head_len, pkt->data, cap);
    if (tail_len) memcpy(to + head_len + cap, tail, tail_len);
    s->packets++;
}

bool aw_savefile_packet(struct aw_savefile *s, const struct aw_packet *pkt)
{
    const uint32_t cap = pkt->cap_len < CAPTURED_MAX ? pkt->cap_len : CAPTURED_MAX;
    const uint32_t wire = pkt->wire_len > pkt->cap_len ? pkt->wire_len : pkt->cap_len;
    const uint64_t ns = pkt->ts > 0 ? (uint64_t)pkt->ts : 0;
    uint8_t head[28], tail[8] = {0}, *p = head;
    /* Now or never: what tells of the packet's interface must not leave before the packet. */
    if (cap + AROUND_MAX > BUFFER - s->used) aw_savefile_flush(s);
    if (s->error) return false;
    if (!s->begun) {
        s->mixed |= pkt->untimed; /* pcap cannot say so */
        begin(s, pkt->linktype);
    }
    if (!s->mixed) {
        if (pkt->linktype != s->linktype) {
            s->left_out++;
            return false;
        }
        const uint64_t sec = ns / (uint64_t)AW_SEC;
        put32(&p, sec > UINT32_MAX ? UINT32_MAX : (uint32_t)sec);
        put32(&p, (uint32_t)(ns % (uint64_t)AW_SEC));
        put32(&p, cap);
        put32(&p, wire);
        record(s, head, 16, pkt, cap, tail, 0);
        return true;
    }
    const int64_t iface = iface_of(s, pkt);
    if (iface < 0) {
        s->left_out++;
        return false;
    }
    /* Without a time it stays so; a block that has none knows the first interface and whole packets
     * alone. */
    const bool simple = pkt->untimed && iface == 0 && cap == wire;
    const uint32_t pad = (4 - cap % 4) % 4, total = (simple ? 16 : 32) + cap + pad;
    put32(&p, simple ? NG_SIMPLE : NG_PACKET);
    put32(&p, total);
    if (!simple) {
        put32(&p, (uint32_t)iface);
        put32(&p, (uint32_t)(ns >> 32));
        put32(&p, (uint32_t)ns);
        put32(&p, cap);
    }
    put32(&p, wire);
    memcpy(tail + pad, &total, sizeof total);
    record(s, head, (size_t)(p - head), pkt, cap, tail, pad + sizeof total);
    return true;
}

void aw_savefile_endure(struct aw_savefile *s)
{
    s->endures = true;
}

uint64_t aw_savefile_let_go(const struct aw_savefile *s)
{
    return s->let_go;
}

int aw_savefile_trouble(const struct aw_savefile *s)
{
    return s->trouble;
}

uint64_t aw_savefile_size(const struct aw_savefile *s)
{
    return s->flushed + s->used;
}

uint64_t aw_savefile_left_out(const struct aw_savefile *s)
{
    return s->left_out;
}

int aw_savefile_error(const struct aw_savefile *s)
{
    return s->error;
}

int aw_savefile_close(struct aw_savefile *s)
{
    if (!s->begun && !s->error) begin(s, ETHERNET);
    aw_savefile_flush(s);
    if (close(s->fd) != 0 && errno != EINTR && !s->error) s->error = errno;
    const int error = s->error ? s->error : s->trouble;
    free(s->ifaces);
    free(s->buffer);
    free(s);
    return error;
}
