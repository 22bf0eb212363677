/*
 * Sentences of a verdict: written into the verdict's own text, bounded, valid UTF-8 without control
 * bytes whatever the wire held, and with numbers that do not depend on the locale. A sentence that
 * does not fit is left out whole. Knows nothing of causes.
 */
#ifndef AW_DIAGNOSE_TEXT_H
#define AW_DIAGNOSE_TEXT_H

#include "diagnose/diagnose.h"

enum { AW_SAY_SLOTS = 12, AW_SAY_SLOT = 224 };

struct aw_say {
    struct aw_verdict *v;         /* borrowed */
    const struct aw_namer *names; /* borrowed, may be NULL */
    uint16_t source; /* the exchange's own file: its packets are named by number alone */
    unsigned slot;
    char slots[AW_SAY_SLOTS][AW_SAY_SLOT]; /* what the functions below return lives here */
};

void aw_say_init(struct aw_say *s, struct aw_verdict *v, const struct aw_namer *names,
                 const struct aw_exchange *x);

/* Pieces of a sentence. Valid until AW_SAY_SLOTS more of them were asked for. */
const char *aw_say_ms(struct aw_say *s, aw_ns t);                      /* "1001.200 ms" */
const char *aw_say_after(struct aw_say *s, aw_ns t, const char *what); /* "1.200 ms after WHAT" */
const char *aw_say_packet(struct aw_say *s,
                          const struct aw_mark *m); /* "packet 9", or with its file */
const char *aw_say_ref(struct aw_say *s, aw_ref ref);
/* Bytes of the wire made fit to print: at most about `max` bytes, the rest as "..." */
const char *aw_say_bytes(struct aw_say *s, struct aw_span b, size_t max);

/* Adds a sentence; a and b (may be 0) are the packets it speaks of. What goes in for %s has to come
 * from above or be a literal. */
AW_PRINTF(4, 5)
void aw_say(struct aw_say *s, aw_ref a, aw_ref b, const char *fmt, ...);
AW_PRINTF(2, 3)
void aw_say_fix(struct aw_say *s, const char *fmt, ...);

#endif
