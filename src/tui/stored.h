/*
 * Where the dashboard's settings are kept from run to run: a file of the user's own. Knows the
 * place; what stands in it is settings.h's business.
 */
#ifndef AW_TUI_STORED_H
#define AW_TUI_STORED_H

#include "sink/place.h"
#include "view/settings.h"

/* Reads the settings, the defaults where there are none, and opens the place in which changes are
 * kept: before rights are given up, after which its folder is the keeper's. NULL: none can be, for
 * the reason in why. */
struct aw_place *aw_stored_open(struct aw_settings *s, char *why, size_t size);
/* 0, or the errno of what went wrong. */
int aw_stored_write(struct aw_place *p, const struct aw_settings *s);

#endif
