/*
 * seeds OUT CAPTURE-OR-SCENARIO...: begins the corpora of the fuzz targets from captures, into the
 * folders OUT/wire, OUT/http, OUT/engine and OUT/source, which have to be there. Small on purpose:
 * the first packets, the first connection's words.
 */
#include <sys/stat.h>

#include "common/morph.h"
#include "fuzz/fuzz.h"

enum { PACKETS = 40, BYTES = 6000 };

static struct {
    uint8_t b[BYTES + 4096];
    size_t n;
} seed;

static void put(const void *bytes, size_t len)
{
    if (len > sizeof seed.b - seed.n) len = sizeof seed.b - seed.n;
    memcpy(seed.b + seed.n, bytes, len);
    seed.n += len;
}
static void put16(uint32_t v)
{
    put((const uint8_t[]){(uint8_t)(v >> 8), (uint8_t)v}, 2);
}

static void save(const char *out, const char *kind, const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s/%s", out, kind, name);
    FILE *f = seed.n ? fopen(path, "wb") : NULL;
    if (f) fwrite(seed.b, seed.n, 1, f);
    if (f) fclose(f);
    seed.n = 0;
}

static void wire(const struct morph *m)
{
    put16(m->p[0].linktype);
    for (size_t i = 0; i < m->n && i < PACKETS && seed.n < BYTES / 2; i++) {
        const struct morph_packet *p = &m->p[i];
        const uint32_t len = p->cap < 1400 ? p->cap : 1400;
        put16(len | (len < p->wire ? 0x8000 : 0));
        put(p->data, len);
    }
}

/* What was said on the first connection with payload, a mark where the other side begins. */
static void http(const struct morph *m)
{
    uint16_t client = 0;
    bool server = false;
    put("\2", 1);
    for (size_t i = 0; i < m->n && seed.n < BYTES; i++) {
        const struct morph_packet *p = &m->p[i];
        struct morph_tcp t;
        if (!morph_tcp(p, &t) || t.payload == 0 || t.payload > p->cap || p->cap < p->wire) continue;
        if (client == 0) client = t.sport;
        if (t.sport != client && t.dport != client) continue;
        if ((t.sport != client) != server) put("\x1e", 1);
        server = t.sport != client;
        put(p->data + p->cap - t.payload, t.payload < 800 ? t.payload : 800);
    }
    if (seed.n == 1) seed.n = 0;
}

static void capture(const struct morph *m, size_t most)
{
    const uint32_t header[] = {0xa1b23c4d, 4u << 16 | 2, 0, 0, 262144, m->p[0].linktype};
    put(header, sizeof header);
    for (size_t i = 0; i < m->n && i < most && seed.n < BYTES; i++) {
        const struct morph_packet *p = &m->p[i];
        const uint32_t len = p->cap < 700 ? p->cap : 700;
        if (p->linktype != m->p[0].linktype) continue;
        const uint32_t record[] = {(uint32_t)(p->ts / AW_SEC), (uint32_t)(p->ts % AW_SEC), len,
                                   p->wire};
        put(record, sizeof record);
        put(p->data, len);
    }
}

int main(int argc, char **argv)
{
    for (int i = 2; i < argc; i++) {
        const char *slash = strrchr(argv[i], '/'), *name = slash ? slash + 1 : argv[i];
        char err[256];
        struct morph m = {0};
        if (morph_load(&m, argv[i], err, sizeof err) && m.n > 0) {
            wire(&m);
            save(argv[1], "wire", name);
            http(&m);
            save(argv[1], "http", name);
            capture(&m, PACKETS);
            save(argv[1], "engine", name);
            capture(&m, 4);
            save(argv[1], "source", name);
        }
        morph_free(&m);
    }
    return argc > 2 ? 0 : 2;
}
