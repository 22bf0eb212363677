/*
 * What a user may set, and the text in which it is kept from run to run. Pure: text in, text out.
 */
#ifndef AW_VIEW_SETTINGS_H
#define AW_VIEW_SETTINGS_H

#include <stdio.h>

#include "view/sorted.h"

enum aw_theme { AW_THEME_DARK, AW_THEME_LIGHT, AW_THEME_MONO, AW_THEME_COUNT };
enum aw_show { AW_SHOW_FAILING, AW_SHOW_EXPECTATION, AW_SHOW_ALL, AW_SHOW_COUNT };

struct aw_column_setting {
    uint8_t column; /* enum aw_column */
    bool shown;
    uint8_t width; /* 0 = by itself */
};

struct aw_settings {
    enum aw_theme theme;
    bool ascii; /* even where the terminal speaks UTF-8 */
    bool mouse;
    enum aw_show show;
    enum aw_column sort;
    bool down;
    struct aw_column_setting column[AW_COL_COUNT]; /* in the order shown */
};

void aw_settings_init(struct aw_settings *s);
/* Takes lines "name value"; what is not understood is passed over, as a later version may have
 * written it. Returns the lines passed over. */
unsigned aw_settings_read(struct aw_settings *s, const char *text);
void aw_settings_write(const struct aw_settings *s, FILE *out);

const char *aw_theme_name(enum aw_theme t);
const char *aw_show_name(enum aw_show s);

struct aw_column_about {
    const char *name, *title, *meaning;
    int least, best, rank;
    bool right;
};
const struct aw_column_about *aw_column_about(enum aw_column c);

#endif
