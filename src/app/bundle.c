/*
 * The bundle; see bundle.h. Its report is made from the packets that are in it: so nothing can be
 * in the report that is not in the packets, and whether the verdicts are still the same is seen at
 * once.
 */
#include "app/bundle.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "app/save.h"
#include "app/version.h"
#include "sink/archive.h"
#include "sink/complain.h"
#include "sink/rebuild.h"
#include "sink/savefile.h"
#include "sink/scrub.h"
#include "sink/sink.h"

static const char *const capture_name[] = {"capture.pcapng"};
static const char *const format_name[] = {"text", "json", "ndjson"};
static const char *const report_name[] = {"report.txt", "report.json", "records.ndjson"};
enum { REPORTS = sizeof format_name / sizeof *format_name };

typedef uint64_t tally[AW_CAUSE_COUNT];

struct aw_bundle {
    const struct aw_options *o;
    struct aw_merge *again[2]; /* owned: the second and third reading */
    struct aw_masker masker;
    struct aw_scrub *scrub; /* owned, as are all here */
    struct aw_rebuild *rebuild;
    struct aw_out *out;
    struct aw_archive *archive;
    FILE *temp;
    struct aw_savefile *file; /* to `temp` */
    struct {                  /* what the packets of the bundle say */
        struct aw_engine *engine;
        struct aw_config config;
        struct aw_summary *summary;
        struct aw_stats stats;
        struct aw_run about;
        struct aw_out *out[REPORTS];
        struct aw_report *report[REPORTS];
    } second;
    tally before, after; /* failing verdicts */
    uint64_t packets, left_out;
    aw_ns last;
    bool made, no_memory;
    char unread[512]; /* why not all of the input could be read again; "" where it could */
};

static void complain(const struct aw_bundle *b, const char *why)
{
    aw_complain("--bundle %s: %s", b->o->bundle, why);
}

/* --- opening --- */

static bool open_places(struct aw_bundle *b, const struct aw_merge *first, char *err,
                        size_t err_size)
{
    for (unsigned i = 0; i < 2; i++) {
        b->again[i] = aw_save_reopen(first);
        if (b->again[i]) continue;
        (void)snprintf(err, err_size, "%s: the input cannot be read again", b->o->bundle);
        return false;
    }
    b->temp = tmpfile();
    const int fd = b->temp ? dup(fileno(b->temp)) : -1;
    if (fd < 0) {
        (void)snprintf(err, err_size, "%s: a temporary file: %s", b->o->bundle, strerror(errno));
        return false;
    }
    b->file = aw_savefile_new(fd, true); /* several interfaces may meet */
    if (!b->file) (void)close(fd);
    b->out = b->file ? aw_out_file(b->o->bundle, err, err_size) : NULL;
    return b->out != NULL;
}

static bool make_rooms(struct aw_bundle *b)
{
    const size_t memory = aw_save_memory(&b->o->config) / 4;
    b->masker.hosts = b->o->hide_addresses;
    if (getrandom(b->masker.key, sizeof b->masker.key, 0) != (ssize_t)sizeof b->masker.key)
        return false;
    b->scrub = aw_scrub_new(&b->masker, memory);
    b->rebuild = aw_rebuild_new(b->o->hide_addresses);
    return b->scrub && b->rebuild;
}

struct aw_bundle *aw_bundle_open(const struct aw_options *o, const struct aw_merge *first)
{
    char err[4352] = "out of memory";
    struct aw_bundle *b = calloc(1, sizeof *b);
    if (b) {
        b->o = o;
        b->last = AW_NS_NONE;
        (void)snprintf(err, sizeof err, "%s: out of memory", o->bundle);
        if (make_rooms(b) && open_places(b, first, err, sizeof err)) {
            b->archive = aw_archive_new(b->out, o->bundle, err, sizeof err);
            if (b->archive) return b;
        }
    }
    if (err[0]) aw_complain("%s", err);
    (void)aw_bundle_close(b);
    return NULL;
}

struct aw_folder *aw_bundle_folder(const struct aw_bundle *b)
{
    return b ? aw_out_folder(b->out) : NULL;
}

void aw_bundle_engine(const struct aw_bundle *b, struct aw_config *config)
{
    if (!b) return;
    config->all = true; /* retries, and all heads */
    config->shards = 1;
    config->memory = aw_save_memory(config) / 4 * 3;
}

void aw_bundle_record(struct aw_bundle *b, const struct aw_record *rec, bool failing)
{
    aw_scrub_record(b->scrub, rec, failing);
    if (failing) b->before[rec->verdict->cause]++;
}

/* --- the report --- */

static void on_record(void *ctx, const struct aw_record *rec)
{
    struct aw_bundle *b = ctx;
    if (rec->verdict) {
        aw_summary_add(b->second.summary, rec);
        if (aw_failing(rec->verdict)) b->after[rec->verdict->cause]++;
    }
    for (unsigned i = 0; i < REPORTS; i++)
        aw_format_find(format_name[i])->record(b->second.report[i], rec);
}

static const char *source_name(void *ctx, uint16_t source)
{
    (void)ctx;
    (void)source;
    return capture_name[0];
}

static bool open_report(struct aw_bundle *b)
{
    b->second.config = b->o->config;
    b->second.config.memory = aw_save_memory(&b->o->config) / 2;
    b->second.config.shards = 1;
    b->second.config.source_name = source_name;
    const struct aw_sink sink = {.ctx = b, .record = on_record};
    b->second.engine = aw_engine_open(&b->second.config, &sink, NULL);
    b->second.summary = aw_summary_new(&b->second.config.alloc);
    if (!b->second.engine || !b->second.summary) return false;
    aw_summary_memory(b->second.summary, b->second.config.memory);
    aw_summary_thresholds(b->second.summary, b->second.config.threshold);
    b->second.about = (struct aw_run){
        .files = capture_name,
        .file_count = 1,
        .config = &b->second.config,
        .stats = &b->second.stats,
        .summary = b->second.summary,
        .version = AW_VERSION,
    };
    bool good = true;
    for (unsigned i = 0; i < REPORTS && good; i++) {
        b->second.out[i] = aw_out_memory();
        if (b->second.out[i])
            b->second.report[i] =
                aw_format_find(format_name[i])->open(b->second.out[i], &b->second.about);
        good = b->second.report[i] != NULL;
    }
    return good;
}

/* --- the readings --- */

static void on_stream(void *ctx, const struct aw_conn_facts *conn,
                      const struct aw_stream_piece *piece)
{
    struct aw_bundle *b = ctx;
    aw_scrub_stream(b->scrub, conn, piece);
}

static void put_packet(struct aw_bundle *b, struct aw_packet *pkt)
{
    pkt->ord = ++b->packets;
    pkt->ref = aw_ref_make(0, b->packets);
    if (b->last == AW_NS_NONE || pkt->ts > b->last) b->last = pkt->ts;
    (void)aw_savefile_packet(b->file, pkt);
    if (aw_engine_push(b->second.engine, pkt, 1) != AW_OK) b->no_memory = true;
}

static void on_segment(void *ctx, const struct aw_tap_segment *seg)
{
    struct aw_bundle *b = ctx;
    struct aw_packet pkt;
    if (!aw_scrub_wants(b->scrub, seg->conn_ord)) return;
    uint8_t *payload = aw_rebuild_payload(b->rebuild, seg->payload_len);
    if (payload) aw_scrub_payload(b->scrub, seg, payload);
    if (!payload) {
        b->no_memory = true;
        return;
    }
    if (!aw_rebuild_packet(b->rebuild, seg, &pkt)) {
        b->left_out++;
        return;
    }
    put_packet(b, &pkt);
}

/* That a server kept silent is known only by the time that went by: when the input ended is told by
 * two marks, since one time stamp alone is not believed if it is far ahead. */
static void mark_end(struct aw_bundle *b, aw_ns end)
{
    struct aw_packet pkt;
    if (b->packets == 0 || end <= b->last) return;
    for (int i = 0; i < 2; i++)
        if (aw_rebuild_mark(b->rebuild, end, &pkt)) put_packet(b, &pkt);
}

static bool finish_report(struct aw_bundle *b)
{
    if (aw_engine_finish(b->second.engine) != AW_OK) return false;
    aw_engine_stats(b->second.engine, &b->second.stats);
    for (unsigned i = 0; i < REPORTS; i++) {
        aw_format_find(format_name[i])->finish(b->second.report[i]);
        aw_out_flush(b->second.out[i]);
        if (aw_out_error(b->second.out[i]) != 0) return false;
    }
    return true;
}

static void note_unread(struct aw_bundle *b, const char *why)
{
    if (why && !b->unread[0]) (void)snprintf(b->unread, sizeof b->unread, "%s", why);
}

bool aw_bundle_make(struct aw_bundle *b, const struct aw_config *config,
                    const struct aw_stats *first)
{
    const uint64_t packets = first->packets;
    const struct aw_tap heads = {.ctx = b, .stream = on_stream};
    const struct aw_tap segments = {.ctx = b, .segment = on_segment};
    if (!open_report(b)) {
        b->no_memory = true;
        return false;
    }
    if (aw_scrub_begin(b->scrub)) {
        note_unread(b, aw_save_reread(b->again[0], config, &heads, NULL, packets));
        aw_scrub_mask(b->scrub);
        note_unread(b, aw_save_reread(b->again[1], config, &segments, NULL, packets));
        mark_end(b, first->last);
    }
    b->made = finish_report(b);
    if (!b->made) b->no_memory = true;
    return !b->no_memory && !b->unread[0];
}

/* --- what is in it --- */

/* Under -Y other exchanges of the same connections are in the bundle as well. */
static uint64_t differing(const struct aw_bundle *b)
{
    uint64_t n = 0;
    for (unsigned c = 0; c < AW_CAUSE_COUNT && !b->o->match; c++)
        n += b->before[c] > b->after[c] ? b->before[c] - b->after[c] : b->after[c] - b->before[c];
    return n;
}

static void write_about(const struct aw_bundle *b, struct aw_out *out)
{
    aw_out_str(out,
               "Made by await100 " AW_VERSION ", await100 --bundle.\n\n"
               "capture.pcapng   the packets of the connections on which an exchange failed\n"
               "report.txt       what await100 says of them; made from capture.pcapng alone, so\n"
               "                 packet numbers are those of this file\n"
               "report.json      the same as a summary document\n"
               "records.ndjson   the same, one record an exchange\n\n"
               "Every packet was made anew: Ethernet without addresses, an IP header, the TCP\n"
               "header, a payload. What it had been wrapped in (link layer, tags, tunnels, IP\n"
               "options, fragments) is not here.\n"
               "Kept: times, lengths, sequence numbers, windows, TCP options but for Fast Open\n"
               "cookies, TTL, IPv4 IDs. IP checksums are computed, TCP checksums changed by as\n"
               "much as the bytes they cover: what was right is right, what was wrong is wrong.\n"
               "Two packets of IP protocol 253 at the end, if they are there, mark when the input\n"
               "ended.\n\n"
               "Payloads hold the heads of HTTP messages and the framing of chunks; all else is\n"
               "zero. In heads, values are masked by letters and digits of the same length, equal\n"
               "ones alike: of query parameters, fragment and userinfo in targets, and of every\n"
               "field that is not known to be harmless (Authorization, Cookie, Set-Cookie, ...).\n"
               "Methods, paths, field names, products");
    aw_out_str(out,
               b->o->hide_addresses
                   ? " are as they were. Addresses are\nnumbered (10.0.0.1, 2001:db8::1, ...) "
                     "and names of hosts masked.\n"
                   : ", addresses and names of hosts are as they were\n(--hide-addresses hides "
                     "the last two).\n");
    aw_out_str(out, "\nFAILING                      INPUT     HERE\n");
    for (unsigned c = 0; c < AW_CAUSE_COUNT; c++)
        if (b->before[c] || b->after[c])
            aw_out_printf(out, "%-24s %9llu %8llu\n", aw_cause_slug((enum aw_cause)c),
                          (unsigned long long)b->before[c], (unsigned long long)b->after[c]);
    if (differing(b) > 0)
        aw_out_str(out, "\nThe two differ: what was taken away had a part in those verdicts.\n");
    if (b->left_out > 0)
        aw_out_printf(out, "\n%llu packets are not here: not even their header was captured.\n",
                      (unsigned long long)b->left_out);
    if (b->unread[0])
        aw_out_str(out, "\nIncomplete: the input could not be read a second time to its end.\n");
    if (b->no_memory) aw_out_str(out, "\nIncomplete: memory ran out.\n");
    if (aw_scrub_lost(b->scrub) > 0)
        aw_out_printf(out, "\nFor want of memory %llu heads are zero (--memory gives more).\n",
                      (unsigned long long)aw_scrub_lost(b->scrub));
}

static bool write_entries(struct aw_bundle *b)
{
    struct aw_out *about = aw_out_memory();
    if (!about) return false;
    write_about(b, about);
    aw_out_flush(about);
    bool good = aw_archive_bytes(b->archive, "README.txt", b->last, aw_out_bytes(about)) &&
                aw_archive_file(b->archive, capture_name[0], b->last, fileno(b->temp));
    for (unsigned i = 0; i < REPORTS && good; i++)
        good =
            aw_archive_bytes(b->archive, report_name[i], b->last, aw_out_bytes(b->second.out[i]));
    (void)aw_out_close(about, true);
    return good;
}

static bool write_bundle(struct aw_bundle *b)
{
    char why[320] = "";
    const int error = aw_savefile_close(b->file);
    b->file = NULL;
    if (error) (void)snprintf(why, sizeof why, "cannot write the packets: %s", strerror(error));
    bool good = !error && b->made && write_entries(b);
    char archive[256] = "";
    if (!aw_archive_close(b->archive, archive, sizeof archive)) {
        (void)snprintf(why, sizeof why, "cannot write: %s", archive);
        good = false;
    }
    b->archive = NULL;
    const int closed = aw_out_close(b->out, good);
    b->out = NULL;
    if (good && closed) (void)snprintf(why, sizeof why, "cannot write: %s", strerror(closed));
    if (good && !closed) return true;
    complain(b, why[0] ? why : "out of memory");
    return false;
}

static void say_what_came(const struct aw_bundle *b)
{
    char line[640];
    if (b->unread[0]) {
        (void)snprintf(line, sizeof line, "incomplete: %s", b->unread);
        complain(b, line);
    }
    if (b->no_memory) complain(b, "out of memory: not all is in it");
    if (b->o->quiet) return;
    const uint64_t other = differing(b), lost = aw_scrub_lost(b->scrub);
    if (b->packets == 0) complain(b, "nothing failed: there are no packets in it");
    if (other > 0) {
        (void)snprintf(line, sizeof line,
                       "%llu failing verdicts read otherwise without the content: its README.txt "
                       "tells of which cause",
                       (unsigned long long)other);
        complain(b, line);
    }
    if (lost > 0) {
        (void)snprintf(line, sizeof line,
                       "out of memory: %llu heads are zero; --memory makes room for more",
                       (unsigned long long)lost);
        complain(b, line);
    }
}

bool aw_bundle_close(struct aw_bundle *b)
{
    if (!b) return true;
    bool good = true;
    if (b->archive && b->made) {
        good = write_bundle(b);
        if (good) say_what_came(b);
    } else if (b->archive && b->no_memory) {
        complain(b, "out of memory");
        good = false;
    }
    char ignored[256];
    if (b->archive) (void)aw_archive_close(b->archive, ignored, sizeof ignored);
    if (b->out) (void)aw_out_close(b->out, false);
    if (b->file) (void)aw_savefile_close(b->file);
    if (b->temp) (void)fclose(b->temp);
    for (unsigned i = 0; i < REPORTS; i++) {
        aw_format_find(format_name[i])->close(b->second.report[i]);
        if (b->second.out[i]) (void)aw_out_close(b->second.out[i], false);
    }
    aw_engine_close(b->second.engine);
    aw_summary_free(b->second.summary);
    aw_scrub_free(b->scrub);
    aw_rebuild_free(b->rebuild);
    aw_merge_free(b->again[0]);
    aw_merge_free(b->again[1]);
    free(b);
    return good;
}
