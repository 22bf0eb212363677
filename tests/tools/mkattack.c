/*
 * mkattack KIND OUT.pcap [--size N] [--seed N]: captures in which somebody fights the analyser,
 * with two honest conversations in between whose verdicts must not suffer: one upload refused with
 * 417, one whose client waits a second in vain. KIND none: these two alone; without arguments the
 * kinds are listed. N is the number of attacking packets (200000).
 *
 * Equal arguments give equal files. Checksums are left zero, as by offload.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16 };
enum { FRAME_MAX = 4096, FLOWS = 64 };

static FILE *out;
static uint64_t seed = 1, packets, size = 200000;
static int64_t now = INT64_C(1767323045000000000); /* ns */

static uint32_t rnd(uint32_t below) /* xorshift64* */
{
    seed ^= seed >> 12;
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return (uint32_t)((seed * UINT64_C(0x2545F4914F6CDD1D)) >> 33) % below;
}

static void be16(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}
static void be32(uint8_t *p, uint32_t v)
{
    be16(p, v >> 16);
    be16(p + 2, v & 0xffff);
}

static void frame(int64_t at, const uint8_t *bytes, uint32_t len)
{
    const uint32_t rec[4] = {(uint32_t)(at / 1000000000), (uint32_t)(at % 1000000000), len, len};
    fwrite(rec, sizeof rec, 1, out);
    fwrite(bytes, len, 1, out);
    packets++;
}

/* IPv4 at p; returns where its payload begins. */
static uint8_t *ip4(uint8_t *p, uint32_t src, uint32_t dst, uint8_t protocol, uint32_t payload,
                    uint16_t id, uint16_t fragment)
{
    memset(p, 0, 20);
    p[0] = 0x45;
    be16(p + 2, 20 + payload);
    be16(p + 4, id);
    be16(p + 6, fragment);
    p[8] = 64;
    p[9] = protocol;
    be32(p + 12, src);
    be32(p + 16, dst);
    return p + 20;
}

static uint8_t *ethernet(uint8_t *p)
{
    static const uint8_t head[14] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0};
    memcpy(p, head, sizeof head);
    return p + sizeof head;
}

struct end {
    uint32_t addr;
    uint16_t port;
};

static uint8_t *tcp(uint8_t *t, struct end from, struct end to, uint8_t flags, uint32_t seq,
                    uint32_t ack, const void *payload, uint32_t len)
{
    memset(t, 0, 20);
    be16(t, from.port);
    be16(t + 2, to.port);
    be32(t + 4, seq);
    be32(t + 8, ack);
    t[12] = 0x50;
    t[13] = flags;
    be16(t + 14, 64240);
    if (len) memcpy(t + 20, payload, len);
    return t + 20 + len;
}

static void segment(int64_t at, struct end from, struct end to, uint8_t flags, uint32_t seq,
                    uint32_t ack, const void *payload, uint32_t len)
{
    uint8_t b[FRAME_MAX], *ip = ethernet(b);
    uint8_t *end = tcp(ip4(ip, from.addr, to.addr, 6, 20 + len, 0, 0x4000), from, to, flags, seq,
                       ack, payload, len);
    frame(at, b, (uint32_t)(end - b));
}

/* --- the honest --- */

struct talk { /* one side says `text`, or flags alone */
    int side;
    uint8_t flags;
    const char *text;
    int64_t pause; /* before it */
};

#define HEAD                                                                                       \
    "PUT /honest HTTP/1.1\r\nHost: honest.example\r\nUser-Agent: curl/8.5.0\r\n"                   \
    "Content-Length: 10\r\nExpect: 100-continue\r\n\r\n"
static const struct talk refused[] = {
    {0, SYN, "", 0},
    {1, SYN | ACK, "", 1000000},
    {0, ACK, "", 1000000},
    {0, PSH | ACK, HEAD, 1000000},
    {1, PSH | ACK,
     "HTTP/1.1 417 Expectation Failed\r\nServer: lighttpd/1.4.20\r\nContent-Length: 0\r\n"
     "Connection: close\r\n\r\n",
     2000000},
    {0, FIN | ACK, "", 1000000},
    {1, FIN | ACK, "", 1000000},
};
static const struct talk ignored[] = {
    {0, SYN, "", 0},
    {1, SYN | ACK, "", 1000000},
    {0, ACK, "", 1000000},
    {0, PSH | ACK, HEAD, 1000000},
    {1, ACK, "", 1000000},
    {0, PSH | ACK, "0123456789", 1000000000},
    {1, PSH | ACK, "HTTP/1.1 201 Created\r\nServer: deaf/1\r\nContent-Length: 0\r\n\r\n", 2000000},
    {0, FIN | ACK, "", 1000000},
    {1, FIN | ACK, "", 1000000},
};

struct honest {
    const struct talk *talk;
    unsigned steps, step;
    struct end end[2];
    uint32_t seq[2];
    int64_t due; /* of the next step */
};
static struct honest honest[2] = {
    {refused,
     sizeof refused / sizeof *refused,
     0,
     {{0x0a090901, 50001}, {0x0a090902, 80}},
     {1, 9},
     0},
    {ignored,
     sizeof ignored / sizeof *ignored,
     0,
     {{0x0a090903, 50002}, {0x0a090904, 80}},
     {5, 7},
     0},
};

/* What is due by now. */
static void speak(int64_t until)
{
    for (;;) {
        struct honest *h = NULL;
        for (unsigned i = 0; i < 2; i++)
            if (honest[i].step < honest[i].steps && honest[i].due <= until &&
                (!h || honest[i].due < h->due))
                h = &honest[i];
        if (!h) return;
        const struct talk *t = &h->talk[h->step++];
        const int s = t->side;
        segment(h->due, h->end[s], h->end[!s], t->flags, h->seq[s], h->seq[!s], t->text,
                (uint32_t)strlen(t->text));
        h->seq[s] += (uint32_t)strlen(t->text) + (t->flags & (SYN | FIN) ? 1 : 0);
        if (h->step < h->steps) h->due += h->talk[h->step].pause;
    }
}

/* --- the attacks: one packet each call, `i` counts --- */

static const struct end server = {0xc0000201, 80};
static struct end bot(uint64_t i)
{
    return (struct end){0x0b000000u + (uint32_t)(i / 60000), (uint16_t)(1024 + i % 60000)};
}

/* Opens FLOWS connections first; *seq, *ack: where the client of the flow stands. */
static uint32_t offset[FLOWS];
static bool opened(uint64_t i)
{
    const struct end c = bot(i % FLOWS);
    if (i < FLOWS)
        segment(now, c, server, SYN, 1000, 0, NULL, 0);
    else if (i < 2 * FLOWS)
        segment(now, server, c, SYN | ACK, 5000, 1001, NULL, 0);
    else
        return true;
    return false;
}

static void say(uint64_t i, const void *bytes, uint32_t len)
{
    uint32_t *o = &offset[i % FLOWS];
    segment(now, bot(i % FLOWS), server, PSH | ACK, 1001 + *o, 5001, bytes, len);
    *o += len;
}

static void syn(uint64_t i)
{
    segment(now, bot(i), server, SYN, rnd(1u << 30), 0, NULL, 0);
}

/* Connections whose hash, by the function that the flow table uses, ends in the same bits: found by
 * trying, as anybody can who has the source, but without the secret that every run draws anew. In a
 * table that went by this hash they would queue up behind each other. */
static void collide(uint64_t i)
{
    enum { ALIKE = 0x3ff << 2, TRIES = 1 << 20 }; /* the lowest two bits tell no place */
    static uint64_t tried;
    (void)i;
    for (int n = 0; n < TRIES; n++, tried++) {
        const struct end c = {0x0c000000u + (uint32_t)(tried / 60000),
                              (uint16_t)(1024 + tried % 60000)};
        uint8_t addr[4];
        uint32_t word[2];
        be32(addr, c.addr);
        memcpy(&word[0], addr, sizeof addr);
        be32(addr, server.addr);
        memcpy(&word[1], addr, sizeof addr);
        const uint64_t a = (uint64_t)word[0] << 16 | c.port,
                       b = (uint64_t)word[1] << 16 | server.port;
        const uint64_t ends[2] = {a < b ? a : b, a < b ? b : a};
        if ((XXH3_64bits(ends, sizeof ends) & ALIKE) != 0) continue;
        tried++;
        segment(now, c, server, SYN, rnd(1u << 30), 0, NULL, 0);
        return;
    }
}

static void half(uint64_t i)
{
    static char part[400];
    if (!part[0]) {
        memset(part, 'h', sizeof part);
        memcpy(part, "PUT / HTTP/1.1\r\nExpect: 100-continue\r\nX: ", 42);
    }
    if (i % 2 == 0)
        segment(now, bot(i / 2), server, SYN, 1000, 0, NULL, 0);
    else
        segment(now, bot(i / 2), server, ACK, 1001, 1, part, sizeof part);
}

static void disorder(uint64_t i)
{
    static const char filler[1000];
    if (!opened(i)) return;
    segment(now, bot(i % FLOWS), server, ACK, 1002 + rnd(60000) * 1000, 5001, filler,
            sizeof filler);
}

static void sequence(uint64_t i)
{
    static const uint8_t flags[] = {ACK, RST, SYN, SYN | ACK, FIN | ACK, RST | ACK, PSH | ACK, 0};
    if (!opened(i)) return;
    const uint8_t f = flags[rnd(8)];
    const bool back = rnd(2);
    segment(now, back ? server : bot(i % FLOWS), back ? bot(i % FLOWS) : server, f,
            rnd(1u << 31) * 2, rnd(1u << 31) * 2, "GET / HTTP/1.1\r\n\r\n", rnd(19));
}

static void overlap(uint64_t i)
{
    static char one[600], two[600];
    memset(one, 'a' + (int)rnd(26), sizeof one);
    memset(two, 'A' + (int)rnd(26), sizeof two);
    if (!opened(i)) return;
    uint32_t *o = &offset[i % FLOWS];
    segment(now, bot(i % FLOWS), server, ACK, 1002 + *o + rnd(500), 5001, i & FLOWS ? one : two,
            600);
    if (rnd(8) == 0) *o += 300;
}

static void head(uint64_t i)
{
    static char lines[1400];
    if (!opened(i)) return;
    if (offset[i % FLOWS] == 0) {
        say(i, "GET / HTTP/1.1\r\nExpect: 100-continue\r\n", 38);
        return;
    }
    for (size_t k = 0; k < sizeof lines; k++)
        lines[k] = k % 100 == 98 ? '\r' : k % 100 == 99 ? '\n' : k % 100 == 5 ? ':' : 'x';
    say(i, lines, sizeof lines);
}

static void extension(uint64_t i)
{
    static char more[1400];
    if (!opened(i)) return;
    if (offset[i % FLOWS] == 0) {
        static const char begin[] = "PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
                                    "Expect: 100-continue\r\n\r\n5;a=";
        say(i, begin, sizeof begin - 1);
        return;
    }
    memset(more, 'e', sizeof more);
    say(i, more, sizeof more);
}

static void pipeline(uint64_t i)
{
    static const char request[] = "PUT /p HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
                                  "Content-Length: 0\r\n\r\n";
    if (!opened(i)) return;
    say(i % 2, request, sizeof request - 1); /* on two connections */
}

static void bytes(uint64_t i)
{
    static const char text[] = "PUT /b HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
                               "Content-Length: 3\r\n\r\nabc";
    if (!opened(i)) return;
    say(i, text + offset[i % FLOWS] % (sizeof text - 1), 1);
}

static void interim(uint64_t i)
{
    static const char hint[] = "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n";
    if (!opened(i)) return;
    const struct end c = bot(i % FLOWS);
    uint32_t *o = &offset[i % FLOWS];
    if (*o == 0) segment(now, c, server, ACK, 1001, 5001, HEAD, sizeof HEAD - 1);
    segment(now, server, c, ACK, 5001 + *o, 1001 + sizeof HEAD - 1, hint, sizeof hint - 1);
    *o += sizeof hint - 1;
}

static void fragments(uint64_t i)
{
    uint8_t b[FRAME_MAX], *ip = ethernet(b);
    const uint32_t len = 8 * (1 + rnd(100)), at = rnd(8000);
    uint8_t *p = ip4(ip, 0x0b000001u + rnd(4), server.addr, 6, len, (uint16_t)(i / 8),
                     (uint16_t)(0x2000 | at));
    memset(p, (int)rnd(256), len);
    frame(now, b, (uint32_t)(p + len - b));
}

static void tunnels(uint64_t i)
{
    enum { DEEP = 100 };
    uint8_t b[FRAME_MAX], *p = ethernet(b);
    for (unsigned k = 0; k < DEEP; k++) /* IP in IP */
        p = ip4(p, 0x0b000000u + k, 0x0c000000u + k, 4, (DEEP - k) * 20 + 20, 0, 0x4000);
    const struct end c = bot(i);
    p = ip4(p, c.addr, server.addr, 6, 20, 0, 0x4000);
    p = tcp(p, c, server, SYN, 1, 0, NULL, 0);
    frame(now, b, (uint32_t)(p - b));
}

static void times(uint64_t i)
{
    static const int64_t ends[] = {0, INT64_C(4294967295999999999), INT64_C(2147483648000000000),
                                   1};
    const int64_t at = ends[rnd(4)];
    segment(at, bot(i % FLOWS), server, ACK, 1001, 1, NULL, 0);
}

/* SYNs and SYN-ACKs with any number into the connections of others, of the honest as well. */
static void stranger(uint64_t i)
{
    if (!opened(i)) return;
    const struct honest *h = &honest[i & 1];
    const bool at_honest = rnd(2) && h->step > 1, back = rnd(2);
    const struct end client = at_honest ? h->end[0] : bot(i % FLOWS);
    const struct end far = at_honest ? h->end[1] : server;
    segment(now, back ? far : client, back ? client : far, back ? SYN | ACK : SYN,
            rnd(1u << 31) * 2, rnd(1u << 31) * 2, NULL, 0);
}

static void none(uint64_t i)
{
    (void)i;
}

static const struct kind {
    const char *name, *meaning;
    void (*packet)(uint64_t i);
} kinds[] = {
    {"none", "the honest conversations alone", none},
    {"syn", "SYN flood", syn},
    {"collide", "SYN flood, equal hashes but for the secret", collide},
    {"half", "half-open connections with half a head each", half},
    {"disorder", "segments out of order, the first never comes", disorder},
    {"sequence", "sequence numbers, flags and resets at random", sequence},
    {"stranger", "SYNs and SYN-ACKs into the connections of others", stranger},
    {"overlap", "overlapping segments that contradict each other", overlap},
    {"head", "heads that never end", head},
    {"extension", "chunk extensions that never end", extension},
    {"pipeline", "requests pipelined by the ten thousand", pipeline},
    {"bytes", "segments of one byte", bytes},
    {"interim", "interim responses without end", interim},
    {"fragments", "IP fragments that overlap and are never whole", fragments},
    {"tunnels", "tunnels nested a hundred deep", tunnels},
    {"times", "time stamps at the ends of time", times},
};

int main(int argc, char **argv)
{
    const struct kind *kind = NULL;
    for (size_t i = 0; argc > 2 && i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(argv[1], kinds[i].name) == 0) kind = &kinds[i];
    for (int i = 3; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--size") == 0) size = strtoull(argv[i + 1], NULL, 10);
        if (strcmp(argv[i], "--seed") == 0) seed = strtoull(argv[i + 1], NULL, 10) | 1;
    }
    if (!kind) {
        fprintf(stderr, "usage: mkattack KIND OUT.pcap [--size N] [--seed N]\n");
        for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
            fprintf(stderr, "  %-10s %s\n", kinds[i].name, kinds[i].meaning);
        return 2;
    }
    out = fopen(argv[2], "wb");
    if (!out) {
        fprintf(stderr, "mkattack: %s cannot be written\n", argv[2]);
        return 3;
    }
    const uint32_t file_head[6] = {0xa1b23c4d, 4u << 16 | 2u, 0, 0, 262144, 1};
    fwrite(file_head, sizeof file_head, 1, out);
    /* The attack lasts for three seconds; the honest begin when it is well under way. */
    const int64_t start = now, lasts = INT64_C(3000000000);
    honest[0].due = start + lasts / 3;
    honest[1].due = start + lasts / 3 + 500000;
    for (uint64_t i = 0; i < size; i++) {
        now = start + (int64_t)((double)lasts / (double)size * (double)i);
        speak(now);
        kind->packet(i);
    }
    speak(INT64_MAX);
    const bool bad = ferror(out) != 0;
    const bool bad_close = fclose(out) != 0;
    printf("%s: %llu packets\n", argv[2], (unsigned long long)packets);
    return bad || bad_close ? 3 : 0;
}
