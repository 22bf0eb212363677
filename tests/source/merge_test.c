/* Several sources as one: order, ordinals, filter, limit, damage, and the promise to holders. */
#include "capture_file.h"

enum { FILES_MAX = 6, TIMES_MAX = 6 };

/* One line a packet, "ordinal:source.number@second", then " end". */
static void log_merge(struct aw_merge *m, char *log, size_t room)
{
    size_t used = 0;
    uint64_t ord = 0;
    for (unsigned hold = 0;; hold++) {
        const struct aw_packet *p;
        size_t n;
        const enum aw_read r = aw_merge_next(m, hold, &p, &n);
        if (r == AW_READ_AGAIN) continue;
        if (r != AW_READ_OK) {
            assert_int_equal(r, AW_READ_END);
            assert_int_equal(aw_merge_next(m, hold, &p, &n), AW_READ_END);
            break;
        }
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(p[i].ord, ++ord);
            used += (size_t)snprintf(log + used, room - used, "%u.%u@%u ", aw_ref_source(p[i].ref),
                                     (unsigned)aw_ref_no(p[i].ref), (unsigned)(p[i].ts / AW_SEC));
            assert_true(used < room);
        }
    }
    snprintf(log + used, room - used, "end");
}

static void packets_come_by_time(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        unsigned count;
        const char *times[FILES_MAX]; /* a digit a packet; '!' = the file is cut here */
        const char *filter;
        uint64_t stop_after;
        const char *log;
        uint64_t filtered;
        bool damaged;
    } rows[] = {
        {"none", 0, {NULL}, NULL, 0, "end", 0, false},
        {"one", 1, {"123"}, NULL, 0, "0.1@1 0.2@2 0.3@3 end", 0, false},
        {"one, not in order", 1, {"312"}, NULL, 0, "0.1@3 0.2@1 0.3@2 end", 0, false},
        {"one, filtered", 1, {"123"}, "len != 2", 0, "0.1@1 0.3@3 end", 1, false},
        {"one, limited", 1, {"123"}, NULL, 2, "0.1@1 0.2@2 end", 0, false},
        {"one, filtered and limited", 1, {"1234"}, "len != 2", 2, "0.1@1 0.3@3 end", 1, false},
        {"one, cut", 1, {"12!"}, NULL, 0, "0.1@1 0.2@2 end", 0, true},
        {"one, all filtered", 1, {"111"}, "len > 5", 0, "end", 3, false},
        {"two in turn",
         2,
         {"135", "246"},
         NULL,
         0,
         "0.1@1 1.1@2 0.2@3 1.2@4 0.3@5 1.3@6 end",
         0,
         false},
        {"one after the other",
         2,
         {"456", "123"},
         NULL,
         0,
         "1.1@1 1.2@2 1.3@3 0.1@4 0.2@5 0.3@6 end",
         0,
         false},
        {"ties in the order given",
         3,
         {"22", "12", "22"},
         NULL,
         0,
         "1.1@1 0.1@2 0.2@2 1.2@2 2.1@2 2.2@2 end",
         0,
         false},
        {"not in order inside: stays so",
         2,
         {"513", "24"},
         NULL,
         0,
         "1.1@2 1.2@4 0.1@5 0.2@1 0.3@3 end",
         0,
         false},
        {"empty ones", 4, {"", "2", "", "1"}, NULL, 0, "3.1@1 1.1@2 end", 0, false},
        {"damage ends one alone",
         3,
         {"14!", "25", "!"},
         NULL,
         0,
         "0.1@1 1.1@2 0.2@4 1.2@5 end",
         0,
         true},
        {"filtered", 2, {"123", "123"}, "len = 2", 0, "0.2@2 1.2@2 end", 4, false},
        {"filtered and limited",
         3,
         {"123", "123", "123"},
         "len >= 2",
         4,
         "0.2@2 1.2@2 2.2@2 0.3@3 end",
         3,
         false},
        {"limited", 2, {"13", "24"}, NULL, 3, "0.1@1 1.1@2 0.2@3 end", 0, false},
        {"six",
         6,
         {"6", "5", "4", "3", "2", "1"},
         NULL,
         0,
         "5.1@1 4.1@2 3.1@3 2.1@4 1.1@5 0.1@6 end",
         0,
         false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct aw_source *sources[FILES_MAX];
        char err[300], log[512];
        for (unsigned k = 0; k < rows[i].count; k++) {
            struct file f = {.big = false};
            pcap_head(&f, 0xa1b2c3d4, 65535, 1);
            for (const char *t = rows[i].times[k]; *t; t++) {
                const uint32_t time = (uint32_t)(*t - '0'); /* serves as the length, too */
                if (*t == '!')
                    put32(&f, 1);
                else
                    pcap_record(&f, time, 0, time, time);
                if (*t != '!') put_pattern(&f, time, time);
            }
            sources[k] = aw_source_open(save("x", f.p, f.len), (uint16_t)k, err, sizeof err);
            assert_non_null(sources[k]);
            assert_int_equal(unlink(path_of("x")), 0);
            file_free(&f);
        }
        struct aw_filter *filter = NULL;
        if (rows[i].filter) {
            filter = aw_filter_new(rows[i].filter, err, sizeof err);
            assert_non_null(filter);
        }
        struct aw_merge *m = aw_merge_new(sources, rows[i].count, filter, rows[i].stop_after);
        struct aw_source *const *given;
        const char *error;
        assert_non_null(m);
        log_merge(m, log, sizeof log);
        if (strcmp(log, rows[i].log) != 0)
            fail_msg("%s: %s, expected %s", rows[i].name, log, rows[i].log);
        assert_int_equal(aw_merge_filtered(m), rows[i].filtered);
        assert_int_equal(aw_merge_damaged(m, &error), rows[i].damaged);
        assert_int_equal(error != NULL, rows[i].damaged);
        if (error) assert_non_null(strstr(error, "cut: the packet's header needs 16 bytes"));
        assert_int_equal(aw_merge_sources(m, &given), rows[i].count);
        for (unsigned k = 0; k < rows[i].count; k++)
            assert_ptr_equal(given[k], sources[k]);
        aw_merge_free(m);
    }
}

/* Large sources whose packets interleave in runs, read under all holds in turn: every lot still
 * lent keeps its bytes, whatever was read since. */
static void packets_stay_while_held(void **state)
{
    (void)state;
    for (unsigned variant = 0; variant < 6; variant++) {
        const unsigned count = variant % 3 + 1;
        struct aw_source *sources[3];
        char err[300];
        uint64_t total[3] = {0}, seen[3] = {0}, expected = 0, all = 0;
        for (unsigned k = 0; k < count; k++) {
            struct file f = {.big = k & 1}, packed = {.p = NULL};
            pcap_head(&f, 0xa1b23c4d, 262144, 1);
            uint32_t time = 0;
            for (uint32_t x = k + 7; f.len < 2000000; total[k]++) {
                x = x * 1664525 + 1013904223;
                const uint32_t n = 2 + (x >> 29 == 0 ? x >> 13 & 0xffff : x >> 20 & 0xff);
                time += x >> 26 == 0 ? 3000 : 5; /* runs */
                pcap_record(&f, 0, time, n, n);
                put_pattern(&f, total[k] + k, n);
                if (variant < 3 || n % 2 == 0) expected++;
            }
            if (k == 1) pack(&packed, GZIP, f.p, f.len);
            const char *path = k == 1 ? save("x", packed.p, packed.len) : save("x", f.p, f.len);
            sources[k] = aw_source_open(path, (uint16_t)k, err, sizeof err);
            assert_non_null(sources[k]);
            assert_int_equal(unlink(path), 0);
            file_free(&packed);
            file_free(&f);
        }
        struct aw_filter *filter =
            variant < 3 ? NULL : aw_filter_new("len & 1 = 0", err, sizeof err);
        struct aw_merge *m = aw_merge_new(sources, count, filter, 0);
        struct {
            const struct aw_packet *p;
            size_t n;
        } lent[AW_SOURCE_HOLDS] = {{NULL, 0}};
        aw_ns last = 0;
        for (unsigned turn = 0;; turn++) {
            const unsigned hold = turn % AW_SOURCE_HOLDS;
            const struct aw_packet *p;
            size_t n;
            const enum aw_read r = aw_merge_next(m, hold, &p, &n);
            lent[hold].p = p;
            lent[hold].n = n;
            for (unsigned h = 0; h < AW_SOURCE_HOLDS; h++)
                for (size_t i = 0; i < lent[h].n; i++) {
                    const struct aw_packet *q = &lent[h].p[i];
                    const unsigned k = aw_ref_source(q->ref);
                    const uint64_t no = aw_ref_no(q->ref);
                    if (h == hold) {
                        assert_true(q->ts >= last && no > seen[k]);
                        if (variant < 3) assert_int_equal(no, seen[k] + 1);
                        assert_int_equal(q->ord, ++all);
                        last = q->ts;
                        seen[k] = no;
                    }
                    const size_t step = h == hold ? 1 : q->cap_len - 1;
                    for (size_t b = 0; b < q->cap_len; b += step)
                        if (q->data[b] != pattern(no - 1 + k, b))
                            fail_msg("source %u, packet %" PRIu64 ", byte %zu", k, no, b);
                }
            if (r == AW_READ_END) break;
            assert_int_equal(r, AW_READ_OK);
        }
        assert_int_equal(all, expected);
        if (variant < 3)
            for (unsigned k = 0; k < count; k++)
                assert_int_equal(seen[k], total[k]);
        aw_merge_free(m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packets_come_by_time),
        cmocka_unit_test(packets_stay_while_held),
    };
    return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
