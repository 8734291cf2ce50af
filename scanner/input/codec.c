#include "scanner/input/codec.h"

#include <lzma.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

typedef enum status (*step_fn)(codec *c, struct slice *in, bool last, char *out, size_t cap,
                               size_t *len);

struct codec {
    step_fn step;
    z_stream gzip;
    lzma_stream xz;
    ZSTD_DStream *zstd;
    bool in_stream; /* gzip, zstd: inside a member or frame */
    char *error;
    size_t error_size;
};

static enum status damaged(codec *c, const char *kind, const char *what)
{
    snprintf(c->error, c->error_size, "%s data is damaged: %s", kind, what ? what : "bad data");
    return ST_TRUNCATED;
}

static enum status cut_off(codec *c, const char *kind)
{
    snprintf(c->error, c->error_size, "%s data ends early: the file is truncated", kind);
    return ST_TRUNCATED;
}

static void use(struct slice *in, size_t n)
{
    *in = (struct slice){in->p + n, in->len - n};
}

static enum status step_plain(codec *c, struct slice *in, bool last, char *out, size_t cap,
                              size_t *len)
{
    size_t n = in->len < cap ? in->len : cap;
    (void)c;
    if (n == 0)
        return last ? ST_EOF : ST_OK;
    memcpy(out, in->p, n);
    use(in, n);
    *len = n;
    return ST_OK;
}

static enum status step_gzip(codec *c, struct slice *in, bool last, char *out, size_t cap,
                             size_t *len)
{
    if (!c->in_stream && in->len > 0) {
        /* Between members: padding with zeros (tapes, block devices) is no data. */
        while (in->len > 0 && in->p[0] == '\0')
            use(in, 1);
        if (in->len == 0)
            return ST_OK;
        if (inflateReset(&c->gzip) != Z_OK)
            return damaged(c, "gzip", NULL);
        c->in_stream = true;
    }
    if (in->len == 0 && last)
        return c->in_stream ? cut_off(c, "gzip") : ST_EOF;
    c->gzip.next_in = (Bytef *)(uintptr_t)in->p;
    c->gzip.avail_in = (uInt)in->len;
    c->gzip.next_out = (Bytef *)out;
    c->gzip.avail_out = (uInt)cap;
    int rc = inflate(&c->gzip, Z_NO_FLUSH);
    use(in, in->len - c->gzip.avail_in);
    *len = cap - c->gzip.avail_out;
    if (rc == Z_STREAM_END)
        c->in_stream = false;
    else if (rc != Z_OK && rc != Z_BUF_ERROR)
        return damaged(c, "gzip", c->gzip.msg);
    return ST_OK;
}

static enum status step_zstd(codec *c, struct slice *in, bool last, char *out, size_t cap,
                             size_t *len)
{
    ZSTD_inBuffer from = {in->p, in->len, 0};
    ZSTD_outBuffer to = {out, cap, 0};
    bool had_input = in->len > 0;
    size_t rc = ZSTD_decompressStream(c->zstd, &to, &from);
    use(in, from.pos);
    *len = to.pos;
    if (ZSTD_isError(rc))
        return damaged(c, "zstd", ZSTD_getErrorName(rc));
    if (had_input || to.pos > 0)
        c->in_stream = rc != 0;
    if (to.pos == 0 && !had_input && last)
        return c->in_stream ? cut_off(c, "zstd") : ST_EOF;
    return ST_OK;
}

static enum status step_xz(codec *c, struct slice *in, bool last, char *out, size_t cap,
                           size_t *len)
{
    c->xz.next_in = (const uint8_t *)in->p;
    c->xz.avail_in = in->len;
    c->xz.next_out = (uint8_t *)out;
    c->xz.avail_out = cap;
    lzma_ret rc = lzma_code(&c->xz, last ? LZMA_FINISH : LZMA_RUN);
    use(in, in->len - c->xz.avail_in);
    *len = cap - c->xz.avail_out;
    switch (rc) {
    case LZMA_OK:
        return ST_OK;
    case LZMA_STREAM_END:
        return ST_EOF;
    case LZMA_BUF_ERROR:
        return last && *len == 0 ? cut_off(c, "xz") : ST_OK;
    case LZMA_MEMLIMIT_ERROR:
        return damaged(c, "xz", "its dictionary needs more memory than is allowed");
    default:
        return damaged(c, "xz", NULL);
    }
}

enum status codec_step(codec *c, struct slice *in, bool last, char *out, size_t cap, size_t *len)
{
    return c->step(c, in, last, out, cap, len);
}

/* ---- choosing ------------------------------------------------------------------------------- */

/* A zstd frame, or a skippable one before it (RFC 8878 3.1). */
static bool is_zstd(struct slice head)
{
    return slice_starts(head, SLICE_LIT("\x28\xb5\x2f\xfd")) ||
           (head.len >= 4 && (head.p[0] & '\xf0') == '\x50' &&
            memcmp(head.p + 1, "*M\x18", 3) == 0);
}

static enum status choose(codec *c, struct slice head)
{
    if (slice_starts(head, SLICE_LIT("\x1f\x8b"))) {
        c->step = step_gzip;
        c->in_stream = true;
        return inflateInit2(&c->gzip, 15 + 16) == Z_OK ? ST_OK : ST_NOMEM;
    }
    if (is_zstd(head)) {
        c->step = step_zstd;
        c->zstd = ZSTD_createDStream();
        return c->zstd ? ST_OK : ST_NOMEM;
    }
    if (slice_starts(head, SLICE_LIT("\xfd"
                                     "7zXZ\0"))) {
        c->step = step_xz;
        lzma_ret rc = lzma_stream_decoder(&c->xz, CODEC_XZ_MEMORY_MAX_BYTES, LZMA_CONCATENATED);
        return rc == LZMA_OK ? ST_OK : ST_NOMEM;
    }
    if (slice_starts(head, SLICE_LIT("PK\x03\x04"))) {
        snprintf(c->error, c->error_size, "is a zip archive: try unzip -p FILE | stscan scan -");
        return ST_UNSUPPORTED;
    }
    if (slice_starts(head, SLICE_LIT("BZh"))) {
        snprintf(c->error, c->error_size, "is a bzip2 file: try bzcat FILE | stscan scan -");
        return ST_UNSUPPORTED;
    }
    c->step = step_plain;
    return ST_OK;
}

enum status codec_new(struct slice head, char *error, size_t error_size, codec **out)
{
    *out = NULL;
    codec *c = calloc(1, sizeof *c);
    if (!c)
        return ST_NOMEM;
    c->error = error;
    c->error_size = error_size;
    enum status st = choose(c, head);
    if (st != ST_OK) {
        codec_free(c);
        return st;
    }
    *out = c;
    return ST_OK;
}

void codec_free(codec *c)
{
    if (!c)
        return;
    if (c->step == step_gzip)
        inflateEnd(&c->gzip);
    lzma_end(&c->xz);
    ZSTD_freeDStream(c->zstd);
    free(c);
}
