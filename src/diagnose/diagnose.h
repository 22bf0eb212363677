/*
 * The verdict on one exchange, seen with its neighbours. A pure function: equal cases give equal
 * verdicts, nothing is kept, nothing allocated, no input but the arguments. The rules are those of
 * the catalogue; causes.def names them in the order in which they win.
 */
#ifndef AW_DIAGNOSE_DIAGNOSE_H
#define AW_DIAGNOSE_DIAGNOSE_H

#include "link/case.h"

/* An aw_judge. names may be NULL. */
void aw_diagnose(const struct aw_case *c, const int64_t threshold[], const struct aw_namer *names,
                 struct aw_verdict *out);

/* Round trip, W and vantage as the rules use them (diagnosis, section 1). */
aw_ns aw_case_rtt(const struct aw_conn_facts *conn); /* rtt_c + rtt_s, unknown = 0 */
aw_ns aw_case_w(const struct aw_conn_facts *conn, const int64_t threshold[]);

#endif
