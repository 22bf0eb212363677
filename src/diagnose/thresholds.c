/*
 * The thresholds of the catalogue by name, and the configuration that holds them. Knows the table
 * and nothing of what the numbers decide.
 */
#include "await100/engine.h"

#include <string.h>

static const struct {
    const char *name, *meaning;
    int64_t value;
    enum aw_unit unit;
} thresholds[] = {
#define AW_THRESHOLD(id, name, value, unit, meaning) [AW_T_##id] = {name, meaning, value, unit},
#include "await100/thresholds.def"
#undef AW_THRESHOLD
};
_Static_assert(sizeof thresholds / sizeof *thresholds == AW_T_COUNT, "an entry for each threshold");

const char *aw_threshold_name(enum aw_threshold t)
{
    return (unsigned)t < AW_T_COUNT ? thresholds[t].name : "";
}

const char *aw_threshold_meaning(enum aw_threshold t)
{
    return (unsigned)t < AW_T_COUNT ? thresholds[t].meaning : "";
}

int64_t aw_threshold_default(enum aw_threshold t)
{
    return (unsigned)t < AW_T_COUNT ? thresholds[t].value : 0;
}

enum aw_unit aw_threshold_unit(enum aw_threshold t)
{
    return (unsigned)t < AW_T_COUNT ? thresholds[t].unit : AW_UNIT_COUNT;
}

void aw_config_init(struct aw_config *c)
{
    memset(c, 0, sizeof *c);
    c->memory = (size_t)256 << 20;
    c->shards = 1;
    for (unsigned i = 0; i < AW_T_COUNT; i++)
        c->threshold[i] = thresholds[i].value;
}
