/*
 * Two generations of sets: what is added goes to the newer; when that is full it becomes the older,
 * whose members are forgotten. So the last half of the room at least is always known, without a
 * list of ages.
 */
#include "sink/wanted.h"

#include <stdlib.h>
#include <string.h>

enum { LEAST = 1024 };

/* Open addressing by ordinal, never more than half full; 0 is no ordinal. `value` is of links. */
struct slot {
    uint64_t key, value;
};
struct table {
    struct slot *slot; /* owned */
    size_t size, used; /* a power of two */
};

/*
 * What belongs together is found by the ids it names: the chain's, the exchange's own, its legs'.
 * For each id: the connection last told of under it, and whether a failing exchange named it.
 */
struct aw_wanted {
    size_t most;                      /* members of a table */
    struct table conn[2], failing[2]; /* by generation: ordinals; ids a failing exchange named */
    struct table named[2];            /* id to the connection that named it last */
    uint64_t forgotten;
    bool any;
};

static size_t place(const struct table *t, uint64_t key)
{
    size_t i = (size_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (t->size - 1);
    while (t->slot[i].key != 0 && t->slot[i].key != key)
        i = (i + 1) & (t->size - 1);
    return i;
}

static bool grow(struct table *t)
{
    struct table bigger = {.size = t->size ? t->size * 2 : LEAST, .used = t->used};
    bigger.slot = calloc(bigger.size, sizeof *bigger.slot);
    if (!bigger.slot) return false;
    for (size_t i = 0; i < t->size; i++)
        if (t->slot[i].key != 0) bigger.slot[place(&bigger, t->slot[i].key)] = t->slot[i];
    free(t->slot);
    *t = bigger;
    return true;
}

static const struct slot *find(const struct table t[2], uint64_t key)
{
    for (unsigned g = 0; key != 0 && g < 2; g++) {
        if (t[g].size == 0) continue;
        const struct slot *s = &t[g].slot[place(&t[g], key)];
        if (s->key == key) return s;
    }
    return NULL;
}

/* Adds to the newer generation; turns the generations where that is full. Without memory what was
 * to be added is forgotten at once. */
static void add(struct aw_wanted *w, struct table t[2], uint64_t key, uint64_t value)
{
    if (key == 0) return;
    if (t[0].used >= w->most) {
        w->forgotten += t[1].used;
        free(t[1].slot);
        t[1] = t[0];
        t[0] = (struct table){.size = 0};
    }
    if (2 * (t[0].used + 1) > t[0].size && !grow(&t[0])) {
        w->forgotten++;
        return;
    }
    struct slot *s = &t[0].slot[place(&t[0], key)];
    if (s->key == 0) t[0].used++;
    *s = (struct slot){key, value};
}

struct aw_wanted *aw_wanted_new(size_t memory)
{
    struct aw_wanted *w = calloc(1, sizeof *w);
    if (!w) return NULL;
    /* Six tables, each up to four times as large as what is in them, when it has just grown. */
    w->most = memory / (6 * 4 * sizeof(struct slot));
    if (w->most < LEAST) w->most = LEAST;
    return w;
}

void aw_wanted_free(struct aw_wanted *w)
{
    if (!w) return;
    for (unsigned g = 0; g < 2; g++) {
        free(w->conn[g].slot);
        free(w->failing[g].slot);
        free(w->named[g].slot);
    }
    free(w);
}

static void want(struct aw_wanted *w, uint64_t conn_ord)
{
    w->any = true;
    if (!find(w->conn, conn_ord)) add(w, w->conn, conn_ord, 0);
}

void aw_wanted_record(struct aw_wanted *w, const struct aw_record *rec, bool failing)
{
    const uint64_t ord = rec->ex->conn.ord;
    const bool alone = rec->attempts <= 1 && rec->chain_id == rec->ex->id && rec->inner_id == 0 &&
                       rec->outer_id == 0 && rec->recovered_by.id == 0;
    if (failing) want(w, ord);
    if (alone) return;
    const uint64_t ids[] = {rec->ex->id, rec->chain_id, rec->inner_id, rec->outer_id,
                            rec->recovered_by.id};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        if (ids[i] == 0) continue;
        const struct slot *other = find(w->named, ids[i]);
        if (find(w->failing, ids[i])) want(w, ord);
        if (failing && other) want(w, other->value);
        if (failing) add(w, w->failing, ids[i], 0);
        add(w, w->named, ids[i], ord);
    }
}

bool aw_wanted_has(const struct aw_wanted *w, uint64_t conn_ord)
{
    return find(w->conn, conn_ord) != NULL;
}

bool aw_wanted_any(const struct aw_wanted *w)
{
    return w->any;
}

uint64_t aw_wanted_forgotten(const struct aw_wanted *w)
{
    return w->forgotten;
}
