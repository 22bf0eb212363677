/*
 * Reassembly against an oracle. The input is a list of operations on one connection (segments in
 * any order, twice, overlapping, contradicting, cut, out of window, SYN, FIN, RST, pauses). The
 * oracle keeps every segment and looks at each in turn for each byte, the simple way; what chunks
 * say has to be what it says:
 *   - DATA and HOLE tile each direction, CLOSE is last and once
 *   - a byte handed up is the one that was captured first; one that was captured is in no hole
 *   - what was captured in time is handed up before the end
 * Segments that the room says it did not take (its counters tell) may be missing, no others.
 *
 * What a byte must be follows from its place: seven bits of its sequence number, the eighth set
 * where a segment lies. Segments are shorter than 128 bytes, so that a place is unmistakable.
 */
#include "fuzz/fuzz.h"
#include "base/alloc.h"
#include "flow/flow.h"

enum { OPS_MAX = 400, LEN_MAX = 120, NEAR = 1 << 29 };

struct sent {
    enum aw_dir dir; /* as sent; what the room calls client may differ until it knows */
    uint32_t seq;
    uint32_t len;  /* captured */
    bool lie;      /* other bytes than the true ones */
    bool doubtful; /* the room says that it did not take it, or not as it is */
};

struct side {
    bool placed;    /* `base` is known */
    uint32_t base;  /* sequence number of offset 0 */
    aw_off end;     /* all before it was handed up */
    bool begun;     /* `end` is known */
    size_t since;   /* earlier segments may have been gone round by the stream */
    bool fin, over; /* FIN, CLOSE handed up */
};

struct lab {
    struct aw_flow_table *table;
    struct sent sent[OPS_MAX + 1];
    size_t count;
    uint64_t refused; /* counted before the latest segment */
    size_t since;     /* first segment of the connection under way */
    struct side side[2];
    uint64_t ord;
    aw_ns now;
    bool trace; /* asked for in the environment: FUZZ_TRACE */
};

/* What says that a segment was not taken as it is. */
static uint64_t refusals(const struct aw_flow_stats *s)
{
    return s->copies + s->bad_rst + s->out_of_window + s->claims + s->reused + s->no_memory +
           s->strays + s->evicted;
}

static void note_refusal(struct lab *l)
{
    if (l->count > 0 && refusals(aw_flow_stats(l->table)) != l->refused)
        l->sent[l->count - 1].doubtful = true;
}

static uint8_t byte_at(uint32_t seq, bool lie)
{
    return (uint8_t)((seq & 0x7f) | (lie ? 0x80 : 0));
}

static bool holds(const struct sent *s, enum aw_dir dir, uint32_t seq)
{
    return s->dir == dir && seq - s->seq < s->len;
}

/* The byte must be of the first segment that has it, or of an earlier doubtful one; `side` is the
 * room's name for `dir`. */
static void judge_byte(const struct lab *l, enum aw_dir side, enum aw_dir dir, uint32_t seq,
                       uint8_t byte)
{
    for (size_t i = l->since; i < l->count; i++) {
        const struct sent *s = &l->sent[i];
        if (!holds(s, dir, seq)) continue;
        if (byte == byte_at(seq, s->lie)) return;
        if (!s->doubtful && i >= l->side[side].since)
            REQUIRE(false, "byte %u of %d is not the first captured", seq, dir);
    }
    REQUIRE(false, "byte %u of %d was never captured", seq, dir);
}

static void judge_data(struct lab *l, const struct aw_chunk *c, enum aw_dir dir)
{
    struct side *s = &l->side[c->dir];
    REQUIRE(c->len > 0 && c->data, "empty");
    REQUIRE(c->len <= LEN_MAX, "%llu bytes in one", (unsigned long long)c->len);
    REQUIRE(c->seen.ord >= 1 && c->seen.ord <= c->ready.ord && c->ready.ord <= l->ord,
            "seen #%llu, ready #%llu", (unsigned long long)c->seen.ord,
            (unsigned long long)c->ready.ord);
    /* The packet that it names holds it. */
    const struct sent *from = &l->sent[aw_ref_no(c->seen.ref)];
    const uint32_t seq = from->seq + ((c->data[0] - from->seq) & 0x7f);
    REQUIRE(from->dir == dir, "named a packet of the other side");
    REQUIRE(seq - from->seq + c->len <= from->len, "named a packet that does not hold it");
    if (!s->placed) s->base = seq - (uint32_t)c->off;
    s->placed = true;
    REQUIRE(seq == s->base + (uint32_t)c->off, "offset %lld is byte %u, not %u", (long long)c->off,
            s->base + (uint32_t)c->off, seq);
    for (uint32_t i = 0; i < c->len; i++)
        judge_byte(l, c->dir, dir, seq + i, c->data[i]);
}

static void judge_hole(const struct lab *l, const struct aw_chunk *c, enum aw_dir dir)
{
    const struct side *s = &l->side[c->dir];
    REQUIRE(c->len > 0, "empty");
    /* What the snap length cut off a segment stays lost, though another brings it later. */
    if (!s->placed || c->cut) return;
    for (size_t i = s->since; i < l->count; i++) {
        const struct sent *p = &l->sent[i];
        if (p->dir != dir || p->doubtful || p->len == 0) continue;
        /* its place near the hole, as sequence numbers wrap */
        const aw_off at = c->off + (int32_t)(p->seq - (s->base + (uint32_t)c->off));
        if (at - s->end > NEAR) continue;
        REQUIRE(at >= c->off + (aw_off)c->len || at + p->len <= c->off,
                "hole %lld+%llu, but packet %zu holds %lld+%u", (long long)c->off,
                (unsigned long long)c->len, i, (long long)at, p->len);
    }
}

/* Nothing that was captured is left. */
static void judge_end(const struct lab *l, enum aw_dir room_dir, enum aw_dir dir)
{
    const struct side *s = &l->side[room_dir];
    if (!s->placed || s->fin) return;
    for (size_t i = s->since; i < l->count; i++) {
        const struct sent *p = &l->sent[i];
        if (p->dir != dir || p->doubtful || p->len == 0) continue;
        const aw_off at = s->end + (int32_t)(p->seq - (s->base + (uint32_t)s->end));
        if (at - s->end > NEAR) continue; /* since then the stream went round */
        REQUIRE(at + p->len <= s->end, "ended at %lld, but packet %zu holds %lld+%u",
                (long long)s->end, i, (long long)at, p->len);
    }
}

static void on_chunk(void *ctx, struct aw_flow *flow, const struct aw_chunk *c)
{
    struct lab *l = ctx;
    struct aw_conn_facts facts;
    aw_flow_facts(flow, &facts);
    /* The room's directions to ours: our client is port 40000. */
    const enum aw_dir dir = facts.port[c->dir] == 40000 ? AW_C2S : AW_S2C;
    struct side *s = &l->side[c->dir];
    REQUIRE(!l->side[0].over, "something after CLOSE");
    note_refusal(l);
    if (l->trace)
        fprintf(stderr, "    %c kind %d at %lld+%llu of %llu\n", dir ? 's' : 'c', (int)c->kind,
                (long long)c->off, (unsigned long long)c->len, (unsigned long long)c->seen.ord);
    switch (c->kind) {
    case AW_CHUNK_DATA:
    case AW_CHUNK_HOLE:
        REQUIRE(!s->fin, "bytes after FIN");
        if (s->begun)
            REQUIRE(c->off == s->end, "%lld follows %lld", (long long)c->off, (long long)s->end);
        s->begun = true;
        if (c->kind == AW_CHUNK_DATA)
            judge_data(l, c, dir);
        else
            judge_hole(l, c, dir);
        s->end = c->off + (aw_off)c->len;
        /* Beyond it, numbers do not tell any more what lay before it. */
        if (c->kind == AW_CHUNK_HOLE && c->len > NEAR) {
            s->placed = false;
            s->since = l->count;
        }
        break;
    case AW_CHUNK_FIN:
        REQUIRE(!s->fin, "a second FIN");
        if (s->begun)
            REQUIRE(c->off == s->end, "FIN at %lld after %lld", (long long)c->off,
                    (long long)s->end);
        s->fin = true;
        break;
    case AW_CHUNK_CLOSE:
        if (c->close != AW_CLOSE_EVICTED) {
            judge_end(l, c->dir, dir);
            judge_end(l, aw_dir_other(c->dir), aw_dir_other(dir));
        }
        l->side[0].over = true;
        break;
    case AW_CHUNK_AGAIN:
        REQUIRE(c->len > 0, "empty");
        break;
    case AW_CHUNK_ACK:
    case AW_CHUNK_WINDOW:
    case AW_CHUNK_IDLE:
        break;
    }
}

static void on_open(void *ctx, struct aw_flow *flow)
{
    struct lab *l = ctx;
    *aw_flow_app(flow) = l;
    memset(l->side, 0, sizeof l->side);
    l->since = l->count - 1; /* the segment that opens it */
    l->side[0].since = l->side[1].since = l->since;
}

static void on_gone(void *ctx, struct aw_flow *flow)
{
    struct lab *l = ctx;
    REQUIRE(*aw_flow_app(flow) == l, "another connection");
    REQUIRE(l->side[0].over, "gone without CLOSE");
}

static void push(struct lab *l, enum aw_dir dir, uint8_t flags, uint32_t seq, uint32_t ack,
                 uint32_t len, uint32_t more, bool lie, struct tape *t, uint8_t how)
{
    static const uint8_t address[2][4] = {{10, 0, 0, 1}, {10, 0, 0, 2}};
    uint8_t bytes[LEN_MAX];
    for (uint32_t i = 0; i < len; i++)
        bytes[i] = byte_at(seq + i, lie);
    uint8_t *copy = exact_copy(bytes, len);
    const size_t at = l->count;
    l->ord++;
    struct aw_segment s = {
        .sport = dir ? 80 : 40000,
        .dport = dir ? 40000 : 80,
        .seq = seq,
        .ack = ack,
        .flags = flags,
        .window = how & 0x10 ? 0 : 8000,
        .wscale = 0xff,
        .ttl = how & 0x20 ? 63 : 64,
        .has_ip_id = (how & 0x40) != 0,
        .ip_id = (uint16_t)(how & 0x40 ? tape_u8(t) : 0),
        .payload = {.p = copy, .len = len},
        .payload_wire = len + more,
        .at = {.ts = l->now, .ord = l->ord, .ref = aw_ref_make(0, at)},
    };
    memcpy(s.src.b, address[dir], 4);
    memcpy(s.dst.b, address[!dir], 4);
    aw_flow_tick(l->table, &s.at);
    l->refused = refusals(aw_flow_stats(l->table));
    l->sent[l->count++] = (struct sent){.dir = dir, .seq = seq, .len = len, .lie = lie};
    if (l->trace)
        fprintf(stderr, "%zu: %c flags %x seq %u+%u+%u ack %u%s\n", at, dir ? 's' : 'c', flags, seq,
                len, more, ack, lie ? " lies" : "");
    aw_flow_push(l->table, &s);
    note_refusal(l);
    free(copy);
}

/* One operation; `next` is where each side stands, sequence numbers. */
static void operate(struct lab *l, struct tape *t, uint32_t next[2])
{
    static const int32_t far[] = {-1, 1, -3000, 3000, 100000, -(1 << 30), 1 << 30, INT32_MIN};
    const uint8_t op = tape_u8(t), how = tape_u8(t);
    const enum aw_dir dir = op & 0x80 ? AW_S2C : AW_C2S, other = aw_dir_other(dir);
    const uint32_t len = tape_u8(t) % (LEN_MAX + 1);
    const int32_t shift = (int8_t)tape_u8(t);
    uint32_t ack = next[other];
    if (how & 1) ack -= tape_u8(t);
    if ((how & 3) == 3) ack += tape_u8(t);
    l->now += how & 4 ? AW_MS : AW_US;
    const bool lie = how & 8;
    switch (op & 15) {
    default: /* in its turn */
        push(l, dir, AW_TCP_ACK, next[dir], ack, len, 0, lie, t, how);
        next[dir] += len;
        break;
    case 6: /* not captured */
        next[dir] += len;
        break;
    case 7: /* before or after its turn: sent again, overlapping, early */
    case 8:
        push(l, dir, AW_TCP_ACK, next[dir] + (uint32_t)(op & 8 ? shift * 4 : shift), ack, len, 0,
             lie, t, how);
        break;
    case 9: /* the snap length cut it */
        push(l, dir, AW_TCP_ACK, next[dir], ack, len, (uint32_t)(shift & 0x3f), lie, t, how);
        next[dir] += len + (uint32_t)(shift & 0x3f);
        break;
    case 10:
        push(l, dir, AW_TCP_ACK | AW_TCP_FIN, next[dir], ack, len, 0, lie, t, how);
        next[dir] += len + 1;
        break;
    case 11:
        push(l, dir, AW_TCP_RST | (how & 2 ? AW_TCP_ACK : 0), next[dir] + (uint32_t)shift, ack, 0,
             0, false, t, how);
        break;
    case 12: /* a connection on the same ports */
        next[dir] = (uint32_t)shift * 0x01000193u;
        push(l, dir, dir ? AW_TCP_SYN | AW_TCP_ACK : AW_TCP_SYN, next[dir], ack, 0, 0, false, t,
             how);
        next[dir]++;
        break;
    case 13: /* far from the window */
        push(l, dir, AW_TCP_ACK, next[dir] + (uint32_t)far[shift & 7], ack, len, 0, lie, t, how);
        break;
    case 14: /* time */
        l->now += (aw_ns)len * len * AW_MS;
        break;
    case 15: /* a bare acknowledgement of what may never have come */
        push(l, dir, AW_TCP_ACK, next[dir], ack + (uint32_t)(shift * 8), 0, 0, false, t, how);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t secret[192] = {1, 2, 3};
    static struct lab l;
    struct tape t = {data, data + size};
    memset(&l, 0, sizeof l);
    l.now = 1000 * AW_SEC;
    l.trace = getenv("FUZZ_TRACE") != NULL;
    const struct aw_alloc alloc = aw_alloc_or_default(NULL);
    const uint8_t options = tape_u8(&t);
    struct aw_pool *pool = aw_pool_new(&alloc, options & 1 ? 1 << 14 : 1 << 22);
    const struct aw_flow_ops ops = {.ctx = &l, .open = on_open, .chunk = on_chunk, .gone = on_gone};
    const struct aw_flow_limits limits = {.idle_timeout = 60 * AW_SEC,
                                          .forget = 600 * AW_SEC,
                                          .reorder_grace = 2 * AW_MS,
                                          .copy_window = 100 * AW_MS,
                                          .waiting_bytes = options & 2 ? 512 : 1 << 16};
    l.table = pool ? aw_flow_table_new(&alloc, pool, secret, &limits, &ops) : NULL;
    REQUIRE(l.table, "memory");
    uint32_t next[2] = {options & 4 ? 0xffffff00u : 1000, options & 8 ? 0xffffffd0u : 5000};
    if (options & 16) {
        push(&l, AW_C2S, AW_TCP_SYN, next[0], 0, 0, 0, false, &t, 0);
        push(&l, AW_S2C, AW_TCP_SYN | AW_TCP_ACK, next[1], next[0] + 1, 0, 0, false, &t, 0);
    }
    next[0]++;
    next[1]++;
    while (tape_left(&t) > 0 && l.count < OPS_MAX)
        operate(&l, &t, next);
    aw_flow_finish(l.table);
    REQUIRE(aw_flow_count(l.table) == 0, "%zu still open", aw_flow_count(l.table));
    aw_flow_table_free(l.table);
    REQUIRE(aw_pool_used(pool) == 0, "%zu bytes not given back", aw_pool_used(pool));
    aw_pool_free(pool);
    return 0;
}
