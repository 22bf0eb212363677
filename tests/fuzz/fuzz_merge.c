/*
 * Summaries and records read again: the input is JSON, one value after the other. What is refused
 * adds nothing; what is taken makes the same document in the reverse order, and once more when that
 * document is all there is; and a report over it is made, whichever. Under libFuzzer values of the
 * tree are changed as often as bytes are.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz/fuzz.h"
#include "app/values.h"
#include "sink/load.h"
#include "sink/merged.h"

enum { VALUES = 24 };

/* What jansson gave goes back the way it came. */
static void give_back(void *p)
{
    json_free_t put;
    json_get_alloc_funcs(NULL, &put);
    put(p);
}

static char *text_of(const struct aw_merged *m)
{
    json_t *doc = aw_merged_document(m);
    REQUIRE(doc, "no document");
    /* In what words it was merged depends on what was merged. */
    json_object_del(json_object_get(doc, "input"), "merged");
    json_object_del(doc, "merged");
    char *text = json_dumps(doc, JSON_COMPACT);
    REQUIRE(text, "no text");
    json_decref(doc);
    return text;
}

static bool add(struct aw_merged *m, const json_t *doc, const struct aw_format *format,
                struct aw_report *report)
{
    char err[512] = "";
    const enum aw_merging r = aw_merged_add(m, doc, format, report, err, sizeof err);
    REQUIRE(r != AW_MERGED_NO_MEMORY, "no memory");
    REQUIRE((r == AW_MERGED_BAD) == (err[0] != 0), "%d with \"%s\"", r, err);
    return r == AW_MERGED_ADDED;
}

static size_t read_values(const uint8_t *data, size_t size, json_t **value)
{
    char path[64], err[512];
    unsigned long line;
    size_t n = 0;
    const int fd = memfd_create("values", MFD_CLOEXEC);
    REQUIRE(fd >= 0 && write(fd, data, size) == (ssize_t)size, "memfd");
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    struct aw_values *v = aw_values_open(path);
    REQUIRE(v, "%s", path);
    while (n < VALUES && aw_values_next(v, &value[n], &line, err, sizeof err) == AW_VALUES_ONE)
        n++;
    aw_values_close(v);
    close(fd);
    return n;
}

/* A report of the format that the input decides, over all that was taken. */
static void report_on(const uint8_t *data, size_t size, json_t *const *value, size_t n)
{
    static const char *const names[] = {"text", "html", "md", "json", "csv", "ndjson", "har"};
    const struct aw_format *f =
        aw_format_find(names[fuzz_seed(data, size) / 2 % (sizeof names / sizeof *names)]);
    struct aw_merged *m = aw_merged_new("0", false);
    struct aw_out *o = aw_out_memory();
    REQUIRE(f && m && o, "memory");
    struct aw_report *r = f->open(o, aw_merged_run(m));
    REQUIRE(r, "memory");
    for (size_t i = 0; i < n; i++) {
        (void)add(m, value[i], f, r);
        aw_merged_next(m, false);
    }
    aw_merged_finish(m);
    f->finish(r);
    f->close(r);
    REQUIRE(aw_out_error(o) == 0, "the report failed");
    (void)aw_out_close(o, false);
    aw_merged_free(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *value[VALUES];
    bool good[VALUES];
    static bool bounded;
    if (!bounded) aw_load_bound(AW_TREES_MOST);
    bounded = true;
    const size_t n = read_values(data, size, value);
    size_t taken = 0;
    struct aw_merged *a = aw_merged_new("0", false), *b = aw_merged_new("0", false);
    REQUIRE(a && b, "memory");
    for (size_t i = 0; i < n; i++) {
        /* What is refused by itself is refused here. */
        struct aw_merged *alone = aw_merged_new("0", false);
        good[i] = add(alone, value[i], NULL, NULL);
        REQUIRE(good[i] != aw_merged_empty(alone), "refused, and there");
        aw_merged_free(alone);
        if (!good[i] && taken == 0) continue;
        REQUIRE(add(a, value[i], NULL, NULL) == good[i], "taken or not, by what came before");
        if (good[i]) aw_merged_next(a, false);
        taken += good[i];
    }
    for (size_t i = n; i-- > 0;) {
        if (!good[i]) continue;
        REQUIRE(add(b, value[i], NULL, NULL), "not taken in reverse");
        aw_merged_next(b, false);
    }
    if (taken) {
        aw_merged_finish(a);
        aw_merged_finish(b);
        char *x = text_of(a), *y = text_of(b);
        REQUIRE(strcmp(x, y) == 0, "\n--- in order\n%s\n--- in reverse\n%s", x, y);
        struct aw_merged *again = aw_merged_new("0", false);
        json_t *doc = aw_merged_document(a);
        REQUIRE(again && doc && add(again, doc, NULL, NULL), "its own document is not taken: %s",
                x);
        aw_merged_next(again, false);
        aw_merged_finish(again);
        char *z = text_of(again);
        REQUIRE(strcmp(x, z) == 0, "\n--- merged\n%s\n--- and again\n%s", x, z);
        json_decref(doc);
        aw_merged_free(again);
        give_back(x);
        give_back(y);
        give_back(z);
    }
    report_on(data, size, value, n);
    for (size_t i = 0; i < n; i++)
        json_decref(value[i]);
    aw_merged_free(a);
    aw_merged_free(b);
    return 0;
}

/* --- libFuzzer: a value somewhere in a tree becomes another --- */

__attribute__((weak)) size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);

static json_t *odd_value(uint64_t *s)
{
    static const char *const odd[] = {"0",
                                      "1",
                                      "-1",
                                      "9223372036854775807",
                                      "-9223372036854775808",
                                      "1e300",
                                      "0.0005",
                                      "null",
                                      "true",
                                      "[]",
                                      "{}",
                                      "\"\"",
                                      "\"other\"",
                                      "\"incomplete\"",
                                      "\"error\"",
                                      "[[0,1]]",
                                      "[[1151,1],[3,2]]",
                                      "\"1970-01-01T00:00:00.000000000Z\"",
                                      "\"\\u0000\"",
                                      "\"\\ud83d\\ude00\"",
                                      "417",
                                      "100",
                                      "12345.678901",
                                      "\"9999-12-31T23:59:59.999999999Z\""};
    return json_loads(odd[fuzz_roll(s, sizeof odd / sizeof *odd)], JSON_DECODE_ANY | JSON_ALLOW_NUL,
                      NULL);
}

static void change(json_t *at, uint64_t *s)
{
    for (;;) {
        const bool object = json_is_object(at);
        const size_t n = object ? json_object_size(at) : json_array_size(at);
        if (n == 0) return;
        uint32_t which = fuzz_roll(s, (uint32_t)n);
        void *member = object ? json_object_iter(at) : NULL;
        for (uint32_t i = 0; object && i < which; i++)
            member = json_object_iter_next(at, member);
        json_t *child = object ? json_object_iter_value(member) : json_array_get(at, which);
        if ((json_is_object(child) || json_is_array(child)) && fuzz_roll(s, 8) != 0) {
            at = child;
            continue;
        }
        switch (fuzz_roll(s, 6)) {
        case 0:
            if (object)
                json_object_del(at, json_object_iter_key(member));
            else
                json_array_remove(at, which);
            return;
        case 1:
            if (!object) json_array_append_new(at, json_deep_copy(child));
            return;
        case 2:
            if (json_is_integer(child))
                json_integer_set(child, json_integer_value(child) ^ (1 << fuzz_roll(s, 3)));
            return;
        default:
            if (object)
                json_object_iter_set_new(at, member, odd_value(s));
            else
                json_array_set_new(at, which, odd_value(s));
            return;
        }
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
    uint64_t s = ((uint64_t)seed << 1) | 1;
    json_t *value[VALUES];
    if (fuzz_roll(&s, 4) == 0) return LLVMFuzzerMutate(data, size, max);
    const size_t n = read_values(data, size, value);
    if (n == 0) return LLVMFuzzerMutate(data, size, max);
    for (uint32_t i = 1 + fuzz_roll(&s, 3); i > 0; i--)
        change(value[fuzz_roll(&s, (uint32_t)n)], &s);
    size_t used = 0;
    for (size_t i = 0; i < n; i++) {
        const uint32_t times = fuzz_roll(&s, 12);
        char *text = json_dumps(value[i], JSON_COMPACT);
        const size_t len = text ? strlen(text) : 0;
        for (uint32_t k = 0; text && k < (times == 0 ? 2 : times == 1 ? 0 : 1); k++) {
            if (len + 1 > max - used) break;
            memcpy(data + used, text, len);
            data[used + len] = '\n';
            used += len + 1;
        }
        if (text) give_back(text);
        json_decref(value[i]);
    }
    return used ? used : LLVMFuzzerMutate(data, size, max);
}
