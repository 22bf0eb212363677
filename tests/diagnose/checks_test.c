/*
 * The protocol checks: each on both sides, and the list of what RFC 9110 demands held against the
 * list of checks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/case.h"

struct check {
    const char *id, *rule, *rfc, *meaning;
};
static const struct check checks[] = {
#define AW_CHECK(id, rule, rfc, meaning) {#id, rule, rfc, meaning},
#include "diagnose/checks.def"
#undef AW_CHECK
};
enum { CHECKS = sizeof checks / sizeof *checks };

struct requirement {
    const char *section, *keyword, *who, *what, *checks, *why;
};
static const struct requirement requirements[] = {
#define AW_REQUIREMENT(section, keyword, who, what, checks, why)                                   \
    {section, keyword, who, what, checks, why},
#include "diagnose/requirements.def"
#undef AW_REQUIREMENT
};
enum { REQUIREMENTS = sizeof requirements / sizeof *requirements };

/* --- the cases --- */

struct scene {
    struct case_maker m, inner;
    struct aw_attempt chain[2];
    struct aw_case c;
};

static void plain(struct scene *s)
{
    s->m.x.req &= ~(uint32_t)(AW_REQ_EXPECT | AW_REQ_EXPECT_100);
}
static void done(struct scene *s)
{
    case_100(&s->m, 1);
    case_content(&s->m, 1.5, 2, CASE_100_END);
    case_final(&s->m, 3, 201);
}
static void no_content(struct scene *s)
{
    s->m.x.declared = 0;
    case_final(&s->m, 1, 200);
}
static void waited_without_expect(struct scene *s)
{
    plain(s);
    case_100(&s->m, 150);
    case_content(&s->m, 151, 152, CASE_100_END);
    case_final(&s->m, 160, 201);
}
static void unasked_100_at_once(struct scene *s)
{
    plain(s);
    case_100(&s->m, 0.1);
    case_content(&s->m, 0.3, 1, CASE_100_END);
    case_final(&s->m, 2, 201);
}
static void waits(struct scene *s, double ms)
{
    case_content(&s->m, ms, ms + 1, 0);
    case_final(&s->m, ms + 2, 201);
}
static void waits_10_s(struct scene *s)
{
    waits(s, 10000);
}
static void waits_longer(struct scene *s)
{
    waits(s, 10001);
}
static void shut_out(struct scene *s)
{
    s->m.x.zero_window[AW_S2C] = case_mark(&s->m, 1);
    waits(s, 10001);
}
static void asks_for_other(struct scene *s)
{
    no_content(s);
    s->m.x.req &= ~(uint32_t)AW_REQ_EXPECT_100;
    s->m.x.req |= AW_REQ_EXPECT_OTHER;
}
static void waits_for_408(struct scene *s)
{
    case_final(&s->m, 58000, 408);
}
static void waits_for_100(struct scene *s)
{
    case_100(&s->m, 50000);
    case_content(&s->m, 50001, 50002, CASE_100_END);
    case_final(&s->m, 50003, 201);
}
static void waits_shut_out(struct scene *s)
{
    plain(s);
    s->m.x.zero_window[AW_S2C] = case_mark(&s->m, 1);
    case_100(&s->m, 150);
    case_content(&s->m, 151, 152, CASE_100_END);
    case_final(&s->m, 160, 201);
}
static void repeat(struct scene *s, bool expect)
{
    case_final(&s->m, 1, 417);
    for (unsigned i = 0; i < 2; i++)
        s->chain[i] = (struct aw_attempt){.id = i + 1, .status = i ? 201 : 417, .expect = true};
    s->chain[1].expect = expect;
    s->chain[1].packet = aw_ref_make(0, 9);
    s->c.chain = s->chain;
    s->c.chain_len = 2;
}
static void repeats_with(struct scene *s)
{
    repeat(s, true);
}
static void repeats_without(struct scene *s)
{
    repeat(s, false);
}
static void hands_on(struct scene *s)
{
    repeat(s, true);
    s->c.outer = &s->inner.x;
}
static void leaves_after_100(struct scene *s)
{
    case_100(&s->m, 1);
    case_close(&s->m, 2, AW_C2S, false);
}
static void leaves_unaware(struct scene *s)
{
    leaves_after_100(s);
    s->m.x.conn.fin_ack[AW_C2S] = 0;
}
static void leaves_later(struct scene *s)
{
    case_100(&s->m, 1);
    case_close(&s->m, 3.01, AW_C2S, false);
}
static void rejected(struct scene *s, uint32_t res)
{
    case_final(&s->m, 1, 413);
    s->m.x.res = res;
}
static void sends_on(struct scene *s, uint32_t res)
{
    rejected(s, res);
    s->m.x.at[AW_AT_AFTER_FINAL] = case_mark(&s->m, 1.2);
    s->m.x.at[AW_AT_AFTER_FINAL_LAST] = case_mark(&s->m, 50);
}
static void sends_on_to_closing(struct scene *s)
{
    sends_on(s, AW_RES_CLOSE);
}
static void sends_on_to_kept(struct scene *s)
{
    sends_on(s, 0);
}
static void unasked_417(struct scene *s, double next)
{
    plain(s);
    s->m.x.flags |= AW_F_REQ_UNSEEN;
    s->m.x.unseen = AW_UNSEEN_NO_REQUEST;
    case_final(&s->m, 1, 417);
    if (next > 0) s->m.x.next_request = case_mark(&s->m, next);
}
static void unasked_then_request(struct scene *s)
{
    unasked_417(s, 3);
}
static void unasked_crossed(struct scene *s)
{
    unasked_417(s, 2.9);
}
static void unasked_then_nothing(struct scene *s)
{
    unasked_417(s, 0);
}
static void owed(struct scene *s, uint32_t flags)
{
    rejected(s, 0);
    s->m.x.flags |= AW_F_WITHHELD | flags;
    s->m.x.owed_bytes_next = 1;
    s->m.x.next_request = case_mark(&s->m, 5);
}
static void owed_answered(struct scene *s)
{
    owed(s, 0);
}
static void owed_swallowed(struct scene *s)
{
    owed(s, AW_F_SWALLOWED);
}
static void owed_unsettled(struct scene *s)
{
    owed(s, AW_F_UNSETTLED);
}
static void owed_nothing(struct scene *s)
{
    owed(s, 0);
    s->m.x.owed_bytes_next = 0;
}
static void owed_and_sent(struct scene *s)
{
    owed(s, 0);
    s->m.x.flags &= ~(uint32_t)AW_F_WITHHELD;
}
static void next_after_close(struct scene *s)
{
    done(s);
    s->m.x.res = AW_RES_CLOSE;
    s->m.x.next_request = case_mark(&s->m, 5);
}
static void next_after_keep(struct scene *s)
{
    done(s);
    s->m.x.next_request = case_mark(&s->m, 5);
}
static void pipelined(struct scene *s)
{
    done(s);
    s->m.x.flags |= AW_F_PIPELINED;
}
static void pipelined_unsafe(struct scene *s)
{
    pipelined(s);
    s->m.x.flags |= AW_F_BEHIND_UNSAFE;
}
static void parameters(struct scene *s)
{
    done(s);
    s->m.x.req |= AW_REQ_EXPECT_PARAMS | AW_REQ_EXPECT_MALFORMED;
}
static void ignored_at_w(struct scene *s)
{
    waits(s, 100);
}
static void ignored_below_w(struct scene *s)
{
    waits(s, 99);
}
static void late_100(struct scene *s)
{
    case_content(&s->m, 1000, 1001, 0);
    case_100(&s->m, 1002);
    s->m.x.interim[0].ack_off = CASE_HEAD_END + 1;
    case_final(&s->m, 1003, 201);
}
static void unmet_100(struct scene *s)
{
    late_100(s);
    s->m.x.interim[0].ack_off = CASE_HEAD_END; /* it was sent before any content had come */
}
static void lost_head(struct scene *s)
{
    waits(s, 1000);
    s->m.x.loss[AW_PART_HEAD] =
        (struct aw_loss){.count = 1, .first = case_mark(&s->m, 999), .last = case_mark(&s->m, 999)};
    s->m.x.at[AW_AT_ACK_HEAD] = case_mark(&s->m, 1000);
}
static void asks_the_silent(struct scene *s, uint32_t req)
{
    waits(s, 1000);
    s->m.x.req |= req;
    case_begin(&s->inner);
    case_content(&s->inner, 1000, 1001, 0);
    case_final(&s->inner, 1002, 201);
    case_text(&s->inner, AW_TEXT_REQ_VIA, "1.1 p");
    s->c.inner = &s->inner.x;
}
static void gateway_to_silent(struct scene *s)
{
    asks_the_silent(s, 0);
}
static void proxy_to_silent(struct scene *s)
{
    asks_the_silent(s, AW_REQ_ABSOLUTE);
}
static void crossed_100(struct scene *s)
{
    case_100(&s->m, 1000);
    case_content(&s->m, 1000.1, 1001, 0);
    case_final(&s->m, 1003, 201);
}
static void no_final(struct scene *s)
{
    case_100(&s->m, 1);
    case_content(&s->m, 2, 3, CASE_100_END);
    case_close(&s->m, 4, AW_S2C, false);
}
static void no_final_client_left(struct scene *s)
{
    case_100(&s->m, 1);
    case_content(&s->m, 2, 3, CASE_100_END);
    case_close(&s->m, 4, AW_C2S, false);
}
static void closes_unsaid(struct scene *s)
{
    rejected(s, 0);
    case_close(&s->m, 2, AW_S2C, false);
}
static void no_final_unread(struct scene *s)
{
    no_final(s);
    s->m.x.conn.fin_ack[AW_S2C] = CASE_HEAD_END; /* none of the content had come */
}
static void closes_much_later(struct scene *s)
{
    rejected(s, 0);
    case_close(&s->m, 15000, AW_S2C, false);
}
static void closes_old(struct scene *s)
{
    closes_unsaid(s);
    s->m.x.res_version = 10;
}
static void closes_at_end(struct scene *s)
{
    rejected(s, AW_RES_UNTIL_CLOSE);
    case_close(&s->m, 2, AW_S2C, false);
}
static void content_in_100(struct scene *s)
{
    done(s);
    s->m.x.interim[0].has_content = true;
}
static void closes_said(struct scene *s)
{
    rejected(s, AW_RES_CLOSE);
    case_close(&s->m, 2, AW_S2C, false);
}
static void old(struct scene *s)
{
    s->m.x.req_version = 10;
}
static void old_417(struct scene *s)
{
    old(s);
    case_final(&s->m, 1, 417);
}
static void old_100(struct scene *s)
{
    old(s);
    done(s);
}
static void old_done(struct scene *s)
{
    old(s);
    case_content(&s->m, 0.1, 1, 0);
    case_final(&s->m, 2, 201);
}
static void refused(struct scene *s)
{
    repeats_without(s);
}
static void length_in_100(struct scene *s)
{
    done(s);
    s->m.x.interim[0].has_length = true;
}
static void coding_in_100(struct scene *s)
{
    done(s);
    s->m.x.interim[0].has_te = true;
}
static void lost(struct scene *s, double ms)
{
    case_part(&s->m, 0.2, 1, 0, 500);
    case_final(&s->m, 1.1, 413);
    s->m.x.res = AW_RES_CLOSE;
    case_close(&s->m, ms, AW_S2C, true);
}
static void reset_at_once(struct scene *s)
{
    lost(s, 1.2);
}
static void reset_later(struct scene *s)
{
    lost(s, 9);
}
static void switched(struct scene *s)
{
    case_final(&s->m, 1, 101);
}
static void switched_after_100(struct scene *s)
{
    case_100(&s->m, 1);
    case_content(&s->m, 2, 3, CASE_100_END);
    case_final(&s->m, 4, 101);
}
static void framings(struct scene *s, bool next)
{
    done(s);
    s->m.x.req |= AW_REQ_HAS_TE;
    if (next) s->m.x.next_request = case_mark(&s->m, 5);
}
static void framings_kept(struct scene *s)
{
    framings(s, true);
}
static void framings_closed(struct scene *s)
{
    framings(s, true);
    s->m.x.conn.fin[AW_S2C] = case_mark(&s->m, 4);
}
static void framings_last(struct scene *s)
{
    framings(s, false);
}
static void leg(struct scene *s, uint32_t outer_req, bool inner_100, uint8_t version)
{
    done(s);
    s->m.x.req |= outer_req;
    case_begin(&s->inner);
    s->inner.ord = s->m.ord + 10;
    s->inner.x.at[AW_AT_REQ_FIRST] = s->inner.x.at[AW_AT_HEAD] = case_mark(&s->inner, 2.5);
    if (inner_100) case_100(&s->inner, 2.6);
    case_content(&s->inner, 2.7, 2.8, CASE_100_END);
    case_final(&s->inner, 2.9, 201);
    s->inner.x.res_version = version;
    case_text(&s->inner, AW_TEXT_REQ_VIA, "1.1 p");
    s->c.inner = &s->inner.x;
}
static void held_head(struct scene *s)
{
    leg(s, AW_REQ_ABSOLUTE, true, 11);
}
static void gateway(struct scene *s)
{
    leg(s, 0, false, 11);
}
static void head_first(struct scene *s)
{
    leg(s, AW_REQ_ABSOLUTE, true, 11);
    s->inner.x.at[AW_AT_REQ_FIRST] = s->m.x.at[AW_AT_HEAD];
}
static void own_100(struct scene *s)
{
    leg(s, AW_REQ_ABSOLUTE, false, 11);
}
static void own_100_perhaps(struct scene *s)
{
    own_100(s);
    s->c.inner_unseen = true;
}
static void content_with_head(struct scene *s)
{
    case_content(&s->m, 0.1, 0.2, 0);
    case_final(&s->m, 3, 201);
    s->m.x.req |= AW_REQ_ABSOLUTE;
    case_begin(&s->inner);
    s->inner.ord = s->m.ord + 10;
    s->inner.x.at[AW_AT_REQ_FIRST] = s->inner.x.at[AW_AT_HEAD] = case_mark(&s->inner, 0.5);
    case_text(&s->inner, AW_TEXT_REQ_VIA, "1.1 p");
    s->c.inner = &s->inner.x;
}
static void own_100_to_old(struct scene *s)
{
    leg(s, AW_REQ_ABSOLUTE, false, 10);
}
static void kept_back(struct scene *s)
{
    case_content(&s->m, 1000, 1001, 0);
    case_final(&s->m, 1002, 201);
    case_begin(&s->inner);
    case_100(&s->inner, 1);
    case_text(&s->inner, AW_TEXT_REQ_VIA, "1.1 p");
    s->c.inner = &s->inner.x;
}
static void without_via(struct scene *s)
{
    head_first(s);
    s->inner.x.text[AW_TEXT_REQ_VIA] = (struct aw_span){NULL, 0};
}

static const struct {
    const char *id;
    void (*breaks)(struct scene *s);
    void (*keeps)(struct scene *s);
} rows[] = {
    {"C1", no_content, done},
    {"C1", no_content, asks_for_other},
    {"C2", waited_without_expect, unasked_100_at_once},
    {"C2", waited_without_expect, done},
    {"C2", waited_without_expect, waits_shut_out},
    {"C4", waits_longer, waits_10_s},
    {"C4", waits_for_408, shut_out},
    {"C4", waits_for_100, done},
    {"C5", repeats_with, repeats_without},
    {"C5", repeats_with, hands_on},
    {"C6", leaves_after_100, leaves_later},
    {"C6", leaves_after_100, leaves_unaware},
    {"C8", sends_on_to_closing, sends_on_to_kept},
    {"C9", unasked_then_request, unasked_crossed},
    {"C9", unasked_then_request, unasked_then_nothing},
    {"C9", unasked_then_request, next_after_keep},
    {"C10", owed_answered, next_after_keep},
    {"C10", owed_swallowed, closes_said},
    {"C10", owed_answered, owed_nothing},
    {"C10", owed_answered, owed_and_sent},
    {"C11", next_after_close, next_after_keep},
    {"C12", pipelined_unsafe, pipelined},
    {"C13", parameters, done},
    {"S1", ignored_at_w, ignored_below_w},
    {"S1", ignored_at_w, lost_head},
    {"S1", gateway_to_silent, proxy_to_silent},
    {"S2", late_100, crossed_100},
    {"S2", late_100, unmet_100},
    {"S4", no_final, no_final_client_left},
    {"S4", no_final, no_final_unread},
    {"S5", closes_unsaid, closes_said},
    {"S5", closes_unsaid, closes_old},
    {"S5", closes_unsaid, closes_at_end},
    {"S5", closes_unsaid, closes_much_later},
    {"S6", old_417, refused},
    {"S7", old_100, old_done},
    {"S9_LENGTH", length_in_100, done},
    {"S9_CODING", coding_in_100, done},
    {"S9_CONTENT", content_in_100, done},
    {"S10", owed_answered, owed_swallowed},
    {"S10", owed_answered, owed_unsettled},
    {"S10", owed_answered, next_after_close},
    {"S11", reset_at_once, reset_later},
    {"S12", switched, switched_after_100},
    {"S14", framings_kept, framings_last},
    {"S14", framings_kept, framings_closed},
    {"P1", held_head, head_first},
    {"P1", held_head, gateway},
    {"P1", held_head, content_with_head},
    {"P2", own_100, held_head},
    {"P2", own_100, own_100_perhaps},
    {"P2", own_100, own_100_to_old},
    {"P2", own_100, gateway},
    {"P3", kept_back, held_head},
    {"P6", without_via, head_first},
};
enum { ROWS = sizeof rows / sizeof *rows };

static const struct check *check_by_id(const char *id)
{
    for (unsigned i = 0; i < CHECKS; i++)
        if (strcmp(checks[i].id, id) == 0) return &checks[i];
    return NULL;
}

static bool told(const struct check *want, void (*make)(struct scene *s))
{
    static struct scene s;
    struct aw_verdict v;
    memset(&s, 0, sizeof s);
    s.c.input_left = AW_NS_NONE;
    s.c.retry_window_open = true;
    case_begin(&s.m);
    make(&s);
    case_judge(&s.m, &s.c, &v);
    for (unsigned i = 0; i < v.check_count; i++)
        if (strcmp(v.check[i].rule, want->rule) == 0 && strcmp(v.check[i].rfc, want->rfc) == 0) {
            assert_true(v.check[i].packet != 0);
            return true;
        }
    return false;
}

static void both_sides(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ROWS; i++) {
        const struct check *want = check_by_id(rows[i].id);
        assert_non_null(want);
        const bool breaks = told(want, rows[i].breaks), keeps = told(want, rows[i].keeps);
        if (!breaks || keeps) fail_msg("row %u, %s: %d %d", i, rows[i].id, breaks, keeps);
    }
}

static void each_check_has_a_row(void **state)
{
    (void)state;
    for (unsigned c = 0; c < CHECKS; c++) {
        bool found = false;
        for (unsigned i = 0; i < ROWS; i++)
            found |= strcmp(rows[i].id, checks[c].id) == 0;
        if (!found) fail_msg("no row for %s", checks[c].id);
        assert_true(checks[c].meaning[0] != '\0');
    }
}

/* The next word of a list; NULL at its end. */
static const char *word(const char **list, char out[16])
{
    *list += strspn(*list, " ");
    const size_t n = strcspn(*list, " ");
    if (n == 0 || n >= 16) return NULL;
    memcpy(out, *list, n);
    out[n] = '\0';
    *list += n;
    return out;
}

static bool demanded(const struct check *c)
{
    char name[16];
    for (unsigned i = 0; i < REQUIREMENTS; i++)
        for (const char *list = requirements[i].checks; word(&list, name);)
            if (strcmp(name, c->id) == 0) return true;
    return false;
}

/* What is demanded is checked or says why not; what is checked is demanded. */
static void lists_agree(void **state)
{
    (void)state;
    static const char *const sections[] = {"10.1.1", "15.2.1", "15.5.18"};
    for (unsigned i = 0; i < REQUIREMENTS; i++) {
        const struct requirement *r = &requirements[i];
        char name[16];
        const char *list = r->checks;
        for (; word(&list, name);)
            assert_non_null(check_by_id(name));
        assert_true(*list == '\0');
        if (r->checks[0] == '\0' && r->why[0] == '\0') fail_msg("%s %s: why not?", r->who, r->what);
        /* A duty may stay unchecked only where leave is given, or no keyword makes it one. */
        const bool duty = strstr(r->keyword, "MUST") || strstr(r->keyword, "SHOULD");
        if (duty && r->checks[0] == '\0') fail_msg("unchecked: %s %s", r->keyword, r->what);
    }
    for (unsigned k = 0; k < 3; k++) {
        char rfc[32];
        bool any = false;
        snprintf(rfc, sizeof rfc, "9110 %s", sections[k]);
        for (unsigned i = 0; i < REQUIREMENTS; i++)
            any |= strcmp(requirements[i].section, sections[k]) == 0;
        assert_true(any);
        for (unsigned c = 0; c < CHECKS; c++)
            if (strcmp(checks[c].rfc, rfc) == 0 && !demanded(&checks[c]))
                fail_msg("%s is checked and nobody demands it", checks[c].id);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_sides),
        cmocka_unit_test(each_check_has_a_row),
        cmocka_unit_test(lists_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
