/*
 * Places are counted in bytes ever put, so that they never repeat; a packet lies in one piece, and
 * the end of the buffer that is too short for the next one is passed over.
 */
#include "view/ring.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGN = 16 };

struct entry {
    struct aw_packet pkt; /* `data` is unset */
    uint64_t len;         /* of all of the entry */
    bool skip;            /* nothing: the rest of the buffer */
};

struct aw_ring {
    pthread_mutex_t lock;
    uint8_t *buf; /* owned */
    uint64_t size, first, next;
};

struct aw_ring *aw_ring_new(size_t bytes)
{
    struct aw_ring *r = calloc(1, sizeof *r);
    bytes -= bytes % ALIGN;
    if (!r) return NULL;
    r->buf = malloc(bytes + ALIGN);
    r->size = bytes;
    if (!r->buf) {
        free(r);
        return NULL;
    }
    pthread_mutex_init(&r->lock, NULL);
    return r;
}

void aw_ring_free(struct aw_ring *r)
{
    if (!r) return;
    pthread_mutex_destroy(&r->lock);
    free(r->buf);
    free(r);
}

static struct entry read_entry(const struct aw_ring *r, uint64_t at)
{
    struct entry e;
    memcpy(&e, r->buf + at % r->size, sizeof e);
    return e;
}

static void make_room(struct aw_ring *r, uint64_t len)
{
    while (r->first < r->next && r->next + len - r->first > r->size) {
        const uint64_t left = r->size - r->first % r->size;
        /* Less than an entry at the end of the buffer was never written. */
        r->first += left < sizeof(struct entry) ? left : read_entry(r, r->first).len;
    }
}

static void put_one(struct aw_ring *r, const struct aw_packet *p)
{
    uint64_t len = sizeof(struct entry) + p->cap_len;
    len += (ALIGN - len % ALIGN) % ALIGN;
    if (len > r->size / 4) return;
    const uint64_t left = r->size - r->next % r->size;
    if (left < len) {
        make_room(r, left);
        if (left >= sizeof(struct entry)) {
            const struct entry skip = {.len = left, .skip = true};
            memcpy(r->buf + r->next % r->size, &skip, sizeof skip);
        }
        r->next += left;
        if (r->first > r->next) r->first = r->next;
    }
    make_room(r, len);
    const struct entry e = {.pkt = *p, .len = len};
    uint8_t *to = r->buf + r->next % r->size;
    memcpy(to, &e, sizeof e);
    if (p->cap_len > 0) memcpy(to + sizeof e, p->data, p->cap_len);
    r->next += len;
}

void aw_ring_put(struct aw_ring *r, const struct aw_packet *pkts, size_t n)
{
    pthread_mutex_lock(&r->lock);
    for (size_t i = 0; i < n; i++)
        put_one(r, &pkts[i]);
    pthread_mutex_unlock(&r->lock);
}

void aw_ring_start(struct aw_ring *r, struct aw_ring_walk *w)
{
    pthread_mutex_lock(&r->lock);
    *w = (struct aw_ring_walk){.at = r->first, .end = r->next};
    pthread_mutex_unlock(&r->lock);
}

size_t aw_ring_next(struct aw_ring *r, struct aw_ring_walk *w, struct aw_packet *pkts, size_t n,
                    uint8_t *bytes, size_t size)
{
    size_t count = 0, used = 0;
    pthread_mutex_lock(&r->lock);
    if (w->at < r->first) w->at = r->first;
    while (w->at < w->end && count < n) {
        const uint64_t left = r->size - w->at % r->size;
        if (left < sizeof(struct entry)) {
            w->at += left;
            continue;
        }
        const struct entry e = read_entry(r, w->at);
        if (!e.skip) {
            if (e.pkt.cap_len > size - used) {
                if (count > 0) break;
            } else {
                pkts[count] = e.pkt;
                pkts[count++].data = bytes + used;
                memcpy(bytes + used, r->buf + w->at % r->size + sizeof e, e.pkt.cap_len);
                used += e.pkt.cap_len;
            }
        }
        w->at += e.len;
    }
    pthread_mutex_unlock(&r->lock);
    return count;
}
