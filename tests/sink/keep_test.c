/*
 * -w from memory: what is wanted comes out in the order of input, with its bytes; a ring that is
 * too small counts what it let go; attempts and legs of what failed come along.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "sink/keep.h"
#include "source/source.h"

static char path[64];

static int make_path(void **state)
{
    (void)state;
    strcpy(path, "/tmp/keep-test-XXXXXX");
    const int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int remove_path(void **state)
{
    (void)state;
    return unlink(path);
}

/* Packet number `ord`: its bytes tell it, its length varies. */
static void give(struct aw_keep *k, uint64_t conn, uint64_t ord, uint16_t linktype)
{
    uint8_t bytes[1600];
    const uint32_t len = 40 + (uint32_t)(ord * 37 % 1500);
    memset(bytes, (int)(ord & 0xff), sizeof bytes);
    memcpy(bytes, &ord, sizeof ord);
    aw_keep_packet(k, conn,
                   &(struct aw_packet){.ts = (aw_ns)(AW_SEC + (aw_ns)ord),
                                       .ord = ord,
                                       .data = bytes,
                                       .cap_len = len,
                                       .wire_len = len + 5,
                                       .linktype = linktype});
}

static struct aw_exchange exchange;

static struct aw_record record(uint64_t id, uint64_t conn)
{
    exchange.id = id;
    exchange.conn.ord = conn;
    return (struct aw_record){.ex = &exchange, .chain_id = id, .attempt = 1, .attempts = 1};
}

/* Reads the file back: rising ordinals, each with its own bytes and time; how many. */
static size_t read_back(uint64_t *first, uint16_t *linktypes)
{
    char err[256];
    size_t count = 0, n;
    uint64_t last = 0;
    const struct aw_packet *p;
    struct aw_source *s = aw_source_open(path, 0, err, sizeof err);
    assert_non_null(s);
    *linktypes = 0;
    enum aw_read got;
    while ((got = aw_source_next(s, 0, &p, &n)) == AW_READ_OK) {
        for (size_t i = 0; i < n; i++, count++) {
            uint64_t ord;
            memcpy(&ord, p[i].data, sizeof ord);
            assert_true(ord > last);
            if (count == 0) *first = ord;
            last = ord;
            assert_int_equal(p[i].cap_len, 40 + ord * 37 % 1500);
            assert_int_equal(p[i].wire_len, p[i].cap_len + 5);
            assert_int_equal(p[i].ts, AW_SEC + (aw_ns)ord);
            for (uint32_t b = sizeof ord; b < p[i].cap_len; b++)
                assert_int_equal(p[i].data[b], ord & 0xff);
            *linktypes |= p[i].linktype;
        }
    }
    assert_int_equal(got, AW_READ_END);
    aw_source_close(s);
    return count;
}

static struct aw_keep *start(bool again, size_t memory)
{
    char err[256];
    const struct aw_keep_plan plan = {
        .path = path, .again = again, .memory = memory, .patience = INT64_MAX};
    struct aw_keep *k = aw_keep_open(&plan, err, sizeof err);
    assert_non_null(k);
    return k;
}

/* Ten connections by turns; the verdicts on two come at the end. */
static void from_memory(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t memory;
        bool all; /* fits */
    } rows[] = {{"all of it fits", 1 << 22, true}, {"a part fits", 1 << 18, false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct aw_keep *k = start(false, rows[i].memory);
        struct aw_keep_stats stats;
        uint64_t first;
        uint16_t types;
        for (uint64_t ord = 1; ord <= 2000; ord++)
            give(k, 1 + ord % 10, ord, 1);
        for (uint64_t conn = 3; conn <= 4; conn++) {
            const struct aw_record r = record(conn, conn);
            aw_keep_record(k, &r, true);
        }
        assert_int_equal(aw_keep_close(k, &stats), 0);
        const size_t count = read_back(&first, &types);
        assert_int_equal(count, stats.written);
        assert_int_equal(types, 1);
        if (rows[i].all) {
            assert_int_equal(count, 400);
            assert_int_equal(stats.let_go, 0);
        } else {
            assert_true(count > 20 && count < 400);
            assert_true(stats.let_go > 1000 && first > 1000);
        }
    }
}

/* Verdicts that come early: what follows is written however small the ring is. */
static void known_early(void **state)
{
    (void)state;
    struct aw_keep *k = start(false, 1 << 16);
    struct aw_keep_stats stats;
    uint64_t first;
    uint16_t types;
    for (uint64_t ord = 1; ord <= 3000; ord++) {
        give(k, 1 + ord % 10, ord, 1);
        if (ord != 10) continue;
        const struct aw_record r = record(1, 3);
        aw_keep_record(k, &r, true);
    }
    assert_int_equal(aw_keep_close(k, &stats), 0);
    assert_int_equal(read_back(&first, &types), 300);
    assert_int_equal(first, 2);
}

static void read_twice(void **state)
{
    (void)state;
    struct aw_keep *k = start(true, 1 << 20);
    struct aw_keep_stats stats;
    uint64_t first;
    uint16_t types;
    for (uint64_t ord = 1; ord <= 3000; ord++)
        give(k, 1 + ord % 10, ord, ord % 3 ? 1 : 101);
    /* A retry told of after what failed, a leg told of before; and one that is not concerned. */
    struct aw_record r = record(20, 5);
    r.outer_id = 10;
    aw_keep_record(k, &r, false);
    r = record(10, 3);
    r.attempts = 2;
    r.inner_id = 20;
    aw_keep_record(k, &r, true);
    r = record(11, 4);
    r.chain_id = 10;
    r.attempt = r.attempts = 2;
    aw_keep_record(k, &r, false);
    r = record(12, 6);
    r.attempts = 2;
    aw_keep_record(k, &r, false);
    assert_true(aw_keep_again(k));
    for (uint64_t ord = 1; ord <= 3000; ord++)
        give(k, 1 + ord % 10, ord, ord % 3 ? 1 : 101);
    assert_int_equal(aw_keep_close(k, &stats), 0);
    assert_int_equal(stats.written, 900); /* connections 3, 4 and 5 */
    assert_int_equal(read_back(&first, &types), 900);
    assert_int_equal(types, 1 | 101); /* pcapng, as both are there */
}

static void nothing_failed(void **state)
{
    (void)state;
    struct aw_keep_stats stats;
    uint64_t first;
    uint16_t types;
    struct aw_keep *k = start(true, 1 << 20);
    give(k, 1, 1, 1);
    assert_false(aw_keep_again(k));
    assert_int_equal(aw_keep_close(k, &stats), 0);
    assert_int_equal(read_back(&first, &types), 0); /* and yet a capture */
}

/* What is written by the time the file was moved away stays in it, the rest goes into a new one. */
static void opened_again(void **state)
{
    (void)state;
    struct aw_keep *k = start(false, 1 << 22);
    struct aw_keep_stats stats;
    char moved[80];
    uint64_t first, firsts[2];
    size_t counts[2];
    uint16_t types;
    snprintf(moved, sizeof moved, "%s.1", path);
    for (uint64_t ord = 1; ord <= 1000; ord++) {
        give(k, 1, ord, 1);
        if (ord == 100) {
            const struct aw_record r = record(1, 1);
            aw_keep_record(k, &r, true);
            assert_int_equal(aw_keep_reopen(k), 0); /* nobody moved it */
            assert_int_equal(rename(path, moved), 0);
            assert_int_equal(aw_keep_reopen(k), 0);
        }
    }
    assert_int_equal(aw_keep_trouble(k), 0);
    assert_int_equal(aw_keep_close(k, &stats), 0);
    counts[1] = read_back(&firsts[1], &types);
    assert_int_equal(rename(moved, path), 0);
    counts[0] = read_back(&first, &types);
    firsts[0] = first;
    assert_int_equal(counts[0], 100);
    assert_int_equal(firsts[0], 1);
    assert_int_equal(counts[1], 900);
    assert_int_equal(firsts[1], 101);
    assert_int_equal(stats.written, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(from_memory, make_path, remove_path),
        cmocka_unit_test_setup_teardown(known_early, make_path, remove_path),
        cmocka_unit_test_setup_teardown(read_twice, make_path, remove_path),
        cmocka_unit_test_setup_teardown(nothing_failed, make_path, remove_path),
        cmocka_unit_test_setup_teardown(opened_again, make_path, remove_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
