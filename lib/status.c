#include "lib/status.h"

#include <stddef.h>

const char *status_text(enum status st)
{
    static const char *const text[STATUS_COUNT] = {
        [ST_OK] = "ok",
        [ST_NOMEM] = "out of memory",
        [ST_LIMIT] = "a limit was reached",
        [ST_INVALID] = "malformed input",
        [ST_NOT_FOUND] = "not found",
        [ST_EOF] = "end of input",
        [ST_TRUNCATED] = "input ends inside an item",
        [ST_IO] = "input/output error",
        [ST_AGAIN] = "try again later",
        [ST_BLOCKED] = "blocked by the guard",
        [ST_UNSUPPORTED] = "not supported here",
        [ST_USAGE] = "wrong usage",
        [ST_INTERNAL] = "internal error",
    };
    if ((unsigned)st >= STATUS_COUNT || text[st] == NULL)
        return "unknown status";
    return text[st];
}
