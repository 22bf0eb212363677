/* The report for people: its first sentence, folding, order, and 80 columns whatever comes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fixture.h"
#include "sink/text_out.h"
#include "sink/utf8.h"

/* A run of `n` records that `change` makes out of the example; free() the text. */
static char *report(struct fixture *f, unsigned n, void (*change)(struct fixture *f, unsigned i),
                    bool ascii)
{
    struct aw_out *o = aw_out_memory();
    aw_out_ascii(o, ascii);
    f->run.summary = aw_summary_new(NULL);
    const struct aw_format *format = aw_format_find("text");
    struct aw_report *r = format->open(o, &f->run);
    assert_non_null(r);
    for (unsigned i = 0; i < n; i++) {
        if (change) change(f, i);
        aw_summary_add(f->run.summary, &f->rec);
        format->record(r, &f->rec);
    }
    format->finish(r);
    format->close(r);
    aw_summary_free(f->run.summary);
    const struct aw_span s = aw_out_bytes(o);
    char *text = calloc(1, s.len + 1);
    memcpy(text, s.p, s.len);
    assert_int_equal(aw_out_close(o, true), 0);

    size_t columns = 0;
    for (size_t i = 0, used; i < s.len; i += used) {
        const int32_t c = aw_utf8_next((const uint8_t *)text + i, s.len - i, &used);
        if (c == '\n') {
            columns = 0;
            continue;
        }
        if (c < 0 || aw_utf8_acts(c)) fail_msg("byte %zu of the report acts on a terminal", i);
        if (ascii && c > 0x7e) fail_msg("byte %zu is no ASCII", i);
        columns += aw_utf8_columns(c);
        if (columns > AW_TEXT_COLUMNS)
            fail_msg("a line is too long: %.200s", text + i - columns + 1);
    }
    return text;
}

static unsigned count(const char *text, const char *what)
{
    unsigned n = 0;
    for (const char *p = text; (p = strstr(p, what)); p += strlen(what))
        n++;
    return n;
}

static void assert_has(const char *text, const char *what)
{
    if (!strstr(text, what)) fail_msg("no '%s' in:\n%s", what, text);
}

static void assert_first_line(const char *text, const char *line)
{
    if (strncmp(text, line, strlen(line)) != 0) fail_msg("not '%s' first in:\n%s", line, text);
}

static void one_failure(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    f.verdict.severity = AW_SEV_WARNING;
    f.verdict.cause = AW_CAUSE_IGNORED;
    f.verdict.cost.stall = 1002 * AW_MS;
    f.ex.text[AW_TEXT_TARGET] = span("/x?key=geheim");
    char *text = report(&f, 1, NULL, false);
    assert_first_line(
        text, "1 of 1 expectation exchanges failed: the server ignored Expect; 1.002 s lost");
    assert_has(text, "WARNING ignored  PUT h/x?key=*** -> 417, recovered, 1.002 s lost\n");
    assert_has(text, "10.0.0.1:51234 -> 10.0.0.2:80\n");
    assert_has(text, "packet 6: 417 from lighttpd/1.4.20");
    assert_has(text, "\nHOW TO FIX\nignored: curl: -H 'Expect:'\n");
    assert_null(strstr(text, "geheim"));
    free(text);
}

static void local_time_with_offset(void **state)
{
    (void)state;
    assert_int_equal(setenv("TZ", "Asia/Kolkata", 1), 0);
    struct fixture f;
    fixture_init(&f);
    char *text = report(&f, 1, NULL, false);
    const bool zone_known = strstr(text, "+0530") != NULL; /* needs the zone's file */
    assert_has(text, zone_known ? "2026-01-02 08:34:05.123 +0530" : "2026-01-02 03:04:05.123");
    assert_int_equal(setenv("TZ", "XYZ-2", 1), 0); /* needs none */
    free(text);
    text = report(&f, 1, NULL, false);
    assert_has(text, "2026-01-02 05:04:05.123 +0200");
    assert_int_equal(unsetenv("TZ"), 0);
    free(text);
}

static void nothing_found_explains_itself(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint64_t packets, connections, tls, http2, not_http, empty, exchanges;
        const char *first, *next;
    } rows[] = {
        {"no packets", 0, 0, 0, 0, 0, 0, 0, "0 exchanges: the input holds no packets.\n", ""},
        {"no TCP", 10, 0, 0, 0, 0, 0, 0, "0 exchanges: 10 packets, none",
         "Next: check the capture"},
        {"TLS", 900, 212, 209, 0, 3, 0, 0,
         "0 exchanges: 212 connections, 209 TLS (opaque), 3 without HTTP.\n",
         "Next: TLS hides HTTP"},
        {"HTTP/2", 90, 1, 0, 1, 0, 0, 0, "0 exchanges: 1 connection, 1 HTTP/2 (opaque).\n",
         "Next: HTTP/2"},
        {"empty", 90, 2, 0, 0, 0, 2, 0, "0 exchanges: 2 connections, 2 without content.\n",
         "Next: no connection carried a byte"},
        {"no Expect", 90, 2, 0, 0, 0, 0, 57, "0 expectation exchanges among 57 HTTP exchanges",
         "Next: -A shows"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fixture f;
        fixture_init(&f);
        f.stats.packets = rows[i].packets;
        f.stats.connections = rows[i].connections;
        f.stats.tls_opaque = rows[i].tls;
        f.stats.http2_opaque = rows[i].http2;
        f.stats.not_http = rows[i].not_http;
        f.stats.empty = rows[i].empty;
        f.stats.exchanges = rows[i].exchanges;
        char *text = report(&f, 0, NULL, false);
        assert_first_line(text, rows[i].first);
        assert_has(text, rows[i].next);
        free(text);
    }
}

static void warnings_at_the_top(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    f.stats.connections = 41;
    f.stats.one_sided = 40;
    f.stats.truncated = 7;
    f.run.damaged = 1;
    f.run.dropped = 9;
    f.stats.drop_kinds = 3;
    f.stats.unknown_link = 147;
    f.stats.broken_kinds = 1;
    f.stats.drop[0] = (struct aw_drop_count){"not-tcp", "no TCP", 6};
    f.stats.drop[1] = (struct aw_drop_count){"fragment-lost", "let go", 3};
    f.stats.drop[2] = (struct aw_drop_count){"link-type-unknown", "not read", 5};
    f.stats.broken[0] = (struct aw_drop_count){"status-line", "no status line", 2};
    char *text = report(&f, 1, NULL, false);
    const char *totals = strstr(text, "\nInput");
    assert_non_null(totals);
    static const char *const lines[] = {
        "Warning: 40 of 41 connections were captured in one direction only",
        "Warning: 7 packets were cut by the snap length",
        "Warning: 1 input was damaged",
        "Warning: 9 packets were dropped",
        "Warning: 3 IP fragments came without the rest",
        "Warning: 5 packets have link type 147, which is not read",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        const char *line = strstr(text, lines[i]);
        if (!line || line > totals) fail_msg("no '%s' at the top of:\n%s", lines[i], text);
    }
    assert_has(text, "Not followed 6 not-tcp, 3 fragment-lost, 5 link-type-unknown\n");
    assert_has(text, "Unreadable   2 status-line\n");
    free(text);
    f.stats.one_sided = 20; /* less than half: told among the totals only */
    text = report(&f, 1, NULL, false);
    assert_null(strstr(text, "in one direction only"));
    assert_has(text, "20 seen from one side");
    free(text);
}

/* Attempts 1 to 51 of one chain: the first is refused, the others are a loop. */
static void make_loop(struct fixture *f, unsigned i)
{
    f->ex.id = 12 + i;
    f->rec.chain_id = 12;
    f->rec.attempt = i + 1;
    f->rec.attempts = i + 1;
    f->verdict.severity = AW_SEV_ERROR;
    f->verdict.recovered = false;
    f->verdict.cause = i == 0 ? AW_CAUSE_EXPECT_REFUSED : AW_CAUSE_RETRY_LOOP;
}

static void loops_are_folded(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    char *text = report(&f, 51, make_loop, false);
    assert_first_line(text, "51 of 51 expectation exchanges failed");
    assert_has(text, "ERROR   retry-loop x51  PUT h/x -> 417\n");
    assert_int_equal(count(text, "\nERROR "), 1);
    assert_null(strstr(text, "more (-o ndjson"));
    free(text);
}

/* 87 exchanges, each with more stall than the one before, alternating in severity. */
static void make_many(struct fixture *f, unsigned i)
{
    static char host[87][16];
    (void)snprintf(host[i], sizeof host[i], "host-%u.", i);
    f->ex.text[AW_TEXT_HOST] = span(host[i]);
    f->ex.id = i + 1;
    f->rec.chain_id = i + 1;
    f->rec.attempts = 1;
    f->verdict.severity = i % 2 ? AW_SEV_ERROR : AW_SEV_WARNING;
    f->verdict.cost.stall = (aw_ns)i * AW_MS;
}

static void worst_come_first_and_are_bounded(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    char *text = report(&f, 87, make_many, false);
    assert_int_equal(count(text, "\nERROR ") + count(text, "\nWARNING "), 50);
    assert_has(text, "... and 37 more");
    assert_int_equal(count(text, "curl: -H 'Expect:'"), 1); /* advice is given once */
    const char *list = strstr(text, "FAILING, WORST FIRST");
    assert_non_null(list);
    const char *first = strstr(list, "host-85."), *second = strstr(list, "host-83.");
    const char *warning = strstr(list, "host-86.");
    assert_true(first && second && warning && first < second && second < warning);
    assert_int_equal(count(list, "host-0."), 0);
    free(text);
}

static char huge[300000];

static void make_hostile(struct fixture *f, unsigned i)
{
    for (size_t t = 0; t < AW_TEXT_COUNT; t++)
        f->ex.text[t] = (struct aw_span){.p = (const uint8_t *)huge, .len = sizeof huge - 1};
    f->ex.id = i ? UINT32_MAX - i : 1;
    f->rec.chain_id = 1;
    f->rec.attempts = 100000000;
    f->verdict.severity = i % 2 ? AW_SEV_ERROR : AW_SEV_WARNING;
    f->verdict.cause = (enum aw_cause)(i % AW_CAUSE_COUNT);
    f->verdict.cost.stall = i % 3 ? 40 * 86400 * AW_SEC : 0;
    f->verdict.cost.wasted = INT64_MAX / 1000;
    f->ex.status = (uint16_t)(i % 2 ? 65535 : 0);
    f->rec.chain_id = i / 2;
    f->ex.at[AW_AT_FINAL].ts = i % 2 ? T0 + INT64_C(200) * 365 * 86400 * AW_SEC : T0;
    if (i % 3 == 2) {
        memset(f->ex.conn.addr, 0xfe, sizeof f->ex.conn.addr);
        f->ex.conn.addr[0].v6 = f->ex.conn.addr[1].v6 = true;
    }
}

static void eighty_columns_whatever_comes(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *unit; /* repeated */
    } rows[] = {
        {"one long word", "x"},
        {"words", "lorem ipsum "},
        {"controls", "\x1b]0;title\x07"},
        {"C1 and bidi", "\xc2\x9b\xe2\x80\xae"},
        {"broken UTF-8", "\xff\xc0\xaf\xed\xa0\x80"},
        {"wide", "\xe4\xb8\xad"},
        {"accents", "e\xcc\x81\xcc\x81\xcc\x81\xcc\x81"},
        {"new lines", "\r\n"},
        {"spaces", "                    "},
        {"query", "/?a=b&c="},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const size_t unit = strlen(rows[i].unit);
        for (size_t k = 0; k + 1 < sizeof huge; k++)
            huge[k] = rows[i].unit[k % unit];
        for (int ascii = 0; ascii < 2; ascii++) {
            struct fixture f;
            fixture_init(&f);
            f.config.all = true;
            const char *const files[] = {huge};
            f.run.files = files;
            f.run.file_count = 1;
            memset(&f.stats, 0x3f, sizeof f.stats); /* huge figures */
            f.stats.first = T0;
            f.stats.last = T0 + 1;
            f.stats.drop_kinds = f.stats.broken_kinds = 32;
            for (int k = 0; k < 32; k++)
                f.stats.drop[k] = f.stats.broken[k] =
                    (struct aw_drop_count){"a-reason-with-a-name", "", UINT64_MAX};
            f.verdict.evidence[0].text = huge;
            f.verdict.fix[0] = huge;
            free(report(&f, 60, make_hostile, ascii != 0));
        }
    }
}

static void each_failure_takes_two_to_four_lines(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    f.verdict.evidence[0].text =
        "packet 6: 417 from lighttpd/1.4.20, 10.101 ms after the head (packet 4); one round trip is"
        " 9.891 ms; and much more that is worth knowing about this exchange and its neighbours, so"
        " that the sentence does not fit two lines";
    f.verdict.fix[0] = "a fix that is too long for a line of the report as well, as a careful and"
                       " complete one tends to be";
    f.ex.conn.addr[0].v6 = f.ex.conn.addr[1].v6 = true;
    memset(f.ex.conn.addr[0].b, 0x2e, 16);
    memset(f.ex.conn.addr[1].b, 0x2f, 16);
    char *text = report(&f, 1, NULL, false);
    char *list = strstr(text, "WORST FIRST\n"), *fixes = strstr(text, "\nHOW TO FIX\n");
    assert_true(list && fixes && list < fixes);
    assert_has(fixes, "careful and complete one tends to be\n"); /* in full */
    *fixes = '\0';
    assert_in_range(count(list, "\n") - 1, 2, 4);
    free(text);
}

static void all_exchanges_as_a_table(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    f.config.all = true;
    f.rec.verdict = NULL;
    assert_int_equal(setenv("TZ", "UTC", 1), 0);
    f.stats.packets = f.stats.connections = f.stats.exchanges = 1;
    char *text = report(&f, 1, NULL, false);
    assert_has(text, "     12 03:04:05.123 417   10.101 ms -                       PUT /x\n");
    assert_null(strstr(text, "FAILING"));
    assert_int_equal(unsetenv("TZ"), 0);
    free(text);
}

/* What a report is in colour, once the colours are taken out again; free() it. */
static char *without_colours(struct fixture *f)
{
    struct aw_out *o = aw_out_memory();
    aw_out_colour(o, true);
    f->run.summary = aw_summary_new(NULL);
    const struct aw_format *format = aw_format_find("text");
    struct aw_report *r = format->open(o, &f->run);
    aw_summary_add(f->run.summary, &f->rec);
    format->record(r, &f->rec);
    format->finish(r);
    format->close(r);
    aw_summary_free(f->run.summary);
    const struct aw_span s = aw_out_bytes(o);
    char *text = calloc(1, s.len + 1), *to = text;
    unsigned colours = 0;
    for (size_t i = 0; i < s.len; i++) {
        if (s.p[i] != 0x1b) {
            *to++ = (char)s.p[i];
            continue;
        }
        colours++;
        for (i++; i < s.len && s.p[i] != 'm'; i++)
            if (!strchr("[0123456789;", s.p[i])) fail_msg("an escape that is no colour");
    }
    assert_true(colours > 4);
    assert_int_equal(aw_out_close(o, true), 0);
    return text;
}

static void colours_change_no_text(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    f.ex.text[AW_TEXT_TARGET] = span("/\033[1mx\033[0m");
    char *plain = report(&f, 1, NULL, false), *coloured = without_colours(&f);
    assert_null(strchr(plain, 0x1b));
    assert_string_equal(plain, coloured);
    free(plain);
    free(coloured);
}

static void wrapping(void **state)
{
    (void)state;
    char word[200], wanted[300];
    memset(word, 'w', sizeof word);
    word[159] = '\0';
    struct aw_out *o = aw_out_memory();
    assert_int_equal(aw_text_wrap(o, span(word), 0, 2, 0), 3); /* 78 columns a line */
    (void)snprintf(wanted, sizeof wanted, "  %.78s\n  %.78s\n  www\n", word, word);
    struct aw_span s = aw_out_bytes(o);
    assert_int_equal(s.len, strlen(wanted));
    assert_memory_equal(s.p, wanted, s.len);
    assert_int_equal(aw_out_close(o, true), 0);
    o = aw_out_memory();
    assert_int_equal(aw_text_wrap(o, span(""), 5, 9, 0), 1);
    s = aw_out_bytes(o);
    assert_int_equal(s.len, 1);
    assert_int_equal(aw_out_close(o, true), 0);
}

static void figures(void **state)
{
    (void)state;
    char to[AW_FIGURE];
    assert_string_equal(aw_text_span(to, 21000), "0.021 ms");
    assert_string_equal(aw_text_span(to, 999 * AW_MS), "999.000 ms");
    assert_string_equal(aw_text_span(to, 1002 * AW_MS), "1.002 s");
    assert_string_equal(aw_text_span(to, 1800 * AW_SEC), "1800.0 s");
    assert_string_equal(aw_text_span(to, 2 * 3600 * AW_SEC), "2.0 h");
    assert_string_equal(aw_text_span(to, INT64_MAX), "106752 days");
    assert_string_equal(aw_text_size(to, 0), "0 B");
    assert_string_equal(aw_text_size(to, 999), "999 B");
    assert_string_equal(aw_text_size(to, 1048576), "1.0 MB");
    assert_string_equal(aw_text_size(to, UINT64_MAX), "18.4 EB");
    assert_string_equal(aw_text_share(to, 0, 0), "0 %");
    assert_string_equal(aw_text_share(to, 1, 1000), "<1 %");
    assert_string_equal(aw_text_share(to, 999, 1000), ">99 %");
    assert_string_equal(aw_text_share(to, 1, 4), "25 %");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_failure),
        cmocka_unit_test(local_time_with_offset),
        cmocka_unit_test(nothing_found_explains_itself),
        cmocka_unit_test(warnings_at_the_top),
        cmocka_unit_test(loops_are_folded),
        cmocka_unit_test(worst_come_first_and_are_bounded),
        cmocka_unit_test(eighty_columns_whatever_comes),
        cmocka_unit_test(each_failure_takes_two_to_four_lines),
        cmocka_unit_test(all_exchanges_as_a_table),
        cmocka_unit_test(colours_change_no_text),
        cmocka_unit_test(wrapping),
        cmocka_unit_test(figures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
