#include "tests/fuzz/check.h"

#include "lib/name.h"

#include <stdlib.h>
#include <string.h>

void check(bool cond)
{
    if (!cond)
        abort();
}

void check_text(const char *text)
{
    struct slice rest = slice_of(text);
    while (rest.len > 0) {
        size_t len = utf8_sequence(rest);
        check(len > 0);
        rest = (struct slice){rest.p + len, rest.len - len};
    }
}

void check_findings(const struct findings *f, bool valid, bool by_effect)
{
    bool fault = false;
    check(f->error == ST_OK);
    for (size_t i = 0; i < f->n; i++) {
        const struct finding_row *row = finding_row(f->v[i].code);
        check_text(f->v[i].target);
        check_text(f->v[i].detail);
        fault = fault || (by_effect ? row->effect == EFFECT_FALLBACK : row->rule == RULE_VOID);
    }
    check(!(fault && valid));
    check(fault || valid);
}

size_t split_rrs(const uint8_t *data, size_t size, struct txt_rr rr[FUZZ_RRS_MAX])
{
    const char *p = (const char *)data;
    size_t n = 0;
    while (size > 0 && n < FUZZ_RRS_MAX) {
        const char *end = memchr(p, '\n', size);
        size_t len = end != NULL ? (size_t)(end - p) : size;
        rr[n++] = (struct txt_rr){.p = p, .len = len, .strings = len > 0 && *p == '\t' ? 2 : 1};
        size_t used = len + (end != NULL ? 1 : 0);
        p += used;
        size -= used;
    }
    return n;
}
