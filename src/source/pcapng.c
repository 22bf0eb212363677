/*
 * pcapng, in place: see records.h. Format: draft-ietf-opsawg-pcapng. Of its blocks, those that
 * bring packets or tell how to read them are understood, others stepped over. What libpcap refuses
 * is read: interfaces that differ in link type or snap length, sections in either byte order.
 */
#include "source/records.h"

#include <stdio.h>
#include <stdlib.h>

#include "source/linktype.h"

enum {
    BLOCK_SECTION = 0x0a0d0d0a, /* reads the same in both byte orders */
    BLOCK_INTERFACE = 1,
    BLOCK_PACKET_OLD = 2,
    BLOCK_PACKET_SIMPLE = 3,
    BLOCK_STATISTICS = 5,
    BLOCK_PACKET = 6,
    BLOCK_MIN = 12,
    BYTE_ORDER_MAGIC = 0x1a2b3c4d,
    OPTION_END = 0,
    OPTION_TSRESOL = 9,
    OPTION_TSOFFSET = 14,
    OPTION_DROPPED_BY_INTERFACE = 5,
    OPTION_DROPPED_BY_SYSTEM = 7,
    TSRESOL_DEFAULT = 6, /* microseconds */
    IFACES_MAX = 65536,
};

/* The largest number of seconds, either way, whose nanoseconds fit an aw_ns with some to spare. */
#define SECONDS_MAX INT64_C(9223372035)

static uint64_t power10(unsigned n)
{
    uint64_t p = 1;
    while (n-- > 0)
        p *= 10; /* n <= 19: fits */
    return p;
}

/* units * 10^9 / 2^shift, rounded down, for units < 2^shift: the product has up to 94 bits and is
 * kept in two halves. */
static uint64_t binary_fraction(uint64_t units, unsigned shift)
{
    if (shift < 32) return units * UINT64_C(1000000000) >> shift;
    const uint64_t low = (units & UINT32_MAX) * UINT64_C(1000000000);
    const uint64_t high = (units >> 32) * UINT64_C(1000000000) + (low >> 32);
    return shift - 32 < 64 ? high >> (shift - 32) : 0;
}

aw_ns aw_pcapng_time(uint64_t units, uint8_t tsresol, int64_t tsoffset)
{
    const unsigned power = tsresol & 0x7f;
    uint64_t sec, ns;
    if (tsresol & 0x80) {
        sec = power < 64 ? units >> power : 0;
        ns = binary_fraction(power < 64 ? units & ((UINT64_C(1) << power) - 1) : units, power);
    } else if (power <= 9) {
        const uint64_t unit = power10(power);
        sec = units / unit;
        ns = units % unit * power10(9 - power);
    } else {
        const uint64_t unit =
            power <= 19 ? power10(power) : 0; /* beyond, no 64 bits make a second */
        sec = unit ? units / unit : 0;
        ns = unit ? units % unit : units;
        ns = power - 9 <= 19 ? ns / power10(power - 9) : 0;
    }
    /* Both limited before they are added, so that the sum cannot overflow. */
    int64_t at = sec < (uint64_t)SECONDS_MAX ? (int64_t)sec : SECONDS_MAX;
    if (tsoffset > 2 * SECONDS_MAX) tsoffset = 2 * SECONDS_MAX;
    if (tsoffset < -2 * SECONDS_MAX) tsoffset = -2 * SECONDS_MAX;
    at += tsoffset;
    if (at >= SECONDS_MAX) return SECONDS_MAX * AW_SEC;
    if (at <= -SECONDS_MAX) return -SECONDS_MAX * AW_SEC;
    return at * AW_SEC + (aw_ns)ns;
}

void aw_pcapng_fini(struct aw_pcapng *f)
{
    free(f->ifaces);
    f->ifaces = NULL;
}

static bool damaged(struct aw_lot *lot, const char *why)
{
    lot->damaged = true;
    snprintf(lot->why, sizeof lot->why, "damaged: %s", why);
    return false;
}

static uint64_t order_u64(struct aw_cur *c, bool big)
{
    const uint64_t first = aw_order_u32(c, big), second = aw_order_u32(c, big);
    return big ? first << 32 | second : second << 32 | first;
}

struct aw_lost aw_pcapng_lost(const struct aw_pcapng *f)
{
    struct aw_lost sum = f->lost_before;
    for (size_t i = 0; i < f->count; i++)
        aw_lost_add(&sum, &f->ifaces[i].lost);
    return sum;
}

static bool section(struct aw_pcapng *f, struct aw_cur body, struct aw_lot *lot)
{
    aw_cur_skip(&body, 4); /* the byte order, known by now */
    const uint16_t major = aw_order_u16(&body, f->big);
    aw_cur_skip(&body, 10); /* minor version; section length, which need not be right */
    if (body.bad) return damaged(lot, "a section header that is too short");
    if (major != 1) {
        lot->damaged = true;
        snprintf(lot->why, sizeof lot->why, "pcapng version %u is not known", major);
        return false;
    }
    f->lost_before = aw_pcapng_lost(f);
    f->in_section = true;
    f->before += f->count;
    f->count = 0;
    return true;
}

/* Takes the next option off a block. False: there is none; or it runs out of its block, and
 * body->bad says so. */
static bool next_option(const struct aw_pcapng *f, struct aw_cur *body, uint16_t *code,
                        struct aw_cur *value)
{
    if (aw_cur_left(body) == 0) return false;
    *code = aw_order_u16(body, f->big);
    const uint16_t len = aw_order_u16(body, f->big);
    if (*code == OPTION_END && !body->bad) return false;
    *value = aw_cur_sub(body, len);
    aw_cur_skip(body, (4 - len % 4u) % 4u);
    return !body->bad;
}

static bool interface(struct aw_pcapng *f, struct aw_cur body, struct aw_lot *lot)
{
    struct aw_pcapng_iface i = {.tsresol = TSRESOL_DEFAULT};
    i.linktype = aw_linktype_from(aw_order_u16(&body, f->big));
    aw_cur_skip(&body, 2);
    i.snaplen = aw_order_u32(&body, f->big);
    if (body.bad) return damaged(lot, "an interface description that is too short");
    uint16_t code;
    struct aw_cur value;
    while (next_option(f, &body, &code, &value)) {
        const size_t len = aw_cur_left(&value);
        if (code == OPTION_TSRESOL && len == 1) i.tsresol = aw_cur_u8(&value);
        if (code == OPTION_TSOFFSET && len == 8) i.tsoffset = (int64_t)order_u64(&value, f->big);
    }
    if (body.bad) return damaged(lot, "an interface option that runs out of its block");
    if (f->count == IFACES_MAX) return damaged(lot, "more than 65536 interfaces in a section");
    if (f->count == f->cap) {
        const size_t cap = f->cap ? f->cap * 2 : 8;
        struct aw_pcapng_iface *grown = realloc(f->ifaces, cap * sizeof *grown);
        if (!grown) {
            lot->damaged = true;
            snprintf(lot->why, sizeof lot->why, "out of memory");
            return false;
        }
        f->ifaces = grown;
        f->cap = cap;
    }
    f->ifaces[f->count++] = i;
    return true;
}

/* What a capture says it lost. Counts run from its beginning, and the last one holds. Nothing hangs
 * on them but a warning: a block that makes no sense is no damage. */
static void statistics(struct aw_pcapng *f, struct aw_cur body)
{
    const uint32_t id = aw_order_u32(&body, f->big);
    aw_cur_skip(&body, 8); /* time */
    if (body.bad || id >= f->count) return;
    uint16_t code;
    struct aw_cur value;
    while (next_option(f, &body, &code, &value)) {
        if (aw_cur_left(&value) != 8) continue;
        if (code == OPTION_DROPPED_BY_INTERFACE)
            f->ifaces[id].lost.by_interface = order_u64(&value, f->big);
        if (code == OPTION_DROPPED_BY_SYSTEM)
            f->ifaces[id].lost.by_system = order_u64(&value, f->big);
    }
}

/* A packet block of any of the three kinds, `body` being what lies between its lengths. */
static bool packet(struct aw_pcapng *f, uint32_t type, struct aw_cur body, struct aw_lot *lot)
{
    uint32_t id = 0, cap_len, wire_len;
    uint64_t units = 0;
    if (type == BLOCK_PACKET) {
        id = aw_order_u32(&body, f->big);
    } else if (type == BLOCK_PACKET_OLD) {
        id = aw_order_u16(&body, f->big);
        aw_cur_skip(&body, 2); /* drop counter */
    }
    if (id >= f->count) {
        lot->damaged = true;
        snprintf(lot->why, sizeof lot->why,
                 "damaged: the packet names interface %lu, of which there is no description",
                 (unsigned long)id);
        return false;
    }
    const struct aw_pcapng_iface *i = &f->ifaces[id];
    if (type != BLOCK_PACKET_SIMPLE) {
        units = (uint64_t)aw_order_u32(&body, f->big) << 32;
        units |= aw_order_u32(&body, f->big);
        cap_len = aw_order_u32(&body, f->big);
        wire_len = aw_order_u32(&body, f->big);
        f->last = body.bad ? f->last : aw_pcapng_time(units, i->tsresol, i->tsoffset);
    } else {
        cap_len = wire_len = aw_order_u32(&body, f->big);
        if (i->snaplen > 0 && cap_len > i->snaplen) cap_len = i->snaplen;
    }
    const bool header_fits = !body.bad;
    const uint8_t *data = aw_cur_take(&body, cap_len);
    if (!header_fits) return damaged(lot, "a packet block that is too short");
    if (!data) {
        lot->damaged = true;
        snprintf(lot->why, sizeof lot->why,
                 "damaged: the packet claims %lu captured bytes, more than its block holds",
                 (unsigned long)cap_len);
        return false;
    }
    const size_t iface = f->before + id;
    lot->pkts[lot->n++] = (struct aw_packet){
        .ts = f->last,
        .ref = ++lot->last,
        .data = data,
        .cap_len = cap_len,
        .wire_len = wire_len > cap_len ? wire_len : cap_len,
        .linktype = i->linktype,
        .iface = iface < UINT16_MAX ? (uint16_t)iface : UINT16_MAX,
        .untimed = type == BLOCK_PACKET_SIMPLE,
    };
    return true;
}

/* The length of the block at the front of `c`; 0 where it is not there in whole, or makes no sense.
 * Finds the byte order of a section on the way. */
static uint32_t block_length(struct aw_pcapng *f, struct aw_cur c, struct aw_lot *lot)
{
    const struct aw_cur whole = c;
    lot->part = "a block's header";
    lot->need = BLOCK_MIN;
    if (aw_cur_left(&c) < BLOCK_MIN) return 0;
    bool big = f->big;
    if (aw_order_u32(&c, big) == BLOCK_SECTION) {
        struct aw_cur order = whole;
        aw_cur_skip(&order, 8);
        struct aw_cur other = order;
        big = aw_cur_u32be(&order) == BYTE_ORDER_MAGIC;
        if (!big && aw_cur_u32le(&other) != BYTE_ORDER_MAGIC) {
            (void)damaged(lot, "a section header without a known byte order");
            return 0;
        }
    } else if (!f->in_section) {
        (void)damaged(lot, "a block before the first section header");
        return 0;
    }
    const uint32_t len = aw_order_u32(&c, big);
    if (len < BLOCK_MIN || len % 4 != 0 || len > AW_RECORD_MAX) {
        lot->damaged = true;
        snprintf(lot->why, sizeof lot->why, "damaged: a block that claims %lu bytes, %s",
                 (unsigned long)len,
                 len < BLOCK_MIN ? "too few for any"
                 : len % 4 != 0  ? "no multiple of 4"
                                 : "too many to be true");
        return 0;
    }
    lot->part = "a block";
    lot->need = len;
    if (aw_cur_left(&whole) < len) return 0;
    struct aw_cur trailer = whole;
    aw_cur_skip(&trailer, len - 4);
    const uint32_t again = aw_order_u32(&trailer, big);
    if (again != len) {
        lot->damaged = true;
        snprintf(lot->why, sizeof lot->why,
                 "damaged: a block whose length is %lu at its beginning and %lu at its end",
                 (unsigned long)len, (unsigned long)again);
        return 0;
    }
    lot->need = 0;
    f->big = big;
    return len;
}

/* Blocks that are no packets, but records to Wireshark, so that they count in its packet numbers.
 */
static bool is_numbered(uint32_t type)
{
    return type == 9 ||                                     /* systemd journal */
           type == 0x0bad || type == 0x40000bad ||          /* custom */
           type == 0x204 || type == 0x216 || type == 0x221; /* sysdig events */
}

size_t aw_pcapng_walk(struct aw_pcapng *f, struct aw_span in, struct aw_lot *lot)
{
    struct aw_cur c = aw_cur_make(in.p, in.len);
    lot->need = 0;
    while (lot->n < AW_LOT_MAX) {
        const uint32_t len = block_length(f, c, lot);
        if (len == 0) break;
        struct aw_cur rest = c, body = aw_cur_sub(&rest, len - 4);
        const uint32_t type = aw_order_u32(&body, f->big);
        aw_cur_skip(&body, 4);
        bool good = true;
        if (type == BLOCK_PACKET || type == BLOCK_PACKET_SIMPLE || type == BLOCK_PACKET_OLD)
            good = packet(f, type, body, lot);
        else if (type == BLOCK_INTERFACE)
            good = interface(f, body, lot);
        else if (type == BLOCK_SECTION)
            good = section(f, body, lot);
        else if (type == BLOCK_STATISTICS)
            statistics(f, body);
        else if (is_numbered(type))
            lot->last++;
        if (!good) break;
        aw_cur_skip(&rest, 4);
        c = rest;
        aw_fetch_ahead(&c, len);
    }
    return (size_t)(c.p - in.p);
}
