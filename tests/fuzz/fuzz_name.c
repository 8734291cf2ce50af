/* libFuzzer: a name as a person or a list holds it; the escaping of any bytes and back. */
#include "lib/name.h"
#include "tests/fuzz/check.h"

#include <string.h>

static void check_escaping(struct slice raw)
{
    struct strbuf text, back;
    strbuf_init(&text, 4 * raw.len);
    strbuf_init(&back, raw.len);
    check(text_escape(&text, raw) == ST_OK);
    check_text(text.p);
    check(text_unescape(&back, (struct slice){text.p, text.len}) == ST_OK);
    check(slice_eq((struct slice){back.p, back.len}, raw));
    strbuf_free(&text);
    strbuf_free(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char once[NAME_MAX_BYTES + 1], twice[NAME_MAX_BYTES + 1];
    const char *reason;
    struct slice raw = {(const char *)data, size};

    check_escaping(raw);
    if (name_normalize(raw, once, &reason) == ST_OK) {
        check(name_labels(slice_of(once)) > 1 && strlen(once) <= NAME_MAX_BYTES);
        check(name_normalize(slice_of(once), twice, &reason) == ST_OK);
        check(strcmp(once, twice) == 0);
    } else {
        check(reason != NULL);
    }
    return 0;
}
