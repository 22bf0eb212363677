/*
 * One catalogue: every key of the records that are printed, over all captures and scenarios at
 * hand, is a field with the value printed, and every field is a key.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <dirent.h>
#include <jansson.h>

#include "app/choose.h"
#include "sink/sink.h"
#include "source/source.h"

struct pass {
    struct aw_options options;
    struct aw_choice choice;
    struct aw_run about;
    const char *file;
    bool seen[128]; /* fields that had a value */
    uint64_t records;
};

static const char *name_of(void *ctx, uint16_t source)
{
    (void)source;
    return ((struct pass *)ctx)->file;
}

/* The printed value under a path, below lists their element. */
static const json_t *at_path(const json_t *doc, const char *path, unsigned nth)
{
    char part[64];
    while (*path && doc) {
        const size_t len = strcspn(path, ".");
        snprintf(part, sizeof part, "%.*s", (int)len, path);
        doc = json_object_get(doc, part);
        if (json_is_array(doc)) doc = json_array_get(doc, nth);
        path += len + (path[len] == '.');
    }
    return doc;
}

static void printed_as(const char *name, const json_t *j, const struct aw_value *v)
{
    if (v->kind == AW_KIND_GROUP && json_is_object(j)) return;
    if (!v->known) {
        if (!json_is_null(j)) fail_msg("%s: printed, but null as a field", name);
        return;
    }
    switch (v->kind) {
    case AW_KIND_GROUP:
        fail_msg("%s: no object", name);
        break;
    case AW_KIND_PACKET:
        if (json_is_object(j)) j = json_object_get(j, "packet");
        assert_int_equal(json_integer_value(j), v->number);
        break;
    case AW_KIND_NUMBER:
        if (!json_is_integer(j) || json_integer_value(j) != v->number)
            fail_msg("%s: not the number printed", name);
        break;
    case AW_KIND_TIME:
        if (!json_is_real(j) && !json_is_integer(j)) fail_msg("%s: no number", name);
        if ((int64_t)(json_number_value(j) * 1e6 + (v->number < 0 ? -0.5 : 0.5)) != v->number)
            fail_msg("%s: not the time printed", name);
        break;
    case AW_KIND_MOMENT: {
        aw_ns ns = AW_NS_NONE;
        bool zoned;
        const char *s = json_string_value(j);
        assert_true(s &&
                    aw_moment_parse((struct aw_span){(const uint8_t *)s, strlen(s)}, &ns, &zoned));
        assert_int_equal(ns, v->number);
        break;
    }
    case AW_KIND_TEXT:
    case AW_KIND_WORD:
        if (!json_is_string(j)) fail_msg("%s: no text", name);
        /* Bytes that are no UTF-8 are printed as something else: those are as many or fewer. */
        for (size_t i = 0; i < v->text.len; i++)
            if (v->text.p[i] < ' ' || v->text.p[i] >= 0x7f) return;
        if (json_string_length(j) != v->text.len ||
            memcmp(json_string_value(j), v->text.p, v->text.len) != 0)
            fail_msg("%s: printed %s, the field is %.*s", name, json_string_value(j),
                     (int)v->text.len, v->text.p ? (const char *)v->text.p : "");
        break;
    case AW_KIND_ADDRESS:
        assert_true(json_is_string(j)); /* its text is compared by equals_itself */
        break;
    case AW_KIND_FLAG:
        assert_true(json_is_boolean(j) && json_is_true(j) == (v->number != 0));
        break;
    }
}

/* Every key below `doc` is a field; lists are looked into. */
static void keys_are_fields(const json_t *doc, const char *path)
{
    const char *key;
    json_t *value;
    size_t i;
    if (json_is_array(doc)) {
        json_array_foreach(doc, i, value) keys_are_fields(value, path);
        return;
    }
    json_object_foreach((json_t *)(uintptr_t)doc, key, value)
    {
        char full[128];
        snprintf(full, sizeof full, "%s%s%s", path, *path ? "." : "", key);
        unsigned f = 0;
        while (f < aw_field_count() && strcmp(aw_field_name(f), full) != 0)
            f++;
        if (f == aw_field_count() && strcmp(path, "verdict.checks.packet") != 0 &&
            !strstr(path, "packet"))
            fail_msg("%s is printed, and no field", full);
        keys_are_fields(value, full);
    }
}

/* The word itself as an expression: what is printed is what compares equal. */
static void equals_itself(struct pass *p, unsigned f, const struct aw_record *rec, const json_t *j)
{
    char text[256], number[40];
    struct aw_expr_error err;
    const char *value = number;
    switch (aw_field_kind(f)) {
    case AW_KIND_NUMBER:
    case AW_KIND_TIME:
        /* as printed: jansson gives 17 digits back */
        snprintf(number, sizeof number, json_is_integer(j) ? "%.0f" : "%.6f", json_number_value(j));
        break;
    case AW_KIND_ADDRESS:
    case AW_KIND_MOMENT:
    case AW_KIND_WORD:
        value = json_string_value(j);
        break;
    case AW_KIND_FLAG:
        value = json_is_true(j) ? "true" : "false";
        break;
    case AW_KIND_GROUP:
    case AW_KIND_TEXT:
    case AW_KIND_PACKET:
        return;
    }
    snprintf(text, sizeof text, "%s == %s", aw_field_name(f), value);
    struct aw_expr *x =
        aw_expr_compile(NULL, (struct aw_span){(const uint8_t *)text, strlen(text)}, &err);
    if (!x) {
        fail_msg("%s: %s", text, err.text);
        return;
    }
    if (!aw_expr_match(x, rec, &p->choice.around)) fail_msg("%s: false", text);
    aw_expr_free(x);
}

static void on_record(void *ctx, const struct aw_record *rec)
{
    struct pass *p = ctx;
    p->records++;
    struct aw_out *out = aw_out_memory();
    struct aw_report *report = aw_format_find("ndjson")->open(out, &p->about);
    aw_format_find("ndjson")->record(report, rec);
    const struct aw_span line = aw_out_bytes(out);
    json_t *doc = json_loadb((const char *)line.p, line.len, 0, NULL);
    assert_non_null(doc);
    keys_are_fields(doc, "");
    for (unsigned f = 0; f < aw_field_count(); f++) {
        struct aw_value v;
        unsigned nth = 0;
        while (aw_field_value(f, nth, rec, &p->choice.around, &v)) {
            const json_t *j = at_path(doc, aw_field_name(f), nth);
            if (j) printed_as(aw_field_name(f), j, &v);
            if (!j && v.known) fail_msg("%s: a field, and not printed", aw_field_name(f));
            if (v.known) p->seen[f] = true;
            if (v.known) equals_itself(p, f, rec, j);
            nth++;
        }
        if (aw_field_is_list(f) && at_path(doc, aw_field_name(f), nth))
            fail_msg("%s: more elements are printed", aw_field_name(f));
    }
    json_decref(doc);
    aw_format_find("ndjson")->close(report);
    aw_out_close(out, false);
}

static void read_file(struct pass *p, const char *path)
{
    char err[512];
    p->file = path;
    p->about.files = &p->file;
    p->about.file_count = 1;
    struct aw_source *s = aw_source_open(path, 0, err, sizeof err);
    assert_non_null(s);
    struct aw_merge *m = aw_merge_new(&s, 1, NULL, 0);
    assert_non_null(m);
    const struct aw_sink sink = {.ctx = p, .record = on_record};
    struct aw_engine *e = aw_engine_open(&p->options.config, &sink, NULL);
    assert_non_null(e);
    const struct aw_packet *pkts;
    size_t n;
    while (aw_merge_next(m, 0, &pkts, &n) == AW_READ_OK)
        assert_int_equal(aw_engine_push(e, pkts, n), AW_OK);
    assert_int_equal(aw_engine_finish(e), AW_OK);
    aw_engine_close(e);
    aw_merge_free(m);
}

static void every_key_is_a_field(void **state)
{
    (void)state;
    static struct pass p;
    assert_true(aw_field_count() <= sizeof p.seen);
    aw_config_init(&p.options.config);
    p.options.config.all = true;
    p.options.config.source_name = name_of;
    p.options.config.source_ctx = &p;
    p.about.config = &p.options.config;
    p.about.show_secrets = true;
    aw_choice_init(&p.choice, &p.options);
    DIR *dir = opendir("pcaps");
    assert_non_null(dir);
    for (const struct dirent *d; (d = readdir(dir)) != NULL;) {
        char path[512];
        snprintf(path, sizeof path, "pcaps/%s", d->d_name);
        if (aw_source_is_capture(path)) read_file(&p, path);
    }
    closedir(dir);
    assert_true(p.records > 100);
    /* What the captures do not have is rare, and named here. */
    unsigned unseen = 0;
    for (unsigned f = 0; f < aw_field_count(); f++) {
        if (p.seen[f]) continue;
        print_message("no capture shows %s\n", aw_field_name(f));
        unseen++;
    }
    assert_int_equal(unseen, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_key_is_a_field)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
