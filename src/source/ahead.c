/* Reading ahead; see ahead.h. */
#include "source/ahead.h"

#include <unistd.h>

void aw_ahead_init(struct aw_ahead *a)
{
    *a = (struct aw_ahead){.helped = false};
    pthread_mutex_init(&a->lock, NULL);
    pthread_cond_init(&a->done, NULL);
}

void aw_ahead_fini(struct aw_ahead *a)
{
    aw_ahead_end(a);
    pthread_cond_destroy(&a->done);
    pthread_mutex_destroy(&a->lock);
}

bool aw_ahead_helped(struct aw_ahead *a)
{
    pthread_mutex_lock(&a->lock);
    const bool helped = a->helped;
    pthread_mutex_unlock(&a->lock);
    return helped;
}

/* The first one wanted; NULL: none is. */
static struct aw_ahead_piece *first_wanted(struct aw_ahead *a)
{
    struct aw_ahead_piece *first = NULL;
    for (unsigned i = 0; i < AW_AHEAD_PIECES; i++) {
        struct aw_ahead_piece *p = &a->piece[i];
        if (p->state == AW_AHEAD_WANTED && (!first || p->at < first->at)) first = p;
    }
    return first;
}

/* Reads it; the lock is held, but for the reading. */
static void read_piece(struct aw_ahead *a, struct aw_ahead_piece *p)
{
    p->state = AW_AHEAD_READING;
    const int fd = a->fd;
    const uint64_t at = p->at;
    uint8_t *to = p->block->bytes + AW_AHEAD_GAP;
    pthread_mutex_unlock(&a->lock);
    const ssize_t got = pread(fd, to, AW_AHEAD_BYTES, (off_t)at);
    pthread_mutex_lock(&a->lock);
    p->got = got > 0 ? (size_t)got : 0;
    p->state = AW_AHEAD_READ;
    pthread_cond_signal(&a->done);
}

bool aw_ahead_read(struct aw_ahead *a)
{
    pthread_mutex_lock(&a->lock);
    a->helped = true;
    struct aw_ahead_piece *p = first_wanted(a);
    if (p) read_piece(a, p);
    pthread_mutex_unlock(&a->lock);
    return p != NULL;
}

/* Meanwhile the next one is read here. */
static void wait_for(struct aw_ahead *a, const struct aw_ahead_piece *p)
{
    while (p->state == AW_AHEAD_READING) {
        struct aw_ahead_piece *next = first_wanted(a);
        if (next)
            read_piece(a, next);
        else
            pthread_cond_wait(&a->done, &a->lock);
    }
}

void aw_ahead_want(struct aw_ahead *a, int fd, uint64_t at, struct aw_blocks *blocks)
{
    pthread_mutex_lock(&a->lock);
    a->fd = fd;
    for (unsigned i = 0; i < AW_AHEAD_PIECES; i++) {
        const struct aw_ahead_piece *p = &a->piece[i];
        if (p->state != AW_AHEAD_NONE && p->at + AW_AHEAD_BYTES > at) at = p->at + AW_AHEAD_BYTES;
    }
    for (unsigned i = 0; i < AW_AHEAD_PIECES; i++) {
        struct aw_ahead_piece *p = &a->piece[i];
        if (p->state != AW_AHEAD_NONE) continue;
        if (!p->block && blocks->ahead < AW_AHEAD_BLOCKS) {
            p->block = aw_block_new(blocks, AW_BLOCK_BYTES);
            blocks->ahead += p->block != NULL;
        }
        if (!p->block) break;
        p->state = AW_AHEAD_WANTED;
        p->at = at;
        at += AW_AHEAD_BYTES;
    }
    pthread_mutex_unlock(&a->lock);
}

struct aw_block *aw_ahead_take(struct aw_ahead *a, uint64_t at, size_t *got)
{
    struct aw_block *b = NULL;
    pthread_mutex_lock(&a->lock);
    for (unsigned i = 0; i < AW_AHEAD_PIECES; i++) {
        struct aw_ahead_piece *p = &a->piece[i];
        if (p->state == AW_AHEAD_NONE || p->at > at) continue;
        wait_for(a, p);
        if (p->state == AW_AHEAD_READ && p->at == at && p->got > 0) {
            b = p->block;
            b->all->ahead--;
            p->block = NULL;
            *got = p->got;
        }
        p->state = AW_AHEAD_NONE;
    }
    pthread_mutex_unlock(&a->lock);
    return b;
}

void aw_ahead_end(struct aw_ahead *a)
{
    pthread_mutex_lock(&a->lock);
    for (unsigned i = 0; i < AW_AHEAD_PIECES; i++) {
        struct aw_ahead_piece *p = &a->piece[i];
        while (p->state == AW_AHEAD_READING)
            pthread_cond_wait(&a->done, &a->lock);
        p->state = AW_AHEAD_NONE;
        if (!p->block) continue;
        p->block->all->ahead--;
        aw_block_drop(p->block);
        p->block = NULL;
    }
    pthread_mutex_unlock(&a->lock);
}

size_t aw_ahead_before(struct aw_ahead *a, uint64_t at, size_t room)
{
    pthread_mutex_lock(&a->lock);
    for (unsigned i = 0; i < AW_AHEAD_PIECES; i++) {
        const struct aw_ahead_piece *p = &a->piece[i];
        if (p->state == AW_AHEAD_NONE || p->at <= at) continue;
        if (p->at - at < room) room = (size_t)(p->at - at);
    }
    pthread_mutex_unlock(&a->lock);
    return room;
}
