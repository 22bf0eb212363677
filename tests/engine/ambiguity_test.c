/*
 * What can be read in more than one way: framing of HTTP that recipients differ on, and TCP
 * segments that contradict each other. Whatever is made of it, no cause is given with high
 * confidence but one that names the ambiguity itself, and the exchange is marked. Each conversation
 * is also played with its segments cut up. Captures of an evasion test suite follow, where they are
 * at hand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <glob.h>
#include <cmocka.h>

#include "await100.h"
#include "common/morph.h"

/* --- a capture through the engine --- */

struct found {
    unsigned judged, sure, marked, told;
    uint64_t conflicts;
    char causes[256];
};

/* With high confidence this may be said: that it is ambiguous, or that it cannot be judged. */
static bool is_safe(enum aw_cause cause)
{
    return cause == AW_CAUSE_DESYNC_RISK || cause == AW_CAUSE_INCOMPLETE ||
           cause == AW_CAUSE_PENDING || cause == AW_CAUSE_MALFORMED_CONTINUE;
}

static void take(void *ctx, const struct aw_record *rec)
{
    struct found *f = ctx;
    const struct aw_verdict *v = rec->verdict;
    if (rec->ex->flags & (AW_F_AMBIGUOUS | AW_F_CONFLICT)) f->marked++;
    if (!v) return;
    f->judged++;
    f->sure += v->confidence == AW_CONF_HIGH && !is_safe(v->cause);
    const size_t used = strlen(f->causes);
    snprintf(f->causes + used, sizeof f->causes - used, "%s %s; ", aw_cause_slug(v->cause),
             aw_confidence_name(v->confidence));
    bool told = v->cause == AW_CAUSE_DESYNC_RISK || v->cause == AW_CAUSE_MALFORMED_CONTINUE;
    for (unsigned i = 0; i < v->evidence_count; i++)
        told |= strstr(v->evidence[i].text, "in more than one way") ||
                strstr(v->evidence[i].text, "disagree");
    f->told += told;
}

static struct found run(const struct morph *m)
{
    struct found f = {.judged = 0};
    struct aw_config config;
    aw_config_init(&config);
    config.all = true;
    const struct aw_sink sink = {.ctx = &f, .record = take};
    struct aw_engine *e = aw_engine_open(&config, &sink, NULL);
    assert_non_null(e);
    for (size_t i = 0; i < m->n; i++) {
        const struct morph_packet *p = &m->p[i];
        const struct aw_packet packet = {.ts = p->ts,
                                         .ord = i + 1,
                                         .ref = aw_ref_make(0, i + 1),
                                         .data = p->data,
                                         .cap_len = p->cap,
                                         .wire_len = p->wire,
                                         .linktype = p->linktype,
                                         .iface = p->iface};
        assert_int_equal(aw_engine_push(e, &packet, 1), AW_OK);
    }
    assert_int_equal(aw_engine_finish(e), AW_OK);
    struct aw_stats stats;
    aw_engine_stats(e, &stats);
    f.conflicts = stats.conflicts;
    aw_engine_close(e);
    return f;
}

static void load(struct morph *m, const char *script)
{
    char path[] = "/tmp/ambiguity_test.XXXXXX.scn", err[512];
    const int fd = mkstemps(path, 4);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, script, strlen(script)), strlen(script));
    close(fd);
    memset(m, 0, sizeof *m);
    const bool good = morph_load(m, path, err, sizeof err);
    unlink(path);
    if (!good) fail_msg("%s", err);
}

static unsigned failures;

static void complain(const char *name, const char *what, const struct found *f)
{
    print_error("%s: %s; %u judged: %s\n", name, what, f->judged, f->causes);
    failures++;
}

/* --- HTTP --- */

#define UP       "PUT /up HTTP/1.1\n| Host: files.example\n"
#define EXPECT   "| Expect: 100-continue\n"
#define LENGTH   "| Content-Length: 5\n"
#define CHUNKED  "| Transfer-Encoding: chunked\n"
#define CONTINUE "HTTP/1.1 100 Continue\\r\\n\\r\\n"
#define CREATED  "HTTP/1.1 201 Created\n| Content-Length: 2\n|\n> bytes 2\n"
#define HELLO    "hello"

/* A head, the 100, the content, the final response; as in scripts. */
static const struct http_row {
    const char *name, *head, *interim, *content, *final;
} http_rows[] = {
    /* --- lengths and codings --- */
    {"both framings", UP EXPECT LENGTH CHUNKED, CONTINUE, "5\\r\\nhello\\r\\n0\\r\\n\\r\\n",
     CREATED},
    {"both, without Expect, answered by a 100", UP LENGTH CHUNKED, CONTINUE,
     "5\\r\\nhello\\r\\n0\\r\\n\\r\\n", CREATED},
    {"two lengths", UP EXPECT LENGTH "| Content-Length: 6\n", CONTINUE, HELLO, CREATED},
    {"two lengths in one line", UP EXPECT "| Content-Length: 5, 6\n", CONTINUE, HELLO, CREATED},
    {"a length with a sign", UP EXPECT "| Content-Length: +5\n", CONTINUE, HELLO, CREATED},
    {"a negative length", UP EXPECT "| Content-Length: -5\n", CONTINUE, HELLO, CREATED},
    {"a length in hexadecimal", UP EXPECT "| Content-Length: 0x5\n", CONTINUE, HELLO, CREATED},
    {"a length with a blank in it", UP EXPECT "| Content-Length: 5 5\n", CONTINUE, HELLO, CREATED},
    {"a length beyond any number", UP EXPECT "| Content-Length: 18446744073709551621\n", CONTINUE,
     HELLO, CREATED},
    {"an empty length", UP EXPECT "| Content-Length:\n", CONTINUE, HELLO, CREATED},
    {"chunked, then identity", UP EXPECT "| Transfer-Encoding: chunked, identity\n", CONTINUE,
     "5\\r\\nhello\\r\\n0\\r\\n\\r\\n", CREATED},
    {"identity, then chunked", UP EXPECT "| Transfer-Encoding: identity, chunked\n", CONTINUE,
     "5\\r\\nhello\\r\\n0\\r\\n\\r\\n", CREATED},
    {"identity with a length", UP EXPECT LENGTH "| Transfer-Encoding: identity\n", CONTINUE, HELLO,
     CREATED},
    {"chunked twice", UP EXPECT CHUNKED CHUNKED, CONTINUE, "5\\r\\nhello\\r\\n0\\r\\n\\r\\n",
     CREATED},
    {"chunked, then something", UP EXPECT "| Transfer-Encoding: chunked, gzip\n", CONTINUE,
     "5\\r\\nhello\\r\\n0\\r\\n\\r\\n", CREATED},
    {"nearly chunked", UP EXPECT LENGTH "| Transfer-Encoding: xchunked\n", CONTINUE, HELLO,
     CREATED},
    {"chunked with a parameter", UP EXPECT LENGTH "| Transfer-Encoding: chunked;q=1\n", CONTINUE,
     HELLO, CREATED},
    {"chunked with a control byte", UP EXPECT LENGTH "| Transfer-Encoding: chunked\\x0b\n",
     CONTINUE, HELLO, CREATED},
    {"HTTP/1.0 with a coding", "PUT /up HTTP/1.0\n| Host: h\n" EXPECT CHUNKED, CONTINUE,
     "5\\r\\nhello\\r\\n0\\r\\n\\r\\n", CREATED},
    /* --- lines --- */
    {"a length folded", UP EXPECT "| Content-Length:\n| \\s5\n", CONTINUE, HELLO, CREATED},
    {"a coding folded", UP EXPECT LENGTH "| Transfer-Encoding:\n| \\schunked\n", CONTINUE,
     "5\\r\\nhello\\r\\n0\\r\\n\\r\\n", CREATED},
    {"Expect folded", UP LENGTH "| Expect:\n| \\s100-continue\n", CONTINUE, HELLO, CREATED},
    {"Connection folded", UP EXPECT LENGTH "| Connection:\n| \\sclose\n", CONTINUE, HELLO, CREATED},
    {"a blank before the colon of a length", UP EXPECT "| Content-Length : 5\n", CONTINUE, HELLO,
     CREATED},
    {"a tab before the colon of a coding", UP EXPECT LENGTH "| Transfer-Encoding\\t: chunked\n",
     CONTINUE, "5\\r\\nhello\\r\\n0\\r\\n\\r\\n", CREATED},
    {"a blank before the colon of Expect", UP LENGTH "| Expect : 100-continue\n", CONTINUE, HELLO,
     CREATED},
    {"a blank before the colon of anything", UP EXPECT LENGTH "| X-Y : z\n", CONTINUE, HELLO,
     CREATED},
    {"a line without a colon", UP EXPECT LENGTH "| Transfer-Encoding chunked\n", CONTINUE, HELLO,
     CREATED},
    {"a line of a colon", UP EXPECT LENGTH "| : chunked\n", CONTINUE, HELLO, CREATED},
    {"CR alone hides a length", UP EXPECT LENGTH "| X: y\\rContent-Length: 6\n", CONTINUE, HELLO,
     CREATED},
    {"CR alone hides Expect", UP LENGTH "| X: y\\rExpect: 100-continue\n", CONTINUE, HELLO,
     CREATED},
    {"CR alone in the request line", "PUT /up\\r HTTP/1.1\n| Host: h\n" EXPECT LENGTH, CONTINUE,
     HELLO, CREATED},
    {"NUL in a name", UP EXPECT LENGTH "| Transfer\\x00-Encoding: chunked\n", CONTINUE, HELLO,
     CREATED},
    {"NUL after a name", UP EXPECT LENGTH "| Transfer-Encoding\\x00: chunked\n", CONTINUE, HELLO,
     CREATED},
    {"NUL in a value", UP EXPECT LENGTH "| X: a\\x00b\n", CONTINUE, HELLO, CREATED},
    {"NUL in Expect", UP LENGTH "| Expect: 100-continue\\x00\n", CONTINUE, HELLO, CREATED},
    {"a control byte after a name", UP EXPECT LENGTH "| Transfer-Encoding\\x0b: chunked\n",
     CONTINUE, HELLO, CREATED},
    {"a byte above ASCII before a name", UP EXPECT LENGTH "| \\xa0Transfer-Encoding: chunked\n",
     CONTINUE, HELLO, CREATED},
    /* --- Expect --- */
    {"Expect twice", UP LENGTH EXPECT EXPECT, CONTINUE, HELLO, CREATED},
    {"Expect as a list", UP LENGTH "| Expect: 100-continue, 100-continue\n", CONTINUE, HELLO,
     CREATED},
    {"Expect behind a word", UP LENGTH "| Expect: y 100-continue\n", CONTINUE, HELLO, CREATED},
    {"Expect behind a comma", UP LENGTH "| Expect: ,100-continue,x=\n", CONTINUE, HELLO, CREATED},
    /* --- chunks --- */
    {"a chunk size with a word behind it", UP EXPECT CHUNKED, CONTINUE,
     "5 5\\r\\nhello\\r\\n0\\r\\n\\r\\n", CREATED},
    {"a blank before a chunk size", UP EXPECT CHUNKED, CONTINUE,
     "\\s5\\r\\nhello\\r\\n0\\r\\n\\r\\n", CREATED},
    {"a chunk size with a sign", UP EXPECT CHUNKED, CONTINUE, "+5\\r\\nhello\\r\\n0\\r\\n\\r\\n",
     CREATED},
    {"a negative chunk size", UP EXPECT CHUNKED, CONTINUE, "-5\\r\\nhello\\r\\n0\\r\\n\\r\\n",
     CREATED},
    {"a chunk size with 0x", UP EXPECT CHUNKED, CONTINUE, "0x5\\r\\nhello\\r\\n0\\r\\n\\r\\n",
     CREATED},
    {"a chunk size beyond any number", UP EXPECT CHUNKED, CONTINUE,
     "10000000000000005\\r\\nhello\\r\\n0\\r\\n\\r\\n", CREATED},
    {"no chunk size", UP EXPECT CHUNKED, CONTINUE, "\\r\\nhello\\r\\n0\\r\\n\\r\\n", CREATED},
    {"CR alone in a chunk extension", UP EXPECT CHUNKED, CONTINUE,
     "5;a\\rb\\r\\nhello\\r\\n0\\r\\n\\r\\n", CREATED},
    {"LF alone after a chunk size", UP EXPECT CHUNKED, CONTINUE, "5\\nhello\\r\\n0\\r\\n\\r\\n",
     CREATED},
    {"LF alone after a chunk", UP EXPECT CHUNKED, CONTINUE, "5\\r\\nhello\\n0\\r\\n\\r\\n",
     CREATED},
    {"a chunk longer than its size", UP EXPECT CHUNKED, CONTINUE,
     "5\\r\\nhello!\\r\\n0\\r\\n\\r\\n", CREATED},
    {"NUL in a chunk size", UP EXPECT CHUNKED, CONTINUE, "5\\x00\\r\\nhello\\r\\n0\\r\\n\\r\\n",
     CREATED},
    /* --- answers --- */
    {"a 100 with a length", UP EXPECT LENGTH,
     "HTTP/1.1 100 Continue\\r\\nContent-Length: 5\\r\\n\\r\\n", HELLO, CREATED},
    {"a 100 with a coding", UP EXPECT LENGTH,
     "HTTP/1.1 100 Continue\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n", HELLO, CREATED},
    {"a 100 with CR alone", UP EXPECT LENGTH, "HTTP/1.1 100 Continue\\r\\nX: y\\rZ: 0\\r\\n\\r\\n",
     HELLO, CREATED},
    {"a 100 with NUL", UP EXPECT LENGTH, "HTTP/1.1 100 Con\\x00tinue\\r\\n\\r\\n", HELLO, CREATED},
    {"a final response with two lengths", UP EXPECT LENGTH, CONTINUE, HELLO,
     "HTTP/1.1 201 Created\n| Content-Length: 2\n| Content-Length: 3\n|\n> bytes 2\n"},
    {"a final response with both framings", UP EXPECT LENGTH, CONTINUE, HELLO,
     "HTTP/1.1 201 Created\n| Content-Length: 2\n" CHUNKED "|\n> last\n"},
    {"a final response chunked to HTTP/1.0", UP EXPECT LENGTH, CONTINUE, HELLO,
     "HTTP/1.0 201 Created\n" CHUNKED "|\n> last\n"},
    {"a final response with a bad chunk size", UP EXPECT LENGTH, CONTINUE, HELLO,
     "HTTP/1.1 201 Created\n" CHUNKED "|\n> text 2z\\r\\nok\\r\\n0\\r\\n\\r\\n\n"},
    {"a final response with a blank before a chunk size", UP EXPECT LENGTH, CONTINUE, HELLO,
     "HTTP/1.1 201 Created\n" CHUNKED "|\n> text \\s2\\r\\nok\\r\\n0\\r\\n\\r\\n\n"},
    {"a final response with CR alone", UP EXPECT LENGTH, CONTINUE, HELLO,
     "HTTP/1.1 201 Created\n| X: y\\rContent-Length: 3\n| Content-Length: 2\n|\n> bytes 2\n"},
    {"a final response with a folded length", UP EXPECT LENGTH, CONTINUE, HELLO,
     "HTTP/1.1 201 Created\n| Content-Length:\n| \\s2\n|\n> bytes 2\n"},
};

static void script_of(char *to, size_t size, const struct http_row *r)
{
    const int n = snprintf(to, size,
                           "open\nC: %s|\n+2ms S: %s\nC: %s\n+3ms S: %sC fin\nS fin\n"
                           "conn later\n+1s open\nC: GET / HTTP/1.1\\r\\n\\r\\n\n",
                           r->head, r->interim, r->content, r->final);
    assert_in_range(n, 1, size - 1);
}

static void put_through(const char *name, const struct morph *m)
{
    static const uint32_t cuts[] = {1448, 64, 7, 1};
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
        struct morph cut = {.n = 0};
        morph_split(m, &cut, cuts[i]);
        const struct found f = run(&cut);
        if (f.judged == 0) complain(name, "nothing was judged", &f);
        if (f.sure > 0) complain(name, "too sure", &f);
        if (f.marked == 0 && f.told == 0) complain(name, "not marked", &f);
        if (f.told == 0) complain(name, "nobody is told", &f);
        morph_free(&cut);
    }
}

static void test_http(void **state)
{
    (void)state;
    char script[4096];
    failures = 0;
    for (size_t i = 0; i < sizeof http_rows / sizeof *http_rows; i++) {
        struct morph m;
        script_of(script, sizeof script, &http_rows[i]);
        load(&m, script);
        put_through(http_rows[i].name, &m);
        morph_free(&m);
    }
    assert_int_equal(failures, 0);
}

/* What is usual is not marked, and as sure as ever: else the marks would mean nothing. */
static void test_plain(void **state)
{
    (void)state;
    static const struct http_row rows[] = {
        {"a length", UP EXPECT LENGTH, CONTINUE, HELLO, CREATED},
        {"chunks", UP EXPECT CHUNKED, CONTINUE, "5\\r\\nhello\\r\\n0\\r\\n\\r\\n", CREATED},
        {"chunks with extensions and trailers", UP EXPECT CHUNKED, CONTINUE,
         "5;a=\"b c\"\\r\\nhello\\r\\n0 ;x\\r\\nT: u\\r\\n\\r\\n", CREATED},
        {"a zero before the size", UP EXPECT CHUNKED, CONTINUE,
         "0005\\r\\nhello\\r\\n000\\r\\n\\r\\n", CREATED},
        {"a folded product", UP EXPECT LENGTH "| User-Agent: a\n| \\sb\n", CONTINUE, HELLO,
         CREATED},
        {"lines ended by LF",
         "PUT /up HTTP/1.1\\nHost: h\\nExpect: 100-continue\\nContent-Length: 5\n", CONTINUE, HELLO,
         CREATED},
        {"a compressed answer", UP EXPECT LENGTH, CONTINUE, HELLO,
         "HTTP/1.1 201 Created\n| Transfer-Encoding: gzip, chunked\n|\n> last\n"},
        {"a length repeated", UP EXPECT LENGTH LENGTH, CONTINUE, HELLO, CREATED},
    };
    char script[4096];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct morph m;
        script_of(script, sizeof script, &rows[i]);
        load(&m, script);
        const struct found f = run(&m);
        if (f.judged != 1 || f.marked || f.told || strcmp(f.causes, "continued high; ") != 0)
            fail_msg("%s: marked %u, %s", rows[i].name, f.marked, f.causes);
        morph_free(&m);
    }
}

/* --- TCP --- */

static const char conversation[] =
    "ttl 64 60\nopen\nC: " UP EXPECT CHUNKED "|\n+2ms S: " CONTINUE
    "\nC: 5\\r\\nhello\\r\\n0\\r\\n\\r\\n\n+3ms S: HTTP/1.1 201 Created\n"
    "| Content-Length: 2\n|\n=400ms S: ok\nC fin\nS fin\n";

/* A packet like `p` that differs in the payload's byte `at`, has come `later`, and has another TTL
 * and IP ID where these are not 0. */
static struct morph_packet forged(const struct morph_packet *p, uint32_t at, aw_ns later,
                                  uint8_t ttl, bool id)
{
    enum { IP = 14, TTL = IP + 8, ID = IP + 4, SUM = IP + 10 };
    struct morph_tcp tcp;
    assert_true(morph_tcp(p, &tcp));
    assert_in_range(at, 0, tcp.payload - 1);
    uint8_t *copy = malloc(p->cap);
    assert_non_null(copy);
    memcpy(copy, p->data, p->cap);
    copy[p->cap - tcp.payload + at] ^= 1;
    if (ttl) copy[TTL] = ttl;
    if (id) copy[ID] ^= 0x55;
    copy[SUM] = copy[SUM + 1] = 0;
    uint32_t sum = 0;
    for (unsigned i = 0; i < 20; i += 2)
        sum += (uint32_t)(copy[IP + i] << 8 | copy[IP + i + 1]);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = ~((sum & 0xffff) + (sum >> 16));
    copy[SUM] = (uint8_t)(sum >> 8);
    copy[SUM + 1] = (uint8_t)sum;
    struct morph_packet f = *p;
    f.data = copy;
    f.ts += later;
    return f;
}

/* The n-th packet with payload of a side, from 0. */
static size_t nth(const struct morph *m, bool server, size_t n)
{
    for (size_t i = 0; i < m->n; i++) {
        struct morph_tcp tcp;
        if (morph_tcp(&m->p[i], &tcp) && tcp.payload && (tcp.sport == 80) == server && n-- == 0)
            return i;
    }
    fail_msg("no such packet");
    return 0;
}

static size_t with_payload_before(const struct morph *m, size_t at)
{
    struct morph_tcp tcp;
    size_t i = at;
    while (i > 0 && !(morph_tcp(&m->p[--i], &tcp) && tcp.payload))
        ;
    return i;
}

static const struct tcp_row {
    const char *name;
    bool server;
    size_t nth;  /* packet with payload of that side */
    uint32_t at; /* the byte that differs */
    aw_ns later;
    uint8_t ttl;
    bool id, before, waits; /* another IP ID; captured first; captured before what it follows */
} tcp_rows[] = {
    {"the request, sent again", false, 0, 6, 300 * AW_MS, 0, true, false, false},
    {"the request, another TTL", false, 0, 6, 10 * AW_US, 5, true, false, false},
    {"the request, another TTL, the same ID", false, 0, 6, 10 * AW_US, 5, false, false, false},
    {"the request, a false copy first", false, 0, 6, 10 * AW_US, 5, false, true, false},
    {"Expect, the same way, the same ID", false, 0, 50, 10 * AW_US, 0, false, false, false},
    {"the request, a false copy first, sent again", false, 0, 6, 300 * AW_MS, 0, true, true, false},
    {"the status of the 100, sent again", true, 0, 9, 300 * AW_MS, 0, true, false, false},
    {"the status of the 100, another TTL, the same ID", true, 0, 9, 10 * AW_US, 3, false, false,
     false},
    {"the status of the 100, a false copy first", true, 0, 9, 10 * AW_US, 3, false, true, false},
    {"the final status, another TTL, the same ID", true, 1, 10, 10 * AW_US, 3, false, false, false},
    {"the final status, sent again", true, 1, 10, 300 * AW_MS, 0, true, false, false},
    {"the 100, while it waits", true, 0, 9, 10 * AW_US, 3, true, false, true},
    {"a chunk size, while it waits", false, 1, 0, 10 * AW_US, 5, true, false, true},
};

static void test_tcp(void **state)
{
    (void)state;
    failures = 0;
    for (size_t i = 0; i < sizeof tcp_rows / sizeof *tcp_rows; i++) {
        const struct tcp_row *r = &tcp_rows[i];
        struct morph m;
        load(&m, conversation);
        const size_t at = nth(&m, r->server, r->nth);
        struct morph_packet *list = malloc((m.n + 2) * sizeof *list);
        assert_non_null(list);
        const struct morph_packet f =
            forged(&m.p[at], r->at, r->before ? 0 : r->later, r->ttl, r->id);
        const size_t before = with_payload_before(&m, at);
        size_t n = 0;
        for (size_t k = 0; k < m.n; k++) {
            /* Where it is to wait, what it acknowledges comes after both. */
            if (r->waits && k == before) continue;
            if (k == at && r->before) list[n++] = f;
            list[n++] = m.p[k];
            if (k == at && r->before) list[n - 1].ts += r->later;
            if (k == at && !r->before) list[n++] = f;
            if (k == at && r->waits) list[n++] = m.p[before];
        }
        const struct morph changed = {.p = list, .n = n};
        const struct found got = run(&changed);
        if (got.judged == 0) complain(r->name, "nothing was judged", &got);
        if (got.sure > 0) complain(r->name, "too sure", &got);
        if (got.told == 0) complain(r->name, "nobody is told", &got);
        if (got.conflicts == 0) complain(r->name, "not counted", &got);
        free((void *)(uintptr_t)f.data);
        free(list);
        morph_free(&m);
    }
    assert_int_equal(failures, 0);
}

/* Another answer in the same place, when the exchange is over: until it has settled, or the client
 * has asked again. */
static void test_after_the_end(void **state)
{
    (void)state;
    static const char over[] =
        "ttl 64 60\nopen\nC: " UP EXPECT CHUNKED "|\n+2ms S: " CONTINUE
        "\nC: 5\\r\\nhello\\r\\n0\\r\\n\\r\\n\n+3ms S: HTTP/1.1 201 Created\n"
        "| Content-Length: 2\n|\n> bytes 2\n=2000ms C fin\nS fin\n";
    static const struct {
        aw_ns later;
        unsigned marked;
    } rows[] = {{300 * AW_MS, 1}, {1500 * AW_MS, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct morph m;
        load(&m, over);
        const size_t at = nth(&m, true, 1);
        struct morph_packet *list = malloc((m.n + 1) * sizeof *list);
        assert_non_null(list);
        memcpy(list, m.p, (at + 1) * sizeof *list);
        list[at + 1] = forged(&m.p[at], 10, rows[i].later, 0, true);
        memcpy(list + at + 2, m.p + at + 1, (m.n - at - 1) * sizeof *list);
        const struct morph changed = {.p = list, .n = m.n + 1};
        const struct found got = run(&changed);
        assert_int_equal(got.judged, 1);
        assert_int_equal(got.marked, rows[i].marked);
        assert_int_equal(got.sure, 1 - rows[i].marked);
        free((void *)(uintptr_t)list[at + 1].data);
        free(list);
        morph_free(&m);
    }
}

/* True copies, some of them one hop further on, contradict nothing. */
static void test_true_copies(void **state)
{
    (void)state;
    for (int how = MORPH_COPY_SAME; how <= MORPH_COPY_IFACE; how++) {
        struct morph m, twice = {.n = 0};
        load(&m, conversation);
        morph_double(&m, &twice, (enum morph_copy)how, 5 * AW_US);
        const struct found f = run(&twice);
        assert_string_equal(f.causes, "continued high; ");
        assert_int_equal(f.marked, 0);
        assert_int_equal(f.conflicts, 0);
        morph_free(&twice);
        morph_free(&m);
    }
}

/* --- captures of an evasion test suite --- */

static void test_evader(void **state)
{
    (void)state;
    const char *folder = getenv("AWAIT100_CORPUS");
    char pattern[1024], err[512];
    snprintf(pattern, sizeof pattern, "%s/suricata-verify/http-evader*",
             folder ? folder : "../shared/corpus");
    glob_t g;
    if (glob(pattern, 0, NULL, &g) != 0) {
        print_message("no captures at %s: skipped\n", pattern);
        skip();
    }
    failures = 0;
    unsigned marked = 0;
    for (size_t i = 0; i < g.gl_pathc; i++) {
        struct morph m = {.n = 0};
        if (!morph_load(&m, g.gl_pathv[i], err, sizeof err)) fail_msg("%s", err);
        const struct found f = run(&m);
        if (f.sure > 0) complain(g.gl_pathv[i], "too sure", &f);
        marked += f.marked > 0;
        morph_free(&m);
    }
    print_message("%zu captures, %u with a mark\n", (size_t)g.gl_pathc, marked);
    globfree(&g);
    assert_int_equal(failures, 0);
    assert_true(marked > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_http),        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_tcp),         cmocka_unit_test(test_after_the_end),
        cmocka_unit_test(test_true_copies), cmocka_unit_test(test_evader),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
