/*
 * Embeds libawait100: reads a capture in the classic pcap format, hands its packets to the engine,
 * and prints a line for each failing exchange and the totals. The library does no I/O and reads no
 * clock; all of that is here, as it would be in a proxy, a probe or a test bench.
 *
 *   cc -o embed embed.c $(pkg-config --cflags --libs libawait100)
 *   ./embed upload.pcap
 */
#include <stdio.h>
#include <stdlib.h>

#include <await100.h>

/* Called by the engine for each exchange; everything in the record is lent until this returns. */
static void on_record(void *ctx, const struct aw_record *rec)
{
    struct aw_summary *summary = ctx;
    const struct aw_verdict *v = rec->verdict;
    if (!v) return; /* not an expectation exchange */
    aw_summary_add(summary, rec);
    if (!aw_failing(v)) return;
    printf("exchange %llu: %s, %s (%s)\n", (unsigned long long)rec->ex->id,
           aw_severity_name(v->severity), aw_cause_slug(v->cause), aw_cause_title(v->cause));
    for (unsigned i = 0; i < v->evidence_count; i++)
        printf("    %s\n", v->evidence[i].text); /* printable, whatever was on the wire */
}

/* --- the classic capture format: a head of 24 bytes, then 16 before each packet --- */

struct capture {
    FILE *file;
    int swapped; /* written on a machine of the other byte order */
    aw_ns unit;  /* of the second number of a time stamp: 1 us or 1 ns */
    uint16_t linktype;
    uint64_t count;
    uint8_t bytes[262144];
};

static uint32_t number(const struct capture *c, const uint8_t *p)
{
    return c->swapped ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]
                      : (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

static int open_capture(struct capture *c, const char *path)
{
    uint8_t head[24];
    c->file = fopen(path, "rb");
    if (!c->file || fread(head, sizeof head, 1, c->file) != 1) return 0;
    for (c->swapped = 0; c->swapped < 2; c->swapped++) {
        const uint32_t magic = number(c, head);
        if (magic != 0xa1b2c3d4 && magic != 0xa1b23c4d) continue;
        c->unit = magic == 0xa1b2c3d4 ? AW_US : 1;
        c->linktype = (uint16_t)number(c, head + 20);
        return 1;
    }
    return 0;
}

static int next_packet(struct capture *c, struct aw_packet *p)
{
    uint8_t head[16];
    if (fread(head, sizeof head, 1, c->file) != 1) return 0;
    const uint32_t len = number(c, head + 8);
    if (len > sizeof c->bytes || fread(c->bytes, 1, len, c->file) != len) return 0;
    c->count++;
    *p = (struct aw_packet){
        .ts = number(c, head) * AW_SEC + number(c, head + 4) * c->unit,
        .ord = c->count,                 /* over all inputs, from 1 */
        .ref = aw_ref_make(0, c->count), /* how evidence names it */
        .data = c->bytes,
        .cap_len = len,
        .wire_len = number(c, head + 12),
        .linktype = c->linktype,
    };
    return 1;
}

int main(int argc, char **argv)
{
    struct capture *c = calloc(1, sizeof *c);
    if (argc != 2 || !c || !open_capture(c, argv[1])) {
        fputs("usage: embed FILE.pcap\n", stderr);
        return 2;
    }
    struct aw_config config;
    aw_config_init(&config);
    config.memory = 64 << 20; /* the most it may take */
    /* config.secret keys the hash of connections: on a live wire, fill it with random bytes. */
    struct aw_summary *summary = aw_summary_new(NULL);
    const struct aw_sink sink = {.ctx = summary, .record = on_record};
    struct aw_engine *engine = summary ? aw_engine_open(&config, &sink, NULL) : NULL;
    enum aw_status status = engine ? AW_OK : AW_ENOMEM;
    struct aw_packet packet;
    while (status == AW_OK && next_packet(c, &packet))
        status = aw_engine_push(engine, &packet, 1);
    if (status == AW_OK) status = aw_engine_finish(engine);
    if (status == AW_OK)
        printf("%llu packets, %llu expectation exchanges, %llu failing\n",
               (unsigned long long)c->count, (unsigned long long)aw_summary_expectation(summary),
               (unsigned long long)aw_summary_failing(summary));
    aw_engine_close(engine);
    aw_summary_free(summary);
    fclose(c->file);
    free(c);
    return status == AW_OK ? 0 : 1;
}
