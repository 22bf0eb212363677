/* Prometheus text: names of inputs that are no names, bounds of histograms, and files that are
 * replaced whole. Whether the text as a whole is well formed, another parser says (metrics.py). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "fixture.h"
#include "sink/metrics.h"

/* The text of a run, to be freed. */
static char *text_of(struct fixture *f)
{
    struct aw_out *o = aw_out_memory();
    assert_non_null(o);
    aw_metrics_text(o, &f->run);
    const struct aw_span s = aw_out_bytes(o);
    char *text = strndup((const char *)s.p, s.len);
    assert_int_equal(aw_out_close(o, true), 0);
    assert_non_null(text);
    return text;
}

static void assert_line(const char *text, const char *line)
{
    const char *at = strstr(text, line);
    const size_t len = strlen(line);
    if (!at || (at > text && at[-1] != '\n') || at[len] != '\n')
        fail_msg("no line %s in\n%s", line, text);
}

static void labels_are_escaped(void **state)
{
    (void)state;
    static const struct {
        const char *name, *file, *label;
    } rows[] = {
        {"plain", "eth0", "eth0"},
        {"quote", "a\"b", "a\\\"b"},
        {"backslash", "a\\n", "a\\\\n"},
        {"line feed", "a\nawait100_up 1", "a\\nawait100_up 1"},
        {"UTF-8", "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"},
        {"Latin-1", "gr\xfc", "gr\xc3\xbc"},
        {"a byte short", "x\xe2\x82", "x\xc3\xa2\\\\u{82}"},
        {"for a terminal", "\x1b[31m\xc2\x9b\xe2\x80\xae", "\\\\u{1b}[31m\\\\u{9b}\\\\u{202e}"},
        {"empty", "", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fixture f;
        fixture_init(&f);
        f.run.summary = aw_summary_new(NULL);
        f.run.files = &rows[i].file;
        f.run.file_count = 1;
        char *text = text_of(&f), want[128];
        snprintf(want, sizeof want, "await100_input_info{input=\"1\",name=\"%s\"} 1",
                 rows[i].label);
        assert_line(text, want);
        free(text);
        aw_summary_free(f.run.summary);
    }
}

static void figures(void **state)
{
    (void)state;
    struct fixture f;
    fixture_init(&f);
    f.run.summary = aw_summary_new(NULL);
    f.run.dropped = 5;
    f.run.dropped_by_interface = 2;
    f.run.unwritten = 6;
    f.run.filtered = 8;
    f.stats.packets = 9;
    f.stats.last = T0;
    f.stats.evicted = 4;
    f.stats.waiting = 2;
    f.stats.waited = 1500 * AW_MS;
    f.stats.drop_kinds = 2;
    f.stats.drop[0] = (struct aw_drop_count){"none", "handed on", 9};
    f.stats.drop[1] = (struct aw_drop_count){"ip-short", "cut", 3};
    f.verdict.cost.stall = 1001200 * AW_US;
    f.verdict.cost.wasted = 77;
    aw_summary_add(f.run.summary, &f.rec);
    char *text = text_of(&f);
    static const char *const lines[] = {
        "await100_packets_total 9",
        "await100_packets_dropped_total{by=\"kernel\"} 3",
        "await100_packets_dropped_total{by=\"interface\"} 2",
        "await100_output_let_go_total 6",
        "await100_packets_filtered_total 8",
        "await100_packets_not_followed_total{reason=\"ip-short\"} 3",
        "await100_connections_evicted_total 4",
        "await100_waiting_clients 2",
        "await100_waiting_seconds 1.500000000",
        "await100_last_packet_timestamp_seconds 1767323045.123456789",
        "await100_expectation_exchanges_total 1",
        "await100_failing_exchanges_total 1",
        "await100_verdicts_total{cause=\"expect-refused\",severity=\"warning\"} 1",
        "await100_verdicts_total{cause=\"expect-refused\",severity=\"error\"} 0",
        "await100_verdicts_total{cause=\"deadlock\",severity=\"error\"} 0",
        "await100_stall_seconds_total{cause=\"expect-refused\",severity=\"warning\"} 1.001200000",
        "await100_wasted_bytes_total{cause=\"expect-refused\",severity=\"warning\"} 77",
        "await100_final_seconds_bucket{le=\"0.01\"} 0",
        "await100_final_seconds_bucket{le=\"0.025\"} 1",
        "await100_final_seconds_bucket{le=\"60\"} 1",
        "await100_final_seconds_bucket{le=\"+Inf\"} 1",
        "await100_final_seconds_sum 0.010101000",
        "await100_final_seconds_count 1",
        "await100_wait_seconds_bucket{le=\"+Inf\"} 0",
        "await100_wait_seconds_sum 0.000000000",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        assert_line(text, lines[i]);
    assert_null(strstr(text, "\"none\"")); /* handed on: not dropped */
    free(text);
    aw_summary_free(f.run.summary);
}

static void due_every_few_seconds(void **state)
{
    (void)state;
    char err[256];
    struct aw_metrics *m = aw_metrics_open("/dev/null", err, sizeof err);
    assert_non_null(m);
    assert_true(aw_metrics_due(m, 100 * AW_SEC));
    assert_false(aw_metrics_due(m, 100 * AW_SEC));
    assert_false(aw_metrics_due(m, 104 * AW_SEC));
    assert_true(aw_metrics_due(m, 106 * AW_SEC));
    assert_false(aw_metrics_due(m, 107 * AW_SEC));
    aw_metrics_close(m);
}

/* A reader that opened the file keeps what it opened; the next one finds the new figures, whole. */
static void replaced_whole(void **state)
{
    (void)state;
    char dir[] = "/tmp/await100-metrics-XXXXXX", path[64], err[256];
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/m.prom", dir);
    struct fixture f;
    fixture_init(&f);
    f.run.summary = aw_summary_new(NULL);
    struct aw_metrics *m = aw_metrics_open(path, err, sizeof err);
    assert_non_null(m);
    assert_int_equal(access(path, F_OK), -1); /* nothing before there are figures */
    assert_int_equal(aw_metrics_write(m, &f.run), 0);
    FILE *first = fopen(path, "r");
    assert_non_null(first);
    f.stats.packets = 2;
    assert_int_equal(aw_metrics_write(m, &f.run), 0);
    FILE *second = fopen(path, "r");
    assert_non_null(second);
    char a[20000], b[20000];
    a[fread(a, 1, sizeof a - 1, first)] = '\0';
    b[fread(b, 1, sizeof b - 1, second)] = '\0';
    assert_line(a, "await100_packets_total 0");
    assert_line(b, "await100_packets_total 2");
    assert_line(b, "await100_final_seconds_count 0");
    fclose(first);
    fclose(second);
    aw_metrics_close(m);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(dir), 0); /* and no temporary file */
    aw_summary_free(f.run.summary);
}

static void told_where_it_cannot_be(void **state)
{
    (void)state;
    char err[256];
    assert_null(aw_metrics_open("/nowhere/m.prom", err, sizeof err));
    assert_string_equal(err, "/nowhere/m.prom: No such file or directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(labels_are_escaped),      cmocka_unit_test(figures),
        cmocka_unit_test(due_every_few_seconds),   cmocka_unit_test(replaced_whole),
        cmocka_unit_test(told_where_it_cannot_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
