/*
 * Link to TCP: a link type and packets of it, each in memory of its exact length. Input: u16 link
 * type, then packets of u16 (15 bits of length, 1: it was longer on the wire) and their bytes.
 */
#include "fuzz/fuzz.h"
#include "base/alloc.h"
#include "wire/wire.h"

enum { BUDGET = 1 << 18 };

static void look_at(const struct aw_segment *s, const struct aw_packet *pkt)
{
    REQUIRE(s->payload.len <= s->payload_wire, "%zu of %u", s->payload.len, s->payload_wire);
    REQUIRE(s->at.ord == pkt->ord && s->at.ts == pkt->ts, "mark of packet %u", (unsigned)pkt->ord);
    touch(s->payload.p, s->payload.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tape t = {data, data + size};
    const struct aw_alloc alloc = aw_alloc_or_default(NULL);
    struct aw_wire *w = aw_wire_new(&alloc, BUDGET);
    struct aw_arena arena;
    aw_arena_init(&arena, &alloc);
    REQUIRE(w, "memory");
    const uint16_t linktype = tape_u16(&t);
    struct aw_packet pkt = {.linktype = linktype};
    while (tape_left(&t) >= 2) {
        const uint16_t word = tape_u16(&t);
        const size_t want = word & 0x7fff, len = want < tape_left(&t) ? want : tape_left(&t);
        uint8_t *bytes = exact_copy(t.p, len);
        t.p += len;
        pkt.ord++;
        pkt.ts += AW_SEC;
        pkt.ref = aw_ref_make(0, pkt.ord);
        pkt.data = bytes;
        pkt.cap_len = (uint32_t)len;
        pkt.wire_len = (uint32_t)len + (word & 0x8000 ? 400 : 0);
        struct aw_segment s;
        if (aw_wire_decode(w, &pkt, &arena, &s) == AW_DROP_NONE) look_at(&s, &pkt);
        REQUIRE(aw_wire_held(w) <= BUDGET, "%zu bytes held in fragments", aw_wire_held(w));
        aw_arena_reset(&arena, 1 << 16);
        free(bytes);
    }
    uint64_t counted = 0;
    for (unsigned i = 0; i < AW_DROP_COUNT; i++)
        counted += aw_wire_stats(w)->drop[i];
    REQUIRE(counted == pkt.ord, "%llu of %llu packets counted", (unsigned long long)counted,
            (unsigned long long)pkt.ord);
    aw_arena_fini(&arena);
    aw_wire_free(w);
    return 0;
}
