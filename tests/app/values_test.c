/* Values out of files: where each begins and ends, and what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "app/values.h"
#include "sink/load.h"

enum { TREES = 8 << 20 };

/* A file with these bytes; unlinked when it is closed. */
static struct aw_values *open_text(const char *text, size_t len)
{
    char path[] = "/tmp/await100-values-XXXXXX";
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, len), (ssize_t)len);
    struct aw_values *v = aw_values_open(path);
    assert_non_null(v);
    unlink(path);
    close(fd);
    return v;
}

static const struct {
    const char *name, *text;
    const char *log; /* a line for each value: where it begins, and what it is; or what is wrong */
} rows[] = {
    {"nothing", "", ""},
    {"white space", " \r\n\t\n", ""},
    {"one", "{\"a\":1}", "1 {\"a\": 1}\n"},
    {"lines", "{\"a\":1}\n{\"b\":2}\n\n{\"c\":3}\n", "1 {\"a\": 1}\n2 {\"b\": 2}\n4 {\"c\": 3}\n"},
    {"one over lines, another behind", "{\n\"a\":\n1}{\"b\":2}", "1 {\"a\": 1}\n3 {\"b\": 2}\n"},
    {"braces in strings", "{\"}\":\"{[\\\"}\\\\\"}\n{}", "1 {\"}\": \"{[\\\"}\\\\\"}\n2 {}\n"},
    {"depth", "{\"a\":[{\"b\":{}}]} ", "1 {\"a\": [{\"b\": {}}]}\n"},
    {"cut", "{}\n{\"a\":[1", "1 {}\n2: ends inside a value\n"},
    {"cut in a string", "{\"a", "1: ends inside a value\n"},
    {"no object", "{}\n[1]\n{}", "1 {}\n2: no JSON object: -o json and -o ndjson make them\n"},
    {"a capture", "\xd4\xc3\xb2\xa1", "1: no JSON object: -o json and -o ndjson make them\n"},
    {"no JSON inside", "{}\n{\n\"a\":x}", "1 {}\n3: invalid token near 'x'\n"},
    {"a name twice", "{\"a\":1,\"a\":2}", "1: duplicate object key near '\"a\"'\n"},
    {"closed by another", "{]", "1: string or '}' expected near ']'\n"},
    {"a number too large", "{\"a\":9223372036854775808}",
     "1: too big integer near '9223372036854775808'\n"},
    {"bytes that are no text", "{\"\xff\":1}", "1: unable to decode byte 0xff near '\"'\n"},
};

static void reads(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char log[512] = "", err[256];
        size_t used = 0;
        struct aw_values *v = open_text(rows[i].text, strlen(rows[i].text));
        enum aw_values_read got;
        json_t *value;
        unsigned long line;
        while ((got = aw_values_next(v, &value, &line, err, sizeof err)) == AW_VALUES_ONE) {
            char *text = json_dumps(value, 0);
            used += (size_t)snprintf(log + used, sizeof log - used, "%lu %s\n", line, text);
            json_free_t put;
            json_get_alloc_funcs(NULL, &put);
            put(text);
            json_decref(value);
        }
        if (got == AW_VALUES_BAD) snprintf(log + used, sizeof log - used, "%lu: %s\n", line, err);
        if (strcmp(log, rows[i].log) != 0)
            fail_msg("%s:\n%s-- instead of\n%s", rows[i].name, log, rows[i].log);
        aw_values_close(v);
    }
}

/* A value that would take more than its most, without an end. */
static void too_large(void **state)
{
    (void)state;
    const size_t len = (64 << 20) + 1;
    char *text = malloc(len), err[256];
    memset(text, ' ', len);
    text[0] = '{';
    struct aw_values *v = open_text(text, len);
    json_t *value;
    unsigned long line;
    assert_int_equal(aw_values_next(v, &value, &line, err, sizeof err), AW_VALUES_BAD);
    assert_string_equal(err, "larger than 64 MiB");
    aw_values_close(v);
    free(text);
}

/* Two bytes of text are a tree of forty: the memory of trees is bounded, whatever the text's. */
static void too_much_of_a_tree(void **state)
{
    (void)state;
    const size_t len = TREES / 2;
    char *text = malloc(len), err[256];
    memcpy(text, "{\"a\":[", 6);
    for (size_t i = 6; i < len - 3; i++)
        text[i] = i % 2 ? ',' : '1';
    memcpy(text + len - 4, ",1]}", 4);
    struct aw_values *v = open_text(text, len);
    json_t *value;
    unsigned long line;
    assert_int_equal(aw_values_next(v, &value, &line, err, sizeof err), AW_VALUES_BAD);
    aw_values_close(v);
    free(text);
    v = open_text("{}", 2); /* all of it was given back */
    assert_int_equal(aw_values_next(v, &value, &line, err, sizeof err), AW_VALUES_ONE);
    json_decref(value);
    aw_values_close(v);
}

/* jansson does not look whether the token it reads found room: without the caller's care it reads
 * on behind what it has, and writes as far. */
static void a_token_larger_than_memory(void **state)
{
    (void)state;
    for (size_t len = TREES / 8; len < 2 * TREES; len += TREES / 8) {
        char *text = malloc(len), err[256];
        memset(text, 'x', len);
        memcpy(text, "{\"a\":\"", 6);
        memcpy(text + len - 2, "\"}", 2);
        struct aw_values *v = open_text(text, len);
        json_t *value;
        unsigned long line;
        if (aw_values_next(v, &value, &line, err, sizeof err) == AW_VALUES_ONE)
            json_decref(value);
        else
            assert_string_equal(err, "out of memory");
        aw_values_close(v);
        free(text);
    }
}

static int bound(void **state)
{
    (void)state;
    aw_load_bound(TREES);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads),
        cmocka_unit_test(too_large),
        cmocka_unit_test(too_much_of_a_tree),
        cmocka_unit_test(a_token_larger_than_memory),
    };
    return cmocka_run_group_tests(tests, bound, NULL);
}
