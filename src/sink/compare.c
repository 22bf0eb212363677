/*
 * Comparison of two summaries. What is missing counts as nothing, and every string is made
 * printable: servers' names come from captures.
 */
#include "sink/compare.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sink/model.h"
#include "sink/out_buf.h"
#include "sink/report.h"
#include "sink/text_out.h"
#include "sink/tree.h"

enum { BEFORE, AFTER, SIDES };
enum { SERVERS_SHOWN = 20, ENOUGH = 10, GROUPS_MAX = 4096 };

typedef unsigned long long ull; /* for printf */

enum change { SAME, BETTER, WORSE };

struct tally { /* by change */
    unsigned cause[3], server[3], latency[3];
    enum change whole;
    json_t *causes, *servers, *latencies; /* the rows, for the document; all or none are NULL */
    bool ok;                              /* of these */
};

/* --- reading --- */

static uint64_t count_of(const json_t *object, const char *key)
{
    const json_int_t v = json_integer_value(json_object_get(object, key));
    return v > 0 ? (uint64_t)v : 0;
}

static aw_ns ms_of(const json_t *object, const char *key)
{
    const json_t *v = json_object_get(object, key);
    const double ns = json_number_value(v) * (double)AW_MS;
    return json_is_number(v) && ns >= 0 && ns < 9e18 ? (aw_ns)llround(ns) : AW_NS_NONE;
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *s = json_string_value(json_object_get(object, key));
    return s ? s : "";
}

/* --- judging --- */

static double share(uint64_t part, uint64_t whole)
{
    return whole ? 100 * (double)part / (double)whole : 0;
}

static enum change judge_share(const uint64_t part[SIDES], const uint64_t whole[SIDES])
{
    if (whole[AFTER] == 0) return SAME; /* silence is no success */
    const double step = share(part[AFTER], whole[AFTER]) - share(part[BEFORE], whole[BEFORE]);
    if (step >= 1 || (part[BEFORE] == 0 && part[AFTER] > 0)) return WORSE;
    if (step <= -1 || (part[AFTER] == 0 && part[BEFORE] > 0)) return BETTER;
    return SAME;
}

static enum change judge_span(aw_ns before, aw_ns after)
{
    if (before == AW_NS_NONE || after == AW_NS_NONE) return SAME;
    if (after - before >= 10 * AW_MS && after / 6 >= before / 5) return WORSE;
    if (before - after >= 10 * AW_MS && before / 6 >= after / 5) return BETTER;
    return SAME;
}

static const char *change_name(enum change c)
{
    static const char *const names[] = {"", "better", "worse"};
    return names[c];
}

/* A row of the document; the caller adds what it is about. NULL where none is wanted. */
static json_t *row_of(struct tally *t, json_t *list, json_t *before, json_t *after,
                      const char *change)
{
    json_t *row = json_object();
    if (!list) {
        json_decref(before);
        json_decref(after);
        json_decref(row);
        return NULL;
    }
    aw_tree_set(&t->ok, row, "before", before);
    aw_tree_set(&t->ok, row, "after", after);
    aw_tree_set(&t->ok, row, "change", json_string(change[0] ? change : "same"));
    aw_tree_append(&t->ok, list, row); /* which keeps it alive */
    return row;
}

static json_t *share_of_run(bool *ok, uint64_t exchanges, uint64_t failing)
{
    json_t *o = json_object();
    aw_tree_set(ok, o, "exchanges", aw_tree_integer(exchanges));
    aw_tree_set(ok, o, "failing", aw_tree_integer(failing));
    return o;
}

static void put_change(struct aw_out *o, enum change c)
{
    aw_text_ink(o, c == WORSE ? AW_INK_ERROR : AW_INK_GOOD);
    aw_out_str(o, change_name(c));
    aw_text_ink(o, AW_INK_PLAIN);
    aw_out_write(o, "\n", 1);
}

/* --- causes --- */

static int find_cause(const char *slug)
{
    for (int c = 0; c < AW_CAUSE_COUNT; c++)
        if (strcmp(slug, aw_cause_slug((enum aw_cause)c)) == 0) return c;
    return -1;
}

static int find_severity(const char *name)
{
    for (int s = 0; s < AW_SEV_COUNT; s++)
        if (strcmp(name, aw_severity_name((enum aw_severity)s)) == 0) return s;
    return -1;
}

static void write_causes(struct aw_out *o, const json_t *const doc[SIDES],
                         const uint64_t all[SIDES], struct tally *t)
{
    uint64_t count[AW_CAUSE_COUNT][AW_SEV_COUNT][SIDES] = {{{0}}};
    for (int side = 0; side < SIDES; side++) {
        size_t i;
        json_t *entry;
        json_array_foreach(json_object_get(doc[side], "causes"), i, entry)
        {
            const int c = find_cause(text_of(entry, "cause"));
            const int s = find_severity(text_of(entry, "severity"));
            if (c >= 0 && s >= 0) count[c][s][side] += count_of(entry, "count");
        }
    }
    aw_text_ink(o, AW_INK_TITLE);
    aw_out_printf(o, "\n%-26s%-9s%9s%7s%10s%7s  %s\n", "CAUSE", "SEVERITY", "BEFORE", "SHARE",
                  "AFTER", "SHARE", "CHANGE");
    aw_text_ink(o, AW_INK_PLAIN);
    for (int s = AW_SEV_COUNT - 1; s >= 0; s--) {
        for (int c = 0; c < AW_CAUSE_COUNT; c++) {
            const uint64_t *n = count[c][s];
            if (n[BEFORE] == 0 && n[AFTER] == 0) continue;
            const enum change change = s >= AW_SEV_WARNING ? judge_share(n, all) : SAME;
            char share_of[SIDES][AW_FIGURE];
            t->cause[change]++;
            json_t *row = row_of(t, t->causes, aw_tree_integer(n[BEFORE]),
                                 aw_tree_integer(n[AFTER]), change_name(change));
            if (row) {
                const char *slug = aw_cause_slug((enum aw_cause)c);
                aw_tree_set(&t->ok, row, "cause", json_string(slug));
                aw_tree_set(&t->ok, row, "severity",
                            json_string(aw_severity_name((enum aw_severity)s)));
            }
            aw_out_printf(o, "%-26s", aw_cause_slug((enum aw_cause)c));
            aw_text_ink(o, aw_severity_ink((enum aw_severity)s));
            aw_out_printf(o, "%-9s", aw_severity_name((enum aw_severity)s));
            aw_text_ink(o, AW_INK_PLAIN);
            aw_out_printf(o, "%9llu%7s%10llu%7s  ", (ull)n[BEFORE],
                          aw_text_share(share_of[BEFORE], n[BEFORE], all[BEFORE]), (ull)n[AFTER],
                          aw_text_share(share_of[AFTER], n[AFTER], all[AFTER]));
            put_change(o, change);
        }
    }
}

/* --- servers --- */

struct server {
    const char *key;
    uint64_t all[SIDES], failing[SIDES];
    enum change change;
    double step; /* of the share, in percentage points, whichever way */
};

static int by_key(const void *pa, const void *pb)
{
    const struct server *a = pa, *b = pb;
    return strcmp(a->key, b->key);
}

static int by_step(const void *pa, const void *pb)
{
    const struct server *a = pa, *b = pb;
    if (a->change != b->change) return a->change > b->change ? -1 : 1;
    if (a->step > b->step || a->step < b->step) return a->step > b->step ? -1 : 1;
    return strcmp(a->key, b->key);
}

/* Servers of both documents, those of one key in one entry. Returns how many. */
static size_t gather(struct server *list, const json_t *const doc[SIDES])
{
    size_t n = 0, kept = 0;
    for (int side = 0; side < SIDES; side++) {
        size_t i;
        json_t *entry;
        json_array_foreach(json_object_get(doc[side], "servers"), i, entry)
        {
            if (i == GROUPS_MAX) break;
            struct server *s = &list[n++];
            *s = (struct server){.key = text_of(entry, "key")};
            s->all[side] = count_of(entry, "exchanges");
            s->failing[side] = count_of(entry, "failing");
        }
    }
    qsort(list, n, sizeof *list, by_key);
    for (size_t i = 0; i < n; i++) {
        struct server *to = kept > 0 ? &list[kept - 1] : NULL;
        if (!to || strcmp(to->key, list[i].key) != 0) {
            list[kept++] = list[i];
            continue;
        }
        for (int side = 0; side < SIDES; side++) {
            to->all[side] += list[i].all[side];
            to->failing[side] += list[i].failing[side];
        }
    }
    return kept;
}

static bool write_servers(struct aw_out *o, const json_t *const doc[SIDES], struct tally *t)
{
    struct server *list = calloc(2 * GROUPS_MAX, sizeof *list);
    if (!list) return false;
    const size_t n = gather(list, doc);
    for (size_t i = 0; i < n; i++) {
        struct server *s = &list[i];
        s->step = fabs(share(s->failing[AFTER], s->all[AFTER]) -
                       share(s->failing[BEFORE], s->all[BEFORE]));
        /* One that is new or gone cannot be compared; the causes have what it brought. */
        if (s->all[BEFORE] && s->all[AFTER]) s->change = judge_share(s->failing, s->all);
        t->server[s->change]++;
    }
    qsort(list, n, sizeof *list, by_step);
    for (size_t i = 0; i < n; i++) {
        const struct server *s = &list[i];
        const char *change = !s->all[BEFORE]  ? "new"
                             : !s->all[AFTER] ? "gone"
                                              : change_name(s->change);
        json_t *row =
            row_of(t, t->servers, share_of_run(&t->ok, s->all[BEFORE], s->failing[BEFORE]),
                   share_of_run(&t->ok, s->all[AFTER], s->failing[AFTER]), change);
        if (row) aw_tree_set(&t->ok, row, "key", aw_tree_string(s->key));
    }
    aw_text_ink(o, AW_INK_TITLE);
    aw_out_printf(o, "\n%-35s%9s%7s%10s%7s  %s\n", "SERVER, FAILING", "BEFORE", "SHARE", "AFTER",
                  "SHARE", "CHANGE");
    aw_text_ink(o, AW_INK_PLAIN);
    for (size_t i = 0; i < n && i < SERVERS_SHOWN; i++) {
        const struct server *s = &list[i];
        char name[AW_GROUP_NAME], text[SIDES][AW_FIGURE], number[SIDES][AW_FIGURE];
        for (int side = 0; side < SIDES; side++) {
            (void)snprintf(number[side], AW_FIGURE, "%llu", (ull)s->failing[side]);
            if (s->all[side])
                (void)aw_text_share(text[side], s->failing[side], s->all[side]);
            else
                number[side][0] = text[side][0] = '\0';
        }
        (void)aw_group_name(name, &(struct aw_group){.key = s->key, .product = ""});
        aw_text_cell(o, aw_span_of(name, strlen(name)), 34);
        aw_out_printf(o, " %9s%7s%10s%7s  ", number[BEFORE], text[BEFORE], number[AFTER],
                      text[AFTER]);
        if (!s->all[BEFORE] || !s->all[AFTER])
            aw_out_str(o, s->all[AFTER] ? "new\n" : "gone\n");
        else
            put_change(o, s->change);
    }
    if (n > SERVERS_SHOWN) aw_out_printf(o, "... and %zu more\n", n - SERVERS_SHOWN);
    free(list);
    return true;
}

/* --- latencies --- */

static uint64_t values_in(const json_t *latency)
{
    uint64_t n = 0;
    size_t i;
    json_t *pair;
    json_array_foreach(json_object_get(latency, "histogram"), i, pair)
    {
        const json_int_t v = json_integer_value(json_array_get(pair, 1));
        if (v > 0) n += (uint64_t)v;
    }
    return n;
}

static void write_latencies(struct aw_out *o, const json_t *const doc[SIDES], struct tally *t)
{
    static const char *const names[AW_LAT_COUNT] = {
        [AW_LAT_CONTINUE] = "continue", [AW_LAT_WAIT] = "wait", [AW_LAT_FINAL] = "final"};
    static const char *const percentiles[] = {"p50", "p90", "p99"};
    bool titled = false;
    for (enum aw_latency l = AW_LAT_CONTINUE; l < AW_LAT_COUNT; l++) {
        const json_t *latency[SIDES];
        uint64_t values[SIDES];
        for (int side = 0; side < SIDES; side++) {
            latency[side] = json_object_get(json_object_get(doc[side], "latency_ms"), names[l]);
            values[side] = values_in(latency[side]);
        }
        if (values[BEFORE] == 0 && values[AFTER] == 0) continue;
        aw_text_ink(o, AW_INK_TITLE);
        if (!titled)
            aw_out_printf(o, "\n%-40s%15s%15s  %s\n", "LATENCY", "BEFORE", "AFTER", "CHANGE");
        titled = true;
        aw_text_ink(o, AW_INK_PLAIN);
        for (size_t i = 0; i < sizeof percentiles / sizeof percentiles[0]; i++) {
            const bool judged = values[BEFORE] >= ENOUGH && values[AFTER] >= ENOUGH;
            char text[SIDES][AW_FIGURE];
            aw_ns v[SIDES];
            for (int side = 0; side < SIDES; side++) {
                v[side] = ms_of(latency[side], percentiles[i]);
                (void)(v[side] == AW_NS_NONE ? strcpy(text[side], "-")
                                             : aw_text_span(text[side], v[side]));
            }
            const enum change change = judged ? judge_span(v[BEFORE], v[AFTER]) : SAME;
            t->latency[change]++;
            json_t *row = row_of(t, t->latencies, aw_tree_ms(v[BEFORE]), aw_tree_ms(v[AFTER]),
                                 change_name(change));
            if (row) {
                aw_tree_set(&t->ok, row, "latency", json_string(names[l]));
                aw_tree_set(&t->ok, row, "percentile", json_string(percentiles[i]));
            }
            aw_out_printf(o, "%-36s%-4s%15s%15s  ", i == 0 ? aw_latency_title(l) : "",
                          percentiles[i], text[BEFORE], text[AFTER]);
            put_change(o, change);
        }
    }
}

/* --- the whole --- */

static void add_part(struct aw_sentence *s, unsigned n, const char *noun, const char *plural)
{
    if (n) aw_sentence_add(s, "%s%u %s%s", s->len ? ", " : "", n, noun, n == 1 ? "" : plural);
}

static void say(struct aw_out *o, const struct tally *t, enum change c)
{
    struct aw_sentence s = {.len = 0};
    if (t->whole == c) aw_sentence_add(&s, "the share of failing exchanges");
    add_part(&s, t->cause[c], "cause", "s");
    add_part(&s, t->server[c], "server", "s");
    add_part(&s, t->latency[c], "percentile", "s");
    if (s.len == 0) return;
    aw_text_ink(o, c == WORSE ? AW_INK_ERROR : AW_INK_GOOD);
    aw_out_printf(o, "%s: %s\n", c == WORSE ? "Worse" : "Better", s.text);
    aw_text_ink(o, AW_INK_PLAIN);
}

static unsigned changes(const struct tally *t, enum change c)
{
    return t->cause[c] + t->server[c] + t->latency[c] + (t->whole == c);
}

static void write_text(struct aw_out *o, struct aw_out *tables, const struct tally *t,
                       const uint64_t all[SIDES], const uint64_t failing[SIDES])
{
    char text[SIDES][AW_FIGURE];
    for (int side = 0; side < SIDES; side++)
        (void)aw_text_share(text[side], failing[side], all[side]);
    aw_out_printf(o,
                  "Before, %llu of %llu expectation exchanges failed (%s);"
                  "\nafter, %llu of %llu (%s).\n",
                  (ull)failing[BEFORE], (ull)all[BEFORE], text[BEFORE], (ull)failing[AFTER],
                  (ull)all[AFTER], text[AFTER]);
    say(o, t, WORSE);
    say(o, t, BETTER);
    if (all[AFTER] == 0 && all[BEFORE] > 0) {
        /* What a script must not take for a cure. */
        aw_text_ink(o, AW_INK_ERROR);
        aw_out_str(o, "Nothing to judge by: the second has no expectation exchange.\n");
        aw_text_ink(o, AW_INK_PLAIN);
    } else if (changes(t, WORSE) + changes(t, BETTER) == 0) {
        aw_out_str(o, "No change worth telling.\n");
    }
    const struct aw_span all_tables = aw_out_bytes(tables);
    aw_out_write(o, all_tables.p, all_tables.len);
}

/* Schema "await100-comparison/1"; takes the rows. False: no memory. */
static bool write_document(struct aw_out *o, struct tally *t, const uint64_t all[SIDES],
                           const uint64_t failing[SIDES])
{
    json_t *doc = json_object();
    const char *whole = change_name(t->whole);
    bool *ok = &t->ok;
    aw_tree_set(ok, doc, "schema", json_string("await100-comparison/1"));
    aw_tree_set(ok, doc, "worse", json_boolean(changes(t, WORSE) > 0));
    aw_tree_set(ok, doc, "better", json_boolean(changes(t, BETTER) > 0));
    aw_tree_set(ok, doc, "before", share_of_run(ok, all[BEFORE], failing[BEFORE]));
    aw_tree_set(ok, doc, "after", share_of_run(ok, all[AFTER], failing[AFTER]));
    aw_tree_set(ok, doc, "change", json_string(whole[0] ? whole : "same"));
    aw_tree_set(ok, doc, "causes", t->causes);
    aw_tree_set(ok, doc, "servers", t->servers);
    aw_tree_set(ok, doc, "latency_ms", t->latencies);
    const bool written = *ok && aw_tree_write(o, doc);
    aw_out_str(o, "\n");
    json_decref(doc);
    return written;
}

enum aw_compared aw_compare(struct aw_out *o, const json_t *before, const json_t *after, bool json)
{
    const json_t *const doc[SIDES] = {before, after};
    uint64_t all[SIDES], failing[SIDES];
    struct tally t = {.whole = SAME, .ok = true};
    for (int side = 0; side < SIDES; side++) {
        const json_t *exchanges = json_object_get(doc[side], "exchanges");
        all[side] = count_of(exchanges, "expectation");
        failing[side] = count_of(exchanges, "failing");
    }
    t.whole = judge_share(failing, all);

    /* The headline counts what the tables below it judge. */
    struct aw_out *tables = aw_out_memory();
    if (!tables) return AW_COMPARED_NO_MEMORY;
    tables->ascii = o->ascii;
    tables->colour = o->colour;
    if (json) {
        t.causes = json_array();
        t.servers = json_array();
        t.latencies = json_array();
    }
    write_causes(tables, doc, all, &t);
    bool good = write_servers(tables, doc, &t);
    write_latencies(tables, doc, &t);
    if (json)
        good = write_document(o, &t, all, failing) && good;
    else
        write_text(o, tables, &t, all, failing);
    const int error = aw_out_close(tables, false);
    if (!good || error) return AW_COMPARED_NO_MEMORY;
    return changes(&t, WORSE) ? AW_COMPARED_WORSE : AW_COMPARED_SAME;
}
