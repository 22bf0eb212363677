/*
 * Packets of failing connections; see keep.h. The ring is one block: entries lie in it one behind
 * the other, as they came; what does not fit before the block's end begins again at its start.
 */
#include "sink/keep.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sink/outfile.h"
#include "sink/savefile.h"
#include "sink/wanted.h"

struct entry { /* followed by the packet's bytes */
    uint64_t conn;
    aw_ns ts;
    size_t size; /* of the entry, with its bytes and what aligns the next */
    uint32_t cap_len, wire_len;
    uint16_t linktype, iface;
};

enum mode { COLLECT, WRITE, RING };

struct aw_keep {
    pthread_mutex_t lock; /* packets and records may come from two threads */
    enum mode mode;
    struct aw_outfile place;
    int fd;                   /* made when opened; -1 once the file has it */
    struct aw_savefile *file; /* owned; NULL: nothing written yet */
    struct aw_wanted *wanted; /* owned */
    aw_ns patience;
    bool endure;
    /* what came so far: whether pcap will do */
    bool seen, mixed;
    uint16_t linktype, iface;
    /* the ring: entries in [head, tail), or [head, turn) and [0, tail) */
    uint8_t *ring; /* owned */
    size_t cap, head, tail, turn, count;
    struct aw_keep_stats stats;
    int error;   /* nothing is written any more */
    int trouble; /* the first that was endured */
};

struct aw_keep *aw_keep_open(const struct aw_keep_plan *plan, char *err, size_t err_size)
{
    struct aw_keep *k = calloc(1, sizeof *k);
    if (k) {
        *k = (struct aw_keep){
            .mode = plan->again ? COLLECT : RING,
            .fd = -1,
            .patience = plan->patience,
            .endure = plan->endure,
            .cap = plan->again ? 0 : plan->memory - plan->memory / 8,
        };
        k->wanted = aw_wanted_new(plan->memory / 8);
        k->ring = k->cap ? malloc(k->cap) : NULL;
        pthread_mutex_init(&k->lock, NULL);
    }
    if (!k || !k->wanted || (k->cap && !k->ring)) {
        (void)snprintf(err, err_size, "%s: out of memory", plan->path);
    } else if (aw_outfile_open(&k->place, plan->path, AW_NAMES_ONE, '\0', err, err_size)) {
        k->fd = aw_outfile_make(&k->place, k->place.name);
        if (k->fd >= 0) return k;
        (void)snprintf(err, err_size, "%s: %s", plan->path, strerror(errno));
        aw_outfile_close(&k->place);
    }
    if (k) {
        pthread_mutex_destroy(&k->lock);
        aw_wanted_free(k->wanted);
        free(k->ring);
    }
    free(k);
    return NULL;
}

struct aw_folder *aw_keep_folder(const struct aw_keep *k)
{
    return k->place.folder;
}

static void note_kind(struct aw_keep *k, const struct aw_packet *pkt)
{
    if (!k->seen) {
        k->seen = true;
        k->linktype = pkt->linktype;
        k->iface = pkt->iface;
    }
    if (pkt->linktype != k->linktype || pkt->iface != k->iface || pkt->untimed) k->mixed = true;
}

static bool begin_file(struct aw_keep *k)
{
    k->file = aw_savefile_new(k->fd, k->mixed);
    if (!k->file) {
        k->error = ENOMEM;
        return false;
    }
    if (k->endure) aw_savefile_endure(k->file);
    k->fd = -1;
    return true;
}

/* Of a capture without packets there is at least the header. */
static void end_file(struct aw_keep *k)
{
    if (!k->file && !k->error) (void)begin_file(k);
    if (k->file) {
        aw_savefile_flush(k->file);
        k->stats.left_out += aw_savefile_left_out(k->file);
        k->stats.unwritten += aw_savefile_let_go(k->file);
        if (!k->trouble) k->trouble = aw_savefile_trouble(k->file);
        const int error = aw_savefile_close(k->file);
        if (!k->error && error != k->trouble) k->error = error;
    }
    if (k->fd >= 0) (void)close(k->fd);
    k->file = NULL;
    k->fd = -1;
}

static void put(struct aw_keep *k, const struct aw_packet *pkt)
{
    if (k->error || (!k->file && !begin_file(k))) return;
    if (aw_savefile_packet(k->file, pkt)) k->stats.written++;
    k->error = aw_savefile_error(k->file);
}

/* --- the ring --- */

static struct entry *oldest(struct aw_keep *k)
{
    return (struct entry *)(void *)(k->ring + k->head);
}

/* Takes the oldest out, and writes it if it is wanted. */
static void pop(struct aw_keep *k, bool for_room)
{
    const struct entry *e = oldest(k);
    if (aw_wanted_has(k->wanted, e->conn)) {
        const struct aw_packet pkt = {.ts = e->ts,
                                      .data = (const uint8_t *)(e + 1),
                                      .cap_len = e->cap_len,
                                      .wire_len = e->wire_len,
                                      .linktype = e->linktype,
                                      .iface = e->iface};
        put(k, &pkt);
    } else if (for_room) {
        k->stats.let_go++;
    }
    k->head += e->size;
    if (--k->count == 0)
        k->head = k->tail = k->turn = 0;
    else if (k->turn != 0 && k->head == k->turn)
        k->head = k->turn = 0;
}

/* Where `size` bytes may go; NULL: nowhere before something leaves. An entry never ends where the
 * head is, so that a full ring and an empty one differ. */
static void *room(struct aw_keep *k, size_t size)
{
    if (k->turn == 0) { /* entries in [head, tail) */
        if (size <= k->cap - k->tail) return k->ring + k->tail;
        if (size >= k->head) return NULL;
        k->turn = k->tail;
        k->tail = 0;
        return k->ring;
    }
    return size < k->head - k->tail ? k->ring + k->tail : NULL;
}

/* Times are the file's word: their difference may not fit. */
static bool is_old(struct aw_keep *k, aw_ns now)
{
    const aw_ns then = oldest(k)->ts;
    return now > then && (uint64_t)now - (uint64_t)then > (uint64_t)k->patience;
}

static void push(struct aw_keep *k, uint64_t conn, const struct aw_packet *pkt)
{
    const size_t align = _Alignof(struct entry);
    const size_t size = (sizeof(struct entry) + pkt->cap_len + align - 1) / align * align;
    if (size >= k->cap) { /* larger than all there is */
        k->stats.let_go++;
        return;
    }
    struct entry *e;
    while ((e = room(k, size)) == NULL)
        pop(k, true);
    *e = (struct entry){.conn = conn,
                        .ts = pkt->ts,
                        .size = size,
                        .cap_len = pkt->cap_len,
                        .wire_len = pkt->wire_len,
                        .linktype = pkt->linktype,
                        .iface = pkt->iface};
    if (pkt->cap_len) memcpy(e + 1, pkt->data, pkt->cap_len);
    k->tail += size;
    k->count++;
    /* What is too old to be waited for makes way for what is wanted behind it. */
    while (k->count > 1 && is_old(k, pkt->ts))
        pop(k, false);
}

/* --- the door --- */

void aw_keep_packet(void *ctx, uint64_t conn_ord, const struct aw_packet *pkt)
{
    struct aw_keep *k = ctx;
    pthread_mutex_lock(&k->lock);
    switch (k->mode) {
    case COLLECT:
        note_kind(k, pkt);
        break;
    case WRITE:
        if (aw_wanted_has(k->wanted, conn_ord)) put(k, pkt);
        break;
    case RING:
        note_kind(k, pkt);
        push(k, conn_ord, pkt);
        break;
    }
    pthread_mutex_unlock(&k->lock);
}

void aw_keep_record(struct aw_keep *k, const struct aw_record *rec, bool failing)
{
    pthread_mutex_lock(&k->lock);
    aw_wanted_record(k->wanted, rec, failing);
    /* What stands first in line and is wanted need not wait. */
    while (failing && k->count > 0 && aw_wanted_has(k->wanted, oldest(k)->conn))
        pop(k, false);
    if (failing && k->file) aw_savefile_flush(k->file);
    pthread_mutex_unlock(&k->lock);
}

bool aw_keep_again(struct aw_keep *k)
{
    k->mode = WRITE;
    return aw_wanted_any(k->wanted) && k->error == 0;
}

int aw_keep_reopen(struct aw_keep *k)
{
    pthread_mutex_lock(&k->lock);
    const int fd = k->error ? -1 : aw_outfile_again(&k->place, k->place.name);
    const int error = fd >= 0 || k->error || errno == EEXIST ? 0 : errno;
    if (fd >= 0) {
        end_file(k);
        k->fd = fd;
    }
    pthread_mutex_unlock(&k->lock);
    return error;
}

int aw_keep_trouble(struct aw_keep *k)
{
    pthread_mutex_lock(&k->lock);
    const int trouble = k->trouble ? k->trouble : k->file ? aw_savefile_trouble(k->file) : 0;
    pthread_mutex_unlock(&k->lock);
    return trouble;
}

int aw_keep_close(struct aw_keep *k, struct aw_keep_stats *stats)
{
    while (k->count > 0)
        pop(k, false);
    k->stats.let_go += aw_wanted_forgotten(k->wanted);
    end_file(k);
    k->stats.written -= k->stats.unwritten; /* they were counted when they came */
    if (stats) *stats = k->stats;
    const int error = k->error ? k->error : k->trouble;
    pthread_mutex_destroy(&k->lock);
    aw_outfile_close(&k->place);
    aw_wanted_free(k->wanted);
    free(k->ring);
    free(k);
    return error;
}
