#include "tests/unit/writer_rig.h"

#include "tests/unit/temp_folder.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include <cmocka.h>

int writer_setup(void **state)
{
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    return temp_folder_make(state);
}

void drop_file(const char *name)
{
    unlink(in_folder(name));
}

static void on_durable(void *arg, const uint64_t *indexes, size_t n)
{
    struct seen *s = arg;
    for (size_t i = 0; i < n; i++)
        if (indexes[i] < SEEN_MAX)
            s->durable[indexes[i]]++;
    s->n_durable += n;
}

static void on_failed(void *arg, int err)
{
    struct seen *s = arg;
    s->failed++;
    s->err = err;
}

writer *writer_of(const char *output, struct seen *s)
{
    struct scan_options o = {.output = (char *)(uintptr_t)output};
    struct writer_events events = {.durable = on_durable, .failed = on_failed, .arg = s};
    char error[256];
    writer *w = NULL;
    memset(s, 0, sizeof *s);
    if (writer_open(&o, NULL, &events, &w, error, sizeof error) != ST_OK)
        fail_msg("%s", error);
    return w;
}

struct record_batch *writer_batch(uint64_t first, size_t n, size_t fill)
{
    struct record_batch *b = record_batch_new();
    assert_non_null(b);
    for (size_t i = 0; i < n; i++) {
        strbuf_printf(&b->lines, "{\"index\":%llu,\"fill\":\"", (unsigned long long)(first + i));
        for (size_t k = 0; k < fill; k++)
            strbuf_addc(&b->lines, (char)('a' + (first + i + k * 7) % 26));
        strbuf_adds(&b->lines, "\"}\n");
        b->index[b->n++] = first + i;
    }
    assert_int_equal(b->lines.error, ST_OK);
    return b;
}

struct bytes read_file(const char *name)
{
    struct bytes b = {NULL, 0};
    FILE *f = fopen(name, "rb");
    assert_non_null(f);
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    b.len = (size_t)ftell(f);
    rewind(f);
    b.p = malloc(b.len + 1);
    assert_non_null(b.p);
    assert_int_equal(fread(b.p, 1, b.len, f), b.len);
    b.p[b.len] = '\0';
    fclose(f);
    return b;
}

struct bytes unpack(struct bytes in, size_t len)
{
    size_t cap = 16 * 1024 * 1024;
    struct bytes out = {malloc(cap), 0};
    ZSTD_DStream *z = ZSTD_createDStream();
    ZSTD_inBuffer from = {in.p, len, 0};
    ZSTD_outBuffer to = {out.p, cap, 0};
    size_t before;
    do {
        before = from.pos + to.pos;
        if (ZSTD_isError(ZSTD_decompressStream(z, &to, &from)))
            fail_msg("the frames are damaged");
    } while (from.pos + to.pos > before);
    ZSTD_freeDStream(z);
    out.len = to.pos;
    return out;
}

size_t count_lines(struct bytes b)
{
    size_t n = 0;
    for (size_t i = 0; i < b.len; i++)
        n += b.p[i] == '\n';
    return n;
}
