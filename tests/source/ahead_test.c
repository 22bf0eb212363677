/*
 * Reading ahead: whoever reads which piece, and whenever, the packets are those of one reader.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "source/capture_file.h"

/* What a source gave: packets and bytes as one number, and how it ended. */
struct given {
    uint64_t sum, packets;
    enum aw_read end;
    char error[640];
};

static void add(struct given *g, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        g->sum = (g->sum ^ p[i]) * UINT64_C(0x100000001b3);
}

static void add_all(struct given *g, const struct aw_packet *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        g->packets++;
        assert_int_equal(aw_ref_no(p[i].ref), g->packets);
        add(g, (const uint8_t *)&p[i].ts, sizeof p[i].ts);
        add(g, p[i].data, p[i].cap_len);
    }
}

/* `turn` is called before each call; NULL: nothing is. */
static struct given read_all(struct aw_source *s, void (*turn)(void *ctx, struct aw_source *s),
                             void *ctx)
{
    struct given g = {.sum = 1};
    for (unsigned hold = 0;; hold++) {
        const struct aw_packet *p;
        size_t n;
        if (turn) turn(ctx, s);
        const enum aw_read r = aw_source_next(s, hold, &p, &n);
        if (r == AW_READ_OK) add_all(&g, p, n);
        if (r == AW_READ_OK || r == AW_READ_AGAIN) continue;
        g.end = r;
        snprintf(g.error, sizeof g.error, "%s", aw_source_error(s));
        return g;
    }
}

static void expect_same(const char *what, const struct given *a, const struct given *b)
{
    if (a->sum != b->sum || a->packets != b->packets || a->end != b->end ||
        strcmp(a->error, b->error) != 0)
        fail_msg("%s: %" PRIu64 " packets (%d, %s), %" PRIu64 " expected (%d, %s)", what,
                 a->packets, a->end, a->error, b->packets, b->end, b->error);
}

/* Files of some MiB: records small, large, larger than what is kept free for one in front of a
 * piece, larger than a piece. */
enum kind { SMALL, MIXED, HUGE, NG, CUT, DAMAGED, KINDS };
static const char *const kind_name[] = {"small", "mixed", "huge", "pcapng", "cut", "damaged"};

static void build(struct file *f, enum kind kind, size_t bytes)
{
    const bool ng = kind == NG;
    uint32_t x = 1;
    if (ng) {
        ng_section(f, false);
        ng_interface(f, 1, 0, -1, 0);
    } else {
        pcap_head(f, 0xa1b2c3d4, kind == HUGE ? 2000000 : 262144, 1);
    }
    for (unsigned i = 0; f->len < bytes; i++) {
        x = x * 1664525 + 1013904223;
        const uint32_t small = x >> 24, large = x >> 15, huge = x >> 12;
        const uint32_t n = kind == SMALL ? small : i % 50 ? small * 6 : kind == HUGE ? huge : large;
        if (ng) {
            char text[64];
            snprintf(text, sizeof text, "%.*s%u", (int)(small % 40),
                     "........................................", i);
            ng_packet(f, 0, i, text);
            continue;
        }
        pcap_record(f, i, 0, n, n);
        put_pattern(f, i, n);
    }
    if (kind == CUT) f->len -= 3;
    if (kind == DAMAGED) pcap_record(f, 0, 0, UINT32_MAX, 0);
}

struct helpers {
    struct aw_source *source;
    struct aw_merge *merge; /* NULL: the source alone */
    atomic_bool over;
    atomic_uint read;
};

static void *help(void *ctx)
{
    struct helpers *h = ctx;
    while (!atomic_load(&h->over)) {
        if (h->merge ? aw_merge_ahead(h->merge) : aw_source_ahead(h->source))
            atomic_fetch_add(&h->read, 1);
        else
            sched_yield();
    }
    return NULL;
}

static void by_several_threads_as_by_one(void **state)
{
    (void)state;
    enum { HELPERS = 2 };
    unsigned read = 0;
    for (enum kind kind = 0; kind < KINDS; kind++) {
        struct file f = {.big = false};
        build(&f, kind, 12000000);
        const char *path = save("x", f.p, f.len);
        struct aw_source *alone = open_source(path);
        const struct given expected = read_all(alone, NULL, NULL);
        struct helpers h = {.source = open_source(path)};
        pthread_t thread[HELPERS];
        for (unsigned i = 0; i < HELPERS; i++)
            assert_int_equal(pthread_create(&thread[i], NULL, help, &h), 0);
        const struct given got = read_all(h.source, NULL, NULL);
        atomic_store(&h.over, true);
        for (unsigned i = 0; i < HELPERS; i++)
            pthread_join(thread[i], NULL);
        expect_same(kind_name[kind], &got, &expected);
        assert_true(aw_source_bytes(h.source) <= f.len);
        assert_true(aw_source_bytes(h.source) == aw_source_bytes(alone));
        read += atomic_load(&h.read);
        aw_source_close(alone);
        aw_source_close(h.source);
        file_free(&f);
    }
    assert_true(read > 0);
}

struct turns {
    uint32_t x;
    unsigned most, read;
};

static void some(void *ctx, struct aw_source *s)
{
    struct turns *t = ctx;
    t->x = t->x * 1664525 + 1013904223;
    for (unsigned i = (t->x >> 16) % (t->most + 1); i > 0; i--)
        t->read += aw_source_ahead(s);
}

/* One thread in two parts: each order of reading can be had again. */
static void in_any_order(void **state)
{
    (void)state;
    for (enum kind kind = 0; kind < KINDS; kind++) {
        struct file f = {.big = false};
        build(&f, kind, 6000000);
        const char *path = save("x", f.p, f.len);
        struct aw_source *alone = open_source(path);
        const struct given expected = read_all(alone, NULL, NULL);
        aw_source_close(alone);
        for (unsigned run = 0; run < 12; run++) {
            struct turns t = {.x = run, .most = run % 4 + 1};
            struct aw_source *s = open_source(path);
            const struct given got = read_all(s, some, &t);
            expect_same(kind_name[kind], &got, &expected);
            assert_true(t.read > 0);
            aw_source_close(s);
        }
        file_free(&f);
    }
}

/* Somebody else changes the file: `to` bytes are left of it, or it gets longer, once some of it was
 * read ahead. */
struct change {
    struct turns turns;
    const char *path;
    struct file *f;
    size_t to;
    unsigned calls;
};

static void change_it(void *ctx, struct aw_source *s)
{
    struct change *c = ctx;
    some(&c->turns, s);
    if (++c->calls != 4) return;
    if (c->to < c->f->len) {
        assert_int_equal(truncate(c->path, (off_t)c->to), 0);
        return;
    }
    FILE *file = fopen(c->path, "ab");
    assert_non_null(file);
    pcap_record(c->f, 7, 0, 3, 3);
    put(c->f, "xyz", 3);
    fwrite(c->f->p + c->to, 1, c->f->len - c->to, file);
    fclose(file);
}

static void files_that_change(void **state)
{
    (void)state;
    for (unsigned run = 0; run < 24; run++) {
        struct file f = {.big = false};
        build(&f, MIXED, run % 3 == 0 ? 3000000 : 6000000);
        const size_t len = f.len;
        struct change c = {.turns = {.x = run, .most = 3},
                           .path = save("x", f.p, f.len),
                           .f = &f,
                           .to = run % 2 ? len : (run + 1) * len / 30};
        struct aw_source *s = open_source(c.path);
        const struct given got = read_all(s, change_it, &c);
        assert_true(c.calls >= 4);
        assert_true(aw_source_bytes(s) <= f.len);
        aw_source_close(s);
        if (run % 2) { /* all of it, with what was added */
            struct aw_source *alone = open_source(c.path);
            const struct given expected = read_all(alone, NULL, NULL);
            expect_same("longer", &got, &expected);
            aw_source_close(alone);
        } else if (got.end == AW_READ_DAMAGED) {
            assert_non_null(strstr(got.error, "cut: "));
        }
        file_free(&f);
    }
}

static struct given merge_all(struct aw_merge *m)
{
    struct given g = {.sum = 1};
    for (unsigned hold = 0;; hold = (hold + 1) % 4) {
        const struct aw_packet *p;
        size_t n;
        const enum aw_read r = aw_merge_next(m, hold, &p, &n);
        for (size_t i = 0; r == AW_READ_OK && i < n; i++) {
            assert_int_equal(p[i].ord, ++g.packets);
            add(&g, (const uint8_t *)&p[i].ref, sizeof p[i].ref);
            add(&g, p[i].data, p[i].cap_len);
        }
        if (r != AW_READ_END) continue;
        g.end = r;
        return g;
    }
}

/* One after the other, as of a ring, and by turns. */
static void of_several_files(void **state)
{
    (void)state;
    enum { FILES = 12 };
    char path[FILES][256];
    unsigned read = 0;
    for (unsigned by_turns = 0; by_turns < 2; by_turns++) {
        for (unsigned i = 0; i < FILES; i++) {
            struct file f = {.big = false};
            char name[16];
            snprintf(name, sizeof name, "m%u", i);
            pcap_head(&f, 0xa1b2c3d4, 262144, 1);
            for (unsigned k = 0; f.len < 2000000; k++) {
                pcap_record(&f, by_turns ? k : i * 10000 + k, i, 300 + k % 900, 300 + k % 900);
                put_pattern(&f, k, 300 + k % 900);
            }
            snprintf(path[i], sizeof path[i], "%s", save(name, f.p, f.len));
            file_free(&f);
        }
        struct given g[2];
        for (unsigned helped = 0; helped < 2; helped++) {
            struct aw_source *s[FILES];
            for (unsigned i = 0; i < FILES; i++)
                s[i] = open_source(path[i]);
            struct helpers m = {.merge = aw_merge_new(s, FILES, NULL, 0)};
            pthread_t thread;
            assert_non_null(m.merge);
            if (helped) assert_int_equal(pthread_create(&thread, NULL, help, &m), 0);
            g[helped] = merge_all(m.merge);
            atomic_store(&m.over, true);
            if (helped) pthread_join(thread, NULL);
            read += atomic_load(&m.read);
            aw_merge_free(m.merge);
        }
        expect_same(by_turns ? "by turns" : "one after the other", &g[1], &g[0]);
    }
    assert_true(read > 0);
}

/* A pipe has no places, and what is packed has others. */
static void what_is_never_read_ahead(void **state)
{
    (void)state;
    struct file f = {.big = false}, packed = {.p = NULL};
    build(&f, MIXED, 3000000);
    pack(&packed, GZIP, f.p, f.len);
    struct turns t = {.most = 3};
    struct aw_source *s = open_source(save("x", packed.p, packed.len));
    assert_true(read_all(s, some, &t).packets > 0);
    aw_source_close(s);

    int end[2];
    char path[64];
    assert_int_equal(pipe(end), 0);
    snprintf(path, sizeof path, "/dev/fd/%d", end[0]);
    s = open_source(path);
    assert_int_equal(write(end[1], f.p, 60000), 60000);
    close(end[1]);
    assert_true(read_all(s, some, &t).packets > 0);
    aw_source_close(s);
    close(end[0]);
    assert_int_equal(t.read, 0);
    file_free(&packed);
    file_free(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_several_threads_as_by_one), cmocka_unit_test(in_any_order),
        cmocka_unit_test(files_that_change), cmocka_unit_test(of_several_files),
        cmocka_unit_test(what_is_never_read_ahead)};
    return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
