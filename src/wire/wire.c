/*
 * The decoder's door: sets a packet on its way through the layers, counts what became of it, and
 * holds the names of the reasons. The layers themselves are in the files beside.
 */
#include "wire/wire.h"

#include "wire/decode.h"

struct aw_wire *aw_wire_new(const struct aw_alloc *alloc, size_t fragment_budget)
{
    struct aw_wire *w = alloc->get(alloc->ctx, sizeof *w);
    if (!w) return NULL;
    *w = (struct aw_wire){.alloc = alloc, .stats.unknown_link = -1};
    w->frags.alloc = alloc;
    w->frags.budget = fragment_budget;
    w->frags.held = &w->stats.drop[AW_DROP_FRAGMENT_HELD];
    w->frags.lost = &w->stats.drop[AW_DROP_FRAGMENT_LOST];
    w->frags.bad = &w->stats.drop[AW_DROP_FRAGMENT_BAD];
    return w;
}

void aw_wire_free(struct aw_wire *w)
{
    if (!w) return;
    aw_frags_fini(&w->frags);
    w->alloc->put(w->alloc->ctx, w);
}

void aw_wire_end(struct aw_wire *w)
{
    aw_frags_end(&w->frags);
}

enum aw_drop aw_wire_fragment(struct aw_decode *d, const struct aw_frag_key *key,
                              const struct aw_frag *piece, struct aw_frag_whole *whole)
{
    struct aw_wire *w = d->w;
    switch (aw_frags_push(&w->frags, key, piece, d->arena, whole)) {
    case AW_FRAG_HELD:
        return AW_DROP_FRAGMENT_HELD;
    case AW_FRAG_WHOLE:
        w->stats.datagrams_joined++;
        return AW_DROP_NONE;
    case AW_FRAG_BAD:
        return AW_DROP_FRAGMENT_BAD;
    case AW_FRAG_LOST:
        break;
    }
    return AW_DROP_FRAGMENT_LOST;
}

/* By the layers, one after the other. */
static enum aw_drop peel(struct aw_wire *w, const struct aw_packet *pkt, struct aw_arena *arena,
                         struct aw_segment *out)
{
    struct aw_decode d = {
        .w = w,
        .pkt = pkt,
        .arena = arena,
        .out = out,
        .c = aw_cur_make(pkt->data, pkt->cap_len),
        .cut = 0,
        .tags = 0,
        .tunnels = 0,
        .bad_sum = false,
    };
    if (pkt->wire_len > pkt->cap_len) {
        d.cut = pkt->wire_len - pkt->cap_len;
        w->stats.truncated++;
    }
    const enum aw_drop drop = aw_wire_link(&d, pkt->linktype);
    if (drop == AW_DROP_NONE && d.tunnels > 0) w->stats.tunnelled++;
    return drop;
}

/* IPv4 straight in Ethernet and nothing out of the ordinary, as most packets are; else COUNT. */
static enum aw_drop plain(const struct aw_packet *pkt, struct aw_segment *out)
{
    enum { ETHERNET = 1, HEADER = 14, IPV4 = 0x0800 };
    const uint8_t *p = pkt->data;
    if (pkt->linktype != ETHERNET || pkt->cap_len < HEADER || pkt->wire_len != pkt->cap_len ||
        aw_be16(p + 12) != IPV4)
        return AW_DROP_COUNT;
    return aw_wire_ip4_plain(pkt, p + HEADER, pkt->cap_len - HEADER, out);
}

enum aw_drop aw_wire_decode(struct aw_wire *w, const struct aw_packet *pkt, struct aw_arena *arena,
                            struct aw_segment *out)
{
    out->iface = pkt->iface;
    out->untimed = pkt->untimed;
    out->link_dir = 0;
    enum aw_drop drop = plain(pkt, out);
    if (drop == AW_DROP_COUNT) drop = peel(w, pkt, arena, out);
    w->stats.drop[drop]++;
    if (drop == AW_DROP_LINK_UNKNOWN) w->stats.unknown_link = pkt->linktype;
    if (drop != AW_DROP_NONE) return drop;
    out->at = (struct aw_mark){.ts = pkt->ts, .ord = pkt->ord, .ref = pkt->ref};
    w->stats.bad_checksum += out->bad_checksum;
    return AW_DROP_NONE;
}

const struct aw_wire_stats *aw_wire_stats(const struct aw_wire *w)
{
    return &w->stats;
}

size_t aw_wire_held(const struct aw_wire *w)
{
    return w->frags.used;
}

const char *aw_drop_slug(enum aw_drop drop)
{
    static const char *const slug[] = {
#define AW_DROP(id, slug, meaning) [AW_DROP_##id] = slug,
#include "await100/drops.def"
#undef AW_DROP
    };
    _Static_assert(sizeof slug / sizeof *slug == AW_DROP_COUNT, "a slug for every reason");
    return (unsigned)drop < AW_DROP_COUNT ? slug[drop] : "";
}

const char *aw_drop_meaning(enum aw_drop drop)
{
    static const char *const meaning[] = {
#define AW_DROP(id, slug, meaning) [AW_DROP_##id] = meaning,
#include "await100/drops.def"
#undef AW_DROP
    };
    _Static_assert(sizeof meaning / sizeof *meaning == AW_DROP_COUNT, "a meaning for every reason");
    return (unsigned)drop < AW_DROP_COUNT ? meaning[drop] : "";
}
