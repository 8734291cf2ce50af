/* source: one read loop over a codec that consumes the chunk at hand. */
#include "scanner/input/source.h"

#include "scanner/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <lzma.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

/* Moves bytes from in to out. ST_OK: call again, with more input when nothing was produced; ST_EOF:
 * a whole stream ended and the file has ended too; ST_TRUNCATED: damaged, s->error says how. */
typedef enum status (*step_fn)(source *s, char *out, size_t cap, size_t *len);

struct source {
    int fd;
    step_fn step;
    uint64_t file_bytes, bytes_read;
    bool file_ended, is_stream;
    size_t in_start, in_end; /* unread part of in */
    char *peek;
    size_t peek_start, peek_end;
    enum status ended; /* what every further read returns; ST_OK while there may be more */
    z_stream gzip;
    lzma_stream xz;
    ZSTD_DStream *zstd;
    bool in_stream; /* gzip, zstd: inside a member or frame */
    char error[160];
    char in[SOURCE_CHUNK_BYTES];
};

/* ---- codecs --------------------------------------------------------------------------------- */

static size_t available(const source *s)
{
    return s->in_end - s->in_start;
}

static enum status damaged(source *s, const char *kind, const char *what)
{
    snprintf(s->error, sizeof s->error, "%s data is damaged: %s", kind, what ? what : "bad data");
    return ST_TRUNCATED;
}

static enum status cut_off(source *s, const char *kind)
{
    snprintf(s->error, sizeof s->error, "%s data ends early: the file is truncated", kind);
    return ST_TRUNCATED;
}

static enum status step_plain(source *s, char *out, size_t cap, size_t *len)
{
    size_t n = available(s) < cap ? available(s) : cap;
    if (n == 0)
        return s->file_ended ? ST_EOF : ST_OK;
    memcpy(out, s->in + s->in_start, n);
    s->in_start += n;
    *len = n;
    return ST_OK;
}

static enum status step_gzip(source *s, char *out, size_t cap, size_t *len)
{
    if (!s->in_stream && available(s) > 0) {
        /* Between members: padding with zeros (tapes, block devices) is no data. */
        while (available(s) > 0 && s->in[s->in_start] == '\0')
            s->in_start++;
        if (available(s) == 0)
            return ST_OK;
        if (inflateReset(&s->gzip) != Z_OK)
            return damaged(s, "gzip", NULL);
        s->in_stream = true;
    }
    if (available(s) == 0 && s->file_ended)
        return s->in_stream ? cut_off(s, "gzip") : ST_EOF;
    s->gzip.next_in = (Bytef *)s->in + s->in_start;
    s->gzip.avail_in = (uInt)available(s);
    s->gzip.next_out = (Bytef *)out;
    s->gzip.avail_out = (uInt)cap;
    int rc = inflate(&s->gzip, Z_NO_FLUSH);
    s->in_start = s->in_end - s->gzip.avail_in;
    *len = cap - s->gzip.avail_out;
    if (rc == Z_STREAM_END)
        s->in_stream = false;
    else if (rc != Z_OK && rc != Z_BUF_ERROR)
        return damaged(s, "gzip", s->gzip.msg);
    return ST_OK;
}

static enum status step_zstd(source *s, char *out, size_t cap, size_t *len)
{
    ZSTD_inBuffer in = {s->in + s->in_start, available(s), 0};
    ZSTD_outBuffer to = {out, cap, 0};
    bool had_input = in.size > 0;
    size_t rc = ZSTD_decompressStream(s->zstd, &to, &in);
    s->in_start += in.pos;
    *len = to.pos;
    if (ZSTD_isError(rc))
        return damaged(s, "zstd", ZSTD_getErrorName(rc));
    if (had_input || to.pos > 0)
        s->in_stream = rc != 0;
    if (to.pos == 0 && !had_input && s->file_ended)
        return s->in_stream ? cut_off(s, "zstd") : ST_EOF;
    return ST_OK;
}

static enum status step_xz(source *s, char *out, size_t cap, size_t *len)
{
    s->xz.next_in = (const uint8_t *)s->in + s->in_start;
    s->xz.avail_in = available(s);
    s->xz.next_out = (uint8_t *)out;
    s->xz.avail_out = cap;
    bool last = s->file_ended;
    lzma_ret rc = lzma_code(&s->xz, last ? LZMA_FINISH : LZMA_RUN);
    s->in_start = s->in_end - s->xz.avail_in;
    *len = cap - s->xz.avail_out;
    switch (rc) {
    case LZMA_OK:
        return ST_OK;
    case LZMA_STREAM_END:
        return ST_EOF;
    case LZMA_BUF_ERROR:
        return last && *len == 0 ? cut_off(s, "xz") : ST_OK;
    case LZMA_MEMLIMIT_ERROR:
        return damaged(s, "xz", "its dictionary needs more memory than is allowed");
    default:
        return damaged(s, "xz", NULL);
    }
}

/* ---- opening -------------------------------------------------------------------------------- */

static enum status fill(source *s)
{
    if (available(s) > 0 && s->in_start > 0)
        memmove(s->in, s->in + s->in_start, available(s));
    s->in_end = available(s);
    s->in_start = 0;
    ssize_t n;
    do {
        n = read(s->fd, s->in + s->in_end, sizeof s->in - s->in_end);
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
        snprintf(s->error, sizeof s->error, "reading failed: %s", strerror(errno));
        return ST_IO;
    }
    s->file_ended = n == 0;
    s->in_end += (size_t)n;
    s->bytes_read += (uint64_t)n;
    return ST_OK;
}

static bool begins(const source *s, const char *magic, size_t len)
{
    return available(s) >= len && memcmp(s->in, magic, len) == 0;
}

static enum status choose_codec(source *s)
{
    enum { MAGIC_MAX_BYTES = 6 };
    /* No magic holds a line end: text that has one need not be waited for. */
    while (available(s) < MAGIC_MAX_BYTES && !s->file_ended && !memchr(s->in, '\n', s->in_end)) {
        enum status st = fill(s);
        if (st != ST_OK)
            return st;
    }
    if (begins(s, "\x1f\x8b", 2)) {
        s->step = step_gzip;
        s->in_stream = true;
        return inflateInit2(&s->gzip, 15 + 16) == Z_OK ? ST_OK : ST_NOMEM;
    }
    /* A zstd frame, or a skippable one before it (RFC 8878 3.1). */
    if (begins(s, "\x28\xb5\x2f\xfd", 4) || (available(s) >= 4 && (s->in[0] & '\xf0') == '\x50' &&
                                             memcmp(s->in + 1, "*M\x18", 3) == 0)) {
        s->step = step_zstd;
        s->zstd = ZSTD_createDStream();
        return s->zstd ? ST_OK : ST_NOMEM;
    }
    if (begins(s,
               "\xfd"
               "7zXZ\0",
               6)) {
        s->step = step_xz;
        lzma_ret rc = lzma_stream_decoder(&s->xz, SOURCE_XZ_MEMORY_MAX_BYTES, LZMA_CONCATENATED);
        return rc == LZMA_OK ? ST_OK : ST_NOMEM;
    }
    if (begins(s, "PK\x03\x04", 4)) {
        snprintf(s->error, sizeof s->error, "is a zip archive: try unzip -p FILE | stscan scan -");
        return ST_UNSUPPORTED;
    }
    if (begins(s, "BZh", 3)) {
        snprintf(s->error, sizeof s->error, "is a bzip2 file: try bzcat FILE | stscan scan -");
        return ST_UNSUPPORTED;
    }
    s->step = step_plain;
    return ST_OK;
}

static enum status open_file(source *s, const char *path)
{
    struct stat info;
    s->fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (s->fd < 0 || fstat(s->fd, &info) != 0) {
        snprintf(s->error, sizeof s->error, "%s", strerror(errno));
        return ST_IO;
    }
    if (S_ISDIR(info.st_mode)) {
        snprintf(s->error, sizeof s->error, "is a directory");
        return ST_IO;
    }
    s->is_stream = !S_ISREG(info.st_mode);
    if (!s->is_stream)
        s->file_bytes = (uint64_t)info.st_size;
    return ST_OK;
}

enum status source_open(const char *path, source **out, char *error, size_t error_size)
{
    *out = NULL;
    source *s = calloc(1, sizeof *s);
    if (!s) {
        snprintf(error, error_size, "%s", status_text(ST_NOMEM));
        return ST_NOMEM;
    }
    s->fd = -1;
    enum status st = open_file(s, path);
    if (st == ST_OK)
        st = choose_codec(s);
    if (st != ST_OK) {
        const char *name = strcmp(path, "-") == 0 ? "standard input" : path;
        snprintf(error, error_size, "%s: %s", name, s->error[0] ? s->error : status_text(st));
        source_close(s);
        return st;
    }
    *out = s;
    return ST_OK;
}

void source_close(source *s)
{
    if (!s)
        return;
    if (s->fd > STDIN_FILENO)
        close(s->fd);
    if (s->step == step_gzip)
        inflateEnd(&s->gzip);
    lzma_end(&s->xz);
    ZSTD_freeDStream(s->zstd);
    free(s->peek);
    free(s);
}

/* ---- reading -------------------------------------------------------------------------------- */

static enum status decode(source *s, char *out, size_t cap, size_t *len)
{
    *len = 0;
    while (s->ended == ST_OK) {
        enum status st = available(s) == 0 && !s->file_ended ? fill(s) : ST_OK;
        if (st == ST_OK)
            st = s->step(s, out, cap, len);
        /* What came together with the end or the damage is handed out first. */
        s->ended = st;
        if (*len > 0)
            return ST_OK;
    }
    return s->ended;
}

/* Whether a read would wait, and go on waiting for so long. */
static bool is_silent(const source *s, unsigned wait_ms)
{
    if (!s->is_stream || s->ended != ST_OK || s->file_ended || available(s) > 0)
        return false;
    struct pollfd in = {.fd = s->fd, .events = POLLIN};
    return poll(&in, 1, (int)wait_ms) == 0;
}

/* A whole line that says something: comments (zone files have their own) do not tell a format. */
static bool shows_line(const char *p, size_t len)
{
    const char *lf;
    for (; (lf = memchr(p, '\n', len)); len -= (size_t)(lf + 1 - p), p = lf + 1) {
        while (p < lf && (*p == ' ' || *p == '\t' || *p == '\r'))
            p++, len--;
        if (p < lf && *p != '#' && *p != ';')
            return true;
    }
    return false;
}

static void fill_peek(source *s)
{
    uint64_t until = 0; /* 0: no such line yet */
    size_t len;
    while (s->peek_end < SOURCE_PEEK_BYTES) {
        uint64_t now = clock_ms();
        if (until > 0 && is_silent(s, until > now ? (unsigned)(until - now) : 0))
            return;
        if (decode(s, s->peek + s->peek_end, SOURCE_PEEK_BYTES - s->peek_end, &len) != ST_OK)
            return;
        s->peek_end += len;
        if (until == 0 && shows_line(s->peek, s->peek_end))
            until = clock_ms() + SOURCE_PEEK_WAIT_MS;
    }
}

struct slice source_peek(source *s)
{
    if (!s->peek && (s->peek = malloc(SOURCE_PEEK_BYTES)))
        fill_peek(s);
    return (struct slice){s->peek, s->peek_end};
}

bool source_peek_is_whole(const source *s)
{
    return s->peek_end == SOURCE_PEEK_BYTES || s->ended != ST_OK;
}

bool source_pauses(source *s, unsigned wait_ms)
{
    return s->peek_start == s->peek_end && is_silent(s, wait_ms);
}

enum status source_read(source *s, char *out, size_t cap, size_t *len)
{
    if (s->peek_start < s->peek_end) {
        size_t n = s->peek_end - s->peek_start;
        *len = n < cap ? n : cap;
        memcpy(out, s->peek + s->peek_start, *len);
        s->peek_start += *len;
        return ST_OK;
    }
    return decode(s, out, cap, len);
}

const char *source_error(const source *s)
{
    return s->error;
}

uint64_t source_file_bytes(const source *s)
{
    return s->file_bytes;
}

uint64_t source_bytes_read(const source *s)
{
    return s->bytes_read;
}
