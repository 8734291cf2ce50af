#include "scanner/scan_identity.h"

#include "scanner/options_table.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

/* All values of an option, as --dump-config would write them; null when it is not set. */
static json_t *option_text(const struct option_row *row, const struct scan_options *o)
{
    struct strbuf text;
    size_t n = option_count(row, o);
    if (n == 0)
        return json_null();
    strbuf_init(&text, 64 * 1024);
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            strbuf_addc(&text, ' ');
        option_format(row, o, i, &text);
    }
    json_t *out = text.error == ST_OK ? json_stringn(text.p ? text.p : "", text.len) : NULL;
    if (!out && text.error == ST_OK) /* a path need not be UTF-8; its hash tells it as well */
    {
        char hex[SHA256_HEX_BYTES + 1];
        sha256_hex((struct slice){text.p, text.len}, hex);
        out = json_string(hex);
    }
    strbuf_free(&text);
    return out;
}

enum status scan_identity_write(const struct scan_options *o, const struct fingerprint *input,
                                struct strbuf *out)
{
    json_t *root = json_object(), *options = json_object();
    bool ok = root && options;
    json_t *from = json_pack("{s:b, s:I, s:s}", "whole", (int)input->whole, "bytes",
                             (json_int_t)input->bytes, "sha256", input->sha256);
    ok = ok && from && json_object_set_new(root, "input", from) == 0;
    for (size_t i = 0; ok && i < option_rows_n; i++)
        if (option_rows[i].same)
            ok = json_object_set_new(options, option_rows[i].name,
                                     option_text(&option_rows[i], o)) == 0;
    ok = ok && json_object_set(root, "options", options) == 0;
    char *text = ok ? json_dumps(root, JSON_COMPACT | JSON_PRESERVE_ORDER) : NULL;
    enum status st = text ? strbuf_adds(out, text) : ST_NOMEM;
    free(text);
    json_decref(options);
    json_decref(root);
    return st;
}

/* ---- comparing ------------------------------------------------------------------------------ */

static const char *shown(const json_t *v)
{
    return json_is_string(v) ? json_string_value(v) : "not set";
}

static bool is_empty(const json_t *text)
{
    return json_string_length(text) == 0;
}

static bool same_input(const json_t *then, const json_t *now, char *why, size_t size)
{
    if (json_equal(then, now))
        return true;
    bool whole = json_is_true(json_object_get(then, "whole"));
    /* The beginning of a slow pipe is not known; its lines will be compared. */
    if (!whole && !json_is_true(json_object_get(now, "whole")) &&
        (is_empty(json_object_get(then, "sha256")) || is_empty(json_object_get(now, "sha256"))))
        return true;
    json_int_t before = json_integer_value(json_object_get(then, "bytes"));
    json_int_t after = json_integer_value(json_object_get(now, "bytes"));
    if (whole != json_is_true(json_object_get(now, "whole")))
        snprintf(why, size, "the input is a file in one run and a pipe in the other");
    else if (before != after)
        snprintf(why, size, "the input is another one: it had %lld bytes and has %lld",
                 (long long)before, (long long)after);
    else
        snprintf(why, size, "the input is another one: its bytes have changed");
    return false;
}

static bool same_options(const json_t *then, json_t *now, char *why, size_t size)
{
    const char *name;
    json_t *value;
    json_object_foreach(now, name, value)
    {
        const json_t *before = json_object_get(then, name);
        if (json_equal(before ? before : json_null(), value))
            continue;
        snprintf(why, size, "--%s was %s and is %s", name, shown(before), shown(value));
        return false;
    }
    return true;
}

bool scan_identity_equal(struct slice then, struct slice now, char *why, size_t why_size)
{
    json_t *a = json_loadb(then.p, then.len, 0, NULL), *b = json_loadb(now.p, now.len, 0, NULL);
    bool ok = a && b;
    if (!ok)
        snprintf(why, why_size, "the state file cannot be read");
    ok =
        ok &&
        same_options(json_object_get(a, "options"), json_object_get(b, "options"), why, why_size) &&
        same_input(json_object_get(a, "input"), json_object_get(b, "input"), why, why_size);
    json_decref(a);
    json_decref(b);
    return ok;
}
