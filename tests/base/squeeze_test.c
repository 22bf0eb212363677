#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/alloc.h"
#include "base/squeeze.h"

static struct aw_squeezer *open_one(const struct aw_alloc *alloc)
{
    struct aw_squeezer *q = aw_squeezer_new(alloc);
    assert_non_null(q);
    return q;
}

static uint32_t next(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 16;
}

/* Of any length: mostly zeros, as structs are, with bytes of anything between. */
static void an_image_comes_back(void **state)
{
    (void)state;
    const struct aw_alloc alloc = aw_alloc_or_default(NULL);
    struct aw_squeezer *q = open_one(&alloc);
    static uint8_t was[AW_IMAGE_MAX], packed[AW_IMAGE_MAX];
    uint32_t seed = 1;
    for (size_t len = 64; len <= AW_IMAGE_MAX; len += 1 + len / 7) {
        for (size_t i = 0; i < len; i++)
            was[i] = next(&seed) % 5 ? 0 : (uint8_t)next(&seed);
        memcpy(aw_squeezer_image(q), was, len);
        const struct aw_span some = aw_squeeze(q, len);
        assert_non_null(some.p);
        assert_true(some.len < len);
        memcpy(packed, some.p, some.len);
        memset(aw_squeezer_image(q), 0xa5, AW_IMAGE_MAX);
        assert_true(aw_unsqueeze(q, (struct aw_span){packed, some.len}, len));
        assert_memory_equal(aw_squeezer_image(q), was, len);
        /* Not another length, nor what is left of it. */
        assert_false(aw_unsqueeze(q, (struct aw_span){packed, some.len}, len - 1));
        assert_false(aw_unsqueeze(q, (struct aw_span){packed, some.len / 2}, len));
    }
    aw_squeezer_free(q, &alloc);
}

static void what_gets_no_smaller_stays(void **state)
{
    (void)state;
    const struct aw_alloc alloc = aw_alloc_or_default(NULL);
    struct aw_squeezer *q = open_one(&alloc);
    uint32_t seed = 7;
    for (size_t i = 0; i < AW_IMAGE_MAX; i++)
        aw_squeezer_image(q)[i] = (uint8_t)next(&seed);
    assert_null(aw_squeeze(q, AW_IMAGE_MAX).p);
    assert_null(aw_squeeze(q, 100).p);
    assert_null(aw_squeeze(q, 0).p);
    assert_null(aw_squeeze(q, AW_IMAGE_MAX + 1).p);
    aw_squeezer_free(q, &alloc);
    aw_squeezer_free(NULL, &alloc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_image_comes_back),
        cmocka_unit_test(what_gets_no_smaller_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
