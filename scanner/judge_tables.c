#include "scanner/judge_tables.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { PROVIDERS_FILE_MAX_BYTES = 4 * 1024 * 1024 };

static enum status read_file(const char *path, struct strbuf *out)
{
    char chunk[16 * 1024];
    size_t n;
    FILE *f = fopen(path, "re");
    if (!f)
        return ST_IO;
    while (out->error == ST_OK && (n = fread(chunk, 1, sizeof chunk, f)) > 0)
        strbuf_add(out, chunk, n);
    enum status st = out->error != ST_OK ? out->error : ferror(f) ? ST_IO : ST_OK;
    fclose(f);
    return st;
}

static enum status load_providers(const char *path, struct judge_tables *out, char *error,
                                  size_t error_size)
{
    struct strbuf text;
    size_t line = 0;
    if (!path) {
        enum status st = providers_builtin(&out->providers);
        if (st != ST_OK)
            snprintf(error, error_size, "the built-in table of providers: %s", status_text(st));
        return st;
    }
    strbuf_init(&text, PROVIDERS_FILE_MAX_BYTES);
    enum status st = read_file(path, &text);
    if (st != ST_OK) {
        snprintf(error, error_size, "%s: %s", path,
                 st == ST_IO ? strerror(errno) : status_text(st));
    } else {
        st =
            providers_parse((struct slice){text.p ? text.p : "", text.len}, &out->providers, &line);
        if (st != ST_OK)
            snprintf(error, error_size, "%s:%zu: %s", path, line, status_text(st));
    }
    strbuf_free(&text);
    return st;
}

enum status judge_tables_open(const char *providers_file, struct judge_tables *out, char *error,
                              size_t error_size)
{
    *out = (struct judge_tables){0};
    enum status st = name_psl_load(NULL, &out->psl);
    if (st != ST_OK)
        snprintf(error, error_size, "the public suffix list cannot be loaded");
    else
        st = load_providers(providers_file, out, error, error_size);
    if (st != ST_OK) {
        judge_tables_close(out);
        return st;
    }
    out->judge = (struct judge){.psl = out->psl, .providers = out->providers};
    return ST_OK;
}

void judge_tables_close(struct judge_tables *t)
{
    providers_free(t->providers);
    name_psl_free(t->psl);
    *t = (struct judge_tables){0};
}
