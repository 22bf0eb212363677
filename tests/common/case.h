/*
 * Exchanges made by hand, for tests of what judges them: times in ms after the request's first
 * byte, packets numbered in the order in which they are put in. The client's head ends at offset
 * 200 of its stream, the server's answers begin at offset 0 of its own.
 */
#ifndef TESTS_COMMON_CASE_H
#define TESTS_COMMON_CASE_H

#include "diagnose/diagnose.h"

enum { CASE_HEAD_END = 200, CASE_100_END = 25, CASE_FINAL_LEN = 100 };
#define CASE_EPOCH (INT64_C(1700000000) * AW_SEC)

struct case_maker {
    struct aw_exchange x;
    uint64_t ord;   /* of the next packet */
    aw_off answers; /* end of the server's bytes so far */
};

struct aw_mark case_mark(struct case_maker *m, double ms);
/* PUT /up with Expect: 100-continue and 1000 bytes declared, acknowledged at once; round trips of
 * 0.1 ms to either side. */
void case_begin(struct case_maker *m);
void case_text(struct case_maker *m, enum aw_text which, const char *value);
void case_100(struct case_maker *m, double ms);
/* All content from `ms` to `end` ms; `ack`: server bytes that its first segment acknowledges. */
void case_content(struct case_maker *m, double ms, double end, aw_off ack);
void case_part(struct case_maker *m, double ms, double end, aw_off ack, int64_t sent);
void case_final(struct case_maker *m, double ms, uint16_t status);
void case_close(struct case_maker *m, double ms, enum aw_dir who, bool reset);
void case_idle(struct case_maker *m, double ms);  /* ended by the idle timeout */
void case_input(struct case_maker *m, double ms); /* still open when the input ended */

/* The verdict on it with default thresholds; c may be NULL. */
void case_judge(const struct case_maker *m, const struct aw_case *c, struct aw_verdict *out);

#endif
