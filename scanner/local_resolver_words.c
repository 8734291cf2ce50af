#include "scanner/local_resolver_words.h"

#include <stdio.h>
#include <string.h>

#define READY "start of service ("

void resolver_words_add(struct resolver_words *w, const char *p, size_t len)
{
    if (len > RESOLVER_WORDS_MAX_BYTES) {
        p += len - RESOLVER_WORDS_MAX_BYTES;
        len = RESOLVER_WORDS_MAX_BYTES;
    }
    if (w->len + len > RESOLVER_WORDS_MAX_BYTES) {
        size_t drop = w->len + len - RESOLVER_WORDS_MAX_BYTES;
        memmove(w->text, w->text + drop, w->len - drop);
        w->len -= drop;
    }
    for (size_t i = 0; i < len; i++)
        w->text[w->len++] = p[i] == '\n' || (p[i] >= ' ' && p[i] <= '~') ? p[i] : '?';
    w->text[w->len] = '\0';
}

bool resolver_words_ready(const struct resolver_words *w, char *version, size_t size)
{
    const char *at = strstr(w->text, READY);
    const char *close = at ? strchr(at, ')') : NULL;
    if (!close)
        return false;
    at += strlen(READY);
    snprintf(version, size, "%.*s", (int)(close - at), at);
    return true;
}

/* "[time] unbound[pid:thread] error: text" without what stands before the text's kind. */
static const char *without_stamp(const char *line)
{
    const char *p = line[0] == '[' ? strstr(line, "] ") : NULL;
    p = p ? strchr(p + 2, ']') : NULL;
    return p && p[1] == ' ' ? p + 2 : line;
}

void resolver_words_errors(const struct resolver_words *w, char *out, size_t size)
{
    char copy[RESOLVER_WORDS_MAX_BYTES + 1];
    size_t used = 0;
    memcpy(copy, w->text, w->len + 1);
    out[0] = '\0';
    for (char *line = copy, *end; line && *line != '\0'; line = end) {
        end = strchr(line, '\n');
        if (end)
            *end++ = '\0';
        const char *text = without_stamp(line);
        if (strstr(text, "info: ") == text || strstr(text, "warning: ") == text)
            continue;
        int n = snprintf(out + used, size - used, "%s%s", used > 0 ? "; " : "", text);
        used += n > 0 ? (size_t)n : 0;
        if (used >= size)
            break;
    }
}
