#include "scanner/resolv_conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DNS_PORT = 53 };

static struct slice next_word(struct slice *rest)
{
    const char *p = rest->p + strspn(rest->p, " \t\r\n");
    struct slice word = {p, strcspn(p, " \t\r\n")};
    *rest = slice_of(p + word.len);
    return word;
}

enum status resolv_conf_read(const char *path, struct endpoint **out, size_t *n)
{
    char line[512];
    *n = 0;
    *out = NULL;
    FILE *f = fopen(path, "re");
    if (!f)
        return ST_NOT_FOUND;
    struct endpoint *list = calloc(RESOLV_CONF_MAX, sizeof *list);
    while (list && *n < RESOLV_CONF_MAX && fgets(line, sizeof line, f)) {
        struct slice rest = slice_of(line);
        struct net_addr a;
        if (slice_eq(next_word(&rest), SLICE_LIT("nameserver")) &&
            net_addr_parse(next_word(&rest), &a) == ST_OK)
            list[(*n)++] = (struct endpoint){.ip = a, .port = DNS_PORT};
    }
    fclose(f);
    if (!list)
        return ST_NOMEM;
    if (*n == 0) {
        free(list);
        return ST_NOT_FOUND;
    }
    *out = list;
    return ST_OK;
}
