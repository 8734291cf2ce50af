#include "scanner/output/certs.h"

#include "scanner/output/writer.h"
#include "scanner/recent.h"

#include <stdlib.h>
#include <string.h>

/* A chain of 100 certificates of 1 MB does not become a line; RFC 8446 allows 16 MB a message. */
enum { CERT_LINE_MAX_BYTES = 4 * 1024 * 1024 };

struct certs {
    frames *file;
    struct recent seen;
    struct strbuf line;
    size_t in_frame;
    uint64_t written;
};

enum status certs_open(const char *path, certs **out, char *error, size_t error_size)
{
    certs *c = calloc(1, sizeof *c);
    if (!c)
        return ST_NOMEM;
    enum status st = frames_open(path, true, &c->file, error, error_size);
    if (st != ST_OK) {
        free(c);
        return st;
    }
    recent_init(&c->seen, CERTS_SEEN_MAX);
    strbuf_init(&c->line, CERT_LINE_MAX_BYTES);
    *out = c;
    return ST_OK;
}

static enum status end_frame(certs *c)
{
    c->in_frame = 0;
    return frames_end(c->file);
}

enum status certs_add(certs *c, const struct cert_chain *chain)
{
    uint64_t key;
    bool fresh;
    if (chain->n == 0)
        return ST_OK;
    memcpy(&key, chain->cert[0].sha256, sizeof key);
    if (recent_add(&c->seen, key, &fresh) == ST_OK && !fresh)
        return ST_OK;
    strbuf_clear(&c->line);
    enum status st = cert_line(chain, &c->line);
    if (st == ST_LIMIT) /* the leaf alone, then */
        st = (strbuf_clear(&c->line),
              cert_line(&(struct cert_chain){.n = 1, .cert = chain->cert}, &c->line));
    if (st != ST_OK)
        return st == ST_LIMIT ? ST_OK : st;
    st = frames_add(c->file, c->line.p, c->line.len);
    if (st != ST_OK)
        return st;
    c->written++;
    c->in_frame++;
    if (c->in_frame >= FRAME_RECORDS_MAX || frames_open_bytes(c->file) >= FRAME_BYTES_MAX)
        return end_frame(c);
    return ST_OK;
}

enum status certs_sync(certs *c)
{
    enum status st = end_frame(c);
    return st == ST_OK ? frames_sync(c->file) : st;
}

uint64_t certs_written(const certs *c)
{
    return c->written;
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
