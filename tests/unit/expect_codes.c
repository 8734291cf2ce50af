#include "tests/unit/expect_codes.h"

#include "lib/name.h"
#include "tests/unit/codes_seen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

const char *codes_text(struct findings *f)
{
    const char *text = "";
    findings_sort(f);
    for (size_t i = 0; i < f->n; i++)
        text = arena_printf(f->arena, "%s%s%s", text, i > 0 ? " " : "",
                            finding_row(f->v[i].code)->code);
    return text;
}

void expect_codes(struct findings *f, struct slice input, const char *want)
{
    const char *got = codes_text(f);
    if (strcmp(got, want) == 0) {
        for (size_t i = 0; i < f->n; i++)
            codes_seen_add(f->v[i].code);
        return;
    }
    struct strbuf text;
    strbuf_init(&text, 1 << 20);
    text_escape(&text, input);
    print_error("input: %s\nwant:  %s\ngot:   %s\n", text.p != NULL ? text.p : "", want, got);
    strbuf_free(&text);
    fail();
}
