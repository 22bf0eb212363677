/*
 * A complete head into struct aw_head: start line, the fields that something later needs, framing
 * and the shape of Expect. Everything else is passed over. Hostile input is the rule here: a head
 * that breaks the grammar is read as far as it goes, and the bits say how it breaks it.
 */
#include "http/head.h"

#include <string.h>

#include "http/sniff.h"
#include "http/token.h"

/* What a field name leads to. Below AW_FIELD_COUNT: kept as that field as well. */
enum what {
    WHAT_HOST = AW_FIELD_HOST,
    WHAT_USER_AGENT = AW_FIELD_USER_AGENT,
    WHAT_EXPECT = AW_FIELD_EXPECT,
    WHAT_VIA = AW_FIELD_VIA,
    WHAT_XFF = AW_FIELD_XFF,
    WHAT_FORWARDED = AW_FIELD_FORWARDED,
    WHAT_REQUEST_ID = AW_FIELD_REQUEST_ID,
    WHAT_SERVER = AW_FIELD_SERVER,
    WHAT_LOCATION = AW_FIELD_LOCATION,
    WHAT_RETRY_AFTER = AW_FIELD_RETRY_AFTER,
    WHAT_X_SQUID_ERROR = AW_FIELD_X_SQUID_ERROR,
    WHAT_X_CACHE = AW_FIELD_X_CACHE,
    WHAT_LENGTH = AW_FIELD_COUNT,
    WHAT_TE,
    WHAT_CONNECTION,
    WHAT_UPGRADE,
    WHAT_AUTHORIZATION,
    WHAT_SOAP,
    WHAT_AGE,
    WHAT_PROXY, /* Proxy-*: the sign of an intermediary */
    WHAT_REQ_HINT,
    WHAT_RES_HINT,
    WHAT_HINT, /* either direction */
    WHAT_OTHER,
};

struct name {
    const char *text; /* in its usual spelling; NULL = no further one */
    uint8_t what;
};

/* By length, so that nearly all names of a head are told apart by that and their first letter. */
enum { NAME_MAX = 30, NAMES_MAX = 8 /* of one length, the NULL at the end counted */ };
static const struct name names[NAME_MAX + 1][NAMES_MAX] = {
    [3] =
        {
            {"Age", WHAT_AGE},
            {"Via", WHAT_VIA},
        },
    [4] = {{"Host", WHAT_HOST}},
    [6] =
        {
            {"CF-RAY", WHAT_RES_HINT},
            {"Expect", WHAT_EXPECT},
            {"Server", WHAT_SERVER},
        },
    [7] =
        {
            {"Upgrade", WHAT_UPGRADE},
            {"X-Cache", WHAT_X_CACHE},
            {"X-Iinfo", WHAT_RES_HINT},
        },
    [8] = {{"Location", WHAT_LOCATION}},
    [9] =
        {
            {"Forwarded", WHAT_FORWARDED},
            {"X-Runtime", WHAT_RES_HINT},
            {"X-Varnish", WHAT_RES_HINT},
        },
    [10] =
        {
            {"Connection", WHAT_CONNECTION},
            {"SOAPAction", WHAT_SOAP},
            {"User-Agent", WHAT_USER_AGENT},
            {"x-amz-id-2", WHAT_RES_HINT},
        },
    [11] =
        {
            {"Retry-After", WHAT_RETRY_AFTER},
            {"traceparent", WHAT_REQUEST_ID},
            {"X-Amz-Cf-Id", WHAT_RES_HINT},
            {"X-Azure-Ref", WHAT_RES_HINT},
            {"X-Generator", WHAT_RES_HINT},
            {"X-Served-By", WHAT_RES_HINT},
        },
    [12] =
        {
            {"X-Powered-By", WHAT_RES_HINT},
            {"X-Request-Id", WHAT_REQUEST_ID},
        },
    [13] =
        {
            {"Authorization", WHAT_AUTHORIZATION},
            {"X-Squid-Error", WHAT_X_SQUID_ERROR},
        },
    [14] =
        {
            {"Content-Length", WHAT_LENGTH},
            {"X-Cache-Lookup", WHAT_RES_HINT},
        },
    [15] =
        {
            {"X-Amzn-Trace-Id", WHAT_REQUEST_ID},
            {"X-Forwarded-For", WHAT_XFF},
        },
    [16] =
        {
            {"x-amz-request-id", WHAT_RES_HINT},
            {"x-amz-user-agent", WHAT_REQ_HINT},
            {"X-AspNet-Version", WHAT_RES_HINT},
            {"X-Correlation-Id", WHAT_REQUEST_ID},
            {"X-Requested-With", WHAT_REQ_HINT},
        },
    [17] =
        {
            {"Transfer-Encoding", WHAT_TE},
            {"X-Vcap-Request-Id", WHAT_HINT},
        },
    [19] = {{"X-AspNetMvc-Version", WHAT_RES_HINT}},
    [20] = {{"x-amz-content-sha256", WHAT_REQ_HINT}},
    [21] =
        {
            {"amz-sdk-invocation-id", WHAT_REQ_HINT},
            {"x-envoy-attempt-count", WHAT_HINT},
        },
    [24] = {{"X-Expected-Entity-Length", WHAT_REQ_HINT}},
    [28] = {{"x-amz-decoded-content-length", WHAT_REQ_HINT}},
    [29] = {{"x-envoy-upstream-service-time", WHAT_RES_HINT}},
    [30] = {{"x-envoy-expected-rq-timeout-ms", WHAT_REQ_HINT}},
};

static bool is_same_name(struct aw_span name, const char *text)
{
    if (memcmp(name.p, text, name.len) == 0) return true;
    for (size_t i = 0; i < name.len; i++)
        if (aw_tok_lower(name.p[i]) != aw_tok_lower((uint8_t)text[i])) return false;
    return true;
}

static enum what look_up(struct aw_span name)
{
    if (name.len == 0) return WHAT_OTHER;
    const uint8_t first = name.p[0] | 0x20; /* to leave out most that differ, by one bit */
    if (name.len <= NAME_MAX) {
        const struct name *n = names[name.len];
        for (; n->text != NULL; n++)
            if ((n->text[0] | 0x20) == first && is_same_name(name, n->text))
                return (enum what)n->what;
    }
    if (first == 'p' && aw_tok_begins(name, "proxy-")) return WHAT_PROXY;
    return WHAT_OTHER;
}

/* --- Expect --- */

static size_t token_len(struct aw_span s)
{
    size_t n = 0;
    while (n < s.len && aw_tok_is_tchar(s.p[n]))
        n++;
    return n;
}

/* Length of a quoted-string at the beginning of s (RFC 9110, 5.6.4); 0 where it is none. */
static size_t quoted_len(struct aw_span s)
{
    if (s.len < 2 || s.p[0] != '"') return 0;
    for (size_t i = 1; i < s.len; i++) {
        if (s.p[i] == '"') return i + 1;
        if (s.p[i] == '\\') i++;
    }
    return 0;
}

static void skip(struct aw_span *s, size_t n)
{
    s->p += n;
    s->len -= n;
}

static void skip_space(struct aw_span *s)
{
    while (s->len != 0 && aw_tok_is_blank(s->p[0]))
        skip(s, 1);
}

/* "=" ( token / quoted-string ) at the beginning of s: taken off, or false. */
static bool take_value(struct aw_span *s)
{
    if (s->len == 0 || s->p[0] != '=') return false;
    skip(s, 1);
    size_t n = token_len(*s);
    if (n == 0) n = quoted_len(*s);
    skip(s, n);
    return n != 0;
}

/*
 * expectation = token [ "=" ( token / quoted-string ) parameters ]
 * parameters  = *( OWS ";" OWS [ token "=" ( token / quoted-string ) ] )
 * So "100-continue;q=1" is no expectation (parameters come only after a value), "y 100-continue" is
 * none either, and neither is a list of nothing.
 */
static uint32_t expectation_bits(struct aw_span member)
{
    struct aw_span rest = member;
    const struct aw_span name = {rest.p, token_len(rest)};
    if (name.len == 0) return AW_REQ_EXPECT_MALFORMED;
    skip(&rest, name.len);
    const bool bare = rest.len == 0;
    bool good = bare || take_value(&rest);
    while (good && rest.len != 0) {
        skip_space(&rest);
        good = rest.len != 0 && rest.p[0] == ';';
        if (!good) break;
        skip(&rest, 1);
        skip_space(&rest);
        const size_t n = token_len(rest);
        skip(&rest, n);
        if (n != 0) good = take_value(&rest);
    }

    uint32_t bits = good ? 0 : AW_REQ_EXPECT_MALFORMED;
    if (aw_tok_is(name, "100-continue")) {
        /* A value or parameters belong to it; anything else after it makes it no member at all. */
        struct aw_span after = {member.p + name.len, member.len - name.len};
        const bool value = after.len != 0 && after.p[0] == '=';
        skip_space(&after);
        const bool params = value || (after.len != 0 && after.p[0] == ';');
        if (bare || params) {
            bits |= AW_REQ_EXPECT_100;
            if (memcmp(name.p, "100-continue", name.len) != 0) bits |= AW_REQ_EXPECT_CASE;
        }
        if (params) bits |= AW_REQ_EXPECT_PARAMS;
    } else if (good) {
        bits |= AW_REQ_EXPECT_OTHER;
    }
    return bits;
}

uint32_t aw_head_expect_bits(const struct aw_tok_field *field, unsigned *members)
{
    *members = 0;
    if (field->value.len == 0) return 0; /* "Expect:" as curl -H 'Expect;' sends it: none */
    static const char usual[] = "100-continue";
    uint32_t bits = AW_REQ_EXPECT;
    if (!field->space && !field->folded && field->value.len == sizeof usual - 1 &&
        memcmp(field->value.p, usual, sizeof usual - 1) == 0) {
        *members = 1;
        return bits | AW_REQ_EXPECT_100;
    }
    if (field->folded) bits |= AW_REQ_EXPECT_FOLDED;
    if (field->space) bits |= AW_REQ_EXPECT_SPACE;
    for (size_t i = 0; i < field->value.len; i++) {
        const uint8_t c = field->value.p[i];
        /* CR and LF of a fold are no control bytes; a CR elsewhere, or a NUL, is. */
        const bool fold =
            c == '\n' || (c == '\r' && i + 1 < field->value.len && field->value.p[i + 1] == '\n');
        if ((c < 0x20 && c != '\t' && !fold) || c == 0x7f)
            bits |= AW_REQ_EXPECT_CONTROL | AW_REQ_EXPECT_MALFORMED;
    }
    struct aw_span rest = field->value, member;
    while (aw_tok_next_member(&rest, &member)) {
        ++*members;
        bits |= expectation_bits(member);
    }
    if (*members == 0) bits |= AW_REQ_EXPECT_MALFORMED;
    if (*members > 1) bits |= AW_REQ_EXPECT_MEMBERS;
    return bits;
}

/* --- values --- */

/* A value with folds becomes one line: each fold one space (RFC 9112, 5.2). */
static struct aw_span unfold(struct aw_span value, struct aw_head_scratch *scratch)
{
    uint8_t *at = scratch->bytes + scratch->used;
    const size_t room = sizeof scratch->bytes - scratch->used;
    size_t n = 0;
    for (size_t i = 0; i < value.len && n < room;) {
        size_t j = i;
        bool line_end = false;
        while (j < value.len && aw_tok_is_blank(value.p[j]))
            line_end |= value.p[j++] == '\n';
        if (line_end) {
            at[n++] = ' ';
            i = j;
        } else {
            at[n++] = value.p[i++];
        }
    }
    scratch->used += n;
    return (struct aw_span){at, n};
}

static void add_hint(struct aw_span *hint, struct aw_head_scratch *scratch,
                     const struct aw_tok_field *f)
{
    enum { VALUE_MAX = 96 };
    const size_t value = f->folded ? 0 : f->value.len < VALUE_MAX ? f->value.len : VALUE_MAX;
    const size_t need = f->name.len + 2 + value + (hint->len != 0);
    if (need > sizeof scratch->hint - hint->len) return;
    uint8_t *at = scratch->hint + hint->len;
    if (hint->len != 0) *at++ = '\n';
    memcpy(at, f->name.p, f->name.len);
    memcpy(at + f->name.len, ": ", 2);
    if (value != 0) memcpy(at + f->name.len + 2, f->value.p, value);
    *hint = (struct aw_span){scratch->hint, hint->len + need};
}

/* State of the fields of one head while they go by. */
struct fields {
    enum aw_dir dir;
    struct aw_head *h;
    struct aw_head_scratch *scratch;
    unsigned expect_lines, expect_members;
    bool te_last_chunked, te_odd;
    enum aw_length_state lengths;
};

static void take_length(struct fields *f, struct aw_span value)
{
    if (!f->h->has_length && aw_tok_number(value, &f->h->length)) {
        f->h->has_length = true;
        return;
    }
    /* A list of equal numbers is one number; anything else cannot be used (RFC 9112, 6.3, 5). */
    struct aw_span member;
    bool any = false;
    const bool before = f->h->has_length;
    f->h->has_length = true;
    while (aw_tok_next_member(&value, &member)) {
        int64_t v = 0;
        any = true;
        if (!aw_tok_number(member, &v)) {
            f->lengths = AW_LENGTH_BAD;
        } else if (f->h->length >= 0 && f->h->length != v) {
            if (f->lengths == AW_LENGTH_OK) f->lengths = AW_LENGTHS_DIFFER;
        } else {
            f->h->length = v;
        }
    }
    if (!any && !before) f->lengths = AW_LENGTH_BAD;
}

static void take_connection(struct fields *f, struct aw_span value)
{
    struct aw_span member;
    while (aw_tok_next_member(&value, &member)) {
        if (aw_tok_is(member, "close")) {
            f->h->req |= AW_REQ_CLOSE;
            f->h->res |= AW_RES_CLOSE;
        } else if (aw_tok_is(member, "keep-alive")) {
            f->h->req |= AW_REQ_KEEP;
            f->h->res |= AW_RES_KEEP;
        }
    }
}

static void take_codings(struct fields *f, struct aw_span value)
{
    struct aw_span member;
    while (aw_tok_next_member(&value, &member)) {
        /* "identity" was a coding of RFC 2616 and meant none. Some still take it so, others refuse
         * it, others look at the last member alone. */
        f->te_odd |= f->te_last_chunked;
        if (aw_tok_is(member, "identity")) {
            f->te_odd = true;
            continue;
        }
        f->h->has_te = true;
        f->te_last_chunked = aw_tok_is(member, "chunked");
    }
}

/* A byte that is no part of a name at its beginning or end: to some it is the name without it. */
static bool is_odd_name(struct aw_span name)
{
    return name.len == 0 || !aw_tok_is_tchar(name.p[0]) || !aw_tok_is_tchar(name.p[name.len - 1]);
}

static void take_field(struct fields *f, struct aw_tok_field *line)
{
    struct aw_head *h = f->h;
    h->fields++;
    h->odd |= line->no_colon | line->space;
    if (line->no_colon) return;
    const enum what what = look_up(line->name);
    if (what == WHAT_OTHER) {
        h->odd |= is_odd_name(line->name);
        return;
    }
    h->odd |= line->folded && (what == WHAT_EXPECT || what == WHAT_LENGTH || what == WHAT_TE ||
                               what == WHAT_CONNECTION || what == WHAT_HOST);
    line->value = aw_tok_trim(line->value);
    if ((unsigned)what < AW_FIELD_COUNT) {
        const uint32_t bit = 1u << what;
        if ((h->has & bit) == 0) {
            h->has |= bit;
            h->field[what] = line->folded ? unfold(line->value, f->scratch) : line->value;
        } else if (what != WHAT_REQUEST_ID) { /* names share that one; the first found counts */
            h->repeated[what] = true;
        }
    }
    switch (what) {
    case WHAT_EXPECT: {
        unsigned members = 0;
        h->req |= aw_head_expect_bits(line, &members);
        f->expect_lines++;
        f->expect_members += members;
        break;
    }
    case WHAT_VIA:
        h->res |= AW_RES_VIA;
        break;
    case WHAT_X_SQUID_ERROR:
        h->res |= AW_RES_SQUID;
        break;
    case WHAT_X_CACHE:
        h->res |= AW_RES_X_CACHE;
        break;
    case WHAT_LENGTH:
        take_length(f, line->value);
        break;
    case WHAT_TE:
        take_codings(f, line->value);
        break;
    case WHAT_CONNECTION:
        take_connection(f, line->value);
        break;
    case WHAT_UPGRADE:
        h->req |= AW_REQ_UPGRADE;
        break;
    case WHAT_AUTHORIZATION:
        if (aw_tok_begins(line->value, "aws4-hmac-sha256")) h->req |= AW_REQ_SIGNED;
        break;
    case WHAT_SOAP:
        h->req |= AW_REQ_SOAP;
        if (f->dir == AW_C2S) add_hint(&h->req_hint, f->scratch, line);
        break;
    case WHAT_AGE:
        h->res |= AW_RES_AGE;
        break;
    case WHAT_PROXY:
        h->res |= AW_RES_PROXY_FIELD;
        if (aw_tok_is(line->name, "proxy-connection") ||
            aw_tok_is(line->name, "proxy-authorization"))
            h->req |= AW_REQ_PROXY_FIELD;
        break;
    case WHAT_REQ_HINT:
        if (f->dir == AW_C2S) add_hint(&h->req_hint, f->scratch, line);
        break;
    case WHAT_RES_HINT:
        if (f->dir == AW_S2C) add_hint(&h->res_hint, f->scratch, line);
        break;
    case WHAT_HINT:
        add_hint(f->dir == AW_C2S ? &h->req_hint : &h->res_hint, f->scratch, line);
        break;
    case WHAT_HOST:
    case WHAT_USER_AGENT:
    case WHAT_XFF:
    case WHAT_FORWARDED:
    case WHAT_REQUEST_ID:
    case WHAT_SERVER:
    case WHAT_LOCATION:
    case WHAT_RETRY_AFTER:
    case WHAT_OTHER:
        break;
    }
}

static bool is_absolute(struct aw_span target)
{
    size_t i = 0;
    while (i < target.len && i < 16 && target.p[i] != ':' && target.p[i] != '/')
        i++;
    return i != 0 && i + 2 < target.len && memcmp(target.p + i, "://", 3) == 0;
}

static void finish_request(struct fields *f)
{
    struct aw_head *h = f->h;
    h->res = 0;
    if (f->expect_lines > 1 && (h->req & AW_REQ_EXPECT) != 0) h->req |= AW_REQ_EXPECT_LINES;
    if (f->expect_members > 1) h->req |= AW_REQ_EXPECT_MEMBERS;
    if (h->has_length) h->req |= AW_REQ_HAS_LENGTH;
    if (h->has_te) h->req |= AW_REQ_HAS_TE;
    if (h->chunked) h->req |= AW_REQ_CHUNKED;
    if (f->lengths == AW_LENGTH_BAD) h->req |= AW_REQ_LENGTH_BAD;
    if (f->lengths == AW_LENGTHS_DIFFER) h->req |= AW_REQ_LENGTHS_DIFFER;
    if (aw_tok_is(h->method, "connect")) h->req |= AW_REQ_CONNECT;
    if (aw_tok_is(h->method, "head")) h->req |= AW_REQ_HEAD;
    if (is_absolute(h->target)) h->req |= AW_REQ_ABSOLUTE;
    /* The target of CONNECT opens a tunnel after the head; content of the request has no meaning
     * (RFC 9110, 9.3.6), but is framed as any other. */
    h->no_content = !h->has_te && h->length <= 0 && f->lengths == AW_LENGTH_OK;
}

static void finish_response(struct fields *f)
{
    struct aw_head *h = f->h;
    h->req = 0;
    if (h->has_length) h->res |= AW_RES_HAS_LENGTH;
    if (h->chunked) h->res |= AW_RES_CHUNKED;
    if (h->reason.len == 0) h->res |= AW_RES_NO_REASON;
    if (h->version <= 10) h->res |= AW_RES_HTTP10;
}

bool aw_head_odd_bytes(struct aw_span raw)
{
    if (raw.len == 0 || memchr(raw.p, '\0', raw.len) != NULL) return raw.len != 0;
    const uint8_t *const end = raw.p + raw.len, *cr = raw.p;
    while ((cr = memchr(cr, '\r', (size_t)(end - cr))) != NULL && cr + 1 < end) {
        if (cr[1] != '\n') return true;
        cr += 2;
        if (cr == end) break;
    }
    return false;
}

/* Splits the start line; false where it cannot be read: then what there is of it. */
static bool take_start(enum aw_dir dir, const uint8_t *p, size_t len, struct aw_start_line *out)
{
    const size_t n = aw_tok_line(p, len);
    const struct aw_span line = {p, n == 0 ? len : n};
    if (aw_split_start(dir, line, out)) return true;
    *out = (struct aw_start_line){.len = line.len, .version = 9};
    if (dir == AW_S2C) return false;
    /* No version: the method at least, and what stands where the target would. */
    const struct aw_span text = aw_tok_trim(line);
    size_t m = 0;
    while (m < text.len && !aw_tok_is_space(text.p[m]))
        m++;
    out->method = (struct aw_span){text.p, m};
    out->target = aw_tok_trim((struct aw_span){text.p + m, text.len - m});
    return false;
}

bool aw_head_parse(enum aw_dir dir, const struct aw_start_line *start, const uint8_t *p, size_t len,
                   struct aw_head_scratch *scratch, struct aw_head *out,
                   enum aw_length_state *lengths)
{
    struct aw_start_line split;
    bool good = true;
    if (start == NULL) {
        good = take_start(dir, p, len, &split);
        start = &split;
    }
    scratch->used = 0;
    *out = (struct aw_head){
        .raw = {p, len},
        .method = start->method,
        .target = start->target,
        .reason = start->reason,
        .status = start->status,
        .version = start->version,
        .length = -1,
    };
    struct fields f = {.dir = dir, .h = out, .scratch = scratch};
    struct aw_span rest = {p + start->len, len - start->len};
    struct aw_tok_field line;
    while (aw_tok_next_field(&rest, &line)) {
        /* Where the line broke off its value is not known: a length of 80 may have been 8000. That
         * there was an expectation is known all the same. */
        const bool cut = rest.len == 0 && p[len - 1] != '\n';
        if (!cut || look_up(line.name) == WHAT_EXPECT) take_field(&f, &line);
    }
    out->whole = rest.len != 0; /* then the empty line is next */
    if (out->whole) out->raw.len = len - rest.len + (*rest.p == '\n' ? 1 : 2);

    out->chunked = f.te_last_chunked;
    if (f.lengths != AW_LENGTH_OK) out->length = -1;
    const bool frames = dir == AW_C2S && (out->has_length || out->has_te || f.expect_lines);
    /* Which of two framings counts, whether a coding is known, and whether HTTP/1.0 knows any (RFC
     * 9112, 6.1), is a matter of who reads it. */
    out->odd |= f.lengths != AW_LENGTH_OK || f.te_odd || (frames && aw_head_odd_bytes(out->raw)) ||
                (out->has_te && (!out->chunked || out->has_length || out->version <= 10));
    if (dir == AW_C2S)
        finish_request(&f);
    else
        finish_response(&f);
    *lengths = f.lengths;
    return good;
}

void aw_head_frame_response(struct aw_head *head, bool to_head, bool to_connect)
{
    head->no_content = to_head || head->status < 200 || head->status == 204 ||
                       head->status == 304 || (to_connect && head->status < 300);
    head->until_close = !head->no_content && !head->chunked && (head->has_te || !head->has_length);
    if (head->until_close) head->res |= AW_RES_UNTIL_CLOSE;
}
