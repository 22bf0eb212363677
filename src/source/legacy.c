/* Capture files of rare shapes; see legacy.h. */
#include "source/legacy.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>

#include "source/linktype.h"

struct aw_legacy {
    pcap_t *pcap; /* owned; owns the FILE */
    aw_legacy_read read;
    void *ctx;
    uint64_t given; /* bytes handed to stdio */
    uint16_t linktype;
};

static ssize_t cookie_read(void *cookie, char *to, size_t room)
{
    struct aw_legacy *l = cookie;
    const long n = l->read(l->ctx, to, room);
    if (n > 0) l->given += (uint64_t)n;
    return n;
}

/* Tells the position and moves nowhere: enough for ftello, which is where errors are located by. */
static int cookie_seek(void *cookie, off64_t *to, int whence)
{
    const struct aw_legacy *l = cookie;
    if (whence != SEEK_CUR || *to != 0) {
        errno = ESPIPE;
        return -1;
    }
    *to = (off64_t)l->given;
    return 0;
}

struct aw_legacy *aw_legacy_open(aw_legacy_read read, void *ctx, char *err, size_t err_size)
{
    struct aw_legacy *l = calloc(1, sizeof *l);
    FILE *file = NULL;
    if (l) {
        l->read = read;
        l->ctx = ctx;
        const cookie_io_functions_t io = {.read = cookie_read, .seek = cookie_seek};
        file = fopencookie(l, "rb", io);
    }
    if (!file) {
        snprintf(err, err_size, "out of memory");
        free(l);
        return NULL;
    }
    char words[PCAP_ERRBUF_SIZE] = "";
    l->pcap = pcap_fopen_offline_with_tstamp_precision(file, PCAP_TSTAMP_PRECISION_NANO, words);
    if (!l->pcap) {
        snprintf(err, err_size, "%s", words);
        fclose(file);
        free(l);
        return NULL;
    }
    l->linktype = aw_linktype_from((uint32_t)pcap_datalink(l->pcap));
    return l;
}

void aw_legacy_close(struct aw_legacy *l)
{
    if (!l) return;
    pcap_close(l->pcap);
    free(l);
}

int aw_legacy_next(struct aw_legacy *l, struct aw_packet *pkt)
{
    struct pcap_pkthdr *h;
    const u_char *data;
    const int r = pcap_next_ex(l->pcap, &h, &data);
    if (r != 1) return r == PCAP_ERROR_BREAK ? 0 : -1;
    /* Seconds are 32 bits in these files, and sign-extended by some versions of libpcap. */
    *pkt = (struct aw_packet){
        .ts = (aw_ns)(uint32_t)h->ts.tv_sec * AW_SEC + (aw_ns)h->ts.tv_usec,
        .data = data,
        .cap_len = h->caplen,
        .wire_len = h->len > h->caplen ? h->len : h->caplen,
        .linktype = l->linktype,
    };
    return 1;
}

const char *aw_legacy_error(struct aw_legacy *l)
{
    return pcap_geterr(l->pcap);
}

uint64_t aw_legacy_offset(struct aw_legacy *l)
{
    const off_t at = ftello(pcap_file(l->pcap));
    return at < 0 ? l->given : (uint64_t)at;
}
