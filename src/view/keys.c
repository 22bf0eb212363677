/*
 * The table of keys as data, and the action of a key.
 */
#include "view/inside.h"

enum {
    F = 1 << SCREEN_FLOWS,
    G = 1 << SCREEN_CAUSES | 1 << SCREEN_SERVERS | 1 << SCREEN_CLIENTS,
    X = 1 << SCREEN_EXCHANGE,
    T = 1 << SCREEN_TEXT,
    C = 1 << SCREEN_COMPARE,
    S = 1 << SCREEN_SETTINGS,
    ALL = F | G | X | T | C | S,
};

const struct binding bindings[] = {
#define AW_BIND(action, screens, k1, k2, k3, shown, help)                                          \
    {ACTION_##action, (unsigned)(screens), {k1, k2, k3}, shown, help},
#include "view/keys.def"
#undef AW_BIND
};
const unsigned binding_count = sizeof bindings / sizeof bindings[0];

enum action key_action(enum screen s, uint32_t key)
{
    if (key == AW_KEY_NONE) return ACTION_NONE;
    if (s == SCREEN_FLOWS && key == 'q')
        return ACTION_QUIT; /* nothing is behind the first screen */
    for (unsigned i = 0; i < binding_count; i++) {
        const struct binding *b = &bindings[i];
        if (!(b->screens & 1u << s)) continue;
        if (b->key[0] == key || b->key[1] == key || b->key[2] == key) return b->action;
    }
    return ACTION_NONE;
}
