/* status - the one error enum of all layers, with text.
 *
 * Functions return `enum status` and give results through out-parameters. ST_OK is 0. The codes say
 * what went wrong for the program (memory, limits, I/O); what a measured domain does wrong is never
 * an error but evidence. */
#ifndef LIB_STATUS_H
#define LIB_STATUS_H

enum status {
    ST_OK = 0,
    ST_NOMEM,       /* allocation failed */
    ST_LIMIT,       /* a named cap was reached (caps.h, limits.h) */
    ST_INVALID,     /* malformed input */
    ST_NOT_FOUND,   /* nothing there */
    ST_EOF,         /* end of input */
    ST_TRUNCATED,   /* input ends inside an item */
    ST_IO,          /* the operating system failed a read or write; errno says why */
    ST_AGAIN,       /* not now: queue full, or would block */
    ST_BLOCKED,     /* the guard forbids it */
    ST_UNSUPPORTED, /* known but not available here */
    ST_USAGE,       /* the caller's arguments or options are wrong */
    ST_INTERNAL,    /* a library failed in a way it should not */
    STATUS_COUNT
};

/* Static text, never NULL, for every value. */
const char *status_text(enum status st);

#endif
