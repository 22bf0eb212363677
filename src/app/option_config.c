/*
 * Options from the configuration file (conffile.h), and what the command line replaces of them.
 */
#include "app/option.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sink/complain.h"

static bool is_command(enum option_id id)
{
    return id == OPT_HELP || id == OPT_VERSION || id == OPT_EXPLAIN || id == OPT_LIST ||
           id == OPT_NO_CONFIG || id == OPT_READ || id == OPT_COMPARE || id == OPT_MERGE ||
           id == OPT_ALIGN;
}

/* 1: yes, 0: no, -1: neither. */
static int yes_or_no(const char *value)
{
    static const char *const words[] = {"no", "yes", "false", "true", "off", "on", "0", "1"};
    for (int i = 0; i < (int)(sizeof words / sizeof *words); i++)
        if (strcmp(value, words[i]) == 0) return i & 1;
    return -1;
}

static bool take_configured(struct aw_options *o, const struct aw_confline *line)
{
    int id = 0;
    while (id < OPT_COUNT && strcmp(option_table[id].name, line->name) != 0)
        id++;
    if (id == OPT_COUNT) {
        const char *near = option_nearest(line->name);
        aw_complain("'%s' is not an option%s%s%s; -h lists them", line->name,
                    near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
        return false;
    }
    if (is_command((enum option_id)id)) {
        aw_complain("'%s' belongs on the command line", line->name);
        return false;
    }
    if (option_table[id].arg) {
        if (line->value) return option_take(o, (enum option_id)id, line->value);
        aw_complain("'%s' needs a value: %s = %s", line->name, line->name, option_table[id].arg);
        return false;
    }
    const int yes = line->value ? yes_or_no(line->value) : 1;
    if (yes < 0) aw_complain("'%s' is on or off: yes or no", line->name);
    return yes == 0 || (yes == 1 && option_take(o, (enum option_id)id, NULL));
}

bool option_read_config(struct aw_options *o, struct option_configured *c)
{
    char err[4608];
    struct aw_confline line;
    enum aw_conf got = aw_conffile_open(&o->conffile, err, sizeof err);
    if (got == AW_CONF_BAD) aw_complain("%s", err);
    while (got == AW_CONF_READ && aw_conffile_next(&o->conffile, &line)) {
        if (line.wrong) aw_complain("%s", line.wrong);
        if (!line.wrong && take_configured(o, &line)) {
            if (strcmp(line.name, option_table[OPT_NO_UI].name) == 0) c->no_ui = o->no_ui;
            continue;
        }
        aw_complain("this is %s:%u; --no-config goes without that file", o->conffile.path, line.no);
        got = AW_CONF_BAD;
    }
    o->no_ui = c->no_ui; /* a format to have reports in is no wish for one */
    c->interfaces = o->interface_count;
    c->filter = o->filter != NULL;
    c->fail_on = o->fail_on != 0 || o->fail_causes != 0;
    c->o = *o;
    return got != AW_CONF_BAD;
}

void option_replace_configured(struct aw_options *o, struct option_configured *c, enum option_id id)
{
    if (id == OPT_FAIL_ON && c->fail_on) {
        o->fail_on = 0;
        o->fail_causes = 0;
        c->fail_on = false;
    }
    if (id == OPT_FILTER && c->filter) {
        free(o->filter);
        o->filter = NULL;
        c->filter = false;
    }
    if ((id == OPT_INTERFACE || id == OPT_READ) && c->interfaces > 0) {
        o->interface_count = 0; /* those of the file are all there are */
        c->interfaces = 0;
    }
}
