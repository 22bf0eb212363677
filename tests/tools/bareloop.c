/*
 * bareloop FILE: reads a capture with pcap_next_ex and does nothing else: what the bench measures
 * the program against.
 */
#include <pcap/pcap.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    char err[PCAP_ERRBUF_SIZE];
    if (argc != 2) {
        fprintf(stderr, "usage: bareloop FILE\n");
        return 2;
    }
    pcap_t *p = pcap_open_offline_with_tstamp_precision(argv[1], PCAP_TSTAMP_PRECISION_NANO, err);
    if (!p) {
        fprintf(stderr, "bareloop: %s\n", err);
        return 3;
    }
    struct pcap_pkthdr *head;
    const u_char *bytes;
    unsigned long long packets = 0, total = 0;
    int got;
    while ((got = pcap_next_ex(p, &head, &bytes)) == 1) {
        packets++;
        total += head->caplen;
    }
    pcap_close(p);
    printf("%llu packets %llu bytes\n", packets, total);
    return got == PCAP_ERROR_BREAK ? 0 : 3;
}
