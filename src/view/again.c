/*
 * A second reading. Ordinals of packets come from the merged input and not from the engine, so a
 * connection has the same name in every reading of the same files.
 *
 * Where only bytes are wanted (the heads), packets that do not hold both addresses of the
 * connection side by side, as IP headers do, are left out before the engine sees them: that holds
 * for every link layer and tunnel, and for fragments.
 */
#include "view/again.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "sink/community.h"
#include "sink/place.h"
#include "sink/savefile.h"
#include "sink/sink.h"

enum { LOT = 1024, LOT_BYTES = 1 << 20 };
enum { LOOK_AT = 512 }; /* bytes in which the addresses are looked for: tunnels, too */

struct reading {
    const struct aw_again *a;
    const struct aw_again_want *want; /* NULL: nobody in particular */
    struct aw_merge *merge;           /* or, live: */
    struct aw_ring_walk walk;
    struct aw_packet *lot; /* owned: LOT packets, copied from the ring */
    uint8_t *bytes;        /* owned: LOT_BYTES */
    bool only;             /* pass over packets of other addresses */
    bool over;             /* all that was wanted is there */
    struct aw_detail *found;
    struct aw_raw_head head[AW_HEADS];
};

/* Makes the reading ready to read from the beginning. */
static bool open_reading(struct reading *r, char *why, size_t size)
{
    if (!r->a->ring) {
        r->merge = aw_merge_again(r->a->first, why, size);
        return r->merge != NULL;
    }
    r->lot = malloc(LOT * sizeof *r->lot);
    r->bytes = malloc(LOT_BYTES);
    aw_ring_start(r->a->ring, &r->walk);
    if (r->lot && r->bytes) return true;
    (void)snprintf(why, size, "out of memory");
    return false;
}

static void close_reading(struct reading *r)
{
    aw_merge_free(r->merge);
    free(r->lot);
    free(r->bytes);
    r->merge = NULL;
    r->lot = NULL;
    r->bytes = NULL;
}

static enum aw_read next_lot(struct reading *r, const struct aw_packet **pkts, size_t *n)
{
    if (r->merge) return aw_merge_next(r->merge, 0, pkts, n);
    *n = aw_ring_next(r->a->ring, &r->walk, r->lot, LOT, r->bytes, LOT_BYTES);
    *pkts = r->lot;
    return *n > 0 ? AW_READ_OK : AW_READ_END;
}

static bool has_both(const struct aw_packet *p, const struct aw_again_want *want)
{
    uint8_t there[32], back[32];
    const size_t n = want->addr[0].v6 ? 16 : 4;
    memcpy(there, want->addr[AW_C2S].b, n);
    memcpy(there + n, want->addr[AW_S2C].b, n);
    memcpy(back, want->addr[AW_S2C].b, n);
    memcpy(back + n, want->addr[AW_C2S].b, n);
    const size_t len = p->cap_len < LOOK_AT ? p->cap_len : LOOK_AT;
    return memmem(p->data, len, there, 2 * n) || memmem(p->data, len, back, 2 * n);
}

/* Reads to the end, or until what was wanted is there. */
static bool read_all(struct reading *r, struct aw_engine *e, char *why, size_t size)
{
    enum { MOST = 4096 };
    struct aw_packet *some = r->only ? malloc(MOST * sizeof *some) : NULL;
    bool good = true;
    while (good && !r->over) {
        const struct aw_packet *pkts;
        size_t n;
        if (atomic_load(r->a->stop)) {
            (void)snprintf(why, size, "stopped");
            good = false;
            break;
        }
        const enum aw_read got = next_lot(r, &pkts, &n);
        if (got == AW_READ_AGAIN) continue;
        if (got != AW_READ_OK) break;
        if (some && n <= MOST) {
            size_t kept = 0;
            for (size_t i = 0; i < n; i++)
                if (has_both(&pkts[i], r->want)) some[kept++] = pkts[i];
            pkts = some;
            n = kept;
        }
        if (n > 0 && aw_engine_push(e, pkts, n) != AW_OK) {
            (void)snprintf(why, size, "out of memory");
            good = false;
        }
    }
    free(some);
    if (good && !r->over && aw_engine_finish(e) != AW_OK) good = false;
    return good;
}

static struct aw_config config_again(const struct aw_again *a)
{
    struct aw_config c = *a->config;
    c.shards = 1;
    c.all = true;
    c.brief = false;
    c.terse = false;
    c.prompt = true;
    return c;
}

/* --- the record --- */

static void on_record(void *ctx, const struct aw_record *rec)
{
    struct reading *r = ctx;
    if (r->found || rec->ex->conn.ord != r->want->conn || rec->ex->nth != r->want->nth) return;
    r->found = aw_detail_copy(rec);
    r->over = true;
}

static struct aw_detail *read_record(const struct aw_again *a, const struct aw_again_want *want,
                                     char *why, size_t size)
{
    struct reading r = {.a = a, .want = want};
    const struct aw_sink sink = {.ctx = &r, .record = on_record};
    const struct aw_config config = config_again(a);
    struct aw_engine *e = open_reading(&r, why, size) ? aw_engine_open(&config, &sink, NULL) : NULL;
    if (e) {
        if (read_all(&r, e, why, size) && !r.found)
            (void)snprintf(why, size,
                           a->ring ? "its packets are not in memory any more"
                                   : "it was not found again: did the file change?");
    } else if (!why[0]) {
        (void)snprintf(why, size, "out of memory");
    }
    aw_engine_close(e);
    close_reading(&r);
    return r.found;
}

/* --- the heads --- */

static void on_stream(void *ctx, const struct aw_conn_facts *conn,
                      const struct aw_stream_piece *piece)
{
    struct reading *r = ctx;
    (void)conn;
    if (piece->conn_ord != r->want->conn) return;
    if (aw_heads_take(r->head, piece)) r->over = true;
}

static void read_heads(const struct aw_again *a, const struct aw_again_want *want,
                       struct aw_detail *d, char *why, size_t size)
{
    struct reading r = {.a = a, .want = want, .only = true};
    aw_heads_want(r.head, d->ex);
    const struct aw_tap tap = {.ctx = &r, .stream = on_stream};
    const struct aw_sink sink = {.ctx = &r};
    const struct aw_config config = config_again(a);
    struct aw_engine *e = open_reading(&r, why, size) ? aw_engine_open(&config, &sink, &tap) : NULL;
    if (e) (void)read_all(&r, e, why, size);
    aw_engine_close(e);
    close_reading(&r);
    for (int i = 0; i < AW_HEADS; i++) {
        struct aw_raw_head *h = &r.head[i];
        if (h->have == 0 || d->head[i].p) continue;
        if (!a->show_secrets) aw_again_mask(h->p, h->have);
        d->head[i] = (struct aw_span){h->p, h->have};
        h->p = NULL;
    }
    aw_heads_free(r.head);
}

static bool same_name(const uint8_t *p, size_t len, const char *name)
{
    return strlen(name) == len && strncasecmp((const char *)p, name, len) == 0;
}

void aw_again_mask(uint8_t *head, size_t len)
{
    static const char *const secret[] = {"Authorization", "Proxy-Authorization", "Cookie",
                                         "Set-Cookie"};
    bool first = true, hide = false;
    for (size_t at = 0; at < len;) {
        const uint8_t *nl = memchr(head + at, '\n', len - at);
        const size_t end = nl ? (size_t)(nl - head) : len;
        size_t from = at;
        if (first) {
            /* "PUT /x?token=abc HTTP/1.1": from each "=" to "&" or the blank, behind the "?" */
            bool query = false, value = false;
            for (size_t i = at; i < end; i++) {
                if (head[i] == '?') query = true;
                if (head[i] == ' ') query = value = false;
                if (value && (head[i] == '&' || head[i] == ';')) value = false;
                if (value) head[i] = '*';
                if (query && head[i] == '=') value = true;
            }
        } else if (head[at] != ' ' &&
                   head[at] != '\t') { /* else: a folded line of the last field */
            const uint8_t *colon = memchr(head + at, ':', end - at);
            hide = false;
            size_t name = colon ? (size_t)(colon - head) - at : 0;
            while (name > 0 && (head[at + name - 1] == ' ' || head[at + name - 1] == '\t'))
                name--;
            for (size_t i = 0; i < sizeof secret / sizeof *secret; i++)
                hide = hide || same_name(head + at, name, secret[i]);
            from = colon ? (size_t)(colon - head) + 1 : end;
        }
        for (size_t i = from; hide && !first && i < end; i++)
            if (head[i] != ' ' && head[i] != '\r') head[i] = '*';
        first = false;
        at = end + 1;
    }
}

struct aw_detail *aw_again_detail(const struct aw_again *a, const struct aw_again_want *want,
                                  struct aw_detail *kept, char *why, size_t why_size)
{
    why[0] = '\0';
    struct aw_detail *d = kept ? kept : read_record(a, want, why, why_size);
    if (d) read_heads(a, want, d, why, why_size);
    return d;
}

/* --- an expression over all --- */

struct matching {
    struct reading reading;
    const struct aw_expr *expr;
    struct aw_surround around;
    char community[AW_COMMUNITY_LEN + 1];
    uint8_t *bit; /* owned */
    uint64_t count, room;
};

static const char *match_source(void *ctx, uint16_t source)
{
    const struct matching *m = ctx;
    const struct aw_config *c = m->reading.a->config;
    return c->source_name ? c->source_name(c->source_ctx, source) : NULL;
}

static const char *match_community(void *ctx, const struct aw_conn_facts *conn)
{
    struct matching *m = ctx;
    aw_community_id(m->community, conn);
    m->community[AW_COMMUNITY_LEN] = '\0';
    return m->community;
}

static void on_match(void *ctx, const struct aw_record *rec)
{
    struct matching *m = ctx;
    const uint64_t id = rec->ex->id;
    if (id >= m->room) {
        const uint64_t room = 2 * id + 8192;
        uint8_t *grown = room / 8 < SIZE_MAX ? realloc(m->bit, (size_t)(room / 8 + 1)) : NULL;
        if (!grown) {
            m->reading.over = true;
            m->count = 0;
            return;
        }
        memset(grown + m->room / 8, 0, (size_t)((room - m->room) / 8 + 1));
        m->bit = grown;
        m->room = room - room % 8;
    }
    if (id >= m->count) m->count = id + 1;
    if (aw_expr_match(m->expr, rec, &m->around)) m->bit[id / 8] |= (uint8_t)(1u << id % 8);
}

uint8_t *aw_again_match(const struct aw_again *a, const char *expression, uint64_t *count)
{
    struct matching m = {.reading = {.a = a}};
    struct aw_expr_error error;
    char why[256];
    const struct aw_span text = {(const uint8_t *)expression, strlen(expression)};
    struct aw_expr *expr = aw_expr_compile(NULL, text, &error);
    if (!expr) return NULL;
    m.expr = expr;
    m.around = (struct aw_surround){.ctx = &m,
                                    .threshold = a->config->threshold,
                                    .source_name = match_source,
                                    .community_id = match_community};
    const struct aw_sink sink = {.ctx = &m, .record = on_match};
    const struct aw_config config = config_again(a);
    struct aw_engine *e =
        open_reading(&m.reading, why, sizeof why) ? aw_engine_open(&config, &sink, NULL) : NULL;
    const bool good = e && read_all(&m.reading, e, why, sizeof why) && m.count > 0;
    aw_engine_close(e);
    close_reading(&m.reading);
    aw_expr_free(expr);
    *count = m.count;
    if (good) return m.bit;
    free(m.bit);
    return NULL;
}

/* --- many, to a file --- */

struct saving {
    struct reading reading;
    const struct aw_again_want *want;
    size_t count;
    const struct aw_format *format;
    struct aw_summary *summary;
    struct aw_report *report;
    struct aw_savefile *packets;
    int64_t written;
};

static int by_name(const void *pa, const void *pb)
{
    const struct aw_again_want *a = pa, *b = pb;
    if (a->conn != b->conn) return a->conn < b->conn ? -1 : 1;
    return a->nth < b->nth ? -1 : a->nth > b->nth;
}

static int by_connection(const void *pa, const void *pb)
{
    const struct aw_again_want *a = pa, *b = pb;
    return a->conn < b->conn ? -1 : a->conn > b->conn;
}

static void on_saved(void *ctx, const struct aw_record *rec)
{
    struct saving *s = ctx;
    const struct aw_again_want key = {.conn = rec->ex->conn.ord, .nth = rec->ex->nth};
    if (!bsearch(&key, s->want, s->count, sizeof key, by_name)) return;
    aw_summary_add(s->summary, rec);
    s->format->record(s->report, rec);
    s->written++;
}

static void on_packet(void *ctx, uint64_t conn_ord, const struct aw_packet *pkt)
{
    struct saving *s = ctx;
    const struct aw_again_want key = {.conn = conn_ord};
    if (!bsearch(&key, s->want, s->count, sizeof key, by_connection)) return;
    if (aw_savefile_packet(s->packets, pkt)) s->written++;
}

/* Reads all of the input through the saving's callbacks. */
static bool save_all(struct saving *s, const struct aw_config *config, struct aw_stats *stats,
                     char *why, size_t size)
{
    const struct aw_sink sink = {.ctx = s, .record = s->report ? on_saved : NULL};
    const struct aw_tap tap = {.ctx = s, .packet = s->packets ? on_packet : NULL};
    struct aw_engine *e =
        open_reading(&s->reading, why, size) ? aw_engine_open(config, &sink, &tap) : NULL;
    const bool good = e && read_all(&s->reading, e, why, size);
    if (e) aw_engine_stats(e, stats);
    aw_engine_close(e);
    close_reading(&s->reading);
    return good;
}

static int64_t close_saved(struct aw_out *out, bool good, int64_t written, const char *path,
                           char *why, size_t size)
{
    const int error = aw_out_close(out, good);
    if (error) (void)snprintf(why, size, "%s: %s", path, strerror(error));
    return good && !error ? written : -1;
}

/* The new file of a save: nothing is overwritten, as a slip of the finger could name the capture
 * that is read. NULL and a line in why. */
static struct aw_place *open_target(const struct aw_again *a, const char *path, char *why,
                                    size_t size)
{
    const char *name = path;
    const size_t len = a->folder_path ? strlen(a->folder_path) : 0;
    if (len > 0 && strncmp(path, a->folder_path, len) == 0 &&
        (path[len] == '/' || a->folder_path[len - 1] == '/'))
        name = path + len;
    while (name != path && *name == '/')
        name++;
    if (strncmp(name, "./", 2) == 0) name += 2;
    if (!a->folder || strchr(name, '/') || name[0] == '.' || name[0] == '\0') {
        (void)snprintf(why, size, "a name in %s is needed (--save-dir names another folder)",
                       a->folder_path ? a->folder_path : "the folder");
        return NULL;
    }
    if (aw_folder_has(a->folder, name)) {
        (void)snprintf(why, size, "%s is there already: choose another name", path);
        return NULL;
    }
    struct aw_place *p = aw_place_in(a->folder, name);
    if (!p) (void)snprintf(why, size, "out of memory");
    return p;
}

int64_t aw_again_records(const struct aw_again *a, const struct aw_again_want *want, size_t count,
                         const char *format, const char *path, char *why, size_t why_size)
{
    struct saving s = {
        .reading = {.a = a}, .want = want, .count = count, .format = aw_format_find(format)};
    struct aw_config config = config_again(a);
    struct aw_stats stats = {0};
    struct aw_place *place = open_target(a, path, why, why_size);
    if (!place) return -1;
    config.prompt = false; /* a report has its order */
    struct aw_out *out = aw_out_at(place);
    if (!out) {
        (void)snprintf(why, why_size, "%s: %s", path, strerror(errno));
        aw_place_close(place);
        return -1;
    }
    s.summary = aw_summary_new(NULL);
    const struct aw_run run = {.files = a->file,
                               .file_count = a->file_count,
                               .config = &config,
                               .stats = &stats,
                               .summary = s.summary,
                               .show_secrets = a->show_secrets};
    if (s.summary) {
        aw_summary_thresholds(s.summary, config.threshold);
        s.report = s.format->open(out, &run);
    }
    const bool good = s.report && save_all(&s, &config, &stats, why, why_size);
    if (good) s.format->finish(s.report);
    if (s.report) s.format->close(s.report);
    aw_summary_free(s.summary);
    const int64_t saved = close_saved(out, good, s.written, path, why, why_size);
    aw_place_close(place);
    return saved;
}

/* A capture file beside its name, which it takes when it is whole. */
struct beside {
    struct aw_place *place;
    char temp[AW_FOLDER_NAME];
    struct aw_savefile *file;
};

static bool open_beside(struct beside *b, const struct aw_again *a, const char *path, bool mixed,
                        char *why, size_t size)
{
    b->place = open_target(a, path, why, size);
    if (!b->place) return false;
    const int fd = aw_place_begin(b->place, b->temp);
    if (fd < 0) {
        (void)snprintf(why, size, "%s: %s", path, strerror(errno));
        aw_place_close(b->place);
        return false;
    }
    b->file = aw_savefile_new(fd, mixed);
    if (b->file) return true;
    (void)close(fd);
    aw_place_discard(b->place, b->temp);
    aw_place_close(b->place);
    (void)snprintf(why, size, "out of memory");
    return false;
}

static bool close_beside(struct beside *b, const char *path, bool good, char *why, size_t size)
{
    const int error = aw_savefile_close(b->file);
    const bool whole = good && error == 0 && aw_place_commit(b->place, b->temp) == 0;
    if (good && !whole) (void)snprintf(why, size, "%s: %s", path, strerror(error ? error : errno));
    if (!whole) aw_place_discard(b->place, b->temp);
    aw_place_close(b->place);
    return whole;
}

int64_t aw_again_packets(const struct aw_again *a, const struct aw_again_want *want, size_t count,
                         const char *path, char *why, size_t why_size)
{
    struct saving s = {.reading = {.a = a}, .want = want, .count = count};
    const struct aw_config config = config_again(a);
    const size_t len = strlen(path);
    const bool mixed = len > 7 && strcmp(path + len - 7, ".pcapng") == 0;
    struct aw_stats stats;
    struct beside file;
    if (!open_beside(&file, a, path, mixed, why, why_size)) return -1;
    s.packets = file.file;
    bool good = save_all(&s, &config, &stats, why, why_size);
    if (good && aw_savefile_left_out(file.file) > 0) {
        (void)snprintf(why, why_size, "link types differ: give it a name that ends in .pcapng");
        good = false;
    }
    return close_beside(&file, path, good, why, why_size) ? s.written : -1;
}
