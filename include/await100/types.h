/*
 * The vocabulary every room of await100 speaks: times, stream offsets, borrowed bytes, addresses,
 * and where in the captures a thing was seen. Plain values, no behaviour beyond small accessors.
 */
#ifndef AWAIT100_TYPES_H
#define AWAIT100_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define AW_API                __attribute__((visibility("default")))
#define AW_MUST_USE           __attribute__((warn_unused_result))
#define AW_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))
#else
#define AW_API
#define AW_MUST_USE
#define AW_PRINTF(fmt, first)
#endif

/* Nanoseconds: a point in time since the Unix epoch (UTC), or a span between two such points. */
typedef int64_t aw_ns;
#define AW_NS_NONE INT64_MIN
#define AW_US      INT64_C(1000)
#define AW_MS      INT64_C(1000000)
#define AW_SEC     INT64_C(1000000000)
/* The whole second that a time lies in, and the nanoseconds after its beginning. */
static inline int64_t aw_ns_seconds(aw_ns t, uint32_t *after)
{
    const int64_t rest = t % AW_SEC, borrow = rest < 0;
    *after = (uint32_t)(rest + borrow * AW_SEC);
    return t / AW_SEC - borrow;
}

/*
 * A position in one direction of a TCP connection, in bytes of stream. 64 bits, so it never wraps.
 * Offset 0 is the first byte after the SYN; where the SYN was not seen, the first byte captured.
 * Below 0: sent before the capture began.
 */
typedef int64_t aw_off;
#define AW_OFF_NONE INT64_MIN

enum aw_status {
    AW_OK = 0,
    AW_ENOMEM, /* the allocator, or the budget given with the limits, had no more */
    AW_EINVAL, /* the caller broke a stated precondition */
};

/* Directions of a connection, used as an index. */
enum aw_dir { AW_C2S = 0, AW_S2C = 1 };
static inline enum aw_dir aw_dir_other(enum aw_dir d)
{
    return d == AW_C2S ? AW_S2C : AW_C2S;
}

/* Borrowed bytes, not NUL-terminated; who lends them, and until when, is told where a span is. */
struct aw_span {
    const uint8_t *p;
    size_t len;
};

/* An IP address as a value: 4 bytes used where v6 is false, 16 otherwise; unused bytes are zero. */
struct aw_addr {
    uint8_t b[16];
    bool v6;
};

/*
 * Where a packet lies: the index of its input in the upper 16 bits, its number within that input
 * (from 1, as Wireshark counts) in the lower 48. 0 = no packet.
 */
typedef uint64_t aw_ref;
static inline aw_ref aw_ref_make(uint16_t source, uint64_t no)
{
    return (uint64_t)source << 48 | (no & UINT64_C(0xffffffffffff));
}
static inline uint64_t aw_ref_no(aw_ref r)
{
    return r & UINT64_C(0xffffffffffff);
}
static inline uint16_t aw_ref_source(aw_ref r)
{
    return (uint16_t)(r >> 48);
}

/*
 * When, and in which packet, something was captured. `ord` counts packets over all inputs in the
 * order in which they were analysed, from 1; 0 means "never seen", and then the rest is unset.
 */
struct aw_mark {
    aw_ns ts;
    uint64_t ord;
    aw_ref ref;
};
static inline bool aw_seen(const struct aw_mark *m)
{
    return m->ord != 0;
}

/* The allocator an engine uses: all three non-NULL, `ctx` passed through. Sizes are never 0. */
struct aw_alloc {
    void *ctx;
    void *(*get)(void *ctx, size_t size);
    void *(*resize)(void *ctx, void *p, size_t size); /* p may be NULL; as realloc */
    void (*put)(void *ctx, void *p);                  /* p may be NULL */
};

#endif
