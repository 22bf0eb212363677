/*
 * Capture files: the input is one, plain or compressed. Read twice, the second time a
 * few bytes at a time and with interruptions: the packets have to be the same, inside their bounds.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz/fuzz.h"
#include "source/source.h"

enum { PACKETS_MAX = 20000 };

/* Not 0: reads are cut short, and interrupted, by numbers from this seed. */
static uint64_t pieces_of;

/* The linker puts it in the place of read (--wrap). */
ssize_t __real_read(int fd, void *to, size_t room);
ssize_t __wrap_read(int fd, void *to, size_t room);
ssize_t __wrap_read(int fd, void *to, size_t room)
{
    if (pieces_of == 0 || room == 0) return __real_read(fd, to, room);
    const uint32_t roll = fuzz_roll(&pieces_of, 100);
    if (roll < 5) {
        errno = EINTR;
        return -1;
    }
    const size_t most = 1 + fuzz_roll(&pieces_of, roll < 60 ? 30 : 3000);
    return __real_read(fd, to, room < most ? room : most);
}

struct seen {
    uint64_t packets, hash;
    enum aw_read end;
    char error[512];
};

static void mix(uint64_t *h, const void *bytes, size_t len)
{
    const uint8_t *p = bytes;
    for (size_t i = 0; i < len; i++)
        *h = (*h ^ p[i]) * UINT64_C(0x100000001b3);
}

static void look_at(struct seen *s, const struct aw_packet *p)
{
    s->packets++;
    REQUIRE(aw_ref_no(p->ref) == s->packets, "packet %llu", (unsigned long long)s->packets);
    REQUIRE(p->ts != AW_NS_NONE, "packet %llu has no time", (unsigned long long)s->packets);
    mix(&s->hash, &p->ts, sizeof p->ts);
    mix(&s->hash, &p->cap_len, sizeof p->cap_len);
    mix(&s->hash, &p->wire_len, sizeof p->wire_len);
    mix(&s->hash, &p->linktype, sizeof p->linktype);
    mix(&s->hash, &p->iface, sizeof p->iface);
    mix(&s->hash, p->data, p->cap_len);
}

static struct seen read_all(int fd)
{
    struct seen s = {.hash = 1, .end = AW_READ_OK};
    char path[64], err[256];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    struct aw_source *src = aw_source_open(path, 0, err, sizeof err);
    REQUIRE(src, "%s", err);
    unsigned hold = 0;
    while (s.end == AW_READ_OK || s.end == AW_READ_AGAIN) {
        const struct aw_packet *pkts = NULL;
        size_t n = 0;
        s.end = aw_source_next(src, hold++ % AW_SOURCE_HOLDS, &pkts, &n);
        if (s.end != AW_READ_OK) continue;
        REQUIRE(n > 0, "an empty lot");
        for (size_t i = 0; i < n; i++)
            look_at(&s, &pkts[i]);
        if (s.packets > PACKETS_MAX) break; /* a bomb: enough was seen of it */
    }
    snprintf(s.error, sizeof s.error, "%s", aw_source_error(src));
    REQUIRE((s.end == AW_READ_DAMAGED) == (s.error[0] != 0), "%d with \"%s\"", s.end, s.error);
    aw_source_close(src);
    return s;
}

static void write_all(int fd, const uint8_t *data, size_t size)
{
    while (size > 0) {
        const ssize_t n = write(fd, data, size);
        REQUIRE(n > 0, "write");
        data += n;
        size -= (size_t)n;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const int file = memfd_create("capture", MFD_CLOEXEC);
    REQUIRE(file >= 0, "memfd_create");
    write_all(file, data, size);
    const struct seen whole = read_all(file);
    pieces_of = fuzz_seed(data, size);
    const struct seen pieces = read_all(file);
    pieces_of = 0;
    close(file);
    REQUIRE(pieces.end == whole.end, "%d, in pieces %d: \"%s\", \"%s\"", whole.end, pieces.end,
            whole.error, pieces.error);
    /* How much of a chunk whose length turns out wrong liblzma gives depends on its pieces. */
    static const uint8_t xz_magic[] = {0xfd, '7', 'z', 'X', 'Z', 0};
    const bool xz = size >= sizeof xz_magic && memcmp(data, xz_magic, sizeof xz_magic) == 0;
    if (whole.packets <= PACKETS_MAX && !(xz && whole.end == AW_READ_DAMAGED))
        REQUIRE(pieces.packets == whole.packets && pieces.hash == whole.hash,
                "%llu packets, in pieces %llu", (unsigned long long)whole.packets,
                (unsigned long long)pieces.packets);
    return 0;
}
