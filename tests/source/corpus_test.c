/*
 * Real captures: what we read is what libpcap reads, packet by packet. AWAIT100_CORPUS names the
 * folder, ../shared/corpus by default; skipped where there is none.
 */
#include "capture_file.h"

#include <ftw.h>
#include <pcap/pcap.h>
#include <sys/stat.h>

#include "source/linktype.h"

static unsigned files, refused;
static uint64_t packets;

/* The next packet of ours; NULL at the end. */
struct ours {
    struct aw_source *s;
    const struct aw_packet *p;
    size_t n;
    unsigned hold;
    enum aw_read end;
};
static const struct aw_packet *next_of_ours(struct ours *o)
{
    if (o->n == 0) o->end = aw_source_next(o->s, o->hold++, &o->p, &o->n);
    if (o->n == 0) return NULL;
    o->n--;
    return o->p++;
}

static void compare(const char *path, const char *file)
{
    char err[PCAP_ERRBUF_SIZE];
    pcap_t *theirs = pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, err);
    struct ours o = {.s = open_source(path)};
    struct pcap_pkthdr *h;
    const u_char *data;
    int r = -1;
    if (theirs) {
        const uint16_t linktype = aw_linktype_from((uint32_t)pcap_datalink(theirs));
        for (uint64_t no = 1; (r = pcap_next_ex(theirs, &h, &data)) == 1; no++) {
            const struct aw_packet *p = next_of_ours(&o);
            if (!p)
                fail_msg("%s: ours ends at packet %" PRIu64 ": %s", file, no, aw_source_error(o.s));
            const aw_ns ts = (aw_ns)h->ts.tv_sec * AW_SEC + h->ts.tv_usec;
            const uint32_t wire_len = h->len > h->caplen ? h->len : h->caplen;
            /* libpcap cuts packets that are longer than the snap length told by the file */
            const bool cut = p->cap_len > h->caplen && (int)h->caplen == pcap_snapshot(theirs);
            if (p->ts != ts || (p->cap_len != h->caplen && !cut) || p->linktype != linktype ||
                p->wire_len < wire_len || memcmp(p->data, data, h->caplen) != 0 ||
                aw_ref_no(p->ref) < no)
                fail_msg("%s: packet %" PRIu64 " differs: %" PRId64 " %" PRId64 ", %u %u, %u %u",
                         file, no, p->ts, ts, p->cap_len, h->caplen, p->wire_len, h->len);
            packets++;
        }
        pcap_close(theirs);
    }
    /* Where libpcap is content so are we; where it is not we may be. */
    const struct aw_packet *more = next_of_ours(&o);
    if (r == PCAP_ERROR_BREAK && (more || o.end != AW_READ_END))
        fail_msg("%s: libpcap ends, ours %s", file, more ? "goes on" : aw_source_error(o.s));
    while (next_of_ours(&o)) {
    }
    refused += o.end == AW_READ_DAMAGED;
    files++;
    aw_source_close(o.s);
}

static int visit(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    const char *dot = strrchr(path, '.');
    if (kind == FTW_F && dot && strncmp(dot, ".pcap", 5) == 0) compare(path, path + at->base);
    return 0;
}

static void same_packets_as_libpcap(void **state)
{
    (void)state;
    const char *corpus = getenv("AWAIT100_CORPUS");
    struct stat st;
    if (!corpus) corpus = "../shared/corpus";
    if (stat(corpus, &st) != 0) {
        print_message("no corpus at %s: skipped\n", corpus);
        skip();
    }
    assert_int_equal(nftw(corpus, visit, 16, FTW_PHYS), 0);
    print_message("%u files, %" PRIu64 " packets compared, %u files damaged\n", files, packets,
                  refused);
    assert_true(files > 0 && packets > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(same_packets_as_libpcap)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
