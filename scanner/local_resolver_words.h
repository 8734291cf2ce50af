/* local_resolver_words - what unbound says on its standard error: the end of it is kept, and
 * understood. Pure. */
#ifndef SCANNER_LOCAL_RESOLVER_WORDS_H
#define SCANNER_LOCAL_RESOLVER_WORDS_H

#include <stdbool.h>
#include <stddef.h>

enum { RESOLVER_WORDS_MAX_BYTES = 1024 };

/* Zeroed: nothing was said yet. */
struct resolver_words {
    char text[RESOLVER_WORDS_MAX_BYTES + 1]; /* printable, lines end with '\n' */
    size_t len;
};

void resolver_words_add(struct resolver_words *w, const char *p, size_t len);
/* Whether it serves: it says so once, when its sockets are open, with its version ("unbound
 * 1.17.1"). */
bool resolver_words_ready(const struct resolver_words *w, char *version, size_t size);
/* Errors among what was kept, in one line; "" for none. */
void resolver_words_errors(const struct resolver_words *w, char *out, size_t size);

#endif
