#include "tests/unit/input_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct input_file_row input_file_rows[INPUT_FILE_ROWS_MAX];
char input_file_path[] = "/tmp/stscan-input-XXXXXX";

int input_file_make(void **state)
{
    (void)state;
    int fd = mkstemp(input_file_path);
    if (fd >= 0)
        close(fd);
    return fd >= 0 ? 0 : -1;
}

int input_file_remove(void **state)
{
    (void)state;
    return unlink(input_file_path);
}

void input_file_put(const void *p, size_t len)
{
    FILE *f = fopen(input_file_path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(p, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

struct scan_options input_file_options(void)
{
    return (struct scan_options){.input = input_file_path, .shards = 1, .sample = 1.0};
}

struct read_back input_file_read(const struct scan_options *o)
{
    struct read_back back = {0};
    input *in = NULL;
    struct input_item item;
    memset(input_file_rows, 0, sizeof input_file_rows);
    back.end = input_open(o, &in, back.error, sizeof back.error);
    if (back.end != ST_OK)
        return back;
    assert_int_equal(input_total(in), 0);
    input_count(in);
    back.total = input_total(in);
    while ((back.end = input_next(in, &item)) == ST_OK) {
        back.n++;
        if (item.index >= INPUT_FILE_ROWS_MAX)
            continue;
        struct input_file_row *r = &input_file_rows[item.index];
        assert_false(r->seen);
        r->seen = true;
        r->rank = item.rank;
        snprintf(r->domain, sizeof r->domain, "%s", item.domain);
        snprintf(r->reason, sizeof r->reason, "%s", item.reason ? item.reason : "");
        assert_true(item.raw.len <= RAW_INPUT_MAX_BYTES);
        if (item.raw.len > 0)
            memcpy(r->raw, item.raw.p, item.raw.len);
        r->has_tag = item.tag != NULL;
        snprintf(r->tag, sizeof r->tag, "%s", item.tag ? item.tag : "");
    }
    snprintf(back.error, sizeof back.error, "%s", input_error(in));
    input_counts(in, &back.counts);
    input_close(in);
    return back;
}

struct read_back input_file_read_bytes(const void *p, size_t len)
{
    struct scan_options o = input_file_options();
    input_file_put(p, len);
    return input_file_read(&o);
}

struct read_back input_file_read_text(const char *text)
{
    return input_file_read_bytes(text, strlen(text));
}

void input_file_expect(size_t i, const char *domain, int64_t rank, const char *tag)
{
    assert_true(input_file_rows[i].seen);
    assert_string_equal(input_file_rows[i].reason, "");
    assert_string_equal(input_file_rows[i].domain, domain);
    assert_int_equal(input_file_rows[i].rank, rank);
    assert_int_equal(input_file_rows[i].has_tag, tag != NULL);
    assert_string_equal(input_file_rows[i].tag, tag ? tag : "");
}

void input_file_expect_bad(size_t i, const char *reason, const char *raw)
{
    assert_true(input_file_rows[i].seen);
    assert_string_equal(input_file_rows[i].reason, reason);
    assert_string_equal(input_file_rows[i].domain, "");
    assert_string_equal(input_file_rows[i].raw, raw);
}
