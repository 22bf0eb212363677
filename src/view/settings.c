/*
 * Settings from text and back, and the table of columns.
 */
#include "view/settings.h"

#include <stdlib.h>
#include <string.h>

static const struct aw_column_about columns[AW_COL_COUNT] = {
#define AW_COLUMN(id, name, title, least, best, rank, right, meaning)                              \
    [AW_COL_##id] = {name, title, meaning, least, best, rank, right},
#include "view/columns.def"
#undef AW_COLUMN
};

enum { RANK_HIDDEN = 9, WIDEST = 120 };

static const char *const themes[AW_THEME_COUNT] = {"dark", "light", "mono"};
static const char *const shows[AW_SHOW_COUNT] = {"failing", "expectation", "all HTTP"};

const struct aw_column_about *aw_column_about(enum aw_column c)
{
    return &columns[c];
}

const char *aw_theme_name(enum aw_theme t)
{
    return themes[t];
}

const char *aw_show_name(enum aw_show s)
{
    return shows[s];
}

void aw_settings_init(struct aw_settings *s)
{
    *s = (struct aw_settings){
        .mouse = true, .show = AW_SHOW_EXPECTATION, .sort = AW_COL_SEVERITY, .down = true};
    for (unsigned i = 0; i < AW_COL_COUNT; i++)
        s->column[i] = (struct aw_column_setting){.column = (uint8_t)i,
                                                  .shown = columns[i].rank != RANK_HIDDEN};
}

static bool find_word(const char *word, const char *const *list, unsigned n, unsigned *out)
{
    for (unsigned i = 0; i < n; i++) {
        if (strcmp(word, list[i]) != 0) continue;
        *out = i;
        return true;
    }
    return false;
}

static bool find_column(const char *word, unsigned *out)
{
    for (unsigned i = 0; i < AW_COL_COUNT; i++) {
        if (strcmp(word, columns[i].name) != 0) continue;
        *out = i;
        return true;
    }
    return false;
}

/* "column NAME shown|hidden WIDTH": takes the next place. */
static bool take_column(struct aw_settings *s, const char *name, const char *rest, unsigned *place)
{
    unsigned c;
    if (!find_column(name, &c) || *place >= AW_COL_COUNT) return false;
    unsigned from = 0;
    while (s->column[from].column != c)
        from++;
    if (from < *place) return false; /* given twice */
    char word[16] = "";
    unsigned width = 0;
    if (sscanf(rest, "%15s %3u", word, &width) < 1) return false;
    struct aw_column_setting moved = s->column[from];
    moved.shown = strcmp(word, "shown") == 0;
    moved.width = (uint8_t)(width <= WIDEST ? width : 0);
    for (; from > *place; from--)
        s->column[from] = s->column[from - 1];
    s->column[(*place)++] = moved;
    return true;
}

static bool take_line(struct aw_settings *s, const char *name, const char *value, unsigned *place)
{
    unsigned n;
    char word[32] = "";
    int used = 0;
    (void)sscanf(value, "%31s %n", word, &used);
    if (strcmp(name, "theme") == 0 && find_word(value, themes, AW_THEME_COUNT, &n)) {
        s->theme = (enum aw_theme)n;
    } else if (strcmp(name, "show") == 0 && find_word(value, shows, AW_SHOW_COUNT, &n)) {
        s->show = (enum aw_show)n;
    } else if (strcmp(name, "ascii") == 0) {
        s->ascii = strcmp(value, "yes") == 0;
    } else if (strcmp(name, "mouse") == 0) {
        s->mouse = strcmp(value, "no") != 0;
    } else if (strcmp(name, "sort") == 0 && find_column(word, &n)) {
        s->sort = (enum aw_column)n;
        s->down = strcmp(value + used, "down") == 0;
    } else if (strcmp(name, "column") == 0) {
        return take_column(s, word, value + used, place);
    } else {
        return false;
    }
    return true;
}

unsigned aw_settings_read(struct aw_settings *s, const char *text)
{
    unsigned passed = 0, place = 0;
    while (*text) {
        const size_t len = strcspn(text, "\n");
        char line[128], name[32] = "";
        int used = 0;
        snprintf(line, sizeof line, "%.*s", (int)(len < sizeof line ? len : 0), text);
        if (line[0] != '\0' && line[0] != '#') {
            if (sscanf(line, "%31s %n", name, &used) < 1 ||
                !take_line(s, name, line + used, &place))
                passed++;
        }
        text += len;
        if (*text) text++;
    }
    return passed;
}

void aw_settings_write(const struct aw_settings *s, FILE *out)
{
    fprintf(out, "# written by the settings screen of await100\n");
    fprintf(out, "theme %s\nascii %s\nmouse %s\nshow %s\nsort %s %s\n", themes[s->theme],
            s->ascii ? "yes" : "no", s->mouse ? "yes" : "no", shows[s->show], columns[s->sort].name,
            s->down ? "down" : "up");
    for (unsigned i = 0; i < AW_COL_COUNT; i++)
        fprintf(out, "column %s %s %u\n", columns[s->column[i].column].name,
                s->column[i].shown ? "shown" : "hidden", s->column[i].width);
}
