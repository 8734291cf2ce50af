/* The order of write, fsync and journal, and what a crash at any moment leaves.
 *
 * kill -9 cannot show a lost page: the kernel still writes what the process wrote. So the calls
 * that change a file are interposed here. A list of them proves the order; and at every single call
 * in turn the power goes: from then on nothing reaches the disk, and of what was written but not
 * synced anything from nothing to all may be there. What is then resumed must hold every record
 * that was reported durable, each exactly once, and nothing else. */
#include "scanner/output/writer.h"
#include "scanner/resume.h"
#include "scanner/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- the disk ------------------------------------------------------------------------------- */

enum kind { KIND_DATA, KIND_CERTS, KIND_STATE, KIND_COUNT };
enum op { OP_WRITE, OP_SYNC, OP_CUT };
struct call {
    enum kind kind;
    enum op op;
    uint64_t size; /* of the file after it */
};

enum { CALLS_MAX = 512 };
static struct call calls[CALLS_MAX];
static size_t n_calls;
static uint64_t synced[KIND_COUNT];
static bool watching;
static int fail_at = -1; /* the call that fails, and all after it */
static int fail_errno;
static bool fail_half; /* a write that fails writes half of it first */
static bool power_off;

static char folder[] = "/tmp/stscan-journal-XXXXXX";

static const char *name_of(enum kind kind)
{
    static char path[KIND_COUNT][128];
    static const char *const end[] = {"s.ndjson.zst", "s.certs.ndjson.zst", "s.state"};
    snprintf(path[kind], sizeof path[kind], "%s/%s", folder, end[kind]);
    return path[kind];
}

/* Which of the files fd is; -1 another one. */
static int kind_of(int fd)
{
    struct stat mine, named;
    if (!watching || fstat(fd, &mine) != 0)
        return -1;
    for (int k = 0; k < KIND_COUNT; k++)
        if (stat(name_of((enum kind)k), &named) == 0 && mine.st_ino == named.st_ino &&
            mine.st_dev == named.st_dev)
            return k;
    return -1;
}

static uint64_t size_of(int fd)
{
    struct stat info;
    return fstat(fd, &info) == 0 ? (uint64_t)info.st_size : 0;
}

/* True when this call fails. */
static bool enter(int kind, enum op op)
{
    if (kind < 0)
        return false;
    if (fail_at >= 0 && n_calls >= (size_t)fail_at)
        power_off = true;
    if (n_calls < CALLS_MAX)
        calls[n_calls++] = (struct call){(enum kind)kind, op, 0};
    if (power_off)
        errno = fail_errno;
    return power_off;
}

static void leave(int kind, int fd)
{
    if (kind < 0)
        return;
    struct call *c = &calls[n_calls - 1];
    c->size = size_of(fd);
    if (c->op == OP_SYNC)
        synced[kind] = c->size;
    else if (c->op == OP_CUT && c->size < synced[kind])
        synced[kind] = c->size;
}

ssize_t write(int fd, const void *p, size_t len)
{
    int kind = kind_of(fd);
    bool first = !power_off;
    if (enter(kind, OP_WRITE)) {
        if (first && fail_half && len > 1)
            return syscall(SYS_write, fd, p, len / 2);
        return -1;
    }
    ssize_t n = syscall(SYS_write, fd, p, len);
    int why = errno;
    leave(kind, fd);
    errno = why;
    return n;
}

/* The disk is a model: to have synced is to have noted it. */
int fsync(int fd)
{
    int kind = kind_of(fd);
    if (enter(kind, OP_SYNC))
        return -1;
    leave(kind, fd);
    return 0;
}

int fdatasync(int fd)
{
    return fsync(fd);
}

int ftruncate(int fd, off_t size)
{
    int kind = kind_of(fd);
    if (enter(kind, OP_CUT))
        return -1;
    int rc = (int)syscall(SYS_ftruncate, fd, size);
    leave(kind, fd);
    return rc;
}

/* ---- a scan in small ------------------------------------------------------------------------ */

enum { ROUNDS = 4, PER_ROUND = 40, ALL = ROUNDS * PER_ROUND };

struct run {
    bool is_durable[ALL]; /* reported */
};

static void on_durable(void *arg, const uint64_t *indexes, size_t n)
{
    struct run *r = arg;
    for (size_t i = 0; i < n; i++)
        r->is_durable[indexes[i]] = true;
}

static struct record_batch *batch(const struct done_set *done, size_t first, size_t n)
{
    struct record_batch *b = record_batch_new();
    assert_non_null(b);
    for (size_t i = first; i < first + n; i++) {
        if (done_set_has(done, i))
            continue;
        strbuf_printf(&b->lines,
                      "{\"schema\":1,\"domain\":\"d%zu.example\",\"index\":%zu,"
                      "\"adoption\":\"absent\",\"verdict\":\"not_applicable\",\"cause\":null,"
                      "\"findings\":[],\"fill\":\"%zx%zx\"}\n",
                      i, i, i * 77777, i * 1234567);
        b->index[b->n++] = i;
    }
    return b;
}

/* A chain of one "certificate" that OpenSSL cannot read: it is kept by its hash and as PEM. */
static struct cert_chain *chain(size_t number)
{
    enum { DER_BYTES = 64 };
    struct cert_chain *c = calloc(1, sizeof *c + sizeof *c->cert + DER_BYTES);
    assert_non_null(c);
    atomic_init(&c->refs, 1);
    c->n = 1;
    c->cert = (struct cert_der *)(c + 1);
    c->cert->der = (uint8_t *)(c->cert + 1);
    c->cert->len = DER_BYTES;
    memset(c->cert->der, (int)number, DER_BYTES);
    memset(c->cert->sha256, 0x11 * (int)(number + 1), sizeof c->cert->sha256);
    return c;
}

/* Takes up what is there and goes on to the end of a round, which syncs it. False when that could
 * not begin. `before`: what an earlier run reported; all of it must be done. */
static bool scan_round(struct run *r, const struct run *before, size_t round, bool resume)
{
    char error[512] = "", output[128], list[128];
    int exit_code = 0;
    struct resume from;
    writer *w = NULL;
    snprintf(output, sizeof output, "%s", name_of(KIND_DATA));
    snprintf(list, sizeof list, "%s/list", folder);
    struct scan_options o = {
        .input = list, .output = output, .resume = resume, .shards = 1, .sample = 1};
    struct writer_events events = {.durable = on_durable, .arg = r};
    enum status st = resume_open(&o, SLICE_LIT(""), 1, &from, &exit_code, error, sizeof error);
    if (st == ST_OK) {
        for (size_t i = 0; before && i < ALL; i++)
            if (before->is_durable[i] && !done_set_has(&from.done, i))
                fail_msg("index %zu was durable and is lost", i);
        st = writer_open(&o, from.journal, &events, &w, error, sizeof error);
    }
    if (st == ST_OK) {
        writer_submit_chain(w, chain(round));
        writer_submit(w, batch(&from.done, round * PER_ROUND, PER_ROUND));
        writer_close(w, NULL);
    } else if (!power_off) {
        fail_msg("%s", error);
    }
    resume_close(&from);
    return st == ST_OK;
}

static void forget(void)
{
    for (int k = 0; k < KIND_COUNT; k++) {
        unlink(name_of((enum kind)k));
        synced[k] = 0;
    }
    n_calls = 0;
    power_off = false;
    fail_at = -1;
    fail_half = false;
}

static int setup(void **state)
{
    (void)state;
    char list[128];
    if (!mkdtemp(folder))
        return -1;
    snprintf(list, sizeof list, "%s/list", folder);
    FILE *f = fopen(list, "w");
    return f && fputs("a list\n", f) >= 0 && fclose(f) == 0 ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    char list[128];
    snprintf(list, sizeof list, "%s/list", folder);
    unlink(list);
    forget();
    return rmdir(folder);
}

/* ---- what is asked -------------------------------------------------------------------------- */

static void scan_all(struct run *r, const struct run *before)
{
    for (size_t round = 0; round < ROUNDS && !power_off; round++)
        if (!scan_round(r, round == 0 ? before : NULL, round, before != NULL || round > 0))
            break;
}

/* Every record once, every certificate once, frames whole. */
static void expect_all(void)
{
    struct verify_run v;
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    verify_begin(&v, to);
    assert_int_equal(verify_output(&v, name_of(KIND_DATA)), ST_OK);
    fclose(to);
    /* There is no metadata here and the state stays: those two are told, and nothing else. */
    if (v.problems != 2)
        fail_msg("%s", text);
    assert_int_equal(v.records, ALL);
    uint64_t first, last;
    assert_false(done_set_next_gap(&v.done, 0, ALL, &first, &last));
    verify_free(&v);
    free(text);
}

static uint64_t size_before(size_t i, enum kind kind)
{
    while (i-- > 0)
        if (calls[i].kind == kind)
            return calls[i].size;
    return 0;
}

/* Before each line of the journal, every byte of records and certificates was synced; and the line
 * itself was before anything else was written. */
static void test_order(void **state)
{
    (void)state;
    struct run r = {{false}};
    watching = true;
    scan_all(&r, NULL);
    watching = false;
    expect_all();
    size_t lines = 0;
    bool dirty[KIND_COUNT] = {false};
    for (size_t i = 0; i < n_calls; i++) {
        enum kind kind = calls[i].kind;
        if (calls[i].op == OP_SYNC) {
            assert_int_equal(calls[i].size, size_before(i, kind));
            dirty[kind] = false;
            continue;
        }
        if (calls[i].op == OP_WRITE && kind == KIND_STATE) {
            assert_false(dirty[KIND_DATA]);
            assert_false(dirty[KIND_CERTS]);
            lines++;
        }
        if (kind != KIND_STATE)
            assert_false(dirty[KIND_STATE] && calls[i].op == OP_WRITE);
        dirty[kind] = calls[i].op == OP_WRITE;
    }
    for (int k = 0; k < KIND_COUNT; k++)
        assert_false(dirty[k]);
    assert_int_equal(lines, 1 + ROUNDS);
    for (size_t i = 0; i < ALL; i++)
        assert_true(r.is_durable[i]);
    forget();
}

/* What was not synced is there in part: of n parts, the first `part`. */
static void lose_pages(unsigned part, unsigned n)
{
    for (int k = 0; k < KIND_COUNT; k++) {
        struct stat info;
        const char *name = name_of((enum kind)k);
        if (stat(name, &info) != 0)
            continue;
        uint64_t size = (uint64_t)info.st_size;
        uint64_t kept = synced[k] < size ? synced[k] + (size - synced[k]) * part / n : size;
        assert_int_equal(truncate(name, (off_t)kept), 0);
    }
}

/* One scan whose call number `at` and all after it fail, what the disk then lost, and the resume.
 */
static bool survive(int at, int err, bool half, unsigned part)
{
    struct run before = {{false}}, after = {{false}};
    forget();
    fail_at = at;
    fail_errno = err;
    fail_half = half;
    watching = true;
    scan_all(&before, NULL);
    watching = false;
    bool failed = power_off;
    lose_pages(part, 3);
    fail_at = -1;
    power_off = false;
    scan_all(&after, &before);
    expect_all();
    for (size_t i = 0; i < ALL; i++)
        if (before.is_durable[i] && after.is_durable[i])
            fail_msg("index %zu was done twice", i);
    forget();
    return failed;
}

static void survive_each_call(int err, bool half, unsigned part)
{
    int at = 0;
    while (survive(at, err, half, part))
        at++;
    assert_true(at > ROUNDS * 8);
}

static void test_power_failure(void **state)
{
    (void)state;
    for (unsigned part = 0; part <= 3; part++)
        survive_each_call(EIO, part % 2 == 1, part);
}

/* Without a crash, but the disk is full or fails: nothing is lost that was there. */
static void test_full_disk(void **state)
{
    (void)state;
    survive_each_call(ENOSPC, false, 3);
    survive_each_call(ENOSPC, true, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_power_failure),
        cmocka_unit_test(test_full_disk),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, setup, teardown);
}
