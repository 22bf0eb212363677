/* One source: every shape of file gives its packets, every damage its words. */
#include "capture_file.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>

/* --- shapes --- */

static void pcap_in_every_order_and_unit(void **state)
{
    (void)state;
    for (unsigned k = 0; k < 4; k++) {
        struct file f = {.big = k & 1};
        pcap_head(&f, k & 2 ? 0xa1b23c4d : 0xa1b2c3d4, 65535, 1);
        pcap_packet(&f, 1, 500, "one");
        pcap_record(&f, 4294967295, 7, 3, 1500);
        put(&f, "two", 3);
        pcap_record(&f, 2, 0, 0, 60);
        pcap_record(&f, 2, 1, 5, 4); /* captured more than there was: corrected */
        put(&f, "three", 5);
        expect_log("pcap", save("x", f.p, f.len),
                   k & 2 ? "1 1.000000500 3/3 l1 i0 one\n2 4294967295.000000007 3/1500 l1 i0 two\n"
                           "3 2.000000000 0/60 l1 i0 \n4 2.000000001 5/5 l1 i0 three\nend"
                         : "1 1.000500000 3/3 l1 i0 one\n2 4294967295.000007000 3/1500 l1 i0 two\n"
                           "3 2.000000000 0/60 l1 i0 \n4 2.000001000 5/5 l1 i0 three\nend");
        file_free(&f);
    }
}

static void a_capture_of_nothing_is_fine(void **state)
{
    (void)state;
    struct file f = {.big = false};
    pcap_head(&f, 0xa1b2c3d4, 0, 0x54000065);
    expect_log("pcap", save("x", f.p, f.len), "end");
    file_free(&f);
    ng_section(&f, true);
    expect_log("pcapng", save("x", f.p, f.len), "end");
    file_free(&f);
}

static void pcap_left_to_libpcap(void **state)
{
    (void)state;
    for (unsigned big = 0; big < 2; big++) {
        struct file f = {.big = big};
        pcap_head(&f, 0xa1b2cd34, 65535, 12);
        for (unsigned i = 0; i < 2; i++) {
            pcap_record(&f, 3000000000, i, 4, 90);
            put_number(&f, 0, 8); /* interface, protocol, direction */
            put(&f, "abcd", 4);
        }
        expect_log("longer records", save("x", f.p, f.len),
                   "1 3000000000.000000000 4/90 l101 i0 abcd\n"
                   "2 3000000000.000001000 4/90 l101 i0 abcd\nend");
        char *log = read_path(save("x", f.p, f.len - 2));
        assert_memory_equal(log, "1 3000000000.", 13);
        assert_non_null(strstr(log, "\nx: packet 2, byte 52: trunc"));
        free(log);
        file_free(&f);
    }
    struct file old = {.big = true}; /* version 2.2 has the two lengths swapped */
    pcap_head(&old, 0xa1b2c3d4, 65535, 1);
    old.p[7] = 2;
    pcap_record(&old, 1, 0, 90, 4);
    put(&old, "abcd", 4);
    expect_log("swapped", save("x", old.p, old.len), "1 1.000000000 4/90 l1 i0 abcd\nend");
    old.p[5] = 9;
    char *log = read_path(save("x", old.p, old.len));
    assert_memory_equal(log, "x: packet 1, byte 0: ", 21);
    assert_non_null(strstr(log, "version"));
    free(log);
    file_free(&old);
}

/* More than a block, and packets too large for one, through libpcap. */
static void much_left_to_libpcap(void **state)
{
    (void)state;
    struct file f = {.big = false};
    pcap_head(&f, 0xa1b2cd34, 262144, 1);
    for (unsigned i = 0; i < 40; i++) {
        const uint32_t n = i % 5 == 4 ? 262144 : 9000 * (i % 5);
        pcap_record(&f, i, 0, n, n);
        put_number(&f, 0, 8);
        put_pattern(&f, i, n);
    }
    struct aw_source *s = open_source(save("x", f.p, f.len));
    const struct aw_packet *p;
    size_t n, seen = 0;
    for (unsigned hold = 0; aw_source_next(s, hold, &p, &n) == AW_READ_OK; hold++)
        for (size_t i = 0; i < n; i++, seen++)
            for (size_t k = 0; k < p[i].cap_len; k++)
                if (p[i].data[k] != pattern(seen, k)) fail_msg("packet %zu, byte %zu", seen, k);
    assert_int_equal(seen, 40);
    assert_string_equal(aw_source_error(s), "");
    aw_source_close(s);
    file_free(&f);
}

/* Two sections of different byte order, interfaces of different link type, unit and snap length,
 * all packet blocks, blocks nobody knows. Fills in where its blocks end. */
static size_t build_pcapng(struct file *f, size_t *ends, size_t *packets)
{
    size_t n = 0, p = 0;
    struct file junk = {.p = NULL};
    put_pattern(&junk, 1, 37);
#define END_OF_BLOCK (ends[n] = f->len, packets[n++] = p)
    ng_section(f, false);
    END_OF_BLOCK;
    ng_interface(f, 1, 65535, -1, 0);
    END_OF_BLOCK;
    ng_interface(f, 12, 4, 9, 100);
    END_OF_BLOCK;
    ng_packet(f, 0, 1000001, "ether"), p++;
    END_OF_BLOCK;
    ng_block(f, 0x0abc, &junk);
    END_OF_BLOCK;
    ng_packet(f, 1, 1000000002, "rawip"), p++;
    END_OF_BLOCK;
    ng_packet_old(f, 0, 2000000, "old"), p++;
    END_OF_BLOCK;
    ng_packet_simple(f, "simple!", 7), p++;
    END_OF_BLOCK;
    ng_section(f, true);
    END_OF_BLOCK;
    ng_interface(f, 113, 4, 0x80 | 10, 0);
    END_OF_BLOCK;
    ng_packet_claiming(f, 0, 512, "sll", 3, 99), p++;
    END_OF_BLOCK;
    ng_packet_simple(f, "cut!", 1400), p++;
    END_OF_BLOCK;
    ng_packet_claiming(f, 0, 1024, "len", 3, 1), p++;
    END_OF_BLOCK;
#undef END_OF_BLOCK
    file_free(&junk);
    return n;
}

static const char pcapng_log[] = "1 1.000001000 5/5 l1 i0 ether\n"
                                 "2 101.000000002 5/5 l101 i1 rawip\n"
                                 "3 2.000000000 3/3 l1 i0 old\n"
                                 "4 2.000000000 7/7 l1 i0 simple!\n"
                                 "5 0.500000000 3/99 l113 i2 sll\n"
                                 "6 0.500000000 4/1400 l113 i2 cut!\n"
                                 "7 1.000000000 3/3 l113 i2 len\n"
                                 "end";

static void pcapng_with_all_it_has(void **state)
{
    (void)state;
    struct file f = {.big = false};
    size_t ends[16], packets[16];
    (void)build_pcapng(&f, ends, packets);
    expect_log("pcapng", save("x", f.p, f.len), pcapng_log);
    file_free(&f);
}

/* Packet numbers are those of Wireshark, which counts some other blocks as well. */
static void blocks_with_a_number(void **state)
{
    (void)state;
    static const uint32_t counted[] = {9, 0x0bad, 0x40000bad, 0x204, 0x216, 0x221};
    static const uint32_t others[] = {4, 5, 10, 77, 0x80000001};
    struct file f = {.big = false}, body = {.p = NULL};
    put_pattern(&body, 1, 36);
    ng_section(&f, true);
    ng_interface(&f, 1, 0, -1, 0);
    ng_packet(&f, 0, 1, "one");
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        ng_block(&f, others[i], &body);
    ng_packet(&f, 0, 1, "two");
    for (size_t i = 0; i < sizeof counted / sizeof *counted; i++)
        ng_block(&f, counted[i], &body);
    expect_log("end", save("x", f.p, f.len),
               "1 0.000001000 3/3 l1 i0 one\n2 0.000001000 3/3 l1 i0 two\nend");
    ng_packet(&f, 1, 1, "none");
    expect_log("damage", save("x", f.p, f.len),
               "1 0.000001000 3/3 l1 i0 one\n2 0.000001000 3/3 l1 i0 two\n"
               "x: packet 9, byte 648: damaged: the packet names interface 1, of which there is no "
               "description");
    file_free(&body);
    file_free(&f);
}

/* --- cuts --- */

/* The log of the first n packets, and whether that is all. */
static bool begins_with_lines(const char *log, const char *whole, size_t lines, const char **rest)
{
    size_t len = 0;
    for (size_t i = 0; i < lines; i++)
        len += strcspn(whole + len, "\n") + 1;
    *rest = log + len;
    return strncmp(log, whole, len) == 0;
}

static void expect_cuts(const struct file *f, const char *whole, const size_t *ends,
                        const size_t *packets, size_t n)
{
    for (size_t cut = 0; cut < f->len; cut++) {
        size_t k = 0; /* blocks that are whole */
        while (k < n && ends[k] <= cut)
            k++;
        const size_t from = k > 0 ? ends[k - 1] : 0, seen = k > 0 ? packets[k - 1] : 0;
        char *log = read_path(save("cut", f->p, cut)), expected[80];
        const char *rest;
        assert_true(begins_with_lines(log, whole, seen, &rest));
        if (cut == from && cut > 0) {
            assert_string_equal(rest, "end");
        } else {
            snprintf(expected, sizeof expected, "cut: packet %zu, byte %zu: ", seen + 1, from);
            if (strncmp(rest, expected, strlen(expected)) != 0)
                fail_msg("cut at %zu: %s, expected %s", cut, rest, expected);
            rest += strlen(expected);
            if (cut == 0)
                assert_string_equal(rest, "empty");
            else if (cut < 4)
                assert_memory_equal(rest, "not a capture", 13);
            else
                assert_memory_equal(rest, "cut: ", 5);
        }
        free(log);
    }
}

static void pcap_cut_anywhere(void **state)
{
    (void)state;
    struct file f = {.big = false};
    size_t ends[4], packets[4] = {0, 1, 2, 3}, n = 0;
    pcap_head(&f, 0xa1b2c3d4, 65535, 1);
    ends[n++] = f.len;
    pcap_packet(&f, 1, 0, "first");
    ends[n++] = f.len;
    pcap_packet(&f, 2, 0, "");
    ends[n++] = f.len;
    pcap_packet(&f, 3, 0, "third packet");
    ends[n++] = f.len;
    expect_cuts(&f,
                "1 1.000000000 5/5 l1 i0 first\n2 2.000000000 0/0 l1 i0 \n"
                "3 3.000000000 12/12 l1 i0 third packet\nend",
                ends, packets, n);
    file_free(&f);
}

static void pcapng_cut_anywhere(void **state)
{
    (void)state;
    struct file f = {.big = false};
    size_t ends[16], packets[16];
    const size_t n = build_pcapng(&f, ends, packets);
    expect_cuts(&f, pcapng_log, ends, packets, n);
    file_free(&f);
}

/* --- damage --- */

static void pcap_that_lies(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint32_t snaplen, claimed;
        const char *words;
    } rows[] = {
        {"beyond any snap length", 65535, 262145,
         "damaged: the packet claims 262145 captured bytes, 262144 is the most possible"},
        {"beyond a large snap length", 1000000, 1000001,
         "damaged: the packet claims 1000001 captured bytes, 1000000 is the most possible"},
        {"beyond reason", 0xffffffff, 0xffffffff,
         "damaged: the packet claims 4294967295 captured bytes, 16777216 is the most possible"},
        {"possible, not there", 0, 262144, "cut: the packet needs 262160 bytes, 20 are there"},
        {"large, not there", 0xffffffff, 16777216,
         "cut: the packet needs 16777232 bytes, 20 are there"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct file f = {.big = i & 1};
        char expected[256];
        pcap_head(&f, 0xa1b2c3d4, rows[i].snaplen, 1);
        pcap_packet(&f, 1, 0, "good");
        pcap_record(&f, 1, 0, rows[i].claimed, 60);
        put(&f, "rest", 4);
        snprintf(expected, sizeof expected,
                 "1 1.000000000 4/4 l1 i0 good\nx: packet 2, byte 44: %s", rows[i].words);
        expect_log(rows[i].name, save("x", f.p, f.len), expected);
        file_free(&f);
    }
}

static void large_packets_are_read(void **state)
{
    (void)state;
    struct file f = {.big = false};
    pcap_head(&f, 0xa1b2c3d4, 0xffffffff, 1);
    static const uint32_t sizes[] = {3, 262144, 16777216, 5, 300000, 1, 262128, 262129};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        pcap_record(&f, 1, 0, sizes[i], sizes[i]);
        put_pattern(&f, i, sizes[i]);
    }
    struct aw_source *s = open_source(save("x", f.p, f.len));
    size_t seen = 0, n;
    const struct aw_packet *p;
    enum aw_read r;
    for (unsigned hold = 0; (r = aw_source_next(s, hold, &p, &n)) == AW_READ_OK; hold++)
        for (size_t i = 0; i < n; i++, seen++) {
            assert_int_equal(p[i].cap_len, sizes[seen]);
            for (size_t k = 0; k < sizes[seen]; k++)
                if (p[i].data[k] != pattern(seen, k)) fail_msg("packet %zu, byte %zu", seen, k);
        }
    assert_int_equal(r, AW_READ_END);
    assert_int_equal(seen, sizeof sizes / sizeof *sizes);
    assert_int_equal(aw_source_bytes(s), f.len);
    assert_int_equal(aw_source_size(s), f.len);
    aw_source_close(s);
    file_free(&f);
}

/* Damage done to a good pcapng file of a section (28 bytes), an interface (20), two packets (36).
 */
static void pcapng_that_lies(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t at;
        uint32_t value;
        const char *log; /* of the packets that are left, and the error */
    } rows[] = {
        {"no byte order", 8, 0x4d3c0000,
         "x: packet 1, byte 0: damaged: a section header without a known byte order"},
        {"version", 12, 2, "x: packet 1, byte 0: pcapng version 2 is not known"},
        {"section too short", 4, 12,
         "x: packet 1, byte 0: damaged: a block whose length is 12 at its beginning and 439041101 "
         "at "
         "its end"},
        {"no multiple of 4", 52, 37,
         "x: packet 1, byte 48: damaged: a block that claims 37 bytes, no multiple of 4"},
        {"too small", 52, 8,
         "x: packet 1, byte 48: damaged: a block that claims 8 bytes, too few for any"},
        {"zero", 52, 0,
         "x: packet 1, byte 48: damaged: a block that claims 0 bytes, too few for any"},
        {"too large", 52, 16777220,
         "x: packet 1, byte 48: damaged: a block that claims 16777220 bytes, too many to be true"},
        {"large, not there", 52, 16777216,
         "x: packet 1, byte 48: cut: a block needs 16777216 bytes, 72 are there"},
        {"trailer", 80, 40,
         "x: packet 1, byte 48: damaged: a block whose length is 36 at its beginning and 40 at its "
         "end"},
        {"interface unknown", 92, 1,
         "1 0.000001000 4/4 l1 i0 good\nx: packet 2, byte 84: damaged: the packet names interface "
         "1, "
         "of which there is no description"},
        {"captured more than the block has", 104, 5,
         "1 0.000001000 4/4 l1 i0 good\nx: packet 2, byte 84: damaged: the packet claims 5 "
         "captured "
         "bytes, more than its block holds"},
        {"captured most of all", 104, 0xffffffff,
         "1 0.000001000 4/4 l1 i0 good\nx: packet 2, byte 84: damaged: the packet claims "
         "4294967295 "
         "captured bytes, more than its block holds"},
        {"another block instead of the interface", 28, 77,
         "x: packet 1, byte 48: damaged: the packet names interface 0, of which there is no "
         "description"},
        {"an interface instead of a packet, with an option that runs out", 84, 1,
         "1 0.000001000 4/4 l1 i0 good\nx: packet 2, byte 84: damaged: an interface option that "
         "runs "
         "out of its block"},
        {"no damage", 84, 6, "1 0.000001000 4/4 l1 i0 good\n2 0.000002000 4/4 l1 i0 more\nend"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct file f = {.big = false}, value = {.big = false};
        ng_section(&f, false);
        ng_interface(&f, 1, 0, -1, 0);
        ng_packet(&f, 0, 1, "good");
        ng_packet(&f, 0, 2, "more");
        assert_int_equal(f.len, 28 + 20 + 36 + 36);
        put32(&value, rows[i].value);
        memcpy(f.p + rows[i].at, value.p, 4);
        expect_log(rows[i].name, save("x", f.p, f.len), rows[i].log);
        file_free(&value);
        file_free(&f);
    }
}

static void too_short_blocks(void **state)
{
    (void)state;
    static const struct {
        uint32_t type;
        const char *log;
    } rows[] = {
        {1, "x: packet 1, byte 48: damaged: an interface description that is too short"},
        {2, "x: packet 1, byte 48: damaged: a packet block that is too short"},
        {3, "x: packet 1, byte 48: damaged: a packet block that is too short"},
        {6, "x: packet 1, byte 48: damaged: a packet block that is too short"},
        {5, "end"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct file f = {.big = false}, none = {.p = NULL};
        ng_section(&f, false);
        ng_interface(&f, 1, 0, -1, 0);
        ng_block(&f, rows[i].type, &none);
        expect_log("too short", save("x", f.p, f.len), rows[i].log);
        file_free(&f);
    }
}

static void what_is_no_capture(void **state)
{
    (void)state;
    expect_log("text", save("x\n\033[2J", (const uint8_t *)"hello", 5),
               "x??[2J: packet 1, byte 0: not a capture: begins with 68 65 6c 6c");
    char err[300];
    assert_null(aw_source_open(path_of("missing"), 0, err, sizeof err));
    assert_string_equal(err + strlen(folder) + 1, "missing: No such file or directory");
    assert_null(aw_source_open(folder, 0, err, sizeof err));
    assert_string_equal(err + strlen(folder), ": is a directory");
    assert_int_equal(mkfifo(path_of("once"), 0600), 0);
    assert_true(aw_source_is_capture(path_of("once")));
    assert_false(aw_source_is_capture(folder));
    assert_false(aw_source_is_capture(path_of("missing")));
    assert_false(aw_source_is_capture(save("text", (const uint8_t *)"tcp port 80", 11)));
    assert_false(aw_source_is_capture(save("nothing", NULL, 0)));
    if (geteuid() != 0) { /* root may read anything */
        const char *path = save("secret", NULL, 0);
        assert_int_equal(chmod(path, 0), 0);
        assert_null(aw_source_open(path, 0, err, sizeof err));
        assert_string_equal(err + strlen(folder) + 1, "secret: Permission denied");
    }
}

static void a_read_error(void **state)
{
    (void)state;
    char *log = read_path("/proc/self/mem"); /* nothing is mapped at 0 */
    assert_string_equal(log, "/proc/self/mem: packet 1, byte 0: read error: Input/output error");
    free(log);
}

/* --- compression --- */

/* About `bytes` of pcap that does not compress well. */
static void build_large(struct file *f, size_t bytes, unsigned *count)
{
    uint32_t x = 1;
    pcap_head(f, 0xa1b2c3d4, 262144, 1);
    *count = 0;
    while (f->len < bytes) {
        uint8_t noise[1500];
        for (size_t i = 0; i < sizeof noise; i++) {
            x = x * 1664525 + 1013904223;
            noise[i] = (uint8_t)(x >> 24);
        }
        pcap_record(f, *count, 0, sizeof noise, sizeof noise);
        put(f, noise, sizeof noise);
        ++*count;
    }
}

/* So large that the first block of a packed file ends well before its end: bzip2 has blocks of
 * 900,000 bytes, lz4 of up to 4 MiB. */
static size_t large_for(enum packing packing)
{
    return packing == LZ4 ? 5000000 : 1500000;
}

static size_t count_packets(const char *path, enum aw_read end, char *error)
{
    struct aw_source *s = open_source(path);
    const struct aw_packet *p;
    size_t n, seen = 0;
    enum aw_read r;
    while ((r = aw_source_next(s, 0, &p, &n)) == AW_READ_OK)
        seen += n;
    assert_int_equal(r, end);
    if (error) strcpy(error, aw_source_error(s));
    aw_source_close(s);
    return seen;
}

static void packed_files(void **state)
{
    (void)state;
    for (unsigned k = 0; k < PACKINGS; k++) {
        struct file f = {.big = false}, packed = {.p = NULL}, twice = {.p = NULL};
        size_t ends[16], packets[16];
        (void)build_pcapng(&f, ends, packets);
        pack(&packed, k, f.p, f.len);
        const char *path = save("named-otherwise.txt", packed.p, packed.len);
        expect_log(packing_name[k], path, pcapng_log);
        assert_true(aw_source_is_capture(path));
        pack(&twice, k, packed.p, packed.len); /* is no capture: unpacked once only */
        char *log = read_path(save("x", twice.p, twice.len));
        assert_memory_equal(log, "x: packet 1, byte 0 of the decompressed data: not a capture", 59);
        assert_false(aw_source_is_capture(path_of("x")));
        free(log);
        file_free(&twice);
        file_free(&packed);
        file_free(&f);
    }
}

/* Streams one after another are one capture, cut wherever. */
static void packed_in_several_frames(void **state)
{
    (void)state;
    struct file f = {.big = false};
    unsigned count;
    build_large(&f, 1000000, &count);
    for (unsigned k = 0; k < PACKINGS; k++) {
        struct file packed = {.p = NULL};
        pack(&packed, k, f.p, 10);
        pack(&packed, k, f.p + 10, 700001 - 10);
        pack(&packed, k, f.p + 700001, f.len - 700001);
        assert_int_equal(count_packets(save("x", packed.p, packed.len), AW_READ_END, NULL), count);
        file_free(&packed);
    }
    file_free(&f);
}

static void packed_and_cut(void **state)
{
    (void)state;
    unsigned count;
    for (unsigned k = 0; k < PACKINGS; k++) {
        struct file f = {.big = false}, packed = {.p = NULL};
        build_large(&f, large_for(k), &count);
        char error[640], expected[320];
        pack(&packed, k, f.p, f.len);
        const char *path = save("x", packed.p, packed.len - packed.len / 20);
        const size_t seen = count_packets(path, AW_READ_DAMAGED, error);
        assert_in_range(seen, count / 2, count - 1);
        snprintf(expected, sizeof expected, "%s: packet %zu, byte %zu of the decompressed data: %s",
                 path_of("x"), seen + 1, 24 + seen * 1516, packing_name[k]);
        assert_memory_equal(error, expected, strlen(expected));
        file_free(&packed);
        file_free(&f);
    }
}

/* However little is left of a file, the cut is told; what fits in front of it is given. */
static void packed_and_cut_anywhere(void **state)
{
    (void)state;
    struct file f = {.big = false};
    pcap_head(&f, 0xa1b2c3d4, 65535, 1);
    pcap_packet(&f, 1, 0, "hello");
    for (unsigned k = 0; k < PACKINGS; k++) {
        struct file packed = {.p = NULL};
        pack(&packed, k, f.p, f.len);
        for (size_t cut = 6; cut < packed.len; cut++) {
            char *log = read_path(save("x", packed.p, cut)), expected[80];
            const char *error = log;
            if (strncmp(log, "1 1.000000000 5/5 l1 i0 hello\n", 30) == 0) error += 30;
            assert_memory_equal(error, "x: packet ", 10);
            snprintf(expected, sizeof expected, ": %s: the compressed data is cut short",
                     packing_name[k]);
            if (!strstr(error, expected)) fail_msg("cut at %zu: %s", cut, log);
            if (cut == packed.len - 1 && k != BZIP2) /* only the frame's own checksum is missing */
                assert_ptr_equal(error, log + 30);
            free(log);
        }
        file_free(&packed);
    }
    file_free(&f);
}

enum { MANY = 16 }; /* packets in a small capture */

static void build_small(struct file *f, size_t *ends)
{
    pcap_head(f, 0xa1b2c3d4, 65535, 1);
    for (unsigned i = 0; i < MANY; i++) {
        const uint32_t n = 20 + i % 7 * 30;
        pcap_record(f, i, 0, n, n);
        for (unsigned k = 0; k < n; k++)
            put_number(f, k % 3 ? 'a' + k % 20 : pattern(i, k), 1);
        ends[i] = f->len;
    }
}

/* Bytes that the library itself, asked plainly, decodes of the first `n` packed ones. */
static size_t decodable(enum packing packing, uint8_t *packed, size_t n, size_t room)
{
    uint8_t *to = malloc(room);
    size_t got = 0;
    assert_non_null(to);
    if (packing == GZIP) {
        z_stream z = {.next_in = packed, .avail_in = (uInt)n};
        z.next_out = to;
        z.avail_out = (uInt)room;
        assert_int_equal(inflateInit2(&z, 31), Z_OK);
        (void)inflate(&z, Z_SYNC_FLUSH);
        got = room - z.avail_out;
        inflateEnd(&z);
    } else {
        ZSTD_DStream *z = ZSTD_createDStream();
        ZSTD_inBuffer in = {.src = packed, .size = n};
        ZSTD_outBuffer out = {.dst = to, .size = room};
        (void)ZSTD_decompressStream(z, &out, &in);
        got = out.pos;
        ZSTD_freeDStream(z);
    }
    free(to);
    return got;
}

static unsigned packets_in(const size_t *ends, size_t bytes)
{
    unsigned n = 0;
    while (n < MANY && ends[n] <= bytes)
        n++;
    return n;
}

/* A cut costs the packets behind it and no other, whether the writer flushed after each or not. */
static void a_cut_costs_no_packet_before_it(void **state)
{
    (void)state;
    struct file f = {.big = false};
    size_t ends[MANY], flushed[MANY];
    build_small(&f, ends);
    for (enum packing k = GZIP; k <= ZSTD; k++) {
        for (unsigned flush = 0; flush < 2; flush++) {
            struct file packed = {.p = NULL};
            struct packer p;
            packer_init(&p, k);
            for (unsigned i = 0; flush && i < MANY; i++) {
                const size_t from = i > 0 ? ends[i - 1] : 0;
                packer_put(&p, &packed, f.p + from, ends[i] - from, false);
                flushed[i] = packed.len;
            }
            packer_put(&p, &packed, f.p, flush ? 0 : f.len, true);
            for (size_t cut = 6; cut < packed.len; cut++) {
                const size_t seen = count_packets(save("x", packed.p, cut), AW_READ_DAMAGED, NULL);
                const size_t most = packets_in(ends, decodable(k, packed.p, cut, f.len + 1));
                if (seen != most || (flush && seen < packets_in(flushed, cut)))
                    fail_msg("%s cut at %zu: %zu packets, %zu can be decoded", packing_name[k], cut,
                             seen, most);
            }
            file_free(&packed);
        }
    }
    file_free(&f);
}

/* A wrong checksum is damage, but takes no packet away; so are other bytes behind a frame, where
 * zeros are fine. */
static void packed_with_a_wrong_end(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        unsigned flip; /* the byte so far from the end */
        const char *behind;
        size_t behind_len;
        const char *error; /* NULL: none */
    } rows[] = {
        {"checksum", 5, "", 0, "the compressed data is broken: "},
        {"padding", 0, "\0\0\0\0\0\0\0", 7, NULL},
        {"garbage", 0, "some text that is no frame", 26,
         "what follows the compressed data is broken"},
        {"garbage after padding", 0, "\0\0more text, no frame", 21,
         "what follows the compressed data is broken"},
    };
    struct file f = {.big = false};
    size_t ends[MANY];
    build_small(&f, ends);
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (unsigned k = 0; k < PACKINGS; k++) {
            struct file packed = {.p = NULL};
            char error[640] = "";
            pack(&packed, k, f.p, f.len);
            /* zstd and lz4 end with their checksum, gzip with it and a length */
            if (rows[i].flip)
                packed.p[packed.len - (k == ZSTD || k == LZ4 ? 2 : rows[i].flip)] ^= 1;
            put(&packed, rows[i].behind, rows[i].behind_len);
            const size_t seen = count_packets(save("x", packed.p, packed.len),
                                              rows[i].error ? AW_READ_DAMAGED : AW_READ_END, error);
            if (seen != MANY || (rows[i].error && !strstr(error, rows[i].error)))
                fail_msg("%s, %s: %zu packets, %s", packing_name[k], rows[i].name, seen, error);
            file_free(&packed);
        }
    }
    file_free(&f);
}

/* Damage in any one byte: an end in any case, and never a packet that is not there. */
static void packed_and_damaged_anywhere(void **state)
{
    (void)state;
    struct file f = {.big = false};
    size_t ends[MANY], wrong = 0;
    build_small(&f, ends);
    for (unsigned k = 0; k < PACKINGS; k++) {
        struct file packed = {.p = NULL};
        pack(&packed, k, f.p, f.len);
        for (size_t at = 6; at < packed.len; at += 7) {
            packed.p[at] ^= 0x10;
            char *log = read_path(save("x", packed.p, packed.len));
            wrong += strstr(log, " is broken: ") || strstr(log, " is cut short");
            free(log);
            packed.p[at] ^= 0x10;
        }
        file_free(&packed);
    }
    assert_true(wrong > 0);
    file_free(&f);
}

static void lz4_of_old(void **state)
{
    (void)state;
    expect_log("lz4 -l", save("x", (const uint8_t *)"\x02\x21\x4c\x18\x05\0\0\0hello", 13),
               "x: packet 1, byte 0 of the decompressed data: lz4: the compressed data is broken: "
               "the legacy format is not read here: pipe the output of \"lz4 -dc\" in");
}

/* What came before the damage is right; behind it, what the decompressor lets pass. */
static void packed_and_broken(void **state)
{
    (void)state;
    unsigned count;
    for (unsigned k = 0; k < PACKINGS; k++) {
        struct file f = {.big = false}, packed = {.p = NULL};
        build_large(&f, large_for(k), &count);
        const struct aw_packet *p;
        size_t n, seen = 0;
        pack(&packed, k, f.p, f.len);
        for (size_t i = 0; i < 64; i++)
            packed.p[packed.len / 20 * 19 + i] ^= 0x5a;
        struct aw_source *s = open_source(save("x", packed.p, packed.len));
        while (aw_source_next(s, 0, &p, &n) == AW_READ_OK)
            for (size_t i = 0; i < n; i++, seen++)
                if (seen < count / 2)
                    assert_memory_equal(p[i].data, f.p + 24 + seen * 1516 + 16, 1500);
        assert_in_range(seen, count / 2, count);
        aw_source_close(s);
        file_free(&packed);
        file_free(&f);
    }
}

/* --- pipes --- */

struct writer {
    int fd;
    const uint8_t *bytes;
    size_t len, piece;
};

static void *write_pieces(void *arg)
{
    const struct writer *w = arg;
    for (size_t at = 0; at < w->len;) {
        const size_t n = w->len - at < w->piece ? w->len - at : w->piece;
        const ssize_t done = write(w->fd, w->bytes + at, n);
        if (done <= 0) break;
        at += (size_t)done;
    }
    close(w->fd);
    return NULL;
}

static void expect_piped(const char *name, const struct file *f, size_t piece, const char *expected)
{
    int ends[2];
    pthread_t thread;
    assert_int_equal(pipe(ends), 0);
    const int real = dup(STDIN_FILENO);
    assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
    close(ends[0]);
    struct writer w = {.fd = ends[1], .bytes = f->p, .len = f->len, .piece = piece};
    assert_int_equal(pthread_create(&thread, NULL, write_pieces, &w), 0);
    expect_log(name, "-", expected);
    pthread_join(thread, NULL);
    if (real >= 0) {
        dup2(real, STDIN_FILENO);
        close(real);
    } else {
        close(STDIN_FILENO);
    }
}

static void standard_input_in_pieces(void **state)
{
    (void)state;
    struct file f = {.big = false};
    size_t ends[16], packets[16];
    (void)build_pcapng(&f, ends, packets);
    for (size_t piece = 1; piece <= 64; piece = piece * 2 + 1) {
        expect_piped("plain", &f, piece, pcapng_log);
        for (unsigned k = 0; k < PACKINGS; k++) {
            struct file packed = {.p = NULL};
            pack(&packed, k, f.p, f.len);
            expect_piped(packing_name[k], &packed, piece, pcapng_log);
            file_free(&packed);
        }
    }
    f.len = 2;
    expect_piped("cut", &f, 1, "standard input: packet 1, byte 0: not a capture: only 2 bytes");
    f.len = 0;
    expect_piped("empty", &f, 1, "standard input: packet 1, byte 0: empty");
    file_free(&f);
}

/* Packets are handed on as they come: a writer that waits for its reader is no deadlock. */
static void a_pipe_is_not_waited_for(void **state)
{
    (void)state;
    int ends[2];
    char path[32];
    struct file f = {.big = false};
    assert_int_equal(pipe(ends), 0);
    snprintf(path, sizeof path, "/dev/fd/%d", ends[0]);
    pcap_head(&f, 0xa1b2c3d4, 65535, 1);
    struct aw_source *s = open_source(path);
    for (unsigned i = 0; i < 3000; i++) { /* several blocks' worth */
        const struct aw_packet *p;
        size_t n;
        pcap_record(&f, i, 0, 200, 200);
        put_pattern(&f, i, 200);
        assert_int_equal(write(ends[1], f.p, f.len), (ssize_t)f.len);
        f.len = 0;
        assert_int_equal(aw_source_next(s, i, &p, &n), AW_READ_OK);
        assert_int_equal(n, 1);
        assert_int_equal(aw_ref_no(p->ref), i + 1);
        for (size_t k = 0; k < 200; k++)
            assert_int_equal(p->data[k], pattern(i, k));
    }
    aw_source_close(s);
    close(ends[0]);
    close(ends[1]);
    file_free(&f);
}

/* A descriptor that is non-blocking, because a shell or a sibling made it so, is waited for. */
static void standard_input_that_does_not_block(void **state)
{
    (void)state;
    struct file f = {.big = false}, packed = {.p = NULL};
    pcap_head(&f, 0xa1b2c3d4, 65535, 1);
    pcap_packet(&f, 1, 0, "hello");
    pack(&packed, GZIP, f.p, f.len);
    for (unsigned k = 0; k < 2; k++) {
        const struct file *bytes = k ? &packed : &f;
        int ends[2];
        const struct aw_packet *p;
        size_t n;
        assert_int_equal(pipe(ends), 0);
        const int real = dup(STDIN_FILENO);
        assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
        assert_int_equal(fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK), 0);
        struct aw_source *s = open_source("-");
        assert_int_equal(aw_source_next(s, 0, &p, &n), AW_READ_AGAIN);
        assert_int_equal(write(ends[1], bytes->p, 5), 5);
        assert_int_equal(aw_source_next(s, 0, &p, &n), AW_READ_AGAIN);
        assert_int_equal(write(ends[1], bytes->p + 5, bytes->len - 5), (ssize_t)bytes->len - 5);
        close(ends[1]);
        char *log = read_log(s);
        assert_string_equal(log, "1 1.000000000 5/5 l1 i0 hello\nend");
        free(log);
        aw_source_close(s);
        close(ends[0]);
        if (real < 0) close(STDIN_FILENO);
        if (real >= 0) dup2(real, STDIN_FILENO);
        if (real >= 0) close(real);
    }
    file_free(&packed);
    file_free(&f);
}

static void on_signal(int number)
{
    (void)number;
}

struct nagger {
    pthread_t victim;
    int stop; /* a pipe's end: nags until it is written to or closed */
};

static void *nag(void *arg)
{
    const struct nagger *g = arg;
    char c;
    while (read(g->stop, &c, 1) < 0) { /* non-blocking */
        pthread_kill(g->victim, SIGUSR1);
        usleep(2000);
    }
    return NULL;
}

static void a_signal_gives_again(void **state)
{
    (void)state;
    const struct sigaction act = {.sa_handler = on_signal}; /* without SA_RESTART */
    struct sigaction before;
    int ends[2], stop[2];
    char path[32];
    const struct aw_packet *p;
    size_t n;
    assert_int_equal(sigaction(SIGUSR1, &act, &before), 0);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(pipe2(stop, O_NONBLOCK), 0);
    snprintf(path, sizeof path, "/dev/fd/%d", ends[0]);
    struct aw_source *s = open_source(path);
    struct nagger g = {.victim = pthread_self(), .stop = stop[0]};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, nag, &g), 0);
    struct file f = {.big = false};
    pcap_head(&f, 0xa1b2c3d4, 65535, 1);
    pcap_packet(&f, 1, 0, "hello");
    for (size_t at = 0; at < f.len; at += 9) { /* in the magic, the header and the packet */
        assert_int_equal(aw_source_next(s, 0, &p, &n), AW_READ_AGAIN);
        const size_t piece = f.len - at < 9 ? f.len - at : 9;
        assert_int_equal(write(ends[1], f.p + at, piece), (ssize_t)piece);
    }
    enum aw_read r;
    while ((r = aw_source_next(s, 0, &p, &n)) == AW_READ_AGAIN) {
    }
    assert_int_equal(r, AW_READ_OK);
    assert_memory_equal(p->data, "hello", 5);
    close(ends[1]);
    while ((r = aw_source_next(s, 0, &p, &n)) == AW_READ_AGAIN) {
    }
    assert_int_equal(r, AW_READ_END);
    aw_source_close(s);

    /* The same through each decompressor. */
    for (unsigned k = 0; k < PACKINGS; k++) {
        struct file packed = {.p = NULL};
        unsigned again = 0;
        pack(&packed, k, f.p, f.len);
        close(ends[0]);
        assert_int_equal(pipe(ends), 0);
        snprintf(path, sizeof path, "/dev/fd/%d", ends[0]);
        s = open_source(path);
        assert_int_equal(write(ends[1], packed.p, packed.len / 2), (ssize_t)(packed.len / 2));
        while (again < 3 && (r = aw_source_next(s, 0, &p, &n)) != AW_READ_DAMAGED)
            again += r == AW_READ_AGAIN;
        assert_int_equal(again, 3);
        assert_int_equal(write(ends[1], packed.p + packed.len / 2, packed.len - packed.len / 2),
                         (ssize_t)(packed.len - packed.len / 2));
        close(ends[1]);
        while ((r = aw_source_next(s, 0, &p, &n)) == AW_READ_AGAIN || r == AW_READ_OK) {
        }
        assert_int_equal(r, AW_READ_END);
        aw_source_close(s);
        file_free(&packed);
    }

    close(stop[1]);
    pthread_join(thread, NULL);
    close(stop[0]);
    close(ends[0]);
    file_free(&f);
    sigaction(SIGUSR1, &before, NULL);
}

/* --- the promise --- */

static void packets_stay_while_held(void **state)
{
    (void)state;
    for (unsigned packed = 0; packed < 2; packed++) {
        struct file f = {.big = false}, small = {.p = NULL};
        pcap_head(&f, 0xa1b2c3d4, 262144, 1);
        unsigned total = 0;
        for (uint32_t x = 1; f.len < 6000000; total++) {
            x = x * 1664525 + 1013904223;
            const uint32_t n = x >> 30 == 0 ? x >> 15 & 0xffff : x >> 20 & 0xff;
            pcap_record(&f, total, 0, n, n);
            put_pattern(&f, total, n);
        }
        if (packed) pack(&small, GZIP, f.p, f.len);
        const char *path = packed ? save("x", small.p, small.len) : save("x", f.p, f.len);
        struct aw_source *s = open_source(path);
        struct {
            const struct aw_packet *p;
            size_t n;
        } lent[AW_SOURCE_HOLDS] = {{NULL, 0}};
        uint64_t seen = 0;
        for (unsigned turn = 0;; turn++) {
            const unsigned hold = turn * 3 % AW_SOURCE_HOLDS; /* any order will do */
            const struct aw_packet *p;
            size_t n;
            if (aw_source_next(s, hold, &p, &n) != AW_READ_OK) break;
            lent[hold].p = p;
            lent[hold].n = n;
            for (unsigned h = 0; h < AW_SOURCE_HOLDS; h++)
                for (size_t i = 0; i < lent[h].n; i++) {
                    const struct aw_packet *q = &lent[h].p[i];
                    const uint64_t no = aw_ref_no(q->ref) - 1;
                    assert_int_equal(q->ts, (aw_ns)no * AW_SEC);
                    if (h == hold) assert_int_equal(no, seen++);
                    /* the ends of each old packet; all of each new one */
                    const size_t step = h == hold || q->cap_len < 2 ? 1 : q->cap_len - 1u;
                    for (size_t k = 0; k < q->cap_len; k += step)
                        if (q->data[k] != pattern(no, k)) fail_msg("packet %" PRIu64, no + 1);
                }
        }
        assert_int_equal(seen, total);
        aw_source_close(s);
        file_free(&small);
        file_free(&f);
    }
}

/* Read once more while the first reading is under way, by two more at the same time: each has all
 * of it, on one descriptor, whatever became of the name. */
static void read_again_on_the_same_descriptor(void **state)
{
    (void)state;
    enum { READERS = 3 };
    struct file f = {.big = false};
    unsigned total;
    build_large(&f, 3 * 256 * 1024, &total);
    for (unsigned k = 0; k <= PACKINGS; k++) {
        char err[256];
        struct file packed = {.p = NULL};
        if (k < PACKINGS) pack(&packed, k, f.p, f.len);
        const struct file *stored = k < PACKINGS ? &packed : &f;
        const char *path = save("x", stored->p, stored->len);
        file_free(&packed);
        struct aw_source *s[READERS] = {aw_source_open(path, 7, err, sizeof err)};
        assert_non_null(s[0]);
        const struct aw_packet *p;
        size_t n, seen[READERS] = {0};
        assert_int_equal(aw_source_next(s[0], 0, &p, &n), AW_READ_OK);
        seen[0] = n;
        assert_true(aw_source_rereadable(s[0]));
        assert_int_equal(unlink(path), 0);
        for (unsigned i = 1; i < READERS; i++)
            assert_non_null(s[i] = aw_source_again(s[0], err, sizeof err));
        for (unsigned left = READERS; left > 0;) {
            left = 0;
            for (unsigned i = 0; i < READERS; i++) {
                if (aw_source_next(s[i], 0, &p, &n) != AW_READ_OK) continue;
                assert_int_equal(p->ref, aw_ref_make(7, seen[i] + 1));
                seen[i] += n;
                left++;
            }
        }
        for (unsigned i = READERS; i-- > 0;) {
            assert_int_equal(seen[i], total);
            aw_source_close(s[i]);
        }
    }
    file_free(&f);
}

static void what_comes_once_is_not_read_again(void **state)
{
    (void)state;
    char err[256] = "";
    const char *path = path_of("once-only");
    assert_int_equal(mkfifo(path, 0600), 0);
    const int end = open(path, O_RDWR | O_CLOEXEC);
    struct aw_source *s = aw_source_open(path, 0, err, sizeof err);
    assert_non_null(s);
    assert_false(aw_source_rereadable(s));
    assert_null(aw_source_again(s, err, sizeof err));
    assert_non_null(strstr(err, "once-only: it can be read but once"));
    aw_source_close(s);
    close(end);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pcap_in_every_order_and_unit),
        cmocka_unit_test(a_capture_of_nothing_is_fine),
        cmocka_unit_test(pcap_left_to_libpcap),
        cmocka_unit_test(much_left_to_libpcap),
        cmocka_unit_test(pcapng_with_all_it_has),
        cmocka_unit_test(blocks_with_a_number),
        cmocka_unit_test(pcap_cut_anywhere),
        cmocka_unit_test(pcapng_cut_anywhere),
        cmocka_unit_test(pcap_that_lies),
        cmocka_unit_test(large_packets_are_read),
        cmocka_unit_test(pcapng_that_lies),
        cmocka_unit_test(too_short_blocks),
        cmocka_unit_test(what_is_no_capture),
        cmocka_unit_test(a_read_error),
        cmocka_unit_test(packed_files),
        cmocka_unit_test(packed_in_several_frames),
        cmocka_unit_test(packed_and_cut),
        cmocka_unit_test(packed_and_cut_anywhere),
        cmocka_unit_test(a_cut_costs_no_packet_before_it),
        cmocka_unit_test(packed_with_a_wrong_end),
        cmocka_unit_test(packed_and_damaged_anywhere),
        cmocka_unit_test(lz4_of_old),
        cmocka_unit_test(packed_and_broken),
        cmocka_unit_test(standard_input_in_pieces),
        cmocka_unit_test(a_pipe_is_not_waited_for),
        cmocka_unit_test(standard_input_that_does_not_block),
        cmocka_unit_test(a_signal_gives_again),
        cmocka_unit_test(packets_stay_while_held),
        cmocka_unit_test(read_again_on_the_same_descriptor),
        cmocka_unit_test(what_comes_once_is_not_read_again),
    };
    return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
