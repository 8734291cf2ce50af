#include "scanner/output/journal.h"

#include "scanner/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define STATE_VERSION 1
enum { CRC_BYTES = 10 /* a space, eight hex digits, LF */ };

struct journal {
    int fd;
    bool failed;
    char *identity;
    int64_t start_ms;
    uint64_t bytes; /* of whole lines */
    struct journal_point last;
    uint64_t run_begin_ms, active_before_ms;
    struct spent before; /* what earlier runs spent */
    struct strbuf line;
};

static enum status give_up(journal *j, enum status st, char *error, size_t error_size,
                           const char *path, const char *why)
{
    snprintf(error, error_size, "%s: %s", path, why);
    journal_close(j);
    return st;
}

/* ---- lines ---------------------------------------------------------------------------------- */

static uint32_t checksum(const char *p, size_t len)
{
    return (uint32_t)crc32(0, (const Bytef *)p, (uInt)len);
}

/* Appends one line; on failure the file is cut back to its whole lines, as far as that works. */
static enum status put_line(journal *j)
{
    const char *p;
    strbuf_printf(&j->line, " %08" PRIx32 "\n", checksum(j->line.p, j->line.len));
    if (j->line.error != ST_OK)
        return j->line.error;
    p = j->line.p;
    for (size_t left = j->line.len; left > 0;) {
        ssize_t n = write(j->fd, p, left);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            int why = errno;
            if (ftruncate(j->fd, (off_t)j->bytes) != 0)
                j->failed = true; /* a torn last line does not count when it is read back */
            errno = why;
            return ST_IO;
        }
        p += n;
        left -= (size_t)n;
    }
    j->bytes += j->line.len;
    return fsync(j->fd) == 0 ? ST_OK : ST_IO;
}

/* The object of a line when the line is whole, else NULL. */
static json_t *take_line(const char *line, size_t len)
{
    uint32_t sum = 0;
    if (len <= CRC_BYTES || line[len - 1] != '\n' || line[len - CRC_BYTES] != ' ')
        return NULL;
    for (size_t i = len - CRC_BYTES + 1; i < len - 1; i++) {
        const char *digit = strchr("0123456789abcdef", line[i]);
        if (line[i] == '\0' || !digit)
            return NULL;
        sum = sum << 4 | (uint32_t)(digit - "0123456789abcdef");
    }
    if (sum != checksum(line, len - CRC_BYTES))
        return NULL;
    return json_loadb(line, len - CRC_BYTES, JSON_REJECT_DUPLICATES, NULL);
}

static const struct {
    const char *name;
    size_t offset;
} members[] = {
    {"data", offsetof(struct journal_point, data.bytes_out)},
    {"frames", offsetof(struct journal_point, data.frames)},
    {"text", offsetof(struct journal_point, data.bytes_in)},
    {"records", offsetof(struct journal_point, records)},
    {"certs", offsetof(struct journal_point, certs.bytes_out)},
    {"certs_frames", offsetof(struct journal_point, certs.frames)},
    {"certs_text", offsetof(struct journal_point, certs.bytes_in)},
    {"certificates", offsetof(struct journal_point, n_certs)},
    {"active_ms", offsetof(struct journal_point, active_ms)},
    {"runs", offsetof(struct journal_point, runs)},
};
enum { MEMBERS = sizeof members / sizeof members[0] };

static uint64_t *member(struct journal_point *p, size_t i)
{
    return (uint64_t *)(void *)((char *)p + members[i].offset);
}

static bool read_point(json_t *o, struct journal_point *out)
{
    for (size_t i = 0; i < MEMBERS; i++) {
        const json_t *v = json_object_get(o, members[i].name);
        if (!json_is_integer(v) || json_integer_value(v) < 0)
            return false;
        *member(out, i) = (uint64_t)json_integer_value(v);
    }
    spent_read(json_object_get(o, "spent"), &out->spent);
    return true;
}

/* ---- opening -------------------------------------------------------------------------------- */

/* Opens and locks. The name may have been taken away between the two by the scan that ended: then
 * what is locked is a file without a name, and it is tried again. */
static enum status open_locked(const char *path, int flags, int *fd)
{
    for (;;) {
        struct stat mine, named;
        *fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | flags, 0644);
        if (*fd < 0)
            return errno == ENOENT ? ST_NOT_FOUND : ST_IO;
        if (flock(*fd, LOCK_EX | LOCK_NB) != 0 || fstat(*fd, &mine) != 0)
            return errno == EWOULDBLOCK ? ST_AGAIN : ST_IO;
        if (!S_ISREG(mine.st_mode)) {
            errno = EINVAL;
            return ST_IO;
        }
        if (stat(path, &named) == 0 && named.st_ino == mine.st_ino && named.st_dev == mine.st_dev)
            return ST_OK;
        close(*fd);
    }
}

static enum status make(const char *path, int flags, journal **out, char *error, size_t error_size)
{
    *out = NULL;
    journal *j = calloc(1, sizeof *j);
    if (!j)
        return give_up(NULL, ST_NOMEM, error, error_size, path, status_text(ST_NOMEM));
    strbuf_init(&j->line, JOURNAL_LINE_MAX_BYTES);
    enum status st = open_locked(path, flags, &j->fd);
    if (st == ST_OK) {
        *out = j;
        return ST_OK;
    }
    const char *why = st == ST_AGAIN   ? "another scan is writing this output"
                      : errno == ELOOP ? "is a symbolic link, refusing to write through it"
                                       : strerror(errno);
    return give_up(j, st, error, error_size, path, why);
}

static bool read_head(journal *j, const char *line, size_t len)
{
    json_t *head = take_line(line, len);
    const json_t *scan = json_object_get(head, "scan");
    if (json_integer_value(json_object_get(head, "stscan_state")) == STATE_VERSION && scan)
        j->identity = json_dumps(scan, JSON_COMPACT | JSON_PRESERVE_ORDER);
    j->start_ms = json_integer_value(json_object_get(head, "start"));
    json_decref(head);
    return j->identity != NULL;
}

/* Reads as far as lines are whole; what is behind was never finished. */
static enum status read_back(journal *j, FILE *f)
{
    char *line = malloc(JOURNAL_LINE_MAX_BYTES);
    bool head = false, torn = true;
    while (line && fgets(line, JOURNAL_LINE_MAX_BYTES, f)) {
        size_t len = strlen(line);
        if (!head) {
            /* Of a page that never reached the disk there may be zeros. */
            torn = (len == 0 || line[len - 1] != '\n') && feof(f);
            if (!read_head(j, line, len))
                break;
            head = true;
        } else {
            struct journal_point p;
            json_t *o = take_line(line, len);
            bool whole = o && read_point(o, &p);
            json_decref(o);
            if (!whole)
                break;
            j->last = p;
        }
        j->bytes += len;
    }
    bool no_memory = !line;
    free(line);
    if (no_memory)
        return ST_NOMEM;
    if (ferror(f))
        return ST_IO;
    return head ? ST_OK : torn ? ST_TRUNCATED : ST_INVALID;
}

enum status journal_open(const char *path, journal **out, char *error, size_t error_size)
{
    journal *j;
    enum status st = make(path, 0, &j, error, error_size);
    if (st != ST_OK)
        return st;
    int copy = dup(j->fd);
    FILE *f = copy >= 0 ? fdopen(copy, "r") : NULL;
    st = f ? read_back(j, f) : ST_IO;
    int why = errno;
    if (f)
        fclose(f);
    else if (copy >= 0)
        close(copy);
    errno = why;
    if (st == ST_OK &&
        (ftruncate(j->fd, (off_t)j->bytes) != 0 || lseek(j->fd, (off_t)j->bytes, SEEK_SET) < 0))
        st = ST_IO;
    if (st != ST_OK)
        return give_up(j, st, error, error_size, path,
                       st == ST_IO      ? strerror(errno)
                       : st == ST_NOMEM ? status_text(st)
                                        : "is no state file that this version can read");
    *out = j;
    return ST_OK;
}

enum status journal_create(const char *path, struct slice identity, int64_t start_ms, journal **out,
                           char *error, size_t error_size)
{
    journal *j;
    enum status st = make(path, O_CREAT, &j, error, error_size);
    if (st != ST_OK)
        return st;
    if (ftruncate(j->fd, 0) != 0)
        return give_up(j, ST_IO, error, error_size, path, strerror(errno));
    strbuf_printf(&j->line, "{\"stscan_state\":%d,\"start\":%" PRId64 ",\"scan\":", STATE_VERSION,
                  start_ms);
    strbuf_add(&j->line, identity.p, identity.len);
    strbuf_addc(&j->line, '}');
    j->start_ms = start_ms;
    j->identity = strndup(identity.p, identity.len);
    st = j->identity ? put_line(j) : ST_NOMEM;
    if (st != ST_OK)
        return give_up(j, st, error, error_size, path,
                       st == ST_IO ? strerror(errno) : status_text(st));
    sync_folder(path);
    *out = j;
    return ST_OK;
}

void journal_close(journal *j)
{
    if (!j)
        return;
    if (j->fd >= 0)
        close(j->fd);
    strbuf_free(&j->line);
    free(j->identity);
    free(j);
}

/* ---- use ------------------------------------------------------------------------------------ */

const char *journal_identity(const journal *j)
{
    return j->identity;
}

int64_t journal_start_ms(const journal *j)
{
    return j->start_ms;
}

const struct journal_point *journal_last(const journal *j)
{
    return &j->last;
}

void journal_begin_run(journal *j)
{
    j->run_begin_ms = clock_ms();
    j->active_before_ms = j->last.active_ms;
    j->before = j->last.spent;
    j->last.runs++;
}

uint64_t journal_active_ms(const journal *j)
{
    return j->active_before_ms + (clock_ms() - j->run_begin_ms);
}

const struct spent *journal_spent_before(const journal *j)
{
    return &j->before;
}

enum status journal_append(journal *j, const struct journal_point *p)
{
    struct journal_point next = *p;
    if (j->failed) {
        errno = EIO;
        return ST_IO;
    }
    next.active_ms = journal_active_ms(j);
    next.runs = j->last.runs;
    next.spent = spent_with_process(&j->before);
    next.spent.work = p->spent.work;
    strbuf_clear(&j->line);
    for (size_t i = 0; i < MEMBERS; i++)
        strbuf_printf(&j->line, "%c\"%s\":%" PRIu64, i == 0 ? '{' : ',', members[i].name,
                      *member(&next, i));
    strbuf_adds(&j->line, ",\"spent\":");
    spent_write(&next.spent, &j->line);
    strbuf_addc(&j->line, '}');
    enum status st = put_line(j);
    j->failed = st != ST_OK;
    if (st == ST_OK)
        j->last = next;
    return st;
}

enum status journal_remove(journal *j, const char *path)
{
    (void)j; /* held open, so that nobody takes the name for an unfinished scan meanwhile */
    if (unlink(path) != 0 && errno != ENOENT)
        return ST_IO;
    sync_folder(path);
    return ST_OK;
}
