/*
 * Every change to a capture, one after the other (ordeal.h).
 */
#include "common/ordeal.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    bool lossless;
} kinds[] = {
    [ORDEAL_WHOLE] = {"as captured", true},
    [ORDEAL_LEFT_OUT] = {"one packet left out", false},
    [ORDEAL_LEFT_OUT_IDLE] = {"  that decides nothing", false},
    [ORDEAL_CUT_AFTER] = {"cut after a packet", false},
    [ORDEAL_ONE_DIRECTION] = {"one direction", false},
    [ORDEAL_SNAP_96] = {"96 bytes a packet", false},
    [ORDEAL_DOUBLED] = {"doubled", true},
    [ORDEAL_SWAPPED_NEAR] = {"neighbours swapped", true},
    [ORDEAL_SWAPPED_ANY] = {"any two swapped, dated", false},
    [ORDEAL_SEGMENT_1] = {"segments of 1 byte", true},
    [ORDEAL_SEGMENT_64K] = {"segments of 64 KiB", true},
    [ORDEAL_WRAPPED] = {"VLAN, VXLAN, IPv6", true},
    [ORDEAL_JITTER] = {"jitter", false},
    [ORDEAL_BEGUN_AFTER] = {"begun after a packet", false},
    [ORDEAL_CLOCK_SET] = {"clock set 3 s forward", false},
    [ORDEAL_CLOCK_BACK] = {"clock set back", false},
    [ORDEAL_SIDE_OFF] = {"one side's clock off", false},
    [ORDEAL_FILTERED] = {"by kind of segment", false},
    [ORDEAL_MIXED] = {"other traffic between", false},
    [ORDEAL_LEFT_OUT_TWO] = {"two packets left out", false},
    [ORDEAL_LEFT_OUT_TENTH] = {"a tenth left out", false},
    [ORDEAL_BURST] = {"some in a row left out", false},
    [ORDEAL_SNAP_OTHER] = {"other snap lengths", false},
};
_Static_assert(sizeof kinds / sizeof *kinds == ORDEAL_KINDS, "a row for each kind");

const char *ordeal_name(enum ordeal_kind k)
{
    return kinds[k].name;
}

bool ordeal_lossless(enum ordeal_kind k)
{
    return kinds[k].lossless;
}

/*
 * What nobody can know: where the packets that are missing leave a conversation that is whole in
 * itself and means something else. Reviewed one by one; anything not listed counts as wrong.
 */
static const struct {
    const char *capture;
    enum aw_cause before, after; /* AW_CAUSE_COUNT: no expectation */
    const char *why;
} excuses[] = {
    {"continue_after_final.scn", AW_CAUSE_MALFORMED_CONTINUE, AW_CAUSE_NOT_AWAITED,
     "the capture is over, or lacks the packet, where the second answer begins"},
    {"legs_dropped.scn", AW_CAUSE_EXPECT_DROPPED, AW_CAUSE_IGNORED,
     "without its request the origin's leg cannot be known as one"},
    {"legs_not_relayed.scn", AW_CAUSE_CONTINUE_NOT_RELAYED, AW_CAUSE_IGNORED, "likewise"},
    {"refused_retry_failed.scn", AW_CAUSE_EXPECT_REFUSED, AW_CAUSE_SERVER_ERROR,
     "without the 417 and the head of the retry, its content and 500 are the first request's"},
    {"retry-loop-500.pcap", AW_CAUSE_RETRY_LOOP, AW_CAUSE_SERVER_ERROR,
     "without some of the attempts they are fewer than make a loop"},
    {"zero_window.scn", AW_CAUSE_CONTINUED, AW_CAUSE_CONTINUE_UNHEEDED,
     "without all that only acknowledged, nothing tells that the window was closed"},
    {"long_silence.scn", AW_CAUSE_CONTINUE_UNHEEDED, AW_CAUSE_ABANDONED,
     "the capture ends behind the idle timeout"},
    {"silence_survived.scn", AW_CAUSE_CONTINUED, AW_CAUSE_NO_RESPONSE, "likewise"},
    {"no-response-idle.pcap", AW_CAUSE_NO_RESPONSE, AW_CAUSE_ABANDONED,
     "nothing of the connection is left behind a part of its content"},
    {"mono-413-reset.pcap", AW_CAUSE_IGNORED_REJECTION, AW_CAUSE_REJECTED_EARLY,
     "all of its content is missing, and whatever acknowledged it"},
    {"content_retransmitted.scn", AW_CAUSE_CONTINUED, AW_CAUSE_CONTINUE_UNHEEDED,
     "all that was sent first is missing"},
    {"far-lost-100.pcap", AW_CAUSE_NETWORK_LOSS, AW_CAUSE_LATE_CONTINUE, "likewise of the 100"},
    {"privoxy-deadlock.pcap", AW_CAUSE_CONTINUE_NOT_RELAYED, AW_CAUSE_DEADLOCK,
     "without its beginning the origin's leg cannot be known as one"},
    {"squid-origin-417.pcap", AW_CAUSE_EXPECT_REFUSED, AW_CAUSE_EXPECT_DROPPED,
     "what is left of the retry is the origin's leg of what is left of the first request"},
    {"busy-proxies.pcap", AW_CAUSE_CONTINUED, AW_CAUSE_CONTINUE_NOT_RELAYED,
     "nothing but its head is left, and another request has its target and length"},
    {"haproxy-strips-expect-deadlock.pcap", AW_CAUSE_EXPECT_DROPPED, AW_CAUSE_DEADLOCK, "likewise"},
};

static bool excused(const char *path, const struct trial_verdict *before,
                    const struct trial_verdict *after)
{
    const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    for (size_t i = 0; i < sizeof excuses / sizeof *excuses; i++)
        if (strcmp(excuses[i].capture, name) == 0 && after->judged &&
            (before->judged ? before->cause : AW_CAUSE_COUNT) == excuses[i].before &&
            after->cause == excuses[i].after)
            return true;
    return false;
}

/* One capture on its way through. */
struct subject {
    struct ordeal *o;
    const char *path;
    struct morph m;
    struct trial base;
};

static void show(const struct subject *s, const char *fate, const char *what,
                 const struct trial_verdict *before, const struct trial_verdict *after)
{
    FILE *to = s->o->to;
    s->o->shown++;
    fprintf(to, "%s: %s, %s, exchange %u (head in packet %llu)\n", fate, s->path, what,
            before ? before->nth : after->nth,
            (unsigned long long)(before ? before : after)->mark[1]);
    const struct trial_verdict *v[2] = {before, after};
    for (int i = 0; i < 2; i++) {
        if (!v[i])
            fprintf(to, "    %s nothing\n", i ? "->" : "  ");
        else if (!v[i]->judged)
            fprintf(to, "    %s no expectation\n", i ? "->" : "  ");
        else
            fprintf(to, "    %s %s, %s\n%s", i ? "->" : "  ", aw_cause_slug(v[i]->cause),
                    aw_confidence_name(v[i]->confidence), v[i]->text);
    }
}

static bool equal(const struct trial_verdict *a, const struct trial_verdict *b)
{
    if (!b) return !a->judged;
    if (!a->judged || !b->judged) return a->judged == b->judged;
    return a->cause == b->cause && a->confidence == b->confidence;
}

static void count(struct subject *s, enum ordeal_kind kind, const char *what,
                  const struct trial_verdict *before, const struct trial_verdict *after)
{
    struct ordeal_tally *t = &s->o->tally[kind];
    enum trial_fate fate = trial_compare(before, after);
    const bool lost = !equal(before, after);
    if (fate == TRIAL_CHANGED && !kinds[kind].lossless && excused(s->path, before, after)) {
        t->excused++;
        if (s->o->show_softer) show(s, "excused", what, before, after);
        fate = TRIAL_SOFTENED;
    }
    t->verdicts++;
    t->kept += fate == TRIAL_KEPT;
    t->softened += fate == TRIAL_SOFTENED;
    t->changed += fate == TRIAL_CHANGED;
    t->cause_kept += fate == TRIAL_KEPT ||
                     (after && after->judged && before->judged && after->cause == before->cause);
    t->lost += lost;
    if (kind == ORDEAL_LEFT_OUT_IDLE && fate == TRIAL_CHANGED) return; /* shown as LEFT_OUT */
    if (fate == TRIAL_CHANGED)
        show(s, "CHANGED", what, before, after);
    else if (lost && ordeal_lossless(kind))
        show(s, "LOST", what, before, after);
    else if (fate == TRIAL_SOFTENED && kind == ORDEAL_LEFT_OUT_IDLE)
        show(s, "SOFTENED", what, before, after);
    else if (fate == TRIAL_SOFTENED && s->o->show_softer)
        show(s, "softened", what, before, after);
}

/* As morph_mix numbers hosts. */
static bool is_of_others(const struct trial_verdict *v)
{
    return v->end[0][0] == 10 && v->end[0][1] == 200;
}

/* Runs the changed capture, frees it, and compares. `left_out`: the packet that is missing. */
static void attempt(struct subject *s, enum ordeal_kind kind, struct morph *changed,
                    const char *what, const struct morph_packet *left_out)
{
    struct trial t = {.v = NULL};
    if (!trial_run(&t, changed)) abort();
    s->o->tally[kind].runs++;
    for (size_t i = 0; i < t.n; i++)
        if (t.v[i].unnumbered) {
            s->o->unnumbered++;
            show(s, "UNNUMBERED", what, NULL, &t.v[i]);
        }
    for (size_t i = 0; i < s->base.n; i++) {
        const struct trial_verdict *before = &s->base.v[i];
        const struct trial_verdict *after = trial_match(&t, &s->base, i);
        if (before->judged || (after && after->judged)) {
            count(s, kind, what, before, after);
            if (left_out && before->judged && !trial_decides(&s->base, before, left_out))
                count(s, ORDEAL_LEFT_OUT_IDLE, what, before, after);
        }
    }
    /* An exchange that never was. */
    for (size_t i = 0; i < t.n; i++) {
        bool known = trial_harmless(&t.v[i]) || (kind == ORDEAL_MIXED && is_of_others(&t.v[i]));
        for (size_t k = 0; k < s->base.n && !known; k++)
            known = trial_match(&t, &s->base, k) == &t.v[i];
        if (known) continue;
        s->o->tally[kind].changed++;
        show(s, "INVENTED", what, NULL, &t.v[i]);
    }
    trial_free(&t);
    morph_free(changed);
}

static void leave_out(struct subject *s)
{
    bool *out = calloc(s->m.n + 1, sizeof *out);
    if (!out) abort();
    for (size_t i = 0; i < s->m.n; i++) {
        struct morph less = {.p = NULL};
        char what[48];
        snprintf(what, sizeof what, "without packet %zu", i + 1);
        out[i] = true;
        morph_without(&s->m, &less, out);
        out[i] = false;
        attempt(s, ORDEAL_LEFT_OUT, &less, what, &s->m.p[i]);
    }
    for (size_t i = 0; i < s->m.n; i++) { /* all from i on */
        struct morph less = {.p = NULL};
        char what[48];
        snprintf(what, sizeof what, "cut after packet %zu", i);
        for (size_t k = 0; k < s->m.n; k++)
            out[k] = k >= i;
        morph_without(&s->m, &less, out);
        attempt(s, ORDEAL_CUT_AFTER, &less, what, NULL);
    }
    for (size_t i = 0; s->o->longer && i < s->m.n; i++) { /* all up to i */
        struct morph less = {.p = NULL};
        char what[48];
        snprintf(what, sizeof what, "begun after packet %zu", i + 1);
        for (size_t k = 0; k < s->m.n; k++)
            out[k] = k <= i;
        morph_without(&s->m, &less, out);
        attempt(s, ORDEAL_BEGUN_AFTER, &less, what, NULL);
    }
    free(out);
}

/* The clock of the capture is set once, before the packet at `from`. */
static void set_clock(struct subject *s, enum ordeal_kind kind, const bool *none, size_t from,
                      aw_ns by)
{
    struct morph later = {.p = NULL};
    char what[80];
    snprintf(what, sizeof what, "clock set by %+lld ms before packet %zu", (long long)(by / AW_MS),
             from + 1);
    morph_without(&s->m, &later, none);
    for (size_t k = from; k < later.n; k++)
        later.p[k].ts += by;
    attempt(s, kind, &later, what, NULL);
}

/* Between any two packets: forward, back, and back so that a pause between them seems short. The
 * hosts' own clocks tell; scenarios have none. */
static void clock_set(struct subject *s)
{
    if (strstr(s->path, ".scn")) return;
    bool *none = calloc(s->m.n + 1, sizeof *none);
    if (!none) abort();
    for (size_t i = 1; i < s->m.n; i++) {
        const aw_ns pause = s->m.p[i].ts - s->m.p[i - 1].ts;
        set_clock(s, ORDEAL_CLOCK_SET, none, i, 3 * AW_SEC);
        set_clock(s, ORDEAL_CLOCK_BACK, none, i, -3 * AW_SEC);
        if (pause >= 150 * AW_MS) set_clock(s, ORDEAL_CLOCK_BACK, none, i, -(pause - 20 * AW_MS));
    }
    free(none);
}

/* Captured by two, one for each direction, whose clocks differ, and put into one by time. */
static void side_off(struct subject *s)
{
    static const aw_ns by[] = {50 * AW_US, 1 * AW_MS,   5 * AW_MS,
                               20 * AW_MS, 200 * AW_MS, 2 * AW_SEC};
    bool *none = calloc(s->m.n + 1, sizeof *none);
    if (!none) abort();
    for (unsigned i = 0; i < 2 * sizeof by / sizeof *by; i++) {
        const aw_ns off = i % 2 ? -by[i / 2] : by[i / 2];
        struct morph moved = {.p = NULL};
        char what[64];
        snprintf(what, sizeof what, "the server's packets dated %+lld us",
                 (long long)(off / AW_US));
        morph_without(&s->m, &moved, none);
        for (size_t k = 0; k < moved.n; k++) {
            struct morph_tcp t;
            if (morph_tcp(&moved.p[k], &t) && t.sport < t.dport) moved.p[k].ts += off;
        }
        morph_sort(&moved);
        attempt(s, ORDEAL_SIDE_OFF, &moved, what, NULL);
    }
    free(none);
}

/* What people filter for when they capture, that of tcpdump's manual among it. */
static void filtered(struct subject *s)
{
    enum {
        BARE = 1,
        SHAKE = 2,
        FIN = 4,
        RST = 8,
        CLIENT = 16,
        SERVER = 32,
        BOTH = CLIENT | SERVER
    };
    static const struct {
        const char *what;
        unsigned out;
    } filters[] = {
        {"payload only", BARE | SHAKE | FIN | RST | BOTH},
        {"without bare ACKs", BARE | BOTH},
        {"without the client's bare ACKs", BARE | CLIENT},
        {"without the server's bare ACKs", BARE | SERVER},
        {"without SYNs", SHAKE | BOTH},
        {"without FINs and RSTs", FIN | RST | BOTH},
        {"without RSTs", RST | BOTH},
    };
    bool *out = calloc(s->m.n + 1, sizeof *out);
    if (!out) abort();
    for (unsigned f = 0; f < sizeof filters / sizeof *filters; f++) {
        struct morph less = {.p = NULL};
        for (size_t i = 0; i < s->m.n; i++) {
            struct morph_tcp t;
            out[i] = false;
            if (!morph_tcp(&s->m.p[i], &t) || t.payload > 0) continue;
            const unsigned kind = t.flags & MORPH_RST   ? RST
                                  : t.flags & MORPH_SYN ? SHAKE
                                  : t.flags & MORPH_FIN ? FIN
                                                        : BARE;
            out[i] =
                (filters[f].out & kind) && (filters[f].out & (t.sport > t.dport ? CLIENT : SERVER));
        }
        morph_without(&s->m, &less, out);
        attempt(s, ORDEAL_FILTERED, &less, filters[f].what, NULL);
    }
    free(out);
}

static void mixed(struct subject *s)
{
    static const char *const others[] = {"pcaps/busy-proxies.pcap", "pcaps/busy-mixed.pcap",
                                         "pcaps/busy-failures.pcap"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct morph noise = {.p = NULL}, both = {.p = NULL};
        char err[256], what[64];
        if (!morph_load(&noise, others[i], err, sizeof err)) abort();
        morph_mix(&s->m, &noise, &both, 4);
        snprintf(what, sizeof what, "with the traffic of %s", others[i]);
        attempt(s, ORDEAL_MIXED, &both, what, NULL);
        morph_free(&noise);
    }
}

static void leave_out_more(struct subject *s)
{
    bool *out = calloc(s->m.n + 1, sizeof *out);
    if (!out) abort();
    char what[64];
    /* Pairs: all of them where there are few packets, near ones in long captures. */
    const size_t reach = s->m.n <= 40 ? s->m.n : 6;
    for (size_t i = 0; i < s->m.n; i++)
        for (size_t k = i + 1; k < s->m.n && k <= i + reach; k++) {
            struct morph less = {.p = NULL};
            out[i] = out[k] = true;
            morph_without(&s->m, &less, out);
            out[i] = out[k] = false;
            snprintf(what, sizeof what, "without packets %zu and %zu", i + 1, k + 1);
            attempt(s, ORDEAL_LEFT_OUT_TWO, &less, what, NULL);
        }
    uint32_t state = 1;
    for (unsigned seed = 0; seed < 200; seed++) {
        struct morph less = {.p = NULL};
        size_t used = (size_t)snprintf(what, sizeof what, "without");
        for (size_t i = 0; i < s->m.n; i++) {
            state = state * 1664525u + 1013904223u;
            out[i] = (state >> 16) % 10 == 0;
            if (out[i] && used + 8 < sizeof what)
                used += (size_t)snprintf(what + used, sizeof what - used, " %zu", i + 1);
        }
        morph_without(&s->m, &less, out);
        attempt(s, ORDEAL_LEFT_OUT_TENTH, &less, what, NULL);
    }
    free(out);
}

/* As a full buffer drops them. */
static void bursts(struct subject *s)
{
    bool *out = calloc(s->m.n + 1, sizeof *out);
    if (!out) abort();
    for (size_t len = 3; len < s->m.n; len = len < 12 ? len + 1 : len * 2)
        for (size_t i = 0; i + len <= s->m.n; i++) {
            struct morph less = {.p = NULL};
            char what[64];
            snprintf(what, sizeof what, "without packets %zu to %zu", i + 1, i + len);
            for (size_t k = 0; k < s->m.n; k++)
                out[k] = k >= i && k < i + len;
            morph_without(&s->m, &less, out);
            attempt(s, ORDEAL_BURST, &less, what, NULL);
        }
    free(out);
}

/* Who sends to whom: the side of the smaller port serves. */
static void one_direction(struct subject *s)
{
    bool *out = calloc(s->m.n + 1, sizeof *out);
    if (!out) abort();
    for (int client = 0; client < 2; client++) {
        struct morph half = {.p = NULL};
        for (size_t i = 0; i < s->m.n; i++) {
            struct morph_tcp t;
            out[i] = morph_tcp(&s->m.p[i], &t) && (t.sport > t.dport) != (client != 0);
        }
        morph_without(&s->m, &half, out);
        attempt(s, ORDEAL_ONE_DIRECTION, &half,
                client ? "client's side only" : "server's side only", NULL);
    }
    free(out);
}

static void doubled(struct subject *s)
{
    static const struct {
        enum morph_copy how;
        aw_ns after;
        const char *what;
    } ways[] = {
        {MORPH_COPY_SAME, 0, "doubled, same time"},
        {MORPH_COPY_SAME, 3 * AW_US, "doubled after 3 us"},
        {MORPH_COPY_IFACE, 3 * AW_US, "doubled on another interface after 3 us"},
        {MORPH_COPY_ROUTED, 3 * AW_US, "doubled one hop further after 3 us"},
        {MORPH_COPY_ROUTED, 30 * AW_US, "doubled one hop further after 30 us"},
    };
    for (unsigned i = 0; i < sizeof ways / sizeof *ways; i++) {
        struct morph twice = {.p = NULL};
        morph_double(&s->m, &twice, ways[i].how, ways[i].after);
        attempt(s, ORDEAL_DOUBLED, &twice, ways[i].what, NULL);
    }
}

static void swapped(struct subject *s)
{
    char what[96];
    for (int dates = 0; dates < 2; dates++) {
        struct morph all = {.p = NULL};
        morph_swap_all(&s->m, &all, 10 * AW_US, dates != 0);
        attempt(s, ORDEAL_SWAPPED_NEAR, &all,
                dates ? "all near neighbours swapped" : "all near neighbours swapped with dates",
                NULL);
        for (size_t i = 0; i + 1 < s->m.n; i++) {
            const bool near = s->m.p[i + 1].ts - s->m.p[i].ts <= 10 * AW_US;
            struct morph one = {.p = NULL};
            if (!near && dates) continue;
            morph_swap(&s->m, &one, i, dates != 0);
            snprintf(what, sizeof what, "packets %zu and %zu swapped%s", i + 1, i + 2,
                     dates ? "" : " with their dates");
            attempt(s, near ? ORDEAL_SWAPPED_NEAR : ORDEAL_SWAPPED_ANY, &one, what, NULL);
        }
    }
}

static void segments(struct subject *s)
{
    struct morph split = {.p = NULL}, joined = {.p = NULL};
    morph_split(&s->m, &split, 1);
    attempt(s, ORDEAL_SEGMENT_1, &split, "in segments of 1 byte", NULL);
    morph_join(&s->m, &joined, 100 * AW_US);
    attempt(s, ORDEAL_SEGMENT_64K, &joined, "in segments of 64 KiB", NULL);
}

static void wrapped(struct subject *s)
{
    static const char *const what[] = {
        [MORPH_VLAN] = "in VLAN", [MORPH_VXLAN] = "in VXLAN", [MORPH_V6] = "in IPv6"};
    for (unsigned i = 0; i < 3; i++) {
        struct morph inside = {.p = NULL};
        morph_wrap(&s->m, &inside, (enum morph_wrap)i);
        attempt(s, ORDEAL_WRAPPED, &inside, what[i], NULL);
    }
}

static void jitter(struct subject *s)
{
    char what[64];
    for (unsigned seed = 1; seed <= 10; seed++)
        for (int sorted = 0; sorted < 2; sorted++) {
            struct morph moved = {.p = NULL};
            snprintf(what, sizeof what, "jitter below %lld ns, seed %u%s",
                     (long long)s->base.rtt / 2, seed, sorted ? ", sorted" : "");
            morph_jitter(&s->m, &moved, s->base.rtt / 2, seed, sorted != 0);
            attempt(s, ORDEAL_JITTER, &moved, what, NULL);
        }
}

static void snapped(struct subject *s, enum ordeal_kind kind, uint32_t bytes)
{
    struct morph cut = {.p = NULL};
    char what[32];
    snprintf(what, sizeof what, "%u bytes a packet", bytes);
    morph_snap(&s->m, &cut, bytes);
    attempt(s, kind, &cut, what, NULL);
}

bool ordeal_run(struct ordeal *o, const char *path)
{
    struct subject s = {.o = o, .path = path};
    char err[256];
    if (!morph_load(&s.m, path, err, sizeof err)) {
        fprintf(o->to, "%s: %s\n", path, err);
        morph_free(&s.m);
        return false;
    }
    if (!trial_run(&s.base, &s.m)) abort();
    o->tally[ORDEAL_WHOLE].runs++;
    for (size_t i = 0; i < s.base.n; i++) {
        struct ordeal_tally *t = &o->tally[ORDEAL_WHOLE];
        if (!s.base.v[i].judged) continue;
        t->verdicts++;
        if (s.base.v[i].confidence == AW_CONF_HIGH)
            t->kept++;
        else
            t->softened++;
    }
    leave_out(&s);
    one_direction(&s);
    snapped(&s, ORDEAL_SNAP_96, 96);
    doubled(&s);
    swapped(&s);
    segments(&s);
    wrapped(&s);
    jitter(&s);
    if (o->longer) {
        clock_set(&s);
        side_off(&s);
        filtered(&s);
        mixed(&s);
        leave_out_more(&s);
        bursts(&s);
        for (uint32_t bytes = 40; bytes <= 320; bytes += 8)
            snapped(&s, ORDEAL_SNAP_OTHER, bytes);
    }
    trial_free(&s.base);
    morph_free(&s.m);
    return true;
}

void ordeal_print(const struct ordeal *o)
{
    fprintf(o->to, "%-23s %6s %8s %6s %8s %7s %7s %6s\n", "", "runs", "verdicts", "kept",
            "softened", "changed", "excused", "differ");
    for (unsigned k = 0; k < ORDEAL_KINDS; k++) {
        const struct ordeal_tally *t = &o->tally[k];
        if (t->verdicts + t->changed == 0) continue;
        fprintf(o->to, "%-23s %6lu %8lu %6lu %8lu %7lu %7lu %6lu\n", kinds[k].name, t->runs,
                t->verdicts, t->kept, t->softened, t->changed, t->excused, t->lost);
    }
}
