/* policy_keys - what the key of a policy line is: one of the four, nearly one, or another. Pure. */
#ifndef LIB_POLICY_KEYS_H
#define LIB_POLICY_KEYS_H

#include "lib/bytes.h"

enum policy_key {
    KEY_VERSION,
    KEY_MODE,
    KEY_MAX_AGE,
    KEY_MX,
    KEY_STANDARD_COUNT, /* the four of RFC 8461 3.2 stand above */
    KEY_CASE,           /* one of them but for the case; keys are case-sensitive */
    KEY_TYPO,           /* nearly one of them */
    KEY_UNKNOWN,        /* a well-formed extension: ignored (RFC 8461 3.2) */
    KEY_MALFORMED,      /* none that the grammar knows */
};

/* key is trimmed. */
enum policy_key policy_key_of(struct slice key);
/* "version", "mode", "max_age", "mx"; for the four only. */
struct slice policy_key_name(enum policy_key key);

#endif
