#include "analysis/reader.h"

#include "lib/caps.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

enum {
    CHUNK_BYTES = 128 * 1024,
    WINDOW_BYTES = 2 * RECORD_LINE_MAX_BYTES, /* holds the longest line while the next one comes */
};

struct reader {
    int fd;
    ZSTD_DStream *zstd; /* NULL: plain */
    bool file_ended, in_frame;
    size_t in_start, in_end; /* unread part of in */
    enum status ended;
    size_t start, end; /* unread part of window */
    char error[160];
    char in[CHUNK_BYTES];
    char window[WINDOW_BYTES];
};

static enum status fill_in(reader *r)
{
    ssize_t n;
    do {
        n = read(r->fd, r->in + r->in_end, sizeof r->in - r->in_end);
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
        snprintf(r->error, sizeof r->error, "%s", strerror(errno));
        return ST_IO;
    }
    r->file_ended = n == 0;
    r->in_end += (size_t)n;
    return ST_OK;
}

/* Reads until the first four bytes tell what it is. */
static enum status look(reader *r)
{
    enum status st = ST_OK;
    while (st == ST_OK && r->in_end < 4 && !r->file_ended)
        st = fill_in(r);
    if (st == ST_OK && r->in_end >= 4 && memcmp(r->in, "\x28\xb5\x2f\xfd", 4) == 0) {
        r->zstd = ZSTD_createDStream();
        st = r->zstd ? ST_OK : ST_NOMEM;
    }
    return st;
}

enum status reader_open(const char *path, reader **out, char *error, size_t error_size)
{
    struct stat info;
    *out = NULL;
    reader *r = malloc(sizeof *r);
    if (!r) {
        snprintf(error, error_size, "%s", status_text(ST_NOMEM));
        return ST_NOMEM;
    }
    memset(r, 0, offsetof(struct reader, in));
    r->fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    enum status st = ST_OK;
    if (r->fd < 0 || fstat(r->fd, &info) != 0) {
        snprintf(error, error_size, "%s: %s", path, strerror(errno));
        st = ST_IO;
    } else if (S_ISDIR(info.st_mode)) {
        snprintf(error, error_size, "%s: is a directory", path);
        st = ST_IO;
    } else if ((st = look(r)) != ST_OK) {
        snprintf(error, error_size, "%s: %s", path, r->error[0] ? r->error : status_text(st));
    }
    if (st != ST_OK) {
        reader_close(r);
        return st;
    }
    *out = r;
    return ST_OK;
}

void reader_close(reader *r)
{
    if (!r)
        return;
    if (r->fd > STDIN_FILENO)
        close(r->fd);
    ZSTD_freeDStream(r->zstd);
    free(r);
}

static enum status cut(reader *r, const char *why)
{
    snprintf(r->error, sizeof r->error, "%s", why);
    return ST_TRUNCATED;
}

/* Appends decompressed bytes to the window. */
static enum status decompress(reader *r)
{
    ZSTD_inBuffer in = {r->in + r->in_start, r->in_end - r->in_start, 0};
    ZSTD_outBuffer out = {r->window + r->end, sizeof r->window - r->end, 0};
    bool had_input = in.size > 0;
    size_t left = ZSTD_decompressStream(r->zstd, &out, &in);
    r->in_start += in.pos;
    r->end += out.pos;
    if (ZSTD_isError(left))
        return cut(r, "the file is damaged");
    if (had_input || out.pos > 0)
        r->in_frame = left != 0;
    if (out.pos == 0 && !had_input && r->file_ended)
        return r->in_frame ? cut(r, "the file ends inside a frame") : ST_EOF;
    return ST_OK;
}

static enum status copy(reader *r)
{
    size_t n = r->in_end - r->in_start, room = sizeof r->window - r->end;
    n = n < room ? n : room;
    memcpy(r->window + r->end, r->in + r->in_start, n);
    r->in_start += n;
    r->end += n;
    return n == 0 && r->file_ended ? ST_EOF : ST_OK;
}

static enum status more(reader *r)
{
    enum status st = ST_OK;
    if (r->start > 0) {
        memmove(r->window, r->window + r->start, r->end - r->start);
        r->end -= r->start;
        r->start = 0;
    }
    if (r->end == sizeof r->window)
        return ST_LIMIT;
    if (r->in_start == r->in_end && !r->file_ended) {
        r->in_start = r->in_end = 0;
        st = fill_in(r);
    }
    if (st == ST_OK)
        st = r->zstd ? decompress(r) : copy(r);
    return st;
}

enum status reader_next(reader *r, struct slice *line)
{
    size_t searched = 0;
    for (;;) {
        char *from = r->window + r->start;
        char *lf = memchr(from + searched, '\n', r->end - r->start - searched);
        if (lf) {
            *line = (struct slice){from, (size_t)(lf - from)};
            r->start += line->len + 1;
            return ST_OK;
        }
        searched = r->end - r->start;
        if (r->ended == ST_OK)
            r->ended = more(r);
        if (r->ended == ST_OK)
            continue;
        if (r->ended == ST_LIMIT)
            snprintf(r->error, sizeof r->error, "a line is too long");
        bool last = r->ended == ST_EOF && r->end > r->start;
        *line = (struct slice){r->window + r->start, r->end - r->start};
        r->start = r->end;
        return last ? ST_OK : r->ended;
    }
}

const char *reader_error(const reader *r)
{
    return r->error;
}
