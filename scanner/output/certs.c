#include "scanner/output/certs.h"

#include "lib/json_scan.h"
#include "scanner/input/lines.h"
#include "scanner/output/writer.h"
#include "scanner/recent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct certs {
    frames *file;
    struct recent seen;
    struct strbuf line;
    uint64_t written;
};

static uint64_t key_of(const unsigned char digest[sizeof(uint64_t)])
{
    uint64_t key;
    memcpy(&key, digest, sizeof key);
    return key;
}

enum status cert_line_key(struct slice line, uint64_t *key)
{
    unsigned char digest[sizeof *key] = {0};
    struct json_scan s;
    struct slice name, value;
    if (!json_scan_open(line, &s))
        return ST_INVALID;
    while (json_scan_member(&s, &name, &value))
        if (slice_eq(name, SLICE_LIT("sha256")))
            break;
    struct slice hex = s.bad ? (struct slice){"", 0} : json_scan_text(value);
    if (!slice_eq(name, SLICE_LIT("sha256")) || hex.len < 2 * sizeof digest)
        return ST_INVALID;
    for (size_t i = 0; i < 2 * sizeof digest; i++) {
        const char *digit = memchr("0123456789abcdef", hex.p[i], 16);
        if (!digit)
            return ST_INVALID;
        digest[i / 2] = (unsigned char)(digest[i / 2] << 4 | (digit - "0123456789abcdef"));
    }
    *key = key_of(digest);
    return ST_OK;
}

/* Remembers what stands in the file, which was cut to its whole frames. */
static enum status read_back(certs *c, const char *path, char *error, size_t error_size)
{
    source *src = NULL;
    lines *in = NULL;
    struct line line;
    uint64_t key;
    bool fresh;
    enum status st = source_open(path, &src, error, error_size);
    if (st != ST_OK)
        return st;
    st = lines_new(src, CERT_LINE_MAX_BYTES, &in);
    uint64_t n = 0;
    while (st == ST_OK && (st = lines_next(in, &line)) == ST_OK) {
        n++;
        st = cert_line_key(line.text, &key);
        if (st == ST_OK)
            st = recent_add(&c->seen, key, &fresh);
    }
    st = st != ST_EOF ? st : n == c->written ? ST_OK : ST_INVALID;
    if (st != ST_OK)
        snprintf(error, error_size, "%s: is not as its scan left it", path);
    lines_free(in);
    source_close(src);
    return st;
}

enum status certs_open(const char *path, certs **out, char *error, size_t error_size)
{
    static const struct frames_totals none = {0};
    return certs_open_behind(path, &none, 0, out, error, error_size);
}

enum status certs_open_behind(const char *path, const struct frames_totals *kept, uint64_t n,
                              certs **out, char *error, size_t error_size)
{
    *out = NULL;
    certs *c = calloc(1, sizeof *c);
    if (!c)
        return ST_NOMEM;
    recent_init(&c->seen, CERTS_SEEN_MAX);
    strbuf_init(&c->line, CERT_LINE_MAX_BYTES);
    c->written = n;
    enum status st = frames_open_behind(path, true, kept, &c->file, error, error_size);
    if (st == ST_OK && n > 0)
        st = read_back(c, path, error, error_size);
    if (st != ST_OK) {
        certs_close(c);
        return st;
    }
    *out = c;
    return ST_OK;
}

enum status certs_add(certs *c, const struct cert_chain *chain)
{
    bool fresh;
    if (chain->n == 0)
        return ST_OK;
    if (recent_add(&c->seen, key_of(chain->cert[0].sha256), &fresh) == ST_OK && !fresh)
        return ST_OK;
    strbuf_clear(&c->line);
    enum status st = cert_line(chain, &c->line);
    if (st == ST_LIMIT) {
        const struct cert_chain alone = {.n = 1, .leaf = chain->leaf, .cert = chain->cert};
        strbuf_clear(&c->line);
        st = cert_line(&alone, &c->line);
    }
    if (st != ST_OK)
        return st == ST_LIMIT ? ST_OK : st;
    st = frames_add_line(c->file, c->line.p, c->line.len);
    c->written += st == ST_OK;
    return st;
}

enum status certs_sync(certs *c)
{
    enum status st = frames_end(c->file);
    return st == ST_OK ? frames_sync(c->file) : st;
}

uint64_t certs_written(const certs *c)
{
    return c->written;
}

void certs_totals(const certs *c, struct frames_totals *out)
{
    frames_totals(c->file, out);
}

enum status certs_close(certs *c)
{
    if (!c)
        return ST_OK;
    enum status st = frames_close(c->file);
    recent_free(&c->seen);
    strbuf_free(&c->line);
    free(c);
    return st;
}
