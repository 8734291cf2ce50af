/* Units of scanner/output/writer.c and frames.c: frames, durability, failures. */
#include "tests/unit/temp_folder.h"
#include "tests/unit/writer_rig.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include <cmocka.h>

/* ---- records -------------------------------------------------------------------------------- */

/* Every record durable once, frames bounded and with a checksum; cut anywhere, whole lines. */
static void test_frames(void **state)
{
    (void)state;
    struct seen s;
    struct writer_totals totals;
    char name[128];
    snprintf(name, sizeof name, "%s", in_folder("a.ndjson.zst"));
    writer *w = writer_of(name, &s);
    uint64_t next = 0;
    const size_t sizes[] = {1, 999, 1000, 500, 500, 3, 1000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        writer_submit(w, writer_batch(next, sizes[i], i % 2 ? 10 : 400));
        next += sizes[i];
    }
    assert_int_equal(writer_close(w, &totals), ST_OK);
    assert_int_equal(s.n_durable, next);
    for (size_t i = 0; i < next; i++)
        assert_int_equal(s.durable[i], 1);
    assert_int_equal(totals.records, next);
    assert_int_equal(s.failed, 0);

    struct bytes file = read_file(name);
    assert_int_equal(totals.bytes_out, file.len);
    size_t frames_seen = 0, records = 0, ends[64];
    for (size_t at = 0; at < file.len; frames_seen++) {
        size_t size = ZSTD_findFrameCompressedSize(file.p + at, file.len - at);
        assert_false(ZSTD_isError(size));
        assert_true(file.p[at + 4] & 4); /* Content_Checksum_flag, RFC 8878 3.1.1.1.1 */
        struct bytes one = unpack((struct bytes){file.p + at, size}, size);
        assert_in_range(count_lines(one), 1, FRAME_RECORDS_MAX);
        assert_true(one.len <= FRAME_BYTES_MAX);
        assert_int_equal(one.p[one.len - 1], '\n');
        records += count_lines(one);
        free(one.p);
        at += size;
        ends[frames_seen] = at;
    }
    assert_int_equal(frames_seen, totals.frames);
    assert_int_equal(records, next);

    for (size_t cut = 0; cut < file.len; cut += 97) {
        struct bytes part = unpack(file, cut);
        assert_true(part.len == 0 || part.p[part.len - 1] == '\n');
        size_t whole = 0;
        while (whole < frames_seen && ends[whole] <= cut)
            whole++;
        struct bytes finished = unpack(file, whole > 0 ? ends[whole - 1] : 0);
        assert_true(part.len >= finished.len);
        free(finished.p);
        free(part.p);
    }
    free(file.p);
    drop_file("a.ndjson.zst");
    drop_file("a.certs.ndjson.zst");
}

static void test_long_line(void **state)
{
    (void)state;
    struct seen s;
    struct writer_totals totals;
    char name[128];
    snprintf(name, sizeof name, "%s", in_folder("long.ndjson.zst"));
    writer *w = writer_of(name, &s);
    writer_submit(w, writer_batch(0, 2, 10));
    writer_submit(w, writer_batch(2, 1, 300 * 1024));
    writer_submit(w, writer_batch(3, 1, 10));
    assert_int_equal(writer_close(w, &totals), ST_OK);
    assert_int_equal(totals.frames, 3);
    struct bytes file = read_file(name), text = unpack(file, file.len);
    assert_int_equal(count_lines(text), 4);
    free(text.p);
    free(file.p);
    drop_file("long.ndjson.zst");
    drop_file("long.certs.ndjson.zst");
}

/* Provisional records come last and are never reported. */
static void test_provisional(void **state)
{
    (void)state;
    struct seen s;
    struct writer_totals totals;
    char name[128];
    snprintf(name, sizeof name, "%s", in_folder("p.ndjson"));
    writer *w = writer_of(name, &s);
    struct record_batch *b = writer_batch(0, 2, 0);
    b->provisional = true;
    writer_submit(w, b);
    writer_submit(w, writer_batch(2, 1, 0));
    assert_int_equal(writer_close(w, &totals), ST_OK);
    assert_int_equal(totals.records, 1);
    assert_int_equal(totals.provisional, 2);
    assert_int_equal(s.n_durable, 1);
    assert_int_equal(s.durable[2], 1);
    struct bytes file = read_file(name);
    assert_string_equal(file.p, "{\"index\":2,\"fill\":\"\"}\n{\"index\":0,\"fill\":\"\"}\n"
                                "{\"index\":1,\"fill\":\"\"}\n");
    free(file.p);
    drop_file("p.ndjson");
    drop_file("p.certs.ndjson.zst");
}

static void on_lines(void *arg, struct slice text)
{
    strbuf_add(arg, text.p, text.len);
}

/* A caller that takes the lines itself: no file, nothing lost. */
static void test_handed_over(void **state)
{
    (void)state;
    struct scan_options o = {.output = (char *)(uintptr_t) "/nonexistent/x.ndjson"};
    struct strbuf got;
    struct writer_events events = {.lines = on_lines, .arg = &got};
    struct writer_totals totals;
    char error[256];
    writer *w;
    strbuf_init(&got, 1 << 20);
    assert_int_equal(writer_open(&o, NULL, &events, &w, error, sizeof error), ST_OK);
    writer_submit(w, writer_batch(0, 2, 0));
    struct record_batch *b = writer_batch(2, 1, 0);
    b->provisional = true;
    writer_submit(w, b);
    writer_submit_chain(w, NULL);
    assert_int_equal(writer_close(w, &totals), ST_OK);
    assert_int_equal(totals.records, 3);
    assert_string_equal(got.p, "{\"index\":0,\"fill\":\"\"}\n{\"index\":1,\"fill\":\"\"}\n"
                               "{\"index\":2,\"fill\":\"\"}\n");
    strbuf_free(&got);
}

/* A file that exists is replaced, whatever it held. */
static void test_replaced(void **state)
{
    (void)state;
    struct seen s;
    char name[128];
    snprintf(name, sizeof name, "%s", in_folder("r.ndjson"));
    FILE *f = fopen(name, "w");
    fputs("something much longer than what follows, from an earlier scan\n", f);
    fclose(f);
    writer *w = writer_of(name, &s);
    assert_int_equal(writer_close(w, NULL), ST_OK);
    struct stat info;
    assert_int_equal(stat(name, &info), 0);
    assert_int_equal(info.st_size, 0);
    drop_file("r.ndjson");
    drop_file("r.certs.ndjson.zst");
}

static void expect_refused(const char *output, const char *want)
{
    struct scan_options o = {.output = (char *)(uintptr_t)output};
    struct writer_events events = {0};
    char error[256] = "";
    writer *w;
    assert_int_not_equal(writer_open(&o, NULL, &events, &w, error, sizeof error), ST_OK);
    assert_null(w);
    assert_non_null(strstr(error, want));
}

static void test_refused(void **state)
{
    (void)state;
    char link_name[128], target[128];
    snprintf(target, sizeof target, "%s", in_folder("victim"));
    snprintf(link_name, sizeof link_name, "%s", in_folder("l.ndjson"));
    assert_int_equal(symlink(target, link_name), 0);
    expect_refused(link_name, "symbolic link");
    assert_int_not_equal(access(target, F_OK), 0);
    drop_file("l.ndjson");
    expect_refused("/nonexistent/x.ndjson", "No such file");
    expect_refused("/tmp/x.json", "x.json");
}

/* ---- failures ------------------------------------------------------------------------------- */

/* A full disk, by the limit on file size: one event, no half record, every later batch is taken
 * and dropped. */
static void test_disk_full(void **state)
{
    (void)state;
    struct seen s;
    struct writer_totals totals;
    struct rlimit before, small;
    char name[128];
    snprintf(name, sizeof name, "%s", in_folder("full.ndjson"));
    writer *w = writer_of(name, &s);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 200 * 1024;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    for (uint64_t i = 0; i < 50; i++)
        writer_submit(w, writer_batch(i * 100, 100, 200));
    enum status st = writer_close(w, &totals);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(st, ST_IO);
    assert_int_equal(s.failed, 1);
    assert_int_equal(s.err, EFBIG);
    struct bytes file = read_file(name);
    assert_true(file.len <= 200 * 1024);
    assert_true(file.len == 0 || file.p[file.len - 1] == '\n');
    assert_true(s.n_durable <= count_lines(file));
    assert_int_equal(totals.records, s.n_durable);
    free(file.p);
    drop_file("full.ndjson");
    drop_file("full.certs.ndjson.zst");
}

/* Standard output that nobody reads any more, and one that is full. */
static void stdout_fails(int fd, int want)
{
    struct seen s;
    fflush(stdout);
    int kept = dup(STDOUT_FILENO);
    dup2(fd, STDOUT_FILENO);
    writer *w = writer_of("-", &s);
    writer_submit(w, writer_batch(0, 10, 100));
    enum status st = writer_close(w, NULL);
    dup2(kept, STDOUT_FILENO);
    close(kept);
    assert_int_equal(st, ST_IO);
    assert_int_equal(s.failed, 1);
    assert_int_equal(s.err, want);
    assert_int_equal(s.n_durable, 0);
}

static void test_closed_pipe(void **state)
{
    (void)state;
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    close(fds[0]);
    stdout_fails(fds[1], EPIPE);
    close(fds[1]);
    int fd = open("/dev/full", O_WRONLY);
    assert_true(fd >= 0);
    stdout_fails(fd, ENOSPC);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frames),      cmocka_unit_test(test_long_line),
        cmocka_unit_test(test_provisional), cmocka_unit_test(test_replaced),
        cmocka_unit_test(test_handed_over), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_disk_full),   cmocka_unit_test(test_closed_pipe),

    };
    return cmocka_run_group_tests(tests, writer_setup, temp_folder_remove);
}
