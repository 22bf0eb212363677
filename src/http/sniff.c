/*
 * What the first bytes of a message, or of a direction, look like: a request line, a status line,
 * TLS, HTTP/2, or none of these. Recognition is by content alone, never by port or segment.
 */
#include "http/sniff.h"

#include "http/token.h"

#include <string.h>

/* Methods of the IANA registry (RFC 9110, 16.1.1) and those that captures show beside it: a line
 * that begins with one of them is believed after a hole, where anything might stand. */
static const char *const methods[] = {
    "GET",
    "POST",
    "HEAD",
    "PUT",
    "OPTIONS",
    "DELETE",
    "CONNECT",
    "PATCH",
    "TRACE",
    "PROPFIND",
    "PROPPATCH",
    "MKCOL",
    "COPY",
    "MOVE",
    "LOCK",
    "UNLOCK",
    "REPORT",
    "SEARCH",
    "MERGE",
    "CHECKOUT",
    "CHECKIN",
    "UPDATE",
    "MKACTIVITY",
    "ACL",
    "BIND",
    "UNBIND",
    "REBIND",
    "LINK",
    "UNLINK",
    "LABEL",
    "MKCALENDAR",
    "MKREDIRECTREF",
    "ORDERPATCH",
    "UNCHECKOUT",
    "VERSION-CONTROL",
    "MKWORKSPACE",
    "BASELINE-CONTROL",
    "UPDATEREDIRECTREF",
    "QUERY",
    "SUBSCRIBE",
    "UNSUBSCRIBE",
    "NOTIFY",
    "POLL",
    "BPROPFIND",
    "BPROPPATCH",
    "BCOPY",
    "BMOVE",
    "BDELETE",
    "M-SEARCH",
    "PURGE",
    "BAN",
    "SOURCE",
    "RPC_IN_DATA",
    "RPC_OUT_DATA",
    "RPC_CONNECT",
    "CCM_POST",
    "TRACK",
    "DEBUG",
    "BREW",
};

/* whole: the method must be one of them; else it is enough that one begins with it. */
static bool is_known_method(const uint8_t *p, size_t len, bool whole)
{
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        if ((uint8_t)methods[i][0] != p[0]) continue;
        const size_t m = strlen(methods[i]);
        if ((whole ? m == len : m >= len) && memcmp(methods[i], p, len) == 0) return true;
    }
    return false;
}

/* "HTTP/" digits "." digits at p, letter case aside. Returns its length, 0 where it is none. NUL
 * bytes among them are passed over, as some recipients do: evasion lives of who does and who does
 * not, so the message is read, and it is not exact. */
static size_t version_at(const uint8_t *p, size_t len, uint8_t *version, bool *exact)
{
    /* What nearly every message says. */
    if (len >= 8 && memcmp(p, "HTTP/1.", 7) == 0 && (p[7] == '0' || p[7] == '1') &&
        (len == 8 || (!aw_tok_is_digit(p[8]) && p[8] != 0))) {
        *exact = true;
        *version = p[7] == '0' ? 10 : 11;
        return 8;
    }
    if (len < 6 || !aw_tok_begins((struct aw_span){p, len}, "http/")) return 0;
    if (!aw_tok_is_digit(p[5])) return 0;
    size_t i = 5;
    unsigned major = 0, minor = 0;
    for (; i < len && (aw_tok_is_digit(p[i]) || p[i] == 0) && major < 100; i++)
        if (p[i] != 0) major = major * 10 + p[i] - '0';
    const size_t dot = i;
    if (i < len && p[i] == '.')
        for (i++; i < len && (aw_tok_is_digit(p[i]) || p[i] == 0) && minor < 100; i++)
            if (p[i] != 0) minor = minor * 10 + p[i] - '0';
    *exact = dot == 6 && i == 8 && major == 1 && memcmp(p, "HTTP", 4) == 0;
    /* A recipient treats a higher minor version as the highest it knows (RFC 9110, 6.2); so do we
     * with a higher major one that nevertheless comes as text. */
    *version = major == 0 ? 9 : major == 1 && minor == 0 ? 10 : 11;
    return i;
}

static struct aw_span strip_end(struct aw_span line)
{
    while (line.len != 0 && aw_tok_is_blank(line.p[line.len - 1]))
        line.len--;
    return line;
}

static bool split_request(struct aw_span line, struct aw_start_line *out)
{
    const size_t len = line.len;
    line = strip_end(line);
    size_t m = 0;
    while (m < line.len && !aw_tok_is_space(line.p[m]))
        m++;
    /* The last " HTTP/" counts: targets with unescaped spaces are sent, and answered. It has at
     * least six bytes. */
    for (size_t i = line.len > 6 ? line.len - 6 : 0; i-- > m;) {
        if (!aw_tok_is_space(line.p[i])) continue;
        uint8_t version = 0;
        bool exact = false;
        const size_t n = version_at(line.p + i + 1, line.len - i - 1, &version, &exact);
        if (n == 0) continue;
        *out = (struct aw_start_line){
            .len = len,
            .method = {line.p, m},
            .target = i > m ? aw_tok_trim((struct aw_span){line.p + m, i - m})
                            : (struct aw_span){line.p + m, 0},
            .version = version,
            .exact = exact && i + 1 + n == line.len,
        };
        return true;
    }
    return false;
}

static bool split_status(struct aw_span line, struct aw_start_line *out)
{
    const size_t len = line.len;
    line = strip_end(line);
    uint8_t version = 0;
    bool exact = false;
    size_t i = version_at(line.p, line.len, &version, &exact);
    if (i == 0) return false;
    const size_t gap = i;
    while (i < line.len && aw_tok_is_space(line.p[i]))
        i++;
    if (i == gap || line.len - i < 3) return false;
    unsigned status = 0;
    for (unsigned k = 0; k < 3; k++, i++) {
        if (!aw_tok_is_digit(line.p[i])) return false;
        status = status * 10 + line.p[i] - '0';
    }
    if (status < 100) return false;
    const bool apart = i == line.len || aw_tok_is_space(line.p[i]);
    /* A fourth digit is no status (RFC 9112, 4), and read by its first three by those who read it.
     */
    *out = (struct aw_start_line){
        .len = len,
        .status = (uint16_t)status,
        .version = version,
        .reason = aw_tok_trim((struct aw_span){line.p + i, line.len - i}),
        .exact = exact && apart,
    };
    return true;
}

bool aw_split_start(enum aw_dir dir, struct aw_span line, struct aw_start_line *out)
{
    return dir == AW_C2S ? split_request(line, out) : split_status(line, out);
}

static enum aw_guess guess_request(const uint8_t *p, size_t len, bool whole, bool strict,
                                   struct aw_start_line *out)
{
    if (len == 0) return AW_GUESS_MORE;
    size_t m = 0;
    while (m < len && m <= AW_METHOD_MAX && aw_tok_is_tchar(p[m]))
        m++;
    if (m > AW_METHOD_MAX) return AW_GUESS_NO;
    if (m == len) return !strict || is_known_method(p, m, false) ? AW_GUESS_MORE : AW_GUESS_NO;
    if (m == 0 || !aw_tok_is_space(p[m])) return AW_GUESS_NO;
    const bool known = is_known_method(p, m, true);
    if (strict && !known) return AW_GUESS_NO;
    if (!whole) return AW_GUESS_MORE;

    if (split_request((struct aw_span){p, len}, out)) {
        if (known && out->exact && out->target.len != 0) return AW_GUESS_SURE;
        return strict ? AW_GUESS_NO : AW_GUESS_LOOSE;
    }
    /* No version: HTTP/0.9, or a line that broke. Only a target that looks like one is believed:
     * other text protocols have commands of these names. */
    const struct aw_span target = aw_tok_trim((struct aw_span){p + m, len - m});
    const bool plausible = target.len != 0 && (target.p[0] == '/' || aw_tok_begins(target, "http"));
    return !strict && known && plausible ? AW_GUESS_BARE : AW_GUESS_NO;
}

static enum aw_guess guess_status(const uint8_t *p, size_t len, bool whole, bool strict,
                                  struct aw_start_line *out)
{
    static const char mark[] = "HTTP/";
    if (len == 0) return AW_GUESS_MORE;
    if (len < 5) return memcmp(p, mark, len) == 0 && !whole ? AW_GUESS_MORE : AW_GUESS_NO;
    if (memcmp(p, mark, 5) != 0) return AW_GUESS_NO;
    if (len == 5 || !whole) return whole ? AW_GUESS_NO : AW_GUESS_MORE;
    if (!split_status((struct aw_span){p, len}, out)) return strict ? AW_GUESS_NO : AW_GUESS_BARE;
    if (out->exact) return AW_GUESS_SURE;
    return strict ? AW_GUESS_NO : AW_GUESS_LOOSE;
}

enum aw_guess aw_guess_line(enum aw_dir dir, const uint8_t *p, size_t len, bool whole, bool strict,
                            struct aw_start_line *out)
{
    return dir == AW_C2S ? guess_request(p, len, whole, strict, out)
                         : guess_status(p, len, whole, strict, out);
}

enum aw_guess aw_guess_start(enum aw_dir dir, const uint8_t *p, size_t len, bool whole, bool strict)
{
    struct aw_start_line parts;
    return aw_guess_line(dir, p, len, whole, strict, &parts);
}

enum aw_http_why aw_guess_opaque(const uint8_t *p, size_t len, bool *more)
{
    *more = false;
    if (len == 0) return AW_WHY_NONE;

    /* TLSPlaintext (RFC 8446, 5.1): type 20 to 24, legacy version 3.0 to 3.4. */
    if (p[0] >= 0x14 && p[0] <= 0x18) {
        *more = len < 3;
        if (len >= 3 && p[1] == 3 && p[2] <= 4) return AW_WHY_TLS;
        if (len >= 2 && p[1] != 3) *more = false;
        return AW_WHY_NONE;
    }
    static const char preface[] = "PRI * HTTP/2.0\r\n";
    const size_t pre = sizeof preface - 1, n = len < pre ? len : pre;
    if (p[0] == 'P' && memcmp(p, preface, n) == 0) {
        *more = n < pre;
        return n < pre ? AW_WHY_NONE : AW_WHY_HTTP2;
    }
    /* The server's first frame is SETTINGS on stream 0: a multiple of 6 bytes, under 16 KiB
     * (RFC 9113, 3.4 and 6.5). */
    static const uint8_t frame[] = {0, 0, 0, 4, 0, 0, 0, 0, 0};
    for (size_t i = 0; i < len && i < sizeof frame; i++)
        if (i != 1 && i != 2 && p[i] != frame[i]) return AW_WHY_NONE;
    if (len < sizeof frame) {
        *more = true;
        return AW_WHY_NONE;
    }
    const unsigned size = (unsigned)p[1] << 8 | p[2];
    return size % 6 == 0 && size <= 16384 ? AW_WHY_HTTP2 : AW_WHY_NONE;
}
