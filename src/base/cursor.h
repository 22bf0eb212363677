/*
 * A bounds-checked reader over untrusted bytes. Reads past the end give 0, leave the cursor at the
 * end and set `bad`, which sticks: one check after a run of reads is enough. A cursor made with
 * aw_cur_sub cannot outgrow its parent. Costs a compare a read; no calls, no allocation.
 */
#ifndef AW_BASE_CURSOR_H
#define AW_BASE_CURSOR_H

#include "await100/types.h"

struct aw_cur {
    const uint8_t *p, *end; /* borrowed bytes; p <= end always */
    bool bad;               /* a read did not fit */
};

static inline struct aw_cur aw_cur_make(const uint8_t *p, size_t len)
{
    return (struct aw_cur){.p = p, .end = p + len, .bad = false};
}

static inline size_t aw_cur_left(const struct aw_cur *c)
{
    return (size_t)(c->end - c->p);
}

/* Lends the next n bytes and steps over them; NULL, with `bad` set, where there are fewer. */
static inline const uint8_t *aw_cur_take(struct aw_cur *c, size_t n)
{
    if (aw_cur_left(c) < n) {
        c->bad = true;
        c->p = c->end;
        return NULL;
    }
    const uint8_t *at = c->p;
    c->p += n;
    return at;
}

static inline void aw_cur_skip(struct aw_cur *c, size_t n)
{
    (void)aw_cur_take(c, n);
}

static inline uint8_t aw_cur_u8(struct aw_cur *c)
{
    const uint8_t *b = aw_cur_take(c, 1);
    return b ? b[0] : 0;
}

static inline uint16_t aw_cur_u16be(struct aw_cur *c)
{
    const uint8_t *b = aw_cur_take(c, 2);
    return b ? (uint16_t)((unsigned)b[0] << 8 | b[1]) : 0;
}

static inline uint32_t aw_cur_u32be(struct aw_cur *c)
{
    const uint8_t *b = aw_cur_take(c, 4);
    return b ? (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3] : 0;
}

static inline uint16_t aw_cur_u16le(struct aw_cur *c)
{
    const uint8_t *b = aw_cur_take(c, 2);
    return b ? (uint16_t)((unsigned)b[1] << 8 | b[0]) : 0;
}

static inline uint32_t aw_cur_u32le(struct aw_cur *c)
{
    const uint8_t *b = aw_cur_take(c, 4);
    return b ? (uint32_t)b[3] << 24 | (uint32_t)b[2] << 16 | (uint32_t)b[1] << 8 | b[0] : 0;
}

/* Limits the cursor to its next n bytes, where it has more; drops trailers and padding. */
static inline void aw_cur_limit(struct aw_cur *c, size_t n)
{
    if (aw_cur_left(c) > n) c->end = c->p + n;
}

/* A cursor over the next n bytes, which the parent steps over; empty and `bad` where n is too much.
 */
static inline struct aw_cur aw_cur_sub(struct aw_cur *c, size_t n)
{
    const uint8_t *at = aw_cur_take(c, n);
    struct aw_cur sub = {.p = at ? at : c->end, .end = at ? at + n : c->end, .bad = at == NULL};
    return sub;
}

#endif
