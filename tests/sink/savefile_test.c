/*
 * Capture files on a disk that fills: what is in the file is whole packets at any moment, it goes
 * on once there is room, and every packet is either in it or counted. The disk is a limit to the
 * size of files.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "sink/savefile.h"
#include "source/source.h"

static char path[64];

static int make_path(void **state)
{
    (void)state;
    (void)signal(SIGXFSZ, SIG_IGN);
    strcpy(path, "/tmp/savefile-test-XXXXXX");
    const int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int remove_path(void **state)
{
    (void)state;
    return unlink(path);
}

static void disk(rlim_t bytes)
{
    struct rlimit most;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &most), 0);
    most.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &most), 0);
}

static struct aw_savefile *start(bool mixed, bool endures)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    const int fd = dup(fileno(f));
    (void)fclose(f);
    struct aw_savefile *s = aw_savefile_new(fd, mixed);
    assert_non_null(s);
    if (endures) aw_savefile_endure(s);
    return s;
}

enum { LEN = 1000 };

static bool give(struct aw_savefile *s, uint64_t ord, uint16_t iface)
{
    uint8_t bytes[LEN];
    memset(bytes, (int)ord, sizeof bytes);
    const struct aw_packet p = {.ts = (aw_ns)ord * AW_SEC,
                                .data = bytes,
                                .cap_len = LEN,
                                .wire_len = LEN,
                                .linktype = 1,
                                .iface = iface};
    return aw_savefile_packet(s, &p);
}

/* Shows each packet of the file to `look`, by its place; returns how many there are, all whole. */
static size_t read_each(void (*look)(const struct aw_packet *p, size_t place, void *ctx), void *ctx)
{
    char err[256];
    const struct aw_packet *p;
    size_t count = 0, n;
    struct aw_source *s = aw_source_open(path, 0, err, sizeof err);
    if (!s) fail_msg("%s", err);
    enum aw_read got;
    while ((got = aw_source_next(s, 0, &p, &n)) == AW_READ_OK)
        for (size_t i = 0; i < n; i++, count++)
            look(&p[i], count, ctx);
    assert_int_equal(got, AW_READ_END);
    aw_source_close(s);
    return count;
}

static void look_in_order(const struct aw_packet *p, size_t place, void *ctx)
{
    uint64_t *last = ctx;
    const uint64_t ord = (uint64_t)(p->ts / AW_SEC);
    (void)place;
    assert_true(ord > *last);
    *last = ord;
    assert_int_equal(p->cap_len, LEN);
    assert_int_equal(p->data[0], ord & 0xff);
    assert_int_equal(p->data[LEN - 1], ord & 0xff);
}

/* How many packets the file has: whole, in order, with their bytes. *last: the last one. */
static size_t read_back(uint64_t *last)
{
    *last = 0;
    return read_each(look_in_order, last);
}

static void a_full_disk_is_endured(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool mixed;
        rlim_t first; /* the disk, before there is room */
        uint64_t flush_every;
    } rows[] = {
        {"pcap, a packet at a time", false, 20500, 1},
        {"pcap, by the buffer", false, 300000, UINT64_MAX},
        {"pcap, full from the start", false, 0, 1},
        {"pcap, not even the header", false, 10, 7},
        {"pcapng, a packet at a time", true, 20500, 1},
        {"pcapng, by the buffer", true, 300000, UINT64_MAX},
        {"pcapng, full from the start", true, 0, 1},
        {"pcapng, in the midst of an interface", true, 40, 7},
    };
    enum { PACKETS = 2000 };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct aw_savefile *s = start(rows[i].mixed, true);
        uint64_t last;
        disk(rows[i].first);
        for (uint64_t ord = 1; ord <= PACKETS; ord++) {
            if (ord == PACKETS / 2) { /* a reader in between, then room */
                aw_savefile_flush(s);
                if (rows[i].first > 1000) assert_true(read_back(&last) > 10);
                disk(RLIM_INFINITY);
            }
            /* Interfaces come up while the disk is full, too. */
            assert_true(give(s, ord, (uint16_t)(ord / 100)));
            if (ord % rows[i].flush_every == 0) aw_savefile_flush(s);
        }
        disk(RLIM_INFINITY);
        assert_int_equal(aw_savefile_error(s), 0);
        assert_int_equal(aw_savefile_trouble(s), EFBIG);
        aw_savefile_flush(s);
        const uint64_t let_go = aw_savefile_let_go(s);
        assert_true(let_go > 0);
        assert_int_equal(aw_savefile_close(s), EFBIG);
        const size_t count = read_back(&last);
        if (count + let_go != PACKETS)
            fail_msg("%s: %zu and %llu", rows[i].name, count, (unsigned long long)let_go);
        assert_int_equal(last, PACKETS);
    }
}

/* Where nobody asked for that, the first failure ends it, at the last whole packet. */
static void a_full_disk_ends_the_file(void **state)
{
    (void)state;
    for (int mixed = 0; mixed <= 1; mixed++) {
        struct aw_savefile *s = start(mixed, false);
        uint64_t last, ord = 0;
        disk(10500);
        while (ord < 100 && give(s, ord + 1, 0)) {
            ord++;
            aw_savefile_flush(s);
        }
        disk(RLIM_INFINITY);
        assert_true(ord < 15);
        assert_int_equal(aw_savefile_error(s), EFBIG);
        assert_int_equal(aw_savefile_close(s), EFBIG);
        assert_int_equal(read_back(&last), 10);
        assert_int_equal(last, 10);
    }
}

enum { LARGEST = 262144 };
static void look_at_largest(const struct aw_packet *p, size_t place, void *ctx)
{
    (void)ctx;
    assert_int_equal(p->cap_len, place % 2 ? LARGEST : 60);
}

/* The largest packet there may be, behind others and with its interface new. */
static void the_largest_packet(void **state)
{
    (void)state;
    uint8_t *bytes = calloc(1, LARGEST + 100);
    assert_non_null(bytes);
    for (int mixed = 0; mixed <= 1; mixed++) {
        struct aw_savefile *s = start(mixed, false);
        for (uint16_t i = 0; i < 6; i++) {
            const struct aw_packet p = {.ts = i,
                                        .data = bytes,
                                        .cap_len = i % 2 ? LARGEST + 100 : 60,
                                        .wire_len = LARGEST + 100,
                                        .linktype = 1,
                                        .iface = i};
            assert_true(aw_savefile_packet(s, &p));
        }
        assert_int_equal(aw_savefile_close(s), 0);
        assert_int_equal(read_each(look_at_largest, NULL), 6);
    }
    free(bytes);
}

static const struct {
    uint16_t iface;
    uint32_t cap;
    bool untimed, again;
} timeless[] = {{0, 60, true, true},  {0, 61, true, true},  {0, 62, false, false},
                {0, 63, true, true},  {1, 60, true, false}, {0, 40, true, false},
                {1, 60, false, false}};
enum { TIMELESS = sizeof timeless / sizeof *timeless };

static void look_for_times(const struct aw_packet *p, size_t place, void *ctx)
{
    assert_int_equal(p->cap_len, timeless[place].cap);
    assert_memory_equal(p->data, ctx, p->cap_len);
    assert_int_equal(p->untimed, timeless[place].again);
    if (!p->untimed) assert_int_equal(p->ts, (aw_ns)place * AW_SEC);
}

/* What has no time has none when it is read again, as far as a format can say so: whole packets of
 * the first interface. */
static void without_a_time(void **state)
{
    (void)state;
    uint8_t bytes[64] = {1, 2, 3};
    struct aw_savefile *s = start(false, false);
    for (unsigned i = 0; i < TIMELESS; i++) {
        const struct aw_packet p = {.ts = (aw_ns)i * AW_SEC,
                                    .data = bytes,
                                    .cap_len = timeless[i].cap,
                                    .wire_len = timeless[i].cap < 60 ? 1500 : timeless[i].cap,
                                    .linktype = 1,
                                    .iface = timeless[i].iface,
                                    .untimed = timeless[i].untimed};
        assert_true(aw_savefile_packet(s, &p));
    }
    assert_int_equal(aw_savefile_close(s), 0);
    assert_int_equal(read_each(look_for_times, bytes), TIMELESS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_full_disk_is_endured, make_path, remove_path),
        cmocka_unit_test_setup_teardown(a_full_disk_ends_the_file, make_path, remove_path),
        cmocka_unit_test_setup_teardown(the_largest_packet, make_path, remove_path),
        cmocka_unit_test_setup_teardown(without_a_time, make_path, remove_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
