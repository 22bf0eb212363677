/*
 * -Y as people meet it: an expression parsed with its errors pointed at, and help on the language.
 */
#ifndef AW_APP_MATCH_H
#define AW_APP_MATCH_H

#include "await100/filter.h"

/* NULL: standard error says what is wrong, with the place marked. */
struct aw_expr *aw_match_parse(const char *text);
void aw_match_help(void); /* to standard output */

#endif
