/*
 * One source: joins the stream of bytes (input.h), the blocks they lie in (block.h) and the formats
 * (records.h, legacy.h), and says in one line what is wrong with a file. Bytes are read into a
 * block and parsed there; what is left over at its end, a record in part, moves to the front of the
 * next. Of a plain file other threads may read some of them (ahead.h).
 */
#include "source/source.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "source/ahead.h"
#include "source/block.h"
#include "source/input.h"
#include "source/legacy.h"
#include "source/lend.h"
#include "source/records.h"

/* The first read is small: many files that wait in a merge for their turn cost a page each. */
enum { FIRST_READ = 4096, MAGIC = 4, SPARES_ALONE = 2 };

enum format { FORMAT_UNKNOWN, FORMAT_PCAP, FORMAT_PCAPNG, FORMAT_LEGACY };

struct hold {
    struct aw_block *block; /* kept: the packets' bytes; NULL = nothing lent */
    struct aw_packet *pkts; /* owned; AW_LOT_MAX, on demand */
};

struct aw_source {
    char *name; /* owned */
    uint16_t index;
    struct aw_input *input;
    struct aw_block *block; /* bytes [at, len) of it are still to be parsed; NULL = nothing read */
    size_t at, len;
    uint64_t offset;               /* in the stream, of the byte `at` */
    struct aw_blocks own, *blocks; /* where its blocks come from: `own`, or a merge's */
    struct aw_ahead ahead;
    struct hold hold[AW_SOURCE_HOLDS];
    enum format format;
    struct aw_pcap pcap;
    struct aw_pcapng pcapng;
    struct aw_legacy *legacy;
    struct aw_packet waiting; /* legacy: read, but without room in the block; data NULL = none */
    int legacy_end;     /* the legacy reader's last answer: past its end it must not be asked */
    aw_ref last;        /* of the last packet lent */
    enum aw_read final; /* END or DAMAGED once reached, OK before */
    char error[640];
};

/* A file's name must not make two lines of one, nor bring an escape to the terminal. */
static void make_printable(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f) *text = '?';
}

/* `first`: read that once more; NULL: open the path. */
static struct aw_source *open_source(const char *path, const struct aw_input *first, uint16_t index,
                                     char *err, size_t err_size)
{
    char why[256];
    struct aw_source *s = calloc(1, sizeof *s);
    if (s) s->name = strdup(path);
    if (!s || !s->name) {
        free(s);
        snprintf(err, err_size, "%s: out of memory", path);
        make_printable(err);
        return NULL;
    }
    aw_ahead_init(&s->ahead);
    s->own.most = SPARES_ALONE;
    s->blocks = &s->own;
    s->index = index;
    s->last = aw_ref_make(index, 0);
    s->input =
        first ? aw_input_again(first, why, sizeof why) : aw_input_open(path, why, sizeof why);
    if (!s->input) {
        snprintf(err, err_size, "%s: %s", aw_source_title(s), why);
        make_printable(err);
        aw_source_close(s);
        return NULL;
    }
    return s;
}

struct aw_source *aw_source_open(const char *path, uint16_t index, char *err, size_t err_size)
{
    return open_source(path, NULL, index, err, err_size);
}

struct aw_source *aw_source_again(const struct aw_source *first, char *err, size_t err_size)
{
    return open_source(first->name, first->input, first->index, err, err_size);
}

bool aw_source_rereadable(const struct aw_source *s)
{
    return aw_input_rereadable(s->input);
}

void aw_source_close(struct aw_source *s)
{
    if (!s) return;
    for (unsigned i = 0; i < AW_SOURCE_HOLDS; i++) {
        aw_block_drop(s->hold[i].block);
        free(s->hold[i].pkts);
    }
    aw_block_drop(s->block);
    aw_ahead_fini(&s->ahead);
    aw_blocks_free(&s->own);
    aw_legacy_close(s->legacy);
    aw_pcapng_fini(&s->pcapng);
    aw_input_close(s->input);
    free(s->name);
    free(s);
}

const char *aw_source_title(const struct aw_source *s)
{
    return strcmp(s->name, "-") == 0 ? "standard input" : s->name;
}

/* Ends the source with one line: file, packet and byte at which reading stopped, and why. */
static enum aw_read AW_PRINTF(3, 4)
    stop(struct aw_source *s, uint64_t offset, const char *format, ...)
{
    const char *packing = aw_input_packing(s->input);
    char why[320];
    va_list args;
    va_start(args, format);
    vsnprintf(why, sizeof why, format, args);
    va_end(args);
    snprintf(s->error, sizeof s->error, "%.240s: packet %llu, byte %llu%s: %s", aw_source_title(s),
             (unsigned long long)aw_ref_no(s->last) + 1, (unsigned long long)offset,
             packing ? " of the decompressed data" : "", why);
    make_printable(s->error);
    aw_ahead_end(&s->ahead);
    return s->final = AW_READ_DAMAGED;
}

/* Whether what was read ahead is the next block now. */
static bool take_ahead(struct aw_source *s, size_t need)
{
    const size_t have = s->len - s->at;
    if (have > AW_AHEAD_GAP || need > AW_AHEAD_BYTES) return false;
    size_t got = 0;
    struct aw_block *next = aw_ahead_take(&s->ahead, aw_input_stored(s->input), &got);
    if (!next) return false;
    if (have > 0) memcpy(next->bytes + AW_AHEAD_GAP - have, s->block->bytes + s->at, have);
    aw_block_drop(s->block);
    s->block = next;
    s->at = AW_AHEAD_GAP - have;
    s->len = AW_AHEAD_GAP + got;
    aw_input_skip(s->input, got);
    return true;
}

/* Reads once, so that more bytes follow those at hand; a record of `need` bytes will fit. */
static enum aw_input_status fill(struct aw_source *s, size_t need)
{
    const int place = aw_ahead_helped(&s->ahead) ? aw_input_place(s->input) : -1;
    if (place >= 0 && take_ahead(s, need)) {
        aw_ahead_want(&s->ahead, place, aw_input_stored(s->input), s->blocks);
        return AW_INPUT_OK;
    }
    const size_t have = s->len - s->at;
    struct aw_block *b = s->block;
    /* The rest of a block is worth a read unless it is small. Bytes lent from it stay where they
     * are. */
    const bool append = b && b->cap - s->at >= need && b->cap - s->len >= AW_BLOCK_BYTES / 4;
    if (!append) {
        if (b && b->users == 1 && b->cap == AW_BLOCK_BYTES && need <= b->cap) {
            memmove(b->bytes, b->bytes + s->at, have);
        } else {
            struct aw_block *next = aw_block_new(s->blocks, need);
            if (!next) return AW_INPUT_FAILED;
            if (have) memcpy(next->bytes, b->bytes + s->at, have);
            aw_block_drop(b);
            s->block = b = next;
        }
        s->at = 0;
        s->len = have;
    }
    size_t room = b->cap - s->len, got = 0;
    if (s->offset == 0 && room > FIRST_READ) room = FIRST_READ;
    if (place >= 0) {
        const uint64_t at = aw_input_stored(s->input);
        room = aw_ahead_before(&s->ahead, at, room);
        aw_ahead_want(&s->ahead, place, at + room, s->blocks);
    }
    const enum aw_input_status r = aw_input_read(s->input, b->bytes + s->len, room, &got);
    s->len += got;
    return r;
}

static void take(struct aw_source *s, size_t n)
{
    s->at += n;
    s->offset += n;
}

/* --- the rare formats --- */

/* What was read to recognise the file comes first, then the rest of the input. */
static long legacy_read(void *ctx, char *to, size_t room)
{
    struct aw_source *s = ctx;
    size_t got = s->len - s->at;
    if (got > 0) {
        if (got > room) got = room;
        memcpy(to, s->block->bytes + s->at, got);
        s->at += got;
        return (long)got;
    }
    enum aw_input_status r;
    do /* libpcap cannot take up a read that was interrupted */
        r = aw_input_read(s->input, (uint8_t *)to, room, &got);
    while (r == AW_INPUT_AGAIN);
    errno = EIO;
    return r == AW_INPUT_FAILED ? -1 : (long)got;
}

static enum aw_read legacy_stop(struct aw_source *s, uint64_t offset, const char *why)
{
    const char *deeper = aw_input_error(s->input); /* libpcap only knows that a read failed */
    return stop(s, offset, "%s", *deeper ? deeper : why);
}

static enum aw_read legacy_start(struct aw_source *s)
{
    char why[256];
    s->legacy = aw_legacy_open(legacy_read, s, why, sizeof why);
    if (!s->legacy) return legacy_stop(s, 0, why);
    s->format = FORMAT_LEGACY;
    s->legacy_end = 1;
    s->offset = aw_legacy_offset(s->legacy);
    return AW_READ_OK;
}

/* Copies packets into a block of their own until it is full. */
static enum aw_read legacy_walk(struct aw_source *s, struct hold *h, struct aw_lot *lot)
{
    size_t used = 0;
    while (lot->n < AW_LOT_MAX) {
        struct aw_packet p = s->waiting;
        if (!p.data) {
            if (s->legacy_end > 0) s->legacy_end = aw_legacy_next(s->legacy, &p);
            if (s->legacy_end <= 0 && lot->n > 0) break; /* after what was read before */
            if (s->legacy_end == 0) return s->final = AW_READ_END;
            if (s->legacy_end < 0) return legacy_stop(s, s->offset, aw_legacy_error(s->legacy));
        }
        if (!h->block) h->block = aw_block_new(s->blocks, p.cap_len);
        if (!h->block) return stop(s, s->offset, "out of memory");
        s->waiting = p;
        if (p.cap_len > h->block->cap - used) break;
        if (p.cap_len > 0) memcpy(h->block->bytes + used, p.data, p.cap_len);
        p.data = h->block->bytes + used;
        p.ref = ++lot->last;
        lot->pkts[lot->n++] = p;
        used += p.cap_len;
        s->waiting.data = NULL;
        s->offset = aw_legacy_offset(s->legacy);
    }
    return AW_READ_OK;
}

/* --- all formats --- */

/* Looks at the first bytes, once they are there; sets lot->need where they are not. */
static enum aw_read recognise(struct aw_source *s, struct aw_lot *lot)
{
    const size_t have = s->len - s->at;
    const uint8_t *p = have ? s->block->bytes + s->at : NULL;
    lot->need = MAGIC;
    lot->part = "the file header";
    if (have < MAGIC) return AW_READ_OK;
    switch (aw_magic_of(p)) {
    case AW_MAGIC_NONE:
        return stop(s, 0, "not a capture: begins with %02x %02x %02x %02x", p[0], p[1], p[2], p[3]);
    case AW_MAGIC_OTHER:
        lot->need = 0;
        return legacy_start(s);
    case AW_MAGIC_PCAPNG:
        lot->need = 0;
        s->format = FORMAT_PCAPNG;
        return AW_READ_OK;
    case AW_MAGIC_PCAP:
        lot->need = AW_PCAP_HEADER;
        if (have < AW_PCAP_HEADER) return AW_READ_OK;
        lot->need = 0;
        if (!aw_pcap_start(&s->pcap, p)) return legacy_start(s);
        s->format = FORMAT_PCAP;
        take(s, AW_PCAP_HEADER);
        return AW_READ_OK;
    }
    return AW_READ_OK;
}

/* Takes what whole records there are in the block. */
static enum aw_read walk(struct aw_source *s, struct hold *h, struct aw_lot *lot)
{
    if (s->format == FORMAT_UNKNOWN) {
        const enum aw_read r = recognise(s, lot);
        if (r != AW_READ_OK || lot->need > 0) return r;
    }
    if (s->format == FORMAT_LEGACY) return legacy_walk(s, h, lot);
    if (!s->block) return AW_READ_OK;
    const struct aw_span in = {s->block->bytes + s->at, s->len - s->at};
    take(s, s->format == FORMAT_PCAP ? aw_pcap_walk(&s->pcap, in, lot)
                                     : aw_pcapng_walk(&s->pcapng, in, lot));
    s->last = lot->last;
    if (lot->n > 0) {
        h->block = aw_block_keep(s->block);
    } else if (lot->damaged) {
        return stop(s, s->offset, "%s", lot->why);
    }
    return AW_READ_OK;
}

/* The input is over: fine between two records, not elsewhere. */
static enum aw_read at_end(struct aw_source *s, const struct aw_lot *lot)
{
    const size_t have = s->len - s->at;
    if (s->offset == 0 && have == 0) return stop(s, 0, "empty");
    if (have == 0) {
        aw_ahead_end(&s->ahead);
        return s->final = AW_READ_END;
    }
    if (s->format == FORMAT_UNKNOWN && have < MAGIC)
        return stop(s, 0, "not a capture: only %zu bytes", have);
    return stop(s, s->offset, "cut: %s needs %zu bytes, %zu are there", lot->part, lot->need, have);
}

enum aw_read aw_source_next(struct aw_source *s, unsigned hold, const struct aw_packet **pkts,
                            size_t *n)
{
    struct hold *h = &s->hold[hold % AW_SOURCE_HOLDS];
    aw_block_drop(h->block);
    h->block = NULL;
    *pkts = NULL;
    *n = 0;
    if (s->final != AW_READ_OK) return s->final;
    if (!h->pkts) h->pkts = malloc(AW_LOT_MAX * sizeof *h->pkts);
    if (!h->pkts) return stop(s, s->offset, "out of memory");
    for (;;) {
        struct aw_lot lot = {.pkts = h->pkts, .last = s->last};
        const enum aw_read r = walk(s, h, &lot);
        if (r != AW_READ_OK) return r;
        s->last = lot.last;
        if (lot.n > 0) {
            *pkts = lot.pkts;
            *n = lot.n;
            return AW_READ_OK;
        }
        switch (fill(s, lot.need)) {
        case AW_INPUT_OK:
            break;
        case AW_INPUT_AGAIN:
            return AW_READ_AGAIN;
        case AW_INPUT_END:
            return at_end(s, &lot);
        case AW_INPUT_FAILED: {
            const char *why = aw_input_error(s->input);
            return stop(s, s->offset, "%s", *why ? why : "out of memory");
        }
        }
    }
}

void aw_source_share(struct aw_source *s, struct aw_blocks *blocks)
{
    if (!s->block) s->blocks = blocks;
}

bool aw_source_ahead(struct aw_source *s)
{
    return aw_ahead_read(&s->ahead);
}

struct aw_packet *aw_source_lent_packets(const struct aw_source *s, unsigned hold)
{
    return s->hold[hold % AW_SOURCE_HOLDS].pkts;
}

struct aw_block *aw_source_lent(const struct aw_source *s, unsigned hold)
{
    return s->hold[hold % AW_SOURCE_HOLDS].block;
}

const char *aw_source_error(const struct aw_source *s)
{
    return s->error;
}

bool aw_source_has_interfaces(const struct aw_source *s)
{
    return s->format == FORMAT_PCAPNG;
}

struct aw_lost aw_source_lost(const struct aw_source *s)
{
    return s->format == FORMAT_PCAPNG ? aw_pcapng_lost(&s->pcapng) : (struct aw_lost){0, 0};
}

uint64_t aw_source_bytes(const struct aw_source *s)
{
    return aw_input_stored(s->input);
}

uint64_t aw_source_size(const struct aw_source *s)
{
    return aw_input_size(s->input);
}

bool aw_source_is_capture(const char *path)
{
    struct stat st;
    char why[256];
    uint8_t first[MAGIC];
    size_t have = 0;
    if (stat(path, &st) != 0 || S_ISDIR(st.st_mode)) return false;
    /* A pipe can be read but once, so its name has to do: no filter expression has one. */
    if (!S_ISREG(st.st_mode)) return strchr(path, '/') != NULL;
    struct aw_input *in = aw_input_open(path, why, sizeof why);
    while (in && have < MAGIC) {
        size_t got = 0;
        const enum aw_input_status r = aw_input_read(in, first + have, MAGIC - have, &got);
        if (r != AW_INPUT_OK && r != AW_INPUT_AGAIN) break;
        have += got;
    }
    aw_input_close(in);
    return have == MAGIC && aw_magic_of(first) != AW_MAGIC_NONE;
}
