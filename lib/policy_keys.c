#include "lib/policy_keys.h"

#include "lib/match.h"
#include "lib/record_fields.h"

static const struct slice names[KEY_STANDARD_COUNT] = {
    [KEY_VERSION] = {"version", 7},
    [KEY_MODE] = {"mode", 4},
    [KEY_MAX_AGE] = {"max_age", 7},
    [KEY_MX] = {"mx", 2},
};

/* `mx` is too short for a distance: "md" or "max" may mean anything. These are meant. */
static const struct slice meant[] = {{"nmx", 3}, {"mxs", 3},     {"mxx", 3},
                                     {"xm", 2},  {"max-age", 7}, {"maxage", 6}};

struct slice policy_key_name(enum policy_key key)
{
    return names[key];
}

static bool is_typo(struct slice key)
{
    for (size_t i = 0; i < sizeof meant / sizeof *meant; i++)
        if (slice_eq(key, meant[i]))
            return true;
    return edit_distance(key, names[KEY_MODE], 1) <= 1 ||
           edit_distance(key, names[KEY_VERSION], 2) <= 2 ||
           edit_distance(key, names[KEY_MAX_AGE], 2) <= 2;
}

enum policy_key policy_key_of(struct slice key)
{
    for (int i = 0; i < KEY_STANDARD_COUNT; i++)
        if (slice_eq(key, names[i]))
            return (enum policy_key)i;
    for (int i = 0; i < KEY_STANDARD_COUNT; i++)
        if (slice_eq_nocase(key, names[i]))
            return KEY_CASE;
    if (is_typo(key))
        return KEY_TYPO;
    return record_ext_name_ok(key) ? KEY_UNKNOWN : KEY_MALFORMED;
}
