/*
 * Every capture of a folder of real ones (AWAIT100_CORPUS, else ../shared/corpus; skipped where
 * there is none) is decoded, each packet alone in memory of its exact length, whole and cut: under
 * a sanitizer no byte beyond it is read. What is found must hold together.
 */
#include <dirent.h>
#include <pcap.h>
#include <stdio.h>
#include <sys/stat.h>

#include "build.h"

struct run {
    uint64_t files, packets, segments;
};

static void decode_packet(struct decoder *t, int linktype, const struct pcap_pkthdr *h,
                          const uint8_t *data, struct run *run)
{
    const size_t n = h->caplen, wire = h->len > n ? h->len : n;
    const aw_ns ts = h->ts.tv_sec * AW_SEC + h->ts.tv_usec;
    struct aw_segment s;
    const enum aw_drop drop = decode_at(t, (unsigned)linktype, data, n, wire, ts, &s);
    run->packets++;
    if (drop != AW_DROP_NONE) return;
    run->segments++;
    assert_true(s.payload.len <= s.payload_wire);
    uint8_t last = 0; /* the whole payload can be read */
    for (size_t i = 0; i < s.payload.len; i++)
        last ^= s.payload.p[i];
    (void)last;
    /* Cut at a place that moves through the headers, as a snap length would. */
    const size_t cut = t->ord % 100;
    if (cut >= n) return;
    struct aw_segment less;
    const uint32_t sent = s.payload_wire;
    if (decode_at(t, (unsigned)linktype, data, cut, wire, ts, &less) != AW_DROP_NONE) return;
    assert_true(less.payload.len <= cut);
    if (aw_wire_held(t->w) == 0 && less.sport == s.sport && less.seq == s.seq)
        assert_true(less.payload_wire == sent || less.payload.len < less.payload_wire);
}

static void decode_file(const char *path, struct run *run)
{
    char err[PCAP_ERRBUF_SIZE];
    pcap_t *p = pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, err);
    if (!p) return; /* not one libpcap reads */
    run->files++;
    struct decoder t;
    decoder_open(&t, 1 << 20);
    const int linktype = pcap_datalink(p);
    struct pcap_pkthdr *h;
    const u_char *data;
    while (pcap_next_ex(p, &h, &data) == 1)
        decode_packet(&t, linktype, h, data, run);
    uint64_t sum = 0;
    for (int i = 0; i < AW_DROP_COUNT; i++)
        sum += aw_wire_stats(t.w)->drop[i];
    assert_int_equal(sum, t.ord);
    decoder_close(&t);
    pcap_close(p);
}

static void walk(const char *folder, struct run *run)
{
    DIR *d = opendir(folder);
    if (!d) return;
    for (const struct dirent *e; (e = readdir(d));) {
        if (e->d_name[0] == '.') continue;
        char path[4096];
        struct stat st;
        if (snprintf(path, sizeof path, "%s/%s", folder, e->d_name) >= (int)sizeof path) continue;
        if (lstat(path, &st) != 0) continue;
        if (S_ISDIR(st.st_mode)) walk(path, run);
        if (S_ISREG(st.st_mode)) decode_file(path, run);
    }
    closedir(d);
}

static void corpus(void **state)
{
    (void)state;
    const char *folder = getenv("AWAIT100_CORPUS");
    struct run run = {0};
    walk(folder ? folder : "../shared/corpus", &run);
    if (run.files == 0) skip();
    print_message("%llu files, %llu packets, %llu segments\n", (unsigned long long)run.files,
                  (unsigned long long)run.packets, (unsigned long long)run.segments);
    assert_true(run.segments > run.packets / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(corpus)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
