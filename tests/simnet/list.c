#include "tests/simnet/list.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

enum { CHUNK = 1 << 16 };

struct sim_list {
    FILE *file;
    const char *path;
    ZSTD_DStream *zstd; /* NULL: plain */
    uint8_t raw[CHUNK];
    ZSTD_inBuffer in;
    uint8_t text[CHUNK];
    size_t at, end;
    bool eof, failed, in_frame;
    char line[SIM_LIST_LINE_MAX];
};

static bool refill_raw(struct sim_list *l)
{
    size_t n = fread(l->raw, 1, sizeof l->raw, l->file);
    l->in = (ZSTD_inBuffer){l->raw, n, 0};
    if (ferror(l->file))
        l->failed = true;
    return n > 0;
}

/* More text into l->text; false at the end or on error. */
static bool refill(struct sim_list *l)
{
    ZSTD_outBuffer out = {l->text, sizeof l->text, 0};
    while (out.pos == 0 && !l->failed) {
        if (l->in.pos == l->in.size && !refill_raw(l)) {
            l->failed = l->failed || l->in_frame; /* a cut zstd file */
            return false;
        }
        if (l->zstd == NULL) {
            memcpy(l->text, l->raw, l->in.size);
            out.pos = l->in.pos = l->in.size;
            break;
        }
        size_t left = ZSTD_decompressStream(l->zstd, &out, &l->in);
        l->failed = ZSTD_isError(left);
        l->in_frame = left != 0;
    }
    l->at = 0;
    l->end = out.pos;
    return !l->failed;
}

bool sim_list_open(const char *path, struct sim_list **out)
{
    static const uint8_t magic[4] = {0x28, 0xb5, 0x2f, 0xfd}; /* RFC 8878 3.1.1 */
    struct sim_list *l = calloc(1, sizeof *l);
    *out = NULL;
    if (l == NULL)
        return false;
    l->path = path;
    l->file = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
    if (l->file == NULL) {
        fprintf(stderr, "simnet: %s: %s\n", path, strerror(errno));
        free(l);
        return false;
    }
    refill_raw(l);
    if (l->in.size >= sizeof magic && memcmp(l->raw, magic, sizeof magic) == 0)
        l->zstd = ZSTD_createDStream();
    *out = l;
    return true;
}

enum sim_list_next sim_list_next(struct sim_list *l, const char **line, size_t *len)
{
    size_t used = 0;
    bool any = false;
    for (;;) {
        if (l->at == l->end && !refill(l))
            break;
        any = true;
        const uint8_t *start = l->text + l->at;
        const uint8_t *lf = memchr(start, '\n', l->end - l->at);
        size_t n = lf == NULL ? l->end - l->at : (size_t)(lf - start);
        size_t keep = n < sizeof l->line - used ? n : sizeof l->line - used;
        memcpy(l->line + used, start, keep);
        used += keep;
        l->at += n + (lf != NULL);
        if (lf != NULL)
            break;
    }
    if (l->failed) {
        fprintf(stderr, "simnet: %s: cannot be read to its end\n", l->path);
        return SIM_LIST_ERROR;
    }
    *line = l->line;
    *len = used;
    return any ? SIM_LIST_LINE : SIM_LIST_END;
}

void sim_list_close(struct sim_list *list)
{
    if (list == NULL)
        return;
    if (list->file != stdin)
        fclose(list->file);
    ZSTD_freeDStream(list->zstd);
    free(list);
}

bool sim_list_name(const char *line, size_t len, const char **name, size_t *name_len)
{
    while (len > 0 && (line[len - 1] == '\r' || line[len - 1] == ' ' || line[len - 1] == '\t'))
        len--;
    while (len > 0 && (line[0] == ' ' || line[0] == '\t')) {
        line++;
        len--;
    }
    if (len == 0 || line[0] == '#')
        return false;
    size_t digits = 0;
    while (digits < len && line[digits] >= '0' && line[digits] <= '9')
        digits++;
    if (digits > 0 && digits < len && line[digits] == ',') {
        line += digits + 1;
        len -= digits + 1;
        const char *comma = memchr(line, ',', len);
        len = comma == NULL ? len : (size_t)(comma - line);
    }
    *name = line;
    *name_len = len;
    return true;
}
