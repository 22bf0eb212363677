/*
 * What fuzz targets share. A target is one file with LLVMFuzzerTestOneInput: linked with libFuzzer
 * it is driven by that (make fuzz), linked with replay.c it runs the files it is given, which is
 * how the corpus is a test. A target that sees something wrong says what and aborts.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "await100/types.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(what, ...)                                                                         \
    do {                                                                                           \
        if (what) break;                                                                           \
        fprintf(stderr, "%s:%d: not so: %s: ", __FILE__, __LINE__, #what);                         \
        fprintf(stderr, __VA_ARGS__);                                                              \
        fputc('\n', stderr);                                                                       \
        abort();                                                                                   \
    } while (0)

/* The input read from its front; past its end everything is 0. */
struct tape {
    const uint8_t *p, *end;
};
static inline size_t tape_left(const struct tape *t)
{
    return (size_t)(t->end - t->p);
}
static inline uint8_t tape_u8(struct tape *t)
{
    return t->p < t->end ? *t->p++ : 0;
}
static inline uint16_t tape_u16(struct tape *t)
{
    const uint16_t high = tape_u8(t);
    return (uint16_t)(high << 8 | tape_u8(t));
}

/* A copy of exactly `len` bytes, so that a sanitizer sees a read beyond them. */
static inline uint8_t *exact_copy(const void *from, size_t len)
{
    uint8_t *copy = malloc(len ? len : 1);
    REQUIRE(copy, "memory");
    if (len) memcpy(copy, from, len);
    return copy;
}

/* Every byte can be read. */
static inline void touch(const uint8_t *p, uint64_t len)
{
    for (uint64_t i = 0; i < len; i++)
        (void)*(const volatile uint8_t *)(p + i);
}

/* Numbers that depend on the input alone. */
static inline uint64_t fuzz_seed(const uint8_t *data, size_t size)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < size; i++)
        h = (h ^ data[i]) * UINT64_C(0x100000001b3);
    return h | 1;
}
static inline uint32_t fuzz_roll(uint64_t *s, uint32_t below) /* xorshift64* */
{
    *s ^= *s >> 12;
    *s ^= *s << 25;
    *s ^= *s >> 27;
    return (uint32_t)((*s * UINT64_C(0x2545F4914F6CDD1D)) >> 33) % below;
}

#endif
