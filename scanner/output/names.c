#include "scanner/output/names.h"

#include "scanner/input/fingerprint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *joined(const char *name, size_t len, const char *end)
{
    size_t size = len + strlen(end) + 1;
    char *out = malloc(size);
    if (out)
        snprintf(out, size, "%.*s%s", (int)len, name, end);
    return out;
}

static bool ends_in(const char *name, const char *end, size_t *stem)
{
    size_t len = strlen(name), tail = strlen(end);
    if (len <= tail || strcmp(name + len - tail, end) != 0)
        return false;
    *stem = len - tail;
    return true;
}

enum status output_names_make(const char *output, struct output_names *out)
{
    size_t stem = 0;
    *out = (struct output_names){0};
    bool to_stdout = strcmp(output, "-") == 0;
    out->compressed = ends_in(output, ".ndjson.zst", &stem);
    if (!to_stdout && !out->compressed && !ends_in(output, ".ndjson", &stem))
        return ST_USAGE;
    out->data = strdup(output);
    bool ok = out->data != NULL;
    if (!to_stdout) {
        out->meta = joined(output, stem, ".meta.json");
        out->certs = joined(output, stem, ".certs.ndjson.zst");
        out->state = joined(output, stem, ".state");
        out->budget = joined(output, stem, ".budget");
        ok = ok && out->meta && out->certs && out->state && out->budget;
    }
    if (!ok)
        output_names_free(out);
    return ok ? ST_OK : ST_NOMEM;
}

const char *output_names_of_input(const struct output_names *n, const char *input)
{
    const char *all[] = {n->data, n->meta, n->certs, n->state, n->budget};
    for (size_t i = 0; n->meta && i < sizeof all / sizeof all[0]; i++)
        if (fingerprint_same_file(input, all[i]))
            return all[i];
    return NULL;
}

void output_names_free(struct output_names *n)
{
    if (!n)
        return;
    free(n->data);
    free(n->meta);
    free(n->certs);
    free(n->state);
    free(n->budget);
    *n = (struct output_names){0};
}
