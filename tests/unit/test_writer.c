/* Units of scanner/output: frames, durability, failures, certificates. */
#include "scanner/output/certs.h"
#include "scanner/output/writer.h"

#include "lib/record_json.h"
#include "tests/unit/temp_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
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

/* ---- helpers -------------------------------------------------------------------------------- */

static int setup(void **state)
{
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    return temp_folder_make(state);
}

static void drop(const char *name)
{
    unlink(in_folder(name));
}

enum { SEEN_MAX = 8192 };
struct seen {
    unsigned char durable[SEEN_MAX];
    size_t n_durable;
    int failed, err;
};

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

static writer *open_writer(const char *output, struct seen *s)
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

/* Records first..first+n-1, each with `fill` bytes of padding. */
static struct record_batch *batch(uint64_t first, size_t n, size_t fill)
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

struct bytes {
    char *p;
    size_t len;
};

static struct bytes read_all(const char *name)
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

/* What zstdcat shows of the first `len` bytes. */
static struct bytes zstdcat(struct bytes in, size_t len)
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

static size_t count_lines(struct bytes b)
{
    size_t n = 0;
    for (size_t i = 0; i < b.len; i++)
        n += b.p[i] == '\n';
    return n;
}

/* ---- records -------------------------------------------------------------------------------- */

/* Every record durable once, frames bounded and with a checksum; cut anywhere, whole lines. */
static void test_frames(void **state)
{
    (void)state;
    struct seen s;
    struct writer_totals totals;
    char name[128];
    snprintf(name, sizeof name, "%s", in_folder("a.ndjson.zst"));
    writer *w = open_writer(name, &s);
    uint64_t next = 0;
    const size_t sizes[] = {1, 999, 1000, 500, 500, 3, 1000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        writer_submit(w, batch(next, sizes[i], i % 2 ? 10 : 400));
        next += sizes[i];
    }
    assert_int_equal(writer_close(w, &totals), ST_OK);
    assert_int_equal(s.n_durable, next);
    for (size_t i = 0; i < next; i++)
        assert_int_equal(s.durable[i], 1);
    assert_int_equal(totals.records, next);
    assert_int_equal(s.failed, 0);

    struct bytes file = read_all(name);
    assert_int_equal(totals.bytes_out, file.len);
    size_t frames_seen = 0, records = 0, ends[64];
    for (size_t at = 0; at < file.len; frames_seen++) {
        size_t size = ZSTD_findFrameCompressedSize(file.p + at, file.len - at);
        assert_false(ZSTD_isError(size));
        assert_true(file.p[at + 4] & 4); /* Content_Checksum_flag, RFC 8878 3.1.1.1.1 */
        struct bytes one = zstdcat((struct bytes){file.p + at, size}, size);
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
        struct bytes part = zstdcat(file, cut);
        assert_true(part.len == 0 || part.p[part.len - 1] == '\n');
        size_t whole = 0;
        while (whole < frames_seen && ends[whole] <= cut)
            whole++;
        struct bytes finished = zstdcat(file, whole > 0 ? ends[whole - 1] : 0);
        assert_true(part.len >= finished.len);
        free(finished.p);
        free(part.p);
    }
    free(file.p);
    drop("a.ndjson.zst");
    drop("a.certs.ndjson.zst");
}

static void test_long_line(void **state)
{
    (void)state;
    struct seen s;
    struct writer_totals totals;
    char name[128];
    snprintf(name, sizeof name, "%s", in_folder("long.ndjson.zst"));
    writer *w = open_writer(name, &s);
    writer_submit(w, batch(0, 2, 10));
    writer_submit(w, batch(2, 1, 300 * 1024));
    writer_submit(w, batch(3, 1, 10));
    assert_int_equal(writer_close(w, &totals), ST_OK);
    assert_int_equal(totals.frames, 3);
    struct bytes file = read_all(name), text = zstdcat(file, file.len);
    assert_int_equal(count_lines(text), 4);
    free(text.p);
    free(file.p);
    drop("long.ndjson.zst");
    drop("long.certs.ndjson.zst");
}

/* Provisional records come last and are never reported. */
static void test_provisional(void **state)
{
    (void)state;
    struct seen s;
    struct writer_totals totals;
    char name[128];
    snprintf(name, sizeof name, "%s", in_folder("p.ndjson"));
    writer *w = open_writer(name, &s);
    struct record_batch *b = batch(0, 2, 0);
    b->provisional = true;
    writer_submit(w, b);
    writer_submit(w, batch(2, 1, 0));
    assert_int_equal(writer_close(w, &totals), ST_OK);
    assert_int_equal(totals.records, 1);
    assert_int_equal(totals.provisional, 2);
    assert_int_equal(s.n_durable, 1);
    assert_int_equal(s.durable[2], 1);
    struct bytes file = read_all(name);
    assert_string_equal(file.p, "{\"index\":2,\"fill\":\"\"}\n{\"index\":0,\"fill\":\"\"}\n"
                                "{\"index\":1,\"fill\":\"\"}\n");
    free(file.p);
    drop("p.ndjson");
    drop("p.certs.ndjson.zst");
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
    writer_submit(w, batch(0, 2, 0));
    struct record_batch *b = batch(2, 1, 0);
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
    writer *w = open_writer(name, &s);
    assert_int_equal(writer_close(w, NULL), ST_OK);
    struct stat info;
    assert_int_equal(stat(name, &info), 0);
    assert_int_equal(info.st_size, 0);
    drop("r.ndjson");
    drop("r.certs.ndjson.zst");
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
    drop("l.ndjson");
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
    writer *w = open_writer(name, &s);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 200 * 1024;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    for (uint64_t i = 0; i < 50; i++)
        writer_submit(w, batch(i * 100, 100, 200));
    enum status st = writer_close(w, &totals);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(st, ST_IO);
    assert_int_equal(s.failed, 1);
    assert_int_equal(s.err, EFBIG);
    struct bytes file = read_all(name);
    assert_true(file.len <= 200 * 1024);
    assert_true(file.len == 0 || file.p[file.len - 1] == '\n');
    assert_true(s.n_durable <= count_lines(file));
    assert_int_equal(totals.records, s.n_durable);
    free(file.p);
    drop("full.ndjson");
    drop("full.certs.ndjson.zst");
}

/* Standard output that nobody reads any more, and one that is full. */
static void stdout_fails(int fd, int want)
{
    struct seen s;
    fflush(stdout);
    int kept = dup(STDOUT_FILENO);
    dup2(fd, STDOUT_FILENO);
    writer *w = open_writer("-", &s);
    writer_submit(w, batch(0, 10, 100));
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

/* ---- certificates --------------------------------------------------------------------------- */

/* A chain of one self-signed certificate with the given names; serial tells them apart. */
static struct cert_chain *make_chain(EVP_PKEY *key, long serial, const char *san)
{
    X509 *x = X509_new();
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), serial);
    ASN1_TIME_set(X509_getm_notBefore(x), 1700000000);
    ASN1_TIME_set(X509_getm_notAfter(x), 1800000000);
    X509_NAME *name = X509_get_subject_name(x);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                               (const unsigned char *)"b\xc3\xbc\x07.example", -1, -1, 0);
    X509_set_issuer_name(x, name);
    X509_set_pubkey(x, key);
    X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, san);
    assert_non_null(ext);
    X509_add_ext(x, ext, -1);
    X509_EXTENSION_free(ext);
    assert_true(X509_sign(x, key, EVP_sha256()) > 0);
    int len = i2d_X509(x, NULL);
    assert_true(len > 0);
    struct cert_chain *c = malloc(sizeof *c + sizeof *c->cert + (size_t)len);
    assert_non_null(c);
    memset(c, 0, sizeof *c);
    atomic_init(&c->refs, 1);
    c->n = 1;
    c->cert = (struct cert_der *)(c + 1);
    c->cert->der = (uint8_t *)(c->cert + 1);
    c->cert->len = (size_t)len;
    uint8_t *p = c->cert->der;
    i2d_X509(x, &p);
    EVP_Digest(c->cert->der, (size_t)len, c->cert->sha256, NULL, EVP_sha256(), NULL);
    X509_free(x);
    return c;
}

static void test_certs_once(void **state)
{
    (void)state;
    struct seen s;
    struct writer_totals totals;
    char name[128];
    snprintf(name, sizeof name, "%s", in_folder("c.ndjson.zst"));
    writer *w = open_writer(name, &s);
    EVP_PKEY *key = EVP_EC_gen("P-256");
    for (long i = 0; i < 3; i++) {
        struct cert_chain *c = make_chain(key, i, "DNS:mx.example,DNS:*.example,IP:192.0.2.1");
        writer_submit_chain(w, cert_chain_ref(c));
        writer_submit_chain(w, cert_chain_ref(c));
        writer_submit_chain(w, c);
    }
    EVP_PKEY_free(key);
    assert_int_equal(writer_close(w, &totals), ST_OK);
    assert_int_equal(totals.certs, 3);
    struct bytes file = read_all(in_folder("c.certs.ndjson.zst")), text = zstdcat(file, file.len);
    assert_int_equal(count_lines(text), 3);
    json_t *cert = json_loadb(text.p, text.len, JSON_DISABLE_EOF_CHECK, NULL);
    assert_non_null(cert);
    assert_int_equal(strlen(json_string_value(json_object_get(cert, "sha256"))), 64);
    assert_string_equal(json_string_value(json_object_get(cert, "subject")),
                        "CN=b\xc3\xbc\\\\07.example");
    assert_int_equal(json_array_size(json_object_get(cert, "names")), 2);
    assert_string_equal(json_string_value(json_object_get(cert, "not_before")),
                        "2023-11-14T22:13:20.000Z");
    json_t *facts = json_object_get(cert, "key");
    assert_string_equal(json_string_value(json_object_get(facts, "type")), "EC");
    assert_int_equal(json_integer_value(json_object_get(facts, "bits")), 256);
    assert_string_equal(json_string_value(json_object_get(cert, "signature")), "ecdsa-with-SHA256");
    const char *pem = json_string_value(json_object_get(cert, "chain"));
    assert_int_equal(strncmp(pem, "-----BEGIN CERTIFICATE-----\n", 28), 0);
    json_decref(cert);
    free(text.p);
    free(file.p);
    drop("c.ndjson.zst");
    drop("c.certs.ndjson.zst");
}

/* DER that OpenSSL cannot read still has its hash and bytes. */
static void test_cert_broken(void **state)
{
    (void)state;
    uint8_t der[] = {0x30, 0x82, 0xff, 0xff, 0x00};
    struct cert_der one = {.der = der, .len = sizeof der};
    struct cert_chain c = {.n = 1, .cert = &one};
    struct strbuf out;
    strbuf_init(&out, 4096);
    assert_int_equal(cert_line(&c, &out), ST_OK);
    assert_non_null(strstr(out.p, "\"sha256\":\"00"));
    assert_non_null(strstr(out.p, "\"chain\":\"-----BEGIN"));
    strbuf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frames),      cmocka_unit_test(test_long_line),
        cmocka_unit_test(test_provisional), cmocka_unit_test(test_replaced),
        cmocka_unit_test(test_handed_over), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_disk_full),   cmocka_unit_test(test_closed_pipe),
        cmocka_unit_test(test_certs_once),  cmocka_unit_test(test_cert_broken),
    };
    return cmocka_run_group_tests(tests, setup, temp_folder_remove);
}
