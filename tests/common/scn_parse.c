/*
 * Reads scenario scripts (format: tests/tools/scn2pcap.c) into timed actions. The times written
 * there say how long a side takes to react to what it has received; here they become moments, which
 * takes the delays of the path and nothing else.
 */
#include "scn.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_BYTES = 8192, ACT_BYTES_MAX = 4 << 20, NEST_MAX = 4 };

struct parser {
    struct scn *s;
    const char *path;
    char **line;
    unsigned lines, act_room, conn_room, own_room;
    unsigned current;     /* connection */
    struct scn_conn base; /* what the next connection starts from */
    struct scn_act *open; /* the action that continuation lines add to */
    char *err;
    size_t err_size;
};

__attribute__((format(printf, 3, 4))) static bool fail(struct parser *p, unsigned line,
                                                       const char *fmt, ...)
{
    char what[256];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    snprintf(p->err, p->err_size, "%s:%u: %s", p->path, line + 1, what);
    return false;
}

static const char *skip(const char *t)
{
    while (*t == ' ' || *t == '\t')
        t++;
    return t;
}

/* The next word, cut at white space; returns what follows it. */
static const char *word(const char *t, char *out, size_t size)
{
    t = skip(t);
    size_t n = 0;
    while (*t && !isspace((unsigned char)*t)) {
        if (n + 1 < size) out[n++] = *t;
        t++;
    }
    out[n] = 0;
    return skip(t);
}

static bool duration(const char *t, int64_t *ns)
{
    char *end;
    const double v = strtod(t, &end);
    if (end == t) return false;
    const double unit = strcmp(end, "s") == 0    ? 1e9
                        : strcmp(end, "ms") == 0 ? 1e6
                        : strcmp(end, "us") == 0 ? 1e3
                        : strcmp(end, "ns") == 0 ? 1
                                                 : 0;
    *ns = (int64_t)(v * unit + (v < 0 ? -0.5 : 0.5));
    return unit > 0 || v == 0;
}

static bool number(const char *t, uint32_t *v)
{
    char *end;
    const unsigned long n = strtoul(t, &end, 0);
    *v = (uint32_t)n;
    return end != t && *end == 0 && n <= UINT32_MAX;
}

static bool address(struct scn_conn *c, int side, const char *t)
{
    if (strchr(t, ':')) {
        c->v6 = true;
        return inet_pton(AF_INET6, t, c->addr[side]) == 1;
    }
    c->v6 = false;
    return inet_pton(AF_INET, t, c->addr[side]) == 1;
}

/* --- settings --- */

/* One setting of a connection with its two values; *used says how many words it took. */
static bool conn_setting(struct scn_conn *c, const char *name, const char *a, const char *b)
{
    uint32_t v, w;
    int64_t rtt_c, rtt_s;
    if (strcmp(name, "client") == 0 || strcmp(name, "server") == 0) {
        const int side = *name == 'c' ? SCN_C : SCN_S;
        if (!address(c, side, a) || !number(b, &v) || v > 65535) return false;
        c->port[side] = (uint16_t)v;
        return true;
    }
    if (strcmp(name, "rtt") == 0) {
        if (!duration(a, &rtt_c) || !duration(b, &rtt_s)) return false;
        c->delay[SCN_C] = rtt_c / 2;
        c->delay[SCN_S] = rtt_s / 2;
        return true;
    }
    if (!number(a, &v) || !number(b, &w)) return false;
    if (strcmp(name, "isn") == 0) {
        c->isn[SCN_C] = v;
        c->isn[SCN_S] = w;
        return true;
    }
    if (strcmp(name, "ttl") == 0) {
        c->ttl[SCN_C] = (uint8_t)v;
        c->ttl[SCN_S] = (uint8_t)w;
        return true;
    }
    return false;
}

static bool find_conn(const struct parser *p, const char *name, unsigned *at)
{
    for (unsigned i = 0; i < p->s->conns; i++) {
        if (strcmp(p->s->conn[i].name, name) != 0) continue;
        *at = i;
        return true;
    }
    return false;
}

/* A new connection: one port on from the one before, its clocks where the current one's client is.
 */
static bool add_conn(struct parser *p, const char *name)
{
    struct scn *s = p->s;
    if (s->conns == p->conn_room) {
        p->conn_room = p->conn_room ? p->conn_room * 2 : 8;
        struct scn_conn *q = realloc(s->conn, p->conn_room * sizeof *q);
        if (!q) return false;
        s->conn = q;
    }
    struct scn_conn c = p->base;
    snprintf(c.name, sizeof c.name, "%s", name);
    int64_t now = 0;
    if (s->conns) {
        const struct scn_conn *from = &s->conn[p->current];
        now = from->spoke[SCN_C] > from->heard[SCN_C] ? from->spoke[SCN_C] : from->heard[SCN_C];
    }
    for (int d = 0; d < 2; d++)
        c.spoke[d] = c.heard[d] = now;
    p->current = s->conns;
    s->conn[s->conns++] = c;
    p->base.port[SCN_C]++;
    p->base.isn[SCN_C] += 64000;
    p->base.isn[SCN_S] += 128000;
    return true;
}

static bool conn_line(struct parser *p, unsigned at, const char *t)
{
    char name[16], key[16], a[64], b[64];
    t = word(t, name, sizeof name);
    if (!*name) return fail(p, at, "conn needs a name");
    unsigned old;
    if (find_conn(p, name, &old)) {
        p->current = old;
    } else if (!add_conn(p, name)) {
        return fail(p, at, "out of memory");
    }
    while (*t) {
        t = word(t, key, sizeof key);
        t = word(t, a, sizeof a);
        t = word(t, b, sizeof b);
        if (!conn_setting(&p->s->conn[p->current], key, a, b))
            return fail(p, at, "bad setting '%s %s %s'", key, a, b);
    }
    return true;
}

/* Clocks of the current connection move on to the latest of all: what follows happens after it. */
static void sync_line(struct parser *p)
{
    int64_t now = 0;
    for (unsigned i = 0; i < p->s->conns; i++) {
        for (int d = 0; d < 2; d++) {
            if (p->s->conn[i].spoke[d] > now) now = p->s->conn[i].spoke[d];
            if (p->s->conn[i].heard[d] > now) now = p->s->conn[i].heard[d];
        }
    }
    struct scn_conn *c = &p->s->conn[p->current];
    c->spoke[SCN_C] = c->spoke[SCN_S] = now;
}

static bool setting(struct parser *p, unsigned at, const char *key, const char *t, bool *known)
{
    static const char *const links[] = {"ethernet", "vlan", "qinq", "mpls", "pppoe", "vxlan",
                                        "gre",      "raw",  "sll",  "sll2", "null"};
    char a[64], b[64];
    struct scn *s = p->s;
    *known = true;
    word(word(t, a, sizeof a), b, sizeof b);
    if (conn_setting(&p->base, key, a, b)) return true;
    if (strcmp(key, "link") == 0) {
        for (unsigned i = 0; i < sizeof links / sizeof *links; i++) {
            if (strcmp(links[i], a) != 0) continue;
            s->link = (enum scn_link)i;
            return true;
        }
    } else if (strcmp(key, "snaplen") == 0) {
        if (number(a, &s->snaplen)) return true;
    } else if (strcmp(key, "mss") == 0) {
        if (number(a, &s->mss) && s->mss > 0) return true;
    } else if (strcmp(key, "ackdelay") == 0) {
        if (duration(a, &s->ack_delay)) return true;
    } else if (strcmp(key, "spacing") == 0) {
        if (duration(a, &s->spacing)) return true;
    } else if (strcmp(key, "from") == 0) {
        if (duration(a, &s->from)) return true;
    } else if (strcmp(key, "until") == 0) {
        if (duration(a, &s->until)) return true;
    } else if (strcmp(key, "only") == 0) {
        s->only = *a == 'c' ? SCN_C : SCN_S;
        if (strcmp(a, "client") == 0 || strcmp(a, "server") == 0) return true;
    } else {
        *known = false;
        return true;
    }
    return fail(p, at, "bad setting '%s %s'", key, t);
}

/* --- actions --- */

static bool append(struct scn_act *a, const void *bytes, size_t len)
{
    if (!len) return true;
    if (a->len + len > ACT_BYTES_MAX) return false;
    uint8_t *q = realloc(a->bytes, a->len + len);
    if (!q) return false;
    a->bytes = q;
    memcpy(q + a->len, bytes, len);
    a->len += (uint32_t)len;
    return true;
}

static int hex(int c)
{
    return isdigit(c) ? c - '0' : isxdigit(c) ? tolower(c) - 'a' + 10 : -1;
}

/* Text with C escapes; \s is a space, so that one may stand at the end of a line. */
static bool append_text(struct scn_act *a, const char *t)
{
    char out[LINE_MAX_BYTES];
    size_t n = 0;
    for (; *t && n < sizeof out; t++) {
        if (*t != '\\' || !t[1]) {
            out[n++] = *t;
            continue;
        }
        t++;
        switch (*t) {
        case 'r':
            out[n++] = '\r';
            break;
        case 'n':
            out[n++] = '\n';
            break;
        case 't':
            out[n++] = '\t';
            break;
        case 's':
            out[n++] = ' ';
            break;
        case 'x':
            if (hex((unsigned char)t[1]) < 0 || hex((unsigned char)t[2]) < 0) return false;
            out[n++] = (char)(hex((unsigned char)t[1]) * 16 + hex((unsigned char)t[2]));
            t += 2;
            break;
        default:
            out[n++] = *t;
        }
    }
    return append(a, out, n);
}

static bool append_filler(struct scn_act *a, uint32_t n)
{
    static const char pattern[] =
        "await100 content filler 0123456789 abcdefghijklmnopqrstuvwxyz.\n";
    while (n) {
        const uint32_t m = n < sizeof pattern - 1 ? n : (uint32_t)sizeof pattern - 1;
        if (!append(a, pattern, m)) return false;
        n -= m;
    }
    return true;
}

/* bytes N, chunk N, last, text ...: what a line's content can be made of. */
static bool content(struct scn_act *a, const char *verb, const char *t)
{
    char num[32], line[32];
    uint32_t n;
    if (strcmp(verb, "text") == 0) return append_text(a, t);
    if (strcmp(verb, "last") == 0) return append(a, "0\r\n\r\n", 5);
    word(t, num, sizeof num);
    if (!number(num, &n)) return false;
    if (strcmp(verb, "bytes") == 0) return append_filler(a, n);
    if (strcmp(verb, "chunk") != 0) return false;
    const int len = snprintf(line, sizeof line, "%x\r\n", n);
    return append(a, line, (size_t)len) && append_filler(a, n) && append(a, "\r\n", 2);
}

static bool flag(struct scn_act *a, const char *name, const char *arg)
{
    static const char *const fates[] = {"", "lost", "uncaptured", "gone"};
    for (unsigned i = 1; i < 4; i++) {
        if (strcmp(name, fates[i]) != 0) continue;
        a->fate = (enum scn_fate)i;
        return !*arg || number(arg, &a->fate_seg);
    }
    if (strcmp(name, "seg") == 0) return number(arg, &a->seg) && a->seg > 0;
    if (strcmp(name, "cut") == 0) return number(arg, &a->cut) && a->cut > 0;
    if (strcmp(name, "late") == 0) return duration(arg, &a->late);
    if (*arg) return false;
    if (strcmp(name, "dup") == 0)
        a->dup = true;
    else if (strcmp(name, "swap") == 0)
        a->swap = true;
    else if (strcmp(name, "noack") == 0)
        a->noack = true;
    else if (strcmp(name, "other") == 0)
        a->other = true;
    else if (strcmp(name, "fin") == 0)
        a->flags |= SCN_FIN;
    else
        return false;
    return true;
}

static bool flags(struct parser *p, unsigned at, struct scn_act *a, const char **t)
{
    if (**t != '[') return true;
    const char *end = strchr(*t, ']');
    if (!end) return fail(p, at, "[ without ]");
    char list[128], name[32], arg[32];
    snprintf(list, sizeof list, "%.*s", (int)(end - *t - 1), *t + 1);
    *t = end + 1;
    for (char *save = NULL, *one = strtok_r(list, ",", &save); one;
         one = strtok_r(NULL, ",", &save)) {
        word(word(one, name, sizeof name), arg, sizeof arg);
        if (!flag(a, name, arg)) return fail(p, at, "bad flag '%s'", one);
    }
    return true;
}

static struct scn_act *add_act(struct parser *p, struct scn_act a)
{
    struct scn *s = p->s;
    if (s->acts == p->act_room) {
        p->act_room = p->act_room ? p->act_room * 2 : 64;
        struct scn_act *q = realloc(s->act, p->act_room * sizeof *q);
        if (!q) return NULL;
        s->act = q;
    }
    s->act[s->acts] = a;
    return &s->act[s->acts++];
}

/* The line is complete: move the clocks of its side, and of the peer if it gets there. */
static bool finish_act(struct parser *p)
{
    struct scn_act *a = p->open;
    if (!a) return true;
    p->open = NULL;
    struct scn *s = p->s;
    struct scn_conn *c = &s->conn[a->conn];
    const uint32_t segs = a->len ? (a->len - 1) / a->seg + 1 : 1;
    const int64_t end = a->at + (int64_t)(segs - 1) * s->spacing;
    c->spoke[a->side] = end;
    if (a->fate == SCN_NORMAL || a->fate == SCN_UNCAPTURED || a->fate_seg) {
        const int64_t there = end + c->delay[0] + c->delay[1];
        if (there > c->heard[!a->side]) c->heard[!a->side] = there;
    }
    if (!a->bytes) return true;
    if (s->owned == p->own_room) {
        p->own_room = p->own_room ? p->own_room * 2 : 64;
        void **q = realloc(s->own, p->own_room * sizeof *q);
        if (!q) return false;
        s->own = q;
    }
    s->own[s->owned++] = a->bytes;
    return true;
}

static bool open_line(struct parser *p, unsigned at, int64_t when)
{
    struct scn_conn *c = &p->s->conn[p->current];
    const int64_t way = c->delay[0] + c->delay[1];
    struct scn_act a = {.verb = SCN_CONTROL,
                        .conn = p->current,
                        .seg = 1,
                        .noack = true,
                        .line = at,
                        .side = SCN_C,
                        .at = when,
                        .flags = SCN_SYN};
    bool ok = add_act(p, a) != NULL;
    a.side = SCN_S;
    a.at = when + way + 2000;
    a.flags = SCN_SYN | SCN_ACK;
    ok = ok && add_act(p, a) != NULL;
    a.side = SCN_C;
    a.at += way + 1000;
    a.flags = SCN_ACK;
    ok = ok && add_act(p, a) != NULL;
    c->spoke[SCN_C] = c->heard[SCN_C] = a.at;
    c->spoke[SCN_S] = when + way;
    c->heard[SCN_S] = a.at + way;
    return ok || fail(p, at, "out of memory");
}

static bool action(struct parser *p, unsigned at, const char *t)
{
    char verb[32], arg[32];
    int64_t delta = 100000;
    char how = '+';
    if (*t == '+' || *t == '=' || *t == '@') {
        how = *t;
        t = word(t + 1, arg, sizeof arg);
        if (!duration(arg, &delta)) return fail(p, at, "bad time '%s'", arg);
    }
    if (!p->s->conns && !add_conn(p, "a")) return fail(p, at, "out of memory");
    const struct scn_conn *c = &p->s->conn[p->current];
    struct scn_act a = {.conn = p->current, .seg = p->s->mss, .line = at};
    const bool open = strncmp(t, "open", 4) == 0, join = strncmp(t, "join", 4) == 0;
    a.side = *t == 'S' ? SCN_S : SCN_C;
    int64_t base = c->spoke[a.side];
    if (how == '+' && c->heard[a.side] > base) base = c->heard[a.side];
    a.at = how == '@' ? delta : base + delta;
    if (open) return open_line(p, at, a.at);
    if (join) {
        a.verb = SCN_JOIN;
        a.at = base;
        return add_act(p, a) != NULL;
    }
    if (*t != 'C' && *t != 'S') return fail(p, at, "neither setting nor action: '%s'", t);
    t++;
    if (!flags(p, at, &a, &t)) return false;
    bool ok = true;
    if (*t == ':') {
        a.verb = SCN_DATA;
        ok = append_text(&a, skip(t + 1));
        const char *next = at + 1 < p->lines ? skip(p->line[at + 1]) : "";
        if (ok && *next == '|') ok = append(&a, "\r\n", 2);
    } else {
        t = word(t, verb, sizeof verb);
        word(t, arg, sizeof arg);
        if (strcmp(verb, "fin") == 0) {
            a.verb = SCN_DATA;
            a.flags |= SCN_FIN;
        } else if (strcmp(verb, "rst") == 0) {
            a.verb = SCN_CONTROL;
            a.flags = SCN_RST | SCN_ACK;
        } else if (strcmp(verb, "syn") == 0) {
            a.verb = SCN_CONTROL;
            a.flags = a.side == SCN_C ? SCN_SYN : SCN_SYN | SCN_ACK;
        } else if (strcmp(verb, "ack") == 0) {
            a.verb = SCN_CONTROL;
            a.flags = SCN_ACK;
        } else if (strcmp(verb, "window") == 0) {
            a.verb = SCN_WINDOW;
            ok = number(arg, &a.arg);
        } else if (strcmp(verb, "keepalive") == 0) {
            a.verb = SCN_KEEPALIVE;
        } else if (strcmp(verb, "retransmit") == 0) {
            a.verb = SCN_RETRANSMIT;
            ok = !*arg || number(arg, &a.arg);
        } else {
            a.verb = SCN_DATA;
            ok = content(&a, verb, t);
        }
    }
    if (!ok) {
        free(a.bytes);
        return fail(p, at, "cannot read '%s'", t);
    }
    p->open = add_act(p, a);
    if (p->open) return true;
    free(a.bytes);
    return fail(p, at, "out of memory");
}

static bool continuation(struct parser *p, unsigned at, const char *t)
{
    char verb[16];
    if (!p->open) return fail(p, at, "nothing to continue");
    bool ok;
    if (*t == '|') {
        ok = append_text(p->open, t[1] == ' ' ? t + 2 : t + 1) && append(p->open, "\r\n", 2);
    } else {
        t = word(t + 1, verb, sizeof verb);
        ok = content(p->open, verb, t);
    }
    return ok || fail(p, at, "cannot read '%s'", t);
}

/* $i in a line becomes the count of the innermost repetition. */
static void substitute(const char *line, unsigned i, char *out, size_t size)
{
    size_t n = 0;
    while (*line && n + 12 < size) {
        if (line[0] == '$' && line[1] == 'i') {
            n += (size_t)snprintf(out + n, size - n, "%u", i);
            line += 2;
        } else {
            out[n++] = *line++;
        }
    }
    out[n] = 0;
}

static bool range(struct parser *p, unsigned from, unsigned to, unsigned i, unsigned depth)
{
    char text[LINE_MAX_BYTES], key[32], arg[32];
    for (unsigned at = from; at < to; at++) {
        substitute(p->line[at], i, text, sizeof text);
        const char *t = skip(text);
        if (*t == 0 || *t == '#') continue;
        if (*t == '|' || *t == '>') {
            if (!continuation(p, at, t)) return false;
            continue;
        }
        if (!finish_act(p)) return fail(p, at, "out of memory");
        const char *rest = word(t, key, sizeof key);
        if (strcmp(key, "repeat") == 0) {
            unsigned end = at + 1, level = 1;
            uint32_t n;
            for (; end < to; end++) {
                word(p->line[end], arg, sizeof arg);
                if (strcmp(arg, "repeat") == 0) level++;
                if (strcmp(arg, "end") == 0 && --level == 0) break;
            }
            word(rest, arg, sizeof arg);
            if (end == to || !number(arg, &n) || depth == NEST_MAX)
                return fail(p, at, "bad repeat");
            for (uint32_t k = 1; k <= n; k++)
                if (!range(p, at + 1, end, k, depth + 1)) return false;
            at = end;
            continue;
        }
        if (strcmp(key, "conn") == 0) {
            if (!conn_line(p, at, rest)) return false;
            continue;
        }
        if (strcmp(key, "sync") == 0) {
            if (p->s->conns) sync_line(p);
            continue;
        }
        bool known;
        if (!setting(p, at, key, rest, &known)) return false;
        if (!known && !action(p, at, t)) return false;
    }
    return finish_act(p) || fail(p, to, "out of memory");
}

static bool read_lines(struct parser *p)
{
    FILE *f = fopen(p->path, "r");
    if (!f) {
        snprintf(p->err, p->err_size, "%s: cannot be read", p->path);
        return false;
    }
    char buf[LINE_MAX_BYTES];
    unsigned room = 0;
    bool ok = true;
    while (ok && fgets(buf, sizeof buf, f)) {
        buf[strcspn(buf, "\r\n")] = 0;
        if (p->lines == room) {
            room = room ? room * 2 : 128;
            char **q = realloc(p->line, room * sizeof *q);
            if (!q)
                ok = false;
            else
                p->line = q;
        }
        if (ok) ok = (p->line[p->lines] = strdup(buf)) != NULL;
        if (ok) p->lines++;
    }
    fclose(f);
    if (!ok) snprintf(p->err, p->err_size, "%s: out of memory", p->path);
    return ok;
}

struct scn *scn_load(const char *path, char *err, size_t size)
{
    struct scn *s = calloc(1, sizeof *s);
    if (!s) {
        snprintf(err, size, "%s: out of memory", path);
        return NULL;
    }
    s->mss = 1448;
    s->only = -1;
    s->start = 1767323045 * INT64_C(1000000000); /* 2026-01-02T03:04:05Z */
    s->until = INT64_MAX;
    s->from = INT64_MIN;
    s->ack_delay = 40000;
    s->spacing = 2000;
    struct parser p = {.s = s,
                       .path = path,
                       .base = {.addr = {{10, 0, 0, 1}, {10, 0, 0, 2}},
                                .port = {40001, 80},
                                .isn = {100000, 700000},
                                .ttl = {64, 64},
                                .delay = {5000, 200000}},
                       .err = err,
                       .err_size = size};
    bool ok = read_lines(&p) && range(&p, 0, p.lines, 0, 0);
    if (ok && !scn_play(s)) {
        snprintf(err, size, "%s: out of memory", path);
        ok = false;
    }
    if (p.open) free(p.open->bytes);
    for (unsigned i = 0; i < p.lines; i++)
        free(p.line[i]);
    free(p.line);
    if (ok) return s;
    scn_free(s);
    return NULL;
}

void scn_free(struct scn *s)
{
    if (!s) return;
    for (unsigned i = 0; i < s->owned; i++)
        free(s->own[i]);
    free(s->own);
    free(s->conn);
    free(s->act);
    free(s->segment);
    free(s);
}
