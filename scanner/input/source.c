/* source: one read loop over a codec (codec.h) that consumes the chunk at hand. */
#include "scanner/input/source.h"

#include "scanner/clock.h"
#include "scanner/input/codec.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct source {
    int fd;
    codec *codec;
    uint64_t file_bytes, bytes_read;
    bool file_ended, is_stream;
    size_t in_start, in_end; /* unread part of in */
    char *peek;
    size_t peek_start, peek_end;
    enum status ended; /* what every further read returns; ST_OK while there may be more */
    char error[160];
    char in[SOURCE_CHUNK_BYTES];
};

static size_t available(const source *s)
{
    return s->in_end - s->in_start;
}

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

static enum status choose_codec(source *s)
{
    /* No magic holds a line end: text that has one need not be waited for. */
    while (available(s) < CODEC_MAGIC_MAX_BYTES && !s->file_ended &&
           !memchr(s->in, '\n', s->in_end)) {
        enum status st = fill(s);
        if (st != ST_OK)
            return st;
    }
    return codec_new((struct slice){s->in, s->in_end}, s->error, sizeof s->error, &s->codec);
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
    codec_free(s->codec);
    free(s->peek);
    free(s);
}

/* ---- reading -------------------------------------------------------------------------------- */

static enum status decode(source *s, char *out, size_t cap, size_t *len)
{
    *len = 0;
    while (s->ended == ST_OK) {
        enum status st = available(s) == 0 && !s->file_ended ? fill(s) : ST_OK;
        struct slice in = {s->in + s->in_start, available(s)};
        if (st == ST_OK)
            st = codec_step(s->codec, &in, s->file_ended, out, cap, len);
        s->in_start = s->in_end - in.len;
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
